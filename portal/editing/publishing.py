"""Publishes edits of content files: all of them or none, whenever the process is killed.

The new files are written beside those that they replace, under names that the reader passes over.
Then a list of them is put in place in `var/publishing/` by one rename: before it nothing has
happened, after it the edits will be made, by this process or by the next one that looks
(`recover`). The files take their names, a git commit is made where the settings say so, and a build
is asked for.

Publishing processes of one machine wait for each other. Editors with files and a terminal do not:
an edit names the digest of the file that its author read, and is refused if the file is another by
now. If one is changed between a kill and the recovery, it stays, and the edit is left beside it.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, inspect
from sqlalchemy.exc import SQLAlchemyError

from portal import content, private_files
from portal.bookings import lost_bookings
from portal.content import published_dates
from portal.coverage.changes import news
from portal.directory import Directory
from portal.directory.values import LONDON
from portal.editing import build_requests
from portal.editing.commits import Author, Version, commit, history, version
from portal.editing.effects import Changed, Effects, changes_for, database_of
from portal.editing.files import (
    Conflict,
    Edit,
    EditingError,
    NotHere,
    bytes_of,
    bytes_to_write,
    digest_of,
    place_of,
    read,
    text_of,
)
from portal.editing.trial import sweep, trial_of
from portal.settings import Settings

__all__ = [
    "Author",
    "Changed",
    "Conflict",
    "Edit",
    "EditingError",
    "Effects",
    "NotHere",
    "Published",
    "Version",
    "check",
    "digest_of",
    "history",
    "mistakes_made",
    "publish",
    "read",
    "recover",
    "state",
    "version",
]

log = logging.getLogger(__name__)

_LONGEST_WAIT = 20.0  # seconds that a publish waits for another
_PAUSE = 0.05
_PLAN, _READY = "plan.json", "ready.json"

NOT_HERE = (
    "Content is published on the machine that builds the site, and this one does not "
    "(PORTAL_ROLES). Open the staff pages of that machine, or ask the person who runs the portal."
)


@dataclass(frozen=True, slots=True)
class Published:
    """What a publish did. `warning` says what a person must still see to."""

    paths: tuple[str, ...]  # those that changed
    effects: Effects
    commit: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a publish: what it was, what it shall be, and where its new text waits."""

    path: str
    before: str | None  # digests; None: there is no file
    after: str | None
    waiting: str | None  # from the root; None if the file is to be deleted


def _reached(_step: str) -> None:
    """Called at each step of a publish, for the tests that end the process there."""


# --- check ----------------------------------------------------------------------------------------


def check(
    settings: Settings, edits: Sequence[Edit], *, now: datetime, engine: Engine | None = None
) -> Effects:
    """What publishing these edits would do. Nothing is written into the content.

    Without an `engine`, the database of the settings is asked, if there is one. Raises EditingError
    for a path that is not that of a content file, and if the bookings cannot be looked at.
    """
    data = {}
    for edit in edits:
        if edit.path in data:
            raise EditingError(f"{edit.path} is edited twice.")
        data[edit.path] = bytes_to_write(edit, bytes_of(settings.root, edit.path))
    today = now.astimezone(LONDON).date()
    try:
        directory, before = trial_of(settings).load(settings, data, today=today)
    except content.ContentError as error:
        return Effects(problems=tuple(error.problems))
    except OSError as error:
        raise _unwritable(Path(error.filename or settings.var), error) from error
    if before is None:  # the content has mistakes now, which the edits correct
        dates = published_dates.kept(settings.var) or published_dates.record(directory)
    else:
        dates = before.dates
    warnings = tuple(one for one in content.warnings(directory) if one.path in data)
    with database_of(settings, engine) as reachable:
        lost = _lost(reachable, directory, now) if reachable else ()
        changes, families = changes_for(dates, directory, reachable)
    return Effects(
        problems=lost,
        warnings=warnings,
        directory=directory,
        differences=changes,
        bookings=families.bookings if families else None,
        told=families.told if families else None,
        ring=families.ring if families else None,
        coverage=tuple(news(before.coverage, directory)) if before and edits else (),
    )


def mistakes_made(
    settings: Settings, effects: Effects, *, now: datetime, engine: Engine | None = None
) -> tuple[content.Problem, ...]:
    """The mistakes of these effects that the content does not have without the edits."""
    already = set(check(settings, (), now=now, engine=engine).problems)
    return tuple(one for one in effects.problems if one not in already)


def _lost(engine: Engine, directory: Directory, now: datetime) -> tuple[content.Problem, ...]:
    """What families have booked and would lose."""
    try:
        if not inspect(engine).has_table("bookable"):
            return ()  # nothing has been booked there yet
        return tuple(lost_bookings.mistakes(engine, directory, now=now))
    except SQLAlchemyError as error:
        raise EditingError(
            "The bookings cannot be looked at just now, so the change was not checked and not "
            "published. Try again in a minute."
        ) from error


# --- publish --------------------------------------------------------------------------------------


def publish(
    settings: Settings,
    engine: Engine | None,
    edits: Sequence[Edit],
    *,
    author: Author,
    summary: str,
    now: datetime,
    beside_mistakes: bool = False,
) -> Published:
    """Make all of these edits or none (S75), commit them where PORTAL_CONTENT_COMMIT says so, and
    ask for a build.

    An edit that has been made already is left out. With `beside_mistakes`, mistakes that the
    content has already do not stop it: the files are written, and the site follows once those are
    corrected. Raises NotHere if this machine does not build,
    Conflict if a file is no longer what its author read, content.ContentError with all mistakes,
    and EditingError if a path is refused or the files cannot be written. Nothing has changed then.
    """
    if "build" not in settings.roles:
        raise NotHere(NOT_HERE)
    with _alone(settings):
        _recover(settings)
        fresh = [edit for edit in edits if not _is_made(settings.root, edit)]
        if not fresh:
            return Published((), Effects())
        effects = check(settings, fresh, now=now, engine=engine)
        wrong = effects.problems
        if wrong and beside_mistakes:
            wrong = mistakes_made(settings, effects, now=now, engine=engine)
        if wrong:
            raise content.ContentError(wrong)
        _stage(settings, fresh, author, summary, now)
        made, warning = _go_on(settings)
    return Published(tuple(edit.path for edit in fresh), effects, made, warning)


def recover(settings: Settings) -> None:
    """Finish or undo a publish that was killed. Raises EditingError if that fails.

    The server does so when it starts, and each publish before it begins.
    """
    if (settings.var / "publishing").is_dir() and "build" in settings.roles:
        with _alone(settings):
            _recover(settings)
        sweep(settings.var)


def state(settings: Settings, *, now: datetime | None = None) -> str:
    """'building', 'published', or what went wrong with the last build, in words.

    With `now` it also says when no build takes the request, as where nothing runs `portal serve`.
    """
    return build_requests.state(settings.var, now=now)


def _is_made(root: Path, edit: Edit) -> bool:
    """Whether a file is as the edit would make it. Raises Conflict if it is another than its
    author read."""
    current = bytes_of(root, edit.path)
    wanted = bytes_to_write(edit, current)
    if current == wanted:
        return True
    digest = None if current is None else digest_of(current)
    if digest != edit.base:
        theirs = None if current is None else text_of(current) or ""
        raise Conflict(edit.path, theirs, edit.text, edit.base)
    return False


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """No other process of this machine publishes meanwhile."""
    folder = settings.var / "publishing"
    try:
        private_files.make_folder(folder)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        until = time.monotonic() + _LONGEST_WAIT
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise EditingError(
                        "Another change is being published. Wait a minute, and try again."
                    ) from None
                time.sleep(_PAUSE)
        yield
    finally:
        os.close(handle)


# --- before the point of no return ----------------------------------------------------------------


def _stage(
    settings: Settings, edits: Sequence[Edit], author: Author, summary: str, now: datetime
) -> None:
    """Write the new files beside the old ones, and then the list that makes them count."""
    root, token = settings.root, secrets.token_hex(4)
    files, data = [], {}
    for edit in edits:
        place = place_of(root, edit.path)
        current = bytes_of(root, edit.path)
        wanted = bytes_to_write(edit, current)
        waiting = None
        if wanted is not None:
            beside = place.with_name(f".{place.name}.{token}.publishing")
            waiting = beside.relative_to(root).as_posix()
            data[waiting] = wanted
        files.append(
            _File(
                edit.path,
                None if current is None else digest_of(current),
                None if wanted is None else digest_of(wanted),
                waiting,
            )
        )
    plan = {
        "files": [asdict(file) for file in files],
        "author": asdict(author),
        "summary": summary,
        "now": now.isoformat(),
    }
    try:
        private_files.write_file(settings.var / "publishing" / _PLAN, json.dumps(plan).encode())
        _reached("planned")
        for file in files:
            if file.waiting:
                _write_beside(root / file.path, root / file.waiting, data[file.waiting], now)
                _reached("written")
        _sync_folders(_folders_of(root, files))
        _commit_plan(settings)
    except OSError as error:
        _undo(settings)
        raise _unwritable(Path(error.filename or settings.root), error) from error


def _write_beside(file: Path, waiting: Path, data: bytes, now: datetime) -> None:
    """Write a new file with the mode of the one that it will replace."""
    _make_folders(waiting.parent)
    old = file.stat() if file.exists() else None
    folder = waiting.parent.stat()
    mode = (old.st_mode if old else folder.st_mode & 0o666) & 0o777
    handle = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as opened:
        opened.write(data)
        opened.flush()
        os.fchmod(handle, mode)
        with suppress(OSError):  # another group than those of this account
            os.fchown(handle, -1, (old or folder).st_gid)
        # A file without a commit has changed at this time.
        os.utime(handle, (now.timestamp(), now.timestamp()))
        os.fsync(handle)


def _make_folders(folder: Path) -> None:
    if not folder.exists():
        _make_folders(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(folder.parent.stat().st_mode & 0o7777)


def _commit_plan(settings: Settings) -> None:
    """The point of no return: one rename that lasts."""
    folder = settings.var / "publishing"
    (folder / _PLAN).replace(folder / _READY)
    _sync_folders({folder})
    _reached("ready")


def _undo(settings: Settings) -> None:
    """Remove what a publish wrote that did not come to its point of no return."""
    plan = _read_list(settings.var / "publishing" / _PLAN)
    if plan is None:
        return
    for file in plan[0]:
        if file.waiting:
            waiting = settings.root / file.waiting
            waiting.unlink(missing_ok=True)
            if file.before is None:
                _remove_if_empty(waiting.parent)
    (settings.var / "publishing" / _PLAN).unlink(missing_ok=True)


# --- after the point of no return -----------------------------------------------------------------


def _recover(settings: Settings) -> None:
    folder = settings.var / "publishing"
    if (folder / _READY).exists():
        log.warning("A publish of content was broken off. It is being finished.")
        _go_on(settings)
    _undo(settings)


def _go_on(settings: Settings) -> tuple[str, str]:
    """Make the edits of the list, from wherever it was broken off; the commit and a warning."""
    folder = settings.var / "publishing"
    ready = _read_list(folder / _READY)
    if ready is None:
        raise EditingError(
            f"{folder / _READY} cannot be read, so a publish that was broken off cannot be "
            "finished. Compare the content with its history, then delete that file."
        )
    files, author, summary, now = ready
    try:
        for file in files:
            _make_edit(settings.root, file)
            _reached("renamed")
        _sync_folders(_folders_of(settings.root, files))
        made, warning = _committed(settings, files, author, summary, now)
        _reached("committed")
        build_requests.ask(settings.var)
        _reached("asked")
        (folder / _READY).unlink()
        _sync_folders({folder})
    except OSError as error:
        raise _unwritable(Path(error.filename or settings.root), error) from error
    return made, warning


def _make_edit(root: Path, file: _File) -> None:
    """Give a file its new text, or delete it, unless that has been done."""
    place = root / file.path
    try:
        current = bytes_of(root, file.path)
        digest = None if current is None else digest_of(current)
    except EditingError:  # it has become something else
        digest = "?"
    waiting = root / file.waiting if file.waiting else None
    if digest == file.before:
        if waiting is None:
            place.unlink(missing_ok=True)
            _remove_if_empty(place.parent)
        elif waiting.exists():
            waiting.replace(place)
    elif digest != file.after and waiting is not None and waiting.exists():
        left = place.with_name(f"{place.name}.save")
        waiting.replace(left)
        log.error(
            "%s was changed while a publish of it was broken off. It stays as it is, and the "
            "other version is in %s: compare the two, and delete that one.",
            file.path,
            left.name,
        )
    elif waiting is not None:
        waiting.unlink(missing_ok=True)


def _committed(
    settings: Settings, files: Sequence[_File], author: Author, summary: str, now: datetime
) -> tuple[str, str]:
    """The commit of these files, and a warning if there should be one and is not."""
    if not settings.content_commit:
        return "", ""
    paths = [file.path for file in files]
    try:
        return commit(settings.root, paths, author=author, summary=summary, now=now), ""
    except EditingError as error:
        log.error("A change of the content was published and not committed: %s.", error)
        return "", (
            f"The change is published, but it was not committed in git ({error}). "
            "Tell the person who runs the portal."
        )


# --- files ----------------------------------------------------------------------------------------


def _read_list(file: Path) -> tuple[list[_File], Author, str, datetime] | None:
    try:
        kept: dict[str, Any] = json.loads(file.read_bytes())
        files = [_File(**entry) for entry in kept["files"]]
        now = datetime.fromisoformat(kept["now"])
        return files, Author(**kept["author"]), kept["summary"], now
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _folders_of(root: Path, files: Sequence[_File]) -> set[Path]:
    """The folders of these files, and those in which a new folder may have been made."""
    inner = {(root / file.path).parent for file in files}
    return inner | {folder.parent for folder in inner}


def _sync_folders(folders: set[Path]) -> None:
    """Make renames last, if the power goes."""
    for folder in folders:
        with suppress(FileNotFoundError):  # removed with its last file
            handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # other files are there
        folder.rmdir()


def _unwritable(path: Path, error: OSError) -> EditingError:
    return EditingError(
        f"The change could not be written: {path.name}: {error.strerror or error}. "
        "Ask the person who runs the portal."
    )
