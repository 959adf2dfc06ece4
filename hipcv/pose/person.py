"""One person in one frame, as a pose network sees them."""

from dataclasses import dataclass

import numpy as np

from hipcv.core.series import ANKLES, HIPS, KNEES, N_LANDMARKS, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """Landmarks of one person in one frame: pixels (33, 2), metres around the hips (33, 3), visibility (33,).

    `shank_se_deg` (2,) is the standard error of each shank's direction, left and right as the model labels them. What
    a reader does not look at is NaN.
    """

    image_px: FloatArray
    world_m: FloatArray
    visibility: FloatArray
    shank_se_deg: FloatArray

    @property
    def hips_px(self) -> FloatArray:
        """Middle of the hips (2,), pixels."""
        middle: FloatArray = self.image_px[list(HIPS)].mean(axis=0)
        return middle

    @property
    def shank_px(self) -> float:
        """Length of the longer shank, pixels."""
        return float(np.linalg.norm(self.image_px[list(ANKLES)] - self.image_px[list(KNEES)], axis=1).max())


NOBODY = Pose(
    np.full((N_LANDMARKS, 2), np.nan),
    np.full((N_LANDMARKS, 3), np.nan),
    np.zeros(N_LANDMARKS),
    np.full(2, np.nan),
)
