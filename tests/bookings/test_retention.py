"""What is erased and when, and that no copy of it remains; on both databases."""

import logging
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from portal import bookings, database
from portal.bookings import (
    Family,
    Referrer,
    casework,
    group_messages,
    places,
    registers,
    retention,
)
from portal.bookings.registers import Mark
from portal.bookings.support_plans import Goal
from portal.database import tables
from portal.panel import gaps
from portal.panel.gaps import Gap
from portal.server import worker
from portal.settings import load_settings
from tests.bookings.test_booking import KEYS, SECRET, book, family, status
from tests.bookings.test_personal_data import rows
from tests.server.test_rounds import ROOT
from tests.support import cases, made
from tests.support.databases import binaries

NOW = made.NOW
STAFF = "staff:7"
DAY = timedelta(days=1)
PLANTED = "Xanthippe-Quillfeather"
MIDWIFE = Referrer("Jo Bell", "midwife", "Royal Preston", "jo@nhs.example", None)


@pytest.fixture
def settings(tmp_path):
    """Letters go into a folder."""
    return load_settings(
        root=ROOT, var=tmp_path, secret_key=SECRET, message_sender="families@families.example"
    )


def forget(engine, directory, settings, now):
    return retention.forget(engine, directory, settings, now=now)


def last_end(directory):
    return directory.series[0].all_sessions[-1].ends


def audited(engine: Engine) -> int:
    with database.read(engine) as connection:
        query = sa.select(sa.func.count()).select_from(tables.audit)
        return connection.execute(query).scalar_one()


def test_what_is_needed_goes_first_then_who(engine: Engine, settings) -> None:
    """7 days after the last session access needs go, after 30 the family; the booking stays."""
    directory = made.directory()
    booked = book(engine, directory, family(1, access="A ramp", people=3))
    end = last_end(directory)
    kept = [rows(engine)]
    for days in (6, 7, 29, 30, 31):
        forget(engine, directory, settings, end + days * DAY)
        kept.append(rows(engine))

    assert [(one["person"], one["need"]) for one in kept] == [
        (1, 1), (1, 1), (1, 0), (1, 0), (0, 0), (0, 0),
    ]  # fmt: skip
    assert bookings.get(engine, booked.id, SECRET).people == 3
    assert places.verify(engine) == []


def test_the_days_are_settings(engine: Engine, settings) -> None:
    """Who has to keep less, or longer, says so."""
    directory = made.directory()
    book(engine, directory, family(1, access="A ramp"))
    shorter = settings.model_copy(update={"keep_days": 3, "keep_needs_days": 0})
    done = forget(engine, directory, shorter, last_end(directory) + 3 * DAY)

    assert (done.families, done.needs) == (1, 1)


def test_marks_stay_as_numbers(engine: Engine, settings) -> None:
    """Who came is counted for ever; the register does not say any more who it was."""
    directory = made.directory()
    booked = book(engine, directory, family(1))
    session = directory.series[0].all_sessions[0]
    marks = [Mark(booked.id, "came", "expected", 0)]
    registers.save(engine, session.series, session, marks, now=NOW, actor=STAFF)
    forget(engine, directory, settings, last_end(directory) + 30 * DAY)
    register = registers.of(engine, session.series, session, now=NOW, actor=STAFF)

    assert [(line.name, line.mark) for line in register.lines] == [("Details deleted", "came")]


def test_who_has_ended_is_forgotten_sooner(engine: Engine, settings) -> None:
    """30 days after a family cancelled nobody needs to know its name."""
    directory = made.directory({"repeats": "weekly", "until": "2027-06-29"})
    gone, stays = (book(engine, directory, family(n)) for n in range(2))
    bookings.cancel(engine, directory, gone.id, now=NOW)
    forget(engine, directory, settings, NOW + 30 * DAY)

    assert bookings.family_of(engine, gone.id) is None
    assert bookings.family_of(engine, stays.id) is not None


def test_a_moved_date_keeps_its_families(engine: Engine, settings) -> None:
    """Whose last session was moved by months is not forgotten before it has been."""
    booked = book(engine, made.directory(), family(1))
    moved = made.directory(
        {"changes": [{"date": "2027-02-16", "moved_to": "2027-06-01 10:00-12:00"}]}
    )
    late = NOW + 100 * DAY
    done = forget(engine, moved, settings, late)
    link = bookings.get(engine, booked.id, SECRET).link

    assert done.families == 0
    assert bookings.find(engine, link, secret=SECRET, now=late) is not None


def test_requests_without_dates(engine: Engine, settings) -> None:
    """A request to a programme goes 30 days after its answer, unanswered after half a year."""
    directory = made.directory(way="referral")
    programme = directory.programmes[0]

    def asked(number: int):
        return bookings.ask(
            engine,
            programme,
            family(number),
            key=next(KEYS),
            secret=SECRET,
            now=NOW,
            referrer=MIDWIFE,
        )

    no, yes, silent = (asked(n) for n in range(3))
    bookings.decline(engine, no.id, reason="Ask the school", now=NOW + DAY, actor=STAFF)
    bookings.confirm(engine, directory, yes.id, now=NOW + 2 * DAY, actor=STAFF)
    counted = [rows(engine)]
    for days in (30, 31, 32, 182, 183):
        forget(engine, directory, settings, NOW + days * DAY)
        counted.append(rows(engine))

    assert [one["person"] for one in counted] == [3, 3, 2, 1, 1, 0]
    assert [one["referral"] for one in counted] == [3, 3, 2, 1, 1, 0]
    assert [status(engine, one) for one in (no, yes, silent)] == [
        "declined",
        "confirmed",
        "cancelled",
    ]
    assert places.verify(engine) == []


def test_the_log_is_kept_for_twelve_months(engine: Engine, settings) -> None:
    """The log of who read what is kept for a year."""
    directory = made.directory()
    session = directory.series[0].all_sessions[0]
    registers.of(engine, session.series, session, now=NOW, actor=STAFF)
    forget(engine, directory, settings, NOW + 364 * DAY)
    kept = audited(engine)
    done = forget(engine, directory, settings, NOW + 367 * DAY)

    assert (kept, done.log_lines, audited(engine)) == (1, 1, 0)


def test_a_second_run_changes_nothing(engine: Engine, settings) -> None:
    """S51: forgetting is idempotent."""
    directory = made.directory()
    book(engine, directory, family(1, access="A ramp"))
    late = last_end(directory) + 40 * DAY
    forget(engine, directory, settings, late)
    again = forget(engine, directory, settings, late)

    assert again == retention.Forgotten()


def planted(engine, directory, settings, caplog):
    """A family whose name is in every place that can hold a name."""
    who = Family(
        f"Amina {PLANTED}",
        email=f"{PLANTED}@example.org".lower(),
        contact_by="email",
        safe_to_contact=True,
        access=f"{PLANTED} needs a ramp",
        notes=f"{PLANTED} comes late",
        answers={"midwife": PLANTED},
    )
    midwife = Referrer(PLANTED, "midwife", PLANTED, f"m.{PLANTED}@nhs.example".lower(), None)
    booked = book(engine, directory, who, referrer=midwife)
    bookings.confirm(engine, directory, booked.id, now=NOW, actor=STAFF)
    casework.remark(engine, booked.id, f"{PLANTED} has twins", seen="", now=NOW, actor=STAFF)
    session = directory.series[0].all_sessions[0]
    words = f"{PLANTED} brings the cake"
    group = group_messages.of_session(session)
    group_messages.send(engine, group, words, key=next(KEYS), now=NOW, actor=STAFF)
    casework.send_link(engine, booked.id, now=NOW, actor=STAFF)
    marks = [Mark(booked.id, "came", "expected", 0)]
    registers.save(engine, session.series, session, marks, now=NOW, actor=STAFF)
    # Others around it, so that its rows lie in the middle of pages.
    for number in range(30):
        book(engine, directory, family(number), now=NOW + number * timedelta(minutes=1))
    with caplog.at_level(logging.DEBUG):
        worker.once(engine, directory, settings, now=NOW, claimant="a")
    no = book(engine, directory, who, referrer=midwife)
    bookings.decline(engine, no.id, reason=f"{PLANTED} is full", now=NOW, actor=STAFF)
    gap = Gap("Preston", ("send",), "A club", "", None, PLANTED, "School", f"{PLANTED}@x.example")
    gaps.report(engine, gap, made.directory(), key=next(KEYS), secret=SECRET, now=NOW)
    helped, number = cases.allocated(engine, directory)
    goal = Goal(
        f"Rest for {PLANTED}", f"{PLANTED} cooks", "other", cases.START, f"{PLANTED} School"
    )
    cases.planned(engine, directory, number, (goal,))
    bookings.cancel(engine, directory, helped.id, now=NOW)
    return booked, no, helped


def found_in(engine: Engine, settings, tmp_path, caplog) -> list[str]:
    """Where the planted name can still be read, in any case."""
    name = PLANTED.encode().lower()
    places = [p for p in Path(settings.var).rglob("*") if p.is_file()]
    found = [p.name for p in places if name in p.read_bytes().lower()]
    if engine.dialect.name == "postgresql":
        address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        dump = subprocess.run(
            [binaries() / "pg_dump", "--dbname", address], capture_output=True, check=True
        )
        found += ["pg_dump"] if name in dump.stdout.lower() else []
    return found + (["log"] if name in caplog.text.encode().lower() else [])


def test_nothing_stays_of_a_planted_name(engine: Engine, settings, tmp_path, caplog) -> None:
    """Not in the database's files or dump, nor in the outbox or the logs, once its time is over."""
    directory = made.directory({"booking": "request", "places": "40"})
    planted(engine, directory, settings, caplog)
    before = found_in(engine, settings, tmp_path, caplog)
    done = forget(engine, directory, settings, NOW + 250 * DAY)

    assert before  # or the test looks in the wrong places
    assert any(name.endswith(".eml") for name in before)
    assert done.vacuumed
    assert found_in(engine, settings, tmp_path, caplog) == []


def test_nothing_stays_of_a_family_that_is_erased(
    engine: Engine, settings, tmp_path, caplog
) -> None:
    """On request at once, with every booking of the same contact; others keep theirs."""
    directory = made.directory({"booking": "request", "places": "40"})
    families = planted(engine, directory, settings, caplog)
    database.write(engine, lambda c: c.execute(tables.notice.delete()))
    database.write(engine, lambda c: c.execute(tables.gap.delete()))
    vacuumed = retention.erase(
        engine, directory, settings, [one.id for one in families], now=NOW, actor="command"
    )

    assert vacuumed
    assert found_in(engine, settings, tmp_path, caplog) == []
    assert rows(engine)["person"] == 30
    assert places.verify(engine) == []


def test_all_that_is_kept_is_shown(engine: Engine, settings) -> None:
    """S52: an access request is answered by one list; unknown references by none."""
    directory = made.directory({"booking": "referral"})
    who = Family(
        "Amina Khan",
        phone="07700 900123",
        contact_by="text",
        safe_to_contact=True,
        children=("2 years",),
        access="A ramp",
        language="Urdu",
        notes="Late",
    )
    booked = book(engine, directory, who, referrer=MIDWIFE)
    casework.remark(engine, booked.id, "Twins", seen="", now=NOW, actor=STAFF)
    seen = {"now": NOW, "actor": STAFF}
    database.log_reading(engine, "read register", [booked.id, booked.id + 1], **seen)
    said = retention.kept(engine, booked.reference, lambda _: True)
    words = "\n".join(f"{label}: {value}" for label, value in said)

    for known in (
        booked.reference, "Amina Khan", "07700 900123", "By text message", "2 years", "A ramp",
        "Urdu", "Late", "Twins", "Jo Bell, midwife, Royal Preston", "Status: Waits for an answer",
            "We have your request: waits to go out, ", "A family asked for a place",
            "Somebody who left noted something", "Somebody who left read a register",
    ):  # fmt: skip
        assert known in words
    assert retention.kept(engine, "AAAA-AAAA", lambda _: True) is None
    assert retention.kept(engine, booked.reference, lambda _: False) is None
