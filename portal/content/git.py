"""Runs git in the folder of the content.

A hook that calls the portal has GIT_DIR and the like set, to paths that may be wrong from here, so
none of git's own variables is passed on. What git may wait for (a password, an editor, a signature)
must be answered by nobody, so each command has a limit.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

_LONGEST = 30  # seconds that a command may take

GitError = (OSError, ValueError, subprocess.SubprocessError)


def is_checkout(root: Path) -> bool:
    """Whether there is a git, and a repository for it around this folder."""
    root = root.resolve()
    folders = (root, *root.parents)
    return shutil.which("git") is not None and any((one / ".git").exists() for one in folders)


def git(root: Path, *words: str, given: str = "", identity: Mapping[str, str] | None = None) -> str:
    """The output of a command, run in this folder. Raises one of `GitError`.

    `given` is its input; `identity` are variables that say whose commit it is, and when.
    """
    environment = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
    environment |= {"GIT_TERMINAL_PROMPT": "0", **(identity or {})}
    done = subprocess.run(  # noqa: S603 - fixed words, no shell
        [shutil.which("git") or "git", "-c", "core.quotePath=false", *words],
        cwd=root,
        env=environment,
        input=given.encode(),
        capture_output=True,
        timeout=_LONGEST,
        check=True,
    )
    return done.stdout.decode("utf-8", "replace")


def changed_paths(root: Path, *paths: str) -> dict[str, str]:
    """The paths that differ from the last commit, from this folder, with git's two letters."""
    prefix = git(root, "rev-parse", "--show-prefix").removesuffix("\n")
    status = git(
        root, "--no-optional-locks", "--literal-pathspecs",
        "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", *paths,
    )  # fmt: skip
    return {line[3:].removeprefix(prefix): line[:2] for line in status.split("\0") if line}
