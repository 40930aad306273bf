"""The audit log: who read, exported or changed which records, and when.

Administrators see all of it, managers the lines about their centres and districts. It names staff,
and bookings only by reference; it never names a family. It can be filtered by person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import request
from werkzeug.wrappers import Response as Answered

from portal.bookings import asked
from portal.database import audit, tables
from portal.database.audit import Entry
from portal.directory.values import LONDON, day_words
from portal.staff import accounts
from portal.staff.accounts import Account
from portal.web import filters
from portal.web.live.context import live
from portal.web.staff.access import (
    allowed_centres,
    current,
    now,
    sees_district,
    staff_route,
    to,
)
from portal.web.staff.screens import page

LOG = "/staff/log"
SHOWN = 100


@staff_route(LOG, may=to("read the log"))
def show() -> Answered:
    """One page of the log, newest first."""
    staff = current()
    of, before = _number("of"), _number("before")
    whole = staff.everywhere
    with live().database() as engine:
        entries = audit.log(
            engine,
            centres=None if whole else _slugs(),
            endings=_endings(),
            staff_id=of,
            before=before,
            limit=SHOWN + 1,
        )
        people = {one.staff.id: one for one in accounts.everyone(engine)}
    more, entries = len(entries) > SHOWN, entries[:SHOWN]
    return page(
        "staff/log.html",
        "Log",
        days=_by_day(entries, people),
        of=people[of].staff.title if of in people else "",
        older=entries[-1].id if more else 0,
        asked=of,
        whole=whole,
        since=day_words((now() - tables.KEPT_FOR).astimezone(LONDON).date()),
    )


def _endings() -> list[str]:
    """How the identities of what belongs to their districts end."""
    districts = live().directory.districts
    return [asked.in_district(one.slug) for one in districts if sees_district(one.slug)]


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _slugs() -> set[str]:
    """The centres that the user may see, including former slugs, which old lines hold."""
    directory, own = live().directory, allowed_centres()
    return {
        slug
        for centre in directory.centres
        if centre.slug in own
        for slug in (centre.slug, *centre.aliases)
    }


def _by_day(
    entries: list[Entry], people: Mapping[int, Account]
) -> list[tuple[str, list[dict[str, Any]]]]:
    days: dict[str, list[dict[str, Any]]] = {}
    for one in entries:
        moment = one.at.astimezone(LONDON)
        line = {
            "at": filters.clock_of(moment),
            "who": _who(one.actor, people),
            "staff": _staff_id(one.actor),
            "did": _did(one, people),
            "where": _where(one),
        }
        days.setdefault(day_words(moment.date()), []).append(line)
    return list(days.items())


def _staff_id(actor: str) -> int | None:
    kind, _, number = actor.partition(":")
    return int(number) if kind == "staff" and number.isdecimal() else None


def _who(actor: str, people: Mapping[int, Account]) -> str:
    number = _staff_id(actor)
    if number is None:
        return audit.ACTORS.get(actor, f"Somebody ({actor})")
    return people[number].staff.title if number in people else "Somebody who left"


def _did(one: Entry, people: Mapping[int, Account]) -> str:
    said = audit.action_words(one.action, one.detail)
    if "{staff}" in said:
        whose = one.detail.get("staff")
        return said.format(staff=_who(f"staff:{whose}", people))
    return said


def _where(one: Entry) -> str:
    directory, identity = live().directory, one.series or ""
    series = directory.find_series(identity)
    programme = directory.programme(asked.programme_of(identity))
    district = directory.district(asked.district_of(identity))
    if series:
        said = f"{series.name}, {series.centre.title}"
    else:
        said = programme.title if programme else identity.partition("@")[0]
    area = district.title if district else ""
    planned = str(one.detail.get("planned", ""))
    booking = f"booking number {one.booking_id}" if one.booking_id else ""
    return ", ".join(part for part in (said, area, planned, booking) if part)
