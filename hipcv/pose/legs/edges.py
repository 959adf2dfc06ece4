"""The lower leg as a ribbon: two tapering edges with a straight middle, found in a strip along the shank (METHOD S11).

A heat map says where a joint is to a few pixels; the leg's own edges say which way it points to a fraction of a degree.
Steps: 1 colour edges across the strip; 2 every ribbon (middle at both ends, width) is scored by the edges under its
sides; 3 around the best one each row's edges are placed to a fraction of a column and a line is fitted to their
middles. What its direction says of the shank's is another question (`protractor`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from hipcv.core.series import BoolArray, FloatArray, IntArray
from hipcv.pose.legs.heatmaps import MapArray
from hipcv.pose.silhouette import robust_line

#: Rows from knee (0) to ankle (1): above them the thigh takes part, below them the foot.
ROWS = np.linspace(0.40, 0.92, 27)
#: Columns across, in shank lengths.
COLUMNS = np.linspace(-0.42, 0.42, 97)
#: A leg's half width at `WIDTH_AT` and how it tapers towards the ankle: about 28 % of the shank's length at the calf
#: and 17 % above the ankle, both sides together.
WIDTH_AT, TAPER = 0.22, 0.42 / 0.63
HALF_WIDTHS = np.linspace(0.085, 0.215, 14)
USUAL_HALF_WIDTH, HALF_WIDTH_SD = 0.145, 0.035
#: How far the middle may lie off the line that the heat maps gave, at either end of the rows, in shank lengths.
REACH = 0.20
#: Standard deviation of that line, as the ribbon's prior, in shank lengths at either end.
PRIOR_SD = 0.11
#: Weights of lightness and colour in the edges; lightness changes with every shadow, colour with few.
CHANNEL_WEIGHTS = np.array([0.6, 1.5, 1.5])
#: Share of the silhouette's own edge in the score.
MASK_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Ribbon:
    """The lower leg's middle against the line from knee to ankle.

    turn_deg : how far it is turned clockwise in the strip's picture; offset : how far it lies to the left of the knee
    (seen walking from knee to ankle with y down), in shank lengths; residual : of the middles about the line, in shank
    lengths; strength : mean edge under the two sides, 0 none to about 1; half_width : at `WIDTH_AT`, in shank lengths.
    """

    turn_deg: float
    offset: float
    residual: float
    strength: float
    half_width: float


@cache
def _candidates() -> tuple[IntArray, IntArray, FloatArray]:
    """Return column indices of left and right edge (N, rows) and (N, 3) top middle, bottom middle, half width."""
    step = COLUMNS[1] - COLUMNS[0]
    ends = np.arange(-REACH, REACH + 1e-9, 2 * step)
    top, bottom, half = (a.ravel() for a in np.meshgrid(ends, ends, HALF_WIDTHS, indexing="ij"))
    share = (ROWS - ROWS[0]) / (ROWS[-1] - ROWS[0])
    middle = top[:, None] + share * (bottom - top)[:, None]
    width = half[:, None] * (1.0 - TAPER * (ROWS - WIDTH_AT))
    left, right = (np.rint((middle + sign * width - COLUMNS[0]) / step).astype(np.int64) for sign in (-1.0, 1.0))
    inside = (left >= 1).all(axis=1) & (right <= len(COLUMNS) - 2).all(axis=1)
    return left[inside], right[inside], np.stack([top, bottom, half], axis=1)[inside]


@cache
def _flat_candidates() -> tuple[IntArray, IntArray]:
    """Return where the left and the right edge (N, rows) of every candidate lie in a strip that is one row."""
    left, right, _ = _candidates()
    starts = np.arange(len(ROWS)) * len(COLUMNS)
    return left + starts, right + starts


def edges_under(edges: MapArray) -> FloatArray:
    """Return (N,) the mean edge under both sides of every ribbon that is tried in a strip.

    Examples
    --------
    >>> under = edges_under(np.ones((27, 97), np.float32))
    >>> float(under.min()), float(under.max())
    (1.0, 1.0)
    """
    clipped = np.minimum(edges, 1.6).ravel()
    left, right = _flat_candidates()
    under: FloatArray = (clipped.take(left) + clipped.take(right)).mean(axis=1) / 2
    return under


def edge_strength(strip_lab: FloatArray, mask: FloatArray) -> MapArray:
    """Return (rows, columns) how strong an edge across the strip is, 0 to about 1.5.

    strip_lab : (rows, columns, 3) CIELAB, smoothed by the sampling; mask : (rows, columns) silhouette, 0 to 1.

    Examples
    --------
    >>> strip = np.zeros((27, 97, 3))
    >>> strip[:, 30:67] = 60.0  # a light leg before a dark ground
    >>> edges = edge_strength(strip, np.zeros((27, 97)))
    >>> edges.shape, np.flatnonzero(edges[0] > 0.5).tolist()
    ((27, 97), [29, 30, 66, 67])
    """
    across = np.gradient(strip_lab, axis=1) * CHANNEL_WEIGHTS
    colour = np.sqrt((across**2).sum(axis=2))
    # half by the row and half by the strip: a faint row still counts, a strong one does not rule
    row, whole = strong_level(colour)[:, None], float(strong_level(colour.reshape(1, -1))[0])
    normal = 0.5 * colour / np.maximum(row, 0.15 * whole + 1e-6) + 0.5 * colour / (whole + 1e-6)
    outline = np.abs(np.gradient(mask, axis=1))
    # single precision: those of a whole clip are kept
    return np.asarray(np.minimum(normal, 1.5) + MASK_SHARE * np.minimum(outline / 0.12, 1.0), np.float32)


def strong_level(levels: FloatArray) -> FloatArray:
    """Return (rows,) the level that 97 % of each row (rows, columns) do not exceed, as `numpy.percentile`, but fast.

    Examples
    --------
    >>> levels = np.random.default_rng(0).random((27, 97))
    >>> bool((strong_level(levels) == np.percentile(levels, 97, axis=1)).all())
    True
    """
    low, part = divmod(0.97 * (levels.shape[1] - 1), 1.0)
    pair = np.partition(levels, (int(low), int(low) + 1), axis=1)[:, int(low) : int(low) + 2]
    step = pair[:, 1] - pair[:, 0]
    return np.asarray(pair[:, 0] + part * step if part < 0.5 else pair[:, 1] - (1 - part) * step)


def find_ribbon(edges: MapArray) -> Ribbon | None:
    """Find the lower leg in a strip (27, 97); None where no ribbon stands out.

    Examples
    --------
    >>> edges = np.zeros((27, 97), np.float32)
    >>> rows = np.arange(27)
    >>> left, right, shape = _candidates()
    >>> straight = np.abs(shape - [0.0, 0.0, 0.145]).sum(axis=1).argmin()
    >>> edges[rows, left[straight]] = edges[rows, right[straight]] = 1.0
    >>> ribbon = find_ribbon(edges)
    >>> abs(ribbon.turn_deg) < 0.5, round(ribbon.strength, 2), round(ribbon.half_width, 3)
    (True, 1.0, 0.145)
    >>> find_ribbon(np.zeros((27, 97), np.float32)) is None
    True
    """
    return find_ribbons([edges], [edges_under(edges)])[0]


def find_ribbons(
    edges: Sequence[MapArray], under: Sequence[FloatArray], half_width: float | None = None
) -> list[Ribbon | None]:
    """Find one lower leg in each of T strips; None where no ribbon stands out.

    Parameters
    ----------
    edges : T, (27, 97) each at `ROWS` and `COLUMNS`, from `edge_strength`.
    under : `edges_under` of each.
    half_width : of this leg in the rest of the clip, in shank lengths, where known.

    Examples
    --------
    >>> blank = np.zeros((27, 97), np.float32)
    >>> find_ribbons([blank, blank], [edges_under(blank)] * 2, 0.15)
    [None, None]
    """
    left, right, shape = _candidates()
    usual, sd = (USUAL_HALF_WIDTH, HALF_WIDTH_SD) if half_width is None else (half_width, 0.018)
    prior = 0.10 * ((shape[:, 0] / PRIOR_SD) ** 2 + (shape[:, 1] / PRIOR_SD) ** 2)
    prior += 0.10 * ((shape[:, 2] - usual) / sd) ** 2
    best = [int((each - prior).argmax()) for each in under]
    middles, kept = _middles(np.stack(edges), left[best], right[best])
    return [
        _ribbon(middle[rows], ROWS[rows], float(each[k]), float(shape[k, 2]))
        for middle, rows, each, k in zip(middles, kept, under, best, strict=True)
    ]


def _ribbon(middles: FloatArray, rows: FloatArray, strength: float, half_width: float) -> Ribbon | None:
    """Return the ribbon through the middles (N,) of the rows (N,) that have both edges; None where too few do."""
    if len(rows) < 0.5 * len(ROWS):
        return None
    slope, offset, residual = robust_line(rows, middles)
    if abs(slope * ROWS[0] + offset) > 1.3 * REACH or abs(slope * ROWS[-1] + offset) > 1.3 * REACH:
        return None
    return Ribbon(float(np.degrees(np.arctan(slope))), offset, residual, strength, half_width)


def _middles(edges: MapArray, left: IntArray, right: IntArray, reach: int = 4) -> tuple[FloatArray, BoolArray]:
    """Return (T, rows) the middle of each row's two edges in each strip, and which rows have both."""
    step = COLUMNS[1] - COLUMNS[0]
    places = []
    found = np.ones(left.shape, dtype=bool)
    offsets = np.arange(-reach, reach + 1)
    for side in (left, right):
        columns = np.clip(side[..., None] + offsets, 0, len(COLUMNS) - 1)
        window = np.take_along_axis(edges, columns, axis=2)
        window = window * np.exp(-0.5 * (offsets / 2.5) ** 2)
        peak = window.argmax(axis=2)
        found &= window.max(axis=2) > 0.25
        # parabola through the peak and its neighbours
        inner = np.clip(peak, 1, 2 * reach - 1)
        a, b, c = (np.take_along_axis(window, (inner + k)[..., None], axis=2)[..., 0] for k in (-1, 0, 1))
        bend = a - 2 * b + c
        shift = np.where(np.abs(bend) > 1e-9, 0.5 * (a - c) / np.where(bend == 0, 1, bend), 0.0)
        places.append(COLUMNS[0] + step * (side + offsets[inner] + np.clip(shift, -1, 1)))
    middles: FloatArray = (places[0] + places[1]) / 2
    return middles, found
