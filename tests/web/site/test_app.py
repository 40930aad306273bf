"""The public site, made of the sample: every address, and what the pages say."""

import gzip
import json
import re
from collections import Counter
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise

import brotli
import pytest
from jinja2 import UndefinedError

from portal.directory import AGE_BANDS
from portal.web.site.app import addresses, create_site
from portal.web.site.pages import KINDS
from portal.web.site.pages.browsing import weekdays
from portal.web.templating import HEADERS, environment, json_block, static_files
from tests.support import made

VOID = {"meta", "link", "br", "hr", "img", "input", "path", "use", "source", "wbr", "col"}


class Reader(HTMLParser):
    """What the rules below ask of a page: elements with attributes, texts, nesting."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.texts, self.open, self.faults = [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"an attribute twice in <{tag}>")
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.texts.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.texts))


@pytest.fixture(scope="module")
def site(directory):
    return create_site(directory)


@pytest.fixture(scope="module")
def answers(site, directory):
    client = site.test_client()
    return {path: client.get(path) for path in addresses(directory)}


@pytest.fixture(scope="module")
def pages(answers):
    """Every page that stands for itself: no redirect, and no part of a partner's page."""
    return {
        path: answer.text
        for path, answer in answers.items()
        if answer.mimetype == "text/html"
        and "http-equiv" not in answer.text
        and not path.startswith("/embed/")
    }


@pytest.fixture(scope="module")
def read(pages):
    return {path: Reader(html) for path, html in pages.items()}


def words_of(read, path):
    return read[path].text


def data_of(html):
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.S)
    return json.loads(found[1]) if found else None


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
        *directory.series, *directory.settlements, *directory.news, *directory.pages, *AGE_BANDS,
    )  # fmt: skip
    listed = set(addresses(directory))

    assert [noun.path for noun in nouns if noun.path not in listed] == []
    assert [one.path for one in directory.private_series if one.path in listed] == []


def test_links_lead_somewhere(read, directory):
    """Links within the site lead to addresses that exist, or to the live part."""
    listed = set(addresses(directory))
    live = ("/book/", "/request/", "/find/results", "/gap", "/bookings/", "/calendars/preview")
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
    """No two pages have one title, and each names the service."""
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
    for pack in (
        lambda data: brotli.compress(data, quality=5),
        lambda data: gzip.compress(data, 6),
    ):
        assert len(pack(sheet)) <= 6 * 1024
        assert len(pack(script)) <= 6 * 1024
        for path, html in pages.items():
            most = 10_240 if path == "/" or path.startswith("/near/") else 14_336
            assert len(pack(html.encode())) + len(pack(sheet)) <= most, path


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
        if word and word in answer.text
    ]

    assert betrayed == []


def test_sensitive_page(pages, read):
    """Such a page can be left at once and gives a way to ask, no place, no time and no data."""
    path = "/programmes/group-for-women/"
    page, html = read[path], pages[path]
    exits = [a for a in page.all("a") if "data-exit" in a]

    assert [a["href"] for a in exits] == ["https://www.bbc.co.uk/weather"] * 2
    assert {a["rel"] for a in exits} == {"noreferrer nofollow"}
    assert page.all("a")[1] is exits[0]
    assert "/request/group-for-women" in html
    assert data_of(html) is None
    assert "calendar.ics" not in html
    assert "data-ends" not in html


def test_only_sensitive_pages_have_the_exit(directory, read):
    """The exit control stands where it is needed and nowhere else."""
    with_exit = {
        path for path, page in read.items() if any("data-exit" in a for a in page.all("a"))
    }
    sensitive = {noun.path for noun in (*directory.programmes, *directory.pages) if noun.sensitive}

    assert with_exit == sensitive


def test_unpublished_address(pages):
    """A centre whose address is not published shows its town alone."""
    html = pages["/centres/harbour/"]

    assert "40 Dock Road" not in html
    assert "FY7 6NS" not in html
    assert "Fleetwood" in html


def test_json_cannot_end_its_element():
    """Text in a data block is escaped wherever it could end the block (S17)."""
    made = str(json_block({"name": "</script><script>alert(1)</script>"}))

    assert "<" not in made
    assert json.loads(made) == {"name": "</script><script>alert(1)</script>"}


# --- what pages say ------------------------------------------------------------------------------


def test_home(read, directory):
    """The first page asks where, how old and when, and leads on to areas, ages and urgent help."""
    page = read["/"]
    form = page.all("form")

    assert [(f["action"], f["method"]) for f in form] == [("/find/results#results", "get")]
    assert [a["name"] for tag in ("input", "select") for a in page.all(tag)] == [
        "near",
        "age",
        "day",
    ]
    links = {a["href"] for a in page.all("a")}
    assert {noun.path for noun in (*directory.footprints, *AGE_BANDS)} <= links
    assert "tel:999" in links or "urgent-help" not in {p.slug for p in directory.pages}


def test_rows_say_all_in_order(read):
    """A result says its name, time, venue, miles, ages, cost, way to a place and access, so."""
    text = words_of(read, "/near/preston/")
    found = re.search(
        r"Play Sessions in Urdu 1:30pm to 3pm Riverbank Centre, Preston, ([\d.]+ miles?|about .*?) "
        r".*?(Ages|Birth) .*?\. .*?\. Drop in In Urdu\. Step-free entrance",
        text,
    )

    assert found, text


def test_near_is_nearest_first(read):
    """Within a day, what is nearer comes first."""
    html = words_of(read, "/near/preston/")
    monday = re.findall(r"([\d.]+) miles?\b", html.split("November")[1])

    assert monday == sorted(monday, key=float)


def test_near_says_when_nothing_is(directory, read):
    """Where nothing is within 10 miles the page says so, and names what is nearest."""
    said = [
        path
        for path in read
        if path.startswith("/near/") and "Nothing is within 10 miles" in read[path].text
    ]

    for path in said:
        assert any(a.get("href", "").startswith("/sessions/") for a in read[path].all("a"))


def test_series_page(read, pages):
    """A series says when, where, for whom, what it costs, and how to get a place."""
    text = words_of(read, "/sessions/riverbank/bump-spring/")
    html = pages["/sessions/riverbank/bump-spring/"]

    assert "Tuesdays, 10am to midday, in term time" in text
    assert "6 sessions, from 12 January to" in text
    assert "Willow Room" in text
    assert "Amina and Jo" in text
    assert 'href="/book/riverbank/bump-spring"' in html
    assert 'href="webcal://families.example/sessions/riverbank/bump-spring/calendar.ics"' in html
    assert "https://families.example/sessions/riverbank/bump-spring/calendar.ics</code>" in html
    assert "We start with tea at 9:45." in text


def test_changes_are_said_in_words(read, pages):
    """A date that is off or moved says so in words, not by a line through it alone."""
    moved = words_of(read, "/sessions/riverbank/bump-spring/")
    off = words_of(read, "/sessions/riverbank/play-monday/")
    elsewhere = words_of(read, "/sessions/weavers-yard/feeding-wednesday/")

    assert "Wednesday 3 February 2027 1pm to 3pm" in moved
    assert "Moved from Tuesday 2 February" in moved
    assert "Cancelled The hall is used for a vote." in off
    assert "<s>Monday 14 December 2026</s>" in pages["/sessions/riverbank/play-monday/"]
    assert "Other place Nelson Library, Market Square, BB9 7AB." in elsewhere


def test_closures_reach_the_dates(read):
    """A day on which the centre is closed is cancelled on the group's page."""
    text = words_of(read, "/sessions/riverbank/play-monday/")

    assert "Cancelled The boiler is being mended." in text


def test_withdrawn_series(read, pages):
    """A run that is off says why, and offers no button."""
    path = "/sessions/mill-brow/massage-spring/"

    assert "This is cancelled The leader has moved to another job." in words_of(read, path)
    assert 'role="button"' not in pages[path]


def test_no_button_where_all_dates_are_off():
    """A run of which every coming date is called off has none; with one date left, it has."""
    off = [{"date": "2027-01-12", "cancelled": "The leader is ill"}]
    directory = made.directory(
        {"repeats": "once"},
        {"repeats": "once", "changes": off},
        {"repeats": "once", "changes": off, "booking": "request"},
        {"changes": off},
    )
    client = create_site(directory).test_client()
    shown = [
        'role="button"' in client.get(f"/sessions/riverbank/bump{number}/").text
        for number in ("", "-1", "-2", "-3")
    ]

    assert shown == [True, False, False, True]


BOOK, CLOSED = 'href="/book/riverbank/bump"', "Booking has closed."
DATE, ASK = 'href="/book/riverbank/bump?session=2027-01-19"', 'href="/request/bump?'


@pytest.mark.parametrize(
    ("day", "fields", "expected"),
    [
        (date(2027, 1, 12), {}, BOOK),
        (date(2027, 1, 13), {}, CLOSED),
        (date(2027, 1, 13), {"until": "2027-03-30"}, BOOK),
        (date(2027, 1, 13), {"book": "session"}, DATE),
        (date(2027, 1, 13), {"booking": "request"}, ASK),
        (date(2027, 1, 13), {"closes": "2027-01-13"}, BOOK),
        (date(2027, 1, 14), {"closes": "2027-01-13"}, CLOSED),
    ],
)
def test_a_page_offers_what_can_be_booked_on_its_day(day, fields, expected):
    """As the live pages do: a course closes when it begins, a closing date at the day's end."""
    client = create_site(made.directory(fields, today=day)).test_client()
    html = client.get("/sessions/riverbank/bump/").text

    assert [way for way in (BOOK, CLOSED, DATE, ASK) if way in html] == [expected]


def test_booking_by_session(pages):
    """Where one books single dates, each date has its own link."""
    html = pages["/sessions/mill-brow/half-term/"]

    assert 'href="/book/mill-brow/half-term?session=2027-02-15"' in html


def test_past_series_keep_their_page(read):
    """A run that is over keeps its address, says so, and leads on; its centre still leads to it."""
    path = "/sessions/harbour/summer-2026/"

    assert "No more dates are planned." in words_of(read, path)
    assert path in {a["href"] for a in read["/centres/harbour/"].all("a")}


def test_event_data(pages):
    """Each coming session is an event with its offset, state and place."""
    graph = data_of(pages["/sessions/riverbank/bump-spring/"])["@graph"]
    events = [one for one in graph if one["@type"] in ("Event", "ChildrensEvent")]
    moved = [one for one in events if one["eventStatus"].endswith("EventRescheduled")]
    place = next(one for one in graph if one["@type"] == "Place")

    assert [one["startDate"] for one in events][:2] == [
        "2027-01-12T10:00+00:00",
        "2027-01-19T10:00+00:00",
    ]
    assert [(one["startDate"], one["previousStartDate"]) for one in moved] == [
        ("2027-02-03T13:00+00:00", "2027-02-02T10:00+00:00")
    ]
    assert all(one["location"]["@id"] == place["@id"] for one in events)
    assert place["geo"]["latitude"] == 53.7563


def test_centre_data(pages, directory):
    """A centre's position is in its data only where it is a door."""
    for centre in directory.centres:
        data = data_of(pages[centre.path])

        assert ("geo" in data) == bool(centre.position and centre.position.exact), centre.slug
    assert "streetAddress" not in data_of(pages["/centres/harbour/"])["address"]


def test_centre_page(read):
    """A centre says where it is, when it is open, what it has, what is on, and what to know now."""
    text = words_of(read, "/centres/riverbank/")

    assert "12 River Street, Preston, PR1 8RJ" in text
    assert "Monday 23 November : 9am to 5pm" in text
    assert "Monday and Tuesday 9am to 5pm" in text
    assert "Wednesday 9am to midday and 1pm to 5pm" in text
    assert "The lift is being mended." in text
    assert "Step-free entrance" in text
    assert "We last checked this page on Thursday 5 November 2026." in text
    assert "Monday 9:30am to 11am" not in text
    assert re.search(r"Monday Play Sessions.*? 9:30am to 11am", text)


def test_closed_centre(read):
    """A closed centre says so first."""
    text = words_of(read, "/centres/harbour/")

    assert "This centre is closed It is closed until Friday 27 November 2026." in text


def test_directions_only_to_doors(directory, pages):
    """The way is offered where the door is known, never to the middle of a town."""
    for centre in directory.centres:
        known = bool(centre.venue.address or (centre.position and centre.position.exact))
        shown = "Get directions" in pages[centre.path]

        assert shown <= known, centre.slug


def test_programme_page(read, pages):
    """A programme says who it is for and where it runs, district by district."""
    text = words_of(read, "/programmes/play-sessions/")

    assert "Where it runs" in text
    assert text.index("Preston") < text.index("Play Sessions in Urdu")
    assert data_of(pages["/programmes/play-sessions/"])["@type"] == "GovernmentService"


def test_leaflet(read):
    """The leaflet lists the week's groups with what differs from the pattern."""
    text = words_of(read, "/centres/riverbank/whats-on/")

    assert "What’s on at Riverbank Centre" in text
    assert re.search(
        r"Monday 9:30am to 11am Play Sessions.*?Not on 30 November, 7 December and 14 December",
        text,
    )
    assert "families.example/centres/riverbank/" in text


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


def test_calendars_pages(pages):
    """Each public calendar is listed with its address to copy; withheld ones are not."""
    lists = "".join(html for path, html in pages.items() if path.startswith("/calendars/"))

    for noun in ("", "/centres/riverbank", "/ages/toddlers", "/programmes/play-sessions"):
        assert f"https://families.example{noun}/calendar.ics</code>" in lists
        assert f"webcal://families.example{noun}/calendar.ics" in lists
    assert "group-for-women" not in lists


def test_what_has_passed_can_be_hidden(pages):
    """Rows carry the moment after which they are over, and a line for when all are."""
    html = pages["/whats-on/"]

    assert re.search(r'data-ends="2026-11-2\dT\d\d:\d\d\+00:00"', html)
    assert html.count("data-over") == len(re.findall(r"<h2 data-day", html))


# --- templates, headers, files -------------------------------------------------------------------


def test_unknown_names_fail():
    """A template that uses a name nobody gave it fails."""
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nobody.gave_this }}").render()


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


def test_manifest(answers):
    """The manifest can be read and names an icon that exists."""
    manifest = json.loads(answers["/manifest.webmanifest"].text)

    assert manifest["name"] == "Children and Family Wellbeing Service, Lancashire"
    assert manifest["icons"][0]["src"] in answers


def test_style_sheet_is_logical():
    """No property of the sheet knows left from right, so pages from right to left need no other."""
    sheet = static_files()["site.css"].content.decode()

    assert (
        re.findall(
            r"[;{](?:margin|padding|border)-(?:left|right|top|bottom)|[;{](?:left|right|width|height):",
            sheet,
        )
        == []
    )
    assert "@import" not in sheet
    assert "url(" not in sheet


def test_static_files_are_named_by_content():
    """A file that changes gets another name, so browsers may keep it for a year."""
    assert all(
        re.fullmatch(r"/static/\w+\.[0-9a-f]{10}\.\w+", static_files()[name].path)
        for name in ("site.css", "site.js")
    )


def test_every_kind_of_page_is_used(directory):
    """No kind of page is declared that the sample does not show."""
    assert [kind.rule for kind in KINDS if not list(kind.nouns(directory))] == []


def test_weekdays_start_today(directory):
    """The seven weekdays of /whats-on/ are those from today."""
    assert next(one.day for one in weekdays(directory)) == date(2026, 11, 23)
    assert [one.name for one in weekdays(directory)][:2] == ["Monday", "Tuesday"]
