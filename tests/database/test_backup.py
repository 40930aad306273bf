"""Backups, taken while families book, and put back into either database."""

import gzip
import hashlib
import itertools
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from portal import bookings, database
from portal.bookings import (
    Family,
    Referrer,
    group_messages,
    places,
    registers,
)
from portal.bookings.registers import Mark, WalkIns
from portal.database import backup, tables
from portal.database.backup import BackupError
from portal.panel import gaps
from portal.staff import accounts
from tests.bookings.test_booking import SECRET, book, family
from tests.support import made
from tests.support.databases import new_sqlite

NOW = made.NOW
STAFF = "staff:7"


@pytest.fixture
def empty(bare_engine):
    """An engine on a second database with nothing in it at all."""
    return bare_engine


@pytest.fixture
def second(tmp_path):
    """An engine on a second SQLite database with nothing in it. Its tables come ready made, and
    what is restored into it was read from either database."""
    engine = database.connect(f"sqlite:///{tmp_path / 'second.db'}")
    yield engine
    engine.dispose()


def content_of(engine: Engine) -> dict[str, list[tuple]]:
    """All rows of all tables that a backup holds."""
    with database.read(engine) as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for table in tables.metadata.sorted_tables
            if table.name not in backup.LEFT_OUT
        }


def filled(engine: Engine):
    """Something in every table, in scripts and signs that files spoil."""
    directory = made.directory({"booking": "referral", "places": "1"}, {"places": "1"})
    asked = Family(
        "پروین \u2028 O'Neill 🎈",
        email="a@example.org",
        contact_by="email",
        safe_to_contact=True,
        children=("2 years",),
        access="A ramp\nand a lift",
        notes='"quoted"\\ and = signs',
        answers={"midwife": "Jo"},
    )
    midwife = Referrer("Jo Bell", "midwife", "Royal Preston", "jo@nhs.example", None)
    one = book(engine, directory, asked, referrer=midwife)
    bookings.confirm(engine, directory, one.id, now=NOW, actor=STAFF)
    for number in range(3):
        book(engine, directory, family(number), series=directory.series[1])
    session = directory.series[0].all_sessions[0]
    marks = [Mark(one.id, "came", "expected", 0)]
    registers.save(engine, session.series, session, marks, WalkIns(1, 2, 3), now=NOW, actor=STAFF)
    group = group_messages.of_session(session)
    group_messages.send(engine, group, "Bring wellies", key="backup", now=NOW, actor=STAFF)
    gap = gaps.Gap("Preston", ("send",), "A club", "", 100, "Jo", "School", "jo@x.example")
    gaps.report(engine, gap, made.directory(), key="gap", secret=SECRET, now=NOW)
    accounts.add(
        engine,
        name="worker@families.example",
        title="Worker",
        role="worker",
        centres=["riverbank"],
        now=NOW,
    )
    return directory


def test_what_is_restored_is_what_was_there(engine: Engine, empty: Engine, tmp_path) -> None:
    """From either database into either, row by row; and life goes on with fresh numbers."""
    directory = filled(engine)
    file = tmp_path / "backup.gz"
    made_ = backup.save(engine, file, now=NOW)
    restored = backup.restore(empty, file)

    assert restored == made_
    assert content_of(empty) == content_of(engine)
    assert places.verify(empty) == []
    assert backup.secret_matches(empty, SECRET)
    assert not backup.secret_matches(empty, "another secret of thirty-two signs")
    assert book(empty, directory, family(9), series=directory.series[1]).status == "waiting"
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.slow
def test_back_up_under_load(engine: Engine, second: Engine, tmp_path) -> None:
    """S62: while families book and cancel, a backup is one moment of it: everything adds up."""
    directory = made.directory({"places": "30"})
    stop = threading.Event()
    counted = itertools.count(1000)

    def crowd() -> None:
        while not stop.is_set():
            number = next(counted)
            # Keys of its own: those of `book` come from a generator, which serves one thread.
            booked = book(engine, directory, family(number), key=f"crowd-{number}")
            if number % 3 == 0:
                bookings.cancel(engine, directory, booked.id, now=NOW)

    threads = [threading.Thread(target=crowd) for _ in range(3)]
    for thread in threads:
        thread.start()
    files = [tmp_path / f"backup-{number}.gz" for number in range(4)]
    try:
        for file in files:
            backup.save(engine, file, now=NOW)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    held = []
    for file in files:
        held.append(backup.restore(second, file, replace=True).rows["booking"])
        assert places.verify(second) == []
        with database.read(second) as connection:
            rows = {
                table.name: connection.execute(
                    sa.select(sa.func.count()).select_from(table)
                ).scalar_one()
                for table in (tables.booking, tables.person)
            }
        # Each booking came with its family, or not at all.
        assert rows["booking"] == rows["person"]
    last = tmp_path / "last.gz"
    backup.save(engine, last, now=NOW)
    backup.restore(second, last, replace=True)

    assert held == sorted(held)
    assert content_of(second) == content_of(engine)


def test_sign_ins_are_not_brought_back(engine: Engine, second: Engine, tmp_path) -> None:
    """Who has signed out since stays signed out."""
    filled(engine)
    file = tmp_path / "backup.gz"
    backup.save(engine, file, now=NOW)

    assert b"staff_session" not in gzip.decompress(file.read_bytes())
    backup.restore(second, file)
    with database.read(second) as connection:
        assert connection.execute(sa.select(tables.staff_session)).all() == []


def test_nothing_is_written_over(engine: Engine, tmp_path) -> None:
    """Neither a file that is there, nor a database with something in it."""
    filled(engine)
    file = tmp_path / "backup.gz"
    backup.save(engine, file, now=NOW)
    before = content_of(engine)
    with pytest.raises(BackupError, match="already exists"):
        backup.save(engine, file, now=NOW)
    with pytest.raises(BackupError, match="not empty"):
        backup.restore(engine, file)

    assert content_of(engine) == before
    assert sorted(path.name for path in tmp_path.glob(".*")) == []
    book(engine, made.directory({}, {}), family(77))
    backup.restore(engine, file, replace=True)
    assert content_of(engine) == before


def spoilt(data: bytes, kind: str) -> bytes:
    lines = gzip.decompress(data).splitlines(keepends=True)
    if kind == "cut":
        return data[: len(data) // 2]
    if kind == "without its end":
        return gzip.compress(b"".join(lines[:-1]))
    if kind == "with a row less":
        return gzip.compress(b"".join([*lines[:2], *lines[3:]]))
    if kind == "changed":
        return gzip.compress(b"".join(lines).replace(b"wellies", b"sandals"))
    if kind == "of another kind":
        return gzip.compress(b'{"rows": 1}\n')
    if kind == "of a newer release":
        return gzip.compress(b"".join(lines).replace(b'"revision":"0', b'"revision":"9', 1))
    return b"not packed at all"


@pytest.mark.parametrize(
    "kind",
    [
        "cut",
        "without its end",
        "with a row less",
        "changed",
        "of another kind",
        "of a newer release",
        "no backup",
    ],
)
def test_a_spoilt_file_is_refused(tmp_path, kind) -> None:
    """Nothing is touched by a file that is not whole."""
    engine = database.connect(new_sqlite(tmp_path / "portal.db"))
    filled(engine)
    good, bad = tmp_path / "good.gz", tmp_path / "bad.gz"
    backup.save(engine, good, now=NOW)
    before = content_of(engine)
    bad.write_bytes(spoilt(good.read_bytes(), kind))
    with pytest.raises(BackupError):
        backup.restore(engine, bad, replace=True)

    assert content_of(engine) == before
    engine.dispose()


def test_an_older_release_is_brought_forward(tmp_path) -> None:
    """S64: what an earlier release backed up is restored into its tables, then migrated."""
    old = database.connect(f"sqlite:///{tmp_path / 'old.db'}")
    database.migrate(old, "0001")
    with old.connect() as connection, connection.begin():
        connection.exec_driver_sql(
            "INSERT INTO told VALUES ('a/b', '2027-01-12', 'x', '2027-01-04 09:00:00.000000')"
        )
    columns = [["series", "plain key"], ["planned", "plain key"], ["words", "plain"]]
    columns.append(["told", "moment"])
    row = backup._line(["told", "a/b", "2027-01-12", "x", NOW.isoformat()])
    header = {
        "portal backup": 1,
        "made": (NOW - timedelta(days=9)).isoformat(),
        "revision": "0001",
        "tables": [["told", columns]],
    }
    end = {"rows": {"told": 1}, "sha256": hashlib.sha256(row).hexdigest()}
    file = tmp_path / "old.gz"
    file.write_bytes(gzip.compress(backup._line(header) + row + backup._line(end)))
    fresh = database.connect(f"sqlite:///{tmp_path / 'new.db'}")
    backup.restore(fresh, file)

    assert content_of(fresh)["told"] == [("a/b", "2027-01-12", "x", NOW, {})]
    assert content_of(fresh)["walk_in"] == []
    for engine in (old, fresh):
        engine.dispose()
