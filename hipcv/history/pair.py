"""Test, one thing, test again: what a pair of tests within one sitting shows, or the mean of several pairs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hipcv.history.comparison import Change, SideChange, Spacing, compare_documents
from hipcv.words import SIDES, Side

#: A document before and one after.
Pair = tuple[Mapping[str, Any], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class PairChange:
    """Mean change of one hip over one or more pairs, after less before, in degrees; None where no pair has both.

    `mdc95_deg` is the smallest mean change that is more than error: that of each pair, taken as independent.
    """

    side: Side
    n_pairs: int
    change_deg: float | None
    mdc95_deg: float | None
    verdict: Change


def judge_pairs(pairs: Sequence[Pair], spacing: Spacing = Spacing.ONE_SITTING) -> tuple[PairChange, PairChange]:
    """Return what changed from before to after, left and right, judged within the sitting where nobody says otherwise.

    Raises
    ------
    HistoryError
        Where the two of a pair cannot be compared (`compare_documents`).

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> from hipcv.outputs.document import render_document
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> unmeasured = render_document(assess(empty, Setup()))
    >>> judge_pairs([(unmeasured, unmeasured)])[0].verdict
    <Change.UNKNOWN: 'not measured twice'>
    """
    compared = [compare_documents(before, after, spacing) for before, after in pairs]
    left, right = (_mean(side, [each[side.column] for each in compared]) for side in SIDES)
    return left, right


def _mean(side: Side, changes: Sequence[SideChange]) -> PairChange:
    known = [(c.change_deg, c.mdc95_deg) for c in changes if c.change_deg is not None and c.mdc95_deg is not None]
    if not known:
        return PairChange(side, 0, None, None, Change.UNKNOWN)
    mean = sum(change for change, _ in known) / len(known)
    mdc95 = math.sqrt(sum(mdc**2 for _, mdc in known)) / len(known)
    moved = Change.INCREASED if mean > 0 else Change.DECREASED
    return PairChange(side, len(known), mean, mdc95, Change.NOT_DETECTED if abs(mean) < mdc95 else moved)
