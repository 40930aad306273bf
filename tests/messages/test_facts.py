"""Whom a message goes to, and whether it still has to go, at the moment of sending."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from portal import bookings, database
from portal.bookings import Family, apologies
from portal.database import tables
from tests.support import made
from tests.support.made import NOW


@pytest.mark.parametrize(
    "family",
    [
        Family("Amina", "amina@example.org", contact_by="none", safe_to_contact=True),
        Family("Amina", "amina@example.org", contact_by="email", safe_to_contact=False),
        Family("Amina", None, "07700 900123", contact_by="email", safe_to_contact=True),
        Family("Amina", "amina@example.org", None, contact_by="text", safe_to_contact=True),
    ],
)
def test_who_wants_no_message_gets_none(post, family):
    """S5: nothing is even owed by a way that was not chosen."""
    post.book(family)

    assert post.states() == []


def test_who_takes_the_wish_back_gets_none(post):
    """S5: the wish counts at the moment of sending."""
    post.book()
    database.write(
        post.engine, lambda c: c.execute(tables.person.update().values(safe_to_contact=False))
    )

    assert post.came() == []
    assert post.states()[0] == ("confirmation", "dropped")


def test_who_was_forgotten_gets_none(post):
    """The address is kept once; with it goes what was still owed."""
    post.book()
    database.write(post.engine, lambda c: c.execute(tables.person.delete()))

    assert post.came() == []
    assert post.states()[0] == ("confirmation", "dropped")


# --- what is still true ---------------------------------------------------------------------------


def test_a_second_one_is_not_mentioned_once_the_first_is_gone(post):
    """By the time that the message goes out nothing is there twice."""
    post.directory = made.directory({"places": "5"})
    first = post.book()
    post.book()
    bookings.cancel(post.engine, post.directory, first.id, now=NOW)

    assert all("another booking" not in letter.plain for letter in post.came())


def test_what_is_no_longer_true_is_not_sent(post):
    """Booked and cancelled before anything went out: one message, the true one."""
    booking = post.book()
    bookings.cancel(post.engine, post.directory, booking.id, now=NOW)
    [letter] = post.came()

    assert letter.subject == "Your booking is cancelled"
    assert post.states() == [
        ("confirmation", "dropped"),
        ("reminder", "dropped"),
        ("cancelled-by-you", "sent"),
    ]


def test_an_offer_that_was_taken_is_not_made_again(post):
    """The family pressed the button on its page before the message went out."""
    first = post.book()
    second = post.book(Family("Ben", "ben@example.org", None, "email", True))
    bookings.cancel(post.engine, post.directory, first.id, now=NOW)
    bookings.accept(post.engine, post.directory, second.id, now=NOW)

    assert [letter.subject for letter in post.came()] == [
        "Your booking is cancelled",
        "Your booking",
    ]


# --- reminders ------------------------------------------------------------------------------------

FIRST = datetime(2027, 1, 12, 10, tzinfo=UTC)
DUE = FIRST - timedelta(hours=48)


def test_a_reminder_comes_two_days_before(post):
    """With the day, the time, the place, and the link to cancel; no sooner."""
    post.book()
    post.came()
    too_soon = post.came(DUE - timedelta(seconds=1))
    [reminder] = post.came(DUE)

    assert too_soon == []
    assert "- When: Tuesday 12 January 2027\n- Time: 10am to midday\n" in reminder.plain


@pytest.mark.parametrize(
    ("day", "due"),
    [
        ("2027-03-28", datetime(2027, 3, 26, 9, tzinfo=UTC)),
        ("2027-10-31", datetime(2027, 10, 29, 10, tzinfo=UTC)),
    ],
)
def test_two_days_are_48_hours_when_the_clocks_change(post, day, due):
    """A reminder of a group at 10am on that Sunday goes out at 9am, or at 11am, on Friday."""
    moved = {"date": "2027-01-12", "moved_to": f"{day} 10:00-12:00"}
    post.directory = made.directory({"repeats": "once", "changes": [moved]})
    post.book()
    post.came()
    too_soon = post.came(due - timedelta(seconds=1))
    with database.read(post.engine) as connection:
        owed = connection.execute(
            sa.select(tables.message.c.due).where(tables.message.c.kind == "reminder")
        ).scalar_one()

    assert (too_soon, owed) == ([], due)
    assert len(post.came(due)) == 1


def test_a_reminder_that_follows_counts_in_hours_too(post):
    """The session is put on the day when the clocks go forward."""
    post.book()
    post.came()
    moved = {"date": "2027-01-12", "moved_to": "2027-03-28 10:00-12:00"}
    post.directory = made.directory({"changes": [moved]})
    due = datetime(2027, 3, 26, 9, tzinfo=UTC)
    early = post.came(DUE) + post.came(due - timedelta(seconds=1))

    assert early == []
    assert len(post.came(due)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"changes": [{"date": "2027-01-12", "moved_to": "2027-01-08"}]},
        {"withdrawn": "We have no leader"},
    ],
)
def test_nobody_is_reminded_of_what_is_off(post, fields):
    """Moved to a day that is over, or all of it cancelled: the reminder is dropped."""
    post.book()
    post.came()
    post.directory = made.directory(fields)

    assert post.came(DUE) == []
    assert post.states()[1] == ("reminder", "dropped")


def test_nobody_is_reminded_of_the_other_dates_of_one_that_is_off(post):
    """Who booked a single date that is cancelled does not come to the next."""
    post.directory = made.directory({"book": "session"})
    post.book(session=post.series.all_sessions[0])
    post.came()
    post.directory = made.directory(
        {"book": "session", "changes": [{"date": "2027-01-12", "cancelled": "Snow"}]}
    )

    assert post.came(DUE) == []
    assert post.states()[1] == ("reminder", "dropped")


def test_a_reminder_of_what_is_off_follows_to_the_next_date(post):
    """That one is now the family's first: it is reminded of it, two days before, and once."""
    post.book()
    post.came()
    off = [{"date": date, "cancelled": "Snow"} for date in ("2027-01-12", "2027-01-19")]
    post.directory = made.directory({"changes": off[:1]})
    at_first = post.came(DUE)
    post.directory = made.directory({"changes": off})
    too_soon = post.came(DUE + timedelta(days=7)) + post.came(DUE + timedelta(days=13))
    [reminder] = post.came(DUE + timedelta(days=14))
    later = post.came(DUE + timedelta(days=21))

    assert (at_first, too_soon, later) == ([], [], [])
    assert "- When: Tuesday 26 January 2027\n" in reminder.plain


def test_a_reminder_leads_to_the_button_for_those_who_cannot_come(post):
    """It links to the page with one button, for its own date; a family that has sent apologies for
    that date is reminded of the next one instead."""
    booking = post.book()
    post.came()
    apologies.apologise(post.engine, booking.id, "2027-01-12", now=NOW)
    assert post.came(DUE) == []
    [reminder] = post.came(DUE + timedelta(days=7))

    assert "- When: Tuesday 19 January 2027\n" in reminder.plain
    link = f"https://families.example/bookings/{booking.link}/cannot-come?date=2027-01-19"
    assert f"\n{link}\n" in reminder.plain
    assert f'href="{link}"' in reminder.html


def test_a_reminder_follows_a_session_that_moved_later(post):
    """It is put off to two days before the new day, and then says the new day."""
    post.book()
    post.came()
    post.directory = made.directory(
        {"changes": [{"date": "2027-01-12", "moved_to": "2027-01-14 13:00-15:00"}]}
    )
    sent = post.send(DUE)
    early = post.came(DUE + timedelta(hours=50))
    [reminder] = post.came(DUE + timedelta(hours=51))

    assert (sent.put_off, early) == (1, [])
    assert "- When: Thursday 14 January 2027\n- Time: 1pm to 3pm\n" in reminder.plain
