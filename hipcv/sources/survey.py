"""What a recording shows beside the test, gathered while its frames pass by: cuts, and screens around the picture."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.sources.cuts import find_stretches, small_grey
from hipcv.sources.edges import LONG_SIDE_PX
from hipcv.sources.same_scene import same_scene
from hipcv.sources.stills import encode_still
from hipcv.sources.within import Box, find_pictures

ByteArray = NDArray[np.uint8]

#: Pictures a second that cuts are looked for in.
CUTS_HZ: Final = 8.0
#: Pictures a second that are kept to look at later, and how many at most.
KEPT_HZ: Final = 2.0
MAX_KEPT: Final = 120
#: Pictures that lines around the picture are looked for in.
N_LOOKED_AT: Final = 10


class Survey:
    """A recording at a glance: small pictures of it, from its first frame to its last.

    Memory stays flat: when full, every second picture is dropped and from then on half as many are kept.

    Examples
    --------
    >>> noise = np.random.default_rng(0)
    >>> survey = Survey()
    >>> for n in range(60):
    ...     survey.add(noise.integers(90, 160, (48, 64, 3)).astype(np.uint8), n / 30)
    >>> survey.stretches(), survey.boxes(), len(survey.pictures(0.0, 1.0, 6))
    ([(0.0, inf)], [], 2)
    """

    def __init__(self) -> None:
        self._small: list[tuple[float, ByteArray]] = []
        self._kept: list[tuple[float, bytes]] = []
        self._next_small_s = self._next_kept_s = float("-inf")
        self._every_s = 1 / KEPT_HZ
        self._scale = 1.0

    def add(self, rgb: ByteArray, time_s: float) -> None:
        """Look at the next frame, (height, width, 3) upright; most are passed over."""
        if time_s >= self._next_small_s:
            # a little sooner, for frames that come on a raster of the same rate
            self._next_small_s = time_s + 0.75 / CUTS_HZ
            self._small.append((time_s, small_grey(rgb)))
        if time_s < self._next_kept_s:
            return
        if len(self._kept) == MAX_KEPT:
            self._kept, self._every_s = self._kept[::2], 2 * self._every_s
        self._next_kept_s = time_s + 0.999 * self._every_s
        self._scale = min(1.0, LONG_SIDE_PX / max(rgb.shape[:2]))
        if self._scale < 1:
            shrunk = cv2.resize(rgb, None, fx=self._scale, fy=self._scale, interpolation=cv2.INTER_AREA)
            rgb = np.asarray(shrunk, dtype=np.uint8)
        self._kept.append((time_s, encode_still(rgb)))

    @property
    def length_s(self) -> float:
        """The second of the last picture; 0 before the first."""
        return self._small[-1][0] if self._small else 0.0

    def stretches(self) -> list[tuple[float, float]]:
        """Return the parts between cuts, from and to in true seconds; the last one ends at infinity."""
        return find_stretches([picture for _, picture in self._small], np.array([time_s for time_s, _ in self._small]))

    def boxes(self) -> list[Box]:
        """Return the pictures within the picture, in pixels of the frames that were added; none where it is all."""
        picks = np.unique(np.linspace(0, len(self._kept) - 1, min(len(self._kept), N_LOOKED_AT)).astype(int))
        grey = [cv2.imdecode(np.frombuffer(self._kept[k][1], np.uint8), cv2.IMREAD_GRAYSCALE) for k in picks]
        return [self._full_size(box) for box in find_pictures([np.asarray(one, dtype=np.uint8) for one in grey])]

    def pictures(self, from_s: float, to_s: float, n: int) -> list[ByteArray]:
        """Return at most `n` of the small pictures, (height, width, 3) each, spread over some seconds."""
        return [rgb for _, rgb in self.timed_pictures(from_s, to_s, n)]

    def timed_pictures(self, from_s: float, to_s: float, n: int) -> list[tuple[float, ByteArray]]:
        """Return the same with the second of each.

        Examples
        --------
        >>> survey = Survey()
        >>> survey.add(np.zeros((48, 64, 3), np.uint8), 0.5)
        >>> [(time_s, rgb.shape) for time_s, rgb in survey.timed_pictures(0.0, 1.0, 6)]
        [(0.5, (48, 64, 3))]
        """
        inside = [one for one in self._kept if from_s <= one[0] < to_s]
        picks = np.unique(np.linspace(0, len(inside) - 1, min(len(inside), n)).astype(int))
        return [(inside[k][0], _unpack(inside[k][1])) for k in picks]

    def same_scene_at(self, cut_s: float) -> bool:
        """Whether the pictures before and after a cut show one scene, from a camera that was moved between them.

        Examples
        --------
        >>> survey = Survey()
        >>> survey.add(np.zeros((48, 64, 3), np.uint8), 0.5)
        >>> survey.same_scene_at(1.0)
        False
        """
        before = [packed for time_s, packed in self._kept if time_s < cut_s]
        after = [packed for time_s, packed in self._kept if time_s >= cut_s]
        return bool(before and after) and same_scene(_unpack(before[-1]), _unpack(after[0]))

    def _full_size(self, box: Box) -> Box:
        left, top, right, bottom = (round(at / self._scale) for at in (box.left, box.top, box.right, box.bottom))
        return Box(left, top, right, bottom)


def _unpack(packed: bytes) -> ByteArray:
    bgr = cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
