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
from typing import NamedTuple

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from portal import PortalError, prose
from portal.directory import Series, Session
from portal.fields import LONDON, clock_words, day_words, near

FOLDER = Path("content/messages")

# What any message may say of a booking: harmless, and telling.
HARMLESS = ("first_name", "link", "reference", "phone", "service")
TELLING = ("series", "programme", "dates", "time", "venue", "bring")

# Each kind of message, with what it alone may say: again harmless, and telling.
KINDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "confirmation": ((), ()),
    "waiting": (("position",), ()),
    "offered": (("until",), ()),
    "lapsed": (("until",), ()),
    "moved": ((), ("was", "now", "reason")),
    "reminder": ((), ("day",)),
    "cancelled-by-us": ((), ("reason",)),
    "cancelled-by-you": ((), ()),
    "request-received": ((), ()),
    "request-confirmed": ((), ()),
    "request-declined": ((), ("reason",)),
    "professional-received": ((), ()),
}

FIELDS = ("subject", "text", "discreet_subject", "discreet_text", "discreet_body")
NEEDED = ("subject", "text")
MOST_BYTES = 64 * 1024

TWIN = (
    "There is another booking with these contact details for the same group. "
    "If you booked twice by mistake, cancel one of them by its link."
)

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class Mistake(NamedTuple):
    """Something to mend in the words: the file from the root of the content, and the line."""

    path: str
    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.words}"


class WordsError(PortalError):
    """The words of a message cannot be used. `mistakes` says why."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, mistakes)))


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
    mistakes: list[Mistake] = []
    wording = _read(root, kind, mistakes)
    if mistakes or wording is None:
        raise WordsError(mistakes)
    return wording


def check_words(root: Path) -> list[Mistake]:
    """All that is wrong with the words of all messages, in the order of the files."""
    mistakes: list[Mistake] = []
    for kind in KINDS:
        _read(root, kind, mistakes)
    for found in sorted((root / FOLDER).glob("*")):
        if found.suffix == ".md" and found.stem not in KINDS:
            words = f"no message is called '{found.stem}'.{near(found.stem, KINDS)}"
            path = (FOLDER / found.name).as_posix()
            mistakes.append(Mistake(path, 1, f"{words} Known: {', '.join(KINDS)}."))
    return sorted(mistakes)


class _Said(NamedTuple):
    """A field's text, and the line on which it starts."""

    text: str
    line: int


def _read(root: Path, kind: str, mistakes: list[Mistake]) -> Wording | None:
    path = (FOLDER / f"{kind}.md").as_posix()

    def wrong(line: int, words: str) -> None:
        mistakes.append(Mistake(path, line, words))

    source = _source(root / path, wrong)
    if source is None:
        return None
    before = len(mistakes)
    said = dict(_fields(source, wrong))
    for name in NEEDED:
        if not said.get(name, _Said("", 1)).text.strip():
            wrong(1, f"'{name}' is missing. Write one line for it.")
    body = said.get("body", _Said("", 1))
    if not body.text.strip():
        wrong(body.line, "the message has no words. Write them below the second line of '---'.")
    for name, field in said.items():
        _check(kind, name, field, wrong)
    telling = [name for name in _placeholders(body.text) if name in _telling(kind)]
    if telling and "discreet_body" not in said:
        wrong(
            body.line,
            f"the words tell the {telling[0]}, and there are no others for a sensitive programme. "
            "Write a 'discreet_body' that does not.",
        )
    if len(mistakes) > before:
        return None
    given = {name: field.text.strip() for name, field in said.items()}
    for name in ("subject", "text", "body"):
        given.setdefault(f"discreet_{name}", given[name])
    return Wording(**given)


def _source(path: Path, wrong: Callable[[int, str], None]) -> str | None:
    if path.is_symlink() or not path.is_file():
        wrong(1, "the words of this message are missing. Write this file; look at the others.")
        return None
    data = path.read_bytes()
    if len(data) > MOST_BYTES:
        wrong(1, f"the file is larger than {MOST_BYTES // 1024} kB. Shorten it.")
        return None
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        wrong(line, "this is not UTF-8. Save the file as UTF-8.")
        return None
    if control := _CONTROL.search(text):
        line = text.count("\n", 0, control.start()) + 1
        wrong(line, "there is a character here that cannot be seen. Remove it.")
        return None
    return text


def _fields(source: str, wrong: Callable[[int, str], None]) -> Iterator[tuple[str, _Said]]:
    """The fields of the front matter that are well, and the body."""
    found = re.match(r"---[ \t]*\n(.*?\n)?---[ \t]*(\n|\Z)", source, re.DOTALL)
    if not found:
        wrong(1, "the fields are missing. Start the file with a line '---', the fields, and '---'.")
        return
    yield "body", _Said(source[found.end() :], source.count("\n", 0, found.end()) + 1)
    matter = found[1] or ""
    try:
        for event in yaml.parse(matter, Loader=yaml.SafeLoader):
            if getattr(event, "anchor", None) or getattr(event, "tag", None):
                line = event.start_mark.line + 2 if event.start_mark else 1
                wrong(line, "anchors, aliases and tags are not used here. Write the words out.")
                return
        node = yaml.compose(matter, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 2 if mark else 1
        wrong(line, f"this cannot be read: {error.problem}. Put quotes around the words.")
        return
    except (yaml.YAMLError, RecursionError):
        wrong(1, "the fields cannot be read. Put quotes around the words.")
        return
    if not isinstance(node, yaml.MappingNode):
        wrong(2, "the fields cannot be read. Write one 'name: words' a line.")
        return
    seen: set[str] = set()
    for key, value in node.value:
        line, name = key.start_mark.line + 2, str(key.value)
        if name not in FIELDS:
            hint = f"{near(name, FIELDS)} Known: {', '.join(FIELDS)}."
            wrong(line, f"'{name}' is not a field of a message.{hint}")
        elif name in seen:
            wrong(line, f"'{name}' is there twice. Keep one.")
        elif not isinstance(value, yaml.ScalarNode) or not value.value.strip():
            wrong(line, f"'{name}' needs words. Write them after the colon.")
        else:
            seen.add(name)
            block = value.style in ("|", ">")
            yield name, _Said(value.value, value.start_mark.line + (3 if block else 2))


def _check(kind: str, name: str, said: _Said, wrong: Callable[[int, str], None]) -> None:
    """What one field must not say, and what it must."""
    discreet = name.startswith("discreet_") or name == "text"
    own, own_telling = KINDS[kind]
    allowed: tuple[str, ...] = (*HARMLESS, *own)
    if not discreet:
        allowed += (*TELLING, *own_telling)
    known = {*HARMLESS, *own, *_telling(kind)}
    if name.endswith("subject"):
        allowed = ()
    for number, line in enumerate(said.text.split("\n"), said.line):
        for word in _placeholders(line):
            if word in allowed:
                continue
            if word not in known:
                words = f"'{{{word}}}' is not something that this message can fill in."
                wrong(number, f"{words}{near(word, known)} Known: {', '.join(sorted(known))}.")
            elif name.endswith("subject"):
                wrong(number, f"'{{{word}}}' cannot stand in a subject. Write it into the text.")
            else:
                words = f"'{{{word}}}' tells too much: '{name}' may be read over a shoulder."
                wrong(number, f"{words} Use {{link}} instead.")
        if re.search(r"[{}]", _PLACEHOLDER.sub("", line)):
            wrong(number, "a bracket { or } stands alone here. Write placeholders like {link}.")
    if name.endswith("subject"):
        if "\n" in said.text.strip():
            wrong(said.line, "a subject is one line. Join the lines.")
        return
    if "link" not in _placeholders(said.text):
        wrong(said.line, f"'{name}' has no {{link}}. Add it: it is the way to the details.")
    if name.endswith("body"):
        for number, words in prose.render(said.text).problems:
            wrong(said.line + number - 1, words)


def _placeholders(text: str) -> list[str]:
    return _PLACEHOLDER.findall(text)


def _telling(kind: str) -> tuple[str, ...]:
    return (*TELLING, *KINDS[kind][1])


# --- filling in ----------------------------------------------------------------------------------


def fill(wording: Wording, facts: Mapping[str, str], *, discreet: bool, extra: str = "") -> Words:
    """The words with the facts in them. `extra` is a paragraph more, after the first sentence."""
    subject = wording.discreet_subject if discreet else wording.subject
    text = wording.discreet_text if discreet else wording.text
    body = wording.discreet_body if discreet else wording.body
    parts = list(_parts(body, facts))
    if extra:
        parts.insert(2, extra)
    html = _filled(prose.render("\n\n".join(parts)).html, facts, _for_html)
    plain = "\n\n".join(_filled(_unwrapped(part), facts, str) for part in parts)
    return Words(
        subject=subject,
        text=" ".join(_filled(text, facts, str).split()),
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
    folder = Path(__file__).resolve().parent / "templates" / "messages"
    return Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined
    ).get_template("letter.html")


# --- facts in words ------------------------------------------------------------------------------

_TITLES = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "rev", "sir", "dame"})
MOST_DATES = 12


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


def dates_words(series: Series, sessions: Sequence[Session]) -> str:
    """The dates of sessions, in their order, as one line; '' for none.

    Times are added where they are not the usual ones. Of a long run, the pattern and the first
    date.
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
        if session.times != series.time:
            words += f" ({session.times.words})"
        days.append(words)
    return f"{', '.join(days[:-1])} and {days[-1]}"


def time_words(series: Series, sessions: Sequence[Session]) -> str:
    """The time of one session, else the usual one."""
    return sessions[0].times.words if len(sessions) == 1 else series.time.words


def venue_words(series: Series, sessions: Sequence[Session]) -> str:
    """Where one meets: name, street, town, postcode, and the room at the usual place."""
    if len(sessions) == 1 and sessions[0].moved_venue:
        return sessions[0].venue.line
    return f"{series.venue.line} ({series.room})" if series.room else series.venue.line
