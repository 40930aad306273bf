"""Counts the people whom workers speak to on outreach, by age band, as numbers only.

What it hides: several workers of a team count at once, each on a phone that may lose its signal. So
what is saved is how many to add or take away, and never a total, and each form has a key: a form
that arrives twice counts once. There are no names, no words and no times of day, so that nobody can
be recognised (S99). The numbers stay; the keys are deleted when counting is over.

Counting opens on the day of a session, and closes some days after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, select

from portal.bookings.locking import NotPossible
from portal.database import insert_if_new, note, read, write
from portal.database.references import digest_of
from portal.database.tables import contact_count, contact_press
from portal.directory import AGE_BANDS, Series, Session
from portal.directory.values import LONDON, day_words

OPEN_FOR = timedelta(days=14)  # after the day of the session
MOST = 999  # of one age band at one session
PARENTS = "parents"
YOUNG = "young"


@dataclass(frozen=True, slots=True)
class Counter:
    """What is counted by itself: young people of an age band, or parents of any age."""

    kind: str
    band: str
    words: str

    @property
    def name(self) -> str:
        """Its name in forms."""
        return f"{self.kind}:{self.band}"


COUNTERS: tuple[Counter, ...] = (
    *(Counter(YOUNG, band.slug, band.title) for band in AGE_BANDS),
    Counter(PARENTS, "", "Parents"),
)
_BY_NAME: Mapping[str, Counter] = {one.name: one for one in COUNTERS}


@dataclass(frozen=True, slots=True)
class Contacts:
    """The numbers of one session, by counter; those that are not there are 0."""

    numbers: Mapping[Counter, int] = field(default_factory=dict)

    def of(self, counter: Counter) -> int:
        return self.numbers.get(counter, 0)

    @property
    def total(self) -> int:
        return sum(self.numbers.values())


def counter_named(name: str) -> Counter | None:
    return _BY_NAME.get(name)


def is_counted(session: Session) -> bool:
    """Whether contacts are counted at a session: it is outreach, or in an area."""
    return session.series.programme.kind == "outreach" or session.venue.is_area


def refusal(session: Session, now: datetime) -> str:
    """Why nothing can be counted now, in a sentence; '' if it can."""
    today = now.astimezone(LONDON).date()
    if session.off:
        return "This session is cancelled or postponed."
    if today < session.day:
        return f"You can count from {day_words(session.day)}."
    last = session.day + OPEN_FOR
    if today > last:
        return f"Counting closed on {day_words(last)}. The numbers are kept."
    return ""


def usual(series: Series) -> tuple[Counter, ...]:
    """The counters for those whom a series is for: its ages, and parents."""
    bands = {band.slug for band in AGE_BANDS if band.holds(series.ages or ())}
    return tuple(one for one in COUNTERS if one.kind == PARENTS or one.band in bands or not bands)


def add(
    engine: Engine,
    session: Session,
    changes: Mapping[Counter, int],
    *,
    key: str,
    now: datetime,
    actor: str,
) -> None:
    """Add these numbers, or take them away if they are negative. The same key counts once.

    A number never falls below 0. Raises NotPossible if the session is not open for counting.
    """
    if words := refusal(session, now):
        raise NotPossible(words)
    series = session.series

    def work(connection: Connection) -> None:
        pressed = {"key_hash": digest_of(key), "made": now}
        if not insert_if_new(connection, contact_press, **pressed):
            return
        # In one order, so that two transactions cannot wait for each other.
        for counter in sorted(changes, key=COUNTERS.index):
            _add(connection, series, session.anchor, counter, changes[counter])
        count = sum(map(abs, changes.values()))
        note(
            connection, now, actor, "count contacts", None, series.identity,
            planned=session.anchor, changed=count,
        )  # fmt: skip

    write(engine, work)


def _add(connection: Connection, series: Series, planned: str, counter: Counter, by: int) -> None:
    table = contact_count
    known = connection.execute(
        select(table.c.series).where(
            table.c.series.in_(_names(series)),
            table.c.planned == planned,
            table.c.kind == counter.kind,
            table.c.band == counter.band,
        )
    ).scalars()
    own = {
        "series": next(iter(known), series.identity),
        "planned": planned,
        "kind": counter.kind,
        "band": counter.band,
    }
    insert_if_new(connection, table, **own, number=0)
    sum_ = table.c.number + by
    connection.execute(
        table.update()
        .where(*(table.c[name] == value for name, value in own.items()))
        .values(number=sa.case((sum_ < 0, 0), (sum_ > MOST, MOST), else_=sum_))
    )


def of(engine: Engine, session: Session) -> Contacts:
    """The numbers of one session."""
    return by_session(engine, [session])[session.series.identity, session.planned]


def by_session(engine: Engine, sessions: Sequence[Session]) -> dict[tuple[str, date], Contacts]:
    """The numbers of sessions, by identity of the series and planned date."""
    names = {old: one.series.identity for one in sessions for old in _names(one.series)}
    found: dict[tuple[str, str], dict[Counter, int]] = {}
    with read(engine) as connection:
        rows = connection.execute(
            select(contact_count).where(contact_count.c.series.in_(list(names)))
        ).all()
    for row in rows:
        counter = _BY_NAME.get(f"{row.kind}:{row.band}")
        if counter:  # one of a newer version is left to it
            numbers = found.setdefault((names[row.series], row.planned), {})
            numbers[counter] = numbers.get(counter, 0) + row.number
    return {
        (one.series.identity, one.planned): Contacts(
            found.get((one.series.identity, one.anchor), {})
        )
        for one in sessions
    }


def _names(series: Series) -> Iterable[str]:
    return (series.identity, *series.old_identities)


def forget_keys(connection: Connection, now: datetime) -> None:
    """Delete the keys of forms that can no longer arrive: counting has closed."""
    # A key is made at the earliest on the day of its session.
    over = contact_press.c.made < now - OPEN_FOR - timedelta(days=2)
    connection.execute(contact_press.delete().where(over))
