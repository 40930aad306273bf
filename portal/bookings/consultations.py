"""Keeps the answers to consultations, which name nobody, and says what is shown of them.

What is stored is choices from lists, the day, the keyed form that brought them, which counts once,
and whether its network had sent several on that day. There is no name, no contact, no network, no
free text and no time of day (S107). What anybody may read, staff too, is worked out by
`consultation_counts`. All answers to a consultation are deleted
together, a year after the last of them, because fewer answers would shift what is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, select

from portal.bookings.consultation_counts import FREE, Sent, Tally, groups, in_steps, tally
from portal.database import insert_if_new, read, write
from portal.database.rate_limits import Allowance, Limit, TooOften
from portal.database.references import digest_of
from portal.database.tables import consultation_answer
from portal.directory import AGE_BANDS, Board, Consultation, Directory
from portal.directory.values import LONDON

KEPT_FOR = timedelta(days=365)  # after the last answer
NOT_SAID = "Not said"
AGE, DISTRICT = "Age", "Where people live"


@dataclass(frozen=True, slots=True)
class Results:
    """What is shown of a consultation: how many answered, and the numbers of each question."""

    people: int  # by the end of the day before, in steps of 5; or as many as were counted
    questions: tuple[Tally, ...]
    who: tuple[Tally, ...]  # by age, and by district; never by both together


def answer(
    engine: Engine,
    board: Board,
    consultation: Consultation,
    chosen: Mapping[str, str],
    *,
    age_band: str,
    district: str,
    key: str,
    now: datetime,
    allowance: Allowance | None = None,
    filling: Allowance | None = None,
) -> bool:
    """Store one form, once for each key. Raises TooOften if `allowance` is used up.

    `chosen` has the option of each question by its name. When `filling` is used up, the answers are
    counted, but fill no group (`consultation_counts`). Returns whether the form was new.
    """
    day = datetime.combine(now.astimezone(LONDON).date(), time(), LONDON)
    form = digest_of(key)

    def work(connection: Connection) -> bool:
        fresh = insert_if_new(
            connection,
            consultation_answer,
            key_hash=form,
            board=board.slug,
            consultation=consultation.slug,
            district=district,
            age_band=age_band,
            answers={one.name: chosen[one.name] for one in consultation.questions},
            extra=False,
            created=day,
        )
        if fresh and allowance is not None:
            allowance.take(connection, now)
        if fresh and filling is not None and not _taken(filling, connection, now):
            # The row is ours alone: it was added in this transaction.
            connection.execute(
                consultation_answer.update()
                .where(consultation_answer.c.key_hash == form)
                .values(extra=True)
            )
        return fresh

    return write(engine, work)


def filling_of(secret: str, consultation: Consultation, network: str, now: datetime) -> Allowance:
    """What a network may send on one day that fills groups of answers."""
    day = now.astimezone(LONDON).date()
    value = f"{consultation.slug} {network} {day}"
    # The day is in the name, so that each day begins with a full bucket that hardly refills.
    return Allowance(secret, [Limit("filling", value, per_hour=1e-6, burst=FREE)])


def _taken(allowance: Allowance, connection: Connection, now: datetime) -> bool:
    try:
        allowance.take(connection, now)
    except TooOften:
        return False
    return True


def results(
    engine: Engine, directory: Directory, consultation: Consultation, today: date
) -> Results:
    """What anybody may read of a consultation on a day (S108)."""
    with read(engine) as connection:
        rows = connection.execute(
            select(
                consultation_answer.c.answers,
                consultation_answer.c.age_band,
                consultation_answer.c.district,
                consultation_answer.c.extra,
                consultation_answer.c.created,
            )
            .where(consultation_answer.c.consultation == consultation.slug)
            .order_by(consultation_answer.c.created, consultation_answer.c.id)
        ).all()
    sent = [Sent(row.created.astimezone(LONDON).date(), row.extra) for row in rows]
    whole = [*groups(sent, today, closed=consultation.state(today) == "closed")]
    questions = tuple(
        tally(
            one.label,
            one.options,
            [row.answers.get(one.name, "") for row in rows],
            sent,
            whole,
        )
        for one in consultation.questions
    )
    bands = {band.slug: band.title for band in AGE_BANDS}
    districts = {one.slug: one.title for one in directory.districts}
    ages = [bands.get(row.age_band, NOT_SAID) for row in rows]
    homes = [districts.get(row.district, NOT_SAID) for row in rows]
    who = (
        tally(AGE, [*bands.values(), NOT_SAID], ages, sent, whole),
        tally(DISTRICT, [*districts.values(), NOT_SAID], homes, sent, whole),
    )
    before = sum(one.day < today for one in sent)
    return Results(max(sum(map(len, whole)), in_steps(before)), questions, who)


def forget(connection: Connection, now: datetime) -> int:
    """Delete the answers to each consultation whose last answer is a year old."""
    old = (
        select(consultation_answer.c.consultation)
        .group_by(consultation_answer.c.consultation)
        .having(sa.func.max(consultation_answer.c.created) <= now - KEPT_FOR)
    )
    done = connection.execute(
        consultation_answer.delete().where(consultation_answer.c.consultation.in_(old))
    )
    return int(done.rowcount)
