"""Counts how the families of some dates hear that these change: by a message, by a call, or not.

Staff see it before they cancel or move a date. It follows what `content_changes` does then:
families with a place are told; those who wait, or were offered a place, are told if nothing is left
to wait for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Engine, select

from portal.bookings.casework import fold
from portal.bookings.ring_list import may_contact
from portal.database import read
from portal.database.tables import bookable, booking, person
from portal.directory import Series
from portal.messages import announced

Way = Literal["email", "text", "ring", "quiet"]
Contact = tuple[str, str | None, str | None]  # a family: its name, email address and phone number

_WITHOUT_A_PLACE = ("waiting", "offered")


@dataclass(frozen=True, slots=True)
class Reach:
    """The families who hear of a change, and how. Reaches are added as sets, so that a family with
    several bookings counts once, as it is told once by a call."""

    told: frozenset[tuple[Way, Contact]] = frozenset()
    ended: frozenset[Contact] = frozenset()  # of these: families without a place, whose wait ends

    @property
    def email(self) -> int:
        return self._by("email")

    @property
    def text(self) -> int:
        return self._by("text")

    @property
    def ring(self) -> int:
        return self._by("ring")

    @property
    def quiet(self) -> int:
        """Families that are not to be contacted."""
        return self._by("quiet")

    @property
    def waiting(self) -> int:
        return len(self.ended)

    @property
    def families(self) -> int:
        return len(self.told)

    def _by(self, way: Way) -> int:
        return sum(one == way for one, _ in self.told)

    def __add__(self, other: Reach) -> Reach:
        return Reach(self.told | other.told, self.ended | other.ended)


def reach_of_change(
    engine: Engine, after: Series, planned: Iterable[str], *, now: datetime
) -> Reach:
    """The families who hear of a change of these dates; `after` is the series with the change."""
    names = (after.identity, *after.old_identities)
    query = (
        select(
            booking.c.status,
            bookable.c.planned,
            person.c.name,
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
    with read(engine) as connection:
        rows = connection.execute(query).all()
    told, ended = set[tuple[Way, Contact]](), set[Contact]()
    for row in rows:
        family = fold(row.name), row.email, row.phone
        if row.status in _WITHOUT_A_PLACE:
            if _is_on(after, row.planned, now):
                continue
            ended.add(family)
        way = _way(row.contact_by, row.email, row.phone, safe=row.safe_to_contact)
        told.add((way, family))
    return Reach(frozenset(told), frozenset(ended))


def _way(contact_by: str, email: str | None, phone: str | None, *, safe: bool) -> Way:
    """How a family with these answers hears of it."""
    if safe and contact_by == "email" and email:
        return "email"
    if safe and contact_by == "text" and phone:
        return "text"
    return "ring" if may_contact(contact_by, safe=safe) else "quiet"


def _is_on(series: Series, planned: str, now: datetime) -> bool:
    coming = announced.booked_sessions(series, [planned], now)
    return any(not session.cancelled for session in coming)
