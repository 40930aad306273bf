"""Counts how the families of some dates hear that these change: by a message, by a call, or not.

Staff see it before they cancel or move a date. It follows what `content_changes` does then:
families with a place are told; those who wait, or were offered a place, are told if nothing is left
to wait for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from portal.bookings.ring_list import may_contact
from portal.database import read
from portal.database.tables import bookable, booking, person
from portal.directory import Series
from portal.messages import announced

_WITHOUT_A_PLACE = ("waiting", "offered")


@dataclass(frozen=True, slots=True)
class Reach:
    """How many families hear of a change, each counted once, and how."""

    email: int = 0
    text: int = 0
    ring: int = 0
    quiet: int = 0  # not to be contacted
    waiting: int = 0  # of these: families without a place, whose wait ends

    @property
    def families(self) -> int:
        return self.email + self.text + self.ring + self.quiet

    def __add__(self, other: Reach) -> Reach:
        return Reach(
            self.email + other.email,
            self.text + other.text,
            self.ring + other.ring,
            self.quiet + other.quiet,
            self.waiting + other.waiting,
        )


def reach_of_change(
    engine: Engine, after: Series, planned: Iterable[str], *, now: datetime
) -> Reach:
    """The families who hear of a change of these dates; `after` is the series with the change."""
    names = (after.identity, *after.old_identities)
    query = (
        select(
            booking.c.status,
            bookable.c.planned,
            person.c.contact_by,
            person.c.safe_to_contact,
            person.c.email,
            person.c.phone,
        )
        .select_from(booking.join(bookable).join(person))
        .where(
            bookable.c.series.in_(names),
            bookable.c.planned.in_(("", *planned)),
            booking.c.status.in_(("confirmed", *_WITHOUT_A_PLACE)),
        )
    )
    ways: Counter[str] = Counter()
    waiting = 0
    with read(engine) as connection:
        rows = connection.execute(query).all()
    for row in rows:
        if row.status in _WITHOUT_A_PLACE:
            if _is_on(after, row.planned, now):
                continue
            waiting += 1
        to = {"email": row.email, "text": row.phone}.get(row.contact_by)
        if row.safe_to_contact and to:
            ways[row.contact_by] += 1
        else:
            may_ring = may_contact(row.contact_by, safe=row.safe_to_contact)
            ways["ring" if may_ring else "quiet"] += 1
    return Reach(ways["email"], ways["text"], ways["ring"], ways["quiet"], waiting)


def _is_on(series: Series, planned: str, now: datetime) -> bool:
    coming = announced.booked_sessions(series, [planned], now)
    return any(not session.cancelled for session in coming)
