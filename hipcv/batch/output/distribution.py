"""The end ranges of a batch as a picture: a point a side, against the reference range of most of these people."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup, escape

from hipcv.batch.output.results import Row, motion_column
from hipcv.evidence.reference import all_references
from hipcv.outputs.figures import Scale
from hipcv.outputs.scatter import BOTTOM, LEFT, RIGHT, TOP, WIDTH, around, degree_lines, point, svg
from hipcv.words import SIDES, Motion

_LANE = 96.0
#: The golden ratio's fraction: places points evenly, the same way every time.
_GOLDEN = 0.6180339887498949


def draw_distribution(rows: Sequence[Row], test: str, motion: Motion, pages: Mapping[int, str]) -> Markup:
    """Return the end ranges of a motion in one test, a lane for each side, the most used reference range as a band.

    Empty where nothing was measured. `pages` are the recordings' own pages by row.

    Examples
    --------
    >>> draw_distribution([], "seated", Motion.INTERNAL, {})
    Markup('')
    """
    value = motion_column(motion, "end_range_deg")
    measured = [row for row in rows if row["test"] == test and row.get(value) is not None]
    if not measured:
        return Markup("")
    band = _usual_range(measured, motion)
    values = [row[value] for row in measured]
    axis = Scale(*around([*values, *(band[1:] if band else ())], 20.0), LEFT, WIDTH - RIGHT)
    height = TOP + len(SIDES) * _LANE
    parts = [degree_lines(axis, TOP, height)]
    if band is not None:
        label, low_deg, high_deg = band
        x, width = axis(low_deg), axis(high_deg) - axis(low_deg)
        parts.append(f'<rect class="band" x="{x:.1f}" y="{TOP}" width="{width:.1f}" height="{height - TOP:.0f}"/>')
        parts.append(f'<text class="label" x="{x:.1f}" y="{TOP - 8:.0f}">{escape(label)}</text>')
    for lane, side in enumerate(SIDES):
        mine = [row for row in measured if row["side"] == side]
        middle = TOP + (lane + 0.5) * _LANE
        parts.append(f'<text class="name" x="4" y="{middle + 4:.0f}">{side}</text>')
        parts.append(f'<text class="label" x="4" y="{middle + 20:.0f}">n = {len(mine)}</text>')
        if len(mine) >= 4:
            parts.append(_box([row[value] for row in mine], axis, middle))
        for number, row in enumerate(mine):
            y = middle + (number * _GOLDEN % 1 - 0.5) * 0.6 * _LANE
            who = ", ".join(part for part in (row["subject"], row["clip"], row["visit_date"]) if part)
            told = f"{who}: {row[value]:.1f}°"
            parts.append(point(axis(row[value]), y, side, told, pages.get(row["row"])))
    title = f"End ranges of {motion} rotation of {len(measured)} sides in the {test} test, in degrees"
    return svg(parts, height + BOTTOM, title, f"{motion} rotation at end range (°)")


def _box(values: Sequence[float], axis: Scale, middle: float) -> str:
    low, median, high = (axis(float(v)) for v in np.percentile(values, (25, 50, 75)))
    return (
        f'<rect class="box" x="{low:.1f}" y="{middle - 0.36 * _LANE:.1f}" width="{max(high - low, 1):.1f}" '
        f'height="{0.72 * _LANE:.1f}"/><line class="median" x1="{median:.1f}" x2="{median:.1f}" '
        f'y1="{middle - 0.36 * _LANE:.1f}" y2="{middle + 0.36 * _LANE:.1f}"/>'
    )


def _usual_range(rows: Sequence[Row], motion: Motion) -> tuple[str, float, float] | None:
    """Return label and limits in degrees of the reference range that fits most of the rows."""
    which, low, high = (motion_column(motion, f"reference_{name}") for name in ("id", "low_deg", "high_deg"))
    used = Counter(row[which] for row in rows if row[low] is not None)
    if not used:
        return None
    name = used.most_common(1)[0][0]
    row = next(row for row in rows if row[which] == name)
    label = next((reference.label for reference in all_references() if reference.id == name), name)
    return label, row[low], row[high]
