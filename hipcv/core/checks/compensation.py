"""What else of the body moved with the leg: pelvis, trunk, thigh, or all of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hipcv.core.checks.limits import limit_of
from hipcv.core.finding import FindingCode, Limit
from hipcv.core.motion.angles import AngleSeries
from hipcv.core.motion.filtering import median_of
from hipcv.core.motion.trials import Trial, resting
from hipcv.core.procedure import PelvisCue, Procedure
from hipcv.core.series import BoolArray, FloatArray
from hipcv.words import Motion, Side

#: Compensation began where the movement that passes its limit was still below this share of it.
ONSET_SHARE = 1 / 3


@dataclass(frozen=True, slots=True)
class Compensation:
    """How far one part of the body had moved from rest at the end of a trial, and where that began; degrees.

    Attributes
    ----------
    code : the finding that it makes where it counts.
    moved_deg : pelvis: + = the hip of the tested leg higher; trunk: + = away from the tested leg; thigh: + = outwards;
        body: of both thighs alike, + = towards the tested leg's outer side. NaN where not seen.
    limit : from where on it counts, without sign.
    onset_deg : rotation of the tested leg, in the direction of the trial, when this part began to move; NaN where it
        does not count.
    """

    code: FindingCode
    moved_deg: float
    limit: Limit
    onset_deg: float

    @property
    def counts(self) -> bool:
        """Whether it puts the trial's angle in doubt."""
        return abs(self.moved_deg) > self.limit.value


def find_compensations(
    trial: Trial, angles: AngleSeries, trials: Sequence[Trial], procedure: Procedure
) -> tuple[Compensation, ...]:
    """Return what pelvis, trunk, thigh and body did during a trial, in this order, against the frames at rest.

    A pelvis that shows in the line of the knees does not where a foot swings inwards: the other leg makes way.

    Examples
    --------
    >>> from hipcv.core.procedures import procedure_named
    >>> lean_deg = np.array([0.0, 0.0, 12.0, 12.0, 0.0, 0.0])
    >>> swing_deg = np.array([[0.0, 0.0], [10.0, 0.0], [30.0, 0.0], [30.0, 0.0], [10.0, 0.0], [0.0, 0.0]])
    >>> one, two, lateral = np.zeros(6), np.zeros((6, 2)), np.array([1, -1])
    >>> angles = AngleSeries(np.arange(6.0), two, swing_deg, two, one, lean_deg, two, two, two, one, two, two, lateral)
    >>> trial = Trial(Side.LEFT, 1, 5, 2, 4, 0.0, 30.0, 30.0, 30.0, 0.0)
    >>> moved = find_compensations(trial, angles, [trial], procedure_named("seated"))
    >>> [(c.code.value, c.moved_deg, c.onset_deg) for c in moved if c.counts]
    [('trunk_lean', -12.0, 10.0)]
    """
    end = trial.end_part
    swing = slice(trial.start, end.stop)
    found_there = []
    no_line = procedure.pelvis_from is PelvisCue.KNEES and trial.motion is Motion.EXTERNAL
    for code, moved in _departures_deg(angles, trial.side, resting(len(angles.time_s), trials)).items():
        if no_line and code is FindingCode.PELVIS_HIKE:
            moved = np.full_like(moved, np.nan)
        limit = limit_of(code, procedure, trial.swing_deg)
        moved_deg = median_of(moved[end])
        onset_deg = float("nan")
        if abs(moved_deg) > limit.value:
            began = _began(moved[swing], limit.value)
            onset_deg = trial.motion.sign * float(angles.of(trial.side)[swing][began])
        found_there.append(Compensation(code, moved_deg, limit, onset_deg))
    return tuple(found_there)


def _departures_deg(angles: AngleSeries, side: Side, rest: BoolArray) -> dict[FindingCode, FloatArray]:
    """Return how far each part of the body is from where it rests, (T,) degrees, signed as in `Compensation`."""
    sign = 1.0 if side is Side.LEFT else -1.0

    def moved(values: FloatArray) -> FloatArray:
        return values - median_of(values[rest])

    thigh, other = (moved(angles.thigh_drift_deg[:, s.column]) for s in (side, side.other))
    # one thigh outwards and the other inwards: what they share is a body that turned
    shared = np.copysign(np.minimum(np.abs(thigh), np.abs(other)), thigh)
    return {
        FindingCode.PELVIS_HIKE: sign * moved(angles.pelvic_obliquity_deg),
        FindingCode.TRUNK_LEAN: -sign * moved(angles.trunk_lean_deg),
        FindingCode.THIGH_DRIFT: thigh,
        FindingCode.BODY_TWISTED: np.where(thigh * other >= 0, 0.0, shared),
    }


def _began(moved_deg: FloatArray, limit_deg: float) -> int:
    """Return the frame at which a movement began that passes its limit: the last one before that was near rest."""
    with np.errstate(invalid="ignore"):
        passed = int((np.abs(moved_deg) > limit_deg).argmax())
        near = np.flatnonzero(np.abs(moved_deg[:passed]) <= ONSET_SHARE * limit_deg)
    return int(near[-1]) if len(near) else 0


def onset_deg(moved: Sequence[tuple[Compensation, ...]]) -> float | None:
    """Return the angle at which compensation began, degrees, the mean of the trials that have one; None for none.

    Examples
    --------
    >>> at = Limit(8.0, "°", "")
    >>> leaned = Compensation(FindingCode.TRUNK_LEAN, 12.0, at, 20.0)
    >>> still = Compensation(FindingCode.TRUNK_LEAN, 1.0, at, np.nan)
    >>> onset_deg([(leaned,), (still,)]), onset_deg([(still,)])
    (20.0, None)
    """
    onsets = [[c.onset_deg for c in each if np.isfinite(c.onset_deg)] for each in moved]
    first = [min(each) for each in onsets if each]
    return float(np.mean(first)) if first else None


def usual_compensations(moved: Sequence[tuple[Compensation, ...]]) -> tuple[Compensation, ...]:
    """Return each compensation that counts, as the mean of the trials in which it does.

    Examples
    --------
    >>> at = Limit(8.0, "°", "")
    >>> trials = [(Compensation(FindingCode.TRUNK_LEAN, deg, at, 20.0),) for deg in (10.0, 12.0, 1.0)]
    >>> [(c.code.value, c.moved_deg) for c in usual_compensations(trials)]
    [('trunk_lean', 11.0)]
    """
    usual = []
    for same in zip(*moved, strict=True):
        counting = [c for c in same if c.counts]
        if counting:
            moved_deg = float(np.mean([c.moved_deg for c in counting]))
            began_deg = float(np.mean([c.onset_deg for c in counting]))
            usual.append(replace(counting[0], moved_deg=moved_deg, onset_deg=began_deg))
    return tuple(usual)
