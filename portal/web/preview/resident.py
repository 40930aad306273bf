"""The site of a preview, which is kept in memory while single series are edited.

The nouns stay the same objects. A series that was saved gets the fields that differ, and what was
made from those fields is dropped (`portal.dependencies.Resident`). So a page costs what has to be
made again of it. Any other change of the content needs another site.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields as fields_in
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask

from portal.content import Doubts, FileCache, Problem
from portal.content.linking import in_order
from portal.content.loader import Loaded
from portal.content.one_series import OneSeries
from portal.dependencies import Resident, depend_on, fields_of, once
from portal.directory import Directory, Series
from portal.directory.models import Fields, Noun, Session, TextFile, Venue
from portal.finder.postcodes import exact_finder
from portal.web.site.app import Site

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class ResidentSite:
    """The site of content that was loaded for it alone, as a WSGI application.

    `directory` is that of `loaded`, perhaps with postcodes; `memory` is that with which it was
    loaded. Both belong to this site: nobody else may use the nouns.
    """

    def __init__(
        self,
        root: Path,
        loaded: Loaded,
        directory: Directory,
        memory: FileCache,
        periods: Mapping[str, int],
    ) -> None:
        self._directory, self._periods = directory, periods
        self._loaded = OneSeries(root, loaded, memory)
        every = (*directory.series, *directory.private_series)
        self._series = {series.source: series for series in every}
        self._fields = fields_of(Series)
        self._resident = Resident(
            [
                (directory, ("series", "private_series")),
                *((series, self._fields) for series in every),
            ]
        )
        self._kept: dict[str, Any] = {}
        self.last_used = 0.0  # when a page was last made, in seconds of `time.monotonic`
        # What it takes from the Directory is not edited.
        self._doubts = Doubts(directory, exact_finder(directory.postcodes))

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        with self._resident.making():
            answer = self._app()(environ, start)
        self.last_used = time.monotonic()
        return answer

    def prepare(self) -> None:
        """Make what all pages need."""
        with self._resident.making():
            self._app()

    def take_in(self, file: str, *, today: date) -> list[Problem] | None:
        """Show a file that was saved, by its path from the root; returns the doubts about it.

        None where the whole content must be loaded again: then the site is as it was.
        """
        if today != self._directory.today:
            return None
        with self._resident.making():
            saved = self._loaded.read(file)
            if saved is None:
                return None
            self._edit(self._series[file], saved)
            return sorted(self._doubts.about(self._series[file]))

    def is_site_of(self, loaded: Loaded) -> bool:
        """Whether it shows the texts and tables that were loaded now, on the same day and with the
        same times of change."""
        mine, other = self._directory, loaded.directory
        return (
            loaded.digests == self._loaded.digests
            and mine.today == other.today
            and list(_times(mine)) == list(_times(other))
        )

    def _edit(self, series: Series, saved: Series) -> None:
        before = in_order(series)
        values: dict[str, object] = {}
        for name in self._fields:
            old, new = _value(series, name), _value(saved, name)
            if not _alike(old, new):
                values[name] = new
        if not values.keys().isdisjoint({"all_sessions", "venue"}):
            # Both, because a session at the usual venue has the very venue of its series.
            values["venue"] = saved.venue
            values["all_sessions"] = tuple(
                replace(session, series=series) for session in saved.all_sessions
            )
        for translation in saved.translations.values():
            # These are other objects in any case.
            translation.link(
                venue=values.get("venue", series.venue),
                all_sessions=values.get("all_sessions", series.all_sessions),
            )
        self._resident.edit(series, values)
        if in_order(series) != before:
            name = "private_series" if series.programme.sensitive else "series"
            ordered = tuple(sorted(getattr(self._directory, name), key=in_order))
            self._resident.edit(self._directory, {name: ordered})

    def _app(self) -> Flask:
        site, app = once(self._kept, "site", self._made)
        once(self._kept, "list", self._listed, site)
        return app

    def _made(self) -> tuple[Site, Flask]:
        site = Site(self._directory, periods=self._periods, late=True)
        depend_on(site.reads)
        return site, site.app()

    def _listed(self, site: Site) -> None:
        self._resident.readdress(site.list_again())
        depend_on(site.list_reads)


def _times(directory: Directory) -> Iterator[datetime]:
    """When each file last changed that says so in a page or a calendar."""
    nouns = texts_of(directory)
    panels = (one.panel for footprint in directory.footprints for one in footprint.districts)
    for noun in (directory.site, *nouns, *filter(None, panels)):
        # Not by the attribute, which is watched while another thread makes a page.
        yield noun.__dict__["changed"]


def texts_of(directory: Directory) -> Iterator[TextFile]:
    """All nouns that have a Markdown file of their own."""
    yield from directory.series
    yield from directory.private_series
    yield from directory.centres
    yield from directory.programmes
    yield from directory.pages
    yield from directory.news
    yield from directory.help_pages
    yield from directory.boards


def _value(series: Series, name: str) -> object:
    return set(series.model_fields_set) if name == "model_fields_set" else getattr(series, name)


def _alike(one: Any, other: Any) -> bool:
    """Whether two readings of a value say the same. What is linked to them is the same object."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, (Session, Venue)):
        names = (field.name for field in fields_in(one) if field.name != "series")
        return all(_alike(getattr(one, name), getattr(other, name)) for name in names)
    if isinstance(one, Fields) and not isinstance(one, TextFile):
        return one.model_fields_set == other.model_fields_set and all(
            _alike(getattr(one, name), getattr(other, name)) for name in type(one).model_fields
        )
    return not isinstance(one, Noun) and bool(one == other)
