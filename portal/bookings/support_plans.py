"""The plan of a family: twelve weeks with one worker, with two reviews and outcome numbers.

What it hides: a plan is the start, the two reviews and the goals of a case. The reviews are 6 and
12 weeks after the start, moved over weekends and holidays, and the family gets a message before
each, which is queued in the transaction that sets the day (S5). Goals are in the words of the
family and name nobody (S92). They are erased with the family; days and outcome numbers stay.

Each change is one transaction that locks the case (S20) and takes the version that its form showed:
somebody with an older form is shown what was saved meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, select

from portal import messages
from portal.bookings import unnamed, working_days
from portal.bookings.case_rows import UNDER_WAY, SupportCase, locked_case
from portal.bookings.casework import EditConflict
from portal.bookings.locking import NotPossible
from portal.database import note, read, write
from portal.database.tables import (
    bookable,
    booking,
    case_outcome,
    message,
    person,
    plan_goal,
    referral,
    staff,
    support_case,
)
from portal.directory import Directory
from portal.directory.schedule import SchoolCalendar
from portal.directory.values import LONDON, day_words
from portal.directory.vocabularies import OUTCOMES

MOST_GOALS = 6
LONGEST_GOAL = 120  # one line, so that six goals fit on one sheet of paper
LONGEST_ROLE = 40
FIRST_REVIEW = timedelta(weeks=6)
LAST_REVIEW = timedelta(weeks=12)
STARTS_BEFORE = timedelta(days=7)  # a plan may have started this long ago when it is written
STARTS_WITHIN = timedelta(weeks=8)
REMIND_BEFORE = timedelta(days=7)
REMIND_AT = time(9)
MESSAGE = "support-review"

Which = Literal["first", "last"]

# Who does what a goal needs, as staff choose it.
WHO: Mapping[str, str] = {
    "family": "The family",
    "worker": "The worker",
    "other": "Somebody else",
}


@dataclass(frozen=True, slots=True)
class Goal:
    """What a family wants, and what is done for it. `role` says who somebody else is."""

    goal: str
    step: str
    who: str
    due: date
    role: str = ""
    done: bool = False

    @property
    def who_words(self) -> str:
        """Who does it, as the family reads it."""
        return {"family": "You", "worker": "Your worker"}.get(self.who, self.who_for_staff)

    @property
    def who_for_staff(self) -> str:
        return self.role or WHO[self.who]


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a case. Before it is written it has no start; once erased it has no goals."""

    case_id: int
    state: str
    version: int
    starts: date | None
    first_review: date | None
    last_review: date | None
    first_reviewed: datetime | None
    reviewed: datetime | None
    goals: tuple[Goal, ...]

    @property
    def under_way(self) -> bool:
        """Whether a worker helps the family, so that the plan can change."""
        return self.state in UNDER_WAY

    @property
    def next_review(self) -> tuple[Which, date] | None:
        """The first review that is not noted yet."""
        if self.first_review is None or self.last_review is None or self.reviewed:
            return None
        return ("last", self.last_review) if self.first_reviewed else ("first", self.first_review)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What to correct. `number` is that of the goal, 0 for the plan; `field` names the answer."""

    number: int
    field: str
    words: str


# --- reading --------------------------------------------------------------------------------------


def plan_of(engine: Engine, case_id: int) -> Plan:
    """The plan of a case, which must exist."""
    with read(engine) as connection:
        return _plan(connection, support_case.c.id == case_id) or _no_case()


def plan_for_family(engine: Engine, booking_id: int) -> Plan | None:
    """The plan behind a family's link; None if it has none."""
    with read(engine) as connection:
        plan = _plan(connection, support_case.c.booking_id == booking_id)
    return plan if plan is not None and plan.goals else None


def _no_case() -> Plan:
    raise NotPossible("There is no such request.")


def _plan(connection: Connection, wanted: sa.ColumnElement[bool]) -> Plan | None:
    row = connection.execute(select(support_case).where(wanted)).first()
    if row is None:
        return None
    goals = connection.execute(
        select(plan_goal).where(plan_goal.c.case_id == row.id).order_by(plan_goal.c.number)
    )
    return Plan(
        case_id=row.id,
        state=row.state,
        version=row.version,
        starts=_day(row.starts),
        first_review=_day(row.first_review),
        last_review=_day(row.last_review),
        first_reviewed=row.first_reviewed,
        reviewed=row.reviewed,
        goals=tuple(_goal(one) for one in goals),
    )


def _goal(row: Row[Any]) -> Goal:
    due = date.fromisoformat(row.due)
    return Goal(row.goal, row.step, row.who, due, role=row.role, done=row.done)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _today(now: datetime) -> date:
    return now.astimezone(LONDON).date()


def names_of(engine: Engine, booking_id: int) -> list[str]:
    """The names that no goal may have in it: of the family, its worker and a professional."""
    with read(engine) as connection:
        return _names(connection, booking_id)


def _names(connection: Connection, booking_id: int) -> list[str]:
    worker = (
        select(staff.c.title)
        .join(support_case, support_case.c.worker_id == staff.c.id)
        .where(support_case.c.booking_id == booking_id)
    )
    family = select(person.c.name).where(person.c.booking_id == booking_id)
    professional = select(referral.c.name).where(referral.c.booking_id == booking_id)
    found = connection.execute(sa.union_all(family, professional, worker)).scalars()
    return [str(name) for name in found if name]


# --- the rules of a plan --------------------------------------------------------------------------


def review_days(starts: date, calendar: SchoolCalendar) -> tuple[date, date]:
    """The first and the last review of a plan that starts on this day."""
    return (
        working_days.moved_over_holidays(starts + FIRST_REVIEW, calendar),
        working_days.moved_over_holidays(starts + LAST_REVIEW, calendar),
    )


def mistakes(
    starts: date | None,
    goals: Sequence[Goal],
    *,
    before: Plan,
    names: Sequence[str],
    calendar: SchoolCalendar,
    today: date,
) -> list[Mistake]:
    """All that is wrong with a plan as it is to be saved after the one `before`.

    Without a start, no day is compared with it.
    """
    found, days = [], None
    if starts is not None:
        wrong = _wrong_start(starts, before, calendar, today)
        found = [Mistake(0, "starts", words) for words in wrong]
        kept = before.last_review if starts == before.starts else None
        if not found:
            days = (starts, kept or review_days(starts, calendar)[1])
    if not goals:
        found.append(Mistake(0, "goals", "Write at least one goal"))
    if len(goals) > MOST_GOALS:
        found.append(Mistake(0, "goals", f"A plan has at most {MOST_GOALS} goals"))
    for number, goal in enumerate(goals, 1):
        for field, words in _wrong_goal(goal, days):
            found.append(Mistake(number, field, words))
        for field in ("goal", "step", "role"):
            if refused := unnamed.refusal(getattr(goal, field), names, today):
                found.append(Mistake(number, field, refused))
    return found


def _wrong_start(
    starts: date, before: Plan, calendar: SchoolCalendar, today: date
) -> Iterator[str]:
    if starts == before.starts:
        return
    earliest, latest = today - STARTS_BEFORE, today + STARTS_WITHIN
    if before.first_reviewed or before.reviewed:
        yield "A review is done already, so the plan cannot start on another day"
    elif starts < earliest:
        yield f"Enter a day from {day_words(earliest)} on: a plan starts at most 7 days ago"
    elif starts > latest:
        yield f"Enter a day up to {day_words(latest)}: a plan starts within 8 weeks"
    elif not working_days.is_working_day(starts, calendar):
        why = calendar.closed(starts)
        because = f"it is closed then: {why}" if why else "it is at the weekend"
        yield f"Enter another day. We do not work on {day_words(starts)}: {because}"


def _wrong_goal(goal: Goal, days: tuple[date, date] | None) -> Iterator[tuple[str, str]]:
    if not goal.goal:
        yield "goal", "Write what the family wants, in its own words"
    if not goal.step:
        yield "step", "Write what is done for this goal"
    for field, longest in (("goal", LONGEST_GOAL), ("step", LONGEST_GOAL), ("role", LONGEST_ROLE)):
        if len(getattr(goal, field)) > longest:
            yield field, f"Shorten this to {longest} characters"
    if goal.who not in WHO:
        yield "who", "Say who does it"
    elif goal.who == "other" and not goal.role:
        yield "role", "Write the role of the person, such as “the school” or “a health visitor”"
    if days is None:
        return
    if goal.due < days[0]:
        yield "due", f"Enter a day from {day_words(days[0])} on, when the plan starts"
    elif goal.due > days[1]:
        yield "due", f"Enter a day up to {day_words(days[1])}, when the last review is"


# --- what staff do --------------------------------------------------------------------------------


def save_plan(
    engine: Engine,
    directory: Directory,
    case_id: int,
    starts: date,
    goals: Sequence[Goal],
    *,
    seen: int,
    now: datetime,
    actor: str,
) -> None:
    """Save the plan of a case; its first plan begins the work with the family.

    A plan is made with the family, so saving it notes the first contact if nobody has.

    Saving the same again changes nothing. Raises EditConflict if the case has changed since the
    version that was `seen`, and NotPossible if it has no worker, has ended, or breaks a rule.
    """
    calendar = working_days.calendar_of(directory)

    def work(connection: Connection) -> None:
        case = locked_case(connection, case_id)
        before = _plan(connection, support_case.c.id == case_id) or _no_case()
        if (before.starts, before.goals) == (starts, tuple(goals)):
            return
        _check(case, seen)
        found = mistakes(
            starts,
            goals,
            before=before,
            names=_names(connection, case.booking_id),
            calendar=calendar,
            today=_today(now),
        )
        if found:
            raise NotPossible(f"{found[0].words}.")
        values: dict[str, Any] = {"state": "working" if case.state == "allocated" else case.state}
        if case.contacted is None:  # a plan is made with the family
            values |= {"contacted": now}
            note(connection, now, actor, "first contact", case.booking_id, case.series)
        if starts != before.starts:
            first, last = review_days(starts, calendar)
            values |= {"starts": starts.isoformat()}
            values |= {"first_review": first.isoformat(), "last_review": last.isoformat()}
        _set(connection, case, now, **values)
        _write_goals(connection, case_id, goals)
        if starts != before.starts:
            enqueue_reviews(connection, case.booking_id, now)
        note(connection, now, actor, "save plan", case.booking_id, case.series, goals=len(goals))

    write(engine, work)


def _write_goals(connection: Connection, case_id: int, goals: Sequence[Goal]) -> None:
    connection.execute(plan_goal.delete().where(plan_goal.c.case_id == case_id))
    rows = [
        {
            "case_id": case_id,
            "number": number,
            "goal": goal.goal,
            "step": goal.step,
            "who": goal.who,
            "role": goal.role if goal.who == "other" else "",
            "due": goal.due.isoformat(),
            "done": goal.done,
        }
        for number, goal in enumerate(goals, 1)
    ]
    connection.execute(plan_goal.insert(), rows)


def note_review(
    engine: Engine,
    case_id: int,
    which: Which,
    *,
    seen: int,
    now: datetime,
    actor: str,
    held: bool = True,
) -> None:
    """Note that a review was held, or with `held=False` that it was noted by mistake.

    The last review can be noted without the first, if that was never held. A second call changes
    nothing. Raises as `save_plan` does.
    """

    def work(connection: Connection) -> None:
        case = locked_case(connection, case_id)
        plan = _plan(connection, support_case.c.id == case_id) or _no_case()
        noted = plan.first_reviewed if which == "first" else plan.reviewed
        if bool(noted) == held:
            return
        _check(case, seen)
        if plan.starts is None:
            raise NotPossible("This family has no plan yet.")
        if held and plan.starts > _today(now):
            raise NotPossible(f"The plan starts on {day_words(plan.starts)}.")
        if which == "first" and plan.reviewed:
            raise NotPossible("The last review is done already.")
        moment = now if held else None
        if which == "first":
            _set(connection, case, now, first_reviewed=moment)
        else:
            _set(connection, case, now, reviewed=moment, state="reviewed" if held else "working")
        enqueue_reviews(connection, case.booking_id, now)
        action: Literal["review", "review undone"] = "review" if held else "review undone"
        note(connection, now, actor, action, case.booking_id, case.series, which=which)

    write(engine, work)


def _check(case: SupportCase, seen: int) -> None:
    """Raises NotPossible if there is no plan to change now, and EditConflict for an old form."""
    if case.state not in UNDER_WAY:
        if case.open:
            raise NotPossible("This family has no worker yet.")
        raise NotPossible("This request is closed, so its plan cannot change.")
    if case.version != seen:
        raise EditConflict("")


def _set(connection: Connection, case: SupportCase, now: datetime, **values: Any) -> None:
    connection.execute(
        support_case.update()
        .where(support_case.c.id == case.id)
        .values(**values, changed=now, version=support_case.c.version + 1)
    )


# --- outcome numbers ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scores:
    """How a family stands on one outcome, from 1 to 10, before and after. None is not asked."""

    before: int | None = None
    after: int | None = None


def scores_of(engine: Engine, case_id: int) -> dict[int, Scores]:
    """The numbers of each outcome; those without any are empty."""
    with read(engine) as connection:
        return _scores(connection, case_id)


def _scores(connection: Connection, case_id: int) -> dict[int, Scores]:
    rows = connection.execute(select(case_outcome).where(case_outcome.c.case_id == case_id))
    kept = {row.outcome: Scores(row.score_before, row.score_after) for row in rows}
    return {outcome: kept.get(outcome, Scores()) for outcome in OUTCOMES}


def save_scores(
    engine: Engine,
    case_id: int,
    scores: Mapping[int, Scores],
    *,
    seen: int,
    now: datetime,
    actor: str,
) -> None:
    """Save the outcome numbers. Raises as `save_plan` does."""

    def work(connection: Connection) -> None:
        case = locked_case(connection, case_id)
        wanted = {outcome: scores.get(outcome, Scores()) for outcome in OUTCOMES}
        if _scores(connection, case_id) == wanted:
            return
        _check(case, seen)
        connection.execute(case_outcome.delete().where(case_outcome.c.case_id == case_id))
        rows = [
            {
                "case_id": case_id,
                "outcome": outcome,
                "score_before": score.before,
                "score_after": score.after,
            }
            for outcome, score in wanted.items()
            if score != Scores()
        ]
        if rows:
            connection.execute(case_outcome.insert(), rows)
        _set(connection, case, now)
        note(connection, now, actor, "save scores", case.booking_id, case.series)

    write(engine, work)


# --- reviews that are due, and the message before each --------------------------------------------


@dataclass(frozen=True, slots=True)
class Review:
    """A review that a worker has to hold with a family."""

    reference: str
    series: str  # the identity of what was asked for
    which: Which
    day: date


def reviews_due(engine: Engine, worker_id: int, until: date) -> list[Review]:
    """The reviews of a worker's families up to this day that are not noted, the oldest first."""
    query = (
        select(support_case, booking.c.reference, bookable.c.series)
        .join(booking, booking.c.id == support_case.c.booking_id)
        .join(bookable, bookable.c.id == booking.c.bookable_id)
        .where(support_case.c.worker_id == worker_id, support_case.c.state == "working")
    )
    found = []
    with read(engine) as connection:
        for row in connection.execute(query):
            which: Which = "last" if row.first_reviewed else "first"
            day = _day(row.last_review if row.first_reviewed else row.first_review)
            if day is not None and day <= until:
                found.append(Review(row.reference, row.series, which, day))
    return sorted(found, key=lambda review: (review.day, review.reference))


def enqueue_reviews(connection: Connection, booking_id: int, now: datetime) -> None:
    """Queue a message before each coming review in place of those that are queued.

    For what changes the days of a plan, the way to reach the family, or whether its case is open. A
    family hears of a day only once.
    """
    messages.drop(connection, booking_id, (MESSAGE,))
    row = connection.execute(
        select(support_case).where(
            support_case.c.booking_id == booking_id, support_case.c.state == "working"
        )
    ).first()
    if row is None:
        return
    sent = connection.execute(
        select(message.c.about).where(
            message.c.booking_id == booking_id,
            message.c.kind == MESSAGE,
            message.c.state.in_(("sending", "sent", "failed")),
        )
    ).scalars()
    done = {about.get("day") for about in sent}
    days = (row.first_review if row.first_reviewed is None else "", row.last_review)
    for day in filter(None, days):
        review = date.fromisoformat(day)
        if review < _today(now) or day in done:
            continue
        due = datetime.combine(review - REMIND_BEFORE, REMIND_AT, LONDON)
        messages.enqueue(
            connection, booking_id, MESSAGE, now=now, due=max(now, due), about={"day": day}
        )


# --- personal data --------------------------------------------------------------------------------


def erase_of(connection: Connection, booking_ids: Sequence[int]) -> None:
    """Erase the goals of these families, in the caller's transaction. Days and numbers stay."""
    cases = select(support_case.c.id).where(support_case.c.booking_id.in_(booking_ids))
    connection.execute(plan_goal.delete().where(plan_goal.c.case_id.in_(cases)))


def kept_of(connection: Connection, booking_id: int) -> Iterator[tuple[str, str]]:
    """What is kept of a family's plan, as labels and words."""
    plan = _plan(connection, support_case.c.booking_id == booking_id)
    if plan is None:
        return
    days = (
        ("Plan starts", plan.starts),
        ("First review", plan.first_review),
        ("Last review", plan.last_review),
    )
    for label, day in days:
        yield label, day_words(day) if day else ""
    for number, goal in enumerate(plan.goals, 1):
        done = " Done." if goal.done else ""
        who = goal.who_for_staff
        yield f"Goal {number}", f"{goal.goal}: {goal.step}. {who}, by {day_words(goal.due)}.{done}"
    for outcome, score in _scores(connection, plan.case_id).items():
        numbers = {"before": score.before, "after": score.after}
        said = [f"{when} {number}" for when, number in numbers.items() if number is not None]
        yield OUTCOMES[outcome], ", ".join(said)
