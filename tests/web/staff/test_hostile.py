"""Whatever is sent to the pages for staff gets an answer: no fault, no trace, nothing done."""

import random
from urllib.parse import quote

import pytest

from portal.staff import accounts
from tests.support.staffed import PASSWORD, Staffed

pytestmark = pytest.mark.slow

PARTS = [
    "\x00",
    "'; DROP TABLE staff; --",
    "<script>alert(1)</script>",
    "é" * 300,
    "\u202egnp.exe",
    "-1",
    "99999999999999999999",
    "2147483648",
    "2027-02-30",
    "%2e%2e%2f",
    "a" * 5000,
    "riverbank",
    " ",
    "a\x00b",
]
VALUES = [
    "",
    "\x00",
    "a@b.org,c@d.org",
    "a@b.org\r\nBcc: c@d.org",
    "<b>Ada</b>",
    "=cmd|' /C calc'!A0",
    "{{ 7 * 7 }}",
    "x" * 20_000,
    "\u200b\u200b",
    "٣" * 6,
    "99999999999999999999",
    "riverbank",
    "yes",
]


@pytest.fixture
def place(tmp_path, directory, database_address):
    place = Staffed(tmp_path, directory, database_url=database_address)
    yield place
    place.engine.dispose()


def rules(app):
    return sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))


def spoilt(rule, part):
    """The address of a rule with this in place of each of its parts."""
    return "".join(
        quote(part, safe="") if dynamic else words for dynamic, words in rule._trace if words != "|"
    )


@pytest.mark.long
def test_hostile_addresses(place) -> None:
    """Every rule with every kind of nonsense in it: refused or not there, and never a fault."""
    browser = place.signed_in("administrator")
    token = browser.token
    statuses = set()
    for rule in rules(place.app):
        for part in PARTS if rule.arguments else ():
            for method in rule.methods & {"GET", "POST"}:
                data = {"csrf_token": token} if method == "POST" else None
                answer = browser.client.open(spoilt(rule, part), method=method, data=data)
                statuses.add(answer.status_code)

                assert answer.status_code < 500, f"{method} {rule.rule} with {part!r}"
                assert "<script>alert" not in answer.text

    assert {403, 404} <= statuses


def test_hostile_forms(place) -> None:
    """Every form with nonsense in its fields, for strangers and for who is signed in: an answer
    without a fault, and no account made or changed."""
    chance = random.Random(7)
    before = accounts.everyone(place.engine)
    names = ["name", "password", "again", "old", "code", "title", "role", "centres", "footprint"]
    names += ["next", "show", "q", "of", "before", "step", "key", "words", "version", "note"]
    browser = place.signed_in("manager", footprint="preston")
    stranger = place.stranger()
    tokens = {
        browser: browser.token,
        stranger: dict(stranger.open("/staff/sign-in").fields("Continue"))["csrf_token"],
    }
    skipped = ("/staff/sign-out", "/staff/account/sign-out")
    for rule in rules(place.app):
        if "POST" not in rule.methods or rule.arguments or rule.rule in skipped:
            continue
        for one, token in tokens.items():
            for _ in range(6):
                fields = [(name, chance.choice(VALUES)) for name in names if chance.random() < 0.7]
                body = "&".join(f"{name}={quote(value)}" for name, value in fields)
                answer = one.client.post(
                    rule.rule,
                    data=f"csrf_token={token}&{body}",
                    content_type="application/x-www-form-urlencoded",
                )

                assert answer.status_code < 500, f"{rule.rule} with {fields}"
                assert "<b>Ada</b>" not in answer.text

    staff = [one.staff for one in accounts.everyone(place.engine)]
    assert [one for one in staff if one != browser.staff] == [one.staff for one in before]


def test_hostile_questions(place) -> None:
    """What stands behind the question mark is nonsense: an answer all the same."""
    browser = place.signed_in("administrator")
    for rule in rules(place.app):
        if rule.arguments or "GET" not in rule.methods:
            continue
        for value in VALUES[:-3]:
            query = "&".join(
                f"{name}={quote(value)}"
                for name in ("q", "show", "of", "before", "done", "next", "again", "month", "way")
            )
            answer = browser.client.get(f"{rule.rule}?{query}"[:8000])

            assert answer.status_code < 500, f"{rule.rule} with {value!r}"
            assert "<b>Ada</b>" not in answer.text
            assert "\x00" not in answer.text


def test_a_name_is_shown_as_it_is_written(place) -> None:
    """S17: wherever it stands, it is text."""
    evil = "<img src=x onerror=alert(1)>"
    browser = place.signed_in("administrator", title=evil)
    for path in ("/staff/account", "/staff/accounts", "/staff/log"):
        html = browser.open(path).html

        assert evil not in html
        assert "&lt;img src=x" in html


def test_a_password_is_nowhere_shown(place, caplog) -> None:
    """Neither in a page nor in the log, however the form fails."""
    stranger = place.stranger()
    for name in ("sam@example.org", "sam", "\x00"):
        screen = stranger.open("/staff/sign-in").fill(name=name, password=PASSWORD)

        assert PASSWORD not in screen.press("Continue").html
    assert PASSWORD not in caplog.text
