"""Staff work on single bookings: find them, add a note, send the link.

What it hides: where to look for a family, in which spelling, and what staff may see. Queries take
`sees`, which says whether an identity (`<centre>/<series>`, or that of a request for a programme as
such) may be shown; bookings that may not be shown are treated as if they did not exist.

Names are compared in Python, case-folded and without accents: the two databases fold case
differently, and families are stored for some months only. A private link is sent only if the family
wanted messages, by the channel it chose (S5); staff never see it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, select

from portal import messages
from portal.bookings.booking import Family, Referrer, family_in
from portal.bookings.locking import NotPossible, locked_booking
from portal.database import note, note_reading, read, write
from portal.database.references import contact_hashes
from portal.database.tables import (
    bookable,
    booking,
    creche_place,
    message,
    need,
    person,
    referral,
)
from portal.directory import Series
from portal.errors import PortalError

Sees = Callable[[str], bool]

MOST_FOUND = 50
LEAST_FIGURES = 4  # of a phone number: fewer match too many
LINK_AGAIN_AFTER = timedelta(minutes=10)
LONGEST_WORDS = 1000


class EditConflict(PortalError):
    """Somebody else changed this in the meantime. `current` is what they wrote."""

    def __init__(self, current: str) -> None:
        self.current = current
        super().__init__("Somebody else has changed this meanwhile.")


@dataclass(frozen=True, slots=True)
class Case:
    """One booking or request as staff see it. `family` is None once it has been erased."""

    id: int
    reference: str
    series: str
    planned: str
    status: str
    way: str
    people: int
    places: int
    number: int | None
    passed: int
    offered_until: datetime | None
    twin: bool
    created: datetime
    changed: datetime
    ends: datetime | None
    reason: str
    family: Family | None
    remark: str
    referrer: Referrer | None
    consented: datetime | None
    outcome_agreed: datetime | None  # when it agreed that the professional sees whether it came

    @property
    def name(self) -> str:
        return self.family.name if self.family else "Details deleted"

    @property
    def contacts(self) -> tuple[str | None, ...]:
        """The family's email address and phone number, as far as they are known."""
        return (self.family.email, self.family.phone) if self.family else ()


# --- finding ----------------------------------------------------------------------------------


def find(engine: Engine, words: str, sees: Sees, *, limit: int = MOST_FOUND) -> list[Case]:
    """Bookings by name, phone number, email address or reference, newest first.

    Every word must be in the name. A phone number matches by four or more consecutive digits.
    """
    fits = _fitting(words)
    if fits is None:
        return []
    with read(engine) as connection:
        rows = connection.execute(
            select(booking.c.id, booking.c.reference, bookable.c.series)
            .add_columns(person.c.name, person.c.phone, person.c.email)
            .select_from(booking.join(bookable))
            .join(person, person.c.booking_id == booking.c.id, isouter=True)
            .order_by(booking.c.id.desc())
        )
        ids = []
        for row in rows:
            if fits(row) and sees(row.series):
                ids.append(row.id)
                if len(ids) == limit:
                    break
        return _cases(connection, booking.c.id.in_(ids), lambda _: True, newest=True)


def _fitting(words: str) -> Callable[[Row[Any]], bool] | None:
    """A function that says whether a row matches the words; None if they are empty."""
    asked = fold(words).split()
    reference = re.sub(r"[^A-Z0-9]", "", words.upper())
    figures = _figures(words)
    if not asked:
        return None

    def fits(row: Row[Any]) -> bool:
        if len(reference) == 8 and row.reference.replace("-", "") == reference:
            return True
        if "@" in words:
            return bool(row.email) and row.email.casefold() == words.strip().casefold()
        if len(figures) >= LEAST_FIGURES and not re.search(r"[^\W\d_]", words):
            return bool(row.phone) and figures in _figures(row.phone)
        name = fold(row.name or "")
        return bool(name) and all(one in name for one in asked)

    return fits


def fold(text: str) -> str:
    """Text for comparison: without case, accents and apostrophes."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(
        sign for sign in plain if unicodedata.category(sign) != "Mn" and sign not in "'’"
    )


def _figures(text: str) -> str:
    plain = "".join(str(unicodedata.decimal(sign, "")) for sign in text if sign.isdecimal())
    return re.sub(r"^(0044|44)", "0", plain) if re.match(r"\s*(\+|00)", text) else plain


def case_of(engine: Engine, reference: str, sees: Sees) -> Case | None:
    """The booking with this reference, however it is typed; None if there is none to show."""
    plain = re.sub(r"[^A-Z0-9]", "", reference.upper())
    wanted = f"{plain[:4]}-{plain[4:]}"
    with read(engine) as connection:
        found = _cases(connection, booking.c.reference == wanted, sees)
    return found[0] if found else None


def cases(connection: Connection, ids: Iterable[int], sees: Sees) -> list[Case]:
    """These bookings, in the order of their numbers."""
    return _cases(connection, booking.c.id.in_(sorted(ids)), sees)


def queue(engine: Engine, series: Series, planned: str) -> list[Case]:
    """Families with an offer and families waiting, in the order of the list."""
    names = (series.identity, *series.old_identities)
    with read(engine) as connection:
        found = _cases(
            connection,
            sa.and_(
                bookable.c.series.in_(names),
                bookable.c.planned == planned,
                booking.c.status.in_(("offered", "waiting")),
            ),
            lambda _: True,
        )
    return sorted(found, key=lambda one: (one.status != "offered", one.number or 0, one.id))


def creche_queue(engine: Engine, series: Series, planned: str) -> list[Case]:
    """Families with a place in the group that wait for the creche, in the order of its list."""
    names = (series.identity, *series.old_identities)
    waits = sa.and_(
        bookable.c.series.in_(names),
        bookable.c.planned == planned,
        creche_place.c.state == "waiting",
    )
    with read(engine) as connection:
        found = {one.id: one for one in _cases(connection, waits, lambda _: True)}
        numbers = select(creche_place.c.booking_id).where(creche_place.c.booking_id.in_(found))
        order = connection.execute(numbers.order_by(creche_place.c.number)).scalars()
        return [found[booking_id] for booking_id in order]


def queues(engine: Engine, sees: Sees) -> list[tuple[str, str, int, int]]:
    """Series and sessions with a waiting list or offers: series, planned, waiting, offered."""
    with read(engine) as connection:
        rows = connection.execute(
            select(bookable.c.series, bookable.c.planned, booking.c.status, sa.func.count())
            .join(booking)
            .where(booking.c.status.in_(("waiting", "offered")))
            .group_by(bookable.c.series, bookable.c.planned, booking.c.status)
        ).all()
    numbers: dict[tuple[str, str], dict[str, int]] = {}
    for series, planned, status, number in rows:
        if sees(series):
            numbers.setdefault((series, planned), {})[status] = number
    return sorted(
        (*key, said.get("waiting", 0), said.get("offered", 0)) for key, said in numbers.items()
    )


def failed(engine: Engine, sees: Sees) -> int:
    """The number of failed messages to families that may be shown."""
    with read(engine) as connection:
        rows = connection.execute(
            select(bookable.c.series, sa.func.count())
            .select_from(message.join(booking).join(bookable))
            .where(message.c.state == "failed")
            .group_by(bookable.c.series)
        ).all()
    return sum(number for series, number in rows if sees(series))


def with_same_contact(engine: Engine, case: Case, secret: str, sees: Sees) -> list[Case]:
    """Other bookings with the same email address or phone number."""
    contact = case.family and (case.family.email or case.family.phone)
    if not contact:
        return []
    with read(engine) as connection:
        return _cases(
            connection,
            sa.and_(
                person.c.contact_hash.in_(contact_hashes(secret, contact)), booking.c.id != case.id
            ),
            sees,
        )


def _cases(
    connection: Connection,
    condition: sa.ColumnElement[bool],
    sees: Sees,
    *,
    newest: bool = False,
) -> list[Case]:
    asker = {f"by_{name}": referral.c[name] for name in ("name", "role", "organisation", "email")}
    rows = connection.execute(
        select(booking, bookable.c.series, bookable.c.planned, person, need.c.access)
        .add_columns(need.c.language, referral.c.consented)
        .add_columns(*(column.label(name) for name, column in asker.items()))
        .add_columns(referral.c.phone.label("by_phone"), referral.c.outcome_agreed)
        .add_columns(referral.c.why, referral.c.tried, creche_place.c.ages.label("creche_ages"))
        .select_from(booking.join(bookable))
        .join(person, person.c.booking_id == booking.c.id, isouter=True)
        .join(need, need.c.booking_id == booking.c.id, isouter=True)
        .join(creche_place, creche_place.c.booking_id == booking.c.id, isouter=True)
        .join(referral, referral.c.booking_id == booking.c.id, isouter=True)
        .where(condition)
        .order_by(booking.c.id.desc() if newest else booking.c.id)
    ).all()
    return [_case(row) for row in rows if sees(row.series)]


def _case(row: Row[Any]) -> Case:
    referrer = None
    if row.by_name is not None:
        referrer = Referrer(
            row.by_name,
            row.by_role,
            row.by_organisation,
            row.by_email,
            row.by_phone,
            row.why,
            row.tried,
            row.outcome_agreed is not None,
        )
    return Case(
        id=row.id,
        reference=row.reference,
        series=row.series,
        planned=row.planned,
        status=row.status,
        way=row.way,
        people=row.people,
        places=row.places,
        number=row.number,
        passed=row.passed,
        offered_until=row.offered_until,
        twin=row.twin,
        created=row.created,
        changed=row.changed,
        ends=row.ends,
        reason=row.reason,
        family=family_in(row),
        remark=row.remark or "",
        referrer=referrer,
        consented=row.consented,
        outcome_agreed=row.outcome_agreed,
    )


# --- changing ---------------------------------------------------------------------------------


def log_reading(
    engine: Engine, case: Case, others: Iterable[Case] = (), *, now: datetime, actor: str
) -> None:
    """Log that somebody read the details of a family (S30), and saw `others` beside it."""
    ids = [one.id for one in others]
    write(
        engine,
        lambda c: note_reading(c, now, actor, "read booking", ids, case.series, case.id),
    )


def remark(
    engine: Engine, booking_id: int, words: str, *, seen: str, now: datetime, actor: str
) -> None:
    """Save a staff note on a booking; `seen` is the note as the editor saw it.

    It is erased with the family, who may see it on request. Raises EditConflict if the note has
    changed in the meantime, NotPossible if the family has been erased.
    """

    def work(connection: Connection) -> None:
        row = locked_booking(connection, booking_id)
        current = connection.execute(
            select(person.c.remark).where(person.c.booking_id == booking_id)
        ).scalar()
        if current is None:
            raise NotPossible("The details of this booking have been deleted.")
        if current == words:
            return
        if current != seen:
            raise EditConflict(str(current))
        connection.execute(
            person.update().where(person.c.booking_id == booking_id).values(remark=words)
        )
        note(connection, now, actor, "remark", booking_id, row.series)

    write(engine, work)


def send_link(engine: Engine, booking_id: int, *, now: datetime, actor: str) -> bool:
    """Send the private link again, only to the stored contact, by the channel it chose.

    False if the family wants no messages: then staff do not read it out either. At most one is
    sent in ten minutes.
    """

    def work(connection: Connection) -> bool:
        row = locked_booking(connection, booking_id)
        lately = connection.execute(
            select(message.c.id).where(
                message.c.booking_id == booking_id,
                message.c.kind == "link",
                message.c.created > now - LINK_AGAIN_AFTER,
                message.c.state.in_(("owed", "sending", "sent")),
            )
        ).first()
        if lately is not None:
            return True
        owed = messages.enqueue(connection, booking_id, "link", now=now, due=now, about={})
        if owed:
            note(connection, now, actor, "send link", booking_id, row.series)
        return owed

    return write(engine, work)


def takes_messages(family: Family) -> bool:
    """Whether a message can be sent to the family, in the way that it chose."""
    to = {"email": family.email, "text": family.phone}.get(family.contact_by)
    return family.safe_to_contact and bool(to)
