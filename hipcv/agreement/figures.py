"""Bland-Altman plots as inline SVG."""

import math

from markupsafe import Markup, escape

from hipcv.agreement.study import Group, Study
from hipcv.core.uncertainty import CENTRAL_95_SD
from hipcv.outputs.figures import Scale
from hipcv.outputs.scatter import BOTTOM, LEFT, TOP, WIDTH, around, degree_lines, point, signed, svg
from hipcv.words import Measure

_PLOT_HEIGHT = 300.0


def draw_bland_altman(study: Study, test: str = "", measure: str = str(Measure.INTERNAL)) -> Markup:
    """Return differences against means with bias, limits of agreement and their intervals; empty for too few pairs.

    Examples
    --------
    >>> from hipcv.agreement.study import Pair, study_agreement
    >>> pairs = [Pair("a", 31.0, 30.0), Pair("b", 36.0, 37.0), Pair("c", 40.0, math.nan)]
    >>> draw_bland_altman(study_agreement("hipcv", "goniometer", pairs)).count("<circle")
    2
    >>> draw_bland_altman(study_agreement("hipcv", "goniometer", pairs[:1]))
    Markup('')
    """
    group = next((g for g in study.groups if (g.measure, g.test, g.sex) == (measure, test, "")), None)
    pairs = [pair for pair in study.pairs if pair.complete and pair.measure == measure and test in ("", pair.test)]
    if group is None or len(pairs) < 2:
        return Markup("")
    means = [(pair.first_deg + pair.second_deg) / 2 for pair in pairs]
    differences = [pair.first_deg - pair.second_deg for pair in pairs]
    lines = _agreement_lines(group)
    reach = [bound for _, value, ci95 in lines for bound in (value, *ci95) if math.isfinite(bound)]
    bottom = TOP + _PLOT_HEIGHT
    x = Scale(*around(means, 10.0), LEFT, WIDTH - 130)
    y = Scale(*around([*differences, *reach, 0.0], 4.0), bottom, TOP)
    parts = [degree_lines(x, TOP, bottom)]
    for tick in y.ticks():
        kind = "zero" if tick == 0 else "grid"
        parts.append(f'<line class="{kind}" x1="{x.start}" x2="{x.stop}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for label, value, ci95 in lines:
        if all(map(math.isfinite, ci95)):
            top, tall = y(ci95[1]), y(ci95[0]) - y(ci95[1])
            parts.append(
                f'<rect class="band" x="{x.start}" y="{top:.1f}" width="{x.stop - x.start:.1f}" height="{tall:.1f}"/>'
            )
        kind = "bias" if label == "bias" else "limit"
        parts.append(f'<line class="{kind}" x1="{x.start}" x2="{x.stop}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>')
        parts.append(f'<text class="label" x="{x.stop + 6}" y="{y(value) + 4:.1f}">{label} {signed(value)}°</text>')
    for pair, mean, difference in zip(pairs, means, differences, strict=True):
        who = ", ".join(part for part in (pair.subject, pair.label) if part)
        parts.append(point(x(mean), y(difference), pair.side, f"{who}: {signed(difference)}°", None))
    sides = dict.fromkeys(pair.side for pair in pairs if pair.side)
    for number, side in enumerate(sides):
        legend_x = LEFT + 70 * number
        parts.append(f'<circle class="{escape(side)}" cx="{legend_x}" cy="{TOP - 12}" r="4"/>')
        parts.append(f'<text class="label" x="{legend_x + 8}" y="{TOP - 8}">{escape(side)}</text>')
    what = f"{study.first} less {study.second} (°) against their mean (°)"
    return svg(parts, bottom + BOTTOM, f"Bland-Altman plot of {len(pairs)} pairs", what)


def _agreement_lines(group: Group) -> tuple[tuple[str, float, tuple[float, float]], ...]:
    limits = group.bland_altman
    return (
        (f"+{CENTRAL_95_SD} SD", limits.upper_limit, limits.upper_limit_ci95),
        ("bias", limits.bias, limits.bias_ci95),
        (f"\N{MINUS SIGN}{CENTRAL_95_SD} SD", limits.lower_limit, limits.lower_limit_ci95),
    )
