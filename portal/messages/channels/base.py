"""What a channel is given, and how it says that it could not deliver.

A letter is finished: one person, words filled in, a reference made from its row in the queue. The
reference is the same at every try, so that a channel can keep a second try from becoming a second
message: as the name of a file, in a Message-ID, or by asking the service that took the first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from portal.directory.values import phone_figures
from portal.errors import PortalError

Way = Literal["email", "text"]

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_NUMBER = re.compile(r"\+?[0-9]{7,15}")


class Undelivered(PortalError):
    """The letter did not go. `permanent`: trying again is of no use. `words` are for staff."""

    def __init__(self, words: str, *, permanent: bool = False) -> None:
        self.words = words
        self.permanent = permanent
        super().__init__(words)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A calendar file that travels with a letter. `method` is the METHOD that it holds."""

    name: str
    method: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """A message, ready to go. A text message has a `plain` and nothing else to read."""

    way: Way
    to: str
    plain: str
    reference: str
    written: datetime
    subject: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()


class Channel(Protocol):
    """A way for letters to travel."""

    def send(self, letter: Letter) -> str:
        """Hand the letter over and return a receipt. Raises Undelivered."""

    def sent_before(self, letter: Letter) -> str | None:
        """The receipt of an earlier try that nobody wrote down, where this can be found out."""


def one_address(letter: Letter) -> str:
    """The address of a letter, if it is one address and nothing beside it (S26).

    A comma would add a person, a line break a header. Raises Undelivered, for good.
    """
    if letter.way == "text":
        number = phone_figures(letter.to)
        if _NUMBER.fullmatch(number):
            return number
        raise Undelivered("The phone number is not one that we can send a text to.", permanent=True)
    if len(letter.to) <= 254 and _ADDRESS.fullmatch(letter.to):
        return letter.to
    raise Undelivered("The email address is not one that we can write to.", permanent=True)
