"""Sentences that are too long, and hard words with the plain ones to write instead.

Families read our pages tired, on a phone, many of them in their second language. So `portal check`
and the staff pages warn of what makes a text hard to read. Only sentences are looked at: Markdown
links count by their words, a table by its cells, a list by its items; code is left out. A hard word
inside a name, such as that of a programme, is left out too.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from portal.content.front_matter import Problem, Written, one_line
from portal.content.yaml_reader import Place

LONGEST_SENTENCE = 25  # words
_NAMED_BY = 6  # words of a long sentence that name it in a warning

# Fields that hold sentences for families, in the files and in the blocks inside them.
SENTENCES = frozenset(
    {
        "audience", "bring", "buggy", "cancelled", "cost", "discreet_body", "discreet_text",
        "expect", "first_time", "full_text", "hint", "join", "label", "note", "options", "parking",
        "postponed", "reason", "session_length", "siblings_note", "subject", "summary", "text",
        "transport", "where", "who_meets_you", "withdrawn", "words",
    }
)  # fmt: skip

# Verbs with all their forms. What to write is in the form that an editor reads first.
_VERBS: Mapping[str, str] = MappingProxyType(
    {
        "accommodate": "make room for",
        "ascertain": "find out",
        "assist": "help",
        "collaborate": "work together",
        "commence": "start",
        "comprise": "have",
        "demonstrate": "show",
        "disseminate": "share",
        "empower": "help",
        "enable": "help",
        "endeavour": "try",
        "ensure": "make sure",
        "establish": "set up",
        "facilitate": "run",
        "implement": "carry out",
        "liaise": "talk with",
        "necessitate": "need",
        "notify": "tell",
        "obtain": "get",
        "participate": "take part",
        "purchase": "buy",
        "reside": "live",
        "signpost": "tell families where to get help",
        "terminate": "end",
        "utilise": "use",
        "utilize": "use",
    }
)
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "additional": "more",
        "additionally": "also",
        "amongst": "among",
        "and/or": "or",
        "approximately": "about",
        "attendee": "person who comes",
        "attendees": "people who come",
        "beneficiaries": "families",
        "bespoke": "made for you",
        "consequently": "so",
        "due to the fact that": "because",
        "e.g.": "such as",
        "forthcoming": "coming",
        "furthermore": "also",
        "holistic": "whole",
        "i.e.": "that is",
        "in accordance with": "by",
        "in addition to": "as well as",
        "in order to": "to",
        "in relation to": "about",
        "in respect of": "about",
        "in the event of": "if there is",
        "in the event that": "if",
        "individuals": "people",
        "intervention": "help",
        "interventions": "help",
        "multi-agency": "from several services",
        "notwithstanding": "even so",
        "numerous": "many",
        "participant": "person who comes",
        "participants": "people who come",
        "particulars": "details",
        "peripatetic": "travelling",
        "prior to": "before",
        "regarding": "about",
        "service user": "family",
        "service users": "families",
        "stakeholder": "partner",
        "stakeholders": "partners",
        "subsequent": "later",
        "subsequently": "later",
        "subsequent to": "after",
        "sufficient": "enough",
        "thereafter": "after that",
        "upon": "on",
        "whilst": "while",
        "with regard to": "about",
        "with regards to": "about",
        "with respect to": "about",
    }
)


def warnings_of(written: Written, names: frozenset[str] = frozenset()) -> Iterator[Problem]:
    """A warning for each long sentence and hard word of a file, in its fields and its text.

    `# meant` at the end of a line ends those about it, and `# meant: <the words>` among the fields
    those about some words, as with every other warning.
    """
    parts = [(written.at(place)[0], text) for place, text in _texts(written.fields or {}, ())]
    for first, text in (*parts, (written.body_line, written.body)):
        for found in hard_to_read(text, names):
            line = first + found.line - 1
            if found.words in written.meant_words or line in written.meant_lines:
                continue
            words = (
                f"'{found.words}': {found.remedy} {NO_OTHER_WORDS}"
                f"add a line '# meant: {found.words}' to the fields."
            )
            yield Problem(written.path, line, 1, one_line(words), "warning", about_words=True)


def _texts(value: object, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _texts(part, (*place, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _texts(part, (*place, number))
    elif isinstance(value, str) and SENTENCES.intersection(place):
        yield place, value


NO_OTHER_WORDS = "If it has to stay, "


class HardToRead(NamedTuple):
    """A part of a text, by its line from 1, the words that a remark names, and what to do."""

    line: int
    words: str
    remedy: str


@lru_cache(maxsize=4096)
def hard_to_read(markdown: str, names: frozenset[str] = frozenset()) -> tuple[HardToRead, ...]:
    """The long sentences and hard words of a text. Words inside one of the `names` are left out."""
    return tuple(
        chain.from_iterable(
            (*_long_sentences(block), *_hard_words(block, names)) for block in _blocks(markdown)
        )
    )


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """The sentences of a paragraph, each with its place."""
    start = 0
    for end in chain((found.end() for found in _SENTENCE_END.finditer(text)), [len(text)]):
        if text[start:end].strip():
            yield start, text[start:end].strip()
        start = end


def words_in(sentence: str) -> list[str]:
    """The words of a sentence. A number with spaces in it, as of a phone, is one word."""
    return _WORD.findall(_SPACED_NUMBER.sub("0", sentence))


_SENTENCE_END = re.compile(
    r"(?<!\b[A-Z]\.)(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\b(?:Dr|Mr|St|No)\.)(?<!\bMrs\.)"
    r"(?<=[.!?:…])[\"'”’)]*\s+(?=[\"'“‘(]?[A-Z0-9{])"
)
_SPACED_NUMBER = re.compile(r"\+?\d(?:[\d ]*\d)?")
_WORD = re.compile(r"[^\W_]+(?:['’.,:/@&-]+[^\W_]+)*")


# --- Markdown into paragraphs --------------------------------------------------------------------


class _Block(NamedTuple):
    """A paragraph, an item of a list, a heading or a row: its words, and the line it starts on."""

    line: int
    text: str

    def line_at(self, place: int) -> int:
        return self.line + self.text.count("\n", 0, place)


_CODE = re.compile(r"(?<!`)(`+)(?!`)[^`]*?(?<!`)\1(?!`)")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_ADDRESS = re.compile(r"<?\b(?:https?://|mailto:|www\.)[^\s<>]+>?")
_LIST_MARK = re.compile(r"[ ]*(?:[-*+]|\d{1,3}[.)])\s+")
_MARKS = re.compile(r"^[ >]*#{0,6}[ ]*|[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}", re.MULTILINE)
_RULE = re.compile(r"[ |:=*_-]*")


def _blocks(markdown: str) -> Iterator[_Block]:
    plain = _ADDRESS.sub("", _LINK.sub(r"\1", _CODE.sub("", markdown)))
    lines: list[str] = []
    first = 1
    for number, line in enumerate((*plain.split("\n"), ""), 1):
        alone = line.lstrip(" >").startswith(("|", "#"))
        mark = _LIST_MARK.match(line)
        if lines and (alone or mark or _RULE.fullmatch(line)):
            yield _Block(first, _MARKS.sub("", "\n".join(lines)))
            lines = []
        if _RULE.fullmatch(line) or (not lines and line.startswith(("    ", "\t")) and not mark):
            continue
        if alone:
            cells = line.lstrip(" >").strip("|").split("|")
            yield from (_Block(number, _MARKS.sub("", cell.strip())) for cell in cells)
            continue
        first = first if lines else number
        lines.append(line[mark.end() :] if mark else line)


# --- what makes them hard ------------------------------------------------------------------------


def _long_sentences(block: _Block) -> Iterator[HardToRead]:
    if block.text.count(" ") + block.text.count("\n") < LONGEST_SENTENCE:
        return
    for place, sentence in sentences(block.text):
        length = len(words_in(sentence))
        if length > LONGEST_SENTENCE:
            named = " ".join(sentence.split()[:_NAMED_BY]).rstrip(".,;:!?…")
            words = f"this sentence has {length} words. Make two of it, of at most"
            yield HardToRead(block.line_at(place), named, f"{words} {LONGEST_SENTENCE} each.")


def _hard_words(block: _Block, names: frozenset[str]) -> Iterator[HardToRead]:
    text = " ".join(block.text.split("\n"))
    starts: list[int] | None = None
    for found in _hard().finditer(text):
        said = found[0]
        if said[0].isupper():  # At the start of a sentence it is a word, elsewhere part of a name.
            starts = starts or [place for place, _ in sentences(text)]
            begun = starts[bisect_right(starts, found.start()) - 1]
            if text[begun : found.start()].strip("\"'“‘( ") or said.isupper():
                continue
        if any(_is_within(found, name, text) for name in names if said in name):
            continue
        remedy = f"this is hard to read. For example, write '{_plain()[said.lower()]}'."
        yield HardToRead(block.line_at(found.start()), said, remedy)


def _is_within(found: re.Match[str], name: str, text: str) -> bool:
    place = text.find(name)
    while 0 <= place <= found.start():
        if found.end() <= place + len(name):
            return True
        place = text.find(name, place + 1)
    return False


@cache
def _plain() -> Mapping[str, str]:
    """Each hard word in each of its forms, with the plain one."""
    forms = dict(_WORDS)
    for verb, plain in _VERBS.items():
        stem = verb.removesuffix("e")
        past = f"{verb[:-1]}ied" if verb.endswith("y") else f"{stem}ed"
        third = f"{verb[:-1]}ies" if verb.endswith("y") else f"{verb}s"
        forms |= dict.fromkeys((verb, third, past, f"{stem}ing"), plain)
    return forms


@cache
def _hard() -> re.Pattern[str]:
    longest_first = sorted(_plain(), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])", re.I)
