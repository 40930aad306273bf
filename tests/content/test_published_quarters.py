"""The files of published quarters: what is read, and what is said of a file that is none."""

import json
from datetime import date

import pytest

from portal.content.paths import is_content_path
from portal.content.published_quarters import read_report
from portal.directory.measures import Figure
from portal.directory.quarterly import Cube

PATH = "content/reports/2026-Q3.json"
CUBE = Cube("2026-Q3", date(2026, 10, 2), 1, True, {"county": {"all": {"held": Figure(9)}}})


def test_a_published_quarter_is_read():
    """The noun has the numbers of the file, its address and its file."""
    report, problem = read_report(CUBE.text(), PATH)
    assert problem is None
    assert report is not None
    assert (report.cube, report.path, report.source) == (CUBE, "/reports/2026-q3/", PATH)
    assert (report.sample, report.edition, report.made) == (True, 1, date(2026, 10, 2))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "this is not JSON"),
        ("[]", "a published quarter has quarter, made, edition, sample, areas"),
        (CUBE.text().replace("2026-Q3", "2026-Q4"), "Name it '2026-Q4.json'"),
        (CUBE.text().replace('"held"', '"heard"'), "'all' has figures of"),
        (CUBE.text().replace('"held": 9', '"booked": {"from": 0}'), "is not a figure"),
        (json.dumps(CUBE.as_json() | {"made": "2026-13-01"}), "month must be in 1..12"),
    ],
)
def test_what_is_no_published_quarter(text, says):
    """The words say what is wrong, and that the portal writes the file."""
    report, problem = read_report(text, PATH)
    assert report is None
    assert problem is not None
    assert says in str(problem)


def test_the_names_of_the_files():
    """Only a quarter is the name of a published quarter."""
    assert is_content_path(PATH)
    assert not is_content_path("content/reports/2026-Q5.json")
    assert not is_content_path("content/reports/2026-Q3.md")
