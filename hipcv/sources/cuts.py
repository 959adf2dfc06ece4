"""Where a recording is cut, joined, or its camera knocked: the room's own edges are there no more (METHOD S18).

People who come, go and move cover edges where they are; a cut takes them away everywhere and at once.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.series import FloatArray

ByteArray = NDArray[np.uint8]

#: Size of the pictures that are compared, and of the fields in them: 8 by 6.
WIDTH_PX, HEIGHT_PX, FIELD_PX = 64, 48, 8
#: Pictures on either side of a moment whose median shows the room.
N_BESIDE: Final = 4
#: An edge is one of the steepest fifth of a picture, at least so steep (levels of 255 over the operator's width).
STEEPEST, LEAST_STEEP = 0.8, 16.0
#: It is still there where it has changed by less than this share of itself; a field is, where this share of its edges.
CHANGED, FIELD_KEPT = 0.4, 0.8
#: Light that changes makes edges so many times as steep.
LIGHT = (0.5, 2.0)
#: Fields need so many edges to say something, and a picture so many such fields.
MIN_EDGES, MIN_FIELDS = 6, 6
#: At most so many fields are kept over a cut: of 229 pairs of joined clips at most 0.14, and 0.22 where a helper
#: appears from one picture to the next and fills half of it.
CUT_KEPT: Final = 0.17
#: Where less of the picture changes by so much (levels of 255), nothing is cut: joined clips 0.27 and more.
LEAST_CHANGED, CHANGED_LEVELS = 0.1, 12.0
#: What is shorter than this is no part of its own.
SHORTEST_S: Final = 1.5


def small_grey(rgb: ByteArray) -> ByteArray:
    """Return a picture as it is compared: (48, 64) grey.

    Examples
    --------
    >>> small_grey(np.full((480, 640, 3), 100, np.uint8)).shape
    (48, 64)
    """
    small = cv2.resize(rgb, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def kept_share(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    """Return in which share of its fields a picture's edges are still there, 0 to 1; 1 where neither shows enough.

    The lesser part of what was covered or uncovered counts: both ways are looked at. A change of light does not count.

    Examples
    --------
    >>> noise = np.random.default_rng(0)
    >>> one, other = noise.normal(120, 30, (2, 48, 64)).astype(np.float32)
    >>> kept_share(one, one), kept_share(one, 0.7 * one), kept_share(one, other)
    (1.0, 1.0, 0.0)
    """
    one, other = _gradients(before), _gradients(after)
    shares = [_kept_of(one, other), _kept_of(other, one)]
    known = [share for share in shares if share is not None]
    return max(known) if known else 1.0


def _gradients(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.stack([cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1)], axis=-1)


def _kept_of(before: NDArray[np.float32], after: NDArray[np.float32]) -> float | None:
    steep = np.linalg.norm(before, axis=-1)
    edges = steep >= max(float(np.quantile(steep, STEEPEST)), LEAST_STEEP)
    if not edges.any():
        return None
    n_edges = _in_fields(edges)
    counts = n_edges >= MIN_EDGES
    if counts.sum() < MIN_FIELDS:
        return None
    # another light makes all edges steeper or less steep alike
    light = float(np.median((before * after).sum(axis=-1)[edges] / steep[edges] ** 2))
    shares = []
    for factor in (1.0, min(max(light, LIGHT[0]), LIGHT[1])):
        same = np.linalg.norm(after - factor * before, axis=-1) < CHANGED * factor * steep
        n_same = _in_fields(edges & same)
        shares.append(float((n_same[counts] >= FIELD_KEPT * n_edges[counts]).mean()))
    return max(shares)


def _in_fields(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    fields = mask.reshape(HEIGHT_PX // FIELD_PX, FIELD_PX, WIDTH_PX // FIELD_PX, FIELD_PX)
    return np.asarray(fields.sum(axis=(1, 3)), dtype=np.int64)


def find_stretches(pictures: Sequence[ByteArray], time_s: FloatArray) -> list[tuple[float, float]]:
    """Return the parts of a recording between its cuts, from and to in its seconds; one where there are none.

    Parameters
    ----------
    pictures : of `small_grey`, about eight a second.
    time_s : (T,) when they were taken.

    Examples
    --------
    >>> noise = np.random.default_rng(0)
    >>> here, there = noise.normal(120, 30, (2, 48, 64)).clip(0, 255).astype(np.uint8)
    >>> find_stretches([here] * 24 + [there] * 40, np.arange(64) / 8)
    [(0.0, 3.0), (3.0, inf)]
    """
    if not len(time_s):
        return []
    cuts = _cuts([picture.astype(np.float32) for picture in pictures])
    ends = [float(time_s[0]), *(float(time_s[k]) for k in cuts), float("inf")]
    last_s = float(time_s[-1])
    parts = list(pairwise(ends))
    return [part for part in parts if min(part[1], last_s) - part[0] >= SHORTEST_S] or [(ends[0], ends[-1])]


def _cuts(pictures: list[NDArray[np.float32]]) -> list[int]:
    """Return the first picture after each cut."""
    kept = np.ones(len(pictures))
    for k in range(1, len(pictures)):
        if _changed_share(pictures[k - 1], pictures[k]) >= LEAST_CHANGED:
            before = np.median(pictures[max(k - N_BESIDE, 0) : k], axis=0)
            after = np.median(pictures[k : k + N_BESIDE], axis=0)
            kept[k] = max(kept_share(pictures[k - 1], pictures[k]), kept_share(before, after))
    found: list[int] = []
    for k in np.argsort(kept, kind="stable").tolist():
        if kept[k] <= CUT_KEPT and all(abs(k - other) > N_BESIDE for other in found):
            found.append(k)
    return sorted(found)


def _changed_share(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    """Return in which share of a picture something else is to be seen, whatever the light."""
    change = after - before
    return float((np.abs(change - np.median(change)) > CHANGED_LEVELS).mean())
