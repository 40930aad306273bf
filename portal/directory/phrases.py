"""The words for ages, money, distance, access and places, shared by every output.

Pages, the finder's index and the finder itself say these things in the same words, so the words
are made here, of values that were checked when they were read. Unknown facts are said to be
unknown: a price or an address is never invented.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from portal.directory.models import Centre, Programme, Series, Venue
from portal.directory.values import AgeRange
from portal.directory.vocabularies import FACILITIES

# What a result says of access: the facilities that decide whether a family can come at all.
ACCESS = (
    "step-free",
    "accessible-toilet",
    "changing-place",
    "accessible-parking",
    "hearing-loop",
    "quiet-room",
    "baby-changing",
)


def joined(words: Iterable[str], last: str = "and") -> str:
    """'a', 'a and b', 'a, b and c'."""
    parts = list(words)
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def capital(words: str) -> str:
    """The first letter large, the rest as it is (unlike `str.capitalize`)."""
    return words[:1].upper() + words[1:]


def sentence(words: str) -> str:
    """Words that editors wrote with or without a full stop, with one."""
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."


def count(number: int, one: str, many: str | None = None) -> str:
    """'1 session', '12 sessions'."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def ages(thing: Series | Programme | Centre) -> str:
    """'Ages 12 to 19 years (up to 25 with SEND)', 'Pregnancy, birth to 6 months', 'All ages'."""
    return age_words(thing.ages, thing.send_to)


def age_words(ranges: Iterable[AgeRange] | None, send_to: int | None = None) -> str:
    said = [one.words for one in ranges or ()]
    if not said:
        words = "All ages"
    elif said[0][0].isdigit():
        words = f"Ages {joined(said)}"
    else:
        words = capital(", ".join(said))
    return f"{words} (up to {send_to} with SEND)" if send_to else words


def creche(thing: Series | Programme) -> str:
    """What its creche offers: places to book for children of some ages, or none to book."""
    if not thing.creche_places:
        return "We look after younger children during the session. Ask us first"
    children = count(thing.creche_places, "child", "children")
    aged = " or ".join(one.words for one in thing.creche_ages or ())
    return f"We look after up to {children}{f' aged {aged}' if aged else ''}. Book them in with you"


def cost(series: Series | Programme) -> str:
    return series.cost or "Ask about cost"


def is_free(series: Series | Programme) -> bool:
    return (series.cost or "").lower().startswith("free")


def access(facilities: Iterable[str]) -> str:
    """'Step-free entrance, baby changing', or that one should ask."""
    known = frozenset(facilities)
    said = [FACILITIES[name] for name in ACCESS if name in known]
    return ", ".join([*said[:1], *map(_small, said[1:])]) or "Ask about access"


def _small(words: str) -> str:
    keep = ("Blue Badge", "Changing Places")
    return words if words.startswith(keep) else words[:1].lower() + words[1:]


def place(venue: Venue) -> str:
    """'Riverbank Centre, Preston': the name, and the town where the name does not say it."""
    if venue.town and venue.town.lower() not in venue.name.lower():
        return f"{venue.name}, {venue.town}"
    return venue.name


def at(venue: Venue, words: str = "") -> str:
    """'at Riverbank Centre, Preston', 'around Padiham's parks': a venue within a sentence.

    `words` are said of it in place of its name and town, such as its whole address.
    """
    words = words or place(venue)
    return f"{words[:1].lower()}{words[1:]}" if venue.is_area else f"at {words}"


# Distances, by how many and how sure: the finder in the browser needs them too.
MILES: Mapping[str, str] = MappingProxyType(
    {
        "miles-none": "less than 0.1 miles",
        "miles-one": "1 mile",
        "miles": "{n} miles",
        "about-none": "less than a mile",
        "about-one": "about 1 mile",
        "about": "about {n} miles",
    }
)


def miles(distance: float, *, about: bool) -> str:
    """'0.4 miles'; 'about 3 miles' where one of the two ends is not exactly known."""
    return tenths_of_miles(math.floor(distance * 10 + 0.5), about=about)


def tenths_of_miles(tenths: int, *, about: bool) -> str:
    """The same, of a distance rounded already."""
    whole = (tenths + 5) // 10
    if about:
        which = "about-none" if whole == 0 else "about-one" if whole == 1 else "about"
        return MILES[which].replace("{n}", str(whole))
    if tenths < 100 and tenths % 10:
        return MILES["miles"].replace("{n}", str(tenths / 10))
    which = "miles-none" if tenths == 0 else "miles-one" if tenths == 10 else "miles"
    return MILES[which].replace("{n}", str(whole))
