"""Makes bookings and requests, each in one transaction, and reads them again.

What it hides: each function runs in one transaction (`database.write`). The row in `bookable`
decides first, by one conditional update; then the booking, its messages and the audit line are
written with it, or nothing is. A database constraint backs up the update, so that a script cannot
overbook either. `transitions` has what happens to a booking later.

The same idempotency key never books twice: it returns the same booking and the same link. Links are
not stored: they are made from the secret and a random number stored with the booking; the database
holds their hash. Series are identified by their identity, sessions by their planned date.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, bindparam, select

from portal.bookings import creche, outcomes
from portal.bookings.bookable_rows import row_matching_content, row_of
from portal.bookings.case_rows import open_case
from portal.bookings.locking import OF_BOOKING, lock_later, same_thing
from portal.bookings.opening import refusal
from portal.bookings.places import ROOM_FOR_ALL, Full, claimed
from portal.bookings.waiting_list import notify, reminder_of
from portal.database import look, note, read, write
from portal.database.audit import AuditAction
from portal.database.prepared import Prepared
from portal.database.rate_limits import Allowance
from portal.database.references import contact_hash, digest_of, link_of, new_link, new_reference
from portal.database.tables import LIVE, bookable, booking, creche_place, need, person, referral
from portal.directory import Programme, Series, Session
from portal.directory.asked import identity_of
from portal.errors import PortalError
from portal.messages import enqueue_all
from portal.messages.facts import waiting_position

MOST_PLACES = 6  # in one booking, if places are counted by person (S27)
_END_IS_SHOWN = timedelta(days=31)  # how long a family can read that a request has ended


class NotBookable(PortalError):
    """This cannot be booked now. `why` is one of the values of `Opening`."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"It cannot be booked now: {why}.")


@dataclass(frozen=True)
class Family:
    """The family that books, as entered. Ages are words such as '2 years' or '7 months'."""

    name: str
    email: str | None = None
    phone: str | None = None
    contact_by: Literal["email", "text", "call", "none"] = "none"
    safe_to_contact: bool = False
    full_texts: bool = False  # text messages may say what, when and where (S86)
    people: int = 1
    children: tuple[str, ...] = ()
    creche: tuple[str, ...] = ()  # the ages of those who need a place in the creche
    access: str = ""
    language: str = ""
    notes: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Referrer:
    """The professional who asks on behalf of a family, with the family's consent."""

    name: str
    role: str
    organisation: str
    email: str | None
    phone: str | None
    why: str = ""
    tried: str = ""
    outcome: bool = False  # the family agreed that they may see whether it came (S88)


@dataclass(frozen=True)
class Booking:
    """A booking as it is now. `position` is 1 for the next on the waiting list.

    `was` is its status before it ended; '' while it has not ended, or if that was not recorded.
    """

    id: int
    reference: str
    status: str
    way: str
    series: str
    planned: str
    people: int
    places: int
    offered_until: datetime | None
    position: int | None
    calendar_id: str
    revision: int
    link: str
    created: datetime
    changed: datetime
    was: str = ""

    @property
    def live(self) -> bool:
        return self.status in LIVE


# --- statements -----------------------------------------------------------------------------------

claim_places = Prepared(
    bookable.update()
    .where(
        bookable.c.id == bindparam("it"),
        bookable.c.held + bindparam("n") <= bookable.c.places,
        bookable.c.waiting == 0,
    )
    .values(held=bookable.c.held + bindparam("n"))
)
claim_for_waiting = (
    bookable.update()
    .where(bookable.c.id == bindparam("it"), bookable.c.held + bindparam("n") <= bookable.c.places)
    .values(held=bookable.c.held + bindparam("n"), waiting=bookable.c.waiting - 1)
)
_queue_up = Prepared(
    bookable.update()
    .where(bookable.c.id == bindparam("it"))
    .values(waiting=bookable.c.waiting + 1, last_number=bookable.c.last_number + 1)
    .returning(bookable.c.last_number)
)


def _prepared_with(
    connection: Connection, series: Series, planned: str, now: datetime, key: str, tries: Allowance
) -> tuple[Row[Any], int | None, Callable[[], None]]:
    """The row of what is booked, as `prepared`; what this key made before; what counts the attempt.

    The row is locked first: when the same form is sent twice at once, the second finds the key.
    """
    locked = lock_later(connection, series.identity, planned)
    made = _with_key.later(connection, hashed=digest_of(key))
    count = tries.take_later(connection, now)
    row: Any = locked().first()
    known = made().scalar()
    if known is not None:
        return row, known, count
    is_new = row is None
    row = row_matching_content(connection, row, series, planned, now)
    # If no row was locked when the key was looked up, look again.
    return row, _known(connection, key) if is_new else None, count


_by_id = OF_BOOKING.where(booking.c.id == bindparam("it"))
_with_key = Prepared(select(booking.c.id).where(booking.c.key_hash == bindparam("hashed")))
# The insert itself checks whether the contact has another booking here. It starts from the contact,
# which has few bookings, because a series may have very many.
_other = booking.alias()
# Not known when it is written.
_LATER = ("id", "offered_until", "reason", "was", "moved_from", "placed")
_new_booking = Prepared(
    booking.insert()
    .values(
        twin=select(person.c.booking_id)
        .where(
            person.c.contact_hash == bindparam("contact", type_=person.c.contact_hash.type),
            select(_other.c.id)
            .where(
                _other.c.id == person.c.booking_id,
                _other.c.bookable_id == bindparam("here"),
                _other.c.status.in_([sa.literal_column(f"'{status}'") for status in LIVE]),
            )
            .exists(),
        )
        .exists()
    )
    .returning(booking.c.id, booking.c.twin),
    [name for name in booking.c.keys() if name not in _LATER],  # noqa: SIM118
)
_new_person = Prepared(person.insert(), [name for name in person.c.keys() if name != "remark"])  # noqa: SIM118
_new_need = Prepared(need.insert(), need.c.keys())
# The columns that a Booking takes unchanged from its row.
_SHOWN = (
    "reference",
    "status",
    "way",
    "people",
    "places",
    "calendar_id",
    "revision",
    "created",
    "changed",
)


# --- booking and asking -------------------------------------------------------------------------


def book(
    engine: Engine,
    series: Series,
    family: Family,
    *,
    key: str,
    secret: str,
    now: datetime,
    session: Session | None = None,
    wait: bool = True,
    referrer: Referrer | None = None,
    actor: str = "family",
    allowance: Allowance | None = None,
    footprint: str = "",
    instead: Callable[[Connection], Callable[[int], None]] | None = None,
    moved: bool = True,
    creche_wait: bool = False,
) -> Booking:
    """Book places for a family, join the waiting list, or ask staff for a place.

    The same `key` returns the booking that it made before, and raises KeyUsed elsewhere. A
    `request` or `referral` series gives status `requested` and takes no place until staff confirm:
    it is a case in the queue of the `footprint`, if the caller knows it, and else in that of none
    until `case_rows.place_cases` finds it.
    Each new booking counts towards its `allowance`. Raises NotBookable, TooOften, and Full if there
    is no waiting list (or `wait` is False) and no place is free; and OutOfDate if the content is
    older than the newest published one, which has another rule for this series.

    Its children get their places in the creche with it, or it raises CrecheFull and takes nothing;
    with `creche_wait` the family gets its own place, and waits for the creche.

    `instead` locks what is given up for it in the same transaction, and returns the function that
    gives it up for the booking with this id. If a place was `moved`, the message says so.
    """
    planned = session.planned.isoformat() if session else ""
    identities = series.identity, *series.old_identities
    # Work that needs no database is done before the transaction, because other writers wait.
    by_staff = actor.startswith("staff")
    refused = refusal(series, session, now, staff=by_staff)
    draft = _drafted(family, key=key, secret=secret, now=now, ends=_last_end(series, session))
    if referrer is not None and series.programme.sensitive:
        referrer = replace(referrer, outcome=False)
    reminder = reminder_of(series, session, now)
    tries = allowance or Allowance(secret, ())

    def work(connection: Connection) -> Booking:
        give_up = instead(connection) if instead is not None else None
        row, known, count = _prepared_with(connection, series, planned, now, key, tries)
        if known is not None:
            return same_thing(_read(connection, known, secret), planned, *identities)
        asks = series.booking in ("request", "referral")
        if refused is not None:
            raise NotBookable(refused)
        if series.booking == "referral" and referrer is None and not by_staff:
            raise NotBookable(series.booking)
        count()
        claims = claimed(series, family.people)
        number = taken = None
        if asks:
            status = "requested"
        elif not row.waiting and row.held + claims <= row.places:
            status = "confirmed"
            taken = claim_places.later(connection, it=row.id, n=claims)
        elif series.waiting_list and wait and claims <= row.places:
            status = "waiting"
            number = _queue_up(connection, it=row.id).scalar_one()
        else:
            raise Full("Every place is taken.")
        made = _write_booking(
            connection,
            row,
            draft,
            referrer,
            status=status,
            way=series.booking or "book",
            places=claims,
            number=number,
            kind="place-moved" if give_up is not None and moved else _KIND_OF[status],
            later=reminder if status == "confirmed" else [],
            done_by=(actor, "book"),
            queue=(footprint, series.centre.slug),
        )
        if taken is not None and taken().rowcount != 1:
            raise AssertionError("a row that was locked has changed")
        if family.creche and series.creche_room:
            holds = status == "confirmed"
            children = family.creche
            creche.ask(connection, row.id, made.id, series, children, holds=holds, wait=creche_wait)
        if give_up is not None:
            give_up(made.id)
        return made

    return write(engine, work)


def ask(
    engine: Engine,
    programme: Programme,
    family: Family,
    *,
    key: str,
    secret: str,
    now: datetime,
    referrer: Referrer | None = None,
    actor: str = "family",
    allowance: Allowance | None = None,
    district: str = "",
    footprint: str = "",
    centre: str = "",
) -> Booking:
    """Ask for a programme as such: no series is chosen, or none is running yet.

    The request belongs to the `district` where the family would like to go, if it names one, or to
    a `centre` there, by its slug, if that was asked. It is a case in the queue of its `footprint`.
    The same `key` returns the same booking, and the `allowance` applies, as in `book`. Staff
    confirm or decline it. Raises TooOften, and NotBookable if the programme takes no requests, or
    takes them only from professionals.
    """
    identity = identity_of(programme.slug, district, centre)
    draft = _drafted(family, key=key, secret=secret, now=now, ends=None)
    if referrer is not None and programme.sensitive:
        referrer = replace(referrer, outcome=False)

    def work(connection: Connection) -> Booking:
        row = row_of(connection, identity, "", ROOM_FOR_ALL)
        known = _known(connection, key)
        if known is not None:
            return same_thing(_read(connection, known, secret), "", identity)
        if programme.booking not in ("request", "referral"):
            raise NotBookable(programme.booking)
        if programme.booking == "referral" and referrer is None and not actor.startswith("staff"):
            raise NotBookable(programme.booking)
        if allowance is not None:
            allowance.take(connection, now)
        return _write_booking(
            connection,
            row,
            draft,
            referrer,
            status="requested",
            way=programme.booking,
            places=1,
            kind="request-received",
            done_by=(actor, "ask"),
            queue=(footprint, centre),
        )

    return write(engine, work)


def _known(connection: Connection, key: str) -> int | None:
    """The id of the booking that this key made before."""
    found = _with_key(connection, hashed=digest_of(key)).scalar()
    return None if found is None else int(found)


@dataclass(frozen=True, slots=True)
class _Draft:
    """The parts of a booking that need no database."""

    family: Family
    link: str
    contact: bytes | None  # its keyed hash
    secret: str
    now: datetime
    values: Mapping[str, Any]


def _drafted(
    family: Family, *, key: str, secret: str, now: datetime, ends: datetime | None
) -> _Draft:
    contact = family.email or family.phone
    nonce = secrets.token_bytes(16)
    link = new_link(secret, nonce)
    values = {
        "reference": new_reference(),
        "key_hash": digest_of(key),
        "link_nonce": nonce,
        "link_hash": digest_of(link),
        "calendar_id": secrets.token_hex(16),
        "revision": 0,
        "people": family.people,
        "passed": 0,
        "created": now,
        "changed": now,
        "ends": ends,
    }
    return _Draft(
        family, link, contact_hash(secret, contact) if contact else None, secret, now, values
    )


_KIND_OF = {"confirmed": "confirmation", "waiting": "waiting", "requested": "request-received"}


def _write_booking(
    connection: Connection,
    row: Row[Any],
    draft: _Draft,
    referrer: Referrer | None,
    *,
    status: str,
    way: str,
    places: int,
    kind: str,
    done_by: tuple[str, AuditAction],
    queue: tuple[str, str],
    number: int | None = None,
    later: Sequence[tuple[str, datetime, Mapping[str, Any]]] = (),
) -> Booking:
    """Write the booking with its family, referrer, messages, line of the log and, if it is a
    request, its case in the `queue` of a footprint and a centre."""
    family, now = draft.family, draft.now
    values = {
        **draft.values,
        "bookable_id": row.id,
        "status": status,
        "way": way,
        "places": places,
        "number": number,
    }
    inserted = _new_booking(connection, contact=draft.contact, here=row.id, **values)
    booking_id, twin = inserted.one()
    if referrer is not None:
        _write_referrer(connection, booking_id, referrer, draft.secret, now)
    if status == "requested":
        open_case(connection, booking_id, footprint=queue[0], centre=queue[1], now=now)
    _write_family(connection, booking_id, family, draft.contact)
    at_once = (kind, now, {"twin": bool(twin)})
    enqueue_all(connection, booking_id, [at_once, *later], now=now)
    note(connection, now, *done_by, booking_id, row.series, status=status)
    return Booking(
        id=int(booking_id),
        series=row.series,
        planned=row.planned,
        position=None if number is None else waiting_position(connection, row.id, number),
        offered_until=None,
        link=draft.link,
        **{name: values[name] for name in _SHOWN},
    )


def _write_referrer(
    connection: Connection, booking_id: int, referrer: Referrer, secret: str, now: datetime
) -> None:
    seen = referrer.outcome and bool(referrer.email)
    connection.execute(
        referral.insert().values(
            booking_id=booking_id,
            name=referrer.name,
            role=referrer.role,
            organisation=referrer.organisation,
            email=referrer.email,
            phone=referrer.phone,
            why=referrer.why,
            tried=referrer.tried,
            consent=True,
            consented=now,
            **(outcomes.link_columns(secret, now) if seen else {}),
        )
    )
    notify(connection, booking_id, "professional-received", now)


def _write_family(
    connection: Connection, booking_id: int, family: Family, hashed: bytes | None
) -> None:
    values = person_values(family, hashed)
    _new_person.execute(connection, booking_id=booking_id, children=list(family.children), **values)
    write_needs(connection, booking_id, family)


def person_values(family: Family, hashed: bytes | None) -> dict[str, Any]:
    """The columns of `person` for a family's details, without the ages of its children.

    `hashed` is the keyed hash of its contact.
    """
    return {
        "name": family.name,
        "email": family.email,
        "phone": family.phone,
        "contact_by": family.contact_by,
        "safe_to_contact": family.safe_to_contact,
        "full_texts": family.full_texts,
        "contact_hash": hashed,
        "notes": family.notes,
        "answers": dict(family.answers),
    }


def write_needs(connection: Connection, booking_id: int, family: Family) -> None:
    """Write what the family needs, in a row of its own because it is deleted sooner."""
    if family.access or family.language:
        _new_need.execute(
            connection, booking_id=booking_id, access=family.access, language=family.language
        )


def _last_end(series: Series, session: Session | None) -> datetime | None:
    if session is not None:
        return session.open_until
    return max((s.open_until for s in series.all_sessions), default=None)


# --- reading -------------------------------------------------------------------------------------


def find(engine: Engine, link: str, *, secret: str, now: datetime) -> Booking | None:
    """The booking behind a family's link; None for a wrong, truncated or expired link."""
    with read(engine) as connection:
        row = connection.execute(OF_BOOKING.where(booking.c.link_hash == digest_of(link))).first()
        if row is None or not hmac.compare_digest(bytes(row.link_hash), digest_of(link)):
            return None
        # A request may be worked on long after the dates of the group that was asked for.
        lately = row.was == "requested" and now - row.changed <= _END_IS_SHOWN
        over = row.ends is not None and row.ends + timedelta(days=1) < now
        if over and row.status != "requested" and not lately:
            return None
        return _booking(connection, row, secret)


def get(engine: Engine, booking_id: int, secret: str) -> Booking:
    """A booking by its id, for callers that have found it already."""
    with read(engine) as connection:
        return _read(connection, booking_id, secret)


def find_by_key(engine: Engine, key: str, secret: str) -> Booking | None:
    """The booking that this key made, so that a form sent again need not wait for a lock."""
    with look(engine) as connection:
        known = _known(connection, key)
    if known is None:
        return None
    with read(engine) as connection:
        return _read(connection, known, secret)


def family_of(engine: Engine, booking_id: int) -> Family | None:
    """The family that booked; None once its details have been erased."""
    with read(engine) as connection:
        row = connection.execute(
            select(
                person,
                booking.c.people,
                need.c.access,
                need.c.language,
                creche_place.c.ages.label("creche_ages"),
            )
            .join(booking, booking.c.id == person.c.booking_id)
            .outerjoin(need, need.c.booking_id == person.c.booking_id)
            .outerjoin(creche_place, creche_place.c.booking_id == person.c.booking_id)
            .where(person.c.booking_id == booking_id)
        ).first()
    return None if row is None else family_in(row)


def family_in(row: Row[Any]) -> Family | None:
    """The family of a row that joins booking, person and need; None once it is erased."""
    if row.name is None:
        return None
    return Family(
        name=row.name,
        email=row.email,
        phone=row.phone,
        contact_by=row.contact_by,
        safe_to_contact=row.safe_to_contact,
        full_texts=row.full_texts,
        people=row.people,
        children=tuple(row.children),
        creche=tuple(row._mapping.get("creche_ages") or ()),
        access=row.access or "",
        language=row.language or "",
        notes=row.notes,
        answers=row.answers,
    )


def _read(connection: Connection, booking_id: int, secret: str) -> Booking:
    row = connection.execute(_by_id, {"it": booking_id}).one()
    return _booking(connection, row, secret)


def _booking(connection: Connection, row: Row[Any], secret: str) -> Booking:
    waits = row.status == "waiting"
    return Booking(
        id=row.id,
        series=row.series,
        planned=row.planned,
        offered_until=row.offered_until,
        position=waiting_position(connection, row.bookable_id, row.number) if waits else None,
        link=link_of(secret, bytes(row.link_nonce), bytes(row.link_hash)),
        was=row.was,
        **{name: row._mapping[name] for name in _SHOWN},
    )
