"""The public folder changes as a whole, or not at all (S14)."""

import errno
import os
import signal
import stat
import threading

import pytest

from portal.web.site import atomic_folder
from portal.web.site.atomic_folder import MARKER, BuildError, replacement
from portal.web.site.last_site import state_of


@pytest.fixture
def out(tmp_path):
    """A folder that a build made."""
    folder = tmp_path / "build"
    folder.mkdir()
    (folder / MARKER).write_text("{}")
    (folder / "index.html").write_text("old")
    return folder


def fill(fresh, words="new"):
    (fresh.new / MARKER).write_text("{}")
    (fresh.new / "index.html").write_text(words)
    fresh.swap()


def beside(out):
    return sorted(found.name for found in out.parent.iterdir() if found != out)


def test_the_new_site_takes_the_place_of_the_old_one(out):
    """After a swap the folder holds the new site alone, and nothing is left beside it."""
    (out / "gone.html").write_text("old")

    with replacement(out) as fresh:
        fill(fresh)

    assert (out / "index.html").read_text() == "new"
    assert sorted(path.name for path in out.iterdir()) == [MARKER, "index.html"]
    assert beside(out) == []


def test_the_first_site_needs_no_folder(tmp_path):
    """A folder that is not there yet, and those above it, are made."""
    out = tmp_path / "www" / "families"

    with replacement(out) as fresh:
        fill(fresh)

    assert (out / "index.html").read_text() == "new"


@pytest.mark.parametrize("name", [".gitignore", ".gitattributes"])
def test_files_of_version_control_stay(tmp_path, name):
    """A folder with only .gitignore may be built into, and keeps it."""
    out = tmp_path / "build"
    out.mkdir()
    (out / name).write_text("*\n")

    for _ in range(2):
        with replacement(out) as fresh:
            fill(fresh)

    assert (out / name).read_text() == "*\n"


def test_a_folder_that_no_build_made_is_left_alone(tmp_path):
    """A build refuses a folder with foreign files, touches nothing, and says what to do."""
    out = tmp_path / "photos"
    out.mkdir()
    (out / "wedding.jpg").write_text("precious")

    with pytest.raises(BuildError, match="--out") as refused, replacement(out):
        pytest.fail("not to be filled")

    assert f"no {MARKER}" in str(refused.value)
    assert f"delete the folder {out} and build again" in str(refused.value)
    assert [path.name for path in out.iterdir()] == ["wedding.jpg"]
    assert beside(out) == []


def test_a_file_is_no_folder(tmp_path):
    """A build refuses a name that a file has."""
    out = tmp_path / "build"
    out.write_text("precious")

    with pytest.raises(BuildError, match="is a file"), replacement(out):
        pytest.fail("not to be filled")

    assert out.read_text() == "precious"


def test_a_build_that_fails_changes_nothing(out):
    """When the block fails, the old site stands and the half-made one is gone."""
    inode = out.stat().st_ino

    def half(fresh):
        (fresh.new / "index.html").write_text("half")
        raise ValueError

    with pytest.raises(ValueError), replacement(out) as fresh:
        half(fresh)

    assert (out / "index.html").read_text() == "old"
    assert out.stat().st_ino == inode
    assert beside(out) == []


def test_a_block_that_does_not_swap_changes_nothing(out):
    """A build that finds nothing to do leaves no trace."""
    with replacement(out):
        pass

    assert (out / "index.html").read_text() == "old"
    assert beside(out) == []


def test_a_full_disk_is_said_in_words(out):
    """What the file system refuses becomes a BuildError that names the file."""
    with pytest.raises(BuildError, match=r"No space left.*room"), replacement(out) as fresh:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(fresh.new / "index.html"))

    assert (out / "index.html").read_text() == "old"


def test_other_faults_stay_what_they_are(out):
    """A file that the block could not read is not said to be one that we could not write."""
    with pytest.raises(FileNotFoundError), replacement(out):
        (out.parent / "content.yaml").read_text()


def test_a_symbolic_link_stays_one(out, tmp_path):
    """Where the folder is a link, the folder that it leads to is replaced."""
    link = tmp_path / "www"
    link.symlink_to(out)

    with replacement(link) as fresh:
        fill(fresh)

    assert link.is_symlink()
    assert (out / "index.html").read_text() == "new"


def test_the_folder_keeps_its_rights(out):
    """A folder that others may read stays so, whatever the process's own mask."""
    out.chmod(0o755)
    mask = os.umask(0o077)
    try:
        with replacement(out) as fresh:
            fill(fresh)
    finally:
        os.umask(mask)

    assert stat.S_IMODE(out.stat().st_mode) == 0o755


def test_what_a_killed_build_left_is_cleared_away(out):
    """Half-made sites of earlier builds go; what only looks like them stays."""
    (out.parent / "build.new-123").mkdir()
    (out.parent / "build.new-123" / "half.html").touch()
    (out.parent / "build.new-mine").mkdir()

    with replacement(out) as fresh:
        fill(fresh)

    assert beside(out) == ["build.new-mine"]


class TestWithoutExchange:
    """Systems that cannot swap two folders in one step."""

    @pytest.fixture(autouse=True)
    def no_exchange(self, monkeypatch):
        # A flag that no kernel knows: it answers as one that cannot exchange.
        monkeypatch.setattr(atomic_folder, "_RENAME_EXCHANGE", 1 << 20)

    def test_the_site_is_replaced_all_the_same(self, out):
        """Two steps do what one does elsewhere."""
        with replacement(out) as fresh:
            fill(fresh)

        assert (out / "index.html").read_text() == "new"
        assert beside(out) == []

    def test_a_build_killed_between_the_steps_is_made_good(self, out):
        """The old site, on its way out, is put back by the next build."""
        (out.parent / "build.new-123").mkdir()
        out.rename(out.parent / "build.old-123")

        with replacement(out):
            found = (out / "index.html").read_text()

        assert found == "old"
        assert beside(out) == []


def test_two_builds_take_turns(out):
    """A build waits for the one before it, and says so."""
    waits = threading.Event()

    def second():
        with replacement(out, waiting=waits.set) as fresh:
            fill(fresh, "second")

    thread = threading.Thread(target=second)
    with replacement(out) as fresh:
        thread.start()
        assert waits.wait(10)
        fill(fresh, "first")
        between = (out / "index.html").read_text()
    thread.join(10)

    assert between == "first"
    assert (out / "index.html").read_text() == "second"


# --- the folder that was replaced last ------------------------------------------------------------


def replace_keeping(out):
    """Replace the folder by one with a page more, whose other files are links, and keep it."""
    with replacement(out) as fresh:
        os.link(out / "index.html", fresh.new / "index.html")
        (fresh.new / "folder").mkdir()
        (fresh.new / "folder/page.html").write_text("page")
        (fresh.new / MARKER).write_text("{}")
        fresh.swap()
        fresh.keep_old = True


def wanted(out, *names):
    return {name: state_of(out, name) for name in names}


def test_a_build_may_begin_with_the_folder_before_the_last(out):
    """Files in the wanted state stay in it; others, folders without a file and the marker go."""
    (out / "empty").mkdir()
    (out / "other").mkdir()
    (out / "other/page.html").write_text("other")
    replace_keeping(out)
    assert beside(out) == ["build.last"]
    (out.with_name("build.last") / "planted.html").write_text("not ours")

    with replacement(out) as fresh:
        left = fresh.begin_with_last(wanted(out, "index.html", "folder/page.html"))
        names = [path.name for path in fresh.new.iterdir()]

    assert left == {"index.html"}
    assert names == ["index.html"]
    assert (out / "folder/page.html").read_text() == "page"
    assert beside(out) == []


def test_a_file_that_was_changed_is_not_begun_with(out):
    """Its size, time or inode is another than that of the file in the public folder."""
    replace_keeping(out)
    changed = out.with_name("build.last") / "index.html"
    changed.unlink()
    changed.write_text("bad")

    with replacement(out) as fresh:
        assert fresh.begin_with_last(wanted(out, "index.html")) == set()
        assert list(fresh.new.iterdir()) == []

    assert (out / "index.html").read_text() == "old"


def test_folders_that_are_begun_with_have_the_rights_of_new_ones(out):
    """Whoever may write to a folder of the last site may not write to the next one by that."""
    replace_keeping(out)
    replace_keeping(out)
    folder = out.with_name("build.last") / "folder"
    rights = folder.stat().st_mode
    folder.chmod(0o777)

    with replacement(out) as fresh:
        last = out.with_name("build.last")
        left = fresh.begin_with_last(wanted(last, "folder/page.html"))
        assert left == {"folder/page.html"}
        assert (fresh.new / "folder").stat().st_mode == rights


def test_nothing_is_kept_unless_it_is_said(out):
    """A site with other files is not kept beside the new one, and neither is an earlier one."""
    replace_keeping(out)

    with replacement(out) as fresh:
        fill(fresh)

    assert beside(out) == []


def test_a_build_with_nothing_to_do_leaves_the_kept_folder(out):
    """The next build that has something to do still begins with it."""
    replace_keeping(out)

    with replacement(out):
        pass

    assert beside(out) == ["build.last"]


def test_a_folder_of_somebody_else_is_neither_used_nor_removed(out):
    """Whatever is at the name of the kept folder, only one that a build made is touched."""
    theirs = out.with_name("build.last")
    theirs.mkdir()
    (theirs / "wedding.jpg").write_text("precious")

    with replacement(out) as fresh:
        assert fresh.begin_with_last(wanted(out, "index.html")) == set()
    replace_keeping(out)

    assert [path.name for path in theirs.iterdir()] == ["wedding.jpg"]
    assert beside(out) == ["build.last"]
    assert (out / "folder/page.html").read_text() == "page"


def test_a_build_that_is_killed_after_it_began_with_it(out):
    """The public folder is as it was, and the next build begins with an empty folder."""
    replace_keeping(out)
    pid = os.fork()
    if not pid:
        with replacement(out) as fresh:
            fresh.begin_with_last({})
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    assert beside(out) == [f"build.new-{pid}"]

    with replacement(out) as fresh:
        assert fresh.begin_with_last(wanted(out, "index.html")) == set()
        fill(fresh)

    assert (out / "index.html").read_text() == "new"
    assert beside(out) == []
