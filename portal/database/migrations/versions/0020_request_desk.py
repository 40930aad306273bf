"""The request desk: cases, plans and outcome numbers. Open requests become cases in the queue."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_STATES = "'new', 'triage', 'allocated', 'working', 'reviewed', 'closed', 'declined'"
_STEPS = "'', 'place', 'group', 'support', 'other', 'ask'"
_REASONS = (
    "'', 'place', 'group', 'other', 'level', 'done', 'down', 'up', 'stopped', 'unreached', 'erased'"
)


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "support_case",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("footprint", sa.String(length=60), nullable=False),
        sa.Column("centre", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("next_step", sa.String(length=10), nullable=False, server_default=""),
        sa.Column("worker_id", sa.Integer(), nullable=True),
        sa.Column("lead_role", sa.String(length=80), nullable=False, server_default=""),
        sa.Column("lead_organisation", sa.String(length=120), nullable=False, server_default=""),
        sa.Column("received", moment, nullable=False),
        sa.Column("triaged", moment, nullable=True),
        sa.Column("allocated", moment, nullable=True),
        sa.Column("contacted", moment, nullable=True),
        sa.Column("starts", sa.String(length=10), nullable=False, server_default=""),
        sa.Column("first_review", sa.String(length=10), nullable=False, server_default=""),
        sa.Column("last_review", sa.String(length=10), nullable=False, server_default=""),
        sa.Column("first_reviewed", moment, nullable=True),
        sa.Column("reviewed", moment, nullable=True),
        sa.Column("closed", moment, nullable=True),
        sa.Column("close_reason", sa.String(length=10), nullable=False, server_default=""),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed", moment, nullable=False),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_support_case_state")),
        sa.CheckConstraint(f"next_step IN ({_STEPS})", name=op.f("ck_support_case_next_step")),
        sa.CheckConstraint(
            f"close_reason IN ({_REASONS})", name=op.f("ck_support_case_close_reason")
        ),
        sa.CheckConstraint(
            "level IS NULL OR level BETWEEN 1 AND 4", name=op.f("ck_support_case_level")
        ),
        sa.CheckConstraint(
            "state NOT IN ('allocated', 'working', 'reviewed') OR worker_id IS NOT NULL",
            name=op.f("ck_support_case_worker"),
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["booking.id"],
            name=op.f("fk_support_case_booking_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_case")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_support_case_booking_id")),
    )
    op.create_index("ix_support_case_queue", "support_case", ["state", "footprint"])
    op.create_index("ix_support_case_worker", "support_case", ["worker_id", "state"])
    op.create_table(
        "plan_goal",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("goal", sa.String(length=200), nullable=False),
        sa.Column("step", sa.String(length=200), nullable=False),
        sa.Column("who", sa.String(length=10), nullable=False),
        sa.Column("role", sa.String(length=80), nullable=False, server_default=""),
        sa.Column("due", sa.String(length=10), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.CheckConstraint("who IN ('family', 'worker', 'other')", name=op.f("ck_plan_goal_who")),
        sa.CheckConstraint("number BETWEEN 1 AND 6", name=op.f("ck_plan_goal_number")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["support_case.id"], name=op.f("fk_plan_goal_case_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_plan_goal")),
    )
    op.create_table(
        "case_outcome",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("score_before", sa.Integer(), nullable=True),
        sa.Column("score_after", sa.Integer(), nullable=True),
        sa.CheckConstraint("outcome BETWEEN 1 AND 5", name=op.f("ck_case_outcome_outcome")),
        sa.CheckConstraint(
            "score_before IS NULL OR score_before BETWEEN 1 AND 10",
            name=op.f("ck_case_outcome_before"),
        ),
        sa.CheckConstraint(
            "score_after IS NULL OR score_after BETWEEN 1 AND 10",
            name=op.f("ck_case_outcome_after"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["support_case.id"],
            name=op.f("fk_case_outcome_case_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("case_id", "outcome", name=op.f("pk_case_outcome")),
    )
    # The footprint of an older request is found from the content, by the worker's next round.
    op.execute(
        "INSERT INTO support_case"
        " (booking_id, footprint, centre, state, received, version, changed)"
        " SELECT id, '', '', 'new', created, 0, created FROM booking WHERE status = 'requested'"
    )
