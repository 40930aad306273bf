"""A calendar of one's own making over HTTP, and the pages about calendars."""

import gzip
import re
from datetime import datetime
from html import unescape

import brotli
import icalendar
import pytest
import vobject
from werkzeug.wrappers import Response

from portal.directory.values import LONDON
from portal.feeds.calendars import facets
from portal.server.app import create_app
from portal.settings import load_settings
from portal.web.live.app import create_desk
from portal.web.site.app import addresses, create_site
from tests.support.browser import serving
from tests.support.paths import ROOT

NOW = datetime(2026, 11, 23, 9, tzinfo=LONDON)
SOME = "/calendars/custom.ics?district=preston&age=toddlers"


def entries(data):
    """Each entry as it is written."""
    return set(re.findall(rb"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", data, re.S))


@pytest.fixture(scope="module")
def desk(directory, tmp_path_factory, sample_root):
    root = tmp_path_factory.mktemp("own")
    settings = load_settings(root=sample_root, out=root / "build", var=root / "var")
    return create_desk(lambda: directory, settings, clock=lambda: NOW)


@pytest.fixture
def client(desk):
    return desk.test_client()


@pytest.fixture(scope="module")
def site(directory):
    return create_site(directory).test_client()


def test_its_entries_are_those_of_every_calendar(client, site):
    """The same group is the same entry, to the byte, in a calendar of one's own."""
    own = entries(client.get(SOME).data)
    everything = entries(site.get("/calendar.ics").data)

    assert own
    assert own < everything


def test_it_says_its_own_name_and_address(client):
    """Its name tells it from other calendars; its source is its address, in one order."""
    data = client.get("/calendars/custom.ics?age=toddlers&district=preston").data
    calendar = icalendar.Calendar.from_ical(data)

    assert (
        vobject.readOne(data.decode()).x_wr_calname.value == "Groups in Preston: Toddlers, 1 and 2"
    )
    assert str(calendar["SOURCE"]) == f"https://families.example{SOME}"
    assert client.get(SOME).data == data


def test_it_is_sent_like_the_files(client):
    """Kind, age, tag, time, and for other sites: as the static calendars."""
    answer = client.get(SOME)
    headers = answer.headers

    assert answer.status_code == 200
    assert headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert headers["Cache-Control"] == "public, max-age=3600"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Set-Cookie" not in headers
    assert "Content-Disposition" not in headers
    assert client.head(SOME).headers["ETag"] == headers["ETag"]
    assert client.head(SOME).data == b""


def test_who_has_it_gets_304(client):
    """By its tag in each coding, and by its time; a tag of another coding is another file."""
    plain = client.get(SOME)
    packed = client.get(SOME, headers={"Accept-Encoding": "br"})
    tagged = client.get(SOME, headers={"If-None-Match": plain.headers["ETag"]})
    timed = client.get(SOME, headers={"If-Modified-Since": plain.headers["Last-Modified"]})
    other = client.get(SOME, headers={"If-None-Match": packed.headers["ETag"]})

    assert (tagged.status_code, tagged.data) == (304, b"")
    assert (timed.status_code, timed.data) == (304, b"")
    assert other.status_code == 200
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"


def test_it_is_sent_packed_to_those_who_ask(client):
    """Brotli and gzip hold the same bytes."""
    plain = client.get(SOME).data
    br = client.get(SOME, headers={"Accept-Encoding": "gzip, br"})
    gz = client.get(SOME, headers={"Accept-Encoding": "gzip"})

    assert (br.headers["Content-Encoding"], brotli.decompress(br.data)) == ("br", plain)
    assert (gz.headers["Content-Encoding"], gzip.decompress(gz.data)) == ("gzip", plain)


@pytest.mark.parametrize(
    "query", ["district=nowhere", "x=y", "day=monday&day=", "age=%00%0d%0aX:y"]
)
def test_wrong_words_are_refused_in_words(client, query):
    """An unknown value is 422 with what to do, in file and page; an empty one is none."""
    file, page = (
        client.get(f"{path}?{query}") for path in ("/calendars/custom.ics", "/calendars/preview")
    )
    expected = 200 if query.startswith("day") else 422

    assert (expected, expected) == (file.status_code, page.status_code)
    if expected == 422:
        assert file.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert "we know" in file.text or "choose by" in file.text
        assert "Error: " in page.text
        assert "There is a problem" in page.text
        assert file.text.splitlines()[0][:30] in unescape(page.text)


def test_other_methods_are_refused(client):
    """It is read, never written."""
    assert client.post("/calendars/custom.ics").status_code == 405
    assert client.post("/calendars/preview").status_code == 405


def test_the_page_shows_what_is_in_it(client, directory):
    """It says in words what was chosen, how many groups, the next ten sessions, and the address."""
    page = unescape(
        client.get("/calendars/preview?district=preston&district=pendle&booking=book").text
    )
    series = [
        one
        for one in directory.series
        if one.centre.district in ("preston", "pendle") and one.booking == "book"
    ]
    coming = sorted(
        (session for one in series for session in one.next_sessions(NOW)),
        key=lambda session: session.starts,
    )
    address = "https://families.example/calendars/custom.ics?district=preston&district=pendle&booking=book"

    assert "Preston or Pendle" in page
    assert "Book a place" in page
    assert f"{len(series)} groups" in page
    assert page.count("data-ends=") == min(10, len(coming))
    assert coming[0].series.path in page
    assert f">{address}</code>" in page
    assert f'href="webcal:{address[6:]}"' in page
    assert re.search(r'value="pendle" checked', page)
    assert "<script" not in re.sub(r"<script[^>]*(defer|ld\+json)[^>]*>", "", page)


def test_the_page_of_a_need_can_be_left_quickly(client):
    """What somebody needs help with is theirs to hide: the page has the way out."""
    with_need = client.get("/calendars/preview?need=send").text
    without = client.get("/calendars/preview?district=preston").text

    assert "data-exit" in with_need
    assert "data-exit" not in without
    assert client.get("/calendars/preview?need=send").headers["Cache-Control"] == "no-store"


def test_a_sensitive_programme_gives_an_empty_calendar(client, directory):
    """Nothing of it is told: no group, no title, no place; the page says where to ask (S3)."""
    (programme, *_) = [one for one in directory.programmes if one.sensitive]
    file = client.get(f"/calendars/custom.ics?programme={programme.slug}")
    page = client.get(f"/calendars/preview?programme={programme.slug}").text

    assert file.status_code == 200
    assert b"BEGIN:VEVENT" not in file.data
    assert programme.title not in file.text
    assert programme.path in page
    for series in directory.private_series:
        assert series.identity not in page
        assert series.identity.encode() not in file.data


def test_everything_fits_on_the_form(site, directory):
    """The page that builds the address is a plain form that leads to the live page."""
    page = site.get("/calendars/custom/").text

    assert 'action="/calendars/preview" method="get"' in page
    for district in directory.districts:
        assert f'name="district" type="checkbox" value="{district.slug}"' in page


def test_lists_say_what_is_in_each_calendar(site, directory):
    """Each calendar stands in a list: its ways in, its code, its next dates, its last change."""
    lists = "".join(
        unescape(site.get(path).text)
        for path in ("/calendars/", "/calendars/centres/", "/calendars/programmes/")
    )
    for facet in facets(directory):
        address = f"{directory.site.base_address}{facet.path}"

        assert f'href="webcal:{address.partition(":")[2]}"' in lists
        assert f">{address}</code>" in lists
        assert f'href="{facet.page}calendar.svg"' in lists
    assert "Next: " in lists
    assert "Last changed on 20 November 2026." in lists


@pytest.mark.parametrize("name", ["Apple", "Google", "Outlook", "Thunderbird", "Android"])
def test_three_steps_for_each_program(name):
    """The page of calendars explains each program in three steps."""
    words = (ROOT / "content/pages/calendars.md").read_text("utf-8")
    part = words.partition(f"## {name}")[2].partition("\n## ")[0]

    assert re.findall(r"^(\d\.) ", part, re.M) == ["1.", "2.", "3."]


def runs_on(directory, page):
    """Whether people are offered the calendar of a page: a programme's only where it is coming."""
    programme = directory.programme(page.split("/")[2]) if page.startswith("/programmes/") else None
    series = directory.series_of(programme) if programme else directory.series
    return any(one.next_sessions(NOW) for one in series)


def test_pages_with_a_calendar_say_so(site, directory):
    """A page that has a calendar names it for programs, and links to it for people."""
    listed = set(addresses(directory))
    for path in sorted(one for one in listed if one.endswith("calendar.ics")):
        page = path.removesuffix("calendar.ics")
        if page not in listed:
            continue  # an old name, whose page leads on
        answer = site.get(page)
        text = unescape(answer.text)
        if 'http-equiv="refresh"' in text:
            continue

        assert f'<link rel="alternate" type="text/calendar" href="{path}"' in text, page
        if page != "/":
            offered = f'href="{path}" download' in text, "webcal://" in text
            assert offered == (runs_on(directory, page),) * 2, page


def test_each_coming_session_can_be_added(site, directory):
    """Each date that is on has a file of its own, which its page links to."""
    for series in directory.series:
        text = site.get(series.path).text
        for session in series.next_sessions(NOW):
            if not session.cancelled:
                assert f'href="{session.calendar_path}" download' in text


def test_a_page_to_frame_is_plain(site, directory):
    """No script, no form, no picture; links leave the frame; the dates are the centre's."""
    for centre in directory.centres:
        text = unescape(site.get(centre.embed_path).text)

        assert "<script" not in text
        assert "<form" not in text
        assert "<img" not in text
        assert all('target="_blank"' in link for link in re.findall(r"<a [^>]*>", text))
        assert f"<h1>What’s on at {centre.title}</h1>" in text
    riverbank = directory.centre("riverbank")
    assert "/sessions/riverbank/play-monday/" in site.get(riverbank.embed_path).text


@pytest.mark.browser
def test_only_the_page_to_frame_can_be_framed(chromium, tmp_path, sample_root, built):
    """On a partner's page the frame shows the dates with their style; any other page stays out."""
    settings = load_settings(root=sample_root, out=built, var=tmp_path / "var")
    seen = {}
    with serving(create_app(settings)) as here:
        for path in ("/embed/riverbank/", "/centres/riverbank/"):
            partner = f'<!DOCTYPE html><title>Partner</title><iframe src="{here}{path}"></iframe>'
            with serving(Response(partner, content_type="text/html")) as there:
                page = chromium.new_page()
                try:
                    page.goto(there)
                    frame = page.frames[1]
                    script = (
                        "[document.querySelector('h1')?.innerText, document.styleSheets.length]"
                    )
                    seen[path] = frame.evaluate(script)
                    seen[path, "cookies"] = len(page.context.cookies())
                finally:
                    page.close()

    assert seen["/embed/riverbank/", "cookies"] == 0
    assert seen["/embed/riverbank/"] == ["What’s on at Riverbank Centre", 1]
    assert seen["/centres/riverbank/"][0] != "Riverbank Centre"


def test_a_calendar_does_not_say_the_need_it_was_chosen_for(client):
    """People share their diaries: no line of the file holds the need, nor an address with it."""
    data = client.get("/calendars/custom.ics?need=send&district=preston").data
    plain = client.get("/calendars/custom.ics?district=preston").data
    head = data.replace(b"\r\n ", b"").partition(b"BEGIN:VTIMEZONE")[0]

    assert b"send" not in head
    assert b"SOURCE" not in head
    assert b"URL:https://families.example/calendars/preview?district=preston\r\n" in head
    assert b"SOURCE" in plain


def test_an_address_with_too_many_values_is_refused(client):
    """No filter is dropped in silence: the calendar and the page say what is wrong."""
    query = "&".join(["district=preston"] * 120 + ["age=toddlers"])
    answer = client.get(f"/calendars/custom.ics?{query}")

    assert answer.status_code == 422
    assert "more than 120" in answer.text
    page = client.get(f"/calendars/preview?{query}")
    assert page.status_code == 422
    assert "more than 120" in page.text
