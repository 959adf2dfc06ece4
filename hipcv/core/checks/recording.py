"""What is looked for in a recording, and from where on it counts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hipcv.core.finding import PILOT, Finding, FindingCode, Limit, Severity
from hipcv.core.motion.angles import MIN_VISIBILITY, AngleSeries, seen_px
from hipcv.core.motion.filtering import median_of
from hipcv.core.motion.trials import MIN_HOLD_S, Trial, bridged, find_gaps, find_rest_deg, find_swings, swing_shares
from hipcv.core.procedure import PostureCheck, Procedure
from hipcv.core.series import ANKLES, FEET, HIPS, KNEES, SHOULDERS, BoolArray, FloatArray, PoseSeries
from hipcv.core.setup import Setup
from hipcv.words import SIDES, CameraSide, Side

HANGING = Limit(60.0, "°", "a seated shank hangs at rest; one that points up or sideways belongs to another test")

LIMITS: dict[FindingCode, Limit] = {
    FindingCode.PELVIS_HIKE: Limit(5.0, "°", PILOT),
    FindingCode.TRUNK_LEAN: Limit(8.0, "°", PILOT),
    FindingCode.THIGH_DRIFT: Limit(8.0, "°", PILOT),
    FindingCode.BODY_TWISTED: Limit(5.0, "°", PILOT),
    FindingCode.HEELS_CROSSING: Limit(0.0, "shank lengths between the ankles", "below it the feet have changed sides"),
    FindingCode.OTHER_LEG_MOVES: Limit(10.0, "°", "half of a small trial"),
    FindingCode.START_NOT_NEUTRAL: Limit(12.0, "°", "three standard deviations of the relaxed shank (about 4°)"),
    FindingCode.WRONG_DIRECTION: Limit(8.0, "°", "a trial is at least 6°, and the relaxed leg sways by 1–2°"),
    FindingCode.OUT_OF_FRAME: Limit(0.1, "of the frames", PILOT),
    FindingCode.PERSON_LOST: Limit(0.2, "of the frames", PILOT),
    FindingCode.SEVERAL_PEOPLE: Limit(1, "person", "the test has one subject"),
    FindingCode.LOW_LIGHT: Limit(0.10, "of full brightness", PILOT),
    FindingCode.MOTION_BLUR: Limit(0.065, "of full sharpness", PILOT),
    FindingCode.LOW_FRAME_RATE: Limit(12.0, "frames a second", "a 0.4 s hold needs five frames"),
    FindingCode.KNEE_ANGLE: Limit(18.0, "° away from 90°", "four times the scatter of the model's own reading"),
    FindingCode.SHORT_SHANK: Limit(45.0, "pixels", "2 px of landmark noise are 3.6° there"),
    FindingCode.TOO_FEW_TRIALS: Limit(3, "trials", "Hogg 2018, Charlton 2015: three trials a side"),
    FindingCode.UNEVEN_TRIALS: Limit(0.5, "of the leg's larger swings", "repetitions differ by a few degrees"),
    FindingCode.WRONG_TEST: Limit(45.0, "°", "a seated hip is bent by 90°, a standing one by 0°"),
    FindingCode.WRONG_VIEW: Limit(0.5, "of the frames", "labels and picture disagree more often than not"),
    FindingCode.NO_PERSON: Limit(0.1, "of the frames", PILOT),
    FindingCode.SHORT_RECORDING: Limit(1.0, "s", "rest, swing, hold and return take longer"),
}


def found(
    code: FindingCode, severity: Severity, observed: float, side: Side | None = None, limit: Limit | None = None
) -> Finding:
    """Return a finding with its limit filled in from `LIMITS` (or `limit`)."""
    at = limit or LIMITS[code]
    return Finding(code, severity, side, round(float(observed), 3), at.value, at.unit, at.origin)


def resting(angles: AngleSeries, trials: Sequence[Trial]) -> BoolArray:
    """Return (T,) the frames outside every trial; all frames where the trials leave nothing."""
    rest = np.ones(len(angles.time_s), dtype=bool)
    for trial in trials:
        rest[trial.start : trial.stop] = False
    return rest if rest.any() else ~rest


#: A pelvis adds to the angle one for one: 5° are a sixth of the usual seated range, and of a smaller swing the same
#: share counts. The line of the hip landmarks itself tilts with a swinging leg, by up to a tenth of the swing on
#: rendered people who sit still, and wanders by 1°.
LEAST_HIKE_DEG, HIKE_SHARE = 3.0, 1 / 6
HIKE_ORIGIN = "a sixth of the swing, as 5° are of the usual 31° (Krause 2015); at least 3°, set on rendered clips"
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
    onset_deg : internal rotation of the tested leg when this part began to move; NaN where it does not count.
    """

    code: FindingCode
    moved_deg: float
    limit: Limit
    onset_deg: float

    @property
    def counts(self) -> bool:
        """Whether it puts the trial's angle in doubt."""
        return abs(self.moved_deg) > self.limit.value


def limit_of(code: FindingCode, procedure: Procedure) -> Limit:
    """Return from where on something counts in this test."""
    return procedure.limits.get(code, LIMITS[code])


def find_compensations(
    trial: Trial, angles: AngleSeries, trials: Sequence[Trial], procedure: Procedure
) -> tuple[Compensation, ...]:
    """Return what pelvis, trunk, thigh and body did during a trial, in this order, against the frames at rest."""
    end = end_part(trial)
    swing = slice(trial.start, end.stop)
    found_there = []
    for code, moved in _departures_deg(angles, trial.side, resting(angles, trials)).items():
        limit = (
            _pelvis_limit(procedure, trial.swing_deg) if code is FindingCode.PELVIS_HIKE else limit_of(code, procedure)
        )
        moved_deg = median_of(moved[end])
        onset_deg = float("nan")
        if abs(moved_deg) > limit.value:
            onset_deg = float(angles.of(trial.side)[swing][_began(moved[swing], limit.value)])
        found_there.append(Compensation(code, moved_deg, limit, onset_deg))
    return tuple(found_there)


def end_part(trial: Trial) -> slice:
    """Return the frames that a trial's angle is read from: its hold, or all of it where nothing was held."""
    return slice(trial.hold_start, trial.hold_stop) if trial.held else slice(trial.start, trial.stop)


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


def _pelvis_limit(procedure: Procedure, swing_deg: float) -> Limit:
    """Return from where on a rise of the tested side's hip (or knee, prone) counts in a swing of this size."""
    usual = LIMITS[FindingCode.PELVIS_HIKE]
    if FindingCode.PELVIS_HIKE in procedure.limits:
        return procedure.limits[FindingCode.PELVIS_HIKE]
    share_deg = max(LEAST_HIKE_DEG, HIKE_SHARE * swing_deg)
    return usual if share_deg >= usual.value else Limit(round(share_deg, 1), usual.unit, HIKE_ORIGIN)


def _began(moved_deg: FloatArray, limit_deg: float) -> int:
    """Return the frame at which a movement began that passes its limit: the last one before that was near rest."""
    with np.errstate(invalid="ignore"):
        passed = int((np.abs(moved_deg) > limit_deg).argmax())
        near = np.flatnonzero(np.abs(moved_deg[:passed]) <= ONSET_SHARE * limit_deg)
    return int(near[-1]) if len(near) else 0


def _other_leg_deg(trial: Trial, angles: AngleSeries, rest: BoolArray) -> float:
    """Return the other shank's largest departure from its rest at the end of a trial, degrees."""
    other = angles.of(trial.side.other)
    away = np.abs(other[end_part(trial)] - median_of(other[rest]))
    return float(np.max(away[np.isfinite(away)], initial=0.0))


def check_trial(trial: Trial, angles: AngleSeries, trials: Sequence[Trial], procedure: Procedure) -> Trial:
    """Return `trial` with further findings of its own: compensation at end range, gaps, no hold."""
    findings = [
        found(c.code, Severity.DOUBT, c.moved_deg, trial.side, c.limit)
        for c in find_compensations(trial, angles, trials, procedure)
        if c.counts
    ]
    together = any(t.side is not trial.side and t.start < trial.stop and trial.start < t.stop for t in trials)
    other_leg_deg = _other_leg_deg(trial, angles, resting(angles, trials))
    if not together and other_leg_deg > LIMITS[FindingCode.OTHER_LEG_MOVES].value:
        findings.append(found(FindingCode.OTHER_LEG_MOVES, Severity.DOUBT, other_leg_deg, trial.side))
    findings += _check_gaps(trial, angles)
    if not trial.held:
        limit = Limit(MIN_HOLD_S, "s", "a shorter stand-still is the turning point of a swing")
        # beside trials that were held this one does not count, and puts nothing in doubt
        others = any(t.held for t in trials if t.side is trial.side)
        findings.append(found(FindingCode.NO_HOLD, Severity.NOTE if others else Severity.DOUBT, 0.0, trial.side, limit))
    return replace(trial, findings=(*trial.findings, *findings))


#: A gap between two places this far up the trial is a gap at its end range.
NEAR_END_SHARE = 0.8


def _check_gaps(trial: Trial, angles: AngleSeries) -> list[Finding]:
    """Report a leg that was lost; one lost at end range, or in a trial without a hold, is a reason to doubt."""
    curve = angles.of(trial.side)
    gaps = [g for g in find_gaps(angles.time_s, curve, trial.start, trial.stop) if not bridged(g[2])]
    if not gaps:
        return []
    near_end = curve >= trial.rest_deg + NEAR_END_SHARE * (trial.best_deg - trial.rest_deg)
    spoilt = not trial.held or any(near_end[max(a - 1, 0)] and near_end[min(b, len(curve) - 1)] for a, b, _ in gaps)
    limit = Limit(0.25, "s", "longer gaps are not filled")
    longest_s = max(seconds for _, _, seconds in gaps)
    severity = Severity.DOUBT if spoilt else Severity.NOTE
    return [found(FindingCode.PERSON_LOST, severity, longest_s, trial.side, limit)]


def repetitions(side: Side, trials: Sequence[Trial]) -> tuple[tuple[Trial, ...], list[Finding]]:
    """Return one leg's trials without swings too small to repeat the others, and a note where there was one."""
    smallest = LIMITS[FindingCode.UNEVEN_TRIALS].value
    shares = swing_shares(trials)
    kept = tuple(t for t, share in zip(trials, shares, strict=True) if share >= smallest)
    left_out = shares[shares < smallest]
    return kept, [found(FindingCode.UNEVEN_TRIALS, Severity.NOTE, s, side) for s in left_out[:1]]


def check_leg(side: Side, angles: AngleSeries, trials: Sequence[Trial]) -> tuple[Finding, ...]:
    """Look at what concerns one leg as a whole: whether it is seen, its start, direction, number of trials, pixels."""
    findings = []
    curve = angles.of(side)
    seen, nobody = float(np.isfinite(curve).mean()), LIMITS[FindingCode.NO_PERSON]
    if seen < nobody.value:
        return (found(FindingCode.LEGS_NOT_SEEN, Severity.REJECT, seen, side, limit=nobody),)
    mine = [t for t in trials if t.side is side]
    rest_deg = mine[0].rest_deg if mine else find_rest_deg(angles.time_s, curve)
    if mine and abs(rest_deg) > LIMITS[FindingCode.START_NOT_NEUTRAL].value:
        findings.append(found(FindingCode.START_NOT_NEUTRAL, Severity.DOUBT, rest_deg, side))
    outward = find_swings(angles.time_s, curve, rest_deg, direction=-1) if np.isfinite(rest_deg) else []
    depths = [rest_deg - curve[peak] for _, peak, _ in outward if np.isfinite(curve[peak])]
    if depths and max(depths) > LIMITS[FindingCode.WRONG_DIRECTION].value:
        severity = Severity.DOUBT if mine else Severity.REJECT
        findings.append(found(FindingCode.WRONG_DIRECTION, severity, -max(depths), side))
    if 0 < len(mine) < LIMITS[FindingCode.TOO_FEW_TRIALS].value:
        findings.append(found(FindingCode.TOO_FEW_TRIALS, Severity.NOTE, len(mine), side))
    shank_px = median_of(angles.shank_px[:, side.column])
    if shank_px < LIMITS[FindingCode.SHORT_SHANK].value:
        findings.append(found(FindingCode.SHORT_SHANK, Severity.DOUBT, shank_px, side))
    return tuple(findings)


def check_recording(series: PoseSeries, angles: AngleSeries, setup: Setup) -> tuple[Finding, ...]:
    """Look at the recording as a whole: the test, the subject in view, what the pictures can carry."""
    findings: list[Finding] = []

    def look(code: FindingCode, observed: float, severity: Severity, *, above: bool = True) -> None:
        limit = LIMITS[code].value
        if observed > limit if above else observed < limit:
            findings.append(found(code, severity, observed))

    duration_s = float(series.time_s[-1] - series.time_s[0]) if len(series) else 0.0
    look(FindingCode.SHORT_RECORDING, duration_s, Severity.REJECT, above=False)
    procedure = setup.procedure
    knees = np.isfinite(series.image_px[:, KNEES, 0])
    seen: BoolArray = np.asarray(knees.all(axis=1) if procedure.both_knees else knees.any(axis=1))
    share_seen = float(seen.mean()) if len(seen) else 0.0
    nobody = LIMITS[FindingCode.NO_PERSON]
    if share_seen < nobody.value:
        findings.append(found(procedure.unseen, Severity.REJECT, share_seen, limit=nobody))
        return tuple(findings)
    legs = np.isfinite(angles.raw_deg).any(axis=1)
    if legs.mean() < LIMITS[FindingCode.NO_PERSON].value:
        findings.append(found(FindingCode.LEGS_NOT_SEEN, Severity.REJECT, legs.mean(), limit=nobody))
        return tuple(findings)
    lost = 1.0 - share_seen
    look(FindingCode.PERSON_LOST, lost, Severity.REJECT if lost > 0.5 else Severity.DOUBT)
    findings += _check_frame(series, seen)
    for check in procedure.posture:
        findings += POSTURE_CHECKS[check](series, angles, setup)
    people = series.n_people[series.n_people >= 0]
    if len(people):
        look(FindingCode.SEVERAL_PEOPLE, int(people.max()), Severity.NOTE)
    look(FindingCode.LOW_LIGHT, median_of(series.brightness), Severity.DOUBT, above=False)
    look(FindingCode.MOTION_BLUR, median_of(series.sharpness), Severity.DOUBT, above=False)
    slowest = procedure.limits.get(FindingCode.LOW_FRAME_RATE, LIMITS[FindingCode.LOW_FRAME_RATE])
    if series.readings_hz < slowest.value:
        findings.append(found(FindingCode.LOW_FRAME_RATE, Severity.DOUBT, series.readings_hz, limit=slowest))
    return tuple(findings)


def _check_frame(series: PoseSeries, seen: BoolArray) -> list[Finding]:
    """Feet or knees at the picture's edge: the model guesses what it cannot see."""
    width, height = series.frame_size_px
    findings = []
    for side in SIDES:
        rows = [ANKLES[side.column], KNEES[side.column], FEET[side.column]]
        px = series.image_px[seen][:, rows]
        px = px[:, np.isfinite(px).any(axis=(0, 2))]  # feet are not read in prone
        px = px[np.isfinite(px).all(axis=(1, 2))]
        if px.size == 0:
            continue
        outside = (px < 0).any(axis=(1, 2)) | (px[..., 0] > width).any(axis=1) | (px[..., 1] > height).any(axis=1)
        share = float(outside.mean())
        if share > LIMITS[FindingCode.OUT_OF_FRAME].value:
            severity = Severity.REJECT if share > 0.5 else Severity.DOUBT
            findings.append(found(FindingCode.OUT_OF_FRAME, severity, share, side))
    return findings


def _check_seated(series: PoseSeries, angles: AngleSeries, setup: Setup) -> list[Finding]:
    """Look whether the subject sits and faces the camera."""
    findings = []
    flexion = median_of(angles.hip_flexion_deg)
    thigh_share = median_of(angles.thigh_px / angles.shank_px)
    upright = Limit(0.9, "thigh to shank in the picture", "seen from the front a level thigh looks short")
    if flexion < LIMITS[FindingCode.WRONG_TEST].value:
        findings.append(found(FindingCode.WRONG_TEST, Severity.REJECT, flexion))
    elif (turned_deg := _turn_deg(series)) and thigh_share <= upright.value:
        findings.append(picture_turned(turned_deg))
    elif any(abs(median_of(a)) > HANGING.value for a in angles.image_deg.T):
        steepest = max((abs(median_of(a)) for a in angles.image_deg.T), key=np.nan_to_num)
        findings.append(found(FindingCode.WRONG_TEST, Severity.REJECT, steepest, limit=HANGING))
    elif thigh_share > upright.value:
        findings.append(found(FindingCode.WRONG_TEST, Severity.REJECT, thigh_share, limit=upright))
    else:
        turned = float(series.swapped[np.isfinite(angles.raw_deg).any(axis=1)].mean())
        if turned > LIMITS[FindingCode.WRONG_VIEW].value:
            findings.append(found(FindingCode.WRONG_VIEW, Severity.REJECT, turned))
    hips = series.visibility[:, HIPS].min(axis=1) >= MIN_VISIBILITY
    if hips.mean() < 0.5:
        limit = Limit(0.5, "of the frames", "the pelvis cannot be watched otherwise")
        findings.append(found(FindingCode.OUT_OF_FRAME, Severity.DOUBT, 1 - hips.mean(), limit=limit))
    return findings


TURNED = Limit(45.0, "° from upright", "a seated trunk leans less than that")


def picture_turned(turned_deg: float) -> Finding:
    """Return the refusal of somebody who sits in a picture that is turned clockwise by so many quarters, degrees."""
    refusal = found(FindingCode.PICTURE_TURNED, Severity.REJECT, turned_deg, limit=TURNED)
    return replace(refusal, advice=f"{turn_words(turned_deg).capitalize()} and measure it again.")


def turn_words(turned_deg: float) -> str:
    """Return how a picture that is turned clockwise by 90, 180 or 270° lies, and how to turn it upright."""
    if turned_deg == 180:
        return "the picture stands on its head: turn it by 180°"
    way = "counter-clockwise" if turned_deg == 90 else "clockwise"
    return f"the picture lies on its side: turn it {way} by 90°"


def quarter_turn_deg(trunk_px: FloatArray, shank_px: FloatArray) -> float:
    """Return by how many quarters, degrees clockwise, a picture of somebody who sits is turned; 0 where not seen.

    Parameters
    ----------
    trunk_px, shank_px : (2,) from the hips to the shoulders, and from the ankles to the knees. Where they do not point
        the same way, the posture is another one.
    """
    trunk_deg, shank_deg = (np.degrees(np.arctan2(way[0], -way[1])) for way in (trunk_px, shank_px))
    if not abs((trunk_deg - shank_deg + 180) % 360 - 180) <= HANGING.value:
        return 0.0
    return float(90 * round(trunk_deg / 90) % 360)


def _turn_deg(series: PoseSeries) -> float:
    """Return by how much the picture is turned all through a recording, degrees clockwise."""
    px = seen_px(series)
    trunk = px[:, SHOULDERS].mean(axis=1) - px[:, HIPS].mean(axis=1)
    shank = (px[:, KNEES] - px[:, ANKLES]).mean(axis=1)
    trunk_px, shank_px = (np.array([median_of(way[:, axis]) for axis in (0, 1)]) for way in (trunk, shank))
    return quarter_turn_deg(trunk_px, shank_px)


#: Of the frames in which both feet are seen: how near the ankles come in the nearest twentieth.
NEAREST_SHARE = 0.05


def _check_heels(series: PoseSeries, angles: AngleSeries, setup: Setup) -> list[Finding]:
    """Look whether the heels cross: one leg then hides the other, or pushes it."""
    knees_x, ankles_x = (series.image_px[:, rows, 0] for rows in (KNEES, ANKLES))
    order = np.sign(median_of(knees_x[:, 0] - knees_x[:, 1]))
    apart = order * (ankles_x[:, 0] - ankles_x[:, 1]) / median_of(angles.shank_px)
    apart = apart[np.isfinite(apart)]
    if len(apart) == 0:
        return []
    nearest = float(np.quantile(apart, NEAREST_SHARE))
    crossed = nearest < LIMITS[FindingCode.HEELS_CROSSING].value
    return [found(FindingCode.HEELS_CROSSING, Severity.DOUBT, nearest)] if crossed else []


POSTURE_CHECKS = {PostureCheck.SITS: _check_seated, PostureCheck.HEELS_APART: _check_heels}


#: On rendered people at most 0.02 from the feet and 0.97 from the head.
TRUNK_IN_FRONT = Limit(0.5, "of the place before the knees is person", "the trunk lies there seen from the head end")


def check_end(share_in_front: float, flexion_deg: float, camera_side: CameraSide) -> tuple[Finding, ...]:
    """Question the end that a prone test was said to be filmed from: the wrong one exchanges left and right.

    Who sits in a picture that stands on its head shows the trunk there too, with the hips bent (`flexion_deg`, NaN
    where nobody looked), and is refused: what would be the other end's left and right is not theirs.
    """
    if not np.isfinite(share_in_front):
        return ()
    seen = CameraSide.HEAD_END if share_in_front > TRUNK_IN_FRONT.value else CameraSide.FOOT_END
    if seen is CameraSide.HEAD_END and flexion_deg >= LIMITS[FindingCode.WRONG_TEST].value:
        return (picture_turned(180.0),)
    if seen is camera_side:
        return ()
    end, said = ("head", "foot") if seen is CameraSide.HEAD_END else ("foot", "head")
    advice = (
        f"This looks filmed from the {end} end, not from the {said} end: if so, left and right are exchanged; "
        f"measure it again with --camera-end {end}."
    )
    doubt = found(FindingCode.WRONG_VIEW, Severity.DOUBT, share_in_front, limit=TRUNK_IN_FRONT)
    return (replace(doubt, advice=advice),)
