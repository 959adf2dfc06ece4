"""The camera and the plane in which the shank swings (METHOD A1).

Test frame (right-handed, one for both tests): x to the right of a camera that faces the subject squarely (in front
when seated, at the foot end when prone), y up along the plumb line, z horizontal along the thighs from the hips to the
knees, that is, towards that camera. Camera angles in degrees: yaw > 0 when the camera has moved to its own right,
pitch > 0 when it looks down, roll > 0 when its picture is turned clockwise.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hipcv.core.series import FloatArray

#: Field of view along the picture's long side where nothing is known about the lens: phones and webcams lie between 50°
#: and 75°. The corrected angle moves by less than 0.06° per degree of it, so a middle value does.
DEFAULT_LONG_SIDE_FOV_DEG = 62.0
LONG_SIDE_FOV_SE_DEG = 7.0


def focal_length_px(long_side_fov_deg: ArrayLike, frame_size_px: tuple[int, int]) -> FloatArray:
    """Return the focal length in pixels of a lens that sees `long_side_fov_deg` along the longer side of the frame.

    Examples
    --------
    >>> float(focal_length_px(90.0, (640, 480)).round(6))
    320.0
    """
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

    Examples
    --------
    >>> (camera_axes(0.0, 0.0, 90.0).round(6) + 0.0).tolist()
    [[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    roll, pitch, yaw = np.broadcast_arrays(
        *(np.radians(np.asarray(a, dtype=np.float64)) for a in (roll_deg, pitch_deg, yaw_deg))
    )
    sin_yaw, cos_yaw, sin_pitch, cos_pitch = np.sin(yaw), np.cos(yaw), np.sin(pitch), np.cos(pitch)
    # right = (cos yaw, 0, -sin yaw), and up = back x right, each written out: they are made by the thousand for a room
    back = np.stack([sin_yaw * cos_pitch, sin_pitch, cos_yaw * cos_pitch], -1)
    up_x, up_y, up_z = -sin_pitch * sin_yaw, back[..., 2] * cos_yaw + back[..., 0] * sin_yaw, -sin_pitch * cos_yaw
    c, s = np.cos(roll), np.sin(roll)
    rolled_right = [c * cos_yaw + s * up_x, s * up_y, -c * sin_yaw + s * up_z]
    rolled_up = [-s * cos_yaw + c * up_x, c * up_y, s * sin_yaw + c * up_z]
    return np.stack([np.stack(rolled_right, -1), np.stack(rolled_up, -1), back], -2)


@dataclass(frozen=True, slots=True, eq=False)
class Pinhole:
    """A camera, or several, that see along straight lines through one point.

    S is the shape of the cameras, () for one; it is broadcast against the leading shape of what they look at. Pixels
    are those of the upright, unmirrored picture, x right and y down. What is NaN gives NaN.

    Attributes
    ----------
    axes : (*S, 3, 3) rows are the unit axes right, up, backward in the test frame.
    focal_px : (*S) focal length.
    centre_px : (2,) where the line of sight straight ahead meets the picture.

    Examples
    --------
    >>> camera = Pinhole.turned(0.0, 0.0, 0.0, long_side_fov_deg=90.0, frame_size_px=(640, 480))
    >>> camera.ray([320.0, 560.0]).round(6).tolist()
    [0.0, -1.0, -1.0]
    >>> camera.project([0.0, -1.0, -1.0], position=[0.0, 0.0, 0.0]).tolist()
    [320.0, 560.0]
    """

    axes: FloatArray
    focal_px: FloatArray
    centre_px: FloatArray

    def __post_init__(self) -> None:
        for name, shape in (("axes", (3, 3)), ("focal_px", ()), ("centre_px", (2,))):
            array = np.array(getattr(self, name), dtype=np.float64)
            if array.shape[array.ndim - len(shape) :] != shape:
                raise ValueError(f"{name} must end in shape {shape}, found {array.shape}")
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @classmethod
    def turned(
        cls,
        roll_deg: ArrayLike,
        pitch_deg: ArrayLike,
        yaw_deg: ArrayLike,
        *,
        long_side_fov_deg: ArrayLike,
        frame_size_px: tuple[int, int],
    ) -> "Pinhole":
        """Return the camera, or cameras of shape S, that stand so; signs as in the module's text."""
        return cls(
            axes=camera_axes(roll_deg, pitch_deg, yaw_deg),
            focal_px=focal_length_px(long_side_fov_deg, frame_size_px),
            centre_px=np.asarray(frame_size_px, dtype=np.float64) / 2,
        )

    def ray(self, px: ArrayLike) -> FloatArray:
        """Return the lines of sight (…, 3) through pixels (…, 2), in the test frame, one unit deep."""
        local = (np.asarray(px, dtype=np.float64) - self.centre_px) / self.focal_px[..., None]
        right, up, back = (self.axes[..., row, :] for row in range(3))
        rows: FloatArray = local[..., :1] * right - local[..., 1:] * up - back
        return rows

    def project(self, points: ArrayLike, position: ArrayLike) -> FloatArray:
        """Return the pixels (…, 2) of `points` (…, 3) of the test frame from `position` (3,); NaN behind the camera."""
        away = np.asarray(points, dtype=np.float64) - np.asarray(position, dtype=np.float64)
        x, y, z = np.moveaxis((self.axes @ away[..., None])[..., 0], -1, 0)
        depth = np.where(z < 0, -z, np.nan)
        px: FloatArray = self.centre_px + np.stack([self.focal_px * x / depth, -self.focal_px * y / depth], -1)
        return px

    def way_px(self, px: ArrayLike, direction: ArrayLike) -> FloatArray:
        """Return which way (…, 2) something at `px` is seen to run in the picture that runs along `direction` (…, 3).

        It is the way to the direction's vanishing point, of no particular length: where something moves by d along the
        camera's axes, its picture at (x, y) from the centre, in focal lengths, moves along (d_x + x d_z, y d_z - d_y).

        Examples
        --------
        >>> camera = Pinhole.turned(0.0, 0.0, 0.0, long_side_fov_deg=90.0, frame_size_px=(640, 480))
        >>> (camera.way_px([320.0, 240.0], [0.0, -1.0, 0.0]).round(6) + 0.0).tolist()
        [0.0, 320.0]
        """
        local = (self.axes @ np.asarray(direction, dtype=np.float64)[..., None])[..., 0]
        right, up, back = local[..., 0], local[..., 1], local[..., 2]
        from_centre = np.asarray(px, dtype=np.float64) - self.centre_px
        x, y = from_centre[..., 0], from_centre[..., 1]
        return np.stack([self.focal_px * right + x * back, -self.focal_px * up + y * back], -1)

    def shank_angle_deg(
        self, knee_px: ArrayLike, ankle_px: ArrayLike, lateral: ArrayLike, *, shank_up: bool
    ) -> FloatArray:
        """Return the shank's angle to the plumb line in the vertical plane across the thigh.

        The ankle's line of sight is cut with the plane through the knee that is perpendicular to the thigh (normal z of
        the test frame). The knee's distance cancels, so no length is needed. Exact for a level thigh, a knee at 90° and
        a pinhole lens; a knee away from 90° moves the ankle out of the plane and cannot be repaired from one view.

        Parameters
        ----------
        knee_px, ankle_px : (…, 2) pixels.
        lateral : as in `image_angle_deg`.
        shank_up : whether the relaxed shank points up (prone) or down (seated).

        Returns
        -------
        (…) degrees in (-180, 180], positive with the ankle lateral of the knee; NaN where a landmark is NaN or where
        the line of sight runs along the plane.

        Examples
        --------
        >>> camera = Pinhole.turned(0.0, 0.0, 0.0, long_side_fov_deg=90.0, frame_size_px=(640, 480))
        >>> knee, ankles = [400.0, 240.0], [[500.0, 340.0], [400.0, np.nan]]
        >>> camera.shank_angle_deg(knee, ankles, 1, shank_up=False).round(6).tolist()
        [45.0, nan]
        """
        knee, ankle = self.ray(knee_px), self.ray(ankle_px)
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = knee[..., 2] / ankle[..., 2]
            shank = ankle * np.where(reach > 0, reach, np.nan)[..., None] - knee
        along = shank[..., 1] if shank_up else -shank[..., 1]
        return np.degrees(np.arctan2(np.asarray(lateral) * shank[..., 0], along))


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

    Examples
    --------
    >>> ankles = np.array([[430.0, 270.0], [370.0, 270.0], [np.nan, 270.0]])
    >>> image_angle_deg(np.array([400.0, 240.0]), ankles, 1, shank_up=False).round(6).tolist()
    [45.0, -45.0, nan]
    """
    d = np.asarray(ankle_px, dtype=np.float64) - np.asarray(knee_px, dtype=np.float64)
    along = -d[..., 1] if shank_up else d[..., 1]
    return np.degrees(np.arctan2(np.asarray(lateral) * d[..., 0], along))
