"""The layout of every page: head, header, navigation and footer.

A `Frame` belongs to one Directory and renders pages. It caches the rendered parts that hardly
differ between pages (navigation, footer): there are thousands of pages, and repeating the loops
over the same links in each would be most of the cost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from markupsafe import Markup

from portal.dependencies import once, remembered
from portal.directory import Directory, District
from portal.directory.addresses import HELP
from portal.web.templating import environment

# The links of the navigation, with their words.
SECTIONS = (
    ("/find/", "Find a session"),
    ("/whats-on/", "What’s on"),
    ("/centres/", "Centres"),
    (HELP, "Help by need"),
    ("/urgent-help/", "Urgent help"),
)


# Search engines and tabs cut longer titles.
LONGEST_TITLE = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The title and metadata of a page.

    `shorter` are other titles, for where a longer one does not fit. `crumbs` are the pages above it
    as (path, words), without the home page. `sensitive` gives it the exit control. `live` marks the
    pages of the booking service, which search engines must not index; `unlisted` marks other pages
    that they must not. `calendar` is the path of the calendar of what the page lists, `feed` of its
    news feed. `district` is where it is about: links to it are shown with a map of that.
    """

    title: str
    path: str
    shorter: tuple[str, ...] = ()
    summary: str = ""
    section: str = ""
    crumbs: tuple[tuple[str, str], ...] = ()
    sensitive: bool = False
    live: bool = False
    unlisted: bool = False
    error: bool = False
    linked_data: object = None
    calendar: str = ""
    feed: str = ""
    district: District | None = None
    language: str = "en"


class Card(NamedTuple):
    """A page as it is shown beside a link to it: words, a picture, and what the picture shows."""

    title: str
    summary: str
    picture: str
    words: str


class Frame:
    """Renders the pages of one Directory, and caches what they have in common."""

    def __init__(
        self,
        directory: Directory,
        *,
        exit_path: str | None = None,
        cards: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """`exit_path` is the exit address of live pages, '/leave', which also ends the session.

        `cards` gives the addresses of the pictures beside links, by district; '' has the plain one.
        """
        self._cards = cards
        self.directory = directory
        self.site = directory.site
        self.exit = exit_path or directory.site.quick_exit
        self._headers: dict[tuple[str, bool], Any] = {}

    def render(self, template: str, head: Head, **given: Any) -> str:
        """Render a whole page. `given` are the variables of its template."""
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

    def title(self, head: Head) -> str:
        """The title of a page, in `LONGEST_TITLE` characters at most.

        What tells it from other pages comes first. The service and the area follow if there is
        room for them, or one of the two.
        """
        start = "Error: " if head.error else ""
        room = LONGEST_TITLE - len(start)
        ends = ("",) if head.path == "/" else self.title_ends
        titles = (f"{words}{end}" for words in (head.title, *head.shorter) for end in ends)
        fitting = (title for title in titles if len(title) <= room)
        return start + next(fitting, f"{head.title[: room - 1].rpartition(' ')[0]}…")

    @property
    def title_ends(self) -> tuple[str, ...]:
        """What may follow the words of a title, the longest first. The finder reads them too."""
        name, area = self.site.name, self.site.area
        return f" – {name}, {area}", f" – {name}", f" – {area}", ""

    def absolute(self, path: str) -> str:
        return self.site.base_address + path

    def card(self, head: Head) -> Card | None:
        """What a chat or a network shows of a page; nothing of a sensitive one but the service."""
        cards = {} if head.live else self._cards()
        if not cards:
            return None
        service = f"{self.site.name}, {self.site.area}"
        if head.sensitive or head.unlisted:
            return Card(service, "", self.absolute(cards[""]), service)
        slug, words = "", service
        if head.district:
            slug, words = head.district.slug, f"Map of {self.site.area} with {head.district.title}"
        return Card(head.title, head.summary, self.absolute(cards[slug]), words)

    def webcal(self, path: str) -> str:
        """The address with which a calendar program subscribes instead of making a copy."""
        return "webcal:" + self.absolute(path).partition(":")[2]

    def header(self, head: Head) -> Markup:
        """The site name and the navigation, with this page's section marked."""
        key = head.section, head.path == head.section
        return once(self._headers, key, self._header, *key)

    def _header(self, section: str, here: bool) -> Markup:
        return self._part(
            "_header.html",
            sections=[(path, said) for path, said in SECTIONS if self._has(path)],
            section=section,
            current="page" if here else "true",
        )

    @remembered
    def footer(self) -> Markup:
        pages = sorted((page for page in self.directory.pages if page.order), key=lambda p: p.order)
        return self._part("_footer.html", pages=pages)

    @remembered
    def pages(self) -> frozenset[str]:
        """The slugs of the text pages that exist, so that templates link to no others."""
        return frozenset(page.slug for page in self.directory.pages)

    def _has(self, path: str) -> bool:
        if path == HELP:
            return bool(self.directory.help_pages)
        return path != "/urgent-help/" or "urgent-help" in self.pages

    def _part(self, template: str, **given: Any) -> Markup:
        text = (
            environment()
            .get_template(template)
            .render(frame=self, site=self.site, directory=self.directory, **given)
        )
        return Markup(text)  # noqa: S704 - a template that escapes
