"""What families were not told is shown to those who can ring them, and to nobody else."""

from datetime import timedelta

import pytest

from portal import bookings, database, messages
from portal.bookings import Family
from portal.database import tables
from tests.support import made
from tests.support.queue import failed_messages
from tests.support.staffed import Staffed

MESSAGES = "/staff/messages"


@pytest.fixture
def place(tmp_path):
    return Staffed(tmp_path, made.directory({}, {"title": "Story time"}))


def book(place, name="Amina Khan", series=0, email="amina@example.org"):
    """A booking of which one message is owed: the confirmation."""
    family = Family(name, email=email, contact_by="email", safe_to_contact=True)
    made = bookings.book(
        place.engine,
        place.directory.series[series],
        family,
        key=f"a key of {name} for {series}",
        secret=place.secret,
        now=place.now,
    )
    reminders = tables.message.delete().where(tables.message.c.kind == "reminder")
    database.write(place.engine, lambda connection: connection.execute(reminders))
    return made


def fail(place, words="The mailbox is full.", state="failed"):
    """All messages as a round of deliveries leaves them."""
    values = {"state": state, "trouble": words, "tries": 9}
    if state == "sent":
        values = {"state": state, "sent": place.now}
    database.write(place.engine, lambda c: c.execute(tables.message.update().values(**values)))


def test_a_failed_message_says_why_and_what_to_do(place):
    """The booking, the group, why, and a button; no words of it, no name and no address."""
    booking = book(place)
    fail(place)
    screen = place.signed_in().open(MESSAGES)

    assert "Not delivered: 1 Waiting to go out: 0 Sent: 0" in screen
    assert f"Booking {booking.reference}" in screen
    assert "“You have a place”" in screen
    assert "Bump, Birth and Beyond, Riverbank" in screen
    assert "The mailbox is full." in screen
    assert "First tried 9am on Monday 4 January 2027" in screen
    assert "Amina" not in screen.html
    assert "amina@example.org" not in screen.html


@pytest.mark.parametrize(
    ("state", "show", "words"),
    [("sent", "sent", "Sent 9am on"), ("owed", "owed", "Goes out 9am on")],
)
def test_what_is_sent_and_what_is_owed(place, state, show, words):
    """Each in its list; only what failed can be tried again."""
    book(place)
    fail(place, "", state)
    screen = place.signed_in().open(f"{MESSAGES}?show={show}")

    assert words in screen
    assert "Try again" not in screen


def test_trying_again_owes_it_anew(place):
    """Once, however often it is pressed; the log says who did it."""
    book(place)
    fail(place)
    browser = place.signed_in()
    screen = browser.open(MESSAGES)
    first = screen.press(f"Try again: booking {_reference(place)}")
    second = screen.press(f"Try again: booking {_reference(place)}")

    assert "It will be sent again" in first
    assert "Nothing had to be done" in second
    assert failed_messages(place.engine) == []
    assert place.log().count((browser.staff.actor, "send again")) == 1


def _reference(place):
    with database.read(place.engine) as connection:
        return connection.execute(tables.booking.select()).first().reference


def test_all_of_them_at_once(place):
    """After the mail server was away: those of one's own centres."""
    for number in range(3):
        book(place, f"Family {number}", number % 2)
    fail(place)
    screen = place.signed_in().open(MESSAGES).press("Try all of them again")

    assert "They will be sent again" in screen
    assert "Waiting to go out: 3" in screen
    assert failed_messages(place.engine) == []


def test_other_centres_see_nothing_of_it(place):
    """S30: neither the line nor the button."""
    book(place)
    fail(place)
    [failed] = failed_messages(place.engine)
    other = place.signed_in(centres=["harbour"])
    one = other.send(f"{MESSAGES}/{failed.id}/again", {"csrf_token": other.token})
    every = other.send(f"{MESSAGES}/again", {"csrf_token": other.token})

    assert "Not delivered: 0" in other.open(MESSAGES)
    assert "No message has failed." in other.open(MESSAGES)
    assert (one.status, every.answer.headers["Location"]) == (403, f"{MESSAGES}?again=0")
    assert failed_messages(place.engine) == [failed]


def test_old_ones_are_left_out(place):
    """A month later nobody rings about it any more."""
    book(place)
    fail(place)
    browser = place.signed_in("administrator")
    place.wait(days=31)
    browser.become(browser.staff)

    assert "Not delivered: 0" in browser.open(MESSAGES)


def test_a_reminder_that_was_queued_long_ago_is_shown(place):
    """The days count from when a message was due: a reminder waits for weeks before that."""
    book(place)
    fail(place)
    place.wait(days=40)
    values = {"kind": "reminder", "due": place.now}
    database.write(place.engine, lambda c: c.execute(tables.message.update().values(**values)))

    assert "Not delivered: 1" in place.signed_in().open(MESSAGES)


def test_a_strange_list_is_the_first_one(place):
    """Whatever the address says."""
    assert "No message has failed." in place.signed_in().open(f"{MESSAGES}?show=x")
    assert "Nothing is waiting" in place.signed_in().open(f"{MESSAGES}?show=owed")
    assert "Nothing was sent" in place.signed_in().open(f"{MESSAGES}?show=sent")


def test_messages_of_a_series_that_is_gone(place):
    """Its centre still sees them; without its name."""
    book(place)
    fail(place)
    place.directory = made.directory({"starts": "2027-02-02"}, {"title": "Story time"})
    gone = tables.bookable.update().values(series="riverbank/no-more")
    database.write(place.engine, lambda connection: connection.execute(gone))
    screen = place.signed_in().open(MESSAGES)

    assert "No longer offered" in screen
    assert "Not delivered: 0" in place.signed_in(centres=["harbour"]).open(MESSAGES)


def test_a_long_list_is_cut(place):
    """Two hundred are enough to begin with."""
    book(place)
    with database.read(place.engine) as connection:
        row = dict(connection.execute(tables.message.select()).first()._mapping)
    rows = [{**row, "id": row["id"] + number, "state": "failed"} for number in range(1, 260)]
    database.write(
        place.engine, lambda connection: connection.execute(tables.message.insert(), rows)
    )
    found = messages.listed(
        place.engine, ("failed",), lambda _: True, since=place.now - timedelta(days=1)
    )

    assert len(found) == 200
    assert found[0].message.id > found[-1].message.id
