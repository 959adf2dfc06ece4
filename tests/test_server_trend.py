"""A trend is of one named person, and its change says whether it is of one sitting or between days."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from simulated import seated

from hipcv.assessment import assess
from hipcv.core.setup import Setup
from hipcv.outputs.document import render_document
from hipcv_server.app import create_app
from hipcv_server.schemas import MeasureOptions
from hipcv_server.settings import JobLimits, Settings
from hipcv_server.store import JobStore, new_id

TREND = "/api/v1/trend"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """An assessment of three equal trials a side, without a doubt."""
    found = render_document(assess(seated(left=(35.0,) * 3, right=(25.0,) * 3), Setup()))
    assert [f for f in found["findings"] if f["severity"] != "note"] == []  # type: ignore[union-attr, index, call-overload]
    return found


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """A server that scores nothing."""
    app = create_app(Settings(tmp_path / "data", jobs=JobLimits(n_workers=0)))
    with TestClient(app, base_url="http://127.0.0.1:8765") as client:
        yield client


def keep(
    client: TestClient,
    document: dict[str, Any],
    subject: str | None,
    at: str,
    *,
    by_deg: float = 0.0,
    kind: str = "live",
    effort: str = "active",
    legs: str | None = None,
) -> None:
    """Put a measured test of a subject into the server's database; its left hip turns further by so much."""
    other, store = deepcopy(document), client.app.state.rooms.store  # type: ignore[attr-defined]
    assert isinstance(store, JobStore)
    side = other["sides"]["left"]["motions"]["internal"]
    side["end_range_deg"] += by_deg
    side["interval95_deg"] = [bound + by_deg for bound in side["interval95_deg"]]
    options = MeasureOptions(test="seated", subject=subject, effort=effort, legs=legs).model_dump()
    other |= {"effort": effort, "setup": {**other["setup"], "effort": effort, "legs": legs}}
    store.add_done(options, other, job_id=new_id(), kind=kind, n_frames=1, began=at)


def trend(client: TestClient, subject: str) -> dict[str, Any]:
    answer = client.get(TREND, params={"test": "seated", "subject": subject})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_a_trend_without_a_name_is_refused_in_one_sentence(client: TestClient, document: dict[str, Any]) -> None:
    """Nobody's results, everybody's results and an empty name are no trend."""
    keep(client, document, None, "2026-03-01T10:00:00.000Z")
    for params in ({}, {"subject": ""}, {"subject": "  "}):
        answer = client.get(TREND, params={"test": "seated", **params})
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith("Wrong arguments: subject: ")


def test_no_other_person_and_nobody_without_a_name_is_in_a_trend(client: TestClient, document: dict[str, Any]) -> None:
    """Anna's two results are hers in whatever spelling; Ben's and the unnamed one are not."""
    for day, name in enumerate(("Anna", "Ben", None, "anna", "Annabel"), start=1):
        keep(client, document, name, f"2026-03-0{day}T10:00:00.000Z", by_deg=4.0 * day)
    found = trend(client, "ANNA")
    assert [point["visit_date"] for point in found["points"]] == ["2026-03-01", "2026-03-04"]
    assert found["change"]["left"]["difference_deg"] == pytest.approx(12.0)
    assert trend(client, "Ben")["change"] == {"left": None, "right": None}


@pytest.mark.parametrize(
    ("later", "kind", "spacing", "real"),
    [
        ("2026-03-01T11:59:00.000Z", "live", "within one sitting", True),
        ("2026-03-01T12:01:00.000Z", "live", "between days", False),
        ("2026-04-01T10:00:00.000Z", "live", "between days", False),
        ("2026-03-01T10:05:00.000Z", "upload", "between days", False),
    ],
)
def test_a_change_of_seven_degrees_is_told_within_one_sitting_and_not_between_days(
    client: TestClient, document: dict[str, Any], later: str, kind: str, spacing: str, real: bool
) -> None:
    """Two live tests two hours apart at most are one sitting; an upload may have been filmed on any day."""
    keep(client, document, "Anna", "2026-03-01T10:00:00.000Z", kind=kind)
    keep(client, document, "Anna", later, by_deg=7.0, kind=kind)
    change = trend(client, "Anna")["change"]["left"]
    assert (change["spacing"], change["real"]) == (spacing, real)
    assert (change["mdc95_deg"] == 9.0) is (spacing == "between days")
    assert ("Gradoz" in change["mdc95_source"]) is (spacing == "between days")
    assert ("not yet checked on people" in change["mdc95_source"]) is (change["mdc95_deg"] < 5.4)


def test_a_passive_test_is_no_change_of_an_active_one(client: TestClient, document: dict[str, Any]) -> None:
    """The change runs from the first to the last test that was done like the last."""
    for day, (effort, by_deg) in enumerate((("active", 0.0), ("passive", 20.0), ("active", 3.0)), start=1):
        keep(client, document, "Anna", f"2026-03-0{day}T10:00:00.000Z", by_deg=by_deg, effort=effort)
        if effort == "passive":
            assert trend(client, "Anna")["change"]["left"] is None
    assert trend(client, "Anna")["change"]["left"]["difference_deg"] == pytest.approx(3.0)


def test_both_legs_at_once_are_no_change_of_one(client: TestClient, document: dict[str, Any]) -> None:
    """A test of which nobody said how many legs moved is compared with either."""
    for day, (legs, by_deg) in enumerate((("one", 0.0), ("both", 20.0), ("one", 3.0), (None, 4.0)), start=1):
        keep(client, document, "Anna", f"2026-0{day}-01T10:00:00.000Z", by_deg=by_deg, effort="passive", legs=legs)
        change = trend(client, "Anna")["change"]["left"]
        assert change is None if day < 3 else change["difference_deg"] == pytest.approx(by_deg)
