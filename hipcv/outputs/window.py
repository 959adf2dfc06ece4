"""The live picture with skeleton, plumb line and angles, and a window to show it in, mirrored like a looking-glass."""

import math
import os
import sys
from dataclasses import dataclass
from itertools import pairwise
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.errors import SourceError
from hipcv.core.series import FloatArray
from hipcv.core.skeleton import Skeleton

ByteArray = NDArray[np.uint8]

_WHITE, _YELLOW, _GREEN, _BLACK = (255, 255, 255), (255, 210, 60), (90, 220, 120), (0, 0, 0)
_ESCAPE, _QUIT = 27, ord("q")


@dataclass(frozen=True, slots=True, eq=False)
class LivePicture:
    """One frame and what is drawn into it.

    Attributes
    ----------
    rgb : (height, width, 3) upright, unmirrored picture.
    skeleton : what is drawn of the person, in its pixels.
    angles_deg : left and right, NaN where not seen.
    headline : what to do now.
    hold_share : how much of a hold is done, 0 to 1.
    """

    rgb: ByteArray
    skeleton: Skeleton
    angles_deg: tuple[float, float]
    headline: str
    hold_share: float


def draw_live(picture: LivePicture) -> ByteArray:
    """Return the frame as a mirror shows it (height, width, 3) RGB, with everything drawn; texts are not mirrored.

    Examples
    --------
    >>> skeleton = Skeleton(np.full((8, 2, 2), np.nan), np.full((2, 4, 2), np.nan), np.array([0.0, 1.0]))
    >>> black = np.zeros((480, 640, 3), np.uint8)
    >>> draw_live(LivePicture(black, skeleton, (31.0, np.nan), "Hold", 0.5)).shape, bool(black.any())
    ((480, 640, 3), False)
    """
    rgb = picture.rgb.copy()
    width = max(2, round(rgb.shape[1] / 320))
    skeleton = picture.skeleton
    bones = [*skeleton.trunk_px, *(pair for leg in skeleton.legs_px for pair in pairwise(leg))]
    for start, end in bones:
        _line(rgb, start, end, _WHITE, width)
    for _, knee, ankle, _ in skeleton.legs_px:
        _line(rgb, knee, knee + skeleton.plumb * np.linalg.norm(ankle - knee), _YELLOW, width)
    rgb = np.ascontiguousarray(rgb[:, ::-1])
    ankles_px = skeleton.legs_px[:, 2] * (-1, 1) + (rgb.shape[1], 0)
    for ankle, angle, lateral in zip(ankles_px, picture.angles_deg, (-1, 1), strict=True):
        if math.isfinite(angle) and np.isfinite(ankle).all():
            _write(rgb, f"{angle:.0f}", ankle + np.array([lateral * 30 * width, 0]), 0.5 * width, centred=True)
    _write(rgb, picture.headline, np.array([5.0 * width, 12.0 * width]), 0.3 * width)
    if picture.hold_share > 0:
        end = (round(picture.hold_share * rgb.shape[1]), rgb.shape[0])
        cv2.rectangle(rgb, (0, rgb.shape[0] - 5 * width), end, _GREEN, cv2.FILLED)
    return rgb


class Window:
    """A window on the screen.

    Raises
    ------
    SourceError
        Where there is no screen.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        refusal = "Wanted a window on the screen, found no screen: use --no-window, or the page of `hipcv serve`."
        # without a screen the window library ends the whole process instead of raising
        if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise SourceError(refusal)
        try:
            cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        except cv2.error as error:
            raise SourceError(refusal) from error

    def show(self, rgb: ByteArray) -> bool:
        """Show a picture (height, width, 3) RGB; False once the person has closed the window or pressed q or Esc."""
        cv2.imshow(self._title, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
        key = cv2.waitKey(1) & 0xFF
        return key not in (_ESCAPE, _QUIT) and cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1

    def close(self) -> None:
        """Take the window off the screen."""
        cv2.destroyWindow(self._title)

    def __enter__(self) -> "Window":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _line(rgb: ByteArray, start: FloatArray, end: FloatArray, colour: tuple[int, int, int], width: int) -> None:
    if np.isfinite(start).all() and np.isfinite(end).all():
        cv2.line(rgb, _at(start), _at(end), colour, width, cv2.LINE_AA)


def _at(point: FloatArray) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def _write(rgb: ByteArray, text: str, at: FloatArray, size: float, *, centred: bool = False) -> None:
    if not text:
        return
    plain = text.encode("ascii", "replace").decode()
    (width, height), below = cv2.getTextSize(plain, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    x, y = _at(at - (width / 2 if centred else 0, 0))
    x = int(np.clip(x, below, max(below, rgb.shape[1] - width - below)))
    cv2.rectangle(rgb, (x - below, y - height - below), (x + width + below, y + below), _BLACK, cv2.FILLED)
    cv2.putText(rgb, plain, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, _WHITE, 1, cv2.LINE_AA)
