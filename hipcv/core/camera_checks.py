"""What a camera does to the reading that a reader must know: turned, tilted, not known, or seeing a bent knee."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hipcv.core.angles import AngleSeries
from hipcv.core.checks import LIMITS, Limit, found
from hipcv.core.gravity import KNOWN_ROLL_SE_DEG, CameraPose
from hipcv.core.knee import knee_departure_deg, knee_effect_deg
from hipcv.core.landmarks import SIDES, Side
from hipcv.core.quality import Finding, FindingCode, Severity
from hipcv.core.room import WAY_OPEN

YAW_REJECT = Limit(30.0, "°", "beyond it the correction rests on a yaw known to 4° only (gravity study, section 4)")
YAW_DOUBT = Limit(25.0, "°", "a yaw error of 4° costs 2° there at an end range of 40°")
YAW_UNKNOWN = Limit(8.0, "° standard error of the yaw", "a camera turned by 20° costs up to 10° in prone if not known")
YAW_ADVICE = (
    "How far the camera is turned around the person could not be seen: film again with the long edges of the bed or "
    "mat in the picture and the camera in line with them, or state the turn in degrees (--yaw)."
)
WAY_OPEN_ADVICE = (
    "The camera stands far aside of the line of the thighs, on which side could not be seen: film again from straight "
    "beyond the feet, in line with the bed."
)
PITCH_DOUBT = Limit(35.0, "°", "steeper than any clip the correction was measured on")
ROLL_NOTE = Limit(3.0, "°", "corrected; a bare reading would be off by as much, with opposite sign on the two legs")
CAMERA_SHARE = Limit(5.0, "° either way, from the camera alone", "as wide as a normal range, such as 35° to 45°")

#: An end range at which a knee's effect is stated, and the effect from which on it is a reason to doubt.
TYPICAL_END_RANGE_DEG = 35.0
KNEE_EFFECT_DOUBT_DEG = 2.0


def check_camera(camera: CameraPose) -> tuple[Finding, ...]:
    """Report a camera that is turned too far, tilted, or not known well enough."""
    findings = []
    if camera.yaw.se_deg > YAW_UNKNOWN.value:
        unknown = found(FindingCode.CAMERA_YAW, Severity.DOUBT, camera.yaw.se_deg, limit=YAW_UNKNOWN)
        findings.append(replace(unknown, advice=YAW_ADVICE))
    yaw, pitch, roll = abs(camera.yaw.value_deg), abs(camera.pitch.value_deg), abs(camera.roll.value_deg)
    if yaw > YAW_REJECT.value:
        aside = found(FindingCode.CAMERA_YAW, Severity.REJECT, camera.yaw.value_deg, limit=YAW_REJECT)
        findings.append(replace(aside, advice=WAY_OPEN_ADVICE) if WAY_OPEN in camera.yaw.source else aside)
    elif yaw > YAW_DOUBT.value:
        findings.append(found(FindingCode.CAMERA_YAW, Severity.DOUBT, camera.yaw.value_deg, limit=YAW_DOUBT))
    if pitch > PITCH_DOUBT.value:
        findings.append(found(FindingCode.CAMERA_PITCH, Severity.DOUBT, camera.pitch.value_deg, limit=PITCH_DOUBT))
    if roll > ROLL_NOTE.value and camera.roll_known:
        findings.append(found(FindingCode.CAMERA_ROLL, Severity.NOTE, camera.roll.value_deg, limit=ROLL_NOTE))
    if not camera.roll_known:
        limit = Limit(KNOWN_ROLL_SE_DEG, "° standard error of the roll", "no difference between the legs beyond it")
        findings.append(found(FindingCode.GRAVITY_UNKNOWN, Severity.DOUBT, camera.roll.se_deg, limit=limit))
    for alarm in camera.alarms:
        if alarm.code == "roll_sources_disagree":
            limit = Limit(alarm.limit, "° between two sources", "more than their own errors explain")
            findings.append(found(FindingCode.CAMERA_ROLL, Severity.DOUBT, alarm.observed, limit=limit))
    return tuple(findings)


def check_camera_share(side: Side, camera: CameraPose, shares_se_deg: Sequence[float]) -> list[Finding]:
    """Doubt a side whose interval the camera alone makes wide, though its roll and turn are each known passably.

    shares_se_deg : what each camera angle adds to the standard error of this side's end range, degrees.
    """
    half_deg = 1.96 * float(np.hypot.reduce(np.array([0.0, *shares_se_deg])))
    told = not camera.roll_known or camera.yaw.se_deg > YAW_UNKNOWN.value
    if told or not half_deg > CAMERA_SHARE.value:
        return []
    return [found(FindingCode.GRAVITY_UNKNOWN, Severity.DOUBT, half_deg, side, limit=CAMERA_SHARE)]


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
