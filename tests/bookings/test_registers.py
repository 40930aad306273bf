"""Registers, on both databases."""

import csv
import io
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from portal import bookings, database
from portal.bookings import Family, registers
from portal.bookings.locking import NotPossible
from portal.bookings.registers import Mark, WalkIns
from portal.database import tables
from tests.bookings.test_booking import book, family
from tests.support import made
from tests.support.made import NOW

STAFF = "staff:7"


def session_of(directory, number: int = 0):
    return directory.series[0].all_sessions[number]


def opened(engine, directory, number: int = 0):
    session = session_of(directory, number)
    return registers.of(engine, session.series, session, now=NOW, actor=STAFF)


def saved(engine, directory, marks, walk_ins=None, number: int = 0):
    session = session_of(directory, number)
    return registers.save(engine, session.series, session, marks, walk_ins, now=NOW, actor=STAFF)


def mark(register, name: str, said: str) -> Mark:
    line = next(one for one in register.lines if one.name == name)
    return Mark(line.booking_id, said, line.mark, line.version)


def marks(register) -> dict[str, str]:
    return {line.name: line.mark for line in register.lines}


def noted(engine: Engine) -> list[tuple[str, str]]:
    with database.read(engine) as connection:
        rows = connection.execute(
            sa.select(tables.audit).where(tables.audit.c.actor == STAFF).order_by("id")
        ).all()
    return [(row.did, str(row.detail)) for row in rows]


def test_everybody_with_a_place_is_expected(engine: Engine) -> None:
    """A register begins with the families that hold a place, by name; who waits is counted."""
    directory = made.directory({"places": "2"})
    for who in (Family("zara Ali"), Family("Amina Khan", people=3), Family("Late Comer")):
        book(engine, directory, who)
    register = opened(engine, directory)

    assert marks(register) == {"Amina Khan": "expected", "zara Ali": "expected"}
    assert (register.places, register.waiting, register.people) == (2, 1, 4)


def test_marks_are_kept_by_session(engine: Engine) -> None:
    """What is marked of one date says nothing of the next."""
    directory = made.directory()
    book(engine, directory, Family("Amina Khan"))
    done = saved(engine, directory, [mark(opened(engine, directory), "Amina Khan", "came")])

    assert (done.changed, done.clashes) == (1, ())
    assert marks(opened(engine, directory)) == {"Amina Khan": "came"}
    assert marks(opened(engine, directory, 1)) == {"Amina Khan": "expected"}


def test_two_workers_lose_nothing(engine: Engine) -> None:
    """Marks of different families merge; the same mark twice is one; a difference is told."""
    directory = made.directory()
    for name in ("Amina", "Beth", "Chloe"):
        book(engine, directory, Family(name))
    first = second = opened(engine, directory)
    saved(engine, directory, [mark(first, "Amina", "came"), mark(first, "Beth", "came")])
    done = saved(
        engine,
        directory,
        [
            mark(second, "Amina", "absent"),
            mark(second, "Beth", "came"),
            mark(second, "Chloe", "apologies"),
        ],
    )

    assert marks(opened(engine, directory)) == {
        "Amina": "came",
        "Beth": "came",
        "Chloe": "apologies",
    }
    assert [(one.theirs, one.yours) for one in done.clashes] == [("Came", "Did not come")]
    assert done.changed == 1


def test_a_mark_can_be_set_right(engine: Engine) -> None:
    """A worker who has seen the current mark may change it, even back to expected."""
    directory = made.directory()
    book(engine, directory, Family("Amina"))
    for said in ("came", "absent", "expected", "came"):
        done = saved(engine, directory, [mark(opened(engine, directory), "Amina", said)])
        assert done.clashes == ()

    assert marks(opened(engine, directory)) == {"Amina": "came"}


def test_many_workers_at_once(engine: Engine) -> None:
    """Eight workers save a whole register each at the same moment: one mark a family, the first."""
    directory = made.directory({"places": "20"})
    for number in range(10):
        book(engine, directory, family(number))
    register = opened(engine, directory)
    results = []

    def work(said: str) -> None:
        wanted = [mark(register, line.name, said) for line in register.lines]
        results.append(saved(engine, directory, wanted, WalkIns(2, 3, 4)))

    said = ["came", "absent"] * 4
    threads = [threading.Thread(target=work, args=(one,)) for one in said]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 8
    assert sum(one.changed for one in results) == 10 + 1
    with database.read(engine) as connection:
        versions = connection.execute(sa.select(tables.attendance.c.version)).scalars().all()
    assert versions == [1] * 10


def test_walk_ins_are_numbers(engine: Engine) -> None:
    """Families, children and adults; a second worker with other numbers is told."""
    directory = made.directory({"booking": "drop-in", "places": None})
    first = saved(engine, directory, [], WalkIns(5, 7, 6))
    again = saved(engine, directory, [], WalkIns(5, 7, 6))
    other = saved(engine, directory, [], WalkIns(6, 8, 6))
    seen = opened(engine, directory).walk_ins
    mended = saved(engine, directory, [], WalkIns(6, 8, 6, seen.version))

    assert (first.changed, again.changed, len(again.clashes)) == (1, 0, 0)
    assert [one.theirs for one in other.clashes] == ["families 5, children 7, adults 6"]
    assert mended.changed == 1
    assert opened(engine, directory).walk_ins.numbers == (6, 8, 6)


def test_who_comes_and_goes(engine: Engine) -> None:
    """Who cancelled is gone, unless they came before; who books later was not expected then."""
    directory = made.directory()
    gone = book(engine, directory, Family("Gone"))
    came = book(engine, directory, Family("Came once"))
    saved(engine, directory, [mark(opened(engine, directory), "Came once", "came")])
    for one in (gone, came):
        bookings.cancel(engine, directory, one.id, now=NOW)
    after = session_of(directory).ends + timedelta(days=1)
    bookings.book(
        engine,
        directory.series[0].link(closes=after + timedelta(days=9)),
        Family("Later"),
        key="later",
        secret="a secret of thirty-two characters",
        now=after,
    )

    assert marks(opened(engine, directory)) == {"Came once": "came"}
    assert marks(opened(engine, directory, 1)) == {"Later": "expected"}


def test_a_register_marks_its_own_families_alone(engine: Engine) -> None:
    """A booking of another series in a form is ignored: no worker marks what they cannot see."""
    directory = made.directory({}, {})
    other = book(engine, directory, Family("Elsewhere"), series=directory.series[1])
    done = saved(engine, directory, [Mark(other.id, "came", "expected", 0)])

    assert (done.changed, done.clashes) == (0, ())
    with database.read(engine) as connection:
        assert connection.execute(sa.select(tables.attendance)).all() == []


def test_a_cancelled_session_has_no_marks(engine: Engine) -> None:
    """Nobody came to what was off."""
    directory = made.directory({"changes": [{"date": "2027-01-12", "cancelled": "Snow"}]})

    with pytest.raises(NotPossible):
        saved(engine, directory, [], WalkIns(1, 1, 1))


def test_what_was_done_is_noted_without_names(engine: Engine) -> None:
    """S30: who read, changed and exported, and when; never whom it was about."""
    directory = made.directory()
    book(engine, directory, Family("Amina Khan", phone="07700 900123"))
    saved(engine, directory, [mark(opened(engine, directory), "Amina Khan", "came")])
    session = session_of(directory)
    registers.export(engine, session.series, [session], now=NOW, actor=STAFF)

    assert [did for did, _ in noted(engine)] == [
        "read register",
        "save register",
        "export register",
    ]
    assert not {"Amina", "07700"} & set(str(noted(engine)).replace("'", " ").split())


def test_a_series_without_dates_has_an_empty_file(engine: Engine) -> None:
    """If no date of a series is left, its file has a heading and no family, and is logged."""
    (series,) = made.directory().series
    data = registers.export(engine, series, (), now=NOW, actor=STAFF)

    assert len(data.decode("utf-8-sig").splitlines()) == 1
    assert noted(engine) == [("export register", "{'sessions': 0}")]


def test_an_export_can_be_opened(engine: Engine) -> None:
    """Hostile names are text; each date has its column; the programme's questions are in it."""
    question = {"name": "midwife", "label": "Who is your midwife?"}
    directory = made.directory(questions=[question])
    who = Family(
        "=HYPERLINK(1)",
        phone="07700900123",
        contact_by="text",
        safe_to_contact=True,
        answers={"midwife": "@SUM(1)"},
    )
    book(engine, directory, who)
    saved(engine, directory, [mark(opened(engine, directory), "=HYPERLINK(1)", "came")])
    series = directory.series[0]
    data = registers.export(engine, series, series.all_sessions[:2], now=NOW, actor=STAFF)
    header, row = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    told = dict(zip(header, row, strict=True))

    assert (told["Name"], told["Who is your midwife?"]) == ("'=HYPERLINK(1)", "'@SUM(1)")
    assert (told["Phone"], told["2027-01-12"], told["2027-01-19"]) == (
        "07700 900123",
        "Came",
        "Expected",
    )
    assert told["Safe way to get in touch"] == "By text message"


def test_the_numbers_of_many_sessions(engine: Engine) -> None:
    """Lists of sessions ask once: booked, waiting, came, and who came without a booking."""
    directory = made.directory({"places": "2"})
    for name in ("Amina", "Beth", "Chloe"):
        book(engine, directory, Family(name, people=2))
    register = opened(engine, directory)
    saved(engine, directory, [mark(register, "Amina", "came")], WalkIns(3, 4, 3))
    sessions = directory.series[0].all_sessions[:2]
    first, second = registers.tallies(engine, sessions).values()

    assert (first.booked, first.people, first.waiting, first.came, first.walk_ins) == (
        2, 4, 1, 1, 3,
    )  # fmt: skip
    assert (second.booked, second.came, second.walk_ins) == (2, 0, 0)


@pytest.mark.parametrize(
    ("way", "safe", "words", "rings"),
    [
        ("email", True, "By email", False),
        ("text", True, "By text message", True),
        ("call", True, "By phone call", True),
        ("call", False, "By phone call, leave no message", True),
        ("text", False, "Send nothing", False),
        ("none", False, "Do not contact", False),
    ],
)
def test_the_safe_way_stands_first(way, safe, words, rings):
    """S5: staff read how it is safe to get in touch; what is not to be rung is not shown."""
    who = Family("Amina", phone="07700 900123", contact_by=way, safe_to_contact=safe)

    assert (registers.safe_way(who), registers.may_ring(who)) == (words, rings)
