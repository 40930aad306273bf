"""A file that somebody else changed while it was being edited: both versions, and how to go on.

Nothing is lost: she keeps her version, takes theirs, or brings the two together in a text that
already has her changes on top of theirs wherever that can be done safely.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from flask import abort, g, redirect, request
from werkzeug.wrappers import Response as Answered

from portal.content.front_matter import read_written
from portal.editing import content_drafts
from portal.editing.content_drafts import DraftFile
from portal.editing.files import digest_of
from portal.editing.rewriting import RewritingError, rewritten
from portal.web.live.context import live
from portal.web.staff.access import current, now, staff_route
from portal.web.staff.content.desk import CONTENT, OF_CONTENT, Desk, desk_of
from portal.web.staff.content.publish import lines_of
from portal.web.staff.forms import NOT_YOURS
from portal.web.staff.screens import page

_CHANGED = "The file has changed once more. Look at both versions again"


@staff_route(
    f"{CONTENT}/<centre>/clash/<name>",
    may=OF_CONTENT,
    methods=("GET", "POST"),
    refills=True,
    keeps="the two versions of a file",
)
def clash(centre: str, name: str) -> Answered:
    """Two versions of one file."""
    desk = desk_of(centre)
    mine = desk.drafted(name)
    if mine is None:
        abort(403)
    theirs = desk.on_disk(name)
    if theirs in (mine.before, mine.after):
        return redirect(f"{desk.path}/changes", 303)
    if request.method == "GET":
        return _show(desk, mine, theirs)
    if g.foreign:
        return _show(desk, mine, theirs, 400, trouble=NOT_YOURS)
    if request.form.get("seen") != _digest(theirs):
        return _show(desk, mine, theirs, 409, trouble=_CHANGED)
    step = request.form.get("step")
    if step == "theirs":
        with live().database() as engine:
            content_drafts.take_out(engine, current().id, desk.centre.slug, mine.path, now=now())
    elif step == "mine":
        desk.put(DraftFile(mine.path, theirs, mine.after), rebase=True)
    else:
        text = request.form.get("text", "").replace("\r\n", "\n")
        if theirs and b"\r\n" in theirs:
            text = text.replace("\n", "\r\n")
        desk.put(DraftFile(mine.path, theirs, text.encode("utf-8", "replace")), rebase=True)
    return redirect(f"{desk.path}/changes" if step != "theirs" else desk.path, 303)


def _digest(raw: bytes | None) -> str:
    return digest_of(raw) if raw is not None else "none"


def _show(
    desk: Desk, mine: DraftFile, theirs: bytes | None, status: int = 200, *, trouble: str = ""
) -> Answered:
    text = theirs is not None and mine.after is not None and mine.name.endswith(".md")
    merged, both = together(mine, theirs) if text else ("", [])
    typed = request.form.get("text")
    return page(
        "staff/content/clash.html",
        "Two versions of one file",
        status,
        error=bool(trouble),
        back=f"{desk.path}/changes",
        desk=desk,
        about=desk.title(mine.name),
        name=mine.name,
        theirs=theirs,
        mine=mine.after,
        rows=[*side_by_side(theirs, mine.after)] if text else [],
        merged=typed if typed is not None and trouble else merged,
        both=both,
        text=text,
        seen=_digest(theirs),
        problems=[("", trouble)] if trouble else [],
    )


def together(mine: DraftFile, theirs: bytes | None) -> tuple[str, list[str]]:
    """Their file with her changes on top, and the fields that both have changed.

    Her whole version, if that cannot be done safely.
    """
    ours = (mine.after or b"").decode("utf-8", "replace")
    texts = (mine.before or b"", mine.after or b"", theirs or b"")
    base, after, there = (read_written(one, mine.path, has_body=True) for one in texts)
    if base.fields is None or after.fields is None or there.fields is None:
        return ours, []
    names = dict.fromkeys([*base.fields, *after.fields])
    changed = {
        name: after.fields.get(name)
        for name in names
        if base.fields.get(name) != after.fields.get(name)
    }
    both = [
        name
        for name, value in changed.items()
        if there.fields.get(name) not in (base.fields.get(name), value)
    ]
    body = after.body if after.body != base.body else None
    if body is not None and there.body not in (base.body, body):
        both.append("the text")
    try:
        return rewritten((theirs or b"").decode("utf-8", "replace"), changed, body), both
    except RewritingError:
        return ours, both


def side_by_side(left: bytes | None, right: bytes | None) -> Iterator[tuple[str, str, bool]]:
    """The lines of two versions beside each other, and whether they differ."""
    old, new = lines_of(left), lines_of(right)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, start, end, first, last in matcher.get_opcodes():
        for number in range(max(end - start, last - first)):
            one = old[start + number] if start + number < end else ""
            two = new[first + number] if first + number < last else ""
            yield one, two, kind != "equal"
