"""After a cancellation: the page says so, offers what has space, and one press takes it."""

import pytest

from portal import bookings, database
from portal.bookings import content_changes, places
from portal.database import tables
from tests.support import made
from tests.support.screens import Screen, Screens

BUMP = "/book/riverbank/bump"
OFF = {"withdrawn": "The leader has left"}
LATER = {"starts": "2027-01-14", "title": "Bump on Thursdays"}
BY_DATE = {"book": "session", "places": "1"}


def cancelled(own: Screen) -> Screen:
    return own.follow("Cancel your booking").press("Yes, cancel it")


def buttons(screen: Screen, words: str = "Take this place") -> list[str]:
    """The names of the buttons that take something, as a screen reader says them."""
    return [one.text for one in screen.main.all("button") if one.text.startswith(words)]


@pytest.mark.parametrize(
    ("fields", "edit", "query"),
    [
        ({}, OFF, ""),
        ({"sessions": "1"}, {"changes": [{"date": "2027-01-12", "cancelled": "Ill"}]}, ""),
        ({"book": "session"}, {"except": "2027-01-19"}, "?session=2027-01-19"),
    ],
    ids=["run withdrawn", "only date cancelled", "date removed"],
)
def test_a_booking_that_we_cancelled_is_not_headed_as_booked(tmp_path, fields, edit, query) -> None:
    """Where every date is off, heading and words follow the dates and not the row's status."""
    screens = Screens(tmp_path, made.directory(fields, LATER))
    own = screens.book(f"{BUMP}{query}")
    screens.directory = made.directory({**fields, **edit}, LATER)
    pages = [screens.open(own.path)]
    content_changes.announce_changes(screens.engine, screens.directory, now=screens.now)
    content_changes.end_waits_for_cancelled(screens.engine, screens.directory, now=screens.now)
    pages.append(screens.open(own.path))

    for page in pages:
        assert page.heading == page.title.partition(" – ")[0] == "Your booking is cancelled"
        assert "Do not set out" in page
        for words in (
            "Your place is booked",
            "Come on",
            "Add all dates",
            "if something",
        ):
            assert words not in page
        assert any("Bump on Thursdays" in one for one in buttons(page))
    screens.directory = made.directory(fields, LATER)

    assert screens.open(own.path).heading == "Your place is booked"


def test_what_is_left_of_a_course_that_is_called_off_halfway(tmp_path) -> None:
    """A family that came to some dates reads that the rest is off."""
    screens = Screens(tmp_path)
    own = screens.book()
    screens.wait(days=10)
    dates = ("2027-01-19", "2027-01-26", "2027-02-02", "2027-02-09", "2027-02-16")
    off = [{"date": one, "cancelled": "The leader is ill"} for one in dates]
    screens.directory = made.directory({"changes": off})

    assert screens.open(own.path).heading == "The rest of your dates are cancelled"


def test_the_next_date_that_is_off_is_said_first(tmp_path) -> None:
    """One of six dates is off: which one, which is next, and the place is kept."""
    screens = Screens(tmp_path)
    own = screens.book()
    off = [{"date": "2027-01-12", "cancelled": "The leader is ill"}]
    screens.directory = made.directory({"changes": off})
    page = screens.open(own.path)

    assert page.heading == "Your place is booked"
    assert "Do not set out on Tuesday 12 January" in page
    assert "Your next date is Tuesday 19 January 2027" in page
    assert "Come on Tuesday 19 January" in page
    assert "Come on the day" not in page


def test_a_discreet_page_says_that_not_every_date_is_on(tmp_path) -> None:
    """The dates stay hidden (S3), but nobody sets out for one that is off."""
    screens = Screens(tmp_path, made.directory({"booking": "book"}, sensitive=True))
    given = {"key": "k" * 16, "secret": screens.settings.secret, "now": screens.now}
    amina = bookings.Family("Amina Khan", "a@example.org", None, "email", True)
    own = bookings.book(screens.engine, screens.directory.private_series[0], amina, **given)
    one = {"changes": [{"date": "2027-01-12", "cancelled": "The leader is ill"}]}
    screens.directory = made.directory({"booking": "book", **one}, sensitive=True)
    some = screens.open(f"/bookings/{own.link}")
    screens.directory = made.directory({"booking": "book", **OFF}, sensitive=True)
    every = screens.open(f"/bookings/{own.link}")

    assert "Not every date is on" in some
    assert every.heading == "Your booking is cancelled"
    assert "We have had to cancel this." in every
    assert "leader" not in every
    assert buttons(every) == []


def test_one_press_takes_another_date(tmp_path) -> None:
    """With the details given before, once however often it is pressed; the old one stays ended."""
    screens = Screens(tmp_path, made.directory({"book": "session", "places": "3"}))
    own = screens.book(f"{BUMP}?session=2027-01-12", people="3")
    off = [{"date": "2027-01-12", "cancelled": "The leader is ill"}]
    screens.directory = made.directory({"book": "session", "places": "3", "changes": off})
    page = screens.open(own.path)
    first, second, *_ = buttons(page)
    taken, again, other = page.press(first), page.press(first), page.press(second)

    assert "Tuesday 19 January 2027" in first
    assert "3 places left" in first
    assert taken.heading == again.heading == other.heading == "Your place is booked"
    assert taken.path == again.path != other.path
    assert "Tuesday 19 January 2027" in taken
    assert "Tuesday 26 January 2027" in other
    assert "How many of you 3" in taken
    assert "Amina" in taken.follow("See or change what we keep about you").html
    assert screens.count("booking") == 3
    assert places.verify(screens.engine) == []


def test_one_press_takes_a_group_near_by(tmp_path) -> None:
    """A run of its own, after the family's own cancellation too."""
    screens = Screens(tmp_path, made.directory({}, LATER))
    done = cancelled(screens.book())
    [name] = [one for one in buttons(done) if "Bump on Thursdays" in one]
    taken = done.press(name)

    assert taken.heading == "Your place is booked"
    assert "Bump on Thursdays" in taken


@pytest.mark.parametrize("questions", [True, False])
def test_what_needs_more_answers_or_places_is_a_link(tmp_path, questions: bool) -> None:
    """A group with a question of its own, or too few places, is not booked in one press."""
    asked = [{"name": "due", "label": "When is it due?", "required": "yes"}] if questions else []
    few = LATER if questions else {**LATER, "place_for": "person", "places": "2"}
    screens = Screens(tmp_path, made.directory({}, few, questions=asked))
    answers = {"question__due": "May"} if questions else {}
    done = cancelled(screens.book(people="3", **answers))
    if questions:
        write = tables.person.update().values(answers={})
        database.write(screens.engine, lambda c: c.execute(write))
        done = screens.open(done.path)

    assert [one for one in buttons(done) if "Thursdays" in one] == []
    assert "Bump on Thursdays" in done


def test_a_place_that_went_in_the_meantime_is_not_taken(tmp_path) -> None:
    """Nobody joins a waiting list unasked: the page says that nothing is booked."""
    screens = Screens(tmp_path, made.directory({}, {**LATER, "places": "1"}))
    done = cancelled(screens.book())
    [name] = [one for one in buttons(done) if "Thursdays" in one]
    client = screens.client
    screens.visitor().book("/book/riverbank/bump-1", email="b@example.org")
    screens.client = client
    late = done.press(name, follow=False)

    assert (late.status, late.heading) == (409, "You cannot have this place")
    assert "You are not booked." in late
    assert screens.count("booking") == 2


def test_a_cancellation_by_mistake_has_a_way_back(tmp_path) -> None:
    """One press on the same page, until another family has the place; opening it does nothing."""
    screens = Screens(tmp_path, made.directory({"places": "1"}))
    own = screens.book()
    done = cancelled(own)
    still = screens.open(own.path)
    back = done.press("Take my place back")
    again = done.press("Take my place back")

    assert still.heading == "Your booking is cancelled"
    assert back.heading == again.heading == "Your place is booked"
    assert places.verify(screens.engine) == []


def test_the_way_back_ends_when_the_place_is_given_away(tmp_path) -> None:
    """The button goes, a late press is told so, and the waiting list can be joined instead."""
    screens = Screens(tmp_path, made.directory({"places": "1"}))
    own = screens.book()
    client = screens.client
    done = cancelled(own)
    screens.visitor().book(email="b@example.org")
    screens.client = client
    screens.wait(minutes=1)
    late = done.press("Take my place back", follow=False)
    page = screens.open(own.path)
    [name] = buttons(page, "Join the waiting list")

    assert (late.status, late.heading) == (409, "You cannot have this place back")
    assert "Take my place back" not in page
    assert page.press(name).heading == "You are on the waiting list"


@pytest.mark.parametrize("waits", [True, False])
def test_a_way_back_is_promised_only_where_there_is_one(tmp_path, waits: bool) -> None:
    """Where families wait, a cancelled place is theirs at once: the page says so before and after,
    and promises no way back."""
    screens = Screens(tmp_path, made.directory({"places": "1"}))
    own = screens.book()
    client = screens.client
    if waits:
        screens.visitor().book(email="b@example.org")
        screens.client = client
    asked = own.follow("Cancel your booking")
    done = asked.press("Yes, cancel it")

    assert ("you can take it back" in asked) is not waits
    assert ("to the next family on the waiting list at once" in asked) is waits
    assert ("Take my place back" in done) is not waits
    assert ("You cannot take your place back" in done) is waits


def test_a_lapsed_offer_can_join_the_list_again(tmp_path) -> None:
    """As its message says: join the list again from this page."""
    screens = Screens(tmp_path, made.directory({"places": "1"}))
    first = screens.book()
    client = screens.client
    second = screens.visitor().book(email="b@example.org")
    screens.visitor().book(email="c@example.org")
    screens.client = client
    cancelled(first)
    screens.wait(days=3)
    page = screens.open(second.path)

    assert page.heading == "This offer has ended"
    assert buttons(page, "Join the waiting list") or buttons(page)


def test_what_has_no_space_to_take_is_not_headed_as_with_space(tmp_path) -> None:
    """Under "with space" is only what one press books; a group by request says how to get in under
    a heading of its own."""
    asks = {**LATER, "booking": "request", "title": "By request"}
    screens = Screens(tmp_path, made.directory({}, LATER, asks))
    done = cancelled(screens.book())
    _, _, rest = done.main.text.partition("Other dates and groups with space")
    space, _, others = rest.partition("Other ways to come")

    assert "Bump on Thursdays" in space
    assert "By request" not in space
    assert "By request" in others
    assert "ask for a place on its page" in others


def test_a_request_that_was_taken_back_by_mistake(tmp_path) -> None:
    """It can be asked for again with one press."""
    screens = Screens(tmp_path, made.directory({"booking": "request"}, way="request"))
    own = screens.book("/request/bump?series=riverbank/bump&who=family")
    back = own.follow("Take back your request").press("Yes, take it back")

    assert back.press("Ask again").heading == "We have your request"


def test_what_staff_cancelled_has_no_way_back(tmp_path) -> None:
    """Staff had a reason; the page offers what else has space."""
    screens = Screens(tmp_path, made.directory({}, LATER))
    own = screens.book()
    bookings.cancel(
        screens.engine, screens.directory, 1,
        now=screens.now, actor="staff:1", wished=False, reason="The course is for another age",
    )  # fmt: skip
    page = screens.open(own.path)

    assert page.heading == "Your booking is cancelled"
    assert "Take my place back" not in page
    assert [one for one in buttons(page) if "Thursdays" not in one] == []
    assert len(buttons(page)) == 1


def test_the_page_of_an_ended_booking_says_what_it_was_for(tmp_path) -> None:
    """A family with two bookings reads which one has ended: its group, day, time and centre."""
    screens = Screens(tmp_path, made.directory(BY_DATE))
    done = cancelled(screens.book(f"{BUMP}?session=2027-01-19"))
    facts = done.main.one("dl").text

    for words in ("Bump, Birth and Beyond", "Tuesday 19 January 2027, 10am to midday", "Riverbank"):
        assert words in facts


def test_after_the_details_are_deleted_there_are_links_only(tmp_path) -> None:
    """We no longer know who it is, so nothing can be booked for them (S52)."""
    screens = Screens(tmp_path, made.directory({}, LATER))
    done = cancelled(screens.book())
    deleted = done.follow("Delete what we keep about you").press("Yes, delete them")

    assert buttons(deleted) == []
    assert "Take my place back" not in deleted
    assert "Bump on Thursdays" in deleted


@pytest.mark.parametrize("part", ["restore", "take"])
def test_a_foreign_token_restores_and_takes_nothing(tmp_path, part: str) -> None:
    """S42: without the token of this browser the page is shown again, and nothing changes."""
    screens = Screens(tmp_path, made.directory({}, LATER))
    done = cancelled(screens.book())
    fields = {"csrf_token": "x", "series": "riverbank/bump-1", "planned": "", "step": "confirm"}
    answer = screens.send(f"{done.path}/{part}", fields)

    assert answer.status == 400
    assert answer.problems
    assert screens.count("booking") == 1
    assert screens.open(f"{done.path}/{part}").status == 405
