"""A whole centre is closed on a day: cancel what it holds then, with one reason, on one page.

All its sessions of the day are ticked, except those that meet elsewhere. If the centre is closed,
its own file says so, which cancels what meets there; else each series says it. Taking it back opens
the centre again. What happens after the form is in `date_publishing`: all files are changed or
none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from flask import abort, g, redirect, request
from pydantic import TypeAdapter, ValidationError
from werkzeug.wrappers import Response as Answered

from portal.directory import Centre, Session
from portal.directory.fields import Reason
from portal.directory.phrases import at
from portal.directory.values import day_words
from portal.editing import date_changes
from portal.editing.date_changes import CLOSURES, DateChange, Written
from portal.editing.files import digest_of
from portal.errors import PortalError
from portal.web.live.context import live
from portal.web.live.forms.answers import Answer, Option, Tick, Ticks
from portal.web.staff.access import current, now, staff_route
from portal.web.staff.date_publishing import (
    CHANGED_MEANWHILE,
    MAY,
    Wanted,
    go_on,
    not_here,
    publication,
)
from portal.web.staff.forms import StaffForm
from portal.web.staff.scope import all_series, posted
from portal.web.staff.screens import HOME, explain, page


@dataclass(frozen=True, slots=True)
class _Day:
    """What a centre holds on a day, and what the files on disk say about it."""

    centre: Centre
    day: date
    back: str
    closure: Written  # of the centre
    sessions: dict[Session, Written]

    @property
    def done(self) -> str:
        """Where to go afterwards."""
        return f"{self.back}{'&' if '?' in self.back else '?'}changed=day"

    @property
    def open(self) -> list[Session]:
        """The sessions that are not off yet, in their file or on the site."""
        found = self.sessions.items()
        return [one for one, said in found if not one.off and not said.off]

    @property
    def seen(self) -> str:
        """Identifies what the files say, to notice that somebody else has changed it."""
        said = [f"{_value(session)}={one.seen}" for session, one in self.sessions.items()]
        return digest_of(" ".join([self.closure.seen, *said]))[:32]


class ClosedForm(StaffForm):
    asked: ClassVar[Sequence[str]] = ("sessions", "shut", "reason")
    sessions = Ticks(
        "What is cancelled?",
        what="what is cancelled",
        missing="Tick what is cancelled",
    )
    shut = Tick(
        "Is the centre closed?",
        what="if the centre is closed",
        statement="The whole centre is closed this day: its page says so",
        marked=False,
    )
    reason = Answer(
        "Why?",
        what="the reason",
        missing="Write why it is cancelled",
        hint="Families of all these groups read this, so name nobody. For example: The centre is "
        "closed because of snow.",
    )

    def judge(self, home: Sequence[Session]) -> None:
        """The check of the file, and whether the ticks agree with each other."""
        try:
            TypeAdapter(Reason).validate_python(str(self.reason.data))
        except ValidationError as error:
            words = error.errors()[0]["msg"]
            self.reason.blame(words[:1].upper() + words[1:])
        if self.shut.data and not {_value(one) for one in home} <= {*self.sessions.chosen}:
            self.shut.blame("Tick all that meets in the centre, or do not say that it is closed")


class OpenForm(StaffForm):
    """The centre is open after all: there is nothing to ask."""


@staff_route(
    "/staff/closed/<centre>/<day>",
    may=MAY,
    methods=("GET", "POST"),
    refills=True,
    keeps="the cancelling of a day",
)
def closed(centre: str, day: str) -> Answered:
    found, on = live().directory.centre(centre), _day(day)
    if found is None:
        abort(403)
    back = f"{HOME}?day={on.isoformat()}" if current().may("see families") else HOME
    if refused := not_here(back):
        return refused
    try:
        closure = date_changes.written(live().settings.root, found.source, on.isoformat(), CLOSURES)
        sessions = {one: _written(one) for one in _sessions(found, on)}
    except PortalError as error:
        return explain("This day cannot be cancelled here", str(error), status=409, back=back)
    asked = _Day(found, on, back, closure, sessions)
    if _is_done(asked):
        return redirect(asked.done, 303)
    if closure.fields and sessions:
        return _open_again(asked)
    if not asked.open:
        return explain(
            "There is nothing to cancel",
            f"{found.title} holds nothing on {day_words(on)} that is still to come and not "
            "cancelled.",
            status=409,
            back=back,
        )
    return _close(asked)


def _is_done(asked: _Day) -> bool:
    """Whether the files say already what is sent, as after a second press of the button."""
    sent = request.form
    if g.foreign or sent.get("step") != "confirm" or sent.get("seen") == asked.seen:
        return False
    if "reason" not in sent:
        return not asked.closure.fields
    if sent.get("shut"):
        return asked.closure.says({"reason": sent["reason"]})
    chosen = set(sent.getlist("sessions"))
    said = [one.cancelled for session, one in asked.sessions.items() if _value(session) in chosen]
    return bool(said) and {*said} == {sent["reason"]}


def _close(asked: _Day) -> Answered:
    home = [one for one in asked.open if _at_home(one)]
    get = request.method == "GET"
    given = {"sessions": [_value(one) for one in home], "shut": "yes" if home else ""}
    form = ClosedForm(formdata=posted(), data=given if get else None)
    form.sessions.options = [_option(session) for session in asked.open]

    def show(status: int = 200, troubles: Sequence[str] = ()) -> Answered:
        return _show(asked, form, status, troubles)

    if get:
        return show()
    status = form.refused()
    if status is None and request.form.get("seen") != asked.seen:
        return show(409, [CHANGED_MEANWHILE])
    if status is None:
        form.judge(home)
        status = None if form.well else 422
    if status is not None or request.form.get("step") == "edit":
        return show(status or 200)
    chosen = [one for one in asked.open if _value(one) in form.sessions.chosen]
    where = day_words(asked.day)
    return go_on(
        Wanted(
            title=f"Cancel {len(chosen)} on {where}?",
            button="Cancel and tell the families",
            back=asked.back,
            summary=f"{asked.centre.title}: {where} cancelled",
            changes=list(_changes(asked, chosen, form)),
            sessions=chosen,
            carried=[*_carried(form), ("seen", asked.seen)],
            form=show,
            done=asked.done,
            may_wait=True,
        )
    )


def _changes(asked: _Day, chosen: Sequence[Session], form: ClosedForm) -> Iterator[DateChange]:
    reason, shut = str(form.reason.data), bool(form.shut.data)
    if shut:
        day = asked.day.isoformat()
        yield DateChange(asked.centre.source, day, {"reason": reason}, CLOSURES)
    for session in chosen:
        if not (shut and _at_home(session)):
            fields = date_changes.cancelled(asked.sessions[session], reason)
            yield DateChange(session.series.source, session.anchor, fields)


def _open_again(asked: _Day) -> Answered:
    form = OpenForm(formdata=posted())

    def show(status: int = 200, troubles: Sequence[str] = ()) -> Answered:
        return _show(asked, form, status, troubles)

    if request.method == "GET":
        return show()
    status = form.refused()
    if status is None and request.form.get("seen") != asked.seen:
        return show(409, [CHANGED_MEANWHILE])
    if status is not None or request.form.get("step") == "edit":
        return show(status or 200)
    where = day_words(asked.day)
    # Without its date and reason, nothing is left of the entry.
    gone = DateChange(
        asked.centre.source, asked.day.isoformat(), dict.fromkeys(asked.closure.fields), CLOSURES
    )
    return go_on(
        Wanted(
            title=f"Open on {where}?",
            button="Open and tell the families",
            back=asked.back,
            summary=f"{asked.centre.title}: {where} open again",
            changes=[gone],
            sessions=[one for one in asked.sessions if _at_home(one)],
            carried=[*_carried(form), ("seen", asked.seen)],
            form=show,
            done=asked.done,
            may_wait=False,
        )
    )


def _show(
    asked: _Day, form: StaffForm, status: int = 200, troubles: Sequence[str] = ()
) -> Answered:
    form.trouble = " ".join(troubles) or form.trouble
    again = isinstance(form, OpenForm)
    return page(
        "staff/closed_day.html",
        f"Open {asked.centre.title} again" if again else f"Close {asked.centre.title}",
        status,
        error=status != 200,
        back=asked.back,
        form=form,
        asked=asked,
        again=again,
        pending=[one for one, said in asked.sessions.items() if said.off and not one.off],
        problems=form.problems(),
        publication=publication(there=True),
    )


def _carried(form: StaffForm) -> Iterator[tuple[str, str]]:
    """The answers, without the token: the template adds it."""
    return ((name, value) for name, value in form.carried() if name != "csrf_token")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        abort(403)


def _sessions(centre: Centre, day: date) -> list[Session]:
    """What the series of a centre hold on a day, cancelled or not, if it is still to come."""
    series = (one for one in all_series(live().directory) if one.centre.slug == centre.slug)
    sessions = (session for one in series for session in one.all_sessions)
    found = [one for one in sessions if one.day == day and one.ends > now()]
    return sorted(found, key=lambda one: (one.starts, one.series.name, one.series.identity))


def _written(session: Session) -> Written:
    return date_changes.written(live().settings.root, session.series.source, session.anchor)


def _at_home(session: Session) -> bool:
    return session.venue.centre is session.series.centre


def _value(session: Session) -> str:
    return f"{session.series.slug}.{session.anchor}"


def _option(session: Session) -> Option:
    words = f"{session.times.words}: {session.series.name}"
    return _value(session), words if _at_home(
        session
    ) else f"{words}, {at(session.venue, session.venue.name)}"
