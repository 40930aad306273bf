"""A family with a place moves to another date or group in one press on its own page."""

import sqlalchemy as sa

from portal import bookings, database
from portal.bookings import places
from portal.database import tables
from tests.support import made
from tests.support.screens import Screens

BUMP = "/book/riverbank/bump"
BY_DATE = {"book": "session", "places": "1"}
FIRST, SECOND = "2027-01-12", "2027-01-19"


def move_buttons(page) -> list[str]:
    return [one.text for one in page.main.all("button") if one.text.startswith("Move here")]


def held(screens) -> dict[str, int]:
    with database.read(screens.engine) as connection:
        rows = connection.execute(sa.select(tables.bookable)).all()
    return {row.planned or row.series: row.held for row in rows}


def test_one_press_moves_to_another_date(tmp_path) -> None:
    """The new place is taken, the old one goes to the family that waits for it, and a second press
    leads to the same booking."""
    screens = Screens(tmp_path, made.directory(BY_DATE))
    own = screens.book(f"{BUMP}?session={FIRST}", notes="Two prams")
    waiting = screens.visitor().book(f"{BUMP}?session={FIRST}", email="b@example.org")
    screens.visitor()
    page = screens.open(own.path)
    button = next(one for one in move_buttons(page) if "Tuesday 19 January" in one)
    moved = page.press(button)

    assert moved.heading == "Your place is moved"
    assert "Tuesday 19 January 2027" in moved
    assert held(screens) == {FIRST: 1, SECOND: 1}
    assert screens.open(waiting.path).heading == "A place is free for you"
    again = page.press(button)
    assert again.path == moved.path
    assert held(screens) == {FIRST: 1, SECOND: 1}
    with screens.desk.extensions["live"].database() as engine:
        assert places.verify(engine) == []


def test_both_pages_say_that_the_place_is_moved(tmp_path) -> None:
    """The new page says where the place was; the old one leads to the new one and gives no place
    back, also by a forged press or after a second move, and to nobody once the details are gone."""
    screens = Screens(tmp_path, made.directory(BY_DATE))
    old = screens.book(f"{BUMP}?session={FIRST}", contact_by="none")
    page = screens.open(old.path)
    moved = page.press(next(one for one in move_buttons(page) if "Tuesday 19 January" in one))

    assert "You moved your place from Bump, Birth and Beyond" in moved
    assert "Tuesday 12 January 2027, 10am to midday, at Riverbank" in moved
    assert "You no longer have a place there." in moved
    assert "This page has a new address" in moved
    before = screens.open(old.path)
    assert before.heading == before.title.partition(" – ")[0] == "You have moved this booking"
    assert "You no longer have the place on this page." in before
    assert "Take my place back" not in before
    assert "Other dates and groups with space" not in before
    assert before.follow("See the booking that you moved to").path == moved.path

    fields = dict(page.fields(move_buttons(page)[0])) | {"planned": "2027-01-26"}
    screens.wait(seconds=10)
    assert screens.send(f"{old.path}/restore", fields).status == 409
    assert screens.send(f"{old.path}/take", fields).answer.headers["Location"] == old.path
    assert held(screens) == {FIRST: 0, SECOND: 1}

    third = moved.press(next(one for one in move_buttons(moved) if "Tuesday 26 January" in one))
    assert "Tuesday 19 January 2027, 10am to midday, at Riverbank" in third
    leads = screens.open(old.path).follow("See the booking that you moved to")
    assert leads.path == third.path
    third.follow("Cancel your booking").press("Yes, cancel it")
    assert screens.open(third.path).heading == "Your booking is cancelled"
    assert "Take my place back" in screens.open(third.path)
    assert "Take my place back" not in screens.open(old.path)

    screens.open(old.path).follow("Delete what we keep about you").press("Yes, delete them")
    assert "See the booking that you moved to" not in screens.open(old.path)


def test_a_full_place_changes_nothing(tmp_path) -> None:
    """Somebody took it after the page was opened: the family keeps its place, and reads so."""
    screens = Screens(tmp_path, made.directory(BY_DATE))
    own = screens.book(f"{BUMP}?session={FIRST}")
    page = screens.open(own.path)
    button = next(one for one in move_buttons(page) if "Tuesday 19 January" in one)
    cookies = screens.client
    screens.visitor().book(f"{BUMP}?session={SECOND}", email="b@example.org")
    screens.client = cookies
    refused = page.press(button)

    assert refused.status == 409
    assert "You still have the place that you had." in refused
    assert screens.open(own.path).heading == "Your place is booked"
    assert held(screens) == {FIRST: 1, SECOND: 1}


def test_a_move_obeys_the_rules_of_a_booking(tmp_path) -> None:
    """Nothing is offered for a booking that has begun, that staff answered, or that is no place;
    and a forged press for a group that is asked for leads to its own page, with nothing changed."""
    asked = {"booking": "request", "title": "Asked for"}
    screens = Screens(
        tmp_path, made.directory({}, {"title": "Later", "starts": "2027-01-14"}, asked)
    )
    own = screens.book()
    page = screens.open(own.path)
    [button] = move_buttons(page)
    assert "Later" in button

    fields = dict(page.fields(button)) | {"series": "riverbank/bump-2"}
    screens.wait(seconds=10)
    led = screens.send(f"{own.path}/move", fields)
    assert led.status == 303
    assert screens.open(own.path).heading == "Your place is booked"

    screens.wait(days=9)
    assert move_buttons(screens.open(own.path)) == []
    assert screens.send(f"{own.path}/move", fields).answer.headers["Location"] == own.path
    assert screens.count() == 1


def test_both_or_neither(tmp_path) -> None:
    """If giving up the old place fails, the new one is not taken."""
    screens = Screens(tmp_path, made.directory(BY_DATE))
    screens.book(f"{BUMP}?session={FIRST}")
    with screens.desk.extensions["live"].database() as engine:
        with database.read(engine) as connection:
            booking_id = connection.execute(sa.select(tables.booking.c.id)).scalar_one()
        family = bookings.family_of(engine, booking_id)
        bookings.cancel(engine, screens.directory, booking_id, now=screens.now)
        series = screens.directory.series[0]
        given = {"key": "k" * 20, "secret": screens.settings.secret, "now": screens.now}
        refused = False
        try:
            bookings.move(
                engine, screens.directory, booking_id, series, family,
                session=series.all_sessions[1], **given,
            )  # fmt: skip
        except bookings.locking.NotPossible:
            refused = True

        assert refused
        assert screens.count() == 1
        assert places.verify(engine) == []
