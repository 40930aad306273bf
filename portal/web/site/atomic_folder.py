"""Replaces the public folder atomically.

A new site is written into a new folder beside the old one, which it then replaces in one step of
the file system. Readers see the old site or the new one, never a mixture, and a build that is
killed at any moment leaves the old site as it was (S14). The next build removes what a killed build
left behind. Builds into the same folder wait for each other.

The site that was replaced is kept beside the new one if most of its files are hard links to the
same files. The next build then begins with it, because to remove and link tens of thousands of
files takes longer than to make those that changed.

A folder is replaced only if its marker says that a build made it: any other folder belongs to
someone else and is left alone.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IMODE

from portal.errors import PortalError
from portal.web.site.last_site import State, said_by

MARKER = ".portal-build.json"
# Files of version control that may be in the folder before the first build, and are kept.
CARRIED = (".gitignore", ".gitattributes")

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


class BuildError(PortalError):
    """The site could not be written; the old site is unchanged."""


class Replacement:
    """A new folder, `new`, that replaces `out` when it is complete.

    With `keep_old`, the old folder is kept for the build after this one.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.new = out.with_name(f"{out.name}.new-{os.getpid()}")
        self.keep_old = False
        self._last = out.with_name(f"{out.name}.last")
        self._swapped = False

    def begin_with_last(self, wanted: Mapping[str, State]) -> set[str]:
        """Begin with the folder that was replaced last, and return the names of its files.

        Only files in one of the `wanted` states, by name, are left in it. Call it while `new` is
        empty; if no folder was kept, it stays empty.
        """
        if not ours(self._last):
            return set()
        self.new.rmdir()
        self.new.mkdir()
        rights = S_IMODE(self.new.stat().st_mode)
        self.new.rmdir()
        self._last.rename(self.new)
        shutil.copymode(self.out, self.new)
        left: set[str] = set()
        _leave(os.fspath(self.new), "", wanted, left, rights)
        return left

    def swap(self) -> None:
        """Replace the old folder with the new one, atomically if the system can."""
        for name in CARRIED:
            if (self.out / name).is_file() and not (self.new / name).exists():
                os.link(self.out / name, self.new / name)
        if not self.out.exists():
            self.new.rename(self.out)
        elif not _exchange(self.new, self.out):
            aside = self.out.with_name(f"{self.out.name}.old-{os.getpid()}")
            self.out.rename(aside)
            # If killed here, the next build finds `out` missing and puts `aside` back.
            self.new.rename(self.out)
            aside.rename(self.new)
        self._swapped = True

    def tidy(self) -> None:
        """Keep or remove the old folder after a swap; without one, remove the new folder."""
        if self._swapped and ours(self._last):
            shutil.rmtree(self._last, ignore_errors=True)
        if self._swapped and self.keep_old:
            with suppress(OSError):  # somebody else's folder has that name
                self.new.rename(self._last)
        shutil.rmtree(self.new, ignore_errors=True)


@contextmanager
def replacement(out: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[Replacement]:
    """A new folder for the block to fill and `swap()`; it is removed if the block does not swap.

    Raises BuildError if `out` was not made by a build. If another build is working on it, calls
    `waiting` and waits.
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
                fresh.tidy()
    except OSError as error:
        where = os.fspath(error.filename or out)
        if not where.startswith(str(out)) and where != str(out.parent):
            raise  # an error in reading, not in writing the site
        raise BuildError(
            f"The site could not be written: {where}: {error.strerror or error}. "
            "Check that there is room, and that the folder may be written to."
        ) from error


def ours(out: Path) -> bool:
    """Whether a build made this folder."""
    return (out / MARKER).is_file()


def _leave(
    path: str, inside: str, wanted: Mapping[str, State], left: set[str], rights: int
) -> bool:
    """Remove what is not wanted below a folder, and note the rest; whether anything is left.

    Folders get the rights of new ones.
    """
    some = False
    with os.scandir(path) as entries:
        for entry in list(entries):
            name = inside + entry.name
            if entry.is_dir(follow_symlinks=False):
                if _leave(entry.path, f"{name}/", wanted, left, rights):
                    some = True
                    if S_IMODE(entry.stat(follow_symlinks=False).st_mode) != rights:
                        os.chmod(entry.path, rights)  # noqa: PTH101
                else:
                    os.rmdir(entry.path)  # noqa: PTH106 - as in `state_of`
                continue
            if said_by(name, entry.stat(follow_symlinks=False)) == wanted.get(name):
                left.add(name)
                some = True
            else:
                os.unlink(entry.path)  # noqa: PTH108 - as in `state_of`
    return some


def _refuse_foreign(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise BuildError(f"{out} is a file. Choose another folder with --out.")
    if not ours(out) and any(found.name not in CARRIED for found in out.iterdir()):
        raise BuildError(
            f"{out} holds files, but no {MARKER}, which shows that a build made them. "
            f"A build would remove them. If they are an old site, delete the folder {out} and "
            "build again. If not, choose another folder with --out."
        )


def _recover(out: Path) -> None:
    """Remove what a killed build left: an unfinished site, or an old one being replaced."""
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
    # The folder itself is locked, so that no lock file is left behind. The workers of a killed
    # build hold the lock until they have ended, so that no other build removes their files.
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
    """Exchange the names of two folders in one step; False if the system cannot."""
    import ctypes  # here, because a build with nothing to do does not need it

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
