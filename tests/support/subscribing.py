"""What subscribers' programs make of a calendar: three libraries, and one true client.

The libraries share no code with each other where it matters: each has a reader of its own, and its
own way from rules to dates. The client is vdirsyncer, which polls a feed over HTTP and keeps a
copy, and khal, which shows that copy as a diary.
"""

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, date, datetime, time
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import icalendar
import lxml.html
import recurring_ical_events
import vobject

from portal.directory.values import MONTHS

LONDON = ZoneInfo("Europe/London")


def _said(url, start, end, status, title):
    """One date: the page it is on, when it is, whether it is called off, and its name."""
    off = str(status).upper() == "CANCELLED"
    return urlsplit(str(url)).path, start.astimezone(UTC), end.astimezone(UTC), off, str(title)


def _between(found, first, last):
    start, end = (datetime.combine(day, time(), LONDON) for day in (first, last))
    return sorted(one for one in found if start <= one[1] < end)


# --- three libraries ----------------------------------------------------------


def by_icalendar(data, first, last):
    """icalendar, with recurring-ical-events for the dates."""
    calendar = icalendar.Calendar.from_ical(data)
    found = recurring_ical_events.of(calendar).between(first, last)
    return _between(
        [_said(one["URL"], one.start, one.end, one["STATUS"], one["SUMMARY"]) for one in found],
        first,
        last,
    )


def by_vobject(data, first, last):
    """vobject, with dateutil for the dates; overrides are put in their places here."""
    calendar = vobject.readOne(data.decode())
    entries = getattr(calendar, "vevent_list", [])
    overridden = defaultdict(set)
    found = []
    for one in entries:
        if hasattr(one, "recurrence_id"):
            overridden[one.uid.value].add(one.recurrence_id.value)
    for one in entries:
        start, end = one.dtstart.value, one.dtend.value
        if not isinstance(start, datetime):
            start, end = (datetime.combine(day, time(), LONDON) for day in (start, end))
        dates = [start]
        if hasattr(one, "rrule"):
            dates = [day for day in one.getrruleset() if day not in overridden[one.uid.value]]
        # By the clock on the wall: a group that ends at noon does so after the clocks change too.
        length = end.replace(tzinfo=None) - start.replace(tzinfo=None)
        for day in dates:
            day = day.replace(tzinfo=LONDON)
            found.append(
                _said(one.url.value, day, day + length, one.status.value, one.summary.value)
            )
    return _between(found, first, last)


def by_ical(data, first, last):
    """ical, which Home Assistant uses."""
    # Half a second of imports, which every test process would pay.
    from ical.calendar_stream import IcsCalendarStream

    calendar = IcsCalendarStream.calendar_from_ics(data.decode())
    start, end = (datetime.combine(day, time(), LONDON) for day in (first, last))
    found = []
    for one in calendar.timeline_tz(LONDON).overlapping(start, end):
        begins, ends = one.start_datetime, one.end_datetime
        found.append(_said(one.url, begins, ends, one.status.value, one.summary))
    return _between(found, first, last)


LIBRARIES = {"icalendar": by_icalendar, "vobject": by_vobject, "ical": by_ical}


# --- what the site's own pages say ----------------------------------------------


def tree_of(page):
    """A page as the two functions below read it."""
    return lxml.html.fromstring(page.decode())


def on_page(path, tree):
    """The dates that a series' page lists, read from its words as a family reads them."""
    title = "".join(tree.find(".//h1").itertext())
    found = []
    for row in tree.iter("li"):
        if not row.get("data-ends") or not row.get("id"):
            continue
        said = "".join(row.find("b").itertext())
        times = "".join(row.find("p").itertext())
        number, month, year = re.search(r"(\d{1,2}) (\w+) (\d{4})", said).groups()
        day = date(int(year), MONTHS.index(month) + 1, int(number))
        first, last = re.search(r"(\S+) to (\d\S*m|midday|midnight)", times).groups()
        off = row.find("b/s") is not None
        text = "".join(row.itertext())
        moved = not off and ("Moved" in text or "Other place" in text)
        mark = "CANCELLED: " if off else "MOVED: " if moved else ""
        status = "CANCELLED" if off else "CONFIRMED"
        if off and "Postponed" in text:
            mark, status = "POSTPONED: ", "TENTATIVE"
        found.append(_said(path, _at(day, first), _at(day, last), status, mark + title))
    return sorted(found)


def left_behind(path, tree):
    """The days on which dates were planned that are now on another day: page and day.

    A page says such a date once, at its new time. Where it jumped over another date of its run, a
    calendar says it there, and that it is off at its old time.
    """
    rows = (row for row in tree.iter("li") if row.get("data-ends") and row.get("id"))
    return {
        (path, date.fromisoformat(row.get("id")))
        for row in rows
        if row.get("data-ends")[:10] != row.get("id") and "Postponed" not in row.text_content()
    }


def without(dates, left):
    """Dates without those that are off because they are held on another day."""
    return [
        one for one in dates if not (one[3] and (one[0], one[1].astimezone(LONDON).date()) in left)
    ]


def _at(day, words):
    words = {"midday": "12pm", "midnight": "12am"}.get(words, words)
    hour, minute, half = re.fullmatch(r"(\d{1,2})(?::(\d\d))?(am|pm)", words).groups()
    clock = time(int(hour) % 12 + (12 if half == "pm" else 0), int(minute or 0))
    return datetime.combine(day, clock, LONDON)


# --- a true client ----------------------------------------------------------------


class Client:
    """vdirsyncer and khal with a home of their own, subscribed to some addresses.

    `shown` are those that khal shows, which takes it a second for every hundred dates.
    """

    def __init__(self, home, addresses, shown=None):
        self.home = home
        self.names = {f"c{number}": address for number, address in enumerate(addresses)}
        self.environ = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "TZ": "Europe/London",
            "NO_PROXY": "*",
        }
        parts = [f'[general]\nstatus_path = "{home}/status/"\n']
        diaries = ["[calendars]\n"]
        for name, address in self.names.items():
            parts.append(
                f'[pair {name}]\na = "{name}_there"\nb = "{name}_here"\ncollections = null\n'
                'conflict_resolution = "a wins"\n'
                f'[storage {name}_there]\ntype = "http"\nurl = "{address}"\n'
                f'[storage {name}_here]\ntype = "filesystem"\nfileext = ".ics"\n'
                f'path = "{home}/diary/{name}/"\n'
            )
            if shown is None or address in shown:
                diaries.append(f"[[{name}]]\npath = {home}/diary/{name}/\ntype = calendar\n")
        diaries.append(
            "[locale]\nlocal_timezone = Europe/London\ndefault_timezone = Europe/London\n"
            "timeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
            "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n"
            f"[sqlite]\npath = {home}/khal.db\n"
        )
        (home / "vdirsyncer").write_text("".join(parts))
        (home / "khal").write_text("".join(diaries))
        self._run("vdirsyncer", "-c", f"{home}/vdirsyncer", "discover", answer="y\n" * 999)

    def poll(self):
        """Ask for every calendar, as the client does every few minutes."""
        self._run("vdirsyncer", "-c", f"{self.home}/vdirsyncer", "sync")

    def copies(self, address):
        """What it keeps of a calendar: a file for each group."""
        (name,) = (name for name, one in self.names.items() if one == address)
        return [path.read_bytes() for path in sorted((self.home / "diary" / name).iterdir())]

    def show_only(self, address, copies):
        """Remove all other copies from the folder that the diary is made of."""
        (name,) = (name for name, one in self.names.items() if one == address)
        for path in (self.home / "diary" / name).iterdir():
            if path.read_bytes() not in copies:
                path.unlink()

    def diary(self, first, last):
        """What it shows between two days: address -> dates."""
        fields = ("calendar", "title", "start-long-full", "end-long-full", "status", "url")
        asked = [option for name in fields for option in ("--json", name)]
        days = f"{(last - first).days}d"
        lines = self._run("khal", "-c", f"{self.home}/khal", "list", *asked, str(first), days)
        found = {}
        for line in lines.splitlines():
            for one in json.loads(line):
                begins, ends = (
                    datetime.strptime(one[name], "%Y-%m-%d %H:%M").replace(tzinfo=LONDON)
                    for name in ("start-long-full", "end-long-full")
                )
                said = _said(one["url"], begins, ends, one["status"].strip(), one["title"])
                found.setdefault(self.names[one["calendar"]], []).append(said)
        return {address: _between(dates, first, last) for address, dates in found.items()}

    def _run(self, program, *options, answer=None):
        made = subprocess.run(
            [Path(sys.executable).parent / program, *options],
            env=self.environ,
            cwd=self.home,
            input=answer,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
        return made.stdout


def days_of(year):
    """From 1 September to the next one: both changes of the clock are in between."""
    return date(year, 9, 1), date(year + 1, 9, 1)
