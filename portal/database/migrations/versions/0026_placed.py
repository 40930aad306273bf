"""When a booking that had to wait got its place, so that reports can count the days."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.add_column("booking", sa.Column("placed", sa.DateTime(timezone=True)))
