"""A build gives the whole site, always the same, or leaves the old one as it was (S14)."""

import os
import random
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import flask_frozen
import pytest

from portal import content, private_files
from portal.content import ContentError
from portal.settings import load_settings
from portal.web.frozen_files import media_type
from portal.web.site import build, published_calendars
from portal.web.site.app import addresses, create_site
from portal.web.site.atomic_folder import MARKER
from tests.support import processes

pytestmark = pytest.mark.slow


def settings_in(folder):
    return load_settings(root=folder / "root", out=folder / "build", var=folder / "var")


@pytest.fixture(scope="module")
def packed(tmp_path_factory, sample_root, today):
    """The sample, built with twins by one process, and what the build said. It is shared."""
    folder = tmp_path_factory.mktemp("packed")
    shutil.copytree(sample_root, folder / "root")
    settings = settings_in(folder)
    return settings, build.build(settings, today=today, compress=True, jobs=1)


@pytest.fixture
def site(packed, tmp_path):
    """A copy of that folder to edit and build again."""
    shutil.copytree(packed[0].root.parent, tmp_path / "site")
    return settings_in(tmp_path / "site")


@pytest.fixture
def series_of_site(site):
    return site.root / "centres/preston/riverbank/play-monday.md"


def without_twins(folder):
    return {name: data for name, data in files(folder).items() if not name.endswith((".br", ".gz"))}


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


def environment(settings):
    return {
        **os.environ,
        "PORTAL_ROOT": str(settings.root),
        "PORTAL_OUT": str(settings.out),
        "PORTAL_VAR": str(settings.var),
    }


def building(settings, *options):
    """A build in a process of its own, without the time to import the portal."""
    with Path(os.devnull).open("w") as nowhere:
        outputs = nowhere.fileno(), sys.stderr.fileno()
        return processes.start("build", *options, env=environment(settings), outputs=outputs)


def test_every_address_becomes_a_file(packed, today):
    """The folder holds a file for each public address, the marker, and nothing else but twins."""
    settings, built = packed

    directory = content.load(settings.root, today=today)
    wanted = {path[1:] + "index.html" * path.endswith("/") for path in addresses(directory)}
    assert without_twins(settings.out).keys() == wanted | {MARKER}
    assert built.pages == built.written == len(wanted)


def test_the_site_is_the_one_of_frozen_flask(packed, today, tmp_path):
    """Frozen-Flask itself, left as it comes, writes the same files byte for byte."""
    settings, _ = packed
    directory = content.load(settings.root, today=today)
    app = create_site(directory)
    app.config["FREEZER_DESTINATION"] = str(tmp_path / "plain")
    app.config["FREEZER_IGNORE_MIMETYPE_WARNINGS"] = True
    plain = flask_frozen.Freezer(app, with_no_argument_rules=False, log_url_for=False)
    plain.register_generator(lambda: addresses(directory))
    with pytest.warns(flask_frozen.MissingURLGeneratorWarning):
        plain.freeze()

    ours = without_twins(settings.out)
    del ours[MARKER]
    assert ours == files(tmp_path / "plain")


@pytest.mark.parametrize("full", [False, True], ids=["after an edit", "when all is asked for"])
def test_a_damaged_file_is_made_again(settings, today, series_file, full):
    """Files that a power cut emptied do not stay: neither twins nor pictures of the last site.
    Neither does a page that nobody else may read.
    """
    build.build(settings, today=today, compress=True)
    before = files(settings.out)
    endings = "centres/index.html.br", "centres/index.html.gz", ".avif", ".webp", "cards/burnley"
    damaged = [name for name in before if name.endswith(endings[:4]) or endings[4] in name]
    assert len(damaged) > 4

    for name in damaged:
        (settings.out / name).write_bytes(b"")
    closed = settings.out / "contact/index.html", settings.out / "robots.txt"
    for path in closed:
        path.chmod(0o600)
    series_file.write_text(f"{series_file.read_text()}\n")
    build.build(settings, today=today, compress=True, full=full)

    after = files(settings.out)
    assert [name for name in damaged if after[name] != before[name]] == []
    rights = (settings.out / MARKER).stat().st_mode
    assert [path.stat().st_mode for path in closed] == [rights, rights]


def test_the_record_of_calendars_is_that_of_their_files(settings, today):
    """So the files need not be read while the site is the one that the record was kept for."""
    build.build(settings, today=today)
    kept = published_calendars.read(settings.out, settings.var)
    os.utime(settings.out / MARKER)
    found = published_calendars.read(settings.out, settings.var)

    assert kept.stamps == found.stamps
    assert kept.addresses == found.addresses
    (settings.out / "other.ics").write_bytes(b"")
    assert "/other.ics" in published_calendars.read(settings.out, settings.var).addresses


def test_a_record_that_cannot_be_written_only_costs_time(settings, today, series_file):
    """The site is published all the same, with all that must be remembered of it."""
    build.build(settings, today=today)
    for name in ("built-files.bin", "build-state.json"):
        (settings.var / name).unlink()
        (settings.var / name / "in the way").mkdir(parents=True)
    series_file.write_text(series_file.read_text().replace("room: Hall", "room: Big hall"))

    build.build(settings, today=today)
    again = build.build(settings, today=today)

    assert any(b"Big hall" in content for content in files(settings.out).values())
    assert (again.written, again.kept) == (0, 0)


def test_the_same_content_and_day_give_the_same_bytes(packed, settings, today):
    """Another process, another order of sets, more workers: the same files, twins and marker."""
    seed = "3" if os.environ.get("PYTHONHASHSEED") != "3" else "1"
    command = [sys.executable, "-m", "portal", "build", "--compress", "--jobs", "3"]
    command += ["--today", str(today)]
    env = environment(settings) | {"PYTHONHASHSEED": seed}
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)

    first, other = files(packed[0].out), files(settings.out)
    assert [name for name in first if name.endswith(".br")]
    assert other == first


def test_a_kind_of_file_has_a_known_media_type(packed):
    """No file of the site is sent as a heap of bytes."""
    names = without_twins(packed[0].out)

    unknown = [name for name in names if "octet-stream" in media_type("/" + name)]
    assert unknown == [] or unknown == [MARKER]


def test_what_has_not_changed_is_not_touched(site, today, series_of_site):
    """After an edit, files that say the same keep their inode and their time."""
    before, old = states(site.out), files(site.out)
    series_of_site.write_text(series_of_site.read_text().replace("room:", "leader: Sam\nroom:"))

    built = build.build(site, today=today, compress=True)

    after, new = states(site.out), files(site.out)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {name for name in after if new[name] != old.get(name)}
    assert "sessions/riverbank/play-monday/index.html" in changed
    assert 0 < built.written < built.unchanged


def test_a_file_that_has_no_source_any_more_goes(site, today, series_of_site):
    """A series that is removed leaves no page and no twin behind, and its calendars are empty."""
    series_of_site.unlink()

    built = build.build(site, today=today, compress=True)

    left = files(site.out / "sessions/riverbank/play-monday")
    assert "calendar.ics" in left
    assert {name for name in left if not name.endswith((".ics", ".ics.br", ".ics.gz"))} == set()
    assert not [name for name, data in left.items() if b"BEGIN:VEVENT" in data]
    assert built.removed > 0


def test_a_mistake_leaves_the_old_site_as_it_was(settings, today, series_file):
    """Content with a mistake changes nothing, byte for byte, and leaves nothing beside it.

    A folder named like a file is a mistake too, also where nothing else has changed.
    """
    build.build(settings, today=today)
    before, there = files(settings.out), states(settings.out)
    text, written = series_file.read_text(), series_file.stat()
    series_file.write_text(text.replace("programme:", "program:"))

    with pytest.raises(ContentError):
        build.build(settings, today=today)

    series_file.write_text(text)
    os.utime(series_file, ns=(written.st_atime_ns, written.st_mtime_ns))
    (series_file.parent / "empty.md").mkdir()
    with pytest.raises(ContentError, match=r"empty\.md"):
        build.build(settings, today=today)

    assert files(settings.out) == before
    assert states(settings.out) == there
    assert sorted(path.name for path in settings.out.parent.iterdir()) == ["build", "root", "var"]


@pytest.mark.kills
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_killed_build_leaves_the_old_site_as_it_was(settings, today, series_file, jobs):
    """Killed at any moment, the folder holds the old site or the new one, whole."""
    build.build(settings, today=today)
    old = files(settings.out)
    options = "--full", "--jobs", jobs, "--today", str(today + timedelta(days=1))
    started = time.monotonic()
    first = building(settings, *options)
    first.join()
    assert first.exitcode == 0
    takes = time.monotonic() - started
    new = files(settings.out)
    assert new != old
    dice = random.Random(7)

    for _ in range(4):
        killed = building(settings, *options, "--compress")
        time.sleep(takes * dice.uniform(0.05, 1.1))
        killed.kill()
        killed.join()

        assert without_twins(settings.out) == new

    build.build(settings, today=today, full=True)
    assert files(settings.out) == old
    assert sorted(path.name for path in settings.out.parent.iterdir()) == ["build", "root", "var"]


def test_what_a_killed_build_had_begun_in_its_memory_goes(settings, today, tmp_path):
    """Soon after, somebody may still write it; and what we have not begun stays."""
    with suppress(KeyboardInterrupt), private_files.replaced_file(tmp_path / "record.bin"):
        (name,) = [path.name for path in tmp_path.glob(".record.bin.*")]
        raise KeyboardInterrupt
    settings.var.mkdir(exist_ok=True)
    begun, at_work, foreign = (settings.var / one for one in (name, f"{name[:-1]}0", ".keep"))
    for path in begun, at_work, foreign:
        path.touch()
    two_hours_ago = time.time() - 2 * 3600
    for path in begun, foreign:
        os.utime(path, (two_hours_ago, two_hours_ago))

    build.build(settings, today=today)

    assert not begun.exists()
    assert at_work.exists()
    assert foreign.exists()


def tell(told, *at):
    told.append(at)


def test_progress_is_told(settings, today):
    """From nothing to all, never back, by one process as by several."""
    for jobs in (1, 2):
        told = []
        progress = partial(tell, told)
        built = build.build(settings, today=today, full=True, jobs=jobs, progress=progress)

        done = [done for done, *_ in told]
        assert told[0] == (0, built.pages, 0)
        assert told[-1] == (built.pages, built.pages, 0)
        assert done == sorted(done)


def test_without_room_for_its_memory_a_build_says_that_the_site_is_there(settings, today):
    """The new site is in its place by then, and the next build makes up for the rest."""
    blocked = settings.var / "published.json.gz"
    (blocked / "full").mkdir(parents=True)
    with pytest.raises(build.BuildError, match="The new site is in its place"):
        build.build(settings, today=today, jobs=1)

    assert (settings.out / "index.html").is_file()
    shutil.rmtree(blocked)
    assert build.build(settings, today=today, jobs=1).pages
    assert blocked.is_file()
