"""Delivery, on both databases: claimed once, sent, tried again, given up."""

import os
import signal
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from portal import database, messages
from portal.database import tables
from portal.messages import delivery
from portal.settings import load_settings
from tests.support import listeners
from tests.support.made import NOW
from tests.support.paths import ROOT
from tests.support.ports import free_port
from tests.support.queue import DIRECTORY, book, enqueue_many, failed_messages, family, rows, send
from tests.support.sender import Worker, settings_for

# --- claimed --------------------------------------------------------------------------------------


def test_no_row_is_claimed_twice(engine):
    """Two workers share what is due; the oldest goes first, and what is not due stays."""
    enqueue_many(engine, 5)
    first = messages.claim(engine, now=NOW, claimant="one", limit=3)
    second = messages.claim(engine, now=NOW, claimant="two", limit=3)
    third = messages.claim(engine, now=NOW, claimant="one")

    ids = [row.id for row in rows(engine)]
    assert ([m.id for m in first], [m.id for m in second], third) == (ids[:3], ids[3:], [])
    assert {(row.state, row.tries) for row in rows(engine)} == {("sending", 1)}


def test_what_a_crash_left_is_claimed_again(engine):
    """Not before any worker must have finished with it."""
    enqueue_many(engine, 1)
    messages.claim(engine, now=NOW, claimant="killed")
    early = messages.claim(engine, now=NOW + timedelta(minutes=14), claimant="other")
    [late] = messages.claim(engine, now=NOW + timedelta(minutes=15), claimant="other")

    assert early == []
    assert (late.claimant, late.tries) == ("other", 2)


def test_a_worker_that_was_overtaken_writes_nothing_down(engine, tmp_path):
    """It slept through its claim; the row belongs to the worker that took it over."""
    enqueue_many(engine, 1)
    [slow] = messages.claim(engine, now=NOW, claimant="slow")
    later = NOW + timedelta(hours=1)
    with listeners.mail_server() as (mailbox, port):
        send(engine, settings_for(tmp_path, port), later)
        post = delivery._Round(engine, DIRECTORY, settings_for(tmp_path, port), later)
        outcome = post.deliver(slow)

    [row] = rows(engine)
    assert outcome == "put_off"
    assert (row.state, row.claimant) == ("sent", "test")
    assert len(mailbox.taken) == 1


def claim_without_looking(engine, now, claimant, limit, barrier) -> list:
    """`claim` with its guard taken out: look first, write later."""
    with database.read(engine) as connection:
        found = connection.execute(
            sa.select(tables.message.c.id)
            .where(tables.message.c.state == "owed", tables.message.c.due <= now)
            .limit(limit)
        ).scalars()
        ids = list(found)
    barrier.wait(10)
    database.write(
        engine,
        lambda c: c.execute(
            tables.message.update()
            .where(tables.message.c.id.in_(ids))
            .values(state="sending", claimed=now, claimant=claimant)
        ),
    )
    return ids


def test_the_race_can_be_lost(engine):
    """S65: without the guard two workers claim the same rows, so the test above can fail."""
    enqueue_many(engine, 5)
    barrier = threading.Barrier(2)
    claimed: list[list[int]] = []
    workers = [
        threading.Thread(
            target=lambda name=name: claimed.append(
                claim_without_looking(engine, NOW, name, 5, barrier)
            )
        )
        for name in ("one", "two")
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(set(claimed[0]) & set(claimed[1])) == 5


# --- several processes ----------------------------------------------------------------------------


@pytest.mark.slow
def test_workers_that_race_send_each_letter_once(engine, database_address, tmp_path):
    """Three processes on the same rows: no letter twice, none left behind."""
    enqueue_many(engine, 24)
    with listeners.mail_server() as (mailbox, port):
        names = [f"worker {number}" for number in range(3)]
        workers = [Worker(database_address, tmp_path, port, name) for name in names]
        for worker in workers:
            worker.go()
        sent = [worker.end() for worker in workers]

    ids = [message["Message-ID"] for message in mailbox.messages()]
    assert (len(ids), len(set(ids))) == (24, 24)
    assert sum(sent) == 24
    assert {row.state for row in rows(engine)} == {"sent"}


@pytest.mark.kills
def test_a_worker_killed_between_sending_and_sent_loses_nothing(engine, database_address, tmp_path):
    """S60: the server took the letter, and kill -9 came before that was written down.

    It goes out a second time under the same Message-ID, which mail systems take for one letter;
    the letters behind it go out once.
    """
    enqueue_many(engine, 3)
    with listeners.mail_server() as (mailbox, port):
        worker = Worker(database_address, tmp_path, port, "killed")

        def kill() -> None:
            if len(mailbox.taken) == 1:
                os.kill(worker.process.pid, signal.SIGKILL)

        mailbox.on_data = kill
        worker.go()
        sent = worker.end()
        left = [row.state for row in rows(engine)]
        at_once = send(engine, settings_for(tmp_path, port))
        later = send(engine, settings_for(tmp_path, port), NOW + timedelta(minutes=16))

    assert (worker.process.exitcode, sent) == (-signal.SIGKILL, None)
    assert left == ["sending"] * 3
    assert (at_once.sent, later.sent) == (0, 3)
    ids = [message["Message-ID"] for message in mailbox.messages()]
    assert (len(ids), len(set(ids))) == (4, 3)
    assert ids[0] == ids[1]


def test_notify_is_asked_before_a_letter_goes_a_second_time(engine, tmp_path):
    """What was taken before the crash is written down as sent, and not sent again."""
    pytest.importorskip("notifications_python_client")
    enqueue_many(engine, 1)
    with listeners.notify_server() as (desk, address):
        settings = load_settings(
            root=ROOT,
            var=tmp_path,
            notify_api_key=f"k-{'0' * 8}-0000-0000-0000-{'0' * 12}-{'1' * 8}-1111-1111-1111-"
            f"{'1' * 12}",
            notify_base_url=address,
            notify_email_template="template",
            email_channel="notify",
        )
        desk.lose_answer = True
        sent = send(engine, settings)

    [row] = rows(engine)
    assert (sent.put_off, sent.sent) == (1, 1)
    assert len(desk.taken) == 1
    assert row.receipt == "740e5834-3a29-46b4-9a6f-000000000000"


# --- tried again, and given up --------------------------------------------------------------------


def test_a_mail_server_that_comes_back_gets_every_letter(engine, tmp_path):
    """Down, then up: none is lost, none comes twice."""
    enqueue_many(engine, 4)
    port = free_port()
    settings = settings_for(tmp_path, port)
    down = send(engine, settings)
    with listeners.mail_server(port) as (mailbox, _):
        too_soon = send(engine, settings, NOW + timedelta(minutes=4))
        up = send(engine, settings, NOW + timedelta(minutes=6))

    # One try and one retry at once, each.
    assert (down.sent, down.put_off, too_soon.sent, up.sent) == (0, 8, 0, 4)
    assert len({message["Message-ID"] for message in mailbox.messages()}) == 4
    assert len(mailbox.taken) == 4


def test_after_four_hours_it_has_failed_and_staff_see_it(engine, tmp_path):
    """S61: the first retry at once, then every five minutes, up to four hours."""
    booking = book(engine)
    settings = settings_for(tmp_path, free_port())
    tries = []
    # Seconds over five minutes: the clock of a round runs on while it tries.
    for step in range(60):
        done = send(engine, settings, NOW + step * timedelta(minutes=5, seconds=20))
        tries += [step] * (done.put_off + done.failed)

    [failed] = failed_messages(engine)
    assert tries == [0, *range(49)]
    assert (failed.booking_id, failed.kind) == (booking.id, "confirmation")
    assert "cannot be reached" in failed.trouble


def test_a_refusal_for_good_is_not_tried_again(engine, tmp_path):
    """S61: it fails at once, and staff see why without reading the address."""
    booking = book(engine)
    with listeners.mail_server() as (mailbox, port):
        mailbox.says["RCPT"] = "550 5.1.1 <parent0@example.org> unknown"
        done = send(engine, settings_for(tmp_path, port))

    [failed] = failed_messages(engine)
    assert (done.failed, done.put_off, failed.tries) == (1, 0, 1)
    assert failed.trouble == "The mail server does not take the family's address (550)."
    assert failed.booking_id == booking.id


def test_where_no_texts_are_sent_somebody_must_ring(engine, tmp_path):
    """A message that no channel takes is shown to staff at once."""
    book(engine, family(contact_by="text"))
    done = send(engine, settings_for(tmp_path, 1, text_channel="none"))

    [failed] = failed_messages(engine)
    assert (done.failed, failed.trouble) == (1, "We send no messages by text: ring them.")


def test_one_letter_that_cannot_be_written_does_not_hold_up_the_others(engine, tmp_path, caplog):
    """Whatever is wrong with one row, the rest goes out, and the log names nobody (S43)."""
    first = book(engine)
    database.write(
        engine,
        lambda c: c.execute(
            tables.message.update()
            .where(tables.message.c.kind == "confirmation")
            .values(kind="offered", about={"until": "parent0@example.org"})
        ),
    )
    database.write(
        engine,
        lambda c: c.execute(
            tables.booking.update().where(tables.booking.c.id == first.id).values(status="offered")
        ),
    )
    book(engine, family(1))
    with listeners.mail_server() as (mailbox, port):
        done = send(engine, settings_for(tmp_path, port))

    assert (done.sent, done.put_off, len(mailbox.taken)) == (1, 2, 1)
    [row] = rows(engine, "offered")
    assert row.trouble == "Something went wrong here: ValueError."
    assert "ValueError" in caplog.text
    assert "parent0" not in caplog.text


def test_a_letter_that_always_kills_its_worker_is_given_up(engine, tmp_path):
    """A row that was claimed again and again and never came back does not go on for ever."""
    book(engine)
    settings = settings_for(tmp_path, free_port(), message_retry_hours=0)
    for hour in range(2):
        messages.claim(engine, now=NOW + timedelta(hours=hour), claimant="killed")
    done = send(engine, settings, NOW + timedelta(hours=3))

    [failed] = failed_messages(engine)
    assert (done.failed, failed.trouble) == (
        1,
        "The portal stopped again and again while sending this.",
    )


def test_broken_words_wait_until_they_are_mended(engine, tmp_path):
    """An editor's slip costs no family its message."""
    book(engine)
    broken = tmp_path / "content" / "messages"
    broken.mkdir(parents=True)
    words = (ROOT / "content/messages/confirmation.md").read_text()
    (broken / "confirmation.md").write_text(words.replace("{venue}", "{venu}"))
    with listeners.mail_server() as (mailbox, port):
        settings = settings_for(tmp_path, port, root=tmp_path)
        wrong = send(engine, settings)
        [row] = rows(engine)
        (broken / "confirmation.md").write_text(words)
        mended = send(engine, settings, NOW + timedelta(minutes=6))

    assert (wrong.sent, mended.sent, len(mailbox.taken)) == (0, 1, 1)
    assert row.trouble.startswith("content/messages/confirmation.md:23:1: '{venu}'")


def test_a_round_ends_where_it_was_told_to(engine, tmp_path):
    """A worker with much to do looks up now and then."""
    enqueue_many(engine, 30)
    with listeners.mail_server() as (_, port):
        settings = settings_for(tmp_path, port)
        counts = [send(engine, settings, limit=25).sent for _ in range(2)]

    assert counts == [25, 5]


def test_what_is_not_due_stays(engine, tmp_path):
    """The reminder of a session in a week is not sent today."""
    book(engine)
    with listeners.mail_server() as (mailbox, port):
        send(engine, settings_for(tmp_path, port))
        before = [message["Subject"] for message in mailbox.messages()]
        send(engine, settings_for(tmp_path, port), datetime(2027, 1, 10, 10, tzinfo=UTC))

    [reminder] = rows(engine, "reminder")
    assert before == ["Your booking"]
    assert reminder.state == "sent"
    assert len(mailbox.taken) == 2
