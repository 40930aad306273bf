"""The week of each centre, which its staff are asked to check by links without a sign-in."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "week",
        sa.Column("centre", sa.String(length=100), nullable=False),
        sa.Column("monday", sa.String(length=10), nullable=False),
        sa.Column("asked", moment, nullable=False),
        sa.Column("ticked", moment, nullable=True),
        sa.Column("ticked_by", sa.Integer(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("centre", "monday", name=op.f("pk_week")),
    )
    op.create_table(
        "week_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre", sa.String(length=100), nullable=False),
        sa.Column("monday", sa.String(length=10), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(length=16), nullable=False),
        sa.Column("link_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False, server_default=""),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due", moment, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("claimed", moment, nullable=True),
        sa.Column("claimant", sa.String(length=64), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("answer", sa.String(length=10), nullable=False, server_default=""),
        sa.Column("used", moment, nullable=True),
        sa.CheckConstraint(
            "state IN ('owed', 'sending', 'sent', 'failed')", name=op.f("ck_week_link_state")
        ),
        sa.CheckConstraint("answer IN ('', 'right', 'off')", name=op.f("ck_week_link_answer")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_week_link_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_week_link")),
        sa.UniqueConstraint("centre", "monday", "staff_id", name=op.f("uq_week_link_centre")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_week_link_link_hash")),
    )
    op.create_index("ix_week_link_due", "week_link", ["state", "due"])
    op.create_table(
        "week_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("centre", sa.String(length=100), nullable=False),
        sa.Column("monday", sa.String(length=10), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("sessions", sa.JSON(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("created", moment, nullable=False),
        sa.Column("closed", moment, nullable=True),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_week_report")),
    )
    op.create_index("ix_week_report_centre", "week_report", ["centre", "closed"])
