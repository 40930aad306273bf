"""Every rule about places: book, wait, offer, accept, change, cancel, and erase the data later.

The functions below run in one transaction each, which locks the series first. Besides them:
`places` counts the places left, `registers` and `casework` are for staff, `content_changes` tells
families what an editor changed, `personal_data` and `retention` correct and erase personal data,
`support` is the request desk, and `working_days` says when its work is due.
"""

from portal.bookings.booking import (
    MOST_PLACES,
    Booking,
    Family,
    NotBookable,
    Referrer,
    ask,
    book,
    family_of,
    find,
    find_by_key,
    get,
)
from portal.bookings.creche import CrecheFull
from portal.bookings.places import Full
from portal.bookings.transitions import (
    accept,
    cancel,
    change,
    confirm,
    decline,
    give,
    move,
    moved_from,
    moved_to,
    restorable,
    restore,
)
from portal.directory.asked import ASKED_FOR

__all__ = [
    "ASKED_FOR",
    "MOST_PLACES",
    "Booking",
    "CrecheFull",
    "Family",
    "Full",
    "NotBookable",
    "Referrer",
    "accept",
    "ask",
    "book",
    "cancel",
    "change",
    "confirm",
    "decline",
    "family_of",
    "find",
    "find_by_key",
    "get",
    "give",
    "move",
    "moved_from",
    "moved_to",
    "restorable",
    "restore",
]
