"""Keeps what was held on each date of each series, for the reports of past quarters.

What it hides: a file says what is planned, and is edited, renamed and deleted. So a row is written
for each session once its day is over, with what was true of it then: where, of which programme, for
which outcomes. Later only a cancellation or another day is corrected, as long as the file says so.
An edit of the time or weekday of a series is about its coming dates, so it changes no row, and adds
none before the last one that the series has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select

from portal.database import insert_new_rows, read
from portal.database.tables import session_record
from portal.directory import Directory, Series, Session, quarters
from portal.directory.values import LONDON

_AT_ONCE = 400


def keep(connection: Connection, directory: Directory, now: datetime) -> int:
    """Write a row for each session whose day is over, and correct those that have changed.

    Returns how many rows were written or corrected. Nothing is deleted.
    """
    today = now.astimezone(LONDON).date()
    kept: dict[str, dict[str, Row[Any]]] = {}
    for row in connection.execute(select(session_record)):
        kept.setdefault(row.series, {})[row.planned] = row
    new: list[dict[str, Any]] = []
    corrected = 0
    for series in (*directory.series, *directory.private_series):
        rows = _rows_of(series, kept)
        # Of those on their planned day: one that has moved says nothing of the others.
        last = max((row.day for row in rows.values() if row.day == row.planned), default="")
        for session in series.all_sessions:
            if session.anchor in rows:
                corrected += _correct(connection, rows[session.anchor], session, today, now)
            elif session.day < today and max(session.anchor, session.day.isoformat()) > last:
                new.append(record_of(directory, session, now))
    for start in range(0, len(new), _AT_ONCE):
        # Another worker may write the same rows.
        insert_new_rows(connection, session_record, new[start : start + _AT_ONCE])
    return len(new) + corrected


def _rows_of(series: Series, kept: Mapping[str, Mapping[str, Row[Any]]]) -> dict[str, Row[Any]]:
    """The rows of a series under any identity that it has had, by planned date."""
    found: dict[str, Row[Any]] = {}
    for identity in (*series.old_identities, series.identity):
        found |= kept.get(identity, {})
    return found


def _correct(
    connection: Connection, row: Row[Any], session: Session, today: date, now: datetime
) -> bool:
    """Correct the row of a session that was cancelled or moved after its day."""
    # One that has moved to a day to come is not held yet.
    held = _is_held(session) and session.day < today
    day = session.day.isoformat()
    if (row.held, row.day) == (held, day):
        return False
    connection.execute(
        session_record.update()
        .where(session_record.c.series == row.series, session_record.c.planned == row.planned)
        .values(held=held, day=day, minutes=_minutes(session), changed=now)
    )
    return True


def _is_held(session: Session) -> bool:
    return not session.off and not session.series.withdrawn


def _minutes(session: Session) -> int:
    return round((session.ends - session.starts).total_seconds() / 60)


def record_of(directory: Directory, session: Session, now: datetime) -> dict[str, Any]:
    """The row of a session, as it is now."""
    series, programme, centre = session.series, session.series.programme, session.series.centre
    limited = series.booking != "drop-in"
    return {
        "series": series.identity,
        "planned": session.anchor,
        "day": session.day.isoformat(),
        "minutes": _minutes(session),
        "held": _is_held(session),
        "places": series.places if limited else None,
        "programme": programme.slug,
        "centre": centre.slug,
        "district": centre.district,
        "footprint": directory.footprint_of(centre).slug,
        "offer": programme.offer,
        "level": programme.level or "",
        "outcomes": list(programme.outcomes),
        "needs": list(programme.needs),
        "sensitive": programme.sensitive,
        "changed": now,
    }


def identities(series: Iterable[Series]) -> Mapping[str, str]:
    """Every identity, present or former, mapped to the present one."""
    names: dict[str, str] = {}
    for one in series:
        names |= dict.fromkeys(one.old_identities, one.identity)
        names[one.identity] = one.identity
    return names


def quarters_kept(engine: Engine, now: datetime) -> list[str]:
    """The quarters of which there is a record, and those since, up to the one that goes on."""
    with read(engine) as connection:
        first = connection.execute(select(func.min(session_record.c.day))).scalar()
    today = now.astimezone(LONDON).date()
    if first is None or date.fromisoformat(first) > today:
        return []
    return quarters.between(date.fromisoformat(first), today)
