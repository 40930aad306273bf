"""Explains what it means that no message is safe, and offers a safe time or way instead (S5).

A family that answers "No, it is not safe to leave a message" would otherwise choose email or text,
and wait for news that is never sent.
"""

from __future__ import annotations

from flask import Response

from portal.web.live.forms.family import FamilyForm
from portal.web.live.screens import Press, explain
from portal.web.live.subjects import Subject


def unheard(form: FamilyForm, path: str, *, family: bool, subject: Subject) -> Response | None:
    """The page that says so before the answers are checked; None if a safe way was chosen.

    `family`: whether it is the family that fills in the form, and not a professional.
    """
    if not form.unheard:
        return None
    you, them = ("You", "you") if family else ("They", "them")
    return explain(
        f"We will not leave {them} a message",
        path,
        f"{you} said that it is not safe. So we send no email and no text message. If a date is "
        f"cancelled or moved, we cannot tell {them}.",
        f"Is there a safe time to ring {them}? Choose a phone call, and write down the time. We "
        "leave no message if somebody else picks up.",
        subject=subject,
        form=form,
        presses=[
            Press(f"Give a safe time to ring {them}", "edit"),
            Press(
                "Continue. I will look at my own page" if family else "Continue without contact",
                "check",
                (("quiet", "yes"),),
                secondary=True,
            ),
        ],
    )
