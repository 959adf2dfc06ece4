"""The assessments a server was asked for: what waits and runs in its own database, what came out in the history.

A result is kept in the history first and its job ends then, under one name: whoever is killed between the two finds the
result there and ends the job again. Every change is on the disk before anybody is told (write-ahead log,
`synchronous=FULL`). On a full disk a change is made with room that was set aside.
"""

import json
import logging
import secrets
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import ColumnElement, Index, String, Text, delete, func, select, text, tuple_, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from hipcv.core.errors import HistoryError
from hipcv.database import find_damage, fold_in, open_sqlite, sqlite_url
from hipcv.history.entry import Entry, Origin
from hipcv.history.person import spellings_of
from hipcv.history.store import History, open_history, url_in
from hipcv_server.disk import Reserve, disk_trouble
from hipcv_server.takeover import take_over

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
        "ALTER TABLE jobs ADD COLUMN replayed TEXT",
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
    problem: Mapped[str | None] = mapped_column(Text, default=None)
    length_s: Mapped[float | None] = mapped_column(default=None)
    machine_deaths: Mapped[int] = mapped_column(default=0, server_default="0")
    replay_of: Mapped[str | None] = mapped_column(String(16), default=None)
    replayed: Mapped[str | None] = mapped_column(Text, default=None)


#: First come, first served; what the machine went down under comes last.
_IN_TURN = (_Row.machine_deaths, _Row.number)


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it was read; times are ISO 8601 in UTC, `problem` is parsed JSON.

    `length_s` is how long the recording is, None where no worker has looked; `machine_deaths` counts how often the
    machine went down under it; `replay_of` is the assessment that it measures once more. `entry` is what is kept of its
    result, None while there is none. What was kept without this server is a job as well, one that has ended.
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
    problem: dict[str, Any] | None
    length_s: float | None
    machine_deaths: int
    replay_of: str | None
    entry: Entry | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing follows."""
        return self.state in ENDED

    @property
    def place(self) -> tuple[datetime, str]:
        """Where it stands in a list, by time and id."""
        at = datetime.fromisoformat(self.created_at) if self.entry is None else self.entry.kept_at
        return at, self.id


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
    return _time(datetime.now(UTC))


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
            except (DatabaseError, HistoryError, sqlite3.Error) as error:
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
    >>> import numpy as np
    >>> from tempfile import TemporaryDirectory
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> from hipcv.outputs.document import render_document
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> document = render_document(assess(empty, Setup()))
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
    ...     store.document("a")["status"], store.document("b"), store.get("none") is None
    ...     live = store.add_done(seated, document, job_id="f", kind="live", n_frames=900, began=now())
    ...     store.history.count("s01 "), store.page(2)[1], store.ids_with_clip()
    ...     store.set_aside("c", {"code": "worker_died"})
    ...     store.get("c").state, store.delete("a"), sorted(store.ids()), store.with_replays({"b"})
    ...     store.drop_job("b"), sorted(store.ids_of("S01")), sorted(store.forget("s01"))
    ...     store.close()
    ('a', 'b', 'd', 1)
    (True, True, False)
    ([('c', None), ('d', None)], 0, <JobState.CANCELLED: 'cancelled'>, None)
    ('not_measured', None, True)
    (2, 5, {'c'})
    (<JobState.SET_ASIDE: 'set_aside'>, {'a'}, ['b', 'c', 'd', 'f'], {'b'})
    (True, ['c', 'd', 'f'], ['c', 'd', 'f'])
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self.reserve = Reserve(folder / RESERVE_NAME)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.history = self._open_history(folder)
            self._engine = open_sqlite(sqlite_url(self.path))
            self._set_up()
        except (DatabaseError, HistoryError) as error:
            trouble = disk_trouble(error)
            if trouble is None and isinstance(error, DatabaseError):
                raise _damaged(self.path, str(error.orig)) from error
            if trouble is None:
                raise  # says itself what is wrong
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
    def _open_history(self, folder: Path) -> History:
        return open_history(url_in(folder))

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
        take_over(self._engine, self.history)

    def close(self) -> None:
        """Close both databases."""
        self._engine.dispose()
        self.history.close()

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
        at = datetime.fromisoformat(began)
        recorded_at = at if kind == Origin.LIVE else None  # an upload may have been filmed at any time before it came
        entry = self._keep(options, document, job_id, kind, recorded_at=recorded_at, taken=at.astimezone().date())
        with self._change() as session:
            row = session.scalar(select(_Row).where(_Row.id == job_id))
            if row is None:
                row = _Row(
                    id=job_id,
                    kind=kind,
                    state=JobState.DONE,
                    test=options["test"],
                    keep=bool(options.get("keep")),
                    options="{}",
                    created_at=began,
                    started_at=began,
                    finished_at=now(),
                    attempts=1,
                    n_frames=n_frames,
                )
                session.add(row)
                session.flush()
            return _job(row, entry)

    def _keep(
        self,
        options: dict[str, Any],
        document: dict[str, Any],
        job_id: str,
        kind: str,
        *,
        recorded_at: datetime | None = None,
        taken: date | None = None,
    ) -> Entry:
        """Keep a result: of the day that was told, else that of the recording as far as it is known."""
        told = options.get("date")
        day = date.fromisoformat(told) if told else taken
        return self.history.keep(
            document,
            options.get("subject"),
            visit_date=day,
            recorded_at=recorded_at,
            origin=Origin(kind),
            token=job_id,
        )

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

    @_with_reserve
    def finish(self, job_id: str, document: dict[str, Any], n_frames: int, taken: date | None = None) -> bool:
        """Keep the result of a running job; False where it is no longer wanted.

        `taken` is the day on which the recording says that it was made.
        """
        job = self.get(job_id)
        if job is None or job.state is not JobState.RUNNING:
            return False
        if job.replay_of is not None:  # no result of a person's, but what came out of one once more
            replayed = {"state": JobState.DONE, "n_frames": n_frames, "options": "{}", "replayed": json.dumps(document)}
            return self._end(job_id, replayed)
        self._keep(job.options, document, job_id, job.kind, taken=taken)
        done = self._end(job_id, {"state": JobState.DONE, "n_frames": n_frames, "options": "{}", "subject": None})
        if not done:  # cancelled or deleted meanwhile
            self.history.drop(job_id)
        return done

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

    def delete(self, job_id: str) -> set[str]:
        """Forget a job, its result and its replays; the bytes are overwritten, in the logs of both databases, too.

        Where a full disk keeps a log as it is, that waits for the next deletion. Returns the ids of what it was.
        """
        ids = self.with_replays({job_id})
        self._drop_kept(job_id)
        for one in ids:
            self.drop_job(one)
        return ids

    def forget(self, subject: str) -> set[str]:
        """Forget everything of a person, waiting or done; return the ids of what it was."""
        ids = self.ids_of(subject)
        self._forget_kept(subject)
        for job_id in ids:
            self.drop_job(job_id)
        return ids

    @_with_reserve
    def _drop_kept(self, job_id: str) -> bool:
        return self.history.drop(job_id)

    @_with_reserve
    def _forget_kept(self, subject: str) -> None:
        self.history.forget(subject)

    def drop_job(self, job_id: str) -> bool:
        """Forget a job, whatever became of its result."""
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
        """Return a job, or what was kept without one; None where it is unknown."""
        with Session(self._engine) as session:
            row = session.scalar(select(_Row).where(_Row.id == job_id))
            job = None if row is None else _job(row)
        if job is not None and (job.state is not JobState.DONE or job.replay_of is not None):
            return job
        entry = self.history.short(job_id)
        if entry is None:  # deleted beside the server
            return None
        return _as_kept(job, entry)

    def document(self, job_id: str) -> dict[str, Any] | None:
        """Return the assessment of a job; None where there is none."""
        with Session(self._engine) as session:
            replayed = session.scalar(select(_Row.replayed).where(_Row.id == job_id))
        if replayed is not None:
            from hipcv.outputs.document import as_today

            return as_today(json.loads(replayed))
        found = self.history.find(job_id)
        return None if found is None else found.document

    def page(
        self,
        limit: int,
        *,
        before: tuple[datetime, str] | None = None,
        state: str | None = None,
        test: str | None = None,
        subject: str | None = None,
    ) -> tuple[list[Job], int]:
        """Return up to `limit` jobs, newest first, and how many there are in all.

        What is kept counts from when it was kept, what is not yet from when it was handed in; `before` is the place of
        the last one that was seen (`Job.place`).
        """
        open_jobs, n_open = self._open_jobs(limit, before, state, test, subject)
        if state not in (None, JobState.DONE):
            return open_jobs, n_open
        entries = self.history.list(subject, test=test, newest=limit, before=before)
        known = self._jobs_named([entry.token for entry in entries])
        kept = [_as_kept(known.get(entry.token), entry) for entry in entries]
        jobs = sorted([*open_jobs, *kept], key=lambda job: job.place, reverse=True)
        return jobs[:limit], n_open + self.history.count(subject, test=test)

    def _open_jobs(
        self, limit: int, before: tuple[datetime, str] | None, state: str | None, test: str | None, subject: str | None
    ) -> tuple[list[Job], int]:
        """Return jobs without a kept result, newest first, and how many there are in all."""
        wanted: list[ColumnElement[bool]] = [(_Row.state != JobState.DONE) | _Row.replay_of.is_not(None)]
        wanted += [column == value for column, value in ((_Row.state, state), (_Row.test, test)) if value is not None]
        with Session(self._engine) as session:
            if subject is not None:
                wanted.append(_is_of(session, subject))
            n_total = session.scalar(select(func.count()).select_from(_Row).where(*wanted)) or 0
            if before is not None:
                wanted.append(tuple_(_Row.created_at, _Row.id) < tuple_(*(_time(before[0]), before[1])))
            order = _Row.created_at.desc(), _Row.id.desc()
            rows = session.scalars(select(_Row).where(*wanted).order_by(*order).limit(limit))
            return [_job(row) for row in rows], n_total

    def _jobs_named(self, ids: Sequence[str]) -> dict[str, Job]:
        with Session(self._engine) as session:
            return {row.id: _job(row) for row in session.scalars(select(_Row).where(_Row.id.in_(ids)))}

    def ids(self) -> set[str]:
        """Return the ids of all jobs, and of everything that is kept."""
        with Session(self._engine) as session:
            return set(session.scalars(select(_Row.id))) | self.history.tokens()

    def ids_of(self, subject: str) -> set[str]:
        """Return the ids of everything of a person, waiting or done."""
        with Session(self._engine) as session:
            waiting = set(session.scalars(select(_Row.id).where(_is_of(session, subject))))
        return self.with_replays(waiting | {entry.token for entry in self.history.list(subject)})

    def with_replays(self, ids: set[str]) -> set[str]:
        """Return ids, and those of the jobs that measure one of them once more."""
        with Session(self._engine) as session:
            return ids | set(session.scalars(select(_Row.id).where(_Row.replay_of.in_(ids))))

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


def _time(at: datetime) -> str:
    """Return a time as jobs have it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _job(row: _Row, entry: Entry | None = None) -> Job:
    return Job(
        number=row.number,
        id=row.id,
        kind=row.kind,
        state=JobState(row.state),
        test=row.test,
        subject=row.subject if entry is None else entry.subject,
        keep=row.keep,
        options=json.loads(row.options),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        attempts=row.attempts,
        n_frames=row.n_frames,
        problem=None if row.problem is None else json.loads(row.problem),
        length_s=row.length_s,
        machine_deaths=row.machine_deaths,
        replay_of=row.replay_of,
        entry=entry,
    )


def _as_kept(job: Job | None, entry: Entry) -> Job:
    """Return a job with what is kept of it; what was kept without this server is a job that has ended."""
    if job is not None:
        return replace(job, entry=entry, subject=entry.subject)
    at = _time(entry.kept_at)
    return Job(
        number=0,
        id=entry.token,
        kind=str(entry.origin),
        state=JobState.DONE,
        test=entry.test,
        subject=entry.subject,
        keep=False,
        options={},
        created_at=at,
        started_at=at,
        finished_at=at,
        attempts=0,
        n_frames=0,
        problem=None,
        length_s=None,
        machine_deaths=0,
        replay_of=None,
        entry=entry,
    )
