"""Recorded files as frames: upright, unmirrored RGB pictures at true, strictly rising times (METHOD S1)."""

import math
import os
import weakref
from collections.abc import Generator, Sequence
from contextlib import closing
from fractions import Fraction
from itertools import islice
from pathlib import Path
from types import TracebackType

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from hipcv.core.errors import SourceError
from hipcv.core.viewing import AS_STORED, Viewing
from hipcv.printable import printable
from hipcv.sources.container import (
    MAX_PIXELS,
    MIN_SIDE_PX,
    check_size,
    cropped_size,
    find_file,
    open_container,
    refusal,
    sha256_of,
)
from hipcv.sources.decoding import DecodeCounts, PassedOver, decode_pictures, stamp_s
from hipcv.sources.picture import (
    Orientation,
    Orientations,
    RgbArray,
    RgbMaker,
    plausible_pixel_aspect,
    square_pixel_size,
)
from hipcv.sources.pictures import find_pictures, open_pictures
from hipcv.sources.readahead import read_ahead
from hipcv.sources.recording import LONGEST_QUIET_GAP_S, Frame, ReadReport, Recording, VideoInfo
from hipcv.sources.timing import FrameClock, Raster, plausible_rate_hz

#: Long side of the frames that are handed on: pose models look at a person in 256 px, so this loses nothing.
DEFAULT_MAX_SIDE_PX = 1920
#: Frames that may wait for the reader: enough to smooth a slow frame, 25 MB at 1080p.
_N_AHEAD = 4
#: Shapes that differ by less than this, as a ratio, are the same picture rescaled.
_SAME_SHAPE = 0.01
#: A recording cut short ends sooner than its header says by more than this, in seconds of the file.
_SHORT_S = 0.1
#: Where only the whole container's duration is told, sound may run on: then by more than both of these.
_SHORT_BESIDE_SOUND_S, _SHORT_BESIDE_SOUND_SHARE = 0.25, 0.02
#: Ticks a second in which FFmpeg gives a container's own times.
_CONTAINER_CLOCK_HZ = 1_000_000
#: Containers whose header tells the duration; elsewhere it is a guess from the bytes that are there.
_DECLARING = {"mov", "matroska", "avi", "flv", "asf"}


class VideoFile:
    """A recording that was found readable; iterate it for its frames, again and again if need be.

    Every pass decodes the file anew, a few frames ahead of the reader on a thread of its own, so memory does not grow
    with the recording. A pass that is left early ends its thread; leaving the `with` block ends a running pass.
    """

    def __init__(self, info: VideoInfo, max_side_px: int, sha256: str | None = None) -> None:
        self.info = info
        self._sha256 = sha256
        self._max_side_px = max_side_px
        self._report: ReadReport | None = None
        self._running: weakref.ref[Generator[Frame, None, None]] | None = None

    def __enter__(self) -> "VideoFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Generator[Frame, None, None]:
        """Start a pass over all frames; a pass that is still running ends.

        Raises
        ------
        SourceError
            Where the pictures change their shape, are encrypted, or the file is gone.
        """
        return self.frames()

    def frames(self, sample_hz: float | None = None) -> Generator[Frame, None, None]:
        """Start a pass over the frames, or over so many a second of them; a pass that is still running ends.

        Frames that are passed over are counted and never made into pictures; they are decoded only where others are
        made of them.

        Raises
        ------
        SourceError
            As iteration.

        Examples
        --------
        >>> import av
        >>> from tempfile import TemporaryDirectory
        >>> grey = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 128, np.uint8))
        >>> with TemporaryDirectory() as folder:
        ...     with av.open(str(Path(folder, "clip.mp4")), "w") as out:
        ...         stream = out.add_stream("libx264", rate=24)
        ...         stream.width, stream.height = 64, 48
        ...         for _ in range(12):
        ...             out.mux(stream.encode(grey))
        ...         out.mux(stream.encode())
        ...     with open_video(Path(folder, "clip.mp4")) as video:
        ...         [frame.index for frame in video.frames(8.0)], video.report.n_frames
        ([0, 3, 6, 9], 12)
        """
        self.close()
        self._report = None
        frames = read_ahead(self._read(sample_hz), _N_AHEAD)
        self._running = weakref.ref(frames)
        return frames

    def close(self) -> None:
        """End a running pass and its thread."""
        frames = None if self._running is None else self._running()
        self._running = None
        if frames is not None:
            frames.close()

    @property
    def sha256(self) -> str:
        """SHA-256 of the file's bytes, hexadecimal; the whole file is read when it is asked for first.

        Raises
        ------
        SourceError
            Where the file cannot be read.
        """
        if self._sha256 is None:
            self._sha256 = sha256_of(self.info.path)
        return self._sha256

    @property
    def report(self) -> ReadReport | None:
        """What became of the recording, once a pass has come to its end; None before."""
        return self._report

    @property
    def notes(self) -> tuple[str, ...]:
        """Everything worth telling about the recording, in one sentence each."""
        return self.info.notes + (self._report.notes if self._report is not None else ())

    def _read(self, sample_hz: float | None) -> Generator[Frame, None, None]:
        container, stream = open_container(self.info.path, "frames")
        with closing(container):
            reading = _Reading(self.info, container, stream, self._max_side_px, sample_hz)
            yield from reading.frames()
            self._report = reading.report()
            from_s = self.info.viewing.from_s
            if from_s is not None and not self._report.n_frames:
                found = f"no frame from {from_s:g} s on in {self._report.duration_s * self.info.slow_motion:.1f} s"
                raise refusal(self.info.path, found, "give seconds that the recording has")


class _Reading:
    """One pass over a recording."""

    def __init__(
        self,
        info: VideoInfo,
        container: InputContainer,
        stream: VideoStream,
        max_side_px: int,
        sample_hz: float | None,
    ) -> None:
        self._info = info
        self._container = container
        self._stream = stream
        self._max_side_px = max_side_px
        self._raster, self._plan = (None if sample_hz is None else Raster(sample_hz) for _ in range(2))
        self._first_stamp_s: Fraction | None = None
        self._decoded = DecodeCounts()
        self._clock = FrameClock(_rate_hz(stream))
        self._orientations = Orientations()
        self._maker = RgbMaker(mirrored=info.mirrored)
        self._slow_motion = Fraction(info.slow_motion)
        self._n_frames = self._n_gaps = self._n_interlaced = self._n_resized = 0
        self._first_s = self._last_s = self._longest_s = self._longest_at_s = 0.0
        self._left_early = False

    def frames(self) -> Generator[Frame, None, None]:
        is_wanted = None if self._plan is None else self._is_planned
        for shown in decode_pictures(self._container, self._stream, self._decoded, self._info.path, is_wanted):
            picture = None if isinstance(shown, PassedOver) else shown
            stamp = shown.stamp_s if isinstance(shown, PassedOver) else stamp_s(shown)
            corrupt = picture is not None and picture.is_corrupt
            if corrupt and stamp is not None:
                continue
            placed = self._clock.place(stamp)
            if placed is None or corrupt:
                continue
            if self._info.viewing.ended(float(placed)):
                self._left_early = True
                break
            time_s = float(placed / self._slow_motion)
            if not self._info.viewing.within(float(placed)):
                self._last_s = time_s
                continue
            self._note_spacing(time_s)
            if picture is not None:
                self._n_interlaced += picture.interlaced_frame
                stored = (self._info.stored_width_px, self._info.stored_height_px)
                self._n_resized += (picture.width, picture.height) != stored
                if self._raster is None or self._raster.takes(time_s):
                    yield Frame(self._n_frames, time_s, self._rgb(picture, time_s))
            self._n_frames += 1

    def _is_planned(self, stamp: Fraction) -> bool:
        """Whether the picture of a stamp, which rises, will be handed on, as far as stamps tell."""
        assert self._plan is not None
        if self._first_stamp_s is None:
            self._first_stamp_s = stamp
        placed = stamp - self._first_stamp_s
        return self._info.viewing.within(float(placed)) and self._plan.takes(float(placed / self._slow_motion))

    def _note_spacing(self, time_s: float) -> None:
        if not self._n_frames:
            self._first_s = time_s
        else:
            spacing_s = time_s - self._last_s
            self._n_gaps += spacing_s > LONGEST_QUIET_GAP_S
            if spacing_s > self._longest_s:
                self._longest_s, self._longest_at_s = spacing_s, self._last_s
        self._last_s = time_s

    def _rgb(self, picture: VideoFrame, time_s: float) -> RgbArray:
        info = self._info
        want = (info.whole_width_px, info.whole_height_px)
        orientation = self._orientations.of(picture)
        if orientation is None:
            raise _tilted(info.path)
        orientation = orientation.turned_by(info.viewing.rotate_deg)
        aspect = Fraction(info.pixel_aspect).limit_denominator(10_000)
        have = _turned(square_pixel_size((picture.width, picture.height), aspect, self._max_side_px), orientation)
        if abs(have[0] * want[1] / (have[1] * want[0]) - 1) > _SAME_SHAPE:
            found = f"pictures that change from {want[0]}×{want[1]} to {have[0]}×{have[1]} px at {time_s:.1f} s"
            raise refusal(info.path, found, "cut the recording there, or film again without turning the camera")
        try:
            rgb = self._maker.make(picture, _turned(want, orientation), orientation)
        except (FFmpegError, ValueError) as error:
            found = f"pictures in the pixel format {picture.format.name}"
            raise refusal(info.path, found, "convert it to H.264 in MP4") from error
        if info.viewing.crop_px is None:
            return rgb
        left, top, width, height = info.viewing.crop_px
        return np.ascontiguousarray(rgb[top : top + height, left : left + width])

    def report(self) -> ReadReport:
        decoded, stamps = self._decoded, self._clock.counts
        step_s = float(self._clock.step_s / self._slow_motion)
        duration_s = self._last_s - self._first_s + step_s if self._n_frames else self._last_s
        return ReadReport(
            n_frames=self._n_frames,
            n_decoded=decoded.n_decoded,
            n_corrupt=decoded.n_corrupt,
            n_unreadable=decoded.n_unreadable,
            n_damaged_packets=decoded.n_damaged,
            n_lost=self._n_lost(),
            n_repeated=stamps.n_repeated,
            n_missing_stamps=stamps.n_missing,
            n_clock_resets=stamps.n_resets,
            n_gaps=self._n_gaps,
            longest_gap_s=self._longest_s,
            longest_gap_at_s=self._longest_at_s,
            duration_s=duration_s,
            n_interlaced=self._n_interlaced,
            n_resized=self._n_resized,
            truncated=self._ends_early(self._first_s + duration_s),
            declared_n_frames=self._info.declared_n_frames,
            declared_duration_s=self._info.declared_duration_s,
        )

    def _n_lost(self) -> int:
        """Count the frames that went into the decoder and never came out; only MP4 keeps one frame a packet."""
        if self._left_early or "mp4" not in self._info.container:
            return 0
        decoded = self._decoded
        n_out = decoded.n_decoded + decoded.n_passed
        return max(0, decoded.n_packets - decoded.n_hidden - decoded.n_unreadable - n_out)

    def _ends_early(self, duration_s: float) -> bool:
        """Tell whether the end is missing. A trimmed clip's header counts its hidden frames, but not their time."""
        if self._left_early:
            return False
        info, decoded = self._info, self._decoded
        n_seen = decoded.n_decoded + decoded.n_passed + decoded.n_hidden
        if info.declared_n_frames is not None and n_seen >= info.declared_n_frames:
            return False
        if info.declared_duration_s is None:
            return decoded.broke_off
        tolerance_s = _SHORT_S / info.slow_motion
        if info.declared_n_frames is None:
            beside_sound_s = _SHORT_BESIDE_SOUND_S / info.slow_motion
            tolerance_s = max(beside_sound_s, _SHORT_BESIDE_SOUND_SHARE * info.declared_duration_s)
        return info.declared_duration_s - duration_s > tolerance_s


def open_video(
    path: str | os.PathLike[str] | Sequence[Path],
    *,
    mirrored: bool = False,
    slow_motion: float = 1.0,
    max_side_px: int = DEFAULT_MAX_SIDE_PX,
    sha256: str | None = None,
    viewing: Viewing = AS_STORED,
) -> Recording:
    """Open a recorded file, or pictures that are one recording.

    Its first two frames are decoded, so what cannot be read is refused here.

    Parameters
    ----------
    path : a file in any container that cameras, phones and converters write, in any coding that PyAV decodes; a folder
        or a pattern of picture files, one of them, or several.
    mirrored : the recording shows the subject as in a mirror; it is flipped back.
    slow_motion : how many times slower than life the file plays, above 0; 8 for 240 frames a second stored as 30.
    max_side_px : frames with a longer side are shrunk to it.
    sha256 : of the file's bytes, where somebody has hashed them already.
    viewing : which part of it is looked at, and how.

    Raises
    ------
    SourceError
        Where the file is missing, unreadable, not a video, empty, encrypted, a single picture, too large or too small.
    ValueError
        Where `slow_motion` or `max_side_px` make no sense.

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
    ...     with open_video(Path(folder, "clip.mp4"), slow_motion=2.0) as video:
    ...         [(round(frame.time_s, 4), frame.rgb.shape) for frame in video]
    [(0.0, (48, 64, 3)), (0.0167, (48, 64, 3)), (0.0333, (48, 64, 3))]
    """
    if not (math.isfinite(slow_motion) and slow_motion > 0):
        raise ValueError(f"slow_motion must be a number above 0, found {slow_motion}")
    if max_side_px < MIN_SIDE_PX:
        raise ValueError(f"max_side_px must be at least {MIN_SIDE_PX}, found {max_side_px}")
    clip = Path(path) if isinstance(path, str | os.PathLike) else path
    pictures = find_pictures(clip)
    if pictures is not None:
        source = clip if isinstance(clip, Path) else Path(os.path.commonpath([one.parent for one in pictures]))
        return open_pictures(
            pictures, source, mirrored=mirrored, slow_motion=slow_motion, max_side_px=max_side_px, viewing=viewing
        )
    file = find_file(path)  # type: ignore[arg-type]  # several paths are pictures
    _video_alone(file, viewing)
    container, stream = open_container(file, "slices")
    with closing(container):
        picture = _first_picture(container, stream, file)
        orientation = Orientations().of(picture)
        if orientation is None:
            raise _tilted(file)
        orientation = orientation.turned_by(viewing.rotate_deg)
        stored = (picture.width, picture.height)
        aspect = _pixel_aspect(stream, stored, orientation, viewing.aspect, file)
        size = square_pixel_size(stored, aspect, max_side_px)
        upright = _turned(size, orientation)
        frame = cropped_size(upright, viewing, file)
        rate = _rate_hz(stream)
        info = VideoInfo(
            path=file,
            container=container.format.name,
            codec=stream.codec_context.name,
            width_px=frame[0],
            height_px=frame[1],
            whole_width_px=upright[0],
            whole_height_px=upright[1],
            stored_width_px=stored[0],
            stored_height_px=stored[1],
            scale=min(size[0] / stored[0], size[1] / stored[1]),
            pixel_aspect=float(aspect),
            rotation_deg=(orientation.rotation_deg - viewing.rotate_deg) % 360,
            flipped=orientation.flipped,
            mirrored=mirrored,
            slow_motion=slow_motion,
            viewing=viewing,
            nominal_fps_hz=None if rate is None else float(rate) * slow_motion,
            declared_n_frames=stream.frames or None,
            declared_duration_s=_declared_duration_s(container, stream, slow_motion),
            n_bytes=file.stat().st_size,
            focal_length_35mm_mm=_tag(container, stream, "focal_length.35mm_equivalent"),
            capture_fps_hz=_tag(container, stream, "com.android.capture.fps"),
        )
    return VideoFile(info, max_side_px, sha256)


def _pixel_aspect(
    stream: VideoStream, stored_px: tuple[int, int], orientation: Orientation, told: float | None, path: Path
) -> Fraction:
    """Return the width of a stored pixel through its height: from the picture's shape that was told, else the file."""
    if told is None:
        return plausible_pixel_aspect(stream.sample_aspect_ratio)
    square = stored_px[0] / stored_px[1]
    aspect = Fraction((1 / told if orientation.swaps_sides else told) / square).limit_denominator(1_000)
    if plausible_pixel_aspect(aspect) != aspect:
        found = f"pixels stored as {stored_px[0]}×{stored_px[1]} and a shape of {told:g}:1 to show them in"
        raise refusal(path, found, "give the shape as width to height of the upright picture, such as 4:3")
    return aspect


def _first_picture(container: InputContainer, stream: VideoStream, path: Path) -> VideoFrame:
    """Return the first sound picture of a stream that holds at least two."""
    counts = DecodeCounts()
    pictures = decode_pictures(container, stream, counts, path)
    sound = list(islice((p for p in pictures if not (isinstance(p, PassedOver) or p.is_corrupt)), 2))
    if len(sound) == 2:
        check_size(path, sound[0].width, sound[0].height)
        return sound[0]
    if counts.n_packets == 0:
        raise refusal(path, "a video without frames", "record the test again")
    if not sound and not stream.width:
        found = f"pictures whose size is not told or above {MAX_PIXELS // 1_000_000} million pixels"
        raise refusal(path, found, "export it in H.264 with 1080p, that is plenty")
    if not sound:
        found = f"a video without a single frame that can be decoded ({counts.n_packets} packets)"
        raise refusal(path, found, "check that it plays, copy it again from the camera or convert it to H.264 in MP4")
    if counts.n_packets > 1:
        raise refusal(path, f"one readable frame of {counts.n_packets}", "copy it again from the camera")
    raise refusal(path, "a single picture", "give a video, one picture does not show a test")


def _video_alone(path: Path, viewing: Viewing) -> None:
    """Refuse a video that is said to be pictures."""
    if viewing.still or viewing.pictures_hz is not None:
        raise SourceError(
            f"Wanted pictures of the test in {printable(str(path))}, found another file: stills and a rate of pictures "
            "are for picture files; give a video without them."
        )


def _tilted(path: Path) -> SourceError:
    return refusal(path, "a rotation tag that is not a quarter turn", "save it upright with a video editor")


def _turned(size_px: tuple[int, int], orientation: Orientation) -> tuple[int, int]:
    return (size_px[1], size_px[0]) if orientation.swaps_sides else size_px


def _rate_hz(stream: VideoStream) -> Fraction | None:
    return plausible_rate_hz(stream.guessed_rate, stream.average_rate)


def _declared_duration_s(container: InputContainer, stream: VideoStream, slow_motion: float) -> float | None:
    if not _DECLARING & set(container.format.name.split(",")):
        return None
    end_s = _matroska_end_s(stream)
    if end_s is None and container.duration is not None:
        end_s = container.duration / _CONTAINER_CLOCK_HZ
    if end_s is None:
        return None
    duration_s = end_s - max(0, container.start_time or 0) / _CONTAINER_CLOCK_HZ
    return duration_s / slow_motion if duration_s > 0 else None


def _matroska_end_s(stream: VideoStream) -> float | None:
    """Return where the pictures alone end, in seconds, from the tag `DURATION` (HH:MM:SS.fff) of Matroska."""
    parts = stream.metadata.get("DURATION", "").split(":")
    try:
        hours, minutes, seconds = (float(part) for part in parts)
    except ValueError:
        return None
    end_s = 3600 * hours + 60 * minutes + seconds
    return end_s if math.isfinite(end_s) and end_s > 0 else None


def _tag(container: InputContainer, stream: VideoStream, name: str) -> float | None:
    """Return the number that the camera wrote under a name ending in `name`; nothing else of the metadata is read."""
    for tags in (stream.metadata, container.metadata):
        for key, value in tags.items():
            if key.casefold().endswith(name):
                try:
                    number = float(value)
                except ValueError:
                    continue
                if math.isfinite(number) and number > 0:
                    return number
    return None
