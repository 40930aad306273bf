"""Names what a live screen is about: which group, where, on which day and at which time.

Every refusal needs a subject (`screens.explain`), so that a family which filled in a form, or which
has two bookings, reads which group it cannot have. Pages about a sensitive programme name neither
group, place nor time (S3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import request

from portal.directory import Programme, Series, Session
from portal.directory.values import LONDON
from portal.web import filters
from portal.web.live.context import live


@dataclass(frozen=True, slots=True)
class Subject:
    """What a screen is about, and the page to go back to."""

    name: str
    lead: str = ""  # when and where it is held; '' if that is not public
    of: Series | Programme | None = None  # what families reach us about; None: the service
    back: str = ""


def of_series(series: Series, session: Session | None = None, *, back: str = "") -> Subject:
    """A series, or one session of it."""
    return Subject(series.name, _when(series, session), series, back or series.path)


def of_programme(programme: Programme) -> Subject:
    """A programme that is requested without a series."""
    return Subject(programme.title, "", programme, programme.path)


def of_address() -> Subject:
    """The subject of the current address, without the database."""
    given, directory = request.view_args or {}, live().directory
    if {"centre", "series"} <= set(given):
        series = directory.find_series(f"{given['centre']}/{given['series']}")
        if series and not series.programme.sensitive:
            planned = request.args.get("session") if series.book == "session" else None
            return of_series(series, planned_on(series, planned))
    programme = directory.programme(given.get("programme", ""))
    if programme:
        chosen = directory.find_series(request.args.get("series", ""))
        if chosen and chosen.programme is programme and not programme.sensitive:
            return of_series(chosen, back=programme.path)
        return of_programme(programme)
    if "link" in given:
        page = request.path.partition(given["link"])[0] + given["link"]
        return replace(OWN_PAGE, back="" if request.path == page else page)
    return Subject("Family centres and groups", back="/")


# A booking or request whose page must not say what it is for.
OWN_BOOKING = Subject("Your booking")
OWN_PAGE = Subject("Your own page")  # as long as it cannot be read
OWN_REQUEST = Subject("Your request")


def planned_on(series: Series, planned: str | None) -> Session | None:
    """The session of a series with this planned date, past ones included."""
    return next((one for one in series.all_sessions if one.anchor == planned), None)


def _when(series: Series, session: Session | None) -> str:
    """When and where it is: of a series also its first and last day, and dates that change."""
    if session:
        day = filters.day(session.day, year=True)
        return f"{day}, {session.times.words}, {filters.at(session.venue)}."
    now = live().now
    coming = series.next_sessions(now)
    dates = filters.dates(series, coming, now.astimezone(LONDON).date())
    first = next((one for one in coming if not one.off), None)
    if coming and first is None:
        dates = [filters.span(series)]  # all dates are cancelled: naming each says nothing more
    announced = any(words.startswith(("Starts", "Next on")) for words in dates)
    if series.ongoing and first and not announced:
        dates.insert(0, f"Next on {filters.day(first.day, year=True)}")
    where = f"{filters.repeats(series)}, {filters.at(series.usual_venue)}"
    return " ".join(map(filters.sentence, filter(None, (where, *dates))))
