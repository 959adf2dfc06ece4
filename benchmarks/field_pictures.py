"""Pictures and clips to make others of: read, written, and put onto a canvas."""

import json
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Pictures = Iterator[Picture]
Change = Callable[[Pictures], Pictures]

DARK, GREY, BLUE = (24, 24, 27), (198, 200, 204), (38, 92, 158)


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


def truth_of(clip: Path) -> dict[str, Any]:
    """Return the truth beside a rendered clip."""
    truth: dict[str, Any] = json.loads(clip.with_suffix(".truth.json").read_text(encoding="utf-8"))
    return truth


def moments(truth: dict[str, Any]) -> dict[str, int]:
    """Return frames that photographs are taken of: `rest`, and `L` and `R` in the middle of their first hold.

    Examples
    --------
    >>> trial = {"side": "L", "start": 20, "hold_start": 50, "hold_end": 90}
    >>> moments({"trials": [trial]})
    {'rest': 10, 'L': 70}
    """
    first = {side: next((t for t in truth["trials"] if t["side"] == side), None) for side in "LR"}
    ends = {side: (t["hold_start"] + t["hold_end"]) // 2 for side, t in first.items() if t is not None}
    begins = min(t["start"] for t in first.values() if t is not None)
    return {"rest": begins // 2, **ends}


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
