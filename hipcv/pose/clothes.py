"""Whether one person is tested all along: who comes next to the same place wears something else (METHOD S18)."""

from collections.abc import Callable, Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.series import ANKLES, HIPS, KNEES, SHOULDERS, FloatArray, PoseSeries

ByteArray = NDArray[np.uint8]

#: So much of chest and belly, about the middle of each, is looked at: arms and the background lie outside.
_INNER_SHARE: Final = 0.6
#: Where no trunk is seen, the middle of each shank is looked at: from and to, and half its breadth, in lengths of it.
_SHANK_FROM, _SHANK_TO, _HALF_SHANK = 0.25, 0.7, 0.09
#: Each has to fill so many pixels to have a colour.
_MIN_PX: Final = 20
#: Pictures on either side of a change, at least.
MIN_PICTURES: Final = 4
#: Another colour, as a distance in CIELAB: within one person it came to 0.4, and to 2.9 where a helper's arm crossed
#: the trunk; two of the same shirt are not told apart. It is so many times what the colour varies by itself.
CHANGED, TIMES_ITS_SPREAD = 15.0, 4.0


def person_changes_s(timed: Sequence[tuple[float, ByteArray]], series: PoseSeries) -> float | None:
    """Return the second from which on somebody in other clothes is there; None where it is one person.

    Told by the trunk, and where none is seen, as of somebody who lies, by both lower legs.

    Parameters
    ----------
    timed : pictures (height, width, 3) of any size with their seconds, which rise.
    series : with shoulders and hips, or else knees and ankles.

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
    on_body = _on_trunk if np.isfinite(series.image_px[:, [*SHOULDERS, *HIPS]]).any() else _on_shanks
    seen = [(time_s, _colours_at(rgb, series, time_s, on_body)) for time_s, rgb in timed]
    known = [(time_s, colours) for time_s, colours in seen if colours is not None]
    halves = np.array([colours for _, colours in known]).transpose(1, 0, 2) if known else np.empty((2, 0, 3))
    splits = range(MIN_PICTURES, len(known) - MIN_PICTURES + 1)
    if not splits:
        return None
    at = min(splits, key=lambda k: sum(_away(half[:k]).sum() + _away(half[k:]).sum() for half in halves))
    # a helper who leans over covers the belly, and seldom the chest
    return float(known[at][0]) if all(_is_another(half[:at], half[at:]) for half in halves) else None


def _is_another(before: FloatArray, after: FloatArray) -> bool:
    apart = float(np.linalg.norm(np.median(before, axis=0) - np.median(after, axis=0)))
    spread = max(float(np.median(_away(group))) for group in (before, after))
    return apart > max(CHANGED, TIMES_ITS_SPREAD * spread)


def _away(colours: FloatArray) -> FloatArray:
    """Return how far colours (N, 3) lie from their own middle (N,)."""
    return np.asarray(np.linalg.norm(colours - np.median(colours, axis=0), axis=1), dtype=np.float64)


def _colours_at(
    rgb: ByteArray, series: PoseSeries, time_s: float, on_body: Callable[[FloatArray], FloatArray]
) -> FloatArray | None:
    """Return the colours of two patches (2, 3) in CIELAB, lightness against the picture's; None where not seen.

    `on_body` gives the patches' corners (2, 4, 2), of landmarks (33, 2).
    """
    if not len(series):
        return None
    patches = on_body(series.image_px[int(np.argmin(np.abs(series.time_s - time_s)))])
    if not np.isfinite(patches).all():
        return None
    shrink = rgb.shape[1] / series.frame_size_px[0]
    lightness = [np.median(_lab(rgb[::4, ::4])[..., 0]), 0.0, 0.0]  # light that changes for all is no other shirt
    colours = []
    for corners in patches * shrink:
        mask = np.zeros(rgb.shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, corners.round().astype(np.int32), 1)
        if mask.sum() < _MIN_PX:
            return None
        colours.append(np.median(_lab(rgb[mask > 0][None])[0], axis=0) - lightness)
    return np.asarray(colours)


def _on_trunk(px: FloatArray) -> FloatArray:
    """Return the corners (2, 4, 2) of a patch on the chest and one on the belly, of landmarks (33, 2)."""
    shoulders, hips = (px[[*rows]] for rows in (SHOULDERS, HIPS))
    patches = []
    for from_share, to_share in ((0.0, 0.5), (0.5, 1.0)):
        upper, lower = (shoulders + share * (hips - shoulders) for share in (from_share, to_share))
        corners = np.array([upper[0], upper[1], lower[1], lower[0]])
        patches.append(corners.mean(axis=0) + _INNER_SHARE * (corners - corners.mean(axis=0)))
    return np.asarray(patches)


def _on_shanks(px: FloatArray) -> FloatArray:
    """Return the corners (2, 4, 2) of a patch on the middle of each shank, of landmarks (33, 2)."""
    knees, ankles = (px[[*rows]] for rows in (KNEES, ANKLES))
    along = ankles - knees
    aside = _HALF_SHANK * along[:, ::-1] * [-1.0, 1.0]
    upper, lower = knees + _SHANK_FROM * along, knees + _SHANK_TO * along
    return np.stack([upper - aside, upper + aside, lower + aside, lower - aside], axis=1)


def _lab(rgb: ByteArray) -> FloatArray:
    """Return a picture (height, width, 3) in CIELAB."""
    return np.asarray(cv2.cvtColor((rgb / 255).astype(np.float32), cv2.COLOR_RGB2LAB), np.float64)
