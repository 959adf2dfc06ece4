"""Faces are covered in every picture and video that leaves hipcv, also where no face was found (METHOD R8).

Heads are known from two sources: the measured person's own landmarks, and where the person detector saw anybody. What
lies between two looks is filled in, and held where nothing follows. Where no head is known at all, everything but the
lower legs is covered.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from hipcv.core.motion.angles import seen_px
from hipcv.core.motion.filtering import median_of
from hipcv.core.series import ANKLES, FEET, KNEES, SHOULDERS, FloatArray, PoseSeries
from hipcv.outputs.overlay import ByteArray, Picture

#: Rows of the landmarks on a face: nose, eyes, ears, mouth.
FACE = slice(0, 11)
#: The landmarks of a face reach from ear to ear: so many times as far from their middle lies what covers the head, and
#: at least this share of the shoulders' breadth.
FACE_REACH, SHOULDERS_REACH = 1.8, 0.6
#: A head that was not seen for a second may have moved on by this share of its radius; it is grown to twice it at most.
GROWS_PER_S, GROWS_AT_MOST = 0.3, 2.0
#: Somebody whom the detector sees is covered this long before and after, seconds: it looks twice a second.
HELD_S = 0.8
#: Two heads in looks that follow each other are one that moves, where they are no further apart than so many radii.
FOLLOWS_RADII = 4.0
#: What the detector takes for a head is the measured person's no further from it than so many radii.
OWN_RADII = 1.5
#: A covered head is made of so many blocks a side, a whole picture of so many: nobody is told by them.
HEAD_BLOCKS, PICTURE_BLOCKS = 5, 16
#: How wide the lower legs are that stay clear where the measured person's own face is not known: lying, the head is
#: behind them. In lengths of a shank.
LEG_WIDTH = 0.36


@dataclass(frozen=True, slots=True)
class CoveredPicture:
    """A frame whose faces are covered once somebody looks at it."""

    picture: Picture
    cover: "FaceCover"

    @property
    def time_s(self) -> float:
        """Seconds from the recording's first frame."""
        return self.picture.time_s

    @property
    def rgb(self) -> ByteArray:
        """(height, width, 3) upright picture."""
        return self.cover(self.picture.rgb, self.picture.time_s)


def cover_faces(frames: Iterable[Picture], series: PoseSeries) -> Iterator[Picture]:
    """Pass the frames on with every face covered.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> nowhere = (np.full((1, 33, n), np.nan) for n in (2, 3))
    >>> nobody = PoseSeries([0.0], *nowhere, np.zeros((1, 33)), (64, 48), heads=[[0.0, 32.0, 20.0, 10.0]])
    >>> noise = np.random.default_rng(1).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    >>> (frame,) = cover_faces([SimpleNamespace(time_s=0.0, rgb=noise)], nobody)
    >>> bool((frame.rgb[20, 30:34] == noise[20, 30:34]).all()), bool((frame.rgb[40:] == noise[40:]).all())
    (False, True)
    """
    cover = FaceCover(series)
    return (CoveredPicture(frame, cover) for frame in frames)


class FaceCover:
    """Where faces are in a recording: a frame and its time in, a covered copy out.

    Examples
    --------
    >>> nowhere = (np.full((1, 33, n), np.nan) for n in (2, 3))
    >>> nobody = PoseSeries([0.0], *nowhere, np.zeros((1, 33)), (64, 48))
    >>> noise = np.random.default_rng(1).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    >>> covered = FaceCover(nobody)(noise, 0.0)  # nothing is known of a head: all is covered
    >>> covered.shape, bool((covered == noise).mean() < 0.1)
    ((48, 64, 3), True)
    """

    def __init__(self, series: PoseSeries) -> None:
        self._time_s = series.time_s
        self._legs_px = seen_px(series)[:, [*KNEES, *ANKLES, *FEET]].reshape(-1, 3, 2, 2)
        self._shank_px = median_of(np.linalg.norm(self._legs_px[:, 0] - self._legs_px[:, 1], axis=-1))
        self._own_s, self._own = _own_heads(series)
        heads = np.empty((0, 4)) if self._are_own(series.heads) else series.heads
        self._looks_s, at = np.unique(heads[:, 0], return_inverse=True)
        self._looks = [heads[at == k, 1:] for k in range(len(self._looks_s))]

    def __call__(self, rgb: ByteArray, time_s: float) -> ByteArray:
        """Return a copy of a frame (height, width, 3) with every face covered."""
        covered = rgb.copy()
        heads = self._heads(time_s)
        for x, y, radius in heads:
            _cover_circle(rgb, covered, x, y, radius)
        if not len(self._own) and not len(self._looks):
            covered = _blocks(rgb, PICTURE_BLOCKS)
        if not len(self._own):
            self._clear_legs(rgb, covered, time_s)
        return covered

    def _are_own(self, heads: FloatArray) -> bool:
        """Return whether the detector never saw anybody but the measured person, whose own face says it better."""
        if not len(self._own):
            return False
        own = np.column_stack([np.interp(heads[:, 0], self._own_s, values) for values in self._own.T])
        apart_px = np.linalg.norm(heads[:, 1:3] - own[:, :2], axis=1)
        return bool((apart_px <= OWN_RADII * own[:, 2]).all())

    def _heads(self, time_s: float) -> FloatArray:
        """Return (K, 3) what is covered at a time: x, y and radius of circles, pixels."""
        own = self._own_head(time_s)
        seen = self._seen_heads(time_s)
        return np.concatenate([own, seen])

    def _own_head(self, time_s: float) -> FloatArray:
        """Return (1, 3) the measured person's head, between two looks at it in between; (0, 3) where none is known."""
        if not len(self._own):
            return np.empty((0, 3))
        away_s = float(np.abs(self._own_s - time_s).min())
        grown = min(1 + GROWS_PER_S * away_s, GROWS_AT_MOST)
        return np.array([[np.interp(time_s, self._own_s, values) for values in self._own.T]]) * (1, 1, grown)

    def _seen_heads(self, time_s: float) -> FloatArray:
        """Return (K, 3) the heads that the detector saw shortly before and after, and where they are in between."""
        if not len(self._looks):
            return np.empty((0, 3))
        near = np.flatnonzero(np.abs(self._looks_s - time_s) <= HELD_S)
        heads = [self._looks[k] for k in near]
        after = int(np.searchsorted(self._looks_s, time_s))
        if 0 < after < len(self._looks):
            share = (time_s - self._looks_s[after - 1]) / (self._looks_s[after] - self._looks_s[after - 1])
            heads.append(_between(self._looks[after - 1], self._looks[after], share))
        if not heads and not len(self._own):  # held from whoever was seen last, and who is seen next
            heads = [
                self._looks[k] * (1, 1, GROWS_AT_MOST) for k in {max(after - 1, 0), min(after, len(self._looks) - 1)}
            ]
        return np.concatenate(heads) if heads else np.empty((0, 3))

    def _clear_legs(self, rgb: ByteArray, covered: ByteArray, time_s: float) -> None:
        """Put the measured lower legs back: a head behind them is no reason to hide what was measured."""
        if not len(self._time_s) or not np.isfinite(self._shank_px):
            return
        row = int(np.abs(self._time_s - time_s).argmin())
        clear = np.zeros(rgb.shape[:2], np.uint8)
        width = max(1, round(LEG_WIDTH * self._shank_px))
        for knee, ankle, foot in self._legs_px[row].transpose(1, 0, 2):
            for one, other in ((knee, ankle), (ankle, foot)):
                if np.isfinite([*one, *other]).all():
                    (x1, y1), (x2, y2) = (np.rint(end).astype(int).tolist() for end in (one, other))
                    cv2.line(clear, (x1, y1), (x2, y2), 255, width)
        covered[clear > 0] = rgb[clear > 0]


def _own_heads(series: PoseSeries) -> tuple[FloatArray, FloatArray]:
    """Return (N,) when and (N, 3) where the measured person's own face was seen: x, y, radius."""
    px = series.image_px
    face = px[:, FACE]
    known = np.isfinite(face).all(axis=(1, 2))
    middle = face[known].mean(axis=1)
    reach_px = np.linalg.norm(face[known] - middle[:, None], axis=-1).max(axis=1, initial=0.0)
    breadth_px = np.linalg.norm(px[known, SHOULDERS[0]] - px[known, SHOULDERS[1]], axis=-1)
    radius_px = np.fmax(FACE_REACH * reach_px, SHOULDERS_REACH * breadth_px)
    usual_px = median_of(radius_px)  # a look that takes a face for small is one that errs
    return series.time_s[known], np.column_stack([middle, np.fmax(radius_px, usual_px)])


def _between(earlier: FloatArray, later: FloatArray, share: float) -> FloatArray:
    """Return (K, 3) where heads (N, 3) of one look are on their way to those of the next, a share of the time gone."""
    moving = []
    for head in earlier:
        apart_px = np.linalg.norm(later[:, :2] - head[:2], axis=1)
        if len(apart_px) and apart_px.min() <= FOLLOWS_RADII * head[2]:
            moving.append(head + share * (later[int(apart_px.argmin())] - head))
    return np.array(moving).reshape(-1, 3)


def _cover_circle(rgb: ByteArray, covered: ByteArray, x: float, y: float, radius: float) -> None:
    """Replace a circle of `covered` by the blocks of the square around it."""
    height, width = rgb.shape[:2]
    left, top = max(int(x - radius), 0), max(int(y - radius), 0)
    right, bottom = min(int(np.ceil(x + radius)), width), min(int(np.ceil(y + radius)), height)
    if left >= right or top >= bottom:
        return
    rows, columns = np.ogrid[top:bottom, left:right]
    inside = (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
    covered[top:bottom, left:right][inside] = _blocks(rgb[top:bottom, left:right], HEAD_BLOCKS)[inside]


def _blocks(rgb: ByteArray, n: int) -> ByteArray:
    """Return a picture that knows no more than n blocks along its longer side."""
    height, width = rgb.shape[:2]
    size = (max(1, round(n * width / max(rgb.shape[:2]))), max(1, round(n * height / max(rgb.shape[:2]))))
    few = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(few, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
