"""Where down is: the camera's roll, pitch and yaw, each with its standard error and where it came from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hipcv.core.camera.pinhole import DEFAULT_LONG_SIDE_FOV_DEG, camera_axes, focal_length_px, shank_angle_deg
from hipcv.core.finding import FindingCode
from hipcv.core.series import FloatArray

#: Field of view where nothing is known of the lens: phones and webcams lie between 50° and 75°.
LONG_SIDE_FOV_SE_DEG = 7.0
#: With a roll known less well than this no difference between the legs is worth stating: it carries twice the error.
KNOWN_ROLL_SE_DEG = 2.0
#: With a yaw known less well than this the correction rests on what cameras are usually placed like.
KNOWN_YAW_SE_DEG = 8.0

#: The lean common to both relaxed shanks is mostly roll; the rest of it is how the person sits or lies.
REST_SHRINK = 0.85
REST_SE_DEG = 2.5
#: One leg alone cannot tell roll from its own rest angle.
ONE_LEG_SHRINK = 0.6
ONE_LEG_SE_DEG = 4.0
REST_LEAN = "rest lean"
#: Shoulders and hips are level on average, but both lean in somebody who sits askew: they support a roll that something
#: else shows, and with the shanks alone settle none.
BODY_LINES_SE_DEG, ONE_BODY_LINE_SE_DEG = 3.5, 4.5
BODY_LINES = "body lines"
#: How far relaxed shanks lean forward or backward: a camera turned to one side sees its sine as a lean.
REST_TILT_SD_DEG = 4.0


@dataclass(frozen=True, slots=True)
class CameraAngle:
    """One camera angle in degrees, its standard error, and the cue it came from."""

    value_deg: float
    se_deg: float
    source: str


@dataclass(frozen=True, slots=True)
class CameraAlarm:
    """Two cues of one camera angle that cannot both be right: the one that was kept, the one that says otherwise.

    `code` says which angle; `limit_deg` is how far apart they may lie.
    """

    code: FindingCode
    kept: CameraAngle
    dissent: CameraAngle
    limit_deg: float

    @property
    def apart_deg(self) -> float:
        """How far apart they are."""
        return abs(self.kept.value_deg - self.dissent.value_deg)


@dataclass(frozen=True, slots=True)
class CameraPose:
    """The camera against plumb line and thighs; signs as in `hipcv.core.camera.pinhole`.

    Attributes
    ----------
    roll, pitch, yaw : the fused angles; `source` names every cue that agreed, joined by " + ".
    long_side_fov_deg, long_side_fov_se_deg : field of view along the picture's longer side.
    roll_cues, pitch_cues, yaw_cues : every cue there was, most trusted first, also those that were outvoted.
    disagreement_deg : largest distance between the fused roll and any of its cues.
    alarms : one for each angle whose cues contradict each other; each becomes a finding.
    """

    roll: CameraAngle
    pitch: CameraAngle
    yaw: CameraAngle
    long_side_fov_deg: float = DEFAULT_LONG_SIDE_FOV_DEG
    long_side_fov_se_deg: float = LONG_SIDE_FOV_SE_DEG
    roll_cues: tuple[CameraAngle, ...] = ()
    pitch_cues: tuple[CameraAngle, ...] = ()
    yaw_cues: tuple[CameraAngle, ...] = ()
    disagreement_deg: float = 0.0
    alarms: tuple[CameraAlarm, ...] = ()

    @property
    def roll_known(self) -> bool:
        """Whether the roll is known well enough to compare the two legs."""
        return self.roll.se_deg <= KNOWN_ROLL_SE_DEG

    @property
    def yaw_known(self) -> bool:
        """Whether the camera's turn around the subject is known well enough to correct for it."""
        return self.yaw.se_deg <= KNOWN_YAW_SE_DEG


def roll_from_rest(
    left_deg: float, right_deg: float, *, left_lateral: int = 1, shank_up: bool = False, yaw_deg: float = 0.0
) -> CameraAngle | None:
    """Return the roll that the two relaxed shanks suggest: they hang, or stand, along the plumb line on average.

    A camera's roll leans both shanks the same way in the picture, that is, one laterally and one medially; what both
    do laterally or medially alike is the subject's own and drops out.

    Parameters
    ----------
    left_deg, right_deg : rest angle of each shank in the picture as `geometry.image_angle_deg` gives it, positive
        with the ankle lateral of the knee; NaN where not seen.
    left_lateral : +1 where the left leg's lateral side is to the right of the picture (seated from the front, prone
        from the head end), -1 where it is to the left (prone from the foot end).
    shank_up : whether the relaxed shank points up (prone).
    yaw_deg : of the camera; the further it is turned the more a knee away from 90° looks like a roll.

    Returns
    -------
    CameraAngle of source "rest lean", shrunk towards zero; None where neither leg is given.
    """
    # roll turns a hanging shank towards the picture's left and a standing one towards its right
    turn = left_lateral * (1 if shank_up else -1)
    leans = np.array([left_deg * turn, -right_deg * turn], dtype=np.float64)
    seen = leans[np.isfinite(leans)]
    if len(seen) == 0:
        return None
    shrink, se = (REST_SHRINK, REST_SE_DEG) if len(seen) == 2 else (ONE_LEG_SHRINK, ONE_LEG_SE_DEG)
    se = float(np.hypot(se, REST_TILT_SD_DEG * np.sin(np.radians(yaw_deg))))
    return CameraAngle(float(shrink * seen.mean()), se, REST_LEAN)


def roll_from_body_lines(
    lines_px: FloatArray, unrolled: CameraPose, frame_size_px: tuple[int, int]
) -> CameraAngle | None:
    """Return the roll that the lines through both shoulders and both hips suggest, taken as level.

    Parameters
    ----------
    lines_px : (L, 2, 2) both ends of each line, the one on the picture's left first; NaN where not seen.
    unrolled : the camera but for its roll: looking down from one side it sees a level line tilted.

    Returns
    -------
    CameraAngle of source "body lines"; None where no line is given.
    """
    lines = lines_px[np.isfinite(lines_px).all(axis=(1, 2))]
    if len(lines) == 0:
        return None
    along = lines[:, 1] - lines[:, 0]
    middle = lines.mean(axis=1) - np.array(frame_size_px) / 2
    right, up, back = camera_axes(0.0, unrolled.pitch.value_deg, unrolled.yaw.value_deg)[:, 0]
    focal = float(focal_length_px(unrolled.long_side_fov_deg, frame_size_px))
    # the direction to the vanishing point of what is level across the test
    level = np.arctan2(-focal * up + middle[:, 1] * back, focal * right + middle[:, 0] * back)
    turned = np.degrees(np.arctan2(along[:, 1], along[:, 0]) - level)
    se_deg = BODY_LINES_SE_DEG if len(lines) > 1 else ONE_BODY_LINE_SE_DEG
    return CameraAngle(float(turned.mean()), se_deg, BODY_LINES)


def camera_shifts_deg(
    knee_px: FloatArray,
    ankle_px: FloatArray,
    lateral: ArrayLike,
    pose: CameraPose,
    frame_size_px: tuple[int, int],
    *,
    shank_up: bool,
) -> FloatArray:
    """Return by how much the shank's angle moves when each camera angle is off by its standard error.

    Parameters
    ----------
    knee_px, ankle_px : (…, 2) pixels of the upright, unmirrored picture.
    lateral : as in `geometry.image_angle_deg`, broadcast against the leading shape.
    shank_up : whether the relaxed shank points up (prone).

    Returns
    -------
    (…, 4) degrees for roll, pitch, yaw and field of view, with sign: what two angles share drops out of their
    difference, what they do not adds up, so for a difference subtract the shifts before taking the norm. NaN where a
    landmark is NaN. Central differences over one standard error on each side.
    """
    centre = np.array([pose.roll.value_deg, pose.pitch.value_deg, pose.yaw.value_deg, pose.long_side_fov_deg])
    se = np.array([pose.roll.se_deg, pose.pitch.se_deg, pose.yaw.se_deg, pose.long_side_fov_se_deg])
    cameras = np.concatenate([centre + np.diag(se), centre - np.diag(se), centre[None]])
    cameras[:, 3] = np.clip(cameras[:, 3], 20, 120)
    axes = camera_axes(cameras[:, 0], cameras[:, 1], cameras[:, 2])
    focal = focal_length_px(cameras[:, 3], frame_size_px)
    angle = shank_angle_deg(
        np.asarray(knee_px, dtype=np.float64)[..., None, :],
        np.asarray(ankle_px, dtype=np.float64)[..., None, :],
        np.asarray(lateral, dtype=np.float64)[..., None],
        axes,
        focal,
        frame_size_px,
        shank_up=shank_up,
    )
    turn = (angle[..., :8] - angle[..., 8:] + 180) % 360 - 180
    above, below = turn[..., :4], turn[..., 4:]
    return np.asarray(np.copysign(np.sqrt((above**2 + below**2) / 2), above - below), dtype=np.float64)


def angle_uncertainty_deg(
    knee_px: FloatArray,
    ankle_px: FloatArray,
    lateral: ArrayLike,
    pose: CameraPose,
    frame_size_px: tuple[int, int],
    *,
    shank_up: bool,
) -> FloatArray:
    """Return the standard error (…) that the camera's uncertainty puts on the shank's angle, degrees.

    Parameters and NaN as in `camera_shifts_deg`; the four camera angles count as independent.
    """
    shifts = camera_shifts_deg(knee_px, ankle_px, lateral, pose, frame_size_px, shank_up=shank_up)
    return np.asarray(np.sqrt((shifts**2).sum(-1)), dtype=np.float64)
