"""Frames of the samples as people's clips have them, without a file between."""

import sys
from functools import lru_cache
from pathlib import Path

import av
import cv2
import numpy as np

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
sys.path.insert(0, str(ROOT / "benchmarks"))

from field_clips import Kind, Picture, kinds, make  # noqa: E402

from hipcv.sources.edges import LONG_SIDE_PX  # noqa: E402

OTHERS = [SAMPLES / "seated-easy-101-00.mp4", SAMPLES / "prone-easy-102-02.mp4"]
__all__ = ["OTHERS", "SAMPLES", "Kind", "Picture", "frames_of", "grey_frames", "kinds", "make"]


def frames_of(name: str, kind: str = "as it is", every: int = 1) -> list[Picture]:
    """Return every so many frames of a sample's kind."""
    return list(_kinds_of(name)[kind].make(iter(_decoded(name, every))))


@lru_cache(maxsize=2)
def _kinds_of(name: str) -> dict[str, Kind]:
    return kinds(SAMPLES / f"{name}.mp4", OTHERS)


@lru_cache(maxsize=4)
def _decoded(name: str, every: int) -> tuple[Picture, ...]:
    """Return every so many frames of a sample; nobody may draw into them."""
    with av.open(str(SAMPLES / f"{name}.mp4")) as clip:
        frames = (frame for k, frame in enumerate(clip.decode(video=0)) if k % every == 0)
        pictures = tuple(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames)
    for picture in pictures:
        picture.setflags(write=False)
    return pictures


def grey_frames(pictures: list[Picture]) -> list[Picture]:
    """Return frames as screens are looked for in: small and grey, compressed as recordings are."""
    small = []
    for picture in pictures:
        scale = min(1.0, LONG_SIDE_PX / max(picture.shape[:2]))
        shrunk = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        packed = cv2.imencode(".jpg", cv2.cvtColor(shrunk, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
        small.append(np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8))
    return small
