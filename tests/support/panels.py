"""Gaps of a Resource Panel put into a database, for tests of what comes after the form."""

import itertools
from datetime import date, datetime

from sqlalchemy import Connection, Engine

from portal import database
from portal.database import tables
from portal.panel import projects, proposals, themes
from portal.panel.projects import Agreement, Project
from portal.panel.proposals import Begin, Up
from tests.support.made import NOW

_number = itertools.count(1)
_TODAY = NOW.date()


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


def decide(engine: Engine, issue: int, step: proposals.Step, *, seen: int, now: datetime) -> None:
    """One member proposes the next step of a theme, and another one agrees."""
    proposals.propose(engine, issue, step, seen=seen, by=1, now=now)
    proposals.agree(engine, issue, seen=seen + 1, by=2, now=now)


def take_up(
    engine: Engine,
    issue: themes.Issue,
    *,
    answer: str = "We have no crèche",
    owner: str = "Chair",
    day: date = _TODAY,
    now: datetime = NOW,
) -> themes.Issue:
    decide(engine, issue.id, Up(answer, owner, day), seen=issue.version, now=now)
    found = themes.issue_of(engine, issue.id)
    assert found is not None
    return found


def begin_project(
    engine: Engine, issue: themes.Issue, agreed: Agreement, answer: str = "We pay for a creche"
) -> Project:
    decide(engine, issue.id, Begin(answer, agreed), seen=issue.version, now=NOW)
    found = projects.project_for(engine, issue.id)
    assert found is not None
    return found
