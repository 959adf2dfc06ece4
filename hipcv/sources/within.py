"""The picture within the picture: a recording shown in a window, between bars, in a call's tile (METHOD S17).

What frames it is drawn: lines exactly along rows and columns, unbroken, with another content on either side, and
nothing that was filmed beyond them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hipcv.core.series import BoolArray, FloatArray, IntArray

ByteArray = NDArray[np.uint8]

#: Sides are looked at in pieces of so many pixels of a frame whose longer side is 640.
PIECE_PX: Final = 16
#: A piece holds a line where the step there is this large (levels of 255), and so many times what is beside it.
MIN_STEP: Final = 2.5
STEP_RATIO: Final = 1.6
#: A side is drawn where a line holds so much of its pieces.
MIN_UNBROKEN: Final = 0.85
#: A picture within is at least this share of each side of the one around it.
MIN_SIDE_SHARE: Final = 0.2
#: What is narrower than this is a seam that coders leave.
MIN_BAND_PX: Final = 8
#: Lines that are kept for each direction, the longest.
MAX_LINES: Final = 18
#: Bars are of one level to this, in so much of their area; what is drawn does not change by more over a recording.
FLAT_LEVELS: Final = 4.0
FLAT_SHARE: Final = 0.8
STILL_SHARE: Final = 0.98
#: A bar with words on it is of one level in so much of its area.
WORDED_SHARE: Final = 0.6
#: A blurred copy has at most this share of the detail of the picture itself.
BLURRED_DETAIL: Final = 0.25
#: ... where so much of it has less.
DETAIL_QUANTILE: Final = 0.995
#: ... and its borders, where it may have the picture's own colour, run unbroken for so much.
HALF_UNBROKEN: Final = 0.4
#: What is cut off inside a drawn line, pixels of the small frame: coders smear it.
MARGIN_PX: Final = 3
#: A line parts two contents in at least this share of its pieces.
PARTED_SHARE: Final = 0.5
#: What changes by more than this was filmed and moves; a picture within holds this share of all that does, and each of
#: several side by side this.
MOVING_LEVELS: Final = 20.0
ALL_MOTION: Final = 0.97
MIN_MOTION_SHARE: Final = 0.05
#: Sides that have to be drawn where what lies around is neither flat nor blurred.
N_SIDES: Final = 4
#: Windows in windows are looked into so often.
MAX_DEPTH: Final = 3

_BESIDE_PX = range(4, 8)
_BEYOND_PX = 4
_RING_PX = (2, 4)


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a picture, pixels: left and top belong to it, right and bottom no more.

    Examples
    --------
    >>> box = Box(10, 20, 110, 70)
    >>> box.width, box.height, box.distance_px(20, 30), box.distance_px(113, 74), Box(1, 1, 11, 11).inside(box)
    (100, 50, 0.0, 5.0, Box(left=11, top=21, right=21, bottom=31))
    """

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """From its left to its right side."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """From its upper to its lower side."""
        return self.bottom - self.top

    def distance_px(self, x_px: float, y_px: float) -> float:
        """Return how far a point lies from it, 0 inside."""
        across = max(self.left - x_px, x_px - self.right, 0.0)
        return float(np.hypot(across, max(self.top - y_px, y_px - self.bottom, 0.0)))

    def inside(self, around: "Box") -> "Box":
        """Return a box that is given within another one in the pixels of the other's picture."""
        x, y = around.left, around.top
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y)

    @property
    def rows(self) -> slice:
        """Its rows."""
        return slice(self.top, self.bottom)

    @property
    def columns(self) -> slice:
        """Its columns."""
        return slice(self.left, self.right)


def find_pictures(frames: Sequence[ByteArray]) -> list[Box]:
    """Return the pictures within a recording's picture, the largest first; none where it fills all of it.

    Parameters
    ----------
    frames : (height, width) grey each, at least two spread over the recording, their longer side about 640 pixels.

    Examples
    --------
    >>> noise = np.random.default_rng(0)
    >>> filmed = [noise.integers(90, 160, (360, 480)).astype(np.uint8) for _ in range(3)]
    >>> find_pictures(filmed)
    []
    >>> between_bars = [np.pad(picture, ((0, 0), (80, 80))) for picture in filmed]
    >>> [(box.top, box.bottom, round(box.left, -1), round(box.right, -1)) for box in find_pictures(between_bars)]
    [(0, 360, 90, 550)]
    """
    if len(frames) < 2:
        return []
    stack = np.stack(frames).astype(np.float32)
    return sorted(_within(stack, 0), key=lambda box: -box.width * box.height)


def _within(stack: NDArray[np.float32], depth: int) -> list[Box]:
    """Return the pictures within, and where one of them frames another, that one."""
    found = _Look(stack).pictures()
    if depth == MAX_DEPTH:
        return found
    result: list[Box] = []
    for box in found:
        deeper = _within(stack[:, box.rows, box.columns], depth + 1)
        result += [one.inside(box) for one in deeper] or [box]
    return result


class _Look:
    """What frames of one recording show of lines exactly along rows and columns."""

    def __init__(self, stack: NDArray[np.float32]) -> None:
        self.stack = stack
        _, self.height, self.width = stack.shape
        change = np.ptp(stack, axis=0)
        self.still = change <= FLAT_LEVELS
        self.moving = change > MOVING_LEVELS
        self.rows = _Lines(stack)
        self.columns = _Lines(stack.transpose(0, 2, 1))

    def pictures(self) -> list[Box]:
        """Return the smallest framed part that holds all that moves; else those side by side that hold it together."""
        candidates = self._candidates()
        holding = [box for box in candidates if self._motion_share(box) >= ALL_MOTION]
        framed = next((box for box in reversed(holding) if self._is_framed(box)), None)
        if framed is not None:
            return [self._trimmed(framed)]
        taken: list[Box] = []
        for box in candidates:
            moves = self._motion_share(box) >= MIN_MOTION_SHARE
            if moves and all(_apart(box, other) for other in taken) and self._is_tile(box):
                taken.append(box)
        return [self._trimmed(box) for box in (taken if len(taken) > 1 else self._before_blurred())]

    def _motion_share(self, box: Box) -> float:
        everything = float(self.moving.sum())
        return float(self.moving[box.rows, box.columns].sum()) / everything if everything else 0.0

    def _candidates(self) -> list[Box]:
        """Return every box whose sides part two contents or are the picture's own borders, the largest first."""
        heights = _spans(self.rows.places, MIN_SIDE_SHARE * self.height)
        widths = _spans(self.columns.places, MIN_SIDE_SHARE * self.width)
        if not (len(heights) and len(widths)):
            return []
        across = {place: self.rows.drawn(place, widths) for place in self.rows.places}
        along = {place: self.columns.drawn(place, heights) for place in self.columns.places}
        fits = np.array([across[top] & across[bottom] for top, bottom in heights.tolist()])
        fits &= np.array([along[left] & along[right] for left, right in widths.tolist()]).T
        found = [
            Box(int(widths[w, 0]), int(heights[h, 0]), int(widths[w, 1]), int(heights[h, 1]))
            for h, w in np.argwhere(fits)
        ]
        found = [box for box in found if any(min(b.width, b.height) >= MIN_BAND_PX for b in self._bands(box))]
        return sorted(found, key=lambda box: -box.width * box.height)

    def _is_framed(self, box: Box) -> bool:
        """Whether what lies around the box was drawn: bars, or a screen that never changes."""
        if all(self._flat(band) or self._drawn(band) for band in self._bands(box)):
            return True
        n_drawn = sum((box.top > 0, box.left > 0, box.bottom < self.height, box.right < self.width))
        outside = np.ones((self.height, self.width), dtype=np.bool_)
        outside[box.rows, box.columns] = False
        return n_drawn == N_SIDES and bool(self.still[outside].mean() >= STILL_SHARE)

    def _bands(self, box: Box) -> list[Box]:
        """Return what lies above, below, left and right of the box."""
        whole = (
            Box(0, 0, self.width, box.top),
            Box(0, box.bottom, self.width, self.height),
            Box(0, box.top, box.left, box.bottom),
            Box(box.right, box.top, self.width, box.bottom),
        )
        return [band for band in whole if band.width > 0 and band.height > 0]

    def _level_share(self, band: Box) -> float:
        """Return in which share of it a band is of one level all the time."""
        part = self.stack[:, band.rows, band.columns]
        return float((np.abs(part - np.median(part)).max(axis=0) <= FLAT_LEVELS).mean())

    def _flat(self, band: Box) -> bool:
        return self._level_share(band) >= FLAT_SHARE

    def _drawn(self, band: Box) -> bool:
        """Whether a band never changes and is mostly of one level, as a bar with words on it."""
        still = float(self.still[band.rows, band.columns].mean())
        return still >= STILL_SHARE and self._level_share(band) >= WORDED_SHARE

    def _before_blurred(self) -> list[Box]:
        """Return the picture before an enlarged, blurred copy of itself: as wide or high as all, in its middle."""
        found = []
        for lines, size, other in ((self.rows, self.height, self.width), (self.columns, self.width, self.height)):
            whole = np.array([[0, other]])
            for place in lines.places:
                mirrored = [p for p in lines.places if abs(p - (size - place)) <= _BESIDE_PX.start]
                if not (MIN_BAND_PX <= place < size / 2 * (1 - MIN_SIDE_SHARE) and mirrored):
                    continue
                if min(lines.unbroken(p, whole)[0] for p in (place, mirrored[0])) < HALF_UNBROKEN:
                    continue
                ends = (0, place, other, mirrored[0]) if lines is self.rows else (place, 0, mirrored[0], other)
                found.append(Box(*ends))
        return [box for box in found if all(self._blurred(band, box) for band in self._bands(box))][:1]

    def _blurred(self, band: Box, box: Box) -> bool:
        return self._detail(band) <= BLURRED_DETAIL * self._detail(box)

    def _detail(self, box: Box) -> float:
        """Return how large the steps from pixel to pixel are where they are largest."""
        edge = _BESIDE_PX.start
        inner = self.stack[:, box.rows, box.columns][:, edge:-edge, edge:-edge]
        if min(inner.shape[1:]) < MIN_BAND_PX:
            return float("inf")
        steps = np.maximum(np.abs(np.diff(inner, axis=1))[:, :, 1:], np.abs(np.diff(inner, axis=2))[:, 1:])
        return float(np.quantile(steps, DETAIL_QUANTILE))

    def _is_tile(self, box: Box) -> bool:
        """Whether the box has a flat gap around it that never changes, wherever the picture goes on."""
        near, far = _RING_PX
        left, top, right, bottom = box.left, box.top, box.right, box.bottom
        rings = (
            (top > 0, Box(left, top - far, right, top - near)),
            (bottom < self.height, Box(left, bottom + near, right, bottom + far)),
            (left > 0, Box(left - far, top, left - near, bottom)),
            (right < self.width, Box(right + near, top, right + far, bottom)),
        )
        return all(self._flat(ring) for goes_on, ring in rings if goes_on)

    def _trimmed(self, box: Box) -> Box:
        """Return the box without its drawn sides themselves."""
        return Box(
            box.left + MARGIN_PX * (box.left > 0),
            box.top + MARGIN_PX * (box.top > 0),
            box.right - MARGIN_PX * (box.right < self.width),
            box.bottom - MARGIN_PX * (box.bottom < self.height),
        )


class _Lines:
    """Lines along the rows of (n, height, width) frames: where they are, and how unbroken they run."""

    def __init__(self, stack: NDArray[np.float32]) -> None:
        _, self.height, self.width = stack.shape
        steps = np.zeros((self.height, self.width), np.float32)
        steps[1:-1] = np.abs(stack[:, 2:] - stack[:, :-2]).mean(axis=0)
        pieces = _pieces(steps)
        beside = _beside(pieces, _BESIDE_PX, np.minimum)
        held = (pieces >= MIN_STEP) & (pieces >= STEP_RATIO * beside)
        # a line between two rows of the small frame is found on both
        near = held.copy()
        near[1:] |= held[:-1]
        near[:-1] |= held[1:]
        across = np.zeros_like(steps)
        lag = 2 * _BEYOND_PX
        across[_BEYOND_PX:-_BEYOND_PX] = np.abs(stack[:, lag:] - stack[:, :-lag]).mean(axis=0)
        beyond = _pieces(across)
        usual = np.maximum(_beside(beyond, range(2 * lag, 3 * lag), np.minimum), MIN_STEP)
        self._held, self._parting = _counted(near), _counted(near & (beyond >= STEP_RATIO * usual))
        self.places = self._find(pieces * near)

    def _find(self, strength: FloatArray) -> list[int]:
        """Return the borders and the rows that most pieces name, none next to another."""
        count = np.count_nonzero(strength, axis=1) + strength.mean(axis=1) / 1000
        order = np.argsort(-count, kind="stable")
        kept: list[int] = []
        for place in order.tolist():
            if count[place] < MIN_SIDE_SHARE * strength.shape[1] or len(kept) == MAX_LINES:
                break
            seam = not _RING_PX[1] <= place <= self.height - _RING_PX[1]
            if not seam and all(abs(place - other) > _BEYOND_PX for other in kept):
                kept.append(place)
        return sorted({0, *kept, self.height})

    def unbroken(self, place: int, spans: IntArray) -> FloatArray:
        """Return in which share of its pieces a line runs along each of (K, 2) spans."""
        return self._share(self._held, place, spans)

    def drawn(self, place: int, spans: IntArray) -> BoolArray:
        """Return for each of (K, 2) spans whether the line runs unbroken and parts two contents; borders always do."""
        if place in (0, self.height):
            return np.ones(len(spans), dtype=np.bool_)
        unbroken = self._share(self._held, place, spans) >= MIN_UNBROKEN
        return np.asarray(unbroken & (self._share(self._parting, place, spans) >= PARTED_SHARE), dtype=np.bool_)

    @staticmethod
    def _share(counted: IntArray, place: int, spans: IntArray) -> FloatArray:
        first, last = -(-spans[:, 0] // PIECE_PX), np.minimum(spans[:, 1] // PIECE_PX, counted.shape[1] - 1)
        whole = counted[place, np.maximum(last, first)] - counted[place, first]
        return np.asarray(whole / np.maximum(last - first, 1), dtype=np.float64)


def _spans(places: Sequence[int], least: float) -> IntArray:
    """Return (K, 2) every two places that are far enough apart."""
    pairs = [pair for pair in combinations(places, 2) if pair[1] - pair[0] >= least]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _pieces(values: NDArray[np.float32]) -> FloatArray:
    """Return the mean of each piece of each row."""
    n = values.shape[1] // PIECE_PX
    whole: FloatArray = values[:, : n * PIECE_PX].reshape(len(values), n, PIECE_PX).mean(axis=2).astype(np.float64)
    return whole


def _counted(held: BoolArray) -> IntArray:
    """Return how many pieces hold from each row's start."""
    return np.pad(np.cumsum(held, axis=1), ((0, 0), (1, 0))).astype(np.int64)


def _beside(pieces: FloatArray, away: range, of_both: np.ufunc) -> FloatArray:
    """Return what is usual so far above and below each row, the less or the more of both."""
    padded = np.pad(pieces, ((away.stop, away.stop), (0, 0)), mode="edge")
    n, middle = len(pieces), away.stop
    above = np.median([padded[middle - k : middle - k + n] for k in away], axis=0)
    below = np.median([padded[middle + k : middle + k + n] for k in away], axis=0)
    return np.asarray(of_both(above, below), dtype=np.float64)


def _apart(one: Box, other: Box) -> bool:
    return one.right <= other.left or other.right <= one.left or one.bottom <= other.top or other.bottom <= one.top
