"""Whether each link in a text leads somewhere on this site.

The addresses are worked out from the files and not from the finished site, so that an editor hears
of a dead link at once, with its line. An address that is only printed, as `/find/` between
backticks, is a promise too and is checked alike. The site's own test walks the real pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache

from portal.content.sources import Text, Tree
from portal.directory import AGE_BANDS, District, Footprint, Settlement, TextFile
from portal.directory.addresses import BOARDS, HELP, LIVE_PAGES, fixed_pages
from portal.directory.values import near


def check_links(tree: Tree, settlements: Iterable[Settlement] | None) -> Links:
    """Reports links, headings of links and pictures that do not exist; returns those that do.

    `settlements` is None where their table has mistakes: then links to them cannot be judged.
    """
    links = Links(tree, settlements)
    for text in tree.texts():
        links.check(text)
    return links


class Links:
    """All that a text of a tree may link to; `settlements` as in `check_links`."""

    def __init__(self, tree: Tree, settlements: Iterable[Settlement] | None) -> None:
        self._known = dict(addresses(tree, settlements))
        self._unsure: tuple[str, ...] = ("/near/",) if settlements is None else ()
        if tree.footprints is None:
            self._unsure += ("/footprints/", "/districts/")
        # Comparing with thousands of addresses is slow, and a slip is often made many times.
        self._meant = cache(lambda address: near(address, self._known))
        self._images = {
            f"/centres/{one.slug}/{name}" for one in tree.centres for name in one.images
        }

    def check(self, text: Text[TextFile]) -> None:
        """Reports what is wrong in one text."""
        for line, target in (*text.prose.links, *_printed(text)):
            if target[0] not in "/#" or target.startswith(self._unsure):
                continue
            if words := _wrong_target(target, text, self._known, self._meant):
                text.written.wrong_at(text.written.body_line + line - 1, 1, words)
        for line, source in text.prose.images:
            if source not in self._images:
                # A picture beside the file is written by its name alone.
                beside = f"{text.file.rpartition('/')[0].replace('centres/', '', 1)}/"
                folder = f"/centres/{beside.split('/')[-2]}/"
                here = [one.removeprefix(folder) for one in self._images if one.startswith(folder)]
                shown = source.removeprefix(folder)
                words = f"there is no picture '{shown}'.{near(shown, here)} Correct the address."
                text.written.wrong_at(text.written.body_line + line - 1, 1, words)


def _printed(text: Text[TextFile]) -> Iterator[tuple[int, str]]:
    """The addresses between backticks, with their lines; patterns such as `/x/<name>/` are none."""
    for number, line in enumerate(text.written.body.split("\n"), 1):
        yield from ((number, found) for found in _IN_CODE.findall(line))


def _wrong_target(
    target: str,
    text: Text[TextFile],
    known: Mapping[str, frozenset[str] | None],
    meant: Callable[[str], str],
) -> str | None:
    address, _, fragment = target.partition("#")
    address = address.partition("?")[0]
    if address and address not in known:
        words = f"'{target}' is not a page of this site.{meant(address)}"
        return f"{words} Correct the address."
    headings = known[address] if address else frozenset(one.id for one in text.prose.headings)
    if not fragment or headings is None or fragment in headings:
        return None
    if address.startswith("/sessions/") and _DAY.fullmatch(fragment):
        return None  # Each session of a series has its day as its fragment.
    words = f"there is no heading '#{fragment}' on {address or 'this page'}."
    likely = near(f"#{fragment}", (f"#{heading}" for heading in headings))
    return f"{words}{likely} Correct the part after '#'."


def addresses(
    tree: Tree, settlements: Iterable[Settlement] | None
) -> Iterator[tuple[str, frozenset[str] | None]]:
    """Every address that a text may link to, with its headings; None where any may be there."""
    for address in (*_fixed(tree), *_FILES, *LIVE_PAGES):
        yield address, None
    yield from ((settlement.path, None) for settlement in settlements or ())
    yield from ((band.path, None) for band in AGE_BANDS)
    yield from ((band.coverage_path, None) for band in AGE_BANDS)
    yield from ((f"{band.path}calendar.ics", None) for band in AGE_BANDS)
    for footprint in tree.footprints.footprints if tree.footprints else ():
        paths = [footprint.path, *(district.path for district in footprint.districts)]
        if _names_workers(tree):
            yield from ((district.workers_path, None) for district in footprint.districts)
        yield from ((path, None) for path in paths)
        areas: tuple[Footprint | District, ...] = (footprint, *footprint.districts)
        yield from ((area.coverage_path, None) for area in areas)
        yield from ((f"{path}calendar.ics", None) for path in paths)
    sensitive = {text.slug for text in tree.programmes if text.noun and text.noun.sensitive}
    for folder in tree.centres:
        path = f"/centres/{folder.slug}/"
        yield path, None
        yield f"{path}whats-on/", None
        yield f"/embed/{folder.slug}/", None
        yield f"{path}calendar.ics", None
        if folder.centre:
            yield from _addresses_of(folder.centre, path)
        for series in folder.series:
            # What is withheld has no address.
            if not (series.noun and series.noun.programme_slug in sensitive):
                path = f"/sessions/{folder.slug}/{series.slug}/"
                yield from _addresses_of(series, path)
                yield f"{path}calendar.ics", None
                yield f"/book/{folder.slug}/{series.slug}", None
    for programme in tree.programmes:
        path = f"/programmes/{programme.slug}/"
        yield from _addresses_of(programme, path)
        if programme.slug not in sensitive:
            yield f"{path}calendar.ics", None
        yield f"/request/{programme.slug}", None
        if programme.noun and programme.noun.can_tell:
            yield f"/tell/{programme.slug}", None
    for page in tree.pages:
        yield from _addresses_of(page, f"/{page.slug}/")
    for news in tree.news:
        yield from _addresses_of(news, f"/news/{news.slug}/")
    for help_page in tree.help_pages:
        yield from _addresses_of(help_page, f"{HELP}{help_page.slug}/")
    for board in tree.boards:
        yield from _addresses_of(board, f"{BOARDS}{board.slug}/")
        yield f"{BOARDS}{board.slug}/calendar.ics", None
        if board.noun and board.noun.consultation:
            yield board.noun.consultation.path, None
            yield board.noun.consultation.answers_path, None


def _fixed(tree: Tree) -> tuple[str, ...]:
    return fixed_pages(
        news=bool(tree.news),
        help_pages=bool(tree.help_pages),
        boards=bool(tree.boards),
        workers=_names_workers(tree),
    )


def _names_workers(tree: Tree) -> bool:
    centres = (folder.centre.noun for folder in tree.centres if folder.centre)
    return any(centre.contact for centre in centres if centre)


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_IN_CODE = re.compile(r"(?<!`)`(/[^`<>…*{}\s]*)`(?!`)")
_FILES = ("/calendar.ics", "/feed.atom", "/sitemap.xml")


def _addresses_of(text: Text[TextFile], path: str) -> Iterator[tuple[str, frozenset[str] | None]]:
    yield path, frozenset(heading.id for heading in text.prose.headings)
    parent, _, _ = path.rstrip("/").rpartition("/")
    for alias in getattr(text.noun, "aliases", ()):
        yield (f"/sessions/{alias}/" if "/" in alias else f"{parent}/{alias}/"), None
    for language, translation in text.translations.items():
        headings = frozenset(heading.id for heading in translation.prose.headings)
        yield f"/{language}{path}", headings
        yield f"/{language}/", None
