"""A check of a week is written into the file of its centre, and only what was shown is checked."""

import shutil
from datetime import UTC, date, datetime

import pytest

from portal import content
from portal.directory.centre_week import week_of
from portal.editing import publishing
from portal.editing.checked import WeekChanged, write_checked
from portal.editing.publishing import Author, NotHere
from portal.settings import load_settings

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MONDAY = date(2026, 11, 23)
FILE = "centres/preston/riverbank/index.md"


@pytest.fixture
def settings(tmp_path, sample_root):
    root = shutil.copytree(sample_root, tmp_path / "root")
    return load_settings(root=root, out=tmp_path / "build", var=tmp_path / "var")


@pytest.fixture
def centre(directory):
    return directory.centre("riverbank")


def write(settings, directory, centre, digest=None):
    write_checked(
        settings,
        None,
        centre,
        monday=MONDAY,
        digest=digest or week_of(directory, centre, MONDAY).digest,
        author=Author("Sam Brook", "sam@lancashire.example"),
        now=NOW,
    )


def test_a_check_changes_one_line_of_the_file(settings, directory, centre):
    """S80: `checked` is set to today, a build is asked for, and nothing else changes."""
    before = (settings.root / FILE).read_text()
    write(settings, directory, centre)

    assert (settings.root / FILE).read_text() == before.replace(
        "checked: 2026-11-05", "checked: 2026-11-23"
    )
    assert publishing.state(settings) == "building"


def test_a_real_check_is_no_sample_any_more(settings, directory):
    """The page says when it was checked once somebody has, and other samples stay samples."""
    file = settings.root / FILE
    file.write_text(file.read_text().replace("sample: [transport]", "sample: [transport, checked]"))
    centre = directory.centre("riverbank").model_copy(update={"sample": ("transport", "checked")})
    write(settings, directory, centre)

    assert "\nsample: [transport]\n" in file.read_text()
    assert "\nchecked: 2026-11-23\n" in file.read_text()


def test_what_has_changed_on_disk_since_is_not_called_checked(settings, directory, centre):
    """S80: a session that an editor has moved meanwhile was not shown, so nothing is written."""
    file = settings.root / "centres/preston/riverbank/play-monday.md"
    file.write_text(file.read_text().replace("time: 9:30", "time: 9:45"))
    before = (settings.root / FILE).read_text()
    with pytest.raises(WeekChanged):
        write(settings, directory, centre)

    assert (settings.root / FILE).read_text() == before


def test_a_machine_that_does_not_build_writes_nothing(settings, directory, centre):
    """S80: where content is published elsewhere, the file stays as it is."""
    before = (settings.root / FILE).read_text()
    elsewhere = settings.model_copy(update={"roles": ("web", "post")})
    with pytest.raises(NotHere):
        write(elsewhere, directory, centre)

    assert (settings.root / FILE).read_text() == before


def test_a_check_is_no_news_in_calendars_and_feeds(settings, directory, centre):
    """Nothing that a family has in its calendar has changed: its revisions and times stay."""
    write(settings, directory, centre)
    found = content.load(settings.root, today=MONDAY)

    assert found.centre("riverbank").checked == MONDAY
    assert found.centre("riverbank").changed == centre.changed
    assert [one.changed for one in found.series] == [one.changed for one in directory.series]
