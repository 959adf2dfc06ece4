"""Pictures that were seen before: what stands still is looked at in every view twice, and no more (METHOD S6).

A leg that rests or is held shows the network the same picture over and over. From its twelfth frame on nothing new is
to be seen in it, and the looks that were taken stand for all that follow.
"""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.pose.legs.looking import N_VIEWS, Views, look_at, raster
from hipcv.pose.legs.network import Looker, Region

ByteArray = NDArray[np.uint8]

#: A square is compared in so many cells a side, field by field of so many cells a side.
CELLS, FIELD = 64, 4
#: A field shows the same where it differs by no more than its edges would, moved by this share of a cell: an ankle at
#: the end of a shank of 20 cells by half a degree. In the pictures of 32 rendered clips that pass for the same, legs
#: differ by 0.01° in the mean and by 0.8° at most (truth).
MOVED_CELLS = 0.2
#: ... or by no more than noise and compression do, levels of 255, lightness and both colours together.
NOISE_LEVELS = 5.0
#: A picture is looked at so many times in each view: a hold of 1.5 s has a look of its own in each of its frames.
LOOKS_OF_A_VIEW = 2
#: So many pictures are remembered, the latest ones.
N_REMEMBERED = 48


@dataclass(slots=True, eq=False)
class Picture:
    """What frames that show the same have in common.

    cells : the square (64, 64, 3) in the first of them; looks : the looks at it, by their view's number.
    """

    cells: ByteArray
    looks: dict[int, list[Views]] = field(default_factory=lambda: defaultdict(list))
    _tolerance: NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        self._tolerance = np.maximum(NOISE_LEVELS, MOVED_CELLS * _fields(_steepness(self.cells)))

    def is_shown_by(self, cells: ByteArray) -> bool:
        """Whether a frame's square (64, 64, 3) is this picture.

        Examples
        --------
        >>> cells = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
        >>> picture = Picture(cells)
        >>> picture.is_shown_by(cells), picture.is_shown_by(np.roll(cells, 1, axis=1))
        (True, False)
        """
        return bool((_fields(cv2.absdiff(cells, self.cells)) <= self._tolerance).all())


class SeenBefore:
    """The looks at one square of a clip: at what is new in its frames.

    Parameters
    ----------
    region : the square.
    network : what looks.
    known : first looks that have been taken already, by their frames' times in seconds.
    looks_of_a_view : how often a picture is looked at in each view; None: in every frame that shows it.

    Examples
    --------
    >>> from hipcv.pose.legs.network import Look
    >>> crops = []
    >>> def network(crop):
    ...     crops.append(crop)
    ...     return Look(np.zeros((39, 2)), np.zeros((33, 3)), 0.9, np.ones((256, 256)), np.full((64, 64, 39), -9.0))
    >>> seen = SeenBefore(Region(128.0, 128.0, 256.0, 0.0), network)
    >>> still = np.random.default_rng(0).integers(0, 255, (256, 256, 3)).astype(np.uint8)
    >>> looks = [seen.first_look(still, seen.cells(still), k / 8) for k in range(40)]
    >>> len(crops), looks[0] is looks[12]  # two looks in each of six views
    (12, True)
    """

    def __init__(
        self,
        region: Region,
        network: Looker,
        known: Mapping[float, Views] = MappingProxyType({}),
        looks_of_a_view: int | None = LOOKS_OF_A_VIEW,
    ) -> None:
        self.region = region
        self._network, self._most = network, looks_of_a_view
        self._known = dict(known)
        self._seconds: dict[int, Views] = {}
        self._pictures: deque[Picture] = deque(maxlen=N_REMEMBERED)

    def cells(self, rgb: ByteArray) -> ByteArray:
        """Return the square of a frame in 64 by 64 cells, lightness and both colours of CIELAB."""
        small = cv2.resize(self.region.cut(rgb), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), np.uint8)

    def first_look(self, rgb: ByteArray, cells: ByteArray, time_s: float) -> Views:
        """Return the first look at a frame, whose time picks the view: an earlier one where nothing new is to be seen.

        Parameters
        ----------
        rgb, cells : the frame, and its `cells`.
        """
        shown = next((one for one in reversed(self._pictures) if one.is_shown_by(cells)), None)
        if shown is None:
            shown = Picture(cells)
            self._pictures.append(shown)
        k = raster(time_s)
        looks = shown.looks[k % N_VIEWS]
        if time_s in self._known:
            looks.append(self._known[time_s])
        elif self._most is None or len(looks) < self._most:
            looks.append(look_at(rgb, self.region, self._network, k))
        else:  # the one that has waited longest
            looks.append(looks.pop(0))
        self._known[time_s] = looks[-1]
        return looks[-1]

    def begin_again(self) -> None:
        """Forget the pictures, not the looks at the frames that were looked at: the clip comes once more.

        Examples
        --------
        >>> look = Views(np.zeros((3, 64, 64), np.float32), 1.0, ())
        >>> seen = SeenBefore(Region(24.0, 24.0, 48.0, 0.0), lambda crop: None, {0.0: look})
        >>> seen.begin_again()
        >>> frame = np.zeros((48, 48, 3), np.uint8)
        >>> seen.first_look(frame, seen.cells(frame), 0.0) is look
        True
        """
        self._pictures.clear()

    def look_again(self, first: Views, rgb: ByteArray, time_s: float) -> Views:
        """Return what a first look and a second one show together; frames that share the first share the second.

        Examples
        --------
        >>> from hipcv.pose.legs.network import Look
        >>> blank = Look(np.zeros((39, 2)), np.zeros((33, 3)), 0.95, np.ones((256, 256)), np.full((64, 64, 39), -9.0))
        >>> seen = SeenBefore(Region(24.0, 24.0, 48.0, 0.0), lambda crop: blank)
        >>> first = Views(np.zeros((3, 64, 64), np.float32), 1.0, ())
        >>> frame = np.zeros((48, 48, 3), np.uint8)
        >>> both = seen.look_again(first, frame, 0.0)
        >>> both.weight, seen.look_again(first, frame, 1.0) is both
        (2.0, True)
        """
        if id(first) not in self._seconds:
            second = look_at(rgb, self.region, self._network, raster(time_s), again=True)
            self._seconds[id(first)] = first + second
        return self._seconds[id(first)]


def _fields(levels: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean over each field (16, 16) of three channels' sum (64, 64, 3)."""
    small = cv2.resize(levels.astype(np.float32), (CELLS // FIELD, CELLS // FIELD), interpolation=cv2.INTER_AREA)
    return np.asarray(small.sum(axis=-1), np.float32)


def _steepness(cells: ByteArray) -> NDArray[np.float32]:
    """Return by how much each cell would change if the picture moved by one cell (64, 64, 3), levels of 255."""
    levels = cells.astype(np.float32)
    across, along = (np.abs(cv2.Scharr(levels, cv2.CV_32F, *way)) / 32 for way in ((1, 0), (0, 1)))
    return np.asarray(np.maximum(across, along), np.float32)
