"""The tables that people keep: cells as text with the row numbers that a spreadsheet shows, from CSV and Excel."""

import csv
import io
import math
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

from hipcv.core.errors import BatchError

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
EXCEL_SUFFIXES = (".xlsx", ".xlsm")
SUFFIXES = (*TEXT_SUFFIXES, *EXCEL_SUFFIXES)
#: What else people call a spreadsheet, and what to do about it.
OTHER_SUFFIXES = (".xls", ".ods", ".numbers")
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row: its number as a spreadsheet shows it (the header is row 1), and its cells, as many as the header has."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of text; empty rows are left out. `decimal_comma` says that 1,5 may mean one and a half."""

    path: Path
    header: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    decimal_comma: bool = False


def read_sheet(path: Path) -> Sheet:
    r"""Read a table whose first row names the columns.

    CSV may be parted by commas, semicolons or tabs and written in UTF-8, UTF-16 or Windows-1252; of an Excel file the
    first sheet is read. Dates come as YYYY-MM-DD and whole numbers without a decimal point.

    Raises
    ------
    BatchError
        Where there is no such table, or no row in it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     list_file = Path(folder, "clips.csv")
    ...     n = list_file.write_text("file;age\na.mp4;30,5\n")
    ...     sheet = read_sheet(list_file)
    >>> sheet.header, sheet.rows[0].number, sheet.rows[0].cells, sheet.decimal_comma
    (('file', 'age'), 2, ('a.mp4', '30,5'), True)
    """
    suffix = path.suffix.lower()
    if suffix in OTHER_SUFFIXES:
        raise BatchError(f"Wanted a list as .csv or .xlsx, found {path}: save it in one of these formats.")
    try:
        if suffix in EXCEL_SUFFIXES:
            records, decimal_comma = list(_excel_records(path)), False
        else:
            records, decimal_comma = _text_records(path)
    except OSError as error:
        raise BatchError(f"Wanted to read the list {path}, found {_os_reason(error)}: check the path.") from error
    rows = [(number, cells) for number, cells in enumerate(records, start=1) if any(cells)]
    if len(rows) < 2:
        found = "no rows" if not rows else "a header and no rows"
        raise BatchError(f"Wanted a list with a header and one row a recording in {path}, found {found}.")
    header = rows[0][1]
    while header and not header[-1]:
        header = header[:-1]
    width = len(header)
    return Sheet(path, header, tuple(SheetRow(n, _fit(cells, width)) for n, cells in rows[1:]), decimal_comma)


def _fit(cells: tuple[str, ...], width: int) -> tuple[str, ...]:
    return (*cells, *("",) * (width - len(cells)))[:width]


def _os_reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _text_records(path: Path) -> tuple[list[tuple[str, ...]], bool]:
    text = _decode(path.read_bytes())
    first_line = text.lstrip("\n\r").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first_line.count)
    try:
        reader = csv.reader(io.StringIO(text), delimiter=delimiter)
        records = [tuple(cell.strip() for cell in record) for record in reader]
    except csv.Error as error:
        raise BatchError(f"Wanted a table in {path}, found none ({error}): save it as CSV or .xlsx.") from error
    return records, delimiter == ";"


def _decode(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _excel_records(path: Path) -> Iterator[tuple[str, ...]]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # drop-down lists and the like that the workbook holds do not matter here
            book = load_workbook(path, read_only=True, data_only=True)
            try:
                for values in book.worksheets[0].iter_rows(values_only=True):
                    yield tuple(map(_cell_text, values))
            finally:
                book.close()
    except (BadZipFile, InvalidFileException, KeyError, IndexError, ValueError, SyntaxError) as error:
        raise BatchError(f"Wanted an Excel table in {path}, found something else: save it again as .xlsx.") from error


def _cell_text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return str(value).strip()


def column_names(names: Iterable[str]) -> list[str]:
    """Return column names as they are compared: lower case, words joined by underscores.

    Examples
    --------
    >>> column_names(["Camera end", "age (years)"])
    ['camera_end', 'age_years']
    """
    return ["_".join("".join(c if c.isalnum() else " " for c in name.casefold()).split()) for name in names]


def parse_number(text: str, *, decimal_comma: bool = False) -> float | None:
    """Return the finite number that a cell holds, a degree sign allowed, or None.

    Examples
    --------
    >>> parse_number("12,5°"), parse_number("-3"), parse_number("nan"), parse_number("left")
    (12.5, -3.0, None, None)
    """
    bare = text.removesuffix("°").strip()
    if decimal_comma or re.fullmatch(r"[+-]?\d+,\d+", bare):
        bare = bare.replace(",", ".")
    try:
        value = float(bare.replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
