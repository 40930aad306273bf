"""Maps of the county: drawn from the boundaries, small, and never the only way to a page."""

import gzip
import re
from itertools import combinations
from math import hypot
from xml.etree import ElementTree

import pytest

from portal.directory.values import Position
from portal.web.site.app import create_site
from portal.web.site.county_map import WIDTH, CountyMap


@pytest.fixture(scope="module")
def drawn(directory):
    return CountyMap(directory)


def test_the_file_has_each_district_once(directory, drawn):
    """The map file is at most 5 KB compressed, and has a closed shape for each district."""
    root = ElementTree.fromstring(drawn.content)
    shapes = {one.get("id"): one.get("d") for one in root.iter() if one.get("d")}
    titles = [one.text for one in root.iter() if one.tag.endswith("text")]

    assert len(gzip.compress(drawn.content, 6)) <= 5 * 1024
    assert {one.slug for one in directory.districts} == shapes.keys() - {"_centres"}
    assert all(re.fullmatch(r"(M\d+ \d+l[-\d ]+z)+", shapes[d.slug]) for d in directory.districts)
    assert titles == [one.title for one in directory.districts]
    assert re.fullmatch(r"/static/map\.[0-9a-f]{10}\.svg", drawn.path)


def test_north_is_up_and_east_is_right(drawn):
    """A place further north is higher, and one further east is further right."""
    west, south = drawn._at(Position(53.6, -2.9))
    east, north = drawn._at(Position(54.0, -2.2))

    assert (west < east, north < south) == (True, True)


def test_pins_and_names_can_be_told_apart(directory, drawn):
    """On a phone each pin is 24 px and covers no other, and no name is over a pin."""
    for footprint in directory.footprints:
        centres = [one for d in footprint.districts for one in directory.centres_in(d)]
        view = drawn.area(footprint.districts, {one: at for at, one in enumerate(centres, 1)})

        assert len(view.pins) == sum(one.address_public for one in centres)
        for one, other in combinations(view.pins, 2):
            assert hypot(one.x - other.x, one.y - other.y) >= 34
        for pin in view.pins:
            assert 17 <= pin.x <= WIDTH - 17
            assert 17 <= pin.y <= view.height - 17
        for town in view.towns:
            assert 0 < town.x < WIDTH
            assert not [p for p in view.pins if hypot(p.x - town.x, p.y - town.y + 5) < 12], town


def test_the_pins_of_one_building_part(directory, drawn):
    """Centres in one place get pins beside each other."""
    district = directory.districts[3]
    centre = directory.centres_in(district)[0]
    view = drawn.area([district], {centre.model_copy(): number for number in range(1, 13)})

    assert [pin.number for pin in view.pins] == list(range(1, 13))
    for one, other in combinations(view.pins, 2):
        assert hypot(one.x - other.x, one.y - other.y) >= 34


def test_a_private_address_is_on_no_map(directory, drawn):
    """A centre whose address is not public, or of which only the district is known, has no spot."""
    district = directory.districts[3]
    centre = directory.centres_in(district)[0]
    private = centre.model_copy(update={"address_public": False})
    unknown = centre.model_copy(update={"address_public": True})
    unknown.link(position=Position(53.7, -2.7, "district"))

    assert drawn.place(centre, district).spot
    assert drawn.place(private, district) is None
    assert drawn.place(unknown, district) is None
    assert drawn.area([district], {private: 1}).pins == ()


def test_each_link_of_a_map_is_in_the_list_beside_it(directory, read):
    """What a map links to, the page links to in words as well."""
    maps = 0
    for path, page in read.items():
        # A link to a part of a page is a cell of a table, and on no map.
        on_map = [a for a in page.all("a") if "aria-label" in a and "#" not in a["href"]]
        if not on_map:
            continue
        maps += 1
        beside = {a["href"] for a in page.all("a") if "aria-label" not in a}
        assert {a["href"] for a in on_map} <= beside, path
    assert maps >= 5


def test_a_pin_has_the_number_of_its_row(directory, pages):
    """The number on a pin is that of the same centre in the list beside the map."""
    for area in (*directory.districts, *directory.footprints):
        html = pages[area.path]
        rows = {}
        for start, items in re.findall(r'<ol class="pins" start="(\d+)">(.*?)</ol>', html, re.S):
            for number, path in enumerate(re.findall(r'<li><a href="([^"]+)"', items), int(start)):
                rows[path] = str(number)
        pins = dict(re.findall(r'<a href="([^"]+)" aria-label="(\d+), ', html))

        assert pins.items() <= rows.items(), area.path


def test_all_that_is_drawn_is_in_its_file(answers, read):
    """Each part that a page takes from a drawing is there."""
    missing = []
    for path, page in read.items():
        for attributes in page.all("use"):
            file, _, part = attributes["href"].partition("#")
            # The finder's template has the start of a name, which its script completes.
            if file and not part.endswith("-") and f'id="{part}"' not in answers[file].text:
                missing.append((path, attributes["href"]))

    assert missing == []


def test_without_boundaries_there_are_lists(directory):
    """A county without a file of boundaries has no maps, and the same lists."""
    client = create_site(directory.model_copy(update={"outline": None})).test_client()

    for path in ("/", "/centres/", "/districts/preston/", "/centres/riverbank/"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert 'class="map' not in answer.text
    assert 'href="/centres/riverbank/"' in client.get("/districts/preston/").text
