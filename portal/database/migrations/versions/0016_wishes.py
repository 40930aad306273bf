"""Wishes of families to hear when a programme starts again, with the messages about them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "wish",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("reference", sa.String(length=9), nullable=False),
        sa.Column("programme", sa.String(length=80), nullable=False),
        sa.Column("ages", sa.JSON(), nullable=False),
        sa.Column("near", sa.String(length=100), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("district", sa.String(length=60), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=30), nullable=True),
        sa.Column("contact_by", sa.String(length=10), nullable=False),
        sa.Column("safe_to_contact", sa.Boolean(), nullable=False),
        sa.Column("contact_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("link_nonce", sa.LargeBinary(length=16), nullable=False),
        sa.Column("link_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("made", moment, nullable=False),
        sa.Column("ends", moment, nullable=False),
        sa.Column("last_told", moment, nullable=True),
        sa.CheckConstraint("state IN ('open', 'asked', 'ended')", name=op.f("ck_wish_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wish")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_wish_key_hash")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_wish_link_hash")),
        sa.UniqueConstraint("programme", "contact_hash", name=op.f("uq_wish_programme")),
        sa.UniqueConstraint("reference", name=op.f("uq_wish_reference")),
    )
    op.create_index("ix_wish_state", "wish", ["state", "programme"])
    op.create_table(
        "wish_run",
        sa.Column("wish_id", sa.Integer(), nullable=False),
        sa.Column("series", sa.String(length=200), nullable=False),
        sa.Column("told", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["wish_id"], ["wish.id"], name=op.f("fk_wish_run_wish_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("wish_id", "series", name=op.f("pk_wish_run")),
    )
    op.create_table(
        "wish_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wish_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("runs", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due", moment, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("claimed", moment, nullable=True),
        sa.Column("claimant", sa.String(length=64), nullable=True),
        sa.Column("sent", moment, nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('owed', 'sending', 'sent', 'failed', 'dropped')",
            name=op.f("ck_wish_message_state"),
        ),
        sa.ForeignKeyConstraint(
            ["wish_id"], ["wish.id"], name=op.f("fk_wish_message_wish_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wish_message")),
    )
    op.create_index("ix_wish_message_due", "wish_message", ["state", "due"])
    op.create_index("ix_wish_message_wish", "wish_message", ["wish_id"])
