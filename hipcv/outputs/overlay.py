"""The recording with what was measured drawn into it."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Protocol, TypeAlias

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from hipcv.assessment import Assessment, Status
from hipcv.core.errors import SourceError
from hipcv.core.motion.angles import seen_px
from hipcv.core.motion.filtering import median_of
from hipcv.core.series import ANKLES, FEET, HIPS, KNEES, SHOULDERS, FloatArray, PoseSeries
from hipcv.files import whole_file
from hipcv.outputs.scene import (
    banner_text,
    find_plumb_directions,
    find_view,
    state_texts,
    whole_degrees,
)
from hipcv.words import SIDES, Side

ByteArray = NDArray[np.uint8]
Colour = tuple[int, int, int]
Point: TypeAlias = FloatArray | tuple[float, float]

#: Blue and vermilion of Okabe and Ito's palette: told apart with every kind of colour vision.
COLOURS: dict[Side, Colour] = {Side.LEFT: (0, 114, 178), Side.RIGHT: (213, 94, 0)}
WHITE, GREY, INK, AMBER = (255, 255, 255), (200, 200, 200), (20, 24, 28), (240, 180, 40)
DOUBT, REJECT = (140, 90, 0), (150, 30, 30)
#: Stills are shown side by side, at some 60 % of their size.
STILL_HEIGHT_PX, STILL_EMPHASIS = 480, 1.5
#: A smaller arc, in radians, is a blot on the shank.
SMALLEST_ARC = np.radians(4.0)
#: Clock of the written video: fine enough for every camera.
TICKS_PER_S = 90_000
#: No B-frames: with them the file's own length ends before the last frame of an unevenly timed recording.
X264 = {"crf": "21", "preset": "veryfast", "bf": "0"}
#: Colours are coded after BT.709 and the file says so: players guess otherwise, and guess by the picture's size.
BT709 = 1
#: Fractional bits of OpenCV's coordinates: whole pixels make thin lines tremble from frame to frame.
SUBPIXEL_BITS = 4


class Picture(Protocol):
    """A frame as the sources hand it out."""

    @property
    def time_s(self) -> float:
        """Seconds from the recording's first frame."""

    @property
    def rgb(self) -> ByteArray:
        """(height, width, 3) upright picture."""


class Overlay:
    """What stays the same from frame to frame: sizes, the person in every frame, the room's plumb edges.

    Parameters
    ----------
    series, assessment : what was measured.
    view : (left, top, width, height) part of the frame that the pictures handed to `draw` show, all of it by default.
    zoom : pixels of those pictures per pixel of the frame.
    emphasis : how much thicker and larger than usual lines and texts are.

    Examples
    --------
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.setup import Setup
    >>> nowhere = (np.full((1, 33, n), np.nan) for n in (2, 3))
    >>> unseen = PoseSeries([0.0], *nowhere, np.zeros((1, 33)), (640, 480))
    >>> overlay = Overlay(unseen, assess(unseen, Setup()))
    >>> black = np.zeros((480, 640, 3), np.uint8)
    >>> bool(overlay.draw_person(black.copy(), 0).any()), bool(overlay.draw(black.copy(), 0).any())
    (False, True)
    """

    def __init__(
        self,
        series: PoseSeries,
        assessment: Assessment,
        view: tuple[int, int, int, int] | None = None,
        zoom: float = 1.0,
        emphasis: float = 1.0,
    ) -> None:
        self._assessment = assessment
        px = seen_px(series)
        self._plumb = find_plumb_directions(px[:, KNEES], assessment, series.frame_size_px)
        left, top, width, height = view or (0, 0, *series.frame_size_px)
        self._px: FloatArray = (px - (left, top)) * zoom
        self._edges: FloatArray = (assessment.analysis.plumb_edges_px - (left, top, left, top)) * zoom
        self._unit = max(1.0, zoom * min(width, height) / 480) * emphasis
        self._up = assessment.setup.procedure.shank_up
        shank_px = np.linalg.norm(self._px[:, ANKLES] - self._px[:, KNEES], axis=-1)
        self._shank_px = median_of(shank_px[np.isfinite(shank_px)])
        self._knees = np.array([[median_of(self._px[:, knee, axis]) for axis in (0, 1)] for knee in KNEES])
        self._banner = banner_text(assessment)
        self._banner_colour = REJECT if assessment.status is Status.NOT_MEASURED else DOUBT

    def draw(self, rgb: ByteArray, k: int) -> ByteArray:
        """Draw row `k` of the series onto `rgb` (height, width, 3), which is changed and returned."""
        self.draw_person(rgb, k)
        self._draw_panel(rgb, k)
        if self._banner:
            self._label(rgb, self._banner, (8, -10), 0.42, self._banner_colour)
        if len(self._edges):
            self._label(rgb, "yellow: used as vertical", (-8, -30 if self._banner else -10), 0.36, INK)
        return rgb

    def draw_person(self, rgb: ByteArray, k: int) -> ByteArray:
        """Draw the plumb edges, the person and the angles of row `k`, without any text at the picture's borders."""
        for x1, y1, x2, y2 in self._edges:
            self._line(rgb, (x1, y1), (x2, y2), AMBER, 1)
        self._draw_trunk(rgb, k)
        for side in SIDES:
            self._draw_leg(rgb, k, side)
        for side in SIDES:  # after both legs: no limb runs over a number
            self._draw_angle(rgb, k, side)
        return rgb

    def _width(self, thin: float) -> int:
        return max(1, round(thin * self._unit))

    def _line(self, rgb: ByteArray, a: Point, b: Point, colour: Colour, thin: float) -> None:
        if np.isfinite([*a, *b]).all():
            cv2.line(rgb, _at(a), _at(b), colour, self._width(thin), cv2.LINE_AA, SUBPIXEL_BITS)

    def _draw_trunk(self, rgb: ByteArray, k: int) -> None:
        px = self._px[k]
        for a, b in (SHOULDERS, HIPS, *zip(SHOULDERS, HIPS, strict=True)):
            self._line(rgb, px[a], px[b], GREY, 1.2)

    def _draw_leg(self, rgb: ByteArray, k: int, side: Side) -> None:
        px, colour = self._px[k], COLOURS[side]
        hip, knee, ankle, foot = (px[rows[side.column]] for rows in (HIPS, KNEES, ANKLES, FEET))
        self._line(rgb, hip, knee, colour, 1.5)
        self._line(rgb, ankle, foot, colour, 1.5)
        plumb = self._plumb[k, side.column]
        if not np.isfinite([*knee, *ankle, *plumb]).all():
            return
        length_px = float(np.hypot(*(ankle - knee)))
        tip = knee + plumb * length_px
        self._line(rgb, knee, tip, INK, 2.5)  # a dark rim: white alone is lost on a light wall
        self._line(rgb, knee, tip, WHITE, 1)
        self._draw_arc(rgb, knee, ankle, plumb, 0.55 * length_px, colour)
        self._line(rgb, knee, ankle, WHITE, 4)
        self._line(rgb, knee, ankle, colour, 2.5)
        for joint in (knee, ankle):
            for radius, fill in ((3.5, WHITE), (2.5, colour)):
                size = round(radius * self._unit * 2**SUBPIXEL_BITS)
                cv2.circle(rgb, _at(joint), size, fill, -1, cv2.LINE_AA, SUBPIXEL_BITS)

    def _draw_angle(self, rgb: ByteArray, k: int, side: Side) -> None:
        """Write the angle beside the knee, on its outer side and away from where the foot swings."""
        angle = self._assessment.angles.internal_rotation_deg[k, side.column]
        knee, usual = self._px[k, KNEES[side.column]], self._knees[side.column]
        if not np.isfinite([angle, *knee, *usual]).all():
            return
        # The usual place of the knee keeps the number still; somebody who has moved on takes it along.
        at = usual if np.hypot(*(knee - usual)) < 0.5 * self._shank_px else knee
        outwards = float(self._assessment.angles.lateral[side.column])
        beside = np.array([outwards * 0.32, 0.1 if self._up else -0.1]) * self._shank_px
        measured = any(result.measured for result in self._assessment.results if result.side is side)
        text = f"{side[0].upper()} {whole_degrees(angle)}"
        anchor = 0.0 if outwards > 0 else 1.0
        self._label_at(rgb, text, at + beside, 0.7, COLOURS[side] if measured else INK, anchor=anchor, above=True)

    def _draw_arc(
        self, rgb: ByteArray, knee: FloatArray, ankle: FloatArray, plumb: FloatArray, radius: float, colour: Colour
    ) -> None:
        shank = ankle - knee
        start = np.arctan2(plumb[1], plumb[0])
        turn = (np.arctan2(shank[1], shank[0]) - start + np.pi) % (2 * np.pi) - np.pi
        if abs(turn) < SMALLEST_ARC:
            return
        sweep = start + turn * np.linspace(0, 1, 24)
        arc = knee + radius * np.stack([np.cos(sweep), np.sin(sweep)], -1)
        points = np.round(arc * 2**SUBPIXEL_BITS).astype(np.int32)
        for shade, thin in ((WHITE, 3.5), (colour, 2.0)):
            cv2.polylines(rgb, [points], False, shade, self._width(thin), cv2.LINE_AA, SUBPIXEL_BITS)

    def _draw_panel(self, rgb: ByteArray, k: int) -> None:
        left_first = self._assessment.angles.lateral[0] < 0
        for side, x in zip(SIDES if left_first else SIDES[::-1], (8, -8), strict=True):
            now, past = state_texts(self._assessment, k, side)
            self._label(rgb, f"{side} {now}", (x, 8), 0.46, COLOURS[side])
            if past:
                self._label(rgb, past, (x, 30), 0.4, INK)

    def _label(self, rgb: ByteArray, text: str, corner: tuple[float, float], size: float, back: Colour) -> None:
        """Write text on a plate at a corner, given in units from the nearest edges (negative: right, bottom)."""
        height, width = rgb.shape[:2]
        x, y = (
            v * self._unit if v >= 0 else edge + v * self._unit for v, edge in zip(corner, (width, height), strict=True)
        )
        self._label_at(
            rgb, text, np.array([x, y]), size, back, anchor=0.0 if corner[0] >= 0 else 1.0, above=corner[1] < 0
        )

    def _label_at(
        self,
        rgb: ByteArray,
        text: str,
        at: FloatArray,
        size: float,
        back: Colour,
        *,
        anchor: float,
        above: bool = False,
    ) -> None:
        height, width = rgb.shape[:2]
        scale, pad = size * self._unit, 4 * self._unit
        (w, h), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
        while w > width - 4 * pad and len(text) > 8:
            text = text[: int(len(text) * 0.9) - 1] + "…"
            (w, h), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
        x = float(np.clip(at[0] - anchor * w, pad, max(pad, width - w - pad)))
        y = float(np.clip(at[1] + (0 if above else h), h + pad, max(h + pad, height - pad)))
        x0, y0, x1, y1 = (round(v) for v in (x - pad, y - h - pad, x + w + pad, y + pad))
        plate = rgb[max(y0, 0) : y1, max(x0, 0) : x1]
        plate[:] = cv2.addWeighted(plate, 0.12, np.full_like(plate, back), 0.88, 0)
        cv2.putText(rgb, text, (round(x), round(y)), cv2.FONT_HERSHEY_SIMPLEX, scale, WHITE, 1, cv2.LINE_AA)


def _at(point: Point) -> tuple[int, int]:
    return round(float(point[0]) * 2**SUBPIXEL_BITS), round(float(point[1]) * 2**SUBPIXEL_BITS)


def draw_frame(rgb: ByteArray, k: int, series: PoseSeries, assessment: Assessment) -> ByteArray:
    """Draw row `k` of the series onto one picture (height, width, 3), which is changed and returned.

    Examples
    --------
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.setup import Setup
    >>> nowhere = (np.full((1, 33, n), np.nan) for n in (2, 3))
    >>> unseen = PoseSeries([0.0], *nowhere, np.zeros((1, 33)), (640, 480))
    >>> drawn = draw_frame(np.zeros((480, 640, 3), np.uint8), 0, unseen, assess(unseen, Setup()))
    >>> drawn.shape, bool(drawn.any())  # what is said of nobody
    ((480, 640, 3), True)
    """
    return Overlay(series, assessment).draw(rgb, k)


def draw_still(rgb: ByteArray, k: int, series: PoseSeries, assessment: Assessment) -> ByteArray:
    """Return a new picture of the person in row `k`, cut out of `rgb` and large enough to read on paper.

    Parameters
    ----------
    rgb : (height, width, 3) the whole frame; it is left alone.

    Returns
    -------
    (480, about 640, 3) around shoulders, legs and the swing of the feet; the whole frame where the person fills it.

    Examples
    --------
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.setup import Setup
    >>> nowhere = (np.full((1, 33, n), np.nan) for n in (2, 3))
    >>> unseen = PoseSeries([0.0], *nowhere, np.zeros((1, 33)), (640, 480))
    >>> draw_still(np.zeros((480, 640, 3), np.uint8), 0, unseen, assess(unseen, Setup())).shape
    (480, 640, 3)
    """
    left, top, width, height = view = find_view(series)
    zoom = STILL_HEIGHT_PX / height
    size = (round(width * zoom), STILL_HEIGHT_PX)
    part = np.ascontiguousarray(rgb[top : top + height, left : left + width])
    still = cv2.resize(part, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC)
    return Overlay(series, assessment, view, zoom, STILL_EMPHASIS).draw_person(np.asarray(still, dtype=np.uint8), k)


def write_overlay(frames: Iterable[Picture], series: PoseSeries, assessment: Assessment, path: Path) -> Path:
    """Write the annotated video: H.264 that browsers play, with the recording's own times. Whole or not at all.

    Parameters
    ----------
    frames : the recording once more, frame by frame.
    series, assessment : what was measured in it; the row nearest in time is drawn.
    path : an .mp4 file; its folder is made.

    Raises
    ------
    SourceError
        Where there is no frame to write.
    OutputError
        Where the file cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from types import SimpleNamespace
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.setup import Setup
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (64, 48))
    >>> frames = [SimpleNamespace(time_s=n / 30, rgb=np.zeros((48, 64, 3), np.uint8)) for n in range(2)]
    >>> with TemporaryDirectory() as folder:
    ...     write_overlay(frames, empty, assess(empty, Setup()), Path(folder, "drawn.mp4")).read_bytes()[4:8]
    b'ftyp'
    """
    with whole_file(path) as part:
        _write_video(frames, series, Overlay(series, assessment), part)
    return path


def _write_video(frames: Iterable[Picture], series: PoseSeries, overlay: Overlay, path: Path) -> None:
    times_s = series.time_s
    middles_s = (times_s[1:] + times_s[:-1]) / 2
    last_pts = -1
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = _add_stream(container, Fraction(series.fps_hz if len(series) > 1 else 30.0).limit_denominator(1001))
        for frame in frames:
            rgb = np.ascontiguousarray(frame.rgb)
            if len(times_s):
                row = int(np.searchsorted(middles_s, frame.time_s))
                rgb = overlay.draw(rgb if rgb is not frame.rgb else rgb.copy(), row)
            even = rgb[: rgb.shape[0] // 2 * 2, : rgb.shape[1] // 2 * 2]  # this pixel format halves both sides
            if last_pts < 0:
                stream.height, stream.width = even.shape[:2]
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), "rgb24")
            picture = picture.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
            last_pts = max(last_pts + 1, round(frame.time_s * TICKS_PER_S))
            picture.pts, picture.time_base = last_pts, Fraction(1, TICKS_PER_S)
            container.mux(stream.encode(picture))
        if last_pts < 0:
            raise SourceError(
                "Wanted the recording's frames to draw on, found none: check that the file is still there."
            )
        container.mux(stream.encode())


def _add_stream(container: OutputContainer, rate_hz: Fraction) -> VideoStream:
    stream = container.add_stream("libx264", rate=rate_hz, options=X264)
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = Fraction(1, TICKS_PER_S)
    for name in ("colorspace", "color_primaries", "color_trc"):
        setattr(stream.codec_context, name, BT709)
    return stream
