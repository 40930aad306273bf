"""From a draft to the site: what will change, who is told, two versions, a manager who looks."""

import re
import subprocess

import pytest

from portal import bookings
from portal.bookings import Family
from portal.database import audit
from portal.editing import build_requests, content_drafts, publishing

FILE = "bump-spring.md"


def change(browser, name=FILE, **typed):
    typed = typed or {"f__room": "Oak Room"}
    screen = browser.open(f"{browser.place.path}/file/{name}").fill(**typed)
    assert screen.press("Save the draft").status == 200
    return browser.open(f"{browser.place.path}/changes")


def book(office, name, **given):
    series = office.directory.find_series("riverbank/bump-spring")
    given = {"contact_by": "email", "email": "a@example.org", "safe_to_contact": True, **given}
    family = Family(name, **given)
    key = f"a key of sixteen signs {name}"
    bookings.book(office.engine, series, family, key=key, secret=office.secret, now=office.now)


def test_families_are_counted_before_anything_is_written(office) -> None:
    """The page says which dates change, how many bookings that touches, how many families a
    message reaches and how many staff must ring; until the button is pressed nothing is written."""
    book(office, "Amina Khan")
    book(office, "Beth Low", email="", phone="01772 123456", contact_by="call")
    before = office.edition()
    screen = change(
        office.worker(),
        f__changes__2__date="2027-01-19",
        f__changes__2__cancelled="The midwife is ill",
    )

    assert "Tuesday 19 January 2027, 10am to midday is cancelled" in screen.words
    assert "2 bookings are touched. 1 family will be told by message." in screen.words
    assert "1 family must be told by staff" in screen.words
    assert office.edition() == before


def test_what_turns_on_the_coverage_pages_is_said_before(office) -> None:
    """A group that moves to the evening turns cells, and the page says which before the button."""
    screen = change(office.worker(), "play-monday.md", f__time="17:00-18:30")
    said = screen.words.partition("What is on where ")[2]

    assert said.startswith("Preston: ")
    assert " sessions in the evening from birth to age 4, where there was nothing." in said


def test_publishing_writes_what_was_shown(office) -> None:
    """The file on the disk is the draft, byte for byte; the draft is over, a build is asked for,
    and the log says who."""
    worker = office.worker()
    before = office.file(FILE)
    screen = change(worker).press("Publish it")

    assert office.file(FILE) == before.replace(b"Willow", b"Oak")
    assert "It is being published" in screen
    assert screen.answer.headers["Refresh"] == "3"
    assert build_requests.asked(office.settings.var)
    assert content_drafts.open_draft(office.engine, worker.staff.id, "riverbank") is None
    assert office.log()[-2:] == [
        (worker.staff.actor, "content-edit"),
        (worker.staff.actor, "content-publish"),
    ]
    said = office.signed_in("administrator").open("/staff/log").words
    assert "published a change of the content" in said
    assert "Bump, Birth and Beyond, Riverbank Centre, bump-spring.md" in said
    with build_requests.answering(office.settings.var):
        pass
    done = worker.open(screen.path)
    assert "It is on the site now" in done
    assert "/sessions/riverbank/bump-spring/" in done.html
    assert "Refresh" not in done.answer.headers


def test_a_page_that_looks_again_does_not_keep_a_visit_open(office) -> None:
    """S32: the page that waits for the site stops looking after ten minutes and says so, because
    a visit would otherwise never end by itself."""
    worker = office.worker()
    screen = change(worker).press("Publish it")
    office.wait(minutes=9)
    early = worker.open(screen.path)
    office.wait(minutes=2)
    late = worker.open(screen.path)

    assert early.answer.headers["Refresh"] == "3"
    assert "Refresh" not in late.answer.headers
    assert "It takes longer than it should" in late


def test_a_build_that_fails_is_said(office) -> None:
    """If the site cannot be built, the page says so and that nothing has to be published again."""
    worker = office.worker()
    screen = change(worker).press("Publish it")
    with pytest.raises(content_drafts.DraftError), build_requests.answering(office.settings.var):
        raise content_drafts.DraftError("The disk is full.")

    words = worker.open(screen.path).words
    assert "It could not be put on the site" in words
    assert "The disk is full." in words


def test_what_is_wrong_elsewhere_is_named_with_its_file(office) -> None:
    """What only the whole content shows is refused before it is published, with a link to it."""
    found = change(office.worker(), f__aliases="bump-winter\nplay-monday")

    assert "This cannot be published yet" in found
    assert "Publish it" not in found
    assert f"{office.path}/text/" in found.html


def test_a_draft_that_changed_meanwhile_is_shown_again(office) -> None:
    """S78: the button publishes what its page showed, and nothing that came after."""
    worker = office.worker()
    screen = change(worker)
    change(worker, f__room="Elm Room")
    again = screen.press("Publish it")

    assert again.status == 409
    assert "Your draft has changed since you opened this page" in again
    assert b"Willow Room" in office.file(FILE)
    assert again.press("Publish it").status == 200
    assert b"Elm Room" in office.file(FILE)


def test_what_is_saved_while_files_are_written_stays_a_draft(office, monkeypatch) -> None:
    """S78: a change that comes from another window during the publish is neither published with it
    nor lost: it goes on as a draft, beside what is published by then."""
    worker = office.worker()
    screen = change(worker)
    publish = publishing.publish

    def slowly(*given, **named):
        worker.open(f"{office.path}/file/{FILE}").fill(f__leader="Jo").press("Save the draft")
        return publish(*given, **named)

    monkeypatch.setattr(publishing, "publish", slowly)
    after = screen.press("Publish it")

    assert b"room: Oak Room\nleader: Amina and Jo\n" in office.file(FILE)
    assert after.path == f"{office.path}/changes"
    assert "Somebody else has changed the same file" in after
    merged = worker.open(f"{office.path}/clash/{FILE}").press("Use this text")
    assert "Added: leader: Jo" in merged


@pytest.fixture
def clash(office):
    """Sam moves the room; somebody has changed the places and the room on the disk."""
    sam = office.worker()
    change(sam, f__room="Oak Room", f__leader="Jo")
    theirs = office.file(FILE).replace(b"places: 10", b"places: 8").replace(b"Willow", b"Elm")
    office.write(FILE, theirs)
    screen = sam.open(f"{office.path}/changes")
    assert "Publish it" not in screen
    return sam, theirs, sam.open(f"{office.path}/clash/{FILE}")


def test_two_versions_are_brought_together(office, clash) -> None:
    """Both versions are shown; the text to go on with has her changes on top of theirs, and says
    what both have changed."""
    _, theirs, screen = clash
    assert "You both changed room" in screen
    assert "places: 8" in screen.words
    done = screen.press("Use this text")

    assert "Publish it" in done
    done.press("Publish it")
    assert office.file(FILE) == theirs.replace(b"Elm", b"Oak").replace(b"Amina and Jo", b"Jo")


def test_one_of_two_versions_is_chosen(office, clash) -> None:
    """She keeps hers whole, or theirs and drops her own."""
    sam, theirs, screen = clash
    mine = screen.press("Use mine alone")
    assert "Publish it" in mine
    assert b"places: 10" in sam.open(f"{office.path}/text/{FILE}").html.encode()
    office.write(FILE, theirs.replace(b"places: 8", b"places: 7"))
    again = sam.open(f"{office.path}/clash/{FILE}").press("Keep what is in the file")
    assert again.path == office.path
    assert content_drafts.open_draft(office.engine, sam.staff.id, "riverbank") is None
    assert b"places: 7" in office.file(FILE)


def test_a_third_version_is_not_overwritten(office, clash) -> None:
    """S78: what is decided about two versions does not count for a third one."""
    _, theirs, screen = clash
    office.write(FILE, theirs.replace(b"places: 8", b"places: 7"))
    again = screen.press("Use mine alone")

    assert again.status == 409
    assert "changed once more" in again


def test_a_file_that_is_gone_is_a_clash(office) -> None:
    """If the file was deleted meanwhile, she decides whether it comes back."""
    sam = office.worker()
    change(sam)
    (office.settings.root / "centres/preston/riverbank" / FILE).unlink()
    screen = sam.open(f"{office.path}/clash/{FILE}")
    assert "The file is gone now." in screen
    assert "Publish it" in screen.press("Use mine alone")


# --- a manager looks first


@pytest.fixture
def reviewed(tmp_path, sample_root, directory):
    """Riverbank where a manager looks at what workers change."""
    import shutil

    from tests.web.staff.content.conftest import NOW, Office

    root = shutil.copytree(sample_root, tmp_path / "root")
    found = Office(tmp_path, directory, root=root, content_review="worker, editor")
    found.now = NOW
    return found


def test_a_manager_looks_first(reviewed) -> None:
    """Where the settings say so, a worker sends her draft and cannot publish it; the manager sees
    what will change, sends it back with words, and publishes it in the worker's name."""
    sam = reviewed.worker()
    manager = reviewed.signed_in("manager", footprint="preston", title="Mo Hill")
    screen = change(sam)
    assert "Publish it" not in screen
    sent = screen.press("Send it to a manager")
    assert "wait for a manager" in sent
    assert "1 change of the content" in manager.open("/staff/").words
    listed = manager.open("/staff/content")
    look = listed.follow("Riverbank Centre: what Sam Brook has changed")
    assert "changed by Sam Brook" in look
    page = look.follow("See the page: Bump, Birth and Beyond")
    assert "Oak Room" in page.html
    assert f'href="{look.path}">Back</a>' in page.html
    empty = look.press("Send it back")
    assert "Write what should be different" in empty
    answer = empty.fill(words="Which Oak\0 Room?")
    stale = answer.fill(seen="another").press("Send it back")
    assert (stale.status, "Which Oak" in stale.main.one("textarea").text) == (409, True)
    stale.press("Send it back")
    assert "Which Oak Room?" in sam.open(reviewed.path)
    change(sam, f__room="Oak Room, first floor").press("Send it to a manager")
    look = manager.open("/staff/content").follow("Riverbank Centre: what Sam Brook has changed")
    done = look.press("Publish it")

    assert done.status == 200
    assert b"Oak Room, first floor" in reviewed.file(FILE)
    lines = [(one.actor, one.action) for one in audit.log(reviewed.engine)]
    assert lines[0] == (manager.staff.actor, "content-publish")
    assert "content-back" in {action for _, action in lines}


def test_nobody_goes_round_the_manager(reviewed) -> None:
    """S78: a draft that waits cannot be changed, published or reviewed by its author, nor by a
    worker, nor by the manager of another footprint."""
    sam, ada = reviewed.worker(), reviewed.worker()
    other = reviewed.signed_in("manager", footprint="burnley-pendle")
    screen = change(sam)
    sent = {"csrf_token": sam.token, "step": "publish"}
    seen = dict(screen.fields("Send it to a manager"))["seen"]
    sam.send(f"{reviewed.path}/changes", sent | {"seen": seen})
    draft = content_drafts.open_draft(reviewed.engine, sam.staff.id, "riverbank")
    assert draft.waits
    review = f"{reviewed.path}/review/{draft.id}"
    for browser in (sam, ada, other):
        for part in ("", f"/preview/{FILE}", "/picture/front.png"):
            assert browser.open(review + part).status == 403
        assert browser.send(review, {"csrf_token": browser.token, "seen": seen}).status == 403
    late = sam.open(f"{reviewed.path}/file/{FILE}").fill(f__room="Elm Room").press("Save the draft")
    assert (late.status, "Take them back first" in late) == (409, True)
    assert b"Willow Room" in reviewed.file(FILE)
    assert "See what will change" in sam.open(reviewed.path).press("Take them back")


# --- history


def test_the_history_of_a_file(tmp_path, sample_root, directory) -> None:
    """Where the content is a git checkout, a publish is a commit of the worker's with her words;
    the history shows it, and an earlier version is put back as a draft."""
    import shutil

    from tests.web.staff.content.conftest import NOW, Office

    root = shutil.copytree(sample_root, tmp_path / "root")
    git = ["git", "-C", str(root), "-c", "user.name=Ed", "-c", "user.email=ed@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "First"]):
        subprocess.run([*git, *command], check=True)
    office = Office(tmp_path, directory, root=root, content_commit=True)
    office.now = NOW
    sam = office.worker()
    before = office.file(FILE)
    change(sam).fill(summary="Another room").press("Publish it")
    listed = sam.open(f"{office.path}/history/{FILE}")
    assert "Sam Brook: Another room" in listed
    assert "Ed: First" in listed
    earlier = sam.open(listed.main.all("a")[-1]["href"])
    assert "Taken away: room: Oak Room" in earlier
    changes = earlier.press("Put this version into my draft")
    assert "Publish it" in changes
    changes.press("Publish it")

    assert office.file(FILE) == before
    number = subprocess.run([*git, "rev-list", "--count", "HEAD"], check=True, capture_output=True)
    assert int(number.stdout) == 3
    # A picture is no text: read as one and put back, it would be broken.
    picture = listed.path.replace(FILE, "front.png")
    first = earlier.path.rpartition("/")[2]
    addresses = (picture, f"{picture}/{first}")
    assert [sam.client.get(address).status_code for address in addresses] == [403, 403]
    back = sam.client.post(f"{picture}/{first}/back", data={"csrf_token": sam.token})
    assert back.status_code == 403


def test_without_git_there_is_no_history_and_the_page_says_why(office) -> None:
    """The page says who can turn it on."""
    screen = office.worker().open(f"{office.path}/history/{FILE}")

    assert "PORTAL_CONTENT_COMMIT" in screen
    assert office.worker().open(f"{screen.path}/{'a' * 40}").status == 403


# --- the page as it will be


def test_a_draft_is_seen_as_the_real_page(office) -> None:
    """The preview is the page of the site with the draft in it; a sensitive group has none (S3)."""
    worker = office.worker()
    change(worker)
    screen = worker.open(f"{office.path}/preview/{FILE}")

    assert "Oak Room" in screen.html
    assert "Families do not see it yet" in screen.html
    assert re.search(r"<h1>Bump, Birth and Beyond", screen.html)
    other = office.signed_in("worker", centres=["weavers-yard"])
    private = other.open("/staff/content/weavers-yard/preview/group-january.md")
    assert "Families find nothing of a sensitive group" in private


def test_mistakes_come_before_the_page(office) -> None:
    """A draft with a mistake has no page yet; the mistake is named."""
    worker = office.worker()
    worker.open(f"{office.path}/file/{FILE}").fill(f__day="Monday").press("Save the draft")
    screen = worker.open(f"{office.path}/preview/{FILE}")

    assert (screen.status, "not a Monday" in screen) == (409, True)
