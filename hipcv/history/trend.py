"""One person's results of one test over time (METHOD R5): every measure apart, from a first value on, no target."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hipcv.evidence.progress import baseline_days, baseline_words, next_visit, next_words
from hipcv.history.comparison import Change, SideChange, Spacing, compare_documents, spacing_of
from hipcv.history.entry import Entry
from hipcv.history.store import History
from hipcv.words import SIDES, Measure, Side

#: Where the document of an assessment is read.
Reads = Callable[[Entry], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Line:
    """One measure of one hip over time, of tests that were done in the way of the last; degrees.

    Attributes
    ----------
    entries : the assessments that have this number, oldest first.
    n_baselines : how many of the first ones make the first value: one, or two of two days.
    first_deg : the first value, the mean of the baselines.
    mdc95_deg : how far the newest must be from it to be a change; None where there is only one.
    mdc95_source, spacing : what that comes from, and whether days lie between.
    change_deg, verdict : the newest less the first value, and what it amounts to.
    """

    side: Side
    measure: Measure
    entries: tuple[Entry, ...]
    n_baselines: int
    first_deg: float
    change_deg: float | None = None
    mdc95_deg: float | None = None
    mdc95_source: str = ""
    spacing: Spacing = Spacing.BETWEEN_DAYS
    verdict: Change = Change.UNKNOWN

    @property
    def band_deg(self) -> tuple[float, float] | None:
        """Within these two no change can be told; None where there is only one value."""
        return None if self.mdc95_deg is None else (self.first_deg - self.mdc95_deg, self.first_deg + self.mdc95_deg)


@dataclass(frozen=True, slots=True)
class Trend:
    """One person's measured tests of one kind, oldest first, and a line for every side and measure in them."""

    entries: tuple[Entry, ...]
    lines: tuple[Line, ...]

    @property
    def next_date(self) -> date | None:
        """When to measure again; None where nothing was measured."""
        return next_visit(self.entries[-1].visit_date) if self.entries else None

    @property
    def say(self) -> tuple[str, ...]:
        """What to know beside the lines, and when to measure again, in sentences; none where nothing was measured."""
        if self.next_date is None:
            return ()
        n_baselines = max(line.n_baselines for line in self.lines)
        band = any(line.band_deg for line in self.lines)
        return *baseline_words(n_baselines, band=band), next_words(self.next_date)

    def line(self, side: Side, measure: Measure = Measure.INTERNAL) -> Line | None:
        """Return one line; None where there is none.

        Examples
        --------
        >>> Trend((), ()).line(Side.LEFT) is None
        True
        """
        return next((line for line in self.lines if (line.side, line.measure) == (side, measure)), None)


def find_trend(history: History, subject: str, test: str) -> Trend:
    """Return one person's results of one test over time.

    Examples
    --------
    >>> from hipcv.history.store import open_history
    >>> with open_history("sqlite://") as history:
    ...     find_trend(history, "Anna", "seated")
    Trend(entries=(), lines=())
    """
    return trend_of(history.list(subject, test=test), lambda entry: history.get(entry.id).document)


def trend_of(entries: Sequence[Entry], document_of: Reads) -> Trend:
    """Return the trend of kept assessments of one person and one test.

    Parameters
    ----------
    entries : in the order of visits; those without a number are left out.
    document_of : reads a document; only those at the ends of a line are asked for.

    Examples
    --------
    >>> trend_of([], lambda entry: {}).next_date is None
    True
    """
    measured = tuple(entry for entry in entries if entry.measures)
    read: dict[int, Mapping[str, Any]] = {}

    def reading(entry: Entry) -> Mapping[str, Any]:
        if entry.id not in read:
            read[entry.id] = document_of(entry)
        return read[entry.id]

    lines = (_line(side, measure, measured, reading) for measure in Measure for side in SIDES)
    return Trend(measured, tuple(line for line in lines if line is not None))


def _line(side: Side, measure: Measure, entries: Sequence[Entry], document_of: Reads) -> Line | None:
    known = [entry for entry in entries if entry.of(side, measure) is not None]
    alike = tuple(entry for entry in known if _done_alike(entry, known[-1]))
    if not alike:
        return None
    baselines = _baselines(alike)
    first = sum(entry.of(side, measure) or 0.0 for entry in baselines) / len(baselines)
    line = Line(side, measure, alike, len(baselines), first)
    if len(alike) == 1:
        return line
    last = alike[-1]
    widest, spacing = max(
        (_change(side, measure, entry, last, document_of) for entry in baselines),
        key=lambda found: found[0].mdc95_deg or 0.0,
    )
    mdc95, change = widest.mdc95_deg, (last.of(side, measure) or 0.0) - first
    if mdc95 is None:
        return line
    moved = Change.INCREASED if change > 0 else Change.DECREASED
    verdict = Change.NOT_DETECTED if abs(change) < mdc95 else moved
    return Line(side, measure, alike, len(baselines), first, change, mdc95, widest.mdc95_source, spacing, verdict)


def _baselines(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return what the first value is made of: the first visit, and one soon after it on another day.

    The newest is none: it is held against the first.
    """
    first, rest = entries[0], entries[1:-1]
    soon = (entry for entry in rest if first.visit_date < entry.visit_date <= first.visit_date + baseline_days())
    second = next(soon, None)
    return [first] if second is None else [first, second]


def _change(
    side: Side, measure: Measure, earlier: Entry, later: Entry, document_of: Reads
) -> tuple[SideChange, Spacing]:
    spacing = spacing_of(earlier.recorded_at, later.recorded_at)
    changes = compare_documents(document_of(earlier), document_of(later), spacing, measure)
    return changes[side.column], spacing


def _done_alike(one: Entry, other: Entry) -> bool:
    """Whether the leg was moved in one way, and not one leg here and both there, as far as anybody said."""
    return one.effort == other.effort and (one.legs == other.legs or None in (one.legs, other.legs))
