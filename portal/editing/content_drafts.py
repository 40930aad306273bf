"""Changes to the content that staff have begun in a browser, kept until they are published.

Each person has one open draft for each centre: the files it changes, as they were when she began
and as they are to be. It outlives sign-outs, and nobody else's draft is touched by it: two people
may change one file, and `publishing` compares with what is on the disk by then. Once it is sent to
be looked at, it stays as it is until it is published, sent back or taken back.

Drafts hold no personal data of families. Those that nobody has changed for 90 days are deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, select

from portal.database import note, read, write
from portal.database.audit import AuditAction
from portal.database.tables import OPEN_DRAFTS, content_draft, content_draft_file, staff
from portal.errors import PortalError

KEPT_FOR = timedelta(days=90)
MOST_FILES = 60  # a whole centre's next term, with its translations


class DraftError(PortalError):
    """The draft cannot be changed in this way; the message says what to do."""


@dataclass(frozen=True, slots=True)
class DraftFile:
    """A file of a draft. `before` is None for a new file, `after` for one that is to go."""

    path: str
    before: bytes | None
    after: bytes | None

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name


@dataclass(frozen=True, slots=True)
class ContentDraft:
    """The unpublished changes of one member of staff at one centre."""

    id: int
    staff_id: int
    author: str
    email: str
    centre: str
    state: str
    words: str
    changed: datetime
    files: Mapping[str, DraftFile]

    @property
    def open(self) -> bool:
        return self.state in OPEN_DRAFTS

    @property
    def waits(self) -> bool:
        """Whether somebody else is to look at it first."""
        return self.state == "review"

    @property
    def until(self) -> datetime:
        """When it is deleted if nobody changes it."""
        return self.changed + KEPT_FOR


# --- looked up ------------------------------------------------------------------------------------


def open_draft(engine: Engine, staff_id: int, centre: str) -> ContentDraft | None:
    """Her draft for a centre that is not published yet."""
    wanted = (content_draft.c.staff_id == staff_id, content_draft.c.centre == centre)
    return next(iter(_found(engine, *wanted, content_draft.c.state.in_(OPEN_DRAFTS))), None)


def draft(engine: Engine, number: int) -> ContentDraft | None:
    """A draft by its number, in whatever state."""
    return next(iter(_found(engine, content_draft.c.id == number)), None)


def open_drafts(engine: Engine, centres: Collection[str]) -> list[ContentDraft]:
    """The open drafts for these centres, the oldest first."""
    return _found(
        engine, content_draft.c.state.in_(OPEN_DRAFTS), content_draft.c.centre.in_(list(centres))
    )


def waiting(engine: Engine, centres: Collection[str]) -> int:
    """How many drafts for these centres wait to be looked at."""
    query = select(sa.func.count()).where(
        content_draft.c.state == "review", content_draft.c.centre.in_(list(centres))
    )
    with read(engine) as connection:
        return int(connection.execute(query).scalar_one())


def _found(engine: Engine, *wanted: sa.ColumnElement[bool]) -> list[ContentDraft]:
    query = (
        select(content_draft, staff.c.title, staff.c.name)
        .join(staff)
        .where(*wanted)
        .order_by(content_draft.c.changed, content_draft.c.id)
    )
    with read(engine) as connection:
        rows = connection.execute(query).all()
        numbers = [row.id for row in rows]
        files = connection.execute(
            select(content_draft_file)
            .where(content_draft_file.c.draft_id.in_(numbers))
            .order_by(content_draft_file.c.path)
        ).all()
    return [_draft(row, [file for file in files if file.draft_id == row.id]) for row in rows]


def _draft(row: Row[Any], files: Iterable[Row[Any]]) -> ContentDraft:
    return ContentDraft(
        row.id,
        row.staff_id,
        row.title,
        row.name,
        row.centre,
        row.state,
        row.words,
        row.changed,
        {one.path: DraftFile(one.path, one.before, one.after) for one in files},
    )


# --- changed --------------------------------------------------------------------------------------


def put(
    engine: Engine,
    staff_id: int,
    centre: str,
    files: Sequence[DraftFile],
    *,
    now: datetime,
    rebase: bool = False,
) -> None:
    """Keep these files in her draft for a centre; one that is as it was is taken out of it.

    A file in the draft keeps its first `before`, unless `rebase` says that she has seen the new.
    Raises DraftError while the draft waits to be looked at, or if it would have too many files.
    """

    def work(connection: Connection) -> None:
        number = _opened(connection, staff_id, centre, now)
        known = {
            row.path: row.before
            for row in connection.execute(
                select(content_draft_file.c.path, content_draft_file.c.before).where(
                    content_draft_file.c.draft_id == number
                )
            )
        }
        for file in files:
            before = known.get(file.path, file.before) if not rebase else file.before
            if file.path in known:
                connection.execute(_file(number, file.path))
            if file.after != before:
                values = {"path": file.path, "before": before, "after": file.after}
                connection.execute(content_draft_file.insert().values(draft_id=number, **values))
            if file.path not in known and file.after != before:
                _note(connection, now, staff_id, "content-edit", centre, file.path)
        _tidy(connection, number)

    write(engine, work)


def take_out(engine: Engine, staff_id: int, centre: str, path: str, *, now: datetime) -> None:
    """Undo what she has changed in one file."""

    def work(connection: Connection) -> None:
        number = _opened(connection, staff_id, centre, now)
        if connection.execute(_file(number, path)).rowcount:
            _note(connection, now, staff_id, "content-undo", centre, path)
        _tidy(connection, number)

    write(engine, work)


def drop(engine: Engine, staff_id: int, centre: str, *, now: datetime) -> None:
    """Undo all that she has changed at a centre and not published."""
    found = open_draft(engine, staff_id, centre)
    if found:
        _move(engine, found, OPEN_DRAFTS, "dropped", "content-drop", now, f"staff:{staff_id}")


def send(engine: Engine, found: ContentDraft, *, now: datetime) -> bool:
    """Let a manager look at it first. False if it is not as it was any more, as for the others."""
    actor = f"staff:{found.staff_id}"
    return _move(engine, found, ("draft", "back"), "review", "content-send", now, actor)


def take_back(engine: Engine, found: ContentDraft, *, now: datetime) -> bool:
    """Go on with a draft that waits to be looked at."""
    return _move(engine, found, ("review",), "draft", None, now, "")


def send_back(
    engine: Engine, found: ContentDraft, words: str, *, now: datetime, actor: str
) -> bool:
    """Give it back to its author, with words."""
    return _move(engine, found, ("review",), "back", "content-back", now, actor, words)


def published(engine: Engine, found: ContentDraft, *, now: datetime, actor: str) -> bool:
    """Note that its files have been written."""
    return _move(engine, found, OPEN_DRAFTS, "published", "content-publish", now, actor)


def forget_old(engine: Engine, now: datetime) -> int:
    """Delete drafts that nobody has changed for 90 days, published and dropped ones included."""
    late = content_draft.delete().where(content_draft.c.changed <= now - KEPT_FOR)
    return write(engine, lambda connection: int(connection.execute(late).rowcount))


def _move(
    engine: Engine,
    found: ContentDraft,
    states: Sequence[str],
    state: str,
    action: AuditAction | None,
    now: datetime,
    actor: str,
    words: str = "",
) -> bool:
    """Change the state, if neither it nor the files have changed since they were read."""

    def work(connection: Connection) -> bool:
        same = (content_draft.c.id == found.id, content_draft.c.changed == found.changed)
        moved = content_draft.update().where(*same, content_draft.c.state.in_(states))
        done = connection.execute(moved.values(state=state, words=words, changed=now)).rowcount
        if done and action:
            for path in found.files if action == "content-publish" else [""]:
                _note(connection, now, found.staff_id, action, found.centre, path, actor=actor)
        return bool(done)

    return write(engine, work)


def _opened(connection: Connection, staff_id: int, centre: str, now: datetime) -> int:
    """The number of her open draft, which is made if there is none; locked until the end."""
    mine = (
        content_draft.c.staff_id == staff_id,
        content_draft.c.centre == centre,
        content_draft.c.state.in_(OPEN_DRAFTS),
    )
    row = connection.execute(select(content_draft).where(*mine).with_for_update()).first()
    if row is None:
        made = content_draft.insert().values(
            staff_id=staff_id, centre=centre, state="draft", changed=now
        )
        return int(connection.execute(made.returning(content_draft.c.id)).scalar_one())
    if row.state == "review":
        raise DraftError(
            "Your changes wait to be looked at, so they cannot be changed now. "
            "Take them back first, on the page of the centre."
        )
    touched = content_draft.update().where(content_draft.c.id == row.id)
    connection.execute(touched.values(changed=now))
    return int(row.id)


def _file(number: int, path: str) -> sa.Delete:
    own = content_draft_file.c.draft_id == number
    return content_draft_file.delete().where(own, content_draft_file.c.path == path)


def _tidy(connection: Connection, number: int) -> None:
    """A draft without files is none."""
    own = content_draft_file.c.draft_id == number
    count = connection.execute(select(sa.func.count()).where(own)).scalar_one()
    if count > MOST_FILES:
        raise DraftError(f"These are more than {MOST_FILES} files. Publish some of them first.")
    if not count:
        connection.execute(content_draft.delete().where(content_draft.c.id == number))


def _note(
    connection: Connection,
    now: datetime,
    staff_id: int,
    action: AuditAction,
    centre: str,
    path: str,
    *,
    actor: str = "",
) -> None:
    """A line of the log. Its identity is the series', or the centre's for all that is no series."""
    name = PurePosixPath(path)
    slug = name.name.partition(".")[0]
    series = f"{centre}/{'' if slug == 'index' or name.suffix != '.md' else slug}"
    detail = {"file": name.name} if path else {}
    note(connection, now, actor or f"staff:{staff_id}", action, None, series, **detail)
