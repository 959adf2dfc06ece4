"""What `hipcv history` and `hipcv compare` print: tables for people, JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hipcv.evidence.progress import positions_say
from hipcv.history.comparison import Changes
from hipcv.history.entry import Entry, Kept, Number
from hipcv.history.positions import InPosition, SideBySide
from hipcv.history.store import Person
from hipcv.history.trend import Line, Trend
from hipcv.printable import printable, printable_lines
from hipcv.words import SIDES, Measure, Motion


def print_json(value: object) -> None:
    """Print JSON of which a terminal obeys nothing."""
    typer.echo(printable_lines(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)))


def _say(*lines: str) -> None:
    for line in lines:
        Console().print(printable(line), markup=False, highlight=False, soft_wrap=True)


def degrees(value: float | None, sign: str = "") -> str:
    """Return an angle as it is printed.

    Examples
    --------
    >>> degrees(31.04), degrees(3.0, "+"), degrees(None)
    ('31.0°', '+3.0°', '–')
    """
    return "–" if value is None else f"{value:{sign}.1f}°"


# ------------------------------------------------------------------------------------------------------------- entries


def entry_values(entry: Entry) -> dict[str, Any]:
    """Return an entry as JSON values.

    Examples
    --------
    >>> from datetime import UTC, date, datetime
    >>> entry_values(Entry(1, "S01", date(2025, 1, 1), datetime.now(UTC), "seated", "measured"))["visit_date"]
    '2025-01-01'
    """
    recorded_at = None if entry.recorded_at is None else entry.recorded_at.isoformat()
    days = {"visit_date": entry.visit_date.isoformat(), "kept_at": entry.kept_at.isoformat()}
    values = asdict(entry)
    numbers = json.loads(values.pop("packed"))
    return {**values, **days, "recorded_at": recorded_at, "numbers": numbers}


def print_entries(entries: Sequence[Entry]) -> None:
    """Print a list of what is kept: two columns for every measure that anybody has."""
    if not entries:
        typer.echo("Nothing is kept yet: hipcv measure CLIP --test seated --person NAME keeps an assessment.")
        return
    measures = [measure for measure in Measure if any(measure in entry.measures for entry in entries)]
    heads = [f"{side} {measure}" for measure in measures or [Measure.INTERNAL] for side in SIDES]
    table = Table("number", "person", "visit", "test", "done", "status", *heads)
    for e in entries:
        legs = {"one": "one leg", "both": "both legs"}.get(e.legs or "", e.legs)
        done = ", ".join(word for word in (e.effort, legs) if word)
        numbers = [degrees(e.of(side, measure)) for measure in measures or [Measure.INTERNAL] for side in SIDES]
        what = Text(_whose(e)), e.visit_date.isoformat(), e.test, printable(done), e.status.replace("_", " ")
        table.add_row(str(e.id), *what, *numbers)
    Console().print(table)


def _whose(entry: Entry) -> str:
    return "nobody yet" if entry.subject is None else printable(entry.subject)


def print_people(people: Sequence[Person]) -> None:
    """Print of whom something is kept."""
    table = Table("person", "kept", "first visit", "last visit")
    for one in people:
        table.add_row(Text(printable(one.name)), str(one.n_kept), one.first.isoformat(), one.last.isoformat())
    Console().print(table)


def print_kept(found: Kept, versions: Sequence[Entry]) -> None:
    """Print one kept assessment, and what was corrected about it."""
    from hipcv.outputs.document import read_document

    entry, document = found.entry, read_document(found.document)
    title = f"{_whose(entry)}, {entry.test}, {entry.visit_date.isoformat()}"
    table = Table("side", "end range", "95 % interval", "trials", "status", title=Text(title))
    for side in SIDES:
        for motion in Motion:
            if (result := document.of(side, motion)) is None:
                continue
            name, interval = f"{side} {motion}", _interval(result.interval95_deg)
            status = result.status.replace("_", " ")
            table.add_row(name, degrees(result.end_range_deg), interval, str(result.n_accepted), status)
        arc = entry.number(side, Measure.ARC)
        if arc is not None:
            table.add_row(f"{side} {Measure.ARC}", degrees(arc.value_deg), _interval(arc.interval95_deg), "", "")
    Console().print(table)
    _say(f"How it was done: {document.how_done or document.effort}.")
    for finding in document.findings:
        where = f" ({finding.side})" if finding.side else ""
        _say(f"{finding.severity}: {finding.code.replace('_', ' ')}{where}. {finding.advice}")
    for one in versions:
        if one.version != entry.version:
            _say(f"Version {one.version} said: {_whose(one)}, {one.visit_date.isoformat()}.")


def _interval(interval: tuple[float, float] | None) -> str:
    return "–" if interval is None else f"{degrees(interval[0])} to {degrees(interval[1])}"


# ------------------------------------------------------------------------------------------------------------- changes


def change_values(changes: Changes) -> dict[str, Any]:
    """Return what changed as JSON values.

    Examples
    --------
    >>> from datetime import UTC, date, datetime
    >>> from hipcv.history.comparison import Spacing
    >>> kept = Kept(Entry(1, "S01", date(2025, 1, 1), datetime.now(UTC), "seated", "measured"), {})
    >>> change_values(Changes(kept, kept, Spacing.ONE_SITTING, ()))["spacing"]
    'within one sitting'
    """
    return {
        "subject": changes.later.entry.subject,
        "test": changes.later.entry.test,
        "earlier": changes.earlier.entry.id,
        "later": changes.later.entry.id,
        "spacing": str(changes.spacing),
        "sides": [asdict(change) for change in changes.sides],
    }


def print_changes(changes: Changes) -> None:
    """Print what changed between two assessments."""
    first, second = changes.earlier.entry, changes.later.entry
    days = f"{first.visit_date.isoformat()} to {second.visit_date.isoformat()}"
    title = Text(printable(f"{second.subject}, {second.test}, {days}, {changes.spacing}"))
    table = Table("side", "earlier", "later", "change", "smallest detectable", "verdict", title=title)
    plain = {c.measure for c in changes.sides} == {Measure.INTERNAL}
    for c in changes.sides:
        numbers = degrees(c.earlier_deg), degrees(c.later_deg), degrees(c.change_deg, "+"), degrees(c.mdc95_deg)
        table.add_row(str(c.side) if plain else f"{c.side} {c.measure}", *numbers, str(c.verdict))
    Console().print(table)
    for source in dict.fromkeys(c.mdc95_source for c in changes.sides if c.mdc95_source):
        _say(f"Smallest detectable {changes.spacing}, from {source}.")


# --------------------------------------------------------------------------------------------------------------- trend


def trend_values(trend: Trend) -> dict[str, Any]:
    """Return a trend as JSON values.

    Examples
    --------
    >>> trend_values(Trend((), ()))
    {'entries': [], 'lines': [], 'next_date': None}
    """
    return {
        "entries": [entry_values(entry) for entry in trend.entries],
        "lines": [_line_values(line) for line in trend.lines],
        "next_date": None if trend.next_date is None else trend.next_date.isoformat(),
    }


def _line_values(line: Line) -> dict[str, Any]:
    names = ("side", "measure", "n_baselines", "first_deg", "change_deg", "mdc95_deg", "mdc95_source", "spacing")
    values = {name: getattr(line, name) for name in names}
    return {**values, "band_deg": line.band_deg, "verdict": str(line.verdict), "ids": [e.id for e in line.entries]}


def print_trend(trend: Trend, person: str, test: str) -> None:
    """Print one person's results of one test over time, and when to measure again."""
    if not trend.entries:
        typer.echo(f"No measured {test} test of {printable(person)} is kept.")
        return
    heads = [f"{line.side} {line.measure}" for line in trend.lines]
    table = Table("number", "visit", *heads, title=Text(printable(f"{trend.entries[0].subject}, {test}")))
    for entry in trend.entries:
        cells = (degrees(entry.of(line.side, line.measure) if entry in line.entries else None) for line in trend.lines)
        table.add_row(str(entry.id), entry.visit_date.isoformat(), *cells)
    Console().print(table)
    for line in trend.lines:
        if line.band_deg is not None:
            what = f"{line.side}, {line.measure.label}: {degrees(line.change_deg, '+')} from the first value"
            _say(f"{what} of {degrees(line.first_deg)}, band {_interval(line.band_deg)}: {line.verdict}.")
    for source in dict.fromkeys(line.mdc95_source for line in trend.lines if line.mdc95_source):
        _say(f"The band comes from {source}.")
    _say(*trend.say)


# ----------------------------------------------------------------------------------------------------------- positions


def position_values(sides: Sequence[SideBySide]) -> dict[str, Any]:
    """Return two positions side by side as JSON values.

    Examples
    --------
    >>> sorted(position_values([]))
    ['origin', 'say', 'sides']
    """
    say, origin = positions_say()
    return {
        "sides": [
            {
                "side": str(one.side),
                "where": str(one.where),
                "words": one.where.wording,
                "bent": _position(one.bent),
                "straight": _position(one.straight),
            }
            for one in sides
        ],
        "say": say,
        "origin": origin,
    }


def _position(one: InPosition) -> dict[str, Any]:
    number: Number | None = one.number
    return {
        "test": one.test,
        "end_range_deg": None if number is None else number.value_deg,
        "interval95_deg": None if number is None else number.interval95_deg,
        "against": None if one.against is None else one.against.model_dump(mode="json"),
    }


def print_positions(sides: Sequence[SideBySide]) -> None:
    """Print two positions side by side, each against its own range."""
    tests = (sides[0].bent.test, sides[0].straight.test)
    table = Table("side", *(head for test in tests for head in (test, "its own range")), "turns inwards")
    for one in sides:
        cells = (
            cell
            for position in (one.bent, one.straight)
            for cell in (degrees(_position(position)["end_range_deg"]), _against(position))
        )
        table.add_row(str(one.side), *cells, one.where.wording)
    Console().print(table)
    _say(*positions_say())


def _against(position: InPosition) -> str:
    row = position.against
    if row is None:
        return "–"
    limits = (
        "" if row.low_deg is None or row.high_deg is None else f" {degrees(row.low_deg)} to {degrees(row.high_deg)}"
    )
    return f"{(row.verdict or 'no verdict').replace('_', ' ')}{limits}, {row.label}"
