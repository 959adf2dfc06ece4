"""The recording with what was measured drawn into it."""

import tempfile
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.assessment import Assessment, accepted
from hipcv.core.angles import MIN_VISIBILITY
from hipcv.core.landmarks import (
    ANKLES,
    FEET,
    HIPS,
    KNEES,
    MIRROR_ROWS,
    SHOULDERS,
    SIDES,
    FloatArray,
    PoseSeries,
    Position,
    Side,
)
from hipcv.core.quality import Severity
from hipcv.core.room import fit_room
from hipcv.evidence.guidance import title_for

ByteArray = NDArray[np.uint8]
Colour = tuple[int, int, int]

#: Blue and vermilion of Okabe and Ito's palette: told apart with every kind of colour vision.
COLOURS: dict[Side, Colour] = {Side.LEFT: (0, 114, 178), Side.RIGHT: (213, 94, 0)}
WHITE, GREY, INK, AMBER = (255, 255, 255), (200, 200, 200), (20, 24, 28), (240, 180, 40)
#: Clock of the written video: fine enough for every camera.
TICKS_PER_S = 90_000


class Picture(Protocol):
    """A frame as the sources hand it out."""

    @property
    def time_s(self) -> float:
        """Seconds from the recording's first frame."""

    @property
    def rgb(self) -> ByteArray:
        """(height, width, 3) upright picture."""


class Overlay:
    """What stays the same from frame to frame: sizes, the person in every frame, the room's plumb edges."""

    def __init__(self, series: PoseSeries, assessment: Assessment) -> None:
        self._series, self._assessment = series, assessment
        swapped = assessment.angles.swapped
        image_px = np.where(swapped[:, None, None], series.image_px[:, MIRROR_ROWS], series.image_px)
        seen = np.where(swapped[:, None], series.visibility[:, MIRROR_ROWS], series.visibility)
        self._px: FloatArray = np.where((seen >= MIN_VISIBILITY)[..., None], image_px, np.nan)
        width, height = series.frame_size_px
        self._unit = max(1.0, min(width, height) / 480)
        self._up = assessment.setup.position is Position.PRONE
        roll = np.radians(assessment.camera.roll.value_deg)
        down = np.array([-np.sin(roll), np.cos(roll)])
        self._plumb = -down if self._up else down
        fit = fit_room(series.edges_px, series.frame_size_px, assessment.setup.position)
        named = "room edges" in assessment.camera.roll.source
        self._edges = series.edges_px[list(fit.plumb_edges)] if named and fit.plumb_edges else np.empty((0, 4))
        doubts = [f for f in assessment.findings if f.severity is not Severity.NOTE]
        self._banner = "; ".join(dict.fromkeys(title_for(f.code) for f in doubts))
        self._rejected = any(f.severity is Severity.REJECT for f in doubts)

    def draw(self, rgb: ByteArray, k: int) -> ByteArray:
        """Draw row `k` of the series onto `rgb` (height, width, 3), which is changed and returned."""
        for x1, y1, x2, y2 in self._edges:
            cv2.line(rgb, _at((x1, y1)), _at((x2, y2)), AMBER, self._width(1), cv2.LINE_AA)
        self._draw_trunk(rgb, k)
        for side in SIDES:
            self._draw_leg(rgb, k, side)
        self._draw_panel(rgb, k)
        if self._banner:
            word = "Not measured" if self._rejected else "Doubt"
            self._label(
                rgb, f"{word}: {self._banner}", (8, -10), 0.42, (150, 30, 30) if self._rejected else (140, 90, 0)
            )
        if len(self._edges):
            self._label(rgb, "yellow: edges taken as vertical", (-8, -10 if not self._banner else -30), 0.36, INK)
        return rgb

    def _width(self, thin: float) -> int:
        return max(1, round(thin * self._unit))

    def _draw_trunk(self, rgb: ByteArray, k: int) -> None:
        px = self._px[k]
        for a, b in ((SHOULDERS[0], SHOULDERS[1]), (HIPS[0], HIPS[1]), *zip(SHOULDERS, HIPS, strict=True)):
            if np.isfinite(px[[a, b]]).all():
                cv2.line(rgb, _at(px[a]), _at(px[b]), GREY, self._width(1.2), cv2.LINE_AA)

    def _draw_leg(self, rgb: ByteArray, k: int, side: Side) -> None:
        px, colour = self._px[k], COLOURS[side]
        hip, knee, ankle, foot = (px[rows[side.column]] for rows in (HIPS, KNEES, ANKLES, FEET))
        if not (np.isfinite(knee).all() and np.isfinite(ankle).all()):
            return
        length_px = float(np.hypot(*(ankle - knee)))
        tip = knee + self._plumb * length_px
        cv2.line(rgb, _at(knee), _at(tip), WHITE, self._width(1), cv2.LINE_AA)
        self._draw_arc(rgb, knee, ankle, 0.55 * length_px, colour)
        for a, b in ((hip, knee), (ankle, foot)):
            if np.isfinite(a).all() and np.isfinite(b).all():
                cv2.line(rgb, _at(a), _at(b), colour, self._width(1.5), cv2.LINE_AA)
        cv2.line(rgb, _at(knee), _at(ankle), WHITE, self._width(4), cv2.LINE_AA)
        cv2.line(rgb, _at(knee), _at(ankle), colour, self._width(2.5), cv2.LINE_AA)
        for joint in (knee, ankle):
            cv2.circle(rgb, _at(joint), self._width(3.5), WHITE, -1, cv2.LINE_AA)
            cv2.circle(rgb, _at(joint), self._width(2.5), colour, -1, cv2.LINE_AA)
        angle = self._assessment.angles.internal_rotation_deg[k, side.column]
        if np.isfinite(angle):
            outwards = float(self._assessment.angles.lateral[side.column])
            beside = ankle + np.array([outwards * 22 * self._unit, 4 * self._unit])
            text = f"{side[0].upper()} {angle:.0f}°"
            self._label_at(rgb, text, beside, 0.62, colour, anchor=0.0 if outwards > 0 else 1.0)

    def _draw_arc(self, rgb: ByteArray, knee: FloatArray, ankle: FloatArray, radius: float, colour: Colour) -> None:
        shank = ankle - knee
        start = np.arctan2(self._plumb[1], self._plumb[0])
        turn = (np.arctan2(shank[1], shank[0]) - start + np.pi) % (2 * np.pi) - np.pi
        sweep = start + turn * np.linspace(0, 1, 24)
        arc = knee + radius * np.stack([np.cos(sweep), np.sin(sweep)], -1)
        cv2.polylines(rgb, [np.round(arc).astype(np.int32)], False, colour, self._width(2), cv2.LINE_AA)

    def _draw_panel(self, rgb: ByteArray, k: int) -> None:
        left_first = self._assessment.angles.lateral[0] < 0
        for side, corner in zip(SIDES if left_first else SIDES[::-1], ((8, 8), (-8, 8)), strict=True):
            self._label(rgb, f"{side} {self._state(k, side)}", corner, 0.46, COLOURS[side])

    def _state(self, k: int, side: Side) -> str:
        trials = self._assessment.of(side).trials
        done = [f"{t.best_deg:.0f}°" for t in trials if accepted(t) and t.hold_stop <= k]
        held = f"  held {', '.join(done)}" if done else ""
        for t in trials:
            if t.hold_start <= k < t.hold_stop:
                return f"HOLD {t.end_range_deg:.0f}°{held}"
            if t.start <= k < t.stop:
                return f"swing{held}"
        return f"rest{held}"

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
        y = float(np.clip(at[1] + (0 if above else h), h + pad, height - pad))
        x0, y0, x1, y1 = (round(v) for v in (x - pad, y - h - pad, x + w + pad, y + pad))
        x0, y0 = max(x0, 0), max(y0, 0)
        plate = rgb[y0:y1, x0:x1]
        plate[:] = (plate * 0.25 + np.array(back, np.float64) * 0.75).astype(np.uint8)
        cv2.putText(rgb, text, (round(x), round(y)), cv2.FONT_HERSHEY_SIMPLEX, scale, WHITE, 1, cv2.LINE_AA)


def _at(point: FloatArray | tuple[float, float]) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def draw_frame(rgb: ByteArray, k: int, series: PoseSeries, assessment: Assessment) -> ByteArray:
    """Draw row `k` of the series onto one picture (height, width, 3), which is changed and returned."""
    return Overlay(series, assessment).draw(rgb, k)


def write_overlay(frames: Iterable[Picture], series: PoseSeries, assessment: Assessment, path: Path) -> Path:
    """Write the annotated video: H.264 that browsers play, with the recording's own times. Whole or not at all.

    Parameters
    ----------
    frames : the recording once more, frame by frame.
    series, assessment : what was measured in it; the row nearest in time is drawn.
    path : an .mp4 file; its folder is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    overlay = Overlay(series, assessment)
    times_s = series.time_s
    middles_s = (times_s[1:] + times_s[:-1]) / 2
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.stem}.", suffix=".mp4", delete=False) as file:
        part = Path(file.name)
    try:
        with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            rate = Fraction(series.fps_hz if len(series) > 1 else 30.0).limit_denominator(1001)
            stream = container.add_stream("libx264", rate=rate, options={"crf": "21", "preset": "veryfast"})
            stream.pix_fmt = "yuv420p"
            stream.codec_context.time_base = Fraction(1, TICKS_PER_S)
            last_pts = -1
            for frame in frames:
                rgb = np.ascontiguousarray(frame.rgb)
                if len(times_s):
                    rgb = overlay.draw(
                        rgb if rgb is not frame.rgb else rgb.copy(), int(np.searchsorted(middles_s, frame.time_s))
                    )
                even = rgb[: rgb.shape[0] // 2 * 2, : rgb.shape[1] // 2 * 2]  # this pixel format halves both sides
                if last_pts < 0:
                    stream.height, stream.width = even.shape[:2]
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), "rgb24")
                last_pts = max(last_pts + 1, round(frame.time_s * TICKS_PER_S))
                picture.pts, picture.time_base = last_pts, Fraction(1, TICKS_PER_S)
                container.mux(stream.encode(picture))
            container.mux(stream.encode())
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return path
