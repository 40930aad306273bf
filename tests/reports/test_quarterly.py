"""The published shapes of a quarter: figures, lines, the file, and what a report makes of them."""

from datetime import date

import pytest

from portal.directory.measures import (
    ALL,
    HIDDEN,
    KINDS,
    MEASURES,
    Figure,
    areas_of,
    line_label,
    measures_of,
    outcome_links,
)
from portal.directory.quarterly import OUR_READING, PARTS, Cube, report_among
from portal.directory.vocabularies import MARMOT, OUTCOME_LINKS, OUTCOMES, TFU_CRITERIA
from tests.support import made

CUBE = Cube(
    "2026-Q4",
    date(2027, 1, 4),
    1,
    False,
    {
        "county": {
            ALL: {"held": Figure(12), "booked": Figure(30, partial=True), "hours": Figure(13.5)},
            "programme:gone": {"came": Figure(partial=True)},
            "outcome:2": {"booked": Figure(9)},
        },
    },
)


def test_the_words_of_a_figure() -> None:
    """A figure says whether others are hidden, and never a number under 5 of families."""
    assert Figure(1230).words == "1,230"
    assert Figure(13.5).words == "13.5"
    assert Figure(30, partial=True).words == "30 or more"
    assert Figure(30, partial=True).short == "30+"
    assert Figure(partial=True).words == HIDDEN


def test_the_file_of_a_quarter_is_read_as_it_was_written() -> None:
    """A published quarter says the same after it is written and read."""
    import json

    text = CUBE.text()
    assert Cube.from_json(json.loads(text)) == CUBE
    assert sum('"outcome:2"' in row for row in text.splitlines()) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"quarter": "2026-Q5"},
        {"made": "soon"},
        {"edition": 0},
        {"sample": "no"},
        {"areas": {"county": {"offer": {}}}},
        {"areas": {"county": {"outcome:x": {}}}},
        {"areas": {"county": {"all": {"unknown": 1}}}},
        {"areas": {"county": {"all": {"booked": -1}}}},
        {"areas": {"county": {"all": {"booked": {"to": 7}}}}},
        {"areas": {"county": {"all": {"booked": True}}}},
    ],
)
def test_what_is_no_published_quarter(fault) -> None:
    """A file that is not as the portal writes it is refused."""
    with pytest.raises(ValueError, match=r"\w"):
        Cube.from_json(CUBE.as_json() | fault)


def test_a_report_beside_earlier_quarters() -> None:
    """Last quarter and the same quarter a year ago stand beside it; without a record: none."""
    directory = made.directory()
    report = report_among([CUBE], "2026-Q4", "county", directory)
    assert report is not None
    assert (report.before, report.year_ago) == (None, None)
    assert report.all.figures["held"] == Figure(12)
    assert report.all.figures["came"] == Figure()
    assert report.private is None
    assert [table.kind for table in report.tables(PARTS[1])] == ["programme", "outcome"]
    assert report.table("outcome").lines[0].reading == OUR_READING
    assert "Marmot objectives B, C, D" in report.table("outcome").lines[0].links
    assert {measure.name for _, measure, _ in report.rows()} == {one.name for one in MEASURES}
    assert report_among([CUBE], "2026-Q3", "county", directory) is None


def test_lines_and_their_words() -> None:
    """Each kind of line has words, and each measure an explanation."""
    directory = made.directory()
    assert line_label("programme:long-gone", directory) == "Long gone"
    assert line_label("outcome:3", directory).startswith("Outcome 3: Families")
    assert {measure.name for measure in measures_of("private")} == {"booked"}
    assert areas_of(directory)[0] == "county"
    assert all(measure.explanation.endswith(".") for measure in MEASURES)
    assert list(KINDS)


def test_the_links_of_outcomes() -> None:
    """The plan's list of criteria counts its heading as 1: crime is 1, health is 6."""
    assert set(OUTCOME_LINKS) == set(OUTCOMES)
    for links in OUTCOME_LINKS.values():
        assert set(links.marmot) <= set(MARMOT)
        assert set(links.criteria) <= set(TFU_CRITERIA)
    assert "crime" in TFU_CRITERIA[1]
    assert "health" in TFU_CRITERIA[6]
    assert outcome_links("outcome:1") == (
        "Marmot objectives A, B, C, D, E, F. Troubled Families criteria 1, 3, 5."
    )
    assert outcome_links("need:send") == ""
