"""One page about a whole batch: how many, how they are spread, what stands out, what to film again, who agrees."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from hipcv import __version__
from hipcv.agreement.figures import draw_bland_altman, draw_distribution
from hipcv.agreement.study import Study
from hipcv.batch.output.results import MEASURED, Row
from hipcv.core.procedures import PROCEDURES

if TYPE_CHECKING:
    from hipcv.batch.output.result_folder import Contents

#: Values this many interquartile ranges beyond the quartiles are called outlying (Tukey 1977).
FENCE_IQR = 1.5
#: Quartiles of fewer values say nothing about what is far away.
FEWEST_FOR_OUTLIERS = 8
_TESTS = {procedure.name: f"{procedure.label} test" for procedure in PROCEDURES}


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to look at: which recording, and why."""

    row: Row
    why: str
    page: str | None


def find_remarks(rows: Sequence[Row], pages: dict[int, str]) -> list[Remark]:
    """Return what stands out: values far from the others of their test, and sides in another order than the list's."""
    remarks = []
    for test in _TESTS:
        measured = [row for row in rows if row["status"] == MEASURED and row["test"] == test]
        if len(measured) < FEWEST_FOR_OUTLIERS:
            continue
        low, _, high = statistics.quantiles((row["end_range_deg"] for row in measured), n=4, method="inclusive")
        reach = FENCE_IQR * (high - low)
        for row in measured:
            value = row["end_range_deg"]
            if not low - reach <= value <= high + reach:
                why = f"{value:.1f}° lies far from the others of this test (half of them within {low:.1f}–{high:.1f}°)"
                remarks.append(Remark(row, why, pages.get(row["row"])))
    told = set()
    for row in rows:
        if row["side_order_agrees"] is False and row["row"] not in told:
            told.add(row["row"])
            why = (
                f"the list says {row['side_order'].replace(',', ', then ')}, the recording shows "
                f"{row['side_order_seen'].replace(',', ', then ')}: is it mirrored, or the list wrong?"
            )
            remarks.append(Remark(row, why, pages.get(row["row"])))
    return remarks


def render_summary(contents: "Contents", pose_model: str) -> str:
    """Return the page as one HTML file that needs no network."""
    return _template("summary.html").render(
        counts=contents.counts,
        n_clips=contents.counts.total(),
        n_sides=len(contents.sides),
        n_sides_measured=sum(row["status"] == MEASURED for row in contents.sides),
        verdicts=_verdicts(contents.sides),
        distributions=[
            (title, drawn)
            for test, title in _TESTS.items()
            if (drawn := draw_distribution(contents.sides, test, contents.pages))
        ],
        remarks=find_remarks(contents.sides, contents.pages),
        same=contents.same,
        film_again=contents.film_again,
        reasons=Counter(row["reason"] for row in contents.film_again).most_common(),
        pages=contents.pages,
        studies=[(study, _plots(study)) for study in contents.studies],
        pose_model=pose_model,
        version=__version__,
    )


def render_agreement(study: Study) -> str:
    """Return the page of one agreement study as one HTML file that needs no network."""
    return _template("agreement.html").render(study=study, plots=_plots(study), version=__version__)


def _verdicts(rows: Sequence[Row]) -> list[tuple[str, Counter[str]]]:
    return [
        (title, counts)
        for test, title in _TESTS.items()
        if (
            counts := Counter(
                row["reference_verdict"] for row in rows if row["test"] == test and row["reference_verdict"]
            )
        )
    ]


def _plots(study: Study) -> list[tuple[str, Markup]]:
    tests = [test for test in _TESTS if any(group.test == test for group in study.groups)]
    wanted = [(test, _TESTS[test]) for test in tests] if len(tests) > 1 else [("", "All pairs")]
    return [(title, drawn) for test, title in wanted if (drawn := draw_bland_altman(study, test))]


@cache
def _template(name: str) -> Template:
    # names of people and files stand on the page: everything is escaped unless it says that it is safe
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["deg"] = _deg
    folder = files("hipcv.batch").joinpath("data")
    environment.globals["style"] = folder.joinpath("page.css").read_text("utf-8")
    environment.globals["agreement_table"] = environment.from_string(
        folder.joinpath("agreement_table.html").read_text("utf-8")
    ).module.agreement_table  # type: ignore[attr-defined]
    return environment.from_string(folder.joinpath(name).read_text("utf-8"))


def _deg(value: float | None) -> str:
    return "–" if value is None or value != value else f"{value:.1f}".replace("-", "\N{MINUS SIGN}")
