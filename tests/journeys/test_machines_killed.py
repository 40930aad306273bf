"""Two machines over one database, each with its server and its worker that sends messages.

One reaches PostgreSQL by itself, the other through PgBouncer. Their content is the same.
"""

import http.client
import random
import threading
import time
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from itertools import cycle, islice

import pytest
import sqlalchemy as sa

from portal import database
from portal.bookings import places
from portal.database import tables
from portal.server.worker import Watch
from portal.settings import load_settings
from portal.web.site import build
from tests.support import crowd, figures, pooler
from tests.support.listeners import mail_server
from tests.support.long_forms import LONG
from tests.support.ports import free_port

pytestmark = [pytest.mark.kills, pytest.mark.postgres]

CLIENTS = 10
PLACES = 30
SECRET = crowd.SECRET
# What is killed in turn. The database comes third, so the short form restarts it too.
VICTIMS = ("server", "worker", "database", "build")
KILLS = 20 if LONG else 3


class County:
    """Both machines, the mail that they send, and what families were answered."""

    def __init__(self, folder, sample, addresses, mail_port) -> None:
        root = crowd.content_with_a_course(folder, sample, PLACES)
        shared = {
            "PORTAL_OUT": str(folder / "build"),
            "PORTAL_SECRET_KEY": SECRET,
            "PORTAL_EMAIL_CHANNEL": "email",
            "PORTAL_TEXT_CHANNEL": "none",
            "PORTAL_SMTP_HOST": "127.0.0.1",
            "PORTAL_SMTP_PORT": str(mail_port),
            "PORTAL_SMTP_TLS": "none",
        }
        self.machines = []
        for number, (address, pooled) in enumerate(addresses):
            own = folder / f"machine-{number}"
            own.mkdir()
            given = {"PORTAL_DATABASE_URL": address, "PORTAL_DATABASE_POOLED": pooled}
            port = free_port()
            self.machines.append(crowd.Killable(own, root, port, **{**shared, **given}))
        environ = self.machines[0].environ
        self.settings = load_settings(
            **{
                name.removeprefix("PORTAL_").lower(): value
                for name, value in environ.items()
                if name in crowd.environment(root, folder) or name in shared
            },
            database_url=addresses[0][0],
        )
        self.answered: dict[int, set[str]] = {}
        self.statuses: Counter[object] = Counter()
        self.refused: list[int] = []
        self.stop = threading.Event()

    def press(self, browser: crowd.Browser, first: int) -> None:
        """Families that press until they have an answer, each time at either machine."""
        chance = random.Random(first)
        for number in range(first, first + 10_000):
            key, more = crowd.key(), {}
            while not self.stop.is_set():
                browser.close()
                browser.connection = None
                browser.port = chance.choice(self.machines).port
                try:
                    status, path = browser.confirm(key, number, **more)
                except (OSError, http.client.HTTPException):  # the answer was lost
                    self.statuses["lost"] += 1
                    time.sleep(0.1)
                    continue
                self.statuses[status] += 1
                if status == 409:  # full: it joins the waiting list
                    more = {"wait": "yes"}
                elif status in (429, 503):  # the database is away: the page says to try again
                    time.sleep(0.1)
                elif status != 303:
                    self.refused.append(status)
                    break
                else:
                    self.answered.setdefault(number, set()).add(path)
                    if chance.random() >= 0.2:  # else it presses again all the same
                        break
            if self.stop.wait(crowd.PAUSE):
                return

    def kill(self, victim: str, machine: crowd.Killable, restart) -> None:
        if victim == "server":
            machine.kill()
            machine.start()
        elif victim == "worker":
            machine.kill_worker()
        elif victim == "database":
            restart()
        else:
            machine.kill_build()

    def wait_for_more(self, families: int) -> None:
        """Wait until so many more families have their answer."""
        enough, until = len(self.answered) + families, time.monotonic() + 60
        while len(self.answered) < enough:
            assert time.monotonic() < until, f"no family was answered: {self.statuses}"
            time.sleep(0.01)


@pytest.mark.timeout(900)
def test_two_machines_keep_every_promise(disk_path, sample_root, restartable) -> None:
    """S60, S61: whatever is killed, no place is sold twice, and each family gets one letter, which
    says what is true of its booking."""
    address, restart = restartable
    with pooler.pooled(address) as pooled, mail_server() as (mailbox, mail_port):
        addresses = [(address, "no"), (pooled, "yes")]
        county = County(disk_path, sample_root, addresses, mail_port)
        build.build(county.settings, today=date.today())
        broken = _rush(county, restart)
        # Letters that a killed worker had claimed are claimed again after a quarter of an hour.
        later = Watch(county.settings, now=lambda: datetime.now(UTC) + timedelta(minutes=20))
        while later.once().delivered.sent:  # a round has a limit
            pass
        later._engine.dispose()
        letters = mailbox.messages()
    engine = database.connect(address)
    with database.read(engine) as connection:
        rows = connection.execute(
            sa.select(tables.booking.c.status, tables.person.c.email).join(tables.person)
        ).all()
        unsent = connection.execute(
            sa.select(tables.message.c.state, tables.message.c.trouble).where(
                tables.message.c.kind.in_(("confirmation", "waiting")),
                tables.message.c.state != "sent",
            )
        ).all()
    wrong = places.verify(engine)
    engine.dispose()

    status_of = {row.email: row.status for row in rows}
    booked = Counter(row.email for row in rows)
    held = sum(row.status == "confirmed" for row in rows)
    posted = _posted(letters)
    doubled = [to for to, found in posted.items() if len(found) > 1 or booked[to] > 1]
    lost = [n for n in county.answered if f"parent{n}@example.org" not in booked]
    unwritten = [to for to in booked if to not in posted]
    untrue = [
        to
        for to, found in posted.items()
        for words in found.values()
        if ("waiting list" in words) != (status_of.get(to) == "waiting")
    ]
    repeated = len(letters) - sum(map(len, posted.values()))
    figures.record(
        kills=KILLS,
        lost=len(lost) + len(unwritten),
        doubled=len(doubled),
        oversold=max(0, held - PLACES),
        untrue=len(untrue),
        errors=len(county.refused) + len(broken),
    )

    assert len(county.answered) > PLACES, "too little happened for this to mean anything"
    assert held == PLACES
    assert (lost, unwritten, doubled, untrue) == ([], [], [], [])
    assert [paths for paths in county.answered.values() if len(paths) != 1] == []
    assert (unsent, wrong, county.refused, broken) == ([], [], [], [])
    # A letter whose sending was cut off is sent again, with the same Message-ID.
    assert repeated <= KILLS


def _rush(county: County, restart) -> list[int]:
    """Families book while one thing after another is killed. Returns the site's wrong statuses."""
    browsers = [crowd.Browser(county.machines[0].port) for _ in range(CLIENTS)]
    looks = []
    try:
        for machine in county.machines:
            machine.start()
        for browser in browsers:
            browser.open_form()
        time.sleep(crowd.PATIENCE)
        threads = [
            threading.Thread(target=county.press, args=(browser, at * 10_000), daemon=True)
            for at, browser in enumerate(browsers)
        ]
        for thread in threads:
            thread.start()
        turns = zip(cycle(VICTIMS), cycle((0, 1, 1, 0, 0)), strict=False)
        for victim, at in islice(turns, KILLS):
            county.wait_for_more(PLACES // 2)
            machine = county.machines[at]
            county.kill(victim, machine, restart)
            looked = crowd.Browser(machine.port)
            looks.append(looked.status_of("/"))
            looked.close()
        county.wait_for_more(CLIENTS)
        county.stop.set()
        for thread in threads:
            thread.join()
    finally:
        county.stop.set()
        for machine in county.machines:
            if machine.process:
                machine.kill()
            machine.log.close()
        for browser in browsers:
            browser.close()
    return [status for status in looks if status != 200]


def _posted(letters: list[EmailMessage]) -> dict[str, dict[str, str]]:
    """The words of each letter, by address and Message-ID."""
    posted: dict[str, dict[str, str]] = defaultdict(dict)
    for letter in letters:
        words = letter.get_body(("plain",)).get_content()
        posted[str(letter["To"])][str(letter["Message-ID"])] = words
    return posted
