"""One way to open a SQLite file: what is told as kept survives a power cut, what is forgotten is gone."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from hipcv.batch.run.ledger import open_ledger
from hipcv.database import find_damage, fold_in, open_sqlite, sqlite_url
from hipcv.history.store import open_history
from hipcv_server.store import JobStore

WORDS = "a name that is to be forgotten " * 20


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A path that would mean something else in a URL written by hand."""
    return tmp_path / "kept? here#.sqlite"


def rows(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT words FROM kept").scalars())


def test_everybody_who_keeps_something_opens_it_the_same_way(tmp_path: Path) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "trusted_schema": 0}
    history = open_history(sqlite_url(tmp_path / "history.sqlite").render_as_string())
    ledger, store = open_ledger(tmp_path / "ledger.sqlite"), JobStore(tmp_path)
    for keeper in (history, ledger, store):
        with keeper._engine.connect() as connection:
            assert {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted} == wanted
        keeper.close()


def test_two_who_read_before_they_write_lose_nothing(file: Path) -> None:
    """The second waits at its first word: it cannot act on what the first is about to change."""
    one, other = open_sqlite(sqlite_url(file)), open_sqlite(sqlite_url(file))
    with one.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (words TEXT)")
    with one.begin() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM kept")
        with other.connect() as waiting:
            raw = waiting.connection.driver_connection
            assert raw is not None
            raw.execute("PRAGMA busy_timeout=1")
            with pytest.raises(DatabaseError, match="locked"):
                waiting.exec_driver_sql("SELECT count(*) FROM kept")
        connection.exec_driver_sql("INSERT INTO kept VALUES ('one')")
    assert rows(other) == ["one"]
    one.dispose()
    other.dispose()


def test_what_was_deleted_stands_in_no_file_any_more(file: Path) -> None:
    engine = open_sqlite(sqlite_url(file))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (words TEXT)")
        connection.exec_driver_sql("INSERT INTO kept VALUES (?)", (WORDS,))
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM kept")
    fold_in(engine)
    assert all(WORDS.encode() not in path.read_bytes() for path in file.parent.iterdir())
    engine.dispose()


def test_damage_is_found_and_a_whole_file_has_none(file: Path) -> None:
    engine = open_sqlite(sqlite_url(file))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (words TEXT)")
        for _ in range(200):
            connection.exec_driver_sql("INSERT INTO kept VALUES (?)", (WORDS,))
    with engine.connect() as connection:
        assert find_damage(connection) is None
    fold_in(engine)
    engine.dispose()
    with file.open("r+b") as raw:
        raw.seek(3 * 4096)
        raw.write(bytes(4096))
    with engine.connect() as connection:
        assert find_damage(connection) is not None
    engine.dispose()
