"""What a booking form asks about the creche: how many children need a place, and their ages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from portal.directory import Series
from portal.directory.phrases import count
from portal.directory.values import AgeRange, day_words
from portal.web.live.forms.answers import Answer, Carried, Children, Choice, Whole, months_of

_LEAVE = "Leave this empty if you need no place."
_MOST = 10  # of one family, as in `answers.Children`


class CrecheAges(Children):
    """The ages of the children who need a place in the creche."""

    PREFIX: ClassVar[str] = "creche"
    ADD: ClassVar[str] = "add-creche"
    WHERE: ClassVar[str] = " in the creche"


class CrecheQuestions:
    """Part of a form: asked where the series has creche places.

    `creche_choice` is 'wait' or 'without' once the family knows that the creche is full.
    """

    asks_creche = False
    creche_takes: Sequence[AgeRange] = ()

    creche = Whole(
        "How many children need a place in the creche?",
        what="how many children need a place in the creche",
        width="w2",
    )
    creche_ages = CrecheAges("How old is each child in the creche?")
    creche_choice = Carried()
    # Staff are asked at once, because the family is on the phone.
    creche_full = Choice(
        "What do they want if the creche is full?",
        what="what they want if the creche is full",
        options=(
            ("wait", "To wait for the creche, and keep their place in the group"),
            ("without", "To come without the creche"),
            ("neither", "No place at all"),
        ),
    )
    by_staff = False
    creche_left: int | None = None  # once it is known

    def ask_creche(self, series: Series) -> None:
        """Ask about the creche of this series, if it has places for children."""
        self.asks_creche = bool(series.creche_room)
        self.creche_takes = series.creche_ages or ()
        self.creche.most = min(_MOST, series.creche_room)
        words = ages_words(self.creche_takes)
        self.creche.hint = f"The creche is for {words}. {_LEAVE}"
        self.creche_ages.hint = "Leave blank any boxes that you do not need."

    def tell_of_creche(self, day: date | None, left: int) -> None:
        """Say which day the ages are for, and how many places are free before one is asked for.

        Staff have to say what the family wants instead only where too few are free.
        """
        self.creche_left = left
        are = "is" if left == 1 else "are"
        room = f"There {are} {count(left, 'place')} left in the creche."
        if not left:
            room = "The creche is full, or other families wait for a place in it."
        self.creche.hint = self.creche.hint.replace(_LEAVE, f"{room} {_LEAVE}")
        self.creche_full.hint = room
        if day is not None:
            label = f"How old will each child in the creche be on {day_words(day)}?"
            self.creche_ages.plain_words = label
            self.creche_ages.hint = f"That day counts, not today. {self.creche_ages.hint}"

    def creche_questions(self) -> list[Answer]:
        if not self.asks_creche or self.creche_choice.data == "without":
            return []
        asked: list[Answer] = [self.creche, self.creche_ages]
        return [*asked, self.creche_full] if self.by_staff else asked

    def check_creche(self) -> None:
        """Compare the number with the ages, and the ages with those that the creche takes."""
        number, boxes = self.creche, self.creche_ages
        if not self.asks_creche or number.errors or boxes.mistakes:
            return
        wanted, ages = number.data or 0, boxes.ages
        if wanted < len(ages):
            number.blame("Enter how many children need a place: one for each age that you gave")
        elif wanted > len(ages):
            boxes.mistakes[len(ages) + 1] = "Enter the age of each child in the creche"
            boxes.asked = max(boxes.asked, min(wanted, _MOST))
        else:
            for at, age in enumerate(ages, 1):
                if not takes_ages(self.creche_takes, [age]):
                    words = ages_words(self.creche_takes)
                    boxes.mistakes[at] = f"The creche is only for {words}. Change this age"
        boxes.blame(next(iter(boxes.mistakes.values()), ""))
        enough = self.creche_left is not None and wanted <= self.creche_left
        if self.by_staff and wanted and not enough and not self.creche_full.data:
            self.creche_full.blame("Choose what they want if the creche is full")

    @property
    def in_creche(self) -> tuple[str, ...]:
        """The ages of the children to be booked into the creche."""
        without = not self.asks_creche or self.creche_choice.data == "without"
        return () if without else tuple(self.creche_ages.ages)


def ages_words(ages: Sequence[AgeRange]) -> str:
    """'children aged 1 to 4 years'."""
    return f"children aged {' or '.join(age.words for age in ages)}" if ages else "children"


def takes_ages(ranges: Sequence[AgeRange], ages: Sequence[str]) -> bool:
    """Whether a creche for these ages takes all of these children."""
    if not ranges:
        return True
    return all(
        any(one.first < older and younger < one.end for one in ranges)
        for younger, older in months_of(ages)
    )
