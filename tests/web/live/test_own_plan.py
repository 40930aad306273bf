"""The plan on a family's own page, and its copy."""

from datetime import date

import pytest

from portal import bookings
from portal.bookings import personal_data, support
from portal.bookings.case_days import CaseDays
from portal.settings import Settings
from portal.staff import accounts
from tests.support import cases
from tests.support.screens import Screens


@pytest.fixture(params=[False, True], ids=["open", "sensitive"])
def screens(request, tmp_path):
    found = Screens(tmp_path, cases.directory(sensitive=request.param))
    found.sensitive = request.param
    return found


@pytest.fixture
def case(screens):
    """A request with a plan: the booking, the id of its case, and the family's own address."""
    secret = screens.desk.extensions["live"].secret
    booking, number = cases.allocated(screens.engine, screens.directory, secret=secret)
    cases.planned(screens.engine, screens.directory, number)
    return booking, number, f"/bookings/{booking.link}"


def test_a_family_reads_its_plan(screens, case):
    """The family's page has its goals, who does what by when, both reviews and how to change it; of
    a sensitive programme all that is shown only when asked for. Nobody is named."""
    screen = screens.open(case[2])
    for words in (
        "Your plan",
        "We all sleep in our own beds",
        "Who: You. By when: Monday 18 January 2027",
        "Who: The centre. By when: Monday 1 February 2027",
        "on Monday 22 February 2027, and for the last time on Monday 5 April 2027",
        "Ask your worker",
    ):
        assert words in screen
    shown = screen.main.all("details")
    hidden = any("We all sleep" in one.text for one in shown)
    assert hidden == screens.sensitive
    plan = screen.words.partition("Your plan")[2].partition("What happens next")[0]
    assert "Ann" not in plan


def test_a_plan_waits_for_the_next_worker(screens, case):
    """Without a worker neither the page nor the copy sends the family to one, or promises a day of
    review with one; the desk sees by when another one is due."""
    worker = support.case_of(screens.engine, case[0].id).worker_id
    accounts.remove(screens.engine, worker, now=screens.now, actor="operator")
    for path in (case[2], f"{case[2]}/plan"):
        said = screens.open(path)
        assert "Ask us." in said
        assert "wait until you have another worker" in said
        wrong = ("Ask your worker", "Who: Your worker", "together on", "for the last time on")
        assert [words for words in wrong if words in said] == []
    waits = support.case_of(screens.engine, case[0].id)
    days = CaseDays.of(screens.directory, Settings(), screens.now)
    assert days.due(waits).day == date(2027, 1, 7)


def test_a_copy_of_the_plan(screens, case):
    """The copy has the whole plan and names neither the family nor its worker; every wrong link
    gets the same answer as one without a plan (S23)."""
    screen = screens.open(case[2]).follow("Get a copy of your plan")
    assert screen.status == 200
    assert "Find a group that cooks" in screen
    assert [name for name in ("Sadia", "Malik", "Ann", "Brook") if name in screen] == []
    assert ("Bump" in screen.main.text) is False
    personal_data.erase(screens.engine, screens.directory, case[0].id, now=screens.now)
    gone, wrong = screens.open(f"{case[2]}/plan"), screens.open("/bookings/nobody/plan")
    assert (gone.status, wrong.status) == (404, 404)
    assert gone.words == wrong.words
    assert "Your plan" not in screens.open(case[2])


def test_deleting_says_what_becomes_of_the_plan(screens, case):
    """A family reads before it deletes its details that its worker and plan go with them."""
    screen = screens.open(f"{case[2]}/delete")
    assert "Your worker stops helping you, and your plan is deleted." in screen


def test_a_plan_that_has_ended_is_still_read(screens, case):
    """When the work has ended, the plan stays on the page as long as the details are kept."""
    bookings.cancel(screens.engine, screens.directory, case[0].id, now=screens.now)
    screen = screens.open(case[2])
    assert "You and your worker had this plan" in screen
    assert "Ask your worker" not in screen


def test_a_page_without_a_plan_says_nothing_of_one(screens):
    """Before there is a plan, the page does not mention it."""
    secret = screens.desk.extensions["live"].secret
    booking = cases.requested(screens.engine, screens.directory, secret=secret)
    assert "our plan" not in screens.open(f"/bookings/{booking.link}")
