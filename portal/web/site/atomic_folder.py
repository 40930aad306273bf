"""A public folder that is replaced as a whole, or not at all.

A new site is written into a fresh folder beside the old one and then takes its name in one step of
the file system, so that readers see the old site or the new one, never a mixture, and a build that
is killed at any moment leaves the old one as it was (S14). What a killed build left behind is
cleared away by the next one. Builds into the same place wait for each other.

A folder is only ever replaced when its marker says that we made it: what else stands there is
somebody's, and stays.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.errors import PortalError

MARKER = ".portal-build.json"
# Files of version control that may stand in the folder before the first build, and are kept.
CARRIED = (".gitignore", ".gitattributes")

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


class BuildError(PortalError):
    """The site could not be written; the old one stands."""


class Replacement:
    """A fresh folder, `new`, that takes the place of `out` when it is whole."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.new = out.with_name(f"{out.name}.new-{os.getpid()}")

    def swap(self) -> None:
        """Put the new folder in the old one's place, in one step where the system has one."""
        for name in CARRIED:
            if (self.out / name).is_file() and not (self.new / name).exists():
                os.link(self.out / name, self.new / name)
        if not self.out.exists():
            self.new.rename(self.out)
        elif not _exchange(self.new, self.out):
            aside = self.out.with_name(f"{self.out.name}.old-{os.getpid()}")
            self.out.rename(aside)
            # Killed here, the next build finds no `out` and puts `aside` back.
            self.new.rename(self.out)
            aside.rename(self.new)


@contextmanager
def replacement(out: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[Replacement]:
    """A fresh folder for the block to fill and `swap()`; removed again if it does not.

    Raises BuildError where `out` is not ours to replace. Calls `waiting` when another build is at
    work on it, and waits.
    """
    out = out.resolve()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with _alone(out.parent, waiting):
            _recover(out)
            _refuse_foreign(out)
            fresh = Replacement(out)
            try:
                fresh.new.mkdir()
                if out.exists():
                    shutil.copymode(out, fresh.new)
                yield fresh
            finally:
                # After a swap this is the old site.
                shutil.rmtree(fresh.new, ignore_errors=True)
    except OSError as error:
        where = os.fspath(error.filename or out)
        if not where.startswith(str(out)) and where != str(out.parent):
            raise  # of what the block read, not of what was written
        raise BuildError(
            f"The site could not be written: {where}: {error.strerror or error}. "
            "Check that there is room, and that the folder may be written to."
        ) from error


def ours(out: Path) -> bool:
    """Whether a build made this folder."""
    return (out / MARKER).is_file()


def _refuse_foreign(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise BuildError(f"{out} is a file. Choose another folder with --out.")
    if not ours(out) and any(found.name not in CARRIED for found in out.iterdir()):
        raise BuildError(
            f"{out} holds files that no build made, and a build would remove them. "
            "Choose another folder with --out, or empty this one."
        )


def _recover(out: Path) -> None:
    """Clear away what a killed build left: half a site, or an old one on its way out."""
    left = re.compile(re.escape(out.name) + r"\.(new|old)-\d+")
    for found in sorted(out.parent.iterdir()):
        if not left.fullmatch(found.name):
            continue
        if not out.exists() and ".old-" in found.name and ours(found):
            found.rename(out)
        else:
            shutil.rmtree(found)


@contextmanager
def _alone(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    # The folder itself is locked, not a file in it: nothing is left lying about. The workers of a
    # killed build hold the lock until they have ended, so that nobody clears away under their feet.
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change names in one step; False where the system cannot."""
    import ctypes  # here, because a build with nothing to do never needs it

    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    first, second = os.fsencode(one), os.fsencode(other)
    if renameat2(_AT_FDCWD, first, _AT_FDCWD, second, _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), str(other))
