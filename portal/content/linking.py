"""Links the nouns of all files into one Directory, once everything is read and checked.

Each noun gets what it can only know then: a series its centre, programme, venue and dates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import TypeVar

from portal.content.checks import find_position
from portal.content.gazetteer import Gazetteer, Map, districts_of
from portal.content.history import Changes
from portal.content.reader import translated_fields
from portal.content.school_calendar import school_calendar
from portal.content.sources import Text, TextT, Tree
from portal.directory import (
    INHERITED,
    Board,
    Centre,
    Directory,
    HelpPage,
    OutreachVenue,
    Programme,
    Series,
    TextFile,
    Venue,
)
from portal.directory.schedule import horizon_of, last_to_plan, meetings, sessions
from portal.directory.vocabularies import NEEDS

ThingT = TypeVar("ThingT")


class Linking:
    """Fills in the facts of each noun that depend on other files."""

    def __init__(
        self,
        tree: Tree,
        map_of: Map,
        gazetteer: Gazetteer,
        changes: Changes,
        today: date,
        horizon_weeks: int,
        edition: str,
    ) -> None:
        self._tree = tree
        self._site = required(tree.site)
        self._footprints = required(tree.footprints)
        self._terms = required(tree.terms)
        self._map = map_of
        self._gazetteer = gazetteer
        self._changes = changes
        self._today = today
        self._edition = edition
        self._horizon = horizon_of(today, horizon_weeks)
        self._calendar = school_calendar(self._terms)
        self._until = self._calendar.feed_until(self._horizon)
        self._programmes: dict[str, Programme] = {}
        self._site.link(changed=changes.of("content/site.yaml"))
        for district in districts_of(self._footprints):
            if district.panel:
                district.panel.link(
                    meetings=meetings(district.panel, self._calendar, self._until),
                    # Its entries hold words of both files. This is what a build may hold back, so
                    # nothing is added to it later.
                    changed=max(self._site.changed, changes.of("content/footprints.yaml")),
                )
        self._terms.link(written=tree.written["content/terms.yaml"])
        # Every entry of a calendar says what these two say: dates, and the phone number.
        self._shared_changed = max(self._site.changed, changes.of("content/terms.yaml"))

    def directory(self) -> Directory:
        tree = self._tree
        pages = [self._link(text) for text in tree.pages]
        news = [self._link(text) for text in tree.news]
        help_pages = [self._link(text) for text in tree.help_pages]
        boards = [self._board(text) for text in tree.boards]
        programmes = {text.slug: self._link(text) for text in tree.programmes}
        self._programmes = programmes
        for programme in programmes.values():
            programme.link(topics=_topics(programme, help_pages), images=tree.programme_images)
        middle = {one.slug: one.position for one in districts_of(self._footprints)}
        centres: list[Centre] = []
        series: list[Series] = []
        for folder in tree.centres:
            text = required(folder.centre)
            centre = self._link(text)
            position = find_position(self._gazetteer, centre, centre.district)
            centre.link(
                position=position or middle[centre.district],
                images=folder.images,
                read_for=self._today,
            )
            _link_translations(text)
            centres.append(centre)
            series += [self._series(one, centre, self._edition) for one in folder.series]
        for other in (*tree.pages, *tree.news, *tree.help_pages, *tree.boards, *tree.programmes):
            _link_translations(other)
        series.sort(key=in_order)
        return Directory.of(
            site=self._site,
            today=self._today,
            horizon=self._horizon,
            feed_until=self._until,
            whole_history=self._changes.whole,
            edition=self._edition,
            terms=self._terms,
            footprints=self._footprints.footprints,
            centres=tuple(sorted(centres, key=lambda one: (one.title, one.slug))),
            programmes=tuple(sorted(programmes.values(), key=lambda one: (one.title, one.slug))),
            series=tuple(one for one in series if not one.programme.sensitive),
            private_series=tuple(one for one in series if one.programme.sensitive),
            pages=tuple(sorted(pages, key=lambda one: (one.order or 10**6, one.slug))),
            news=tuple(sorted(news, key=lambda one: (-one.date_.toordinal(), one.slug))),
            help_pages=tuple(sorted(help_pages, key=_help_order)),
            reports=tuple(sorted(tree.reports, key=lambda one: one.quarter, reverse=True)),
            boards=tuple(sorted(boards, key=lambda one: (one.title, one.slug))),
            settlements=self._map.settlements,
            postcode_areas=self._map.postcode_areas,
            neighbours=self._map.neighbours,
            outline=self._map.outline,
        )

    def _link(self, text: Text[TextT]) -> TextT:
        noun = required(text.noun)
        return noun.link(
            slug=text.slug,
            source=text.file,
            body=text.written.body,
            html=text.prose.html,
            written=text.written,
            changed=self._changes.of(text.file, getattr(noun, "updated", None)),
        )

    def _board(self, text: Text[Board]) -> Board:
        board = self._link(text)
        return board.link(
            meetings=meetings(board, self._calendar, self._until),
            # Its calendar entries say what these say too: closed days, and that dates are samples.
            changed=max(board.changed, self._shared_changed),
        )

    def changed(self, text: Text[Series], centre: Centre) -> Series:
        """A series whose file has changed since, linked to the same nouns. It has no edition,
        because nobody has looked whether other files have changed too."""
        return self._series(text, centre, "")

    def _series(self, text: Text[Series], centre: Centre, edition: str) -> Series:
        series = self._link(text)
        programme = self._programmes[series.programme_slug]
        inherited = {
            name: getattr(programme, name) for name in INHERITED if getattr(series, name) is None
        }
        # The upper age with SEND belongs to the ages beside which it is written.
        if series.send_to is None and series.ages in (None, programme.ages):
            inherited["send_to"] = programme.send_to

        def venue_of(fields: OutreachVenue) -> Venue:
            position = find_position(self._gazetteer, fields, centre.district)
            return Venue.away(fields, position)

        series.link(
            centre=centre,
            programme=programme,
            venue=venue_of(series.venue_fields) if series.venue_fields else centre.venue,
            horizon=self._horizon,
            edition=edition,
            # A calendar entry says what all of these say.
            changed=max(series.changed, programme.changed, centre.changed, self._shared_changed),
            **inherited,
        )
        until = last_to_plan(series, self._until)
        series.link(all_sessions=sessions(series, self._calendar, until, venue_of=venue_of))
        _link_translations(text)
        return series


def in_order(series: Series) -> tuple[str, str, str, str]:
    """The order of series in a Directory."""
    return series.centre.title, series.centre.slug, series.name, series.slug


def _topics(programme: Programme, help_pages: Iterable[HelpPage]) -> Mapping[str, str]:
    """What the help pages that lead to its form are about, in the order of the service plan."""
    found: dict[str, str] = {}
    for page in help_pages:
        if page.ask == programme.slug:
            found |= page.topics
    return MappingProxyType({need: found[need] for need in NEEDS if need in found})


def _help_order(page: HelpPage) -> tuple[int, int, str]:
    """Doors of the home page first, then in the order of the service plan, the private one last."""
    needs = list(NEEDS)
    return page.door or 10**6, needs.index(page.need) if page.need else len(needs), page.slug


def required(thing: ThingT | None) -> ThingT:
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
            source=translation.file,
            written=translation.written,
            body=translation.written.body,
            html=translation.prose.html,
        )
        object.__setattr__(other, "__pydantic_fields_set__", set(fields))
        translations[language] = other
    noun.link(translations=MappingProxyType(translations))
