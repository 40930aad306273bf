"""Live custom calendars: the file that calendar programs poll, and the page that previews it.

Programs poll every hour, for years. So each calendar is made once for a published site, kept with
its ETag and its compressed forms, and mostly answered with 304. Its time of change is that of the
calendar of all groups, whose file keeps its time from build to build: a calendar that has lost a
group has changed too, which the remaining groups would not show.

The database is not used, so these pages stay up when bookings are unavailable.
"""

from __future__ import annotations

import gzip
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from threading import Lock

import brotli
from flask import Blueprint, Response, current_app, make_response, request
from werkzeug.http import http_date, quote_etag

from portal.directory import Directory
from portal.directory.values import LONDON
from portal.feeds import custom_calendar
from portal.feeds.calendar_entries import FIRST_REVISION
from portal.feeds.calendars import Calendars
from portal.feeds.custom_calendar import Choice, ChoiceError
from portal.web.frozen_files import file_headers
from portal.web.layout import Head
from portal.web.live.context import live

pages = Blueprint("calendars", __name__)

SHOWN = 10
_MOST_KEPT = 64
_EVERYTHING = "calendar.ics"


@pages.get(custom_calendar.FILE)
def custom() -> Response:
    """The calendar that the parameters ask for; 422 with a message if one is not known."""
    kept = _made()
    try:
        chosen = custom_calendar.read(kept.directory, _pairs())
    except ChoiceError as error:
        return Response(f"{error}\n", 422, content_type="text/plain; charset=utf-8")
    coding = request.accept_encodings.best_match(["br", "gzip", "identity"], "identity")
    data, tag = kept.calendar(chosen).packed(coding)
    answer = Response(data, content_type="text/calendar; charset=utf-8")
    answer.headers.update(file_headers(custom_calendar.FILE))
    answer.headers["ETag"] = quote_etag(tag)
    answer.headers["Last-Modified"] = http_date(kept.changed)
    answer.headers["Vary"] = "Accept-Encoding"
    if coding != "identity":
        answer.headers["Content-Encoding"] = coding
    answer.make_conditional(request)
    return answer


@pages.get(custom_calendar.PAGE)
def preview() -> Response:
    """The form as chosen, the contents of the calendar, its address and its next dates."""
    kept, now = _made(), live().now
    directory = kept.directory
    problems: dict[str, str] = {}
    chosen = Choice()
    try:
        chosen = custom_calendar.read(directory, _pairs())
    except ChoiceError as error:
        for name, said in error.problems:  # one message beside each field
            problems[name] = f"{problems[name]} {said}" if name in problems else said
    series = custom_calendar.series_of(directory, chosen)
    coming = [session for one in series for session in one.listed if session.ends > now]
    coming.sort(key=lambda session: (session.starts, session.series.identity))
    changed = kept.calendars.last_changed(series)
    head = Head(
        title="Your own calendar",
        path=custom_calendar.PAGE,
        section="/calendars/",
        crumbs=(("/calendars/", "Calendars"),),
        live=True,
        error=bool(problems),
        # What a person needs help with is private.
        sensitive=chosen.private,
    )
    frame = live().frame
    words = frame.render(
        "live/calendar.html",
        head,
        questions=custom_calendar.form(directory),
        chosen=dict(chosen.wanted) if not problems else request.args.to_dict(flat=False),
        problems=problems,
        said=custom_calendar.in_words(directory, chosen),
        withheld=[
            one
            for one in directory.programmes
            if one.sensitive and one.slug in chosen.values("programme")
        ],
        name=custom_calendar.name_of(directory, chosen),
        series=series,
        daily=any(one.repeats == "daily" for one in series) and bool(chosen.values("day")),
        sessions=coming[:SHOWN],
        address=live().address(custom_calendar.FILE + chosen.query),
        path=custom_calendar.FILE + chosen.query,
        changed=changed.astimezone(LONDON).date() if changed else None,
    )
    answer = make_response(words, 422 if problems else 200)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _pairs() -> list[tuple[str, str]]:
    return list(request.args.items(multi=True))


# --- cache for a published site -------------------------------------------------------------------


@dataclass(slots=True)
class _Calendar:
    """One calendar as it is sent: plain, and compressed from the first time that is requested."""

    data: bytes
    _packed: dict[str, tuple[bytes, str]] = field(default_factory=dict)

    def packed(self, coding: str) -> tuple[bytes, str]:
        """The bytes in an encoding, and their ETag: each encoding has its own."""
        if coding not in self._packed:
            data = self.data
            if coding == "br":
                data = brotli.compress(data, quality=5, mode=brotli.MODE_TEXT)
            elif coding == "gzip":
                data = gzip.compress(data, 6, mtime=0)
            self._packed[coding] = data, blake2b(data, digest_size=16).hexdigest()
        return self._packed[coding]


class _Made:
    """The calendars requested since this directory was published."""

    def __init__(self, given: Directory, directory: Directory, changed: float) -> None:
        self.given = given
        self.directory = directory
        self.changed = changed
        self.calendars = Calendars(directory)
        self._kept: OrderedDict[Choice, _Calendar] = OrderedDict()
        self._making = Lock()

    def calendar(self, chosen: Choice) -> _Calendar:
        with self._making:
            if chosen not in self._kept:
                address, page = (
                    live().address(path) for path in (custom_calendar.FILE, custom_calendar.PAGE)
                )
                series = custom_calendar.series_of(self.directory, chosen)
                name = custom_calendar.name_of(self.directory, chosen)
                # In a diary that others see, neither address may say what the family needs.
                source = "" if chosen.private else address + chosen.query
                data = self.calendars.chosen(name, page + chosen.shared_query, source, series)
                self._kept[chosen] = _Calendar(data)
            self._kept.move_to_end(chosen)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
            return self._kept[chosen]


def _made() -> _Made:
    given = live().directory
    made: _Made | None = current_app.extensions.get("own calendars")
    if made is None or made.given is not given:
        # As in the published files, so that entries are the same.
        made = _Made(given, given.at(live().settings.base_address), _changed(given))
        current_app.extensions["own calendars"] = made
    return made


def _changed(directory: Directory) -> float:
    try:
        return (live().settings.out / _EVERYTHING).stat().st_mtime
    except OSError:
        latest = Calendars(directory).last_changed(directory.series) or FIRST_REVISION
        return min(latest, datetime.now(UTC)).timestamp()
