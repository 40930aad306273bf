"""When a request is due at the desk: to be read, and to be followed by a first contact.

Both are working days after the day on which the request came (`PORTAL_TRIAGE_DAYS`,
`PORTAL_CONTACT_DAYS`). The family's page and the desk promise and show the same days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portal.bookings import working_days
from portal.bookings.case_rows import SupportCase
from portal.directory import Directory
from portal.directory.schedule import SchoolCalendar
from portal.directory.values import LONDON
from portal.settings import Settings


@dataclass(frozen=True, slots=True)
class Due:
    """What is due for a family by which day; `late` is in working days, 0 if it is not overdue."""

    read: bool  # whether the request is still to be read; else the family is to be contacted
    day: date
    late: int
    worker: bool = False  # whether the family is to be given another worker

    @property
    def overdue(self) -> bool:
        return self.late > 0


@dataclass(frozen=True, slots=True)
class CaseDays:
    """Works out the days of cases on one day."""

    calendar: SchoolCalendar
    triage_days: int
    contact_days: int
    today: date

    @classmethod
    def of(cls, directory: Directory, settings: Settings, now: datetime) -> CaseDays:
        return cls(
            working_days.calendar_of(directory),
            settings.triage_days,
            settings.contact_days,
            now.astimezone(LONDON).date(),
        )

    def read_by(self, received: datetime) -> date:
        """The day by which a request of this moment is read."""
        return self._after(received, self.triage_days)

    def contact_by(self, received: datetime) -> date:
        """The day by which a worker has spoken with the family."""
        return self._after(received, self.contact_days)

    def worker_by(self, case: SupportCase) -> date:
        """The day by which a family whose worker has left has another one."""
        return self._after(case.worker_left or case.changed, self.triage_days)

    def due(self, case: SupportCase) -> Due | None:
        """What is due next for a case; None if nothing is."""
        if case.needs_worker:
            day = self.worker_by(case)
            return Due(False, day, self._late(day), worker=True)
        if not case.open or (case.state != "new" and case.contacted is not None):
            return None
        read = case.state == "new"
        day = self.read_by(case.received) if read else self.contact_by(case.received)
        return Due(read, day, self._late(day))

    def waited(self, case: SupportCase) -> int:
        """How many days ago it came, weekends included."""
        return (self.today - case.received.astimezone(LONDON).date()).days

    def _after(self, received: datetime, number: int) -> date:
        return working_days.after(received.astimezone(LONDON).date(), number, self.calendar)

    def _late(self, due: date) -> int:
        days = (due + timedelta(days=number + 1) for number in range((self.today - due).days))
        late = sum(working_days.is_working_day(day, self.calendar) for day in days)
        return max(late, int(self.today > due))
