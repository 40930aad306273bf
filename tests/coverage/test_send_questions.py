"""The five questions of families with SEND have answers that are true of the Directory."""

import re
from datetime import timedelta

import pytest

from portal.coverage.cells import Coverage
from portal.coverage.reach import Reach
from portal.coverage.send_questions import Answer, answers
from portal.directory import Directory, Series
from portal.directory.values import distance


def asked(directory: Directory, series: tuple[Series, ...] | None = None) -> tuple[Answer, ...]:
    """The answers for these public series, or for those of the Directory."""
    parts = {name: getattr(directory, name) for name in Directory.model_fields}
    if series is not None:
        directory = Directory.of(**{**parts, "series": series})
    coverage = Coverage.of(directory)
    return answers(directory, coverage, Reach.of(directory, coverage))


@pytest.fixture(scope="module")
def shipped(shipped_directory):
    return asked(shipped_directory)


def sessions_of(directory: Directory):
    """The sessions of the offer for SEND that are on in the next 91 days."""
    last = directory.today + timedelta(days=90)
    return [
        one
        for series in directory.series
        if series.programme.offer == "send" and series.ages
        for one in series.all_sessions
        if one.is_on and directory.today <= one.day <= last
    ]


def test_five_questions_with_figures(shipped):
    """Each is answered with a figure and a sentence, and leads to what is there."""
    assert len(shipped) == 5
    for answer in shipped:
        assert answer.question.startswith("Is there a SEND group ")
        assert answer.question.endswith("?")
        assert answer.words.endswith(".")
        assert re.search(r"\d|less than a mile|none", answer.figure)
        assert answer.series or not answer.yes
        assert all(one.programme.offer == "send" for one in answer.series)


def test_counts_are_those_of_the_sessions(shipped, shipped_directory):
    """Weekends and holidays count what is held then, in the district in which it is held."""
    found = sessions_of(shipped_directory)
    weekends = [
        one
        for one in found
        if one.day.weekday() > 4
        and any(a.first < 16 * 12 and a.end > 11 * 12 for a in one.series.ages)
    ]
    _, valley, weekend, holidays, _ = shipped
    districts = {one.series.centre.district for one in weekends}
    number = f"{len(weekends)} sessions in 13 weeks, in {len(districts)} of 12 districts"
    assert weekend.figure == number
    for one in shipped_directory.districts:
        few = 2 * len(districts) < 12
        named = one.title in weekend.words
        assert named is ((one.slug in districts) is few), "the shorter list is named"
    assert {*weekend.series} == {one.series for one in weekends}
    here = [one for one in found if one.series.centre.district == "ribble-valley"]
    assert valley.figure == f"{len(here)} sessions in 13 weeks"
    terms = [(term.first, term.last) for term in shipped_directory.terms.terms]
    off = [
        one
        for one in found
        if one.day.weekday() < 5 and not any(a <= one.day <= b for a, b in terms)
    ]
    assert holidays.yes is bool(off)
    assert {*holidays.series} == {one.series for one in off}
    places = {one.series.centre.district for one in off}
    assert 0 < 2 * len(places) < 12
    assert (weekend.said, holidays.said) == ("Yes", "In part")


@pytest.mark.parametrize(
    ("number", "towns"),
    [(0, ("Longridge", "Grimsargh", "Preston")), (4, ("Lytham St Annes", "Fleetwood"))],
)
def test_a_place_far_from_every_group_makes_the_answer_no(
    shipped, shipped_directory, number, towns
):
    """Near is within 5 miles of each of the places that families named."""
    at = {one.name: one.position for one in shipped_directory.settlements}
    venues = {one.venue.position for one in sessions_of(shipped_directory)}
    known = [one for one in venues if one and one.precision not in ("outcode", "district")]
    away = {town: min(distance(at[town], one) for one in known) for town in towns}
    assert shipped[number].yes is (max(away.values()) <= 5)
    assert shipped[number].figure.endswith(f" from {max(away, key=away.get)}")
    # The groups that it leads to are those nearby.
    assert len(shipped[number].series) <= sum(miles <= 5 for miles in away.values())
    none = asked(shipped_directory, ())[number]
    assert (none.yes, none.figure, none.series) == (False, "none", ())


def test_a_course_for_parents_is_no_group_for_children(shipped, shipped_directory):
    """What names no ages of children decides no answer, and is counted apart; ages are said."""
    every = shipped_directory.series
    send = [one for one in every if one.programme.offer == "send"]
    parents = tuple(one for one in send if not one.ages)
    children = tuple(one for one in send if one.ages)
    assert parents
    assert children
    for with_parents, without, alone in zip(
        shipped, asked(shipped_directory, children), asked(shipped_directory, parents), strict=True
    ):
        assert (with_parents.yes, with_parents.figure, with_parents.series) == (
            without.yes, without.figure, without.series
        )  # fmt: skip
        assert not alone.yes
        assert not alone.series
        assert "for parents alone" not in without.words
    assert "Not counted: 1 group for parents alone." in shipped[4].words
    for answer in (one for one in shipped if one.series):
        first = answer.series[0].ages[0].words  # of the age range of the next group
        assert first in answer.words, answer.question


def test_what_may_be_near_is_not_denied(shipped_directory):
    """A group at a place known only roughly makes an answer not known, not no, and is said."""
    group = shipped_directory.find_series("ribbleton/send-sundays")
    assert group.usual_venue.position.precision == "outcode"
    near, *_, coast = asked(shipped_directory, (group,))
    assert (near.yes, near.said, near.series) == (None, "Not known", ())
    assert "Left out: 1 group at a place that we know only roughly." in near.words
    assert (coast.yes, coast.said) == (False, "No")


def test_nothing_is_said_in_words(shipped_directory):
    """Without any group each answer is no, and says so in a sentence."""
    for answer in asked(shipped_directory, ()):
        assert not answer.yes
        assert re.search(r"[Nn]one in the county|^Nothing in the next 13 weeks", answer.words)


def test_a_private_group_never_counts(shipped_directory):
    """S100: answers with and without groups of sensitive programmes are the same."""
    series = shipped_directory.series
    withheld = [one for one in series if one.programme.offer == "send"]
    kept = tuple(one for one in series if one not in withheld)
    parts = {name: getattr(shipped_directory, name) for name in Directory.model_fields}
    private = Directory.of(**{**parts, "series": kept, "private_series": tuple(withheld)})
    assert withheld
    assert asked(private) == asked(shipped_directory, kept)
    assert asked(shipped_directory) != asked(private)


def test_questions_about_places_that_are_not_known_are_left_out(directory):
    """Another county, or a small sample, has only the questions that can be answered of it."""
    questions = [answer.question for answer in asked(directory)]
    assert "Is there a SEND group in the school holidays?" in questions
    known = {one.name for one in directory.settlements}
    assert any("Fylde coast" in one for one in questions) == bool(
        known & {"Lytham St Annes", "Fleetwood"}
    )
