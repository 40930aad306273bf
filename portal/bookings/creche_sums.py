"""Whether the totals of each creche agree with its bookings, for `places.verify`."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from portal.database.tables import HOLDING, bookable, booking, creche, creche_place


def verify(connection: Connection) -> list[str]:
    """Compare each creche with its bookings; returns the differences in words."""

    def total(state: str, value: sa.ColumnElement[int] | int) -> sa.ColumnElement[int]:
        return func.coalesce(func.sum(sa.case((creche_place.c.state == state, value), else_=0)), 0)

    rows = connection.execute(
        select(
            creche,
            bookable.c.series,
            bookable.c.planned,
            total("held", creche_place.c.children).label("sum_held"),
            total("waiting", 1).label("sum_waiting"),
        )
        .join(bookable)
        .outerjoin(booking, booking.c.bookable_id == bookable.c.id)
        .outerjoin(creche_place, creche_place.c.booking_id == booking.c.id)
        .group_by(creche.c.bookable_id, bookable.c.id)
    ).all()
    wrong = []
    for row in rows:
        name = f"{row.series} {row.planned}".strip()
        if row.held != row.sum_held:
            wrong.append(f"{name}, creche: {row.held} held, but bookings hold {row.sum_held}.")
        if row.waiting != row.sum_waiting:
            wrong.append(f"{name}, creche: {row.waiting} waiting, but {row.sum_waiting} wait.")
        if row.held > row.allowed:
            wrong.append(f"{name}, creche: {row.held} held of {row.allowed} allowed.")
    return wrong + _without_group(connection)


def _without_group(connection: Connection) -> list[str]:
    """Children may have a place, or wait for one, only while the family has one in the group."""
    rows = connection.execute(
        select(booking.c.reference, booking.c.status, creche_place.c.state)
        .join(booking)
        .where(
            creche_place.c.state.in_(("held", "waiting")) != booking.c.status.in_(HOLDING),
            creche_place.c.state != "ended",
        )
    ).all()
    return [f"{row.reference}: {row.status}, but in the creche {row.state}." for row in rows]
