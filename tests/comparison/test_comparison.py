"""All outputs say what the content files say, and a wrong value in any output is found.

The content is that of the repository, on three days: one of the autumn term, on which the whole
site has been built into files, one in the last week of that term, and one thirty weeks later, when
other courses run and the clocks have changed.
"""

import ast
import contextlib
import io
import json
import re
from datetime import date, datetime, time

import pypdf
import pytest
from werkzeug.test import create_environ

from portal import bookings, content
from portal.bookings import Family
from portal.directory.values import LONDON
from portal.web.site import leaflets
from portal.web.site.app import addresses, create_site
from portal.web.site.leaflets import Leaflets
from tests.comparison.comparing import Comparison, Disagreement
from tests.comparison.files import Files
from tests.comparison.finder import FinderResults
from tests.comparison.live import LivePages
from tests.support.browser import missing
from tests.support.paths import ROOT
from tests.support.screens import Screens
from tests.support.shipped import DAY, content_of_day

pytestmark = pytest.mark.slow

DAYS = (DAY, date(2026, 12, 16), date(2027, 6, 28))
EDITED = date(2026, 11, 30)  # the day of the outputs that are edited below
# Rows near places are those of other lists, so that a few of these 417 pages are enough.
READ = re.compile(r"/|/(?!near/(?!p)).*/|.*\.ics|/search/index-.*")
# Leaflets with a cancelled and a moved date: each PDF takes half a second.
ON_PAPER = ("chai-centre", "lytham")


_ENVIRON = create_environ("/", "http://localhost/")


class OneDay:
    """The portal on one day, and the comparison of its frozen outputs with the files.

    Without a `frozen` site, the outputs are made here.
    """

    def __init__(self, today, wanted, frozen=None):
        self.files, self.today = Files(ROOT), today
        self.directory = content_of_day() if today == DAY else content.load(ROOT, today=today)
        self.site = create_site(self.directory, leaflets=Leaflets(None))
        paths = [path for path in addresses(self.directory) if wanted(path)]
        if frozen:
            outputs = {path: frozen.files[path].read_text("utf-8") for path in paths}
        else:
            outputs = {path: self.answer(path).decode() for path in paths}
        self.comparison = Comparison(self.files, today, outputs)
        self.noon = datetime.combine(today, time(12))

    def answer(self, path):
        """What the site answers. A build asks in the same way: a test client takes longer."""
        status = []
        environ = _ENVIRON | {"PATH_INFO": path, "wsgi.input": io.BytesIO()}
        chunks = self.site.wsgi_app(environ, lambda line, *_: status.append(line))
        with contextlib.closing(chunks):
            body = b"".join(chunks)
        assert status == ["200 OK"], path
        return body

    def live_wrong(self, folder):
        """The disagreements of the live pages, where some places are taken."""
        desk = Screens(folder, self.directory)
        desk.now = self.noon.replace(tzinfo=LONDON)
        taken = {}
        pages = LivePages(self.comparison.series, self.noon, taken)
        made = [*self._booked(desk, pages, taken)]
        assert made
        for series in self.comparison.series.values():
            path = f"/book/{series.identity}"
            answer = desk.client.get(path)
            yield path, pages.booking(path, answer.text, answer.headers.get("Location", ""))
        path = "/availability.json"
        yield path, pages.availability(path, desk.client.get(path).text)
        path = "/find/results?show=9980"
        results = FinderResults(self.comparison.series, self.noon)
        yield path, results.read(path, desk.client.get(path).text)
        for series, planned, link in made:
            html = desk.client.get(f"/bookings/{link}").text
            yield "own page", pages.own_page(series, planned, html)
            calendar = desk.client.get(f"/bookings/{link}/calendar.ics").text
            yield "own calendar", pages.own_calendar(series, planned, calendar)

    def _booked(self, desk, pages, taken):
        """Books each group that is open once, and the first one until it is full."""
        for one in self.comparison.series.values():
            free = pages.open_dates(one) if one.way == "book" else []
            if not free:
                continue
            planned = str(free[0].planned) if free[0] else ""
            run = self.directory.find_series(one.identity)
            session = next((each for each in run.all_sessions if each.anchor == planned), None)
            for number in range(1 if taken else pages.left(one, planned)):
                booking = bookings.book(
                    desk.engine,
                    run,
                    Family(f"Parent {number}", email=f"p{number}@example.org"),
                    key=f"{one.identity}-{number}",
                    secret=desk.desk.extensions["live"].secret,
                    now=desk.now,
                    session=session,
                )
                thing = one.identity, planned
                taken[thing] = taken.get(thing, 0) + booking.places
            yield one, planned, booking.link


@pytest.mark.long
@pytest.mark.parametrize("today", DAYS, ids=str)
def test_all_outputs_say_what_the_files_say(today, shipped, tmp_path):
    """Pages, linked data, lists, leaflets, embeds, calendars, the finder, booking pages, places
    left and families' own pages agree with the content files in every date, time, venue, change,
    age, state, count and last day."""
    one_day = OneDay(today, READ.fullmatch, shipped if today == DAY else None)
    comparison = one_day.comparison
    wrong = comparison.all_wrong()
    for output, found in one_day.live_wrong(tmp_path):
        wrong += [Disagreement(output, *one) for one in found]

    assert sum(map(comparison.reads, comparison.outputs)) > 2000
    assert "\n".join(map(str, wrong[:25])) == ""


def test_leaflets_on_paper_say_what_the_files_say():
    """The PDF of a leaflet has the groups, times, ages, changes and states of its page."""
    if why := leaflets.missing():
        missing(why)
    one_day = OneDay(EDITED, lambda path: False)
    wrong = []
    for centre in ON_PAPER:
        path = f"/centres/{centre}/whats-on.pdf"
        pdf = pypdf.PdfReader(io.BytesIO(one_day.answer(path)))
        text = "\n".join(page.extract_text() for page in pdf.pages)
        wrong += one_day.comparison.wrong(path, text)
        # A leaflet without its changes is found.
        assert one_day.comparison.wrong(path, text.replace("moved", "").replace("Not on", ""))

    assert "\n".join(map(str, wrong)) == ""


@pytest.fixture(scope="module")
def some():
    """The outputs that are edited below."""

    def wanted(path):
        own = re.fullmatch(r"/sessions/[^/]+/[^/]+/calendar\.ics", path)
        return own or path in EDITS or path.startswith("/search/index-")

    return OneDay(EDITED, wanted)


LYTHAM = "/sessions/lytham/play-mondays/"
ST_ANNES = "/sessions/lytham/play-st-annes/"
BUMP = "/sessions/lytham/bump-autumn/"
MASSAGE = "/sessions/chai-centre/baby-massage-autumn/"
TEENS = "/sessions/longridge/teens-autumn/"
OFF = "EXDATE;TZID=Europe/London:20261207T100000\r\n"
# Output -> edits of it: (what is replaced, by what, the series it is about, the value).
EDITS = {
    # A date dropped from one calendar: the group's own, and that of its district.
    f"{LYTHAM}calendar.ics": [
        ("RRULE:FREQ=WEEKLY;UNTIL", f"{OFF}RRULE:FREQ=WEEKLY;UNTIL", LYTHAM, "2026-12-07"),
        ("T100000\r\nDTEND", "T103000\r\nDTEND", LYTHAM, "entry"),
    ],
    "/districts/fylde/calendar.ics": [
        ("UID:play-mondays.lytham", f"{OFF}UID:play-mondays.lytham", LYTHAM, "entry"),
    ],
    # The file of one date: its time, and its place.
    f"{LYTHAM}2026-12-07.ics": [
        ("T113000", "T123000", LYTHAM, "file of 2026-12-07"),
        ("LOCATION:Church", "LOCATION:Village", LYTHAM, "file of 2026-12-07"),
    ],
    # A time changed in an embed, a mark removed from it, and a row left out.
    "/embed/lytham/": [
        ("</b>, 10am to 11:30am", "</b>, 10am to midday", LYTHAM, "date and times"),
        ('<strong class="tag moved">Moved</strong> from', "", BUMP, "moved"),
        (
            "<li><b>Wednesday 2 December</b>",
            "<b>Wednesday 2 December</b>",
            "/sessions/lytham/",
            "sessions",
        ),
        ("Drop in.", "Book a place.", LYTHAM, "state"),
    ],
    # The old day of a moved date left out of an embed, and another new day on it.
    "/embed/longridge/": [
        ("<li><s><b>Monday 30 November</b>", "<b>Monday 30 November</b>", TEENS, "sessions"),
        ("to Thursday 3 December", "to Friday 4 December", TEENS, "moved"),
    ],
    # A cancelled mark removed from a leaflet, a moved one, and the ages.
    "/centres/chai-centre/whats-on/": [
        ("Not on 11 December.", "", MASSAGE, "cancelled"),
    ],
    "/centres/lytham/whats-on/": [
        ("moved to Wednesday 9 December", "moved to Thursday 10 December", BUMP, "moved"),
        ("Birth to 4 years", "Birth to 5 years", LYTHAM, "ages"),
    ],
    # The last day of a course wrong on its page, a date, and its linked data.
    BUMP: [
        ("to 9 December 2026", "to 2 December 2026", BUMP, "last day"),
        ("<b>Wednesday 9 December 2026", "<b>Wednesday 16 December 2026", BUMP, "date"),
        ("2026-12-09T18:30", "2026-12-09T19:30", BUMP, "JSON-LD"),
        ("EventRescheduled", "EventScheduled", BUMP, "JSON-LD"),
        ("It has started.", "Book a place.", BUMP, "state"),
        ("Dads and partners are welcome.", "", BUMP, "Who can come"),
    ],
    # A postponed mark removed, and its state in the linked data and in the calendar.
    ST_ANNES: [
        ("Postponed</strong>", "Cancelled</strong>", ST_ANNES, "cancelled"),
        ("EventPostponed", "EventScheduled", ST_ANNES, "JSON-LD"),
    ],
    f"{ST_ANNES}calendar.ics": [
        ("STATUS:TENTATIVE", "STATUS:CONFIRMED", ST_ANNES, "entry of 2026-12-10"),
    ],
    "/centres/lytham/": [
        ("10 December: postponed", "10 December", ST_ANNES, "moved"),
        ("25 November: moved to Wednesday 9 December", "25 November", BUMP, "moved"),
    ],
    "/programmes/bump-birth-and-beyond/": [
        ("5 sessions, from 4 November", "5 sessions, from 11 November", BUMP, "last day"),
    ],
    # A venue wrong in a day's page, and a count of a district.
    "/whats-on/monday/": [
        ("<p>Church hall, Lytham.", "<p>Village hall, Garstang.", LYTHAM, "venue"),
        ("Fylde</a>: 2 sessions", "Fylde</a>: 3 sessions", "/whats-on/monday/#fylde", "number"),
        (">Drop in<", ">Book a place<", "", "state"),
        ("Moved</strong> to Thursday 3 December", "Moved</strong>", TEENS, "moved"),
    ],
    "/whats-on/": [(" sessions in ", "0 sessions in ", "/whats-on/", "number")],
    # A count and a centre wrong in the lists of a district and of a footprint.
    "/districts/fylde/": [
        ('<a href="/centres/orchard/">', '<a href="/centres/tay-street/">', "", "centres"),
        ("<li data-ends", "<li data-x", "/districts/fylde/", "sessions on"),
    ],
    "/footprints/lancaster-fylde-wyre/": [(": ", ": 9", "", "sessions on")],
}
PLANTED = [(path, *edit) for path, edits in EDITS.items() for edit in edits]


@pytest.mark.parametrize(("path", "old", "new", "series", "value"), PLANTED)
def test_a_wrong_value_is_found(some, path, old, new, series, value):
    """One wrong value in one output is a disagreement that names the output, series and value."""
    output = some.comparison.outputs[path]
    if path.startswith("/footprints/"):  # the number of a day that is only counted
        old = re.search(r"\w+ \d+ \w+: \d+ session", output)[0]
        new = old.replace(": ", ": 9")
    assert old in output
    assert some.comparison.wrong(path, output) == []

    found = some.comparison.wrong(path, output.replace(old, new, 1))

    assert any(series in one.series and value in one.value for one in found), found
    assert {one.output for one in found} == {path}


@pytest.mark.parametrize("column", ["state", "time", "age", "venue", "run", "welcome"])
def test_a_wrong_value_of_the_finder_is_found(some, column):
    """A group with the state, time, ages, place or dates of another is found in the index."""
    path = next(path for path in some.comparison.outputs if path.startswith("/search/index-"))
    index = json.loads(some.comparison.outputs[path])
    values = index[column]
    number = next(n for n, value in enumerate(values) if value != values[0] and value >= 0)
    values[0] = values[number]
    centre, slug = index["centres"][0], index["slugs"].split()[0]

    found = some.comparison.wrong(path, json.dumps(index))

    assert f"/sessions/{centre}/{slug}/" in {one.series for one in found}


def test_the_comparison_is_independent():
    """The comparison imports nothing of the portal: only its test starts the applications."""
    for file in (ROOT / "tests/comparison").glob("*.py"):
        if file.name.startswith("test_"):
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [one.name for one in getattr(node, "names", ())]
            module = getattr(node, "module", None) or ""
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert not any(name.startswith("portal") for name in [module, *names]), file.name
