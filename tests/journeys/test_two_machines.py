"""Two machines over one PostgreSQL, each with its pages and its messages, in a rush.

One is killed, the other publishes other content, and the database breaks all connections off.
"""

import shutil
import threading
import time
from collections import Counter
from datetime import UTC, date, datetime

import psycopg
import pytest
import sqlalchemy as sa

from portal import content, database
from portal.bookings import places
from portal.database import tables
from portal.web.site.build_state import write_marker
from tests.journeys.test_kills import _hash, _press, _until_more_are_answered
from tests.support import crowd
from tests.support.ports import free_port

pytestmark = [pytest.mark.kills, pytest.mark.postgres]

CLIENTS = 3  # of each machine
PLACES = 60
SECRET = crowd.SECRET


class Machine:
    """A server with its own content, whose site was built by `publish`."""

    def __init__(self, folder, root, address):
        self.folder, self.root = folder, root
        self.port = free_port()
        self.server = crowd.Killable(folder, root, self.port)
        self.server.environ |= {"PORTAL_DATABASE_URL": address, "PORTAL_SECRET_KEY": SECRET}
        self.publish()

    def publish(self):
        """Put the marker of a site built just now in its place; the pages are not asked for."""
        out, fresh = self.folder / "build", self.folder / "fresh"
        fresh.mkdir()
        directory = content.load(self.root, today=date.today())
        write_marker(fresh, date.today(), directory.edition, {})
        out.mkdir(exist_ok=True)
        for file in fresh.iterdir():
            file.replace(out / file.name)
        fresh.rmdir()

    def log(self):
        return (self.folder / "log").read_text("utf-8")

    def letters(self):
        return [file.name for file in (self.folder / "var/outbox").glob("*.eml")]


def move(root):
    """Hold the course in the afternoon."""
    course = root / "centres/preston/riverbank/crowd.md"
    course.write_text(course.read_text("utf-8").replace("10:00-12:00", "13:00-15:00"), "utf-8")


def break_connections_off(address):
    """What a restart of the database is to its clients; the server is shared with other tests."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def wait_until(found, seconds=60):
    until = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.2)


def test_two_machines_contradict_each_other_in_nothing(tmp_path, sample_root, postgres_address):
    """No place is sold twice, no message goes out twice, and a move is told once (S60, S66)."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    root = crowd.content_with_a_course(folders[0], sample_root, PLACES)
    roots = [root, shutil.copytree(root, folders[1] / "root")]
    old, new = (Machine(*given, postgres_address) for given in zip(folders, roots, strict=True))
    old.server.environ["PORTAL_ROLES"] = "web,post"  # the other one publishes
    told, ended, stop = {}, [], threading.Event()
    browsers = [crowd.Browser(machine.port) for machine in (old, new) for _ in range(CLIENTS)]
    engine = database.connect(postgres_address)

    def count(query):
        with database.read(engine) as connection:
            return connection.execute(query).scalar_one()

    try:
        old.server.start()
        new.server.start()
        for browser in browsers:
            browser.open_form()
        time.sleep(crowd.PATIENCE)
        threads = [
            threading.Thread(target=_press, args=(browser, form, stop, told, ended), daemon=True)
            for form, browser in enumerate(browsers)
        ]
        for thread in threads:
            thread.start()
        _until_more_are_answered(told, ended)
        new.server.kill()
        new.server.start()
        break_connections_off(postgres_address)
        _until_more_are_answered(told, ended)
        move(new.root)
        new.publish()
        published = sa.select(sa.func.count()).select_from(tables.generation)
        wait_until(lambda: count(published) == 2)
        wait_until(lambda: "older than generation 2" in old.log())
        stop.set()
        for thread in threads:
            thread.join()
        moved = sa.select(sa.func.count()).where(tables.message.c.kind == "moved")
        wait_until(lambda: count(moved))
        rounds = datetime.now(UTC)
        waiting = sa.select(sa.func.count()).where(
            tables.message.c.state == "owed", tables.message.c.due <= rounds
        )
        wait_until(lambda: not count(waiting))
    finally:
        stop.set()
        for machine in (old, new):
            machine.server.kill()
            machine.server.log.close()
        for browser in browsers:
            browser.close()

    with database.read(engine) as connection:
        keys = set(connection.execute(sa.select(tables.booking.c.key_hash)).scalars())
        thing = connection.execute(sa.select(tables.bookable)).one()
        said = connection.execute(
            sa.select(tables.message.c.booking_id, tables.message.c.kind)
        ).all()
        generations = connection.execute(sa.select(tables.generation.c.number)).scalars().all()
        facts = connection.execute(sa.select(tables.told.c.facts)).scalar_one()
    wrong = places.verify(engine)
    engine.dispose()
    statuses = Counter(status for status, _ in ended)
    letters = [*old.letters(), *new.letters()]

    assert len(told) > CLIENTS, "too little happened for this to mean anything"
    assert [key for key in told if _hash(key) not in keys] == []
    assert [where for where in told.values() if len(where) != 1] == []
    assert set(statuses) <= {409, 503}
    # Whether a booking was made before its connection broke off, only the next try can tell.
    assert [key for status, key in ended if status == 409 and _hash(key) in keys] == []
    assert (thing.held <= PLACES, wrong) == (True, [])
    assert [pair for pair, number in Counter(map(tuple, said)).items() if number > 1] == []
    assert len(generations) == 2
    assert "T13:00" in facts["starts"]
    assert [name for name, number in Counter(letters).items() if number > 1] == []
