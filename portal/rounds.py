"""What the clock does for bookings, again and again: offers lapse, changes are told, post goes out.

One round is safe to run at any time and in any number of processes: each step claims what it works
on. So it may run beside the server, from a timer, or by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from portal import bookings, changes, limits, messages, offers
from portal.directory import Directory
from portal.messages import Sent
from portal.settings import Settings


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did: offers that ended, messages newly owed for changes, and deliveries."""

    lapsed: int
    told: int
    delivered: Sent

    @property
    def idle(self) -> bool:
        return not self.lapsed and not self.told and self.delivered == Sent()


def once(
    engine: Engine,
    directory: Directory,
    settings: Settings,
    *,
    now: datetime,
    claimant: str,
    new_content: bool = True,
) -> Round:
    """One round. Without `new_content` the content is not compared with what is booked."""
    lapsed = offers.lapse(engine, directory, now=now)
    told = 0
    if new_content:
        changes.open_places(engine, directory, now=now)
        told = changes.tell_changes(engine, directory, now=now)
        limits.forget(engine, now=now)
    secret = settings.secret
    delivered = messages.send_due(
        engine,
        directory,
        settings,
        link_of=lambda nonce: bookings.link_of(secret, nonce),
        now=now,
        claimant=claimant,
    )
    return Round(lapsed, told, delivered)
