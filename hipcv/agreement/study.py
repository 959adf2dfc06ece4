"""An agreement study: two sets of readings of the same hips, overall and by position and sex."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hipcv.evidence.agreement import BlandAltman, Icc, MeanAbsoluteError, bland_altman, icc_2_1, mae
from hipcv.words import Measure

SCHEMA = "hipcv.agreement/1"
#: The columns of a table of results, one row a side, and what each is of.
MEASURES = {
    "end_range_deg": Measure.INTERNAL,
    "external_end_range_deg": Measure.EXTERNAL,
    "arc_total_deg": Measure.ARC,
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two readings of one side in one recording or visit, in degrees, NaN where one is missing.

    `label` says for people which one it is; subject, test, sex and measure are "" where nobody says.
    """

    label: str
    first_deg: float
    second_deg: float
    subject: str = ""
    test: str = ""
    sex: str = ""
    side: str = ""
    measure: str = str(Measure.INTERNAL)

    @property
    def complete(self) -> bool:
        """Whether both readings are there."""
        return math.isfinite(self.first_deg) and math.isfinite(self.second_deg)


@dataclass(frozen=True, slots=True)
class Group:
    """Agreement within one group of pairs of one measure; test and sex are "" where the group holds all of them.

    `n_subjects` are the people behind the pairs, None where somebody has no name. The statistics take pairs as
    independent; two sides of one person are not quite, so their intervals are somewhat too narrow.
    """

    label: str
    measure: str
    test: str
    sex: str
    n_subjects: int | None
    bland_altman: BlandAltman
    icc: Icc
    mae: MeanAbsoluteError


@dataclass(frozen=True, slots=True)
class Study:
    """How two sets of readings agree; differences are the first less the second, in degrees."""

    first: str
    second: str
    pairs: tuple[Pair, ...]
    groups: tuple[Group, ...]


def study_agreement(first: str, second: str, pairs: Sequence[Pair]) -> Study:
    """Compare two sets of readings, each measure by itself: all pairs, then each position, each sex, and each of each.

    Parameters
    ----------
    first, second : what the sets are called.
    pairs : readings in degrees; a pair with a missing one is counted and left out of the statistics.

    Returns
    -------
    Bias and 95 % limits of agreement (Bland & Altman 1999), ICC(2,1) with its 95 % interval (McGraw & Wong 1996) and
    mean absolute error of every group with a complete pair in it; a group that is the same as a wider one is left out.

    Examples
    --------
    >>> pairs = [Pair("a", 31.0, 30.0), Pair("b", 36.0, 37.0), Pair("c", 40.0, math.nan)]
    >>> everybody = study_agreement("hipcv", "goniometer", pairs).groups[0]
    >>> everybody.bland_altman.bias, everybody.bland_altman.n, everybody.bland_altman.n_dropped
    (0.0, 2, 1)
    """
    tests = sorted({p.test for p in pairs if p.test})
    sexes = sorted({p.sex for p in pairs if p.sex})
    wanted = [("", "")]
    wanted += [(test, "") for test in tests] + [("", sex) for sex in sexes]
    wanted += [(test, sex) for test in tests for sex in sexes]
    groups: list[Group] = []
    seen: set[tuple[int, ...]] = set()
    for measure in dict.fromkeys(p.measure for p in pairs) or [str(Measure.INTERNAL)]:
        for test, sex in wanted:
            of = [at for at, p in enumerate(pairs) if p.measure == measure]
            members = [at for at in of if test in ("", pairs[at].test) and sex in ("", pairs[at].sex)]
            whole = tuple(at for at in members if pairs[at].complete)
            if (whole and whole not in seen) or not (test or sex):
                seen.add(whole)
                groups.append(_group(measure, test, sex, [pairs[at] for at in members]))
    return Study(first, second, tuple(pairs), tuple(groups))


def _group(measure: str, test: str, sex: str, pairs: Sequence[Pair]) -> Group:
    first, second = [p.first_deg for p in pairs], [p.second_deg for p in pairs]
    subjects = {p.subject for p in pairs if p.complete}
    return Group(
        label=", ".join(part for part in (_other(measure), test, sex) if part) or "all",
        measure=measure,
        test=test,
        sex=sex,
        n_subjects=None if "" in subjects else len(subjects),
        bland_altman=bland_altman(first, second),
        icc=icc_2_1([[p.first_deg, p.second_deg] for p in pairs] or [[math.nan, math.nan]]),
        mae=mae(first, second),
    )


def _other(measure: str) -> str:
    """Return what a group is of in words where it is not internal rotation, of which everything else is."""
    return "" if measure in ("", Measure.INTERNAL) else Measure(measure).label


def render_study(study: Study) -> dict[str, Any]:
    """Return the study as JSON values; what cannot be told is null, never 0 or NaN.

    Examples
    --------
    >>> study = study_agreement("hipcv", "goniometer", [Pair("a", 31.0, 30.0)])
    >>> group = render_study(study)["groups"][0]
    >>> group["bias_deg"], group["sd_deg"]
    (1.0, None)
    """
    rendered: dict[str, Any] = _known(
        {
            "schema": SCHEMA,
            "first": study.first,
            "second": study.second,
            "difference": f"{study.first} less {study.second}",
            "unit": "deg",
            "groups": [_render_group(group) for group in study.groups],
            "pairs": [asdict(pair) for pair in study.pairs],
        }
    )
    return rendered


def _render_group(group: Group) -> dict[str, Any]:
    limits = group.bland_altman
    return {
        "group": group.label,
        "measure": group.measure or None,
        "test": group.test or None,
        "sex": group.sex or None,
        "n_pairs": limits.n,
        "n_dropped": limits.n_dropped,
        "n_subjects": group.n_subjects,
        "bias_deg": limits.bias,
        "bias_ci95_deg": limits.bias_ci95,
        "sd_deg": limits.sd,
        "lower_limit_deg": limits.lower_limit,
        "lower_limit_ci95_deg": limits.lower_limit_ci95,
        "upper_limit_deg": limits.upper_limit,
        "upper_limit_ci95_deg": limits.upper_limit_ci95,
        "icc": {"form": group.icc.form, "value": group.icc.value, "ci95": group.icc.ci95},
        "mae_deg": group.mae.value,
    }


def _known(value: Any) -> Any:
    """Return a JSON value with null in place of every number that is none, and of intervals without numbers."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: _known(item) for key, item in value.items()}
        case list() | tuple():
            items = [_known(item) for item in value]
            return None if items and all(item is None for item in items) else items
        case _:
            return value


def studies_of(
    rows: Sequence[dict[str, Any]], reading_columns: Sequence[str], label: Callable[[str], str]
) -> list[Study]:
    """Return one study for every other instrument that the list has readings of, from rows of one side each.

    A reading whose column says so (`goniometer_external_deg`, `goniometer_arc_deg`) is held against external rotation
    or the total arc, any other against internal rotation. `label` turns a column into the instrument's name.

    Examples
    --------
    >>> row = {"clip": "a.mp4", "side": "left", "subject": "S01", "test": "seated", "sex": None, "end_range_deg": 31.0}
    >>> studies = studies_of([row | {"goniometer_deg": 30.0}], ["goniometer_deg", "other_deg"], lambda name: name[:-4])
    >>> [study.second for study in studies]
    ['goniometer']
    """
    studies = []
    for column in reading_columns:
        name, measure = _measure_of(column)
        pairs = [
            Pair(
                label=f"{row['clip']}, {row['side']}",
                first_deg=_number(row.get(name)),
                second_deg=_number(row.get(column)),
                subject=row["subject"] or "",
                test=row["test"] or "",
                sex=row["sex"] or "",
                side=row["side"],
                measure=measure,
            )
            for row in rows
            if row.get(column) is not None
        ]
        if pairs:
            studies.append(study_agreement("hipcv", label(column), pairs))
    return studies


def _measure_of(reading: str) -> tuple[str, str]:
    """Return which of our columns a reading is held against, and what both are of."""
    told = next((measure for measure in Measure if reading.removesuffix("_deg").endswith(f"_{measure}")), None)
    wanted = told or Measure.INTERNAL
    return next((column, str(measure)) for column, measure in MEASURES.items() if measure is wanted)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
