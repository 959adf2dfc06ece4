"""The camera's pose from every cue there is, so that one wrong cue does not carry the day.

Cues come in an order of trust: the user's number, the edges that the user marked as plumb, the device's own sensor, the
room's edges, the lean of the relaxed shanks, the lines of shoulders and hips. Those that agree are averaged by their
uncertainty; of those that do not, the larger party wins, and between equal parties the more trusted one, with an error
that covers half the distance. What the user states or marks settles it, and a cue that disagrees is told (METHOD C6).
"""

from collections.abc import Sequence

import numpy as np

from hipcv.core.camera.cues import YAW_PRIOR_SE_DEG, CameraCues
from hipcv.core.camera.pose import CameraAlarm, CameraAngle, CameraPose, Cue
from hipcv.core.finding import FindingCode
from hipcv.core.procedure import Procedure

#: Cameras that nobody levelled.
ROLL_PRIOR_SE_DEG = 5.0
#: Two cues disagree when further apart than this many of their joint standard errors ...
DISAGREEMENT_SIGMA = 3.0
#: ... but never before this; and what the subject's own posture says, which is an alarm, sooner: when further than this
#: from something certain, or than so many joint standard errors from something less certain.
DISAGREEMENT_FLOOR_DEG = 2.0
POSTURE_DISAGREEMENT_DEG = {Cue.REST_LEAN: 4.5, Cue.BODY_LINES: 6.0}
POSTURE_DISAGREEMENT_SIGMA = 1.8

_SETTLED_BY_USER = (Cue.GIVEN, Cue.MARKED_EDGES)
#: What a mere posture cannot put in doubt.
_BEYOND_POSTURE = (*_SETTLED_BY_USER, Cue.SENSOR)


def find_camera_pose(procedure: Procedure, cues: CameraCues) -> CameraPose:
    """Fuse every cue into one camera pose.

    Parameters
    ----------
    procedure : the test; sets what is believed of the pitch beforehand, and what tells the yaw.
    cues : what there is.

    Returns
    -------
    CameraPose. Without any cue the roll is 0 with a standard error of 5° and not `roll_known`, never silently 0.

    Examples
    --------
    >>> from hipcv.core.procedures import procedure_named
    >>> unknown = find_camera_pose(procedure_named("seated"), CameraCues())
    >>> unknown.roll.value_deg, unknown.roll.se_deg, unknown.roll_known
    (0.0, 5.0, False)
    >>> found = find_camera_pose(procedure_named("seated"), CameraCues(given_roll_deg=3.0))
    >>> round(found.roll.value_deg, 6), found.roll.source, found.roll_known
    (3.0, 'given', True)
    """
    roll_cues, pitch_cues, yaw_cues = cues.of_roll(), cues.of_pitch(), cues.of_yaw(procedure.yaw_from)
    roll, roll_alarms, distance = _fuse(roll_cues, (0.0, ROLL_PRIOR_SE_DEG), FindingCode.ROLL_SOURCES_DISAGREE)
    pitch, pitch_alarms, _ = _fuse(pitch_cues, procedure.pitch_prior_deg, FindingCode.PITCH_SOURCES_DISAGREE)
    yaw, yaw_alarms, _ = _fuse(yaw_cues, (0.0, YAW_PRIOR_SE_DEG), FindingCode.YAW_SOURCES_DISAGREE)
    fov_deg, fov_se_deg = cues.lens_deg()
    return CameraPose(
        roll=roll,
        pitch=pitch,
        yaw=yaw,
        long_side_fov_deg=fov_deg,
        long_side_fov_se_deg=fov_se_deg,
        roll_cues=roll_cues,
        pitch_cues=pitch_cues,
        yaw_cues=yaw_cues,
        disagreement_deg=distance,
        alarms=(*roll_alarms, *pitch_alarms, *yaw_alarms),
        room=cues.room,
        drawn=cues.drawn,
    )


def _limit_deg(a: CameraAngle, b: CameraAngle) -> float:
    """Return how far apart two cues may lie before they disagree."""
    joint_se = float(np.hypot(a.se_deg, b.se_deg))
    postures = [limit for cue, limit in POSTURE_DISAGREEMENT_DEG.items() if a.rests_on(cue) or b.rests_on(cue)]
    if postures:
        return max(*postures, POSTURE_DISAGREEMENT_SIGMA * joint_se)
    return max(DISAGREEMENT_SIGMA * joint_se, DISAGREEMENT_FLOOR_DEG)


def _fuse(
    cues: Sequence[CameraAngle], without: tuple[float, float], code: FindingCode
) -> tuple[CameraAngle, tuple[CameraAlarm, ...], float]:
    """Return the fused angle, an alarm where cues disagree, and the largest distance of a cue from it.

    `cues` come in order of trust; `without` is the angle and its standard error that are assumed where there are none.
    """
    if not cues:
        return CameraAngle(*without, (Cue.ASSUMED,)), (), 0.0
    parties = [[c for c in cues if abs(c.value_deg - a.value_deg) <= _limit_deg(a, c)] for a in cues]
    largest = max(len(p) for p in parties)
    # the first of the largest parties is that of the most trusted cue; what the user says is not put to the vote
    party = next(p for p in parties if len(p) == largest)
    if cues[0].rests_on(*_SETTLED_BY_USER):
        party = [cues[0]] if cues[0].rests_on(Cue.GIVEN) else parties[0]
    weight = np.array([c.se_deg**-2.0 for c in party])
    value = float(weight @ np.array([c.value_deg for c in party]) / weight.sum())
    se = float(weight.sum() ** -0.5)
    apart = [(abs(c.value_deg - party[0].value_deg), _limit_deg(c, party[0]), c) for c in cues if c not in party]
    apart = [row for row in apart if row[0] > row[1]]
    distance = max(abs(c.value_deg - value) for c in cues)
    fused = CameraAngle(value, se, tuple(cue for c in party for cue in c.cues))
    if not apart:
        return fused, (), distance
    _, limit, dissent = max(apart, key=lambda row: row[0] / row[1])
    alarm = CameraAlarm(code, party[0], dissent, limit)
    doubters = [
        c for _, _, c in apart if not (c.rests_on(*POSTURE_DISAGREEMENT_DEG) and party[0].rests_on(*_BEYOND_POSTURE))
    ]
    if doubters and not party[0].rests_on(*_SETTLED_BY_USER) and len(doubters) >= len(party):
        half = max(abs(c.value_deg - value) for c in doubters) / 2
        fused = CameraAngle(value, float(np.hypot(se, half)), fused.cues)
    return fused, (alarm,), distance
