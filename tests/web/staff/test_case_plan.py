"""The plan of a family on the pages for staff."""

from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa

from portal import bookings, database
from portal.bookings import personal_data, support_plans
from portal.database import tables
from tests.support import cases
from tests.support.panels import report_gap
from tests.support.staffed import Staffed
from tests.web.staff.test_access import asked, routes

OF_CONTENT = ("/staff/content", "/staff/change", "/staff/closed", "/staff/account")  # no family
PLANTED = ("Quillfeather", "07700 900461", "07700900461", "BB9 7QQ")
OF_FAMILIES = ("/staff/bookings/", "/staff/requests/")
ROWS = {
    "goal_1": "We all sleep in our own beds",
    "step_1": "A story, then lights out",
    "who_1": "family",
    "due_1": "Monday 18 January 2027",
}


@pytest.fixture
def place(tmp_path):
    return Staffed(tmp_path, cases.directory())


@pytest.fixture
def worker(place):
    return place.signed_in("worker", title="Ann Brook")


@pytest.fixture
def case(place, worker):
    """A request of hers: the booking, the id of its case and the address of its plan."""
    made = cases.allocated(place.engine, place.directory, worker=worker.staff, secret=place.secret)
    return (*made, f"/staff/requests/{made[0].reference}/plan")


def later(place, worker, **time):
    """The worker comes back after a while, and signs in again."""
    place.wait(**time)
    worker.become(worker.staff)


def plan_of(place, case):
    return support_plans.plan_of(place.engine, case[1])


def test_a_worker_writes_a_plan_and_sees_its_reviews(place, worker, case):
    """A plan is written in one form; the page then shows both review days in words, and opens with
    what was saved."""
    screen = worker.open(case[2]).fill(starts="11 January 2027", **ROWS).press("Save the plan")

    assert "The plan is saved" in screen
    assert "First review Monday 22 February 2027" in screen
    assert "Last review Monday 5 April 2027" in screen
    assert 'value="Monday 11 January 2027"' in screen.html
    (goal,) = plan_of(place, case).goals
    assert (goal.goal, goal.who) == ("We all sleep in our own beds", "family")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"starts": ""}, "Enter the day on which the plan starts"),
        ({"starts": "soon"}, "Enter the day on which the plan starts like 14 January 2027"),
        ({"starts": "Tuesday 11 January 2027"}, "is a Monday, not a Tuesday"),
        ({"starts": "11/1/2025"}, "a plan starts at most 7 days ago"),
        ({"starts": "30/2/2027"}, "Enter the day on which the plan starts like"),
        ({"goal_1": ""}, "Goal 1: Write what the family wants"),
        ({"who_1": ""}, "Goal 1: Say who does it"),
        ({"due_1": ""}, "Goal 1: Enter the day by which it is done"),
        ({"due_1": "18/1/2028"}, "Goal 1: Enter a day up to Monday 5 April 2027"),
        ({"step_1": "Ring Mrs Khan. Then tea."}, "Take out “Mrs Khan”"),
        ({"goal_1": "Sadia sleeps"}, "Take out “Sadia”"),
        ({"goal_3": "Cook", "due_3": "18/1/2027"}, "Goal 3: Write what is done for this goal"),
        ({"goal_1": "", "step_1": "", "due_1": ""}, "Write at least one goal"),
    ],
)
def test_what_is_wrong_is_said_beside_its_answer(place, worker, case, changed, said):
    """A mistake is said in the summary and beside the answer, and all that was typed is kept."""
    fields = {"starts": "11 January 2027", **ROWS, **changed}
    screen = worker.open(case[2]).fill(**fields).press("Save the plan")

    assert (screen.status, said in screen) == (422, True)
    typed = [words for words in fields.values() if len(words) > 12]
    assert [words for words in typed if f'value="{words}"' not in screen.html] == []
    assert plan_of(place, case).goals == ()


def test_the_second_tab_sees_what_the_first_saved(place, worker, case):
    """Somebody with an older page is shown what is saved now beside the own words, and saves these
    with one more press; the same press twice saves once."""
    first, second = (worker.open(case[2]) for _ in range(2))
    first.fill(starts="11 January 2027", **ROWS).press("Save the plan")
    again = second.fill(starts="11 January 2027", **ROWS).press("Save the plan")
    assert again.status == 200  # the same words are no conflict
    third = second.fill(goal_1="We read every day").press("Save the plan")

    assert third.status == 409
    assert "What is saved now" in third
    assert "We all sleep in our own beds" in third
    assert 'value="We read every day"' in third.html
    assert third.press("Save the plan").status == 200
    assert [goal.goal for goal in plan_of(place, case).goals] == ["We read every day"]


def test_a_goal_is_taken_out_by_emptying_its_boxes(place, worker, case):
    """A goal without any words is left out, and the others move up."""
    cases.planned(place.engine, place.directory, case[1])
    screen = worker.open(case[2]).fill(goal_1="", step_1="", due_1="", role_1="")
    assert screen.press("Save the plan").status == 200
    (goal,) = plan_of(place, case).goals
    assert goal.role == "The centre"


def test_a_review_is_noted_with_one_press_and_taken_back(place, worker, case):
    """The next review has a button once the plan has started; a mistake is taken back; an old page
    changes nothing and says so."""
    cases.planned(place.engine, place.directory, case[1])
    assert "We have held the first review" not in worker.open(case[2])
    later(place, worker, days=10)
    old = worker.open(case[2])
    screen = old.press("We have held the first review")
    assert "The review is noted" in screen
    assert "Held. You noted it on Thursday 14 January 2027" in screen
    screen = screen.press("This was a mistake")
    assert plan_of(place, case).first_reviewed is None
    assert old.press("We have held the first review").status == 409
    assert plan_of(place, case).first_reviewed is None
    later(place, worker, days=67)
    last = worker.open(case[2]).press("We have held the last review")
    assert "The review is noted" in last
    assert plan_of(place, case).state == "reviewed"


def test_the_reviews_of_this_week_stand_on_today(place, worker, case):
    """The first page of a worker has her reviews of this week and those that are overdue."""
    cases.planned(place.engine, place.directory, case[1])
    assert "review with a family of yours" not in worker.open("/staff/")
    for days, said in ((49, "is due on Monday 22 February 2027"), (8, "is overdue since")):
        later(place, worker, days=days)
        assert said in worker.open("/staff/")
    assert "review with a family" not in place.signed_in("worker").open("/staff/")


def test_outcome_numbers_are_saved_and_checked(place, worker, case):
    """Numbers are from 1 to 10, or left out; an old page is shown what is saved now."""
    path = case[2].replace("/plan", "/scores")
    old = worker.open(path)
    wrong = old.fill(before_1="11").press("Save the numbers")
    assert wrong.status == 422
    assert "from 1 to 10" in wrong
    assert "The numbers are saved" in wrong.fill(before_1="3").press("Save the numbers")
    assert support_plans.scores_of(place.engine, case[1])[1].before == 3
    late = old.fill(before_1="4").press("Save the numbers")
    assert late.status == 409
    assert "At the start: 3" in late


def test_who_may_not_write_reads(place, worker, case):
    """A reader of the centre reads a plan and has no button; after the end nobody has one."""
    cases.planned(place.engine, place.directory, case[1])
    bookings.cancel(place.engine, place.directory, case[0].id, now=place.now)
    screen = worker.open(case[2])
    assert "We all sleep in our own beds" in screen
    assert "Save the plan" not in screen
    sent = worker.send(case[2], {"csrf_token": worker.token, "starts": "11/1/2027", **ROWS})
    assert sent.status in (409, 422)
    assert plan_of(place, case).goals == cases.GOALS


def test_another_worker_does_not_see_a_plan(place, worker, case):
    """A plan is for the worker of the family and her manager (S30)."""
    cases.planned(place.engine, place.directory, case[1])
    for where in (case[2], case[2].replace("/plan", "/scores")):
        assert place.signed_in("worker").open(where).status == 403
        assert place.signed_in("worker", centres=["harbour"]).open(where).status == 403
        assert place.signed_in("manager").open(where).status == 200


def test_a_plan_after_the_details_are_gone(place, worker, case):
    """Once the family is erased, the page says so and shows no goal."""
    cases.planned(place.engine, place.directory, case[1])
    personal_data.erase(place.engine, place.directory, case[0].id, now=place.now)
    screen = worker.open(case[2])
    assert "The details are deleted" in screen
    assert "our own beds" not in screen
    assert "The goals have been deleted" in screen


@pytest.mark.slow
def test_the_words_of_a_plan_are_on_its_own_page_alone(place, worker, case):
    """The words of a plan are on the page of the plan and in its own table: in no list, file, log,
    report or message."""
    goal = support_plans.Goal("Quillfeather one", "Quillfeather two", "other", cases.START, "Quill")
    cases.planned(place.engine, place.directory, case[1], (goal,))
    browser, shown = place.signed_in("administrator"), set()
    for path, method, rule in routes(place.app):
        if method == "GET" and not path.startswith(OF_CONTENT):
            answer = asked(browser, rule, "GET", reference=case[0].reference, series="bump")
            shown |= {path} if "quill" in answer.text.lower() else set()
    assert shown == {"/staff/requests/<reference>/plan"}
    with database.read(place.engine) as connection:
        holding = {
            table.name
            for table in tables.metadata.sorted_tables
            if "quill" in str(connection.execute(sa.select(table)).all()).lower()
        }
    assert holding == {"plan_goal"}


@pytest.mark.slow
def test_who_is_helped_is_on_the_pages_of_families_alone(place) -> None:
    """The name, the phone number and the postcode of a family with a worker are on no page of a
    panel, no report and no file; a member of a panel reads none of them anywhere."""
    given = {"name": "Zebulon Quillfeather", "phone": "07700 900461", "notes": "We live at BB9 7QQ"}
    family = replace(cases.SADIA, **given)
    worker = place.staff(title="Ann Brook")
    booking, number = cases.allocated(place.engine, place.directory, worker=worker, family=family)
    cases.planned(place.engine, place.directory, number)
    report_gap(place.engine, panel="preston")
    shown = {"administrator": set(), "panel": set()}
    for role, found in shown.items():
        browser = place.signed_in(role, name=f"{role}@example.org", panels=["preston"])
        for path, method, rule in routes(place.app):
            if method == "GET" and not path.startswith(OF_CONTENT):
                words = asked(browser, rule, "GET", reference=booking.reference, series="bump").text
                found |= {path} if any(one in words for one in PLANTED) else set()

    assert shown["panel"] == set()
    elsewhere = {one for one in shown["administrator"] if not one.startswith(OF_FAMILIES)}
    assert "/staff/requests/<reference>" in shown["administrator"]
    assert elsewhere == {"/staff/requests"}


def test_a_start_moves_its_reviews(place, worker, case):
    """A start that is moved moves both reviews, and goals before it are named."""
    cases.planned(place.engine, place.directory, case[1])
    screen = worker.open(case[2]).fill(starts="20 January 2027").press("Save the plan")
    assert "Goal 1: Enter a day from Wednesday 20 January 2027 on" in screen
    screen = screen.fill(due_1="20 January 2027").press("Save the plan")
    assert "First review Wednesday 3 March 2027" in screen
    assert plan_of(place, case).goals[0].due == date(2027, 1, 20)
