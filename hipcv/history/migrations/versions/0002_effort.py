"""Who moved the leg and which legs moved at once, as the kept documents say.

Revision ID: 0002
Revises: 0001
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ASSESSMENTS = sa.table(
    "assessments",
    sa.column("id", sa.Integer),
    sa.column("document", sa.Text),
    sa.column("effort", sa.String),
    sa.column("legs", sa.String),
)


def upgrade() -> None:
    """Add the columns and fill them."""
    op.add_column("assessments", sa.Column("effort", sa.String(20)))
    op.add_column("assessments", sa.Column("legs", sa.String(20)))
    connection = op.get_bind()
    for row in connection.execute(sa.select(ASSESSMENTS.c.id, ASSESSMENTS.c.document)).all():
        try:
            document = json.loads(row.document)
        except ValueError:  # somebody changed it: it is told when it is asked for
            continue
        done = {"effort": document.get("effort"), "legs": (document.get("setup") or {}).get("legs")}
        connection.execute(ASSESSMENTS.update().where(ASSESSMENTS.c.id == row.id).values(**done))


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("assessments", "legs")
    op.drop_column("assessments", "effort")
