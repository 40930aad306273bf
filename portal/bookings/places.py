"""Room: how many places there are, how many are left, and whether the sums agree.

A place is one family's, or one person's where the content says so. While anybody waits, nothing is
left for others: what is freed goes to the waiting list first.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import Engine, bindparam, func, select

from portal.database import look, read
from portal.database.prepared import Prepared
from portal.database.tables import HOLDING, bookable, booking
from portal.directory import Series, Session

# Where staff decide one by one, nothing has to be counted.
ROOM_FOR_ALL = 1_000_000

_thing = Prepared(
    select(bookable).where(
        bookable.c.series == bindparam("run"), bookable.c.planned == bindparam("day")
    )
)


def places_of(series: Series) -> int:
    """How many places it has. Where staff say yes one by one and no number is given: no limit."""
    if series.places is None and series.booking in ("request", "referral"):
        return ROOM_FOR_ALL
    return series.places or 0


def claimed(series: Series, people: int) -> int:
    """How many places a party of so many people claims."""
    return people if series.place_for == "person" else 1


def places_left(engine: Engine, series: Iterable[Series]) -> dict[tuple[str, str], int]:
    """Places left by (identity, planned or ''); 0 while anybody waits. Unbooked things are full of
    room and not in the answer's keys: they have `series.places`."""
    with read(engine) as connection:
        rows = connection.execute(select(bookable)).all()
    places = {one.identity: places_of(one) for one in series}
    return {
        (row.series, row.planned): 0 if row.waiting else max(0, places[row.series] - row.held)
        for row in rows
        if row.series in places
    }


def left(engine: Engine, series: Series, session: Session | None = None) -> int:
    """Places left of one series or session; 0 while anybody waits."""
    planned = session.planned.isoformat() if session else ""
    with look(engine) as connection:
        row = _thing(connection, run=series.identity, day=planned).first()
    places = places_of(series)
    if row is None:
        return places
    return 0 if row.waiting else max(0, places - row.held)


def unheld(engine: Engine, series: Series, session: Session | None) -> int:
    """Places that nobody holds, also where families wait: staff may give them by name."""
    names = (series.identity, *series.old_identities)
    planned = session.anchor if session else ""
    with read(engine) as connection:
        held = connection.execute(
            select(sa.func.coalesce(sa.func.sum(bookable.c.held), 0)).where(
                bookable.c.series.in_(names), bookable.c.planned == planned
            )
        ).scalar_one()
    return max(0, places_of(series) - int(held))


def over_booked(engine: Engine) -> list[tuple[str, str, int, int]]:
    """Where more is held than there are places now: (series, planned, held, places)."""
    with read(engine) as connection:
        rows = connection.execute(select(bookable).where(bookable.c.held > bookable.c.places))
        return [(row.series, row.planned, row.held, row.places) for row in rows]


def verify(engine: Engine) -> list[str]:
    """What does not add up, in words: `held` and `waiting` against the bookings. Empty is well."""
    held = func.coalesce(
        func.sum(sa.case((booking.c.status.in_(HOLDING), booking.c.places), else_=0)), 0
    )
    waiting = func.coalesce(func.sum(sa.case((booking.c.status == "waiting", 1), else_=0)), 0)
    with read(engine) as connection:
        rows = connection.execute(
            select(bookable, held.label("sum_held"), waiting.label("sum_waiting"))
            .outerjoin(booking)
            .group_by(bookable.c.id)
        ).all()
    wrong = []
    for row in rows:
        name = f"{row.series} {row.planned}".strip()
        if row.held != row.sum_held:
            wrong.append(f"{name}: {row.held} held, but its bookings hold {row.sum_held}.")
        if row.waiting != row.sum_waiting:
            wrong.append(f"{name}: {row.waiting} waiting, but {row.sum_waiting} bookings wait.")
        if row.held > row.allowed:
            wrong.append(f"{name}: {row.held} held of {row.allowed} allowed.")
    return wrong
