"""The plan of a family, its reviews and its outcome numbers, for the staff who help it.

Each form carries the version of the case that it shows. Somebody who saves an older version gets
the own words again, beside what was saved meanwhile, and can save once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from flask import redirect, request
from sqlalchemy import Engine
from werkzeug.wrappers import Response as Answered

from portal.bookings import Family, family_of, support_plans, working_days
from portal.bookings.casework import EditConflict
from portal.bookings.support import SupportCase
from portal.bookings.support_plans import MOST_GOALS, WHO, Goal, Plan, Scores, Which
from portal.database import log_reading
from portal.directory.values import LONDON, day_words
from portal.directory.vocabularies import OUTCOMES
from portal.web.live.context import live
from portal.web.live.forms.answers import Answer, Pick, Tick, Whole
from portal.web.live.forms.family import Group
from portal.web.staff.access import current, now, staff_route, writes
from portal.web.staff.forms import Day, StaffForm
from portal.web.staff.scope import attempt, named, of_case, posted, request_case
from portal.web.staff.screens import explain, page

_CASE = "/staff/requests/<reference>"
_SHOWN_AT_FIRST = 3
_NEAR = timedelta(days=14)  # a last review can be noted without a first one this long before it
_DONE = {
    "plan": "The plan is saved",
    "scores": "The numbers are saved",
    "held": "The review is noted",
    "undone": "The review is not noted any more",
}


def plan_path(reference: str, done: str = "") -> str:
    return f"/staff/requests/{reference}/plan{f'?done={done}' if done else ''}"


def _today() -> date:
    return now().astimezone(LONDON).date()


# --- the plan -------------------------------------------------------------------------------------


class PlanForm(StaffForm):
    """The start and up to six goals. A goal whose boxes are all empty is left out."""

    starts = Day(
        "When does the plan start?",
        what="the day on which the plan starts",
        missing="Enter the day on which the plan starts",
    )

    def groups(self) -> Sequence[Group]:
        goals = [
            Group(f"Goal {row}", [self.answer(f"{name}_{row}") for name in _ASKED]) for row in _ROWS
        ]
        return [Group("", [self.answer("starts")]), *goals]

    def used(self, row: int) -> bool:
        """Whether anything was written for this goal."""
        texts = ("goal", "step", "role", "due")
        return any(str(self.answer(f"{name}_{row}").shown).strip() for name in texts)

    @property
    def shown_rows(self) -> int:
        """How many goals are open: those that are written, and an empty one."""
        last = max((row for row in _ROWS if self.used(row)), default=0)
        return min(MOST_GOALS, max(_SHOWN_AT_FIRST, last + 1))

    def goals(self) -> dict[int, Goal]:
        """The goals that are written, by their number in the form."""
        return {row: self._goal(row) for row in _ROWS if self.used(row)}

    def _goal(self, row: int) -> Goal:
        given = {name: self.answer(f"{name}_{row}").data for name in _ASKED}
        return Goal(
            goal=str(given["goal"] or ""),
            step=str(given["step"] or ""),
            who=str(given["who"] or ""),
            due=cast("date", given["due"] or date.max),
            role=str(given["role"] or ""),
            done=given["done"] == "yes",
        )

    def validate_plan(self, before: Plan, names: Sequence[str]) -> bool:
        """Blame each answer for what is wrong with the plan."""
        starts, goals = self.starts.data if not self.starts.errors else None, self.goals()
        for row, goal in goals.items():
            if goal.due == date.max:
                self._blame(row, "due", "Enter the day by which it is done")
        found = support_plans.mistakes(
            starts,
            list(goals.values()),
            before=before,
            names=names,
            calendar=working_days.calendar_of(live().directory),
            today=_today(),
        )
        rows = list(goals)
        for mistake in found:
            if mistake.number:
                self._blame(rows[mistake.number - 1], mistake.field, mistake.words)
            else:
                name = "starts" if mistake.field == "starts" else "goal_1"
                self.answer(name).blame(mistake.words)
        return self.well

    def _blame(self, row: int, field: str, words: str) -> None:
        self.answer(f"{field}_{row}").blame(f"Goal {row}: {words}")


_ROWS = range(1, MOST_GOALS + 1)
_ASKED = ("goal", "step", "who", "role", "due", "done")


def _add_goal(row: int) -> None:
    """The answers of one goal."""
    fields = {
        "goal": Answer(
            "What does the family want?",
            what=f"what the family wants in goal {row}",
            longest=support_plans.LONGEST_GOAL,
            marked=False,
            autocomplete="off",
        ),
        "step": Answer(
            "What happens for it?",
            what=f"what happens for goal {row}",
            longest=support_plans.LONGEST_GOAL,
            marked=False,
            autocomplete="off",
        ),
        "who": Pick(
            "Who does it?",
            what=f"who does it in goal {row}",
            options=[("", "Choose"), *WHO.items()],
            marked=False,
        ),
        "role": Answer(
            "Whose role is it?",
            what=f"the role in goal {row}",
            longest=support_plans.LONGEST_ROLE,
            marked=False,
            hint="If somebody else does it. Such as “the school”. Never a name.",
            autocomplete="off",
        ),
        "due": Day("By which day?", what=f"the day of goal {row}", marked=False, hint=""),
        "done": Tick("", what="done", statement="This is done", marked=False),
    }
    for name, field in fields.items():
        setattr(PlanForm, f"{name}_{row}", field)


for _row in _ROWS:
    _add_goal(_row)


def _filled(plan: Plan) -> PlanForm:
    data: dict[str, Any] = {"starts": plan.starts}
    for row, goal in enumerate(plan.goals, 1):
        values: dict[str, Any] = {
            "goal": goal.goal,
            "step": goal.step,
            "who": goal.who,
            "role": goal.role,
        }
        values |= {"due": goal.due, "done": "yes" if goal.done else None}
        data |= {f"{name}_{row}": value for name, value in values.items()}
    return PlanForm(formdata=None, data=data)


@staff_route(
    f"{_CASE}/plan",
    may=of_case(),
    methods=("GET", "POST"),
    refills=True,
    keeps="the plan of a family",
)
def plan(reference: str) -> Answered:  # noqa: ARG001  the guard has read it
    case = request_case()
    with live().database() as engine:
        before = support_plans.plan_of(engine, case.id)
        names = support_plans.names_of(engine, case.booking_id)
    if request.method != "POST":
        return _show(case, before, _filled(before))
    form = PlanForm(formdata=posted())
    status = form.refused()
    if status in (None, 422) and not form.validate_plan(before, names):
        status = 422
    if status is not None:
        return _show(case, before, form, status, seen=_seen())
    return _save(case, form)


def _save(case: SupportCase, form: PlanForm) -> Answered:
    def work() -> None:
        with live().database() as engine:
            support_plans.save_plan(
                engine,
                live().directory,
                case.id,
                form.starts.data,
                list(form.goals().values()),
                seen=_seen(),
                now=now(),
                actor=current().actor,
            )

    try:
        refused = attempt(work, f"/staff/requests/{case.reference}")
    except EditConflict:
        with live().database() as engine:
            saved = support_plans.plan_of(engine, case.id)
        form.trouble = (
            "Somebody changed this in the meantime. Look at what is saved now. Then press the "
            "button to save what you wrote in its place"
        )
        return _show(case, saved, form, 409, conflict=True)
    return refused or redirect(plan_path(case.reference, "plan"), 303)


def _seen() -> int:
    """The version that the form showed; an unreadable one is older than any."""
    typed = request.form.get("seen", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1


def _show(
    case: SupportCase,
    found: Plan,
    form: PlanForm,
    status: int = 200,
    *,
    seen: int | None = None,
    conflict: bool = False,
) -> Answered:
    return page(
        "staff/plan.html",
        "Plan",
        status,
        error=bool(form.problems()),
        back=f"/staff/requests/{case.reference}",
        case=case,
        about=_about(case),
        plan=found,
        form=form,
        changes=writes() and found.under_way,
        goal_groups=form.groups()[1:],
        seen=found.version if seen is None else seen,
        conflict=conflict,
        this=_today(),
        reviews=list(_reviews(found)),
        done=_DONE.get(request.args.get("done", ""), ""),
    )


def _about(case: SupportCase) -> str:
    """Whose plan it is. Reading it is a line of the log (S69)."""
    with live().database() as engine:
        family: Family | None = family_of(engine, case.booking_id)
        log_reading(engine, "read case", [case.booking_id], now=now(), actor=current().actor)
    return f"{family.name if family else 'The details are deleted'}, {named(case.series)}"


# --- the reviews ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _ReviewRow:
    """A review on the page of a plan: its day, how it stands, and the button for it."""

    which: Which
    title: str
    day: date
    state: str
    button: str = ""
    held: bool = True  # what the button says


def _reviews(found: Plan) -> Iterator[_ReviewRow]:
    if found.first_review is None or found.last_review is None or found.starts is None:
        return
    begun = found.starts <= _today()
    for which, day, noted in (
        ("first", found.first_review, found.first_reviewed),
        ("last", found.last_review, found.reviewed),
    ):
        title = f"{which.capitalize()} review"
        if noted:
            state = f"Held. You noted it on {_day_of(noted)}"
            undone = which == "last" or not found.reviewed
            button = "This was a mistake" if undone else ""
            yield _ReviewRow(cast("Which", which), title, day, state, button, held=False)
            continue
        skipped = which == "first" and found.reviewed is not None
        state = "Not held" if skipped else _when(day)
        near = which == "first" or found.first_reviewed or day - _today() <= _NEAR
        button = f"We have held the {which} review" if begun and near and not skipped else ""
        yield _ReviewRow(cast("Which", which), title, day, state, button)


def _day_of(moment: datetime) -> str:
    return day_words(moment.astimezone(LONDON).date())


def _when(day: date) -> str:
    days = (day - _today()).days
    if days < 0:
        return "Overdue"
    return "Today" if days == 0 else ""


@staff_route(f"{_CASE}/review", may=of_case(), methods=("POST",))
def review(reference: str) -> Answered:  # noqa: ARG001
    case, held = request_case(), request.form.get("held") != "no"
    which: Which = "last" if request.form.get("which") == "last" else "first"
    path = plan_path(case.reference)

    def work() -> None:
        with live().database() as engine:
            support_plans.note_review(
                engine,
                case.id,
                which,
                seen=_seen(),
                now=now(),
                actor=current().actor,
                held=held,
            )

    try:
        refused = attempt(work, path)
    except EditConflict:
        return explain(
            "This has changed in the meantime",
            "Somebody else has changed this request since you opened the page. Nothing is noted.",
            "Look at the plan again, and press the button there.",
            status=409,
            back=path,
        )
    return refused or redirect(plan_path(case.reference, "held" if held else "undone"), 303)


def reviews_for_today(engine: Engine) -> list[support_plans.Review]:
    """The reviews of this person's families that are overdue or in this week."""
    if not current().may("change families"):
        return []
    sunday = _today() + timedelta(days=6 - _today().weekday())
    return support_plans.reviews_due(engine, current().id, sunday)


# --- outcome numbers ------------------------------------------------------------------------------


class ScoresForm(StaffForm):
    """How the family stands on each outcome, at the start and at the end."""

    def groups(self) -> Sequence[Group]:
        return [
            Group(words, [self.answer(f"{when}_{outcome}") for when in _WHEN])
            for outcome, words in OUTCOMES.items()
        ]

    def scores(self) -> Mapping[int, Scores]:
        return {
            outcome: Scores(*(self.answer(f"{when}_{outcome}").data for when in _WHEN))
            for outcome in OUTCOMES
        }


_WHEN = {"before": "At the start", "after": "At the end"}
for _outcome in OUTCOMES:
    for _when_, _words in _WHEN.items():
        _field = Whole(_words, what="the number", least=1, most=10, marked=False)
        setattr(ScoresForm, f"{_when_}_{_outcome}", _field)


@staff_route(
    f"{_CASE}/scores",
    may=of_case(),
    methods=("GET", "POST"),
    refills=True,
    keeps="the outcome numbers of a family",
)
def scores(reference: str) -> Answered:  # noqa: ARG001
    case = request_case()
    if request.method != "POST":
        return _show_scores(case, None)
    form = ScoresForm(formdata=posted())
    status = form.refused()
    if status is not None:
        return _show_scores(case, form, status, seen=_seen())

    def work() -> None:
        with live().database() as engine:
            support_plans.save_scores(
                engine, case.id, form.scores(), seen=_seen(), now=now(), actor=current().actor
            )

    try:
        refused = attempt(work, plan_path(case.reference))
    except EditConflict:
        form.trouble = (
            "Somebody changed this in the meantime. Look at what is saved now. Then press the "
            "button to save what you wrote in its place"
        )
        return _show_scores(case, form, 409, conflict=True)
    return refused or redirect(plan_path(case.reference, "scores"), 303)


def _show_scores(
    case: SupportCase,
    form: ScoresForm | None,
    status: int = 200,
    *,
    seen: int | None = None,
    conflict: bool = False,
) -> Answered:
    with live().database() as engine:
        found = support_plans.plan_of(engine, case.id)
        saved = support_plans.scores_of(engine, case.id)
    if form is None:
        data = {f"before_{outcome}": score.before for outcome, score in saved.items()}
        data |= {f"after_{outcome}": score.after for outcome, score in saved.items()}
        form = ScoresForm(formdata=None, data=data)
    return page(
        "staff/scores.html",
        "Outcome numbers",
        status,
        error=bool(form.problems()),
        back=plan_path(case.reference),
        case=case,
        about=_about(case),
        form=form,
        saved=[(OUTCOMES[outcome], score) for outcome, score in saved.items()],
        seen=found.version if seen is None else seen,
        changes=writes() and found.under_way,
        conflict=conflict,
    )
