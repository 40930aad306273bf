"""The history of content files, where the content is a git checkout.

A commit holds exactly the paths of one publish: whatever else is edited or staged there stays as it
is. Hooks are left out and nothing is signed, because a hook could write other bytes than were
checked, and a signature may wait for a password that nobody types.
"""

from __future__ import annotations

import logging
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from portal.content.git import GitError, changed_paths, git, is_checkout
from portal.editing.files import EditingError, place_of, shown

log = logging.getLogger(__name__)

_TRIES = 5
_PAUSE = 0.2  # seconds between tries while an editor's git holds the index
_MOST = 200  # versions listed
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Author:
    """Who publishes, as a commit names them."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Version:
    """One commit that changed a file."""

    commit: str
    author: str
    when: datetime
    summary: str


def commit(root: Path, paths: Sequence[str], *, author: Author, summary: str, now: datetime) -> str:
    """Commit these files as they are on disk; the commit. Raises EditingError with git's words.

    What is committed already is not committed again.
    """
    if not is_checkout(root):
        raise EditingError("the content is not in a git checkout")
    try:
        return _commit(root, paths, _identity(author, now), _message(summary))
    except GitError as error:
        raise EditingError(_words_of(error)) from error


def _commit(root: Path, paths: Sequence[str], identity: dict[str, str], summary: str) -> str:
    for last in [False] * (_TRIES - 1) + [True]:
        try:
            changed = changed_paths(root, *paths)
            # A commit of paths takes only those that git knows.
            fresh = [path for path, letters in changed.items() if letters == "??"]
            if fresh:
                git(root, "--literal-pathspecs", "add", "--", *fresh)
            if changed:
                git(
                    root, "--literal-pathspecs", "-c", "core.hooksPath=/dev/null",
                    "commit", "--quiet", "--only", "--no-verify", "--no-gpg-sign", "--file=-",
                    "--cleanup=whitespace", "--", *changed,
                    given=summary, identity=identity,
                )  # fmt: skip
            return git(root, "rev-parse", "HEAD").strip()
        except subprocess.CalledProcessError as error:
            if last or b"index.lock" not in error.stderr:
                raise
            time.sleep(_PAUSE)
    raise AssertionError("unreachable")


def _identity(author: Author, now: datetime) -> dict[str, str]:
    name = _plain(author.name) or "A member of staff"
    email = _plain(author.email) or "unknown@localhost"
    when = now.astimezone(UTC).isoformat(timespec="seconds")
    return {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", name), ("EMAIL", email), ("DATE", when))
    }


def _message(summary: str) -> str:
    """A message that git takes, whatever a form has sent."""
    words = summary.encode("utf-8", "replace").decode().replace("\r\n", "\n")
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", " ", words).strip() or "Change content"


def _plain(words: str) -> str:
    """Words without what git's own format of a person uses, or a variable cannot hold."""
    words = words.encode("utf-8", "replace").decode()
    return " ".join(re.sub(r"[<>\x00-\x1f\x7f]", " ", words).split()).strip(" .,:;\"'\\")


def _words_of(error: BaseException) -> str:
    """The first line of what git says."""
    if isinstance(error, subprocess.CalledProcessError):
        output: bytes = error.stderr or error.stdout or b""
        lines = output.decode("utf-8", "replace").strip().split("\n")
        return lines[0] or f"git ended with {error.returncode}"
    if isinstance(error, subprocess.TimeoutExpired):
        return "git took too long"
    return "git cannot be run"


# --- what was there before ------------------------------------------------------------------------


def history(root: Path, path: str) -> list[Version]:
    """The commits that changed a file, newest first; none without git. Raises EditingError for a
    path that is not that of a content file."""
    place_of(root, path)
    if not is_checkout(root):
        return []
    try:
        log_of = git(
            root, "--no-optional-locks", "--literal-pathspecs", "log", "-z", f"--max-count={_MOST}",
            "--format=%H%n%an%n%at%n%s", "--", path,
        )  # fmt: skip
    except GitError:
        log.warning("The history of a content file cannot be read.")
        return []
    return [_version(entry) for entry in log_of.split("\0") if entry]


def version(root: Path, path: str, commit: str) -> str:
    """The text of a file as a commit left it. Raises EditingError if there is none.

    To put it back, publish it like any other edit.
    """
    place_of(root, path)
    words = f"There is no such version of {shown(path)}. Choose one from its history."
    if not _COMMIT.fullmatch(commit) or not is_checkout(root):
        raise EditingError(words)
    try:
        text = git(root, "--no-optional-locks", "cat-file", "blob", f"{commit}:./{path}")
    except GitError as error:
        raise EditingError(words) from error
    return text


def _version(entry: str) -> Version:
    commit, author, seconds, summary = entry.split("\n", 3)
    return Version(commit, author, datetime.fromtimestamp(int(seconds), UTC), summary)
