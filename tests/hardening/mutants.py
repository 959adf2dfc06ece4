"""Damaged recordings by the thousand, each from a seed: what a disk, a transfer or an enemy makes of a good one."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np

N_FRAMES = 60
#: Container, codec, pixel format and options of the recordings that are damaged.
KINDS: dict[str, tuple[str, str, dict[str, str]]] = {
    "h264.mp4": ("libx264", "yuv420p", {"movflags": "faststart"}),
    "mpeg4.mp4": ("mpeg4", "yuv420p", {}),
    "hevc.mov": ("libx265", "yuv420p", {"x265-params": "log-level=none"}),
    "vp8.webm": ("libvpx", "yuv420p", {"deadline": "realtime"}),
    "vp9.webm": ("libvpx-vp9", "yuv420p", {"deadline": "realtime"}),
    "mpeg4.avi": ("mpeg4", "yuv420p", {}),
    "mjpeg.avi": ("mjpeg", "yuvj420p", {}),
    "h264.mkv": ("libx264", "yuv420p", {}),
}


@cache
def good(kind: str) -> bytes:
    """Return a good recording of 60 pictures, a gradient that moves."""
    codec, pixels, options = KINDS[kind]
    across = np.tile(np.arange(96, dtype=np.uint8) * 2, (64, 1))
    with TemporaryDirectory() as folder:
        path = Path(folder, kind)
        with av.open(str(path), "w", options=options if codec == "libx264" else {}) as container:
            stream = container.add_stream(codec, rate=30, options=options if codec != "libx264" else {})
            stream.width, stream.height, stream.pix_fmt = 96, 64, pixels
            for n in range(N_FRAMES):
                picture = np.stack([np.roll(across, n * 3, axis=1), across, np.full_like(across, n * 4)], axis=-1)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
        return path.read_bytes()


def _truncated(data: bytearray, rng: random.Random) -> bytearray:
    return data[: rng.randrange(1, len(data))]


def _headless(data: bytearray, rng: random.Random) -> bytearray:
    return data[rng.randrange(1, len(data)) :]


def _flipped(data: bytearray, rng: random.Random) -> bytearray:
    for _ in range(rng.randrange(1, 200)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def _block(fill: Callable[[random.Random, int], bytes]) -> Callable[[bytearray, random.Random], bytearray]:
    def change(data: bytearray, rng: random.Random) -> bytearray:
        n = rng.randrange(1, max(2, len(data) // 4))
        at = rng.randrange(max(1, len(data) - n))
        data[at : at + n] = fill(rng, n)
        return data

    return change


def _doubled(data: bytearray, rng: random.Random) -> bytearray:
    at, n = rng.randrange(len(data)), rng.randrange(1, max(2, len(data) // 4))
    data[at:at] = data[at : at + n]
    return data


def _swapped(data: bytearray, rng: random.Random) -> bytearray:
    n = rng.randrange(1, max(2, len(data) // 5))
    one, other = (rng.randrange(max(1, len(data) - n)) for _ in range(2))
    data[one : one + n], data[other : other + n] = data[other : other + n], data[one : one + n]
    return data


def _sized(data: bytearray, rng: random.Random) -> bytearray:
    """Let boxes, or whatever four bytes stand before a name, claim another size."""
    named = [at for at in range(4, len(data) - 4) if data[at : at + 4].isalpha()] or [4]
    for _ in range(rng.randrange(1, 4)):
        at = rng.choice(named) - 4
        data[at : at + 4] = rng.choice([0, 1, 7, 0x7FFFFFFF, 0xFFFFFFFF, rng.getrandbits(32)]).to_bytes(4, "big")
    return data


def _spliced(data: bytearray, rng: random.Random) -> bytearray:
    other = good(rng.choice(list(KINDS)))
    return data[: rng.randrange(len(data))] + bytearray(other[rng.randrange(len(other)) :])


OPERATORS: dict[str, Callable[[bytearray, random.Random], bytearray]] = {
    "truncated": _truncated,
    "headless": _headless,
    "flipped": _flipped,
    "zeros": _block(lambda rng, n: bytes(n)),
    "noise": _block(lambda rng, n: rng.randbytes(n)),
    "ones": _block(lambda rng, n: b"\xff" * n),
    "doubled": _doubled,
    "swapped": _swapped,
    "sized": _sized,
    "spliced": _spliced,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One damaged recording: which kind, what was done, and the number that makes it again."""

    kind: str
    operator: str
    seed: int
    content: bytes

    @property
    def name(self) -> str:
        """What a regression file of it is called."""
        return f"{self.operator}-{self.seed}-{self.kind}"


def damage(content: bytes, operator: str, seed: int) -> bytes:
    """Return what an operator makes of a recording, the same for the same seed."""
    return bytes(OPERATORS[operator](bytearray(content), random.Random(f"{operator} {seed}")))


def mutants(n: int, *, first: int = 0) -> Iterator[Mutant]:
    """Yield `n` of them: every kind with every operator in turn."""
    for seed in range(first, first + n):
        kind = list(KINDS)[seed % len(KINDS)]
        operator = list(OPERATORS)[seed // len(KINDS) % len(OPERATORS)]
        yield Mutant(kind, operator, seed, damage(good(kind), operator, seed))
