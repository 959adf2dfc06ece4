"""Where assessments are kept: one SQLite file by default, any database that SQLAlchemy reaches by URL.

Page, server and command line keep in the same place. What is kept is never overwritten: a correction is a new version
of it. Only deleting takes something away, and then all of it.
"""

import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, create_engine, delete, false, func, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError

from hipcv.core.errors import HistoryError
from hipcv.data_folder import data_folder
from hipcv.database import fold_in, open_sqlite, sqlite_url
from hipcv.history import log
from hipcv.history.entry import Entry, Kept, Origin, numbers_of, pack_numbers
from hipcv.history.log import Action, Verified, append, canonical, digest, digest_of_person, digest_of_version
from hipcv.history.person import person_key
from hipcv.history.schema import ASSESSMENTS, DOCUMENTS, LOG, MAX_NAME_CHARACTERS, PEOPLE, bring_up_to_date

DATABASE_VARIABLE = "HIPCV_DATABASE"
FILE = "history.sqlite"
_A = ASSESSMENTS.c
_ORIGINS = {str(origin): origin for origin in Origin}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of whom something is kept: the name, how many assessments, and the days of the first and the last."""

    name: str
    n_kept: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Removed:
    """What was deleted: how many assessments, and their tokens, for what else lies about under them."""

    tokens: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.tokens)


class History:
    """Kept assessments; use `open_history`.

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
    >>> history.correct(entry.id, visit_date=date(2025, 1, 2)).version, len(history.versions(entry.id))
    (2, 2)
    >>> history.rename("S01", "Anna"), [person.name for person in history.people()], history.count("anna")
    ('Anna', ['Anna'], 1)
    >>> history.find(entry.token).entry == history.short(entry.token), history.tokens() == {entry.token}
    (True, True)
    >>> history.consent("7r2m", "Anna")
    >>> history.exported([entry], ".csv")
    >>> history.drop("7r2m"), len(history.delete(entry.id)), len(history.forget("anna")), len(history)
    (False, 1, 0, 0)
    >>> history.verify().whole
    True
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

    # ------------------------------------------------------------------------------------------------------- keeping

    def keep(
        self,
        document: Mapping[str, Any],
        subject: str | None,
        *,
        visit_date: date | None = None,
        recorded_at: datetime | None = None,
        origin: Origin = Origin.FILE,
        token: str | None = None,
        kept_at: datetime | None = None,
    ) -> Entry:
        """Keep a document for a person; the same token, or without one the same document, is kept once.

        A person who is known in another spelling (case, spaces) keeps the one that is known.

        Parameters
        ----------
        document : an assessment as JSON values.
        subject : who was measured, a name or a code; None where nobody said so far.
        visit_date : the day of the recording, today where it is not given.
        recorded_at : the time of the recording, where it is known for sure.
        origin : how it came about.
        token : the name of it that machines use, made here where none is given.
        kept_at : when it was kept, now where it is not given.

        Raises
        ------
        HistoryError
            Where it is no such document, or the person has no name.
        """
        from hipcv.outputs.document import read_document  # lists and deletes do not wait for it

        found = read_document(document)
        body = canonical(document)
        now = kept_at or datetime.now(UTC)
        values = {
            "version": 1,
            "current": True,
            "token": token or secrets.token_hex(8),
            "visit_date": visit_date or now.astimezone().date(),
            "kept_at": now.replace(microsecond=now.microsecond // 1000 * 1000),
            "recorded_at": recorded_at,
            "origin": str(origin),
            "test": found.test,
            "status": found.status,
            "numbers": pack_numbers(numbers_of(found)),
            "clip_sha256": found.provenance.clip_sha256,
            "document_sha256": digest(body),
            "effort": found.effort,
            "legs": found.legs,
            "salt": secrets.token_hex(16),
        }
        with self._change() as connection:
            person = None if subject is None else _person_named(connection, subject)
            same = _A.token == values["token"]
            if token is None and person is not None:
                same = (_A.person_id == person) & (_A.document_sha256 == values["document_sha256"])
            kept = connection.execute(_entries().where(_A.current, same).limit(1)).one_or_none()
            return _insert(connection, {**values, "person_id": person}, body) if kept is None else _entry(kept)

    def correct(self, id_: int, *, subject: str | None = None, visit_date: date | None = None) -> Entry:
        """Say of whom or of which day an assessment is; what was said before stays as an earlier version.

        Raises
        ------
        HistoryError
            Where there is none of this number.
        """
        with self._change() as connection:
            row = self._current(connection, id_)
            new = dict(row._mapping)
            if subject is not None:
                new["person_id"] = _person_named(connection, subject)
            if visit_date is not None:
                new["visit_date"] = visit_date
            if (new["person_id"], new["visit_date"]) == (row.person_id, row.visit_date):
                return _entry(connection.execute(_entries().where(_A.id == row.id)).one())
            return self._supersede(connection, row, new)

    def _supersede(self, connection: Connection, row: Row[Any], new: dict[str, Any]) -> Entry:
        connection.execute(ASSESSMENTS.update().where(_A.id == row.id).values(current=False))
        del new["id"]
        new |= {"version": row.version + 1, "salt": secrets.token_hex(16)}
        connection.execute(ASSESSMENTS.insert().values(**new))
        told = {"number": row.number, "version": new["version"], "person": new["person_id"]}
        append(connection, Action.CORRECT, **told, digest=digest_of_version(new))
        return _entry(connection.execute(_entries().where(_A.current, _A.number == row.number)).one())

    def rename(self, subject: str, name: str, *, together: bool = False) -> str:
        """Give a person another name or code; return it as it is kept.

        Parameters
        ----------
        together : whether the name may be another person's: then both are one from now on.

        Raises
        ------
        HistoryError
            Where nobody has the old name, or somebody else has the new one.
        """
        with self._change() as connection:
            person = _find_person(connection, subject)
            if person is None:
                raise _nobody(subject)
            kept, key = _told_name(name)
            other = connection.scalar(select(PEOPLE.c.id).where(PEOPLE.c.key == key, PEOPLE.c.id != person))
            if other is None:
                _name(connection, kept, key, person=person)
                return kept
            if not together:
                raise HistoryError(
                    f"Wanted a name that nobody has, found that {kept} is another person here: say that both are one "
                    "person, or choose another."
                )
            self._join(connection, person, other)
            return str(connection.scalar(select(PEOPLE.c.name).where(PEOPLE.c.id == other)))

    def _join(self, connection: Connection, person: int, other: int) -> None:
        """Put everything of one person under another."""
        for row in connection.execute(select(ASSESSMENTS).where(_A.current, _A.person_id == person)).all():
            self._supersede(connection, row, {**row._mapping, "person_id": other})

    def consent(self, token: str, subject: str | None = None) -> None:
        """Write down that somebody agreed to have pictures kept, of the recording that will be kept under a token."""
        with self._change() as connection:
            person = None if subject is None else _find_person(connection, subject)
            append(connection, Action.CONSENT, person=person, of="pictures", token=token)

    def exported(self, entries: Sequence[Entry], how: str) -> None:
        """Write down that assessments were handed out."""
        with self._change() as connection:
            append(connection, Action.EXPORT, numbers=[entry.id for entry in entries], how=how)

    # ------------------------------------------------------------------------------------------------------- reading

    def list(
        self,
        subject: str | None = None,
        *,
        test: str | None = None,
        newest: int | None = None,
        before: tuple[datetime, str] | None = None,
    ) -> list[Entry]:
        """Return what is kept, of one person in any spelling or of all, by person and in the order of visits.

        Parameters
        ----------
        newest : only so many, those that were kept last, the last one first.
        before : of these only what was kept before this time, or with a smaller token at this time.
        """
        with self._reading() as connection:
            wanted = _entries().where(_A.current)
            if subject is not None:
                wanted = wanted.where(_is_of(connection, subject))
            if test is not None:
                wanted = wanted.where(_A.test == test)
            if before is not None:
                at, last = before
                wanted = wanted.where((_A.kept_at < at) | ((_A.kept_at == at) & (_A.token < last)))
            if newest is not None:
                wanted = wanted.order_by(_A.kept_at.desc(), _A.token.desc()).limit(newest)
            else:
                wanted = wanted.order_by(PEOPLE.c.key, _A.visit_date, _A.number)
            return [_entry(row) for row in connection.execute(wanted)]

    def people(self) -> Sequence[Person]:
        """Return everybody of whom something is kept, in the order of the alphabet."""
        columns = PEOPLE.c.name, func.count(), func.min(_A.visit_date), func.max(_A.visit_date)
        of = select(*columns).join(ASSESSMENTS, (_A.person_id == PEOPLE.c.id) & _A.current)
        with self._reading() as connection:
            rows = connection.execute(of.group_by(PEOPLE.c.id, PEOPLE.c.name, PEOPLE.c.key).order_by(PEOPLE.c.key))
            return [Person(*row) for row in rows]

    def get(self, id_: int, version: int | None = None) -> Kept:
        """Return one kept assessment with its document, after checking that nobody changed it.

        A document that an older version wrote is kept as it is, and told as one of today.

        Parameters
        ----------
        version : an earlier version than the newest.

        Raises
        ------
        HistoryError
            Where there is none of this number, or it is not what was kept.
        """
        found = self._find((_A.number == id_) & (_A.current if version is None else _A.version == version))
        if found is None:
            what = f"kept assessment {id_}" + ("" if version is None else f", version {version},")
            raise HistoryError(f"Wanted {what}, found none of this number: `hipcv history list` shows all.")
        return found

    def find(self, token: str) -> Kept | None:
        """Return the kept assessment of a token, as `get` does; None where there is none."""
        return self._find((_A.token == token) & _A.current)

    def _find(self, which: Any) -> Kept | None:
        asked = _entries().add_columns(_A.document_sha256, DOCUMENTS.c.text)
        with self._reading() as connection:
            row = connection.execute(
                asked.outerjoin(DOCUMENTS, _A.document_id == DOCUMENTS.c.id).where(which)
            ).one_or_none()
        if row is None:
            return None
        if row.text is None or digest(row.text) != row.document_sha256:
            raise HistoryError(
                f"Kept assessment {row.number} was changed after it was kept and cannot be trusted: measure anew."
            )
        from hipcv.outputs.document import as_today  # lists and deletes do not wait for it

        return Kept(_entry(row), as_today(json.loads(row.text)))

    def short(self, token: str) -> Entry | None:
        """Return the kept assessment of a token without its document; None where there is none."""
        with self._reading() as connection:
            row = connection.execute(_entries().where(_A.current, _A.token == token)).one_or_none()
            return None if row is None else _entry(row)

    def tokens(self) -> set[str]:
        """Return the tokens of everything that is kept."""
        with self._reading() as connection:
            return set(connection.scalars(select(_A.token).where(_A.current)))

    def versions(self, id_: int) -> Sequence[Entry]:
        """Return every version of an assessment, the first one first; none where there is none of this number."""
        with self._reading() as connection:
            rows = connection.execute(_entries().where(_A.number == id_).order_by(_A.version))
            return [_entry(row) for row in rows]

    def count(self, subject: str | None = None, *, test: str | None = None) -> int:
        """Return how many assessments are kept, of one person or of all."""
        with self._reading() as connection:
            wanted = select(func.count()).select_from(ASSESSMENTS).where(_A.current)
            if subject is not None:
                wanted = wanted.where(_is_of(connection, subject))
            if test is not None:
                wanted = wanted.where(_A.test == test)
            return connection.scalar(wanted) or 0

    def __len__(self) -> int:
        return self.count()

    def verify(self, seal: str | None = None) -> Verified:
        """Hold everything that is kept against the log, while nobody writes; see `log.verify`."""
        with self._change() as connection:
            return log.verify(connection, seal)

    # ------------------------------------------------------------------------------------------------------ deleting

    def delete(self, id_: int) -> Removed:
        """Delete one assessment in all its versions, for good.

        Raises
        ------
        HistoryError
            Where there is none of this number.
        """
        with self._change() as connection:
            row = self._current(connection, id_)
            _delete_numbers(connection, [id_])
            _drop_nobodies(connection)
        self._leave_nothing()
        return Removed((row.token,))

    def drop(self, token: str) -> bool:
        """Delete the assessment of a token in all its versions, for good; False where there is none.

        Either way nothing that was deleted is left in a file: where the disk was full, calling it once more sees to it.
        """
        entry = self.short(token)
        if entry is None:
            self._leave_nothing()
        else:
            self.delete(entry.id)
        return entry is not None

    def forget(self, subject: str) -> Removed:
        """Delete what is kept of a person in any spelling, and the name, for good; no file holds it, see `drop`."""
        with self._change() as connection:
            person = _find_person(connection, subject)
            who = false() if person is None else _A.person_id == person
            whose = connection.execute(select(_A.number, _A.token).where(_A.current, who)).all()
            _delete_numbers(connection, [row.number for row in whose])
            for number in connection.scalars(select(_A.number).where(who).distinct()).all():
                self._let_go(connection, number)
            _drop_nobodies(connection)
        self._leave_nothing()
        return Removed(tuple(row.token for row in whose))

    def _let_go(self, connection: Connection, number: int) -> None:
        """Take a person's name out of what was theirs before it was put right: the earlier versions go."""
        row = self._current(connection, number)
        _delete_numbers(connection, [number], keep_documents=True)
        new = {**row._mapping, "version": row.version + 1, "salt": secrets.token_hex(16)}
        connection.execute(ASSESSMENTS.insert().values(**new))
        told = {"number": number, "version": new["version"], "person": new["person_id"]}
        append(connection, Action.CREATE, **told, digest=digest_of_version(new))

    def _leave_nothing(self) -> None:
        """Let what was deleted stand in no file any more."""
        with _one_sentence(self._engine.url):
            if self._engine.dialect.name == "sqlite":
                fold_in(self._engine)
            elif self._engine.dialect.name == "postgresql":
                with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    for table in (ASSESSMENTS, DOCUMENTS, PEOPLE):
                        connection.execute(text(f"VACUUM (FULL) {table.name}"))

    # ------------------------------------------------------------------------------------------------- transactions

    def _current(self, connection: Connection, id_: int) -> Row[Any]:
        row = connection.execute(select(ASSESSMENTS).where(_A.current, _A.number == id_)).one_or_none()
        if row is None:
            raise HistoryError(
                f"Wanted kept assessment {id_}, found none of this number: `hipcv history list` shows all."
            )
        return row

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _one_sentence(self._engine.url), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _change(self) -> Iterator[Connection]:
        """Hand out a connection that nobody else writes beside: the log goes on one entry at a time."""
        with self._reading() as connection:
            if connection.dialect.name == "postgresql":  # SQLite's transactions are begun for writing
                connection.execute(text(f"LOCK TABLE {LOG.name} IN EXCLUSIVE MODE"))
            yield connection


def _told_name(name: str) -> tuple[str, str]:
    """Return a name as it is kept, and as it is compared."""
    kept = " ".join(name.split())
    if not kept:
        raise HistoryError("Wanted a person to keep the assessment for, found an empty name: give a name or a code.")
    key = person_key(kept)
    if max(len(kept), len(key)) > MAX_NAME_CHARACTERS:
        raise HistoryError(f"Wanted a name of at most {MAX_NAME_CHARACTERS} characters, found {len(kept)}: shorten it.")
    return kept, key


def _find_person(connection: Connection, name: str) -> int | None:
    return connection.scalar(select(PEOPLE.c.id).where(PEOPLE.c.key == person_key(name)))


def _is_of(connection: Connection, name: str) -> ColumnElement[bool]:
    """Return the condition that an assessment is of a person; nothing is of a person whom nobody knows."""
    person = _find_person(connection, name)
    return false() if person is None else _A.person_id == person


def _nobody(name: str) -> HistoryError:
    return HistoryError(f"Wanted a person of whom something is kept, found nobody called {name!r} here.")


def _person_named(connection: Connection, name: str) -> int:
    """Return the number of a person, who is put down where nobody knew of them."""
    kept, key = _told_name(name)
    found = connection.scalar(select(PEOPLE.c.id).where(PEOPLE.c.key == key))
    return _name(connection, kept, key) if found is None else found


def _name(connection: Connection, name: str, key: str, person: int | None = None) -> int:
    """Write down what a person is called, somebody new or somebody known; return their number."""
    salt = secrets.token_hex(16)
    values = {"name": name, "key": key, "salt": salt}
    if person is None:
        (person,) = connection.execute(PEOPLE.insert().values(**values)).inserted_primary_key or (0,)
    else:
        connection.execute(PEOPLE.update().where(PEOPLE.c.id == person).values(**values))
    append(connection, Action.NAME, person=person, digest=digest_of_person(name, key, salt))
    return person


def _insert(connection: Connection, values: dict[str, Any], body: str) -> Entry:
    """Put a first version and its document in; its number is that of its row."""
    (document_id,) = connection.execute(DOCUMENTS.insert().values(text=body)).inserted_primary_key or (0,)
    row = {**values, "document_id": document_id, "number": 0}
    (number,) = connection.execute(ASSESSMENTS.insert().values(**row)).inserted_primary_key or (0,)
    row["number"] = number
    connection.execute(ASSESSMENTS.update().where(_A.id == number).values(number=number))
    told = {"number": number, "version": 1, "person": values["person_id"]}
    append(connection, Action.CREATE, **told, digest=digest_of_version(row))
    return _entry(connection.execute(_entries().where(_A.id == number)).one())


def _drop_nobodies(connection: Connection) -> None:
    """Forget the names of people of whom no version of anything is kept any more."""
    nobody = ~select(_A.id).where(_A.person_id == PEOPLE.c.id).exists()
    for person in connection.scalars(select(PEOPLE.c.id).where(nobody)).all():
        connection.execute(delete(PEOPLE).where(PEOPLE.c.id == person))
        append(connection, Action.FORGET, person=person)


def _delete_numbers(connection: Connection, numbers: Sequence[int], *, keep_documents: bool = False) -> None:
    for number in numbers:
        documents = set(connection.scalars(select(_A.document_id).where(_A.number == number)))
        connection.execute(delete(ASSESSMENTS).where(_A.number == number))
        if not keep_documents:
            connection.execute(delete(DOCUMENTS).where(DOCUMENTS.c.id.in_(documents)))
        append(connection, Action.DELETE, number=number)


def default_url() -> URL:
    """Return where assessments are kept unless somebody says otherwise.

    The URL in HIPCV_DATABASE, else `history.sqlite` in the data folder.

    Examples
    --------
    >>> default_url().get_backend_name()
    'sqlite'
    """
    return url_in(data_folder())


def url_in(folder: Path) -> URL:
    """Return where assessments are kept for a data folder: the URL in HIPCV_DATABASE, else a file in the folder.

    Examples
    --------
    >>> url_in(Path("data")).get_backend_name()
    'sqlite'
    """
    if given := os.environ.get(DATABASE_VARIABLE):
        return _parse(given)
    return sqlite_url(folder / FILE)


def open_history(url: str | URL | None = None) -> History:
    """Open a history, new where there is none, and bring an older one up to date.

    Parameters
    ----------
    url : a database as SQLAlchemy names it, such as sqlite:///clinic.sqlite or postgresql+pg8000://…; `default_url`
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
        if wanted.get_backend_name() == "sqlite":
            engine = open_sqlite(wanted)
        else:
            engine = create_engine(wanted, hide_parameters=True)
        try:
            bring_up_to_date(engine)
        except BaseException:
            engine.dispose()
            raise
    return History(engine)


def _parse(url: str | URL) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise HistoryError(f"Wanted a database URL such as sqlite:///history.sqlite, found {url!r}.") from error


def _entries() -> Select[Any]:
    when = _A.visit_date, _A.kept_at, _A.recorded_at
    what = _A.origin, _A.test, _A.effort, _A.legs, _A.status, _A.numbers
    columns = _A.number, _A.version, _A.token, PEOPLE.c.name, *when, *what
    return select(*columns).select_from(ASSESSMENTS.outerjoin(PEOPLE, _A.person_id == PEOPLE.c.id))


def _entry(row: Row[Any]) -> Entry:
    """Return a row of `_entries` as an entry; a list has thousands, so it is unpacked at once."""
    values: Sequence[Any] = row
    number, version, token, name, visit_date, kept_at, recorded_at, *what = values
    origin, test, effort, legs, status, packed = what[:6]
    return Entry(
        id=number,
        subject=name,
        visit_date=visit_date,
        kept_at=_in_utc(kept_at),
        test=test,
        status=status,
        packed=packed,
        effort=effort,
        legs=legs,
        origin=_ORIGINS[origin],
        token=token,
        version=version,
        recorded_at=None if recorded_at is None else _in_utc(recorded_at),
    )


def _in_utc(at: datetime) -> datetime:
    """Return a time with its zone: SQLite has none, and all times are written in UTC."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


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
