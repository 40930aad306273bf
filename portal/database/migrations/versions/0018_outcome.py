"""Why a professional asks for a family, and a private link on which they see whether it came."""

import sqlalchemy as sa
from alembic import op

from portal.database.tables import Moment

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    for name in ("why", "tried"):
        column: sa.Column[str] = sa.Column(name, sa.Text(), nullable=False, server_default="")
        op.add_column("referral", column)
    op.add_column("referral", sa.Column("outcome_agreed", Moment()))
    op.add_column("referral", sa.Column("outcome_nonce", sa.LargeBinary(16)))
    op.add_column("referral", sa.Column("outcome_hash", sa.LargeBinary(32)))
    op.create_index("ix_referral_outcome", "referral", ["outcome_hash"], unique=True)
