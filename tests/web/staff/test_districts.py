"""What belongs to no centre has a district: each such record, as each role and footprint."""

import pytest

from portal import bookings
from portal.bookings import Family, complaints
from tests.bookings.test_booking import KEYS
from tests.support.staffed import Staffed

# A district of each footprint; and requests that name none, or one that has left the content.
FOOTPRINTS = {
    "lancaster": "lancaster-fylde-wyre",
    "preston": "preston",
    "chorley": "chorley-south-ribble-west-lancashire",
    "hyndburn": "hyndburn-ribble-valley-rossendale",
    "burnley": "burnley-pendle",
    "": None,
    "gone": None,
}
LISTS = ("/staff/requests", "/staff/bookings?q=family", "/staff/messages?show=owed", "/staff/ring")


@pytest.fixture
def place(tmp_path, directory):
    return Staffed(tmp_path, directory)


@pytest.fixture
def everybody(place):
    """Each role: managers of each footprint, and a worker of all centres."""
    centres = [one.slug for one in place.directory.centres]
    managers = [
        place.signed_in("manager", footprint=footprint)
        for footprint in filter(None, FOOTPRINTS.values())
    ]
    return [place.signed_in("administrator"), place.signed_in(centres=centres), *managers]


def may(staff, district: str) -> bool:
    """The rule, written a second time."""
    if staff.role == "administrator":
        return True
    return staff.role == "manager" and staff.footprint == FOOTPRINTS[district]


def ask(place, programme, district: str, contact_by: str):
    email = f"{programme.slug}.{district or 'anywhere'}@example.org"
    name = f"Family {programme.slug} {district or 'anywhere'}"
    family = Family(name, email, "01772 900123", contact_by, True)
    given = {"key": next(KEYS), "secret": place.secret, "now": place.now, "district": district}
    return bookings.ask(place.engine, programme, family, **given), name


def requested(place) -> list:
    """A request in each district, for a programme that is sensitive and for one that is not."""
    programmes = [one for one in place.directory.programmes if one.booking == "request"]
    two = [next(one for one in programmes if one.sensitive is kind) for kind in (True, False)]
    return [
        (district, *ask(place, programme, district, "email"))
        for programme in two
        for district in FOOTPRINTS
    ]


@pytest.mark.slow
def test_a_request_is_for_the_managers_of_its_district(place, everybody):
    """S30: nobody else lists, reads, answers, cancels or deletes it, at any address.

    All addresses have the same guard: each is tried by a worker and by one manager.
    """
    records = requested(place)
    rules = [one for one in place.app.guarded.values() if "<reference>" in one.rule]
    before = {one.id: one.status for _, one, _ in records}
    wrong = []
    for browser in everybody:
        token, staff = browser.token, browser.staff
        pages = {path: browser.open(path).words for path in LISTS[:3]}
        for district, made, name in records:
            allowed = may(staff, district)
            opened = browser.open(f"/staff/bookings/{made.reference}").status
            seen = [path for path, words in pages.items() if name in words]
            seen += [path for path, words in pages.items() if made.reference in words]
            if (opened == 200) is not allowed or bool(seen) is not allowed:
                wrong.append((staff.role, staff.footprint, name, opened, seen))
            tried = not allowed and browser in everybody[1:3] and made.id <= len(FOOTPRINTS)
            for one in rules if tried else ():
                path = one.rule.replace("<reference>", made.reference)
                if "POST" in one.methods:
                    wrong += _refused(browser.send(path, {"csrf_token": token}), name)
                if "GET" in one.methods:
                    wrong += _refused(browser.open(path), name)

    assert len(rules) > 10
    words = {"staff of the centre of the booking"}
    assert {one.may.words for one in rules} == words | {f"{_OF_REQUESTS}, or its worker"}
    assert wrong == []
    after = (bookings.get(place.engine, number, place.secret) for number in before)
    assert {one.id: one.status for one in after} == before


def test_a_request_to_a_centre_is_for_its_workers_too(place):
    """S93: the workers of the centre and the managers of its district list and open it; workers of
    other centres and managers elsewhere do not."""
    programmes = [one for one in place.directory.programmes if one.booking == "request"]
    programme = next(one for one in programmes if not one.sensitive)
    given = {"key": next(KEYS), "secret": place.secret, "now": place.now, "district": "preston"}
    family = Family("Amina Khan", "a@example.org", None, "email", True)
    made = bookings.ask(place.engine, programme, family, centre="riverbank", **given)
    browsers = {
        "hers": place.signed_in(centres=["riverbank"]),
        "other": place.signed_in(centres=["harbour"]),
        "manager": place.signed_in("manager", footprint="preston"),
        "elsewhere": place.signed_in("manager", footprint="burnley-pendle"),
    }
    seen = {
        name: (
            browser.open(f"/staff/bookings/{made.reference}").status == 200,
            "Amina Khan" in browser.open("/staff/requests").words,
            "Amina Khan" in browser.open("/staff/bookings?q=amina").words,
            made.reference in browser.open("/staff/messages?show=owed").words,
        )
        for name, browser in browsers.items()
    }

    everything, nothing = (True,) * 4, (False,) * 4
    assert seen == {
        "hers": everything, "other": nothing, "manager": everything, "elsewhere": nothing
    }  # fmt: skip
    assert "Riverbank Centre" in browsers["manager"].open("/staff/log").words


_OF_REQUESTS = "staff of the centre of the request"


def _refused(screen, name: str) -> list:
    hidden = screen.status == 403 and name not in screen.words
    return [] if hidden else [(screen.path, screen.status, name)]


def test_who_is_to_be_rung_is_listed_for_the_managers_of_its_district(place, everybody):
    """S30: an answer that no message brings is told by those who may read the request."""
    programme = next(one for one in place.directory.programmes if one.booking == "request")
    records = [(district, *ask(place, programme, district, "call")) for district in FOOTPRINTS]
    for _, made, _ in records:
        answer = {"reason": "We are full", "now": place.now, "actor": "operator"}
        bookings.decline(place.engine, made.id, **answer)
    for browser in everybody:
        words = browser.open("/staff/ring").words
        found = [district for district, _, name in records if name in words]

        assert found == [district for district in FOOTPRINTS if may(browser.staff, district)]


def test_the_log_shows_managers_who_read_what_is_theirs(place, everybody):
    """The lines about a district are shown to the managers of its footprint, and to no others."""
    programme = next(one for one in place.directory.programmes if one.booking == "request")
    admin, worker, *managers = everybody
    for district in FOOTPRINTS:
        made, _ = ask(place, programme, district, "email")
        complain(place, district)
        assert admin.open(f"/staff/bookings/{made.reference}").status == 200
    admin.open("/staff/complaints")
    titles = {one.slug: one.title for one in place.directory.districts}

    assert worker.open("/staff/log").status == 403
    for browser in managers:
        lines = browser.open("/staff/log").words
        found = [one for one in FOOTPRINTS if f"{programme.title}, {titles.get(one, '?')}" in lines]
        told = [one for one in FOOTPRINTS if f"complaint, {titles.get(one, '?')}" in lines]
        own = [district for district in FOOTPRINTS if may(browser.staff, district)]
        assert (found, told) == (own, own)
        assert lines.count("read a booking") == lines.count("read complaints about data") == 1


def complain(place, district: str) -> str:
    contact = {
        "name": f"Cross {district or 'anywhere'}", "email": "cross@example.org", "phone": None,
        "contact_by": "email", "safe_to_contact": True, "safe_time": "", "district": district,
    }  # fmt: skip
    words = f"Wrong in {district or 'anywhere'}."
    return complaints.complain(place.engine, contact, words, key=next(KEYS), now=place.now)


def test_a_complaint_is_for_the_managers_of_its_district(place, everybody):
    """S30: nobody else reads it, is told on Today that it waits, or takes it off the list."""
    for district in FOOTPRINTS:
        complain(place, district)
    waiting = {one.district: one for one in complaints.waiting_complaints(place.engine)}
    for browser in everybody:
        token, own = browser.token, [one for one in FOOTPRINTS if may(browser.staff, one)]
        words = browser.open("/staff/complaints").words
        today = browser.open("/staff/").words

        assert [d for d in FOOTPRINTS if f"Wrong in {d or 'anywhere'}." in words] == own
        assert ("about data wait" in today) is bool(own)
        for district in set(FOOTPRINTS) - set(own):
            path = f"/staff/complaints/{waiting[district].id}/answered"
            assert browser.send(path, {"csrf_token": token}).status == 403
    assert len(complaints.waiting_complaints(place.engine)) == len(FOOTPRINTS)
