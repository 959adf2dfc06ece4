"""What spoils one leg (not seen, turned at the start, moved the other way), which trials count (METHOD T8)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hipcv.core.checks.limits import LIMITS, found
from hipcv.core.checks.possible import check_possible
from hipcv.core.checks.posture import check_heels
from hipcv.core.checks.recording import MOSTLY_SEEN
from hipcv.core.checks.trial import check_trial
from hipcv.core.finding import Cause, Finding, FindingCode, Severity
from hipcv.core.motion.angles import AngleSeries
from hipcv.core.motion.filtering import median_of
from hipcv.core.motion.trials import Trial, find_rest_deg, find_swings, find_trials, legs_at_once, swing_shares
from hipcv.core.series import PoseSeries
from hipcv.core.setup import Setup
from hipcv.words import SIDES, Legs, Motion, Motions, Side


def check_leg(
    side: Side, angles: AngleSeries, trials: Sequence[Trial], asked: Motions = Motions.INTERNAL
) -> tuple[Finding, ...]:
    """Look at what concerns one leg as a whole: whether it is seen, its start, direction, number of trials, pixels.

    Where both directions are `asked` for, none is the wrong one.

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
        alone = float(np.isfinite(angles.of(side.other)).mean()) >= MOSTLY_SEEN
        cause = Cause.LONE_LEG if alone else None
        return (found(FindingCode.LEGS_NOT_SEEN, Severity.REJECT, seen, side, cause=cause, values=_names(side)),)
    mine = [t for t in trials if t.side is side]
    rest_deg = mine[0].motion.sign * mine[0].rest_deg if mine else find_rest_deg(angles.time_s, curve)
    if mine and abs(rest_deg) > LIMITS[FindingCode.START_NOT_NEUTRAL].value:
        findings.append(found(FindingCode.START_NOT_NEUTRAL, Severity.DOUBT, rest_deg, side))
    for motion in asked.each:
        its = [t for t in mine if t.motion is motion]
        other_way_deg = 0.0 if asked is Motions.BOTH else deepest_other_way_deg(angles, side, rest_deg, motion)
        if other_way_deg > LIMITS[FindingCode.WRONG_DIRECTION].value:
            severity = Severity.DOUBT if its else Severity.REJECT
            findings.append(_of(motion, found(FindingCode.WRONG_DIRECTION, severity, -other_way_deg, side)))
        if 0 < len(its) < LIMITS[FindingCode.TOO_FEW_TRIALS].value:
            findings.append(_of(motion, found(FindingCode.TOO_FEW_TRIALS, Severity.NOTE, len(its), side)))
    shank_px = median_of(angles.shank_px[:, side.column])
    if shank_px < LIMITS[FindingCode.SHORT_SHANK].value:
        findings.append(found(FindingCode.SHORT_SHANK, Severity.DOUBT, shank_px, side))
    return tuple(findings)


def _names(side: Side) -> dict[str, float | str]:
    return {"missing": str(side), "seen_leg": str(side.other)}


def _of(motion: Motion, finding: Finding) -> Finding:
    return replace(finding, motion=motion)


def deepest_other_way_deg(angles: AngleSeries, side: Side, rest_deg: float, motion: Motion = Motion.INTERNAL) -> float:
    """Return how far a leg swings from its rest against a motion, degrees; 0 where it does not, or has no known rest.

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
    way = -motion.sign
    swings = find_swings(angles.time_s, curve, rest_deg, direction=way) if np.isfinite(rest_deg) else []
    depths = np.array([way * (curve[peak] - rest_deg) for _, peak, _ in swings], dtype=np.float64)
    return float(np.max(depths[np.isfinite(depths)], initial=0.0))


def repetitions(side: Side, trials: Sequence[Trial]) -> tuple[tuple[Trial, ...], list[Finding]]:
    """Return one leg's trials of one motion without swings too small to repeat the others, and a note where one was.

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

    What no hip does is no repetition of anything, and a side that has trials without it keeps them, with a doubt. Each
    motion that is asked for is looked for by itself.

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
    ways = [(side, motion) for side in SIDES for motion in setup.motion.each]
    swings = [
        t for side, motion in ways for t in find_trials(angles.time_s, angles.raw_deg[:, side.column], side, motion)
    ]
    if setup.inwards:
        swings = deliberate(without_ways(swings, angles), setup.motion)
    swings = [check_possible(t, series, angles, swings) for t in swings]
    trials: tuple[Trial, ...] = ()
    findings: list[Finding] = []
    for side, motion in ways:
        mine = [t for t in swings if t.side is side and t.motion is motion]
        repeated, uneven = repetitions(side, [t for t in mine if not t.refused])
        trials += tuple(sorted((*repeated, *(t for t in mine if t.refused)), key=lambda t: t.start))
        findings += [_of(motion, finding) for finding in uneven]
    done = as_done(setup, trials)
    if done.motion is not setup.motion:
        findings += check_heels(series, angles, done)
    trials = tuple(_named(check_trial(t, angles, trials, done)) for t in trials)
    for side in SIDES:
        findings += check_leg(side, angles, trials, setup.motion)
        for motion in setup.motion.each:
            findings += told_of_trials([t for t in trials if t.side is side and t.motion is motion])
    return trials, tuple(findings)


def as_done(setup: Setup, trials: Sequence[Trial]) -> Setup:
    """Return a setup with what the trials show of it: which legs moved at once, and whether a foot went inwards.

    Where both directions are asked for and no foot went inwards, the test was one of internal rotation, and what is a
    fault in one is a fault in it: no leg made way.

    Examples
    --------
    >>> out = Trial(Side.LEFT, 0, 9, 3, 6, 0.0, 30.0, 30.0, 30.0, 0.4)
    >>> asked = Setup(motion=Motions.BOTH)
    >>> as_done(asked, [out]).motion.value, as_done(asked, [out, replace(out, motion=Motion.EXTERNAL)]).motion.value
    ('internal', 'both')
    """
    legs = legs_at_once(trials) if setup.legs is Legs.AUTO else setup.legs
    only_out = setup.motion is Motions.BOTH and not any(t.motion is Motion.EXTERNAL for t in trials)
    return replace(setup, legs=legs, motion=Motions.INTERNAL if only_out else setup.motion)


def without_ways(swings: Sequence[Trial], angles: AngleSeries) -> list[Trial]:
    """Return the swings without those of a leg that makes way for a foot that swings inwards meanwhile (METHOD T10).

    Bent back, spread or lying it is not read for what it does. Of two swings at once of which one goes inwards the one
    counts of which more is seen: its size times the share of its readings.

    Examples
    --------
    >>> one, two, signs = np.zeros(9), np.zeros((9, 2)), np.array([1, -1])
    >>> curves = np.column_stack([np.full(9, -30.0), [np.nan] * 6 + [-40.0] * 3])
    >>> angles = AngleSeries(np.arange(9.0), curves, curves, two, one, one, two, two, two, one, two, two, signs)
    >>> left = Trial(Side.LEFT, 0, 9, 3, 6, 0.0, 30.0, 30.0, 30.0, 0.4, motion=Motion.EXTERNAL)
    >>> right = replace(left, side=Side.RIGHT, end_range_deg=40.0)
    >>> [swing.side.value for swing in without_ways([left, right], angles)]
    ['left']
    """

    def shown_deg(swing: Trial) -> float:
        raw_deg = angles.raw_deg[swing.start : swing.stop, swing.side.column]
        return swing.swing_deg * float(np.isfinite(raw_deg).mean())

    def makes_way(swing: Trial, other: Trial) -> bool:
        at_once = swing.side is not other.side and swing.start < other.stop and other.start < swing.stop
        return at_once and Motion.EXTERNAL in (swing.motion, other.motion) and shown_deg(swing) < shown_deg(other)

    return [swing for swing in swings if not any(makes_way(swing, other) for other in swings)]


def deliberate(swings: Sequence[Trial], asked: Motions) -> list[Trial]:
    """Return the swings without fidgets: a foot that comes back past rest has not tried external rotation (METHOD T9).

    Where both directions are asked for, a swing inwards counts if it was held and went so far that somebody asked for
    the other direction alone would have been told of it; one that was not held, if it was as large as a repetition of
    the leg's larger swings either way.

    Examples
    --------
    >>> swings = [Trial(Side.LEFT, 0, 9, 3, 6, 0.0, deg, deg, deg, 0.4, motion=Motion.EXTERNAL) for deg in (7.0, 20.0)]
    >>> [trial.end_range_deg for trial in deliberate(swings, Motions.BOTH)], len(deliberate(swings, Motions.EXTERNAL))
    ([20.0], 2)
    """
    if asked is not Motions.BOTH:
        return list(swings)
    least_deg, least_share = (LIMITS[code].value for code in (FindingCode.WRONG_DIRECTION, FindingCode.UNEVEN_TRIALS))
    meant = []
    for side in SIDES:
        mine = [swing for swing in swings if swing.side is side]
        for swing, share in zip(mine, swing_shares(mine), strict=True):
            enough = swing.swing_deg > least_deg if swing.held else share >= least_share
            if swing.motion is Motion.INTERNAL or enough:
                meant.append(swing)
    return meant


def _named(trial: Trial) -> Trial:
    """Return a trial whose findings say which motion they spoil."""
    return replace(trial, findings=tuple(_of(trial.motion, finding) for finding in trial.findings))


def told_of_trials(trials: Sequence[Trial]) -> list[Finding]:
    """Return what is to be told of one leg's trials: a trial that is refused puts the others in doubt, if they count.

    Examples
    --------
    >>> beyond = (Finding(FindingCode.BEYOND_JOINT, Severity.REJECT, Side.LEFT, observed=95.0),)
    >>> one = Trial(Side.LEFT, 0, 9, 3, 6, 0.0, 30.0, 30.0, 30.0, 0.4)
    >>> [f.severity.value for f in told_of_trials([one, replace(one, findings=beyond)])]
    ['doubt']
    """
    others_count = not all(t.refused for t in trials)
    told = [finding for trial in trials for finding in trial.findings]
    spared = {Severity.REJECT: Severity.DOUBT} if others_count else {}
    return [replace(finding, severity=spared.get(finding.severity, finding.severity)) for finding in told]
