"""A Bundle says in FHIR what the document says, and nothing that a record could take for more."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from fhir.resources.R4B.bundle import Bundle
from simulated import seated
from typer.testing import CliRunner

from hipcv.assessment import Assessment, assess
from hipcv.cli import app
from hipcv.core.answers import SidePain
from hipcv.core.errors import OutputError
from hipcv.core.setup import Setup
from hipcv.outputs import extras
from hipcv.outputs.document import make_document, render_document
from hipcv.outputs.document.definition import AssessmentDocument
from hipcv.outputs.fhir import CODES_VARIABLE, fhir_text, make_bundle
from hipcv.outputs.note import render_note
from hipcv.outputs.visit import Visit
from hipcv.words import SIDES, Effort, EndPoint, Motion, PainPlace, Sex, Side
from hipcv_server.app import create_app
from hipcv_server.schemas import MeasureOptions
from hipcv_server.settings import JobLimits, Settings
from hipcv_server.store import JobStore, new_id

VISIT = Visit("S01", date(2026, 11, 27))
CLIPS = ("seated-hard-103-00", "seated-both-133-00", "prone-passive-122-01", "supine_edge-both-135-00")


@pytest.fixture(params=CLIPS)
def document(request: pytest.FixtureRequest, kept: Any) -> AssessmentDocument:
    return make_document(kept(request.param).assessment)


@pytest.fixture(scope="module")
def told() -> Assessment:
    """A man of 30 whose helper moved the leg until it hurt on the right."""
    setup = Setup(
        effort=Effort.PASSIVE,
        age_years=30.0,
        sex=Sex.MALE,
        roll_deg=0.0,
        helper="physiotherapist",
        end_point=EndPoint.PAIN,
        pain_right=SidePain(4, PainPlace.OUTER_HIP),
    )
    return assess(seated(left=(40.0,) * 3, right=(25.0,) * 3, fps=15.0), setup)


def resources(bundle: dict[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    return (e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind)


def observation(bundle: dict[str, Any], side: Side, motion: Motion = Motion.INTERNAL) -> dict[str, Any]:
    name = f"{side.capitalize()} hip, {motion} rotation"
    return next(one for one in resources(bundle, "Observation") if one["code"]["text"] == name)


def components(resource: dict[str, Any]) -> dict[str, Any]:
    """Return the values of the components by the names of these."""
    kinds = "valueQuantity", "valueRange", "valueInteger", "valueCodeableConcept"
    return {c["code"]["text"]: next(c[kind] for kind in kinds if kind in c) for c in resource["component"]}


def test_a_bundle_is_valid_and_comes_back_as_it_went(document: AssessmentDocument) -> None:
    text = fhir_text(document, VISIT)
    read = Bundle.model_validate_json(text)
    assert json.loads(read.model_dump_json()) == json.loads(text)
    assert fhir_text(document, VISIT) == text, "the same result is the same Bundle"
    assert fhir_text(document, replace(VISIT, person="S02")) != text


def test_every_reference_leads_to_a_resource_and_the_report_names_every_observation(
    document: AssessmentDocument,
) -> None:
    bundle = json.loads(fhir_text(document, VISIT))
    urls = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
    assert len(urls) == len(bundle["entry"])
    (report,) = resources(bundle, "DiagnosticReport")
    named = [urls[result["reference"]] for result in report["result"]]
    assert named == list(resources(bundle, "Observation"))
    for one in named:
        assert urls[one["device"]["reference"]]["deviceName"][0]["name"] == "hipcv"
        assert all(d["reference"] in urls for d in one.get("derivedFrom", []))
        assert one["subject"]["identifier"]["value"] == "S01"
        assert one["effectiveDateTime"] == "2026-11-27"
    (form,) = report["presentedForm"]
    assert base64.b64decode(form["data"]).decode() == render_note(document)


def test_values_are_those_of_the_document_in_ucum_degrees(document: AssessmentDocument) -> None:
    bundle = json.loads(fhir_text(document))
    assert document.setup is not None
    for motion in Motion:
        for side in SIDES:
            part = document.of(side, motion)
            if part is None:
                continue
            one = observation(bundle, side, motion)
            assert part.end_range_deg is not None
            assert part.interval95_deg is not None
            known = {"unit": "°", "system": "http://unitsofmeasure.org", "code": "deg"}
            assert one["valueQuantity"] == {"value": pytest.approx(part.end_range_deg), **known}
            beside = components(one)
            low, high = part.interval95_deg
            interval = beside["95 % interval"]
            assert (interval["low"]["value"], interval["high"]["value"]) == (pytest.approx(low), pytest.approx(high))
            assert beside["Trials that count"] == part.n_accepted
            assert beside["Effort"]["text"] == document.effort
            assert beside["Position"]["text"].startswith(document.test)
            (site,) = one["bodySite"]["coding"]
            assert site["code"] == {Side.LEFT: "287679003", Side.RIGHT: "287579007"}[side]
            (code,) = one["code"]["coding"]
            assert code["system"] == "http://loinc.org"
            assert code["code"] == {Motion.INTERNAL: "100297-1", Motion.EXTERNAL: "100296-3"}[motion]
            assert f"The code {code['code']} is still to be confirmed" in " ".join(n["text"] for n in one["note"])


def test_a_verdict_is_a_letter_beside_the_range_that_gives_it(told: Assessment) -> None:
    bundle = make_bundle(make_document(told))
    for result in told.sides:
        judging = next(c for c in result.reference if c.verdict)
        one = observation(bundle, result.side)
        (interpretation,) = one["interpretation"]
        letter = {"below": "L", "within": "N", "above": "H"}.get(judging.verdict)
        assert [c["code"] for c in interpretation.get("coding", [])] == ([letter] if letter else [])
        assert interpretation["text"] == f"{judging.verdict}: {judging.label}"
        (range_,) = one["referenceRange"]
        assert range_["low"]["value"] == pytest.approx(judging.low_deg, abs=0.01)
        assert judging.citation in range_["text"]
        assert judging.doi in range_["text"]


def test_somebody_whom_no_range_judges_has_no_letter() -> None:
    bundle = make_bundle(make_document(assess(seated(fps=15.0), Setup())))
    assert not any("interpretation" in observation(bundle, side) for side in SIDES)


def test_how_it_was_done_and_where_it_hurt_is_in_the_components(told: Assessment) -> None:
    bundle = make_bundle(make_document(told))
    right, left = (components(observation(bundle, side)) for side in (Side.RIGHT, Side.LEFT))
    assert right["Pain at the end of the range, 0 to 10"] == 4
    assert right["Place of the pain"]["text"] == "outer hip"
    assert "Place of the pain" not in left
    for one in (right, left):
        assert one["Moved by"]["text"] == "physiotherapist"
        assert one["End point"]["text"] == "pain"


def test_the_difference_of_the_legs_stands_with_what_can_be_detected(told: Assessment) -> None:
    bundle = make_bundle(make_document(told))
    name = "Left less right hip, internal rotation"
    one = next(o for o in resources(bundle, "Observation") if o["code"]["text"] == name)
    assert told.asymmetry is not None
    assert one["valueQuantity"]["value"] == pytest.approx(told.asymmetry.difference_deg, abs=0.01)
    limit = components(one)["Smallest detectable difference (MDC95)"]
    assert limit["value"] == pytest.approx(told.asymmetry.mdc95_deg, abs=0.01)


def test_a_number_in_doubt_is_preliminary_and_says_why() -> None:
    hiked = assess(seated(hike=8.0, fps=15.0), Setup(roll_deg=0.0))
    document = make_document(hiked)
    bundle = json.loads(fhir_text(document))
    doubts = {f.title for f in document.findings if f.severity == "doubt"}
    assert doubts
    (report,) = resources(bundle, "DiagnosticReport")
    assert report["status"] == "preliminary"
    assert all(title in report["conclusion"] for title in doubts)
    one = observation(bundle, Side.LEFT)
    assert one["status"] == "preliminary"
    assert any(note["text"].startswith("Doubt: ") for note in one["note"])


def test_without_a_measurement_there_is_no_value_and_a_reason() -> None:
    nobody = make_document(assess(seated(left=(), right=(), fps=15.0), Setup()))
    bundle = json.loads(fhir_text(nobody))
    for one in (observation(bundle, side) for side in SIDES):
        assert one["status"] == "cancelled"
        assert "valueQuantity" not in one
        assert one["dataAbsentReason"]["coding"][0]["code"] == "unknown"
        assert one["dataAbsentReason"]["text"]
        assert "95 % interval" not in components(one)
    assert next(resources(bundle, "DiagnosticReport"))["status"] == "cancelled"


def test_codes_can_be_replaced_and_confirmed(told: Assessment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = tmp_path / "codes.toml"
    codes.write_text('[motion.internal]\nsystem = "http://snomed.info/sct"\ncode = "299238003"\n')
    monkeypatch.setenv(CODES_VARIABLE, str(codes))
    one = observation(make_bundle(make_document(told)), Side.LEFT)
    assert one["code"]["coding"] == [{"system": "http://snomed.info/sct", "code": "299238003"}]
    assert "to be confirmed" not in json.dumps(one)
    assert one["bodySite"]["coding"][0]["code"] == "287679003"


@pytest.mark.parametrize("content", ["[motion", '[motion.internal]\ncode = "1"', "motion = 3", None])
def test_a_file_of_codes_that_is_none_is_one_sentence(
    told: Assessment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    codes = tmp_path / "codes.toml"
    if content is not None:
        codes.write_text(content)
    monkeypatch.setenv(CODES_VARIABLE, str(codes))
    with pytest.raises(OutputError, match=r"^Wanted codes for FHIR as .*: mend that file or unset HIPCV_CODES\.$"):
        make_bundle(make_document(told))


def test_without_the_library_it_is_said_what_to_install(told: Assessment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(OutputError, match=r"pip install 'hipcv\[fhir\]'"):
        fhir_text(make_document(told))


def test_the_command_prints_it(told: Assessment, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(render_document(told)))
    done = CliRunner().invoke(app, ["fhir", str(tmp_path / "a.json"), "--person", "S01", "--date", "2026-11-27"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output) == make_bundle(make_document(told), VISIT)


def test_the_server_hands_it_out_in_the_name_of_whom_it_belongs_to(told: Assessment, tmp_path: Path) -> None:
    server = create_app(Settings(tmp_path, jobs=JobLimits(n_workers=0)))
    with TestClient(server, base_url="http://127.0.0.1:8765") as client:
        store, job_id = JobStore(tmp_path), new_id()
        store.add(MeasureOptions(test="seated", subject="Anna").model_dump(), job_id=job_id)
        link = client.get(f"/api/v1/assessments/{job_id}").json()["links"]["fhir"]
        assert client.get(link).json()["code"] == "not_done"
        store.claim()
        store.finish(job_id, render_document(told), 1)
        store.close()
        answer = client.get(link)
        assert answer.headers["content-type"] == "application/fhir+json"
        assert "attachment" in answer.headers["content-disposition"]
        assert {o["subject"]["display"] for o in resources(answer.json(), "Observation")} == {"Anna"}
