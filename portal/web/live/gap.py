"""`/gap`: a practitioner reports a gap in services, without naming the family, and sees the answer.

The page behind the link says where the form stands, when the panel meets, and what it decided. The
practitioner answers there what the panel asks.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, redirect, request

from portal.bookings.locking import NotPossible
from portal.database.rate_limits import TooOften
from portal.database.references import gap_link_of
from portal.directory import Panel
from portal.directory.values import LONDON, day_words
from portal.feeds.panel_meetings import path_of
from portal.panel import decisions, gaps, themes
from portal.panel.gaps import Filed
from portal.panel.meetings import last_day, meeting_for, meeting_named, panel_of
from portal.panel.messages import answer_words
from portal.web import filters
from portal.web.live.context import Away, live
from portal.web.live.forms.family import PressForm
from portal.web.live.forms.gap import GapForm, ReplyForm
from portal.web.live.forms.steps import next_screen
from portal.web.live.screens import Press, away, check_form, explain, head, page, too_many
from portal.web.live.subjects import Subject

SUBJECT = Subject(
    "Gap in Service",
    "For practitioners: tell us about a need that no available service meets.",
)
OWN = Subject("Your Gap in Service form")

pages = Blueprint("gap", __name__)
pages.before_request(check_form)


@pages.route("/gap", methods=["GET", "POST"])
def gap() -> Any:
    """The form for a practitioner to report what is missing; nothing names a family."""
    found, now = live(), live().now
    form = GapForm(formdata=request.form if request.method == "POST" else None)
    districts = found.directory.districts
    form.offer(
        [(one.slug, one.title) for one in districts],
        [level.name for level in found.directory.site.levels],
        _cost([one.panel for one in districts if one.panel]),
        now.astimezone(LONDON).date(),
    )
    following = next_screen(form, now, found.secret, checked=False)
    if following.screen == "form":
        back = "/professionals/" if "professionals" in found.frame.pages else "/"
        return page(
            "live/gap.html",
            head("Tell us what is missing", "/gap", error=bool(form.problems())),
            following.status,
            form=form,
            subject=replace(SUBJECT, back=back),
            panels=_panels(now),
        )
    return _report(form, now)


def _cost(panels: list[Panel]) -> str:
    """The hint of the sum: what a panel can spend by itself, and that more can be asked for."""
    limits = sorted({panel.limit for panel in panels})
    if not limits:
        return "Whole pounds, if you know."
    least = f", and some only up to £{limits[0]:,}" if len(limits) > 1 else ""
    return (
        f"Whole pounds, if you know. A panel can spend up to £{limits[-1]:,} on one form{least}. "
        "If it costs more, "
        "write the sum all the same: the panel can pass it on to the group above it."
    )


def _panels(now: datetime) -> list[dict[str, Any]]:
    """The districts with a panel, each with the meeting that a form comes to if it is sent now."""
    found = []
    for district in live().directory.districts:
        if panel := district.panel:
            meeting = meeting_for(panel, now)
            found.append(
                {
                    "district": district.title,
                    "panel": panel,
                    "meeting": meeting,
                    "last": day_words(last_day(meeting)) if meeting else "",
                    "calendar": path_of(district),
                }
            )
    return found


def _report(form: GapForm, now: datetime) -> Any:
    found, told = live(), form.gap()
    try:
        with found.database() as engine:
            before = gaps.with_key(engine, str(form.key.data))
            asked = before is not None or request.form.get("step") == "confirm"
            if not asked and gaps.sent_before(engine, told):
                return _twice(form)
            reference = gaps.report(
                engine,
                told,
                found.directory,
                key=str(form.key.data),
                secret=found.secret,
                now=now,
                allowance=found.an_hour([told.email.lower()]),
            )
            stored = gaps.with_reference(engine, reference)
    except TooOften as refused:
        return too_many("/gap", form, "confirm", refused.seconds, subject=SUBJECT)
    except Away:
        return away("/gap", SUBJECT, form, "confirm")
    if stored is None or stored.link_nonce is None or stored.link_hash is None:
        abort(404)  # it was deleted since it was first sent
    link = gap_link_of(found.secret, stored.link_nonce, stored.link_hash)
    other = before is not None and gaps.says(before) != told
    return redirect(f"/gap/{link}?sent={'before' if other else 'yes'}", 303)


def _twice(form: GapForm) -> Response:
    """The same practitioner has an open form with these words: ask before there are two."""
    return explain(
        "You have sent this form already",
        "/gap",
        "We have an open form with the same words and your email address. The email that you got "
        "about it has the link to its own page. There you see where it stands.",
        "Send it again only if another family needs the same.",
        subject=SUBJECT,
        form=form,
        presses=[Press("Send a second form", "confirm")],
    )


# --- the practitioner's own page ------------------------------------------------------------------


@pages.route("/gap/<link>", methods=["GET", "POST"])
def own(link: str) -> Any:
    """Where a form stands, and the box to answer what the panel asks (S23, S24)."""
    found, now = live(), live().now
    one = _found(link)
    form = ReplyForm(formdata=request.form if request.method == "POST" else None)
    form.today = now.astimezone(LONDON).date()
    following = next_screen(form, now, found.secret, checked=False)
    if following.screen == "form":
        return _own(one, link, form, following.status)
    seen = str(form.seen.data or "")
    try:
        with found.database() as engine:
            gaps.reply(
                engine,
                found.directory,
                one.id,
                form.words.data,
                seen=int(seen) if seen.isdecimal() and len(seen) < 9 else -1,
                now=now,
            )
    except NotPossible as error:
        if one.state != "more":
            return redirect(f"/gap/{link}", 303)  # pressed twice, or decided meanwhile
        form.trouble = str(error).rstrip(".")
        return _own(_found(link), link, form, 409)
    except Away:
        return away(f"/gap/{link}", OWN, form, "confirm")
    return redirect(f"/gap/{link}?answered=yes", 303)


@pages.route("/gap/<link>/withdraw", methods=["GET", "POST"])
def withdraw(link: str) -> Any:
    """The practitioner takes a form back that has no answer yet (S23)."""
    one, now = _found(link), live().now
    if one.state not in gaps.OPEN:
        return redirect(f"/gap/{link}", 303)  # pressed twice, or decided meanwhile
    form = PressForm(formdata=request.form if request.method == "POST" else None)
    following = next_screen(form, now, live().secret, checked=False)
    subject = replace(OWN, back=f"/gap/{link}")
    if request.method != "POST" or following.status == 400:
        return page(
            "live/press.html",
            head(_TAKE_BACK, f"/gap/{link}/withdraw", error=bool(form.trouble)),
            following.status,
            form=form,
            subject=subject,
            title=_TAKE_BACK,
            paragraphs=[
                "Nobody decides about it any more, and no meeting looks at it.",
                "We delete your name and email address the day after. What was needed stays for "
                "planning. It names nobody.",
            ],
            yes="Take the form back",
            no="Keep it",
        )
    try:
        with live().database() as engine:
            gaps.withdraw(engine, one.id, seen=one.version, now=now)
    except NotPossible:
        pass  # its page says what has changed meanwhile
    except Away:
        return away(f"/gap/{link}/withdraw", subject, form, "confirm")
    return redirect(f"/gap/{link}", 303)


_TAKE_BACK = "Do you want to take this form back?"


def _found(link: str) -> Filed:
    """The form behind a link; otherwise the answer that every wrong link gets (S23)."""
    with live().database() as engine:
        one = gaps.find(engine, link)
    if one is None:
        abort(404)
    return one


_TITLES = {
    "open": "We have your form",
    "more": "We have a question about your form",
    "met": "Your form has its answer",
    "spent": "Your form has its answer",
    "escalated": "Your form is passed on",
    "no": "Your form has its answer",
    "withdrawn": "You took this form back",
}


def _own(one: Filed, link: str, form: ReplyForm, status: int) -> Response:
    directory = live().directory
    panel, district = panel_of(directory, one.district), directory.district(one.district)
    meeting = meeting_named(panel, one.meeting) if panel else None
    with live().database() as engine:
        made = [
            each for each in decisions.of_gaps(engine, [one.id])[one.id] if each.state == "made"
        ]
        issue = themes.issue_of(engine, one.issue_id) if one.issue_id else None
    return page(
        "live/gap_own.html",
        head(_TITLES[one.state], f"/gap/{link}", error=bool(form.problems())),
        status,
        form=form,
        gap=one,
        panel=panel,
        footprint=directory.footprint_of(district) if district else None,
        district=district,
        meeting=meeting,
        over=meeting is not None and meeting.ends <= live().now,
        calendar=path_of(district) if district and panel else "",
        decision=made[0] if made else None,
        theme=themes.words_for(
            issue,
            themes.body_names(panel),
            live().now.astimezone(LONDON).date(),
            passed_on=one.state == "escalated",
        ),
        answer=answer_words(made[0]) if made else "",
        made=filters.moment_words(made[0].made.astimezone(LONDON)) if made else "",
        sent=request.args.get("sent") == "yes" and one.state == "open",
        before=request.args.get("sent") == "before",
        answered=request.args.get("answered") == "yes" and one.state == "open",
        keep_days=live().settings.keep_days,
    )
