"""One week of a centre as its pages show it: the facts of the centre, and what is on from Monday.

It is sent to people without a sign-in, so it holds only what is public: nothing of a sensitive
programme, and no address that the centre does not publish (S80). `digest` identifies what is shown:
somebody who says that all is right has seen exactly this.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import cached_property

from portal.directory.directory import Directory
from portal.directory.models import Centre, Session
from portal.directory.phrases import joined, place, sentence
from portal.directory.values import day_words
from portal.directory.vocabularies import FACILITIES


@dataclass(frozen=True, slots=True)
class WeekSession:
    """One session as the week shows it. `key` names it in a form."""

    key: str
    day: date
    times: str
    name: str
    place: str
    change: str  # '' if it is on as planned

    @property
    def words(self) -> str:
        said = ", ".join(filter(None, [self.times, self.name, self.place]))
        return f"{said}. {self.change}" if self.change else said


@dataclass(frozen=True)
class CentreWeek:
    """What is shown of one centre for the week that begins on `monday`."""

    centre: str
    title: str
    monday: date
    facts: Sequence[tuple[str, str]]
    sessions: Sequence[WeekSession]

    @cached_property
    def digest(self) -> str:
        shown = json.dumps(asdict(self), default=str, sort_keys=True)
        return hashlib.sha256(shown.encode()).hexdigest()

    @property
    def days(self) -> Iterator[tuple[date, list[WeekSession]]]:
        """The days on which there is something, in order."""
        for ahead in range(7):
            day = self.monday + timedelta(days=ahead)
            if on := [one for one in self.sessions if one.day == day]:
                yield day, on

    @property
    def lines(self) -> str:
        """The same as lines of text, for an email."""
        said = [f"{label}: {words}" for label, words in self.facts]
        for day, on in self.days:
            said += ["", day_words(day), *(one.words for one in on)]
        if not self.sessions:
            said += ["", "No groups are planned in this week."]
        return "\n".join(said)


def monday_of(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def due_day(monday: date, closed: Callable[[date], object]) -> date | None:
    """The first working day of a week; None if there is none.

    `closed` says of a day whether it is a bank holiday, or every centre is closed.
    """
    days = (monday + timedelta(days=ahead) for ahead in range(5))
    return next((day for day in days if not closed(day)), None)


def week_of(directory: Directory, centre: Centre, monday: date) -> CentreWeek:
    """What the pages show of a centre for this week."""
    days = [monday + timedelta(days=ahead) for ahead in range(7)]
    # `series_at` has the public series alone.
    series = directory.series_at(centre)
    listed = [one for each in series for day in days for one in each.listed_on(day)]
    listed.sort(key=lambda one: (one.starts, one.series.name, one.series.identity))
    return CentreWeek(
        centre=centre.slug,
        title=centre.title,
        monday=monday,
        facts=tuple(_facts(centre, days)),
        sessions=tuple(map(_shown, listed)),
    )


def _facts(centre: Centre, days: Sequence[date]) -> Iterator[tuple[str, str]]:
    """The facts of the centre's page; those that are samples are said to be so."""
    if not centre.status.open:
        until = centre.status.until
        words = f"until {day_words(until)}" if until else "until further notice"
        yield "Closed", f"from {day_words(centre.closed_from)} {words}"
    notice = centre.notice
    if notice and any(map(notice.shows_on, days)):
        yield "Notice", " ".join(notice.text.split())
    yield from (
        (f"{label} (a sample)" if centre.is_sample(field) else label, words)
        for label, field, words in (
            ("Where", "address", centre.venue.line),
            ("Phone", "phone", centre.phone or "not given"),
            ("Email", "email", centre.email or "not given"),
            ("Open", "opening_hours", _hours(centre)),
            ("Getting here", "transport", " ".join((centre.transport or "").split())),
            ("Parking", "parking", centre.parking),
            ("Buggies", "buggy", centre.buggy),
            ("What to expect", "expect", centre.expect),
            ("First time", "first_time", centre.first_time),
            ("Who meets you", "who_meets_you", centre.who_meets_you),
            ("Facilities", "facilities", joined(FACILITIES[one] for one in centre.facilities)),
        )
        if words
    )


def _hours(centre: Centre) -> str:
    if centre.opening_hours is None:
        return "not given"
    said = (
        f"{day} {joined(one.words for one in times) or 'closed'}"
        for day, times in centre.opening_hours.items()
    )
    return "; ".join(said)


def _shown(session: Session) -> WeekSession:
    series = session.series
    where = "" if series.at_centre and not session.moved_venue else place(session.venue)
    room = series.room if not where else ""
    return WeekSession(
        key=f"{series.identity}/{session.anchor}/{session.day.isoformat()}",
        day=session.day,
        times=session.times.words,
        name=series.name,
        place=where or room or "",
        change=_change(session),
    )


def _change(session: Session) -> str:
    if session.state == "on":
        return sentence(" ".join(session.note.split())) if session.note else ""
    label = session.state.capitalize()
    if session.off:
        return f"{label}: {sentence(session.off)}"
    if session.moved_to:
        return f"{label} to {day_words(session.moved_to.day)}, {session.moved_to.times.words}."
    if session.moved:
        return f"{label} from {day_words(session.planned)}."
    return sentence(label)
