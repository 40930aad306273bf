"""Plans of families: goals, reviews, outcome numbers, and what is erased of them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from portal import bookings, database
from portal.bookings import personal_data, retention, support, support_plans
from portal.bookings.casework import EditConflict
from portal.bookings.locking import NotPossible
from portal.bookings.support_plans import Scores
from portal.database import tables
from portal.database.tables import message
from portal.directory.values import LONDON
from portal.settings import Settings
from tests.support import cases
from tests.support.cases import GOALS, SADIA, SECRET, START
from tests.support.made import NOW, TODAY

DIRECTORY = cases.directory()
BY = {"now": NOW, "actor": "staff:1"}


@pytest.fixture
def case(engine):
    """A request with a worker: the booking, and the id of its case."""
    return cases.allocated(engine, DIRECTORY)


@pytest.fixture
def plain(sqlite):
    """The same for what does not depend on the kind of database."""
    return cases.allocated(sqlite, DIRECTORY)


def reviews(engine, booking, *states) -> list[tuple[str, str]]:
    """The messages about reviews: the day of each, and the day on which it is sent."""
    query = sa.select(message.c.about, message.c.due, message.c.state).where(
        message.c.booking_id == booking.id, message.c.kind == "support-review"
    )
    with database.read(engine) as connection:
        rows = connection.execute(query.order_by(message.c.due)).all()
    wanted = states or ("owed",)
    return [
        (row.about["day"], row.due.astimezone(LONDON).date().isoformat())
        for row in rows
        if row.state in wanted
    ]


# --- the plan -------------------------------------------------------------------------------------


def test_a_plan_is_made_with_the_family(sqlite, plain):
    """Saving a plan notes the first contact, at that moment, if nobody has noted one before."""
    cases.planned(sqlite, DIRECTORY, plain[1])
    assert support.case_of(sqlite, plain[0].id).contacted == NOW
    later = NOW + timedelta(days=1)
    cases.planned(sqlite, DIRECTORY, plain[1], GOALS[:1], now=later)
    assert support.case_of(sqlite, plain[0].id).contacted == NOW


def test_a_plan_begins_the_work(engine, case):
    """The first plan of a family begins the work, sets its two reviews and queues their messages
    in the same transaction."""
    booking, number = case
    plan = cases.planned(engine, DIRECTORY, number)

    assert (plan.state, plan.starts, plan.goals) == ("working", START, GOALS)
    assert (plan.first_review, plan.last_review) == (date(2027, 2, 22), date(2027, 4, 5))
    assert reviews(engine, booking) == [
        ("2027-02-22", "2027-02-15"),
        ("2027-04-05", "2027-03-29"),
    ]
    assert support_plans.plan_for_family(engine, booking.id) == plan


def test_reviews_are_moved_over_holidays(plain, sqlite):
    """A review in a school holiday, at a weekend or on a bank holiday is on the next day that suits
    families and staff."""
    plan = cases.planned(sqlite, DIRECTORY, plain[1], starts=date(2027, 1, 4))

    assert (plan.starts + timedelta(weeks=6)).isoformat() == "2027-02-15"  # half term
    assert (plan.first_review, plan.last_review) == (date(2027, 2, 22), date(2027, 3, 30))


@pytest.mark.parametrize(
    ("starts", "said"),
    [
        (TODAY - timedelta(days=10), "at most 7 days ago"),
        (date(2027, 3, 15), "within 8 weeks"),
        (date(2027, 1, 9), "at the weekend"),
        (date(2027, 1, 1), "New Year"),
        (date(1926, 1, 4), "at most 7 days ago"),
        (date(9999, 12, 31), "within 8 weeks"),
    ],
)
def test_a_start_that_makes_no_sense_is_refused_in_words(plain, sqlite, starts, said):
    """A plan starts on a working day, from 7 days ago to 8 weeks ahead."""
    with pytest.raises(NotPossible, match=said):
        cases.planned(sqlite, DIRECTORY, plain[1], starts=starts)
    assert support_plans.plan_of(sqlite, plain[1]).state == "allocated"


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"goal": ""}, "goal", "in its own words"),
        ({"step": ""}, "step", "Write what is done"),
        ({"step": "x" * 121}, "step", "120 characters"),
        ({"who": "dog"}, "who", "Say who does it"),
        ({"who": "other"}, "role", "the role of the person"),
        ({"due": date(2027, 1, 10)}, "due", "when the plan starts"),
        ({"due": date(2027, 4, 6)}, "due", "when the last review is"),
        ({"goal": "Ring Mr Khan"}, "goal", "Take out “Mr Khan”"),
        ({"step": "Text 07700 900123"}, "step", "a phone number"),
        ({"goal": "Sadia sleeps more"}, "goal", "Take out “Sadia”"),
        ({"step": "ann brook visits"}, "step", "Take out “ann brook”"),
        ({"who": "other", "role": "Mrs Lee, school"}, "role", "Take out “Mrs Lee”"),
        ({"goal": "Move to PR1 8RJ"}, "goal", "a postcode"),
        ({"goal": "School for our boy, born 3/4/2019"}, "goal", "a date of birth"),
    ],
)
def test_a_goal_is_whole_and_names_nobody(plain, sqlite, changed, field, said):
    """A goal with a gap, a day outside the plan, or words that name somebody is not stored; the
    words say what to change (S92)."""
    goals = (GOALS[0], replace(GOALS[1], who="family", role=""))
    wrong = (goals[0], replace(goals[1], **changed))
    before = support_plans.plan_of(sqlite, plain[1])
    names = support_plans.names_of(sqlite, plain[0].id)
    calendar = support_plans.working_days.calendar_of(DIRECTORY)

    found = support_plans.mistakes(
        START, wrong, before=before, names=names, calendar=calendar, today=TODAY
    )
    assert [(one.number, one.field) for one in found] == [(2, field)]
    assert said in found[0].words
    with pytest.raises(NotPossible):
        cases.planned(sqlite, DIRECTORY, plain[1], wrong)
    assert support_plans.plan_of(sqlite, plain[1]).goals == ()


def test_a_plan_has_one_to_six_goals(plain, sqlite):
    """A plan without a goal, or with a seventh, is refused."""
    for goals in ((), GOALS[:1] * 7):
        with pytest.raises(NotPossible, match="goal"):
            cases.planned(sqlite, DIRECTORY, plain[1], goals)
    assert len(cases.planned(sqlite, DIRECTORY, plain[1], GOALS[:1] * 6).goals) == 6


def test_the_second_tab_sees_what_the_first_saved(engine, case):
    """A plan is saved only over the version that its form showed; the same words again are no
    conflict and change nothing."""
    number = case[1]
    seen = cases.version(engine, number)
    cases.planned(engine, DIRECTORY, number)
    support_plans.save_plan(engine, DIRECTORY, number, START, GOALS, seen=seen, **BY)
    with pytest.raises(EditConflict):
        support_plans.save_plan(engine, DIRECTORY, number, START, GOALS[:1], seen=seen, **BY)

    assert support_plans.plan_of(engine, number).goals == GOALS


@pytest.mark.parametrize("state", ["new", "triage", "closed", "declined"])
def test_a_plan_needs_a_worker(plain, sqlite, state):
    """A case without a worker, or one that has ended, takes no plan, review or number."""
    cases.change(sqlite, plain[1], state=state)
    for work in (
        lambda: cases.planned(sqlite, DIRECTORY, plain[1]),
        lambda: support_plans.save_scores(sqlite, plain[1], {1: Scores(3)}, seen=0, **BY),
    ):
        with pytest.raises(NotPossible, match=r"no worker yet|closed"):
            work()


# --- the reviews ----------------------------------------------------------------------------------


def test_messages_follow_the_days_of_the_plan(engine, case):
    """When the start moves, the queued messages go and others are queued; when the case ends, none
    is left."""
    booking, number = case
    cases.planned(engine, DIRECTORY, number)
    cases.planned(engine, DIRECTORY, number, starts=START + timedelta(days=1))
    assert reviews(engine, booking) == [
        ("2027-02-23", "2027-02-16"),
        ("2027-04-06", "2027-03-30"),
    ]
    bookings.cancel(engine, DIRECTORY, booking.id, now=NOW)
    assert reviews(engine, booking) == []


def test_a_noted_review_needs_no_message(plain, sqlite):
    """A review that was held has no message any more; taken back, it has one again."""
    booking, number = plain
    cases.planned(sqlite, DIRECTORY, number)
    later = NOW + timedelta(days=30)
    by = {"now": later, "actor": "staff:1"}

    def note(which, **given):
        seen = cases.version(sqlite, number)
        support_plans.note_review(sqlite, number, which, seen=seen, **by, **given)
        return support_plans.plan_of(sqlite, number).state

    assert note("first") == "working"
    assert [day for day, _ in reviews(sqlite, booking)] == ["2027-04-05"]
    assert note("first", held=False) == "working"
    assert [day for day, _ in reviews(sqlite, booking)] == ["2027-02-22", "2027-04-05"]
    assert note("last") == "reviewed"
    assert note("last") == "reviewed"  # pressed twice
    assert reviews(sqlite, booking) == []
    with pytest.raises(NotPossible, match="last review is done"):
        note("first")
    assert note("last", held=False) == "working"


def test_a_review_is_not_noted_before_the_plan_starts(plain, sqlite):
    """Nobody has reviewed a plan that has not begun, or is not written."""
    for said in ("no plan yet", "starts on Monday 11 January 2027"):
        seen = cases.version(sqlite, plain[1])
        with pytest.raises(NotPossible, match=said):
            support_plans.note_review(sqlite, plain[1], "first", seen=seen, **BY)
        cases.planned(sqlite, DIRECTORY, plain[1])


def test_the_start_stays_once_a_review_is_done(plain, sqlite):
    """A plan with a review does not move; its goals can still change."""
    number = plain[1]
    cases.planned(sqlite, DIRECTORY, number)
    later = NOW + timedelta(days=45)
    seen = cases.version(sqlite, number)
    support_plans.note_review(sqlite, number, "first", seen=seen, now=later, actor="staff:1")
    with pytest.raises(NotPossible, match="A review is done already"):
        cases.planned(sqlite, DIRECTORY, number, starts=later.date(), now=later)
    done = (replace(GOALS[0], done=True), GOALS[1])
    assert cases.planned(sqlite, DIRECTORY, number, done, now=later).goals == done


def test_reviews_of_this_week_and_overdue_are_listed(plain, sqlite):
    """A worker sees her own reviews up to a day until they are noted, the oldest first."""
    cases.planned(sqlite, DIRECTORY, plain[1])
    with database.read(sqlite) as connection:
        worker = connection.execute(sa.select(tables.support_case.c.worker_id)).scalar_one()
    due = support_plans.reviews_due

    assert due(sqlite, worker, date(2027, 2, 21)) == []
    (review,) = due(sqlite, worker, date(2027, 2, 28))
    assert (review.which, review.day) == ("first", date(2027, 2, 22))
    assert due(sqlite, worker + 1, date(2027, 2, 28)) == []


def test_corrected_details_bring_the_message_by_the_new_way(plain, sqlite):
    """A family that can be reached after all gets the messages of its reviews, each only once."""
    booking, number = plain

    def corrected(**changed):
        family = replace(SADIA, **changed)
        options = {"secret": SECRET, "now": NOW}
        personal_data.correct(sqlite, DIRECTORY, booking.id, family, **options)

    corrected(contact_by="call")
    cases.planned(sqlite, DIRECTORY, number)
    assert reviews(sqlite, booking) == []
    corrected()
    assert len(reviews(sqlite, booking)) == 2
    sent = message.update().where(message.c.state == "owed", message.c.kind == "support-review")
    database.write(sqlite, lambda c: c.execute(sent.values(state="sent")))
    corrected(contact_by="text")
    assert reviews(sqlite, booking) == []


# --- numbers, and what is kept --------------------------------------------------------------------


def test_outcome_numbers_are_optional_and_follow_the_version(engine, case):
    """Each outcome takes a number before and one after, or none; an old form is refused."""
    number = case[1]
    seen = cases.version(engine, number)
    scores = {1: Scores(3, None), 4: Scores(None, 9)}
    support_plans.save_scores(engine, number, scores, seen=seen, **BY)
    kept = support_plans.scores_of(engine, number)

    assert (kept[1], kept[4], kept[2]) == (scores[1], scores[4], Scores())
    with pytest.raises(EditConflict):
        support_plans.save_scores(engine, number, {}, seen=seen, **BY)


def test_a_family_is_shown_its_plan_and_numbers(plain, sqlite):
    """All that is kept of a family has the plan, in words."""
    booking, number = plain
    cases.planned(sqlite, DIRECTORY, number)
    seen = cases.version(sqlite, number)
    support_plans.save_scores(sqlite, number, {1: Scores(3, 8)}, seen=seen, **BY)
    kept = dict(retention.kept(sqlite, booking.reference, lambda _: True, DIRECTORY))

    assert kept["First review"] == "Monday 22 February 2027"
    assert kept["Goal 2"] == (
        "Somebody shows us how to cook: Find a group that cooks. The centre, by Monday 1 February "
        "2027."
    )
    assert kept["Children and young people are safe and protected from harm"] == "before 3, after 8"


def test_goals_are_erased_with_the_family_and_numbers_stay(engine, case):
    """Erasing a family deletes its goals and drops its messages; days and numbers stay, and a copy
    that a backup brings back is erased again (S52)."""
    booking, number = case
    cases.planned(engine, DIRECTORY, number)
    seen = cases.version(engine, number)
    support_plans.save_scores(engine, number, {2: Scores(4, 6)}, seen=seen, **BY)
    with database.read(engine) as connection:
        backup = [
            (table, [dict(row._mapping) for row in connection.execute(sa.select(table))])
            for table in (tables.person, tables.plan_goal)
        ]
    personal_data.erase(engine, DIRECTORY, booking.id, now=NOW)

    def left():
        plan = support_plans.plan_of(engine, number)
        return plan.goals, plan.starts, support_plans.scores_of(engine, number)[2]

    assert left() == ((), START, Scores(4, 6))
    assert support_plans.plan_for_family(engine, booking.id) is None
    assert reviews(engine, booking) == []

    def restore(connection):
        for table, rows in backup:
            connection.execute(table.insert(), rows)

    database.write(engine, restore)
    again = [booking.reference]
    database.write(engine, lambda c: personal_data.erase_again(c, again, NOW))
    assert left() == ((), START, Scores(4, 6))


def test_goals_go_with_the_details_of_an_ended_case(plain, sqlite, tmp_path):
    """A plan is forgotten a set number of days after its case has ended, and not before."""
    booking, number = plain
    cases.planned(sqlite, DIRECTORY, number)
    settings = Settings(var=tmp_path, root=tmp_path)
    bookings.cancel(sqlite, DIRECTORY, booking.id, now=NOW)
    for days, goals in ((settings.keep_days - 1, 2), (settings.keep_days + 1, 0)):
        retention.forget(sqlite, DIRECTORY, settings, now=NOW + timedelta(days=days))
        assert len(support_plans.plan_of(sqlite, number).goals) == goals
