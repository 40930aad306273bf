"""How many people workers spoke to on outreach, by age band; and the forms that were counted."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "contact_count",
        sa.Column("series", sa.String(length=200), nullable=False),
        sa.Column("planned", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("band", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.CheckConstraint("number >= 0", name=op.f("ck_contact_count_number")),
        sa.CheckConstraint("kind IN ('young', 'parents')", name=op.f("ck_contact_count_kind")),
        sa.PrimaryKeyConstraint("series", "planned", "kind", "band", name=op.f("pk_contact_count")),
    )
    op.create_table(
        "contact_press",
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_contact_press")),
    )
