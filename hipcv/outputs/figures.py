"""The report's drawings as inline SVG: they need no script, print sharply and weigh a few kilobytes.

Colours come from the page's style (`currentColor` and CSS variables), so that light, dark and print each look right.
"""

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from hipcv.assessment import Assessment, SideResult
from hipcv.core.motion.trials import Trial
from hipcv.core.series import FloatArray
from hipcv.core.uncertainty import half_width_deg
from hipcv.evidence.reference import Comparison, NoVerdict
from hipcv.words import SIDES, Motion

#: More points than this in a curve cannot be told apart on paper.
MAX_POINTS = 1200
#: A colour for each error term, told apart with every kind of colour vision (Okabe and Ito, grey for their black, and
#: Tol's wine). Bar and legend both take theirs from `term_class`.
TERM_COLOURS = ("#0072b2", "#56b4e9", "#009e73", "#999999", "#e69f00", "#cc79a7", "#d55e00", "#882255", "#f0e442")
#: Letters that surely fit on a line beside a verdict, and on one of their own, in the drawing's own type.
LABEL_LETTERS, LINE_LETTERS = 40, 54
#: Upper end of the scale of the reference ranges: above every published limit.
NORMS_TOP_DEG = 80.0

_CURVES_WIDTH, _CURVES_LEFT, _CURVES_RIGHT = 760.0, 46.0, 748.0
#: The curves' two panels, one below the other: how high one is, and from the top of one to the top of the next.
_PANEL_HEIGHT, _PANEL_PITCH = 150.0, 190.0
#: Room beyond the longest bar of an arc for the number at its end.
_VALUE_DEG = 12.0
#: How much room a number beside a curve takes, in the drawing's units.
_VALUE_WIDTH, _LINE_HEIGHT = 36.0, 13.0


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear scale from values to drawing units.

    Examples
    --------
    >>> axis = Scale(low=0.0, high=40.0, start=100.0, stop=500.0)
    >>> axis(30.0), axis.ticks(most=4)
    (400.0, [0, 10, 20, 30, 40])
    """

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Return where `value` lies, in drawing units."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.stop - self.start)

    def ticks(self, most: int = 8) -> list[float]:
        """Return round values within the scale, at most so many steps of them."""
        step = next(s for s in (0.5, 1, 2, 5, 10, 20, 50, 100, 500) if (self.high - self.low) / s <= most)
        return [k * step for k in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]


def draw_curves(assessment: Assessment) -> Markup:
    """Return both legs' angles over time, raw and filtered, with trials shaded and holds marked.

    Examples
    --------
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> draw_curves(assess(empty, Setup()))
    Markup('')
    """
    angles = assessment.angles
    known = angles.internal_rotation_deg[np.isfinite(angles.internal_rotation_deg)]
    if len(angles.time_s) < 2 or len(known) == 0:
        return Markup("")
    bottom = min(-10.0, float(np.floor(known.min() / 10) * 10))
    top = max(30.0, float(np.ceil(known.max() / 10) * 10 + 5))
    time = Scale(float(angles.time_s[0]), float(angles.time_s[-1]), _CURVES_LEFT, _CURVES_RIGHT)
    parts = []
    for row, side in enumerate(SIDES):
        base = 12 + row * _PANEL_PITCH
        y = Scale(bottom, top, base + _PANEL_HEIGHT, base)
        trials = assessment.trials_of(side)
        curves = {"raw": angles.raw_deg, "curve": angles.internal_rotation_deg}
        parts += [
            f'<g class="{side}">',
            f'<text class="name" x="{_CURVES_LEFT}" y="{base - 2:.0f}">{side}</text>',
            *_grid(y),
            *_shade(trials, angles.time_s, time, y),
            *(f'<path class="{k}" d="{_path(angles.time_s, v[:, side.column], time, y)}"/>' for k, v in curves.items()),
            *_holds(trials, angles.time_s, time, y),
            "</g>",
        ]
    foot = 12 + _PANEL_PITCH + _PANEL_HEIGHT
    step = _nice_step(time.high - time.low)
    ticks = np.arange(np.ceil(time.low / step) * step, time.high + 1e-9, step)
    parts.extend(
        f'<text class="tick" x="{time(t):.1f}" y="{foot + 18:.0f}" text-anchor="middle">{t:g} s</text>' for t in ticks
    )
    label = "Rotation of both hips over time, internal above zero; shaded: trials; thick: holds with their end range."
    return _svg(parts, _CURVES_WIDTH, foot + 26, label, "curves")


def _grid(y: Scale) -> Iterator[str]:
    """Yield a line every 10°, the one at 0° stronger, and a number every 20°."""
    for degrees in range(int(y.low // 10 * 10), int(y.high) + 1, 10):
        weight, at = "zero" if degrees == 0 else "grid", y(degrees)
        yield f'<line class="{weight}" x1="{_CURVES_LEFT}" x2="{_CURVES_RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>'
        if degrees % 20 == 0:
            x = _CURVES_LEFT - 6
            yield f'<text class="tick" x="{x}" y="{at + 4:.1f}" text-anchor="end">{degrees}°</text>'


def _shade(trials: Sequence[Trial], time_s: FloatArray, time: Scale, y: Scale) -> Iterator[str]:
    for trial in trials:
        a, b = _stretch(time_s, trial.start, trial.stop, time)
        yield (
            f'<rect class="trial" x="{a:.1f}" y="{y.stop:.1f}" width="{max(b - a, 1):.1f}" height="{_PANEL_HEIGHT}"/>'
        )


def _holds(trials: Sequence[Trial], time_s: FloatArray, time: Scale, y: Scale) -> Iterator[str]:
    """Yield a bar at each hold's end range and its number, with an asterisk where the trial does not count.

    A number that would run into the one before it stands a line higher.
    """
    last_x, last_y = -math.inf, 0.0
    for trial in trials:
        if not trial.held:
            continue
        a, b = _stretch(time_s, trial.hold_start, trial.hold_stop, time)
        at, mark = y(trial.motion.sign * trial.end_range_deg), "" if trial.accepted else "*"
        x, text_y = (a + b) / 2, at - 7
        if x - last_x < _VALUE_WIDTH and abs(text_y - last_y) < _LINE_HEIGHT:
            text_y = last_y - _LINE_HEIGHT
        last_x, last_y = x, text_y
        yield f'<line class="hold" x1="{a:.1f}" x2="{b:.1f}" y1="{at:.1f}" y2="{at:.1f}"/>'
        yield (
            f'<text class="value" x="{x:.1f}" y="{text_y:.1f}" text-anchor="middle">'
            f"{trial.end_range_deg:.0f}°{mark}</text>"
        )


def _stretch(time_s: FloatArray, start: int, stop: int, time: Scale) -> tuple[float, float]:
    """Return where frames [start, stop) begin and end in the drawing; a stretch may end with the recording."""
    a, b = (time(float(time_s[min(k, len(time_s) - 1)])) for k in (start, stop))
    return a, b


def _nice_step(span: float) -> float:
    return next((s for s in (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300) if span / s <= 10), 600.0)


def _path(time_s: FloatArray, values: FloatArray, x: Scale, y: Scale) -> str:
    """Return an SVG path that lifts the pen over missing values."""
    every = max(1, len(values) // MAX_POINTS)
    parts, pen_down = [], False
    for t, v in zip(time_s[::every], values[::every], strict=True):
        if not np.isfinite(v):
            pen_down = False
            continue
        held = min(max(float(v), y.low), y.high)
        parts.append(f"{'L' if pen_down else 'M'}{x(float(t)):.1f} {y(held):.1f}")
        pen_down = True
    return "".join(parts)


def draw_arcs(assessment: Assessment) -> Markup:
    """Return a bar for each hip from its one end range to the other on one ruler, and its total arc beside it.

    Each end carries its own interval, and the total arc its own, in which a camera that is not level cancels.

    Examples
    --------
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> draw_arcs(assess(empty, Setup()))
    Markup('')
    """
    drawn = [(side, arc) for side in SIDES if (arc := assessment.arc_of(side)) is not None]
    if not drawn:
        return Markup("")
    pairs = {side: [assessment.of(side, motion) for motion in Motion] for side, _ in drawn}
    reached = [abs(end) for pair in pairs.values() for r in pair for end in r.interval95_deg or ()]
    limit = max(40.0, *reached) + _VALUE_DEG
    width, left, right, row, bar = 760.0, 60.0, 610.0, 46.0, 16.0
    x, foot = Scale(-limit, limit, left, right), 10 + row * len(drawn)
    parts = [
        f'<line class="{"zero" if tick == 0 else "grid"}" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="6" y2="{foot}"/>'
        f'<text class="tick" x="{x(tick):.1f}" y="{foot + 15}" text-anchor="middle">{abs(tick):.0f}°</text>'
        for tick in x.ticks(most=10)
    ]
    parts += [
        f'<text class="tick" x="{left}" y="{foot + 32}">foot inwards</text>',
        f'<text class="tick" x="{right}" y="{foot + 32}" text-anchor="end">foot outwards</text>',
    ]
    told = []
    for n, (side, arc) in enumerate(drawn):
        y = 10 + row * (n + 0.5)
        ends = {r.motion.sign: r for r in pairs[side]}
        inner, outer = (x(sign * (ends[sign].end_range_deg or 0.0)) for sign in (-1, 1))
        parts += [
            f'<g class="{side}"><text class="name" x="8" y="{y + 5}">{side}</text>',
            f'<rect class="bar" x="{inner:.1f}" y="{y - bar / 2}" width="{outer - inner:.1f}" height="{bar}" rx="3"/>',
        ]
        for sign, result in ends.items():
            low, high = (x(sign * end) for end in result.interval95_deg or (0.0, 0.0))
            beyond, anchor = high + 8 * sign, "end" if sign < 0 else "start"
            at = f'x="{beyond:.1f}" y="{y + 5}" text-anchor="{anchor}"'
            parts += [
                f'<line class="interval" x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/>',
                f'<text class="value" {at}>{result.end_range_deg:.0f}°</text>',
            ]
        total_low, total_high = arc.total_interval95_deg
        words = f"{arc.total_deg:.0f}° ({total_low:.0f} to {total_high:.0f})"
        parts.append(f'<text class="value" x="{width - 4}" y="{y + 5}" text-anchor="end">{words}</text></g>')
        told.append(f"{side} {words}")
    return _svg(parts, width, foot + 38, f"Total arc of each hip: {'; '.join(told)}.", "arcs")


def draw_norms(result: SideResult, comparisons: tuple[Comparison, ...]) -> Markup:
    """Return one side's value and interval against each published range: its name, its band, its verdict if any.

    What is only often quoted is not drawn: a mark beside a band is a verdict.

    Examples
    --------
    >>> from hipcv.assessment import Status
    >>> from hipcv.words import Side
    >>> draw_norms(SideResult(Side.LEFT, Status.NOT_MEASURED), ())
    Markup('')
    """
    drawn = (c for c in comparisons if c.no_verdict is not NoVerdict.OFTEN_QUOTED)
    ranges = [c for c in drawn if c.low_deg is not None and c.high_deg is not None]
    if result.end_range_deg is None or result.interval95_deg is None or not ranges:
        return Markup("")
    width, line, left, bar = 420.0, 15.0, 8.0, 12.0
    x = Scale(0.0, NORMS_TOP_DEG, left, width - left)

    def span(low: float, high: float) -> tuple[float, float]:
        start, stop = (x(min(max(v, 0.0), NORMS_TOP_DEG)) for v in (low, high))
        return start, max(stop - start, 1.0)

    parts: list[str] = []
    y = 0.0
    for comparison in ranges:
        verdict = comparison.verdict or ""
        parts.append(f'<text class="verdict" x="{width - left}" y="{y + 12}" text-anchor="end">{verdict}</text>')
        for words in _wrapped(_named(comparison)):
            parts.append(f'<text class="inside" x="{left}" y="{y + 12}">{escape(words)}</text>')
            y += line
        y += 3
        parts.append(f'<rect class="track" x="{left}" y="{y}" width="{width - 2 * left}" height="{bar}" rx="3"/>')
        start, length = span(comparison.low_deg or 0.0, comparison.high_deg or 0.0)
        parts.append(f'<rect class="band" x="{start:.1f}" y="{y}" width="{length:.1f}" height="{bar}" rx="3"/>')
        start, length = span(*result.interval95_deg)
        parts.append(
            f'<rect class="interval" x="{start:.1f}" y="{y + 3}" width="{length:.1f}" height="{bar - 6}" rx="2"/>'
        )
        at, _ = span(result.end_range_deg, result.end_range_deg)
        parts.append(f'<line class="mark" x1="{at:.1f}" x2="{at:.1f}" y1="{y - 2}" y2="{y + bar + 2}"/>')
        y += bar + 8
    foot = y + 8
    parts.extend(
        f'<text class="tick" x="{x(d):.1f}" y="{foot:.0f}" text-anchor="middle">{d}°</text>'
        for d in range(10, int(NORMS_TOP_DEG), 10)
    )
    told = "; ".join(f"{c.verdict or 'beside'} {_named(c)}" for c in ranges)
    return _svg(parts, width, foot + 6, f"{result.side} {result.end_range_deg:.0f}°: {told}", f"norms {result.side}")


def _wrapped(label: str) -> list[str]:
    """Return a label in lines, the first of which leaves room for a verdict."""
    first = textwrap.wrap(label, LABEL_LETTERS)[0]
    return [first, *textwrap.wrap(label[len(first) :].lstrip(), LINE_LETTERS)]


def _named(comparison: Comparison) -> str:
    """Return whom a range is of, and what its source leaves open of the posture."""
    caveat = comparison.posture_caveat
    return f"{comparison.label}; {caveat}" if caveat else comparison.label


def term_class(k: int) -> str:
    """Return the style's name for the colour of a side's error term number `k`.

    Examples
    --------
    >>> term_class(0), term_class(9)
    ('t0', 't0')
    """
    return f"t{k % len(TERM_COLOURS)}"


def draw_budget(result: SideResult) -> Markup:
    """Return what makes up one side's interval: each source's share of the variance.

    Examples
    --------
    >>> from hipcv.assessment import ErrorTerm, Status
    >>> from hipcv.words import Side
    >>> terms = ErrorTerm("camera roll", 2.0), ErrorTerm("anatomy", 1.0)
    >>> draw_budget(SideResult(Side.LEFT, Status.MEASURED, error_terms=terms)).count("<rect")
    2
    """
    variance = sum(t.se_deg**2 for t in result.error_terms)
    if variance <= 0:
        return Markup("")
    width, parts, x = 420.0, [], 0.0
    for k, term in enumerate(result.error_terms):
        share = term.se_deg**2 / variance * width
        parts.append(
            f'<rect class="term {term_class(k)}" x="{x:.1f}" y="0" width="{max(share, 0):.1f}" height="14">'
            f"<title>{escape(term.source)} ±{half_width_deg([term]):.1f}°</title></rect>"
        )
        x += share
    return _svg(parts, width, 14, f"{result.side}: shares of the uncertainty", "budget")


def _svg(parts: list[str], width: float, height: float, label: str, kind: str) -> Markup:
    body = "".join(parts)
    # every piece above is made of numbers and escaped text
    frame = f'class="{kind}" viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(label)}"'
    return Markup(f"<svg {frame}>{body}</svg>")  # noqa: S704
