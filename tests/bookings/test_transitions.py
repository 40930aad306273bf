"""A cancellation by mistake can be taken back, until the place is given away. On both databases."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from portal import bookings, database
from portal.bookings import Full, personal_data, places
from portal.bookings.locking import NotPossible
from portal.database import audit, tables
from tests.bookings.test_booking import SECRET, book, family, owed, status
from tests.support import made
from tests.support.made import NOW


def revision(engine: Engine, booking: bookings.Booking) -> int:
    return bookings.get(engine, booking.id, SECRET).revision


def test_a_cancellation_by_mistake_is_taken_back(engine: Engine) -> None:
    """The place, its reminder and its calendar entry are back; a second press changes nothing."""
    directory = made.directory({"places": "1"})
    own = book(engine, directory, family(0))
    bookings.cancel(engine, directory, own.id, now=NOW)
    cancelled = revision(engine, own)
    possible = bookings.restorable(engine, directory, own.id, now=NOW)
    for _ in range(2):
        bookings.restore(engine, directory, own.id, now=NOW)

    assert possible
    assert status(engine, own) == "confirmed"
    assert bookings.get(engine, own.id, SECRET).was == ""
    assert revision(engine, own) == cancelled + 1
    assert owed(engine, own.id).count("confirmation") == 1
    assert "reminder" in owed(engine, own.id)
    assert "cancelled-by-you" not in owed(engine, own.id)
    assert places.left(engine, directory.series[0]) == 0
    assert places.verify(engine) == []
    assert [line.action for line in audit.log(engine)].count("restore") == 1


@pytest.mark.parametrize("waits", [True, False])
def test_a_place_that_was_given_away_does_not_come_back(engine: Engine, waits: bool) -> None:
    """Offered to the waiting list or booked by another family, it is theirs."""
    directory = made.directory({"places": "1"})
    own = book(engine, directory, family(0))
    if waits:
        book(engine, directory, family(1))
    bookings.cancel(engine, directory, own.id, now=NOW)
    if not waits:
        book(engine, directory, family(1))

    assert not bookings.restorable(engine, directory, own.id, now=NOW)
    with pytest.raises(Full):
        bookings.restore(engine, directory, own.id, now=NOW)
    assert status(engine, own) == "cancelled"
    assert places.verify(engine) == []


def test_a_request_that_was_taken_back_is_open_again(engine: Engine) -> None:
    """A request takes no place, so it can always be opened again; staff see it again."""
    directory = made.directory({"booking": "request"}, way="request")
    run = book(engine, directory, family(0))
    programme = bookings.ask(
        engine, directory.programmes[0], family(1), key="k" * 16, secret=SECRET, now=NOW
    )
    for own in (run, programme):
        bookings.cancel(engine, directory, own.id, now=NOW)
        bookings.restore(engine, directory, own.id, now=NOW)

        assert status(engine, own) == "requested"
        assert owed(engine, own.id)[-1] == "request-received"
    assert places.verify(engine) == []


@pytest.mark.parametrize("how", ["staff", "erased", "past", "off", "waited", "gone"])
def test_what_the_family_did_not_cancel_itself_does_not_come_back(engine: Engine, how: str) -> None:
    """Staff's cancellation stands, and so does what is erased, past, called off or a wait."""
    directory = made.directory({"places": "1"})
    own, now = book(engine, directory, family(0)), NOW
    if how == "waited":
        own = book(engine, directory, family(1))
    given = {"actor": "staff:1", "wished": False, "reason": "Ill"} if how == "staff" else {}
    bookings.cancel(engine, directory, own.id, now=NOW, **given)
    if how == "erased":
        personal_data.erase(engine, directory, own.id, now=NOW)
    elif how == "past":
        now = NOW + timedelta(days=365)
    elif how == "off":
        directory = made.directory({"places": "1", "withdrawn": "The leader has left"})
    elif how == "gone":
        directory = made.directory()
        directory.series[0].link(slug="other")

    assert not bookings.restorable(engine, directory, own.id, now=now)
    with pytest.raises(NotPossible):
        bookings.restore(engine, directory, own.id, now=now)


def test_a_place_is_taken_back_or_booked_by_another_and_never_both(engine: Engine) -> None:
    """S20: families that book and the family that comes back at once share one lock."""
    directory = made.directory({"places": "1", "waiting_list": "no"})
    own = book(engine, directory, family(0))
    bookings.cancel(engine, directory, own.id, now=NOW)
    outcomes: list[str] = []

    def attempt(work) -> None:
        try:
            work()
            outcomes.append("had")
        except Full:
            outcomes.append("full")

    def other(number: int) -> None:
        attempt(lambda: book(engine, directory, family(number), key=f"restore-{number}"))

    def back() -> None:
        attempt(lambda: bookings.restore(engine, directory, own.id, now=NOW))

    threads = [threading.Thread(target=other, args=(n,)) for n in range(1, 9)]
    threads.insert(4, threading.Thread(target=back))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read(engine) as connection:
        held = connection.execute(tables.bookable.select()).one().held

    assert sorted(outcomes) == ["full"] * 8 + ["had"]
    assert held == 1
    assert places.verify(engine) == []
