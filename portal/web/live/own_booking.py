"""The booking behind a family's private link, with what the content says about it now.

What it hides: the state that a page shows is not the booking's status alone. An offer may have run
out, and all the dates of a place or a wait may be cancelled, before the worker has recorded it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, abort

from portal import bookings, database
from portal.bookings import Booking, apologies, content_changes
from portal.database.tables import LIVE
from portal.directory import Programme, Series, Session, asked
from portal.messages import announced, family_calendar
from portal.web.live.context import live
from portal.web.live.screens import explain
from portal.web.live.subjects import (
    OWN_BOOKING,
    OWN_REQUEST,
    Subject,
    of_programme,
    of_series,
    planned_on,
)


@dataclass(frozen=True, slots=True)
class Own:
    """A booking, with what the content now says about it."""

    booking: Booking
    series: Series | None
    programme: Programme | None
    # The booking's status, except that an offer that has lapsed, and anything whose dates are all
    # cancelled, has ended; 'over' if no date is left.
    state: str
    was: str  # its state before it ended; '' if that was not recorded
    # Its sessions as the family knows them, past ones and those removed from the content included.
    held: tuple[Session, ...]
    # If the content no longer has the series: its coming sessions, as they were announced.
    remembered: tuple[announced.Remembered, ...] = ()
    off: str = ""  # why all the dates are off, where the booking itself was not cancelled
    excused: frozenset[str] = frozenset()  # dates, as planned, to which the family cannot come

    @property
    def path(self) -> str:
        return f"/bookings/{self.booking.link}"

    @property
    def discreet(self) -> bool:
        """A series that is no longer in the content may have been sensitive."""
        return self.programme is None or self.programme.sensitive

    @property
    def removed(self) -> bool:
        """Whether it is still booked, and the content no longer has what was booked."""
        return self.live and self.programme is None

    @property
    def asked(self) -> bool:
        """Whether the family asked for this, and staff answer or have answered it."""
        return self.booking.way != "book"

    @property
    def noun(self) -> str:
        """What it is called: a request until staff give a place."""
        place = self.state if self.live or self.state == "over" else self.was
        no_place = self.state == "declined" or place in ("requested", "")
        return "request" if self.asked and no_place else "booking"

    @property
    def itself(self) -> Subject:
        """What it is called where its page must not say what it is for."""
        return OWN_REQUEST if self.noun == "request" else OWN_BOOKING

    @property
    def subject(self) -> Subject:
        """What was booked, where its page may name it."""
        if self.programme is None or self.discreet:
            return replace(self.itself, of=self.programme, back=self.path)
        if self.series is None:
            return replace(of_programme(self.programme), back=self.path)
        planned = self.booking.planned
        session = next((one for one in self.held if one.anchor == planned), None)
        session = session or planned_on(self.series, planned)
        return of_series(self.series, session, back=self.path)

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Its sessions that have not ended, cancelled ones included, soonest first."""
        return _coming(self.held)

    @property
    def live(self) -> bool:
        return self.state in LIVE

    @property
    def ended(self) -> bool:
        """Whether the family may want something else instead."""
        return self.state in ("cancelled", "declined", "lapsed")

    @property
    def place_is_off(self) -> bool:
        """Whether the family has a place, and every date that is left is cancelled."""
        return bool(self.off) and self.booking.status == "confirmed"

    @property
    def waits_for_date(self) -> bool:
        """Whether none of its dates has a day, because one or more are postponed."""
        sessions = self.sessions
        return any(one.postponed for one in sessions) and all(one.off for one in sessions)

    @property
    def begun(self) -> bool:
        """Whether some of its dates took place."""
        return any(one.ends <= live().now and not one.off for one in self.held)

    def explain(self, title: str, *paragraphs: str, **given: Any) -> Response:
        """Why something cannot be done; where the page may name groups, with others to try."""
        if self.series is not None and not self.discreet:
            given = {"others": live().others(self.series), **given}
        return explain(title, self.path, *paragraphs, **{"subject": self.subject, **given})


def own_booking(link: str) -> Own:
    """The booking behind a link; otherwise the response that every wrong link gets."""
    found, now = live(), live().now
    with found.database() as engine:
        booking = bookings.find(engine, link, secret=found.secret, now=now)
    if booking is None:
        abort(404)
    directory = found.directory
    series = directory.find_series(booking.series)
    if series is not None:
        programme: Programme | None = series.programme
    else:
        programme = directory.programme(asked.programme_of(booking.series))
    held = _held(booking, series)
    remembered = _remembered(booking) if programme is None else ()
    state = booking.status
    off = ""
    # The worker may not have ended it yet.
    sessions = _coming(held)
    holds = state in ("confirmed", "waiting", "offered")
    if series is not None and holds and _all_off(sessions):
        state, off = "cancelled", content_changes.why_off(series, sessions)
    elif holds and remembered and all(session.cancelled for session in remembered):
        state, off = "cancelled", content_changes.DISCREET_REASON
    elif state == "offered" and booking.offered_until and booking.offered_until <= now:
        state = "lapsed"
    elif state in ("confirmed", "waiting") and held and all(one.open_until <= now for one in held):
        state = "over"
    was = booking.status if state != booking.status else booking.was
    with found.database() as engine:
        excused = apologies.excused(engine, booking.id) if held else frozenset()
    return Own(booking, series, programme, state, was, held, remembered, off, excused)


def _coming(held: Iterable[Session]) -> tuple[Session, ...]:
    return tuple(session for session in held if session.open_until > live().now)


def _all_off(sessions: Sequence[Session]) -> bool:
    return bool(sessions) and all(session.cancelled for session in sessions)


def _held(booking: Booking, series: Series | None) -> tuple[Session, ...]:
    if series is None:
        return ()
    found, sessions = live(), family_calendar.sessions_of(booking, series)
    with found.database() as engine, database.read(engine) as connection:
        return announced.known_sessions(
            connection, found.directory, series, booking, sessions, found.now
        )


def _remembered(booking: Booking) -> tuple[announced.Remembered, ...]:
    found = live()
    with found.database() as engine:
        return announced.remembered_sessions(engine, booking, found.now)
