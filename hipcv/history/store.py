"""Where assessments are kept: one SQLite file by default, any database that SQLAlchemy reaches by URL."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, create_engine, delete, func, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError, NoSuchModuleError

from hipcv.core.errors import HistoryError
from hipcv.data_folder import data_folder
from hipcv.database import fold_in, open_sqlite, sqlite_url
from hipcv.history.person import spellings_of
from hipcv.history.schema import ASSESSMENTS, bring_up_to_date
from hipcv.words import Side

DATABASE_VARIABLE = "HIPCV_DATABASE"
FILE = "history.sqlite"


@dataclass(frozen=True, slots=True)
class Entry:
    """One kept assessment in short; angles in degrees, None where a side has no number.

    `effort` is who moved the leg, `legs` which legs moved at once, None where nobody said.
    """

    id: int
    subject: str
    visit_date: date
    kept_at: datetime
    test: str
    status: str
    left_deg: float | None
    right_deg: float | None
    effort: str | None = None
    legs: str | None = None

    def of(self, side: Side) -> float | None:
        """Return the end range of one side.

        Examples
        --------
        >>> entry = Entry(1, "S01", date(2025, 1, 1), datetime.now(UTC), "seated", "measured", 31.0, None)
        >>> entry.of(Side.LEFT), entry.of(Side.RIGHT)
        (31.0, None)
        """
        return self.left_deg if side is Side.LEFT else self.right_deg


@dataclass(frozen=True, slots=True)
class Kept:
    """One kept assessment with its whole document."""

    entry: Entry
    document: dict[str, Any]


class History:
    """Kept assessments; what is kept is never changed, only forgotten as a whole. Use `open_history`.

    Raises
    ------
    HistoryError
        From every method, where the database cannot be read or written.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> from hipcv.outputs.document import render_document
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> history = open_history("sqlite://")
    >>> entry = history.keep(render_document(assess(empty, Setup())), "S01", visit_date=date(2025, 1, 1))
    >>> [kept.subject for kept in history.list("s01")], history.get(entry.id).document["status"]
    (['S01'], 'not_measured')
    >>> history.forget("S01"), len(history)
    (1, 0)
    >>> history.close()
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> "History":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def keep(self, document: Mapping[str, Any], subject: str, *, visit_date: date | None = None) -> Entry:
        """Keep a document for a subject; the same document is kept once, however often it comes.

        A subject that is known in another spelling (case, spaces) keeps the one that is known.

        Parameters
        ----------
        document : an assessment as JSON values (schema `hipcv.assessment/1`).
        subject : who was measured; a code, so that nobody is named.
        visit_date : the day of the recording, today where it is not given.

        Raises
        ------
        HistoryError
            Where it is no such document, or the subject has no name.
        """
        from hipcv.outputs.document import read_document  # lists and deletes do not wait for it

        found = read_document(document)
        if not subject.strip():
            raise HistoryError("Wanted a subject to keep the assessment for, found an empty name: give a code.")
        text = canonical(document)
        name = " ".join(subject.split())
        values = {
            "subject": (self._spellings(name) or [name])[0],
            "visit_date": visit_date or datetime.now(UTC).astimezone().date(),
            "kept_at": datetime.now(UTC).replace(microsecond=0),
            "test": found.test,
            "status": found.status,
            "left_deg": found.sides.left.end_range_deg,
            "right_deg": found.sides.right.end_range_deg,
            "clip_sha256": found.provenance.clip_sha256,
            "document": text,
            "document_sha256": digest(text),
            "effort": found.effort,
            "legs": found.legs,
        }
        same = _entries().where(
            ASSESSMENTS.c.subject == values["subject"], ASSESSMENTS.c.document_sha256 == values["document_sha256"]
        )
        with self._transaction() as connection:
            try:
                with connection.begin_nested():
                    connection.execute(ASSESSMENTS.insert().values(**values))
            except IntegrityError:  # kept before, perhaps by somebody else just now
                pass
            return _entry(connection.execute(same).one())

    def list(self, subject: str | None = None, *, test: str | None = None) -> list[Entry]:
        """Return what is kept, of one subject in any spelling or of all, by subject and in the order of visits."""
        wanted = _entries()
        if subject is not None:
            wanted = wanted.where(ASSESSMENTS.c.subject.in_(self._spellings(subject)))
        if test is not None:
            wanted = wanted.where(ASSESSMENTS.c.test == test)
        order = ASSESSMENTS.c.subject, ASSESSMENTS.c.visit_date, ASSESSMENTS.c.id
        with self._transaction() as connection:
            return [_entry(row) for row in connection.execute(wanted.order_by(*order))]

    def get(self, id_: int) -> Kept:
        """Return one kept assessment with its document, after checking that nobody changed it.

        Raises
        ------
        HistoryError
            Where there is none of this number, or it is not what was kept.
        """
        columns = ASSESSMENTS.c.document, ASSESSMENTS.c.document_sha256
        with self._transaction() as connection:
            row = connection.execute(_entries().add_columns(*columns).where(ASSESSMENTS.c.id == id_)).one_or_none()
        if row is None:
            raise HistoryError(
                f"Wanted kept assessment {id_}, found none of this number: `hipcv history list` shows all."
            )
        if digest(row.document) != row.document_sha256:
            raise HistoryError(
                f"Kept assessment {id_} was changed after it was kept and cannot be trusted: measure anew."
            )
        document: dict[str, Any] = json.loads(row.document)
        return Kept(_entry(row), document)

    def forget(self, subject: str) -> int:
        """Delete what is kept of a subject in any spelling, for good; return how many assessments that were."""
        whose = ASSESSMENTS.c.subject.in_(self._spellings(subject))
        with self._transaction() as connection:
            n = connection.execute(delete(ASSESSMENTS).where(whose)).rowcount
        if self._engine.dialect.name == "sqlite":
            with _one_sentence(self._engine.url):
                fold_in(self._engine)
        return n

    def _spellings(self, subject: str) -> Sequence[str]:
        """Return how a subject is written here, in the order of the alphabet."""
        names = select(ASSESSMENTS.c.subject).distinct().order_by(ASSESSMENTS.c.subject)
        with self._transaction() as connection:
            return spellings_of(subject, connection.scalars(names))

    def __len__(self) -> int:
        with self._transaction() as connection:
            return connection.scalar(select(func.count()).select_from(ASSESSMENTS)) or 0

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with _one_sentence(self._engine.url), self._engine.begin() as connection:
            yield connection


def default_url() -> URL:
    """Return where assessments are kept unless somebody says otherwise.

    The URL in HIPCV_DATABASE, else `history.sqlite` in the data folder.

    Examples
    --------
    >>> default_url().get_backend_name()
    'sqlite'
    """
    if given := os.environ.get(DATABASE_VARIABLE):
        return _parse(given)
    return sqlite_url(data_folder() / FILE)


def open_history(url: str | None = None) -> History:
    """Open a history, new where there is none, and bring an older one up to date.

    Parameters
    ----------
    url : a database as SQLAlchemy names it, such as sqlite:///clinic.sqlite or postgresql+psycopg://…; `default_url`
        where it is None.

    Raises
    ------
    HistoryError
        Where the database cannot be opened, is damaged, or was written by a newer hipcv.

    Examples
    --------
    >>> with open_history("sqlite://") as history:  # in memory only
    ...     len(history)
    0
    """
    wanted = default_url() if url is None else _parse(url)
    with _one_sentence(wanted):
        if wanted.get_backend_name() == "sqlite" and wanted.database:
            Path(wanted.database).parent.mkdir(parents=True, exist_ok=True)
        engine = open_sqlite(wanted) if wanted.get_backend_name() == "sqlite" else create_engine(wanted)
        try:
            bring_up_to_date(engine)
        except BaseException:
            engine.dispose()
            raise
    return History(engine)


def canonical(document: Mapping[str, Any]) -> str:
    """Return the one text that a document has, whatever the order of its keys.

    Examples
    --------
    >>> canonical({"b": 1, "a": None})
    '{"a":null,"b":1}'
    """
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in hexadecimal.

    Examples
    --------
    >>> digest("")[:12]
    'e3b0c44298fc'
    """
    return hashlib.sha256(text.encode()).hexdigest()


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise HistoryError(f"Wanted a database URL such as sqlite:///history.sqlite, found {url!r}.") from error


def _entries() -> Select[Any]:
    c = ASSESSMENTS.c
    what = c.test, c.status, c.left_deg, c.right_deg, c.effort, c.legs
    return select(c.id, c.subject, c.visit_date, c.kept_at, *what)


def _entry(row: Row[Any]) -> Entry:
    kept_at: datetime = row.kept_at
    if kept_at.tzinfo is None:  # SQLite has no time zones; all times are written in UTC
        kept_at = kept_at.replace(tzinfo=UTC)
    what = row.test, row.status, row.left_deg, row.right_deg, row.effort, row.legs
    return Entry(row.id, row.subject, row.visit_date, kept_at, *what)


@contextmanager
def _one_sentence(url: URL) -> Iterator[None]:
    place = url.database if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
    try:
        yield
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise HistoryError(f"The database {place} needs its own driver: {error}.") from error
    except DatabaseError as error:
        raise HistoryError(f"Wanted the history in {place}, but it cannot be used ({error.orig}).") from error
    except OSError as error:
        raise HistoryError(f"Wanted the history in {place}, but could not open it ({error.strerror}).") from error
