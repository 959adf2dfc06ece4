"""The shank's axis from the person's silhouette: the middle between both outlines of the lower leg (METHOD G2).

The pose model puts the knee beside the joint when the thigh is rotated: on rendered people up to 6° at 50°. The
outline of the leg stays true. Steps: 1 the silhouette is sampled on rows across the line from knee to ankle; 2 on each
row the two outlines that enclose the line are found to a fraction of a pixel; 3 a line is fitted to their middles;
4 it is averaged with the landmarks by what each can be trusted with (`fuse_axis`).
"""

from dataclasses import dataclass

import numpy as np

from hipcv.core.series import FloatArray
from hipcv.pose.fusion import average_axes

#: Part of the way from knee to ankle that is looked at: above it the thigh, below it the foot take part.
ROWS = np.linspace(0.35, 0.90, 23)
#: Reach to either side, in shank lengths. A calf is about a quarter of its length wide.
COLUMNS = np.linspace(-0.38, 0.38, 77)
#: Plausible width of a lower leg, in shank lengths; wider means both legs in one, or a skirt.
WIDTH_RANGE = (0.06, 0.45)
#: Fewer rows with both outlines make no axis.
MIN_ROWS = 12
#: Residual of the fit, in shank lengths, from where on rows count less.
ROBUST_SCALE = 0.015
#: Standard error of the landmarks' shank, degrees (rendered people: 1.5; photographs against human marks: 3).
LANDMARK_SE_DEG = 2.0
#: Standard error of a perfectly straight middle line; it grows with the square of residual over `STRAIGHT`: trousers,
#: skirts and a merged second leg make crooked outlines.
SILHOUETTE_SE_DEG = 0.7
STRAIGHT = 0.004


@dataclass(frozen=True, slots=True)
class LimbAxis:
    """Middle line of a lower leg against the line from knee to ankle.

    Attributes
    ----------
    turn_deg : how far it is turned clockwise in the picture (x right, y down).
    offset : how far it lies to the left of the knee, seen walking from knee to ankle with y down, in shank lengths.
    residual : root mean square of the middles about it, in shank lengths.
    """

    turn_deg: float
    offset: float
    residual: float


def find_axis(mask: FloatArray, knee_px: FloatArray, ankle_px: FloatArray) -> LimbAxis | None:
    """Find the middle line of one lower leg.

    Parameters
    ----------
    mask : (height, width) how surely each pixel belongs to the person, 0 to 1.
    knee_px, ankle_px : (2,) pixels.

    Returns
    -------
    LimbAxis; None where too few rows show both outlines of one leg.

    Examples
    --------
    >>> mask = np.zeros((240, 120))
    >>> mask[:, 48:68] = 1.0  # a lower leg, its middle 2 pixels to the left of the joints
    >>> axis = find_axis(mask, np.array([60.0, 20.0]), np.array([60.0, 220.0]))
    >>> round(axis.turn_deg, 3), round(axis.offset, 3)
    (0.0, 0.01)
    >>> find_axis(np.ones((240, 120)), np.array([60.0, 20.0]), np.array([60.0, 220.0])) is None
    True
    """
    shank = ankle_px - knee_px
    length_px = float(np.hypot(*shank))
    if not length_px > 10:
        return None
    along = shank / length_px
    across = np.array([-along[1], along[0]])
    places = knee_px + length_px * (ROWS[:, None, None] * along + COLUMNS[None, :, None] * across)
    strip = _sample(mask, places)
    inside = strip >= 0.5
    width = len(COLUMNS)
    columns = np.arange(width)
    # from the inside column nearest the line outwards to the first outside one
    nearest = np.where(inside, np.abs(COLUMNS), np.inf).argmin(axis=1)
    before = np.where(~inside & (columns < nearest[:, None]), columns, -1).max(axis=1)
    after = np.where(~inside & (columns > nearest[:, None]), columns, width).min(axis=1)
    rows = np.flatnonzero(inside.any(axis=1) & (before >= 0) & (after < width))
    if len(rows) < MIN_ROWS:
        return None
    before, after = before[rows], after[rows]
    near, far = strip[rows, before], strip[rows, before + 1]
    left = before + (0.5 - near) / (far - near)
    near, far = strip[rows, after - 1], strip[rows, after]
    right = after - 1 + (near - 0.5) / (near - far)
    step = COLUMNS[1] - COLUMNS[0]
    middle = COLUMNS[0] + step * (left + right) / 2
    if not WIDTH_RANGE[0] <= np.median(step * (right - left)) <= WIDTH_RANGE[1]:
        return None
    slope, offset, residual = robust_line(ROWS[rows], middle)
    return LimbAxis(float(np.degrees(np.arctan(slope))), offset, residual)


def _sample(mask: FloatArray, places: FloatArray) -> FloatArray:
    """Return the mask at `places` (…, 2), bilinear between pixel centres, edges continued."""
    height, width = mask.shape
    x = np.clip(places[..., 0] - 0.5, 0, width - 1.001)
    y = np.clip(places[..., 1] - 0.5, 0, height - 1.001)
    x0, y0 = x.astype(np.intp), y.astype(np.intp)
    fx, fy = x - x0, y - y0
    top = mask[y0, x0] * (1 - fx) + mask[y0, x0 + 1] * fx
    bottom = mask[y0 + 1, x0] * (1 - fx) + mask[y0 + 1, x0 + 1] * fx
    sampled: FloatArray = top * (1 - fy) + bottom * fy
    return sampled


def robust_line(x: FloatArray, y: FloatArray) -> tuple[float, float, float]:
    """Return slope, value at 0 and root mean square residual of a line fitted with Cauchy weights.

    Examples
    --------
    >>> x = np.arange(6.0)
    >>> y = 0.5 * x + 1.0
    >>> y[3] = 9.0  # one that is far off has next to no say
    >>> slope, offset, _ = robust_line(x, y)
    >>> round(slope, 2), round(offset, 2)
    (0.5, 1.0)
    """
    weight = np.ones(len(x))
    slope = offset = 0.0
    off = y
    for _ in range(6):
        total = weight.sum()
        mean_x, mean_y = weight @ x / total, weight @ y / total
        dx = x - mean_x
        slope = float(weight @ (dx * (y - mean_y)) / (weight @ (dx * dx)))
        offset = float(mean_y - slope * mean_x)
        off = y - (offset + slope * x)
        weight = 1.0 / (1.0 + (off / ROBUST_SCALE) ** 2)
    return slope, offset, float(np.sqrt((off**2).mean()))


def fuse_axis(knee_px: FloatArray, ankle_px: FloatArray, axis: LimbAxis | None) -> tuple[FloatArray, FloatArray, float]:
    """Return knee (2,), ankle (2,) and the standard error of the shank's direction after averaging with the outline.

    Without an outline the landmarks stay as they are.

    Examples
    --------
    >>> knee, ankle = np.array([100.0, 100.0]), np.array([100.0, 200.0])
    >>> fuse_axis(knee, ankle, None)[2], round(fuse_axis(knee, ankle, LimbAxis(1.0, 0.0, 0.0))[2], 2)
    (2.0, 0.66)
    """
    if axis is None:
        return knee_px, ankle_px, LANDMARK_SE_DEG
    return average_axes(
        knee_px,
        ankle_px,
        axis.turn_deg,
        axis.offset * float(np.hypot(*(ankle_px - knee_px))),
        joints_se_deg=LANDMARK_SE_DEG,
        outline_se_deg=SILHOUETTE_SE_DEG * (1.0 + (axis.residual / STRAIGHT) ** 2),
    )
