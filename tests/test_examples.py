"""Every public function shows what it does: its docstring, or that of its class, ends in an example that runs."""

import ast
import doctest
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

import hipcv
import hipcv_server
from hipcv.data_folder import DATA_VARIABLE
from hipcv.history.store import DATABASE_VARIABLE
from hipcv.models.store import MODELS_VARIABLE

PACKAGES = tuple(Path(package.__path__[0]) for package in (hipcv, hipcv_server))
#: Functions without an example, by their dotted names (`*` stands for anything), and why.
EXEMPT = {
    **dict.fromkeys(
        (
            "hipcv.live.elsewhere.Elsewhere.*",
            "hipcv.live.kept_span.KeptSpan.trim",
            "hipcv.live.livetest.LiveTest.*",
            "hipcv.measurement.measure_file",
            "hipcv.measurement.recognise_file",
            "hipcv.models.flat.*",
            "hipcv.models.store.check_models",
            "hipcv.models.store.find_model",
            "hipcv.pose.graph.GraphReader.*",
            "hipcv.pose.landmarker.PoseEstimator.*",
            "hipcv.pose.legs.body_follower.look_at_people",
            "hipcv.pose.legs.follower.open_follower",
            "hipcv.pose.legs.reader.LegReader.*",
            "hipcv.pose.legs.interpreter.*",
            "hipcv.pose.legs.people.PersonDetector.*",
            "hipcv.pose.legs.reader.open_leg_reader",
            "hipcv.pose.legs.reading.*",
            "hipcv.pose.legs.region.find_in_*",
            "hipcv.pose.legs.region.upright",
            "hipcv.pose.part.PartFinder.*",
            "hipcv.pose.part.find_part",
            "hipcv.pose.readers.open_reader",
            "hipcv.pose.recognise.recognise_test",
            "hipcv.session.Session.*",
            "hipcv.upkeep.replay.replay",
            "hipcv_server.live_worker.reading_message",
        ),
        "needs a pose model",
    ),
    **dict.fromkeys(
        (
            "hipcv.models.bundle.assemble_bundle",
            "hipcv.models.store.ModelStore.get",
            "hipcv.models.store.get_model",
            "hipcv.models.store.landmark_network",
        ),
        "fetches what is not here from the network",
    ),
    "hipcv.outputs.artefacts.Material.report": "needs a measured recording",
    **dict.fromkeys(
        ("hipcv.outputs.pdf.render_pdf", "hipcv.outputs.pdf.lay_out"), "needs Pango, which a process looks for"
    ),
    "hipcv.models.bundle.find_client": "answers by what is installed on the machine",
    **dict.fromkeys(
        (
            "hipcv.batch.order.carry_out",
            "hipcv.batch.output.result_folder.write_results",
            "hipcv.batch.run.child.measure_jobs",
            "hipcv.batch.run.engine.Slots.*",
            "hipcv.batch.run.engine.WorkEngine.score",
            "hipcv.batch.run.engine.open_cluster",
            "hipcv.batch.run.engine.run_job",
            "hipcv.batch.run.scoring.score",
            "hipcv.batch.run.worker.Worker.*",
            "hipcv.batch.score.score",
            "hipcv.process.child.Child.*",
            "hipcv.process.inside.*",
            "hipcv_server.children.start_child",
            "hipcv_server.live_session.LiveSession.*",
            "hipcv_server.live_worker.attend",
            "hipcv_server.sessions.Desk.*",
            "hipcv_server.worker.*",
            "hipcv_server.workers.Crew.*",
        ),
        "starts a child process, or runs in one",
    ),
    **dict.fromkeys(
        (
            "hipcv.native.chatter.own_process",
            "hipcv.native.offline.offline_thread",
            "hipcv.process.allowance.Allowance.confine",
            "hipcv_server.logs.set_up",
        ),
        "changes its whole process for good",
    ),
    **dict.fromkeys(
        ("hipcv.live.screen.run_live", "hipcv.outputs.window.Window.*", "hipcv.sources.webcam.*"),
        "needs a camera or a screen",
    ),
    **dict.fromkeys(
        (
            "hipcv.sources.container.open_container",
            "hipcv.sources.decoding.*",
            "hipcv.sources.video.VideoFile.close",
            "hipcv.sources.pictures.open_pictures",
            "hipcv.sources.pictures.PictureSeries.*",
        ),
        "is what `open_video` shows, in parts",
    ),
    **dict.fromkeys(
        (
            "hipcv_server.commands.forget_elsewhere",
            "hipcv_server.commands.open_page",
            "hipcv_server.commands.serve",
            "hipcv_server.deadline.DeadlineProtocol.*",
            "hipcv_server.readiness.check_all",
            "hipcv_server.resources.progress_of",
            "hipcv_server.resources.resource_of",
            "hipcv_server.resources.summary_of",
            "hipcv_server.resources.kept_of",
            "hipcv_server.takeover.take_over",
            "hipcv_server.serve.run",
            "hipcv_server.state.rooms_of",
        ),
        "needs a running server",
    ),
    **dict.fromkeys(
        ("hipcv.*.commands.*", "hipcv.history.pair_commands.*", "hipcv_server.commands.register", "hipcv.cli.main"),
        "is the command line, which `--help` shows",
    ),
    "hipcv.history.texts.print_*": "prints what `hipcv history` and `hipcv compare` show",
    "hipcv.history.migrations.*": "is run by alembic, inside `bring_up_to_date`",
}


@dataclass(frozen=True, slots=True)
class Function:
    """A public function or method, and whether its docstring or its class's shows it at work."""

    name: str
    shown: bool


@cache
def sources() -> tuple[tuple[str, str], ...]:
    """Return every module's name and text."""
    found = []
    for folder in PACKAGES:
        for file in sorted(folder.rglob("*.py")):
            parts = (folder.name, *file.relative_to(folder).with_suffix("").parts)
            found.append((".".join(parts).removesuffix(".__init__"), file.read_text(encoding="utf-8")))
    return tuple(found)


def examples_in(node: ast.AsyncFunctionDef | ast.FunctionDef | ast.ClassDef) -> str:
    """Return the code of a docstring's examples."""
    return "".join(e.source for e in doctest.DocTestParser().get_examples(ast.get_docstring(node) or ""))


def is_exempt_by_rule(node: ast.AsyncFunctionDef | ast.FunctionDef) -> bool:
    """Whether no example is wanted of a function of this kind.

    A property is read like a value. Routes and commands are shown by API.md and `--help`, and run by their own tests.
    """
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    return any(re.search(r"property$|^router\.|^(models_)?app\.", decorator) for decorator in decorators)


def holds_no_work(node: ast.ClassDef) -> bool:
    """Whether a class only says what others do (a protocol), or what a message to the server holds (`_Strict`)."""
    return any(ast.unparse(base) in ("Protocol", "BaseModel", "_Strict") for base in node.bases)


@cache
def functions() -> tuple[Function, ...]:
    """Return every public function and method of which an example is wanted."""
    return tuple(find_functions())


def find_functions() -> Iterator[Function]:
    for module, text in sources():
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if not node.name.startswith("_") and not is_exempt_by_rule(node):
                    yield Function(f"{module}.{node.name}", bool(examples_in(node)))
            elif isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not holds_no_work(node):
                story = examples_in(node)
                for inner in node.body:
                    if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) or inner.name.startswith("_"):
                        continue
                    if not is_exempt_by_rule(inner):
                        shown = bool(examples_in(inner)) or f".{inner.name}(" in story
                        yield Function(f"{module}.{node.name}.{inner.name}", shown)


def modules_with_examples() -> list[str]:
    return [name for name, text in sources() if ">>>" in text]


@pytest.mark.parametrize("module", modules_with_examples())
def test_every_example_gives_what_its_docstring_says(module, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)
    monkeypatch.delenv(MODELS_VARIABLE, raising=False)
    done = doctest.testmod(importlib.import_module(module))
    assert done.attempted > 0
    assert done.failed == 0


def test_every_public_function_shows_an_example():
    silent = [f.name for f in functions() if not f.shown and not any(fnmatchcase(f.name, p) for p in EXEMPT)]
    assert not silent, f"end these docstrings in an example: {', '.join(silent)}"


@pytest.mark.parametrize("pattern", EXEMPT)
def test_what_needs_no_example_is_there_and_has_none(pattern):
    meant = [f for f in functions() if fnmatchcase(f.name, pattern)]
    assert meant, f"nothing is named {pattern} any more"
    assert not [f.name for f in meant if f.shown]
