"""Which edition of the content the processes of this machine answer with.

Each process that answers live pages keeps a small file in `var/readers/`, locked for as long as it
lives, with the edition of the content that it has read. The process that sends messages waits for
all of them before it tells families of a change, so that no page still says what was true before.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path

from portal import private_files

_FOLDER = "readers"


class Reader:
    """The file of one process."""

    def __init__(self, var: Path) -> None:
        self._folder = var / _FOLDER
        self._file: int | None = None

    def has_read(self, edition: str) -> None:
        """Record the edition that this process answers with from now on.

        Where `var` cannot be written, messages do not wait for this process.
        """
        with suppress(OSError):
            self._write(edition)

    def _write(self, edition: str) -> None:
        if self._file is None:
            private_files.make_folder(self._folder)
            name = f"{os.getpid()}-{secrets.token_hex(4)}"
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._file = os.open(self._folder / name, flags, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
        # One write of fixed length: nobody reads half an edition.
        os.pwrite(self._file, edition.ljust(64).encode(), 0)

    def close(self) -> None:
        """Give up the file, as the end of the process does."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def running(var: Path) -> bool:
    """Whether any process of this machine answers live pages."""
    return bool(_editions(var))


def behind(var: Path, edition: str) -> int:
    """How many living processes still answer with another edition. Removes files of dead ones."""
    return sum(bool(found) and found != edition for found in _editions(var))


def _editions(var: Path) -> list[str]:
    """The edition of each living process; '' of one that is just writing it."""
    editions = []
    for file in sorted((var / _FOLDER).glob("*-*")):
        try:
            opened = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            editions.append(os.pread(opened, 64, 0).decode().strip())
        else:
            if os.fstat(opened).st_size:  # else it is just being made
                file.unlink(missing_ok=True)
        finally:
            os.close(opened)
    return editions
