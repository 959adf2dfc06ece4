"""A recording: its frames, what it says about itself, and what became of it when it was read."""

import math
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from hipcv.core.viewing import AS_STORED, Viewing
from hipcv.sources.picture import RgbArray

#: Gaps up to this length can be filled; longer ones are told.
LONGEST_QUIET_GAP_S = 0.25
#: Diagonal in mm of the film frame that "35 mm equivalent" focal lengths refer to.
_FILM_DIAGONAL_MM = math.hypot(36.0, 24.0)


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a recording says about itself, and what is done to its pictures.

    Rates and durations are in true time, slow motion undone.

    Attributes
    ----------
    path : absolute path of the file.
    container, codec : names as FFmpeg gives them.
    width_px, height_px : size of the frames as they are handed on: upright, square pixels, shrunk where too large.
    whole_width_px, whole_height_px : the same of the whole picture, where only a part of it is handed on.
    stored_width_px, stored_height_px : size of the pictures as coded.
    scale : pixels of a frame per stored pixel, at most 1 except along a stretched side.
    pixel_aspect : width through height of a stored pixel, 1 where square.
    rotation_deg : clockwise turn that the rotation tag asks for and that is applied: 0, 90, 180 or 270.
    flipped : whether the tag also asks for a flip from left to right; it is applied.
    mirrored : whether the user says it was filmed mirrored; undone.
    slow_motion : factor by which the file plays slower than life; undone.
    viewing : which part of it is looked at, and how.
    nominal_fps_hz : frame rate that the container tells; None where it tells none that is plausible.
    declared_n_frames, declared_duration_s : what the container's header promises, or None.
    n_bytes : the file's size.
    focal_length_35mm_mm : lens as 35 mm equivalent where the camera wrote it, else None.
    capture_fps_hz : the sensor's frame rate where the camera wrote it, else None; above the nominal in slow motion.
    """

    path: Path
    container: str
    codec: str
    width_px: int
    height_px: int
    whole_width_px: int
    whole_height_px: int
    stored_width_px: int
    stored_height_px: int
    scale: float
    pixel_aspect: float
    rotation_deg: int
    flipped: bool
    mirrored: bool
    slow_motion: float
    nominal_fps_hz: float | None
    declared_n_frames: int | None
    declared_duration_s: float | None
    n_bytes: int
    focal_length_35mm_mm: float | None
    capture_fps_hz: float | None
    viewing: Viewing = AS_STORED

    @property
    def expected_n_frames(self) -> int | None:
        """Frames to expect, for a progress bar; None where nothing tells."""
        if self.declared_n_frames is not None:
            return self.declared_n_frames
        if self.declared_duration_s is None or self.nominal_fps_hz is None:
            return None
        return round(self.declared_duration_s * self.nominal_fps_hz)

    @property
    def long_side_fov_deg(self) -> float | None:
        """Field of view along the frame's longer side, degrees, from the lens that the camera wrote; else None.

        35 mm equivalent means the same diagonal field of view as on a 36×24 mm film (CIPA DCG-001); cropping by
        image stabilisation is not known and makes the true field a little narrower.
        """
        # a lens that is told of a picture around the picture says nothing of the one within
        if self.focal_length_35mm_mm is None or self.viewing.crop_px is not None:
            return None
        long_side = max(self.width_px, self.height_px) / math.hypot(self.width_px, self.height_px)
        return math.degrees(2 * math.atan(_FILM_DIAGONAL_MM * long_side / 2 / self.focal_length_35mm_mm))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the recording at the door, in one sentence each."""
        told = []
        if self.rotation_deg:
            told.append(f"The pictures are turned by {self.rotation_deg}° clockwise, as the rotation tag asks.")
        if self.flipped:
            told.append("The pictures are flipped from left to right, as the rotation tag asks.")
        if self.mirrored:
            told.append("The pictures are flipped from left to right, to undo a mirrored recording.")
        if self.viewing.rotate_deg:
            told.append(f"The pictures are turned by {self.viewing.rotate_deg}° clockwise, as was stated.")
        if self.viewing.aspect is not None:
            told.append(f"The pictures are shown {self.viewing.aspect:.3g} times as wide as high, as was stated.")
        if self.viewing.crop_px is not None:
            size = f"{self.width_px}×{self.height_px} of {self.whole_width_px}×{self.whole_height_px} px"
            told.append(f"Only the picture within the picture is measured, {size}.")
        if self.pixel_aspect != 1:
            told.append(f"The pixels are not square ({self.pixel_aspect:.3f}) and are stretched until they are.")
        if self.scale < 1:
            stored = f"{self.stored_width_px}×{self.stored_height_px}"
            told.append(f"The pictures are shrunk from {stored} px to {self.scale:.0%}.")
        if self.slow_motion != 1:
            told.append(f"Times are divided by {self.slow_motion:g}, to undo slow motion.")
        told.extend(self._slow_motion_hint())
        return tuple(told)

    def _slow_motion_hint(self) -> list[str]:
        if self.slow_motion != 1 or self.capture_fps_hz is None or self.nominal_fps_hz is None:
            return []
        factor = self.capture_fps_hz / self.nominal_fps_hz
        if factor < 1.5:
            return []
        rates = f"{self.capture_fps_hz:g} frames a second and plays at {self.nominal_fps_hz:g}"
        return [f"The camera filmed at {rates}: if it plays in slow motion, say so with a factor of {factor:.3g}."]


@dataclass(frozen=True, slots=True)
class ReadReport:
    """What became of a recording that was read to its end. Times are true seconds, slow motion undone.

    Attributes
    ----------
    n_frames : frames handed on, or passed over between those that were. n_decoded : pictures decoded, damaged ones too;
        of those that are passed over only some are (`decoding.decode_pictures`), and faults of the others not found.
    n_corrupt : pictures left out because they are damaged.
    n_unreadable : packets that could not be decoded at all.
    n_damaged_packets : packets that the container marks as damaged.
    n_lost : frames that the decoder passed over without a word; 0 where the container does not keep one frame a packet.
    n_repeated : frames left out because their stamp does not rise.
    n_missing_stamps, n_clock_resets : frames placed by the nominal rate, clocks joined up; see `FrameClock`.
    n_gaps : pauses between frames above `LONGEST_QUIET_GAP_S`; longest_gap_s, longest_gap_at_s : the longest spacing
        between frames and where it starts, 0 where there is but one frame.
    duration_s : from the first frame to the end of the last one.
    n_interlaced : pictures made of two half-pictures, in which fast motion shows a comb.
    n_resized : frames that came in another size and were brought to the first one's.
    truncated : whether the recording ends well before its own header says.
    declared_n_frames, declared_duration_s : what the header says, or None.
    """

    n_frames: int
    n_decoded: int
    n_corrupt: int
    n_unreadable: int
    n_damaged_packets: int
    n_lost: int
    n_repeated: int
    n_missing_stamps: int
    n_clock_resets: int
    n_gaps: int
    longest_gap_s: float
    longest_gap_at_s: float
    duration_s: float
    n_interlaced: int
    n_resized: int
    truncated: bool
    declared_n_frames: int | None
    declared_duration_s: float | None

    @property
    def fps_hz(self) -> float | None:
        """Frames a second; None of less than two."""
        return self.n_frames / self.duration_s if self.n_frames > 1 and self.duration_s > 0 else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What is wrong with the recording, in one sentence each; empty where nothing is."""
        told = [self._truncation()] if self.truncated else []
        sentences = (
            (self.n_unreadable, "Packets that could not be decoded: {}."),
            (self.n_damaged_packets, "Packets that the container marks as damaged: {}."),
            (self.n_lost, "Frames that the decoder passed over: {}."),
            (self.n_corrupt, "Damaged frames, left out: {}."),
            (self.n_repeated, "Frames whose time stamp does not rise, left out: {}."),
            (self.n_missing_stamps, "Frames without a time of their own, placed by the nominal frame rate: {}."),
            (self.n_clock_resets, "Leaps of the recording's clock, joined up: {}."),
            (self.n_interlaced, "Interlaced frames, in which fast motion shows a comb: {}."),
            (self.n_resized, "Frames of another size, brought to that of the first: {}."),
        )
        told.extend(sentence.format(n) for n, sentence in sentences if n)
        if self.n_gaps:
            longest = f"{self.longest_gap_s:.2f} s, from {self.longest_gap_at_s:.2f} s on"
            told.append(f"Gaps above {LONGEST_QUIET_GAP_S:g} s between frames: {self.n_gaps}; the longest {longest}.")
        return tuple(told)

    def _truncation(self) -> str:
        if self.declared_n_frames is not None and self.declared_n_frames > self.n_frames:
            says = f"says {self.declared_n_frames} frames, {self.n_frames} could be read"
        elif self.declared_duration_s is not None:
            says = f"says {self.declared_duration_s:.1f} s, {self.duration_s:.1f} s could be read"
        else:
            says = f"breaks off after {self.duration_s:.1f} s"
        return f"The clip {says}: copy it again from the camera, or film again."


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a recording.

    Attributes
    ----------
    index : 0, 1, 2, … of the recording's frames, those that are passed over with them.
    time_s : true seconds from the recording's first frame, strictly rising.
    rgb : (H, W, 3) uint8, contiguous, upright and unmirrored; nobody else's memory, so it may be drawn on.
    """

    index: int
    time_s: float
    rgb: RgbArray


class Recording(Protocol):
    """A recording that was found readable; iterate it for its frames, again and again if need be."""

    info: VideoInfo

    def __enter__(self) -> Self:
        """Return itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End a running pass."""

    def __iter__(self) -> Generator[Frame, None, None]:
        """Start a pass over all frames; a pass that is still running ends."""

    def frames(self, sample_hz: float | None = None) -> Generator[Frame, None, None]:
        """Start a pass over the frames, or over so many a second of them; a running pass ends."""

    def close(self) -> None:
        """End a running pass."""

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes that are read, hexadecimal."""

    @property
    def report(self) -> ReadReport | None:
        """What became of the recording, once a pass has come to its end; None before."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Everything worth telling about the recording, in one sentence each."""
