"""What most tests need: the sample site, the day on which it is read, its directory, its pages."""

import fcntl
import gc
import os
import shutil
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.support import dealing, made_once
from tests.support.paths import SAMPLE

# They take half a second each. The tests that are about them turn them on.
os.environ.setdefault("PORTAL_LEAFLETS", "no")

# Databases and sites of tests are made in memory where there is room: on a disk each confirmed
# booking waits until it is written.
MEMORY = Path("/dev/shm")
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 4 << 30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

TOUCHED = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect without looking for garbage: thousands of tests are made, and none is thrown away.

    Later searches leave them out, and are rarer than usual, because most tests make large trees
    and keep them to their end. That saves a ninth of their processor time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 10, 10)
        gc.enable()


@pytest.hookimpl(trylast=True)  # after markers have been added by fixture
def pytest_collection_modifyitems(config, items):
    """Let each process begin with tests that take long."""
    processes = getattr(config, "workerinput", {}).get("workercount", 1)

    kinds = {
        item: next((kind for kind in dealing.LONG if item.get_closest_marker(kind)), "")
        for item in items
    }
    items[:] = dealing.dealt(items, processes, kinds.__getitem__, lambda item: item.path)


@pytest.fixture(scope="session", autouse=True)
def little_work():
    """Hash passwords with little work. `tests/staff/test_passwords.py` does all the work (S31)."""
    from argon2 import PasswordHasher

    from portal.staff import passwords

    whole = passwords._hasher
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    return whole


@pytest.fixture(scope="session", autouse=True)
def what_is_made_once(tmp_path_factory):
    """Pictures and tables are made once for all processes of a run.

    `tests/web/site/test_cards.py` draws the pictures without this.
    """
    base = tmp_path_factory.getbasetemp()
    made_once.use((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made-once")


@pytest.fixture
def disk_path():
    """A folder on the disk, where a confirmed write takes as long as in service."""
    with tempfile.TemporaryDirectory(prefix="portal-test-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def sample_root(tmp_path_factory):
    """The sample site, with every file last changed at 12:00 on 20 November 2026.

    A copy outside of git, because calendars say when a file was last committed. It is shared: copy
    it again (with `shutil.copytree`, which keeps the times) before changing anything.
    """
    root = shutil.copytree(SAMPLE, tmp_path_factory.mktemp("sample") / "root")
    for path in root.rglob("*"):
        os.utime(path, (TOUCHED, TOUCHED))
    return root


@pytest.fixture(scope="session")
def today():
    """A Monday in the second half of the autumn term."""
    return date(2026, 11, 23)


@pytest.fixture(scope="session")
def directory(sample_root, today):
    """The sample site, read once."""
    from portal import content

    return content.load(sample_root, today=today)


@pytest.fixture(scope="session")
def built(tmp_path_factory, sample_root, today):
    """The public site of the sample, for tests that only read it: all test processes share it."""
    from portal.settings import Settings
    from portal.web.site import build

    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    out = base / "built"
    with (base / "built.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.is_dir():
            settings = Settings(root=sample_root, out=out, var=base / "built-var")
            build.build(settings, today=today)
    return out
