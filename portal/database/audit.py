"""What the tables keep as short words of their own, and what these are called on pages.

Each set is here once, so that nothing can be written for which there are no words: `tables.note`
takes only a `Deed` and a known actor, and tests compare the other sets with what declares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

# How a booking stands (`tables.STATUSES`), as staff see it.
STATES: Mapping[str, str] = {
    "requested": "Waits for an answer",
    "confirmed": "Has a place",
    "waiting": "On the waiting list",
    "offered": "Was offered a place",
    "cancelled": "Cancelled",
    "lapsed": "The offer ended",
    "declined": "We said no",
}

# What a message says (`wording.KINDS`).
MESSAGES: Mapping[str, str] = {
    "confirmation": "You have a place",
    "waiting": "You are on the waiting list",
    "waiting-ended": "What you waited for is cancelled",
    "offered": "A place is free for you",
    "lapsed": "The offer is over",
    "moved": "A session is moved",
    "reminder": "Your session is soon",
    "cancelled-by-us": "A session or a place is cancelled",
    "cancelled-by-you": "You have cancelled",
    "off-the-list": "You are off our list",
    "request-received": "We have your request",
    "request-confirmed": "Your request is confirmed",
    "request-declined": "Your request is declined",
    "professional-received": "To the professional: we have your request",
    "link": "The link to your booking",
    "notice": "What staff had to say",
}

# What became of a message (`message.state`).
DELIVERY: Mapping[str, str] = {
    "owed": "waits to go out",
    "sending": "is going out",
    "sent": "sent",
    "failed": "not delivered",
    "dropped": "not needed any more",
}

# Who did what is in the log; members of staff are `staff:<id>`.
ACTORS: Mapping[str, str] = {
    "family": "A family",
    "professional": "A professional",
    "clock": "The portal, by itself",
    "content": "A change of the content",
    "operator": "Whoever runs the portal",
    "command": "Whoever runs the portal",
}

# What is written into the log. A deed that nothing does any more stays, for the lines of before.
Deed = Literal[
    "accept",
    "account-add",
    "account-change",
    "account-remove",
    "account-reset",
    "ask",
    "book",
    "cancel",
    "cancelled-by-us",
    "change",
    "confirm",
    "correct",
    "decline",
    "end offered",
    "end waiting",
    "erase",
    "export",
    "export register",
    "forget",
    "gap",
    "give",
    "lapse",
    "move on",
    "moved",
    "notice",
    "offer",
    "password",
    "places",
    "read booking",
    "read register",
    "recovery-code",
    "recovery-codes",
    "remark",
    "save register",
    "second-factor",
    "send again",
    "send link",
    "sign-in",
    "sign-out",
]
DEEDS: Mapping[str, str] = {
    "accept": "took an offered place",
    "account-add": "made the account of {staff}",
    "account-change": "changed the account of {staff}",
    "account-remove": "removed the account of {staff}",
    "account-reset": "reset the account of {staff}",
    "ask": "asked for a place",
    "book": "booked",
    "cancel": "cancelled a booking",
    "cancelled-by-us": "called off a session",
    "change": "changed who comes",
    "confirm": "confirmed a request",
    "correct": "corrected details",
    "decline": "declined a request",
    "end offered": "ended an offer of what is called off",
    "end waiting": "ended a wait for what is called off",
    "erase": "deleted the details of a family",
    "export": "exported",
    "export register": "exported a register",
    "forget": "deleted details that were old",
    "gap": "told of a gap in service",
    "give": "gave a place",
    "lapse": "let an offer lapse",
    "move on": "moved an offer on",
    "moved": "moved a session",
    "notice": "told everybody of a session",
    "offer": "offered a place",
    "password": "changed their own password",
    "places": "changed the number of places",
    "read booking": "read a booking",
    "read register": "read a register",
    "recovery-code": "used a recovery code",
    "recovery-codes": "made new recovery codes",
    "remark": "noted something",
    "save register": "saved a register",
    "second-factor": "set up their phone",
    "send again": "sent a message again",
    "send link": "sent the link of a booking",
    "sign-in": "signed in",
    "sign-out": "signed out",
}


# Some are another thing by the state that the booking is in then, or was in before.
_BY_STATE: Mapping[tuple[str, str], str] = {
    ("book", "requested"): "asked for a place",
    ("book", "waiting"): "joined a waiting list",
    ("cancel", "requested"): "ended a request",
    ("cancel", "waiting"): "ended a wait for a place",
    ("cancel", "offered"): "ended an offer",
}


def deed_words(did: str, detail: Mapping[str, Any]) -> str:
    """What was done, in words; of an older version, which has none here, as it was written."""
    state = str(detail.get("status", ""))
    return _BY_STATE.get((did, state)) or DEEDS.get(did, did)


def actor_known(actor: str) -> bool:
    """Whether there are words for who did it."""
    kind, _, number = actor.partition(":")
    return actor in ACTORS or (kind == "staff" and number.isdecimal())
