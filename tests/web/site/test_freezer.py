"""Each address becomes one file, as Frozen-Flask would write it; what cannot be one is refused."""

import gzip
import os

import brotli
import flask_frozen
import pytest
from flask import Flask, Response, redirect

from portal.web.site.atomic_folder import BuildError
from portal.web.site.freezer import Freezer
from tests.support.left import last_site

WORDS = "Tuesdays at ten, in the hall beside the park. " * 40


@pytest.fixture
def app():
    app = Flask("pages", static_folder=None)
    app.config["words"] = WORDS

    @app.get("/")
    def home():
        return "<h1>Home</h1>"

    @app.get("/centres/<name>/")
    def centre(name):
        return f"<h1>{name}</h1><p>{app.config['words']}"

    @app.get("/centres/<name>/calendar.ics")
    def calendar(name):
        return Response(f"BEGIN:VCALENDAR\r\nX-NAME:{name}\r\n", content_type="text/calendar")

    @app.get("/wrong.ics")
    def wrong():
        return "a page, not a calendar"

    @app.get("/moved/")
    def moved():
        return redirect("/")

    @app.get("/broken/")
    def broken():
        raise KeyError("town")

    return app


ADDRESSES = ["/", "/centres/harbour/", "/centres/harbour/calendar.ics", "/centres/mill-brow/"]


@pytest.fixture
def freeze(app, tmp_path):
    """Freezes addresses into a folder of the given name, and gives the folder and the tally."""

    def freeze(name, addresses=ADDRESSES, old=None, compress=False, leaks=lambda *_: []):
        new = tmp_path / name
        new.mkdir()
        old = old and tmp_path / old
        names = files(old) if old else ()
        last = last_site(old, names) if old else None
        freezer = Freezer(app, new, old=old, last=last, compress=compress, leaks=leaks)
        assert list(freezer.write(addresses)) == addresses
        return new, freezer.tally

    return freeze


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_files_are_those_of_frozen_flask(app, freeze, tmp_path):
    """Frozen-Flask itself writes the same files, byte for byte."""
    plain = flask_frozen.Freezer(app, with_no_argument_rules=False, log_url_for=False)
    app.config["FREEZER_DESTINATION"] = str(tmp_path / "plain")
    app.config["FREEZER_IGNORE_MIMETYPE_WARNINGS"] = True
    plain.register_generator(lambda: ADDRESSES)
    with pytest.warns(flask_frozen.MissingURLGeneratorWarning):
        plain.freeze()

    found, _ = freeze("ours")

    assert files(found) == files(tmp_path / "plain")


@pytest.mark.parametrize(
    "address",
    [
        "/../outside",
        "/%2e%2e/outside",
        "/a/../../outside",
        "/.hidden",
        "/a?page=2",
        "/a#b",
        "//host/a",
        "relative",
        "/a b",
        "/a\\b",
        "/a\0b",
        "/a\n",
        "/café/",
        "",
    ],
)
def test_an_address_that_is_no_file_is_refused(freeze, tmp_path, address):
    """No address is written outside of the folder, cut short or hidden."""
    with pytest.raises(BuildError, match="cannot be an address"):
        freeze("new", ["/", address])

    assert sorted(path.name for path in tmp_path.rglob("*")) == ["new"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/nowhere/", "404"),
        ("/moved/", "302"),
        ("/broken/", "/broken/.*KeyError.*town"),
        ("/wrong.ics", "text/html.*text/calendar"),
    ],
)
def test_what_is_no_page_stops_the_build(freeze, address, words):
    """A missing, moved, broken or wrongly named page is an error that names the address."""
    with pytest.raises(BuildError, match=words):
        freeze("new", ["/", address])


def test_two_addresses_cannot_share_a_file(app, freeze):
    """The second page of one file name is an error, not a silent replacement."""
    app.add_url_rule("/index.html", "again", lambda: "another home")

    with pytest.raises(BuildError, match=r"index\.html"):
        freeze("new", ["/", "/index.html"])


def test_what_a_file_gives_away_stops_the_build(freeze):
    """A file with words that must stay unsaid is not written (S3)."""

    def leaks(address, content):
        return [f"{address} tells."] if b"mill-brow" in content else []

    with pytest.raises(BuildError, match="/centres/mill-brow/ tells"):
        freeze("new", leaks=leaks)


@pytest.fixture
def with_maker(app, tmp_path):
    """A freezer with a maker for `/wrong.ics`, which has a page too, and its folder."""

    def with_maker(maker, leaks=lambda *_: []):
        new = tmp_path / "new"
        new.mkdir(exist_ok=True)
        makers = {"/wrong.ics": maker}
        return new, Freezer(app, new, old=None, compress=False, leaks=leaks, makers=makers)

    return with_maker


def test_what_is_no_page_comes_straight_from_its_maker(with_maker):
    """It is written between the pages, in the order that was asked for, and without a request."""
    new, freezer = with_maker(lambda: b"BEGIN:VCALENDAR\r\n")
    addresses = ["/", "/wrong.ics", "/centres/harbour/"]

    assert list(freezer.write(addresses)) == addresses

    assert (new / "wrong.ics").read_bytes() == b"BEGIN:VCALENDAR\r\n"
    assert freezer.tally.endpoints == {"home", "centre"}
    assert [*freezer.tally.made] == addresses


def test_a_maker_that_breaks_or_gives_something_away_stops_the_build(with_maker):
    """What is made without a request is checked like a page (S3)."""

    def broken():
        raise KeyError("town")

    def leaks(address, content):
        return [f"{address} tells."] if b"secret" in content else []

    _, freezer = with_maker(broken)
    with pytest.raises(BuildError, match=r"/wrong\.ics.*KeyError.*town"):
        list(freezer.write(["/", "/wrong.ics"]))
    new, freezer = with_maker(lambda: b"secret", leaks)
    with pytest.raises(BuildError, match=r"/wrong\.ics tells"):
        list(freezer.write(["/wrong.ics"]))
    assert not (new / "wrong.ics").exists()


def test_files_that_say_the_same_stay_the_same_files(app, freeze):
    """An unchanged file keeps its inode and its time; a changed one does not touch the old."""
    old, _ = freeze("old")
    for path in old.rglob("*.*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    before = files(old)
    app.config["words"] = "It moved to Thursdays."

    new, tally = freeze("new", old="old")

    home, ics = new / "index.html", new / "centres/harbour/calendar.ics"
    assert home.stat().st_ino == (old / "index.html").stat().st_ino
    assert ics.stat().st_mtime == 1_700_000_000
    assert b"Thursdays" in (new / "centres/harbour/index.html").read_bytes()
    assert (tally.written, tally.unchanged) == (2, 2)
    assert files(old) == before


def test_twins_hold_the_same_page_packed(freeze):
    """`.br` and `.gz` unpack to the page, always to the same bytes; small files have none."""
    first, _ = freeze("first", compress=True)
    second, _ = freeze("second", compress=True)

    page = first / "centres/harbour/index.html"
    assert brotli.decompress(page.with_name("index.html.br").read_bytes()) == page.read_bytes()
    assert gzip.decompress(page.with_name("index.html.gz").read_bytes()) == page.read_bytes()
    assert not (first / "index.html.gz").exists()
    assert files(first) == files(second)


def test_twins_of_unchanged_files_are_kept(app, freeze):
    """Only what changed is packed anew."""
    old, _ = freeze("old", compress=True)
    app.config["words"] = WORDS.upper()

    new, _ = freeze("new", ["/", "/centres/harbour/"], old="old", compress=True)
    again, _ = freeze("again", ["/", "/centres/harbour/"], old="new", compress=True)

    twin = "centres/harbour/index.html.br"
    assert (again / twin).stat().st_ino == (new / twin).stat().st_ino
    assert (new / twin).read_bytes() != (old / twin).read_bytes()
    assert (
        brotli.decompress((new / twin).read_bytes())
        == (new / "centres/harbour/index.html").read_bytes()
    )
