"""Reads the content files by themselves, with date arithmetic of its own.

Times are those on the wall in London, without a zone, as editors write them. Values are text.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path

import yaml

WEEKS_SHOWN = 26
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # every value is text; C is faster


@dataclass(frozen=True)
class Venue:
    name: str
    address: str = ""
    town: str = ""
    postcode: str = ""
    centre: str = ""  # the slug of the centre, if it is one
    area: bool = False

    @property
    def place(self):
        inside = self.town.lower() in self.name.lower()
        return self.name if inside else f"{self.name}, {self.town}"

    @property
    def at(self):
        """Within a sentence: an area says where it is by itself."""
        return f"{self.place[:1].lower()}{self.place[1:]}" if self.area else f"at {self.place}"

    @property
    def line(self):
        said = []
        for part in (self.name, self.address, self.town, self.postcode):
            if part and not any(part.lower() in earlier.lower() for earlier in said):
                said.append(part)
        return ", ".join(said)


@dataclass(frozen=True, eq=False)
class Session:
    series: "Series"
    planned: date
    starts: datetime
    ends: datetime
    venue: Venue
    cancelled: str
    note: str
    postponed: str = ""
    moved_to: "Session | None" = None  # in lists by day, on the day it was planned for

    @property
    def day(self):
        return self.starts.date()

    @property
    def off(self):
        """Why it has no day: it is cancelled, or waits for a new date."""
        return self.cancelled or self.postponed

    @property
    def over(self):
        """A postponed session can be given a new date for half a year."""
        return self.ends + timedelta(days=183) if self.postponed else self.ends

    @property
    def moved(self):
        usual = between(self.planned, self.series.fields["time"])
        return (self.starts, self.ends) != usual

    @property
    def elsewhere(self):
        return self.venue != self.series.venue

    @property
    def changed(self):
        return bool(self.off) or self.moved or self.elsewhere


@dataclass(eq=False)
class Series:
    identity: str
    fields: dict
    programme: dict
    centre: dict
    venue: Venue
    sessions: list = field(default_factory=list)  # every one, by planned date
    horizon: date = date.max

    def value(self, name, default=""):
        return self.fields.get(name) or self.programme.get(name) or default

    @property
    def path(self):
        return f"/sessions/{self.identity}/"

    @property
    def name(self):
        return self.value("title")

    @property
    def way(self):
        return self.value("booking")

    @property
    def repeats(self):
        return self.fields.get("repeats", "weekly")

    @property
    def number(self):
        return int(self.fields.get("sessions", 0))

    @property
    def by_date(self):
        return self.fields.get("book") == "session"

    @property
    def ongoing(self):
        return not self.number and "until" not in self.fields and self.repeats != "once"

    @property
    def ages(self):
        ages = self.value("ages", [])
        return listed(ages)

    @property
    def send_to(self):
        own = self.fields.get("send_to")
        same = self.fields.get("ages") in (None, self.programme.get("ages"))
        return own or (self.programme.get("send_to", "") if same else "")

    @property
    def opens(self):
        return moment(self.fields["opens"]) if "opens" in self.fields else None

    @cached_property
    def closes(self):
        if "closes" in self.fields:
            return moment(self.fields["closes"], last=True)
        whole = self.way == "book" and not self.by_date and self.number > 1
        return min((one.starts for one in self.held), default=None) if whole else None

    @cached_property
    def held(self):
        return [one for one in self.sessions if not one.off]

    @cached_property
    def shown(self):
        """The sessions that lists show, in order: up to the horizon if the series goes on."""
        ordered = sorted(self.sessions, key=lambda one: one.starts)
        if not self.ongoing or not ordered:
            return ordered
        first = next((one for one in ordered if not one.off), ordered[0])
        last = max(self.horizon, first.planned)
        return [one for one in ordered if min(one.planned, one.day) <= last]

    @cached_property
    def listed(self):
        """The sessions of lists by day: one that moved to another day is on its old day too."""
        old = [
            replace(one, starts=starts, ends=ends, moved_to=one)
            for one in self.shown
            for starts, ends in [between(one.planned, self.fields["time"])]
            if one.day != one.planned
        ]
        return sorted([*self.shown, *old], key=lambda one: one.starts)

    def coming(self, day):
        return [one for one in self.shown if max(one.day, one.over.date()) >= day]


class Files:
    """The whole content, read once; `on` gives its sessions as they are on one day."""

    def __init__(self, root):
        self.root = Path(root)
        read = self._front_matter
        self.programmes = {
            path.stem: read(path)
            for path in sorted((self.root / "programmes").glob("*.md"))
            if "." not in path.stem
        }
        self.help_pages = {path.stem: read(path) for path in self.root.glob("content/help/*.md")}
        self.centres, self._series = {}, []
        for path in sorted((self.root / "centres").glob("*/*/*.md")):
            if path.name == "index.md":
                self.centres[path.parent.name] = read(path) | {"slug": path.parent.name}
            elif "." not in path.stem:
                self._series.append((path.parent.name, path.stem, read(path)))
        self.footprints = self._yaml("content/footprints.yaml")["footprints"]
        terms = self._yaml("content/terms.yaml")
        self._terms = terms["terms"]
        self._halves = [(day_of(one["first"]), day_of(one["last"])) for one in terms["terms"]]
        self._closed = {
            day
            for one in terms.get("closures", ())
            for day in days(day_of(one.get("from") or one["date"]), last_day(one))
        }

    def _yaml(self, name):
        return yaml.load((self.root / name).read_text("utf-8"), Loader=LOADER)

    def _front_matter(self, path):
        front = re.split(r"^---\s*$", path.read_text("utf-8-sig"), maxsplit=2, flags=re.M)[1]
        return yaml.load(front, Loader=LOADER)

    def on(self, today):
        """The public series by path, with their sessions as the files say them on a day."""
        horizon = today - timedelta(days=today.weekday()) + WEEKS_SHOWN * WEEK
        found = {}
        for centre, slug, fields in self._series:
            programme = self.programmes[fields["programme"]]
            if programme.get("sensitive") == "yes":
                continue
            home = self.centres[centre]
            venue = _venue(fields["venue"]) if "venue" in fields else home_of(home)
            series = Series(f"{centre}/{slug}", fields, programme, home, venue, horizon=horizon)
            series.sessions = [*self._sessions(series, self._last(series, horizon), today)]
            found[series.path] = series
        return found

    def _last(self, series, horizon):
        """The last day to look for dates of a series."""
        school_year = max(horizon, max(last for _, last in self._halves))
        august = date(school_year.year + ((school_year.month, school_year.day) > (8, 31)), 8, 31)
        return august if series.ongoing else day_of(series.fields["starts"]) + 260 * WEEK

    def _sessions(self, series, last, today):
        changes = {day_of(one["date"]): one for one in series.fields.get("changes", ())}
        for planned in self._planned(series.fields, last):
            change = changes.get(planned, {})
            day, _, hours = change.get("moved_to", "").partition(" ")
            starts, ends = between(day_of(day) if day else planned, hours or series.fields["time"])
            venue = series.venue
            if "venue" in change:
                back = change["venue"].get("name", "").lower() == series.centre["title"].lower()
                venue = home_of(series.centre) if back else _venue(change["venue"])
            off = series.fields.get("withdrawn") or change.get("cancelled")
            later = change.get("postponed") if not off and not day else None
            if not (off or later) and venue.centre:
                off = _closed(series.centre, starts.date(), today)
            why = None if series.fields.get("withdrawn") else change.get("cancelled")
            note = change.get("note", "") if not off or off == why else ""
            yield Session(series, planned, starts, ends, venue, off or "", note, later or "")

    def _planned(self, fields, last):
        left_out = {day_of(day) for day in listed(fields.get("except", ()))}
        most = int(fields.get("sessions", 0))
        in_term = fields.get("term_time_only") == "yes"
        runs = fields.get("bank_holidays") == "run"
        number = 0
        for day in rule_of(fields, last):
            holiday = in_term and not any(first <= day <= end for first, end in self._halves)
            closed = not runs and (day in self._closed or day in bank_holidays(day.year))
            if holiday or closed or day in left_out:
                continue
            number += 1
            yield day
            if number == most:
                return

    def leaflet_until(self, today):
        """The end of the term, or of the next one if this one ends within two weeks."""
        ends = {}
        for half in self._terms:
            term = half["year"], half["part"].split()[0]
            ends[term] = max(ends.get(term, date.min), day_of(half["last"]))
        horizon = today - timedelta(days=today.weekday()) + WEEKS_SHOWN * WEEK
        return min([end for end in ends.values() if end >= today + 2 * WEEK] + [horizon])


def day_of(text):
    return date.fromisoformat(text)


def listed(value):
    """One value or several: '2027-01-12, 2027-01-19' is a list as well."""
    return re.split(r", *", value) if isinstance(value, str) else value


def last_day(closure):
    return day_of(closure.get("until") or closure.get("date") or closure["from"])


def days(first, last, step=1):
    while first <= last:
        yield first
        first += step * DAY


def clock(text):
    hour, minute = text.strip().split(":")
    return time(int(hour), int(minute))


def between(day, hours):
    first, last = hours.split("-")
    return datetime.combine(day, clock(first)), datetime.combine(day, clock(last))


def moment(text, *, last=False):
    """A day with a time; without one its beginning, or its end where that is meant."""
    day, _, hours = text.partition(" ")
    if hours:
        return datetime.combine(day_of(day), clock(hours))
    return datetime.combine(day_of(day) + (DAY if last else 0 * DAY), time())


def _venue(fields):
    if area := fields.get("area"):
        meet = f"meet at {fields['meet']}" if "meet" in fields else ""
        return Venue(area[:1].upper() + area[1:], meet, fields.get("town", ""), area=True)
    return Venue(*(fields.get(name, "") for name in ("name", "address", "town", "postcode")))


def home_of(centre):
    address, postcode = centre.get("address", ""), centre.get("postcode", "")
    if centre.get("address_public") == "no":
        address = postcode = ""
    return Venue(centre["title"], address, centre.get("town", ""), postcode, centre["slug"])


def _closed(centre, day, today):
    for one in centre.get("closures", ()):
        if day_of(one.get("from") or one["date"]) <= day <= last_day(one):
            return one["reason"]
    status = re.fullmatch(r"closed(?: from (\S+))?(?: until (\S+))?", centre.get("status", "open"))
    if status is None:
        return ""
    first = day_of(status[1]) if status[1] else today
    last = day_of(status[2]) if status[2] else date.max
    return "The centre is closed" if first <= day <= last else ""


def rule_of(fields, last):
    first, repeats = day_of(fields["starts"]), fields.get("repeats", "weekly")
    last = min(last, day_of(fields["until"])) if "until" in fields else last
    if repeats == "once":
        return [first]
    if repeats == "daily":
        return (day for day in days(first, last) if day.weekday() < 5)
    if repeats == "monthly":
        if _nth(first) == 5:  # the last one of each month
            return (day for day in days(first, last, 7) if (day + WEEK).month != day.month)
        return (day for day in days(first, last, 7) if _nth(day) == _nth(first))
    return days(first, last, 14 if repeats == "fortnightly" else 7)


def _nth(day):
    """1 to 5 for the first to fifth such weekday of a month."""
    return (day.day - 1) // 7 + 1


_KNOWN = {}


def bank_holidays(year):
    """England's bank holidays, by the rules of the Banking and Financial Dealings Act."""
    if year not in _KNOWN:
        easter = _easter(year)
        may = date(year, 5, 1)
        late_may, august = date(year, 5, 31), date(year, 8, 31)
        _KNOWN[year] = {
            easter - 2 * DAY,
            easter + DAY,
            may + (-may.weekday() % 7) * DAY,
            late_may - late_may.weekday() * DAY,
            august - august.weekday() * DAY,
            *_moved_on([date(year, 1, 1)]),
            *_moved_on([date(year, 12, 25), date(year, 12, 26)]),
        }
    return _KNOWN[year]


def _moved_on(holidays):
    """The holidays, and the working days given for those that fall on a weekend."""
    taken = {day for day in holidays if day.weekday() < 5}
    for day in holidays:
        if day.weekday() > 4:
            instead = day
            while instead.weekday() > 4 or instead in taken:
                instead += DAY
            taken |= {day, instead}
    return taken


def _easter(year):
    """Easter Sunday, by the anonymous Gregorian method."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)
