"""The portal as a WSGI application: the frozen site first, then the live pages and staff pages.

`create_app()` works with any WSGI server that reads a request before it takes a thread, as `serve`
does (`portal.server.reading`). Until a site has been built, every page says that it is being built.

The live pages use the directory that the published site was made from. When a new site is
published, the content is read again in the background while the previous directory is still used.
If the content has mistakes by then, the previous directory stays in use.
"""

from __future__ import annotations

import codecs
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from werkzeug.exceptions import SecurityError
from werkzeug.wrappers import Response
from werkzeug.wsgi import get_host

from portal import errors
from portal.directory import Directory
from portal.server.published import FIRST_READING, Published
from portal.server.request_queue import RequestQueue
from portal.settings import Settings, load_settings
from portal.web.frozen_files import Files
from portal.web.headers import HEADERS, STRICT_TRANSPORT
from portal.web.live.app import create_desk, plain_page
from portal.web.preview.app import ask
from portal.web.site.app import create_site
from portal.web.site.build_state import MARKER
from portal.web.staff.app import create_staff
from portal.web.visitors import behind_proxies

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

# Every request and every connection needs this codec, which Python loads on first use. A worker
# forked while another thread is loading it keeps a half-loaded codec for good, and every live page
# of that worker fails with "unknown encoding: idna".
codecs.lookup("idna")

_MAX_WAIT = 0.5  # seconds that a live request waits for those before it
# Pages that may read the whole content with an edit in it (`portal.editing.publishing.check`). That
# takes half a second or more, and families would wait for it: 0.6 s at worst, against 0.1 s beside.
_WITHOUT_A_TURN = (
    "/staff/content/",
    "/staff/week/",
    "/staff/change/",
    "/staff/closed/",
    "/staff/reports",
)


def create_app(
    settings: Settings | None = None, after_reading: Callable[[], object] = lambda: None
) -> Portal:
    """The whole portal as one WSGI application; settings come from the environment by default.

    `after_reading` is called each time the content has been read.
    """
    settings = settings or load_settings()
    published = Published(settings, after_reading)
    published.start()
    return Portal(settings, published)


class Portal:
    """Serves files of the site, then live pages, with the same headers on every response."""

    def __init__(self, settings: Settings, published: Published) -> None:
        self._hosts = settings.trusted_hosts
        self._marker = settings.out / MARKER
        self._files = Files(settings.out)
        self._published = published
        self._desk = create_desk(published, settings)
        self._staff = create_staff(
            published,
            settings,
            beside=self._desk.extensions["live"],
            site_page=partial(site_page, settings.periods),
        )
        self._queue = RequestQueue(_MAX_WAIT)
        self._with_visitor = behind_proxies(self._guarded, settings.proxies)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        return self._with_visitor(environ, start)

    def _guarded(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start = _with_headers(environ, start)
        try:
            return self._answer(environ, start)
        except Exception as error:
            log.error("Fault outside of any page: %s", errors.describe(error))
            return _page(environ, start, 500, "Sorry, something went wrong", _TRY_AGAIN)

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if self._hosts:
            try:
                get_host(environ, self._hosts)
            except SecurityError:
                return _page(environ, start, 400, "We do not know this address", _TRY_AGAIN)
        body = self._files(environ, start)
        if body is not None:
            return body
        if not self._marker.exists() and environ["PATH_INFO"] != "/health":
            # On systems that cannot swap two folders atomically, the site is missing for a moment.
            time.sleep(0.05)
            body = self._files(environ, start)
            if body is not None:
                return body
            if not self._marker.exists():
                return _page(environ, start, 503, "The site is being built", _IN_A_MINUTE)
        # A form must not be answered by content that has just been replaced.
        self._published.wait(FIRST_READING, latest=environ["REQUEST_METHOD"] == "POST")
        path = f"{environ['PATH_INFO']}/"
        live = self._staff if path.startswith("/staff/") else self._desk
        if path.startswith(_WITHOUT_A_TURN):
            return live(environ, start)
        with self._queue.turn():
            return live(environ, start)


def site_page(
    periods: Mapping[str, int], directory: Directory, path: str, originals: Mapping[Path, str]
) -> str | None:
    """A page of the public site as it would be with this directory.

    `originals` are the addresses of pictures whose files may be gone.
    """
    found = ask(create_site(directory, periods=periods, originals=originals), path)
    return found.decode() if found is not None else None


_IN_A_MINUTE = "It will be here in a minute."
_TRY_AGAIN = "Go back to the page you came from, and try again."


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
        present = {name.lower() for name, _ in headers}
        extra = {**HEADERS, "Cache-Control": "no-store", "Server": "portal"}
        if environ["wsgi.url_scheme"] == "https":
            extra["Strict-Transport-Security"] = STRICT_TRANSPORT
        headers = [(n, _relative(v, environ) if n == "Location" else v) for n, v in headers]
        headers = [*headers, *((n, v) for n, v in extra.items() if n.lower() not in present)]
        return start(status, headers, exc_info) if exc_info else start(status, headers)

    return starting


def _relative(location: str, environ: WSGIEnvironment) -> str:
    """A redirect within this site, without its host.

    The router writes the host that the visitor sent, which may be anything while no hosts are
    trusted (S41).
    """
    parts = urlsplit(location)
    own = (get_host(environ).lower(), environ.get("HTTP_HOST", "").lower())
    if not parts.netloc or parts.netloc.lower() not in own:
        return location
    # Two slashes at the start would lead to another host.
    return urlunsplit(("", "", "/" + parts.path.lstrip("/\\"), parts.query, parts.fragment))
