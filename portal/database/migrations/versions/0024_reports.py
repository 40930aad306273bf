"""What was held on each date of a series, for reports of past quarters; the sample year."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_table(
        "session_record",
        sa.Column("series", sa.String(length=200), nullable=False),
        sa.Column("planned", sa.String(length=10), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("places", sa.Integer()),
        sa.Column("programme", sa.String(length=100), nullable=False),
        sa.Column("centre", sa.String(length=100), nullable=False),
        sa.Column("district", sa.String(length=60), nullable=False),
        sa.Column("footprint", sa.String(length=60), nullable=False),
        sa.Column("offer", sa.String(length=40), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("outcomes", sa.JSON(), nullable=False),
        sa.Column("needs", sa.JSON(), nullable=False),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("minutes >= 0", name=op.f("ck_session_record_minutes")),
        sa.PrimaryKeyConstraint("series", "planned", name=op.f("pk_session_record")),
    )
    op.create_index("ix_session_record_day", "session_record", ["day"])
    op.create_table(
        "sample_year",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_sample_year_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_year")),
    )
