"""The body's landmarks over time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class Landmark(IntEnum):
    """The landmarks of MediaPipe's pose model that the measurement uses, by their row."""

    NOSE = 0
    LEFT_EAR = 7
    RIGHT_EAR = 8
    LEFT_SHOULDER = 11
    RIGHT_SHOULDER = 12
    LEFT_HIP = 23
    RIGHT_HIP = 24
    LEFT_KNEE = 25
    RIGHT_KNEE = 26
    LEFT_ANKLE = 27
    RIGHT_ANKLE = 28
    LEFT_HEEL = 29
    RIGHT_HEEL = 30
    LEFT_FOOT_INDEX = 31
    RIGHT_FOOT_INDEX = 32


N_LANDMARKS = 33
SHOULDERS = (Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER)
HIPS = (Landmark.LEFT_HIP, Landmark.RIGHT_HIP)
KNEES = (Landmark.LEFT_KNEE, Landmark.RIGHT_KNEE)
ANKLES = (Landmark.LEFT_ANKLE, Landmark.RIGHT_ANKLE)
HEELS = (Landmark.LEFT_HEEL, Landmark.RIGHT_HEEL)
FEET = (Landmark.LEFT_FOOT_INDEX, Landmark.RIGHT_FOOT_INDEX)

#: For every row of the pose model, the row of the same landmark on the other side of the body.
MIRROR_ROWS: IntArray = np.array(
    [0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9, *(i + 1 if i % 2 else i - 1 for i in range(11, 33))], dtype=np.int64
)


def seal(array: Any, dtype: Any, shape: tuple[int | None, ...], name: str) -> NDArray[Any]:
    """Return a read-only copy of `array` after checking its shape (`None` matches any length).

    Examples
    --------
    >>> sealed = seal([[1, 2], [3, np.nan]], np.float64, (None, 2), "knees_px")
    >>> sealed.tolist(), sealed.flags.writeable
    ([[1.0, 2.0], [3.0, nan]], False)
    """
    sealed = np.array(array, dtype=dtype)
    if sealed.ndim != len(shape) or any(
        want is not None and want != have for want, have in zip(shape, sealed.shape, strict=True)
    ):
        want_text = "×".join("any" if n is None else str(n) for n in shape)
        raise ValueError(f"{name} must have shape {want_text}, found {'×'.join(map(str, sealed.shape))}")
    sealed.setflags(write=False)
    return sealed


def rate_hz(time_s: FloatArray) -> float:
    """Return how many samples a second there are where they follow each other, gaps left out; NaN for fewer than two.

    Examples
    --------
    >>> round(rate_hz(np.array([0.0, 0.1, 0.2, 0.4, 0.5, 5.0, 5.1])), 3)  # one of five left out, and a gap
    8.333
    """
    if len(time_s) < 2:
        return float("nan")
    steps_s = np.diff(time_s)
    return float(1.0 / steps_s[steps_s <= 2.5 * np.median(steps_s)].mean())


def _empty(*shape: int) -> Callable[[], FloatArray]:
    return lambda: np.empty(shape)


@dataclass(frozen=True, slots=True, eq=False)
class PoseSeries:
    """Landmarks of the measured person in every frame of a recording.

    A reader labels the sides as its model does; once sorted (`core.motion.angles.sort_sides`), as in every series that
    leaves `Session`, the rows of either side are the subject's own. Missing values are NaN. T frames, N straight edges
    of the still room; rows of (T, 33, …) follow `Landmark`.

    Attributes
    ----------
    time_s : (T,) seconds, strictly rising.
    image_px : (T, 33, 2) pixels of the upright, unmirrored picture; x to the right, y down.
    world_m : (T, 33, 3) metres around the hips' centre, as the pose model gives them.
    visibility : (T, 33) 0 to 1.
    frame_size_px : (width, height).
    shank_se_deg : (T, 2) standard error of each shank's direction where the source knows it, else NaN; left, right.
    n_people : (T,) people in view; -1 where nobody looked.
    heads : (K, 4) where heads of whoever is in view may be in some of the frames: time in seconds, x, y and radius in
        pixels, generous; faces are covered there in pictures. Empty where nobody looked.
    brightness : (T,) mean luma, 0 to 1; NaN where not taken.
    sharpness : (T,) share of fine detail in the picture around the legs, 0 to 1; NaN where not taken.
    edges_px : (N, 4) straight edges x1, y1, x2, y2 of the still background, people left out.
    knee_outline_px : (T, 2, 2) prone, where the outline of the left and of the right leg ends at the knee: it moves
        with the pelvis, which image_px, steadied over the recording, does not show. NaN where nobody looked.
    swapped : (T,) frames whose left and right rows were exchanged, because the knees stood in the wrong order.
    long_side_fov_deg : the lens' field of view along the longer side where the recording tells it, else None.
    recorded_fps_hz : frame rate of the recording where the series holds only some of its frames, else None.
    origin_px : where the picture's upper left corner lies in the recording's whole picture, x and y, in which edges are
        marked; 0, 0 where nothing of it was left out.

    Examples
    --------
    >>> series = PoseSeries([0.0, 0.1], np.zeros((2, 33, 2)), np.zeros((2, 33, 3)), np.ones((2, 33)), (640, 480))
    >>> len(series), series.fps_hz, series.brightness.tolist()
    (2, 10.0, [nan, nan])
    """

    time_s: FloatArray
    image_px: FloatArray
    world_m: FloatArray
    visibility: FloatArray
    frame_size_px: tuple[int, int]
    shank_se_deg: FloatArray = field(default_factory=_empty(0, 2))
    n_people: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    brightness: FloatArray = field(default_factory=_empty(0))
    sharpness: FloatArray = field(default_factory=_empty(0))
    edges_px: FloatArray = field(default_factory=_empty(0, 4))
    knee_outline_px: FloatArray = field(default_factory=_empty(0, 2, 2))
    swapped: BoolArray = field(default_factory=lambda: np.empty(0, np.bool_))
    long_side_fov_deg: float | None = None
    recorded_fps_hz: float | None = None
    origin_px: tuple[int, int] = (0, 0)
    heads: FloatArray = field(default_factory=_empty(0, 4))

    def __post_init__(self) -> None:
        n = len(self.time_s)
        fill: dict[str, tuple[Any, tuple[int, ...], float]] = {
            "shank_se_deg": (np.float64, (n, 2), np.nan),
            "n_people": (np.int64, (n,), -1),
            "knee_outline_px": (np.float64, (n, 2, 2), np.nan),
            "brightness": (np.float64, (n,), np.nan),
            "sharpness": (np.float64, (n,), np.nan),
            "swapped": (np.bool_, (n,), False),
        }
        for name, (dtype, shape, value) in fill.items():
            given = getattr(self, name)
            array = np.full(shape, value, dtype) if len(given) == 0 else given
            object.__setattr__(self, name, seal(array, dtype, shape, name))
        for name, rest in (
            ("time_s", ()),
            ("image_px", (33, 2)),
            ("world_m", (33, 3)),
            ("visibility", (33,)),
        ):
            object.__setattr__(self, name, seal(getattr(self, name), np.float64, (n, *rest), name))
        for name in ("edges_px", "heads"):
            object.__setattr__(self, name, seal(getattr(self, name), np.float64, (None, 4), name))
        if not np.all(np.diff(self.time_s) > 0):
            raise ValueError("time_s must rise strictly")

    def __len__(self) -> int:
        return len(self.time_s)

    def from_whole_px(self, edges_px: Sequence[Sequence[float]]) -> FloatArray:
        """Return edges (N, 4) that are marked in the whole picture in the pixels of what was measured.

        Examples
        --------
        >>> nowhere = (np.empty((0, 33, n)) for n in (2, 3))
        >>> within = PoseSeries([], *nowhere, np.empty((0, 33)), (640, 480), origin_px=(100, 20))
        >>> within.from_whole_px([(110, 40, 110, 400)]).tolist()
        [[10.0, 20.0, 10.0, 380.0]]
        """
        marked = np.array(edges_px, dtype=np.float64).reshape(-1, 4)
        return np.asarray(marked - np.array(self.origin_px * 2), dtype=np.float64)

    @property
    def fps_hz(self) -> float:
        """Median frame rate of the recording; NaN for fewer than two frames."""
        return self.readings_hz if self.recorded_fps_hz is None else self.recorded_fps_hz

    @property
    def readings_hz(self) -> float:
        """Rate of this series' own frames, the median where all of a recording's are there; NaN for fewer than two."""
        if self.recorded_fps_hz is not None:
            return rate_hz(self.time_s)
        return float(1.0 / np.median(np.diff(self.time_s))) if len(self) > 1 else float("nan")
