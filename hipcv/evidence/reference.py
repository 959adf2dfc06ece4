"""How far people's hips turn, and how a measured value compares.

The numbers live in `data/references.toml`, each with its source. A reference is never a diagnosis: a value is below,
within or above a *named* range, or borderline where the measurement's own interval straddles a limit.
"""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from statistics import NormalDist
from typing import Any

from hipcv.core.landmarks import Effort, Position, Sex

#: Half-width of the central 95 % of a normal distribution, in standard deviations.
CENTRAL_95_SD = 1.96

#: Left and right count as equal within this (Ellison, Rose & Sahrmann 1990, doi:10.1093/ptj/70.9.537).
ASYMMETRY_TOLERANCE_DEG = 10.0

#: From here on a difference is called large: the product's own tier above the published tolerance.
ASYMMETRY_LARGE_DEG = 15.0


class ReferenceKind(StrEnum):
    """Whether a row is one of the product's rules of thumb or a published table."""

    RULE_OF_THUMB = "rule of thumb"
    PUBLISHED = "published"


class Verification(StrEnum):
    """How the number was checked: the product's own rule, read in the source, or quoted by a second document."""

    PRODUCT = "product"
    VERIFIED = "verified"
    SECONDARY = "secondary"


class Verdict(StrEnum):
    """Where a measured value lies against a reference range."""

    BELOW = "below"
    WITHIN = "within"
    ABOVE = "above"
    BORDERLINE = "borderline"


class AsymmetryVerdict(StrEnum):
    """What a left–right difference amounts to."""

    NO_DIFFERENCE_DETECTED = "no_difference_detected"
    SMALL = "small"
    NOTABLE = "notable"
    LARGE = "large"

    @property
    def wording(self) -> str:
        """The verdict in plain words."""
        return _ASYMMETRY_WORDS[self]


_ASYMMETRY_WORDS = {
    AsymmetryVerdict.NO_DIFFERENCE_DETECTED: "no difference detected: smaller than this measurement can tell",
    AsymmetryVerdict.SMALL: "small difference, within the usual tolerance of 10°",
    AsymmetryVerdict.NOTABLE: "notable difference: repeat the measurement",
    AsymmetryVerdict.LARGE: "large difference: repeat the measurement",
}


@dataclass(frozen=True, slots=True)
class ReferenceRange:
    """Hip internal rotation of a named group of people; `None` is "any" (position to age) or "not printed" (the rest).

    Attributes
    ----------
    age_low_years, age_high_years : completed years, both included; the sample's own ages for published rows.
    reach_years : ages to which the row may be carried beyond its band, both included; then `extrapolated` is set.
    mean_deg, sd_deg : degrees; a mean without a spread gives a distance but no verdict.
    low_deg, high_deg : printed limits in degrees; see `limits_deg`.
    n : people in the sample.
    """

    id: str
    label: str
    kind: ReferenceKind
    verification: Verification
    population: str
    position: Position | None = None
    effort: Effort | None = None
    sex: Sex | None = None
    age_low_years: int | None = None
    age_high_years: int | None = None
    reach_years: tuple[int, int] | None = None
    mean_deg: float | None = None
    sd_deg: float | None = None
    low_deg: float | None = None
    high_deg: float | None = None
    n: int | None = None
    end_point: str | None = None
    citation: str | None = None
    doi: str | None = None
    note: str | None = None
    extrapolated: bool = False

    def __post_init__(self) -> None:
        if (self.low_deg is None) != (self.high_deg is None):
            raise ValueError(f"reference {self.id}: give both limits or none")
        if self.mean_deg is None and self.low_deg is None:
            raise ValueError(f"reference {self.id}: give a mean or limits")
        if self.sd_deg is not None and (self.mean_deg is None or self.sd_deg <= 0):
            raise ValueError(f"reference {self.id}: an SD must be above 0 and comes with a mean")
        if (self.kind is ReferenceKind.PUBLISHED) == (self.citation is None):
            raise ValueError(f"reference {self.id}: published rows, and only they, carry a citation")

    @property
    def limits_deg(self) -> tuple[float, float] | None:
        """Printed limits, else the central 95 % (mean ± 1.96 SD), in degrees; None for a mean without a spread."""
        if self.low_deg is not None and self.high_deg is not None:
            return self.low_deg, self.high_deg
        if self.mean_deg is not None and self.sd_deg is not None:
            half = CENTRAL_95_SD * self.sd_deg
            return self.mean_deg - half, self.mean_deg + half
        return None

    @property
    def needs_age(self) -> bool:
        """Whether the row says nothing about somebody of unknown age: a rule of thumb for one age band."""
        banded = self.age_low_years is not None or self.age_high_years is not None
        return self.kind is ReferenceKind.RULE_OF_THUMB and banded and self.reach_years is None

    def covers(self, age_years: float) -> bool:
        """Whether somebody of `age_years` is inside the row's own age band (in completed years)."""
        age = math.floor(age_years)
        low, high = self.age_low_years, self.age_high_years
        return (low is None or age >= low) and (high is None or age <= high)

    def reaches(self, age_years: float) -> bool:
        """Whether the row may be carried to somebody of `age_years` who is outside its band."""
        return self.reach_years is not None and self.reach_years[0] <= math.floor(age_years) <= self.reach_years[1]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measured value against one reference; `None` where the reference or the value does not say.

    `difference_deg` is the value minus the reference's mean; `percentile` lies within 0 to 100.
    """

    id: str
    label: str
    low_deg: float | None
    high_deg: float | None
    percentile: float | None
    verdict: Verdict | None
    citation: str | None
    doi: str | None
    difference_deg: float | None
    extrapolated: bool


@cache
def all_references() -> tuple[ReferenceRange, ...]:
    """Return every reference range the product ships, in the order of its data file."""
    text = files("hipcv.evidence").joinpath("data/references.toml").read_text("utf-8")
    return tuple(_reference(fields) for fields in tomllib.loads(text)["reference"])


def find_references(
    position: Position,
    *,
    age_years: float | None = None,
    sex: Sex | None = None,
    effort: Effort | None = None,
) -> tuple[ReferenceRange, ...]:
    """Return the references that fit a subject, most specific and best first.

    Rows of the other position are never returned; rows of the other sex or of another age are left out where sex and
    age are known. A row may be carried beyond its sample's ages as far as its `reach_years` go and is then marked
    `extrapolated`: college samples to adults of 60, never to children. Where the age is unknown (None or NaN) rules of
    thumb by age are left out and published samples stay. Effort only orders rows, because active and passive
    ranges did not differ in the seated test (Krause 2015).

    Order: published with a spread and read in the source; the same but quoted; rules of thumb; bare means. Within
    each: this effort or any before the other, rows for this sex, this position and this age, then the larger sample.

    Parameters
    ----------
    position : the test that was done.
    age_years, sex, effort : the subject and the test, None where unknown.
    """
    age = None if age_years is None or math.isnan(age_years) else age_years
    fitting = (row for row in all_references() if row.position in (None, position) and _of_sex(row, sex))
    aged = (kept for row in fitting if (kept := _at_age(row, age)) is not None)
    return tuple(sorted(aged, key=lambda row: _rank(row, effort)))


def compare(
    end_range_deg: float | None, interval95_deg: Sequence[float | None] | None, reference: ReferenceRange
) -> Comparison:
    """Compare a measured end range with one reference.

    Parameters
    ----------
    end_range_deg : degrees; None or NaN leaves percentile, difference and verdict None.
    interval95_deg : (low, high) in degrees; None, or a bound that is None or NaN, leaves the verdict None, because
        without an interval nobody can say whether a limit is straddled.
    reference : the range; one without limits gives no verdict.

    Returns
    -------
    Comparison with verdict "borderline" where the interval straddles a limit, else "below", "within" or "above"; the
    percentile is that of a normal distribution with the reference's mean and SD.

    Raises
    ------
    ValueError
        If the interval's low end lies above its high end.
    """
    value = _known(end_range_deg)
    limits, mean, sd = reference.limits_deg, reference.mean_deg, reference.sd_deg
    return Comparison(
        id=reference.id,
        label=reference.label,
        low_deg=None if limits is None else limits[0],
        high_deg=None if limits is None else limits[1],
        percentile=None if value is None or mean is None or sd is None else 100 * NormalDist(mean, sd).cdf(value),
        verdict=None if value is None or limits is None else _verdict(interval95_deg, limits),
        citation=reference.citation,
        doi=reference.doi,
        difference_deg=None if value is None or mean is None else value - mean,
        extrapolated=reference.extrapolated,
    )


def asymmetry_verdict(difference_deg: float | None, mdc95_deg: float | None) -> AsymmetryVerdict | None:
    """Judge a left–right difference against what can be detected and against the 10° tolerance.

    Parameters
    ----------
    difference_deg : left minus right or right minus left, degrees; the sign does not matter.
    mdc95_deg : smallest difference that is real with 95 % confidence, degrees, 0 or more.

    Returns
    -------
    No difference detected below the MDC95 however large that is; else small below 10°, notable from 10° (Ellison 1990),
    large from 15°. None where either number is None or NaN.

    Raises
    ------
    ValueError
        If the MDC95 is negative.
    """
    difference, mdc = _known(difference_deg), _known(mdc95_deg)
    if difference is None or mdc is None:
        return None
    if mdc < 0:
        raise ValueError(f"the MDC95 must be 0° or more, found {mdc}")
    size = abs(difference)
    if size < mdc:
        return AsymmetryVerdict.NO_DIFFERENCE_DETECTED
    if size < ASYMMETRY_TOLERANCE_DEG:
        return AsymmetryVerdict.SMALL
    return AsymmetryVerdict.NOTABLE if size < ASYMMETRY_LARGE_DEG else AsymmetryVerdict.LARGE


def _reference(fields: Mapping[str, Any]) -> ReferenceRange:
    words: dict[str, type[StrEnum]] = {"position": Position, "effort": Effort, "sex": Sex}
    words |= {"kind": ReferenceKind, "verification": Verification}
    row: dict[str, Any] = {key: words[key](value) if key in words else value for key, value in fields.items()}
    if "reach_years" in row:
        row["reach_years"] = tuple(row["reach_years"])
    return ReferenceRange(**row)


def _of_sex(row: ReferenceRange, sex: Sex | None) -> bool:
    return sex is None or row.sex in (None, sex)


def _at_age(row: ReferenceRange, age_years: float | None) -> ReferenceRange | None:
    if age_years is None:
        return None if row.needs_age else row
    if row.covers(age_years):
        return row
    return replace(row, extrapolated=True) if row.reaches(age_years) else None


def _rank(row: ReferenceRange, effort: Effort | None) -> tuple[int, bool, bool, bool, bool, int]:
    if row.limits_deg is None:
        tier = 3
    elif row.kind is ReferenceKind.RULE_OF_THUMB:
        tier = 2
    else:
        tier = 0 if row.verification is Verification.VERIFIED else 1
    other_effort = effort is not None and row.effort not in (None, effort)
    return tier, other_effort, row.sex is None, row.position is None, not row.needs_age, -(row.n or 0)


def _known(number: float | None) -> float | None:
    return None if number is None or not math.isfinite(number) else float(number)


def _verdict(interval95_deg: Sequence[float | None] | None, limits_deg: tuple[float, float]) -> Verdict | None:
    if interval95_deg is None:
        return None
    bottom, top = (_known(bound) for bound in interval95_deg)
    if bottom is None or top is None:
        return None
    if bottom > top:
        raise ValueError(f"an interval runs from low to high, found {bottom} to {top}")
    low, high = limits_deg
    if top < low:
        return Verdict.BELOW
    if bottom > high:
        return Verdict.ABOVE
    return Verdict.WITHIN if low <= bottom and top <= high else Verdict.BORDERLINE
