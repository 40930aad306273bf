"""The context of the live pages: published content, database, secret and clock.

What it hides: the database may be unavailable at the start or later, and then every screen says
"ask us" while the public site stays up (S63); it is migrated when it is first reached. Only forms
set the cookie that binds a form's token to its browser. Places left are counted at most once in a
few seconds, however many requests there are. Rate limits for a contact, a series and a network are
applied together.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from flask import Flask, current_app, request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import Engine
from sqlalchemy import exc as database_errors
from werkzeug.exceptions import ServiceUnavailable

from portal import database
from portal.bookings import Family, places
from portal.bookings.opening import opening
from portal.database import generations, references
from portal.database.generations import OutOfDate, Standing
from portal.database.rate_limits import Allowance, Limit, network_of
from portal.directory import Directory, Series
from portal.web.layout import Frame
from portal.web.live.alternatives import Left, Other, instead

if TYPE_CHECKING:
    from portal.settings import Settings

log = logging.getLogger(__name__)

AVAILABILITY_AGE = timedelta(seconds=5)
_WRITABLE_AGE = timedelta(seconds=10)
_TRY_AGAIN_AFTER = 2.0  # seconds between attempts to reach an unavailable database


class Away(ServiceUnavailable):
    """The database is unavailable or the connection broke: send again with the same key."""

    def __init__(self) -> None:
        super().__init__(retry_after=60)


class FormCookie(SecureCookieSessionInterface):
    """Over https, the cookie's name binds it to this host: no neighbouring host can set it."""

    _signing: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Made once for each application, because its secret does not change."""
        if self._signing is None:
            self._signing = super().get_signing_serializer(app)
        return self._signing

    def get_cookie_name(self, app: Flask) -> str:  # noqa: ARG002  the library's signature
        return "__Host-form" if request.is_secure else "form"

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002  the library's signature
        return request.is_secure


@dataclass(frozen=True, slots=True)
class _Counted:
    """Places left at one moment, and the alternatives computed from them."""

    directory: Directory
    at: datetime
    left: Left
    others: dict[tuple[str, tuple[str, ...], bool], list[Other]] = field(default_factory=dict)


class Live:
    """The context of one application; `live()` returns it."""

    def __init__(
        self,
        frame: Callable[[], Frame],
        settings: Settings,
        clock: Callable[[], datetime],
        *,
        beside: Live | None = None,
    ) -> None:
        """`beside` is the context of another application; they share database connections."""
        self._beside = beside
        self._frame = frame
        self._clock = clock
        self.settings = settings
        self.secret = settings.secret
        self._engine: Engine | None = None
        self._connecting = Lock()
        self._failed = float("-inf")
        self._counting = Lock()
        self._kept: _Counted | None = None
        self._written: datetime | None = None  # when the database could last be written
        self._said = ""  # what the log says of our content

    def begin(self, desk: Flask) -> None:
        """Set up an application: its cookie, its form token, its database."""
        desk.extensions["live"] = self
        desk.config.update(
            clock=self._clock,
            SECRET_KEY=self.secret,
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Lax",
            # The cookie lasts until the browser closes, so a token has no expiry of its own.
            WTF_CSRF_TIME_LIMIT=None,
            WTF_I18N_ENABLED=False,
        )
        desk.session_interface = FormCookie()
        try:
            self._reach()
        except Away:
            log.error("The database cannot be reached. Bookings are refused until it can.")

    @property
    def frame(self) -> Frame:
        return self._frame()

    @property
    def directory(self) -> Directory:
        return self.frame.directory

    @property
    def now(self) -> datetime:
        clock: Callable[[], datetime] = current_app.config["clock"]
        return clock()

    def address(self, path: str) -> str:
        """The absolute address of a live page, for calendars and for copying."""
        site = self.frame.site
        base = site.booking_address or self.settings.base_address or site.base_address
        return base.rstrip("/") + path

    # The database.

    @contextmanager
    def database(self) -> Iterator[Engine]:
        """The engine. Errors of an unavailable database become `Away`, and so does OutOfDate."""
        try:
            yield self._reach()
        except OutOfDate as error:
            log.error("A booking was refused by older content: %s", error)
            raise Away from error
        except (
            database_errors.OperationalError,
            database_errors.InterfaceError,
            database_errors.InternalError,
            database_errors.TimeoutError,
        ) as error:
            log.error("The database broke off: %s", type(error.__cause__ or error).__name__)
            raise Away from error
        except database_errors.DatabaseError as error:
            if type(error) is not database_errors.DatabaseError:
                raise  # our own mistake, such as a broken constraint
            log.error("The database cannot be read.")
            raise Away from error

    def can_write(self) -> bool:
        """Whether a booking could be stored; a yes may be a few seconds old. No while the database
        is away."""
        written = self._written
        if written is not None and abs(self.now - written) < _WRITABLE_AGE:
            return True
        try:
            with self.database() as engine:
                able = database.can_write(engine)
        except Away:
            able = False
        self._written = self.now if able else None
        return able

    def standing(self) -> Standing | None:
        """How our content compares with the newest published; None while the database is away."""
        try:
            with self.database() as engine, database.read(engine) as connection:
                found = generations.standing(connection, self.directory.edition)
        except Away:
            return None
        if not found.current and found.words != self._said:
            log.error("The content here is %s. It tells and offers families nothing.", found.words)
        self._said = found.words
        return found

    def _reach(self) -> Engine:
        if self._beside is not None:
            return self._beside._reach()
        if self._engine is not None:
            return self._engine
        with self._connecting:
            if self._engine is None:
                if time.monotonic() - self._failed < _TRY_AGAIN_AFTER:
                    raise Away
                try:
                    engine = database.connect(self.settings.database_address)
                    database.migrate(engine)
                except (database_errors.SQLAlchemyError, OSError) as error:
                    self._failed = time.monotonic()
                    raise Away from error
                self._engine = engine
            return self._engine

    def left(self) -> Left:
        """Places left in every series and session that can be booked now; a few seconds old."""
        return self._counted().left

    def full(self) -> frozenset[tuple[str, str]]:
        """What has no place left, as `left` names it; nothing while the database is away."""
        try:
            return frozenset(thing for thing, left in self.left().items() if not left)
        except Away:
            return frozenset()

    def others(self, series: Series, ages: Sequence[str] = (), *, same: bool = True) -> list[Other]:
        """Alternatives (`instead`), computed at most once in a few seconds."""
        counted = self._counted()
        asked = series.identity, tuple(ages), same
        if asked not in counted.others:
            counted.others[asked] = instead(
                counted.directory, series, counted.left, counted.at, ages=ages, same=same
            )
        return counted.others[asked]

    def _counted(self) -> _Counted:
        directory, now = self.directory, self.now
        with self._counting:
            kept = self._kept
            if kept and kept.directory is directory and abs(now - kept.at) < AVAILABILITY_AGE:
                return kept
            with self.database() as engine:
                self._kept = _Counted(directory, now, _count(engine, directory, now))
            return self._kept

    # Limits.

    def allowance(self, family: Family, thing: str) -> Allowance:
        """What a booking of this series or programme counts towards the hourly limits."""
        contacts = [
            references.contact_hash(self.secret, contact).hex()
            for contact in (family.email, family.phone)
            if contact
        ]
        return self.an_hour(contacts, ("series", thing, self.settings.bookings_per_series))

    def an_hour(self, contacts: Iterable[str], *more: tuple[str, str, int]) -> Allowance:
        """Count one towards the hourly limits of this network address, these contacts and each
        (kind, value, number); a number of 0 means no limit."""
        settings = self.settings
        asked = [
            ("address", network_of(request.remote_addr or ""), settings.bookings_per_address),
            *more,
            *(("contact", contact, settings.bookings_per_contact) for contact in contacts),
        ]
        limits = [
            Limit(kind, value, per_hour=number, burst=number)
            for kind, value, number in asked
            if value and number
        ]
        return Allowance(self.secret, limits)

    def a_day(self, *asked: tuple[str, str, int]) -> Allowance:
        """Count one towards the daily limit of each (kind, value, number); 0 means no limit."""
        limits = [
            Limit(kind, value, per_hour=number / 24, burst=number)
            for kind, value, number in asked
            if number
        ]
        return Allowance(self.secret, limits)


def live() -> Live:
    """The context of the current application."""
    found: Live = current_app.extensions["live"]
    return found


def _count(engine: Engine, directory: Directory, now: datetime) -> Left:
    held = places.places_left(engine, directory.series)
    counted = {}
    for series in directory.series:
        if series.booking != "book":
            continue
        things = series.next_sessions(now) if series.book == "session" else [None]
        for session in things:
            if opening(series, session, now) == "open":
                planned = session.planned.isoformat() if session else ""
                key = series.identity, planned
                counted[key] = held.get(key, places.places_of(series))
    return counted


# --- answers -------------------------------------------------------------------------------------
