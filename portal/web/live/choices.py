"""Offers the next dates, and groups with space, to a family whose booking has ended.

One press takes one of them, with the details that the family gave before. Where that is not
possible, because a group asks questions of its own or has no place for a party of this size, the
choice is a link to its page instead. Only public series are offered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from portal.bookings import MOST_PLACES, Booking, Family
from portal.bookings.opening import opening
from portal.bookings.places import claimed
from portal.directory import Series, Session, phrases
from portal.directory.fields import SAFE_TIME
from portal.directory.state import places_in_row
from portal.directory.values import LONDON, Position, distance
from portal.web import filters
from portal.web.live.alternatives import MOST, WITHIN, Other, fits
from portal.web.live.context import live
from portal.web.live.creche_full import places_left as places_in_creche
from portal.web.live.forms.answers import Carried
from portal.web.live.forms.creche import takes_ages
from portal.web.live.forms.family import PressForm

SOON = timedelta(weeks=6)  # what starts later does not help a family now
MOST_DATES = 3  # of the series that was booked


class TakeForm(PressForm):
    """A button that books one date or group. `wait` is set where it joins a waiting list."""

    series = Carried()
    planned = Carried()
    wait = Carried()

    def protocol(self) -> Iterator[tuple[str, str]]:
        yield from super().protocol()
        yield "series", str(self.series.data or "")
        yield "planned", str(self.planned.data or "")
        if self.wait.data == "yes":
            yield "wait", "yes"

    @property
    def idempotency_key(self) -> str:
        """Each choice of a page has a key of its own: two buttons are two bookings."""
        return f"{self.key.data}:{self.series.data}:{self.planned.data}"


@dataclass(frozen=True, slots=True)
class Choice:
    """A date or group to take, with the form that takes it; without one, it is only a link."""

    other: Other
    form: TakeForm | None = None
    ages: str = ""  # the ages that it is for, where we do not know those of the children

    @property
    def waits(self) -> bool:
        return self.form is not None and self.form.wait.data == "yes"

    @property
    def has_space(self) -> bool:
        """Whether one press books it; if not, its words say how to get in."""
        return self.form is not None and not self.waits

    @property
    def button(self) -> str:
        return "Join the waiting list" if self.waits else "Take this place"


def choices(
    booking: Booking, series: Series | None, family: Family | None, *, again: bool
) -> list[Choice]:
    """What the family can take now, what was booked first.

    `again` says whether to offer what was booked itself, which a family that can restore its
    booking does not need. Without the family's details there are links only.
    """
    if series is None:
        return []
    ages = family.children if family else ()
    found = list(_same(booking, series, family, again=again))
    for other in live().others(series, ages):
        run = live().directory.find_series(other.identity)
        taken = next(_with_room(booking.people, run, family), None) if run else None
        if run is None or taken is None or not takes(run, family, booking.people):
            found.append(Choice(other))
        else:
            found.append(_choice(run, *taken, family=family))
    return found


def nearby(family: Family, near: Position, besides: Series | None = None) -> list[Choice]:
    """Groups near a place that one press can book for a family and that start soon, soonest first.

    They suit the age of at least one of its children, and need no answer that we do not have.
    """
    found = []
    for series in live().directory.series:
        position = series.venue.position
        miles = distance(near, position) if position else WITHIN + 1
        if series is besides or miles > WITHIN or not takes(series, family, family.people):
            continue
        taken = next(_with_room(family.people, series, family), None)
        if taken is None or not soon(series, taken[0]) or not fits(series, family.children):
            continue
        found.append(((_first(series, taken[0]).starts, miles, series.identity), series, taken))
    found.sort(key=lambda one: one[0])
    return [
        replace(_choice(series, *taken), ages=ages_to_ask(series, family))
        for _, series, taken in found[:MOST]
    ]


def soon(series: Series, session: Session | None) -> bool:
    """Whether the family could come within weeks: to this session, or to the run."""
    return _first(series, session).starts <= live().now + SOON


def _first(series: Series, session: Session | None) -> Session:
    return session or next(one for one in series.coming(live().now) if not one.off)


def ages_to_ask(series: Series, family: Family) -> str:
    """The ages that a group is for, if we know the age of no child; else ''."""
    unborn = any(one.first < 0 for one in series.ages or ())
    return "" if family.children or unborn or not series.ages else phrases.ages(series)


def takes(series: Series, family: Family | None, people: int) -> bool:
    """Whether one press can book this series: it needs no answers that we do not have."""
    if family is None or series.booking != "book" or series.programme.sensitive:
        return False
    if claimed(series, people) > min(MOST_PLACES, series.places or MOST_PLACES):
        return False
    return all(
        question.name in family.answers or not question.required
        for question in series.programme.questions
    )


def known_answers(series: Series, family: Family) -> Family:
    """The family with those of its answers that this series asks for, its creche included."""
    asked = {SAFE_TIME, *(question.name for question in series.programme.questions)}
    answers = {name: said for name, said in family.answers.items() if name in asked}
    looks_after = bool(series.creche_room) and takes_ages(series.creche_ages or (), family.creche)
    return replace(family, answers=answers, creche=family.creche if looks_after else ())


def _same(
    booking: Booking, series: Series, family: Family | None, *, again: bool
) -> Iterator[Choice]:
    """What was booked, if it can be booked again, and the next dates of the same series."""
    if not takes(series, family, booking.people):
        return
    shown = 0
    own = series.identity, booking.planned
    for session, left in _with_room(booking.people, series, family):
        planned = session.anchor if session else ""
        if planned == booking.planned and not again:
            continue
        shown += 1
        if shown > MOST_DATES:
            return
        yield _choice(series, session, left, family=family)
    places_left = live().left()
    full = own in places_left and places_left[own] < claimed(series, booking.people)
    if again and full and series.waiting_list:
        session = _session(series, booking.planned)
        yield _choice(series, session, 0, wait=True, family=family)


def _with_room(
    people: int, series: Series, family: Family | None
) -> Iterator[tuple[Session | None, int]]:
    """What can be booked now for a party of this size, soonest first, with the places left.

    Children who are in the creche now need their places there too, if it has a creche.
    """
    left, now = live().left(), live().now
    children = len(known_answers(series, family).creche) if family else 0
    claims = claimed(series, people)
    things: Sequence[Session | None] = [None]
    if series.book == "session":
        things = series.next_sessions(now)
    for session in things:
        planned = session.anchor if session else ""
        places = left.get((series.identity, planned), 0)
        if places < claims or (children and places_in_creche(series, planned) < children):
            continue
        if opening(series, session, now) == "open":
            yield session, places


def _session(series: Series, planned: str) -> Session | None:
    return next((one for one in series.all_sessions if one.anchor == planned), None)


def _choice(
    series: Series,
    session: Session | None,
    left: int,
    *,
    wait: bool = False,
    family: Family | None = None,
) -> Choice:
    form = TakeForm(formdata=None)
    form.begin(live().now, live().secret)
    form.series.data = series.identity
    form.planned.data = session.anchor if session else ""
    form.wait.data = "yes" if wait else ""
    if session is not None:
        when = f"{filters.day(session.day, year=True)}, {session.times.words}"
        venue = session.venue
    else:
        first = _first(series, None).day
        other_year = first.year != live().now.astimezone(LONDON).year
        when = f"{filters.repeats(series)}, next on {filters.day(first, year=other_year)}"
        venue = series.venue
    places = "every place is taken" if wait else places_in_row(series, left)
    words = f"{when}, {filters.at(venue)}, {places}"
    if family and family.creche and not known_answers(series, family).creche:
        words += ", no creche for your children"
    return Choice(Other(series.path, series.name, words, series.identity), form)
