"""Shows staff what families will read about a change of dates, before it is made.

The words are composed as those of a real letter (`letters.words_of`), for a family without a name
and with other words in the place of its private link (S23). Nothing is queued.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Row

from portal.directory import Series, Session, Site
from portal.messages import family_calendar
from portal.messages.announced import Facts, as_known
from portal.messages.change_news import planned_on
from portal.messages.facts import BookingFacts, MessageFacts, Recipient
from portal.messages.letters import words_of
from portal.messages.outbox import Owed
from portal.messages.rendering import Words
from portal.settings import Settings

LINK = "(the private link of each family)"
REFERENCE = "(its reference)"


@dataclass(frozen=True, slots=True)
class _Example:
    """What the words of a letter need of a booking that nobody has made."""

    planned: str  # '' for a booking of the whole series
    created: datetime
    series: str
    reference: str = REFERENCE
    status: str = "confirmed"


def words_of_change(
    before: Sequence[Session],
    after: Series,
    *,
    single: bool,
    site: Site,
    settings: Settings,
    now: datetime,
) -> Words | None:
    """The letter about dates of a series: as they are before the change, and the series after it.

    It is the letter to a family that booked one of these dates (`single`), or the whole series.
    None if such a family has nothing new to learn.
    """
    pairs = []
    for session in before:
        known = Facts.of(session)
        changed = planned_on(after.all_sessions, session.anchor)
        if changed is not None and not known.same(Facts.of(changed)):
            pairs.append((as_known(changed, known), known))
    if not pairs:
        return None
    sessions = [session for session, _ in pairs]
    row = _Example(sessions[-1].anchor if single else "", now, after.identity)
    held = family_calendar.sessions_of(cast("family_calendar.Booked", row), after)
    facts = MessageFacts(
        owed=Owed(
            0,
            0,
            Facts.of(sessions[-1]).kind,
            {"planned": sessions[-1].anchor},
            now,
        ),
        booking=BookingFacts(
            cast("Row[Any]", row),
            after,
            after.programme,
            held,
            tuple(one for one in held if one.open_until > now),
        ),
        recipient=Recipient("email", "", ""),
        sessions=sessions,
        known=[known for _, known in pairs],
        has_twin=False,
        until=None,
        position=None,
        notice="",
    )
    return words_of(facts, site, settings, link=LINK)
