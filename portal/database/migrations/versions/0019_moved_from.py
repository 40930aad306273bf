"""Which booking a family moved from, so that both pages and the message can say so."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("booking", sa.Column("moved_from", sa.Integer()))
    op.create_index("ix_booking_moved_from", "booking", ["moved_from"])
