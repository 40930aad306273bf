"""The families that a page or a file showed, for the log."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "read_of",
        sa.Column("audit_id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["audit_id"], ["audit.id"], name=op.f("fk_read_of_audit_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("audit_id", "booking_id", name=op.f("pk_read_of")),
    )
    op.create_index("ix_read_of_booking", "read_of", ["booking_id"])
