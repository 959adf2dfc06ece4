"""A new export is one entry of one list: folder, live test, server and batch have it from there."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from batch_recordings import write_recording
from fastapi.testclient import TestClient
from simulated import seated

from hipcv.assessment import Assessment, assess
from hipcv.batch.input.clip import Clip, Key
from hipcv.batch.output.outcome_files import artefact_path, document_path, write_clip
from hipcv.batch.run.job import Scored
from hipcv.batch.run.ledger import open_ledger
from hipcv.batch.run.run import Plan
from hipcv.batch.run.scoring import score
from hipcv.core.procedures.seated import SEATED
from hipcv.core.series import PoseSeries
from hipcv.core.setup import Setup
from hipcv.files import write_whole
from hipcv.models.store import get_model
from hipcv.outputs import artefacts
from hipcv.outputs.artefacts import ARTEFACTS, REPORT, VIDEO, Artefact, Material, batched
from hipcv.outputs.folder import write_folder, write_numbers
from hipcv.outputs.overlay import Picture
from hipcv.words import ModelName
from hipcv_server import worker
from hipcv_server.app import create_app
from hipcv_server.files import Shelves
from hipcv_server.schemas import MeasureOptions
from hipcv_server.settings import JobLimits, Settings
from hipcv_server.store import JobStore, new_id
from hipcv_server.worker import Order


def _write_status(material: Material, path: Path) -> None:
    write_whole(path, f"The hips are {material.assessment.status}.")


TOY = Artefact("toy", "toy.txt", "text/plain", _write_status, ending=".txt")


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Artefact:
    """One more artefact, in the one place where they are listed."""
    monkeypatch.setattr(artefacts, "ARTEFACTS", (*ARTEFACTS, TOY))
    return TOY


@pytest.fixture(scope="module")
def series() -> PoseSeries:
    return seated(left=(40.0,), right=(25.0,), duration_s=16.0, fps=6.0, size=(160, 120))


@pytest.fixture(scope="module")
def assessment(series: PoseSeries) -> Assessment:
    return assess(series, Setup())


class Shot:
    """A grey frame."""

    def __init__(self, time_s: float) -> None:
        self.time_s, self.rgb = time_s, np.full((120, 160, 3), 90, np.uint8)


def frames(series: PoseSeries) -> Iterator[Picture]:
    return (Shot(float(time_s)) for time_s in series.time_s)


def test_no_two_artefacts_share_a_name_or_a_file() -> None:
    assert len({a.name for a in ARTEFACTS}) == len({a.file for a in ARTEFACTS}) == len(ARTEFACTS)
    endings = [a.ending for a in batched()]
    assert len({*endings, ".json"}) == len(endings) + 1, "a batch gives the document .json"


def test_what_a_report_shows_is_what_lies_beside_it(tmp_path: Path, series: PoseSeries, assessment: Assessment) -> None:
    """The video where there are pictures; without them neither it nor a word of it, whatever lay there before."""
    write_folder(tmp_path, frames(series), series, assessment)
    page = (tmp_path / REPORT.file).read_text()
    assert (page.count("data:image/jpeg"), VIDEO.file in page) == (2, True)
    written = write_numbers(tmp_path, assessment)
    assert VIDEO.file not in {path.name for path in written}
    page = (tmp_path / REPORT.file).read_text()
    assert (page.count("data:image/jpeg"), VIDEO.file in page) == (0, False)


def test_a_report_alone_reads_no_further_than_to_its_last_picture(series: PoseSeries, assessment: Assessment) -> None:
    left = frames(series)
    assert len(Material(assessment, series, left).take_stills()) == 2
    assert next(left).time_s < series.time_s[-1]


def test_a_new_artefact_is_in_the_folder(
    toy: Artefact, tmp_path: Path, series: PoseSeries, assessment: Assessment
) -> None:
    for name, written in (
        ("whole", write_folder(tmp_path / "whole", frames(series), series, assessment)),
        ("numbers", write_numbers(tmp_path / "numbers", assessment)),
    ):
        assert tmp_path / name / toy.file in written
        assert (tmp_path / name / toy.file).read_text() == "The hips are measured."


@pytest.mark.model
def test_a_new_artefact_has_a_link_and_a_route_at_the_server(toy: Artefact, tmp_path: Path, short_clip: bytes) -> None:
    app = create_app(Settings(tmp_path, jobs=JobLimits(n_workers=0)))
    described = app.openapi()
    path = described["paths"]["/api/v1/assessments/{job_id}/toy"]["get"]
    assert toy.media_type in path["responses"]["200"]["content"]
    assert "toy" in described["components"]["schemas"]["Links"]["required"]
    with TestClient(app, base_url="http://127.0.0.1:8765") as client:
        options, job_id = MeasureOptions(test="seated", model="lite").model_dump(), new_id()
        store, shelves = JobStore(tmp_path), Shelves(tmp_path)
        store.add(options, job_id=job_id)
        shelves.clip(job_id).parent.mkdir()
        shelves.clip(job_id).write_bytes(short_clip)
        link = client.get(f"/api/v1/assessments/{job_id}").json()["links"]["toy"]
        assert client.get(link).json()["code"] == "not_done"
        folder = shelves.begin_result(job_id)
        store.claim()
        order = Order(job_id, shelves.clip(job_id), options, folder)
        scored = worker.score(order, Settings(tmp_path), lambda told: None)
        shelves.settle_result(job_id, folder)
        store.finish(job_id, json.loads(scored.document), scored.n_frames)
        store.close()
        answer = client.get(link)
        assert answer.headers["content-type"].startswith(toy.media_type)
        assert answer.text.startswith("The hips are ")


CLIP, KEY = Clip(1, "a.mp4", "/a.mp4", SEATED), Key("c" * 64, "p" * 64, "m" * 64)


@pytest.mark.model
def test_a_new_artefact_is_among_the_files_of_a_batch(toy: Artefact, tmp_path: Path) -> None:
    """Made by the worker, kept in the ledger, written beside the document."""
    clip = replace(CLIP, source=str(write_recording(tmp_path / "a.mp4", seed=1)))
    plan = Plan("lite", get_model(ModelName.LITE).sha256)
    answer = score(plan.job(clip))
    assert isinstance(answer, Scored)
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.add(KEY, answer)
        files = ledger.get_files(KEY)
        assert files == answer.files
    write_clip(tmp_path, clip, KEY, answer.document, files)
    assert artefact_path(tmp_path, clip, KEY, toy).read_text() == "The hips are not_measured."
    assert artefact_path(tmp_path, clip, KEY).read_text().startswith("<!doctype html>")
    assert document_path(tmp_path, clip, KEY).exists()
    without_page = replace(plan, wants_reports=False)
    assert [a.name for a in without_page.artefacts] == ["toy"]


def test_pages_of_an_older_ledger_are_still_there(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.add(KEY, Scored({"status": "measured"}))
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as old, old:
        old.execute("UPDATE outcomes SET report = '<p>old</p>'")
        old.execute("DROP TABLE artefacts")
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.get_files(KEY) == {"report": b"<p>old</p>"}
