"""The week of each centre, which its staff check each Monday: who is asked, and what they answer.

Each worker and editor of a centre gets a link without a sign-in, good for one answer until the end
of the week: all is right, or something is off (S80). A week is right once one of them has said so.
What is off stays open until somebody closes it. `week_post` sends the emails.

The rows hold nothing of a family. They are deleted after some weeks, an open report never.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, select

from portal.content.school_calendar import school_calendar
from portal.database import insert_if_new, note, read, write
from portal.database.audit import AuditAction, staff_names
from portal.database.references import digest_of, new_week_link
from portal.database.tables import week, week_link, week_report
from portal.directory import Centre, Directory
from portal.directory.centre_week import due_day, monday_of
from portal.directory.values import LONDON
from portal.settings import Settings
from portal.staff import accounts
from portal.staff.accounts import Staff
from portal.staff.roles import OF_CENTRES

_WEEKS_KEPT = timedelta(weeks=8)
_REPORTS_KEPT = timedelta(days=30)  # after they were closed

Sees = Callable[[str], bool]  # whether a centre, by its slug or an earlier one, may be shown


# --- asking ---------------------------------------------------------------------------------------


def ask(engine: Engine, directory: Directory, settings: Settings, *, now: datetime) -> int:
    """Queue an email to the staff of each centre, once for each week; returns how many.

    It is due from the hour of the settings on the first working day, until Friday. It reads first,
    because it runs every few seconds.
    """
    local = now.astimezone(LONDON)
    if settings.week_hour < 0 or settings.email_channel == "none" or local.weekday() > 4:
        return 0
    monday = monday_of(local.date())
    day = due_day(monday, school_calendar(directory.terms).closed)
    if day is None or local < datetime.combine(day, time(settings.week_hour), LONDON):
        return 0
    with read(engine) as connection:
        asked = {*connection.execute(_asked_in(monday)).scalars()}
    fresh = [one for one in directory.centres if one.slug not in asked and not _closed(one, day)]
    if not fresh:
        return 0
    everybody = [one.staff for one in accounts.everyone(engine) if one.ready and not one.removed]

    def work(connection: Connection) -> int:
        return sum(
            _ask_centre(
                connection, one, _staff_of(one, directory, everybody), monday, settings, now
            )
            for one in fresh
        )

    return write(engine, work)


def _asked_in(monday: date) -> sa.Select[tuple[str]]:
    return select(week.c.centre).where(week.c.monday == monday.isoformat())


def _closed(centre: Centre, day: date) -> bool:
    """Whether its status closes it on this day."""
    status = centre.status
    return not status.open and centre.closed_from <= day <= (status.until or date.max)


def _staff_of(centre: Centre, directory: Directory, everybody: Iterable[Staff]) -> list[Staff]:
    """Those who look after the pages of a centre, and are named for it."""
    return [
        one for one in everybody if one.role in OF_CENTRES and one.may_edit(centre.slug, directory)
    ]


def _ask_centre(
    connection: Connection,
    centre: Centre,
    people: Sequence[Staff],
    monday: date,
    settings: Settings,
    now: datetime,
) -> int:
    """Queue the emails of one centre, unless another process has done so."""
    values = {"centre": centre.slug, "monday": monday.isoformat()}
    if not insert_if_new(connection, week, asked=now, **values):
        return 0
    for one in people:
        nonce = secrets.token_bytes(16)
        link_hash = digest_of(new_week_link(settings.secret, nonce))
        row = {"staff_id": one.id, "nonce": nonce, "link_hash": link_hash, **values}
        connection.execute(week_link.insert().values(state="owed", due=now, tries=0, **row))
    return len(people)


# --- the links ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """The person whom a link asks, about which week, and what was answered."""

    link_id: int
    staff: Staff
    centre: Centre
    monday: date
    digest: str  # of the week that the email showed
    answer: str  # '', 'right' or 'off'
    used: datetime | None
    ticked: datetime | None  # when somebody said of the week that all is right
    ticked_by: str
    trouble: str  # why the page of the centre does not say so


def asked_by(engine: Engine, directory: Directory, token: str, *, now: datetime) -> Asked | None:
    """Whom this link asks. None if it is wrong or over, or the person does not look after the pages
    of the centre any more."""
    with read(engine) as connection:
        link = connection.execute(
            select(week_link).where(week_link.c.link_hash == digest_of(token))
        ).first()
        if link is None:
            return None
        asked = connection.execute(
            select(week).where(week.c.centre == link.centre, week.c.monday == link.monday)
        ).one()
    monday, centre = date.fromisoformat(link.monday), directory.centre(link.centre)
    account = accounts.account(engine, link.staff_id)
    if centre is None or account is None or account.removed or now >= ends(monday):
        return None
    if not account.staff.may_edit(centre.slug, directory):
        return None
    return Asked(
        link_id=link.id,
        staff=account.staff,
        centre=centre,
        monday=monday,
        digest=link.digest,
        answer=link.answer,
        used=link.used,
        ticked=asked.ticked,
        ticked_by=staff_names(engine).get(asked.ticked_by, "A colleague"),
        trouble=asked.trouble,
    )


def ends(monday: date) -> datetime:
    """When the links of a week end: with its Sunday."""
    return datetime.combine(monday + timedelta(days=7), time(), LONDON)


def tick(engine: Engine, asked: Asked, *, trouble: str, now: datetime) -> bool:
    """Note that all is right with what this person was shown. False if the link was used before.

    `trouble` says why the page of the centre does not say so.
    """
    values = {"ticked": now, "ticked_by": asked.staff.id, "trouble": trouble}

    def work(connection: Connection) -> bool:
        if not _use(connection, asked, "right", now):
            return False
        # Of two answers at once the first counts: it is the one that wrote the file.
        first = week.update().where(*_week_of(asked), week.c.ticked.is_(None))
        connection.execute(first.values(**values))
        _note(connection, now, asked.staff.actor, "week right", asked.centre.slug)
        return True

    return write(engine, work)


def report(
    engine: Engine, asked: Asked, sessions: Sequence[str], words: str, *, now: datetime
) -> bool:
    """Note what is off, for the staff of the centre. False if the link was used before."""
    values = {
        "centre": asked.centre.slug,
        "monday": asked.monday.isoformat(),
        "staff_id": asked.staff.id,
        "sessions": list(sessions),
        "words": words,
        "created": now,
    }

    def work(connection: Connection) -> bool:
        if not _use(connection, asked, "off", now):
            return False
        connection.execute(week_report.insert().values(**values))
        _note(connection, now, asked.staff.actor, "week off", asked.centre.slug)
        return True

    return write(engine, work)


def _use(connection: Connection, asked: Asked, answer: str, now: datetime) -> bool:
    """Use up a link: only one answer can."""
    unused = week_link.update().where(week_link.c.id == asked.link_id, week_link.c.used.is_(None))
    return connection.execute(unused.values(used=now, answer=answer)).rowcount == 1


def _week_of(asked: Asked) -> tuple[sa.ColumnElement[bool], ...]:
    return week.c.centre == asked.centre.slug, week.c.monday == asked.monday.isoformat()


def _note(
    connection: Connection, now: datetime, actor: str, action: AuditAction, centre: str
) -> None:
    # A line belongs to those who see what begins with the centre.
    note(connection, now, actor, action, None, f"{centre}/")


# --- what staff see -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Report:
    """What is off in a week, as somebody of the centre said by a link."""

    id: int
    centre: str
    monday: date
    by: str
    sessions: Sequence[str]
    words: str
    created: datetime


def open_reports(engine: Engine, sees: Sees) -> list[Report]:
    """The reports that nobody has closed, of the centres that `sees` allows, oldest first."""
    still_open = select(week_report).where(week_report.c.closed.is_(None))
    with read(engine) as connection:
        rows = connection.execute(still_open.order_by(week_report.c.id)).all()
    seen = [row for row in rows if sees(row.centre)]
    names = staff_names(engine) if seen else {}
    return [
        Report(
            id=row.id,
            centre=row.centre,
            monday=date.fromisoformat(row.monday),
            by=names.get(row.staff_id, "A colleague"),
            sessions=tuple(row.sessions),
            words=row.words,
            created=row.created,
        )
        for row in seen
    ]


def centre_of_report(engine: Engine, number: int) -> str | None:
    """The centre that a report is about, open or closed."""
    wanted = select(week_report.c.centre).where(week_report.c.id == number)
    with read(engine) as connection:
        return connection.execute(wanted).scalar()


def close_report(engine: Engine, number: int, *, now: datetime, by: Staff) -> bool:
    """Close a report. A second call changes nothing and says False."""

    def work(connection: Connection) -> bool:
        still_open = week_report.update().where(
            week_report.c.id == number, week_report.c.closed.is_(None)
        )
        values = {"closed": now, "closed_by": by.id}
        row = connection.execute(
            still_open.values(**values).returning(week_report.c.centre)
        ).first()
        if row is not None:
            _note(connection, now, by.actor, "close report", row.centre)
        return row is not None

    return write(engine, work)


@dataclass(frozen=True, slots=True)
class Weeks:
    """The weeks of this Monday that a manager must know of, by the slugs of their centres."""

    overdue: Sequence[str] = ()  # asked on an earlier day, and not answered
    not_sent: Sequence[str] = ()  # of these, those to whom no email went
    nobody: Sequence[str] = ()  # nobody was asked, because nobody has an account
    unpublished: Sequence[tuple[str, str]] = ()  # right, and why the page does not say so


def of_this_week(engine: Engine, sees: Sees, *, now: datetime) -> Weeks:
    """What a manager must know about the weeks of the centres that `sees` allows."""
    today = now.astimezone(LONDON).date()
    monday = monday_of(today).isoformat()
    with read(engine) as connection:
        asked = connection.execute(
            select(week).where(week.c.monday == monday).order_by(week.c.centre)
        ).all()
        links = connection.execute(
            select(week_link.c.centre, week_link.c.state, week_link.c.answer).where(
                week_link.c.monday == monday
            )
        ).all()
    asked = [row for row in asked if sees(row.centre)]
    with_links = {link.centre for link in links}
    reached = {link.centre for link in links if link.state != "failed"}
    answered = {link.centre for link in links if link.answer}
    late = {row.centre for row in asked if row.asked.astimezone(LONDON).date() < today}
    overdue = tuple(sorted(late & with_links - answered))
    return Weeks(
        overdue=overdue,
        not_sent=tuple(one for one in overdue if one not in reached),
        nobody=tuple(row.centre for row in asked if row.centre not in with_links),
        unpublished=tuple((row.centre, row.trouble) for row in asked if row.ticked and row.trouble),
    )


def forget(engine: Engine, *, now: datetime) -> None:
    """Delete old weeks with their links, and reports that were closed a while ago."""
    before = (now - _WEEKS_KEPT).astimezone(LONDON).date().isoformat()

    def work(connection: Connection) -> None:
        connection.execute(week_link.delete().where(week_link.c.monday < before))
        connection.execute(week.delete().where(week.c.monday < before))
        connection.execute(week_report.delete().where(week_report.c.closed <= now - _REPORTS_KEPT))

    write(engine, work)
