"""A new series: last term's with new dates, or an empty one. Either is a draft until published."""

from __future__ import annotations

from typing import ClassVar

from flask import redirect, request
from werkzeug.wrappers import Response as Answered

from portal.content import ContentError
from portal.content.paths import is_slug
from portal.directory import Series
from portal.directory.values import day_words, slugify
from portal.editing import next_term
from portal.editing.content_drafts import DraftError, DraftFile
from portal.editing.drafts import WritingError, scalar
from portal.web.live.context import live
from portal.web.live.forms.answers import Answer, Pick
from portal.web.staff.access import staff_route
from portal.web.staff.content.desk import CONTENT, OF_CONTENT, Desk, desk_of
from portal.web.staff.forms import StaffForm
from portal.web.staff.scope import all_series, posted
from portal.web.staff.screens import page

_NEW = f"{CONTENT}/<centre>/new"


class CopyForm(StaffForm):
    """A series of this centre, and the term that it is copied into."""

    asked: ClassVar = ("series", "term")

    series = Pick("Which series?", missing="Choose the series to copy", what="the series")
    term = Pick("Into which term?", what="the term", hint="The next one, if you do not choose.")


class BlankForm(StaffForm):
    """A series without anything yet."""

    asked: ClassVar = ("programme", "name")

    programme = Pick("Programme", missing="Choose the programme", what="the programme")
    name = Answer(
        "Name of the file (optional)",
        what="the name",
        longest=60,
        hint="Small letters, digits and hyphens, like baby-massage-spring. It is part of the "
        "address of the page, and stays.",
    )


@staff_route(_NEW, may=OF_CONTENT, methods=("GET", "POST"), refills=True, keeps="the new series")
def new(centre: str) -> Answered:
    """Copy a series of this centre into another term."""
    desk = desk_of(centre)
    form = CopyForm(posted())
    series = _own(desk)
    form.series.options = [("", "Choose one"), *((one.slug, _said(one)) for one in series)]
    terms = [name for name in next_term.spans(live().directory.terms.terms) if name.count(" ") == 1]
    form.term.options = [("", "The next term"), *((name, name.capitalize()) for name in terms)]
    if request.method == "GET":
        asked = request.args.get("from", "").removesuffix(".md")
        form.series.data = asked if asked in {one.slug for one in series} else ""
        return _show(desk, form)
    status = form.refused()
    if status:
        return _show(desk, form, status)
    try:
        [copy] = next_term.copies(
            live().settings.root,
            live().directory,
            [f"{desk.centre.slug}/{form.series.text}"],
            form.term.text or None,
        )
        files = [
            DraftFile(path.as_posix(), None, text.encode()) for path, text in copy.files.items()
        ]
        for file in files:
            _check_free(desk, file.name)
        desk.put(*files)
    except ContentError as error:
        form.series.blame(error.problems[0].words)
        return _show(desk, form, 422)
    except (WritingError, DraftError) as error:
        form.series.blame(str(error).replace("Name another term with --term", "Choose another"))
        return _show(desk, form, 422)
    return redirect(f"{desk.path}/file/{files[0].name}", 303)


@staff_route(
    f"{_NEW}/blank", may=OF_CONTENT, methods=("GET", "POST"), refills=True, keeps="the new series"
)
def blank(centre: str) -> Answered:
    """Begin a series with nothing but its programme."""
    desk = desk_of(centre)
    form = BlankForm(posted())
    known = sorted(live().directory.programmes, key=lambda one: one.title.casefold())
    form.programme.options = [("", "Choose one"), *((one.slug, one.title) for one in known)]
    if request.method == "GET":
        return _show(desk, form)
    status = form.refused()
    if status:
        return _show(desk, form, status)
    slug = form.name.text or _free(desk, form.programme.text)
    if not is_slug(slug) or slug == "index":
        better = slugify(slug)
        form.name.blame(f"Use small letters, digits and hyphens, like {better or 'my-group'}")
        return _show(desk, form, 422)
    text = f"---\nprogramme: {scalar(form.programme.text)}\n---\n"
    try:
        _check_free(desk, f"{slug}.md")
        desk.put(DraftFile(desk.source(f"{slug}.md"), None, text.encode()))
    except (WritingError, DraftError) as error:
        form.name.blame(str(error))
        return _show(desk, form, 422)
    return redirect(f"{desk.path}/file/{slug}.md", 303)


def _own(desk: Desk) -> list[Series]:
    """The centre's series that have an end, the latest first."""
    mine = (one for one in all_series(live().directory) if one.centre.slug == desk.centre.slug)
    return sorted(mine, key=lambda one: one.starts, reverse=True)


def _said(series: Series) -> str:
    return f"{series.name}, from {day_words(series.starts)}"


def _check_free(desk: Desk, name: str) -> None:
    if desk.text(name) is not None:
        raise WritingError(
            f"There is a file {name} already, on the site or in your draft. Change that one."
        )


def _free(desk: Desk, slug: str) -> str:
    """A name that no file of the centre has."""
    names = [slug, *(f"{slug}-{number}" for number in range(2, 100))]
    return next((name for name in names if desk.text(f"{name}.md") is None), slug)


def _show(desk: Desk, form: StaffForm, status: int = 200) -> Answered:
    copying = isinstance(form, CopyForm)
    return page(
        "staff/content/new.html",
        "New series" if copying else "New series from nothing",
        status,
        error=status != 200,
        back=desk.path if copying else f"{desk.path}/new",
        desk=desk,
        form=form,
        copying=copying,
    )
