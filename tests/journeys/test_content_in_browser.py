"""A worker's whole first day without a terminal, in a real browser on the real server: last term's
series copied, a slip corrected, a date cancelled and one moved, a photo, published, families told.
"""

import io
import itertools
import shutil
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from portal import bookings
from portal.bookings import Family
from portal.directory.values import day_words
from portal.editing import build_requests, content_drafts
from portal.editing.next_term import next_term
from portal.server import worker as rounds
from portal.web.site import build
from tests.journeys.test_staff_sign_in_in_browser import Office, Worker
from tests.support.browser import NARROW, WIDE, follow, serving, visiting
from tests.support.staffed import sign_in_browser
from tests.support.viewer import html_of, viewing

pytestmark = pytest.mark.browser

CONTENT = "/staff/content/riverbank"
FOLDER = "centres/preston/riverbank"
BOOKED = "bump-spring"
_number = itertools.count(1)

# By the term that the series is copied into: the slip, what is right, a date that is cancelled, one
# that moves and to when; and a date of the course that families have booked.
TERMS = {
    "spring 2027": ("Wednesday", "2027-01-12", "2027-01-19", "2027-01-26", "2027-01-28", "01-26"),
    "summer 2027": ("Thursday", "2027-04-20", "2027-04-27", "2027-05-04", "2027-05-06", "02-09"),
}


@pytest.fixture(scope="module")
def office(tmp_path_factory, sample_root, today):
    folder = tmp_path_factory.mktemp("office")
    found = Office(folder, shutil.copytree(sample_root, folder / "root"), today)
    found.today = today
    return found


@pytest.fixture(scope="module")
def address(office):
    with serving(office.app) as address:
        yield address


def file(office, name: str) -> Path:
    return office.settings.root / FOLDER / name


def book(office, name: str, **how) -> None:
    how = {"email": "a@example.org", "contact_by": "email", "safe_to_contact": True, **how}
    bookings.book(
        office.engine,
        office.app._published().find_series(f"riverbank/{BOOKED}"),
        Family(name, **how),
        key=f"a key of sixteen {name}",
        secret=office.live.secret,
        now=office.now,
        actor="staff:1",
    )


def serve(office) -> None:
    """What `portal serve` does when a publish asks for it: build, read, tell families."""
    assert build_requests.asked(office.settings.var)
    with build_requests.answering(office.settings.var):
        build.build(office.settings, today=office.today)
    office.app._published.wait(30, latest=True)
    directory = office.app._published()
    rounds.once(office.engine, directory, office.settings, now=office.now, claimant="test")


def add_change(page, number: int, **fields: str) -> None:
    """Fill in the empty entry at the end of the changes."""
    summary = page.locator("summary", has_text="Add a").first
    summary.click()
    for name, words in fields.items():
        page.locator(f"#f-changes-{number}-{name}").fill(words)


def by_files(office, folder: Path, term: str) -> bytes:
    """The same series as somebody writes it with files and a terminal."""
    _, starts, off, old, new, _ = TERMS[term]
    root = shutil.copytree(office.settings.root, folder / "by-files")
    directory = office.app._published()
    [copy] = next_term(root, directory, ["riverbank/bump-autumn"], term, today=office.today)
    [path] = copy.files
    text = (root / path).read_text("utf-8")
    first = next(line for line in text.split("\n") if line.startswith("starts: "))
    changes = f"changes:\n  - date: {off}\n    cancelled: The midwife is ill\n"
    changes += f"  - date: {old}\n    moved_to: {new}\n"
    text = text.replace(first, f"starts: {starts}")
    return text.replace("term_time_only: yes\n", f"term_time_only: yes\n{changes}").encode()


@pytest.mark.parametrize(
    ("scripts", "size", "term"),
    [(True, WIDE, "spring 2027"), (False, NARROW, "summer 2027")],
    ids=["desk", "phone without scripts"],
)
def test_a_first_day(chromium, address, office, tmp_path, scripts, size, term) -> None:
    """From last term's series to the family that is told and the one that is to be rung, without a
    terminal; the file is the one that files and commands make, byte for byte."""
    wrong, starts, off, old, new, told = TERMS[term]
    number = next(_number)
    book(office, f"Amina {number}")
    book(office, f"Beth {number}", email="", phone="01772 123456", contact_by="call")
    expected = by_files(office, tmp_path, term)
    name = f"bump-{term.replace(' ', '-')}.md"
    photo = io.BytesIO()
    Image.new("RGB", (900, 700), (10 * number, 120, 90)).save(photo, "JPEG")
    with visiting(chromium, address, scripts=scripts, size=size) as visitor:
        sign_in_browser(visitor.context, address, office.app._staff, centres=["riverbank"])
        worker = Worker(visitor, office)
        page = worker.page

        # Last term's series, for the new term; with a slip, which is refused with words.
        worker.go("/staff/")
        if size == NARROW:
            worker.page.get_by_role("button", name="Menu").click()
        follow(worker.page.get_by_role("link", name="Content", exact=True))
        worker.follow("Riverbank Centre").follow("New series")
        page.get_by_label("Which series?").select_option("bump-autumn")
        page.get_by_label("Into which term?").select_option(term)
        worker.press("Copy it")
        page.get_by_label("Day", exact=True).select_option(wrong)
        worker.fill(Starts=starts).press("Save the draft")
        assert f"is a Tuesday, not a {wrong}" in worker.words
        page.get_by_label("Day", exact=True).select_option("Tuesday")
        add_change(page, 0, date=off, cancelled="The midwife is ill")
        worker.press("Save the draft")
        worker.go(f"{CONTENT}/file/{name}")
        add_change(page, 1, date=old, moved_to=new)
        worker.press("Save the draft")

        # A date of the course that families have booked, and a photo.
        worker.go(f"{CONTENT}/file/{BOOKED}.md")
        add_change(page, 1 + number, date=f"2027-{told}", cancelled="The room is flooded")
        worker.press("Save the draft").follow("Photo")
        given = {"name": "door.jpg", "mimeType": "image/jpeg", "buffer": photo.getvalue()}
        page.get_by_label("Photo", exact=True).set_input_files(given)
        page.get_by_label("What does it show?").fill("The new front door")
        page.get_by_label("Top left", exact=True).check()
        worker.press("Put it into my draft")
        worker.go(f"{CONTENT}/preview/index.md")
        photo_width = "async (one) => { await one.decode(); return one.naturalWidth; }"
        assert page.locator("main img.photo").evaluate(photo_width) == 900

        # What will change, and publish.
        worker.go(f"{CONTENT}/changes")
        assert f"{2 * number} bookings are touched." in worker.words
        rung = "1 family" if number == 1 else f"{number} families"
        assert f"{rung} must be told by staff" in worker.words
        assert not file(office, name).exists()
        worker.press("Publish it")
        assert worker.heading == "It is being published"
        serve(office)
        page.get_by_role("heading", name="It is on the site now").wait_for()  # it looks again
        worker.follow("Riverbank Centre")
        assert page.locator("img.photo").get_attribute("alt") == "The new front door"
        worker.go("/staff/ring")
        assert (f"Beth {number}" in worker.words, f"Amina {number}" in worker.words) == (
            True,
            False,
        )
        faults = [one for one in visitor.faults if "422" not in one]

    cancelled = f"on {day_words(date.fromisoformat(f'2027-{told}'))}. You keep your place"
    letters = [one.read_text("utf-8") for one in office.settings.var.glob("outbox/*.eml")]
    told_of = [one for one in letters if cancelled in one.replace("=\n", "")]
    assert len(told_of) == number
    assert all("Hello Amina" in one and "The room is flooded" in one for one in told_of)
    assert file(office, name).read_bytes() == expected
    assert (visitor.foreign, faults) == ([], [])


def _screens(worker, office, reviewer: Worker):
    """Each page about content in turn, by its name, with its mistakes."""
    page = worker.page
    edit = f"{CONTENT}/file/play-urdu.md"
    unfold = "all => all.forEach(one => { one.open = true })"
    worker.go(edit).fill(Room="Elm Room").press("Save the draft")
    yield "the centre, with a draft"
    worker.go(edit).fill(Starts="soon").press("Save the draft")
    page.locator("details").evaluate_all(unfold)
    yield "a file, with a mistake, unfolded"
    worker.go(f"{CONTENT}/text/play-urdu.md")
    yield "as text, with a mistake"
    worker.go(edit).fill(Starts="2026-09-10").press("Save the draft")
    worker.go(f"{CONTENT}/file/index.md")
    yield "the centre's page"
    for part in ("new", "history/index.md"):
        worker.go(f"{CONTENT}/{part}")
        yield part
    worker.go(f"{CONTENT}/photo").press("Put it into my draft")
    yield "photo, with mistakes"
    worker.go(f"{CONTENT}/next-term").press("Tick all")
    page.locator("details").evaluate_all(unfold)
    page.locator("#time-first-aid").fill("10")
    worker.press("See what will change")
    page.locator("details").evaluate_all(unfold)
    yield "next term, with a mistake, unfolded"
    worker.go(f"{CONTENT}/changes")
    page.locator("details").evaluate_all(unfold)
    yield "what will change, unfolded"
    urdu = file(office, "play-urdu.md")
    before = urdu.read_bytes()
    urdu.write_bytes(before.replace(b"---\n", b"---\n# Of another\n", 1))
    worker.go(f"{CONTENT}/clash/play-urdu.md")
    yield "two versions"
    urdu.write_bytes(before)
    with office.live.database() as engine:
        drafts = content_drafts.open_drafts(engine, ["riverbank"])
        draft = next(one for one in drafts if one.author == "Sam")
        content_drafts.send(engine, draft, now=office.now)
    worker.go("/staff/content")
    yield "choose"
    reviewer.go(f"{CONTENT}/review/{draft.id}")


def test_every_page_about_content_is_fit_for_all(
    chromium, unpainted, address, office, check_html, tmp_path
) -> None:
    """axe finds nothing at 320 and 1280 px, light and dark; nothing scrolls sideways, all can be
    hit with a thumb; and the HTML is right."""
    faults, folder = [], tmp_path / "pages"
    folder.mkdir()
    with (
        visiting(chromium, address) as visitor,
        visiting(chromium, address) as other,
        viewing(unpainted, address) as viewer,
    ):
        staff = office.app._staff
        sign_in_browser(visitor.context, address, staff, centres=["riverbank"], title="Sam")
        sign_in_browser(other.context, address, staff, "manager")
        worker, manager = Worker(visitor, office), Worker(other, office)
        for number, name in enumerate(_screens(worker, office, manager)):
            html = html_of(worker.page)
            faults += [f"{name} {one}" for one in viewer.unfit(html)]
            (folder / f"{number}.html").write_text(html, encoding="utf-8")
        faults += [f"a manager looks {one}" for one in viewer.unfit(html_of(manager.page))]

    assert faults == []
    check_html(folder)
