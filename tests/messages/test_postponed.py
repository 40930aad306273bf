"""What a family hears of a session that is postponed, and of its new date."""

from datetime import UTC, datetime, timedelta

import pytest

from portal import bookings, database
from portal.bookings import Family, content_changes, ring_list, waiting_list
from portal.bookings.retention import follow_dates
from portal.content.message_texts import WORDINGS, load_words, placeholders
from portal.database.tables import booking
from portal.settings import load_settings
from tests.support import made
from tests.support.made import NOW

OFF = {"date": "2027-02-02", "postponed": "The boiler is broken"}
HELD = {**OFF, "moved_to": "2027-02-04 13:00-15:00"}
GIVEN_UP = {"date": "2027-02-02", "cancelled": "There is no money"}
MINUTE = timedelta(minutes=1)
AFTER = datetime(2027, 2, 10, 9, tzinfo=UTC)  # the planned day is past


def changed(post, *dates, now=NOW, **fields):
    """The content says something else: the letters of the next round."""
    post.directory = made.directory({"changes": list(dates), **fields})
    content_changes.announce_changes(post.engine, post.directory, now=now)
    return post.came(now)


@pytest.fixture
def booked(post):
    post.book()
    post.came()
    return post


def test_a_postponed_date_is_told_once(booked):
    """The family keeps its place, hears why, and which dates go on; its entry is tentative."""
    [letter] = changed(booked, OFF)
    again = changed(booked, OFF, now=NOW + MINUTE)

    assert again == []
    assert letter.subject == "Part of your booking is postponed"
    assert "We have had to postpone Bump, Birth and Beyond on Tuesday 2 February 2027. " in (
        letter.plain
    )
    assert "- Why: The boiler is broken\n" in letter.plain
    assert "- What is still on: Tuesday 12 January, 19 January, 26 January" in letter.plain
    [event] = letter.calendars[0].walk("VEVENT")
    assert str(letter.calendars[0]["method"]) == "PUBLISH"
    assert str(event["status"]) == "TENTATIVE"
    assert str(event["summary"]) == "POSTPONED: Bump, Birth and Beyond"


def test_a_postponed_date_booked_by_itself_is_the_whole_booking(post):
    """The words for a part of a booking would tell the family that something is still on."""
    post.directory = made.directory({"book": "session"})
    post.book(session=post.series.all_sessions[3])
    post.came()
    [letter] = changed(post, OFF, book="session")

    assert letter.subject == "Your booking is postponed"
    assert "so do not set out for it. You keep your place." in letter.plain


def test_the_new_date_is_told_once_and_updates_the_entry(booked):
    """The family hears when it is held now; the entry keeps its UID and is certain again."""
    [before] = changed(booked, OFF)
    [letter] = changed(booked, HELD, now=NOW + MINUTE)
    again = changed(booked, HELD, now=NOW + 2 * MINUTE)

    assert again == []
    assert letter.subject == "Your booking has a new date"
    assert "It is now on Thursday 4 February 2027, 1pm to 3pm." in letter.plain
    [event] = letter.calendars[0].walk("VEVENT")
    [old] = before.calendars[0].walk("VEVENT")
    assert event["uid"] == old["uid"]
    assert event["sequence"] > old["sequence"]
    assert (str(event["status"]), event["dtstart"].dt.day) == ("CONFIRMED", 4)


def test_postponed_and_moved_between_two_rounds_is_one_letter(booked):
    """A family that never heard of the postponement is told of a move."""
    booked.directory = made.directory({"changes": [OFF]})
    content_changes.announce_changes(booked.engine, booked.directory, now=NOW)
    letters = changed(booked, HELD, now=NOW + MINUTE)

    assert [letter.subject for letter in letters] == ["Your booking has changed"]
    assert "will not be on Tuesday 2 February 2027" in letters[0].plain


def test_a_postponement_taken_back_before_it_was_told_is_not_told(booked):
    """Nobody had heard of it."""
    booked.directory = made.directory({"changes": [OFF]})
    content_changes.announce_changes(booked.engine, booked.directory, now=NOW)

    assert changed(booked, now=NOW + MINUTE) == []


def test_a_postponement_taken_back_is_told(booked):
    """A family that was told not to come must hear that it is held on its old day."""
    changed(booked, OFF)
    [letter] = changed(booked, now=NOW + MINUTE)

    assert letter.subject == "Your booking has a new date"
    assert "It is now on Tuesday 2 February 2027, 10am to midday." in letter.plain


@pytest.mark.parametrize("now", [NOW + MINUTE, AFTER], ids=["before its day", "after its day"])
def test_a_postponed_date_that_is_cancelled_is_told(booked, now):
    """A family that waits for a new date must hear that there is none, also after the old one."""
    changed(booked, OFF)
    [letter] = changed(booked, GIVEN_UP, now=now)

    assert "is off" in letter.subject
    assert "- Why: There is no money\n" in letter.plain
    assert changed(booked, GIVEN_UP, now=now + MINUTE) == []


def test_a_new_date_after_the_old_one_is_past_is_told(booked):
    """A date may be postponed for weeks before its new one is known."""
    changed(booked, OFF)
    [letter] = changed(booked, {**OFF, "moved_to": "2027-03-02"}, now=AFTER)

    assert "It is now on Tuesday 2 March 2027, 10am to midday." in letter.plain


def test_dates_that_change_in_three_ways_are_one_letter(booked):
    """Each date is named under what has become of it."""
    [letter] = changed(
        booked,
        OFF,
        {"date": "2027-01-19", "cancelled": "Snow"},
        {"date": "2027-01-26", "moved_to": "2027-01-27"},
    )

    assert "- Cancelled: Tuesday 19 January 2027\n" in letter.plain
    assert "- Why it is cancelled: Snow\n" in letter.plain
    assert "new date: Tuesday 2 February 2027\n" in letter.plain
    assert "- Why it is postponed: The boiler is broken\n" in letter.plain
    assert "- It is now: Wednesday 27 January 2027, 10am to midday\n" in letter.plain


@pytest.mark.parametrize("words", ["postponed", "dates-postponed", "new-date"])
def test_discreet_words_name_nothing(post, words):
    """A message of a sensitive programme never names the group, the day or the reason (S4)."""
    wording = load_words(post.settings.root, words)

    assert words in WORDINGS
    assert set(placeholders(wording.discreet_body)) == {"first_name", "link", "reference"}
    assert set(placeholders(wording.discreet_text)) == {"first_name", "link"}


def test_a_family_without_messages_is_to_be_rung(post):
    """The ring list has what to say: postponed first, and the new date after that (S68)."""
    case = Family("Bushra Ali", phone="07700 900124", contact_by="call", safe_to_contact=True)
    post.book(case)
    settings = load_settings(root=post.settings.root, var=post.settings.var)

    def to_say():
        listed = ring_list.to_ring(
            post.engine, post.directory, settings, lambda _: True, now=NOW + MINUTE
        )
        return [words for one in listed.families for line in one.lines for words in line.news]

    changed(post, OFF)
    first = to_say()
    changed(post, HELD, now=NOW + MINUTE)

    assert first == [
        "Tuesday 2 February 2027, 10am to midday, is postponed. The boiler is broken. "
        "They keep their place. No new date yet."
    ]
    assert "is now on Thursday 4 February 2027, 1pm to 3pm" in to_say()[0]


def test_the_reminder_follows_to_the_new_date(post):
    """A single date that was postponed past its reminder has a reminder of its new date."""
    post.directory = made.directory({"book": "session"})
    post.book(session=post.series.all_sessions[3])
    post.came()
    changed(post, OFF, book="session")
    changed(post, {**OFF, "moved_to": "2027-03-02"}, now=AFTER, book="session")
    [letter] = post.came(datetime(2027, 2, 28, 12, tzinfo=UTC))

    assert "Tuesday 2 March" in letter.plain


def test_a_postponed_date_keeps_its_waiting_list_and_offers_nothing(engine):
    """Nobody who waits is turned away, and nobody is offered a place without a day."""
    small = {"book": "session", "places": "1"}
    before, postponed = made.directory(small), made.directory({**small, "changes": [OFF]})
    session = before.series[0].all_sessions[3]
    made_bookings = [
        bookings.book(
            engine, before.series[0], Family(f"P {n}", f"p{n}@example.org", contact_by="email"),
            key=f"postponed-waits-{n}", secret="a secret of thirty-two characters", now=NOW,
            session=session,
        )
        for n in (1, 2)
    ]  # fmt: skip
    ended = content_changes.end_waits_for_cancelled(engine, postponed, now=NOW + MINUTE)
    bookings.cancel(engine, postponed, made_bookings[0].id, now=NOW + MINUTE, actor="family")
    waiting_list.offer_everywhere(engine, postponed, now=NOW + MINUTE)

    assert ended == 0
    with database.read(engine) as connection:
        statuses = connection.execute(booking.select().order_by(booking.c.id)).all()
    assert [row.status for row in statuses] == ["cancelled", "waiting"]


def test_a_postponed_booking_is_kept_until_it_is_too_late_for_a_new_date(booked):
    """Details are deleted by the end of a booking, which is not the day that was given up."""
    last = {"date": "2027-02-16", "postponed": "Snow"}
    follow_dates(booked.engine, made.directory({"changes": [last]}))
    with database.read(booked.engine) as connection:
        [row] = connection.execute(booking.select()).all()

    assert row.ends.date().isoformat() == "2027-08-18"


def test_a_booking_postponed_before_its_letter_was_sent_is_not_confirmed(post):
    """A confirmation without a date would be followed at once by the news that there is none."""
    post.directory = made.directory({"book": "session"})
    post.book(session=post.series.all_sessions[3])
    letters = changed(post, OFF, book="session")

    assert [letter.subject for letter in letters] == ["Your booking is postponed"]


def test_a_letter_without_a_cancelled_date_speaks_of_none(booked):
    """The reason of a postponed date is not given as that of a cancelled one."""
    [letter] = changed(booked, OFF, {"date": "2027-01-26", "moved_to": "2027-01-27"})

    assert "ancelled" not in letter.plain
    assert "- Why it is postponed: The boiler is broken\n" in letter.plain
    assert "- What else has changed: Tuesday 26 January 2027, 10am to midday\n" in letter.plain
