"""`/tell/<programme>`: a family asks for one message when a group opens near it.

The page that follows is the same whether the wish is new or was there before, and it never holds
the private link: that goes to the address that was typed, so that typing somebody else's address
shows nothing (S83). Behind the link is the family's own page, with all that is kept and the buttons
that stop it or go on. Sensitive programmes have no such pages (S84).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, redirect, request

from portal.bookings import wishes
from portal.bookings.wish_messages import run_words
from portal.bookings.wish_runs import MILES, fitting, programme_of
from portal.bookings.wishes import Wanted, Wish
from portal.database.rate_limits import TooOften
from portal.database.references import contact_hash
from portal.directory import Programme, Series
from portal.directory.values import LONDON, day_words
from portal.finder.places import Place
from portal.finder.query import read_age
from portal.web import filters
from portal.web.live.alternatives import TELL_ME, Other
from portal.web.live.context import live
from portal.web.live.forms.family import PressForm
from portal.web.live.forms.steps import next_screen
from portal.web.live.forms.tell import TellForm, district_near
from portal.web.live.screens import Press, check_form, explain, head, page, too_many
from portal.web.live.subjects import Subject, of_programme


@dataclass(frozen=True, slots=True)
class _Looked:
    """What the form asks for, before it is stored."""

    ages: Sequence[str]
    latitude: float
    longitude: float
    made: datetime


pages = Blueprint("tell", __name__, url_prefix="/tell")
pages.before_request(check_form)

_SHOWN = 4  # groups that are open already
_TOLD = 10  # groups of earlier messages


@pages.route("/<programme>", methods=["GET", "POST"])
def tell(programme: str) -> Any:
    """The form, its answers to check, and the page that says what happens next."""
    found, now = live(), live().now
    thing = programme_of(found.directory, programme)
    if thing is None or thing.sensitive:
        abort(404)
    if thing.slug != programme:
        return redirect(thing.tell_path, 301 if request.method != "POST" else 308)
    if not thing.can_tell:
        return explain(
            "We have no messages about this",
            thing.tell_path,
            "It has no groups that start on a date. Its page says how to get it.",
            subject=of_programme(thing),
        )
    ways = found.settings.ways
    if not ways:
        return explain(
            "We cannot send messages at the moment",
            thing.tell_path,
            "Ask us when the next group starts. Its page shows all dates that are planned.",
            subject=of_programme(thing),
        )
    way = request.args.get("sent")
    if request.method != "POST" and way in ("email", "text"):
        return page("live/tell_sent.html", head(_SENT, thing.tell_path), programme=thing, way=way)
    return _screen(thing, _form(thing, ways), now)


_SENT = "We have saved what you asked for"


def _form(programme: Programme, ways: frozenset[str]) -> TellForm:
    form = TellForm(formdata=request.form if request.method == "POST" else None)
    form.ways, form.programme = ways, programme
    if request.method != "POST":
        form.near.start_with(request.args.get("near", ""))
        form.age.start_with(request.args.get("age", ""))
    return form


def _screen(programme: Programme, form: TellForm, now: datetime) -> Any:
    found = live()
    following = next_screen(form, now, found.secret)
    if following.screen == "form":
        return _show("live/form.html", programme, form, TELL_ME, following.status)
    if form.unsafe:
        return explain(
            "We will not send you a message",
            programme.tell_path,
            "You said that it is not safe. So we keep nothing of what you typed.",
            "Ask us when the next group starts. You can also look at its page from time to time.",
            subject=of_programme(programme),
            form=form,
            presses=[Press("Give another address", "edit", secondary=True)],
        )
    if following.screen == "check":
        return _show("live/tell_check.html", programme, form, "Check your answers", 200)
    return _store(programme, form, now)


def _store(programme: Programme, form: TellForm, now: datetime) -> Any:
    found, wanted = live(), _wanted(programme, form)
    # What was changed after going back is another wish, not the first press again.
    key = "\n".join([str(form.key.data), wanted.near, *wanted.ages, wanted.contact])
    asked = "series", f"tell:{programme.slug}", found.settings.bookings_per_series
    allowance = found.an_hour([contact_hash(found.secret, wanted.contact).hex()], asked)
    try:
        with found.database() as engine:
            had = wishes.to_be_had(engine, found.directory, programme, wanted, now=now)
            wishes.make(
                engine,
                wanted,
                key=key,
                secret=found.secret,
                now=now,
                had=[run.identity for run in had],
                allowance=allowance,
            )
    except TooOften as refused:
        subject = of_programme(programme)
        return too_many(programme.tell_path, form, "confirm", refused.seconds, subject=subject)
    way = "email" if wanted.email else "text"
    return redirect(f"{programme.tell_path}?sent={way}", 303)


def _wanted(programme: Programme, form: TellForm) -> Wanted:
    place = form.near.place
    assert isinstance(place, Place)  # noqa: S101  it was checked
    return Wanted(
        programme=programme.slug,
        near=place.key,
        latitude=place.at.latitude,
        longitude=place.at.longitude,
        district=district_near(place, live().directory),
        ages=tuple(age.key for age in form.age.found),
        email=form.email.data or None,
        phone=form.phone.data or None,
    )


def _show(template: str, programme: Programme, form: TellForm, title: str, status: int) -> Response:
    checked = template == "live/tell_check.html"
    lead = (
        f"We will send you a message when a group opens within {MILES} miles. We will also send it "
        "when a group with no place left on any date has one again. You do not need an account."
    )
    subject = Subject(programme.title, "" if checked else lead, programme, programme.path)
    runs = _open_now(programme, form)
    others = [(_OPEN_ALREADY, [_other(run) for run in runs[:_SHOWN]])] if runs else ()
    return page(
        template,
        head(title, programme.tell_path, error=bool(form.problems())),
        status,
        form=form,
        subject=subject,
        room="",
        others=others,
        more=programme.path if len(runs) > _SHOWN else "",
        action="Continue",
        miles=MILES,
        kept=live().settings.keep_days,
    )


_OPEN_ALREADY = "Open already"


def _open_now(programme: Programme, form: TellForm) -> Sequence[Series]:
    """What can be had already and fits, once the place is known: no message is about it."""
    place = form.near.place
    if not isinstance(place, Place):
        return ()
    found = live()
    wish = _Looked(
        [age.key for age in form.age.found], place.at.latitude, place.at.longitude, found.now
    )
    with found.database() as engine:
        runs = wishes.to_be_had(engine, found.directory, programme, wish, now=found.now)
    return fitting(wish, runs, found.directory, found.now)


def _other(run: Series) -> Other:
    words = run_words(run, live().directory, live().now).removeprefix(f"{run.name}, ")
    return Other(run.path, run.name, words, run.identity)


# --- the family's own page ------------------------------------------------------------------------


@pages.get("/own/<token>")
def own(token: str) -> Response:
    """All that is kept of a wish, and the buttons that stop it or go on (S24)."""
    return _own(_found(token), token, 200)


@pages.post("/own/<token>/stop")
def stop(token: str) -> Any:
    """End the wish, and erase what was kept."""
    found, form = _found(token), PressForm(formdata=request.form)
    if next_screen(form, live().now, live().secret, checked=False).status == 400:
        return _own(found, token, 400, form)
    with live().database() as engine:
        wishes.stop(engine, found, now=live().now)
    return redirect(f"/tell/own/{token}", 303)


@pages.post("/own/<token>/go-on")
def go_on(token: str) -> Any:
    """Wait for the next group."""
    found, form = _found(token), PressForm(formdata=request.form)
    if next_screen(form, live().now, live().secret, checked=False).status == 400:
        return _own(found, token, 400, form)
    programme = _programme(found)
    if programme is None:
        abort(404)
    with live().database() as engine:
        had = wishes.to_be_had(engine, live().directory, programme, found, now=live().now)
        wishes.go_on(engine, found, [run.identity for run in had], now=live().now)
    return redirect(f"/tell/own/{token}", 303)


def _found(token: str) -> Wish:
    """The wish behind a link; otherwise the answer that every wrong link gets (S23)."""
    with live().database() as engine:
        found = wishes.find(engine, token)
    if found is None:
        abort(404)
    programme = programme_of(live().directory, found.programme)
    if programme is not None and programme.sensitive:
        abort(404)  # the worker deletes it
    return found


def _programme(found: Wish) -> Programme | None:
    """The programme, where messages about it are sent."""
    programme = programme_of(live().directory, found.programme)
    return programme if programme and programme.can_tell else None


def _own(found: Wish, token: str, status: int, form: PressForm | None = None) -> Response:
    now, programme = live().now, _programme(found)
    form = form or PressForm(formdata=None)
    if not form.trouble:
        form.begin(now, live().secret)
    state = found.state if found.state == "ended" or found.until > now else "over"
    title = _TITLES[state]
    path = f"/tell/own/{token}"
    return page(
        "live/tell_own.html",
        head(title, path, error=bool(form.trouble)),
        status,
        form=form,
        wish=found,
        state=state,
        programme=programme,
        told=_told(found) if state == "asked" else (),
        ages=filters.joined(age.label for age in map(read_age, found.ages) if age),
        miles=MILES,
        until=day_words(found.until.astimezone(LONDON).date()),
        path=path,
    )


_TITLES = {
    "open": "We send you a message when a group opens",
    "asked": "Are you still looking?",
    "over": "We no longer look for a group for you",
    "ended": "We send you no more messages",
}


def _told(found: Wish) -> list[Other]:
    """The groups of our messages that are still to come."""
    runs = [live().directory.find_series(name) for name in found.told[:_TOLD]]
    now = live().now
    return [
        _other(run)
        for run in runs
        if run and not run.programme.sensitive and run.next_sessions(now) and not run.withdrawn
    ]
