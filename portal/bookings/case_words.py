"""What a request for support is called: for the family, for staff, and which day is promised.

What it hides: one table. The words follow from the state and from the decision (level, next step,
worker, contact, reason of the end), so that the family's page says what staff decided. A day by
which a worker gets in touch is promised only while we have to, and never where others help.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from portal.bookings.case_rows import SupportCase
from portal.directory.need_levels import NEEDS_OTHERS, ends_elsewhere, is_ours
from portal.messages.facts import ended_words

# What staff do next for a family, once they know its level of need.
NEXT_STEPS: Mapping[str, str] = {
    "place": "A place in the group that it asked for",
    "group": "A place in another group near the family",
    "support": "A family support worker",
    "other": "Another service helps",
    "ask": "We need to ask the family more",
}
AT_OTHERS = ("", "other")  # the next steps at a level that is not ours

# Why staff close a case; the others are set by what ends it.
REASONS: Mapping[str, str] = {
    "place": "Has a place in the group",
    "group": "Has a place in another group",
    "other": "Another service helps",
    "level": "Needs more help than we give",
    "done": "We have done what we planned",
    "down": "A group is enough now",
    "up": "Needs more help now",
    "stopped": "The family stopped",
    "unreached": "We could not reach the family",
    "erased": "The details were deleted",
}
_LOST = "We have lost touch with the family"  # 'unreached', after a first contact

# The family must read who helps it instead: the page says it, or the words of staff.
NEED_WORDS = ("other", *NEEDS_OTHERS)

Promise = Literal["", "read", "contact"]


@dataclass(frozen=True, slots=True)
class Where:
    """Where a request is. `said` is '' where the family's page has words of its own."""

    title: str  # the heading of the family's page
    said: str  # what the page says below it
    staff: str  # the state in lists of staff
    promise: Promise = ""  # the day that the family reads: read, or contacted, by then
    elsewhere: bool = False  # the family reads who else helps, and where urgent help is


_WITH_WORKER: Mapping[str, tuple[str, str]] = {
    "allocated": ("You have a worker", "Has a worker"),
    "working": ("You have a worker and a plan", "Has a plan"),
    "reviewed": ("You and your worker have looked at your plan", "The last review is done"),
}

_READ: Mapping[str, tuple[str, str]] = {
    "": ("We are thinking about what can help you best.", "Read, and waits for the next step"),
    "place": (
        "We are looking for a place for you in the group that you asked for.",
        "Read: waits for a place",
    ),
    "group": ("We are looking for a group near you that fits.", "Read: waits for a group"),
    "support": ("We are choosing a worker for you.", "Read: waits for a worker"),
    "other": (
        "Another service may help you better. We are finding out which.",
        "Read: another service helps",
    ),
    "ask": ("We want to ask you a little more.", "Read: we ask the family more"),
}


def reached(case: SupportCase) -> bool:
    """Whether we have spoken with the family: a first contact, or a plan made with it."""
    return case.contacted is not None or bool(case.starts)


def where(case: SupportCase) -> Where:
    """The row of the table for a case."""
    if case.state == "new":
        return Where("We have your request", "", "New", "read")
    if case.state == "declined":
        return Where("We could not say yes to your request", "", "We said no")
    if case.state == "closed":
        return _closed(case)
    if case.needs_worker:
        return Where(
            "We are finding another worker for you", "Your worker has left us.", "Needs a worker"
        )
    promise: Promise = "" if reached(case) else "contact"
    if case.under_way:
        title, staff = _WITH_WORKER[case.state]
        return Where(title, "", staff, promise)
    title = "We have read your request"
    if not is_ours(case.level):
        said = "Others can help you better than we can."
        return Where(title, said, "Read: others help. Tell the family, and close it", "", True)
    step = case.next_step
    if step == "place" and not case.for_group:
        step = "group"  # no group was asked for
    said, staff = _READ[step]
    return Where(title, said, staff, promise)


def _closed(case: SupportCase) -> Where:
    title = "Our work on your request has ended"
    words = reason_words(case, case.close_reason).lower() if case.close_reason else ""
    staff = f"Closed: {words}" if words else "Closed"
    if case.close_reason == "group":
        return Where(title, "We have booked a place in a group for you.", staff)
    why = ended_words(case.close_reason, reached=reached(case))
    said = f"{title}: {why}." if why else ""
    elsewhere = ends_elsewhere(case.close_reason, case.level)
    return Where(title, said, staff, elsewhere=elsewhere)


def reason_words(case: SupportCase, reason: str) -> str:
    """A reason of `REASONS` for this case: we cannot fail to reach a family that we spoke with."""
    return _LOST if reason == "unreached" and reached(case) else REASONS[reason]


def words_for_staff(case: SupportCase) -> str:
    """Where a request is, in the words of staff."""
    return where(case).staff


def words_for_family(case: SupportCase) -> str:
    """Where a request is, in the words of the family's own page."""
    return where(case).title
