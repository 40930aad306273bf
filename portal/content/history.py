"""When each content file last changed: its own date, its last commit, or its time on disk.

One pass over the history of the repository serves all files.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path

from portal.directory.values import LONDON


class Changes:
    """When each file last changed, cut to seconds."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._commits = _last_commits(root)

    def of(self, path: str, updated: date | None = None) -> datetime:
        """What the file says of it, else its last commit, else its own time."""
        if isinstance(updated, datetime):
            return updated.astimezone(UTC).replace(microsecond=0)
        if updated:
            return datetime.combine(updated, time(), LONDON).astimezone(UTC)
        seconds = self._commits.get(path)
        if seconds is None:
            seconds = int((self._root / path).stat().st_mtime)
        return datetime.fromtimestamp(seconds, UTC)


def _last_commits(root: Path) -> Mapping[str, int]:
    """The time of the last commit of each file, in seconds; nothing where there is no history.

    One pass over the history. Without git, in a damaged checkout or after half a minute, nothing.
    """
    root = root.resolve()
    git = shutil.which("git")
    if git is None or not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return {}
    # A hook that calls us has GIT_DIR set, to a path that may be wrong from here.
    environment = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
    command = [
        git, "-c", "core.quotePath=false", "log", "--format=%x01%ct", "--name-only", "-z",
        "--no-renames", "--relative", "--", "content", "centres", "programmes",
    ]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            command, cwd=root, env=environment, capture_output=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    found: dict[str, int] = {}
    for commit in done.stdout.decode("utf-8", "replace").split("\x01")[1:]:
        seconds, *paths = commit.replace("\n", "\0").split("\0")
        for path in paths:
            found.setdefault(path, int(seconds))
    return found
