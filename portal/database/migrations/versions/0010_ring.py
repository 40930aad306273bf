"""News that staff must tell instead of a message, and the district of a complaint."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_CHECK = "state IN ('owed', 'sending', 'sent', 'failed', 'dropped', 'ring', 'rung')"


def upgrade() -> None:
    op.add_column(
        "complaint", sa.Column("district", sa.String(60), nullable=False, server_default="")
    )
    if op.get_bind().dialect.name == "sqlite":
        _make_anew()
        return
    op.drop_constraint(op.f("ck_message_state"), "message", type_="check")
    op.create_check_constraint(op.f("ck_message_state"), "message", _CHECK)


def _make_anew() -> None:
    """SQLite cannot change a constraint: the rows move into a new table, with its indexes."""
    op.rename_table("message", "message_before")
    op.drop_index("ix_message_booking")
    op.drop_index("ix_message_due")
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("claimed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimant", sa.String(length=64), nullable=True),
        sa.Column("sent", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("receipt", sa.String(length=200), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(_CHECK, name=op.f("ck_message_state")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_message_booking_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    names = (
        "id, booking_id, kind, about, state, due, tries, claimed, claimant, sent, trouble, "
        "receipt, created"
    )
    op.execute(f"INSERT INTO message ({names}) SELECT {names} FROM message_before")  # noqa: S608
    op.drop_table("message_before")
    op.create_index("ix_message_booking", "message", ["booking_id"])
    op.create_index("ix_message_due", "message", ["state", "due"])
