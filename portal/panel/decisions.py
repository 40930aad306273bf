"""What a Resource Panel decides: one member proposes, and another one agrees (S95).

What it hides: a decision is made in one transaction that locks the form, takes the money of the
year, changes the state of the form and queues the answer to the practitioner. A proposal can be
dropped, and each form has one at a time. Where a district has no panel, the manager of the
footprint answers alone, and spends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, select

from portal.bookings.locking import NotPossible
from portal.database import note, read, write
from portal.database.audit import AuditAction
from portal.database.engine import insert_if_new
from portal.database.tables import gap, panel_decision
from portal.directory import Directory, Panel
from portal.directory.values import LONDON
from portal.panel import budget, gaps
from portal.panel.gaps import OPEN, Filed
from portal.panel.meetings import panel_of
from portal.panel.themes import gather
from portal.staff.accounts import Staff

Kind = Literal["met", "spend", "more", "escalate", "no"]
# The state of a form after each kind of decision.
STATES: Mapping[str, str] = {
    "met": "met", "spend": "spent", "more": "more", "escalate": "escalated", "no": "no",
}  # fmt: skip
ALONE: tuple[Kind, ...] = ("met", "more", "no")  # what a manager answers where there is no panel


@dataclass(frozen=True)
class Proposal:
    """What a member proposes: with `link`, the page of what there is (met), or with money."""

    kind: Kind
    words: str
    link: str = ""
    pounds: int | None = None
    what_for: str = ""
    provider: str = ""
    how: str = ""  # the family gets what is paid for


@dataclass(frozen=True, kw_only=True)
class Decision(Proposal):
    """A proposal or a decision that is stored. `proposed_by` and `agreed_by` are accounts."""

    id: int
    gap_id: int
    state: str
    proposed_by: int
    proposed: datetime
    agreed_by: int | None
    agreed: datetime | None
    year: int | None

    @property
    def made(self) -> datetime:
        """When it was made, or proposed."""
        return self.agreed or self.proposed


def propose(
    engine: Engine,
    directory: Directory,
    number: int,
    proposal: Proposal,
    *,
    seen: int,
    by: Staff,
    now: datetime,
) -> None:
    """Propose a decision on a form, which is at the version that was `seen`. Raises NotPossible."""

    def work(connection: Connection) -> None:
        if _same(connection, number, proposal, by):
            return  # pressed twice
        one = _open(connection, number, seen)
        panel = _panel(directory, one)
        if proposal.kind == "spend":
            _check_sum(proposal.pounds or 0, panel)
        if not _insert(connection, one, proposal, state="proposed", by=by, now=now):
            raise NotPossible("A member has proposed something already. Look at the form again.")
        gaps.change(connection, one)
        _note(connection, now, by, "propose decision", one, proposal)

    write(engine, work)


def agree(
    engine: Engine, directory: Directory, number: int, *, seen: int, by: Staff, now: datetime
) -> None:
    """Agree the proposal on a form, as another member than proposed it.

    The money, the state of the form and the answer go together. Raises NotPossible.
    """

    def work(connection: Connection) -> None:
        if _agreed_by(connection, number, by):
            return  # pressed twice
        one = _open(connection, number, seen)
        panel, found = _panel(directory, one), _proposed(connection, number)
        if found.proposed_by == by.id:
            raise NotPossible("Another member has to agree, because you proposed this yourself.")
        values: dict[str, Any] = {"state": "made", "agreed_by": by.id, "agreed": now}
        if found.kind == "spend":
            values["year"] = _spend(connection, one, panel, found.pounds or 0, now)
        _update(connection, found.id, **values)
        _answer(connection, one, found, by, now)
        _note(connection, now, by, "agree decision", one, found)

    write(engine, work)


def drop(engine: Engine, number: int, *, seen: int, by: Staff, now: datetime) -> None:
    """Drop the proposal on a form. Raises NotPossible."""

    def work(connection: Connection) -> None:
        one = _open(connection, number, seen)
        found = _proposed(connection, number)
        _update(connection, found.id, state="dropped")
        gaps.change(connection, one)
        _note(connection, now, by, "drop decision", one, found)

    write(engine, work)


def answer_alone(
    engine: Engine,
    directory: Directory,
    number: int,
    proposal: Proposal,
    *,
    seen: int,
    by: Staff,
    now: datetime,
) -> None:
    """The manager's answer where the district has no panel. Raises NotPossible."""

    def work(connection: Connection) -> None:
        if _same(connection, number, proposal, by):
            return  # pressed twice
        one = _open(connection, number, seen)
        if panel_of(directory, one.district) is not None or proposal.kind not in ALONE:
            raise NotPossible("The Resource Panel of this district decides about this.")
        _insert(connection, one, proposal, state="made", by=by, now=now)
        made = _latest(connection, number)
        assert made is not None  # noqa: S101  it was inserted just now
        _answer(connection, one, made, by, now)
        _note(connection, now, by, "agree decision", one, proposal)

    write(engine, work)


# --- reading --------------------------------------------------------------------------------------


def of_gaps(engine: Engine, numbers: Sequence[int]) -> dict[int, list[Decision]]:
    """The proposals and decisions of these forms, the latest first, without dropped ones."""
    query = (
        select(panel_decision)
        .where(panel_decision.c.gap_id.in_(numbers), panel_decision.c.state != "dropped")
        .order_by(panel_decision.c.id.desc())
    )
    found: dict[int, list[Decision]] = {number: [] for number in numbers}
    with read(engine) as connection:
        for row in connection.execute(query):
            found[row.gap_id].append(_decision(row))
    return found


def days_of(engine: Engine, district: str) -> list[date]:
    """The days on which a panel decided something."""
    with read(engine) as connection:
        moments = connection.execute(
            select(panel_decision.c.agreed)
            .join(gap, gap.c.id == panel_decision.c.gap_id)
            .where(*_of_panel(district))
        ).scalars()
        return sorted({one.astimezone(LONDON).date() for one in moments})


def _of_panel(district: str) -> list[Any]:
    """What a panel decided: by two members, and not by a manager where there was no panel."""
    of = panel_decision.c
    return [gap.c.district == district, of.state == "made", of.agreed_by.is_not(None)]


def made_on(engine: Engine, district: str, day: date) -> list[tuple[Decision, Filed]]:
    """The decisions of a panel that were made on a day, in their order, each with its form."""
    since = datetime.combine(day, time.min, LONDON)
    until = datetime.combine(day + timedelta(days=1), time.min, LONDON)
    wanted = [
        *_of_panel(district),
        panel_decision.c.agreed >= since,
        panel_decision.c.agreed < until,
    ]
    query = (
        select(panel_decision)
        .join(gap, gap.c.id == panel_decision.c.gap_id)
        .where(*wanted)
        .order_by(panel_decision.c.agreed, panel_decision.c.id)
    )
    with read(engine) as connection:
        made = [_decision(row) for row in connection.execute(query)]
        ids = {one.gap_id for one in made}
        rows = connection.execute(select(gap).where(gap.c.id.in_(ids)))
        forms = {row.id: gaps.filed_of(row) for row in rows}
    return [(one, forms[one.gap_id]) for one in made]


# --- parts ----------------------------------------------------------------------------------------


def _open(connection: Connection, number: int, seen: int) -> Filed:
    one = gaps.locked(connection, number, seen)
    if one.state not in OPEN:
        raise NotPossible("This is decided already.")
    return one


def _panel(directory: Directory, one: Filed) -> Panel:
    panel = panel_of(directory, one.district)
    if panel is None:
        raise NotPossible("This district has no Resource Panel any more.")
    return panel


def _check_sum(pounds: int, panel: Panel) -> None:
    if not 0 < pounds <= panel.limit:
        raise NotPossible(
            f"The panel may spend £{panel.limit:,} at most for one form. Escalate it for more."
        )


def _spend(connection: Connection, one: Filed, panel: Panel, pounds: int, now: datetime) -> int:
    """Take the money of a decision; returns the financial year that it is of."""
    _check_sum(pounds, panel)
    day = now.astimezone(LONDON).date()
    if not budget.take(connection, one.district, panel.budget, day, pounds):
        left = budget.balance(connection, one.district, panel.budget, day)
        raise NotPossible(
            f"Only £{left.left:,} of the budget for {left.words} is left, and this is £{pounds:,}."
        )
    return budget.year_of(day)


def _proposed(connection: Connection, number: int) -> Decision:
    row = connection.execute(
        select(panel_decision).where(
            panel_decision.c.gap_id == number, panel_decision.c.state == "proposed"
        )
    ).first()
    if row is None:
        raise NotPossible("Nothing is proposed any more.")
    return _decision(row)


def _latest(connection: Connection, number: int) -> Decision | None:
    """The latest proposal or decision on a form, which is locked first."""
    gaps.locked(connection, number)
    mine = select(panel_decision).where(panel_decision.c.gap_id == number)
    row = connection.execute(mine.order_by(panel_decision.c.id.desc()).limit(1)).first()
    return _decision(row) if row else None


def _same(connection: Connection, number: int, proposal: Proposal, by: Staff) -> bool:
    """Whether this member has just proposed the same."""
    last = _latest(connection, number)
    if last is None or last.proposed_by != by.id or last.state == "dropped":
        return False
    made = [getattr(last, one.name) for one in fields(Proposal)]
    still = last.state == "proposed" or gaps.locked(connection, number).state == STATES[last.kind]
    return still and made == [getattr(proposal, one.name) for one in fields(Proposal)]


def _agreed_by(connection: Connection, number: int, by: Staff) -> bool:
    """Whether this member has just agreed the decision."""
    last = _latest(connection, number)
    if last is None or last.agreed_by != by.id:
        return False
    return gaps.locked(connection, number).state == STATES[last.kind]


def _insert(
    connection: Connection, one: Filed, proposal: Proposal, *, state: str, by: Staff, now: datetime
) -> bool:
    """Store a proposal; False if the form has one already."""
    values = {name.name: getattr(proposal, name.name) for name in fields(Proposal)}
    values |= {"gap_id": one.id, "state": state, "proposed_by": by.id, "proposed": now}
    if state == "made":
        values["agreed"] = now
    return insert_if_new(connection, panel_decision, **values)


def _update(connection: Connection, number: int, **values: Any) -> None:
    row = panel_decision.update().where(panel_decision.c.id == number)
    connection.execute(row.values(**values))


def _answer(connection: Connection, one: Filed, found: Decision, by: Staff, now: datetime) -> None:
    """Change the form by a decision that is made, and queue the answer."""
    gaps.change(connection, one, state=STATES[found.kind])
    kind = "gap-more" if found.kind == "more" else "gap-answer"
    gaps.queue(connection, one.id, kind, now, decision=found.id)
    passed_on = one.id if found.kind == "escalate" else None
    gather(connection, one.panel, one.theme, now=now, actor=by.actor, passed_on=passed_on)


def _note(
    connection: Connection,
    now: datetime,
    by: Staff,
    action: AuditAction,
    one: Filed,
    what: Proposal,
) -> None:
    detail: dict[str, Any] = {"detail_reference": one.reference, "kind": what.kind}
    if what.pounds:
        detail["pounds"] = what.pounds
    note(connection, now, by.actor, action, None, one.identity, **detail)


def _decision(row: Row[Any]) -> Decision:
    return Decision(**{one.name: getattr(row, one.name) for one in fields(Decision)})
