"""What the clock does for bookings: offers lapse, free places are offered, changes are told, post
goes out, data go.

One round is safe to run at any time and in any number of processes: each step claims what it works
on. So it may run beside the server, from a timer, or by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from portal import messages
from portal.bookings import content_changes, retention, waiting_list
from portal.bookings.retention import Forgotten
from portal.directory import Directory
from portal.messages import Sent
from portal.settings import Settings


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did: offers whose time was over, families newly told of changes, deliveries,
    and what was forgotten, where it was time for that."""

    lapsed: int
    told: int
    delivered: Sent
    forgotten: Forgotten | None = None

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
    forget: bool = False,
) -> Round:
    """One round. Without `new_content` the content is not compared with what is booked.

    `forget` is for the first round of each day: it then forgets what its time has come for.
    """
    told = 0
    if new_content:
        content_changes.open_places(engine, directory, now=now)
        told = content_changes.tell_changes(engine, directory, now=now)
    # In each round: an older process may have put somebody on a list that is at its end already.
    # Before offers lapse: what is off has not gone to the next family.
    told += content_changes.call_off(engine, directory, now=now)
    lapsed = waiting_list.lapse(engine, directory, now=now)
    waiting_list.offer_everywhere(engine, directory, now=now)
    delivered = messages.send_due(
        engine,
        directory,
        settings,
        now=now,
        claimant=claimant,
    )
    forgotten = retention.forget(engine, directory, settings, now=now) if forget else None
    return Round(lapsed, told, delivered, forgotten)
