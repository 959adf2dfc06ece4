"""What was done with the record: a log that is only added to, each entry with a hash over itself and the one before.

An entry holds numbers and salted digests, no name and no angle. The salt lies with what the digest is of and goes with
it: what was deleted leaves an entry that says so, and nothing to test a guess against.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select

from hipcv.history.schema import ASSESSMENTS, DOCUMENTS, LOG, PEOPLE, SEAL

#: What the first entry stands on.
START = "0" * 64
_SEAL_ID = 1
#: What a digest of a kept version is over, in this order: never change it, kept logs stand on it.
_DIGESTED = (
    *("number", "version", "token", "person_id", "visit_date", "kept_at", "recorded_at", "origin", "test", "effort"),
    *("legs", "status", "numbers", "clip_sha256", "document_sha256", "salt"),
)


class Action(StrEnum):
    """What can be done with a record."""

    CREATE = "create"
    CORRECT = "correct"
    NAME = "name"
    CONSENT = "consent"
    EXPORT = "export"
    DELETE = "delete"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class Verified:
    """What `verify` found: how many entries the log has, its last hash, and what does not fit, in sentences."""

    n_entries: int
    seal: str
    faults: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether everything fits."""
        return not self.faults


def canonical(value: Any) -> str:
    """Return the one text that a JSON value has, whatever the order of its keys.

    Examples
    --------
    >>> canonical({"b": 1, "a": None})
    '{"a":null,"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in hexadecimal.

    Examples
    --------
    >>> digest("")[:12]
    'e3b0c44298fc'
    """
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of_version(values: Mapping[str, Any]) -> str:
    """Return the digest of a kept version: of every column that says something, and its salt.

    Examples
    --------
    >>> values = dict.fromkeys(_DIGESTED, 1)
    >>> digest_of_version(values) == digest_of_version({**values, "visit_date": 2})
    False
    """
    return digest(canonical([_plain(values[name]) for name in _DIGESTED]))


def digest_of_person(name: str, key: str, salt: str) -> str:
    """Return the digest of a person's name.

    Examples
    --------
    >>> digest_of_person("Anna", "anna", "1") == digest_of_person("Anna", "anna", "2")
    False
    """
    return digest(canonical([name, key, salt]))


def _plain(value: Any) -> Any:
    """Return a column's value as JSON has it; SQLite has no time zones, and all times are written in UTC."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else value


def append(
    connection: Connection,
    action: Action,
    *,
    number: int | None = None,
    version: int | None = None,
    person: int | None = None,
    **detail: Any,
) -> None:
    """Add an entry, in the transaction in which it is done; whoever calls has locked out other writers.

    Examples
    --------
    >>> from sqlalchemy import create_engine
    >>> from sqlalchemy.pool import StaticPool
    >>> from hipcv.history.schema import bring_up_to_date
    >>> engine = create_engine("sqlite://", poolclass=StaticPool)
    >>> bring_up_to_date(engine)
    >>> with engine.begin() as connection:
    ...     append(connection, Action.EXPORT, how=".csv")
    ...     verify(connection).n_entries
    1
    >>> engine.dispose()
    """
    sealed = connection.execute(select(SEAL.c.seq, SEAL.c.hash)).one_or_none()
    seq, before = (0, START) if sealed is None else (sealed.seq, sealed.hash)
    values = {
        "seq": seq + 1,
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "action": str(action),
        "number": number,
        "version": version,
        "person": person,
        "detail": canonical(detail),
    }
    values["hash"] = _link(values, before)
    connection.execute(LOG.insert().values(**values))
    new = {"seq": values["seq"], "hash": values["hash"]}
    if sealed is None:
        connection.execute(SEAL.insert().values(id=_SEAL_ID, **new))
    else:
        connection.execute(SEAL.update().values(**new))


def _link(values: Mapping[str, Any], before: str) -> str:
    names = ("seq", "at", "action", "number", "version", "person", "detail")
    return digest(canonical([*(values[name] for name in names), before]))


def verify(connection: Connection, seal: str | None = None) -> Verified:
    """Walk the log from its first entry, and hold what is kept against it.

    Parameters
    ----------
    seal : the last hash as it was told at an earlier time and written down elsewhere: the log must still hold it.
        Whoever can rewrite the whole database can rewrite log and seal in it, too; this is what tells.

    Examples
    --------
    >>> from sqlalchemy import create_engine
    >>> from sqlalchemy.pool import StaticPool
    >>> from hipcv.history.schema import bring_up_to_date
    >>> engine = create_engine("sqlite://", poolclass=StaticPool)
    >>> bring_up_to_date(engine)
    >>> with engine.begin() as connection:
    ...     verify(connection).whole, verify(connection, "f" * 64).whole
    (True, False)
    >>> engine.dispose()
    """
    log = list(connection.execute(select(LOG).order_by(LOG.c.seq)))
    faults = list(_broken_links(connection, log))
    expected, names = _replay(log)
    faults += _unlike_versions(connection, expected)
    faults += _unlike_people(connection, names)
    if seal is not None and seal != START and seal not in {entry.hash for entry in log}:
        faults.append("The log does not hold the seal that was given: it was written anew since.")
    return Verified(len(log), log[-1].hash if log else START, tuple(dict.fromkeys(faults)))


def _broken_links(connection: Connection, log: list[Row[Any]]) -> Iterator[str]:
    before = START
    for n, entry in enumerate(log, start=1):
        if entry.seq != n:
            yield f"Entry {n} of the log is missing."
            return
        if _link(dict(entry._mapping), before) != entry.hash:
            yield f"Entry {n} of the log is not what was written."
            return
        before = entry.hash
    seals = [(row.seq, row.hash) for row in connection.execute(select(SEAL.c.seq, SEAL.c.hash))]
    if seals != ([(len(log), before)] if log else []):
        yield "The log does not end where it was sealed: entries are missing or were added beside hipcv."


def _replay(log: list[Row[Any]]) -> tuple[dict[tuple[int, int], str], dict[int, str]]:
    """Return what the log says must be kept: digests of versions and of people's names."""
    versions: dict[tuple[int, int], str] = {}
    names: dict[int, str] = {}
    for entry in log:
        try:
            told = json.loads(entry.detail).get("digest", "")
        except (ValueError, AttributeError):  # changed by somebody: its link is broken, which is told
            continue
        if entry.action in (Action.CREATE, Action.CORRECT):
            versions[entry.number, entry.version] = told
        elif entry.action == Action.DELETE:
            versions = {key: value for key, value in versions.items() if key[0] != entry.number}
        elif entry.action == Action.NAME:
            names[entry.person] = told
        elif entry.action == Action.FORGET:
            names.pop(entry.person, None)
    return versions, names


def _unlike_versions(connection: Connection, expected: Mapping[tuple[int, int], str]) -> Iterator[str]:
    newest: dict[int, int] = {}
    for number, version in expected:
        newest[number] = max(version, newest.get(number, 0))
    found = set()
    rows = select(ASSESSMENTS, DOCUMENTS.c.text).outerjoin(DOCUMENTS, ASSESSMENTS.c.document_id == DOCUMENTS.c.id)
    for row in connection.execute(rows.execution_options(yield_per=100)):
        key = row.number, row.version
        found.add(key)
        if key not in expected:
            yield f"Assessment {row.number}, version {row.version}, was put in beside hipcv."
        elif digest_of_version(dict(row._mapping)) != expected[key]:
            yield f"Assessment {row.number}, version {row.version}, is not what was kept."
        elif row.text is None or digest(row.text) != row.document_sha256:
            yield f"The document of assessment {row.number}, version {row.version}, is not what was kept."
        elif row.current != (row.version == newest[row.number]):
            yield f"Another version of assessment {row.number} is shown than the newest."
    for number, version in sorted(expected.keys() - found):
        yield f"Assessment {number}, version {version}, is gone, and nobody deleted it with hipcv."


def _unlike_people(connection: Connection, expected: Mapping[int, str]) -> Iterator[str]:
    found = set()
    for row in connection.execute(select(PEOPLE)):
        found.add(row.id)
        if digest_of_person(row.name, row.key, row.salt) != expected.get(row.id):
            yield f"The name of person {row.id} is not what was written down."
    for person in sorted(expected.keys() - found):
        yield f"Person {person} is gone, and nobody was forgotten with hipcv."
