"""The calendars of the shipped site, by two readers that share no code with ours.

What a family reads on a series' page and what their phone shows must be the same sessions. The two
readers are given one calendar of each shape, because they are slow: that every page and every
calendar hold what the files give is compared in `tests/comparison`.
"""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
import vobject

from tests.support.shapes import blocks_of, one_of_each_shape
from tests.support.shipped import DAY

LONDON = ZoneInfo("Europe/London")
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
SERIES = re.compile(r"/sessions/[^/]+/[^/]+/calendar\.ics")
SESSION = re.compile(r"/sessions/[^/]+/[^/]+/\d{4}-\d\d-\d\d\.ics")
SHOWN = 25

_ALONE = re.compile(r"(\d{4}-\d\d-\d\d)\.")


def _clock(words, after=None):
    """The time that words like '9:30am', '12pm' or 'midday' mean."""
    words = {"midday": "12pm", "noon": "12pm", "midnight": "12am"}.get(words, words)
    hour, minute, half = re.fullmatch(r"(\d{1,2})(?:[:.](\d\d))?(am|pm)", words).groups()
    return int(hour) % 12 + (12 if half == "pm" else 0), int(minute or 0)


def _moment(day, words):
    hour, minute = _clock(words)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LONDON)


def _on_page(page):
    """The sessions a series' page lists, from its words: planned day -> (from, to, is it on)."""
    found = {}
    for row in page.all("li", where=lambda one: "data-ends" in one and "id" in one):
        said = row.one("b").text
        number, month, year = re.search(r"(\d{1,2}) (\w+) (\d{4})", said).groups()
        day = date(int(year), MONTHS.index(month) + 1, int(number))
        weekday = said.split()[0]
        assert weekday == day.strftime("%A"), said
        first, last = re.search(r"(\S+) to (\S+)", row.all("p")[0].text).groups()
        ends = datetime.fromisoformat(row["data-ends"])
        found[date.fromisoformat(row["id"])] = (
            _moment(day, first),
            _moment(day, last),
            not row.all("s"),
        )
        # The row of a postponed date stays until it is too late for a new one.
        assert ends == _moment(day, last) or "Postponed" in row.text, row
    return found


def _in_calendar(data, first, last):
    """The sessions of a calendar between two days: planned day -> (from, to, whether it is on)."""
    calendar = icalendar.Calendar.from_ical(data)
    found = {}
    # A date that moved beyond its week is cancelled in its run, and an entry of its own, which is
    # named for the day first planned and comes last here.
    sessions = recurring_ical_events.of(calendar).between(first, last)
    for one in sorted(sessions, key=lambda one: bool(_ALONE.match(one["UID"]))):
        planned = one["RECURRENCE-ID"].dt if "RECURRENCE-ID" in one else one.start
        assert one.start.tzinfo is not None
        day = planned.astimezone(LONDON).date()
        if alone := _ALONE.match(one["UID"]):
            day = date.fromisoformat(alone[1])
        found[day] = (
            one.start.astimezone(LONDON),
            one.end.astimezone(LONDON),
            str(one["STATUS"]) == "CONFIRMED",
        )
    return found


def _uids(data):
    """The UIDs of a calendar, in lines that may be folded."""
    joined = re.sub(rb"\r\n[ \t]", b"", data)
    return set(re.findall(rb"^UID:(.*)\r$", joined, re.M))


def _of_each_shape(shipped, kind):
    """The calendars of a kind by address, one of each shape."""
    calendars = {path: data for path, data in shipped.calendars.items() if kind.fullmatch(path)}
    chosen = set(one_of_each_shape(calendars.values()))
    return {data: path for path, data in calendars.items() if data in chosen}


def test_series_pages_and_calendars_agree(shipped):
    """A series' calendar holds the very sessions that its page shows, those that are off marked."""
    wrong = []
    number = 0
    for data, calendar in _of_each_shape(shipped, SERIES).items():
        path = calendar.removesuffix("calendar.ics")
        shown = _on_page(shipped.document(path))
        last = max(shown, default=DAY)
        held = _in_calendar(data, DAY, last + timedelta(days=60))
        # A page stops at its horizon, and a calendar goes on.
        held = {planned: said for planned, said in held.items() if planned <= last}
        number += len(shown)
        for planned in sorted(shown.keys() | held.keys()):
            if shown.get(planned) != held.get(planned):
                wrong.append(
                    f"{path} {planned}: page {shown.get(planned)}, calendar {held.get(planned)}"
                )

    assert number > 400
    assert wrong[:SHOWN] == []


def test_a_download_holds_one_uid(shipped):
    """Programs that add a file expect one; only a series without a rule has one for each date."""
    wrong, number = [], 0
    for calendar in filter(SERIES.fullmatch, shipped.calendars):
        path = calendar.removesuffix("calendar.ics")
        page = shipped.document(path)
        for link in page.all("a", where=lambda one: "download" in one):
            data = shipped.calendars[link["href"]]
            uids = _uids(data)
            number += 1
            if len(uids) > 1 and b"RRULE" in data:
                wrong.append(f"{path} links to {link['href']}: {uids}")

    assert number > 1000
    assert wrong == []


def test_no_two_feeds_have_one_name(shipped):
    """The name is all that a subscriber sees of a calendar in a list."""
    names = {}
    for path, data in shipped.calendars.items():
        if name := re.search(rb"^X-WR-CALNAME:(.*)\r$", data, re.M):
            names.setdefault(name[1], []).append(path)

    assert {name: paths for name, paths in names.items() if len(paths) > 1} == {}


def test_calendars_are_read_by_others(shipped):
    """Two libraries find the same entries in each shape of calendar, and in the longest of each
    kind."""
    longest = {}
    for path, data in sorted(shipped.calendars.items(), key=lambda item: len(item[1])):
        longest[path.split("/")[1]] = (data, path)
    read = {
        **_of_each_shape(shipped, SERIES),
        **_of_each_shape(shipped, SESSION),
        **dict(longest.values()),
    }
    wrong = []
    for data, path in read.items():
        first = icalendar.Calendar.from_ical(data)
        second = vobject.readOne(data.decode())
        ours = [(str(one["UID"]), one.start.astimezone(LONDON)) for one in first.walk("VEVENT")]
        theirs = [
            (one.uid.value, one.dtstart.value.astimezone(LONDON))
            for one in getattr(second, "vevent_list", ())
        ]
        if sorted(ours) != sorted(theirs):
            wrong.append(f"{path}: {len(ours)} and {len(theirs)} entries")
        if len(ours) != len(blocks_of(data)):
            wrong.append(f"{path}: {len(ours)} entries of {len(blocks_of(data))}")
        wrong += [f"{path}: {said}" for one in first.walk() for said in one.errors]

    assert len(longest) > 5
    assert len(read) > 60
    assert wrong[:SHOWN] == []


def test_calendars_are_well_written(shipped):
    """Lines end in CRLF, are 75 bytes at most and not blank, and identities are of our domain."""
    wrong = []
    for path, data in shipped.calendars.items():
        lines = data.split(b"\r\n")
        if (
            lines[-1]
            or not all(lines[:-1])
            or b"\n" in b"".join(lines)
            or max(map(len, lines)) > 75
        ):
            wrong.append(f"{path}: lines")
        data.decode("utf-8")
        if b"BEGIN:VTIMEZONE" not in data and b"TZID=" in data:
            wrong.append(f"{path}: no time zone")
        if b"METHOD:" in data:
            wrong.append(f"{path}: has a method")
        for uid in _uids(data):
            if not uid.endswith(b"@families.example"):
                wrong.append(f"{path}: {uid!r}")

    assert wrong[:SHOWN] == []
