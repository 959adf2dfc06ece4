"""How bright and how sharp the pictures are, measured cheaply."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.series import ANKLES, KNEES, FloatArray

ByteArray = NDArray[np.uint8]

#: The picture's own quality changes slowly: it is looked at this often.
BRIGHTNESS_EVERY_S = SHARPNESS_EVERY_S = 0.2
#: Size at which sharpness is judged: landmarks care for detail relative to the leg, not for the camera's pixels.
SHANK_PX = 100.0


def measure_brightness(rgb: ByteArray) -> float:
    """Return the mean luma of a picture (height, width, 3), 0 black to 1 white, from one pixel in 64.

    Examples
    --------
    >>> measure_brightness(np.full((480, 640, 3), 51, np.uint8))
    0.2
    """
    return float(rgb[::8, ::8].mean() / 255.0)


def measure_sharpness(rgb: ByteArray, image_px: FloatArray) -> float:
    """Return the share of gradient around the lower legs that a small blur takes away, 0 to 1; NaN without legs.

    After Crété and others 2007 (doi 10.1117/12.702790): a sharp picture loses much to a blur, a blurred one little. Of
    the gradients across and down the picture the one that loses less counts: motion blurs one way only.

    Parameters
    ----------
    rgb : (height, width, 3) upright picture.
    image_px : (33, 2) landmarks in its pixels.

    Examples
    --------
    >>> image_px = np.full((33, 2), np.nan)
    >>> blank = np.zeros((480, 640, 3), np.uint8)
    >>> measure_sharpness(blank, image_px)
    nan
    >>> image_px[[*KNEES, *ANKLES]] = [[360, 240], [280, 240], [360, 340], [280, 340]]
    >>> measure_sharpness(blank, image_px)
    0.0
    """
    legs = image_px[[*KNEES, *ANKLES]]
    if not np.isfinite(legs).all():
        return float("nan")
    shank_px = float(np.linalg.norm(image_px[list(ANKLES)] - image_px[list(KNEES)], axis=1).max())
    margin = 0.3 * shank_px
    height, width = rgb.shape[:2]
    x0, y0 = np.clip((legs.min(axis=0) - margin).astype(int), 0, (width, height))
    x1, y1 = np.clip((legs.max(axis=0) + margin).astype(int) + 1, 0, (width, height))
    if x1 - x0 < 16 or y1 - y0 < 16:
        return float("nan")
    grey = cv2.cvtColor(rgb[y0:y1, x0:x1], cv2.COLOR_RGB2GRAY)
    if shank_px > 1.5 * SHANK_PX:
        scale = SHANK_PX / shank_px
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    # Sensor noise looks like detail: a first light blur takes it out.
    base = cv2.GaussianBlur(grey, (0, 0), 1.0).astype(np.float32)
    soft = cv2.GaussianBlur(base, (0, 0), 2.0)
    detail, left = (np.array([np.abs(np.diff(p, axis=axis)).sum() for axis in (0, 1)]) for p in (base, soft))
    return float((1.0 - left / detail).min()) if detail.all() else 0.0
