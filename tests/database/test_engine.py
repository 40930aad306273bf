"""One SQLite file that several processes have open."""

import sqlite3
import subprocess
import sys

import pytest
from sqlalchemy import delete, event, insert, select
from sqlalchemy.exc import OperationalError

from portal import database
from portal.database.tables import generation
from tests.support import made
from tests.support.databases import new_sqlite, read_only
from tests.support.paths import ROOT

# What any command of the portal does with the database, in a process of its own.
COMMAND = """
import sys
from sqlalchemy import select
from portal import database
from portal.database.tables import generation
engine = database.connect(sys.argv[1])
with database.read(engine) as connection:
    print(len(connection.execute(select(generation)).all()))
engine.dispose()
"""


def elsewhere(address: str) -> int:
    """How many generations another process sees."""
    command = [sys.executable, "-c", COMMAND, address]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(run.stdout)


@pytest.mark.slow
def test_a_command_takes_no_log_away_from_a_process_at_work(tmp_path) -> None:
    """S60: what was confirmed is there for every process, however often the database was opened
    here and elsewhere. A process that opens and closes the file itself loses its locks on it, and
    the next command to end then deletes the log into which this one goes on writing."""
    address = new_sqlite(tmp_path / "portal.db")
    engine = database.connect(address)

    def add(number: int) -> None:
        row = {"number": number, "edition": f"{number}", "built": made.NOW, "published": made.NOW}
        row |= {"publisher": "test"}
        database.write(engine, lambda connection: connection.execute(insert(generation), row))

    add(1)
    seen = []
    for number in (2, 3):
        database.connect(address).dispose()  # as each reading of the content does
        seen.append(elsewhere(address))
        add(number)
    with database.read(engine) as connection:
        here = len(connection.execute(select(generation)).all())
    engine.dispose()
    kept = sqlite3.connect(tmp_path / "portal.db")
    try:
        (last,) = kept.execute("select count(*) from generation").fetchone()
    finally:
        kept.close()

    assert (seen, here, last) == ([1, 2], 3, 3)


def test_looking_whether_a_database_can_be_written(database_address, monkeypatch) -> None:
    """One that only reads cannot, nor one without room on SQLite's disk; one that somebody else is
    writing can. Looking waits for nobody and changes nothing."""
    monkeypatch.setattr("portal.database.engine.BUSY", 60.0)  # nobody would wait for so long
    engine = database.connect(database_address)
    with read_only(engine):
        refused = database.can_write(engine)
    engine.dispose()
    with engine.connect().execution_options(writes=True) as writer, writer.begin():
        writer.execute(delete(generation))
        at_once = database.can_write(engine)
    before = database.can_write(engine)
    monkeypatch.setattr("portal.database.engine._ROOM", 1 << 60)
    without_room = database.can_write(engine)
    sqlite = engine.dialect.name == "sqlite"
    engine.dispose()

    assert (refused, at_once, before) == (False, True, True)
    assert without_room is not sqlite


def test_a_database_that_another_program_holds_is_given_up_once(tmp_path, monkeypatch) -> None:
    """SQLite's own wait is the whole wait: a family that waits for an answer gets one after it."""
    monkeypatch.setattr("portal.database.engine.BUSY", 0.05)
    engine = database.connect(new_sqlite(tmp_path / "portal.db"))
    tries = []
    event.listen(engine, "checkout", lambda *_: tries.append(1))
    holder = sqlite3.connect(tmp_path / "portal.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(OperationalError, match="locked"):
        database.write(engine, lambda connection: connection.execute(select(generation)))
    assert len(tries) == 1
    holder.execute("ROLLBACK")
    holder.close()
    assert database.write(engine, lambda connection: 1) == 1
    engine.dispose()
