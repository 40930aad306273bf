"""A family's page behind its private link: the state of the booking, and everything to do with it.

Opening a link changes nothing, because mail scanners open links: every change has a screen with its
own button (S24). Wrong, truncated and expired links get the same response (S23). The page of a
sensitive programme says neither what it is nor where, and shows days and times only when asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from flask import Blueprint, Response, abort, make_response, redirect, request

from portal import bookings
from portal.bookings import Booking, Family, Full, casework, content_changes, personal_data
from portal.bookings.locking import NotPossible
from portal.database.tables import HOLDING, LIVE
from portal.directory import Programme, Series, Session
from portal.directory.values import LONDON
from portal.messages import announced, family_calendar
from portal.web import filters
from portal.web.live.alternatives import Other
from portal.web.live.context import Away, live
from portal.web.live.forms.family import (
    DetailsForm,
    LiveForm,
    NumbersForm,
    PressForm,
    RequestDetailsForm,
    limit_people,
    with_questions,
)
from portal.web.live.forms.steps import next_screen
from portal.web.live.screens import away, check_form, explain, head, page

pages = Blueprint("own", __name__, url_prefix="/bookings/<link>")
pages.before_request(check_form)

_DATES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Own:
    """A booking, with what the content now says about it."""

    booking: Booking
    series: Series | None
    programme: Programme | None
    # Of the booking. An offer that is over, or a wait for what is off, has ended; 'over' is what
    # has no date to come.
    state: str
    was: str  # its state before it ended; '' where nobody wrote that down
    gone: tuple[Session, ...]  # cancelled sessions that the content does not have any more
    off: str = ""  # why what was waited for is off, where the clock has not said so yet

    @property
    def path(self) -> str:
        return f"/bookings/{self.booking.link}"

    @property
    def discreet(self) -> bool:
        """A series that is no longer in the content may have been sensitive."""
        return self.programme is None or self.programme.sensitive

    @property
    def asked(self) -> bool:
        """Whether this is a request, which staff answer."""
        return self.booking.way != "book"

    @property
    def phone(self) -> str | None:
        if self.programme is None or self.discreet:
            return self.programme.phone if self.programme else None
        centre = self.series.centre.contact_phone if self.series else None
        return self.programme.phone or centre

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Its sessions that have not ended, cancelled ones included, soonest first."""
        return _sessions(self.booking, self.series, self.gone)

    @property
    def live(self) -> bool:
        return self.state in LIVE

    def explain(self, title: str, *paragraphs: str, **given: Any) -> Response:
        given = {"back": self.path, "phone": self.phone, **given}
        return explain(title, self.path, *paragraphs, **given)


def _own(link: str) -> Own:
    """The booking behind a link; otherwise the response that every wrong link gets."""
    found, now = live(), live().now
    with found.database() as engine:
        booking = bookings.find(engine, link, secret=found.secret, now=now)
    if booking is None:
        abort(404)
    directory = found.directory
    series = directory.find_series(booking.series)
    if series is not None:
        programme: Programme | None = series.programme
    else:
        programme = directory.programme(booking.series.removeprefix(bookings.ASKED_FOR))
    gone = _gone(booking, series)
    state = booking.status
    off = ""
    # Before the clock has said so, too.
    sessions = _sessions(booking, series, gone)
    if series is not None and state in ("waiting", "offered") and _all_off(sessions):
        state, off = "cancelled", content_changes.why_off(series, sessions)
    elif state == "offered" and booking.offered_until and booking.offered_until <= now:
        state = "lapsed"
    elif series is not None and state in ("confirmed", "waiting"):
        held = family_calendar.sessions_of(booking, series)
        if held and all(session.ends <= now for session in held):
            state = "over"
    was = booking.status if state != booking.status else booking.was
    return Own(booking, series, programme, state, was, gone, off)


def _sessions(
    booking: Booking, series: Series | None, gone: tuple[Session, ...]
) -> tuple[Session, ...]:
    if series is None:
        return ()
    found = (*family_calendar.sessions_of(booking, series), *gone)
    coming = (one for one in found if one.ends > live().now)
    return tuple(sorted(coming, key=lambda one: one.starts))


def _all_off(sessions: Sequence[Session]) -> bool:
    return bool(sessions) and all(session.cancelled for session in sessions)


def _gone(booking: Booking, series: Series | None) -> tuple[Session, ...]:
    if series is None:
        return ()
    found = live()
    with found.database() as engine:
        return announced.removed_sessions(engine, found.directory, series, booking, found.now)


@pages.get("")
def show(link: str) -> Response:
    """The state of the booking, and what the family can do."""
    own = _own(link)
    form = None
    if own.state == "offered":
        form = PressForm(formdata=None)
        form.begin(live().now, live().secret)
    return _show(own, form, 200)


def _show(own: Own, form: PressForm | None, status: int) -> Response:
    sessions = own.sessions
    until = own.booking.offered_until
    with live().database() as engine:
        family = bookings.family_of(engine, own.booking.id)
        ended = own.state in ("declined", "cancelled")
        reason = own.off or (personal_data.answer_of(engine, own.booking.id) if ended else "")
        said = casework.notices(engine, *_told_about(own)) if own.live and own.series else []
    # Who gave it up gave no reason; whose details are deleted may not have ended it either.
    ours = bool(reason) or family is None
    in_vain = own.state == "cancelled" and own.was in ("waiting", "offered") and ours
    waits = own.series is not None and not own.discreet and (own.state == "waiting" or in_vain)
    title = _title(own, ours)
    path = f"{own.path}/calendar.ics"
    address = live().address(path)
    return page(
        "live/own.html",
        head("Your booking" if own.discreet else title, own.path),
        status,
        own=own,
        booking=own.booking,
        series=own.series,
        title=title,
        in_vain=in_vain,
        sessions=sessions[:_DATES_SHOWN],
        later=sessions[_DATES_SHOWN:],
        on=[one for one in sessions if not one.cancelled],
        until=filters.moment_words(until.astimezone(LONDON)) if until else "",
        reason=filters.sentence(reason) if reason else "",
        notices=said,
        others=_others(own) if waits else (),
        told=_told(family),
        kept=family is not None,
        calendar=path,
        address=address,
        webcal="webcal:" + address.partition(":")[2],
        form=form,
    )


def _told_about(own: Own) -> tuple[Sequence[str], Sequence[str]]:
    """The identities and dates under which there may be news for this family."""
    if own.series is None or own.state not in HOLDING:
        return (), ()
    names = (own.series.identity, *own.series.old_identities)
    return names, [session.anchor for session in own.sessions]


def _others(own: Own) -> Sequence[Other]:
    """For families that wait: series of the same programme that have places."""
    return () if own.series is None else live().others(own.series)


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


def _title(own: Own, ours: bool) -> str:
    if own.state == "cancelled":
        return _CANCELLED[own.was][1 if ours else 0]
    return _TITLES[own.state][1 if own.asked or own.discreet else 0]


def _told(family: Family | None) -> str:
    """How the family hears from the service; '' if it does not."""
    if family is None or family.contact_by == "none":
        return ""
    if family.contact_by == "call":
        return "ring you"
    if not family.safe_to_contact:
        return ""
    return {"email": "send you an email", "text": "send you a text message"}[family.contact_by]


@pages.get("/calendar.ics")
def calendar(link: str) -> Response:
    """The family's private calendar, which follows moved and cancelled sessions."""
    own, found = _own(link), live()
    if own.series is None:
        abort(404)
    base = found.settings.base_address or found.frame.site.base_address
    data = family_calendar.private_calendar(
        own.booking, own.series, found.frame.site, base=base, gone=own.gone
    )
    answer = make_response(data)
    answer.headers["Content-Type"] = "text/calendar; charset=utf-8"
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


# --- what one can do ------------------------------------------------------------------------------


def _act(own: Own, form: LiveForm, verb: Callable[[], None], where: str) -> Any:
    """Performs the action and returns to the family's page, or explains why it cannot be done."""
    try:
        verb()
    except Full:
        return own.explain(
            "There are not enough places",
            "Your booking has not changed. Ring us, and we will see what we can do.",
            status=409,
        )
    except NotPossible:
        return own.explain(
            "This has already ended",
            "Look at your booking to see what has changed.",
            status=409,
        )
    except Away:
        return away(where, form, "confirm", own.phone)
    return redirect(own.path, 303)


def _ended(own: Own) -> Response:
    return own.explain("This booking has ended", "You can no longer change it.", status=409)


@pages.post("/accept")
def accept(link: str) -> Any:
    """Accept an offered place before the offer ends."""
    own, found = _own(link), live()
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

    return _act(own, form, verb, f"{own.path}/accept")


@pages.route("/cancel", methods=["GET", "POST"])
def cancel(link: str) -> Any:
    """Cancel the booking, after a screen to confirm."""
    own, found = _own(link), live()
    if not own.live:
        # A second press finds it done; the page says so when opened again.
        return redirect(own.path, 303)
    title, does, yes, no = _CANCELLING[own.state]
    words_of = {"title": title, "paragraphs": [does], "yes": yes, "no": no}

    def verb() -> None:
        with found.database() as engine:
            bookings.cancel(engine, found.directory, own.booking.id, now=found.now)

    return _press(own, "cancel", words_of, verb)


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
        "Another family can then have your place. You cannot undo this.",
        "Yes, cancel it",
        "No, keep it",
    ),
}


@pages.route("/delete", methods=["GET", "POST"])
def delete(link: str) -> Any:
    """Delete the data kept about the family, and give up its place if it has one (S52)."""
    own, found = _own(link), live()
    said = "We will delete your name, how to reach you, and what you told us."
    words_of = {
        "title": "Delete your details?",
        "paragraphs": [said, "This also ends your booking or request." if own.live else ""],
        "yes": "Yes, delete them",
        "no": "No, keep them",
    }

    def verb() -> None:
        with found.database() as engine:
            personal_data.erase(engine, found.directory, own.booking.id, now=found.now)

    return _press(own, "delete", words_of, verb)


def _press(own: Own, where: str, words_of: dict[str, Any], verb: Callable[[], None]) -> Any:
    """A screen to confirm an action, performed when its button is pressed."""
    form = PressForm(formdata=request.form if request.method == "POST" else None)
    path = f"{own.path}/{where}"
    following = next_screen(form, live().now, live().secret, checked=False)
    # Speed does not matter here: a quick press is not a sign of a machine.
    if request.method == "POST" and following.status != 400:
        return _act(own, form, verb, path)
    return page(
        "live/press.html",
        head(words_of["title"], path, error=bool(form.trouble)),
        following.status,
        form=form,
        back=own.path,
        **words_of,
    )


@pages.route("/change", methods=["GET", "POST"])
def change(link: str) -> Any:
    """Change the number of people; more people may need more places."""
    own, found = _own(link), live()
    with found.database() as engine:
        family = bookings.family_of(engine, own.booking.id)
    if not own.live or family is None or own.discreet:
        return _ended(own)
    data = {"people": own.booking.people, "children": family.children}
    form = NumbersForm(formdata=_posted(), data=data)
    if own.series is not None:
        limit_people(form, own.series)
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
            )

    if following.screen == "confirm":
        return _act(own, form, verb, f"{own.path}/change")
    return _form(own, form, "Change who is coming", "change", following.status)


@pages.route("/details", methods=["GET", "POST"])
def correct(link: str) -> Any:
    """See the data kept about the family, and correct it (S52)."""
    own, found = _own(link), live()
    with found.database() as engine:
        family = bookings.family_of(engine, own.booking.id)
    if family is None:
        return own.explain("Your details are deleted", "We keep nothing about you here.")
    # A family that booked by phone may have asked to be rung.
    rung = own.asked or family.contact_by == "call"
    kind: type[DetailsForm] = RequestDetailsForm if rung else DetailsForm
    if own.programme is not None and not own.discreet:
        # The questions of a sensitive programme show what it is about.
        kind = with_questions(kind, own.programme, own.programme.questions)
    form = kind(formdata=_posted(), data=_data_of(family))
    form.given(family.answers)
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
        return _act(own, form, verb, f"{own.path}/details")
    return _form(own, form, "Your details", "details", following.status)


def _posted() -> Any:
    return request.form if request.method == "POST" else None


def _data_of(family: Family) -> dict[str, Any]:
    named = ("name", "email", "phone", "contact_by", "access", "language", "notes")
    safe: Literal["yes", "no"] = "yes" if family.safe_to_contact else "no"
    return {name: getattr(family, name) for name in named} | {"safe_to_contact": safe}


def _form(own: Own, form: LiveForm, title: str, where: str, status: int) -> Response:
    return page(
        "live/form.html",
        head(title, f"{own.path}/{where}", error=bool(form.problems())),
        status,
        form=form,
        about="",
        lead="",
        room="",
        others=(),
        back=own.path,
        phone=own.phone,
        action="Save",
    )
