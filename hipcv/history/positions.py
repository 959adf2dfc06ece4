"""A bent and a straight hip of one person side by side, each position against its own ranges."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hipcv.core.errors import HistoryError
from hipcv.evidence.exercises import Reading
from hipcv.evidence.progress import Where, where_less
from hipcv.history.entry import Number, numbers_of
from hipcv.outputs.document import AssessmentDocument, read_document, read_setup
from hipcv.outputs.document.definition import ComparisonPart
from hipcv.outputs.plan import reading_of
from hipcv.words import SIDES, Measure, Motion, Side


@dataclass(frozen=True, slots=True)
class InPosition:
    """Internal rotation of one hip in one position, and the range it is held against; None where there is none."""

    test: str
    number: Number | None
    against: ComparisonPart | None


@dataclass(frozen=True, slots=True)
class SideBySide:
    """One hip in two positions, the bent one first, and in which of them it turns less."""

    side: Side
    bent: InPosition
    straight: InPosition
    where: Where


def are_two_positions(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two documents are of a bent and of a straight hip.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.procedures import procedure_named
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> from hipcv.outputs.document import render_document
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> seated, prone = (render_document(assess(empty, Setup(procedure_named(test)))) for test in ("seated", "prone"))
    >>> are_two_positions(seated, prone), are_two_positions(seated, seated)
    (True, False)
    """
    bent = [_read(document)[1].bent for document in (one, other)]
    return bent[0] != bent[1]


def side_by_side(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[SideBySide, SideBySide]:
    """Hold two positions of one person side by side, each against its own ranges; left and right.

    Their degrees are never taken from each other: they are two measures.

    Parameters
    ----------
    one, other : documents of a bent and of a straight hip, in any order; who they are of is the caller's to know.

    Raises
    ------
    HistoryError
        Where both are of a bent hip, or both of a straight one.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.procedures import procedure_named
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> from hipcv.outputs.document import render_document
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> seated, prone = (render_document(assess(empty, Setup(procedure_named(test)))) for test in ("seated", "prone"))
    >>> left, right = side_by_side(prone, seated)
    >>> left.bent.test, left.straight.test, left.where.value
    ('seated', 'prone', 'unknown')
    """
    read = sorted((_read(document) for document in (one, other)), key=lambda found: not found[1].bent)
    (bent, bent_shows), (straight, straight_shows) = read
    if bent_shows.bent == straight_shows.bent:
        raise HistoryError(
            f"Wanted a test of a bent and one of a straight hip, found {bent.test} and {straight.test}: these show the "
            "hip in one position."
        )
    left, right = (
        SideBySide(side, _of(bent, side), _of(straight, side), where_less(bent_shows, straight_shows, side))
        for side in SIDES
    )
    return left, right


def _read(values: Mapping[str, Any]) -> tuple[AssessmentDocument, Reading]:
    document, setup = read_document(values), read_setup(values)
    return document, reading_of(document, setup.procedure, setup.effort)


def _of(document: AssessmentDocument, side: Side) -> InPosition:
    result = document.of(side, Motion.INTERNAL)
    ranges = () if result is None else result.reference
    against = next((row for row in ranges if row.verdict), ranges[0] if ranges else None)
    return InPosition(document.test, numbers_of(document)[side].get(Measure.INTERNAL), against)
