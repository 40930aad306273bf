"""The forms of a practitioner: a Gap in Service, and the answer to what the panel asked.

No field is for a family. Words that could show who it is are held back, with the sentence to change
(S94).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from portal.bookings.unnamed import findings
from portal.directory.vocabularies import GAP_THEMES, NEEDS
from portal.panel.gaps import Gap
from portal.web.live.forms.answers import (
    Answer,
    Carried,
    Choice,
    Email,
    Lines,
    Name,
    Pick,
    Pounds,
    Ticks,
    Whole,
)
from portal.web.live.forms.family import YES_NO, Group, LiveForm

MOST_POUNDS = 1_000_000


def naming(text: str, today: date) -> str:
    """What to change in words that could show who a family is; '' if there is nothing."""
    found = [f"{one.what}: “{one.excerpt}”" for one in findings(text, today=today)]
    return f"Take out {'; '.join(dict.fromkeys(found))}" if found else ""


class GapForm(LiveForm):
    """A practitioner reports a need that no local service meets. No field names a family."""

    today = date.min

    district = Pick("In which district is it?", what="the district", missing="Choose the district")
    theme = Pick("What is it about?", what="what it is about", missing="Choose what it is about")
    needs = Ticks(
        "What does the family need help with?",
        what="what they need help with",
        missing="Choose at least one kind of need",
        options=tuple(NEEDS.items()),
    )
    level = Choice(
        "At which level of need is the family?",
        what="the level of need",
        missing="Choose the level of need",
    )
    caf = Choice(
        "Is a CAF in place?",
        what="if a CAF is in place",
        missing="Say if a CAF is in place",
        hint="A Common Assessment Framework, or another whole family assessment.",
        options=YES_NO,
    )
    families = Whole(
        "How many families is it for?",
        what="how many families it is for",
        least=1,
        most=500,
        hint="Leave it empty if it is one.",
    )
    wanted = Lines(
        "What would help?",
        what="what would help",
        missing="Write what would help",
        longest=1000,
        hint="A service, a journey or a thing. Do not say who the family is.",
    )
    tried = Lines(
        "What have you tried?",
        what="what you have tried",
        missing="Write what you have tried",
        longest=1000,
        hint="And why it did not fit. Do not say who the family is.",
    )
    pounds = Pounds("What would it cost, in pounds?", what="the cost", most=MOST_POUNDS)
    name = Name(
        "Your full name",
        what="your full name",
        missing="Enter your full name",
        longest=80,
        autocomplete="name",
    )
    organisation = Answer(
        "Your organisation",
        what="your organisation",
        missing="Enter the name of your organisation",
        longest=120,
        autocomplete="organization",
    )
    email = Email(
        "Your work email address",
        what="your email address",
        missing="Enter your work email address",
        autocomplete="email",
    )
    attends = Answer(
        "Who comes to the panel?",
        what="who comes to the panel",
        longest=80,
        hint="If it is not you: the role of the person who comes. Never the family.",
    )

    def groups(self) -> Sequence[Group]:
        gap: list[Answer] = [self.district, self.theme, self.needs]
        gap += [self.level] if self.level.options else []
        gap += [self.caf, self.families, self.wanted, self.tried, self.pounds]
        you: list[Answer] = [self.name, self.organisation, self.email, self.attends]
        return [Group("The gap", gap), Group("You", you)]

    def offer(
        self, districts: Sequence[tuple[str, str]], levels: Sequence[str], cost: str, today: date
    ) -> None:
        """Take what the content has: the districts, the levels, and what a panel may spend."""
        self.district.options = [("", "Choose a district"), *districts]
        self.theme.options = [("", "Choose one"), *GAP_THEMES.items()]
        self.level.options = [(str(number), name) for number, name in enumerate(levels, 1)]
        self.pounds.hint, self.today = cost, today

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        for one in (self.wanted, self.tried, self.attends):
            one.blame(naming(one.text, self.today))
        return self.well

    def gap(self) -> Gap:
        """The gap as reported."""
        return Gap(
            district=self.district.data,
            needs=self.needs.chosen,
            wanted=self.wanted.data,
            tried=self.tried.data,
            pounds=self.pounds.data,
            name=self.name.data,
            organisation=self.organisation.data,
            email=self.email.data,
            level=int(self.level.data) if self.level.text else None,
            caf=self.caf.data == "yes",
            families=self.families.data or 1,
            theme=self.theme.data,
            attends=self.attends.data or "",
        )


class ReplyForm(LiveForm):
    """The practitioner's answer to what the panel asked. `seen` is the version that was shown."""

    today = date.min
    seen = Carried()

    words = Lines(
        "Your answer",
        what="your answer",
        missing="Write your answer",
        longest=1000,
        hint="Do not say who the family is.",
    )

    def groups(self) -> Sequence[Group]:
        return [Group("", [self.words])]

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        self.words.blame(naming(self.words.text, self.today))
        return self.well
