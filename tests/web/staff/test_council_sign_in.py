"""Signing in by the council's account, as staff and strangers try it, with a real provider."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from portal.database import audit
from portal.settings import SettingsError
from portal.staff import accounts, openid
from portal.web.staff import council_sign_in
from tests.support.provider import CLIENT, SECRET, follow, providing
from tests.support.staffed import Staffed

START, BACK = "/staff/council", "/staff/council/back"
COOKIE = "portal-council"


@pytest.fixture(scope="module")
def provider():
    with providing() as provider:
        yield provider


@pytest.fixture
def place(tmp_path, provider):
    provider.claims, provider.email = {}, "sam@example.org"
    place = Staffed(
        tmp_path,
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
    )
    provider.now = lambda: place.now.timestamp()
    return place


@pytest.fixture
def sam(place):
    return place.staff(name="sam@example.org")


def go(browser, query=""):
    """To the provider; what it sends back with the browser."""
    return follow(browser.open(f"{START}{query}").answer.headers["Location"])


def come_back(browser, answer):
    return browser.open(f"{BACK}?{urlencode(answer)}")


def test_one_press_and_one_is_in(place, sam):
    """It counts as both factors: the council's sign-in has its own second one."""
    browser = place.stranger()
    door = browser.open("/staff/sign-in?next=/staff/account/codes")
    link = door.main.one("a", where=lambda one: one.text == "Sign in with your council account")
    back = come_back(browser, go(browser, link["href"].removeprefix(START)))

    assert (back.status, back.answer.headers["Location"]) == (303, "/staff/account/codes")
    assert "Sam Brook" in browser.open("/staff/account")
    assert browser.client.get_cookie(COOKIE) is None
    assert audit.log(place.engine)[0].detail == {"way": "council"}


def test_an_account_without_a_password_comes_in_too(place):
    """The email address is enough, whatever its capitals."""
    accounts.add(
        place.engine, name="SAM@example.org", title="S", role="administrator", now=place.now
    )
    browser = place.stranger()

    assert come_back(browser, go(browser)).status == 303
    assert browser.open("/staff/account").status == 200


def test_whoever_has_no_account_gets_none(place, sam, provider):
    """Neither a stranger nor somebody who left; nothing is made."""
    provider.email = "stranger@example.org"
    browser = place.stranger()
    stranger = come_back(browser, go(browser))
    provider.email = sam.name
    accounts.remove(place.engine, sam.id, now=place.now)
    left = come_back(browser, go(browser))

    assert [stranger.status, left.status] == [403, 403]
    assert stranger.heading == "You have no account here"
    assert browser.open("/staff/account").status == 303
    assert len(accounts.everyone(place.engine)) == 1
    assert place.log().count(("stranger", "council-failed")) == 2


@pytest.mark.parametrize(
    "claims",
    [{"nonce": "another"}, {"aud": "another"}, {"exp": 1}, {"email_verified": False}],
    ids=["nonce", "audience", "expired", "unverified"],
)
def test_what_is_not_right_does_not_come_in(place, sam, provider, claims, caplog):
    """One calm page; the log says why and names nobody."""
    provider.claims = claims
    browser = place.stranger()
    screen = come_back(browser, go(browser))

    assert (screen.status, screen.heading) == (403, "You are not signed in")
    assert browser.open("/staff/account").status == 303
    assert "refused" in caplog.text
    assert "sam@example.org" not in caplog.text
    assert place.log()[-1] == ("stranger", "council-failed")


def test_an_answer_counts_in_the_browser_that_asked(place, sam):
    """Nobody is signed in by a link that somebody else sends; nor later, nor twice."""
    asking, other = place.stranger(), place.stranger()
    answer = go(asking)
    go(other)
    foreign = come_back(other, answer)
    without = come_back(place.stranger(), answer)
    place.wait(seconds=1)
    answer = go(asking)
    come_back(asking, answer)
    asking.client.delete_cookie("portal-staff")
    twice = come_back(asking, answer)

    assert [foreign.status, without.status, twice.status] == [403, 403, 403]


def test_the_cookie_of_the_way_lasts_ten_minutes(place):
    """It is signed, of this host alone over https, and no script reads it."""
    (sent,) = (
        place.app.test_client()
        .get(START, base_url="https://families.example")
        .headers.getlist("Set-Cookie")
    )

    assert sent.startswith("__Host-portal-council=")
    assert set(sent.split("; ")[1:]) >= {
        "Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=600"
    }  # fmt: skip


def test_a_cookie_that_was_made_up(place):
    """Nothing is asked of the provider."""
    browser = place.stranger()
    for value in ("", "x", "W10.x.y"):
        browser.client.set_cookie(COOKIE, value)

        assert come_back(browser, {"code": "c", "state": "s"}).status == 403


def test_strange_next_is_dropped(place, sam):
    """As on the way with a password."""
    browser = place.stranger()
    back = come_back(browser, go(browser, "?next=//evil.example"))

    assert "evil" not in back.answer.headers["Location"]
    assert back.answer.headers["Location"].startswith("/staff/")


def test_a_provider_that_is_away(tmp_path):
    """Who has a password signs in with it meanwhile."""
    place = Staffed(
        tmp_path,
        oidc_issuer="http://127.0.0.1:9",
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
    )

    assert place.stranger().open(START).heading == "You are not signed in"
    assert place.stranger().open("/staff/sign-in").status == 200


def test_where_no_provider_is_set_there_is_no_such_way(tmp_path):
    """Neither link nor answer."""
    place = Staffed(tmp_path)
    browser = place.stranger()

    assert "council account" not in browser.open("/staff/sign-in").html
    for path in (START, f"{BACK}?code=c&state=s"):
        assert browser.open(path).answer.headers["Location"] == "/staff/sign-in"


def test_the_library_must_be_there(tmp_path, monkeypatch):
    """Whoever sets a provider is told at the start what to install."""
    monkeypatch.setattr(openid, "find_spec", lambda name: None)
    monkeypatch.setattr(council_sign_in, "missing", openid.missing)
    with pytest.raises(SettingsError, match=r"portal\[oidc\]"):
        Staffed(
            tmp_path,
            oidc_issuer="https://login.example",
            oidc_client_id=CLIENT,
            oidc_client_secret=SECRET,
        )


def test_sessions_end_as_all_do(place, sam):
    """S32: after 30 minutes without a press."""
    browser = place.stranger()
    come_back(browser, go(browser))
    place.now += timedelta(minutes=30)

    assert browser.open("/staff/account").status == 303
