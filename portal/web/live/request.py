"""Requests for a place: by a family, by a professional for a family, by a practitioner about a gap.

A request is for one series, or for the programme itself if no series is chosen or planned; staff
answer it. Requests for a sensitive programme are always for the programme itself, so that no screen
names a place or a time (S3), and their screens have neutral titles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal, cast

from flask import Blueprint, Response, abort, redirect, request

from portal import bookings
from portal.bookings import NotBookable
from portal.bookings.case_days import CaseDays
from portal.bookings.case_rows import belongs_to
from portal.bookings.locking import KeyUsed
from portal.bookings.opening import opening
from portal.database.rate_limits import TooOften
from portal.directory import Centre, Directory, District, Programme, Series
from portal.directory.asked import identity_of
from portal.directory.values import LONDON, day_words, distance
from portal.web import filters
from portal.web.live.alternatives import Other, fits
from portal.web.live.book import before, lead_on, sent_already, spoken
from portal.web.live.context import Away, Live, live
from portal.web.live.forms.request import AskForm, ask_form
from portal.web.live.forms.steps import next_screen
from portal.web.live.safe_contact import unheard
from portal.web.live.screens import Press, away, check_form, explain, head, page, thanks, too_many
from portal.web.live.subjects import Subject, of_programme, of_series

pages = Blueprint("asking", __name__)
pages.before_request(check_form)

Who = Literal["family", "professional"]
_ASKED = ("request", "referral")
_NEAREST = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """A programme that can be requested, by whom, and the series that can be chosen."""

    programme: Programme
    who: Who | None
    runs: Sequence[Series]
    chosen: Series | None
    centre: Centre | None = None  # that is asked for support

    @property
    def path(self) -> str:
        given = [
            ("who", self.who),
            ("series", self.chosen.identity if self.chosen else None),
            ("centre", self.centre.slug if self.centre else None),
        ]
        query = "&".join(f"{name}={value}" for name, value in given if value)
        return self.programme.request_path + (f"?{query}" if query else "")

    def choose(self, who: Who) -> str:
        """The address of the form, for a family or for a professional."""
        return replace(self, who=who).path

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways of getting a place that are open to this person."""
        return _ASKED if self.who == "professional" else ("request",)

    @property
    def open_runs(self) -> list[Series]:
        return [run for run in self.runs if run.booking in self.ways]

    @property
    def alone(self) -> bool:
        """Whether the programme can be requested without a series."""
        return self.programme.booking in self.ways

    @property
    def title(self) -> str:
        if self.programme.sensitive:
            return "Ask us to get in touch"
        if self.programme.topics:
            family = self.who == "professional"
            return "Ask for support for a family" if family else "Ask for support"
        return "Ask for a place for a family" if self.who == "professional" else "Ask for a place"

    @property
    def subject(self) -> Subject:
        """The series that was chosen, or else the programme."""
        return self.about(self.chosen)

    def about(self, run: Series | None) -> Subject:
        """The series that is chosen on the form; the programme if there is none."""
        if run is None:
            subject = of_programme(self.programme)
            lead = f"Your request goes to {self.centre.title}." if self.centre else ""
            return replace(subject, lead=lead)
        return of_series(run, back=self.programme.path)

    def explain(self, title: str, *paragraphs: str, **given: Any) -> Response:
        return explain(title, self.path, *paragraphs, **{"subject": self.subject, **given})


@pages.route("/request/<programme>", methods=["GET", "POST"])
def ask(programme: str) -> Any:
    """Asks who the person is, shows the form and its answers to check, and makes the request."""
    found, now = live(), live().now
    reference = request.args.get("reference")
    if request.method != "POST" and reference is not None:
        return _referred(found.directory.programme(programme) or abort(404), reference)
    asked = _asked(found, programme, now)
    if isinstance(asked, Response):
        return asked
    if not {asked.programme.booking, *(run.booking for run in asked.runs)} & set(_ASKED):
        return before(asked.programme, asked.explain) or _not_asked_for(asked, now)
    if asked.who is None:
        if request.method == "POST":
            return redirect(asked.path, 303)
        return page("live/who.html", head(asked.title, asked.path), asked=asked)
    wanted = asked.chosen
    if (wanted and wanted.booking not in asked.ways) or not (asked.alone or asked.open_runs):
        return before(asked.programme, asked.explain) or _referral(asked)
    return _screen(asked, now)


def _asked(found: Live, slug: str, now: datetime) -> Any:
    directory = found.directory
    programme = directory.programme(slug) or abort(404)
    runs = [run for run in directory.series_of(programme) if opening(run, None, now) in _ASKED]
    who = request.args.get("who")
    asker = cast("Who", who) if who in ("family", "professional") else None
    identity = request.args.get("series")
    if not identity:
        return Asked(programme, asker, runs, None, _centre_asked(directory, programme))
    run = directory.find_series(identity)
    if run is None or run.programme is not programme or programme.sensitive:
        abort(404)
    if run in runs:
        return Asked(programme, asker, runs, run)
    asked = Asked(programme, asker, runs, None)
    if run.booking not in _ASKED:
        return redirect(run.booking_path, 303)
    if runs or programme.booking in _ASKED:
        others = [Other(asked.path, "Ask for another group", "We will look for a place with you")]
    else:
        others = found.others(run)
    return before(programme, asked.explain) or asked.explain(
        *_why_not(run, now),
        others=others,
        subject=of_series(run, back=programme.path),
        tell=True,
        status=200 if request.method != "POST" else 409,
    )


def _centre_asked(directory: Directory, programme: Programme) -> Centre | None:
    """The centre from whose page somebody asks for support. Of a sensitive programme it is none."""
    if programme is not directory.support_programme:
        return None
    return directory.find_centre(request.args.get("centre", ""))


def _why_not(run: Series, now: datetime) -> tuple[str, str]:
    """Why this series cannot be requested now: a title, and what to do instead."""
    state, coming = opening(run, None, now), run.coming(now)
    if state == "not yet":
        return "You cannot ask yet", f"You can ask from {_opens(run)}. Come back to this page then."
    if state in ("closed", "started"):
        return (
            "You can no longer ask for a place",
            "Requests for this group have closed. Ask us what else there is.",
        )
    why = run.withdrawn or next((one.off for one in coming if one.off), "")
    if state == "postponed":
        return "This is postponed", f"{filters.sentence(why or '')} {filters.NO_DATE_YET}"
    said = filters.sentence(why) if why else "It has no more dates."
    return "This group is no longer running", said


def _form(asked: Asked, directory: Directory) -> AskForm:
    programme = asked.programme
    form = ask_form(
        programme,
        cast("Who", asked.who),
        series=[(run.identity, _run_words(run, directory)) for run in asked.open_runs],
        districts=[(one.slug, one.title) for one in directory.districts]
        if asked.alone and asked.centre is None
        else (),
        centre=asked.centre.title if asked.centre else "",
        alone=asked.alone,
        danger=_danger(directory),
        formdata=request.form if request.method == "POST" else None,
    )
    form.offer(live().settings.ways)
    return form


def _danger(directory: Directory) -> str:
    """Whom to ring about a child in danger, with the numbers of the highest level of need."""
    rings = [level.ring for level in directory.site.levels if level.ring]
    then = f", then {rings[-1]}" if rings else ""
    return f"Is a child in danger? Do not wait for this form. Ring 999{then}"


def _run_words(run: Series, directory: Directory) -> str:
    district = directory.district_of(run.centre).title
    name = f"{run.name}, " if run.name != run.programme.title else ""
    dates = f", {span}" if (span := filters.span(run)) else ""
    return f"{district}: {name}{filters.repeats(run)}, {run.usual_venue.name}{dates}"


def _screen(asked: Asked, now: datetime) -> Any:
    found = live()
    form = _form(asked, found.directory)
    following = next_screen(form, now, found.secret)
    if request.method != "POST":
        _choose(asked, form, found.directory)
        _tick_need(asked.programme, form)
    if following.screen == "form":
        return before(asked.programme, asked.explain) or _show(
            "live/form.html", asked, form, following.status
        )
    if following.screen == "check":
        try:
            sent = sent_already(form, asked.programme, asked.explain)
        except Away:
            return away(asked.path, asked.subject, form, "check")
        if sent is not None:
            return sent
    run = found.directory.find_series(form.series.text) if form.series.text else None
    if form.anyway.data != "yes":
        against = _against(asked, form, run)
        if against is not None:
            return before(asked.programme, asked.explain) or against
    if following.screen == "confirm":
        return _confirm(asked, form, run, now)
    family = asked.who == "family"
    unsafe = unheard(form, asked.path, family=family, subject=asked.about(run))
    return unsafe or _show("live/check.html", asked, form, 200)


def _choose(asked: Asked, form: AskForm, directory: Directory) -> None:
    """Fills in the group or the centre from whose page the person comes."""
    centre = directory.centre(request.args.get("centre", ""))
    if asked.chosen:
        form.series.data = asked.chosen.identity
    elif centre is not None and not asked.programme.sensitive:
        here = [run for run in asked.open_runs if run.centre is centre]
        if len(here) == 1:
            form.series.data = here[0].identity
        if asked.alone and asked.centre is None:
            form.district.data = centre.district


def _tick_need(programme: Programme, form: AskForm) -> None:
    """Ticks the need of the help page from which the family comes; never a private one (S81)."""
    need = request.args.get("need", "")
    if need in programme.topics and not programme.sensitive:
        form.topics.data = (need,)


def _confirm(asked: Asked, form: AskForm, run: Series | None, now: datetime) -> Any:
    found, family = live(), form.family()
    thing = run.identity if run else f"{bookings.ASKED_FOR}{asked.programme.slug}"
    given: dict[str, Any] = {
        "key": str(form.key.data),
        "secret": found.secret,
        "now": now,
        "allowance": found.allowance(family, thing),
        "referrer": form.referrer(),
        "actor": "professional" if asked.who == "professional" else "family",
    }
    try:
        with found.database() as engine:
            if run is not None:
                footprint, _ = belongs_to(found.directory, run.identity)
                made = bookings.book(engine, run, family, footprint=footprint, **given)
            else:
                centre = asked.centre
                district = centre.district if centre else form.district.text
                identity = identity_of(
                    asked.programme.slug, district, centre.slug if centre else ""
                )
                footprint, _ = belongs_to(found.directory, identity)
                made = bookings.ask(
                    engine,
                    asked.programme,
                    family,
                    district=district,
                    footprint=footprint,
                    centre=centre.slug if centre else "",
                    **given,
                )
        return lead_on(made, asked.programme)
    except TooOften as refused:
        return too_many(
            asked.path,
            form,
            "confirm",
            refused.seconds,
            subject=asked.about(run),
            others=found.others(run) if run else (),
        )
    except KeyUsed:
        return sent_already(form, asked.programme, asked.explain) or abort(409)
    except NotBookable:
        return asked.explain(
            "You cannot ask for this online",
            "The way to get a place has changed. Look at its page, or ask us.",
            subject=asked.about(run),
            status=409,
        )
    except Away:
        return away(asked.path, asked.about(run), form, "confirm")


def _show(template: str, asked: Asked, form: AskForm, status: int) -> Response:
    title = "Check your answers" if template == "live/check.html" else asked.title
    return page(
        template,
        head(title, asked.path, error=bool(form.problems())),
        status,
        form=form,
        subject=replace(asked.subject, back=asked.programme.request_path),
        others=(),
        room="A worker will read what you write and answer you."
        + ("" if asked.programme.topics else " You do not have a place yet."),
        action="Continue",
        confirm="Send",
        asks=True,
        # A professional gets no private link, so none is mentioned.
        **{**spoken(form), **({"silent": False, "rings": False} if asked.who != "family" else {})},
    )


def _referred(programme: Programme, reference: str) -> Response:
    """Thanks a professional. The private link belongs to the family, and is sent only to them."""
    centre = _centre_asked(live().directory, programme)
    again = Asked(programme, "professional", (), None, centre).path
    return thanks(
        "Thank you. We have your request",
        again,
        reference,
        f"One of our workers will read your request by {day_words(_read_by())}.",
        *([] if programme.topics else ["The family does not have a place yet."]),
        "We will get in touch with the family only in the way that you chose for them. A message "
        "from us has a private link. With it they can see, change or take back the request.",
        "We do not show you if they came." if programme.sensitive else _IF_TICKED,
        "Keep the reference, and give it to us when you get in touch. It cannot be used to see the "
        "request.",
        again="Ask for another family"
        if programme.topics
        else "Ask for a place for another family",
        of=programme,
    )


def _read_by() -> date:
    """The day by which the desk reads a request of today."""
    found = live()
    return CaseDays.of(found.directory, found.settings, found.now).read_by(found.now)


_IF_TICKED = (
    "Did the family agree that you see if they came, and did you tick that? Then our email to you "
    "has a private link to a page that shows it. If not, we do not show you if they came."
)


# --- what stands against it -----------------------------------------------------------------------


def _not_asked_for(asked: Asked, now: datetime) -> Response:
    """A programme that cannot be requested now: it is booked online, is drop-in, or is closed."""
    programme, found = asked.programme, live()
    states = [(run, _state(run, now)) for run in found.directory.series_of(programme)]
    status = 200 if request.method != "POST" else 409
    book = [run for run, state in states if state == "open"]
    come = [run for run, state in states if state == "drop-in"]
    if book or come:
        itself = bool(book) and (programme.booking == "book" or not come)
        title, said = ("Just come", "You do not need to ask for a place. Come along on the day.")
        if itself:
            title, said = ("You can book this yourself", "Choose a group, and book a place there.")
        there = [*book, *come] if itself else [*come, *book]
        others = [Other(run.path, run.name, _run_words(run, found.directory)) for run in there[:6]]
        return asked.explain(
            title, said, others=others, others_title="Where it runs", status=status
        )
    if not states:
        title = "There is nothing to book now" if programme.booking == "book" else _NO_NEED
        return asked.explain(title, "Look at its page, or ask us.", tell=True, status=status)
    return _shut(asked, states, status)


_NO_NEED = "You do not need to ask"


def _state(run: Series, now: datetime) -> str:
    """Its state as `opening` says it, but "full" where nobody can join a waiting list either."""
    state = opening(run, None, now)
    if state == "open" and not run.waiting_list:
        left = live().left().items()
        if not any(places for (identity, _), places in left if identity == run.identity):
            return "full"
    return state


# The most hopeful state comes first: the page shows it.
_HOPE = ("not yet", "full", "started", "closed", "cancelled", "postponed", "past")


def _shut(asked: Asked, states: Sequence[tuple[Series, str]], status: int) -> Response:
    """No series can be requested, booked or visited now: explains why, and offers alternatives."""
    found = live()

    def hope(one: tuple[Series, str]) -> tuple[int, datetime, str]:
        run, state = one
        return _HOPE.index(state), run.opens or found.now, run.identity

    hopeful = sorted(states, key=hope)
    run, state = hopeful[0]
    subject = of_series(run, back=asked.programme.path)
    given: dict[str, Any] = {"subject": subject, "status": status, "tell": True}
    if state == "not yet":
        others = [
            Other(one.path, one.name, f"{_run_words(one, found.directory)}, from {_opens(one)}")
            for one, other in hopeful
            if other == state
        ]
        given |= {"others": others[:6], "others_title": "Where it runs"}
    else:
        given |= {"others": found.others(run)}
    asks = run.booking in _ASKED
    title, *said = {
        "not yet": (
            f"You cannot {'ask' if asks else 'book'} yet",
            f"You can {'ask' if asks else 'book'} from {_opens(run)}. Come back to "
            f"{'this' if asks else 'its'} page then.",
        ),
        "full": ("Every place is taken", "Ask us. Sometimes we can still find a place."),
        "closed": (
            "You can no longer ask for a place" if asks else "Booking has closed",
            f"It is too late to {'ask' if asks else 'book'} online.",
            "Ask us. Sometimes we can still find a place.",
        ),
        "started": (
            "This has started",
            f"It is too late to {'ask' if asks else 'book'} online.",
            "Ask us. Sometimes we can still find a place.",
        ),
    }.get(state) or ("This is not running at the moment", _why_not(run, found.now)[1], _WHEN_AGAIN)
    return asked.explain(title, *said, **given)


_WHEN_AGAIN = "Ask us when it runs again, and what else there is."


def _opens(run: Series) -> str:
    return filters.moment_words(run.opens.astimezone(LONDON)) if run.opens else ""


def _referral(asked: Asked) -> Response:
    return asked.explain(
        "A professional needs to ask for this place",
        "A worker who knows you can ask for this place with you. This can be your midwife, "
        "your health visitor or your school.",
        "Talk to them, or ask us who can ask for you.",
        others=[
            Other(asked.choose("professional"), "I work with a family", "Ask for a place for them")
        ],
        others_title="Are you a professional?",
        status=200 if request.method != "POST" else 409,
    )


def _against(asked: Asked, form: AskForm, run: Series | None) -> Response | None:
    """What to know first: another age, or no series in that district. It is no refusal."""
    ages = form.children.ages if form.asks_ages else ()
    thing = run or asked.programme
    still = Press("Ask anyway", "check", (("anyway", "yes"),))
    change = Press("Change your answers", "edit", secondary=True)
    if not fits(thing, ages):
        return asked.explain(
            "This is for a different age",
            f"This is for: {filters.ages(thing)}. You told us: {filters.joined(ages)}.",
            "You can still ask. A worker will then look for something suitable.",
            subject=asked.about(run),
            form=form,
            presses=[still, change],
        )
    district = live().directory.district(form.district.text)
    if run is not None or district is None or not asked.open_runs:
        return None
    if any(one.centre.district == district.slug for one in asked.open_runs):
        return None
    near = [
        Press(f"Ask for {_run_words(one, live().directory)}", "check", (("series", one.identity),))
        for one in _nearest(district, asked.open_runs)
    ]
    return asked.explain(
        f"It is not running in {district.title} at the moment",
        "These are the nearest groups. You can ask for one of them, and your answers are kept.",
        f"You can also ask for {district.title}. A worker will read your request and answer you.",
        form=form,
        presses=[*near, Press(f"Ask for {district.title}", "check", still.extra), change],
    )


def _nearest(district: District, runs: Sequence[Series]) -> list[Series]:
    def miles(run: Series) -> float:
        there = run.venue.position
        return distance(district.position, there) if there else 1000.0

    return sorted(runs, key=lambda run: (miles(run), run.identity))[:_NEAREST]
