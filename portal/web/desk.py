"""The live pages: what cannot be a file, because it depends on who asks, or on now.

They are an application of their own, apart from the frozen site, which would write a page without
arguments into the public folder. A view reads what was asked, calls one verb and renders one page.

What goes wrong shows one calm page with a way to reach us. A run of a sensitive programme gets the
same answer as one that does not exist (S3), and logs name the rule that was asked for, never the
address: an address may hold a token (S43).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any

from flask import Flask, Response, abort, redirect, request
from werkzeug.exceptions import HTTPException, ServiceUnavailable

from portal.directory import Directory, Series
from portal.fields import LONDON
from portal.settings import Settings
from portal.web import Frame, Head
from portal.web.files import Files

# Gives the directory that is published now; None while there is none.
Current = Callable[[], Directory | None]

_LONGEST_FORM = 64 * 1024
_MOST_FIELDS = 60
_DATES_SHOWN = 12

# What a page says of what went wrong, in words that help.
_FAULTS: Mapping[int, tuple[str, str]] = {
    400: ("We could not read that", "Go back to the page you came from, and try again."),
    404: ("Page not found", "Check the address, or start again from the first page."),
    405: ("We could not do that", "Go back to the page you came from, and try again."),
    413: ("That was too long", "Go back, write less, and try again."),
    500: ("Sorry, something went wrong", "It is our fault, not yours. Try again in a few minutes."),
    503: ("Sorry, this is not ready yet", "Try again in a few minutes."),
}


class Desk(Flask):
    """A Flask application whose log holds nothing that a visitor sent."""

    def log_exception(
        self,
        exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None],
    ) -> None:
        asked = request.url_rule.rule if request.url_rule else "an unknown address"
        self.logger.error("Fault on %s [%s]", asked, request.method, exc_info=exc_info)


def create_desk(current: Current, settings: Settings) -> Flask:
    """The live application for the directory that `current` gives."""
    desk = Desk("portal", static_folder=None)
    desk.config["MAX_CONTENT_LENGTH"] = _LONGEST_FORM
    desk.config["MAX_FORM_PARTS"] = _MOST_FIELDS
    files = Files(settings.out)
    frames = _Frames(current)

    @desk.get("/health")
    def health() -> tuple[dict[str, str], int]:
        directory = current()
        if directory is None:
            return {"content": "not loaded"}, 503
        return {"content": "loaded", "day": directory.today.isoformat()}, 200

    @desk.get("/book/<centre>/<series>")
    def book(centre: str, series: str) -> str:
        frame = frames.now()
        found = _public_series(frame.directory, f"{centre}/{series}")
        return frame.render(
            "desk/book.html",
            _head(f"{found.name}: how to get a place", found.booking_path),
            series=found,
            sessions=found.next_sessions(datetime.now(LONDON), _DATES_SHOWN),
        )

    @desk.get("/request/<programme>")
    def ask(programme: str) -> str:
        frame = frames.now()
        found = frame.directory.programme(programme) or abort(404)
        return frame.render(
            "desk/ask.html",
            _head(f"Ask about {found.title}", found.request_path),
            paragraphs=["Ring us to ask for a place. We will talk about what would help you."],
            phone=found.phone,
        )

    @desk.get("/gap")
    def gap() -> str:
        return frames.now().render(
            "desk/ask.html",
            _head("Tell us what is missing", "/gap"),
            paragraphs=[
                "Does a family need help that nobody near them gives? Please tell us.",
                "Do not tell us who the family is.",
            ],
            phone=None,
        )

    @desk.get("/find/results")
    def results() -> str:
        head = Head(title="Find a session", path="/find/results", section="/find/", live=True)
        return frames.now().render("desk/results.html", head)

    @desk.get("/leave")
    def leave() -> Any:
        answer = redirect(frames.now().site.quick_exit, 303)
        for cookie in request.cookies:
            answer.delete_cookie(cookie)
        return answer

    @desk.errorhandler(HTTPException)
    def fault(error: HTTPException) -> Any:
        if error.code is None or error.code < 400:
            return error
        frozen = files.page("404.html") if error.code == 404 else None
        answer = Response(frozen or frames.fault(error.code), error.code)
        for name, value in error.get_headers():
            if name.lower() in ("allow", "retry-after"):
                answer.headers[name] = value
        return answer

    return desk


class _Frames:
    """The frame of the directory that is published now."""

    def __init__(self, current: Current) -> None:
        self._current = current
        self._frame: Frame | None = None

    def now(self) -> Frame:
        """Raises ServiceUnavailable while no directory is loaded."""
        directory = self._current()
        if directory is None:
            raise ServiceUnavailable(retry_after=60)
        frame = self._frame
        if frame is None or frame.directory is not directory:
            frame = self._frame = Frame(directory, exit_path="/leave")
        return frame

    def fault(self, code: int) -> str:
        title, words = _FAULTS.get(code, _FAULTS[400 if code < 500 else 500])
        try:
            head = Head(title=title, path=request.path, live=True, error=True)
            return self.now().render("desk/ask.html", head, paragraphs=[words], phone=None)
        except Exception:  # the page of a fault must not fail, whatever the fault was
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


def _public_series(directory: Directory, identity: str) -> Series:
    """The series that may be booked by all, else an answer that it is not there."""
    found = directory.find_series(identity)
    if found is None or found.programme.sensitive:
        abort(404)
    return found


def _head(title: str, path: str) -> Head:
    # Every booking page carries the exit control, whatever it is about (S1).
    return Head(title=title, path=path, live=True, sensitive=True)
