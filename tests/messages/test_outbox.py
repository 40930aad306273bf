"""The outbox, on both databases: queued, dropped, and queued again."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from portal import database, messages
from portal.database import tables
from portal.settings import load_settings
from tests.support import listeners
from tests.support.made import NOW
from tests.support.paths import ROOT
from tests.support.queue import book, failed_messages, rows, send
from tests.support.sender import settings_for


def test_what_is_owed_is_rolled_back_with_its_booking(engine):
    """S61: a booking that did not happen owes nothing."""

    def work(connection) -> None:
        booking_id = connection.execute(sa.select(tables.booking.c.id)).scalar_one()
        messages.enqueue(connection, booking_id, "waiting", now=NOW, due=NOW, about={})
        raise RuntimeError

    book(engine)
    with pytest.raises(RuntimeError):
        database.write(engine, work)

    assert rows(engine, "waiting") == []


def test_an_unknown_kind_is_refused(engine):
    """A misspelt kind fails in the tests, not when a family should get its message."""
    with pytest.raises(ValueError, match="reminda"):
        database.write(
            engine, lambda c: messages.enqueue(c, 1, "reminda", now=NOW, due=NOW, about={})
        )


def test_only_what_is_owed_is_let_go(engine):
    """What was sent stays as it is, so do other kinds."""
    booking = book(engine)
    send(engine, load_settings(root=ROOT, var=Path("/nonexistent"), email_channel="none"))
    database.write(engine, lambda c: messages.drop(c, booking.id, ("confirmation", "reminder")))

    assert [(m.kind, m.state) for m in messages.of_booking(engine, booking.id)] == [
        ("reminder", "dropped"),
        ("confirmation", "failed"),
    ]


def test_what_failed_can_be_tried_again(engine, tmp_path):
    """Once staff have corrected the address; pressed twice it is still one letter."""
    book(engine)
    with listeners.mail_server() as (mailbox, port):
        mailbox.says["RCPT"] = "550 unknown"
        send(engine, settings_for(tmp_path, port))
        [failed] = failed_messages(engine)
        mailbox.says.clear()
        pressed = [messages.try_again(engine, failed.id, now=NOW) for _ in range(2)]
        done = send(engine, settings_for(tmp_path, port))

    assert (pressed, done.sent, len(mailbox.taken)) == ([True, False], 1, 1)
    assert failed_messages(engine) == []
