"""Files that only the portal's own account may read: whatever it keeps under `var/` (S67).

The database, letters and records name families or say when they come. So each file is made
with mode 0600, in folders with 0700, whatever the account's umask says.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_UNFINISHED = re.compile(r"\..+\.\d+-[0-9a-f]{8}")  # see `replaced_file`


class Secret(str):
    """The secret in use. `earlier` are those that it replaced: what was made with them lives on."""

    earlier: tuple[str, ...] = ()

    @classmethod
    def of(cls, secret: str, earlier: Iterable[str]) -> Secret:
        made = cls(secret)
        made.earlier = tuple(one for one in dict.fromkeys(earlier) if one != secret)
        return made


def every_secret(secret: str) -> tuple[str, ...]:
    """The secret in use, and those before it, newest first."""
    return (secret, *(secret.earlier if isinstance(secret, Secret) else ()))


def make_folder(path: Path) -> None:
    """Make a folder of ours, or close one that is there to other accounts."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    close_to_others(path, 0o700)


def make_file(path: Path) -> None:
    """Make an empty file if there is none, or close one that is there to other accounts.

    A file that is there is not opened: to close a database again, by whatever descriptor, would end
    all locks that SQLite holds on it in this process, and another process could take its log away.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        close_to_others(path)


def write_file(path: Path, data: bytes) -> None:
    """Write a file or replace it at once, so that nobody ever reads a part of it.

    Raises OSError if it cannot be written; the old file then stays.
    """
    with replaced_file(path) as file:
        file.write(data)


@contextmanager
def replaced_file(path: Path) -> Iterator[BinaryIO]:
    """As `write_file`, for what is written in pieces: the file is in its place after the block."""
    make_folder(path.parent)
    fresh = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def remove_unfinished(folder: Path, before: float) -> None:
    """Remove the temporary files of `replaced_file` that are older than this time (seconds since
    1970). They are left when a process is killed while it writes one."""
    for path in folder.glob(".*"):
        if _UNFINISHED.fullmatch(path.name):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()


def close_to_others(path: Path, mode: int = 0o600) -> None:
    """Close a file that is there to other accounts, also one that was copied there.

    Raises FileNotFoundError if there is none.
    """
    status = path.stat()
    # A file of another account cannot be changed, and is that account's to look after.
    if stat.S_IMODE(status.st_mode) & 0o077 and status.st_uid == os.geteuid():
        path.chmod(mode)
