"""The calendars as subscribers meet them: over HTTP, by programs that are not ours.

For a whole school year, with both changes of the clock in it, each program must show the sessions
that the site's own pages show: when they begin and end, and whether they are on.
"""

import os
import re
import shutil
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import icalendar
import pytest
from werkzeug.wrappers import Response

from portal.feeds import calendars
from portal.settings import load_settings
from portal.web.frozen_files import Files
from portal.web.site import build
from tests.conftest import TOUCHED
from tests.server.test_app import Server
from tests.support.browser import serving
from tests.support.shapes import blocks_of, groups_of, one_of_each_shape
from tests.support.shipped import DAY
from tests.support.subscribing import (
    LIBRARIES,
    Client,
    days_of,
    left_behind,
    on_page,
    tree_of,
    without,
)

pytestmark = pytest.mark.slow

FIRST, LAST = days_of(2026)
LONDON = ZoneInfo("Europe/London")
MAIN = re.compile(r"/(footprints|districts|ages)/[^/]+/calendar\.ics")
WEEKS = 53  # the horizon counts from a Monday, and the year may begin after it
WINTER = date(2026, 12, 14), date(2027, 2, 8)
UID = re.compile(rb"UID:.*\r\n")

# Over both changes of the clock, on the very Sundays; with every kind of change there is.
SUNDAYS = """\
---
programme: play-sessions
title: "Sunday play; tea, toast"
day: Sunday
starts: 2026-09-06
time: 10:00-12:00
until: 2027-07-11
except: [2026-12-27, 2027-01-03]
changes:
  - date: 2026-10-25
    cancelled: The heating has failed
  - date: 2026-11-15
    moved_to: 2026-11-25 13:00-15:00
  - date: 2027-02-07
    venue: {name: Village Hall, town: Preston}
  - date: 2027-03-28
    moved_to: 2027-03-29 09:30-11:30
  - date: 2027-04-18
    note: Bring wellies.
---
"""

OWN = (
    "/calendars/custom.ics",
    "/calendars/custom.ics?district=preston&district=pendle&age=toddlers",
    "/calendars/custom.ics?day=sunday",
    "/calendars/custom.ics?booking=book&programme=baby-massage",
)


def touch(root, when=TOUCHED):
    for path in root.rglob("*"):
        os.utime(path, (when, when))


def built(root, today=FIRST):
    settings = load_settings(
        root=root / "root", out=root / "build", var=root / "var", horizon_weeks=WEEKS
    )
    build.build(settings, today=today)
    return settings.out


@contextmanager
def served(out):
    """The address at which a built site answers over HTTP meanwhile, and what asks it."""
    files = Files(out)

    def app(environ, start):
        return files(environ, start) or Response("", 404)(environ, start)

    with serving(app) as here:

        def ask(path):
            with urlopen(here + path, timeout=60) as answer:
                return answer.read()

        yield here, ask


@pytest.fixture(scope="module")
def content(tmp_path_factory, sample_root):
    """The sample, with a group that meets on the days when the clocks change."""
    root = tmp_path_factory.mktemp("subscribed")
    shutil.copytree(sample_root, root / "root")
    (root / "root/centres/preston/riverbank/sundays.md").write_text(SUNDAYS)
    touch(root / "root")
    return root


@pytest.fixture(scope="module")
def server(content):
    """It is served as it stands on the first day of a school year, all of the year on its pages."""
    built(content)
    server = Server(content, "--no-build", PORTAL_HORIZON_WEEKS=str(WEEKS))
    yield server
    server.stop()


@pytest.fixture
def copy(content, server, tmp_path):
    """A copy of that content and its site, to edit and build again."""
    return shutil.copytree(content, tmp_path / "site")


def calendar_paths(content):
    """All calendars of sessions. The meetings of a panel have no pages; those of a board are no
    sessions, and its page shows the next one (tests/web/site/pages/test_boards.py)."""
    out = content / "build"
    found = [f"/{path.relative_to(out).as_posix()}" for path in sorted(out.rglob("*.ics"))]
    return [path for path in found if not path.startswith(("/panels/", "/boards/"))]


def feeds(content):
    """All calendars but those of a single date."""
    return [path for path in calendar_paths(content) if path.endswith("/calendar.ics")]


class Pages:
    """What the pages of all series say, asked for over HTTP."""

    def __init__(self, out, ask):
        self.dates, self.left = {}, set()
        for file in sorted(out.glob("sessions/*/*/index.html")):
            path = f"/{file.parent.relative_to(out).as_posix()}/"
            page = ask(path)
            if b'http-equiv="refresh"' not in page:
                page = tree_of(page)
                self.dates[path] = on_page(path, page)
                self.left |= left_behind(path, page)

    @property
    def with_dates(self):
        return {path for path, dates in self.dates.items() if dates}

    def of(self, found):
        """All that the pages of the series in a calendar say of the year."""
        paths = {date[0] for date in found}
        return sorted(one for path in paths for one in self.dates[path] if on(one) < LAST)


@pytest.fixture(scope="module")
def shown(content, server):
    """The dates on each series' page."""
    return Pages(content / "build", lambda path: server.ask(path)[2])


def test_the_year_holds_all_that_can_happen(shown):
    """Both changes of the clock lie between dates; some are off, moved, and elsewhere."""
    dates = [one for dates in shown.dates.values() for one in dates]
    sundays = {one[1] for one in shown.dates["/sessions/riverbank/sundays/"]}

    assert len(dates) > 300
    assert datetime(2026, 10, 18, 9, tzinfo=UTC) in sundays
    assert datetime(2026, 10, 25, 10, tzinfo=UTC) in sundays
    assert datetime(2027, 3, 21, 10, tzinfo=UTC) in sundays
    assert datetime(2027, 4, 4, 9, tzinfo=UTC) in sundays
    assert {one[4].partition(": ")[0] for one in dates} >= {"CANCELLED", "MOVED"}


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_feed_agrees_with_the_pages(content, server, shown, library):
    """A library finds on each date of the year what the pages say, in every feed over HTTP."""
    read = LIBRARIES[library]
    met = set()
    for path in [*feeds(content), *OWN]:
        status, headers, data = server.ask(path)
        assert (status, headers["Content-Type"]) == (200, "text/calendar; charset=utf-8"), path
        found = without(read(data, FIRST, LAST), shown.left)
        met |= {one[0] for one in found}

        assert shown.of(found) == found, path
    assert shown.with_dates == met


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_single_date_agrees_with_its_page(content, server, shown, library):
    """The file of one date holds that date, as its page says it, to each library.

    The quickest reads all files, the others one of each shape.
    """
    read = LIBRARIES[library]
    all_of = {path: set(dates) for path, dates in shown.dates.items()}
    files = {
        path: server.ask(path)[2]
        for path in calendar_paths(content)
        if re.search(r"/\d{4}-\d\d-\d\d\.ics$", path)
    }
    chosen = files.values() if library == "ical" else one_of_each_shape(files.values())
    for path, data in files.items():
        if data in chosen:
            (found,) = read(data, FIRST, LAST + timedelta(days=400))

            assert found in all_of[f"{path.rpartition('/')[0]}/"], path
    assert len(files) == sum(len(dates) for dates in shown.dates.values())
    assert len(chosen) > 3


def test_a_true_client_agrees_with_the_pages(content, server, shown, tmp_path):
    """A client that subscribes to every feed keeps and shows what the pages say, all the year."""
    here = f"http://127.0.0.1:{server.port}"
    addresses = [f"{here}{path}" for path in [*feeds(content), *OWN]]
    whole = f"{here}/calendar.ics"
    client = Client(tmp_path, addresses, [whole])
    client.poll()
    kept = _entries_kept(client.copies(whole))
    met = set()
    dates = {}  # of each copy; most copies are in several calendars, each with a UID of its own
    for address in addresses:
        copies = client.copies(address)
        # So what the client shows of the whole calendar, it would show of this one.
        assert _entries_kept(copies) <= kept, address
        found = []
        for data in copies:
            entry = UID.sub(b"", data)
            if entry not in dates:
                dates[entry] = LIBRARIES["icalendar"](data, FIRST, LAST)
            found += dates[entry]
        found = sorted(without(found, shown.left))
        met |= {one[0] for one in found}

        assert shown.of(found) == found, address
    assert shown.with_dates == met
    diary = client.diary(FIRST, LAST)[whole]
    found = without(diary, shown.left)

    assert shown.of(found) == found
    assert shown.with_dates == {one[0] for one in diary}


def _entries_kept(copies):
    """The entries that a client keeps, without the UIDs: it makes them of the whole calendar."""
    return {UID.sub(b"", one) for data in copies for one in blocks_of(data)}


def test_the_county_s_own_calendars_agree_with_its_pages(shipped, tmp_path):
    """The feeds that partners take hold the dates of the shipped pages, up to their last one."""
    last = DAY + timedelta(weeks=26)
    wrong = []
    with served(shipped.out) as (here, ask):
        pages = Pages(shipped.out, ask)
        main = ["/calendar.ics", *(one for one in shipped.files if MAIN.fullmatch(one))]
        # A page shows what was planned up to its horizon: what moves over that day is left out.
        expected = {
            path: [one for one in dates if on(one) < last] for path, dates in pages.dates.items()
        }
        groups = set(groups_of(ask("/calendar.ics")))
        # A series is the same in each feed, so each program reads one of each shape once.
        strange = {path for path in main if not groups.issuperset(groups_of(ask(path)))}
        for group in one_of_each_shape(sorted(groups)):
            for name, read in LIBRARIES.items():
                found = without(read(group, DAY, last), pages.left)
                named = {one[0] for one in found}
                told = sorted(one for page in named for one in expected[page])
                if told != found:
                    wrong.append((name, sorted(set(told) ^ set(found))[:3]))
        whole = f"{here}/calendar.ics"
        client = Client(tmp_path, [whole])
        client.poll()
        copies = client.copies(whole)
        chosen = [*one_of_each_shape(copies), *copies[:20]]
        named = {page for data in chosen for page in pages_named(data)}
        # A date that moved is an entry of its own: the program shows all that a page has.
        shown = [data for data in copies if named & pages_named(data)]
        client.show_only(whole, shown)
        fortnight = DAY + timedelta(days=14)
        (diary,) = client.diary(DAY, fortnight).values()
        sent = ask("/calendar.ics")
    soon = sorted(one for page in named for one in expected[page] if on(one) < fortnight)

    assert len(main) > 15
    assert strange == set()
    assert wrong == []
    assert _entries_kept(copies) == _entries_kept([sent])
    assert len(soon) > 50
    assert soon == without(diary, pages.left)


def pages_named(data):
    """The pages of series to which the entries of a calendar lead."""
    entries = re.sub(rb"\r\n[ \t]", b"", b"".join(blocks_of(data)))
    urls = re.findall(rb"^URL:(.*)\r$", entries, re.M)
    return {urlsplit(url.decode()).path for url in urls}


def on(date_):
    return date_[1].astimezone(LONDON).date()


def entries(data):
    """Each entry as it is written, by UID and original date."""
    found = {}
    for block in re.findall(rb"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", data, re.S):
        (event,) = icalendar.Calendar.from_ical(
            b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + block + b"END:VCALENDAR\r\n"
        ).walk("VEVENT")
        which = event.get("RECURRENCE-ID")
        found[str(event["UID"]), which and which.dt.date()] = block
    return found


def test_a_session_that_moves_moves_for_a_client_that_polls(copy, tmp_path):
    """One edit changes one entry and keeps all UIDs; who polls again sees it moved, not doubled."""
    file = copy / "root/centres/preston/riverbank/play-monday.md"
    with served(copy / "build") as (here, ask):
        address = f"{here}/centres/riverbank/calendar.ics"
        before = ask("/calendar.ics")
        home = tmp_path / "home"
        home.mkdir()
        client = Client(home, [address])
        client.poll()
        was = client.diary(*WINTER)[address]
        words = file.read_text()
        change = "  - date: 2027-01-18\n    moved_to: 2027-01-19 14:00-15:30\n"
        assert "2027-01-18" not in words
        if "\nchanges:\n" in words:
            words = words.replace("\nchanges:\n", f"\nchanges:\n{change}")
        else:
            words = words.replace("\n---\n", f"\nchanges:\n{change}---\n", 1)
        file.write_text(words)
        os.utime(file, (TOUCHED + 3600, TOUCHED + 3600))
        built(copy)
        after = ask("/calendar.ics")
        client.poll()
        now = client.diary(*WINTER)[address]
    old, new = entries(before), entries(after)
    stamp = re.compile(rb"^(DTSTAMP|LAST-MODIFIED|SEQUENCE):.*\r\n", re.M)
    both = old.keys() & new.keys()
    changed = {key for key in both if old[key] != new[key]}
    said = {key for key in both if stamp.sub(b"", old[key]) != stamp.sub(b"", new[key])}
    uid = "play-monday.old-riverbank@families.example"
    page = "/sessions/riverbank/play-monday/"
    gone, come = set(was) - set(now), set(now) - set(was)

    assert {(uid, date(2027, 1, 18))} == new.keys() ^ old.keys()
    assert set() == said
    assert {uid} == {one for one, _ in changed}
    assert len(was) == len(now) == len(set(now))
    assert [(page, datetime(2027, 1, 18, 9, 30, tzinfo=UTC))] == [one[:2] for one in gone]
    assert [
        (page, datetime(2027, 1, 19, 14, tzinfo=UTC), datetime(2027, 1, 19, 15, 30, tzinfo=UTC))
    ] == [one[:3] for one in come]
    assert [one[4].startswith("MOVED: ") for one in come] == [True]


HOSTILE = (
    'Tea, "toast"; \\n C:\\New {{ 7*7 }} <b>&amp;</b> 👨‍👩‍👧‍👦 '
    + ("بچوں کے لیے کھیل، " * 20)[:300].strip()
)


def test_a_hostile_title_reaches_every_program_whole(copy, tmp_path):
    """Commas, semicolons, 300 characters of Urdu and emoji come out as they were written."""
    file = copy / "root/centres/preston/riverbank/play-monday.md"
    written = HOSTILE.replace("'", "''")
    file.write_text(file.read_text().replace("---\n", f"---\ntitle: '{written}'\n", 1))
    path = "/sessions/riverbank/play-monday/"
    with served(built(copy)) as (here, ask):
        address = f"{here}{path}calendar.ics"
        data = ask(f"{path}calendar.ics")
        home = tmp_path / "home"
        home.mkdir()
        client = Client(home, [address])
        client.poll()
        read = {name: read(data, *WINTER) for name, read in LIBRARIES.items()}
        read["khal"] = client.diary(*WINTER)[address]
        read["the page"] = on_page(path, tree_of(ask(path)))
    marks = re.compile("^(CANCELLED|MOVED): ")
    titles = {name: {marks.sub("", one[4]) for one in dates} for name, dates in read.items()}

    assert len(HOSTILE) > 300
    assert {name: {HOSTILE} for name in read} == titles


@pytest.mark.parametrize(
    "title", ["One\r\nTwo", "One\rTwo, three; four", "Eins\nEND:VEVENT\nZwei", f"A\r\n{HOSTILE}"]
)
def test_line_breaks_reach_every_library_as_line_breaks(county, title):
    """Whatever kind of line break a text has, each library reads the whole of it as one text."""
    directory = county(
        group="{programme: play, starts: 2027-01-12, time: 10:00-12:00, repeats: once}"
    )
    directory.series[0].link(title=title)
    data = calendars.files(directory)["/calendar.ics"]()
    plain = re.sub(r"\r\n?", "\n", title)

    for name, read in LIBRARIES.items():
        assert [plain] == [one[4] for one in read(data, FIRST, LAST)], name


class TestServing:
    """What the server of files says to programs that poll."""

    def test_a_calendar_is_sent_as_one(self, server):
        """Its kind, its age, its tag; other sites may read it; it is no attachment."""
        status, headers, body = server.ask("/calendar.ics")

        assert status == 200
        assert headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert headers["Cache-Control"] == "public, max-age=3600"
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert headers["ETag"].startswith('"')
        assert headers["Last-Modified"]
        assert "Content-Disposition" not in headers
        assert "Set-Cookie" not in headers
        assert body.startswith(b"BEGIN:VCALENDAR\r\n")

    @pytest.mark.parametrize("path", ["/calendar.ics", OWN[1], "/feed.atom"])
    def test_who_has_it_gets_304(self, server, path):
        """A program that has the calendar is told so in a few bytes, by tag or by time."""
        _, headers, body = server.ask(path)
        tagged = server.ask(path, If_None_Match=headers["ETag"])
        timed = server.ask(path, If_Modified_Since=headers["Last-Modified"])
        other = server.ask(path, If_None_Match='"other"')
        head = server.ask(path, method="HEAD")

        assert (tagged[0], tagged[2]) == (304, b"")
        assert (timed[0], timed[2]) == (304, b"")
        assert (200, body) == (other[0], other[2])
        assert (200, headers["ETag"], b"") == (head[0], head[1]["ETag"], head[2])
        assert tagged[1]["ETag"] == headers["ETag"]

    @pytest.mark.parametrize("accept", ["*/*", "text/html", "text/calendar", ""])
    def test_what_it_accepts_does_not_matter(self, server, accept):
        """Google sends no Accept, others odd ones: all get the same calendar."""
        assert server.ask("/calendar.ics", Accept=accept)[2] == server.ask("/calendar.ics")[2]
