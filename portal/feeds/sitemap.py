"""sitemap.xml and robots.txt: what search engines and calendar readers may fetch.

The sitemap lists each page once, with the day its content last changed if that is known. Sessions
of sensitive programmes have no page, so they cannot be in it. robots.txt allows calendars, a
family's own among them, because Google Calendar obeys it; a demonstration site is kept out of
search engines by its pages instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from xml.etree import ElementTree

from portal.directory import (
    AGE_BANDS,
    Board,
    Directory,
    HelpPage,
    News,
    Page,
    Programme,
    Series,
    TextFile,
)
from portal.directory.addresses import DOWN, REPORT_TABLES, report_path
from portal.directory.values import LONDON

# Live addresses: a robot that followed them would fill in forms, or open a family's booking. Their
# answers say `X-Robots-Tag: noindex` as well, for robots that follow a link all the same.
CLOSED = ("/book/", "/bookings/", "/consultations/", "/gap/", "/outcome/", "/staff/", "/tell/")
# A family's own calendar, which its calendar program must be able to read. It comes first for
# simple readers, which take the first rule that fits; others take the longest.
OPEN = ("/bookings/*/calendar.ics$",)


def files(directory: Directory) -> Mapping[str, Callable[[], bytes]]:
    """The maker of the sitemap, by public path."""
    return {"/sitemap.xml": partial(_sitemap, directory)}


def robots_files(directory: Directory) -> Mapping[str, Callable[[], bytes]]:
    """The maker of robots.txt, by public path."""
    return {"/robots.txt": partial(_robots, directory)}


def pages(directory: Directory) -> Iterator[tuple[str, date | None]]:
    """Every page for search engines, and the day it last changed."""
    for path in directory.fixed_pages:
        if path != DOWN:
            yield path, None
    for footprint in directory.footprints:
        yield footprint.path, None
        yield footprint.coverage_path, None
        for district in footprint.districts:
            yield district.path, None
            yield district.coverage_path, None
    for district in directory.districts_with_workers:
        yield district.workers_path, None
    for band in AGE_BANDS:
        yield band.path, None
        yield band.coverage_path, None
    for settlement in directory.settlements:
        yield settlement.path, None
    for centre in directory.centres:
        yield centre.path, _day(centre)
        yield centre.whats_on_path, None
    for report in directory.reports:
        for area in report.cube.areas:
            for part in ("", *REPORT_TABLES):
                yield report_path(report.quarter, area, part), report.cube.made
    texts: tuple[Programme | Series | News | Page | HelpPage | Board, ...] = (
        *directory.programmes,
        *directory.series,
        *directory.news,
        *directory.pages,
        *directory.boards,
        *(page for page in directory.help_pages if not page.private),
    )
    for text in texts:
        yield text.path, _day(text)


def _day(text: TextFile) -> date:
    return text.changed.astimezone(LONDON).date()


def _sitemap(directory: Directory) -> bytes:
    days: dict[str, date | None] = {}
    for path, day in pages(directory):
        days[path] = day or days.get(path)
    root = ElementTree.Element("urlset", xmlns="http://www.sitemaps.org/schemas/sitemap/0.9")
    for path, day in days.items():
        page = ElementTree.SubElement(root, "url")
        ElementTree.SubElement(page, "loc").text = f"{directory.site.base_address}{path}"
        if day:
            ElementTree.SubElement(page, "lastmod").text = day.isoformat()
    ElementTree.indent(root)
    data: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def _robots(directory: Directory) -> bytes:
    allowed = (f"Allow: {path}" for path in OPEN)
    rules = ["User-agent: *", *allowed, *(f"Disallow: {path}" for path in CLOSED), "Allow: /", ""]
    return "\n".join([*rules, f"Sitemap: {directory.site.base_address}/sitemap.xml\n"]).encode()
