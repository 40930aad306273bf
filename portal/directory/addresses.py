"""The addresses of pages that belong to no noun: lists, forms and the days of the week.

They are declared here, below content, feeds and web, because each of the three needs them: links to
them are accepted, the sitemap lists them, and `portal.web.site.pages` can declare a page without a
noun only at one of these addresses. Nouns know their own addresses (`series.path`).
"""

from __future__ import annotations

from portal.directory.values import WEEKDAYS
from portal.directory.vocabularies import LANGUAGES

# Pages of the live applications. A page of text cannot have the first part of such an address.
LIVE = (
    "/availability.json", "/book/", "/bookings/", "/complaint", "/consultations/", "/find/results",
    "/gap", "/gap/", "/health", "/leave", "/outcome/", "/request/", "/staff/", "/tell/",
)  # fmt: skip
# Where staff send photos, and the bytes that a form there has at most.
UPLOADS, UPLOADED = "/staff/content/", 8 * 1024 * 1024
# Those that a text may link to as they stand, without a name of a series or programme after them.
LIVE_PAGES = ("/complaint", "/find/results", "/gap")
_NEWS = "/news/"
# What a proxy shows while the live part does not answer. No page links to it.
DOWN = "/down/"
HELP = "/help/"
BOARDS = "/boards/"
# Where professionals find the worker of a centre, by district.
YOUR_WORKER = "/your-worker/"
# What is on in each district, by age and part of the week, and where nothing is.
COVERAGE = "/coverage/"
# The list of the files for other people's programs.
DATA = "/data/"
# How many facts of centres and programmes partners can rely on.
QUALITY = "/data/quality/"
# What the service did in each quarter.
REPORTS = "/reports/"
# The one page of all private needs (S81).
TALK = "talk"
_FIXED = (
    "/",
    "/find/",
    "/centres/",
    "/programmes/",
    "/whats-on/",
    HELP,
    _NEWS,
    BOARDS,
    YOUR_WORKER,
    REPORTS,
    "/calendars/",
    "/calendars/centres/",
    "/calendars/programmes/",
    "/calendars/custom/",
    "/kept/",
    COVERAGE,
    DATA,
    QUALITY,
    DOWN,
)


# Names that no page of text can have: the first parts of all other addresses, and some to come.
RESERVED = frozenset(
    (
        *(path.split("/")[1].partition(".")[0] for path in (*_FIXED, *LIVE) if path != "/"),
        "ages", "data", "districts", "embed", "footprints", "near", "panels", "sessions",
        "404", "feed", "index", "live", "manifest", "offline", "openreferral", "robots", "search",
        "service-worker", "sitemap", "static",
        *LANGUAGES,
    )
)  # fmt: skip


def weekday_path(weekday: str) -> str:
    """The page of the next Monday, Tuesday and so on: '/whats-on/monday/'."""
    return f"/whats-on/{weekday.lower()}/"


# The tables of a report, each on a page of its own.
REPORT_TABLES = ("groups", "sessions", "requests", "changes")


def report_path(quarter: str, area: str = "county", part: str = "") -> str:
    """The page of a quarterly report: '/reports/2026-q3/districts/burnley/'.

    `area` is a key of `portal.directory.quarterly`, such as 'district:burnley'.
    """
    kind, _, slug = area.partition(":")
    of_area = f"{kind}s/{slug}/" if slug else ""
    of_part = f"{part}/" if part else ""
    return f"{REPORTS}{quarter.lower()}/{of_area}{of_part}"


def report_file(quarter: str, ending: str) -> str:
    """The open data of a quarter: '/data/report-2026-q3.json'."""
    return f"/data/report-{quarter.lower()}.{ending}"


def fixed_pages(
    *, news: bool = True, help_pages: bool = True, boards: bool = True, workers: bool = True
) -> tuple[str, ...]:
    """The address of every page that belongs to no noun.

    `news`, `help_pages`, `boards` and `workers` (a centre that names its worker): whether there
    are any; without them there is no page that lists them.
    """
    empty = {_NEWS: not news, HELP: not help_pages, BOARDS: not boards, YOUR_WORKER: not workers}
    fixed = (path for path in _FIXED if not empty.get(path))
    return (*fixed, *map(weekday_path, WEEKDAYS))
