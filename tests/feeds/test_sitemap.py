import re
from xml.etree import ElementTree

import pytest

from portal.feeds import sitemap

NAMES = {"map": "http://www.sitemaps.org/schemas/sitemap/0.9"}

PLAY = """
programme: play
starts: 2027-01-12
time: 10:00-12:00
sessions: 6
"""


def listed(directory):
    root = ElementTree.fromstring(sitemap.files(directory)["/sitemap.xml"]())
    return {
        page.findtext("map:loc", namespaces=NAMES): page.findtext("map:lastmod", namespaces=NAMES)
        for page in root
    }


def test_the_map_lists_public_pages_with_their_last_change(county):
    """Search engines are told each page by its whole address, and the day it changed."""
    found = listed(county({"play": PLAY}, private={"talks": PLAY}))

    assert found["https://families.example/"] is None
    assert found["https://families.example/centres/riverbank/"] == "2026-09-01"
    assert found["https://families.example/sessions/riverbank/play/"] == "2026-09-01"
    assert found["https://families.example/whats-on/monday/"] is None
    assert "https://families.example/sessions/riverbank/talks/" not in found
    assert "https://families.example/news/" not in found  # there is none, so no list of it
    assert not [address for address in found if address.endswith(".ics")]


def test_the_map_names_each_page_once(directory):
    """No page is listed twice, as a page of text or otherwise."""
    root = ElementTree.fromstring(sitemap.files(directory)["/sitemap.xml"]())
    found = [page.findtext("map:loc", namespaces=NAMES) for page in root]

    assert sorted(set(found)) == sorted(found)


def test_the_map_lists_the_pages_of_the_site(directory):
    """Every page on the map is frozen; frozen pages that are not there say where theirs is."""
    from portal.web.site.app import addresses, create_site

    client = create_site(directory).test_client()
    base = directory.site.base_address
    frozen = {path for path in addresses(directory) if path.endswith("/")}
    mapped = {address.removeprefix(base) for address in listed(directory)}
    elsewhere = {
        path
        for path in frozen
        if f'rel="canonical" href="{base}{path}"' not in client.get(path).text
    }

    assert frozen - elsewhere == mapped


def test_robots_may_read_calendars_and_no_live_page(county):
    """Calendars are open to robots, a family's own too, as Google's obeys the rules; bookings and
    staff pages are not."""
    rules = sitemap.robots_files(county())["/robots.txt"]().decode()

    assert rules == (
        "User-agent: *\n"
        "Allow: /bookings/*/calendar.ics$\n"
        "Disallow: /book/\n"
        "Disallow: /bookings/\n"
        "Disallow: /consultations/\n"
        "Disallow: /gap/\n"
        "Disallow: /outcome/\n"
        "Disallow: /staff/\n"
        "Disallow: /tell/\n"
        "Allow: /\n"
        "\n"
        "Sitemap: https://families.example/sitemap.xml\n"
    )


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/bookings/abc123/calendar.ics", True),
        ("/calendar.ics", True),
        ("/centres/riverbank/", True),
        ("/bookings/abc123", False),
        ("/bookings/abc123/", False),
        ("/bookings/abc123/cancel", False),
        ("/bookings/abc123/calendar.ics/more", False),
        ("/bookings/abc123/calendar.ics?more=1", False),
        ("/book/riverbank/play", False),
        ("/staff/", False),
    ],
)
def test_readers_that_obey_robots_txt_reach_a_familys_calendar(county, path, allowed):
    """Of what is below /bookings/, exactly the calendars are open: the longest rule decides."""
    rules = sitemap.robots_files(county())["/robots.txt"]().decode()
    fitting = []
    for kind, pattern in re.findall(r"^(Allow|Disallow): (.+)$", rules, re.M):
        written = re.escape(pattern).replace(r"\*", ".*").replace(r"\$", "$")
        if re.match(written, path):
            fitting.append((len(pattern), kind))

    assert allowed == (max(fitting)[1] == "Allow")
