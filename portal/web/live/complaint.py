"""`/complaint`: a complaint about how we use data, acknowledged at once with the time to answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, request

from portal.bookings import complaints
from portal.database.rate_limits import TooOften
from portal.web.live.context import Away, live
from portal.web.live.forms.answers import Answer, Choice, Lines, Pick
from portal.web.live.forms.family import CONTACT_WAYS_OF_REQUESTS, ContactForm, Group
from portal.web.live.forms.steps import next_screen
from portal.web.live.screens import away, check_form, head, page, thanks, too_many
from portal.web.live.subjects import Subject

SUBJECT = Subject("Your complaint about how we use your data")

pages = Blueprint("complaint", __name__)
pages.before_request(check_form)

# Staff answer by hand, so any way can be chosen; without one there could be no answer.
_WAYS = [option for option in CONTACT_WAYS_OF_REQUESTS if option[0] != "none"]


class ComplaintForm(ContactForm):
    """What went wrong, and how it is safe to answer."""

    contact_by = Choice(
        "How may we answer you?",
        what="how we may answer you",
        missing="Choose how we may answer you",
        options=_WAYS,
    )
    words = Lines(
        "What did we do with your data that was wrong?",
        what="your complaint",
        missing="Write what was wrong",
        longest=2000,
        hint="Say when and where it was, if you know. Leave out what we do not need to know.",
    )

    district = Pick("Which district is it about?", what="a district")

    def groups(self) -> Sequence[Group]:
        said: list[Answer] = [self.words, self.district]
        reach = "Give your email address or your phone number. You can give both."
        return [Group("Your complaint", said), Group("You", self.who(), reach)]

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        written = self.contact_by.data in ("email", "text") and not self.contact_by.errors
        if written and self.safe_to_contact.data == "no":
            self.contact_by.blame("Choose a phone call, and write down a time that is safe")
        return self.well


@pages.route("/complaint", methods=["GET", "POST"])
def complain() -> Any:
    """The form, and the page that acknowledges it."""
    found, now = live(), live().now
    reference = request.args.get("reference")
    if request.method != "POST" and reference is not None:
        return thanks(
            "We have your complaint",
            "/complaint",
            reference,
            f"We answer within {complaints.DAYS} days of today, in the way that you chose.",
            "Keep the reference, or print this page: it shows that we have your complaint.",
            "You can also go to the Information Commissioner at ico.org.uk at any time.",
            again="Make another complaint",
            of=None,
        )
    form = ComplaintForm(formdata=request.form if request.method == "POST" else None)
    form.discreet()
    districts = [(one.slug, one.title) for one in found.directory.districts]
    form.district.options = [("", "No particular district"), *districts]
    following = next_screen(form, now, found.secret, checked=False)
    if following.screen == "form":
        lead = f"We look into it, and answer you within {complaints.DAYS} days."
        back = "/privacy/" if "privacy" in found.frame.pages else "/"
        return page(
            "live/form.html",
            head("Complain about how we use your data", "/complaint", error=bool(form.problems())),
            following.status,
            form=form,
            subject=Subject("", lead, back=back),
            others=(),
            room="",
            action="Send",
        )
    return _store(form, now)


def _store(form: ComplaintForm, now: datetime) -> Any:
    found, contact = live(), form.contact()
    named = ("name", "email", "phone", "contact_by", "safe_to_contact")
    columns = {name: contact[name] for name in named} | {"safe_time": form.safe_time.data or ""}
    columns["district"] = form.district.text
    reached = [str(one).lower() for one in (contact["email"], contact["phone"]) if one]
    try:
        with found.database() as engine:
            reference = complaints.complain(
                engine,
                columns,
                form.words.data,
                key=str(form.key.data),
                now=now,
                allowance=found.an_hour(reached),
            )
    except TooOften as refused:
        return too_many("/complaint", form, "confirm", refused.seconds, subject=SUBJECT)
    except Away:
        return away("/complaint", SUBJECT, form, "confirm")
    return redirect(f"/complaint?reference={reference}", 303)
