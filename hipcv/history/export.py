"""What is kept, written to a file that others read: one row an assessment, or every document as it is."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hipcv.core.errors import HistoryError
from hipcv.files import write_whole
from hipcv.history.entry import Entry
from hipcv.history.trend import Reads
from hipcv.words import SIDES, Measure

_COLUMNS: dict[str, type] = {
    "number": int,
    "version": int,
    "person": str,
    "visit_date": str,
    "test": str,
    "effort": str,
    "legs": str,
    "status": str,
    **{
        f"{side}_{measure}_{what}deg": float
        for measure in Measure
        for side in SIDES
        for what in ("", "low_", "high_")
    },
}  # fmt: skip


def write_export(path: Path, entries: Sequence[Entry], document_of: Reads) -> None:
    """Write kept assessments to a file: .csv, .xlsx or .parquet as a table, .json with every document.

    Raises
    ------
    HistoryError
        Where the file's name says none of these.

    Examples
    --------
    >>> write_export(Path("kept.doc"), [], dict)
    Traceback (most recent call last):
        ...
    hipcv.core.errors.HistoryError: Wanted a file that ends in .csv, .xlsx, .parquet or .json, found kept.doc.
    """
    kind = path.suffix.lower()
    if kind == ".json":
        whole = [{**_row(entry), "document": document_of(entry)} for entry in entries]
        write_whole(path, json.dumps(whole, ensure_ascii=False, allow_nan=False, indent=1))
        return
    from hipcv.tables.table import make_table, write_csv, write_excel, write_parquet

    if kind not in (".csv", ".xlsx", ".parquet"):
        raise HistoryError(f"Wanted a file that ends in .csv, .xlsx, .parquet or .json, found {path.name}.")
    table = make_table([_row(entry) for entry in entries], _COLUMNS)
    if kind == ".csv":
        write_csv(table, path)
    elif kind == ".xlsx":
        write_excel(table, path, "kept")
    else:
        write_parquet(table, path)


def _row(entry: Entry) -> dict[str, Any]:
    what = {name: getattr(entry, name) for name in ("version", "test", "effort", "legs", "status")}
    row = {"number": entry.id, "person": entry.subject, "visit_date": entry.visit_date.isoformat(), **what}
    for measure in Measure:
        for side in SIDES:
            number = entry.number(side, measure)
            low, high = (number.interval95_deg if number else None) or (None, None)
            values = {"": None if number is None else number.value_deg, "low_": low, "high_": high}
            row |= {f"{side}_{measure}_{name}deg": value for name, value in values.items()}
    return row
