"""The forms of staff: the live forms' answers and mistakes, without their key and their haste."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, ClassVar

from flask import g
from flask_wtf.csrf import generate_csrf
from pydantic_core import PydanticCustomError

from portal.directory.values import WEEKDAYS, day_words, read_day
from portal.web.live.forms.answers import Answer, plain_figures
from portal.web.live.forms.family import Group, LiveForm

NOT_YOURS = "This page was open for too long. Look at your answers, and press the button again"

_DAY = re.compile(r"(\d{1,2})[\s./-](\d{1,2})[\s./-](\d{4})", re.ASCII)
_YEARS = range(2000, 2101)
_WITH_WEEKDAY = re.compile(
    r"(?:(Mon|Tue|Tues|Wed|Thu|Thur|Thurs|Fri|Sat|Sun|Monday|Tuesday|Wednesday|Thursday|Friday|"
    r"Saturday|Sunday)\.?,? +)?(.*)",
    re.I,
)


def day_of(text: str) -> date | None:
    """A day as browsers send it (2027-01-31), or as people write it (31/1/2027)."""
    typed = _DAY.fullmatch(text)
    try:
        day = (
            date(int(typed[3]), int(typed[2]), int(typed[1])) if typed else date.fromisoformat(text)
        )
    except ValueError:
        return None
    return day if day.year in _YEARS else None


class Day(Answer):
    """A day, in words or in numbers. Its value is a date; a weekday that is not that of the date is
    a mistake, because one of the two is wrong."""

    HINT: ClassVar[str] = "Such as 14 January 2027 or 14/1/2027."

    def __init__(self, label: str = "", **given: Any) -> None:
        super().__init__(label, **{"hint": self.HINT, "autocomplete": "off", **given})
        self.weekday = ""

    def read(self, text: str) -> date | None:
        written = _WITH_WEEKDAY.fullmatch(plain_figures(text))
        self.weekday, rest = (written[1] or "", written[2]) if written else ("", text)
        day = day_of(rest)
        if day is None:
            try:
                day = read_day(rest)
            except PydanticCustomError:
                return None
        return day if day.year in _YEARS else None

    @property
    def text(self) -> str:
        return "" if self.data is None else day_words(self.data)

    def wrong_value(self) -> str:
        if self.data is None:
            return f"Enter {self.what} like 14 January 2027"
        right = WEEKDAYS[self.data.weekday()]
        if self.weekday and not right.lower().startswith(self.weekday.lower()[:3]):
            return f"{self.text} is a {right}, not a {self.weekday}. Change the day or the weekday"
        return ""


class StaffForm(LiveForm):
    """A form with a token. `refused` says whether it is to be shown again, and by which status."""

    asked: ClassVar[Sequence[str]] = ()  # the names of its answers, in their order

    def groups(self) -> Sequence[Group]:
        return [Group("", [self.answer(name) for name in self.asked])]

    def protocol(self) -> Iterator[tuple[str, str]]:
        yield "csrf_token", generate_csrf()

    def refused(self) -> int | None:
        """None if every answer is valid; otherwise the status of the form shown again."""
        if g.foreign:
            self.trouble = NOT_YOURS
            return 400
        return None if self.validate() else 422


class Password(Answer):
    """A password: kept character for character, and never shown again."""

    input_type = "password"

    def __init__(self, label: str = "", **given: Any) -> None:
        super().__init__(label, **{"longest": 200, **given})

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.typed = self.data = str(valuelist[0]) if valuelist else ""

    @property
    def shown(self) -> str:
        return ""

    def wrong(self) -> str:
        if len(self.raw_data or ()) > 1:
            return f"Give {self.what} only once"
        if not self.data:
            return self.missing
        if len(self.data) > self.longest:
            return f"Shorten {self.what} to {self.longest:,} characters"
        return self.wrong_value()
