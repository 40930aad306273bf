"""The kinds of answer in a live form: how each is cleaned, checked, shown again and put in words.

Input may be anything: repeated fields, invisible characters, digits of any script, far too much
text. A field keeps one clean value, or says in one sentence what to do; the same sentence is shown
in the summary and beside the field. Names may be in any script, but must be visible (S25).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, ClassVar

from wtforms import Field
from wtforms.utils import unset_value

from portal.content import phone_numbers
from portal.content.phone_numbers import LONGEST, Fault, PhoneNumber
from portal.directory.values import is_email
from portal.finder.places import slips

# Characters that change text direction: on a printed register they could hide a name.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Classed as letters or symbols, but invisible.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")

# What to do about a phone number that cannot be rung; `{what}` is 'your phone number'.
_PHONE_FAULTS: Mapping[Fault, str] = {
    "mobile": "Enter {what} again: a mobile number has 11 figures, like 07700 900123",
    "figures": "Enter {what} again, with all its figures, like 01772 532536",
    "area code": "Enter {what} with its area code, like 01772 532536",
    "country": "Enter {what} again, with the code of its country, like +48 601 234 567",
    "unclear": "Enter {what} like 07700 900123",
}

Option = tuple[str, str]


def printable(text: str, *, lines: bool = False) -> str:
    """Text without unprintable characters, for a page that shows it again."""
    if text.isprintable():
        return text  # as nearly all is: no control sign, none that turns
    return "".join(sign for sign in text if not _hidden(sign, lines))


def _hidden(sign: str, lines: bool) -> bool:
    if lines and sign in "\n\t":
        return False
    return unicodedata.category(sign) in ("Cc", "Cs") or sign in _TURNING


def without_marks(text: str) -> str:
    """Text without zero-width marks, such as a phone puts around a number copied from its
    contacts. The sender cannot see them."""
    if text.isprintable():
        return text
    return "".join(sign for sign in text if unicodedata.category(sign) != "Cf")


def visible(text: str, kinds: str = "LNPS") -> bool:
    """Whether the text has a visible letter, number, punctuation mark or symbol."""
    return any(unicodedata.category(sign)[0] in kinds and sign not in _BLANK for sign in text)


def plain_figures(text: str) -> str:
    """Digits of any script as 0 to 9."""
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in text)


class Carried(Field):
    """A value that a form brings along, as it was sent: nobody types it."""

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:  # noqa: ARG002  the library's signature
        # Not by `get`, which makes an HTTP error of each value that is missing, and drops it.
        sent = formdata.getlist(self.name) if formdata is not None else ()
        self.data = sent[0] if sent else None if data is unset_value else data

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:  # noqa: ARG002  the library's signature
        return True


class Answer(Field):
    """One answer on one line.

    `what` names it in sentences: 'your full name'. Without it, they cite the label.
    It is compulsory where `missing` says what to do when nothing is given.
    """

    kind: ClassVar[str] = "line"
    input_type: ClassVar[str] = "text"
    lines: ClassVar[bool] = False
    copied: ClassVar[bool] = False  # pasted from elsewhere, with invisible characters

    def __init__(
        self,
        label: str = "",
        *,
        what: str = "",
        missing: str = "",
        longest: int = 200,
        hint: str = "",
        autocomplete: str = "",
        inputmode: str = "",
        width: str = "",
        marked: bool = True,
        **given: Any,
    ) -> None:
        super().__init__(label, description=hint, **given)
        self.plain_words = label  # each copy has its own, because some forms say a day in it
        self.what = what or f"the answer to “{label}”"
        self.missing = missing
        self.longest = longest
        self.hint = hint
        self.autocomplete = autocomplete
        self.inputmode = inputmode
        self.width = width
        self.marked = marked  # whether its label says that it is optional
        self.typed = ""
        self.length = 0
        self.dirty = False

    # For templates.

    @property
    def words(self) -> str:
        return self.plain_words if self.missing or not self.marked else self.optional_words

    @property
    def optional_words(self) -> str:
        return f"{self.plain_words} (optional)"

    @property
    def anchor(self) -> str:
        """The id of the element that a message about this answer points to."""
        return str(self.id)

    @property
    def error(self) -> str:
        return str(self.errors[0]) if self.errors else ""

    def problems(self) -> Iterator[tuple[str, str]]:
        """For the summary: where, and what to do."""
        if self.error:
            yield self.anchor, self.error

    @property
    def shown(self) -> str:
        """What was typed, to be shown again where it was typed."""
        return self.typed if self.raw_data is not None else self.text

    @property
    def text(self) -> str:
        """The value as text, as it would be typed."""
        return "" if self.data is None else str(self.data)

    @property
    def said(self) -> str:
        """The answer in words, to be checked; '' where there is none."""
        return self.text

    def carried(self) -> Iterator[tuple[str, str]]:
        """Names and values that bring the answer to the next screen."""
        if self.text:
            yield str(self.name), self.text

    # What WTForms calls. An answer has no default, no filter and no validator but its own, so the
    # library's way through all of them is not gone.

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        if formdata is None:
            super().process(None, data, extra_filters)
            return
        self.process_errors = []
        self.raw_data = formdata.getlist(self.name)
        self.process_formdata(self.raw_data)

    def forget(self) -> None:
        """Drop what was sent."""
        self.process(None)
        self.raw_data, self.typed, self.errors = None, "", []

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = str(valuelist[0]) if valuelist else ""
        if not text:  # as most are
            self.typed, self.dirty, self.length, self.data = "", False, 0, self.read("")
            return
        if self.lines:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        elif self.copied:
            text = without_marks(text)
        self.typed = printable(text, lines=self.lines)
        self.dirty = self.typed != text
        # Invisible text counts as no answer.
        text = unicodedata.normalize("NFC", self.typed) if visible(self.typed) else ""
        text = text.strip() if self.lines else " ".join(text.split())
        # Of what is kept, which can be longer than what was typed: U+0958 is composed of two.
        self.length = len(text)
        self.data = self.read(text)

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:  # noqa: ARG002  the library's signature
        wrong = self.wrong()
        self.errors = [wrong] if wrong else []
        return not wrong

    def blame(self, words: str) -> None:
        """Adds a mistake found by comparing several answers; '' is none."""
        if words and not self.errors:
            self.errors = [words]

    # What kinds of answers change.

    def read(self, text: str) -> Any:
        """The value of clean text."""
        return text

    def wrong(self) -> str:
        """What to correct in this answer; '' if it can be kept."""
        if len(self.raw_data or ()) > 1:
            return f"Give {self.what} only once"
        if self.dirty:
            return f"Write {self.what} again, without hidden characters"
        if not visible(self.typed):
            return self.missing
        if self.length > self.longest:
            return f"Shorten {self.what} to {self.longest:,} characters"
        return self.wrong_value()

    def wrong_value(self) -> str:
        """The same for a text that is there, clean and not too long."""
        return ""


class Name(Answer):
    """A name of a person, in any script."""

    def wrong_value(self) -> str:
        return "" if visible(self.text, "L") else f"Write {self.what} in letters"


class Lines(Answer):
    """An answer that may take several lines."""

    kind = "lines"
    lines = True

    @property
    def rows(self) -> int:
        return 3 if self.longest <= 500 else 5


class Email(Answer):
    """One email address: a comma would add a second reader (S26).

    A domain with a likely slip is asked about once: the address that was asked about travels in a
    hidden field, and is accepted when it is sent again. `doubted=False` asks nothing.
    """

    kind = "line"
    input_type = "email"
    copied = True

    def __init__(self, label: str = "", *, doubted: bool = True, **given: Any) -> None:
        super().__init__(label, **{"longest": 254, "inputmode": "email", **given})
        self.doubted = doubted
        self.confirmed: tuple[str, ...] = ()

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        super().process(formdata, data, extra_filters)
        again = formdata.getlist(self.again_name) if formdata is not None else ()
        kept = (data,) if isinstance(data, str) else ()
        self.confirmed = (*map(str, again), *kept)

    @property
    def again_name(self) -> str:
        return f"{self.name}-again"

    @property
    def again(self) -> str:
        """The address, if its domain is doubtful and it has been asked about."""
        return self.text if self.text in self.confirmed and meant_domain(self.text) else ""

    def carried(self) -> Iterator[tuple[str, str]]:
        yield from super().carried()
        if self.again:
            yield self.again_name, self.again

    def wrong_value(self) -> str:
        if not is_email(self.text):
            return f"Enter {self.what} like name@example.org"
        meant = meant_domain(self.text) if self.doubted and not self.again else ""
        if not meant:
            return ""
        self.confirmed = (self.text,)
        return f"Did you mean {meant}? Correct {self.what}, or press the button again to keep it"


# The mail domains that families here have most. Short ones, such as sky.com, are left out: too many
# other domains are one slip away from them.
MAIL_DOMAINS = (
    "gmail.com", "googlemail.com", "hotmail.com", "hotmail.co.uk", "outlook.com", "yahoo.com",
    "yahoo.co.uk", "icloud.com", "btinternet.com", "virginmedia.com", "talktalk.net",
)  # fmt: skip
_ALSO_REAL = ("mail.com", "email.com", "ymail.com")  # one slip away from gmail.com


def meant_domain(email: str) -> str:
    """The common mail domain that is one slip away from that of an address; or ''."""
    return _meant(email.rpartition("@")[2].lower())


@lru_cache(maxsize=256)  # families have few domains
def _meant(domain: str) -> str:
    if domain in (*MAIL_DOMAINS, *_ALSO_REAL):
        return ""
    return next((one for one in MAIL_DOMAINS if slips(domain, one, 1) == 1), "")


class Phone(Answer):
    """A phone number of this country, or of another with its code.

    Its value is the number as people here write it, so that the family sees how it was understood.
    """

    input_type = "tel"
    copied = True

    def __init__(self, label: str = "", **given: Any) -> None:
        super().__init__(label, **{"longest": LONGEST, "inputmode": "tel", **given})
        self.number: PhoneNumber | Fault = "unclear"

    def read(self, text: str) -> str:
        text = plain_figures(text)
        self.number = phone_numbers.read(text) if 0 < len(text) <= self.longest else "unclear"
        return self.number.words if isinstance(self.number, PhoneNumber) else text

    @property
    def takes_texts(self) -> bool:
        return isinstance(self.number, PhoneNumber) and self.number.takes_texts

    def wrong_value(self) -> str:
        if isinstance(self.number, PhoneNumber):
            return ""
        return _PHONE_FAULTS[self.number].replace("{what}", self.what)


class Whole(Answer):
    """A whole number between two others."""

    def __init__(self, label: str = "", *, least: int = 0, most: int = 9999, **given: Any) -> None:
        super().__init__(label, **{"inputmode": "numeric", "width": "w4", **given})
        self.least = least
        self.most = most

    def read(self, text: str) -> int | None:
        figures = plain_figures(text)
        return int(figures) if re.fullmatch(r"[0-9]{1,9}", figures) else None

    def wrong_value(self) -> str:
        if self.data is not None and self.least <= self.data <= self.most:
            return ""
        return f"Enter {self.what} as a number from {self.least} to {self.most:,}"


class Pounds(Whole):
    """A sum in whole pounds, as people write it: '1200', '£1,200' or '50.00'."""

    over = ""  # what to say of a sum above the limit

    def __init__(self, label: str = "", *, least: int = 1, **given: Any) -> None:
        super().__init__(label, least=least, **{"width": "w5", **given})

    def read(self, text: str) -> int | None:
        figures = re.sub(r"^£\s*|(?<=[0-9]),(?=[0-9]{3}(?![0-9]))|\.00$", "", plain_figures(text))
        return super().read(figures)

    def wrong_value(self) -> str:
        if self.data is None or self.data < self.least:
            return f"Enter {self.what} in whole pounds, like 1200"
        if self.data <= self.most:
            return ""
        return self.over or f"Enter {self.what} in whole pounds, £{self.most:,} at most"


class Choice(Answer):
    """One of a list. `kind` is how it is shown: radios, or a list that opens."""

    kind = "radios"

    def __init__(self, label: str = "", *, options: Sequence[Option] = (), **given: Any) -> None:
        super().__init__(label, **given)
        self.options: Sequence[Option] = options

    @property
    def said(self) -> str:
        return dict(self.options).get(self.text, "") if self.text else ""

    def wrong_value(self) -> str:
        known = [value for value, _ in self.options]
        return "" if self.text in known else self.missing or f"Choose {self.what} from the list"


class Pick(Choice):
    """One of a longer list."""

    kind = "pick"


class Ticks(Answer):
    """Any number of choices from a list."""

    kind = "ticks"

    def __init__(self, label: str = "", *, options: Sequence[Option] = (), **given: Any) -> None:
        super().__init__(label, **given)
        self.options: Sequence[Option] = options

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = tuple(dict.fromkeys(printable(str(value)) for value in valuelist))

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(self.data or ())

    @property
    def said(self) -> str:
        known = dict(self.options)
        return "; ".join(known[value] for value in self.chosen if value in known)

    def carried(self) -> Iterator[tuple[str, str]]:
        for value in self.chosen:
            yield str(self.name), value

    def wrong(self) -> str:
        known = dict(self.options)
        if any(value not in known for value in self.chosen):
            return f"Choose {self.what} from the list"
        return "" if self.chosen else self.missing


class Tick(Answer):
    """One box, ticked or not, beside a statement."""

    kind = "tick"

    def __init__(self, label: str = "", *, statement: str = "", **given: Any) -> None:
        super().__init__(label, **given)
        self.statement = statement

    def wrong_value(self) -> str:
        return "" if self.text == "yes" else self.missing or "Tick the box, or leave it empty"

    @property
    def said(self) -> str:
        return "Yes" if self.text == "yes" else ""


class Children(Answer):
    """The ages of children: rows of a number and 'months' or 'years'. Never a date of birth."""

    kind = "children"
    PREFIX: ClassVar[str] = "children"  # of the names of its boxes
    ADD: ClassVar[str] = "add"  # the step of the button that asks for one more child
    WHERE: ClassVar[str] = ""  # what tells these children from others of the same form
    UNITS: ClassVar[Sequence[Option]] = (("years", "years"), ("months", "months"))
    AT_FIRST: ClassVar[int] = 3
    MOST: ClassVar[int] = 10
    OLDEST: ClassVar[dict[str, int]] = {"years": 25, "months": 36}

    def __init__(self, label: str = "", **given: Any) -> None:
        super().__init__(label, **given)
        self.rows: list[tuple[str, str]] = []
        self.mistakes: dict[int, str] = {}
        self.asked = self.AT_FIRST

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:  # noqa: ARG002  the library's signature
        self.process_errors = []
        self.raw_data = None
        self.rows = []
        self.mistakes = {}
        if formdata is None:
            given = data if isinstance(data, tuple | list) else ()
            self.rows = [_of_words(words) for words in given]
        else:
            self.raw_data = []
            self._read(formdata)
        self.asked = max(self.AT_FIRST, len(self.rows))

    def _read(self, formdata: Any) -> None:
        for age_name, unit_name in self._box_names():
            if age_name not in formdata and unit_name not in formdata:
                continue
            ages, units = formdata.getlist(age_name), formdata.getlist(unit_name)
            twice = len(ages) > 1 or len(units) > 1
            age, unit = str(ages[0]) if ages else "", str(units[0]) if units else "years"
            self.rows.append((printable(age).strip(), printable(unit)))
            if twice:
                self.mistakes[len(self.rows)] = (
                    f"Give the age of {self._child(len(self.rows))} only once"
                )
            elif printable(age) != age or unit not in self.OLDEST:
                self.mistakes[len(self.rows)] = self._unclear(len(self.rows))

    def add(self) -> None:
        """Ask for one more child."""
        self.asked = min(self.MOST, self.asked + 1)

    @property
    def full(self) -> bool:
        return self.asked >= self.MOST

    @property
    def boxes(self) -> Iterator[tuple[int, str, str, str]]:
        """What to show: number, age, unit and what is wrong with it."""
        for number in range(1, self.asked + 1):
            age, unit = self.rows[number - 1] if number <= len(self.rows) else ("", "years")
            yield number, age, unit, self.mistakes.get(number, "")

    @classmethod
    @cache
    def _box_names(cls) -> Sequence[tuple[str, str]]:
        """The names of the two boxes of each child."""
        return tuple((cls.age_name(n), cls.unit_name(n)) for n in range(1, cls.MOST + 1))

    @classmethod
    def age_name(cls, number: int) -> str:
        return f"{cls.PREFIX}-{number}-age"

    @classmethod
    def unit_name(cls, number: int) -> str:
        return f"{cls.PREFIX}-{number}-unit"

    @property
    def anchor(self) -> str:
        return self.age_name(1)

    def problems(self) -> Iterator[tuple[str, str]]:
        for number, words in sorted(self.mistakes.items()):
            yield self.age_name(number), words

    @property
    def ages(self) -> tuple[str, ...]:
        """'2 years', '7 months': one for each child whose age is given."""
        return tuple(_in_words(age, unit) for age, unit in self.rows if age)

    @property
    def said(self) -> str:
        return ", ".join(self.ages)

    def carried(self) -> Iterator[tuple[str, str]]:
        given = [(age, unit) for age, unit in self.rows if age]
        for number, (age, unit) in enumerate(given, 1):
            yield self.age_name(number), age
            yield self.unit_name(number), unit

    def wrong(self) -> str:
        for number, (age, unit) in enumerate(self.rows, 1):
            if not age or number in self.mistakes:
                continue
            figures = plain_figures(age)
            oldest = self.OLDEST.get(unit, -1)
            if not re.fullmatch(r"[0-9]{1,3}", figures) or int(figures) > oldest:
                self.mistakes[number] = self._unclear(number)
        return self.mistakes[min(self.mistakes)] if self.mistakes else ""

    def _unclear(self, number: int) -> str:
        months, years = self.OLDEST["months"], self.OLDEST["years"]
        child = self._child(number)
        return f"Enter the age of {child}: up to {months} in months, or up to {years} in years"

    @classmethod
    def _child(cls, number: int) -> str:
        return f"child {number}{cls.WHERE}"


def _in_words(age: str, unit: str) -> str:
    number = plain_figures(age).lstrip("0") or "0"
    return f"{number} {unit.removesuffix('s')}" if number == "1" else f"{number} {unit}"


def _of_words(words: str) -> tuple[str, str]:
    """The number and the unit of '2 years'."""
    age, _, unit = words.partition(" ")
    return age, "months" if unit.startswith("month") else "years"


def months_of(ages: Iterable[str]) -> Iterator[tuple[int, int]]:
    """For each age in words, the months from the first included to the first excluded."""
    for words in ages:
        age, unit = _of_words(words)
        number = int(age)
        yield (number, number + 1) if unit == "months" else (number * 12, number * 12 + 12)
