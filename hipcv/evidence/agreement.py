"""How well two sets of measurements agree: bias and limits, intraclass correlation, SEM, MDC95, mean absolute error.

Everything here is in the unit of the input (degrees in this product) and drops what is missing, counting it.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy  # its parts load when they are first asked for, `special` in 0.3 s
from numpy.typing import ArrayLike

from hipcv.core.series import FloatArray
from hipcv.core.uncertainty import CENTRAL_95_SD

#: MDC95 = 1.96 √2 SEM: two measurements, each with its own error.
MDC95_PER_SEM = CENTRAL_95_SD * math.sqrt(2.0)

Interval = tuple[float, float]
_UNKNOWN: Interval = (math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class BlandAltman:
    """Agreement of two methods: bias (first minus second), SD of the differences, and 95 % limits, with 95 % intervals.

    `n` pairs were used and `n_dropped` had a missing value. NaN where too few pairs are left: no bias for 0, no SD,
    limits or intervals for fewer than 2.
    """

    n: int
    n_dropped: int
    bias: float
    bias_ci95: Interval
    sd: float
    lower_limit: float
    lower_limit_ci95: Interval
    upper_limit: float
    upper_limit_ci95: Interval


@dataclass(frozen=True, slots=True)
class Icc:
    """An intraclass correlation with its form and 95 % interval.

    At most 1, and below 0 where raters differ more than subjects. NaN where it is not defined: fewer than 2 subjects or
    raters, or no variation at all.
    """

    form: str
    value: float
    ci95: Interval
    n_subjects: int
    n_raters: int
    n_dropped: int


@dataclass(frozen=True, slots=True)
class Sem:
    """Standard error of measurement with its exact 95 % interval, and the MDC95 that follows.

    `n_subjects` were used, `n_dropped` had fewer than two values; `degrees_of_freedom` are repeats beyond the first.
    """

    value: float
    ci95: Interval
    n_subjects: int
    n_dropped: int
    degrees_of_freedom: int

    @property
    def mdc95(self) -> float:
        """Smallest change that is real with 95 % confidence: 1.96 √2 SEM."""
        return mdc95(self.value)

    @property
    def mdc95_ci95(self) -> Interval:
        """95 % interval of the MDC95."""
        return mdc95(self.ci95[0]), mdc95(self.ci95[1])


@dataclass(frozen=True, slots=True)
class MeanAbsoluteError:
    """Mean absolute difference of `n` pairs; `n_dropped` had a missing value. NaN without a pair."""

    value: float
    n: int
    n_dropped: int


def bland_altman(first: ArrayLike, second: ArrayLike) -> BlandAltman:
    """Return bias and 95 % limits of agreement of two methods.

    Limits are bias ± 1.96 SD; their intervals use the t distribution and the standard error
    SD √(1/n + 1.96²/(2(n−1))) (Bland & Altman 1999, doi:10.1177/096228029900800204). Differences are taken as normal
    and pairs as independent: one pair a subject, or one a side with that said.

    Parameters
    ----------
    first, second : (N,) measurements of the same things; a pair with a NaN is dropped and counted.

    Raises
    ------
    ValueError
        If the two are not one-dimensional and equally long.

    Examples
    --------
    >>> agreement = bland_altman([32.0, 30.0, 41.0, float("nan")], [30.0, 31.0, 39.0, 25.0])
    >>> agreement.bias, agreement.n, agreement.n_dropped, round(agreement.upper_limit, 2)
    (1.0, 3, 1, 4.39)
    """
    difference, n_dropped = _differences(first, second)
    n = len(difference)
    if n < 2:
        bias = float(difference[0]) if n else math.nan
        return BlandAltman(n, n_dropped, bias, _UNKNOWN, math.nan, math.nan, _UNKNOWN, math.nan, _UNKNOWN)
    bias, sd = float(np.mean(difference)), float(np.std(difference, ddof=1))
    t = float(scipy.special.stdtrit(n - 1, 0.975))
    bias_half = t * sd / math.sqrt(n)
    limit_half = t * sd * math.sqrt(1 / n + CENTRAL_95_SD**2 / (2 * (n - 1)))
    lower, upper = bias - CENTRAL_95_SD * sd, bias + CENTRAL_95_SD * sd
    return BlandAltman(
        n=n,
        n_dropped=n_dropped,
        bias=bias,
        bias_ci95=(bias - bias_half, bias + bias_half),
        sd=sd,
        lower_limit=lower,
        lower_limit_ci95=(lower - limit_half, lower + limit_half),
        upper_limit=upper,
        upper_limit_ci95=(upper - limit_half, upper + limit_half),
    )


def mae(first: ArrayLike, second: ArrayLike) -> MeanAbsoluteError:
    """Return the mean absolute difference; parameters and errors as in `bland_altman`.

    Examples
    --------
    >>> mae([32.0, 30.0], [30.0, 31.0]).value, mae([], []).value
    (1.5, nan)
    """
    difference, n_dropped = _differences(first, second)
    value = float(np.mean(np.abs(difference))) if len(difference) else math.nan
    return MeanAbsoluteError(value, len(difference), n_dropped)


def icc_1_1(ratings: ArrayLike) -> Icc:
    """Return ICC(1,1): one-way random effects, single measurement (Shrout & Fleiss 1979); see `icc_2_1`.

    Examples
    --------
    >>> round(icc_1_1([[30.0, 31.0], [40.0, 41.0], [35.0, 36.0]]).value, 3)
    0.98
    """
    table, n_dropped = _complete(ratings)
    n, k = table.shape
    if n < 2 or k < 2:
        return Icc("ICC(1,1)", math.nan, _UNKNOWN, n, k, n_dropped)
    between, within, _, _ = _mean_squares(table)
    value = _ratio(between - within, between + (k - 1) * within)
    ci95 = _f_interval(between, within, n - 1, n * (k - 1), k)
    return Icc("ICC(1,1)", value, ci95, n, k, n_dropped)


def icc_2_1(ratings: ArrayLike) -> Icc:
    """Return ICC(2,1): two-way random effects, absolute agreement, single measurement.

    Shrout & Fleiss 1979 (doi:10.1037/0033-2909.86.2.420), the ICC(A,1) of McGraw & Wong 1996
    (doi:10.1037/1082-989X.1.1.30), whose interval with Satterthwaite's degrees of freedom is used.

    Parameters
    ----------
    ratings : (subjects, raters) measurements; a subject with a NaN is dropped and counted.

    Raises
    ------
    ValueError
        If `ratings` is not two-dimensional.

    Examples
    --------
    >>> shifted = icc_2_1([[30.0, 35.0], [40.0, 45.0], [35.0, 40.0], [20.0, float("nan")]])
    >>> round(shifted.value, 3), shifted.n_subjects, shifted.n_dropped
    (0.667, 3, 1)
    >>> icc_2_1([[30.0, 35.0]]).value
    nan
    """
    table, n_dropped = _complete(ratings)
    n, k = table.shape
    if n < 2 or k < 2:
        return Icc("ICC(2,1)", math.nan, _UNKNOWN, n, k, n_dropped)
    between, _, raters, error = _mean_squares(table)
    value = _ratio(between - error, between + (k - 1) * error + k * (raters - error) / n)
    return Icc("ICC(2,1)", value, _agreement_interval(value, between, raters, error, n, k), n, k, n_dropped)


def icc_3_1(ratings: ArrayLike) -> Icc:
    """Return ICC(3,1): two-way mixed effects, consistency, single measurement (Shrout & Fleiss 1979); see `icc_2_1`.

    Examples
    --------
    >>> round(icc_3_1([[30.0, 35.0], [40.0, 45.0], [35.0, 40.0]]).value, 3)
    1.0
    """
    table, n_dropped = _complete(ratings)
    n, k = table.shape
    if n < 2 or k < 2:
        return Icc("ICC(3,1)", math.nan, _UNKNOWN, n, k, n_dropped)
    between, _, _, error = _mean_squares(table)
    value = _ratio(between - error, between + (k - 1) * error)
    ci95 = _f_interval(between, error, n - 1, (n - 1) * (k - 1), k)
    return Icc("ICC(3,1)", value, ci95, n, k, n_dropped)


def sem(ratings: ArrayLike) -> Sem:
    """Return the standard error of measurement: the pooled SD of one subject's repeated measurements.

    Systematic differences between occasions or raters count as error, as they do in use; this is the square root of
    the one-way within-subject mean square (Bland & Altman 1996, doi:10.1136/bmj.313.7059.744). Its interval is that of
    a variance (chi-square), exact for independent normal errors.

    Parameters
    ----------
    ratings : (subjects, occasions) measurements; NaN are left out, and a subject with fewer than two values is dropped
        and counted.

    Raises
    ------
    ValueError
        If `ratings` is not two-dimensional.

    Examples
    --------
    >>> repeated = sem([[30.0, 32.0], [40.0, 42.0], [35.0, float("nan")]])
    >>> round(repeated.value, 3), repeated.n_subjects, repeated.n_dropped, round(repeated.mdc95, 1)
    (1.414, 2, 1, 3.9)
    """
    table = _table(ratings)
    n_values = np.isfinite(table).sum(axis=1)
    used, counts = table[n_values >= 2], n_values[n_values >= 2]
    n_dropped, freedom = len(table) - len(used), int(np.sum(counts - 1))
    if freedom == 0:
        return Sem(math.nan, _UNKNOWN, 0, n_dropped, 0)
    centred = used - np.nanmean(used, axis=1, keepdims=True)
    squares = float(np.nansum(centred**2))
    ci95 = (
        math.sqrt(squares / float(scipy.special.chdtri(freedom, 0.025))),
        math.sqrt(squares / float(scipy.special.chdtri(freedom, 0.975))),
    )
    return Sem(math.sqrt(squares / freedom), ci95, len(used), n_dropped, freedom)


def sem_from_icc(sd: float, icc: float) -> float:
    """Return SD √(1 − ICC): the standard error of measurement as papers derive it; NaN in gives NaN.

    Raises
    ------
    ValueError
        If the SD is negative or the ICC above 1.

    Examples
    --------
    >>> round(sem_from_icc(6.0, 0.75), 3), sem_from_icc(6.0, float("nan"))
    (3.0, nan)
    """
    if sd < 0 or icc > 1:
        raise ValueError(f"an SD is 0 or more and an ICC at most 1, found {sd} and {icc}")
    return sd * math.sqrt(1 - icc)


def mdc95(sem: float) -> float:
    """Return the smallest change between two measurements that is real with 95 % confidence: 1.96 √2 SEM.

    Examples
    --------
    >>> round(mdc95(3.0), 2)
    8.32
    """
    return MDC95_PER_SEM * sem


def _table(ratings: ArrayLike) -> FloatArray:
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"ratings must be a table of subjects × raters, found {table.ndim} dimension(s)")
    return np.where(np.isfinite(table), table, np.nan)


def _complete(ratings: ArrayLike) -> tuple[FloatArray, int]:
    table = _table(ratings)
    whole = np.isfinite(table).all(axis=1)
    return table[whole], int(np.sum(~whole))


def _differences(first: ArrayLike, second: ArrayLike) -> tuple[FloatArray, int]:
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"two equally long lists are needed, found shapes {a.shape} and {b.shape}")
    both = np.isfinite(a) & np.isfinite(b)
    return a[both] - b[both], int(np.sum(~both))


def _mean_squares(table: FloatArray) -> tuple[float, float, float, float]:
    """Mean squares between subjects, within subjects, between raters, and of the residual."""
    n, k = table.shape
    # What rounding alone leaves of a variation that is not there must not be divided by.
    rounding = table.size * float(16 * np.finfo(np.float64).eps * np.max(np.abs(table))) ** 2

    def squares(part: FloatArray) -> float:
        total = float(np.sum(part**2))
        return total if total > rounding else 0.0

    centred = table - table.mean()
    of_subject, of_rater = centred.mean(axis=1, keepdims=True), centred.mean(axis=0, keepdims=True)
    subjects, raters = k * squares(of_subject), n * squares(of_rater)
    residual = squares(centred - of_subject - of_rater)
    return (
        subjects / (n - 1),
        (residual + raters) / (n * (k - 1)),
        raters / (k - 1),
        residual / ((n - 1) * (k - 1)),
    )


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator > 0 else math.nan


def _f_interval(between: float, error: float, freedom_between: int, freedom_error: int, k: int) -> Interval:
    if error == 0:
        return _UNKNOWN if between == 0 else (1.0, 1.0)
    f = between / error
    low = f / float(scipy.special.fdtri(freedom_between, freedom_error, 0.975))
    high = f * float(scipy.special.fdtri(freedom_error, freedom_between, 0.975))
    return (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)


def _agreement_interval(value: float, between: float, raters: float, error: float, n: int, k: int) -> Interval:
    if math.isnan(value):
        return _UNKNOWN
    if value >= 1:
        return 1.0, 1.0
    # Below 0 the degrees of freedom are those at 0: a negative share of variance has none.
    a = k * max(value, 0.0) / (n * (1 - max(value, 0.0)))
    b = 1 + a * (n - 1)
    spread = (a * raters) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1))
    if spread == 0:
        return _UNKNOWN
    freedom = (a * raters + b * error) ** 2 / spread
    f_low = float(scipy.special.fdtri(n - 1, freedom, 0.975))
    f_high = float(scipy.special.fdtri(freedom, n - 1, 0.975))
    rest = k * raters + (k * n - k - n) * error
    low = n * (between - f_low * error) / (f_low * rest + n * between)
    high = n * (f_high * between - error) / (rest + n * f_high * between)
    return low, high
