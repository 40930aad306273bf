"""The calendars of the shipped site, by two readers that share no code with ours.

What a family reads on a series' page and what their phone shows must be the same sessions. That all
calendars hold the entries that the files give is compared in `tests/comparison`.
"""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
import vobject

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
        assert ends == _moment(day, last), row
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
            str(one["STATUS"]) != "CANCELLED",
        )
    return found


def _blocks(data):
    """The entries of a calendar as they are written, by what identifies each."""
    found = {}
    for block in re.findall(rb"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", data, re.S):
        text = re.sub(rb"\r\n[ \t]", b"", block)
        uid = re.search(rb"^UID:(.*)\r$", text, re.M)[1]
        which = re.search(rb"^RECURRENCE-ID[^:]*:(.*)\r$", text, re.M)
        found[uid, which and which[1]] = block
    return found


def test_series_pages_and_calendars_agree(shipped):
    """A series' calendar holds the very sessions that its page shows, cancelled ones marked."""
    wrong = []
    number = 0
    for path, page in shipped.pages.items():
        if not path.startswith("/sessions/"):
            continue
        shown = _on_page(page)
        last = max(shown, default=DAY)
        held = _in_calendar(
            shipped.calendars[f"{path}calendar.ics"], DAY, last + timedelta(days=60)
        )
        # A page stops at its horizon, and a calendar goes on.
        held = {planned: said for planned, said in held.items() if planned <= last}
        number += len(shown)
        for planned in sorted(shown.keys() | held.keys()):
            if shown.get(planned) != held.get(planned):
                wrong.append(
                    f"{path} {planned}: page {shown.get(planned)}, calendar {held.get(planned)}"
                )

    assert number > 2000
    assert wrong[:SHOWN] == []


def test_a_download_holds_one_uid(shipped):
    """Programs that add a file expect one; only a series without a rule has one for each date."""
    wrong, number = [], 0
    for path, page in shipped.pages.items():
        if not path.startswith("/sessions/"):
            continue
        for link in page.all("a", where=lambda one: "download" in one):
            data = shipped.calendars[link["href"]]
            uids = {uid for uid, _ in _blocks(data)}
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
    """Every calendar is read by two libraries, which find the same entries in it."""
    wrong = []
    read = set()
    for path, data in shipped.calendars.items():
        # Files of single sessions are all made alike: one in ten is enough.
        if SESSION.fullmatch(path) and sum(path.encode()) % 10:
            continue
        # An entry is the same in each calendar, so that it is read with the first that has it.
        for block in _blocks(data).values():
            if block in read:
                data = data.replace(block, b"")
            read.add(block)
        first = icalendar.Calendar.from_ical(data)
        second = vobject.readOne(data.decode())
        ours = [(str(one["UID"]), one.start.astimezone(LONDON)) for one in first.walk("VEVENT")]
        theirs = [
            (one.uid.value, one.dtstart.value.astimezone(LONDON))
            for one in getattr(second, "vevent_list", ())
        ]
        if sorted(ours) != sorted(theirs):
            wrong.append(f"{path}: {len(ours)} and {len(theirs)} entries")
        wrong += [f"{path}: {said}" for one in first.walk() for said in one.errors]

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
        for uid, _ in _blocks(data):
            if not uid.endswith(b"@families.example"):
                wrong.append(f"{path}: {uid!r}")

    assert wrong[:SHOWN] == []
