"""The portal for a WSGI server: the frozen site in front, the live pages and the staff behind it.

`create_app()` is what any WSGI server takes; `serve` runs it by Granian, which carries slow readers
without holding a Python thread for each, and stops cleanly. Where no site has been built yet, every
page says so, calmly.

The live pages use the directory that the published site was made of. When another site takes its
place, the content is read again, aside, while the last directory still answers; content that has
become wrong since changes nothing.
"""

from __future__ import annotations

import codecs
import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response
from werkzeug.wsgi import get_host

from portal import errors
from portal.server.published import FIRST_READING, Published
from portal.server.turns import Turns
from portal.settings import Settings, load_settings
from portal.web.frozen_files import Files
from portal.web.headers import HEADERS, STRICT_TRANSPORT
from portal.web.live.app import create_desk, plain_page
from portal.web.site.build_state import MARKER
from portal.web.staff.app import create_staff

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

# Each request asks for this codec, and so does whoever opens a connection. Python reads it in when
# it is first asked for; a worker that is forked while a thread does so keeps half of it for ever,
# and every live page of that worker fails with "unknown encoding: idna".
codecs.lookup("idna")

_PATIENCE = 0.5  # seconds that a live answer waits for those before it


def create_app(settings: Settings | None = None) -> WSGIApplication:
    """The whole portal as one WSGI application; its settings are the environment's by default."""
    settings = settings or load_settings()
    published = Published(settings)
    published.start()
    return behind_proxies(Portal(settings, published), settings.proxies)


def behind_proxies(app: WSGIApplication, proxies: int) -> WSGIApplication:
    """The application as it is behind so many proxies of our own, whose word is believed.

    They say who asks and whether by https. Without them, anybody could say so.
    """
    return ProxyFix(app, x_for=proxies, x_proto=proxies) if proxies else app


class Portal:
    """Files of the site first, then live pages; the same headers on all, and no answer without."""

    def __init__(self, settings: Settings, published: Published) -> None:
        self._hosts = settings.trusted_hosts
        self._marker = settings.out / MARKER
        self._files = Files(settings.out)
        self._published = published
        self._desk = create_desk(published, settings)
        self._staff = create_staff(published, settings, beside=self._desk.extensions["live"])
        self._turns = Turns(_PATIENCE)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start = _with_headers(environ, start)
        try:
            return self._answer(environ, start)
        except Exception as error:
            log.error("Fault outside of any page: %s", errors.describe(error))
            return _page(environ, start, 500, "Sorry, something went wrong", _ONCE_MORE)

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if self._hosts:
            try:
                get_host(environ, self._hosts)
            except SecurityError:
                return _page(environ, start, 400, "We do not know this address", _ONCE_MORE)
        found = self._files(environ, start)
        if found is not None:
            return found
        if not self._marker.exists() and environ["PATH_INFO"] != "/health":
            # Where a system cannot swap two folders in one step, there is none for a moment.
            time.sleep(0.05)
            found = self._files(environ, start)
            if found is not None:
                return found
            if not self._marker.exists():
                return _page(environ, start, 503, "The site is being built", _IN_A_MINUTE)
        self._published.wait(FIRST_READING)
        live = self._staff if f"{environ['PATH_INFO']}/".startswith("/staff/") else self._desk
        with self._turns.one():
            return live(environ, start)


_IN_A_MINUTE = "It will be here in a minute."
_ONCE_MORE = "Go back to the page you came from, and try again."


def _page(
    environ: WSGIEnvironment, start: StartResponse, status: int, title: str, words: str
) -> Iterable[bytes]:
    answer = Response(plain_page(title, words), status, content_type="text/html; charset=utf-8")
    if status == 503:
        answer.retry_after = 5
    return answer(environ, start)


def _with_headers(environ: WSGIEnvironment, start: StartResponse) -> StartResponse:
    def starting(
        status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        given = {name.lower() for name, _ in headers}
        extra = {**HEADERS, "Cache-Control": "no-store", "Server": "portal"}
        if environ["wsgi.url_scheme"] == "https":
            extra["Strict-Transport-Security"] = STRICT_TRANSPORT
        headers = [*headers, *((n, v) for n, v in extra.items() if n.lower() not in given)]
        return start(status, headers, exc_info) if exc_info else start(status, headers)

    return starting


# --- serving --------------------------------------------------------------------------------------
