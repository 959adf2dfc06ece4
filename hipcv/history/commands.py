"""`hipcv history`: what is kept, and what changed; arguments in, exit status out."""

# Everything heavy is imported where it is used: `hipcv --help` must answer at once.

from collections.abc import Callable
from contextlib import ContextDecorator
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hipcv.history.comparison import Changes
    from hipcv.history.store import Entry, Kept

OneSentence = Callable[[], ContextDecorator]
Database = Annotated[str | None, typer.Option("--database", metavar="URL", help="Another history than the usual one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def register(app: typer.Typer, one_sentence: OneSentence) -> None:
    """Add the commands to `app`; `one_sentence` says what could not be tried."""
    history = typer.Typer(no_args_is_help=True, help="Kept assessments: list, show, compare, forget.")
    said = one_sentence()
    history.command("list")(said(list_))
    history.command()(said(show))
    history.command()(said(compare))
    history.command()(said(forget))
    app.add_typer(history, name="history")


def list_(
    subject: Annotated[str | None, typer.Argument(help="Only this subject.", show_default=False)] = None,
    database: Database = None,
    json_: AsJson = False,
) -> None:
    """List what is kept, in the order of visits."""
    from hipcv.history.store import open_history

    with open_history(database) as kept:
        entries = kept.list(subject)
    _print_json([_entry_values(entry) for entry in entries]) if json_ else _print_entries(entries)


def show(
    number: Annotated[int, typer.Argument(help="Number in the list.")],
    database: Database = None,
    json_: AsJson = False,
) -> None:
    """Show one kept assessment."""
    from hipcv.history.store import open_history

    with open_history(database) as kept:
        found = kept.get(number)
    _print_json(found.document) if json_ else _print_kept(found)


def compare(
    earlier: Annotated[int, typer.Argument(help="Number in the list.")],
    later: Annotated[int, typer.Argument(help="Number in the list.")],
    one_sitting: Annotated[
        bool, typer.Option("--one-sitting", help="Both were recorded in one sitting, at most 2 hours apart.")
    ] = False,
    database: Database = None,
    json_: AsJson = False,
) -> None:
    """Say what changed between two assessments of one person, and whether it is more than measurement error."""
    from hipcv.history.comparison import compare_kept
    from hipcv.history.store import open_history

    with open_history(database) as kept:
        changes = compare_kept(kept.get(earlier), kept.get(later), one_sitting=one_sitting)
    _print_json(_change_values(changes)) if json_ else _print_changes(changes)


def forget(
    subject: Annotated[str, typer.Argument(help="Whose assessments are deleted for good.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    database: Database = None,
) -> None:
    """Delete everything that is kept of a subject."""
    from hipcv.history.store import open_history
    from hipcv.printable import printable

    with open_history(database) as kept:
        n = len(kept.list(subject))
        if n and not yes:
            typer.confirm(f"Delete {n} assessments of {printable(subject)} for good?", abort=True)
        typer.echo(f"{kept.forget(subject)} assessments of {printable(subject)} deleted.")


def _entry_values(entry: "Entry") -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(entry), "visit_date": entry.visit_date.isoformat(), "kept_at": entry.kept_at.isoformat()}


def _print_json(value: object) -> None:
    import json

    from hipcv.printable import printable_lines

    typer.echo(printable_lines(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)))


def _print_entries(entries: "list[Entry]") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from hipcv.printable import printable

    if not entries:
        typer.echo("Nothing is kept yet: hipcv measure CLIP --test seated --keep SUBJECT keeps an assessment.")
        return
    table = Table("number", "subject", "visit", "test", "done", "status", "left", "right")
    for e in entries:
        subject, status = Text(printable(e.subject)), e.status.replace("_", " ")
        legs = {"one": "one leg", "both": "both legs"}.get(e.legs or "", e.legs)
        done = ", ".join(word for word in (e.effort, legs) if word)
        numbers = _degrees(e.left_deg), _degrees(e.right_deg)
        table.add_row(str(e.id), subject, e.visit_date.isoformat(), e.test, printable(done), status, *numbers)
    Console().print(table)


def _print_kept(found: "Kept") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from hipcv.outputs.document import read_document
    from hipcv.printable import printable
    from hipcv.words import SIDES

    entry, document = found.entry, read_document(found.document)
    title = f"{printable(entry.subject)}, {entry.test}, {entry.visit_date.isoformat()}"
    table = Table("side", "end range", "95 % interval", "trials", "status", title=Text(title))
    for side in SIDES:
        internal = document.of(side)
        others = {f"{side}, {part.motion} rotation": part for part in internal.motions}
        for name, result in ({str(side): internal} | others).items():
            low, high = result.interval95_deg or (None, None)
            interval = "–" if low is None else f"{_degrees(low)} to {_degrees(high)}"
            status = result.status.replace("_", " ")
            table.add_row(name, _degrees(result.end_range_deg), interval, str(result.n_accepted), status)
    console = Console()
    console.print(table)
    done = f"How it was done: {document.how_done or document.effort}."
    console.print(printable(done), markup=False, highlight=False, soft_wrap=True)
    for finding in document.findings:
        where = f" ({finding.side})" if finding.side else ""
        line = f"{finding.severity}: {finding.code.replace('_', ' ')}{where}. {finding.advice}"
        console.print(printable(line), markup=False, highlight=False)


def _change_values(changes: "Changes") -> dict[str, object]:
    from dataclasses import asdict

    return {
        "subject": changes.later.entry.subject,
        "test": changes.later.entry.test,
        "earlier": changes.earlier.entry.id,
        "later": changes.later.entry.id,
        "spacing": str(changes.spacing),
        "sides": [asdict(change) for change in changes.sides],
    }


def _print_changes(changes: "Changes") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from hipcv.printable import printable

    first, second = changes.earlier.entry, changes.later.entry
    days = f"{first.visit_date.isoformat()} to {second.visit_date.isoformat()}"
    title = Text(printable(f"{second.subject}, {second.test}, {days}, {changes.spacing}"))
    table = Table("side", "earlier", "later", "change", "smallest detectable", "verdict", title=title)
    for c in changes.sides:
        change = "–" if c.change_deg is None else f"{c.change_deg:+.1f}°"
        cells = (c.side, _degrees(c.earlier_deg), _degrees(c.later_deg), change, _degrees(c.mdc95_deg), c.verdict)
        table.add_row(*map(str, cells))
    console = Console()
    console.print(table)
    for source in dict.fromkeys(c.mdc95_source for c in changes.sides if c.mdc95_source):
        line = f"Smallest detectable {changes.spacing}, from {source}."
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _degrees(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}°"
