"""Content that would lose bookings is refused, and its remedy is followed by success."""

import shutil
from datetime import UTC, datetime

import pytest

from portal import bookings, database
from portal.bookings import Family, lost_bookings
from tests.support.databases import new_sqlite
from tests.support.edited import EditedSample
from tests.support.remedies import follow

PRESTON = "centres/preston"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def sample(tmp_path_factory, sample_root):
    return EditedSample(tmp_path_factory.mktemp("lost") / "root", sample_root)


@pytest.fixture
def site(tmp_path, sample):
    """The sample with a family that has booked a course: its folder, and what is refused."""
    sample.reset()
    engine = database.connect(new_sqlite(tmp_path / "portal.db"))
    family = Family("Jo", email="jo@families.example", contact_by="email")
    series = sample.load().find_series("riverbank/bump-spring")
    bookings.book(engine, series, family, key="once", secret="a secret of the tests", now=NOW)

    def refused():
        return lost_bookings.mistakes(engine, sample.load(), now=NOW)

    assert refused() == []
    yield sample.root, refused
    engine.dispose()


def rename_centre(root, name):
    (root / PRESTON / "riverbank").rename(root / PRESTON / name)
    lead_to(root, name)


def lead_to(root, name):
    """Correct the links to the centre, which are mistakes of their own."""
    for page in root.rglob("*.md"):
        text = page.read_text()
        if "/centres/riverbank/" in text:
            page.write_text(text.replace("/centres/riverbank/", f"/centres/{name}/"))


def test_a_renamed_centre_keeps_its_bookings(site):
    """The mistake is in a file that is there, and one alias of the centre is enough for all."""
    root, refused = site
    rename_centre(root, "river-bank")
    [problem] = refused()
    follow(root, problem)

    assert problem.path == f"{PRESTON}/river-bank/index.md"
    assert problem.line > 1
    assert "write 'aliases: [old-riverbank, riverbank]' in " in problem.words
    assert refused() == []


def test_a_renamed_centre_without_aliases_gets_one(site):
    """Where the field is not there, it is written as it will be read."""
    root, refused = site
    index = root / PRESTON / "riverbank/index.md"
    index.write_text(index.read_text().replace("aliases: old-riverbank\n", ""))
    rename_centre(root, "river-bank")
    [problem] = refused()
    follow(root, problem)

    assert "write 'aliases: riverbank' in " in problem.words
    assert refused() == []


def test_a_file_that_moved_to_another_centre_keeps_its_bookings(site):
    """The whole old name is written in the file where it is now."""
    root, refused = site
    other = root / "centres/burnley-pendle/weavers-yard/bump-spring.md"
    shutil.move(root / PRESTON / "riverbank/bump-spring.md", other)
    (root / PRESTON / "riverbank/bump-spring.pl.md").unlink()
    [problem] = refused()
    wanted = "write 'aliases: [bump-winter, riverbank/bump-spring]' in centres/burnley-pendle/"
    assert wanted in problem.words
    text = other.read_text()
    other.write_text(
        text.replace("aliases: bump-winter", "aliases: [bump-winter, riverbank/bump-spring]")
    )
    assert refused() == []


def test_a_renamed_file_keeps_its_bookings(site):
    """The file that is gone is named where it would be, with the alias for its new name."""
    root, refused = site
    folder = root / PRESTON / "riverbank"
    (folder / "bump-spring.pl.md").unlink()
    text = (folder / "bump-spring.md").read_text()
    (folder / "bump-spring.md").unlink()
    (folder / "bumps.md").write_text(text)
    [problem] = refused()

    assert problem.path == f"{PRESTON}/riverbank/bump-spring.md"
    assert "add 'bump-spring' to the 'aliases' of its file" in problem.words
    (folder / "bumps.md").write_text(
        text.replace("aliases: bump-winter", "aliases: [bump-winter, bump-spring]")
    )
    assert refused() == []
    (folder / "bumps.md").rename(folder / "bump-spring.md")
    (folder / "bump-spring.md").write_text(text)
    assert refused() == []


def test_a_removed_centre_is_named_once(site):
    """Where nothing says what became of it, the folder is to come back: one line for all."""
    root, refused = site
    kept = root.parent / "kept"
    shutil.move(root / PRESTON / "riverbank", kept)
    lead_to(root, "harbour")
    [problem] = refused()

    assert (problem.path, problem.line) == ("centres", 1)
    assert "the folder 'riverbank' is gone. Put it back" in problem.words
    shutil.move(kept, root / PRESTON / "riverbank")
    assert refused() == []


def test_a_series_is_booked_as_it_was(site):
    """What was booked as a whole is not offered again by its dates: the file says so once more."""
    root, refused = site
    file = root / PRESTON / "riverbank/bump-spring.md"
    file.write_text(file.read_text().replace("places: 10", "book: session\nplaces: 10"))
    [problem] = refused()
    follow(root, problem)

    assert "Write 'book: series'" in problem.words
    assert refused() == []
