"""Booking a place: the form, the answers to check, and then the family's own page.

A view reads the form, applies the rules (`bookings`), and shows one screen. Each reason against a
booking has a page that explains it and offers alternatives, with the answers kept: full, not yet
open, closed, started, over, cancelled, drop-in, by request, by referral, another age. A series of a
sensitive programme gets the same response as one that does not exist (S3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, jsonify, redirect, request

from portal import bookings
from portal.bookings import Booking, CrecheFull, Full, NotBookable, creche, personal_data, places
from portal.bookings.locking import KeyUsed
from portal.bookings.opening import coming_of, opening
from portal.database.rate_limits import TooOften
from portal.directory import Directory, Programme, Series, Session, asked
from portal.directory.state import place_is_for, places_words
from portal.directory.values import LONDON
from portal.web import filters
from portal.web.live import creche_full
from portal.web.live.alternatives import Other, fits, tell_me, under_headings
from portal.web.live.context import Away, live
from portal.web.live.forms.family import BookForm, FamilyForm, LiveForm, began_at, book_form
from portal.web.live.forms.steps import NextScreen, next_screen
from portal.web.live.safe_contact import unheard
from portal.web.live.screens import Press, away, check_form, explain, head, page, too_many
from portal.web.live.subjects import Subject, of_series, planned_on

pages = Blueprint("booking", __name__)
pages.before_request(check_form)

_DATES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a family wants to book: a series, or one session of it."""

    series: Series
    session: Session | None

    @property
    def path(self) -> str:
        asked = f"?session={self.session.anchor}" if self.session else ""
        return f"{self.series.booking_path}{asked}"

    @property
    def subject(self) -> Subject:
        return of_series(self.series, self.session)

    def explain(self, title: str, *paragraphs: str, **given: Any) -> Response:
        return explain(title, self.path, *paragraphs, subject=self.subject, **given)

    def others(self, ages: Sequence[str] = (), *, same: bool = True) -> list[Other]:
        return live().others(self.series, ages, same=same)

    def other_dates(self, now: datetime, *, waiting: bool = True) -> list[Other]:
        """A link to the page to choose a date, where this is one date and others can be booked.

        Without `waiting`, only if one of them has a place.
        """
        if self.session is None:
            return []
        left = [left for session, left in _coming(self.series, now) if session != self.session]
        if not (any(left) or (left and waiting and self.series.waiting_list)):
            return []
        path, name = self.series.booking_path, self.series.name
        return [Other(path, "Choose another date", name, has_space=any(left))]


@pages.route("/book/<centre>/<series>", methods=["GET", "POST"])
def book(centre: str, series: str) -> Any:
    """The booking form, its answers to check, and the booking itself."""
    found, now = live(), live().now
    run = _series(found.directory, f"{centre}/{series}")
    if run.identity != f"{centre}/{series}":
        return _renamed(run)
    planned = request.args.get("session") if run.book == "session" else None
    wanted = Wanted(run, planned_on(run, planned))
    if planned is not None and wanted.session is None:
        return before(run, wanted.explain) or _no_such_date(wanted)
    state = opening(run, wanted.session, now)
    if state != "open":
        return before(run, wanted.explain) or _refused(wanted, state, now)
    if wanted.session and wanted.session not in run.sessions:
        return before(run, wanted.explain) or _too_far_ahead(wanted)
    if run.book == "session" and wanted.session is None:
        return _choose(wanted, now)
    form = book_form(run, request.form if request.method == "POST" else None)
    form.asks_texts = True
    form.offer(found.settings.ways)
    following = next_screen(form, now, found.secret)
    try:
        return _screen(wanted, form, following, now)
    except Away:
        if request.method != "POST":
            raise
        step = "confirm" if following.screen == "confirm" else "check"
        return away(wanted.path, wanted.subject, form, step)


def before(thing: Series | Programme, explained: Callable[..., Response]) -> Any:
    """Redirect to what this form has booked already, even if booking has closed since (S22).

    The key alone is not enough: the stamp shows that the form was made for this browser. Another
    browser, and a key that made something else, get a page without the private link.
    """
    key = request.form.get("key", "")
    if request.form.get("step") != "confirm" or not key:
        return None
    with live().database() as engine:
        made = bookings.find_by_key(engine, key, live().secret)
    if made is None:
        return None
    if began_at(key, request.form.get("started", ""), live().secret) is None:
        return explained(
            "You have sent this form already",
            "We have what you sent. We do not show it here, because your browser was closed since, "
            "or is another one.",
            "Use the link in our message to you. If you have none, ask us.",
            status=409,
        )
    programme = thing.programme if isinstance(thing, Series) else thing
    if not _is_of(made, thing):
        return explained(
            "You have sent this form already",
            "We have what you sent, and it is not for this group or date. Nothing more was booked.",
            status=409,
            others=[_sent_before(made, programme)],
            others_title="What you sent",
        )
    return lead_on(made, programme)


def _is_of(made: Booking, thing: Series | Programme) -> bool:
    """Whether a booking is of this series and the date in the address, or of this programme."""
    if isinstance(thing, Series):
        day = request.args.get("session", "") if made.planned else ""
        return made.series in (thing.identity, *thing.old_identities) and made.planned == day
    series = live().directory.find_series(made.series)
    if series is not None:
        return series.programme is thing
    return (
        made.series.startswith(bookings.ASKED_FOR) and asked.programme_of(made.series) == thing.slug
    )


def _sent_before(made: Booking, programme: Programme) -> Other:
    words = "See what happens next", "Change it there, or ask us"
    return Other(_page_of(made, programme), *words)


def lead_on(made: Booking, programme: Programme) -> Any:
    """Redirect to the page of the booking or request."""
    return redirect(_page_of(made, programme), 303)


def _page_of(made: Booking, programme: Programme) -> str:
    """The family's own page; for a professional a thank-you page, as the link is the family's."""
    if made.way != "book":
        with live().database() as engine:
            referred = personal_data.referrer_of(engine, made.id) is not None
        if referred or request.args.get("who") == "professional":
            centre = asked.centre_of(made.series)
            at = f"&centre={centre}" if centre else ""
            return f"{programme.request_path}?who=professional{at}&reference={made.reference}"
    return f"/bookings/{made.link}"


def sent_already(
    form: LiveForm, programme: Programme, explain: Callable[..., Response]
) -> Response | None:
    """A page for a family that goes back after sending a form and changes answers, which would
    otherwise be lost. None for a form that has not been sent yet.
    """
    with live().database() as engine:
        made = bookings.find_by_key(engine, str(form.key.data), live().secret)
    if made is None:
        return None
    form.renew()
    return explain(
        "You have sent this form already",
        "We have what you sent. It does not include anything you have changed on the form since.",
        "Do you want another place? Send these answers as a new form.",
        status=409,
        form=form,
        presses=[Press("Send as a new form", "check", secondary=True)],
        others=[_sent_before(made, programme)],
        others_title="What you sent",
    )


def _screen(wanted: Wanted, form: BookForm, following: NextScreen, now: datetime) -> Any:
    programme = wanted.series.programme
    creche_full.tell(form, wanted.series, wanted.session.anchor if wanted.session else "", now)
    if following.screen == "form" and (made := before(wanted.series, wanted.explain)):
        return made
    if following.screen == "check" and (sent := sent_already(form, programme, wanted.explain)):
        return sent
    if following.screen != "form":
        if not fits(wanted.series, form.children.ages if form.asks_ages else ()):
            return before(wanted.series, wanted.explain) or _other_age(wanted, form)
        if following.screen == "confirm":
            return _confirm(wanted, form, now)
        if unsafe := unheard(form, wanted.path, family=True, subject=wanted.subject):
            return unsafe
    if following.screen == "form":
        form.creche_choice.data = ""  # it is asked about the creche again
    left = _left(wanted)
    if request.method != "POST" and not left:
        if not wanted.series.waiting_list:
            return _full(wanted, left)
        form.wait.data = "yes"
    if following.screen == "form":
        return _show("live/form.html", wanted, form, left, following.status)
    if form.wait.data != "yes" and left < places.claimed(wanted.series, form.people.data):
        return _full(wanted, left, form, "check")
    if left and creche_full.is_full(wanted, form):
        return creche_full.choose(wanted, form, "check")
    return _show("live/check.html", wanted, form, left, 200)


def _left(wanted: Wanted) -> int:
    with live().database() as engine:
        return places.left(engine, wanted.series, wanted.session)


def _taken(wanted: Wanted) -> bool:
    """Whether every place is taken. Counted again only if it was full a moment ago."""
    thing = wanted.series.identity, wanted.session.anchor if wanted.session else ""
    return live().left().get(thing) == 0 and not _left(wanted)


def _confirm(wanted: Wanted, form: BookForm, now: datetime) -> Any:
    found, family, waits = live(), form.family(), form.wait.data == "yes"
    if not waits and _taken(wanted):
        # Answer without waiting for the database lock: the family must join the waiting list.
        return before(wanted.series, wanted.explain) or _full(wanted, 0, form, "confirm")
    try:
        with found.database() as engine:
            made = bookings.book(
                engine,
                wanted.series,
                family,
                key=str(form.key.data),
                secret=found.secret,
                now=now,
                session=wanted.session,
                wait=waits,
                allowance=found.allowance(family, wanted.series.identity),
                creche_wait=form.creche_choice.data == "wait",
            )
        return lead_on(made, wanted.series.programme)
    except TooOften as refused:
        return too_many(
            wanted.path,
            form,
            "confirm",
            refused.seconds,
            subject=wanted.subject,
            others=wanted.others(),
        )
    except KeyUsed:
        sent = sent_already(form, wanted.series.programme, wanted.explain)
        return sent or abort(409)
    except CrecheFull:
        return creche_full.choose(wanted, form, "confirm")
    except Full:
        return _full(wanted, _left(wanted), form, "confirm")
    except NotBookable as refused:
        # Booking closed after the form was shown.
        return _refused(wanted, refused.why, now) or abort(409)


def _show(template: str, wanted: Wanted, form: BookForm, left: int, status: int) -> Response:
    series, waits = wanted.series, form.wait.data == "yes"
    title = {"live/check.html": "Check your answers"}.get(
        template, "Join the waiting list" if waits else "Book a place"
    )
    if not waits and left:
        places = f"{places_words(left, waiting_list=series.waiting_list)}. {place_is_for(series)}"
    else:
        places = "Every place is taken. You can join the waiting list." if waits else ""
    return page(
        template,
        head(title, wanted.path, error=bool(form.problems())),
        status,
        form=form,
        subject=wanted.subject,
        room=places,
        others=(
            [*under_headings(wanted.others()), *tell_me(series)]
            if waits and template == "live/form.html"
            else ()
        ),
        action="Continue",
        confirm="Join the waiting list" if waits else "Confirm booking",
        asks=False,
        **spoken(form),
    )


def spoken(form: FamilyForm) -> dict[str, Any]:
    """For the page of answers to check: how the family hears from us, and what is kept how long."""
    rings = form.contact_by.data == "call"
    unsafe = form.safe_to_contact.data == "no"
    return {
        "rings": rings,
        "quietly": unsafe,
        "silent": not rings and (unsafe or form.contact_by.data == "none"),
        "kept": live().settings.keep_days,
        "needs_kept": live().settings.keep_needs_days,
    }


# --- what the family wants to book ----------------------------------------------------------------


def _series(directory: Directory, identity: str) -> Series:
    """The public series with this identity, now or in the past."""
    found = directory.find_series(identity)
    if found is None or found.programme.sensitive:
        abort(404)
    return found


def _renamed(series: Series) -> Any:
    """Redirect to its current address with the chosen date. A form is sent on with its answers."""
    query = request.query_string.decode("ascii", "ignore")
    path = f"{series.booking_path}?{query}" if query else series.booking_path
    if request.method != "POST":
        return redirect(path, 301)
    return before(series, Wanted(series, None).explain) or redirect(path, 308)


def _choose(wanted: Wanted, now: datetime) -> Any:
    """The page to choose a date, for a series whose sessions are booked separately."""
    if request.method == "POST":
        return redirect(wanted.path, 303)
    series = wanted.series
    coming = _coming(series, now)
    if not coming:
        return _refused(wanted, "past", now)
    return page(
        "live/choose.html",
        head("Choose a date", wanted.path),
        series=series,
        coming=coming[:_DATES_SHOWN],
        later=coming[_DATES_SHOWN:],
    )


def _coming(series: Series, now: datetime) -> list[tuple[Session, int]]:
    """The dates that can be booked now, full ones included, each with its places left."""
    left = live().left()
    return [
        (session, left[series.identity, session.anchor])
        for session in series.next_sessions(now)
        if (series.identity, session.anchor) in left
    ]


# --- reasons against a booking --------------------------------------------------------------------


def _refused(wanted: Wanted, state: str, now: datetime) -> Any:
    """The page for a state in which nothing can be booked; None if it can."""
    series = wanted.series
    status = 200 if request.method != "POST" else 409
    if state == "open":
        return None
    if state == "request":
        return redirect(f"{series.programme.request_path}?series={series.identity}", 303)
    if state == "referral":
        return wanted.explain(
            "A professional needs to ask for this place",
            "A worker who knows you can ask for this place with you. This can be your midwife, "
            "your health visitor or your school.",
            "Talk to them, or ask us who can ask for you.",
            others=[
                Other(
                    f"{series.programme.request_path}?who=professional&series={series.identity}",
                    "I work with a family",
                    "Ask for a place for them",
                )
            ],
            others_title="Are you a professional?",
            status=status,
        )
    if state == "drop-in":
        return wanted.explain(
            "Just come",
            "You do not need to book. Come along on the day.",
            status=status,
        )
    dates = wanted.other_dates(now)
    others = [*dates, *wanted.others()]
    if state == "not yet" and series.opens:
        opens = filters.moment_words(series.opens.astimezone(LONDON))
        return wanted.explain(
            "You cannot book yet",
            f"Booking opens at {opens}. Come back to this page then.",
            others=others,
            tell=True,
            status=status,
        )
    coming = coming_of(series, wanted.session, now)
    why = series.withdrawn or next((one.off for one in coming if one.off), "")
    title, said = {
        "closed": ("Booking has closed", "You can no longer book this online."),
        "started": ("This has started", "You can no longer book this online."),
        "past": ("This is over", "There are no more dates to book."),
        "past date": ("This date is over", "You can choose another date."),
        "cancelled": (
            "This is cancelled",
            filters.sentence(why) if why else "This session is not running.",
        ),
        "postponed": (
            "This is postponed",
            f"{filters.sentence(why or '')} {filters.NO_DATE_YET} Come back to this page later.",
        ),
    }.get(
        "past date" if state == "past" and dates else state,
        ("You cannot book this", "It cannot be booked online."),
    )
    late = state in ("closed", "started")
    again = "Ask us. Sometimes we can still find a place." if late else ""
    given = {"others": others, "status": status, "tell": True}
    return wanted.explain(title, *filter(None, [said, again]), **given)


def _no_such_date(wanted: Wanted) -> Response:
    """The page for a date that the series does not have, or does not have any more."""
    return wanted.explain(
        "There is nothing on this date",
        "The date in the link may have been taken out. Choose another date, or ask us.",
        others=[Other(wanted.series.booking_path, "Choose a date", wanted.series.name)],
        others_title="Dates that you can book",
        status=404,
    )


def _too_far_ahead(wanted: Wanted) -> Response:
    """The page for a date of an ongoing group that lies past the horizon of every list."""
    return wanted.explain(
        "You cannot book this date yet",
        "You can book it nearer the time. Choose an earlier date, or ask us.",
        others=[Other(wanted.series.booking_path, "Choose a date", wanted.series.name)],
        others_title="Dates that you can book now",
        status=200 if request.method != "POST" else 409,
    )


def _full(wanted: Wanted, left: int, form: BookForm | None = None, step: str = "") -> Response:
    """The page for a full series, or too few places; answers are kept for the waiting list."""
    said = ["Every place has been taken. You are not booked."]
    title = "Every place is taken"
    if form is not None and left:
        title = "There are not enough places"
        said = [
            f"There {'is' if left == 1 else 'are'} {filters.count(left, 'place')} left, and you "
            f"want {form.people.data}. {place_is_for(wanted.series)} You are not booked."
        ]
    presses = []
    if form is not None and wanted.series.waiting_list:
        said.append("You can join the waiting list. Your answers are kept.")
        said.append("We offer places in the order in which families joined.")
        presses.append(Press("Join the waiting list", step, (("wait", "yes"),)))
    if form is not None and left:
        presses.append(Press("Change your answers", "edit", secondary=bool(presses)))
    return wanted.explain(
        title,
        *said,
        status=409,
        form=form if presses else None,
        presses=presses,
        others=[*wanted.other_dates(live().now, waiting=False), *wanted.others()],
        others_title=None,
        tell=True,
    )


def _other_age(wanted: Wanted, form: BookForm) -> Response:
    """The page for children of other ages, with alternatives for them."""
    series = wanted.series
    given = filters.joined(form.children.ages)
    return wanted.explain(
        "This group is for another age",
        f"This group is for: {filters.ages(series)}. You told us: {given}.",
        "Do you think it would still suit you? Ask us.",
        form=form,
        presses=[Press("Change your answers", "edit", secondary=True)],
        others=wanted.others(form.children.ages, same=False),
        others_title=f"For the age of {given}",
    )


# --- places left ----------------------------------------------------------------------------------


@pages.get("/availability.json")
def availability() -> Response:
    """Places left in what can be booked now; never for a sensitive programme, which takes requests.

    `left` if the whole series is booked, otherwise `sessions` by planned date; `wait` says whether
    there is a waiting list. `says` has the words for each, by planned date ("" for a whole series),
    and `place` says who comes on one place. `creche` has the
    places left in the creche, by planned date, where children are booked into it.
    """
    found = live()
    series: dict[str, dict[str, Any]] = {}
    with found.database() as engine:
        in_creches = creche.all_left(engine, found.directory.series)
    for (identity, planned), left in found.left().items():
        run = found.directory.find_series(identity)
        if run is None or run.programme.sensitive:
            continue
        fixed = {"wait": run.waiting_list, "place": place_is_for(run)}
        row = series.setdefault(identity, {**fixed, "says": {}})
        said = places_words(left, waiting_list=run.waiting_list)
        if run.creche_room:
            free = in_creches.get((identity, planned), run.creche_room)
            row.setdefault("creche", {})[planned] = free
            said += f". Creche: {filters.count(free, 'place')} left" if left else ""
        row["says"][planned] = said
        if planned:
            row.setdefault("sessions", {})[planned] = left
        else:
            row["left"] = left
    answer = jsonify(series=series)
    answer.headers["Cache-Control"] = "public, max-age=10"
    return answer
