"""The pages of a Resource Panel: its money and meetings, what it is asked for, and its decisions.

Members see the need and who sent it, and never an email address; agenda and minutes are printed, so
they name no practitioner. Where a district has no panel, the manager of the footprint answers on
the same pages. Themes and projects are in `panel_themes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from flask import g, redirect, request
from werkzeug.wrappers import Response as Answered

from portal.bookings.locking import NotPossible
from portal.database import audit, read
from portal.directory import District, Meeting, Panel
from portal.directory.values import LONDON, day_words
from portal.directory.vocabularies import GAP_THEMES, NEEDS
from portal.feeds.panel_meetings import path_of
from portal.panel import budget, decisions, gaps, messages, themes
from portal.panel.budget import Balance
from portal.panel.decisions import Decision, Proposal
from portal.panel.gaps import Filed
from portal.panel.meetings import (
    BETWEEN,
    decided_on,
    meeting_named,
    meeting_on,
    next_meeting,
    past,
)
from portal.staff.accounts import Staff
from portal.web import filters
from portal.web.live.context import live
from portal.web.staff.access import May, current, now, of_panel, staff_route, to
from portal.web.staff.panel_forms import KINDS, ProposeForm, TakeOutForm, page_titles, version
from portal.web.staff.panel_themes import DISTRICT, late_reports, owner_words, state_words
from portal.web.staff.scope import attempt, posted
from portal.web.staff.screens import PANEL, page

GAP = f"{DISTRICT}/gaps/<gap>"
_PAST = 8  # minutes that are listed

_STATES: Mapping[str, str] = {
    "open": "Open",
    "more": "Waits for an answer",
    "met": "Met",
    "spent": "Agreed",
    "escalated": "Passed on",
    "no": "Cannot be met",
    "withdrawn": "Withdrawn",
}


def _sits_somewhere(staff: Staff, _parts: Mapping[str, Any]) -> bool:
    return bool(_own_districts(staff))


def _own_districts(staff: Staff) -> list[District]:
    directory = live().directory
    return [one for one in directory.districts if staff.sits_on(one.slug, directory)]


SOMEWHERE = replace(to("sit on a panel"), words="members of any panel", allows=_sits_somewhere)


def _of_gap(staff: Staff, parts: Mapping[str, Any]) -> bool:
    if not staff.sits_on(str(parts["district"]), live().directory):
        return False
    with live().database() as engine:
        g.gap = gaps.with_reference(engine, str(parts["gap"]))
    return g.gap is not None and g.gap.district == parts["district"]


OF_GAP = replace(of_panel(), words="members of the panel, about its forms", allows=_of_gap)
# What a district without a panel has not.
OF_MEETINGS: May = of_panel()


def _district(slug: str) -> District:
    found = live().directory.district(slug)
    assert found is not None  # noqa: S101  see `Staff.sits_on`
    return found


# --- lists ----------------------------------------------------------------------------------------


@staff_route(PANEL, may=SOMEWHERE)
def panels() -> Answered:
    """The districts whose panel this person sits on, or whose forms a manager answers."""
    own = _own_districts(current())
    with live().database() as engine:
        waiting = gaps.waiting(engine, [one.slug for one in own], now())
    by_district = {one.district: one for one in waiting}
    found = [
        (one, by_district.get(one.slug), next_meeting(one.panel, now()) if one.panel else None)
        for one in own
    ]
    found.sort(key=lambda row: (row[0].panel is None, row[0].title))
    return page("staff/panel_list.html", "Resource Panels", districts=found)


@staff_route(DISTRICT, may=of_panel())
def panel(district: str) -> Answered:
    """The money of the year, the next meeting, and the forms that are not decided yet."""
    found = _district(district)
    with live().database() as engine:
        waiting = gaps.in_district_of(engine, district)
        proposed = decisions.of_gaps(engine, [one.id for one in waiting])
        days = decisions.days_of(engine, district)
        failed = messages.failed(engine, district)
        late = late_reports(engine, district)
        passed_on = themes.passed_on(engine, district)
        gaps.log_reading(engine, district, len(waiting), now=now(), actor=current().actor)
    meeting = next_meeting(found.panel, now()) if found.panel else None
    return page(
        "staff/panel.html",
        found.panel.name if found.panel else f"Gaps in {found.title}",
        back=PANEL,
        district=found,
        panel=found.panel,
        path=f"{PANEL}/{district}",
        balance=_balance(found),
        meeting=meeting,
        agendas=_agendas(found, waiting),
        minutes=_minutes(found.panel, days) if found.panel else [],
        calendar=path_of(found),
        rows=[_row(one, proposed[one.id]) for one in waiting],
        failed=failed,
        kinds=MESSAGES,
        late=late,
        passed_on=[
            (one, issue, state_words(issue), owner_words(issue)) for one, issue in passed_on
        ],
        themes=GAP_THEMES,
        again=request.args.get("again", ""),
    )


def _minutes(panel: Panel, days: Iterable[date]) -> list[tuple[date, str, bool]]:
    """The latest minutes: the day, the end of their address, and whether a meeting was held."""
    held = [(one.day, one.name, True) for one in past(panel, now())]
    between = [
        (day, f"{BETWEEN}{day.isoformat()}", False) for day in days if not meeting_on(panel, day)
    ]
    return sorted([*held, *between], reverse=True)[:_PAST]


def _agendas(district: District, waiting: Sequence[Filed]) -> list[tuple[Meeting, int]]:
    """The next meeting, and any other that has open forms, each with how many."""
    if district.panel is None:
        return []
    named = Counter(one.meeting for one in waiting if one.state == "open")
    following = next_meeting(district.panel, now())
    meetings = (one for one in district.panel.meetings if one is following or one.name in named)
    return [(one, named[one.name]) for one in meetings]


MESSAGES: Mapping[str, str] = {
    "gap-received": "We have your form",
    "gap-agenda": "The day of the meeting",
    "gap-manager": "Who answers your form",
    "gap-more": "A question",
    "gap-answer": "The answer",
}


def _row(one: Filed, found: Sequence[Decision]) -> dict[str, Any]:
    """What a list says of a form."""
    proposed = next((each for each in found if each.state == "proposed"), None)
    return {
        "gap": one,
        "theme": GAP_THEMES.get(one.theme, "No theme"),
        "state": _STATES[one.state],
        "proposed": KINDS[proposed.kind].words if proposed else "",
        "mine": proposed is not None and proposed.proposed_by == current().id,
        "sent": day_words(one.created.astimezone(LONDON).date()),
    }


def _balance(district: District) -> Balance | None:
    """What is left of the budget of this financial year; None without a panel."""
    if district.panel is None:
        return None
    today = now().astimezone(LONDON).date()
    with live().database() as engine, read(engine) as connection:
        return budget.balance(connection, district.slug, district.panel.budget, today)


@staff_route(f"{DISTRICT}/messages", may=of_panel(), methods=("POST",))
def again(district: str) -> Answered:
    """Try the messages again that were not delivered. Pressing twice does no harm."""
    with live().database() as engine:
        done = messages.try_again(engine, district, now=now())
    return redirect(f"{PANEL}/{district}?again={done}", 303)


# --- on paper -------------------------------------------------------------------------------------


@staff_route(f"{DISTRICT}/agenda", may=OF_MEETINGS)
def agenda(district: str) -> Answered:
    """What a meeting is to decide, the next one by default, to print. It names no practitioner."""
    found, name = _district(district), request.args.get("meeting", "")
    meeting = None
    if found.panel:
        meeting = meeting_named(found.panel, name) if name else next_meeting(found.panel, now())
    if found.panel is None or meeting is None:
        return _no_meeting(district)
    with live().database() as engine:
        waiting = gaps.agenda(engine, district, meeting.name)
        gaps.log_reading(engine, district, len(waiting), now=now(), actor=current().actor)
    return page(
        "staff/panel_agenda.html",
        f"Agenda: {found.panel.name}",
        back=f"{PANEL}/{district}",
        panel=found.panel,
        meeting=meeting,
        balance=_balance(found),
        forms=[_facts(one) for one in waiting],
    )


@staff_route(f"{DISTRICT}/minutes/<meeting>", may=OF_MEETINGS)
def minutes(district: str, meeting: str) -> Answered:
    """What was decided on the day of a meeting, or between meetings, to print. It names nobody."""
    found = _district(district)
    day = decided_on(found.panel, meeting) if found.panel else None
    today = now().astimezone(LONDON).date()
    if found.panel is None or day is None or day > today:
        return _no_meeting(district)
    held = meeting_named(found.panel, meeting)
    with live().database() as engine:
        made = decisions.made_on(engine, district, day)
    if held is None and not made:
        return _no_meeting(district)
    return page(
        "staff/panel_minutes.html",
        f"Minutes: {found.panel.name}",
        back=f"{PANEL}/{district}",
        panel=found.panel,
        meeting=held,
        day=day,
        questions=sum(one.kind == "more" for one, _ in made),
        made=[(one, form, _theme(form), KINDS[one.kind].words) for one, form in made],
        spent=sum(one.pounds or 0 for one, _ in made),
        titles=_titles(one for one, _ in made),
    )


def _no_meeting(district: str) -> Answered:
    return page(
        "staff/explain.html",
        "There is no such meeting",
        404,
        back=f"{PANEL}/{district}",
        paragraphs=["The dates of a panel are in its content. Look at its page for the next one."],
    )


def _theme(one: Filed) -> str:
    return GAP_THEMES.get(one.theme, "No theme")


def _facts(one: Filed) -> dict[str, Any]:
    """A form as members read it."""
    levels = [level.name for level in live().directory.site.levels]
    known = one.level is not None and one.level <= len(levels)
    return {
        "gap": one,
        "theme": _theme(one),
        "needs": ", ".join(NEEDS.get(need, "an earlier need") for need in one.needs),
        "level": levels[one.level - 1] if known and one.level else "",
        "caf": "" if one.caf is None else "Yes" if one.caf else "No",
        "sent": day_words(one.created.astimezone(LONDON).date()),
    }


def _titles(found: Iterable[Decision]) -> dict[str, str]:
    """The titles of the pages that decisions link to."""
    titles = page_titles(live().directory)
    return {one.link: titles.get(one.link, "a page that has gone") for one in found if one.link}


# --- one form -------------------------------------------------------------------------------------


@staff_route(GAP, may=OF_GAP)
def gap_page(district: str, gap: str) -> Answered:
    """A form, what is proposed or decided, and what the member can do."""
    one: Filed = g.gap
    found = _district(district)
    with live().database() as engine:
        made = decisions.of_gaps(engine, [one.id])[one.id]
        names = audit.staff_names(engine)
        gaps.log_reading(engine, district, 1, now=now(), actor=current().actor)
    proposed = next((each for each in made if each.state == "proposed"), None)
    return page(
        "staff/panel_gap.html",
        f"Gap in Service {one.reference}",
        back=f"{PANEL}/{district}",
        path=f"{PANEL}/{district}/gaps/{gap}",
        panel=found.panel,
        state=_STATES[one.state],
        proposed=proposed,
        mine=proposed is not None and proposed.proposed_by == current().id,
        made=[each for each in made if each.state == "made"],
        names=names,
        times={each.id: filters.moment_words(each.made.astimezone(LONDON)) for each in made},
        titles=_titles(made),
        kinds=_kinds(found) if one.state in gaps.OPEN and not proposed else (),
        words={kind: of.words for kind, of in KINDS.items()},
        answer_words=messages.answer_words,
        meeting=_meeting(found, one),
        done=request.args.get("done", ""),
        **_facts(one),
    )


def _meeting(district: District, one: Filed) -> Meeting | None:
    return meeting_named(district.panel, one.meeting) if district.panel else None


def _kinds(district: District) -> list[tuple[str, str]]:
    """What can be proposed: a manager without a panel spends and passes on nothing."""
    known = KINDS if district.panel else {kind: KINDS[kind] for kind in decisions.ALONE}
    return [(kind, of.link) for kind, of in known.items()]


@staff_route(
    f"{GAP}/propose", may=OF_GAP, methods=("GET", "POST"), refills=True, keeps="the decision"
)
def propose(district: str, gap: str) -> Answered:
    """The form for one kind of decision. Where there is no panel, it answers at once."""
    one: Filed = g.gap
    found, kind = _district(district), request.values.get("kind", "")
    path = f"{PANEL}/{district}/gaps/{gap}"
    if kind not in dict(_kinds(found)):
        return redirect(path, 303)
    form, balance = ProposeForm(formdata=posted()), _balance(found)
    form.offer(kind, found.panel, balance, live().directory, now().astimezone(LONDON).date())
    status = form.refused() if request.method == "POST" else 200
    if status is None:
        try:
            _propose(one, form.proposal(kind), alone=found.panel is None)
            return redirect(f"{path}?done={'proposed' if found.panel else 'made'}", 303)
        except NotPossible as error:
            form.trouble, status = str(error).rstrip("."), 409
    return page(
        "staff/panel_propose.html",
        KINDS[kind].words,
        status,
        back=path,
        error=bool(form.problems()),
        form=form,
        kind=kind,
        path=path,
        gap=one,
        panel=found.panel,
        balance=balance if kind == "spend" else None,
    )


def _propose(one: Filed, proposal: Proposal, *, alone: bool) -> None:
    """Raises NotPossible."""
    verb = decisions.answer_alone if alone else decisions.propose
    with live().database() as engine:
        verb(engine, live().directory, one.id, proposal, seen=version(), by=current(), now=now())


@staff_route(f"{GAP}/take-out", may=OF_GAP, methods=("GET", "POST"), refills=True)
def take_out(district: str, gap: str) -> Answered:
    """Take words that name somebody out of a form. Nothing keeps the old text."""
    one: Filed = g.gap
    path, form = f"{PANEL}/{district}/gaps/{gap}", TakeOutForm(formdata=posted())
    status = form.refused() if request.method == "POST" else 200
    if status is None:
        try:
            with live().database() as engine:
                gaps.take_out(
                    engine, one.id, form.words.data, seen=version(), now=now(),
                    actor=current().actor,
                )  # fmt: skip
            return redirect(f"{path}?done=out", 303)
        except NotPossible as error:
            form.trouble, status = str(error).rstrip("."), 409
    return page(
        "staff/panel_take_out.html",
        "Take words out",
        status,
        back=path,
        error=bool(form.problems()),
        form=form,
        path=path,
        **_facts(one),
    )


@staff_route(f"{GAP}/agree", may=OF_GAP, methods=("POST",))
def agree(district: str, gap: str) -> Answered:
    """Agree what another member proposed. Pressing twice does no harm."""
    one: Filed = g.gap
    path = f"{PANEL}/{district}/gaps/{gap}"

    def verb() -> None:
        with live().database() as engine:
            decisions.agree(
                engine, live().directory, one.id, seen=version(), by=current(), now=now()
            )

    return attempt(verb, path) or redirect(f"{path}?done=made", 303)


@staff_route(f"{GAP}/drop", may=OF_GAP, methods=("POST",))
def drop(district: str, gap: str) -> Answered:
    """Drop what is proposed."""
    one: Filed = g.gap
    path = f"{PANEL}/{district}/gaps/{gap}"

    def verb() -> None:
        with live().database() as engine:
            decisions.drop(engine, one.id, seen=version(), by=current(), now=now())

    return attempt(verb, path) or redirect(f"{path}?done=dropped", 303)
