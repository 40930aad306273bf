"""A family says that it cannot come to one date of a series that it has booked as a whole.

It keeps its place for the other dates, so nothing is freed; the register of the date shows "Sent
apologies". What was booked for one date alone is cancelled instead (`transitions.cancel`).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, select

from portal.bookings.locking import NotPossible, locked_booking
from portal.database import insert_if_new, note, read, write
from portal.database.audit import AuditAction
from portal.database.tables import attendance


def apologise(
    engine: Engine, booking_id: int, planned: str, *, coming: bool = False, now: datetime
) -> None:
    """Note that the family cannot come on this date; `coming` takes it back.

    A second call changes nothing. Raises NotPossible if the family has no place, or staff have
    noted already whether it came.
    """
    wanted = "expected" if coming else "apologies"

    def work(connection: Connection) -> None:
        row = locked_booking(connection, booking_id)
        if row.status != "confirmed" or row.planned:
            raise NotPossible("This booking has no place for which to send apologies.")
        own = attendance.c.booking_id == booking_id, attendance.c.planned == planned
        marked = connection.execute(select(attendance).where(*own)).first()
        if marked is not None and marked.mark not in ("expected", "apologies"):
            raise NotPossible("Staff have noted already whether the family came.")
        if wanted == (marked.mark if marked else "expected"):
            return
        values = {"mark": wanted, "version": (marked.version if marked else 0) + 1, "changed": now}
        if marked is None:
            fresh = {"booking_id": booking_id, "planned": planned, **values}
            if not insert_if_new(connection, attendance, **fresh):
                raise NotPossible("Staff have noted something at this moment.")
        else:
            connection.execute(attendance.update().where(*own).values(**values))
        action: AuditAction = "can come" if coming else "cannot come"
        note(connection, now, "family", action, booking_id, row.series, planned=planned)

    write(engine, work)


def excused(engine: Engine, booking_id: int) -> frozenset[str]:
    """The dates, as planned, to which the family cannot come."""
    with read(engine) as connection:
        dates = connection.execute(
            select(attendance.c.planned).where(
                attendance.c.booking_id == booking_id, attendance.c.mark == "apologies"
            )
        ).scalars()
        return frozenset(dates)
