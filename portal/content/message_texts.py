"""The words of each message: read from content/messages/ and checked.

What it hides: which placeholders a kind of message has, and which of them would tell a bystander
something. Subjects take none at all, text messages and discreet words only harmless ones (S4); so
no editor can put a programme's name where it is read over a shoulder. A `full_text` may say more:
only families that ticked that their text messages may get it (S86).

`messages.rendering` fills the words in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import Field

from portal.content import prose
from portal.content.file_names import passed_over
from portal.content.front_matter import (
    Problem,
    Written,
    as_noun,
    read_file,
    read_text,
    take_text,
)
from portal.content.plain_english import warnings_of
from portal.directory import Fields
from portal.directory.fields import Line, Text
from portal.directory.likely import likely_word
from portal.directory.values import near
from portal.errors import PortalError

FOLDER = Path("content/messages")

# What any message may say of a booking: harmless, and telling.
HARMLESS = ("first_name", "link", "reference", "contact", "phone", "service")
TELLING = (
    "series", "programme", "dates", "short_dates", "time", "venue", "bring", "first_time",
    "who_meets_you", "creche", "asked_for", "no_place",
)  # fmt: skip

# Each kind of message, with what it alone may say: again harmless, and telling.
KINDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "confirmation": ((), ("calendar_file",)),
    "place-moved": ((), ("calendar_file", "was")),
    "waiting": (("position",), ()),
    "waiting-ended": ((), ("reason",)),
    "offered": (("until",), ()),
    "lapsed": (("until",), ()),
    "moved": ((), ("was", "now", "reason", "still")),
    "postponed": ((), ("reason",)),
    "reminder": (("cannot_come",), ("day",)),
    "cancelled-by-us": ((), ("reason", "still")),
    "cancelled-by-you": ((), ()),
    "off-the-list": ((), ("reason",)),
    "request-received": (("read_by",), ()),
    "request-confirmed": ((), ("calendar_file",)),
    "request-declined": ((), ("reason",)),
    "professional-received": (("outcome", "read_by"), ()),
    "support-worker": ((), ("worker", "worker_at", "lead")),
    "support-closed": ((), ("ended", "others")),
    "support-review": ((), ("review_day",)),
    "link": ((), ()),
    "notice": ((), ("words",)),
    "creche-place": ((), ()),
    "creche-closed": ((), ()),
}

# What happened decides which words a message about a change has (`messages.letters.wording_of`), so
# that its first sentence is true of one date, of several, of all, and of some that are cancelled
# while others move. These files are beside those of the kinds.
WORDINGS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    **KINDS,
    "date-cancelled": ((), ("reason",)),
    "dates-cancelled": ((), ("reason", "still")),
    "dates-postponed": ((), ("reason", "still")),
    "new-date": ((), ("now", "reason", "still")),
    "waiting-notice": ((), ("words",)),
    "request-link": ((), ()),
    "request-ended": ((), ("reason",)),
    "place-cancelled": ((), ("reason",)),
    "other-venue": ((), ("was_venue", "reason", "still")),
    "on-again": ((), ("now", "reason")),
    "changed": ((), ("was", "now", "reason", "still")),
    "off-and-changed": ((), ("off", "reason", "postponed", "why", "was", "now", "note", "still")),
}

# To members of staff, with all that each may say. They are about no booking and no family, so they
# are no `KINDS`, and nothing in them needs other words for a sensitive programme (S80).
TO_STAFF: Mapping[str, tuple[str, ...]] = {
    "week": ("first_name", "centre", "week", "link", "off_link", "service"),
}

# To families that wait to hear of the next group, with what each may say: harmless, and telling.
# They are about no booking, so they are no `KINDS`; sensitive programmes have none (S84).
TO_WISHES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "tell-made": (("link", "contact", "phone", "service", "until"), ("programme", "near", "miles")),
    "tell-open": (
        ("link", "contact", "phone", "service"),
        (
            "programme",
            "near",
            "group_1",
            "group_2",
            "group_3",
            "page_1",
            "page_2",
            "page_3",
            "more",
        ),
    ),
}

# To practitioners who sent a Gap in Service form, with all that each may say. They are about no
# booking and name no family, so they are no `KINDS`, and have no other words (S94).
_TO_PRACTITIONER = ("first_name", "link", "reference", "contact", "phone", "service", "district")
_OF_MEETING = ("panel", "meeting", "where", "moved", "sample", "calendar_file")
TO_PRACTITIONERS: Mapping[str, tuple[str, ...]] = {
    "gap-received": (*_TO_PRACTITIONER, *_OF_MEETING, "manager"),
    "gap-agenda": (*_TO_PRACTITIONER, *_OF_MEETING),
    "gap-manager": (*_TO_PRACTITIONER, "manager"),
    "gap-more": (*_TO_PRACTITIONER, "panel", "words"),
    "gap-answer": (*_TO_PRACTITIONER, "panel", "answer", "words", "page"),
}

# Every file that there is.
FILES = (*WORDINGS, *TO_STAFF, *TO_WISHES, *TO_PRACTITIONERS)

# To the professional who asked. They never hold the link, which is the family's own.
TO_PROFESSIONAL = ("professional-received",)

# News that a family cannot know by itself: where no message can be sent, staff must tell it.
TO_RING = (
    "moved",
    "postponed",
    "cancelled-by-us",
    "waiting-ended",
    "offered",
    "lapsed",
    "notice",
    "request-confirmed",
    "request-declined",
    "support-worker",
    "support-closed",
    "creche-place",
    "creche-closed",
)
# These repeat what a family has seen or said when it acted, or remind it of what it knows.
NOT_RUNG = (
    "confirmation",
    "place-moved",
    "waiting",
    "request-received",
    "cancelled-by-you",
    "off-the-list",
    "link",
    "reminder",
    "support-review",
)

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class MessageFields(Fields):
    """The fields of a file content/messages/<kind>.md; its text is the body of the email."""

    subject: Line = Field(description="The subject of the email. It names no group and no place.")
    text: Line = Field(description="The whole text message, with {link} where it is the family's.")
    full_text: Line | None = Field(
        None,
        description="The text message for a family that wants to read what, when and where in it.",
    )
    discreet_subject: Line | None = Field(
        None, description="The subject for a sensitive programme, if it must be another one."
    )
    discreet_text: Line | None = Field(
        None, description="The text message for a sensitive programme, if it must be another one."
    )
    discreet_body: Text = Field(
        "", description="The email for a sensitive programme: it tells no group, place or time."
    )


class WordsError(PortalError):
    """The words of a message cannot be used. `problems` says why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, problems)))


@dataclass(frozen=True, slots=True)
class Wording:
    """One file of content/messages: what is said plainly, and what is said discreetly."""

    subject: str
    text: str
    full_text: str  # '' if the message has none
    body: str
    discreet_subject: str
    discreet_text: str
    discreet_body: str


# --- reading and checking ------------------------------------------------------------------------


def load_words(root: Path, kind: str) -> Wording:
    """The words of one of the `FILES`. Raises WordsError."""
    problems, wording = _read(root, kind)
    if wording is None:
        raise WordsError(problems)
    return wording


def check_words(root: Path) -> list[Problem]:
    """All that is wrong with the words of all messages, in the order of files and lines."""
    problems = [problem for kind in FILES for problem in _read(root, kind)[0]]
    for found in sorted((root / FOLDER).glob("*.md")):
        if found.stem in FILES or passed_over(found.name):
            continue
        path = (FOLDER / found.name).as_posix()
        likely = likely_word(found.stem, FILES)
        words = f"there is no message called '{found.stem}'."
        if likely and not (root / FOLDER / f"{likely}.md").exists():
            words += f" Name it '{likely}.md'."
        elif likely:
            words += f" There is a '{likely}.md' too: compare the two, and delete one."
        problems.append(Problem(path, 1, 1, f"{words} Known: {', '.join(FILES)}."))
        if found.is_file() and not found.is_symlink():
            problems += read_file(found, path).problems
    return sorted(problems)


def hard_words(root: Path) -> list[Problem]:
    """Warnings of long sentences and hard words in the messages, in the order of the files."""
    files = ((FOLDER / f"{kind}.md").as_posix() for kind in FILES)
    return sorted(
        problem
        for name in files
        if (root / name).is_file()
        for problem in warnings_of(read_file(root / name, name))
    )


def _read(root: Path, kind: str) -> tuple[tuple[Problem, ...], Wording | None]:
    """What is wrong with the file of one kind; its words where nothing is."""
    name = (FOLDER / f"{kind}.md").as_posix()
    if (root / name).is_symlink() or not (root / name).is_file():
        words = "this message is missing. Write this file; the others show how."
        return (Problem(name, 1, 1, words),), None
    problems: list[Problem] = []
    text = read_text(root / name, name, problems)
    if text is None:
        return tuple(problems), None
    return _checked(kind, name, text, tuple(problems))


# All of these files are read whenever the content is read, and one for each message that is sent.
# They hardly ever change, so the result is kept for as long as their text stays the same.
@lru_cache(maxsize=4 * len(FILES))
def _checked(
    kind: str, name: str, text: str, problems: tuple[Problem, ...]
) -> tuple[tuple[Problem, ...], Wording | None]:
    """The words of one kind, or what is wrong with its text beside these problems."""
    written = Written(name, list(problems))
    take_text(text, written)
    fields = as_noun(MessageFields, written, "a message")
    if fields is None:
        return tuple(written.problems), None
    body = written.body.strip()
    first = written.body_line + written.body[: written.body.find(body)].count("\n")
    if not body:
        words = "the message is empty. Write its text below the second '---'."
        written.wrong_at(first, 1, words)
    else:
        _check(kind, "body", body, first, written)
    for field, said in fields.model_dump(exclude_none=True).items():
        if said:
            # The words of a block start on the line after its name.
            _check(kind, field, said, written.at((field,))[0] + ("\n" in said), written)
    telling = [word for word in placeholders(body) if word in _telling(kind)]
    if telling and not fields.discreet_body and kind not in TO_WISHES:
        written.wrong_at(
            first,
            1,
            f"these words tell the {telling[0]}, and there are no others for a sensitive "
            "programme. Write a 'discreet_body' that does not.",
        )
    if written.problems:
        return tuple(written.problems), None
    return (), Wording(
        subject=fields.subject,
        text=fields.text,
        full_text=fields.full_text or "",
        body=body,
        discreet_subject=fields.discreet_subject or fields.subject,
        discreet_text=fields.discreet_text or fields.text,
        discreet_body=fields.discreet_body or body,
    )


def _check(kind: str, field: str, said: str, first: int, written: Written) -> None:
    """What the words of one field must not say, and what they must."""

    def wrong(line: int, words: str) -> None:
        written.wrong_at(line, 1, words)

    harmless = _harmless(kind)
    known = {*harmless, *_telling(kind)}
    subject = field.endswith("subject")
    allowed = () if subject else known if field in ("body", "full_text") else harmless
    for number, line in enumerate(said.split("\n"), first):
        for word in placeholders(line):
            if word in allowed:
                continue
            if word not in known:
                words = f"'{{{word}}}' is not a placeholder of this message."
                likely = near(f"{{{word}}}", (f"{{{one}}}" for one in known))
                wrong(number, f"{words}{likely} Known: {', '.join(sorted(known))}.")
            elif subject:
                wrong(number, f"'{{{word}}}' cannot be used in a subject. Put it in the text.")
            else:
                words = f"'{{{word}}}' gives too much away: others may see '{field}' on the screen."
                wrong(number, f"{words} Use {{link}} instead.")
        if re.search(r"[{}]", PLACEHOLDER.sub("", line)):
            wrong(number, "this { or } has no partner. Write placeholders like {link}.")
    if not subject and "link" in harmless and "link" not in placeholders(said):
        wrong(first, f"'{field}' has no {{link}}. Add it, so that its reader can see the details.")
    if field == "text" and kind in TO_WISHES and "service" not in placeholders(said):
        # Somebody else may have typed the number, and a text message names no sender by itself.
        wrong(first, "'text' has no {service}. Add it, so that its reader knows who writes.")
    if field.endswith("body"):
        for number, words in prose.render(said).problems:
            wrong(first + number - 1, words)


def placeholders(text: str) -> list[str]:
    """The names in braces, in their order."""
    return PLACEHOLDER.findall(text)


def _harmless(kind: str) -> Sequence[str]:
    if kind in TO_STAFF or kind in TO_PRACTITIONERS:
        return (*TO_STAFF.get(kind, ()), *TO_PRACTITIONERS.get(kind, ()))
    if kind in TO_WISHES:
        return TO_WISHES[kind][0]
    own, _ = WORDINGS[kind]
    return [
        *(word for word in HARMLESS if word != "link" or kind not in TO_PROFESSIONAL),
        *own,
    ]


def _telling(kind: str) -> tuple[str, ...]:
    if kind in TO_STAFF or kind in TO_PRACTITIONERS:
        return ()
    if kind in TO_WISHES:
        return TO_WISHES[kind][1]
    return (*TELLING, *WORDINGS[kind][1])
