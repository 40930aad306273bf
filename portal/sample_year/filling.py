"""Writes the invented year into an empty database, in one transaction, and marks the database.

A database that holds anything of a family or a professional is refused (S110). The look and the
rows are one transaction, so that a family that books meanwhile is not mixed with invented ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, select

from portal.content.school_calendar import school_calendar
from portal.database import backup, insert_if_new, write
from portal.database.prepared import Prepared
from portal.database.tables import (
    attendance,
    bookable,
    booking,
    case_outcome,
    complaint,
    consultation_answer,
    contact_count,
    gap,
    need,
    notice,
    person,
    plan_goal,
    sample_year,
    session_record,
    staff,
    support_case,
    walk_in,
    wish,
)
from portal.directory import Directory
from portal.directory.quarters import first_day, quarter_of
from portal.directory.values import LONDON
from portal.errors import PortalError
from portal.reports.records import keep, record_of
from portal.sample_year.groups import fill_run
from portal.sample_year.requests import fill_consultations, fill_gaps, fill_requests, fill_wishes
from portal.sample_year.rows import Rows
from portal.sample_year.runs import runs

# What families and professionals leave in a database, or staff note of them.
_OF_PEOPLE = (
    booking, walk_in, contact_count, gap, wish, complaint, notice, consultation_answer,
)  # fmt: skip
_ORDER = (
    bookable, booking, person, need, attendance, walk_in, contact_count, support_case, plan_goal,
    case_outcome, gap, wish, session_record,
    consultation_answer,
)  # fmt: skip


class NotEmpty(PortalError):
    """The database holds something that was not invented, or an invented year already."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What was written: from which day on, and how many rows by the table's name."""

    first: date
    rows: Mapping[str, int]

    @property
    def words(self) -> str:
        of = self.rows
        return (
            f"Invented since {self.first:%d %B %Y}: {of['booking']:,} bookings, "
            f"{of['attendance']:,} marks in registers, "
            f"{of['support_case']:,} requests for support, {of['gap']:,} gaps in service."
        )


_invented = Prepared(select(sample_year.c.id))  # asked for each page for staff


def is_sample(connection: Connection) -> bool:
    """Whether this database holds an invented year."""
    return _invented(connection).first() is not None


def fill(
    engine: Engine,
    directory: Directory,
    *,
    seed: int,
    secret: str,
    now: datetime,
    keep_days: int,
) -> Filled:
    """Invent a year for a directory. Raises NotEmpty.

    The same seed gives the same numbers for the same content on the same day.
    """
    today = now.astimezone(LONDON).date()
    quarter = first_day(quarter_of(today))
    first = quarter.replace(year=quarter.year - 1)
    since = datetime.combine(first, time(), LONDON)
    calendar = school_calendar(directory.terms)

    def work(connection: Connection) -> Mapping[str, int]:
        _demand_empty(connection)
        rows = Rows(secret, Random(seed), now - timedelta(days=keep_days))
        connection.execute(bookable.delete())  # the build may have made some, without bookings
        for run in runs(directory, calendar, first):
            fill_run(rows, directory, run, now, since)
            for session in run.sessions if run.past else ():
                if since <= session.starts and session.day < today:
                    rows.add(session_record, **record_of(directory, session, now))
        fill_requests(rows, directory, _workers(connection, directory, since), now, since)
        fill_gaps(rows, directory, now, since)
        fill_wishes(rows, directory, now)
        fill_consultations(rows, directory, now)
        made = rows.insert(connection, _ORDER)
        keep(connection, directory, now)  # what the content itself has held
        backup.reset_sequences(connection, [one.name for one in _ORDER if "id" in one.c])
        connection.execute(sample_year.insert().values(id=1, seed=seed, made=now))
        return made

    return Filled(first, write(engine, work))


def _workers(connection: Connection, directory: Directory, since: datetime) -> dict[str, int]:
    """An account for each district, which has its open cases. Nobody can sign in to it."""
    made = {}
    for district in directory.districts:
        centres = [one.slug for one in directory.centres_in(district) if one.status.open]
        values = {
            "name": f"sample-worker-{district.slug}@example.invalid",
            "title": f"Sample worker, {district.title}",
            "role": "worker",
            "centres": centres,
            "created": since,
        }
        insert_if_new(connection, staff, **values)
        known = select(staff.c.id).where(staff.c.name == values["name"])
        made[district.slug] = int(connection.execute(known).scalar_one())
    return made


def _demand_empty(connection: Connection) -> None:
    if is_sample(connection):
        raise NotEmpty(
            "This database holds an invented year already. To have another one, remove "
            f"{_name_of(connection)}, and run this again."
        )
    for table in _OF_PEOPLE:
        if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
            raise NotEmpty(
                f"This database is in use: its table '{table.name}' is not empty. Invented "
                "families must never stand beside real ones. Use an empty database: set "
                "PORTAL_VAR or PORTAL_DATABASE_URL to a new one."
            )


def _name_of(connection: Connection) -> str:
    """The file of the database, or what its address is called: it may hold a password."""
    url = connection.engine.url
    if url.get_backend_name() == "sqlite" and url.database:
        return url.database
    return "the database of PORTAL_DATABASE_URL"
