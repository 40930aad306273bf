"""What staff say to a family when no message can be sent, from the facts at that moment.

It is for staff, so it names the group, the time and the place. It never holds the family's private
link (S23).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from portal.directory import Directory, Session
from portal.directory.phrases import at
from portal.directory.values import day_words, moment_words
from portal.messages.announced import Facts
from portal.messages.facts import MessageFacts, facts_of
from portal.messages.outbox import Owed
from portal.settings import Settings


@dataclass(frozen=True, slots=True)
class News:
    """What a family must be told, in sentences; and when the first session of it starts."""

    words: Sequence[str]
    starts: datetime | None


def news_of(
    connection: Connection,
    owed: Owed,
    *,
    directory: Directory,
    settings: Settings,
    now: datetime,
) -> News:
    """The news of one message. Raises NothingToSend if it is no longer true, or told already."""
    facts = facts_of(connection, owed, directory=directory, settings=settings, now=now, spoken=True)
    sessions = [known.starts for known in facts.known] + [one.starts for one in facts.sessions]
    return News(_words(facts), min(sessions, default=None))


def _words(facts: MessageFacts) -> list[str]:
    if facts.of_a_change:
        return [_changed(*pair) for pair in zip(facts.sessions, facts.known, strict=True)]
    reason = " ".join(str(facts.owed.about.get("reason") or "").split())
    until = f"It is kept until {moment_words(facts.until)}." if facts.until else ""
    dates = [f"{_when(session)}." for session in facts.sessions[:3] if not session.off]
    sentences = {
        "cancelled-by-us": [_ended(facts), reason],
        "waiting-ended": ["What they waited for is cancelled, and their wait has ended.", reason],
        "offered": ["A place is free for them.", until],
        "lapsed": ["The offer of a place has ended."],
        "notice": [f"“{facts.notice}”"],
        "request-confirmed": ["They have a place.", *dates],
        "request-declined": ["They do not get a place.", reason],
        "support-worker": [_worker(facts)],
        "support-closed": [
            "Our work on their request has ended"
            + (f": {facts.case.ended}." if facts.case.ended else "."),
            f"They can get help elsewhere. {facts.case.others}." if facts.case.others else "",
        ],
        "creche-place": ["They have the creche place that they waited for."],
        "creche-closed": ["There is no creche any more. Their booking has not changed."],
        "confirmation": ["They have a place.", *dates],
        "place-moved": ["They have moved to another place.", *dates],
        "waiting": ["They are on the waiting list."],
        "reminder": ["Their session is soon.", *dates],
        "link": ["They asked for the link to their booking. Correct the address, and send it."],
    }.get(facts.owed.kind, ["A message about their booking did not arrive."])
    return [" ".join(filter(None, sentences))]


def _worker(facts: MessageFacts) -> str:
    at = f" at {facts.case.worker_at}" if facts.case.worker_at else ""
    lead = f" {facts.case.lead} helps them as well." if facts.case.lead else ""
    return f"Their worker is {facts.case.worker}{at}.{lead}"


def _ended(facts: MessageFacts) -> str:
    if facts.owed.about.get("offer"):
        return "The place that they were offered is cancelled."
    if facts.owed.about.get("before", "confirmed") == "confirmed":
        return "Their place is cancelled."
    return "They are off the list."


def _changed(session: Session, known: Facts) -> str:
    """One change: when the session was to be, as the family knows it, and what is true now."""
    before = known.session(session.series, session.planned)
    if session.cancelled:
        return f"{_when(session)}, is cancelled. {session.cancelled.rstrip('.')}."
    if session.postponed:
        reason = session.postponed.rstrip(".")
        return f"{_when(session)}, is postponed. {reason}. They keep their place. No new date yet."
    note = f" {session.note}" if session.note else ""
    now = f"{_when(session)}, {at(session.venue, session.venue.line)}.{note}"
    if known.postponed:
        return f"The date that was postponed is now on {now}"
    if known.cancelled:
        return f"The date that was cancelled is on again: {now}"
    if (before.starts, before.ends) == (session.starts, session.ends):
        return f"It is held somewhere else: {now}"
    return f"{_when(before)}, is now on {now}"


def _when(session: Session) -> str:
    return f"{day_words(session.day)}, {session.times.words}"
