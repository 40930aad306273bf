"""Gaps of a Resource Panel put into a database, for tests of what comes after the form."""

import itertools
from datetime import datetime

from sqlalchemy import Connection, Engine

from portal import database
from portal.database import tables
from portal.panel import themes
from tests.support.made import NOW

_number = itertools.count(1)


def put_gap(
    connection: Connection,
    theme: str = "childcare",
    *,
    needs=("send",),
    panel: str = "pendle",
    state: str = "open",
    created: datetime = NOW,
) -> int:
    """A gap as the form and the decisions leave it, without looking for its theme."""
    number = next(_number)
    row = tables.gap.insert().values(
        reference=f"GAPS-{number:04}",
        key_hash=b"%032d" % number,
        district=panel,
        needs=list(needs),
        wanted="A creche on Tuesdays",
        tried="The nursery is full",
        pounds=None,
        name="Jo Bell",
        organisation="A school",
        email="jo@example.org",
        created=created,
        theme=theme,
        panel=panel,
        state=state,
    )
    return int(connection.execute(row.returning(tables.gap.c.id)).scalar_one())


def report_gap(
    engine: Engine, theme: str = "childcare", now: datetime = NOW, **given
) -> int | None:
    """Report a gap as the form does. Returns the issue that it is part of."""

    def work(connection: Connection) -> int | None:
        put_gap(connection, theme, created=now, **given)
        panel = given.get("panel", "pendle")
        return themes.gather(connection, panel, theme, now=now, actor="professional")

    return database.write(engine, work)
