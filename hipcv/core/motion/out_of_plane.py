"""A knee away from a right angle: how far, and what it does to the reading.

The shank is read in the plane across the thigh (`Pinhole.shank_angle_deg`). With the knee bent by more or less than
90° the ankle lies before or behind that plane, and a camera that is turned or looks down takes this for an angle.
"""

import numpy as np
from numpy.typing import ArrayLike

from hipcv.core.camera.pose import CameraPose
from hipcv.core.motion.angles import AngleSeries
from hipcv.core.motion.filtering import median_of
from hipcv.core.series import FloatArray
from hipcv.words import Side

#: How near to a right angle people hold the knee when told to, as a standard deviation; also a thigh that is not level.
KNEE_SD_DEG = 3.5
#: The pose model's own reading of a seated knee, on 25 rendered people: this much below the truth, scattering by 4.5°.
MODEL_BIAS_DEG = -4.7


def knee_effect_deg(
    angle_deg: ArrayLike, tilt_deg: ArrayLike, camera: CameraPose, lateral: ArrayLike, *, shank_up: bool
) -> FloatArray:
    """Return by how much a reading is too large when the shank leans out of the plane across the thigh.

    Parameters
    ----------
    angle_deg : true internal rotation, degrees.
    tilt_deg : lean of the shank along the thigh, positive with the ankle towards a camera that faces the subject
        squarely: seated a knee bent by less than 90°, prone from the foot end likewise.
    camera : its yaw and pitch matter.
    lateral : +1 where the leg's lateral side is to the right of the picture, -1 where it is to the left.
    shank_up : whether the relaxed shank points up (prone).

    Returns
    -------
    Degrees, broadcast. Parallel projection: the ankle slides along the line of sight into the plane.

    Examples
    --------
    >>> from hipcv.core.camera.pose import LEVEL
    >>> knee_effect_deg([35.0, np.nan], 10.0, LEVEL, 1, shank_up=False).round(3).tolist()
    [0.0, nan]
    """
    angle, tilt = np.radians(angle_deg), np.radians(tilt_deg)
    yaw, pitch = np.radians(camera.yaw.value_deg), np.radians(camera.pitch.value_deg)
    sideways = np.sin(tilt) * np.tan(yaw)
    upwards = np.sin(tilt) * np.tan(pitch) / np.cos(yaw)
    x = np.cos(tilt) * np.sin(angle) - np.asarray(lateral) * sideways
    # the slide lowers the ankle in the picture: a hanging shank grows by it, a standing one shrinks
    along = np.cos(tilt) * np.cos(angle) + (-upwards if shank_up else upwards)
    return np.asarray(np.degrees(np.arctan2(x, along) - angle), dtype=np.float64)


def knee_departure_deg(angles: AngleSeries, side: Side) -> float:
    """Return how far a seated knee is from 90°, + = bent further, from the pose model's world landmarks; NaN unseen.

    Examples
    --------
    >>> one, two, bent = np.zeros(1), np.zeros((1, 2)), np.array([[95.3, np.nan]])
    >>> angles = AngleSeries(one, two, two, two, one, one, two, two, bent, one, two, two, np.array([1, -1]))
    >>> round(knee_departure_deg(angles, Side.LEFT), 6), knee_departure_deg(angles, Side.RIGHT)
    (10.0, nan)
    """
    return median_of(angles.knee_flexion_deg[:, side.column]) - MODEL_BIAS_DEG - 90.0
