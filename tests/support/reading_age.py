"""How hard a page is to read: its school grade, after Flesch and Kincaid, and its sentences.

Grade 5 is a reading age of about 10. Only sentences are counted: lists of facts, such as an address
or the times of a group, are not read as prose.
"""

import re
from functools import cache
from itertools import chain
from typing import NamedTuple

from portal.content.plain_english import sentences, words_in
from tests.support.markup import Element

_SAYING = frozenset({"p", "li", "dd", "td", "figcaption", "label", "legend", "summary"})
_BLOCKS = frozenset({"p", "li", "dd", "td", "ul", "ol", "dl", "table", "div", "label", "details"})
_FINAL = re.compile(r"[.!?…][\"'”’)]*$")


class Counts(NamedTuple):
    """What a grade is made of."""

    sentences: int
    words: int
    syllables: int

    @property
    def grade(self) -> float:
        """The school year, by Flesch and Kincaid."""
        return 0.39 * self.words / self.sentences + 11.8 * self.syllables / self.words - 15.59


def counts(found: list[str]) -> Counts:
    """The sentences of a page, counted."""
    words = [word for one in found for word in words_in(one)]
    return Counts(len(found), len(words), sum(map(syllables, words)))


def read_on(page: Element) -> list[str]:
    """The sentences of the English part of a page, without its header and footer."""
    found: list[str] = []
    for main in page.all("main"):
        for part in main:
            nested = any(one.tag in _BLOCKS for one in part if one is not part)
            if part.tag in _SAYING and not nested and not _in_another_language(part):
                found += chain.from_iterable(map(_sentences, _runs(part)))
    return found


def _runs(part: Element) -> list[str]:
    """The words of a paragraph. Two elements without words between them are two things."""
    runs = [""]
    after_element = False
    for piece in part.parts:
        if isinstance(piece, str):
            runs[-1] += piece
            after_element = after_element and not piece.strip()
        else:
            if after_element:
                runs.append("")
            runs[-1] += piece.text
            after_element = True
    return [" ".join(run.split()) for run in runs]


def _in_another_language(part: Element) -> bool:
    for one in (part, *part.ancestors):
        if "lang" in one:
            return not one["lang"].startswith("en")
    return False


@cache
def _sentences(text: str) -> tuple[str, ...]:
    return tuple(one for _, one in sentences(text) if _FINAL.search(one) and len(words_in(one)) > 1)


# --- syllables -----------------------------------------------------------------------------------

_VOWELS = re.compile(r"[aeiouy]+")
_TWO = re.compile(
    r"[^aeiouy]ia|eo(?!u)|[^aeioucgqt]io|iu|ua(?!r|l|n)|ying|[^l]lien|uou|[aeo]ing|riet"
)
_SILENT_END = re.compile(r"[^aeiouyl]es?$|[aeiouy]les?$|[aeiouy][^aeiouydt]*[^aeiouydt]ed$")
_SAID_END = re.compile(r"(?:[sxz]|ch|sh|[cg])es$")
_SILENT_MIDDLE = re.compile(
    r"(?<=[^aeiouy])e(?=(?:ly|ment|ments|ful|less|ness|where|times?|thing|one|body|work\w*|gate)$)"
)


# Words that our pages use often, and that these rules count wrongly, in all their forms.
_IRREGULAR = {
    "quiet": 2, "session": 2, "january": 4, "february": 4, "centre": 2, "people": 2, "wednesday": 2,
    "beyond": 2, "evening": 2, "language": 2, "special": 2, "social": 2, "professional": 4,
    "behaviour": 3, "everybody": 4, "everything": 3, "idea": 3, "area": 3,
}  # fmt: skip


@cache
def syllables(word: str) -> int:
    """The syllables of an English word, by its letters. A number is one, as in 'at 10'."""
    plain = re.sub(r"[^a-z]", "", word.lower().removesuffix("'s").removesuffix("’s"))
    if not plain or not _VOWELS.search(plain) or (word.isupper() and len(plain) < 5):
        return 1
    if known := next((n for stem, n in _IRREGULAR.items() if plain.startswith(stem)), 0):
        return known
    number = len(_VOWELS.findall(plain)) + len(_TWO.findall(plain))
    number -= len(_SILENT_MIDDLE.findall(plain))
    if _SILENT_END.search(plain) and not _SAID_END.search(plain):
        number -= 1
    return max(number, 1)
