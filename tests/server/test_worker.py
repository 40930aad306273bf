"""Rounds in a process that ends with its starter, or when asked."""

import os
import re
import shutil
import signal
import sys
import threading
import time
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from portal import database
from portal.commands import main
from portal.database import tables
from portal.server.worker import Watch
from portal.settings import load_settings
from portal.web.site.build_state import write_marker
from tests.support.databases import new_sqlite


@pytest.fixture
def settings(tmp_path, sample_root):
    """Of a site that has just been built. What a round does with signals is put back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    new_sqlite(tmp_path / "var/portal.db")
    yield load_settings(root=sample_root, out=tmp_path / "build", var=tmp_path / "var")
    for number, handler in before.items():
        signal.signal(number, handler)


def test_it_ends_with_whoever_started_it(settings):
    """Had its starter died before it could look, it would go on for ever beside nobody."""
    watch = Watch(settings, now=lambda: datetime.now(UTC))

    watch.go_on(3600, beside=1)

    assert watch._directory is None  # not even a first round


def test_it_ends_when_asked_just_as_it_pauses(settings):
    """Whatever lock the pause holds at that moment, the signal's handler does not wait for it."""

    def ask(frame, event, called):
        in_lock = event == "call" and frame.f_code is threading.Condition.wait.__code__
        if in_lock or getattr(called, "__qualname__", "") == "SimpleQueue.get":
            sys.setprofile(None)
            os.kill(os.getpid(), signal.SIGTERM)

    def give_up(_number, _frame):
        raise TimeoutError

    watch = Watch(settings, now=lambda: datetime.now(UTC))
    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(60)
    sys.setprofile(ask)
    try:
        watch.go_on(3600)
    finally:
        sys.setprofile(None)
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        watch.close()


@pytest.mark.slow
def test_it_goes_on_until_asked_to_end(settings, directory):
    """`portal messages send --watch` makes one round after another, and ends well at SIGTERM."""
    settings.out.mkdir()
    write_marker(settings.out, datetime.now(UTC).date(), directory.edition, {})
    engine = database.connect(settings.database_address)
    rounds = []

    def withdraw_twice():
        """Withdraw what a round has published; only another round publishes it again."""
        until = time.monotonic() + 60
        while time.monotonic() < until and len(rounds) < 2:
            if withdrawn := database.write(engine, withdraw):
                rounds.append(withdrawn)
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    def withdraw(connection):
        return connection.execute(sa.delete(tables.generation)).rowcount

    operator = threading.Thread(target=withdraw_twice)
    operator.start()
    environ = {f"PORTAL_{name.upper()}": str(getattr(settings, name)) for name in ("out", "var")}
    command = ["--root", str(settings.root), "messages", "send", "--watch", "--every", "1"]
    done = CliRunner().invoke(main, command, env=environ)
    operator.join()
    engine.dispose()

    assert (done.exit_code, rounds) == (0, [1, 1])


def test_a_wrong_setting_is_named(settings, tmp_path, caplog):
    """The log of `portal serve` says which setting keeps messages from being sent."""
    root = shutil.copytree(settings.root, tmp_path / "root")
    site = root / "content/site.yaml"
    site.write_text(re.sub(r"^email:.*\n", "", site.read_text("utf-8"), flags=re.M), "utf-8")
    given = {"root": root, "email_channel": "email", "smtp_host": "127.0.0.1"}
    watch = Watch(settings.model_copy(update=given), now=lambda: datetime.now(UTC))

    def end_when_said():
        until = time.monotonic() + 60
        while time.monotonic() < until and "PORTAL_MESSAGE_SENDER is not set" not in caplog.text:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    operator = threading.Thread(target=end_when_said)
    operator.start()
    watch.go_on(0.1)
    operator.join()
    watch._engine.dispose()

    assert "This round was skipped: PORTAL_MESSAGE_SENDER is not set" in caplog.text
