"""`/gap`: a practitioner reports a gap in services, without naming the family."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, request

from portal.database.rate_limits import TooOften
from portal.panel import gaps
from portal.web.live.context import Away, live
from portal.web.live.forms.request import GapForm
from portal.web.live.forms.steps import next_screen
from portal.web.live.screens import away, check_form, head, page, thanks, too_many
from portal.web.live.subjects import Subject

SUBJECT = Subject(
    "Gap in Service",
    "For practitioners: tell us about a need that no available service meets.",
)

pages = Blueprint("gap", __name__)
pages.before_request(check_form)


@pages.route("/gap", methods=["GET", "POST"])
def gap() -> Any:
    """The form for a practitioner to report what is missing; nothing names a family."""
    found, now = live(), live().now
    reference = request.args.get("reference")
    if request.method != "POST" and reference is not None:
        return thanks(
            "Thank you. We have your form",
            "/gap",
            reference,
            "We keep what you wrote under this reference. We do not answer each form.",
            "Does the family need help now? Do not wait: ask for support in the usual way.",
            "The reference cannot be used to see your form.",
            again="Tell us about another gap",
            of=None,
        )
    form = GapForm(formdata=request.form if request.method == "POST" else None)
    districts = [(one.slug, one.title) for one in found.directory.districts]
    form.district.options = [("", "Choose a district"), *districts]
    following = next_screen(form, now, found.secret, checked=False)
    if following.screen == "form":
        back = "/professionals/" if "professionals" in found.frame.pages else "/"
        return page(
            "live/form.html",
            head("Tell us what is missing", "/gap", error=bool(form.problems())),
            following.status,
            form=form,
            subject=replace(SUBJECT, back=back),
            others=(),
            room="Never write who the family is: no name, no address, no date of birth. "
            "We do not answer each form.",
            action="Send",
        )
    return _report(form, now)


def _report(form: GapForm, now: datetime) -> Any:
    found, told = live(), form.gap()
    allowance = found.an_hour([told.email.lower()])
    try:
        with found.database() as engine:
            reference = gaps.report(
                engine, told, key=str(form.key.data), now=now, allowance=allowance
            )
    except TooOften as refused:
        return too_many("/gap", form, "confirm", refused.seconds, subject=SUBJECT)
    except Away:
        return away("/gap", SUBJECT, form, "confirm")
    return redirect(f"/gap?reference={reference}", 303)
