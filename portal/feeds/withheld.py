"""What may stand in no feed: the sessions of sensitive programmes (safety rule S3).

Feeds are made from `Directory.series`, which holds none of them. This looks at the finished bytes
all the same, because a leak here tells somebody where a person can be found. The builder asks it
about every file, and stops at an answer.

A false alarm stops the site too, so what public pages say of themselves is no leak: a sensitive
group may meet in a building where others meet, and its title may be words that others use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from portal.directory import Directory, Programme, Series, Venue


def leaks(directory: Directory, path: str, data: bytes) -> list[str]:
    """What a public file says about a sensitive series, in words for whoever mends it; or nothing.

    Titles are looked for in calendars alone: they are neutral, and the page of a sensitive
    programme says its own.
    """
    withheld = _withheld(directory)
    calendar = path.endswith(".ics")
    text = data.decode("utf-8", "replace")
    text = _normal(_unfolded(text) if calendar else text)
    found = {**_found(withheld.addresses, path), **_found(withheld.addresses, text)}
    found |= _found(withheld.venues, text)
    if calendar:
        found |= _found(withheld.titles, text)
    return [f"{path} holds {what}: '{words}'." for words, what in found.items()]


@dataclass(frozen=True, slots=True)
class _Withheld:
    """The words to look for, each with what it is."""

    addresses: Mapping[str, str]
    titles: Mapping[str, str]
    venues: Mapping[str, str]


@lru_cache(maxsize=2)
def _withheld(directory: Directory) -> _Withheld:
    public = _normal("\n".join(_public_words(directory)))

    def wanted(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
        normal = {_normal(words): what for words, what in pairs}
        return {
            words: what
            for words, what in normal.items()
            if len(words) > 3 and not _stands_in(words, public)
        }

    return _Withheld(
        wanted(_addresses(directory)), wanted(_titles(directory)), wanted(_venues(directory))
    )


def _found(wanted: Mapping[str, str], text: str) -> dict[str, str]:
    return {words: what for words, what in wanted.items() if _stands_in(words, text)}


def _stands_in(words: str, text: str) -> bool:
    """True where the words are there, and do not go on to either side."""
    # Looking for plain text first makes this quick enough for every file of a large site.
    return words in text and bool(re.search(rf"(?<![\w-]){re.escape(words)}(?![\w-])", text))


def _addresses(directory: Directory) -> Iterator[tuple[str, str]]:
    for series in directory.private_series:
        for identity in {series.identity, series.first_identity}:
            centre, _, name = identity.partition("/")
            yield f"{identity}", "the address of a withheld series"
            yield f"{name}.{centre}@{directory.site.domain}", "the entry of a withheld series"
    for programme in _sensitive(directory):
        yield f"{programme.path}calendar.ics", "the calendar of a sensitive programme"


def _titles(directory: Directory) -> Iterator[tuple[str, str]]:
    for programme in _sensitive(directory):
        yield programme.title, "the title of a sensitive programme"
    for series in directory.private_series:
        yield series.name, "the title of a withheld series"


def _venues(directory: Directory) -> Iterator[tuple[str, str]]:
    for series in directory.private_series:
        said = [words for venue in _venues_of(series) for words in _said_of(venue)]
        if not series.centre.address_public:
            said += filter(None, (series.centre.address, series.centre.postcode))
        yield from ((words, "where a withheld series meets") for words in said)


def _public_words(directory: Directory) -> Iterator[str]:
    """What the public pages say of themselves: names, places and the words of public series."""
    site = directory.site
    yield from (site.name, site.area)
    for place in (*directory.footprints, *directory.districts):
        yield from _texts(place)
    for settlement in directory.settlements:
        yield settlement.name
    for programme in directory.programmes:
        if not programme.sensitive:
            yield from _texts(programme)
    for text in (*directory.pages, *directory.news):
        yield from _texts(text)
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


def _said_of(venue: Venue) -> Iterator[str]:
    parts = (venue.line, venue.name, venue.address, venue.postcode)
    return (part for part in parts if part)


def _unfolded(text: str) -> str:
    """A calendar's text as a reader would see it."""
    text = re.sub(r"\r?\n[ \t]", "", text)
    return re.sub(r"\\(.)", lambda found: " " if found[1] in "nN" else found[1], text)


def _normal(text: str) -> str:
    return " ".join(text.split()).casefold()
