"""What was read from the content files, before the files are checked against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from portal.content import prose
from portal.content.front_matter import Problem, Written
from portal.directory import (
    Board,
    Centre,
    Footprints,
    HelpPage,
    News,
    Page,
    Programme,
    PublishedReport,
    Resources,
    Series,
    Site,
    Terms,
    TextFile,
)

TextT = TypeVar("TextT", bound=TextFile)


TextT_co = TypeVar("TextT_co", bound=TextFile, covariant=True)


# Fields that hold words for families. A translation gives some of them again.
TRANSLATED: Mapping[type[TextFile], tuple[str, ...]] = {
    Page: ("title", "summary"),
    News: ("title", "summary"),
    HelpPage: ("title", "summary"),
    Board: ("title", "summary", "where", "join"),
    Programme: (
        "title", "summary", "audience", "session_length", "cost", "bring", "delivered_with",
        "expect", "first_time", "who_meets_you", "siblings_note", "photo_alt",
    ),
    Centre: (
        "title", "transport", "buggy", "parking", "expect", "first_time", "who_meets_you",
        "photo_alt",
    ),
    Series: (
        "title", "room", "cost", "bring", "expect", "first_time", "who_meets_you",
        "siblings_note", "buggy", "parking", "transport", "leader", "withdrawn", "photo_alt",
    ),
}  # fmt: skip


WHAT: Mapping[type[TextFile], str] = {
    Page: "a page",
    News: "a piece of news",
    HelpPage: "a help page",
    Board: "a board",
    Programme: "a programme",
    Centre: "a centre",
    Series: "a series",
}


@dataclass(slots=True)
class Text(Generic[TextT_co]):
    """One Markdown file: what is written, the noun that it makes (None: mistakes), its text."""

    slug: str
    file: str
    written: Written
    noun: TextT_co | None
    prose: prose.Prose
    translations: dict[str, Text[TextT_co]] = field(default_factory=dict)


@dataclass(slots=True)
class CentreFolder:
    """A centre's folder: the centre, its series and the pictures beside them."""

    slug: str
    footprint: str
    path: str
    centre: Text[Centre] | None = None
    series: list[Text[Series]] = field(default_factory=list)
    images: dict[str, Path] = field(default_factory=dict)


@dataclass(slots=True)
class Row:
    """A line of a table, by column."""

    line: int
    cells: Mapping[str, str]


@dataclass(slots=True)
class Tree:
    """Everything that was read, and every mistake found in it."""

    problems: list[Problem]
    written: dict[str, Written] = field(default_factory=dict)  # the YAML files
    site: Site | None = None
    footprints: Footprints | None = None
    terms: Terms | None = None
    resources: Resources | None = None  # None: no such file, or mistakes in it
    places: list[Row] = field(default_factory=list)
    outcodes: list[Row] = field(default_factory=list)
    neighbours: list[Row] = field(default_factory=list)
    reports: list[PublishedReport] = field(default_factory=list)
    outline: str | None = None  # the text of content/outline.json
    pages: list[Text[Page]] = field(default_factory=list)
    news: list[Text[News]] = field(default_factory=list)
    help_pages: list[Text[HelpPage]] = field(default_factory=list)
    boards: list[Text[Board]] = field(default_factory=list)
    programmes: list[Text[Programme]] = field(default_factory=list)
    programme_images: dict[str, Path] = field(default_factory=dict)
    centres: list[CentreFolder] = field(default_factory=list)

    def texts(self) -> Iterator[Text[TextFile]]:
        """Every Markdown file, translations included."""
        for text in self._originals():
            yield text
            yield from text.translations.values()

    def _originals(self) -> Iterator[Text[TextFile]]:
        yield from self.pages
        yield from self.news
        yield from self.help_pages
        yield from self.boards
        yield from self.programmes
        for folder in self.centres:
            if folder.centre:
                yield folder.centre
            yield from folder.series
