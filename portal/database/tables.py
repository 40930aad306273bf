"""The tables of the live applications, and the values their columns may hold.

It is one file so that all of what the database holds can be read at once.

Adding a table takes a migration in `migrations/versions`: a test upgrades both databases from
every released version and compares the result with the tables declared here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(sa.TypeDecorator[datetime]):
    """A datetime with a time zone, stored in UTC. Naive datetimes are refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[Any], Any]:
        """Faster than the library's own: each booking has eleven moments."""
        # SQLite stores no time zone, so the text is in UTC and sorts; its format is the library's.
        return _as_text if dialect.name == "sqlite" else _aware

    def process_result_value(
        self,
        value: datetime | None,
        dialect: sa.Dialect,  # noqa: ARG002  the library's signature
    ) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _aware(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return value


def _as_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


STATUSES = ("requested", "confirmed", "waiting", "offered", "cancelled", "lapsed", "declined")
LIVE = ("requested", "confirmed", "waiting", "offered")
HOLDING = ("confirmed", "offered")

# Something that can be booked: a whole series (planned is ''), or one session by its planned date.
bookable = Table(
    "bookable",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("series", String(200), nullable=False),
    Column("planned", String(10), nullable=False),
    Column("places", Integer, nullable=False),
    # The upper limit of `held` in the constraint. It equals `places`, except where the places were
    # lowered below what was held already: then it falls with `held` until it equals `places`.
    Column("allowed", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),  # parties on the waiting list
    Column("last_number", Integer, nullable=False),  # the last number given out on it
    UniqueConstraint("series", "planned"),
    CheckConstraint("held >= 0 AND held <= allowed", name="held"),
    CheckConstraint("waiting >= 0", name="waiting"),
)

booking = Table(
    "booking",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bookable_id", ForeignKey("bookable.id"), nullable=False),
    Column(
        "reference", String(9), nullable=False, unique=True
    ),  # read out; gives access to nothing
    Column("key_hash", LargeBinary(32), nullable=False, unique=True),  # of the idempotency key
    Column("link_nonce", LargeBinary(16), nullable=False),  # with the secret, makes the link
    Column("link_hash", LargeBinary(32), nullable=False, unique=True),
    Column("calendar_id", String(32), nullable=False),  # its UID in the family's calendar
    Column("revision", Integer, nullable=False),  # SEQUENCE of that entry
    Column("status", String(10), nullable=False),
    Column("way", String(10), nullable=False),  # book, request or referral
    Column("people", Integer, nullable=False),
    Column("places", Integer, nullable=False),  # how many it claims
    Column("number", Integer),  # its number on the waiting list
    Column(
        "passed", Integer, nullable=False
    ),  # how often a smaller party was offered a place first
    Column("offered_until", Moment),
    Column("twin", Boolean, nullable=False),  # the same contact has another booking here
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("ends", Moment),  # the end of its last session: personal data is erased by it
    Column(
        "reason", Text, nullable=False, server_default=""
    ),  # why staff declined or cancelled, for the family
    Column("was", String(10), nullable=False, server_default=""),  # its status before it ended
    Column("moved_from", Integer),  # the booking that the family gave up for this one
    # When it got its place, if it had to wait for it or ask. It stays when the booking ends.
    Column("placed", Moment),
    CheckConstraint(f"status IN {STATUSES}", name="status"),
    CheckConstraint("places >= 1 AND people >= 1", name="places"),
    Index("ix_booking_queue", "bookable_id", "status", "number"),
    Index("ix_booking_offered", "status", "offered_until"),
    Index("ix_booking_moved_from", "moved_from"),
)

# The person who booked. Separate from the booking, because it is erased by date and the booking is
# not.
person = Table(
    "person",
    metadata,
    Column("booking_id", ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("email", String(254)),
    Column("phone", String(30)),
    Column("contact_by", String(10), nullable=False),
    Column("safe_to_contact", Boolean, nullable=False),
    # Whether its text messages may say what, when and where (S86).
    Column("full_texts", Boolean, nullable=False, server_default=false()),
    Column("contact_hash", LargeBinary(32)),
    Column("children", JSON, nullable=False),  # ages in words, never birth dates
    Column("notes", Text, nullable=False),
    Column("answers", JSON, nullable=False),  # to the programme's own questions
    Column("remark", Text, nullable=False, server_default=""),  # what staff noted
    Index("ix_person_contact", "contact_hash"),
)

# Access and language needs: health data, erased first.
need = Table(
    "need",
    metadata,
    Column("booking_id", ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True),
    Column("access", Text, nullable=False),
    Column("language", Text, nullable=False),
)

# The creche of what is booked: its places, for children. The columns count as those of `bookable`.
creche = Table(
    "creche",
    metadata,
    Column("bookable_id", ForeignKey("bookable.id"), primary_key=True, autoincrement=False),
    Column("places", Integer, nullable=False),
    Column("allowed", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),  # families on its waiting list
    Column("last_number", Integer, nullable=False),
    CheckConstraint("held >= 0 AND held <= allowed", name="held"),
    CheckConstraint("waiting >= 0", name="waiting"),
)

# What a family asked for in the creche. `asked`: it has no place in the group yet. `waiting`: it
# has one, and waits for the creche. `held`: its children have places. `ended`: its booking ended.
CRECHE_STATES = ("asked", "waiting", "held", "ended")
creche_place = Table(
    "creche_place",
    metadata,
    Column("booking_id", ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True),
    Column("children", Integer, nullable=False),
    Column("ages", JSON, nullable=False),  # in words, as in `person`; erased with it
    Column("state", String(10), nullable=False),
    Column("number", Integer),  # its number on the waiting list
    Column("passed", Integer, nullable=False),  # how often a smaller family got a place first
    CheckConstraint(f"state IN {CRECHE_STATES}", name="state"),
    CheckConstraint("children >= 1", name="children"),
    Index("ix_creche_place_state", "state"),
)

# A request for support as staff work on it, from the form to its end: one for each booking that was
# asked for. It names nobody. `footprint` is its queue ('' where the content has no such area any
# more), `centre` the centre it belongs to, '' until it is known.
CASE_STATES = ("new", "triage", "allocated", "working", "reviewed", "closed", "declined")
OPEN_CASES = ("new", "triage", "allocated", "working", "reviewed")
NEXT_STEPS = ("", "place", "group", "support", "other", "ask")
CLOSE_REASONS = (
    "", "place", "group", "other", "level", "done", "down", "up", "stopped", "unreached", "erased",
)  # fmt: skip
support_case = Table(
    "support_case",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("booking_id", ForeignKey("booking.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("footprint", String(60), nullable=False),
    Column("centre", String(100), nullable=False),
    Column("state", String(10), nullable=False),
    Column("level", Integer),  # of need, as the levels of site.yaml: 1 is the first
    Column("next_step", String(10), nullable=False, server_default=""),
    Column("worker_id", Integer),  # the id of the account that the case is allocated to
    # The Lead Professional, where that is not the worker.
    Column("lead_role", String(80), nullable=False, server_default=""),
    Column("lead_organisation", String(120), nullable=False, server_default=""),
    Column("received", Moment, nullable=False),
    Column("triaged", Moment),
    Column("allocated", Moment),
    Column("contacted", Moment),  # the first contact with the family
    Column("starts", String(10), nullable=False, server_default=""),  # the first day of the plan
    Column("first_review", String(10), nullable=False, server_default=""),  # after 6 weeks
    Column("last_review", String(10), nullable=False, server_default=""),  # after 12 weeks
    Column("first_reviewed", Moment),  # when the first review was noted
    Column("reviewed", Moment),  # when the last review was noted
    Column("closed", Moment),
    Column("close_reason", String(10), nullable=False, server_default=""),
    Column("version", Integer, nullable=False),  # incremented by each change of the row
    Column("changed", Moment, nullable=False),
    CheckConstraint(f"state IN {CASE_STATES}", name="state"),
    CheckConstraint(f"next_step IN {NEXT_STEPS}", name="next_step"),
    CheckConstraint(f"close_reason IN {CLOSE_REASONS}", name="close_reason"),
    CheckConstraint("level IS NULL OR level BETWEEN 1 AND 4", name="level"),
    CheckConstraint(
        "state NOT IN ('allocated', 'working', 'reviewed') OR worker_id IS NOT NULL", name="worker"
    ),
    Index("ix_support_case_queue", "state", "footprint"),
    Index("ix_support_case_worker", "worker_id", "state"),
)

# The goals of a plan, in the words of the family: erased with it.
GOAL_BY = ("family", "worker", "other")
plan_goal = Table(
    "plan_goal",
    metadata,
    Column("case_id", ForeignKey("support_case.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("goal", String(200), nullable=False),
    Column("step", String(200), nullable=False),  # what is done for it
    Column("who", String(10), nullable=False),  # does it
    Column("role", String(80), nullable=False, server_default=""),  # of somebody else: never a name
    Column("due", String(10), nullable=False),  # by which day
    Column("done", Boolean, nullable=False),
    CheckConstraint(f"who IN {GOAL_BY}", name="who"),
    CheckConstraint("number BETWEEN 1 AND 6", name="number"),
)

# How the family stands on each of the five outcomes, from 1 to 10, before and after.
case_outcome = Table(
    "case_outcome",
    metadata,
    Column("case_id", ForeignKey("support_case.id", ondelete="CASCADE"), primary_key=True),
    Column("outcome", Integer, primary_key=True, autoincrement=False),
    Column("score_before", Integer),
    Column("score_after", Integer),
    CheckConstraint("outcome BETWEEN 1 AND 5", name="outcome"),
    CheckConstraint("score_before IS NULL OR score_before BETWEEN 1 AND 10", name="before"),
    CheckConstraint("score_after IS NULL OR score_after BETWEEN 1 AND 10", name="after"),
)

# The professional who made the request, and the family's consent.
referral = Table(
    "referral",
    metadata,
    Column("booking_id", ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("role", String(80), nullable=False),
    Column("organisation", String(120), nullable=False),
    Column("email", String(254)),
    Column("phone", String(30)),
    Column("consent", Boolean, nullable=False),
    Column("consented", Moment, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("tried", Text, nullable=False, server_default=""),
    # If the family agreed that the professional may see whether it came: when, and the link (S88).
    Column("outcome_agreed", Moment),
    Column("outcome_nonce", LargeBinary(16)),  # with the secret, makes the link
    Column("outcome_hash", LargeBinary(32)),
    CheckConstraint("consent", name="consent"),
    Index("ix_referral_outcome", "outcome_hash", unique=True),
)

# The attendance of a booking at one session. Without a row the family is expected. Names nobody.
attendance = Table(
    "attendance",
    metadata,
    Column("booking_id", ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True),
    Column("planned", String(10), primary_key=True),
    Column("mark", String(10), nullable=False),
    Column("version", Integer, nullable=False),  # incremented by each change of the row
    Column("changed", Moment, nullable=False),
    CheckConstraint("mark IN ('expected', 'came', 'apologies', 'absent')", name="mark"),
)

# Walk-ins at a session, as numbers only.
walk_in = Table(
    "walk_in",
    metadata,
    Column("series", String(200), primary_key=True),
    Column("planned", String(10), primary_key=True),
    Column("families", Integer, nullable=False),
    Column("children", Integer, nullable=False),
    Column("adults", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed", Moment, nullable=False),
    CheckConstraint("families >= 0 AND children >= 0 AND adults >= 0", name="numbers"),
)

# How many people workers spoke to on outreach at a session, as numbers only (S99).
contact_count = Table(
    "contact_count",
    metadata,
    Column("series", String(200), primary_key=True),
    Column("planned", String(10), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("band", String(20), primary_key=True),  # of AGE_BANDS; '' for parents
    Column("number", Integer, nullable=False),
    CheckConstraint("number >= 0", name="number"),
    CheckConstraint("kind IN ('young', 'parents')", name="kind"),
)

# The forms that were counted, so that a form which arrives twice counts once.
contact_press = Table(
    "contact_press",
    metadata,
    Column("key_hash", LargeBinary(32), primary_key=True),
    Column("made", Moment, nullable=False),
)

# A message from staff to a group of families, shown on each one's own page. Of a centre, `series`
# is ''; `planned` is the date of a session, or of a waiting list for one.
notice = Table(
    "notice",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("series", String(200), nullable=False),
    Column("planned", String(10), nullable=False),
    Column("words", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("kind", String(10), nullable=False, server_default="session"),
    Column("centre", String(80), nullable=False, server_default=""),
    Column("actor", String(64), nullable=False, server_default=""),
    Column("notified", Integer, nullable=False, server_default="0"),
    Column("to_ring", Integer, nullable=False, server_default="0"),
    Column("key", String(64)),  # of the form: a form that is sent twice sends one message
    Index("ix_notice_series", "series", "planned"),
    Index("ix_notice_key", "key", unique=True),
)

GAP_STATES = ("open", "met", "spent", "more", "escalated", "no", "withdrawn")
# A practitioner's Gap in Service form: a need that no local service meets. It names no family.
gap = Table(
    "gap",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key_hash", LargeBinary(32), nullable=False, unique=True),
    Column("reference", String(9), nullable=False, unique=True),
    Column("district", String(60), nullable=False),
    Column("needs", JSON, nullable=False),
    Column("wanted", Text, nullable=False),
    Column("tried", Text, nullable=False),
    Column("pounds", Integer),
    Column("name", String(80), nullable=False),
    Column("organisation", String(120), nullable=False),
    Column("email", String(254), nullable=False),
    Column("created", Moment, nullable=False),
    # What the Resource Panel needs to decide. `panel` is the district of the panel, '' where the
    # district has none: then the gap goes to the manager of the footprint.
    Column("level", Integer),
    Column("caf", Boolean),  # whether a CAF is in place
    Column("families", Integer, nullable=False, server_default="1"),
    Column("theme", String(40), nullable=False, server_default=""),
    Column("attends", String(80), nullable=False, server_default=""),  # who comes to the panel
    Column("panel", String(60), nullable=False, server_default=""),
    Column("state", String(10), nullable=False, server_default="open"),
    Column("meeting", String(10), nullable=False, server_default=""),  # of whose agenda it is
    # The day of that meeting, as the last message to the practitioner said it.
    Column("meeting_day", String(10), nullable=False, server_default=""),
    Column("reply", Text, nullable=False, server_default=""),  # to what the panel asked
    Column("version", Integer, nullable=False, server_default="0"),
    Column("link_nonce", LargeBinary(16)),  # with the secret, makes the practitioner's link
    Column("link_hash", LargeBinary(32)),
    Column("issue_id", ForeignKey("theme_issue.id")),  # the thematic issue that it is part of
    CheckConstraint(f"state IN {GAP_STATES}", name="state"),
    Index("ix_gap_link", "link_hash", unique=True),
    Index("ix_gap_panel", "panel", "state"),
)

DECISIONS = ("met", "spend", "more", "escalate", "no")
DECISION_STATES = ("proposed", "made", "dropped")
# A decision of the panel: one member proposes it, another one agrees. Then it is made.
panel_decision = Table(
    "panel_decision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("gap_id", ForeignKey("gap.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("state", String(10), nullable=False),
    Column("link", String(300), nullable=False),  # met: the page of what there is
    Column("pounds", Integer),  # spend
    Column("what_for", String(200), nullable=False),
    Column("provider", String(120), nullable=False),
    Column("how", String(300), nullable=False, server_default=""),  # the family gets it
    Column("words", Text, nullable=False),  # the answer to the practitioner
    Column("proposed_by", Integer, nullable=False),  # the id of the account
    Column("proposed", Moment, nullable=False),
    Column("agreed_by", Integer),
    Column("agreed", Moment),
    Column("year", Integer),  # the financial year whose budget it takes from: 2026 is 2026-27
    CheckConstraint(f"kind IN {DECISIONS}", name="kind"),
    CheckConstraint(f"state IN {DECISION_STATES}", name="state"),
    CheckConstraint("pounds IS NULL OR pounds > 0", name="pounds"),
    CheckConstraint("agreed_by IS NULL OR agreed_by <> proposed_by", name="two"),
    # One proposal at a time.
    Index(
        "ix_panel_decision_proposed",
        "gap_id",
        unique=True,
        sqlite_where=sa.text("state = 'proposed'"),
        postgresql_where=sa.text("state = 'proposed'"),
    ),
    Index("ix_panel_decision_gap", "gap_id"),
)

# The money of a panel in a financial year. `budget` is that of the content, or what was spent
# already where the content lowers it below that.
panel_year = Table(
    "panel_year",
    metadata,
    Column("panel", String(60), primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("budget", Integer, nullable=False),
    Column("spent", Integer, nullable=False),
    CheckConstraint("spent >= 0 AND spent <= budget", name="spent"),
)

# A theme that several gaps share: it goes from the panel to the Sub Group, then to the Board.
THEME_STATES = ("panel", "sub-group", "board", "project", "closed")
theme_issue = Table(
    "theme_issue",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("panel", String(60), nullable=False),
    Column("theme", String(40), nullable=False),
    Column("state", String(10), nullable=False),
    Column("raised", Moment, nullable=False),
    Column("closed", Moment),
    Column("version", Integer, nullable=False),
    # The next step, which a member has proposed and another one has to agree.
    Column("proposal", JSON(none_as_null=True)),
    Column("proposed_by", Integer),
    Column("proposed", Moment),
    CheckConstraint(f"state IN {THEME_STATES}", name="state"),
    # One open issue for a theme.
    Index(
        "ix_theme_issue_open",
        "panel",
        "theme",
        unique=True,
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    ),
)

# The steps of a thematic issue: which body has it from which day, who answers for it, and what it
# answered. The step of a project is answered with what came of it.
theme_step = Table(
    "theme_step",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("issue_id", ForeignKey("theme_issue.id", ondelete="CASCADE"), nullable=False),
    Column("body", String(10), nullable=False),
    Column("day", String(10), nullable=False),
    Column("owner", String(80), nullable=False),  # a role
    Column("answer", Text, nullable=False, server_default=""),
    Column("answered", Moment),
    Column("proposed_by", Integer),  # accounts; the first step has none
    Column("agreed_by", Integer),
    CheckConstraint(
        "body = 'panel' OR (proposed_by IS NOT NULL AND agreed_by IS NOT NULL "
        "AND agreed_by <> proposed_by)",
        name="two",
    ),
    CheckConstraint("body IN ('panel', 'sub-group', 'board', 'project')", name="body"),
    UniqueConstraint("issue_id", "body"),
)

# A small project that a thematic issue ended in, under an agreement with a provider.
project = Table(
    "project",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("issue_id", ForeignKey("theme_issue.id"), nullable=False, unique=True),
    Column("title", String(120), nullable=False),
    Column("provider", String(120), nullable=False),
    Column("pounds", Integer, nullable=False),
    Column("outcomes", JSON, nullable=False),  # what was agreed, a line each
    Column("targets", JSON, nullable=False),  # the numbers of a report that were agreed, by name
    Column("starts", String(10), nullable=False),
    Column("ends", String(10), nullable=False),
    Column("created", Moment, nullable=False),
    CheckConstraint("pounds >= 0", name="pounds"),
)

# What a project reports for a quarter ('2026-Q4'): numbers alone.
PROJECT_NUMBERS = (
    "families", "people", "with_caf",
    "attendance_better", "attendance_same", "attendance_worse",
    "behaviour_better", "behaviour_same", "behaviour_worse",
)  # fmt: skip
project_report = Table(
    "project_report",
    metadata,
    Column("project_id", ForeignKey("project.id", ondelete="CASCADE"), primary_key=True),
    Column("quarter", String(7), primary_key=True),
    *(Column(name, Integer, nullable=False) for name in PROJECT_NUMBERS),
    Column("version", Integer, nullable=False),
    Column("changed", Moment, nullable=False),
    CheckConstraint(" AND ".join(f"{name} >= 0" for name in PROJECT_NUMBERS), name="numbers"),
)

# The outbox of the panel, to practitioners. The address is looked up when the message is sent.
PANEL_MESSAGE_STATES = ("owed", "sending", "sent", "failed", "dropped")
panel_message = Table(
    "panel_message",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("gap_id", ForeignKey("gap.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(30), nullable=False),
    Column("about", JSON, nullable=False),
    Column("state", String(10), nullable=False),
    Column("due", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("claimed", Moment),
    Column("claimant", String(64)),
    Column("sent", Moment),
    Column("trouble", Text),  # why the last attempt failed
    CheckConstraint(f"state IN {PANEL_MESSAGE_STATES}", name="state"),
    Index("ix_panel_message_due", "state", "due"),
    Index("ix_panel_message_gap", "gap_id"),
)

# A complaint about how we use somebody's data, with how it is safe to answer it.
complaint = Table(
    "complaint",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key_hash", LargeBinary(32), nullable=False, unique=True),
    Column("reference", String(9), nullable=False, unique=True),
    Column("name", String(80), nullable=False),
    Column("email", String(254)),
    Column("phone", String(30)),
    Column("contact_by", String(10), nullable=False),
    Column("safe_to_contact", Boolean, nullable=False),
    Column("safe_time", String(100), nullable=False),
    Column("words", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("answered", Moment),
    Column("district", String(60), nullable=False, server_default=""),  # '' if none was named
)

MESSAGE_STATES = ("owed", "sending", "sent", "failed", "dropped", "ring", "rung")
# The outbox. The address is looked up when the message is sent, so that it is stored only once.
message = Table(
    "message",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("booking_id", ForeignKey("booking.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(30), nullable=False),
    Column("about", JSON, nullable=False),  # what the text needs besides the booking
    Column("state", String(10), nullable=False),  # ring: staff must tell the family; rung: told
    Column("due", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("claimed", Moment),
    Column("claimant", String(64)),  # the worker that sends it, or who told the family
    Column("sent", Moment),
    Column("trouble", Text),  # why the last attempt failed
    Column("receipt", String(200)),  # the channel's own reference
    Column("created", Moment, nullable=False),
    CheckConstraint(f"state IN {MESSAGE_STATES}", name="state"),
    Index("ix_message_due", "state", "due"),
    Index("ix_message_booking", "booking_id"),
)

# What was last announced to families about each booked session, so that each change is announced
# once.
told = Table(
    "told",
    metadata,
    Column("series", String(200), primary_key=True),
    Column("planned", String(10), primary_key=True),
    Column("words", String(64), nullable=False),  # a digest of what was announced
    Column("told", Moment, nullable=False),
    Column("facts", JSON, nullable=False, server_default="{}"),  # when and where; {} in old rows
)

# The publications of the content, each with other content than the one before.
generation = Table(
    "generation",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("edition", String(64), nullable=False),  # the digest of its content files
    Column("built", Moment, nullable=False),  # when its site was built
    Column("published", Moment, nullable=False),
    Column("publisher", String(120), nullable=False),  # the account and machine
)

# The rule by which each series of the newest generation is booked, as a digest.
series_rule = Table(
    "series_rule",
    metadata,
    Column("series", String(200), primary_key=True),
    Column("rule", String(64), nullable=False),
    Column("generation", Integer, nullable=False),  # the one that last changed it
)

# The latest stamp of each series' calendar entries that any machine has published. Revision numbers
# (SEQUENCE) are made from them, and must not fall.
calendar_stamp = Table(
    "calendar_stamp",
    metadata,
    Column("uid", String(500), primary_key=True),
    Column("changed", Moment, nullable=False),
    Column("digest", String(64), nullable=False),  # of what the entries say
)

# The audit log: who did what, without personal data.
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", String(60), nullable=False),  # family, professional, clock, staff:<id>
    Column("did", String(40), nullable=False),
    Column("booking_id", Integer),
    Column("series", String(200)),
    Column("detail", JSON, nullable=False),
    Index("ix_audit_booking", "booking_id"),
    Index("ix_audit_at", "at"),
)

# The bookings whose families a page or a file showed: one line of the log for all of them. Like the
# line, it names nobody, and it is deleted with the line.
read_of = Table(
    "read_of",
    metadata,
    Column("audit_id", ForeignKey("audit.id", ondelete="CASCADE"), primary_key=True),
    Column("booking_id", Integer, primary_key=True),
    Index("ix_read_of_booking", "booking_id"),
)

# Token buckets, keyed by a salted hash of what is limited.
bucket = Table(
    "bucket",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("tokens", sa.Float, nullable=False),
    Column("at", Moment, nullable=False),
)

# Staff accounts. When somebody leaves, the row stays without its credentials, so that the log can
# still name the person; it is deleted together with the log.
ROLES = ("worker", "editor", "reader", "panel", "manager", "administrator")
staff = Table(
    "staff",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(254), nullable=False, unique=True),  # an email address, in lower case
    Column("title", String(80), nullable=False),  # the person's name
    Column("role", String(20), nullable=False),
    Column("centres", JSON, nullable=False),  # slugs: of a worker, an editor or a reader
    Column("footprint", String(60)),  # of a manager, or of a reader without centres
    Column("panels", JSON, nullable=False, server_default="[]"),  # districts of Resource Panels
    Column("password", String(200)),  # an Argon2id hash
    Column("factor", LargeBinary(16)),  # with the secret, makes the key of the one-time codes
    Column("factor_step", Integer),  # the time step of the last code: each works once
    Column("invitation_hash", LargeBinary(32), unique=True),
    Column("invited_until", Moment),
    Column("created", Moment, nullable=False),
    Column("seen", Moment),  # the last sign-in
    Column("removed", Moment),
    CheckConstraint(f"role IN {ROLES}", name="role"),
)

# Recovery codes, each good for one sign-in without the second factor. A used one is deleted.
staff_code = Table(
    "staff_code",
    metadata,
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True),
    Column("code_hash", LargeBinary(32), primary_key=True),
)

# Sign-in sessions. The browser holds the token, the table its hash.
staff_session = Table(
    "staff_session",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
    Column("whole", Boolean, nullable=False),  # whether the second factor was checked too
    Column("began", Moment, nullable=False),
    Column("seen", Moment, nullable=False),
    Index("ix_staff_session_staff", "staff_id"),
)

# Forms that staff sent after their visit had ended: for an hour at most.
kept_form = Table(
    "kept_form",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
    Column("path", Text, nullable=False),
    Column("what", String(100), nullable=False),
    Column("fields", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_kept_form_staff", "staff_id"),
)

# Changes to the content that staff have begun in a browser. One for each person and centre is open.
DRAFT_STATES = ("draft", "review", "back", "published", "dropped")
OPEN_DRAFTS = ("draft", "review", "back")
content_draft = Table(
    "content_draft",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
    Column("centre", String(100), nullable=False),
    Column("state", String(10), nullable=False),
    Column("words", Text, nullable=False, server_default=""),  # of who sent it back
    Column("changed", Moment, nullable=False),
    CheckConstraint(f"state IN {DRAFT_STATES}", name="state"),
    Index(
        "ix_content_draft_open",
        "staff_id",
        "centre",
        unique=True,
        sqlite_where=sa.text(f"state IN {OPEN_DRAFTS}"),
        postgresql_where=sa.text(f"state IN {OPEN_DRAFTS}"),
    ),
    Index("ix_content_draft_centre", "centre"),
)

# The files of a draft: as they were when the change was begun (NULL: no file), and as they are to
# be (NULL: deleted).
content_draft_file = Table(
    "content_draft_file",
    metadata,
    Column("draft_id", ForeignKey("content_draft.id", ondelete="CASCADE"), primary_key=True),
    Column("path", String(300), primary_key=True),
    Column("before", LargeBinary),
    Column("after", LargeBinary),
)

# The browsers that have signed in to an account: they have an allowance of attempts of their own.
staff_device = Table(
    "staff_device",
    metadata,
    Column("device_hash", LargeBinary(32), primary_key=True),
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True),
    Column("seen", Moment, nullable=False),  # the last sign-in
)

# Recent attempts to sign in, by a keyed hash of what is limited.
sign_in_tries = Table(
    "sign_in_tries",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("moments", JSON, nullable=False),  # in seconds since 1970
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE")),  # whose account is locked
    Column("network", String(60), nullable=False),  # the network that is locked
    Column("until", Moment),  # the end of the lock
    Column("refused", Integer, nullable=False),  # attempts refused during the lock
    Column("at", Moment, nullable=False),  # the last attempt that counts
)

# One week of one centre: its staff are asked whether what the site says of it is right.
week = Table(
    "week",
    metadata,
    Column("centre", String(100), primary_key=True),
    Column("monday", String(10), primary_key=True),
    Column("asked", Moment, nullable=False),
    Column("ticked", Moment),  # when somebody said that all is right
    Column("ticked_by", Integer),  # the id of the account
    Column("trouble", Text, nullable=False, server_default=""),  # why the page does not say so
)

# The emails that ask: the outbox of weeks. Each link is good for one answer.
WEEK_LINK_STATES = ("owed", "sending", "sent", "failed")
WEEK_ANSWERS = ("", "right", "off")
week_link = Table(
    "week_link",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("centre", String(100), nullable=False),
    Column("monday", String(10), nullable=False),
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
    Column("nonce", LargeBinary(16), nullable=False),  # with the secret, makes the link
    Column("link_hash", LargeBinary(32), nullable=False, unique=True),
    Column("digest", String(64), nullable=False, server_default=""),  # of the week that was sent
    Column("state", String(10), nullable=False),
    Column("due", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("claimed", Moment),
    Column("claimant", String(64)),
    Column("trouble", Text),  # why the last attempt failed
    Column("answer", String(10), nullable=False, server_default=""),
    Column("used", Moment),
    UniqueConstraint("centre", "monday", "staff_id"),
    CheckConstraint(f"state IN {WEEK_LINK_STATES}", name="state"),
    CheckConstraint(f"answer IN {WEEK_ANSWERS}", name="answer"),
    Index("ix_week_link_due", "state", "due"),
)

# What is off in a week, open until somebody closes it.
week_report = Table(
    "week_report",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("centre", String(100), nullable=False),
    Column("monday", String(10), nullable=False),
    Column("staff_id", Integer, nullable=False),  # who said so
    Column("sessions", JSON, nullable=False),  # in words, as they were shown
    Column("words", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("closed", Moment),
    Column("closed_by", Integer),
    Index("ix_week_report_centre", "centre", "closed"),
)

# The wish of a family to hear when a programme starts again near it. It holds no name and no
# address: `near` is a town, a centre or a postcode sector, and the position is that of its middle.
# `open`: it waits for a run. `asked`: it was sent its message, and asked whether to go on.
# `ended`: the family stopped it, and its contact is erased.
WISH_STATES = ("open", "asked", "ended")
wish = Table(
    "wish",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key_hash", LargeBinary(32), nullable=False, unique=True),  # of the last form
    Column("reference", String(9), nullable=False, unique=True),
    Column("programme", String(80), nullable=False),
    Column("ages", JSON, nullable=False),  # as the finder writes them: '2', '8 months', 'pregnancy'
    Column("near", String(100), nullable=False),
    Column("latitude", sa.Float, nullable=False),
    Column("longitude", sa.Float, nullable=False),
    Column("district", String(60), nullable=False),  # '' outside the county
    Column("email", String(254)),
    Column("phone", String(30)),
    Column("contact_by", String(10), nullable=False),
    Column("safe_to_contact", Boolean, nullable=False),
    Column("contact_hash", LargeBinary(32)),
    Column("link_nonce", LargeBinary(16), nullable=False),  # with the secret, makes the link
    Column("link_hash", LargeBinary(32), nullable=False, unique=True),
    Column("state", String(10), nullable=False),
    Column("made", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("last_told", Moment),
    UniqueConstraint("programme", "contact_hash"),  # one person has one wish for a programme
    CheckConstraint(f"state IN {WISH_STATES}", name="state"),
    Index("ix_wish_state", "state", "programme"),
)

# The runs that a wish does not wait for: those with a place when it was made (`told` is NULL), and
# those that a message was about.
wish_run = Table(
    "wish_run",
    metadata,
    Column("wish_id", ForeignKey("wish.id", ondelete="CASCADE"), primary_key=True),
    Column("series", String(200), primary_key=True),
    Column("told", Moment),
)

# The outbox of wishes. The address is looked up when the message is sent.
WISH_MESSAGE_STATES = ("owed", "sending", "sent", "failed", "dropped")
wish_message = Table(
    "wish_message",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("wish_id", ForeignKey("wish.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(30), nullable=False),
    Column("runs", JSON, nullable=False),  # the identities of the series that it is about
    Column("state", String(10), nullable=False),
    Column("due", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("claimed", Moment),
    Column("claimant", String(64)),
    Column("sent", Moment),
    Column("trouble", Text),  # why the last attempt failed
    CheckConstraint(f"state IN {WISH_MESSAGE_STATES}", name="state"),
    Index("ix_wish_message_due", "state", "due"),
    Index("ix_wish_message_wish", "wish_id"),
)

# What was planned and held on one date of a series, as it was when the day was over. A file may
# change or go later; reports of past quarters keep what was true. No personal data.
session_record = Table(
    "session_record",
    metadata,
    Column("series", String(200), primary_key=True),
    Column("planned", String(10), primary_key=True),
    Column("day", String(10), nullable=False),  # on which it was or would have been
    Column("minutes", Integer, nullable=False),
    Column("held", Boolean, nullable=False),  # not cancelled, nor postponed without a new date
    Column("places", Integer),  # how many it had; NULL where there is no limit
    Column("programme", String(100), nullable=False),
    Column("centre", String(100), nullable=False),
    Column("district", String(60), nullable=False),
    Column("footprint", String(60), nullable=False),
    Column("offer", String(40), nullable=False),
    Column("level", String(20), nullable=False),  # '' where no level is given
    Column("outcomes", JSON, nullable=False),  # numbers of the Outcomes Framework
    Column("needs", JSON, nullable=False),  # priority groups
    Column("sensitive", Boolean, nullable=False),
    Column("changed", Moment, nullable=False),
    CheckConstraint("minutes >= 0", name="minutes"),
    Index("ix_session_record_day", "day"),
)

# That this database holds an invented year, made by `portal demo`: one row, or none.
sample_year = Table(
    "sample_year",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seed", Integer, nullable=False),
    Column("made", Moment, nullable=False),
    CheckConstraint("id = 1", name="id"),
)

# One set of answers to the consultation of a board: choices alone, never a name or free text.
consultation_answer = Table(
    "consultation_answer",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key_hash", LargeBinary(32), nullable=False, unique=True),
    Column("board", String(60), nullable=False),
    Column("consultation", String(60), nullable=False),
    Column("district", String(60), nullable=False),  # '' if none was chosen
    Column("age_band", String(20), nullable=False),  # of the form; '' if none was chosen
    Column("answers", JSON, nullable=False),  # the chosen option by the name of its question
    Column("extra", Boolean, nullable=False),  # its network had sent several before on that day
    Column("created", Moment, nullable=False),
    Index("ix_consultation_answer_board", "board", "consultation"),
)

# How long staff rows are kept.
IDLE = timedelta(minutes=30)  # a session ends this long after the last request
WHOLE = timedelta(hours=8)  # and this long after it began
REMEMBERED = timedelta(hours=24)  # what its browser sends later is kept for the account
DEVICE_FOR = timedelta(days=90)  # a device is known this long after its last sign-in
KEPT_FOR = timedelta(days=365)  # the log, and the removed accounts it names
