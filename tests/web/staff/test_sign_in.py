"""Signing in, as somebody without scripts does it: the first time, and each morning."""

import re
from urllib.parse import urlsplit

import pyotp
import pytest
from pydantic import SecretStr

from portal.staff import accounts, sign_in
from portal.staff.local_pass import link, pass_of
from portal.web.staff import cookie
from portal.web.staff.screens import onward
from tests.support.screens import Screen
from tests.support.staffed import PASSWORD, Staffed, key

IN, SECOND, ACCOUNT = "/staff/sign-in", "/staff/second-factor", "/staff/account"
HOME = "/staff/"
NEW = "ribbon lantern gravel orchid"


@pytest.fixture
def place(tmp_path):
    return Staffed(tmp_path)


@pytest.fixture
def sam(place):
    return place.staff(name="sam@example.org")


def code_of(place, staff, seconds=10):
    """What the phone shows when the button is pressed, so many seconds from now."""
    from datetime import timedelta

    return pyotp.TOTP(key(place.secret, staff)).at(place.now + timedelta(seconds=seconds))


def signed_in(browser, staff, password=PASSWORD, path=IN):
    return browser.open(path).fill(name=staff.name, password=password).press("Continue")


def held(browser):
    found = browser.client.get_cookie(cookie.PLAIN)
    return found.value if found else ""


# --- each morning


def test_password_and_code_open_the_page_that_was_asked_for(place, sam):
    """Whoever is not signed in is sent to sign in, and comes back to where she wanted to go."""
    browser = place.stranger()
    asked = browser.open(f"{ACCOUNT}/password")
    first = browser.open(asked.answer.headers["Location"])
    second = first.fill(name="SAM@example.org", password=PASSWORD).press("Continue")
    there = second.fill(code=code_of(place, sam)).press("Sign in")

    assert (asked.status, first.heading) == (303, "Sign in")
    assert second.heading == "Enter your code"
    assert (there.path, there.heading) == (f"{ACCOUNT}/password", "Change your password")
    assert "Sam Brook" in there.html
    assert place.log()[-1] == (sam.actor, "sign-in")


def test_the_cookie_is_another_one_at_each_step(place, sam):
    """S32: whoever put a cookie there beforehand has nothing of the sign-in."""
    browser = place.stranger()
    browser.open(IN)
    before = held(browser)
    second = signed_in(browser, sam)
    half = held(browser)
    second.fill(code=code_of(place, sam)).press("Sign in")
    whole = held(browser)

    assert len({before, half, whole}) == 3
    assert sign_in.visit(place.engine, half, now=place.now) is None
    other = place.stranger()
    other.client.set_cookie(cookie.PLAIN, before)
    assert other.open(ACCOUNT).status == 303


def test_the_password_alone_opens_nothing(place, sam):
    """S31: until the code is given, every page sends back."""
    browser = place.stranger()
    signed_in(browser, sam)

    assert browser.open(ACCOUNT).status == 303
    assert browser.send("/staff/sign-out", {}).status == 303


@pytest.mark.parametrize(
    "typed",
    [
        {"name": "sam@example.org", "password": "otter kettle marble summer"},
        {"name": "nobody@example.org", "password": PASSWORD},
    ],
)
def test_a_wrong_name_and_a_wrong_password_get_the_same_words(place, sam, typed):
    """S33: the page says which of the two was wrong to nobody."""
    browser = place.stranger()
    screen = browser.open(IN).fill(**typed).press("Continue")
    words = "The email address or the password is not right. Check both, and try again"

    assert (screen.status, screen.problems) == (422, [("", words)])
    assert screen.title.startswith("Error: ")
    assert PASSWORD not in screen.html


def test_what_is_missing_is_said(place):
    """Summary and field say the same."""
    screen = place.stranger().open(IN).press("Continue")

    assert screen.status == 422
    assert dict(screen.problems) == {
        "#name": "Enter your email address",
        "#password": "Enter your password",
    }
    assert screen.beside == {
        "name": "Enter your email address",
        "password": "Enter your password",
    }


def test_a_wrong_code_is_refused_and_a_used_one_too(place, sam):
    """S31: and the right one of the next moment opens."""
    browser = place.stranger()
    used = code_of(place, sam)
    signed_in(browser, sam)
    sign_in.check_code(place.engine, place.secret, sam.id, used, address="192.0.2.1", now=place.now)
    screen = browser.open(SECOND)
    for typed in ("000000", used):
        screen = screen.fill(code=typed).press("Sign in")
        assert screen.status == 422
        assert "not right, or was used before" in screen.beside["code"]
    screen = screen.fill(code=code_of(place, sam, 40)).press("Sign in")

    assert screen.heading == "Today"


def test_a_recovery_code_opens_once(place, sam):
    """For the day on which the phone is at home."""
    code, *_ = sign_in.new_recovery_codes(place.engine, place.secret, sam.id, now=place.now)
    first, second = (
        signed_in(place.stranger(), sam).fill(code=code).press("Sign in") for _ in range(2)
    )

    assert "Recovery codes left 9" in first.screens.open(ACCOUNT)
    assert second.status == 422


def test_too_many_tries_wait(place, sam):
    """S33: 429, with how long; the right password opens nothing before."""
    browser = place.stranger()
    for _ in range(10):
        signed_in(browser, sam, "not the password at all")
    screen = signed_in(browser, sam)

    assert screen.status == 429
    assert 0 < int(screen.answer.headers["Retry-After"]) <= 900
    assert "Try again in 14 minutes" in screen


def test_a_browser_that_signed_in_before_is_not_locked_by_others(place, sam):
    """S33: its own cookie says so, for 90 days; the cookie opens nothing by itself."""
    browser, stranger = place.stranger(), place.stranger()
    signed_in(browser, sam).fill(code=code_of(place, sam)).press("Sign in")
    device = browser.client.get_cookie(cookie.DEVICE[1])
    browser.open(ACCOUNT).press("Sign out everywhere")
    for _ in range(10):
        signed_in(stranger, sam, "not the password at all", IN)

    assert device.max_age == 90 * 24 * 3600
    assert stranger.client.get_cookie(cookie.DEVICE[1]) is None
    assert signed_in(stranger, sam).status == 429
    assert browser.open(ACCOUNT).status == 303
    assert signed_in(browser, sam).heading == "Enter your code"


def test_a_slow_form_keeps_its_page(place, sam):
    """The token of the form goes with the cookie: without it nothing is done, and all is asked
    again."""
    browser = place.stranger()
    screen = browser.open(f"{IN}?next={ACCOUNT}").fill(name=sam.name, password=PASSWORD)
    browser.client.delete_cookie(cookie.PLAIN)
    again = screen.press("Continue")

    assert (again.status, again.problems[0][1][:31]) == (400, "This page was open for too long")
    assert again.fill(password=PASSWORD).press("Continue").heading == "Enter your code"


def test_signing_out_ends_it(place):
    """S32: at once, also for a copy of the cookie; the page says so."""
    browser = place.signed_in()
    copy = held(browser)
    out = browser.send("/staff/sign-out", {"csrf_token": browser.token})
    other = place.stranger()
    other.client.set_cookie(cookie.PLAIN, copy)

    assert (out.status, out.answer.headers["Location"]) == (303, f"{IN}?out")
    assert held(browser) != copy
    assert "You are signed out" in browser.open(f"{IN}?out")
    assert [one.open(ACCOUNT).status for one in (browser, other)] == [303, 303]
    assert place.log()[-1] == (browser.staff.actor, "sign-out")


def test_who_is_signed_in_need_not_sign_in(place):
    """The address of the sign-in leads on."""
    browser = place.signed_in()

    for path in (f"{IN}?next={ACCOUNT}/codes", f"{SECOND}?next={ACCOUNT}/codes"):
        assert browser.open(path).answer.headers["Location"] == f"{ACCOUNT}/codes"
    assert place.stranger().open(SECOND).answer.headers["Location"] == IN


@pytest.mark.parametrize(
    "asked",
    [
        "https://evil.example/staff/",
        "//evil.example/staff/",
        "/staff//evil.example",
        "/\\evil.example",
        "/staff/\\evil.example",
        "/staff/../book/riverbank/bump",
        "/book/riverbank/bump",
        "javascript:alert(1)",
        "/staff/account?then=elsewhere",
        "/staff/account#part",
        "/staff/a b",
        "/staff/%2f%2fevil.example",
        "/staff/\r\nSet-Cookie: a=b",
        "/staff/é",
        "/staff/sign-in",
        "/staff/sign-out",
        "/staff",
        "",
        None,
    ],
)
def test_next_is_a_path_of_the_staff_pages_or_nothing(place, asked):
    """S33: nobody is led away by a link to the sign-in."""
    with place.app.test_request_context("/staff/sign-in"):
        assert onward(asked) == HOME
        assert onward("/staff/register/riverbank/bump/2027-01-12").endswith("2027-01-12")


def test_strange_next_is_dropped_from_the_page(place, sam):
    """It is neither shown nor followed."""
    browser = place.stranger()
    screen = browser.open(f"{IN}?next=//evil.example")
    there = signed_in(browser, sam, path=f"{IN}?next=//evil.example")

    assert "evil.example" not in screen.html
    assert there.path == SECOND


# --- the cookie


def test_over_https_the_cookie_is_of_this_host_alone(place):
    """S32: __Host-, Secure, HttpOnly, SameSite=Lax, no longer than the browser is open."""
    answer = place.app.test_client().get(IN, base_url="https://families.example")
    (sent,) = answer.headers.getlist("Set-Cookie")
    name, _, rest = sent.partition("=")

    assert name == "__Host-portal-staff"
    assert set(rest.split("; ")[1:]) == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}


def test_the_whole_way_over_https(place, sam):
    """As in use: the strict cookie carries the forms and the session, and nothing else is set."""
    client = place.app.test_client()

    def ask(path, **fields):
        given = {"base_url": "https://families.example"}
        shown = Screen(None, path, client.get(path, **given))
        if not fields:
            return shown
        (button,) = (one for one in ("Continue", "Sign in") if f">{one}</button>" in shown.html)
        sent = client.post(path, data={**dict(shown.fields(button)), **fields}, **given)
        return ask(sent.headers["Location"])

    ask(IN, name=sam.name, password=PASSWORD)
    there = ask(SECOND, code=code_of(place, sam, 0))

    assert there.status == 200
    assert "Sam Brook" in there.html
    assert client.get_cookie("__Host-portal-staff", domain="families.example")
    assert not client.get_cookie("portal-staff", domain="families.example")


@pytest.mark.parametrize(
    ("base", "given", "safe"),
    [
        ("http://127.0.0.1:8000", {}, True),
        ("http://localhost", {}, True),
        ("http://[::1]:8000", {"REMOTE_ADDR": "::1"}, True),
        ("http://families.example", {}, False),
        ("http://127.0.0.1:8000", {"REMOTE_ADDR": "192.0.2.7"}, False),
        ("http://127.0.0.1:8000", {"HTTP_X_FORWARDED_FOR": "192.0.2.7"}, False),
        ("http://127.0.0.1:8000", {"HTTP_X_FORWARDED_PROTO": "https"}, False),
        ("http://127.0.0.1:8000", {"HTTP_ORIGIN": "http://127.0.0.1:8000"}, True),
        ("http://127.0.0.1:8000", {"HTTP_ORIGIN": "http://families.example"}, False),
        ("http://127.0.0.1:8000", {"HTTP_REFERER": "http://families.example/staff/"}, False),
    ],
)
def test_plain_http_is_for_this_machine_alone(place, sam, base, given, safe):
    """S41: elsewhere no page for staff opens, and no cookie is set; nor behind a proxy that is not
    set."""
    client = place.app.test_client()
    client.set_cookie(cookie.PASS, pass_of(place.secret), domain=urlsplit(base).hostname)
    if not given.get("REMOTE_ADDR"):
        given = {"REMOTE_ADDR": "127.0.0.1", **given}
    answer = client.get(IN, base_url=base, environ_base=given)
    posted = client.post(
        IN, base_url=base, environ_base=given, data={"name": sam.name, "password": PASSWORD}
    )

    assert answer.status_code == (200 if safe else 403)
    assert ("Set-Cookie" in answer.headers) is safe
    assert posted.status_code == (400 if safe else 403)
    assert safe or "https" in answer.text


HERE = {"base_url": "http://127.0.0.1:8000", "environ_base": {"REMOTE_ADDR": "127.0.0.1"}}


@pytest.mark.parametrize("held", ["", "0" * 64, "ä"])
def test_a_proxy_that_says_nothing_opens_nothing(place, sam, held):
    """S41: a proxy on this machine may name neither visitor nor site, as a browser here does not:
    without the pass that a command printed, no page for staff opens and nothing is set."""
    client = place.app.test_client()
    client.set_cookie(cookie.PASS, held, domain="127.0.0.1")
    data = {"name": sam.name, "password": PASSWORD}
    answers = [
        client.get(IN, **HERE),
        client.post(IN, **HERE, data=data),
        client.get(f"/staff/here/{held or 'x'}", **HERE),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 303]
    assert not any("Set-Cookie" in answer.headers for answer in answers)
    assert "portal staff here" in answers[0].text
    sheet = re.search(r'"(/staff/static/[^"]+\.css)"', answers[0].text)[1]
    assert client.get(sheet, **HERE).status_code == 200  # the page that refuses looks right


def test_the_link_of_a_command_opens_this_machine(place):
    """It leaves the pass, which opens nothing by itself, and leads to sign-in or an invitation;
    from elsewhere, and by https, it leaves nothing."""
    settings = place.settings.model_copy(update={"secret_key": SecretStr(place.secret)})
    client, elsewhere = place.app.test_client(), place.app.test_client()
    path = urlsplit(link(settings)).path
    answer = client.get(path, **HERE)
    invited = client.get(f"{path}?invitation=a/b", **HERE)
    away = elsewhere.get(path, **HERE | {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}})
    by_https = elsewhere.get(path, base_url="https://families.example")

    assert answer.headers["Location"] == IN
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert invited.headers["Location"] == "/staff/welcome/a%2Fb"
    assert client.get(IN, **HERE).status_code == 200
    assert client.get("/staff/account", **HERE).status_code == 303
    assert (away.status_code, by_https.status_code) == (403, 303)
    assert not any("Set-Cookie" in one.headers for one in (away, by_https))


@pytest.mark.parametrize("served", [{"proxies": 1}, {"trusted_hosts": ("families.example",)}])
def test_a_proxy_that_forwards_nothing_is_not_this_machine(place, sam, monkeypatch, served):
    """S41: where proxies or public hosts are set, no request by plain http is from this machine."""
    context = place.app.extensions["live"]
    monkeypatch.setattr(context, "settings", context.settings.model_copy(update=served))

    client = place.app.test_client()
    client.set_cookie(cookie.PASS, pass_of(place.secret), domain="127.0.0.1")
    answer = client.get(IN, **HERE)

    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_nothing_is_kept(place, sam):
    """S40: no page for staff may be stored, wherever it leads."""
    browser = place.signed_in()
    for path in (IN, ACCOUNT, "/staff/nowhere", f"{ACCOUNT}/phone"):
        for one in (browser, place.stranger()):
            assert one.open(path).answer.headers.getlist("Cache-Control") == ["no-store"]


# --- the first time


@pytest.fixture
def invitation(place):
    return accounts.add(
        place.engine,
        name="ada@example.org",
        title="Ada Moss",
        role="worker",
        centres=["riverbank"],
        now=place.now,
    )


def key_on(screen):
    """The key that one types into the app, where the square cannot be scanned."""
    return re.search(r"<code>([A-Z2-7 ]+)</code>", screen.html)[1].replace(" ", "")


def test_an_invitation_leads_all_the_way(place, invitation):
    """A password, a phone, recovery codes that are shown once; and one is signed in."""
    number, token = invitation
    browser = place.stranger()
    first = browser.open(f"/staff/welcome/{token}")
    second = first.fill(password=NEW, again=NEW).press("Continue")
    typed = pyotp.TOTP(key_on(second)).at(place.now)
    codes = second.fill(code=typed).press("Finish", seconds=0)
    shown = re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", codes.html)
    again = place.stranger().open(f"/staff/welcome/{token}")

    assert "Step 1 of 2 for Ada Moss" in first
    assert "<svg" in second.html
    assert len(shown) == 10
    assert browser.open(ACCOUNT).status == 200
    assert (again.status, again.heading) == (404, "This invitation no longer works")
    assert place.log()[-1] == (f"staff:{number}", "sign-in")
    with_code = signed_in(place.stranger(), accounts.account(place.engine, number).staff, NEW)
    assert with_code.fill(code=shown[3]).press("Sign in").heading == "Today"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"password": "short", "again": "short"}, "Use 15 characters or more"),
        ({"password": "passwordpassword", "again": "passwordpassword"}, "too easy to guess"),
        ({"password": "Ada Moss at Riverbank 1", "again": "x"}, "Leave your own name"),
        ({"password": "the family wellbeing tree", "again": "x"}, "the name of the service"),
        ({"password": NEW, "again": f"{NEW}s"}, "The two passwords are not the same"),
        ({"password": NEW}, "Enter the same password again"),
        ({"password": "x" * 300, "again": "x" * 300}, "Shorten the password"),
    ],
)
def test_passwords_that_cannot_be_kept(place, invitation, typed, words):
    """S31: in words that help, and never shown again."""
    screen = place.stranger().open(f"/staff/welcome/{invitation[1]}")
    screen = screen.fill(**typed).press("Continue")

    assert screen.status == 422
    assert words in " ".join(said for _, said in screen.problems)
    assert all(value not in screen.html for value in typed.values() if len(value) > 5)


def test_a_wrong_code_keeps_the_key(place, invitation):
    """The square stays the same on the page where the code is typed, for ten minutes."""
    path = f"/staff/welcome/{invitation[1]}"
    browser = place.stranger()
    second = browser.open(path).fill(password=NEW, again=NEW).press("Continue")
    key_before = key_on(second)
    wrong = second.fill(code="000000").press("Finish")
    late = wrong.fill(code="000000").press("Finish", seconds=600)

    assert wrong.status == 422
    assert key_before == key_on(wrong)
    assert late.heading == "Type your password"


def test_a_key_is_shown_only_after_the_password(place, invitation):
    """Opening the invitation once more shows no key: it asks for the password that was chosen with
    it, and shows another key then."""
    path = f"/staff/welcome/{invitation[1]}"
    first = place.stranger().open(path).fill(password=NEW, again=NEW).press("Continue")
    again = place.stranger().open(path)
    wrong = again.fill(password="not that at all").press("Continue")
    right = wrong.fill(password=NEW).press("Continue")
    typed = pyotp.TOTP(key_on(right)).at(place.now)

    assert again.heading == wrong.heading == "Type your password"
    assert "<code>" not in again.html + wrong.html
    assert wrong.status == 422
    assert key_on(right) != key_on(first)
    assert right.fill(code=typed).press("Finish", seconds=0).heading == "Your recovery codes"


def test_a_form_sent_twice_is_not_a_wrong_code(place, invitation):
    """Who presses twice sees the next step, without blame."""
    browser = place.stranger()
    first = browser.open(f"/staff/welcome/{invitation[1]}").fill(password=NEW, again=NEW)
    first.press("Continue")
    twice = first.press("Continue")

    assert (twice.status, twice.heading, twice.problems) == (200, "Add your phone", [])


@pytest.mark.parametrize("token", ["x", "a" * 32, "%00"])
def test_every_wrong_invitation_gets_the_same_answer(place, token):
    """Nothing says how wrong it was."""
    answers = {place.stranger().open(f"/staff/welcome/{one}").html for one in (token, "another")}

    assert len(answers) == 1


# --- one's own account


def test_a_new_password(place, sam):
    """S32: all other sessions end; the old password opens nothing."""
    browser, elsewhere = place.stranger(), place.stranger()
    browser.become(sam)
    elsewhere.become(sam)
    screen = browser.open(f"{ACCOUNT}/password")
    screen = screen.fill(old=PASSWORD, password=NEW, again=NEW).press("Change the password")

    assert "Your password is changed" in screen
    assert elsewhere.open(ACCOUNT).status == 303
    assert signed_in(place.stranger(), sam).status == 422
    assert signed_in(place.stranger(), sam, NEW).heading == "Enter your code"


@pytest.mark.parametrize(
    ("part", "button", "typed"),
    [
        ("password", "Change the password", {"password": NEW, "again": NEW}),
        ("phone", "Continue", {}),
        ("codes", "Make new codes", {}),
    ],
)
def test_a_page_left_open_changes_nothing(place, sam, part, button, typed):
    """What opens the door is changed, and a new key is shown, only to who knows the password."""
    browser = place.stranger()
    browser.become(sam)
    before = place.log()
    assert "<code>" not in browser.open(f"{ACCOUNT}/{part}").html
    for old, words in (("", "Enter your current password"), ("wrong", "not your pass")):
        screen = browser.open(f"{ACCOUNT}/{part}").fill(old=old, **typed).press(button)
        assert screen.status == 422
        assert words in screen.beside["old"]

    assert {action for _, action in place.log()[len(before) :]} == {"sign-in-failed"}


def test_another_phone(place, sam):
    """The new one works from now on, with new recovery codes; the old one does not."""
    browser = place.stranger()
    browser.become(sam)
    asked = browser.open(f"{ACCOUNT}/phone").fill(old=PASSWORD)
    screen, other = asked.press("Continue"), asked.press("Continue")
    wrong = screen.fill(code="000000").press("Use this phone")
    late = other.press("Use this phone", seconds=600)
    screen = asked.press("Continue")
    typed = pyotp.TOTP(key_on(screen)).at(place.now)
    codes = screen.fill(code=typed).press("Use this phone", seconds=0)

    assert len({key_on(one) for one in (screen, other, wrong)}) == 3
    assert "More than 10 minutes have passed" in late
    assert "not right" in wrong.beside["code"]
    assert codes.heading == "Your recovery codes"
    assert browser.open(ACCOUNT).status == 200
    old = signed_in(place.stranger(), sam).fill(code=code_of(place, sam)).press("Sign in")
    assert old.status == 422


def test_new_recovery_codes(place, sam):
    """Ten, shown once; those of before open nothing."""
    before = sign_in.new_recovery_codes(place.engine, place.secret, sam.id, now=place.now)
    browser = place.stranger()
    browser.become(sam)
    screen = browser.open(f"{ACCOUNT}/codes").fill(old=PASSWORD).press("Make new codes")
    shown = re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", screen.html)

    assert len(set(shown) - set(before)) == 10
    assert "Recovery codes left 10" in browser.open(ACCOUNT)
    assert signed_in(place.stranger(), sam).fill(code=before[0]).press("Sign in").status == 422


def test_signing_out_everywhere(place, sam):
    """For a phone that was lost while signed in."""
    browsers = [place.stranger(), place.stranger()]
    for browser in browsers:
        browser.become(sam)
    out = browsers[0].open(ACCOUNT).press("Sign out everywhere")

    assert out.heading == "Sign in"
    assert [browser.open(ACCOUNT).status for browser in browsers] == [303, 303]


def test_the_account_page_says_what_one_sees(place):
    """Who wonders why a centre is missing finds the answer here."""
    worker, administrator = place.signed_in(), place.signed_in("administrator")

    assert "Your centres Riverbank" in worker.open(ACCOUNT)
    assert "Your centres All centres" in administrator.open(ACCOUNT)
