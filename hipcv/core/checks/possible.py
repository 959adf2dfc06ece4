"""What no hip does and no person does (METHOD T8): readings that are somebody else's, or nobody's."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hipcv.core.checks.recording import found, resting
from hipcv.core.finding import PILOT, Finding, FindingCode, Limit, Severity
from hipcv.core.motion.angles import AngleSeries, seen_px
from hipcv.core.motion.filtering import median_of
from hipcv.core.motion.trials import Trial
from hipcv.core.series import HIPS, SHOULDERS, BoolArray, FloatArray, PoseSeries

BEYOND_JOINT = Limit(
    90.0, "°", "22° above the highest printed limit (68°, ages 7 and 9, Schmale 2003), 4.8 SD above the highest mean"
)
BEYOND_PRINTED = Limit(70.0, "°", "above every printed limit (68°, ages 7 and 9, Schmale 2003)")
TOO_FAST = Limit(300.0, "° a second", "three times the fastest swing of any rendered clip: a jump between two frames")
HIPS_AWAY = Limit(
    1.0, "shoulder widths from where they rest", "hips that stay on a seat move by a tenth of it; " + PILOT
)
HIPS_RESIZED = Limit(1.5, "times their size at rest, or as many times smaller", "a person's hips keep theirs to 10 %")
#: So much of a trial's frames may lie beyond: a landmark flickers.
SHARE_OF_FRAMES = 0.1


def check_possible(trial: Trial, series: PoseSeries, angles: AngleSeries, trials: Sequence[Trial]) -> Trial:
    """Return `trial` with a REJECT for whatever no hip and no person does; `trials` are all of both legs.

    Beyond a joint's reach; faster than a leg swings; hips that stand elsewhere than at rest or have another size, which
    are another person's. What is not seen is not judged.
    """
    part, side = slice(trial.start, trial.stop), trial.side
    findings = [f for f in (_check_reach(trial), _check_speed(trial, angles)) if f is not None]
    px, rest = seen_px(series), resting(angles, trials)
    hips, shoulders = px[:, HIPS], px[:, SHOULDERS]
    middle = hips.mean(axis=1)
    home = np.array([median_of(middle[rest, axis]) for axis in (0, 1)])
    width_px = median_of(np.linalg.norm(shoulders[rest, 0] - shoulders[rest, 1], axis=-1))
    breadth_px = np.linalg.norm(hips[:, 0] - hips[:, 1], axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        away = np.linalg.norm(middle[part] - home, axis=-1) / width_px
        resized = np.exp(np.abs(np.log(breadth_px[part] / median_of(breadth_px[rest]))))
    for values, limit in ((away, HIPS_AWAY), (resized, HIPS_RESIZED)):
        observed = _nearly_highest(values)
        if observed > limit.value:
            findings.append(found(FindingCode.HIPS_JUMP, Severity.REJECT, observed, side, limit))
    return replace(trial, findings=(*trial.findings, *findings))


def _check_reach(trial: Trial) -> Finding | None:
    reach_deg = trial.best_deg
    if reach_deg > BEYOND_JOINT.value:
        return found(FindingCode.BEYOND_JOINT, Severity.REJECT, reach_deg, trial.side, BEYOND_JOINT)
    if reach_deg > BEYOND_PRINTED.value:
        return found(FindingCode.BEYOND_JOINT, Severity.DOUBT, reach_deg, trial.side, BEYOND_PRINTED)
    return None


def _check_speed(trial: Trial, angles: AngleSeries) -> Finding | None:
    part = slice(trial.start, trial.stop)
    if trial.stop - trial.start < 2:
        return None
    speeds = np.abs(np.diff(angles.of(trial.side)[part]) / np.diff(angles.time_s[part]))
    fastest = float(np.max(speeds[np.isfinite(speeds)], initial=0.0))
    return (
        found(FindingCode.TOO_FAST, Severity.REJECT, fastest, trial.side, TOO_FAST)
        if fastest > TOO_FAST.value
        else None
    )


def _nearly_highest(values: FloatArray) -> float:
    """Return what all but a few of the known values stay below; NaN where none is known."""
    known: BoolArray = np.isfinite(values)
    return float(np.quantile(values[known], 1 - SHARE_OF_FRAMES)) if known.any() else float("nan")
