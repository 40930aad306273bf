"""The live pages: those that cannot be files, because they depend on the visitor or the time.

They are an application of their own, apart from the frozen site, because the freezer would write
their pages into the public folder. A view reads the request, calls one verb and renders one page.

Errors show one calm page with a way to reach us. A series of a sensitive programme gets the same
response as one that does not exist (S3), and logs name the URL rule, never the address, because an
address may hold a token (S43).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from io import BytesIO
from types import TracebackType
from typing import Any

from flask import Flask, Request, Response, redirect, request
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable
from werkzeug.utils import cached_property

from portal import errors
from portal.directory import Directory
from portal.directory.values import LONDON
from portal.feeds.sitemap import CLOSED
from portal.settings import Settings
from portal.web import finder_page
from portal.web.frozen_files import Files
from portal.web.layout import Frame, Head
from portal.web.live import (
    absence,
    book,
    complaint,
    consultation,
    custom_calendar,
    gap,
    moving,
    my_booking,
    outcome,
    own_plan,
    screens,
    subjects,
)
from portal.web.live.context import Away, Live
from portal.web.live.forms import steps
from portal.web.live.forms.answers import printable
from portal.web.live.request import pages as request_pages
from portal.web.live.tell import pages as tell_pages
from portal.web.visitors import NOT_BELIEVED, SET_PROXIES

# Returns the directory that is published now; None while there is none.
Current = Callable[[], Directory | None]

# Control characters, which no page may have, and of which PostgreSQL refuses a NUL.
_CONTROL = dict.fromkeys({*range(0x20), *range(0x7F, 0xA0)} - {ord("\t"), ord("\n")}, "\ufffd")
# The same in a path, which holds bytes of UTF-8 as if they were Latin-1.
_CONTROL_BYTES = dict.fromkeys((*range(0x20), 0x7F), "\xef\xbf\xbd")
_LONGEST_FORM = 64 * 1024
_MOST_FIELDS = 60

# The title and advice of the page for each error.
_FAULTS: Mapping[int, tuple[str, str]] = {
    400: ("We could not read that", "Go back to the page you came from, and try again."),
    404: ("Page not found", "Check the address, or start again from the first page."),
    405: ("We could not do that", "Go back to the page you came from, and try again."),
    413: ("That was too long", "Go back, write less, and try again."),
    500: ("Sorry, something went wrong", "It is our fault, not yours. Try again in a few minutes."),
    503: ("Sorry, this is not ready yet", "Try again in a few minutes."),
}


def london_now() -> datetime:
    """The time now. It is passed on from here: nothing below reads a clock."""
    return datetime.now(LONDON)


class PageRequest(Request):
    """A request whose HEAD is read as a GET without a form.

    Flask answers HEAD by the view of GET. A view that asks "is this a GET?" before it reads a form
    would otherwise take a HEAD for a form that was sent, and a HEAD needs no token.

    Control characters in its address become U+FFFD: then there is no such page.
    """

    def __init__(self, environ: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        if not environ["PATH_INFO"].isprintable():
            environ = {**environ, "PATH_INFO": environ["PATH_INFO"].translate(_CONTROL_BYTES)}
        if environ["REQUEST_METHOD"] == "HEAD":  # the answer loses its body by the first environ
            environ = {
                **environ,
                "REQUEST_METHOD": "GET",
                "wsgi.input": BytesIO(),
                "CONTENT_LENGTH": "0",
                "CONTENT_TYPE": "",
            }
        super().__init__(environ, *args, **kwargs)

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """The query of the address, with U+FFFD in place of control characters."""
        pairs = super().args.items(multi=True)
        return ImmutableMultiDict((k.translate(_CONTROL), v.translate(_CONTROL)) for k, v in pairs)


class Desk(Flask):
    """A Flask application whose log holds nothing that a visitor sent."""

    request_class = PageRequest

    def log_exception(
        self,
        exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None],
    ) -> None:
        asked = request.url_rule.rule if request.url_rule else "an unknown address"
        what = errors.describe(exc_info[1]) if exc_info[1] else ""
        self.logger.error("Fault on %s [%s]: %s", asked, request.method, what)


def create_desk(
    current: Current, settings: Settings, *, clock: Callable[[], datetime] = london_now
) -> Flask:
    """The live application for the directory that `current` returns; `clock` returns the time."""
    desk = Desk("portal", static_folder=None)
    desk.config["MAX_CONTENT_LENGTH"] = _LONGEST_FORM
    desk.config["MAX_FORM_PARTS"] = _MOST_FIELDS
    files = Files(settings.out)
    frames = Frames(current, lambda directory: Frame(directory, exit_path="/leave"))
    live = Live(frames.now, settings, clock)
    live.begin(desk)
    for pages in (
        book.pages,
        my_booking.pages,
        absence.pages,
        moving.pages,
        request_pages,
        gap.pages,
        outcome.pages,
        own_plan.pages,
        complaint.pages,
        consultation.pages,
        tell_pages,
        custom_calendar.pages,
    ):
        desk.register_blueprint(pages)

    @desk.after_request
    def unlisted(answer: Response) -> Response:
        if request.path.startswith(CLOSED):
            answer.headers["X-Robots-Tag"] = "noindex"
        return answer

    @desk.get("/health")
    def health() -> tuple[dict[str, str], int]:
        directory = current()
        if directory is None:
            return {"content": "not loaded"}, 503
        said = {"content": "loaded", "day": directory.today.isoformat()}
        if request.environ.get(NOT_BELIEVED):
            said["proxies"] = SET_PROXIES
        standing = live.standing()
        if standing is None:
            return {**said, "database": "not reached"}, 503
        said["generation"] = standing.words
        if not live.can_write():
            return {**said, "database": "cannot be written"}, 503
        return {**said, "database": "reached"}, 200

    @desk.get("/find/results")
    def results() -> Any:
        asked = request.args.to_dict(flat=False)
        full = live.full() if "room" in asked else frozenset()
        page, status = finder_page.answer(frames.now(), asked, clock(), full)
        if status != 303:
            return page, status
        answer = redirect(page, 303)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @desk.get("/leave")
    def leave() -> Any:
        answer = redirect(frames.now().site.quick_exit, 303)
        own = desk.session_interface.get_cookie_name(desk)
        if own in request.cookies:
            steps.leave()
        for cookie in request.cookies.keys() - {own}:
            # Over https, a `__Host-` cookie is deleted only by a cookie with the same restrictions.
            answer.delete_cookie(cookie, secure=request.is_secure, httponly=True, samesite="Lax")
        return answer

    @desk.errorhandler(Away)
    def database_away(error: Away) -> Any:
        """The public site stays up; pages that need the database say how to reach us (S63)."""
        try:
            if request.method == "POST":
                sent = Sent() if steps.own_token() else None
                return screens.away(*sent_to(), sent, sent_step())
            return screens.away(request.path, subjects.of_address())
        except ServiceUnavailable:
            return fault(error)

    @desk.errorhandler(InternalServerError)
    def broken(error: InternalServerError) -> Any:
        """A form keeps its answers, where one of a database that is away would. Neither the
        database nor the view of the form is asked again."""
        if request.method == "POST":
            try:
                if steps.own_token():
                    return screens.broken(*sent_to(), Sent(), sent_step())
            except Exception:  # the page for an error must not fail, whatever the error was
                desk.logger.error("The answers of a form could not be kept.")
        return fault(error)

    @desk.errorhandler(HTTPException)
    def fault(error: HTTPException) -> Any:
        if error.code is None or error.code < 400:
            return error
        frozen = files.page("404.html") if error.code == 404 else None
        return fault_answer(error, frozen or frames.fault(error.code, sensitive=True))

    return desk


def sent_to() -> tuple[str, subjects.Subject]:
    """Where a form was sent, with its query, and what it is about."""
    return request.full_path.removesuffix("?"), subjects.of_address()


def sent_step() -> str:
    return request.form.get("step", "confirm")


class Sent:
    """A form as received, unchecked, for a page that sends it again."""

    def carried(self) -> Iterator[tuple[str, str]]:
        for name, value in request.form.items(multi=True):
            if name != "step":
                yield printable(name), printable(value, lines=True)


def fault_answer(error: HTTPException, shown: str | bytes) -> Response:
    """The page shown for an error, with the error's headers that tell clients what to do."""
    answer = Response(shown, error.code)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            answer.headers[name] = value
    return answer


class Frames:
    """Keeps the frame of the published directory; `make` makes a new one when it changes."""

    def __init__(self, current: Current, make: Callable[[Directory], Frame]) -> None:
        self._current = current
        self._make = make
        self._frame: Frame | None = None

    def now(self) -> Frame:
        """Raises ServiceUnavailable while no directory is loaded."""
        directory = self._current()
        if directory is None:
            raise ServiceUnavailable(retry_after=60)
        frame = self._frame
        if frame is None or frame.directory is not directory:
            frame = self._frame = self._make(directory)
        return frame

    def fault(self, code: int, *, sensitive: bool = False) -> str:
        """The calm page for an error. `sensitive` gives it the exit control (S1)."""
        title, words = _FAULTS.get(code, _FAULTS[400 if code < 500 else 500])
        try:
            path = request.path
            head = Head(title=title, path=path, live=True, error=True, sensitive=sensitive)
            return self.now().render("live/ask.html", head, paragraphs=[words])
        except Exception:  # the page for an error must not fail, whatever the error was
            return plain_page(title, words)


def plain_page(title: str, words: str) -> str:
    """A page that needs no directory, no template and no other file."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title></head>\n"
        f"<body><main><h1>{title}</h1><p>{words}</p>"
        "<p>In an emergency, ring 999.</p></main></body>\n</html>\n"
    )
