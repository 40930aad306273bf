"""What counts in a quarter, by the rules of bookings: forms, registers, waiting lists, erasure."""

from datetime import datetime, timedelta

from sqlalchemy import Engine

from portal import database
from portal.bookings import personal_data, registers, retention, transitions, waiting_list
from portal.bookings.registers import Mark, WalkIns
from portal.directory import PublishedReport
from portal.directory.values import LONDON
from portal.reports import records
from portal.reports.blocks import GROUPS
from portal.reports.facts import Facts, count, total
from portal.reports.report import new_edition, reports_of
from portal.settings import load_settings
from tests.bookings.test_booking import book, family
from tests.support import made

QUARTER = "2027-Q1"
END = datetime(2027, 4, 1, 9, tzinfo=LONDON)


def facts_of(engine: Engine, directory) -> Facts:
    database.write(engine, lambda connection: records.keep(connection, directory, END))
    return count(engine, directory, QUARTER, END)


def numbers(facts: Facts) -> dict[str, int]:
    """All exact numbers of the county that are not 0."""
    found = {}
    for name, group in GROUPS.items():
        for at, measure in enumerate(group.measures):
            if number := total(facts.exact[name], facts.exact[name], at):
                found[measure] = number
    return found


def test_counted_through_the_rules(engine: Engine, tmp_path) -> None:
    """S104: what the functions of pages did is counted, and erasing changes no number.

    Six sessions from 12 January to 23 February. Three families have places from the start: one came
    to three sessions and then cancelled, one came once and asks to be erased later, one did not
    come. A fourth waits and gets the place of the first.
    """
    directory = made.directory({"places": "3"})
    (series,) = directory.series
    sessions = series.all_sessions
    first, second, third = (book(engine, directory, family(n)).id for n in range(3))
    fourth = book(engine, directory, family(4), wait=True).id
    for at, marks in enumerate(
        (("came", "came", "absent"), ("came", "absent", "absent"), ("came", "absent", "absent"))
    ):
        given = [
            Mark(one, mark, "expected", 0)
            for one, mark in zip((first, second, third), marks, strict=True)
        ]
        registers.save(
            engine, series, sessions[at], given, WalkIns(2, 2, 2), now=made.NOW, actor="staff:7"
        )
    after_three = sessions[2].ends + timedelta(hours=20)
    transitions.cancel(engine, directory, first, now=after_three)
    waiting_list.offer_everywhere(engine, directory, now=after_three)
    transitions.accept(engine, directory, fourth, now=after_three + timedelta(hours=1))
    facts = facts_of(engine, directory)
    before = numbers(facts)

    assert facts.public["county", "all"] == {
        "centres": 1, "series": 1, "hours": 12, "held": 6, "off": 0, "places": 18,
    }  # fmt: skip
    # Taken: 3 sessions of the first, 6 of the second and third, 3 of the fourth.
    assert before == {
        "booked": 4, "taken": 18, "came": 2, "visits": 4, "often": 1, "walk_ins": 6,
        "waited": 1, "waiting_days": (after_three.date() - made.NOW.date()).days,
    }  # fmt: skip

    personal_data.erase(engine, directory, second, now=END)
    assert numbers(facts_of(engine, directory)) == before
    settings = load_settings(root=tmp_path, var=tmp_path)
    retention.forget(engine, directory, settings, now=END + timedelta(days=400))
    assert numbers(facts_of(engine, directory)) == before


def test_a_place_given_up_before_the_first_session_does_not_count(engine: Engine) -> None:
    """A family that cancels before it could come had no place; taking it back, it has one."""
    directory = made.directory()
    booking = book(engine, directory).id
    transitions.cancel(engine, directory, booking, now=made.NOW)
    assert numbers(facts_of(engine, directory)) == {}
    transitions.restore(engine, directory, booking, now=made.NOW + timedelta(hours=1))
    assert numbers(facts_of(engine, directory)) == {"booked": 1, "taken": 6}


def test_requests_and_what_became_of_them(engine: Engine) -> None:
    """A request counts when it comes; one that is declined counts when that is said."""
    directory = made.directory(way="request")
    yes, no = (book(engine, directory, family(n)).id for n in range(2))
    transitions.confirm(engine, directory, yes, now=made.NOW + timedelta(days=9), actor="staff:7")
    transitions.decline(engine, no, reason="Full", now=made.NOW, actor="staff:7")
    # The place was given on 13 January, so the family had none at the first session.
    assert numbers(facts_of(engine, directory)) == {
        "booked": 1, "taken": 5, "requests": 2, "declined": 1,
    }  # fmt: skip


def test_a_quarter_without_rows(engine: Engine) -> None:
    """An empty database has no numbers, and is no sample."""
    facts = count(engine, made.directory(), QUARTER, END)
    assert (numbers(facts), facts.public, facts.private, facts.sample) == ({}, {}, 0, False)


def test_a_session_at_the_end_of_a_quarter(engine: Engine) -> None:
    """A course over two quarters counts in both, each with its own sessions."""
    directory = made.directory({"starts": "2027-03-23", "bank_holidays": "run"})
    book(engine, directory)
    later = datetime(2027, 6, 1, 9, tzinfo=LONDON)
    database.write(engine, lambda connection: records.keep(connection, directory, later))
    held = [count(engine, directory, quarter, later) for quarter in ("2027-Q1", "2027-Q2")]
    assert [one.public["county", "all"]["held"] for one in held] == [2, 4]
    assert [numbers(one)["taken"] for one in held] == [2, 4]


def test_a_published_quarter_is_final(engine: Engine) -> None:
    """S104: once a quarter is published, its report has the numbers of the file, whatever the
    register says later."""
    directory = made.directory()
    database.write(engine, lambda connection: records.keep(connection, directory, END))
    cube = new_edition(engine, directory, QUARTER, END)
    published = PublishedReport(cube, "content/reports/2027-Q1.json")
    later = directory.model_copy(update={"reports": (published,)})
    late = made.directory({"changes": [{"date": "2027-01-12", "cancelled": "Snow"}]})
    database.write(engine, lambda connection: records.keep(connection, late, END))
    assert reports_of(engine, later, QUARTER, END) is cube
    corrected = new_edition(engine, later, QUARTER, END)
    assert corrected.edition == 2
    held = [one.figure("county", "all", "held").number for one in (cube, corrected)]
    assert held == [6, 5]
