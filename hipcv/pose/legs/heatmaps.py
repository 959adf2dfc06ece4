"""Knees and ankles out of the landmark network's heat maps, by geometry instead of by label.

The network finds joints, but not always whose they are (seen from the foot end never), and the landmarks that it
regresses are pulled off the limb. Its heat maps are not: peaks for knees and for ankles are joined to two plausible
lower legs.

Coordinates here are crop pixels: the square region of interest scaled to 256 by 256, turned so that relaxed shanks
point down.
"""

from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from hipcv.core.series import ANKLES, KNEES, FloatArray, IntArray

MapArray = NDArray[np.floating]

#: Side of the network's input and of one heat-map cell in crop pixels; cell i is centred on pixel 4 i + 1.5.
CROP_PX = 256
CELL_PX = 4.0
CELL_CENTRE_PX = 1.5
#: Peaks kept for each kind of joint, and the least height of one.
MAX_PEAKS = 5
MIN_PEAK = 0.05
#: A lower leg is longer than this in the crop and leans less than this.
MIN_SHANK_PX = 22.0
MAX_LEAN_DEG = 75.0


@dataclass(frozen=True, slots=True, eq=False)
class LegPair:
    """Two lower legs in one crop, ordered from left to right of the crop.

    knees_px, ankles_px : (2, 2) crop pixels; peaks : (2, 2) heights of knee and ankle peak of each leg, 0 to 1;
    support : (2,) mean of the silhouette along each shank, 0 to 1.
    """

    knees_px: FloatArray
    ankles_px: FloatArray
    peaks: FloatArray
    support: FloatArray

    @property
    def shanks_px(self) -> FloatArray:
        """Length of each shank (2,), crop pixels."""
        lengths: FloatArray = np.linalg.norm(self.ankles_px - self.knees_px, axis=1)
        return lengths

    def quality(self, presence: float) -> float:
        """Return how much this looks like two lower legs, 0 to 1.

        Examples
        --------
        >>> knees, ankles = np.array([[80.0, 100.0], [170.0, 100.0]]), np.array([[80.0, 180.0], [170.0, 180.0]])
        >>> pair = LegPair(knees, ankles, np.full((2, 2), 0.35), np.full(2, 0.8))
        >>> round(pair.quality(1.0), 6), round(pair.quality(0.5), 6)
        (1.0, 0.5)
        """
        balance = float(np.exp(-abs(np.log(self.shanks_px[0] / self.shanks_px[1]))))
        parts = (presence, self.peaks.min() / 0.35, self.support.min() / 0.8, balance)
        return float(np.prod([min(1.0, max(0.0, float(part))) for part in parts]))


def cell_of(points_px: FloatArray) -> IntArray:
    """Return row and column (…, 2) of the heat-map cell nearest to crop points (…, 2), inside the map.

    Examples
    --------
    >>> cell_of(np.array([[1.5, 5.5], [999.0, -4.0]])).tolist()
    [[1, 0], [0, 63]]
    """
    cells = np.clip(np.rint((points_px - CELL_CENTRE_PX) / CELL_PX), 0, 63).astype(np.int64)
    return np.asarray(cells[..., ::-1])


def joint_maps(heat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the knees' and the ankles' map (64, 64), left and right joined, from logits (64, 64, 39).

    Examples
    --------
    >>> knees, ankles = joint_maps(np.zeros((64, 64, 39)))
    >>> knees.shape, float(ankles[0, 0])
    ((64, 64), 0.5)
    """
    knees, ankles = (1.0 / (1.0 + np.exp(-heat[..., list(rows)].max(axis=-1))) for rows in (KNEES, ANKLES))
    return knees, ankles


def find_peaks(heat: MapArray) -> FloatArray:
    """Return (P, 3) peaks x, y in crop pixels and height, highest first, each to a fraction of a cell.

    Examples
    --------
    >>> heat = np.zeros((64, 64))
    >>> heat[20, 10:12] = 0.8  # between two cells
    >>> find_peaks(heat).round(2).tolist(), find_peaks(np.zeros((64, 64))).shape
    ([[43.5, 81.5, 0.8]], (0, 3))
    """
    smooth = cv2.GaussianBlur(heat, (5, 5), 0.6, borderType=cv2.BORDER_REFLECT)
    top = (cv2.dilate(smooth, np.ones((5, 5), np.uint8)) == smooth) & (smooth > MIN_PEAK)
    rows, columns = np.nonzero(top)
    peaks: list[tuple[float, float, float]] = []
    for i in np.argsort(-smooth[rows, columns], kind="stable"):
        peak = refine_peak(heat, columns[i], rows[i])
        # two cells of one height are one peak between them
        if all(np.hypot(peak[0] - other[0], peak[1] - other[1]) > CELL_PX for other in peaks):
            peaks.append(peak)
    return np.array(peaks[:MAX_PEAKS]).reshape(-1, 3)


def refine_peak(heat: MapArray, column: int, row: int, reach: int = 3) -> tuple[float, float, float]:
    """Return x, y in crop pixels and the height of the peak around a cell: the centre of what is above 0.3 of it.

    Examples
    --------
    >>> heat = np.zeros((64, 64))
    >>> heat[20, 10:12] = 0.8
    >>> [round(value, 3) for value in refine_peak(heat, 10, 20)]
    [43.5, 81.5, 0.8]
    """
    r0, c0 = max(row - reach, 0), max(column - reach, 0)
    window = heat[r0 : row + reach + 1, c0 : column + reach + 1]
    height = float(window.max())
    weight = np.where(window > 0.3 * height, window, 0.0)
    total = float(weight.sum())
    y = float((weight.sum(axis=1) @ np.arange(r0, r0 + window.shape[0])) / total)
    x = float((weight.sum(axis=0) @ np.arange(c0, c0 + window.shape[1])) / total)
    return CELL_PX * x + CELL_CENTRE_PX, CELL_PX * y + CELL_CENTRE_PX, height


def along(picture: FloatArray, start: FloatArray, stop: FloatArray, n: int = 16) -> float:
    """Return the mean of a picture along a line between two points in its pixels.

    Examples
    --------
    >>> picture = np.zeros((100, 100))
    >>> picture[:50] = 1.0
    >>> start = np.array([10.0, 0.0])
    >>> along(picture, start, np.array([10.0, 40.0])), along(picture, start, np.array([10.0, 99.0]))
    (1.0, 0.5)
    """
    t = np.linspace(0.08, 0.95, n)[:, None]
    points = np.rint(start + t * (stop - start)).astype(int)
    x = np.clip(points[:, 0], 0, picture.shape[1] - 1)
    y = np.clip(points[:, 1], 0, picture.shape[0] - 1)
    return float(picture[y, x].mean())


def pair_legs(knee_peaks: FloatArray, ankle_peaks: FloatArray, mask: FloatArray) -> LegPair | None:
    """Join peaks to the two most plausible lower legs; None where there are no two.

    Parameters
    ----------
    knee_peaks, ankle_peaks : (P, 3) from `find_peaks`.
    mask : (256, 256) silhouette, 0 to 1.

    Examples
    --------
    >>> knees = np.array([[80.0, 100.0, 0.8], [170.0, 100.0, 0.7]])
    >>> ankles = np.array([[175.0, 185.0, 0.6], [75.0, 180.0, 0.9]])
    >>> pair_legs(knees, ankles, np.ones((256, 256))).ankles_px.tolist()
    [[75.0, 180.0], [175.0, 185.0]]
    >>> pair_legs(knees[:1], ankles, np.ones((256, 256))) is None
    True
    """
    legs = []
    for k, knee in enumerate(knee_peaks):
        for a, ankle in enumerate(ankle_peaks):
            d = ankle[:2] - knee[:2]
            length = float(np.hypot(*d))
            if length < MIN_SHANK_PX or abs(np.degrees(np.arctan2(d[0], d[1]))) > MAX_LEAN_DEG:
                continue
            support = along(mask, knee[:2], ankle[:2])
            score = np.log(knee[2]) + np.log(ankle[2]) + 2 * np.log(max(support, 1e-3))
            legs.append((float(score), k, a, length, support))
    best: tuple[float, tuple[int, int], tuple[int, int], tuple[float, float]] | None = None
    for one, two in combinations(legs, 2):
        if one[1] == two[1] or one[2] == two[2]:
            continue
        left, right = sorted((one, two), key=lambda leg: knee_peaks[leg[1], 0])
        if ankle_peaks[left[2], 0] > ankle_peaks[right[2], 0]:  # crossed shanks are one leg seen twice
            continue
        score = one[0] + two[0] - 2 * abs(np.log(one[3] / two[3]))
        if best is None or score > best[0]:
            best = score, (left[1], right[1]), (left[2], right[2]), (left[4], right[4])
    if best is None:
        return None
    _, knees, ankles, support_of = best
    return LegPair(
        knees_px=knee_peaks[list(knees), :2],
        ankles_px=ankle_peaks[list(ankles), :2],
        peaks=np.stack([knee_peaks[list(knees), 2], ankle_peaks[list(ankles), 2]], axis=1),
        support=np.array(support_of),
    )
