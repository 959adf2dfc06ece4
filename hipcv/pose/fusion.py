"""One axis of the shank out of two: that of the joints and that of the limb's outline (METHOD S11, S16)."""

import numpy as np

from hipcv.core.series import FloatArray

#: Two axes may differ by this many of their joint standard errors before the difference counts against both.
TOLERATED_SIGMAS = 2.0
#: A shank known less well than this is missing.
MAX_SE_DEG = 3.5


def average_axes(
    knee_px: FloatArray,
    ankle_px: FloatArray,
    turn_deg: float,
    offset_px: float,
    *,
    joints_se_deg: float,
    outline_se_deg: float,
) -> tuple[FloatArray, FloatArray, float]:
    """Return knee (2,), ankle (2,) and the standard error in degrees after averaging both axes by their errors.

    Parameters
    ----------
    knee_px, ankle_px : (2,) the joints.
    turn_deg : by how much the outline's middle is turned clockwise against them (x right, y down).
    offset_px : by how much it lies to the left of the knee, walking from knee to ankle with y down.
    joints_se_deg, outline_se_deg : standard error of either direction.

    Where they disagree by more than their errors explain, the standard error grows by half of what is unexplained.

    Examples
    --------
    >>> knee, ankle = np.array([100.0, 100.0]), np.array([100.0, 200.0])
    >>> start, end, se_deg = average_axes(knee, ankle, 2.0, 0.0, joints_se_deg=2.0, outline_se_deg=2.0)
    >>> shank = end - start
    >>> round(float(np.degrees(np.arctan2(-shank[0], shank[1]))), 2), round(se_deg, 2)
    (1.0, 1.41)
    """
    share = joints_se_deg**2 / (joints_se_deg**2 + outline_se_deg**2)
    expected = float(np.hypot(joints_se_deg, outline_se_deg))
    unexplained = max(0.0, abs(turn_deg) - TOLERATED_SIGMAS * expected)
    se = float(np.hypot(outline_se_deg * np.sqrt(share), unexplained / 2))
    shank = ankle_px - knee_px
    across = np.array([-shank[1], shank[0]])
    length = float(np.hypot(*shank))
    start = knee_px + share * offset_px / max(length, 1e-9) * across
    return start, start + shank + np.tan(np.radians(share * turn_deg)) * across, se
