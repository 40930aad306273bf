"""How many families hear of a change before it is made is how many do when it is made."""

from dataclasses import replace

import pytest

from portal import bookings, database
from portal.bookings import Family, content_changes, ring_list
from portal.bookings.change_reach import Reach, reach_of_change
from portal.database.tables import message
from tests.bookings.test_booking import KEYS
from tests.support import made
from tests.support.databases import new_sqlite

BY_EMAIL = Family("Ellen Email", "ellen@example.org", None, "email", True)
BY_TEXT = Family("Tess Text", None, "07700 900123", "text", True)
BY_CALL = Family("Carol Call", None, "01772 900111", "call", False)
QUIET = Family("Quinn Quiet", "quinn@example.org", None, "none", False)
UNSAFE = Family("Una Unsafe", "una@example.org", "01772 900333", "email", False)
DAY = "2027-01-12"
OFF = {"changes": [{"date": DAY, "cancelled": "Snow"}]}


@pytest.fixture
def engine(tmp_path):
    found = database.connect(new_sqlite(tmp_path / "portal.db"))
    yield found
    found.dispose()


def book(engine, directory, *families, planned=""):
    run = directory.series[0]
    session = next((one for one in run.all_sessions if one.anchor == planned), None)
    for who in families:
        bookings.book(
            engine, run, who, key=next(KEYS), secret="s" * 32, now=made.NOW, session=session
        )


def numbers(reach):
    return {way: getattr(reach, way) for way in ("email", "text", "ring", "quiet")}


def announced(engine, directory):
    """The states of the messages about the change, once it is published."""
    later = made.NOW.replace(hour=11)
    content_changes.announce_changes(engine, directory, now=later)
    content_changes.end_waits_for_cancelled(engine, directory, now=later)
    with database.read(engine) as connection:
        rows = connection.execute(message.select().where(message.c.created == later)).all()
    return [row.state for row in rows if row.kind != "reminder"]


@pytest.mark.parametrize("book_by", ["series", "session"])
def test_the_numbers_before_are_those_afterwards(engine, book_by):
    """Each family counts once and in the way that `announce_changes` takes; quiet ones apart."""
    fields = {"book": book_by}
    before, after = made.directory(fields), made.directory({**fields, **OFF})
    families = (BY_EMAIL, BY_TEXT, BY_CALL, QUIET, UNSAFE)
    book(engine, before, *families, planned=DAY if book_by == "session" else "")
    found = reach_of_change(engine, after.series[0], [DAY], now=made.NOW)

    assert numbers(found) == {"email": 1, "text": 1, "ring": 1, "quiet": 2}
    states = announced(engine, after)
    assert (states.count("owed"), states.count("ring")) == (2, 3)
    assert sum(map(ring_list.contactable, families)) == 3


def test_a_wait_counts_only_if_nothing_is_left(engine):
    """Who waits for one date that is cancelled hears of it; who waits for a course does not."""
    for book_by, number in (("series", 0), ("session", 1)):
        fields = {"book": book_by, "places": "1"}
        before, after = made.directory(fields), made.directory({**fields, **OFF})
        book(engine, before, BY_EMAIL, BY_TEXT, planned=DAY if book_by == "session" else "")
        found = reach_of_change(engine, after.series[0], [DAY], now=made.NOW)
        assert (found.waiting, found.email) == (number, 1)


def test_a_family_with_two_bookings_counts_once(engine):
    """Two dates of a day, in one group or in two, are one family to tell, as on the list to ring;
    one that asked for another way the second time is told in both."""
    fields = {"book": "session"}
    before, after = made.directory(fields, fields), made.directory(fields | OFF, fields | OFF)
    for series in before.series:
        for who in (BY_CALL, BY_EMAIL):
            session = next(one for one in series.all_sessions if one.anchor == DAY)
            bookings.book(
                engine, series, who, key=next(KEYS), secret="s" * 32, now=made.NOW, session=session
            )
    book(engine, before, replace(BY_EMAIL, contact_by="none", safe_to_contact=False), planned=DAY)
    both = [reach_of_change(engine, one, [DAY], now=made.NOW) for one in after.series]

    assert numbers(sum(both, Reach())) == {"email": 1, "text": 0, "ring": 1, "quiet": 1}
