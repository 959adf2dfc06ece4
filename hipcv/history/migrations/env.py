"""Takes the database's steps: on the connection that hipcv hands over on opening, or on alembic's own command line."""

import os

from alembic import context
from sqlalchemy import Connection, create_engine

from hipcv.history.schema import TABLES
from hipcv.history.store import DATABASE_VARIABLE, default_url


def _take_steps(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=TABLES, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


handed_over: Connection | None = context.config.attributes.get("connection")
if handed_over is not None:
    _take_steps(handed_over)
else:
    with create_engine(os.environ.get(DATABASE_VARIABLE) or default_url()).connect() as own:
        _take_steps(own)
