"""The state of the last build: its day, and whether anything has changed since.

Hides the two files that a build writes and how they are compared. The marker is in the public
folder; it says that a build made the folder, for which day, and what is in it. The record is in
`var/` and holds one digest of the sizes and times of everything that the build read, and the times
of the folders of the site. A build with
nothing to do ends after comparing that digest, so this module imports neither Flask nor pydantic:
importing them takes longer than the comparison.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from portal import __version__, private_files
from portal.web.site.atomic_folder import MARKER

if TYPE_CHECKING:
    from portal.settings import Settings

__all__ = [
    "MARKER",
    "BuildState",
    "Built",
    "files_in",
    "marker_of",
    "names_in",
    "nothing_to_do",
    "published_day",
    "published_edition",
    "write_marker",
]

_PACKAGE = Path(__file__).parents[2]
_RECORD = "build-state.json"
_TEXTS = (".md", ".yaml", ".csv", ".json")  # what the Directory holds of these is compared
# The same names as in `Settings`, without importing pydantic.
_POSTCODES = "postcodes.bin", "postcode-districts.bin"


@dataclass(frozen=True, slots=True)
class Built:
    """The result of a build. `written` counts files that are new or changed."""

    pages: int
    written: int
    unchanged: int
    removed: int
    seconds: float
    kept: int = 0  # of the unchanged files, those that were not made again
    warning: str = ""  # what the person who builds should know


# --- the marker ---------------------------------------------------------------------------------


def write_marker(folder: Path, today: date, edition: str, digests: Mapping[str, bytes]) -> None:
    """Mark a folder as made by a build for this day, of this edition of the content.

    `digests` are of its files, by name.
    """
    lines = "".join(f"{name}\0{content.hex()}\n" for name, content in sorted(digests.items()))
    marker = {
        "version": __version__,
        "day": today.isoformat(),
        "edition": edition,
        "digest": hashlib.sha256(lines.encode()).hexdigest(),
    }
    (folder / MARKER).write_text(json.dumps(marker, indent=1) + "\n", encoding="utf-8")


def published_day(out: Path) -> date | None:
    """The day that the site in this folder was built for; None if there is no site."""
    try:
        return date.fromisoformat(json.loads((out / MARKER).read_bytes())["day"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def published_edition(out: Path) -> tuple[str, datetime] | None:
    """The edition of the content that the site in this folder was made from, and when.

    None if there is no site, or one that was built before editions were written down.
    """
    try:
        with (out / MARKER).open("rb") as file:
            built = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
            edition = json.load(file)["edition"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return (edition, built) if isinstance(edition, str) and edition else None


# --- has anything changed? ----------------------------------------------------------------------


def nothing_to_do(
    *, root: Path, out: Path, var: Path, today: date, compress: bool, **options: object
) -> Built | None:
    """The last build's result if nothing that it read has changed since; otherwise None.

    `options` are `base_address`, `horizon_weeks`, `leaflets` and the periods of `Settings`. Quick,
    because it compares only the sizes and times of files.
    """
    return BuildState(root, out, var, (today, compress, options)).unchanged(time.perf_counter())


class BuildState:
    """The state of everything that a build reads, to compare with that of the last build."""

    def __init__(
        self, root: Path, out: Path, var: Path, options: tuple[date, bool, object]
    ) -> None:
        self._root, self._out, self._record = root.resolve(), out.resolve(), var / _RECORD
        self._postcodes = [var / name for name in _POSTCODES]
        self._options, self._lasting = repr(options), repr(options[1:])
        self._digests: tuple[str, str] | None = None

    @classmethod
    def of(cls, settings: Settings, today: date, compress: bool) -> BuildState:
        """The state for these settings, the same as `nothing_to_do` compares."""
        options = {
            "base_address": settings.base_address,
            "horizon_weeks": settings.horizon_weeks,
            "leaflets": settings.leaflets,
            **settings.periods,
        }
        return cls(settings.root, settings.out, settings.var, (today, compress, options))

    def current(self) -> str:
        """A digest of all that a build reads: content, package, options, installed libraries.

        As it was when this object first looked, so that a change meanwhile is seen next time.
        """
        return self._look()[0]

    def fixed(self) -> str:
        """A digest of what must be equal for any file of the last site to be kept: the package,
        libraries, options other than the day, and all files of the content but its texts."""
        return self._look()[1]

    def _look(self) -> tuple[str, str]:
        if self._digests is not None:
            return self._digests
        # Installing, removing or upgrading a library changes the folder that contains it.
        libraries = [Path(p).stat().st_mtime_ns for p in sys.path if p.endswith("-packages")]
        facts = __version__, sys.version, libraries, self._commits(), self._options
        current = hashlib.sha256(repr(facts).encode())
        lasting = __version__, sys.version, libraries, self._lasting
        fixed = hashlib.sha256(repr(lasting).encode())
        folders = [self._root / name for name in ("content", "centres", "programmes")]
        for folder in (*folders, _PACKAGE):
            for name, stat in files_in(folder, folders=True):
                # The inode and its change time show if an older file has replaced a newer one.
                state = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
                line = f"{folder}\0{name}\0{state}\n".encode(errors="surrogateescape")
                current.update(line)
                if folder == _PACKAGE or not name.endswith(_TEXTS):
                    fixed.update(line)
        for path in self._postcodes:
            with suppress(OSError):
                stat = path.stat()
                size_and_time = stat.st_size, stat.st_mtime_ns, stat.st_ino
                current.update(f"{path.name}\0{size_and_time}\n".encode())
        self._digests = current.hexdigest(), fixed.hexdigest()
        return self._digests

    def _commits(self) -> list[int | None]:
        """When a commit was last made or fetched, and the missing commits of a shallow clone were
        last listed: either may give files another time of change. Empty without a history."""
        for folder in (self._root, *self._root.parents):
            place = common = folder / ".git"
            with suppress(OSError):
                if place.is_file():  # in a worktree or a submodule, it says where the folder is
                    said = place.read_text("utf-8", "surrogateescape")
                    place = common = folder / said.removeprefix("gitdir:").strip()
                    with suppress(OSError):
                        said = (place / "commondir").read_text("utf-8", "surrogateescape")
                        common = place / said.strip()
                head = (place / "HEAD").read_text("utf-8", "surrogateescape")
                branch = common / head.removeprefix("ref:").strip()
                # The log of HEAD may be switched off; then the file of its branch shows a commit.
                paths = (place / "HEAD", place / "logs" / "HEAD", branch, common / "shallow")
                return [_changed(path) for path in paths]
        return []

    def unchanged(self, started: float) -> Built | None:
        """The last build's result if no build is needed, otherwise None.

        `started` is the `time.perf_counter()` from which its seconds are counted.
        """
        try:
            record = json.loads(self._record.read_bytes())[str(self._out)]
            same = record["marker"] == self.marker() and record["state"] == self.current()
            # A folder changes when a file in it is added, removed or replaced.
            same = same and all(
                self._changed(name) == changed for name, changed in record["folders"].items()
            )
            pages = int(record["pages"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        seconds = time.perf_counter() - started
        return Built(pages, 0, pages, 0, seconds, pages) if same else None

    def _changed(self, folder: str) -> int:
        """When a folder of the site was last changed, in ns."""
        # Not by a Path: there are thousands of folders, and paths are slow to make.
        return os.stat(f"{self._out}/{folder}").st_mtime_ns  # noqa: PTH116

    def remember(self, state: str, built: Built, names: Iterable[str]) -> None:
        """Record a finished build. `state` is `current()` from before it read anything, `names` are
        those of the files of the site."""
        try:
            found = json.loads(self._record.read_bytes())
        except (OSError, ValueError):
            found = None
        found = found if isinstance(found, dict) else {}
        records = {out: record for out, record in found.items() if Path(out).is_dir()}
        folders = {""}
        for name in {name.rpartition("/")[0] for name in names}:
            while name not in folders:
                folders.add(name)
                name = name.rpartition("/")[0]
        records[str(self._out)] = {
            "marker": self.marker(),
            "state": state,
            "pages": built.pages,
            "folders": {name: self._changed(name) for name in folders},
        }
        private_files.write_file(self._record, json.dumps(records).encode())

    def marker(self) -> list[int]:
        """The state of the marker in the public folder. Raises OSError if there is none."""
        return marker_of(self._out)


def marker_of(out: Path) -> list[int]:
    """The state of the marker in a public folder. Raises OSError if there is none."""
    stat = (out / MARKER).stat()
    return [stat.st_ino, stat.st_mtime_ns]


def _changed(path: Path) -> int | None:
    """When a file was last changed, in ns; None if there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def files_in(folder: Path, *, folders: bool = False) -> Iterator[tuple[str, os.stat_result]]:
    """Every file below a folder with its status, in order of name; none if there is no folder.

    `folders` adds the folders that are named like a file, such as an empty 'play.md': they are
    mistakes, so a check sees them.
    """
    yield from _entries(os.fspath(folder), "", folders)


def names_in(folder: Path) -> Iterator[str]:
    """Every file below a folder, in any order. A third of the time of `files_in`."""
    waiting = [("", os.fspath(folder))]
    while waiting:
        inside, path = waiting.pop()
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((f"{inside}{entry.name}/", entry.path))
                else:
                    yield inside + entry.name


def _entries(folder: str, inside: str, folders: bool) -> Iterator[tuple[str, os.stat_result]]:
    try:
        with os.scandir(folder) as found:
            entries: Iterable[os.DirEntry[str]] = sorted(found, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if entry.name != "__pycache__":
                if folders and "." in entry.name:
                    yield f"{inside}{entry.name}/", entry.stat(follow_symlinks=False)
                yield from _entries(entry.path, f"{inside}{entry.name}/", folders)
        else:
            yield inside + entry.name, entry.stat(follow_symlinks=False)
