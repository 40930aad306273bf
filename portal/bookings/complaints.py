"""Complaints about how we use somebody's data: stored at once, and answered by a stated day.

The law gives 30 days. The page that follows the form acknowledges the complaint; staff work through
the list in the order of the days on which the answers are due. The same key stores one complaint
only. An answered complaint is deleted after half a year. Complaints are found by the contact of a
family that asks what is kept about it; one that is not answered stays until it is, unless it is
deleted by its own reference. Each belongs to the district that it is about: the managers of its
footprint answer it, and administrators those that name none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, select

from portal.database import insert_once, note, read, write
from portal.database.rate_limits import Allowance
from portal.database.references import contact_hash
from portal.database.tables import complaint
from portal.directory.asked import in_district
from portal.directory.values import LONDON, day_words

Sees = Callable[[str], bool]  # whether complaints of a district may be shown

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
    district: str

    @property
    def identity(self) -> str:
        """Its identity in the log, by which the managers of its district see the line."""
        return _identity(self.district)

    @property
    def due(self) -> date:
        """The day by which it is to be answered."""
        return self.created.astimezone(LONDON).date() + timedelta(days=DAYS)

    def left(self, today: date) -> int:
        """How many days are left to answer it; below 0 if it is overdue."""
        return (self.due - today).days


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
            series = _identity(contact.get("district", ""))
            note(connection, now, "family", "complain", None, series, detail_reference=reference)
        return reference

    return write(engine, work)


def _identity(district: str) -> str:
    return f"complaint{in_district(district)}" if district else "complaint"


def waiting_complaints(engine: Engine, sees: Sees = lambda _: True) -> Sequence[Complaint]:
    """Those not answered yet in the districts that `sees` allows, in the order in which their
    answers are due."""
    found = _complaints(engine, complaint.c.answered.is_(None))
    return [one for one in found if sees(one.district)]


def with_number(engine: Engine, number: int) -> Complaint | None:
    """The complaint with this number, answered or not."""
    return next(iter(_complaints(engine, complaint.c.id == number)), None)


def with_reference(engine: Engine, reference: str) -> Complaint | None:
    """The complaint with this reference, answered or not."""
    return next(iter(_complaints(engine, complaint.c.reference == reference.strip().upper())), None)


def with_contacts(engine: Engine, contacts: Iterable[str | None], secret: str) -> list[Complaint]:
    """The complaints by anybody with one of these email addresses or phone numbers."""
    hashes = {contact_hash(secret, contact) for contact in contacts if contact}
    return [
        found
        for found in _complaints(engine, sa.true())
        if any(one and contact_hash(secret, one) in hashes for one in (found.email, found.phone))
    ]


def _complaints(engine: Engine, condition: sa.ColumnElement[bool]) -> list[Complaint]:
    query = (
        select(*(complaint.c[name] for name in Complaint.__slots__))
        .where(condition)
        .order_by(complaint.c.created, complaint.c.id)
    )
    with read(engine) as connection:
        return [Complaint(**row._mapping) for row in connection.execute(query)]


def kept(found: Complaint) -> list[tuple[str, str]]:
    """All that is kept of a complaint, as labels and words."""
    reach = {"email": "By email", "text": "By text message", "call": "By phone call"}
    message = "" if found.safe_to_contact else "leave no message"
    answered = found.answered
    rows = [
        ("Complaint about data", found.reference),
        ("Made", _day(found.created)),
        ("Name", found.name),
        ("Email", found.email or ""),
        ("Phone", found.phone or ""),
        (
            "Safe way to answer",
            ", ".join(filter(None, [reach[found.contact_by], message, found.safe_time])),
        ),
        ("District", found.district),
        ("What was wrong", found.words),
        ("Answered", _day(answered) if answered else f"Not yet. Due by {day_words(found.due)}"),
    ]
    return [(label, words) for label, words in rows if words]


def _day(moment: datetime) -> str:
    return day_words(moment.astimezone(LONDON).date())


def log_reading(engine: Engine, found: Iterable[Complaint], *, now: datetime, actor: str) -> None:
    """Log that somebody read complaints, and how many of each district (S30)."""
    numbers = Counter(one.identity for one in found)

    def work(connection: Connection) -> None:
        for identity, number in sorted(numbers.items()):
            note(connection, now, actor, "read complaint", None, identity, detail_number=number)

    if numbers:
        write(engine, work)


def erase(engine: Engine, complaint_id: int, *, now: datetime, actor: str) -> None:
    """Delete a complaint, answered or not."""

    found = with_number(engine, complaint_id)

    def work(connection: Connection) -> None:
        connection.execute(complaint.delete().where(complaint.c.id == complaint_id))
        identity = found.identity if found else None
        note(connection, now, actor, "erase complaint", None, identity, detail_number=complaint_id)

    write(engine, work)


def answered(engine: Engine, complaint_id: int, *, now: datetime, actor: str) -> bool:
    """Note that staff have answered a complaint. A second call changes nothing and says False."""

    found = with_number(engine, complaint_id)

    def work(connection: Connection) -> bool:
        open_one = complaint.update().where(
            complaint.c.id == complaint_id, complaint.c.answered.is_(None)
        )
        done = connection.execute(open_one.values(answered=now)).rowcount == 1
        if done:
            identity = found.identity if found else None
            note(
                connection, now, actor, "answer complaint", None, identity,
                detail_number=complaint_id,
            )  # fmt: skip
        return done

    return write(engine, work)


def forget_complaints(connection: Connection, now: datetime) -> int:
    """Delete complaints that were answered half a year ago. Returns how many."""
    old = complaint.delete().where(complaint.c.answered <= now - KEPT_FOR)
    return int(connection.execute(old).rowcount)
