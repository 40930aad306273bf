"""The register of a session: on screen, on paper and as a file.

A cancelled or postponed session keeps its families, each with whether it knows: told,
to ring or not told (S68).

One button saves all marks. The marks that the page showed when opened are sent with it as hidden
fields, so that two workers lose nothing; if they differ, the page is shown again and says so. On
paper the same page is a list to tick, with every word that staff must know.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from flask import g, make_response, redirect, request
from werkzeug.wrappers import Response as Answered

from portal.bookings import casework, contacts, opening, registers, ring_list
from portal.bookings.answer_labels import labels_of
from portal.bookings.registers import MARKS, MOST_WALK_INS, Line, Mark, Register, Saved, WalkIns
from portal.bookings.ring_list import Knows
from portal.database.audit import STATES
from portal.directory import Programme, Series, Session
from portal.directory.values import LONDON
from portal.staff import accounts
from portal.web import filters
from portal.web.live.context import live
from portal.web.live.forms.answers import plain_figures
from portal.web.staff.access import current, now, of_centre, staff_route
from portal.web.staff.date_publishing import change_path, is_there, publication
from portal.web.staff.forms import NOT_YOURS
from portal.web.staff.group_messages import sent_about
from portal.web.staff.scope import attempt, series_at, session_at
from portal.web.staff.screens import page
from portal.web.staff.sorting import Order, in_order

_REGISTER = "/staff/register/<centre>/<series>/<planned>"
_SEEN = re.compile(r"(\d{1,12}):(\d{1,9}):([a-z]{1,12})")
# Longer lists are set smaller on paper, so that they take fewer sides.
_MANY, _MOST = 10, 18


def path_of(session: Session) -> str:
    """The address of a session's register."""
    return f"/staff/register/{session.series.identity}/{session.anchor}"


@staff_route(
    _REGISTER, may=of_centre("centre"), methods=("GET", "POST"), refills=True, keeps="the register"
)
def register(centre: str, series: str, planned: str) -> Answered:
    session = session_at(centre, series, planned)
    if request.method == "GET":
        return _show(session, done=_done())
    typed = {name: request.form.get(name, "").strip() for name in _WALK_INS}
    problems = [problem for name in _WALK_INS for problem in _wrong(name, typed[name])]
    if g.foreign:
        problems = [("", NOT_YOURS)]
    if problems:
        return _show(session, 400 if g.foreign else 422, problems=problems, typed=typed)
    version = request.form.get("walk-in-version", "0")
    families, children, adults = (int(plain_figures(typed[name]) or 0) for name in _WALK_INS)
    seen = int(version) if re.fullmatch(r"\d{1,9}", version) else 0
    # Where contacts are counted in their place, the page has no such fields.
    here = any(name in request.form for name in _WALK_INS)
    came = WalkIns(families, children, adults, seen) if here else None
    saved = Saved()

    def verb() -> None:
        nonlocal saved
        with live().database() as engine:
            saved = registers.save(
                engine,
                session.series,
                session,
                _marks(),
                came,
                now=now(),
                actor=current().actor,
            )

    refused = attempt(verb, path_of(session))
    if refused is not None:
        return refused
    if saved.clashes:
        return _show(session, 409, saved=saved)
    return redirect(f"{path_of(session)}?saved=yes", 303)


# --- the walk-ins, and the marks -------------------------------------------------------------

_WALK_INS: Mapping[str, str] = {
    "families": "Families",
    "children": "Children",
    "adults": "Adults",
}


def _wrong(name: str, typed: str) -> list[tuple[str, str]]:
    figures = plain_figures(typed)
    if not typed or (re.fullmatch(r"[0-9]{1,3}", figures) and int(figures) <= MOST_WALK_INS):
        return []
    return [(name, f"Enter how many {name} came as a number from 0 to {MOST_WALK_INS}")]


def _marks() -> list[Mark]:
    """The mark chosen for each family on the page."""
    found = []
    for number, version, seen in _SEEN.findall(request.form.get("seen", "")):
        chosen = request.form.get(f"mark-{number}", seen)
        found.append(Mark(int(number), chosen if chosen in MARKS else seen, seen, int(version)))
    return found


def _show(
    session: Session,
    status: int = 200,
    *,
    done: tuple[str, str] | None = None,
    problems: Sequence[tuple[str, str]] = (),
    typed: Mapping[str, str] | None = None,
    saved: Saved | None = None,
) -> Answered:
    with live().database() as engine:
        found = registers.of(engine, session.series, session, now=now(), actor=current().actor)
        spoken = contacts.of(engine, session).total if contacts.is_counted(session) else None
        ids = [one.booking_id for one in found.lines]
        known = ring_list.who_knows(engine, session.series, session, ids, now=now())
        names = {f"staff:{one.staff.id}": one.staff.title for one in accounts.everyone(engine)}
    knows = {
        one.booking_id: _knows(session, one, known.get(one.booking_id), names)
        for one in found.lines
    }
    lines, orders = in_order(
        found.lines,
        Order("name", "name", lambda one: casework.fold(one.name)),
        Order("know", "what to know first", lambda one: not one.flagged),
        Order("booked", "when they booked", lambda one: one.booking_id),
    )
    if session.off:  # first those whom staff must tell
        lines = sorted(lines, key=lambda one: knows[one.booking_id][0] not in _UNTOLD)
    chosen = {one.booking_id: one.mark for one in _marks()} if problems else {}
    numbers = typed or dict(zip(_WALK_INS, map(str, found.walk_ins.numbers), strict=True))
    return page(
        "staff/register.html",
        f"{session.series.name}: register",
        status,
        error=bool(problems or saved),
        back=f"/staff/?day={session.day.isoformat()}",
        register=found,
        bookable=_bookable(session),
        contacts=spoken,
        # Contacts are the one count of outreach; what was counted here before can be corrected.
        walk_ins=spoken is None or any(found.walk_ins.numbers),
        series=session.series,
        session=session,
        lines=lines,
        orders=orders,
        chosen=chosen,
        numbers=numbers,
        walk_in_words=_WALK_INS,
        marks=MARKS,
        states=STATES,
        seen=" ".join(f"{one.booking_id}:{one.version}:{one.mark}" for one in found.lines),
        problems=[*problems, *_clashes(found, saved)],
        done=done,
        notices=sent_about(session),
        publication=publication(there=is_there(session, request.args.get("changed", ""))),
        change_path=change_path(session) if _may_change(session) else "",
        knows=knows,
        sums=_sums(kind for kind, _ in knows.values()),
        printed=now(),
        size="most" if len(found.lines) > _MOST else "many" if len(found.lines) > _MANY else "",
        questions=questions(session.series.programme, found.lines),
        safe_way=registers.safe_way,
        may_ring=registers.may_ring,
    )


def _may_change(session: Session) -> bool:
    """Whether the date can still be cancelled or moved by who reads the register."""
    may = current().may_edit(session.series.centre.slug, live().directory)
    return may and session.open_until > now()


# Whether a family knows of the change of its session, in the order of the sums.
_SUMS: Mapping[str, str] = {
    "told": "told",
    "waits": "not told yet",
    "ring": "to ring",
    "quiet": "not to be contacted",
    "untold": "not told",
}


_UNTOLD = ("ring", "quiet", "untold")


def _bookable(session: Session) -> bool:
    """Whether staff can still take a booking for it, or for the whole of its series."""
    booked = session if session.series.book == "session" else None
    return opening.refusal(session.series, booked, now(), staff=True) is None


def _knows(
    session: Session, line: Line, known: Knows | None, names: Mapping[str, str]
) -> tuple[str, str]:
    """Whether a family knows of the change: its part of the sums, and words. ('', '') if none."""
    if known is None:
        return "", ""
    when = filters.moment_words(known.at.astimezone(LONDON)) if known.at else ""
    if known.state == "told":
        return "told", f"Told by message, {when}"
    if known.state == "rung":
        who = names.get(known.actor, "somebody who left")
        return "told", f"Told by phone or in person by {who}, {when}"
    if known.state == "knew":
        return "told", f"It was {session.state} before they booked"
    if known.state == "waits":
        return "waits", "Not told yet: the message waits to go out"
    if known.state == "ring" and line.family:
        if ring_list.contactable(line.family):
            return "ring", "To ring: no message reaches them"
        if line.referrer:  # is contacted in the place of the family, as the ring list says
            return "ring", f"To tell: {line.referrer}, the professional who is their contact"
        return "quiet", "Not told: they are not to be contacted"
    return "untold", "Not told"


def _sums(kinds: Iterable[str]) -> str:
    """How many families know and how many do not: '2 told, 1 to ring'."""
    numbers = Counter(kinds)
    return ", ".join(f"{numbers[kind]} {words}" for kind, words in _SUMS.items() if numbers[kind])


def questions(programme: Programme | None, lines: Iterable[Line]) -> dict[str, str]:
    """The labels of the questions, including questions that are no longer asked."""
    names = {name for line in lines if line.family for name in line.family.answers}
    said = labels_of(names, programme)
    return {name: one if one.endswith("?") else f"{one}:" for name, one in said.items()}


def _done() -> tuple[str, str] | None:
    """A heading and a sentence that confirm what was just done."""
    if request.args.get("saved") == "yes":
        return "Saved", "All marks have been saved."
    told, others = request.args.get("told", ""), request.args.get("ring", "")
    if re.fullmatch(r"\d{1,4}", told) and re.fullmatch(r"\d{1,4}", others):
        words = f"Families who get a message: {told}. Staff must tell: {others}."
        return "Your message is on its way", words
    return None


def _clashes(found: Register, saved: Saved | None) -> list[tuple[str, str]]:
    names = {one.booking_id: one.name for one in found.lines}
    problems = []
    for one in saved.clashes if saved else ():
        if one.booking_id is None:
            words = f"Somebody else counted {one.theirs} in the meantime. You counted {one.yours}"
            problems.append(("families", f"{words}. Look, and save again if yours is right"))
        else:
            name = names.get(one.booking_id, "A family")
            words = (
                f"{name}: somebody else marked “{one.theirs}” in the meantime, you “{one.yours}”"
            )
            problems.append((f"mark-{one.booking_id}", f"{words}. Choose again if yours is right"))
    return problems


# --- as a file -------------------------------------------------------------------------------


@staff_route("/staff/export/<centre>/<series>.csv", may=of_centre("centre"))
def export(centre: str, series: str) -> Answered:
    found = series_at(centre, series)
    planned = request.args.get("session")
    sessions = [session_at(centre, series, planned)] if planned else list(found.all_sessions)
    with live().database() as engine:
        data = registers.export(engine, found, sessions, now=now(), actor=current().actor)
    name = f"{found.centre.slug}-{found.slug}{f'-{planned}' if planned else ''}"
    return as_file(data, f"register-{name}.csv")


def as_file(data: bytes, name: str) -> Answered:
    answer = make_response(data)
    answer.headers["Content-Type"] = "text/csv; charset=utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def waiting_path(series: Series, planned: str = "") -> str:
    asked = f"?session={planned}" if planned else ""
    return f"/staff/waiting/{series.identity}{asked}"
