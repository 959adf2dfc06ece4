"""Where the outline of a standing lower leg ends at the knee: it rises and sinks with a pelvis that rolls.

The knees are moved to where joints lie below it (METHOD S10). Turning a leg about its thigh leaves this place where it
is; a joint's peak in a heat map wanders with the shank. Where a thigh comes down to a hanging shank the outline does
not end, and nothing of this is read.

Coordinates as in `pose.legs.tracking`: crop pixels, turned so that relaxed shanks point down and knees are at the top.
"""

import numpy as np

from hipcv.core.motion.filtering import median_of
from hipcv.core.series import FloatArray
from hipcv.pose.legs.heatmaps import CELL_CENTRE_PX, CELL_PX, MapArray, cell_of

#: The outline is read in columns up to this many shank lengths to either side of the knee, from this far below it.
REACH_SHANKS, BELOW_SHANKS = 0.12, 0.10
#: A knee joint lies this far below the outline's end: on rendered people of known joints 0.12, standard deviation 0.03.
KNEE_BELOW_SHANKS = 0.12
#: Where a knee has moved sideways the outline ends as high as before, within this many shank lengths.
MAX_STEP_SHANKS = 0.10
#: A thigh that lies on the bed has spread where its knee went sideways by more than this; less is its peak that slides.
SPREAD_SHANKS = 0.2
#: What is leg.
EDGE = 0.5
#: Columns that must show it.
MIN_COLUMNS = 2


def knee_outline(legs: MapArray, knees_px: FloatArray, shank_px: float) -> FloatArray:
    """Return (T, 2, 2) the points of the outline beyond each knee; NaN where it is not seen.

    Parameters
    ----------
    legs : (T, 64, 64) how much each cell is leg, 0 to 1.
    knees_px : (T, 2, 2); only the direction along the shank is read anew.

    Examples
    --------
    >>> legs = np.zeros((1, 64, 64))
    >>> legs[:, 20:, 15:25] = legs[:, 20:, 40:50] = 1.0
    >>> knees_px = np.array([[[80.0, 90.0], [10.0, 90.0]]])  # there is no leg at the second
    >>> knee_outline(legs, knees_px, 80.0).tolist()
    [[[80.0, 79.5], [nan, nan]]]
    """
    outline = knees_px.astype(np.float64)
    below = knees_px + np.array([0.0, BELOW_SHANKS * shank_px])
    across = np.linspace(-REACH_SHANKS, REACH_SHANKS, 5) * shank_px
    for t in range(len(legs)):
        for leg in range(2):
            columns = np.unique(cell_of(below[t, leg] + np.stack([across, 0 * across], -1))[:, 1])
            row = int(cell_of(below[t, leg])[0])
            ends = np.array([_end(legs[t, : row + 1, column]) for column in columns])
            seen = np.isfinite(ends)
            y_px = median_of(ends[seen]) if seen.sum() >= MIN_COLUMNS else np.nan
            outline[t, leg] = [knees_px[t, leg, 0], y_px] if np.isfinite(y_px) else np.nan
    return outline


def _end(column: MapArray) -> float:
    """Return how far up leg reaches from the last cell of a column, crop pixels; NaN where it is none or all leg."""
    beyond = np.flatnonzero(column < EDGE)
    if len(beyond) == 0 or beyond[-1] == len(column) - 1:
        return float("nan")
    first = beyond[-1] + 1
    share = (column[first] - EDGE) / (column[first] - column[first - 1])
    return CELL_PX * float(first - share) + CELL_CENTRE_PX


def stay_at_the_end(knees_px: FloatArray, outline_px: FloatArray, shank_px: float) -> FloatArray:
    """Return the knees (T, 2, 2), each put back to its usual place where it went to another height of the outline.

    A thigh that drifts takes the end of the leg along; a peak that slides down a leaning shank does not.

    Examples
    --------
    >>> knees_px = np.array([[[80.0, 90.0], [170.0, 90.0]]] * 3)
    >>> knees_px[2, 0] = 90.0, 110.0
    >>> outline_px = knees_px - [0.0, 8.0]
    >>> stay_at_the_end(knees_px, outline_px, 80.0)[2].tolist()
    [[80.0, 90.0], [170.0, 90.0]]
    """
    kept = knees_px.copy()
    for leg in range(2):
        y_px = outline_px[:, leg, 1]
        away = np.abs(y_px - median_of(y_px)) > MAX_STEP_SHANKS * shank_px
        kept[away, leg] = np.median(knees_px[:, leg], axis=0)
    return kept


def stay_on_the_bed(knees_px: FloatArray, shank_px: float, *, spread: bool) -> FloatArray:
    """Return the knees (T, 2, 2) of thighs that lie, at their usual place but where a thigh has clearly spread.

    spread : whether it can be seen to; else all stay.

    Examples
    --------
    >>> knees_px = np.array([[[80.0, 90.0], [170.0, 90.0]]] * 5)
    >>> knees_px[1, 0], knees_px[2, 0] = (70.0, 95.0), (40.0, 90.0)
    >>> stay_on_the_bed(knees_px, 80.0, spread=True)[:3, 0].tolist()
    [[80.0, 90.0], [80.0, 90.0], [40.0, 90.0]]
    >>> stay_on_the_bed(knees_px, 80.0, spread=False)[2, 0].tolist()
    [80.0, 90.0]
    """
    usual = np.median(knees_px, axis=0)
    away = spread & (np.abs(knees_px[..., 0] - usual[:, 0]) > SPREAD_SHANKS * shank_px)
    return np.asarray(np.where(away[..., None], knees_px, usual))


def lift_knees(knees_px: FloatArray, outline_px: FloatArray, shank_px: float) -> FloatArray:
    """Return the knees (T, 2, 2) moved along the shank to where joints lie below the outline's end.

    The peaks of the heat maps lie down the shank, the fainter the further. One and the same shift for all frames.

    Examples
    --------
    >>> knees_px = np.array([[[80.0, 100.0], [170.0, 100.0]]])
    >>> outline_px = np.array([[[80.0, 80.0], [np.nan, np.nan]]])
    >>> lift_knees(knees_px, outline_px, 100.0).round(6).tolist()
    [[[80.0, 92.0], [170.0, 100.0]]]
    """
    below_px = np.array([median_of(knees_px[:, leg, 1] - outline_px[:, leg, 1]) for leg in range(2)])
    lift_px = np.nan_to_num(below_px - KNEE_BELOW_SHANKS * shank_px)
    return np.asarray(knees_px - lift_px[:, None] * [0.0, 1.0])
