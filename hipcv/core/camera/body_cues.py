"""What the subject's own body tells of the camera (METHOD C4, C5): relaxed shanks, shoulders and hips, its turn."""

import numpy as np

from hipcv.core.camera.pose import CameraAngle, CameraPose, Cue
from hipcv.core.series import FloatArray

#: The lean common to both relaxed shanks is mostly roll; the rest of it is how the person sits or lies.
REST_SHRINK = 0.85
REST_SE_DEG = 2.5
#: One leg alone cannot tell roll from its own rest angle.
ONE_LEG_SHRINK = 0.6
ONE_LEG_SE_DEG = 4.0
#: Shoulders and hips are level on average, but both lean in somebody who sits askew: they support a roll that something
#: else shows, and with the shanks alone settle none.
BODY_LINES_SE_DEG, ONE_BODY_LINE_SE_DEG = 3.5, 4.5
#: How far relaxed shanks lean forward or backward: a camera turned to one side sees its sine as a lean.
REST_TILT_SD_DEG = 4.0
#: How far the yaw of shoulders and thighs scatters around the camera's, on rendered people of known yaw, with the heavy
#: and with the full model alike (benchmarks/README.md).
BODY_YAW_SE_DEG = 4.0


def roll_from_rest(
    left_deg: float, right_deg: float, *, left_lateral: int = 1, shank_up: bool = False, yaw_deg: float = 0.0
) -> CameraAngle | None:
    """Return the roll that the two relaxed shanks suggest: they hang, or stand, along the plumb line on average.

    A camera's roll leans both shanks the same way in the picture, that is, one laterally and one medially; what both
    do laterally or medially alike is the subject's own and drops out.

    Parameters
    ----------
    left_deg, right_deg : rest angle of each shank in the picture as `pinhole.image_angle_deg` gives it, positive
        with the ankle lateral of the knee; NaN where not seen.
    left_lateral : +1 where the left leg's lateral side is to the right of the picture (seated from the front, prone
        from the head end), -1 where it is to the left (prone from the foot end).
    shank_up : whether the relaxed shank points up (prone).
    yaw_deg : of the camera; the further it is turned the more a knee away from 90° looks like a roll.

    Returns
    -------
    CameraAngle of cue "rest lean", shrunk towards zero; None where neither leg is given.

    Examples
    --------
    >>> lean = roll_from_rest(-2.0, 2.0)
    >>> round(lean.value_deg, 2), lean.se_deg, lean.source
    (1.7, 2.5, 'rest lean')
    >>> roll_from_rest(float("nan"), float("nan")) is None
    True
    """
    # roll turns a hanging shank towards the picture's left and a standing one towards its right
    turn = left_lateral * (1 if shank_up else -1)
    leans = np.array([left_deg * turn, -right_deg * turn], dtype=np.float64)
    seen = leans[np.isfinite(leans)]
    if len(seen) == 0:
        return None
    shrink, se = (REST_SHRINK, REST_SE_DEG) if len(seen) == 2 else (ONE_LEG_SHRINK, ONE_LEG_SE_DEG)
    se = float(np.hypot(se, REST_TILT_SD_DEG * np.sin(np.radians(yaw_deg))))
    return CameraAngle(float(shrink * seen.mean()), se, (Cue.REST_LEAN,))


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
    CameraAngle of cue "body lines"; None where no line is given.

    Examples
    --------
    >>> from hipcv.core.camera.pose import LEVEL
    >>> shoulders = [[280.0, 100.0], [360.0, 104.0]]
    >>> hips_unseen = [[np.nan, np.nan], [np.nan, np.nan]]
    >>> turned = roll_from_body_lines(np.array([shoulders, hips_unseen]), LEVEL, (640, 480))
    >>> round(turned.value_deg, 2), turned.se_deg
    (2.86, 4.5)
    """
    lines = lines_px[np.isfinite(lines_px).all(axis=(1, 2))]
    if len(lines) == 0:
        return None
    along = lines[:, 1] - lines[:, 0]
    # the way to the vanishing point of what is level across the test
    across = unrolled.pinhole(frame_size_px, roll_deg=0.0).way_px(lines.mean(axis=1), [1.0, 0.0, 0.0])
    level = np.arctan2(across[:, 1], across[:, 0])
    turned = np.degrees(np.arctan2(along[:, 1], along[:, 0]) - level)
    se_deg = BODY_LINES_SE_DEG if len(lines) > 1 else ONE_BODY_LINE_SE_DEG
    return CameraAngle(float(turned.mean()), se_deg, (Cue.BODY_LINES,))


def yaw_from_body(body_yaw_deg: FloatArray) -> CameraAngle | None:
    """Return the camera's yaw around a seated subject.

    Parameters
    ----------
    body_yaw_deg : (T,) as `AngleSeries.body_yaw_deg`, from the pose model's world landmarks; NaN where not seen.

    Returns
    -------
    CameraAngle of cue "body landmarks", the median; None where the body is never seen.

    Examples
    --------
    >>> turned = yaw_from_body(np.array([9.0, np.nan, 11.0]))
    >>> turned.value_deg, turned.source
    (10.0, 'body landmarks')
    """
    seen = body_yaw_deg[np.isfinite(body_yaw_deg)]
    if len(seen) == 0:
        return None
    return CameraAngle(float(np.median(seen)), BODY_YAW_SE_DEG, (Cue.BODY_LANDMARKS,))
