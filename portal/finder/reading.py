"""Reads what a family types into the one box: a place, a topic, or both.

It is read as, in this order: words of a private matter, a postcode, a place or centre, a topic, and
a topic with a place ("baby massage bacup", "sleep BB4 9AA"). What is not known is left out, with a
note, or met with the likeliest names. `static/find.js` follows the same steps.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from portal.finder.places import (
    MOST_MEANT,
    Mistake,
    Place,
    Whereabouts,
    fold,
    plain_words,
    put,
    similar,
    tidy,
)
from portal.finder.postcodes import Postcodes
from portal.finder.texts import LONGEST, WORDS, WRITTEN
from portal.finder.topics import Topic, Topics, broad, key_of, private, says_nothing, trimmed

_CUT = re.compile(WRITTEN["cut"])
LONG_WORD = 4  # letters of a word that is compared with names by itself
MOST_WORDS = 5

Words = Sequence[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was typed: a place, a topic or both, filters, and the words that are not known."""

    place: Place | None = None
    topic: Topic | None = None
    left_out: str = ""
    filters: tuple[tuple[str, str], ...] = ()  # questions with their values


@dataclass(frozen=True, slots=True)
class Private:
    """Words of a private matter: where they lead, with nothing of them in the address (S82)."""

    path: str


class Box:
    """Reads the box, by the finder's tables."""

    def __init__(
        self, places: Mapping[str, Any], names: Sequence[str], postcodes: Postcodes | None = None
    ) -> None:
        """`names` are the names of all series."""
        self._where = Whereabouts(places, postcodes)
        self.topics = Topics(places, names)
        path, digests, longest = places["private"]
        self._private = Private(path)
        self._digests, self._longest = frozenset(digests), longest
        self._filters: Mapping[str, tuple[str, str]] = places["filters"]
        self._phrases = [fold(phrase) for phrase in self.topics.phrases]

    def place(self, text: str) -> Place | Mistake:
        """The place that a text names, in a form that asks for a place alone."""
        near = tidy(text)
        if len(near) > LONGEST:
            return Mistake("near", WORDS["e-long-place"])
        found = self._where.find(near)
        if found:
            return found
        if self._is_cut(near):
            return Mistake("near", WORDS["e-half"])
        names = self._where.similar(near)
        return Mistake("near", put("e-near" if names else "e-place", near=near), names)

    def read(self, text: str) -> Reading | Mistake | Private:
        """What the text means, a question to ask back, or that it is a private matter."""
        near = tidy(text)
        words = plain_words(near)  # as they were typed: some are shown
        if private(words, self._digests, self._longest):
            return self._private
        if len(near) > LONGEST:
            return Mistake("near", WORDS["e-long"])
        found = self._where.find(near)
        if found:
            return Reading(found) if isinstance(found, Place) else found
        rest, filters = self._without_filters(words)
        if filters:
            asked = Reading() if all(map(says_nothing, rest)) else self.read(" ".join(rest))
            return replace(asked, filters=filters) if isinstance(asked, Reading) else asked
        return self._with_topic(words) or self._without_topic(near, words)

    def _without_filters(self, words: Words) -> tuple[Words, tuple[tuple[str, str], ...]]:
        """The words without those that name filters ("wheelchair preston"), and the filters."""
        for start, end in _spans(words):
            named = self._filters.get(key_of(words[start:end]))
            if named and not (says_nothing(words[start]) or says_nothing(words[end - 1])):
                rest, more = self._without_filters((*words[:start], *words[end:]))
                return rest, ((named[0], named[1]), *more)
        return words, ()

    def _with_topic(self, words: Words) -> Reading | Mistake | None:
        """The longest topic in the words, with what is around it."""
        # Stable: the longest stay first.
        for start, end in sorted(_spans(words), key=lambda span: broad(words[slice(*span)])):
            topic = self.topics.find(words[start:end])
            if topic:
                return self._about(topic, words[:start], words[start:end], words[end:])
        return None

    def _about(self, topic: Topic, before: Words, said: Words, after: Words) -> Reading | Mistake:
        """A topic, with the words before and after it: they may name a place."""
        before, after = trimmed(before), trimmed(after)
        found, rest = self._place_in(after, whole=True)
        if found:
            after = rest
        else:
            found, rest = self._place_in(before, whole=True)
            before = rest if found else before
        left_out = " ".join((*before, *after))
        if isinstance(found, Mistake):
            meant = tuple(f"{topic.words} {name}" for name in found.meant)
            return Mistake(found.field, found.words, meant)
        if left_out:
            # 'baby masage' is hardly "baby" with a word that we do not know.
            wanted = " ".join((*before, *said, *after))
            place = f" {found.key}" if found else ""
            meant = tuple(f"{phrase}{place}" for phrase in self._topics_like(wanted))
            if not meant and not found:
                places = self._where.similar(left_out)
                meant = tuple(f"{topic.words} {name}" for name in places)
                wanted = left_out
            if meant:
                return self._near(wanted, meant)
        return Reading(found, topic, left_out)

    def _place_in(self, words: Words, *, whole: bool) -> tuple[Place | Mistake | None, Words]:
        """The longest name of a place at the end or the beginning, and the other words."""
        if whole and words and (found := self._where.find(" ".join(words))):
            return found, ()
        for size in range(len(words) - 1, 0, -1):
            for part, rest in ((words[-size:], words[:-size]), (words[:size], words[size:])):
                found = self._where.find(" ".join(part), known=True)
                if found:
                    return found, trimmed(rest)
        return None, words

    def _without_topic(self, near: str, words: Words) -> Reading | Mistake:
        if self._is_cut(near):
            return Mistake("near", WORDS["e-half"])
        found, rest = self._place_in(words, whole=False)
        left_out = " ".join(rest)
        if isinstance(found, Place):
            meant = self._topics_like(left_out)
            if meant:
                return self._near(left_out, [f"{phrase} {found.key}" for phrase in meant])
            return Reading(found, left_out=left_out)
        if found:
            return found
        if not words:
            return Mistake("near", WORDS["e-empty"])
        return self._near(near, self._like(" ".join(words), loose=True) or self._like_any(words))

    def _is_cut(self, near: str) -> bool:
        """Whether a text looks like a postcode without its last letters."""
        compact = re.sub("[^A-Z0-9]+", "", near.upper())
        return len(compact) < 8 and bool(_CUT.match(compact))

    def _like_any(self, words: Words) -> Sequence[str]:
        telling = [one for one in words if len(one) >= LONG_WORD and not says_nothing(one)]
        return [name for word in telling[:MOST_WORDS] for name in self._like(word)]

    def _like(self, wanted: str, *, loose: bool = False) -> Sequence[str]:
        places = self._where.similar(wanted, loose=loose)
        return [*places, *self._topics_like(wanted, loose=loose)]

    def _topics_like(self, wanted: str, *, loose: bool = False) -> Sequence[str]:
        numbers = similar(wanted, self._phrases, loose=loose)
        return [self.topics.phrases[number] for number in numbers]

    def _near(self, near: str, meant: Sequence[str]) -> Mistake:
        names = tuple(dict.fromkeys(meant))[:MOST_MEANT]
        return Mistake("near", put("e-near" if names else "e-unknown", near=near), names, ask=True)


def _spans(words: Words) -> Sequence[tuple[int, int]]:
    """All runs of words, the longest first."""
    return [
        (start, start + size)
        for size in range(len(words), 0, -1)
        for start in range(len(words) - size + 1)
    ]
