"""How long a recording truly is, by its packets: its header may say nothing, or anything."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from hipcv.sources.container import open_container
from hipcv.sources.decoding import DecodeCounts, read_packets

#: No packet counts for longer: a leap of the recording's clock is not time that was filmed.
_LONGEST_STEP_S = 1.0


@dataclass(frozen=True, slots=True)
class Extent:
    """What a recording holds, no further than it was looked at.

    Attributes
    ----------
    n_frames : packets of the picture stream, which hold a frame each, or a half-picture.
    duration_s : seconds of the file that they fill; 0 where they carry no times.
    width_px, height_px : size of the pictures as coded; 0 where only decoding would tell.
    """

    n_frames: int
    duration_s: float
    width_px: int
    height_px: int


def measure_extent(path: Path, *, max_frames: int, max_duration_s: float) -> Extent:
    """Read the packets of a recording without decoding one, and stop where either limit is exceeded.

    Raises
    ------
    SourceError
        Where this is no recording, or holds no picture stream that can be decoded.

    Examples
    --------
    >>> import av
    >>> import numpy as np
    >>> from tempfile import TemporaryDirectory
    >>> grey = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 128, np.uint8))
    >>> with TemporaryDirectory() as folder:
    ...     with av.open(str(Path(folder, "clip.mp4")), "w") as out:
    ...         stream = out.add_stream("libx264", rate=30)
    ...         stream.width, stream.height = 64, 48
    ...         for _ in range(3):
    ...             out.mux(stream.encode(grey))
    ...         out.mux(stream.encode())
    ...     measure_extent(Path(folder, "clip.mp4"), max_frames=100, max_duration_s=10.0).n_frames
    3
    """
    container, stream = open_container(path, "slices")
    with closing(container):
        counts = DecodeCounts()
        ticks_s = float(stream.time_base or 0)
        duration_s, last = 0.0, None
        for packet in read_packets(container, stream, counts):
            if packet.dts is not None and last is not None:
                duration_s += min(max((packet.dts - last) * ticks_s, 0.0), _LONGEST_STEP_S)
            last = packet.dts if packet.dts is not None else last
            if counts.n_packets > max_frames or duration_s > max_duration_s:
                break
        return Extent(counts.n_packets, duration_s, stream.width, stream.height)
