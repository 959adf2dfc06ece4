"""Decoded pictures made into what a person would see: upright, square pixels, RGB, of a bearable size."""

import struct
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

RgbArray = NDArray[np.uint8]

_QUARTER_TURNS = {1: cv2.ROTATE_90_CLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_COUNTERCLOCKWISE}
#: Pixels wider or narrower than this are a broken tag: the widest real ones are anamorphic films at 2:1.
_PLAUSIBLE_PIXEL_ASPECT = (Fraction(1, 3), Fraction(3))


@dataclass(frozen=True, slots=True)
class Orientation:
    """How the stored picture must be turned to be seen as filmed: first flipped left to right, then turned clockwise.

    Attributes
    ----------
    quarter_turns : 0 to 3, clockwise.
    flipped : whether it is flipped left to right before that.
    """

    quarter_turns: int = 0
    flipped: bool = False

    @property
    def rotation_deg(self) -> int:
        """Degrees clockwise: 0, 90, 180 or 270."""
        return 90 * self.quarter_turns

    @property
    def swaps_sides(self) -> bool:
        """Whether width and height change places."""
        return self.quarter_turns % 2 == 1

    def turned_by(self, rotate_deg: int) -> "Orientation":
        """Return it with so many further degrees clockwise, in quarters.

        Examples
        --------
        >>> Orientation(quarter_turns=3).turned_by(180)
        Orientation(quarter_turns=1, flipped=False)
        """
        return Orientation((self.quarter_turns + rotate_deg // 90) % 4, self.flipped)

    def apply(self, picture: RgbArray, *, mirrored: bool) -> RgbArray:
        """Return the (H, W, 3) picture upright, and flipped left to right once more where it was filmed `mirrored`.

        Examples
        --------
        >>> upright = Orientation(quarter_turns=1).apply(np.zeros((480, 640, 3), np.uint8), mirrored=False)
        >>> upright.shape
        (640, 480, 3)
        """
        if self.flipped:
            picture = _flip(picture)
        if self.quarter_turns:
            picture = np.asarray(cv2.rotate(picture, _QUARTER_TURNS[self.quarter_turns]), dtype=np.uint8)
        return _flip(picture) if mirrored else picture


def _flip(picture: RgbArray) -> RgbArray:
    return np.asarray(cv2.flip(picture, 1), dtype=np.uint8)


def orientation_of(frame: VideoFrame) -> Orientation | None:
    """Return how the frame's display matrix wants it shown; None where that is no quarter turn.

    The matrix maps stored pixels (x, y), y down, to (a x + c y, b x + d y), as ISO/IEC 14496-12 defines it for `tkhd`.

    Examples
    --------
    >>> orientation_of(VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8)))
    Orientation(quarter_turns=0, flipped=False)
    """
    tag = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(tag, SideData):
        return Orientation()
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(tag))
    flipped = a * d - b * c < 0
    if flipped:
        a, b = -a, -b
    for quarter_turns, (cos, sin) in enumerate(((1, 0), (0, 1), (-1, 0), (0, -1))):
        if np.allclose(
            [a, b, c, d], np.hypot(a, b) * np.array([cos, sin, -sin, cos]), rtol=0, atol=0.01 * np.hypot(a, b)
        ):
            return Orientation(quarter_turns, flipped)
    return None


class Orientations:
    """Reads display matrices, each only once.

    PyAV's side data and its picture refer to each other: looked at in every picture, it would keep hundreds of pictures
    in memory until the garbage collector comes round. The plain rotation costs nothing and tells whether to look.

    Examples
    --------
    >>> seen = Orientations()
    >>> seen.of(VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))).rotation_deg
    0
    """

    def __init__(self) -> None:
        self._known: dict[int, Orientation | None] = {}

    def of(self, frame: VideoFrame) -> Orientation | None:
        """Return the frame's orientation; None where its tag is no quarter turn."""
        if frame.rotation not in self._known:
            self._known[frame.rotation] = orientation_of(frame)
        return self._known[frame.rotation]


def square_pixel_size(stored_size_px: tuple[int, int], pixel_aspect: Fraction, max_side_px: int) -> tuple[int, int]:
    """Return (width, height) with square pixels, none of them above `max_side_px`, before any turn.

    Angles need square pixels: the short side of the stored pixels is stretched, so that no detail is lost.

    Parameters
    ----------
    stored_size_px : (width, height) as coded.
    pixel_aspect : width of a pixel through its height.

    Examples
    --------
    >>> square_pixel_size((720, 576), Fraction(64, 45), 1920), square_pixel_size((3840, 2160), Fraction(1), 1920)
    ((1024, 576), (1920, 1080))
    """
    width, height = Fraction(stored_size_px[0]), Fraction(stored_size_px[1])
    if pixel_aspect > 1:
        width *= pixel_aspect
    else:
        height /= pixel_aspect
    scale = min(Fraction(1), max_side_px / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def plausible_pixel_aspect(pixel_aspect: Fraction | None) -> Fraction:
    """Return the pixels' width through their height; 1 where it is not told or absurd.

    Examples
    --------
    >>> plausible_pixel_aspect(Fraction(4, 3)), plausible_pixel_aspect(Fraction(99)), plausible_pixel_aspect(None)
    (Fraction(4, 3), Fraction(1, 1), Fraction(1, 1))
    """
    low, high = _PLAUSIBLE_PIXEL_ASPECT
    return pixel_aspect if pixel_aspect is not None and low <= pixel_aspect <= high else Fraction(1)


class RgbMaker:
    """Turns decoded frames into upright RGB pictures; one for one stream, for it keeps the scaler's state.

    Examples
    --------
    >>> white_left = np.zeros((48, 64, 3), np.uint8)
    >>> white_left[:, :32] = 255
    >>> mirror_image = RgbMaker(mirrored=True).make(VideoFrame.from_ndarray(white_left), (64, 48), Orientation())
    >>> mirror_image[0, [0, -1], 0].tolist()
    [0, 255]
    """

    def __init__(self, *, mirrored: bool) -> None:
        self._reformatter = VideoReformatter()
        self._mirrored = mirrored

    def make(self, frame: VideoFrame, size_px: tuple[int, int], orientation: Orientation) -> RgbArray:
        """Return the frame as (H, W, 3) uint8, contiguous; `size_px` is (width, height) before it is turned.

        Raises
        ------
        ValueError
            Where the pixel format cannot be turned into RGB.
        """
        shrinks = size_px[0] < frame.width or size_px[1] < frame.height
        rgb = self._reformatter.reformat(
            frame,
            *size_px,
            format="rgb24",
            interpolation=Interpolation.AREA if shrinks else Interpolation.BILINEAR,
            threads=1,
        )
        stored = np.asarray(rgb.to_ndarray(), dtype=np.uint8)
        return np.ascontiguousarray(orientation.apply(stored, mirrored=self._mirrored))
