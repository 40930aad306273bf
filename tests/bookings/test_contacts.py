"""Contacts on outreach: numbers by age band, counted by a team at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, inspect, select

from portal import database
from portal.bookings import contacts, counts, registers
from portal.bookings.contacts import COUNTERS, counter_named
from portal.bookings.disclosure import UNDER
from portal.bookings.locking import NotPossible
from portal.database import tables
from tests.support import made

TEENS = counter_named("young:secondary-school")
PARENTS = counter_named("parents:")
AREA = {"area": "around Preston's parks", "town": "Preston"}
DAY = datetime(2027, 1, 12, 18, tzinfo=UTC)
STAFF = "staff:7"
keys = (f"a key of sixteen signs {number}" for number in range(10**6))


@pytest.fixture(scope="module")
def directory():
    return made.directory({"booking": "drop-in", "places": None, "venue": AREA})


@pytest.fixture
def session(directory):
    return directory.series[0].all_sessions[0]


def add(engine, session, changes, *, key=None, now=DAY):
    contacts.add(engine, session, changes, key=key or next(keys), now=now, actor=STAFF)


def number(engine, session, counter=TEENS):
    return contacts.of(engine, session).of(counter)


def test_what_is_counted_adds_up(engine: Engine, session) -> None:
    """Each form adds to what is there; a number never falls below 0 or rises above the most."""
    add(engine, session, {TEENS: 3, PARENTS: 1})
    add(engine, session, {TEENS: 2, PARENTS: -5})

    found = contacts.of(engine, session)
    assert (found.of(TEENS), found.of(PARENTS), found.total) == (5, 0, 5)

    add(engine, session, {TEENS: contacts.MOST})
    assert number(engine, session) == contacts.MOST


def test_a_form_that_arrives_twice_counts_once(engine: Engine, session) -> None:
    """The key of a form counts once, however often a phone with a bad signal sends it (S99)."""
    for _ in range(3):
        add(engine, session, {TEENS: 2}, key="the same key of signs")

    assert number(engine, session) == 2


def test_a_team_that_counts_at_once_loses_nothing(engine: Engine, session) -> None:
    """Workers who press at the same moment add up, and the same form sent at once counts once."""
    team = [({TEENS: 1, PARENTS: 1}, next(keys)) for _ in range(12)]
    forms = [*team, *[({TEENS: 10}, "the same key of signs")] * 4]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda one: add(engine, session, one[0], key=one[1]), forms))

    assert number(engine, session) == 12 + 10
    assert number(engine, session, PARENTS) == 12


def test_counting_opens_on_the_day_and_closes_later(engine: Engine, session) -> None:
    """Nothing is counted before the day of a session, nor more than 14 days after it."""
    refused = {DAY - timedelta(days=1): "from", DAY + timedelta(days=15): "closed"}
    for now, words in refused.items():
        with pytest.raises(NotPossible, match=words):
            add(engine, session, {TEENS: 1}, now=now)
    add(engine, session, {TEENS: 1}, now=DAY + timedelta(days=14))

    assert number(engine, session) == 1


def test_nothing_is_counted_at_a_session_that_is_off(engine: Engine) -> None:
    """A cancelled session has no contacts."""
    off = [{"date": "2027-01-12", "cancelled": "Snow"}]
    directory = made.directory({"booking": "drop-in", "venue": AREA, "changes": off})

    with pytest.raises(NotPossible):
        add(engine, directory.series[0].all_sessions[0], {TEENS: 1})


def test_a_series_with_a_new_name_keeps_its_numbers(engine: Engine, session) -> None:
    """What was counted under an old name of a series is part of its numbers, and goes on."""
    add(engine, session, {TEENS: 3})
    given = {"booking": "drop-in", "places": None, "venue": AREA, "aliases": "bump"}
    renamed = made.directory({"booking": "drop-in"}, given).series[1].all_sessions[0]
    add(engine, renamed, {TEENS: 1})
    add(engine, renamed, {TEENS: -2})

    assert renamed.series.identity == "riverbank/bump-1"
    assert number(engine, renamed) == 2


def test_the_tables_have_no_column_for_words(engine: Engine, session) -> None:
    """S99: a count is numbers; no name, no words, no worker and no time of day is kept with it."""
    add(engine, session, {TEENS: 1})
    columns = {one["name"] for one in inspect(engine).get_columns("contact_count")}

    assert columns == {"series", "planned", "kind", "band", "number"}
    assert {one["name"] for one in inspect(engine).get_columns("contact_press")} == {
        "key_hash", "made",
    }  # fmt: skip


def test_keys_are_deleted_when_counting_is_over(engine: Engine, session) -> None:
    """S99: the keys of forms go once no form can arrive any more; the numbers stay."""
    add(engine, session, {TEENS: 4})

    def kept(now):
        database.write(engine, lambda connection: contacts.forget_keys(connection, now))
        with database.read(engine) as connection:
            rows = select(func.count()).select_from(tables.contact_press)
            return connection.execute(rows).scalar_one()

    assert kept(DAY + timedelta(days=14)) == 1
    assert kept(DAY + timedelta(days=17)) == 0
    assert number(engine, session) == 4


def test_the_ages_of_a_series_come_first(directory) -> None:
    """A worker sees the age bands of the series, and parents; the others are folded away."""
    series = made.directory({"ages": "12-19 years"}).series[0]

    assert [one.words for one in contacts.usual(series)] == [
        "Secondary school, 11 to 15", "Young adults, 16 to 25", "Parents",
    ]  # fmt: skip
    assert len(COUNTERS) == 8


def test_contacts_are_in_the_counts(engine: Engine, directory, session) -> None:
    """All staff see safe numbers of each centre by age band, and a centre its own in full."""
    add(engine, session, {TEENS: 7, PARENTS: 2})
    month = session.day.replace(day=1)
    (centre,) = counts.contacts_by_centre(engine, directory, directory.centres, month)
    own = counts.contacts_by_session(engine, directory, directory.centres[0], month)
    file = counts.csv([centre], first="Centre", columns=counts.CONTACT_COLUMNS).decode()

    at = counts.CONTACT_COLUMNS.index
    assert centre.words[at("All contacts")] == "10"
    assert centre.words[at("Secondary school, 11 to 15")] == "5"
    assert centre.words[at("Parents")] == UNDER
    assert own[0].words[at("All contacts")] == "9"
    assert own[0].words[at("Parents")] == "2"
    assert f'"{UNDER}"' in file
    assert registers.tallies(engine, [session])[session.series.identity, session.planned].came == 0
