"""Every page for staff is closed, whoever wrote it: the map of routes is walked, not a list."""

import itertools
import logging
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from werkzeug.routing import IntegerConverter

import portal
from portal import bookings, database
from portal.bookings import Family, group_messages
from portal.database import tables
from portal.panel import themes
from portal.panel.projects import Agreement
from portal.staff import sign_in
from portal.staff.roles import ROLES
from portal.web.assets import static_files
from portal.web.headers import HEADERS
from portal.web.staff import access, cookie
from portal.web.staff.access import (
    ANYBODY,
    FAMILIES,
    OWN,
    May,
    StaffDesk,
    Unguarded,
    form_page,
    of_centre,
    of_content,
    to,
)
from tests.support import panels
from tests.support.made import NOW
from tests.support.markup import parsed
from tests.support.panels import report_gap
from tests.support.queue import failed_messages
from tests.support.staffed import Staffed

# What strangers need to come in. A new one is added here by hand, after thinking.
OPEN = {
    "/staff/council",
    "/staff/council/back",
    "/staff/here/<token>",
    "/staff/sign-in",
    "/staff/second-factor",
    "/staff/static/<name>",
    "/staff/week/<token>",
    "/staff/week/<token>/off",
    "/staff/welcome/<token>",
}
# What everybody who is signed in can open and send: their own account and work.
OWN_PAGES = {
    "/staff/",
    "/staff/account",
    "/staff/account/codes",
    "/staff/account/password",
    "/staff/account/phone",
    "/staff/account/sign-out",
    "/staff/kept",
    "/staff/kept/drop",
    "/staff/sign-out",
    "/staff/stay",
}
# What is for more than the families of a centre, by the beginning of its address: who opens it.
SENIOR = {
    "/staff/change": {"worker", "editor", "manager", "administrator"},
    "/staff/closed": {"worker", "editor", "manager", "administrator"},
    "/staff/log.csv": {"administrator"},
    "/staff/accounts/unlock": {"administrator"},
    "/staff/accounts": {"manager", "administrator"},
    "/staff/complaints": {"manager", "administrator"},
    "/staff/content/<centre>/review": {"manager", "administrator"},
    "/staff/content": {"worker", "editor", "manager", "administrator"},
    "/staff/log": {"manager", "administrator"},
    "/staff/reports/<quarter>/publish": {"administrator"},
    "/staff/panel": {"panel", "manager", "administrator"},
    "/staff/coverage": set(ROLES) - {"panel"},
    "/staff/demand": set(ROLES) - {"panel"},
    "/staff/consultations": set(ROLES) - {"panel"},
}
# Pages that are nothing but a form about a family: a reader cannot open them either.
FORMS = {
    "/staff/book/<centre>/<series>",
    "/staff/bookings/<reference>/cancel",
    "/staff/bookings/<reference>/change",
    "/staff/bookings/<reference>/decline",
    "/staff/bookings/<reference>/delete",
    "/staff/bookings/<reference>/details",
    "/staff/notice-waiting/<centre>/<series>",
    "/staff/notice/<centre>/<series>",
    "/staff/notice/<centre>/<series>/<planned>",
}
# A part of an address for each name that routes use.
PARTS = {
    "centre": "riverbank",
    "series": "bump-spring",
    "planned": "2027-01-12",
    "day": "2027-01-12",
    "reference": "ABCD-2345",
    "token": "a-token-that-nobody-has",
    "programme": "bump-birth-and-beyond",
    "number": "1",
    "path": "x",
    "name": "x.css",
    "commit": "a" * 40,
    "district": "preston",
    "gap": "GAPS-2345",
    "meeting": "2027-03-01",
    "quarter": "2027-Q1",
    "area": "county",
    "issue": "1",
    "project": "1",
}
# What depends on a draft or a commit that is not there; tests/web/staff/content has them.
DRAFTED = ("clash", "history", "picture", "published", "review")


@pytest.fixture(scope="module")
def place(tmp_path_factory, sample_root, directory):
    folder = tmp_path_factory.mktemp("doors")
    return Staffed(folder, directory, root=shutil.copytree(sample_root, folder / "root"))


def routes(app):
    return sorted(
        (rule.rule, method, rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"OPTIONS"}
    )


def asked(browser, rule, method, data=None, **parts):
    """Ask for an address of this rule, with these parts of it."""
    if "/notices/" in rule.rule and "notice" in parts:
        parts["number"] = parts["notice"]
    if rule.rule.startswith("/staff/requests/") and "request" in parts:
        parts["reference"] = parts["request"]
    known = PARTS | ({"name": "bump-spring.md"} if "/content/" in rule.rule else {}) | parts
    named = {name: known[name] for name in rule.arguments}
    path = browser.place.app.url_map.bind("localhost").build(rule.endpoint, named, method)
    # For the file of who has read a record, and for the form of a decision.
    query = {"booking": parts.get("reference", ""), "kind": "more"}
    return browser.client.open(path, method=method, data=data, query_string=query)


def test_a_slash_at_the_end_leads_to_the_same_page(place):
    """An address that somebody types is found with or without its last slash."""
    browser = place.signed_in("administrator")
    for path in ("/staff/content", "/staff/ring", "/staff/log"):
        with_slash, without = browser.client.get(f"{path}/"), browser.client.get(path)
        assert (with_slash.status_code, without.status_code) == (200, 200)
        assert "<h1>" in main_of(with_slash)


def closed(answer):
    return answer.status_code == 303 and answer.location.startswith("/staff/sign-in")


def test_strangers_come_in_by_the_door_alone(place):
    """S30: every address of the map, by every method, sends a stranger to sign in."""
    for path, method, rule in routes(place.app):
        answer = asked(place.stranger(), rule, method)

        assert closed(answer) or path in OPEN, f"{method} {path}"


def test_no_page_is_open_that_is_not_named_here(place):
    """S30: whoever opens another one must write it down above."""
    found = {one.rule for one in place.app.guarded.values() if one.may.strangers}

    assert found == OPEN


@pytest.mark.slow
@pytest.mark.parametrize("how", ["signed out", "idle", "over", "half way", "made up"])
def test_what_was_signed_in_is_closed_again(place, how):
    """S32: after sign-out, after 30 minutes, after 8 hours, before the code."""
    browser = place.signed_in("administrator")
    token = browser.client.get_cookie(cookie.PLAIN).value
    visit = sign_in.visit(place.engine, token, now=place.now)
    began = place.now
    if how == "signed out":
        sign_in.end(place.engine, visit, now=place.now)
    elif how == "half way":
        token = sign_in.begin(place.engine, browser.staff.id, now=place.now, whole=False)
    elif how == "made up":
        token = "a" * 43
    else:
        place.wait(minutes=30) if how == "idle" else place.wait(hours=9)
    try:
        for path, method, rule in routes(place.app):
            browser.client.set_cookie(cookie.PLAIN, token)
            answer = asked(browser, rule, method)

            assert closed(answer) or path in OPEN, f"{method} {path}"
    finally:
        place.now = began


def of_a_centre(app):
    """The routes that depend on the centre, however they find out which it is."""
    return [one for one in routes(app) if "of the centre" in app.guarded[one[2].endpoint].may.words]


@pytest.fixture(scope="module")
def booked(place):
    """A booking at Riverbank, a message about it that was not delivered, and one to its group."""
    series = place.directory.find_series("riverbank/bump-spring")
    family = Family("Amina Khan", email="a@example.org", contact_by="email", safe_to_contact=True)
    given = {"key": "a key of sixteen signs", "secret": place.secret, "now": place.now}
    booking = bookings.book(place.engine, series, family, **given)
    failed = tables.message.update().values(state="failed")
    database.write(place.engine, lambda connection: connection.execute(failed))
    number = failed_messages(place.engine)[0].id
    sent = group_messages.send(
        place.engine,
        group_messages.of_series(series),
        "Bring a hat.",
        key="another key of signs",
        now=place.now,
        actor="staff:1",
    )
    programme = next(one for one in place.directory.programmes if one.booking == "request")
    given["key"] = "the key of a request here"
    asked_for = bookings.ask(place.engine, programme, family, centre="riverbank", **given)
    begin_project(place.engine, issue=1)
    with database.read(place.engine) as connection:
        gap = connection.execute(select(tables.gap.c.reference).limit(1)).scalar_one()
    return {
        "reference": booking.reference,
        "number": number,
        "notice": sent.id,
        "request": asked_for.reference,
        "gap": gap,
    }


def begin_project(engine, issue):
    """A thematic issue of Preston's panel that ended in a project."""
    found = [report_gap(engine, panel="preston") for _ in range(3)]
    agreed = Agreement("Creche", "Playbus", 900, ["Ten families"], {}, *[NOW.date()] * 2)
    project = panels.begin_project(engine, themes.issue_of(engine, found[-1]), agreed)
    assert (found[-1], project.id) == (issue, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "given",
    [
        {"role": "worker", "centres": ["harbour"]},
        {"role": "worker", "centres": ["nowhere"]},
        {"role": "manager", "footprint": "burnley-pendle"},
    ],
)
def test_another_centres_staff_are_refused(place, booked, given):
    """S30: every address of a centre, a booking or a message, with a token that is right; and
    nobody can tell what belongs to others from what is not there."""
    other = place.signed_in(**given)
    token = other.token
    for path, method, rule in of_a_centre(place.app):
        data = {"csrf_token": token}
        theirs = asked(other, rule, method, data=data, **booked)
        nowhere = {"centre": "nowhere", "reference": "ZZZZ-9999", "number": 99999}
        nowhere["request"] = nowhere["reference"]
        none = asked(other, rule, method, data=data, **nowhere)

        assert (theirs.status_code, none.status_code) == (403, 403), f"{method} {path}"
        assert main_of(theirs) == main_of(none), f"{method} {path}"
        assert "Amina" not in theirs.text


def of_a_panel(app):
    """The routes of a district's Resource Panel."""
    words = "members of the panel"
    return [one for one in routes(app) if words in app.guarded[one[2].endpoint].may.words]


@pytest.mark.slow
@pytest.mark.parametrize(
    "given",
    [
        {"role": "panel", "panels": ["pendle"]},
        {"role": "worker", "centres": ["riverbank"]},
        {"role": "reader", "centres": ["riverbank"]},
        {"role": "manager", "footprint": "burnley-pendle"},
    ],
)
def test_who_does_not_sit_on_a_panel_is_refused(place, booked, given):
    """S94: every address of a panel, its themes and projects, for members of another panel too; and
    nobody can tell what is there from what is not."""
    other = place.signed_in(**given)
    data = {"csrf_token": other.token}
    assert len(of_a_panel(place.app)) > 10
    for path, method, rule in of_a_panel(place.app):
        theirs = asked(other, rule, method, data=data)
        none = asked(other, rule, method, data=data, district="nowhere", issue=99, project=99)

        assert (theirs.status_code, none.status_code) == (403, 403), f"{method} {path}"
        assert main_of(theirs) == main_of(none), f"{method} {path}"


def test_a_panel_member_starts_with_the_panel(place):
    """Somebody who only sits on a panel has no Today and no list of families: the first page is
    the panel's, and the navigation has that and their own account."""
    browser = place.signed_in("panel")
    first = browser.client.get("/staff/")
    tree = parsed(browser.open("/staff/account").html.removeprefix("<!DOCTYPE html>").strip())
    links = {one["href"] for one in tree.one("header").one("nav").all("a")}

    assert (first.status_code, first.location) == (303, "/staff/panel")
    assert links == {"/staff/panel", "/staff/account"}


def main_of(answer):
    return answer.text.partition("<main")[2]


@pytest.mark.slow
def test_its_own_staff_are_let_in(place, booked):
    """The walk above can fail: who works there is let in by the same addresses."""
    for given in (
        {"role": "worker", "centres": ["riverbank"]},
        {"role": "manager", "footprint": "preston"},
        {"role": "administrator"},
    ):
        own = place.signed_in(**given)
        for path, method, rule in of_a_centre(place.app):
            drafted = {*DRAFTED} & {*path.split("/")}
            if method == "GET" and allowed(given["role"], path, method) and not drafted:
                assert asked(own, rule, method, **booked).status_code != 403, path


def allowed(role, path, method):
    """The rule about roles, written a second time: what is added is closed to the new roles."""
    if path in OWN_PAGES:
        return True
    if path == "/staff/notice/<centre>":
        return role in {"manager", "administrator"}
    for beginning, roles in SENIOR.items():
        if path.startswith(beginning):
            return role in roles
    if role in ("editor", "panel"):
        return False
    return role != "reader" or (method != "POST" and path not in FORMS)


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_and_sends_what_it_may(place, booked, role):
    """S30: every address by every method, as somebody of the centre with each role, with a token
    that is right: an editor and a panel member see no family and no count of them, a reader
    changes nothing."""
    place_of_work = {"footprint": "preston"} if role == "manager" else {"centres": ["riverbank"]}
    browser = place.signed_in(role, **place_of_work)
    account = place.staff("worker").id
    token, wrong = browser.token, []
    for path, method, rule in routes(place.app):
        if path in OPEN or (method == "POST" and path in OWN_PAGES):
            continue
        if method == "HEAD":
            continue  # it is a GET: see the next test
        # A form that nobody can have filled in: it is refused for what it lacks, not for the role.
        numbers = booked | ({"number": account} if "accounts" in path else {})
        data = {"csrf_token": token, "lock": "0" * 64}
        answer = asked(browser, rule, method, data=data, **numbers)
        if path.startswith(("/staff/complaints/", "/staff/weeks/")):
            continue  # there are none; test_districts and test_weeks have them
        if path.startswith("/staff/content/") and {*DRAFTED} & {*path.split("/")}:
            continue
        if (answer.status_code != 403) is not allowed(role, path, method):
            wrong.append(f"{method} {path}: {answer.status_code}")
        assert role not in ("editor", "panel") or "Amina Khan" not in answer.text
        if path.endswith("/remove") and answer.status_code == 303:
            account = place.staff("worker").id

    assert wrong == []


@pytest.mark.slow
def test_a_head_is_a_get_and_brings_no_form(place, booked):
    """S42: a HEAD has no token, so what is sent with it changes nothing, whoever sends it."""
    walk_ins = {"families": "3", "children": "4", "adults": "3", "walk-in-version": "0"}
    path = "/staff/register/riverbank/bump-spring/2027-01-12"
    for role in ("reader", "worker"):
        browser = place.signed_in(role, centres=["riverbank"])
        answer = browser.client.head(path, data=walk_ins)
        assert (answer.status_code, answer.data) == (200, b"")
        assert int(answer.headers["Content-Length"]) > 1000
    with database.read(place.engine) as connection:
        assert connection.execute(tables.walk_in.select()).all() == []
    worker = place.signed_in("worker", centres=["riverbank"])
    for rule in (rule for _, method, rule in routes(place.app) if method == "POST"):
        if "GET" in rule.methods and rule.rule not in OPEN:
            get = asked(worker, rule, "GET", **booked).status_code
            head = asked(worker, rule, "HEAD", data={"lock": "0" * 64}, **booked).status_code
            assert head == get, rule.rule


def test_everybody_has_their_own_account(place):
    """S30: a page of one's own needs no permission, and a page of another needs one."""
    own = {rule for rule, route in by_rule(place.app) if route.may is OWN}
    unlimited = {
        rule
        for rule, route in by_rule(place.app)
        if None in (route.may.reads, route.may.changes) and not route.may.strangers
    }

    assert own == unlimited == OWN_PAGES


def by_rule(app):
    return [(route.rule, route) for route in app.guarded.values()]


def test_no_page_asks_for_a_role_by_itself():
    """S30: what a role may do stands in one table; pages ask for the permission."""
    pages = Path(access.__file__).parent
    templates = Path(portal.__file__).parent / "templates" / "staff"
    asks = re.compile(r"(?:staff|current\(\)|account)\.role (?:==|!=|in|not in) ")
    files = [*pages.glob("*.py"), *templates.glob("*.html")]

    assert len(files) > 40
    assert [file.name for file in files if asks.search(file.read_text())] == []


@pytest.mark.slow
def test_every_post_needs_its_token(place):
    """S42: none, twice, of another browser, or of before the sign-in: 400, and nothing done."""
    browser, other = place.signed_in("administrator"), place.signed_in("administrator")
    good, foreign = browser.token, other.token
    for path, method, rule in routes(place.app):
        if method != "POST" or path.startswith(("/staff/welcome", "/staff/week/")):
            continue
        for sent in ({"other": "x"}, {"csrf_token": foreign}, {"csrf_token": [good, good]}):
            answer = asked(browser, rule, method, data=sent)

            # Who is signed in is led on from the sign-in; what is not there is refused before.
            expected = (303,) if path in OPEN else (400, 403)
            assert answer.status_code in expected, f"{path} {sent}"
            assert sign_in.visit(place.engine, token_of(browser), now=place.now)


def token_of(browser):
    return browser.client.get_cookie(cookie.PLAIN).value


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b'{"a": 1}', "application/json", 415),
        (b"a=1", "text/plain", 415),
        (b"a=%ff", "application/x-www-form-urlencoded", 400),
        (b"a=1&" * 1200, "application/x-www-form-urlencoded", 400),
        (b"a=" + b"x" * 300_000, "application/x-www-form-urlencoded", 413),
    ],
)
def test_what_no_form_sends_is_refused(place, data, kind, status):
    """It is refused before anything reads it; the page is calm."""
    for browser in (place.stranger(), place.signed_in()):
        answer = browser.client.post("/staff/sign-in", data=data, content_type=kind)

        assert answer.status_code == status
        assert "<h1>" in answer.text


def test_addresses_and_methods_that_are_not_there(place):
    """A stranger is sent to sign in, so that the map stays hidden; who is signed in gets 404 and
    405."""
    signed_in = place.signed_in()
    for method, path in itertools.product(["GET", "POST", "PUT"], ["/staff/nowhere", "/staff"]):
        assert closed(place.stranger().client.open(path, method=method))
    assert closed(place.stranger().client.delete("/staff/account"))
    assert signed_in.open("/staff/nowhere").status == 404
    assert signed_in.client.delete("/staff/account").status_code == 405


def test_numbers_in_addresses_fit_both_databases(place):
    """A number that no database can keep is an unknown address, and not a fault."""
    numbers = [
        (rule.rule, converter)
        for rule in place.app.url_map.iter_rules()
        for converter in rule._converters.values()
        if isinstance(converter, IntegerConverter)
    ]

    assert numbers
    assert [rule for rule, one in numbers if (one.max or 2**63) > 2**31 - 1] == []


def test_the_sheet_of_these_pages_lasts_and_is_no_part_of_the_public_site(place):
    """Every page links it; nothing else can be had by its address."""
    html = place.stranger().open("/staff/sign-in").html
    path = re.search(r'"(/staff/static/[^"]+)"', html)[1]
    sheet = place.stranger().client.get(path)

    assert (sheet.status_code, sheet.mimetype) == (200, "text/css")
    assert "immutable" in sheet.headers["Cache-Control"]
    assert "Set-Cookie" not in sheet.headers
    assert path not in {file.path for file in static_files().values()}
    for other in ("/staff/static/x", "/staff/static/css", f"{path}x"):
        answer = place.stranger().client.get(other)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")


# --- how pages are added


def test_a_view_without_a_word_about_who_may_enter_is_no_view():
    """S30: the application refuses to be made, by whatever way the view came."""
    desk = StaffDesk()
    for add in (
        lambda: desk.get("/staff/open")(lambda: "open"),
        lambda: desk.route("/staff/open", methods=["POST"])(lambda: "open"),
        lambda: desk.add_url_rule("/staff/open", "open", lambda: "open"),
        lambda: desk.add_url_rule("/staff/open", "open", lambda: "open", may="anybody"),
        lambda: desk.add_url_rule("/staff/open", "open", None, may=ANYBODY),
    ):
        with pytest.raises(Unguarded, match="who may enter"):
            add()

    assert list(desk.url_map.iter_rules()) == []


def test_who_may_enter(place):
    """What a view can ask for."""
    worker, manager, editor, reader = (
        place.staff(role, centres=["riverbank"]) if role == "reader" else place.staff(role)
        for role in ("worker", "manager", "editor", "reader")
    )
    riverbank, harbour = {"centre": "riverbank"}, {"centre": "harbour"}
    with place.app.test_request_context():
        assert OWN.enter(editor, {}, "POST")
        assert not FAMILIES.enter(editor, {})
        assert FAMILIES.enter(reader, {})
        assert not FAMILIES.enter(reader, {}, "POST")
        assert not form_page(FAMILIES).enter(reader, {})
        assert to("read the log").enter(manager, {})
        assert not to("read the log").enter(worker, {})
        assert of_centre("centre").enter(worker, riverbank)
        assert not of_centre("centre").enter(editor, riverbank)
        assert not of_centre("centre").enter(worker, harbour)
        assert not of_centre("centre").enter(worker, {"centre": "nowhere"})
        assert of_content("centre").enter(editor, riverbank, "POST")
        assert not of_content("centre").enter(editor, harbour)
        assert not of_content("centre").enter(reader, riverbank)
    assert not any(one.strangers for one in (OWN, FAMILIES, May("x", bool)))


# --- around every page


def test_the_navigation_shows_what_one_may_open(place):
    """Every link of it answers; a stranger sees none."""
    for role in ROLES:
        browser = place.signed_in(role)
        tree = parsed(browser.open("/staff/account").html.removeprefix("<!DOCTYPE html>").strip())
        links = [one["href"] for one in tree.one("header").one("nav").all("a")]

        assert "/staff/account" in links
        assert [browser.open(path).status for path in links] == [200] * len(links)
    assert '<nav aria-label="Main"' not in place.stranger().open("/staff/sign-in").html


def test_no_page_for_staff_may_be_kept_by_a_search_engine(place):
    """They say noindex, and name no session of public pages."""
    html = place.stranger().open("/staff/sign-in").html

    assert '<meta name="robots" content="noindex">' in html


def test_a_database_that_is_away_is_said(tmp_path, caplog):
    """S63: 503 with a calm page, whoever asks."""
    address = f"postgresql://nobody@/none?host={tmp_path}"
    place = Staffed(tmp_path, database_url=address)
    answer = place.stranger().open("/staff/sign-in")

    assert (answer.status, answer.answer.headers["Retry-After"]) == (503, "60")
    assert "cannot reach the bookings" in answer.heading


def test_without_content_nothing_opens(tmp_path):
    """Before the content is read there is no centre that anybody could work at."""
    place = Staffed(tmp_path)
    browser = place.signed_in()
    place.directory = None
    place.app.extensions["live"]._frame.__self__._current = lambda: None

    assert browser.client.get("/staff/account").status_code == 503


def test_a_fault_names_the_rule_and_nothing_that_was_sent(place, caplog, monkeypatch):
    """S43: neither token nor address."""
    from portal.staff import accounts

    def broken(_engine, token, **_):
        raise LookupError(token)

    monkeypatch.setattr(accounts, "invited", broken)
    with caplog.at_level(logging.ERROR):
        answer = place.stranger().open("/staff/welcome/secret-token")

    assert answer.status == 500
    assert "/staff/welcome/<token>" in caplog.text
    assert "secret-token" not in caplog.text


def test_a_session_does_not_outlive_its_clock(place):
    """A press each quarter of an hour keeps it for eight hours, and not a minute longer."""
    browser = place.signed_in()
    began = place.now
    try:
        while browser.open("/staff/account").status == 200:
            place.wait(minutes=15)
        assert place.now - began == timedelta(hours=8)
    finally:
        place.now = began


def test_the_whole_portal_sends_the_headers(tmp_path, sample_root, built):
    """S40: behind the portal's door each page for staff carries what all pages carry."""
    from werkzeug.test import Client

    from portal.server.app import create_app
    from portal.settings import Settings

    settings = Settings(root=sample_root, out=built, var=tmp_path / "var")
    client = Client(create_app(settings))
    for path, status in (("/staff/sign-in", 200), ("/staff/", 303), ("/staff", 303)):
        answer = client.get(path, base_url="https://families.example")

        assert answer.status_code == status
        for name, value in HEADERS.items():
            assert answer.headers.getlist(name) == [value]
        assert "max-age" in answer.headers["Strict-Transport-Security"]
        assert answer.headers.getlist("Cache-Control") == ["no-store"]
    assert client.get("/staffing", base_url="https://families.example").status_code == 404
