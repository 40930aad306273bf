"""Complaints about how we use somebody's data: stored at once, and answered by a stated day.

The law gives 30 days. The page that follows the form acknowledges the complaint; staff work through
the list in the order of the days on which the answers are due. The same key stores one complaint
only. An answered complaint is deleted after half a year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, select

from portal.database import insert_once, note, read, write
from portal.database.rate_limits import Allowance
from portal.database.tables import complaint
from portal.directory.values import LONDON

DAYS = 30  # until the answer is due
KEPT_FOR = timedelta(days=183)  # after the answer


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint as staff see it."""

    id: int
    reference: str
    name: str
    email: str | None
    phone: str | None
    contact_by: str
    safe_to_contact: bool
    safe_time: str
    words: str
    created: datetime
    answered: datetime | None

    @property
    def due(self) -> date:
        """The day by which it is to be answered."""
        return self.created.astimezone(LONDON).date() + timedelta(days=DAYS)


def complain(
    engine: Engine,
    contact: Mapping[str, Any],
    words: str,
    *,
    key: str,
    now: datetime,
    allowance: Allowance | None = None,
) -> str:
    """Store a complaint, once for each key. Returns its reference. Raises TooOften.

    `contact` holds the columns that say who complains, and how it is safe to answer.
    """

    def work(connection: Connection) -> str:
        values = {"words": words, "created": now, **contact}
        reference, fresh = insert_once(connection, complaint, key, **values)
        if fresh:
            if allowance is not None:
                allowance.take(connection, now)
            note(connection, now, "family", "complain", detail_reference=reference)
        return reference

    return write(engine, work)


def waiting_complaints(engine: Engine) -> Sequence[Complaint]:
    """Those not answered yet, in the order in which their answers are due."""
    query = (
        select(*(complaint.c[name] for name in Complaint.__slots__))
        .where(complaint.c.answered.is_(None))
        .order_by(complaint.c.created, complaint.c.id)
    )
    with read(engine) as connection:
        return [Complaint(**row._mapping) for row in connection.execute(query)]


def answered(engine: Engine, complaint_id: int, *, now: datetime, actor: str) -> bool:
    """Note that staff have answered a complaint. A second call changes nothing and says False."""

    def work(connection: Connection) -> bool:
        open_one = complaint.update().where(
            complaint.c.id == complaint_id, complaint.c.answered.is_(None)
        )
        done = connection.execute(open_one.values(answered=now)).rowcount == 1
        if done:
            note(connection, now, actor, "answer complaint", detail_number=complaint_id)
        return done

    return write(engine, work)


def forget_complaints(connection: Connection, now: datetime) -> int:
    """Delete complaints that were answered half a year ago. Returns how many."""
    old = complaint.delete().where(complaint.c.answered <= now - KEPT_FOR)
    return int(connection.execute(old).rowcount)
