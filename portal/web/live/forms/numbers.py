"""The form in which a family with a booking changes who comes, and who is in the creche."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portal.web.live.forms.answers import Answer, Children, Whole
from portal.web.live.forms.creche import CrecheQuestions
from portal.web.live.forms.family import LARGEST_FAMILY, Group, LiveForm


class NumbersForm(CrecheQuestions, LiveForm):
    """How many come, and how old the children are."""

    asks_ages = True

    people = Whole(
        "How many people will come?",
        what="how many people will come",
        missing="Enter how many people will come",
        least=1,
        most=LARGEST_FAMILY,
        width="w2",
    )
    children = Children(
        "How old is each child?", hint="Leave blank any boxes that you do not need."
    )

    def groups(self) -> Sequence[Group]:
        fields: list[Answer] = [self.people]
        if self.asks_ages:
            fields.append(self.children)
        return [Group("", [*fields, *self.creche_questions()])]

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        self.check_creche()
        return self.well

    @property
    def changes(self) -> dict[str, Any]:
        """What `bookings.change` is given of the creche: nothing where it is not asked."""
        if not self.asks_creche:
            return {}
        waits = "wait" in (self.creche_choice.data, self.creche_full.data)
        return {"in_creche": self.in_creche, "creche_wait": waits}
