"""Registers: who came, notices to a session, what staff noted and why they said no."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.batch_alter_table("booking", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reason", sa.Text(), server_default="", nullable=False))
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.add_column(sa.Column("remark", sa.Text(), server_default="", nullable=False))

    op.create_table(
        "attendance",
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("planned", sa.String(length=10), nullable=False),
        sa.Column("mark", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "mark IN ('expected', 'came', 'apologies', 'absent')", name=op.f("ck_attendance_mark")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["booking.id"],
            name=op.f("fk_attendance_booking_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("booking_id", "planned", name=op.f("pk_attendance")),
    )
    op.create_table(
        "walk_in",
        sa.Column("series", sa.String(length=200), nullable=False),
        sa.Column("planned", sa.String(length=10), nullable=False),
        sa.Column("families", sa.Integer(), nullable=False),
        sa.Column("children", sa.Integer(), nullable=False),
        sa.Column("adults", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "families >= 0 AND children >= 0 AND adults >= 0", name=op.f("ck_walk_in_numbers")
        ),
        sa.PrimaryKeyConstraint("series", "planned", name=op.f("pk_walk_in")),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series", sa.String(length=200), nullable=False),
        sa.Column("planned", sa.String(length=10), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index("ix_notice_series", ["series", "planned"], unique=False)
