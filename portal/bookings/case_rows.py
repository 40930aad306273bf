"""The rows of the request desk: a case is opened with its request, read, locked, and ended with it.

What it hides: a case is a row beside a booking that was asked for, and ends in the transaction in
which that booking ends, whatever ends it (`case_ends`). `support` has what staff do with a case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, select

from portal.bookings.locking import NotPossible, locked_booking
from portal.database import read, write
from portal.database.tables import OPEN_CASES, bookable, booking, staff, support_case
from portal.directory import Directory
from portal.directory.asked import ASKED_FOR, district_of
from portal.directory.values import LONDON

UNDER_WAY = ("allocated", "working", "reviewed")  # a worker helps the family


@dataclass(frozen=True, slots=True)
class SupportCase:
    """A request as the desk sees it. It names no family; `worker` is the name of its worker.

    `worker` is '' before there is one, and after her account was removed (`needs_worker`).
    """

    id: int
    booking_id: int
    footprint: str
    centre: str
    state: str
    level: int | None
    next_step: str
    worker_id: int | None
    lead_role: str
    lead_organisation: str
    received: datetime
    triaged: datetime | None
    allocated: datetime | None
    contacted: datetime | None
    starts: str
    first_review: str
    last_review: str
    reviewed: datetime | None
    closed: datetime | None
    close_reason: str
    version: int
    changed: datetime
    reference: str
    series: str  # the identity of what was asked for
    planned: str
    way: str  # request or referral
    worker: str = ""
    worker_left: datetime | None = None  # when her account was removed

    @property
    def open(self) -> bool:
        return self.state in OPEN_CASES

    @property
    def under_way(self) -> bool:
        """Whether a worker helps the family."""
        return self.state in UNDER_WAY

    @property
    def needs_worker(self) -> bool:
        """Whether its worker has left while she had it."""
        return self.under_way and not self.worker

    @property
    def for_group(self) -> bool:
        """Whether a group was asked for, and not a programme as such."""
        return not self.series.startswith(ASKED_FOR)

    @property
    def worker_first_name(self) -> str:
        return self.worker.partition(" ")[0]

    @property
    def received_on(self) -> date:
        return self.received.astimezone(LONDON).date()


_OF_CASE = (
    select(
        support_case,
        booking.c.reference,
        booking.c.way,
        bookable.c.series,
        bookable.c.planned,
        sa.case((staff.c.removed.is_(None), staff.c.title), else_="").label("worker"),
        staff.c.removed.label("worker_left"),
    )
    .select_from(support_case.join(booking, booking.c.id == support_case.c.booking_id))
    .join(bookable, bookable.c.id == booking.c.bookable_id)
    .outerjoin(staff, staff.c.id == support_case.c.worker_id)
)
_NAMES = tuple(field.name for field in fields(SupportCase))


def _case(row: Row[Any]) -> SupportCase:
    found = SupportCase(**{name: row._mapping[name] for name in _NAMES})
    return found if found.worker else replace(found, worker="")


# --- opening and ending ---------------------------------------------------------------------------


def open_case(
    connection: Connection, booking_id: int, *, footprint: str, centre: str, now: datetime
) -> None:
    """Put a request into the queue of a footprint, in the transaction that makes the request.

    `footprint` and `centre` may be '' where they are not known: `place_cases` finds them.
    """
    connection.execute(
        support_case.insert().values(
            booking_id=booking_id,
            footprint=footprint,
            centre=centre,
            state="new",
            received=now,
            version=0,
            changed=now,
        )
    )


def case_ends(
    connection: Connection, row: Row[Any], status: str, reason: str, now: datetime
) -> None:
    """End the open case of a request that ends with this status. Others have none, or keep theirs.

    `row` is the booking before; `reason` is why the case is closed, unless it was declined.
    """
    if row.status != "requested":
        return
    declined = status == "declined"
    connection.execute(
        support_case.update()
        .where(support_case.c.booking_id == row.id, support_case.c.state.in_(OPEN_CASES))
        .values(
            state="declined" if declined else "closed",
            close_reason="" if declined else reason,
            closed=now,
            changed=now,
            version=support_case.c.version + 1,
        )
    )


def case_reopens(connection: Connection, booking_id: int, now: datetime) -> None:
    """Open a case again where it was, because the family took back that it gave up its request."""
    state = sa.case(
        (support_case.c.reviewed.is_not(None), "reviewed"),
        (support_case.c.starts != "", "working"),
        (support_case.c.worker_id.is_not(None), "allocated"),
        (support_case.c.triaged.is_not(None), "triage"),
        else_="new",
    )
    connection.execute(
        support_case.update()
        .where(support_case.c.booking_id == booking_id, support_case.c.state == "closed")
        .values(
            state=state,
            close_reason="",
            closed=None,
            changed=now,
            version=support_case.c.version + 1,
        )
    )


# --- reading --------------------------------------------------------------------------------------


def case_of(engine: Engine, booking_id: int) -> SupportCase | None:
    """The case of a booking; None for one that was not asked for."""
    with read(engine) as connection:
        return case_in(connection, booking_id)


def case_in(connection: Connection, booking_id: int) -> SupportCase | None:
    """The same, in a transaction that is open."""
    row = connection.execute(_OF_CASE.where(support_case.c.booking_id == booking_id)).first()
    return None if row is None else _case(row)


def cases_where(connection: Connection, condition: sa.ColumnElement[bool]) -> list[SupportCase]:
    """All cases of which this is true, oldest first."""
    rows = connection.execute(
        _OF_CASE.where(condition).order_by(support_case.c.received, support_case.c.id)
    )
    return [_case(row) for row in rows]


def cases_of(connection: Connection, ids: Iterable[int]) -> list[SupportCase]:
    """The cases of these bookings."""
    return cases_where(connection, support_case.c.booking_id.in_(sorted(ids)))


def locked_case(connection: Connection, case_id: int) -> SupportCase:
    """A case, locked until the end of the transaction, after what was asked for (S20)."""
    found = connection.execute(
        select(support_case.c.booking_id).where(support_case.c.id == case_id)
    ).scalar()
    if found is None:
        raise NotPossible("There is no such request.")
    locked_booking(connection, int(found))
    connection.execute(
        select(support_case.c.id).where(support_case.c.id == case_id).with_for_update()
    )
    case = case_in(connection, int(found))
    assert case is not None  # noqa: S101  it is locked
    return case


# --- where it belongs -----------------------------------------------------------------------------


def belongs_to(directory: Directory, identity: str, centre: str = "") -> tuple[str, str]:
    """The footprint and the centre of a request for this identity; '' where there is none."""
    series = None if identity.startswith(ASKED_FOR) else directory.find_series(identity)
    slug = series.centre.slug if series is not None else centre
    if not slug and not identity.startswith(ASKED_FOR):
        slug = identity.partition("/")[0]  # the series has gone from the content
    found = directory.find_centre(slug) if slug else None
    if found is not None:
        return directory.footprint_of(found).slug, found.slug
    district = directory.district(district_of(identity))
    return (directory.footprint_of(district).slug if district else ""), centre


def place_cases(engine: Engine, directory: Directory) -> int:
    """Put open cases into the queue of the footprint and centre that the content gives now.

    Cases of an upgraded database have neither, and centres change their name or footprint. Returns
    how many were put elsewhere.
    """
    with read(engine) as connection:
        cases = cases_where(connection, support_case.c.state.in_(OPEN_CASES))
    moved = 0
    for case in cases:
        footprint, centre = belongs_to(directory, case.series, case.centre)
        if case.under_way and directory.find_centre(case.centre):
            centre = case.centre  # of its worker, who may be of another centre than the group
        if (footprint, centre) != (case.footprint, case.centre):
            moved += write(
                engine,
                lambda c, case=case, footprint=footprint, centre=centre: int(  # type: ignore[misc]
                    c.execute(
                        support_case.update()
                        .where(
                            support_case.c.id == case.id,
                            support_case.c.version == case.version,
                        )
                        .values(footprint=footprint, centre=centre)
                    ).rowcount
                ),
            )
    return moved
