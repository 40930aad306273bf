"""Counts places: how many there are, how many are left, and whether the totals agree.

A place is for one family, or for one person if the content says so. While anybody waits, no places
are left for others: freed places go to the waiting list first.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, bindparam, func, select

from portal.bookings import creche_sums
from portal.database import look, read
from portal.database.prepared import Prepared
from portal.database.tables import HOLDING, OPEN_CASES, bookable, booking, support_case
from portal.directory import Series, Session
from portal.errors import PortalError


class Full(PortalError):
    """No place is free, and there is no waiting list (or the family did not want to wait)."""


# No limit: for requests that staff decide one by one.
ROOM_FOR_ALL = 1_000_000

_thing = Prepared(
    select(bookable).where(
        bookable.c.series == bindparam("run"), bookable.c.planned == bindparam("day")
    )
)


def places_of(series: Series) -> int:
    """The number of places; no limit if staff confirm each request and no number is given."""
    if series.places is None and series.booking in ("request", "referral"):
        return ROOM_FOR_ALL
    return series.places or 0


def claimed(series: Series, people: int) -> int:
    """How many places a party of this size needs."""
    return people if series.place_for == "person" else 1


def places_left(engine: Engine, series: Iterable[Series]) -> dict[tuple[str, str], int]:
    """Places left by (identity, planned or ''); 0 while anybody waits.

    A series or session never booked is not in the result: all of `series.places` are left.
    """
    with read(engine) as connection:
        rows = connection.execute(select(bookable)).all()
    places = {one.identity: places_of(one) for one in series}
    return {
        (row.series, row.planned): 0 if row.waiting else max(0, places[row.series] - row.held)
        for row in rows
        if row.series in places
    }


def left(engine: Engine, series: Series, session: Session | None = None) -> int:
    """Places left in one series or session; 0 while anybody waits."""
    planned = session.planned.isoformat() if session else ""
    with look(engine) as connection:
        row = _thing(connection, run=series.identity, day=planned).first()
    places = places_of(series)
    if row is None:
        return places
    return 0 if row.waiting else max(0, places - row.held)


def waited_for(engine: Engine, series: str, planned: str) -> bool:
    """Whether families wait for a place: then a place that is freed goes to them."""
    with look(engine) as connection:
        row = _thing(connection, run=series, day=planned).first()
    return row is not None and row.waiting > 0


def unheld(engine: Engine, series: Series, session: Session | None) -> int:
    """Places that nobody holds, even while families wait: staff may give them to a family."""
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
    """Series and sessions with more places held than exist: (series, planned, held, places)."""
    with read(engine) as connection:
        rows = connection.execute(select(bookable).where(bookable.c.held > bookable.c.places))
        return [(row.series, row.planned, row.held, row.places) for row in rows]


def verify(engine: Engine) -> list[str]:
    """Compare `held` and `waiting` with the bookings, also of each creche, and the state of each
    request with that of its case; returns the differences in words."""
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
        others = [*creche_sums.verify(connection), *_cases_apart(connection)]
    wrong = []
    for row in rows:
        name = f"{row.series} {row.planned}".strip()
        if row.held != row.sum_held:
            wrong.append(f"{name}: {row.held} held, but its bookings hold {row.sum_held}.")
        if row.waiting != row.sum_waiting:
            wrong.append(f"{name}: {row.waiting} waiting, but {row.sum_waiting} bookings wait.")
        if row.held > row.allowed:
            wrong.append(f"{name}: {row.held} held of {row.allowed} allowed.")
    return wrong + others


def _cases_apart(connection: Connection) -> list[str]:
    """A request is open exactly as long as its case is."""
    apart = (booking.c.status == "requested") != support_case.c.state.in_(OPEN_CASES)
    rows = connection.execute(
        select(booking.c.reference, booking.c.status, support_case.c.state)
        .join(support_case)
        .where(apart)
        .order_by(booking.c.id)
    ).all()
    return [f"{row.reference}: {row.status}, but its case is {row.state}." for row in rows]
