"""Single pictures from a browser, and to keep in memory: JPEG or WebP, never anything else."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.errors import SourceError

RgbArray = NDArray[np.uint8]

#: Largest picture of a live session: 4K has 8.3 million pixels.
MAX_PIXELS = 4096 * 2304
MIN_SIDE_PX = 32
#: Kept pictures lose less than the pose model can tell.
_QUALITY = 95


def is_still(picture: bytes) -> bool:
    """Whether the bytes begin like a JPEG or a WebP.

    Examples
    --------
    >>> is_still(encode_still(np.zeros((48, 64, 3), np.uint8))), is_still(b"GIF89a")
    (True, False)
    """
    return picture[:3] == b"\xff\xd8\xff" or (picture[:4] == b"RIFF" and picture[8:12] == b"WEBP")


def decode_still(picture: bytes) -> RgbArray:
    """Return a JPEG or WebP as (height, width, 3) RGB, as it is stored: orientation tags are not looked at.

    Raises
    ------
    SourceError
        Where it is something else, damaged, too small or too large.

    Examples
    --------
    >>> decode_still(encode_still(np.full((48, 64, 3), 200, np.uint8))).shape
    (48, 64, 3)
    >>> decode_still(b"GIF89a")
    Traceback (most recent call last):
        ...
    hipcv.core.errors.SourceError: Wanted a JPEG or WebP picture, found something else: send frames in one of the two.
    """
    if not is_still(picture):
        raise SourceError("Wanted a JPEG or WebP picture, found something else: send frames in one of the two.")
    try:
        flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        bgr = cv2.imdecode(np.frombuffer(picture, np.uint8), flags)
    except cv2.error:
        bgr = None
    if bgr is None:
        raise SourceError("Wanted a whole picture, found one that is damaged or too large: send it again.")
    height, width = bgr.shape[:2]
    if width * height > MAX_PIXELS or min(width, height) < MIN_SIDE_PX:
        raise SourceError(
            f"Wanted pictures of {MIN_SIDE_PX} px to {MAX_PIXELS // 1_000_000} million pixels, "
            f"found {width}×{height} px: choose another camera resolution, 640×480 is plenty."
        )
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def encode_still(rgb: RgbArray) -> bytes:
    """Return a picture (height, width, 3) RGB as JPEG.

    Examples
    --------
    >>> encode_still(np.zeros((48, 64, 3), np.uint8))[:3].hex()
    'ffd8ff'
    """
    done, packed = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done
    return packed.tobytes()
