"""The forms of the request desk: triage, a worker, and the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from portal.bookings import support
from portal.bookings.case_words import AT_OTHERS, NEED_WORDS, reason_words
from portal.bookings.support import SupportCase
from portal.directory.models import NeedLevel
from portal.directory.need_levels import NEEDS_OTHERS, is_ours, who_helps
from portal.web.live.forms.answers import Answer, Carried, Choice, Lines, Option, Pick
from portal.web.staff.forms import StaffForm

LONGEST_WORDS = 1000

_BEFORE_WORK = ("other", "level", "unreached", "stopped")
_AFTER_WORK = ("done", "down", "up", "other", "unreached", "stopped")


class CaseForm(StaffForm):
    """A form about one case; `seen` is the version of the case that it was opened with."""

    seen = Carried()

    @property
    def version(self) -> int:
        """The version that the form showed; -1, which no case has, if it is not a number."""
        text = str(self.seen.data or "")
        return int(text) if text.isdecimal() and len(text) < 10 else -1


class _Helper(CaseForm):
    """Who helps the family: our worker, and a Lead Professional elsewhere if there is one."""

    lead_role = Answer(
        "The role of a lead professional elsewhere",
        what="the role of the lead professional",
        longest=80,
        hint="Only if somebody in another service holds the plan together, such as a nurse.",
    )
    lead_organisation = Answer(
        "Where the lead professional works",
        what="where the lead professional works",
        longest=120,
    )

    @property
    def lead(self) -> tuple[str, str]:
        return str(self.lead_role.data or ""), str(self.lead_organisation.data or "")

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        role, organisation = self.lead
        if organisation and not role:
            self.lead_role.blame("Enter the role of the lead professional, such as health visitor")
        elif role and not organisation:
            self.lead_organisation.blame("Enter where the lead professional works")
        return self.well


class TriageForm(_Helper):
    asked: ClassVar[Sequence[str]] = (
        "level",
        "next_step",
        "worker",
        "lead_role",
        "lead_organisation",
    )
    level = Choice("Level of need", what="the level", missing="Choose the level of need")
    next_step = Choice("What comes next?", what="what comes next", marked=False)
    worker = Pick(
        "Who helps the family?",
        what="the worker",
        hint="Only for family support. You can also choose later.",
    )

    @classmethod
    def of(
        cls,
        data: Any,
        levels: Sequence[NeedLevel],
        workers: Sequence[Option],
        *,
        group: bool,
        **known: Any,
    ) -> TriageForm:
        """`group` says whether the family asked for a group, so that it can get a place in it."""
        form = cls(formdata=data, data=known)
        names = [one.name for one in levels] or ["", "", "", ""]
        form.level.options = [
            (str(number), f"Level {number}: {name}" if name else f"Level {number}")
            for number, name in enumerate(names[:4], 1)
        ]
        steps = support.NEXT_STEPS.items()
        form.next_step.options = [step for step in steps if group or step[0] != "place"]
        form.next_step.hint = (
            "At levels 3 and 4 others help: choose “Another service helps”, or leave this empty."
        )
        form.worker.options = [("", "Choose later"), *workers]
        return form

    @property
    def level_number(self) -> int:
        return int(str(self.level.data))

    @property
    def ours(self) -> bool:
        """Whether the level is one at which the service helps."""
        return is_ours(self.level_number)

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        if not self.level.errors and self.ours and not self.next_step.data:
            self.next_step.blame("Choose what comes next")
        elif not (self.level.errors or self.ours) and self.next_step.data not in AT_OTHERS:
            self.next_step.blame(
                f"Others help at level {self.level_number}: choose “Another service helps”, or "
                "choose level 1 or 2"
            )
        if self.worker.data and self.next_step.data != "support":
            self.worker.blame("Choose a worker only for family support, or leave this empty")
        return self.well


class AllocateForm(_Helper):
    asked: ClassVar[Sequence[str]] = ("worker", "lead_role", "lead_organisation")
    worker = Pick("Who helps the family?", what="the worker", missing="Choose a worker")

    @classmethod
    def of(cls, data: Any, workers: Sequence[Option], **known: Any) -> AllocateForm:
        form = cls(formdata=data, data=known)
        # Somebody who can only take the family herself has no choice to make.
        choose = [("", "Choose a worker")] if len(workers) != 1 else []
        form.worker.options = [*choose, *workers]
        return form


class CloseForm(CaseForm):
    asked: ClassVar[Sequence[str]] = ("reason", "words")
    reason = Choice("Why do you close it?", what="why you close it", missing="Choose the reason")
    words = Lines(
        "What do you want to tell the family?",
        what="what you tell the family",
        longest=LONGEST_WORDS,
        hint="The family reads these words on its own page. Say what else may help, and how to get "
        "it. Leave out anything that others must not read.",
    )
    says_who: bool = False  # whether the page itself says who helps at a higher level

    @classmethod
    def of(
        cls, data: Any, case: SupportCase, levels: Sequence[NeedLevel], **known: Any
    ) -> CloseForm:
        form = cls(formdata=data, data=known)
        form.says_who = bool(who_helps(levels, case.level))
        reasons = _AFTER_WORK if case.under_way else _BEFORE_WORK
        form.reason.options = [(one, reason_words(case, one)) for one in reasons]
        return form

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        reason = str(self.reason.data or "")
        known = self.says_who and reason in NEEDS_OTHERS
        if reason in NEED_WORDS and not known and not (self.words.errors or self.words.data):
            self.words.blame("Say who can help the family, and how to reach them")
        return self.well
