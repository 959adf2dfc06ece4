"""Straight edges of the still room behind a moving person, gathered while the frames pass by.

A few grey frames are kept over the whole recording; their median shows the room without what moved; its contrast is
evened out, for the edge of a bed in dim light is as straight as a bright one's; and OpenCV's line segment detector
(von Gioi et al. 2012, doi:10.5201/ipol.2012.gjmr-lsd) finds its straight edges.
"""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.series import FloatArray

ByteArray = NDArray[np.uint8]

#: Kept frames: enough for a median that a slow mover does not leave a trace in, few enough to hold for hours.
MAX_FRAMES: Final = 25
#: Longer side of a kept frame; more pixels bring more texture, not more edges.
LONG_SIDE_PX: Final = 640
#: Edges shorter than this share of the diagonal carry no direction worth having.
MIN_LENGTH_SHARE: Final = 0.035
#: Half width of the person around each bone, in shank lengths, and the share of an edge that may lie inside.
PERSON_RADIUS_SHANKS: Final = 0.30
MAX_SHARE_ON_PERSON: Final = 0.5

#: How far contrast is evened out (limit of the local histogram's slope, tiles): twice at most, or noise becomes edges.
CONTRAST_LIMIT: Final = 2.0
CONTRAST_TILES: Final = (8, 8)

#: A camera is as still as this share of the corners: the others may lie on people who move.
STILL_CORNERS: Final = 0.3

#: A corner that is followed into another frame and back ends where it began, pixels of a small frame.
MAX_ASTRAY_PX = 0.5
_N_MOTION_FRAMES = 8
_SAMPLES_PER_EDGE = 9


class StillRoom:
    """The room behind the person, from at most `MAX_FRAMES` small grey frames spread over the recording.

    Memory stays flat: when full, every second frame is dropped and from then on half as many are kept.

    Examples
    --------
    >>> picture = np.full((480, 640, 3), 200, np.uint8)
    >>> picture[:, :300] = 40  # an upright edge
    >>> room = StillRoom()
    >>> for n in range(3):
    ...     room.add(picture, n / 30)
    >>> edges_px = room.find_edges(np.empty((0, 2, 2)), float("nan"))
    >>> room.n_kept, edges_px[:, [0, 2]].round(-1).tolist()
    (3, [[300.0, 300.0]])
    >>> room.camera_motion_px(np.empty((0, 2, 2)), float("nan"))  # too few corners
    nan
    """

    def __init__(self) -> None:
        self._frames: list[ByteArray] = []
        self._stride = 1
        self._n_seen = 0
        self._frame_size_px: tuple[int, int] | None = None

    def add(self, rgb: ByteArray, time_s: float) -> None:
        """Look at the next frame; most are only counted.

        Parameters
        ----------
        rgb : (height, width, 3) upright picture; frames of another size than the first are passed over.
        time_s : when it was taken; frames without a finite time are passed over.
        """
        height, width = rgb.shape[:2]
        if not np.isfinite(time_s) or (self._frame_size_px or (width, height)) != (width, height):
            return
        self._frame_size_px = (width, height)
        if self._n_seen % self._stride == 0:
            if len(self._frames) == MAX_FRAMES:
                self._frames = self._frames[::2]
                self._stride *= 2
            if self._n_seen % self._stride == 0:
                self._frames.append(_small_grey(rgb))
        self._n_seen += 1

    @property
    def n_kept(self) -> int:
        """How many frames are kept at the moment."""
        return len(self._frames)

    def find_edges(self, person_px: FloatArray, shank_px: float) -> FloatArray:
        """Return the straight edges of the room, those on people left out.

        Parameters
        ----------
        person_px : (K, 2, 2) bones of people at one or several times, both ends as x, y in pixels of the upright
            picture; bones with a NaN are passed over.
        shank_px : length of a shank in pixels, the measure of how thick the person is; NaN counts as one sixth of the
            picture's longer side.

        Returns
        -------
        (N, 4) x1, y1, x2, y2 in pixels of the upright picture, longest first; (0, 4) where nothing was seen.
        """
        if self._frame_size_px is None:
            return np.empty((0, 4))
        plate = cv2.createCLAHE(CONTRAST_LIMIT, CONTRAST_TILES).apply(self._plate())
        found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(plate)[0]
        if found is None or len(found) == 0:
            return np.empty((0, 4))
        small = np.asarray(found, dtype=np.float64).reshape(-1, 4)
        length = np.hypot(small[:, 2] - small[:, 0], small[:, 3] - small[:, 1])
        small = small[np.argsort(-length, kind="stable")]
        small = small[np.sort(length)[::-1] > MIN_LENGTH_SHARE * np.hypot(*plate.shape)]
        mask = self._person_mask(person_px, shank_px, plate.shape)
        # from pixel centres to the corner of the picture, as landmarks are given
        off = small[_share_inside(small, mask) < MAX_SHARE_ON_PERSON]
        return np.asarray((off + 0.5) / self._shrink, dtype=np.float64)

    def camera_motion_px(self, person_px: FloatArray, shank_px: float) -> float:
        """Return how far the background strays from its median place, in pixels of the upright picture.

        Corners of the room are followed from the median picture into up to eight kept frames; the distance that most
        corners exceed, taken at the worst frame but one: a camera that moves takes all of them along, people who move
        only theirs. A camera on a tripod stays below about half a pixel of a small frame; NaN where the room shows too
        few corners or fewer than two frames were kept.
        """
        if self._frame_size_px is None or len(self._frames) < 2:
            return float("nan")
        plate = self._plate()
        free = cv2.bitwise_not(self._person_mask(person_px, shank_px, plate.shape))
        corners = cv2.goodFeaturesToTrack(plate, 80, 0.02, 12, mask=free)
        if corners is None or len(corners) < 6:
            return float("nan")
        picks = np.unique(np.linspace(0, len(self._frames) - 1, _N_MOTION_FRAMES).astype(int))
        moved = [_common_shift_px(plate, self._frames[i], corners) for i in picks]
        seen = sorted(m for m in moved if np.isfinite(m))
        if not seen:
            return float("nan")
        return float(seen[max(len(seen) - 2, 0)] / self._shrink)

    @property
    def _shrink(self) -> float:
        assert self._frame_size_px is not None
        return min(1.0, LONG_SIDE_PX / max(self._frame_size_px))

    def _plate(self) -> ByteArray:
        # the middle of the sorted frames, without the float copy that np.median would make
        middle = len(self._frames) // 2
        return np.ascontiguousarray(np.partition(np.stack(self._frames), middle, axis=0)[middle])

    def _person_mask(self, person_px: FloatArray, shank_px: float, shape: Sequence[int]) -> ByteArray:
        assert self._frame_size_px is not None
        shank = shank_px if np.isfinite(shank_px) else max(self._frame_size_px) / 6
        thickness = int(max(12, 2 * PERSON_RADIUS_SHANKS * shank * self._shrink))
        mask = np.zeros(shape[:2], np.uint8)
        bones = np.asarray(person_px, dtype=np.float64).reshape(-1, 4) * self._shrink
        limit = 4.0 * max(shape)
        for x1, y1, x2, y2 in bones[np.isfinite(bones).all(1) & (np.abs(bones) < limit).all(1)]:
            cv2.line(mask, (round(x1), round(y1)), (round(x2), round(y2)), 255, thickness)
        return mask


def _small_grey(rgb: ByteArray) -> ByteArray:
    scale = LONG_SIDE_PX / max(rgb.shape[:2])
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else rgb
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _share_inside(edges_px: FloatArray, mask: ByteArray) -> FloatArray:
    """Return the share (N,) of each edge that lies on the mask."""
    t = np.linspace(0, 1, _SAMPLES_PER_EDGE)[:, None]
    points = edges_px[:, None, :2] * (1 - t) + edges_px[:, None, 2:] * t
    x = points[..., 0].round().astype(int).clip(0, mask.shape[1] - 1)
    y = points[..., 1].round().astype(int).clip(0, mask.shape[0] - 1)
    return np.asarray((mask[y, x] > 0).mean(-1), dtype=np.float64)


def _common_shift_px(plate: ByteArray, frame: ByteArray, corners: NDArray[np.float32]) -> float:
    found, there, _ = cv2.calcOpticalFlowPyrLK(plate, frame, corners, None, winSize=(15, 15), maxLevel=3)
    again, back, _ = cv2.calcOpticalFlowPyrLK(frame, plate, found, None, winSize=(15, 15), maxLevel=3)
    # a corner of somebody who has gone, or who stands before one, leads anywhere and not back
    returned = np.hypot(*(again - corners).reshape(-1, 2).T) < MAX_ASTRAY_PX
    ok = (there.ravel() == 1) & (back.ravel() == 1) & returned
    if ok.sum() < 6:
        return float("nan")
    return float(np.quantile(np.hypot(*(found - corners).reshape(-1, 2)[ok].T), STILL_CORNERS))
