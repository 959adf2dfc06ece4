"""What is said of one person's results over time, and of two positions held side by side.

The words and the two rules live in `data/progress.toml`.
"""

import tomllib
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from hipcv.evidence.exercises import Reading
from hipcv.words import Side


class Where(StrEnum):
    """In which position one hip turns less, each against its own range."""

    BENT = "bent"
    STRAIGHT = "straight"
    ALIKE = "alike"
    UNKNOWN = "unknown"

    @property
    def wording(self) -> str:
        """The same in words that name no tissue.

        Examples
        --------
        >>> Where.BENT.wording
        'less in the bent hip'
        """
        return str(_words()["positions"][self])


def where_less(bent: Reading, straight: Reading, side: Side) -> Where:
    """Return in which of two positions a hip turns less, each against its own range.

    A side that no range judges, or a test that is to be repeated, tells nothing.

    Parameters
    ----------
    bent, straight : what the two tests show.

    Examples
    --------
    >>> seated = Reading(90, low=frozenset({Side.LEFT}), judged=frozenset(Side))
    >>> prone = Reading(0, judged=frozenset({Side.LEFT}))
    >>> where_less(seated, prone, Side.LEFT), where_less(seated, prone, Side.RIGHT)
    (<Where.BENT: 'bent'>, <Where.UNKNOWN: 'unknown'>)
    """
    if any(side not in reading.judged or reading.doubtful for reading in (bent, straight)):
        return Where.UNKNOWN
    if (side in bent.low) == (side in straight.low):
        return Where.ALIKE
    return Where.BENT if side in bent.low else Where.STRAIGHT


def positions_say() -> tuple[str, str]:
    """Return what to make of two positions side by side, and where that comes from.

    Examples
    --------
    >>> "which tissue holds" in positions_say()[0]
    True
    """
    words = _words()["positions"]
    return words["say"], words["origin"]


def baseline_days() -> timedelta:
    """Return within which time a second visit still counts as a baseline.

    Examples
    --------
    >>> baseline_days().days
    14
    """
    return timedelta(days=_words()["baseline"]["days"])


def baseline_words(n_baselines: int, *, band: bool) -> tuple[str, ...]:
    """Return what to say beside a first value of one day, or of two, with a band about it or without.

    Examples
    --------
    >>> baseline_words(2, band=True)[0]
    'The first value is the mean of two days.'
    """
    words = _words()["baseline"]
    first = words["two" if n_baselines > 1 else "one"]
    return (first, words["band"], words["origin"]) if band else (first, words["origin"])


def next_visit(last: date) -> date:
    """Return when to measure again.

    Examples
    --------
    >>> next_visit(date(2026, 3, 1))
    datetime.date(2026, 3, 29)
    """
    return last + timedelta(days=_words()["next"]["days"])


def next_words(day: date) -> str:
    """Return the sentence about the next visit.

    Examples
    --------
    >>> next_words(date(2026, 3, 29))[:27]
    'Measure again on 2026-03-29'
    """
    return str(_words()["next"]["say"]).format(day=day.isoformat())


def calendar_words() -> tuple[str, str]:
    """Return title and text of the calendar's entry: nobody is named in it, for calendars are shared.

    Examples
    --------
    >>> calendar_words()[0]
    'Measure hip rotation again'
    """
    words = _words()["next"]
    return words["title"], words["text"]


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(files("hipcv.evidence").joinpath("data/progress.toml").read_text("utf-8"))
