"""What members propose for a theme: to take it to the body above, or to end it in a project (S95).

What it hides: one member proposes a step and another one agrees. Nobody agrees what they proposed,
and the database refuses a step that one member made alone. A theme has one proposal at a time, and
any other change of the theme drops it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, select

from portal.bookings.locking import NotPossible
from portal.database import note, read, write
from portal.database.tables import theme_issue
from portal.panel import projects, themes
from portal.panel.projects import Agreement


@dataclass(frozen=True, slots=True)
class Up:
    """To take a theme to the body above on a day, with the answer of the body that has it."""

    answer: str
    owner: str
    day: date


@dataclass(frozen=True, slots=True)
class Begin:
    """To end a theme in a project, with the answer of the body that has it."""

    answer: str
    agreement: Agreement


Step = Up | Begin
_STEP: TypeAdapter[Step] = TypeAdapter(Step)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A step that waits for another member. `by` is an account."""

    step: Step
    by: int
    proposed: datetime


def propose(
    engine: Engine, issue_id: int, step: Step, *, seen: int, by: int, now: datetime
) -> None:
    """Propose a step for a theme, which is at the version that was `seen`. Raises NotPossible."""
    words = _STEP.dump_python(step, mode="json")

    def work(connection: Connection) -> None:
        mine = select(theme_issue).where(theme_issue.c.id == issue_id).with_for_update()
        known = connection.execute(mine).first()
        if known is not None and (known.proposed_by, known.proposal) == (by, words):
            return  # pressed twice
        row = themes.locked(connection, issue_id, seen)
        if row.proposed_by is not None:
            raise NotPossible("A member has proposed something already. Look at the theme again.")
        if isinstance(step, Up):
            themes.check_up(connection, row, step.day, now)
        else:
            projects.check(connection, row, step.agreement, now)
        themes.change(connection, row, proposal=words, proposed_by=by, proposed=now)
        identity = themes.identity_of(row.panel)
        note(connection, now, f"staff:{by}", "propose theme", None, identity, issue=issue_id)

    write(engine, work)


def agree(engine: Engine, issue_id: int, *, seen: int, by: int, now: datetime) -> None:
    """Make the step that another member proposed. Raises NotPossible."""

    def work(connection: Connection) -> None:
        if themes.agreed_by(connection, issue_id) == by:
            return  # pressed twice
        row = themes.locked(connection, issue_id, seen)
        if row.proposed_by is None:
            raise NotPossible("Nothing is proposed any more.")
        if row.proposed_by == by:
            raise NotPossible("Another member has to agree, because you proposed this yourself.")
        step, members = _STEP.validate_python(row.proposal), (row.proposed_by, by)
        given: dict[str, Any] = {"answer": step.answer, "members": members, "now": now}
        if isinstance(step, Up):
            themes.take_up(connection, row, owner=step.owner, day=step.day, **given)
        else:
            projects.begin(connection, row, step.agreement, **given)

    write(engine, work)


def drop(engine: Engine, issue_id: int, *, seen: int, by: int, now: datetime) -> None:
    """Drop what is proposed for a theme. Raises NotPossible."""

    def work(connection: Connection) -> None:
        row = themes.locked(connection, issue_id, seen)
        if row.proposed_by is None:
            raise NotPossible("Nothing is proposed any more.")
        themes.change(connection, row)
        identity = themes.identity_of(row.panel)
        note(connection, now, f"staff:{by}", "drop theme", None, identity, issue=issue_id)

    write(engine, work)


def proposal_of(engine: Engine, issue_id: int) -> Proposal | None:
    """What waits for another member."""
    with read(engine) as connection:
        row = connection.execute(select(theme_issue).where(theme_issue.c.id == issue_id)).first()
    if row is None or row.proposed_by is None:
        return None
    return Proposal(_STEP.validate_python(row.proposal), row.proposed_by, row.proposed)
