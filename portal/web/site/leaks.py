"""Finds sessions of sensitive programmes in public files, where they must not be (safety rule S3).

Pages and feeds are made from `Directory.series`, which holds none of them. The finished bytes are
checked as well, because a leak shows where a person can be found. The builder checks every file
and stops at the first leak.

A false alarm stops the site too, so what the public content says itself does not count as a leak: a
sensitive group may meet in a building where others meet, and others may use the same words as its
title.
"""

from __future__ import annotations

import html
import json
import re
import string
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from portal.directory import Directory, Programme, Series, Venue

# On a page, an identity is part of a link. Looking for links first takes the same time regardless
# of how many series are withheld.
LINK = re.compile(r"/sessions/([\w-]+/[\w-]+)"), re.compile(r"/book/([\w-]+/[\w-]+)")
_IN_WORDS = re.compile(r"[\w-]")  # a letter, digit or hyphen, which goes on with a word

_FEW = 40  # phrases; more are looked for by their tokens
# Tokens are runs of ASCII letters, digits, '_' and '-': all other bytes become spaces. Where a
# phrase is in a text as whole words, each token of the phrase is a whole token of the text.
_KEPT = string.ascii_letters + string.digits + "_-"
_SEPARATED = bytes(byte if chr(byte) in _KEPT else ord(" ") for byte in range(256))


def leaks(directory: Directory, path: str, data: bytes) -> list[str]:
    """Describe what a public file reveals about sensitive series, for the person who corrects it.

    Titles are looked for only in calendars: they are neutral, and the page of a sensitive programme
    shows its own. Returns an empty list if there is no leak.
    """
    withheld = _withheld(directory)
    if not withheld.in_calendars.described:  # which has all the words of the others too
        return []
    text = data.decode("utf-8", "replace")
    found = {} if _empty(path, data) else withheld.addresses.found_in(path)
    if path.endswith(("/", ".html")):
        linked = {identity for link in LINK for identity in link.findall(text)}
        withheld_links = sorted(linked & withheld.series)
        found |= {words: withheld.addresses.described[words] for words in withheld_links}
        found |= withheld.places.found_in(text)
    elif path.endswith(".ics"):
        found |= withheld.in_calendars.found_in(_unfolded(text))
    else:
        found |= withheld.in_files.found_in(text)
    return [f"{path} holds {what}: '{words}'." for words, what in found.items()]


def withheld_words(directory: Directory) -> Sequence[object]:
    """All that `leaks` looks for, in order: with equal words it finds the same."""
    said = _withheld(directory)
    every = said.addresses, said.in_calendars, said.in_files, said.places
    return [sorted(said.series), *(sorted(words.described.items()) for words in every)]


class _Phrases:
    """Phrases to look for in texts, each with its description.

    A search takes about the same time however many phrases there are. A phrase can be in a text
    only if the rarest of its tokens is a token of the text, so only such phrases are looked for.
    A few phrases are found faster one by one.
    """

    def __init__(self, described: Mapping[str, str]) -> None:
        self.described = described
        tokens = {words: _tokens(words) for words in described}
        frequency = Counter(token for found in tokens.values() for token in set(found))
        self._by_token: dict[bytes, list[str]] = defaultdict(list)
        self._always: list[str] = []  # without a token
        for words, found in tokens.items():
            rarest = min(found, key=lambda token: (frequency[token], -len(token)), default=None)
            (self._always if rarest is None else self._by_token[rarest]).append(words)

    def found_in(self, text: str) -> dict[str, str]:
        """The phrases that the text contains as whole words, in their own order."""
        if len(self.described) <= _FEW:
            return self._those({words for words in self.described if _stands_in(words, text)})
        likely = (self._by_token[token] for token in self._by_token.keys() & _tokens(text))
        wanted = chain(self._always, *likely)
        return self._those({words for words in wanted if _stands_in(words, text)})

    def _those(self, found: Collection[str]) -> dict[str, str]:
        """These phrases with their descriptions, in their own order."""
        if not found:
            return {}
        return {words: what for words, what in self.described.items() if words in found}


def _tokens(text: str) -> list[bytes]:
    return text.encode("utf-8", "replace").translate(_SEPARATED).split()


@dataclass(frozen=True, slots=True)
class _Withheld:
    """The words to look for, by where they are looked for."""

    series: frozenset[str]
    addresses: _Phrases
    in_calendars: _Phrases
    in_files: _Phrases
    places: _Phrases  # one word or phrase for each venue, because pages are many and long


@lru_cache(maxsize=2)
def _withheld(directory: Directory) -> _Withheld:
    titles, venues = [*_titles(directory)], [*_venues(directory)]
    wanted = _Phrases({words: "" for words in chain(titles, *venues) if len(words) > 3})
    public = {*_public_words(directory)}
    unsaid = wanted.described.keys() - {one for text in public for one in wanted.found_in(text)}

    def written(words: Iterable[str], what: str) -> Mapping[str, str]:
        return {form: what for one in words if one in unsaid for form in _as_written(one)}

    meets = "where a withheld series meets"
    addresses = dict(_addresses(directory))
    places = written(chain(*venues), meets)
    firsts = (next((one for one in words if one in unsaid), "") for words in venues)
    named = written(titles, "the title of a sensitive programme or series")
    return _Withheld(
        frozenset(series.identity for series in directory.private_series),
        _Phrases(addresses),
        _Phrases({**addresses, **places, **named}),
        _Phrases({**addresses, **places}),
        _Phrases(written(firsts, meets)),
    )


def _empty(path: str, data: bytes) -> bool:
    """Whether this is an empty calendar: it may keep the address of a series withheld since."""
    whole = data.startswith(b"BEGIN:VCALENDAR\r\n") and data.endswith(b"END:VCALENDAR\r\n")
    return path.endswith(".ics") and whole and b"BEGIN:VEVENT" not in data


def _stands_in(words: str, text: str) -> bool:
    """Whether the text contains these words as whole words."""
    # A regular expression would look at each letter of a long text by itself.
    start = text.find(words)
    while start >= 0:
        end = start + len(words)
        if not (_IN_WORDS.match(text[start - 1 : start]) or _IN_WORDS.match(text[end : end + 1])):
            return True
        start = text.find(words, start + 1)
    return False


def _as_written(words: str) -> Iterator[str]:
    """Words as in plain text, and as pages and JSON write them."""
    yield words
    yield html.escape(words).replace("&#x27;", "&#39;")
    yield json.dumps(words)[1:-1]


def _addresses(directory: Directory) -> Iterator[tuple[str, str]]:
    for series in directory.private_series:
        for identity in (series.identity, series.first_identity):
            centre, _, name = identity.partition("/")
            yield identity, "the address of a withheld series"
            yield f"{name}.{centre}@{directory.site.domain}", "the entry of a withheld series"
    for programme in _sensitive(directory):
        yield f"{programme.path[1:]}calendar.ics", "the calendar of a sensitive programme"


def _titles(directory: Directory) -> Iterator[str]:
    yield from (programme.title for programme in _sensitive(directory))
    yield from (series.name for series in directory.private_series)


def _venues(directory: Directory) -> Iterator[tuple[str, ...]]:
    """The words that would reveal each venue, the most specific first."""
    for series in directory.private_series:
        for venue in _venues_of(series):
            yield from _areas_said(venue) if venue.is_area else (_said_of(venue),)
        if not series.centre.address_public:
            yield tuple(filter(None, (series.centre.address, series.centre.postcode)))


def _public_words(directory: Directory) -> Iterator[str]:
    """All words of the public content: the service, its programmes, places and public series."""
    yield from (directory.site.name, directory.site.area)
    for noun in (
        *directory.footprints,
        *directory.districts,
        *directory.pages,
        *directory.news,
        *directory.help_pages,
        *directory.boards,
    ):
        yield from _texts(noun)
    for settlement in directory.settlements:
        yield settlement.name
    for programme in directory.programmes:
        if not programme.sensitive:
            yield from _texts(programme)
    for centre in directory.centres:
        yield from _texts(centre, but=("address", "postcode"))
        yield from _said_of(centre.venue)
    for series in directory.series:
        yield from _texts(series)
        for venue in _venues_of(series):
            yield from _said_of(venue)


def _texts(noun: object, but: Sequence[str] = ()) -> Iterator[str]:
    fields = vars(noun).items()
    return (value for name, value in fields if isinstance(value, str) and name not in but)


def _sensitive(directory: Directory) -> Iterator[Programme]:
    return (programme for programme in directory.programmes if programme.sensitive)


def _venues_of(series: Series) -> Iterable[Venue]:
    return dict.fromkeys((series.venue, *(session.venue for session in series.all_sessions)))


def _said_of(venue: Venue) -> tuple[str, ...]:
    return tuple(filter(None, (venue.name, venue.address, venue.postcode, venue.line)))


def _areas_said(venue: Venue) -> Iterator[tuple[str, ...]]:
    """Each without its first words, which change within a sentence: 'Around', 'meet at'."""
    yield (venue.name.partition(" ")[2],)
    if venue.address:
        yield (venue.address.removeprefix("meet at "),)


def _unfolded(text: str) -> str:
    """A calendar's text with its folded lines joined."""
    for written, read in (
        ("\r\n ", ""),
        ("\r\n\t", ""),
        (r"\\", "\0"),
        (r"\n", " "),
        (r"\N", " "),
        (r"\,", ","),
        (r"\;", ";"),
        ("\0", "\\"),
    ):
        text = text.replace(written, read)
    return text
