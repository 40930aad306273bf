"""What is owed to families and professionals: queued, composed, delivered.

A message is queued in the transaction that causes it (`owe`), composed when it is due (`letters`)
and delivered by a channel (`send_due`). Channels are in `channels`, one module each.
"""

from portal.messages.delivery import Sent, claim, send_due
from portal.messages.outbox import (
    Listed,
    Message,
    about,
    drop,
    listed,
    of_booking,
    owe,
    owe_each,
    try_again,
)

__all__ = [
    "Listed",
    "Message",
    "Sent",
    "about",
    "claim",
    "drop",
    "listed",
    "of_booking",
    "owe",
    "owe_each",
    "send_due",
    "try_again",
]
