"""The request desk: triage, allocation, first contact and the end of a request for support.

What it hides: the states of a case and who may be first. Each change is one transaction, which
locks what was asked for and then the case (S20), and takes the version that the form showed: if two
managers allocate at once, the first gives the worker and the second reads her name (S89). A second
press of the same button changes nothing. The log says that it was done, and nothing of the family.

A case is open as long as its booking is `requested`; `case_rows` opens and ends both together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, func, select

from portal.bookings.booking import Booking, Family, NotBookable, book
from portal.bookings.case_rows import (
    UNDER_WAY,
    SupportCase,
    belongs_to,
    case_ends,
    case_in,
    case_of,
    cases_of,
    cases_where,
    locked_case,
    open_case,
    place_cases,
)
from portal.bookings.case_words import (
    AT_OTHERS,
    NEXT_STEPS,
    REASONS,
    words_for_family,
    words_for_staff,
)
from portal.bookings.locking import NotPossible, locked_booking
from portal.bookings.waiting_list import notify, release
from portal.database import note, read, write
from portal.database.tables import OPEN_CASES, booking, staff, support_case
from portal.directory import Series, Session
from portal.directory.need_levels import is_ours
from portal.directory.values import LONDON, day_words
from portal.staff.roles import PERMISSIONS

__all__ = [
    "NEXT_STEPS",
    "REASONS",
    "UNDER_WAY",
    "Changed",
    "SupportCase",
    "allocate",
    "belongs_to",
    "book_group",
    "case_ends",
    "case_in",
    "case_of",
    "cases_of",
    "close",
    "contacted",
    "locked_case",
    "open_case",
    "place_cases",
    "queue",
    "triage",
    "words_for_family",
    "words_for_staff",
]


class Changed(NotPossible):
    """Somebody else has changed the case since the form was opened."""


# --- the queue ------------------------------------------------------------------------------------


def queue(engine: Engine, footprints: Collection[str] | None = None) -> Sequence[SupportCase]:
    """The open cases of these footprints (None: all, and those of no footprint), oldest first.

    Who may see which of them is for the caller to say.
    """
    wanted: sa.ColumnElement[bool] = support_case.c.state.in_(OPEN_CASES)
    if footprints is not None:
        wanted = sa.and_(wanted, support_case.c.footprint.in_(sorted(footprints)))
    with read(engine) as connection:
        return cases_where(connection, wanted)


def all_cases(engine: Engine) -> Sequence[SupportCase]:
    """Every case, ended ones too, oldest first."""
    with read(engine) as connection:
        return cases_where(connection, sa.true())


def families_of(engine: Engine) -> Mapping[int, int]:
    """How many families each member of staff helps now, by the number of the account."""
    query = (
        select(support_case.c.worker_id, func.count())
        .where(support_case.c.state.in_(UNDER_WAY))
        .group_by(support_case.c.worker_id)
    )
    with read(engine) as connection:
        return {int(row[0]): int(row[1]) for row in connection.execute(query)}


_NOT_OURS = "Others help families at this level, so it has no worker of ours."
_HELPERS = sorted(PERMISSIONS["change families"])


# --- what staff do --------------------------------------------------------------------------------


def triage(
    engine: Engine,
    case_id: int,
    *,
    level: int,
    next_step: str,
    seen: int,
    now: datetime,
    actor: str,
    worker_id: int | None = None,
    centre: str = "",
    lead: tuple[str, str] = ("", ""),
) -> None:
    """Note the level of need and the next step; with a worker, give her the family as well.

    `lead` is the role and the organisation of a Lead Professional elsewhere. Raises Changed if
    somebody else was first, and NotPossible if the case has a worker already or has ended.
    """

    def work(connection: Connection) -> None:
        case = locked_case(connection, case_id)
        allocating = worker_id is not None and next_step == "support"
        same = (case.level, case.next_step) == (level, next_step)
        if same and (case.worker_id == worker_id if allocating else case.state == "triage"):
            return  # the button was pressed twice
        _check(case, seen, ("new", "triage"))
        if not is_ours(level) and (next_step not in AT_OTHERS or worker_id is not None):
            raise NotPossible(_NOT_OURS)
        values = {"state": "triage", "level": level, "next_step": next_step}
        _set(connection, case, now, triaged=case.triaged or now, **values)
        note(connection, now, actor, "triage", case.booking_id, case.series, level=level)
        if allocating and worker_id is not None:
            _allocate(connection, case, worker_id, centre, lead, now, actor)

    write(engine, work)


def allocate(
    engine: Engine,
    case_id: int,
    worker_id: int,
    *,
    seen: int,
    now: datetime,
    actor: str,
    centre: str = "",
    lead: tuple[str, str] = ("", ""),
) -> None:
    """Give a family to a worker, or to another one. The family hears who it is.

    Raises Changed if somebody else was first, and NotPossible before triage and after the end.
    """

    def work(connection: Connection) -> None:
        case = locked_case(connection, case_id)
        if case.worker_id == worker_id and (case.lead_role, case.lead_organisation) == lead:
            return  # the button was pressed twice
        _check(case, seen, ("triage", *UNDER_WAY))
        if not is_ours(case.level):
            raise NotPossible(_NOT_OURS)
        _allocate(connection, case, worker_id, centre, lead, now, actor)

    write(engine, work)


def _allocate(
    connection: Connection,
    case: SupportCase,
    worker_id: int,
    centre: str,
    lead: tuple[str, str],
    now: datetime,
    actor: str,
) -> None:
    able = connection.execute(
        select(staff.c.id)
        .where(staff.c.id == worker_id, staff.c.removed.is_(None), staff.c.role.in_(_HELPERS))
        .with_for_update(read=True)  # so that the account is not removed meanwhile
    ).scalar()
    if able is None:
        raise NotPossible("This worker's account was removed. Choose somebody else.")
    other = case.worker_id != worker_id
    _set(
        connection,
        case,
        now,
        state=case.state if case.under_way else "allocated",
        next_step="support",
        worker_id=worker_id,
        centre=centre or case.centre,
        allocated=now if other else case.allocated,
        lead_role=lead[0],
        lead_organisation=lead[1],
    )
    if other:
        notify(connection, case.booking_id, "support-worker", now)
    note(connection, now, actor, "allocate", case.booking_id, case.series, staff=worker_id)


def contacted(engine: Engine, case_id: int, *, seen: int, now: datetime, actor: str) -> None:
    """Note the first contact with the family. A second call changes nothing."""

    def work(connection: Connection) -> None:
        case = locked_case(connection, case_id)
        if case.contacted is not None:
            return
        _check(case, seen, OPEN_CASES)
        _set(connection, case, now, contacted=now)
        note(connection, now, actor, "first contact", case.booking_id, case.series)

    write(engine, work)


def close(
    engine: Engine,
    case_id: int,
    reason: str,
    *,
    seen: int,
    now: datetime,
    actor: str,
    words: str = "",
) -> None:
    """Close a case for a reason of `REASONS`. The family reads that it has ended, and the `words`.

    Raises Changed if somebody else was first.
    """

    def work(connection: Connection) -> None:
        case = locked_case(connection, case_id)
        if case.state == "closed" and case.close_reason == reason:
            return  # the button was pressed twice
        _check(case, seen, OPEN_CASES)
        _end(connection, case, reason, now, actor)
        said = booking.update().where(booking.c.id == case.booking_id)
        connection.execute(said.values(reason=words))
        notify(connection, case.booking_id, "support-closed", now)

    write(engine, work)


def _end(connection: Connection, case: SupportCase, reason: str, now: datetime, actor: str) -> None:
    row = locked_booking(connection, case.booking_id)
    release(connection, row, "cancelled", now, reason=reason)
    note(connection, now, actor, "close case", case.booking_id, case.series, reason=reason)


def book_group(
    engine: Engine,
    case_id: int,
    series: Series,
    family: Family,
    *,
    key: str,
    secret: str,
    seen: int,
    now: datetime,
    actor: str,
    session: Session | None = None,
    footprint: str = "",
) -> Booking:
    """Book a place in a group for the family of a case, which is closed with it: both or neither.

    The rules and errors are those of `book`. The family gets the messages of its new booking. A
    second call with the same key changes nothing. Raises Changed if somebody else was first, and
    NotBookable for a group whose places are asked for.
    """
    if series.booking != "book":
        raise NotBookable(series.booking or "drop-in")

    def held(connection: Connection) -> Callable[[int], None]:
        case = locked_case(connection, case_id)

        def ends(_new_id: int) -> None:
            _check(case, seen, OPEN_CASES)
            reason = "down" if case.state in ("working", "reviewed") else "group"
            _end(connection, case, reason, now, actor)

        return ends

    return book(
        engine,
        series,
        family,
        key=key,
        secret=secret,
        now=now,
        session=session,
        actor=actor,
        footprint=footprint,
        instead=held,
        moved=False,
    )


# --- shared ---------------------------------------------------------------------------------------


def _check(case: SupportCase, seen: int, states: Collection[str]) -> None:
    """Raises Changed for an old form, and NotPossible if the state does not allow the change."""
    if case.version != seen:
        raise Changed(said_of(case))
    if case.state not in states:
        raise NotPossible(said_of(case))


def said_of(case: SupportCase) -> str:
    """What somebody else has done with a case, for those who meant to change it too."""
    if case.state == "declined":
        return "Somebody else has said no to this request."
    if not case.open:
        return "This request is closed."
    if case.under_way and case.worker:
        return f"{case.worker} is the family's worker now."
    if case.state == "new":
        return "Nobody has decided the next step of this request yet."
    return "Somebody else has changed this request."


def _set(connection: Connection, case: SupportCase, now: datetime, **values: Any) -> None:
    connection.execute(
        support_case.update()
        .where(support_case.c.id == case.id)
        .values(**values, changed=now, version=support_case.c.version + 1)
    )


# --- keeping --------------------------------------------------------------------------------------


def being_helped() -> sa.Select[tuple[int]]:
    """The bookings whose family a worker helps: nothing of them is erased by date."""
    return select(support_case.c.booking_id).where(support_case.c.state.in_(UNDER_WAY))


def closed(now: datetime, days: int = 0) -> sa.Select[tuple[int]]:
    """The bookings of cases that were closed at least this many days ago, without a place.

    A family that has a place in the group that it asked for is kept by the dates of that group.
    """
    return select(support_case.c.booking_id).where(
        support_case.c.state == "closed",
        support_case.c.close_reason != "place",
        support_case.c.closed <= now - timedelta(days=days),
    )


def kept_of(engine: Engine, booking_id: int) -> Iterator[tuple[str, str]]:
    """All that is kept of the case of a booking, as labels and words."""
    case = case_of(engine, booking_id)
    if case is None:
        return
    yield "Work on the request", words_for_staff(case)
    yield "Level of need", str(case.level or "")
    yield "Next step", NEXT_STEPS.get(case.next_step, "")
    yield "Worker", case.worker
    yield "Lead professional", ", ".join(filter(None, (case.lead_role, case.lead_organisation)))
    for label, moment in (
        ("Request read", case.triaged),
        ("Worker chosen", case.allocated),
        ("First contact", case.contacted),
        ("Work ended", case.closed),
    ):
        yield label, day_words(moment.astimezone(LONDON).date()) if moment else ""


def erase_of(connection: Connection, ids: Sequence[int]) -> None:
    """Delete what the cases of these bookings say of a family; states and days stay as numbers."""
    connection.execute(
        support_case.update()
        .where(support_case.c.booking_id.in_(ids))
        .values(lead_role="", lead_organisation="")
    )
