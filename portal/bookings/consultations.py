"""Keeps the answers to consultations, which name nobody, and says what is shown of them.

What is stored is choices from lists, the day, and the keyed form that brought them, which counts
once. There is no name, no contact, no free text and no time of day (S107). What anybody may read,
staff too, is worked out by `consultation_counts`. All answers to a consultation are deleted
together, a year after the last of them, because fewer answers would shift what is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, select

from portal.bookings.consultation_counts import Tally, in_steps, tally
from portal.database import insert_if_new, read, write
from portal.database.rate_limits import Allowance
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

    people: int  # in steps of 5
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
) -> bool:
    """Store one form, once for each key. Raises TooOften.

    `chosen` has the option of each question by its name. Returns whether it was new.
    """
    day = datetime.combine(now.astimezone(LONDON).date(), time(), LONDON)

    def work(connection: Connection) -> bool:
        fresh = insert_if_new(
            connection,
            consultation_answer,
            key_hash=digest_of(key),
            board=board.slug,
            consultation=consultation.slug,
            district=district,
            age_band=age_band,
            answers={one.name: chosen[one.name] for one in consultation.questions},
            created=day,
        )
        if fresh and allowance is not None:
            allowance.take(connection, now)
        return fresh

    return write(engine, work)


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
            )
            .where(consultation_answer.c.consultation == consultation.slug)
            .order_by(consultation_answer.c.id)
        ).all()
    closed = consultation.state(today) == "closed"
    questions = tuple(
        tally(
            one.label,
            one.options,
            [row.answers[one.name] for row in rows if one.name in row.answers],
            closed=closed,
        )
        for one in consultation.questions
    )
    bands = {band.slug: band.title for band in AGE_BANDS}
    districts = {one.slug: one.title for one in directory.districts}
    ages = [bands.get(row.age_band, NOT_SAID) for row in rows]
    homes = [districts.get(row.district, NOT_SAID) for row in rows]
    who = (
        tally(AGE, [*bands.values(), NOT_SAID], ages, closed=closed),
        tally(DISTRICT, [*districts.values(), NOT_SAID], homes, closed=closed),
    )
    counted = max((one.counted for one in who), default=0)
    return Results(max(counted, in_steps(len(rows))), questions, who)


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
