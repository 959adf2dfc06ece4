"""How much work a recording will be, told from its file without decoding anything."""

import os
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from hipcv.batch.input.clip import Clip
from hipcv.batch.input.remote import is_url

_HEADER = struct.Struct(">I4s")
#: More boxes than this at one level are no recording of a camera.
_MOST_BOXES = 10_000


def find_shares(clips: Sequence[Clip]) -> Mapping[int, float]:
    """Return each recording's share of all the work, by its row.

    Measured by length in seconds where every recording tells its own (MP4, QuickTime), else by bytes; what lies at a
    URL counts like the average of the others.

    Examples
    --------
    >>> at_urls = [Clip(1, "a.mp4", "s3://clips/a.mp4"), Clip(2, "b.mp4", "s3://clips/b.mp4")]
    >>> dict(find_shares(at_urls))
    {1: 0.5, 2: 0.5}
    """
    lengths_s = {clip.row: length_s(Path(clip.source)) for clip in clips if not is_url(clip.source)}
    known = {row: value for row, value in lengths_s.items() if value is not None}
    if len(known) < len(lengths_s):
        known = {clip.row: float(_n_bytes(clip.source)) for clip in clips if clip.row in lengths_s}
    usual = sum(known.values()) / len(known) if known else 1.0
    total = sum(known.values()) + usual * (len(clips) - len(known))
    return {clip.row: known.get(clip.row, usual) / (total or 1.0) for clip in clips}


def length_s(path: Path) -> float | None:
    """Return the length in seconds that an MP4 or QuickTime file tells (ISO/IEC 14496-12, 8.2.2), else None.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> header = bytes(12) + struct.pack(">II", 600, 1500)
    >>> with TemporaryDirectory() as folder:
    ...     clip = Path(folder, "clip.mp4")
    ...     n = clip.write_bytes(struct.pack(">I4sI4s", 36, b"moov", 28, b"mvhd") + header)
    ...     length_s(clip), length_s(Path(folder, "absent.mp4"))
    (2.5, None)
    """
    try:
        with path.open("rb") as file:
            movie = _find_box(file, b"moov", 0, os.fstat(file.fileno()).st_size)
            header = movie and _find_box(file, b"mvhd", *movie)
            if not header:
                return None
            file.seek(header[0])
            wide = file.read(4)[:1] == b"\1"
            file.seek(16 if wide else 8, os.SEEK_CUR)
            scale_hz, ticks = struct.unpack(">IQ" if wide else ">II", file.read(12 if wide else 8))
    except (OSError, struct.error):
        return None
    return ticks / scale_hz if scale_hz and 0 < ticks < 1 << 62 else None


def _find_box(file: BinaryIO, wanted: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Return where a box's content starts and ends, looking between two places of the file."""
    for _ in range(_MOST_BOXES):
        if start + _HEADER.size > end:
            return None
        file.seek(start)
        size, name = _HEADER.unpack(file.read(_HEADER.size))
        content = start + _HEADER.size
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
            content += 8
        elif size == 0:
            size = end - start
        if size < _HEADER.size:
            return None
        if name == wanted:
            return content, min(start + size, end)
        start += size
    return None


def _n_bytes(source: str) -> int:
    try:
        return Path(source).stat().st_size
    except OSError:
        return 0
