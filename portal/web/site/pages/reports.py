"""The published quarterly reports: the county, each footprint and each district.

A page of a report has what everybody reads first; its four tables, with a line for each programme,
have pages of their own, so that none grows too large. A quarter is shown as it was published: these
pages know nothing of the register.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from portal.directory import Directory, quarters
from portal.directory.addresses import REPORTS, report_file, report_path
from portal.directory.measures import COUNTY, area_title
from portal.directory.quarterly import Cube, report_among
from portal.web import report_tables
from portal.web.layout import Head
from portal.web.report_tables import COLUMNS, Columns, Shown
from portal.web.site.pages.context import Context
from portal.web.site.pages.registry import page

_TITLE = "What we did, by quarter"


@dataclass(frozen=True, slots=True)
class ReportPage:
    """One page of a published quarter: an area, or one of its tables."""

    cube: Cube
    area: str
    columns: Columns | None = None

    @property
    def path(self) -> str:
        part = self.columns.slug if self.columns else ""
        return report_path(self.cube.quarter, self.area, part)


def _areas_of(directory: Directory, *, of_county: bool) -> list[ReportPage]:
    """The pages of the county in each quarter, or those of its footprints and districts."""
    return [
        ReportPage(one.cube, area)
        for one in directory.reports
        for area in one.cube.areas
        if (area == COUNTY) == of_county
    ]


def _tables_of(directory: Directory, *, of_county: bool) -> list[ReportPage]:
    """The pages of their tables."""
    return [
        replace(one, columns=columns)
        for one in _areas_of(directory, of_county=of_county)
        for columns in COLUMNS
    ]


@page(REPORTS)
def reports(context: Context) -> str:
    """The newest quarter in plain words, and the way to all others."""
    cubes = _cubes(context)
    head = Head(
        title=_TITLE,
        path=REPORTS,
        summary=f"How many sessions we held in {context.site.area}, and how often families came.",
    )
    newest = cubes[0].quarter if cubes else ""
    return context.render(
        "reports.html",
        head,
        shown=context.once(_shown, newest, COUNTY) if newest else None,
        newest=newest,
        quarters=[(one.quarter, quarters.words(one.quarter), one.sample) for one in cubes],
        path_of=report_path,
    )


@page(f"{REPORTS}<slug:quarter>/", partial(_areas_of, of_county=True))
def county_report(context: Context, wanted: ReportPage) -> str:
    """The county's report, with the districts side by side."""
    return _report(context, wanted)


@page(f"{REPORTS}<slug:quarter>/<slug:kind>/<slug:area>/", partial(_areas_of, of_county=False))
def area_report(context: Context, wanted: ReportPage) -> str:
    """The report of a footprint or a district."""
    return _report(context, wanted)


@page(f"{REPORTS}<slug:quarter>/<slug:table>/", partial(_tables_of, of_county=True))
def county_table(context: Context, wanted: ReportPage) -> str:
    """A table of the county, by area of the offer, programme and so on."""
    return _table(context, wanted)


@page(
    f"{REPORTS}<slug:quarter>/<slug:kind>/<slug:area>/<slug:table>/",
    partial(_tables_of, of_county=False),
)
def area_table(context: Context, wanted: ReportPage) -> str:
    """A table of a footprint or a district."""
    return _table(context, wanted)


def _report(context: Context, wanted: ReportPage) -> str:
    shown = context.once(_shown, wanted.cube.quarter, wanted.area)
    return context.render(
        "report.html",
        _head(context, wanted, f"Report for {shown.report.title}{shown.kind}, {shown.quarter}"),
        shown=shown,
        county=wanted.area == COUNTY,
        path_of=partial(report_path, wanted.cube.quarter),
        file_of=partial(report_file, wanted.cube.quarter),
        areas=_listed(context, wanted.cube),
        tables=COLUMNS,
        districts=report_tables.by_district(wanted.cube, context.directory, "came"),
        address=context.frame.absolute(wanted.path),
    )


def _table(context: Context, wanted: ReportPage) -> str:
    assert wanted.columns is not None  # noqa: S101  this page has them
    shown = context.once(_shown, wanted.cube.quarter, wanted.area)
    title = f"{wanted.columns.title}: {shown.report.title}{shown.kind}, {shown.quarter}"
    return context.render(
        "report_table.html",
        _head(context, wanted, title),
        shown=shown,
        grid_of=shown.grid(wanted.columns),
        back=report_path(wanted.cube.quarter, wanted.area),
        address=context.frame.absolute(wanted.path),
    )


def _head(context: Context, wanted: ReportPage, title: str) -> Head:
    quarter = wanted.cube.quarter
    crumbs = [(REPORTS, _TITLE)]
    if wanted.area != COUNTY or wanted.columns:
        crumbs.append((report_path(quarter), quarters.words(quarter)))
    if wanted.area != COUNTY and wanted.columns:
        title_of_area = area_title(wanted.area, context.directory)
        crumbs.append((report_path(quarter, wanted.area), title_of_area))
    kind, _, slug = wanted.area.partition(":")
    area = f"{area_title(wanted.area, context.directory)}{report_tables.kind_of(wanted.area)}"
    what = wanted.columns.slug.capitalize() if wanted.columns else "Report"
    return Head(
        title=title,
        path=wanted.path,
        # Without them, a long title is cut before its quarter, and those of two quarters are alike.
        shorter=(
            f"{what}, {quarters.words(quarter)}: {area}",
            f"{what}, {quarter.replace('-', ' ')}: {area}",
        ),
        summary=f"{title}: sessions held, visits of families, and what changed for them.",
        crumbs=tuple(crumbs),
        district=context.directory.district(slug) if kind == "district" else None,
    )


def _cubes(context: Context) -> tuple[Cube, ...]:
    return tuple(one.cube for one in context.directory.reports)


def _shown(context: Context, quarter: str, area: str) -> Shown:
    cubes = _cubes(context)
    report = report_among(cubes, quarter, area, context.directory)
    assert report is not None  # noqa: S101  the quarter is one of these
    return Shown(report, cubes)


def _listed(context: Context, cube: Cube) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """The footprints of a report with their districts: (key, title, districts)."""
    return [
        (area, footprint.title, [(key, one.title) for one, key in districts if key in cube.areas])
        for footprint, area, districts in report_tables.areas(context.directory)
        if area in cube.areas
    ]
