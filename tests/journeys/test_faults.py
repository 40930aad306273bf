"""Faults of the machine: a full disk, a database that only reads, a wrong clock, mail that hangs.

Each is made while the portal is at work, then taken away. Nothing may be half done meanwhile, and
afterwards everything goes on by itself.
"""

import resource
import shutil
import subprocess
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest

from portal import messages
from portal.bookings import places
from portal.messages import Sent
from tests.support import figures, made
from tests.support.databases import new_sqlite, read_only
from tests.support.listeners import hanging_mail_server, mail_server
from tests.support.queue import enqueue_many, rows, send
from tests.support.screens import FAMILY, Screens
from tests.support.sender import settings_for

pytestmark = pytest.mark.slow

BUMP = "/book/riverbank/bump"
CONFIRM = "Confirm booking"


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 4 MB of its own, where root may mount one; else an ordinary folder."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True).returncode == 0
    yield folder
    if mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def full(folder):
    """No more can be written: the disk is full, or files may not grow where it is not our own."""
    if not folder.is_mount():
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        return
    filler = folder / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512):
            with suppress(OSError):
                while file.write(b"x" * size):
                    pass
    try:
        assert shutil.disk_usage(folder).free == 0
        yield
    finally:
        filler.unlink()


def refuse_then_book(screens, fault) -> None:
    """During the fault the form says whom to ring and keeps the answers; afterwards one press of
    the same form books, once."""
    check = screens.open(BUMP).fill(**FAMILY).press("Continue")
    before = screens.stored()
    with fault:
        broken = check.press(CONFIRM)
        again = broken.press("Try again")
        health = screens.open("/health")
    mended = screens.open("/health")
    kept = screens.stored() != before
    own = again.press("Try again")
    figures.record(faults=1, errors=sum(s.status == 500 for s in (broken, again)), kept=int(kept))

    assert (broken.status, again.status) == (503, 503)
    assert "Ring us on 01772" in broken
    assert (health.status, health.answer.json["database"]) == (503, "cannot be written")
    assert (mended.status, mended.answer.json["database"]) == (200, "reached")
    assert not kept
    assert own.heading == "Your place is booked"
    assert screens.stored() == {"booking": 1, "person": 1, "gap": 0, "message": 2}
    assert places.verify(screens.engine) == []


def test_a_full_disk(small_disk):
    """S63: with a full disk the form says whom to ring, and nothing is half booked."""
    address = new_sqlite(small_disk / "portal.db")
    screens = Screens(small_disk, made.directory(), database_url=address)

    refuse_then_book(screens, full(small_disk))
    screens.engine.dispose()


def test_a_database_that_only_reads(tmp_path, database_address):
    """S63: a standby that refuses changes is treated as a database that is away."""
    screens = Screens(tmp_path, made.directory(), database_url=database_address)

    refuse_then_book(screens, read_only(screens.engine))
    screens.engine.dispose()


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1)])
@pytest.mark.parametrize("way", [1, -1], ids=["forward", "back"])
def test_a_clock_that_jumps(tmp_path, jump, way):
    """A form that was open when the clock jumped books once, its letter goes out once, and when
    the clock is right again the limits do not hold back the next family. A form that seems to be
    more than a day old is shown once more, with its answers."""
    settings = {"bookings_per_address": 2}
    screens = Screens(tmp_path, made.directory(), **settings)
    check = screens.open(BUMP).fill(**FAMILY).press("Continue")
    right = screens.now
    screens.now = right + way * jump
    own = check.press(CONFIRM)
    if way * jump >= timedelta(days=1):
        assert own.heading == "Book a place"
        check = own.press("Continue")
        screens.now += timedelta(minutes=1)
        own = check.press(CONFIRM)
    again = check.press(CONFIRM)
    screens.visitor()
    second = screens.book(email="b@example.org")
    screens.now = right + timedelta(hours=2)
    screens.visitor()
    third = screens.book(email="c@example.org")
    figures.record(faults=1, errors=sum(s.status >= 500 for s in (own, again, second, third)))

    assert own.path == again.path
    assert [s.heading for s in (own, second, third)] == ["Your place is booked"] * 3
    assert screens.count() == 3
    assert places.verify(screens.engine) == []
    screens.engine.dispose()


@pytest.mark.parametrize(
    ("after", "trickle"),
    [(b"", b""), (b"220 mail.example\r\n", b""), (b"220 ", b""), (b"220-", b"x")],
)
def test_a_mail_server_that_accepts_and_hangs(engine, tmp_path, after, trickle):
    """S61: each letter is given up after the time-out and put off; when mail works again, each
    family gets its letter once."""
    enqueue_many(engine, 2)
    with hanging_mail_server(after, trickle) as port:
        hung = send(engine, settings_for(tmp_path, port, smtp_timeout=0.1))
    with mail_server() as (mailbox, port):
        sent = send(engine, settings_for(tmp_path, port), made.NOW + timedelta(minutes=10))
    ids = {letter["Message-ID"] for letter in mailbox.messages()}
    figures.record(faults=1, lost=2 - len(ids), doubled=len(mailbox.taken) - len(ids))

    assert (hung.sent, hung.failed) == (0, 0)
    assert sent == Sent(sent=2)
    assert (len(mailbox.taken), len(ids)) == (2, 2)
    assert {row.state for row in rows(engine)} == {"sent"}
    assert messages.claim(engine, now=made.NOW + timedelta(days=1), claimant="x") == []
