"""A file changed last at the latest time that anything says of it."""

import os
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta

import pytest

from portal import content
from portal.content.history import Changes
from portal.errors import PortalError

START = datetime(2026, 10, 1, 10, tzinfo=UTC)
PATH = "centres/a/b/group.md"


class Repository:
    def __init__(self, root):
        self.root = root
        (root / PATH).parent.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.write("first")
        self.commit(0)

    def git(self, *words, hours=0):
        stamp = (START + timedelta(hours=hours)).isoformat()
        environment = {name: text for name, text in os.environ.items() if name[:4] != "GIT_"}
        environment |= {"GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp}
        environment |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        named = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *named, *words], cwd=self.root, env=environment, check=True)

    def write(self, text, path=PATH, hours=0):
        file = self.root / path
        file.write_text(text)
        seconds = START.timestamp() + 3600 * hours
        os.utime(file, (seconds, seconds))

    def commit(self, hours, message="edit"):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message, hours=hours)

    def changed(self, updated=None, root=None):
        """Hours from the start to the last change."""
        return (Changes(root or self.root).of(PATH, updated) - START) / timedelta(hours=1)


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "root").mkdir()
    return Repository(tmp_path / "root")


def test_the_latest_of_commit_and_updated_counts(repository):
    """An old `updated` does not hide a later commit, and a later `updated` counts."""
    repository.write("second")
    repository.commit(5)

    assert repository.changed() == 5
    assert repository.changed(date(2026, 9, 1)) == 5
    assert repository.changed(datetime(2026, 10, 1, 17, tzinfo=UTC)) == 7


def test_a_check_is_not_a_change(repository):
    """A commit that only says that somebody has checked a centre does not count; others do."""
    repository.write("checked")
    repository.commit(5, "Check the week of Riverbank Centre")
    assert repository.changed() == 0

    repository.write("second")
    repository.commit(6, "Say more of Riverbank Centre")
    assert repository.changed() == 6


def test_a_file_that_differs_from_its_commit_has_its_own_time(repository):
    """An edit that is not committed counts, staged or not; a newer time alone does not."""
    repository.write("first", hours=9)
    assert repository.changed() == 0

    repository.write("second", hours=3)
    assert repository.changed() == 3
    assert repository.changed(date(2026, 9, 1)) == 3
    repository.git("add", "-A")
    assert repository.changed() == 3


@pytest.mark.parametrize("forward", [False, True])
def test_a_merge_is_a_change_of_what_it_brings(repository, forward):
    """A change written on a branch counts from its merge, also where main had no other commit."""
    repository.git("checkout", "-q", "-b", "branch")
    repository.write("second")
    repository.commit(2)
    repository.git("checkout", "-q", "main")
    if not forward:
        repository.write("x", path="centres/a/b/other.md")
        repository.commit(3)
    repository.git("merge", "-q", "--no-ff", "--no-edit", "branch", hours=6)

    assert repository.changed() == 6


def test_a_clock_that_was_wrong_does_not_lower_the_time(repository):
    """Where a commit bears an earlier time than the one before, the later of the two counts."""
    repository.write("second")
    repository.commit(8)
    repository.write("third")
    repository.commit(4)

    assert repository.changed() == 8


def test_the_root_may_be_a_folder_of_the_repository(tmp_path):
    """Content that is part of a larger repository has its edits noticed too."""
    (tmp_path / "root").mkdir()
    repository = Repository(tmp_path / "root")
    shutil.copytree(repository.root / "centres", repository.root / "county/centres")
    repository.commit(1)
    repository.write("second", path=f"county/{PATH}", hours=4)

    assert repository.changed(root=repository.root / "county") == 4


def test_a_copy_says_whether_its_history_is_whole(repository, tmp_path):
    """A shallow clone, and a folder without a history, are known as such."""
    shallow, bare = tmp_path / "shallow", tmp_path / "bare"
    repository.write("second")
    repository.commit(1)
    repository.git("clone", "-q", "--depth", "1", f"file://{repository.root}", str(shallow))
    shutil.copytree(repository.root / "centres", bare / "centres")

    assert [Changes(root).whole for root in (repository.root, shallow, bare)] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    "source",
    ["content/site.yaml", "content/terms.yaml", "programmes/play-sessions.md",
     "centres/preston/riverbank/index.md", "centres/preston/riverbank/play-monday.md"],
)  # fmt: skip
def test_a_series_changes_with_all_that_its_entry_says(sample_root, tmp_path, today, source):
    """Phone, terms, programme, centre and its own file: each counts as a change of the series."""
    root = shutil.copytree(sample_root, tmp_path / "root")
    later = datetime(2026, 11, 22, 9, tzinfo=UTC)
    os.utime(root / source, (later.timestamp(), later.timestamp()))
    directory = content.load(root, today=today)

    assert directory.find_series("riverbank/play-monday").changed == later


def test_a_file_removed_while_the_content_is_read_is_named(tmp_path):
    """A file that is gone before its time is read is named in plain words, without a traceback."""
    with pytest.raises(PortalError, match=r"centres/gone\.md was removed while it was being read"):
        Changes(tmp_path).of("centres/gone.md")


def test_one_file_that_is_written_again_is_followed(repository):
    """It counts as edited while it differs from its commit, and no longer once that is undone."""
    changes = Changes(repository.root)
    repository.write("second", hours=8)
    assert changes.look_again(PATH)
    assert changes.of(PATH) == START + timedelta(hours=8)
    repository.write("first", hours=9)
    assert changes.look_again(PATH)
    assert changes.of(PATH) == START


def test_another_commit_is_not_followed(repository):
    """What else it brings cannot be said of one file."""
    changes = Changes(repository.root)
    repository.write("second", hours=8)
    repository.commit(9)

    assert not changes.look_again(PATH)


def test_a_file_without_a_history_is_followed(tmp_path):
    """Then its own time counts."""
    (tmp_path / PATH).parent.mkdir(parents=True)
    (tmp_path / PATH).write_text("first")
    changes = Changes(tmp_path)
    os.utime(tmp_path / PATH, (START.timestamp(),) * 2)

    assert changes.look_again(PATH)
    assert changes.of(PATH) == START
