"""The form of a consultation: choices alone, so that nobody can write a name into it (S107)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from portal.directory import AGE_BANDS, Consultation, District
from portal.web.live.forms.answers import Choice, Pick
from portal.web.live.forms.family import Group, LiveForm


class ConsultationForm(LiveForm):
    """The questions of one consultation, then age and district, which need no answer."""

    questions: Sequence[tuple[str, str]] = ()  # the name of each question, and of its field

    age = Pick(
        "How old are you?",
        what="your age",
        hint="Or how old is your child, if you answer for your child.",
        options=[
            ("", "I do not want to say"),
            *((band.slug, band.title) for band in AGE_BANDS),
        ],
    )
    district = Pick("In which district do you live?", what="your district")

    def groups(self) -> Sequence[Group]:
        asked = [self.answer(field) for _, field in self.questions]
        lead = "You do not have to say. We ask so that we hear from people of all ages and places."
        return [Group("", asked), Group("About you", [self.age, self.district], lead)]

    def offer(self, districts: Sequence[District]) -> None:
        """Take the districts that the content has."""
        named = ((one.slug, one.title) for one in districts)
        self.district.options = [("", "I do not want to say"), *named]

    @property
    def chosen(self) -> Mapping[str, str]:
        """The option of each question by its name."""
        return {name: self.answer(field).text for name, field in self.questions}


_made: WeakKeyDictionary[Consultation, type[ConsultationForm]] = WeakKeyDictionary()


def form_of(consultation: Consultation) -> type[ConsultationForm]:
    """The form with the questions of a consultation, made once for each."""
    if consultation not in _made:
        named = [(one.name, f"question-{one.name}") for one in consultation.questions]
        fields: dict[str, Any] = {
            f"question-{one.name}": Choice(
                one.label,
                missing=f"Choose an answer to “{one.label}”",
                options=[(option, option) for option in one.options],
            )
            for one in consultation.questions
        }
        _made[consultation] = type("Form", (ConsultationForm,), {**fields, "questions": named})
    return _made[consultation]
