"""The files of the last site that are still as its build left them.

Photos, cards, leaflets and compressed twins are slow to make, so they are taken from there. One
that was damaged since, by a power cut or a full disk, must not be taken for ever: only a file with
the recorded size, time, inode, rights and owner is, and none without a record.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from struct import Struct

# A file as the last build left it: its name; and size, time of change in ns, inode, mode and user,
# packed, because a county has tens of thousands.
State = tuple[str, bytes]
_pack = Struct("=QqQII").pack


class LastSite:
    """Files in `folder`; `states` has their recorded states, by name, and `digests` the SHA-256
    of those that may be read."""

    def __init__(
        self, folder: Path, states: Mapping[str, State], digests: Mapping[str, bytes]
    ) -> None:
        self._folder, self._states, self._digests = folder, states, digests

    def has(self, name: str) -> bool:
        """Whether there is a file of this name, as it was left."""
        state = self._states.get(name)
        try:
            return state is not None and state_of(self._folder, name) == state
        except OSError:
            return False

    def read(self, name: str) -> bytes | None:
        """The content of a file that is as it was left; None if there is none.

        What is read goes into other files, so its bytes are compared too: a disk can damage a file
        without a trace in its state.
        """
        if not self.has(name):
            return None
        try:
            content = (self._folder / name).read_bytes()
        except OSError:
            return None
        return content if sha256(content).digest() == self._digests.get(name) else None


def state_of(folder: Path | None, name: str) -> State:
    """The state of a file now. Raises OSError if there is none."""
    # Not by a Path: there are thousands of files, and paths are slow to make.
    return said_by(name, os.stat(f"{folder}/{name}"))  # noqa: PTH116


def said_by(name: str, stat: os.stat_result) -> State:
    """The state of a file as the system gives it."""
    return name, _pack(stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_mode, stat.st_uid)
