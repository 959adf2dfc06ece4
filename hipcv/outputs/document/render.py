"""Makes the document of an assessment, and reads back the setup that it was made with."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, TypeAlias

from hipcv.assessment import Assessment, Asymmetry, SideResult
from hipcv.core.answers import SidePain
from hipcv.core.arc import Arc
from hipcv.core.camera.pose import CameraPose
from hipcv.core.finding import Finding
from hipcv.core.motion.trials import Trial
from hipcv.core.procedures import procedure_named
from hipcv.core.series import FloatArray
from hipcv.core.setup import Setup
from hipcv.core.viewing import Viewing
from hipcv.evidence.exercises import Plan
from hipcv.evidence.guidance import title_for
from hipcv.evidence.reference import Comparison
from hipcv.evidence.screening import Screened
from hipcv.outputs.basis import done_text, sides_text
from hipcv.outputs.beside import beside_number
from hipcv.outputs.document.definition import (
    SCHEMA,
    ArcPart,
    AssessmentDocument,
    AsymmetriesPart,
    AsymmetryPart,
    BesidePart,
    CameraPart,
    ComparisonPart,
    CompensationPart,
    ErrorTermPart,
    ExercisePart,
    FindingPart,
    MotionsPart,
    PlanPart,
    ProvenancePart,
    ResultPart,
    ScreeningPart,
    SetupPart,
    ShownPart,
    SidePart,
    SidesPart,
    ToShowPart,
    TrialPart,
)
from hipcv.outputs.plan import next_steps
from hipcv.words import Answer, CameraSide, Effort, EndPoint, HandPlace, Legs, Motion, Motions, PainPlace, Sex, Side

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

#: Digits kept: a hundredth of a degree and a millisecond are finer than anything measured.
ANGLE_DIGITS, TIME_DIGITS = 2, 3


def make_document(assessment: Assessment) -> AssessmentDocument:
    """Return the document of an assessment.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> make_document(assess(empty, Setup())).of(Side.LEFT, Motion.INTERNAL).n_accepted
    0
    """
    setup, origin = assessment.setup, assessment.provenance
    steps = next_steps(assessment)
    told = render_setup(setup) | {
        **asdict(origin.viewing),
        "slow_motion": origin.slow_motion,
        "long_side_fov_deg": _json(origin.long_side_fov_deg),
    }
    return AssessmentDocument(
        schema=SCHEMA,
        test=str(setup.procedure),
        effort=str(setup.effort),
        age_years=setup.age_years,
        sex=str(setup.sex) if setup.sex else None,
        how_done=done_text(assessment.done),
        sides_rest_on=sides_text(setup),
        status=str(assessment.status),
        setup=SetupPart.model_validate(told),
        sides=SidesPart(left=_side(assessment, Side.LEFT), right=_side(assessment, Side.RIGHT)),
        notes=assessment.notes,
        legs_at_once=None if assessment.legs is None else str(assessment.legs),
        asymmetry=AsymmetriesPart(**{str(motion): _asymmetry(assessment.asymmetry_of(motion)) for motion in Motion}),
        camera=_camera(assessment.camera),
        screening=screening_part(steps.screened),
        to_show=tuple(ToShowPart(say=shown.say, origin=shown.origin) for shown in steps.shown),
        plan=plan_part(steps.plan),
        findings=tuple(map(_finding, assessment.findings)),
        provenance=ProvenancePart(
            hipcv_version=origin.hipcv_version,
            pose_model=origin.pose_model,
            model_sha256=origin.model_sha256,
            clip_sha256=origin.clip_sha256,
            fps=_finite(origin.fps),
            readings_hz=_finite(origin.readings_hz),
            n_frames=origin.n_frames,
            parameters={name: _json(value) for name, value in origin.parameters.items()},
        ),
    )


def render_document(assessment: Assessment) -> dict[str, Any]:
    """Return the document as JSON values (schema `hipcv.assessment/2`); a missing number is None, never 0 or NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> document = render_document(assess(empty, Setup()))
    >>> document["schema"], document["status"], document["sides"]["left"]["motions"]["internal"]["end_range_deg"]
    ('hipcv.assessment/2', 'not_measured', None)
    """
    return make_document(assessment).model_dump(mode="json", by_alias=True)


def document_text(assessment: Assessment) -> str:
    """Return the document as indented JSON.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> print(document_text(assess(empty, Setup())).splitlines()[1])
      "schema": "hipcv.assessment/2",
    """
    return as_text(render_document(assessment))


def as_text(document: Mapping[str, Any]) -> str:
    """Return the JSON values of a document as they are written: the same values give the same bytes.

    Examples
    --------
    >>> print(as_text({"age_years": 30.0}))
    {
      "age_years": 30.0
    }
    """
    return json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False)


def render_setup(setup: Setup) -> dict[str, Json]:
    """Return everything that was told about test, camera and subject, unrounded: one key for each field of `Setup`.

    Examples
    --------
    >>> render_setup(Setup(roll_deg=2.0))["roll_deg"], render_setup(Setup())["roll_deg"]
    (2.0, None)
    """
    told = {f.name: _json(getattr(setup, f.name)) for f in fields(setup) if f.name != "procedure"}
    return {"test": setup.procedure.name, **told}


def read_setup(document: Mapping[str, Any]) -> Setup:
    """Return the setup that a document was made with: with the recording and the model, the same numbers again.

    Raises
    ------
    ValueError
        Where the document was written by a version that did not keep it.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> told = Setup(roll_deg=2.0)
    >>> read_setup(render_document(assess(empty, told))) == told
    True
    """
    if "setup" not in document:
        raise ValueError(
            'Wanted a document with the part "setup", found none: it was written by an earlier version; measure the '
            "recording again."
        )
    told = dict(document["setup"])
    told |= {
        "procedure": procedure_named(told["test"]),
        "effort": Effort(told["effort"]),
        "camera_side": CameraSide(told["camera_side"]),
        "sex": None if told["sex"] is None else Sex(told["sex"]),
        "vertical_edges_px": tuple(map(tuple, told["vertical_edges_px"])),
    }
    told["motion"] = Motions(told.get("motion", Motions.INTERNAL))
    for name, words in (("legs", Legs), ("hand_place", HandPlace), ("end_point", EndPoint)):
        told[name] = None if told.get(name) is None else words(told[name])  # older documents do not have them
    told["subject_at"] = None if told.get("subject_at") is None else tuple(told["subject_at"])
    answers = told.get("screening")
    told["screening"] = None if answers is None else tuple(map(Answer, answers))
    for name in ("pain_left", "pain_right"):
        told[name] = _side_pain(told.get(name))
    return Setup(**{f.name: told[f.name] for f in fields(Setup) if f.name in told})


def read_viewing(document: Mapping[str, Any]) -> Viewing:
    """Return which part of its recording a document was made of, and how that was looked at.

    Examples
    --------
    >>> read_viewing({"setup": {"rotate_deg": 90, "crop_px": [0, 20, 640, 440]}}).crop_px, read_viewing({}) == Viewing()
    ((0, 20, 640, 440), True)
    """
    return _viewing(document.get("setup", {}))


def read_told_viewing(document: Mapping[str, Any]) -> Viewing:
    """Return what was told of the recording's part, without what was found; older documents do not tell them apart.

    Examples
    --------
    >>> found = {"setup": {"from_s": 3.0}, "provenance": {"parameters": {"told_viewing": {"rotate_deg": 90}}}}
    >>> read_told_viewing(found) == Viewing(rotate_deg=90)
    True
    """
    told = document.get("provenance", {}).get("parameters", {}).get("told_viewing")
    return read_viewing(document) if told is None else _viewing(told)


def _viewing(told: Mapping[str, Any]) -> Viewing:
    known = {f.name: told[f.name] for f in fields(Viewing) if told.get(f.name) is not None}
    return Viewing(**known | ({"crop_px": tuple(known["crop_px"])} if "crop_px" in known else {}))


def _side_pain(told: Mapping[str, Any] | None) -> SidePain | None:
    if told is None:
        return None
    return SidePain(told["level"], None if told["place"] is None else PainPlace(told["place"]))


def screening_part(screened: Screened) -> ScreeningPart:
    """Return what answers call for, as it stands in a document.

    Examples
    --------
    >>> from hipcv.evidence.screening import judge
    >>> screening_part(judge([])).outcome
    'go_on'
    """
    return ScreeningPart(outcome=str(screened.outcome), say=screened.say, origins=screened.origins)


def plan_part(plan: Plan | None) -> PlanPart | None:
    """Return what to do next, as it stands in a document; None where there is no number.

    Examples
    --------
    >>> plan_part(None) is None
    True
    """
    if plan is None:
        return None
    shown = tuple(
        ShownPart(pattern=str(told.pattern), title=told.title, say=told.say, origin=told.origin) for told in plan.told
    )
    exercises = tuple(ExercisePart(id=one.id, name=one.name, dose=one.dose) for one in plan.exercises)
    return PlanPart(shown=shown, exercises=exercises, weeks=plan.weeks, withheld=plan.withheld)


def _asymmetry(asymmetry: Asymmetry | None) -> AsymmetryPart | None:
    if asymmetry is None:
        return None
    return AsymmetryPart(
        difference_deg=_angle(asymmetry.difference_deg),
        mdc95_deg=_angle(asymmetry.mdc95_deg),
        verdict=str(asymmetry.verdict),
    )


def _camera(camera: CameraPose) -> CameraPart:
    return CameraPart(
        roll_deg=_angle(camera.roll.value_deg),
        roll_se_deg=_angle(camera.roll.se_deg),
        roll_source=camera.roll.source,
        pitch_deg=_angle(camera.pitch.value_deg),
        pitch_se_deg=_angle(camera.pitch.se_deg),
        pitch_source=camera.pitch.source,
        yaw_deg=_angle(camera.yaw.value_deg),
        yaw_se_deg=_angle(camera.yaw.se_deg),
        yaw_source=camera.yaw.source,
        disagreement_deg=_angle(camera.disagreement_deg),
        long_side_fov_deg=_angle(camera.long_side_fov_deg),
    )


def _side(assessment: Assessment, side: Side) -> SidePart:
    time_s, asked = assessment.angles.time_s, assessment.done.motion.each
    results = {str(m): _result(assessment.of(side, m), time_s) if m in asked else None for m in Motion}
    return SidePart(motions=MotionsPart(**results), arc=_arc(assessment.arc_of(side)))


def _arc(arc: Arc | None) -> ArcPart | None:
    if arc is None:
        return None
    return ArcPart(
        total_deg=_angle(arc.total_deg),
        total_interval95_deg=_interval(arc.total_interval95_deg),
        balance_deg=_angle(arc.balance_deg),
        balance_interval95_deg=_interval(arc.balance_interval95_deg),
    )


def _result(result: SideResult, time_s: FloatArray) -> ResultPart:
    return ResultPart(
        status=str(result.status),
        end_range_deg=_angle(result.end_range_deg),
        interval95_deg=_interval(result.interval95_deg),
        pelvis_corrected_deg=_angle(result.pelvis_corrected_deg),
        onset_deg=_angle(result.onset_deg),
        compensations=tuple(
            CompensationPart(code=str(c.code), moved_deg=_angle(c.moved_deg), onset_deg=_angle(c.onset_deg))
            for c in result.compensations
        ),
        beside=tuple(BesidePart(label=row.label, value_deg=_angle(row.value_deg)) for row in beside_number(result)),
        raw_peak_deg=_angle(result.raw_peak_deg),
        filtered_peak_deg=_angle(result.filtered_peak_deg),
        rest_deg=_angle(result.rest_deg),
        trial_sd_deg=_angle(result.trial_sd_deg),
        trials=tuple(_trial(trial, time_s) for trial in result.trials),
        error_terms=tuple(ErrorTermPart(source=t.source, se_deg=_angle(t.se_deg)) for t in result.error_terms),
        reference=tuple(map(_comparison, result.reference)),
    )


def _trial(trial: Trial, time_s: FloatArray) -> TrialPart:
    def at(frame: int) -> float:
        return round(float(time_s[min(frame, len(time_s) - 1)]), TIME_DIGITS)

    return TrialPart(
        start_s=at(trial.start),
        stop_s=at(trial.stop),
        hold_start_s=at(trial.hold_start) if trial.held else None,
        hold_stop_s=at(trial.hold_stop) if trial.held else None,
        end_range_deg=_angle(trial.end_range_deg),
        raw_peak_deg=_angle(trial.raw_peak_deg),
        filtered_peak_deg=_angle(trial.filtered_peak_deg),
        rest_deg=_angle(trial.rest_deg),
        accepted=trial.accepted,
        findings=tuple(map(_finding, trial.findings)),
    )


def _finding(finding: Finding) -> FindingPart:
    return FindingPart(
        code=str(finding.code),
        title=title_for(finding.code),
        severity=str(finding.severity),
        side=str(finding.side) if finding.side else None,
        motion=str(finding.motion) if finding.motion else None,
        observed=_finite(finding.observed),
        limit=_finite(finding.limit),
        unit=finding.unit,
        limit_origin=finding.limit_origin,
        advice=finding.advice,
    )


def _comparison(comparison: Comparison) -> ComparisonPart:
    return ComparisonPart(
        id=comparison.id,
        label=comparison.label,
        low_deg=_angle(comparison.low_deg),
        high_deg=_angle(comparison.high_deg),
        percentile=None if comparison.percentile is None else round(comparison.percentile, 1),
        verdict=str(comparison.verdict) if comparison.verdict else None,
        protocol_spread_deg=comparison.protocol_spread_deg,
        no_verdict=str(comparison.no_verdict) if comparison.no_verdict else None,
        posture_caveat=comparison.posture_caveat,
        difference_deg=_angle(comparison.difference_deg),
        extrapolated=comparison.extrapolated,
        citation=comparison.citation,
        doi=comparison.doi,
    )


def _interval(interval_deg: tuple[float, float] | None) -> tuple[float, float] | None:
    low, high = map(_angle, interval_deg or (None, None))
    return None if low is None or high is None else (low, high)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _angle(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), ANGLE_DIGITS)


def _json(value: object) -> Json:
    """Return plain JSON of anything a parameter may be."""
    if value is None or isinstance(value, (bool, int, str)):
        return value if not isinstance(value, str) else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, SidePain):
        return {"level": value.level, "place": _json(value.place)}
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    return str(value)
