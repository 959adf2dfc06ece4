"""A result as a note of a few lines, to be pasted into a record; plain text, every number with what it needs."""

from hipcv.core.finding import Severity
from hipcv.core.procedures import procedure_named
from hipcv.core.uncertainty import CENTRAL_95_SD
from hipcv.outputs.basis import protocols_text
from hipcv.outputs.document.definition import ArcPart, AssessmentDocument, ComparisonPart, ResultPart
from hipcv.words import Effort, Motion, Side

#: Right before left, as clinicians write.
_ORDER = {Side.RIGHT: "R", Side.LEFT: "L"}
#: Digits of the recording's SHA-256: enough to find it again among a clinic's recordings.
_HASH_DIGITS = 12


def render_note(document: AssessmentDocument) -> str:
    """Return the note: what was measured and how, how sure it is, what to know, and what it is compared with.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> from hipcv.outputs.document import make_document
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> print(render_note(make_document(assess(empty, Setup()))).splitlines()[0])
    O: Hip IR AROM, seated (hip 90°, knee 90°), video (hipcv): R not measured, L not measured; R–L not compared.
    """
    lines = [_measured(document), _trials(document), _quality(document), *_reference(document), *_told(document)]
    return "\n   ".join(line for line in lines if line) + "\n"


def _measured(document: AssessmentDocument) -> str:
    procedure = procedure_named(document.test)
    arom = "PROM" if document.effort == Effort.PASSIVE else "AROM"
    turned = "ER" if _motion(document) is Motion.EXTERNAL else "IR"
    how = f"Hip {turned} {arom}, {procedure.name} (hip {procedure.hip_flexion_deg:.0f}°, knee 90°)"
    tool = " ".join(("hipcv", document.provenance.hipcv_version)).strip()
    values = ", ".join(f"{letter} {_value(part)}" for letter, part in _parts(document).items())
    return f"O: {how}, video ({tool}): {values}{_difference(document)}{_external(document)}."


def _motion(document: AssessmentDocument) -> Motion:
    """Return the motion that the note is of: external rotation where nothing else was asked for."""
    return document.asked[0]


def _parts(document: AssessmentDocument) -> dict[str, ResultPart]:
    """Return what the note is of, by the side's letter."""
    motion = _motion(document)
    return {letter: part for side, letter in _ORDER.items() if (part := document.of(side, motion)) is not None}


def _external(document: AssessmentDocument) -> str:
    """Return external rotation and the total arc, where they were asked for beside internal rotation."""
    if _motion(document) is Motion.EXTERNAL:
        return ""
    parts = {letter: document.of(side, Motion.EXTERNAL) for side, letter in _ORDER.items()}
    asked = [f"{letter} {_value(part)}" for letter, part in parts.items() if part is not None]
    arcs = [f"{letter} {_arc(arc)}" for side, letter in _ORDER.items() if (arc := document.arc_of(side)) is not None]
    return (f"; ER {', '.join(asked)}" if asked else "") + (f"; total arc {', '.join(arcs)}" if arcs else "")


def _arc(arc: ArcPart) -> str:
    if arc.total_deg is None or arc.total_interval95_deg is None:
        return "not known"
    low, high = arc.total_interval95_deg
    return f"{_whole(arc.total_deg)}° (95 % {_whole(low)} to {_whole(high)})"


def _value(side: ResultPart) -> str:
    if side.end_range_deg is None or side.interval95_deg is None:
        return "not measured"
    low, high = side.interval95_deg
    return f"{_whole(side.end_range_deg)}° (95 % {_whole(low)} to {_whole(high)})"


def _difference(document: AssessmentDocument) -> str:
    a = document.asymmetry_of(_motion(document))
    if a is None or a.difference_deg is None or a.mdc95_deg is None:
        return "; R–L not compared"
    return f"; R–L {_whole(-a.difference_deg, signed=True)}°, MDC95 {a.mdc95_deg:.1f}°"


def _trials(document: AssessmentDocument) -> str:
    measured = _parts(document)
    counts = ", ".join(f"{letter} {side.n_accepted}" for letter, side in measured.items())
    spread = [
        f"{letter} {side.trial_sd_deg:.1f}°" for letter, side in measured.items() if side.trial_sd_deg is not None
    ]
    sds = f"; SD {', '.join(spread)}" if spread else ""
    end = document.setup.end_point if document.setup is not None else None
    stopped = f" End point: {end.replace('_', ' ')}." if end else " End point: not told."
    return f"Trials: {counts}{sds}.{stopped}{_pain(document)}"


def _pain(document: AssessmentDocument) -> str:
    setup = document.setup
    if setup is None:
        return ""
    sides = (("R", setup.pain_right), ("L", setup.pain_left))
    told = [f"{letter} {p.level}/10{f' ({p.place})' if p.place else ''}" for letter, p in sides if p is not None]
    if not told and setup.pain is not None:
        told = [f"{setup.pain}/10"]
    return f" Pain {', '.join(told).replace('_', ' ')}." if told else " Pain: not told."


def _quality(document: AssessmentDocument) -> str:
    helped = []
    for letter, part in _parts(document).items():
        began = "" if part.onset_deg is None else f" from {_whole(part.onset_deg)}°"
        helped += [f"{letter} {c.code.replace('_', ' ')}{began}" for c in part.compensations]
    doubts = {finding.title for finding in document.findings if finding.severity != Severity.NOTE}
    camera = document.camera
    roll = "" if camera.roll_se_deg is None else f"; camera roll ±{CENTRAL_95_SD * camera.roll_se_deg:.1f}°"
    said = "; ".join(sorted(doubts)) or "no doubt found"
    return f"Compensation: {', '.join(helped) or 'none seen'}. Quality: {said}{roll}."


def _reference(document: AssessmentDocument) -> list[str]:
    """Return the first range that judges, with each side's place in it."""
    lines = []
    judged = {letter: next((c for c in part.reference if c.verdict), None) for letter, part in _parts(document).items()}
    for one in {c.id: c for c in judged.values() if c is not None}.values():
        places = ", ".join(
            f"{letter} {c.verdict}{_percentile(c)}" for letter, c in judged.items() if c is not None and c.id == one.id
        )
        ages = "; other ages" if one.extrapolated else ""
        caveat = f"; {one.posture_caveat}" if one.posture_caveat else ""
        lines.append(f"Ref: {one.label}: {places}{ages}{caveat}.")
    return lines


def _percentile(one: ComparisonPart) -> str:
    """Return a place among people, never without how far they shift with how they were measured."""
    if one.percentile is None:
        return ""
    spread = "" if one.protocol_spread_deg is None else f"; {protocols_text(one.protocol_spread_deg)}"
    return f" (percentile {one.percentile:.0f}{spread})"


def _told(document: AssessmentDocument) -> list[str]:
    lines = []
    setup, screening = document.setup, document.screening
    if screening is not None and setup is not None:
        day = f", {setup.screened_on}" if setup.screened_on else ""
        by = f", by {setup.screened_by}" if setup.screened_by else ""
        lines.append(f"Questions before the test: {screening.outcome.replace('_', ' ')}{day}{by}.")
    if document.provenance.clip_sha256:
        lines.append(f"Recording {document.provenance.clip_sha256[:_HASH_DIGITS]} (SHA-256).")
    return lines


def _whole(value_deg: float, *, signed: bool = False) -> str:
    return f"{round(value_deg) + 0:{'+' if signed else ''}d}".replace("-", "−")
