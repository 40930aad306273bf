"""Hostile requests made at random over every live address, of families and of staff."""

import random
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from portal import database
from portal.database import tables
from tests.support import figures, made
from tests.support.databases import new_sqlite
from tests.support.long_forms import LONG
from tests.support.screens import Screens
from tests.support.staffed import Staffed

pytestmark = pytest.mark.slow

REQUESTS = 3000 if LONG else 500
# What a stranger and a worker of another centre must not read.
PRIVATE = ("Zebedee", "Quillfeather", "zebedee@example.org", "07700 900461")
MARKUP = "<script>alert(1)</script>"
PARTS = ["riverbank", "bump", "bump", "1", "2027-01-12", "..", "\x00", MARKUP, "a" * 3000, "-1"]
VALUES = [
    "", "\x00", "' OR 1=1 --", MARKUP, "{{ 7 * 7 }}", "%s%n", "../../etc/passwd", "\u202eabc",
    "a@b.org,c@d.org", "a@b.org\r\nBcc: c@d.org", "x" * 20_000, "99999999999999999999", "yes",
    "2027-02-30", "=cmd|' /C calc'!A0", "confirm", "٣" * 9, "\ud83d\ude00", "riverbank/bump",
]  # fmt: skip
NAMES = [
    "name", "email", "phone", "people", "contact_by", "safe_to_contact", "notes", "step", "key",
    "started", "children-1-age", "session", "series", "who", "reference", "near", "q", "next",
    "show", "before", "password", "code", "role", "centres", "of", "version", "words", "way",
]  # fmt: skip
KINDS = ["application/x-www-form-urlencoded"] * 6 + ["application/json", "text/xml", ""]
HEADERS = [
    {}, {}, {}, {"Cookie": "form=" + "." * 60}, {"Host": "evil.example"},
    {"Accept-Language": "\xff"},
    {"X-Forwarded-For": "1.2.3.4, \x7f"}, {"Range": "bytes=9-1"},
    {"Referer": "javascript:alert(1)"},
    {"If-None-Match": '"'}, {"If-Modified-Since": "never"}, {"Content-Length": "-1"},
]  # fmt: skip
LEAVES = ("/staff/sign-out", "/staff/account/sign-out", "/leave")


@pytest.fixture
def place(tmp_path):
    """One family's booking, and who asks: strangers, and a worker of another centre."""
    given = {"database_url": new_sqlite(tmp_path / "portal.db")}
    directory = made.directory()
    live = Screens(tmp_path / "live", directory, **given)
    first, last, email, phone = PRIVATE
    live.book(name=f"{first} {last}", email=email, phone=phone)
    live.visitor()
    staffed = Staffed(tmp_path / "staff", directory, **given)
    worker = staffed.signed_in("worker", centres=("elsewhere",), footprint="elsewhere")
    yield live, staffed, worker
    live.engine.dispose()
    staffed.engine.dispose()


def _address(rule, right, chance) -> str:
    """An address of this rule: one of four is of the family's own booking, the others hold
    anything."""
    wrong = chance.random() < 0.75
    parts = (
        words
        if not dynamic
        else quote(chance.choice(PARTS) if wrong else right.get(words, "1"), safe="/")
        for dynamic, words in rule._trace
        if words != "|"
    )
    return "".join(parts)


def _fields(chance) -> str:
    pairs = [(name, chance.choice(VALUES)) for name in chance.sample(NAMES, chance.randint(1, 9))]
    return "&".join(
        f"{name}={quote(value.encode('utf-8', 'surrogatepass'))}" for name, value in pairs
    )


def _stored(engine) -> dict[str, int]:
    """How many rows there are of what people send; limits and the log count attempts."""
    names = ("booking", "person", "gap", "message", "complaint", "staff", "register")
    with database.read(engine) as connection:
        return {
            name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in tables.metadata.tables.items()
            if name in names
        }


def _parts_of_the_booking(engine) -> dict[str, str]:
    """What stands in the addresses of pages for staff about the family's booking."""
    with database.read(engine) as connection:
        reference = connection.execute(sa.select(tables.booking.c.reference)).scalar_one()
    session = {"centre": "riverbank", "series": "bump", "planned": "2027-01-12"}
    return {**session, "reference": reference, "programme": "bump"}


def test_every_live_address(place) -> None:
    """S3, S25, S27: random requests over every rule cause no fault, run nothing, keep nothing and
    show nobody else's booking."""
    live, staffed, worker = place
    chance = random.Random(20261129)
    rules = [
        (rule, client, token)
        for app, asks in (
            (live.desk, [(live.client, "x")]),
            (staffed.app, [(staffed.stranger().client, "x"), (worker.client, worker.token)]),
        )
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
        for client, token in asks
        if rule.rule not in LEAVES
    ]
    right = _parts_of_the_booking(live.engine)
    before, errors, leaks = _stored(live.engine), [], []
    statuses = set()
    for number in range(REQUESTS):
        rule, client, token = rules[number % len(rules)]
        path, body = _address(rule, right, chance), f"csrf_token={token}&{_fields(chance)}"
        method = chance.choice([*sorted(rule.methods - {"OPTIONS"}), "POST"])
        if method == "POST":
            more = {"data": body, "content_type": chance.choice(KINDS)}
        else:
            path, more = f"{path}?{body}"[:8000], {}
        answer = client.open(path, method=method, headers=chance.choice(HEADERS), **more)
        text = answer.get_data().decode("utf-8", "replace")
        statuses.add(answer.status_code)
        if answer.status_code >= 500 or "Traceback" in text:
            errors.append((answer.status_code, method, path[:200], body[:300]))
        if MARKUP in text or any(word in text for word in PRIVATE):
            leaks.append((method, path[:200], body[:300]))
    after = _stored(live.engine)
    figures.record(
        hostile_requests=REQUESTS,
        errors=len(errors),
        leaks=len(leaks),
        kept=sum(abs(after[name] - before[name]) for name in before),
    )

    assert errors == []
    assert leaks == []
    assert after == before
    assert {200, 303, 400, 404, 405} <= statuses
    assert len(rules) * 2 < REQUESTS
