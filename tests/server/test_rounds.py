"""What the clock does, on both databases: a whole story from a cancelled place to a letter."""

import itertools
import os
import shutil
from datetime import timedelta
from pathlib import Path

from portal import bookings
from portal.bookings import Family
from portal.editing import content_drafts
from portal.editing.content_drafts import DraftFile
from portal.messages import Sent
from portal.server import worker
from portal.server.worker import Watch
from portal.settings import load_settings
from portal.web.site.build_state import MARKER
from tests.support import made
from tests.support.made import NOW
from tests.support.paths import ROOT
from tests.support.staffed import make_staff

SECRET = "a secret of thirty-two characters"

KEYS = (f"rounds-{number}" for number in itertools.count())


def book(engine, directory, number: int) -> bookings.Booking:
    who = Family(
        f"Parent {number}",
        email=f"parent{number}@example.org",
        contact_by="email",
        safe_to_contact=True,
    )
    return bookings.book(engine, directory.series[0], who, key=next(KEYS), secret=SECRET, now=NOW)


def status(engine, booking) -> str:
    return bookings.get(engine, booking.id, SECRET).status


def settings_for(folder: Path):
    """Letters go into a folder."""
    return load_settings(
        root=ROOT, var=folder, secret_key=SECRET, message_sender="families@families.example"
    )


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
