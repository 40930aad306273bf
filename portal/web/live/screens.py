"""Responses of the live pages: a page, an explanation and what to do, a form to send again."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

from flask import Response, abort, make_response, request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from portal.web import filters
from portal.web.layout import Head
from portal.web.live.alternatives import Other, tell_me, under_headings
from portal.web.live.context import live
from portal.web.live.forms.family import LiveForm
from portal.web.live.subjects import Subject

MOST_FIELDS = 60


_FORM_TYPE = "application/x-www-form-urlencoded"


def head(title: str, path: str, *, error: bool = False) -> Head:
    """Of a live screen. Each carries the exit control, whatever it is about (S1)."""
    return Head(title=title, path=path, live=True, sensitive=True, error=error)


def page(template: str, head: Head, status: int = 200, **given: Any) -> Response:
    """A live screen, which is never cached (S8)."""
    answer = make_response(live().frame.render(template, head, **given), status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


class Answers(Protocol):
    """The answers so far. `LiveForm` implements this."""

    def carried(self) -> Iterable[tuple[str, str]]:
        """Names and values of the hidden fields that bring it to the next screen."""


@dataclass(frozen=True, slots=True)
class Press:
    """A button on an explanation: it sends the answers on, with one more name and value."""

    words: str
    step: str
    extra: tuple[tuple[str, str], ...] = ()
    secondary: bool = False


def explain(
    title: str,
    path: str,
    *paragraphs: str,
    subject: Subject,
    status: int = 200,
    form: Answers | None = None,
    presses: Sequence[Press] = (),
    others: Sequence[Other] = (),
    others_title: str | None = "You could try these instead",
    tell: bool = False,
    retry_after: int | None = None,
) -> Response:
    """A page that explains a refusal and offers alternatives. With `form`, answers are kept.

    Without `others_title`, those with space have a heading of their own. `tell` also offers a
    message when the next group of what the page is about opens.
    """
    lists = [(others_title, others)] if others_title else under_headings(others)
    answer = page(
        "live/explain.html",
        head(title, path),
        status,
        paragraphs=paragraphs,
        subject=subject,
        form=form,
        presses=presses,
        others=[*lists, *(tell_me(subject.of) if tell else ())],
    )
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer


def too_many(
    path: str,
    form: LiveForm,
    step: str,
    seconds: int,
    *,
    subject: Subject,
    others: Sequence[Other] = (),
) -> Response:
    """Nothing was stored, because of a rate limit; the answers are kept."""
    return explain(
        "Wait a little, and try again",
        path,
        "We received many forms in a short time, so we have not taken yours yet.",
        f"Try again in {filters.count(math.ceil(seconds / 60), 'minute')}. Your answers are kept "
        "on this page. Or ask us, and we will do it for you.",
        subject=subject,
        status=429,
        form=form,
        presses=[Press("Try again", step)],
        others=others,
        retry_after=seconds,
    )


_OUR_FAULT = "It is our fault, not yours. Ask us, and we will do it for you."
_KEPT = (
    "Or wait a minute, and press the button. This page keeps what you sent, and nothing is stored "
    "twice, even if you press twice."
)
_STILL_WORKS = Other("/find/", "Find a session", "The pages about centres and groups work.")


def away(path: str, subject: Subject, form: Answers | None = None, step: str = "") -> Response:
    """The database failed. Pressing again acts once, whether or not the first attempt worked."""
    return explain(
        "We cannot do this just now",
        path,
        _OUR_FAULT,
        _KEPT if form is not None else "Or wait a minute, and open this page again.",
        subject=subject,
        status=503,
        form=form,
        presses=[Press("Try again", step)] if form is not None else (),
        others=[_STILL_WORKS],
        others_title="What you can still do here",
        retry_after=60,
    )


def broken(path: str, subject: Subject, form: Answers, step: str) -> Response:
    """A fault of ours while a form was sent. Pressing again acts once, as on `away`."""
    return explain(
        "Sorry, something went wrong",
        path,
        _OUR_FAULT,
        _KEPT,
        subject=subject,
        status=500,
        form=form,
        presses=[Press("Try again", step)],
        others=[_STILL_WORKS],
        others_title="What you can still do here",
    )


def check_form(most_fields: int = MOST_FIELDS) -> None:
    """Refuses, unread, what no form of the portal sends. For `before_request`."""
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


_REFERENCE = re.compile(r"[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}")


def thanks(
    title: str, path: str, reference: str, *paragraphs: str, again: str, **given: Any
) -> Response:
    """A page with a reference, which gives no access; `again` leads back to the form at `path`."""
    if not _REFERENCE.fullmatch(reference):
        abort(404)
    return page(
        "live/thanks.html",
        head(title, path),
        title=title,
        reference=reference,
        paragraphs=paragraphs,
        again=again,
        **given,
    )
