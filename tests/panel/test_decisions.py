"""Decisions of a panel: two members, one balance that never falls below 0, and one answer."""

import threading
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from portal import database
from portal.bookings.locking import NotPossible
from portal.database import audit, tables
from portal.database.engine import insert_if_new
from portal.panel import budget, decisions, gaps
from portal.panel.decisions import Proposal, agree, drop, propose
from portal.staff.accounts import Staff
from tests.panel.test_gaps import FORM, MANAGER, MEMBERS, SECRET, queued, sent, with_panel
from tests.support import made
from tests.support.made import NOW

ONE, OTHER = MEMBERS
APRIL = datetime(2027, 3, 31, 23, 30, tzinfo=UTC)  # 1 April by the clocks of London
MET = Proposal("met", "See this page", link="/programmes/bump/")


def spend(pounds=100):
    return Proposal("spend", "Yes", pounds=pounds, what_for="A car seat", provider="A shop")


def spent(engine):
    with database.read(engine) as connection:
        return connection.execute(select(tables.panel_year.c.spent)).scalar()


def made_of(engine):
    """How many decisions are made, and their pounds."""
    where = tables.panel_decision.c.state == "made"
    query = select(sa.func.count(), sa.func.sum(tables.panel_decision.c.pounds)).where(where)
    with database.read(engine) as connection:
        return tuple(connection.execute(query).one())


def decide(engine, number, proposal, directory=None, now=NOW):
    directory = directory or with_panel()
    seen = gaps.with_id(engine, number).version
    propose(engine, directory, number, proposal, seen=seen, by=ONE, now=now)
    agree(engine, directory, number, seen=seen + 1, by=OTHER, now=now)


def test_one_proposes_and_another_agrees(engine: Engine) -> None:
    """S95: nobody agrees what they proposed; then the form is decided, answered and in the log."""
    one, directory = sent(engine), with_panel()
    propose(engine, directory, one.id, MET, seen=0, by=ONE, now=NOW)
    with pytest.raises(NotPossible, match="Another member"):
        agree(engine, directory, one.id, seen=1, by=ONE, now=NOW)
    agree(engine, directory, one.id, seen=1, by=OTHER, now=NOW)

    assert gaps.with_id(engine, one.id).state == "met"
    assert queued(engine)[-1] == "gap-answer"
    assert [(line.actor, line.action) for line in audit.log(engine)][:2] == [
        ("staff:2", "agree decision"),
        ("staff:1", "propose decision"),
    ]
    with pytest.raises(NotPossible, match="decided already"):
        propose(engine, directory, one.id, spend(), seen=2, by=ONE, now=NOW)


def test_the_database_refuses_one_member_alone(engine: Engine) -> None:
    """S95: the constraint holds whatever the code does."""
    one = sent(engine)
    propose(engine, with_panel(), one.id, MET, seen=0, by=ONE, now=NOW)
    alone = tables.panel_decision.update().values(state="made", agreed_by=ONE.id)

    with pytest.raises(IntegrityError):
        database.write(engine, lambda c: c.execute(alone))


def test_a_form_has_one_proposal_at_a_time(engine: Engine) -> None:
    """Two members who decide one form at once: one proposal is kept, the other sees the change."""
    one, directory = sent(engine), with_panel()
    ready, said = threading.Barrier(2), []

    def press(member: Staff) -> None:
        ready.wait(20)
        try:
            propose(engine, directory, one.id, MET, seen=0, by=member, now=NOW)
            said.append("kept")
        except NotPossible as error:
            said.append(str(error))

    threads = [threading.Thread(target=press, args=[member]) for member in MEMBERS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(said) == sorted(["kept", gaps.CHANGED])


def test_a_proposal_can_be_dropped_and_made_again(sqlite: Engine) -> None:
    one, directory = sent(sqlite), with_panel()
    propose(sqlite, directory, one.id, MET, seen=0, by=ONE, now=NOW)
    drop(sqlite, one.id, seen=1, by=ONE, now=NOW)
    propose(sqlite, directory, one.id, spend(), seen=2, by=ONE, now=NOW)

    found = decisions.of_gaps(sqlite, [one.id])[one.id]
    assert [(each.kind, each.state) for each in found] == [("spend", "proposed")]
    assert spent(sqlite) is None


def test_each_decision_sends_its_answer(sqlite: Engine) -> None:
    """More to ask keeps the form open; what is escalated or cannot be met is decided."""
    for kind, state, message in (
        ("more", "more", "gap-more"),
        ("escalate", "escalated", "gap-answer"),
        ("no", "no", "gap-answer"),
    ):
        one = sent(sqlite, key=kind)
        decide(sqlite, one.id, Proposal(kind, "In words"))
        assert (gaps.with_id(sqlite, one.id).state, queued(sqlite)[-1]) == (state, message)


def test_the_limit_and_the_balance_are_kept(sqlite: Engine) -> None:
    """S95: no decision spends more than the limit of the panel, or than the year has left."""
    one, small = sent(sqlite), with_panel(budget="500")
    with pytest.raises(NotPossible, match="£500 at most"):
        propose(sqlite, small, one.id, spend(501), seen=0, by=ONE, now=NOW)
    decide(sqlite, one.id, spend(400), small)
    other = sent(sqlite, key="other")
    with pytest.raises(NotPossible, match=r"Only £100 of the budget for 2026-27 is left"):
        decide(sqlite, other.id, spend(101), small)

    assert (spent(sqlite), gaps.with_id(sqlite, other.id).state) == (400, "open")
    assert queued(sqlite).count("gap-answer") == 1


def test_a_budget_lowered_below_what_is_spent_is_what_was_spent(sqlite: Engine) -> None:
    """The balance follows the content, and never shows less than nothing."""
    decide(sqlite, sent(sqlite).id, spend(400))
    lower = with_panel(budget="300", limit="300")

    with pytest.raises(NotPossible, match="Only £0"):
        decide(sqlite, sent(sqlite, key="other").id, spend(10), lower)
    with database.read(sqlite) as connection:
        low = budget.balance(connection, "preston", 300, date(2027, 1, 4))
        high = budget.balance(connection, "preston", 900, date(2027, 1, 4))
    assert (low.budget, low.spent, low.left, high.left) == (400, 400, 0, 500)


def test_the_year_begins_on_the_first_of_april(sqlite: Engine) -> None:
    """The day of the decision says from which year's budget it takes."""
    small = with_panel(budget="500")
    for key, day in (("old", datetime(2027, 3, 31, 12, tzinfo=UTC)), ("new", APRIL)):
        decide(sqlite, sent(sqlite, key=key).id, spend(500), small, day)

    with database.read(sqlite) as connection:
        rows = connection.execute(select(tables.panel_year).order_by("year")).all()
    assert [(row.year, row.spent) for row in rows] == [(2026, 500), (2027, 500)]
    assert budget.year_words(2099) == "2099-00"


def test_a_manager_answers_alone_only_where_there_is_no_panel(sqlite: Engine) -> None:
    """A manager spends nothing, and decides nothing that is the panel's."""
    alone = made.directory()
    one = sent(sqlite, alone)
    given = {"seen": 0, "by": MANAGER, "now": NOW}
    for directory, proposal in ((alone, spend()), (with_panel(), MET)):
        with pytest.raises(NotPossible):
            decisions.answer_alone(sqlite, directory, one.id, proposal, **given)
    decisions.answer_alone(sqlite, alone, one.id, MET, **given)

    assert gaps.with_id(sqlite, one.id).state == "met"
    assert queued(sqlite) == ["gap-received", "gap-answer"]


def test_a_button_that_is_pressed_twice_acts_once(sqlite: Engine) -> None:
    """S22: the same proposal and the same agreement again change nothing and say nothing."""
    one, directory = sent(sqlite), with_panel()
    for _ in range(2):
        propose(sqlite, directory, one.id, spend(), seen=0, by=ONE, now=NOW)
    for _ in range(2):
        agree(sqlite, directory, one.id, seen=1, by=OTHER, now=NOW)

    assert (made_of(sqlite), spent(sqlite)) == ((1, 100), 100)
    assert queued(sqlite) == ["gap-received", "gap-answer"]


def test_a_third_gap_raises_its_theme(sqlite: Engine) -> None:
    """A form that is reported counts for its theme in the same transaction."""
    issues = [gaps.with_id(sqlite, sent(sqlite, key=key).id).issue_id for key in "abc"]

    assert issues == [None, None, 1]


# --- the race -------------------------------------------------------------------------------------

MANY = 20


def race(engine, small, look=lambda: None) -> list[str]:
    """Twenty members agree twenty proposals of £100 at the same moment; what each one sees."""
    numbers = []
    for number in range(MANY):
        reference = gaps.report(engine, FORM, small, key=f"r{number}", secret=SECRET, now=NOW)
        one = gaps.with_reference(engine, reference)
        propose(engine, small, one.id, spend(100), seen=0, by=ONE, now=NOW)
        numbers.append(one.id)
    ready, said = threading.Barrier(MANY), []

    def press(place: int) -> None:
        member = Staff(100 + place, "m@x.org", "M", "panel", panels=frozenset({"preston"}))
        look()
        ready.wait(60)
        try:
            agree(engine, small, numbers[place], seen=1, by=member, now=NOW)
            said.append("spent")
        except NotPossible as error:
            said.append(str(error))

    threads = [threading.Thread(target=press, args=[place]) for place in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def test_twenty_members_spend_the_last_500_pounds(engine: Engine) -> None:
    """S95: five of twenty decisions of £100 are made of £500, and the rest change nothing."""
    said = race(engine, with_panel(budget="500"))

    assert (len(said), said.count("spent"), spent(engine)) == (MANY, 5, 500)
    assert made_of(engine) == (5, 500)
    assert queued(engine).count("gap-answer") == 5


def test_without_the_guard_the_race_goes_wrong(engine: Engine, monkeypatch) -> None:
    """S65: the race can fail. Members who look first and take later spend the same money twice."""
    seen = threading.local()

    def look() -> None:
        with database.read(engine) as connection:
            seen.balance = budget.balance(connection, "preston", 500, NOW.date())

    def careless(connection, district, of_content, day, pounds) -> bool:
        year = budget.year_of(day)
        row = {"panel": district, "year": year, "budget": of_content, "spent": 0}
        insert_if_new(connection, tables.panel_year, **row)
        later = tables.panel_year.update().values(spent=seen.balance.spent + pounds)
        connection.execute(later)
        return seen.balance.left >= pounds

    monkeypatch.setattr(budget, "take", careless)
    race(engine, with_panel(budget="500"), look)

    assert made_of(engine) == (MANY, 100 * MANY)
    assert spent(engine) < 100 * MANY
