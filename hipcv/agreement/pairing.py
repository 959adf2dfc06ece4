"""Finds which row of one result table belongs to which row of another: two raters, two versions, two instruments."""

import math
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from hipcv.agreement.study import MEASURES, Pair
from hipcv.core.errors import BatchError
from hipcv.tables.spreadsheet import parse_number
from hipcv.tables.table import read_table
from hipcv.words import Motion

#: What may tell which rows belong together, the surest first.
KEYS = (
    ("clip_sha256", "side"),
    ("clip", "side"),
    ("subject", "visit_date", "test", "side"),
    ("subject", "test", "side"),
    ("subject", "side"),
    ("subject",),
)
END_RANGE = next(iter(MEASURES))


def pair_tables(
    first: Path, second: Path, *, by: Sequence[str] = (), column: str = END_RANGE, second_column: str = ""
) -> tuple[list[Pair], tuple[str, ...]]:
    r"""Return the pairs of readings of two tables, and the columns by which they were found.

    Tables of results are compared in every measure that both have. In a table with a row for each motion, its cell says
    what the reading is of.

    Parameters
    ----------
    first, second : tables of results: .parquet, .csv or .xlsx.
    by : columns that tell which rows belong together; by default the surest that both tables have and that names no row
        twice: the recording's SHA-256 and side, its name and side, then subject, visit, test and side.
    column, second_column : where the readings in degrees are; the second is called like the first unless told.

    Raises
    ------
    BatchError
        Where a table cannot be read, or no row of one belongs to a row of the other.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     ours, theirs = Path(folder, "hipcv.csv"), Path(folder, "goniometer.csv")
    ...     n = ours.write_text("subject,side,end_range_deg\nS01,left,31\nS01,right,\n")
    ...     n = theirs.write_text("subject,side,end_range_deg\nS01,left,30\nS01,right,33\n")
    ...     pairs, key = pair_tables(ours, theirs)
    >>> [(pair.first_deg, pair.second_deg) for pair in pairs], key
    ([(31.0, 30.0), (nan, 33.0)], ('subject', 'side'))
    """
    columns = column, second_column or column
    tables = [read_table(path, (name, *by)) for path, name in zip((first, second), columns, strict=True)]
    key = tuple(by) or _find_key(tables, (first, second))
    ours, theirs = (_by_key(table, key, path) for table, path in zip(tables, (first, second), strict=True))
    compared = [columns]
    if columns == (END_RANGE, END_RANGE):
        compared += [(name, name) for name in MEASURES if name != END_RANGE and all(name in t.columns for t in tables)]
    pairs = []
    for one, other in compared:
        for at in dict.fromkeys((*ours, *theirs)):
            rows = ours.get(at, {}), theirs.get(at, {})
            pair = Pair(
                label=", ".join(part for part in at if part),
                first_deg=_degrees(rows[0].get(one), first),
                second_deg=_degrees(rows[1].get(other), second),
                measure=_measure(one, *rows),
                **{name: _either(name, *rows) for name in ("subject", "test", "sex", "side")},
            )
            if one == columns[0] or not (math.isnan(pair.first_deg) and math.isnan(pair.second_deg)):
                pairs.append(pair)
    if not any(at in theirs for at in ours):
        raise BatchError(
            f"Wanted rows of {first.name} and {second.name} that belong together by {' and '.join(key)}, found none: "
            "name the columns that tell it with --by."
        )
    return pairs, key


def _find_key(tables: Sequence[pl.DataFrame], paths: Sequence[Path]) -> tuple[str, ...]:
    for key in KEYS:
        if all(set(key) <= set(table.columns) for table in tables) and all(_tells_apart(t, key) for t in tables):
            shared = tables[0].select(_texts(key)).join(tables[1].select(_texts(key)), on=key, how="inner")
            if len(shared):
                return key
    raise BatchError(
        f"Wanted columns that tell which row of {paths[0].name} belongs to which of {paths[1].name}, such as clip and "
        "side, found none that both have and that name every row once: name them with --by."
    )


def _tells_apart(table: pl.DataFrame, key: Sequence[str]) -> bool:
    rows = table.select(_texts(key))
    return rows.n_unique() == len(rows) and not any(rows[key[0]].eq("").to_list())


def _texts(key: Sequence[str]) -> list[pl.Expr]:
    return [pl.col(name).cast(pl.String).fill_null("") for name in key]


def _by_key(table: pl.DataFrame, key: Sequence[str], path: Path) -> dict[tuple[str, ...], dict[str, object]]:
    rows: dict[tuple[str, ...], dict[str, object]] = {}
    for row in table.iter_rows(named=True):
        at = tuple("" if row[name] is None else str(row[name]) for name in key)
        if at in rows:
            raise BatchError(
                f"Wanted each {' and '.join(key)} once in {path.name}, found {', '.join(at)} twice: "
                "name columns that tell the rows apart with --by."
            )
        rows[at] = row
    return rows


def _either(name: str, *rows: dict[str, object]) -> str:
    return next((str(row[name]) for row in rows if row.get(name) not in (None, "")), "")


def _measure(column: str, *rows: dict[str, object]) -> str:
    """Return what the readings of two rows are of: as their column says, or as rows of one motion each say."""
    wide = any(name in row for row in rows for name in MEASURES if name != END_RANGE)
    told = _either("motion", *rows)
    if column == END_RANGE and not wide and told in [*Motion]:
        return told
    return str(MEASURES.get(column, ""))


def _degrees(value: object, path: Path) -> float:
    if value is None or value == "":
        return math.nan
    number = parse_number(str(value))
    if number is None:
        raise BatchError(f"Wanted degrees in {path.name}, found {str(value)!r}: mend the cell or name another column.")
    return number
