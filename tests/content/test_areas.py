"""Areas in place of a building: outreach and detached work that has no door."""

from dataclasses import replace

import pytest

from portal import feeds
from portal.directory import Venue, phrases
from portal.finder import index as finder_index
from portal.messages.announced import Facts
from portal.web import filters
from portal.web.site import json_ld, leaks

PARKS = """
programme: play
starts: 2027-01-12
time: 10:00-12:00
sessions: 6
venue:
  area: around Padiham's parks
  meet: the bandstand in Memorial Park
  town: Padiham
  location: 53.801, -2.315
"""
TALKS = PARKS.replace("play", "moving-on").replace("Padiham's parks", "the old mill")


@pytest.fixture
def series(county):
    return county({"parks": PARKS}).find_series("riverbank/parks")


def test_an_area_is_not_a_door(series):
    """The middle of an area is never exact: it has no directions and no distance but 'about'."""
    venue = series.venue

    assert (venue.is_area, venue.name, venue.postcode) == (True, "Around Padiham's parks", None)
    assert venue.position.precision == "area"
    assert not venue.position.exact
    assert filters.directions(venue) == ""
    assert filters.miles(1.84, venue) == "about 2 miles"
    assert filters.address(venue) == "meet at the bandstand in Memorial Park"


def test_an_area_that_names_its_town_says_it_once(series):
    """'Around Padiham's parks' is not followed by 'in Padiham'; 'Along the promenade' is."""
    parks = replace(series.venue, address=None)

    assert filters.address(parks) == ""
    assert filters.address(replace(parks, name="Along the promenade")) == "in Padiham"


def test_words_say_around_an_area_and_at_a_building(series):
    """Within a sentence an area is said as it is written, and a building with 'at'.

    What was announced to families before keeps which of the two it was.
    """
    nursery = Venue("Around the World Nursery", "1 High Street", "Preston", None, None)
    announced = Facts.read(Facts.of(series.all_sessions[0]).kept).session(series, series.starts)

    assert phrases.at(series.venue) == "around Padiham's parks"
    assert phrases.at(announced.venue) == "around Padiham's parks"
    assert phrases.at(nursery) == "at Around the World Nursery, Preston"
    assert filters.directions(nursery) != ""


def test_calendars_name_the_area_without_a_position(county):
    """A calendar names the area and where to meet as LOCATION, and no position of a door."""
    made = {path: maker() for path, _, maker in feeds.files(county({"parks": PARKS}))}
    calendar = made["/sessions/riverbank/parks/calendar.ics"].replace(b"\r\n ", b"").decode()

    assert r"LOCATION:Around Padiham's parks\, meet at the bandstand in Memorial Park" in calendar
    assert "GEO:" not in calendar
    assert "X-APPLE-STRUCTURED-LOCATION" not in calendar


def test_data_for_search_engines_has_no_street_and_no_point(series):
    """JSON-LD names the area, its town and where to meet, as the page does."""
    assert json_ld._place(series.venue) == {
        "@type": "Place",
        "name": "Around Padiham's parks",
        "description": "Meet at the bandstand in Memorial Park",
        "address": {
            "@type": "PostalAddress",
            "addressCountry": "GB",
            "addressLocality": "Padiham",
        },
    }


def test_the_finder_finds_an_area_by_its_middle(county):
    """The finder has the middle of an area, and says that the distance is not exact."""
    directory = county({"parks": PARKS})
    venue = directory.find_series("riverbank/parks").venue
    index, _ = finder_index.tables(directory)
    number = index["venues"]["names"].index("Around Padiham's parks")

    assert finder_index.public_position(directory, venue) == venue.position
    assert number in index["venues"]["about"]
    assert number not in index["venues"]["nowhere"]


def test_the_spots_of_sensitive_work_are_looked_for_in_what_is_published(county):
    """A page, a calendar or data that names the area or the meeting point of a sensitive
    programme is a leak, however the sentence begins.
    """
    directory = county({}, private={"talks": TALKS.replace("Memorial Park", "Quiet Park")})

    for words in ("Around the old mill", "it is around the old mill.", "the bandstand in Quiet"):
        text = f"<p>{words} Park</p>" if words.endswith("Quiet") else f"<p>{words}</p>"
        assert leaks.leaks(directory, "/x/index.html", text.encode()), words
        entry = f"BEGIN:VEVENT\r\nLOCATION:{text}\r\nEND:VEVENT\r\n"
        assert leaks.leaks(directory, "/x/calendar.ics", entry.encode()), words
    assert not leaks.leaks(directory, "/x/index.html", b"<p>The bandstand, Preston</p>")
