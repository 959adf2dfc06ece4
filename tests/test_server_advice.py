"""The interface asks, lists and refuses by the same answers as every other door."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from documents import internal_parts
from fastapi.testclient import TestClient
from simulated import seated
from starlette.websockets import WebSocketDisconnect

from hipcv.assessment import assess
from hipcv.core.setup import Setup
from hipcv.evidence.exercises import all_exercises
from hipcv.evidence.screening import Outcome, judge
from hipcv.outputs.document import render_document
from hipcv.words import Answer, Sex
from hipcv_server.app import create_app
from hipcv_server.schemas import StartMessage
from hipcv_server.settings import JobLimits, Settings
from hipcv_server.state import rooms_of
from hipcv_server.store import new_id

HOME = "http://127.0.0.1:8765"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of a server that scores nothing."""
    settings = Settings(tmp_path_factory.mktemp("data"), jobs=JobLimits(n_workers=0))
    with TestClient(create_app(settings), base_url=HOME) as client:
        yield client


def exercises(client: TestClient, **query: str) -> dict:
    return client.get("/api/v1/exercises", params=query).json()


def test_the_questions_hold_every_answer_with_what_it_calls_for(client):
    told = client.get("/api/v1/questions").json()
    answers = [answer for question in told["questions"] for answer in question["answers"]]
    assert {answer["answer"] for answer in answers} == set(Answer)
    assert {answer["answer"]: answer["outcome"] for answer in answers} == {a: judge([a]).outcome for a in Answer}
    assert told["valid_days"] == 92


def test_exercises_come_with_words_and_drawings(client):
    told = exercises(client, screening="none")
    assert {one["id"] for one in told["exercises"]} == {one.id for one in all_exercises()}
    drawn = [one["drawing"] for one in told["exercises"] if one["drawing"]]
    assert len(drawn) >= 12
    assert {one["kind"] for one in told["exercises"]} <= set(told["kinds"])
    assert {one["grade"] for one in told["exercises"]} <= set(told["grades"])


@pytest.mark.parametrize("query", [{}, {"screening": "fever"}, {"screening": "none", "age": "12"}])
def test_nothing_is_listed_against_an_answer(client, query):
    told = exercises(client, **query)
    assert told["exercises"] == told["popular"] == []
    assert told["screening"]["say"]


@pytest.mark.parametrize("answer", Answer)
def test_what_one_answer_closes_is_closed_here(client, answer):
    told, screened = exercises(client, screening=answer), judge([answer])
    assert told["screening"]["outcome"] == screened.outcome
    assert [one["id"] for one in told["exercises"]] == [one.id for one in all_exercises() if one.open_to(screened)]


def test_words_that_nobody_knows_are_wrong_arguments(client):
    assert client.get("/api/v1/exercises", params={"screening": "healthy"}).status_code == 422


def test_what_is_known_comes_with_its_sources(client):
    known = client.get("/api/v1/known").json()
    assert all(card["source"] and card["sure"] for card in known["cards"])
    assert {look["motion"] for look in known["looks"]} == {"internal", "external"}


def start(client: TestClient, **told: object) -> dict:
    """Return the problem with which a live test is refused."""
    with client.websocket_connect("/api/v1/live", headers={"Host": "127.0.0.1"}) as socket:
        socket.send_json({"type": "start", "test": "seated", **told})
        message = socket.receive_json()
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()
    assert message["fatal"]
    return message["problem"]


def test_a_live_test_is_not_begun_against_an_answer(client):
    problem = start(client, screening="operation")
    assert (problem["code"], problem["status"]) == ("not_admitted", 403)
    assert problem["detail"].startswith("No test was begun. Ask the surgeon's team")
    assert "same day" in start(client, screening="knee_pain", age=12)["detail"]


def test_answers_of_long_ago_are_asked_again(client):
    assert "answer the questions again" in start(client, screening="none", screened_on="2020-01-01")["detail"]
    today = datetime.now(UTC).date().isoformat()
    assert "emergency" in start(client, screening="fever", screened_on=today)["detail"]


def test_outcomes_of_the_interface_are_those_of_the_evidence(client):
    words = {o["outcome"] for q in client.get("/api/v1/questions").json()["questions"] for o in q["answers"]}
    assert words == set(Outcome) - {Outcome.NOT_ASKED}


# ------------------------------------------------------------------------------- test, one thing, test again


@pytest.fixture(scope="module")
def two_tests(client: TestClient) -> tuple[str, str]:
    """Two live tests of one sitting: left 10° and then 16°, right 10° both times."""
    ids = []
    rooms = rooms_of(SimpleNamespace(app=client.app))
    for left in (10.0, 16.0):
        found = assess(seated(left=(left,) * 3, right=(10.0,) * 3, fps=15.0), Setup(roll_deg=0.0))
        options = StartMessage(type="start", test="seated").model_dump(mode="json")
        job_id = new_id()
        now = datetime.now(UTC).isoformat()
        rooms.store.add_done(options, render_document(found), job_id=job_id, kind="live", n_frames=9, began=now)
        ids.append(job_id)
    return ids[0], ids[1]


def test_a_pair_is_judged_within_the_sitting(client, two_tests):
    told = client.get("/api/v1/pair", params=dict(zip(("before", "after"), two_tests, strict=True))).json()
    assert told["spacing"] == "within one sitting"
    assert told["sides"]["left"]["verdict"] == "increased"
    assert told["sides"]["right"]["verdict"] == "no change detected"
    assert "usual answer" in told["say"]


def test_a_pair_of_what_is_not_there_is_told(client, two_tests):
    gone = client.get("/api/v1/pair", params={"before": two_tests[0], "after": "nowhere"})
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


# ------------------------------------------------------------------------------------- one person's tests together


def keep(client: TestClient, document: dict, subject: str) -> None:
    options = StartMessage(type="start", test=document["test"], subject=subject).model_dump(mode="json")
    rooms, now = rooms_of(SimpleNamespace(app=client.app)), datetime.now(UTC).isoformat()
    rooms.store.add_done(options, document, job_id=new_id(), kind="live", n_frames=9, began=now)


def as_prone(document: dict, **told: object) -> dict:
    """The same result face down, and not low."""
    other = json.loads(json.dumps(document))
    other["test"] = other["setup"]["test"] = "prone"
    other["setup"] |= {"camera_side": "foot end", **told}
    for side in internal_parts(other):
        for row in side["reference"]:
            row["verdict"] = row["verdict"] and "within"
    return other


@pytest.fixture(scope="module")
def low() -> dict:
    setup = Setup(age_years=30.0, sex=Sex.MALE, roll_deg=0.0, screening=())
    return render_document(assess(seated(left=(10.0,) * 3, right=(10.0,) * 3, fps=15.0), setup))


def test_two_positions_of_one_person_are_held_against_each_other(client, low):
    keep(client, low, "Anna")
    alone = client.get("/api/v1/plan", params={"subject": "Anna"}).json()
    assert (alone["n_tests"], [shown["pattern"] for shown in alone["plan"]["shown"]]) == (1, ["both_low"])
    keep(client, as_prone(low), "anna")
    keep(client, as_prone(low, screening=["fever"]), "Bert")
    told = client.get("/api/v1/plan", params={"subject": "Anna"}).json()
    assert (told["n_tests"], [shown["pattern"] for shown in told["plan"]["shown"]]) == (2, ["low_when_bent"])
    assert told["setup"] == {"screening": [], "screened_by": None, "age_years": 30.0}


def test_an_answer_before_any_of_the_tests_closes_all(client, low):
    keep(client, low, "Clara")
    keep(client, as_prone(low, screening=["fever"]), "Clara")
    told = client.get("/api/v1/plan", params={"subject": "Clara"}).json()
    assert told["screening"]["outcome"] == "see_now"
    assert told["plan"]["exercises"] == []


def test_nobody_has_no_plan(client):
    told = client.get("/api/v1/plan", params={"subject": "Nobody"}).json()
    assert (told["n_tests"], told["plan"]["exercises"]) == (0, [])
