"""Whether a place can be booked or requested, from the directory and the time: no database."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from portal.directory import Directory, Series, Session

Opening = Literal[
    "open", "not yet", "closed", "past", "cancelled", "drop-in", "request", "referral", "unknown"
]


def opening(series: Series, session: Session | None, now: datetime) -> Opening:
    """Whether, and how, a place can be booked or requested at `now`."""
    if series.booking == "drop-in":
        return "drop-in"
    if series.withdrawn:
        return "cancelled"
    coming = coming_of(series, session, now)
    if not coming:
        return "past"
    if all(one.cancelled for one in coming):
        return "cancelled"
    if series.opens and now < series.opens:
        return "not yet"
    if series.booking_ends and series.booking_ends <= now:
        return "closed"
    if series.booking in ("request", "referral"):
        return series.booking  # type: ignore[return-value]  # checked content
    return "open"


def coming_of(series: Series, session: Session | None, now: datetime) -> tuple[Session, ...]:
    """The sessions that begin after `now`, cancelled or not: one, or those of a whole series."""
    if session is None:
        return series.coming(now)
    return (session,) if session.starts > now else ()


def booked_session(series: Series, planned: str) -> Session | None:
    """The session of a planned date, or None for a whole series."""
    if not planned:
        return None
    day = date.fromisoformat(planned)
    return next((s for s in series.all_sessions if s.planned == day), None)


def over(series: Series, planned: str, now: datetime) -> bool:
    """Whether everything booked is past, cancelled or removed."""
    if series.withdrawn:
        return True
    if planned:
        session = booked_session(series, planned)
        return session is None or bool(session.cancelled) or session.starts <= now
    return all(session.cancelled or session.ends <= now for session in series.all_sessions)


def still_to_be_had(directory: Directory, identity: str, planned: str, now: datetime) -> bool:
    """Whether an offered place can still be taken: it is neither past nor cancelled."""
    series = directory.find_series(identity)
    return series is None or not over(series, planned, now)
