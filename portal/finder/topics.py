"""Topics: what a family may look for in words, such as "dads", "sleep" or "weigh my baby".

The words are those of the content: the title and the `also` of programmes and help pages, the
areas of the offer, the names of groups. `static/find.js` reads the same tables in the same way.
Before two texts are compared, each word is reduced to a stem, and words that say nothing ("help
with my …") are left out, so that few of the ways to say a thing need to be written down.

Words of a private matter are in the tables as hashes alone (S82).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from portal.finder.places import fold
from portal.finder.texts import FORMS, SHORT, WRITTEN

_NOISE, _BROAD = (re.compile(WRITTEN[name]) for name in ("noise", "broad"))
_PLURAL = re.compile("^(..+[^s])s$")


HELP = "/help/"  # where the pages of needs are


@dataclass(frozen=True, slots=True)
class Topic:
    """What the words of a family mean: series of these programmes, or with these names."""

    words: str  # its form in addresses
    rows: tuple[int, ...] = ()
    programmes: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


class Row(NamedTuple):
    """A page that words lead to, and the programmes that it is about."""

    path: str  # '' if there is no page
    title: str
    how: str  # how to get a place, in words
    tell: int  # 1 if a family may ask to hear of the next one
    programmes: str  # slugs, with spaces between
    also: Sequence[str]


def stem(word: str) -> str:
    """'dad' of 'fathers'."""
    single = _PLURAL.sub(r"\1", word)
    return FORMS.get(single, SHORT.get(single, single))


def says_nothing(word: str) -> bool:
    """Whether a word is left out of comparisons, such as 'with' or 'group'."""
    return bool(_NOISE.match(stem(word)))


def key_of(words: Sequence[str]) -> str:
    """The form in which topics are compared; '' if the words say nothing."""
    return " ".join(stem(word) for word in words if not says_nothing(word))


def broad(words: Sequence[str]) -> bool:
    """Whether another topic beside these words says more, as "sleep" does in "baby won't sleep"."""
    return bool(_BROAD.match(key_of(words)))


def trimmed(words: Sequence[str]) -> Sequence[str]:
    """Words without those around them that say nothing."""
    telling = [n for n, word in enumerate(words) if not says_nothing(word)]
    return words[telling[0] : telling[-1] + 1] if telling else ()


def digest(phrase: str) -> int:
    """FNV-1a of a phrase of stems, in 32 bits."""
    number = 2166136261
    for letter in phrase.encode():
        number = (number ^ letter) * 16777619 & 0xFFFFFFFF
    return number


def private(words: Sequence[str], digests: Collection[int], longest: int) -> bool:
    """Whether any run of words is one of the phrases of which these are the digests."""
    reduced = [stem(word) for word in words]
    return any(
        digest(" ".join(reduced[start:end])) in digests
        for start in range(len(reduced))
        for end in range(start + 1, min(start + longest, len(reduced)) + 1)
    )


class Topics:
    """Finds topics in the finder's tables."""

    def __init__(self, table: Mapping[str, Any], names: Sequence[str]) -> None:
        """`table` is that of places; `names` are those of all series."""
        self.rows = [Row(*row) for row in table["topics"]]
        self._names = [(name, f" {_key(name)} ") for name in names]
        # The words of a key in addresses, or of a folded phrase after '=': a title comes first.
        self._words: dict[str, str] = {}
        for phrase in (*(row.title for row in self.rows), *self._also()):
            self._words.setdefault(_key(phrase), phrase)
            self._words.setdefault(f"={fold(phrase)}", phrase)
        self._rows: dict[str, list[int]] = {}
        for number, row in enumerate(self.rows):
            for key in dict.fromkeys(map(_key, (row.title, *row.also))):
                self._rows.setdefault(key, []).append(number)
        self.phrases = [said for key, said in self._words.items() if not key.startswith("=")]

    def _also(self) -> Iterator[str]:
        for row in self.rows:
            yield from row.also

    def find(self, words: Sequence[str]) -> Topic | None:
        """The topic of these words, if they are one."""
        key = key_of(words)
        if not key:
            return None
        rows = self._rows.get(key, [])
        names = frozenset(name for name, said in self._names if f" {key} " in said)
        if not rows and not names:
            return None
        # A page of that very name comes first. Groups whose name holds the words are meant rather
        # than all of a programme, as in "messy play".
        rows = sorted(rows, key=lambda number: _key(self.rows[number].title) != key)
        by_name = (
            bool(names) and " " in key and _key(self.rows[rows[0]].title if rows else "") != key
        )
        # A need is wider than a programme that has the same word.
        narrow = [number for number in rows if not self.rows[number].path.startswith(HELP)]
        meant = () if by_name else narrow or rows
        slugs = (slug for number in meant for slug in self.rows[number].programmes.split())
        said = self._words.get(f"={fold(' '.join(words))}") or self._words.get(key)
        said = said or " ".join(trimmed(words))
        return Topic(said, tuple(rows), frozenset(slugs), names)


def _key(text: str) -> str:
    return key_of(fold(text).split())
