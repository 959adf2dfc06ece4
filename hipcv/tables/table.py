"""Tables as files: Parquet for statistics, CSV and Excel for people, none of them able to run a formula."""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from hipcv.core.errors import BatchError
from hipcv.files import write_whole
from hipcv.tables.spreadsheet import EXCEL_SUFFIXES, read_sheet

_TYPES: dict[type, pl.DataType] = {int: pl.Int64(), float: pl.Float64(), str: pl.String(), bool: pl.Boolean()}
#: A spreadsheet may take text that begins so for a formula (CWE-1236; OWASP ASVS 1.2.10), in full width as well;
#: quotation marks and blanks before it may be taken off.
_FORMULA = r"""(?=['" ]*[=+\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20])"""
#: Where a cell begins: for our own reader at its start; for one whose country parts cells by something else than commas
#: behind that sign as well, and behind the end of a line, since it does not see our quotation marks.
_BEGINNING = r"(^|(?<=[;|\t\r\n]))"
_AT_RISK = re.compile(_BEGINNING + _FORMULA)
_MADE_HARMLESS = re.compile(_BEGINNING + "'" + _FORMULA)
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?")


def make_table(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, type]) -> pl.DataFrame:
    """Return rows as a table: the given columns with their types first, then what else the rows hold.

    Further columns are text, or numbers where all of them are: an identifier such as 007 stays as it is.

    Examples
    --------
    >>> table = make_table([{"age": 30, "subject": "007"}, {"age": None, "site": "12"}], {"age": int})
    >>> table.columns, table["subject"].to_list(), table["site"].to_list()
    (['age', 'site', 'subject'], ['007', None], [None, 12.0])
    """
    values: dict[str, list[Any]] = {name: [] for name in columns}
    for n_before, row in enumerate(rows):
        for name in row.keys() - values.keys():
            values[name] = [None] * n_before
        for name, cells in values.items():
            cells.append(row.get(name))
    order = [*columns, *sorted(values.keys() - columns.keys())]
    return pl.DataFrame([_series(name, values[name], columns.get(name)) for name in order])


def _series(name: str, cells: list[Any], kind: type | None) -> pl.Series:
    if kind is not None:
        return pl.Series(name, cells, dtype=_TYPES[kind], strict=False)
    texts = [cell for cell in cells if cell is not None]
    if texts and all(isinstance(cell, int | float) or _NUMBER.fullmatch(cell) for cell in texts):
        return pl.Series(name, [None if cell is None else float(cell) for cell in cells], dtype=pl.Float64())
    return pl.Series(name, [None if cell is None else str(cell) for cell in cells], dtype=pl.String())


def write_parquet(table: pl.DataFrame, path: Path) -> None:
    """Write a table with its types.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_parquet(pl.DataFrame({"rom_deg": [31.5, None]}), Path(folder, "rom.parquet"))
    ...     read_table(Path(folder, "rom.parquet"), ["rom_deg"])["rom_deg"].to_list()
    [31.5, None]
    """
    # into memory first: what a full disk makes of a library's own writing is anybody's guess
    raw = io.BytesIO()
    table.write_parquet(raw)
    write_whole(path, raw.getvalue())


def write_csv(table: pl.DataFrame, path: Path) -> None:
    """Write a table as UTF-8; text that a spreadsheet would take for a formula gets an apostrophe before it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_csv(pl.DataFrame({"subject": ["=1+1"], "rom_deg": [31.5]}), Path(folder, "rom.csv"))
    ...     print(Path(folder, "rom.csv").read_text("utf-8"), end="")
    subject,rom_deg
    '=1+1,31.5
    """
    texts = [name for name, kind in table.schema.items() if kind == pl.String]
    safe = table.with_columns(pl.col(texts).map_elements(harmless, return_dtype=pl.String))
    safe = safe.rename({name: harmless(name) for name in table.columns})
    write_whole(path, safe.write_csv())


def harmless(text: str) -> str:
    """Return text no part of which a spreadsheet takes for a formula; a plain number is none.

    Examples
    --------
    >>> harmless("=SUM(A1)"), harmless("-12.5"), harmless("Anna")
    ("'=SUM(A1)", '-12.5', 'Anna')
    """
    return text if _NUMBER.fullmatch(text) else _AT_RISK.sub("'", text)


def as_written(text: str) -> str:
    """Return what `harmless` was given.

    Examples
    --------
    >>> as_written(harmless("=SUM(A1)")), as_written("Anna")
    ('=SUM(A1)', 'Anna')
    """
    return _MADE_HARMLESS.sub("", text)


def write_excel(table: pl.DataFrame, path: Path, sheet: str) -> None:
    """Write a table as an Excel file with fixed header; every text is a text, whatever it begins with.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_excel(pl.DataFrame({"subject": ["=1+1"], "rom_deg": [31.5]}), Path(folder, "rom.xlsx"), "sides")
    ...     read_sheet(Path(folder, "rom.xlsx")).rows[0].cells
    ('=1+1', '31.5')
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    page = book.create_sheet(sheet)
    page.freeze_panes = "A2"
    degrees = {at for at, name in enumerate(table.columns) if name.endswith("_deg")}
    for at, name in enumerate(table.columns, start=1):
        page.column_dimensions[get_column_letter(at)].width = max(10, min(40, len(name) + 2))

    def cell(value: Any, at: int) -> object:
        if isinstance(value, str):
            text = WriteOnlyCell(page, _NO_TEXT.sub("", value)[:32_767])
            text.data_type = "s"
            return text
        if at in degrees and value is not None:
            number = WriteOnlyCell(page, value)
            number.number_format = "0.0"
            return number
        return value

    header = [WriteOnlyCell(page, _NO_TEXT.sub("", name)) for name in table.columns]
    for title in header:
        title.data_type, title.font = "s", Font(bold=True)
    page.append(header)
    for row in table.iter_rows():
        page.append([cell(value, at) for at, value in enumerate(row)])
    raw = io.BytesIO()
    book.save(raw)
    write_whole(path, raw.getvalue())


def read_table(path: Path, wanted: Sequence[str]) -> pl.DataFrame:
    r"""Read a table of results, whoever wrote it: .parquet, .csv or .xlsx.

    Parameters
    ----------
    path : the file.
    wanted : columns that have to be there.

    Raises
    ------
    BatchError
        Where it cannot be read or a column is missing.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     n = Path(folder, "rom.csv").write_text("subject,rom_deg\nAnna,31.5\n")
    ...     table = read_table(Path(folder, "rom.csv"), ["rom_deg"])
    >>> table.rows()
    [('Anna', '31.5')]
    """
    if path.suffix.lower() == ".parquet":
        try:
            table = pl.read_parquet(path)
        except (OSError, pl.exceptions.PolarsError) as error:
            reason = "no such file" if isinstance(error, FileNotFoundError) else "something else"
            raise BatchError(f"Wanted a table of results in {path}, found {reason}: check the path.") from error
    else:
        sheet = read_sheet(path)
        text_cell = str if path.suffix.lower() in EXCEL_SUFFIXES else as_written
        columns = {
            text_cell(name): [text_cell(row.cells[at]) or None for row in sheet.rows]
            for at, name in enumerate(sheet.header)
        }
        table = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        seen = ", ".join(table.columns[:12])
        raise BatchError(f"Wanted the column {missing[0]} in {path}, found {seen}: name the column that holds it.")
    return table
