"""Calendars that families and partners subscribe to, or copy into their own.

Programs that we cannot test read them for years, so they use only common features and do not
change from one day to the next unless the content does. Each series is rendered once
(`calendar_entries.py`) and every calendar joins those bytes: a session has the same entry in each
calendar.

A feed has a name, which is all that a subscriber sees of it in a list, so no two feeds share one. A
download has no name, because Outlook would create a new calendar for it. Neither has a METHOD,
which would require an organiser.

An address that was published once keeps answering (`former_files`): after a 404, phones keep what
they have, for example where a group meets that is withheld now.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import chain
from typing import Any

from portal.content.school_calendar import school_calendar
from portal.dependencies import between_edits, once, once_with, remembered, remembers
from portal.directory import AGE_BANDS, Board, Centre, Directory, District, Series, Session
from portal.directory.schedule import horizon_reached
from portal.directory.values import LONDON
from portal.feeds import board_meetings, panel_meetings
from portal.feeds.calendar_entries import (
    FIRST_REVISION,
    Entry,
    Run,
    entry,
    line,
    lines_of,
    one_line,
    stamps,
    text,
    uid_of,
)

Maker = Callable[[], bytes]

PRODUCT = "-//Lancashire County Council//Children and Family Wellbeing//EN"
REFRESH = "PT6H"  # six hours
RUN = "run.ics"  # beside a series' own calendar, where that holds more than one UID

# Two rules without an end. The package would list the clock changes one by one (RDATE) up to a last
# date, and desktop Outlook does not read RDATE.
ZONE = """\
BEGIN:VTIMEZONE
TZID:Europe/London
BEGIN:DAYLIGHT
DTSTART:19700329T010000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZNAME:BST
TZOFFSETFROM:+0000
TZOFFSETTO:+0100
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19701025T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZNAME:GMT
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
END:STANDARD
END:VTIMEZONE
"""
_BEGIN = (
    b"BEGIN:VCALENDAR\r\n"
    + line("VERSION", "2.0")
    + line("PRODID", PRODUCT)
    + line("CALSCALE", "GREGORIAN")
)
_ZONE = ZONE.replace("\n", "\r\n").encode()
_END = b"END:VCALENDAR\r\n"


@dataclass(frozen=True, slots=True)
class Facet:
    """A page whose groups have a calendar to subscribe to. `kind` is '' for all groups."""

    kind: str
    page: str
    title: str  # for our lists of calendars
    name: str  # for the subscriber's calendar program
    series: Sequence[Series]

    @property
    def path(self) -> str:
        return f"{self.page}calendar.ics"


def facets(directory: Directory) -> Iterator[Facet]:
    """All groups, then footprints, districts, ages, centres and programmes not sensitive."""
    area = directory.site.area
    yield Facet("", "/", f"All groups in {area}", f"Groups in {area}", directory.series)
    districts = {district.title for district in directory.districts}
    for footprint in directory.footprints:
        # A footprint may have the name of a district in it.
        shared = footprint.title in districts
        name = f"Groups in the {footprint.title} area" if shared else f"Groups in {footprint.title}"
        series = directory.series_in(footprint)
        yield Facet("footprint", footprint.path, footprint.title, name, series)
    for district in directory.districts:
        name = f"Groups in {district.title}"
        series = directory.series_in(district)
        yield Facet("district", district.path, district.title, name, series)
    for band in AGE_BANDS:
        ages = band.title[0].lower() + band.title[1:]
        name = f"Groups for {ages}"
        yield Facet("age", band.path, band.title, name, directory.series_for(band))
    titles = Counter(centre.title for centre in directory.centres)
    for centre in directory.centres:
        name = f"Groups at {centre.title}"
        if titles[centre.title] > 1:
            name += f", {centre.town or directory.district_of(centre).title}"
        yield Facet("centre", centre.path, centre.title, name, directory.series_at(centre))
    for programme in directory.programmes:
        if not programme.sensitive:
            name = f"{programme.title} in {area}"
            series = directory.series_of(programme)
            yield Facet("programme", programme.path, programme.title, name, series)


def closed_for_good(directory: Directory) -> Iterator[Centre]:
    """The centres that are closed, and will not open again."""
    return (one for one in directory.centres if one.closed and one.status.until is None)


def files(directory: Directory) -> Mapping[str, Maker]:
    """Makers of all calendars by public path: facets, series, coming sessions and old paths."""
    return calendars_of(directory).files()


def find(directory: Directory, path: str) -> Maker | None:
    """The maker of one of the `files`."""
    return calendars_of(directory).find(path)


@remembers(1)
def calendars_of(directory: Directory) -> Calendars:
    """The calendars of a Directory, kept so that a build renders each series once."""
    return Calendars(directory)


def former_files(directory: Directory, paths: Iterable[str]) -> Mapping[str, Maker]:
    """Makers of calendars that were published before and are no longer among `files`.

    Single dates that are over are left out: nobody waits for news of them.
    """
    calendars = calendars_of(directory)
    makers: dict[str, Maker] = {}
    for path in paths:
        part = _PART.fullmatch(path)
        series = directory.find_series(part["identity"]) if part else None
        planned = part["planned"] if part else None
        if planned and planned < directory.today.isoformat():
            continue
        if series is None or series.programme.sensitive:
            makers[path] = partial(calendars.ended, named=not path.startswith("/sessions/"))
        elif planned is None:
            makers[path] = partial(calendars.run, series)
        else:
            session = next((one for one in series.all_sessions if one.anchor == planned), None)
            makers[path] = partial(calendars.session, session) if session else calendars.ended
    return makers


# A file of a part of a series: one date, or the series without dates that moved past others.
_PART = re.compile(
    rf"/sessions/(?P<identity>[^/]+/[^/]+)/(?:(?P<planned>\d{{4}}-\d\d-\d\d)\.ics|{re.escape(RUN)})"
)


_INSIDE = re.compile(r"(?P<page>/.+/)(?P<name>[^/]+\.ics)")


class Calendars:
    """The calendars of one Directory, which share the rendered entries of its series."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.site = directory.site
        self._changed: dict[tuple[Series, ...], Any] = {}
        self._runs: dict[tuple[Series, datetime], Any] = {}
        self._entries: dict[tuple[Series, datetime], Any] = {}
        self._last_days: dict[Series, Any] = {}
        self._blocks: dict[tuple[Series, ...], Any] = {}
        self._groups: dict[str, Any] = {}
        # Gives the entries of a series, found by its UID, where they are known to be the same as
        # in the last build, and notes what they were made from.
        self.earlier: Callable[[Series, str], tuple[Entry, ...] | None] = lambda *_: None
        self._files: dict[Series, Any] = {}
        self._parts: dict[str, Any] = {}

    @remembered
    def year_began(self) -> date:
        today = self.directory.today
        return date(today.year if today.month >= 9 else today.year - 1, 9, 1)

    def files(self) -> Mapping[str, Maker]:
        files, moved = self._of_nouns()
        for series in self.directory.series:
            files |= self._of_series(series)
        for old, page in moved.items():
            files.setdefault(f"{old}calendar.ics", files[f"{page}calendar.ics"])
        return files

    def find(self, path: str) -> Maker | None:
        """The maker of one of the `files`, without a list of those of all series."""
        files, moved = once(self._parts, "nouns", self._of_nouns)
        if path in files:
            return files[path]
        inside = _INSIDE.fullmatch(path)
        if inside is None:
            return None
        page, name = inside["page"], inside["name"]
        series = self.directory.find_series(page.removeprefix("/sessions/").removesuffix("/"))
        if series and series.path == page and not series.programme.sensitive:
            return once(self._files, series, self._of_series, series).get(path)
        there = moved.get(page) if name == "calendar.ics" else None
        return self.find(f"{there}{name}") if there else None

    def _of_nouns(self) -> tuple[dict[str, Maker], dict[str, str]]:
        """The files of all but series, and the pages of each old page. No session decides here."""
        directory = self.directory
        files: dict[str, Maker] = {}
        closed = {centre.path: centre for centre in closed_for_good(directory)}
        for facet in facets(directory):
            centre = closed.get(facet.page)
            more = [self.closed(centre)] if centre else []
            files[facet.path] = partial(self.feed, facet, more)
        for district in directory.districts:
            if district.panel:
                files[panel_meetings.path_of(district)] = partial(self.panel, district)
        moved: dict[str, str] = {}
        for board in directory.boards:
            if board.meetings:
                files[board.calendar_path] = partial(self.board, board)
                moved |= {f"/boards/{old}/": board.path for old in board.aliases}
        for programme in directory.programmes:
            if not programme.sensitive:
                moved |= {f"/programmes/{old}/": programme.path for old in programme.aliases}
        for centre in directory.centres:
            moved |= {f"/centres/{old}/": centre.path for old in centre.aliases}
        for series in directory.series:
            moved |= {f"/sessions/{old}/": series.path for old in series.old_identities}
        return files, moved

    def _of_series(self, series: Series) -> dict[str, Maker]:
        files: dict[str, Maker] = {f"{series.path}calendar.ics": partial(self.download, series)}
        today = self.directory.today
        # By their `id`, because to hash or compare sessions is slow.
        coming = {id(one) for one in series.sessions if one.day >= today}
        for session in series.all_sessions:
            apart = self._apart(session)
            if id(session) in coming or apart:
                files[session.calendar_path] = partial(self.session, session)
            if apart:
                files[f"{series.path}{RUN}"] = partial(self.run, series)
        return files

    def feed(self, facet: Facet, more: Iterable[Entry] = ()) -> bytes:
        """The calendar to subscribe to for a facet, at an address below its page."""
        address = f"{self.site.base_address}{facet.page}"
        groups = once_with(self._groups, facet.page, (facet.series,), _by_centre)
        entries = chain(more, chain.from_iterable(map(self._block, groups)))
        return self._feed(facet.name, address, f"{address}calendar.ics", entries)

    def _block(self, group: tuple[Series, ...]) -> list[Entry]:
        """The entries of a group of series in their order. Most facets have whole centres."""
        changed = between_edits(self._changed, group, _changed, group)  # as in `_run`
        return once_with(self._blocks, group, (group, changed), self._in_order)

    def _in_order(self, group: tuple[Series, ...], _changed: tuple[datetime, ...]) -> list[Entry]:
        return sorted(chain.from_iterable(map(self.entries, group)))

    def chosen(self, name: str, page: str, source: str, series: Iterable[Series]) -> bytes:
        """A calendar of these series. `page` and `source` (its own address) are absolute.

        Without `source` the file does not hold its address, which would say what was chosen.
        """
        return self._feed(name, page, source, chain.from_iterable(map(self.entries, series)))

    def panel(self, district: District) -> bytes:
        """The calendar of the meetings of a district's Resource Panel."""
        page, name = f"{self.site.base_address}/gap", f"Resource Panel of {district.title}"
        source = f"{self.site.base_address}{panel_meetings.path_of(district)}"
        return self._feed(name, page, source, panel_meetings.entries(district, self.site))

    def board(self, board: Board) -> bytes:
        """The calendar of the meetings of a board."""
        page = f"{self.site.base_address}{board.path}"
        source = f"{self.site.base_address}{board.calendar_path}"
        entries = board_meetings.entries(board, self.site)
        return self._feed(f"Meetings of {board.title}", page, source, entries)

    def ended(self, *, named: bool = False) -> bytes:
        """An empty calendar, for an address whose groups are gone or withheld.

        It is the same for all of them, so that it does not say which, or why.
        """
        if not named:
            return _joined(b"", ())
        page = f"{self.site.base_address}/calendars/"
        return self._feed("This calendar has ended", page, "", ())

    def download(self, series: Series) -> bytes:
        """A series as a calendar."""
        return _joined(b"", self.entries(series))

    def run(self, series: Series) -> bytes:
        """A series to download, without the dates that moved past others.

        Programs that add a file expect one UID in it. Such a date has a UID, and so a file, of its
        own (`session`). Without a rule, each date has one.
        """
        entries = self.entries(series)
        run = [entry for entry in entries if entry.uid == uid_of(series, self.site)]
        return _joined(b"", run or entries)

    def apart(self, series: Series) -> list[Session]:
        """The coming sessions that moved past others, and are not in `run`."""
        today = self.directory.today
        return [one for one in series.all_sessions if one.day >= today and self._apart(one)]

    def _apart(self, session: Session) -> bool:
        """Whether a session has a UID of its own although its series has a rule."""
        if session.day == session.planned:
            return False
        uid = uid_of(session.series, self.site)
        uids = {entry.uid for entry in self.entries(session.series)}
        return {uid, f"{session.anchor}.{uid}"} <= uids

    def session(self, session: Session) -> bytes:
        """One session as a calendar to download."""
        return _joined(b"", [self._run(session.series).single(session)])

    def entries(self, series: Series) -> tuple[Entry, ...]:
        """The entries of a series; empty for a series that ended before this school year, or that
        was withdrawn and would have ended by now."""

        def made() -> tuple[Entry, ...]:
            earlier = self.earlier(series, uid_of(series, self.site))
            if earlier is not None:
                return earlier
            return tuple(self._run(series).entries()) if self._shown(series) else ()

        return once(self._entries, (series, self.changed(series)), made)

    def last_changed(self, series: Iterable[Series]) -> datetime | None:
        """When a calendar of these series last changed; None if it is empty."""
        shown = (each for each in series if self._shown(each))
        return max(map(self.changed, shown), default=None)

    def _shown(self, series: Series) -> bool:
        last = self._last_day(series)
        over = self.directory.today if series.withdrawn else self.year_began
        return last is not None and last >= over

    def _last_day(self, series: Series) -> date | None:
        return once(self._last_days, series, _last_day, series)

    def _run(self, series: Series) -> Run:
        # A build corrects the time of change once it has compared the entries with the old ones.
        changed = self.changed(series)
        return once(self._runs, (series, changed), Run, series, self.site, changed)

    def changed(self, series: Series) -> datetime:
        """When the entries of the series last changed.

        Where the next school year's terms are not known yet, ongoing series are extended into it
        when the horizon reaches it. That day counts as a change: otherwise Google might keep the
        old end date.
        """
        last, changed = self._last_day(series), series.changed.astimezone(UTC)
        carried, since = self._carried
        extended = series.ongoing and last and last >= carried
        return max(changed, since) if extended else changed

    @remembered
    def _carried(self) -> tuple[date, datetime]:
        """The 1 September that the horizon has reached but the known terms have not, and the moment
        when it did; `date.max` if there is none."""
        directory = self.directory
        terms = school_calendar(directory.terms)
        if directory.feed_until <= terms.feed_until(terms.last_known):
            return date.max, FIRST_REVISION
        carried = date(directory.feed_until.year - 1, 9, 1)
        day = horizon_reached(carried, directory.today, directory.horizon)
        return carried, datetime.combine(day, time(), LONDON).astimezone(UTC)

    def closed(self, centre: Centre) -> Entry:
        """The entry that says where to go after a centre has closed for good."""
        site, district = self.site, self.directory.district_of(centre)
        uid = f"closed.{(centre.aliases or (centre.slug,))[0]}@{site.domain}"
        day = centre.status.since or centre.checked or centre.closed_from
        there = f"{site.base_address}{district.path}"
        words = f"{centre.title} has closed. Find groups near it on our page for {district.title}."
        texts = (
            line("SUMMARY", text(f"{centre.title} has closed")),
            line("STATUS", "CONFIRMED"),
            line("DESCRIPTION", text(f"{words}\n{there}")),
            line("URL", there),
            line("TRANSP", "TRANSPARENT"),
            stamps(self.closing_changed(centre)),
        )
        dates = lines_of([("dtstart", day), ("dtend", day + timedelta(days=1))])
        return entry(uid, dates, b"".join(texts))

    def closing_changed(self, centre: Centre) -> datetime:
        """When the entry about a closed centre last changed."""
        return max(centre.changed, self.site.changed)

    def _feed(self, name: str, page: str, source: str, entries: Iterable[Entry]) -> bytes:
        about = f"{name}: {page}"
        if self.site.demonstration:
            about = f"This is a demonstration: times, places and costs are samples. {about}"
        lines = (
            line("X-WR-CALDESC", text(one_line(about))),
            line("NAME", text(one_line(name))),
            line("X-WR-CALNAME", text(one_line(name))),
            line("REFRESH-INTERVAL;VALUE=DURATION", REFRESH),
            line("SOURCE;VALUE=URI", source) if source else b"",
            line("URL", page),
            line("X-PUBLISHED-TTL", REFRESH),
            line("X-WR-TIMEZONE", "Europe/London"),
        )
        return _joined(b"".join(lines), entries)


def _joined(names: bytes, entries: Iterable[Entry]) -> bytes:
    """A calendar of entries. `names` are the lines that only a feed has."""
    return b"".join((_BEGIN, names, _ZONE, *(entry.data for entry in sorted(entries)), _END))


def _by_centre(series: Iterable[Series]) -> list[tuple[Series, ...]]:
    groups: dict[Centre, list[Series]] = defaultdict(list)
    for one in series:
        groups[one.centre].append(one)
    return [tuple(group) for group in groups.values()]


def _changed(series: Iterable[Series]) -> tuple[datetime, ...]:
    return tuple(one.changed for one in series)


def _last_day(series: Series) -> date | None:
    return max((session.day for session in series.all_sessions), default=None)
