"""The history of a file: who changed it when, and an earlier version put back as a draft."""

from __future__ import annotations

import re

from flask import abort, redirect
from werkzeug.wrappers import Response as Answered

from portal.content.git import is_checkout
from portal.directory.values import LONDON, moment_words
from portal.editing import publishing
from portal.editing.content_drafts import DraftError, DraftFile
from portal.editing.files import EditingError
from portal.web.live.context import live
from portal.web.staff.access import staff_route
from portal.web.staff.content.desk import CONTENT, OF_CONTENT, Desk, desk_of
from portal.web.staff.content.publish import differing
from portal.web.staff.screens import explain, page

_HISTORY = f"{CONTENT}/<centre>/history/<name>"
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@staff_route(_HISTORY, may=OF_CONTENT)
def history(centre: str, name: str) -> Answered:
    """Who changed a file, when, and what for."""
    desk = desk_of(centre)
    root = live().settings.root
    versions = publishing.history(root, _text_at(desk, name))
    return page(
        "staff/content/history.html",
        f"History: {desk.title(name)}",
        back=f"{desk.path}/file/{name}" if desk.text(name) is not None else desk.path,
        desk=desk,
        name=name,
        kept=is_checkout(root),
        rows=[(one, moment_words(one.when.astimezone(LONDON))) for one in versions],
    )


def _text_at(desk: Desk, name: str) -> str:
    """The path of a text; 403 for a picture, whose bytes are no text and would be broken."""
    return desk.source(name) if name.endswith(".md") else abort(403)


def _version(desk: Desk, name: str, commit: str) -> bytes:
    """The file at a commit; 403 if it had none."""
    path = _text_at(desk, name)
    if not _COMMIT.fullmatch(commit):
        abort(403)
    try:
        return publishing.version(live().settings.root, path, commit).encode()
    except EditingError:
        abort(403)


@staff_route(f"{_HISTORY}/<commit>", may=OF_CONTENT)
def version(centre: str, name: str, commit: str) -> Answered:
    """An earlier version, and what putting it back would change."""
    desk = desk_of(centre)
    earlier = _version(desk, name, commit)
    return page(
        "staff/content/version.html",
        f"An earlier version: {desk.title(name)}",
        back=f"{desk.path}/history/{name}",
        desk=desk,
        name=name,
        commit=commit,
        lines=[*differing(desk.text(name), earlier)],
        same=desk.text(name) == earlier,
        text=earlier.decode("utf-8", "replace"),
    )


@staff_route(f"{_HISTORY}/<commit>/back", may=OF_CONTENT, methods=("POST",))
def put_back(centre: str, name: str, commit: str) -> Answered:
    """Take an earlier version into her draft. It is published like any other change."""
    desk = desk_of(centre)
    earlier = _version(desk, name, commit)
    try:
        desk.put(DraftFile(desk.source(name), desk.on_disk(name), earlier))
    except DraftError as error:
        return explain("We could not do that", str(error), status=409, back=desk.path)
    return redirect(f"{desk.path}/changes", 303)
