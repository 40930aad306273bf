"""Live pages say how to get a place, and give nothing away."""

import itertools
import logging
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from flask import request

from portal import content
from portal.settings import load_settings
from portal.web.live.app import create_desk
from tests.support import made
from tests.support.databases import read_only
from tests.support.screens import FAMILY, Screens


@pytest.fixture(scope="module")
def live(sample_root):
    """The sample on the day of the test: live pages know what is past."""
    return content.load(sample_root, today=date.today())


@pytest.fixture
def settings(tmp_path, sample_root):
    return load_settings(root=sample_root, out=tmp_path / "build", var=tmp_path / "var")


@pytest.fixture
def client(live, settings):
    return create_desk(lambda: live, settings).test_client()


def test_health_says_that_the_content_is_loaded(client, live):
    """A load balancer gets 200 with the database reached, and the day that is shown."""
    answer = client.get("/health")

    assert answer.json["database"] == "reached"

    assert (answer.status_code, answer.json["content"]) == (200, "loaded")
    assert answer.json["day"] == live.today.isoformat()


def test_health_says_whether_families_can_book(tmp_path, database_address):
    """S63: 503 while the database only reads, and 200 as soon as it can be written. A yes is kept
    for ten seconds, because every form asks."""
    screens = Screens(tmp_path, database_url=database_address)
    with read_only(screens.engine):
        refused = screens.open("/health")
    again = screens.open("/health")
    with read_only(screens.engine):
        kept = screens.open("/health")
        screens.wait(seconds=10)
        looked = screens.open("/health")
    screens.engine.dispose()

    assert (refused.status, refused.answer.json["database"]) == (503, "cannot be written")
    assert (again.status, again.answer.json["database"]) == (200, "reached")
    assert (kept.status, looked.status) == (200, 503)


def test_without_content_nothing_is_pretended(settings):
    """Before the content is read, health and live pages answer 503, calmly."""
    client = create_desk(lambda: None, settings).test_client()

    health, page = client.get("/health"), client.get("/book/riverbank/play-monday")

    assert health.status_code == page.status_code == 503
    assert page.headers["Retry-After"]
    assert "Try again in a few minutes" in page.text


def test_a_series_says_how_to_get_a_place(client, live):
    """Every public series has a page with its name, its centre and a way to get a place."""
    for series in live.series:
        answer = client.get(series.booking_path, follow_redirects=True)

        assert answer.status_code == 200
        assert "<h1>" in answer.text
        assert series.centre.phone is None or series.centre.phone in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/book/riverbank/nothing",
        "/book/nowhere/play-monday",
        "/book/riverbank/../mill-brow/half-term",
        "/request/nothing",
        "/nowhere",
        "/book/",
        "/staff/",
    ],
)
def test_what_is_not_there_is_not_found(client, path):
    """One calm page for all of it."""
    answer = client.get(path)

    assert answer.status_code == 404
    assert "Page not found" in answer.text


def test_a_sensitive_series_is_like_none(client, live):
    """Asking for one, a visitor cannot tell that it exists (S3)."""
    assert live.private_series
    for series in live.private_series:
        found = client.get(series.booking_path)
        none = client.get(f"/book/{series.centre.slug}/no-such-group")

        assert found.status_code == none.status_code == 404
        assert found.text == none.text
        assert found.headers == none.headers


def test_the_page_of_the_site_is_shown_where_there_is_one(live, settings, built):
    """Live and frozen parts show the same page for what is not there."""
    settings = settings.model_copy(update={"out": built})
    client = create_desk(lambda: live, settings).test_client()

    answer = client.get("/book/riverbank/nothing")

    assert answer.status_code == 404
    assert answer.data == (built / "404.html").read_bytes()


def test_every_booking_page_has_the_exit(client, live):
    """The way out comes first, leads through /leave, and works without scripts (S1)."""
    programme = next(one for one in live.programmes if one.sensitive)
    for path in (live.series[0].booking_path, programme.request_path, "/gap"):
        text = client.get(path).text

        assert text.count('href="/leave"') == 2
        assert text.index('href="/leave"') < text.index("<header")


def test_a_page_of_what_went_wrong_has_the_exit(client, live):
    """Who asked for a sensitive programme may have to leave from there as well (S1)."""
    path = next(one for one in live.programmes if one.sensitive).request_path
    kind = "application/x-www-form-urlencoded"
    for answer in (
        client.put(path),
        client.post(path, data="x=1", content_type="text/plain"),
        client.post(path, data="x" * 70_000, content_type=kind),
    ):
        assert answer.status_code in (405, 413, 415)
        assert answer.text.count('href="/leave"') == 2


def test_leaving_clears_what_was_begun(client, live):
    """`/leave` goes to the neutral site and takes the cookies with it."""
    client.set_cookie("session", "half a form")

    answer = client.get("/leave")

    assert (answer.status_code, answer.headers["Location"]) == (303, live.site.quick_exit)
    assert "session=;" in answer.headers["Set-Cookie"]
    assert client.get_cookie("session") is None


def test_leaving_sets_no_cookie(client):
    """Whoever came without a cookie leaves without one."""
    assert "Set-Cookie" not in client.get("/leave").headers


def test_a_question_without_a_script_has_an_answer(client, live):
    """The finder's form is answered, and the page leads on."""
    answer = client.get("/find/results?near=Bacup")

    assert answer.status_code == 200
    assert all(district.path in answer.text for district in live.districts)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *itertools.product(["PUT", "DELETE"], ["/health", "/gap", "/book/riverbank/play-monday"]),
        *itertools.product(["POST", "PUT", "DELETE"], ["/leave", "/availability.json"]),
    ],
)
def test_other_methods_are_refused(client, path, method):
    """405, with those that work, and a calm page."""
    answer = client.open(path, method=method)

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert "<h1>" in answer.text


def test_a_fault_shows_a_calm_page_and_logs_no_address(settings, caplog):
    """A fault on our side says sorry; the log names the rule, and nothing that was sent (S43)."""

    def broken():
        raise LookupError(request.url)

    client = create_desk(broken, settings).test_client()
    with caplog.at_level(logging.ERROR):
        answer = client.get("/book/riverbank/secret-token?name=Sarah")

    assert answer.status_code == 500
    assert "It is our fault" in answer.text
    assert "Traceback" not in answer.text
    assert "/book/<centre>/<series>" in caplog.text
    assert "secret-token" not in caplog.text
    assert "Sarah" not in caplog.text
    assert "LookupError" in caplog.text


@contextmanager
def at_fault(screens, doing):
    """Whatever would do this to a table meets a fault of ours, which answers 500."""
    with screens.engine.begin() as connection:
        connection.exec_driver_sql(
            f"CREATE TRIGGER fault BEFORE {doing} BEGIN SELECT RAISE(ABORT, 'a fault'); END"
        )
    screens.desk.config["PROPAGATE_EXCEPTIONS"] = False
    try:
        yield
    finally:
        with screens.engine.begin() as connection:
            connection.exec_driver_sql("DROP TRIGGER fault")


def to_book(screens):
    return screens.open("/book/riverbank/bump").fill(**FAMILY, notes="By\nbus").press("Continue")


def to_ask(screens):
    screens.directory = made.directory(way="request")
    return (
        screens.open("/request/bump?who=family").fill(**FAMILY, notes="By\nbus").press("Continue")
    )


def to_change_details(screens):
    own = screens.book().follow("See or change what we keep about you")
    return own.fill(name="Bilal Shah", notes="By\nbus")


@pytest.mark.parametrize(
    ("begun", "button", "doing", "done"),
    [
        (to_book, "Confirm booking", "INSERT ON message", "Your place is booked"),
        (to_ask, "Send", "INSERT ON booking", "We have your request"),
        (to_change_details, "Save", "UPDATE ON person", "Your place is booked"),
    ],
)
def test_a_fault_while_a_form_is_sent_loses_no_answer(tmp_path, begun, button, doing, done):
    """S43: the page keeps the answers. Its button sends the form again with the same key, so that
    it acts once."""
    screens = Screens(tmp_path)
    form = begun(screens)
    with at_fault(screens, doing):
        broken = form.press(button)
        again = broken.press("Try again")
    first, second = again.press("Try again"), again.press("Try again")

    assert (broken.status, again.status) == (500, 500)
    assert broken.heading == "Sorry, something went wrong"
    assert "This page keeps what you sent" in broken
    assert broken.answer.headers["Cache-Control"] == "no-store"
    assert ("notes", "By\nbus") in again.fields("Try again")
    assert (first.heading, second.path) == (done, first.path)
    assert (screens.count("booking"), screens.count("person")) == (1, 1)
    if begun is to_change_details:
        assert broken.follow("Back").heading == done


def test_a_fault_shows_nothing_that_another_browser_sent(live, settings):
    """S43: without the token of this browser the page keeps nothing, as when the database is
    away."""

    def broken():
        raise LookupError

    client = create_desk(lambda: live, settings, clock=broken).test_client()
    answer = client.post("/gap", data={"name": "Sarah", "step": "check"})

    assert (answer.status_code, "It is our fault" in answer.text) == (500, True)
    assert "Sarah" not in answer.text


def test_no_live_page_may_be_kept_by_a_search_engine(client, live):
    """Booking pages say noindex."""
    assert '<meta name="robots" content="noindex">' in client.get(live.series[0].booking_path).text


def test_a_new_directory_is_shown_at_once(live, settings, sample_root):
    """Pages go by the directory of the moment, not by the first one."""
    shown = [live]
    client = create_desk(lambda: shown[0], settings).test_client()
    client.get("/gap")

    shown[0] = content.load(sample_root, today=live.today + timedelta(days=1))

    assert client.get("/health").json["day"] == (live.today + timedelta(days=1)).isoformat()
