"""Quarterly reports for staff: who sees which area, files, and publishing a quarter."""

import csv
import io
import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from portal import database
from portal.content.published_quarters import read_report
from portal.directory.measures import ALL, COUNTY, MEASURES, Figure
from portal.editing import build_requests, report_publishing
from portal.feeds import report_data
from portal.reports import records
from portal.web.staff import reports as pages
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
from tests.support.staffed import Staffed

DISTRICT = "district:preston"
PAGE = f"/staff/reports/{Q4}/district-preston"
PUBLISH = f"/staff/reports/{Q4}/publish"
PATH = f"content/reports/{Q4}.json"
NOW = datetime(2027, 1, 6, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def cubes(directory):
    return cube_of(directory, Q4), cube_of(directory, Q3, first=500)


@pytest.fixture(scope="module")
def published(tmp_path_factory, directory, cubes):
    """The sample after two quarters were published."""
    place = Staffed(tmp_path_factory.mktemp("published"), with_reports(directory, *cubes))
    place.now = NOW
    return place


@pytest.fixture
def open_quarter(tmp_path, sample_root, directory):
    """The sample with the sessions of a quarter that is over, and not published."""
    place = Staffed(tmp_path, directory, root=shutil.copytree(sample_root, tmp_path / "root"))
    place.now = NOW
    database.write(place.engine, lambda c: records.keep(c, directory, place.now))
    return place


# --- pages and files ------------------------------------------------------------------------------


def test_page_agrees_with_the_quarter(published, cubes, directory) -> None:
    """One page has every figure of an area: its tables with all lines, and its summary."""
    screen = published.signed_in("reader", centres=["riverbank"]).open(PAGE)

    assert screen.status == 200
    assert shown_cells(screen.main) == true_cells(cubes[0], DISTRICT, directory)
    assert shown_sums(screen.main) == {
        one.words: [*(words(cube.figure(DISTRICT, ALL, one.name)) for cube in cubes), "no figures"]
        for one in MEASURES
    }
    assert all(measure.explanation in screen.main.text for measure in MEASURES)
    contents = screen.main.one("nav")
    ids = {one["id"] for one in screen.main.all(where=lambda one: one.get("id"))}
    led = [link["href"].removeprefix("#") for link in contents.all("a")]
    assert led == [
        "inputs", "table-groups", "outputs", "table-sessions", "table-requests", "outcomes",
        "table-changes", "counts",
    ]  # fmt: skip
    assert ids.issuperset(led)


def test_files_agree_with_the_page(published, cubes, directory) -> None:
    """The table and the data of an area hold the figures of its page."""
    reader = published.signed_in("reader", centres=["riverbank"])
    table, data = reader.open(f"{PAGE}.csv").answer, reader.open(f"{PAGE}.json").answer
    rows = list(csv.reader(io.StringIO(table.data.decode("utf-8-sig"))))
    report = cubes[0].report(DISTRICT, directory, cubes[1])
    lines = json.loads(data.data)["areas"][0]["lines"]

    assert rows[0] == list(report_data.HEADER)
    assert rows[1:] == list(report_data.rows(report))
    assert [(one["quarter"], one["line"], one["figures"]) for one in lines] == [
        (quarter, line.key, {name: figure.as_json() for name, figure in line.figures.items()})
        for quarter, line in report_data.lines_of(report)
    ]
    assert table.headers["Content-Disposition"].endswith('"report-2026-q4-district-preston.csv"')


def test_files_say_what_their_numbers_are(directory, cubes) -> None:
    """A file that is passed on says in each row, in its data and in its name that numbers are
    invented or of a quarter that is not over; a quarter beside it has a note of its own."""
    early = replace(cubes[0], made=datetime(2026, 12, 1, tzinfo=UTC).date())
    report = early.report(DISTRICT, directory, replace(cubes[1], sample=True))
    rows = [dict(zip(report_data.HEADER, row, strict=True)) for row in report_data.rows(report)]
    noted = {row["Quarter"]: row["Note"] for row in rows}

    assert noted == {
        Q4: "So far: the quarter is not over",
        Q3: "Invented numbers: a sample year",
    }
    assert json.loads(report_data.as_json([report]))["notes"] == noted
    names = [report_data.file_name(one, "csv") for one in (report, cubes[0].report(DISTRICT, None))]
    assert names == [
        "report-2026-q4-district-preston-so-far-invented.csv",
        "report-2026-q4-district-preston.csv",
    ]


def test_paper_says_what_the_page_says(published) -> None:
    """What is printed has its address and its day, and leaves out what only a screen needs."""
    screen = published.signed_in("manager").open(PAGE)
    hidden = screen.main.all(where=lambda one: one.has("noprint"))

    assert "Made on Sunday 3 January 2027. This page is https://" in screen.main.text
    assert not any(one.all("table", "svg") for one in hidden)
    assert "CSV" in " ".join(one.text for one in hidden)
    assert not screen.main.all("details", where=lambda one: not in_chart(one))


def in_chart(one) -> bool:
    """A chart's own table, whose numbers are drawn beside it."""
    return any(above.tag == "figure" for above in one.ancestors)


# --- who sees what --------------------------------------------------------------------------------


def test_published_quarter_is_for_all_who_see_families(published) -> None:
    """A worker elsewhere reads a published quarter of every area; a panel member none."""
    elsewhere = "footprint-lancaster"
    areas = {one.replace(":", "-") for one in published.directory.reports[0].cube.areas}
    other = next(area for area in sorted(areas) if "preston" not in area and area != COUNTY)
    worker = published.signed_in("worker", centres=["riverbank"])

    assert worker.open(f"/staff/reports/{Q4}/{other}").status == 200
    assert worker.open(f"/staff/reports/{Q4}/{elsewhere}-x").status == 403
    assert published.signed_in("panel").open(PAGE).status == 403


@pytest.mark.parametrize(
    ("role", "given", "others"),
    [
        ("worker", {"centres": ["riverbank"]}, False),
        ("reader", {"centres": (), "footprint": "preston"}, False),
        ("manager", {"footprint": "preston"}, False),
        ("administrator", {}, True),
    ],
)
def test_quarter_so_far_is_for_the_area_of_the_account(directory, role, given, others) -> None:
    """Before it is published, staff see the county and their own areas, administrators all."""
    staff = made_staff(role, **given)
    found = pages.areas_for(staff, directory)

    assert {COUNTY, "footprint:preston", DISTRICT} <= set(found)
    assert bool([area for area in found if "preston" not in area and area != COUNTY]) == others


def made_staff(role, *, centres=(), footprint=None):
    from portal.staff.accounts import Staff

    return Staff(1, "a@example.org", "A", role, frozenset(centres), footprint)


def test_quarter_so_far_is_refused_elsewhere(open_quarter) -> None:
    """A manager gets the same refusal for another footprint as for an area that is not there, and
    it says whom to ask."""
    manager = open_quarter.signed_in("manager")
    this = "/staff/reports/2027-Q1"
    other = next(one.slug for one in open_quarter.directory.footprints if one.slug != "preston")

    assert "So far." in manager.open(f"{this}/county")
    assert "2027 so far" in manager.open(f"{this}/county").words.replace(",", "")
    for area in (f"footprint-{other}", "footprint-nowhere"):
        refused = manager.open(f"{this}/{area}")
        assert refused.status == 403
        assert "You cannot open this page" in refused
        assert "a centre or an area that is not yours, or it is not there" in refused
    assert manager.open(f"{this}/footprint-{other}.csv").status == 403
    for quarter in ("2027-Q2", "2027-Q5", "1999-Q1", "x"):
        assert manager.open(f"/staff/reports/{quarter}/county").status == 404
    assert manager.open("/staff/reports/2026-Q1/county").status == 404  # nothing was kept


def test_page_says_whether_its_numbers_still_change(open_quarter, published) -> None:
    """A quarter goes on, or is over and not published, or is published: the page says which."""
    manager = open_quarter.signed_in("manager")
    goes_on = manager.open("/staff/reports/2027-Q1/county")
    over = manager.open(f"/staff/reports/{Q4}/county")
    final = published.signed_in("manager").open(f"/staff/reports/{Q4}/county")

    assert "January to March 2027 is not over. The numbers will change." in goes_on
    assert "Not published yet. October to December 2026 is over." in over.words
    for said in ("is not over", "Not published yet"):
        assert said not in final
    assert "registers are not complete" not in goes_on


def test_a_quarter_is_counted_once_a_minute(open_quarter, monkeypatch) -> None:
    """Reading area after area counts each quarter once; a minute later the numbers are new."""
    counted, true = [], pages.reports_of
    monkeypatch.setattr(
        pages, "reports_of", lambda *given: counted.append(given[2]) or true(*given)
    )
    boss = open_quarter.signed_in("administrator")
    for area in ("county", "district-preston", "county.csv"):
        assert boss.open(f"/staff/reports/2027-Q1/{area}").status == 200
    assert sorted(counted) == ["2026-Q4", "2027-Q1"]  # of a year ago there is no record

    open_quarter.wait(seconds=61)
    boss.open("/staff/reports/2027-Q1/county")
    assert len(counted) == 4


def test_list_has_the_quarters_there_are(open_quarter, published) -> None:
    """The list has each quarter since the first record, one's own areas first, and says more only
    to those who publish."""
    manager = open_quarter.signed_in("manager").open("/staff/reports")
    heads = [one.text for one in manager.main.all("h2")]

    assert heads[0] == "January to March 2027"
    assert "October to December 2026" in heads
    assert "An administrator publishes a quarter once it is over." in manager
    assert "Publish this quarter" not in manager
    assert "Publish this quarter" in open_quarter.signed_in("administrator").open("/staff/reports")
    # It was published by another database: this one has no record to correct it from.
    assert "Correct what is published" not in published.signed_in("administrator").open(
        "/staff/reports"
    )


def test_no_report_before_the_first_session(tmp_path) -> None:
    """Without a record of any session the list says when reports begin."""
    screen = Staffed(tmp_path).signed_in("manager").open("/staff/reports")

    assert "There is no report yet." in screen


# --- publishing -----------------------------------------------------------------------------------


def test_publishing_from_the_first_look_to_a_correction(open_quarter, monkeypatch) -> None:
    """What is written is what the page showed (S106): numbers that changed since are shown again,
    a second tab writes nothing, and other numbers make a new edition after each was shown."""
    boss = open_quarter.signed_in("administrator")
    file = open_quarter.settings.root / PATH
    first, second = boss.open(PUBLISH), boss.open(PUBLISH)
    true = report_publishing.new_edition
    with monkeypatch.context() as patched:
        patched.setattr(report_publishing, "new_edition", lambda *given: other(true(*given)))
        again = first.press("Publish this quarter")
    assert again.status == 409
    assert "The numbers have changed since you opened this page" in again
    assert not file.exists()

    done = second.press("Publish this quarter")
    report, problem = read_report(file.read_text(), PATH)
    assert problem is None
    assert "It is being published" in done
    assert file.read_text().split() == second.main.one("pre").text.split()
    assert report.cube.figure(COUNTY, ALL, "held").number > 0
    assert report.edition == 1
    assert build_requests.asked(open_quarter.settings.var)
    listed = boss.open("/staff/reports").main.text
    this = listed.partition("October to December 2026")[2].partition("July to September")[0]
    assert "It is being published. The site shows it in a few minutes." in this
    assert "not published yet" not in this
    assert "Publish this quarter" not in this

    written = file.read_bytes()
    assert "It is being published" in second.press("Publish this quarter")
    assert file.read_bytes() == written
    assert "These numbers are published already, as edition 1." in boss.open(PUBLISH)
    noted = [one for one in open_quarter.log() if one[1] == "publish report"]
    assert noted == [(boss.staff.actor, "publish report")]

    monkeypatch.setattr(report_publishing, "new_edition", lambda *given: other(true(*given)))
    screen = boss.open(PUBLISH)
    changed = [row.text for row in screen.main.one("tbody").all("tr")]
    assert len(changed) == 1
    assert re.match(r"Lancashire: All, Sessions held ?\d+ ?\d+", changed[0])
    screen.press("Publish the correction")
    assert read_report(file.read_text(), PATH)[0].edition == 2


def other(cube):
    """The same quarter with one session more."""
    county = dict(cube.areas[COUNTY])
    county[ALL] = {**county[ALL], "held": Figure(county[ALL]["held"].number + 1)}
    return replace(cube, areas={**cube.areas, COUNTY: county})


@pytest.mark.parametrize(
    ("quarter", "says"),
    [
        ("2027-Q1", "January to March 2027 is not over."),
        ("2027-Q3", "July to September 2027 has not begun."),
        ("2026-Q1", "Nothing was noted from January to March 2026."),
        ("nonsense", "is not a quarter"),
    ],
)
def test_only_a_quarter_with_a_record_is_published_once_it_is_over(
    open_quarter, quarter, says
) -> None:
    """A quarter that goes on, is to come, is none, or of which the portal kept no record has no
    page to publish it, and nothing is written."""
    boss = open_quarter.signed_in("administrator")
    path = f"/staff/reports/{quarter}/publish"
    for screen in (boss.open(path), boss.send(path, {"csrf_token": boss.token, "seen": "x"})):
        assert screen.status == 404
        assert "This quarter cannot be published" in screen
        assert says in screen
    assert not (open_quarter.settings.root / f"content/reports/{quarter}.json").exists()


def test_correction_waits_for_the_site_too(tmp_path, sample_root, directory, cubes) -> None:
    """The page after publishing says that the site follows until it shows that edition."""
    root = shutil.copytree(sample_root, tmp_path / "root")
    boss = Staffed(tmp_path, with_reports(directory, *cubes), root=root).signed_in("administrator")
    file = root / PATH
    file.parent.mkdir(parents=True, exist_ok=True)
    for edition, waits in ((2, True), (1, False)):
        file.write_text(replace(cubes[0], edition=edition).text())
        assert ("The site follows in a few minutes." in boss.open(f"{PUBLISH}ed")) == waits


def test_mistakes_in_the_content_stop_publishing(open_quarter) -> None:
    """While the content has mistakes nothing is written, and the page names them."""
    screen = open_quarter.signed_in("administrator").open(PUBLISH)
    (open_quarter.settings.root / "content/pages/about.md").write_text("no title\n")
    done = screen.press("Publish this quarter")

    assert done.status == 422
    assert "Nothing was written." in done
    assert not (open_quarter.settings.root / PATH).exists()


def test_machine_that_builds_no_site_publishes_nothing(tmp_path, directory) -> None:
    """On a machine that does not build the site, the page says where to publish."""
    place = Staffed(tmp_path, directory, roles="web")
    place.now = NOW
    screen = place.signed_in("administrator").open(PUBLISH)

    assert screen.status == 409
    assert "Content is published on the machine that builds the site" in screen


def test_manager_does_not_publish(open_quarter) -> None:
    """The county's numbers are published by administrators alone."""
    manager = open_quarter.signed_in("manager")

    assert manager.open(PUBLISH).status == 403
    assert manager.send(PUBLISH, {"csrf_token": manager.token}).status == 403
