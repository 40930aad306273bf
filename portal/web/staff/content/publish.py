"""What a draft will change, and publishing it: by its author, or by a manager who looks first.

Before anything is written the page says which dates change, how many bookings that touches, who is
told by message and whom staff must ring. The button publishes what the page showed: if the draft or
a file has changed since, the page is shown again.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath

from flask import abort, g, redirect, request
from werkzeug.wrappers import Response as Answered

from portal import content
from portal.content.front_matter import Problem
from portal.editing import content_drafts, publishing
from portal.editing.content_drafts import ContentDraft, DraftFile
from portal.editing.file_forms import one_line
from portal.editing.files import Conflict, Edit, EditingError, bytes_of, digest_of
from portal.editing.publishing import Author, Effects
from portal.web.live.context import live
from portal.web.staff.access import current, now, staff_route
from portal.web.staff.content.desk import CONTENT, OF_CONTENT, OF_REVIEW, Desk, desk_of
from portal.web.staff.forms import NOT_YOURS
from portal.web.staff.scope import shown_mistakes
from portal.web.staff.screens import explain, page

_LONGEST = 300  # characters of words for the history, or of a manager's answer
_AROUND = 2  # lines shown around a difference
_LOOKED_FOR = timedelta(minutes=10)  # how long a page waits for the site to be built


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of a draft, as the page shows it."""

    name: str
    title: str
    kind: str  # new, changed or gone
    lines: tuple[tuple[str, str], ...]  # the sign of a difference, and the line
    clash: bool
    picture: bool


def edits_of(draft: ContentDraft) -> list[Edit]:
    """A draft as `publishing` takes it."""
    return [
        Edit(one.path, one.after, None if one.before is None else digest_of(one.before))
        for one in draft.files.values()
    ]


def file_changes(desk: Desk, draft: ContentDraft) -> list[FileChange]:
    """What a draft changes, file by file."""
    return [_file_change(desk, one) for one in draft.files.values()]


def _file_change(desk: Desk, file: DraftFile) -> FileChange:
    there = bytes_of(live().settings.root, file.path)
    kind = "gone" if file.after is None else "new" if file.before is None else "changed"
    picture = not file.name.endswith(".md")
    lines = () if picture else tuple(differing(file.before, file.after))
    clash = there not in (file.before, file.after)
    return FileChange(file.name, desk.title(file.name), kind, lines, clash, picture)


def differing(before: bytes | None, after: bytes | None) -> Iterator[tuple[str, str]]:
    """The lines that differ, with a few around them: '-' gone, '+' new, ' ' the same."""
    old, new = lines_of(before), lines_of(after)
    for line in list(difflib.unified_diff(old, new, n=_AROUND, lineterm=""))[2:]:
        yield ("@", "") if line.startswith("@@") else (line[0], line[1:])


def lines_of(raw: bytes | None) -> list[str]:
    return (raw or b"").decode("utf-8", "replace").splitlines()


# --- what will change -----------------------------------------------------------------------------


@staff_route(f"{CONTENT}/<centre>/changes", may=OF_CONTENT, methods=("GET", "POST"), refills=True)
def changes(centre: str) -> Answered:
    """What her draft will change. Then she publishes it, sends it to a manager or drops it."""
    desk = desk_of(centre)
    draft = desk.draft
    if draft is None or draft.waits:
        return abort(400) if g.foreign else redirect(desk.path, 303)
    if request.method == "GET":
        return _show(desk, draft)
    if g.foreign:
        return _show(desk, draft, 400, trouble=NOT_YOURS)
    step = request.form.get("step")
    if step == "drop":
        with live().database() as engine:
            content_drafts.drop(engine, current().id, draft.centre, now=now())
        return redirect(desk.path, 303)
    if not _seen(draft):
        return _show(desk, draft, 409, trouble=_CHANGED)
    if _must_be_seen():
        with live().database() as engine:
            content_drafts.send(engine, draft, now=now())
        return redirect(desk.path, 303)
    return _publish(desk, draft)


_CHANGED = "Your draft has changed since you opened this page. Look at it again, then publish it"


def _typed(name: str) -> str:
    return one_line(request.form.get(name, ""))[:_LONGEST]


def _seen(draft: ContentDraft) -> bool:
    return request.form.get("seen") == _version(draft)


def _version(draft: ContentDraft) -> str:
    """Identifies what a draft holds."""
    held = [(one.path, one.before, one.after) for one in draft.files.values()]
    return digest_of(repr(held))


def _must_be_seen() -> bool:
    """Whether a manager looks at her changes first (PORTAL_CONTENT_REVIEW)."""
    return current().role in live().settings.content_review


def effects_of(draft: ContentDraft) -> Effects:
    """What publishing a draft would do."""
    with live().database() as engine:
        return publishing.check(live().settings, edits_of(draft), now=now(), engine=engine)


def _show(
    desk: Desk,
    draft: ContentDraft,
    status: int = 200,
    *,
    trouble: str = "",
    problems: Sequence[Problem] | None = None,
    review: bool = False,
) -> Answered:
    files = file_changes(desk, draft)
    clashes = [one for one in files if one.clash]
    effects = Effects(problems=tuple(problems or ()))
    if problems is None and not clashes:
        effects = effects_of(draft)
    return page(
        "staff/content/changes.html",
        "What will change",
        status,
        error=bool(trouble),
        back=CONTENT if review else desk.path,
        desk=desk,
        draft=draft,
        files=files,
        clashes=clashes,
        effects=effects,
        mistakes=[*_mistakes(desk, draft, effects.problems)],
        warnings=[one.words for one in shown_mistakes(effects.warnings, draft.files)],
        problems=[("", trouble)] if trouble else [],
        seen=_version(draft),
        review=review,
        summary=_typed("summary"),
        words=_typed("words"),
        above=f"{desk.path}/review/{draft.id}" if review else desk.path,
        must_be_seen=_must_be_seen() and not review,
        counts=current().may("see families"),
        series=_named(effects),
        sensitive=[*_sensitive(effects)],
    )


def _mistakes(
    desk: Desk, draft: ContentDraft, problems: Iterable[Problem]
) -> Iterator[tuple[str, str, str]]:
    """Each mistake with the address where it is corrected, if the file is hers, and its place."""
    folder = f"{desk.folder}/"
    for one in shown_mistakes(problems, draft.files):
        name = PurePosixPath(one.path).name
        mine = one.path.startswith(folder) and name.endswith(".md")
        mine = mine and draft.staff_id == current().id
        place = PurePosixPath(one.place).name
        yield f"{desk.path}/text/{name}" if mine else "", place, one.sentence


def _named(effects: Effects) -> dict[str, list[publishing.Changed]]:
    """The dates that change, by series."""
    found: dict[str, list[publishing.Changed]] = {}
    for one in effects.differences:
        found.setdefault(one.name, []).append(one)
    return found


def _sensitive(effects: Effects) -> Iterator[str]:
    """The series of which the public will see nothing (S3)."""
    directory = effects.directory
    private = {one.identity for one in directory.private_series} if directory else set()
    yield from dict.fromkeys(one.name for one in effects.differences if one.series in private)


def _publish(desk: Desk, draft: ContentDraft, *, review: bool = False) -> Answered:
    words = _typed("summary")
    summary = words or f"{desk.centre.title}: {', '.join(one.name for one in draft.files.values())}"
    author = Author(draft.author, draft.email)
    try:
        with live().database() as engine:
            done = publishing.publish(
                live().settings, engine, edits_of(draft), author=author, summary=summary, now=now()
            )
            over = content_drafts.published(engine, draft, now=now(), actor=current().actor)
    except Conflict:
        return _show(desk, draft, 409, trouble=_CLASHES, review=review)
    except content.ContentError as error:
        return _show(desk, draft, 422, problems=error.problems, review=review)
    except EditingError as error:
        return explain("This is not published yet", str(error), status=409, back=desk.path)
    if not over:  # the draft was changed while its files were written: it goes on as a draft
        return redirect(CONTENT if review else f"{desk.path}/changes", 303)
    address = f"{desk.path}/published/{draft.id}"
    return redirect(f"{address}?uncommitted=yes" if done.warning else address, 303)


_CLASHES = "Somebody else has changed a file meanwhile. Bring the two versions together first"


# --- a manager looks first ------------------------------------------------------------------------


@staff_route(f"{CONTENT}/<centre>/take-back", may=OF_CONTENT, methods=("POST",))
def take_back(centre: str) -> Answered:
    """Go on with a draft that waits to be looked at."""
    desk = desk_of(centre)
    if desk.draft is not None:
        with live().database() as engine:
            content_drafts.take_back(engine, desk.draft, now=now())
    return redirect(desk.path, 303)


@staff_route(
    f"{CONTENT}/<centre>/review/<int(max=2147483647):number>",
    may=OF_REVIEW,
    methods=("GET", "POST"),
    refills=True,
    keeps="your answer about a change",
)
def review(centre: str, number: int) -> Answered:
    """What somebody sent to be looked at: publish it, or send it back with words."""
    desk = desk_of(centre)
    draft = next((one for one in desk.others if one.id == number), None)
    if draft is None:
        abort(403)
    if not draft.waits:
        return explain(
            "This does not wait any more",
            "It was taken back, sent back or published in the meantime.",
            status=409,
            back=CONTENT,
        )
    if request.method == "GET":
        return _show(desk, draft, review=True)
    if g.foreign:
        return _show(desk, draft, 400, trouble=NOT_YOURS, review=True)
    if not _seen(draft):
        return _show(desk, draft, 409, trouble=_CHANGED, review=True)
    if request.form.get("step") != "back":
        return _publish(desk, draft, review=True)
    words = _typed("words")
    if not words:
        trouble = "Write what should be different, so that it can be put right"
        return _show(desk, draft, 422, trouble=trouble, review=True)
    with live().database() as engine:
        content_drafts.send_back(engine, draft, words, now=now(), actor=current().actor)
    return redirect(CONTENT, 303)


# --- afterwards -----------------------------------------------------------------------------------


@staff_route(f"{CONTENT}/<centre>/published/<int(max=2147483647):number>", may=OF_CONTENT)
def published(centre: str, number: int) -> Answered:
    """Whether what was published is on the site by now. The page looks again by itself."""
    desk = desk_of(centre)
    with live().database() as engine:
        draft = content_drafts.draft(engine, number)
    if draft is None or draft.centre != desk.centre.slug or draft.state != "published":
        abort(403)
    state = publishing.state(live().settings)
    # Each look would keep her visit open (S32).
    late = state == "building" and now() - draft.changed > _LOOKED_FOR
    titles = {"building": "It is being published", "published": "It is on the site now"}
    answer = page(
        "staff/content/published.html",
        titles.get(state, "It could not be put on the site"),
        back=desk.path,
        desk=desk,
        draft=draft,
        state=state,
        trouble="" if state in titles else state,
        pages=[*_public(desk, draft)] if state == "published" else [],
        uncommitted="uncommitted" in request.args,
        late=late,
    )
    if state == "building" and not late:
        answer.headers["Refresh"] = "3"
    return answer


def _public(desk: Desk, draft: ContentDraft) -> Iterator[tuple[str, str]]:
    """The public pages of what was published: address and title."""
    known = {one.identity: one for one in live().directory.series}
    for name in dict.fromkeys(one.name.partition(".")[0] for one in draft.files.values()):
        series = known.get(f"{desk.centre.slug}/{name}")
        if series:
            yield series.path, series.name
    yield desk.centre.path, desk.centre.title
