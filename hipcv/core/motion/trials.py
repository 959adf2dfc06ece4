"""Trials in a curve: rest, swing out, hold, swing back (METHOD T4 to T7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hipcv.core.finding import Finding, Severity
from hipcv.core.motion.filtering import MAX_GAP_S, clean, local_lines, median_of, runs, smooth
from hipcv.core.series import BoolArray, FloatArray
from hipcv.words import Legs, Motion, Side

#: A swing smaller than this is landmark noise or a fidget, not a trial.
MIN_SWING_DEG = 6.0
#: Two swings are two trials when the leg comes back by this share of the swing in between.
RETURN_SHARE = 0.35
#: Rest is read off this long at the beginning and the end, where the leg is seen within so long of it.
REST_S, REST_WITHIN_S = 1 / 3, 1.0
#: A hold is slower than this. A voluntary hold trembles by 1–2°; the slowest swings run at 20°/s.
HOLD_SPEED_DEG_S = 8.0
#: Kernel width of the speed that decides on a hold.
SPEED_SIGMA_S = 0.08
#: A shorter stand-still is the turning point of a swing.
MIN_HOLD_S = 0.4
#: A hold lies within this of the swing's highest value (or a quarter of the swing, whichever is more).
HOLD_BAND_DEG = 4.0


@dataclass(frozen=True, slots=True)
class Trial:
    """One swing of one leg; frame ranges are half-open; angles in degrees.

    All of them count in the direction of its motion: external rotation is positive where the foot swings inwards.
    Without a hold `hold_start` equals `hold_stop` and `end_range_deg` is NaN. `raw_peak_deg` is the highest single
    frame, `filtered_peak_deg` the highest value of the low-passed curve, `end_range_deg` the median over the hold.
    """

    side: Side
    start: int
    stop: int
    hold_start: int
    hold_stop: int
    rest_deg: float
    end_range_deg: float
    raw_peak_deg: float
    filtered_peak_deg: float
    hold_sd_deg: float
    findings: tuple[Finding, ...] = ()
    motion: Motion = Motion.INTERNAL

    @property
    def held(self) -> bool:
        """Whether the end of range was held."""
        return self.hold_stop > self.hold_start

    @property
    def refused(self) -> bool:
        """Whether something was found that takes this swing out of the result."""
        return any(f.severity is Severity.REJECT for f in self.findings)

    @property
    def accepted(self) -> bool:
        """Whether it counts towards the end range: held, and not refused."""
        return self.held and not self.refused

    @property
    def end_part(self) -> slice:
        """The frames that the angle is read from: the hold, or all of the swing where nothing was held."""
        return slice(self.hold_start, self.hold_stop) if self.held else slice(self.start, self.stop)

    @property
    def best_deg(self) -> float:
        """The end range where it was held, else the highest filtered value."""
        return self.end_range_deg if self.held else self.filtered_peak_deg

    @property
    def swing_deg(self) -> float:
        """How far the leg went from rest, or from the plumb line where its rest is not known."""
        return self.best_deg - (self.rest_deg if np.isfinite(self.rest_deg) else 0.0)


def resting(n_frames: int, trials: Sequence[Trial]) -> BoolArray:
    """Return (T,) the frames outside every trial; all frames where the trials leave nothing.

    Examples
    --------
    >>> resting(5, [Trial(Side.LEFT, 1, 4, 2, 3, 0.0, 30.0, 30.0, 30.0, 0.4)]).tolist()
    [True, False, False, False, True]
    """
    rest = np.ones(n_frames, dtype=bool)
    for trial in trials:
        rest[trial.start : trial.stop] = False
    return rest if rest.any() else ~rest


def find_rest_deg(time_s: FloatArray, angle_deg: FloatArray) -> float:
    """Return the resting angle of one leg, degrees; NaN where the leg is seen at neither end of the recording.

    A recording begins and ends at rest. Where the two disagree (a clip cut inside a trial), the one nearer the vertical
    counts.

    Examples
    --------
    >>> time_s = np.arange(60) / 30
    >>> swing = np.interp(time_s, [0.0, 0.5, 1.0, 1.5, 2.0], [2.0, 2.0, 35.0, 2.0, 2.0])
    >>> find_rest_deg(time_s, swing), find_rest_deg(time_s, np.full(60, np.nan))
    (2.0, nan)
    """
    known = np.flatnonzero(np.isfinite(angle_deg))
    levels = []
    if len(known) and time_s[known[0]] <= time_s[0] + REST_WITHIN_S:
        levels.append(median_of(angle_deg[time_s <= time_s[known[0]] + REST_S]))
    if len(known) and time_s[known[-1]] >= time_s[-1] - REST_WITHIN_S:
        levels.append(median_of(angle_deg[time_s >= time_s[known[-1]] - REST_S]))
    if not levels:
        return float("nan")
    if len(levels) == 2 and abs(levels[0] - levels[1]) > MIN_SWING_DEG:
        return min(levels, key=abs)
    near = np.abs(angle_deg - float(np.mean(levels))) <= MIN_SWING_DEG / 2 + 1
    return median_of(np.where(near, angle_deg, np.nan))


def find_swings(
    time_s: FloatArray, angle_deg: FloatArray, rest_deg: float, direction: int = 1
) -> list[tuple[int, int, int]]:
    """Find excursions from rest, as (start, peak, stop) frame indices, stop exclusive.

    Parameters
    ----------
    time_s, angle_deg : (T,) seconds and low-passed degrees; NaN bridged for the search only.
    direction : +1 for internal, -1 for external rotation.

    Examples
    --------
    >>> time_s = np.arange(60) / 30
    >>> swing = np.interp(time_s, [0.0, 0.5, 1.0, 1.5, 2.0], [2.0, 2.0, 35.0, 2.0, 2.0])
    >>> find_swings(time_s, swing, 2.0), find_swings(time_s, swing, 2.0, direction=-1)
    ([(15, 30, 45)], [])
    """
    known = np.isfinite(angle_deg)
    if known.sum() < 3:
        return []
    height = direction * (np.interp(time_s, time_s[known], angle_deg[known]) - rest_deg)
    # A clip may begin or end within a swing: beyond its ends the leg is taken to be at rest.
    around = np.concatenate([[0.0], height, [0.0]])
    candidates = np.flatnonzero((height >= around[:-2]) & (height >= around[2:]) & (height >= MIN_SWING_DEG))
    peaks: list[int] = []
    for candidate in map(int, candidates):
        if peaks:
            dip = height[peaks[-1] : candidate].min()
            lower = min(height[peaks[-1]], height[candidate])
            if lower - dip < max(MIN_SWING_DEG, RETURN_SHARE * lower):  # still the same swing
                peaks[-1] = max(peaks[-1], candidate, key=lambda i: height[i])
                continue
        peaks.append(candidate)
    if not peaks:
        return []
    valleys = [a + int(height[a:b].argmin()) for a, b in pairwise(peaks)]
    swings = []
    for peak, begin, end in zip(peaks, [0, *valleys], [*valleys, len(height)], strict=True):
        base = 0.05 * height[peak]
        before = np.flatnonzero(height[begin:peak] <= base)
        after = np.flatnonzero(height[peak:end] <= base)
        start = begin + int(before[-1]) if len(before) else begin
        stop = peak + int(after[0]) if len(after) else end
        swings.append((start, peak, stop))
    return swings


def find_hold(
    time_s: FloatArray, angle_deg: FloatArray, swing: tuple[int, int, int], rest_deg: float
) -> tuple[int, int]:
    """Return the half-open frame range of the held end range within `swing`; an empty range where nothing was held.

    `angle_deg` (T,) is cleaned but not low-passed. Of several stand-stills near the top the longest one counts.

    Examples
    --------
    >>> time_s = np.arange(120) / 30
    >>> angle_deg = np.interp(time_s, [0.0, 0.5, 1.5, 2.5, 3.5, 4.0], [0.0, 0.0, 30.0, 30.0, 0.0, 0.0])
    >>> start, stop = find_hold(time_s, angle_deg, (15, 45, 105), 0.0)
    >>> time_s[[start, stop]].round(1).tolist()
    [1.6, 2.5]
    """
    start, peak, stop = swing
    speed = local_lines(time_s, angle_deg, SPEED_SIGMA_S)[1]
    level = smooth(time_s, angle_deg)
    top = np.nanmax(level[start:stop]) if np.isfinite(level[start:stop]).any() else np.nan
    band = max(HOLD_BAND_DEG, 0.25 * (top - rest_deg))
    still: BoolArray = np.zeros(len(time_s), dtype=bool)
    still[start:stop] = (np.abs(speed[start:stop]) <= HOLD_SPEED_DEG_S) & (level[start:stop] >= top - band)
    # Tremor lifts the speed for a frame or two: a stand-still goes on over such an instant.
    for gap_start, gap_stop in runs(~still):
        inside = start < gap_start and gap_stop < stop
        if inside and time_s[gap_stop] - time_s[gap_start] <= 0.15 and np.isfinite(level[gap_start:gap_stop]).all():
            still[gap_start:gap_stop] = np.abs(level[gap_start:gap_stop] - top) <= band
    # every frame stands for the time up to the next one
    frame_s = float(np.median(np.diff(time_s)))
    candidates = [(a, b) for a, b in runs(still) if time_s[b - 1] - time_s[a] + frame_s >= MIN_HOLD_S]
    if not candidates:
        return peak, peak
    return max(candidates, key=lambda run: time_s[run[1] - 1] - time_s[run[0]])


def find_trials(
    time_s: FloatArray, raw_deg: FloatArray, side: Side, motion: Motion = Motion.INTERNAL
) -> tuple[Trial, ...]:
    """Find the trials of one leg in one direction, in the order of time.

    Parameters
    ----------
    time_s : (T,) seconds, strictly rising.
    raw_deg : (T,) internal rotation, unfiltered degrees, NaN where missing.

    Examples
    --------
    >>> time_s = np.arange(120) / 30
    >>> angle_deg = np.interp(time_s, [0.0, 0.5, 1.5, 2.5, 3.5, 4.0], [0.0, 0.0, 30.0, 30.0, 0.0, 0.0])
    >>> [(trial.held, round(trial.end_range_deg, 1)) for trial in find_trials(time_s, angle_deg, Side.LEFT)]
    [(True, 30.0)]
    >>> [trial.end_range_deg for trial in find_trials(time_s, -angle_deg, Side.LEFT, Motion.EXTERNAL)]
    [30.0]
    >>> find_trials(time_s, np.full(120, np.nan), Side.LEFT)
    ()
    """
    raw_deg = motion.sign * raw_deg
    cleaned = clean(time_s, raw_deg)
    level = smooth(time_s, cleaned)
    rest_deg = find_rest_deg(time_s, level)
    base_deg = rest_deg if np.isfinite(rest_deg) else 0.0  # a relaxed shank hangs along the plumb line
    trials = []
    for swing in find_swings(time_s, level, base_deg):
        start, peak, stop = swing
        hold_start, hold_stop = find_hold(time_s, cleaned, swing, base_deg)
        hold = cleaned[hold_start:hold_stop]
        trials.append(
            Trial(
                side=side,
                start=start,
                stop=stop,
                hold_start=hold_start,
                hold_stop=hold_stop,
                rest_deg=rest_deg,
                end_range_deg=float(np.median(hold)) if len(hold) else float("nan"),
                raw_peak_deg=float(np.nanmax(raw_deg[start:stop]))
                if np.isfinite(raw_deg[start:stop]).any()
                else float("nan"),
                filtered_peak_deg=float(level[peak]),
                hold_sd_deg=float(np.std(hold)) if len(hold) else float("nan"),
                motion=motion,
            )
        )
    return tuple(trials)


def swing_shares(trials: Sequence[Trial]) -> FloatArray:
    """Return (N,) each trial's swing as a share of the leg's larger ones, one that is larger still not counted.

    Examples
    --------
    >>> sizes = [Trial(Side.LEFT, 0, 9, 3, 6, 0.0, deg, deg, deg, 0.4) for deg in (30.0, 15.0, 30.0)]
    >>> swing_shares(sizes).tolist()
    [1.0, 0.5, 1.0]
    """
    sizes = [t.swing_deg for t in trials if t.held] or [t.swing_deg for t in trials]
    if not sizes:
        return np.empty(0)
    usual_deg = float(np.quantile(sizes, 0.75, method="lower"))
    return np.array([t.swing_deg for t in trials]) / usual_deg


def legs_at_once(trials: Sequence[Trial]) -> Legs | None:
    """Return which legs move at once: both where most holds share a part with one of the other leg; None without any.

    Examples
    --------
    >>> left, right = (Trial(side, 0, 9, 3, 6, 0.0, 30.0, 30.0, 30.0, 0.4) for side in Side)
    >>> later = Trial(Side.RIGHT, 20, 29, 23, 26, 0.0, 30.0, 30.0, 30.0, 0.4)
    >>> legs_at_once([left, right]), legs_at_once([left, later]), legs_at_once([]) is None
    (<Legs.BOTH: 'both'>, <Legs.ONE: 'one'>, True)
    """
    held = [t for t in trials if t.held]
    shared = [
        any(o.side is not t.side and o.hold_start < t.hold_stop and t.hold_start < o.hold_stop for o in held)
        for t in held
    ]
    if not held:
        return None
    return Legs.BOTH if 2 * sum(shared) > len(held) else Legs.ONE


def find_gaps(time_s: FloatArray, angle_deg: FloatArray, start: int, stop: int) -> list[tuple[int, int, float]]:
    """Return every stretch without a value within frames `start` to `stop`: its frames, stop exclusive, and seconds.

    Examples
    --------
    >>> find_gaps(np.arange(5.0), np.array([1.0, np.nan, np.nan, 2.0, 3.0]), 0, 5)
    [(1, 3, 3.0)]
    """
    last = len(time_s) - 1
    return [
        (start + a, start + b, float(time_s[min(start + b, last)] - time_s[max(start + a - 1, 0)]))
        for a, b in runs(~np.isfinite(angle_deg[start:stop]))
    ]


def bridged(gap_s: float) -> bool:
    """Whether a gap is short enough to be filled.

    Examples
    --------
    >>> bridged(0.2), bridged(0.5)
    (True, False)
    """
    return gap_s <= MAX_GAP_S
