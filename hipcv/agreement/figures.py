"""Pictures of many results as inline SVG: distributions against the reference range, and Bland-Altman plots.

They need no script and print sharply; every point says on hovering which recording it is, and leads to its page.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from hipcv.agreement.study import Group, Study
from hipcv.batch.output.results import MEASURED, Row
from hipcv.core.uncertainty import CENTRAL_95_SD
from hipcv.evidence.reference import all_references
from hipcv.words import SIDES

_WIDTH, _LEFT, _RIGHT = 760.0, 64.0, 16.0
_LANE, _TOP, _BOTTOM = 96.0, 26.0, 40.0
_PLOT_HEIGHT = 300.0
#: The golden ratio's fraction: places points evenly, the same way every time.
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True)
class _Axis:
    """From values to drawing units."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.stop - self.start)

    def ticks(self, most: int = 8) -> list[float]:
        step = next(s for s in (0.5, 1, 2, 5, 10, 20, 50, 100, 500) if (self.high - self.low) / s <= most)
        return [k * step for k in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]


def _around(values: Iterable[float], least: float) -> tuple[float, float]:
    """Return limits with some room around values, at least so far apart."""
    low, high = min(values := list(values)), max(values)
    room = max(0.06 * (high - low), (least - (high - low)) / 2)
    return low - room, high + room


# ------------------------------------------------------------------------------------------------------ distribution


def draw_distribution(rows: Sequence[Row], test: str, pages: Mapping[int, str]) -> Markup:
    """Return the end ranges of one test, a lane for each side, with the most used reference range as a band.

    Empty where nothing was measured. `pages` are the recordings' own pages by row.
    """
    measured = [row for row in rows if row["status"] == MEASURED and row["test"] == test]
    if not measured:
        return Markup("")
    band = _usual_range(measured)
    values = [row["end_range_deg"] for row in measured]
    axis = _Axis(*_around([*values, *(band[1:] if band else ())], 20.0), _LEFT, _WIDTH - _RIGHT)
    height = _TOP + len(SIDES) * _LANE
    parts = [_degree_lines(axis, _TOP, height)]
    if band is not None:
        label, low_deg, high_deg = band
        x, width = axis(low_deg), axis(high_deg) - axis(low_deg)
        parts.append(f'<rect class="band" x="{x:.1f}" y="{_TOP}" width="{width:.1f}" height="{height - _TOP:.0f}"/>')
        parts.append(f'<text class="label" x="{x:.1f}" y="{_TOP - 8:.0f}">{escape(label)}</text>')
    for lane, side in enumerate(SIDES):
        mine = [row for row in measured if row["side"] == side]
        middle = _TOP + (lane + 0.5) * _LANE
        parts.append(f'<text class="name" x="4" y="{middle + 4:.0f}">{side}</text>')
        parts.append(f'<text class="label" x="4" y="{middle + 20:.0f}">n = {len(mine)}</text>')
        if len(mine) >= 4:
            parts.append(_box([row["end_range_deg"] for row in mine], axis, middle))
        for number, row in enumerate(mine):
            y = middle + (number * _GOLDEN % 1 - 0.5) * 0.6 * _LANE
            who = ", ".join(part for part in (row["subject"], row["clip"], row["visit_date"]) if part)
            told = f"{who}: {row['end_range_deg']:.1f}°"
            parts.append(_point(axis(row["end_range_deg"]), y, side, told, pages.get(row["row"])))
    title = f"End ranges of {len(measured)} sides in the {test} test, in degrees"
    return _svg(parts, height + _BOTTOM, title, "internal rotation at end range (°)")


def _box(values: Sequence[float], axis: _Axis, middle: float) -> str:
    low, median, high = (axis(float(v)) for v in np.percentile(values, (25, 50, 75)))
    return (
        f'<rect class="box" x="{low:.1f}" y="{middle - 0.36 * _LANE:.1f}" width="{max(high - low, 1):.1f}" '
        f'height="{0.72 * _LANE:.1f}"/><line class="median" x1="{median:.1f}" x2="{median:.1f}" '
        f'y1="{middle - 0.36 * _LANE:.1f}" y2="{middle + 0.36 * _LANE:.1f}"/>'
    )


def _usual_range(rows: Sequence[Row]) -> tuple[str, float, float] | None:
    """Return label and limits in degrees of the reference range that fits most of the rows."""
    used = Counter(row["reference_id"] for row in rows if row["reference_low_deg"] is not None)
    if not used:
        return None
    name = used.most_common(1)[0][0]
    row = next(row for row in rows if row["reference_id"] == name)
    label = next((reference.label for reference in all_references() if reference.id == name), name)
    return label, row["reference_low_deg"], row["reference_high_deg"]


# ------------------------------------------------------------------------------------------------------ Bland-Altman


def draw_bland_altman(study: Study, test: str = "") -> Markup:
    """Return differences against means with bias, limits of agreement and their intervals; empty for too few pairs."""
    group = next((g for g in study.groups if g.test == test and not g.sex), None)
    pairs = [pair for pair in study.pairs if pair.complete and test in ("", pair.test)]
    if group is None or len(pairs) < 2:
        return Markup("")
    means = [(pair.first_deg + pair.second_deg) / 2 for pair in pairs]
    differences = [pair.first_deg - pair.second_deg for pair in pairs]
    lines = _agreement_lines(group)
    reach = [bound for _, value, ci95 in lines for bound in (value, *ci95) if math.isfinite(bound)]
    bottom = _TOP + _PLOT_HEIGHT
    x = _Axis(*_around(means, 10.0), _LEFT, _WIDTH - 130)
    y = _Axis(*_around([*differences, *reach, 0.0], 4.0), bottom, _TOP)
    parts = [_degree_lines(x, _TOP, bottom)]
    for tick in y.ticks():
        kind = "zero" if tick == 0 else "grid"
        parts.append(f'<line class="{kind}" x1="{x.start}" x2="{x.stop}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for label, value, ci95 in lines:
        if all(map(math.isfinite, ci95)):
            top, tall = y(ci95[1]), y(ci95[0]) - y(ci95[1])
            parts.append(
                f'<rect class="band" x="{x.start}" y="{top:.1f}" width="{x.stop - x.start:.1f}" height="{tall:.1f}"/>'
            )
        kind = "bias" if label == "bias" else "limit"
        parts.append(f'<line class="{kind}" x1="{x.start}" x2="{x.stop}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>')
        parts.append(f'<text class="label" x="{x.stop + 6}" y="{y(value) + 4:.1f}">{label} {_signed(value)}°</text>')
    for pair, mean, difference in zip(pairs, means, differences, strict=True):
        who = ", ".join(part for part in (pair.subject, pair.label) if part)
        parts.append(_point(x(mean), y(difference), pair.side, f"{who}: {_signed(difference)}°", None))
    sides = dict.fromkeys(pair.side for pair in pairs if pair.side)
    for number, side in enumerate(sides):
        legend_x = _LEFT + 70 * number
        parts.append(f'<circle class="{escape(side)}" cx="{legend_x}" cy="{_TOP - 12}" r="4"/>')
        parts.append(f'<text class="label" x="{legend_x + 8}" y="{_TOP - 8}">{escape(side)}</text>')
    what = f"{study.first} less {study.second} (°) against their mean (°)"
    return _svg(parts, bottom + _BOTTOM, f"Bland-Altman plot of {len(pairs)} pairs", what)


def _agreement_lines(group: Group) -> tuple[tuple[str, float, tuple[float, float]], ...]:
    limits = group.bland_altman
    return (
        (f"+{CENTRAL_95_SD} SD", limits.upper_limit, limits.upper_limit_ci95),
        ("bias", limits.bias, limits.bias_ci95),
        (f"\N{MINUS SIGN}{CENTRAL_95_SD} SD", limits.lower_limit, limits.lower_limit_ci95),
    )


# ------------------------------------------------------------------------------------------------------------- parts


def _signed(value: float) -> str:
    return f"{value:.1f}".replace("-", "\N{MINUS SIGN}")


def _degree_lines(axis: _Axis, top: float, bottom: float) -> str:
    return "".join(
        f'<line class="grid" x1="{axis(tick):.1f}" x2="{axis(tick):.1f}" y1="{top}" y2="{bottom}"/>'
        f'<text class="tick" x="{axis(tick):.1f}" y="{bottom + 16:.0f}" text-anchor="middle">{tick:g}°</text>'
        for tick in axis.ticks()
    )


def _point(x: float, y: float, side: str, told: str, page: str | None) -> str:
    kind, words = escape(side or "pair"), escape(told)
    point = f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{words}</title></circle>'
    return point if page is None else f'<a href="{escape(page)}">{point}</a>'


def _svg(parts: Iterable[str], height: float, title: str, what: str) -> Markup:
    """Join the parts; all text in them is escaped already."""
    axis = f'<text class="label" x="{_WIDTH / 2:.0f}" y="{height - 4:.0f}" text-anchor="middle">{escape(what)}</text>'
    head = f'<svg viewBox="0 0 {_WIDTH:.0f} {height:.0f}" role="img" aria-label="{escape(title)}">'
    return Markup(head + "".join(parts) + axis + "</svg>")  # noqa: S704
