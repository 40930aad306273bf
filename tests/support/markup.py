"""A frozen page as a small tree: enough to ask for links, headings, names and words.

It is strict: an element that is not closed where it was opened is a fault, as is an attribute
given twice. That the markup conforms to the standard is asked of the Nu Html Checker.
"""

import re
from collections.abc import Callable, Iterator
from html import unescape
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


class _Tree:
    """The page as far as it has been read."""

    def __init__(self) -> None:
        self._page: list[Element] = []
        self.top = Element("#document", {}, None, 0, self._page)
        self._here = self.top

    def start(self, tag: str, attributes: list[tuple[str, str]], line: int) -> None:
        values = dict(attributes)
        if len(values) != len(attributes):
            raise Unbalanced(f"line {line}: <{tag}> has an attribute twice")
        element = Element(tag, values, self._here, line, self._page)
        self._here.parts.append(element)
        if tag not in VOID:
            self._here = element

    def end(self, tag: str, line: int) -> None:
        if self._here.tag != tag or self._here.parent is None:
            raise Unbalanced(f"line {line}: </{tag}> closes {self._here!r}")
        self._here.close()
        self._here = self._here.parent

    def words(self, data: str) -> None:
        self._here.parts.append(data)

    def whole(self) -> Element:
        if self._here is not self.top:
            raise Unbalanced(f"{self._here!r} is never closed")
        self.top.close()
        return self.top


class _Reader(HTMLParser):
    """Reads whatever a browser would read."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tree = _Tree()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tree.start(tag, [(name, value or "") for name, value in attributes], self.lineno)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        self.tree.end(tag, self.lineno)

    def handle_data(self, data: str) -> None:
        self.tree.words(data)


_ATTRIBUTE = re.compile(r"""\s+([^\s"'<>/=]+)(?:="([^"]*)")?""")
_TAG = re.compile(
    r"""<(?:([a-z][a-z0-9]*)((?:\s+[^\s"'<>/=]+(?:="[^"]*")?)*)\s*(/?)>|/([a-z][a-z0-9]*)>"""
    r"""|!DOCTYPE html>|!--[^<>]*-->)"""
)


def read_quickly(text: str) -> Element | None:
    """The tree of markup that is written as nearly all pages write it; None for any other.

    Python's own parser takes nearly twice as long.
    """
    tree, at, line, counted = _Tree(), 0, 1, 0
    find, match, count = text.find, _TAG.match, text.count
    while (begin := find("<", at)) >= 0:
        if begin > at:
            tree.words(_said(text[at:begin]))
        found = match(text, begin)
        if found is None:
            return None
        line, counted = line + count("\n", counted, begin), begin
        at = found.end()
        tag, written, closed, ended = found.groups()
        if ended:
            tree.end(ended, line)
        elif tag:
            given = _ATTRIBUTE.findall(written) if written else []
            tree.start(tag, [(name.lower(), _said(value)) for name, value in given], line)
            if closed and tag not in VOID:
                tree.end(tag, line)
            elif tag in ("script", "style"):
                end = text.find("</", at)
                if not text.startswith(f"</{tag}>", end):
                    return None
                if end > at:
                    tree.words(text[at:end])
                at = end
    if at < len(text):
        tree.words(_said(text[at:]))
    return tree.whole()


def _said(text: str) -> str:
    return unescape(text) if "&" in text else text


def parsed(text: str) -> Element:
    """The tree of a page."""
    return read_quickly(text) or read_slowly(text)


def read_slowly(text: str) -> Element:
    """The tree as Python's own parser reads it, whatever the page is like."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.tree.whole()
