"""The Resource Panel: what a gap is about, decisions, budgets, thematic issues and projects."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_BEFORE = "role IN ('worker', 'editor', 'reader', 'manager', 'administrator')"
_CHECK = "role IN ('worker', 'editor', 'reader', 'panel', 'manager', 'administrator')"
_NUMBERS = (
    "families", "people", "with_caf",
    "attendance_better", "attendance_same", "attendance_worse",
    "behaviour_better", "behaviour_same", "behaviour_worse",
)  # fmt: skip


def upgrade() -> None:
    _staff()
    _issues()
    _gaps()
    _decisions()
    _messages()


def _staff() -> None:
    op.add_column("staff", sa.Column("panels", sa.JSON(), nullable=False, server_default="[]"))
    if op.get_bind().dialect.name == "sqlite":
        _rewrite_check()
        return
    op.drop_constraint(op.f("ck_staff_role"), "staff", type_="check")
    op.create_check_constraint(op.f("ck_staff_role"), "staff", _CHECK)


def _rewrite_check() -> None:
    """Change the text of the constraint where SQLite keeps it, as migration 0012 does and why."""
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
        raise RuntimeError("The table of staff is not the one that migration 0012 made.")
    connection.execute(sa.text(f"PRAGMA schema_version = {int(version) + 1}"))
    connection.execute(sa.text("PRAGMA writable_schema = RESET"))


def _issues() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "theme_issue",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("panel", sa.String(length=60), nullable=False),
        sa.Column("theme", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("raised", moment, nullable=False),
        sa.Column("closed", moment, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("proposal", sa.JSON(), nullable=True),
        sa.Column("proposed_by", sa.Integer(), nullable=True),
        sa.Column("proposed", moment, nullable=True),
        sa.CheckConstraint(
            "state IN ('panel', 'sub-group', 'board', 'project', 'closed')",
            name=op.f("ck_theme_issue_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_theme_issue")),
    )
    open_ones = sa.text("state <> 'closed'")
    op.create_index(
        "ix_theme_issue_open",
        "theme_issue",
        ["panel", "theme"],
        unique=True,
        sqlite_where=open_ones,
        postgresql_where=open_ones,
    )
    op.create_table(
        "theme_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.String(length=10), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False, server_default=""),
        sa.Column("answered", moment, nullable=True),
        sa.Column("proposed_by", sa.Integer(), nullable=True),
        sa.Column("agreed_by", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "body = 'panel' OR (proposed_by IS NOT NULL AND agreed_by IS NOT NULL "
            "AND agreed_by <> proposed_by)",
            name=op.f("ck_theme_step_two"),
        ),
        sa.CheckConstraint(
            "body IN ('panel', 'sub-group', 'board', 'project')", name=op.f("ck_theme_step_body")
        ),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["theme_issue.id"],
            name=op.f("fk_theme_step_issue_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_theme_step")),
        sa.UniqueConstraint("issue_id", "body", name=op.f("uq_theme_step_issue_id")),
    )
    op.create_table(
        "project",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("provider", sa.String(length=120), nullable=False),
        sa.Column("pounds", sa.Integer(), nullable=False),
        sa.Column("outcomes", sa.JSON(), nullable=False),
        sa.Column("targets", sa.JSON(), nullable=False),
        sa.Column("starts", sa.String(length=10), nullable=False),
        sa.Column("ends", sa.String(length=10), nullable=False),
        sa.Column("created", moment, nullable=False),
        sa.CheckConstraint("pounds >= 0", name=op.f("ck_project_pounds")),
        sa.ForeignKeyConstraint(["issue_id"], ["theme_issue.id"], name=op.f("fk_project_issue_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
        sa.UniqueConstraint("issue_id", name=op.f("uq_project_issue_id")),
    )
    op.create_table(
        "project_report",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("quarter", sa.String(length=7), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _NUMBERS),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed", moment, nullable=False),
        sa.CheckConstraint(
            " AND ".join(f"{name} >= 0" for name in _NUMBERS),
            name=op.f("ck_project_report_numbers"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.id"],
            name=op.f("fk_project_report_project_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("project_id", "quarter", name=op.f("pk_project_report")),
    )


def _gaps() -> None:
    # No table refers to this one yet, so SQLite can make it again.
    with op.batch_alter_table("gap") as gap:
        gap.add_column(sa.Column("level", sa.Integer(), nullable=True))
        gap.add_column(sa.Column("caf", sa.Boolean(), nullable=True))
        gap.add_column(sa.Column("families", sa.Integer(), nullable=False, server_default="1"))
        gap.add_column(sa.Column("theme", sa.String(length=40), nullable=False, server_default=""))
        gap.add_column(
            sa.Column("attends", sa.String(length=80), nullable=False, server_default="")
        )
        gap.add_column(sa.Column("panel", sa.String(length=60), nullable=False, server_default=""))
        gap.add_column(
            sa.Column("state", sa.String(length=10), nullable=False, server_default="open")
        )
        gap.add_column(
            sa.Column("meeting", sa.String(length=10), nullable=False, server_default="")
        )
        gap.add_column(
            sa.Column("meeting_day", sa.String(length=10), nullable=False, server_default="")
        )
        gap.add_column(sa.Column("reply", sa.Text(), nullable=False, server_default=""))
        gap.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
        gap.add_column(sa.Column("link_nonce", sa.LargeBinary(length=16), nullable=True))
        gap.add_column(sa.Column("link_hash", sa.LargeBinary(length=32), nullable=True))
        gap.add_column(sa.Column("issue_id", sa.Integer(), nullable=True))
        gap.create_check_constraint(
            op.f("ck_gap_state"),
            "state IN ('open', 'met', 'spent', 'more', 'escalated', 'no', 'withdrawn')",
        )
        gap.create_foreign_key(op.f("fk_gap_issue_id"), "theme_issue", ["issue_id"], ["id"])
    op.create_index("ix_gap_link", "gap", ["link_hash"], unique=True)
    op.create_index("ix_gap_panel", "gap", ["panel", "state"])


def _decisions() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "panel_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gap_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("link", sa.String(length=300), nullable=False),
        sa.Column("pounds", sa.Integer(), nullable=True),
        sa.Column("what_for", sa.String(length=200), nullable=False),
        sa.Column("provider", sa.String(length=120), nullable=False),
        sa.Column("how", sa.String(length=300), nullable=False, server_default=""),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed", moment, nullable=False),
        sa.Column("agreed_by", sa.Integer(), nullable=True),
        sa.Column("agreed", moment, nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('met', 'spend', 'more', 'escalate', 'no')",
            name=op.f("ck_panel_decision_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'made', 'dropped')", name=op.f("ck_panel_decision_state")
        ),
        sa.CheckConstraint("pounds IS NULL OR pounds > 0", name=op.f("ck_panel_decision_pounds")),
        sa.CheckConstraint(
            "agreed_by IS NULL OR agreed_by <> proposed_by", name=op.f("ck_panel_decision_two")
        ),
        sa.ForeignKeyConstraint(
            ["gap_id"], ["gap.id"], name=op.f("fk_panel_decision_gap_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel_decision")),
    )
    proposed = sa.text("state = 'proposed'")
    op.create_index(
        "ix_panel_decision_proposed",
        "panel_decision",
        ["gap_id"],
        unique=True,
        sqlite_where=proposed,
        postgresql_where=proposed,
    )
    op.create_index("ix_panel_decision_gap", "panel_decision", ["gap_id"])
    op.create_table(
        "panel_year",
        sa.Column("panel", sa.String(length=60), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("budget", sa.Integer(), nullable=False),
        sa.Column("spent", sa.Integer(), nullable=False),
        sa.CheckConstraint("spent >= 0 AND spent <= budget", name=op.f("ck_panel_year_spent")),
        sa.PrimaryKeyConstraint("panel", "year", name=op.f("pk_panel_year")),
    )


def _messages() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "panel_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gap_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due", moment, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("claimed", moment, nullable=True),
        sa.Column("claimant", sa.String(length=64), nullable=True),
        sa.Column("sent", moment, nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('owed', 'sending', 'sent', 'failed', 'dropped')",
            name=op.f("ck_panel_message_state"),
        ),
        sa.ForeignKeyConstraint(
            ["gap_id"], ["gap.id"], name=op.f("fk_panel_message_gap_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel_message")),
    )
    op.create_index("ix_panel_message_due", "panel_message", ["state", "due"])
    op.create_index("ix_panel_message_gap", "panel_message", ["gap_id"])
