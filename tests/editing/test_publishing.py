"""All edits of a publish are made or none, nobody's work is lost, and a build is asked for."""

import os
import shutil
import threading
from datetime import UTC, datetime

import pytest

from portal import content, database
from portal.bookings import Family, book
from portal.editing import publishing
from portal.editing.publishing import Author, Conflict, Edit, EditingError, NotHere, digest_of
from portal.editing.rewriting import rewritten
from portal.server import serve
from portal.settings import load_settings
from tests.support.databases import new_sqlite

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
AUTHOR = Author("Sam Cole", "sam@lancashire.example")
SPRING = "centres/preston/riverbank/bump-spring.md"
MONDAY = "centres/preston/riverbank/play-monday.md"
NEW = "centres/preston/riverbank/play-fridays.md"
CENTRE = "centres/preston/riverbank/index.md"
FRIDAYS = Edit(
    NEW,
    "---\nprogramme: play-sessions\nday: Friday\nstarts: 2027-01-08\ntime: 9:30-11:00\n---\n",
    None,
)
CANCELLED = "changes:\n", "changes:\n  - date: 2027-01-26\n    cancelled: Snow\n"


@pytest.fixture
def settings(tmp_path, sample_root):
    root = shutil.copytree(sample_root, tmp_path / "root")
    return load_settings(root=root, out=tmp_path / "build", var=tmp_path / "var")


def edit_of(settings, path, old, new):
    """An edit that replaces some words of a file."""
    text, digest = publishing.read(settings.root, path)
    assert old in text
    return Edit(path, text.replace(old, new), digest)


def publish(settings, *edits, engine=None):
    return publishing.publish(
        settings, engine, edits, author=AUTHOR, summary="Change dates", now=NOW
    )


def files_of(root):
    """Every file with its bytes, also those that the reader passes over."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


# --- what is written ------------------------------------------------------------------------------


def test_files_are_changed_made_and_deleted_together(settings):
    """After a publish the folder holds the new files and nothing besides."""
    before = files_of(settings.root)
    _, digest = publishing.read(settings.root, MONDAY)
    spring = edit_of(settings, SPRING, *CANCELLED)
    published = publish(settings, spring, FRIDAYS, Edit(MONDAY, None, digest))
    after = files_of(settings.root)

    assert published.paths == (SPRING, NEW, MONDAY)
    assert (published.commit, published.warning) == ("", "")
    assert after[SPRING].decode() == spring.text
    assert after[NEW].decode() == FRIDAYS.text
    assert {path: after[path] for path in after if path not in (SPRING, NEW)} == {
        path: before[path] for path in before if path not in (SPRING, MONDAY)
    }


def test_a_file_keeps_its_mode_mark_and_line_ends(settings):
    """A field changed in a browser changes its own bytes alone, and not who may read the file."""
    file = settings.root / SPRING
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    file.chmod(0o664)
    before = file.read_bytes()
    text, digest = publishing.read(settings.root, SPRING)
    publish(settings, Edit(SPRING, rewritten(text, {"places": "12"}), digest))

    assert file.read_bytes() == before.replace(b"places: 10", b"places: 12") != before
    assert file.stat().st_mode & 0o777 == 0o664
    assert file.stat().st_mtime == NOW.timestamp()


def test_mistakes_are_all_shown_and_nothing_is_written(settings):
    """Content that a build would refuse is refused with every mistake, and stays as it was."""
    before = files_of(settings.root)
    wrong = edit_of(settings, SPRING, "sessions: 6", "sessions: six\nroam: 4")
    with pytest.raises(content.ContentError) as caught:
        publish(settings, FRIDAYS, wrong)

    assert {problem.path for problem in caught.value.problems} == {SPRING}
    assert len(caught.value.problems) == 2
    assert files_of(settings.root) == before
    assert publishing.state(settings) == "published"


def test_a_date_cannot_be_moved_to_where_a_shared_thing_is_in_use(settings):
    """The trial of a change in a browser says that another group has the mobile creche then."""
    resources = Edit(
        "content/resources.yaml",
        "resources:\n- slug: van\n  title: The van\n  kind: vehicle\n  minutes_between: 30\n",
        None,
    )
    uses = edit_of(settings, SPRING, "places: 10", "places: 10\nresources: van")
    other = Edit(FRIDAYS.path, FRIDAYS.text.replace("---\np", "---\nresources: van\np"), None)
    publish(settings, resources, uses, other)
    moved = CANCELLED[1].replace("cancelled: Snow", "moved_to: 2027-01-29")
    move = edit_of(settings, SPRING, "changes:\n", moved)
    with pytest.raises(content.ContentError) as caught:
        publish(settings, move)

    (problem,) = caught.value.problems
    assert "The van cannot be in two places" in problem.words
    assert "has it at the same time: Friday 29 January 2027" in problem.words


def test_a_machine_that_does_not_build_says_where_to_go(settings):
    """Where the role `build` is left out, a publish is refused in words that name the way."""
    settings = settings.model_copy(update={"roles": ("web",)})
    with pytest.raises(NotHere, match="machine that builds"):
        publish(settings, edit_of(settings, SPRING, *CANCELLED))


def test_a_folder_that_cannot_be_written_is_said_in_words(settings, monkeypatch):
    """An error of the file system before the point of no return leaves everything as it was."""
    before = files_of(settings.root)

    def full(step):
        if step == "written":
            raise OSError(28, "No space left on device", str(settings.root / NEW))

    monkeypatch.setattr(publishing, "_reached", full)
    with pytest.raises(EditingError, match="No space left"):
        publish(settings, edit_of(settings, SPRING, *CANCELLED), FRIDAYS)

    assert files_of(settings.root) == before


# --- several people -------------------------------------------------------------------------------


def test_an_edit_of_an_older_file_is_refused_with_both_versions(settings):
    """Nothing is written if one of the files is no longer what its author read (S75)."""
    mine = edit_of(settings, SPRING, "places: 10", "places: 12")
    theirs = edit_of(settings, SPRING, *CANCELLED)
    publish(settings, theirs)
    before = files_of(settings.root)
    with pytest.raises(Conflict) as caught:
        publish(settings, FRIDAYS, mine)

    conflict = caught.value
    assert (conflict.path, conflict.theirs, conflict.ours, conflict.base) == (
        SPRING, theirs.text, mine.text, mine.base,
    )  # fmt: skip
    assert files_of(settings.root) == before


def test_a_file_that_was_made_or_deleted_meanwhile_is_a_conflict(settings):
    """A new file never replaces another, and a deleted one does not come back by itself."""
    publish(settings, FRIDAYS)
    with pytest.raises(Conflict, match="was made by somebody else"):
        publish(settings, Edit(NEW, f"{FRIDAYS.text}\nMore.\n", None))
    publish(settings, Edit(NEW, None, digest_of(FRIDAYS.text)))
    with pytest.raises(Conflict, match="was deleted"):
        publish(settings, Edit(NEW, f"{FRIDAYS.text}\nMore.\n", digest_of(FRIDAYS.text)))


def test_an_edit_that_has_been_made_is_done(settings):
    """A form sent twice is published once, without an error."""
    edit = edit_of(settings, SPRING, *CANCELLED)
    publish(settings, edit)

    assert publish(settings, edit).paths == ()


def test_two_at_once_lose_nothing(settings):
    """Of two edits of one file that are published at the same moment, one is refused."""
    edits = [
        edit_of(settings, SPRING, *CANCELLED),
        edit_of(settings, SPRING, "places: 10", "places: 12"),
    ]
    start, outcomes = threading.Barrier(2), []

    def work(edit):
        start.wait()
        try:
            outcomes.append(publish(settings, edit).paths)
        except Conflict as conflict:
            outcomes.append(conflict.theirs)

    threads = [threading.Thread(target=work, args=(edit,)) for edit in edits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = (settings.root / SPRING).read_text()

    assert sorted(outcomes, key=str) == [(SPRING,), text]
    assert text in [edit.text for edit in edits]


# --- killed ---------------------------------------------------------------------------------------

STEPS = ["planned", "written", "written", "ready", "renamed", "renamed", "renamed",
         "committed", "asked"]  # fmt: skip


def killed_at(settings, edits, at):
    """Publish in a process that ends at a step, without a chance to tidy up; its exit status."""
    child = os.fork()
    if child == 0:
        try:
            steps = iter(range(len(STEPS)))

            def reached(step):
                number = next(steps)
                if STEPS[number] != step:
                    os._exit(3)
                if number == at:
                    os._exit(9)

            publishing._reached = reached
            publish(settings, *edits)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.kills
@pytest.mark.parametrize("at", [0, 2, 3, 4, 6, 7, 8])
def test_a_killed_publish_leaves_the_old_files_or_the_new_ones(settings, at):
    """Wherever the process ends, all of the edits are found made or none, and no litter (S75)."""
    _, digest = publishing.read(settings.root, MONDAY)
    edits = [
        edit_of(settings, SPRING, *CANCELLED), FRIDAYS, Edit(MONDAY, None, digest)
    ]  # fmt: skip
    old = files_of(settings.root)
    new = {**old, SPRING: edits[0].text.encode(), NEW: edits[1].text.encode()}
    del new[MONDAY]
    assert killed_at(settings, edits, at) == 9
    publishing.recover(settings)
    done = at >= STEPS.index("ready")

    assert files_of(settings.root) == (new if done else old)
    assert publishing.state(settings) == ("building" if done else "published")
    assert sorted(path.name for path in (settings.var / "publishing").iterdir()) == (
        ["asked", "lock"] if done else ["lock"]
    )


@pytest.mark.kills
def test_a_file_changed_before_the_recovery_stays(settings):
    """An edit on disk between a kill and the recovery is kept; the other version is beside it."""
    edit = edit_of(settings, SPRING, *CANCELLED)
    assert killed_at(settings, [edit, FRIDAYS], STEPS.index("ready")) == 9
    (settings.root / SPRING).write_text("somebody's")
    serve._finish_publishing(settings)  # as a server does when it starts

    assert (settings.root / SPRING).read_text() == "somebody's"
    assert (settings.root / f"{SPRING}.save").read_text() == edit.text
    assert (settings.root / NEW).is_file()
    assert [problem.path for problem in content.leftovers(settings.root)] == [f"{SPRING}.save"]


@pytest.mark.kills
def test_the_next_publish_finishes_the_last_one(settings):
    """What was promised before a kill is made before anything else is."""
    edit = edit_of(settings, SPRING, *CANCELLED)
    assert killed_at(settings, [edit, FRIDAYS], STEPS.index("ready")) == 9
    _, digest = publishing.read(settings.root, MONDAY)
    publish(settings, Edit(MONDAY, None, digest))

    assert (settings.root / SPRING).read_text() == edit.text
    assert (settings.root / NEW).read_text() == FRIDAYS.text
    assert not (settings.root / MONDAY).exists()


# --- what it would do -----------------------------------------------------------------------------


def test_a_check_says_what_changes_and_writes_nothing(settings, directory):
    """Dates, bookings, who is told and who is to be rung, before anything is published."""
    new_sqlite(settings.var / "portal.db")
    engine = database.connect(settings.database_address)
    series = directory.find_series("riverbank/bump-spring")
    ways = (
        {"email": "a@families.example"},
        {"phone": "01772 000000"},
        {"email": "b@families.example"},
    )
    for number, way in enumerate(ways):
        by = "email" if "email" in way else "call"
        family = Family(f"Parent {number}", contact_by=by, safe_to_contact=True, **way)
        book(engine, series, family, key=f"key-{number}", secret="s" * 40, now=NOW)
    before = files_of(settings.root)
    both = (
        "  - date: 2027-01-19\n    cancelled: Ice\n",
        "  - date: 2027-01-26\n    cancelled: Snow\n",
    )
    effects = publishing.check(
        settings,
        [edit_of(settings, SPRING, "changes:\n", f"changes:\n{''.join(both)}")],
        now=NOW,
        engine=engine,
    )
    engine.dispose()

    assert [(change.difference.kind, change.bookings) for change in effects.differences] == [
        ("cancelled", 3), ("cancelled", 3),
    ]  # fmt: skip
    assert (effects.bookings, effects.told, effects.ring) == (3, 2, 1)
    assert effects.directory.find_series("riverbank/bump-spring").sessions[2].cancelled == "Snow"
    assert effects.problems == ()
    assert files_of(settings.root) == before
    assert all(
        path.stat().st_mode & 0o077 == 0 for path in (settings.var / "publishing").rglob("*")
    )


def test_a_check_follows_the_files_on_disk(settings):
    """Each check starts from the content as it is now: no earlier edit is left in it."""
    edit = edit_of(settings, SPRING, *CANCELLED)

    def kinds(*edits):
        effects = publishing.check(settings, edits, now=NOW)
        return [change.difference.kind for change in effects.differences]

    assert kinds(edit) == ["cancelled"]
    assert kinds(FRIDAYS).count("added") > 0
    assert publishing.check(settings, (FRIDAYS,), now=NOW).coverage == (
        "Preston: 1 session in the school holidays from birth to age 4, where there was nothing.",
        "Preston: now a session within 3 miles in the school holidays from birth to age 4.",
    )
    assert publishing.check(settings, (), now=NOW).coverage == ()
    (settings.root / SPRING).write_text(edit.text)
    assert kinds() == kinds(edit) == []
    (settings.root / MONDAY).unlink()
    assert kinds() == []


def test_bookings_are_not_lost(settings, directory):
    """A file that families have booked from cannot be deleted."""
    new_sqlite(settings.var / "portal.db")
    engine = database.connect(settings.database_address)
    series = directory.find_series("riverbank/bump-spring")
    family = Family(name="Parent", email="a@families.example")
    book(engine, series, family, key="key", secret="s" * 40, now=NOW)
    _, digest = publishing.read(settings.root, SPRING)
    edits = [Edit(SPRING, None, digest)]
    edits += [
        Edit(path, None, publishing.read(settings.root, path)[1])
        for path in (SPRING.replace(".md", ".pl.md"),)
        if (settings.root / path).is_file()
    ]
    with pytest.raises(content.ContentError, match="families have booked this series"):
        publish(settings, *edits, engine=engine)
    engine.dispose()


def test_bookings_that_cannot_be_looked_at_stop_a_publish(settings):
    """While the database is broken nobody knows what families would lose, so nothing changes."""
    database_file = settings.var / "portal.db"
    settings.var.mkdir()
    database_file.write_bytes(b"not a database" * 100)
    before = files_of(settings.root)
    with pytest.raises(EditingError, match="bookings cannot be looked at"):
        publish(settings, edit_of(settings, SPRING, *CANCELLED))

    assert files_of(settings.root) == before


def test_a_cancelled_date_can_be_written_beside_mistakes_of_others(settings):
    """A mistake that is there already stops no edit that asks so; a mistake of its own does."""
    monday = settings.root / MONDAY
    monday.write_text(monday.read_text().replace("day: Monday", "day: Tuesday"))
    spring = edit_of(settings, SPRING, *CANCELLED)
    wrong = edit_of(settings, SPRING, "day: Tuesday", "day: Friday")
    given = {"author": AUTHOR, "summary": "Snow", "now": NOW}
    with pytest.raises(content.ContentError, match="play-monday"):
        publishing.publish(settings, None, [spring], **given)
    with pytest.raises(content.ContentError) as refused:
        publishing.publish(settings, None, [wrong], **given, beside_mistakes=True)

    assert {one.path for one in refused.value.problems} == {SPRING}
    publishing.publish(settings, None, [spring], **given, beside_mistakes=True)
    assert (settings.root / SPRING).read_text() == spring.text
