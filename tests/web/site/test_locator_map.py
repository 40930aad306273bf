"""The small picture of where in the county something is."""

import re

import html5lib
import pytest

from portal.directory.values import Position
from portal.web.site.locator_map import Locator


@pytest.fixture(scope="module")
def locator(directory):
    return Locator(directory)


def test_it_is_small_and_hidden_from_screen_readers(directory, locator) -> None:
    """At most 3 KB, well-formed, without a style, and said by nobody."""
    picture = locator.area(directory.districts)
    svg = html5lib.HTMLParser(strict=True).parseFragment(picture)[0]

    assert len(picture.encode()) <= 3072
    assert svg.get("aria-hidden") == "true"
    assert "style" not in picture


def test_every_district_with_postcodes_stands_out(directory, locator) -> None:
    """A district's picture has dots of its own, and not all of the county's."""
    for area in directory.postcode_areas:
        if " " not in area.code or not area.districts:
            continue
        county, here = re.findall(r' d="([^"]*)"', locator.area(area.districts[:1]))
        assert here
        assert len(here) < len(county)


def test_north_is_up_and_east_is_right(locator) -> None:
    """A place further north is higher, one further east is further right."""

    def dot(latitude: float, longitude: float) -> tuple[int, int]:
        picture = locator.place(Position(latitude, longitude))
        return tuple(map(int, re.search(r'cx="(-?\d+)" cy="(-?\d+)"', picture).groups()))

    (west, south), (east, north) = dot(53.6, -2.9), dot(54.0, -2.2)
    assert (west < east, north < south) == (True, True)


def test_no_point_is_invented(locator) -> None:
    """Where only the district is known, there is no dot."""
    assert locator.place(Position(53.7, -2.7, "district")) == ""
    assert locator.place(None) == ""
