"""Messages to families and professionals: queued, composed, delivered.

A message is queued in the transaction that causes it (`enqueue`), composed when it is due
(`letters`) and delivered by a channel (`send_due`). Channels are in `channels`, one module each.
"""

from portal.messages.delivery import Sent, claim, send_due
from portal.messages.outbox import (
    Listed,
    Message,
    about,
    drop,
    enqueue,
    enqueue_all,
    hold_restored,
    listed,
    of_booking,
    try_again,
)

__all__ = [
    "Listed",
    "Message",
    "Sent",
    "about",
    "claim",
    "drop",
    "enqueue",
    "enqueue_all",
    "hold_restored",
    "listed",
    "of_booking",
    "send_due",
    "try_again",
]
