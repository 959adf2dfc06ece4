"""How far people's hips turn, and how a measured value compares (METHOD R3, R4).

The numbers live in `data/references.toml`, each with its source. A reference is never a diagnosis: a value is below,
within or above a *named* range, or borderline where the measurement's own interval straddles a limit. A range judges
nobody of whom it is not known that they belong to its people: `NoVerdict` says why one is only shown.
"""

import math
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from statistics import NormalDist
from typing import Any

import scipy  # its parts load when they are first asked for, `special` in 0.3 s

from hipcv.core.procedure import Procedure
from hipcv.core.procedures import procedure_named
from hipcv.core.uncertainty import CENTRAL_95_SD
from hipcv.evidence.guidance import note_for, wording_of
from hipcv.words import Effort, Motion, Sex

#: Below so many people the sample's own mean and SD are uncertain, and the limits are those of Student's t for one
#: further person, mean ± t SD √(1 + 1/n).
SMALL_SAMPLE = 30

#: How far the middle of such a range shifts with how it was measured. Young men, passive, hip at 90°: 26.9° (Czuppon
#: 2017) and 33° (Hilfiker 2022), so that the 50th percentile of the one is the 24th of the other.
PROTOCOL_SPREAD_DEG = 6.0

#: From here on somebody is compared with adults; nobody younger is.
ADULT_YEARS = 18

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


class NoVerdict(StrEnum):
    """Why a reference is shown without a verdict."""

    OFTEN_QUOTED = "often quoted, no study"
    NO_SPREAD = "no spread published"
    NO_POSTURE = "posture not known"
    NO_AGE = "age not stated"
    NO_SEX = "sex not stated"
    NO_AGE_OR_SEX = "age and sex not stated"


class AsymmetryVerdict(StrEnum):
    """What a left–right difference amounts to."""

    NO_DIFFERENCE_DETECTED = "no_difference_detected"
    SMALL = "small"
    NOTABLE = "notable"
    LARGE = "large"

    @property
    def wording(self) -> str:
        """The verdict in plain words."""
        return wording_of(self)


@dataclass(frozen=True, slots=True)
class ReferenceRange:
    """Hip rotation of a named group of people; `None` is "any" (effort to age) or "not printed" (the rest).

    Attributes
    ----------
    motion : internal rotation, or external.
    position : the test whose posture it was measured in; None is "any" for a rule of thumb, and "not known" for a
        published row, which then judges nobody without a `posture_caveat`.
    hip_flexion_deg : how far the hip was bent, where a published row's source prints that and no posture.
    posture_caveat : how far postures with that bend differ, in a few words, to be said wherever such a row judges; None
        where that is not known, or too much to judge by.
    judges_in : the one test in which such a row judges; in others with that bend it is shown.
    age_low_years, age_high_years : completed years, both included; the sample's own ages for published rows.
    reach_years : ages to which the row may be carried beyond its band, both included; then `extrapolated` is set.
    mean_deg, sd_deg : degrees; a mean without a spread gives a distance but no verdict.
    means_deg : lowest and highest of several means, where only these are known; a distance but no verdict either.
    low_deg, high_deg : printed limits in degrees; see `limits_deg`.
    n : people in the sample.
    no_verdict : why it judges nobody, set by `find_references` for the subject; None where it gives a verdict.
    """

    id: str
    label: str
    kind: ReferenceKind
    verification: Verification
    population: str
    position: Procedure | None = None
    hip_flexion_deg: float | None = None
    posture_caveat: str | None = None
    judges_in: Procedure | None = None
    effort: Effort | None = None
    sex: Sex | None = None
    age_low_years: int | None = None
    age_high_years: int | None = None
    reach_years: tuple[int, int] | None = None
    mean_deg: float | None = None
    sd_deg: float | None = None
    means_deg: tuple[float, float] | None = None
    low_deg: float | None = None
    high_deg: float | None = None
    n: int | None = None
    end_point: str | None = None
    citation: str | None = None
    doi: str | None = None
    note: str | None = None
    extrapolated: bool = False
    no_verdict: NoVerdict | None = None
    motion: Motion = Motion.INTERNAL

    def __post_init__(self) -> None:
        if (self.low_deg is None) != (self.high_deg is None):
            raise ValueError(f"reference {self.id}: give both limits or none")
        if self.mean_deg is None and self.low_deg is None and self.means_deg is None:
            raise ValueError(f"reference {self.id}: give a mean or limits")
        if self.means_deg is not None and (self.mean_deg is not None or self.means_deg[0] >= self.means_deg[1]):
            raise ValueError(f"reference {self.id}: a range of means runs from low to high and stands for the mean")
        if self.sd_deg is not None and (self.mean_deg is None or self.sd_deg <= 0):
            raise ValueError(f"reference {self.id}: an SD must be above 0 and comes with a mean")
        if (self.kind is ReferenceKind.PUBLISHED) == (self.citation is None):
            raise ValueError(f"reference {self.id}: published rows, and only they, carry a citation")
        if self.hip_flexion_deg is not None and (self.position is not None or self.citation is None):
            raise ValueError(f"reference {self.id}: a hip angle stands for the position that a source does not print")
        if self.posture_caveat is not None and self.hip_flexion_deg is None:
            raise ValueError(f"reference {self.id}: how far postures differ is said of a hip angle")

    @property
    def limits_deg(self) -> tuple[float, float] | None:
        """Printed limits, else the central 95 % of the group, in degrees; None for a mean without a spread.

        Mean ± 1.96 SD, and for fewer than 30 people mean ± t SD √(1 + 1/n): n = 19 gives 2.16.
        """
        if self.low_deg is not None and self.high_deg is not None:
            return self.low_deg, self.high_deg
        if self.mean_deg is not None and self.sd_deg is not None:
            few, sds = self._n_few, CENTRAL_95_SD
            if few:
                sds = float(scipy.special.stdtrit(few - 1, 0.975)) * math.sqrt(1 + 1 / few)
            return self.mean_deg - sds * self.sd_deg, self.mean_deg + sds * self.sd_deg
        return None

    def fits(self, test: Procedure) -> bool:
        """Whether it is of this test's posture, or of one that is not known with a hip that may be bent like that.

        Examples
        --------
        >>> seated, prone = procedure_named("seated"), procedure_named("prone")
        >>> bent = next(row for row in all_references() if row.hip_flexion_deg == 90)
        >>> bent.fits(seated), bent.fits(prone)
        (True, False)
        """
        if self.position is not None:
            return self.position is test
        return self.hip_flexion_deg in (None, test.hip_flexion_deg)

    @property
    def adults(self) -> bool:
        """Whether its people, by their ages, are adults at least in part."""
        return self.age_high_years is None or self.age_high_years >= ADULT_YEARS

    def percentile(self, value_deg: float) -> float | None:
        """Return the share of the group that turns less than `value_deg`, 0 to 100; None without a mean and an SD.

        Examples
        --------
        >>> quoted = ReferenceKind.RULE_OF_THUMB, Verification.PRODUCT
        >>> usual = ReferenceRange("g", "Group", *quoted, "adults", mean_deg=35.0, sd_deg=5.0)
        >>> usual.percentile(35.0), round(usual.percentile(45.0), 1)
        (50.0, 97.7)
        """
        if self.mean_deg is None or self.sd_deg is None:
            return None
        away, few = (value_deg - self.mean_deg) / self.sd_deg, self._n_few
        if few:
            return 100 * float(scipy.special.stdtr(few - 1, away / math.sqrt(1 + 1 / few)))
        return 100 * NormalDist().cdf(away)

    def distance_deg(self, value_deg: float) -> float | None:
        """Return the value less the mean, or less the nearer of several means and 0 between them; None without any.

        Examples
        --------
        >>> quoted = ReferenceKind.RULE_OF_THUMB, Verification.PRODUCT
        >>> several = ReferenceRange("g", "Group", *quoted, "adults", means_deg=(30.0, 40.0))
        >>> several.distance_deg(28.0), several.distance_deg(35.0)
        (-2.0, 0.0)
        """
        if self.means_deg is not None:
            low, high = self.means_deg
            return value_deg - min(max(value_deg, low), high)
        return None if self.mean_deg is None else value_deg - self.mean_deg

    @property
    def _n_few(self) -> int:
        """People in a small sample; 0 where it is large or its size is not printed."""
        return self.n if self.n is not None and 1 < self.n < SMALL_SAMPLE else 0

    @property
    def needs_age(self) -> bool:
        """Whether the row says nothing about somebody of unknown age: a rule of thumb for one age band."""
        banded = self.age_low_years is not None or self.age_high_years is not None
        return self.kind is ReferenceKind.RULE_OF_THUMB and banded and self.reach_years is None

    def covers(self, age_years: float) -> bool:
        """Whether somebody of `age_years` is inside the row's own age band (in completed years).

        Examples
        --------
        >>> quoted = ReferenceKind.RULE_OF_THUMB, Verification.PRODUCT
        >>> ages = {"age_low_years": 6, "age_high_years": 9}
        >>> children = ReferenceRange("g", "Group", *quoted, "children", mean_deg=50.0, **ages)
        >>> children.covers(9.9), children.covers(10.0)
        (True, False)
        """
        age = math.floor(age_years)
        low, high = self.age_low_years, self.age_high_years
        return (low is None or age >= low) and (high is None or age <= high)

    def reaches(self, age_years: float) -> bool:
        """Whether the row may be carried to somebody of `age_years` who is outside its band.

        Examples
        --------
        >>> college = next(row for row in all_references() if row.reach_years is not None)
        >>> college.reaches(college.reach_years[1]), college.reaches(college.reach_years[1] + 1)
        (True, False)
        """
        return self.reach_years is not None and self.reach_years[0] <= math.floor(age_years) <= self.reach_years[1]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measured value against one reference; `None` where the reference or the value does not say.

    `difference_deg` is the value minus the reference's mean; `percentile` lies within 0 to 100, and beside it stands
    how far another protocol would shift the group (`protocol_spread_deg`). `posture_caveat` says how far other postures
    differ where the source does not print which one it was; it belongs beside verdict, percentile and difference. Where
    the reference judges nobody, `no_verdict` says why, and there is neither verdict nor percentile.
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
    no_verdict: NoVerdict | None
    protocol_spread_deg: float | None = None
    posture_caveat: str | None = None


@cache
def all_references() -> tuple[ReferenceRange, ...]:
    """Return every reference range the product ships, in the order of its data file.

    Examples
    --------
    >>> len({row.id for row in all_references()}) == len(all_references())
    True
    """
    told = tomllib.loads(files("hipcv.evidence").joinpath("data/references.toml").read_text("utf-8"))
    caveats = {
        (Motion(one["motion"]), one["hip_flexion_deg"]): (one["caveat"], procedure_named(one["judges_in"]))
        for one in told["unprinted_posture"]
    }
    return tuple(_reference(fields, caveats) for fields in told["reference"])


def find_references(
    position: Procedure,
    *,
    age_years: float | None = None,
    sex: Sex | None = None,
    effort: Effort | None = None,
    motion: Motion = Motion.INTERNAL,
) -> tuple[ReferenceRange, ...]:
    """Return the references that fit a subject, most specific and best first.

    Rows of another motion, of another position, or of another bend of the hip, are never returned; rows of the other
    sex or of another age are left out where sex and age are known, and nobody under 18 meets a row of adults. A row may
    be carried beyond its sample's ages as far as its `reach_years` go and is then marked `extrapolated`: young men's to
    40 years, women's to 59. Where the age is unknown (None or NaN) rules of thumb by age are left out and published
    samples stay. Effort only orders rows, because active and passive ranges did not differ in the seated test (Krause
    2015).

    A row that gives no verdict is marked with the reason (`no_verdict`): a rule of thumb, which no study backs; a mean
    without a spread; a posture that is not known; a row of one sex or of some ages for somebody whose sex or age is not
    stated. Women's and men's rows then take turns, so that neither is the default. A row whose source prints the bend
    of the hip and not the posture judges where that makes little difference, and carries a `posture_caveat`.

    Order: rows that give a verdict; those that a stated sex or age would let judge; those of no known posture; bare
    means; rules of thumb. Within each: a printed posture before a bend of the hip alone, read in the source before
    quoted, this effort or any before the other, rows that need no guess about the sex, this position and this age, then
    the larger sample.

    Parameters
    ----------
    position : the test that was done.
    age_years, sex, effort : the subject and the test, None where unknown.
    motion : which way the hip turned.

    Examples
    --------
    >>> rows = find_references(procedure_named("seated"), age_years=25, sex=Sex.MALE)
    >>> rows[0].no_verdict is None, rows[-1].no_verdict
    (True, <NoVerdict.OFTEN_QUOTED: 'often quoted, no study'>)
    >>> find_references(procedure_named("seated"), age_years=25)[0].no_verdict
    <NoVerdict.NO_SEX: 'sex not stated'>
    """
    age = known_age(age_years)
    fitting = (row for row in all_references() if row.motion is motion and row.fits(position) and _of_sex(row, sex))
    postured = (_in_posture(row, position) for row in fitting)
    aged = (kept for row in postured if (kept := _at_age(row, age)) is not None)
    judged = (replace(row, no_verdict=_no_verdict(row, age, sex)) for row in aged)
    return _in_turns(sorted(judged, key=lambda row: _rank(row, effort, sex)), effort, sex)


def known_age(age_years: float | None) -> float | None:
    """Return the age, None where it is None or NaN.

    Examples
    --------
    >>> known_age(30.5), known_age(float("nan"))
    (30.5, None)
    """
    return None if age_years is None or math.isnan(age_years) else age_years


def compare(
    end_range_deg: float | None, interval95_deg: Sequence[float | None] | None, reference: ReferenceRange
) -> Comparison:
    """Compare a measured end range with one reference.

    Parameters
    ----------
    end_range_deg : degrees; None or NaN leaves percentile, difference and verdict None.
    interval95_deg : (low, high) in degrees; None, or a bound that is None or NaN, leaves the verdict None, because
        without an interval nobody can say whether a limit is straddled.
    reference : the range as `find_references` returns it for the subject; one marked `no_verdict` gives neither verdict
        nor percentile, and one that no study backs no distance either.

    Returns
    -------
    Comparison with verdict "borderline" where the interval straddles a limit, else "below", "within" or "above"; the
    percentile is that of a normal distribution with the reference's mean and SD (Student's t for a small sample).

    Raises
    ------
    ValueError
        If the interval's low end lies above its high end.

    Examples
    --------
    >>> quoted = ReferenceKind.RULE_OF_THUMB, Verification.PRODUCT
    >>> usual = ReferenceRange("g", "Group", *quoted, "adults", low_deg=30.0, high_deg=45.0, mean_deg=37.0)
    >>> compare(28.0, (26.0, 29.0), usual).verdict, compare(29.0, (26.0, 32.0), usual).verdict
    (<Verdict.BELOW: 'below'>, <Verdict.BORDERLINE: 'borderline'>)
    >>> compare(float("nan"), None, usual).verdict is None
    True
    """
    value, limits = _known(end_range_deg), reference.limits_deg
    judged = value is not None and reference.no_verdict is None
    percentile = reference.percentile(value) if judged and value is not None else None
    quoted = reference.kind is ReferenceKind.RULE_OF_THUMB
    return Comparison(
        id=reference.id,
        label=reference.label,
        low_deg=None if limits is None else limits[0],
        high_deg=None if limits is None else limits[1],
        percentile=percentile,
        verdict=_verdict(interval95_deg, limits) if judged and limits is not None else None,
        citation=reference.citation,
        doi=reference.doi,
        difference_deg=None if value is None or quoted else reference.distance_deg(value),
        extrapolated=reference.extrapolated,
        no_verdict=reference.no_verdict,
        protocol_spread_deg=None if percentile is None else PROTOCOL_SPREAD_DEG,
        posture_caveat=reference.posture_caveat,
    )


def subject_notes(comparisons: Sequence[Comparison], age_years: float | None) -> tuple[str, ...]:
    """Return what somebody has to know beside their comparisons, one plain sentence or two each.

    Why there is no verdict, where no range gives one; and under 18 years when to see a doctor, which holds without any
    number, too: `comparisons` may be empty.

    Examples
    --------
    >>> subject_notes([], None), len(subject_notes([], 12))
    ((), 1)
    """
    notes, age = [], known_age(age_years)
    silent = {comparison.no_verdict for comparison in comparisons}
    if silent and None not in silent:
        stated = (NoVerdict.NO_AGE_OR_SEX, NoVerdict.NO_AGE, NoVerdict.NO_SEX)
        reason = next((reason for reason in (*stated, NoVerdict.NO_POSTURE) if reason in silent), NoVerdict.NO_SPREAD)
        notes.append(note_for(reason.name.lower()))
    if age is not None and age < ADULT_YEARS:
        notes.append(note_for("under_18"))
    return tuple(notes)


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

    Examples
    --------
    >>> asymmetry_verdict(-8.0, 9.0), asymmetry_verdict(12.0, 9.0), asymmetry_verdict(float("nan"), 9.0)
    (<AsymmetryVerdict.NO_DIFFERENCE_DETECTED: 'no_difference_detected'>, <AsymmetryVerdict.NOTABLE: 'notable'>, None)
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


def _reference(
    fields: Mapping[str, Any], caveats: Mapping[tuple[Motion, float], tuple[str, Procedure]]
) -> ReferenceRange:
    words: dict[str, Callable[[str], object]] = {"position": procedure_named, "effort": Effort, "sex": Sex}
    words |= {"motion": Motion}
    words |= {"kind": ReferenceKind, "verification": Verification}
    row: dict[str, Any] = {key: words[key](value) if key in words else value for key, value in fields.items()}
    row |= {key: tuple(row[key]) for key in ("reach_years", "means_deg") if key in row}
    reference = ReferenceRange(**row)
    if reference.hip_flexion_deg is not None:
        caveat, test = caveats.get((reference.motion, reference.hip_flexion_deg), (None, None))
        reference = replace(reference, posture_caveat=caveat, judges_in=test)
    return replace(reference, no_verdict=_never_judges(reference))


def _in_posture(row: ReferenceRange, test: Procedure) -> ReferenceRange:
    """Return a row of no printed posture as one that judges nobody where it does not judge this test."""
    return row if row.judges_in in (None, test) else replace(row, posture_caveat=None, judges_in=None)


def _of_sex(row: ReferenceRange, sex: Sex | None) -> bool:
    return sex is None or row.sex in (None, sex)


def _at_age(row: ReferenceRange, age_years: float | None) -> ReferenceRange | None:
    if age_years is None:
        return None if row.needs_age else row
    if age_years < ADULT_YEARS and row.adults and row.kind is ReferenceKind.PUBLISHED:
        return None
    if row.covers(age_years):
        return row
    return replace(row, extrapolated=True) if row.reaches(age_years) else None


def _never_judges(row: ReferenceRange) -> NoVerdict | None:
    """Return why a row judges nobody, whoever it is; None where it depends on the subject."""
    if row.kind is ReferenceKind.RULE_OF_THUMB:
        return NoVerdict.OFTEN_QUOTED
    if row.limits_deg is None:
        return NoVerdict.NO_SPREAD
    return NoVerdict.NO_POSTURE if row.position is None and row.posture_caveat is None else None


def _no_verdict(row: ReferenceRange, age_years: float | None, sex: Sex | None) -> NoVerdict | None:
    """Return why a row does not judge this subject: nobody's sex or age is guessed."""
    if (never := _never_judges(row)) is not None:
        return never
    no_age = age_years is None and (row.age_low_years, row.age_high_years) != (None, None)
    no_sex = sex is None and row.sex is not None
    if no_age and no_sex:
        return NoVerdict.NO_AGE_OR_SEX
    if no_age:
        return NoVerdict.NO_AGE
    return NoVerdict.NO_SEX if no_sex else None


_Rank = tuple[int, int, bool, bool, bool, bool, bool, int]


def _rank(row: ReferenceRange, effort: Effort | None, sex: Sex | None) -> _Rank:
    last = {None: 0, NoVerdict.NO_POSTURE: 2, NoVerdict.NO_SPREAD: 3, NoVerdict.OFTEN_QUOTED: 4}
    unprinted = row.kind is ReferenceKind.PUBLISHED and row.position is None
    vague = unprinted + (unprinted and row.hip_flexion_deg is None)
    tier = last.get(row.no_verdict, 1), vague, row.verification is Verification.SECONDARY
    other_effort = effort is not None and row.effort not in (None, effort)
    less_fitting = row.sex is None if sex is not None else row.sex is not None
    return *tier, other_effort, less_fitting, row.position is None, not row.needs_age, -(row.n or 0)


def _in_turns(rows: Sequence[ReferenceRange], effort: Effort | None, sex: Sex | None) -> tuple[ReferenceRange, ...]:
    """Let women's and men's rows take turns where the sex is not known, whatever their effort; `rows` are in order."""
    if sex is not None:
        return tuple(rows)
    turns: Counter[tuple[object, ...]] = Counter()
    placed = []
    for row in rows:
        rank = _rank(row, effort, sex)[:3]
        turns[rank, row.sex] += 1
        placed.append(((rank, turns[rank, row.sex], row.sex is Sex.MALE), row))
    return tuple(row for _, row in sorted(placed, key=lambda one: one[0]))


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
