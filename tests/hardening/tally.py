"""Counts what was tried against the catalogue, and writes the table of it.

A pytest plugin. `--long` tries as often as the catalogue wants, or `--at-most` so often; without it, as often as fits
into the usual tests.
`--hardening-table FILE` puts what was tried by this run into a table that keeps the rows of earlier ones, each row as
soon as the last test of its line is done.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
CATALOGUE: dict[str, dict[str, Any]] = tomllib.loads((HERE / "catalogue.toml").read_text("utf-8"))
HEAD = """# Hardening

What was tried against hipcv, how often, and how often it held. `make harden` tries everything as often as is wanted
and writes this table; `make harden QUICK=1` as often as the usual tests do. A row is of the last run that tried it, in
which form it says itself; seeds are fixed. With no failure in N tries the share of failures is below 3/N (95 %).

| | what was tried | held | of | wanted | has to come out | form | took | remarks |
|---|---|---|---|---|---|---|---|---|
"""


@dataclass
class Row:
    """What came of one line of the catalogue."""

    held: int = 0
    tried: int = 0
    took_s: float = 0.0
    remarks: list[str] = field(default_factory=list)


Tally = Callable[..., None]
_UNTRIED = " - | - "


class Account:
    """Holds the rows of one run."""

    def __init__(self, config: pytest.Config) -> None:
        self.long, most = bool(config.getoption("long")), config.getoption("at_most")
        self.form = "quick" if not self.long else f"at most {most}" if most else "long"
        self.table = config.getoption("hardening_table")
        self.rows: dict[str, Row] = {}
        self.counted: set[str] = set()
        self.left: Counter[str] = Counter()

    def add(self, key: str, held: int, tried: int, remark: str = "") -> None:
        """Count what a test tried."""
        row = self.rows.setdefault(key, Row())
        row.held += held
        row.tried += tried
        row.remarks += [remark] if remark else []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Iterator[None]:
        """Count a test that does not count by itself once."""
        report = yield
        for key in _lines_of(item) if report.when == "call" or report.skipped else ():
            self.rows.setdefault(key, Row()).took_s += report.duration
            if report.skipped:
                self.add(key, 0, 0, f"{item.name} was skipped: {report.longrepr[-1]}")
            elif item.nodeid not in self.counted:
                self.add(key, int(report.passed), 1)
        return report

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note how many tests each line has."""
        self.left = Counter(key for item in session.items for key in _lines_of(item))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Write the row of a line whose last test is done: a run that is broken off keeps it."""
        result = yield
        self.left.subtract(_lines_of(item))
        done = {key: self.rows[key] for key in _lines_of(item) if not self.left[key] and key in self.rows}
        if self.table and done:
            write_table(Path(self.table), done, self.form)
        return result


def _lines_of(item: pytest.Item) -> list[str]:
    return [mark.args[0] for mark in item.iter_markers("hardening")]


def write_table(path: Path, rows: dict[str, Row], form: str) -> None:
    """Put rows into a table, whose other rows stay."""
    lines = {}
    if path.is_file():
        lines = {found[1]: found[0] for found in re.finditer(r"^\| (\w+) \|.*$", path.read_text("utf-8"), re.MULTILINE)}
    for key, told in CATALOGUE.items():
        row, what = rows.get(key), f"| {key} | {told['what']} |"
        tail = f"| {told['wanted']} | {told['passes']} |"
        if row is not None and row.tried:
            remarks = "; ".join(row.remarks) or " "
            lines[key] = f"{what} {row.held:,} | {row.tried:,} {tail} {form} | {row.took_s:.0f} s | {remarks} |"
        elif key not in lines or _UNTRIED in lines[key]:
            why = "; ".join(row.remarks) if row is not None else "not run yet"
            lines[key] = f"{what}{_UNTRIED}{tail} - | - | {why} |"
    path.write_text(HEAD + "".join(f"{lines[key]}\n" for key in sorted(CATALOGUE, key=_in_order)), "utf-8")


def _in_order(key: str) -> tuple[str, int, str]:
    letter, number, rest = re.fullmatch(r"([A-D])(\d+)(\w*)", key).groups()
    return letter, int(number), rest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the form of the run, and where its table is."""
    group = parser.getgroup("hardening")
    group.addoption("--long", action="store_true", help="Try as often as is wanted, which takes long.")
    group.addoption("--lines", metavar="A1,C4", help="Only these lines of the catalogue.")
    group.addoption("--at-most", type=int, metavar="N", help="In the long form, try nothing more often than this.")
    group.addoption("--hardening-table", metavar="FILE", help="Put what was tried into this table.")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to count."""
    config.stash[_ACCOUNT] = account = Account(config)
    config.pluginmanager.register(account, "hardening-account")


_ACCOUNT = pytest.StashKey[Account]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that the catalogue names; where lines are asked for, leave out all others."""
    asked = config.getoption("lines")
    lines = set(asked.split(",")) if asked else set(CATALOGUE)
    if unknown := lines - set(CATALOGUE):
        raise pytest.UsageError(f"--lines: the catalogue has no {', '.join(sorted(unknown))}")
    for item in items:
        for key in lines.intersection(keys_of(item.nodeid)):
            item.add_marker(pytest.mark.hardening(key))
    if asked:
        others = [item for item in items if item.get_closest_marker("hardening") is None]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item.get_closest_marker("hardening")]


def keys_of(nodeid: str) -> list[str]:
    """Return the lines of the catalogue that a test is named by."""
    name = re.sub(r"\[.*", "", nodeid, flags=re.DOTALL).removeprefix("tests/")
    return [
        key
        for key, told in CATALOGUE.items()
        if any(name == test or name.startswith(f"{test}::") for test in told["tests"])
    ]


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Count what a test tries, in place of the test itself: `tally(held, tried, remark)`."""
    account = request.config.stash[_ACCOUNT]
    account.counted.add(request.node.nodeid)

    def add(held: int, tried: int, remark: str = "") -> None:
        for key in _lines_of(request.node):
            account.add(key, held, tried, remark)

    return add


@pytest.fixture(scope="session")
def often(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """Return how often to try: `often(usually, in_the_long_form)`."""
    long, most = request.config.stash[_ACCOUNT].long, request.config.getoption("at_most")
    return lambda usually, at_length: min(at_length, most or at_length) if long else usually
