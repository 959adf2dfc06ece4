"""Every limit stands in one table and says where it comes from; one number of the error model stands in one place."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hipcv.core.checks import limits
from hipcv.core.checks.limits import LIMITS, limit_of
from hipcv.core.finding import FindingCode, Limit
from hipcv.core.procedures import PROCEDURES
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED

ROOT = Path(__file__).parents[1]
SOURCES = [*(ROOT / "hipcv").rglob("*.py"), *(ROOT / "server" / "hipcv_server").rglob("*.py")]
TABLE = "hipcv/core/checks/limits.py"
#: Findings whose limits hang on the case (two sources, the file's header) or of which there is more than one.
WITHOUT_A_USUAL_LIMIT = {
    FindingCode.FROM_STILLS,
    FindingCode.ROLL_SOURCES_DISAGREE,
    FindingCode.PITCH_SOURCES_DISAGREE,
    FindingCode.YAW_SOURCES_DISAGREE,
    FindingCode.PITCH_UNKNOWN,
    FindingCode.BEYOND_JOINT,
    FindingCode.HIPS_JUMP,
}


def nodes(path: Path, word: str) -> Iterator[ast.AST]:
    """Yield what a file consists of, if the word is in it at all: most need not be taken apart."""
    text = path.read_text("utf-8")
    return ast.walk(ast.parse(text)) if word in text else iter(())


def all_limits() -> list[Limit]:
    named = [value for value in vars(limits).values() if isinstance(value, Limit)]
    own = [limit for procedure in PROCEDURES for limit in procedure.limits.values()]
    hike = limit_of(FindingCode.PELVIS_HIKE, SEATED, swing_deg=20.0)
    return [*LIMITS.values(), *named, *own, hike, limits.sources_limit(3.0), limits.declared_limit(10)]


def test_a_limit_is_made_in_the_table_or_by_a_test_that_differs() -> None:
    """Whoever wonders about a limit looks in one place."""
    makers = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        for n in nodes(path, "Limit")
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "Limit"
    }
    assert TABLE in makers
    assert all(Path(maker).parent == Path("hipcv/core/procedures") for maker in makers - {TABLE})


@pytest.mark.parametrize("limit", all_limits(), ids=lambda limit: f"{limit.value:g} {limit.unit}")
def test_every_limit_says_where_it_comes_from(limit: Limit) -> None:
    assert len(limit.origin.split()) >= 4, limit
    assert "pilot" not in limit.origin.lower()


@pytest.mark.parametrize("limit", all_limits(), ids=lambda limit: f"{limit.value:g} {limit.unit}")
def test_a_limit_that_names_a_command_is_in_the_table_that_the_command_prints(limit: Limit) -> None:
    if "benchmarks/" not in limit.origin:
        return
    (command,) = set(re.findall(r"benchmarks/\w+\.py", limit.origin))
    readme = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
    assert (ROOT / command).is_file()
    assert command in readme.split("## Limits")[1]
    codes = [str(code) for code, usual in LIMITS.items() if usual is limit]
    assert all(f"| {code} |" in readme for code in codes), codes


def test_every_finding_has_a_usual_limit_but_those_that_hang_on_the_case() -> None:
    assert set(FindingCode) - set(LIMITS) == WITHOUT_A_USUAL_LIMIT


def test_a_sixth_of_a_swing_counts_as_a_hike_but_never_less_than_the_hip_line_wanders() -> None:
    values = [limit_of(FindingCode.PELVIS_HIKE, SEATED, swing_deg).value for swing_deg in (6.0, 24.0, 30.0, 60.0)]
    assert values == [3.0, 4.0, 5.0, 10.0]


def test_a_tests_own_limit_goes_before_the_usual_one_whatever_the_swing() -> None:
    assert [limit_of(FindingCode.PELVIS_HIKE, PRONE, swing_deg).value for swing_deg in (6.0, 60.0)] == [6.0, 6.0]


def test_the_95_percent_of_a_normal_distribution_are_named_once() -> None:
    numbers = [path for path in SOURCES for n in nodes(path, "1.96") if isinstance(n, ast.Constant) and n.value == 1.96]
    assert [str(path.relative_to(ROOT)) for path in numbers] == ["hipcv/core/uncertainty.py"]
    templates = [*(ROOT / "hipcv").rglob("*.j2"), *(ROOT / "server").rglob("*.j2")]
    assert not [path.name for path in templates if "1.96" in path.read_text("utf-8")]


def test_the_core_writes_no_sentence_for_people() -> None:
    """Findings carry a cause and values; the words are in the data files."""
    advising = [
        path.name
        for path in (ROOT / "hipcv" / "core").rglob("*.py")
        for n in nodes(path, "advice")
        if isinstance(n, ast.keyword) and n.arg == "advice"
    ]
    assert not advising
