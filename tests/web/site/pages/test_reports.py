"""The public reports: every figure of a page and a file is that of the published quarter."""

import csv
import io
import json
from dataclasses import replace

import pytest

from portal.directory.addresses import report_file, report_path
from portal.directory.measures import ALL, COUNTY, MEASURE, MEASURES, Figure
from portal.feeds import report_data, sitemap
from portal.web.report_tables import COLUMNS, Shown
from portal.web.site.app import addresses, create_site
from tests.support.markup import parsed
from tests.support.reports import (
    Q3,
    Q4,
    cube_of,
    shown_cells,
    shown_sums,
    true_cells,
    with_reports,
    words,
)

DISTRICT, FOOTPRINT = "district:preston", "footprint:preston"


@pytest.fixture(scope="module")
def cubes(directory):
    """A quarter beside the one before; the same quarter a year ago has no figures."""
    return cube_of(directory, Q4), cube_of(directory, Q3, first=500)


@pytest.fixture(scope="module")
def published(directory, cubes):
    return with_reports(directory, *cubes)


@pytest.fixture(scope="module")
def client(published):
    return create_site(published).test_client()


def main_of(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, path
    return parsed(answer.text.removeprefix("<!DOCTYPE html>").strip()).one("main")


def test_every_measure_is_in_one_table():
    """No measure of lines is left out of the tables, and none is in two."""
    names = [name for columns in COLUMNS for name in columns.names]

    assert sorted(names) == sorted(one.name for one in MEASURES if not one.only_all)
    assert all(len({one.section for one in columns.measures}) == 1 for columns in COLUMNS)


@pytest.mark.parametrize("area", [COUNTY, FOOTPRINT, DISTRICT])
def test_tables_agree_with_the_quarter(client, published, cubes, area):
    """Each cell of an area's tables is the figure of the published quarter, and none is missing."""
    found = {}
    for columns in COLUMNS:
        found |= shown_cells(main_of(client, report_path(Q4, area, columns.slug)))

    assert found == true_cells(cubes[0], area, published)


@pytest.mark.parametrize("area", [COUNTY, FOOTPRINT, DISTRICT])
def test_summary_agrees_with_the_quarters(client, cubes, area):
    """A summary has every measure: this quarter, the one before, and a year ago if there is one."""
    found = shown_sums(main_of(client, report_path(Q4, area)))

    assert found == {
        one.words: [*(words(cube.figure(area, ALL, one.name)) for cube in cubes), "no figures"]
        for one in MEASURES
    }


def test_files_agree_with_the_pages(client, published, cubes):
    """The table and the data of a quarter hold all areas and lines, with the figures of pages."""
    made = json.loads(client.get(report_file(Q4, "json")).data)
    text = client.get(report_file(Q4, "csv")).data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    names = {measure.name: measure.words for measure in MEASURES}
    data = {}
    for area in made["areas"]:
        for line in area["lines"]:
            for name, value in line["figures"].items():
                key = line["quarter"], area["area"], line["line"], names[name]
                data[key] = report_data.cell(Figure.from_json(value))
    table = {
        (row["Quarter"], row["Area"], row["Line"], measure.words): row[measure.words]
        for row in rows
        for measure in MEASURES
        if row[measure.words]
    }
    true = {
        (cube.quarter, area, line, measure.words): report_data.cell(figure)
        for cube in cubes
        for area in cube.areas
        for line in (cube.areas[area] if cube is cubes[0] else [ALL])
        for measure in MEASURES
        if (figure := cube.figure(area, line, measure.name)) is not None
    }

    assert data == true
    assert table == true
    assert "it may be much more" in made["figures"]
    assert set(made["measures"][0]) == {"name", "words", "unit", "part", "explanation"}


def test_plain_words_come_first(published, cubes):
    """A page begins with what happened, in sentences with the numbers of its tables."""
    areas = {DISTRICT: {ALL: {
        "held": Figure(143), "came": Figure(310), "often": Figure(90, partial=True),
        "walk_ins": Figure(1), "plans_closed": Figure(12), "plans_gained": Figure(8),
    }}}  # fmt: skip
    before = {DISTRICT: {ALL: {"held": Figure(131)}}}
    earlier = replace(cubes[1], areas=before)
    report = replace(cubes[0], areas=areas).report(DISTRICT, published, earlier)

    assert Shown(report).sentences == [
        "In Preston from October to December 2026 we held 143 sessions.",
        "Before that we held 131 from July to September 2026.",
        "Families came on 310 bookings.",
        "On at least 90 bookings, they came three times or more.",
        "A family with two bookings counts twice. Where each session is booked by itself, a "
        "booking is for one visit.",
        "There was 1 visit without a booking.",
        "12 families finished one-to-one support.",
        "For 8 of them, at least one of the five outcome numbers rose.",
        "“At least” means that numbers are left out to protect small ones, so it may be much more.",
    ]


@pytest.mark.parametrize("name", ["booked", "came", "often", "waited"])
def test_bookings_are_not_said_to_be_families(name):
    """What is counted by booking is named a booking: a family with two of them counts twice."""
    measure = MEASURE[name]

    assert measure.unit == "bookings"
    assert measure.words.startswith("Bookings ")


def test_lines_with_only_0_are_left_out(published, cubes):
    """A table has the lines with a number or a hidden one, and says that the others are left
    out."""
    few = {measure.name: Figure() for measure in MEASURES if measure.name not in ("held", "gaps")}
    areas = {DISTRICT: {
        ALL: {"held": Figure(3)},
        "offer:send": few,
        "offer:families": {**few, "came": Figure(partial=True)},
        "offer:young-people": {**few, "held": Figure(3)},
    }}  # fmt: skip
    grids = Shown(replace(cubes[0], areas=areas).report(DISTRICT, published)).grids
    rows = {one.columns.slug: [row.line.key for group in one.groups for row in group.rows]
            for one in grids}  # fmt: skip

    assert rows == {"sessions": ["offer:families", "offer:young-people"]}
    made = create_site(with_reports(published, replace(cubes[0], areas=areas))).test_client()
    page = main_of(made, report_path(Q4, DISTRICT, "sessions"))
    assert "(without lines that have only 0)" in page.one("caption").text
    assert (
        "There are no numbers here in this quarter."
        in main_of(made, report_path(Q4, DISTRICT, "groups")).text
    )


def test_hours_are_told_by_the_half():
    """Hours are rounded to the nearest half wherever they are read; other numbers are whole."""
    said = [Figure(number).words for number in (3346.25, 0.25, 7.2, 12, 1230.5)]

    assert said == ["3,346.5", "0.5", "7", "12", "1,230.5"]


def test_hidden_number_is_not_put_into_words(published, cubes):
    """Sentences name no number that a table hides, and say that it is hidden."""
    areas = {DISTRICT: {ALL: {
        "held": Figure(1), "came": Figure(partial=True), "often": Figure(partial=True),
    }}}  # fmt: skip
    report = replace(cubes[0], areas=areas).report(DISTRICT, published)

    assert Shown(report).sentences == [
        "In Preston from October to December 2026 we held 1 session.",
        "We hide on how many bookings families came, to keep them safe.",
    ]


def test_page_says_what_its_numbers_are(directory, cubes):
    """Invented, corrected and signed or unsigned numbers are named where they are read."""
    sample = replace(cubes[0], sample=True, edition=2)
    client = create_site(with_reports(directory, sample)).test_client()
    for path in (report_path(Q4), report_path(Q4, DISTRICT), report_path(Q4, COUNTY, "changes")):
        said = main_of(client, path).text
        assert "Invented numbers: a sample year." in said
        assert "This is edition 2. It corrects the numbers that we published before." in said
        assert "a larger number that would give a small one away" in said
        assert "numbers are left out to protect small ones, so it may be much more" in said
    assert "By outcome (our reading of the plan)" in main_of(
        client, report_path(Q4, COUNTY, "changes")
    ).text.replace("  ", " ")
    assert "Invented numbers" in main_of(client, "/data/").text
    made = json.loads(client.get(report_file(Q4, "json")).data)
    text = client.get(report_file(Q4, "csv")).data.decode("utf-8-sig")
    said = "Invented numbers: a sample year; Edition 2: corrected"
    assert made["notes"] == {Q4: said}
    assert {row["Note"] for row in csv.DictReader(io.StringIO(text))} == {said}
    assert "Invented numbers" in main_of(client, "/reports/").text


def test_outcomes_have_their_links_beside_them(client):
    """Each outcome has its Marmot objectives and Troubled Families criteria, with their meaning."""
    said = main_of(client, report_path(Q4, DISTRICT, "changes")).text

    assert "Marmot objectives D, F. Troubled Families criteria 1, 3, 5, 6." in said
    assert "Best start in life for children" in said


def test_district_and_footprint_of_one_name_are_two_areas(client, cubes):
    """A district and a footprint with one name have pages of their own, each with its numbers."""
    both = [main_of(client, report_path(Q4, area)) for area in (DISTRICT, FOOTPRINT)]

    assert shown_sums(both[0]) != shown_sums(both[1])


def test_no_report_yet(pages, directory):
    """Without a published quarter there is one page, which says so."""
    assert "We have not published a report yet." in pages["/reports/"]
    assert [path for path in addresses(directory) if path.startswith("/reports/2")] == []


def test_no_private_groups_where_nothing_can_be_said(directory, cubes):
    """The county says nothing of private groups if their number may not be shown: 0 would be."""
    areas = {COUNTY: {ALL: {"held": Figure(3)}}}
    client = create_site(with_reports(directory, replace(cubes[0], areas=areas))).test_client()

    assert "Private groups" not in main_of(client, report_path(Q4)).text
    assert b"rivate" not in client.get(report_file(Q4, "csv")).data


def test_other_pages_lead_to_the_reports(client, pages):
    """The list of data has the files of each quarter, and a district's coverage its report."""
    links = [one["href"] for one in main_of(client, "/data/").all("a")]

    assert [path for path in links if path.startswith("/data/report")] == [
        report_file(quarter, ending) for quarter in (Q4, Q3) for ending in ("csv", "json")
    ]
    assert report_path(Q4, DISTRICT) in client.get("/coverage/preston/").text
    assert 'href="/reports/"' in pages["/coverage/"]


def test_the_sitemap_lists_every_page_of_a_published_quarter(published) -> None:
    """Search engines find what was published, each table among it."""
    reports = {path for path in addresses(published) if path.startswith("/reports/")}
    listed = {path for path, _ in sitemap.pages(published)}

    assert len(reports) > 20
    assert reports <= listed
