"""The page that copies the series of a centre into a term."""

import pytest

from portal.editing import content_drafts
from portal.editing.next_term import next_term
from tests.web.staff.content.conftest import FOLDER

AUTUMN, FIRST_AID = "bump-autumn", "first-aid"
COPY, COPY_OF_FIRST_AID = "bump-spring-2027.md", "first-aid-spring-2027.md"


@pytest.fixture
def path(office) -> str:
    return f"{office.path}/next-term"


def drafted(browser) -> dict[str, bytes | None]:
    found = content_drafts.open_draft(browser.place.engine, browser.staff.id, "riverbank")
    return {file.name: file.after for file in found.files.values()} if found else {}


def ticked(screen) -> list[str]:
    boxes = screen.main.all("input", where=lambda one: one.get("name") == "tick")
    return [one["value"] for one in boxes if "checked" in one]


def test_a_whole_term_is_copied_and_published_at_once(office, path, today) -> None:
    """All series are ticked by one button, shown before they are published, and written together,
    each as `portal next-term` writes it."""
    worker = office.worker()
    screen = worker.open(office.path).follow("Next term")
    assert screen.path == path
    assert ticked(screen) == []
    for words in (
        "6 sessions, Tuesday 5 January 2027 to Tuesday 9 February 2027, 6pm to 8pm",
        "Carries on, and needs nothing.",
        "Starts on Tuesday 12 January 2027.",
    ):
        assert words in screen
    screen = screen.press("Tick all")
    assert ticked(screen) == [AUTUMN, FIRST_AID]
    changes = screen.press("See what will change")
    assert changes.path == f"{office.path}/changes"
    assert office.file(COPY) is None
    again = worker.open(path)
    assert "Copied already, in your draft." in again
    assert "There is nothing to copy into spring 2027." in again
    made = drafted(worker)
    assert "It is being published" in changes.press("Publish it")
    assert {name: office.file(name) for name in made} == made
    for name in made:
        (office.settings.root / FOLDER / name).unlink()
    identities = [f"riverbank/{AUTUMN}", f"riverbank/{FIRST_AID}"]
    next_term(office.settings.root, office.directory, identities, "spring 2027", today=today)

    assert set(made) == {COPY, COPY_OF_FIRST_AID}
    assert {name: office.file(name) for name in made} == made


def test_a_row_can_be_changed(office, path) -> None:
    """The date, the time, the number and the places in a row are those of the copy; other rows stay
    as they are proposed."""
    worker = office.worker()
    row = {
        f"starts__{AUTUMN.replace('-', '__')}": "19/1/2027",
        "time-bump-autumn": "6:30pm to 8pm",
        "sessions-bump-autumn": "4",
        "places-bump-autumn": "10",
    }
    screen = worker.open(path).fill(tick=[AUTUMN], **row).press("Work out the dates again")
    assert "4 sessions, Tuesday 19 January 2027 to Tuesday 9 February 2027, 6:30pm to 8pm" in screen
    opened = [one for one in screen.main.all("details") if "open" in one]
    assert [one.all("input")[0]["id"] for one in opened] == [f"starts-{AUTUMN}"]
    assert drafted(worker) == {}
    screen.press("See what will change")
    text = drafted(worker)[COPY].decode()

    assert set(drafted(worker)) == {COPY}
    for line in ("starts: 2027-01-19", "time: 18:30-20:00", "sessions: 4", "places: 10"):
        assert f"\n{line}\n" in text


def test_a_mistake_is_shown_beside_its_field(office, path) -> None:
    """What is wrong in a row is said beside the field and above the page, which names the series;
    what was typed and ticked stays, and nothing becomes a draft."""
    worker = office.worker()
    typed = {f"starts-{AUTUMN}": "13 January 2027", f"time-{FIRST_AID}": "10<b>"}
    screen = worker.open(path).fill(tick=[AUTUMN, FIRST_AID], **typed)
    screen = screen.press("See what will change")

    assert screen.status == 422
    assert screen.beside == {
        f"starts-{AUTUMN}": "Bump, Birth and Beyond, Tuesdays, 6pm to 8pm: 13 January 2027 is a "
        "Wednesday, and this is on Tuesdays. Write 12 January 2027 or 19 January 2027. The weekday "
        "itself can be changed in the copy.",
        f"time-{FIRST_AID}": "First Aid for Babies, Saturday 12 December 2026, 10am to 12:30pm: "
        "'10<b>' has no end. Write both times, like 10:00-12:00.",
    }
    assert screen.problems == [(f"#{name}", words) for name, words in screen.beside.items()]
    boxes = {one["id"]: one["value"] for one in screen.main.all("input") if "id" in one}
    assert {name: boxes[name] for name in typed} == typed
    assert ticked(screen) == [AUTUMN, FIRST_AID]
    assert drafted(worker) == {}


def test_nothing_ticked(office, path) -> None:
    """Without a tick the page says so, with a link to the first."""
    screen = office.worker().open(path).press("See what will change")

    assert screen.status == 422
    assert screen.problems == [(f"#tick-{AUTUMN}", "Tick the series to copy")]


def test_a_clash_is_shown_before_and_refused_after(office, path) -> None:
    """Two groups in one room at one time are shown as soon as the page opens, and are not taken
    into the draft together."""
    office.write(
        f"{AUTUMN}.md",
        office.file(f"{AUTUMN}.md").replace(b"sessions: 6", b"sessions: 6\nroom: Willow Room"),
    )
    worker = office.worker()
    screen = worker.open(path).fill(
        tick=[AUTUMN],
        **{"time-bump-autumn": "10:00-12:00", "starts-bump-autumn": "12 January 2027"},
    )
    shown = screen.press("Work out the dates again")
    words = "is in the same room at the same time: Tuesday 12 January 2027"
    same = "is the same group at the same time: Tuesday 12 January 2027"
    assert words in shown or same in shown
    assert shown.status == 200
    refused = shown.press("See what will change")

    assert refused.status == 422
    assert words in refused.beside[f"tick-{AUTUMN}"] or same in refused.beside[f"tick-{AUTUMN}"]
    assert drafted(worker) == {}


def test_somebody_else_was_quicker(office, path) -> None:
    """A series that was copied while the page was open is named, and nothing of this page is taken;
    one that was copied after that is a clash that publishing shows."""
    worker, other = office.worker(title="Ada Hill"), office.worker(title="Bea Moss")
    slow = worker.open(path).press("Tick all")
    early = other.open(path).fill(tick=[AUTUMN]).press("See what will change")
    assert "Bea Moss has a draft of the same copy." in worker.open(path)
    early.press("Publish it")
    late = slow.press("See what will change")
    assert late.status == 409
    assert late.problems == [
        (
            "",
            "Bump, Birth and Beyond, Tuesdays, 6pm to 8pm: Copied already. It is not on the site "
            "yet.",
        )
    ]
    assert drafted(worker) == {}
    late = late.press("See what will change")
    office.write(COPY_OF_FIRST_AID, b"---\nprogramme: play-sessions\n---\n")

    assert set(drafted(worker)) == {COPY_OF_FIRST_AID}
    assert "Somebody else has changed the same file" in late.press("Publish it")
    assert office.file(COPY_OF_FIRST_AID) == b"---\nprogramme: play-sessions\n---\n"


def test_a_draft_that_waits_is_left_alone(office, path) -> None:
    """While a manager looks at her changes, no copy is added to them, and the page says why."""
    worker = office.worker()
    worker.open(path).fill(tick=[FIRST_AID]).press("See what will change")
    [draft] = content_drafts.open_drafts(office.engine, {"riverbank"})
    content_drafts.send(office.engine, draft, now=office.now)
    screen = worker.open(path).fill(tick=[AUTUMN]).press("See what will change")

    assert screen.status == 409
    assert "wait to be looked at" in screen.problems[0][1]
    assert set(drafted(worker)) == {COPY_OF_FIRST_AID}


def test_another_term(office, path) -> None:
    """The terms to come are links; what ended in the term before is offered, what ended earlier is
    folded in; a term that nobody knows has a page that says which there are."""
    worker = office.worker()
    summer = worker.open(path).follow("Summer 2027")
    assert summer.heading == "Summer 2027 at Riverbank Centre"
    [earlier] = [one for one in summer.main.all("details") if one.all("details")]
    offered = summer.main.all("input", where=lambda one: one.get("name") == "tick")
    folded = earlier.all("input", where=lambda one: one.get("name") == "tick")
    assert [one["value"] for one in offered] == ["bump-spring", "play-urdu", AUTUMN, FIRST_AID]
    assert [one["value"] for one in folded] == [AUTUMN, FIRST_AID]
    assert "Booking opens on Monday 15 February 2027 at 9am." in summer
    unknown = worker.open(f"{path}?term=summer+2062")

    assert unknown.status == 404
    assert "No term 'summer 2062' is known." in unknown
