"""What changed between two assessments of one hip, and whether it is more than measurement error."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import hypot
from typing import Any

from hipcv.core.errors import HistoryError
from hipcv.core.landmarks import SIDES, Side
from hipcv.core.quality import Severity
from hipcv.evidence.measurement_error import fallback_error


class Change(StrEnum):
    """What a difference between two assessments amounts to."""

    INCREASED = "increased"
    DECREASED = "decreased"
    NOT_DETECTED = "no change detected"
    UNKNOWN = "not measured twice"


@dataclass(frozen=True, slots=True)
class SideChange:
    """Change of one hip, later less earlier, in degrees; None where a side was not measured twice.

    `mdc95_source` says where the smallest detectable change comes from.
    """

    side: Side
    earlier_deg: float | None
    later_deg: float | None
    change_deg: float | None
    mdc95_deg: float | None
    mdc95_source: str
    verdict: Change


def compare_documents(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> tuple[SideChange, SideChange]:
    """Compare two assessments of one subject, side by side.

    The smallest detectable change (MDC95) is the root of the summed squares of the two 95 % half-widths: both carry
    their own error, taken as independent. Where an interval is missing, the published fallback holds.

    Parameters
    ----------
    earlier, later : documents of schema `hipcv.assessment/1`.

    Returns
    -------
    Left and right; a change below the MDC95 is "no change detected".

    Raises
    ------
    HistoryError
        Where they are of different tests: seated and prone ranges are not the same measure.
    """
    if earlier["test"] != later["test"]:
        raise HistoryError(
            f"Wanted two assessments of the same test, found {earlier['test']} and {later['test']}: "
            "the two positions give different ranges."
        )
    left, right = (_compare_side(side, earlier, later) for side in SIDES)
    return left, right


def _compare_side(side: Side, earlier: Mapping[str, Any], later: Mapping[str, Any]) -> SideChange:
    before, after = earlier["sides"][side], later["sides"][side]
    first, second = before["end_range_deg"], after["end_range_deg"]
    if first is None or second is None:
        return SideChange(side, first, second, None, None, "", Change.UNKNOWN)
    change = second - first
    mdc95, source = _mdc95(side, earlier, later)
    moved = Change.INCREASED if change > 0 else Change.DECREASED
    verdict = Change.NOT_DETECTED if abs(change) < mdc95 else moved
    return SideChange(side, first, second, change, mdc95, source, verdict)


def _mdc95(side: Side, earlier: Mapping[str, Any], later: Mapping[str, Any]) -> tuple[float, str]:
    intervals = [document["sides"][side]["interval95_deg"] for document in (earlier, later)]
    if all(interval is not None for interval in intervals):
        return hypot(*((high - low) / 2 for low, high in intervals)), "the intervals of both measurements"
    n_trials = min(sum(t["accepted"] for t in d["sides"][side]["trials"]) for d in (earlier, later))
    fallback = fallback_error(n_trials, doubtful=any(_doubtful(d, side) for d in (earlier, later)))
    return fallback.mdc95_deg, fallback.citation


def _doubtful(document: Mapping[str, Any], side: Side) -> bool:
    return any(f["severity"] != Severity.NOTE for f in document["findings"] if f["side"] in (None, side))
