"""Finds what is there twice: a copied series, two groups in one room, two things of one title.

A copy of a file is right in itself, so nothing else would see it: families would find a group
twice, and it could be booked twice over. Where both are meant, as for two tables in one hall, one
of the two files says so with `alongside`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from itertools import combinations

from portal.content.date_checks import times_held
from portal.content.front_matter import Clash
from portal.content.sources import CentreFolder, Text, TextT, Tree
from portal.directory import Board, Centre, HelpPage, News, Page, Programme, Series
from portal.directory.schedule import SchoolCalendar
from portal.directory.values import TimeRange, day_words, near


def check_doubles(tree: Tree, calendar: SchoolCalendar | None) -> None:
    """Reports doubles. `calendar` is None where the terms have mistakes: then no date is sure."""
    _check_titles(tree)
    runs = [
        _Run(folder.slug, text, text.noun, calendar)
        for folder in tree.centres
        for text in folder.series
        if text.noun
    ]
    known = {run.identity: run for run in runs}
    for run in runs:
        _check_alongside(run, known)
    if calendar is None:
        return
    by_place: dict[Hashable, list[_Run]] = {}
    for run in runs:
        # With a mistake in its dates, half of what follows from them would be wrong too.
        if not run.text.written.problems and not run.series.withdrawn:
            by_place.setdefault(run.place, []).append(run)
    for together in by_place.values():
        together.sort(key=_shortest_first)
        for first, second in _may_clash(together):
            _check_pair(first, second)


def may_clash(centre: str, series: Series, other_centre: str, other: Series) -> bool:
    """Whether two series meet in the same place, so that one may repeat the other.

    They are given with the slugs of their centres, and may be linked or not.
    """
    return place_of(centre, series) == place_of(other_centre, other)


def check_double_of(
    tree: Tree,
    folder: CentreFolder,
    text: Text[Series],
    others: Iterable[tuple[CentreFolder, Text[Series]]],
    calendar: SchoolCalendar,
) -> None:
    """Reports the doubles of one series among `others`, which have no mistakes and are not linked,
    and what it says of series of this tree that are not there."""
    if text.noun is None:
        return
    mine = _Run(folder.slug, text, text.noun, calendar)
    if mine.series.alongside:
        known = [f"{one.slug}/{each.slug}" for one in tree.centres for each in one.series]
        _check_alongside(mine, dict.fromkeys(known))
    if text.written.problems or text.noun.withdrawn:
        return
    runs = (_Run(one.slug, each, each.noun, calendar) for one, each in others if each.noun)
    together = [run for run in runs if run.place == mine.place and not run.series.withdrawn]
    together = sorted([mine, *together], key=_shortest_first)
    for first, second in _may_clash(together):
        if mine in (first, second):
            _check_pair(first, second)


def _shortest_first(run: _Run) -> tuple[int, str]:
    # The shorter name is likely to be the one that was copied.
    return len(run.text.file), run.text.file


def _may_clash(together: Sequence[_Run]) -> Iterable[tuple[_Run, _Run]]:
    """The pairs of one place that are in one room or one group, and meet on one weekday.

    A large centre has thousands of pairs, and hardly any of them is one of these.
    """
    alike: dict[Hashable, list[_Run]] = {}
    for run in together:
        for weekday in run.weekdays:
            alike.setdefault((weekday, run.group), []).append(run)
            if run.room:
                alike.setdefault((weekday, run.room), []).append(run)
    pairs = (pair for runs in alike.values() for pair in combinations(runs, 2))
    return {(one.text.file, other.text.file): (one, other) for one, other in pairs}.values()


@lru_cache(maxsize=4096)
def _folded(words: str | None) -> str:
    return "".join(letter for letter in (words or "").casefold() if letter.isalnum())


# --- titles --------------------------------------------------------------------------------------


def _check_titles(tree: Tree) -> None:
    centres = [folder.centre for folder in tree.centres if folder.centre]
    _check_same(centres, _centre_key)
    _check_same(tree.programmes, _title_key)
    _check_same(tree.pages, _title_key)
    _check_same(tree.help_pages, _title_key)
    _check_same(tree.boards, _title_key)
    _check_same(tree.news, _news_key)


def _title_key(noun: Page | Programme | HelpPage | Board) -> Hashable:
    return _folded(noun.title)


def _news_key(noun: News) -> Hashable:
    return _folded(noun.title), noun.date_


def _centre_key(noun: Centre) -> Hashable:
    return _folded(noun.title), noun.district


def _check_same(texts: Iterable[Text[TextT]], key_of: Callable[[TextT], Hashable]) -> None:
    taken: dict[Hashable, str] = {}
    for text in sorted(texts, key=lambda one: (len(one.file), one.file)):
        if text.noun is None:
            continue
        first = taken.setdefault(key_of(text.noun), text.file)
        if first != text.file:
            text.written.wrong(
                ("title",),
                f"'title': {first} has the same, so families could not tell them apart. "
                "Delete one of the two, or change its title.",
            )


# --- series --------------------------------------------------------------------------------------


def place_of(centre: str, series: Series) -> Hashable:
    """Where a series of a centre meets: its slug, or what is said of the venue."""
    venue = series.venue_fields
    if venue is None:
        return centre
    where = tuple(map(_folded, (venue.address, venue.town, venue.postcode)))
    # There is a 'Village Hall' in many villages.
    return (_folded(venue.name or venue.area), *where, "" if any(where) else centre)


@dataclass(eq=False)
class _Run:
    """A series with what tells it from others."""

    centre: str
    text: Text[Series]
    series: Series
    calendar: SchoolCalendar | None

    @property
    def identity(self) -> str:
        return f"{self.centre}/{self.text.slug}"

    @cached_property
    def place(self) -> Hashable:
        return place_of(self.centre, self.series)

    @cached_property
    def room(self) -> str:
        return _folded(self.series.room)

    @cached_property
    def group(self) -> Hashable:
        """What families tell groups of one place and time by."""
        series = self.series
        ages = tuple((one.first, one.end) for one in series.ages or ())
        return series.programme_slug, _folded(series.title), series.language, ages

    @cached_property
    def weekdays(self) -> Set[int]:
        """The weekdays on which it may meet, Monday is 0."""
        if self.series.changes or self.series.repeats == "daily":
            return {day.weekday() for day in self.held}
        return {self.series.starts.weekday()}

    @cached_property
    def held(self) -> Mapping[date, list[TimeRange]]:
        return times_held(self.series, self.calendar) if self.calendar else {}

    def names(self, other: _Run) -> bool:
        """Whether its file says that the other is meant as well."""
        said = {name if "/" in name else f"{self.centre}/{name}" for name in self.series.alongside}
        return other.identity in said


def _check_alongside(run: _Run, known: Iterable[str]) -> None:
    for number, name in enumerate(run.series.alongside):
        identity = name if "/" in name else f"{run.centre}/{name}"
        if identity not in known:
            words = f"there is no series '{name}'.{near(identity, known)}"
            remedy = "Write the name of its file without '.md', or 'centre/name'."
        elif identity == run.identity:
            words, remedy = "this is the series itself.", "Write the name of the other one."
        else:
            continue
        run.text.written.wrong(("alongside", number), f"'alongside': {words} {remedy}")


def _check_pair(first: _Run, second: _Run) -> None:
    in_one_room = bool(first.room) and first.room == second.room
    apart = bool(first.room and second.room) and not in_one_room
    same_group = first.group == second.group and not apart
    if not (in_one_room or same_group) or first.names(second) or second.names(first):
        return
    for day, times in _overlaps(first, second):
        when = f"{day_words(day)}, {times.words}"
        name = first.text.slug if first.centre == second.centre else first.identity
        both = f"If both are meant, write 'alongside: {name}'."
        doubles = first.identity, second.identity
        at = f"{day_words(day)}, {times.words}"
        what = "is the same group at the same time" if same_group else "is in the same room then"
        remedy = "Choose another day or time" + ("." if same_group else ", or another room.")
        clash = Clash(doubles, what, (at, at), remedy)
        if same_group:
            second.text.written.wrong(
                ("starts",),
                f"'starts': {first.text.file} is the same group at the same time: {when}. Families "
                "would see it twice, and it would have twice the places. Delete one of the two "
                f"files, or correct its dates. {both}",
                doubles=doubles,
                clash=clash,
            )
        else:
            second.text.written.wrong(
                ("room",),
                f"'room': {first.text.file} is in the same room at the same time: {when}. "
                f"Change the room, day or time of one. {both}",
                doubles=doubles,
                clash=clash,
            )
        return


def _overlaps(first: _Run, second: _Run) -> Iterator[tuple[date, TimeRange]]:
    """The days on which both meet at one time, with the time of the second."""
    one, other = first.series, second.series
    if not (one.changes or other.changes or _meet(one.time, other.time)):
        return  # nearly all pairs, and the dates of each are many
    for day in sorted(first.held.keys() & second.held.keys()):
        for mine in first.held[day]:
            for theirs in second.held[day]:
                if _meet(mine, theirs):
                    yield day, theirs


def _meet(one: TimeRange, other: TimeRange) -> bool:
    return one.starts < other.ends and other.starts < one.ends
