"""The request desk: the queue of requests for support, and one request from triage to its end.

What it hides: which requests somebody sees (`scope.sees_case`), who can be given a family, and what
each state lets staff do. Each form carries the version of the case that it showed: where somebody
else was first, the answer says so and nothing has changed (S89). Reading is logged (S69).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response as Answered

from portal import bookings
from portal.bookings import NotBookable, casework, registers, support
from portal.bookings.answer_labels import label_of
from portal.bookings.case_days import CaseDays, Due
from portal.bookings.case_table import csv_of_cases
from portal.bookings.support import Changed, SupportCase
from portal.database import log_reading, read
from portal.directory import asked, phrases
from portal.directory.models import NeedLevel
from portal.directory.need_levels import is_ours, who_helps
from portal.directory.values import Position, day_words
from portal.staff import accounts
from portal.staff.accounts import Staff
from portal.web.live import own_case
from portal.web.live.choices import (
    Choice,
    TakeForm,
    ages_to_ask,
    known_answers,
    nearby,
    soon,
    takes,
)
from portal.web.live.context import live
from portal.web.live.forms.answers import Option
from portal.web.live.subjects import planned_on
from portal.web.staff.access import FAMILIES, current, now, staff_route, this_desk
from portal.web.staff.desk_forms import (
    AllocateForm,
    CaseForm,
    CloseForm,
    TriageForm,
)
from portal.web.staff.register import as_file
from portal.web.staff.scope import (
    attempt,
    case,
    named,
    of_case,
    request_case,
    sees_case,
    thing,
)
from portal.web.staff.screens import explain, page
from portal.web.staff.sorting import Order, in_order

QUEUE = "/staff/requests"
_CASE = f"{QUEUE}/<reference>"
_PLAN = f"{_CASE}/plan"

_DONE = {
    "triaged": "Your decision is saved",
    "allocated": "The family has a worker",
    "contacted": "The first contact is noted",
    "closed": "The request is closed",
}


def path_of(one: SupportCase, done: str = "") -> str:
    return f"{QUEUE}/{one.reference}{f'?done={done}' if done else ''}"


# --- the queue ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A request in a list: the family, what it asked for, and what is due."""

    case: SupportCase
    booking: casework.Case
    thing: str
    centre: str
    since: str
    due: Due | None

    @property
    def state(self) -> str:
        return support.words_for_staff(self.case)


@dataclass(frozen=True, slots=True)
class Counts:
    """What waits at the desk for one member of staff, for the first page."""

    new: int
    overdue: int
    without_worker: int
    yours: int

    @property
    def any(self) -> bool:
        return any((self.new, self.overdue, self.without_worker, self.yours))


def counts_for(cases: Iterable[SupportCase]) -> Counts:
    """What waits, of the cases that this person may see."""
    days, seen = _days(), [one for one in cases if sees_case(one)]
    waiting = [one for one in seen if not one.under_way or one.needs_worker]
    return Counts(
        new=sum(one.state == "new" for one in seen),
        overdue=sum(bool((due := days.due(one)) and due.overdue) for one in seen),
        without_worker=sum(
            one.needs_worker or (one.state == "triage" and one.next_step == "support")
            for one in waiting
        ),
        yours=sum(_is_mine(one) for one in seen),
    )


@staff_route(QUEUE, may=FAMILIES)
def queue() -> Answered:
    with live().database() as engine:
        cases = [one for one in support.queue(engine) if sees_case(one)]
        ids = [one.booking_id for one in cases]
        log_reading(engine, "read requests", ids, now=now(), actor=current().actor)
        with read(engine) as connection:
            families = {one.id: one for one in casework.cases(connection, ids, lambda _: True)}
    days = _days()
    rows, orders = in_order(
        (_row(one, families[one.booking_id], days) for one in cases),
        Order("waiting", "how long it waits", _urgency),
        Order("family", "family", lambda row: casework.fold(row.booking.name)),
        Order("group", "group", lambda row: casework.fold(row.thing)),
    )
    mine = [row for row in rows if _is_mine(row.case)]
    waiting = [row for row in rows if not row.case.under_way or row.case.needs_worker]
    helped = [row for row in rows if row.case.under_way and not row.case.needs_worker]
    return page(
        "staff/desk.html",
        "Requests",
        queues=_by_footprint(waiting),
        mine=mine,
        helped=[row for row in helped if not _is_mine(row.case)],
        orders=orders,
        due_words=due_words,
        done=request.args.get("done") == "yes",
    )


def _by_footprint(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """One list for each footprint, in the order of the rows."""
    directory = live().directory
    titles = {one.slug: one.title for one in directory.footprints}
    found: dict[str, list[Row]] = {}
    for row in rows:
        slug, _ = support.belongs_to(directory, row.case.series, row.case.centre)
        found.setdefault(slug, []).append(row)
    lists = [(titles[slug], found[slug]) for slug in titles if slug in found]
    lists += [("In no footprint", found[""])] if "" in found else []
    return lists


def _urgency(row: Row) -> tuple[bool, bool, Any, Any]:
    """First those whose worker has left, then the overdue ones, then by how long they wait."""
    overdue = row.due is not None and row.due.overdue
    return not row.case.needs_worker, not overdue, row.case.received, row.case.id


def _row(one: SupportCase, booking: casework.Case, days: CaseDays) -> Row:
    centre = live().directory.find_centre(one.centre)
    since = {0: "Today", 1: "Yesterday"}.get(days.waited(one), f"{days.waited(one)} days ago")
    title = centre.title if centre else ""
    return Row(one, booking, named(one.series), title, since, days.due(one))


def _is_mine(one: SupportCase) -> bool:
    return one.under_way and one.worker_id == current().id


def _days() -> CaseDays:
    return CaseDays.of(live().directory, live().settings, now())


@staff_route(f"{QUEUE}.csv", may=FAMILIES)
def export() -> Answered:
    """The open requests that this person sees, as states and days. It names no family."""
    with live().database() as engine:
        cases = [one for one in support.queue(engine) if sees_case(one)]
        ids = [one.booking_id for one in cases]
        log_reading(engine, "export requests", ids, now=now(), actor=current().actor)
    data = csv_of_cases(cases, live().directory, _days())
    return as_file(data, "requests.csv")


# --- one request ----------------------------------------------------------------------------------


@staff_route(_CASE, may=of_case())
def show(reference: str) -> Answered:  # noqa: ARG001  the guard has read it
    return _show(200, done=_DONE.get(request.args.get("done", ""), ""))


def _rings(levels: Sequence[NeedLevel]) -> list[tuple[str, str]]:
    """Whom to ring at which levels: `("levels 3 and 4", "Children's services: ...")`."""
    numbers: dict[str, list[str]] = {}
    for number, level in enumerate(levels, 1):
        if level.ring:
            numbers.setdefault(level.ring, []).append(str(number))
    return [
        (f"{'level' if len(of) == 1 else 'levels'} {phrases.joined(of)}", ring)
        for ring, of in numbers.items()
    ]


def _show(status: int, form: CaseForm | None = None, *, done: str = "") -> Answered:
    """The request; a `form` that was refused is shown again with its answers."""
    one, booking = request_case(), case()
    with live().database() as engine:
        log_reading(
            engine, "read case", [booking.id], now=now(), actor=current().actor, series=one.series
        )
        workers = _workers(one) if one.open else []
    series, programme = thing(one.series)
    levels = live().directory.site.levels
    known = {"lead_role": one.lead_role, "lead_organisation": one.lead_organisation}
    others_help = not is_ours(one.level)
    says = own_case.words_of(one, booking.family, discreet=bool(programme and programme.sensitive))
    family = booking.family
    days = _days()
    return page(
        "staff/case.html",
        booking.name,
        status,
        error=form is not None,
        back=QUEUE,
        case=booking,
        one=one,
        family=family,
        series=series,
        programme=programme,
        state=support.words_for_staff(one),
        due=days.due(one),
        due_words=due_words,
        waited=days.waited(one),
        level=levels[one.level - 1] if one.level and one.level <= len(levels) else None,
        ring=who_helps(levels, one.level) if others_help else "",
        rings=_rings(levels),
        others_help=others_help,
        next_step=support.NEXT_STEPS.get(one.next_step, ""),
        safe_way=registers.safe_way(family),
        answers=[
            (label_of(name, programme), words)
            for name, words in (family.answers if family else {}).items()
        ],
        groups=_groups(one, booking) if one.open and family is not None else [],
        problems=form.problems() if form is not None else [],
        triage_form=_again(form, TriageForm)
        or TriageForm.of(
            None,
            levels,
            workers,
            group=series is not None,
            level=str(one.level or ""),
            next_step=one.next_step,
            **known,
        ),
        allocate_form=_again(form, AllocateForm) or AllocateForm.of(None, workers, **known),
        close_form=_again(form, CloseForm) or CloseForm.of(None, one, levels),
        wrong=type(form).__name__ if form is not None else "",
        allocates=current().may("allocate"),
        workers=workers,
        plan=_plan_path(one),
        says=says,
        done=done,
    )


def _again(form: CaseForm | None, kind: type[Any]) -> Any:
    return form if isinstance(form, kind) else None


def _plan_path(one: SupportCase) -> str:
    return f"{path_of(one)}/plan" if one.under_way and this_desk().may_at(_PLAN) else ""


# --- who can be given a family --------------------------------------------------------------------


def _workers(one: SupportCase) -> list[Option]:
    """Who can have this family, each with the number of families that they help now.

    Those who allocate choose among the workers of its centre; and among those of the footprint
    where it has none of its own, and to hand a family over. Others can take it themselves.
    """
    with live().database() as engine:
        families = support.families_of(engine)
        every = [account.staff for account in accounts.everyone(engine) if not account.removed]
    able = [staff for staff in every if staff.may("change families")]
    if not current().may("allocate"):
        return [_option(staff, families, one) for staff in able if staff.id == current().id]
    directory = live().directory
    footprint, centre = support.belongs_to(directory, one.series, one.centre)
    at_centre = [
        staff for staff in able if not staff.everywhere and staff.may_see(centre, directory)
    ]
    here = at_centre
    if one.under_way or all(staff.may("allocate") for staff in here):
        area = next((area for area in directory.footprints if area.slug == footprint), None)
        slugs = {found.slug for found in directory.centres_in(area)} if area else set()
        here = [
            staff for staff in able if not staff.everywhere and staff.centres_in(directory) & slugs
        ]
    here = here or [staff for staff in able if staff.id == current().id]
    near = {staff.id for staff in at_centre}
    here.sort(
        key=lambda staff: (
            staff.may("allocate"),
            staff.id not in near,
            casework.fold(staff.title),
            staff.id,
        )
    )
    return [_option(staff, families, one) for staff in here]


def _option(staff: Staff, families: Mapping[int, int], one: SupportCase) -> Option:
    number = families.get(staff.id, 0)
    helps = {0: "no family now", 1: "1 family now"}.get(number, f"{number} families now")
    title = f"{staff.title} (you)" if staff.id == current().id else staff.title
    has_it = ", has this family" if one.under_way and staff.id == one.worker_id else ""
    return str(staff.id), f"{title}, {helps}{has_it}"


def _centre_of(one: SupportCase, worker_id: int) -> str:
    """The centre at which a worker helps the family: that of the request, if it is one of hers."""
    with live().database() as engine:
        found = accounts.account(engine, worker_id)
    centres = found.staff.works_in(live().directory) if found else frozenset()
    if one.centre in centres or len(centres) != 1:
        return one.centre
    return next(iter(centres))


# --- groups near the family -----------------------------------------------------------------------


def _groups(one: SupportCase, booking: casework.Case) -> list[Choice]:
    """Groups near the family that one press books with the family's own details."""
    near, (series, _) = _near(one), thing(one.series)
    return nearby(booking.family, near, series) if near and booking.family else []


def _near(one: SupportCase) -> Position | None:
    """Where the family is, as far as we know: the group, centre or district that it asked for."""
    series, _ = thing(one.series)
    directory = live().directory
    centre = directory.find_centre(one.centre)
    district = directory.district(asked.district_of(one.series))
    places = (
        series.venue.position if series else None,
        centre.position if centre else None,
        district.position if district else None,
    )
    return next((place for place in places if place is not None), None)


# --- what staff do --------------------------------------------------------------------------------


def _press(verb: Callable[..., object], done: str, *values: Any, **options: Any) -> Answered:
    """Calls a verb of `support` for this case, and shows the case or the refusal."""
    one, actor = request_case(), current().actor

    def work() -> None:
        with live().database() as engine:
            verb(engine, one.id, *values, now=now(), actor=actor, **options)

    return attempt(work, path_of(one)) or redirect(path_of(one, done), 303)


def _refused(form: CaseForm) -> Answered | None:
    """The answer to a form with mistakes; None if it has none.

    Choices follow from the case, so an old form may have a choice that is none now: that somebody
    else was first is said before any mistake (S89).
    """
    one = request_case()
    status = form.refused()
    if status is None:
        return None
    if status == 422 and form.version != one.version:

        def changed() -> None:
            raise Changed(support.said_of(one))

        return attempt(changed, path_of(one))
    return _show(status, form)


@staff_route(
    f"{_CASE}/triage",
    may=of_case(),
    methods=("POST",),
    refills=True,
    keeps="your decision about a request",
)
def triage(reference: str) -> Answered:  # noqa: ARG001
    one = request_case()
    group = thing(one.series)[0] is not None
    levels = live().directory.site.levels
    form = TriageForm.of(request.form, levels, _workers(one), group=group)
    refused = _refused(form)
    if refused is not None:
        return refused
    worker = int(form.worker.data) if form.worker.data else None
    return _press(
        support.triage,
        "allocated" if worker else "triaged",
        level=form.level_number,
        next_step=str(form.next_step.data or "other"),
        worker_id=worker,
        centre=_centre_of(one, worker) if worker else "",
        lead=form.lead,
        seen=form.version,
    )


@staff_route(f"{_CASE}/allocate", may=of_case(), methods=("POST",), refills=True)
def allocate(reference: str) -> Answered:  # noqa: ARG001
    one = request_case()
    form = AllocateForm.of(request.form, _workers(one))
    refused = _refused(form)
    if refused is not None:
        return refused
    worker = int(form.worker.data)
    centre = _centre_of(one, worker)
    return _press(
        support.allocate, "allocated", worker, centre=centre, lead=form.lead, seen=form.version
    )


@staff_route(f"{_CASE}/contacted", may=of_case(), methods=("POST",))
def contacted(reference: str) -> Answered:  # noqa: ARG001
    return _press(support.contacted, "contacted", seen=CaseForm(formdata=request.form).version)


@staff_route(
    f"{_CASE}/close",
    may=of_case(),
    methods=("POST",),
    refills=True,
    keeps="what you tell a family at the end",
)
def close(reference: str) -> Answered:  # noqa: ARG001
    form = CloseForm.of(request.form, request_case(), live().directory.site.levels)
    refused = _refused(form)
    if refused is not None:
        return refused
    words = str(form.words.data or "")
    return _press(support.close, "closed", str(form.reason.data), words=words, seen=form.version)


@staff_route(f"{_CASE}/book", may=of_case(), methods=("POST",))
def book(reference: str) -> Answered:  # noqa: ARG001
    """Book a group near the family with its own details, and close the request with it."""
    one, family = request_case(), case().family
    form, seen = TakeForm(formdata=request.form), CaseForm(formdata=request.form).version
    series = live().directory.find_series(str(form.series.data))
    session = planned_on(series, str(form.planned.data)) if series else None
    made: bookings.Booking | None = None
    if series is None or family is None or not takes(series, family, family.people):
        return _gone(one)
    if (session is None) == (series.book == "session") or not soon(series, session):
        return _gone(one)
    ages = ages_to_ask(series, family)
    if ages and request.form.get("fits") != "yes":
        return explain(
            "Do they have a child of the right age?",
            f"This group is for: {ages}. The request does not say how old the children are.",
            "Nothing is booked. Go back, tick that they have a child of this age, and press again.",
            status=422,
            back=path_of(one),
        )

    def work() -> None:
        nonlocal made
        with live().database() as engine:
            made = support.book_group(
                engine,
                one.id,
                series,
                known_answers(series, family),
                key=f"desk:{form.idempotency_key}",
                secret=live().secret,
                seen=seen,
                now=now(),
                actor=current().actor,
                session=session,
                footprint=live().directory.footprint_of(series.centre).slug,
            )

    try:
        refused = attempt(work, path_of(one))
    except NotBookable:
        return _gone(one)
    if refused is not None or made is None:
        return refused or redirect(path_of(one), 303)
    return redirect(f"/staff/bookings/{made.reference}?done=made", 303)


def _gone(one: SupportCase) -> Answered:
    return explain(
        "This group can no longer be booked",
        "The family is not booked, and its request is as it was. Choose another group.",
        status=409,
        back=path_of(one),
    )


def due_words(due: Due) -> str:
    """What is due, and by when, in words."""
    what = "Read it" if due.read else "Speak with the family"
    if due.worker:
        what = "Choose another worker"
    said = f"{what} by {day_words(due.day)}"
    if not due.overdue:
        return said
    late = "1 working day late" if due.late == 1 else f"{due.late} working days late"
    return f"Overdue. {said}: {late}"
