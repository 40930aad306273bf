"""Cancel or move one date of a series, or take that back, from its register or from Today.

The form shows what the file on disk says of the date, even if that is not published yet. If
somebody else has changed the date before the form is sent, the page says so and asks again. What
happens after the form is in `date_publishing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from flask import redirect, request
from pydantic import ValidationError
from pydantic_core import PydanticCustomError
from werkzeug.wrappers import Response as Answered

from portal.directory import Session
from portal.directory.models import Change
from portal.directory.values import TimeRange, day_words, read_day
from portal.editing import date_changes
from portal.editing.date_changes import DateChange, Written
from portal.editing.rewriting import Value
from portal.errors import PortalError
from portal.web.live.context import live
from portal.web.live.forms.answers import Answer, plain_figures
from portal.web.live.forms.family import Group
from portal.web.staff.access import current, now, staff_route
from portal.web.staff.date_publishing import (
    CHANGED_MEANWHILE,
    MAY,
    Wanted,
    change_path,
    closed_path,
    go_on,
    is_there,
    not_here,
    publication,
)
from portal.web.staff.forms import StaffForm, day_of
from portal.web.staff.register import path_of
from portal.web.staff.scope import posted, series_at, session_at
from portal.web.staff.screens import explain, page

_MOST_DATES = 40  # in a list
_VENUE = ("name", "address", "town", "postcode", "area", "meet")


# --- the forms ------------------------------------------------------------------------------------


class DateForm(StaffForm):
    """A decision about one date. `fields` is its entry in the file, once all answers are valid."""

    heading: ClassVar[str] = ""
    button: ClassVar[str] = ""
    summary: ClassVar[str] = ""  # for the history of the file
    lead: ClassVar[str] = ""
    asked: ClassVar[Sequence[str]] = ("reason",)
    may_wait: ClassVar[bool] = False

    def judge(self, session: Session, before: Written) -> dict[str, Value | None]:
        """The fields of the entry; mistakes are added to the answers."""
        raise NotImplementedError

    def text_of(self, name: str) -> str:
        return str(self.answer(name).data or "")

    def check_as_file(self, session: Session, fields: Mapping[str, Value | None]) -> None:
        """The same checks as for the file, with the answer marked that is wrong."""
        given = {name: value for name, value in fields.items() if value is not None}
        try:
            Change.model_validate({"date": session.anchor, **given})
        except ValidationError as error:
            for one in error.errors():
                place = [str(part) for part in one["loc"]]
                self.answer(self.answer_for(place)).blame(_sentence(one["msg"]))

    def answer_for(self, _place: Sequence[str]) -> str:
        return "reason"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


class CancelForm(DateForm):
    heading = "Cancel this date"
    button = "Cancel it and tell the families"
    summary = "cancelled"
    may_wait = True
    reason = Answer(
        "Why is it cancelled?",
        what="the reason",
        missing="Write why it is cancelled",
        hint="Families read this, so name nobody. For example: The heating is broken.",
    )

    def judge(self, session: Session, before: Written) -> dict[str, Value | None]:
        fields = date_changes.cancelled(before, self.text_of("reason"))
        self.check_as_file(session, fields)
        return fields


class PostponeForm(DateForm):
    heading = "Postpone this date"
    button = "Postpone it and tell the families"
    summary = "postponed"
    may_wait = True
    reason = Answer(
        "Why is it postponed?",
        what="the reason",
        missing="Write why it is postponed",
        hint="Families keep their places. Give the new day here as soon as you know it. They read "
        "this, so name nobody. For example: The heating is broken.",
    )

    def judge(self, session: Session, before: Written) -> dict[str, Value | None]:
        fields = date_changes.postponed(before, self.text_of("reason"))
        self.check_as_file(session, fields)
        return fields


class BackForm(DateForm):
    heading = "Hold it as planned"
    button = "Hold it as planned and tell the families"
    summary = "on again"
    reason = Answer(
        "Is there anything to say about it?",
        what="what there is to say",
        hint="Families read this. For example: The heating works again.",
    )

    def judge(self, session: Session, before: Written) -> dict[str, Value | None]:  # noqa: ARG002
        fields = date_changes.taken_back(self.text_of("reason"))
        self.check_as_file(session, fields)
        return fields


class MoveForm(DateForm):
    heading = "Move this date"
    button = "Move it and tell the families"
    summary = "moved"
    asked = ("day", "time", *_VENUE, "reason")

    day = Answer(
        "Which day?",
        what="the day",
        missing="Enter the day, like 31/1/2027",
        hint="For example 31/1/2027 or 31 January 2027.",
        autocomplete="off",
    )
    time = Answer(
        "What time?",
        what="the time",
        missing="Enter both times, like 13:00-15:00",
        hint="On the 24-hour clock, like 13:00-15:00.",
        autocomplete="off",
    )
    name = Answer("Name of the building", what="the name of the building", autocomplete="off")
    address = Answer("Street", what="the street", autocomplete="off")
    town = Answer("Town or village", what="the town", autocomplete="off")
    postcode = Answer("Postcode", what="the postcode", autocomplete="off", width="w8")
    area = Answer(
        "Area, if there is no building",
        what="the area",
        hint="For example: around Padiham's parks. Enter the town too.",
        autocomplete="off",
    )
    meet = Answer(
        "Where to meet in the area",
        what="where to meet",
        hint="For example: the bandstand in Memorial Park.",
        autocomplete="off",
    )
    reason = Answer(
        "Why, or what else is there to know?",
        what="what there is to know",
        hint="Families read this. For example: Our hall is a polling station.",
    )

    def groups(self) -> Sequence[Group]:
        return [
            Group("When", [self.answer("day"), self.answer("time")]),
            Group("Only if it is held somewhere else", [self.answer(name) for name in _VENUE]),
            Group("Words for families", [self.answer("reason")]),
        ]

    def answer_for(self, place: Sequence[str]) -> str:
        if place[0] == "venue":
            return place[1] if len(place) > 1 and place[1] in _VENUE else "name"
        return {"moved_to": "day"}.get(place[0], "reason")

    def judge(self, session: Session, before: Written) -> dict[str, Value | None]:
        day, times, series = self._day(), self._times(), session.series
        if day is None or times is None:
            return {}
        venue = {name: text for name in _VENUE if (text := self.text_of(name))}
        if "postcode" in venue:
            venue["postcode"] = venue["postcode"].upper()
        if venue and not {"name", "area"} & set(venue):
            self.answer("name").blame("Enter the name of the building")
        planned = session.planned
        if (day, times) == (planned, series.time) and not venue:
            said = "This is when and where it is planned. Enter another day, time or building"
            self.answer("day").blame(said)
        location = _location(before, venue)
        fields = date_changes.moved(
            session.anchor,
            day=day if day != planned else None,
            times=times if times != series.time else None,
            venue={**venue, **location} if venue else None,
            note=self.text_of("reason"),
        )
        if self.well:
            self.check_as_file(session, fields)
        return fields

    def _day(self) -> Any:
        text = plain_figures(self.text_of("day"))
        day = day_of(text)
        if day is None:
            try:
                day = read_day(text)
            except PydanticCustomError:
                self.answer("day").blame("Enter a day of the calendar as numbers, like 31/1/2027")
        return day

    def _times(self) -> TimeRange | None:
        try:
            return TimeRange.read(plain_figures(self.text_of("time")))
        except PydanticCustomError as error:
            self.answer("time").blame(_sentence(error.message()))
            return None


def _location(before: Written, venue: Mapping[str, str]) -> dict[str, str]:
    """Where on the map an editor put the same building, which the form does not ask."""
    known = before.fields.get("venue")
    if not isinstance(known, dict) or "location" not in known:
        return {}
    same = all(known.get(name, "") == venue.get(name, "") for name in _VENUE)
    return {"location": str(known["location"])} if same else {}


FORMS: Mapping[str, type[DateForm]] = {
    "cancel": CancelForm,
    "move": MoveForm,
    "postpone": PostponeForm,
    "back": BackForm,
}


def _filled(action: str, session: Session, before: Written) -> DateForm:
    """The form as it is first shown: with what the file says now."""
    note = str(before.fields.get("note", ""))
    reasons = {
        "cancel": before.off,
        "postpone": before.off,
        "move": note,
        "back": "" if before.moved else note,  # with a move, the words were about that
    }
    values: dict[str, str] = {"reason": reasons[action]}
    if action == "move":
        day, times = _held(session, before)
        values |= {"day": f"{day.day}/{day.month}/{day.year}"}
        values |= {"time": f"{times.starts:%H:%M}-{times.ends:%H:%M}"}
        venue = before.fields.get("venue")
        values |= {name: str(venue.get(name, "")) for name in _VENUE} if venue else {}
    return FORMS[action](formdata=None, data=values)


def _held(session: Session, before: Written) -> tuple[Any, TimeRange]:
    """The day and time that the file says."""
    planned = session.planned, session.series.time
    try:
        change = Change.model_validate({"date": session.anchor, **before.fields})
    except ValidationError:
        return planned
    to = change.moved_to
    return (to.day, to.time or session.series.time) if to else planned


# --- the pages ------------------------------------------------------------------------------------


@staff_route("/staff/change/<centre>/<series>", may=MAY)
def dates(centre: str, series: str) -> Answered:
    """The dates of a series that can be changed, for those who do not come from a register."""
    found = series_at(centre, series, edits=True)
    coming = [one for one in found.all_sessions if one.open_until > now()]
    coming = sorted(coming, key=lambda one: one.starts)[:_MOST_DATES]
    return page(
        "staff/change_dates.html",
        "Cancel or move a date",
        back=f"/staff/content/{found.centre.slug}",
        series=found,
        sessions=[(one, change_path(one)) for one in coming],
        publication=publication(there=True),
    )


@staff_route(
    "/staff/change/<centre>/<series>/<planned>",
    may=MAY,
    methods=("GET", "POST"),
    refills=True,
    keeps="the change of a date",
)
def change(centre: str, series: str, planned: str) -> Answered:
    session = session_at(centre, series, planned, edits=True)
    sees = current().may_see(session.series.centre.slug, live().directory)
    identity = session.series.identity
    back = path_of(session) if sees else f"/staff/change/{identity}"
    refused = not_here(back) or _over(session, back)
    if refused:
        return refused
    try:
        before = date_changes.written(live().settings.root, session.series.source, session.anchor)
    except PortalError as error:
        return explain(
            "This date cannot be changed here",
            str(error),
            "Ring the families if this cannot wait, and ask the person who runs the portal.",
            status=409,
            back=back,
        )
    action = request.values.get("do", "cancel")
    unchanged = request.method == "GET" and not before.changed
    if action not in FORMS or (action == "back" and unchanged):
        action = "cancel"
    return _screen(session, before, action, back, done=path_of(session) if sees else "")


def _screen(session: Session, before: Written, action: str, back: str, done: str) -> Answered:
    if request.method == "GET":
        return _form(session, before, action, _filled(action, session, before), back=back)
    form = FORMS[action](formdata=posted())
    show = partial(_form, session, before, action, form, back=back)
    status = form.refused()
    fields = form.judge(session, before) if status is None else {}
    done = f"{done or change_path(session)}?changed={action}"
    if status is None and request.form.get("seen") != before.seen:
        if request.form.get("step") == "confirm" and form.well and before.says(fields):
            return redirect(done, 303)
        form.trouble, status = CHANGED_MEANWHILE, 409
    if status is None and not form.well:
        status = 422
    if request.form.get("step") == "edit" and status is None:
        return show()
    if status is not None:
        return show(status=status)

    def again(status: int, troubles: Sequence[str]) -> Answered:
        form.trouble = " ".join(troubles)
        return show(status=status)

    name = f"{session.series.name}, {session.series.centre.title}"
    return go_on(
        Wanted(
            title=f"{form.heading}?",
            button=form.button,
            back=back,
            summary=f"{name}: {day_words(session.planned)} {form.summary}",
            changes=[DateChange(session.series.source, session.anchor, fields)],
            sessions=[session],
            carried=[*_carried(form), ("do", action), ("seen", before.seen)],
            form=again,
            done=done,
            may_wait=form.may_wait,
        )
    )


def _carried(form: DateForm) -> Iterator[tuple[str, str]]:
    """The answers, without the token: the template adds it."""
    return ((name, value) for name, value in form.carried() if name != "csrf_token")


def _form(
    session: Session,
    before: Written,
    action: str,
    form: DateForm,
    *,
    back: str,
    status: int = 200,
) -> Answered:
    told = publication(there=is_there(session, request.args.get("changed", "")))
    others = [
        (f"{change_path(session)}?do={name}", kind.heading)
        for name, kind in FORMS.items()
        if name != action and (name != "back" or before.changed)
    ]
    return page(
        "staff/change_date.html",
        form.heading,
        status,
        error=status != 200,
        back=back,
        form=form,
        action=action,
        others=others,
        session=session,
        series=session.series,
        before=before,
        closed=closed_path(session.series.centre, session.day),
        now_on=_held(session, before) if before.moved and not before.cancelled else None,
        problems=form.problems(),
        publication=told,
    )


def _over(session: Session, back: str) -> Answered | None:
    """A page that says why a date cannot be changed: it is over, or its whole group has ended."""
    if session.series.withdrawn:
        return explain(
            "This group has ended",
            f"{session.series.name} is withdrawn as a whole: {session.series.withdrawn}",
            "To hold it after all, ask the person who looks after its file.",
            status=409,
            back=back,
        )
    if session.open_until > now():
        return None
    return explain(
        "This date is over",
        f"{session.series.name} was on {day_words(session.day)}. What was held cannot be "
        "cancelled or moved any more.",
        status=409,
        back=back,
    )
