"""A result as a Bundle of HL7 FHIR R4: one Observation per side and motion, and a DiagnosticReport over them.

The Bundle is made as plain values and checked by `fhir.resources` (R4B, in which none of the resources used here
differs from R4). Codes come from `data/codes.toml`, or from the file that HIPCV_CODES names.
"""

import base64
import json
import os
import tomllib
from collections.abc import Iterator
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from hipcv.core.errors import OutputError
from hipcv.core.finding import Severity
from hipcv.core.procedures import procedure_named
from hipcv.evidence.measurement_error import fallback_error
from hipcv.outputs.basis import protocols_text, rotation_text
from hipcv.outputs.document.definition import AssessmentDocument, AsymmetryPart, ComparisonPart, ResultPart
from hipcv.outputs.extras import Extra
from hipcv.outputs.note import render_note
from hipcv.outputs.visit import UNTOLD, Visit
from hipcv.words import SIDES, Motion, Side

Values = dict[str, Any]
#: By kind (motion, side) and word: system, code and, as long as it is so, where it was found.
Codes = dict[str, dict[str, dict[str, str]]]

#: Names a file of codes that take the place of the product's own.
CODES_VARIABLE = "HIPCV_CODES"
UCUM = "http://unitsofmeasure.org"
_HL7 = "http://terminology.hl7.org/CodeSystem"
_XHTML = "http://www.w3.org/1999/xhtml"
_INTERPRETATIONS = {"below": "L", "within": "N", "above": "H"}
_METHOD = "Video goniometry: angle of the shank to the plumb line, median over the held end of the range"
_INFORMS = "It informs; it does not diagnose."


def fhir_text(document: AssessmentDocument, visit: Visit = UNTOLD) -> str:
    """Return the Bundle of a result as JSON, checked against FHIR.

    Raises
    ------
    OutputError
        Where the extra `fhir` is not installed, or a file of codes is none.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> from hipcv.outputs.document import make_document
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> bundle = json.loads(fhir_text(make_document(assess(empty, Setup()))))
    >>> [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    ['DiagnosticReport', 'Device', 'Observation', 'Observation']
    """
    Extra.FHIR.need()
    from fhir.resources.R4B.bundle import Bundle

    values = make_bundle(document, visit)
    Bundle.model_validate(values)
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def make_bundle(document: AssessmentDocument, visit: Visit = UNTOLD) -> Values:
    """Return the Bundle as plain values; the same result gives the same Bundle, down to its identifiers.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> from hipcv.outputs.document import make_document
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> make_bundle(make_document(assess(empty, Setup())))["type"]
    'collection'
    """
    root = uuid5(NAMESPACE_URL, document.model_dump_json(by_alias=True) + repr(visit))
    common = _filled(
        resourceType="Observation",
        category=[_concept(coding=(f"{_HL7}/observation-category", "exam"))],
        subject=_subject(visit),
        effectiveDateTime=visit.day_text,
        method=_concept(_METHOD),
        device={"reference": _url(root, "device")},
    )
    observations: dict[str, Values] = {}
    for motion in document.asked:
        for side in SIDES:
            observations[_url(root, f"{motion} {side}")] = common | _observation(document, side, motion)
        difference = document.asymmetry_of(motion)
        if difference is not None:
            derived = [{"reference": _url(root, f"{motion} {side}")} for side in SIDES]
            told = _difference(difference, motion) | {"derivedFrom": derived}
            observations[_url(root, f"{motion} difference")] = common | told
    report = _report(document, visit) | {"result": [{"reference": url} for url in observations]}
    resources = {_url(root, "report"): report, _url(root, "device"): _device(document), **observations}
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": url, "resource": resource} for url, resource in resources.items()],
    }


def _url(root: UUID, name: str) -> str:
    return f"urn:uuid:{uuid5(root, name)}"


def _observation(document: AssessmentDocument, side: Side, motion: Motion) -> Values:
    """Return one motion of one hip."""
    part = document.of(side, motion)
    assert part is not None  # asked for
    doubts = [f.title for f in document.findings_of(side) if f.severity != Severity.NOTE and f.motion in (None, motion)]
    value: Values = {"dataAbsentReason": _concept("; ".join(doubts), (f"{_HL7}/data-absent-reason", "unknown"))}
    status = "cancelled"
    if part.end_range_deg is not None:
        status = "preliminary" if doubts else "final"
        value = {"valueQuantity": _degrees(part.end_range_deg)} | _against(part)
    name = f"{side.capitalize()} hip, {rotation_text(motion)}"
    notes = [*(f"Doubt: {title}" for title in doubts), *_beside(part), *_confirming(motion), *_recording(document)]
    return _filled(
        text=_narrative(f"{name}, {document.how_done}: {_value_text(part)}"),
        status=status,
        code=_concept(name, _code("motion", motion)),
        bodySite=_concept(f"{side} hip", _code("side", side)),
        note=[{"text": note} for note in notes],
        component=list(_components(document, side, part)),
        **value,
    )


def _difference(asymmetry: AsymmetryPart, motion: Motion) -> Values:
    """Return left less right in one motion."""
    name = f"Left less right hip, {rotation_text(motion)}"
    limit = asymmetry.mdc95_deg
    return _filled(
        text=_narrative(f"{name}: {asymmetry.verdict.replace('_', ' ')}"),
        status="final",
        code=_concept(name),
        valueQuantity=None if asymmetry.difference_deg is None else _degrees(asymmetry.difference_deg),
        interpretation=[_concept(asymmetry.verdict.replace("_", " "))],
        component=[] if limit is None else [_component("Smallest detectable difference (MDC95)", _degrees(limit))],
    )


def _components(document: AssessmentDocument, side: Side, part: ResultPart) -> Iterator[Values]:
    """Yield how it was done, how often, and how sure the value is."""
    procedure, setup = procedure_named(document.test), document.setup
    yield _component("Position", _concept(f"{procedure.name}, hip {procedure.hip_flexion_deg:.0f}°, knee 90°"))
    yield _component("Effort", _concept(document.effort))
    if setup is not None:
        pain = setup.pain_left if side is Side.LEFT else setup.pain_right
        told = {
            "Legs at once": setup.legs,
            "Moved by": setup.helper,
            "Hand that moved the leg": setup.hand_place,
            "End point": setup.end_point,
            "Place of the pain": None if pain is None else pain.place,
        }
        yield from (_component(name, _concept(word.replace("_", " "))) for name, word in told.items() if word)
        level = setup.pain if pain is None else pain.level
        if level is not None:
            yield _component("Pain at the end of the range, 0 to 10", level)
    if part.end_range_deg is None:
        return
    yield _component("Trials that count", part.n_accepted)
    if part.interval95_deg is not None:
        low, high = part.interval95_deg
        yield _component("95 % interval", {"low": _degrees(low), "high": _degrees(high)})
    by_hand = fallback_error(part.n_accepted, doubtful=any(f.severity != Severity.NOTE for f in document.findings))
    degrees = {
        "Standard deviation between trials": part.trial_sd_deg,
        "Corrected for the pelvis": part.pelvis_corrected_deg,
        "Angle at which the rest of the body began to help": part.onset_deg,
        f"Smallest detectable change between days (MDC95; {by_hand.citation})": by_hand.mdc95_deg,
    }
    yield from (_component(name, _degrees(value)) for name, value in degrees.items() if value is not None)


def _against(part: ResultPart) -> Values:
    """Return the first range that judges, with its source, and where the value lies in it."""
    judging = next((c for c in part.reference if c.verdict), None)
    if judging is None:
        return {}
    limits = {"low": judging.low_deg, "high": judging.high_deg}
    code = _INTERPRETATIONS.get(judging.verdict or "")
    coding = None if code is None else (f"{_HL7}/v3-ObservationInterpretation", code)
    return {
        "interpretation": [_concept(f"{judging.verdict}: {judging.label}", coding)],
        "referenceRange": [
            {name: _degrees(value) for name, value in limits.items() if value is not None}
            | {"text": _range_text(judging)}
        ],
    }


def _range_text(range_: ComparisonPart) -> str:
    doi = f"doi:{range_.doi}" if range_.doi else None
    ages = "other ages than the subject's" if range_.extrapolated else None
    spread = None if range_.protocol_spread_deg is None else protocols_text(range_.protocol_spread_deg)
    return "; ".join(filter(None, (range_.label, ages, range_.posture_caveat, spread, range_.citation, doi)))


def _report(document: AssessmentDocument, visit: Visit) -> Values:
    note = base64.b64encode(render_note(document).encode()).decode("ascii")
    doubts = sorted({f.title for f in document.findings if f.severity != Severity.NOTE})
    measured = any(document.of(side, m) and _known(document, side, m) for side in SIDES for m in document.asked)
    status = "cancelled" if not measured else "preliminary" if doubts else "final"
    values = "; ".join(
        f"{side} hip, {rotation_text(motion)}: {_value_text(document.of(side, motion))}"
        for motion in document.asked
        for side in SIDES
    )
    conclusion = " ".join((f"{values}.", *(f"Doubt: {title}." for title in doubts), _INFORMS))
    return _filled(
        resourceType="DiagnosticReport",
        text=_narrative(conclusion),
        status=status,
        code=_concept(f"Hip rotation range of motion from video, {document.test} test"),
        subject=_subject(visit),
        effectiveDateTime=visit.day_text,
        conclusion=conclusion,
        presentedForm=[{"contentType": "text/plain; charset=utf-8", "data": note, "title": "Note for a record"}],
    )


def _known(document: AssessmentDocument, side: Side, motion: Motion) -> bool:
    part = document.of(side, motion)
    return part is not None and part.end_range_deg is not None


def _device(document: AssessmentDocument) -> Values:
    origin = document.provenance
    model = " ".join(filter(None, (f"Pose model {origin.pose_model or 'not told'}", origin.model_sha256)))
    return _filled(
        resourceType="Device",
        text=_narrative(f"hipcv {origin.hipcv_version}. {model}"),
        deviceName=[{"name": "hipcv", "type": "user-friendly-name"}],
        type={"text": "software that measures angles in video"},
        version=[{"value": origin.hipcv_version}] if origin.hipcv_version else [],
        note=[{"text": model}],
    )


def _subject(visit: Visit) -> Values | None:
    return None if visit.person is None else {"identifier": {"value": visit.person}, "display": visit.person}


def _beside(part: ResultPart) -> list[str]:
    return [f"{row.label}: {row.value_deg:.0f}°" for row in part.beside if row.value_deg is not None]


def _recording(document: AssessmentDocument) -> list[str]:
    sha256 = document.provenance.clip_sha256
    return [f"Recording, SHA-256 {sha256}"] if sha256 else []


def _confirming(motion: Motion) -> list[str]:
    code = _codes()["motion"][motion]
    found = code.get("to_confirm")
    return [f"The code {code['code']} is still to be confirmed: {found}."] if found else []


def _value_text(part: ResultPart | None) -> str:
    if part is None or part.end_range_deg is None or part.interval95_deg is None:
        return "not measured"
    low, high = part.interval95_deg
    return f"{part.end_range_deg:.0f}° (95 % interval {low:.0f} to {high:.0f}°)"


def _component(name: str, value: Values | int) -> Values:
    if isinstance(value, int):
        kind = "valueInteger"
    else:
        kind = "valueRange" if "low" in value else "valueQuantity" if "unit" in value else "valueCodeableConcept"
    return {"code": _concept(name), kind: value}


def _degrees(value: float) -> Values:
    return {"value": round(value, 2), "unit": "°", "system": UCUM, "code": "deg"}


def _concept(text: str = "", coding: tuple[str, str] | None = None) -> Values:
    pair = None if coding is None else [dict(zip(("system", "code"), coding, strict=True))]
    return _filled(coding=pair, text=text)


def _narrative(words: str) -> Values:
    return {"status": "generated", "div": f'<div xmlns="{_XHTML}">{escape(words)}</div>'}


def _filled(**values: Any) -> Values:
    """Return what is there: FHIR knows no empty value."""
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def _code(kind: str, name: str) -> tuple[str, str]:
    entry = _codes()[kind][name]
    return entry["system"], entry["code"]


def _codes() -> Codes:
    """Return the codes by kind and word: the product's own, and over them those of the file that was named."""
    named, own = os.environ.get(CODES_VARIABLE), _own_codes()
    if not named:
        return own
    try:
        theirs = tomllib.loads(Path(named).expanduser().read_text("utf-8"))
        merged = {kind: words | theirs.get(kind, {}) for kind, words in own.items()}
        return {kind: {word: _entry(words[word]) for word in own[kind]} for kind, words in merged.items()}
    except (OSError, ValueError, AttributeError, TypeError, KeyError) as error:
        raise OutputError(
            f"Wanted codes for FHIR as hipcv/outputs/data/codes.toml has them, found none in {named} ({error}): "
            f"mend that file or unset {CODES_VARIABLE}."
        ) from error


def _entry(entry: dict[str, str]) -> dict[str, str]:
    return {"system": entry["system"], "code": entry["code"], "to_confirm": entry.get("to_confirm", "")}


@cache
def _own_codes() -> Codes:
    return tomllib.loads(files("hipcv.outputs").joinpath("data/codes.toml").read_text("utf-8"))
