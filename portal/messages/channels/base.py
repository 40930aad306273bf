"""The letter that a channel is given, and the error it raises if it cannot deliver it.

A letter is complete: one recipient, the text filled in, a reference made from its row in the queue.
The reference is the same at every attempt, so that a channel can keep a second attempt from
becoming a second message: as a file name, in a Message-ID, or by asking the service that took the
first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from portal.directory.values import is_email, phone_figures
from portal.errors import PortalError

Way = Literal["email", "text"]

_NUMBER = re.compile(r"\+?[0-9]{7,15}")


class Undelivered(PortalError):
    """The letter was not sent. `permanent`: do not try again. `words` are for staff."""

    def __init__(self, words: str, *, permanent: bool = False) -> None:
        self.words = words
        self.permanent = permanent
        super().__init__(words)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A calendar file attached to a letter. `method` is its METHOD property."""

    name: str
    method: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """A message, ready to send. A text message has only a `plain` body."""

    way: Way
    to: str
    plain: str
    reference: str
    written: datetime
    subject: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()


class Channel(Protocol):
    """A way to deliver letters."""

    def send(self, letter: Letter) -> str:
        """Hand the letter over and return a receipt. Raises Undelivered."""

    def sent_before(self, letter: Letter) -> str | None:
        """The receipt of an earlier attempt that was not recorded, if the channel can find out."""


def one_address(letter: Letter) -> str:
    """The address of a letter, if it is a single address and nothing else (S26).

    A comma would add a recipient, a line break a header. Raises Undelivered (permanent).
    """
    if letter.way == "text":
        number = phone_figures(letter.to)
        if _NUMBER.fullmatch(number):
            return number
        raise Undelivered("The phone number is not one that we can send a text to.", permanent=True)
    if is_email(letter.to):
        return letter.to
    raise Undelivered("The email address is not one that we can write to.", permanent=True)
