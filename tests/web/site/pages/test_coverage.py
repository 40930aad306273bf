"""The coverage pages: each cell is a word that leads to what it counts, and files say the same."""

import csv
import io
import json
import re

import pytest

from portal.coverage.cells import PARTS, Coverage
from portal.coverage.reach import Reach
from portal.directory import AGE_BANDS
from portal.web.site.app import create_site
from portal.web.site.pages.coverage import UNKNOWN, nearness, percent, shade_of, share_words
from tests.support import made
from tests.support.page_reader import Reader

_CELL = re.compile(r'<a class="s(\d)" href="([^"#]*)#([a-z-]+)" aria-label="([^"]+)">([^<]+)</a>')


def lists_of(html):
    """What the page of a district lists below the heading of each cell: addresses of series."""
    sections = re.split(r'<h3 id="([a-z-]+)">', html.partition("What the groups are like")[0])[1:]
    return {
        anchor: re.findall(r'href="(/sessions/[^"]+)"', words)
        for anchor, words in zip(sections[::2], sections[1::2], strict=True)
    }


def assert_cells_lead_to_their_series(directory, page_of):
    """Every cell of the county's grid, with its name, word, shade, and list at its anchor."""
    coverage = Coverage.of(directory)
    listed = {
        one.coverage_path: lists_of(page_of(one.coverage_path)) for one in directory.districts
    }
    found = {}
    for shade, path, anchor, name, word in _CELL.findall(page_of("/coverage/")):
        found[path, anchor] = (int(shade), name, word, listed[path][anchor])

    expected = {}
    for cell in coverage.cells:
        name = f"{cell.district.title}, {cell.band.title.lower()}, {PARTS[cell.part].lower()}"
        expected[cell.district.coverage_path, cell.anchor] = (
            cell.shade,
            f"{name}: {cell.word}",
            cell.word,
            [series.path for series in cell.series],
        )
    assert found == expected
    assert len(found) == len(directory.districts) * len(AGE_BANDS) * len(PARTS)
    assert any(shade for shade, *_ in found.values())


def test_each_cell_leads_to_exactly_its_series(pages, directory):
    """A cell's link names it in full, and leads to a heading with the groups that it counts."""
    assert_cells_lead_to_their_series(directory, pages.__getitem__)


def test_each_cell_of_the_shipped_content_leads_to_its_series(shipped_directory):
    """The same of the shipped content, whose districts are larger."""
    client = create_site(shipped_directory).test_client()
    assert_cells_lead_to_their_series(shipped_directory, lambda path: client.get(path).text)


def test_the_contents_of_a_district_are_its_cells(pages, directory):
    """The small table at the top of a district leads down the same page, and says the same."""
    for district in directory.districts:
        county = [
            (shade, anchor, name, word)
            for shade, path, anchor, name, word in _CELL.findall(pages["/coverage/"])
            if path == district.coverage_path
        ]
        own = [
            (shade, anchor, name, word)
            for shade, path, anchor, name, word in _CELL.findall(pages[district.coverage_path])
            if path == ""
        ]
        assert own == county, district.slug


def test_a_footprint_shows_the_cells_of_its_districts(pages, directory):
    """Its grid is the part of the county's grid that belongs to its districts."""
    county = _CELL.findall(pages["/coverage/"])
    for footprint in directory.footprints:
        paths = {district.coverage_path for district in footprint.districts}
        own = _CELL.findall(pages[footprint.coverage_path])
        assert sorted(own) == sorted(cell for cell in county if cell[1] in paths)


def test_the_head_of_the_grid_has_its_scopes(pages):
    """A screen reader hears age, part and district: each head says what it is the head of."""
    grid = pages["/coverage/"].partition("<thead>")[2].partition("</table>")[0]
    heads = Reader(f"<table>{grid}").all("th")

    assert [one.get("scope") for one in heads].count("colgroup") == len(AGE_BANDS)
    assert all(one.get("scope") in {"col", "colgroup", "row"} for one in heads)


def test_long_pages_have_a_way_to_jump(pages, directory):
    """The county's page leads to each district's row, and the page of an age to each part."""
    county, age = pages["/coverage/"], pages[AGE_BANDS[0].coverage_path]
    for page, anchors in ((county, [one.slug for one in directory.districts]), (age, PARTS)):
        links = [one["href"] for one in Reader(page).all("a")]
        for anchor in anchors:
            assert f"#{anchor}" in links
            assert page.count(f'id="{anchor}"') == 1


def test_the_page_of_an_age_shows_reach_in_words(read, directory):
    """Each district's share within 1, 3 and 5 miles is in the table beside each map."""
    coverage = Coverage.of(directory)
    reach = Reach.of(directory, coverage)
    for band in AGE_BANDS:
        text = read[band.coverage_path].text
        for part in PARTS:
            for district in directory.districts:
                shares = [reach.share(district, band, part, miles) for miles in (1, 3, 5)]
                number = len(coverage.cell(district, band, part).sessions) or "none"
                row = " ".join((district.title, str(number), *map(percent, shares)))
                assert row in text, (band.slug, part, row)


def test_the_largest_towns_without_are_named(read, directory):
    """A page names the largest towns with nothing near; a town with something near is not named."""
    reach = Reach.of(directory, Coverage.of(directory))
    band = AGE_BANDS[0]
    towns = [
        town
        for district in directory.districts
        for town in reach.without(district, band, "weekend", 5)
    ]
    largest = sorted(towns, key=lambda one: (-one.population, one.slug))
    weekend = read[band.coverage_path].text.partition("Weekends Postcodes")[2]
    weekend = weekend.partition("School holidays Postcodes")[0]

    assert largest
    for town in largest[:5]:
        assert f"{town.label} : nothing in pregnancy at weekends" in weekend
    for town in largest[5:]:
        assert f"{town.label} : nothing" not in weekend


@pytest.mark.parametrize(
    ("share", "words", "shade"),
    [
        (None, "not known", UNKNOWN),
        (0.0, "0%", 0),
        (0.004, "under 1%", 1),
        (0.25, "25%", 2),
        (0.5, "50%", 3),
        (0.749, "75%", 3),
        (0.996, "over 99%", 4),
        (1.0, "100%", 4),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all(share, words, shade):
    """0% and 100% are said of none and all alone."""
    assert (percent(share), shade_of(share)) == (words, shade)


@pytest.mark.parametrize(
    ("share", "elsewhere", "left_out", "words", "in_table", "shade"),
    [
        (None, False, 2, "We know the place of 2 groups only roughly. So", "not known", "u"),
        (0.004, True, 1, "We know the place of 1 group only roughly. So", "not known", "u"),
        (0.2, False, 1, "At least 20% of the postcodes are within 3 miles", "20%+", "u"),
        (0.6, True, 1, "At least 60% of the postcodes are within 3 miles of a", "60%+", 3),
        (0.996, False, 1, "Over 99% of the postcodes", "over 99%", 4),
        (0.0, True, 0, "No postcodes are within 3 miles of a session.", "0%", 0),
        (0.2, True, 0, "20% of the postcodes are within 3 miles of a session in a", "20%", 1),
    ],
)  # fmt: skip
def test_a_share_with_groups_left_out_claims_no_more_than_is_known(
    share, elsewhere, left_out, words, in_table, shade
):
    """Where a group may be near, pages say 'at least' or that it is not known, never 'none'."""
    more = bool(left_out)
    assert nearness(share, more, elsewhere, left_out).startswith(words)
    assert share_words(share, more) == in_table
    assert shade_of(share, more) == shade


def test_where_groups_meet_nobody_is_said_to_be_without(shipped_directory):
    """No share is 0 in a district with a group, and no town is without where a group meets."""
    coverage = Coverage.of(shipped_directory)
    reach = Reach.of(shipped_directory, coverage)
    for cell in (cell for cell in coverage.cells if cell.sessions):
        towns = {(one.venue.town, coverage.district_of(one)) for one in cell.sessions}
        for miles in (3, 5):
            where = cell.district, cell.band, cell.part, miles
            assert reach.share(*where) != 0, where
            for town in reach.without(*where):
                assert (town.name, town.district) not in towns, (town.name, *where)
    rough = reach.rough_near()
    assert rough
    page = create_site(shipped_directory).test_client().get("/coverage/").text
    assert f"{len(rough)} groups are left out of distances" in page
    assert "arker" not in page, "in dark mode the strongest colour is the lightest"


def test_the_files_say_what_the_pages_say(answers, directory):
    """JSON and CSV have a line for each cell, with the numbers of the model."""
    coverage = Coverage.of(directory)
    reach = Reach.of(directory, coverage)
    told = json.loads(answers["/data/coverage.json"].data)
    rows = list(csv.DictReader(io.StringIO(answers["/data/coverage.csv"].text)))

    assert (told["from"], told["until"]) == (str(coverage.first), str(coverage.last))
    assert told["shares_counted_by"] == reach.basis
    for cell, one, row in zip(coverage.cells, told["cells"], rows, strict=True):
        where = (cell.district.slug, cell.band.slug, cell.part, cell.word)
        assert (one["district"], one["band"], one["part"], one["word"]) == where
        assert (row["district"], row["age"], row["part"], row["word"]) == where
        assert one["series"] == [series.identity for series in cell.series]
        assert (int(row["sessions"]), int(row["groups"])) == (len(cell.sessions), len(cell.series))
        left_out = len(reach.rough(cell.band, cell.part, cell.district))
        assert one["groups_left_out"] == int(row["groups_left_out"]) == left_out
        for miles in (1, 3, 5):
            share = reach.share(cell.district, cell.band, cell.part, miles)
            exact = None if share is None else round(share, 3)
            assert one["share_within_miles"][str(miles)] == exact
            assert row[f"share_within_{miles}_miles"] == ("" if exact is None else str(exact))


def test_where_nothing_is_on_families_read_what_they_can_do(read, directory):
    """An empty cell leads to what a family can do, and pages promise no more than the site has."""
    empty = next(cell for cell in Coverage.of(directory).cells if not cell.sessions)
    page = read[empty.district.coverage_path]
    links = [link["href"] for link in page.all("a")]

    assert "#nothing" in links
    assert {"/find/", "/programmes/"} <= set(links)
    assert "Is there nothing for you?" in page.text


def test_the_pages_can_be_found(read, directory):
    """From the page of each district, and from the list of files."""
    for area in (*directory.districts, *directory.footprints):
        assert area.coverage_path in {link["href"] for link in read[area.path].all("a")}
    assert "/coverage/" in {link["href"] for link in read["/data/"].all("a")}


def test_without_sessions_or_a_map_the_pages_still_answer():
    """A new service with one district, no outline and no postcodes has its pages too."""
    client = create_site(made.directory()).test_client()
    page = Reader(client.get("/coverage/ages/babies/").text)

    assert client.get("/coverage/").status_code == 200
    assert client.get("/coverage/preston/").status_code == 200
    assert "Sessions by district" in page.text
    assert "%" not in page.text
