"""One state of a series and of a session, and the moments at which it changes."""

from datetime import UTC, datetime

import pytest

from portal.directory.state import (
    lasting_words,
    phases,
    place_is_for,
    places_in_row,
    places_words,
    state_of,
)
from tests.support import made

NOW = made.NOW
LATER = [{"date": "2027-01-12", "postponed": "The leader is ill"}]
OFF = [{"date": "2027-01-12", "cancelled": "The leader is ill"}]


def at(*given):
    return datetime(2027, *given, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {},
            [
                ("Book a place", None),
                ("Started: ask us", at(1, 12, 10)),
                ("Over", at(2, 16, 12)),
            ],
        ),
        (
            {"opens": "2027-01-05 09:00", "closes": "2027-01-08"},
            [
                ("Book from 5 January, 9am", None),
                ("Book a place", at(1, 5, 9)),
                ("Booking has closed", at(1, 9)),
                ("Started: ask us", at(1, 12, 10)),
                ("Over", at(2, 16, 12)),
            ],
        ),
        ({"booking": "drop-in", "repeats": "weekly"}, [("Drop in", None)]),
        (
            {"booking": "request", "opens": "2027-01-06"},
            [
                ("Ask from 6 January", None),
                ("Ask for a place", at(1, 6)),
                ("Started: ask us", at(2, 16, 10)),
                ("Over", at(2, 16, 12)),
            ],
        ),
        ({"withdrawn": "The leader has left."}, [("Cancelled", None)]),
        ({"repeats": "once", "changes": LATER}, [("Postponed", None), ("Over", at(7, 14, 11))]),
        (
            {"sessions": "2", "changes": LATER},
            [
                ("Book a place", None),
                ("Started: ask us", at(1, 19, 10)),
                ("Postponed", at(1, 19, 12)),
                ("Over", at(7, 14, 11)),
            ],
        ),
        ({"repeats": "once", "changes": OFF}, [("Cancelled", None), ("Over", at(1, 12, 12))]),
    ],
)
def test_the_phases_of_a_series(fields, expected):
    """A series has one state at each moment, and every moment at which it changes is known."""
    series = made.directory(fields).series[0]
    found = phases(series, None, NOW)

    assert [(one.state.words, one.begins) for one in found] == expected
    assert [one.ends for one in found] == [*(moment for _, moment in expected[1:]), None]


def test_a_phase_is_the_state_at_every_moment_of_it():
    """What a page will change over to is what the booking page then says."""
    series = made.directory({"opens": "2027-01-05 09:00", "closes": "2027-01-08"}).series[0]

    for phase in phases(series, None, NOW):
        assert state_of(series, None, phase.begins or NOW) == phase.state


def test_a_session_has_a_state_of_its_own():
    """Where single dates are booked, one that has begun is too late, and the next is open."""
    series = made.directory({"book": "session"}).series[0]
    first, second = series.sessions[:2]
    now = at(1, 12, 10)

    assert state_of(series, first, now).kind == "started"
    assert state_of(series, second, now).kind == "open"
    assert [one.state.kind for one in phases(series, first, NOW, until=first.ends)] == [
        "open",
        "started",
    ]


def test_words_for_paper_say_until_when_they_are_true():
    """What is printed, or shown without a script, gives the day by which to book."""
    course = made.directory({}).series[0]
    closing = made.directory({"closes": "2027-01-08"}).series[0]

    assert phases(course, None, NOW)[0].dated == "Book a place by 12 January, 10am"
    assert phases(closing, None, NOW)[0].dated == "Book a place by 8 January"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"booking": "drop-in"}, "Come along. You do not need to book."),
        ({"until": "2027-03-30"}, "Book a place on our page."),
        (
            {},
            "Book a place on our page until 10am on Tuesday 12 January 2027. After that, ask us.",
        ),
        (
            {"opens": "2027-01-05 09:00", "closes": "2027-01-08"},
            "Book a place on our page from 9am on Tuesday 5 January 2027 to the end of "
            "Friday 8 January 2027. After that, ask us.",
        ),
        ({"withdrawn": "The leader has left."}, ""),
    ],
)
def test_words_that_stay_true(fields, expected):
    """A calendar keeps its text for months, so it gives moments and no state of one day."""
    assert lasting_words(made.directory(fields).series[0]) == expected


def test_words_for_places_left():
    """The live part says how many places are left, when there are few, and when it is full."""
    said = [places_words(left, waiting_list=True) for left in (0, 1, 3, 4)]

    assert said == [
        "Full: join the waiting list",
        "Only 1 place left",
        "Only 3 places left",
        "4 places left",
    ]
    assert places_words(0, waiting_list=False) == "Full"


@pytest.mark.parametrize(
    ("place_for", "sentence", "rows"),
    [
        (
            "family",
            "One place is for the whole family.",
            ["1 place left, for a whole family", "2 places left, each for a whole family"],
        ),
        (
            "person",
            "Each person needs a place.",
            ["1 place left, for one person", "2 places left, each for one person"],
        ),
    ],
)
def test_a_number_of_places_says_who_comes_on_one(place_for, sentence, rows):
    """A place is one family's, or one person's: pages say which in a sentence, rows in brief."""
    series = made.directory({"place_for": place_for}).series[0]

    assert place_is_for(series) == sentence
    assert [places_in_row(series, left) for left in (1, 2)] == rows
