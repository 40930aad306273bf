"""The published quarterly reports: the county, each footprint and each district.

Programmes are many, so each area has a second page with a line for each of them. A quarter is shown
as it was published: these pages know nothing of the register.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from portal.directory import Directory, quarters
from portal.directory.addresses import REPORTS, report_file, report_path
from portal.directory.quarterly import COUNTY, Cube, Report, area_title, report_among
from portal.web import report_tables
from portal.web.layout import Head
from portal.web.report_tables import PROGRAMME, Shown
from portal.web.site.pages.context import Context
from portal.web.site.pages.registry import page

_TITLE = "What we did, by quarter"
_PROGRAMMES = "programmes"


@dataclass(frozen=True, slots=True)
class ReportPage:
    """One page of a published quarter: an area, or its programmes."""

    cube: Cube
    area: str
    part: str = ""

    @property
    def path(self) -> str:
        return report_path(self.cube.quarter, self.area, self.part)


def _pages(part: str, of_county: bool) -> Callable[[Directory], Iterable[ReportPage]]:
    """The pages of one rule: the county's, or those of other areas."""

    def found(directory: Directory) -> Iterable[ReportPage]:
        return [
            ReportPage(one.cube, area, part)
            for one in directory.reports
            for area in one.cube.areas
            if (area == COUNTY) == of_county
        ]

    return found


@page(REPORTS)
def reports(context: Context) -> str:
    """The newest quarter in plain words, and the way to all others."""
    cubes = _cubes(context)
    head = Head(
        title=_TITLE,
        path=REPORTS,
        summary=f"How many sessions we held in {context.site.area}, and how many families came.",
    )
    newest = cubes[0].quarter if cubes else ""
    return context.render(
        "reports.html",
        head,
        shown=_shown(context, newest, COUNTY) if newest else None,
        newest=newest,
        quarters=[(one.quarter, quarters.words(one.quarter), one.sample) for one in cubes],
        path_of=report_path,
    )


@page(f"{REPORTS}<slug:quarter>/", _pages("", of_county=True))
def county_report(context: Context, wanted: ReportPage) -> str:
    """The county's report, with the districts side by side."""
    return _report(context, wanted)


@page(f"{REPORTS}<slug:quarter>/<slug:kind>/<slug:area>/", _pages("", of_county=False))
def area_report(context: Context, wanted: ReportPage) -> str:
    """The report of a footprint or a district."""
    return _report(context, wanted)


@page(f"{REPORTS}<slug:quarter>/{_PROGRAMMES}/", _pages(_PROGRAMMES, of_county=True))
def county_programmes(context: Context, wanted: ReportPage) -> str:
    """The county's programmes, one line each."""
    return _programmes(context, wanted)


@page(
    f"{REPORTS}<slug:quarter>/<slug:kind>/<slug:area>/{_PROGRAMMES}/",
    _pages(_PROGRAMMES, of_county=False),
)
def area_programmes(context: Context, wanted: ReportPage) -> str:
    """The programmes of a footprint or a district, one line each."""
    return _programmes(context, wanted)


def _report(context: Context, wanted: ReportPage) -> str:
    shown = _shown(context, wanted.cube.quarter, wanted.area)
    head = _head(context, wanted, f"Report for {shown.report.title}, {shown.quarter}")
    return context.render(
        "report.html",
        head,
        shown=shown,
        county=wanted.area == COUNTY,
        path_of=partial(report_path, wanted.cube.quarter),
        file_of=partial(report_file, wanted.cube.quarter),
        areas=_areas(context, wanted.cube),
        programmes=shown.report.table(PROGRAMME).lines,
        districts=report_tables.by_district(wanted.cube, context.directory, "came"),
        address=context.frame.absolute(wanted.path),
    )


def _programmes(context: Context, wanted: ReportPage) -> str:
    shown = _shown(context, wanted.cube.quarter, wanted.area, (PROGRAMME,))
    head = _head(context, wanted, f"Programmes in {shown.report.title}, {shown.quarter}")
    return context.render(
        "report_programmes.html",
        head,
        shown=shown,
        back=report_path(wanted.cube.quarter, wanted.area),
        address=context.frame.absolute(wanted.path),
    )


def _head(context: Context, wanted: ReportPage, title: str) -> Head:
    quarter = wanted.cube.quarter
    crumbs = [(REPORTS, _TITLE)]
    if wanted.area != COUNTY or wanted.part:
        crumbs.append((report_path(quarter), quarters.words(quarter)))
    if wanted.area != COUNTY and wanted.part:
        title_of_area = area_title(wanted.area, context.directory)
        crumbs.append((report_path(quarter, wanted.area), title_of_area))
    kind, _, slug = wanted.area.partition(":")
    return Head(
        title=title,
        path=wanted.path,
        summary=f"{title}: sessions held, families that came, and what changed for them.",
        crumbs=tuple(crumbs),
        district=context.directory.district(slug) if kind == "district" else None,
    )


def _cubes(context: Context) -> tuple[Cube, ...]:
    return tuple(one.cube for one in context.directory.reports)


def _shown(context: Context, quarter: str, area: str, kinds: tuple[str, ...] = ()) -> Shown:
    cubes = _cubes(context)
    report = report_among(cubes, quarter, area, context.directory)
    assert isinstance(report, Report)  # noqa: S101  the quarter is one of these
    return Shown(report, kinds or report_tables.BRIEF, cubes)


def _areas(context: Context, cube: Cube) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """The footprints of a report with their districts: (key, title, districts)."""
    return [
        (area, footprint.title, [(key, one.title) for one, key in districts if key in cube.areas])
        for footprint, area, districts in report_tables.areas(context.directory)
        if area in cube.areas
    ]
