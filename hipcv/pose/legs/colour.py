"""What colour the lower legs of one clip have that their surroundings have not (METHOD S9).

Colours are CIELAB with 8 bits a channel: lightness 0 to 255, both colour axes around 128.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.series import FloatArray

ByteArray = NDArray[np.uint8]

#: Bits dropped of lightness and of each colour axis: bins of 16, 4 and 4.
_DROPPED_BITS = np.array([4, 2, 2])
_BINS = (16, 64, 64)
#: Bins over which a colour lends its neighbours likelihood: light falls differently on every stretch of a leg.
_SMOOTHING = (1.5, 1.0, 1.0)
#: Fewer colours than this teach nothing.
MIN_COLOURS = 300
#: Where the legs' own colours are no more likely than this to be legs', their surroundings look alike.
MIN_LIKENESS = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class LegColour:
    """How likely each colour is of a lower leg rather than of anything around, (16, 64, 64) bins, 0 to 1."""

    share: FloatArray

    def likeness(self, lab: ByteArray) -> FloatArray:
        """Return (…) how much colours (…, 3) are the leg's, 0 to 1; 0.5 tells nothing.

        Examples
        --------
        >>> share = np.full((16, 64, 64), 0.5)
        >>> share[180 >> 4, 140 >> 2, 150 >> 2] = 0.9
        >>> LegColour(share).likeness(np.array([[180, 140, 150], [20, 128, 128]], np.uint8)).tolist()
        [0.9, 0.5]
        """
        like: FloatArray = self.share[_bins(lab)]
        return like


def learn_colour(on_leg: ByteArray, anywhere: ByteArray) -> LegColour | None:
    """Learn from colours (…, 3) seen on lower legs and anywhere around them.

    None from too few of either, or where legs have no colour of their own.

    Examples
    --------
    >>> skin = np.full((300, 3), (180, 140, 150), dtype=np.uint8)
    >>> sheet = np.full((300, 3), (240, 128, 128), dtype=np.uint8)
    >>> colour = learn_colour(skin, np.concatenate([skin, sheet]))
    >>> colour is None  # half of what is around looks like legs
    True
    >>> like = learn_colour(skin, np.repeat(sheet, 9, axis=0)).likeness(np.stack([skin[0], sheet[0]]))
    >>> like.round(2).tolist()
    [1.0, 0.0]
    """
    if min(on_leg.size, anywhere.size) < 3 * MIN_COLOURS:
        return None
    leg, other = _density(on_leg), _density(anywhere)
    colour = LegColour(leg / (leg + other))
    return colour if np.median(colour.likeness(on_leg)) >= MIN_LIKENESS else None


def _bins(lab: ByteArray) -> tuple[NDArray[np.uint8], ...]:
    return tuple(np.moveaxis(lab >> _DROPPED_BITS.astype(np.uint8), -1, 0))


def _density(lab: ByteArray) -> FloatArray:
    index = np.ravel_multi_index(tuple(b.ravel().astype(np.int64) for b in _bins(lab)), _BINS)
    counts = np.bincount(index, minlength=int(np.prod(_BINS))).reshape(_BINS)
    smooth: FloatArray = counts.astype(np.float64)
    for axis, sigma in enumerate(_SMOOTHING):
        smooth = _blurred(smooth, axis, sigma)
    # a colour never seen is as likely here as there
    density: FloatArray = smooth / smooth.sum() + 1.0 / smooth.size
    return density


def _blurred(counts: FloatArray, axis: int, sigma: float) -> FloatArray:
    """Return an array blurred along one axis, whose ends are mirrored."""
    first = np.ascontiguousarray(np.moveaxis(counts, axis, 0))
    size = (1, 2 * round(4 * sigma) + 1)
    flat = cv2.GaussianBlur(first.reshape(len(first), -1), size, sigma, sigmaY=sigma, borderType=cv2.BORDER_REFLECT)
    return np.moveaxis(flat.reshape(first.shape), 0, axis)
