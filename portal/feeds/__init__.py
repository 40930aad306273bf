"""The feeds: machine-readable copies of the public part of the Directory, as plain files.

A feed is `feeds/<name>.py` plus one line in FEEDS. Its module has a function that takes a Directory
and returns, for each public path, a maker: a function that returns the bytes of that file. A maker
is called only when its file is wanted, in any order and in any process, and returns the same bytes
for the same content: it must not depend on a clock, a random number or the order of a set.

Addresses in a feed are absolute and start with `directory.site.base_address`: to build for another
host, pass a Directory whose site has that address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from portal.directory import Directory
from portal.feeds import atom, calendars, coverage, qr_codes, quality, report_data, sitemap
from portal.finder import index

__all__ = ["FEEDS", "Feed", "Maker", "files"]

Maker = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Feed:
    """One kind of machine-readable copy: its files, all of one media type."""

    name: str
    media_type: str
    files: Callable[[Directory], Mapping[str, Maker]]
    # One of the files by its path; None if there is none. For a preview, where there are so many,
    # or the paths depend on so much, that it takes long to list them after each edit.
    find: Callable[[Directory, str], Maker | None] | None = None


FEEDS: tuple[Feed, ...] = (
    Feed("calendars", "text/calendar; charset=utf-8", calendars.files, calendars.find),
    Feed("codes", "image/svg+xml", qr_codes.files),
    Feed("news", "application/atom+xml", atom.files),
    Feed("sitemap", "application/xml", sitemap.files),
    Feed("robots", "text/plain; charset=utf-8", sitemap.robots_files),
    Feed("finder", "application/json", index.files, index.find),
    Feed("coverage", "application/json", coverage.json_files),
    Feed("coverage table", "text/csv; charset=utf-8", coverage.csv_files),
    Feed("quality", "application/json", quality.json_files),
    Feed("quality table", "text/csv; charset=utf-8", quality.csv_files),
    Feed("postcodes", "application/octet-stream", index.postcode_files),
    Feed("report data", "application/json", report_data.json_files),
    Feed("report table", "text/csv; charset=utf-8", report_data.csv_files),
)


def files(directory: Directory) -> Iterator[tuple[str, str, Maker]]:
    """Path, media type and maker of every file of every feed."""
    for feed in FEEDS:
        for path, maker in feed.files(directory).items():
            yield path, feed.media_type, maker
