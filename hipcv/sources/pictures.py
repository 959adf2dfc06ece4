"""Picture files as a recording: a series of numbered ones at a stated rate, or stills that are each held for a moment.

Orientation tags are respected picture by picture; afterwards all of them have one size (METHOD S1).
"""

import hashlib
import re
from collections.abc import Generator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias

import cv2
import numpy as np

from hipcv.core.errors import SourceError
from hipcv.core.viewing import Viewing
from hipcv.printable import printable
from hipcv.sources.container import cropped_size
from hipcv.sources.picture import Orientation, RgbArray, plausible_pixel_aspect, square_pixel_size
from hipcv.sources.recording import LONGEST_QUIET_GAP_S, Frame, ReadReport, VideoInfo
from hipcv.sources.stillfile import StillFile, is_picture_name, picture_refusal, read_still_file
from hipcv.sources.timing import Raster

#: One recording: a file, a folder or pattern of pictures, or picture files one by one.
Clip: TypeAlias = Path | Sequence[Path]

#: A still is shown so many times, at a rate that the readers keep all of, and the next one so much later: too seldom
#: for a resting leg to be learned from it, for one look repeated is no second one.
N_LOOKS: Final = 4
LOOKS_HZ: Final = 8.0
STILL_EVERY_S: Final = 2.0
#: Stills that are looked at at once.
MAX_STILLS: Final = 24
#: Shapes that differ by less than this, as a ratio, are the same picture rescaled.
_SAME_SHAPE: Final = 0.01
_DIGITS: Final = re.compile(r"(\d+)")
_COUNTED: Final = re.compile(r"%0?(\d*)d")


def find_pictures(clip: Clip) -> tuple[Path, ...] | None:
    """Return the picture files that a path stands for, in the order of their names; None where it is one other file.

    Parameters
    ----------
    clip : a folder, a pattern such as ``pictures/*.png`` or ``pictures/%04d.jpg``, a picture, or several of them.

    Raises
    ------
    SourceError
        Where a folder or pattern holds none.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     for name in ("frame10.png", "frame9.png", "notes.txt"):
    ...         n_bytes = Path(folder, name).write_bytes(b"-")
    ...     [path.name for path in find_pictures(Path(folder)) or ()]
    ['frame9.png', 'frame10.png']
    """
    if not isinstance(clip, Path):
        return _in_order(clip)
    try:
        if clip.is_dir():
            return _counted_up(clip, [path for path in clip.iterdir() if is_picture_name(path)])
        if clip.is_file():
            return (clip.absolute(),) if is_picture_name(clip) else None
    except OSError:  # may not be looked at: said where it is opened
        return None
    mask = _COUNTED.sub(lambda m: "[0-9]" * int(m[1]) if m[1] else "[0-9]*", clip.name)
    if mask == clip.name and not set("*?[") & set(mask):
        return None
    found = [path for path in clip.parent.glob(mask) if is_picture_name(path)] if clip.parent.is_dir() else []
    return _counted_up(clip, found)


def _counted_up(source: Path, found: Sequence[Path]) -> tuple[Path, ...]:
    if not found:
        raise picture_refusal(source, "no picture file", "give a folder or a pattern that holds pictures")
    return _in_order(found)


def _in_order(found: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(sorted((path.absolute() for path in found), key=_by_number))


def _by_number(path: Path) -> list[tuple[int, str]]:
    """Return what sorts names as people count: 9 before 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in _DIGITS.split(path.name)]


def sha256_of_pictures(paths: Sequence[Path]) -> str:
    """Return the SHA-256 of the bytes of all files, one after the other, hexadecimal.

    Examples
    --------
    >>> sha256_of_pictures([])[:12]
    'e3b0c44298fc'
    """
    digest = hashlib.sha256()
    for path in paths:
        try:
            digest.update(path.read_bytes())
        except OSError as error:
            found = f"an error while reading ({error.strerror})"
            raise picture_refusal(path, found, "check the disk, copy it again") from error
    return digest.hexdigest()


class PictureSeries:
    """A recording that consists of picture files; iterate it for its frames, again and again if need be."""

    def __init__(self, paths: tuple[Path, ...], info: VideoInfo, places_s: tuple[float, ...], max_side_px: int) -> None:
        self.info = info
        self._paths = paths
        self._places_s = places_s
        self._max_side_px = max_side_px
        self._sha256: str | None = None
        self._report: ReadReport | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is held open."""

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes of all files, one after the other, hexadecimal."""
        if self._sha256 is None:
            self._sha256 = sha256_of_pictures(self._paths)
        return self._sha256

    @property
    def report(self) -> ReadReport | None:
        """What became of the recording, once a pass has come to its end; None before."""
        return self._report

    @property
    def notes(self) -> tuple[str, ...]:
        """Everything worth telling about the recording, in one sentence each."""
        n, rate_hz = len(self._paths), self.info.viewing.pictures_hz
        shown = f"{n} pictures, {rate_hz:g} a second, as was stated." if rate_hz else f"Stills: {n}."
        return (shown, *self.info.notes, *(self._report.notes if self._report is not None else ()))

    def __iter__(self) -> Generator[Frame, None, None]:
        """Start a pass over all frames.

        Raises
        ------
        SourceError
            Where a picture cannot be read, or has another shape than the first.
        """
        return self.frames()

    def frames(self, sample_hz: float | None = None) -> Generator[Frame, None, None]:
        """Start a pass over the frames, or over so many a second of them.

        Raises
        ------
        SourceError
            As iteration.
        """
        self._report = None
        raster = None if sample_hz is None else Raster(sample_hz)
        viewing, n = self.info.viewing, 0
        times_s: list[float] = []
        for path, place_s in zip(self._paths, self._places_s, strict=True):
            if not viewing.within(place_s):
                continue
            shown_s = [place_s / self.info.slow_motion + k / LOOKS_HZ for k in range(N_LOOKS if viewing.still else 1)]
            taken = [raster is None or raster.takes(time_s) for time_s in shown_s]
            rgb = self._upright(path) if any(taken) else None
            for time_s, take in zip(shown_s, taken, strict=True):
                times_s.append(time_s)
                if take and rgb is not None:
                    yield Frame(n, time_s, rgb.copy())
                n += 1
        if not times_s:
            raise picture_refusal(self.info.path, "no picture from that second on", "give seconds that it has")
        self._report = _report(times_s, still=viewing.still)

    def _upright(self, path: Path) -> RgbArray:
        info = self.info
        rgb = _turned(read_still_file(path, self._max_side_px).rgb, info.viewing, mirrored=info.mirrored)
        height, width = rgb.shape[:2]
        whole = (info.whole_width_px, info.whole_height_px)
        want = (
            (round(whole[0] / info.pixel_aspect), whole[1])
            if info.pixel_aspect >= 1
            else (whole[0], round(whole[1] * info.pixel_aspect))
        )
        if abs(width * want[1] / (height * want[0]) - 1) > _SAME_SHAPE:
            found = f"{width}×{height} px beside others of {want[0]}×{want[1]} px"
            raise picture_refusal(path, found, "give pictures of one shape at a time, all upright or all lying")
        if (width, height) != whole:
            rgb = np.asarray(cv2.resize(rgb, whole, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        if info.viewing.crop_px is None:
            return rgb
        left, top, wide, high = info.viewing.crop_px
        return np.ascontiguousarray(rgb[top : top + high, left : left + wide])


def _turned(rgb: RgbArray, viewing: Viewing, *, mirrored: bool) -> RgbArray:
    return Orientation().turned_by(viewing.rotate_deg).apply(rgb, mirrored=mirrored)


def open_pictures(
    paths: tuple[Path, ...],
    source: Path,
    *,
    mirrored: bool,
    slow_motion: float,
    max_side_px: int,
    viewing: Viewing,
) -> PictureSeries:
    """Open picture files as one recording; `source` is what the user called it.

    Raises
    ------
    SourceError
        Where the first picture cannot be read, nothing says how many pictures a second they are, or they are of
        several series.
    """
    if not viewing.still and viewing.pictures_hz is None:
        what = "a picture" if len(paths) == 1 else f"{len(paths)} pictures"
        raise SourceError(
            f"Wanted a video of the test in {printable(str(source))}, found {what}: say that each is a still, or how "
            "many pictures a second they are."
        )
    if viewing.still and len(paths) > MAX_STILLS:
        found = f"{len(paths)} pictures"
        raise picture_refusal(source, found, f"give up to {MAX_STILLS} stills, or say how many a second they are")
    places_s = _still_places(paths) if viewing.still else _places_s(paths, source, viewing.pictures_hz or 1.0)
    first = read_still_file(paths[0], max_side_px)
    info = _info(first, source, viewing, mirrored=mirrored, slow_motion=slow_motion, n=len(paths))
    n_bytes = sum(path.stat().st_size for path in paths if path.is_file())
    return PictureSeries(paths, replace(info, n_bytes=n_bytes), places_s, max_side_px)


def _still_places(paths: tuple[Path, ...]) -> tuple[float, ...]:
    return tuple(STILL_EVERY_S * k for k in range(len(paths)))


def _places_s(paths: tuple[Path, ...], source: Path, rate_hz: float) -> tuple[float, ...]:
    """Return when each of a series of pictures was taken, by the number in its name; a number left out is a gap."""
    if len(paths) < 2:
        raise picture_refusal(source, "a single picture", "say that it is a still, one picture shows no movement")
    kinds = {_DIGITS.sub("#", path.name) for path in paths}
    if len(kinds) > 1:
        names = " and ".join(sorted(map(printable, kinds))[:2])
        found = f"pictures of several series ({names})"
        raise picture_refusal(source, found, "give a pattern that fits those of one, such as frame*.png")
    numbers = [tuple(map(int, _DIGITS.findall(path.name))) for path in paths]
    changing = [k for k, column in enumerate(zip(*numbers, strict=True)) if len(set(column)) > 1]
    if len(changing) != 1:
        raise picture_refusal(source, "names that do not count up", "number the pictures in their order")
    counts = [number[changing[0]] for number in numbers]
    step = sorted(b - a for a, b in pairwise(counts))[(len(counts) - 1) // 2]
    return tuple((count - counts[0]) / max(step, 1) / rate_hz for count in counts)


def _info(first: StillFile, source: Path, viewing: Viewing, *, mirrored: bool, slow_motion: float, n: int) -> VideoInfo:
    turned = _turned(first.rgb, viewing, mirrored=mirrored)
    upright = (turned.shape[1], turned.shape[0])
    aspect = Fraction(1)
    if viewing.aspect is not None:
        aspect = Fraction(viewing.aspect * upright[1] / upright[0]).limit_denominator(1_000)
        if plausible_pixel_aspect(aspect) != aspect:
            found = f"pictures of {upright[0]}×{upright[1]} px and a shape of {viewing.aspect:g}:1 to show them in"
            raise picture_refusal(source, found, "give the shape as width to height of the upright picture")
    whole = square_pixel_size(upright, aspect, max(upright))
    frame = cropped_size(whole, viewing, source)
    rate_hz = LOOKS_HZ if viewing.still else viewing.pictures_hz
    return VideoInfo(
        path=source,
        container="pictures",
        codec=first.kind,
        width_px=frame[0],
        height_px=frame[1],
        whole_width_px=whole[0],
        whole_height_px=whole[1],
        stored_width_px=first.stored_px[0],
        stored_height_px=first.stored_px[1],
        scale=min(1.0, max(whole) / max(first.stored_px)),
        pixel_aspect=float(aspect),
        rotation_deg=first.rotation_deg,
        flipped=first.flipped,
        mirrored=mirrored,
        slow_motion=slow_motion,
        viewing=viewing,
        nominal_fps_hz=None if rate_hz is None else rate_hz * slow_motion,
        declared_n_frames=n * (N_LOOKS if viewing.still else 1),
        declared_duration_s=None,
        n_bytes=0,
        focal_length_35mm_mm=first.focal_length_35mm_mm,
        capture_fps_hz=None,
    )


def _report(times_s: Sequence[float], *, still: bool) -> ReadReport:
    """Return what became of the pictures: numbers that are left out are gaps; between stills there is nothing."""
    steps = [(b - a, a) for a, b in pairwise(times_s)]
    gaps = [] if still else [step for step in steps if step[0] > max(LONGEST_QUIET_GAP_S, 1.5 * min(steps)[0])]
    longest_s, at_s = (0.0, 0.0) if still else max(steps, default=(0.0, 0.0))
    usual_s = sorted(step for step, _ in steps)[len(steps) // 2] if steps else 0.0
    return ReadReport(
        n_frames=len(times_s),
        n_decoded=len(times_s),
        n_corrupt=0,
        n_unreadable=0,
        n_damaged_packets=0,
        n_lost=0,
        n_repeated=0,
        n_missing_stamps=0,
        n_clock_resets=0,
        n_gaps=len(gaps),
        longest_gap_s=longest_s,
        longest_gap_at_s=at_s,
        duration_s=times_s[-1] - times_s[0] + usual_s,
        n_interlaced=0,
        n_resized=0,
        truncated=False,
        declared_n_frames=len(times_s),
        declared_duration_s=None,
    )
