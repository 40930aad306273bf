"""Creche places: booked with the parent's place, in the same transaction, both or neither (S98).

What it hides: a creche counts its places as `bookable` does, by one conditional update with a
constraint behind it. A family that has a place in the group keeps it while it waits for the creche.
A place in the creche that becomes free is given in the transaction that frees it, to the first
family on the list whose children fit; a larger family is passed at most twice. The family hears of
it in the daytime, and has nothing to press, because it comes anyway.

The callers have locked the bookable row, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, bindparam, func, select

from portal import messages
from portal.bookings.daytime import next_daytime
from portal.bookings.opening import booked_session, coming_of
from portal.bookings.places import ROOM_FOR_ALL, Full
from portal.database import insert_if_new, note, read
from portal.database.generations import hold_newest
from portal.database.tables import HOLDING, bookable, booking, creche, creche_place
from portal.directory import Directory, Series

MOST_PASSED = 2


class CrecheFull(Full):
    """The group may have a place, but the creche has too few: nothing was booked or changed."""


@dataclass(frozen=True, slots=True)
class CrechePlace:
    """What a family has in the creche, or waits for. `position` is 1 for the next on the list."""

    children: int
    ages: tuple[str, ...]
    state: str
    position: int | None = None

    @property
    def held(self) -> bool:
        return self.state == "held"

    @property
    def waits(self) -> bool:
        return self.state == "waiting"


def places_of(series: Series) -> int:
    """Creche places by the content: 0 without a creche, no limit where it gives no number."""
    if not series.creche:
        return 0
    return series.creche_places or ROOM_FOR_ALL


# --- statements -----------------------------------------------------------------------------------

claim = (
    creche.update()
    .where(
        creche.c.bookable_id == bindparam("it"),
        creche.c.held + bindparam("n") <= creche.c.places,
        creche.c.waiting == 0,
    )
    .values(held=creche.c.held + bindparam("n"))
)
_claim_for_waiting = (
    creche.update()
    .where(
        creche.c.bookable_id == bindparam("it"),
        creche.c.held + bindparam("n") <= creche.c.places,
    )
    .values(held=creche.c.held + bindparam("n"), waiting=creche.c.waiting - 1)
)
_number = (
    creche.update()
    .where(creche.c.bookable_id == bindparam("it"))
    .values(last_number=creche.c.last_number + 1)
    .returning(creche.c.last_number)
)


def _waits(connection: Connection, bookable_id: int, more: int) -> None:
    connection.execute(
        creche.update()
        .where(creche.c.bookable_id == bookable_id)
        .values(waiting=creche.c.waiting + more)
    )


def _free(connection: Connection, bookable_id: int, places: int) -> None:
    held = creche.c.held - places
    connection.execute(
        creche.update()
        .where(creche.c.bookable_id == bookable_id)
        .values(held=held, allowed=sa.case((creche.c.places > held, creche.c.places), else_=held))
    )


def _store(connection: Connection, booking_id: int, **values: Any) -> None:
    connection.execute(
        creche_place.update().where(creche_place.c.booking_id == booking_id).values(**values)
    )


def _place_of(connection: Connection, booking_id: int) -> Row[Any] | None:
    return connection.execute(
        select(creche_place).where(creche_place.c.booking_id == booking_id)
    ).first()


def match_content(connection: Connection, bookable_id: int, places: int) -> None:
    """Write the number of places that the content gives. Places held already stay held."""
    first = {"places": places, "allowed": places, "held": 0, "waiting": 0, "last_number": 0}
    if insert_if_new(connection, creche, bookable_id=bookable_id, **first):
        return
    connection.execute(
        creche.update()
        .where(creche.c.bookable_id == bookable_id, creche.c.places != places)
        .values(
            places=places,
            allowed=sa.case((creche.c.held > places, creche.c.held), else_=places),
        )
    )


# --- with a booking -------------------------------------------------------------------------------


def ask(
    connection: Connection,
    bookable_id: int,
    booking_id: int,
    series: Series,
    ages: Sequence[str],
    *,
    holds: bool,
    wait: bool,
) -> None:
    """Take a place for each child, or join the list if the family chose to wait.

    A family without a place in the group, which does not `hold` one yet, is noted: its children
    take part when it gets a place. Raises CrecheFull.
    """
    places, children = places_of(series), len(ages)
    match_content(connection, bookable_id, places)
    state, number = "held", None
    if not holds:
        state = "asked"
    elif connection.execute(claim, {"it": bookable_id, "n": children}).rowcount != 1:
        if not wait or children > places:
            raise CrecheFull("The creche is full.")
        state = "waiting"
        _waits(connection, bookable_id, 1)
    if state != "held":
        number = connection.execute(_number, {"it": bookable_id}).scalar_one()
    connection.execute(
        creche_place.insert().values(
            booking_id=booking_id,
            children=children,
            ages=list(ages),
            state=state,
            number=number,
            passed=0,
        )
    )


def take_up(connection: Connection, row: Row[Any]) -> None:
    """The booking has a place in the group now: its children get theirs, or wait for the creche."""
    place = _place_of(connection, row.id)
    if place is None or place.state not in ("asked", "ended"):
        return
    there = select(creche.c.places).where(creche.c.bookable_id == row.bookable_id)
    if not connection.execute(there).scalar():
        return  # there is no creche any more
    it = row.bookable_id
    if connection.execute(claim, {"it": it, "n": place.children}).rowcount == 1:
        _store(connection, row.id, state="held", number=None)
        return
    number = place.number or connection.execute(_number, {"it": it}).scalar_one()
    _store(connection, row.id, state="waiting", number=number, passed=0)
    _waits(connection, it, 1)


def end(connection: Connection, row: Row[Any]) -> None:
    """The booking has ended: free the places of its children, or take them off the list."""
    place = _place_of(connection, row.id)
    if place is None or place.state == "ended":
        return
    _leave(connection, row.bookable_id, place)
    _store(connection, row.id, state="ended", number=None)


def _leave(connection: Connection, bookable_id: int, place: Row[Any]) -> None:
    if place.state == "held":
        _free(connection, bookable_id, place.children)
    elif place.state == "waiting":
        _waits(connection, bookable_id, -1)


def change(
    connection: Connection, row: Row[Any], series: Series, ages: Sequence[str], *, wait: bool
) -> None:
    """Other children, more or fewer, or none any more. Raises CrecheFull if more do not fit.

    The family then keeps what it has.
    """
    place = _place_of(connection, row.id)
    it, holds = row.bookable_id, row.status in HOLDING
    if place is None or place.state == "ended" or not ages:
        if place is not None:
            _leave(connection, it, place)
            mine = creche_place.c.booking_id == row.id
            connection.execute(creche_place.delete().where(mine))
        if ages:
            ask(connection, it, row.id, series, ages, holds=holds, wait=wait)
        return
    match_content(connection, it, places_of(series))
    more = len(ages) - place.children
    if place.state == "held" and more > 0:
        if connection.execute(claim, {"it": it, "n": more}).rowcount != 1:
            raise CrecheFull("The creche has no room for more children.")
    elif place.state == "held" and more < 0:
        _free(connection, it, -more)
    _store(connection, row.id, children=len(ages), ages=list(ages))


# --- places that become free ----------------------------------------------------------------------


def give_freed(
    connection: Connection, directory: Directory, identity: str, planned: str, now: datetime
) -> None:
    """Give free places to the families that wait for the creche, in the order of the list."""
    series = directory.find_series(identity)
    thing = connection.execute(
        select(creche)
        .join(bookable)
        .where(bookable.c.series == identity, bookable.c.planned == planned)
    ).first()
    if series is None or thing is None or not thing.waiting or thing.held >= thing.places:
        return
    coming = coming_of(series, booked_session(series, planned), now)
    if not any(not session.off for session in coming):
        return
    number = hold_newest(connection, directory.edition)
    if number is None:
        return  # a process with the newest content gives them in its next round
    passed: list[int] = []
    for place in _list_of(connection, thing.bookable_id):
        if place.children > thing.places:
            continue  # the places were lowered: it can never fit, and must not block the others
        claims = {"it": thing.bookable_id, "n": place.children}
        if connection.execute(_claim_for_waiting, claims).rowcount != 1:
            if place.passed >= MOST_PASSED:
                break  # from now on places are collected for this family
            passed.append(place.booking_id)
            continue
        _store(connection, place.booking_id, state="held", number=None)
        due = next_daytime(now)
        messages.enqueue(connection, place.booking_id, "creche-place", now=now, due=due, about={})
        note(
            connection, now, "clock", "creche place", place.booking_id, identity, generation=number
        )
        if _pass(connection, passed):
            break


def _list_of(connection: Connection, bookable_id: int) -> Sequence[Row[Any]]:
    return connection.execute(
        select(creche_place)
        .join(booking)
        .where(booking.c.bookable_id == bookable_id, creche_place.c.state == "waiting")
        .order_by(creche_place.c.number)
    ).all()


def _pass(connection: Connection, ids: Sequence[int]) -> bool:
    """Count that these were passed. Whether one of them may not be passed again."""
    if not ids:
        return False
    theirs = creche_place.c.booking_id.in_(ids)
    connection.execute(creche_place.update().where(theirs).values(passed=creche_place.c.passed + 1))
    most = select(func.max(creche_place.c.passed)).where(theirs)
    return int(connection.execute(most).scalar_one()) >= MOST_PASSED


def with_free_places(engine: Engine) -> list[tuple[str, str]]:
    """What has both free creche places and families that wait for one, by series and date."""
    query = (
        select(bookable.c.series, bookable.c.planned)
        .join(creche)
        .where(creche.c.waiting > 0, creche.c.held < creche.c.places)
        .order_by(bookable.c.id)
    )
    with read(engine) as connection:
        return [(row.series, row.planned) for row in connection.execute(query)]


def close(connection: Connection, bookable_id: int, now: datetime) -> int:
    """There is no creche any more: end every place and wait, and let the families know."""
    query = (
        select(creche_place, booking.c.bookable_id)
        .join(booking)
        .where(booking.c.bookable_id == bookable_id, creche_place.c.state != "ended")
        .order_by(creche_place.c.booking_id)
    )
    places = connection.execute(query).all()
    for place in places:
        _leave(connection, bookable_id, place)
        _store(connection, place.booking_id, state="ended", number=None)
        messages.drop(connection, place.booking_id, ("creche-place",))
        messages.enqueue(connection, place.booking_id, "creche-closed", now=now, due=now, about={})
    return len(places)


# --- reading --------------------------------------------------------------------------------------


def place_of(engine: Engine, booking_id: int) -> CrechePlace | None:
    """What this booking has in the creche; None if it asked for nothing, or has ended."""
    with read(engine) as connection:
        return place_in(connection, booking_id)


def place_in(connection: Connection, booking_id: int) -> CrechePlace | None:
    row = connection.execute(
        select(creche_place, booking.c.bookable_id)
        .join(booking)
        .where(creche_place.c.booking_id == booking_id, creche_place.c.state != "ended")
    ).first()
    if row is None:
        return None
    position = None
    if row.state == "waiting":
        before = (
            select(func.count())
            .select_from(creche_place.join(booking))
            .where(
                booking.c.bookable_id == row.bookable_id,
                creche_place.c.state == "waiting",
                creche_place.c.number <= row.number,
            )
        )
        position = int(connection.execute(before).scalar_one())
    return CrechePlace(row.children, tuple(row.ages), row.state, position)


def given_up(engine: Engine, booking_id: int) -> int:
    """How many children a booking had in the creche, or waited for, before it ended."""
    query = select(creche_place.c.children).where(
        creche_place.c.booking_id == booking_id, creche_place.c.state == "ended"
    )
    with read(engine) as connection:
        return connection.execute(query).scalar() or 0


def left(engine: Engine, series: Series, planned: str) -> int:
    """Creche places left; 0 while a family waits for one."""
    query = (
        select(creche)
        .join(bookable)
        .where(bookable.c.series == series.identity, bookable.c.planned == planned)
    )
    with read(engine) as connection:
        row = connection.execute(query).first()
    if row is None:
        return places_of(series)
    return 0 if row.waiting else max(0, places_of(series) - row.held)


def all_left(engine: Engine, series: Iterable[Series]) -> dict[tuple[str, str], int]:
    """Creche places left by (identity, planned or ''). Where nobody has booked, it has no row."""
    places = {one.identity: places_of(one) for one in series if one.creche_room}
    if not places:
        return {}
    query = select(creche, bookable.c.series, bookable.c.planned).join(bookable)
    with read(engine) as connection:
        rows = connection.execute(query).all()
    return {
        (row.series, row.planned): 0 if row.waiting else max(0, places[row.series] - row.held)
        for row in rows
        if row.series in places
    }


# --- personal data --------------------------------------------------------------------------------


def erase_of(connection: Connection, ids: Sequence[int]) -> None:
    """Erase the ages of the children; their number stays."""
    connection.execute(
        creche_place.update().where(creche_place.c.booking_id.in_(ids)).values(ages=[])
    )
