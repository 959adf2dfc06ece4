"""A record: every version stays, what was done is written down and cannot be changed unseen, and deleted is gone."""

import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from documents import document_of, internal_parts
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from benchmarks.record import kill_adders
from hipcv.cli import app
from hipcv.core.errors import HistoryError
from hipcv.core.procedures import procedure_named
from hipcv.data_folder import result_folder
from hipcv.history.calendar import render_calendar
from hipcv.history.comparison import Change, Spacing, compare_documents
from hipcv.history.entry import Origin
from hipcv.history.positions import side_by_side
from hipcv.history.store import History, open_history
from hipcv.history.trend import find_trend
from hipcv.outputs.document import render_document
from hipcv.words import Measure, Side
from hipcv_server.store import JobStore

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.process)]


@pytest.fixture(params=DATABASES)
def url(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A new database of either kind."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql"))
    return f"sqlite:///{tmp_path / 'history.sqlite'}"


@pytest.fixture
def history(url: str) -> Iterator[History]:
    with open_history(url) as history:
        yield history


def actions(url: str) -> list[str]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = list(connection.execute(text("SELECT action FROM log ORDER BY seq")).scalars())
    engine.dispose()
    return found


# ---------------------------------------------------------------------------------------------------------- versions


def test_a_correction_keeps_the_number_and_what_was_said_before(history: History) -> None:
    first = history.keep(document_of(31.0), "Anna", visit_date=date(2026, 3, 1))
    second = history.correct(first.id, subject="Ben", visit_date=date(2026, 3, 2))
    assert (second.id, second.token, second.version) == (first.id, first.token, 2)
    assert (second.subject, second.visit_date) == ("Ben", date(2026, 3, 2))
    assert history.versions(first.id) == [first, second]
    assert history.get(first.id, 1).entry == first
    assert history.get(first.id).document == history.get(first.id, 1).document
    assert (history.list("Anna"), history.list("Ben"), len(history)) == ([], [second], 1)
    assert history.correct(first.id, subject="ben") == second
    with pytest.raises(HistoryError, match="version 3"):
        history.get(first.id, 3)


def test_a_result_may_be_nobodys_until_somebody_says_whose(history: History) -> None:
    """It is in no list of a person, known or not, and becomes somebody's later."""
    entry = history.keep(document_of(31.0), None)
    history.keep(document_of(32.0), "Anna")
    assert entry.subject is None
    assert [history.count(name) for name in ("Anna", "nobody", "")] == [1, 0, 0]
    assert history.list("Ben") == []
    history.correct(entry.id, subject="anna")
    assert [kept.subject for kept in history.list()] == ["Anna", "Anna"]


def test_a_person_is_renamed_and_two_become_one_only_when_it_is_said(history: History) -> None:
    for name, value in (("Anna", 31.0), ("Ben", 32.0), ("anna", 33.0)):
        history.keep(document_of(value), name)
    assert history.rename("ANNA", " S01 ") == "S01"
    assert [(one.name, one.n_kept) for one in history.people()] == [("Ben", 1), ("S01", 2)]
    assert history.rename("s01", "s01") == "s01"
    with pytest.raises(HistoryError, match="ben is another person"):
        history.rename("S01", "ben")
    with pytest.raises(HistoryError, match="nobody called 'Carl'"):
        history.rename("Carl", "Dora")
    assert history.rename("S01", "ben", together=True) == "Ben"
    assert [(one.name, one.n_kept) for one in history.people()] == [("Ben", 3)]
    assert history.verify().whole


def test_a_name_that_is_none_or_too_long_is_told_in_a_sentence(history: History) -> None:
    for name, told in (("  ", "empty name"), ("x" * 201, "at most 200 characters, found 201")):
        with pytest.raises(HistoryError, match=told):
            history.keep(document_of(31.0), name)
    assert len(history) == 0
    assert history.keep(document_of(31.0), "x" * 200).subject == "x" * 200


def test_a_token_is_kept_once_and_without_one_the_same_document_is(history: History) -> None:
    one, other = (history.keep(document_of(31.0), "Anna", token=token) for token in ("a", "b"))
    assert one.id != other.id
    assert history.keep(document_of(99.0), "Ben", token="a") == one
    assert history.keep(document_of(31.0), "Anna") in (one, other)


# --------------------------------------------------------------------------------------------------------- deleting


def test_what_is_deleted_is_gone_in_all_versions_and_the_log_says_so(history: History, url: str) -> None:
    first = history.keep(document_of(31.0), "Anna")
    history.correct(first.id, subject="Ben")
    history.keep(document_of(32.0), "Ben")
    assert history.delete(first.id).tokens == (first.token,)
    assert history.versions(first.id) == []
    with pytest.raises(HistoryError, match="none of this number"):
        history.delete(first.id)
    assert actions(url)[-2:] == ["delete", "forget"]  # Anna has nothing any more
    assert history.keep(document_of(33.0), "Anna").id > first.id + 1
    assert history.verify().whole


CANARY = "canary-0f3a"


def test_no_byte_of_a_deleted_person_is_left_though_a_result_was_somebody_elses_by_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Database, its log, jobs that wait, drawn files, corrected and joined results: none holds the name any more."""
    monkeypatch.delenv("HIPCV_DATABASE", raising=False)
    monkeypatch.setenv("HIPCV_DATA", str(tmp_path))
    store = JobStore(tmp_path)
    options = {"test": "seated", "subject": f"Anna {CANARY}", "helper": CANARY}
    for job_id in ("waits", "fails", "done"):
        store.add(options, job_id=job_id)
    for _ in range(2):
        store.claim()
    store.fail("fails", {"detail": CANARY})
    store.finish("waits", document_of(31.0, how_done=CANARY), 9)
    files = result_folder(tmp_path, "waits")
    files.mkdir(parents=True)
    (files / "report.html").write_text(CANARY)
    ben = store.history.keep(document_of(32.0), f"ANNA {CANARY}")
    store.history.correct(ben.id, subject="Ben")
    joined = store.history.keep(document_of(33.0), f"A. {CANARY}")
    store.history.rename(f"A. {CANARY}", f"anna {CANARY}", together=True)
    store.close()
    ended = CliRunner().invoke(app, ["history", "forget", f"anna {CANARY}", "--yes"])
    assert ended.exit_code == 0, ended.output
    assert [path for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()] == []
    assert not files.exists()
    with open_history() as history:
        assert [(entry.id, entry.subject) for entry in history.list()] == [(ben.id, "Ben")]
        assert history.get(ben.id).document == document_of(32.0)
        assert history.versions(joined.id) == []
        assert history.verify().whole


def test_a_number_is_deleted_with_its_files_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HIPCV_DATABASE", raising=False)
    monkeypatch.setenv("HIPCV_DATA", str(tmp_path))
    with open_history() as history:
        entry = history.keep(document_of(31.0), "Anna")
    files = result_folder(tmp_path, entry.token)
    files.mkdir(parents=True)
    for answer, left in (("n\n", 1), ("y\n", 0)):
        CliRunner().invoke(app, ["history", "delete", str(entry.id)], input=answer)
        with open_history() as history:
            assert len(history) == left
    assert not files.exists()


# ------------------------------------------------------------------------------------------------------- what is done


def do_something(history: History, chance: random.Random) -> None:
    """Do one thing with a record, as people do."""
    numbers = [entry.id for entry in history.list()]
    names = [one.name for one in history.people()]
    day = date(2026, 1, 1) + timedelta(days=chance.randrange(300))
    name = chance.choice(["Anna", "Ben", "Carl", "Dora", None])
    choice = chance.random()
    if choice < 0.45 or not numbers:
        history.keep(document_of(chance.uniform(20, 50)), name, visit_date=day)
    elif choice < 0.65:
        history.correct(chance.choice(numbers), subject=name, visit_date=day)
    elif choice < 0.75 and names:
        history.rename(chance.choice(names), chance.choice(["Anna", "Eve", "S01"]), together=True)
    elif choice < 0.85:
        history.delete(chance.choice(numbers))
    elif choice < 0.9 and names:
        history.forget(chance.choice(names))
    elif choice < 0.95:
        history.consent("7r2m", name)
    else:
        history.exported(history.list(), ".csv")


@pytest.mark.parametrize("seed", [*range(20), *(pytest.param(k, marks=pytest.mark.at_length) for k in range(20, 200))])
def test_whatever_was_done_with_hipcv_verifies(seed: int) -> None:
    chance = random.Random(seed)
    with open_history("sqlite://") as history:
        n_before = 0
        for _ in range(12):
            do_something(history, chance)
            found = history.verify()
            assert found.faults == ()
            assert found.n_entries >= n_before
            n_before = found.n_entries


def test_every_action_leaves_an_entry(history: History, url: str) -> None:
    entry = history.keep(document_of(31.0), "Anna")
    history.correct(entry.id, visit_date=date(2026, 1, 1))
    history.rename("Anna", "S01")
    history.consent("7r2m", "S01")
    history.exported([entry], ".csv")
    history.delete(entry.id)
    assert actions(url) == ["name", "create", "correct", "name", "consent", "export", "delete", "forget"]
    assert history.verify().n_entries == 8


#: What somebody may do to a record beside hipcv, as statements.
TAMPERED = {
    "an angle of a list": "UPDATE assessments SET numbers = replace(numbers, '31.0', '41.0') WHERE id = 1",
    "an angle of a document": "UPDATE documents SET text = replace(text, '31.0', '41.0') WHERE id = 1",
    "a day": "UPDATE assessments SET visit_date = '2026-02-02' WHERE id = 2",
    "whose it is": "UPDATE assessments SET person_id = 2 WHERE id = 1",
    "nobody's": "UPDATE assessments SET person_id = NULL WHERE id = 1",
    "a test": "UPDATE assessments SET test = 'prone' WHERE id = 2",
    "when it was kept": "UPDATE assessments SET kept_at = '2020-01-01 00:00:00.000000' WHERE id = 2",
    "a name": "UPDATE people SET name = 'Zoe', key = 'zoe' WHERE id = 1",
    "a result taken out": "DELETE FROM assessments WHERE id = 2",
    "an earlier version taken out": "DELETE FROM assessments WHERE number = 1 AND version = 1",
    "an earlier version shown": "UPDATE assessments SET current = NOT current WHERE number = 1",
    "another document": "UPDATE assessments SET document_id = 1 WHERE id = 2",
    "a result put in": "INSERT INTO assessments SELECT 99, 99, version, current, 'x', person_id, visit_date, kept_at, "
    "recorded_at, origin, test, effort, legs, status, numbers, clip_sha256, document_sha256, document_id, salt "
    "FROM assessments WHERE id = 2",
    "a person put in": "INSERT INTO people VALUES (99, 'Zoe', 'zoe', 's')",
    "the first entry taken out": "DELETE FROM log WHERE seq = 1",
    "an entry in the middle taken out": "DELETE FROM log WHERE seq = 4",
    "the last entry taken out": "DELETE FROM log WHERE seq = (SELECT max(seq) FROM log)",
    "an entry changed": "UPDATE log SET action = 'export' WHERE seq = 3",
    "when something was done": "UPDATE log SET at = '2020-01-01T00:00:00.000+00:00' WHERE seq = 2",
    "two entries exchanged": "UPDATE log SET seq = CASE seq WHEN 2 THEN -3 WHEN 3 THEN -2 ELSE -seq END",
    "the whole log taken out": "DELETE FROM log",
    "the seal changed": "UPDATE seal SET seq = seq - 1",
}


@pytest.mark.parametrize("url", DATABASES[:1], indirect=True)
@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_done_beside_hipcv_is_found(history: History, url: str, what: str) -> None:
    first = history.keep(document_of(31.0), "Anna", visit_date=date(2026, 1, 1))
    history.keep(document_of(32.0), "Ben", visit_date=date(2026, 1, 2))
    history.correct(first.id, visit_date=date(2026, 1, 3))
    history.exported(history.list(), ".csv")
    assert history.verify().whole
    engine = create_engine(url)
    with engine.begin() as connection:
        assert connection.execute(text(TAMPERED[what])).rowcount > 0
        connection.execute(text("UPDATE log SET seq = -seq WHERE seq < 0"))
    engine.dispose()
    assert history.verify().faults != ()


def test_a_log_that_was_written_anew_does_not_hold_the_seal_that_was_told(tmp_path: Path) -> None:
    """Who can write the whole database can write log and seal in it, too; not what somebody wrote down elsewhere."""
    with open_history(f"sqlite:///{tmp_path / 'one.sqlite'}") as history:
        history.keep(document_of(31.0), "Anna")
        seal = history.verify().seal
        history.keep(document_of(32.0), "Anna")
        assert history.verify(seal).whole
    with open_history(f"sqlite:///{tmp_path / 'other.sqlite'}") as history:
        history.keep(document_of(41.0), "Anna")
        assert history.verify().whole
        assert "written anew" in history.verify(seal).faults[0]


def test_the_log_names_nobody_and_holds_no_angle(history: History, url: str) -> None:
    history.keep(document_of(31.25), "Anna Berg")
    history.rename("Anna Berg", "Ben")
    history.consent("7r2m", "Ben")
    engine = create_engine(url)
    with engine.connect() as connection:
        log = str(connection.execute(text("SELECT * FROM log")).all())
    engine.dispose()
    assert not [word for word in ("Anna", "anna", "Ben", "31.25") if word in log]


# ------------------------------------------------------------------------------------------------------------- trend


def visits(history: History, *days_and_values: tuple[int, float], subject: str = "Anna") -> None:
    """Keep a left hip that turns so far on these days after 1 March."""
    for day, value in days_and_values:
        history.keep(document_of(value), subject, visit_date=date(2026, 3, 1) + timedelta(days=day))


def test_the_first_value_is_the_mean_of_two_days_and_the_band_lies_about_it(history: History) -> None:
    visits(history, (0, 30.0), (7, 34.0), (35, 40.0))
    visits(history, (1, 70.0), subject="Ben")
    trend = find_trend(history, "ANNA", "seated")
    line = trend.line(Side.LEFT)
    assert line is not None
    assert (line.n_baselines, line.first_deg, line.change_deg) == (2, 32.0, 8.0)
    assert line.band_deg == pytest.approx((32.0 - (line.mdc95_deg or 0), 32.0 + (line.mdc95_deg or 0)))
    assert line.verdict is Change.NOT_DETECTED
    assert trend.next_date == date(2026, 3, 1) + timedelta(days=35 + 28)
    assert [entry.of(Side.LEFT) for entry in trend.entries] == [30.0, 34.0, 40.0]


@pytest.mark.parametrize(
    ("days", "n_baselines", "first_deg"),
    [
        ((0, 0, 40), 1, 30.0),
        ((0, 15, 40), 1, 30.0),
        ((0, 7), 1, 30.0),
        ((0, 14, 40), 2, 31.0),
        ((0, 0, 7, 40), 2, 31.5),
    ],
)
def test_a_second_baseline_is_of_another_day_within_two_weeks_and_not_the_newest(
    history: History, days: tuple[int, ...], n_baselines: int, first_deg: float
) -> None:
    step_deg = 2.0 if len(days) == 3 else 1.5
    visits(history, *((day, 30.0 + step_deg * k) for k, day in enumerate(days)))
    line = find_trend(history, "Anna", "seated").line(Side.LEFT)
    assert line is not None
    assert (line.n_baselines, line.first_deg) == (n_baselines, pytest.approx(first_deg))


def test_one_value_is_no_change_and_none_is_no_trend(history: History) -> None:
    visits(history, (0, 30.0))
    line = find_trend(history, "Anna", "seated").line(Side.LEFT)
    assert line is not None
    assert (line.band_deg, line.change_deg, line.verdict) == (None, None, Change.UNKNOWN)
    assert find_trend(history, "Ben", "seated").next_date is None


def test_both_directions_and_the_total_arc_are_lines_of_their_own(kept: Callable[[str], Any], tmp_path: Path) -> None:
    both = render_document(kept("seated-both-133-00").assessment)
    with open_history(f"sqlite:///{tmp_path / 'h.sqlite'}") as history:
        for day in (1, 29):
            history.keep({**both, "day": day}, "Anna", visit_date=date(2026, 3, day))
        trend = find_trend(history, "Anna", "seated")
    for measure in Measure:
        for side in Side:
            line = trend.line(side, measure)
            assert line is not None
            assert (line.change_deg, line.verdict) == (0.0, Change.NOT_DETECTED)
    internal, arc = trend.line(Side.LEFT), trend.line(Side.LEFT, Measure.ARC)
    assert internal is not None
    assert arc is not None
    assert arc.first_deg == pytest.approx(both["sides"]["left"]["arc"]["total_deg"])  # type: ignore[index, call-overload]
    assert (arc.mdc95_deg or 0) >= 2**0.5 * 9.0 - 1e-6  # two angles, each by hand
    (left, _) = compare_documents(both, both, Spacing.ONE_SITTING, Measure.ARC)
    low, high = both["sides"]["left"]["arc"]["total_interval95_deg"]  # type: ignore[index, call-overload]
    assert left.mdc95_deg == pytest.approx(2**0.5 * (high - low) / 2)


def test_a_calendar_file_has_the_next_day_in_it_and_nobody(tmp_path: Path) -> None:
    text = render_calendar(date(2026, 12, 31), made_at=datetime(2026, 3, 1, 12, tzinfo=UTC))
    lines = text.split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2:] == ["END:VCALENDAR", ""]
    assert "DTSTART;VALUE=DATE:20261231" in lines
    assert "DTEND;VALUE=DATE:20270101" in lines
    assert all(len(line.encode()) <= 75 for line in lines)
    assert "DESCRIPTION:The same test as last time\\, at the same time" in text


# --------------------------------------------------------------------------------------------------------- positions


def positioned(document: dict[str, Any], test: str, verdict: str | None, value: float = 30.0) -> dict[str, Any]:
    """Return a document of a test whose left hip lies so in a range of its own."""
    other = document_of(value, test=test)
    other["setup"] |= {"test": test, "camera_side": procedure_named(test).usual_camera_side}
    other["findings"] = []
    row = {**document, "verdict": verdict}
    for side in internal_parts(other):
        side["reference"] = [row]
    return other


@pytest.fixture(scope="module")
def row() -> dict[str, Any]:
    """A reference range as it stands in a document."""
    names = ("low_deg", "high_deg", "percentile", "verdict", "difference_deg", "citation", "doi")
    return {"id": "r", "label": "adults", "extrapolated": False, **dict.fromkeys(names)}


@pytest.mark.parametrize(
    ("seated", "prone", "words"),
    [
        ("below", "within", "less in the bent hip"),
        ("within", "below", "less in the straight hip"),
        ("below", "below", "both alike"),
        ("within", "above", "both alike"),
        (None, "below", "not to be told"),
    ],
)
def test_two_positions_are_held_against_their_own_ranges_and_no_tissue_is_named(
    row: dict[str, Any], seated: str | None, prone: str, words: str
) -> None:
    """Their degrees play no part: 60 below its range is less than 20 within its own."""
    bent, straight = positioned(row, "seated", seated, 60.0), positioned(row, "prone", prone, 20.0)
    for pair in ((bent, straight), (straight, bent)):
        left, _ = side_by_side(*pair)
        assert left.where.wording.startswith(words)
        assert (left.bent.test, left.straight.test) == ("seated", "prone")
        assert not {"muscle", "capsule", "ligament", "bone"} & set(left.where.wording.split())


def test_one_position_twice_is_not_side_by_side(row: dict[str, Any]) -> None:
    with pytest.raises(HistoryError, match="found seated and seated"):
        side_by_side(positioned(row, "seated", "below"), positioned(row, "seated", "below"))


# ------------------------------------------------------------------------------------------------------ command line


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    address = f"sqlite:///{tmp_path / 'history.sqlite'}"

    def run(*arguments: str) -> tuple[int, str]:
        ended = CliRunner().invoke(app, [*arguments, "--database", address], env={"COLUMNS": "200"})
        return ended.exit_code, ended.output

    return run


def test_the_record_is_kept_in_order_from_the_command_line(
    command: Callable[..., tuple[int, str]], tmp_path: Path, row: dict[str, Any]
) -> None:
    with open_history(f"sqlite:///{tmp_path / 'history.sqlite'}") as history:
        visits(history, (0, 30.0), (7, 34.0), (35, 50.0))
        history.keep(positioned(row, "prone", "below"), "Anna", visit_date=date(2026, 3, 2))
        seated = history.keep(positioned(row, "seated", "within"), "Anna", visit_date=date(2026, 4, 6))
    status, out = command("history", "people")
    assert "2026-03-01" in out
    assert "2026-04-06" in out
    status, out = command("history", "trend", "anna", "--calendar", str(tmp_path / "next.ics"))
    assert status == 0
    assert "The first value is the mean of two days." in out
    assert "Measure again on 2026-05-04" in out
    assert "DTSTART;VALUE=DATE:20260504" in (tmp_path / "next.ics").read_text()
    status, out = command("history", "compare", "4", str(seated.id))
    assert "less in the straight hip" in out
    assert "no test of this kind tells which tissue holds" in out
    status, out = command("history", "correct", "1", "--person", "Ben", "--date", "2026-03-03")
    assert "number 1, Ben, seated, 2026-03-03, version 2" in out
    status, out = command("history", "show", "1")
    assert "Version 1 said: Anna, 2026-03-01." in out
    assert command("history", "rename", "Ben", "anna")[0] == 3
    assert command("history", "rename", "Ben", "anna", "--together") == (0, "Ben is called Anna from now on.\n")
    status, out = command("history", "verify")
    assert (status, out.split(":")[0]) == (0, "Everything is as it was kept")
    seal = out.split()[-1]
    with closing(sqlite3.connect(tmp_path / "history.sqlite")) as database:
        database.execute("UPDATE assessments SET visit_date = '2026-03-04' WHERE id = 2")
        database.commit()
    assert command("history", "verify", "--seal", seal)[0] == 1


def test_two_results_in_files_of_two_positions_stand_side_by_side(tmp_path: Path, row: dict[str, Any]) -> None:
    for test, verdict in (("seated", "below"), ("prone", "within")):
        (tmp_path / f"{test}.json").write_text(json.dumps(positioned(row, test, verdict)))
    files = [str(tmp_path / "prone.json"), str(tmp_path / "seated.json")]
    ended = CliRunner().invoke(app, ["compare", *files], env={"COLUMNS": "200"})
    assert ended.exit_code == 0
    assert ended.output.count("less in the bent hip") == 2
    told = json.loads(CliRunner().invoke(app, ["compare", *files, "--json"]).output)
    assert [side["where"] for side in told["sides"]] == ["bent", "bent"]


def test_what_is_kept_leaves_as_a_table_or_whole(command: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    with open_history(f"sqlite:///{tmp_path / 'history.sqlite'}") as history:
        visits(history, (0, 30.0), (7, 34.0))
        visits(history, (1, 70.0), subject="=Ben")
    for name in ("kept.csv", "kept.parquet", "kept.xlsx", "kept.json"):
        assert command("history", "export", str(tmp_path / name))[0] == 0
    table = pl.read_parquet(tmp_path / "kept.parquet")
    assert table["person"].to_list() == ["=Ben", "Anna", "Anna"]
    assert table["left_internal_deg"].to_list() == [70.0, 30.0, 34.0]
    assert table["left_internal_low_deg"].to_list() == [67.0, 27.0, 31.0]
    assert "'=Ben" in (tmp_path / "kept.csv").read_text()
    whole = json.loads((tmp_path / "kept.json").read_text())
    assert [one["document"] for one in whole] == [document_of(value) for value in (70.0, 30.0, 34.0)]
    assert command("history", "export", str(tmp_path / "one.json"), "--person", "anna")[0] == 0
    assert len(json.loads((tmp_path / "one.json").read_text())) == 2
    assert command("history", "export", str(tmp_path / "kept.doc"))[0] == 3
    assert actions(f"sqlite:///{tmp_path / 'history.sqlite'}")[-5:] == ["export"] * 5


def test_a_live_test_knows_its_hour_and_an_upload_only_its_day(history: History) -> None:
    at = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
    live = history.keep(document_of(31.0), "Anna", recorded_at=at, origin=Origin.LIVE)
    assert history.get(live.id).entry.recorded_at == at
    assert history.keep(document_of(32.0), "Anna").recorded_at is None


# ------------------------------------------------------------------------------------------------- killed, and many


@pytest.mark.process
@pytest.mark.parametrize("url", DATABASES, indirect=True)
def test_killed_while_adding_every_assessment_that_was_told_as_kept_is_there(url: str, tmp_path: Path) -> None:
    """A short form of `benchmarks/record.py --kills 50`."""
    n_told, n_there, whole = kill_adders(url, 4, tmp_path)
    assert n_told == n_there > 0
    assert whole


def test_lists_of_many_read_no_document(tmp_path: Path) -> None:
    """However large documents are: what a list reads lies apart from them."""
    with open_history(f"sqlite:///{tmp_path / 'h.sqlite'}") as history:
        history.keep(document_of(31.0), "Anna")
        with closing(sqlite3.connect(tmp_path / "h.sqlite")) as database:
            database.execute("DELETE FROM documents")
            database.commit()
        assert [entry.of(Side.LEFT) for entry in history.list()] == [31.0]
        assert history.people()[0].n_kept == history.count("anna") == 1
