"""What docs/coverage.md says that there is, is there."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if re.match(r"\| [A-Z]\d+ \|", line)
]
#: How many rows each part of the sources was split into.
PARTS = {"T": 16, "N": 11, "M": 14, "C": 9, "E": 12, "P": 14, "H": 7}


@cache
def functions_in(path: Path) -> frozenset[str]:
    """Return the names of the test functions of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_row_is_there_once_and_says_how_it_stands() -> None:
    wanted = [f"{part}{k}" for part, n in PARTS.items() for k in range(1, n + 1)]
    assert [row[0] for row in ROWS] == wanted
    for row in ROWS:
        assert len(row) == 4, row
        assert row[2] in ("HAVE", "OTHER", "PART", "NONE")
        assert len(row[3]) > 5


def test_what_is_there_names_what_shows_it() -> None:
    named = {row[0] for row in ROWS if re.search(r"`[\w/.-]+\.\w+(::\w+)?`", row[3])}
    assert {row[0] for row in ROWS if row[2] == "HAVE"} <= named


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`((?:\w[\w.-]*/)*[\w-]+\.\w+(?:::\w+)?)`", TEXT))))
def test_everything_that_is_named_exists(named: str) -> None:
    path, _, test = named.partition("::")
    assert (ROOT / path).is_file(), f"{path} is gone: name what shows it now"
    if test:
        assert test in functions_in(ROOT / path), f"{path} has no {test}: name what shows it now"


def test_few_rows_are_left() -> None:
    """A row that falls back is told here, where it is counted."""
    assert Counter(row[2] for row in ROWS)["NONE"] == 0
    assert {row[0] for row in ROWS if row[2] == "PART"} <= {"T6"}
