"""The assessments a server was asked for, in its database: what waits, what runs, what came out.

A job and its result are one row, so there is never one without the other. Every change is on the disk before anybody
is told (write-ahead log, `synchronous=FULL`). On a full disk a change is made with room that was set aside.
"""

import json
import logging
import secrets
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import ColumnElement, Index, String, Text, delete, func, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from hipcv.core.errors import HistoryError
from hipcv.database import find_damage, fold_in, open_sqlite, sqlite_url
from hipcv.history.person import spellings_of
from hipcv_server.disk import Reserve, disk_trouble

log = logging.getLogger("hipcv.server")

P = ParamSpec("P")
R = TypeVar("R")

FILE_NAME = "server.sqlite3"
RESERVE_NAME = "reserve.bin"
#: Raised when the tables change; a file of a newer version is left alone.
SCHEMA_VERSION = 2
#: What came with each version, as SQLite takes it on.
_SINCE = {
    2: (
        "ALTER TABLE jobs ADD COLUMN length_s FLOAT",
        "ALTER TABLE jobs ADD COLUMN machine_deaths INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE jobs ADD COLUMN replay_of VARCHAR(16)",
    )
}
_ID_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SET_ASIDE = "set_aside"
    CANCELLED = "cancelled"


#: States that nothing follows.
ENDED = (JobState.DONE, JobState.FAILED, JobState.SET_ASIDE, JobState.CANCELLED)


class _Base(DeclarativeBase):
    pass


class _Row(_Base):
    __tablename__ = "jobs"
    __table_args__ = (Index("jobs_by_state", "state", "number"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(16), unique=True)
    kind: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(10))
    test: Mapped[str] = mapped_column(String(8))
    subject: Mapped[str | None] = mapped_column(String(80), default=None)
    keep: Mapped[bool] = mapped_column(default=False)
    options: Mapped[str] = mapped_column(Text)
    created_at: Mapped[str] = mapped_column(String(32))
    started_at: Mapped[str | None] = mapped_column(String(32), default=None)
    finished_at: Mapped[str | None] = mapped_column(String(32), default=None)
    attempts: Mapped[int] = mapped_column(default=0)
    n_frames: Mapped[int] = mapped_column(default=0)
    summary: Mapped[str | None] = mapped_column(Text, default=None)
    document: Mapped[str | None] = mapped_column(Text, default=None)
    problem: Mapped[str | None] = mapped_column(Text, default=None)
    length_s: Mapped[float | None] = mapped_column(default=None)
    machine_deaths: Mapped[int] = mapped_column(default=0, server_default="0")
    replay_of: Mapped[str | None] = mapped_column(String(16), default=None)


#: First come, first served; what the machine went down under comes last.
_IN_TURN = (_Row.machine_deaths, _Row.number)


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it was read; times are ISO 8601 in UTC, `summary` and `problem` are parsed JSON.

    `length_s` is how long the recording is, None where no worker has looked; `machine_deaths` counts how often the
    machine went down under it; `replay_of` is the assessment that it measures once more.
    """

    number: int
    id: str
    kind: str
    state: JobState
    test: str
    subject: str | None
    keep: bool
    options: dict[str, Any]
    created_at: str
    started_at: str | None
    finished_at: str | None
    attempts: int
    n_frames: int
    summary: dict[str, Any] | None
    problem: dict[str, Any] | None
    length_s: float | None
    machine_deaths: int
    replay_of: str | None

    @property
    def ended(self) -> bool:
        """Whether nothing follows."""
        return self.state in ENDED


def new_id() -> str:
    """Return an id that nobody can guess: 80 random bits.

    Examples
    --------
    >>> len(new_id()), new_id() == new_id()
    (16, False)
    """
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(16))


def now() -> str:
    """Return the time, ISO 8601 in UTC with milliseconds.

    Examples
    --------
    >>> now()[-1], len(now())
    ('Z', 24)
    """
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def summarise(document: dict[str, Any]) -> dict[str, Any]:
    """Return what a list shows of an assessment document.

    Examples
    --------
    >>> side = {"end_range_deg": None, "interval95_deg": None, "trials": []}
    >>> summarise({"status": "not_measured", "sides": {"left": side, "right": side}})["left"]
    {'end_range_deg': None, 'interval95_deg': None}
    """
    sides = {
        side: {key: document["sides"][side][key] for key in ("end_range_deg", "interval95_deg")}
        for side in ("left", "right")
    }
    return {"status": document["status"], **sides}


def _with_reserve(method: "Callable[Concatenate[JobStore, P], R]") -> "Callable[Concatenate[JobStore, P], R]":
    """Let a change that finds the disk full be made again with the room that was set aside.

    It is for what ends or takes away: no new work begins with it. A change is one transaction: where it fails,
    nothing of it was made.
    """

    @wraps(method)
    def change(store: "JobStore", /, *given: P.args, **named: P.kwargs) -> R:
        while True:
            try:
                return method(store, *given, **named)
            except (DatabaseError, sqlite3.Error) as error:
                if disk_trouble(error) is None or not store.reserve.give():
                    raise

    return change


class JobStore:
    """The jobs of one data folder.

    Parameters
    ----------
    folder : holds the database file; made where it is missing.

    Raises
    ------
    HistoryError
        Where the folder or the database cannot be used.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> side = {"end_range_deg": 31.0, "interval95_deg": [28.0, 34.0]}
    >>> document = {"status": "measured", "sides": {"left": side, "right": side}}
    >>> seated = {"test": "seated", "subject": "S01"}
    >>> with TemporaryDirectory() as folder:
    ...     store = JobStore(Path(folder))
    ...     for job_id in "abcd":
    ...         job = store.add(seated, job_id=job_id)
    ...     store.add(seated, job_id="e", max_waiting=4)  # there are as many already
    ...     store.claim().id, store.claim().id, store.claim(resting=["c"]).id, store.n_waiting()
    ...     store.finish("a", document, 900), store.fail("b", {"code": "internal"}), store.finish("a", document, 900)
    ...     store.requeue("d", refund=True)
    ...     store.waiting(), len(store.recover()), store.cancel("d").state, store.cancel("a")
    ...     store.document("a") == document, store.document("b"), store.get("none") is None
    ...     live = store.add_done(seated, document, job_id="f", kind="live", n_frames=900, began=now())
    ...     [job.id for job in store.measured("seated", "s01 ")], store.page(2)[1], store.ids_with_clip()
    ...     store.set_aside("c", {"code": "worker_died"})
    ...     store.get("c").state, store.delete("a"), sorted(store.ids())
    ...     store.close()
    ('a', 'b', 'd', 1)
    (True, True, False)
    ([('c', None), ('d', None)], 0, <JobState.CANCELLED: 'cancelled'>, None)
    (True, None, True)
    (['a', 'f'], 5, {'c'})
    (<JobState.SET_ASIDE: 'set_aside'>, True, ['b', 'c', 'd', 'f'])
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self.reserve = Reserve(folder / RESERVE_NAME)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._engine = open_sqlite(sqlite_url(self.path))
            self._set_up()
        except DatabaseError as error:
            trouble = disk_trouble(error)
            if trouble is None:
                raise _damaged(self.path, str(error.orig)) from error
            raise HistoryError(
                f"Wanted to keep assessments in {folder}, but its disk takes nothing more ({trouble}): "
                "make room there, or name another folder with --data."
            ) from error
        except OSError as error:
            raise HistoryError(
                f"Wanted to keep assessments in {folder}, but could not ({error.strerror}): name another with --data."
            ) from error
        self.reserve.keep()

    @_with_reserve
    def _set_up(self) -> None:
        with self._engine.connect() as connection:
            version = connection.execute(text("PRAGMA user_version")).scalar_one()
            if version > SCHEMA_VERSION:
                raise HistoryError(
                    f"Wanted a server database of version {SCHEMA_VERSION}, found {version} in {self.path}: "
                    "use the newer hipcv that wrote it, or another --data folder."
                )
            damage = find_damage(connection)
            if damage is not None:
                raise _damaged(self.path, damage)
        if version != SCHEMA_VERSION:
            with self._engine.begin() as connection:
                if version == 0:
                    _Base.metadata.create_all(connection)
                for newer in range(version + 1, SCHEMA_VERSION + 1) if version else ():
                    for change in _SINCE[newer]:
                        connection.execute(text(change))
                connection.execute(text(f"PRAGMA user_version={SCHEMA_VERSION}"))

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    @contextmanager
    def _change(self) -> Iterator[Session]:
        with Session(self._engine) as session, session.begin():
            yield session

    # -------------------------------------------------------------------------------------------------------- adding

    def add(
        self,
        options: dict[str, Any],
        *,
        job_id: str,
        kind: str = "upload",
        max_waiting: int | None = None,
        replay_of: str | None = None,
    ) -> Job | None:
        """Put a new job in the queue; None where `max_waiting` jobs wait already."""
        with self._change() as session:
            if max_waiting is not None and self._n_waiting(session) >= max_waiting:
                return None
            row = _Row(
                id=job_id,
                kind=kind,
                state=JobState.QUEUED,
                test=options["test"],
                subject=options.get("subject"),
                keep=bool(options.get("keep")),
                options=json.dumps(options),
                created_at=now(),
                replay_of=replay_of,
            )
            session.add(row)
            session.flush()
            return _job(row)

    @_with_reserve
    def add_done(
        self, options: dict[str, Any], document: dict[str, Any], *, job_id: str, kind: str, n_frames: int, began: str
    ) -> Job:
        """Keep a result that was not queued (a live session); the same id twice changes nothing."""
        with self._change() as session:
            row = session.scalar(select(_Row).where(_Row.id == job_id))
            if row is None:
                row = _Row(
                    id=job_id,
                    kind=kind,
                    state=JobState.DONE,
                    test=options["test"],
                    subject=options.get("subject"),
                    keep=bool(options.get("keep")),
                    options=json.dumps(options),
                    created_at=began,
                    started_at=began,
                    finished_at=now(),
                    attempts=1,
                    n_frames=n_frames,
                    summary=json.dumps(summarise(document)),
                    document=json.dumps(document, allow_nan=False),
                )
                session.add(row)
                session.flush()
            return _job(row)

    # ------------------------------------------------------------------------------------------------------- working

    def claim(
        self, resting: Collection[str] = (), *, longer_than_s: float = 0.0, max_length_s: float | None = None
    ) -> Job | None:
        """Take the oldest waiting job that does not rest and count the attempt; None where nothing waits.

        One under which the machine went down comes after all others. With `max_length_s` what is known to be longer
        is left; with `longer_than_s` what is not known to be.
        """
        with self._change() as session:
            waiting = (_Row.state == JobState.QUEUED) & _Row.id.not_in(resting)
            if max_length_s is not None:
                waiting &= _Row.length_s.is_(None) | (_Row.length_s <= max_length_s)
            if longer_than_s:
                waiting &= _Row.length_s > longer_than_s
            row = session.scalar(select(_Row).where(waiting).order_by(*_IN_TURN).limit(1))
            if row is None:
                return None
            row.state, row.started_at = JobState.RUNNING, now()
            row.attempts += 1
            session.flush()
            return _job(row)

    def finish(self, job_id: str, document: dict[str, Any], n_frames: int) -> bool:
        """Keep the result of a running job; False where it is no longer wanted."""
        values = {
            "state": JobState.DONE,
            "document": json.dumps(document, allow_nan=False),
            "summary": json.dumps(summarise(document)),
            "n_frames": n_frames,
        }
        return self._end(job_id, values)

    def fail(self, job_id: str, problem: dict[str, Any], *, set_aside: bool = False) -> bool:
        """Keep why a running job gave no result; False where it is no longer wanted."""
        state = JobState.SET_ASIDE if set_aside else JobState.FAILED
        return self._end(job_id, {"state": state, "problem": json.dumps(problem)})

    @_with_reserve
    def _end(self, job_id: str, values: dict[str, Any]) -> bool:
        with self._change() as session:
            changed = session.execute(
                update(_Row)
                .where(_Row.id == job_id, _Row.state == JobState.RUNNING)
                .values({"finished_at": now(), **values})
                .returning(_Row.number)
            )
            return changed.first() is not None

    @_with_reserve
    def requeue(self, job_id: str, *, refund: bool = False, length_s: float | None = None) -> None:
        """Put a running job back in its place in the queue; `refund` where the attempt was not its fault."""
        values: dict[str, Any] = {"state": JobState.QUEUED, "started_at": None, "attempts": _Row.attempts - int(refund)}
        if length_s is not None:
            values["length_s"] = length_s
        with self._change() as session:
            session.execute(update(_Row).where(_Row.id == job_id, _Row.state == JobState.RUNNING).values(values))

    @_with_reserve
    def recover(self, *, machine_died: bool = False) -> list[Job]:
        """After the server ended: put back what was running, with the attempt given back; return that.

        Only the death of a worker counts as an attempt, and a worker dies without the server. A machine that goes down
        may do so for what it was working on: that is counted by itself.
        """
        with self._change() as session:
            rows = session.scalars(select(_Row).where(_Row.state == JobState.RUNNING).order_by(_Row.number)).all()
            for row in rows:
                row.state, row.started_at = JobState.QUEUED, None
                row.attempts -= 1
                row.machine_deaths += int(machine_died)
            session.flush()
            return [_job(row) for row in rows]

    @_with_reserve
    def set_aside(self, job_id: str, problem: dict[str, Any]) -> None:
        """Take a waiting job out of the queue for good, and keep why."""
        values = {"state": JobState.SET_ASIDE, "problem": json.dumps(problem), "finished_at": now()}
        with self._change() as session:
            session.execute(update(_Row).where(_Row.id == job_id, _Row.state == JobState.QUEUED).values(values))

    @_with_reserve
    def cancel(self, job_id: str) -> Job | None:
        """Cancel a waiting or running job; None where it has ended or is unknown."""
        with self._change() as session:
            row = session.scalar(select(_Row).where(_Row.id == job_id))
            if row is None or row.state in ENDED:
                return None
            row.state, row.finished_at = JobState.CANCELLED, now()
            session.flush()
            return _job(row)

    def delete(self, job_id: str) -> bool:
        """Forget a job and its result; the bytes are overwritten, in the log, too.

        Where a full disk keeps the log as it is, that waits for the next deletion.
        """
        gone = self._forget(job_id)
        if gone:
            try:
                self._empty_log()
            except sqlite3.Error as error:
                log.warning("What was deleted is still in the database's log (%s)", error)
        return gone

    @_with_reserve
    def _forget(self, job_id: str) -> bool:
        with self._change() as session:
            return session.execute(delete(_Row).where(_Row.id == job_id).returning(_Row.number)).first() is not None

    @_with_reserve
    def _empty_log(self) -> None:
        fold_in(self._engine)

    # ------------------------------------------------------------------------------------------------------- reading

    def get(self, job_id: str) -> Job | None:
        """Return a job; None where it is unknown."""
        with Session(self._engine) as session:
            row = session.scalar(select(_Row).where(_Row.id == job_id))
            return None if row is None else _job(row)

    def document(self, job_id: str) -> dict[str, Any] | None:
        """Return the assessment of a job; None where there is none."""
        with Session(self._engine) as session:
            found = session.scalar(select(_Row.document).where(_Row.id == job_id))
        return None if found is None else json.loads(found)

    def page(
        self,
        limit: int,
        *,
        before: int | None = None,
        state: str | None = None,
        test: str | None = None,
        subject: str | None = None,
    ) -> tuple[list[Job], int]:
        """Return up to `limit` jobs, newest first, with numbers below `before`, and how many there are in all."""
        wanted = [column == value for column, value in ((_Row.state, state), (_Row.test, test)) if value is not None]
        with Session(self._engine) as session:
            if subject is not None:
                wanted.append(_is_of(session, subject))
            n_total = session.scalar(select(func.count()).select_from(_Row).where(*wanted)) or 0
            older = [] if before is None else [_Row.number < before]
            rows = session.scalars(select(_Row).where(*wanted, *older).order_by(_Row.number.desc()).limit(limit))
            return [_job(row) for row in rows], n_total

    def measured(self, test: str, subject: str, limit: int = 1000) -> list[Job]:
        """Return the newest measured tests of one kind and one named person, oldest first."""
        with Session(self._engine) as session:
            rows: Sequence[_Row] = session.scalars(
                select(_Row)
                .where(_Row.test == test, _Row.state == JobState.DONE, _is_of(session, subject))
                .order_by(_Row.number.desc())
                .limit(limit)
            ).all()
        jobs = [_job(row) for row in reversed(rows)]
        return [job for job in jobs if job.summary is not None and job.summary["status"] == "measured"]

    def ids(self) -> set[str]:
        """Return the ids of all jobs."""
        with Session(self._engine) as session:
            return set(session.scalars(select(_Row.id)))

    def ids_with_clip(self) -> set[str]:
        """Return the ids of the jobs whose upload is still needed: it waits, it runs, or it was to be kept."""
        open_states = (JobState.QUEUED, JobState.RUNNING)
        kept = (_Row.state == JobState.DONE) & _Row.keep
        with Session(self._engine) as session:
            return set(session.scalars(select(_Row.id).where(_Row.state.in_(open_states) | kept)))

    def waiting(self) -> list[tuple[str, float | None]]:
        """Return the id of every waiting job and its recording's length, None where unknown, in the order of turns."""
        with Session(self._engine) as session:
            rows = session.execute(
                select(_Row.id, _Row.length_s).where(_Row.state == JobState.QUEUED).order_by(*_IN_TURN)
            )
            return [(job_id, length_s) for job_id, length_s in rows]

    def n_waiting(self) -> int:
        """Return how many jobs wait."""
        with Session(self._engine) as session:
            return self._n_waiting(session)

    @staticmethod
    def _n_waiting(session: Session) -> int:
        return session.scalar(select(func.count()).select_from(_Row).where(_Row.state == JobState.QUEUED)) or 0


def _is_of(session: Session, subject: str) -> ColumnElement[bool]:
    """Return the condition that a job is of one named person, in whatever spelling."""
    names = session.scalars(select(_Row.subject).where(_Row.subject.is_not(None)).distinct())
    return _Row.subject.in_(spellings_of(subject, filter(None, names)))


def _damaged(path: Path, found: str) -> HistoryError:
    return HistoryError(
        f"Wanted the server's database {path}, found it damaged or no database ({found}): "
        "put a backup in its place, or name another --data folder."
    )


def _job(row: _Row) -> Job:
    return Job(
        number=row.number,
        id=row.id,
        kind=row.kind,
        state=JobState(row.state),
        test=row.test,
        subject=row.subject,
        keep=row.keep,
        options=json.loads(row.options),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        attempts=row.attempts,
        n_frames=row.n_frames,
        summary=None if row.summary is None else json.loads(row.summary),
        problem=None if row.problem is None else json.loads(row.problem),
        length_s=row.length_s,
        machine_deaths=row.machine_deaths,
        replay_of=row.replay_of,
    )
