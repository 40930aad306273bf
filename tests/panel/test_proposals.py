"""Two members make a step of a theme: one proposes it, and another one agrees."""

import threading
from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError

from portal import database
from portal.bookings.locking import NotPossible
from portal.database import audit, tables
from portal.panel import projects, proposals, themes
from portal.panel.proposals import Begin, Up
from tests.panel.test_projects import AGREED
from tests.support.made import NOW
from tests.support.panels import report_gap

UP = Up("We have no crèche", "Chair", NOW.date())
BEGIN = Begin("We pay", AGREED)


@pytest.fixture
def issue(engine):
    for _ in range(3):
        number = report_gap(engine)
    return number


def propose(engine, issue, step, seen=0, by=1):
    proposals.propose(engine, issue, step, seen=seen, by=by, now=NOW)


def agree(engine, issue, seen=1, by=2):
    proposals.agree(engine, issue, seen=seen, by=by, now=NOW)


@pytest.mark.parametrize(("step", "state"), [(UP, "sub-group"), (BEGIN, "project")])
def test_one_proposes_and_another_agrees(engine, issue, step, state) -> None:
    """S95: nobody takes a theme up or begins a project alone, however much money it is; pressing
    twice changes nothing."""
    propose(engine, issue, step)
    propose(engine, issue, step)
    with pytest.raises(NotPossible, match="Another member has to agree"):
        agree(engine, issue, by=1)
    assert themes.issue_of(engine, issue).state == "panel"
    assert projects.project_for(engine, issue) is None
    found = proposals.proposal_of(engine, issue)
    assert (found.by, found.step.answer) == (1, step.answer)
    agree(engine, issue)
    agree(engine, issue)

    assert themes.issue_of(engine, issue).state == state
    assert proposals.proposal_of(engine, issue) is None
    assert [(one.actor, one.action) for one in audit.log(engine)][1:] == [
        ("staff:1", "propose theme"), ("professional", "raise theme"),
    ]  # fmt: skip


def test_the_database_refuses_one_member_alone(engine, issue) -> None:
    """S95: the constraint holds whatever the code does."""
    values = {"issue_id": issue, "body": "board", "day": "2027-01-04", "owner": "Chair"}
    for pair in ((1, 1), (1, None), (None, None)):
        step = tables.theme_step.insert().values(
            **values, answer="", proposed_by=pair[0], agreed_by=pair[1]
        )
        with pytest.raises(IntegrityError):
            database.write(engine, lambda c, step=step: c.execute(step))


def test_a_theme_has_one_proposal_at_a_time(engine, issue) -> None:
    """A second one is refused until the first is dropped; what is not proposed cannot be agreed."""
    with pytest.raises(NotPossible, match="Nothing is proposed"):
        agree(engine, issue, seen=0)
    propose(engine, issue, UP)
    with pytest.raises(NotPossible, match="has proposed something already"):
        propose(engine, issue, BEGIN, seen=1, by=2)
    proposals.drop(engine, issue, seen=1, by=2, now=NOW)
    with pytest.raises(NotPossible, match="Somebody else has changed"):
        agree(engine, issue, seen=1)
    propose(engine, issue, BEGIN, seen=2, by=2)
    agree(engine, issue, seen=3, by=1)

    assert themes.issue_of(engine, issue).state == "project"


def test_closing_drops_a_proposal(engine, issue) -> None:
    """Nobody agrees a step of a theme that was closed meanwhile."""
    propose(engine, issue, UP)
    given = {"answer": "The nursery takes them", "seen": 1, "now": NOW, "actor": "staff:3"}
    themes.close(engine, issue, **given)
    with pytest.raises(NotPossible, match="has closed"):
        agree(engine, issue)

    assert proposals.proposal_of(engine, issue) is None


def test_a_step_that_does_not_fit_is_not_proposed(engine, issue) -> None:
    """Its mistakes are said to the member who proposes it, not to the one who agrees."""
    with pytest.raises(NotPossible, match="cannot begin before"):
        propose(engine, issue, Up("No", "Chair", date(2026, 10, 1)))

    assert proposals.proposal_of(engine, issue) is None


def test_two_members_agree_at_once(engine, issue) -> None:
    """The theme goes up one step; the other member reads that somebody was first."""
    propose(engine, issue, UP)
    together, heard = threading.Barrier(2), []

    def press(by) -> None:
        together.wait(30)
        try:
            agree(engine, issue, by=by)
            heard.append("agreed")
        except NotPossible:
            heard.append("refused")

    threads = [threading.Thread(target=press, args=[by]) for by in (2, 3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert sorted(heard) == ["agreed", "refused"]
    assert themes.issue_of(engine, issue).state == "sub-group"
