"""No output offers a place that cannot be had: all shipped series, in every output, on three days.

What can be booked is worked out here from the files of the content, without the portal's model of
it, so that a mistake in the model shows.
"""

import json
import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from portal import content
from portal.directory.state import JOINABLE, KINDS, State, lasting_words, state_of
from portal.directory.vocabularies import BOOKING_WAYS
from portal.finder import Finder, index
from portal.web.site.app import create_site
from tests.support.paths import ROOT
from tests.support.shipped import programmes
from tests.support.shipped import series as written_series

pytestmark = pytest.mark.slow

LONDON = ZoneInfo("Europe/London")
# In the autumn term, in the last week of a term, and when courses of the spring have begun.
DAYS = (date(2026, 11, 23), date(2026, 12, 14), date(2027, 1, 25))
OFFERED = re.compile(r"Book a place|>Book<|/book/")


@cache
def site_of(day):
    directory = content.load(ROOT, today=day)
    return directory, create_site(directory).test_client()


def moment(text, *, ends=False):
    day, _, clock = text.partition(" ")
    if clock:
        return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock.zfill(5)), LONDON)
    at = datetime.combine(date.fromisoformat(day), time(), LONDON)
    return at + timedelta(days=1) if ends else at


def bookable_on(day, one, dates):
    """Whether a family can book this series at some moment of a day, by what its file says."""
    fields = one.fields
    way = fields.get("booking") or programmes()[fields["programme"]].fields["booking"]
    start = datetime.combine(day, time(), LONDON)
    end = start + timedelta(days=1)
    begins = [session.starts for session in dates if not session.cancelled]
    if way != "book" or "withdrawn" in fields or not any(one > start for one in begins):
        return False
    if "opens" in fields and moment(fields["opens"]) >= end:
        return False
    if "closes" in fields:
        return moment(fields["closes"], ends=True) > start
    whole_course = int(fields.get("sessions", 1)) > 1 and fields.get("book") != "session"
    return not whole_course or min(begins) > start


def visible(html):
    """What is shown without scripts: no later states, and no data for machines."""
    html = re.sub(r"<(span|p)[^>]* data-starts[^>]* hidden>.*?</\1>", "", html, flags=re.S)
    return re.sub(r"<h2>Other times and places.*?</ul>", "", html, flags=re.S)


def rows_of(html, path):
    """The rows of a list that lead to a series."""
    for row in re.findall(r"<li[ >].*?</li>|<tr>.*?</tr>", html, flags=re.S):
        if f'href="{path}"' in row:
            yield row


@pytest.fixture(scope="module", params=DAYS, ids=str)
def day(request):
    return request.param


@pytest.fixture(scope="module")
def shut(day):
    """The shipped series that cannot be booked on the day, and those that can."""
    directory, _ = site_of(day)
    files = {one.identity: one for one in written_series()}
    public = [one for one in directory.series if one.booking == "book"]
    can = {
        one.identity for one in public if bookable_on(day, files[one.identity], one.all_sessions)
    }
    return [one for one in public if one.identity not in can], [
        one for one in public if one.identity in can
    ]


def test_series_pages(day, shut):
    """The page of a series offers to book exactly when it can be booked on that day."""
    _, client = site_of(day)
    for one in shut[0]:
        shown = visible(client.get(one.path).text).replace("See when you can book", "")
        if state_of(one, None, datetime.combine(day, time(), LONDON)).kind == "not yet":
            shown = re.sub(r'<a href="/book/[^"]*"></a>', "", shown)
        assert not OFFERED.search(shown), (one.identity, OFFERED.search(shown))
        data = (
            json.loads(re.search(r'ld\+json">(.*?)</script>', client.get(one.path).text)[1])
            if "ld+json" in client.get(one.path).text
            else {"@graph": []}
        )
        offers = [node for node in data["@graph"] if node["@type"] == "Offer"]
        assert all("availabilityStarts" in offer for offer in offers), one.identity
    for one in shut[1]:
        html = client.get(one.path).text
        opens_today = one.opens and one.opens.astimezone(LONDON).date() == day
        assert opens_today or "/book/" in visible(html), one.identity


@pytest.mark.parametrize("kind", ["programmes", "centres", "embed", "leaflet", "weeks"])
def test_lists(day, shut, kind):
    """No row of any list says 'Book a place' of a series that cannot be booked on that day."""
    directory, client = site_of(day)
    addresses = {
        "programmes": [one.path for one in directory.programmes],
        "centres": [one.path for one in directory.centres],
        "embed": [one.embed_path for one in directory.centres],
        "leaflet": [one.whats_on_path for one in directory.centres],
        "weeks": [
            "/",
            "/whats-on/",
            *(one.path for one in directory.districts),
            *(one.path for one in directory.footprints),
            *(f"/whats-on/{name}/" for name in ("monday", "tuesday", "friday", "saturday")),
        ],
    }[kind]
    for address in addresses:
        html = visible(client.get(address).text)
        for one in shut[0]:
            for row in rows_of(html, one.path):
                assert "Book a place" not in row, (address, one.identity)


def test_programmes_list_first_what_can_be_had(day):
    """In each district of a programme's page, what a family can have now comes first."""
    directory, client = site_of(day)
    at = datetime.combine(day, time(23, 59), LONDON)
    for programme in directory.programmes:
        if programme.sensitive:
            continue
        html = client.get(programme.path).text
        for rows in re.findall(r'<h3>.*?</h3>\s*<ul class="rows">(.*?)</ul>', html, flags=re.S):
            paths = re.findall(r'href="(/sessions/[^"]+)"', rows)
            had = [
                state_of(directory.find_series(path[10:-1]), None, at).joinable for path in paths
            ]
            assert had == sorted(had, reverse=True), programme.slug


def test_finder(day, shut):
    """Neither the finder nor its filter 'has places' offers what cannot be booked."""
    directory, _ = site_of(day)
    noon = datetime.combine(day, time(23, 59), LONDON)
    finder = Finder(*index.tables(directory))
    paths = {one.path for one in shut[0]}
    for query in ({"show": ["9980"]}, {"show": ["9980"], "room": ["yes"]}):
        for row in finder.ask(query, noon).results:
            if row.path in paths:
                assert row.state != "Book a place", row.path
                assert "room" not in query, row.path


def test_calendars(day, shut):
    """A calendar, which phones keep, says from when until when one can book, never only 'book'."""
    for one in shut[0]:
        said = lasting_words(one)
        limited = (
            one.withdrawn
            or one.opens
            or one.booking_ends
            or not one.coming(datetime.combine(day, time(), LONDON))
        )
        assert limited or all(session.cancelled for session in one.all_sessions), one.identity
        assert said == "" or " from " in said or " until " in said or not one.booking_ends


def test_every_state_has_words():
    """Each state has words of its own, and only those that can be joined sound like it."""
    at = datetime(2027, 1, 4, 9, tzinfo=UTC)
    for kind in KINDS:
        for way in BOOKING_WAYS:
            said = State(kind, way, at if kind == "not yet" else None).words
            assert said
            if way == "book" and kind not in JOINABLE and kind != "referral":
                assert said != "Book a place"


def test_no_template_prints_the_way_of_booking():
    """Templates say the state: the fixed way of booking is for programmes and staff alone."""
    for path in (ROOT / "portal/templates/site").glob("*.html"):
        text = path.read_text("utf-8")
        assert "| way" not in text, path.name
        assert "series.booking }}" not in text, path.name
