"""Renders Markdown as safe HTML, and lists the mistakes in it by line.

Text comes from many hands, so there are two walls. The first refuses: tags, dangerous or unknown
links, pictures from elsewhere and headings out of order are mistakes with a line, because silently
dropping what somebody wrote helps nobody. The second, an allow-list cleaner, is for whatever we did
not think of.

Python-Markdown keeps no line numbers. So a first pass collects what is wrong, and only then the
source is searched for the lines that it is on.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from threading import Lock
from typing import NamedTuple
from xml.etree.ElementTree import Element

import nh3
from markdown import Markdown
from markdown.inlinepatterns import InlineProcessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AMP_SUBSTITUTE, AtomicString

from portal.content.prose_differences import difference, surplus_cells, table_as_text
from portal.directory.characters import name_of
from portal.directory.values import EMAIL, slugify

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")

_CLEANER = nh3.Cleaner(
    tags={
        "p", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "a", "em", "strong", "code", "pre",
        "blockquote", "br", "hr", "img", "table", "thead", "tbody", "tr", "th", "td",
    },
    attributes={
        "*": set(),
        "a": {"href", "rel"},
        "img": {"src", "alt"},
        "ol": {"start"},
        "th": {"scope"},
        **{heading: {"id"} for heading in _HEADINGS[1:]},
    },
    url_schemes={"https", "mailto", "tel"},
    link_rel=None,
)  # fmt: skip

_TAG = r"<(?:/?[A-Za-z][^\s\"'<>@]*+(?:\s[^<>]*+)?|[!?][^<>]*+)>|<!--"
_LINK = re.compile(
    r"https://[A-Za-z0-9.-]+(:\d+)?([/?#]\S*)?"
    rf"|mailto:{EMAIL}"
    r"|tel:\+?[0-9-]{3,20}"
    r"|/(?![/\\])[^\s\\]*"
    r"|#\S+"
)
_TOO_DEEP = "the text is nested too deeply. Make it simpler."
# Some 40 printed pages; beyond it Markdown takes seconds.
_LONGEST = 100_000
_HEADING_LINE = re.compile(r"^[ >*+.\d-]*#|^[ >]*(?:=+|-+) *$", re.MULTILINE)
_NESTED_LINE = re.compile(r"^(?: *+(?:[-*+]|\d++\.) ++| *+>){40}", re.MULTILINE)
_IMAGE_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.(png|jpg|jpeg|webp)")


class Heading(NamedTuple):
    """A heading of a text, and the fragment that leads to it."""

    level: int
    id: str
    text: str


class Prose(NamedTuple):
    """A text made safe. Lines count from 1 within the Markdown."""

    html: str = ""
    headings: tuple[Heading, ...] = ()
    links: tuple[tuple[int, str], ...] = ()
    images: tuple[tuple[int, str], ...] = ()
    problems: tuple[tuple[int, str], ...] = ()


def render(markdown: str, *, images_at: str = "") -> Prose:
    """The text as HTML, with its links and pictures, and what is wrong with it.

    `images_at` is the address under which the pictures are that lie beside the file.
    """
    return _render(markdown, images_at) if markdown and not markdown.isspace() else Prose()


# Many series carry the same few sentences, and previews render the same files again and again.
@lru_cache(maxsize=4096)
def _render(markdown: str, images_at: str) -> Prose:
    if len(markdown) <= _LONGEST and _PARAGRAPHS.fullmatch(markdown) and " \n" not in markdown:
        return Prose(_paragraphs(markdown))
    return _converted(markdown, images_at)


# Lines that begin with a letter and hold no sign of Markdown or HTML, as in most texts of series.
# Two readers agree on them, no mistake can be in them, and the converter takes 1 ms for each text.
_LINE = r"[A-Za-z][A-Za-z0-9 ,.;:?!'()\-–’£%/+é]*"
_PARAGRAPHS = re.compile(rf"\n*{_LINE}(?:\n\n?{_LINE})*\n*")


def _paragraphs(markdown: str) -> str:
    blocks = markdown.strip("\n").split("\n\n")
    return "\n".join([f"<p>{block}</p>" for block in blocks])


def _converted(markdown: str, images_at: str) -> Prose:
    with _one_at_a_time:
        converter, findings = _converter()
        converter.reset()
        findings.clear(images_at)
        if problem := _costly(markdown):
            return Prose(problems=(problem,))
        try:
            made = converter.convert(markdown)
        except RecursionError:
            _converter.cache_clear()  # This one believes for ever that it is inside a list.
            return Prose(problems=((1, _TOO_DEEP),))
        problems = tuple(sorted({*_problems(markdown, findings), *_signs(markdown, made)}))
        if not problems:
            found = difference(markdown, made) or table_as_text(markdown, made)
            problems = (found,) if found else ()
        return Prose(
            _CLEANER.clean(made),
            tuple(findings.headings),
            tuple(_placed(markdown, findings.links)),
            tuple(_placed(markdown, findings.images)),
            problems,
        )


_PASTED_MARK = re.compile(r"^[ ]{0,3}(?:([•‣◦▪·–—])[ \u00a0\t]|[-*+](\u00a0))", re.MULTILINE)


_TABLE_LINE = re.compile(r"[ ]{0,3}\|.*\|[ \t]*$")
_DELIMITERS = re.compile(r"[ ]{0,3}\|?[ :|-]*-[ :|-]*$")


def _signs(markdown: str, made: str) -> Iterator[tuple[int, str]]:
    """Lists pasted from Word or the web, tables without their second line, and surplus cells.

    Their signs would be published as they are, and those cells would not be published.
    """
    if "<table" in made:
        yield from surplus_cells(markdown)
    if "<p>|" in made:
        lines = ["", *markdown.split("\n"), ""]
        for number, line in enumerate(lines[1:-1], 1):
            first = _TABLE_LINE.match(line) and not _TABLE_LINE.match(lines[number - 1])
            if first and not _DELIMITERS.match(lines[number + 1]):
                words = (
                    "this is not a table yet. Add a line such as |---|---| below its first line."
                )
                yield number, words
    for found in _PASTED_MARK.finditer(markdown):
        name = name_of(found[1] or found[2])
        words = f"{name} does not start an item of a list. Start the line with '- '."
        yield markdown.count("\n", 0, found.start()) + 1, words


_one_at_a_time = Lock()


def _costly(markdown: str) -> tuple[int, str] | None:
    """Why a text would keep Markdown busy for minutes, if it would, and on which line."""
    if len(markdown) > _LONGEST:
        words = f"the text is over {_LONGEST:,} characters long. Split it into several files."
        return markdown.count("\n", 0, _LONGEST) + 1, words
    if found := _NESTED_LINE.search(markdown):
        return markdown.count("\n", 0, found.start()) + 1, _TOO_DEEP
    if len(markdown) > 10_000 and len(_HEADING_LINE.findall(markdown)) > 500:
        return 1, "the text has over 500 headings. Split it into several files."
    if markdown.count("[") * len(markdown) < 1_000_000:
        return None
    # From each bracket, Markdown looks for the one that closes it, up to the next empty line.
    line = 1
    for block in markdown.split("\n\n"):
        opened: dict[str, list[int]] = {"]": [], ")": []}
        steps = 0
        for at, sign in enumerate(block):
            if sign == "[" or (sign == "(" and block[at - 1 : at] == "]"):
                opened["]" if sign == "[" else ")"].append(at)
            elif opened.get(sign):
                steps += at - opened[sign].pop()
        steps += sum(len(block) - at for unclosed in opened.values() for at in unclosed)
        if steps > 300_000:
            return line, "brackets are opened here and not closed. Close or remove them."
        line += block.count("\n") + 2
    return None


class _Findings(Treeprocessor):
    """Walks the finished tree once: gives headings their ids, collects links and what is wrong."""

    def clear(self, images_at: str) -> None:
        self.images_at = images_at
        self.headings: list[Heading] = []
        self.links: dict[str, str] = {}  # what it leads to -> as written
        self.images: dict[str, str] = {}
        self.tags: set[str] = set()
        self.wrong_links: dict[str, str] = {}  # as written -> words
        self.wrong_headings: list[tuple[int, int, str]] = []  # level, its number, words
        self.counts: dict[int, int] = {}
        self.names: dict[str, int] = {}  # fragment -> how many headings wanted it

    def run(self, root: Element) -> None:
        for element in root.iter():
            tag = element.tag
            if tag == "a":
                self._link(element)
            elif tag in _HEADINGS:
                self._heading(element, int(tag[1]))
            elif tag == "img":
                self._image(element)
            elif tag == "th":
                element.set("scope", "col")

    def _link(self, link: Element) -> None:
        written = link.get("href", "").replace(AMP_SUBSTITUTE, "&")
        target = html.unescape(written)
        link.set("href", target)
        if not _LINK.fullmatch(target):
            del link.attrib["href"]
            self.wrong_links[written] = _wrong_link(target)
        elif not "".join(link.itertext()).strip() and link.find(".//img") is None:
            self.wrong_links[written] = (
                "this link has no text. Say between the square brackets where it leads."
            )
        else:
            self.links[target] = target.removeprefix("mailto:")
            if target.startswith("https:"):
                link.set("rel", "noopener")

    def _image(self, image: Element) -> None:
        written = html.unescape(image.get("src", ""))
        source = self.images_at + written if _IMAGE_NAME.fullmatch(written) else written
        image.set("src", source)
        if not image.get("alt", "").strip():
            self.wrong_links[written] = (
                "this picture has no description. Say between the square brackets what it shows."
            )
        elif source[:1] != "/" or not _LINK.fullmatch(source):
            del image.attrib["src"]
            self.wrong_links[written] = (
                f"'{_short(written)}' is not a picture of this site. "
                "Put the file beside the centre's index.md, and write its name."
            )
        else:
            self.images[source] = written

    def _heading(self, heading: Element, level: int) -> None:
        text = html.unescape("".join(heading.itertext()).replace(AMP_SUBSTITUTE, "&")).strip()
        number = self.counts[level] = self.counts.get(level, 0) + 1
        before = self.headings[-1].level if self.headings else 1
        if level == 1:
            words = "the heading of the page comes from 'title'. Start this heading with '##'."
            self.wrong_headings.append((level, number, words))
        elif not text:
            words = "this heading is empty. Write its text, or remove it."
            self.wrong_headings.append((level, number, words))
        elif level > before + 1:
            words = f"this heading skips a level. Start it with '{'#' * (before + 1)}'."
            self.wrong_headings.append((level, number, words))
        name = plain = slugify(text) or "section"
        while name in self.names:
            self.names[plain] += 1
            name = f"{plain}-{self.names[plain]}"
        self.names[name] = 1
        heading.set("id", name)
        self.headings.append(Heading(level, name, text))


class _Plain(Treeprocessor):
    """Spares text without any sign of Markdown the search for each of them: half of the time."""

    def run(self, root: Element) -> None:
        for element in root.iter():
            if element.text and not _SIGNS.search(element.text):
                element.text = AtomicString(element.text)


_SIGNS = re.compile(r"[\\`\[!<*_]|  \n")


class _Tags(InlineProcessor):
    """Leaves a tag in the text, where it is shown as written, and makes a note of it."""

    def __init__(self, converter: Markdown, findings: _Findings) -> None:
        super().__init__(_TAG, converter)
        self.compiled_re = re.compile(_TAG, re.DOTALL)
        self._findings = findings

    def handleMatch(  # type: ignore[override]
        self, match: re.Match[str], _data: str
    ) -> tuple[str, int, int]:
        self._findings.tags.add(match[0])
        return match[0], match.start(), match.end()


@cache
def _converter() -> tuple[Markdown, _Findings]:
    # Made once: it takes longer to make than to use.
    converter = Markdown(extensions=["tables", "sane_lists"], output_format="html")
    findings = _Findings(converter)
    converter.preprocessors.deregister("html_block")
    converter.inlinePatterns.deregister("html")
    converter.inlinePatterns.deregister("entity")
    converter.inlinePatterns.register(_Tags(converter, findings), "tags", 90)
    converter.treeprocessors.register(_Plain(converter), "plain", 25)
    converter.treeprocessors.register(findings, "findings", -10)
    return converter, findings


def _short(written: str) -> str:
    return written if len(written) <= 60 else f"{written[:57]}..."


def _wrong_link(target: str) -> str:
    shown = _short(target)
    if target.startswith("http://"):
        return f"'{shown}' is not a safe link. Start it with https://."
    if not target:
        return "this link has no address. Write it between the round brackets."
    if target.startswith("tel:"):
        figures = re.sub(r"[^0-9+]", "", target)
        return f"'{shown}' has more than figures after 'tel:'. Write 'tel:{figures}'."
    return (
        f"'{shown}' is not a link that the portal can use. "
        "Start it with https://, mailto:, tel:, or / for a page of this site."
    )


# --- finding the lines ----------------------------------------------------------------------


def _placed(markdown: str, found: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Each target with each line on which it is written."""
    for target, written in found.items():
        for line in _lines_of(markdown, written):
            yield line, target


def _lines_of(markdown: str, written: str) -> list[int]:
    """The lines on which an address appears as a whole word, else the first line."""
    if not written:
        return [markdown[: max(markdown.find("]()"), 0)].count("\n") + 1]
    lines: list[int] = []
    at = markdown.find(written)
    while at >= 0:
        end = at + len(written)
        if markdown[end : end + 1] in ("", ")", ">", " ", "\n", '"', "'") and (
            at == 0 or markdown[at - 1] in "(<: \n"
        ):
            line = markdown.count("\n", 0, at) + 1
            if line not in lines:
                lines.append(line)
        at = markdown.find(written, end)
    return lines or [1]


def _problems(markdown: str, findings: _Findings) -> Iterator[tuple[int, str]]:
    if findings.wrong_links:
        for written, words in findings.wrong_links.items():
            for line in _lines_of(markdown, written):
                yield line, words
    if findings.tags or findings.wrong_headings:
        plain = _CODE.sub(_blanked, markdown)
        yield from _tags(plain, findings.tags)
        lines_of = cache(lambda level: _headings(plain, level))
        for level, number, words in findings.wrong_headings:
            lines = lines_of(level)
            yield lines[min(number, len(lines)) - 1], words


def _tags(plain: str, tags: set[str]) -> Iterator[tuple[int, str]]:
    """The first tag of each line that has one."""
    begun = {tag.partition("\n")[0]: tag for tag in tags}
    for line, text in enumerate(plain.split("\n"), 1):
        found = [(text.find(first), first) for first in begun if first in text]
        if found:
            _, first = min(found)
            shown = _short(first if begun[first] == first else f"{first}...")
            yield (
                line,
                f"'{shown}' is HTML. "
                "Use Markdown instead, or put it between backticks to show it as text.",
            )


_CODE = re.compile(
    r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)|(?:(?<=\n\n)|\A)(?:(?: {4}|\t)[^\n]*\n?)+", re.DOTALL
)


def _blanked(code: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", code[0])


def _headings(plain: str, level: int) -> list[int]:
    """The lines that make a heading of a level, or the first line."""
    lines = plain.split("\n")
    signs = re.compile(rf"[ >]*#{{{level}}}(?!#)")
    underline = {1: "=", 2: "-"}.get(level)
    return [
        at
        for at, line in enumerate(lines, 1)
        if signs.match(line)
        or (underline and at < len(lines) and line.strip() and _underlines(lines[at], underline))
    ] or [1]


def _underlines(line: str, sign: str) -> bool:
    return bool(line.strip()) and not line.strip().strip(sign)
