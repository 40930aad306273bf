"""One file in a browser: the form, its mistakes, and nothing that is typed gets lost."""

import difflib

import pytest

from portal.editing import content_drafts

FILE = "bump-spring.md"


def form(browser, name=FILE):
    return browser.open(f"{browser.place.path}/file/{name}")


def drafted(browser, name=FILE) -> bytes | None:
    place = browser.place
    draft = content_drafts.open_draft(place.engine, browser.staff.id, "riverbank")
    return draft and draft.files[f"centres/preston/riverbank/{name}"].after


def changed_lines(before: bytes, after: bytes) -> list[str]:
    lines = difflib.unified_diff(before.decode().splitlines(), after.decode().splitlines(), n=0)
    return [line for line in list(lines)[2:] if not line.startswith("@@")]


def test_only_what_was_changed_is_another(office) -> None:
    """A draft differs from the file in the lines that somebody changed, and in no other byte."""
    before = office.file(FILE).replace(b"places: 10", b"places:   10  # as the fire officer says")
    office.write(FILE, before)
    worker = office.worker()
    saved = form(worker).fill(f__time="10:30-12:00", f__changes__2__date="2027-01-19")
    saved = saved.fill(f__changes__2__cancelled="The midwife is ill").press("Save the draft")

    assert "Your draft is saved" in saved
    assert changed_lines(before, drafted(worker)) == [
        "-time: 10:00-12:00",
        "+time: 10:30-12:00",
        "+  - date: 2027-01-19",
        "+    cancelled: The midwife is ill",
    ]
    assert office.file(FILE) == before


def test_a_mistake_is_marked_beside_its_field_and_the_draft_is_kept(office) -> None:
    """A wrong weekday is said beside the weekday, in the summary with a link, and nothing typed
    is lost."""
    worker = office.worker()
    screen = form(worker).fill(f__day="Monday", f__room="Oak Room").press("Save the draft")
    words = "12 January 2027 is a Tuesday, not a Monday. Write 'day: Tuesday', or correct 'starts'."

    assert (screen.status, screen.title.startswith("Error: ")) == (422, True)
    assert screen.problems == [("#f-day", words)]
    assert screen.beside == {"f-day": words}
    assert b"day: Monday" in drafted(worker)
    assert b"room: Oak Room" in drafted(worker)
    again = screen.fill(f__day="Tuesday").press("Save the draft")
    assert (again.status, again.path) == (200, f"{office.path}?saved=yes")


@pytest.mark.parametrize(
    ("typed", "where"),
    [
        ({"f__starts": "12.1.27"}, "f-starts"),
        ({"f__programme": ""}, "f-programme"),
        ({"f__changes__0__moved_to": "soon"}, "f-changes-0-moved_to"),
        ({"f__changes__2__note": "Bring a coat"}, "f-changes-2-date"),
        ({"f__venue__address": "1 Mill Lane"}, "f-venue-name"),
        ({"f__changes__0__date": "2027-02-04"}, "f-changes-0-date"),
        ({"body": "<b>Hello</b>"}, "body"),
    ],
)
def test_each_mistake_leads_to_its_field(office, typed, where) -> None:
    """A mistake in a block, in a list, of a field that is missing or in the text leads there."""
    screen = form(office.worker()).fill(**typed).press("Save the draft")

    assert screen.status == 422
    assert [link for link, _ in screen.problems] == [f"#{where}"]
    assert f'id="{where}"' in screen.html


def test_two_at_once_lose_nothing(office) -> None:
    """If the file is another than the form showed, both are shown, what was typed stays in the
    form, and nothing is saved before somebody has seen it."""
    worker = office.worker()
    screen = form(worker).fill(f__room="Oak Room", body="Come early.")
    office.write(FILE, office.file(FILE).replace(b"Willow Room", b"Elm Room"))
    screen = screen.press("Save the draft")

    assert screen.status == 409
    assert "In the file now: Elm Room" in screen
    assert "You typed: Oak Room" in screen
    assert drafted(worker) is None
    again = screen.press("Save the draft")
    assert again.status == 200
    assert b"room: Oak Room" in drafted(worker)
    assert b"Come early." in drafted(worker)


def test_a_file_with_windows_line_ends_keeps_them(office) -> None:
    """A byte order mark and Windows line ends stay, in the form and in the file as text."""
    windows = b"\xef\xbb\xbf" + office.file(FILE).replace(b"\n", b"\r\n")
    office.write(FILE, windows)
    worker = office.worker()
    form(worker).fill(f__room="Oak Room").press("Save the draft")
    assert drafted(worker) == windows.replace(b"Willow", b"Oak")
    text = worker.open(f"{office.path}/text/{FILE}")
    typed = text.main.one("textarea").text.replace("Oak Room", "Elm Room")
    text.fill(text=dict(text.fields("Save the draft"))["text"].replace("Oak", "Elm"))
    saved = text.press("Save the draft")

    assert "Elm Room" in typed
    assert saved.status == 200
    assert drafted(worker) == windows.replace(b"Willow", b"Elm")


def test_the_file_as_text_names_mistakes_by_line(office) -> None:
    """What no form can show is edited as text; each mistake has its line, and the draft is kept."""
    worker = office.worker()
    screen = worker.open(f"{office.path}/text/{FILE}")
    text = dict(screen.fields("Save the draft"))["text"].replace("room: Willow", "roome: Willow")
    screen = screen.fill(text=text).press("Save the draft")

    assert screen.status == 422
    [(link, words)] = screen.problems
    assert link == "#text"
    assert words.startswith("Line 16: 'roome' is not a field of a series. Did you mean 'room'?")
    assert b"roome: Willow" in drafted(worker)
    assert "The form cannot show roome" in form(worker)
    broken = (
        worker.open(f"{office.path}/text/{FILE}").fill(text="no fields").press("Save the draft")
    )
    assert broken.status == 422
    assert form(worker).status == 303


def test_a_translation_is_edited_as_text(office) -> None:
    """The words of another language have no form, and only fields that are translated."""
    worker = office.worker()
    name = "bump-spring.pl.md"
    assert form(worker, name).answer.location.endswith(f"/text/{name}")
    screen = worker.open(f"{office.path}/text/{name}")
    text = dict(screen.fields("Save the draft"))["text"].replace("---\n", "---\nplaces: 3\n", 1)

    assert "'places' is not translated" in screen.fill(text=text).press("Save the draft").words


def test_a_page_that_was_open_too_long_loses_nothing(office) -> None:
    """A form of another visit is shown again with what was typed (S42); one that comes after the
    time-out is kept, and saved after signing in."""
    worker = office.worker()
    screen = form(worker).fill(f__room="Oak Room")
    sent = dict(screen.fields("Save the draft")) | {"csrf_token": "of yesterday"}
    again = worker.send(screen.path, sent)
    assert (again.status, 'value="Oak Room"' in again.html) == (400, True)
    assert drafted(worker) is None
    screen = form(worker).fill(f__room="Oak Room")
    office.wait(minutes=31)
    late = screen.press("Save the draft", follow=False)
    assert (late.status, "kept" in late.answer.location) == (303, True)
    worker.become(worker.staff)
    saved = worker.open("/staff/kept").press("Save it now")

    assert "Your draft is saved" in saved
    assert b"room: Oak Room" in drafted(worker)


def test_a_change_is_undone(office) -> None:
    """One press takes a file out of the draft, and the file is as it was."""
    worker = office.worker()
    form(worker).fill(f__room="Oak Room").press("Save the draft")
    screen = form(worker).press("Undo my changes to this")

    assert "Changed in your draft" not in screen
    assert drafted(worker) is None


def test_a_colleagues_draft_is_named(office) -> None:
    """Whoever opens a file sees who else has a draft of it; each has a draft of her own."""
    sam, ada = office.worker(), office.worker(title="Ada Lane")
    form(ada).fill(f__room="Elm Room").press("Save the draft")
    screen = form(sam)

    assert "Ada Lane has a draft of this too" in screen
    assert "Ada Lane has a draft too" in sam.open(office.path)
    assert 'value="Willow Room"' in screen.html


def test_the_list_says_what_is_on_when(office) -> None:
    """A centre's series stand under what is running, coming and over, with what to look at."""
    screen = office.worker().open(office.path)
    harbour = office.worker(centres=["harbour"]).open("/staff/content/harbour")
    titles = [one.text for one in screen.main.all("h2")]
    dates = "Tuesday 12 January 2027 to Tuesday 23 February 2027, 10am to midday (spring 2027)"

    assert titles == ["The centre’s page", "Running", "Coming"]
    assert dates in screen
    assert "Over: 1" in harbour
    assert "All its sessions are over" in harbour


def test_hard_words_are_named_in_the_form_and_do_not_stop_anything(office) -> None:
    """The form names a long sentence and a hard word, with what to do, and the draft is saved."""
    worker = office.worker()
    body = f"We commence at 10. {'We sing and ' * 9}go."
    saved = form(worker).fill(body=body).press("Save the draft")
    screen = form(worker)

    assert (saved.status, saved.path) == (200, f"{office.path}?saved=yes")
    assert "Some words are hard to read" in screen
    assert "'commence': this is hard to read. For example, write 'start'." in screen
    assert "'We sing and We sing and': this sentence has 28 words." in screen
    assert "# meant" not in screen
    assert "hard to read" not in screen.fill(body="We sing.").press("Save the draft")
    assert "hard to read" not in form(worker)
