"""Hostile requests made at random over every live address, of families and of staff."""

import random
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from portal import database
from portal.bookings import places
from portal.database import tables
from tests.support import figures, made
from tests.support.databases import new_sqlite
from tests.support.long_forms import LONG
from tests.support.screens import Screens
from tests.support.staffed import Staffed

pytestmark = pytest.mark.slow

REQUESTS = 3000 if LONG else 600
OWN_REQUESTS = REQUESTS  # of a worker of the booking's own centre
# Two families: of Riverbank, and of a centre elsewhere. Only workers of their centre may read them.
OF_RIVERBANK = ("Zebedee", "Quillfeather", "zebedee@example.org", "07700 900461")
OF_ELSEWHERE = ("Balthazar", "Nightingale", "balthazar@example.org", "07700 900462")
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
    """Two families' bookings, and who asks: strangers, and workers of both centres."""
    given = {"database_url": new_sqlite(tmp_path / "portal.db")}
    directory = made.directory({}, {}, other_centres=["elsewhere", "third"])
    live = Screens(tmp_path / "live", directory, **given)
    for family, series in ((OF_RIVERBANK, "bump"), (OF_ELSEWHERE, "bump-1")):
        first, last, email, phone = family
        live.book(f"/book/riverbank/{series}", name=f"{first} {last}", email=email, phone=phone)
        live.visitor()
    moved = tables.bookable.update().where(tables.bookable.c.series == "riverbank/bump-1")
    database.write(live.engine, lambda c: c.execute(moved.values(series="elsewhere/bump")))
    staffed = Staffed(tmp_path / "staff", directory, **given)
    yield live, staffed
    live.engine.dispose()
    staffed.engine.dispose()


def _address(rule, right, chance) -> str:
    """An address of this rule: every second is of a family's booking, the others hold anything."""
    wrong = chance.random() < 0.5
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


def _parts_of_bookings(engine) -> dict[str, dict[str, str]]:
    """What stands in the addresses of pages for staff about the booking of each centre."""
    query = sa.select(tables.bookable.c.series, tables.booking.c.reference)
    with database.read(engine) as connection:
        rows = connection.execute(query.join(tables.booking)).all()
    session = {"series": "bump", "planned": "2027-01-12", "programme": "bump"}
    centres = {row.series.partition("/")[0]: row.reference for row in rows}
    return {
        centre: {**session, "centre": centre, "reference": reference}
        for centre, reference in centres.items()
    }


def _rows_elsewhere(engine) -> list[tuple]:
    """All rows about the booking of the centre elsewhere."""
    booking = sa.select(tables.booking.c.id).join(tables.bookable)
    booking = booking.where(tables.bookable.c.series == "elsewhere/bump")
    with database.read(engine) as connection:
        number = connection.execute(booking).scalar_one()
        return [
            tuple(row)
            for table, column in (
                (tables.booking, tables.booking.c.id),
                (tables.person, tables.person.c.booking_id),
                (tables.message, tables.message.c.booking_id),
            )
            for row in connection.execute(sa.select(table).where(column == number))
        ]


def _rules(app, *askers) -> list[tuple]:
    """Each rule of an application, with each client that asks and the token of its forms."""
    rules = sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
    return [(rule, *one) for rule in rules for one in askers if rule.rule not in LEAVES]


class Outcome:
    """What came of random requests. `private` are the words that these visitors may not read."""

    def __init__(self, private: tuple[str, ...]) -> None:
        self.private = private
        self.errors: list[tuple] = []
        self.leaks: list[tuple] = []
        self.statuses: set[int] = set()
        self.shown: set[str] = set()  # words of families that were in an answer

    def ask(self, number: int, rules, bookings, chance) -> None:
        for at in range(number):
            rule, client, token = rules[at % len(rules)]
            path = _address(rule, chance.choice(bookings), chance)
            body = f"csrf_token={token}&{_fields(chance)}"
            method = chance.choice([*sorted(rule.methods - {"OPTIONS"}), "POST"])
            if method == "POST":
                more = {"data": body, "content_type": chance.choice(KINDS)}
            else:
                path, more = f"{path}?{body}"[:8000], {}
            answer = client.open(path, method=method, headers=chance.choice(HEADERS), **more)
            self._look_at(answer, (method, path[:200], body[:300]))
        figures.record(hostile_requests=number, errors=len(self.errors), leaks=len(self.leaks))

    def _look_at(self, answer, request: tuple) -> None:
        text = answer.get_data().decode("utf-8", "replace")
        self.statuses.add(answer.status_code)
        if answer.status_code >= 500 or "Traceback" in text:
            self.errors.append((answer.status_code, *request))
        if MARKUP in text or any(word in text for word in self.private):
            self.leaks.append(request)
        self.shown.update(word for word in OF_RIVERBANK + OF_ELSEWHERE if word in text)


def test_every_live_address(place) -> None:
    """S3, S25, S27: random requests over every rule, by strangers and by a worker of a third
    centre, cause no fault, run nothing, keep nothing and show nobody's booking."""
    live, staffed = place
    worker = staffed.signed_in("worker", centres=("third",))
    rules = _rules(live.desk, (live.client, "x"))
    strangers = staffed.stranger().client, "x"
    rules += _rules(staffed.app, strangers, (worker.client, worker.token))
    bookings = [*_parts_of_bookings(live.engine).values()]
    before, outcome = _stored(live.engine), Outcome(OF_RIVERBANK + OF_ELSEWHERE)
    outcome.ask(REQUESTS, rules, bookings, random.Random(20261129))
    after = _stored(live.engine)
    figures.record(kept=sum(abs(after[name] - before[name]) for name in before))

    assert outcome.errors == []
    assert outcome.leaks == []
    assert after == before
    assert {200, 303, 400, 404, 405} <= outcome.statuses
    assert len(rules) * 2 < REQUESTS


def test_a_worker_of_the_centre(place) -> None:
    """S25, S30: random requests by a worker of Riverbank, who may read and change its bookings,
    cause no fault, run nothing, and neither show nor change the booking of another centre."""
    live, staffed = place
    worker = staffed.signed_in("worker", centres=("riverbank",))
    bookings = [*_parts_of_bookings(live.engine).values()]
    before, outcome = _rows_elsewhere(live.engine), Outcome(OF_ELSEWHERE)
    rules = _rules(staffed.app, (worker.client, worker.token))
    outcome.ask(OWN_REQUESTS, rules, bookings, random.Random(20261130))
    after = _rows_elsewhere(live.engine)
    figures.record(kept=sum(row not in before for row in after) + len(before) - len(after))

    assert outcome.errors == []
    assert outcome.leaks == []
    assert after == before
    assert "Zebedee" in outcome.shown
    assert places.verify(live.engine) == []
