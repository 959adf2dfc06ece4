"""The reference ranges as a table of words, for printing."""

from collections.abc import Sequence
from dataclasses import dataclass

from hipcv.core.procedure import Procedure
from hipcv.core.procedures import PROCEDURES
from hipcv.evidence.reference import (
    NoVerdict,
    ReferenceKind,
    ReferenceRange,
    Verification,
    all_references,
    find_references,
    known_age,
)
from hipcv.words import Motion, Sex

_WHO = {None: "both sexes", Sex.FEMALE: "women", Sex.MALE: "men"}
_CHECKED = {
    Verification.PRODUCT: str(NoVerdict.OFTEN_QUOTED),
    Verification.VERIFIED: "published",
    Verification.SECONDARY: "published, quoted by others",
}


@dataclass(frozen=True, slots=True)
class NormRow:
    """One reference range as words; empty where nothing is known.

    `mean` and `limits` are degrees, `mean` the lowest and highest where several are printed, `limits` the printed range
    or the central 95 %; `checked` says whether the row is often quoted without a study, published, or published and
    quoted by others; `posture_caveat` what a posture that the source does not print leaves open.
    """

    id: str
    label: str
    motion: str
    test: str
    who: str
    ages: str
    effort: str
    mean: str
    limits: str
    n: str
    checked: str
    population: str
    end_point: str
    source: str
    doi: str
    note: str
    posture_caveat: str


def norms_table(
    position: Procedure | None = None,
    *,
    age_years: float | None = None,
    sex: Sex | None = None,
    motion: Motion = Motion.INTERNAL,
) -> tuple[NormRow, ...]:
    """Return the references that fit, the hip bent first, each test's best first, what is of no one test last.

    With nothing given the table holds every reference of internal rotation. Each argument narrows it as in
    `find_references`, except that an unknown age (None or NaN) keeps the rules of thumb by age, since a reader can pick
    the right one.

    Examples
    --------
    >>> row = norms_table(PROCEDURES[0], age_years=30, sex=Sex.MALE)[0]
    >>> row.who, row.mean, row.limits
    ('men', '33 ± 8.5', '16.3–49.7')
    """
    positions = PROCEDURES if position is None else (position,)
    fitting = (find_references(wanted, age_years=age_years, sex=sex, motion=motion) for wanted in positions)
    chosen: dict[str, ReferenceRange] = {}
    for rows in fitting:
        for row in rows:
            kept = chosen.setdefault(row.id, row)
            if kept.posture_caveat is None and row.posture_caveat is not None:  # as it stands in the test it judges in
                chosen[row.id] = row
    if known_age(age_years) is None:
        banded = (row for row in all_references() if row.needs_age and row.motion is motion)
        chosen |= {row.id: row for row in banded if row.position in (None, *positions)}
    return tuple(_norm_row(row) for row in sorted(chosen.values(), key=lambda row: _place(row, positions)))


def _place(row: ReferenceRange, positions: Sequence[Procedure]) -> int:
    """Return which of the tests a row is listed with, as far as its position or hip angle says; else after them all."""
    if row.position is None and row.hip_flexion_deg is None:
        return len(positions)
    return next(k for k, position in enumerate(positions) if row.fits(position))


def _norm_row(row: ReferenceRange) -> NormRow:
    limits = row.limits_deg
    return NormRow(
        id=row.id,
        label=row.label,
        motion=str(row.motion),
        test=_test(row),
        who=_WHO[row.sex],
        ages=_ages(row),
        effort="either" if row.effort is None else row.effort.value,
        mean=_mean(row),
        limits="" if limits is None else f"{limits[0]:.3g}–{limits[1]:.3g}",
        n="" if row.n is None else str(row.n),
        checked=_CHECKED[row.verification],
        population=row.population,
        end_point=row.end_point or "",
        source=row.citation or "often quoted; no study behind it",
        doi=row.doi or "",
        note=row.note or "",
        posture_caveat=row.posture_caveat or "",
    )


def _test(row: ReferenceRange) -> str:
    if row.position is not None:
        return row.position.name
    if row.kind is ReferenceKind.RULE_OF_THUMB:
        return "either"
    told = [] if row.hip_flexion_deg is None else [f"hip at {row.hip_flexion_deg:g}°"]
    return ", ".join(told if row.posture_caveat else [*told, str(NoVerdict.NO_POSTURE)])


def _mean(row: ReferenceRange) -> str:
    if row.means_deg is not None:
        return "{:g}–{:g}".format(*row.means_deg)
    if row.mean_deg is None:
        return ""
    return f"{row.mean_deg:g}" + ("" if row.sd_deg is None else f" ± {row.sd_deg:g}")


def _ages(row: ReferenceRange) -> str:
    low, high = row.age_low_years, row.age_high_years
    if low is None and high is None:
        ages = "any age"
    else:
        ages = f"{low or 0} and over" if high is None else f"{low or 0}–{high}"
    return f"{ages}, extrapolated" if row.extrapolated else ages
