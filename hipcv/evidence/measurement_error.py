"""How well other instruments measure this test, and what to assume while nothing better is known."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from hipcv.core.procedure import Procedure
from hipcv.core.procedures import procedure_named
from hipcv.evidence.agreement import MDC95_PER_SEM, mdc95
from hipcv.words import Effort

#: The papers average or take the median of three trials; fewer leave the single-trial error.
TRIALS_FOR_A_MEAN = 3


@dataclass(frozen=True, slots=True)
class MeasurementError:
    """How far repeated measurements of one hip scatter, by instrument and protocol.

    Attributes
    ----------
    sem_deg : standard error of measurement in degrees, 0 or more; the larger end where a range is printed.
    sem_best_deg : the smaller end of that range, else None.
    icc_low, icc_high : intraclass correlation, a range where several are printed.
    icc_form : which ICC, and between what (raters, occasions).
    n : people measured.
    position, effort : None where the row is not tied to one of the two tests or efforts.
    fallback : whether it is the product's own assumption rather than a published result.
    """

    id: str
    label: str
    sem_deg: float
    citation: str
    sem_best_deg: float | None = None
    icc_low: float | None = None
    icc_high: float | None = None
    icc_form: str | None = None
    n: int | None = None
    position: Procedure | None = None
    effort: Effort | None = None
    doi: str | None = None
    note: str | None = None
    fallback: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sem_deg) and self.sem_deg >= 0):
            raise ValueError(f"measurement error {self.id}: the SEM must be 0° or more, found {self.sem_deg}")

    @property
    def mdc95_deg(self) -> float:
        """Smallest change between two measurements that is real with 95 % confidence: 1.96 √2 SEM, degrees."""
        return mdc95(self.sem_deg)

    @property
    def mdc95_best_deg(self) -> float | None:
        """The same at the smaller end of the printed range, else None."""
        return None if self.sem_best_deg is None else mdc95(self.sem_best_deg)


@cache
def published_errors() -> tuple[MeasurementError, ...]:
    """Return what is published on other instruments, the smallest error first.

    Examples
    --------
    >>> errors = published_errors()
    >>> errors[0].sem_deg <= errors[-1].sem_deg
    True
    """
    return tuple(sorted((row for row in _rows() if not row.fallback), key=lambda row: row.sem_deg))


def fallback_error(n_trials: int, *, doubtful: bool) -> MeasurementError:
    """Return the error to assume between days while this instrument has no repeatability of its own on people.

    Its citation says why. It holds for every comparison of two days, however narrow the two intervals are.

    Parameters
    ----------
    n_trials : accepted trials on the side that has fewer.
    doubtful : whether any finding casts a doubt on the measurement.

    Returns
    -------
    An MDC95 of 9° for three trials or more without a doubt, else 11°.

    Examples
    --------
    >>> round(fallback_error(3, doubtful=False).mdc95_deg, 1), round(fallback_error(2, doubtful=False).mdc95_deg, 1)
    (9.0, 11.0)
    """
    wanted = "fallback-three-trials" if n_trials >= TRIALS_FOR_A_MEAN and not doubtful else "fallback-doubtful"
    return next(row for row in _rows() if row.id == wanted)


@cache
def _rows() -> tuple[MeasurementError, ...]:
    text = files("hipcv.evidence").joinpath("data/measurement_errors.toml").read_text("utf-8")
    return tuple(_row(fields) for fields in tomllib.loads(text)["measurement_error"])


def _row(fields: Mapping[str, Any]) -> MeasurementError:
    rest = dict(fields)
    worst, best = rest.pop("mdc95_high_deg"), rest.pop("mdc95_low_deg", None)
    if "position" in rest:
        rest["position"] = procedure_named(rest["position"])
    if "effort" in rest:
        rest["effort"] = Effort(rest["effort"])
    return MeasurementError(
        sem_deg=worst / MDC95_PER_SEM, sem_best_deg=None if best is None else best / MDC95_PER_SEM, **rest
    )
