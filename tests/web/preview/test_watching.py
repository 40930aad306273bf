"""A preview shows what was saved, what is wrong with it, and what would change for families."""

import gc
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest
from PIL import Image
from werkzeug.test import Client

from portal import database
from portal.bookings import Family, book
from portal.content import load, published_dates
from portal.coverage import built
from portal.settings import Settings
from portal.web.preview.app import create_preview
from portal.web.preview.watching import READING, READY, Preview
from tests.support.paths import ROOT

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SPRING = "centres/preston/riverbank/bump-spring.md"
MONDAYS = "centres/preston/riverbank/play-monday.md"
CENTRE = "centres/preston/riverbank/index.md"
CLUB = "centres/hyndburn-ribble-valley-rossendale/mill-brow/saturday-club.md"
PAGE = "/sessions/riverbank/bump-spring/"


@pytest.fixture
def settings(tmp_path, sample_root):
    root = shutil.copytree(sample_root, tmp_path / "root")
    return Settings(root=root, out=tmp_path / "site", var=tmp_path / "var")


@pytest.fixture
def said():
    return []


@pytest.fixture
def preview(settings, said):
    made = Preview(settings, now=lambda: NOW, say=said.append)
    yield made
    gc.unfreeze()


@pytest.fixture
def browse(preview):
    client = Client(create_preview(preview))
    return lambda path: client.get(path)


def save(settings, old, new, path=SPRING):
    file = settings.root / path
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


def test_pages_carry_a_note_and_the_one_script(preview, browse):
    """Each page of the site is there, with the preview's note; files are as they are."""
    preview.read()
    page = browse(PAGE)

    assert page.status_code == 200
    assert page.text.count("/-preview/preview.js") == 1
    assert page.text.index("/-preview/preview.css") < page.text.index("</head>")
    assert "Nothing to compare with yet." in page.text
    assert b"-preview" not in browse("/calendar.ics").data
    assert browse("/-preview/preview.js").mimetype == "text/javascript"
    assert browse("/nowhere/").status_code == 404
    assert "live service" in browse("/book/riverbank/bump-spring").text
    assert browse("/availability.json").json == {"series": {}}


def test_a_save_is_shown(preview, browse, settings):
    """Only what was saved is read again; the page has it, and another version."""
    preview.read()
    before = preview.shown.version
    file = save(settings, "We start with tea", "We start with cake")
    preview.read([file])

    assert "We start with cake" in browse(PAGE).text
    assert preview.shown.version != before


def number(preview):
    return int(preview.shown.version.rpartition("-")[2])


def test_one_series_is_shown_once_and_its_effects_are_known(preview, browse, settings):
    """The whole content is read after it; that changes nothing of what is shown."""
    preview.read()
    before = number(preview)
    file = save(settings, "We start with tea", "We start with cake")
    preview.read([file, file.with_name(".bump-spring.md.new")])

    assert number(preview) == before + 1
    assert "We start with cake" in browse(PAGE).text
    assert PAGE in preview.details(preview.shown.version, wait=False).touched


def test_a_file_that_an_editor_writes_first_changes_nothing(preview, settings):
    """Its news may come by itself, before that of the file that gets its place."""
    preview.read()
    before = number(preview)
    file = (settings.root / SPRING).with_name(".bump-spring.md.new")
    file.write_text("---\n", encoding="utf-8")
    preview.read([file])

    assert number(preview) == before


def test_what_nobody_told_of_is_shown_after_the_series_that_was_saved(preview, browse, settings):
    """Not every file system says which files have changed."""
    preview.read()
    before = number(preview)
    save(settings, "title: Riverbank", "title: The Riverbank", CENTRE)
    preview.read([save(settings, "We start with tea", "We start with cake")])

    assert number(preview) == before + 2
    page = browse(PAGE).text
    assert "We start with cake" in page
    assert "The Riverbank" in page


def test_a_picture_that_nobody_told_of_is_shown_after_the_series(preview, browse, settings):
    """It is no text, but the page of its centre shows it."""
    preview.read()
    before = number(preview)
    page = browse("/centres/riverbank/").text
    [address] = re.findall(r'<img class="photo" src="([^"]+)"', page)
    Image.new("RGB", (600, 400), "red").save((settings.root / CENTRE).with_name("front.png"))
    preview.read([save(settings, "We start with tea", "We start with cake")])

    assert number(preview) == before + 2
    assert address not in browse("/centres/riverbank/").text


def test_a_mistake_that_nobody_told_of_is_shown_too(preview, browse, settings):
    """The series that was saved is right, and stays on its page; another file is wrong."""
    preview.read()
    save(settings, "title: Riverbank", "titel: Riverbank", CENTRE)
    preview.read([save(settings, "We start with tea", "We start with cake")])

    page = browse(PAGE).text
    assert "We start with cake" in page
    assert f"{CENTRE}, line" in page


def test_saves_in_quick_succession_are_all_shown(preview, browse, settings, said):
    """A reading that something was saved after is left, and the next one has both."""
    preview.read()
    stop = threading.Event()
    watcher = threading.Thread(target=preview.watch, args=(stop,))
    watcher.start()
    try:
        time.sleep(1)
        for name in ("cake", "soup", "bread"):
            save(settings, "We start with ", f"We start with {name} and ")
            until(lambda name=name: name in browse(PAGE).text)
        save(settings, "title: Riverbank", "title: The Riverbank", CENTRE)
        save(settings, "We start with bread", "We start with salt, bread")
        until(lambda: "The Riverbank" in browse(PAGE).text)
        until(lambda: "salt, bread" in browse(PAGE).text)
        until(lambda: said[-1].startswith("No mistakes"))
        assert not preview.shown.problems
        assert preview.details(preview.shown.version, wait=True)
    finally:
        stop.set()
        watcher.join(20)
    assert not watcher.is_alive()


def until(holds):
    """Wait until something holds; half a minute on a machine that is busy."""
    latest = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < latest
        time.sleep(0.02)


def test_mistakes_are_shown_beside_the_last_good_pages(preview, browse, settings, said):
    """File, line and remedy are on the page, which stays as it was; mended, it goes on."""
    preview.read()
    save(settings, "day: Tuesday", "day: Monday")
    save(settings, "We start with tea", "We start with cake")
    preview.read()
    wrong = browse(PAGE)

    assert wrong.status_code == 200
    assert "We start with tea" in wrong.text
    assert f"{SPRING}, line 3" in wrong.text
    assert "12 January 2027 is a Tuesday, not a Monday. Write &#39;day: Tuesday&#39;" in wrong.text
    assert any(line.startswith(f"{SPRING}:3:1: 'day': 12 January 2027") for line in said)
    assert said[-1] == "1 mistake. Ready."
    save(settings, "day: Monday", "day: Tuesday")
    preview.read()
    assert "We start with cake" in browse(PAGE).text
    assert "mistake" not in browse(PAGE).text


def test_a_photo_is_shown_and_its_removal_leaves_the_last_good_page(preview, browse, settings):
    """The preview shows photos of files on the disk; when one is removed, which is a mistake, the
    last good page stays."""
    preview.read()
    page = browse("/centres/riverbank/")
    [address] = re.findall(r'<img class="photo" src="([^"]+)"', page.text)

    assert browse(address).mimetype == "image/webp"
    (settings.root / CENTRE).with_name("front.png").unlink()
    preview.read()
    page = browse("/centres/riverbank/")
    assert (page.status_code, address in page.text) == (200, True)
    assert "there is no picture" in page.text


def test_what_is_hardly_meant_is_shown_with_the_new_pages(preview, browse, settings, said):
    """A warning stops nothing: the page is new, and names file, line and what to write."""
    save(settings, "time: 10:00-12:00", "time: 1:30-3:00")
    preview.read()
    page = browse(PAGE)

    assert "1:30am to 3am" in page.text
    assert "1 value in doubt:" in page.text
    assert f"{SPRING}, line 5" in page.text
    assert "write &#39;13:30-15:00&#39;" in page.text
    assert "1 value in doubt:" in browse("/-preview/").text
    assert any(line.startswith(f"{SPRING}:5:1: 'time': this is from 1:30am") for line in said)
    assert said[-1].startswith("No mistakes, ")


def test_content_that_was_never_right(preview, browse, settings):
    """Without a last good version every page lists what to mend."""
    save(settings, "day: Tuesday", "day: Monday")
    preview.read()
    page = browse("/")

    assert page.status_code == 503
    assert "not a Monday" in page.text
    save(settings, "day: Monday", "day: Tuesday")
    preview.read()
    assert browse("/").status_code == 200


def test_what_will_change_is_compared_with_what_was_built(preview, browse, settings):
    """Dates that differ from the last build are listed, however long ago they were edited."""
    published_dates.keep(settings.var, load(settings.root, today=NOW.date()))
    save(settings, "changes:\n", "changes:\n  - date: 2027-01-26\n    cancelled: Snow <here>\n")
    preview.read()
    page = browse("/-preview/").text

    assert "the site last built on this machine" in page
    assert "1 date cancelled" in page
    assert "Tuesday 26 January 2027, 10am to midday is cancelled: Snow &lt;here&gt;." in page
    assert "Bookings were not checked." in page
    assert "1 date cancelled" in browse("/-preview/note").text


def test_bookings_that_would_be_touched_are_counted(preview, browse, settings, directory):
    """How many families would be told, and nothing about who they are."""
    engine = database.connect(settings.database_address)
    database.migrate(engine)
    series = directory.find_series("riverbank/bump-spring")
    for number in range(2):
        family = Family(name=f"Parent {number}", email=f"parent{number}@example.org")
        book(engine, series, family, key=f"key-{number}", secret="s" * 40, now=NOW)
    engine.dispose()
    preview.read()
    save(settings, "changes:\n", "changes:\n  - date: 2027-01-26\n    cancelled: Snow\n")
    preview.read()
    page = browse("/-preview/").text

    assert "2 bookings: they would be told." in page
    assert "Bookings touched: 2." in page
    save(settings, "sessions: 6", "sessions: 5")
    save(settings, "  - date: 2027-02-23\n    note: Bring a photo of your bump.\n", "")
    preview.read()
    page = browse("/-preview/").text
    assert "1 date cancelled, 1 date removed. Bookings touched: 2." in page
    assert "2 bookings: they would be told that it is off. Keep the date" in page


def test_a_mended_postcode_touches_no_booking(preview, browse, settings):
    """It is read where the place is, and no date of anybody changes."""
    preview.read()
    file = save(settings, "postcode: PR1 8RJ", "postcode: PR1 8RH", CENTRE)
    preview.read([file])
    page = browse("/-preview/").text

    assert "No dates change for families." in page
    assert "elsewhere" not in page
    assert "/centres/riverbank/" in preview.details(preview.shown.version, wait=True).touched


def test_touched_pages_and_coverage_are_listed(preview, settings, said):
    """Pages that really differ, nearest first: the series, its programme, its centre; not those
    that do not. The editor reads which cells of coverage turned since the preview started."""
    preview.read()
    file = save(settings, "time: 10:00-12:00", "time: 10:30-12:00")
    play = save(settings, "time: 9:30-11:00", "time: 17:00-18:30", MONDAYS)
    preview.read([file, play])
    details = preview.details(preview.shown.version, wait=True)

    assert details.touched[0] == PAGE
    assert "/centres/riverbank/" in details.touched
    assert "/programmes/bump-birth-and-beyond/" in details.touched
    assert "/centres/harbour/" not in details.touched
    (line,) = (line for line in details.coverage if "where there was nothing" in line)
    assert line.startswith("Preston: ")
    assert " in the evening from birth to age 4, " in line
    assert said[-len(details.coverage) - 1 :] == [
        *(f"Coverage: {line}" for line in details.coverage), said[-1],
    ]  # fmt: skip


def test_a_new_file_names_the_village_that_gains(preview, browse, settings):
    """Adding one series file turns cells, and the preview names the town that has a session nearby
    now, on its own page and in the note on every page."""
    file = settings.root / CLUB
    text = file.read_text("utf-8")
    file.unlink()
    directory = load(settings.root, today=NOW.date())
    published_dates.keep(settings.var, directory)
    built.keep(settings.var, directory)
    preview.read()
    assert "no town gains or loses a session nearby" in browse("/-preview/").text
    file.write_text(text, "utf-8")
    preview.read([file])

    for path in ("/-preview/", "/-preview/note"):
        page = browse(path).text
        assert "sessions at weekends for ages 1 to 10, where there was nothing." in page
        assert "Bacup: now a session within 3 miles at weekends for ages 1 to 10." in page
    assert 'id="primary-school-weekend"' in browse("/coverage/rossendale/").text


def test_nothing_is_said_to_stay_where_nothing_can_be_compared(preview, browse, settings, said):
    """Without a build, the first reading is compared with nothing, also after a mistake; the next
    one is compared with it, and the page says with what."""
    file = settings.root / CLUB
    text = file.read_text("utf-8")
    file.write_text(text.replace("starts:", "start:"), "utf-8")
    preview.read()
    file.write_text(text, "utf-8")
    preview.read([file])
    page = browse("/-preview/").text
    assert page.count("There is nothing to compare with yet") == 2
    assert "no town gains" not in page
    assert "No dates change" not in page
    assert not [line for line in said if line.startswith("Coverage")]
    file.unlink()
    preview.read([file])
    page = browse("/-preview/").text
    assert page.count("Compared with the files as they were when the preview first read them") == 2
    assert "nothing at weekends for ages 1 to 10" in page


def test_a_page_hears_of_the_next_version(preview, browse, settings):
    """The browser's connection is answered at once, and again when something is saved."""
    preview.read()
    version = preview.shown.version
    stream = iter(browse(f"/-preview/changes?after={version}").response)
    first = next(stream)
    threading.Timer(0.2, preview.read).start()
    heard = next(stream)

    assert first == b"retry: 500\n\n"
    assert heard == f"data: {preview.shown.version}\n\n".encode()
    assert preview.shown.version != version


@pytest.mark.timeout(60)
def test_the_real_command_sees_a_save(settings):
    """`portal preview` prints what it reads, in lines that VS Code underlines mistakes by."""
    command = [sys.executable, "-u", "-m", "portal", "--root", str(settings.root)]
    process = subprocess.Popen(
        [*command, "preview", "--port", "0"], stdout=subprocess.PIPE, text=True, cwd=settings.root
    )
    try:
        lines = iter(process.stdout.readline, "")
        until = next(line for line in lines if line.startswith("Open http://127.0.0.1:"))
        save(settings, "day: Tuesday", "day: Monday")
        found = [next(lines) for _ in range(3)]
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()

    assert until
    assert found[0] == "Reading the content.\n"
    assert found[1].startswith(f"{SPRING}:3:1: ")
    assert found[2] == "1 mistake. Ready.\n"


def test_vs_code_knows_the_lines():
    """The task's patterns fit what the preview prints."""
    text = (ROOT / ".vscode/tasks.json").read_text()
    task = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))["tasks"][0]
    matcher = task["problemMatcher"]
    found = re.fullmatch(matcher["pattern"]["regexp"], f"{SPRING}:3:1: 'day': it is a Tuesday.")

    assert found.groups() == (SPRING, "3", "1", "'day': it is a Tuesday.")
    assert re.search(matcher["background"]["beginsPattern"], READING)
    assert re.search(matcher["background"]["endsPattern"], f"1 mistake. {READY}")
