"""Checks what groups share: a mobile creche or a vehicle is in one place at a time.

Sessions count as they are held: moved ones at their new time, cancelled ones not at all. Between
two places a resource also needs its `minutes_between`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import combinations

from portal.content.date_checks import times_held
from portal.content.front_matter import Clash, Written
from portal.content.sources import CentreFolder, Text, Tree
from portal.directory import Resource, Series
from portal.directory.schedule import SchoolCalendar
from portal.directory.values import TimeRange, day_words, near

PATH = "content/resources.yaml"


def check_resources(tree: Tree, calendar: SchoolCalendar | None) -> None:
    """Reports unknown names, and clashes. `calendar` is None where the terms have mistakes."""
    known = _known(tree)
    used: dict[str, list[_Use]] = {}
    for folder in tree.centres:
        for text in folder.series:
            series = text.noun
            if series is None:
                continue
            _check_names(tree, folder, text.written, series, known)
            if calendar and not text.written.problems and not series.withdrawn:
                for name in dict.fromkeys(series.resources):
                    used.setdefault(name, []).append(_Use(folder, text, series, calendar))
    for name, uses in used.items():
        if name in known:
            for first, second in combinations(sorted(uses, key=lambda use: use.text.file), 2):
                _check_pair(known[name], first, second)


def may_clash(series: Series, other: Series) -> bool:
    """Whether two series use the same resource."""
    return any(name in other.resources for name in series.resources)


def check_resources_of(
    tree: Tree,
    folder: CentreFolder,
    text: Text[Series],
    others: Iterable[tuple[CentreFolder, Text[Series]]],
    calendar: SchoolCalendar,
) -> None:
    """Reports unknown names in one series, and its clashes with `others`, which have no mistakes
    and are not linked."""
    if text.noun is None:
        return
    resources = tree.resources.resources if tree.resources else ()
    known = {one.slug: one for one in resources}
    _check_names(tree, folder, text.written, text.noun, known)
    if text.written.problems or text.noun.withdrawn:
        return
    mine = _Use(folder, text, text.noun, calendar)
    for name in dict.fromkeys(text.noun.resources):
        for other_folder, other in others:
            if other.noun and name in other.noun.resources and not other.noun.withdrawn:
                pair = mine, _Use(other_folder, other, other.noun, calendar)
                _check_pair(known[name], *sorted(pair, key=lambda use: use.text.file))


def _known(tree: Tree) -> Mapping[str, Resource]:
    """The resources by name; reports names given twice, and districts that there are not."""
    if tree.resources is None:
        return {}
    written = tree.written[PATH]
    footprints = tree.footprints.footprints if tree.footprints else ()
    districts = [one.slug for footprint in footprints for one in footprint.districts]
    known: dict[str, Resource] = {}
    for number, resource in enumerate(tree.resources.resources):
        if known.setdefault(resource.slug, resource) is not resource:
            written.wrong(
                ("resources", number, "slug"),
                f"'slug': '{resource.slug}' is already used. Change one of them.",
            )
        for index, district in enumerate(resource.districts):
            if districts and district not in districts:
                written.wrong(
                    ("resources", number, "districts", index),
                    f"'districts': '{district}' is not a district.{near(district, districts)} "
                    f"Known: {', '.join(districts)}.",
                )
    return known


def _check_names(
    tree: Tree,
    folder: CentreFolder,
    written: Written,
    series: Series,
    known: Mapping[str, Resource],
) -> None:
    if PATH in tree.written and tree.resources is None:
        return  # its own mistakes are reported
    centre = folder.centre.noun if folder.centre else None
    for number, name in enumerate(series.resources):
        resource = known.get(name)
        if resource is None:
            known_words = f"Known: {', '.join(known)}." if known else f"Add it to {PATH}."
            words = f"there is no resource '{name}'.{near(name, known)} {known_words}"
        elif centre and resource.districts and centre.district not in resource.districts:
            words = (
                f"{resource.title} is for {', '.join(resource.districts)}, and this centre is in "
                f"{centre.district}. Remove it, or add the district in {PATH}."
            )
        else:
            continue
        written.wrong(("resources", number), f"'resources': {words}")


@dataclass
class _Use:
    """A series that uses a resource."""

    folder: CentreFolder
    text: Text[Series]
    series: Series
    calendar: SchoolCalendar

    @property
    def identity(self) -> str:
        return f"{self.folder.slug}/{self.text.slug}"

    @cached_property
    def held(self) -> Mapping[date, list[TimeRange]]:
        return times_held(self.series, self.calendar, elsewhere=True)

    def place_on(self, day: date) -> object:
        """Where it is on a day, so far as it is known: a changed venue is a place of its own."""
        changed = any(
            change.venue and day in (change.date_, change.moved_to and change.moved_to.day)
            for change in self.series.changes
        )
        venue = self.series.venue_fields
        if changed:
            return object()
        return (venue.name, venue.address, venue.postcode) if venue else self.folder.slug


def _check_pair(resource: Resource, first: _Use, second: _Use) -> None:
    clash = next(_clashes(resource, first, second), None)
    if clash is None:
        return
    day, mine, other = clash
    overlap = mine.starts < other.ends and other.starts < mine.ends
    why = "at the same time" if overlap else f"within {resource.minutes_between} minutes"
    thing = f"the {resource.title.removeprefix('The ')}"
    number = list(second.series.resources).index(resource.slug)
    second.text.written.wrong(
        ("resources", number),
        f"'resources': {resource.title} cannot be in two places. {first.text.file} has it {why}: "
        f"{day_words(day)}, {mine.words}; here it is {other.words}. Change the day or time of one, "
        "or remove it here.",
        clash=Clash(
            (first.identity, second.identity),
            f"has {thing} then",
            (f"{day_words(day)}, {mine.words}", f"{day_words(day)}, {other.words}"),
            f"Choose another day or time, or hold it without {thing}.",
        ),
    )


def _clashes(
    resource: Resource, first: _Use, second: _Use
) -> Iterator[tuple[date, TimeRange, TimeRange]]:
    for day in sorted(first.held.keys() & second.held.keys()):
        same_place = first.place_on(day) == second.place_on(day)
        margin = timedelta(minutes=0 if same_place else resource.minutes_between)
        for mine in first.held[day]:
            for other in second.held[day]:
                begins, ends = _span(day, mine)
                starts, closes = _span(day, other)
                if begins < closes + margin and starts < ends + margin:
                    yield day, mine, other


def _span(day: date, times: TimeRange) -> tuple[datetime, datetime]:
    return datetime.combine(day, times.starts), datetime.combine(day, times.ends)
