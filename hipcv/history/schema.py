"""The history's table, and how an older database is brought up to date."""

from importlib.resources import as_file, files

from alembic.command import upgrade
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Column,
    Date,
    DateTime,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from hipcv.core.errors import HistoryError

TABLES = MetaData()
ASSESSMENTS = Table(
    "assessments",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("subject", String(200), nullable=False),
    Column("visit_date", Date, nullable=False),
    Column("kept_at", DateTime(timezone=True), nullable=False),
    Column("test", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("left_deg", Float),
    Column("right_deg", Float),
    Column("clip_sha256", String(64), nullable=False),
    Column("document", Text, nullable=False),
    Column("document_sha256", String(64), nullable=False),
    Column("effort", String(20)),
    Column("legs", String(20)),
    UniqueConstraint("subject", "document_sha256", name="uq_assessments_subject_document"),
    Index("ix_assessments_subject_visit", "subject", "visit_date"),
)


def bring_up_to_date(engine: Engine) -> None:
    """Create the table where there is none, and take every step from an older one to today's.

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
    with as_file(files("hipcv.history").joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        script = ScriptDirectory.from_config(config)
        with engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        if current == script.get_current_head():
            return
        if current is not None and current not in {step.revision for step in script.walk_revisions()}:
            raise HistoryError("The history was written by a newer hipcv: update this one.")
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            upgrade(config, "head")
