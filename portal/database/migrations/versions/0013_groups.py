"""Messages to groups: which group, who wrote it, and how many families it reached."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    texts = {"kind": (10, "session"), "centre": (80, ""), "actor": (64, "")}
    for name, (length, usual) in texts.items():
        column = sa.Column(name, sa.String(length), nullable=False, server_default=usual)
        op.add_column("notice", column)
    for name in ("notified", "to_ring"):
        op.add_column("notice", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("notice", sa.Column("key", sa.String(64)))
    op.create_index("ix_notice_key", "notice", ["key"], unique=True)
