"""The preview site: pages rendered on request, with a note for the editor on each.

The note says what is wrong, by file, line and remedy, while the last good pages stay; or what would
change for families. The only script of the preview loads the page again when there is another. All
of its own is under `/-preview/`: no page of the frozen site can have an address that starts with a
hyphen (`freezer.check_address`), and a guard looks for traces of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from portal.content.front_matter import Problem
from portal.directory.addresses import LIVE
from portal.editing.effects import Changed
from portal.web.headers import HEADERS
from portal.web.templating import environment

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_STATIC = Path(__file__).resolve().parents[2] / "static"
_KEEP_ALIVE = 10.0  # seconds after which a silent connection is tried


@dataclass(frozen=True, slots=True)
class Details:
    """What the newest edits mean for families, and which pages they changed.

    Dates and coverage are each compared with something, '' if there is nothing to compare with yet.
    """

    compared_with: str
    differences: tuple[Changed, ...] = ()
    totals: tuple[str, ...] = ()
    bookings: str = ""
    touched: tuple[str, ...] = ()
    coverage: tuple[str, ...] = ()  # what has changed, a sentence each
    coverage_with: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown now: the newest good site, if any, what is wrong with the files, and what in
    them is hardly meant."""

    version: str
    app: WSGIApplication | None = None
    problems: tuple[Problem, ...] = ()
    seconds: float = 0.0
    doubts: tuple[Problem, ...] = ()


class State(Protocol):
    """The source of the newest reading: see `portal.web.preview.watching`."""

    @property
    def shown(self) -> Shown: ...

    def details(self, version: str, *, wait: bool) -> Details | None:
        """Of this reading, if they are known, or after waiting a moment for them."""

    def wait(self, version: str, seconds: float) -> str:
        """The version shown: returns when it differs from this one, or after so many seconds."""


def create_preview(state: State) -> WSGIApplication:
    """The preview as a WSGI application."""

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        shown = state.shown
        if request.path.startswith("/-preview/"):
            response = _own(request, state, shown)
        elif shown.app is None:
            response = _page(shown, state, "There is nothing to show yet", status=503)
        else:
            response = _site(request, state, shown, shown.app)
        response.headers.update(HEADERS)
        response.headers["Cache-Control"] = "no-store"
        return response(environ, start)

    return answer


def ask(app: WSGIApplication, path: str) -> bytes | None:
    """Renders the page at a path; None if there is none."""
    answer = Client(app).get(path)
    return answer.get_data() if answer.status_code == 200 else None


def _site(request: Request, state: State, shown: Shown, app: WSGIApplication) -> Response:
    if request.path == "/availability.json":
        return Response('{"series": {}}', content_type="application/json")  # nobody books here
    answer = Response.from_app(app, request.environ, buffered=True)
    if answer.status_code == 404 and request.path.startswith(LIVE):
        words = "Families book here on the live service. A preview shows the pages you write."
        return _page(shown, state, "This is a live page", words=words)
    if answer.mimetype == "text/html":
        made = answer.get_data(as_text=True)
        answer.set_data(_with_note(made, shown, state))
    return answer


def _with_note(page: str, shown: Shown, state: State) -> str:
    """The page with the preview's own script, style and note."""
    note = _render("note.html", shown, state, wait=False)
    page = page.replace("</head>", f"{_head(shown)}</head>", 1)
    before, end, after = page.rpartition("</body>")
    return f"{before}{note}{end}{after}" if end else page + note


def _head(shown: Shown) -> str:
    return (
        '<link rel="stylesheet" href="/-preview/preview.css">'
        f'<script src="/-preview/preview.js" data-version="{shown.version}" defer></script>'
    )


def _own(request: Request, state: State, shown: Shown) -> Response:
    if request.path == "/-preview/":
        return _page(shown, state, "What will change")
    if request.path == "/-preview/note":
        made = _render("note.html", shown, state, wait=True)
        return Response(made, content_type="text/html; charset=utf-8")
    if request.path == "/-preview/changes":
        after = request.args.get("after", "")
        return Response(_stream(state, after), content_type="text/event-stream; charset=utf-8")
    kinds = {"preview.js": "text/javascript", "preview.css": "text/css"}
    name = request.path.removeprefix("/-preview/")
    if name not in kinds:
        return _page(
            shown, state, "Page not found", words="There is no page at this address.", status=404
        )
    return Response((_STATIC / name).read_bytes(), content_type=f"{kinds[name]}; charset=utf-8")


def _stream(state: State, after: str) -> Iterator[str]:
    yield "retry: 500\n\n"  # milliseconds; and what comes first brings the headers
    while True:
        version = state.wait(after, _KEEP_ALIVE)
        # A comment now and then, since only a write shows that the page has been closed.
        yield f"data: {version}\n\n" if version != after else ": still here\n\n"
        after = version


def _page(
    shown: Shown, state: State, title: str, *, words: str = "", status: int = 200
) -> Response:
    made = _render("page.html", shown, state, wait=not words, title=title, words=words)
    made = made.replace("</head>", f"{_head(shown)}</head>", 1)
    return Response(made, status, content_type="text/html; charset=utf-8")


def _render(template: str, shown: Shown, state: State, *, wait: bool, **given: Any) -> str:
    details = None if shown.problems else state.details(shown.version, wait=wait)
    made = environment().get_template(f"preview/{template}")
    return made.render(shown=shown, details=details, **given)
