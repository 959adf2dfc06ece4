"""What the documents say is what the program does."""

import ast
import inspect
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer

import hipcv
from hipcv.cli import app
from hipcv.core.finding import FindingCode
from hipcv_server.app import create_app
from hipcv_server.links import PREFIX
from hipcv_server.schemas import Limits, StartMessage
from hipcv_server.settings import DEFAULT_PORT, MIN_TOKEN_CHARACTERS, JobLimits, LiveLimits, Settings, UploadLimits

ROOT = Path(__file__).parents[1]
NAMES = (
    "README.md",
    "METHOD.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "server/API.md",
    "docs/cluster.md",
    "benchmarks/README.md",
    "models/README.md",
    "samples/README.md",
)
DOCUMENTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in NAMES}
METHOD, API, CONTRIBUTING = (DOCUMENTS[name] for name in ("METHOD.md", "server/API.md", "CONTRIBUTING.md"))
CLI = typer.main.get_command(app)
in_every_document = pytest.mark.parametrize("name", NAMES)


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield the code blocks of a document, fenced or indented, each with its language."""
    for fenced in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield fenced[1], fenced[2]
    for indented in re.finditer(r"(?:^ {4}\S.*\n)+", without_fences(text), re.MULTILINE):
        yield "", indented[0]


def without_fences(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def spans(text: str) -> list[str]:
    """Return what a document sets in backticks within its sentences and tables."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", without_fences(text))]


def code_lines(name: str) -> list[str]:
    """Return every line of code of a document, those within sentences too, without remarks to their right."""
    text = DOCUMENTS[name]
    lines = [line for language, block in blocks(text) if language in ("", "sh", "bash") for line in block.splitlines()]
    return [re.split(r" {3,}|\s+#", line.strip())[0] for line in [*lines, *spans(text)]]


def table(text: str, heading: str) -> list[list[str]]:
    """Return the rows, cell by cell, of the first table after a line that begins with `heading`; no head."""
    after = text[re.search(rf"^{re.escape(heading)}", text, re.MULTILINE).start() :]
    rows = re.search(r"(?:^\|.*\n)+", after, re.MULTILINE)[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


# ------------------------------------------------------------------------------------------------- the command line


def commands_of(name: str) -> list[list[str]]:
    """Return the arguments of every `hipcv …` that a document shows; `a|b` is two of them."""
    found = []
    for line in code_lines(name):
        if match := re.match(r"(?:\S*[/\\])?hipcv (?!=)(.*)", line):
            words = shlex.split(match[1].replace("\\", "/"))
            choices = next((word.split("|") for word in words if "|" in word), None)
            if choices is None:
                found.append(words)
            else:
                found += [[choice if "|" in word else word for word in words] for choice in choices]
    return found


def check(command: Any, words: list[str]) -> None:
    """Parse the arguments of a command; only what is left out may be missing."""
    if hasattr(command, "commands"):
        if words and words[0] not in ("--help", "--version"):
            check(command.commands[words[0]], words[1:])
        return
    try:
        command.make_context(command.name, [word for word in words if word != "--help"])
    except Exception as error:
        if "Missing" not in type(error).__name__:
            raise AssertionError(f"hipcv {command.name} {' '.join(words)}: {error}") from error


@in_every_document
def test_every_command_line_is_understood_by_the_program(name):
    for words in commands_of(name):
        check(CLI, words)


def test_the_command_lines_are_found_and_a_wrong_one_is_told():
    assert ["measure", "CLIP.mp4", "--test", "seated", "--out", "out/mine"] in commands_of("README.md")
    for wrong in (["measure", "a.mp4", "--tset", "seated"], ["measure", "a.mp4", "--test", "standing"]):
        with pytest.raises(AssertionError, match="hipcv measure"):
            check(CLI, wrong)
    with pytest.raises(KeyError):
        check(CLI, ["mesure"])


def every_option(command: Any) -> set[str]:
    own = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    return own.union(*(every_option(below) for below in getattr(command, "commands", {}).values()), {"--help"})


@in_every_document
def test_every_option_named_in_a_sentence_exists(name):
    files = [*(ROOT / "benchmarks").glob("*.py"), ROOT / "tests" / "kept_poses.py"]
    scripts = "".join(path.read_text(encoding="utf-8") for path in files)
    known = every_option(CLI) | set(re.findall(r'"(--[a-z-]+)"', scripts))
    named = {option for span in spans(DOCUMENTS[name]) if span.startswith("--") for option in options_in(span)}
    assert named <= known


def options_in(span: str) -> list[str]:
    return re.findall(r"--[a-z][a-z-]*", span)


@in_every_document
def test_every_option_of_a_benchmark_is_one_of_that_benchmark(name):
    for line in code_lines(name):
        if script := re.match(r"python (benchmarks/\w+\.py)", line):
            source = (ROOT / script[1]).read_text(encoding="utf-8")
            assert set(options_in(line)) <= set(re.findall(r'"(--[a-z-]+)"', source)), line


@in_every_document
def test_every_make_target_exists(name):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    asked = [line.split()[1:] for line in code_lines(name) if re.match(r"make [a-z]", line)]
    assert {word for words in asked for word in words if "=" not in word} <= targets


# ------------------------------------------------------------------------------------------------------- from Python


def test_what_the_examples_in_python_call_is_there_and_takes_these_arguments():
    examples = [block for text in DOCUMENTS.values() for language, block in blocks(text) if language == "python"]
    calls = [node for block in examples for node in ast.walk(ast.parse(block)) if isinstance(node, ast.Call)]
    called = [node for node in calls if ast.unparse(node.func).startswith("hipcv.")]
    assert {node.func.attr for node in called} >= {"assess", "measure", "score"}
    for node in called:
        assert node.func.attr in hipcv.__all__
        signature = inspect.signature(getattr(hipcv, node.func.attr))
        signature.bind(*node.args, **{keyword.arg: keyword.value for keyword in node.keywords})


# ----------------------------------------------------------------------------------------------------------- the method


def test_the_method_explains_every_finding_code_once_and_no_other():
    codes = [code for row in table(METHOD, "## 6") for code in re.findall(r"`(\w+)`", row[0])]
    assert sorted(codes) == sorted(FindingCode)


def defined_steps() -> list[str]:
    """Return the steps of the method in their order: those set in bold at the beginning of a point."""
    return re.findall(r"^- \*\*([SGLCATR]\d+)\*\*", METHOD, re.MULTILINE)


def cited_steps(text: str) -> set[str]:
    """Return the steps that a text cites as `METHOD S3` or `METHOD S3, S4`; `METHOD S3 to S5` is all of them."""
    cited: set[str] = set()
    for citation in re.findall(r"METHOD ([A-Z]\d+(?:(?:, | and | to )[A-Z]\d+)*)", " ".join(text.split())):
        parts = re.findall(r"([A-Z])(\d+)", citation)
        cited.update(letter + number for letter, number in parts)
        if " to " in citation:
            for (letter, first), (_, last) in pairwise(parts):
                cited.update(f"{letter}{k}" for k in range(int(first), int(last) + 1))
    return cited


def test_the_steps_of_each_stage_are_numbered_without_a_gap():
    steps = defined_steps()
    stages = {step[0] for step in steps}
    assert stages == set("SGLCATR")
    for stage in stages:
        numbers = [int(step[1:]) for step in steps if step[0] == stage]
        assert numbers == list(range(1, len(numbers) + 1)), stage


def test_docstrings_cite_every_step_of_the_method_and_no_other():
    citing = [text for path in (ROOT / "hipcv").rglob("*.py") if "METHOD" in (text := path.read_text(encoding="utf-8"))]
    docstrings = [
        ast.get_docstring(node) or ""
        for text in citing
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    ]
    assert set().union(*map(cited_steps, docstrings)) == set(defined_steps())


def test_every_figure_of_accuracy_says_on_whom_it_was_measured():
    """Each table of errors, and each point there that names a number of degrees, speaks of rendered or real people."""
    part = re.search(r"^## How far to trust it\n(.*?)^## ", DOCUMENTS["README.md"], re.MULTILINE | re.DOTALL)[1]
    heads = re.findall(r"^(\|.*)\n\|[ -]*-", part, re.MULTILINE)
    assert len(heads) == 2
    points = [" ".join(point.split()) for point in re.split(r"^- ", part, flags=re.MULTILINE)[1:]]
    measured = [p for p in points if re.search(r"\d°", p) and "would fake" not in p and "by hand" not in p]
    assert len(measured) >= 3
    for told in (*heads, *measured):
        assert re.search(r"rendered|real", told), told


def test_a_range_of_steps_cites_all_of_them():
    assert cited_steps("As METHOD S2 to\n  S4 and P1 has it; see METHOD.md") == {"S2", "S3", "S4", "P1"}


# ----------------------------------------------------------------------------------------------------------- the server


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    settings = Settings(tmp_path_factory.mktemp("data"), jobs=JobLimits(n_workers=0))
    return {path.removeprefix(PREFIX): by_verb for path, by_verb in create_app(settings).openapi()["paths"].items()}


def explained_routes() -> list[tuple[str, str]]:
    """Return the requests that a heading or the first cell of a row of the interface's document explains."""
    explained = re.findall(r"^(?:### [\d.]+ |\| )`(GET|POST|PATCH|DELETE) (/[^`]*)`", API, re.MULTILINE)
    return [(verb.lower(), request) for verb, request in explained]


def test_the_interface_is_explained_route_by_route(routes):
    paths = sorted((verb, request.split("?")[0]) for verb, request in explained_routes())
    there = sorted((verb, path.replace("{job_id}", "{id}")) for path, verbs in routes.items() for verb in verbs)
    assert paths == there


def test_what_a_route_is_asked_is_what_it_takes(routes):
    for verb, request in explained_routes():
        path, _, query = request.replace("{id}", "{job_id}").partition("?")
        takes = {p["name"] for p in routes[path][verb].get("parameters", []) if p["in"] == "query"}
        asked = set(re.findall(r"(\w+)=", query))
        row = next(line for line in API.splitlines() if request in line)
        assert asked | set(re.findall(r"\?(\w+)=", row)) == takes, request


def test_the_fields_of_an_upload_are_explained(routes):
    content = routes["/assessments"]["post"]["requestBody"]["content"]["multipart/form-data"]
    fields = [field for row in table(API, "### 2.1") for field in re.findall(r"`(\w+)`", row[0])]
    assert sorted(fields) == sorted(content["schema"]["properties"])


def test_the_defaults_of_a_live_test_are_those_shown():
    shown = next(json.loads(block) for language, block in blocks(API) if language == "json" and '"start"' in block)
    defaults = StartMessage.model_validate({"type": "start", "test": shown["test"]}).model_dump(mode="json")
    told = {"age": shown["age"], "sex": shown["sex"]}
    assert shown == {**defaults, **told}


def test_the_limits_of_the_server_are_those_it_keeps():
    upload, jobs = UploadLimits(), JobLimits()
    wanted = {
        "bytes of a recording": f"{upload.max_bytes / 1e6:.0f} MB",
        "recordings that wait": f"{upload.max_waiting}",
        "room left on the disk, beside the recording": f"{jobs.min_free_bytes / 1e6:.0f} MB",
        "frames": f"{upload.max_frames:,} ({upload.max_frames / 3600:.0f} minutes at 60 a second)",
        "length": f"{upload.max_duration_s / 60:.0f} minutes of the file",
        "picture": f"{upload.max_pixels / 1e6:.1f} million pixels (4096×{upload.max_pixels // 4096})",
        "time of a worker, from the first frame on": (
            f"{jobs.min_work_s / 60:.0f} minutes, and {jobs.work_s_per_s:.0f} seconds for each second of the "
            f"recording, up to {jobs.max_work_s / 60:.0f} minutes"
        ),
        "memory of a worker": f"{jobs.max_memory_bytes / 2**30:.0f} GiB",
        "silence of a worker, unless it assesses": f"{jobs.stall_s:.0f} seconds",
        "attempts": f"{jobs.max_attempts}",
        "times the machine goes down under it": f"{jobs.max_machine_deaths}",
    }
    assert {row[0]: row[1] for row in table(API, "### Limits")} == wanted


def test_what_the_server_tells_of_its_limits_is_explained():
    row = next(line for line in API.splitlines() if line.startswith("| `GET /limits`"))
    told = Limits.model_fields
    inner = {name for part in ("upload", "live") for name in told[part].annotation.model_fields}
    assert set(re.findall(r'"(\w+)"', row)) == set(told) | inner


def test_the_settings_named_in_sentences_are_those_of_the_program():
    live = LiveLimits()
    sentences = " ".join(API.split())
    for sentence in (
        f"127.0.0.1:{DEFAULT_PORT} unless told otherwise",
        f"a token of fewer than {MIN_TOKEN_CHARACTERS} characters",
        f"the first takes no recording of more than {JobLimits().short_s:.0f} seconds",
        f"tried again after {JobLimits().retry_s:.0f} seconds",
        f"(within {live.start_within_s:.0f} s of connecting)",
        f'"resume_within_s": {live.resume_within_s:.0f},',
        f"4408 nothing came for {live.silence_s:.0f} s",
    ):
        assert sentence in sentences


# ---------------------------------------------------------------------------------------------------- files and links


@in_every_document
def test_every_file_named_exists(name):
    rooms = ROOT, (ROOT / name).parent, ROOT / "server" / "hipcv_server"
    tops = {path.name for path in (*ROOT.iterdir(), *(ROOT / "hipcv").iterdir())} - {"out"}
    missing = []
    for span in spans(DOCUMENTS[name]):
        file = re.fullmatch(r"(?:python )?([\w.-]+(?:/[\w.-]*)*)(?: .*)?", span)
        if file is None:
            continue
        of_ours = re.search(r"\.(py|md|js|toml)$", file[1]) or ("/" in file[1] and file[1].split("/")[0] in tops)
        if of_ours and not any((room / file[1]).exists() for room in rooms):
            missing.append(file[1])
    assert missing == []


def anchor(heading: str) -> str:
    """Return a heading's name in links, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@in_every_document
def test_every_link_leads_somewhere(name):
    for target in re.findall(r"\]\(([^)\s]+)\)", without_fences(DOCUMENTS[name])):
        if "://" in target:
            continue
        path, _, part = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), target
        if part:
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert part in map(anchor, headings), target


def test_the_order_of_the_rooms_is_the_one_that_is_held():
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = asked["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    held = [set(layer.replace("hipcv.", "").split(" | ")) for layer in layers]
    shown = [[set(line.strip().split(" | ")) for line in block.splitlines()] for _, block in blocks(CONTRIBUTING)]
    assert held in shown


def test_the_map_of_the_house_names_every_room():
    rows = table(CONTRIBUTING, "## The house")
    named = {word.strip("/") for row in rows for word in re.findall(r"`((?:hipcv|server)/[^`]*)`", row[0])}
    there = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "hipcv").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert named == (there - {"hipcv/__init__.py", "hipcv/__main__.py"}) | {"server/hipcv_server"}
