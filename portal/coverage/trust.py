"""Trust figures: which facts of centres and programmes partners can rely on, and which are missing.

A fact counts if the file has it and does not mark it as a sample: a sample phone number is not a
contact. What does not apply counts neither way: a programme without groups has no place, and an
address that is kept private is not missing. Centres that are closed or given up are left out. Of
a sensitive programme nothing is counted that its page does not say: its groups are not read here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from portal.coverage.cells import Coverage
from portal.dependencies import remembers
from portal.directory import Centre, Directory, District, Programme, Venue
from portal.directory.phrases import ACCESS

CHECKED_WITHIN = timedelta(days=92)  # three months


class Fact(NamedTuple):
    """A fact that is counted: what it means to partners, and what an editor does without it."""

    key: str
    label: str
    words: str
    remedy: str


_SAMPLE = " If it is in 'sample', check it and take it out there."
CENTRE_FACTS = (
    Fact(
        "address",
        "Street address",
        "The street and the number or name of the building.",
        f"Write 'address'.{_SAMPLE}",
    ),
    Fact(
        "postcode",
        "Postcode",
        "The whole postcode of the building.",
        f"Write 'postcode'.{_SAMPLE}",
    ),
    Fact(
        "contact",
        "Contact",
        "A phone number or email address of the centre itself.",
        f"Write 'phone' or 'email'.{_SAMPLE}",
    ),
    Fact(
        "hours",
        "Opening hours",
        "The hours of each weekday.",
        f"Write 'opening_hours'.{_SAMPLE}",
    ),
    Fact(
        "access",
        "Access",
        "What helps people get in and stay, such as a step-free entrance or a toilet.",
        f"Write 'facilities', with what it has for access.{_SAMPLE}",
    ),
    Fact(
        "checked",
        "Checked",
        "Somebody has checked the whole page in the last 3 months.",
        f"Check the file, and write the day in 'checked'.{_SAMPLE}",
    ),
)
PROGRAMME_FACTS = (
    Fact(
        "address",
        "Street address",
        "Each building where it meets has a street address.",
        "Write the address of each building where it meets.",
    ),
    Fact(
        "postcode",
        "Postcode",
        "Each building where it meets has a postcode.",
        "Write the postcode of each building where it meets.",
    ),
    Fact(
        "contact",
        "Contact",
        "It has a phone number, or each centre where it meets has a contact.",
        f"Write 'phone', or give each centre where it meets a contact.{_SAMPLE}",
    ),
    Fact(
        "hours",
        "Days and times",
        "It has a public session in the next 13 weeks. Only groups and drop-ins count here.",
        "Plan a series of it, or change 'kind' if it has no groups.",
    ),
    Fact(
        "access",
        "Access",
        "Each building where it meets is a centre that says what it has for access.",
        "Write 'facilities' of each centre where it meets. Other buildings cannot say it yet.",
    ),
    Fact(
        "checked",
        "Checked",
        "Somebody has checked the whole page in the last 3 months.",
        f"Check the file, and write the day in 'checked'.{_SAMPLE}",
    ),
    Fact(
        "signed",
        "Signed",
        "A named role has agreed its outcomes and priority groups. The others are our own reading "
        "of the service plan.",
        "Ask who is responsible to agree 'outcomes' and 'needs', and write the role and day in "
        "'signed'.",
    ),
)


@dataclass(frozen=True, slots=True)
class Share:
    """How many of those that should have a fact have it."""

    fact: Fact
    have: int
    of: int
    missing: tuple[Centre | Programme, ...]

    @property
    def percent(self) -> int | None:
        """In whole per cent, rounded; 0 or 100 only of none or all. None if it applies to none."""
        if not self.of:
            return None
        if self.have in (0, self.of):
            return 100 * (self.have // self.of)
        return min(99, max(1, (200 * self.have + self.of) // (2 * self.of)))


class Sample(NamedTuple):
    """How many centres and programmes have a sample in a field."""

    field: str
    centres: int
    programmes: int

    @property
    def label(self) -> str:
        words = self.field.replace("_", " ")
        return _LABELS.get(self.field, f"{words[:1].upper()}{words[1:]}")


_LABELS = {
    "booking": "How to get a place",
    "contact": "Worker for professionals",
    "checked": "Day of the last check",
    "dads": "Whether it is for dads",
    "expect": "What to expect",
    "first_time": "Your first visit",
    "level": "Level of need",
    "phone": "Phone number",
    "places": "Number of places",
    "send_to": "Upper age with SEND",
    "serves": "Schools and others it works with",
    "siblings": "Brothers and sisters",
    "who_meets_you": "Who meets you",
}


class Trust:
    """All trust figures of a Directory, on its day."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self._places = _places(directory)
        self.in_use = [one for one in directory.centres if not one.closed and not one.given_up]
        self.centres = _shares(CENTRE_FACTS, self.in_use, self.of_centre)
        self.programmes = _shares(PROGRAMME_FACTS, directory.programmes, self.of_programme)
        self.districts: Mapping[District, tuple[Share, ...]] = {
            one: _shares(
                CENTRE_FACTS,
                [centre for centre in self.in_use if centre.district == one.slug],
                self.of_centre,
            )
            for one in directory.districts
        }
        self.samples = _samples(directory)
        self.sampled_centres = sum(bool(one.sample) for one in directory.centres)
        self.sampled_programmes = sum(bool(one.sample) for one in directory.programmes)

    def of_centre(self, centre: Centre) -> Mapping[str, bool | None]:
        """Whether a centre has each fact; None if the fact does not apply."""
        private = not centre.address_public
        return {
            "address": None if private else _known(centre, "address"),
            "postcode": None if private else _known(centre, "postcode"),
            "contact": bool(centre.contact_phone or centre.contact_email),
            "hours": _known(centre, "opening_hours"),
            "access": _has_access(centre),
            "checked": self._checked(centre),
        }

    def of_programme(self, programme: Programme) -> Mapping[str, bool | None]:
        """Whether a programme has each fact; None if the fact does not apply."""
        places = self._places.get(programme, ())
        public = not programme.sensitive
        meets = public and programme.kind in ("group", "drop-in")
        return {
            "address": _each(_has("address"), places),
            "postcode": _each(_has("postcode"), places),
            "contact": bool(programme.contact_phone) or bool(_each(_has_contact, places)),
            "hours": programme in self._places if meets else None,
            "access": _each(_says_access, places),
            "checked": self._checked(programme),
            "signed": bool(programme.signed) if programme.outcomes or programme.needs else None,
        }

    def _checked(self, thing: Centre | Programme) -> bool:
        day = thing.checked
        return (
            day is not None
            and not thing.is_sample("checked")
            and self.directory.today - day <= CHECKED_WITHIN
        )

    def rows(self) -> Iterator[tuple[str, Centre | Programme, Mapping[str, bool | None]]]:
        """Every centre in use and every programme, with what is known of it."""
        for centre in self.in_use:
            yield "centre", centre, self.of_centre(centre)
        for programme in self.directory.programmes:
            yield "programme", programme, self.of_programme(programme)

    def as_json(self) -> dict[str, Any]:
        """The open data. Keys stay; others may be added after them."""
        return {
            "day": self.directory.today.isoformat(),
            "demonstration": self.directory.site.demonstration,
            "centres": _as_json(self.centres),
            "programmes": _as_json(self.programmes),
            "districts": {one.slug: _as_json(shares) for one, shares in self.districts.items()},
            "samples": [sample._asdict() for sample in self.samples],
        }


@remembers(2)
def figures(directory: Directory) -> Trust:
    """The trust figures of a Directory, on its day: a page and two files print them."""
    return Trust(directory)


def _shares(
    facts: Iterable[Fact],
    things: Iterable[Any],
    look: Callable[[Any], Mapping[str, bool | None]],
) -> tuple[Share, ...]:
    seen = [(thing, look(thing)) for thing in things]
    return tuple(
        Share(
            fact,
            sum(known[fact.key] is True for _, known in seen),
            sum(known[fact.key] is not None for _, known in seen),
            tuple(thing for thing, known in seen if known[fact.key] is False),
        )
        for fact in facts
    )


def _as_json(shares: Iterable[Share]) -> dict[str, dict[str, int]]:
    return {share.fact.key: {"have": share.have, "of": share.of} for share in shares}


def _places(directory: Directory) -> Mapping[Programme, tuple[Venue, ...]]:
    """The buildings where each programme has public sessions in the next 13 weeks.

    A programme that meets only out and about is in it, without a building.
    """
    found: dict[Programme, dict[str, Venue]] = {}
    for session in Coverage.of(directory).sessions_in():
        known = found.setdefault(session.series.programme, {})
        private = session.venue.centre is not None and not session.venue.centre.address_public
        if not session.venue.is_area and not private:
            known.setdefault(session.venue.identity, session.venue)
    return {programme: tuple(known.values()) for programme, known in found.items()}


def _each(test: Callable[[Venue], bool], places: Iterable[Venue]) -> bool | None:
    """Whether all buildings pass; None without a building."""
    found = [test(place) for place in places]
    return all(found) if found else None


def _known(centre: Centre, field: str) -> bool:
    return bool(getattr(centre, field)) and not centre.is_sample(field)


def _has(field: str) -> Callable[[Venue], bool]:
    def has(place: Venue) -> bool:
        return _known(place.centre, field) if place.centre else bool(getattr(place, field))

    return has


def _has_contact(place: Venue) -> bool:
    centre = place.centre
    return centre is not None and bool(centre.contact_phone or centre.contact_email)


def _has_access(centre: Centre) -> bool:
    return bool({*centre.facilities} & {*ACCESS}) and not centre.is_sample("facilities")


def _says_access(place: Venue) -> bool:
    return place.centre is not None and _has_access(place.centre)


def _samples(directory: Directory) -> tuple[Sample, ...]:
    """The fields that have samples, those with most of them first."""
    centres = Counter(field for centre in directory.centres for field in {*centre.sample})
    programmes = Counter(field for one in directory.programmes for field in {*one.sample})
    found = (Sample(field, centres[field], programmes[field]) for field in {*centres, *programmes})
    return tuple(sorted(found, key=lambda one: (-one.centres - one.programmes, one.field)))


def lines(found: Trust, *, files: bool) -> Iterator[str]:
    """The figures in words for editors; with `files`, each file without a fact and its remedy."""
    for noun, shares in (("centres", found.centres), ("programmes", found.programmes)):
        if not files:
            more = "" if noun == "centres" else " See which files: `portal check --quality`."
            known = ", ".join(f"{s.fact.label.lower()} {s.have} of {s.of}" for s in shares)
            yield f"Facts of {noun}: {known}.{more}"
            continue
        for share in shares:
            yield f"{share.fact.label} of {noun}: {share.have} of {share.of}. {share.fact.words}"
            if share.missing:
                yield f"  {share.fact.remedy}"
                yield from (f"  {thing.source}" for thing in share.missing)
