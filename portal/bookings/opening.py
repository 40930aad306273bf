"""Whether a place can be booked or requested, from the directory and the time: no database."""

from __future__ import annotations

from datetime import date, datetime

from portal.directory import Directory, Series, Session
from portal.directory.state import Kind, state_of


def opening(series: Series, session: Session | None, now: datetime) -> Kind:
    """Whether, and how, a place can be booked or requested at `now`: as every page says it."""
    return state_of(series, session, now).kind


_TAKEN = ("open", "request", "referral")
# Staff can book for families who ring before booking opens, or after it closes.
_TAKEN_BY_PHONE = (*_TAKEN, "not yet", "closed", "started")


def refusal(series: Series, session: Session | None, now: datetime, *, staff: bool) -> Kind | None:
    """Why no place can be booked or requested at `now`, by families or by `staff`; None if one can.

    Which way of asking is open to whom is not looked at.
    """
    kind = opening(series, session, now)
    return None if kind in (_TAKEN_BY_PHONE if staff else _TAKEN) else kind


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
        if session is not None and session.postponed:
            return session.open_until <= now
        return session is None or bool(session.cancelled) or session.starts <= now
    return all(session.cancelled or session.open_until <= now for session in series.all_sessions)


def still_to_be_had(directory: Directory, identity: str, planned: str, now: datetime) -> bool:
    """Whether an offered place can still be taken: it is neither past nor cancelled."""
    series = directory.find_series(identity)
    return series is None or not over(series, planned, now)
