"""The report: one HTML file that opens offline, prints on A4 and reads aloud."""

import base64
import math
import re
from dataclasses import dataclass
from functools import cache
from html import escape

from jinja2 import Environment, PackageLoader, StrictUndefined

from hipcv.assessment import Assessment, SideResult, Status
from hipcv.core.finding import Severity
from hipcv.core.uncertainty import CENTRAL_95_SD
from hipcv.evidence.exercises import common_rules, drawing_of, grade_words, kind_words, plan_order, popular_advice
from hipcv.evidence.guidance import filming_guide, helper_guide, meaning_for, note_for, origin_for, title_for
from hipcv.evidence.knowledge import all_cards, all_looks
from hipcv.evidence.reference import NoVerdict
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
from hipcv.outputs.document import make_document
from hipcv.outputs.figures import TERM_COLOURS, draw_arcs, draw_budget, draw_curves, draw_norms, term_class
from hipcv.outputs.front import meaning_text, ranges_text, since_text
from hipcv.outputs.note import render_note
from hipcv.outputs.plan import next_steps
from hipcv.outputs.visit import UNTOLD, Visit
from hipcv.words import SIDES, Motion, Motions, Side

#: Error terms that print as ±0.0° are left out of the list.
NOTABLE_TERM_DEG = 0.05


_VISIT = re.compile(r'<p class="visit">[^<]*</p>')
#: What changed in one hip, which is not known while a report is made by the server.
_SINCE = re.compile(r'(<p class="since" data-of="(\w+) (\w+)">)[^<]*</p>')


@dataclass(frozen=True, slots=True)
class Still:
    """A picture of one side's end range with the angle drawn into it."""

    side: Side
    time_s: float
    jpeg: bytes
    caption: str
    motion: Motion = Motion.INTERNAL

    @property
    def source(self) -> str:
        """Return the picture as a data address."""
        return "data:image/jpeg;base64," + base64.b64encode(self.jpeg).decode("ascii")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hipcv.outputs"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["deg"] = _degrees
    environment.filters["signed"] = _signed
    environment.filters["quantity"] = _quantity
    environment.filters["plain"] = _plain
    environment.filters["title_for"] = title_for
    environment.filters["meaning_for"] = meaning_for
    environment.filters["origin_for"] = origin_for
    environment.filters["note_for"] = note_for
    environment.filters["protocols_text"] = protocols_text
    environment.filters["rotation_text"] = rotation_text
    environment.filters["half_width"] = lambda se_deg: CENTRAL_95_SD * se_deg
    return environment


def render_report(
    assessment: Assessment,
    stills: tuple[Still, ...] | list[Still],
    video_name: str | None = None,
    visit: Visit = UNTOLD,
) -> str:
    """Return the report as one HTML document.

    Parameters
    ----------
    assessment : what was measured.
    stills : pictures to show, at most one of each motion of a side.
    video_name : name of the annotated video beside the report, or None.
    visit : who was measured, when, from which recording, and what changed since.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> page = render_report(assess(empty, Setup()), [])
    >>> page[:15], "<script" in page
    ('<!doctype html>', False)
    """
    measured, asked = assessment.status is Status.MEASURED, assessment.done.motion
    steps = next_steps(assessment)
    order = {Severity.REJECT: 0, Severity.DOUBT: 1, Severity.NOTE: 2}
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            a=assessment,
            measured=measured,
            headline=_headline(assessment),
            visit=visit,
            meaning=meaning_text,
            since=lambda result: since_text(visit.since, result.side, result.motion),
            ranges=lambda motion: ranges_text([assessment.of(side, motion) for side in SIDES]),
            doubts=_doubts(assessment),
            findings=sorted(assessment.findings, key=lambda f: order[f.severity]),
            curves=draw_curves(assessment),
            motions=asked.each,
            several=asked is Motions.BOTH,
            rotation=rotation_text(asked),
            pair=lambda motion: [assessment.of(side, motion) for side in SIDES],
            arc_bars=draw_arcs(assessment),
            arcs=[(side, arc) for side in SIDES if (arc := assessment.arc_of(side)) is not None],
            norms=lambda result: draw_norms(result, result.reference),
            concerns=lambda finding: concerns_text(finding, asked),
            notable=NOTABLE_TERM_DEG,
            term_colours=TERM_COLOURS,
            term_class=term_class,
            posture=NoVerdict.NO_POSTURE,
            read=readings_text(assessment.provenance),
            sides_rest_on=sides_text(assessment.setup),
            shape_rests_on=shape_text(assessment.setup, assessment.provenance.viewing),
            budget=draw_budget,
            stills=stills,
            video_name=video_name,
            guide=filming_guide(assessment.setup.procedure, assessment.setup.effort, assessment.setup.motion),
            helper=helper_guide(assessment.setup.procedure) if assessment.setup.passive else None,
            effort=effort_text(assessment.done),
            how_done=done_text(assessment.done),
            uncounted=lambda result: [t for t in result.trials if not t.accepted],
            beside=beside_number,
            screened=steps.screened,
            plan=steps.plan,
            shown=steps.shown,
            note=render_note(make_document(assessment)),
            **_advice(),
        )
    )


def with_visit(page: str, visit: Visit) -> str:
    """Return a report with who was measured, when, and what changed, as it is known today.

    Examples
    --------
    >>> with_visit('<p class="visit"></p>', Visit("A & B"))
    '<p class="visit">A &amp; B</p>'
    """
    page = _VISIT.sub(lambda _: f'<p class="visit">{escape(visit.words)}</p>', page, count=1)
    return _SINCE.sub(lambda at: f"{at[1]}{escape(since_text(visit.since, Side(at[2]), Motion(at[3])))}</p>", page)


def _advice() -> dict[str, object]:
    """Return what the page says beside a plan, whatever the plan is."""
    return {
        "rules": common_rules(),
        "order": plan_order(),
        "popular": popular_advice(),
        "cards": all_cards(),
        "looks": all_looks(),
        "drawing_of": drawing_of,
        "grade_words": grade_words,
        "kind_words": kind_words,
    }


def _degrees(value: float | None, digits: int = 0) -> str:
    if value is None or not math.isfinite(value):
        return "–"
    return f"{round(value, digits) + 0.0:.{digits}f}°".replace("-", "−")


def _signed(value: float, digits: int = 1) -> str:
    """Return a number with its sign, without a sign where it is shown as zero."""
    rounded = round(value, digits) + 0.0
    return f"{rounded:{'+' if rounded else ''}.{digits}f}".replace("-", "−")


def _quantity(value: float, unit: str) -> str:
    number = f"{value:.3g}".replace("-", "−")
    return f"{number}{unit}" if unit.startswith("°") else f"{number} {unit}".strip()


def _plain(value: object) -> str:
    """Return a parameter as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return "; ".join(map(_plain, value))
    return str(value)


def _doubts(assessment: Assessment) -> list[str]:
    """Return the doubts in a few words each, with the side where they concern one."""
    doubts = (f for f in assessment.findings if f.severity is not Severity.NOTE)
    return list(dict.fromkeys(f"{title_for(f.code)}{f' ({f.side})' if f.side else ''}" for f in doubts))


def _headline(assessment: Assessment) -> str:
    """Return the result in one plain sentence."""
    if assessment.status is not Status.MEASURED:
        reasons = [title_for(f.code) for f in assessment.findings if f.severity is Severity.REJECT]
        why = f": {reasons[0][0].lower()}{reasons[0][1:]}" if reasons else ""
        return f"This recording could not be measured{why}. Below is how to film it again."
    told = [_told(r) for r in assessment.results if r.end_range_deg is not None]
    sentence = " and ".join([", ".join(told[:-1]), told[-1]] if told[1:] else told)
    doubts = any(f.severity is not Severity.NOTE for f in assessment.findings)
    return f"{sentence[0].upper()}{sentence[1:]}." + (" There are reasons to doubt it, see below." if doubts else "")


def _told(result: SideResult) -> str:
    """Return what one side did in words: the hip, or a shin that the body helped along."""
    rows = beside_number(result)
    turned, swung = ("inwards", "out") if result.motion is Motion.INTERNAL else ("outwards", "in")
    if not rows:
        return f"the {result.side} hip turned {turned} by {_degrees(result.end_range_deg)}"
    last = f"{rows[-1].label}: {_degrees(rows[-1].value_deg)}"
    return f"the {result.side} foot swung {swung} by {_degrees(result.end_range_deg)}, not by the hip alone ({last})"
