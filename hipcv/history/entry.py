"""What is known of a kept assessment in short: whose, of which day, and its numbers, motion by motion."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from hipcv.outputs.document import AssessmentDocument
from hipcv.words import SIDES, Measure, Motion, Side


def past_day(day: date) -> date:
    """Return a day on which something can have been recorded; ValueError for one that is still to come.

    Examples
    --------
    >>> past_day(date(2026, 1, 1)).year
    2026
    """
    if day > datetime.now(UTC).date() + timedelta(days=1):
        raise ValueError(f"wanted the day of a recording, found {day.isoformat()}, which is still to come")
    return day


class Origin(StrEnum):
    """How an assessment came to be kept."""

    FILE = "file"
    UPLOAD = "upload"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Number:
    """An angle in degrees with its 95 % interval; None where it has none."""

    value_deg: float
    interval95_deg: tuple[float, float] | None = None


Numbers = Mapping[Side, Mapping[Measure, Number]]


def numbers_of(document: AssessmentDocument) -> dict[Side, dict[Measure, Number]]:
    """Return every number of a document; a side or measure without one is left out.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> from hipcv.outputs.document.render import make_document
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> numbers_of(make_document(assess(empty, Setup())))
    {<Side.LEFT: 'left'>: {}, <Side.RIGHT: 'right'>: {}}
    """
    found: dict[Side, dict[Measure, Number]] = {}
    for side in SIDES:
        arc, numbers = document.arc_of(side), {}
        for motion in Motion:
            result = document.of(side, motion)
            if result is not None and result.end_range_deg is not None:
                numbers[Measure(motion)] = Number(result.end_range_deg, result.interval95_deg)
        if arc is not None and arc.total_deg is not None:
            numbers[Measure.ARC] = Number(arc.total_deg, arc.total_interval95_deg)
        found[side] = numbers
    return found


def pack_numbers(numbers: Numbers) -> str:
    """Return numbers as JSON, an angle and its interval as a list of three.

    Examples
    --------
    >>> packed = pack_numbers({Side.LEFT: {Measure.ARC: Number(70.0, (67.0, 73.0)), Measure.INTERNAL: Number(40.0)}})
    >>> packed, unpack_numbers(packed)[Side.LEFT][Measure.INTERNAL]
    ('{"left":{"arc":[70.0,67.0,73.0],"internal":[40.0,null,null]}}', Number(value_deg=40.0, interval95_deg=None))
    """
    packed = {
        str(side): {
            str(measure): [number.value_deg, *(number.interval95_deg or (None, None))]
            for measure, number in measures.items()
        }
        for side, measures in numbers.items()
    }
    return json.dumps(packed, separators=(",", ":"), allow_nan=False)


@lru_cache(maxsize=1024)
def unpack_numbers(packed: str) -> Numbers:
    """Return the numbers that `pack_numbers` packed.

    Examples
    --------
    >>> unpack_numbers('{"right":{"external":[30.0,27.0,33.0]}}')[Side.RIGHT]
    {<Measure.EXTERNAL: 'external'>: Number(value_deg=30.0, interval95_deg=(27.0, 33.0))}
    """
    return {
        Side(side): {
            Measure(measure): Number(value, None if low is None else (low, high))
            for measure, (value, low, high) in measures.items()
        }
        for side, measures in json.loads(packed).items()
    }


@dataclass(frozen=True, slots=True)
class Entry:
    """One kept assessment in short, as its newest version says, or an earlier one.

    Attributes
    ----------
    id : the number that people use; a correction keeps it and has another `version`.
    token : the same for machines, which nobody can guess.
    subject : the person, a name or a code; None while nobody said.
    packed : its numbers as `pack_numbers` packs them: a list of thousands unpacks those that are looked at.
    visit_date : the day of the recording.
    recorded_at : the time of the recording where it is known for sure, as in a live test.
    effort, legs : who moved the leg and which legs moved at once; None where nobody said.
    """

    id: int
    subject: str | None
    visit_date: date
    kept_at: datetime
    test: str
    status: str
    packed: str = "{}"
    effort: str | None = None
    legs: str | None = None
    origin: Origin = Origin.FILE
    token: str = ""
    version: int = 1
    recorded_at: datetime | None = None

    @property
    def numbers(self) -> Numbers:
        """Every number that it has."""
        return unpack_numbers(self.packed)

    def number(self, side: Side, measure: Measure = Measure.INTERNAL) -> Number | None:
        """Return one number; None where there is none.

        Examples
        --------
        >>> Entry(1, "S01", date(2025, 1, 1), datetime(2025, 1, 1), "seated", "measured").number(Side.LEFT) is None
        True
        """
        return self.numbers.get(side, {}).get(measure)

    def of(self, side: Side, measure: Measure = Measure.INTERNAL) -> float | None:
        """Return an end range, or the total arc, in degrees; None where there is none.

        Examples
        --------
        >>> packed = pack_numbers({Side.LEFT: {Measure.INTERNAL: Number(31.0)}})
        >>> entry = Entry(1, "S01", date(2025, 1, 1), datetime(2025, 1, 1), "seated", "measured", packed)
        >>> entry.of(Side.LEFT), entry.of(Side.RIGHT), entry.of(Side.LEFT, Measure.ARC)
        (31.0, None, None)
        """
        number = self.number(side, measure)
        return None if number is None else number.value_deg

    @property
    def measures(self) -> list[Measure]:
        """What has a number on any side."""
        return [measure for measure in Measure if any(measure in numbers for numbers in self.numbers.values())]


@dataclass(frozen=True, slots=True)
class Kept:
    """One kept assessment with its whole document."""

    entry: Entry
    document: dict[str, Any]
