"""A frozen page as a small tree: enough to ask for links, headings, names and words.

It is strict: an element that is not closed where it was opened is a fault, as is an attribute
given twice. Python's own parser is quick enough for a thousand pages; that the markup conforms to
the standard is asked of the Nu Html Checker.
"""

from collections.abc import Callable, Iterator
from html.parser import HTMLParser

VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    ]
)
HIDDEN = frozenset({"script", "style", "template"})


class Element:
    """One element. `element["href"]` is an attribute, `element.parts` its elements and text."""

    __slots__ = ("_end", "_page", "_start", "attributes", "line", "parent", "parts", "tag")

    def __init__(
        self,
        tag: str,
        attributes: dict[str, str],
        parent: "Element | None",
        line: int,
        page: "list[Element]",
    ):
        self.tag = tag
        self.attributes = attributes
        self.parent = parent
        self.parts: list[Element | str] = []
        self.line = line
        # Elements below an element follow it without a gap in the list of the whole page, so that
        # a guard that looks at every element of a thousand pages walks along a list.
        self._page = page
        self._start = len(page) + 1
        self._end = self._start
        page.append(self)

    def close(self) -> None:
        """Nothing more comes below this element."""
        self._end = len(self._page)

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def __contains__(self, name: str) -> bool:
        return name in self.attributes

    def __repr__(self) -> str:
        said = "".join(f' {name}="{value}"' for name, value in self.attributes.items())
        return f"<{self.tag}{said}> on line {self.line}"

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    def words(self, name: str) -> list[str]:
        """The words of an attribute, such as `class` or `rel`."""
        return self.get(name).split()

    @property
    def children(self) -> "Iterator[Element]":
        return (part for part in self.parts if isinstance(part, Element))

    @property
    def ancestors(self) -> "Iterator[Element]":
        above = self.parent
        while above is not None:
            yield above
            above = above.parent

    def __iter__(self) -> "Iterator[Element]":
        """Every element below this one, in the order of the page."""
        return iter(self._page[self._start : self._end])

    def all(
        self, *tags: str, where: "Callable[[Element], object] | None" = None
    ) -> "list[Element]":
        return [
            one for one in self if (not tags or one.tag in tags) and (where is None or where(one))
        ]

    def one(self, *tags: str, where: "Callable[[Element], object] | None" = None) -> "Element":
        """The only such element below this one."""
        found = self.all(*tags, where=where)
        if len(found) != 1:
            raise LookupError(f"{len(found)} of {tags} in {self!r}, not one")
        return found[0]

    def has(self, name: str) -> bool:
        """Whether it is of this class."""
        return name in self.words("class")

    @property
    def text(self) -> str:
        """Its words, with single spaces."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for part in self.parts:
            if isinstance(part, str):
                yield part
            elif part.tag not in HIDDEN:
                yield from part._texts()
                yield " " if part.tag not in INLINE else ""

    @property
    def name(self) -> str:
        """What a screen reader calls it, as far as its own markup says."""
        return self.get("aria-label") or " ".join("".join(self._names()).split())

    def _names(self) -> Iterator[str]:
        for part in self.parts:
            if isinstance(part, str):
                yield part
            elif part.get("aria-hidden") != "true" and part.tag not in HIDDEN:
                yield part.get("aria-label") or part.get("alt") or "".join(part._names())


INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "code",
        "em",
        "i",
        "mark",
        "q",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "time",
        "u",
    ]
)


class Unbalanced(ValueError):
    """The markup does not nest."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._page: list[Element] = []
        self.top = Element("#document", {}, None, 0, self._page)
        self._here = self.top

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if len(values) != len(attributes):
            raise Unbalanced(f"line {self.lineno}: <{tag}> has an attribute twice")
        element = Element(tag, values, self._here, self.lineno, self._page)
        self._here.parts.append(element)
        if tag not in VOID:
            self._here = element

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._here.tag != tag or self._here.parent is None:
            raise Unbalanced(f"line {self.lineno}: </{tag}> closes {self._here!r}")
        self._here.close()
        self._here = self._here.parent

    def handle_data(self, data: str) -> None:
        self._here.parts.append(data)

    def close(self) -> None:
        super().close()
        if self._here is not self.top:
            raise Unbalanced(f"{self._here!r} is never closed")
        self.top.close()


def parsed(text: str) -> Element:
    """The tree of a page."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.top
