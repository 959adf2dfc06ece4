"""Whether one person is tested all along: who sits down in the same place wears something else (METHOD S18)."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.series import HIPS, SHOULDERS, FloatArray, PoseSeries

ByteArray = NDArray[np.uint8]

#: So much of the trunk, about its middle, is looked at: arms and the background lie outside.
_INNER_SHARE: Final = 0.6
#: The trunk has to fill so many pixels to have a colour.
_MIN_PX: Final = 20
#: Pictures on either side of a change, at least.
MIN_PICTURES: Final = 4
#: Another colour, as a distance in CIELAB: within one person it came to 0.4, and to 2.9 where a helper's arm crossed
#: the trunk; two of the same shirt are not told apart. It is so many times what the colour varies by itself.
CHANGED, TIMES_ITS_SPREAD = 15.0, 4.0


def person_changes_s(timed: Sequence[tuple[float, ByteArray]], series: PoseSeries) -> float | None:
    """Return the second from which on somebody in other clothes sits there; None where it is one person.

    Parameters
    ----------
    timed : pictures (height, width, 3) of any size with their seconds, which rise.
    series : with shoulders and hips.

    Examples
    --------
    >>> px = np.full((20, 33, 2), np.nan)
    >>> px[:, [*SHOULDERS, *HIPS]] = [[80, 40], [40, 40], [75, 100], [45, 100]]
    >>> series = PoseSeries(np.arange(20.0), px, np.full((20, 33, 3), np.nan), np.ones((20, 33)), (120, 120))
    >>> red, blue = (np.full((120, 120, 3), colour, np.uint8) for colour in ((180, 40, 40), (40, 40, 180)))
    >>> person_changes_s([(float(k), red if k < 8 else blue) for k in range(20)], series)
    8.0
    >>> person_changes_s([(float(k), red) for k in range(20)], series) is None
    True
    """
    seen = [(time_s, _trunk_colour(rgb, series, time_s)) for time_s, rgb in timed]
    known = [(time_s, colour) for time_s, colour in seen if colour is not None]
    colours = np.array([colour for _, colour in known])
    splits = range(MIN_PICTURES, len(known) - MIN_PICTURES + 1)
    if not splits:
        return None
    at = min(splits, key=lambda k: _away(colours[:k]).sum() + _away(colours[k:]).sum())
    before, after = colours[:at], colours[at:]
    apart = float(np.linalg.norm(np.median(before, axis=0) - np.median(after, axis=0)))
    spread = max(float(np.median(_away(group))) for group in (before, after))
    return float(known[at][0]) if apart > max(CHANGED, TIMES_ITS_SPREAD * spread) else None


def _away(colours: FloatArray) -> FloatArray:
    """Return how far colours (N, 3) lie from their own middle (N,)."""
    return np.asarray(np.linalg.norm(colours - np.median(colours, axis=0), axis=1), dtype=np.float64)


def _trunk_colour(rgb: ByteArray, series: PoseSeries, time_s: float) -> FloatArray | None:
    """Return the trunk's colour (3,) in CIELAB, its lightness against the picture's; None where it is not seen."""
    if not len(series):
        return None
    row = int(np.argmin(np.abs(series.time_s - time_s)))
    corners = series.image_px[row, [SHOULDERS[0], SHOULDERS[1], HIPS[1], HIPS[0]]]
    if not np.isfinite(corners).all():
        return None
    middle = corners.mean(axis=0)
    inner = (middle + _INNER_SHARE * (corners - middle)) * (rgb.shape[1] / series.frame_size_px[0])
    mask = np.zeros(rgb.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, inner.round().astype(np.int32), 1)
    if mask.sum() < _MIN_PX:
        return None
    lab = np.asarray(cv2.cvtColor((rgb / 255).astype(np.float32), cv2.COLOR_RGB2LAB), np.float64)
    colour = np.median(lab[mask > 0], axis=0)
    # light that changes for all is no other shirt
    return np.asarray(colour - [np.median(lab[..., 0]), 0.0, 0.0], dtype=np.float64)
