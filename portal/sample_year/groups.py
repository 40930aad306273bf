"""The families of invented groups: who booked, waited and cancelled, and who came to what.

How full a run is, and how faithful its families are, differs from run to run: a report in which
every group looks the same would show nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from portal.bookings.contacts import PARENTS, is_counted, usual
from portal.bookings.places import claimed, places_of
from portal.database.tables import attendance, contact_count, support_case, walk_in
from portal.directory import Directory, Series, Session
from portal.sample_year.rows import Rows
from portal.sample_year.runs import Run

_BOOKABLE = ("book", "request", "referral")
_USUAL_ROOM = 12  # where no number of places is given
_DATES_AHEAD = timedelta(days=28)  # how far single dates are booked ahead
_COURSES_AHEAD = timedelta(days=120)


def fill_run(rows: Rows, directory: Directory, run: Run, now: datetime, first: datetime) -> None:
    """Add what happened in one run since `first`, and who has booked what is to come."""
    chance = Random(f"{rows.chance.random()} {run.identity}")
    series = run.series
    sessions = [one for one in run.sessions if not one.off and one.ends >= first]
    if not sessions:
        return
    popularity = chance.triangular(0.35, 1.35, 0.85)
    for one in sessions:
        if is_counted(one) and one.ends < now:
            _contacts(rows, one, chance)
    if series.booking in _BOOKABLE and series.book == "series":
        if sessions[0].starts < now + _COURSES_AHEAD:
            thing = rows.thing(run.identity, "", places_of(series))
            _Bookings(rows, directory, series, sessions, chance, now, first, thing).make(popularity)
    elif series.booking in _BOOKABLE:
        for one in sessions:
            if one.starts < now + _DATES_AHEAD:
                thing = rows.thing(run.identity, one.anchor, places_of(series))
                near = 1.0 if one.starts < now + _DATES_AHEAD / 3 else 0.5
                _Bookings(rows, directory, series, [one], chance, now, first, thing).make(
                    popularity * near
                )
    elif not is_counted(sessions[0]):
        for one in sessions:
            if one.ends < now:
                _walk_ins(rows, one, popularity * 9, chance)


@dataclass(slots=True)
class _Bookings:
    """The bookings of one thing that can be booked, in the order in which they are made."""

    rows: Rows
    directory: Directory
    series: Series
    sessions: Sequence[Session]  # that a booking is for, those that are off left out
    chance: Random
    now: datetime
    since: datetime
    thing: dict[str, Any]
    number: int = 0  # of the last family on the waiting list
    queue: list[datetime] = field(default_factory=list)  # when each family joined it
    # Families that will cancel: when they do, and when they booked.
    leaving: list[tuple[datetime, datetime]] = field(default_factory=list)

    def make(self, popularity: float) -> None:
        """Add bookings for `popularity` times the number of places."""
        room = self.series.places or _USUAL_ROOM
        longest = 28 if len(self.sessions) > 1 else 12
        latest = min(self._begins, self.now - timedelta(minutes=5))
        waits = (
            self.chance.expovariate(3 / longest) for _ in range(max(1, round(room * popularity)))
        )
        for created in sorted(latest - timedelta(days=wait) for wait in waits):
            if created < self.since:
                continue
            self._leave(created, room)
            if self.series.booking == "book":
                self._book(created, room)
            else:
                self._ask(created, room)
        self._leave(min(self._begins, self.now), room)
        self._end_waits()

    @property
    def _begins(self) -> datetime:
        return self.sessions[0].starts

    def _book(self, created: datetime, room: int) -> None:
        people = 1 if self.series.place_for == "family" else self.chance.choice((1, 1, 1, 2))
        taken = self.thing["held"] + len(self.leaving)
        if taken + claimed(self.series, people) > room:
            if self.series.waiting_list:
                self.queue.append(created)
        elif self.chance.random() < 0.1:
            gone = created + (min(self._begins, self.now) - created) * self.chance.random()
            heapq.heappush(self.leaving, (gone, created))
        else:
            self._add("confirmed", created, created, people=people)

    def _leave(self, until: datetime, room: int) -> None:
        """Families that cancel by then; each place goes to the first family that waits."""
        while self.leaving and self.leaving[0][0] <= until:
            gone, created = heapq.heappop(self.leaving)
            self._add("cancelled", created, gone, was="confirmed")
            if self.queue and self.thing["held"] + len(self.leaving) < room:
                self.number += 1
                self._add("confirmed", self.queue.pop(0), gone, number=self.number)

    def _ask(self, created: datetime, room: int) -> None:
        """A request for a place, with its case at the request desk."""
        answered = created + timedelta(days=self.chance.uniform(0.5, 6))
        is_open = answered > self.now
        if is_open:
            booked, state = self._add("requested", created, created), "new"
        elif self.thing["held"] >= room or self.chance.random() < 0.07:
            booked, state = self._add("declined", created, answered, was="requested"), "declined"
        else:
            booked, state = self._add("confirmed", created, answered), "closed"
        centre = self.series.centre
        self.rows.add(
            support_case,
            **case_values(
                booking_id=booked,
                footprint=self.directory.footprint_of(centre).slug,
                centre=centre.slug,
                state=state,
                received=created,
                closed=None if is_open else answered,
                close_reason="place" if state == "closed" else "",
                changed=created if is_open else answered,
            ),
        )

    def _end_waits(self) -> None:
        for created in self.queue:
            if self._begins > self.now:
                self.number += 1
                self._add("waiting", created, created, number=self.number)
            else:
                self._add("cancelled", created, self._begins, was="waiting")

    def _add(
        self,
        status: str,
        created: datetime,
        changed: datetime,
        *,
        people: int = 1,
        number: int | None = None,
        was: str = "",
    ) -> int:
        booked = self.rows.book(
            self.thing,
            status=status,
            way=str(self.series.booking),
            created=created,
            changed=changed,
            ends=self.sessions[-1].ends,
            people=people,
            places=claimed(self.series, people),
            number=number,
            was=was,
        )
        if status == "confirmed":
            self._mark(booked)
        return booked

    def _mark(self, booked: int) -> None:
        """Mark the family in the registers of the sessions that are over."""
        faithful = self.chance.betavariate(5, 1.6)
        for session in self.sessions:
            if session.ends < self.now:
                came = self.chance.random() < faithful
                self.rows.add(
                    attendance,
                    booking_id=booked,
                    planned=session.anchor,
                    mark="came" if came else self.chance.choice(("apologies", "absent")),
                    version=1,
                    changed=session.ends,
                )


def case_values(**values: Any) -> dict[str, Any]:
    """All columns of a case, so that many rows can be inserted at once."""
    return {
        "level": None,
        "next_step": "",
        "worker_id": None,
        "lead_role": "",
        "lead_organisation": "",
        "triaged": None,
        "allocated": None,
        "contacted": None,
        "starts": "",
        "first_review": "",
        "last_review": "",
        "first_reviewed": None,
        "reviewed": None,
        "closed": None,
        "close_reason": "",
        "version": 0,
        **values,
    }


def _walk_ins(rows: Rows, session: Session, usual_number: float, chance: Random) -> None:
    families = max(0, round(chance.gauss(usual_number, 2.5)))
    if families:
        rows.add(
            walk_in,
            series=session.series.identity,
            planned=session.anchor,
            families=families,
            children=families + chance.randint(0, families),
            adults=families + chance.randint(0, 2),
            version=1,
            changed=session.ends,
        )


def _contacts(rows: Rows, session: Session, chance: Random) -> None:
    for counter in usual(session.series):
        low, high = (0, 4) if counter.kind == PARENTS else (1, 14)
        number = chance.randint(low, high)
        if number:
            rows.add(
                contact_count,
                series=session.series.identity,
                planned=session.anchor,
                kind=counter.kind,
                band=counter.band,
                number=number,
            )
