"""`hipcv history`: whose results are kept, what changed, and how they leave; arguments in, exit status out."""

# Everything heavy is imported where it is used: `hipcv --help` must answer at once.

from collections.abc import Callable
from contextlib import ContextDecorator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hipcv.core.procedures import USUAL_TEST, TestName

if TYPE_CHECKING:
    from hipcv.history.entry import Entry
    from hipcv.history.store import Removed

OneSentence = Callable[[], ContextDecorator]
#: Deletes what lies about deleted assessments outside the history: their tokens, and the person if it was all of one.
Elsewhere = Callable[[tuple[str, ...], str | None], None]

Database = Annotated[str | None, typer.Option("--database", metavar="URL", help="Another history than the usual one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
PersonArgument = Annotated[str, typer.Argument(metavar="PERSON", help="Whose: the name or code, in any spelling.")]
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Number in the list.")]
PersonOption = Annotated[
    str | None,
    typer.Option(
        "--person",
        metavar="NAME",
        help="Keep the result in the history for this person, a name or a code.",
        show_default=False,
    ),
]


def _past(day: datetime | None) -> datetime | None:
    """Refuse a day that is still to come, before any work."""
    from hipcv.history.entry import past_day

    try:
        if day is not None:
            past_day(day.date())
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from fault
    return day


DateOption = Annotated[
    datetime | None,
    typer.Option(
        "--date",
        callback=_past,
        formats=["%Y-%m-%d"],
        metavar="YYYY-MM-DD",
        help="Day of the recording; else the one that the file tells, else today.",
        show_default=False,
    ),
]


def register(app: typer.Typer, one_sentence: OneSentence, elsewhere: Elsewhere) -> None:
    """Add the commands to `app`; `one_sentence` says what could not be tried, `elsewhere` deletes what lies about."""
    history = typer.Typer(no_args_is_help=True, help="The record: whose results are kept, and what became of them.")
    said = one_sentence()
    for name, command in (
        ("list", list_),
        ("people", people),
        ("show", show),
        ("trend", trend),
        ("compare", compare),
        ("export", export),
        ("correct", correct),
        ("rename", rename),
        ("delete", _deleting(elsewhere)),
        ("forget", _forgetting(elsewhere)),
        ("verify", verify),
    ):
        history.command(name)(said(command))
    app.add_typer(history, name="history")


def list_(
    person: Annotated[
        str | None, typer.Argument(metavar="[PERSON]", help="Only this person.", show_default=False)
    ] = None,
    newest: Annotated[
        int | None, typer.Option("--newest", min=1, help="Only so many, those that were kept last.", show_default=False)
    ] = None,
    database: Database = None,
    json_: AsJson = False,
) -> None:
    """List what is kept, by person and in the order of visits."""
    from hipcv.history import texts
    from hipcv.history.store import open_history

    with open_history(database) as kept:
        entries = kept.list(person, newest=newest)
    if json_:
        texts.print_json([texts.entry_values(entry) for entry in entries])
    else:
        texts.print_entries(entries)


def people(database: Database = None, json_: AsJson = False) -> None:
    """List of whom something is kept."""
    from dataclasses import asdict

    from hipcv.history import texts
    from hipcv.history.store import open_history

    with open_history(database) as kept:
        found = kept.people()
    if json_:
        days = ({"first": one.first.isoformat(), "last": one.last.isoformat()} for one in found)
        texts.print_json([{**asdict(one), **day} for one, day in zip(found, days, strict=True)])
    else:
        texts.print_people(found)


def show(
    number: Number,
    version: Annotated[
        int | None, typer.Option("--version", min=1, help="As it stood before a correction.", show_default=False)
    ] = None,
    database: Database = None,
    json_: AsJson = False,
) -> None:
    """Show one kept assessment, the newest version or an earlier one."""
    from hipcv.history import texts
    from hipcv.history.store import open_history

    with open_history(database) as kept:
        found = kept.get(number, version)
        versions = kept.versions(number)
    texts.print_json(found.document) if json_ else texts.print_kept(found, versions)


def trend(
    person: PersonArgument,
    test: Annotated[TestName, typer.Option("--test", help="Which test.")] = USUAL_TEST,
    calendar: Annotated[
        Path | None,
        typer.Option("--calendar", metavar="FILE.ics", help="Write the next visit for a calendar.", show_default=False),
    ] = None,
    database: Database = None,
    json_: AsJson = False,
) -> None:
    """Show how one person's results of one test went on, and when to measure again."""
    from hipcv.files import write_whole
    from hipcv.history import texts
    from hipcv.history.calendar import render_calendar
    from hipcv.history.store import open_history
    from hipcv.history.trend import find_trend

    with open_history(database) as kept:
        found = find_trend(kept, person, test)
    texts.print_json(texts.trend_values(found)) if json_ else texts.print_trend(found, person, test)
    if calendar is not None and found.next_date is not None:
        write_whole(calendar, render_calendar(found.next_date))


def compare(
    earlier: Number,
    later: Number,
    one_sitting: Annotated[
        bool, typer.Option("--one-sitting", help="Both were recorded in one sitting, at most 2 hours apart.")
    ] = False,
    database: Database = None,
    json_: AsJson = False,
) -> None:
    """Say what changed between two assessments of one person; a bent and a straight hip stand side by side."""
    from hipcv.history import texts
    from hipcv.history.comparison import compare_kept, require_one_person
    from hipcv.history.positions import are_two_positions, side_by_side
    from hipcv.history.store import open_history

    with open_history(database) as history:
        kept = history.get(earlier), history.get(later)
    require_one_person(kept[0].entry, kept[1].entry)
    if are_two_positions(kept[0].document, kept[1].document):
        sides = side_by_side(kept[0].document, kept[1].document)
        texts.print_json(texts.position_values(sides)) if json_ else texts.print_positions(sides)
        return
    changes = compare_kept(*kept, one_sitting=one_sitting)
    texts.print_json(texts.change_values(changes)) if json_ else texts.print_changes(changes)


def export(
    out: Annotated[
        Path, typer.Argument(metavar="FILE", help="Ends in .csv, .xlsx or .parquet (tables), or .json (everything).")
    ],
    person: Annotated[
        str | None, typer.Option("--person", metavar="NAME", help="Only this person.", show_default=False)
    ] = None,
    database: Database = None,
) -> None:
    """Write what is kept to a file; that it was handed out is written down."""
    from hipcv.history.export import write_export
    from hipcv.history.store import open_history
    from hipcv.printable import printable

    with open_history(database) as kept:
        entries = kept.list(person)
        write_export(out, entries, lambda entry: kept.get(entry.id).document)
        kept.exported(entries, out.suffix)
    typer.echo(f"{len(entries)} assessments written to {printable(str(out))}.")


def correct(number: Number, person: PersonOption = None, day: DateOption = None, database: Database = None) -> None:
    """Say of whom or of which day one assessment is; what was said before stays as an earlier version."""
    from hipcv.history.store import open_history

    with open_history(database) as kept:
        entry = kept.correct(number, subject=person, visit_date=None if day is None else day.date())
    typer.echo(_told(entry))


def rename(
    person: PersonArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new name or code.")],
    together: Annotated[
        bool, typer.Option("--together", help="Somebody else has that name: both are one person from now on.")
    ] = False,
    database: Database = None,
) -> None:
    """Give a person another name or code."""
    from hipcv.history.store import open_history
    from hipcv.printable import printable

    with open_history(database) as kept:
        name = kept.rename(person, name, together=together)
    typer.echo(f"{printable(person)} is called {printable(name)} from now on.")


def _deleting(elsewhere: Elsewhere) -> Callable[..., None]:
    def delete(number: Number, yes: Yes = False, database: Database = None) -> None:
        """Delete one assessment in all its versions, for good."""
        from hipcv.history.store import open_history

        with open_history(database) as kept:
            told = _told(kept.get(number).entry)
            if not yes:
                typer.confirm(f"Delete this for good? {told}", abort=True)
            _take_away(kept.delete(number), None, elsewhere, database)
        typer.echo(f"Deleted: {told}")

    return delete


def _forgetting(elsewhere: Elsewhere) -> Callable[..., None]:
    def forget(person: PersonArgument, yes: Yes = False, database: Database = None) -> None:
        """Delete everything that is kept of a person, pictures and all, for good."""
        from hipcv.history.store import open_history
        from hipcv.printable import printable

        with open_history(database) as kept:
            n = kept.count(person)
            if n and not yes:
                typer.confirm(f"Delete {n} assessments of {printable(person)} for good?", abort=True)
            removed = kept.forget(person)
            _take_away(removed, person, elsewhere, database)
        typer.echo(f"{len(removed)} assessments of {printable(person)} deleted.")

    return forget


def _take_away(removed: "Removed", person: str | None, elsewhere: Elsewhere, database: str | None) -> None:
    """Delete what lies about what was deleted, where it was the usual history: no other has anything about it."""
    if database is None:
        elsewhere(removed.tokens, person)


def verify(
    seal: Annotated[
        str | None,
        typer.Option(
            "--seal",
            metavar="HASH",
            help="The seal that an earlier call told, written down elsewhere: what it stands for must still be there.",
            show_default=False,
        ),
    ] = None,
    database: Database = None,
) -> None:
    """Hold everything that is kept against the log of what was done; status 1 where something does not fit."""
    from hipcv.history.store import open_history

    with open_history(database) as kept:
        found = kept.verify(seal)
    for fault in found.faults:
        typer.echo(fault)
    if not found.whole:
        raise typer.Exit(1)
    typer.echo(f"Everything is as it was kept: {found.n_entries} entries. Seal: {found.seal}")


def _told(entry: "Entry") -> str:
    from hipcv.printable import printable

    who = "nobody yet" if entry.subject is None else printable(entry.subject)
    return f"number {entry.id}, {who}, {entry.test}, {entry.visit_date.isoformat()}, version {entry.version}."
