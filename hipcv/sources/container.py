"""Opens recordings that may be anything: only files, only containers that a camera writes, never a second file.

What cannot be a recording of a test is refused here, in one sentence: what was wanted, what was found, what to do.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Discard, Disposition
from av.video.stream import VideoStream

from hipcv.core.errors import SourceError
from hipcv.core.viewing import Viewing
from hipcv.native.cores import count_threads
from hipcv.printable import printable

#: Containers that cameras, phones, webcams, recorders and converters write, and that hold everything in one file.
#: Playlists and the like (hls, dash, concat, image sequences, sdp) open further files, so they stay out; pictures too.
CONTAINERS = (
    *("mov", "matroska", "webm", "avi", "mpegts", "mpeg", "flv", "ogg", "asf", "mxf", "nut", "ivf", "gif", "dv"),
    *("h264", "hevc", "mpegvideo", "m4v", "obu"),
)
#: Largest picture that is decoded: 8K (8192×4352) and no more, so that a few bytes cannot ask for gigabytes.
MAX_PIXELS = 8192 * 4352
#: Above this, frames are decoded one at a time: every thread of its own would hold pictures of 50 MB and more.
_LARGE_PIXELS = 4096 * 2304
#: Shortest side in which a person could be found at all.
MIN_SIDE_PX = 32
_MAX_THREADS = 4

_PICTURES = {
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"GIF8": "GIF",
}  # fmt: skip
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"<MPD", b"[playlist]", b"<?xml")

Threads = Literal["frames", "slices"]


def refusal(path: Path, found: str, advice: str) -> SourceError:
    """Return the error for a recording that cannot be used.

    Examples
    --------
    >>> print(refusal(Path("test.mp4"), "only sound", "record the test with the camera on"))
    Wanted a video of the test in test.mp4, found only sound: record the test with the camera on.
    """
    return SourceError(f"Wanted a video of the test in {printable(str(path))}, found {found}: {advice}.")


def find_file(path: str | os.PathLike[str]) -> Path:
    """Return the absolute path of a file that can be read and holds something.

    Raises
    ------
    SourceError
        Where there is nothing, nothing readable, or something else than a file.

    Examples
    --------
    >>> find_file("")
    Traceback (most recent call last):
        ...
    hipcv.core.errors.SourceError: Wanted the path of a video, found '': give the path of one recording.
    """
    given = Path(path)
    if not str(path).strip() or "\0" in str(given):
        raise SourceError(f"Wanted the path of a video, found {str(path)!r}: give the path of one recording.")
    try:
        status = given.stat()
        if stat.S_ISDIR(status.st_mode):
            raise refusal(given, "a folder", "give the path of one recording in it")
        if not stat.S_ISREG(status.st_mode):
            raise refusal(given, "a device or pipe", "save the recording as a file first")
        if status.st_size == 0:
            raise refusal(given, "an empty file", "copy the recording again, it holds no bytes")
        with given.open("rb"):
            return given.absolute()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise refusal(given, "no such file", "check the path and the spelling") from error
    except PermissionError as error:
        raise refusal(given, "a file that may not be read", "ask its owner for permission, or copy it") from error
    except OSError as error:
        raise refusal(given, f"an error ({error.strerror})", "check the path and the disk") from error


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the file's bytes in hexadecimal, read piece by piece.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "empty.mp4").touch()
    ...     sha256_of(Path(folder, "empty.mp4"))[:12]
    'e3b0c44298fc'
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise refusal(path, f"an error while reading ({error.strerror})", "check the disk, copy it again") from error


def open_container(path: Path, threads: Threads) -> tuple[InputContainer, VideoStream]:
    """Open a recording and choose its picture stream; the caller closes the container.

    Nothing but this file is opened, whatever its content asks for. `threads` says whether decoding may run ahead by
    whole frames (fast) or shall hand out the first frame at once; the pictures are the same.

    Raises
    ------
    SourceError
        Where this is no recording, or holds no picture stream that can be decoded.
    """
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": ",".join(CONTAINERS),
        "max_pixels": str(MAX_PIXELS),
    }
    try:
        container = av.open(str(path), mode="r", options=options, metadata_errors="replace")
    except av.error.EOFError as error:
        raise refusal(path, "a video without frames", "record the test again") from error
    except FFmpegError as error:
        raise refusal(find_file(path), *_what_it_is(path)) from error
    try:
        return container, _choose_stream(container, path, threads)
    except BaseException:
        container.close()
        raise


def _choose_stream(container: InputContainer, path: Path, threads: Threads) -> VideoStream:
    covers = Disposition.attached_pic | Disposition.timed_thumbnails
    streams = [stream for stream in container.streams.video if not stream.disposition & covers]
    if not streams:
        found = "only sound" if container.streams.audio else "no picture stream"
        raise refusal(path, found, "record the test with the camera on, or give the file that has the pictures")
    best = container.streams.best("video")
    stream = next((one for one in streams if best is not None and one.index == best.index), streams[0])
    # streams in a coding that nobody knows have no codec context, whatever the type stubs say
    if getattr(stream, "codec_context", None) is None:
        raise refusal(path, "pictures in an unknown coding", "convert it to H.264 in MP4")
    check_size(path, stream.width, stream.height)
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    # the limit given on opening guards the search for streams only; this one guards every frame
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    stream.codec_context.thread_count = count_threads(_MAX_THREADS)
    large = stream.width * stream.height > _LARGE_PIXELS
    stream.codec_context.thread_type = "SLICE" if large or threads == "slices" else "AUTO"
    return stream


def check_size(path: Path, width_px: int, height_px: int) -> None:
    """Raise a `SourceError` where pictures are too large to decode or too small to show a person.

    Examples
    --------
    >>> check_size(Path("test.mp4"), 1920, 1080)
    >>> check_size(Path("test.mp4"), 16, 16)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    hipcv.core.errors.SourceError: Wanted a video of the test in test.mp4, found pictures of 16×16 px: ...
    """
    if width_px * height_px > MAX_PIXELS:
        found = f"pictures of {width_px}×{height_px} px"
        raise refusal(path, found, f"export it with {MAX_PIXELS // 1_000_000} million pixels or fewer, 1080p is plenty")
    # 0×0 means that no frame was found yet: decoding will tell
    if 0 < min(width_px, height_px) < MIN_SIDE_PX:
        found = f"pictures of {width_px}×{height_px} px"
        raise refusal(path, found, f"give the original recording, a person needs {MIN_SIDE_PX} px and more")


def cropped_size(whole_px: tuple[int, int], viewing: Viewing, path: Path) -> tuple[int, int]:
    """Return width and height of the part of an upright picture that is looked at.

    Raises
    ------
    SourceError
        Where the picture does not have that part.

    Examples
    --------
    >>> cropped_size((640, 480), Viewing(crop_px=(100, 20, 400, 300)), Path("test.mp4"))
    (400, 300)
    """
    if viewing.crop_px is None:
        return whole_px
    left, top, width, height = viewing.crop_px
    inside = left >= 0 and top >= 0 and left + width <= whole_px[0] and top + height <= whole_px[1]
    if not (inside and min(width, height) >= MIN_SIDE_PX):
        found = f"pictures of {whole_px[0]}×{whole_px[1]} px for a part of {width}×{height} px at {left},{top}"
        raise refusal(path, found, f"give a part of the picture of {MIN_SIDE_PX} px and more")
    return width, height


def _what_it_is(path: Path) -> tuple[str, str]:
    """Return what a file that could not be opened seems to be, and what to do."""
    with path.open("rb") as file:
        head = file.read(4096)
    boxes = {name for name, _ in mp4_boxes(path)}
    if b"ftyp" in boxes and b"moov" not in boxes:
        found = "an MP4 without its index, cut short while recording or copying"
        return found, "copy it again from the camera; if it is like that there, film again"
    picture = next((name for magic, name in _PICTURES.items() if head.startswith(magic)), None)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        picture = "WebP"
    if picture is not None:
        return f"a picture ({picture})", "give a video, one picture does not show a test"
    if head.lstrip().startswith(_PLAYLISTS):
        return "a playlist or other list", "give the video file itself"
    if _is_text(head):
        return "text", "give the video file itself"
    return "no video that can be read", "check that it plays, or convert it to H.264 in MP4"


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        # a character may be cut at the end of what was read
        text = head[: error.start].decode("utf-8") if error.start > len(head) - 4 else "\0"
    return all(character.isprintable() or character in "\r\n\t" for character in text)


def mp4_boxes(path: Path) -> Iterator[tuple[bytes, int]]:
    """Yield type and size in bytes of the top-level boxes of an MP4 or QuickTime file (ISO/IEC 14496-12, 4.2).

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     n_bytes = Path(folder, "cut.mp4").write_bytes(bytes([0, 0, 0, 12]) + b"ftypisom")
    ...     list(mp4_boxes(Path(folder, "cut.mp4")))
    [(b'ftyp', 12)]
    """
    with path.open("rb") as file:
        end = os.fstat(file.fileno()).st_size
        start = 0
        while start + 8 <= end:
            file.seek(start)
            header = file.read(16)
            size, name = int.from_bytes(header[:4], "big"), header[4:8]
            if size == 1:
                size = int.from_bytes(header[8:16], "big")
            elif size == 0:
                size = end - start
            if size < 8 or not name.isascii():
                return
            yield name, size
            start += size
