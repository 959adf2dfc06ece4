"""Clips as people really have them, made of a clean one frame by frame: screens around it, lines over it, other shapes.

Every kind is a function from a clip's frames to others, and says what shall become of it: measured rightly, or doubted
or refused for its one cause.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.finding import FindingCode
from hipcv.core.viewing import AS_STORED, Viewing

Picture = NDArray[np.uint8]
Pictures = Iterator[Picture]

DARK, GREY, BLUE = (24, 24, 27), (198, 200, 204), (38, 92, 158)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of clip.

    make : from the frames to the kind's own. codes : findings of which one has to doubt or refuse it where it is not
    measured rightly; empty where it has to be measured as the clean one is. viewing : what is told of it.
    """

    make: Callable[[Pictures], Pictures]
    codes: tuple[FindingCode, ...] = ()
    viewing: Viewing = AS_STORED


def read(path: Path) -> tuple[Pictures, Fraction]:
    """Return a clip's frames and their rate."""
    container = av.open(str(path))
    stream = container.streams.video[0]
    rate = stream.average_rate or Fraction(30)

    def frames() -> Pictures:
        with container:
            for frame in container.decode(stream):
                yield np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)

    return frames(), rate


def write(path: Path, pictures: Pictures, rate: Fraction, crf: int = 23) -> Path:
    """Write frames as phones and screen recorders do: H.264 with both sides even."""
    with av.open(str(path), "w") as out:
        stream = None
        for picture in pictures:
            height, width = (side // 2 * 2 for side in picture.shape[:2])
            if stream is None:
                stream = out.add_stream("libx264", rate=rate)
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
                stream.options = {"crf": str(crf), "preset": "veryfast"}
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:height, :width]), format="rgb24")
            out.mux(stream.encode(frame))
        assert stream is not None
        out.mux(stream.encode())
    return path


def make(kind: Kind, source: Path, path: Path) -> Path:
    """Write a clip of a kind."""
    pictures, rate = read(source)
    return write(path, kind.make(pictures), rate)


def each(change: Callable[[Picture], Picture]) -> Callable[[Pictures], Pictures]:
    """Return what changes every frame by itself."""
    return lambda pictures: map(change, pictures)


def resized(picture: Picture, width: int, height: int) -> Picture:
    """Return the picture in another size."""
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def fitted(picture: Picture, width: int, height: int) -> Picture:
    """Return the picture as large as it fits into a size, its shape kept."""
    scale = min(width / picture.shape[1], height / picture.shape[0])
    return resized(picture, round(picture.shape[1] * scale), round(picture.shape[0] * scale))


def put(canvas: Picture, picture: Picture, left: int, top: int) -> Picture:
    """Return a copy of the canvas with the picture on it."""
    canvas = canvas.copy()
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas


def plain(width: int, height: int, colour: Sequence[int]) -> Picture:
    """Return a picture of one colour."""
    return np.full((height, width, 3), colour, np.uint8)


def text(canvas: Picture, words: str, left: int, top: int, colour: Sequence[int] = (30, 30, 30)) -> Picture:
    """Write on a picture."""
    cv2.putText(canvas, words, (left, top), cv2.FONT_HERSHEY_SIMPLEX, 0.45, tuple(colour), 1, cv2.LINE_AA)
    return canvas


# ------------------------------------------------------------------------------------------- lines over the picture


def grid(step_px: int, opacity: float = 0.6) -> Callable[[Pictures], Pictures]:
    """Return what draws a white grid over every frame."""

    def draw(picture: Picture) -> Picture:
        drawn = picture.copy()
        drawn[step_px::step_px], drawn[:, step_px::step_px] = 255, 255
        return np.asarray(cv2.addWeighted(drawn, opacity, picture, 1 - opacity, 0), np.uint8)

    return each(draw)


def cross(picture: Picture) -> Picture:
    """Draw a viewfinder's cross and thirds."""
    drawn, (height, width) = picture.copy(), picture.shape[:2]
    for share in (1 / 3, 1 / 2, 2 / 3):
        drawn[round(height * share), :] = drawn[:, round(width * share)] = (255, 255, 0)
    return drawn


# ---------------------------------------------------------------------------------------- screens around the picture


def desktop(picture: Picture, size: tuple[int, int] = (1280, 800), inner: tuple[int, int] = (760, 560)) -> Picture:
    """Put the picture into a player's window on a desktop with a bar, icons and another window."""
    width, height = size
    canvas = plain(width, height, BLUE)
    canvas[:] = (np.linspace(0.6, 1.0, height)[:, None, None] * canvas).astype(np.uint8)
    canvas[height - 40 :] = DARK
    for k in range(6):
        canvas[40 + 90 * k : 88 + 90 * k, 20:68] = (220, 180 - 20 * k, 60 + 25 * k)
        text(canvas, f"File {k}", 18, 104 + 90 * k, (255, 255, 255))
    inside = fitted(picture, *inner)
    left, top = width - inside.shape[1] - 90, 96
    canvas[top - 30 : top, left - 4 : left + inside.shape[1] + 4] = GREY
    text(canvas, "recording.mp4 - Player", left + 8, top - 10)
    canvas[top : top + inside.shape[0] + 46, left - 4 : left + inside.shape[1] + 4] = (240, 240, 242)
    canvas[top + inside.shape[0] + 20 : top + inside.shape[0] + 24, left + 10 : left + inside.shape[1] - 10] = BLUE
    return put(canvas, inside, left, top)


def title_bar(picture: Picture) -> Picture:
    """Put a maximised window's title bar above the picture, and a task bar below."""
    canvas = plain(picture.shape[1], picture.shape[0] + 72, DARK)
    canvas[:32] = GREY
    text(canvas, "VID_20261127.mp4", 12, 21)
    return put(canvas, picture, 0, 32)


def bars(picture: Picture, size: tuple[int, int] = (720, 1280), colour: Sequence[int] = (0, 0, 0)) -> Picture:
    """Put bars of one colour around the picture."""
    inside = fitted(picture, *size)
    canvas = plain(*size, colour)
    return put(canvas, inside, (size[0] - inside.shape[1]) // 2, (size[1] - inside.shape[0]) // 2)


def blurred_bars(picture: Picture, size: tuple[int, int] = (720, 1280)) -> Picture:
    """Put the picture before an enlarged, blurred copy of itself, as story formats do."""
    width, height = size
    scale = max(width / picture.shape[1], height / picture.shape[0])
    large = resized(picture, round(picture.shape[1] * scale) + 1, round(picture.shape[0] * scale) + 1)
    left, top = (large.shape[1] - width) // 2, (large.shape[0] - height) // 2
    behind = cv2.GaussianBlur(large[top : top + height, left : left + width], (0, 0), 24)
    inside = fitted(picture, width, height)
    place = (width - inside.shape[1]) // 2, (height - inside.shape[0]) // 2
    return put(np.asarray(behind, np.uint8), inside, *place)


def call(pictures: Pictures, size: tuple[int, int] = (1280, 720)) -> Pictures:
    """Put the picture into a call's tile, another one's face beside it, buttons below."""
    width, height = size
    tile = (width - 36) // 2, height - 110
    for k, picture in enumerate(pictures):
        canvas = plain(width, height, (32, 33, 36))
        for n, inside in enumerate((fitted(picture, *tile), face(k, *tile))):
            left = 12 + n * (tile[0] + 12) + (tile[0] - inside.shape[1]) // 2
            canvas = put(canvas, inside, left, 20 + (tile[1] - inside.shape[0]) // 2)
        for n in range(5):
            cv2.circle(canvas, (width // 2 - 120 + 60 * n, height - 44), 20, (60, 64, 67), -1)
        yield canvas


def face(k: int, width: int, height: int) -> Picture:
    """Draw somebody who nods before a lamp: shoulders and head, nothing that could be measured."""
    canvas = plain(width, height, (164, 150, 132))
    canvas[:, : width // 4] = (120, 110, 100)
    x, y = width // 2 + round(6 * np.sin(k / 9)), height // 3 + round(8 * np.sin(k / 14))
    cv2.ellipse(canvas, (x, height), (width // 3, height // 3), 0, 180, 360, (60, 70, 110), -1)
    cv2.ellipse(canvas, (x, y), (width // 8, height // 6), 0, 0, 360, (214, 174, 148), -1)
    return canvas


# ------------------------------------------------------------------------------------------ shapes, turns, and time


def squeezed(width: int, height: int) -> Callable[[Pictures], Pictures]:
    """Return what squeezes frames into another shape without a word."""
    return each(lambda picture: resized(picture, width, height))


def turned(quarters: int) -> Callable[[Pictures], Pictures]:
    """Return what turns frames clockwise by quarters without a tag."""
    return each(lambda picture: np.ascontiguousarray(np.rot90(picture, -quarters)))


def joined(other: Path) -> Callable[[Pictures], Pictures]:
    """Return what plays another clip after this one."""

    def play(pictures: Pictures) -> Pictures:
        first = next(pictures)
        height, width = first.shape[:2]
        yield first
        yield from pictures
        for picture in read(other)[0]:
            inside = fitted(picture, width, height)
            yield inside if inside.shape == first.shape else resized(picture, width, height)

    return play


def empty_before(seconds: float, rate_hz: float = 30.0) -> Callable[[Pictures], Pictures]:
    """Return what shows a still card before the clip, as edited clips do."""

    def play(pictures: Pictures) -> Pictures:
        first = next(pictures)
        card = text(plain(first.shape[1], first.shape[0], (235, 232, 225)), "Hip rotation, visit 2", 60, 120)
        yield from (card for _ in range(round(seconds * rate_hz)))
        yield first
        yield from pictures

    return play


def subtitled(picture: Picture) -> Picture:
    """Write two lines below, on dark, as captions are."""
    height, width = picture.shape[:2]
    drawn = picture.copy()
    drawn[height - 52 : height - 8, width // 6 : -width // 6] //= 4
    for n, words in enumerate(("now the left foot goes out", "and holds")):
        text(drawn, words, width // 6 + 12, height - 34 + 20 * n, (255, 255, 255))
    return drawn


def every(n: int) -> Callable[[Pictures], Pictures]:
    """Return what keeps only every so many frames and repeats them, as slow cameras do."""

    def play(pictures: Pictures) -> Pictures:
        held = None
        for k, picture in enumerate(pictures):
            held = picture if held is None or k % n == 0 else held
            yield held

    return play


def toned(gain: float, offset: float = 0.0) -> Callable[[Pictures], Pictures]:
    """Return what makes every frame darker, or burns it white."""
    return each(lambda picture: np.clip(picture * gain + offset, 0, 255).astype(np.uint8))


def covered_below(share: float) -> Callable[[Pictures], Pictures]:
    """Return what covers the lower part of every frame with a banner."""

    def draw(picture: Picture) -> Picture:
        drawn = picture.copy()
        drawn[round(picture.shape[0] * (1 - share)) :] = DARK
        return drawn

    return each(draw)


DRAWN = (FindingCode.DRAWN_LINES, FindingCode.GRAVITY_UNKNOWN)
SHAPE, TURNED = (FindingCode.PIXEL_SHAPE,), (FindingCode.PICTURE_TURNED,)


def kinds(source: Path, others: Sequence[Path]) -> dict[str, Kind]:
    """Return every kind that is made of a clip, by its name; `others` hold the same test and another scene."""
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        width, height = stream.width, stream.height
        end_s = float(stream.frames / (stream.average_rate or 30))
    before = 2.0
    return {
        "as it is": Kind(lambda pictures: pictures),
        "grid": Kind(grid(80), DRAWN),
        "coarse grid": Kind(grid(160, 0.9), DRAWN),
        "viewfinder": Kind(each(cross), DRAWN),
        "captions": Kind(each(subtitled), DRAWN),
        "desktop": Kind(each(desktop)),
        "title bar": Kind(each(title_bar)),
        "black bars": Kind(each(bars)),
        "white bars": Kind(each(partial(bars, size=(1280, 720), colour=(250, 250, 250)))),
        "blurred bars": Kind(each(blurred_bars)),
        "call": Kind(call),
        "squeezed": Kind(squeezed(round(0.75 * width), height), SHAPE),
        "stretched": Kind(squeezed(round(4 / 3 * width), height), SHAPE),
        "squeezed, told": Kind(squeezed(round(0.75 * width), height), viewing=Viewing(aspect=width / height)),
        "upside down": Kind(turned(2), TURNED),
        "on its side": Kind(turned(1), TURNED),
        "on its other side": Kind(turned(3), TURNED),
        "upside down, told": Kind(turned(2), viewing=Viewing(rotate_deg=180)),
        "on its side, told": Kind(turned(1), viewing=Viewing(rotate_deg=270)),
        "two tests joined": Kind(joined(others[0]), (FindingCode.SEVERAL_TESTS,)),
        "two tests, told": Kind(joined(others[0]), viewing=Viewing(to_s=end_s)),
        "a card before": Kind(empty_before(before)),
        "something else after": Kind(joined(others[1]) if len(others) > 1 else empty_before(before)),
        "one picture a second": Kind(every(30), (FindingCode.LOW_FRAME_RATE, FindingCode.NO_HOLD)),
        "dark": Kind(toned(0.08), (FindingCode.LOW_LIGHT,)),
        "burnt white": Kind(toned(3.0, 60.0), (FindingCode.TOO_BRIGHT,)),
        "feet behind a banner": Kind(covered_below(0.35), (FindingCode.OUT_OF_FRAME, FindingCode.LEGS_NOT_SEEN)),
    }
