"""The camera and the plane in which the shank swings.

Test frame (right-handed, one for both tests): x to the right of a camera that faces the subject squarely (in front
when seated, at the foot end when prone), y up along the plumb line, z horizontal along the thighs from the hips to the
knees, that is, towards that camera. Camera angles in degrees: yaw > 0 when the camera has moved to its own right,
pitch > 0 when it looks down, roll > 0 when its picture is turned clockwise.
"""

import numpy as np
from numpy.typing import ArrayLike

from hipcv.core.series import FloatArray

#: Field of view along the picture's long side where nothing is known about the lens. The corrected angle moves by less
#: than 0.06° per degree of it, so a middle value does.
DEFAULT_LONG_SIDE_FOV_DEG = 62.0


def focal_length_px(long_side_fov_deg: ArrayLike, frame_size_px: tuple[int, int]) -> FloatArray:
    """Return the focal length in pixels of a lens that sees `long_side_fov_deg` along the longer side of the frame."""
    half = np.radians(np.asarray(long_side_fov_deg, dtype=np.float64)) / 2
    return np.asarray(max(frame_size_px) / 2 / np.tan(half), dtype=np.float64)


def camera_axes(roll_deg: ArrayLike, pitch_deg: ArrayLike, yaw_deg: ArrayLike) -> FloatArray:
    """Return the camera's right, up and backward axes in the test frame.

    Parameters
    ----------
    roll_deg, pitch_deg, yaw_deg : broadcastable arrays of shape S, degrees; signs as in the module's text.

    Returns
    -------
    (*S, 3, 3) rows are the unit axes right, up, backward.
    """
    roll, pitch, yaw = np.broadcast_arrays(
        *(np.radians(np.asarray(a, dtype=np.float64)) for a in (roll_deg, pitch_deg, yaw_deg))
    )
    zero = np.zeros_like(roll)
    right = np.stack([np.cos(yaw), zero, -np.sin(yaw)], -1)
    back = np.stack([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], -1)
    up = np.cross(back, right)
    c, s = np.cos(roll)[..., None], np.sin(roll)[..., None]
    return np.stack([c * right + s * up, -s * right + c * up, back], -2)


def project(
    points: ArrayLike, axes: FloatArray, position: ArrayLike, focal_px: float, frame_size_px: tuple[int, int]
) -> FloatArray:
    """Return the pixels (…, 2) of `points` (…, 3) of the test frame for a camera at `position` (3,); NaN behind it."""
    local = (np.asarray(points, dtype=np.float64) - np.asarray(position, dtype=np.float64)) @ axes.T
    depth = np.where(local[..., 2] < 0, -local[..., 2], np.nan)
    width, height = frame_size_px
    x = width / 2 + focal_px * local[..., 0] / depth
    y = height / 2 - focal_px * local[..., 1] / depth
    return np.stack([x, y], -1)


def image_angle_deg(knee_px: FloatArray, ankle_px: FloatArray, lateral: ArrayLike, *, shank_up: bool) -> FloatArray:
    """Return the shank's angle to the picture's own vertical, with no regard to the camera.

    Parameters
    ----------
    knee_px, ankle_px : (…, 2) pixels.
    lateral : +1 where this leg's lateral side is to the right of the picture, -1 where it is to the left.
    shank_up : whether the relaxed shank points up (prone) or down (seated).

    Returns
    -------
    (…) degrees in (-180, 180], positive with the ankle lateral of the knee; NaN where a landmark is NaN.
    """
    d = np.asarray(ankle_px, dtype=np.float64) - np.asarray(knee_px, dtype=np.float64)
    along = -d[..., 1] if shank_up else d[..., 1]
    return np.degrees(np.arctan2(np.asarray(lateral) * d[..., 0], along))


def shank_angle_deg(
    knee_px: FloatArray,
    ankle_px: FloatArray,
    lateral: ArrayLike,
    axes: FloatArray,
    focal_px: ArrayLike,
    frame_size_px: tuple[int, int],
    *,
    shank_up: bool,
) -> FloatArray:
    """Return the shank's angle to the plumb line in the vertical plane across the thigh.

    The ankle's line of sight is cut with the plane through the knee that is perpendicular to the thigh (normal z of the
    test frame). The knee's distance cancels, so no length is needed. Exact for a level thigh, a knee at 90° and a
    pinhole lens; a knee away from 90° moves the ankle out of the plane and cannot be repaired from one view.

    Parameters
    ----------
    knee_px, ankle_px : (…, 2) pixels of the upright, unmirrored picture.
    lateral : as in `image_angle_deg`.
    axes : (…, 3, 3) from `camera_axes`, broadcast against the landmarks' leading shape.
    focal_px : pixels, broadcast in the same way.

    Returns
    -------
    (…) degrees in (-180, 180], positive with the ankle lateral of the knee; NaN where a landmark is NaN or where the
    line of sight runs along the plane.
    """
    centre = np.asarray(frame_size_px, dtype=np.float64) / 2
    focal = np.asarray(focal_px, dtype=np.float64)[..., None]

    def ray(px: FloatArray) -> FloatArray:
        local = (np.asarray(px, dtype=np.float64) - centre) / focal
        rows: FloatArray = local[..., :1] * axes[..., 0, :] - local[..., 1:] * axes[..., 1, :] - axes[..., 2, :]
        return rows

    knee, ankle = ray(knee_px), ray(ankle_px)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = knee[..., 2] / ankle[..., 2]
        shank = ankle * np.where(reach > 0, reach, np.nan)[..., None] - knee
    along = shank[..., 1] if shank_up else -shank[..., 1]
    return np.degrees(np.arctan2(np.asarray(lateral) * shank[..., 0], along))
