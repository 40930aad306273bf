"""What readers of the counts can work out: tried with all small numbers."""

import itertools
from collections import defaultdict

import pytest

from portal.bookings import counts
from portal.bookings.disclosure import SMALLEST, UNDER, Figure, largest, safe, total
from portal.bookings.registers import Tally
from tests.support import made

SMALL = range(1, SMALLEST)
JANUARY, FEBRUARY = 1, 2


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ((), "0"),
        ((0, 0), "0"),
        ((3,), UNDER),
        ((3, 4), UNDER),  # not 7: there are two small sessions
        ((5, 7, 8, 12), "30"),
        ((12, 4), "10+"),
        ((1200, 0), "1,200"),
    ],
)
def test_the_words(numbers, shown):
    """Under 5 is left out, the rest rounded to 5, and a sum says if something was left out."""
    assert total(safe(one) for one in numbers).words == shown


def test_the_same_families_count_once():
    """The largest of the sessions; a small one beside a larger one does not show."""
    assert largest([safe(7), safe(3), safe(8)]) == Figure(10)
    assert largest([safe(0), safe(3)]).words == UNDER
    assert largest([]) == Figure()


class County:
    """Two centres: the reader's own with a session in January, and another one with a session in
    January and two in February.
    """

    def __init__(self):
        directory = made.directory(
            {}, {"starts": "2027-01-26", "sessions": "3"}, other_centres=["x"]
        )
        self.own, self.other = directory.centres
        mine, theirs = directory.series
        self.sessions = [mine.all_sessions[0], *theirs.all_sessions]

    def view(self, tallies):
        """All tables that all staff can get: lines, totals and files by month, and of a quarter."""
        counted = {
            (one.series.identity, one.planned): tally
            for one, tally in zip(self.sessions, tallies, strict=True)
        }
        seen, everything = [], []
        for month in (JANUARY, FEBRUARY):
            held = [
                (centre, [one for one in sessions if one.day.month == month])
                for centre, sessions in (
                    (self.own, self.sessions[:1]),
                    (self.other, self.sessions[1:]),
                )
            ]
            lines = counts.lines_of_centres(counted, held)
            everything += lines
            seen += [[one.words for one in lines], counts.csv(lines, first="Centre")]
        return repr([*seen, counts.totals(everything)])


@pytest.fixture(scope="module")
def county():
    return County()


def seen_by(county, worlds, tallies_of):
    """The worlds that give the reader the same tables."""
    alike = defaultdict(list)
    for world in worlds:
        alike[county.view([tallies_of(one) for one in world])].append(world)
    return alike.values()


def test_a_small_number_could_be_each_of_1_to_4(county):
    """To a reader of all tables who knows her own register, each number of 1 to 4 elsewhere could
    still be 1, 2, 3 or 4, whatever the other numbers are.
    """
    own = 4  # the families of her own session, whom she knows
    worlds = [(own, *others) for others in itertools.product(range(9), repeat=3)]
    for alike in seen_by(county, worlds, lambda number: Tally(booked=number)):
        for at in range(1, len(county.sessions)):
            possible = {world[at] for world in alike}
            assert not possible & {*SMALL} or possible >= {*SMALL}


def test_months_do_not_give_a_small_group_away(county):
    """Somebody who knows that a course has the same families at each session, and its dates, cannot
    divide a sum by the number of sessions.
    """
    worlds = [(4, number, number, number) for number in range(40)]
    for alike in seen_by(county, worlds, lambda number: Tally(booked=number, waiting=number)):
        possible = {world[1] for world in alike}
        assert not possible & {*SMALL} or possible >= {*SMALL}
        assert len(possible) > 1 or possible == {0}


def test_columns_do_not_give_differences_away(county):
    """A reader who knows how many families booked still cannot work out that 1, 2, 3 or 4 of them
    did not come.
    """
    none = (0, 0)
    worlds = [
        (none, (booked, came), none, none) for booked in range(26) for came in range(booked + 1)
    ]
    alike = seen_by(county, worlds, lambda pair: Tally(booked=pair[0], came=pair[1]))
    for worlds in alike:
        assert is_open(booked - came for _, (booked, came), *_ in worlds)
        for known in {booked for _, (booked, _), *_ in worlds if booked >= SMALLEST}:
            assert is_open(known - came for _, (booked, came), *_ in worlds if booked == known)


def is_open(possible):
    """Whether these possible values of one number leave it open, if it may be a small one."""
    values = {*possible}
    return len(values) > 1 or not values & {*SMALL}
