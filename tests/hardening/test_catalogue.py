"""The catalogue names tests that exist, and the table says what was tried."""

import re
from pathlib import Path

import pytest
from hardening.tally import CATALOGUE, Row, keys_of, write_table

TESTS = Path(__file__).parents[1]
NAMED = [(key, test) for key, told in CATALOGUE.items() for test in told["tests"]]


@pytest.mark.parametrize(("key", "test"), NAMED, ids=lambda value: value)
def test_every_test_that_is_named_exists(key, test):
    file, _, name = test.partition("::")
    assert (TESTS / file).is_file()
    if name:
        assert re.search(rf"def {name.rpartition('::')[2]}\(", (TESTS / file).read_text("utf-8"))
    assert key in keys_of(f"tests/{test}[a]" if name else f"tests/{test}::test_a")


def test_every_line_is_tried():
    for key, told in CATALOGUE.items():
        assert told["tests"], key


def test_a_table_keeps_the_rows_that_a_run_did_not_try(tmp_path):
    path = tmp_path / "table.md"
    write_table(path, {"D1": Row(34, 34, 5.0)}, "quick")
    write_table(path, {"A1": Row(1999, 2000, 90.0, ["one died"])}, "long")
    lines = dict(re.findall(r"^\| (\w+) \| (.*)$", path.read_text("utf-8"), re.MULTILINE))
    assert set(lines) == set(CATALOGUE)
    assert "| 34 | 34 |" in lines["D1"]
    assert "| 1,999 | 2,000 |" in lines["A1"]
    assert lines["A1"].endswith("| long | 90 s | one died |")
    assert lines["C10"].endswith("not run yet |")
