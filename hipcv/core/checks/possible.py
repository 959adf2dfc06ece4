"""What no hip does and no person does (METHOD T8): readings that are somebody else's, or nobody's."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hipcv.core.checks.limits import BEYOND_JOINT, BEYOND_PRINTED, HIPS_AWAY, HIPS_RESIZED, LIMITS, found
from hipcv.core.finding import Finding, FindingCode, Severity
from hipcv.core.motion.angles import AngleSeries, seen_px
from hipcv.core.motion.filtering import median_of
from hipcv.core.motion.trials import Trial, resting
from hipcv.core.series import HIPS, SHOULDERS, BoolArray, FloatArray, PoseSeries

#: So much of a trial's frames may lie beyond: a landmark flickers.
SHARE_OF_FRAMES = 0.1


def check_possible(trial: Trial, series: PoseSeries, angles: AngleSeries, trials: Sequence[Trial]) -> Trial:
    """Return `trial` with a REJECT for whatever no hip and no person does; `trials` are all of both legs.

    Beyond a joint's reach; faster than a leg swings; hips that stand elsewhere than at rest or have another size, which
    are another person's. What is not seen is not judged.

    Examples
    --------
    >>> from hipcv.words import Side
    >>> nowhere = (np.full((3, 33, n), np.nan) for n in (2, 3))
    >>> unseen = PoseSeries(np.arange(3) / 30, *nowhere, np.zeros((3, 33)), (640, 480))
    >>> one, two = np.zeros(3), np.zeros((3, 2))
    >>> angles = AngleSeries(unseen.time_s, two, two, two, one, one, two, two, two, one, two, two, np.array([1, -1]))
    >>> trial = Trial(Side.LEFT, 0, 2, 0, 2, 0.0, 95.0, 95.0, 95.0, 0.0)
    >>> [(f.code.value, f.severity.value) for f in check_possible(trial, unseen, angles, [trial]).findings]
    [('beyond_joint', 'reject')]
    """
    findings = [f for f in (_check_speed(trial, angles),) if f is not None]
    trial = check_reach(trial)
    for observed, limit in zip(hips_moved(trial, series, angles, trials), (HIPS_AWAY, HIPS_RESIZED), strict=True):
        if observed > limit.value:
            findings.append(found(FindingCode.HIPS_JUMP, Severity.REJECT, observed, trial.side, limit))
    return replace(trial, findings=(*trial.findings, *findings))


def hips_moved(trial: Trial, series: PoseSeries, angles: AngleSeries, trials: Sequence[Trial]) -> tuple[float, float]:
    """Return how far the hips are from where they rest, in shoulder widths, and by how many times their size changed.

    What nearly all frames of the trial stay below; NaN where hips or shoulders are not seen.

    Examples
    --------
    >>> from hipcv.words import Side
    >>> px = np.full((3, 33, 2), np.nan)
    >>> px[:, SHOULDERS], px[:, HIPS] = [[380.0, 100.0], [260.0, 100.0]], [[350.0, 220.0], [290.0, 220.0]]
    >>> px[1:, HIPS, 0] += 240.0  # twice the shoulders' width: another person's
    >>> series = PoseSeries(np.arange(3) / 30, px, np.full((3, 33, 3), np.nan), np.ones((3, 33)), (640, 480))
    >>> one, two = np.zeros(3), np.zeros((3, 2))
    >>> angles = AngleSeries(series.time_s, two, two, two, one, one, two, two, two, one, two, two, np.array([1, -1]))
    >>> trial = Trial(Side.LEFT, 1, 3, 1, 3, 0.0, 30.0, 30.0, 30.0, 0.0)
    >>> hips_moved(trial, series, angles, [trial])
    (2.0, 1.0)
    """
    part = slice(trial.start, trial.stop)
    px, rest = seen_px(series), resting(len(angles.time_s), trials)
    hips, shoulders = px[:, HIPS], px[:, SHOULDERS]
    middle = hips.mean(axis=1)
    home = np.array([median_of(middle[rest, axis]) for axis in (0, 1)])
    width_px = median_of(np.linalg.norm(shoulders[rest, 0] - shoulders[rest, 1], axis=-1))
    breadth_px = np.linalg.norm(hips[:, 0] - hips[:, 1], axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        away = np.linalg.norm(middle[part] - home, axis=-1) / width_px
        resized = np.exp(np.abs(np.log(breadth_px[part] / median_of(breadth_px[rest]))))
    return _nearly_highest(away), _nearly_highest(resized)


def check_reach(trial: Trial) -> Trial:
    """Return `trial` with a finding where it goes beyond a joint's reach, or beyond every printed limit.

    Examples
    --------
    >>> from hipcv.words import Side
    >>> ends = [Trial(Side.LEFT, 0, 2, 0, 2, 0.0, deg, deg, deg, 0.0) for deg in (40.0, 80.0, 95.0)]
    >>> [[f.severity.value for f in check_reach(end).findings] for end in ends]
    [[], ['doubt'], ['reject']]
    """
    for limit, severity in ((BEYOND_JOINT, Severity.REJECT), (BEYOND_PRINTED, Severity.DOUBT)):
        if trial.best_deg > limit.value:
            told = found(FindingCode.BEYOND_JOINT, severity, trial.best_deg, trial.side, limit)
            return replace(trial, findings=(*trial.findings, told))
    return trial


def _check_speed(trial: Trial, angles: AngleSeries) -> Finding | None:
    fastest = fastest_deg_s(trial, angles)
    if not fastest > LIMITS[FindingCode.TOO_FAST].value:
        return None
    return found(FindingCode.TOO_FAST, Severity.REJECT, fastest, trial.side)


def fastest_deg_s(trial: Trial, angles: AngleSeries) -> float:
    """Return a trial's highest speed between two frames, degrees a second without sign; 0 where there are none.

    Examples
    --------
    >>> from hipcv.words import Side
    >>> one, two, curves = np.zeros(3), np.zeros((3, 2)), np.array([[0.0, np.nan], [10.0, np.nan], [40.0, np.nan]])
    >>> time_s, signs = np.arange(3) / 10, np.array([1, -1])
    >>> angles = AngleSeries(time_s, two, curves, two, one, one, two, two, two, one, two, two, signs)
    >>> left, right = (Trial(side, 0, 3, 1, 3, 0.0, 40.0, 40.0, 40.0, 0.0) for side in (Side.LEFT, Side.RIGHT))
    >>> round(fastest_deg_s(left, angles), 6), fastest_deg_s(right, angles)
    (300.0, 0.0)
    """
    part = slice(trial.start, trial.stop)
    speeds = np.abs(np.diff(angles.of(trial.side)[part]) / np.diff(angles.time_s[part]))
    return float(np.max(speeds[np.isfinite(speeds)], initial=0.0))


def _nearly_highest(values: FloatArray) -> float:
    """Return what all but a few of the known values stay below; NaN where none is known."""
    known: BoolArray = np.isfinite(values)
    return float(np.quantile(values[known], 1 - SHARE_OF_FRAMES)) if known.any() else float("nan")
