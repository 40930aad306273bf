"""A whole centre in its next term, on one page: tick what is to be copied, change it, go on.

The copies become part of the draft of the centre, so that what will change is shown, sent to a
manager or published like every other change. Nothing is kept here before: what was typed comes back
with each press of a button. A series that somebody else has copied meanwhile is said to be there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import g, redirect, request
from werkzeug.wrappers import Response as Answered

from portal.directory.values import LONDON, day_words
from portal.editing import publishing, term_plan
from portal.editing.content_drafts import DraftError, DraftFile
from portal.editing.drafts import WritingError
from portal.editing.files import EditingError
from portal.editing.next_term import Span, whole_terms
from portal.editing.term_plan import Plan, Row
from portal.web.live.context import live
from portal.web.staff.access import now, staff_route
from portal.web.staff.content.desk import CONTENT, OF_CONTENT, Desk, desk_of
from portal.web.staff.content.publish import edits_of
from portal.web.staff.forms import NOT_YOURS
from portal.web.staff.scope import shown_mistakes
from portal.web.staff.screens import explain, page

LABELS = {"starts": "First date", "time": "Time", "sessions": "Sessions", "places": "Places"}
_LONGEST = 60  # characters of a field
_TICKED = "tick"

Problems = list[tuple[str, str]]


@staff_route(
    f"{CONTENT}/<centre>/next-term",
    may=OF_CONTENT,
    methods=("GET", "POST"),
    refills=True,
    keeps="the plan of the term",
)
def next_term(centre: str) -> Answered:
    """Copy the series of a centre into a term."""
    desk = desk_of(centre)
    ticked = [*dict.fromkeys(request.form.getlist(_TICKED))]
    try:
        plan = _plan(desk, ticked)
    except WritingError as error:
        return explain("This term is not known", str(error), status=404, back=desk.path)
    if request.method == "GET":
        return _show(desk, plan, [row.slug for row in _ticked_by_link(plan)])
    if g.foreign:
        return _show(desk, plan, ticked, 400, trouble=NOT_YOURS)
    step = request.form.get("step")
    if step in ("all", "none"):
        ticked = [row.slug for row in plan.of("offered")] if step == "all" else []
    if step != "go":
        return _show(desk, plan, ticked)
    return _go_on(desk, plan, ticked)


def _plan(desk: Desk, ticked: Sequence[str]) -> Plan:
    """The plan with what was typed. Raises WritingError if the term is not known."""
    return term_plan.plan(
        live().settings.root,
        live().directory,
        desk.centre.slug,
        request.values.get("term", "")[:_LONGEST] or None,
        today=now().astimezone(LONDON).date(),
        typed=_typed(),
        chosen=ticked or None,
        taken={name: _where(desk, name) for name in desk.texts()},
    )


def _typed() -> dict[str, dict[str, str]]:
    """What was typed, by series and field."""
    found: dict[str, dict[str, str]] = {}
    for key, value in request.form.items():
        name, _, slug = key.partition("-")
        if name in term_plan.FIELDS:
            found.setdefault(slug, {})[name] = value[:_LONGEST]
    return found


def _where(desk: Desk, name: str) -> str:
    """What is said of a copy that is not on the site yet."""
    return "Copied already, in your draft." if desk.drafted(name) else _ON_ITS_WAY


_ON_ITS_WAY = "Copied already. It is not on the site yet."


def _ticked_by_link(plan: Plan) -> list[Row]:
    """'?tick=all' and '?tick=bump-autumn' in the address, as links have it."""
    asked = request.args.getlist(_TICKED)
    return plan.of("offered") if "all" in asked else plan.chosen(asked)


def _go_on(desk: Desk, plan: Plan, ticked: Sequence[str]) -> Answered:
    """Keep the copies in her draft, or show the page again with what is wrong."""
    rows = plan.chosen(ticked)
    gone = [*_gone(plan, ticked)]
    if not ticked:
        first = next((f"{_TICKED}-{row.slug}" for row in plan.of("offered", "earlier")), "")
        return _show(desk, plan, ticked, 422, problems=[(first, "Tick the series to copy")])
    if gone or any(row.mistakes for row in rows):
        return _show(desk, plan, ticked, 409 if gone else 422, problems=gone, refused=True)
    try:
        plan = _with_clashes(desk, plan, rows)
        rows = plan.chosen(ticked)
        if any(row.mistakes or row.clashes for row in rows):
            return _show(desk, plan, ticked, 422, refused=True, looked=True)
        files = [
            DraftFile(edit.path, None, str(edit.text).encode()) for edit in term_plan.edits(rows)
        ]
        desk.put(*files)
    except (DraftError, EditingError) as error:
        return _show(desk, plan, ticked, 409, trouble=str(error), looked=True)
    return redirect(f"{desk.path}/changes", 303)


def _gone(plan: Plan, ticked: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What was ticked and cannot be copied any more, because somebody was quicker."""
    known = {row.slug: row for row in plan.rows}
    possible = {row.slug for row in plan.chosen(ticked)}
    for slug in ticked:
        if slug not in possible:
            row = known.get(slug)
            yield (
                "",
                f"{row.title}: {row.words}" if row else f"There is no series {slug} any more.",
            )


def _with_clashes(desk: Desk, plan: Plan, rows: Sequence[Row]) -> Plan:
    """What publishing these copies beside her draft would find. Raises EditingError."""
    edits = term_plan.edits(rows)
    if not edits:
        return plan
    drafted = edits_of(desk.draft) if desk.draft else []
    with live().database() as engine:
        effects = publishing.check(live().settings, [*drafted, *edits], now=now(), engine=engine)
    return term_plan.with_problems(plan, effects.problems, shown_mistakes)


# --- shown ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Box:
    """One field of a row, as the page shows it."""

    id: str
    label: str
    value: str
    error: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A row as the page shows it."""

    row: Row
    ticked: bool
    boxes: tuple[Box, ...]
    opened: bool  # whether the fields are shown: something was typed in them
    error: str  # beside the tick
    others: tuple[str, ...]  # who has a draft of the copy


def _shown(desk: Desk, row: Row, *, ticked: bool, refused: bool) -> Shown:
    beside: dict[str, list[str]] = {}
    for field, words in row.mistakes:
        beside.setdefault(field, []).append(words)
    if refused and ticked and row.clashes:
        beside.setdefault("", []).extend(row.clashes)
    errors = {field: f"{row.title}: {' '.join(words)}" for field, words in beside.items()}
    boxes = [
        Box(f"{name}-{row.slug}", LABELS[name], value, errors.get(name, ""))
        for name, value in (row.values or {}).items()
    ]
    others = desk.others_at(f"{row.target}.md") if row.target else []
    opened = row.changed or bool(beside)
    return Shown(row, ticked, tuple(boxes), opened, errors.get("", ""), tuple(others))


def _problems(rows: Sequence[Shown]) -> Problems:
    """The summary: each mistake beside a field, in the order of the page."""
    found = []
    for one in rows:
        if one.error:
            found.append((f"{_TICKED}-{one.row.slug}", one.error))
        found += [(box.id, box.error) for box in one.boxes if box.error]
    return found


def _show(
    desk: Desk,
    plan: Plan,
    ticked: Sequence[str],
    status: int = 200,
    *,
    trouble: str = "",
    problems: Sequence[tuple[str, str]] = (),
    refused: bool = False,
    looked: bool = False,
) -> Answered:
    """The page. `looked`: the clashes are in the plan already; `refused`: they are mistakes."""
    if not looked:
        try:
            plan = _with_clashes(desk, plan, plan.chosen(ticked) or plan.of("offered"))
        except EditingError as error:
            trouble = trouble or str(error)
    rows = [_shown(desk, row, ticked=row.slug in ticked, refused=refused) for row in plan.rows]
    own = _problems([one for one in rows if one.row.can_be_copied])
    summary = [*([("", trouble)] if trouble else []), *problems, *own]
    return page(
        "staff/content/term.html",
        f"{plan.span.name.capitalize()} at {desk.centre.title}",
        status,
        error=bool(summary),
        back=desk.path,
        desk=desk,
        span=plan.span,
        dates=f"{day_words(plan.span.first)} to {day_words(plan.span.last)}",
        terms=_terms(plan.span),
        offered=[one for one in rows if one.row.state == "offered"],
        earlier=[one for one in rows if one.row.state == "earlier"],
        earlier_open=any(
            one.ticked or _problems([one]) for one in rows if one.row.state == "earlier"
        ),
        planned=[one for one in rows if one.row.state == "planned"],
        nothing=[one for one in rows if one.row.state == "nothing"],
        problems=summary,
        refused=refused,
    )


def _terms(span: Span) -> list[tuple[str, bool]]:
    """The whole terms to choose from, and whether each is shown."""
    today = now().astimezone(LONDON).date()
    return [
        (one.name, one.name == span.name)
        for one in whole_terms(live().directory)
        if one.first > today or one.name == span.name
    ]
