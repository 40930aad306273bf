"""The centres that somebody may edit, and the files of one of them, by what is on when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import request
from werkzeug.wrappers import Response as Answered

from portal import content
from portal.directory import Series
from portal.directory.values import LONDON, day_words
from portal.editing import content_drafts
from portal.editing.file_checks import is_translation, mistakes_in
from portal.editing.next_term import spans
from portal.web.live.context import live
from portal.web.staff.access import current, now, staff_route
from portal.web.staff.content.desk import (
    CONTENT,
    EDITORS,
    OF_CONTENT,
    Desk,
    centres,
    desk_of,
)
from portal.web.staff.scope import shown_mistakes
from portal.web.staff.screens import page


@staff_route(CONTENT, may=EDITORS)
def choose() -> Answered:
    """The centres whose pages she may change, and the changes that wait for her."""
    mine = centres()
    with live().database() as engine:
        drafts = content_drafts.open_drafts(engine, {one.slug for one in mine})
    own = {one.centre: one for one in drafts if one.staff_id == current().id}
    review = [one for one in drafts if one.waits] if current().may("review content") else []
    titles = {one.slug: one.title for one in mine}
    return page(
        "staff/content/choose.html",
        "Content",
        centres=mine,
        drafts=own,
        review=review,
        titles=titles,
    )


@staff_route(f"{CONTENT}/<centre>", may=OF_CONTENT)
def centre(centre: str) -> Answered:
    """A centre's page and its series: running, coming and over, each with its state."""
    desk = desk_of(centre)
    lines = _lines(desk)
    return page(
        "staff/content/centre.html",
        desk.centre.title,
        back=CONTENT,
        desk=desk,
        lines={part: [one for one in lines if one.part == part] for part in _PARTS},
        parts=_PARTS,
        saved=request.args.get("saved", ""),
        until=day_words(desk.draft.until.astimezone(LONDON).date()) if desk.draft else "",
    )


_PARTS = {
    "page": "The centre’s page",
    "new": "New, not on the site yet",
    "running": "Running",
    "coming": "Coming",
    "over": "Over",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One file in the list."""

    name: str
    title: str
    about: str
    part: str
    order: tuple[date, str]
    changed: bool
    mistakes: int
    warnings: tuple[str, ...]
    others: tuple[str, ...]
    translation: bool


def _lines(desk: Desk) -> list[Line]:
    warned: dict[str, list[str]] = {}
    sources = {desk.source(name) for name in desk.texts()}
    warnings = [one for one in content.warnings(live().directory) if one.path in sources]
    for one in shown_mistakes(warnings, sources):
        warned.setdefault(one.path, []).append(one.words)
    found = [_line(desk, name, tuple(warned.get(desk.source(name), ()))) for name in desk.texts()]
    return sorted(found, key=lambda one: one.order)


def _line(desk: Desk, name: str, warnings: tuple[str, ...]) -> Line:
    series = desk.series(name)
    drafted = desk.drafted(name)
    mistakes = 0
    if drafted and drafted.after is not None:
        mistakes = len(mistakes_in(drafted.after, desk.source(name), live().directory)[1])
    return Line(
        name,
        desk.title(name),
        _about(series) if series else "",
        "page" if name.startswith("index.") else _part(series),
        (series.starts if series else date.max, name),
        drafted is not None,
        mistakes,
        warnings,
        tuple(desk.others_at(name)),
        is_translation(name),
    )


def _part(series: Series | None) -> str:
    if series is None:
        return "new"
    dates = [one for one in series.all_sessions if not one.cancelled] or series.all_sessions
    if not dates or all(one.ends < now() for one in dates):
        return "over"
    return "coming" if min(one.starts for one in dates) > now() else "running"


def _about(series: Series) -> str:
    """Its dates: 'Tuesdays, 10am to 12pm, from 12 January 2027 (spring 2027)'."""
    term = next(
        (
            span.name
            for span in spans(live().directory.terms.terms).values()
            if span.first <= series.starts <= span.last and span.name.count(" ") == 1
        ),
        "",
    )
    said = day_words(series.starts)
    if series.ongoing:
        said = f"From {said}"
    elif len(series.all_sessions) > 1:
        said += f" to {day_words(max(one.day for one in series.all_sessions))}"
    said += f", {series.time.words}"
    return f"{said} ({term})" if term else said
