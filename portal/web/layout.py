"""The frame around every page: head, header, navigation and footer.

A `Frame` belongs to one Directory and renders pages. It keeps what hardly differs from page to page
(navigation, footer) rendered, because there are thousands of pages and a loop over the same links
in each is most of the cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from markupsafe import Markup

from portal.directory import Directory
from portal.web.templating import environment

# Where the navigation leads, and in which words.
SECTIONS = (
    ("/find/", "Find a session"),
    ("/whats-on/", "What’s on"),
    ("/centres/", "Centres"),
    ("/programmes/", "Programmes"),
    ("/urgent-help/", "Urgent help"),
)


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
