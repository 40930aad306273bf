"""The cookies of the staff pages, and the token that binds each form to a visit.

Over https its name begins with `__Host-`: other hosts of the domain cannot set it, and it is sent
only to this host. Before sign-in it holds a random number, after sign-in the token of a visit; it
changes at each step, so that it cannot be known beforehand. The form token is made from the cookie,
where Flask-WTF looks for it: live forms work here too, and expire with the visit they were shown
in.

A second cookie marks a browser that somebody has signed in with. It opens nothing: such a browser
only has an allowance of attempts of its own (`portal.staff.tries`).

Over plain http, sign-in works only on the machine itself: browser and server both at a loopback
address, without a proxy, so that a server in use refuses all requests without https. A third cookie
shows that the browser is here (`portal.staff.local_pass`).
"""

from __future__ import annotations

import hmac
import re
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, g, request, session
from flask.sessions import SessionInterface, SessionMixin

from portal.database.tables import DEVICE_FOR
from portal.staff.local_pass import LOOPBACK, is_pass, is_served
from portal.web.live.context import live

if TYPE_CHECKING:
    from flask import Request, Response
    from werkzeug.wrappers import Response as Answered

STRICT, PLAIN = "__Host-portal-staff", "portal-staff"
DEVICE = "__Host-portal-device", "portal-device"  # over https, and over plain http
PASS = "portal-here"  # noqa: S105  the name of a cookie
TOKEN = "csrf_token"  # noqa: S105  the name under which Flask-WTF keeps it

_HELD = re.compile(r"[A-Za-z0-9_-]{32,64}")
_HERE = ("127.0.0.1", "::1")
_FORWARDED = (
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Real-IP",
    "Forwarded",
    "Via",
)


def safe() -> bool:
    """Whether a cookie may be sent: over https, or within this machine."""
    return request.is_secure or (near() and is_pass(live().secret, request.cookies.get(PASS, "")))


def near() -> bool:
    """Whether this request seems to be made on this machine.

    A proxy on this machine may forward neither address nor host, and its visitors would seem to be
    here. So nobody is here once proxies or public hosts are set, or where the browser names another
    site as the one it is on. For a proxy that is not set and names nothing, only the pass helps.
    """
    if is_served(live().settings) or request.remote_addr not in _HERE:
        return False
    if not _is_here(f"//{request.host}"):
        return False
    named = (request.headers.get(header) for header in ("Origin", "Referer"))
    return all(_is_here(one) for one in named if one and one != "null") and not any(
        header in request.headers for header in _FORWARDED
    )


def keep_pass(answer: Answered, given: str) -> None:
    """Leave the pass of this machine in a browser that came with it."""
    if not request.is_secure and is_pass(live().secret, given):
        answer.set_cookie(
            PASS, given, max_age=DEVICE_FOR, httponly=True, samesite="Lax", path="/staff"
        )


def _is_here(address: str) -> bool:
    try:
        return urlsplit(address).hostname in LOOPBACK
    except ValueError:
        return False


def name() -> str:
    return STRICT if request.is_secure else PLAIN


class StaffCookie(dict[str, Any], SessionMixin):
    """Flask's session for this request. It holds only the form token."""

    def __init__(self, held: str, secret: str) -> None:
        super().__init__()
        self._secret = secret
        self._given = held
        self._asked = False
        self.held = ""
        self.signed_in = False
        self.new_device = ""
        self.hold(held or secrets.token_urlsafe(32))

    def hold(self, held: str) -> None:
        """Gives the browser a new value; earlier forms are no longer accepted."""
        self.held = held
        digest = hmac.new(self._secret.encode(), f"staff-form:{held}".encode(), "sha256")
        super().__setitem__(TOKEN, digest.hexdigest())
        g.pop(TOKEN, None)  # Flask-WTF caches the token made for this request

    def __getitem__(self, key: str) -> Any:
        self._asked = True
        return super().__getitem__(key)

    @property
    def to_send(self) -> bool:
        """Whether the cookie must be sent: it changed, or a form was made with a new one."""
        return self.held != self._given and (bool(self._given) or self._asked or self.signed_in)


class Cookies(SessionInterface):
    """Reads the cookie before a request, and writes it after."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def open_session(self, app: Flask, request: Request) -> StaffCookie:  # noqa: ARG002
        given = request.cookies.get(name(), "")
        return StaffCookie(given if _HELD.fullmatch(given) else "", self._secret)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:  # noqa: ARG002
        if isinstance(session, StaffCookie) and session.to_send:
            response.set_cookie(
                name(),
                session.held,
                secure=request.is_secure,
                httponly=True,
                samesite="Lax",
                path="/",
            )
        if isinstance(session, StaffCookie) and session.new_device:
            response.set_cookie(
                _device_name(),
                session.new_device,
                max_age=DEVICE_FOR,
                secure=request.is_secure,
                httponly=True,
                samesite="Lax",
                path="/",
            )


def held() -> str:
    """The value of the browser's cookie."""
    cookie: StaffCookie = session._get_current_object()  # type: ignore[attr-defined]
    return cookie.held


def _device_name() -> str:
    return DEVICE[0] if request.is_secure else DEVICE[1]


def device() -> str:
    """The token of a browser that somebody has signed in with; '' for another one."""
    given = request.cookies.get(_device_name(), "")
    return given if _HELD.fullmatch(given) else ""


def keep_device() -> str:
    """Mark this browser as one that somebody has signed in with, and return its token."""
    cookie: StaffCookie = session._get_current_object()  # type: ignore[attr-defined]
    cookie.new_device = device() or secrets.token_urlsafe(32)
    return cookie.new_device


def hold(value: str) -> None:
    """Gives the browser the token of a visit; '' replaces it with a random number."""
    cookie: StaffCookie = session._get_current_object()  # type: ignore[attr-defined]
    cookie.hold(value or secrets.token_urlsafe(32))
    cookie.signed_in = bool(value)
