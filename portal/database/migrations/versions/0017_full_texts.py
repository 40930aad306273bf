"""Families that want the group, day and place in their text messages."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    column: sa.Column[bool] = sa.Column(
        "full_texts", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("person", column)
