"""Writes the pages of a built site as sources for Hugo and for Pelican: the rivals of `bench_race`.

Each HTML page becomes one file: JSON front matter with the facts of the page, and its text as
Markdown, which is that of the portal's own file. The templates, equal for both, loop over facts,
rows, dates and tags, build the head and the structured data, and take header and footer from one
place. What the portal works out (which sessions a page lists, in which words) the rivals are given.
Drawings and forms are given as they are. So the rivals do less than the portal, not more.

Both are set up for speed: no feeds, tags, site maps or lists of their own. Hugo renders header and
footer once, and has its caches in its own folder. Front matter is JSON, because so much data is not
written by hand, and because it costs Hugo half of the processor time of the same in YAML (1,000
pages: 2.0 against 4.0 s).
"""

from __future__ import annotations

import html
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lxml.html
from lxml.html import HtmlElement

from portal.directory import Directory

HERE = Path(__file__).parent
TEXT_FILES = ("centres", "programmes", "series", "pages", "news")


def write(site: Path, root: Path, directory: Directory, hugo: Path, pelican: Path) -> int:
    """Write the sources of both into new folders; returns the number of pages.

    `site` is the built site of the content below `root`, which `directory` was read from.
    """
    texts = {
        text.path: (text.html, root / text.source)
        for kind in TEXT_FILES
        for text in getattr(directory, kind)
    }
    shutil.copytree(HERE / "hugo", hugo)
    shutil.copytree(HERE / "pelican", pelican)
    known = {"service": directory.site.name, "area": directory.site.area}
    known |= {"address": directory.site.base_address}
    paths = sorted(site.rglob("*.html"))
    for path in paths:
        name = path.relative_to(site).as_posix()
        fields, body = page(path, f"/{name.removesuffix('index.html')}", texts)
        if name == "index.html":
            known |= _shared(path)
        text = f"{json.dumps(fields, indent=1, ensure_ascii=False)}\n\n{body}\n"
        stem = name.removesuffix("/index.html").removesuffix(".html")
        # Hugo has a name of its own for the source of the home page.
        in_hugo = hugo / "content" / f"{'_index' if stem == 'index' else stem}.md"
        for file in (in_hugo, pelican / "content" / f"{stem}.md"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    shared = json.dumps(known, indent=1, ensure_ascii=False)
    settings = json.loads((hugo / "hugo.json").read_text())
    settings |= {"baseURL": f"{known['address']}/", "params": known}
    settings["cacheDir"] = str(hugo.resolve().with_name(f"{hugo.name}-cache"))
    (hugo / "hugo.json").write_text(json.dumps(settings, indent=1))
    (pelican / "shared.json").write_text(shared)
    return len(paths)


def page(path: Path, address: str, texts: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The front matter and the Markdown of one page."""
    root = lxml.html.document_fromstring(path.read_bytes())
    head, main = root.find("head"), root.find(".//main")
    named = {
        one.get("name") or one.get("property"): one.get("content") for one in head.iter("meta")
    }
    fields: dict[str, Any] = {
        "url": address,
        "title": head.findtext("title"),
        "embed": root.find("body").get("class") == "embed",
        "summary": named.get("description", ""),
        "heading": named.get("og:title", ""),
        "image": named.get("og:image", ""),
        "image_words": named.get("og:image:alt", ""),
        "section": next(iter(root.xpath("//nav//@href[../@aria-current]")), ""),
        "crumbs": [
            {"href": link.get("href"), "words": link.text}
            for link in root.xpath("//nav[contains(@class, 'crumbs')]//a")
        ],
        "calendar": next(iter(head.xpath("link[@type='text/calendar']/@href")), ""),
    }
    source = head.findtext("script[@type='application/ld+json']") or ""
    fields |= _data(source)
    rendered, written = texts.get(address, ("", None))
    said = {one.text_content().strip() for one in _fragments(rendered)}
    body = written.read_text("utf-8").split("\n---\n", 1)[1].strip() if written else ""
    fields["blocks"] = list(_blocks(main, said))
    return fields, body


def _shared(home: Path) -> dict[str, Any]:
    """What is on every page: names of files, and the links of header and footer."""
    root = lxml.html.document_fromstring(home.read_bytes())
    foot = root.find(".//footer")
    return {
        "style": root.xpath("//link[@rel='stylesheet']/@href")[0],
        "script": root.xpath("//script/@src")[0],
        "rose": _outer(root.find(".//svg")),
        "menu": _links(root.xpath("//ul[@id='menu']//a")),
        "urgent": _links(root.xpath("//a[@class='urge']")),
        "about": _links(foot.xpath(".//li/a")),
        "ending": [_inner(one) for one in foot.iter("p")],
    }


def _links(links: Any) -> list[dict[str, str]]:
    return [{"href": link.get("href"), "words": link.text} for link in links]


def _fragments(rendered: str) -> Iterator[HtmlElement]:
    if rendered:
        yield from lxml.html.fragment_fromstring(rendered, create_parent=True)


# --- structured data ------------------------------------------------------------------------------


def _data(source: str) -> dict[str, Any]:
    """The dates of a series with what they share; or else the data as one text."""
    graph = json.loads(source).get("@graph", ()) if source else ()
    dates = [node for node in graph if "startDate" in node]
    if not dates:
        return {"data": source}
    shared = {
        name: value
        for name, value in dates[0].items()
        if name not in ("url", "startDate", "endDate")
    }
    others = [node for node in graph if "startDate" not in node]
    return {
        "data": ",".join(json.dumps(node, separators=(",", ":")) for node in others),
        "meetings": {
            "shared": json.dumps(shared, separators=(",", ":"))[1:-1],
            "dates": [
                {"url": node["url"], "starts": node["startDate"], "ends": node["endDate"]}
                for node in dates
            ],
        },
    }


# --- the main part of a page ----------------------------------------------------------------------


def _blocks(parent: HtmlElement, said: set[str]) -> Iterator[dict[str, Any]]:
    """What is in an element, in its order. The first element of the text stands for all of it."""
    for one in parent:
        if not isinstance(one.tag, str):
            continue
        if one.tag in ("p", "ul", "ol", "h2", "h3", "table") and one.text_content().strip() in said:
            if said and "" not in said:
                yield {"kind": "text"}
                said.add("")  # the rest is part of it
            continue
        match one.tag, one.get("class", ""):
            case "ul", "rows":
                yield {"kind": "rows", "rows": [_row(item) for item in one]}
            case "ul", "dates":
                yield {"kind": "dates", "dates": [_date(item) for item in one]}
            case "ul", "expect":
                yield {"kind": "expect", "items": [_inner(item) for item in one]}
            case (("ul" | "ol"), name):
                items = [_inner(item) for item in one]
                yield {"kind": "list", "tag": one.tag, "class": name, "items": items}
            case "dl", _:
                facts = [{"term": dt.text, "words": _inner(dt.getnext())} for dt in one.iter("dt")]
                yield {"kind": "facts", "facts": facts}
            case "table", name:
                rows = [[_inner(cell) for cell in row] for row in one.iter("tr")]
                caption = one.findtext("caption") or ""
                yield {"kind": "table", "class": name, "caption": caption, "rows": rows}
            case (("h1" | "h2" | "h3" | "h4"), _):
                named = {"class": one.get("class", ""), "id": one.get("id", "")}
                yield {"kind": "heading", "tag": one.tag, **named, "words": _inner(one)}
            case (("p" | "summary"), name):
                yield {"kind": "words", "class": name, "words": _inner(one)}
            case "section", _ if one.get("aria-labelledby") == "calendar":
                name = one.xpath(".//code/@data-copy")[0].removesuffix(", for Google")
                yield {"kind": "calendar", "name": name, "code": bool(one.xpath(".//img"))}
            case "section", _ if one.get("aria-labelledby") == "share":
                name = next(iter(one.xpath(".//@data-share")), "")
                keep = next(iter(one.xpath(".//@data-keep")), "")
                offline = bool(one.xpath(".//@data-offline"))
                yield {"kind": "share", "name": name, "keep": keep, "offline": offline}
            case (("div" | "section" | "article" | "details" | "ul"), _):
                yield from _blocks(one, said)
            case _:
                yield {"kind": "as it is", "html": _outer(one)}


def _row(item: HtmlElement) -> dict[str, Any]:
    """A row of a list of sessions."""
    link = item.find("a")
    if link is None or item.index(link) or (item.text or "").strip():
        return {"html": _inner(item)}
    when = item.find("b")
    return {
        "href": link.get("href"),
        "title": link.text_content(),
        "when": "" if when is None else when.text_content(),
        "ends": item.get("data-ends", ""),
        "lines": [_line(line) for line in item.findall("p")],
    }


def _line(line: HtmlElement) -> dict[str, Any]:
    tags = [one for one in line if "tag" in one.get("class", "").split()]
    return {
        "small": line.get("class") == "small",
        "words": (line.text or "").strip() if tags else _inner(line),
        "tags": [
            {
                "class": one.get("class"),
                "words": one.text_content(),
                "starts": one.get("data-starts", ""),
                "ends": one.get("data-ends", ""),
                "hidden": "hidden" in one.attrib,
            }
            for one in tags
        ],
        "after": (tags[-1].tail or "").strip() if tags else "",
    }


def _date(item: HtmlElement) -> dict[str, Any]:
    """A date of a series, or of a centre's page to be framed."""
    when = item.find("b")
    if when is None:
        return {"html": _inner(item)}
    day, lines = item.get("id"), item.findall("p")
    if day and lines and lines[0].find("a") is not None:
        return {
            "day": day,
            "ends": item.get("data-ends", ""),
            "when": when.text_content(),
            "time": (lines[0].text or "").strip(),
            "lines": [_inner(line) for line in lines[1:]],
        }
    return {"html": _inner(item)}


def _inner(one: HtmlElement) -> str:
    children = (lxml.html.tostring(child, encoding="unicode") for child in one)
    return (html.escape(one.text or "", quote=False) + "".join(children)).strip()


def _outer(one: HtmlElement) -> str:
    text: str = lxml.html.tostring(one, encoding="unicode", with_tail=False)
    return text
