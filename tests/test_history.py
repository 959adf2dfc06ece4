"""Kept assessments stay what they were, once each, until somebody forgets them for good."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, inspect
from typer.testing import CliRunner

from hipcv.cli import app
from hipcv.core.errors import HistoryError
from hipcv.core.landmarks import Side
from hipcv.history import keep
from hipcv.history.comparison import Change, compare_documents
from hipcv.history.schema import TABLES
from hipcv.history.store import History, default_url, open_history
from hipcv.outputs.document import render_document
from hipcv.sources.model_files import ModelName

Document = dict[str, Any]


@pytest.fixture(scope="module")
def document(measured_sample: Callable[..., Any]) -> Document:
    """The document of a sample clip."""
    return render_document(measured_sample("seated-easy-101-01", ModelName.LITE).assessment)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'history.sqlite'}"


@pytest.fixture
def history(url: str) -> Iterator[History]:
    with open_history(url) as history:
        yield history


def turned(document: Document, left_deg: float | None) -> Document:
    """Return the same document with another end range on the left."""
    other = deepcopy(document)
    side = other["sides"]["left"]
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
    assert entry.of(Side.LEFT) == document["sides"]["left"]["end_range_deg"]
    assert kept.entry == entry


def test_the_same_document_is_kept_once_for_a_subject(history: History, document: Document) -> None:
    shuffled = dict(reversed(list(document.items())))
    assert history.keep(document, "S1") == history.keep(shuffled, "S1")
    history.keep(document, "S2")
    assert len(history) == 2


def test_the_list_is_by_subject_in_the_order_of_visits(history: History, document: Document) -> None:
    for subject, day, value in (("S2", 1, 30.0), ("S1", 9, 31.0), ("S1", 2, 32.0)):
        history.keep(turned(document, value), subject, visit_date=date(2026, 3, day))
    assert [(entry.subject, entry.left_deg) for entry in history.list()] == [("S1", 32.0), ("S1", 31.0), ("S2", 30.0)]
    assert len(history.list("S1")) == 2
    assert history.list("S1", test="prone") == []


def test_a_missing_number_stays_missing(history: History, document: Document) -> None:
    entry = history.keep(turned(document, None), "S1")
    assert entry.left_deg is None


def test_what_is_no_assessment_or_nobodys_is_refused(history: History, document: Document) -> None:
    with pytest.raises(HistoryError, match="found 'other/1'"):
        history.keep({**document, "schema": "other/1"}, "S1")
    with pytest.raises(HistoryError, match="empty name"):
        history.keep(document, "  ")
    assert len(history) == 0


def test_a_document_that_somebody_changed_is_not_believed(history: History, document: Document, url: str) -> None:
    entry = history.keep(document, "S1")
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        database.execute("UPDATE assessments SET document = replace(document, 'seated', 'prone')")
        database.commit()
    with pytest.raises(HistoryError, match="was changed after it was kept"):
        history.get(entry.id)


def test_nothing_of_a_forgotten_subject_is_left_in_any_file(document: Document, tmp_path: Path) -> None:
    marked = deepcopy(document)
    marked["provenance"]["parameters"]["canary"] = "canary-0f3a"
    with open_history(f"sqlite:///{tmp_path / 'h.sqlite'}") as history:
        history.keep(marked, "S1-canary-0f3a")
        history.keep(document, "S2")
        assert history.forget("S1-canary-0f3a") == 1
        assert history.forget("nobody") == 0
        assert not [path for path in tmp_path.iterdir() if b"canary-0f3a" in path.read_bytes()]
        assert [entry.subject for entry in history.list()] == ["S2"]


# ---------------------------------------------------------------------------------------------------------- databases


def test_the_steps_lead_to_the_tables_that_the_code_knows(history: History, url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), TABLES) == []
        assert "alembic_version" in inspect(connection).get_table_names()
    engine.dispose()


def test_a_history_of_a_newer_version_is_left_alone(url: str, document: Document) -> None:
    open_history(url).close()
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    with pytest.raises(HistoryError, match="written by a newer hipcv"):
        open_history(url)


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
    monkeypatch.setenv("HIPCV_DATABASE", "postgresql+psycopg://clinic/hips")
    assert default_url().get_backend_name() == "postgresql"


def test_keeping_is_one_call(document: Document, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HIPCV_DATABASE", raising=False)
    monkeypatch.setenv("HIPCV_DATA", str(tmp_path / "data"))
    assert keep(document, "S1").id == 1
    assert (tmp_path / "data" / "history.sqlite").is_file()


def test_importing_the_history_loads_no_database() -> None:
    code = "import sys, hipcv.history, hipcv.history.commands; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --------------------------------------------------------------------------------------------------------- comparing


@given(change=st.floats(-25, 25))
def test_a_change_is_told_only_beyond_both_measurements_errors(document: Document, change: float) -> None:
    before = document["sides"]["left"]["end_range_deg"]
    left, right = compare_documents(document, turned(document, before + change))
    low, high = document["sides"]["left"]["interval95_deg"]
    assert left.mdc95_deg == pytest.approx((high - low) / 2 * 2**0.5)
    assert left.change_deg == pytest.approx(change)
    expected = Change.NOT_DETECTED if abs(left.change_deg or 0) < (left.mdc95_deg or 0) else Change.DECREASED
    assert left.verdict == (Change.INCREASED if expected is Change.DECREASED and change > 0 else expected)
    assert (right.change_deg, right.verdict) == (0.0, Change.NOT_DETECTED)


def test_without_an_interval_the_published_error_holds_and_is_named(document: Document) -> None:
    bare = deepcopy(document)
    bare["sides"]["left"]["interval95_deg"] = None
    left, _ = compare_documents(bare, document)
    assert left.mdc95_deg is not None
    assert left.mdc95_deg >= 9.0
    assert left.mdc95_source != ""


def test_a_side_that_was_not_measured_twice_has_no_change(document: Document) -> None:
    left, _ = compare_documents(turned(document, None), document)
    assert (left.change_deg, left.mdc95_deg, left.verdict) == (None, None, Change.UNKNOWN)


def test_two_tests_are_not_compared(document: Document) -> None:
    with pytest.raises(HistoryError, match="the same test"):
        compare_documents(document, {**document, "test": "prone"})


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
    status, _, err = run_command("history", "show", "99", "--database", url)
    assert (status, "found none of this number" in err, "Traceback" in err) == (3, True, False)
    _, out, _ = run_command("history", "forget", "S1", "--yes", "--database", url)
    assert "2 assessments of S1 deleted." in out
    assert os.linesep not in run_command("history", "list", "--database", url)[1].strip()
