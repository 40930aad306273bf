"""What public pages and live pages share: one Jinja environment, headers, static files, the frame.

A `Frame` belongs to one Directory and renders pages. It keeps what hardly differs from page to
page (navigation, footer) rendered, because there are thousands of pages and a loop over the same
links in each is most of the cost. Templates find nouns with their addresses: `series.path`.

Undefined names fail (StrictUndefined), everything is escaped, and static files carry a hash of what
they hold in their names so that browsers may keep them for a year.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import rcssmin
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from portal.directory import AGE_BANDS, Directory
from portal.directory.values import WEEKDAYS, clock_words
from portal.directory.vocabularies import BOOKING_WAYS, FACILITIES, NEEDS, OFFERS
from portal.web import filters

_FOLDER = Path(__file__).resolve().parents[1]

# On every answer (safety S40). HSTS is added where the site stands on https.
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
)
STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"

# Where the navigation leads, and in which words.
SECTIONS = (
    ("/find/", "Find a session"),
    ("/whats-on/", "What’s on"),
    ("/centres/", "Centres"),
    ("/programmes/", "Programmes"),
    ("/urgent-help/", "Urgent help"),
)


# What the finder asks beside a place, as (value, words); the home page asks the first two.
FINDER: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "age": (("", "Any age"), *((band.slug, band.title) for band in AGE_BANDS)),
        "day": (
            ("", "Any day"),
            *((day.lower(), day) for day in WEEKDAYS),
            ("weekend", "Saturday or Sunday"),
        ),
        "part": (
            ("", "Any time of day"),
            ("morning", "Morning"),
            ("afternoon", "Afternoon"),
            ("evening", "Evening, from 5pm"),
        ),
        "offer": (("", "Everything"), *OFFERS.items()),
        "booking": (("", "Any way"), *BOOKING_WAYS.items()),
        "access": tuple((name, FACILITIES[name]) for name in filters.ACCESS),
    }
)


# --- static files -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file of `static/` as it is sent: its public path, its media type, its bytes."""

    path: str
    media_type: str
    content: bytes


@cache
def static_files() -> Mapping[str, StaticFile]:
    """By their names in `static/`; the style sheet and the script made small."""
    files = {}
    for name, media_type, small in (
        ("site.css", "text/css", rcssmin.cssmin),
        ("site.js", "text/javascript", _without_comments),
        ("find.js", "text/javascript", _without_comments),
    ):
        content = small((_FOLDER / "static" / name).read_text("utf-8")).encode()
        stem, _, ending = name.partition(".")
        path = f"/static/{stem}.{hashlib.sha256(content).hexdigest()[:10]}.{ending}"
        files[name] = StaticFile(path, media_type, content)
    icon = (_FOLDER / "static" / "favicon.svg").read_bytes()
    files["favicon.svg"] = StaticFile("/favicon.svg", "image/svg+xml", icon)
    return files


@cache
def staff_sheet() -> StaticFile:
    """What pages for staff have beside the site's sheet; the public site knows nothing of it."""
    content = rcssmin.cssmin((_FOLDER / "static/staff.css").read_text("utf-8")).encode()
    digest = hashlib.sha256(content).hexdigest()[:10]
    return StaticFile(f"/staff/static/staff.{digest}.css", "text/css", content)


def _without_comments(script: str) -> str:
    """A script without whole-line comments and indents: the rest is left to compression.

    Libraries that squeeze more (rjsmin) take spaces out of templates within templates.
    """
    lines = (line.strip() for line in script.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"


# --- the Jinja environment ----------------------------------------------------------------------


@cache
def environment() -> Environment:
    """The one environment of all pages. It knows words, but no directory: a `Frame` adds that."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    made.filters.update(
        access=filters.access,
        address=filters.address,
        ages=filters.ages,
        capital=filters.capital,
        change=filters.change,
        clock=clock_words,
        clock_of=filters.clock_of,
        cost=filters.cost,
        count=filters.count,
        day=filters.day,
        directions=filters.directions,
        joined=filters.joined,
        json_block=json_block,
        kind=filters.kind,
        language=filters.language,
        moment=filters.moment,
        moment_words=filters.moment_words,
        place=filters.place,
        reach=filters.reach,
        repeats=filters.repeats,
        ring=filters.ring,
        sentence=filters.sentence,
        short_day=filters.short_day,
        span=filters.span,
        tel=filters.tel,
        way=filters.way,
        week_hours=filters.week_hours,
        write=filters.write,
    )
    made.globals.update(
        AGE_BANDS=AGE_BANDS,
        FACILITIES=FACILITIES,
        FINDER=FINDER,
        NEEDS=NEEDS,
        OFFERS=OFFERS,
        WEEKDAYS=WEEKDAYS,
        hours=filters.hours,
        static={**static_files(), "staff.css": staff_sheet()},
    )
    return made


def json_block(value: object) -> Markup:
    """A value as JSON that cannot end the script element that holds it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = re.sub(r"[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)
    return Markup(text)  # noqa: S704 - what could end the element has just been escaped


# --- pages --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a page says of itself.

    `crumbs` are the pages above it as (path, words), home left out. `sensitive` gives it the exit
    control. `live` marks the pages of the booking service, which no search engine may keep.
    `calendar` is the path of the calendar of what the page lists, `feed` of the news it shows.
    """

    title: str
    path: str
    summary: str = ""
    section: str = ""
    crumbs: tuple[tuple[str, str], ...] = ()
    sensitive: bool = False
    live: bool = False
    error: bool = False
    linked_data: object = None
    calendar: str = ""
    feed: str = ""
    language: str = "en"


class Frame:
    """Renders the pages of one Directory, and remembers what they have in common."""

    def __init__(self, directory: Directory, *, exit_path: str | None = None) -> None:
        """`exit_path` is where live pages leave through, to end what was begun: '/leave'."""
        self.directory = directory
        self.site = directory.site
        self.exit = exit_path or directory.site.quick_exit
        self._headers: dict[tuple[str, bool], Markup] = {}

    def render(self, template: str, head: Head, **given: Any) -> str:
        """One whole page. `given` are the names that its own template uses."""
        return (
            environment()
            .get_template(template)
            .render(
                head=head,
                frame=self,
                site=self.site,
                directory=self.directory,
                today=self.directory.today,
                **given,
            )
        )

    def absolute(self, path: str) -> str:
        return self.site.base_address + path

    def webcal(self, path: str) -> str:
        """The address that makes a calendar subscribe instead of copy."""
        return "webcal:" + self.absolute(path).partition(":")[2]

    def header(self, head: Head) -> Markup:
        """The name and the navigation, with the place of this page in it marked."""
        key = head.section, head.path == head.section
        if key not in self._headers:
            self._headers[key] = self._part(
                "_header.html",
                sections=[(path, said) for path, said in SECTIONS if self._has(path)],
                section=head.section,
                current="page" if key[1] else "true",
            )
        return self._headers[key]

    @cached_property
    def footer(self) -> Markup:
        pages = sorted((page for page in self.directory.pages if page.order), key=lambda p: p.order)
        return self._part("_footer.html", pages=pages)

    @cached_property
    def pages(self) -> frozenset[str]:
        """The slugs of the text pages there are: a template links to no other."""
        return frozenset(page.slug for page in self.directory.pages)

    def _has(self, path: str) -> bool:
        return path != "/urgent-help/" or "urgent-help" in self.pages

    def _part(self, template: str, **given: Any) -> Markup:
        text = (
            environment()
            .get_template(template)
            .render(frame=self, site=self.site, directory=self.directory, **given)
        )
        return Markup(text)  # noqa: S704 - a template that escapes
