"""Two more roles of staff: editors and readers."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_BEFORE = "role IN ('worker', 'manager', 'administrator')"
_CHECK = "role IN ('worker', 'editor', 'reader', 'manager', 'administrator')"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rewrite_check()
        return
    op.drop_constraint(op.f("ck_staff_role"), "staff", type_="check")
    op.create_check_constraint(op.f("ck_staff_role"), "staff", _CHECK)


def _rewrite_check() -> None:
    """Change the text of the constraint where SQLite keeps it, as its documentation describes.

    A new table in the place of this one would delete all recovery codes, visits and devices: they
    refer to it with ON DELETE CASCADE, which cannot be switched off inside a transaction.
    """
    connection = op.get_bind()
    version = connection.execute(sa.text("PRAGMA schema_version")).scalar_one()
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    changed = connection.execute(
        sa.text(
            "UPDATE sqlite_master SET sql = replace(sql, :before, :after) "
            "WHERE type = 'table' AND name = 'staff' AND instr(sql, :before)"
        ),
        {"before": _BEFORE, "after": _CHECK},
    )
    if changed.rowcount != 1:
        raise RuntimeError("The table of staff is not the one that migration 0002 made.")
    # Other connections, and this one, read the tables again.
    connection.execute(sa.text(f"PRAGMA schema_version = {int(version) + 1}"))
    connection.execute(sa.text("PRAGMA writable_schema = RESET"))
