"""Kept assessments stay what they were, once each, until somebody forgets them for good."""

import hashlib
import json
import math
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from documents import internal_parts
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, inspect
from typer.testing import CliRunner

from hipcv.cli import app
from hipcv.core.errors import HistoryError
from hipcv.core.uncertainty import JOINTS_SE_DEG, JOINTS_TERM
from hipcv.history import keep
from hipcv.history.comparison import SITTING, Change, Spacing, compare_documents, compare_kept, spacing_of
from hipcv.history.person import same_person
from hipcv.history.schema import HEAD, TABLES
from hipcv.history.store import History, default_url, open_history
from hipcv.outputs.document import render_document
from hipcv.words import Side

Document = dict[str, Any]
#: For `url`.
DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.process)]


@pytest.fixture(scope="module")
def document(kept: Callable[[str], Any]) -> Document:
    """The document of a sample clip."""
    return render_document(kept("seated-easy-101-01").assessment)


@pytest.fixture
def url(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A new database: a SQLite file where the test does not ask for another."""
    if getattr(request, "param", "sqlite") == "postgresql":
        return str(request.getfixturevalue("postgresql"))
    return f"sqlite:///{tmp_path / 'history.sqlite'}"


@pytest.fixture
def history(url: str) -> Iterator[History]:
    with open_history(url) as history:
        yield history


def turned(document: Document, left_deg: float | None) -> Document:
    """Return the same document with another end range on the left."""
    other = deepcopy(document)
    side = other["sides"]["left"]["motions"]["internal"]
    before, side["end_range_deg"] = side["end_range_deg"], left_deg
    if left_deg is None:
        side["interval95_deg"] = None
    else:
        side["interval95_deg"] = [bound - before + left_deg for bound in side["interval95_deg"]]
    return other


# ----------------------------------------------------------------------------------------------------------- keeping


def test_what_is_kept_comes_back_as_it_was(history: History, document: Document) -> None:
    entry = history.keep(document, " S1 ", visit_date=date(2026, 3, 1))
    kept = history.get(entry.id)
    assert kept.document == json.loads(json.dumps(document))
    assert (entry.subject, entry.visit_date, entry.test) == ("S1", date(2026, 3, 1), "seated")
    assert entry.of(Side.LEFT) == document["sides"]["left"]["motions"]["internal"]["end_range_deg"]
    assert kept.entry == entry


def test_the_same_document_is_kept_once_for_a_subject(history: History, document: Document) -> None:
    shuffled = dict(reversed(list(document.items())))
    assert history.keep(document, "S1") == history.keep(shuffled, "S1")
    history.keep(document, "S2")
    assert len(history) == 2


def test_the_list_is_by_subject_in_the_order_of_visits(history: History, document: Document) -> None:
    for subject, day, value in (("S2", 1, 30.0), ("S1", 9, 31.0), ("S1", 2, 32.0)):
        history.keep(turned(document, value), subject, visit_date=date(2026, 3, day))
    assert [(entry.subject, entry.of(Side.LEFT)) for entry in history.list()] == [
        ("S1", 32.0),
        ("S1", 31.0),
        ("S2", 30.0),
    ]
    assert len(history.list("S1")) == len(history.list(" s1 ")) == 2
    assert history.list("S1", test="prone") == []


def test_one_person_keeps_one_spelling(history: History, document: Document) -> None:
    """Another case or more spaces are the same person: one document is kept once, and forgotten by any spelling."""
    assert history.keep(document, "Anna  Berg").subject == "Anna Berg"
    assert history.keep(turned(document, 31.0), "ANNA berg").subject == "Anna Berg"
    assert history.keep(document, "anna berg ") == history.list("Anna Berg")[0]
    assert len(history) == 2
    assert len(history.forget("Anna BERG")) == 2


def test_a_missing_number_stays_missing(history: History, document: Document) -> None:
    entry = history.keep(turned(document, None), "S1")
    assert entry.of(Side.LEFT) is None


def test_what_is_no_assessment_or_nobodys_is_refused(history: History, document: Document) -> None:
    with pytest.raises(HistoryError, match="found 'other/1'"):
        history.keep({**document, "schema": "other/1"}, "S1")
    with pytest.raises(HistoryError, match="empty name"):
        history.keep(document, "  ")
    assert len(history) == 0


def test_a_document_that_somebody_changed_is_not_believed(history: History, document: Document, url: str) -> None:
    entry = history.keep(document, "S1")
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        database.execute("UPDATE documents SET text = replace(text, 'seated', 'prone')")
        database.commit()
    with pytest.raises(HistoryError, match="was changed after it was kept"):
        history.get(entry.id)


def test_nothing_of_a_forgotten_subject_is_left_in_any_file(document: Document, tmp_path: Path) -> None:
    marked = deepcopy(document)
    marked["provenance"]["parameters"]["canary"] = "canary-0f3a"
    with open_history(f"sqlite:///{tmp_path / 'h.sqlite'}") as history:
        history.keep(marked, "S1-canary-0f3a")
        history.keep(document, "S2")
        assert len(history.forget("S1-canary-0f3a")) == 1
        assert len(history.forget("nobody")) == 0
        assert not [path for path in tmp_path.iterdir() if b"canary-0f3a" in path.read_bytes()]
        assert [entry.subject for entry in history.list()] == ["S2"]


# ---------------------------------------------------------------------------------------------------------- databases


@pytest.mark.parametrize("url", DATABASES, indirect=True)
@pytest.mark.parametrize("begin", ["steps", "new"])
def test_the_steps_lead_to_the_tables_that_a_new_history_has(url: str, begin: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    if begin == "steps":
        old_history(url, "head", [])
    open_history(url).close()
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, TABLES) == []
        assert context.get_current_revision() == HEAD
        primary = inspect(connection).get_pk_constraint("alembic_version")
        assert (primary["name"], primary["constrained_columns"]) == ("alembic_version_pkc", ["version_num"])
    engine.dispose()


def old_history(url: str, step: str, rows: list[dict[str, Any]]) -> None:
    """Write a history as the hipcv of an earlier step did."""
    from importlib.resources import files

    from alembic.command import upgrade
    from alembic.config import Config
    from sqlalchemy import MetaData, Table

    config, engine = Config(), create_engine(url)
    config.set_main_option("script_location", str(files("hipcv.history").joinpath("migrations")))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        upgrade(config, step)
        table = Table("assessments", MetaData(), autoload_with=connection)
        for row in rows:
            connection.execute(
                table.insert().values(**{key: row[key] for key in set(table.columns.keys()) & row.keys()})
            )
    engine.dispose()


def old_row(id_: int, subject: str, document: Document) -> dict[str, Any]:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {
        "id": id_,
        "subject": subject,
        "visit_date": date(2026, 3, id_),
        "kept_at": datetime(2026, 3, id_, 12, tzinfo=UTC),
        "test": "seated",
        "status": "measured",
        "left_deg": document["sides"]["left"]["motions"]["internal"]["end_range_deg"],
        "right_deg": document["sides"]["right"]["motions"]["internal"]["end_range_deg"],
        "clip_sha256": "c" * 64,
        "document": text,
        "document_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "effort": document["effort"],
        "legs": document["setup"]["legs"],
    }


@pytest.mark.parametrize("step", ["0001", "0002"])
@pytest.mark.parametrize("url", DATABASES, indirect=True)
def test_a_history_of_an_earlier_hipcv_is_taken_over_and_nothing_is_lost(
    step: str, url: str, document: Document
) -> None:
    told = {**document, "effort": "passive", "setup": {**document["setup"], "effort": "passive", "legs": "both"}}
    rows = [old_row(3, "Anna", told), old_row(5, "Ben", document), old_row(8, "ANNA", turned(document, 60.0))]
    old_history(url, step, rows)
    with open_history(url) as history:
        entries = history.list()
        assert [(e.id, e.subject, e.visit_date.day, e.effort, e.legs) for e in entries] == [
            (3, "Anna", 3, "passive", "both"),
            (8, "Anna", 8, "active", None),
            (5, "Ben", 5, "active", None),
        ]
        assert [history.get(id_).document for id_ in (3, 5)] == [json.loads(rows[k]["document"]) for k in (0, 1)]
        assert entries[1].of(Side.LEFT) == 60.0
        assert entries[0].kept_at == datetime(2026, 3, 3, 12, tzinfo=UTC)
        assert history.verify().whole
        assert history.keep(turned(document, 70.0), "Ben").id > 8


def test_a_history_of_a_newer_version_is_left_alone(url: str, document: Document) -> None:
    open_history(url).close()
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    with pytest.raises(HistoryError, match="written by a newer hipcv"):
        open_history(url)


@pytest.mark.process
def test_several_processes_may_open_a_new_history_at_once(url: str, document: Document, tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text(json.dumps(document))
    code = (
        "import json, sys; from hipcv.history import keep\n"
        "document = json.load(open(sys.argv[2])); document['provenance']['fps'] = float(sys.argv[3])\n"
        "keep(document, 'S1', url=sys.argv[1])"
    )
    command = [sys.executable, "-c", code, url, str(tmp_path / "d.json")]
    started = [subprocess.Popen([*command, str(n)], stderr=subprocess.PIPE) for n in range(4)]
    for process in started:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    with open_history(url) as history:
        assert len(history) == 4


@pytest.mark.parametrize("content", [b"no database" * 100, b"SQLite format 3\0" + bytes(2000)])
def test_a_damaged_file_is_told_in_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "h.sqlite").write_bytes(content)
    with pytest.raises(HistoryError, match="cannot be used") as caught:
        open_history(f"sqlite:///{tmp_path / 'h.sqlite'}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["not a url", "nothing://x/y"])
def test_a_url_that_is_none_is_told_in_one_sentence(url: str) -> None:
    with pytest.raises(HistoryError) as caught:
        open_history(url)
    assert "\n" not in str(caught.value)


def test_where_it_is_kept_can_be_told_by_folder_and_by_url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HIPCV_DATABASE", raising=False)
    monkeypatch.delenv("HIPCV_DATA", raising=False)
    assert default_url().database.endswith("history.sqlite")  # type: ignore[union-attr]
    monkeypatch.setenv("HIPCV_DATA", str(tmp_path))
    assert default_url().database == str(tmp_path / "history.sqlite")
    monkeypatch.setenv("HIPCV_DATA", "~/hips")
    assert default_url().database == str(Path.home() / "hips" / "history.sqlite")
    monkeypatch.setenv("HIPCV_DATABASE", "postgresql+psycopg://clinic/hips")
    assert default_url().get_backend_name() == "postgresql"


def test_keeping_is_one_call(document: Document, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HIPCV_DATABASE", raising=False)
    monkeypatch.setenv("HIPCV_DATA", str(tmp_path / "data"))
    assert keep(document, "S1").id == 1
    assert (tmp_path / "data" / "history.sqlite").is_file()


@pytest.mark.process
def test_importing_the_history_loads_no_database() -> None:
    code = "import sys, hipcv.history, hipcv.history.commands; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --------------------------------------------------------------------------------------------------------- comparing


def clean(document: Document, *, n_trials: int = 3, reading_deg: float = 1.0, yaw_deg: float = 0.0) -> Document:
    """Return the document of a measurement without a doubt: equal trials, and this error beside that of the joints."""
    other = deepcopy(document)
    other["findings"] = []
    other["camera"] |= {"pitch_deg": 5.0, "pitch_se_deg": 1.0, "yaw_deg": yaw_deg, "yaw_se_deg": 4.0}
    half_deg = 1.96 * math.hypot(reading_deg, JOINTS_SE_DEG)
    for side in internal_parts(other):
        value = side["end_range_deg"]
        side["interval95_deg"] = [value - half_deg, value + half_deg]
        side["error_terms"] = [
            {"source": "reading of the shank", "se_deg": reading_deg},
            {"source": JOINTS_TERM, "se_deg": JOINTS_SE_DEG},
        ]
        side["trials"] = [{**side["trials"][0], "end_range_deg": value, "accepted": True, "findings": []}] * n_trials
    return other


#: A reading good to 1°, three equal trials with the prior of 2° among them, one view: 1.96 √(2 (1² + 4/9)).
WITHIN_DEG = 1.96 * (2 * (1.0**2 + 4 / 9)) ** 0.5
#: The same of two views, so that where the joints are counts both times.
TWO_VIEWS_DEG = 1.96 * (2 * (1.0**2 + 1.55**2 + 4 / 9)) ** 0.5


@given(change=st.floats(-25, 25), spacing=st.sampled_from(Spacing))
def test_a_change_is_told_only_beyond_what_differs_between_days_or_within_one_sitting(
    document: Document, change: float, spacing: Spacing
) -> None:
    sure = clean(document)
    left, right = compare_documents(
        sure, turned(sure, sure["sides"]["left"]["motions"]["internal"]["end_range_deg"] + change), spacing
    )
    limit = 9.0 if spacing is Spacing.BETWEEN_DAYS else WITHIN_DEG
    assert left.mdc95_deg == pytest.approx(limit)
    assert left.change_deg == pytest.approx(change)
    expected = Change.NOT_DETECTED if abs(left.change_deg or 0) < (left.mdc95_deg or 0) else Change.DECREASED
    assert left.verdict == (Change.INCREASED if expected is Change.DECREASED and change > 0 else expected)
    assert (right.change_deg, right.verdict) == (0.0, Change.NOT_DETECTED)


@pytest.mark.parametrize(
    ("first", "second", "limit"),
    [
        ({}, {}, 9.0),
        ({"n_trials": 1}, {}, 11.0),
        ({}, {"n_trials": 2}, 11.0),
        ({"reading_deg": 6.0}, {}, None),
    ],
)
def test_between_days_the_limit_is_9_or_with_few_trials_11_or_what_wide_intervals_allow(
    document: Document, first: dict[str, Any], second: dict[str, Any], limit: float | None
) -> None:
    left, _ = compare_documents(clean(document, **first), clean(document, **second))
    apart = clean(document, **first), clean(document, **second, yaw_deg=20.0)
    within, _ = compare_documents(*apart, Spacing.ONE_SITTING)
    assert left.mdc95_deg == pytest.approx(within.mdc95_deg if limit is None else limit)
    assert (left.mdc95_deg or 0) >= (within.mdc95_deg or 0)


def test_a_doubt_makes_the_limit_between_days_11(document: Document) -> None:
    doubtful = clean(document)
    doubtful["findings"] = [{**document["findings"][0], "severity": "doubt", "side": "left"}]
    left, right = compare_documents(clean(document), doubtful)
    assert (left.mdc95_deg, right.mdc95_deg) == pytest.approx((11.0, 9.0))
    assert "Spork" in left.mdc95_source
    assert "Gradoz" in right.mdc95_source


def test_trials_that_scatter_make_the_limit_of_one_sitting_wider(document: Document) -> None:
    sure = clean(document)
    scattered = deepcopy(sure)
    side = scattered["sides"]["left"]["motions"]["internal"]
    side["trials"] = [{**side["trials"][0], "end_range_deg": side["end_range_deg"] + by} for by in (-4.0, 0.0, 4.0)]
    left, right = compare_documents(sure, scattered, Spacing.ONE_SITTING)
    assert right.mdc95_deg == pytest.approx(WITHIN_DEG)
    assert left.mdc95_deg == pytest.approx(1.96 * (2 * 1.0**2 + 4 / 9 + 36 / 9) ** 0.5)


@pytest.mark.parametrize(
    ("camera", "limit"),
    [
        ({}, WITHIN_DEG),
        ({"yaw_deg": 4.9, "pitch_deg": 1.0}, WITHIN_DEG),
        ({"yaw_deg": -5.1}, TWO_VIEWS_DEG),
        ({"pitch_deg": 10.5}, TWO_VIEWS_DEG),
        ({"roll_deg": 9.0}, WITHIN_DEG),
        ({"yaw_se_deg": 7.0}, TWO_VIEWS_DEG),
        ({"pitch_deg": None, "pitch_se_deg": None}, TWO_VIEWS_DEG),
    ],
)
def test_where_the_joints_are_cancels_in_one_sitting_as_far_as_the_camera_is_known_to_stand_alike(
    document: Document, camera: dict[str, Any], limit: float
) -> None:
    """A camera that rolled sees the same side of the leg; one 5° further round, or nobody knows where, does not."""
    sure = clean(document)
    moved = {**sure, "camera": {**sure["camera"], **camera}}
    for one, other in ((sure, moved), (moved, sure)):
        left, _ = compare_documents(one, other, Spacing.ONE_SITTING)
        assert left.mdc95_deg == pytest.approx(limit)
        assert ("does not count" in left.mdc95_source) == (limit == WITHIN_DEG)
        between, _ = compare_documents(one, other)
        assert between.mdc95_deg == pytest.approx(9.0)


def test_a_limit_below_the_best_that_people_reach_by_hand_says_so(document: Document) -> None:
    """Krause 2015: 5.4°."""
    narrow, _ = compare_documents(clean(document), clean(document), Spacing.ONE_SITTING)
    wide, _ = compare_documents(clean(document), clean(document, yaw_deg=20.0), Spacing.ONE_SITTING)
    assert narrow.mdc95_deg is not None
    assert wide.mdc95_deg is not None
    assert narrow.mdc95_deg < 5.4 < wide.mdc95_deg
    assert "Krause" in narrow.mdc95_source
    assert "not yet checked on people" in narrow.mdc95_source
    assert "Krause" not in wide.mdc95_source


def test_a_document_from_before_real_legs_counted_gets_their_term(document: Document) -> None:
    old = clean(document)
    for side in internal_parts(old):
        side["error_terms"] = [{"source": "landmarks and anatomy", "se_deg": 1.0}]
    limits = [
        compare_documents(old, clean(document, yaw_deg=yaw), Spacing.ONE_SITTING)[0].mdc95_deg for yaw in (0.0, 20.0)
    ]
    assert limits == pytest.approx([WITHIN_DEG, TWO_VIEWS_DEG])


@pytest.mark.parametrize("spacing", Spacing)
def test_without_an_interval_the_published_error_holds_and_is_named(document: Document, spacing: Spacing) -> None:
    bare = deepcopy(document)
    bare["sides"]["left"]["motions"]["internal"]["interval95_deg"] = None
    left, _ = compare_documents(bare, document, spacing)
    assert left.mdc95_deg is not None
    assert left.mdc95_deg >= 9.0
    assert left.mdc95_source != ""


def test_one_sitting_is_two_hours_and_a_time_that_nobody_knows_is_none() -> None:
    noon = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
    assert spacing_of(noon, noon + SITTING) is spacing_of(noon + SITTING, noon) is Spacing.ONE_SITTING
    assert spacing_of(noon, noon + SITTING + timedelta(seconds=1)) is Spacing.BETWEEN_DAYS
    assert spacing_of(None, noon) is spacing_of(noon, None) is spacing_of(None, None) is Spacing.BETWEEN_DAYS


def test_a_side_that_was_not_measured_twice_has_no_change(document: Document) -> None:
    left, _ = compare_documents(turned(document, None), document)
    assert (left.change_deg, left.mdc95_deg, left.verdict) == (None, None, Change.UNKNOWN)


def test_two_tests_are_not_compared(document: Document) -> None:
    with pytest.raises(HistoryError, match="the same test"):
        compare_documents(document, {**document, "test": "prone"})


def test_an_active_and_a_passive_test_are_not_compared(document: Document) -> None:
    with pytest.raises(HistoryError, match="the same effort"):
        compare_documents(document, {**document, "effort": "passive"})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Anna", "anna ", True),
        ("Anna  Berg", " ANNA BERG", True),
        ("Ren\u00e9", "Rene\u0301", True),
        ("Anna", "Ben", False),
        ("S1", "S11", False),
        ("", "  ", False),
        (None, None, False),
    ],
)
def test_a_person_is_known_by_the_name_and_nobody_is_no_person(one: str | None, other: str | None, same: bool) -> None:
    assert same_person(one, other) is same_person(other, one) is same


def test_two_persons_are_not_compared(history: History, document: Document) -> None:
    anna, ben = history.keep(document, "Anna"), history.keep(turned(document, 60.0), "Ben")
    with pytest.raises(HistoryError, match="found Anna and Ben") as caught:
        compare_kept(history.get(anna.id), history.get(ben.id))
    assert "\n" not in str(caught.value)


def test_the_earlier_visit_comes_first_whichever_number_is_named_first(history: History, document: Document) -> None:
    late = history.keep(document, "Anna", visit_date=date(2026, 6, 1))
    early = history.keep(turned(document, 60.0), "anna", visit_date=date(2026, 1, 1))
    for one, other in ((late, early), (early, late)):
        changes = compare_kept(history.get(one.id), history.get(other.id))
        assert (changes.earlier.entry, changes.later.entry) == (early, late)
        assert changes.sides[0].verdict is Change.DECREASED
        assert changes.spacing is Spacing.BETWEEN_DAYS


def test_two_days_are_not_one_sitting(history: History, document: Document) -> None:
    first = history.get(history.keep(document, "Anna", visit_date=date(2026, 1, 1)).id)
    second = history.get(history.keep(turned(document, 60.0), "Anna", visit_date=date(2026, 1, 2)).id)
    third = history.get(history.keep(turned(document, 61.0), "Anna", visit_date=date(2026, 1, 2)).id)
    assert compare_kept(second, third, one_sitting=True).spacing is Spacing.ONE_SITTING
    with pytest.raises(HistoryError, match="found 2026-01-01 and 2026-01-02"):
        compare_kept(first, second, one_sitting=True)


# ------------------------------------------------------------------------------------------------------- command line


def run_command(*arguments: str) -> tuple[int, str, str]:
    ended = CliRunner().invoke(app, arguments)
    return ended.exit_code, ended.stdout, ended.stderr


def test_the_commands_list_show_compare_and_forget(document: Document, url: str) -> None:
    with open_history(url) as history:
        first = history.keep(document, "S1", visit_date=date(2026, 1, 1)).id
        second = history.keep(turned(document, 60.0), "S1", visit_date=date(2026, 6, 1)).id
    status, out, _ = run_command("history", "list", "S1", "--database", url, "--json")
    assert status == 0
    assert [entry["visit_date"] for entry in json.loads(out)] == ["2026-01-01", "2026-06-01"]
    _, out, _ = run_command("history", "show", str(first), "--database", url, "--json")
    assert json.loads(out) == json.loads(json.dumps(document))
    _, out, _ = run_command("history", "compare", str(first), str(second), "--database", url)
    assert "increased" in out
    assert "no change detected" in out
    assert "S1, seated, 2026-01-01 to 2026-06-01, between days" in " ".join(out.split())
    assert "Smallest detectable between days, from people measured by hand" in out
    _, out, _ = run_command("history", "compare", str(first), str(second), "--database", url, "--json")
    told = json.loads(out)
    assert (told["subject"], told["spacing"], told["sides"][0]["mdc95_deg"]) == (
        "S1",
        "between days",
        pytest.approx(11),
    )
    with open_history(url) as history:
        other = history.keep(document, "S2").id
    status, out, err = run_command("history", "compare", str(first), str(other), "--database", url)
    assert (status, out, err.count("\n")) == (3, "", 1)
    assert "found S1 and S2" in err
    status, _, err = run_command("history", "show", "99", "--database", url)
    assert (status, "found none of this number" in err, "Traceback" in err) == (3, True, False)
    _, out, _ = run_command("history", "forget", "S1", "--yes", "--database", url)
    assert "2 assessments of S1 deleted." in out
    run_command("history", "forget", "s2", "--yes", "--database", url)
    assert os.linesep not in run_command("history", "list", "--database", url)[1].strip()


def test_a_day_that_is_still_to_come_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setenv("HIPCV_DATA", str(tmp_path))
    told = CliRunner().invoke(app, ["history", "correct", "1", "--date", "2999-01-01"])
    assert told.exit_code == 2
    assert "still to come" in told.output
