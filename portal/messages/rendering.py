"""Fills in the text of a message for one family, and writes dates, times and places in words.

What it hides: a paragraph or list item that names something unknown (no phone number, nothing to
bring) is left out completely. HTML is made from the Markdown first and filled in afterwards, with
every value escaped: a family's name is never treated as Markdown, HTML or a link.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from portal.content import prose
from portal.content.message_texts import PLACEHOLDER, Wording, placeholders
from portal.directory import Series, Session
from portal.directory.contact import CLAUSES, Way
from portal.directory.phrases import at
from portal.directory.values import day_words

# A text message is sent, and paid for, in parts of 153 characters. An extra sentence is added only
# if the whole text still fits into two parts.
LONGEST_TEXT = 2 * 153


@dataclass(frozen=True, slots=True)
class Words:
    """A completed message: `text` for a phone, `plain` and `html` for an email."""

    subject: str
    text: str
    plain: str
    html: str


# --- filling in ----------------------------------------------------------------------------------


def fill(
    wording: Wording,
    facts: Mapping[str, str],
    *,
    discreet: bool,
    way: Way = "page",
    full: bool = False,
    extra: tuple[str, str] = ("", ""),
) -> Words:
    """Fill in the wording with the facts.

    `way` is how families reach us, at the address or number in `facts["contact"]`.
    `full`: whether the text message may say what, when and where. It does if all of it is known and
    fits.
    `extra` is an extra paragraph, which comes after the second paragraph of an email, and a shorter
    version for the end of a text message, used if it fits.
    """
    subject = wording.discreet_subject if discreet else wording.subject
    text = wording.discreet_text if discreet else wording.text
    body = wording.discreet_body if discreet else wording.body
    text, body = (one.replace("{contact}", CLAUSES[way]) for one in (text, body))
    parts = list(_parts(body, facts))
    more, brief = extra
    if more:
        parts.insert(2, more)
    html = _filled(prose.render("\n\n".join(parts)).html, facts, _for_html)
    plain = "\n\n".join(_filled(_unwrapped(part), facts, str) for part in parts)
    said = _line(text, facts)
    if full and not discreet and wording.full_text and _known(wording.full_text, facts):
        longer = _line(wording.full_text.replace("{contact}", CLAUSES[way]), facts)
        said = longer if len(longer) <= LONGEST_TEXT else said
    if brief and len(f"{said} {brief}") <= LONGEST_TEXT:
        said = f"{said} {brief}"
    return Words(
        subject=subject,
        text=said,
        plain=f"{plain}\n",
        html=_frame().render(subject=subject, body=Markup(html)),  # noqa: S704  cleaned, escaped
    )


def _parts(body: str, facts: Mapping[str, str]) -> Iterator[str]:
    """Paragraphs and lists, without paragraphs and list items that name something unknown."""
    for part in re.split(r"\n[ \t]*\n+", body.strip()):
        # A list is filtered item by item; a paragraph is kept or left out as a whole.
        lines = re.split(r"\n(?=[ \t]*[-*+][ \t])", part)
        if not re.match(r"[ \t]*[-*+][ \t]", part):
            lines = [part]
        kept = [line for line in lines if _known(line, facts)]
        if kept:
            yield "\n".join(kept)


def _known(text: str, facts: Mapping[str, str]) -> bool:
    # A greeting works without the name.
    return all(facts.get(name) for name in placeholders(text) if name != "first_name")


def _unwrapped(part: str) -> str:
    """A paragraph as one line: mail programs wrap lines better than we can."""
    return re.sub(r"\n(?![ \t]*([-*+]|\d+\.)[ \t])", " ", part)


def _filled(text: str, facts: Mapping[str, str], show: Callable[[str], str]) -> str:
    text = text if facts.get("first_name") else text.replace(" {first_name}", "")

    def value(found: re.Match[str]) -> str:
        return show(facts.get(found[1], ""))

    return PLACEHOLDER.sub(value, text)


def _line(text: str, facts: Mapping[str, str]) -> str:
    """A text message: one line."""
    return " ".join(_filled(text, facts, str).split())


def _for_html(value: str) -> str:
    shown = escape(value)
    if re.fullmatch(r"https?://[^\s<>\"']+", value):
        return f'<a href="{shown}">{shown}</a>'
    return shown.replace("\n", "<br>\n")


@cache
def _frame() -> Template:
    folder = Path(__file__).resolve().parents[1] / "templates" / "messages"
    return Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined
    ).get_template("letter.html")


# --- facts in words ------------------------------------------------------------------------------

_TITLES = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "rev", "sir", "dame"})
MOST_DATES = 12
SHORT_DATES = 2  # in a text message; of more, the first is named
_OFF = "cancelled, postponed or moved"  # said of a date that is on again


def first_name(name: str) -> str:
    """The name to greet with; '' if what was typed is not a name.

    Text that is not a name is not repeated: a stranger could otherwise make us send a web address
    to anybody by giving it as a name.
    """
    words = [word for word in name.split() if word.lower().rstrip(".") not in _TITLES]
    if not words or (len(words) == 1 and len(name.split()) > 1):
        return ""  # a surname alone
    first = words[0]
    if len(first) > 30 or not all(_in_names(letter) for letter in first):
        return ""
    return first if any(unicodedata.category(letter)[0] == "L" for letter in first) else ""


def _in_names(letter: str) -> bool:
    # The two joiners are needed to write Persian and Urdu.
    return unicodedata.category(letter)[0] in "LM" or letter in "-'’ʼ·\u200c\u200d"


def dates_words(
    series: Series, sessions: Sequence[Session], *, times: bool = True, each: bool = False
) -> str:
    """The dates of sessions, in order, as one line; '' for none.

    With `times`, unusual times are added. For a long run, the pattern and the first date, and the
    last date unless it is ongoing; with `each`, every date, because others between are not meant.
    """
    sessions = sorted(sessions, key=lambda session: session.starts)
    if not sessions:
        return ""
    if len(sessions) == 1:
        return day_words(sessions[0].day)
    if len(sessions) > MOST_DATES and not each:
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


def short_dates(series: Series, sessions: Sequence[Session]) -> str:
    """The dates of sessions for a text message: of more than two, the first, and how many more."""
    if len(sessions) <= SHORT_DATES:
        return dates_words(series, sessions)
    first = min(sessions, key=lambda session: session.starts)
    return f"{day_words(first.day)} and {len(sessions) - 1} more dates"


def when_and_where(
    series: Series, sessions: Sequence[Session], *, places: bool, each: bool = False
) -> str:
    """Dates with their times, and with their venues if `places` is true, as one line."""
    alike: dict[str, list[Session]] = {}
    for session in sorted(sessions, key=lambda session: session.starts):
        said = session.times.words + (
            f", {at(session.venue, session.venue.name)}" if places else ""
        )
        alike.setdefault(_OFF if session.off else said, []).append(session)
    if list(alike) == [_OFF]:
        return _OFF
    return "; ".join(
        f"{dates_words(series, some, times=False, each=each)}, {said}"
        for said, some in alike.items()
    )


def time_words(series: Series, sessions: Sequence[Session]) -> str:
    """The time of one session; for several, the usual time."""
    return sessions[0].times.words if len(sessions) == 1 else series.time.words


def venue_words(series: Series, sessions: Sequence[Session]) -> str:
    """The venue: name, street, town, postcode, and the room at the usual venue."""
    if len({session.venue.line for session in sessions}) == 1 and sessions[0].moved_venue:
        return sessions[0].venue.line
    return f"{series.venue.line} ({series.room})" if series.room else series.venue.line
