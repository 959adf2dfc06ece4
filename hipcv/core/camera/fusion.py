"""The camera's pose from every cue there is, so that one wrong cue does not carry the day.

Cues come in an order of trust: the user's number, the edges that the user marked as plumb, the device's own sensor, the
room's edges, the lean of the relaxed shanks, the lines of shoulders and hips. Those that agree are averaged by their
uncertainty; of those that do not, the larger party wins, and between equal parties the more trusted one, with an error
that covers half the distance. What the user states or marks settles it, and a cue that disagrees is told.
"""

from collections.abc import Sequence

import numpy as np

from hipcv.core.camera.edges import MarkedFit, RoomFit
from hipcv.core.camera.pinhole import DEFAULT_LONG_SIDE_FOV_DEG
from hipcv.core.camera.pose import (
    BODY_LINES,
    LONG_SIDE_FOV_SE_DEG,
    REST_LEAN,
    CameraAlarm,
    CameraAngle,
    CameraPose,
)
from hipcv.core.finding import FindingCode
from hipcv.core.procedure import Procedure, YawCue

#: Standard error granted to an angle that the user typed in, and to a device's own sensor.
GIVEN_SE_DEG = 0.3
SENSOR_SE_DEG = 0.5
#: A fit that did not pass its gate may be further off than it says.
UNCERTAIN_ROOM_WIDENING = 1.2
#: Cameras that nobody levelled; and where people put a camera that should stand square on.
ROLL_PRIOR_SE_DEG = 5.0
YAW_PRIOR_SE_DEG = 12.0
#: With the lens' own metadata; what remains is cropping by the camera's software.
KNOWN_FOV_SE_DEG = 2.0
#: Two cues disagree when further apart than this many of their joint standard errors ...
DISAGREEMENT_SIGMA = 3.0
#: ... but never before this; and what the subject's own posture says, which is an alarm, sooner: when further than this
#: from something certain, or than so many joint standard errors from something less certain.
DISAGREEMENT_FLOOR_DEG = 2.0
POSTURE_DISAGREEMENT_DEG = {REST_LEAN: 4.5, BODY_LINES: 6.0}
POSTURE_DISAGREEMENT_SIGMA = 1.8

_ASSUMED = "assumed"
_GIVEN = "given"
_SETTLED_BY_USER = (_GIVEN, "marked edges")
#: Sources that a mere posture cannot put in doubt.
_BEYOND_POSTURE = (_GIVEN, "marked edges", "sensor")


def find_camera_pose(
    procedure: Procedure,
    *,
    room: RoomFit | None = None,
    marked: MarkedFit | None = None,
    rest_roll: CameraAngle | None = None,
    body_roll: CameraAngle | None = None,
    bed_yaw: CameraAngle | None = None,
    body_yaw: CameraAngle | None = None,
    given_roll_deg: float | None = None,
    given_pitch_deg: float | None = None,
    given_yaw_deg: float | None = None,
    sensor_roll_deg: float | None = None,
    sensor_pitch_deg: float | None = None,
    long_side_fov_deg: float | None = None,
) -> CameraPose:
    """Fuse every cue into one camera pose; cues that are not there are left out.

    Parameters
    ----------
    procedure : the test; sets what is believed of the pitch beforehand.
    room : `fit_room`; a refused fit counts only if merely uncertain, with a widened error; never for yaw.
    marked : `fit_vertical_edges` of the edges that the user marked as plumb.
    rest_roll, body_roll : `roll_from_rest`, `roll_from_body_lines`.
    bed_yaw : `fit_bed_yaw`; used where the bed tells the yaw.
    body_yaw : yaw from the subject's body, with its standard error.
    given_roll_deg, given_pitch_deg, given_yaw_deg : numbers of the user; they always win.
    sensor_roll_deg, sensor_pitch_deg : readings of the recording device.
    long_side_fov_deg : field of view from the lens' metadata.

    Returns
    -------
    CameraPose. Without any cue the roll is 0 with a standard error of 5° and not `roll_known`, never silently 0.
    """
    accepted = room if room is not None and room.accepted else None
    room_roll, room_pitch = _room_cues(room)
    roll_cues = [
        *_cue(given_roll_deg, GIVEN_SE_DEG, _GIVEN),
        *([CameraAngle(marked.roll_deg, marked.roll_se_deg, "marked edges")] if marked else []),
        *_cue(sensor_roll_deg, SENSOR_SE_DEG, "sensor"),
        *room_roll,
        *([rest_roll] if rest_roll else []),
        *([body_roll] if body_roll else []),
    ]
    pitch_cues = [
        *_cue(given_pitch_deg, GIVEN_SE_DEG, _GIVEN),
        *([CameraAngle(marked.pitch_deg, marked.pitch_se_deg, "marked edges")] if marked else []),
        *_cue(sensor_pitch_deg, SENSOR_SE_DEG, "sensor"),
        *room_pitch,
    ]
    yaw_cues = [
        *_cue(given_yaw_deg, GIVEN_SE_DEG, _GIVEN),
        *([bed_yaw] if bed_yaw and procedure.yaw_from is YawCue.BED else []),
        *([_shrunk(body_yaw, YAW_PRIOR_SE_DEG)] if body_yaw else []),
    ]
    roll, roll_alarms, distance = _fuse(
        roll_cues, CameraAngle(0.0, ROLL_PRIOR_SE_DEG, _ASSUMED), FindingCode.ROLL_SOURCES_DISAGREE
    )
    pitch, pitch_alarms, _ = _fuse(
        pitch_cues, CameraAngle(*procedure.pitch_prior_deg, _ASSUMED), FindingCode.PITCH_SOURCES_DISAGREE
    )
    yaw, yaw_alarms, _ = _fuse(yaw_cues, CameraAngle(0.0, YAW_PRIOR_SE_DEG, _ASSUMED), FindingCode.YAW_SOURCES_DISAGREE)
    fov, fov_se = DEFAULT_LONG_SIDE_FOV_DEG, LONG_SIDE_FOV_SE_DEG
    if long_side_fov_deg is not None:
        fov, fov_se = long_side_fov_deg, KNOWN_FOV_SE_DEG
    elif accepted is not None:
        fov, fov_se = accepted.long_side_fov_deg, accepted.long_side_fov_se_deg
    return CameraPose(
        roll=roll,
        pitch=pitch,
        yaw=yaw,
        long_side_fov_deg=fov,
        long_side_fov_se_deg=fov_se,
        roll_cues=tuple(roll_cues),
        pitch_cues=tuple(pitch_cues),
        yaw_cues=tuple(yaw_cues),
        disagreement_deg=distance,
        alarms=(*roll_alarms, *pitch_alarms, *yaw_alarms),
    )


def _room_cues(room: RoomFit | None) -> tuple[list[CameraAngle], list[CameraAngle]]:
    """Return the room's cue of roll and of pitch, none where the fit cannot be used."""
    if room is None or not room.usable:
        return [], []
    widen = 1.0 if room.accepted else UNCERTAIN_ROOM_WIDENING
    return (
        [CameraAngle(room.roll_deg, widen * room.roll_se_deg, "room edges")],
        [CameraAngle(room.pitch_deg, widen * room.pitch_se_deg, "room edges")],
    )


def _cue(value_deg: float | None, se_deg: float, source: str) -> list[CameraAngle]:
    return [] if value_deg is None or not np.isfinite(value_deg) else [CameraAngle(float(value_deg), se_deg, source)]


def _shrunk(cue: CameraAngle, prior_se_deg: float) -> CameraAngle:
    """Return a raw reading combined with a prior belief around zero."""
    share = prior_se_deg**2 / (prior_se_deg**2 + cue.se_deg**2)
    return CameraAngle(cue.value_deg * share, cue.se_deg * float(np.sqrt(share)), cue.source)


def _limit_deg(a: CameraAngle, b: CameraAngle) -> float:
    """Return how far apart two cues may lie before they disagree."""
    joint_se = float(np.hypot(a.se_deg, b.se_deg))
    postures = [POSTURE_DISAGREEMENT_DEG[c.source] for c in (a, b) if c.source in POSTURE_DISAGREEMENT_DEG]
    if postures:
        return max(*postures, POSTURE_DISAGREEMENT_SIGMA * joint_se)
    return max(DISAGREEMENT_SIGMA * joint_se, DISAGREEMENT_FLOOR_DEG)


def _fuse(
    cues: Sequence[CameraAngle], without: CameraAngle, code: FindingCode
) -> tuple[CameraAngle, tuple[CameraAlarm, ...], float]:
    """Return the fused angle, an alarm where cues disagree, and the largest distance of a cue from it.

    `cues` come in order of trust; `without` is the answer where there are none.
    """
    if not cues:
        return without, (), 0.0
    parties = [[c for c in cues if abs(c.value_deg - a.value_deg) <= _limit_deg(a, c)] for a in cues]
    largest = max(len(p) for p in parties)
    # the first of the largest parties is that of the most trusted cue; what the user says is not put to the vote
    party = next(p for p in parties if len(p) == largest)
    if cues[0].source in _SETTLED_BY_USER:
        party = [cues[0]] if cues[0].source == _GIVEN else parties[0]
    weight = np.array([c.se_deg**-2.0 for c in party])
    value = float(weight @ np.array([c.value_deg for c in party]) / weight.sum())
    se = float(weight.sum() ** -0.5)
    apart = [(abs(c.value_deg - party[0].value_deg), _limit_deg(c, party[0]), c) for c in cues if c not in party]
    apart = [row for row in apart if row[0] > row[1]]
    distance = max(abs(c.value_deg - value) for c in cues)
    fused = CameraAngle(value, se, " + ".join(c.source for c in party))
    if not apart:
        return fused, (), distance
    _, limit, dissent = max(apart, key=lambda row: row[0] / row[1])
    alarm = CameraAlarm(code, party[0], dissent, limit)
    doubters = [
        c for _, _, c in apart if not (c.source in POSTURE_DISAGREEMENT_DEG and party[0].source in _BEYOND_POSTURE)
    ]
    if doubters and party[0].source not in _SETTLED_BY_USER and len(doubters) >= len(party):
        half = max(abs(c.value_deg - value) for c in doubters) / 2
        fused = CameraAngle(value, float(np.hypot(se, half)), fused.source)
    return fused, (alarm,), distance
