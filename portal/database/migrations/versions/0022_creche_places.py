"""Creche places: how many there are, and the children who have one or wait for one."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "creche",
        sa.Column("bookable_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("allowed", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.CheckConstraint("held >= 0 AND held <= allowed", name=op.f("ck_creche_held")),
        sa.CheckConstraint("waiting >= 0", name=op.f("ck_creche_waiting")),
        sa.ForeignKeyConstraint(
            ["bookable_id"], ["bookable.id"], name=op.f("fk_creche_bookable_id")
        ),
        sa.PrimaryKeyConstraint("bookable_id", name=op.f("pk_creche")),
    )
    op.create_table(
        "creche_place",
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("children", sa.Integer(), nullable=False),
        sa.Column("ages", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('asked', 'waiting', 'held', 'ended')", name=op.f("ck_creche_place_state")
        ),
        sa.CheckConstraint("children >= 1", name=op.f("ck_creche_place_children")),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["booking.id"],
            name=op.f("fk_creche_place_booking_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_creche_place")),
    )
    op.create_index("ix_creche_place_state", "creche_place", ["state"])
