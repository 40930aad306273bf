"""Counts a quarter, exactly: public facts by area and line, and numbers of families by cell.

What it hides: which rows count, and in which quarter. Everything is counted from what stays when a
family's details are erased: bookings, marks, numbers and days, and never from a name or a contact.
Nothing here is safe to be shown (`blocks` makes it so), except the public facts.

A booking that is erased on request becomes a cancelled one. So a family had a place at a session if
its booking was made, or its place was given, by that day, and it was not cancelled by then; or if
the register has a mark for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, select

from portal.database import read
from portal.database.tables import (
    attendance,
    bookable,
    booking,
    case_outcome,
    contact_count,
    gap,
    project,
    project_report,
    sample_year,
    session_record,
    staff,
    support_case,
    theme_issue,
    walk_in,
)
from portal.directory import Centre, Directory, Programme, quarters
from portal.directory.asked import ASKED_FOR, centre_of, district_of, programme_of
from portal.directory.measures import (
    ALL,
    COUNTY,
    NO_LEVEL,
    PRIVATE_NEED,
    Number,
    key,
)
from portal.directory.values import LONDON
from portal.directory.vocabularies import PRIVATE_NEEDS
from portal.reports.blocks import GROUPS
from portal.reports.records import identities

_AT_ONCE = 500
_NO_LIMIT = 1_000_000  # places of a session that anybody may come to


class Atom(NamedTuple):
    """A cell of a quarter. Without a centre, `place` is '@district', '~footprint' or ''.

    `level` is the level of need of a family with a case, '' otherwise.
    """

    place: str
    programme: str
    level: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """The areas in which a place is; '' where they are not known."""

    district: str
    footprint: str

    @property
    def areas(self) -> tuple[str, ...]:
        named = (("footprint", self.footprint), ("district", self.district))
        return (COUNTY, *(key(kind, slug) for kind, slug in named if slug))


@dataclass(frozen=True, slots=True)
class Kind:
    """What a programme was in the quarter."""

    offer: str
    level: str
    outcomes: tuple[int, ...]
    needs: tuple[str, ...]
    sensitive: bool

    def lines(self, programme: str) -> Iterator[str]:
        """The lines that its numbers belong to, besides that of everything."""
        yield key("programme", programme)
        yield key("offer", self.offer)
        yield key("level", self.level or NO_LEVEL)
        for outcome in self.outcomes:
            yield key("outcome", outcome)
        for need in sorted({PRIVATE_NEED if one in PRIVATE_NEEDS else one for one in self.needs}):
            yield key("need", need)


@dataclass(slots=True)
class Public:
    """Public facts of an area and line."""

    centres: set[str] = field(default_factory=set)
    series: set[str] = field(default_factory=set)
    minutes: int = 0
    held: int = 0
    off: int = 0
    places: int = 0

    def numbers(self) -> dict[str, Number]:
        hours = round(self.minutes / 60, 2)
        return {
            "centres": len(self.centres),
            "series": len(self.series),
            "hours": int(hours) if hours == int(hours) else hours,
            "held": self.held,
            "off": self.off,
            "places": self.places,
        }


Numbers = Mapping[Atom, tuple[int, ...]]  # in the order of the values of their group


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was counted of a quarter. The numbers of `exact` and `private` are not safe."""

    quarter: str
    sample: bool
    public: Mapping[tuple[str, str], Mapping[str, Number]]  # by area and line
    workers: Mapping[str, int]  # by area
    exact: Mapping[str, Numbers]  # by group of measures
    private: int  # families with a place in a group of a sensitive programme
    places: Mapping[str, Place]
    kinds: Mapping[str, Kind]
    salt: bytes = b""  # a secret of this database and quarter, which never changes

    def lines_of(self, atom: Atom) -> Iterator[str]:
        yield ALL
        kind = self.kinds.get(atom.programme)
        if kind is not None:
            yield from kind.lines(atom.programme)
        if atom.level:
            yield key("case-level", atom.level)

    def areas_of(self, atom: Atom) -> tuple[str, ...]:
        return self.places[atom.place].areas

    def sets(self, group: str) -> Mapping[tuple[str, str], Set[Atom]]:
        """The cells of a group that belong to each area and line."""
        found: dict[tuple[str, str], set[Atom]] = {}
        for atom in self.exact[group]:
            for area in self.areas_of(atom):
                for line in self.lines_of(atom):
                    found.setdefault((area, line), set()).add(atom)
        return found


def count(engine: Engine, directory: Directory, quarter: str, now: datetime) -> Facts:
    """Count a quarter, as far as it has come. Raises NoQuarter."""
    with read(engine) as connection:
        return count_in(connection, directory, quarter, now)


def count_in(connection: Connection, directory: Directory, quarter: str, now: datetime) -> Facts:
    """The same, in a transaction that is open."""
    first, last = quarters.first_day(quarter), quarters.last_day(quarter)
    return _Count(connection, directory, quarter, first, last, now).facts()


class _Count:
    """One pass over the tables for one quarter."""

    def __init__(
        self,
        connection: Connection,
        directory: Directory,
        quarter: str,
        first: date,
        last: date,
        now: datetime,
    ) -> None:
        self._connection = connection
        self._directory = directory
        self._quarter = quarter
        self._first, self._last = first, last
        self._from = datetime.combine(first, time(), LONDON)
        self._until = datetime.combine(last + timedelta(days=1), time(), LONDON)
        self._now = now
        # Former names: the staff of a renamed centre know the numbers of both names.
        self._centre_names = _renamed(directory.centres)
        self._programme_names = _renamed(directory.programmes)
        self._names = identities((*directory.series, *directory.private_series))
        self._records = self._read_records(now.astimezone(LONDON).date())
        self._places: dict[str, Place] = {"": Place("", "")}
        self._kinds: dict[str, Kind] = {}
        # Where the numbers of a series belong: to the centre and programme of its last record.
        self._home: dict[str, tuple[str, str]] = {}
        self._sums: dict[str, dict[Atom, list[int]]] = {name: {} for name in GROUPS}
        self._private = 0

    def facts(self) -> Facts:
        self._learn_kinds()
        for row in self._records:
            centre, programme = self._of_record(row)
            self._places[centre] = Place(row.district, row.footprint)
            self._home[self._name(row.series)] = (centre, programme)
        public = self._public()
        self._count_families()
        self._count_walk_ins_and_contacts()
        self._count_waits_and_refusals()
        self._count_cases()
        self._count_gaps_and_projects()
        sample = self._connection.execute(select(sample_year.c.id)).first() is not None
        exact = {
            name: {atom: tuple(values) for atom, values in sorted(sums.items())}
            for name, sums in self._sums.items()
        }
        return Facts(
            self._quarter, sample, public, self._workers(), exact, self._private,
            self._places, self._kinds, self._salt(),
        )  # fmt: skip

    def _salt(self) -> bytes:
        """Of the random number of the first booking, which no page shows and nothing deletes."""
        query = select(booking.c.link_nonce).order_by(booking.c.id).limit(1)
        nonce = bytes(self._connection.execute(query).scalar() or b"")
        return sha256(nonce + self._quarter.encode()).digest()

    # --- sessions ---------------------------------------------------------------------------

    def _read_records(self, today: date) -> list[Row[Any]]:
        table = session_record.c
        last = min(self._last, today - timedelta(days=1))
        rows = self._connection.execute(
            select(session_record)
            .where(table.day >= self._first.isoformat(), table.day <= last.isoformat())
            .order_by(table.day, table.series, table.planned)
        )
        return list(rows)

    def _of_record(self, row: Row[Any]) -> tuple[str, str]:
        """The centre and the programme of a record, by their present names."""
        centre = self._centre_names.get(row.centre, row.centre)
        return centre, self._programme_names.get(row.programme, row.programme)

    def _name(self, identity: str) -> str:
        return self._names.get(identity, identity)

    def _learn_kinds(self) -> None:
        """What each programme is: as the last record of the quarter says, or else the content."""
        for programme in self._directory.programmes:
            self._kinds[programme.slug] = _kind_of(programme)
        for row in self._records:
            # If it is sensitive by the content or by any row, it is so for all of the quarter.
            _, slug = self._of_record(row)
            known = self._kinds.get(slug)
            sensitive = row.sensitive or (known is not None and known.sensitive)
            self._kinds[slug] = Kind(
                row.offer, row.level, tuple(row.outcomes), tuple(row.needs), sensitive
            )

    def _is_sensitive(self, programme: str) -> bool:
        """One that is not known any more counts as sensitive."""
        kind = self._kinds.get(programme)
        return kind is None or kind.sensitive

    def _public(self) -> dict[tuple[str, str], dict[str, Number]]:
        found: dict[tuple[str, str], Public] = {}
        for row in self._records:
            centre, programme = self._of_record(row)
            kind = self._kinds[programme]
            if kind.sensitive:
                continue
            for area in Place(row.district, row.footprint).areas:
                for line in (ALL, *kind.lines(programme)):
                    one = found.setdefault((area, line), Public())
                    one.centres.add(centre)
                    one.series.add(self._name(row.series))
                    one.held += row.held
                    one.off += not row.held
                    if row.held:
                        one.minutes += row.minutes
                        one.places += row.places or 0
        return {name: one.numbers() for name, one in found.items()}

    # --- families ---------------------------------------------------------------------------

    def _held(self) -> Mapping[str, Mapping[str, date]]:
        """The days of the sessions that were held, by series and planned date."""
        found: dict[str, dict[str, date]] = {}
        for row in self._records:
            if row.held:
                days = found.setdefault(self._name(row.series), {})
                days[row.planned] = date.fromisoformat(row.day)
        return found

    def _count_families(self) -> None:
        held = self._held()
        ids = self._identities_of(held)
        marks: dict[int, dict[str, str]] = {}
        of_these = (
            select(attendance.c.booking_id, attendance.c.planned, attendance.c.mark)
            .select_from(attendance.join(booking).join(bookable))
            .where(attendance.c.mark != "expected")
        )
        for row in self._in(of_these, bookable.c.series, ids):
            marks.setdefault(row.booking_id, {})[row.planned] = row.mark
        query = select(
            booking.c.id, booking.c.status, booking.c.was, booking.c.created, booking.c.changed,
            booking.c.placed, booking.c.places, bookable.c.series, bookable.c.planned,
        ).select_from(booking.join(bookable))  # fmt: skip
        lengths: dict[Atom, int] = {}
        for row in self._in(query, bookable.c.series, ids):
            name = self._name(row.series)
            own = marks.get(row.id, {})
            days = held[name]
            wanted = [row.planned] if row.planned else list(days)
            had = [at for at in wanted if at in days and (at in own or _had_place(row, days[at]))]
            if had:
                visits = sum(own.get(at) == "came" for at in had)
                taken = row.places * len(had)
                came, often = int(visits > 0), int(visits > 2)
                self._add_of_series("families", name, 1, came, taken, visits, often, 0, 0, 0)
                atom = Atom(*self._home[name])
                lengths[atom] = max(lengths.get(atom, 0), len(wanted))
        self._add_bounds(lengths)

    def _add_bounds(self, lengths: Mapping[Atom, int]) -> None:
        """What the public sessions say of the families of each cell (`blocks`)."""
        room: dict[Atom, int] = {}
        for row in self._records:
            if row.held:
                atom = Atom(*self._home[self._name(row.series)])
                room[atom] = room.get(atom, 0) + (row.places or _NO_LIMIT)
        for atom, sums in self._sums["families"].items():
            came = sums[1]
            able = came if lengths[atom] > 2 else 0
            sums[-3:] = able, came * lengths[atom], room[atom]

    def _count_walk_ins_and_contacts(self) -> None:
        held = self._held()
        ids = self._identities_of(held)
        found: dict[tuple[str, str], tuple[bool, int]] = {}
        for row in self._in(select(walk_in), walk_in.c.series, ids):
            name = self._name(row.series)
            # The numbers under the present identity, if there are some under a former one too.
            known = found.get((name, row.planned))
            if row.planned in held[name] and (known is None or row.series == name):
                found[name, row.planned] = (True, row.families)
        for (name, _), (_, families) in found.items():
            self._add_of_series("walk-ins", name, families)
        for row in self._in(select(contact_count), contact_count.c.series, ids):
            name = self._name(row.series)
            if row.planned in held[name]:
                self._add_of_series("contacts", name, row.number)

    def _count_waits_and_refusals(self) -> None:
        query = select(
            booking.c.status, booking.c.way, booking.c.created, booking.c.changed,
            booking.c.placed, bookable.c.series,
        ).select_from(booking.join(bookable))  # fmt: skip
        got = sa.and_(booking.c.way == "book", self._within(booking.c.placed))
        for row in self._connection.execute(query.where(got)):
            days = (_day(row.placed) - _day(row.created)).days
            self._add_of_identity("waited", row.series, 1, days)
        refused = sa.and_(booking.c.status == "declined", self._within(booking.c.changed))
        for row in self._connection.execute(query.where(refused)):
            self._add_of_identity("declined", row.series, 1)

    # --- cases, gaps and projects -----------------------------------------------------------

    def _count_cases(self) -> None:
        case = support_case.c
        gained = (
            select(case_outcome.c.case_id)
            .where(case_outcome.c.score_after > case_outcome.c.score_before)
            .distinct()
        )
        with_gain = set(self._connection.execute(gained).scalars())
        moments = (case.received, case.allocated, case.closed)
        query = (
            select(support_case, bookable.c.series)
            .select_from(support_case.join(booking).join(bookable))
            .where(sa.or_(*map(self._within, moments)))
        )
        for row in self._connection.execute(query):
            place, programme = self._place_of_case(row)
            atom = Atom(place, programme, str(row.level or ""))
            self._add("requests", atom, int(self._is_within(row.received)))
            self._add("allocated", atom, int(self._is_within(row.allocated)))
            if row.starts and row.state == "closed" and self._is_within(row.closed):
                reason = row.close_reason
                self._add(
                    "plans", atom,
                    1, int(row.id in with_gain), int(reason == "down"), int(reason == "up"),
                )  # fmt: skip

    def _place_of_case(self, row: Row[Any]) -> tuple[str, str]:
        """Where a case belongs: to the centre of its worker, if it has one, and its programme."""
        place, programme = self._home_of(row.series)
        centre = self._directory.find_centre(row.centre) if row.centre else None
        if centre is not None:
            place = self._centre(centre.slug)
        elif not place and row.footprint:
            place = f"~{row.footprint}"
            self._places[place] = Place("", row.footprint)
        return place, programme

    def _count_gaps_and_projects(self) -> None:
        filed = select(gap.c.district).where(
            gap.c.state != "withdrawn", self._within(gap.c.created)
        )
        for district in self._connection.execute(filed).scalars():
            self._add("gaps", Atom(self._district(district), ""), 1)
        reported = (
            select(theme_issue.c.panel, project_report.c.families)
            .select_from(project_report.join(project).join(theme_issue))
            .where(project_report.c.quarter == self._quarter)
        )
        for row in self._connection.execute(reported):
            self._add("projects", Atom(self._district(row.panel), ""), row.families)

    def _workers(self) -> dict[str, int]:
        """Accounts of workers on the last day of the quarter, by the areas of their centres."""
        moment = min(self._until, self._now)
        there = sa.and_(
            staff.c.role == "worker",
            staff.c.created < moment,
            sa.or_(staff.c.removed.is_(None), staff.c.removed >= moment),
        )
        found: dict[str, int] = {}
        for centres in self._connection.execute(select(staff.c.centres).where(there)).scalars():
            known = filter(None, map(self._directory.find_centre, centres))
            areas = {area for one in known for area in self._areas_of_centre(one.slug)}
            for area in areas:
                found[area] = found.get(area, 0) + 1
        return found

    # --- where numbers belong ---------------------------------------------------------------

    def _areas_of_centre(self, slug: str) -> tuple[str, ...]:
        return self._places[self._centre(slug)].areas

    def _centre(self, slug: str) -> str:
        """A centre as the place of a cell. In the quarter it may have been in another area."""
        centre = self._directory.centre(slug)
        if slug not in self._places and centre is not None:
            footprint = self._directory.footprint_of(centre).slug
            self._places[slug] = Place(centre.district, footprint)
        return slug if slug in self._places else ""

    def _district(self, slug: str) -> str:
        district = self._directory.district(slug)
        if district is None:
            return ""
        self._places[f"@{slug}"] = Place(slug, self._directory.footprint_of(district).slug)
        return f"@{slug}"

    def _home_of(self, identity: str) -> tuple[str, str]:
        """The place and the programme of something booked or asked for."""
        if identity.startswith(ASKED_FOR):
            centre = self._directory.find_centre(centre_of(identity))
            place = self._centre(centre.slug) if centre else self._district(district_of(identity))
            programme = programme_of(identity)
            return place, self._programme_names.get(programme, programme)
        name = self._name(identity)
        if name not in self._home:
            self._home[name] = self._home_elsewhere(name)
        return self._home[name]

    def _home_elsewhere(self, name: str) -> tuple[str, str]:
        """The same for a series without a session in the quarter."""
        series = self._directory.find_series(name)
        if series is not None:
            return self._centre(series.centre.slug), series.programme.slug
        known = select(session_record).where(session_record.c.series == name)
        row = self._connection.execute(known.order_by(session_record.c.day.desc())).first()
        if row is None:
            centre = self._directory.find_centre(name.partition("/")[0])
            return (self._centre(centre.slug) if centre else ""), ""
        at, programme = self._of_record(row)
        self._places.setdefault(at, Place(row.district, row.footprint))
        self._kinds.setdefault(
            programme,
            Kind(row.offer, row.level, tuple(row.outcomes), tuple(row.needs), row.sensitive),
        )
        return at, programme

    def _add_of_series(self, group: str, name: str, *values: int) -> None:
        self._add(group, Atom(*self._home[name]), *values)

    def _add_of_identity(self, group: str, identity: str, *values: int) -> None:
        self._add(group, Atom(*self._home_of(identity)), *values)

    def _add(self, group: str, atom: Atom, *values: int) -> None:
        """Add numbers to a cell. Of sensitive programmes only one number is kept (S105)."""
        of_programme = group not in ("gaps", "projects")
        if of_programme and self._is_sensitive(atom.programme):
            self._private += values[0] if group == "families" else 0
        elif any(values):
            sums = self._sums[group].setdefault(atom, [0] * len(values))
            sums[:] = [a + b for a, b in zip(sums, values, strict=True)]

    # --- reading ----------------------------------------------------------------------------

    def _identities_of(self, names: Collection[str]) -> list[str]:
        """All identities of these series under which rows may be kept."""
        former = [identity for identity, name in self._names.items() if name in names]
        return sorted({*names, *former})

    def _in(
        self, query: sa.Select[Any], column: sa.ColumnElement[Any], names: list[str]
    ) -> Iterator[Row[Any]]:
        """The rows of a query in which a column has one of these names."""
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            yield from self._connection.execute(query.where(column.in_(some)))

    def _within(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        return sa.and_(column >= self._from, column < self._until)

    def _is_within(self, moment: datetime | None) -> bool:
        return moment is not None and self._from <= moment < self._until


def _renamed(things: Sequence[Centre] | Sequence[Programme]) -> dict[str, str]:
    """Present names by former ones."""
    present = {thing.slug for thing in things}
    former = {alias: thing.slug for thing in things for alias in thing.aliases}
    return {alias: slug for alias, slug in former.items() if alias not in present}


def _kind_of(programme: Programme) -> Kind:
    return Kind(
        programme.offer, programme.level or "", programme.outcomes, programme.needs,
        programme.sensitive,
    )  # fmt: skip


def _day(moment: datetime) -> date:
    return moment.astimezone(LONDON).date()


def _had_place(row: Row[Any], day: date) -> bool:
    """Whether a booking had a place on the day of a session."""
    if _day(row.placed or row.created) > day:
        return False
    if row.status == "confirmed":
        return True
    return bool(row.was == "confirmed" and _day(row.changed) > day)


def total(numbers: Numbers, atoms: Iterable[Atom], at: int) -> int:
    """The exact number of some cells, of the measure at this place of its group."""
    return sum(numbers[atom][at] for atom in atoms)
