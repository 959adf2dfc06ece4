"""People first: who somebody is stands once, every version of a result stays, and a log says what was done.

Revision ID: 0003
Revises: 0002
"""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from hipcv.core.errors import HistoryError
from hipcv.history.entry import numbers_of, pack_numbers
from hipcv.history.log import Action, append, digest_of_person, digest_of_version
from hipcv.history.person import person_key
from hipcv.history.schema import TABLES
from hipcv.outputs.document import read_document

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables anew, and take over every row."""
    connection = op.get_bind()
    old = [dict(row._mapping) for row in connection.execute(sa.text("SELECT * FROM assessments ORDER BY id"))]
    op.drop_table("assessments")
    TABLES.create_all(connection)
    people: dict[str, int] = {}
    for row in old:
        _take_over(connection, row, _person(connection, row["subject"], people))
    if connection.dialect.name == "postgresql":  # numbers go on after those that were taken over
        for name in ("assessments", "documents"):
            connection.execute(
                sa.text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}")  # noqa: S608
            )


def _person(connection: sa.Connection, name: str, known: dict[str, int]) -> int:
    """Return the number of a person, who is put down where nobody knew of them."""
    key = person_key(name)
    if key not in known:
        salt = secrets.token_hex(16)
        added = TABLES.tables["people"].insert().values(name=name, key=key, salt=salt)
        (known[key],) = connection.execute(added).inserted_primary_key or (0,)
        append(connection, Action.NAME, person=known[key], digest=digest_of_person(name, key, salt))
    return known[key]


def _take_over(connection: sa.Connection, row: dict[str, Any], person: int) -> None:
    documents, assessments = TABLES.tables["documents"], TABLES.tables["assessments"]
    connection.execute(documents.insert().values(id=row["id"], text=row["document"]))
    values = {
        **{name: row[name] for name in ("id", "test", "effort", "legs", "status", "clip_sha256", "document_sha256")},
        **dict(_typed(row)),
        "number": row["id"],
        "version": 1,
        "current": True,
        "token": secrets.token_hex(8),
        "person_id": person,
        "recorded_at": None,
        "origin": "file",
        "numbers": pack_numbers(_numbers(row)),
        "document_id": row["id"],
        "salt": secrets.token_hex(16),
    }
    connection.execute(assessments.insert().values(**values))
    told = {"digest": digest_of_version(values), "taken_over": True}
    append(connection, Action.CREATE, number=row["id"], version=1, person=person, **told)


def _typed(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Return the day and the time as such: SQLite hands them out as text."""
    for name, kind in (("visit_date", sa.Date()), ("kept_at", sa.DateTime(timezone=True))):
        value = row[name]
        processor = kind.dialect_impl(op.get_bind().dialect).result_processor(op.get_bind().dialect, None)
        yield name, processor(value) if processor is not None else value


def _numbers(row: dict[str, Any]) -> Any:
    """Return the numbers of a kept document; none of one that somebody changed, which is told when it is asked for."""
    try:
        return numbers_of(read_document(json.loads(row["document"])))
    except (ValueError, HistoryError):
        return {}


def downgrade() -> None:
    """Refuse: versions and log have no place in the older table."""
    raise HistoryError("Wanted an older history, but versions and log have no place in one: use a backup.")
