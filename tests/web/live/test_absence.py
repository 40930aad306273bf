"""A family says in one press that it cannot come."""

import pytest

from portal import bookings
from portal.bookings import registers
from portal.bookings.registers import Mark
from tests.support import made
from tests.support.screens import Screens

FIRST = "2027-01-12"


def register(screens: Screens) -> dict[str, str]:
    session = screens.directory.series[0].all_sessions[0]
    found = registers.of(screens.engine, session.series, session, now=screens.now, actor="staff:7")
    return {line.name: line.mark for line in found.lines}


def test_one_press_sends_apologies_for_one_date_of_a_course(tmp_path) -> None:
    """Opening the link changes nothing; the button marks the register of that date alone, the place
    stays for the others, and the family can take it back."""
    screens = Screens(tmp_path)
    own = screens.book()
    page = screens.open(f"{own.path}/cannot-come?date={FIRST}")

    assert len(page.main.all("button")) == 1
    assert register(screens) == {"Amina Khan": "expected"}

    told = page.press("We cannot come on Tuesday 12 January")
    assert register(screens) == {"Amina Khan": "apologies"}
    assert "You have told us that you cannot come." in told
    assert told.heading == "Your place is booked"
    assert screens.open(f"{own.path}/cannot-come?date={FIRST}").status == 303
    following = screens.open(f"{own.path}/cannot-come")
    assert following.heading == "Can you not come on Tuesday 19 January?"

    back = told.follow("We can come on Tuesday 12 January after all")
    back.press("We can come on Tuesday 12 January")
    assert register(screens) == {"Amina Khan": "expected"}


def test_one_press_frees_the_place_of_a_date_that_was_booked_by_itself(tmp_path) -> None:
    """The next family on the waiting list is offered the place at once."""
    screens = Screens(tmp_path, made.directory({"book": "session", "places": "1"}))
    own = screens.book(f"/book/riverbank/bump?session={FIRST}")
    other = screens.visitor().book(
        f"/book/riverbank/bump?session={FIRST}", email="b@example.org", name="Ben"
    )
    assert "You are on the waiting list" in other

    ended = screens.open(f"{own.path}/cannot-come").press("We cannot come")
    assert ended.heading == "Your booking is cancelled"
    assert screens.open(other.path).heading == "A place is free for you"
    # A second press, and a second look at the reminder, find it done.
    assert screens.open(f"{own.path}/cannot-come").status == 303


def test_apologies_do_not_overrule_staff(tmp_path) -> None:
    """Where staff have marked who came, the family's mark is refused with words; an
    unknown date leads back."""
    screens = Screens(tmp_path / "open")
    own = screens.book()
    page = screens.open(f"{own.path}/cannot-come?date={FIRST}")
    session = screens.directory.series[0].all_sessions[0]
    found = registers.of(screens.engine, session.series, session, now=screens.now, actor="staff:7")
    mark = Mark(found.lines[0].booking_id, "came", "expected", 0)
    registers.save(
        screens.engine, session.series, session, [mark], now=screens.now, actor="staff:7"
    )
    assert page.press("We cannot come on Tuesday 12 January").status == 409
    assert register(screens) == {"Amina Khan": "came"}
    assert screens.open(f"{own.path}/cannot-come?date=2027-01-13").status == 303


@pytest.mark.parametrize("seconds", [0, 10])
def test_a_quick_press_counts(tmp_path, seconds) -> None:
    """One press is enough, however quick."""
    screens = Screens(tmp_path)
    own = screens.book()
    screens.open(f"{own.path}/cannot-come").press(
        "We cannot come on Tuesday 12 January", seconds=seconds
    )

    assert register(screens) == {"Amina Khan": "apologies"}
    screens.wait(days=9)
    assert "We cannot come on Tuesday 19 January" in screens.open(own.path)


def test_the_page_of_a_sensitive_programme_names_no_date(tmp_path) -> None:
    """S4: "next time" is all that the page says."""
    screens = Screens(tmp_path, made.directory(sensitive=True))
    family = bookings.Family("Amina Khan", email="amina@example.org", contact_by="email")
    given = {"secret": screens.settings.secret, "now": screens.now, "key": "k" * 20}
    asked = bookings.book(screens.engine, screens.directory.private_series[0], family, **given)
    bookings.confirm(screens.engine, screens.directory, asked.id, now=screens.now, actor="staff:7")
    page = screens.open(f"/bookings/{asked.link}/cannot-come")

    assert page.heading == "Can you not come next time?"
    assert "January" not in page.html
