"""What the live screens stand on: the content as published, the database, the secret and the clock.

What it hides: the database may be away at the start or later, and then every screen says "ring us"
while the public site stays up (S63); it is migrated when it is first reached. The cookie that binds
a form's token to its browser is set by forms alone. Places left are counted at most once in a few
seconds, however many ask. Limits are spent in one go, for a contact, a series and a network.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote_to_bytes

from flask import Flask, Response, current_app, make_response, request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import Engine
from sqlalchemy import exc as database_errors
from werkzeug.exceptions import BadRequest, ServiceUnavailable, UnsupportedMediaType

from portal import database
from portal.bookings import Family, places
from portal.bookings.opening import opening
from portal.database import references
from portal.database.rate_limits import Allowance, Limit, network_of
from portal.directory import Directory, Series
from portal.web import filters
from portal.web.live.alternatives import Left, Other, instead
from portal.web.live.forms.family import LiveForm
from portal.web.templating import Frame, Head

if TYPE_CHECKING:
    from portal.settings import Settings

log = logging.getLogger(__name__)

MOST_FIELDS = 60
AVAILABILITY_AGE = timedelta(seconds=5)
_TRY_AGAIN_AFTER = 2.0  # seconds between two tries to reach a database that is away
_FORM_TYPE = "application/x-www-form-urlencoded"


class Away(ServiceUnavailable):
    """The database is away, or broke off: what was asked may be asked again with the same key."""

    def __init__(self) -> None:
        super().__init__(retry_after=60)


class FormCookie(SecureCookieSessionInterface):
    """Over https the cookie's name binds it to this host: no neighbour can set one for us."""

    _signing: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Made once an application: its secret does not change."""
        if self._signing is None:
            self._signing = super().get_signing_serializer(app)
        return self._signing

    def get_cookie_name(self, app: Flask) -> str:  # noqa: ARG002  the library's signature
        return "__Host-form" if request.is_secure else "form"

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002  the library's signature
        return request.is_secure


@dataclass(frozen=True, slots=True)
class _Counted:
    """Places left at one moment, and what follows from them."""

    directory: Directory
    at: datetime
    left: Left
    others: dict[tuple[str, tuple[str, ...], bool], list[Other]] = field(default_factory=dict)


class Live:
    """One for each application; `live()` finds it."""

    def __init__(
        self,
        frame: Callable[[], Frame],
        settings: Settings,
        clock: Callable[[], datetime],
        *,
        beside: Live | None = None,
    ) -> None:
        """`beside` is another application's, whose connections to the database this one shares."""
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

    def begin(self, desk: Flask) -> None:
        """Join an application: its cookie, its token, its database."""
        desk.extensions["live"] = self
        desk.config.update(
            clock=self._clock,
            SECRET_KEY=self.secret,
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Lax",
            # The cookie goes with the browser; a token must not end before what is being typed.
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
        """Where a live page stands, for calendars and for copying."""
        site = self.frame.site
        base = site.booking_address or self.settings.base_address or site.base_address
        return base.rstrip("/") + path

    # The database.

    @contextmanager
    def database(self) -> Iterator[Engine]:
        """The engine. What it says when it is away becomes `Away`."""
        try:
            yield self._reach()
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

    def reached(self) -> bool:
        """Whether the database answers."""
        try:
            with self.database() as engine, database.read(engine) as connection:
                connection.exec_driver_sql("SELECT 1")
        except Away:
            return False
        return True

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
        """Places left of every series and session that one can book now, a few seconds old."""
        return self._counted().left

    def others(self, series: Series, ages: Sequence[str] = (), *, same: bool = True) -> list[Other]:
        """What to offer instead (`instead`), worked out once in a few seconds, however many ask."""
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
        """What a booking of this series or programme takes of what may be booked in an hour."""
        contacts = [
            references.contact_hash(self.secret, contact).hex()
            for contact in (family.email, family.phone)
            if contact
        ]
        return self.an_hour(contacts, ("series", thing, self.settings.bookings_per_series))

    def an_hour(self, contacts: Iterable[str], *more: tuple[str, str, int]) -> Allowance:
        """One of what this network address, these contacts and (kind, value, number) may have in an
        hour; a number of 0 means no limit."""
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


def live() -> Live:
    """What the screens of this application stand on."""
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


def head(title: str, path: str, *, error: bool = False) -> Head:
    """Of a live screen. Each carries the exit control, whatever it is about (S1)."""
    return Head(title=title, path=path, live=True, sensitive=True, error=error)


def page(template: str, head: Head, status: int = 200, **given: Any) -> Response:
    """A live screen, which nobody keeps (S8)."""
    answer = make_response(live().frame.render(template, head, **given), status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


class Answers(Protocol):
    """What was answered so far. A LiveForm is it."""

    def carried(self) -> Iterable[tuple[str, str]]:
        """Names and values of the hidden fields that bring it to the next screen."""


@dataclass(frozen=True, slots=True)
class Press:
    """A button of a page that explains: it sends the answers on, with one more name and value."""

    words: str
    step: str
    extra: tuple[tuple[str, str], ...] = ()
    secondary: bool = False


def explain(
    title: str,
    path: str,
    *paragraphs: str,
    status: int = 200,
    form: Answers | None = None,
    presses: Sequence[Press] = (),
    others: Sequence[Other] = (),
    others_title: str = "You could try these instead",
    phone: str | None = None,
    back: str = "",
    retry_after: int | None = None,
) -> Response:
    """A page that says why not, and offers the next best thing. With `form`, answers are kept."""
    answer = page(
        "live/explain.html",
        head(title, path),
        status,
        paragraphs=paragraphs,
        form=form,
        presses=presses,
        others=others,
        others_title=others_title,
        phone=phone,
        back=back,
    )
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer


def too_many(
    path: str, form: LiveForm, step: str, seconds: int, phone: str | None = None
) -> Response:
    """Nothing was booked, because of how often it was asked; the answers are kept."""
    return explain(
        "Wait a little, and try again",
        path,
        "Many bookings came in a short time. So we have not taken yours yet.",
        f"Try again in {filters.count(math.ceil(seconds / 60), 'minute')}. Your answers are kept "
        "on this page. Or ring us, and we book for you.",
        status=429,
        form=form,
        presses=[Press("Try again", step)],
        phone=phone,
        retry_after=seconds,
    )


def away(path: str, form: Answers, step: str, phone: str | None = None) -> Response:
    """The database broke off: pressing again books once, whatever had been done."""
    return explain(
        "We cannot take bookings just now",
        path,
        "It is our fault, not yours. Ring us, and we do it for you.",
        "Or wait a minute and press the button. Your answers are kept on this page. You are not "
        "booked twice.",
        status=503,
        form=form,
        presses=[Press("Try again", step)],
        phone=phone,
        retry_after=60,
    )


def check_form(most_fields: int = MOST_FIELDS) -> None:
    """Refuse what no form of ours sends, before it is read. For `before_request`."""
    if request.method != "POST":
        return
    if request.mimetype != _FORM_TYPE:
        raise UnsupportedMediaType
    # Reading the body also refuses one that is too long (413).
    body = request.get_data(cache=True)
    try:
        unquote_to_bytes(body).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest from error
    if body.count(b"&") >= most_fields:
        raise BadRequest
