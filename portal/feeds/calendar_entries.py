"""Writes one series as calendar entries (VEVENT): an entry with a recurrence rule, exclusions
(EXDATE) for dates on which no session is planned, and an override (RECURRENCE-ID) for each change.

Where calendar programs would misread that, each session is written as an entry of its own. A series
keeps the UID of the name it was first published under, and its time stamps are those of its last
change: nothing depends on a clock, so the same content gives the same bytes.

The `icalendar` package writes parameters, and text as well, apart from one mistake in its escaping
(`Text`). Rules are written, lines folded and joined here rather than by its `Event`: every session
can be downloaded, and this is ten times as fast.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Literal, NamedTuple

from icalendar import Event, vText
from icalendar.parser import Contentline

from portal.dependencies import once, remembered, remembers
from portal.directory import AGE_BANDS, Series, Session, Site, Venue
from portal.directory.contact import contact_about
from portal.directory.phrases import at
from portal.directory.schedule import rule_dates
from portal.directory.state import lasting_words
from portal.directory.values import LONDON, day_words
from portal.directory.vocabularies import LANGUAGES

Properties = Iterable[tuple[str, Any]]

# Revision numbers are minutes since this moment, so that they rise without a stored counter.
FIRST_REVISION = datetime(2020, 1, 1, tzinfo=UTC)

# A postponed session stays on its old day, as the only one that a calendar can show.
_STATUS: Mapping[str, str] = {"cancelled": "CANCELLED", "postponed": "TENTATIVE"}

BEGIN, END = b"BEGIN:VEVENT\r\n", b"END:VEVENT\r\n"


class Entry(NamedTuple):
    """One VEVENT with its sort keys."""

    uid: str
    recurrence: str
    data: bytes


# --- properties as lines ---------------------------------------------------


class Text(vText):
    """A TEXT value that keeps every character.

    The package takes a typed `\\N` for a line break, so it would write `C:\\New` as two lines.
    """

    def to_ical(self) -> bytes:
        return text(self).encode()


def text(words: str) -> str:
    """A TEXT value, escaped. To make a `Text` of it first takes ten times as long."""
    plain = _plain(words).replace("\\", r"\\")
    return plain.replace(";", r"\;").replace(",", r"\,").replace("\n", r"\n")


def one_line(text: str) -> str:
    """Text without line breaks."""
    return re.sub(r"\s*\n\s*", " ", _plain(text))


def _plain(text: str) -> str:
    """Text with one kind of line break and without characters that iCalendar does not allow."""
    if text.replace("\n", "").isprintable():  # as nearly all texts are
        return text
    text = re.sub(r"\r\n?|[\x85\u2028\u2029]", "\n", text)
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", text)


def line(name: str, value: str) -> bytes:
    """A property without parameters. The value is escaped (`text`), or needs no escaping."""
    # The package does not type this, nor the other calls marked `no-untyped-call` below.
    return _folded(Contentline(f"{name}:{value}"))  # type: ignore[no-untyped-call]


def lines_of(properties: Properties) -> bytes:
    """Properties as lines, written by the package. A value with parameters is passed as a pair."""
    event = Event()
    for name, value in properties:
        value, parameters = value if isinstance(value, tuple) else (value, None)
        event.add(name, value, parameters=parameters)
    # Leave out its BEGIN and END lines, and the empty line after them.
    return b"".join(_folded(line) for line in event.content_lines()[1:-2])


def revision_of(changed: datetime) -> int:
    """The revision number (SEQUENCE) of an entry that last changed then."""
    return max(0, int((changed - FIRST_REVISION).total_seconds()) // 60)


def stamps(changed: datetime) -> bytes:
    """When an entry last changed, and its revision number, which only rises."""
    moment = f"{_digits(changed.astimezone(UTC))}Z"
    lines = f"DTSTAMP:{moment}", f"LAST-MODIFIED:{moment}", f"SEQUENCE:{revision_of(changed)}"
    return "".join(f"{line}\r\n" for line in lines).encode()


def entry(uid: str, dates: bytes, texts: bytes, recurrence: str = "") -> Entry:
    """An entry made from a UID and lines that are already written."""
    return Entry(uid, recurrence, b"".join((BEGIN, line("UID", uid), dates, texts, END)))


_ENTRY = re.compile(rb"BEGIN:VEVENT\r\nUID:(.*?)\r\n(?! ).*?END:VEVENT\r\n", re.DOTALL)
_ORIGINAL = re.compile(rb"^RECURRENCE-ID;TZID=Europe/London:(.*)\r$", re.MULTILINE)


def entries_in(calendar: bytes) -> Iterator[Entry]:
    """The entries of a calendar that was made from entries, in their order there."""
    for found in _ENTRY.finditer(calendar):
        original = _ORIGINAL.search(found[0])
        uid = found[1].replace(b"\r\n ", b"").decode()
        yield Entry(uid, original[1].decode() if original else "", found[0])


def _folded(line: Contentline) -> bytes:
    """A line in pieces of at most 74 bytes, as the package folds it, but many times faster.

    A piece ends neither inside a character nor after the mark that begins an escaped one.
    """
    data: bytes = line.encode()
    pieces, start = [], 0
    while len(data) - start > 74:
        end = start + 74
        while data[end] & 0b1100_0000 == 0b1000_0000:  # a further byte of a UTF-8 character
            end -= 1
        if data[end - 1] in b"\\^":
            end -= 1
        pieces.append(data[start:end])
        start = end
    return b"\r\n ".join((*pieces, data[start:])) + b"\r\n"


def local(name: str, moment: datetime) -> bytes:
    """A property that holds a time by the clock on the wall in London."""
    return f"{name};TZID=Europe/London:{_digits(moment)}\r\n".encode()


def _digits(moment: datetime) -> str:
    """A moment as '20270112T100000'."""
    return moment.isoformat()[:19].replace("-", "").replace(":", "")


# --- one series ------------------------------------------------------------


def uid_of(series: Series, site: Site) -> str:
    """The UID of a series, from the name it was first published under."""
    centre, _, name = series.first_identity.partition("/")
    return f"{name}.{centre}@{site.domain}"


@dataclass(frozen=True, slots=True)
class _Words:
    """What an entry says besides its dates: the series' usual details, or those of one date."""

    venue: Venue
    state: Literal["on", "cancelled", "postponed", "moved"] = "on"
    first: tuple[str, ...] = ()  # lines before the usual description


def without_date(session: Session) -> str:
    """What the entry of a postponed session says first."""
    words = "Do not come on this day. The new date is not known yet."
    return f"Postponed: {session.postponed}\n{words}"


class Run:
    """Writes the entries of one series; each distinct text is rendered once."""

    def __init__(self, series: Series, site: Site, changed: datetime) -> None:
        self.series = series
        self.site = site
        self.changed = changed
        self.uid = uid_of(series, site)
        self._plain = _Words(series.venue)
        self._rendered: dict[_Words, Any] = {}

    def entries(self) -> Iterator[Entry]:
        """The entries for every session of the series, including past ones."""
        sessions = self.series.all_sessions
        dates = [session.planned for session in sessions]
        rule = [day for day in rule_dates(self.series, dates[-1]) if day >= dates[0]]
        if not self._regular(dates, rule):
            yield from map(self.single, sessions)
            return
        yield self._rule_entry(dates, rule)
        held = date.min  # the last day so far on which this entry has a date
        for session in sessions:
            words = self._words(session)
            if session.day == session.planned or _in_order(session, rule, held):
                held = session.day
                if words != self._usual:
                    yield self._override(session, session.starts, session.ends, words)
            else:
                # Calendar programs reject or confuse a date moved past another date of the rule.
                now = f"Moved to {day_words(session.day)}, {session.times.words}."
                now += " That date has an entry of its own."
                words = _Words(self.series.venue, "cancelled", first=(now,))
                starts, ends = self._start(session.planned), self._end(session.planned)
                yield self._override(session, starts, ends, words)
                yield self.single(session)

    def single(self, session: Session) -> Entry:
        """One session as an entry of its own, with a UID made from its planned date."""
        dates = local("DTSTART", session.starts) + local("DTEND", session.ends)
        return entry(f"{session.anchor}.{self.uid}", dates, self._texts(self._words(session)))

    def _regular(self, dates: Sequence[date], rule: Sequence[date]) -> bool:
        """Whether to write a rule. False if most dates changed: programs that ignore overrides
        would show the old dates."""
        if self.series.repeats == "once" or self.series.count == 1:
            return False
        changed = sum(session.state != self._usual.state for session in self.series.all_sessions)
        return changed * 2 <= len(dates) and set(dates) <= set(rule)

    def _rule_entry(self, dates: Sequence[date], rule: Sequence[date]) -> Entry:
        first, last = dates[0], dates[-1]
        lines = [
            local("DTSTART", self._start(first)),
            local("DTEND", self._end(first)),
            self._rule(first, last),
            # One line per date, as Google and Apple write them: simple readers take only one date
            # from a line.
            *(local("EXDATE", self._start(day)) for day in sorted(set(rule) - set(dates))),
        ]
        return entry(self.uid, b"".join(lines), self._texts(self._usual))

    def _rule(self, first: date, last: date) -> bytes:
        weekday = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[first.weekday()]
        # Take this from the start of the series, not from the first date: in some months the 22nd
        # is both the fourth and the last of its weekday.
        nth = (self.series.starts.day - 1) // 7 + 1
        every = {
            "weekly": ("WEEKLY", ""),
            "fortnightly": ("WEEKLY", ";INTERVAL=2"),
            "monthly": ("MONTHLY", f";BYDAY={nth if nth < 5 else -1}{weekday}"),
            "daily": ("WEEKLY", ";BYDAY=MO,TU,WE,TH,FR"),
        }
        # To the end of the last day: readers that take UNTIL as local time would lose that day.
        until = datetime.combine(last, time(23, 59, 59), LONDON).astimezone(UTC)
        frequency, days = every[self.series.repeats]
        return line("RRULE", f"FREQ={frequency};UNTIL={_digits(until)}Z{days}")

    def _override(self, session: Session, starts: datetime, ends: datetime, words: _Words) -> Entry:
        original = self._start(session.planned)
        dates = local("RECURRENCE-ID", original) + local("DTSTART", starts) + local("DTEND", ends)
        return entry(self.uid, dates, self._texts(words), _digits(original))

    def _start(self, day: date) -> datetime:
        return datetime.combine(day, self.series.time.starts, LONDON)

    def _end(self, day: date) -> datetime:
        return datetime.combine(day, self.series.time.ends, LONDON)

    @remembered
    def _usual(self) -> _Words:
        """The details of most dates: cancelled, if every date is cancelled for the same reason."""
        reasons = {session.cancelled for session in self.series.all_sessions}
        reason = reasons.pop() if len(reasons) == 1 else None
        if not reason:
            return self._plain
        return _Words(self.series.venue, "cancelled", first=(f"Cancelled: {reason}",))

    def _words(self, session: Session) -> _Words:
        if session.state == "on" and not session.note:
            return self._plain
        first = []
        if session.cancelled:
            first.append(f"Cancelled: {session.cancelled}")
        if session.postponed:
            first.append(without_date(session))
        if session.moved:
            was = f"{day_words(session.planned)}, {self.series.time.words}"
            first.append(f"Moved from {was}.")
        if session.moved_venue:
            first.append(f"This time it is {at(session.venue, session.venue.line)}.")
        if session.note:
            first.append(session.note)
        return _Words(
            venue=session.venue if session.moved_venue else self.series.venue,
            state=session.state,
            first=tuple(first),
        )

    def _texts(self, words: _Words) -> bytes:
        return once(self._rendered, words, self._written, words)

    def _written(self, words: _Words) -> bytes:
        mark = "" if words.state == "on" else f"{words.state.upper()}: "
        lines = (
            line("SUMMARY", text(mark + self.series.name)),
            line("STATUS", _STATUS.get(words.state, "CONFIRMED")),
            _place(words.venue),
            line("DESCRIPTION", text("\n".join((*words.first, *self._description)))),
            self._constant,
        )
        return b"".join(lines)

    @remembered
    def _constant(self) -> bytes:
        series = self.series
        bands = [band for band in AGE_BANDS if band.holds(series.ages or ())]
        # Leave out the years after the comma: simple readers split there even if it is escaped.
        names = [series.programme.title, *(band.title.partition(",")[0] for band in bands)]
        categories = ",".join(map(text, names))
        lines = (
            line("URL", f"{self.site.base_address}{series.path}"),
            line("CATEGORIES", categories),
            line("TRANSP", "TRANSPARENT"),
            stamps(self.changed),
        )
        return b"".join(lines)

    @remembered
    def _description(self) -> Sequence[str]:
        series, programme, site = self.series, self.series.programme, self.site
        ages = ", ".join(age.words for age in series.ages or ())
        if ages and series.send_to:
            ages += f" (to {series.send_to} with special educational needs or disabilities)"
        labelled = {
            "For": programme.audience,
            "Ages": ages,
            "Cost": series.cost,
            "How to get a place": lasting_words(series),
            "Room": series.room,
            "Bring": series.bring,
            "Language": LANGUAGES[series.language] if series.language != "en" else None,
            "Contact": " or ".join(contact_about(series, site).ways),
        }
        lines = [f"{label}: {words}" for label, words in labelled.items() if words]
        if site.demonstration:
            lines.insert(0, "This is a demonstration: times, places and costs are samples.")
        # The address is repeated at the end: many programs do not show the URL property.
        return [programme.summary, *lines, f"{site.base_address}{series.path}"]


def _in_order(session: Session, rule: Sequence[date], held: date) -> bool:
    """Whether a moved date is still between the dates before and after it in the rule."""
    index = bisect_left(rule, session.planned)
    before = rule[index - 1] if index else date.min
    after = rule[index + 1] if index + 1 < len(rule) else date.max
    return max(before, held) < session.day < after


@remembers(1024)
def _place(venue: Venue) -> bytes:
    address = one_line(venue.line)
    if not address:
        return b""
    location = line("LOCATION", text(address))
    withheld = venue.centre is not None and not venue.centre.address_public
    if venue.position is None or not venue.position.exact or withheld:
        return location
    latitude, longitude = venue.position.latitude, venue.position.longitude
    # Apple shows its map only if title and address together equal LOCATION.
    named = {"VALUE": "URI", "X-TITLE": one_line(venue.name)}
    if rest := address.removeprefix(named["X-TITLE"]).strip(", "):
        named["X-ADDRESS"] = rest
    pin = "x-apple-structured-location", (f"geo:{latitude},{longitude}", named)
    return location + line("GEO", f"{latitude};{longitude}") + lines_of([pin])
