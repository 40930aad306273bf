"""Invented requests for support with their cases, gaps in service, wishes, and answers to boards.

A case that is closed has its numbers alone, as real ones have once their words are erased. A gap
has no practitioner.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from random import Random
from typing import Any

from portal.bookings.places import ROOM_FOR_ALL
from portal.database.references import digest_of, new_reference
from portal.database.tables import (
    case_outcome,
    consultation_answer,
    gap,
    plan_goal,
    support_case,
    wish,
)
from portal.directory import AGE_BANDS, Centre, Directory, Programme
from portal.directory.asked import identity_of
from portal.directory.values import LONDON
from portal.directory.vocabularies import GAP_THEMES, NEEDS, PRIVATE_NEEDS
from portal.sample_year.groups import case_values
from portal.sample_year.rows import Rows

_A_MONTH = 30.4
_GOALS = (
    ("Sample goal: a calmer bedtime", "Sample step: the same routine each evening", "family"),
    (
        "Sample goal: money for the essentials",
        "Sample step: go through the bills together",
        "worker",
    ),
)
_REASONS = (
    *("done",) * 10, "down", "down", "up", "stopped", "unreached", "group", "group", "other",
)  # fmt: skip
_WITH_PLAN = ("done", "down", "up", "stopped")


def fill_requests(
    rows: Rows, directory: Directory, workers: Mapping[str, int], now: datetime, first: datetime
) -> None:
    """Add the requests for support of every district since `first`.

    `workers` are the accounts that have the open cases, by district.
    """
    programme = directory.support_programme
    if programme is None:
        return
    things: dict[str, dict[str, Any]] = {}
    for district in directory.districts:
        chance = Random(f"{rows.chance.random()} {district.slug}")
        centres = [one for one in directory.centres_in(district) if one.status.open]
        a_month = chance.uniform(2.5, 7)
        received = first + timedelta(days=chance.expovariate(a_month / _A_MONTH))
        while centres and received < now:
            _request(
                rows, directory, programme, chance.choice(centres), workers[district.slug],
                received, now, chance, things,
            )  # fmt: skip
            received += timedelta(days=chance.expovariate(a_month / _A_MONTH))


def _request(
    rows: Rows,
    directory: Directory,
    programme: Programme,
    centre: Centre,
    worker: int,
    received: datetime,
    now: datetime,
    chance: Random,
    things: dict[str, dict[str, Any]],
) -> None:
    identity = identity_of(programme.slug, centre.district, centre.slug)
    thing = things.get(identity) or things.setdefault(
        identity, rows.thing(identity, "", ROOM_FOR_ALL)
    )
    triaged = received + timedelta(days=chance.uniform(0.2, 3.5))
    allocated = triaged + timedelta(days=chance.uniform(0.2, 3))
    contacted = allocated + timedelta(days=chance.uniform(1, 9))
    starts = contacted + timedelta(days=chance.uniform(1, 7))
    reason, level = chance.choice(_REASONS), chance.choice((1, 2, 2, 2, 2, 3))
    planned = reason in _WITH_PLAN
    closed = (
        starts + timedelta(weeks=12, days=chance.uniform(0, 9))
        if planned
        else (contacted + timedelta(days=chance.uniform(1, 10)))
    )
    way = chance.choice(("request", "referral"))
    case = case_values(
        footprint=directory.footprint_of(centre).slug,
        centre=centre.slug,
        received=received,
        changed=received,
        state="new",
    )
    steps = {
        "triaged": (triaged, "triage"),
        "allocated": (allocated, "allocated"),
        "contacted": (contacted, "allocated"),
    }
    for column, (moment, state) in steps.items():
        if moment < now:
            case |= {column: moment, "state": state, "changed": moment}
            case |= {"version": case["version"] + 1, "level": level, "next_step": "support"}
    if allocated < now:
        case["worker_id"] = worker
    if planned and starts < now:
        case |= _plan(starts, now) | {"state": "working", "changed": starts}
    number = len(rows.tables[support_case]) + 1
    if closed < now:
        status, was, changed = "cancelled", "requested", closed
        case |= {"state": "closed", "closed": closed, "close_reason": reason, "changed": closed}
        if planned:
            case["reviewed"] = closed
            _outcomes(rows, number, reason, chance)
    else:
        status, was, changed = "requested", "", received
        if case["state"] == "working":
            _goals(rows, number, starts)
    booked = rows.book(
        thing, status=status, was=was, way=way, created=received, changed=changed, ends=None
    )
    rows.add(support_case, id=number, booking_id=booked, **case)


def _plan(starts: datetime, now: datetime) -> dict[str, Any]:
    def day(weeks: int) -> str:
        return (starts + timedelta(weeks=weeks)).astimezone(LONDON).date().isoformat()

    first = starts + timedelta(weeks=6)
    return {
        "starts": day(0),
        "first_review": day(6),
        "last_review": day(12),
        "first_reviewed": first if first < now else None,
    }


def _goals(rows: Rows, case: int, starts: datetime) -> None:
    for number, (goal, step, who) in enumerate(_GOALS, 1):
        due = (starts + timedelta(weeks=4 * number)).astimezone(LONDON).date()
        rows.add(
            plan_goal,
            case_id=case,
            number=number,
            goal=goal,
            step=step,
            who=who,
            role="",
            due=due.isoformat(),
            done=False,
        )


def _outcomes(rows: Rows, case: int, reason: str, chance: Random) -> None:
    lift = -1 if reason == "up" else 0 if reason == "stopped" else 3
    for outcome in sorted(chance.sample(range(1, 6), chance.randint(2, 4))):
        before = chance.randint(2, 6)
        rows.add(
            case_outcome,
            case_id=case,
            outcome=outcome,
            score_before=before,
            score_after=max(1, min(10, before + lift + chance.randint(-1, 2))),
        )


def fill_gaps(rows: Rows, directory: Directory, now: datetime, first: datetime) -> None:
    """Add answered gaps of every district: met, or without help."""
    needs = [one for one in NEEDS if one not in PRIVATE_NEEDS]
    for district in directory.districts:
        chance = Random(f"{rows.chance.random()} {district.slug}")
        made = first + timedelta(days=chance.uniform(3, 40))
        while made < now - timedelta(days=35):
            theme = chance.choice(tuple(GAP_THEMES))
            rows.add(
                gap,
                key_hash=secrets.token_bytes(32),
                reference=new_reference(),
                district=district.slug,
                needs=sorted(chance.sample(needs, chance.randint(1, 2))),
                wanted=f"Sample: {GAP_THEMES[theme].lower()}",
                tried="Sample: what there is nearby",
                pounds=chance.choice((None, None, 60, 120, 180)),
                name="",
                organisation="",
                email="",
                created=made,
                level=2,
                caf=True,
                families=1,
                theme=theme,
                attends="",
                panel="",
                state=chance.choice(("met", "met", "no")),
                meeting="",
                meeting_day="",
                reply="",
                version=1,
            )
            made += timedelta(days=chance.uniform(9, 45))


def fill_wishes(rows: Rows, directory: Directory, now: datetime) -> None:
    """Add families that wait to hear of a programme. They have no address: nothing is sent."""
    programmes = [one for one in directory.programmes if one.can_tell and not one.sensitive]
    for district in directory.districts:
        chance = Random(f"{rows.chance.random()} {district.slug}")
        for programme in chance.sample(programmes, min(4, len(programmes))):
            for _ in range(chance.choice((1, 2, 6, 8))):
                nonce = secrets.token_bytes(16)
                rows.add(
                    wish,
                    key_hash=secrets.token_bytes(32),
                    reference=new_reference(),
                    programme=programme.slug,
                    ages=[chance.choice(("8 months", "2", "4", "9", "13"))],
                    near=district.title,
                    latitude=district.latitude,
                    longitude=district.longitude,
                    district=district.slug,
                    email=None,
                    phone=None,
                    contact_by="none",
                    safe_to_contact=False,
                    contact_hash=None,
                    link_nonce=nonce,
                    link_hash=digest_of(secrets.token_hex(16)),
                    state="open",
                    made=now - timedelta(days=chance.uniform(1, 60)),
                    ends=now + timedelta(days=300),
                    last_told=None,
                )


def fill_consultations(rows: Rows, directory: Directory, now: datetime) -> None:
    """Add answers to the consultations that have opened."""
    today = now.astimezone(LONDON).date()
    for board in directory.boards:
        asked = board.consultation
        if asked is None or asked.opens > today:
            continue
        chance = Random(f"{rows.chance.random()} {asked.slug}")
        last = min(asked.closes, today)
        for _ in range(chance.randint(60, 160)):  # several groups that are shown
            day = asked.opens + timedelta(days=chance.randint(0, (last - asked.opens).days))
            rows.add(
                consultation_answer,
                key_hash=secrets.token_bytes(32),
                board=board.slug,
                consultation=asked.slug,
                district=board.district or chance.choice(directory.districts).slug,
                age_band=chance.choice(("", *(band.slug for band in AGE_BANDS))),
                # The first options are chosen more often, so that a chart has something to tell.
                answers={
                    one.name: one.options[int(len(one.options) * chance.random() ** 1.5)]
                    for one in asked.questions
                },
                extra=False,
                created=datetime.combine(day, time(), LONDON),
            )
