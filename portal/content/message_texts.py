"""The words of each message: read from content/messages/, checked, and filled in for one family.

What it hides: which placeholders a kind of message has, and which of them would tell a bystander
something. Subjects take none at all, text messages and discreet words only harmless ones (S4); so
no editor can put a programme's name where it is read over a shoulder.

A paragraph or a line of a list that names something unknown (no phone number, nothing to bring) is
left out whole. HTML is made from the Markdown first and filled in afterwards, with every value
escaped: a family's name is never Markdown, nor HTML, nor a link.

It reaches no table, so that `content` may check the words too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from html import escape
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from pydantic import Field

from portal.content import prose
from portal.content.front_matter import Problem, Written, as_noun, read_file
from portal.directory import Fields, Series, Session
from portal.directory.fields import Line, Text
from portal.directory.values import LONDON, clock_words, day_words, near
from portal.errors import PortalError

FOLDER = Path("content/messages")

# What any message may say of a booking: harmless, and telling.
HARMLESS = ("first_name", "link", "reference", "phone", "service")
TELLING = ("series", "programme", "dates", "time", "venue", "bring")

# Each kind of message, with what it alone may say: again harmless, and telling.
KINDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "confirmation": ((), ()),
    "waiting": (("position",), ()),
    "waiting-ended": ((), ("reason",)),
    "offered": (("until",), ()),
    "lapsed": (("until",), ()),
    "moved": ((), ("was", "now", "reason")),
    "reminder": ((), ("day",)),
    "cancelled-by-us": ((), ("reason", "still")),
    "cancelled-by-you": ((), ()),
    "off-the-list": ((), ()),
    "request-received": ((), ()),
    "request-confirmed": ((), ()),
    "request-declined": ((), ("reason",)),
    "professional-received": ((), ()),
    "link": ((), ()),
    "notice": ((), ("words",)),
}

# To the professional who asked. They never hold the link, which is the family's own.
TO_PROFESSIONAL = ("professional-received",)

# What a contact that holds another one of the same group is told beside: in an email, in a text.
_BOOKED_TWICE = (
    "There is another booking with these contact details for the same group. "
    "If you booked twice by mistake, cancel one of them by its link.",
    "You have another booking for the same. If one is a mistake, cancel it by its link.",
)
_ASKED_TWICE = (
    "There is another request with these contact details for the same group. "
    "If you asked twice by mistake, take one of them back by its link.",
    "You have another request for the same. If one is a mistake, take it back by its link.",
)
TWINS: Mapping[str, tuple[str, str]] = {
    "confirmation": _BOOKED_TWICE,
    "waiting": _BOOKED_TWICE,
    "request-received": _ASKED_TWICE,
}
# A text travels, and is paid for, in parts of 153 signs. Beside what has to be said there may be
# more in it as long as two parts do.
LONGEST_TEXT = 2 * 153

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class MessageFields(Fields):
    """The fields of a file content/messages/<kind>.md; its text is the body of the email."""

    subject: Line = Field(description="The subject of the email. It names no group and no place.")
    text: Line = Field(description="The whole text message, with {link} where it is the family's.")
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
    body: str
    discreet_subject: str
    discreet_text: str
    discreet_body: str


@dataclass(frozen=True, slots=True)
class Words:
    """A message filled in: `text` for a phone, `plain` and `html` for an email."""

    subject: str
    text: str
    plain: str
    html: str


# --- reading and checking ------------------------------------------------------------------------


def load_words(root: Path, kind: str) -> Wording:
    """The words of one kind of message. Raises WordsError."""
    written, wording = _read(root, kind)
    if wording is None:
        raise WordsError(written.problems)
    return wording


def check_words(root: Path) -> list[Problem]:
    """All that is wrong with the words of all messages, in the order of files and lines."""
    problems = [problem for kind in KINDS for problem in _read(root, kind)[0].problems]
    for found in sorted((root / FOLDER).glob("*.md")):
        if found.stem not in KINDS:
            words = f"no message is called '{found.stem}'.{near(found.stem, KINDS)}"
            path = (FOLDER / found.name).as_posix()
            problems.append(Problem(path, 1, 1, f"{words} Known: {', '.join(KINDS)}."))
    return sorted(problems)


def _read(root: Path, kind: str) -> tuple[Written, Wording | None]:
    """The file of one kind, with what is wrong with it; its words where nothing is."""
    name = (FOLDER / f"{kind}.md").as_posix()
    if (root / name).is_symlink() or not (root / name).is_file():
        written = Written(name)
        words = "the words of this message are missing. Write this file; look at the others."
        written.wrong_at(1, 1, words)
        return written, None
    written = read_file(root / name, name)
    fields = as_noun(MessageFields, written, "a message")
    if fields is None:
        return written, None
    body = written.body.strip()
    first = written.body_line + written.body[: written.body.find(body)].count("\n")
    if not body:
        words = "the message has no words. Write them below the second line of '---'."
        written.wrong_at(first, 1, words)
    else:
        _check(kind, "body", body, first, written)
    for field, said in fields.model_dump(exclude_none=True).items():
        if said:
            # The words of a block start on the line after its name.
            _check(kind, field, said, written.at((field,))[0] + ("\n" in said), written)
    telling = [word for word in _placeholders(body) if word in _telling(kind)]
    if telling and not fields.discreet_body:
        written.wrong_at(
            first,
            1,
            f"these words tell the {telling[0]}, and there are no others for a sensitive "
            "programme. Write a 'discreet_body' that does not.",
        )
    if written.problems:
        return written, None
    return written, Wording(
        subject=fields.subject,
        text=fields.text,
        body=body,
        discreet_subject=fields.discreet_subject or fields.subject,
        discreet_text=fields.discreet_text or fields.text,
        discreet_body=fields.discreet_body or body,
    )


def _check(kind: str, field: str, said: str, first: int, written: Written) -> None:
    """What the words of one field must not say, and what they must."""

    def wrong(line: int, words: str) -> None:
        written.wrong_at(line, 1, words)

    own, _ = KINDS[kind]
    harmless = [word for word in HARMLESS if word != "link" or kind not in TO_PROFESSIONAL]
    known = {*harmless, *own, *_telling(kind)}
    subject = field.endswith("subject")
    allowed = () if subject else (*harmless, *own) if field != "body" else known
    for number, line in enumerate(said.split("\n"), first):
        for word in _placeholders(line):
            if word in allowed:
                continue
            if word not in known:
                words = f"'{{{word}}}' is not something that this message can fill in."
                wrong(number, f"{words}{near(word, known)} Known: {', '.join(sorted(known))}.")
            elif subject:
                wrong(number, f"'{{{word}}}' cannot stand in a subject. Write it into the text.")
            else:
                words = f"'{{{word}}}' tells too much: '{field}' may be read over a shoulder."
                wrong(number, f"{words} Use {{link}} instead.")
        if re.search(r"[{}]", _PLACEHOLDER.sub("", line)):
            wrong(number, "a bracket { or } stands alone here. Write placeholders like {link}.")
    if not subject and "link" in harmless and "link" not in _placeholders(said):
        wrong(first, f"'{field}' has no {{link}}. Add it: it is the way to the details.")
    if field.endswith("body"):
        for number, words in prose.render(said).problems:
            wrong(first + number - 1, words)


def _placeholders(text: str) -> list[str]:
    return _PLACEHOLDER.findall(text)


def _telling(kind: str) -> tuple[str, ...]:
    return (*TELLING, *KINDS[kind][1])


# --- filling in ----------------------------------------------------------------------------------


def fill(
    wording: Wording,
    facts: Mapping[str, str],
    *,
    discreet: bool,
    extra: tuple[str, str] = ("", ""),
) -> Words:
    """The words with the facts in them.

    `extra` is a paragraph more, which comes after the first one of an email, and the same for a
    text message, whose end it is where it fits.
    """
    subject = wording.discreet_subject if discreet else wording.subject
    text = wording.discreet_text if discreet else wording.text
    body = wording.discreet_body if discreet else wording.body
    parts = list(_parts(body, facts))
    more, brief = extra
    if more:
        parts.insert(2, more)
    html = _filled(prose.render("\n\n".join(parts)).html, facts, _for_html)
    plain = "\n\n".join(_filled(_unwrapped(part), facts, str) for part in parts)
    said = " ".join(_filled(text, facts, str).split())
    if brief and len(f"{said} {brief}") <= LONGEST_TEXT:
        said = f"{said} {brief}"
    return Words(
        subject=subject,
        text=said,
        plain=f"{plain}\n",
        html=_frame().render(subject=subject, body=Markup(html)),  # noqa: S704  cleaned, escaped
    )


def _parts(body: str, facts: Mapping[str, str]) -> Iterator[str]:
    """Paragraphs and lists, without those and their lines that name something unknown."""
    for part in re.split(r"\n[ \t]*\n+", body.strip()):
        # A list is kept line by line; the lines of a paragraph belong together.
        lines = re.split(r"\n(?=[ \t]*[-*+][ \t])", part)
        if not re.match(r"[ \t]*[-*+][ \t]", part):
            lines = [part]
        kept = [line for line in lines if _known(line, facts)]
        if kept:
            yield "\n".join(kept)


def _known(text: str, facts: Mapping[str, str]) -> bool:
    # A greeting does without the name.
    return all(facts.get(name) for name in _placeholders(text) if name != "first_name")


def _unwrapped(part: str) -> str:
    """A paragraph as one line: mail programs break lines to fit, and better than we can."""
    return re.sub(r"\n(?![ \t]*([-*+]|\d+\.)[ \t])", " ", part)


def _filled(text: str, facts: Mapping[str, str], show: Callable[[str], str]) -> str:
    text = text if facts.get("first_name") else text.replace(" {first_name}", "")

    def value(found: re.Match[str]) -> str:
        return show(facts.get(found[1], ""))

    return _PLACEHOLDER.sub(value, text)


def _for_html(value: str) -> str:
    shown = escape(value)
    if re.fullmatch(r"https?://[^\s<>\"']+", value):
        return f'<a href="{shown}">{shown}</a>'
    return shown


@cache
def _frame() -> Template:
    folder = Path(__file__).resolve().parents[1] / "templates" / "messages"
    return Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined
    ).get_template("letter.html")


# --- facts in words ------------------------------------------------------------------------------

_TITLES = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "rev", "sir", "dame"})
MOST_DATES = 12
_OFF = "cancelled or moved"  # what a date was that is on again


def first_name(name: str) -> str:
    """The name to greet with; '' where what was typed is no name.

    What is no name is not repeated: a stranger could have us mail an address of the web to anybody
    by giving it as a name.
    """
    words = [word for word in name.split() if word.lower().rstrip(".") not in _TITLES]
    if not words or (len(words) == 1 and len(name.split()) > 1):
        return ""  # a surname alone
    first = words[0]
    if len(first) > 30 or not all(_in_names(letter) for letter in first):
        return ""
    return first if any(unicodedata.category(letter)[0] == "L" for letter in first) else ""


def _in_names(letter: str) -> bool:
    # The two joiners are part of how Persian and Urdu are written.
    return unicodedata.category(letter)[0] in "LM" or letter in "-'’ʼ·\u200c\u200d"


def moment_words(moment: datetime) -> str:
    """'5pm on Tuesday 12 January 2027'."""
    local = moment.astimezone(LONDON)
    return f"{clock_words(local.time())} on {day_words(local.date())}"


def dates_words(series: Series, sessions: Sequence[Session], *, times: bool = True) -> str:
    """The dates of sessions, in their order, as one line; '' for none.

    With `times`, these are added where they are not the usual ones. Of a long run, the pattern and
    the first date.
    """
    sessions = sorted(sessions, key=lambda session: session.starts)
    if not sessions:
        return ""
    if len(sessions) == 1:
        return day_words(sessions[0].day)
    if len(sessions) > MOST_DATES:
        words = f"{series.pattern}, from {day_words(sessions[0].day)}"
        return words if series.ongoing else f"{words} to {day_words(sessions[-1].day)}"
    days: list[str] = []
    usual = series.starts.weekday()
    for session, following in zip(sessions, [*sessions[1:], None], strict=True):
        day = session.day
        year = following is None or following.day.year != day.year
        weekday = not days or day.weekday() != usual
        words = day_words(day, year=year, weekday=weekday)
        if times and session.times != series.time:
            words += f" ({session.times.words})"
        days.append(words)
    return f"{', '.join(days[:-1])} and {days[-1]}"


def when_and_where(series: Series, sessions: Sequence[Session], *, places: bool) -> str:
    """Dates with their times, and with their venues where `places` says so, as one line."""
    alike: dict[str, list[Session]] = {}
    for session in sorted(sessions, key=lambda session: session.starts):
        said = session.times.words + (f", at {session.venue.name}" if places else "")
        alike.setdefault(_OFF if session.cancelled else said, []).append(session)
    if list(alike) == [_OFF]:
        return _OFF
    return "; ".join(
        f"{dates_words(series, some, times=False)}, {said}" for said, some in alike.items()
    )


def time_words(series: Series, sessions: Sequence[Session]) -> str:
    """The time of one session, else the usual one."""
    return sessions[0].times.words if len(sessions) == 1 else series.time.words


def venue_words(series: Series, sessions: Sequence[Session]) -> str:
    """Where one meets: name, street, town, postcode, and the room at the usual place."""
    if len({session.venue.line for session in sessions}) == 1 and sessions[0].moved_venue:
        return sessions[0].venue.line
    return f"{series.venue.line} ({series.room})" if series.room else series.venue.line
