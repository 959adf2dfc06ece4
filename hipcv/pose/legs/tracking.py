"""Both lower legs over a whole clip (METHOD S8, S15).

Knees stay; ankles lie on a path that is never left faster than a leg swings.

Coordinates are crop pixels of the clip's fixed region (256 by 256, turned so that relaxed shanks point down); T frames,
legs ordered from left to right of the crop. A single frame may show a hand, a shadow or the other foot as the better
ankle; the path over the clip does not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from hipcv.core.motion.filtering import local_lines, median_of
from hipcv.core.series import FloatArray, IntArray
from hipcv.pose.legs.heatmaps import CELL_CENTRE_PX, CELL_PX, CROP_PX, MapArray, cell_of, find_peaks, refine_peak

#: Angles searched for each shank, degrees outwards from straight down in the crop.
ANGLES_DEG = np.arange(-24.0, 80.1, 1.5)
#: ... where the foot also swings inwards: as far as external rotation goes, 49.7° + 1.96 × 10.4° (Czuppon 2017, women).
#: Only then, for the ankle of another leg that rests lies in this range.
BOTH_WAYS_DEG = np.arange(-72.0, 80.1, 1.5)
#: Distance of the ankle from the knee, in shank lengths. A camera looking down shortens a shank that leans out.
RADII = np.linspace(0.70, 1.25, 12)
#: This many shank lengths beside a leg's middle there is no leg; how much that says against the ankle's height.
FLANK_SHANKS, FLANK_WEIGHT = 0.26, 3.0
#: Leg is there along the whole path: how much its weakest third says, of so many places looked at.
GAP_WEIGHT, N_ALONG = 3.0, 12
#: Frames whose maps are read at once.
AT_ONCE = 64
#: No voluntary swing is faster.
MAX_SPEED_DEG_S = 200.0
#: The ankle's peak is looked for within this many shank lengths of the path.
PEAK_REACH = 0.13
#: ... and no further beside it than this share of the shank, 7°.
MAX_ASIDE = 0.12
#: A peak of this height is clear.
CLEAR_PEAK = 0.35
#: Ankles nearer than this to each other, in shank lengths, are one peak.
ONE_ANKLE = 0.16
#: A leg that is doubted no more than this is seen clearly (`doubt`).
CLEAR_DOUBT = 1.6
#: A knee is looked for within this many shank lengths of where it was, and followed when it strays further than that.
KNEE_REACH, DRIFT_SHANKS = 0.40, 0.10
#: ... and is where the colour is that of legs, seen in at least this share of the frames.
MIN_LIKENESS, MIN_SEEN_SHARE = 0.5, 0.5
#: It is followed sideways, where a thigh swings; along a standing shank, where its peak slides, no further than this.
MAX_SLIDE_SHANKS = 0.15
#: Smoothing of a knee that is followed, seconds; ankles are never smoothed.
SMOOTH_S = 0.10


@dataclass(frozen=True, slots=True, eq=False)
class LegPath:
    """One lower leg over T frames, crop pixels.

    knee_px : (T, 2); ankle_px : (T, 2); angle_deg : (T,) outwards from straight down; peak : (T,) height of the ankle's
    peak, 0 to 1; margin : (T,) how much better the path's score is than the best one elsewhere (log units).
    """

    knee_px: FloatArray
    ankle_px: FloatArray
    angle_deg: FloatArray
    peak: FloatArray
    margin: FloatArray


def settle_knees(mean_knee_map: MapArray, first_px: FloatArray, shank_px: float) -> FloatArray:
    """Return (2, 2) the knees: peaks of the clip's mean map near the first guess (2, 2).

    Examples
    --------
    >>> heat = np.zeros((64, 64))
    >>> heat[20, 20] = 0.8
    >>> settle_knees(heat, np.array([[80.0, 80.0], [170.0, 80.0]]), 80.0).tolist()
    [[81.5, 81.5], [170.0, 80.0]]
    """
    peaks = find_peaks(mean_knee_map)
    settled = first_px.copy()
    for leg in range(2):
        if len(peaks):
            away = np.linalg.norm(peaks[:, :2] - first_px[leg], axis=1)
            if away.min() < 0.25 * shank_px:
                settled[leg] = peaks[away.argmin(), :2]
    return settled


def track_knees(
    knee_maps: MapArray, time_s: FloatArray, first_px: FloatArray, shank_px: float, legs: MapArray | None = None
) -> FloatArray:
    """Return (T, 2, 2) the knees, where the clip's mean map has them, moving along where a thigh drifts.

    A knee's own peak wanders by a few pixels with the swing of the shank; it is followed only when it strays further
    than that (`DRIFT_SHANKS`).

    Parameters
    ----------
    knee_maps : (T, 64, 64) 0 to 1.
    first_px : (2, 2) first guess.
    legs : (T, 64, 64) how much each cell has the legs' colour, where known.

    Examples
    --------
    >>> maps = np.zeros((3, 64, 64))
    >>> maps[:, 20, 20] = maps[:, 20, 42] = 0.8
    >>> track_knees(maps, np.arange(3) / 30, np.array([[80.0, 80.0], [170.0, 80.0]]), 80.0)[0].tolist()
    [[81.5, 81.5], [169.5, 81.5]]
    """
    still = settle_knees(np.asarray(knee_maps.mean(axis=0)), first_px, shank_px)
    tracked = np.repeat(still[None], len(knee_maps), axis=0)
    reach = max(3, round(KNEE_REACH * shank_px / CELL_PX))
    for leg in range(2):
        row, column = cell_of(still[leg])
        top, left = max(row - reach, 0), max(column - reach, 0)
        seen = np.full((len(knee_maps), 2), np.nan)
        for t, heat in enumerate(knee_maps):
            window = heat[top : row + reach + 1, left : column + reach + 1]
            if window.max() >= CLEAR_PEAK:
                y, x = np.unravel_index(window.argmax(), window.shape)
                peak = refine_peak(heat, left + int(x), top + int(y))
                if legs is None or _around(legs[t], peak) >= MIN_LIKENESS:
                    seen[t] = peak[:2]
        own = np.array([median_of(seen[:, axis]) for axis in (0, 1)])
        calm = np.stack([median_filter_nan(seen[:, axis], 5) for axis in (0, 1)], axis=-1)
        stray = np.linalg.norm(calm - own, axis=1)
        clear = np.isfinite(seen[:, 0]).mean() >= MIN_SEEN_SHARE and np.isfinite(stray).any()
        if clear and np.nanpercentile(stray, 95) > DRIFT_SHANKS * shank_px:
            for axis in (0, 1):
                known = np.isfinite(calm[:, axis])
                moved = np.interp(time_s, time_s[known], calm[known, axis]) - own[axis]
                if axis == 1:
                    moved = np.clip(moved, -MAX_SLIDE_SHANKS * shank_px, MAX_SLIDE_SHANKS * shank_px)
                tracked[:, leg, axis] = still[leg, axis] + local_lines(time_s, moved, SMOOTH_S)[0]
    return tracked


def _around(picture: MapArray, point: tuple[float, ...]) -> float:
    """Return the greatest value of a map in the nine cells around a point of the crop."""
    row, column = cell_of(np.array(point[:2]))
    return float(picture[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].max())


def median_filter_nan(values: FloatArray, width: int) -> FloatArray:
    """Return the running median over `width` samples, NaN left out; NaN where nothing is known.

    Examples
    --------
    >>> median_filter_nan(np.array([1.0, np.nan, 9.0, 1.0, np.nan, np.nan, np.nan]), 3).tolist()
    [1.0, 5.0, 5.0, 5.0, 1.0, nan, nan]
    """
    padded = np.pad(values, width // 2, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)
    return np.array([median_of(w) for w in windows])


def outward(leg: int) -> float:
    """Return the crop's horizontal direction that is outwards for a leg: the left one to the left.

    Examples
    --------
    >>> outward(0), outward(1)
    (-1.0, 1.0)
    """
    return -1.0 if leg == 0 else 1.0


def polar_scores(
    ankle_maps: MapArray,
    masks: MapArray,
    knee_px: FloatArray,
    shank_px: float,
    leg: int,
    angles_deg: FloatArray = ANGLES_DEG,
) -> FloatArray:
    """Return (T, A) log scores of every angle of `angles_deg`: an ankle at its end, leg along it and less beside it.

    Parameters
    ----------
    ankle_maps : (T, 64, 64) 0 to 1.
    masks : (T, M, M) where leg may be, 0 to 1, any size.
    knee_px : (T, 2).

    Examples
    --------
    >>> ankle_maps = np.zeros((1, 64, 64))
    >>> ankle_maps[0, 40, 20] = 1.0  # straight below the knee
    >>> scores = polar_scores(ankle_maps, np.ones((1, 64, 64)), np.array([[81.5, 81.5]]), 80.0, 0)
    >>> scores.shape, float(ANGLES_DEG[scores[0].argmax()])
    ((1, 70), 0.0)
    """
    turn = np.radians(angles_deg)
    direction = np.stack([outward(leg) * np.sin(turn), np.cos(turn)], -1)
    places = shank_px * RADII[None, :, None] * direction[:, None, :]
    steps = shank_px * np.linspace(0.15, 0.95, N_ALONG)[None, :, None] * direction[:, None, :]
    across = np.stack([-direction[:, 1], direction[:, 0]], -1)
    low = shank_px * np.linspace(0.4, 0.95, 9)[None, :, None] * direction[:, None, :]
    flanks = np.concatenate([low + sign * FLANK_SHANKS * shank_px * across[:, None, :] for sign in (-1, 1)], axis=1)
    scores = np.empty((len(ankle_maps), len(angles_deg)))
    for first in range(0, len(ankle_maps), AT_ONCE):
        at = slice(first, first + AT_ONCE)
        knee = knee_px[at, None, None]
        ankle = _read_maps(ankle_maps[at], (knee + places - CELL_CENTRE_PX) / CELL_PX, cv2.BORDER_CONSTANT).max(axis=2)
        scale = masks.shape[-1] / CROP_PX
        person = _read_maps(masks[at], (knee + steps) * scale - 0.5, cv2.BORDER_REPLICATE)
        around = _read_maps(masks[at], (knee + flanks) * scale - 0.5, cv2.BORDER_REPLICATE).mean(axis=2)
        inside = person.mean(axis=2)
        weakest = np.sort(person, axis=2)[..., : N_ALONG // 3].mean(axis=2)
        scores[at] = np.log(ankle + 0.01) + np.log(inside + 0.05)
        scores[at] += FLANK_WEIGHT * (inside - around) + GAP_WEIGHT * weakest
    return scores


def _read_maps(maps: FloatArray | MapArray, cells: FloatArray, outside: int) -> FloatArray:
    """Return (T, A, P) what each of (T, M, M) maps says at its places (T, A, P, 2), columns and rows of cells."""
    return np.stack([_read_map(one, at, outside) for one, at in zip(maps, cells, strict=True)])


def _read_map(values: FloatArray | MapArray, cells: FloatArray, outside: int) -> FloatArray:
    """Return (A, P) what a map (M, M) says at its places (A, P, 2), columns and rows of cells, in between by lines."""
    x, y = np.moveaxis(cells.astype(np.float32), -1, 0)
    return np.asarray(cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=outside), np.float64)


def best_path(scores: FloatArray, time_s: FloatArray) -> IntArray:
    """Return (T,) the index of the best angle in every frame, never faster than `MAX_SPEED_DEG_S` (Viterbi).

    Examples
    --------
    >>> scores = np.zeros((5, len(ANGLES_DEG)))
    >>> scores[:, 20] = 5.0
    >>> scores[2, 20], scores[2, 60] = 0.0, 6.0  # one frame sees a better one far away: no leg is there so fast
    >>> best_path(scores, np.arange(5) / 30).tolist()
    [20, 20, 20, 20, 20]
    """
    n_frames, n_angles = scores.shape
    step = float(ANGLES_DEG[1] - ANGLES_DEG[0])
    total = scores[0].copy()
    came_from = np.zeros((n_frames, n_angles), dtype=np.int64)
    # from the last angle to the first: of two that are as good the later one is taken
    turns = np.subtract.outer(np.arange(n_angles), np.arange(n_angles)[::-1])
    for t in range(1, n_frames):
        reach = max(1, int(np.ceil(MAX_SPEED_DEG_S * (time_s[t] - time_s[t - 1]) / step)))
        # a little stillness is preferred, so that two equal peaks do not alternate
        cost = np.where(np.abs(turns) <= reach, 0.5 * (turns / reach) ** 2, np.inf)
        moved = total[None, ::-1] - cost
        best = moved.argmax(axis=1)
        came_from[t] = n_angles - 1 - best
        total = moved[np.arange(n_angles), best] + scores[t]
    path = np.empty(n_frames, dtype=np.int64)
    path[-1] = int(total.argmax())
    for t in range(n_frames - 1, 0, -1):
        path[t - 1] = came_from[t, path[t]]
    return path


def without_ankle(ankle_maps: MapArray, ankle_px: FloatArray, shank_px: float) -> MapArray:
    """Return the maps (T, 64, 64) without the peak at `ankle_px` (T, 2): one leg's ankle is not the other's.

    Examples
    --------
    >>> rest = without_ankle(np.ones((1, 64, 64)), np.array([[81.5, 161.5]]), 80.0)
    >>> round(float(rest[0, 40, 20]), 3), round(float(rest[0, 40, 45]), 3)
    (0.0, 1.0)
    """
    row, column = np.mgrid[0:64, 0:64]
    x, y = CELL_PX * column + CELL_CENTRE_PX, CELL_PX * row + CELL_CENTRE_PX
    away = np.hypot(x - ankle_px[:, 0, None, None], y - ankle_px[:, 1, None, None])
    reach = ONE_ANKLE * shank_px
    return np.asarray(ankle_maps * (1.0 - np.exp(-0.5 * (away / reach) ** 2)), dtype=ankle_maps.dtype)


#: Scores (T, angles) and times (T,) in; (T,) the index of an angle in every frame out.
BestPath = Callable[[FloatArray, FloatArray], IntArray]


def find_paths(
    ankle_maps: MapArray,
    masks: MapArray,
    time_s: FloatArray,
    knees_px: FloatArray,
    shank_px: float,
    best: BestPath = best_path,
    angles_deg: FloatArray = ANGLES_DEG,
) -> tuple["LegPath", "LegPath"]:
    """Follow both ankles; each is sought again without the other's peak, the surer one first.

    Parameters as in `polar_scores` and `find_path`; `knees_px` (T, 2, 2); `best` finds the angles of a path among
    `angles_deg`.

    Examples
    --------
    >>> maps = np.zeros((3, 64, 64))
    >>> maps[:, 40, 20] = maps[:, 40, 42] = 0.8
    >>> knees_px = np.array([[[81.5, 81.5], [169.5, 81.5]]] * 3)
    >>> left, right = find_paths(maps, np.ones((3, 64, 64)), np.arange(3) / 30, knees_px, 80.0)
    >>> left.ankle_px[0].round(3).tolist(), right.ankle_px[0].round(3).tolist()
    ([81.5, 161.5], [169.5, 161.5])
    """

    def find(maps: MapArray, leg: int) -> LegPath:
        return find_path(maps, masks, time_s, knees_px[:, leg], shank_px, leg, best, angles_deg)

    alone = [find(ankle_maps, leg) for leg in range(2)]
    surer = int(np.median(alone[1].peak) > np.median(alone[0].peak))
    other = 1 - surer
    rest = without_ankle(ankle_maps, alone[surer].ankle_px, shank_px)
    second = find(rest, other)
    rest = without_ankle(ankle_maps, second.ankle_px, shank_px)
    first = find(rest, surer)
    paths = [first, second] if surer == 0 else [second, first]
    if angles_deg[0] < ANGLES_DEG[0]:
        paths = [share_ankle(paths[leg], alone[leg], alone[1 - leg], shank_px) for leg in range(2)]
    return paths[0], paths[1]


def share_ankle(path: LegPath, alone: LegPath, other: LegPath, shank_px: float) -> LegPath:
    """Return a path with the ankle that both legs claim, where nothing else is clear; what two claim is faint for each.

    A foot that passes the other leg covers its ankle, or is covered: there is one peak for both.

    Parameters
    ----------
    path : the leg, sought without the other's ankle.
    alone, other : the leg and the other one, each sought by itself.

    Examples
    --------
    >>> knee, ankle, other_ankle = np.zeros((2, 2)), np.full((2, 2), 80.0), np.array([[82.0, 80.0], [160.0, 80.0]])
    >>> alone = LegPath(knee, ankle, np.full(2, -45.0), np.full(2, 0.8), np.ones(2))
    >>> path = LegPath(knee, ankle - 30.0, np.full(2, -20.0), np.full(2, 0.1), np.ones(2))
    >>> shared = share_ankle(path, alone, LegPath(knee, other_ankle, np.zeros(2), np.ones(2), np.ones(2)), 80.0)
    >>> shared.angle_deg.tolist(), shared.peak.tolist()
    ([-45.0, -20.0], [0.175, 0.1])
    """
    one = np.linalg.norm(alone.ankle_px - other.ankle_px, axis=1) < ONE_ANKLE * shank_px
    take = one & (path.peak < CLEAR_PEAK)
    return LegPath(
        path.knee_px,
        np.where(take[:, None], alone.ankle_px, path.ankle_px),
        np.where(take, alone.angle_deg, path.angle_deg),
        np.where(take, np.minimum(alone.peak, CLEAR_PEAK / 2), path.peak),
        np.where(take, alone.margin, path.margin),
    )


def find_path(
    ankle_maps: MapArray,
    masks: MapArray,
    time_s: FloatArray,
    knee_px: FloatArray,
    shank_px: float,
    leg: int,
    best: BestPath = best_path,
    angles_deg: FloatArray = ANGLES_DEG,
) -> LegPath:
    """Follow one ankle through the clip and place it to a fraction of a heat-map cell.

    Parameters as in `polar_scores`; `time_s` (T,) seconds.

    Examples
    --------
    >>> maps = np.zeros((3, 64, 64))
    >>> maps[:, 40, 20] = 0.8
    >>> path = find_path(maps, np.ones((3, 64, 64)), np.arange(3) / 30, np.full((3, 2), 81.5), 80.0, 0)
    >>> path.ankle_px[0].round(3).tolist(), (path.angle_deg + 0.0).tolist()
    ([81.5, 161.5], [0.0, 0.0, 0.0])
    """
    # for the search only, neighbours in time lend each other their peaks
    lent = ankle_maps.astype(np.float64)
    if len(lent) > 2:
        lent[1:-1] = 0.25 * ankle_maps[:-2] + 0.5 * ankle_maps[1:-1] + 0.25 * ankle_maps[2:]
    scores = polar_scores(lent, masks, knee_px, shank_px, leg, angles_deg)
    path = best(scores, time_s)
    n = len(path)
    ankle_px, peak, margin = np.empty((n, 2)), np.empty(n), np.empty(n)
    reach_cells = max(2, round(PEAK_REACH * shank_px / CELL_PX))
    for t in range(n):
        turn = np.radians(angles_deg[path[t]])
        direction = np.array([outward(leg) * np.sin(turn), np.cos(turn)])
        places = knee_px[t] + shank_px * RADII[:, None] * direction
        cells = np.clip((places - CELL_CENTRE_PX) / CELL_PX, 0, 63)
        values = _read_map(ankle_maps[t], cells[None], cv2.BORDER_REPLICATE)[0]
        on_path = int(values.argmax())
        column, row = np.rint(cells[on_path]).astype(int)
        r0, c0 = max(row - reach_cells, 0), max(column - reach_cells, 0)
        window = ankle_maps[t][r0 : row + reach_cells + 1, c0 : column + reach_cells + 1]
        top = np.unravel_index(window.argmax(), window.shape)
        x, y, peak[t] = refine_peak(ankle_maps[t], c0 + int(top[1]), r0 + int(top[0]))
        ankle_px[t] = x, y
        shank = ankle_px[t] - knee_px[t]
        aside = abs(float(shank @ [direction[1], -direction[0]])) / max(float(np.hypot(*shank)), 1e-9)
        if aside > MAX_ASIDE:  # the skirt of something else's peak
            ankle_px[t], peak[t] = places[on_path], values[on_path]
        elsewhere = np.abs(angles_deg - angles_deg[path[t]]) > 12.0
        margin[t] = scores[t, path[t]] - scores[t, elsewhere].max()
    d = ankle_px - knee_px
    angle = np.degrees(np.arctan2(outward(leg) * d[:, 0], d[:, 1]))
    return LegPath(knee_px, ankle_px, angle, peak, margin)


def share_in_front(mask: MapArray, knees_px: FloatArray, shank_px: float) -> float:
    """Return how much of the place before the knees a person fills, 0 to 1: there lies the trunk seen from its head.

    Seen from the feet the trunk is behind the shanks, and before the knees there is only what the person lies on.

    Parameters
    ----------
    mask : (M, M) the clip's mean silhouette, 0 to 1.
    knees_px : (2, 2).

    Examples
    --------
    >>> mask = np.zeros((64, 64))
    >>> mask[:25] = 1.0  # a trunk before the knees
    >>> knees_px = np.array([[80.0, 110.0], [170.0, 110.0]])
    >>> share_in_front(mask, knees_px, 80.0), share_in_front(0 * mask, knees_px, 80.0)
    (1.0, 0.0)
    """
    cells = mask.shape[-1] / CROP_PX
    left, right = np.sort(knees_px[:, 0]) + np.array([-0.15, 0.15]) * shank_px
    nearest = float(knees_px[:, 1].min())
    across, along = np.meshgrid(
        np.linspace(left, right, 12), np.linspace(nearest - 0.9 * shank_px, nearest - 0.35 * shank_px, 12)
    )
    places = np.stack([across, along], axis=-1) * cells - 0.5
    return float(_read_map(mask, places, cv2.BORDER_REPLICATE).mean())


def doubt(path: LegPath, knee_peak: float, shank_px: float, angles_deg: FloatArray = ANGLES_DEG) -> FloatArray:
    """Return (T,) how many times less sure than usual a shank's direction is, 1 and up.

    It grows where a peak is faint, where another angle is nearly as good, where the shank is much shorter or longer
    than it should be, and where the path runs along the end of the range that was searched (`angles_deg`).

    Examples
    --------
    >>> knee, ankle = np.zeros((2, 2)), np.array([[0.0, 80.0], [0.0, 80.0]])
    >>> path = LegPath(knee, ankle, np.zeros(2), peak=np.array([0.8, 0.1]), margin=np.array([9.0, 9.0]))
    >>> doubt(path, 0.8, 80.0).round(2).tolist()
    [1.0, 2.4]
    """
    faint = np.clip(CLEAR_PEAK / np.maximum(np.minimum(path.peak, knee_peak), 0.02), 1.0, 20.0)
    rival = np.clip(1.0 - path.margin / 1.5, 0.0, 3.0)
    length = np.linalg.norm(path.ankle_px - path.knee_px, axis=1) / shank_px
    stretch = np.clip(np.maximum(0.72 / length, length / 1.22), 1.0, 5.0)
    at_end = (path.angle_deg <= angles_deg[0] + 2) | (path.angle_deg >= angles_deg[-1] - 2)
    times: FloatArray = faint**0.7 * (1.0 + rival) * stretch**3 * np.where(at_end, 4.0, 1.0)
    return times


def doubted_frames(doubts: Sequence[FloatArray]) -> IntArray:
    """Return the frames in which a leg is not seen clearly: they are looked at twice.

    Parameters
    ----------
    doubts : (T,) of each leg (`doubt`).

    Examples
    --------
    >>> doubted_frames([np.array([1.0, 3.0, 1.0]), np.array([1.0, 1.0, 2.0])]).tolist()
    [1, 2]
    """
    return np.flatnonzero(np.max(doubts, axis=0) > CLEAR_DOUBT)
