"""What a camera does to the reading that a reader must know: turned, tilted, not known (METHOD C7), a bent knee."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hipcv.core.camera.drawn_lines import MAX_ACROSS, MAX_APART_DEG, MAX_EXACT_SHARE
from hipcv.core.camera.pose import KNOWN_ROLL_SE_DEG, KNOWN_YAW_SE_DEG, CameraAlarm, CameraPose, Cue, DrawnSign
from hipcv.core.checks.recording import LIMITS, found
from hipcv.core.finding import Finding, FindingCode, Limit, Severity
from hipcv.core.motion.angles import AngleSeries
from hipcv.core.motion.out_of_plane import knee_departure_deg, knee_effect_deg
from hipcv.words import SIDES, Side

YAW_REJECT = Limit(30.0, "°", "beyond it the correction rests on a yaw known to 4° only (gravity study, section 4)")
YAW_DOUBT = Limit(25.0, "°", "a yaw error of 4° costs 2° there at an end range of 40°")
YAW_UNKNOWN = Limit(
    KNOWN_YAW_SE_DEG, "° standard error of the yaw", "a camera turned by 20° costs up to 10° in prone if not known"
)
WAY_OPEN_ADVICE = (
    "The camera stands far aside of the line of the thighs, on which side could not be seen: film again from straight "
    "beyond the feet, in line with the bed."
)
DRAWN = {
    DrawnSign.SHARE: Limit(
        MAX_EXACT_SHARE, "of the edges' length exactly along the picture", "at most 0.28 in rendered and real rooms"
    ),
    DrawnSign.ACROSS: Limit(
        MAX_ACROSS, "line from border to border", "a level camera may see one, where wall and floor meet"
    ),
    DrawnSign.APART: Limit(
        MAX_APART_DEG, "° between all edges and those not along the picture", "at most 0.6 in rendered and real rooms"
    ),
    DrawnSign.MARKS: Limit(0, "marked edges on drawn lines", "a drawn line says nothing of the plumb line"),
}
MARKS_ADVICE = (
    "What was marked as upright lies on lines drawn over or around the picture: mark two upright edges of the room "
    "itself, such as a door frame, or save the clip without those lines."
)
PITCH_DOUBT = Limit(35.0, "°", "steeper than any clip the correction was measured on")
ROLL_NOTE = Limit(3.0, "°", "corrected; a bare reading would be off by as much, with opposite sign on the two legs")
CAMERA_SHARE = Limit(5.0, "° either way, from the camera alone", "as wide as a normal range, such as 35° to 45°")

#: An end range at which a knee's effect is stated, and the effect from which on it is a reason to doubt.
TYPICAL_END_RANGE_DEG = 35.0
KNEE_EFFECT_DOUBT_DEG = 2.0


#: What a cue is called where it contradicts another.
CUE_WORDS = {
    Cue.GIVEN: "the number that was stated",
    Cue.MARKED_EDGES: "the edges that were marked",
    Cue.SENSOR: "the device's sensor",
    Cue.ROOM_EDGES: "the room's edges",
    Cue.REST_LEAN: "the resting legs",
    Cue.BODY_LINES: "shoulders and hips",
    Cue.BED_EDGES: "the bed's edges",
    Cue.BED_WAY_OPEN: "the bed's edges",
    Cue.BODY_LANDMARKS: "shoulders and thighs",
}
ANGLE_WORDS = {
    FindingCode.ROLL_SOURCES_DISAGREE: (
        "tilted clockwise",
        "mark two upright edges, or film again with a level camera",
    ),
    FindingCode.PITCH_SOURCES_DISAGREE: ("looking down", "mark two upright edges, or film again with a level camera"),
    FindingCode.YAW_SOURCES_DISAGREE: ("turned", "film again with the camera straight in line with the thighs"),
}
REMEDIES = {
    Cue.GIVEN: "check that number and its sign, or leave it out, and measure again",
    Cue.MARKED_EDGES: "check the edges that were marked, and measure again",
}


def check_camera(camera: CameraPose) -> tuple[Finding, ...]:
    """Report a camera that is turned too far, tilted, not known well enough, or of which two cues disagree."""
    findings = []
    yaw, pitch, roll = abs(camera.yaw.value_deg), abs(camera.pitch.value_deg), abs(camera.roll.value_deg)
    if yaw > YAW_REJECT.value:
        aside = found(FindingCode.CAMERA_YAW, Severity.REJECT, camera.yaw.value_deg, limit=YAW_REJECT)
        findings.append(replace(aside, advice=WAY_OPEN_ADVICE) if camera.yaw.rests_on(Cue.BED_WAY_OPEN) else aside)
    elif yaw > YAW_DOUBT.value:
        findings.append(found(FindingCode.CAMERA_YAW, Severity.DOUBT, camera.yaw.value_deg, limit=YAW_DOUBT))
    if not camera.yaw_known:
        findings.append(found(FindingCode.YAW_UNKNOWN, Severity.DOUBT, camera.yaw.se_deg, limit=YAW_UNKNOWN))
    if pitch > PITCH_DOUBT.value:
        findings.append(found(FindingCode.CAMERA_PITCH, Severity.DOUBT, camera.pitch.value_deg, limit=PITCH_DOUBT))
    if roll > ROLL_NOTE.value and camera.roll_known:
        findings.append(found(FindingCode.CAMERA_ROLL, Severity.NOTE, camera.roll.value_deg, limit=ROLL_NOTE))
    if not camera.roll_known:
        limit = Limit(KNOWN_ROLL_SE_DEG, "° standard error of the roll", "no difference between the legs beyond it")
        findings.append(found(FindingCode.GRAVITY_UNKNOWN, Severity.DOUBT, camera.roll.se_deg, limit=limit))
    return (*findings, *_check_drawn_lines(camera), *map(_told, camera.alarms))


def _check_drawn_lines(camera: CameraPose) -> list[Finding]:
    """Say why the room's edges gave no plumb line, and that something drawn was marked as one."""
    findings = []
    for lines in camera.drawn:
        marks = lines.sign is DrawnSign.MARKS
        if marks or not camera.roll_known:
            severity = Severity.NOTE if camera.roll_known else Severity.DOUBT
            told = found(FindingCode.DRAWN_LINES, severity, lines.observed, limit=DRAWN[lines.sign])
            findings.append(replace(told, advice=MARKS_ADVICE) if marks else told)
    return findings


def _told(alarm: CameraAlarm) -> Finding:
    """Return the contradiction in words: both cues, what each says, and what to do about the one that was kept."""
    limit = Limit(round(alarm.limit_deg, 1), "° between two sources", "more than their own errors explain")
    way, remedy = ANGLE_WORDS[alarm.code]
    kept, dissent = (CUE_WORDS[angle.cues[0]] for angle in (alarm.kept, alarm.dissent))
    advice = (
        f"The camera is {way} by {alarm.kept.value_deg:.0f}° by {kept}, but by {alarm.dissent.value_deg:.0f}° by "
        f"{dissent}: {REMEDIES.get(alarm.kept.cues[0], remedy)}."
    )
    return replace(found(alarm.code, Severity.DOUBT, alarm.apart_deg, limit=limit), advice=advice)


#: What is not known well enough where the camera alone leaves much open, by the angle that leaves most of it.
CAMERA_CAUSES = (FindingCode.GRAVITY_UNKNOWN, FindingCode.PITCH_UNKNOWN, FindingCode.YAW_UNKNOWN)


def check_camera_share(side: Side, camera: CameraPose, shares_se_deg: Sequence[float]) -> list[Finding]:
    """Doubt a side whose interval the camera alone makes wide, though its roll and turn are each known passably.

    shares_se_deg : what roll, pitch, yaw and lens add to the standard error of this side's end range, degrees; none
        where the side has no number.
    """
    half_deg = 1.96 * float(np.hypot.reduce(np.array([0.0, *shares_se_deg])))
    told = not camera.roll_known or not camera.yaw_known
    if told or not half_deg > CAMERA_SHARE.value:
        return []
    cause = CAMERA_CAUSES[int(np.argmax(shares_se_deg[: len(CAMERA_CAUSES)]))]
    return [found(cause, Severity.DOUBT, half_deg, side, limit=CAMERA_SHARE)]


def check_knees(angles: AngleSeries, camera: CameraPose) -> list[Finding]:
    """Report seated knees far from a right angle, with what it may cost with this camera."""
    findings = []
    for side in SIDES:
        departure = knee_departure_deg(angles, side)
        if not abs(departure) > LIMITS[FindingCode.KNEE_ANGLE].value:
            continue
        lateral = float(angles.lateral[side.column])
        effect = float(knee_effect_deg(TYPICAL_END_RANGE_DEG, -departure, camera, lateral, shank_up=False))
        severity = Severity.DOUBT if abs(effect) > KNEE_EFFECT_DOUBT_DEG else Severity.NOTE
        advice = (
            f"The {side} knee seems bent by about {90 + departure:.0f}°; with this camera that moves the angle by "
            f"about {effect:+.1f}°. Bend it to a right angle, the foot straight below the knee, and film again."
        )
        findings.append(replace(found(FindingCode.KNEE_ANGLE, severity, departure, side), advice=advice))
    return findings
