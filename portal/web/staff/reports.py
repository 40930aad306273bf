"""The quarterly report for staff: of any quarter that is published, or so far, as a page or a file.

A published quarter is shown as it was published. Before that, managers see their footprint and the
county, and others the areas of their centres: in safe numbers too, because nobody's own centre is
all of an area. Administrators publish a quarter once it is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import chain

from flask import abort, current_app, g, make_response, redirect, request
from werkzeug.wrappers import Response as Answered

from portal import content
from portal.bookings.csv_export import csv_of
from portal.database import note, write
from portal.directory import Directory, quarters
from portal.directory.addresses import report_path
from portal.directory.measures import COUNTY, area_title, areas_of, key
from portal.directory.quarterly import Cube, Report, quarters_beside, report_among
from portal.directory.values import LONDON
from portal.editing import publishing, report_publishing
from portal.editing.files import EditingError
from portal.editing.publishing import Author, Conflict
from portal.editing.report_publishing import Edition, NumbersChanged
from portal.feeds import report_data
from portal.reports.records import quarters_kept
from portal.reports.report import quarters_of, reports_of
from portal.staff.accounts import Staff
from portal.web.live.context import live
from portal.web.report_tables import Shown, kind_of
from portal.web.staff.access import FAMILIES, current, form_page, now, staff_route, to
from portal.web.staff.forms import NOT_YOURS
from portal.web.staff.register import as_file
from portal.web.staff.scope import shown_mistakes
from portal.web.staff.screens import explain, page

REPORTS = "/staff/reports"
_COUNTED_FOR = timedelta(minutes=1)
MAY_PUBLISH = form_page(to("publish reports"))


# --- who sees what --------------------------------------------------------------------------------


def areas_for(staff: Staff, directory: Directory) -> tuple[str, ...]:
    """The areas whose quarters somebody may see before they are published."""
    if staff.everywhere:
        return areas_of(directory)
    centres = [one for one in directory.centres if one.slug in staff.works_in(directory)]
    districts = {one.district for one in centres}
    footprints = {directory.footprint_of(one).slug for one in centres}
    if staff.footprint is not None:
        footprints.add(staff.footprint)
        own = [one for one in directory.footprints if one.slug == staff.footprint]
        districts |= {district.slug for one in own for district in one.districts}
    allowed = {COUNTY, *(key("footprint", slug) for slug in footprints)}
    allowed |= {key("district", slug) for slug in districts}
    return tuple(area for area in areas_of(directory) if area in allowed)


def _published(quarter: str) -> Cube | None:
    found = (one.cube for one in live().directory.reports if one.quarter == quarter)
    return next(found, None)


def _seen_areas(quarter: str) -> tuple[str, ...]:
    """The areas of a quarter that the member of staff may see."""
    cube = _published(quarter)
    return tuple(cube.areas) if cube else areas_for(current(), live().directory)


def path_of(quarter: str, area: str) -> str:
    """The page of a report: '/staff/reports/2026-Q3/district-burnley'."""
    return f"{REPORTS}/{quarter}/{area.replace(':', '-')}"


def _area(quarter: str, text: str) -> str:
    """The area that an address names, if the member of staff may see it."""
    areas = _seen_areas(quarter)
    return next((area for area in areas if area.replace(":", "-") == text), "") or abort(403)


# --- pages ----------------------------------------------------------------------------------------


@staff_route(REPORTS, may=FAMILIES)
def reports() -> Answered:
    """The quarters that there are, with the areas that somebody may see: their own first."""
    directory = live().directory
    with live().database() as engine:
        listed = sorted(quarters_of(engine, directory, now()), reverse=True)
        kept = quarters_kept(engine, now())
    today = now().astimezone(LONDON).date()
    publishes = current().may("publish reports")
    return page(
        "staff/reports.html",
        "Quarterly reports",
        quarters=[
            {
                "words": quarters.words(quarter),
                "cube": _published(quarter),
                "over": quarters.last_day(quarter) < today,
                "areas": _links(quarter),
                "path": f"{REPORTS}/{quarter}",
                "waiting": _is_waiting(quarter),
                "publishes": publishes and quarter in kept,
            }
            for quarter in listed
        ],
        publishes=publishes,
    )


def _is_waiting(quarter: str) -> bool:
    """Whether a quarter was published, and the site does not show it yet."""
    try:
        return report_publishing.is_waiting(live().settings, quarter, _published(quarter))
    except EditingError:
        return False  # the page that publishes says what is wrong with the file


def _links(quarter: str) -> list[tuple[str, str]]:
    """The areas of a quarter, those of the account first, with their addresses."""
    directory = live().directory
    own, seen = areas_for(current(), directory), _seen_areas(quarter)
    listed = dict.fromkeys([*(area for area in own if area in seen), *seen])
    return [
        (area_title(area, directory) + kind_of(area), path_of(quarter, area)) for area in listed
    ]


def _report(quarter: str, area: str) -> Report | Answered:
    """The report, or a page that says why there is none."""
    try:
        quarters.first_day(quarter)
        found = _area(quarter, area)
        with live().database() as engine:
            known = quarters_of(engine, live().directory, now())
        beside = [one for one in quarters_beside(quarter) if one in known]
        cubes = [_cube(one) for one in (quarter, *beside)] if quarter in known else []
    except quarters.NoQuarter as error:
        return explain("There is no such report", str(error), status=404, back=REPORTS)
    report = report_among(cubes, quarter, found, live().directory)
    if report is None:
        words = f"Nothing was noted from {quarters.words(quarter)}."
        return explain("There is no such report", words, status=404, back=REPORTS)
    return report


def _cube(quarter: str) -> Cube:
    """The numbers of a quarter, which are counted once a minute at most: somebody who reads area
    after area, with two quarters beside each, would count a year of visits each time."""
    kept = current_app.extensions.setdefault("quarters counted", {})
    directory, moment = live().directory, now()
    found = kept.get(quarter)
    if found and found[0] is directory and timedelta() <= moment - found[1] < _COUNTED_FOR:
        cube: Cube = found[2]
        return cube
    with live().database() as engine:
        cube = reports_of(engine, directory, quarter, moment)
    kept[quarter] = directory, moment, cube
    return cube


@staff_route(f"{REPORTS}/<quarter>/<area>", may=FAMILIES)
def report_page(quarter: str, area: str) -> Answered:
    """One area in one quarter, on one page that is made to be printed."""
    report = _report(quarter, area)
    if not isinstance(report, Report):
        return report
    shown = Shown(report, tuple(one.cube for one in live().directory.reports))
    return page(
        "staff/report.html",
        f"Report for {report.title}{shown.kind}, {shown.quarter}",
        back=REPORTS,
        shown=shown,
        path=path_of(quarter, report.area),
        address=live().address(request.path),
        published=_published(quarter) is not None,
    )


@staff_route(f"{REPORTS}/<quarter>/<area>.csv", may=FAMILIES)
def report_table(quarter: str, area: str) -> Answered:
    """The same as a table."""
    report = _report(quarter, area)
    if not isinstance(report, Report):
        return report
    data = csv_of(report_data.HEADER, report_data.rows(report))
    return as_file(data, report_data.file_name(report, "csv"))


@staff_route(f"{REPORTS}/<quarter>/<area>.json", may=FAMILIES)
def report_json(quarter: str, area: str) -> Answered:
    """The same as JSON."""
    report = _report(quarter, area)
    if not isinstance(report, Report):
        return report
    answer = make_response(report_data.as_json([report]))
    answer.headers["Content-Type"] = "application/json"
    name = report_data.file_name(report, "json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


# --- publishing -----------------------------------------------------------------------------------


@staff_route(f"{REPORTS}/<quarter>/publish", may=MAY_PUBLISH, methods=("GET", "POST"), refills=True)
def publish(quarter: str) -> Answered:
    """All that will be public of a quarter, and the button that publishes it."""
    try:
        if request.method == "GET" or g.foreign:
            return _show(quarter, 400 if g.foreign else 200, NOT_YOURS if g.foreign else "")
        return _publish(quarter)
    except (Conflict, NumbersChanged):
        return _show(quarter, 409, _CHANGED)
    except quarters.NoQuarter as error:
        status = 400 if g.foreign else 404
        return explain("This quarter cannot be published", str(error), status=status, back=REPORTS)
    except content.ContentError as error:
        mistakes = [one.sentence for one in shown_mistakes(error.problems, ())]
        return explain(
            "This is not published yet",
            "The content has mistakes, so the site cannot be built. Nothing was written.",
            *mistakes,
            status=422,
            back=REPORTS,
        )
    except EditingError as error:
        return explain("This is not published yet", str(error), status=409, back=REPORTS)


_CHANGED = "The numbers have changed since you opened this page. Look at them again, then publish"


def _publish(quarter: str) -> Answered:
    me = current()
    with live().database() as engine:
        done = report_publishing.publish(
            live().settings,
            engine,
            live().directory,
            quarter,
            seen=request.form.get("seen", ""),
            author=Author(me.title, me.name),
            now=now(),
        )
        if done.paths:
            write(engine, lambda c: note(c, now(), me.actor, "publish report", quarter=quarter))
    ending = "?uncommitted=yes" if done.warning else ""
    return redirect(f"{REPORTS}/{quarter}/published{ending}", 303)


def _show(quarter: str, status: int, trouble: str) -> Answered:
    directory = live().directory
    with live().database() as engine:
        edition = report_publishing.prepare(live().settings, engine, directory, quarter, now())
    return page(
        "staff/report_publish.html",
        f"Publish {quarters.words(quarter)}",
        status,
        error=bool(trouble),
        back=REPORTS,
        edition=edition,
        changes=edition.changes(directory),
        areas=_previewed(edition, directory),
        problems=[("", trouble)] if trouble else [],
        words=quarters.words(quarter),
    )


def _previewed(edition: Edition, directory: Directory) -> Sequence[tuple[Shown, str]]:
    """Each area as the public will read it, and where staff read all its numbers."""
    published = (one.cube for one in directory.reports if one.quarter != edition.cube.quarter)
    cubes = tuple(chain([edition.cube], published))
    reports = report_data.reports_of(cubes, edition.cube.quarter, directory)
    return [(Shown(report), path_of(report.quarter, report.area)) for report in reports]


@staff_route(f"{REPORTS}/<quarter>/published", may=MAY_PUBLISH)
def published(quarter: str) -> Answered:
    """Whether the published quarter is on the site by now."""
    cube = _published(quarter)
    state = publishing.state(live().settings)
    if state == "published" and (cube is None or _is_waiting(quarter)):
        state = "building"  # the other processes have not read it yet
    titles = {"building": "It is being published", "published": "It is on the site now"}
    return page(
        "staff/report_published.html",
        titles.get(state, "It could not be put on the site"),
        back=REPORTS,
        state=state,
        trouble="" if state in titles else state,
        cube=cube,
        public=report_path(quarter),
        uncommitted="uncommitted" in request.args,
    )
