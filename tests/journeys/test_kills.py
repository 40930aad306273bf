"""S60: whatever moment the power goes, no confirmed booking is lost and none is made twice."""

import hashlib
import http.client
import random
import threading
import time
from datetime import date
from itertools import cycle, islice

import pytest
import sqlalchemy as sa

from portal import database
from portal.bookings import places
from portal.database import tables
from portal.settings import load_settings
from portal.web.site import build
from tests.support import crowd, figures
from tests.support.databases import new_sqlite
from tests.support.long_forms import LONG
from tests.support.ports import free_port

pytestmark = pytest.mark.kills

# What is killed in turn; the database is in the server's own process.
VICTIMS = ("server", "worker", "server", "build")
KILLS = 20 if LONG else 6
CLIENTS = 10
PLACES = 300


def _press(browser, form, stop, told, ended) -> None:
    """A family that presses, and presses again with the same key when no answer comes."""
    number = form * 10_000
    while not stop.is_set():
        number += 1
        key = crowd.key()
        while not stop.is_set():
            try:
                status, where = browser.confirm(key, number)
            except (OSError, http.client.HTTPException):  # the answer broke off
                time.sleep(0.2)
                continue
            if status == 303:
                told.setdefault(key, set()).add(where)
                if random.random() < 0.2:  # pressed again although it was answered
                    continue
                break
            ended.append((status, key))
            if status == 503:  # the database is away: the page says to try again
                stop.wait(0.2)
                continue
            break
        stop.wait(crowd.PAUSE)


def _until_more_are_answered(told, ended) -> None:
    """Until another family has its answer: no kill comes before the server is at work again."""
    before, longest = len(told) + len(ended), time.monotonic() + 60
    while len(told) + len(ended) == before:
        assert time.monotonic() < longest, "no family has had an answer for a minute"
        time.sleep(0.005)


def _kill(victim: str, server: crowd.Killable) -> None:
    if victim == "server":
        server.kill()
        server.start()
    elif victim == "worker":
        server.kill_worker()
    else:
        server.kill_build()


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


@pytest.mark.timeout(900 if LONG else 300)
def test_kills_under_load_lose_nothing(disk_path, sample_root) -> None:
    """Server, worker and builds are killed 6 times with 10 clients, or 20 in the long form: each
    booking whose page was answered is there, once, with its message sent exactly once or still
    owed; the site stays; and the sums agree."""
    root = crowd.content_with_a_course(disk_path, sample_root, PLACES)
    environ = crowd.environment(root, disk_path)
    settings = load_settings(
        **{name.removeprefix("PORTAL_").lower(): value for name, value in environ.items()}
    )
    build.build(settings, today=date.today())
    new_sqlite(settings.var / "portal.db")
    port = free_port()
    server = crowd.Killable(disk_path, root, port)
    server.start()
    told: dict[str, set[str]] = {}
    ended: list[tuple[int, str]] = []
    chance = random.Random(20260)
    browsers = [crowd.Browser(port) for _ in range(CLIENTS)]
    looked = crowd.Browser(port)
    stop = threading.Event()
    pages: list[int] = []
    try:
        for browser in browsers:
            browser.open_form()
        time.sleep(crowd.PATIENCE)
        threads = [
            threading.Thread(target=_press, args=(browser, form, stop, told, ended), daemon=True)
            for form, browser in enumerate(browsers)
        ]
        for thread in threads:
            thread.start()
        for victim in islice(cycle(VICTIMS), KILLS):
            _until_more_are_answered(told, ended)
            time.sleep(chance.uniform(0, 0.5))
            _kill(victim, server)
            pages.append(looked.status_of("/"))
            looked.close()
            looked.connection = None
        _until_more_are_answered(told, ended)
        stop.set()
        for thread in threads:
            thread.join()
        missing = [
            path for where in told.values() for path in where if looked.status_of(path) != 200
        ]
    finally:
        stop.set()
        server.kill()
        server.log.close()
        for browser in (*browsers, looked):
            browser.close()

    engine = database.connect(settings.database_address)
    with database.read(engine) as connection:
        statuses = dict(
            connection.execute(
                sa.select(tables.booking.c.status, sa.func.count()).group_by(
                    tables.booking.c.status
                )
            ).all()
        )
        keys = set(connection.execute(sa.select(tables.booking.c.key_hash)).scalars())
        owed = connection.execute(
            sa.select(tables.message.c.booking_id, sa.func.count())
            .where(tables.message.c.kind.in_(("confirmation", "waiting")))
            .group_by(tables.message.c.booking_id)
        ).all()
        sent = set(
            connection.execute(
                sa.select(tables.message.c.id).where(tables.message.c.state == "sent")
            ).scalars()
        )
    letters = list((settings.var / "outbox").glob("*.eml"))
    wrong = places.verify(engine)
    engine.dispose()

    figures.record(
        kills=KILLS,
        lost=len(missing) + sum(_hash(key) not in keys for key in told),
        doubled=sum(number != 1 for _, number in owed)
        + sum(len(one) != 1 for one in told.values()),
        oversold=max(0, statuses["confirmed"] - PLACES),
        errors=len(wrong) + sum(status != 200 for status in pages),
    )
    assert len(told) > KILLS, "too little happened for this to mean anything"
    assert missing == []
    assert [where for where in told.values() if len(where) != 1] == []
    assert [key for key in told if _hash(key) not in keys] == []
    assert [(status, key) for status, key in ended if status != 409 or _hash(key) in keys] == []
    assert statuses["confirmed"] <= PLACES
    assert [number for _, number in owed if number != 1] == []
    assert len(owed) == sum(statuses.values())
    assert len(letters) >= len(sent)  # a file is written before its row says so
    assert len(letters) <= len(owed)
    assert wrong == []
    assert set(pages) == {200}
