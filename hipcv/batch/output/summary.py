"""One page about a whole batch: how many, how they are spread, what stands out, what to film again, who agrees."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Template

from hipcv.agreement.page import TESTS, draw_study, open_page
from hipcv.batch.output.contents import Contents
from hipcv.batch.output.distribution import draw_distribution
from hipcv.batch.output.results import MEASURED, Row
from hipcv.version import __version__

#: Values this many interquartile ranges beyond the quartiles are called outlying (Tukey 1977).
FENCE_IQR = 1.5
#: Quartiles of fewer values say nothing about what is far away.
FEWEST_FOR_OUTLIERS = 8


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to look at: which recording, and why."""

    row: Row
    why: str
    page: str | None


def find_remarks(rows: Sequence[Row], pages: dict[int, str]) -> list[Remark]:
    """Return what stands out: values far from the others of their test, and sides in another order than the list's.

    Examples
    --------
    >>> order = {"side_order": "left,right", "side_order_seen": "right,left", "side_order_agrees": False}
    >>> find_remarks([{"status": MEASURED, "test": "seated", "row": 1, **order}], {})[0].why[:70]
    'the list says left, then right, the recording shows right, then left: '
    """
    remarks = []
    for test in TESTS:
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


def render_summary(contents: Contents, pose_model: str) -> str:
    """Return the page as one HTML file that needs no network.

    Examples
    --------
    >>> page = render_summary(Contents(), "heavy")
    >>> page[:15], "<script" in page
    ('<!doctype html>', False)
    """
    return _template().render(
        counts=contents.counts,
        n_clips=contents.counts.total(),
        n_sides=len(contents.sides),
        n_sides_measured=sum(row["status"] == MEASURED for row in contents.sides),
        verdicts=_verdicts(contents.sides),
        distributions=[
            (title, drawn)
            for test, title in TESTS.items()
            if (drawn := draw_distribution(contents.sides, test, contents.pages))
        ],
        remarks=find_remarks(contents.sides, contents.pages),
        same=contents.same,
        film_again=contents.film_again,
        reasons=Counter(row["reason"] for row in contents.film_again).most_common(),
        pages=contents.pages,
        studies=[(study, draw_study(study)) for study in contents.studies],
        pose_model=pose_model,
        version=__version__,
    )


def _verdicts(rows: Sequence[Row]) -> list[tuple[str, Counter[str]]]:
    return [
        (title, counts)
        for test, title in TESTS.items()
        if (
            counts := Counter(
                row["reference_verdict"] for row in rows if row["test"] == test and row["reference_verdict"]
            )
        )
    ]


@cache
def _template() -> Template:
    return open_page(files("hipcv.batch").joinpath("data", "summary.html"))
