"""What the clock does, on both databases: a whole story from a cancelled place to a letter."""

import itertools
import os
import shutil
import signal
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from portal import bookings, database
from portal.bookings import Family
from portal.database.tables import message
from portal.editing import content_drafts
from portal.editing.content_drafts import DraftFile
from portal.messages import Sent
from portal.server import worker
from portal.server.worker import Watch
from portal.settings import load_settings
from portal.web.site.build_state import MARKER
from tests.support import listeners, made
from tests.support.made import NOW
from tests.support.paths import ROOT
from tests.support.staffed import make_staff

SECRET = "a secret of thirty-two characters"

KEYS = (f"rounds-{number}" for number in itertools.count())


def book(engine, directory, number: int, series: int = 0) -> bookings.Booking:
    who = Family(
        f"Parent {number}",
        email=f"parent{number}@example.org",
        contact_by="email",
        safe_to_contact=True,
    )
    return bookings.book(
        engine, directory.series[series], who, key=next(KEYS), secret=SECRET, now=NOW
    )


def status(engine, booking) -> str:
    return bookings.get(engine, booking.id, SECRET).status


def settings_for(folder: Path):
    """Letters go into a folder."""
    return load_settings(
        root=ROOT, var=folder, secret_key=SECRET, message_sender="families@families.example"
    )


def by_email(port: int) -> dict[str, object]:
    server = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_tls": "none"}
    return {"email_channel": "email", **server}


def letters(folder: Path) -> int:
    return len(list(folder.rglob("*.eml")))


def test_an_offer_lapses_and_the_next_family_hears_of_it(engine, tmp_path) -> None:
    """One round ends the offer, offers the place on, and sends every letter that is due."""
    directory = made.directory({"places": "1"})
    settings = settings_for(tmp_path)
    first, second, third = (book(engine, directory, n) for n in range(3))
    bookings.cancel(engine, directory, first.id, now=NOW)
    worker.once(engine, directory, settings, now=NOW, claimant="a")
    late = NOW + timedelta(days=3)
    done = worker.once(engine, directory, settings, now=late, claimant="a")

    assert [status(engine, b) for b in (second, third)] == ["lapsed", "offered"]
    assert (done.lapsed, done.delivered) == (1, Sent(sent=2))
    assert letters(tmp_path) == 5  # what was no longer true by then was not sent


def test_a_place_that_lies_free_is_offered_in_the_next_round(engine, tmp_path) -> None:
    """Newcomers wait while anybody waits: a round finds the free place, and the letter goes out."""
    directory = made.directory({"places": "1"})
    settings = settings_for(tmp_path)
    _, second = (book(engine, directory, n) for n in range(2))
    raised = made.directory({"places": "2"})
    third = book(engine, raised, 3)
    worker.once(engine, raised, settings, now=NOW, claimant="a", new_content=False)

    assert [status(engine, b) for b in (second, third)] == ["offered", "waiting"]
    assert letters(tmp_path) == 3  # one for each: the second hears of its place at once


def test_whoever_watches_forgets_once_a_day(tmp_path, sample_root) -> None:
    """The server's rounds do it after each midnight; `portal messages send` by itself does not.
    Drafts of the content that nobody changed for too long are deleted with the rest."""
    now = [NOW]
    settings = settings_for(tmp_path).model_copy(update={"root": sample_root})
    watch = Watch(settings, now=lambda: now[0])
    watch.once()
    engine, forgot = watch._engine, []
    sam, old = make_staff(engine), NOW - content_drafts.KEPT_FOR
    for centre, changed in (("riverbank", old), ("harbour", NOW)):
        file = DraftFile(f"centres/preston/{centre}/play.md", None, b"new")
        content_drafts.put(engine, sam.id, centre, [file], now=changed)
    for hours, daily in ((0, False), (0, True), (1, True), (16, True), (17, True)):
        now[0] = NOW + timedelta(hours=hours)
        forgot.append(watch.once(daily=daily).forgotten is not None)

    assert forgot == [False, True, False, True, False]
    left = content_drafts.open_drafts(engine, ["riverbank", "harbour"])
    assert [one.centre for one in left] == ["harbour"]


def test_mistakes_in_the_content_stop_no_post(tmp_path, sample_root, caplog) -> None:
    """Rounds go on with the last good content, and follow the next that is published."""
    root, out = tmp_path / "root", tmp_path / "build"
    shutil.copytree(sample_root, root)
    out.mkdir()
    settings = settings_for(tmp_path).model_copy(update={"root": root, "out": out})
    watch = Watch(settings, now=lambda: NOW)
    centre = root / "centres/preston/riverbank/index.md"
    good = centre.read_text()
    seen = []
    for number, words in enumerate((good, good.replace("title:", "titel:"), good)):
        centre.write_text(words)
        (out / MARKER).write_text(f'{{"day": "2027-01-0{number + 1}"}}')
        os.utime(out / MARKER, (number, number))
        watch.once()
        seen.append(watch._directory.today.day)

    assert seen == [1, 1, 3]
    assert caplog.text.count("The content has mistakes") == 1


def test_a_cancelled_session_is_told_once(engine, tmp_path) -> None:
    """New content is compared with what is booked; a second round tells nothing again."""
    settings = settings_for(tmp_path)
    book(engine, made.directory(), 1)
    off = made.directory({"changes": [{"date": "2027-01-19", "cancelled": "Snow"}]})
    first = worker.once(engine, off, settings, now=NOW, claimant="a")
    second = worker.once(engine, off, settings, now=NOW, claimant="a")

    assert (first.announced, second.announced) == (1, 0)
    assert first.delivered.sent == 2  # the confirmation, and the bad news
    assert (second.lapsed, second.announced, second.delivered) == (0, 0, Sent())


def test_a_round_asks_each_centre_once_to_check_its_week(engine, tmp_path) -> None:
    """The worker asks on Monday without anybody's command, and a later round does not ask again."""
    directory, settings = made.directory(), settings_for(tmp_path)
    make_staff(engine)
    for later in (timedelta(), timedelta(hours=1)):
        worker.once(engine, directory, settings, now=NOW + later, claimant="a")

    assert letters(tmp_path) == 1


def test_no_letter_is_begun_by_a_round_that_is_to_stop(engine, tmp_path) -> None:
    """Not even of those that it has claimed. The next worker sends each of them once."""
    directory, settings = made.directory({"places": "9"}), settings_for(tmp_path)
    for number in range(3):
        book(engine, directory, number)
    make_staff(engine)  # to whom a round also writes, on a Monday

    first = worker.once(
        engine, directory, settings, now=NOW, claimant="a", stopping=lambda: letters(tmp_path) > 0
    )
    sent = letters(tmp_path)
    second = worker.once(engine, directory, settings, now=NOW, claimant="b")

    assert (first.delivered, sent) == (Sent(sent=1, put_off=2), 1)
    assert (second.delivered, letters(tmp_path)) == (Sent(sent=2), 4)


def test_a_letter_that_was_refused_waits_for_the_next_worker(engine, tmp_path) -> None:
    """It is tried again at once, but not by a round that was asked to stop meanwhile."""
    directory = made.directory()
    book(engine, directory, 1)

    def tries(*which):
        with database.read(engine) as connection:
            asked = sa.select(message.c.tries).where(message.c.tries > 0, *which)
            return list(connection.execute(asked).scalars())

    with listeners.mail_server() as (mailbox, port):
        mailbox.says["DATA"] = "451 not now"
        settings = settings_for(tmp_path).model_copy(update=by_email(port))
        given, failed = {"claimant": "a"}, message.c.trouble.is_not(None)
        worker.once(
            engine, directory, settings, now=NOW, **given, stopping=lambda: bool(tries(failed))
        )
        first = tries()
        worker.once(engine, directory, settings, now=NOW + timedelta(hours=1), **given)

    assert (first, tries()) == ([1], [2])


def test_who_is_asked_to_stop_begins_no_other_letter(tmp_path, sample_root) -> None:
    """SIGTERM comes while the first of three letters is on its way."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    with listeners.mail_server() as (mailbox, port):
        settings = settings_for(tmp_path).model_copy(update={"root": sample_root} | by_email(port))
        watch = Watch(settings, now=lambda: NOW)
        watch.once()
        known = watch._directory.series
        (course,) = (n for n, one in enumerate(known) if one.path.endswith("/half-term/"))
        for number in range(3):
            book(watch._engine, watch._directory, number, course)
        mailbox.on_data = lambda: os.kill(os.getpid(), signal.SIGTERM)
        try:
            watch.go_on(3600)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            watch.close()

    assert len(mailbox.taken) == 1
