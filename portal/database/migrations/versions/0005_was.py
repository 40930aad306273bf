"""What a booking was before it ended: a place, an offer, a wait or a request."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # Of what has ended before nobody wrote down what it was: it stays ''.
    with op.batch_alter_table("booking", schema=None) as batch_op:
        batch_op.add_column(sa.Column("was", sa.String(10), server_default="", nullable=False))
