"""What the terminal shows."""

from collections.abc import Iterable, Sequence
from typing import Literal

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from hipcv.assessment import Assessment, SideResult, Status
from hipcv.core.finding import Finding, Severity
from hipcv.core.setup import Setup
from hipcv.core.uncertainty import CENTRAL_95_SD
from hipcv.evidence.guidance import filming_guide, helper_guide, title_for
from hipcv.evidence.norms import NormRow
from hipcv.evidence.reference import Comparison, NoVerdict, Verdict
from hipcv.outputs.advice_text import next_texts, stop_text
from hipcv.outputs.basis import (
    concerns_text,
    done_text,
    effort_text,
    protocols_text,
    readings_text,
    rotation_text,
    shape_text,
    sides_text,
)
from hipcv.outputs.beside import beside_number
from hipcv.outputs.plan import next_steps
from hipcv.printable import printable
from hipcv.words import SIDES, Motion, Motions

DISCLAIMER = "It informs; it does not diagnose."
#: References shown on the terminal; the JSON and the report hold all.
MAX_REFERENCES = 4

_ONE_OF = {"trials": "trial"}
_STYLE = {Severity.NOTE: "cyan", Severity.DOUBT: "yellow", Severity.REJECT: "bold red"}
_VERDICT_STYLE = {
    Verdict.WITHIN: "green",
    Verdict.BORDERLINE: "yellow",
    Verdict.BELOW: "magenta",
    Verdict.ABOVE: "magenta",
}


def render_text(assessment: Assessment, console: Console) -> None:
    """Print the assessment as a table with its findings in plain words.

    Examples
    --------
    >>> import io
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> page = io.StringIO()
    >>> render_text(assess(empty, Setup()), Console(file=page, width=100))
    >>> "Not measured." in page.getvalue()
    True
    """
    asked = assessment.done.motion
    title = f"Hip {rotation_text(asked)}, {assessment.setup.procedure} test, {effort_text(assessment.done)}"
    steps = next_steps(assessment)
    parts: list[RenderableType] = [stop] if (stop := stop_text(steps.screened)) is not None else []
    if assessment.status is Status.MEASURED:
        for motion in asked.each:
            parts += [Text(f"{rotation_text(motion).capitalize()}", style="bold")] if asked is Motions.BOTH else []
            parts += [_results(assessment, motion), *_comparisons(assessment, motion), Text()]
        parts.pop()
        parts.extend(_arcs(assessment))
    else:
        parts.append(Text("Not measured. Nothing in this recording can be trusted as a result.", style="bold red"))
    if assessment.findings:
        parts.append(_findings(assessment.findings, asked))
    if assessment.status is Status.NOT_MEASURED:
        parts.extend(_guides(assessment.setup))
    parts.extend(Text(f"\n{note}") for note in assessment.notes)
    parts.extend(next_texts(steps, assessment.setup))
    if done_text(assessment.done) != effort_text(assessment.done):
        parts.append(Text(f"\nHow it was done: {printable(done_text(assessment.done))}."))
    if assessment.status is Status.MEASURED:
        parts.append(_camera(assessment))
    parts.append(Text(DISCLAIMER, style="dim italic"))
    console.print(Panel(Group(*parts), title=title, title_align="left", border_style="dim", expand=False))


def _guides(setup: Setup) -> Iterable[Text]:
    """Yield how to film the test, and what a helper does where one moves the leg."""
    guides = {"How to film it": filming_guide(setup.procedure, setup.effort, setup.motion)}
    if setup.passive:
        guides["For the helper"] = helper_guide(setup.procedure).steps
    for title, steps in guides.items():
        listed = "\n".join(f"{k}. {step}" for k, step in enumerate(steps, start=1))
        yield Text(f"\n{title}:\n{listed}")


def _results(assessment: Assessment, motion: Motion) -> Table:
    sides = [assessment.of(side, motion) for side in SIDES]
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("")
    for side in ("left", "right"):
        table.add_column(side, justify="right", style="bold")
    rows: list[tuple[str, list[str]]] = [
        ("end range", [_end_range(r) for r in sides]),
        *_beside(sides),
        ("95 % interval", [_interval(r) for r in sides]),
        ("trials", [_trials(r) for r in sides]),
        ("at rest", [_degrees(r.rest_deg) for r in sides]),
    ]
    rows.append(("highest frame", [_degrees(r.raw_peak_deg) for r in sides]))
    for name, cells in rows:
        table.add_row(name, *cells)
    if any(not t.accepted for result in sides for t in result.trials):
        table.caption, table.caption_justify = "* does not count towards the end range", "left"
    return table


def _arcs(assessment: Assessment) -> Iterable[RenderableType]:
    """Yield both directions together, where any side has both."""
    arcs = [assessment.arc_of(side) for side in SIDES]
    if not any(arcs):
        return
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), title="Both directions", title_justify="left")
    table.add_column("")
    for side in SIDES:
        table.add_column(str(side), justify="right", style="bold")
    table.add_row("total arc", *("–" if a is None else _degrees(a.total_deg) for a in arcs))
    table.add_row("95 % interval", *("–" if a is None else _span(a.total_interval95_deg) for a in arcs))
    table.add_row("internal less external", *("–" if a is None else _degrees(a.balance_deg) for a in arcs))
    table.add_row("95 % interval", *("–" if a is None else _span(a.balance_interval95_deg) for a in arcs))
    yield Text()
    yield table


def _beside(sides: Sequence[SideResult]) -> list[tuple[str, list[str]]]:
    """Return the rows that stand right below the end range: what the body added on either side."""
    told = [{row.label: row.value_deg for row in beside_number(r)} for r in sides]
    labels = dict.fromkeys(label for rows in told for label in rows)
    return [(f"  {label}", [_degrees(rows[label]) if label in rows else "" for rows in told]) for label in labels]


def _comparisons(assessment: Assessment, motion: Motion) -> Iterable[RenderableType]:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), title="Other people's ranges", title_justify="left")
    table.add_column("reference")
    table.add_column("range", justify="right")
    table.add_column("left")
    table.add_column("right")
    one, other = (assessment.of(side, motion) for side in SIDES)
    left, right = one.reference, other.reference
    for k in range(min(MAX_REFERENCES, max(len(left), len(right)))):
        either = (left or right)[k]
        span = "–" if either.low_deg is None else f"{either.low_deg:.0f}–{either.high_deg:.0f}°"
        caveat = f"\n({either.posture_caveat})" if either.posture_caveat else ""
        table.add_row(f"{either.label}{caveat}", span, _verdict(left, k), _verdict(right, k))
    if table.row_count:
        yield Text()
        yield table
    if (a := assessment.asymmetry_of(motion)) is not None:
        difference = _tenths(a.difference_deg, "+")
        yield Text(f"\nLeft − right {difference}° (detectable from {a.mdc95_deg:.1f}°): {a.verdict.wording}.")
    elif one.measured and other.measured:
        yield Text("\nLeft and right are not compared: the camera's roll is not known well enough.", style="yellow")


def _findings(findings: Sequence[Finding], asked: Motions) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        where = concerns_text(finding, asked)
        head = Text(f"{finding.severity.upper()}", style=_STYLE[finding.severity])
        table.add_row(head, Text(f"{title_for(finding.code)}{where}{_observed(finding)}. {finding.advice}"))
    return Group(Text(), table)


def _observed(finding: Finding) -> str:
    if finding.observed is None or finding.limit is None:
        return ""
    if finding.unit == "°":
        return f": {finding.observed:.3g}°, limit {finding.limit:.3g}°"
    unit = _ONE_OF.get(finding.unit, finding.unit) if finding.observed == 1 else finding.unit
    space = "" if unit.startswith("°") else " "
    return f": {finding.observed:.3g}{space}{unit}, limit {finding.limit:.3g}"


def _camera(assessment: Assessment) -> Text:
    camera = assessment.camera
    parts = [
        f"{name} {_tenths(angle.value_deg, '+')} ± {CENTRAL_95_SD * angle.se_deg:.1f}° ({angle.source})"
        for name, angle in (("roll", camera.roll), ("pitch", camera.pitch), ("yaw", camera.yaw))
    ]
    setup, provenance = assessment.setup, assessment.provenance
    rests = f"Left and right rest on: {sides_text(setup)}. The picture's shape rests on: "
    basis = f"{rests}{shape_text(setup, provenance.viewing)}. Read: {readings_text(provenance)}."
    return Text("\nCamera, corrected for: " + ", ".join(parts) + f".\n{basis}", style="dim")


def _end_range(result: SideResult) -> str:
    return "not measured" if result.end_range_deg is None else _degrees(result.end_range_deg)


def _interval(result: SideResult) -> str:
    return _span(result.interval95_deg)


def _span(interval95_deg: tuple[float, float] | None) -> str:
    if interval95_deg is None:
        return "–"
    low, high = interval95_deg
    return f"{_tenths(low)} to {_degrees(high)}"


def _trials(result: SideResult) -> str:
    if not result.trials:
        return "none"
    return "  ".join(_tenths(t.best_deg) + ("" if t.accepted else "*") for t in result.trials)


def _degrees(value: float | None) -> str:
    return "–" if value is None else f"{_tenths(value)}°"


def _tenths(value: float, sign: Literal["-", "+"] = "-") -> str:
    """Return one decimal without a minus before a zero; `sign` "+" shows a plus as well."""
    return f"{round(value, 1) + 0:{sign}.1f}"


def _verdict(comparisons: Sequence[Comparison], k: int) -> Text:
    if k >= len(comparisons):
        return Text("–")
    comparison = comparisons[k]
    if comparison.verdict is None:
        if comparison.difference_deg is None:
            return Text(comparison.no_verdict or "–")
        why = f"\n({comparison.no_verdict})" if comparison.no_verdict is NoVerdict.NO_POSTURE else ""
        return Text(f"{round(comparison.difference_deg) + 0:+d}° from its mean{why}")
    rank = "" if comparison.percentile is None else f", percentile {comparison.percentile:.0f}"
    if comparison.protocol_spread_deg is not None:
        rank += f"\n({protocols_text(comparison.protocol_spread_deg)})"
    return Text(f"{comparison.verdict}{rank}", style=_VERDICT_STYLE[comparison.verdict])


def render_norms(rows: Sequence[NormRow], console: Console) -> None:
    """Print the reference ranges with their sources.

    Examples
    --------
    >>> import io
    >>> from hipcv.evidence.norms import norms_table
    >>> page = io.StringIO()
    >>> render_norms(norms_table(), Console(file=page, width=200))
    >>> DISCLAIMER in page.getvalue()
    True
    """
    motion = rows[0].motion if rows else Motion.INTERNAL
    table = Table(
        title=f"Hip {motion} rotation: reference ranges", title_justify="left", box=None, padding=(0, 2, 0, 0)
    )
    for name in ("", "range", "test", "who", "ages", "effort", "mean", "limits", "n"):
        table.add_column(name, overflow="fold", justify="right" if name in ("", "n") else "left")
    for k, row in enumerate(rows, start=1):
        table.add_row(str(k), row.label, row.test, row.who, row.ages, row.effort, row.mean, row.limits, row.n)
    console.print(table)
    console.print("\nSources")
    for k, row in enumerate(rows, start=1):
        doi = f" doi:{row.doi}" if row.doi.startswith("10.") else ""
        end_point = f"; end point: {row.end_point}" if row.end_point else ""
        posture = f"; {row.posture_caveat}" if row.posture_caveat else ""
        console.print(f"{k:>3}  {row.source}{doi} ({row.checked}{end_point}{posture})", highlight=False)
    console.print(DISCLAIMER, style="dim italic")
