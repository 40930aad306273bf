"""One file of a centre: as a form made from its declarations, or whole as text.

Whatever is sent is kept in the draft, with its mistakes marked, so that nothing typed is lost; only
what has none can be published. The form carries a digest of the file that it shows. If the file is
another by then, the form is shown again with what was typed, beside what the file says now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, g, redirect, request
from markupsafe import Markup
from werkzeug.wrappers import Response as Answered

from portal import content
from portal.content.front_matter import Written
from portal.editing import content_drafts, file_forms
from portal.editing.content_drafts import DraftError, DraftFile
from portal.editing.file_checks import Mistake, is_translation, mistakes_in, model_of, rendered
from portal.editing.file_forms import Known
from portal.editing.files import EditingError, digest_of, text_of
from portal.editing.rewriting import RewritingError, rewritten
from portal.web.live.context import live
from portal.web.staff.access import current, now, staff_route
from portal.web.staff.content.desk import CONTENT, OF_CONTENT, Desk, desk_of
from portal.web.staff.forms import NOT_YOURS
from portal.web.staff.screens import page

_FILE = f"{CONTENT}/<centre>/file/<name>"
_TEXT = f"{CONTENT}/<centre>/text/<name>"
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that somebody looks at, as it is in her draft or on the disk."""

    desk: Desk
    name: str
    raw: bytes
    text: str
    written: Written

    @property
    def digest(self) -> str:
        return digest_of(self.raw)

    @property
    def path(self) -> str:
        return self.desk.source(self.name)

    @property
    def fits_a_form(self) -> bool:
        return self.written.fields is not None and not is_translation(self.name)

    def same(self) -> bool:
        """Whether the form was made from this file."""
        return request.form.get("seen") == self.digest


def opened(desk: Desk, name: str) -> Opened:
    """The file of a centre that an address names; 403 if it has none."""
    raw = desk.text(name) if name.endswith(".md") else None
    if raw is None:
        abort(403)
    text = text_of(raw)
    if text is None:
        raise EditingError(f"{name} is not text in UTF-8, so it cannot be edited here.")
    written, _ = mistakes_in(raw, desk.source(name), live().directory)
    return Opened(desk, name, raw, text, written)


@staff_route(
    _FILE, may=OF_CONTENT, methods=("GET", "POST"), refills=True, keeps="the change to the content"
)
def edit(centre: str, name: str) -> Answered:
    """The form of a file."""
    desk = desk_of(centre)
    file = opened(desk, name)
    if not file.fits_a_form:
        return redirect(f"{desk.path}/text/{name}", 303)
    if request.method == "GET":
        return _show_form(file)
    changes = _asked(file)
    body = _body(file)
    if g.foreign:
        return _show_form(file, changes, body, 400, trouble=NOT_YOURS)
    if not file.same():
        return _show_form(file, changes, body, 409, differs=[*_differences(file, changes, body)])
    try:
        text = rewritten(file.text, changes, body)
        _keep(file, text)
    except RewritingError as error:
        return _show_form(file, changes, body, 422, trouble=str(error))
    except DraftError as error:
        return _show_form(file, changes, body, 409, trouble=str(error))
    file = opened(desk_of(centre), name) if text.encode() != file.raw else file
    found = _mistakes(file)
    if found:
        return _show_form(file, status=422, mistakes=found)
    return redirect(f"{desk.path}?saved=yes", 303)


def _asked(file: Opened) -> Mapping[str, Any]:
    model, fields = model_of(file.name), file.written.fields or {}
    return file_forms.changes(model, fields, request.form, _known(file.desk)).fields


def _body(file: Opened) -> str | None:
    """The text below the fields, if it was changed."""
    if "body" not in request.form:
        return None
    sent = _plain(request.form["body"])
    return None if sent.strip() == file.written.body.strip() else sent.strip() + "\n"


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _mistakes(file: Opened) -> list[Mistake]:
    return mistakes_in(file.raw, file.path, live().directory)[1]


def _hard_words(file: Opened) -> list[content.Problem]:
    return content.hard_words(file.written, live().directory)


def _keep(file: Opened, text: str) -> None:
    after = text.encode("utf-8", "replace")
    if after != file.raw:
        file.desk.put(DraftFile(file.path, file.desk.on_disk(file.name), after))


def _known(desk: Desk) -> Known:
    """Known words that depend on the content."""
    directory = live().directory
    return {
        "programme": {one.slug: one.title for one in directory.programmes},
        "district": {one.slug: one.title for one in directory.districts},
        "photo": {one: one for one in desk.pictures()},
    }


def _differences(
    file: Opened, changes: Mapping[str, Any], body: str | None
) -> Iterator[tuple[str, str, str]]:
    """Where the file is another than what was typed: the field, the file's words, the typed."""
    fields = file.written.fields or {}
    for name, value in changes.items():
        yield file_forms.label_of(name), _said(fields.get(name)), _said(value)
    if body is not None:
        yield "Text", file.written.body.strip(), body.strip()


def _said(value: Any) -> str:
    """A value of a file on one line."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_said(one)}" for name, one in value.items())
    if isinstance(value, list):
        return "; ".join(map(_said, value))
    return str(value or "nothing")


def _show_form(
    file: Opened,
    changes: Mapping[str, Any] | None = None,
    body: str | None = None,
    status: int = 200,
    *,
    trouble: str = "",
    differs: Sequence[tuple[str, str, str]] = (),
    mistakes: Sequence[Mistake] = (),
) -> Answered:
    model = model_of(file.name)
    fields = {**(file.written.fields or {}), **(changes or {})}
    fields = {name: value for name, value in fields.items() if value is not None}
    groups = file_forms.groups(model, fields, _known(file.desk))
    anchors = file_forms.anchors(groups)
    problems, beside = _problems(mistakes, anchors)
    if trouble:
        problems = [("", trouble), *problems]
    text = file.written.body.strip() if body is None else body
    return page(
        "staff/content/file.html",
        file.desk.title(file.name),
        status,
        error=bool(problems or differs),
        back=file.desk.path,
        desk=file.desk,
        file=file,
        groups=groups,
        opened=_opened(beside),
        odd=file_forms.odd_fields(model, file.written.fields or {}),
        problems=problems,
        beside=beside,
        differs=differs,
        body=text,
        shown=_html(file, text),
        drafted=file.desk.drafted(file.name),
        hard=[content.without_remedy(one.words) for one in _hard_words(file)],
        saved=bool(mistakes),
        also=file.desk.others_at(file.name),
    )


def _html(file: Opened, text: str) -> Markup:
    """The text as families will read it."""
    html = rendered(text, images_at=f"{file.desk.path}/picture/")
    return Markup(html)  # noqa: S704 - made safe by `prose`


def _problems(
    mistakes: Sequence[Mistake], anchors: Mapping[str, str]
) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """The summary, and the words beside each question."""
    problems, beside = [], dict[str, str]()
    for one in mistakes:
        name = "body" if one.place == ("body",) else file_forms.question_at(one.place, anchors)
        words = plain_words(one)
        problems.append((anchors.get(name, name), words))
        if name:
            beside[name] = f"{beside[name]} {words}" if name in beside else words
    return problems, beside


def plain_words(mistake: Mistake) -> str:
    """A mistake without the name of the field that it stands beside."""
    words = mistake.words
    for step in reversed(mistake.place):
        words = words.removeprefix(f"'{step}': ")
    return words[:1].upper() + words[1:]


def _opened(beside: Mapping[str, str]) -> set[str]:
    """What must not stay folded in, because there is a mistake inside."""
    steps = [name.split("-") for name in beside]
    return {"-".join(one[:number]) for one in steps for number in range(1, len(one) + 1)}


# --- the whole file -------------------------------------------------------------------------------


@staff_route(
    _TEXT, may=OF_CONTENT, methods=("GET", "POST"), refills=True, keeps="the change to the content"
)
def whole(centre: str, name: str) -> Answered:
    """A file as text, for what no form can show."""
    desk = desk_of(centre)
    file = opened(desk, name)
    if request.method == "GET":
        return _show_text(file, mistakes=_mistakes(file) if desk.drafted(name) else ())
    typed = _like(file.text, _plain(request.form.get("text", "")))
    if g.foreign:
        return _show_text(file, typed, 400, trouble=NOT_YOURS)
    if not file.same():
        return _show_text(file, typed, 409, trouble=_CHANGED, now_there=file.text)
    try:
        _keep(file, typed)
    except DraftError as error:
        return _show_text(file, typed, 409, trouble=str(error))
    file = opened(desk_of(centre), name)
    if found := _mistakes(file):
        return _show_text(file, status=422, mistakes=found)
    return redirect(f"{desk.path}?saved=yes", 303)


_CHANGED = (
    "This file has changed since you opened it. Your text is below, and the file as it is now "
    "beneath it. Bring them together, and save again"
)


def _like(text: str, typed: str) -> str:
    """What was typed with the line ends and the mark at the start that the file has."""
    typed = typed.removeprefix(_BOM)
    if not typed.endswith("\n"):
        typed += "\n"
    if "\r\n" in text:
        typed = typed.replace("\n", "\r\n")
    return _BOM + typed if text.startswith(_BOM) else typed


def _show_text(
    file: Opened,
    typed: str | None = None,
    status: int = 200,
    *,
    trouble: str = "",
    mistakes: Sequence[Mistake] = (),
    now_there: str = "",
) -> Answered:
    text = (file.text if typed is None else typed).removeprefix(_BOM)
    problems = [("text", f"Line {one.line}: {plain_words(one)}") for one in mistakes]
    return page(
        "staff/content/text.html",
        f"{file.desk.title(file.name)} as text",
        status,
        error=bool(trouble or (mistakes and status != 200)),
        back=f"{file.desk.path}/file/{file.name}" if file.fits_a_form else file.desk.path,
        desk=file.desk,
        file=file,
        text=text,
        problems=[("text", trouble), *problems] if trouble else problems,
        now_there=now_there,
        also=file.desk.others_at(file.name),
        drafted=file.desk.drafted(file.name),
    )


@staff_route(f"{_FILE}/undo", may=OF_CONTENT, methods=("POST",))
def undo(centre: str, name: str) -> Answered:
    """Take one file out of the draft."""
    desk = desk_of(centre)
    with live().database() as engine:
        content_drafts.take_out(
            engine, current().id, desk.centre.slug, desk.source(name), now=now()
        )
    return redirect(desk.path, 303)
