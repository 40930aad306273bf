"""Files of the frozen site are sent as caches, browsers and subscribers need them."""

import gzip
import os
import shutil
import threading

import brotli
import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from portal.web import frozen_files
from portal.web.frozen_files import Files
from portal.web.headers import HEADERS

PAGE = b"<h1>Home</h1>" + b"<p>Tuesdays at ten.</p>" * 100
CALENDAR = b"BEGIN:VCALENDAR\r\n" + b"X:1\r\n" * 200


def write(folder, name, content, packed=False):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if packed:
        path.with_name(path.name + ".br").write_bytes(brotli.compress(content))
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(content, mtime=0))


@pytest.fixture
def folder(tmp_path):
    site = tmp_path / "build"
    write(site, "index.html", PAGE, packed=True)
    write(site, "find/index.html", b"<h1>Find</h1>")
    write(site, "calendar.ics", CALENDAR, packed=True)
    write(site, "static/site.0123456789.css", b"p{}")
    write(site, "embed/harbour/index.html", b"<p>Play")
    write(site, "openreferral/services/index.json", b"{}")
    write(site, ".portal-build.json", b"{}")
    write(site, ".gitignore", b"*")
    os.utime(site / "index.html", (1_800_000_000, 1_800_000_000))
    return site


@pytest.fixture
def client(folder):
    files = Files(folder)

    def application(environ, start):
        found = files(environ, start)
        return Response("not ours", 404)(environ, start) if found is None else found

    return Client(application)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/find/", "text/html; charset=utf-8"),
        ("/calendar.ics", "text/calendar; charset=utf-8"),
        ("/static/site.0123456789.css", "text/css; charset=utf-8"),
        ("/openreferral/services/index.json", "application/json"),
    ],
)
def test_each_file_says_what_it_is(client, path, kind):
    """The media type goes by the name, whatever the host's own table says."""
    answer = client.get(path)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Content-Length"] == str(len(answer.data))


@pytest.mark.parametrize(
    "path",
    [
        "/.portal-build.json",
        "/.gitignore",
        "/../secret",
        "/find/../../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "//etc/passwd",
        "/find//",
        "/find\\",
        "/index.html.br",
        "/index.html.gz",
        "/nowhere",
        "/nowhere/",
        "/index.html/",
        "/find/index.html/more",
        "/\0",
        "/" + "a" * 300,
        "/a" * 2000,
    ],
)
def test_what_is_no_file_of_the_site_is_left_to_others(client, folder, path):
    """Nothing outside of the folder, nothing hidden, no marker and no bare twin is ever sent."""
    (folder.parent / "secret").write_text("secret")

    answer = client.get(path)

    assert answer.data == b"not ours"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("br;q=0, gzip;q=0", None),
        ("*", "br"),
        ("identity", None),
        ("", None),
    ],
)
def test_a_twin_is_sent_to_whom_it_suits(client, accepted, coding):
    """The packed form goes to those who accept it, and all are told that it depends."""
    answer = client.get("/", headers={"Accept-Encoding": accepted})

    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[coding]
    assert answer.headers.get("Content-Encoding") == coding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert unpack(answer.data) == PAGE


def test_a_file_without_twins_does_not_vary(client):
    """Where there is one form, caches need only one."""
    answer = client.get("/find/", headers={"Accept-Encoding": "br"})

    assert "Vary" not in answer.headers
    assert answer.data == b"<h1>Find</h1>"


def test_a_tag_saves_sending_it_again(client):
    """Whoever has the page gets 304, also through a proxy that weakened the tag, or with a list."""
    tag = client.get("/").headers["ETag"]

    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = client.get("/", headers={"If-None-Match": known})

        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["ETag"] == tag


def test_the_tag_goes_by_the_content(client, folder):
    """The same page made anew has its old tag; another page, or another coding, has another."""
    tag = client.get("/").headers["ETag"]
    packed = client.get("/", headers={"Accept-Encoding": "br"}).headers["ETag"]

    os.utime(folder / "index.html", (1_900_000_000, 1_900_000_000))
    same = client.get("/").headers["ETag"]
    (folder / "index.html").write_bytes(PAGE.replace(b"ten", b"two"))
    other = client.get("/").headers["ETag"]

    assert tag == same
    assert len({tag, packed, other}) == 3
    assert not tag.startswith("W/")


def test_the_time_of_the_last_change_saves_sending_too(client):
    """`If-Modified-Since` gets 304 from then on, and the page before."""
    changed = client.get("/").headers["Last-Modified"]

    same = client.get("/", headers={"If-Modified-Since": changed})
    older = client.get("/", headers={"If-Modified-Since": "Thu, 14 Jan 2027 00:00:00 GMT"})

    assert changed == "Fri, 15 Jan 2027 08:00:00 GMT"
    assert same.status_code == 304
    assert older.data == PAGE


@pytest.mark.parametrize("path", ["/", "/calendar.ics", "/find/"])
def test_head_says_all_but_the_file(client, path):
    """HEAD has the headers of GET, length included, and no body."""
    full = client.get(path)

    answer = client.head(path)

    assert answer.data == b""
    assert answer.headers["Content-Length"] == full.headers["Content-Length"]
    assert answer.headers["ETag"] == full.headers["ETag"]


def test_a_part_can_be_asked_for(client):
    """A range is answered with that part; one that is not there with 416."""
    part = client.get("/calendar.ics", headers={"Range": "bytes=0-4"})
    beyond = client.get("/calendar.ics", headers={"Range": "bytes=999999-"})

    assert (part.status_code, part.data) == (206, b"BEGIN")
    assert part.headers["Content-Range"] == f"bytes 0-4/{len(CALENDAR)}"
    assert beyond.status_code == 416


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/", "public, max-age=300"),
        ("/calendar.ics", "public, max-age=3600"),
        ("/static/site.0123456789.css", "public, max-age=31536000, immutable"),
    ],
)
def test_caches_are_told_how_long(client, path, kept):
    """Pages for minutes, calendars for an hour, hashed files for a year; 304 says it again."""
    answer = client.get(path)
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})

    assert answer.headers["Cache-Control"] == kept
    assert again.headers["Cache-Control"] == kept


@pytest.mark.parametrize(
    "path", ["/calendar.ics", "/openreferral/services/index.json", "/embed/harbour/"]
)
def test_partners_may_use_what_is_made_for_them(client, path):
    """Calendars, open data and embeds are open to pages of other sites."""
    answer = client.get(path)

    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_pages_are_not_open_to_other_sites(client):
    """A page carries no permission for others."""
    assert "Access-Control-Allow-Origin" not in client.get("/").headers


def test_only_an_embed_may_be_framed(client):
    """The embed's policy is that of all pages, but for the frame."""
    policy = client.get("/embed/harbour/").headers["Content-Security-Policy"]

    none = "frame-ancestors 'none'"
    assert policy == HEADERS["Content-Security-Policy"].replace(none, "frame-ancestors *")
    assert none in HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("/find", "/find/"),
        ("/find?near=Bacup&age=2", "/find/?near=Bacup&age=2"),
        ("/find/index.html?near=Bacup", "/find/?near=Bacup"),
        ("/index.html", "/"),
    ],
)
def test_a_page_has_one_address(client, path, leads):
    """Other ways to write it lead there, with the question that was asked."""
    answer = client.get(path)

    assert (answer.status_code, answer.headers["Location"]) == (301, leads)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_file_takes_nothing(client, method):
    """Other methods get 405, with those that work."""
    answer = client.open("/find/", method=method)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_a_new_site_is_sent_at_once_and_never_mixed(client, folder, tmp_path):
    """While the folder is swapped again and again, each answer is one whole page."""
    pages = {}
    for letter in "ab":
        content = letter.encode() * (20_000 if letter == "a" else 30_000)
        pages[len(content)] = content
        write(tmp_path / letter, "index.html", content, packed=True)
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            for letter in "ab":
                new = tmp_path / "new"
                shutil.copytree(tmp_path / letter, new)
                folder.rename(tmp_path / "old")
                new.rename(folder)
                shutil.rmtree(tmp_path / "old")

    swapping = threading.Thread(target=swap)
    swapping.start()
    answers = []
    try:
        while len(answers) < 400:
            answer = client.get("/", headers={"Accept-Encoding": "br, gzip"})
            if answer.status_code == 200:
                answers.append(answer)
    finally:
        stop.set()
        swapping.join()

    for answer in answers[1:]:
        assert int(answer.headers["Content-Length"]) == len(answer.data)
        if answer.headers.get("Content-Encoding") == "br":
            assert brotli.decompress(answer.data) in (*pages.values(), PAGE)


def test_readers_of_one_file_share_its_bytes(folder, monkeypatch):
    """S27: a file that is read again is not copied; one that was replaced is read again, and those
    read long ago are let go."""
    monkeypatch.setattr(frozen_files, "_SETTLED", -1.0)
    monkeypatch.setattr(frozen_files, "_MOST_KEPT", 10_000)
    files = Files(folder)
    first = files.page("find/index.html")
    assert files.page("find/index.html") is first

    write(folder, "new.html", b"<h1>FIND</h1>")
    (folder / "new.html").replace(folder / "find/index.html")
    assert files.page("find/index.html") == b"<h1>FIND</h1>"
    second = files.page("find/index.html")
    for number in range(11):
        write(folder, f"{number}.txt", b"x" * 1000)
        files.page(f"{number}.txt")
    assert files.page("find/index.html") is not second


def test_a_file_that_has_just_changed_is_not_kept(folder):
    """Written twice within the same tick of the clock, its time would not show the second."""
    files = Files(folder)
    assert files.page("find/index.html") is not files.page("find/index.html")
