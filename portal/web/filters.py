"""Template filters: the wording of ages, money, distance, access and places on pages.

Each function takes nouns or values that were checked when they were read and returns text, or
markup for links, so that no template has to build a `tel:` link or a sentence. Pages say when
something is not known: they never invent a price or an exact address.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from urllib.parse import quote

from markupsafe import Markup, escape

from portal.directory import Centre, Closure, Programme, Series, Session, Site, Venue, phrases
from portal.directory.contact import CONTACT_PAGE, contact_about
from portal.directory.phrases import (
    ACCESS,
    ages,
    at,
    capital,
    cost,
    count,
    is_free,
    joined,
    place,
    sentence,
)
from portal.directory.schedule import rule_dates
from portal.directory.state import Phase, end_words, place_is_for
from portal.directory.values import LONDON, WEEKDAYS, clock_words, day_words, moment_words
from portal.directory.vocabularies import LANGUAGES

# Wording shared with the finder is in `phrases.py`; it is repeated here for templates.
__all__ = [
    "ACCESS",
    "ages",
    "at",
    "capital",
    "cost",
    "count",
    "end_words",
    "is_free",
    "joined",
    "moment_words",
    "place",
    "place_is_for",
    "sentence",
]


WEEK = timedelta(days=7)
# How far ahead dates off are listed. Where a series goes on after that, the list says its weeks.
WEEKS_LISTED = 8


def day(moment: date, *, year: bool = False) -> str:
    """'Tuesday 24 November'; with the year if `year` is true."""
    return day_words(moment, year=year)


def short_day(moment: date) -> str:
    """'24 November', without weekday and year."""
    return day_words(moment, year=False, weekday=False)


def clock_of(moment: datetime) -> str:
    """'10am': the time of day of a moment."""
    return clock_words(moment.time())


def moment(value: datetime) -> str:
    """A moment as in the attribute `data-ends`: '2026-11-24T12:00+00:00'."""
    return value.isoformat(timespec="minutes")


def lasts(phase: Phase) -> Markup:
    """The attributes with which the script shows a phase of a state in its time alone."""
    said = ""
    if phase.begins:
        said = f' data-starts="{moment(phase.begins)}"'
    if phase.ends:
        said += f' data-ends="{moment(phase.ends)}"'
    return Markup(f"{said} hidden" if phase.begins else said)  # noqa: S704 - moments alone


def state_words(phase: Phase, today: date) -> str:
    """The words of a phase. One that ends on the day of the build says when: scripts may be off."""
    ends_today = phase.ends is not None and phase.ends.astimezone(LONDON).date() == today
    return phase.dated if ends_today else phase.state.words


def access(series: Series) -> str:
    """'Step-free entrance, baby changing', or advice to ask."""
    return phrases.access(series.venue.centre.facilities if series.venue.centre else ())


def language(code: str) -> str:
    return LANGUAGES[code]


def address(venue: Venue) -> str:
    """Street, town and postcode on one line; 'in Bacup' if only the town is known.

    Of an area it is where to meet, if the file says so.
    """
    if venue.address or venue.postcode:
        said = venue.line
        return said.removeprefix(venue.name).lstrip(", ") or said
    named = venue.is_area and place(venue) == venue.name  # an area that names its town
    return f"in {venue.town}" if venue.town and not named else ""


def directions(venue: Venue) -> str:
    """The address of a map with directions; '' if the exact position is not known.

    There is none to an area, which has no door.
    """
    if venue.position and venue.position.exact:
        to = f"{venue.position.latitude:.5f},{venue.position.longitude:.5f}"
        return f"https://www.openstreetmap.org/directions?to={quote(to)}"
    if venue.address and not venue.is_area:
        where = ", ".join(part for part in (venue.address, venue.town, venue.postcode) if part)
        return f"https://www.openstreetmap.org/search?query={quote(where)}"
    return ""


def miles(distance: float, venue: Venue) -> str:
    """'0.4 miles'; 'about 3 miles' if the venue's exact position is not known."""
    return phrases.miles(distance, about=venue.position is None or not venue.position.exact)


def tel(phone: str) -> str:
    """The target of a telephone link."""
    return "tel:" + re.sub(r"[^0-9+]", "", phone)


def ring(phone: str) -> Markup:
    """A number as a link; `bdi` keeps its digits in order on pages that run right to left."""
    return Markup('<a href="%s"><bdi>%s</bdi></a>') % (tel(phone), phone)


_NUMBER = re.compile(r"\b0[0-9](?:[0-9 ]{6,11})[0-9]\b")


def ring_numbers(text: str) -> Markup:
    """A text with its telephone numbers as links."""
    parts, last = [], 0
    for found in _NUMBER.finditer(text):
        parts += [escape(text[last : found.start()]), ring(found[0])]
        last = found.end()
    return Markup("").join([*parts, escape(text[last:])])


def write(email: str) -> Markup:
    return Markup('<a href="mailto:{}">{}</a>').format(quote(email, safe="@!$'*+"), email)


def reach(
    site: Site, about: Series | Programme | Centre | None = None, lead: str = "Ring us on"
) -> Markup:
    """A sentence with the way to reach us about something: `lead` is for a number to ring.

    A printed page cannot be pressed, so it shows the address of the contact page too.
    """
    contact = contact_about(about, site)
    if contact.phone:
        return Markup("%s %s.") % (lead, ring(contact.phone))
    if contact.email:
        return Markup("Write to us at {}.").format(write(contact.email))
    link = Markup('<a href="{}" data-paper="{}">See how to reach us</a>.')
    return link.format(CONTACT_PAGE, contact.page)


def reach_on_paper(site: Site, about: Series | Programme | Centre | None = None) -> str:
    """The same in words, for what is made to be printed."""
    return sentence(capital(contact_about(about, site).words))


def repeats(series: Series) -> str:
    """'Tuesdays, 10am to midday', with its limits: 'in term time', '6 sessions'."""
    words = f"{series.pattern}, {series.times.words}"
    return f"{words}, in term time" if series.term_time_only else words


def which(series: Series) -> str:
    """Tells one series from another: 'Tuesdays', or 'from 12 January 2027' for a course."""
    if series.is_course or series.repeats == "daily":
        return f"from {day_words(series.starts, weekday=False)}"
    return series.pattern


def titles(series: Series) -> list[str]:
    """Titles for a page about a series, the longest first: what it is, when, and where.

    A centre is known by its name. Other places may share a name, such as 'Village hall'.
    """
    name, when, venue = series.name, which(series), series.venue
    town = venue.town or series.centre.town or series.centre.title
    where = venue.name if venue.centre else town
    parts = ((name, when, place(venue)), (name, when, where), (name, when, town), (name, where))
    return [", ".join(words) for words in parts]


def span(series: Series) -> str:
    """The dates of a series with an end: '6 sessions, from 12 January to 16 February 2027'.

    The first and last day are those on which it is held, and the number is that of the file, with
    the cancelled dates beside it.
    """
    sessions = series.held
    if series.repeats == "once" or series.ongoing or not sessions:
        return ""
    first, last = sessions[0].day, sessions[-1].day
    dates = day_words(last, weekday=False)
    if first == last:
        dates = f"on {dates}"
    else:
        dates = f"from {day_words(first, weekday=False, year=first.year != last.year)} to {dates}"
    if not series.is_course:
        return capital(dates)
    words = count(series.count or len(sessions), "session")
    states = Counter(session.state for session in set(series.sessions).difference(sessions))
    off = "".join(
        f"{states[state]} {state}, " for state in ("cancelled", "postponed") if states[state]
    )
    return f"{words}, {off}{dates}"


def notes(
    series: Series, coming: Iterable[Session], today: date, until: date = date.max
) -> list[str]:
    """Notes for a weekly timetable: its dates, what changes up to `until`, 'In term time'."""
    if series.withdrawn:
        return [f"Cancelled: {series.withdrawn}"]
    said = dates(series, coming, today, until)
    if series.repeats in ("fortnightly", "monthly"):
        said.append(series.pattern)
    if series.term_time_only:
        said.append("In term time")
    if series.language != "en":
        said.append(f"In {LANGUAGES[series.language]}")
    return said


def dates(
    series: Series, coming: Iterable[Session], today: date, until: date = date.max
) -> list[str]:
    """When a series runs, and each changed date that is shown: 'Not on 7 December'."""
    sessions = tuple(coming)
    on = [session for session in sessions if not session.off]
    said = [words] if (words := span(series)) else []
    later = on and series.repeats not in ("once", "daily") and on[0].day >= today + WEEK
    if later and not (said and on[0] is series.held[0]):
        verb = "Starts" if on[0] is series.all_sessions[0] else "Next on"
        said.append(f"{verb} {_date(on[0].day, today)}")
    last = series.ends_with_centre
    if last:
        said.append(end_with_centre(series, today))
    said += _dates_off(series, sessions, today, min(until, last or until))
    return said + [
        words
        for session in series.sessions
        if (words := _changed(session, today))
        and today <= max(session.planned, session.open_until.date())
        and min(session.planned, session.day) <= until
    ]


def end_with_centre(series: Series, today: date) -> str:
    """'Until Monday 7 December, then the centre closes'; '' if the series does not end so."""
    last = series.ends_with_centre
    if last is None:
        return ""
    end = "the centre has closed" if series.centre.closed else "then the centre closes"
    return f"Until {day_words(last, year=last.year != today.year)}, {end}"


def _date(day: date, today: date) -> str:
    """'12 January', with the year if it is not this year."""
    return day_words(day, weekday=False, year=day.year != today.year)


def _changed(session: Session, today: date) -> str:
    """'12 January: moved to Wednesday 13 January, 1pm to 3pm'; '' for a date that did not change.

    Cancelled dates are listed together, by `_off`.
    """
    if session.cancelled:
        return ""
    if session.postponed:
        return f"{_date(session.planned, today)}: postponed, with no new date yet"
    if not (session.moved or session.moved_venue or session.note):
        return ""  # as nearly all are
    said = []
    once = session.series.repeats == "once"
    if session.moved and once:
        said.append(f"moved from {_date(session.planned, today)}, {session.series.time.words}")
    elif session.moved:
        year = session.day.year != today.year
        day = f"{day_words(session.day, year=year)}, " if session.day != session.planned else ""
        said.append(f"moved to {day}{session.times.words}")
    if session.moved_venue:
        said.append(at(session.venue))
    # A note is a sentence of its own.
    words = ". ".join(filter(None, (", ".join(said), session.note)))
    return f"{_date(session.planned, today)}: {words}" if words else ""


def _dates_off(
    series: Series, coming: tuple[Session, ...], today: date, until: date
) -> Iterator[str]:
    """'Not on 7 December': cancelled dates and gaps together.

    Where neither `until` nor the series ends before, the list ends after some weeks and says so.
    """
    last = max((session.planned for session in series.all_sessions), default=today)
    listed = today + WEEKS_LISTED * WEEK
    named = min(until, last) > listed and until == date.max
    off = list(_off(series, coming, today, listed if named else min(until, max(last, today))))
    if off:
        lead = f"In the next {WEEKS_LISTED} weeks not on" if named else "Not on"
        yield f"{lead} {joined(off)}"


def _off(series: Series, coming: tuple[Session, ...], today: date, last: date) -> Iterator[str]:
    """The dates up to `last` that are cancelled, or on which the series would usually meet but does
    not. Four in a row or more are 'x to y'."""
    planned = {session.planned for session in series.all_sessions}
    held = {session.day for session in coming if not session.cancelled}
    gaps = {day for day in rule_dates(series, last) if day >= today} - planned
    cancelled = {session.day for session in coming if session.cancelled and session.day <= last}
    off = (gaps | cancelled) - held
    for is_off, run in groupby(sorted(off | held), key=off.__contains__):
        days = [_date(day, today) for day in run] if is_off else []
        yield from days if len(days) < 4 else (f"{days[0]} to {days[-1]}",)


def closed_days(closure: Closure) -> str:
    """The day of a closure, or its first and last day."""
    first, last = (day(one, year=True) for one in (closure.first, closure.last))
    return first if first == last else f"{first} to {last}"


def closing(centre: Centre) -> str:
    """'This centre closes for good on Monday 14 December 2026': '' if it is open, and stays so."""
    if centre.closed:
        until = centre.status.until
        return f"This centre is closed{f' until {day_words(until)}' if until else ''}"
    if not centre.closes_later:
        return ""
    first, last = centre.closed_from, centre.status.until
    if last is None:
        return f"This centre closes for good on {day_words(first)}"
    same = first.year == last.year
    return f"This centre is closed from {day_words(first, year=not same)} to {day_words(last)}"


def closing_mark(centre: Centre, today: date) -> str:
    """The mark of a centre in lists: 'Closed', 'Closes for good on 14 December', or ''."""
    if centre.closed:
        return "Closed"
    if not centre.closes_later:
        return centre.in_use.mark if centre.in_use else ""
    first, last = _date(centre.closed_from, today), centre.status.until
    return f"Closed from {first} to {_date(last, today)}" if last else f"Closes for good on {first}"


def kind(centre: Centre) -> str:
    return "Partner’s building" if centre.kind == "partner" else capital(centre.kind)


def hours(centre: Centre, moment: date) -> str:
    """'9am to 5pm', 'closed', or '' if the hours are not known."""
    if centre.opening_hours is None:
        return ""
    times = centre.opening_hours.get(WEEKDAYS[moment.weekday()], ())
    return joined(span.words for span in times) or "closed"


def week_hours(centre: Centre) -> list[tuple[str, str]]:
    """A week's hours, with days of equal hours together: ('Monday to Friday', '9am to 5pm')."""
    monday = date(2024, 1, 1)
    days = [(day, hours(centre, monday + timedelta(ahead))) for ahead, day in enumerate(WEEKDAYS)]
    runs = []
    for times, run in groupby(days, key=itemgetter(1)):
        runs.append((_days_from_to([day for day, _ in run]), times))
    return runs


def _days_from_to(names: Sequence[str]) -> str:
    """Weekdays that follow each other: 'Monday to Friday'."""
    return f"{names[0]} to {names[-1]}" if len(names) > 2 else joined(names)


def weekday_words(days: Collection[str]) -> str:
    """'Monday to Wednesday and Friday'."""
    week = groupby(WEEKDAYS, key=lambda day: day in days)
    runs = [list(run) for chosen, run in week if chosen]
    long = any(len(run) > 2 for run in runs)
    return joined(
        [_days_from_to(run) for run in runs] if long else [day for run in runs for day in run]
    )


NO_DATE_YET = "We do not know the new date yet."


def change(session: Session) -> Markup:
    """How a published date has changed, with its tag; empty if it runs as planned."""
    said: list[str] = []
    if session.cancelled:
        said.append(
            Markup('<strong class="tag off">Cancelled</strong> {}').format(
                sentence(session.cancelled)
            )
        )
    elif session.postponed:
        said.append(
            Markup('<strong class="tag off">Postponed</strong> {} {}').format(
                sentence(session.postponed), NO_DATE_YET
            )
        )
    elif session.moved_to:
        said.append(
            Markup('<strong class="tag moved">Moved</strong> to {}, {}.').format(
                day_words(session.moved_to.day, year=session.moved_to.day.year != session.day.year),
                session.moved_to.times.words,
            )
        )
    elif session.moved:
        said.append(
            Markup('<strong class="tag moved">Moved</strong> from {}.').format(
                day_words(session.planned, year=False)
                if session.planned != session.day
                else session.series.time.words
            )
        )
    if session.moved_venue and not session.off:
        said.append(
            Markup('<strong class="tag moved">Other place</strong> {}.').format(session.venue.line)
        )
    if session.note:
        said.append(escape(sentence(session.note)))
    return Markup(" ").join(said)
