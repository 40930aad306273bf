"""The row of what can be booked: made by the first booking, and kept as the content says.

What it hides: a row follows a series that was renamed, takes a new number of places, and is left as
it is by a process whose content is older than the newest published one (S66).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from portal.bookings.locking import lock
from portal.bookings.places import places_of
from portal.bookings.publication import rule_of
from portal.database import insert_if_new
from portal.database.generations import check_rule, hold_newest
from portal.database.tables import bookable, told, walk_in
from portal.directory import Series
from portal.messages import announced


def prepared(connection: Connection, series: Series, planned: str, now: datetime) -> Row[Any]:
    """The bookable row of a series or session, locked and updated from the content."""
    row = lock(connection, series.identity, planned)
    return row_matching_content(connection, row, series, planned, now)


def row_matching_content(
    connection: Connection, row: Row[Any] | None, series: Series, planned: str, now: datetime
) -> Row[Any]:
    """The row after the content; raises OutOfDate where ours is older and has another rule."""
    if not _is_newest(connection, row, series):
        check_rule(connection, series.identity, rule_of(series))
        if row is not None:
            return row
    if row is None:
        _follow_name(connection, series)
        # The first family to book sees the current content, so none of it is a change to them.
        known = announced.booked_sessions(series, [planned], now)
        announced.record_first(connection, series.identity, known, now)
    elif row.places == places_of(series):
        return row
    return row_of(connection, series.identity, planned, places_of(series))


def _is_newest(connection: Connection, row: Row[Any] | None, series: Series) -> bool:
    """Whether the series was read from the newest published content, or nothing is published."""
    if row is not None and row.places == places_of(series):
        return row.newest in (None, series.edition)
    # The row will be written: no other content may be published until that is done.
    return hold_newest(connection, series.edition) is not None


def _follow_name(connection: Connection, series: Series) -> None:
    """Move rows under a former identity of a series to its present one."""
    for old in series.old_identities:
        for table in (bookable, told, walk_in):
            taken = table.alias()
            connection.execute(
                table.update()
                .where(
                    table.c.series == old,
                    # Only if the present identity has no row, or both would hold places.
                    ~select(taken.c.series)
                    .where(taken.c.series == series.identity, taken.c.planned == table.c.planned)
                    .exists(),
                )
                .values(series=series.identity)
            )


def row_of(connection: Connection, identity: str, planned: str, places: int) -> Row[Any]:
    """The row with this number of places, made if there is none, and locked."""
    row = lock(connection, identity, planned)
    if row is None:
        insert_if_new(
            connection,
            bookable,
            series=identity,
            planned=planned,
            places=places,
            allowed=places,
            held=0,
            waiting=0,
            last_number=0,
        )
        row = lock(connection, identity, planned)
    elif row.places != places:
        connection.execute(
            bookable.update()
            .where(bookable.c.id == row.id)
            .values(places=places, allowed=max(places, row.held))
        )
        row = lock(connection, identity, planned)
    if row is None:
        raise AssertionError("a row that was just written is not there")
    return row
