"""Complaints about data: who answers them sees each with the day by which its answer is due."""

from datetime import timedelta

import pytest

from portal.bookings import complaints
from tests.support import made
from tests.support.staffed import Staffed

COMPLAINTS = "/staff/complaints"
AMINA = {
    "name": "Amina Khan",
    "email": None,
    "phone": "01772 900123",
    "contact_by": "call",
    "safe_to_contact": False,
    "safe_time": "Weekday mornings",
    "district": "preston",
}


@pytest.fixture
def place(tmp_path):
    return Staffed(tmp_path, made.directory())


def complain(place, words="You wrote to my old address.", days_ago=0):
    now = place.now - timedelta(days=days_ago)
    return complaints.complain(place.engine, AMINA, words, key=f"{words}{days_ago}", now=now)


@pytest.mark.parametrize("role", ["manager", "administrator"])
def test_each_complaint_has_the_day_by_which_it_is_due(place, role):
    """The most urgent first, with the safe way before the number; overdue ones say so."""
    complain(place, "The newer one")
    complain(place, "The older one", days_ago=31)
    given = {"footprint": "preston"} if role == "manager" else {}
    screen = place.signed_in(role, **given).open(COMPLAINTS)

    assert "Overdue since Sunday 3 January 2027 1 day late" in screen
    assert "Due by Wednesday 3 February 2027 30 days left" in screen
    assert screen.words.index("The older one") < screen.words.index("The newer one")
    assert "Answer by phone call, leave no message, Weekday mornings: 01772 900123" in screen


def test_an_answered_complaint_leaves_the_list(place):
    """Once, however often it is pressed; the log says who, without names."""
    reference = complain(place)
    browser = place.signed_in("administrator")
    screen = browser.open(COMPLAINTS)
    done, again = (screen.press(f"It is answered: {reference}") for _ in range(2))

    assert reference in screen
    assert "No complaint waits for an answer." in done
    assert "Nothing had to be done" in again
    actions = [did for _, did in place.log()]
    assert actions.count("answer complaint") == 1


def test_workers_do_not_read_complaints(place):
    """A complaint may be about them: managers and administrators answer it."""
    complain(place)
    browser = place.signed_in("worker", centres=["riverbank"])

    assert browser.open(COMPLAINTS).status == 403
    assert "omplaint" not in browser.open("/staff/").html


ONE = "1 complaint about data waits for an answer. It is"
TWO = "2 complaints about data wait for an answer. The first is"


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ([0], f"{ONE} due by Wednesday 3 February 2027 (30 days left)"),
        ([30, 0], f"{TWO} due by Monday 4 January 2027 (today)"),
        ([32], f"{ONE} overdue since Saturday 2 January 2027 (2 days late)"),
    ],
    ids=["new", "due today", "overdue"],
)
@pytest.mark.parametrize("role", ["manager", "administrator"])
def test_today_says_when_the_first_answer_is_due(place, role, days, words):
    """Managers and administrators see on Today how many wait, and the days that are left."""
    for number in days:
        complain(place, days_ago=number)
    given = {"footprint": "preston"} if role == "manager" else {}
    browser = place.signed_in(role, **given)

    assert words in browser.open("/staff/")
    assert "read complaint" not in [did for _, did in place.log()]


def test_reading_complaints_is_logged(place):
    """S30: who opened the list, once each time, without names; an empty list is not a reading."""
    browser = place.signed_in("administrator")
    browser.open(COMPLAINTS)
    complain(place)
    browser.open(COMPLAINTS)

    assert [did for _, did in place.log()].count("read complaint") == 1
