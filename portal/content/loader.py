"""The folders of content as one Directory, or every mistake that is in them.

The way: `tree` reads each file by itself, `crosschecks` and `links` hold the files beside each
other, and only when nothing is wrong are the nouns linked here: a series to its centre, programme,
venue and sessions. So a Directory never has loose ends, and nobody after this module looks for any.

`changed` is worked out here too: a calendar entry must say when what it says last changed, and
builds keep no memory. It is what the file says, else its last commit, else its own time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from portal.content.cache import Memory
from portal.content.checks import check, check_towns, find_position
from portal.content.front_matter import Problem
from portal.content.gazetteer import Gazetteer, name_apart, read_postcode_area, read_settlement
from portal.content.link_checks import check_links
from portal.content.message_texts import check_words
from portal.content.reader import Row, Text, Tree, read_tree, translated_fields
from portal.directory import (
    INHERITED,
    Centre,
    Directory,
    District,
    Footprints,
    OutreachVenue,
    PostcodeArea,
    Programme,
    Series,
    Settlement,
    TextFile,
    Venue,
)
from portal.directory.fields import LONDON, day_words
from portal.directory.schedule import SchoolCalendar, sessions
from portal.errors import PortalError

__all__ = ["ContentError", "Memory", "Problem", "load", "warnings"]

_CHECK_AGAIN = timedelta(days=92)

RowT = TypeVar("RowT")
ThingT = TypeVar("ThingT")
TextT = TypeVar("TextT", bound=TextFile)


class ContentError(PortalError):
    """The content has mistakes: all of them, by file and line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = list(problems)


def load(
    root: Path,
    *,
    today: date,
    horizon_weeks: int = 26,
    postcodes: Path | None = None,
    memory: Memory | None = None,
) -> Directory:
    """All the content under a root, as it stands on a day. Raises ContentError.

    Ongoing series are shown for so many weeks; calendars know them to the end of the school year.
    `postcodes` is the file that `portal postcodes import` makes, where there is one. Whoever reads
    the same root often hands in the same `memory`: only files that were touched are read again.
    """
    tree = read_tree(root, memory)
    map_of = _read_map(tree)
    check(tree)
    check_links(tree, map_of.settlements if map_of.whole else None)
    gazetteer = Gazetteer(map_of.settlements, map_of.postcode_areas)
    if map_of.whole:
        check_towns(tree, gazetteer)
    problems = {
        *tree.problems,
        *(problem for written in tree.written.values() for problem in written.problems),
        *(problem for text in tree.texts() for problem in text.written.problems),
        *(check_words(root) if (root / "content").is_dir() else ()),
    }
    if problems:
        raise ContentError(sorted(problems))
    directory = _Linking(tree, map_of, gazetteer, _Changes(root), today, horizon_weeks).directory()
    if postcodes and postcodes.is_file():
        return directory.model_copy(update={"postcodes": postcodes.read_bytes()})
    return directory


def warnings(directory: Directory) -> list[Problem]:
    """What is worth a look but no mistake: facts long unchecked, and series that are over."""
    found: list[Problem] = []

    def warn(text: Centre | Programme | Series, field: str, words: str) -> None:
        found.append(Problem(text.source, text.lines.get(field, 1), 1, words, "warning"))

    things: list[Centre | Programme] = [*directory.centres, *directory.programmes]
    for thing in things:
        if thing.checked is None:
            warn(
                thing, "checked", "nobody has said when this was checked. Add 'checked' and a day."
            )
        elif directory.today - thing.checked > _CHECK_AGAIN:
            last = day_words(thing.checked, weekday=False)
            warn(
                thing,
                "checked",
                f"this was last checked on {last}, more than 3 months ago. "
                "Make sure that all is right, and write today's date.",
            )
    start = datetime.combine(directory.today, time(), LONDON)
    for series in (*directory.series, *directory.private_series):
        dates = series.all_sessions
        if dates and all(session.ends < start for session in dates):
            last = day_words(max(session.day for session in dates), weekday=False)
            warn(
                series,
                "starts",
                f"all its sessions are past, the last on {last}. "
                "Plan it again with 'portal next-term', or remove the file.",
            )
    return sorted(found)


# --- the map -------------------------------------------------------------------------------------


class _Map:
    """The places and postcode areas of the tables, and whether all of them could be read."""

    settlements: tuple[Settlement, ...] = ()
    postcode_areas: tuple[PostcodeArea, ...] = ()
    whole = False


def _read_map(tree: Tree) -> _Map:
    found = _Map()
    if tree.footprints is None:
        return found
    before = len(tree.problems)
    districts = _districts(tree.footprints)

    def read(path: str, rows: Iterable[Row], reader: Callable[..., RowT]) -> Iterator[RowT]:
        for row in rows:
            try:
                yield reader(row.cells, districts)
            except ValueError as error:
                tree.problems.append(Problem(path, row.line, 1, str(error)))

    found.settlements = name_apart(read("content/places.csv", tree.places, read_settlement))
    areas = list(read("content/outcodes.csv", tree.outcodes, read_postcode_area))
    found.postcode_areas = tuple(areas)
    found.whole = bool(tree.places and tree.outcodes) and len(tree.problems) == before
    return found


def _districts(footprints: Footprints) -> tuple[District, ...]:
    return tuple(one for footprint in footprints.footprints for one in footprint.districts)


# --- linking -------------------------------------------------------------------------------------


class _Linking:
    """Gives each noun what it can only know once everything has been read."""

    def __init__(
        self,
        tree: Tree,
        map_of: _Map,
        gazetteer: Gazetteer,
        changes: _Changes,
        today: date,
        horizon_weeks: int,
    ) -> None:
        self._tree = tree
        self._site = _there(tree.site)
        self._footprints = _there(tree.footprints)
        self._terms = _there(tree.terms)
        self._map = map_of
        self._gazetteer = gazetteer
        self._changes = changes
        self._today = today
        self._horizon = today + timedelta(weeks=horizon_weeks)
        self._calendar = SchoolCalendar(self._terms)
        self._until = self._calendar.feed_until(self._horizon)
        self._terms_changed = changes.of("content/terms.yaml")

    def directory(self) -> Directory:
        tree = self._tree
        pages = [self._link(text) for text in tree.pages]
        news = [self._link(text) for text in tree.news]
        programmes = {text.slug: self._link(text) for text in tree.programmes}
        middle = {one.slug: one.position for one in _districts(self._footprints)}
        centres: list[Centre] = []
        series: list[Series] = []
        for folder in tree.centres:
            text = _there(folder.centre)
            centre = self._link(text)
            position = find_position(self._gazetteer, centre, centre.district)
            centre.link(position=position or middle[centre.district], images=folder.images)
            _link_translations(text)
            centres.append(centre)
            series += [self._series(one, centre, programmes) for one in folder.series]
        for other in (*tree.pages, *tree.news, *tree.programmes):
            _link_translations(other)
        series.sort(key=lambda one: (one.centre.title, one.centre.slug, one.name, one.slug))
        return Directory.of(
            site=self._site,
            today=self._today,
            horizon=self._horizon,
            feed_until=self._until,
            terms=self._terms,
            footprints=self._footprints.footprints,
            centres=tuple(sorted(centres, key=lambda one: (one.title, one.slug))),
            programmes=tuple(sorted(programmes.values(), key=lambda one: (one.title, one.slug))),
            series=tuple(one for one in series if not one.programme.sensitive),
            private_series=tuple(one for one in series if one.programme.sensitive),
            pages=tuple(sorted(pages, key=lambda one: (one.order or 10**6, one.slug))),
            news=tuple(sorted(news, key=lambda one: (-one.date_.toordinal(), one.slug))),
            settlements=self._map.settlements,
            postcode_areas=self._map.postcode_areas,
        )

    def _link(self, text: Text[TextT]) -> TextT:
        noun = _there(text.noun)
        return noun.link(
            slug=text.slug,
            source=text.file,
            body=text.written.body,
            html=text.prose.html,
            lines=text.written.lines,
            changed=self._changes.of(text.file, getattr(noun, "updated", None)),
        )

    def _series(
        self, text: Text[Series], centre: Centre, programmes: Mapping[str, Programme]
    ) -> Series:
        series = self._link(text)
        programme = programmes[series.programme_slug]
        inherited = {
            name: getattr(programme, name) for name in INHERITED if getattr(series, name) is None
        }

        def venue_of(fields: OutreachVenue) -> Venue:
            return Venue(
                name=fields.name,
                address=fields.address,
                town=fields.town,
                postcode=fields.postcode,
                position=find_position(self._gazetteer, fields, centre.district),
            )

        series.link(
            centre=centre,
            programme=programme,
            venue=venue_of(series.venue_fields) if series.venue_fields else centre.venue,
            horizon=self._horizon,
            # A calendar entry says what all of these say.
            changed=max(series.changed, programme.changed, centre.changed, self._terms_changed),
            **inherited,
        )
        series.link(all_sessions=sessions(series, self._calendar, self._until, venue_of=venue_of))
        _link_translations(text)
        return series


def _there(thing: ThingT | None) -> ThingT:
    if thing is None:
        raise AssertionError("what is missing is a mistake, and mistakes have been raised")
    return thing


def _link_translations(text: Text[TextFile]) -> None:
    """Each translation is the noun again, with other words; `model_fields_set` tells which."""
    noun = text.noun
    if noun is None or not text.translations:
        return
    translations: dict[str, TextFile] = {}
    for language, translation in text.translations.items():
        fields = translated_fields(translation)
        other = noun.model_copy(update=fields)
        other.link(
            source=translation.file, body=translation.written.body, html=translation.prose.html
        )
        object.__setattr__(other, "__pydantic_fields_set__", set(fields))
        translations[language] = other
    noun.link(translations=MappingProxyType(translations))


# --- when it last changed ------------------------------------------------------------------------


class _Changes:
    """When each file last changed, cut to seconds."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._commits = _last_commits(root)

    def of(self, path: str, updated: date | None = None) -> datetime:
        """What the file says of it, else its last commit, else its own time."""
        if isinstance(updated, datetime):
            return updated.astimezone(UTC).replace(microsecond=0)
        if updated:
            return datetime.combine(updated, time(), LONDON).astimezone(UTC)
        seconds = self._commits.get(path)
        if seconds is None:
            seconds = int((self._root / path).stat().st_mtime)
        return datetime.fromtimestamp(seconds, UTC)


def _last_commits(root: Path) -> Mapping[str, int]:
    """The time of the last commit of each file, in seconds; nothing where there is no history.

    One pass over the history. Without git, in a damaged checkout or after half a minute, nothing.
    """
    root = root.resolve()
    git = shutil.which("git")
    if git is None or not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return {}
    # A hook that calls us has GIT_DIR set, to a path that may be wrong from here.
    environment = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
    command = [
        git, "-c", "core.quotePath=false", "log", "--format=%x01%ct", "--name-only", "-z",
        "--no-renames", "--relative", "--", "content", "centres", "programmes",
    ]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            command, cwd=root, env=environment, capture_output=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    found: dict[str, int] = {}
    for commit in done.stdout.decode("utf-8", "replace").split("\x01")[1:]:
        seconds, *paths = commit.replace("\n", "\0").split("\0")
        for path in paths:
            found.setdefault(path, int(seconds))
    return found
