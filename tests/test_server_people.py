"""Whose results the server keeps: named, put right, handed out and forgotten, beside what the command line keeps."""

import asyncio
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from documents import document_of
from fastapi.testclient import TestClient

from hipcv.history.store import open_history, url_in
from hipcv_server.app import create_app
from hipcv_server.files import Shelves
from hipcv_server.live_worker import Result
from hipcv_server.schemas import MeasureOptions
from hipcv_server.settings import JobLimits, Settings
from hipcv_server.state import rooms_of
from hipcv_server.store import JobStore, new_id

API = "/api/v1"
#: The beginning of a recording: nobody looks further before it is measured.
CLIP = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(4096)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.process)])
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A data folder whose history is in it, or in PostgreSQL."""
    monkeypatch.delenv("HIPCV_DATABASE", raising=False)
    if request.param == "postgresql":
        monkeypatch.setenv("HIPCV_DATABASE", str(request.getfixturevalue("postgresql")))
    return tmp_path / "data"


@pytest.fixture
def client(data: Path) -> Iterator[TestClient]:
    """A server that scores nothing."""
    app = create_app(Settings(data, jobs=JobLimits(n_workers=0)))
    with TestClient(app, base_url="http://127.0.0.1:8765") as client:
        yield client


@pytest.fixture
def store(client: TestClient) -> JobStore:
    return rooms_of(SimpleNamespace(app=client.app)).store


def done(store: JobStore, subject: str | None, value: float = 31.0, **told: object) -> str:
    """Let a recording be handed in and measured; return its id."""
    options = MeasureOptions(test="seated", subject=subject, **told).model_dump(mode="json")
    job_id = new_id()
    store.add(options, job_id=job_id)
    store.claim()
    assert store.finish(job_id, document_of(value), 10, date(2026, 3, 1))
    return job_id


def test_the_page_lists_what_the_command_line_keeps_and_the_other_way_round(
    client: TestClient, store: JobStore, data: Path
) -> None:
    own = done(store, "Anna")
    with open_history(url_in(data)) as history:
        assert [entry.token for entry in history.list("anna")] == [own]
        kept = history.keep(document_of(33.0), "anna", visit_date=date(2026, 3, 29))
    listed = client.get(f"{API}/assessments", params={"subject": "ANNA"}).json()
    assert [(item["id"], item["kind"]) for item in listed["items"]] == [(kept.token, "file"), (own, "upload")]
    assert [item["visit_date"] for item in listed["items"]] == ["2026-03-29", "2026-03-01"]
    assert client.get(f"{API}/assessments/{kept.token}").json()["assessment"] == document_of(33.0)
    assert client.get(f"{API}/assessments/{kept.token}/report").json()["code"] == "not_found"
    trend = client.get(f"{API}/trend", params={"test": "seated", "subject": "Anna"}).json()
    assert [point["left"]["end_range_deg"] for point in trend["points"]] == [31.0, 33.0]
    assert trend["next_date"] == "2026-04-26"
    calendar = client.get(f"{API}/trend/calendar", params={"test": "seated", "subject": "Anna"})
    assert "DTSTART;VALUE=DATE:20260426" in calendar.text
    assert "Anna" not in calendar.text
    assert client.get(f"{API}/trend/calendar", params={"test": "prone", "subject": "Anna"}).status_code == 404


def test_the_day_is_what_was_told_else_what_the_file_tells(client: TestClient, store: JobStore) -> None:
    told, found = done(store, "Anna", date="2026-02-02"), done(store, "Anna", 32.0)
    days = [client.get(f"{API}/assessments/{job_id}").json()["visit_date"] for job_id in (told, found)]
    assert days == ["2026-02-02", "2026-03-01"]


def test_a_result_that_is_nobodys_becomes_somebodys_and_keeps_what_was_said(
    client: TestClient, store: JobStore
) -> None:
    job_id = done(store, None)
    assert client.get(f"{API}/people").json() == {"people": []}
    answer = client.patch(f"{API}/assessments/{job_id}", json={"subject": "Anna", "date": "2026-02-02"})
    assert (answer.json()["subject"], answer.json()["visit_date"]) == ("Anna", "2026-02-02")
    again = client.patch(f"{API}/assessments/{job_id}", json={"subject": "Ben"}).json()
    assert (again["subject"], again["visit_date"], again["id"]) == ("Ben", "2026-02-02", job_id)
    assert [entry.subject for entry in store.history.versions(again["number"])] == [None, "Anna", "Ben"]
    assert client.patch(f"{API}/assessments/{job_id}", json={"date": "2999-01-01"}).status_code == 422
    waiting = new_id()
    store.add(MeasureOptions(test="seated").model_dump(mode="json"), job_id=waiting)
    assert client.patch(f"{API}/assessments/{waiting}", json={"subject": "Anna"}).json()["code"] == "not_done"


def test_a_person_is_renamed_and_joined_only_when_it_is_said(client: TestClient, store: JobStore) -> None:
    done(store, "Anna"), done(store, "Ben", 32.0)
    assert client.patch(f"{API}/people", json={"subject": "Carl", "name": "Dora"}).status_code == 404
    taken = client.patch(f"{API}/people", json={"subject": "Anna", "name": "ben"})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    joined = client.patch(f"{API}/people", json={"subject": "Anna", "name": "ben", "together": True})
    assert joined.json() == {"subject": "Ben"}
    (ben,) = client.get(f"{API}/people").json()["people"]
    assert (ben["subject"], ben["n_kept"], ben["first"]) == ("Ben", 2, "2026-03-01")


def test_export_hands_out_one_persons_results_and_writes_it_down(client: TestClient, store: JobStore) -> None:
    done(store, "Anna"), done(store, "Ben", 32.0)
    before = store.history.verify().n_entries
    table = client.get(f"{API}/export", params={"subject": "anna"})
    assert table.headers["content-type"].startswith("text/csv")
    assert table.text.count("Anna") == 1
    assert "Ben" not in table.text
    whole = client.get(f"{API}/export", params={"format": "json"}).json()
    assert [one["document"] for one in whole] == [document_of(31.0), document_of(32.0)]
    assert store.history.verify().n_entries == before + 2


CANARY = "Canary-5512"


def test_forgetting_leaves_no_byte_of_a_person_in_the_data_folder(
    client: TestClient, store: JobStore, data: Path
) -> None:
    """What is done, what waits and what failed, with clip, report and names; Ben's stays."""
    shelves, ben = Shelves(data), done(store, "Ben")
    ids = [done(store, CANARY), *(new_id() for _ in range(2))]
    replay = new_id()
    told = MeasureOptions(test="seated").model_dump(mode="json")
    store.add(told, job_id=replay, kind="replay", replay_of=ids[0])
    store.claim()
    store.finish(replay, document_of(31.0, how_done=CANARY), 10)
    for job_id in ids[1:]:
        store.add(MeasureOptions(test="seated", subject=CANARY, keep=True).model_dump(mode="json"), job_id=job_id)
    store.claim()
    store.fail(ids[1], {"detail": CANARY})
    for job_id in [ben, *ids]:
        shelves.clip(job_id).parent.mkdir()
        shelves.clip(job_id).write_text(CANARY if job_id in ids else "Ben")
        folder = shelves.begin_result(job_id)
        (folder / "report.html").write_text(CANARY if job_id in ids else "Ben")
        shelves.settle_result(job_id, folder)
    assert client.delete(f"{API}/people", params={"subject": CANARY.upper()}).status_code == 204
    left = [path for path in data.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert left == []
    assert [client.get(f"{API}/assessments/{job_id}").status_code for job_id in [ben, *ids]] == [200, 404, 404, 404]
    assert client.get(f"{API}/assessments/{replay}").status_code == 404
    assert shelves.result(ben, "report.html").exists()
    assert store.history.verify().whole


@pytest.mark.process
def test_forgetting_ends_a_live_test_that_is_under_way(client: TestClient, store: JobStore, data: Path) -> None:
    """In whatever spelling; it is told, nothing of it is left, and what comes out of it at that moment is not kept."""
    start = {"type": "start", "test": "seated", "subject": CANARY, "model": "lite"}
    desk = rooms_of(SimpleNamespace(app=client.app)).desk
    with client.websocket_connect(f"{API}/live", headers={"Host": "127.0.0.1"}) as socket:
        socket.send_json(start)
        started = socket.receive_json()
        session = desk.find(started["token"])
        assert session is not None
        assert client.delete(f"{API}/people", params={"subject": CANARY.lower()}).status_code == 204
        while (told := socket.receive_json())["type"] != "problem":
            pass
    assert (told["fatal"], told["problem"]["code"]) == (True, "not_found")
    assert desk.n_sessions == 0
    late = Result(json.dumps(document_of(31.0, how_done=CANARY)), 9, kept=False)
    asyncio.run(session._keep(late))
    assert store.ids() == set()
    assert [path for path in data.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()] == []
    assert list(Shelves(data).results.iterdir()) == []


def test_keeping_pictures_is_agreed_to_before_anything_is_kept(client: TestClient, store: JobStore) -> None:
    """The log has it whether or not a result comes of it; without `keep` nobody is asked for it."""
    sizes = []
    for keep in ("false", "true"):
        form = {"test": "seated", "subject": "Anna", "keep": keep}
        answer = client.post(f"{API}/assessments", data=form, files={"file": ("a.mp4", CLIP, "video/mp4")})
        assert answer.status_code == 202
        sizes.append(store.history.verify().n_entries)
    assert sizes == [0, 1]


def test_two_positions_of_one_person_stand_side_by_side(client: TestClient, store: JobStore) -> None:
    seated = document_of(31.0)
    prone = document_of(20.0, test="prone")
    prone["setup"] |= {"test": "prone", "camera_side": "foot end"}
    store.history.keep(seated, "Anna", visit_date=date(2026, 3, 1))
    assert client.get(f"{API}/positions", params={"subject": "Anna"}).json()["sides"] == []
    store.history.keep(prone, "Anna", visit_date=date(2026, 3, 2))
    store.history.keep(prone, "Ben", visit_date=date(2026, 3, 3))
    told = client.get(f"{API}/positions", params={"subject": "anna"}).json()
    assert [(side["bent"]["test"], side["straight"]["test"]) for side in told["sides"]] == [("seated", "prone")] * 2
    assert told["sides"][0]["straight"]["end_range_deg"] == 20.0
    assert told["sides"][0]["where"] == "unknown"  # nobody's age and sex: no range judges
    assert "tells which tissue holds" in told["say"]
