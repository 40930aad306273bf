"""When each content file last changed: the latest of its own `updated`, the last commit that
touched it, and its time on disk if it differs from that commit.

One pass over the history of the repository serves all files. Merges count: what a merge brings in
was changed, for readers of the published site, when it was merged. The latest time of all commits
of a file is taken rather than that of its last one, because the clocks of editors differ and a
calendar's revision number may only rise.

A commit that says only that somebody has checked a centre does not count. There is one for each
centre each week, and nothing that families read in calendars and feeds has changed by it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path

from portal.content.git import GitError, changed_paths, git, is_checkout
from portal.directory.values import LONDON
from portal.errors import PortalError

CHECKED = "Check the week of"  # how the message of such a commit begins
_FOLDERS = ("content", "centres", "programmes")


@dataclass(frozen=True, slots=True)
class _History:
    """What git says of the files of a root, by path from the root."""

    commits: Mapping[str, int] = field(default_factory=dict)  # seconds of the latest commit
    edited: frozenset[str] = frozenset()  # files that differ from the last commit
    whole: bool = False  # no commits are missing, as they are in a shallow clone
    newest: str = ""  # the commit that is checked out


class Changes:
    """When each file last changed, cut to seconds.

    `whole` is False if commits are missing: in a shallow clone, or a copy without a history.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._history = _history_of(root)
        self.whole = self._history.whole

    def of(self, path: str, updated: date | None = None) -> datetime:
        """The latest of `updated`, the last commit, and the file's own time if it was edited
        since."""
        seconds = self._history.commits.get(path)
        if seconds is None or path in self._history.edited:
            seconds = max(seconds or 0, self._edited(path))
        changed = datetime.fromtimestamp(seconds, UTC)
        return max(changed, _moment(updated)) if updated else changed

    def look_again(self, path: str) -> bool:
        """Take in that one file has been written. False if this cannot be said of it alone,
        because another commit is checked out now, or git did not answer."""
        if not is_checkout(self._root):
            return not self._history.newest
        try:
            status = git(
                self._root, "--no-optional-locks", "--literal-pathspecs",
                "status", "--porcelain=v2", "--branch", "-z", "--no-renames",
                "--untracked-files=all", "--", path,
            ).split("\0")  # fmt: skip
        except GitError:
            return False
        if f"# branch.oid {self._history.newest}" not in status:
            return False
        differs = any(line and not line.startswith("#") for line in status)
        others = self._history.edited - {path}
        self._history = replace(self._history, edited=others | {path} if differs else others)
        return True

    def _edited(self, path: str) -> int:
        try:
            return int(os.stat(f"{self._root}/{path}").st_mtime)  # noqa: PTH116 - much quicker
        except FileNotFoundError:
            words = f"{path} was removed while it was being read. Try again."
            raise PortalError(words) from None


def _moment(updated: date) -> datetime:
    if isinstance(updated, datetime):
        return updated.astimezone(UTC).replace(microsecond=0)
    return datetime.combine(updated, time(), LONDON).astimezone(UTC)


def _history_of(root: Path) -> _History:
    """Empty without git, in a damaged checkout, or if git takes too long."""
    root = root.resolve()
    if not is_checkout(root):
        return _History()
    try:
        shallow, newest = git(root, "rev-parse", "--is-shallow-repository", "HEAD").split()
        # The full history: git would leave out merges that equal one of their sides.
        log = git(
            root, "--no-optional-locks",
            "log", "--format=%x01%ct", "--name-only", "-z", "--no-renames", "--relative",
            "--full-history", "--diff-merges=first-parent",
            "--invert-grep", f"--grep=^{CHECKED} ", "--", *_FOLDERS,
        )  # fmt: skip
        edited = frozenset(changed_paths(root, *_FOLDERS))
    except GitError:
        return _History()
    return _History(_latest(log), edited, shallow == "false", newest)


def _latest(log: str) -> Mapping[str, int]:
    latest: dict[str, int] = {}
    for commit in log.split("\x01")[1:]:
        seconds, *paths = commit.replace("\n", "\0").split("\0")
        for path in paths:
            latest[path] = max(latest.get(path, 0), int(seconds))
    return latest
