"""Both directions of one hip together: their sum, the total arc, and how much further it turns one way (METHOD R7)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hipcv.core.uncertainty import CENTRAL_95_SD, JOINTS_TERM, READING_TERM, ROLL_TERM, TRIALS_TERM, ErrorTerm


@dataclass(frozen=True, slots=True)
class Arc:
    """One hip from its one end range to the other; degrees.

    Attributes
    ----------
    total_deg, total_interval95_deg : internal plus external rotation, and its 95 % interval.
    balance_deg, balance_interval95_deg : internal less external rotation; None where the camera's roll is not known.
    """

    total_deg: float
    total_interval95_deg: tuple[float, float]
    balance_deg: float | None
    balance_interval95_deg: tuple[float, float] | None


def find_arc(
    ends_deg: tuple[float, float], terms: tuple[Sequence[ErrorTerm], Sequence[ErrorTerm]], *, roll_known: bool
) -> Arc:
    """Return what internal and external rotation of one hip make together.

    Where zero lies is the error of a camera's roll and of where the leg's joints are: it gives the one direction what
    it takes from the other, cancels in the sum and counts twice in the difference. How far the two readings scatter,
    and their trials, is independent. What else the camera, a knee or a thigh does may push both alike or opposite ways,
    and is taken at its worst.

    Parameters
    ----------
    ends_deg : internal and external rotation at end range.
    terms : the error terms of each.
    roll_known : whether the camera's roll is.

    Examples
    --------
    >>> terms = [ErrorTerm(ROLL_TERM, 5.0), ErrorTerm(JOINTS_TERM, 1.5), ErrorTerm(READING_TERM, 1.0)]
    >>> arc = find_arc((40.0, 30.0), (terms, terms), roll_known=False)
    >>> arc.total_deg, [round(end, 1) for end in arc.total_interval95_deg], arc.balance_deg
    (70.0, [67.2, 72.8], None)
    >>> arc = find_arc((40.0, 30.0), (terms, terms), roll_known=True)
    >>> arc.balance_deg, [round(end, 1) for end in arc.balance_interval95_deg]
    (10.0, [-10.6, 30.6])
    """
    inner_deg, outer_deg = ends_deg
    balance_deg = inner_deg - outer_deg if roll_known else None
    return Arc(
        total_deg=inner_deg + outer_deg,
        total_interval95_deg=_interval(inner_deg + outer_deg, terms, lambda one, other: one - other),
        balance_deg=balance_deg,
        balance_interval95_deg=None
        if balance_deg is None
        else _interval(balance_deg, terms, lambda one, other: one + other),
    )


def _interval(
    value_deg: float,
    terms: tuple[Sequence[ErrorTerm], Sequence[ErrorTerm]],
    of_zero: Callable[[float, float], float],
) -> tuple[float, float]:
    """Return the 95 % interval of a value; `of_zero` says what two standard errors of the zero make together."""
    inner, outer = ({term.source: term.se_deg for term in each} for each in terms)
    shares_deg = []
    for source in {**inner, **outer}:
        one, other = inner.get(source, 0.0), outer.get(source, 0.0)
        if source in (ROLL_TERM, JOINTS_TERM):
            shares_deg.append(of_zero(one, other))
        elif source.startswith((TRIALS_TERM, READING_TERM)):
            shares_deg.append(float(np.hypot(one, other)))
        else:
            shares_deg.append(one + other)
    half_deg = CENTRAL_95_SD * float(np.sqrt(np.square(shares_deg).sum()))
    return value_deg - half_deg, value_deg + half_deg
