"""Promises about every page of the shipped site that nobody would remember to keep."""

import hashlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit
from xml.etree import ElementTree

import pytest

from portal.directory.addresses import LIVE_PAGES
from portal.directory.vocabularies import NEEDS, PRIVATE_NEEDS
from tests.support.shipped import (
    DAY,
    ROOT,
    TWINS,
    moved_to,
    programmes,
    sensitive_programmes,
    sensitive_series,
    series,
    site_file,
    written,
)

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
CONTROLS = ("input", "select", "textarea")
FOCUSABLE = ("a", "button", "input", "select", "textarea", "summary")
TALK = "/help/talk/"  # the one page of all private needs
DOWN = "/down/"  # what a proxy shows while the live part does not answer
SHOWN = 25  # faults of one kind; more of the same would help nobody

# Attributes that hold addresses, and those that hold the ids of other elements.
ADDRESSES = ("href", "src", "action", "formaction", "poster", "data", "cite")
REFERENCES = (
    "for",
    "form",
    "list",
    "headers",
    "aria-labelledby",
    "aria-describedby",
    "aria-controls",
    "aria-owns",
    "aria-details",
    "aria-errormessage",
    "aria-activedescendant",
)

# Attributes of controls, tables and links that only name things: not read as text.
LEFTOVERS = re.compile(
    r"\{\{|\}\}|\{%|%\}|\{#|\bNone\b|\b[Uu]ndefined\b|\bNaN\b|\[object |<[\w.]+ at 0x"
)


def faults(pages, find):
    """What a rule finds on each page, as lines that say where."""
    return [f"{path}: {fault}" for path, page in pages.items() for fault in find(page)][:SHOWN]


# --- addresses ------------------------------------------------------------------------------------


def _kinds():
    """The kinds of addresses: how many there are at least, and the pattern of each."""
    parts = {
        "<slug>": "[a-z0-9]+(?:-[a-z0-9]+)*",
        "<date>": r"\d{4}-\d\d-\d\d",
        "<hash>": "[0-9a-f]{8,64}",
    }
    kinds = []
    for line in (ROOT / "tests/guards/route-list.txt").read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            least, kind = line.split(maxsplit=1)
            pattern = re.escape(kind)
            for name, part in parts.items():
                pattern = pattern.replace(re.escape(name), part)
            kinds.append((kind, int(least), re.compile(pattern)))
    return kinds


def test_kinds_of_addresses(shipped):
    """Every kind of address that was ever published is there, and no file is of another kind."""
    kinds = _kinds()
    found = defaultdict(list)
    for path in shipped.files:
        # The first kind that fits: `/find/` is itself before it is a text page.
        kind = next((kind for kind, _, pattern in kinds if pattern.fullmatch(path)), None)
        found[kind].append(path)

    assert found.pop(None, [])[:SHOWN] == [], (
        "add new kinds of addresses to tests/guards/route-list.txt"
    )
    assert [
        f"{kind}: {len(found[kind])}, not {least} or more"
        for kind, least, _ in kinds
        if len(found[kind]) < least
    ] == []


def _aliases():
    """Old and new address of everything in the content that had another name."""
    for folder, at in (
        ("programmes", "/programmes/"),
        ("content/pages", "/"),
        ("content/news", "/news/"),
        ("content/help", "/help/"),
    ):
        for one in written(folder):
            for alias in one.fields.get("aliases", ()):
                yield f"{at}{alias}/", f"{at}{one.slug}/"
    for one in written("centres"):
        for alias in one.fields.get("aliases", ()):
            if one.path.endswith("/index.md"):
                yield f"/centres/{alias}/", f"/centres/{one.slug}/"
                yield f"/centres/{alias}/whats-on/", f"/centres/{one.slug}/whats-on/"
            elif one not in sensitive_series():
                at, _, name = one.identity.partition("/")
                old = alias if "/" in alias else f"{at}/{alias}"
                yield f"/sessions/{old}/", f"/sessions/{at}/{name}/"


def test_old_names(shipped):
    """An address once published stays: it leads on to the new name, by itself and by a link."""
    wrong = []
    for old, new in _aliases():
        document = shipped.documents.get(old)
        if document is None or moved_to(document) != new or new not in shipped.pages:
            wrong.append(f"{old} does not lead to {new}")
        elif new not in [link["href"] for link in document.all("a")]:
            wrong.append(f"{old} has no link to {new}")

    assert wrong == []


# --- links ----------------------------------------------------------------------------------------


def _addresses(document):
    """Every address that a page names, with the element that does."""
    for element in document:
        for name in ADDRESSES:
            if name in element and not (
                element.tag == "data" or (name == "data" and element.tag != "object")
            ):
                yield element, element[name]
        if "srcset" in element:
            for candidate in filter(str.strip, element["srcset"].split(",")):
                yield element, candidate.split()[0]
    target = moved_to(document)
    if target is not None:
        yield document, target


def _live_forms(shipped):
    """The addresses of the live part that a page may name."""
    slug = "[a-z0-9]+(?:-[a-z0-9]+)*"
    public = {
        path.removeprefix("/sessions").strip("/")
        for path in shipped.pages
        if path.startswith("/sessions/")
    }
    asked = programmes()
    boards = (one.fields.get("consultation") for one in written("content/boards"))
    consultations = {one["slug"] for one in boards if one}
    kinds = ("group", "drop-in")  # S84: not of a sensitive programme
    tells = {
        name
        for name, one in asked.items()
        if one.fields["kind"] in kinds and one.fields.get("sensitive", "no") == "no"
    }

    def known(path, query):
        if found := re.fullmatch(rf"/book/({slug}/{slug})", path):
            session = re.fullmatch(r"session=(\d{4}-\d\d-\d\d)", query) if query else True
            return found[1] in public and bool(session)
        if found := re.fullmatch(rf"/request/({slug})", path):
            if re.fullmatch(rf"who=professional(?:&centre={slug})?", query):
                return found[1] in asked
            if family := re.fullmatch("who=family(?:&need=([a-z-]+))?", query):
                return found[1] in asked and family[1] not in PRIVATE_NEEDS  # S81
            run = re.fullmatch(rf"series=({slug}/{slug})", query) if query else None
            return found[1] in asked and (run[1] in public if run else not query)
        if found := re.fullmatch(rf"/tell/({slug})", path):
            near = re.fullmatch(r"near=[\w%+.'-]+", query) if query else True
            return found[1] in tells and bool(near)
        if found := re.fullmatch(rf"/consultations/({slug})(?:/answers)?", path):
            return found[1] in consultations and not query
        if path == "/find/results" and query:
            # With scripts, the finder's own page takes the question.
            return {name for name, _ in parse_qsl(query)} <= {"age", "day", "near", "on", "room"}
        return not query and (
            path in (*LIVE_PAGES, "/leave", "/calendars/preview")
            or path.startswith(("/bookings/", "/staff/"))
        )

    return known


@pytest.fixture(scope="module")
def wrong_address(shipped):
    """What is wrong with an address that stands on a page of the site; None where it leads."""
    base = urlsplit(site_file()["base_address"])
    ids = {
        path: {one["id"] for one in page if "id" in one} for path, page in shipped.documents.items()
    }
    sprite = next(path for path in shipped.files if path.startswith("/static/marks."))
    ids[sprite] = set(re.findall(r' id="([^"]+)"', shipped.files[sprite].read_text("utf-8")))
    for path, file in shipped.files.items():
        if file.suffix == ".svg":
            ids[path] = set(re.findall(r'\bid="([^"]+)"', file.read_text("utf-8")))
    live = _live_forms(shipped)

    def wrong(address, at="/"):
        parts = urlsplit(urljoin(f"{base.geturl()}{at}", address))
        if parts.netloc != base.netloc or parts.scheme not in (base.scheme, "webcal"):
            return "leads elsewhere"
        path, query, fragment = parts.path or "/", parts.query, parts.fragment
        if path not in shipped.files:
            return None if live(path, query) else "leads nowhere"
        if query:
            return "has a question for a page that cannot answer"
        if fragment and fragment not in ids.get(path, ()):
            return "has a fragment that is not there"
        return None

    return wrong


def _is_foreign(address):
    parts = urlsplit(address)
    return parts.netloc and parts.netloc != urlsplit(site_file()["base_address"]).netloc


def test_links_lead_somewhere(shipped, wrong_address):
    """Every address on a page that points into the site leads to a file, and to its fragment."""
    wrong = []
    for path, document in shipped.documents.items():
        for element, address in _addresses(document):
            if address.startswith(("mailto:", "tel:", "sms:")) or _is_foreign(address):
                continue
            fault = wrong_address(address, path)
            if fault:
                wrong.append(f"{path}: {address} {fault}: {element!r}")

    assert wrong[:SHOWN] == []


def test_links_to_people(shipped):
    """Links to ring, write or text hold a number or an address and nothing else."""
    forms = {
        "tel": r"\+?\d{3,15}",
        "sms": r"\+?\d{3,15}(\?body=\S*)?",
        # To share a page, without an address: families choose to whom they send it.
        "mailto": r"[^@\s]+@[^@\s]+\.\w+|\?subject=[^\s&]+&body=[^\s&]+",
    }

    def find(page):
        for link in page.all("a", where=lambda one: "href" in one):
            scheme, _, rest = link["href"].partition(":")
            if scheme in forms and not re.fullmatch(forms[scheme], rest):
                yield repr(link)

    assert faults(shipped.documents, find) == []


def test_other_hosts(shipped):
    """Other hosts are only ever linked to, over https, and learn nothing of the page (S7)."""

    def find(document):
        for element, address in _addresses(document):
            if not _is_foreign(address):
                continue
            if element.tag != "a" or urlsplit(address).scheme != "https":
                yield repr(element)
            elif not {"noopener", "noreferrer"} & set(element.words("rel")):
                yield f"no rel=noopener: {element!r}"

    assert faults(shipped.documents, find) == []


def test_addresses_in_style_sheets(shipped):
    """Style sheets and pictures ask for nothing."""
    asking = [
        f"{path}: {address}"
        for path, file in shipped.files.items()
        if file.suffix in (".css", ".svg")
        for address in re.findall(
            r"(?:url\(|@import|href=|src=)\s*[\"']?([^\"')\s]*)", file.read_text("utf-8")
        )
        if not address.startswith("#")
    ]

    assert asking == []


def test_addresses_in_feeds(shipped, wrong_address):
    """Addresses in calendars, the sitemap, the manifest and the robots' rules lead somewhere."""
    wrong = set()

    def look(path, address):
        fault = "leads elsewhere" if _is_foreign(address) else wrong_address(address)
        if fault:
            wrong.add(f"{path}: {address} {fault}")

    for path, data in shipped.calendars.items():
        text = re.sub(rb"\r\n[ \t]", b"", data).decode()
        for address in re.findall(r"^(?:URL|SOURCE)(?:;[^:]*)?:(.*?)\r$", text, re.M):
            look(path, address)
    for address in _sitemap(shipped):
        look("/sitemap.xml", address)
    manifest = json.loads(shipped.files["/manifest.webmanifest"].read_bytes())
    for address in (manifest["start_url"], *(icon["src"] for icon in manifest["icons"])):
        look("/manifest.webmanifest", address)
    robots = shipped.files["/robots.txt"].read_text("utf-8")
    for address in re.findall(r"^Sitemap:\s*(\S+)", robots, re.M):
        look("/robots.txt", address)

    assert sorted(wrong)[:SHOWN] == []


def _sitemap(shipped):
    tree = ElementTree.fromstring(shipped.files["/sitemap.xml"].read_bytes())
    return [one.text for one in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]


def test_sitemap(shipped):
    """The sitemap lists every page once, but not the private one and that of proxies."""
    base = site_file()["base_address"]
    listed = _sitemap(shipped)
    pages = {
        f"{base}{path}" for path in shipped.pages if path.endswith("/") and path not in (TALK, DOWN)
    }

    assert len(listed) == len(set(listed))
    assert pages == set(listed)


def test_nothing_is_left_alone(shipped):
    """Every page can be reached from the home page by links."""
    reached, ahead = set(), ["/"]
    while ahead:
        path = ahead.pop()
        if path in reached or path not in shipped.documents:
            continue
        reached.add(path)
        for link in shipped.documents[path].all("a", where=lambda one: "href" in one):
            ahead.append(urlsplit(urljoin(path, link["href"])).path)
    # Pages near a place are led to by the finder, which knows all places. A series that is over
    # keeps its page for those who kept the address.
    alone = [
        path
        for path, page in shipped.pages.items()
        if path not in reached
        and not path.startswith(("/near/", "/embed/", "/404.html", DOWN))
        and not (path.startswith("/sessions/") and "No more dates are planned" in page.text)
    ]

    assert alone[:SHOWN] == []


# --- markup ---------------------------------------------------------------------------------------


def test_markup_conforms(shipped, check_html):
    """The Nu Html Checker has nothing to say about any page, neither errors nor warnings."""
    check_html(shipped.out)


def test_headings(shipped):
    """A page has one first heading, it comes first, and no level is left out below it."""

    def shown(one):
        return "hidden" not in one and not any("hidden" in above for above in one.ancestors)

    def find(page):
        levels = [int(one.tag[1]) for one in page.all(*HEADINGS, where=shown)]
        if levels.count(1) != 1 or levels[0] != 1:
            yield f"levels of headings: {levels}"
        for above, below in itertools.pairwise(levels):
            if below > above + 1:
                yield f"h{below} after h{above}"
        yield from (repr(one) for one in page.all(*HEADINGS) if not one.text)

    assert faults(shipped.documents, find) == []


def test_ids(shipped):
    """Ids are given once, and what refers to an id finds it."""

    def find(page):
        ids = Counter(one["id"] for one in page if "id" in one)
        yield from (f"id '{one}' is given twice" for one in sorted(ids) if ids[one] > 1)
        for element in page:
            for name in REFERENCES:
                if name in element:
                    missing = set(element.words(name)) - ids.keys()
                    yield from (f"{name}='{one}' refers to nothing: {element!r}" for one in missing)

    assert faults(shipped.documents, find) == []


def test_what_pages_say_of_themselves(shipped):
    """Every page has a language, a title of at most 70 characters that is not cut, a description,
    and the address it is known by.

    The private page and that of proxies have no such address: search engines must not keep them.
    """
    base = site_file()["base_address"]
    wrong = []
    for path, page in shipped.pages.items():
        if page.one("html").get("lang") != "en":
            wrong.append(f"{path}: lang")
        title = page.one("title", where=lambda one: one.parent.tag == "head").text
        if not 10 <= len(title) <= 70 or title.endswith("…"):
            wrong.append(f"{path}: title {title}")
        said = [meta["content"] for meta in page.all("meta") if meta.get("name") == "description"]
        if path != "/404.html" and (len(said) != 1 or not 20 <= len(said[0]) <= 300):
            wrong.append(f"{path}: description {said}")
        known = [link["href"] for link in page.all("link") if link.get("rel") == "canonical"]
        if known != ([] if path in (TALK, DOWN) else [base + path]):
            wrong.append(f"{path}: canonical {known}")

    assert wrong[:SHOWN] == []


def test_titles_differ(shipped):
    """No two pages have the same title, unless they are runs of the same thing at one centre."""
    titles = defaultdict(list)
    for path, page in shipped.pages.items():
        titles[page.all("title")[0].text].append(path)

    assert [
        f"{title}: {paths}"
        for title, paths in titles.items()
        if len({path.rpartition("/")[0].rpartition("/")[0] for path in paths}) > 1
        or (len(paths) > 1 and not paths[0].startswith("/sessions/"))
    ][:SHOWN] == []


def test_skip_link_is_first(shipped):
    """The first thing that the Tab key reaches leads to the main part of the page."""

    def find(page):
        first = next(one for one in page.one("body") if one.tag in FOCUSABLE or "tabindex" in one)
        if first.get("href") != "#main" or page.one("main").get("id") != "main":
            yield repr(first)

    assert faults(shipped.pages, find) == []


def test_nothing_inline(shipped):
    """Styles and scripts are in files of their own, so that the policy refuses others (S40)."""

    def find(document):
        for one in document:
            if (
                "style" in one
                or one.tag == "style"
                or any(name.startswith("on") for name in one.attributes)
            ):
                yield repr(one)
            if (
                one.tag == "script"
                and "src" not in one
                and one.get("type") != "application/ld+json"
            ):
                yield repr(one)
            yield from (
                repr(one)
                for name in ADDRESSES
                if one.get(name).strip().lower().startswith(("javascript:", "data:", "vbscript:"))
            )

    assert faults(shipped.documents, find) == []


def test_images(shipped):
    """Every picture has its words, or says that it needs none, and its size."""

    def find(page):
        for one in page.all("img"):
            if "alt" not in one or not (one.get("width").isdigit() and one.get("height").isdigit()):
                yield repr(one)
        for one in page.all("svg", where=lambda one: one.get("aria-hidden") != "true"):
            role = "group" if one.all("a") else "img"
            if one.get("role") != role or not one.name:
                yield repr(one)

    assert faults(shipped.pages, find) == []


def test_cards(shipped):
    """Every page says how a link to it is shown, with a picture of this site and its words."""
    wanted = ("og:title", "og:url", "og:image", "og:image:alt", "og:locale")

    def find(page):
        said = {one.get("property"): one.get("content") for one in page.all("meta")}
        yield from (f"{name} is missing" for name in wanted if not said.get(name))
        address = said.get("og:image", "")
        if not any(address.endswith(path) for path in pictures):
            yield f"{address} is not a picture of this site"

    pictures = [path for path in shipped.files if path.startswith("/static/cards/")]
    public = {path: page for path, page in shipped.pages.items() if path != "/down/"}
    assert faults(public, find) == []


def test_forms(shipped):
    """Every field has a label, every group of choices a legend, every form a button."""

    def find(page):
        labelled = {label.get("for"): label.text for label in page.all("label")}
        for field in page.all(
            *CONTROLS, where=lambda one: one.get("type") not in ("hidden", "submit")
        ):
            inside = any(above.tag == "label" and above.text for above in field.ancestors)
            if not (labelled.get(field.get("id")) or inside or field.get("aria-label")):
                yield f"no label: {field!r}"
        for group in page.all("fieldset"):
            if not any(child.tag == "legend" and child.text for child in group.children):
                yield f"no legend: {group!r}"
        for form in page.all("form"):
            if not form.all("button", where=lambda one: one.get("type", "submit") == "submit"):
                yield f"no button: {form!r}"
            if form.get("method", "get") != "get" and not form.get("action"):
                yield f"no address: {form!r}"

    assert faults(shipped.pages, find) == []


def test_names(shipped):
    """Every link and button has a name that says where it goes or what it does."""
    vague = {"click here", "here", "more", "read more", "link", "this page"}

    def find(page):
        for one in page.all("a", "button", "summary"):
            if not one.name:
                yield f"no name: {one!r}"
            if one.name.lower() in vague:
                yield f"'{one.name}' says nothing: {one!r}"

    assert faults(shipped.pages, find) == []


def test_tables(shipped):
    """Every table has a name, and every header cell says what it heads."""
    # Markdown has no captions: in texts, the heading above the table is its name.
    in_texts = [shipped.pages[f"/{one.slug}/"] for one in written("content/pages")]

    def find(page):
        for table in page.all("table"):
            first = next(table.children, None)
            named = first is not None and first.tag == "caption" and first.text
            if not named and not (page in in_texts and table.parent.tag == "main"):
                yield f"no caption: {table!r}"
            heads = table.all("th")
            if not heads:
                yield f"no header cell: {table!r}"
            scopes = ("row", "col", "rowgroup", "colgroup")
            yield from (f"no scope: {one!r}" for one in heads if one.get("scope") not in scopes)

    assert faults(shipped.pages, find) == []


def test_nothing_left_over(shipped):
    """No page shows what only the machine should see."""

    def find(page):
        if found := LEFTOVERS.search(page.text):
            yield page.text[max(0, found.start() - 40) : found.end() + 40]
        for element in page:
            for name, value in element.attributes.items():
                if LEFTOVERS.search(value):
                    yield f"{name}: {element!r}"

    assert faults(shipped.documents, find) == []


def test_pages_say_that_they_are_samples(shipped):
    """While the site is a demonstration, every page says so, and asks robots to leave it out."""
    if site_file().get("demonstration") != "yes":
        pytest.skip("the site is no demonstration any more")

    def find(page):
        robots = [meta.get("content") for meta in page.all("meta") if meta.get("name") == "robots"]
        if robots != ["noindex"]:
            yield f"robots: {robots}"
        if "demonstration" not in page.text and not moved_to(page):
            yield "does not say so"

    assert faults(shipped.documents, find) == []
    # Else robots would never read that they should leave the pages out; and calendars must be read.
    assert "Disallow: /\n" not in shipped.files["/robots.txt"].read_text("utf-8")


def _linked_data(page):
    return [
        json.loads("".join(part for part in one.parts if isinstance(part, str)))
        for one in page.all("script", where=lambda one: one.get("type") == "application/ld+json")
    ]


def _values(data):
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, list):
        for one in data:
            yield from _values(one)
    else:
        yield data


def test_linked_data(shipped, wrong_address):
    """Data for machines can be read, names our addresses rightly, and is where pages need it."""
    wrong = []
    for path, page in shipped.documents.items():
        found = _linked_data(page)
        for value in _values(found):
            text = str(value)
            if text.startswith("http") and not text.startswith("https://schema.org"):
                fault = wrong_address(re.sub("#(venue|service|offer)$", "", text))
                if fault:
                    wrong.append(f"{path}: {text} {fault}")
            if value is None or value == "":
                wrong.append(f"{path}: an empty value")
        wanted = re.fullmatch(r"/centres/[^/]+/", path) or re.fullmatch(r"/programmes/[^/]+/", path)
        sensitive = path.strip("/").rpartition("/")[2] in sensitive_programmes()
        expected = bool(wanted) and not sensitive and not moved_to(page)
        if bool(found) != expected and not path.startswith("/sessions/"):
            wrong.append(f"{path}: {'no' if not found else 'some'} linked data")

    assert wrong[:SHOWN] == []


# --- sizes ----------------------------------------------------------------------------------------


def test_sizes(shipped):
    """A page with its style sheets fits into the first answers of a slow connection."""
    sizes, places = {}, set()
    for path, page in shipped.documents.items():
        sheets = [one["href"] for one in page.all("link") if one.get("rel") == "stylesheet"]
        sizes[path] = shipped.size(path) + sum(map(shipped.size, sheets))
        places |= {path.split("/")[1] for _ in sheets[1:]}
    large = {
        path: size
        for path, size in sizes.items()
        if size > (10_240 if path == "/" or path.startswith("/near/") else 14_336)
    }

    # Pages of figures alone have a second sheet, so that families do not wait for it.
    assert places <= {"coverage", "data", "reports"}
    for path in shipped.files:
        if path.endswith(".css"):
            assert shipped.size(path) <= 8_192
    assert dict(sorted(large.items(), key=lambda one: -one[1])[:SHOWN]) == {}


def test_sizes_of_scripts(shipped):
    """Every page asks for one small script; the finder has one of its own, and its tables.

    The service worker is fetched only by those who keep a page.
    """
    sizes = defaultdict(int)
    for path in shipped.files:
        if path.endswith(".js") or path.startswith("/search/"):
            sizes[re.split(r"[.-]", path)[0]] += shipped.size(path)
    asked = {
        tuple(re.split(r"[.-]", one["src"])[0] for one in page.all("script") if "src" in one)
        for path, page in shipped.pages.items()
        if path != "/find/"
    }

    assert asked == {("/static/site",)}
    assert sizes["/static/site"] <= 8_192
    assert sizes["/static/find"] <= 12_288
    assert sizes["/search/index"] + sizes["/search/places"] <= 40_960
    assert sizes["/service"] <= 2_048
    assert len(sizes) <= 5


# --- what is withheld -----------------------------------------------------------------------------


def _words_of(one):
    """Where a sensitive series meets, as far as its file says so."""
    venue = one.fields.get("venue")
    fields = venue if isinstance(venue, dict) else {}
    yield from (str(fields[name]) for name in ("name", "address", "postcode") if fields.get(name))


def test_sensitive_series_are_nowhere(shipped):
    """No public file holds the address of a sensitive series, or where it meets (S3)."""
    private = sensitive_series()
    public = "\n".join(
        f"{one.fields} {one.body}" for one in written("centres") if one not in private
    ).casefold()
    venues = {words.casefold() for one in private for words in _words_of(one)}
    wanted = {words for words in venues if words not in public}
    for one in private:
        wanted |= {one.identity, f"{one.slug}.{Path(one.path).parent.name}"}
    found = []
    for path, file in shipped.files.items():
        text = file.read_bytes().decode("utf-8", "replace")
        if path.endswith(".ics"):
            text = re.sub(r"\r\n[ \t]", "", text).replace("\\", "")
        text = text.casefold()
        for words in wanted:
            # The plain look comes first: it is quick, and there are thousands of files.
            if words in text and re.search(rf"(?<![\w-]){re.escape(words)}(?![\w-])", text):
                found.append(f"{path}: {words}")

    assert len(wanted) >= 2 * len(private) > 0
    assert found[:SHOWN] == []


def test_sensitive_programmes_are_only_linked_to(shipped):
    """Calendars and data for machines do not name sensitive programmes; pages only link to them."""
    titles = {
        one.fields["title"]: f"/programmes/{slug}/" for slug, one in sensitive_programmes().items()
    }
    public = {
        str(one.fields.get("title"))
        for one in (*programmes().values(), *series())
        if one.slug not in sensitive_programmes()
    }
    wrong = []
    for path, data in shipped.calendars.items():
        text = re.sub(r"\r\n[ \t]", "", data.decode())
        wrong += [
            f"{path}: {title}"
            for title, at in titles.items()
            if at in text or (title in text and title not in public)
        ]
    for path, page in shipped.documents.items():
        for title, at in titles.items():
            if path == at:
                continue
            if any(
                title in str(value) or at in str(value) for value in _values(_linked_data(page))
            ):
                wrong.append(f"{path}: {title} in linked data")

    assert wrong[:SHOWN] == []


def test_sensitive_pages(shipped):
    """A sensitive page can be left at once, and says neither where nor when we meet (S1, S3)."""
    exit_address = site_file()["quick_exit"]
    private = defaultdict(list)
    for one in sensitive_series():
        private[one.fields["programme"]].append(one)
    texts = [one.slug for one in written("content/pages") if one.fields.get("sensitive") == "yes"]
    paths = [f"/programmes/{slug}/" for slug in sensitive_programmes()] + [
        TALK,
        *(f"/{slug}/" for slug in texts),
    ]
    wrong = []
    for path in paths:
        page = shipped.pages[path]
        second = page.one("body").all(*FOCUSABLE)[1]
        exits = page.all("a", where=lambda one: "data-exit" in one)
        if len(exits) != 2 or second not in exits:
            wrong.append(f"{path}: no way out straight after the skip link")
        for one in exits:
            if one["href"] != exit_address or not {"noreferrer", "nofollow"} <= set(
                one.words("rel")
            ):
                wrong.append(f"{path}: {one!r}")
        if not any(above.tag == "aside" and above.name for above in exits[-1].ancestors):
            wrong.append(f"{path}: the way out is in no labelled aside")
        if path.startswith("/programmes/"):
            main = page.one("main")
            leads = [
                link["href"]
                for link in main.all("a")
                if re.match(r"/(sessions|centres|near|book)/", link["href"])
            ]
            said = re.findall(r"\b[A-Z]{1,2}\d[\dA-Z]? ?\d[A-Z]{2}\b", main.text)
            times = [
                t for one in private[path.split("/")[2]] for t in _time_words(one) if t in main.text
            ]
            wrong += [f"{path}: {words}" for words in (*leads, *said, *times)]
            if main.all("time", "table") or page.all(where=lambda one: "data-ends" in one):
                wrong.append(f"{path}: has dates")

    assert len(paths) > 6
    assert wrong == []


def _time_words(one):
    """The times of a series as pages would say them."""
    for moment in re.findall(r"\d\d:\d\d", str(one.fields["time"])):
        hour, minute = map(int, moment.split(":"))
        clock = f"{hour % 12 or 12}" + (f":{minute:02}" if minute else "")
        yield f"{clock}{'am' if hour < 12 else 'pm'}"


def test_no_private_need_is_named(shipped):
    """No address, link, title, description, calendar or table for machines names a private need.

    The news, with its feed, may speak of what the service does (S81).
    """
    forms = {form for need in PRIVATE_NEEDS for form in (need, need.replace("-", " "), NEEDS[need])}
    named = re.compile("|".join(forms), re.IGNORECASE)
    machines = (".ics", ".json", ".xml", ".webmanifest", "_headers")
    found = [path for path in shipped.files if named.search(path)]
    for path, file in shipped.files.items():
        if path.endswith(machines) and named.search(file.read_text("utf-8")):
            found.append(path)
    for path, page in shipped.documents.items():
        said = [one.text for one in page.all("title", "h1")]
        said += [one["content"] for one in page.all("meta") if "content" in one]
        said += [one["href"] for one in page.all("a", "link", "form") if "href" in one]
        said += [one["value"] for one in page.all("input", "option") if "value" in one]
        found += [f"{path}: {words}" for words in said if named.search(words)]

    assert found[:SHOWN] == []


def test_only_sensitive_pages_have_the_way_out(shipped):
    """Other pages do not carry the exit control: it would say that they are sensitive."""
    sensitive = {TALK, *(f"/programmes/{slug}/" for slug in sensitive_programmes())}
    sensitive |= {
        f"/{one.slug}/" for one in written("content/pages") if one.fields.get("sensitive") == "yes"
    }
    others = {path: page for path, page in shipped.documents.items() if path not in sensitive}

    assert faults(others, lambda page: page.all("a", where=lambda one: "data-exit" in one)) == []


# --- the same bytes -------------------------------------------------------------------------------


def _copy(folder):
    """The content in a folder of its own, with the same history and times, which give dates."""
    if (ROOT / ".git").exists():
        clone = ["git", "clone", "--quiet", "--no-hardlinks", "--no-checkout", str(ROOT)]
        subprocess.run([*clone, str(folder)], check=True, timeout=60)
        subprocess.run(["git", "-C", str(folder), "reset", "--quiet"], check=True, timeout=60)
    for name in ("content", "centres", "programmes"):
        shutil.copytree(ROOT / name, folder / name)  # with what is not committed yet
    return folder


def _digests(out):
    """The digest of each file of a site by its name, without twins."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.rglob("*")
        if path.is_file() and not path.name.endswith(TWINS)
    }


@pytest.mark.long
def test_two_builds(shipped, tmp_path):
    """The same content and day give the same bytes: other folder, process, seed, time zone and
    number of workers."""
    root = _copy(tmp_path / "other/it")
    given = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    given |= {"PYTHONPATH": str(ROOT), "PORTAL_VAR": str(root / "var"), "PORTAL_LEAFLETS": "no"}
    given |= {"PYTHONHASHSEED": "99", "TZ": "Asia/Tokyo"}
    out = root / "build"
    command = [sys.executable, "-m", "portal", "--root", str(root), "build", "--out", str(out)]
    command += ["--today", DAY.isoformat(), "--jobs", "1"]
    subprocess.run(
        command, check=True, cwd=root.parent, env=given, timeout=300, stdout=subprocess.DEVNULL
    )
    one, other = _digests(shipped.out), _digests(out)
    names = sorted(one.keys() | other.keys())

    assert len(one) > 1000
    assert [name for name in names if one.get(name) != other.get(name)][:SHOWN] == []


def test_nothing_of_the_preview_is_published(shipped):
    """The editors' script, style and notes are in no file of the site, by name or by content."""
    traces = (b"/-preview", b"preview-note", b"EventSource")
    found = [
        path
        for path, file in shipped.files.items()
        if "preview" in path or any(trace in file.read_bytes() for trace in traces)
    ]

    assert found == []
