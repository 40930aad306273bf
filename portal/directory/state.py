"""The state of a series or a session: whether a place can be had at a moment, and in which way.

Every output that says how to get a place asks here: pages, rows, the finder, leaflets, calendars,
structured data and the booking pages. The way of booking (`book`, `request`...) is a fixed fact;
the state is what is true at one moment. A frozen page shows the state at its build, and carries
the *phases* that follow, so that its script can change over at the right moment.

There is no database here: how many places are left is known to the live pages alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Literal, NamedTuple, get_args

from portal.directory.fields import BookingWay
from portal.directory.models import Series, Session
from portal.directory.values import LONDON, clock_words, day_words, moment_words
from portal.directory.vocabularies import BOOKING_WAYS

Kind = Literal[
    "open",  # can be booked
    "not yet",  # booking opens later
    "closed",  # booking has closed before the first date
    "started",  # too late to book online: it has begun
    "past",  # every date is over
    "cancelled",  # every date that is left is cancelled
    "postponed",  # no date is left but one that waits for a new day
    "drop-in",
    "request",
    "referral",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

# A family can book, ask or come now, by itself.
JOINABLE: frozenset[Kind] = frozenset(("open", "drop-in", "request"))
# With so many places left, or fewer, there are few.
FEW = 3


class State(NamedTuple):
    """Whether a place can be had at one moment. `opens` is given while it is "not yet"."""

    kind: Kind
    way: BookingWay
    opens: datetime | None = None

    @property
    def joinable(self) -> bool:
        return self.kind in JOINABLE

    @property
    def words(self) -> str:
        """The state in a few words: 'Book a place', 'Book from 4 January, 9am'."""
        asks = self.way == "request"
        match self.kind:
            case "not yet":
                verb = {"request": "Ask", "referral": "Professionals ask"}.get(self.way, "Book")
                return f"{verb} from {_short(self.opens)}" if self.opens else BOOKING_WAYS[self.way]
            case "closed":
                return "Requests have closed" if asks else "Booking has closed"
            case "started":
                return "Started: ask us"
            case "past":
                return "Over"
            case "cancelled":
                return "Cancelled"
            case "postponed":
                return "Postponed"
            case _:
                return BOOKING_WAYS[self.way]

    @property
    def tag(self) -> str:
        """The name of its colour in the style sheet."""
        if self.kind in ("cancelled", "postponed"):
            return "off"
        return self.way if self.kind in ("open", "drop-in", "request", "referral") else ""


class Phase(NamedTuple):
    """A state and how long it lasts: from `begins` (None: already now) until `ends` (None: on)."""

    state: State
    begins: datetime | None = None
    ends: datetime | None = None

    @property
    def dated(self) -> str:
        """The words for paper and for pages without a script: they say until when they are true."""
        if self.ends and self.state.kind in ("open", "request"):
            return f"{self.state.words} by {_short(self.ends, last=True)}"
        return self.state.words


class _Times(NamedTuple):
    """The moments at which the state of some dates changes; None where there is no such date."""

    first: datetime | None  # the first date that is held begins
    last: datetime | None  # the last one begins
    runs_until: datetime | None  # the last one ends
    over: datetime | None  # the last date of all ends
    waits_until: datetime | None  # a postponed date can be given a new day


def state_of(series: Series, session: Session | None, now: datetime) -> State:
    """The state at `now` of one session, or of a whole series."""
    return _state(series, _times(series, session), now, whole=session is None)


def phases(
    series: Series, session: Session | None, now: datetime, until: datetime | None = None
) -> tuple[Phase, ...]:
    """The state at `now` and those that follow it, up to `until`.

    A series that goes on has no last date: the end of the known dates is not its end.
    """
    times, whole = _times(series, session), session is None
    changes = [series.opens, series.booking_ends, times.first, times.last]
    changes += [times.runs_until, times.over, times.waits_until]
    if whole and series.ongoing:
        changes = [series.opens, series.booking_ends]
    later = sorted({one for one in changes if one and one > now and not (until and one >= until)})
    found: list[Phase] = []
    state, begins = _state(series, times, now, whole=whole), None
    for moment in later:
        after = _state(series, times, moment, whole=whole)
        if after != state:
            found.append(Phase(state, begins, moment))
            state, begins = after, moment
    return (*found, Phase(state, begins))


def unit(session: Session) -> Session | None:
    """What is booked of a session: itself where single dates are booked, else its whole series."""
    return session if session.series.book == "session" else None


def _times(series: Series, session: Session | None) -> _Times:
    dates = series.all_sessions if session is None else (session,)
    running = [one for one in dates if not one.off]
    return _Times(
        min((one.starts for one in running), default=None),
        max((one.starts for one in running), default=None),
        max((one.ends for one in running), default=None),
        max((one.ends for one in dates), default=None),
        max((one.open_until for one in dates if one.postponed), default=None),
    )


def _state(series: Series, times: _Times, now: datetime, *, whole: bool) -> State:
    way: BookingWay = series.booking or "request"
    kind = _kind(series, way, times, now, whole=whole)
    return State(kind, way, series.opens if kind == "not yet" else None)


_OPEN: Mapping[BookingWay, Kind] = {"book": "open", "request": "request", "referral": "referral"}


def _kind(series: Series, way: BookingWay, times: _Times, now: datetime, *, whole: bool) -> Kind:
    if series.withdrawn:
        return "cancelled"
    if times.runs_until is None or times.runs_until <= now:
        if times.waits_until and times.waits_until > now:
            return "postponed"
        return "past" if times.over is None or times.over <= now else "cancelled"
    if way == "drop-in":
        return "drop-in"
    if series.opens and now < series.opens:
        return "not yet"
    begun = times.first is not None and times.first <= now
    if times.last is not None and times.last <= now:
        return "started"
    if series.booking_ends and series.booking_ends <= now:
        # A group that goes on has no beginning to be too late for.
        return "started" if begun and not (whole and series.ongoing) else "closed"
    return _OPEN[way]


# --- words ----------------------------------------------------------------------------------------


def _short(moment: datetime, *, last: bool = False) -> str:
    """'4 January', '4 January, 9am'. `last`: the end of a day is said as that day."""
    local = moment.astimezone(LONDON)
    if local.time() == time():
        day = local.date() - timedelta(days=1) if last else local.date()
        return day_words(day, year=False, weekday=False)
    day_said = day_words(local.date(), year=False, weekday=False)
    return f"{day_said}, {clock_words(local.time())}"


def end_words(moment: datetime) -> str:
    """'10am on Tuesday 12 January 2027'; 'the end of Monday 4 January 2027' for midnight."""
    local = moment.astimezone(LONDON)
    if local.time() == time():
        return f"the end of {day_words(local.date() - timedelta(days=1))}"
    return moment_words(moment)


def lasting_words(series: Series) -> str:
    """How to get a place, in a sentence that stays true: calendars keep it for months.

    It gives the moments at which the state changes instead of the state. Empty if the whole series
    is cancelled.
    """
    if series.withdrawn:
        return ""
    way: BookingWay = series.booking or "request"
    said = _ON_OUR_PAGE[way]
    if series.opens:
        said += f" from {moment_words(series.opens)}"
    if ends := series.booking_ends:
        said += f" {'to' if series.opens else 'until'} {end_words(ends)}. After that, ask us"
    return f"{said}."


_ON_OUR_PAGE = {
    "drop-in": "Come along. You do not need to book",
    "book": "Book a place on our page",
    "request": "Ask us for a place on our page",
    "referral": "A professional who knows your family asks for a place for you",
}


def places_words(left: int, *, waiting_list: bool) -> str:
    """How many places are left, where the live part knows: 'Only 2 places left', 'Full'."""
    if left < 1:
        return "Full: join the waiting list" if waiting_list else "Full"
    said = "1 place left" if left == 1 else f"{left:,} places left"
    return f"Only {said}" if left <= FEW else said


def place_is_for(series: Series) -> str:
    """Who comes on one place: a whole family, or one person."""
    if series.place_for == "person":
        return "Each person needs a place."
    return "One place is for the whole family."


def places_in_row(series: Series, left: int) -> str:
    """The places left in a row of a list, and who comes on one: '3 places left, each for ...'."""
    one = "one person" if series.place_for == "person" else "a whole family"
    return f"1 place left, for {one}" if left == 1 else f"{left:,} places left, each for {one}"
