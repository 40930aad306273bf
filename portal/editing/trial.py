"""Reads the content as it would be with some edits, before anything is written into it.

The reader wants files, so each process that checks edits keeps a copy of the content in `var/`.
Only what has changed since the last check is copied and read again: the first check takes about a
second for a whole county, the next ones a fifth of it. A copy belongs to its process, which holds
a lock on it; `sweep` removes the copies of processes that have ended.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from portal import content, private_files
from portal.content import published_dates
from portal.content.file_names import passed_over
from portal.content.published_dates import Record
from portal.coverage.changes import Snapshot, snapshot
from portal.directory import Directory
from portal.settings import Settings

_PREFIX = "trial-"

_States = dict[str, tuple[int, ...]]


class Before(NamedTuple):
    """What is compared: the dates and the coverage of the content without the edits."""

    dates: Record
    coverage: Snapshot


def trial_of(settings: Settings) -> Trial:
    """The copy of this process for these settings."""
    return _trial(os.getpid(), settings.root.resolve(), settings.var.resolve())


# A process has one, because it has one root; with other settings, as in tests, the last one goes.
@lru_cache(maxsize=1)
def _trial(_process: int, root: Path, var: Path) -> Trial:
    return Trial(root, var / "publishing")


def _remove(copy: Path, process: int) -> None:
    if os.getpid() == process:  # not in a fork
        shutil.rmtree(copy, ignore_errors=True)


class Trial:
    """A copy of the content, with what was read from it. One check at a time."""

    def __init__(self, root: Path, folder: Path) -> None:
        private_files.make_folder(folder)
        self._root = root
        self._copy = folder / f"{_PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
        self._copy.mkdir(mode=0o700)
        self._handle = os.open(self._copy, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        weakref.finalize(self, os.close, self._handle)
        weakref.finalize(self, _remove, self._copy, os.getpid())
        self._memory = content.FileCache()
        self._copied: _States = {}
        self._before: tuple[object, Before | None] = None, None
        self._guard = threading.Lock()

    def load(
        self, settings: Settings, edits: Mapping[str, bytes | None], *, today: date
    ) -> tuple[Directory, Before | None]:
        """The content with these files in place of its own, and what it is without them.

        None for that if the content is not without mistakes as it is. Raises ContentError
        for mistakes of the content with the edits.
        """
        with self._guard:
            self._follow()
            now = today, dict(self._copied)
            if self._before[0] != now:
                self._before = now, self._without(settings, today)
            try:
                self._put(edits)
                return self._read(settings, today), self._before[1]
            finally:
                # They are copied again, or removed, before anything else is read.
                for path in edits:
                    self._copied[path] = ()
                self._follow()

    def _without(self, settings: Settings, today: date) -> Before | None:
        try:
            directory = self._read(settings, today)
        except content.ContentError:
            return None
        return Before(published_dates.record(directory), snapshot(directory))

    def _read(self, settings: Settings, today: date) -> Directory:
        return content.load(
            self._copy,
            today=today,
            horizon_weeks=settings.horizon_weeks,
            postcodes=settings.postcodes,
            postcode_districts=settings.postcode_districts,
            memory=self._memory,
        )

    def _put(self, edits: Mapping[str, bytes | None]) -> None:
        for path, data in edits.items():
            file = self._copy / path
            if data is None:
                file.unlink(missing_ok=True)
                continue
            _make_folders(file.parent)
            file.write_bytes(data)

    def _follow(self) -> None:
        """Make the copy what the content is now."""
        there = {name: state for folder in content.FOLDERS for name, state in self._states(folder)}
        for name in self._copied.keys() - there.keys():
            (self._copy / name).unlink(missing_ok=True)
        for name, state in there.items():
            if self._copied.get(name) != state:
                self._take(name)
        self._copied = there

    def _take(self, name: str) -> None:
        source, target = self._root / name, self._copy / name
        _make_folders(target.parent)
        with suppress(FileNotFoundError):  # gone since we listed it
            target.unlink(missing_ok=True)
            if source.is_symlink():
                target.symlink_to(source.readlink())
                return
            target.touch(mode=0o600)
            shutil.copyfile(source, target)
            # It says when the file last changed.
            os.utime(target, ns=(source.stat().st_mtime_ns,) * 2)

    def _states(self, folder: str) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Files, and links, which the reader refuses."""
        try:
            with os.scandir(self._root / folder) as found:
                entries = [entry for entry in found if not passed_over(entry.name)]
        except OSError:
            return
        for entry in entries:
            name = f"{folder}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from self._states(name)
            elif entry.is_file(follow_symlinks=False) or entry.is_symlink():
                status = entry.stat(follow_symlinks=False)
                yield name, (
                    status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
                )  # fmt: skip


def _make_folders(folder: Path) -> None:
    """Each for this account alone, as all of `var/`."""
    if not folder.exists():
        _make_folders(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def sweep(var: Path) -> None:
    """Remove the copies that processes left when they ended."""
    folder = var / "publishing"
    for copy in folder.glob(f"{_PREFIX}*") if folder.is_dir() else ():
        try:
            handle = os.open(copy, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(copy, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(handle)
