"""A page of the site as it will be with her draft, and the pictures of the draft.

The page is the real one: the server brings the public site to these pages (`site_page`), because
the staff pages and the site do not know each other.
"""

from __future__ import annotations

from dataclasses import replace

from flask import Response, abort, current_app, make_response
from markupsafe import escape
from werkzeug.wrappers import Response as Answered

from portal.directory import Directory
from portal.web.live.context import live
from portal.web.staff.access import staff_route
from portal.web.staff.content.desk import CONTENT, OF_CONTENT, OF_REVIEW, Desk, desk_of
from portal.web.staff.content.publish import effects_of
from portal.web.staff.scope import shown_mistakes
from portal.web.staff.screens import explain

_TYPES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp"}


_REVIEW = f"{CONTENT}/<centre>/review/<int(max=2147483647):number>"


@staff_route(f"{CONTENT}/<centre>/preview/<name>", may=OF_CONTENT)
def preview(centre: str, name: str) -> Answered:
    """The public page of a file, with the draft in place of what is published."""
    desk = desk_of(centre)
    return _page(desk, name, desk.path, f"{desk.path}/file/{name}")


@staff_route(f"{_REVIEW}/preview/<name>", may=OF_REVIEW)
def preview_of(centre: str, number: int, name: str) -> Answered:
    """The same with the draft of somebody whose changes she looks at."""
    desk = _reviewed(centre, number)
    above = f"{desk.path}/review/{number}"
    return _page(desk, name, above, above)


def _reviewed(centre: str, number: int) -> Desk:
    """The files of a centre with a draft of somebody else that waits; 403 if there is none."""
    desk = desk_of(centre)
    draft = next((one for one in desk.others if one.id == number and one.waits), None)
    return replace(desk, draft=draft) if draft else abort(403)


def _page(desk: Desk, name: str, above: str, back: str) -> Answered:
    """The page of a file. Its pictures are below the address `above`."""
    if desk.text(name) is None:
        abort(403)
    effects = effects_of(desk.draft) if desk.draft else None
    if effects and effects.directory is None:
        words = (
            f"{one.place.rpartition('/')[2]}: {one.words}"
            for one in shown_mistakes(effects.problems, desk.draft.files if desk.draft else ())
        )
        title = "The page can be shown when the mistakes are corrected"
        return explain(title, *words, status=409, back=back)
    directory = effects.directory if effects and effects.directory else live().directory
    slug = name.partition(".")[0]
    found = directory.find_series(f"{desk.centre.slug}/{slug}")
    private = found is not None and found.programme.sensitive
    path = desk.centre.path if slug == "index" else found.path if found else ""
    html = _html(desk, directory, path, above) if path and not private else None
    if html is None:
        return explain(
            "This has no page of its own",
            "Families find nothing of a sensitive group on the site: no place, and no time."
            if private
            else "It has one when it is published.",
            back=back,
        )
    return _with_bar(html, back)


def _html(desk: Desk, directory: Directory, path: str, above: str) -> str | None:
    """The page of the site, with the pictures of the centre as the draft has them."""
    centre = directory.centre(desk.centre.slug)
    files = centre.images.values() if centre else ()
    pictures = {file: f"{above}/picture/{file.name}" for file in files}
    html: str | None = current_app.config["site_page"](directory, path, pictures)
    if html is None:
        return None
    for file, address in pictures.items():  # in the texts
        html = html.replace(f'src="{desk.centre.path}{file.name}"', f'src="{address}"')
    return html


def _with_bar(html: str, back: str) -> Response:
    """The page with a line above it that leads back."""
    bar = (
        '<div class="notice" role="region" aria-label="Preview"><p>This is how the page will be. '
        f'Families do not see it yet. <a href="{escape(back)}">Back</a></p></div>'
    )
    return make_response(html.replace("<main", f"{bar}<main", 1))


@staff_route(f"{CONTENT}/<centre>/picture/<name>", may=OF_CONTENT)
def picture(centre: str, name: str) -> Answered:
    """A picture of the centre, from her draft or from the disk."""
    return _picture(desk_of(centre), name)


@staff_route(f"{_REVIEW}/picture/<name>", may=OF_REVIEW)
def picture_of(centre: str, number: int, name: str) -> Answered:
    """The same from the draft of somebody whose changes she looks at."""
    return _picture(_reviewed(centre, number), name)


def _picture(desk: Desk, name: str) -> Answered:
    kind = _TYPES.get(name.rpartition(".")[2])
    data = desk.text(name) if kind else None
    if data is None:
        abort(403)
    return Response(data, content_type=kind)
