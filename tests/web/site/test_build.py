"""A build gives the whole site, always the same, or leaves the old one as it was (S14)."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import timedelta
from functools import partial

import flask_frozen
import pytest

from portal import content
from portal.commands import _plain_settings
from portal.content import ContentError
from portal.settings import load_settings
from portal.web.frozen_files import media_type
from portal.web.site import build
from portal.web.site.app import addresses, create_site
from portal.web.site.atomic_folder import MARKER


def files(folder):
    """Each file with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def states(folder):
    """Each file with what tells a copy from the file itself."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and path.name != MARKER
    }


def command(settings, *options, seed="0"):
    """A build in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "portal", "build", *options],
        env={
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PORTAL_ROOT": str(settings.root),
            "PORTAL_OUT": str(settings.out),
            "PORTAL_VAR": str(settings.var),
        },
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.fixture
def settings(tmp_path, sample_root):
    """A copy of the sample, and folders of its own."""
    shutil.copytree(sample_root, tmp_path / "root")
    return load_settings(root=tmp_path / "root", out=tmp_path / "build", var=tmp_path / "var")


@pytest.fixture
def series_file(settings):
    return settings.root / "centres/preston/riverbank/play-monday.md"


def test_every_address_becomes_a_file(settings, today):
    """The folder holds a file for each public address, the marker, and nothing else."""
    built = build.build(settings, today=today)

    directory = content.load(settings.root, today=today)
    wanted = {path[1:] + "index.html" * path.endswith("/") for path in addresses(directory)}
    assert files(settings.out).keys() == wanted | {MARKER}
    assert built.pages == built.written == len(wanted)


def test_the_site_is_the_one_of_frozen_flask(settings, today, tmp_path):
    """Frozen-Flask itself, left as it comes, writes the same files byte for byte."""
    directory = content.load(settings.root, today=today)
    app = create_site(directory)
    app.config["FREEZER_DESTINATION"] = str(tmp_path / "plain")
    app.config["FREEZER_IGNORE_MIMETYPE_WARNINGS"] = True
    plain = flask_frozen.Freezer(app, with_no_argument_rules=False, log_url_for=False)
    plain.register_generator(lambda: addresses(directory))
    with pytest.warns(flask_frozen.MissingURLGeneratorWarning):
        plain.freeze()

    build.build(settings, today=today)

    ours = files(settings.out)
    del ours[MARKER]
    assert ours == files(tmp_path / "plain")


def test_the_same_content_and_day_give_the_same_bytes(settings, today, tmp_path):
    """Another process, another order of sets, more workers: the same files, twins and marker."""
    folders = []
    for seed, jobs in (("1", "1"), ("2", "1"), ("3", "3")):
        folders.append(tmp_path / f"build-{seed}")
        options = "--today", str(today), "--compress", "--jobs", jobs, "--out", str(folders[-1])
        assert command(settings, *options, seed=seed).wait() == 0

    first, *others = map(files, folders)
    assert [name for name in first if name.endswith(".br")]
    for other in others:
        assert other == first


def test_a_kind_of_file_has_a_known_media_type(settings, today):
    """No file of the site is sent as a heap of bytes."""
    build.build(settings, today=today)

    unknown = [name for name in files(settings.out) if "octet-stream" in media_type("/" + name)]
    assert unknown == [] or unknown == [MARKER]


def test_what_has_not_changed_is_not_touched(settings, today, series_file):
    """After an edit, files that say the same keep their inode and their time."""
    build.build(settings, today=today, compress=True)
    before, old = states(settings.out), files(settings.out)
    series_file.write_text(series_file.read_text().replace("room:", "leader: Sam\nroom:"))

    built = build.build(settings, today=today, compress=True)

    after, new = states(settings.out), files(settings.out)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {name for name in after if new[name] != old.get(name)}
    assert "sessions/riverbank/play-monday/index.html" in changed
    assert 0 < built.written < built.unchanged


def test_a_file_that_has_no_source_any_more_goes(settings, today, series_file):
    """A series that is removed leaves no page, calendar or twin behind."""
    build.build(settings, today=today, compress=True)
    series_file.unlink()

    built = build.build(settings, today=today, compress=True)

    assert not (settings.out / "sessions/riverbank/play-monday").exists()
    assert built.removed > 0


def look(settings, today, compress=False):
    """What `portal build` finds before it builds: what the last build found, or None."""
    plain = {name: getattr(settings, name) for name in _plain_settings(None, None)}
    return build.nothing_to_do(**plain, today=today, compress=compress)


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


def test_an_edit_is_noticed(settings, today, series_file):
    """Also one that keeps the size of the file and gives it its old time."""
    build.build(settings, today=today)
    stat = series_file.stat()

    series_file.write_text(series_file.read_text())
    os.utime(series_file, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    assert look(settings, today) is None


def test_a_new_file_is_noticed(settings, today, series_file):
    """A series that came builds, and so does one more wish for a whole build."""
    build.build(settings, today=today)
    before = (settings.out / MARKER).stat().st_ino
    build.build(settings, today=today, full=True)

    shutil.copy(series_file, series_file.with_name("play-again.md"))

    assert (settings.out / MARKER).stat().st_ino != before
    assert look(settings, today) is None


def test_a_mistake_leaves_the_old_site_as_it_was(settings, today, series_file):
    """Content with a mistake changes nothing, byte for byte, and leaves nothing beside it."""
    build.build(settings, today=today)
    before, there = files(settings.out), states(settings.out)
    series_file.write_text(series_file.read_text().replace("programme:", "program:"))

    with pytest.raises(ContentError):
        build.build(settings, today=today)

    assert files(settings.out) == before
    assert states(settings.out) == there
    assert sorted(path.name for path in settings.out.parent.iterdir()) == ["build", "root", "var"]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_killed_build_leaves_the_old_site_as_it_was(settings, today, series_file, jobs):
    """Killed at any moment, the folder holds the old site or the new one, whole."""
    build.build(settings, today=today)
    old = files(settings.out)
    options = "--full", "--jobs", jobs, "--today", str(today + timedelta(days=1))
    started = time.monotonic()
    assert command(settings, *options).wait() == 0
    takes = time.monotonic() - started
    new = files(settings.out)
    assert new != old
    dice = random.Random(7)

    for _ in range(4):
        building = command(settings, *options, "--compress")
        time.sleep(takes * dice.uniform(0.3, 1.1))
        building.send_signal(signal.SIGKILL)
        building.wait()

        found = {n: c for n, c in files(settings.out).items() if not n.endswith((".br", ".gz"))}
        assert found == new

    build.build(settings, today=today, full=True)
    assert files(settings.out) == old
    assert sorted(path.name for path in settings.out.parent.iterdir()) == ["build", "root", "var"]


def tell(told, *at):
    told.append(at)


def test_progress_is_told(settings, today):
    """From nothing to all, never back, by one process as by several."""
    for jobs in (1, 2):
        told = []
        progress = partial(tell, told)
        built = build.build(settings, today=today, full=True, jobs=jobs, progress=progress)

        done = [done for done, _ in told]
        assert told[0] == (0, built.pages)
        assert told[-1] == (built.pages, built.pages)
        assert done == sorted(done)


def test_the_day_of_a_site_is_known(settings, today, tmp_path):
    """The marker says for which day the site was built."""
    build.build(settings, today=today)

    assert build.published_day(settings.out) == today
    assert build.published_day(tmp_path / "nowhere") is None


def test_the_quick_look_knows_the_settings(monkeypatch):
    """The defaults that the command looks with are those of the settings."""
    for name in [name for name in os.environ if name.startswith("PORTAL_")]:
        monkeypatch.delenv(name)

    plain = _plain_settings(None, None)

    assert plain == {name: getattr(load_settings(), name) for name in plain}
