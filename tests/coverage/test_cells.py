"""Sessions are sorted into cells by place, by the ages that they are for, and by time."""

from dataclasses import replace
from datetime import date

import pytest

from portal.coverage.cells import (
    LEVEL_WORDS,
    NOT_SAID,
    PARTS,
    PLAN,
    WHEN,
    WHOM,
    WORDS,
    Cell,
    Coverage,
    part_of,
)
from portal.directory import AGE_BANDS, Directory, District, Footprint
from portal.directory.outline import Outline
from portal.directory.values import Position
from portal.directory.vocabularies import LEVELS
from tests.support import made

PREGNANCY = AGE_BANDS[0]


def cells_of(directory: Directory) -> dict[tuple[str, str], int]:
    """The cells with sessions, by age band and part of the week."""
    return {
        (cell.band.slug, cell.part): len(cell.sessions)
        for cell in Coverage.of(directory).cells
        if cell.sessions
    }


@pytest.mark.parametrize(
    ("starts", "time", "part"),
    [
        ("2027-01-12", "16:59-18:30", "weekday"),
        ("2027-01-12", "17:00-18:30", "evening"),
        ("2027-01-09", "18:00-19:00", "weekend"),
        ("2027-02-16", "18:00-19:00", "holiday"),
        ("2027-02-20", "10:00-11:00", "weekend"),
        # The terms of this directory end on 25 March: what comes later is not known.
        ("2027-03-30", "10:00-11:00", "weekday"),
    ],
)
def test_each_session_is_in_one_part_of_the_week(starts: str, time: str, part: str) -> None:
    """Weekends come first, then the school holidays that are known, then evenings from 5pm."""
    directory = made.directory({"starts": starts, "time": time, "repeats": "once"})
    assert part_of(directory.series[0].all_sessions[0], directory) == part
    assert cells_of(directory) == {("pregnancy", part): 1}


def test_thirteen_weeks_from_today() -> None:
    """The first day is today, and the last is 13 weeks of days later."""
    directory = made.directory(
        {"starts": "2027-01-04", "repeats": "weekly", "bank_holidays": "run"}
    )
    coverage = Coverage.of(directory)
    assert (coverage.first, coverage.last) == (date(2027, 1, 4), date(2027, 4, 4))
    assert [one.day for one in coverage.sessions_in()][::12] == [
        date(2027, 1, 4),
        date(2027, 3, 29),
    ]


def test_what_is_cancelled_postponed_or_withdrawn_does_not_count() -> None:
    """Only sessions that are on count, on the day to which they moved."""
    changes = [
        {"date": "2027-01-12", "cancelled": "Illness"},
        {"date": "2027-01-19", "postponed": "Snow"},
        {"date": "2027-01-26", "moved_to": "2027-01-30 10:00-12:00"},
        {"date": "2027-02-02", "moved_to": "2027-05-04 10:00-12:00"},
    ]
    assert cells_of(made.directory({"sessions": "5", "changes": changes})) == {
        ("pregnancy", "weekday"): 1,
        ("pregnancy", "weekend"): 1,
    }
    assert cells_of(made.directory({"withdrawn": "No leader"})) == {}


def test_a_group_counts_in_each_band_that_it_is_for() -> None:
    """A group without ages of children is in no band, as on the pages of ages, but in its area."""
    directory = made.directory({"ages": ["pregnancy", "0-18 months"], "sessions": "2"})
    assert {band for band, _ in cells_of(directory)} == {"pregnancy", "babies", "toddlers"}
    nobody = made.directory({"sessions": "2"})
    nobody.series[0].link(ages=())
    assert cells_of(nobody) == {}
    assert Coverage.of(nobody).amount(nobody.districts[0]) == (1, 2, 4.0)


def test_sessions_count_where_they_are_held() -> None:
    """A venue away counts in the district that it is in, as far as its position says so."""
    directory = made.directory({"sessions": "1", "venue": {"name": "Hall", "town": "Fulwood"}})
    south_ribble = District.model_validate(
        {"slug": "south", "title": "South", "code": "E1", "latitude": "53", "longitude": "-2.5"}
    )
    county = Footprint.model_validate({"slug": "preston", "title": "Preston", "districts": []})
    county = county.model_copy(update={"districts": (*directory.districts, south_ribble)})
    west = ((53.7, -2.8), (53.8, -2.8), (53.8, -2.7), (53.7, -2.7), (53.7, -2.8))
    east = ((53.7, -2.7), (53.8, -2.7), (53.8, -2.6), (53.7, -2.6), (53.7, -2.7))
    outline = Outline((west, east), {"preston": ((0,),), "south": ((1,),)}, ())
    parts = {name: getattr(directory, name) for name in Directory.model_fields}
    for position, slug in {
        Position(53.75, -2.75): "preston",
        Position(53.75, -2.65): "south",
        # The middle of a postcode district, a place at sea, and one that is not known.
        Position(53.75, -2.65, "outcode"): "preston",
        Position(53.75, -3.65): "preston",
        None: "preston",
    }.items():
        known = Directory.of(**{**parts, "footprints": (county,), "outline": outline})
        (session,) = known.series[0].all_sessions
        known.series[0].link(
            all_sessions=(replace(session, venue=replace(session.venue, position=position)),)
        )
        coverage = Coverage.of(known)
        held = {one.slug: len(coverage.sessions_in(one)) for one in known.districts}
        assert held == {"preston": slug == "preston", "south": slug == "south"}
        assert len(coverage.sessions_in(county)) == 1


def test_a_copy_of_a_directory_has_a_coverage_of_its_own() -> None:
    """What is remembered belongs to one Directory: a copy may hold other series."""
    directory = made.directory({"sessions": "2"})
    assert Coverage.of(directory) is Coverage.of(directory)
    assert len(Coverage.of(directory).sessions_in()) == 2
    assert not Coverage.of(directory.model_copy(update={"series": ()})).sessions_in()


def test_the_words_of_a_cell_rise_with_its_sessions() -> None:
    """Each number of sessions has one word and one shade, and 'none' means none."""
    directory = made.directory({"sessions": "1"})
    (session,) = directory.series[0].all_sessions
    seen = [
        (word, cell.shade)
        for number, word in ((0, "none"), (1, "very few"), (5, "very few"), (6, "few"),
                             (12, "few"), (13, "some"), (51, "some"), (52, "many"), (999, "many"))
        for cell in [Cell(directory.districts[0], PREGNANCY, "weekday", (session,) * number)]
        if cell.word == word
    ]  # fmt: skip
    assert [shade for _, shade in seen] == [0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert [word for word, _ in WORDS] == [*dict(seen)]


def test_an_area_is_summed_by_every_line_that_is_known() -> None:
    """A line without a session stays, so that a reader sees what is missing."""
    directory = made.directory({"language": "ur", "sessions": "2"})
    coverage = Coverage.of(directory)
    for area in (None, directory.districts[0], directory.footprints[0]):
        languages = coverage.languages(area)
        assert languages["Urdu"] == (1, 2, 4.0)
        assert languages["English"] == (0, 0, 0.0)
        # This programme has no level in its file.
        assert coverage.levels(area) == {
            "universal": (0, 0, 0.0), "targeted": (0, 0, 0.0), NOT_SAID: (1, 2, 4.0),
        }  # fmt: skip
        assert coverage.outreach(area)["At a centre"] == coverage.amount(area)
        assert sum(one.sessions for one in coverage.parts(area).values()) == 2


def test_vocabularies_agree() -> None:
    """The plan's shares and the words of levels are about the levels that content knows."""
    assert tuple(PLAN) == tuple(LEVEL_WORDS) == LEVELS
    assert sum(PLAN.values()) == 100
    assert [*PARTS] == [*WHEN] == ["weekday", "evening", "weekend", "holiday"]
    assert [*WHOM] == [band.slug for band in AGE_BANDS]


def test_needs_and_outcomes_are_our_reading_until_somebody_has_signed_them() -> None:
    """A programme says who has agreed its needs and outcomes, or that nobody has."""
    (programme,) = made.directory().programmes
    assert programme.reading == "Our reading of the plan"
    signed = programme.model_copy(update={"signed": "Head of service, 1 December 2026"})
    assert signed.reading == "Agreed: Head of service, 1 December 2026"
