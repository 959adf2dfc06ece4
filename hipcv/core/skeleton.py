"""What is drawn of a person in one live frame: trunk, both legs by the subject's own side, the plumb line."""

import math
from dataclasses import dataclass

import numpy as np

from hipcv.core.motion.angles import MIN_VISIBILITY, sides_exchanged
from hipcv.core.series import ANKLES, FEET, HIPS, KNEES, MIRROR_ROWS, SHOULDERS, FloatArray
from hipcv.core.setup import Setup
from hipcv.words import Side

ELBOWS, WRISTS = (13, 14), (15, 16)
#: From the hip to the foot, left and right.
LEGS = tuple(zip(HIPS, KNEES, ANKLES, FEET, strict=True))
TRUNK = (
    SHOULDERS,
    HIPS,
    *zip(SHOULDERS, HIPS, strict=True),
    *zip(SHOULDERS, ELBOWS, strict=True),
    *zip(ELBOWS, WRISTS, strict=True),
)


@dataclass(frozen=True, slots=True, eq=False)
class Skeleton:
    """One person in one frame, in pixels of the upright, unmirrored picture; NaN where not seen.

    Attributes
    ----------
    trunk_px : (8, 2, 2) both ends of every line of trunk and arms.
    legs_px : (2, 4, 2) hip, knee, ankle and foot of the subject's own left and right leg.
    plumb : (2,) unit vector, x right and y down, along which a shank at rest points from the knee.
    """

    trunk_px: FloatArray
    legs_px: FloatArray
    plumb: FloatArray

    @property
    def seen(self) -> bool:
        """Whether anything of the person is seen."""
        return bool(np.isfinite(self.trunk_px).any() or np.isfinite(self.legs_px).any())

    def leg_px(self, side: Side) -> FloatArray:
        """Return hip, knee, ankle and foot (4, 2) of one leg.

        Examples
        --------
        >>> px, seen = np.full((33, 2), np.nan), np.ones(33)
        >>> px[[*KNEES, *ANKLES]] = [[360, 240], [280, 240], [360, 340], [280, 340]]
        >>> find_skeleton(px, seen, Setup(), 0.0).leg_px(Side.LEFT).tolist()
        [[nan, nan], [360.0, 240.0], [360.0, 340.0], [nan, nan]]
        """
        leg: FloatArray = self.legs_px[side.column]
        return leg


def find_skeleton(image_px: FloatArray, visibility: FloatArray, setup: Setup, roll_deg: float) -> Skeleton:
    """Return what is drawn of one person.

    Parameters
    ----------
    image_px, visibility : (33, 2) landmarks and (33,) how well they are seen, as the pose model labels them; NaN where
        unknown, which stays NaN.
    setup : which test, and where the camera stands.
    roll_deg : by how much the picture is turned clockwise.

    Examples
    --------
    >>> nobody = find_skeleton(np.full((33, 2), np.nan), np.zeros(33), Setup(), 0.0)
    >>> nobody.seen, (nobody.plumb + 0.0).tolist()
    (False, [0.0, 1.0])
    """
    px = np.where((visibility >= MIN_VISIBILITY)[:, None], image_px, np.nan)
    if sides_exchanged(px, setup):
        px = px[MIRROR_ROWS]
    roll, way = math.radians(roll_deg), -1.0 if setup.procedure.shank_up else 1.0
    plumb = np.array([-math.sin(roll), math.cos(roll)]) * way
    return Skeleton(px[np.array(TRUNK)], px[np.array(LEGS)], plumb)
