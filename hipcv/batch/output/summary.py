"""One page about a whole batch: how many, how they are spread, what stands out, what to film again, who agrees."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Any

from jinja2 import Template

from hipcv.agreement.page import TESTS, draw_study, open_page
from hipcv.batch.output.contents import Contents
from hipcv.batch.output.distribution import draw_distribution
from hipcv.batch.output.results import MEASURED, Row, motion_column
from hipcv.outputs.basis import rotation_text
from hipcv.version import __version__
from hipcv.words import Motion

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
    for test, motion in product(TESTS, Motion):
        values = _values(rows, test, motion)
        if len(values) < FEWEST_FOR_OUTLIERS:
            continue
        low, _, high = statistics.quantiles((value for _, value in values), n=4, method="inclusive")
        reach = FENCE_IQR * (high - low)
        for row, value in values:
            if not low - reach <= value <= high + reach:
                why = (
                    f"{value:.1f}° of {rotation_text(motion)} lies far from the others of this test "
                    f"(half of them within {low:.1f}–{high:.1f}°)"
                )
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
            (f"{title}, {rotation_text(motion)}", drawn)
            for (test, title), motion in product(TESTS.items(), Motion)
            if (drawn := draw_distribution(contents.sides, test, motion, contents.pages))
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
        (f"{title}, {rotation_text(motion)}", counts)
        for (test, title), motion in product(TESTS.items(), Motion)
        if (counts := Counter(verdict for _, verdict in _values(rows, test, motion, "reference_verdict")))
    ]


def _values(rows: Sequence[Row], test: str, motion: Motion, name: str = "end_range_deg") -> list[tuple[Row, Any]]:
    """Return the rows of a test that have a value of one motion, each with it."""
    column = motion_column(motion, name)
    return [(row, row[column]) for row in rows if row["test"] == test and row.get(column) is not None]


@cache
def _template() -> Template:
    return open_page(files("hipcv.batch").joinpath("data", "summary.html"))
