"""The live picture with skeleton, plumb line and angles, and a window to show it in, mirrored like a looking-glass."""

import math
import os
import sys
from dataclasses import dataclass
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.errors import SourceError
from hipcv.core.motion.angles import MIN_VISIBILITY
from hipcv.core.series import ANKLES, FEET, HIPS, KNEES, SHOULDERS, FloatArray

ByteArray = NDArray[np.uint8]

_BONES = (
    SHOULDERS,
    HIPS,
    *zip(SHOULDERS, HIPS, strict=True),
    *zip(HIPS, KNEES, strict=True),
    *zip(KNEES, ANKLES, strict=True),
    *zip(ANKLES, FEET, strict=True),
)
_WHITE, _YELLOW, _GREEN, _BLACK = (255, 255, 255), (255, 210, 60), (90, 220, 120), (0, 0, 0)
_ESCAPE, _QUIT = 27, ord("q")


@dataclass(frozen=True, slots=True, eq=False)
class LivePicture:
    """One frame and what is drawn into it.

    Attributes
    ----------
    rgb : (height, width, 3) upright, unmirrored picture.
    image_px : (33, 2) landmarks in its pixels, NaN where nobody is seen.
    visibility : (33,) 0 to 1.
    angles_deg : left and right, NaN where not seen.
    roll_deg : by how much the picture is turned clockwise; the plumb line is turned with it.
    headline : what to do now.
    hold_share : how much of a hold is done, 0 to 1.
    """

    rgb: ByteArray
    image_px: FloatArray
    visibility: FloatArray
    angles_deg: tuple[float, float]
    roll_deg: float
    headline: str
    hold_share: float


def draw_live(picture: LivePicture) -> ByteArray:
    """Return the frame as a mirror shows it (height, width, 3) RGB, with everything drawn; texts are not mirrored."""
    rgb = picture.rgb.copy()
    width = max(2, round(rgb.shape[1] / 320))
    for bone in _BONES:
        if (picture.visibility[list(bone)] >= MIN_VISIBILITY).all() and np.isfinite(picture.image_px[list(bone)]).all():
            cv2.line(rgb, _at(picture.image_px[bone[0]]), _at(picture.image_px[bone[1]]), _WHITE, width, cv2.LINE_AA)
    down = np.array([-math.sin(math.radians(picture.roll_deg)), math.cos(math.radians(picture.roll_deg))])
    for knee, ankle in zip(KNEES, ANKLES, strict=True):
        ends = picture.image_px[[knee, ankle]]
        if np.isfinite(ends).all():
            length = float(np.linalg.norm(ends[1] - ends[0])) * (1.0 if ends[1, 1] > ends[0, 1] else -1.0)
            cv2.line(rgb, _at(ends[0]), _at(ends[0] + down * length), _YELLOW, width, cv2.LINE_AA)
    rgb = np.ascontiguousarray(rgb[:, ::-1])
    mirrored = picture.image_px * (-1, 1) + (rgb.shape[1], 0)
    for ankle, angle, lateral in zip(ANKLES, picture.angles_deg, (-1, 1), strict=True):
        if math.isfinite(angle) and np.isfinite(mirrored[ankle]).all():
            _write(rgb, f"{angle:.0f}", mirrored[ankle] + (lateral * 30 * width, 0), 0.5 * width, centred=True)
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
