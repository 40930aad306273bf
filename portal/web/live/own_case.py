"""Where a family's request is, in plain words for its own page.

What it hides: how a promised day is said. What is said in which state, and whether a day is, is a
row of `case_words`. A day is said only while it is ahead of us, and contact only to a family that
lets us get in touch (S5). The page of a sensitive programme folds the words away, and its title
stays neutral (S3).
"""

from __future__ import annotations

from dataclasses import dataclass

from portal.bookings import Family, case_words
from portal.bookings.case_days import CaseDays
from portal.bookings.support import SupportCase
from portal.directory.asked import programme_of
from portal.directory.need_levels import who_helps
from portal.directory.values import day_words
from portal.messages.facts import ENDED
from portal.web.filters import weekday_words
from portal.web.live.context import live

# Closed by us for these, the request was not simply taken back.
_ENDED_BY_US = {*ENDED, "group"} - {"stopped"}


@dataclass(frozen=True, slots=True)
class CaseWords:
    """What the page says of a request: now, and what comes next."""

    now: tuple[str, ...]
    following: str = ""
    elsewhere: bool = False  # others help: the page says whom to ring, and where urgent help is
    others: str = ""  # whom to ring, with the numbers; '' if the content does not say


@dataclass(frozen=True, slots=True)
class AskWorker:
    """Whom a family asks about its plan: "your worker" or "us", with their number and days."""

    whom: str
    phone: str = ""
    days: str = ""


def ended_by_us(case: SupportCase | None) -> bool:
    """Whether staff closed the request."""
    return case is not None and case.state == "closed" and case.close_reason in _ENDED_BY_US


def words_of(
    case: SupportCase | None, family: Family | None, *, discreet: bool
) -> CaseWords | None:
    """The words for a request that is open or that staff closed; None for anything else."""
    if case is None or family is None:
        return None
    if case.state == "closed":
        return _closed(case) if ended_by_us(case) else None
    if not case.open:
        return None
    if case.needs_worker:
        return _left(case)
    if case.under_way:
        return _helped(case, family, discreet=discreet)
    return _new(case) if case.state == "new" else _read(case, family, discreet=discreet)


def _left(case: SupportCase) -> CaseWords:
    days = _days()
    by = days.worker_by(case)
    said = f"We are choosing another worker for you. This page names them by {day_words(by)}."
    if days.today > by:
        said = "We are choosing another worker for you, and we are late. Ask us how far it is."
    return CaseWords(("Your worker has left us.",), said)


def _for_support(case: SupportCase) -> bool:
    """Whether support is asked for, and not a place."""
    programme = live().directory.support_programme
    return programme is not None and programme_of(case.series) == programme.slug


def _new(case: SupportCase) -> CaseWords:
    days = _days()
    by = days.read_by(case.received)
    said = "One of our workers will read your request."
    now = (said if _for_support(case) else f"You do not have a place yet. {said}",)
    if days.today <= by:
        return CaseWords(now, f"We will read it by {day_words(by)}. This page shows our answer.")
    return CaseWords(
        now,
        f"We wanted to read it by {day_words(by)}, and we are late. Ask us how far it is. This "
        "page shows our answer.",
    )


def _read(case: SupportCase, family: Family, *, discreet: bool) -> CaseWords:
    row = case_words.where(case)
    now = ("We have read your request.", row.said)
    if not row.elsewhere:
        return CaseWords(now, _contact(case, family))
    following = "Do not wait for us. You can ask us again at any time."
    if discreet:  # these words are in the open
        following = "Open “See how far it is” to read our answer."
    return CaseWords(now, following, elsewhere=True, others=_others(case))


def _helped(case: SupportCase, family: Family, *, discreet: bool) -> CaseWords:
    centre = live().directory.find_centre(case.centre)
    at = f" at {centre.title}" if centre and not discreet else ""
    now = [f"Your worker is {case.worker_first_name}{at}."]
    if case.lead_role:
        now.append(f"Who else helps you: {case.lead_role}, {case.lead_organisation}.")
    return CaseWords(tuple(now), _contact(case, family) or _next_of(case))


def _next_of(case: SupportCase) -> str:
    """What a family does next that has heard from its worker, or wants no contact."""
    if case.state == "working":
        return "You and your worker follow your plan. Its days are above."
    if case.state == "reviewed":
        return "You and your worker decide what comes next."
    if case.contacted:
        return "You and your worker make a plan next. This page then shows it."
    return ""


def asking(case: SupportCase | None, *, discreet: bool) -> AskWorker:
    """Whom a family asks about its plan, and on which number and days.

    Its worker, if it has one: at the contact of the centre where they work if that is them, or else
    at the number of the centre. Of a sensitive programme nothing leads to the centre (S3).
    """
    if case is None or not case.under_way or case.needs_worker:
        return AskWorker("us")
    centre = None if discreet else live().directory.find_centre(case.centre)
    if centre is None:
        return AskWorker("your worker")
    contact = centre.contact
    phone = centre.contact_phone
    # A contact with another first name is another worker.
    if (
        contact is None
        or centre.is_sample("contact")
        or contact.first_name not in (None, case.worker_first_name)
    ):
        return AskWorker("your worker", phone or "")
    days = weekday_words(contact.days) if contact.days else ""
    return AskWorker("your worker", contact.phone or phone or "", days)


def _contact(case: SupportCase, family: Family) -> str:
    """By when a worker gets in touch, if the family lets us and has not heard from us yet."""
    days = _days()
    by = days.contact_by(case.received)
    reached = family.contact_by == "call" or (
        family.contact_by != "none" and family.safe_to_contact
    )
    if case_words.where(case).promise != "contact" or not reached:
        return ""
    if days.today > by:
        return "We are late to get in touch with you. Ask us how far it is."
    return f"A worker will get in touch with you by {day_words(by)}, in the way that you chose."


def _closed(case: SupportCase) -> CaseWords:
    row = case_words.where(case)
    following = "You can ask again at any time."
    if case.close_reason == "group":
        following = "It has a page of its own. Do you not have its link? Ask us."
    others = _others(case) if row.elsewhere else ""
    return CaseWords((row.said,), following, elsewhere=row.elsewhere, others=others)


def _others(case: SupportCase) -> str:
    return who_helps(live().directory.site.levels, case.level).rstrip(".")


def _days() -> CaseDays:
    return CaseDays.of(live().directory, live().settings, live().now)
