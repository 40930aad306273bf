"""Erases personal data by date, and shows or deletes one family's data on request.

What it hides: when data may be erased, and where copies of it could be. A family's details are
erased a set number of days after the last session, and its needs sooner; after a cancellation or
refusal, the same number of days after that. The booking stays, as a number without a person: counts
are kept.

When a date is moved, the end of its bookings moves too, so that nobody is erased before the
session. Letters in the outbox are deleted with the family they were written to, and the SQLite file
is rewritten, because a deleted row stays in it until it is overwritten. A second run changes
nothing (S51).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, select

from portal import messages
from portal.bookings import (
    casework,
    consultations,
    contacts,
    personal_data,
    support,
    support_plans,
    wishes,
)
from portal.bookings.answer_labels import label_of, programme_of
from portal.bookings.casework import Case, Sees
from portal.bookings.complaints import forget_complaints
from portal.bookings.locking import locked_booking
from portal.bookings.opening import booked_session
from portal.bookings.registers import MARKS, safe_way
from portal.bookings.waiting_list import release
from portal.database import audit, note, rate_limits, read, vacuum, write
from portal.database.audit import DELIVERY, MESSAGES, STATES, forget_old
from portal.database.tables import (
    LIVE,
    attendance,
    bookable,
    booking,
    message,
    need,
    notice,
    person,
    wish,
    wish_message,
)
from portal.directory import Directory
from portal.directory.values import LONDON, clock_words, day_words
from portal.messages.letters import reference_of
from portal.panel import gaps
from portal.panel import messages as panel_messages
from portal.settings import Settings

UNANSWERED = timedelta(days=183)  # half a year: then a request for a programme expires
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The result of one run of the deletion.

    `vacuumed` is False when a reader kept SQLite's file from being cleaned: the next run does it.
    """

    families: int = 0
    needs: int = 0
    letters: int = 0
    notices: int = 0
    professionals: int = 0
    complaints: int = 0
    wishes: int = 0
    consultation_answers: int = 0
    log_lines: int = 0
    vacuumed: bool = True

    @property
    def words(self) -> str:
        said = (
            f"{self.families:,} families, {self.needs:,} notes of what they need, "
            f"{self.letters:,} letters, {self.notices:,} notices, {self.professionals:,} "
            f"professionals, {self.complaints:,} complaints, {self.wishes:,} wishes, "
            f"{self.consultation_answers:,} answers to consultations and "
            f"{self.log_lines:,} lines of the log forgotten."
        )
        return said if self.vacuumed else f"{said} The file was in use: the next run cleans it."


def forget(
    engine: Engine, directory: Directory | None, settings: Settings, *, now: datetime
) -> Forgotten:
    """Erase all data whose retention period is over. Counts stay.

    Without a directory, the ends of bookings count as they are: content that is not the newest
    must not bring them forward.
    """
    if directory is not None:
        follow_dates(engine, directory)
        wishes.withdraw(engine, directory, now=now)
    needs = write(engine, lambda c: _forget_needs(c, now, settings))
    families = _forget_families(engine, now, settings)
    rate_limits.forget(engine, now=now)
    write(engine, lambda c: contacts.forget_keys(c, now))
    gone = write(engine, lambda c: wishes.forget(c, now, settings.keep_days))
    return Forgotten(
        families=families,
        needs=needs,
        letters=clear_outbox(engine, settings.var / "outbox"),
        notices=write(engine, lambda c: _forget_notices(c, now, settings.keep_days)),
        professionals=write(engine, lambda c: gaps.forget(c, now, settings.keep_days)),
        complaints=write(engine, lambda c: forget_complaints(c, now)),
        wishes=gone,
        consultation_answers=write(engine, lambda c: consultations.forget(c, now)),
        log_lines=forget_old(engine, now),
        vacuumed=vacuum(engine),
    )


def follow_dates(engine: Engine, directory: Directory) -> None:
    """Update the end of each live booking's last session from the content."""

    def work(connection: Connection) -> None:
        things = connection.execute(
            select(bookable.c.id, bookable.c.series, bookable.c.planned)
            .join(booking)
            .where(booking.c.status.in_(LIVE))
            .distinct()
        ).all()
        for thing in things:
            series = directory.find_series(thing.series)
            if series is None:
                continue
            if thing.planned:
                session = booked_session(series, thing.planned)
                ends = session.open_until if session else None
            else:
                ends = max((one.open_until for one in series.all_sessions), default=None)
            if ends is not None:
                connection.execute(
                    booking.update()
                    .where(
                        booking.c.bookable_id == thing.id,
                        booking.c.status.in_(LIVE),
                        sa.or_(booking.c.ends.is_(None), booking.c.ends != ends),
                    )
                    .values(ends=ends)
                )

    write(engine, work)


def _over(now: datetime, days: int, case_days: int) -> sa.ColumnElement[bool]:
    """Bookings that ended at least this many days ago: by their dates, or by an answer.

    The request of a family that a worker helps is not over, whatever its dates; one whose case is
    closed is over `case_days` after that (S91).
    """
    since = now - timedelta(days=days)
    answered = booking.c.status.in_(("cancelled", "lapsed", "declined"))
    requested = booking.c.status == "requested"
    ended = sa.or_(
        sa.and_(~requested, booking.c.ends <= since),
        sa.and_(answered, booking.c.changed <= since),
        sa.and_(booking.c.ends.is_(None), ~requested, booking.c.changed <= since),
    )
    worked_on = booking.c.id.in_(support.closed(now))
    return sa.or_(
        sa.and_(~worked_on, ended),
        booking.c.id.in_(support.closed(now, case_days)),
        _unanswered(now),
    )


def _unanswered(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        booking.c.status == "requested",
        booking.c.created <= now - UNANSWERED,
        booking.c.id.not_in(support.being_helped()),
    )


def _forget_needs(connection: Connection, now: datetime, settings: Settings) -> int:
    days = settings.keep_needs_days
    over = select(booking.c.id).where(_over(now, days, min(days, settings.keep_case_days)))
    done = connection.execute(need.delete().where(need.c.booking_id.in_(over)))
    return int(done.rowcount)


def _forget_families(engine: Engine, now: datetime, settings: Settings) -> int:
    over = _over(now, settings.keep_days, settings.keep_case_days)
    with read(engine) as connection:
        ids = list(
            connection.execute(
                select(booking.c.id).join(person).where(over).order_by(booking.c.id)
            ).scalars()
        )

    def work(connection: Connection, some: Sequence[int]) -> None:
        open_still = select(booking.c.id).where(booking.c.id.in_(some), _unanswered(now))
        for one in list(connection.execute(open_still).scalars()):
            release(connection, locked_booking(connection, one), "cancelled", now, reason="erased")
        personal_data.erase_personal_data(connection, some)
        note(connection, now, "clock", "forget", None, None, families=len(some))

    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        write(engine, lambda c, some=some: work(c, some))  # type: ignore[misc]
    return len(ids)


def _forget_notices(connection: Connection, now: datetime, days: int) -> int:
    last = (now - timedelta(days=days)).astimezone(LONDON).date().isoformat()
    # Messages to a whole series or centre have no date but that of their writing.
    written = sa.and_(notice.c.planned == "", notice.c.created <= now - timedelta(days=days))
    over = sa.and_(notice.c.planned != "", notice.c.planned < last)
    return int(connection.execute(notice.delete().where(sa.or_(over, written))).rowcount)


def clear_outbox(engine: Engine, outbox: Path) -> int:
    """Delete the letters in the outbox whose family has been erased; returns how many."""
    if not outbox.is_dir():
        return 0
    with read(engine) as connection:
        kept = {
            reference_of(row.calendar_id, row.id, row.kind)
            for row in connection.execute(
                select(message.c.id, message.c.kind, booking.c.calendar_id)
                .join(booking, booking.c.id == message.c.booking_id)
                .join(person, person.c.booking_id == booking.c.id)
            )
        }
        kept |= {
            reference_of(bytes(row.link_hash).hex(), row.id, row.kind)
            for row in connection.execute(
                select(wish_message.c.id, wish_message.c.kind, wish.c.link_hash)
                .join(wish)
                .where(wish.c.state != "ended")
            )
        }
        kept |= panel_messages.references_kept(connection)
    gone = 0
    for file in sorted(outbox.iterdir()):
        # A file that a crash left incomplete has a name starting with a dot.
        found = re.match(r"\.?([0-9a-f]{32})\.(eml|txt)", file.name)
        if found and found[1] not in kept:
            file.unlink(missing_ok=True)
            gone += 1
    return gone


# --- one family, on request (S52) -----------------------------------------------------------------


def kept(
    engine: Engine, reference: str, sees: Sees, directory: Directory | None = None
) -> list[tuple[str, str]] | None:
    """All data of one booking, as labels and words; None if there is none to show.

    The directory has the questions; without it their answers get a plainer label.
    """
    case = casework.case_of(engine, reference, sees)
    if case is None:
        return None
    return [(label, words) for label, words in _kept(engine, case, directory) if words]


def _kept(engine: Engine, case: Case, directory: Directory | None) -> Iterator[tuple[str, str]]:
    yield "Reference", case.reference
    yield "Booked", f"{case.series} {case.planned}".strip()
    yield "Status", STATES[case.status]
    yield "Made", _moment(case.created)
    yield "Last session ends", _moment(case.ends) if case.ends else ""
    yield "People", str(case.people)
    if family := case.family:
        yield "Name", family.name
        yield "Email", family.email or ""
        yield "Phone", family.phone or ""
        yield "Safe way to get in touch", safe_way(family)
        yield "Text messages say what, when and where", "Yes" if family.full_texts else ""
        yield "Ages of children", ", ".join(family.children)
        yield "Ages of children for the creche", ", ".join(family.creche)
        yield "Access needs", family.access
        yield "Language", family.language
        yield "Notes", family.notes
        programme = programme_of(case.series, directory)
        for name, words in family.answers.items():
            yield label_of(name, programme), words
    yield "Note of staff", case.remark
    yield "Reason that staff gave", case.reason
    if asker := case.referrer:
        yield "Professional", f"{asker.name}, {asker.role}, {asker.organisation}"
        yield "Professional's contact", ", ".join(filter(None, [asker.email, asker.phone]))
        yield "Family agreed", _moment(case.consented) if case.consented else ""
        yield "Why the professional asked", asker.why
        yield "What was tried", asker.tried
        agreed = case.outcome_agreed
        yield (
            "Family agreed that the professional sees if it came",
            _moment(agreed) if agreed else "",
        )
    yield from support.kept_of(engine, case.id)
    with read(engine) as connection:
        yield from list(support_plans.kept_of(connection, case.id))
    for sent in reversed(messages.of_booking(engine, case.id)):
        said = MESSAGES.get(sent.kind, "A message")
        moment = _moment(sent.sent or sent.created)
        yield "Message", f"{said}: {DELIVERY[sent.state]}, {moment}"
    with read(engine) as connection:
        marks = connection.execute(
            select(attendance)
            .where(attendance.c.booking_id == case.id)
            .order_by(attendance.c.planned)
        ).all()
    for row in marks:
        yield f"Register of {row.planned}", MARKS[row.mark]
    names = audit.staff_names(engine)
    for entry in reversed(audit.log(engine, booking_id=case.id, limit=None)):
        who, did = audit.actor_words(entry.actor, names), audit.entry_words(entry, names)
        yield "Log", f"{_moment(entry.at)}: {who} {did}"


def _moment(moment: datetime) -> str:
    local = moment.astimezone(LONDON)
    return f"{day_words(local.date())}, {clock_words(local.time())}"


def erase(
    engine: Engine,
    directory: Directory,
    settings: Settings,
    ids: Iterable[int],
    *,
    now: datetime,
    actor: str,
) -> bool:
    """Delete all personal data of these bookings' families, and cancel what they hold.

    False if the SQLite file was in use: then the daily run cleans it.
    """
    for one in ids:
        personal_data.erase(engine, directory, one, now=now, actor=actor)
    clear_outbox(engine, settings.var / "outbox")
    return vacuum(engine)
