"""News and notices for feed readers and for partners' pages (Atom, RFC 4287).

A notice is in the feed while it shows on a centre's page. Each entry keeps the id that it was first
published under, made from the site's permanent domain, so that a new host or a new name does not
show it as unread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, time
from functools import partial
from typing import NamedTuple
from xml.etree import ElementTree

from portal.directory import Directory
from portal.directory.values import LONDON
from portal.feeds.calendar_entries import FIRST_REVISION

PATH = "/feed.atom"
SPACE = "http://www.w3.org/2005/Atom"
MOST = 50


class _Item(NamedTuple):
    published: datetime
    id: str
    title: str
    path: str
    changed: datetime
    summary: str
    html: str = ""


def files(directory: Directory) -> Mapping[str, Callable[[], bytes]]:
    """The maker of the feed, by public path."""
    return {PATH: partial(_feed, directory)}


def _items(directory: Directory) -> Iterator[_Item]:
    for news in directory.news:
        yield _Item(
            datetime.combine(news.date_, time(), LONDON),
            f"news/{(news.aliases or (news.slug,))[0]}",
            news.title,
            news.path,
            news.changed,
            news.summary,
            news.html,
        )
    for centre in directory.centres:
        notice = centre.notice
        if notice is None or not notice.shows_on(directory.today):
            continue
        since = centre.changed
        if notice.from_:
            since = datetime.combine(notice.from_, time(), LONDON)
        name = (centre.aliases or (centre.slug,))[0]
        yield _Item(
            since,
            # The date makes the next notice of the same centre a separate entry.
            f"notice/{name}/{since.astimezone(LONDON):%Y-%m-%d}",
            f"{centre.title}: notice",
            centre.path,
            max(since, centre.changed),
            notice.text,
        )


def _feed(directory: Directory) -> bytes:
    site = directory.site
    items = sorted(_items(directory), key=lambda item: (item.published, item.id), reverse=True)
    items = items[:MOST]
    root = ElementTree.Element("feed", {"xmlns": SPACE, "xml:lang": "en-GB"})

    def add(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> None:
        ElementTree.SubElement(parent, name, attributes).text = _clean(text) or None

    add(root, "title", f"{site.name}, {site.area}: news and notices")
    if site.demonstration:
        add(root, "subtitle", "This is a demonstration: times, places and costs are samples.")
    add(root, "id", _id(site.domain, "feed"))
    add(root, "link", rel="self", type="application/atom+xml", href=site.base_address + PATH)
    add(root, "link", rel="alternate", type="text/html", href=f"{site.base_address}/news/")
    add(root, "updated", _stamp(max((item.changed for item in items), default=FIRST_REVISION)))
    author = ElementTree.SubElement(root, "author")
    add(author, "name", site.name)
    for item in items:
        entry = ElementTree.SubElement(root, "entry")
        address = site.base_address + item.path
        add(entry, "title", item.title)
        add(entry, "id", _id(site.domain, item.id))
        add(entry, "link", rel="alternate", type="text/html", href=address)
        add(entry, "published", _stamp(item.published))
        add(entry, "updated", _stamp(item.changed))
        add(entry, "summary", item.summary)
        if item.html:
            whole = re.sub(r'((?:href|src)=")(?=/)', rf"\g<1>{site.base_address}", item.html)
            add(entry, "content", whole, type="html")
    ElementTree.indent(root)
    data: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def _id(domain: str, name: str) -> str:
    """A tag URI (RFC 4151): an identifier that belongs to this domain and is not a web address."""
    return f"tag:{domain},2020:{name}"


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _clean(text: str) -> str:
    """Remove the characters that XML cannot hold."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)
