"""Asks for a build of the site, and says how it went.

A build takes seconds, and in a process that answers pages families would wait for it. So
publishing only leaves a file in `var/publishing/` that asks for a build. `portal serve` looks for
that file, and so does every `portal build`: it takes the request when it starts, before it reads
the content, and leaves a result when it ends. A request made while a build runs is left for the
next one. While it runs, a build holds a lock on a file, so a build that was killed does not look as
if it were running.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from portal import private_files
from portal.errors import PortalError

BUILDING = "building"
PUBLISHED = "published"
STAYS = "The site was not built, so families still see it as it was before."
BROKE_OFF = f"{STAYS} The build was stopped before it was complete."
FAULT = f"{STAYS} Ask the person who runs the portal to look at its log."

NOT_STARTED = (
    "The change is in the files, but no build of the site has started since. Ask the person who "
    "runs the portal to run: portal build"
)

_LONGEST_WORDS = 4000
_LONGEST_WAIT = 300  # seconds until a build takes a request


def ask(var: Path) -> None:
    """Ask for a build of what is in the content from now on."""
    private_files.write_file(_file(var, "asked"), b"")


def asked(var: Path) -> tuple[int, int] | None:
    """Identifies the request for a build that no build has taken yet; None if there is none."""
    try:
        status = _file(var, "asked").stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


@contextmanager
def answering(var: Path) -> Iterator[None]:
    """Take the request, if there is one, for the build in this block, and leave its result.

    Raises PortalError if that cannot be written.
    """
    try:
        handle = _taken(var)
    except OSError as error:
        raise PortalError(
            f"{var} could not be written: {error.strerror or error}. Check that there is room, and "
            "that the folder belongs to the user who builds."
        ) from error
    words = FAULT
    try:
        yield
        words = ""
    except PortalError as error:
        words = f"{STAYS}\n{error}"
        raise
    except KeyboardInterrupt:
        words = BROKE_OFF
        raise
    finally:
        with suppress(OSError):  # a disk that is full by now: what a build left before stands
            if words:
                _leave(var, words)
            else:
                _file(var, "result").unlink()
        os.close(handle)


def _taken(var: Path) -> int:
    """Take the request. Returns the handle of the lock, to be held while the build runs."""
    private_files.make_folder(var / "publishing")
    handle = os.open(_file(var, "running"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)  # several may run, for different folders
        with suppress(FileNotFoundError):
            _file(var, "asked").unlink()
        _leave(var, BROKE_OFF)  # until we know better
    except BaseException:
        os.close(handle)
        raise
    return handle


def give_up(var: Path) -> None:
    """Take a request away for which no build could be started."""
    _leave(var, FAULT)
    with suppress(FileNotFoundError):
        _file(var, "asked").unlink()


def state(var: Path, *, now: datetime | None = None) -> str:
    """BUILDING, PUBLISHED, or what went wrong with the last build.

    With `now` it also says when no build takes the request.
    """
    if _is_running(var):
        return BUILDING
    request = asked(var)
    if request:
        waited = now.timestamp() - request[0] / 1e9 if now else 0
        return NOT_STARTED if waited > _LONGEST_WAIT else BUILDING
    try:
        words = _file(var, "result").read_text("utf-8").strip()
    except OSError:
        words = ""
    return words or PUBLISHED


def _leave(var: Path, words: str) -> None:
    data = words.encode("utf-8", "backslashreplace")[:_LONGEST_WORDS]
    private_files.write_file(_file(var, "result"), data.decode("utf-8", "ignore").encode())


def _is_running(var: Path) -> bool:
    """Whether a build holds the lock."""
    try:
        handle = os.open(_file(var, "running"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _file(var: Path, name: str) -> Path:
    return var / "publishing" / name
