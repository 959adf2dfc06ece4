"""What spoils one leg (not seen, turned at the start, moved the other way), which trials count (METHOD T8)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hipcv.core.checks.limits import LIMITS, found
from hipcv.core.checks.possible import check_possible
from hipcv.core.checks.trial import check_trial
from hipcv.core.finding import Finding, FindingCode, Severity
from hipcv.core.motion.angles import AngleSeries
from hipcv.core.motion.filtering import median_of
from hipcv.core.motion.trials import Trial, find_rest_deg, find_swings, find_trials, swing_shares
from hipcv.core.series import PoseSeries
from hipcv.core.setup import Setup
from hipcv.words import SIDES, Side


def check_leg(side: Side, angles: AngleSeries, trials: Sequence[Trial]) -> tuple[Finding, ...]:
    """Look at what concerns one leg as a whole: whether it is seen, its start, direction, number of trials, pixels.

    Examples
    --------
    >>> one, two = np.zeros(30), np.zeros((30, 2))
    >>> curves = np.column_stack([one, np.full(30, np.nan)])
    >>> angles = AngleSeries(
    ...     np.arange(30) / 30, two, curves, two, one, one, two, two, two, one, two, two + 100.0, np.array([1, -1])
    ... )
    >>> check_leg(Side.LEFT, angles, []), [finding.code.value for finding in check_leg(Side.RIGHT, angles, [])]
    ((), ['legs_not_seen'])
    """
    findings = []
    curve = angles.of(side)
    seen = float(np.isfinite(curve).mean())
    if seen < LIMITS[FindingCode.LEGS_NOT_SEEN].value:
        return (found(FindingCode.LEGS_NOT_SEEN, Severity.REJECT, seen, side),)
    mine = [t for t in trials if t.side is side]
    rest_deg = mine[0].rest_deg if mine else find_rest_deg(angles.time_s, curve)
    if mine and abs(rest_deg) > LIMITS[FindingCode.START_NOT_NEUTRAL].value:
        findings.append(found(FindingCode.START_NOT_NEUTRAL, Severity.DOUBT, rest_deg, side))
    other_way_deg = deepest_other_way_deg(angles, side, rest_deg)
    if other_way_deg > LIMITS[FindingCode.WRONG_DIRECTION].value:
        severity = Severity.DOUBT if mine else Severity.REJECT
        findings.append(found(FindingCode.WRONG_DIRECTION, severity, -other_way_deg, side))
    if 0 < len(mine) < LIMITS[FindingCode.TOO_FEW_TRIALS].value:
        findings.append(found(FindingCode.TOO_FEW_TRIALS, Severity.NOTE, len(mine), side))
    shank_px = median_of(angles.shank_px[:, side.column])
    if shank_px < LIMITS[FindingCode.SHORT_SHANK].value:
        findings.append(found(FindingCode.SHORT_SHANK, Severity.DOUBT, shank_px, side))
    return tuple(findings)


def deepest_other_way_deg(angles: AngleSeries, side: Side, rest_deg: float) -> float:
    """Return how far a leg swings inwards from its rest, degrees; 0 where it does not, or the rest is not known.

    Examples
    --------
    >>> time_s, one, two = np.arange(60) / 30, np.zeros(60), np.zeros((60, 2))
    >>> inwards_deg = np.interp(time_s, [0.0, 0.5, 1.0, 1.5, 2.0], [0.0, 0.0, -20.0, 0.0, 0.0])
    >>> curves = np.column_stack([inwards_deg, one])
    >>> angles = AngleSeries(time_s, two, curves, two, one, one, two, two, two, one, two, two, np.array([1, -1]))
    >>> deepest_other_way_deg(angles, Side.LEFT, 0.0), deepest_other_way_deg(angles, Side.LEFT, np.nan)
    (20.0, 0.0)
    """
    curve = angles.of(side)
    swings = find_swings(angles.time_s, curve, rest_deg, direction=-1) if np.isfinite(rest_deg) else []
    depths = np.array([rest_deg - curve[peak] for _, peak, _ in swings], dtype=np.float64)
    return float(np.max(depths[np.isfinite(depths)], initial=0.0))


def repetitions(side: Side, trials: Sequence[Trial]) -> tuple[tuple[Trial, ...], list[Finding]]:
    """Return one leg's trials without swings too small to repeat the others, and a note where there was one.

    Examples
    --------
    >>> swings = [Trial(Side.LEFT, 0, 9, 3, 6, 0.0, deg, deg, deg, 0.4) for deg in (30.0, 10.0, 31.0)]
    >>> kept, told = repetitions(Side.LEFT, swings)
    >>> [trial.end_range_deg for trial in kept], [finding.code.value for finding in told]
    ([30.0, 31.0], ['uneven_trials'])
    """
    smallest = LIMITS[FindingCode.UNEVEN_TRIALS].value
    shares = swing_shares(trials)
    kept = tuple(t for t, share in zip(trials, shares, strict=True) if share >= smallest)
    left_out = shares[shares < smallest]
    return kept, [found(FindingCode.UNEVEN_TRIALS, Severity.NOTE, s, side) for s in left_out[:1]]


def judged_trials(
    series: PoseSeries, angles: AngleSeries, setup: Setup
) -> tuple[tuple[Trial, ...], tuple[Finding, ...]]:
    """Return the trials of both legs with their findings, and all that is to be told of them and of each leg.

    What no hip does is no repetition of anything, and a side that has trials without it keeps them, with a doubt.

    Examples
    --------
    >>> nowhere = (np.full((120, 33, n), np.nan) for n in (2, 3))
    >>> unseen = PoseSeries(np.arange(120) / 30, *nowhere, np.zeros((120, 33)), (640, 480))
    >>> raw_deg = np.interp(unseen.time_s, [0.0, 0.5, 1.5, 2.5, 3.5, 4.0], [0.0, 0.0, 30.0, 30.0, 0.0, 0.0])
    >>> one, two, curves = np.zeros(120), np.zeros((120, 2)), np.column_stack([raw_deg, 0 * raw_deg])
    >>> angles = AngleSeries(
    ...     unseen.time_s, curves, curves, two, one, one, two, two, two, one, two, two + 100.0, np.array([1, -1])
    ... )
    >>> trials, told = judged_trials(unseen, angles, Setup())
    >>> [(trial.side.value, trial.accepted) for trial in trials], [finding.code.value for finding in told]
    ([('left', True)], ['too_few_trials'])
    """
    swings = [t for side in SIDES for t in find_trials(angles.time_s, angles.raw_deg[:, side.column], side)]
    swings = [check_possible(t, series, angles, swings) for t in swings]
    trials: tuple[Trial, ...] = ()
    findings: list[Finding] = []
    for side in SIDES:
        mine = [t for t in swings if t.side is side]
        repeated, uneven = repetitions(side, [t for t in mine if not t.refused])
        trials += tuple(sorted((*repeated, *(t for t in mine if t.refused)), key=lambda t: t.start))
        findings += uneven
    trials = tuple(check_trial(t, angles, trials, setup) for t in trials)
    for side in SIDES:
        mine = [t for t in trials if t.side is side]
        findings += check_leg(side, angles, trials)
        others_count = not all(t.refused for t in mine)
        for finding in (f for t in mine for f in t.findings):
            spared = others_count and finding.severity is Severity.REJECT
            findings.append(replace(finding, severity=Severity.DOUBT) if spared else finding)
    return trials, tuple(findings)
