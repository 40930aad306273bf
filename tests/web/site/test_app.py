"""The public site, made of the sample: every address, and what the pages say."""

import fnmatch
import gzip
import json
import re
from collections import Counter
from itertools import pairwise

import brotli
import pytest
from jinja2 import UndefinedError

from portal.directory import AGE_BANDS
from portal.web.assets import PACKAGE, made_from_line, static_files
from portal.web.headers import HEADERS
from portal.web.site.app import addresses, create_site
from portal.web.site.pages import KINDS
from portal.web.templating import environment, json_block
from tests.support import markup
from tests.support.reports import cube_of, with_reports

# --- addresses ---------------------------------------------------------------------------------


def test_each_address_once(directory):
    """No two things want one address."""
    counted = Counter(addresses(directory))

    assert [path for path, number in counted.items() if number > 1] == []


def test_all_answer(answers):
    """Every address that is listed answers, without leading elsewhere."""
    assert {
        path: answer.status_code for path, answer in answers.items() if answer.status_code != 200
    } == {}


def test_addresses_of_the_design(directory):
    """The addresses of the design are there."""
    wanted = {
        "/", "/find/", "/near/preston/", "/footprints/burnley-pendle/", "/districts/pendle/",
        "/centres/", "/centres/riverbank/", "/centres/riverbank/whats-on/", "/programmes/",
        "/programmes/baby-massage/", "/sessions/riverbank/bump-spring/", "/ages/toddlers/",
        "/whats-on/", "/whats-on/tuesday/", "/news/", "/calendars/", "/404.html", "/_headers",
        "/manifest.webmanifest", "/favicon.svg", "/centres/old-riverbank/",
        "/sessions/riverbank/bump-winter/", "/calendar.ics", "/centres/riverbank/calendar.ics",
    }  # fmt: skip

    assert wanted - set(addresses(directory)) == set()


def test_every_noun_has_its_page(directory):
    """A noun's own path is among the addresses; a sensitive series has none."""
    nouns = (
        *directory.footprints, *directory.districts, *directory.centres, *directory.programmes,
        *directory.series, *directory.settlements, *directory.news, *directory.pages,
        *directory.help_pages, *AGE_BANDS,
    )  # fmt: skip
    listed = set(addresses(directory))

    assert [noun.path for noun in nouns if noun.path not in listed] == []
    assert [one.path for one in directory.private_series if one.path in listed] == []


def test_links_lead_somewhere(read, directory):
    """Links within the site lead to addresses that exist, or to the live part."""
    listed = set(addresses(directory))
    live = (
        "/book/",
        "/request/",
        "/tell/",
        "/find/results",
        "/gap",
        "/bookings/",
        "/calendars/preview",
        "/consultations/",
    )
    broken = set()
    for path, page in read.items():
        ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
        for name, attributes in page.elements:
            target = attributes.get("href") or attributes.get("src") or attributes.get("action")
            if not target or name == "use" or target.startswith(live):
                continue
            if target.startswith("#"):
                if target[1:] not in ids:
                    broken.add((path, target))
            elif target.startswith("/") and re.split(r"[?#]", target)[0] not in listed:
                broken.add((path, target))

    assert broken == set()


def test_old_names_lead_on(answers):
    """A page at an old address says where it went, to people and to search engines."""
    old = answers["/centres/old-riverbank/"].text

    assert '<meta http-equiv="refresh" content="0; url=/centres/riverbank/">' in old
    assert '<link rel="canonical" href="https://families.example/centres/riverbank/">' in old
    assert '<a href="/centres/riverbank/">' in old


def test_unknown_addresses(site):
    """What does not exist gets the page that helps, and the right number."""
    client = site.test_client()
    answer = client.get("/centres/nowhere/")

    assert answer.status_code == 404
    assert "We cannot find that page" in answer.text
    assert client.get("/no/such.file").status_code == 404


@pytest.mark.slow
def test_both_readers_of_tests_read_the_same(pages):
    """The quick reader of pages makes the tree that Python's own parser makes, or none."""
    quick = 0
    for path, html in pages.items():
        slow = markup.read_slowly(html)
        found = markup.read_quickly(html)
        quick += found is not None
        assert found is None or outline(found) == outline(slow), path

    assert quick > len(pages) * 0.9
    for odd in ("<p class=one>", "<p class='one'></p>", "a < b", "<script>'</p>'</script>"):
        assert markup.read_quickly(odd) is None
    for wrong in (
        "<p>",
        "</p>",
        "<p id='1' id='2'></p>",
        '<p id="1" id="2"></p>',
        "<b><i></b></i>",
    ):
        with pytest.raises(markup.Unbalanced):
            markup.parsed(wrong)


def outline(tree):
    return [(one.tag, one.attributes, one.line, len([*one]), one.text) for one in tree]


def test_another_base_address(directory):
    """A base address that is handed in takes the place of the site's own, in feeds as well."""
    client = create_site(directory, base_address="https://other.example/").test_client()

    assert 'rel="canonical" href="https://other.example/centres/"' in client.get("/centres/").text
    assert "families.example/" not in client.get("/centres/riverbank/").text.replace(
        "@families.example", ""
    )
    assert "https://other.example/" in client.get("/calendar.ics").text


# --- every page --------------------------------------------------------------------------------


def test_markup_is_sound(read):
    """Elements close in order, attributes stand once, ids are unique."""
    faults = {
        path: page.faults + [f"<{tag}> left open" for tag in page.open]
        for path, page in read.items()
    }
    twice = {
        path: [
            name
            for name, number in Counter(a["id"] for _, a in page.elements if "id" in a).items()
            if number > 1
        ]
        for path, page in read.items()
    }

    assert {path: found for path, found in faults.items() if found} == {}
    assert {path: found for path, found in twice.items() if found} == {}


def test_titles_are_unique(pages):
    """No two pages have one title, and each says the service where it fits into 70 characters."""
    titles = {
        path: re.search(r"<title>(.*?)</title>", html, re.S)[1] for path, html in pages.items()
    }
    twice = [title for title, number in Counter(titles.values()).items() if number > 1]

    # Runs of one programme at one place share their name, as they do on the door.
    assert [
        path for path, title in titles.items() if title in twice and "/sessions/" not in path
    ] == []
    assert [
        path
        for path, title in titles.items()
        if "Children and Family Wellbeing Service" not in title
        and len(title.removesuffix(" – Lancashire"))
        + len(" – Children and Family Wellbeing Service")
        <= 70
    ] == []


def test_headings_are_in_order(read):
    """One h1 a page, and no level is left out on the way down."""
    wrong = []
    for path, page in read.items():
        levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
        steps = pairwise(levels)
        if levels.count(1) != 1 or any(lower > upper + 1 for upper, lower in steps):
            wrong.append((path, levels))

    assert wrong == []


def test_nothing_inline(read):
    """No style and no handler stands in a page: the content security policy forbids them."""
    wrong = [
        (path, tag, name)
        for path, page in read.items()
        for tag, attributes in page.elements
        for name in attributes
        if name == "style" or name.startswith("on") or tag == "style"
    ]
    scripts = {
        attributes.get("type") or attributes.get("src", "inline")
        for page in read.values()
        for attributes in page.all("script")
    }

    assert wrong == []
    own = {file.path for file in static_files().values() if file.path.endswith(".js")}
    assert scripts <= own | {"application/ld+json"}


def test_landmarks(read):
    """Every page has a language, a way to skip to its one main part, and a marked navigation."""
    for path, page in read.items():
        assert page.all("html")[0]["lang"], path
        assert len(page.all("main")) == 1, path
        assert page.all("a")[0]["href"] == "#main", path
        assert len(page.all("header")) == len(page.all("footer")) == 1, path
        names = [attributes["aria-label"] for attributes in page.all("nav")]
        assert len(names) == len(set(names)), path


def test_fields_have_labels(read):
    """Every field is named by a label of its own."""
    for path, page in read.items():
        labelled = {attributes.get("for") for attributes in page.all("label")}
        fields = [a for tag in ("input", "select", "textarea") for a in page.all(tag)]
        fields = [field for field in fields if field.get("type") != "hidden"]

        assert {field["id"] for field in fields} == labelled, path


def test_samples_are_said_to_be_samples(read):
    """While the site is a demonstration each page says so, and no search engine keeps it."""
    for path, page in read.items():
        robots = [a["content"] for a in page.all("meta") if a.get("name") == "robots"]

        assert robots == ["noindex"], path
        assert "demonstration" in page.text, path


def test_no_other_hosts(read):
    """Nothing is fetched from elsewhere; links that leave say nothing of where one was."""
    for path, page in read.items():
        for tag in ("script", "img", "iframe", "source"):
            assert [a for a in page.all(tag) if a.get("src", "/")[0] != "/"] == [], path
        for attributes in page.all("link"):
            own = attributes["rel"] == "canonical" or attributes["href"].startswith("/")
            assert own, (path, attributes)


def test_current_section_is_marked(read):
    """The navigation says which page, or which part of the site, one is on."""
    current = {
        path: [(a["href"], a["aria-current"]) for a in read[path].all("a") if "aria-current" in a]
        for path in ("/", "/centres/", "/centres/riverbank/")
    }

    assert current == {
        "/": [],
        "/centres/": [("/centres/", "page")],
        "/centres/riverbank/": [("/centres/", "true")],
    }


def test_sizes(pages, answers):
    """A page and the sheet it waits for stay small on the wire, however they are packed."""
    sheet = static_files()["site.css"].content
    script = static_files()["site.js"].content
    more = [static_files()[name] for name in ("figures.css", "reports.css")]
    for pack in (
        lambda data: brotli.compress(data, quality=5),
        lambda data: gzip.compress(data, 6),
    ):
        assert len(pack(sheet)) <= 8 * 1024
        assert len(pack(script)) <= 8 * 1024
        for path, html in pages.items():
            most = 10_240 if path == "/" or path.startswith("/near/") else 14_336
            sheets = [sheet, *(one.content for one in more if one.path in html)]
            assert sum(len(pack(one)) for one in (html.encode(), *sheets)) <= most, path


def test_same_input_same_bytes(directory, answers):
    """Made twice, pages are the same to the byte."""
    again = create_site(directory).test_client()

    assert [p for p, a in answers.items() if again.get(p).data != a.data] == []


# --- what is left unsaid -------------------------------------------------------------------------


def test_sensitive_programmes_are_kept_apart(directory, answers):
    """Where and when a sensitive programme meets is on no page and in no file (S3)."""
    private = directory.private_series
    assert private
    betrayed = [
        (path, word)
        for path, answer in answers.items()
        for one in private
        for word in (one.path, one.identity, one.room, one.time.words)
        if word and word.encode() in answer.data
    ]

    assert betrayed == []


def test_only_sensitive_pages_have_the_exit(directory, read):
    """The exit control stands where it is needed and nowhere else."""
    with_exit = {
        path for path, page in read.items() if any("data-exit" in a for a in page.all("a"))
    }
    sensitive = {
        noun.path
        for noun in (*directory.programmes, *directory.pages, directory.talk)
        if noun.sensitive
    }

    assert with_exit == sensitive


def test_json_cannot_end_its_element():
    """Text in a data block is escaped wherever it could end the block (S17)."""
    made = str(json_block({"name": "</script><script>alert(1)</script>"}))

    assert "<" not in made
    assert json.loads(made) == {"name": "</script><script>alert(1)</script>"}


def test_empty_places_lead_on(directory):
    """A page with nothing to list says what to do next, and the number to ring."""
    bare = directory.model_copy(update={"series": (), "news": ()})
    for name in list(bare.__dict__):
        if name.startswith("_series"):
            del bare.__dict__[name]
    client = create_site(bare).test_client()
    for path in ("/", "/near/preston/", "/whats-on/", "/whats-on/tuesday/", "/ages/toddlers/",
                 "/districts/preston/", "/footprints/preston/", "/centres/riverbank/",
                 "/centres/riverbank/whats-on/", "/programmes/play-sessions/"):  # fmt: skip
        html = client.get(path).text

        assert 'class="nothing"' in html, path
        assert "01632 960100" in html, path
    assert client.get("/news/").status_code == 404


# --- templates, headers, files -------------------------------------------------------------------


def test_unknown_names_fail():
    """A template that uses a name nobody gave it fails."""
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nobody.gave_this }}").render()


@pytest.mark.slow
def test_every_template_compiles_and_escapes():
    """Every template is sound, and everything in it is escaped."""
    made = environment()

    for name in made.list_templates():
        made.get_template(name)
    assert made.from_string("{{ '<b>' }}").render() == "&lt;b&gt;"


def test_headers(answers):
    """Every answer carries the security headers, and the file for static hosts has the same."""
    file = answers["/_headers"].text

    for name, value in HEADERS.items():
        assert all(answer.headers[name] == value for answer in answers.values())
        assert f"  {name}: {value}\n" in file
    assert "Strict-Transport-Security: max-age=31536000" in file
    assert "immutable" in file


def test_headers_are_for_files_that_exist(answers):
    """Each pattern of the file for static hosts matches a file that is built."""
    patterns = [one for one in answers["/_headers"].text.splitlines() if one.startswith("/")]

    assert len(patterns) > 5
    assert [one for one in patterns if not fnmatch.filter(answers, one)] == []


def test_manifest(answers):
    """The manifest can be read and names an icon that exists."""
    manifest = json.loads(answers["/manifest.webmanifest"].text)

    assert manifest["name"] == "Children and Family Wellbeing Service, Lancashire"
    assert manifest["icons"][0]["src"] in answers


def test_style_sheet_is_logical():
    """No property of the sheet knows left from right, so pages from right to left need no other."""
    for name in ("site.css", "figures.css", "reports.css"):
        sheet = static_files()[name].content.decode()

        assert (
            re.findall(
                r"[;{](?:margin|padding|border)-(?:left|right|top|bottom)|[;{](?:left|right|width|height):",
                sheet,
            )
            == []
        )
        assert "@import" not in sheet
        assert "url(" not in sheet


def test_the_finders_script_is_minified():
    """The minified form is made from the script as it is; after a change run `make scripts`."""
    small = (PACKAGE / "static/find.min.js").read_text("utf-8")
    script = (PACKAGE / "static/find.js").read_text("utf-8")

    assert small.startswith(f"{made_from_line(script)}\n")
    assert static_files()["find.js"].content.decode() == small.partition("\n")[2]


def test_static_files_are_named_by_content():
    """A file that changes gets another name, so browsers may keep it for a year."""
    assert all(
        re.fullmatch(r"/static/\w+\.[0-9a-f]{10}\.\w+", static_files()[name].path)
        for name in ("site.css", "site.js")
    )


def test_every_kind_of_page_is_used(directory):
    """No kind of page is declared that the sample does not show once a quarter is published."""
    reported = with_reports(directory, cube_of(directory))

    assert [kind.rule for kind in KINDS if not list(kind.nouns(reported))] == []
