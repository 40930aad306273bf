"""A new series, a photo, and whatever somebody writes into an address."""

import io
from urllib.parse import quote

import pytest
from PIL import Image

from portal.directory.addresses import UPLOADED
from portal.editing import content_drafts
from portal.editing.next_term import next_term
from tests.web.staff.content.conftest import FOLDER

AUTUMN = "bump-autumn"


def drafted(browser) -> dict[str, bytes | None]:
    found = content_drafts.open_draft(browser.place.engine, browser.staff.id, "riverbank")
    return {file.name: file.after for file in found.files.values()} if found else {}


# --- new series


def test_last_terms_series_is_copied(office, today) -> None:
    """The copy is what `portal next-term` writes, byte for byte, with its translations; it is a
    draft, and opens as a form."""
    worker = office.worker()
    screen = worker.open(f"{office.path}/new?from={AUTUMN}.md")
    screen = screen.fill(term="spring 2027").press("Copy it")
    assert screen.path == f"{office.path}/file/bump-spring-2027.md"
    assert "New, not on the site yet" in worker.open(office.path)
    made = drafted(worker)
    assert office.file("bump-spring-2027.md") is None
    again = worker.open(f"{office.path}/new?from={AUTUMN}").fill(term="spring 2027")
    assert "There is a file bump-spring-2027.md already" in again.press("Copy it")
    next_term(
        office.settings.root, office.directory, [f"riverbank/{AUTUMN}"], "spring 2027", today=today
    )

    assert made == {name: office.file(name) for name in made}
    assert "bump-spring-2027.md" in made


def test_what_cannot_be_copied_is_said(office) -> None:
    """A group that goes on needs no copy, and the page says so beside the series."""
    screen = office.worker().open(f"{office.path}/new?from=play-monday.md").press("Copy it")

    assert screen.status == 422
    assert "carries on and needs no copy" in screen.beside["series"]


def test_an_empty_series(office) -> None:
    """It begins with its programme; a name that no address can have is refused with a better one,
    and one that is taken is refused."""
    worker = office.worker()
    screen = worker.open(f"{office.path}/new/blank").fill(programme="baby-massage", name="Baby Fun")
    screen = screen.press("Go on")
    assert "like baby-fun" in screen.beside["name"]
    taken = screen.fill(name="bump-spring").press("Go on")
    assert "There is a file bump-spring.md already" in taken.beside["name"]
    made = taken.fill(name="").press("Go on")
    assert made.path == f"{office.path}/file/baby-massage.md"
    wrong = made.press("Save the draft")
    assert {link for link, _ in wrong.problems} == {"#f-starts", "#f-time"}
    right = wrong.fill(f__starts="2027-01-14", f__time="13:00-14:00", f__sessions="4")
    assert right.press("Save the draft").status == 200
    assert drafted(worker)["baby-massage.md"] == (
        b"---\nprogramme: baby-massage\nstarts: 2027-01-14\ntime: 13:00-14:00\nsessions: 4\n---\n"
    )


# --- photos


def jpeg(colour="teal", size=(1600, 1200)) -> bytes:
    file = io.BytesIO()
    picture = Image.new("RGB", size, colour)
    exif = Image.Exif()
    exif[0x9286] = "taken at home"
    picture.save(file, "JPEG", exif=exif)
    return file.getvalue()


def send_photo(browser, data: bytes, alt="The new front door", **more):
    fields = {"csrf_token": browser.token, "alt": alt, "photo": (io.BytesIO(data), "x.jpg"), **more}
    return browser.send(f"{browser.place.path}/photo", fields, content_type="multipart/form-data")


def test_a_photo_becomes_part_of_the_draft(office) -> None:
    """The photo is cleaned and cropped, the centre's file names it, and the old one goes; the
    draft shows it, and publishing writes all three."""
    worker = office.worker()
    answer = send_photo(worker, jpeg(), focus="top-left")
    assert answer.status == 303
    made = drafted(worker)
    [name] = [name for name in made if name.startswith("photo-")]
    assert made["front.png"] is None
    assert b"taken at home" not in made[name]
    assert Image.open(io.BytesIO(made[name])).size == (1200, 800)
    assert f"photo: {name}\n".encode() in made["index.md"]
    screen = worker.open(f"{office.path}/photo?saved=yes")
    assert f"{office.path}/picture/{name}" in screen.html
    shown = worker.open(f"{office.path}/picture/{name}").answer
    assert (shown.mimetype, shown.data) == ("image/jpeg", made[name])
    preview = worker.open(f"{office.path}/preview/index.md").html
    assert (
        f'<img class="photo" src="{office.path}/picture/{name}" alt="The new front door"' in preview
    )
    worker.open(f"{office.path}/changes").press("Publish it")

    assert office.file(name) == made[name]
    assert office.file("front.png") is None


def test_a_picture_that_a_text_shows_stays(office) -> None:
    """The old photo stays while a text shows it, also above a line across the text; the preview
    shows it there from the draft."""
    shown = b"\n![The old door](front.png)\n\n---\n\nMore of it.\n"
    office.write("index.md", office.file("index.md") + shown)
    worker = office.worker()
    send_photo(worker, jpeg())

    assert "front.png" not in drafted(worker)
    preview = worker.open(f"{office.path}/preview/index.md").html
    assert f'src="{office.path}/picture/front.png"' in preview


@pytest.mark.parametrize(
    ("data", "alt", "where", "words"),
    [
        (b"", "A door", "photo", "Choose a photo"),
        (b"<svg onload='alert(1)'/>", "A door", "photo", "Save it as JPEG"),
        (b"\xff\xd8\xff\xe0 cut off", "A door", "photo", "This photo is damaged"),
        (jpeg(), "", "alt", "Say what the photo shows"),
        (jpeg(), "x" * 300, "alt", "Shorten what the photo shows"),
    ],
)
def test_what_is_no_photo_is_refused_beside_its_field(office, data, alt, where, words) -> None:
    """A file that is no photo, and a photo without words, are refused with what to do."""
    worker = office.worker()
    screen = send_photo(worker, data, alt)

    assert screen.status == 422
    assert words in screen.beside[where]
    assert drafted(worker) == {}


def test_only_the_photo_page_takes_files(office) -> None:
    """A form with files is refused elsewhere, a file beyond the limit is refused, and so is one
    without the token of this browser (S42)."""
    worker = office.worker()
    body = {"csrf_token": worker.token, "text": (io.BytesIO(b"x"), "x.md")}
    for path in (f"{office.path}/text/bump-spring.md", "/staff/account/sign-out"):
        assert worker.send(path, body, content_type="multipart/form-data").status == 415
        body["text"] = (io.BytesIO(b"x"), "x.md")
    kind = "multipart/form-data; boundary=x"
    large = worker.send(f"{office.path}/photo", b"x" * (UPLOADED + 1), content_type=kind)
    assert large.status == 413
    assert send_photo(worker, jpeg(), csrf_token="of somebody else").status == 400
    assert drafted(worker) == {}


# --- addresses


TRICKS = (
    "../index.md", "..%2Findex.md", "%2e%2e/%2e%2e/content/site.yaml", "..", ".", "index.md%00.md",
    "INDEX.md", "index.MD", "bump spring.md", "bump-spring.md/x", "bump-spring.xx.md", "a.b.c.md",
    "centres/preston/riverbank/index.md", "/etc/passwd", "%2Fetc%2Fpasswd", "site.yaml", ".git",
    "-rf.md", "index.md.save", "photo.svg", "bump-spring.md%0a", "\u0131ndex.md", "a" * 300 + ".md",
)  # fmt: skip


@pytest.mark.parametrize("page", ["file", "text", "history", "preview", "picture", "clash"])
def test_no_address_leads_out_of_the_folder(office, page) -> None:
    """S15: whatever stands in the place of a name, the answer is that of a file that is not there,
    nothing outside the centre's folder is read, and nothing is written."""
    worker = office.worker()
    before, token = office.edition(), worker.token
    for trick in TRICKS:
        path = f"{office.path}/{page}/{trick if '%' in trick else quote(trick, safe='/')}"
        for answer in (
            worker.client.get(path),
            worker.client.post(path, data={"csrf_token": token, "text": "x", "seen": "none"}),
        ):
            assert answer.status_code in (303, 308, 403, 404, 405), (trick, answer.status_code)
            assert "quick_exit" not in answer.text
            assert "root:" not in answer.text
    assert office.edition() == before
    assert drafted(worker) == {}


def test_a_link_in_the_folder_is_not_followed(office, tmp_path) -> None:
    """S15: a symbolic link that somebody put among the files shows nothing and takes nothing."""
    secret = tmp_path / "secret.md"
    secret.write_text("---\ntitle: Secret\n---\n")
    (office.settings.root / FOLDER / "linked.md").symlink_to(secret)
    worker = office.worker()

    assert worker.open(office.path).status == 200
    for page in ("file", "text", "preview"):
        screen = worker.open(f"{office.path}/{page}/linked.md")
        assert (screen.status, "Secret" in screen.html) == (409, False)
    assert secret.read_text() == "---\ntitle: Secret\n---\n"


def test_a_file_that_is_no_text_is_left_alone(office) -> None:
    """What cannot be read as UTF-8 would be spoilt by saving it: the page says so instead."""
    office.write("latin.md", "---\nprogramme: caf\u00e9\n---\n".encode("latin-1"))
    worker = office.worker()

    assert worker.open(office.path).status == 200
    for page in ("file", "text"):
        screen = worker.open(f"{office.path}/{page}/latin.md")
        assert (screen.status, "not text in UTF-8" in screen) == (409, True)


@pytest.mark.parametrize(
    "given",
    [
        {"role": "worker", "centres": ["harbour"]},
        {"role": "editor", "centres": ["harbour"]},
        {"role": "reader", "centres": ["riverbank"]},
        {"role": "manager", "footprint": "burnley-pendle"},
    ],
)
def test_nobody_else_opens_or_sends_a_change(office, given) -> None:
    """S30, S78: the content of a centre is closed to workers and editors of others, to its readers,
    and to the managers of other footprints, also by the number of a draft."""
    worker = office.worker()
    screen = worker.open(f"{office.path}/file/bump-spring.md").fill(f__room="Oak Room")
    screen.press("Save the draft")
    draft = content_drafts.open_draft(office.engine, worker.staff.id, "riverbank")
    other = office.signed_in(**given)
    own = f"/staff/content/{(given.get('centres') or ['weavers-yard'])[0]}"
    for path in ("", "/changes", "/file/bump-spring.md", f"/review/{draft.id}", "/photo", "/new"):
        assert other.open(office.path + path).status == 403
        assert other.send(office.path + path, {"csrf_token": other.token}).status in (403, 405)
    for path in (f"/review/{draft.id}", f"/published/{draft.id}"):
        assert other.open(own + path).status == 403


def test_an_editor_sees_no_count_of_families(office) -> None:
    """S78: an editor publishes like a worker, and is told nothing about bookings."""
    editor = office.signed_in("editor", centres=["riverbank"])
    assert "/staff/content/riverbank" in editor.open("/staff/").html
    screen = editor.open(f"{office.path}/file/bump-spring.md").fill(f__time="10:30-12:00")
    screen.press("Save the draft")
    changes = editor.open(f"{office.path}/changes")

    assert "Families who have booked are told" in changes
    assert "No booking is touched" not in changes
    assert "It is being published" in changes.press("Publish it")
