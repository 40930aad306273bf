"""A build with nothing to do is over at once; whatever has changed is noticed."""

import os
import shutil
import subprocess
from datetime import timedelta

import pytest

from portal.commands import _plain_settings
from portal.settings import load_settings
from portal.web.site import build, build_state
from portal.web.site.build_state import MARKER

pytestmark = pytest.mark.slow


def look(settings, today, compress=False):
    """What `portal build` finds before it builds: what the last build found, or None."""
    plain = {name: getattr(settings, name) for name in _plain_settings(None, None)}
    return build_state.nothing_to_do(**plain, today=today, compress=compress)


@pytest.fixture(scope="module")
def built(tmp_path_factory, sample_root, today):
    """The settings of a sample that has been built."""
    folder = tmp_path_factory.mktemp("built")
    shutil.copytree(sample_root, folder / "root")
    settings = load_settings(root=folder / "root", out=folder / "build", var=folder / "var")
    build.build(settings, today=today)
    return settings


class TestNothingToDo:
    """A build that would write the same again is over at once; in doubt, it is not."""

    def test_nothing_was_touched(self, built, today):
        """Nothing touched, nothing written: not even the marker is made anew."""
        before = (built.out / MARKER).stat()

        found = build.build(built, today=today)

        assert found.written == found.removed == 0
        assert (built.out / MARKER).stat() == before
        assert look(built, today).pages == found.pages

    def test_something_else_is_asked_for(self, built, today):
        """Another day, address, horizon or form of the site is another site."""
        assert look(built, today + timedelta(days=1)) is None
        assert look(built, today, compress=True) is None
        for change in ({"base_address": "https://other.example"}, {"horizon_weeks": 3}):
            assert look(built.model_copy(update=change), today) is None

    def test_postcodes_were_imported(self, built, today):
        """A new file of postcodes, for the finder or for counting by district, is noticed."""
        for path in (built.postcodes, built.postcode_districts):
            path.write_bytes(b"{}")
            assert look(built, today) is None, path
            path.unlink()
            assert look(built, today) is not None

    @pytest.mark.parametrize("words", ["", "[]", "null", '{"a": 1}', "\0"])
    def test_what_is_remembered_is_broken(self, built, today, words):
        """Whatever stands in the record, the worst that comes of it is a build."""
        record = built.var / "build-state.json"
        kept = record.read_text()

        record.write_text(words)
        found = look(built, today)
        record.write_text(kept)

        assert found is None
        assert look(built, today) is not None

    def test_the_site_is_not_the_one_we_built(self, built, today, tmp_path):
        """A folder that went, or that another build put there, is built again."""
        shutil.copytree(built.out, tmp_path / "copy")
        shutil.rmtree(built.out)
        gone = look(built, today)
        (tmp_path / "copy").rename(built.out)

        assert gone is None
        assert look(built, today) is None


@pytest.mark.parametrize("how", ["removed", "added", "replaced"])
def test_a_change_in_the_public_folder_is_noticed(settings, today, how):
    """Somebody tidied up by hand: the next build puts the site right."""
    build.build(settings, today=today)
    page = next((settings.out / "centres").glob("*/index.html"))
    before = page.read_bytes()
    more = page.with_name("mine.html")
    if how == "removed":
        page.unlink()
    else:
        more.write_text("mine")
    if how == "replaced":
        more.replace(page)

    assert look(settings, today) is None
    build.build(settings, today=today)
    assert (page.read_bytes(), more.exists()) == (before, False)
    assert look(settings, today) is not None


def test_an_edit_is_noticed(settings, today, series_file):
    """Also one that keeps the size of the file and gives it its old time."""
    build.build(settings, today=today)
    stat = series_file.stat()

    series_file.write_text(series_file.read_text())
    os.utime(series_file, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    assert look(settings, today) is None


@pytest.mark.parametrize("log", ["true", "false"], ids=["with a log", "without a log"])
@pytest.mark.parametrize("worktree", [False, True], ids=["in a checkout", "in a worktree"])
def test_a_commit_is_noticed(settings, today, tmp_path, worktree, log):
    """A commit gives files another time of change, although the files are the same."""

    def git(folder, *words):
        identity = ("-c", "user.name=Sam", "-c", "user.email=sam@example.org")
        switched = ("-c", f"core.logAllRefUpdates={log}")
        subprocess.run(
            ["git", "-C", folder, *identity, *switched, *words], check=True, capture_output=True
        )

    git(settings.root, "init")
    git(settings.root, "add", "-A")
    git(settings.root, "commit", "-m", "Begin")
    if worktree:
        git(settings.root, "worktree", "add", tmp_path / "other")
        settings = settings.model_copy(update={"root": tmp_path / "other"})
    build.build(settings, today=today)
    assert look(settings, today) is not None

    git(settings.root, "commit", "--allow-empty", "-m", "Go on")

    assert look(settings, today) is None


def test_a_new_file_is_noticed(settings, today, series_file):
    """A series that came builds, and so does one more wish for a whole build."""
    build.build(settings, today=today)
    before = (settings.out / MARKER).stat().st_ino
    build.build(settings, today=today, full=True)

    shutil.copy(series_file, series_file.with_name("play-again.md"))

    assert (settings.out / MARKER).stat().st_ino != before
    assert look(settings, today) is None


def test_the_day_of_a_site_is_known(settings, today, tmp_path):
    """The marker says for which day the site was built."""
    build.build(settings, today=today)

    assert build_state.published_day(settings.out) == today
    assert build_state.published_day(tmp_path / "nowhere") is None


def test_the_quick_look_knows_the_settings(monkeypatch):
    """The defaults that the command looks with are those of the settings."""
    for name in [name for name in os.environ if name.startswith("PORTAL_")]:
        monkeypatch.delenv(name)

    plain = _plain_settings(None, None)

    assert plain == {name: getattr(load_settings(), name) for name in plain}
