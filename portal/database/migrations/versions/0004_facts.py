"""What families were told of a session: its facts beside their digest."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # Rows of before stay without facts: the next round knows what they stand for by their digest.
    with op.batch_alter_table("told", schema=None) as batch_op:
        batch_op.add_column(sa.Column("facts", sa.JSON(), server_default="{}", nullable=False))
