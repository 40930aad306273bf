"""Staff pages for one booking: find, view, answer, correct, cancel, delete; and booking by phone.

Each action has its own address under the booking's, so that its route says who may use it. Refusals
by the rules about places are explained in words. The private link is never shown: staff have it
sent to the family.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from flask import g, redirect, request
from werkzeug.wrappers import Response as Answered

from portal import bookings, messages
from portal.bookings import (
    Family,
    NotBookable,
    casework,
    creche,
    opening,
    personal_data,
    places,
    registers,
    retention,
    support,
    waiting_list,
)
from portal.bookings.answer_labels import label_of
from portal.bookings.casework import Case, EditConflict
from portal.database import audit, log_reading
from portal.database.tables import HOLDING, LIVE
from portal.directory import Series, Session
from portal.directory.values import LONDON
from portal.web import filters
from portal.web.live import creche_full
from portal.web.live.context import live
from portal.web.live.forms.answers import Choice, Lines
from portal.web.live.forms.family import (
    CONTACT_WAYS_OF_REQUESTS,
    BookForm,
    LiveForm,
    RequestDetailsForm,
    book_form,
    limit_people,
)
from portal.web.live.forms.numbers import NumbersForm
from portal.web.live.forms.steps import next_screen
from portal.web.staff.access import FAMILIES, current, form_page, now, of_centre, sees, staff_route
from portal.web.staff.forms import StaffForm
from portal.web.staff.log import LOG
from portal.web.staff.log import MAY as LOG_MAY
from portal.web.staff.scope import (
    CALLED_OFF,
    attempt,
    case,
    hidden_cases,
    named,
    of_booking,
    posted,
    series_at,
    state_of,
    thing,
)
from portal.web.staff.screens import explain, page
from portal.web.staff.sorting import Order, in_order

_CASE = "/staff/bookings/<reference>"

_DONE = {
    "made": "Booked",
    "confirmed": "They have a place",
    "given": "They have a place",
    "moved-on": "The next family is offered the place",
    "changed": "Changed",
    "cancelled": "Cancelled",
    "declined": "Answered",
    "noted": "The note is saved",
    "link": "The link is on its way",
    "deleted": "The details are deleted",
}


def path_of(one: Case | bookings.Booking, done: str = "") -> str:
    return f"/staff/bookings/{one.reference}{f'?done={done}' if done else ''}"


# --- finding -----------------------------------------------------------------------------------


@staff_route("/staff/bookings", may=FAMILIES)
def find() -> Answered:
    asked = request.args.get("q", "").strip()[:200]
    with live().database() as engine:
        found = casework.find(engine, asked, sees) if asked else []
        hidden = hidden_cases(engine, (one.id for one in found))
        found = [one for one in found if one.id not in hidden]
        if len(found) == 1 and found[0].reference.replace("-", "") == _plain(asked):
            return redirect(path_of(found[0]), 303)
        ids = [one.id for one in found]
        log_reading(engine, "search", ids, now=now(), actor=current().actor)
    cases, orders = in_order(
        ((one, named(one.series), thing(one.series)[0]) for one in found),
        Order("newest", "newest"),
        Order("family", "family", lambda row: casework.fold(row[0].name)),
        Order("group", "group", lambda row: casework.fold(row[1])),
    )
    return page(
        "staff/find.html",
        "Bookings",
        asked=asked,
        cases=cases,
        orders=orders,
        most=casework.MOST_FOUND,
        state=state_of,
    )


def _plain(typed: str) -> str:
    return "".join(sign for sign in typed.upper() if sign.isalnum())


# --- one booking -------------------------------------------------------------------------------


@staff_route(_CASE, may=of_booking())
def show(reference: str) -> Answered:  # noqa: ARG001  the guard has read it
    return _show(case(), done=_DONE.get(request.args.get("done", ""), ""))


def _show(
    one: Case,
    status: int = 200,
    *,
    done: str = "",
    problems: Sequence[tuple[str, str]] = (),
    remark: str | None = None,
) -> Answered:
    series, programme = thing(one.series)
    session = opening.booked_session(series, one.planned) if series else None
    with live().database() as engine:
        sent = messages.of_booking(engine, one.id)
        others = casework.with_same_contact(engine, one, live().secret, sees)
        casework.log_reading(engine, one, others, now=now(), actor=current().actor)
        position = bookings.get(engine, one.id, live().secret).position
        in_creche = creche.place_of(engine, one.id)
    until, state = one.offered_until, state_of(one)
    request_case = g.get("request_case")
    if request_case is not None and one.status in ("requested", "cancelled"):
        state = support.words_for_staff(request_case)
    return page(
        "staff/booking.html",
        one.name,
        status,
        error=bool(problems),
        back="/staff/bookings",
        case=one,
        family=one.family,
        series=series,
        programme=programme,
        session=session,
        state=state,
        off=state == CALLED_OFF,
        alive=one.status in LIVE,
        desk=f"/staff/requests/{one.reference}" if request_case is not None else "",
        holding=one.status in HOLDING,
        position=position,
        creche=in_creche,
        until=filters.moment_words(until.astimezone(LONDON)) if until else "",
        made=filters.moment_words(one.created.astimezone(LONDON)),
        safe_way=registers.safe_way(one.family),
        answers=[
            (label_of(name, programme), words)
            for name, words in (one.family.answers if one.family else {}).items()
        ],
        sent=[_message(one) for one in sent],
        others=[(other, named(other.series), state_of(other)) for other in others],
        remark=one.remark if remark is None else remark,
        longest=casework.LONGEST_WORDS,
        problems=problems,
        done=done,
        twin=one.twin,
        log=f"{LOG}?booking={one.reference}" if LOG_MAY.enter(current(), {}) else "",
    )


def _message(one: messages.Message) -> dict[str, str]:
    """A message as the page shows it: its kind, its delivery with the time, and any trouble."""
    moment = filters.moment_words((one.sent or one.due).astimezone(LONDON))
    return {
        "kind": audit.MESSAGES.get(one.kind, "A message"),
        "state": f"{audit.DELIVERY[one.state]}, {moment}",
        "trouble": one.trouble or "",
    }


# --- verbs of one button -----------------------------------------------------------------------


def _press(verb: Callable[..., object], done: str, *values: Any, **options: Any) -> Answered:
    """Calls a verb of `portal.bookings` for this booking, and shows the booking or the refusal."""
    row, directory, actor = case(), live().directory, current().actor

    def work() -> None:
        with live().database() as engine:
            verb(engine, directory, row.id, *values, now=now(), actor=actor, **options)

    return attempt(work, path_of(row)) or redirect(path_of(row, done), 303)


@staff_route(f"{_CASE}/confirm", may=of_booking(), methods=("POST",))
def confirm(reference: str) -> Answered:  # noqa: ARG001
    return _press(bookings.confirm, "confirmed")


@staff_route(f"{_CASE}/give", may=of_booking(), methods=("POST",))
def give(reference: str) -> Answered:  # noqa: ARG001
    return _press(bookings.give, "given")


@staff_route(f"{_CASE}/move-on", may=of_booking(), methods=("POST",))
def move_on(reference: str) -> Answered:  # noqa: ARG001
    return _press(waiting_list.move_on, "moved-on")


@staff_route(f"{_CASE}/link", may=of_booking(), methods=("POST",))
def link(reference: str) -> Answered:  # noqa: ARG001
    one = case()
    with live().database() as engine:
        owed = casework.send_link(engine, one.id, now=now(), actor=current().actor)
    if owed:
        return redirect(path_of(one, "link"), 303)
    return explain(
        "The link cannot be sent",
        "This family chose not to get messages, or said that it is not safe. So nothing is sent.",
        "Do not send it to another address or number: anybody could ask for that.",
        "You can change or cancel the booking for them here.",
        status=409,
        back=path_of(one),
    )


@staff_route(f"{_CASE}/note", may=of_booking(), methods=("POST",), keeps="your note")
def note(reference: str) -> Answered:  # noqa: ARG001
    one = case()
    form = NoteForm(formdata=request.form)
    status = form.refused()
    if status is not None:
        typed = str(form.remark.shown)
        return _show(one, status, problems=form.problems(), remark=typed)
    said = str(form.remark.data or "")
    seen = request.form.get("seen", "").replace("\r\n", "\n")
    try:
        refused = attempt(lambda: _note(one, said, seen), path_of(one))
    except EditConflict as conflict:
        words = f"Somebody wrote “{conflict.current}” in the meantime."
        told = f"{words} Put both together, and save again"
        one = casework_case(one)
        return _show(one, 409, problems=[("remark", told)], remark=said)
    return refused or redirect(path_of(one, "noted"), 303)


def _note(one: Case, said: str, seen: str) -> None:
    with live().database() as engine:
        casework.remark(engine, one.id, said, seen=seen, now=now(), actor=current().actor)


def casework_case(one: Case) -> Case:
    """The same booking, read again."""
    with live().database() as engine:
        return casework.case_of(engine, one.reference, sees) or one


class NoteForm(StaffForm):
    asked: ClassVar[Sequence[str]] = ("remark",)
    remark = Lines("Note for staff", what="the note", longest=casework.LONGEST_WORDS)


# --- verbs with a page of their own ------------------------------------------------------------


def _page(form: LiveForm, title: str, status: int, button: str, **given: Any) -> Answered:
    one = case()
    with live().database() as engine:
        casework.log_reading(engine, one, now=now(), actor=current().actor)
    given = {"paragraphs": (), "warning": False, "back": path_of(one), **given}
    return page(
        "staff/form.html",
        title,
        status,
        error=bool(form.problems()),
        form=form,
        about=f"{one.name}, {named(one.series)}",
        button=button,
        **given,
    )


class DeclineForm(StaffForm):
    asked: ClassVar[Sequence[str]] = ("reason",)
    reason = Lines(
        "What do you want to tell the family?",
        what="what you tell the family",
        missing="Write what you want to tell the family",
        longest=casework.LONGEST_WORDS,
        hint="The family reads these words on its own page, and in a message if it wanted one. Say "
        "what else may help.",
    )


@staff_route(
    f"{_CASE}/decline",
    may=form_page(of_booking()),
    methods=("GET", "POST"),
    refills=True,
    keeps="your answer to a request",
)
def decline(reference: str) -> Answered:  # noqa: ARG001
    form = DeclineForm(formdata=posted())
    status = form.refused() if request.method == "POST" else 200
    if status is None:
        reason = str(form.reason.data)
        return _press(
            lambda engine, _, it, **who: bookings.decline(engine, it, reason=reason, **who),
            "declined",
        )
    return _page(form, "Say no", status, "Send this answer")


class CancelForm(StaffForm):
    asked: ClassVar[Sequence[str]] = ("who", "reason")
    who = Choice(
        "Who wants it cancelled?",
        what="who wants it",
        missing="Say who wants it cancelled",
        options=(("family", "The family"), ("us", "We do")),
    )
    reason = Lines(
        "What do you want to tell the family?",
        what="what you tell the family",
        longest=casework.LONGEST_WORDS,
        hint="The family reads these words on its own page.",
    )

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        if self.who.data == "us" and not self.reason.data and not self.reason.errors:
            self.reason.blame("Write what you want to tell the family")
        return self.well


@staff_route(
    f"{_CASE}/cancel",
    may=form_page(of_booking()),
    methods=("GET", "POST"),
    refills=True,
    keeps="the cancellation of a booking",
)
def cancel(reference: str) -> Answered:  # noqa: ARG001
    form = CancelForm(formdata=posted())
    status = form.refused() if request.method == "POST" else 200
    if status is None:
        wished, reason = form.who.data == "family", str(form.reason.data or "")
        return _press(bookings.cancel, "cancelled", wished=wished, reason=reason)
    said = "The place goes to the next family on the list. You cannot undo this."
    return _page(form, "Cancel this booking", status, "Cancel it", paragraphs=(said,), warning=True)


@staff_route(
    f"{_CASE}/change",
    may=form_page(of_booking()),
    methods=("GET", "POST"),
    refills=True,
    keeps="how many people come",
)
def change(reference: str) -> Answered:  # noqa: ARG001
    one = case()
    if one.family is None or one.status not in LIVE:
        return _over(one)
    ages = one.family.creche
    data = {
        "people": one.people,
        "children": one.family.children,
        "creche": len(ages) or None,
        "creche_ages": ages,
    }
    form = NumbersForm(formdata=posted(), data=data)
    series = thing(one.series)[0]
    if series is not None:
        limit_people(form, series)
        form.by_staff = not ages
        creche_full.tell(form, series, one.planned, now())
    following = next_screen(form, now(), live().secret, checked=False, known=True)
    if following.screen == "confirm":
        children = form.children.ages if form.asks_ages else None
        return _press(bookings.change, "changed", form.people.data, children, **form.changes)
    return _page(form, "Change who is coming", following.status, "Save")


@staff_route(
    f"{_CASE}/details",
    may=form_page(of_booking()),
    methods=("GET", "POST"),
    refills=True,
    keeps="the corrected details of a family",
)
def correct(reference: str) -> Answered:  # noqa: ARG001
    one = case()
    known = one.family
    if known is None:
        return _over(one)
    named_ = ("name", "email", "phone", "contact_by", "access", "language", "notes")
    data = {name: getattr(known, name) for name in named_}
    data["safe_to_contact"] = "yes" if known.safe_to_contact else "no"
    form = RequestDetailsForm(formdata=posted(), data=data)  # staff may ring any family
    form.given(known.answers)
    form.offer(live().settings.ways, kept=known.contact_by)
    following = next_screen(form, now(), live().secret, checked=False, known=True)
    if following.screen == "confirm":
        corrected = form.contact()
        # The family said so of its own phone: another number is not asked about yet (S86).
        corrected["full_texts"] = known.full_texts and corrected["phone"] == known.phone
        family = Family(**corrected, answers=form.corrected(known.answers))
        return _press(personal_data.correct, "changed", family, secret=live().secret)
    said = "Change an email address or a phone number only if you are sure who is asking."
    return _page(form, "Their details", following.status, "Save", paragraphs=(said,))


class DeleteForm(StaffForm):
    asked: ClassVar[Sequence[str]] = ()


@staff_route(f"{_CASE}/delete", may=form_page(of_booking()), methods=("GET", "POST"), refills=True)
def delete(reference: str) -> Answered:  # noqa: ARG001
    one = case()
    form = DeleteForm(formdata=posted())
    status = form.refused() if request.method == "POST" else 200
    if status is None:
        settings = live().settings
        return _press(
            lambda engine, directory, it, **who: retention.erase(
                engine, directory, settings, [it], **who
            ),
            "deleted",
        )
    said = (
        "We will delete the name, how to reach them, and everything that they told us.",
        "You cannot undo it.",
        "This also ends their booking." if one.status in LIVE else "",
    )
    return _page(form, "Delete their details", status, "Delete", paragraphs=said, warning=True)


def _over(one: Case) -> Answered:
    return explain(
        "This can no longer be changed",
        "This booking has ended, or the details have been deleted.",
        status=409,
        back=path_of(one),
    )


# --- a booking on the phone --------------------------------------------------------------------


@staff_route(
    "/staff/book/<centre>/<series>",
    may=form_page(of_centre("centre")),
    methods=("GET", "POST"),
    refills=True,
    keeps="a booking for a family",
)
def book(centre: str, series: str) -> Answered:
    """Book for a family that rings or visits; if it is full, the family joins the waiting list."""
    run = series_at(centre, series)
    session = _session(run)
    if run.booking == "drop-in":
        return explain("Nobody needs to book", "Families just come.", back="/staff/")
    if run.book == "session" and session is None:
        coming = [one for one in run.next_sessions(now()) if not one.off]
        return page("staff/choose.html", "Choose a date", series=run, coming=coming, back="/staff/")
    refused = opening.refusal(run, session, now(), staff=True)
    if refused is not None:
        return _not_bookable(refused)
    form = book_form(run, posted())
    form.contact_by.options = CONTACT_WAYS_OF_REQUESTS
    form.offer(live().settings.ways)
    form.by_staff = True
    creche_full.tell(form, run, session.anchor if session else "", now())
    following = next_screen(form, now(), live().secret, checked=False, known=True)
    if following.screen == "confirm":
        return _book(run, session, form)
    with live().database() as engine:
        left = places.unheld(engine, run, session)
        waits = places.left(engine, run, session) < 1
    return page(
        "staff/form.html",
        "Take a booking",
        following.status,
        error=bool(form.problems()),
        back=f"/staff/register/{run.identity}/{(session or _next(run)).anchor}",
        form=form,
        about=f"{run.name}, {_when(run, session)}",
        paragraphs=(_room(run, left, waits),),
        button="Join the waiting list" if waits and run.booking == "book" else "Book",
        warning=False,
        query=f"?session={session.anchor}" if session else "",
    )


def _not_bookable(why: str) -> Answered:
    words = "It is over." if why == "past" else f"It is {why}."
    return explain("This can no longer be booked", words, status=409, back="/staff/")


def _room(series: Series, left: int, waits: bool) -> str:
    if series.booking != "book":
        return "It is kept as a request, which you can confirm on the next page."
    if waits:
        return "Every place is taken, or families are already waiting: this family joins the list."
    return f"{filters.count(left, 'place')} left. {filters.place_is_for(series)}"


def _when(series: Series, session: Session | None) -> str:
    return filters.day(session.day, year=True) if session else filters.repeats(series)


def _next(series: Series) -> Session:
    coming = series.next_sessions(now())
    return coming[0] if coming else series.all_sessions[-1]


def _session(series: Series) -> Session | None:
    planned = request.args.get("session")
    if series.book != "session" or planned is None:
        return None
    return next((one for one in series.all_sessions if one.anchor == planned), None)


def _book(series: Series, session: Session | None, form: BookForm) -> Answered:
    made: bookings.Booking | None = None

    def book(family: Family) -> None:
        nonlocal made
        with live().database() as engine:
            made = bookings.book(
                engine,
                series,
                family,
                key=str(form.key.data),
                secret=live().secret,
                now=now(),
                session=session,
                actor=current().actor,
                footprint=live().directory.footprint_of(series.centre).slug,
                creche_wait=form.creche_full.data == "wait",
            )

    def work() -> None:
        try:
            book(form.family())
        except bookings.CrecheFull:
            if form.creche_full.data != "without":
                raise
            book(replace(form.family(), creche=()))

    back = f"/staff/book/{series.identity}"
    try:
        refused = attempt(work, back)
    except NotBookable as error:
        return _not_bookable(error.why)
    if refused is not None or made is None:
        return refused or redirect(back, 303)
    return redirect(path_of(made, "made"), 303)
