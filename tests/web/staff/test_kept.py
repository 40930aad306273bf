"""A time-out loses no work: what is sent too late is kept, and saved after signing in."""

from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa

from portal import database
from portal.database import tables
from portal.staff import kept_forms, sign_in
from portal.web.staff import cookie
from portal.web.staff.access import ANYBODY
from tests.bookings.test_booking import family
from tests.support import made
from tests.support.staffed import PASSWORD, Staffed, key
from tests.web.staff.test_day import REGISTER, book

# Forms that are not kept: buttons that hold no work, and forms that hold a password.
NOT_KEPT = {
    "/staff/account/codes",
    "/staff/account/password",
    "/staff/account/phone",
    "/staff/account/sign-out",
    "/staff/accounts/<int(max=2147483647):number>/remove",
    "/staff/accounts/<int(max=2147483647):number>/reset",
    "/staff/accounts/unlock",
    "/staff/bookings/<reference>/confirm",
    "/staff/bookings/<reference>/delete",
    "/staff/bookings/<reference>/give",
    "/staff/bookings/<reference>/link",
    "/staff/bookings/<reference>/move-on",
    "/staff/complaints/<int(max=2147483647):number>/answered",
    "/staff/content/<centre>/changes",
    "/staff/content/<centre>/file/<name>/undo",
    "/staff/content/<centre>/history/<name>/<commit>/back",
    "/staff/content/<centre>/photo",
    "/staff/content/<centre>/take-back",
    "/staff/kept/drop",
    "/staff/messages/<int(max=2147483647):number>/again",
    "/staff/messages/again",
    "/staff/panel/<district>/gaps/<gap>/agree",
    "/staff/panel/<district>/gaps/<gap>/drop",
    "/staff/panel/<district>/gaps/<gap>/take-out",
    "/staff/panel/<district>/issues/<int(max=2147483647):issue>/agree",
    "/staff/panel/<district>/issues/<int(max=2147483647):issue>/drop",
    "/staff/panel/<district>/messages",
    "/staff/reports/<quarter>/publish",
    "/staff/requests/<reference>/allocate",
    "/staff/requests/<reference>/book",
    "/staff/requests/<reference>/contacted",
    "/staff/requests/<reference>/review",
    "/staff/ring/<reference>",
    "/staff/ring/<reference>/not-told",
    "/staff/sign-out",
    "/staff/waiting/<centre>/<series>",
    "/staff/weeks/<int(max=2147483647):number>/close",
}


@pytest.fixture
def place(tmp_path):
    return Staffed(tmp_path, made.directory())


def come_back(browser, staff):
    """Sign in again in this browser, from the page where it was led."""
    screen = browser.open("/staff/sign-in").fill(name=staff.name, password=PASSWORD)
    screen = screen.press("Continue")
    code = pyotp.TOTP(key(browser.place.secret, staff)).at(
        browser.place.now + timedelta(seconds=10)
    )
    return screen.fill(code=code).press("Sign in")


def marks(place) -> list[str]:
    with database.read(place.engine) as connection:
        return list(connection.execute(sa.select(tables.attendance.c.mark)).scalars())


def test_every_form_says_whether_it_is_kept(place) -> None:
    """A new form with work in it is kept through a time-out, or named above after thinking."""
    routes = [one for one in place.app.guarded.values() if "POST" in one.methods]
    plain = {one.rule for one in routes if not one.keeps and one.may is not ANYBODY}

    assert plain == NOT_KEPT


def test_a_register_sent_too_late_is_saved_after_signing_in(place) -> None:
    """Every mark is kept for its own account, and one press saves it."""
    booked = book(place, family())
    browser = place.signed_in()
    screen = browser.open(REGISTER).fill(**{f"mark-{booked.id}": "came", "families": "2"})
    place.wait(minutes=45)
    asked = screen.press("Save the register")
    before = marks(place)
    back = come_back(browser, browser.staff)
    saved = back.press("Save it now")

    assert (asked.path, asked.heading) == (f"/staff/sign-in?next={REGISTER}&kept", "Sign in")
    assert "What you sent is kept for an hour" in asked
    assert before == []
    assert (back.heading, "The register" in back) == ("Save your work", True)
    assert "All marks have been saved" in saved
    assert marks(place) == ["came"]
    assert dict(saved.fields("Save the register"))["families"] == "2"
    assert browser.open("/staff/kept").answer.headers["Location"] == "/staff/"
    assert place.count("kept_form") == 0


def test_a_booking_by_phone_is_kept_too(place) -> None:
    """Whatever the form, with its query and its answers, after eight hours as well."""
    browser = place.signed_in()
    screen = browser.open("/staff/book/riverbank/bump").fill(
        name="Amina Khan", phone="01772 123456", contact_by="call", safe_to_contact="no", people="2"
    )
    place.wait(hours=9)
    screen.press("Book")
    booked = come_back(browser, browser.staff).press("Save it now")

    assert booked.heading == "Amina Khan"
    assert place.count("booking") == 1


def test_what_is_kept_belongs_to_its_account_for_an_hour(place) -> None:
    """Nobody else who signs in there sees it; after an hour it is deleted; it can be refused."""
    booked = book(place, family())
    browser, other = place.signed_in(), place.staff()
    screen = browser.open(REGISTER).fill(**{f"mark-{booked.id}": "came"})
    place.wait(minutes=31)
    screen.press("Save the register")
    theirs = come_back(browser, other)
    browser.open("/staff/account").press("Sign out everywhere")
    refused = come_back(browser, browser.staff).press("Do not save it")
    after = place.count("kept_form")
    kept_forms.keep(
        place.engine, other.id, path=REGISTER, what="the register", fields=[], now=place.now
    )
    kept_forms.expire(place.engine, now=place.now + timedelta(minutes=59))
    still = place.count("kept_form")
    late = place.now + timedelta(hours=1)

    assert theirs.heading == "Today"
    assert refused.heading == "Today"
    assert (after, still) == (0, 1)
    assert kept_forms.of(place.engine, other.id, now=late) == []
    kept_forms.expire(place.engine, now=late)
    assert place.count("kept_form") == 0
    assert marks(place) == []


@pytest.mark.parametrize("how", ["signed out", "foreign token", "not theirs", "json", "a password"])
def test_what_is_not_kept(place, how) -> None:
    """Of a visit that was ended on purpose, of another site, of another centre, or a password."""
    browser = place.signed_in(centres=["harbour"] if how == "not theirs" else ["riverbank"])
    token = browser.token
    path = "/staff/account/password" if how == "a password" else REGISTER
    if how == "signed out":
        visit = sign_in.visit(
            place.engine, browser.client.get_cookie(cookie.PLAIN).value, now=place.now
        )
        sign_in.end(place.engine, visit, now=place.now)
    place.wait(minutes=31)
    fields = {"csrf_token": "x" * 40 if how == "foreign token" else token, "families": "9"}
    if how == "json":
        answer = browser.client.post(path, json=fields)
    else:
        answer = browser.client.post(path, data=fields)

    assert answer.status_code == 303
    assert answer.location.startswith("/staff/sign-in")
    assert "kept" not in answer.location
    assert place.count("kept_form") == 0


def test_the_page_knows_how_long_a_visit_lasts(place) -> None:
    """The script that warns two minutes before learns it from the page and from /staff/stay."""
    browser = place.signed_in()
    first = browser.open("/staff/account").html
    for _ in range(19):
        place.wait(minutes=25)
        left = browser.open("/staff/stay").answer.json["left"]

    assert 'data-signout="1800"' in first
    assert left == 5 * 60
