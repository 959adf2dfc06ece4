"""What a batch has finished, on the disk before it counts: one transaction a recording, each result once by its key."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    and_,
    func,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError, OperationalError

from hipcv.batch.input.clip import Key
from hipcv.batch.run.job import Document, Identity, Refusal, Refused, Scored
from hipcv.core.errors import BatchError
from hipcv.database import find_damage, open_sqlite, sqlite_url
from hipcv.files import told
from hipcv.outputs.artefacts import REPORT

_TABLES = MetaData()
#: The bytes behind a path or URL, as long as its stamp stays the same.
_FILES = Table(
    "files",
    _TABLES,
    Column("source", Text, primary_key=True),
    Column("stamp", Text, nullable=False),
    Column("clip_sha256", String(64), nullable=False),
)
#: What came of a recording: a document, or the reason why it was set aside.
_OUTCOMES = Table(
    "outcomes",
    _TABLES,
    Column("clip_sha256", String(64), primary_key=True),
    Column("parameters_sha256", String(64), primary_key=True),
    Column("model_sha256", String(64), primary_key=True),
    Column("document", Text),
    Column("report", Text),  # the pages of ledgers that are older than the table of artefacts
    Column("refusal", String(20)),
    Column("sentence", Text),
    Column("detail", Text),
    Column("wall_s", Float, nullable=False),
    Column("cpu_s", Float, nullable=False),
    Column("clip_s", Float, nullable=False),
    Column("finished_at", String(32), nullable=False),
)
#: What else is written of a recording, by the names of the artefacts.
_ARTEFACTS = Table(
    "artefacts",
    _TABLES,
    Column("clip_sha256", String(64), primary_key=True),
    Column("parameters_sha256", String(64), primary_key=True),
    Column("model_sha256", String(64), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
_KEY = ("clip_sha256", "parameters_sha256", "model_sha256")
#: Every start of the batch; one without an end was killed.
_RUNS = Table(
    "runs",
    _TABLES,
    Column("id", Integer, primary_key=True),
    Column("started_at", String(32), nullable=False),
    Column("ended_at", String(32)),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a recording; a document, or a refusal with its sentence. Times in seconds."""

    document: Document | None = None
    refused: Refused | None = None
    wall_s: float = 0.0
    cpu_s: float = 0.0
    clip_s: float = 0.0


class Ledger:
    """The finished recordings of one results folder.

    Use `open_ledger`; one process at a time.

    Raises
    ------
    BatchError
        From every method, where the file cannot be read or written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> key = Key("a" * 64, "b" * 64, "c" * 64)
    >>> with TemporaryDirectory() as folder:
    ...     ledger = open_ledger(Path(folder, "ledger.sqlite"))
    ...     killed = ledger.begin_run()
    ...     ledger.add_file("/S01.mp4", Identity("a" * 64, "7 12"))
    ...     new = ledger.add(key, Scored({"status": "not_measured"}, {"report": b"<!doctype html>"}, wall_s=2.0))
    ...     again = ledger.add(key, Scored({"status": "measured"}))
    ...     ledger.end_run()
    ...     killed, new, again, ledger.get(key).document, ledger.get_files(key)
    ...     ledger.keys() == {key}, ledger.files()["/S01.mp4"].stamp, ledger.measuring_s(), ledger.forget_refused()
    ...     ledger.close()
    (False, True, False, {'status': 'not_measured'}, {'report': b'<!doctype html>'})
    (True, '7 12', 2.0, 0)
    """

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path, self._engine = path, engine

    def close(self) -> None:
        """Fold everything into the one file and let go of it."""
        self._engine.dispose()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with _one_sentence(self.path), self._engine.begin() as connection:
            yield connection

    # ------------------------------------------------------------------------------------------------------- files

    def files(self) -> dict[str, Identity]:
        """Return every file that was read before, by its path or URL, with what it held then."""
        with self._transaction() as connection:
            rows = connection.execute(select(_FILES.c.source, _FILES.c.clip_sha256, _FILES.c.stamp))
            return {source: Identity(clip_sha256, stamp) for source, clip_sha256, stamp in rows}

    def add_file(self, source: str, identity: Identity) -> None:
        """Remember what bytes a file holds."""
        values = {"stamp": identity.stamp, "clip_sha256": identity.clip_sha256}
        row = insert(_FILES).values(source=source, **values)
        with self._transaction() as connection:
            connection.execute(row.on_conflict_do_update(index_elements=["source"], set_=values))

    # ---------------------------------------------------------------------------------------------------- outcomes

    def keys(self) -> set[Key]:
        """Return the keys of all recordings that are finished, measured or set aside."""
        with self._transaction() as connection:
            return {Key(*row) for row in connection.execute(select(*(_OUTCOMES.c[name] for name in _KEY)))}

    def get(self, key: Key) -> Outcome | None:
        """Return what came of a recording, None where it is not finished."""
        columns = [c for c in _OUTCOMES.c if c.name != "report"]
        with self._transaction() as connection:
            row = connection.execute(select(*columns).where(_is(key))).one_or_none()
        if row is None:
            return None
        refused = None if row.refusal is None else Refused(Refusal(row.refusal), row.sentence, row.detail or "")
        document = None if row.document is None else json.loads(row.document)
        return Outcome(document, refused, row.wall_s, row.cpu_s, row.clip_s)

    def get_files(self, key: Key) -> dict[str, bytes]:
        """Return a recording's artefacts by their names."""
        names = select(_ARTEFACTS.c.name, _ARTEFACTS.c.content).where(_is(key, _ARTEFACTS))
        with self._transaction() as connection:
            page: str | None = connection.scalar(select(_OUTCOMES.c.report).where(_is(key)))
            files = {row.name: row.content for row in connection.execute(names)}
        return files if page is None else {REPORT.name: page.encode(), **files}

    def add(self, key: Key, answer: Scored | Refused) -> bool:
        """Write down what came of a recording; False where it was finished already, and then nothing changes."""
        values: dict[str, object] = {"wall_s": answer.wall_s, "cpu_s": 0.0, "clip_s": 0.0, "finished_at": _now()}
        if isinstance(answer, Scored):
            document = json.dumps(answer.document, sort_keys=True, allow_nan=False, ensure_ascii=False)
            values |= {"document": document, "cpu_s": answer.cpu_s, "clip_s": answer.clip_s}
        else:
            values |= {"refusal": str(answer.refusal), "sentence": answer.sentence, "detail": answer.detail}
        row = insert(_OUTCOMES).values(**_columns(key), **values).on_conflict_do_nothing()
        files = answer.files if isinstance(answer, Scored) else {}
        with self._transaction() as connection:
            new = connection.execute(row).rowcount == 1
            if new and files:
                content = [{**_columns(key), "name": name, "content": file} for name, file in files.items()]
                connection.execute(insert(_ARTEFACTS), content)
        return new

    def measuring_s(self) -> float:
        """Return the time that workers spent on everything that is finished, in all runs."""
        with self._transaction() as connection:
            return connection.scalar(select(func.sum(_OUTCOMES.c.wall_s))) or 0.0

    def forget_refused(self) -> int:
        """Forget what was set aside, so that it is tried again; return how many recordings that were."""
        with self._transaction() as connection:
            return connection.execute(_OUTCOMES.delete().where(_OUTCOMES.c.refusal.is_not(None))).rowcount

    def __len__(self) -> int:
        with self._transaction() as connection:
            return connection.scalar(select(func.count()).select_from(_OUTCOMES)) or 0

    # -------------------------------------------------------------------------------------------------------- runs

    def begin_run(self) -> bool:
        """Note a start; return whether the run before ended without saying so: killed, or the power failed."""
        with self._transaction() as connection:
            last = connection.execute(select(_RUNS.c.ended_at).order_by(_RUNS.c.id.desc()).limit(1)).one_or_none()
            connection.execute(insert(_RUNS).values(started_at=_now()))
        return last is not None and last.ended_at is None

    def end_run(self) -> None:
        """Note that the run came to its end."""
        newest = select(func.max(_RUNS.c.id)).scalar_subquery()
        with self._transaction() as connection:
            connection.execute(update(_RUNS).where(_RUNS.c.id == newest).values(ended_at=_now()))


def open_ledger(path: Path) -> Ledger:
    """Open the ledger of a results folder, new where there is none, and check that it is whole.

    Raises
    ------
    BatchError
        Where it cannot be opened, or is damaged.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, open_ledger(Path(folder, "ledger.sqlite")) as ledger:
    ...     len(ledger)
    0
    """
    engine = open_sqlite(sqlite_url(path), one_connection=True)
    ledger = Ledger(path, engine)
    try:
        with _one_sentence(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with engine.begin() as connection:
                damage = find_damage(connection)
                if damage is not None:
                    raise BatchError(f"{path} is damaged ({damage}): move it away and run the same command again.")
                _TABLES.create_all(connection)
    except BaseException:
        ledger.close()
        raise
    return ledger


def peek_ledger(path: Path) -> Ledger | None:
    """Open a ledger only to read from it, None where there is none; nothing is created. Errors: `open_ledger`.

    Examples
    --------
    >>> peek_ledger(Path("absent.sqlite")) is None
    True
    """
    if not path.is_file():
        return None
    return open_ledger(path)


@contextmanager
def _one_sentence(path: Path) -> Iterator[None]:
    try:
        with told(path):
            yield
    except OperationalError as error:
        reason = str(error.orig)
        if "full" in reason:
            sentence = f"The disk of {path.parent} is full: free some space and run the same command again, it goes on."
        else:
            sentence = f"Wanted to keep the results in {path}, but could not ({reason}): check folder and disk."
        raise BatchError(sentence) from error
    except DatabaseError as error:
        raise BatchError(f"{path} is damaged ({error.orig}): move it away and run the same command again.") from error


def _columns(key: Key) -> dict[str, str]:
    return dict(zip(_KEY, (key.clip_sha256, key.parameters_sha256, key.model_sha256), strict=True))


def _is(key: Key, table: Table = _OUTCOMES) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in _columns(key).items()))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
