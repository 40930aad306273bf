"""The audit log: who read, exported or changed which records, and when.

Administrators see all of it, managers the lines about their centres and districts. It names staff,
and bookings only by reference; it never names a family. It is searched by person, booking, action
and days. For a family that asks who has read about it, an administrator saves its lines as a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import abort, request
from sqlalchemy import Engine
from werkzeug.wrappers import Response as Answered

from portal.bookings import casework
from portal.bookings.csv_export import csv_of
from portal.database import audit, note, tables, write
from portal.database.audit import OF_ACCOUNTS, READING, SIGNING_IN, Entry
from portal.directory import asked
from portal.directory.values import LONDON, day_words
from portal.staff import accounts
from portal.staff.accounts import Account, Staff
from portal.web import filters
from portal.web.live.context import live
from portal.web.staff.access import (
    allowed_centres,
    current,
    now,
    sees,
    sees_district,
    staff_route,
    to,
)
from portal.web.staff.accounts import role_words
from portal.web.staff.forms import day_of
from portal.web.staff.register import as_file
from portal.web.staff.screens import page

LOG = "/staff/log"
SHOWN = 100
MAY = to("read the log")

# Actions that are asked for together, by their name in the address.
_GROUPS: Mapping[str, tuple[str, Collection[str]]] = {
    "reading": ("All reading about families", READING),
    "signing-in": ("All signing in", SIGNING_IN),
    "accounts": ("All changes of accounts", OF_ACCOUNTS),
}
_FILTERS = ("of", "booking", "action", "from", "to", "line")


@staff_route(LOG, may=MAY)
def show() -> Answered:
    """One page of the log, newest first."""
    whole = current().everywhere
    with live().database() as engine:
        wanted = _asked(engine)
        entries = [] if wanted.problems else _entries(engine, wanted, whole=whole)
        people = {one.staff.id: one for one in accounts.everyone(engine)}
    more, entries = len(entries) > SHOWN, entries[:SHOWN]
    names = {number: one.staff.title for number, one in people.items()}
    typed, actions = _typed(wanted), _actions(whole=whole)
    problems = dict(wanted.problems)
    return page(
        "staff/log.html",
        "Log",
        422 if problems else 200,
        error=bool(problems),
        days=_by_day(entries, names, _in_scope(whole=whole)),
        of=names.get(wanted.staff_id or 0, ""),
        older=_path(before=entries[-1].id) if more else "",
        filtered=any(typed.values()),
        typed=typed,
        problems=[*problems.items()],
        wrong=problems,
        people=_people(people.values(), whole=whole),
        actions=actions,
        only="" if problems else _only(typed, dict(actions)),
        file=f"{LOG}.csv?booking={wanted.reference}" if whole and wanted.reference else "",
        shown=_shown(entries[0]) if wanted.line and entries else (),
        whole=whole,
        since=day_words((now() - tables.KEPT_FOR).astimezone(LONDON).date()),
    )


def _entries(engine: Engine, wanted: Asked, *, whole: bool) -> list[Entry]:
    return audit.log(
        engine,
        centres=None if whole else _slugs(),
        endings=_endings(),
        staff_id=wanted.staff_id,
        booking_id=wanted.booking_id,
        actions=wanted.actions,
        since=wanted.since,
        until=wanted.until,
        line=wanted.line,
        before=_number("before"),
        limit=SHOWN + 1,
    )


# --- what is asked for ---------------------------------------------------------------------------


@dataclass(slots=True)
class Asked:
    """What the address asks for. `problems` are of fields that were filled in wrongly."""

    staff_id: int | None = None
    booking_id: int | None = None
    reference: str = ""
    actions: Collection[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    line: int | None = None
    problems: list[tuple[str, str]] = field(default_factory=list)


def _asked(engine: Engine) -> Asked:
    wanted = Asked(staff_id=_number("of"), line=_number("line"))
    reference = request.args.get("booking", "").strip()[:200]
    if reference:
        case = casework.case_of(engine, reference, sees)
        if case is None:
            words = "Enter the reference of a booking of your centres, like ABCD-2345"
            wanted.problems.append(("booking", words))
        else:
            wanted.booking_id, wanted.reference = case.id, case.reference
    action = request.args.get("action", "")
    if action:
        wanted.actions = _GROUPS[action][1] if action in _GROUPS else (action,)
    _ask_days(wanted)
    return wanted


def _ask_days(wanted: Asked) -> None:
    """The moments between which the asked days lie, by the clocks of London."""
    days: dict[str, date | None] = {}
    for name, what in (("from", "first"), ("to", "last")):
        text = request.args.get(name, "").strip()
        days[name] = day_of(text)
        if text and days[name] is None:
            wanted.problems.append((name, f"Enter the {what} day as numbers, like 31/1/2027"))
    first, last = days["from"], days["to"]
    if first and last and last < first:
        wanted.problems.append(("to", "Enter a last day that is not before the first day"))
    if first:
        wanted.since = _midnight(first)
    if last:
        wanted.until = _midnight(last + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=LONDON)


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _path(**changes: object) -> str:
    """The same question with these parameters changed."""
    kept = {name: request.args.get(name, "") for name in _FILTERS} | changes
    given = {name: value for name, value in kept.items() if value}
    return f"{LOG}?{urlencode(given)}" if given else LOG


def _typed(wanted: Asked) -> dict[str, str]:
    """What the form shows again: days as the browser's own field reads them."""
    typed = {name: request.args.get(name, "").strip()[:200] for name in _FILTERS}
    for name in ("from", "to"):
        day = day_of(typed[name])
        typed[name] = day.isoformat() if day else typed[name]
    typed["booking"] = wanted.reference or typed["booking"]
    return typed


def _only(typed: Mapping[str, str], actions: Mapping[str, str]) -> str:
    """The question in words, beside the person: 'Booking ABCD-2345, from 4 January 2027'."""
    days = {name: day_of(typed[name]) for name in ("from", "to")}
    parts = (
        f"booking {typed['booking']}" if typed["booking"] else "",
        f"“{actions.get(typed['action'], typed['action'])}”" if typed["action"] else "",
        *(f"{name} {day_words(day)}" for name, day in days.items() if day),
    )
    return filters.capital(", ".join(part for part in parts if part))


def _people(everyone: Iterable[Account], *, whole: bool) -> list[tuple[str, str]]:
    """The people to choose from: those who work at a centre of the reader."""
    own, directory = allowed_centres(), live().directory
    seen = [one for one in everyone if whole or own & one.staff.works_in(directory)]
    listed = sorted(seen, key=lambda one: casework.fold(one.staff.title))
    return [("", "Everybody"), *((str(one.staff.id), one.staff.title) for one in listed)]


def _actions(*, whole: bool) -> list[tuple[str, str]]:
    """The actions to choose from. What belongs to no centre is for administrators alone."""
    hidden = () if whole else (*SIGNING_IN, *OF_ACCOUNTS)
    groups = [
        (name, words)
        for name, (words, actions) in _GROUPS.items()
        if not set(actions) <= set(hidden)
    ]
    single = sorted(
        (filters.capital(words.format(staff="somebody")), action)
        for action, words in audit.ACTIONS.items()
        if action not in hidden
    )
    return [("", "Everything"), *groups, *((action, words) for words, action in single)]


def _endings() -> list[str]:
    """How the identities of what belongs to their districts end."""
    districts = live().directory.districts
    return [asked.in_district(one.slug) for one in districts if sees_district(one.slug)]


def _slugs() -> set[str]:
    """The centres that the user may see, including former slugs, which old lines hold."""
    directory, own = live().directory, allowed_centres()
    return {
        slug
        for centre in directory.centres
        if centre.slug in own
        for slug in (centre.slug, *centre.aliases)
    }


# --- in words ------------------------------------------------------------------------------------


def _in_scope(*, whole: bool) -> Callable[[str], bool]:
    """Whether the reader may see what has this identity. A line about a family of others is listed
    if a family of the reader's was shown beside it, but does not say whose it is.
    """
    starts, ends = tuple(f"{one}/" for one in _slugs()), tuple(_endings())
    return lambda identity: whole or identity.startswith(starts) or identity.endswith(ends)


def _by_day(
    entries: Iterable[Entry], names: Mapping[int, str], in_scope: Callable[[str], bool]
) -> list[tuple[str, list[dict[str, Any]]]]:
    days: dict[str, list[dict[str, Any]]] = {}
    for one in entries:
        moment = one.at.astimezone(LONDON)
        staff_id, shown = audit.staff_id_of(one.actor), len(_shown(one))
        line = {
            "at": filters.clock_of(moment),
            "who": audit.actor_words(one.actor, names),
            "of": _path(of=staff_id) if staff_id is not None else "",
            "did": _did(one, names),
            "where": _where(one) if in_scope(one.series or "") else "",
            "shown": filters.count(shown, "family", "families") if shown else "",
            "line": _path(line=one.id),
        }
        days.setdefault(day_words(moment.date()), []).append(line)
    return list(days.items())


def _shown(one: Entry) -> list[str]:
    """The references of the bookings that were shown, as far as the reader may see them."""
    return [reference for reference, series in one.families if sees(series)]


def _did(one: Entry, names: Mapping[int, str]) -> str:
    """What was done; of an account, which access it was given, and which it had."""
    said, detail = audit.entry_words(one, names), one.detail
    if given := detail.get("given"):
        return f"{said}, as {_access(given)}"
    if "was" in detail and detail["was"] != detail.get("access"):
        return f"{said}, from {_access(detail['was'])} to {_access(detail['access'])}"
    return said


def _access(access: Mapping[str, Any]) -> str:
    """A role with its places: 'worker at Riverbank'."""
    centres = frozenset(access["centres"])
    panels = frozenset(access.get("panels", ()))
    words = role_words(Staff(0, "", "", access["role"], centres, access["footprint"], panels))
    return words[:1].lower() + words[1:]


def _where(one: Entry) -> str:
    planned = _planned(str(one.detail.get("planned", "")))
    booking = f"booking {one.reference}" if one.reference else ""
    if one.booking_id and not booking:
        booking = f"booking number {one.booking_id}"
    file = str(one.detail.get("file", ""))
    return ", ".join(part for part in (_thing(one.series or ""), file, planned, booking) if part)


def _thing(identity: str) -> str:
    """A group with its centre, a centre, or a programme with its district."""
    directory = live().directory
    series = directory.find_series(identity)
    programme = directory.programme(asked.programme_of(identity))
    district = directory.district(asked.district_of(identity))
    at = directory.find_centre(asked.centre_of(identity))
    centre = directory.find_centre(identity.removesuffix("/"))
    if series:
        said = f"{series.name}, {series.centre.title}"
    elif centre:
        said = centre.title
    else:
        said = programme.title if programme else _gone(identity.partition("@")[0])
    area = at.title if at else district.title if district else ""
    return ", ".join(part for part in (said, area) if part)


def _gone(identity: str) -> str:
    """What is not in the content any more, by the name of its file or folder."""
    if not identity:
        return ""
    place, slash, name = identity.removesuffix("/").partition("/")
    if slash:
        centre = live().directory.find_centre(place)
        return f"a group that is gone: {name}, {centre.title if centre else place}"
    kind = "programme" if ":" in identity else "centre"
    return f"a {kind} that is gone: {place.rpartition(':')[2]}"


def _planned(text: str) -> str:
    """Each date in what a line holds, in words."""
    return re.sub(r"\b\d{4}-\d{2}-\d{2}(T[\d:]+)?\b", _day_in_words, text)


def _day_in_words(found: re.Match[str]) -> str:
    try:
        return day_words(date.fromisoformat(found[0][:10]))
    except ValueError:
        return found[0]


# --- for a family that asks ----------------------------------------------------------------------


@staff_route(f"{LOG}.csv", may=to("answer access requests"))
def file_of() -> Answered:
    """Who has read or changed what is kept about one family, as a file for this family."""
    with live().database() as engine:
        case = casework.case_of(engine, request.args.get("booking", ""), sees)
        if case is None:
            abort(403)
        entries = audit.log(engine, booking_id=case.id, limit=None)
        names = audit.staff_names(engine)
        actor = current().actor
        write(engine, lambda c: note(c, now(), actor, "export log", case.id, case.series))
    rows = [
        [
            filters.moment_words(one.at.astimezone(LONDON)),
            audit.actor_words(one.actor, names),
            _did(one, names),
            # Another booking that was read together with this one may be somebody else's (S6).
            _where(one) if one.booking_id in (None, case.id) else _thing(case.series),
        ]
        for one in reversed(entries)
    ]
    return as_file(csv_of(["When", "Who", "What", "About"], rows), f"log-{case.reference}.csv")
