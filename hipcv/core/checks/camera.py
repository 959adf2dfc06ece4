"""What a camera does to the reading that a reader must know: turned, tilted, not known (METHOD C7), a bent knee."""

from collections.abc import Sequence

import numpy as np

from hipcv.core.camera.pose import CameraAlarm, CameraPose, Cue, DrawnSign
from hipcv.core.checks.limits import CAMERA_SHARE, DRAWN, LIMITS, YAW_REJECT, found, sources_limit
from hipcv.core.finding import Cause, Finding, FindingCode, Severity
from hipcv.core.motion.angles import AngleSeries
from hipcv.core.motion.out_of_plane import knee_departure_deg, knee_effect_deg
from hipcv.core.uncertainty import CENTRAL_95_SD
from hipcv.words import SIDES, Side

#: An end range at which a knee's effect is stated, and the effect from which on it is a reason to doubt.
TYPICAL_END_RANGE_DEG = 35.0
KNEE_EFFECT_DOUBT_DEG = 2.0

#: What to do about a contradiction hangs on the cue that was kept: what the user said, or what is only seen.
KEPT = {Cue.GIVEN: Cause.GIVEN_KEPT, Cue.MARKED_EDGES: Cause.MARKED_KEPT}


def check_camera(camera: CameraPose) -> tuple[Finding, ...]:
    """Report a camera that is turned too far, tilted, not known well enough, or of which two cues disagree.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from hipcv.core.camera.pose import LEVEL, CameraAngle
    >>> check_camera(LEVEL)
    ()
    >>> askew = replace(LEVEL, roll=CameraAngle(0.0, 5.0), yaw=CameraAngle(35.0, 2.0))
    >>> [(finding.code.value, finding.severity.value) for finding in check_camera(askew)]
    [('camera_yaw', 'reject'), ('gravity_unknown', 'doubt')]
    """
    findings = []
    yaw, pitch, roll = abs(camera.yaw.value_deg), abs(camera.pitch.value_deg), abs(camera.roll.value_deg)
    if yaw > YAW_REJECT.value:
        cause = Cause.WAY_OPEN if camera.yaw.rests_on(Cue.BED_WAY_OPEN) else None
        findings.append(
            found(FindingCode.CAMERA_YAW, Severity.REJECT, camera.yaw.value_deg, limit=YAW_REJECT, cause=cause)
        )
    elif yaw > LIMITS[FindingCode.CAMERA_YAW].value:
        findings.append(found(FindingCode.CAMERA_YAW, Severity.DOUBT, camera.yaw.value_deg))
    if not camera.yaw_known:
        findings.append(found(FindingCode.YAW_UNKNOWN, Severity.DOUBT, camera.yaw.se_deg))
    if pitch > LIMITS[FindingCode.CAMERA_PITCH].value:
        findings.append(found(FindingCode.CAMERA_PITCH, Severity.DOUBT, camera.pitch.value_deg))
    if roll > LIMITS[FindingCode.CAMERA_ROLL].value and camera.roll_known:
        findings.append(found(FindingCode.CAMERA_ROLL, Severity.NOTE, camera.roll.value_deg))
    if not camera.roll_known:
        findings.append(found(FindingCode.GRAVITY_UNKNOWN, Severity.DOUBT, camera.roll.se_deg))
    return (*findings, *_check_drawn_lines(camera), *map(_told, camera.alarms))


def _check_drawn_lines(camera: CameraPose) -> list[Finding]:
    """Say why the room's edges gave no plumb line; where something drawn was marked as one, say that instead."""
    marked = [lines for lines in camera.drawn if lines.sign is DrawnSign.MARKS]
    lines = next(iter(marked or camera.drawn), None)
    if lines is None or (camera.roll_known and not marked):
        return []
    severity = Severity.NOTE if camera.roll_known else Severity.DOUBT
    cause = Cause.MARKED_DRAWN if marked else None
    return [found(FindingCode.DRAWN_LINES, severity, lines.observed, limit=DRAWN[lines.sign], cause=cause)]


def _told(alarm: CameraAlarm) -> Finding:
    """Return the contradiction: both cues, what each says, and which one was kept."""
    kept, dissent = alarm.kept, alarm.dissent
    return found(
        alarm.code,
        Severity.DOUBT,
        alarm.apart_deg,
        limit=sources_limit(alarm.limit_deg),
        cause=KEPT.get(kept.cues[0], Cause.SEEN_KEPT),
        values={
            "kept": str(kept.cues[0]),
            "kept_deg": kept.value_deg,
            "dissent": str(dissent.cues[0]),
            "dissent_deg": dissent.value_deg,
        },
    )


#: What is not known well enough where the camera alone leaves much open, by the angle that leaves most of it.
CAMERA_CAUSES = (FindingCode.GRAVITY_UNKNOWN, FindingCode.PITCH_UNKNOWN, FindingCode.YAW_UNKNOWN)


def check_camera_share(side: Side, camera: CameraPose, shares_se_deg: Sequence[float]) -> list[Finding]:
    """Doubt a side whose interval the camera alone makes wide, though its roll and turn are each known passably.

    shares_se_deg : what roll, pitch, yaw and lens add to the standard error of this side's end range, degrees; none
        where the side has no number.

    Examples
    --------
    >>> from hipcv.core.camera.pose import LEVEL
    >>> check_camera_share(Side.LEFT, LEVEL, [0.5, 0.5, 1.0, 0.1])
    []
    >>> [finding.code.value for finding in check_camera_share(Side.LEFT, LEVEL, [0.5, 4.0, 1.0, 0.1])]
    ['pitch_unknown']
    """
    half_deg = CENTRAL_95_SD * float(np.hypot.reduce(np.array([0.0, *shares_se_deg])))
    told = not camera.roll_known or not camera.yaw_known
    if told or not half_deg > CAMERA_SHARE.value:
        return []
    cause = CAMERA_CAUSES[int(np.argmax(shares_se_deg[: len(CAMERA_CAUSES)]))]
    return [found(cause, Severity.DOUBT, half_deg, side, limit=CAMERA_SHARE)]


def check_knees(angles: AngleSeries, camera: CameraPose) -> list[Finding]:
    """Report seated knees far from a right angle, with what it may cost with this camera.

    Examples
    --------
    >>> from hipcv.core.camera.pose import LEVEL
    >>> one, two, bent = np.zeros(1), np.zeros((1, 2)), np.array([[60.0, np.nan]])
    >>> angles = AngleSeries(one, two, two, two, one, one, two, two, bent, one, two, two, np.array([1, -1]))
    >>> [(finding.side.value, finding.observed) for finding in check_knees(angles, LEVEL)]  # one is not seen
    [('left', -25.3)]
    """
    findings = []
    for side in SIDES:
        departure = knee_departure_deg(angles, side)
        is_there = bool(np.isfinite(angles.shank_px[:, side.column]).any())
        if not (is_there and abs(departure) > LIMITS[FindingCode.KNEE_ANGLE].value):
            continue
        lateral = float(angles.lateral[side.column])
        effect = float(knee_effect_deg(TYPICAL_END_RANGE_DEG, -departure, camera, lateral, shank_up=False))
        severity = Severity.DOUBT if abs(effect) > KNEE_EFFECT_DOUBT_DEG else Severity.NOTE
        values = {"bent_deg": 90 + departure, "effect_deg": effect}
        findings.append(found(FindingCode.KNEE_ANGLE, severity, departure, side, cause=Cause.BENT_KNEE, values=values))
    return findings
