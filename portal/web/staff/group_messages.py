"""Messages to many families: the words, then a preview with who gets them, then the sending.

The same pages serve a session, a series, its waiting list and a whole centre. Staff of the centre
write to its groups, and its managers to all of them at once. Afterwards the page of a message says
of each family whether it got it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from flask import abort, redirect, request
from sqlalchemy import Engine
from werkzeug.wrappers import Response as Answered

from portal.bookings import group_messages, opening, registers, ring_list
from portal.bookings.casework import Case
from portal.bookings.group_messages import Delivery, Group, NotSent
from portal.content.message_texts import WordsError
from portal.database import log_reading
from portal.database.audit import DELIVERY
from portal.directory import Session
from portal.directory.values import LONDON
from portal.messages.letters import preview_of_notice
from portal.staff import accounts
from portal.web import filters
from portal.web.live.context import live
from portal.web.live.forms.answers import Lines
from portal.web.staff.access import (
    May,
    current,
    form_page,
    now,
    of_centre,
    sees,
    staff_route,
    to,
)
from portal.web.staff.forms import StaffForm
from portal.web.staff.scope import posted, series_at, session_at
from portal.web.staff.screens import explain, page

_KEEPS = "your message to families"
_KEY = re.compile(r"[\w-]{20,64}")


class NoticeForm(StaffForm):
    asked: ClassVar[Sequence[str]] = ("words",)
    words = Lines(
        "What do you want to say?",
        what="what you want to say",
        missing="Write what you want to say",
        longest=group_messages.LONGEST_WORDS,
        hint="Do not name anybody. The same words go to all families.",
    )


def managers_of(part: str = "centre") -> May:
    """Managers and administrators who may see the centre that this part of the address names."""
    centre = of_centre(part)
    return replace(to("write to a centre"), words="managers at the centre", allows=centre.allows)


@staff_route(
    "/staff/notice/<centre>/<series>/<planned>",
    may=form_page(of_centre("centre")),
    methods=("GET", "POST"),
    refills=True,
    keeps=_KEEPS,
)
def to_session(centre: str, series: str, planned: str) -> Answered:
    session = session_at(centre, series, planned)
    back = f"/staff/register/{session.series.identity}/{session.anchor}"
    if session.open_until <= now() or session.cancelled:
        return explain(
            "There is nobody to tell",
            "This session is over, or it is cancelled.",
            status=409,
            back=back,
        )
    return _write(group_messages.of_session(session), back)


@staff_route(
    "/staff/notice/<centre>/<series>",
    may=form_page(of_centre("centre")),
    methods=("GET", "POST"),
    refills=True,
    keeps=_KEEPS,
)
def to_series(centre: str, series: str) -> Answered:
    found = series_at(centre, series)
    return _write(group_messages.of_series(found), "/staff/")


@staff_route(
    "/staff/notice-waiting/<centre>/<series>",
    may=form_page(of_centre("centre")),
    methods=("GET", "POST"),
    refills=True,
    keeps=_KEEPS,
)
def to_waiting(centre: str, series: str) -> Answered:
    found = series_at(centre, series)
    planned = request.args.get("session", "")
    if planned:
        session_at(centre, series, planned)
    back = f"/staff/waiting/{found.identity}{f'?session={planned}' if planned else ''}"
    return _write(group_messages.of_waiting(found, planned), back)


@staff_route(
    "/staff/notice/<centre>",
    may=form_page(managers_of("centre")),
    methods=("GET", "POST"),
    refills=True,
    keeps=_KEEPS,
)
def to_centre(centre: str) -> Answered:
    group = group_messages.of_centre(live().directory, centre)
    if not group.series:
        return explain(
            "There is nobody to tell", "Nothing is planned here.", status=409, back="/staff/"
        )
    return _write(group, "/staff/")


# --- the words, the preview, the sending ----------------------------------------------------------


def _write(group: Group, back: str) -> Answered:
    form = NoticeForm(formdata=posted())
    step = request.form.get("step", "")
    status = form.refused() if request.method == "POST" and step != "change" else 200
    if status is None and step == "send":
        try:
            return _send(group, form, back)
        except NotSent as error:
            form.words.blame(str(error).rstrip("."))
            status = 429
    checked = status is None
    words = str(form.words.data or "")
    with live().database() as engine:
        reached = group_messages.reach(engine, group, now=now())
        _log_shown(engine, group, reached.others)
        sent = group_messages.sent_to(engine, group)
    return page(
        "staff/notice.html",
        "Check your message" if checked else "Tell everybody",
        status or 200,
        error=bool(status and status != 200),
        back=back,
        form=form,
        path=_path(),
        group=group,
        who=_who(group),
        checked=checked,
        preview=_preview(group, words) if checked else None,
        more=[("words", words), ("key", secrets.token_urlsafe(24))],
        sensitive=any(one.programme.sensitive for one in group.series),
        reached=reached,
        sent=_lines(sent),
        wider=_wider(group),
        safe_way=registers.safe_way,
        may_ring=registers.may_ring,
    )


def _log_shown(engine: Engine, group: Group, families: Iterable[Case]) -> None:
    """The families that staff must ring are shown with their numbers (S69)."""
    log_reading(
        engine,
        "read ring list",
        [one.id for one in families],
        now=now(),
        actor=current().actor,
        series=group.series[0].identity if len(group.series) == 1 else None,
        planned=group.planned,
    )


def _send(group: Group, form: NoticeForm, back: str) -> Answered:
    """Send the words, and show what came of it. Raises NotSent."""
    key = request.form.get("key", "")
    if not _KEY.fullmatch(key):
        abort(400)
    with live().database() as engine:
        made = group_messages.send(
            engine, group, str(form.words.data), key=key, now=now(), actor=current().actor
        )
    if group.kind == "session":
        return redirect(f"{back}?told={made.notified}&ring={made.to_ring}", 303)
    return redirect(f"{_message_path(made)}?done=yes", 303)


def _path() -> str:
    """The address of this form, with its date."""
    planned = request.args.get("session", "")
    return request.path + (f"?session={planned}" if planned else "")


def _who(group: Group) -> str:
    """The group in words."""
    if group.kind == "centre":
        centre = live().directory.centre(group.centre)
        return f"Everybody with a place at {centre.title if centre else group.centre}"
    series = group.series[0]
    if group.kind == "series":
        return f"Everybody with a place: {series.name}, {filters.repeats(series)}"
    session = opening.booked_session(series, group.planned)
    day = f", {filters.day(session.day, year=True)}" if session else ""
    return f"{'The waiting list: ' if group.kind == 'waiting' else ''}{series.name}{day}"


def _preview(group: Group, words: str) -> Any:
    """The message as a family gets it: of a centre, a family of a group that may be named.

    None if a mistake in content/messages stops all messages of this kind.
    """
    series = min(group.series, key=lambda one: one.programme.sensitive)
    sessions: Sequence[Session] = [one for one in series.next_sessions(now()) if not one.off]
    if group.kind == "session":
        sessions = [one for one in series.all_sessions if one.anchor == group.planned]
    try:
        return preview_of_notice(
            words,
            series,
            sessions,
            waiting=group.kind == "waiting",
            directory=live().directory,
            settings=live().settings,
        )
    except WordsError:
        return None


def _wider(group: Group) -> list[tuple[str, str]]:
    """Larger groups that the same person may write to: address and words."""
    if group.kind not in ("session", "series"):
        return []
    series = group.series[0]
    links = []
    if group.kind == "session":
        links.append((f"/staff/notice/{series.identity}", "Everybody in this group, on all dates"))
    if managers_of().enter(current(), {"centre": group.centre}):
        links.append((f"/staff/notice/{group.centre}", "Everybody at this centre"))
    return links


# --- afterwards -----------------------------------------------------------------------------------


def _message_path(made: group_messages.Notice) -> str:
    """The page of a message; '' for one from before they had pages, or if its centre has gone."""
    centre = live().directory.find_centre(made.centre)
    return f"/staff/notices/{centre.slug}/{made.id}" if centre else ""


def _lines(sent: Sequence[group_messages.Notice]) -> list[dict[str, str]]:
    """What was sent, for lists: the words, when and by whom, and the page of each."""
    with live().database() as engine:
        names = {f"staff:{one.staff.id}": one.staff.title for one in accounts.everyone(engine)}
    return [
        {
            "words": one.words,
            "when": filters.moment_words(one.created.astimezone(LONDON)),
            "who": names.get(one.actor, "somebody who left"),
            "path": _message_path(one),
        }
        for one in sent
    ]


def sent_about(session: Session) -> list[dict[str, str]]:
    """What was written to the families of a session, for its register."""
    with live().database() as engine:
        return _lines(group_messages.sent_to(engine, group_messages.of_session(session)))


def sent_to_waiting(group: Group) -> list[dict[str, str]]:
    """What was written to a waiting list, for its page."""
    with live().database() as engine:
        return _lines(group_messages.sent_to(engine, group))


@staff_route("/staff/notices/<centre>/<int(max=2147483647):number>", may=of_centre("centre"))
def sent_message(centre: str, number: int) -> Answered:
    """One message to a group, and what came of it for each family."""
    place = live().directory.centre(centre)
    with live().database() as engine:
        found = group_messages.find(engine, number, place) if place else None
        if found is None:
            abort(403)
        listed = group_messages.deliveries(engine, found, sees)
        ids = [one.case.id for one in listed]
        log_reading(engine, "read message", ids, now=now(), actor=current().actor)
    (line,) = _lines([found])
    return page(
        "staff/notice_sent.html",
        "A message to families",
        back="/staff/",
        done=request.args.get("done") == "yes",
        found=found,
        line=line,
        listed=[(one, _state(one)) for one in listed],
    )


def _state(one: Delivery) -> str:
    """What came of a message for one family, in words."""
    if one.state == "ring" and not ring_list.contactable(one.case.family):
        return "Not told: the family is not to be contacted"
    when = f", {filters.moment_words(one.at.astimezone(LONDON))}" if one.at else ""
    words = filters.capital(DELIVERY[one.state]) + when
    return f"{words}. {one.trouble}" if one.trouble and one.state == "failed" else words
