"""The photo of a centre: sent as the phone took it, made small and clean, with words for it.

It becomes part of the draft, under a name of its own, and the file of the centre names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import g, redirect, request
from werkzeug.wrappers import Response as Answered

from portal.content.front_matter import read_written
from portal.editing import pictures
from portal.editing.content_drafts import DraftError, DraftFile
from portal.editing.file_forms import one_line
from portal.editing.files import digest_of
from portal.editing.pictures import PictureError
from portal.editing.rewriting import RewritingError, rewritten
from portal.web.staff.access import staff_route
from portal.web.staff.content.desk import CONTENT, OF_CONTENT, Desk, desk_of
from portal.web.staff.content.editing import opened
from portal.web.staff.forms import NOT_YOURS
from portal.web.staff.screens import page

_LONGEST_ALT = 200

# The part that must stay in the picture, as shares of its width and height.
_THIRDS: Sequence[tuple[str, float]] = (("left", 1 / 6), ("middle", 1 / 2), ("right", 5 / 6))
_ROWS: Sequence[tuple[str, float]] = (("top", 1 / 6), ("middle", 1 / 2), ("bottom", 5 / 6))
FOCUS: Mapping[str, tuple[float, float]] = {
    f"{row}-{column}": (across, down) for row, down in _ROWS for column, across in _THIRDS
}
_MIDDLE = "middle-middle"


@staff_route(
    f"{CONTENT}/<centre>/photo",
    may=OF_CONTENT,
    methods=("GET", "POST"),
    refills=True,
    uploads=True,
)
def photo(centre: str) -> Answered:
    """Send a photo of the centre."""
    desk = desk_of(centre)
    if request.method == "GET":
        return _show(desk)
    if g.foreign:
        return _show(desk, [("", NOT_YOURS)], 400)
    alt = one_line(request.form.get("alt", ""))
    sent = request.files.get("photo")
    data = sent.read() if sent else b""
    focus = FOCUS.get(request.form.get("focus", _MIDDLE), FOCUS[_MIDDLE])
    problems = [] if data else [("photo", "Choose a photo from your phone or computer")]
    problems += _wrong_words(alt)
    try:
        picture = pictures.cleaned(data, focus=focus) if data else None
    except PictureError as error:
        problems.insert(0, ("photo", str(error)))
    if problems or picture is None:
        return _show(desk, problems, 422)
    try:
        _keep(desk, picture.data, picture.extension, alt)
    except (RewritingError, DraftError) as error:
        return _show(desk, [("", str(error))], 409)
    return redirect(f"{desk.path}/photo?saved=yes", 303)


def _wrong_words(alt: str) -> list[tuple[str, str]]:
    if not alt:
        return [("alt", "Say what the photo shows, for people who cannot see it")]
    if len(alt) > _LONGEST_ALT:
        return [("alt", f"Shorten what the photo shows to {_LONGEST_ALT} characters")]
    return []


def _keep(desk: Desk, data: bytes, extension: str, alt: str) -> None:
    """The new picture, the centre's file that names it, and the old picture gone if none needs it.

    Each picture has a name of its own, so that no browser shows the old one.
    """
    file = opened(desk, "index.md")
    name = f"photo-{digest_of(data)[:8]}.{extension.lstrip('.')}"
    text = rewritten(file.text, {"photo": name, "photo_alt": alt}, None)
    files = [
        DraftFile(desk.source(name), desk.on_disk(name), data),
        DraftFile(file.path, desk.on_disk("index.md"), text.encode()),
    ]
    old = str((file.written.fields or {}).get("photo", ""))
    if old and old != name and old in desk.pictures() and not _mentioned(desk, old):
        files.append(DraftFile(desk.source(old), desk.on_disk(old), None))
    desk.put(*files)


def _mentioned(desk: Desk, picture: str) -> bool:
    """Whether a text of the centre shows a picture, beside its field `photo`."""
    for name in desk.texts():
        written = read_written(desk.text(name) or b"", name, has_body=True)
        if picture in written.body:
            return True
    return False


def _show(desk: Desk, problems: Sequence[tuple[str, str]] = (), status: int = 200) -> Answered:
    fields = opened(desk, "index.md").written.fields or {}
    beside = dict(reversed(problems))
    return page(
        "staff/content/photo.html",
        "Photo",
        status,
        error=bool(problems),
        back=desk.path,
        desk=desk,
        problems=problems,
        beside=beside,
        now_shown=str(fields.get("photo", "")),
        alt=request.form.get("alt", "") if problems else str(fields.get("photo_alt", "")),
        shown_alt=str(fields.get("photo_alt", "")),
        focus=list(FOCUS),
        chosen=request.form.get("focus", _MIDDLE),
        saved="saved" in request.args,
        drafted=desk.drafted(str(fields.get("photo", "")) or "index.md") is not None,
    )
