"""Whether two pictures show one scene from a camera that was moved a little between them: knocked, turned, zoomed."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

ByteArray = NDArray[np.uint8]

#: Longer side of the pictures that are compared.
_LONG_SIDE_PX: Final = 320
#: Details that are looked for in each, and how much nearer the best match has to be than the second best.
_N_DETAILS, _CLEARLY_NEARER = 600, 0.8
#: Matches lie where one turn, shift and zoom puts them, to so many pixels.
_FITS_PX: Final = 2.0
#: So many fit, and this share of them: between scenes at most 10, and 0.31; of rendered scenes knocked by up to 8° and
#: a seventh of the picture, or zoomed by 1.3, at least 45, and 0.71.
MIN_FITTING, MIN_SHARE = 20, 0.5


def same_scene(one: ByteArray, other: ByteArray) -> bool:
    """Whether two pictures (height, width, 3) show the same scene, wherever each camera stood and looked at it.

    Examples
    --------
    >>> noise = np.random.default_rng(0)
    >>> room = cv2.resize(noise.integers(0, 255, (24, 32, 3)).astype(np.uint8), (320, 240))
    >>> knocked = cv2.warpAffine(room, cv2.getRotationMatrix2D((160, 120), 5.0, 1.1), (320, 240))
    >>> elsewhere = cv2.resize(noise.integers(0, 255, (24, 32, 3)).astype(np.uint8), (320, 240))
    >>> same_scene(room, knocked), same_scene(room, elsewhere)
    (True, False)
    """
    (points, details), (other_points, other_details) = _details(one), _details(other)
    if len(points) < MIN_FITTING or len(other_points) < MIN_FITTING:
        return False
    pairs = cv2.BFMatcher().knnMatch(details, other_details, k=2)
    near = [best for best, second in pairs if best.distance < _CLEARLY_NEARER * second.distance]
    if len(near) < MIN_FITTING:
        return False
    here, there = points[[m.queryIdx for m in near]], other_points[[m.trainIdx for m in near]]
    _, fitting = cv2.estimateAffinePartial2D(here, there, method=cv2.RANSAC, ransacReprojThreshold=_FITS_PX)
    n_fitting = 0 if fitting is None else int(fitting.sum())
    return n_fitting >= max(MIN_FITTING, MIN_SHARE * len(near))


def _details(rgb: ByteArray) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return where details are, (N, 2) pixels of a smaller picture, and what each looks like (N, 128)."""
    scale = min(1.0, _LONG_SIDE_PX / max(rgb.shape[:2]))
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    points, details = cv2.SIFT.create(_N_DETAILS).detectAndCompute(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), None)
    if details is None:
        return np.empty((0, 2), np.float32), np.empty((0, 128), np.float32)
    return np.array([point.pt for point in points], np.float32), np.asarray(details, np.float32)
