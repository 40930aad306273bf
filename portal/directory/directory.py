"""The Directory: everything read from the content, cross-referenced and checked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from pydantic import ConfigDict, Field

from portal.dependencies import forget, remembered
from portal.directory import addresses
from portal.directory.models import (
    Board,
    Centre,
    District,
    Footprint,
    HelpPage,
    Neighbour,
    News,
    Noun,
    Page,
    PostcodeArea,
    Programme,
    PublishedReport,
    Series,
    Session,
    Settlement,
    Site,
    Terms,
)
from portal.directory.outline import Outline
from portal.directory.values import LONDON
from portal.directory.vocabularies import AGE_BANDS, NEEDS, PRIVATE_NEEDS, AgeBand


class Directory(Noun):
    """All that was read from the content, cross-referenced and checked, for one day."""

    # Its parts are checked already, so no process needs a validator of all of them.
    model_config = ConfigDict(defer_build=True)

    site: Site
    today: date
    horizon: date  # the last day on which series that go on are shown, in every output
    feed_until: date  # the last day on which calendars have them: it moves on once a year
    whole_history: bool = Field(
        True, description="False if commits are missing, so that files may seem to change later."
    )
    edition: str = Field(
        "", description="A digest of all content files; '' if they changed while they were read."
    )
    terms: Terms
    footprints: tuple[Footprint, ...]
    centres: tuple[Centre, ...]
    programmes: tuple[Programme, ...]
    series: tuple[Series, ...] = Field(description="Public series alone.")
    private_series: tuple[Series, ...] = Field(description="Series of sensitive programmes.")
    pages: tuple[Page, ...]
    news: tuple[News, ...]
    help_pages: tuple[HelpPage, ...] = Field((), description="Ways in by need, the doors first.")
    reports: tuple[PublishedReport, ...] = Field((), description="Quarters, the newest first.")
    boards: tuple[Board, ...] = Field((), description="Boards and voice groups, by name.")
    settlements: tuple[Settlement, ...]
    postcode_areas: tuple[PostcodeArea, ...]
    neighbours: tuple[Neighbour, ...] = Field((), description="Towns outside the county.")
    outline: Outline | None = Field(None, description="The boundaries of the districts, if known.")
    postcodes: bytes = Field(b"", description="Exact postcodes, packed; empty if not imported.")
    postcode_districts: bytes = Field(
        b"", description="Where each district's postcodes are, packed; empty if not imported."
    )

    @classmethod
    def of(cls, **parts: Any) -> Directory:
        """A Directory of parts that are checked already."""
        return cls.model_construct(**parts)

    def at(self, base_address: str | None) -> Directory:
        """The same Directory for a site at another address, if there is one."""
        base = (base_address or "").rstrip("/")
        if not base or base == self.site.base_address:
            return self
        return self.model_copy(update={"site": self.site.model_copy(update={"base_address": base})})

    def model_copy(self, **given: Any) -> Directory:
        """A copy with other parts, for which nothing is remembered yet."""
        return forget(super().model_copy(**given))

    @remembered
    def districts(self) -> tuple[District, ...]:
        return tuple(d for footprint in self.footprints for d in footprint.districts)

    @property
    def fixed_pages(self) -> tuple[str, ...]:
        """The addresses of the pages that belong to no noun."""
        return addresses.fixed_pages(
            news=bool(self.news),
            help_pages=bool(self.help_pages),
            boards=bool(self.boards),
            workers=bool(self.districts_with_workers),
        )

    @property
    def districts_with_workers(self) -> tuple[District, ...]:
        """The districts that have a page of their workers: all, once a centre names its worker."""
        return self.districts if any(centre.contact for centre in self.centres) else ()

    @property
    def support_programme(self) -> Programme | None:
        """The programme by which families ask for support, if the site names one that is public."""
        programme = self.programme(self.site.support_programme or "")
        return None if programme is None or programme.sensitive else programme

    @remembered
    def _district(self) -> Mapping[str, District]:
        return {district.slug: district for district in self.districts}

    @remembered
    def _footprint_of(self) -> Mapping[str, Footprint]:
        return {d.slug: footprint for footprint in self.footprints for d in footprint.districts}

    @remembered
    def _centre(self) -> Mapping[str, Centre]:
        return {centre.slug: centre for centre in self.centres}

    @remembered
    def _programme(self) -> Mapping[str, Programme]:
        return {programme.slug: programme for programme in self.programmes}

    @remembered
    def _by_identity(self) -> Mapping[str, Series]:
        every = (*self.series, *self.private_series)
        old = {identity: series for series in every for identity in series.old_identities}
        return old | {series.identity: series for series in every}

    @remembered
    def _centres_by_area(self) -> Mapping[str, list[Centre]]:
        """Centres in their order, by the address of their district and of its footprint."""
        found: dict[str, list[Centre]] = defaultdict(list)
        for centre in self.centres:
            for area in (self.district_of(centre), self.footprint_of(centre)):
                found[area.path].append(centre)
        return found

    @remembered
    def _pages(self) -> Mapping[str, Page]:
        return {page.slug: page for page in self.pages}

    @remembered
    def _series_by_centre(self) -> Mapping[str, list[Series]]:
        return _grouped(self.series, lambda series: series.centre.slug)

    @remembered
    def _series_by_programme(self) -> Mapping[str, list[Series]]:
        return _grouped(self.series, lambda series: series.programme.slug)

    @remembered
    def _series_by_district(self) -> Mapping[str, list[Series]]:
        return _grouped(self.series, lambda series: series.centre.district)

    @remembered
    def _series_by_band(self) -> Mapping[str, tuple[Series, ...]]:
        ages = [(series, series.ages or ()) for series in self.series]
        return {
            band.slug: tuple(series for series, those in ages if band.holds(those))
            for band in AGE_BANDS
        }

    @remembered
    def leaflet_until(self) -> date:
        """The last day that printed leaflets speak of: the end of this term, or of the next one if
        less than two weeks of this one are left. Without known terms it is the horizon."""
        ends: dict[tuple[str, str], date] = {}
        for half in self.terms.terms:
            term = half.year, half.part.partition(" ")[0].lower()
            ends[term] = max(half.last, ends.get(term, half.last))
        coming = [end for end in ends.values() if end >= self.today + timedelta(weeks=2)]
        return min([*coming, self.horizon])

    def district(self, slug: str) -> District | None:
        return self._district.get(slug)

    def centre(self, slug: str) -> Centre | None:
        return self._centre.get(slug)

    def find_centre(self, slug: str) -> Centre | None:
        """A centre by its slug, or by an earlier one: what is kept under it stays there."""
        renamed = (centre for centre in self.centres if slug in centre.aliases)
        return self.centre(slug) or next(renamed, None)

    def programme(self, slug: str) -> Programme | None:
        return self._programme.get(slug)

    def page(self, slug: str) -> Page | None:
        return self._pages.get(slug)

    def board(self, slug: str) -> Board | None:
        return next((one for one in self.boards if one.slug == slug), None)

    def board_of(self, district: District) -> Board | None:
        """The board of a district; None if it has none."""
        return next((one for one in self.boards if one.district == district.slug), None)

    def boards_with(self, programme: Programme) -> tuple[Board, ...]:
        """The boards and groups that a programme leads to."""
        return tuple(one for one in self.boards if one.programme == programme.slug)

    def board_asking(self, consultation: str) -> Board | None:
        """The board that asks the public with the consultation of this name."""
        return next(
            (b for b in self.boards if b.consultation and b.consultation.slug == consultation),
            None,
        )

    @remembered
    def talk(self) -> HelpPage | None:
        """The one neutral page of all private needs."""
        return next((page for page in self.help_pages if page.private), None)

    @property
    def doors(self) -> tuple[HelpPage, ...]:
        """The help pages that the home page leads to, in their order."""
        return tuple(page for page in self.help_pages if page.door)

    def help_with(self, need: str) -> HelpPage | None:
        """The page for a need; a private need, or one without a page, has the neutral page."""
        public = (page for page in self.help_pages if page.need == need)
        return (None if need in PRIVATE_NEEDS else next(public, None)) or self.talk

    def help_for(self, programme: Programme) -> tuple[HelpPage, ...]:
        """The pages of its needs, in the order of the service plan, the private ones left out."""
        pages = {page.need: page for page in self.help_pages if not page.private}
        return tuple(pages[need] for need in NEEDS if need in programme.needs and need in pages)

    def find_series(self, identity: str) -> Series | None:
        """Any series by `<centre>/<series>`, sensitive ones included: for staff and bookings.

        Earlier identities find it too: a booking keeps the identity it was made under.
        """
        return self._by_identity.get(identity)

    def district_of(self, centre: Centre) -> District:
        return self._district[centre.district]

    def footprint_of(self, thing: Centre | District) -> Footprint:
        return self._footprint_of[thing.district if isinstance(thing, Centre) else thing.slug]

    def centres_in(self, area: Footprint | District) -> tuple[Centre, ...]:
        return tuple(self._centres_by_area.get(area.path, ()))

    def series_at(self, centre: Centre) -> tuple[Series, ...]:
        return tuple(self._series_by_centre.get(centre.slug, ()))

    def series_of(self, programme: Programme) -> tuple[Series, ...]:
        return tuple(self._series_by_programme.get(programme.slug, ()))

    def series_in(self, area: Footprint | District) -> tuple[Series, ...]:
        districts = area.districts if isinstance(area, Footprint) else (area,)
        return tuple(s for d in districts for s in self._series_by_district.get(d.slug, ()))

    def series_for(self, band: AgeBand) -> tuple[Series, ...]:
        return self._series_by_band[band.slug]

    def sessions_between(
        self, start: datetime, end: datetime, series: Iterable[Series] | None = None
    ) -> tuple[Session, ...]:
        """Public sessions that start in [start, end), soonest first: also cancelled ones, and old
        days of those that moved."""
        chosen = self.series if series is None else series
        found = [s for one in chosen for s in one.listed if start <= s.starts < end]
        return tuple(sorted(found, key=lambda s: (s.starts, s.series.name, s.series.identity)))

    def week_from(self, day: date) -> tuple[datetime, datetime]:
        """The seven days from the start of `day`, as aware moments."""
        first = datetime.combine(day, time(), LONDON)
        return first, datetime.combine(day + timedelta(days=7), time(), LONDON)


def _grouped(series: Iterable[Series], key: Callable[[Series], str]) -> Mapping[str, list[Series]]:
    groups: dict[str, list[Series]] = defaultdict(list)
    for one in series:
        groups[key(one)].append(one)
    return groups
