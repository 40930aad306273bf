"""A family books its children into the creche with its own place, or chooses what it wants."""

import pytest

from portal import bookings
from portal.bookings import creche, places
from tests.support import made
from tests.support.screens import FAMILY, Screens

BUMP = "/book/riverbank/bump"
CRECHE = {"creche": "yes", "creche_places": "2", "creche_ages": "1-4 years", "creche_ratio": "2"}
TWO = {"creche": "2", "creche-1-age": "1", "creche-2-age": "3"}


@pytest.fixture
def screens(tmp_path):
    return Screens(tmp_path, made.directory(CRECHE))


def _own(screens, link: str):
    with screens.desk.app_context():
        return bookings.find(screens.engine, link, secret=screens.settings.secret, now=screens.now)


def place(screens, own):
    booking = _own(screens, own.path.rpartition("/")[2])
    return creche.place_of(screens.engine, booking.id)


def test_children_are_booked_into_the_creche_on_the_same_form(screens) -> None:
    """The form asks how many children need the creche and their ages, the check screen shows them,
    and the own page says that they have their places."""
    form = screens.open(BUMP)
    assert "The creche is for children aged 1 to 4 years." in form
    assert "Do not count children in the creche." in form
    check = form.fill(**FAMILY, **TWO).press("Continue")
    assert "1 year, 3 years" in check
    own = check.press("Confirm booking")

    assert "2 children (1 year, 3 years): your children have places" in own
    left = screens.client.get("/availability.json").get_json()["series"]["riverbank/bump"]
    assert left["creche"] == {"": 0}
    assert places.verify(screens.engine) == []


def test_the_form_says_how_many_places_the_creche_has_and_which_day_the_ages_are_for(screens):
    """Free creche places are known before one is refused, and ages count on the first day that is
    booked, so that a child who has its birthday before is not turned away."""
    says = screens.client.get("/availability.json").get_json()["series"]["riverbank/bump"]["says"]
    assert says[""].endswith(" left. Creche: 2 places left")
    form = screens.open(BUMP)
    assert "How old will each child in the creche be on Tuesday 12 January 2027?" in form
    assert "There are 2 places left in the creche." in form
    own = form.fill(**FAMILY, creche="1", **{"creche-1-age": "1"}).press("Continue")
    own = own.press("Confirm booking")
    change = screens.open(own.path + "/change")
    assert "be on Tuesday 12 January 2027?" in change
    assert "There is 1 place left in the creche." in change
    screens.visitor().book(BUMP, creche="1", **{"creche-1-age": "2"})

    assert "The creche is full, or other families wait" in screens.visitor().open(BUMP)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"creche": "2", "creche-1-age": "1"}, "Enter the age of each child in the creche"),
        ({"creche-1-age": "1"}, "Enter how many children need a place"),
        ({"creche": "1", "creche-1-age": "one"}, "Enter the age of child 1 in the creche: up to"),
        ({"creche": "1", "creche-1-age": "7"}, "The creche is only for children aged 1 to 4 years"),
        ({"creche": "3", "creche-1-age": "1"}, "as a number from 0 to 2"),
    ],
)
def test_numbers_and_ages_that_do_not_fit_are_said(screens, answers, words) -> None:
    """The number and the ages must agree, and each age must be one that the creche takes."""
    form = screens.open(BUMP).fill(**FAMILY, **answers).press("Continue")

    assert form.status == 422
    assert words in form


def test_no_child_in_the_creche_is_a_booking_as_before(screens) -> None:
    """Who needs no creche leaves it empty, and its page does not speak of it."""
    own = screens.book(BUMP)

    assert "Creche" not in own


def test_a_group_without_creche_places_does_not_ask(tmp_path) -> None:
    """With 'creche: yes' alone nothing can be booked, so nothing is asked."""
    assert "creche" not in Screens(tmp_path, made.directory({"creche": "yes"})).open(BUMP)


def test_a_family_waits_for_the_creche_and_keeps_its_place(screens) -> None:
    """The choice is made before it is booked; the own page says where it is on the list, and once
    a place is free that it has it."""
    first = screens.book(BUMP, **TWO)
    screens.visitor()
    full = screens.open(BUMP).fill(**FAMILY, **TWO).press("Continue")
    assert (full.status, full.heading) == (409, "The creche is full")
    assert "There is a place for you in the group. You are not booked yet." in full
    assert screens.count() == 1
    own = full.press("Book, and wait for the creche").press("Confirm booking")
    assert own.heading == "Your place is booked"
    assert "you are number 1 on the list for the creche. You keep your own place." in own

    screens.open(first.path + "/cancel").press("Yes, cancel it")

    assert "your children have places" in screens.open(own.path)


def test_who_takes_a_place_back_reads_first_whether_the_creche_is_gone(screens) -> None:
    """Cancelling says that the creche goes too; taking the place back gives free creche places
    back, and says before if there are not enough of them."""
    own = screens.book(BUMP, **TWO)
    ask = screens.open(own.path + "/cancel")
    assert "This also gives up your place in the creche." in ask
    cancelled = ask.press("Yes, cancel it")
    assert "Your children get creche places too, if nobody is quicker." in cancelled
    assert "your children have places" in cancelled.press("Take my place back")

    screens.open(own.path + "/cancel").press("Yes, cancel it")
    screens.visitor().book(BUMP, creche="1", **{"creche-1-age": "2"})
    again = screens.open(own.path)
    assert "the creche has only 1 place left, and your 2 children need places" in again
    back = again.press("Take my place back")
    assert "you are number 1 on the list for the creche" in back
    assert "Smaller families can go before you at most twice" in back


def test_a_family_comes_without_the_creche(screens) -> None:
    """The answers about the creche are dropped, and the check screen no longer shows them."""
    screens.book(BUMP, **TWO)
    screens.visitor()
    full = screens.open(BUMP).fill(**FAMILY, **TWO).press("Continue")
    check = full.press("Book without the creche")
    assert "1 year, 3 years" not in check
    own = check.press("Confirm booking")

    assert own.heading == "Your place is booked"
    assert place(screens, own) is None


def test_the_creche_fills_up_before_the_family_confirms(screens) -> None:
    """The last press finds the creche full: nothing is booked, and the family chooses (S98)."""
    check = screens.open(BUMP).fill(**FAMILY, **TWO).press("Continue")
    with_key = {"key": "another", "secret": screens.settings.secret, "now": screens.now}
    other = bookings.Family("Other", creche=("2 years",))
    bookings.book(screens.engine, screens.directory.series[0], other, **with_key)
    full = check.press("Confirm booking")
    assert (full.status, full.heading) == (409, "The creche is full")
    assert "There is 1 place left in the creche, and you want 2." in full
    assert screens.count() == 1
    own = full.press("Book, and wait for the creche")

    assert place(screens, own).waits


def test_the_creche_is_given_up_or_asked_for_later(screens) -> None:
    """On its own page a family gives up the creche, or asks for it; if it is full, it may wait."""
    own = screens.book(BUMP, **TWO)
    screens.open(own.path + "/change").fill(
        **{**TWO, "creche": "", "creche-1-age": "", "creche-2-age": ""}
    ).press("Save")
    assert place(screens, own) is None
    other = screens.visitor().book(BUMP, **TWO)
    full = (
        screens.open(own.path + "/change").fill(creche="1", **{"creche-1-age": "2"}).press("Save")
    )
    assert (full.status, full.heading) == (409, "The creche is full")
    full.press("Wait for the creche")
    assert place(screens, own).waits
    screens.open(other.path + "/delete").press("Yes, delete them")

    assert place(screens, own).held
    assert places.verify(screens.engine) == []


def test_a_family_with_a_creche_place_keeps_it_if_more_do_not_fit(screens) -> None:
    """More children than there is room for change nothing."""
    screens.book(BUMP, creche="1", **{"creche-1-age": "2"})
    own = screens.visitor().book(BUMP, creche="1", **{"creche-1-age": "2"})
    full = screens.open(own.path + "/change").fill(**TWO).press("Save")

    assert full.status == 409
    assert "has not changed" in full
    assert place(screens, own).children == 1


def test_on_the_list_of_the_group_the_creche_is_asked_for(tmp_path) -> None:
    """A family on the waiting list of the group has asked for the creche, and gets it with its
    place."""
    screens = Screens(tmp_path, made.directory({**CRECHE, "places": "1"}))
    first = screens.book(BUMP, **TWO)
    own = screens.visitor().book(BUMP, **TWO)
    assert "your children get places when you do" in own
    screens.open(first.path + "/cancel").press("Yes, cancel it")

    assert "your children have places, if you take yours" in screens.open(own.path)


def test_moving_says_what_happens_to_the_creche(tmp_path) -> None:
    """A move in one press takes the children to the other creche. A group without one says so, and
    a date whose creche is full has no such button."""
    by_date = {**CRECHE, "book": "session", "places": "9"}
    without = {"title": "Music", "time": "13:00-14:00"}
    screens = Screens(tmp_path, made.directory(by_date, without))
    screens.book(f"{BUMP}?session=2027-01-19", **TWO)
    page = screens.visitor().book(f"{BUMP}?session=2027-01-12", **TWO)
    buttons = [one.text for one in page.main.all("button") if one.text.startswith("Move here")]
    assert not [words for words in buttons if "19 January" in words]
    assert "no creche for your children" in page
    moved = page.press(next(words for words in buttons if "26 January" in words))

    assert "2 children (1 year, 3 years): your children have places" in moved
    assert place(screens, page) is None
    assert places.verify(screens.engine) == []
