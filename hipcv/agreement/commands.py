"""`hipcv agree`: arguments in, exit status out."""

# Everything heavy is imported where it is used: `hipcv --help` must answer at once.

from collections.abc import Callable
from contextlib import ContextDecorator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hipcv.agreement.study import Study


def register(app: typer.Typer, one_sentence: Callable[[], ContextDecorator]) -> None:
    """Add the command to `app`; `one_sentence` says what could not be tried."""
    app.command()(one_sentence()(agree))


def agree(
    first: Annotated[Path, typer.Argument(help="Table of results: .parquet, .csv or .xlsx.", show_default=False)],
    second: Annotated[Path, typer.Argument(help="The other one.", show_default=False)],
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="COLUMN,…", help="Columns that tell which rows belong together."),
    ] = None,
    column: Annotated[str, typer.Option("--column", help="Column of the readings in degrees.")] = "end_range_deg",
    second_column: Annotated[
        str | None, typer.Option("--second-column", help="The same in the second table, where it has another name.")
    ] = None,
    names: Annotated[
        str | None, typer.Option("--names", metavar="A,B", help="What to call the two; by default their files.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for agreement.json and agreement.html.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Compare two tables of results: bias, limits of agreement, ICC(2,1), mean absolute error."""
    from hipcv.agreement.pairing import pair_tables
    from hipcv.agreement.study import study_agreement

    called = _names(names, first, second)
    keys = tuple(part.strip() for part in by.split(",") if part.strip()) if by else ()
    pairs, key = pair_tables(first, second, by=keys, column=column, second_column=second_column or "")
    study = study_agreement(*called, pairs)
    _print(study, key, as_json=json_)
    if out is not None:  # last: what cannot be written has been read at least
        _write(study, out)


def _print(study: "Study", key: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        import json

        from hipcv.agreement.study import render_study
        from hipcv.printable import printable_lines

        typer.echo(printable_lines(json.dumps(render_study(study), indent=2, allow_nan=False, ensure_ascii=False)))
    else:
        from hipcv.agreement.texts import print_study

        print_study(study, key)


def _write(study: "Study", folder: Path) -> None:
    from hipcv.agreement.page import render_agreement
    from hipcv.agreement.study import render_study
    from hipcv.files import write_json, write_whole

    write_json(folder / "agreement.json", render_study(study))
    write_whole(folder / "agreement.html", render_agreement(study))


def _names(names: str | None, first: Path, second: Path) -> tuple[str, str]:
    if names is not None:
        a, separator, b = names.partition(",")
        if not (separator and a.strip() and b.strip()):
            raise typer.BadParameter(f"two names with a comma between them, found {names!r}", param_hint="--names")
        return a.strip(), b.strip()
    if first.stem != second.stem:
        return first.stem, second.stem
    apart = f"{first.parent.name}/{first.stem}", f"{second.parent.name}/{second.stem}"
    return apart if apart[0] != apart[1] else (str(first), str(second))
