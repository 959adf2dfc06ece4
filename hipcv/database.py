"""A SQLite file, opened in the one way in which everything here is kept."""

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import StaticPool

_PRAGMAS = (
    # who waits for others to write is not served in turn: of eight on a slow, busy disk one may wait for half a minute
    "busy_timeout=120000",
    "journal_mode=WAL",
    "synchronous=FULL",  # a commit is on the disk when it returns: a power cut takes nothing that was told as done
    "foreign_keys=ON",
    "secure_delete=ON",  # what is forgotten is overwritten
    "trusted_schema=OFF",  # a file from elsewhere can make nothing run
)


def sqlite_url(path: Path) -> URL:
    """Return a file as SQLAlchemy names it.

    Examples
    --------
    >>> sqlite_url(Path("ledger.sqlite")).database
    'ledger.sqlite'
    """
    return URL.create("sqlite", database=str(path))


def open_sqlite(url: URL, *, one_connection: bool = False) -> Engine:
    """Return the engine of a SQLite file, new where there is none; nothing is read before it is used.

    Every transaction is begun at once for writing, so that none finds half-way that another was faster.

    Parameters
    ----------
    url : the file.
    one_connection : whoever uses it shares one connection: one process at a time.

    Examples
    --------
    >>> engine = open_sqlite(URL.create("sqlite"), one_connection=True)  # in memory
    >>> with engine.begin() as connection:
    ...     connection.exec_driver_sql("PRAGMA synchronous").scalar()
    2
    >>> engine.dispose()
    """
    # what is said of a person stays out of messages and logs
    engine = create_engine(url, hide_parameters=True, poolclass=StaticPool if one_connection else None)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def find_damage(connection: Connection) -> str | None:
    """Return what is wrong with the file; None where it is whole.

    Examples
    --------
    >>> engine = open_sqlite(URL.create("sqlite"), one_connection=True)
    >>> with engine.begin() as connection:
    ...     find_damage(connection) is None
    True
    >>> engine.dispose()
    """
    found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    return None if found == "ok" else found


def fold_in(engine: Engine) -> None:
    """Fold the log into the file: it still holds the rows that were deleted.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     engine = open_sqlite(sqlite_url(Path(folder, "kept.sqlite")))
    ...     with engine.begin() as connection:
    ...         made = connection.exec_driver_sql("CREATE TABLE kept (id INTEGER)")
    ...     fold_in(engine)
    ...     Path(folder, "kept.sqlite-wal").stat().st_size
    ...     engine.dispose()
    0
    """
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()


def _prepare(connection: object, _: object) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").fetchall()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
