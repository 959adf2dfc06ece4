"""Short recordings cut out of the seated samples, no two of them the same: somebody moves in each."""

from collections.abc import Iterator
from itertools import count, islice, product
from pathlib import Path

import av

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("seated-*.mp4"))
N_FRAMES = 36
#: So many frames lie between the beginnings of two out of one sample.
STEP = 5


def write_excerpts(folder: Path, n: int) -> list[Path]:
    """Write so many."""
    folder.mkdir(exist_ok=True)
    return [_write(folder / f"{k:02d}.mp4", *place) for k, place in enumerate(islice(_places(), n))]


def _places() -> Iterator[tuple[Path, int]]:
    for first in count(0, STEP):
        yield from product(SAMPLES, (first,))


def _write(path: Path, sample: Path, first: int) -> Path:
    with av.open(str(sample)) as source, av.open(str(path), "w") as target:
        video = source.streams.video[0]
        stream = target.add_stream("libx264", rate=video.average_rate)
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
        for n, frame in enumerate(islice(source.decode(video), first, first + N_FRAMES)):
            frame.pts, frame.time_base = n, 1 / video.average_rate
            target.mux(stream.encode(frame))
        target.mux(stream.encode())
    return path
