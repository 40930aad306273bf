"""Whether a family came, for the professional who asked for it, if the family agreed (S88).

What it hides: the professional has a private link in the email that says we have the request. The
page behind it shows one of three states and nothing else. "Came" and "did not come" are said only
if a register says so, if a worker has met the family and its plan has begun, or if the family never
had either; until then it is "not yet". Why a request ended is never said: of a family that needed
other help it stays "not yet". The link is stored with the referral, as a random number and a hash,
so it ends when the details of the family are erased; at the latest some months after the family
agreed.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, select

from portal.database import note, read, write
from portal.database.references import digest_of, new_outcome_link
from portal.database.tables import attendance, bookable, booking, referral, support_case
from portal.directory import Directory, Series
from portal.directory.asked import programme_in
from portal.directory.values import LONDON
from portal.messages.family_calendar import sessions_of

State = Literal["came", "did not come", "not yet"]
SHOWN_FOR = timedelta(days=183)
_ENDED = ("cancelled", "lapsed", "declined")
_NOT_TAKEN_UP = ("stopped", "unreached")  # why a case is closed if the family did not come


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the page of the professional shows, and until when."""

    state: State
    until: datetime


def link_columns(secret: str, now: datetime) -> Mapping[str, Any]:
    """The columns of `referral` for a new link, to which the family has agreed."""
    nonce = secrets.token_bytes(16)
    hashed = digest_of(new_outcome_link(secret, nonce))
    return {"outcome_agreed": now, "outcome_nonce": nonce, "outcome_hash": hashed}


def find(engine: Engine, directory: Directory, link: str, *, now: datetime) -> Outcome | None:
    """The outcome behind a link; None for a link that is wrong, has ended or shows nothing.

    A group or programme that is sensitive or has left the content shows nothing: it may have become
    sensitive.
    """
    with read(engine) as connection:
        row = connection.execute(
            select(
                booking,
                bookable.c.series,
                bookable.c.planned,
                referral.c.outcome_agreed,
                support_case.c.state.label("case_state"),
                support_case.c.contacted,
                support_case.c.starts,
                support_case.c.closed,
                support_case.c.close_reason,
            )
            .select_from(booking.join(bookable).join(referral).outerjoin(support_case))
            .where(referral.c.outcome_hash == digest_of(link))
        ).first()
        if row is None or row.outcome_agreed + SHOWN_FOR <= now:
            return None
        series = directory.find_series(row.series)
        programme = series.programme if series else programme_in(directory, row.series)
        if programme is None or programme.sensitive:
            return None
        state = _state_of_case(row, now)
        if state is None:
            state = _state(row, series, _marks(connection, row.id), now)
        return Outcome(state, row.outcome_agreed + SHOWN_FOR)


def shown_to(engine: Engine, booking_id: int, *, now: datetime) -> str:
    """The professional who can see whether the family came: name and role; '' for nobody."""
    with read(engine) as connection:
        row = connection.execute(
            select(referral).where(
                referral.c.booking_id == booking_id,
                referral.c.outcome_agreed > now - SHOWN_FOR,
            )
        ).first()
    return f"{row.name}, {row.role}" if row is not None else ""


def stop(engine: Engine, booking_id: int, *, now: datetime) -> None:
    """The family no longer agrees: the link shows nothing from now on."""

    def work(connection: Connection) -> None:
        stopped = connection.execute(
            referral.update()
            .where(referral.c.booking_id == booking_id, referral.c.outcome_agreed.is_not(None))
            .values(outcome_agreed=None, outcome_nonce=None, outcome_hash=None)
        )
        if stopped.rowcount:
            note(connection, now, "family", "hide outcome", booking_id, None)

    write(engine, work)


def _marks(connection: Connection, booking_id: int) -> Mapping[str, str]:
    rows = connection.execute(
        select(attendance.c.planned, attendance.c.mark).where(attendance.c.booking_id == booking_id)
    )
    return {row.planned: row.mark for row in rows}


def _state_of_case(row: Row[Any], now: datetime) -> State | None:
    """What the work of a worker with the family says; None if a register, or a place, says more."""
    if row.contacted and row.starts:
        until = min(row.closed or now, now).astimezone(LONDON).date()
        if date.fromisoformat(row.starts) <= until:
            return "came"
    if row.case_state != "closed" or row.close_reason == "place":
        return None
    return "did not come" if row.close_reason in _NOT_TAKEN_UP else "not yet"


def _state(row: Row[Any], series: Series | None, marks: Mapping[str, str], now: datetime) -> State:
    if "came" in marks.values():
        return "came"
    ended = row.status in _ENDED
    if not ended and (row.ends is None or row.ends > now):
        return "not yet"
    if row.status != "confirmed" and row.was != "confirmed" and row.was:
        return "did not come"  # it never had a place
    if series is None:
        return "not yet"
    until = min(row.changed, now) if ended else now
    dates = [
        session.anchor
        for session in sessions_of(row, series)
        if not session.off and session.starts < until
    ]
    missed = all(marks.get(date) in ("absent", "apologies") for date in dates)
    return "did not come" if missed else "not yet"
