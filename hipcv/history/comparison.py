"""What changed between two assessments of one person's hips, and whether it is more than error (METHOD R5)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from hipcv.core.errors import HistoryError
from hipcv.core.finding import Severity
from hipcv.core.uncertainty import JOINTS_SE_DEG, JOINTS_TERM, ErrorTerm, change_mdc95_deg
from hipcv.evidence.measurement_error import MeasurementError, fallback_error, published_errors
from hipcv.history.entry import Entry, Kept, Number, numbers_of
from hipcv.history.person import same_person
from hipcv.history.view import same_view
from hipcv.outputs.document import AssessmentDocument, read_document
from hipcv.outputs.document.definition import ResultPart
from hipcv.words import SIDES, Measure, Motion, Side

#: Two recordings are of one sitting when they are no further apart than this; a rule of the product, without a source.
SITTING = timedelta(hours=2)

#: What a smallest detectable change of our own is made of, and what of it depends on where the camera stood.
OWN_SOURCE = "the trials and the error terms of both measurements"
ARC_SOURCE = "the intervals of both total arcs"
SAME_VIEW = "; the camera saw the leg from the same side, so where its joints are does not count"
OTHER_VIEW = "; the camera may have seen another side of the leg, so where its joints are counts twice"


class Spacing(StrEnum):
    """How far apart two assessments are, which decides what counts as error between them."""

    ONE_SITTING = "within one sitting"
    BETWEEN_DAYS = "between days"


class Change(StrEnum):
    """What a difference between two assessments amounts to."""

    INCREASED = "increased"
    DECREASED = "decreased"
    NOT_DETECTED = "no change detected"
    UNKNOWN = "not measured twice"


@dataclass(frozen=True, slots=True)
class SideChange:
    """Change of one hip, later less earlier, in degrees; None where a side was not measured twice.

    `mdc95_source` says where the smallest detectable change comes from, and what to think of one that is smaller than
    any that was published of people measured by hand.
    """

    side: Side
    earlier_deg: float | None
    later_deg: float | None
    change_deg: float | None
    mdc95_deg: float | None
    mdc95_source: str
    verdict: Change
    measure: Measure = Measure.INTERNAL


@dataclass(frozen=True, slots=True)
class Changes:
    """Two kept assessments of one person in the order of their visits; what changed, left and right by measures."""

    earlier: Kept
    later: Kept
    spacing: Spacing
    sides: tuple[SideChange, ...]


def spacing_of(one: datetime | None, other: datetime | None) -> Spacing:
    """Return how far apart two recordings are; None is a time that nobody knows, and then days may lie between.

    Examples
    --------
    >>> spacing_of(datetime(2025, 1, 1, 9), datetime(2025, 1, 1, 10)), spacing_of(datetime(2025, 1, 1, 9), None)
    (<Spacing.ONE_SITTING: 'within one sitting'>, <Spacing.BETWEEN_DAYS: 'between days'>)
    """
    if one is None or other is None or abs(one - other) > SITTING:
        return Spacing.BETWEEN_DAYS
    return Spacing.ONE_SITTING


def compare_kept(one: Kept, other: Kept, *, one_sitting: bool = False) -> Changes:
    """Compare two kept assessments of one person, the earlier visit first whichever comes first here.

    Parameters
    ----------
    one_sitting : whether both were recorded in one sitting, at most 2 hours apart: of recordings the history knows
        days, no hours, so somebody has to say it; else days may lie between, but for live tests.

    Raises
    ------
    HistoryError
        Where they are of two persons, of two tests, efforts or numbers of legs at once, or of two days that are said to
        be one sitting.

    Examples
    --------
    >>> from datetime import UTC, date
    >>> def kept(subject):
    ...     entry = Entry(1, subject, date(2025, 1, 1), datetime.now(UTC), "seated", "measured")
    ...     return Kept(entry, {})
    >>> compare_kept(kept("S01"), kept("S02"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    hipcv.core.errors.HistoryError: Wanted two assessments of one person, found S01 and S02: ...
    """
    require_one_person(one.entry, other.entry)
    earlier, later = sorted((one, other), key=lambda kept: kept.entry.visit_date)
    days = earlier.entry.visit_date.isoformat(), later.entry.visit_date.isoformat()
    if one_sitting and days[0] != days[1]:
        raise HistoryError(f"Wanted two assessments of one sitting, found {days[0]} and {days[1]}: leave that out.")
    known = spacing_of(earlier.entry.recorded_at, later.entry.recorded_at)
    spacing = Spacing.ONE_SITTING if one_sitting else known
    both = [measure for measure in Measure if measure in {*earlier.entry.measures, *later.entry.measures}]
    changes = (
        compare_documents(earlier.document, later.document, spacing, measure) for measure in both or [Measure.INTERNAL]
    )
    return Changes(earlier, later, spacing, tuple(change for pair in changes for change in pair))


def require_one_person(one: Entry, other: Entry) -> None:
    """Refuse two assessments that are not of one person.

    Raises
    ------
    HistoryError
        Where they are of two, or nobody said of whom one is.

    Examples
    --------
    >>> from datetime import UTC, date
    >>> anna, nobody = (
    ...     Entry(1, name, date(2025, 1, 1), datetime.now(UTC), "seated", "measured") for name in ("Anna", None)
    ... )
    >>> require_one_person(anna, anna)
    >>> require_one_person(anna, nobody)
    Traceback (most recent call last):
        ...
    hipcv.core.errors.HistoryError: Wanted two assessments of one person, found one that is nobody's: say whose it is.
    """
    names = one.subject, other.subject
    if None in names:
        raise HistoryError("Wanted two assessments of one person, found one that is nobody's: say whose it is.")
    if not same_person(*names):
        raise HistoryError(
            f"Wanted two assessments of one person, found {names[0]} and {names[1]}: "
            "a change exists within one person only, choose two of the same."
        )


def compare_documents(
    earlier: Mapping[str, Any],
    later: Mapping[str, Any],
    spacing: Spacing = Spacing.BETWEEN_DAYS,
    measure: Measure = Measure.INTERNAL,
) -> tuple[SideChange, SideChange]:
    """Compare two assessments of one person, side by side.

    Within one sitting the smallest detectable change (MDC95) is 1.96 times the root of the summed variances of reading
    (the error terms) and of the person's own trials, both times, taken as independent. Where the camera saw the legs
    from the same side both times (`history.view`), where a leg's joints are cancels. Between days it does not, and the
    MDC95 is never less than people measured by hand scatter from day to day, for an interval of one clip knows nothing
    of that: 9° with three trials without a doubt both times, else 11° (`evidence.measurement_error`), which were
    published of both directions. The total arc is two of them: its MDC95 is that of its own intervals, and between days
    never less than √2 times that of one direction, the two taken as independent.

    Parameters
    ----------
    earlier, later : documents of assessments; who they are of is the caller's to know.
    spacing : whether days may lie between them.
    measure : what of them is compared.

    Returns
    -------
    Left and right; a change below the MDC95 is "no change detected".

    Raises
    ------
    HistoryError
        Where one is no such document, they are of different tests, or one is active and one passive, or one of one leg
        and one of both legs at once: these ranges are not the same measure.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> from hipcv.outputs.document import render_document
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> unmeasured = render_document(assess(empty, Setup()))
    >>> left, right = compare_documents(unmeasured, unmeasured)
    >>> left.verdict, left.change_deg
    (<Change.UNKNOWN: 'not measured twice'>, None)
    """
    first, second = read_document(earlier), read_document(later)
    for about, one, other, why in (
        ("test", first.test, second.test, "the two positions give different ranges"),
        ("effort", first.effort, second.effort, "these are two measures, not one"),
        ("number of legs at once", first.legs, second.legs, "these are two measures, not one"),
    ):
        if one != other and None not in (one, other):  # nobody said how many legs: they may be the same
            raise HistoryError(f"Wanted two assessments of the same {about}, found {one} and {other}: {why}.")
    left, right = (_compare_side(side, measure, first, second, spacing) for side in SIDES)
    return left, right


def _compare_side(
    side: Side, measure: Measure, earlier: AssessmentDocument, later: AssessmentDocument, spacing: Spacing
) -> SideChange:
    first, second = (numbers_of(document)[side].get(measure) for document in (earlier, later))
    if first is None or second is None:
        earlier_deg, later_deg = (None if number is None else number.value_deg for number in (first, second))
        return SideChange(side, earlier_deg, later_deg, None, None, "", Change.UNKNOWN, measure)
    change = second.value_deg - first.value_deg
    if measure is Measure.ARC:
        mdc95, source = _arc_mdc95(side, (earlier, later), (first, second), spacing)
    else:
        mdc95, source = _mdc95(side, Motion(measure), earlier, later, spacing)
    moved = Change.INCREASED if change > 0 else Change.DECREASED
    verdict = Change.NOT_DETECTED if abs(change) < mdc95 else moved
    return SideChange(side, first.value_deg, second.value_deg, change, mdc95, source, verdict, measure)


def _mdc95(
    side: Side, motion: Motion, earlier: AssessmentDocument, later: AssessmentDocument, spacing: Spacing
) -> tuple[float, str]:
    by_hand = _by_hand(side, motion, earlier, later)
    published = f"people measured by hand on two days: {by_hand.citation}"
    one, other = _result(side, motion, earlier), _result(side, motion, later)
    if one.interval95_deg is None or other.interval95_deg is None:
        return by_hand.mdc95_deg, published
    one_sitting = spacing is Spacing.ONE_SITTING
    alike = one_sitting and same_view(earlier, later)
    own = change_mdc95_deg((_terms(one), _terms(other)), (_counting_deg(one), _counting_deg(other)), same_view=alike)
    if not one_sitting:
        return max((by_hand.mdc95_deg, published), (own, OWN_SOURCE))
    return own, OWN_SOURCE + (SAME_VIEW if alike else OTHER_VIEW) + _against_by_hand(own)


def _arc_mdc95(
    side: Side,
    documents: tuple[AssessmentDocument, AssessmentDocument],
    numbers: tuple[Number, Number],
    spacing: Spacing,
) -> tuple[float, str]:
    """Return the smallest detectable change of a total arc: of its intervals, and of two directions by hand."""
    halves = [(high - low) / 2 for low, high in (n.interval95_deg for n in numbers if n.interval95_deg is not None)]
    own = math.hypot(*halves) if len(halves) == len(numbers) else 0.0
    if spacing is Spacing.ONE_SITTING and own:
        return own, ARC_SOURCE
    worst = max((_by_hand(side, motion, *documents) for motion in Motion), key=lambda error: error.sem_deg)
    published = f"people measured by hand on two days, twice, for an arc is two angles: {worst.citation}"
    return max((math.sqrt(2) * worst.mdc95_deg, published), (own, ARC_SOURCE))


def _result(side: Side, motion: Motion, document: AssessmentDocument) -> ResultPart:
    result = document.of(side, motion)
    assert result is not None  # it has a number
    return result


def _against_by_hand(own_deg: float) -> str:
    """Return what to think of a smallest detectable change that is smaller than any published one; else nothing."""
    best = published_errors()[0]
    if own_deg >= best.mdc95_deg:
        return ""
    return (
        f"; it is smaller than the best that is published of people measured by hand ({best.mdc95_deg:.1f}°, "
        f"{best.citation}), and not yet checked on people"
    )


def _terms(result: ResultPart) -> list[ErrorTerm]:
    """Return a side's error terms; an older document does not count where the joints are, so it is added."""
    terms = [ErrorTerm(term.source, term.se_deg) for term in result.error_terms if term.se_deg is not None]
    known = any(term.source == JOINTS_TERM for term in terms)
    return terms if known else [*terms, ErrorTerm(JOINTS_TERM, JOINTS_SE_DEG)]


def _counting_deg(result: ResultPart) -> list[float]:
    """Return the end ranges of a side's trials that count."""
    return [t.end_range_deg for t in result.trials if t.accepted and t.end_range_deg is not None]


def _by_hand(side: Side, motion: Motion, earlier: AssessmentDocument, later: AssessmentDocument) -> MeasurementError:
    both = earlier, later
    n_trials = min(_result(side, motion, document).n_accepted for document in both)
    return fallback_error(n_trials, doubtful=any(_doubtful(document, side, motion) for document in both))


def _doubtful(document: AssessmentDocument, side: Side, motion: Motion) -> bool:
    """Whether any finding casts a doubt on one motion of a side; what spoils the other one does not."""
    found = (finding for finding in document.findings_of(side) if finding.motion in (None, motion))
    return any(finding.severity != Severity.NOTE for finding in found)
