"""Gaps, outliers and noise: what happens to a measured curve before anybody reads a number off it.

Steps, in this order (METHOD T1 to T3): outliers removed (`drop_outliers`), short gaps filled (`fill_gaps`), zero-phase
low-pass (`smooth`). The live value uses `OneEuro`, which needs no future.

Deviations from common practice: the low-pass is a Gaussian-weighted local line, not a Butterworth filter run both ways.
It needs no even sampling, does not ring, reproduces constants and straight lines exactly, and so leaves every value
alone that lies further inside a plateau than `REACH_SIGMAS` kernel widths.
"""

import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from hipcv.core.series import BoolArray, FloatArray, rate_hz

#: Longest gap that is filled: one reading of eight a second, however their times are rounded. A longer one stays
#: missing.
MAX_GAP_S = 0.3
#: A Gaussian kernel is cut off here: 0.01 % of its weight lies outside.
REACH_SIGMAS = 4.0
#: Samples whose surroundings are looked at together: a few megabytes at any frame rate.
ROWS_AT_ONCE = 2048
#: Low-pass of the angle. Voluntary slow swings have no content above about 2 Hz; landmark jitter is white.
CUTOFF_HZ = 4.0
#: Of few samples a second it takes this share of their rate: from half the rate on a low-pass does nothing; at a fifth
#: it leaves two thirds of white noise.
CUTOFF_SHARE = 0.2


def sigma_s(hz: float) -> float:
    """Return the width in seconds of the Gaussian kernel whose gain falls to 1/√2 at `hz`.

    Examples
    --------
    >>> round(sigma_s(4.0), 4)
    0.0331
    """
    if not hz > 0:
        raise ValueError(f"hz must be above 0, found {hz}")
    return math.sqrt(math.log(2.0)) / (2.0 * math.pi * hz)


def local_lines(time_s: FloatArray, values: FloatArray, width_s: float) -> tuple[FloatArray, FloatArray]:
    """Fit a line around every sample, weighted by a Gaussian of standard deviation `width_s`.

    Parameters
    ----------
    time_s : (T,) strictly rising seconds, evenly spaced or not.
    values : (T,) any unit; NaN carries no weight.

    Returns
    -------
    level, slope : (T,) value and derivative per second of the line at each sample; NaN where `values` is NaN. A lone
        sample has slope 0.

    Examples
    --------
    >>> time_s = np.array([0.0, 0.1, 0.25, 0.3])
    >>> level, slope = local_lines(time_s, np.array([0.0, 2.0, np.nan, 6.0]), 0.1)
    >>> level.round(6).tolist(), slope.round(6).tolist()
    ([0.0, 2.0, nan, 6.0], [20.0, 20.0, nan, 20.0])
    """
    sums = np.zeros((5, len(values)))
    valid = np.isfinite(values)
    reach = REACH_SIGMAS * width_s
    for shift in range(len(values)):
        ahead, behind = slice(shift, None), slice(None, len(values) - shift)
        lag = time_s[ahead] - time_s[behind]
        if shift and (len(lag) == 0 or lag.min() > reach):
            break
        weight = np.exp(-0.5 * (lag / width_s) ** 2) * (lag <= reach)
        for here, there, sign in (
            ((behind, ahead, 1.0),) if shift == 0 else ((behind, ahead, 1.0), (ahead, behind, -1.0))
        ):
            w = weight * valid[there]
            x = sign * lag
            y = np.where(valid[there], values[there], 0.0)
            sums[:, here] += w, w * x, w * x * x, w * y, w * x * y
    w, wx, wxx, wy, wxy = sums
    det = w * wxx - wx * wx
    lone = det <= 1e-12 * np.maximum(w, 1e-30) ** 2 * width_s**2
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.where(lone, wy / w, (wxx * wy - wx * wxy) / det)
        slope = np.where(lone, 0.0, (w * wxy - wx * wy) / det)
    return np.where(valid, level, np.nan), np.where(valid, slope, np.nan)


def low_pass_hz(time_s: FloatArray) -> float:
    """Return the low-pass' cut-off for samples taken at these times (T,): 4 Hz, or what their rate allows.

    Examples
    --------
    >>> low_pass_hz(np.arange(30) / 30)
    4.0
    >>> round(low_pass_hz(np.arange(30) / 8), 6)
    1.6
    """
    if len(time_s) < 2:
        return CUTOFF_HZ
    return min(CUTOFF_HZ, CUTOFF_SHARE * rate_hz(time_s))


def smooth(time_s: FloatArray, values: FloatArray) -> FloatArray:
    """Return the zero-phase low-pass of `values` (T,) with gain 1/√2 at `low_pass_hz`; NaN stays NaN.

    Examples
    --------
    >>> smooth(np.arange(4) / 30, np.array([10.0, 10.0, np.nan, 10.0])).round(6).tolist()
    [10.0, 10.0, nan, 10.0]
    """
    return local_lines(time_s, values, sigma_s(low_pass_hz(time_s)))[0]


def drop_outliers(
    time_s: FloatArray, values: FloatArray, *, window_s: float = 0.25, n_mad: float = 4.0, floor: float = 3.0
) -> FloatArray:
    """Return `values` with lone spikes set to NaN (Hampel's identifier).

    A sample is a spike when it lies further from the median of the samples within ± `window_s` than `n_mad` scaled
    median absolute deviations and further than `floor` (in the unit of `values`).

    Examples
    --------
    >>> drop_outliers(np.arange(5) / 30, np.array([10.0, 11.0, 90.0, 11.0, 10.0])).tolist()
    [10.0, 11.0, nan, 11.0, 10.0]
    """
    kept = values.copy()
    known = np.flatnonzero(np.isfinite(values))
    time_s, values = time_s[known], values[known]
    starts = np.searchsorted(time_s, time_s - window_s, side="left")
    stops = np.searchsorted(time_s, time_s + window_s, side="right")
    for first in range(0, len(known), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        around = starts[rows, None] + np.arange((stops - starts)[rows].max())
        near = np.where(around < stops[rows, None], values[np.minimum(around, len(values) - 1)], np.nan)
        centre = _row_medians(near)
        spread = 1.4826 * _row_medians(np.abs(near - centre[:, None]))
        kept[known[rows][np.abs(values[rows] - centre) > np.maximum(n_mad * spread, floor)]] = np.nan
    return kept


def _row_medians(rows: FloatArray) -> FloatArray:
    """Return the median of the numbers in each row of (N, M); each holds at least one."""
    ordered, n = np.sort(rows, axis=1), np.isfinite(rows).sum(axis=1)
    low, high = (np.take_along_axis(ordered, k[:, None], axis=1)[:, 0] for k in ((n - 1) // 2, n // 2))
    return np.asarray(0.5 * (low + high))


def fill_gaps(time_s: FloatArray, values: FloatArray, max_gap_s: float = MAX_GAP_S) -> FloatArray:
    """Return `values` with gaps up to `max_gap_s` bridged by straight lines; longer gaps and both ends stay NaN.

    Examples
    --------
    >>> nan = np.nan
    >>> fill_gaps(np.arange(6) / 10, np.array([nan, 1.0, nan, 3.0, nan, nan]), 0.25).round(6).tolist()
    [nan, 1.0, 2.0, 3.0, nan, nan]
    """
    filled = values.copy()
    known = np.flatnonzero(np.isfinite(values))
    for before, after in pairwise(known):
        if after - before > 1 and time_s[after] - time_s[before] <= max_gap_s:
            inside = slice(before + 1, after)
            filled[inside] = np.interp(time_s[inside], time_s[[before, after]], values[[before, after]])
    return filled


def clean(time_s: FloatArray, values: FloatArray) -> FloatArray:
    """Return a measured angle in degrees (T,) without spikes and short gaps, not yet smoothed.

    Examples
    --------
    >>> clean(np.arange(5) / 30, np.array([10.0, 11.0, 90.0, 11.0, 10.0])).round(6).tolist()
    [10.0, 11.0, 11.0, 11.0, 10.0]
    """
    return fill_gaps(time_s, drop_outliers(time_s, values))


def median_of(values: FloatArray) -> float:
    """Return the median of the numbers in `values`, NaN where there are none.

    Examples
    --------
    >>> median_of(np.array([1.0, np.nan, 4.0, 3.0])), median_of(np.array([np.nan]))
    (3.0, nan)
    """
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")


def runs(mask: BoolArray) -> list[tuple[int, int]]:
    """Return the half-open index ranges in which `mask` (T,) is true.

    Examples
    --------
    >>> runs(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


@dataclass(slots=True)
class OneEuro:
    """The One-Euro filter (Casiez, Roussel, Vogel 2012, doi 10.1145/2207676.2208639) for the live value.

    `min_cutoff_hz` sets the calm of a held angle, `speed_gain_s` how fast it follows a swing. NaN in gives NaN out and
    forgets the past, so that a lost leg does not come back from where it was.

    Examples
    --------
    >>> live = OneEuro()
    >>> [round(live(n / 30, value), 2) for n, value in enumerate([10.0, 12.0, math.nan, 40.0])]
    [10.0, 10.48, nan, 40.0]
    """

    min_cutoff_hz: float = 1.0
    speed_gain_s: float = 0.05
    speed_cutoff_hz: float = 1.0
    _time_s: float = field(default=math.nan, init=False)
    _value: float = field(default=math.nan, init=False)
    _speed: float = field(default=0.0, init=False)

    def __call__(self, time_s: float, value: float) -> float:
        """Return the filtered value at `time_s`, in the unit of `value`."""
        step_s = time_s - self._time_s
        if not (math.isfinite(value) and step_s > 0):
            known = math.isfinite(value)
            self._time_s, self._value, self._speed = (time_s, value, 0.0) if known else (math.nan, math.nan, 0.0)
            return self._value
        speed = (value - self._value) / step_s
        self._speed += _gain(self.speed_cutoff_hz, step_s) * (speed - self._speed)
        cutoff_hz = self.min_cutoff_hz + self.speed_gain_s * abs(self._speed)
        self._value += _gain(cutoff_hz, step_s) * (value - self._value)
        self._time_s = time_s
        return self._value


def _gain(cutoff_hz: float, step_s: float) -> float:
    return 1.0 / (1.0 + 1.0 / (2.0 * math.pi * cutoff_hz * step_s))
