"""Forms that staff sent after their visit had ended, kept until they have signed in again.

What it hides: a form is kept for the account whose visit it was, for an hour at most, and nobody
else can read it. It may hold a family's details, so backups leave it out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, select

from portal.database import read, write
from portal.database.tables import kept_form

KEPT_FOR = timedelta(hours=1)
_MOST = 5  # of one account: more than that is not the work of a person


@dataclass(frozen=True, slots=True)
class KeptForm:
    """One form: where it was sent, what it is in words, and its fields."""

    id: int
    path: str
    what: str
    fields: Sequence[tuple[str, str]]
    at: datetime


def keep(
    engine: Engine,
    staff_id: int,
    *,
    path: str,
    what: str,
    fields: Sequence[tuple[str, str]],
    now: datetime,
) -> None:
    """Keep a form, in place of one that was sent to the same address before."""
    values = {"staff_id": staff_id, "path": path, "what": what, "at": now}

    def work(connection: Connection) -> None:
        own = kept_form.c.staff_id == staff_id
        connection.execute(kept_form.delete().where(own, kept_form.c.path == path))
        connection.execute(kept_form.insert().values(fields=json.dumps(list(fields)), **values))
        newest = select(kept_form.c.id).where(own).order_by(kept_form.c.id.desc()).limit(_MOST)
        few = list(connection.execute(newest).scalars())
        connection.execute(kept_form.delete().where(own, kept_form.c.id.not_in(few)))

    write(engine, work)


def of(engine: Engine, staff_id: int, *, now: datetime) -> list[KeptForm]:
    """The forms kept for an account, oldest first."""
    query = (
        select(kept_form)
        .where(kept_form.c.staff_id == staff_id, kept_form.c.at > now - KEPT_FOR)
        .order_by(kept_form.c.id)
    )
    with read(engine) as connection:
        rows = connection.execute(query).all()
    return [
        KeptForm(
            row.id,
            row.path,
            row.what,
            [(name, value) for name, value in json.loads(row.fields)],
            row.at,
        )
        for row in rows
    ]


def drop(engine: Engine, staff_id: int, form_id: int) -> None:
    """Delete one kept form, once it was sent again or is not wanted."""
    mine = kept_form.delete().where(kept_form.c.id == form_id, kept_form.c.staff_id == staff_id)
    write(engine, lambda connection: connection.execute(mine))


def expire(engine: Engine, *, now: datetime) -> None:
    """Delete what was kept for an hour. It reads first, because it runs every few seconds."""
    late = kept_form.c.at <= now - KEPT_FOR
    with read(engine) as connection:
        there = connection.execute(select(kept_form.c.id).where(late).limit(1)).first()
    if there:
        write(engine, lambda connection: connection.execute(kept_form.delete().where(late)))
