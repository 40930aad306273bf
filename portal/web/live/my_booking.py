"""A family's page behind its private link: the state of the booking, and everything to do with it.

Opening a link changes nothing, because mail scanners open links: every change has a screen with its
own button (S24). Wrong, truncated and expired links get the same response (S23). The page of a
sensitive programme says neither what it is nor where, and shows days and times only when asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, request

from portal import bookings
from portal.bookings import (
    CrecheFull,
    Family,
    Full,
    NotBookable,
    creche,
    group_messages,
    outcomes,
    personal_data,
    places,
    support,
    support_plans,
    waiting_list,
)
from portal.bookings.locking import KeyUsed, NotPossible
from portal.bookings.support import SupportCase
from portal.database.rate_limits import TooOften
from portal.database.tables import HOLDING
from portal.directory import Series
from portal.directory.fields import SAFE_TIME
from portal.directory.values import LONDON
from portal.messages import family_calendar
from portal.web import filters
from portal.web.live import creche_full, own_case
from portal.web.live.alternatives import OTHER_WAYS, Other, tell_me, under_headings
from portal.web.live.choices import Choice, TakeForm, choices, known_answers, takes
from portal.web.live.context import Away, live
from portal.web.live.forms.family import (
    DetailsForm,
    LiveForm,
    PressForm,
    RequestDetailsForm,
    limit_people,
    with_questions,
)
from portal.web.live.forms.numbers import NumbersForm
from portal.web.live.forms.steps import next_screen
from portal.web.live.moving import moves, moves_of
from portal.web.live.own_actions import act, press
from portal.web.live.own_booking import Own, own_booking
from portal.web.live.screens import Press, away, check_form, explain, head, page, too_many
from portal.web.live.subjects import of_series, planned_on

pages = Blueprint("own", __name__, url_prefix="/bookings/<link>")
pages.before_request(check_form)

_DATES_SHOWN = 8


@pages.get("")
def show(link: str) -> Response:
    """The state of the booking, and what the family can do."""
    own = own_booking(link)
    return _show(own, _begun() if own.state == "offered" else None, 200)


def _show(own: Own, form: PressForm | None, status: int, trouble: str = "") -> Response:
    sessions = own.sessions
    until = own.booking.offered_until
    with live().database() as engine:
        family = bookings.family_of(engine, own.booking.id)
        in_creche = creche.place_of(engine, own.booking.id)
        ended = own.state in ("declined", "cancelled")
        seen_by = "" if own.discreet else outcomes.shown_to(engine, own.booking.id, now=live().now)
        reason = own.off or (personal_data.answer_of(engine, own.booking.id) if ended else "")
        said = (
            group_messages.words_for(engine, own.booking.id, *_told_about(own)) if own.live else []
        )
        had = creche.given_up(engine, own.booking.id)
        plan = support_plans.plan_for_family(engine, own.booking.id)
        request_case = support.case_of(engine, own.booking.id) if own.asked else None
        restorable = own.ended and bookings.restorable(
            engine, live().directory, own.booking.id, now=live().now
        )
    # Who gave it up gave no reason; whose details are deleted may not have ended it either.
    ours = bool(reason) or family is None or own_case.ended_by_us(request_case)
    in_vain = own.state == "cancelled" and own.was in ("waiting", "offered") and ours
    moved = moves_of(own, kept=family is not None)
    helped = request_case is not None and request_case.under_way
    title = moved.title or _title(own, ours, request_case)
    path = f"{own.path}/calendar.ics"
    address = live().address(path)
    # No offer is made so soon before a date, so none may be promised.
    too_late = (
        own.state == "waiting"
        and own.series is not None
        and not waiting_list.makes_offers(own.series, own.booking.planned, live().now)
    )
    on = [one for one in sessions if not one.off]
    return page(
        "live/own.html",
        head(own.itself.name if own.discreet else title, own.path, error=bool(trouble)),
        status,
        own=own,
        booking=own.booking,
        series=own.series,
        title=title,
        in_vain=in_vain,
        sessions=sessions[:_DATES_SHOWN],
        later=sessions[_DATES_SHOWN:],
        on=on,
        off_first=[one for one in sessions if on and one.starts < on[0].starts],
        some_off=bool(on) and len(on) < len(sessions),
        until=filters.moment_words(until.astimezone(LONDON)) if until else "",
        reason=filters.sentence(reason) if reason else "",
        notices=said,
        creche=in_creche,
        others=_others(own) if own.state == "waiting" and not own.discreet else (),
        restoring=_begun() if restorable else None,
        creche_back=_creche_back(own, had) if restorable else "",
        given_away=_given_away(own, ours, restorable) and bool(on) and not moved.away,
        choices=() if moved.away else _choices(own, family, again=not restorable and not reason),
        moved=moved,
        other_ways=OTHER_WAYS,
        moves=moves(own, family),
        too_late=too_late,
        news=_news("too late" if too_late else "helped" if helped else own.state, family),
        plan=plan,
        request_case=request_case,
        request_words=own_case.words_of(request_case, family, discreet=own.discreet),
        ask_worker=own_case.asking(request_case, discreet=own.discreet),
        this=live().now.astimezone(LONDON).date(),
        kept=family is not None,
        seen_by=seen_by,
        calendar=path,
        address=address,
        webcal="webcal:" + address.partition(":")[2],
        form=form,
        trouble=trouble,
    )


def _creche_back(own: Own, children: int) -> str:
    if own.series is None or own.discreet or own.was == "requested":
        return ""
    return creche_full.back_words(own.series, own.booking.planned, children)


def _given_away(own: Own, ours: bool, restorable: bool) -> bool:
    """Whether the family gave up its place, and other families wait for it or have it."""
    return own.state == "cancelled" and own.was == "confirmed" and not (ours or restorable)


def _begun() -> PressForm:
    form = PressForm(formdata=None)
    form.begin(live().now, live().secret)
    return form


def _choices(own: Own, family: Family | None, *, again: bool) -> Sequence[Choice]:
    """For families whose booking has ended: what else they can take. Nothing on discreet pages.

    What staff ended or declined, with a reason, is not offered `again`.
    """
    if not own.ended or own.discreet:
        return ()
    series = own.series
    if series is None and own.programme is not None:
        # A request for the programme as such: groups like any of its series.
        series = next(iter(live().directory.series_of(own.programme)), None)
    return choices(own.booking, series, family, again=again)


def _told_about(own: Own) -> tuple[Sequence[str], Sequence[str]]:
    """The identities and dates under which there may be news for this family."""
    if own.series is None or own.booking.status not in HOLDING:
        return (), ()
    names = (own.series.identity, *own.series.old_identities)
    return names, [session.anchor for session in own.sessions]


def _others(own: Own) -> Sequence[tuple[str, Sequence[Other]]]:
    """For families that wait: other groups that they can come to, under headings."""
    if own.series is None:
        return ()
    return [*under_headings(live().others(own.series)), *tell_me(own.series)]


# The heading for each state: of a booking, and of a request or in discreet words.
_TITLES = {
    "confirmed": ("Your place is booked", "You have a place"),
    "waiting": ("You are on the waiting list", "You are on the waiting list"),
    "offered": ("A place is free for you", "A place is free for you"),
    "requested": ("We have your request", "We have your request"),
    "lapsed": ("This offer has ended", "This offer has ended"),
    "over": ("This is over", "This is over"),
    "declined": ("We cannot offer you a place", "We cannot offer you a place"),
}


# Of what is cancelled, by what it was before: where the family gave it up, and where we may have.
_CANCELLED = {
    "requested": ("You have taken back your request", "Your request has ended"),
    "waiting": ("You have left the waiting list", "You are no longer on the waiting list"),
    "offered": ("You have turned this place down", "This offer has ended"),
    "confirmed": ("Your booking is cancelled", "Your booking is cancelled"),
    "": ("This has ended", "This has ended"),  # its earlier state was not recorded
}


def _title(own: Own, ours: bool, request_case: SupportCase | None) -> str:
    if own.place_is_off and own.begun:
        return "The rest of your dates are cancelled"
    if own.removed:
        return "Check with us before you come"
    if own.state == "cancelled":
        return _CANCELLED[own.was][1 if ours else 0]
    if own.state == "requested" and request_case is not None and not own.discreet:
        return support.words_for_family(request_case)
    return _TITLES[own.state][1 if own.asked or own.discreet else 0]


# What is announced in each state. The page shows all else, such as the cost, without a message.
_ANNOUNCED = {
    "confirmed": "If a date is cancelled or postponed, or the day, the time or the place changes",
    "waiting": "When a place is free for you, or there will be none",
    "too late": "If we have to cancel it",
    "offered": "If this offer ends",
    "requested": "When we have an answer",
    "helped": "If you get another worker, or when our work on your request ends",
}


def _news(state: str, family: Family | None) -> str:
    """What the family hears of, and how; '' if it hears nothing."""
    if family is None or state not in _ANNOUNCED:
        return ""
    when = _ANNOUNCED[state]
    if family.contact_by == "call":
        ring = "ring you at the time that you gave" if SAFE_TIME in family.answers else "ring you"
        return f"{when}, we will {ring}."
    if family.contact_by == "none" or not family.safe_to_contact:
        return ""
    how = {"email": "send you an email", "text": "send you a text message"}[family.contact_by]
    return f"{when}, we will {how}."


@pages.get("/calendar.ics")
def calendar(link: str) -> Response:
    """The family's private calendar, which follows moved and cancelled sessions."""
    own, found = own_booking(link), live()
    if own.booking.series.startswith(bookings.ASKED_FOR):
        abort(404)  # a request for a programme never has dates
    base = found.settings.base_address or found.frame.site.base_address
    data = family_calendar.private_calendar(
        own.booking,
        own.held or own.remembered,
        found.frame.site,
        base=base,
        discreet=own.discreet,
    )
    answer = make_response(data)
    answer.headers["Content-Type"] = "text/calendar; charset=utf-8"
    answer.headers["Cache-Control"] = "no-store"
    return answer


# --- what one can do ------------------------------------------------------------------------------


def _ended(own: Own) -> Response:
    return own.explain(f"This {own.noun} has ended", "You can no longer change it.", status=409)


@pages.post("/accept")
def accept(link: str) -> Any:
    """Accept an offered place before the offer ends."""
    own, found = own_booking(link), live()
    form = PressForm(formdata=request.form)
    if own.state == "confirmed":
        return redirect(own.path, 303)  # pressed twice
    if own.state == "lapsed":
        return _show(own, None, 409)
    if own.state != "offered":
        return _ended(own)
    if next_screen(form, found.now, found.secret, checked=False).status == 400:
        return _show(own, form, 400)

    def verb() -> None:
        with found.database() as engine:
            bookings.accept(engine, found.directory, own.booking.id, now=found.now)

    return act(own, form, verb, f"{own.path}/accept")


@pages.route("/cancel", methods=["GET", "POST"])
def cancel(link: str) -> Any:
    """Cancel the booking, after a screen to confirm."""
    own, found = own_booking(link), live()
    if not own.live:
        # A second press finds it done; the page says so when opened again.
        return redirect(own.path, 303)
    title, does, yes, no = _CANCELLING[own.state]
    if own.state == "confirmed" and _waited_for(own):
        does = (
            "Your place goes to the next family on the waiting list at once. You cannot undo this."
        )
    with found.database() as engine:
        in_creche = creche.place_of(engine, own.booking.id)
    lost = _CRECHE_LOST if in_creche and in_creche.held and not own.discreet else ""
    words_of = {"title": title, "paragraphs": [does, lost], "yes": yes, "no": no}

    def verb() -> None:
        with found.database() as engine:
            bookings.cancel(engine, found.directory, own.booking.id, now=found.now)

    return press(own, "cancel", words_of, verb)


def _waited_for(own: Own) -> bool:
    """Whether families wait for what is booked, so that nobody can take a place back."""
    with live().database() as engine:
        return places.waited_for(engine, own.booking.series, own.booking.planned)


_CRECHE_LOST = (
    "This also gives up your place in the creche. Another family can have it, even while nobody "
    "has taken yours."
)

# For each active state: the question, what 'yes' does, and the words for yes and no.
_CANCELLING = {
    "requested": (
        "Take back your request?",
        "We will stop looking at it. You can ask again at any time.",
        "Yes, take it back",
        "No, keep it",
    ),
    "waiting": (
        "Leave the waiting list?",
        "You will lose your place on the list.",
        "Yes, leave the list",
        "No, stay on it",
    ),
    "offered": (
        "Turn this place down?",
        "It will go to the next family. You cannot undo this.",
        "Yes, turn it down",
        "No, keep it",
    ),
    "confirmed": (
        "Cancel your booking?",
        "Another family can then have your place. Until one does, you can take it back.",
        "Yes, cancel it",
        "No, keep it",
    ),
}


@pages.post("/restore")
def restore(link: str) -> Any:
    """Take back a cancellation by mistake, until the place is given away."""
    own, found = own_booking(link), live()
    form = PressForm(formdata=request.form)
    if own.live:
        return redirect(own.path, 303)  # pressed twice
    if next_screen(form, found.now, found.secret, checked=False).status == 400:
        return _show(own, None, 400, form.trouble)
    try:
        with found.database() as engine:
            bookings.restore(engine, found.directory, own.booking.id, now=found.now)
    except (Full, NotPossible):
        return own.explain(
            "You cannot have this place back",
            f"It has gone to another family, or it is no longer on. Look at your {own.noun} to see "
            "what else has space.",
            status=409,
        )
    except Away:
        return away(f"{own.path}/restore", own.subject, form, "confirm")
    return redirect(own.path, 303)


@pages.post("/take")
def take(link: str) -> Any:
    """Book another date or group instead, with the details given before."""
    own, found = own_booking(link), live()
    form = TakeForm(formdata=request.form)
    with found.database() as engine:
        family = bookings.family_of(engine, own.booking.id)
    if own.live or own.discreet or family is None or moves_of(own).away:
        return redirect(own.path, 303)
    if next_screen(form, found.now, found.secret, checked=False).status == 400:
        return _show(own, None, 400, form.trouble)
    series = found.directory.find_series(str(form.series.data))
    if series is None or series.programme.sensitive:
        abort(404)
    if not takes(series, family, own.booking.people):
        return redirect(series.booking_path, 303)
    return _take(own, form, series, family)


def _take(own: Own, form: TakeForm, series: Series, family: Family) -> Any:
    found, planned = live(), str(form.planned.data or "")
    session = planned_on(series, planned)
    if (session is None) == (series.book == "session"):
        abort(404)
    try:
        with found.database() as engine:
            made = bookings.book(
                engine,
                series,
                known_answers(series, family),
                key=form.idempotency_key,
                secret=found.secret,
                now=found.now,
                session=session,
                wait=form.wait.data == "yes",
                allowance=found.allowance(family, series.identity),
                footprint=found.directory.footprint_of(series.centre).slug,
            )
    except (Full, KeyUsed, NotBookable):
        return own.explain(
            "You cannot have this place",
            "It has gone to another family, or booking has closed. You are not booked. Go back to "
            "see what else has space.",
            subject=of_series(series, session, back=own.path),
            status=409,
        )
    except TooOften as refused:
        path, about = f"{own.path}/take", of_series(series, session, back=own.path)
        return too_many(path, form, "confirm", refused.seconds, subject=about)
    except Away:
        about = of_series(series, session, back=own.path)
        return away(f"{own.path}/take", about, form, "confirm")
    return redirect(f"/bookings/{made.link}", 303)


@pages.route("/delete", methods=["GET", "POST"])
def delete(link: str) -> Any:
    """Delete the data kept about the family, and give up its place if it has one (S52)."""
    own, found = own_booking(link), live()
    said = "We will delete your name, how to reach you, and what you told us."
    with found.database() as engine:
        case = support.case_of(engine, own.booking.id) if own.live else None
    ends = f"This also ends your {own.noun}." if own.live else ""
    if case is not None and case.under_way:
        ends = "Your worker stops helping you, and your plan is deleted."
    words_of = {
        "title": "Delete your details?",
        "paragraphs": [said, ends],
        "yes": "Yes, delete them",
        "no": "No, keep them",
    }

    def verb() -> None:
        with found.database() as engine:
            personal_data.erase(engine, found.directory, own.booking.id, now=found.now)

    return press(own, "delete", words_of, verb)


@pages.route("/change", methods=["GET", "POST"])
def change(link: str) -> Any:
    """Change the number of people; more people may need more places."""
    own, found = own_booking(link), live()
    with found.database() as engine:
        family = bookings.family_of(engine, own.booking.id)
    if not own.live or family is None or own.discreet:
        return _ended(own)
    data = {
        "people": own.booking.people,
        "children": family.children,
        "creche": len(family.creche) or None,
        "creche_ages": family.creche,
    }
    form = NumbersForm(formdata=_posted(), data=data)
    if own.series is not None:
        limit_people(form, own.series)
        creche_full.tell(form, own.series, own.booking.planned, found.now)
    following = next_screen(form, found.now, found.secret, checked=False)

    def verb() -> None:
        with found.database() as engine:
            bookings.change(
                engine,
                found.directory,
                own.booking.id,
                form.people.data,
                form.children.ages if form.asks_ages else None,
                now=found.now,
                **form.changes,
            )

    if following.screen == "confirm":
        try:
            return act(own, form, verb, f"{own.path}/change")
        except CrecheFull:
            return _creche_full(own, form, family)
    if following.emptied:
        return redirect(f"{own.path}/change", 303)  # it opens with what we have
    return _form(own, form, "Change who is coming", "change", following.status)


@pages.route("/details", methods=["GET", "POST"])
def correct(link: str) -> Any:
    """See the data kept about the family, and correct it (S52)."""
    own, found = own_booking(link), live()
    with found.database() as engine:
        family = bookings.family_of(engine, own.booking.id)
    if family is None:
        return own.explain("Your details are deleted", "We keep nothing about you here.")
    kind: type[DetailsForm] = RequestDetailsForm if own.asked else DetailsForm
    if own.programme is not None and not own.discreet:
        # The questions of a sensitive programme show what it is about.
        kind = with_questions(kind, own.programme, own.programme.questions)
    form = kind(formdata=_posted(), data=_data_of(family))
    form.given(family.answers)
    if own.programme is not None and not own.discreet and isinstance(form, RequestDetailsForm):
        form.offer_topics(own.programme.topics, family.answers)
    form.asks_texts = not own.discreet
    form.offer(found.settings.ways, kept=family.contact_by)
    if own.discreet:
        form.discreet()
    following = next_screen(form, found.now, found.secret, checked=False)

    def verb() -> None:
        corrected = Family(**form.contact(), answers=form.corrected(family.answers))
        with found.database() as engine:
            personal_data.correct(
                engine,
                found.directory,
                own.booking.id,
                corrected,
                secret=found.secret,
                now=found.now,
            )

    if following.screen == "confirm":
        return act(own, form, verb, f"{own.path}/details")
    if following.emptied:
        return redirect(f"{own.path}/details", 303)  # it opens with what we have
    return _form(own, form, "Your details", "details", following.status)


def _creche_full(own: Own, form: NumbersForm, family: Family) -> Response:
    """Nothing was changed. A family without a creche place may wait for one."""
    if own.series is None or family.creche:
        return own.explain(
            "The creche has no room for more children",
            f"Your {own.noun} has not changed. Ask us, and we will see what we can do.",
            status=409,
        )
    return explain(
        "The creche is full",
        f"{own.path}/change",
        creche_full.said(own.series, own.booking.planned, form),
        f"Your {own.noun} has not changed.",
        creche_full.WAITING,
        subject=own.subject,
        status=409,
        form=form,
        presses=[Press("Wait for the creche", "check", (("creche_choice", "wait"),))],
    )


def _posted() -> Any:
    return request.form if request.method == "POST" else None


def _data_of(family: Family) -> dict[str, Any]:
    named = ("name", "email", "phone", "contact_by", "access", "language", "notes")
    data = {name: getattr(family, name) for name in named}
    data["safe_to_contact"] = "yes" if family.safe_to_contact else "no"
    return data | {"full_texts": "yes" if family.full_texts else None}


def _form(own: Own, form: LiveForm, title: str, where: str, status: int) -> Response:
    return page(
        "live/form.html",
        head(title, f"{own.path}/{where}", error=bool(form.problems())),
        status,
        form=form,
        subject=own.subject,
        room="",
        others=(),
        action="Save",
    )
