"""The edition of the content: a digest of every file that pages, dates and messages come from.

Two machines with the same files have the same edition, whenever and however the files arrived
there. The day, the times of files and what systems leave behind do not count. As in `reader`, only
plain files are opened.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from portal.content.cache import digest
from portal.content.file_names import passed_over
from portal.content.front_matter import LARGEST_FILE

_READ = (".md", ".yaml", ".csv")
_REPORTS = "content/reports/"
_OURS = ("content/FIELDS.md",)  # written by `portal schema`

# A file that is written twice within a tick of the system's clock may keep its times. After so
# long, its times say whether it has changed, even on a disk that counts in steps of two seconds.
_SETTLED = 3 * 10**9  # nanoseconds


class Snapshot:
    """The files in these folders of a root, as they are now. Each is opened once.

    `edition` is their digest, and `digests` has that of each file by its path from the root: empty
    for one that cannot be read, which the reader reports.
    """

    def __init__(self, root: Path, folders: Iterable[str]) -> None:
        self._root = root
        self._folders = tuple(folders)
        self._settled = time.time_ns() - _SETTLED
        self._states: dict[str, tuple[int, ...]] = {}
        self.digests: dict[str, bytes] = {}
        whole = hashlib.sha256()
        for name in self._names():
            self._states[name], data = _read(f"{root}/{name}")
            self.digests[name] = digest(data) if data is not None else b""
            data = data or b""
            whole.update(f"{name}\0{len(data)}\0".encode(errors="surrogateescape") + data)
        self.edition = whole.hexdigest()

    def holds(self) -> bool:
        """Whether the same is still in the same files."""
        names = self._names()
        return names == list(self._states) and all(map(self._is_same, names))

    def _is_same(self, name: str) -> bool:
        path, state = f"{self._root}/{name}", self._states[name]
        with_times = bool(state) and max(state[:2]) < self._settled
        if with_times and state == _state_of(path):
            return True
        data = _read(path)[1]
        return self.digests[name] == (digest(data) if data is not None else b"")

    def _names(self) -> list[str]:
        return sorted(name for folder in self._folders for name in _names(self._root, folder))


def _read(path: str) -> tuple[tuple[int, ...], bytes | None]:
    """The state of a file, and what is in it; None if it is gone, or cannot be read."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return (), None
    try:
        status = os.fstat(file)
        # One byte more, so that a file that is too large is known by it.
        return _state(status), os.read(file, min(status.st_size, LARGEST_FILE) + 1)
    except OSError:
        return (), None
    finally:
        os.close(file)


def _state_of(path: str) -> tuple[int, ...]:
    try:
        return _state(os.stat(path, follow_symlinks=False))  # noqa: PTH116 - thousands of files
    except OSError:
        return ()


def _state(status: os.stat_result) -> tuple[int, ...]:
    # The inode and its time of change tell when an older file takes a name.
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev


def _names(root: Path, folder: str) -> Iterator[str]:
    try:
        with os.scandir(f"{root}/{folder}") as found:
            entries = [entry for entry in found if not passed_over(entry.name)]
    except OSError:
        return
    for entry in entries:
        name = f"{folder}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _names(root, name)
        elif entry.is_file(follow_symlinks=False) and _is_read(name):
            yield name


def _is_read(name: str) -> bool:
    ending = ".json" if name.startswith(_REPORTS) else _READ
    return name.endswith(ending) and name not in _OURS
