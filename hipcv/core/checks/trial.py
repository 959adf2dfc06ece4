"""What spoils one trial: the body helps, the other leg moves, the leg is lost, the end is not held."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hipcv.core.checks.compensation import find_compensations
from hipcv.core.checks.limits import LIMITS, LOST_IN_TRIAL, found
from hipcv.core.finding import Cause, Finding, FindingCode, Severity
from hipcv.core.motion.angles import AngleSeries
from hipcv.core.motion.filtering import median_of
from hipcv.core.motion.trials import Trial, bridged, find_gaps, resting
from hipcv.core.setup import Setup
from hipcv.words import Legs


def check_trial(trial: Trial, angles: AngleSeries, trials: Sequence[Trial], setup: Setup) -> Trial:
    """Return `trial` with further findings of its own: compensation at end range, the other leg, gaps, no hold.

    The other leg may move where both are meant to, where somebody else moves them, or where it makes way for a foot
    that swings inwards: it is a fault where it pulls at the pelvis, which has a check of its own. Where nobody said
    that one leg moves at a time, two that swing at once are meant to.

    Examples
    --------
    >>> from hipcv.words import Side
    >>> one, two = np.zeros(30), np.zeros((30, 2))
    >>> angles = AngleSeries(
    ...     np.arange(30) / 30, two, two, two, one, one, two, two, two, one, two, two + 100.0, np.array([1, -1])
    ... )
    >>> held = Trial(Side.LEFT, 5, 25, 10, 20, 0.0, 30.0, 30.0, 30.0, 0.0)
    >>> check_trial(held, angles, [held], Setup()).findings
    ()
    >>> swung = replace(held, hold_stop=10, end_range_deg=np.nan)
    >>> [f.code.value for f in check_trial(swung, angles, [swung], Setup()).findings]
    ['no_hold']
    """
    findings = [
        found(c.code, Severity.DOUBT, c.moved_deg, trial.side, c.limit)
        for c in find_compensations(trial, angles, trials, setup.procedure)
        if c.counts
    ]
    swings_too = any(t.side is not trial.side and t.start < trial.stop and trial.start < t.stop for t in trials)
    together = setup.other_leg_may_move or (swings_too and setup.legs is not Legs.ONE)
    other_deg = other_leg_deg(trial, angles, trials)
    if not together and other_deg > LIMITS[FindingCode.OTHER_LEG_MOVES].value:
        findings.append(found(FindingCode.OTHER_LEG_MOVES, Severity.DOUBT, other_deg, trial.side))
    findings += _check_gaps(trial, angles)
    if not trial.held:
        # beside trials that were held this one does not count, and puts nothing in doubt
        others = any(t.held for t in trials if t.side is trial.side and t.motion is trial.motion)
        findings.append(found(FindingCode.NO_HOLD, Severity.NOTE if others else Severity.DOUBT, 0.0, trial.side))
    return replace(trial, findings=(*trial.findings, *findings))


def other_leg_deg(trial: Trial, angles: AngleSeries, trials: Sequence[Trial]) -> float:
    """Return the other shank's largest departure from its rest at the end of a trial, degrees; 0 where not seen.

    Examples
    --------
    >>> from hipcv.words import Side
    >>> one, two, curves = np.zeros(3), np.zeros((3, 2)), np.array([[0.0, 1.0], [30.0, 13.0], [0.0, 1.0]])
    >>> signs = np.array([1, -1])
    >>> angles = AngleSeries(np.arange(3.0), two, curves, two, one, one, two, two, two, one, two, two, signs)
    >>> trial = Trial(Side.LEFT, 1, 2, 1, 2, 0.0, 30.0, 30.0, 30.0, 0.0)
    >>> other_leg_deg(trial, angles, [trial])
    12.0
    """
    other = angles.of(trial.side.other)
    away = np.abs(other[trial.end_part] - median_of(other[resting(len(angles.time_s), trials)]))
    return float(np.max(away[np.isfinite(away)], initial=0.0))


#: A gap between two places this far up the trial is a gap at its end range.
NEAR_END_SHARE = 0.8


def _check_gaps(trial: Trial, angles: AngleSeries) -> list[Finding]:
    """Report a leg that was lost: at end range, or in a trial without a hold, a reason to doubt, or to leave it out."""
    curve = trial.motion.sign * angles.of(trial.side)
    gaps = [g for g in find_gaps(angles.time_s, curve, trial.start, trial.stop) if not bridged(g[2])]
    if not gaps:
        return []
    near_end = curve >= trial.rest_deg + NEAR_END_SHARE * (trial.best_deg - trial.rest_deg)
    spoilt = not trial.held or any(near_end[max(a - 1, 0)] and near_end[min(b, len(curve) - 1)] for a, b, _ in gaps)
    longest_s = max(seconds for _, _, seconds in gaps)
    hold = angles.time_s[trial.hold_start : trial.hold_stop]
    # what is hidden for longer than the end is seen may go on beyond it
    hides_more = longest_s > (hold[-1] - hold[0] if len(hold) else 0.0)
    severity = (Severity.REJECT if hides_more else Severity.DOUBT) if spoilt else Severity.NOTE
    cause = Cause.COVERED if severity is Severity.REJECT else None
    return [found(FindingCode.PERSON_LOST, severity, longest_s, trial.side, LOST_IN_TRIAL, cause)]
