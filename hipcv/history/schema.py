"""The history's tables, and how an older database is brought up to date."""

from importlib.resources import as_file, files

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    inspect,
    select,
    text,
)

from hipcv.core.errors import HistoryError

#: The newest step in `migrations/versions`: a database that has taken it is opened without looking at any step.
HEAD = "0003"

MAX_NAME_CHARACTERS = 200

TABLES = MetaData()

#: Whose assessments they are. `key` is the name as names are compared; the log knows people by number only.
PEOPLE = Table(
    "people",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("name", String(MAX_NAME_CHARACTERS), nullable=False),
    Column("key", String(MAX_NAME_CHARACTERS), nullable=False, unique=True),
    Column("salt", String(32), nullable=False),
    sqlite_autoincrement=True,
)

#: Whole documents, apart from what lists read.
DOCUMENTS = Table(
    "documents",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    sqlite_autoincrement=True,
)

#: Every version of every assessment; the newest of each is `current`. `numbers` is what `pack_numbers` packs, as JSON.
ASSESSMENTS = Table(
    "assessments",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("token", String(16), nullable=False),
    Column("person_id", ForeignKey("people.id")),
    Column("visit_date", Date, nullable=False),
    Column("kept_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True)),
    Column("origin", String(8), nullable=False),
    Column("test", String(20), nullable=False),
    Column("effort", String(20)),
    Column("legs", String(20)),
    Column("status", String(20), nullable=False),
    Column("numbers", Text, nullable=False),
    Column("clip_sha256", String(64), nullable=False),
    Column("document_sha256", String(64), nullable=False),
    Column("document_id", ForeignKey("documents.id"), nullable=False),
    Column("salt", String(32), nullable=False),
    UniqueConstraint("number", "version", name="uq_assessments_number_version"),
    UniqueConstraint("token", "version", name="uq_assessments_token_version"),
    Index("ix_assessments_person_visit", "person_id", "visit_date"),
    Index("ix_assessments_kept", "current", "kept_at", "token"),
    sqlite_autoincrement=True,
)

#: What was done, in order; nothing is ever changed or taken out. It holds numbers and digests, no names.
LOG = Table(
    "log",
    TABLES,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("action", String(10), nullable=False),
    Column("number", Integer),
    Column("version", Integer),
    Column("person", Integer),
    Column("detail", Text, nullable=False),
    Column("hash", String(64), nullable=False),
)

#: How long the log is and its last hash, one row: a log that lost its end does not fit.
SEAL = Table(
    "seal",
    TABLES,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)

#: Alembic's own: the last step that was taken.
_STEPS = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def bring_up_to_date(engine: Engine) -> None:
    """Create the tables where there are none, and take every step from an older database to today's.

    Raises
    ------
    HistoryError
        Where the database was written by a newer version.

    Examples
    --------
    >>> from sqlalchemy import create_engine, inspect
    >>> from sqlalchemy.pool import StaticPool
    >>> engine = create_engine("sqlite://", poolclass=StaticPool)
    >>> bring_up_to_date(engine)
    >>> ASSESSMENTS.name in inspect(engine).get_table_names()
    True
    >>> engine.dispose()
    """
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":  # two who open a new one at once: one after the other
            connection.execute(text("SELECT pg_advisory_xact_lock(4711)"))
        step = _step_of(connection)
        if step is None and not inspect(connection).has_table(ASSESSMENTS.name):
            TABLES.create_all(connection)
            _STEPS.create(connection)
            connection.execute(_STEPS.insert().values(version_num=HEAD))
        elif step != HEAD:
            _take_steps(connection, step)


def _take_steps(connection: Connection, step: str | None) -> None:
    """Bring an older database up to date; alembic is loaded only here, for opening must be quick."""
    from alembic.command import upgrade
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    with as_file(files("hipcv.history").joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        known = {found.revision for found in ScriptDirectory.from_config(config).walk_revisions()}
        if step is not None and step not in known:
            raise HistoryError("The history was written by a newer hipcv: update this one.")
        config.attributes["connection"] = connection
        upgrade(config, "head")


def _step_of(connection: Connection) -> str | None:
    """Return the last step that a database has taken; None for a new one."""
    return connection.scalar(select(_STEPS.c.version_num)) if inspect(connection).has_table(_STEPS.name) else None
