"""Shows what a change of dates does to families, and publishes it: for one date, or for several.

Before anything is written, staff see the line on the site, the message that families get, and how
many hear of it by email, by text, by a call of staff, or not at all (S76). Publishing writes the
files as an editor would; the site, the calendars and the messages follow when they are built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from flask import redirect, request
from markupsafe import Markup
from werkzeug.wrappers import Response as Answered

from portal import content
from portal.bookings.change_reach import Reach, reach_of_change
from portal.content.plausibility import without_remedy
from portal.content.school_calendar import school_calendar
from portal.database import note, write
from portal.directory import Centre, Directory, Series, Session
from portal.directory.values import LONDON, day_words
from portal.editing import build_requests, publishing
from portal.editing.date_changes import DateChange, edits_for
from portal.editing.publishing import Author, Conflict, Edit, Effects
from portal.errors import PortalError
from portal.messages.change_previews import words_of_change
from portal.messages.rendering import Words
from portal.web import filters
from portal.web.live.context import live
from portal.web.staff.access import current, form_page, now, of_content
from portal.web.staff.scope import shown_mistakes
from portal.web.staff.screens import explain, page

MAY = form_page(of_content("centre"))

# A message may come too late for families who set out for a session that starts so soon.
SOON = timedelta(hours=3)
_MOST_WORDS = 300  # of what went wrong with a build

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to change, and the words around it.

    `carried` are the fields that bring the answers to the next screen, and `form` shows the form
    again, with a status and what is wrong as a whole. `done` is where to go afterwards.
    """

    title: str
    button: str
    back: str
    summary: str  # for the history of the files
    changes: Sequence[DateChange]
    sessions: Sequence[Session]  # as they are before
    carried: Pairs
    form: Callable[[int, Sequence[str]], Answered]
    done: str
    may_wait: bool  # whether it can be written while other files have mistakes


@dataclass(frozen=True, slots=True)
class Outlook:
    """One series after the change: its dates, its page, its families and their message."""

    series: Series
    sessions: Sequence[Session]
    lines: Sequence[tuple[Session, Markup]]
    letters: Sequence[tuple[str, Words]]
    reach: Reach | None  # None for those who see no families
    told: bool  # whether it is news to families who know the date


def change_path(session: Session) -> str:
    """Where a date is cancelled or moved."""
    return f"/staff/change/{session.series.identity}/{session.anchor}"


def not_here(back: str) -> Answered | None:
    """A page that says where to go, if this machine does not build the site."""
    if "build" in live().settings.roles:
        return None
    return explain(
        "You cannot change dates here",
        publishing.NOT_HERE,
        "Can it not wait? Ring the families: the register has the numbers of those who may "
        "be rung.",
        status=409,
        back=back,
    )


def go_on(wanted: Wanted) -> Answered:
    """From the answers to the page that says what will happen, and from there to publishing."""
    step = request.form.get("step")
    try:
        edits = edits_for(live().settings.root, wanted.changes)
        if step in ("confirm", "write"):
            return _publish(wanted, edits, beside_mistakes=step == "write" and wanted.may_wait)
        with live().database() as engine:
            effects = publishing.check(live().settings, edits, now=now(), engine=engine)
    except Conflict:
        return wanted.form(409, [CHANGED_MEANWHILE])
    except content.ContentError as error:
        return _wrong(wanted, error.problems)
    except PortalError as error:
        return explain(
            "This is not changed yet",
            str(error),
            "Nothing was written. Ring the families if this cannot wait, and ask the person who "
            "runs the portal.",
            status=409,
            back=wanted.back,
        )
    return _beside(wanted, effects) if effects.problems else _check(wanted, effects)


CHANGED_MEANWHILE = (
    "Somebody else has changed this in the meantime. Look at what is written now, then choose again"
)


def _publish(wanted: Wanted, edits: Sequence[Edit], *, beside_mistakes: bool) -> Answered:
    me = current()
    with live().database() as engine:
        done = publishing.publish(
            live().settings,
            engine,
            edits,
            author=Author(me.title, me.name),
            summary=wanted.summary,
            now=now(),
            beside_mistakes=beside_mistakes,
        )
        for session in wanted.sessions if done.paths else ():
            identity, planned = session.series.identity, session.anchor
            write(
                engine,
                lambda c, identity=identity, planned=planned: note(  # type: ignore[misc]
                    c, now(), me.actor, "change date", None, identity, planned=planned
                ),
            )
    said = ("&warned=yes" if done.warning else "") + ("&waits=yes" if beside_mistakes else "")
    return redirect(f"{wanted.done}{said}", 303)


# --- what will happen -----------------------------------------------------------------------------


def _check(wanted: Wanted, effects: Effects) -> Answered:
    directory = effects.directory
    assert directory is not None  # noqa: S101  there are no problems
    outlooks = list(_outlooks(wanted.sessions, directory))
    reached = [one.reach for one in outlooks if one.reach and one.told]
    return page(
        "staff/change_check.html",
        wanted.title,
        back=wanted.back,
        wanted=wanted,
        outlooks=outlooks,
        reach=sum(reached, Reach()),
        counts=current().may("see families"),
        news=any(one.told for one in outlooks),
        again=[*_look_again(outlooks, effects, directory)],
        soon=[one for one in wanted.sessions if _is_soon(one)],
    )


def _is_soon(session: Session) -> bool:
    """Whether families may be on their way by the time a message comes."""
    return not session.off and session.ends > now() and session.starts - now() < SOON


def _outlooks(before: Iterable[Session], directory: Directory) -> Iterator[Outlook]:
    by_series: dict[str, list[Session]] = {}
    for session in before:
        by_series.setdefault(session.series.identity, []).append(session)
    for identity, sessions in by_series.items():
        after = directory.find_series(identity)
        if after is not None:
            yield _outlook(after, sessions, directory)


def _outlook(after: Series, before: Sequence[Session], directory: Directory) -> Outlook:
    planned = {session.anchor for session in before}
    changed = [session for session in after.all_sessions if session.anchor in planned]
    counts = current().may_see(after.centre.slug, directory)
    reach = None
    if counts:
        with live().database() as engine:
            reach = reach_of_change(engine, after, planned, now=now())
    words = words_of_change(
        before,
        after,
        single=after.book == "session",
        site=directory.site,
        settings=live().settings,
        now=now(),
    )
    lines = [(session, filters.change(session)) for session in changed]
    return Outlook(
        after, changed, lines, [(after.name, words)] if words else [], reach, told=words is not None
    )


def _look_again(
    outlooks: Iterable[Outlook], effects: Effects, directory: Directory
) -> Iterator[str]:
    """What may be meant and may be a slip: warnings of the files, and a day that is closed."""
    calendar = school_calendar(directory.terms)
    for session in (session for one in outlooks for session in one.sessions):
        reason = None if session.off else calendar.closed(session.day)
        if reason and session.moved:
            yield f"{day_words(session.day)} is a closure day: {reason}."
        if not session.off and session.ends <= now():
            yield f"{day_words(session.day)} is over. Families cannot come to it."
    warnings = [one for one in effects.warnings if not one.about_words]
    for one in shown_mistakes(warnings, {one.path for one in warnings}):
        yield without_remedy(one.sentence)


# --- mistakes -------------------------------------------------------------------------------------


def _wrong(wanted: Wanted, problems: Sequence[content.Problem]) -> Answered:
    return _beside(wanted, Effects(problems=tuple(problems)))


def _beside(wanted: Wanted, effects: Effects) -> Answered:
    """The mistakes that this change makes are shown in its form. Those that the content has anyway
    stop a build, so families would not hear: the page says so, and what to do."""
    with live().database() as engine:
        mine = publishing.mistakes_made(live().settings, effects, now=now(), engine=engine)
    own = {one.path for one in wanted.changes}
    if mine:
        shown = shown_mistakes(mine, own)
        where = {one: "" if one.hides or one.path in own else f"{one.place}: " for one in shown}
        return wanted.form(422, [where[one] + one.sentence for one in shown])
    return page(
        "staff/change_waits.html",
        "This cannot be published now",
        409,
        back=wanted.back,
        wanted=wanted,
        mistakes=[(one.place, one.sentence) for one in shown_mistakes(effects.problems, own)],
        counts=current().may("see families"),
    )


# --- afterwards -----------------------------------------------------------------------------------


class Publication(NamedTuple):
    """How far the last change is: a heading and words, and whether all goes as it should."""

    heading: str
    words: str
    well: bool = True


def publication(*, there: bool) -> Publication | None:
    """How far the last change is, for the page that staff come back to.

    `there` says whether the content that is shown has the change. None if nothing is under way.
    """
    asked = request.args.get("changed")
    state = publishing.state(live().settings, now=now().astimezone(LONDON))
    if state not in (build_requests.BUILDING, build_requests.PUBLISHED):
        first, _, more = state.partition("\n")
        words = first[:_MOST_WORDS] + (" There is more." if more else "")
        return Publication(
            "The last change is not on the site",
            "It is written down, but the site could not be built: families see it as it was "
            "before, and nobody is told of a change. Ring the families if this cannot wait. "
            f"For the person who runs the portal: {words}",
            well=False,
        )
    warned = " It is not in the history of the files. Tell the person who runs the portal."
    warned = warned if request.args.get("warned") else ""
    if state == build_requests.BUILDING and request.args.get("waits"):
        return Publication(
            "Your change is written down, and not on the site",
            "Other files have mistakes, so no family is told until they are corrected. "
            f"Ring the families if this cannot wait.{warned}",
            well=False,
        )
    if state == build_requests.BUILDING or (asked and not there):
        shown = "has it already" if there else "shows the dates as they were"
        return Publication(
            "The change is being published",
            "The site and the calendars follow in a few minutes, and then the messages go out. "
            f"Until then this page {shown}. Open it again to see.{warned}",
        )
    if asked:
        return Publication(
            "The change is published",
            f"The site and the calendars show it, and the messages go out now.{warned}",
        )
    return None


def closed_path(centre: Centre, day: date) -> str:
    """Where all that a centre holds on a day is cancelled."""
    return f"/staff/closed/{centre.slug}/{day.isoformat()}"


def is_there(session: Session, changed: str) -> bool:
    """Whether the content that is shown has a date as it was just changed."""
    states = {"cancel": "cancelled", "postpone": "postponed", "move": "moved", "back": "on"}
    return states.get(changed, session.state) == session.state
