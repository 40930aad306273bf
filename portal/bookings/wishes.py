"""Wishes: a family asks to hear when a programme starts again near it, without an account.

One person has one wish for a programme: the same contact again changes it, and the answer is the
same as for a new one. The private link goes to that contact alone, so that nobody learns by typing
an address what its owner asked for (S83). When runs open that fit, the wish gets one message about
all of them, and is asked whether it goes on; it waits for no run that had a place when it was made,
and hears of none twice. It ends by its link, by its date, or with the programme, if that becomes
sensitive (S84). `wish_messages` sends the messages.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, select

from portal.bookings.daytime import add_daytime_hours
from portal.bookings.wish_runs import Near, for_ages, open_runs, programme_of, within
from portal.database import insert_if_new, insert_new_rows, note, read, write
from portal.database.generations import hold_newest
from portal.database.rate_limits import Allowance
from portal.database.references import (
    contact_hashes,
    digest_of,
    new_reference,
    new_wish_link,
)
from portal.database.tables import person, wish, wish_message, wish_run
from portal.directory import Directory, Programme, Series
from portal.directory.asked import identity_of
from portal.directory.values import LONDON, day_words

LASTS = timedelta(days=365)
# How long a family can say that it goes on, after its message. Then the wish is over.
ANSWER_WITHIN = timedelta(days=60)
_AT_ONCE = 100

MADE, OPEN = "tell-made", "tell-open"  # the kinds of message


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a family asks for, and where to write. `near` is never a whole postcode (S83)."""

    programme: str
    near: str
    latitude: float
    longitude: float
    district: str
    ages: tuple[str, ...] = ()
    email: str | None = None
    phone: str | None = None

    @property
    def contact(self) -> str:
        return self.email or self.phone or ""


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish as its own page shows it. `told` are the runs of its messages, the latest first."""

    id: int
    reference: str
    programme: str
    near: str
    latitude: float
    longitude: float
    ages: Sequence[str]
    email: str | None
    phone: str | None
    district: str
    state: str
    made: datetime
    ends: datetime
    last_told: datetime | None
    told: Sequence[str] = ()

    def waits(self, now: datetime) -> bool:
        """Whether a message may still come."""
        return self.state == "open" and now < self.ends

    @property
    def until(self) -> datetime:
        """When it is over: after a message, unless the family goes on."""
        if self.state == "asked" and self.last_told:
            return min(self.ends, self.last_told + ANSWER_WITHIN)
        return self.ends

    @property
    def identity(self) -> str:
        """Its identity in the log, by which the staff of its district see the line."""
        return identity_of(self.programme, self.district)


# --- making and ending ----------------------------------------------------------------------------


def make(
    engine: Engine,
    wanted: Wanted,
    *,
    key: str,
    secret: str,
    now: datetime,
    had: Iterable[str] = (),
    allowance: Allowance | None = None,
) -> None:
    """Store a wish, once for each key, and queue the message with its link. Raises TooOften.

    `had` are the runs that can be had already. Nothing says whether the wish was there before.
    """
    hashed, hashes = digest_of(key), contact_hashes(secret, wanted.contact)
    values = _values(wanted, now) | {"key_hash": hashed}

    def work(connection: Connection) -> None:
        if _stored(connection, hashed):
            return  # pressed twice
        number = _known(connection, wanted.programme, hashes)
        if number is None:
            fresh = _insert(connection, values, hashes[0], secret)
            if not fresh and _stored(connection, hashed):
                return  # pressed twice at once
            # Otherwise another process has stored a wish of this contact at the same moment.
            number = _known(connection, wanted.programme, hashes)
        connection.execute(wish.update().where(wish.c.id == number).values(values))
        runs = [{"wish_id": number, "series": series, "told": None} for series in had]
        insert_new_rows(connection, wish_run, runs)
        _drop_messages(connection, number)
        _queue(connection, number, MADE, (), now)
        note(connection, now, "family", "wish", None, _identity(wanted))
        if allowance is not None:
            allowance.take(connection, now)

    write(engine, work)


def _stored(connection: Connection, key_hash: bytes) -> bool:
    same = select(wish.c.id).where(wish.c.key_hash == key_hash)
    return connection.execute(same).first() is not None


def _insert(connection: Connection, values: Mapping[str, Any], contact: bytes, secret: str) -> bool:
    """Insert a wish, unless its form or its contact has one already."""
    nonce = secrets.token_bytes(16)
    link_hash = digest_of(new_wish_link(secret, nonce))
    made = {"reference": new_reference(), "link_nonce": nonce, "link_hash": link_hash}
    return insert_if_new(connection, wish, **values, **made, contact_hash=contact)


def _known(connection: Connection, programme: str, hashes: Sequence[bytes]) -> int | None:
    """The wish of this contact for a programme, locked until the end of the transaction."""
    same = select(wish.c.id).where(
        wish.c.programme == programme, wish.c.contact_hash.in_(hashes), wish.c.state != "ended"
    )
    return connection.execute(same.with_for_update()).scalar()


def _values(wanted: Wanted, now: datetime) -> dict[str, Any]:
    return {
        "programme": wanted.programme,
        "ages": list(wanted.ages),
        "near": wanted.near,
        "latitude": wanted.latitude,
        "longitude": wanted.longitude,
        "district": wanted.district,
        "email": wanted.email,
        "phone": None if wanted.email else wanted.phone,
        "contact_by": "email" if wanted.email else "text",
        "safe_to_contact": True,  # nothing is kept of a family that says otherwise
        "state": "open",
        "made": now,
        "ends": now + LASTS,
    }


def _identity(wanted: Wanted) -> str:
    return identity_of(wanted.programme, wanted.district)


def _queue(
    connection: Connection, number: int | None, kind: str, runs: Sequence[str], due: datetime
) -> None:
    values = {"wish_id": number, "kind": kind, "runs": list(runs), "due": due}
    connection.execute(wish_message.insert().values(**values, state="owed", tries=0))


def _drop_messages(connection: Connection, number: int | None) -> None:
    owed = wish_message.update().where(
        wish_message.c.wish_id == number, wish_message.c.state == "owed"
    )
    connection.execute(owed.values(state="dropped"))


def find(engine: Engine, token: str) -> Wish | None:
    """The wish behind a private link; None for a wrong link, and once it is deleted."""
    with read(engine) as connection:
        row = connection.execute(select(wish).where(wish.c.link_hash == digest_of(token))).first()
        return _wish(row, _told(connection, row.id)) if row else None


def _told(connection: Connection, number: int) -> list[str]:
    runs = select(wish_run.c.series).where(
        wish_run.c.wish_id == number, wish_run.c.told.is_not(None)
    )
    return list(
        connection.execute(runs.order_by(wish_run.c.told.desc(), wish_run.c.series)).scalars()
    )


def _wish(row: Row[Any], told: Sequence[str] = ()) -> Wish:
    names = [name for name in Wish.__slots__ if name != "told"]
    return Wish(**{name: row._mapping[name] for name in names}, told=tuple(told))


def stop(engine: Engine, found: Wish, *, now: datetime, actor: str = "family") -> None:
    """End a wish, and erase what the family said. A second call changes nothing."""
    write(engine, lambda connection: _erase(connection, [found.id], now, actor))


def go_on(engine: Engine, found: Wish, had: Iterable[str], *, now: datetime) -> None:
    """Wait for the next run, for a year from now. A second press changes nothing."""
    over = sa.or_(wish.c.state == "asked", wish.c.ends <= now)

    def work(connection: Connection) -> None:
        mine = wish.update().where(wish.c.id == found.id, wish.c.state != "ended", over)
        if connection.execute(mine.values(state="open", ends=now + LASTS)).rowcount:
            runs = [{"wish_id": found.id, "series": series, "told": None} for series in had]
            insert_new_rows(connection, wish_run, runs)
            _drop_messages(connection, found.id)
            note(connection, now, "family", "renew wish", None, found.identity)

    write(engine, work)


_BLANK: Mapping[str, Any] = {
    "ages": [],
    "near": "",
    "latitude": 0,
    "longitude": 0,
    "district": "",
    "email": None,
    "phone": None,
    "safe_to_contact": False,
    "contact_hash": None,
    "state": "ended",
}


def _erase(connection: Connection, ids: Iterable[int], now: datetime, actor: str) -> int:
    """Erase these wishes, whose links go on saying so for a while; returns how many there were."""
    number = 0
    for one in ids:
        row = connection.execute(
            select(wish).where(wish.c.id == one, wish.c.state != "ended").with_for_update()
        ).first()
        if row is None:
            continue
        connection.execute(wish.update().where(wish.c.id == one).values(**_BLANK, ends=now))
        connection.execute(wish_run.delete().where(wish_run.c.wish_id == one))
        _drop_messages(connection, one)
        identity = identity_of(row.programme, row.district)
        note(connection, now, actor, "erase wish", None, identity, reference=row.reference)
        number += 1
    return number


def erase_again(connection: Connection, references: Sequence[str], now: datetime) -> int:
    """Erase these wishes again after a backup brought them back; returns how many it brought."""
    ids = connection.execute(select(wish.c.id).where(wish.c.reference.in_(references))).scalars()
    return _erase(connection, list(ids), now, "operator")


def erase_of_family(connection: Connection, booking_id: int, now: datetime, actor: str) -> int:
    """Erase the wishes of the family of a booking, because it asks for its data to be deleted."""
    family = connection.execute(select(person).where(person.c.booking_id == booking_id)).first()
    if family is None:
        return 0
    # The row has the hash of one contact, and the family may have given two.
    same = [wish.c.contact_hash == family.contact_hash] if family.contact_hash else []
    if family.email:
        same.append(sa.func.lower(wish.c.email) == family.email.lower())
    if family.phone:
        same.append(wish.c.phone == family.phone)
    ids = connection.execute(select(wish.c.id).where(sa.or_(sa.false(), *same))).scalars()
    return _erase(connection, list(ids), now, actor)


def forget(connection: Connection, now: datetime, days: int) -> int:
    """Delete wishes that ended at least this many days ago. Returns how many."""
    since = now - timedelta(days=days)
    unanswered = sa.and_(wish.c.state == "asked", wish.c.last_told <= since - ANSWER_WITHIN)
    old = wish.delete().where(sa.or_(wish.c.ends <= since, unanswered))
    return int(connection.execute(old).rowcount)


def withdraw(engine: Engine, directory: Directory, *, now: datetime) -> int:
    """Delete the wishes for programmes that have become sensitive, with no message (S84).

    A programme that is missing may be back tomorrow: its wishes wait, and hear nothing.
    """
    with read(engine) as connection:
        slugs = connection.execute(select(wish.c.programme).distinct()).scalars().all()
    found = {slug: programme_of(directory, slug) for slug in slugs}
    gone = [slug for slug, programme in found.items() if programme and programme.sensitive]
    if not gone:
        return 0

    def work(connection: Connection) -> int:
        if hold_newest(connection, directory.edition) is None:
            return 0
        number = connection.execute(wish.delete().where(wish.c.programme.in_(gone))).rowcount
        note(connection, now, "clock", "forget", None, None, wishes=number)
        return int(number)

    return write(engine, work)


# --- runs that open -------------------------------------------------------------------------------


def notify(engine: Engine, directory: Directory, *, now: datetime) -> int:
    """Queue one message for each wish that runs have opened for; returns how many.

    Safe in any number of processes at once: the first to change the state of a wish queues it.
    """
    withdraw(engine, directory, now=now)
    due = _due(engine, directory, now)

    def work(connection: Connection, some: Sequence[_Due]) -> int:
        if hold_newest(connection, directory.edition) is None:
            return 0
        return sum(_tell(connection, one, now) for one in some)

    number = 0
    for start in range(0, len(due), _AT_ONCE):
        number += write(engine, partial(work, some=due[start : start + _AT_ONCE]))
    return number


_Due = tuple[Row[Any], list[str]]  # a wish, and the identities of the runs that have opened


def _due(engine: Engine, directory: Directory, now: datetime) -> list[_Due]:
    waiting = wish.c.state == "open", wish.c.ends > now, wish.c.safe_to_contact
    with read(engine) as connection:
        slugs = connection.execute(select(wish.c.programme).where(*waiting).distinct()).scalars()
        programmes = {slug: programme_of(directory, slug) for slug in slugs}
    names = {one.slug for one in programmes.values() if one and one.can_tell}
    runs = open_runs(engine, directory, names, now) if names else {}
    slugs_with_runs = [slug for slug, one in programmes.items() if one and one.slug in runs]
    if not slugs_with_runs:
        return []
    with read(engine) as connection:
        rows = connection.execute(
            select(wish).where(*waiting, wish.c.programme.in_(slugs_with_runs)).order_by(wish.c.id)
        ).all()
        known = {
            (row.wish_id, row.series)
            for row in connection.execute(
                select(wish_run.c.wish_id, wish_run.c.series)
                .join(wish)
                .where(*waiting, wish.c.programme.in_(slugs_with_runs))
            )
        }
    every = {run: (run.identity, *run.old_identities) for some in runs.values() for run in some}
    reach: dict[tuple[str, float, float], list[Series]] = {}  # many families look from one place
    found = []
    for row in rows:
        programme = programmes[row.programme]
        slug = programme.slug if programme else ""
        place = slug, row.latitude, row.longitude
        if place not in reach:
            reach[place] = within(row, runs[slug], directory)
        fresh = [
            run for run in reach[place] if not any((row.id, name) in known for name in every[run])
        ]
        if fits := for_ages(row, fresh, now):
            found.append((row, [run.identity for run in fits]))
    return found


def _tell(connection: Connection, due: _Due, now: datetime) -> bool:
    """Queue the message of one wish, unless another process has."""
    row, runs = due
    mine = wish.update().where(wish.c.id == row.id, wish.c.state == "open")
    if not connection.execute(mine.values(state="asked", last_told=now)).rowcount:
        return False
    fresh = [
        series
        for series in runs
        if insert_if_new(connection, wish_run, wish_id=row.id, series=series, told=now)
    ]
    if not fresh:  # another process did, and the family has gone on since
        back = wish.update().where(wish.c.id == row.id)
        connection.execute(back.values(state="open", last_told=row.last_told))
        return False
    # A phone is heard, so a text waits for the morning.
    due_at = add_daytime_hours(now, timedelta()) if row.contact_by == "text" else now
    _queue(connection, row.id, OPEN, fresh, due_at)
    note(
        connection, now, "clock", "tell wish", None, identity_of(row.programme, row.district),
        runs=len(fresh),
    )  # fmt: skip
    return True


def wait_again(engine: Engine, number: int, runs: Sequence[str]) -> None:
    """Wait on, because the runs of a message closed or filled up before it was sent."""

    def work(connection: Connection) -> None:
        mine = wish.update().where(wish.c.id == number, wish.c.state == "asked")
        if connection.execute(mine.values(state="open")).rowcount:
            connection.execute(
                wish_run.delete().where(wish_run.c.wish_id == number, wish_run.c.series.in_(runs))
            )

    write(engine, work)


def to_be_had(
    engine: Engine, directory: Directory, programme: Programme, near: Near, *, now: datetime
) -> Sequence[Series]:
    """The runs that can be had already within reach: a new wish does not wait for them.

    Whatever their ages: a child grows into them while the wish waits.
    """
    runs = open_runs(engine, directory, {programme.slug}, now).get(programme.slug, ())
    return within(near, runs, directory)


# --- what staff see, and what is kept of one family -----------------------------------------------


def demand(connection: Connection, now: datetime) -> Mapping[tuple[str, str], int]:
    """How many families wait, by the slugs of programme and district ('' outside the county).

    These are exact numbers: `portal.bookings.demand` makes them safe to be shown.
    """
    rows = connection.execute(
        select(wish.c.programme, wish.c.district, sa.func.count())
        .where(wish.c.state == "open", wish.c.ends > now)
        .group_by(wish.c.programme, wish.c.district)
    )
    return Counter({(programme, district): number for programme, district, number in rows})


def undelivered(connection: Connection, now: datetime) -> int:
    """How many of their messages could not be delivered in the last 30 days."""
    failed = select(sa.func.count()).where(
        wish_message.c.state == "failed", wish_message.c.due > now - timedelta(days=30)
    )
    return int(connection.execute(failed).scalar_one())


def with_contacts(engine: Engine, contacts: Iterable[str | None], secret: str) -> list[Wish]:
    """The wishes of anybody with one of these email addresses or phone numbers."""
    hashes = [one for contact in contacts if contact for one in contact_hashes(secret, contact)]
    return _wishes(engine, wish.c.contact_hash.in_(hashes))


def with_reference(engine: Engine, reference: str) -> Wish | None:
    """The wish with this reference, unless it has ended."""
    same = wish.c.reference == reference.strip().upper()
    return next(iter(_wishes(engine, sa.and_(same, wish.c.state != "ended"))), None)


def _wishes(engine: Engine, condition: sa.ColumnElement[bool]) -> list[Wish]:
    with read(engine) as connection:
        rows = connection.execute(select(wish).where(condition).order_by(wish.c.id)).all()
        return [_wish(row, _told(connection, row.id)) for row in rows]


def log_reading(engine: Engine, found: Iterable[Wish], *, now: datetime, actor: str) -> None:
    """Log that somebody read these wishes (S30)."""

    def work(connection: Connection) -> None:
        for one in found:
            note(connection, now, actor, "read wish", None, one.identity, reference=one.reference)

    write(engine, work)


def kept(found: Wish) -> list[tuple[str, str]]:
    """All that is kept of a wish, as labels and words."""
    rows = [
        ("Waits to hear of", found.programme),
        ("Reference", found.reference),
        ("Ages", ", ".join(found.ages)),
        ("Near", found.near),
        ("District", found.district),
        ("Email", found.email or ""),
        ("Phone", found.phone or ""),
        ("Made", _day(found.made)),
        ("Ends", _day(found.ends)),
        ("Last message", _day(found.last_told) if found.last_told else ""),
        ("Runs in our messages", ", ".join(found.told)),
    ]
    return [(label, words) for label, words in rows if words]


def _day(moment: datetime) -> str:
    return day_words(moment.astimezone(LONDON).date())
