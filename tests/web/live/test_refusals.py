"""Every page that refuses something names the group, says when and where it is, and leads on."""

from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from tests.support import made
from tests.support.paths import ROOT
from tests.support.screens import FAMILY, Screen, Screens

BUMP = "/book/riverbank/bump"
BY_DATE = {"book": "session", "places": "1"}
THURSDAYS = {"starts": "2027-01-14", "title": "Bump on Thursdays", "places": "1"}
OFF = {"withdrawn": "The leader has left"}
TUESDAYS = ("Bump, Birth and Beyond", "Tuesdays, 10am to midday", "Riverbank")
ONE_DATE = ("Bump, Birth and Beyond", "Tuesday 12 January 2027, 10am to midday", "Riverbank")
LATE = {"now": datetime(2027, 1, 12, 11, tzinfo=UTC)}


@contextmanager
def without_bookings(screens: Screens):
    """The database fails in everything that needs a booking."""
    with screens.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE booking RENAME TO away")
    yield
    with screens.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO booking")


def check(screens: Screens, path: str = BUMP, **answers) -> Screen:
    return screens.open(path).fill(**{**FAMILY, **answers}).press("Continue")


def opened(screens: Screens) -> Screen:
    return screens.open(BUMP)


def opened_date(screens: Screens) -> Screen:
    return screens.open(f"{BUMP}?session=2027-01-12")


def limited(screens: Screens) -> Screen:
    screens.book()
    return screens.visitor().book(email="b@example.org")


def away(screens: Screens) -> Screen:
    ready = check(screens)
    with without_bookings(screens):
        return ready.press("Confirm booking")


def away_at_once(screens: Screens) -> Screen:
    with without_bookings(screens):
        return screens.open(f"{BUMP}?session=2027-01-12")


def full(screens: Screens) -> Screen:
    ready = check(screens)
    screens.book(email="b@example.org")
    return ready.press("Confirm booking")


def sent_twice(screens: Screens) -> Screen:
    form = screens.open(BUMP).fill(**FAMILY)
    form.press("Continue").press("Confirm booking")
    return form.fill(people="5").press("Continue")


def request_limited(screens: Screens) -> Screen:
    path = "/request/bump?who=family"
    check(screens, path, series="riverbank/bump").press("Send")
    return check(screens, path, series="riverbank/bump").press("Send")


def request_away(screens: Screens) -> Screen:
    ready = check(screens, "/request/bump?who=family&series=riverbank/bump")
    with without_bookings(screens):
        return ready.press("Send")


def request_closed(screens: Screens) -> Screen:
    screens.directory = made.directory({"closes": "2027-01-02 09:00"}, way="request")
    return screens.open("/request/bump?who=family&series=riverbank/bump")


def own_away(screens: Screens) -> Screen:
    ask = screens.book().follow("Cancel your booking")
    with without_bookings(screens):
        broken = ask.press("Yes, cancel it")
    assert "Your own page" in broken  # the booking cannot be read, so nothing else is known
    return ask


def own_message_away(screens: Screens) -> Screen:
    ask = screens.book().follow("Cancel your booking")
    with screens.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE message RENAME TO away")
    return ask.press("Yes, cancel it")


def own_too_many(screens: Screens) -> Screen:
    own = screens.book(people="1")
    screens.visitor().book(email="b@example.org", people="1")
    return screens.open(f"{own.path}/change").fill(people="2").press("Save")


def own_ended(screens: Screens) -> Screen:
    form = screens.book().follow("Change who is coming")
    screens.open(f"{form.path.rpartition('/')[0]}/cancel").press("Yes, cancel it")
    return form.press("Save")


def own_deleted(screens: Screens) -> Screen:
    own = screens.book()
    own.follow("Delete what we keep about you").press("Yes, delete them")
    return screens.open(f"{own.path}/details")


def no_way_back(screens: Screens) -> Screen:
    cancelled = screens.book().follow("Cancel your booking").press("Yes, cancel it")
    client = screens.client
    screens.visitor().book(email="b@example.org")
    screens.client = client
    return cancelled.press("Take my place back")


def taken_elsewhere(screens: Screens) -> Screen:
    cancelled = screens.book().follow("Cancel your booking").press("Yes, cancel it")
    [name] = [
        one.text
        for one in cancelled.main.all("button")
        if one.text.startswith("Take this place") and "Thursdays" in one.text
    ]
    client = screens.client
    screens.visitor().book("/book/riverbank/bump-1", email="b@example.org")
    screens.client = client
    return cancelled.press(name)


THURSDAY = ("Bump on Thursdays", "Thursdays, 10am to midday", "Riverbank")
OUTCOMES: dict[str, tuple[Callable[[Screens], Screen], list[dict], dict, tuple[str, ...]]] = {
    "not yet": (opened, [{"opens": "2027-01-06 09:00"}], {}, TUESDAYS),
    "closed": (opened, [{"closes": "2027-01-02 09:00"}], {}, TUESDAYS),
    "started": (opened, [{}], LATE, TUESDAYS),
    "cancelled": (opened, [OFF], {}, TUESDAYS),
    "cancelled date": (
        opened_date,
        [{**BY_DATE, "changes": [{"date": "2027-01-12", "cancelled": "Ill"}]}],
        {},
        ONE_DATE,
    ),
    "unknown date": (
        lambda screens: screens.open(f"{BUMP}?session=2027-01-13"),
        [BY_DATE],
        {},
        TUESDAYS,
    ),
    "drop in": (opened, [{"booking": "drop-in", "places": None}], {}, TUESDAYS),
    "referral": (opened, [{"booking": "referral"}], {}, TUESDAYS),
    "full": (full, [{"places": "1"}], {}, TUESDAYS),
    "other age": (
        lambda screens: check(screens, children__1__age="9"),
        [{"ages": "0-4 years"}],
        {},
        TUESDAYS,
    ),
    "no safe way": (lambda screens: check(screens, safe_to_contact="no"), [{}], {}, TUESDAYS),
    "sent twice": (sent_twice, [{}], {}, TUESDAYS),
    "limited": (limited, [{}], {"bookings_per_series": 1}, TUESDAYS),
    "away": (away, [{}], {}, TUESDAYS),
    "away at once": (away_at_once, [BY_DATE], {}, ONE_DATE),
    "request limited": (
        request_limited,
        [{}],
        {"bookings_per_contact": 1, "way": "request"},
        TUESDAYS,
    ),
    "request away": (request_away, [{}], {"way": "request"}, TUESDAYS),
    "request closed": (request_closed, [{}], {"way": "request"}, TUESDAYS),
    "own: asked to confirm": (own_away, [{}], {}, TUESDAYS),
    "own: away": (own_message_away, [{}], {}, TUESDAYS),
    "own: too many": (own_too_many, [{"places": "2", "place_for": "person"}], {}, TUESDAYS),
    "own: ended": (own_ended, [{}], {}, TUESDAYS),
    "own: deleted": (own_deleted, [{}], {}, TUESDAYS),
    "own: no way back": (no_way_back, [{"places": "1"}], {}, TUESDAYS),
    "own: other group taken": (taken_elsewhere, [{}, THURSDAYS], {}, THURSDAY),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_refusal_names_the_group_and_leads_on(tmp_path, outcome: str) -> None:
    """Below the heading stand the group, its day, time and centre; then there is a way on."""
    act, fields, given, named = OUTCOMES[outcome]
    given = dict(given)
    way, now = given.pop("way", None), given.pop("now", None)
    screens = Screens(tmp_path, made.directory(*fields, way=way), **given)
    screens.now = now or screens.now
    page = act(screens)
    top = page.words[: page.words.index(named[-1]) + len(named[-1])]

    for words in named:
        assert words in top
    links = {link["href"] for link in page.main.all("a") if link["href"].startswith("/")}
    assert links - {page.path}
    assert "01772 111111" in page or outcome == "own: asked to confirm"


def test_a_refusal_about_a_sensitive_booking_names_nothing(tmp_path) -> None:
    """S3: what cannot be done with such a booking is said without the group, place or time."""
    screens = Screens(tmp_path, made.directory({}, sensitive=True))
    form = screens.open("/request/bump?who=family")
    answers = {name: said for name, said in FAMILY.items() if name != "people"}
    own = form.fill(**answers).press("Continue").press("Send")
    own.follow("Take back your request").press("Yes, take it back")
    page = screens.open(f"{own.path}/change")

    assert page.heading == "This request has ended"
    assert "Your request" in page
    for words in ("Time together", "Riverbank", "Tuesday", "midday"):
        assert words not in page


def test_a_cancelled_group_is_not_followed_by_each_cancelled_date(tmp_path) -> None:
    """Where every date is off, the page says when the group was to be held, and not "Not on"."""
    page = opened(Screens(tmp_path, made.directory(OFF)))

    assert "6 sessions, from 12 January to 16 February 2027." in page
    assert "Not on" not in page


def test_a_note_beside_a_move_is_a_sentence_of_its_own(tmp_path) -> None:
    """What an editor notes about a moved date follows after a full stop, and not after a comma."""
    move = {"date": "2027-01-19", "moved_to": "2027-01-20", "note": "The hall is used for a vote"}
    page = opened(Screens(tmp_path, made.directory({"changes": [move]})))

    assert "20 January, 10am to midday. The hall is used for a vote." in page


def test_only_one_function_makes_refusals() -> None:
    """The page of a refusal is rendered by `screens.explain` only, which demands a subject."""
    uses = [
        path.name
        for path in (ROOT / "portal/web").rglob("*.py")
        if "live/explain.html" in path.read_text()
    ]

    assert uses == ["screens.py"]
