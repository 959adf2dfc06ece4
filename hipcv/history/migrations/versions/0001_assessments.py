"""The first table: kept assessments.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "assessments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("visit_date", sa.Date, nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("test", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("left_deg", sa.Float),
        sa.Column("right_deg", sa.Float),
        sa.Column("clip_sha256", sa.String(64), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("document_sha256", sa.String(64), nullable=False),
        sa.UniqueConstraint("subject", "document_sha256", name="uq_assessments_subject_document"),
    )
    op.create_index("ix_assessments_subject_visit", "assessments", ["subject", "visit_date"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("assessments")
