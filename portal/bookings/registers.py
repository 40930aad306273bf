"""The register of one session: who is expected, who came, and how many came without a booking.

What it hides: there is no attendance row until a family is marked, so a family that books or
cancels a minute before the session appears or disappears by itself. Each line has its own version:
a save includes the version it saw, so that two workers who mark different families both keep their
marks, the same mark twice counts once, and only if they differ on one family is the second shown a
conflict.

Reading, changing and exporting are logged: who, what and when, never a name (S30).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, select

from portal.bookings.answer_labels import labels_of
from portal.bookings.booking import Family, family_in
from portal.bookings.csv_export import Cell, csv_of, phone
from portal.bookings.locking import NotPossible
from portal.database import insert_if_new, note, note_reading, read, write
from portal.database.audit import STATES, AuditAction
from portal.database.tables import (
    HOLDING,
    attendance,
    bookable,
    booking,
    creche_place,
    need,
    person,
    referral,
    walk_in,
)
from portal.directory import Series, Session

MARKS: Mapping[str, str] = {
    "expected": "Expected",
    "came": "Came",
    "apologies": "Sent apologies",
    "absent": "Did not come",
}
MOST_WALK_INS = 999


@dataclass(frozen=True, slots=True)
class Line:
    """One family in a register. Its details are erased in time; the line stays."""

    booking_id: int
    reference: str
    status: str
    people: int
    family: Family | None
    remark: str
    mark: str
    version: int
    referrer: str = ""  # the professional who asked for the family: name and organisation
    creche: int = 0  # its children with a place in the creche
    creche_wanted: int = 0  # its children who wait for a place there

    @property
    def in_creche(self) -> tuple[str, ...]:
        """The ages of its children who are in the creche, unless the family does not come."""
        comes = self.creche and self.mark in ("expected", "came")
        return self.family.creche if comes and self.family else ()

    @property
    def name(self) -> str:
        return self.family.name if self.family else "Details deleted"

    @property
    def flagged(self) -> bool:
        """Whether there is something to read before the family arrives."""
        known = self.family
        details = known and (known.notes or known.access or known.language)
        return bool(details or self.remark)


@dataclass(frozen=True, slots=True)
class WalkIns:
    """Numbers of those who came without a booking."""

    families: int = 0
    children: int = 0
    adults: int = 0
    version: int = 0

    @property
    def numbers(self) -> tuple[int, int, int]:
        return self.families, self.children, self.adults


@dataclass(frozen=True, slots=True)
class Register:
    """One session with its families, as they are now."""

    series: Series
    session: Session
    lines: tuple[Line, ...]
    walk_ins: WalkIns
    places: int | None
    held: int  # places that are taken or offered
    offered: int
    waiting: int
    creche_waiting: int = 0  # families that wait for the creche

    @property
    def creche(self) -> Sequence[tuple[str, int]]:
        """The children in the creche, by age: the youngest first."""
        ages = Counter(age for line in self.lines for age in line.in_creche)
        return sorted(ages.items(), key=lambda one: _months(one[0]))

    @property
    def creche_children(self) -> int:
        """How many children are in the creche, those whose ages are erased included."""
        coming = (line for line in self.lines if line.mark in ("expected", "came"))
        return sum(line.creche for line in coming)

    @property
    def creche_adults(self) -> int:
        """How many adults they need by the ratio of the series; 0 if it gives none."""
        ratio = self.series.creche_ratio
        return -(-self.creche_children // ratio) if ratio else 0

    def count(self, mark: str) -> int:
        return sum(line.mark == mark for line in self.lines)

    @property
    def people(self) -> int:
        return sum(line.people for line in self.lines)


@dataclass(frozen=True, slots=True)
class Mark:
    """A worker's mark for one family, and the mark `seen` when the register was opened."""

    booking_id: int
    mark: str
    seen: str
    version: int


@dataclass(frozen=True, slots=True)
class Clash:
    """Another worker saved something different. `booking_id` is None for walk-ins."""

    booking_id: int | None
    theirs: str
    yours: str


@dataclass(frozen=True, slots=True)
class Saved:
    changed: int = 0
    clashes: tuple[Clash, ...] = field(default=())


def of(engine: Engine, series: Series, session: Session, *, now: datetime, actor: str) -> Register:
    """The register of a session. Reading it is logged."""
    with read(engine) as connection:
        register = _register(connection, series, session)
    _log(engine, "read register", series, [register], now=now, actor=actor, planned=session.anchor)
    return register


def _log(
    engine: Engine,
    action: AuditAction,
    series: Series,
    registers: Sequence[Register],
    *,
    now: datetime,
    actor: str,
    **detail: Any,
) -> None:
    """Log that somebody read or exported registers of one series (S30, S69)."""
    ids = [line.booking_id for one in registers for line in one.lines]
    write(engine, lambda c: note_reading(c, now, actor, action, ids, series.identity, **detail))


def save(
    engine: Engine,
    series: Series,
    session: Session,
    marks: Iterable[Mark],
    walk_ins: WalkIns | None = None,
    *,
    now: datetime,
    actor: str,
) -> Saved:
    """Save a worker's marks. A mark that conflicts with another worker's is reported, not saved.

    `walk_ins` holds the version that was seen. Raises NotPossible for a session
    that is cancelled or postponed.
    """
    if session.off:
        raise NotPossible("This session is cancelled or postponed.")
    wanted = sorted(
        (one for one in marks if one.mark != one.seen and one.mark in MARKS),
        key=lambda one: one.booking_id,
    )

    def work(connection: Connection) -> Saved:
        own = set(connection.execute(_of_session(series, session, booking.c.id)).scalars())
        clashes, changed = [], 0
        for one in wanted:
            if one.booking_id not in own:
                continue  # it belongs to another register and cannot be marked from here
            theirs = _mark(connection, one, session.anchor, now)
            changed += theirs is None
            if theirs not in (None, one.mark):
                clashes.append(Clash(one.booking_id, MARKS[theirs or ""], MARKS[one.mark]))
        if walk_ins is not None:
            said = _count_walk_ins(connection, series, session.anchor, walk_ins, now)
            changed += said is None
            if said not in (None, walk_ins.numbers):
                clashes.append(Clash(None, _numbers(said), _numbers(walk_ins.numbers)))
        if changed:
            note(
                connection, now, actor, "save register", None, series.identity,
                planned=session.anchor, changed=changed,
            )  # fmt: skip
        return Saved(changed, tuple(clashes))

    return write(engine, work)


def _mark(connection: Connection, one: Mark, planned: str, now: datetime) -> str | None:
    """Save one mark and return None; if another worker was quicker, return the saved mark."""
    key = {"booking_id": one.booking_id, "planned": planned}
    if one.version == 0:
        if insert_if_new(connection, attendance, **key, mark=one.mark, version=1, changed=now):
            return None
    else:
        done = connection.execute(
            attendance.update()
            .where(
                attendance.c.booking_id == one.booking_id,
                attendance.c.planned == planned,
                attendance.c.version == one.version,
            )
            .values(mark=one.mark, version=one.version + 1, changed=now)
        )
        if done.rowcount:
            return None
    saved = connection.execute(
        select(attendance.c.mark).where(
            attendance.c.booking_id == one.booking_id, attendance.c.planned == planned
        )
    ).scalar()
    return str(saved or "expected")


def _count_walk_ins(
    connection: Connection, series: Series, planned: str, said: WalkIns, now: datetime
) -> tuple[int, int, int] | None:
    """Save the numbers and return None; if another worker was quicker, return the saved ones."""
    saved = _walk_ins(connection, series, planned)
    if saved.numbers == said.numbers or saved.version != said.version:
        return saved.numbers
    families, children, adults = said.numbers
    values = {
        "families": families,
        "children": children,
        "adults": adults,
        "version": said.version + 1,
        "changed": now,
    }
    if said.version == 0:
        fresh = {"series": series.identity, "planned": planned, **values}
        if insert_if_new(connection, walk_in, **fresh):
            return None
    else:
        done = connection.execute(
            walk_in.update()
            .where(
                walk_in.c.series.in_((series.identity, *series.old_identities)),
                walk_in.c.planned == planned,
                walk_in.c.version == said.version,
            )
            .values(**values)
        )
        if done.rowcount:
            return None
    return _walk_ins(connection, series, planned).numbers


def _numbers(numbers: tuple[int, int, int] | None) -> str:
    families, children, adults = numbers or (0, 0, 0)
    return f"families {families}, children {children}, adults {adults}"


# --- reading ----------------------------------------------------------------------------------


def _of_session(series: Series, session: Session, *columns: Any) -> sa.Select[Any]:
    """The bookings of a session, under any identity that the series has had."""
    return (
        select(*columns)
        .select_from(booking.join(bookable))
        .where(
            bookable.c.series.in_((series.identity, *series.old_identities)),
            bookable.c.planned.in_(("", session.anchor)),
        )
    )


def _register(connection: Connection, series: Series, session: Session) -> Register:
    rows = connection.execute(
        _of_session(
            series, session,
            booking, person, need.c.access, need.c.language,
            creche_place.c.ages.label("creche_ages"), creche_place.c.state.label("creche_state"),
            creche_place.c.children.label("creche_children"),
            attendance.c.mark, attendance.c.version,
            referral.c.name.label("by_name"), referral.c.organisation.label("by_organisation"),
        )
        .join(referral, referral.c.booking_id == booking.c.id, isouter=True)
        .join(person, person.c.booking_id == booking.c.id, isouter=True)
        .join(need, need.c.booking_id == booking.c.id, isouter=True)
        .join(creche_place, creche_place.c.booking_id == booking.c.id, isouter=True)
        .join(
            attendance,
            sa.and_(
                attendance.c.booking_id == booking.c.id, attendance.c.planned == session.anchor
            ),
            isouter=True,
        )
    ).all()  # fmt: skip
    lines = [line_of(row) for row in rows if _belongs(row, session)]
    lines.sort(key=lambda line: (line.family is None, line.name.casefold(), line.reference))
    states = [row.status for row in rows]
    return Register(
        series,
        session,
        tuple(lines),
        _walk_ins(connection, series, session.anchor),
        series.places if series.booking != "drop-in" else None,
        _held(rows, session),
        states.count("offered"),
        states.count("waiting"),
        sum(row.creche_state == "waiting" for row in rows),
    )


def _held(rows: Iterable[Row[Any]], session: Session) -> int:
    """How many places are taken or offered; a party may hold several."""
    return sum(row.places for row in rows if row.status in HOLDING and row.created <= session.ends)


def _belongs(row: Row[Any], session: Session) -> bool:
    """Whether a booking has a place or was marked before it was cancelled.

    Bookings made after the session do not count.
    """
    if row.mark is not None:
        return True
    return bool(row.status == "confirmed" and row.created <= session.ends)


def line_of(row: Row[Any]) -> Line:
    return Line(
        booking_id=row.id,
        reference=row.reference,
        status=row.status,
        people=row.people,
        family=family_in(row),
        remark=row.remark or "",
        mark=row.mark or "expected",
        version=row.version or 0,
        referrer=f"{row.by_name}, {row.by_organisation}" if row.by_name else "",
        creche=_in_creche(row, "held"),
        creche_wanted=_in_creche(row, "waiting"),
    )


def _in_creche(row: Row[Any], state: str) -> int:
    found = row._mapping
    return found["creche_children"] if found.get("creche_state") == state else 0


def _months(age: str) -> int:
    number, _, unit = age.partition(" ")
    return int(number) * (1 if unit.startswith("month") else 12)


def _walk_ins(connection: Connection, series: Series, planned: str) -> WalkIns:
    found = connection.execute(
        select(walk_in).where(
            walk_in.c.series.in_((series.identity, *series.old_identities)),
            walk_in.c.planned == planned,
        )
    ).all()
    # Prefer the row under the present identity to one under a former identity.
    rows = sorted(found, key=lambda row: row.series != series.identity)
    if not rows:
        return WalkIns()
    return WalkIns(rows[0].families, rows[0].children, rows[0].adults, rows[0].version)


@dataclass(frozen=True, slots=True)
class Tally:
    """The numbers of one session, for lists of sessions."""

    booked: int = 0
    held: int = 0  # places that are taken or offered
    people: int = 0
    waiting: int = 0
    offered: int = 0
    came: int = 0
    walk_ins: int = 0


def tallies(engine: Engine, sessions: Sequence[Session]) -> dict[tuple[str, date], Tally]:
    """The numbers of many sessions, by identity and planned date."""
    wanted = {(one.series.identity, one.anchor): one for one in sessions}
    names = _names(one.series for one in sessions)
    with read(engine) as connection:
        rows = connection.execute(
            select(
                bookable.c.series, bookable.c.planned,
                booking.c.id, booking.c.status, booking.c.people, booking.c.places,
                booking.c.created,
            )
            .join(bookable)
            .where(bookable.c.series.in_(list(names)))
        ).all()  # fmt: skip
        marked = {
            (row.booking_id, row.planned): row.mark
            for row in connection.execute(
                select(attendance)
                .join(booking, booking.c.id == attendance.c.booking_id)
                .join(bookable)
                .where(bookable.c.series.in_(list(names)))
            )
        }
        came_by = {
            (names[row.series], row.planned): row.families
            for row in connection.execute(select(walk_in).where(walk_in.c.series.in_(list(names))))
        }
    by_series: dict[str, list[Any]] = {}
    for row in rows:
        by_series.setdefault(names[row.series], []).append(row)
    found = {}
    for (identity, planned), session in wanted.items():
        own = [
            (row, marked.get((row.id, planned)))
            for row in by_series.get(identity, ())
            if row.planned in ("", planned)
        ]
        booked = [
            row
            for row, mark in own
            if row.status == "confirmed" and (mark or row.created <= session.ends)
        ]
        found[identity, session.planned] = Tally(
            booked=len(booked),
            held=_held((row for row, _ in own), session),
            people=sum(row.people for row in booked),
            waiting=sum(row.status == "waiting" for row, _ in own),
            offered=sum(row.status == "offered" for row, _ in own),
            came=sum(mark == "came" for _, mark in own),
            walk_ins=came_by.get((identity, planned), 0),
        )
    return found


def _names(series: Iterable[Series]) -> dict[str, str]:
    """Every present or former identity of the series, mapped to the present one."""
    names: dict[str, str] = {}
    for one in series:
        names |= dict.fromkeys(one.old_identities, one.identity)
        names[one.identity] = one.identity
    return names


# --- in words, and as a file ----------------------------------------------------------------


def safe_way(family: Family | None) -> str:
    """How it is safe to get in touch: always shown before the number (S5)."""
    if family is None:
        return ""
    way = {"email": "By email", "text": "By text message", "call": "By phone call"}.get(
        family.contact_by
    )
    if way is None:
        return "Do not contact"
    if family.safe_to_contact:
        return way
    return f"{way}, leave no message" if family.contact_by == "call" else "Send nothing"


def may_ring(family: Family | None) -> bool:
    """Whether the phone number may be shown on a printed list, which others may see."""
    if not family or not family.phone:
        return False
    return family.contact_by == "call" or (family.contact_by == "text" and family.safe_to_contact)


def export(
    engine: Engine,
    series: Series,
    sessions: Sequence[Session],
    *,
    now: datetime,
    actor: str,
) -> bytes:
    """The registers of these sessions of a series as one CSV file: a line for each family."""
    with read(engine) as connection:
        registers = [_register(connection, series, session) for session in sessions]
    anchors = [session.anchor for session in sessions]
    _log(engine, "export register", series, registers, now=now, actor=actor, sessions=len(anchors))
    header, cells = _SHEET
    lines: dict[int, Line] = {}
    marks: dict[tuple[int, str], str] = {}
    for register in registers:
        for line in register.lines:
            lines[line.booking_id] = line
            marks[line.booking_id, register.session.anchor] = MARKS[line.mark]
    asked = [question.name for question in series.programme.questions]
    given = [name for line in lines.values() if line.family for name in line.family.answers]
    questions = labels_of([*asked, *given], series.programme)
    ordered = sorted(lines.values(), key=lambda one: (one.family is None, one.name.casefold()))
    return csv_of(
        [*header, *questions.values(), *anchors],
        (
            [
                *(cell(line) for cell in cells),
                *(line.family.answers.get(name, "") if line.family else "" for name in questions),
                *(marks.get((line.booking_id, anchor), "") for anchor in anchors),
            ]
            for line in ordered
        ),
    )


def _of_family(name: str) -> Callable[[Line], Cell]:
    return lambda line: getattr(line.family, name) if line.family else ""


# The columns before the programme's questions and the dates.
_COLUMNS: Sequence[tuple[str, Callable[[Line], Cell]]] = (
    ("Reference", lambda line: line.reference),
    ("Status", lambda line: STATES[line.status]),
    ("Name", lambda line: line.name),
    ("People", lambda line: line.people),
    ("Children", lambda line: ", ".join(line.family.children) if line.family else ""),
    (
        "In the creche",
        lambda line: ", ".join(line.family.creche) if line.family and line.creche else "",
    ),
    ("Safe way to get in touch", lambda line: safe_way(line.family)),
    ("Phone", lambda line: phone(line.family.phone) if line.family else ""),
    ("Email", _of_family("email")),
    ("Access needs", _of_family("access")),
    ("Language", _of_family("language")),
    ("Notes", _of_family("notes")),
    ("Staff note", lambda line: line.remark),
)
_SHEET = [name for name, _ in _COLUMNS], [cell for _, cell in _COLUMNS]
