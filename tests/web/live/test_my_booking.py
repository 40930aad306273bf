"""A family's own page: how things stand, and all that can be done from it."""

from datetime import UTC, datetime, timedelta

import icalendar
import pytest
import sqlalchemy as sa

from portal import bookings, database
from portal.bookings import content_changes, group_messages, places, retention, waiting_list
from portal.database import tables
from tests.support import made
from tests.support.screens import FAMILY, Screens

BUMP = "/book/riverbank/bump"


@pytest.fixture
def screens(tmp_path):
    return Screens(tmp_path)


def run(tmp_path, *fields, **given) -> Screens:
    return Screens(tmp_path, made.directory(*fields, **given))


def rows(screens) -> str:
    """All that the database holds, to see that looking changes nothing."""
    with database.read(screens.engine) as connection:
        return str(
            {
                name: connection.execute(sa.select(table)).all()
                for name, table in tables.metadata.tables.items()
            }
        )


# --- the link -------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["", "/calendar.ics", "/cancel", "/change", "/details", "/delete"])
def test_every_wrong_link_gets_one_answer(screens, part: str) -> None:
    """S23: wrong, cut, old or another's reference: one and the same 404."""
    own = screens.book()
    reference = own.main.one("strong", where=lambda one: "-" in one.text and len(one.text) == 9)
    answers = [
        screens.open(f"/bookings/{link}{part}")
        for link in ("x" * 43, own.path[10:-1], own.path[10:] + "x", reference.text, "%00")
    ]
    screens.now = datetime(2027, 3, 20, tzinfo=UTC)  # a month after the last session
    answers.append(screens.open(own.path + part))

    assert {one.status for one in answers} == {404}
    assert len({one.html for one in answers}) == 1
    assert len({str(one.answer.headers) for one in answers}) == 1


def test_a_wrong_link_does_nothing(screens) -> None:
    """Sending to one is a 404 too."""
    for part in ("accept", "cancel", "change", "details", "delete"):
        assert screens.send(f"/bookings/{'x' * 43}/{part}", {"step": "confirm"}).status == 404


def test_opening_changes_nothing(tmp_path) -> None:
    """S24: mail scanners open every link there is."""
    screens = run(tmp_path, {"places": "1"})
    first = screens.book()
    second = screens.visitor().book(email="b@example.org")
    first.follow("Cancel your booking").press("Yes, cancel it")
    before = rows(screens)
    for own in (first, second):
        for part in ("", "/calendar.ics", "/cancel", "/change", "/details", "/delete"):
            screens.open(own.path + part)
        assert screens.open(f"{own.path}/accept").status == 405

    assert rows(screens) == before


def test_nobody_keeps_the_page(screens) -> None:
    """S8: no-store and noindex; the exit is there; no other site is told the address."""
    own = screens.book()
    links = [link for link in own.main.all("a") if link["href"].startswith("http")]

    assert own.answer.headers["Cache-Control"] == "no-store"
    assert '<meta name="robots" content="noindex">' in own.html
    assert own.html.count('href="/leave"') == 2
    assert links
    assert all("noreferrer" in link.words("rel") for link in links)
    assert "Set-Cookie" not in screens.visitor().open(own.path).answer.headers


# --- how it stands --------------------------------------------------------------------------------


def test_what_a_booked_family_needs(screens) -> None:
    """Reference, dates, venue, what to bring, who meets them, calendar, how to cancel, phone."""
    screens.directory.series[0].link(
        bring="A cushion", room="Willow Room", who_meets_you="A midwife", first_time="Come alone"
    )
    own = screens.book(people="3")

    for words in (
        "Your reference is",
        "Tuesday 12 January 2027, 10am to midday",
        "Riverbank, Willow Room",
        "1 River Street, Preston, PR1 8RJ",
        "A cushion",
        "Who meets you A midwife.",
        "First time Come alone.",
        "Cancel your booking",
        "What happens next",
        "01772 111111",
        "we will send you an email",
    ):
        assert words in own
    assert "How many of you 3" in own


def test_moved_and_cancelled_dates_are_said(screens) -> None:
    """The page follows the content, as the calendar does."""
    own = screens.book()
    screens.directory = made.directory(
        {
            "changes": [
                {"date": "2027-01-19", "moved_to": "2027-01-20 13:00-15:00"},
                {"date": "2027-01-26", "cancelled": "The leader is ill"},
            ]
        }
    )
    page = screens.open(own.path)

    assert "Wednesday 20 January 2027, 1pm to 3pm. Moved from Tuesday 19 January." in page
    assert "Cancelled The leader is ill." in page


def test_a_run_that_is_called_off(screens) -> None:
    """Where no date is left, the page says first that nobody should set out."""
    own = screens.book()
    screens.directory = made.directory({"withdrawn": "The leader has left"})

    assert "Do not set out" in screens.open(own.path)


@pytest.mark.parametrize("unit", ["series", "session"])
def test_a_date_that_is_gone_stands_there_as_cancelled(tmp_path, unit: str) -> None:
    """Taken out of the content it is off, on the page and in the private calendar, at once."""
    screens = run(tmp_path, {"book": unit})
    path = "/book/riverbank/bump?session=2027-01-12" if unit == "session" else BUMP
    own = screens.book(path)
    before = icalendar.Calendar.from_ical(screens.open(f"{own.path}/calendar.ics").html)
    screens.directory = made.directory({"book": unit, "starts": "2027-01-19"})

    def looks() -> tuple[bool, str]:
        calendar = icalendar.Calendar.from_ical(screens.open(f"{own.path}/calendar.ics").html)
        uids = {str(event["uid"]): str(event["status"]) for event in calendar.walk("VEVENT")}
        first = str(before.walk("VEVENT")[0]["uid"])
        shown = "Tuesday 12 January 2027, 10am to midday. Cancelled" in screens.open(own.path)
        return shown, uids[first]

    seen = [looks()]
    content_changes.announce_changes(screens.engine, screens.directory, now=screens.now)
    seen.append(looks())

    assert seen == [(True, "CANCELLED")] * 2
    assert ("All the dates of your booking are cancelled" in screens.open(own.path)) is (
        unit == "session"
    )


@pytest.mark.parametrize("contact_by", ["email", "none"])
def test_a_moved_date_that_is_cancelled_keeps_the_day_that_the_family_knows(
    screens, contact_by
) -> None:
    """Page, private calendar and letter name a cancelled date by the day to which it had moved,
    before and after the letter is queued, also for families that get no letter."""
    own = screens.book(contact_by=contact_by)

    def edited(**change) -> None:
        screens.directory = made.directory({"changes": [{"date": "2027-01-19", **change}]})

    def announced() -> None:
        screens.wait(minutes=1)
        content_changes.announce_changes(screens.engine, screens.directory, now=screens.now)

    def seen() -> tuple[list[str], list[tuple[str, datetime]]]:
        lines = [one.text for one in screens.open(own.path).main.all("li")]
        calendar = icalendar.Calendar.from_ical(screens.open(f"{own.path}/calendar.ics").html)
        off = [one for one in calendar.walk("VEVENT") if one["status"] == "CANCELLED"]
        return (
            [line for line in lines if "Cancelled" in line],
            [(str(one["uid"])[-27:-17], one.start.replace(tzinfo=None)) for one in off],
        )

    edited(moved_to="2027-01-20 13:00-15:00")
    announced()
    edited(cancelled="The leader is ill")
    before = seen()
    announced()
    after = seen()
    edited(cancelled="The boiler is broken")
    announced()

    known = "Wednesday 20 January 2027, 1pm to 3pm"
    moment = [("2027-01-19", datetime(2027, 1, 20, 13))]
    assert before == after == ([f"{known}. Cancelled The leader is ill."], moment)
    assert seen() == ([f"{known}. Cancelled The boiler is broken."], moment)


def test_a_family_that_books_after_a_cancellation_sees_the_day_that_was_published(tmp_path) -> None:
    """A family that never knew the day to which a date had moved reads the published day."""
    screens = run(tmp_path)
    screens.book()
    for change in ({"moved_to": "2027-01-20"}, {"cancelled": "The leader is ill"}):
        screens.directory = made.directory({"changes": [{"date": "2027-01-19", **change}]})
        screens.wait(minutes=1)
        content_changes.announce_changes(screens.engine, screens.directory, now=screens.now)
    screens.wait(minutes=1)
    own = screens.visitor().book(email="b@example.org")

    assert "Tuesday 19 January 2027, 10am to midday. Cancelled" in own
    assert "20 January" not in own


def test_a_date_that_was_gone_before_is_nothing_to_who_books_now(tmp_path) -> None:
    """Who never had it does not see it."""
    screens = run(tmp_path)
    screens.book()
    screens.directory = made.directory({"starts": "2027-01-19"})
    screens.wait(minutes=1)
    content_changes.announce_changes(screens.engine, screens.directory, now=screens.now)
    screens.wait(minutes=1)
    own = screens.visitor().book(email="b@example.org")

    assert "12 January" not in screens.open(own.path)


def test_a_run_that_has_left_the_content(screens) -> None:
    """The booking can still be seen and cancelled, and names nothing that may be sensitive."""
    own = screens.book()
    screens.directory = made.directory({"starts": "2027-02-02"})
    screens.directory.series[0].link(slug="other")
    page = screens.open(own.path)

    assert page.status == 200
    assert "Bump" not in page
    assert page.heading == "Check with us before you come"
    assert "We no longer have this group on our site" in page
    for promise in (
        "You have a place",
        "told you where to come",
        "If a date is cancelled or postponed, or the day, the time or the place changes, we will",
    ):
        assert promise not in page
    calendar = screens.open(f"{own.path}/calendar.ics")
    assert calendar.status == 200  # after an error, a phone keeps the old entries
    assert b"NAME:Appointments" in calendar.answer.data
    ended = page.follow("Cancel your booking").press("Yes, cancel it")
    assert ended.heading == "Your booking is cancelled"


def test_the_calendar_of_a_run_that_has_left_the_content_shows_what_we_know(screens) -> None:
    """The private calendar keeps the entries of a removed group: unsure while the booking stands,
    cancelled where the date or the booking is, and without anything that may be sensitive."""
    own = screens.book()

    def entries() -> dict[str, icalendar.Event]:
        data = screens.open(f"{own.path}/calendar.ics").answer.data
        return {str(e["uid"]): e for e in icalendar.Calendar.from_ical(data).walk("VEVENT")}

    before = entries()
    off = {"changes": [{"date": "2027-01-19", "cancelled": "The leader is ill"}]}
    screens.directory = made.directory(off)
    content_changes.announce_changes(screens.engine, screens.directory, now=screens.now)
    screens.directory = made.directory()
    screens.directory.series[0].link(slug="other")
    removed = entries()
    screens.open(own.path).follow("Cancel your booking").press("Yes, cancel it")
    ended = entries()

    assert before.keys() == removed.keys() == ended.keys()
    states = {uid[-27:-17]: str(event["status"]) for uid, event in removed.items()}
    assert states.pop("2027-01-19") == "CANCELLED"
    assert set(states.values()) == {"TENTATIVE"}
    assert {str(event["status"]) for event in ended.values()} == {"CANCELLED"}
    assert {str(event["summary"]) for event in removed.values()} == {
        "Ask us first: Appointment",
        "CANCELLED: Ask us first: Appointment",
    }
    for event in removed.values():
        assert event["class"] == "PRIVATE"
        assert not {"LOCATION", "DESCRIPTION", "URL"} & set(event)
    for uid, event in before.items():
        assert event.start == removed[uid].start == ended[uid].start
        assert event["sequence"] <= removed[uid]["sequence"] < ended[uid]["sequence"]


def test_a_cancelled_run_that_has_left_the_content_stays_cancelled(screens) -> None:
    """A group that was cancelled before it left the content is still cancelled on the own page."""
    own = screens.book()
    screens.directory = made.directory({"withdrawn": "The leader has left"})
    content_changes.announce_changes(screens.engine, screens.directory, now=screens.now)
    screens.directory = made.directory()
    screens.directory.series[0].link(slug="other")
    page = screens.open(own.path)

    assert page.heading == "Your booking is cancelled"
    assert "We have had to cancel this" in page
    assert "You have a place" not in page


def test_who_wants_no_messages_is_told_to_look(screens) -> None:
    """S5: no message by a way that was not chosen, and the page says what that means."""
    none = screens.book(contact_by="none")
    unsafe = screens.visitor().book(safe_to_contact="no")

    for own in (none, unsafe):
        assert "We will not get in touch with you" in own
    assert screens.count("message") == 0


# --- what can be done -----------------------------------------------------------------------------


def test_cancelling_asks_first_and_frees_the_place(tmp_path) -> None:
    """A screen of its own with a button; the place is offered on; twice is once."""
    screens = run(tmp_path, {"places": "1"})
    first = screens.book()
    second = screens.visitor().book(email="b@example.org")
    ask = first.follow("Cancel your booking")
    assert places.places_left(screens.engine, screens.directory.series) != {}
    done, again = ask.press("Yes, cancel it"), ask.press("Yes, cancel it")

    assert ask.heading == "Cancel your booking?"
    assert done.heading == again.heading == "Your booking is cancelled"
    assert screens.open(second.path).heading == "A place is free for you"
    assert places.verify(screens.engine) == []


def test_a_waiting_family_is_offered_a_place_and_takes_it(tmp_path) -> None:
    """The offer says until when; one button takes it, and pressing twice is once."""
    screens = run(tmp_path, {"places": "1"})
    first = screens.book()
    second = screens.visitor().book(email="b@example.org")
    first.follow("Cancel your booking").press("Yes, cancel it")
    offered = screens.open(second.path)
    taken, again = offered.press("Take the place"), offered.press("Take the place")

    assert "We will keep it for you until 9" in offered
    assert "on Wednesday 6 January 2027" in offered
    assert taken.heading == again.heading == "Your place is booked"
    assert places.verify(screens.engine) == []


def test_a_waiting_family_is_promised_no_offer_when_none_is_made(tmp_path) -> None:
    """From the evening before, places that fall free are not offered: the page says to ask."""
    screens = run(tmp_path, {"places": "1"})
    first = screens.book()
    second = screens.visitor().book(email="b@example.org")
    starts = screens.directory.find_series("riverbank/bump").sessions[0].starts
    promises = ("When a place is free", "we will keep it for a while")

    screens.now = (starts - timedelta(days=1)).replace(hour=17)
    before = screens.open(second.path)
    screens.now = starts - timedelta(hours=11)
    first.follow("Cancel your booking").press("Yes, cancel it")
    late = screens.open(second.path)

    assert all(words in before for words in promises)
    assert late.heading == before.heading
    assert not any(words in late for words in promises)
    assert "We do not offer places so soon before a date. Ask us if one is free." in late
    assert "If we have to cancel it, we will send you an email." in late
    assert "We will not get in touch" not in late


def test_an_offer_that_is_over_goes_to_the_next(tmp_path) -> None:
    """Late is late, also before the clock has said so; the next family is offered the place."""
    screens = run(tmp_path, {"places": "1"})
    first = screens.book()
    second = screens.visitor().book(email="b@example.org")
    third = screens.visitor().book(email="c@example.org")
    first.follow("Cancel your booking").press("Yes, cancel it")
    offered = screens.open(second.path)
    late = offered.press("Take the place", seconds=3 * 24 * 3600)
    seen = screens.open(second.path)
    waiting_list.lapse(screens.engine, screens.directory, now=screens.now)

    assert (late.status, late.heading) == (409, "This offer has ended")
    assert "You can book again at any time" in late
    assert seen.heading == "This offer has ended"
    assert screens.open(second.path).heading == "This offer has ended"
    assert screens.open(third.path).heading == "A place is free for you"


def test_an_offer_of_what_is_off_cannot_be_taken(tmp_path) -> None:
    """Also before the clock has said so: the page says that it is cancelled, without a button."""
    screens = run(tmp_path, {"places": "1"})
    first = screens.book()
    second = screens.visitor().book(email="b@example.org")
    first.follow("Cancel your booking").press("Yes, cancel it")
    offered = screens.open(second.path)
    screens.directory = made.directory({"places": "1", "withdrawn": "The leader has left"})
    seen, late = screens.open(second.path), offered.press("Take the place")
    content_changes.end_waits_for_cancelled(screens.engine, screens.directory, now=screens.now)
    ended = screens.open(second.path)

    assert seen.heading == ended.heading == "This offer has ended"
    assert "Take the place" not in seen
    assert (late.status, late.heading) == (409, "This booking has ended")
    assert "The leader has left." in seen
    assert "The leader has left." in ended


@pytest.mark.parametrize(
    ("fields", "edit", "query", "why"),
    [
        ({}, {"withdrawn": "The leader has left"}, "", "The leader has left."),
        (
            {"book": "session"},
            {"except": "2027-01-19"},
            "?session=2027-01-19",
            "We do not meet on this date any more.",
        ),
    ],
    ids=["run", "session gone"],
)
def test_who_waits_for_what_is_off_sees_that_it_waits_no_longer(
    tmp_path, fields, edit, query, why
) -> None:
    """At once, and when the clock has said so: why, that there is nothing to do, and where to look
    for something else. There is no list to leave any more, and no calendar to look into."""
    screens = run(tmp_path, {"places": "1", **fields})
    screens.book(f"{BUMP}{query}")
    own = screens.visitor().book(f"{BUMP}{query}", email="b@example.org")
    ask = own.follow("Leave the waiting list")
    screens.directory = made.directory({"places": "1", **fields, **edit})
    seen = screens.open(own.path)
    late = ask.press("Yes, leave the list")
    content_changes.end_waits_for_cancelled(screens.engine, screens.directory, now=screens.now)
    ended = screens.open(own.path)

    for page in (seen, late, ended):
        assert page.heading == "You are no longer on the waiting list"
        assert why in page
        assert "Find a session" in page
        for words in ("Leave the waiting list", "You are number", "your calendar", "set out"):
            assert words not in page
    assert screens.open(f"{own.path}/change").status == 409


def test_who_waits_for_a_sensitive_programme_that_is_off_reads_no_reason(tmp_path) -> None:
    """An editor's words may tell what it is."""
    fields = {"places": "1", "booking": "book"}
    screens = run(tmp_path, fields, sensitive=True)
    run_of_it = screens.directory.private_series[0]
    given = {"secret": screens.settings.secret, "now": screens.now}
    for number in range(2):
        family = bookings.Family("Amina Khan", f"{number}@example.org", None, "email", True)
        own = bookings.book(screens.engine, run_of_it, family, key=f"k{number}" * 9, **given)
    withdrawn = {**fields, "withdrawn": "The refuge is full"}
    screens.directory = made.directory(withdrawn, sensitive=True)
    seen = [screens.open(f"/bookings/{own.link}")]
    content_changes.end_waits_for_cancelled(screens.engine, screens.directory, now=screens.now)
    seen.append(screens.open(f"/bookings/{own.link}"))

    for page in seen:
        assert page.heading == "You are no longer on the waiting list"
        assert "We have had to cancel this." in page
        assert "refuge" not in page


def test_a_waiting_list_that_was_left(tmp_path) -> None:
    """No booking was cancelled: there was none, and none is in a calendar."""
    screens = run(tmp_path, {"places": "1"})
    screens.book()
    own = screens.visitor().book(email="b@example.org")
    ask = own.follow("Leave the waiting list")
    left = ask.press("Yes, leave the list")

    assert ask.heading == "Leave the waiting list?"
    assert left.heading == left.title.partition(" – ")[0] == "You have left the waiting list"
    assert "You can book again at any time." in left
    for words in ("cancelled", "your calendar", "Leave the waiting list"):
        assert words not in left


def test_a_request_that_was_taken_back(tmp_path) -> None:
    """Never confirmed, it is no booking. Once the details are deleted nobody says who ended it."""
    screens = run(tmp_path, {"booking": "request"}, way="request")
    own = screens.book("/request/bump?series=riverbank/bump&who=family")
    back = own.follow("Take back your request").press("Yes, take it back")
    deleted = back.follow("Delete what we keep about you").press("Yes, delete them")

    assert back.heading == back.title.partition(" – ")[0] == "You have taken back your request"
    assert deleted.heading == "Your request has ended"
    for page in (back, deleted):
        assert "You can ask again at any time." in page
        for words in ("cancelled", "your calendar", "Take back your request"):
            assert words not in page


def test_a_request_that_staff_ended(tmp_path) -> None:
    """The family did not take it back: it reads why instead."""
    screens = run(tmp_path, {"booking": "request"}, way="request")
    own = screens.book("/request/bump?series=riverbank/bump&who=family")
    bookings.cancel(
        screens.engine, screens.directory, 1,
        now=screens.now, actor="staff:1", wished=False, reason="The course is for another age",
    )  # fmt: skip
    page = screens.open(own.path)

    assert page.heading == "Your request has ended"
    assert "The course is for another age." in page


@pytest.mark.parametrize("sensitive", [False, True])
def test_a_request_is_called_a_request(tmp_path, sensitive: bool) -> None:
    """Until staff give a place there is no booking: neither the family's page, nor its title, nor
    any screen behind it, nor the page after it is taken back, calls the request one."""
    screens = run(tmp_path, {"booking": "request"}, way="request", sensitive=sensitive)
    known = {name: said for name, said in FAMILY.items() if not sensitive or name != "people"}
    form = screens.open("/request/bump?who=family").fill(**known)
    own = form.press("Continue").press("Send")
    behind = [
        own,
        *(screens.open(f"{own.path}/{part}") for part in ("cancel", "details", "delete")),
    ]

    if sensitive:
        assert own.title.startswith("Your request –")
        assert "Your request" in behind[1]
    assert "Anyone with this link can see and take back your request." in own
    assert "This also ends your request." in behind[3]
    back = own.follow("Take back your request").press("Yes, take it back")
    refused = screens.open(f"{own.path}/change")
    for page in (*behind, back, refused):
        said = f"{page.title} {page.words}".lower()
        assert "booking" not in said
        assert "staff of the group" not in said
    assert "This request has ended" in refused


def test_a_request_that_had_a_place_is_a_booking(tmp_path) -> None:
    """Confirmed and then cancelled, it is both true and in a calendar."""
    screens = run(tmp_path, {"booking": "request"}, way="request")
    own = screens.book("/request/bump?series=riverbank/bump&who=family")
    bookings.confirm(screens.engine, screens.directory, 1, now=screens.now, actor="staff:1")
    page = screens.open(own.path).follow("Cancel your booking").press("Yes, cancel it")

    assert page.heading == "Your booking is cancelled"
    assert "your calendar" in page


def test_what_ended_before_anybody_wrote_down_what_it_was(screens) -> None:
    """A row of an older version: neither a booking nor a request is claimed."""
    own = screens.book()
    own.follow("Cancel your booking").press("Yes, cancel it")
    database.write(screens.engine, lambda c: c.execute(tables.booking.update().values(was="")))

    assert screens.open(own.path).heading == "This has ended"


def test_an_offer_can_be_declined(tmp_path) -> None:
    """Who no longer wants it says so, and the next need not wait."""
    screens = run(tmp_path, {"places": "1"})
    first = screens.book()
    second = screens.visitor().book(email="b@example.org")
    third = screens.visitor().book(email="c@example.org")
    first.follow("Cancel your booking").press("Yes, cancel it")
    no = screens.open(second.path).follow("I no longer want this place")
    done = no.press("Yes, turn it down")

    assert no.heading == "Turn this place down?"
    assert done.heading == "You have turned this place down"
    assert "your calendar" not in done
    assert screens.open(third.path).heading == "A place is free for you"


def test_coming_with_more_or_fewer(tmp_path) -> None:
    """Numbers and ages can change; more need free places, else all stays as it was."""
    screens = run(tmp_path, {"places": "4", "place_for": "person", "ages": "0-4 years"})
    own = screens.book(people="2", children__1__age="3")
    form = own.follow("Change who is coming")
    assert dict(form.fields("Save"))["children-1-age"] == "3"
    wrong = form.fill(people="").press("Save")
    assert (wrong.status, wrong.problems) == (422, [("#people", "Enter how many people will come")])
    more = form.fill(people="4", children__2__age="1").press("Save")
    assert "How many of you 4" in more
    fewer = more.follow("Change who is coming").fill(people="2").press("Save")
    screens.visitor().book(email="b@example.org", people="2")
    full = fewer.follow("Change who is coming").fill(people="3").press("Save")

    assert (full.status, full.heading) == (409, "There are not enough places")
    assert "How many of you 2" in full.follow("Back")
    assert bookings.family_of(screens.engine, 1).children == ("3 years", "1 year")
    assert places.verify(screens.engine) == []


def test_another_child_on_the_change_screen(tmp_path) -> None:
    """Rows can be added there as well, without a script."""
    own = run(tmp_path, {"ages": "0-4 years"}).book(children__1__age="3")
    form = own.follow("Change who is coming").press("Add another child")

    assert dict(form.fields("Save"))["children-1-age"] == "3"
    assert "children-4-age" in dict(form.fields("Save"))


def test_a_family_sees_and_corrects_its_details(screens) -> None:
    """S52: what is kept is shown in a form, and what is mended stands."""
    own = screens.book(access="A ramp", phone="07700 900123")
    form = own.follow("See or change what we keep about you")
    fields = dict(form.fields("Save"))
    wrong = form.fill(email="nonsense").press("Save")
    form.typed = {}
    saved = form.fill(name="Amina Begum", access="").press("Save")
    kept = bookings.family_of(screens.engine, 1)

    assert {"name": "Amina Khan", "access": "A ramp", "contact_by": "email"}.items() <= (
        fields.items()
    )
    assert (wrong.status, wrong.title.startswith("Error: Your details")) == (422, True)
    assert saved.heading == "Your place is booked"
    assert (kept.name, kept.access, kept.people) == ("Amina Begum", "", 2)


def test_a_way_that_is_no_longer_offered_stays_until_it_is_changed(screens) -> None:
    """Who chose text messages while they were sent finds them chosen, and may keep them; whoever
    chose something else is not offered them."""
    text = screens.book(contact_by="text", phone="07700 900123")
    email = screens.visitor().book(email="b@example.org")
    live = screens.desk.extensions["live"]
    live.settings = live.settings.model_copy(update={"text_channel": "none"})
    forms = [screens.open(f"{own.path}/details") for own in (text, email)]
    saved = forms[0].fill(name="Amina Begum").press("Save")
    screens.open(f"{text.path}/details").fill(contact_by="email").press("Save")

    assert ["By text message" in form for form in forms] == [True, False]
    assert dict(forms[0].fields("Save"))["contact_by"] == "text"
    assert saved.heading == "Your place is booked"
    assert "By text message" not in screens.open(f"{text.path}/details")


def test_a_family_sets_right_what_it_answered(tmp_path) -> None:
    """S52: the programme's own questions too; an answer that is needed stays needed."""
    asks = [
        {"name": "due", "label": "When is it due?"},
        {"name": "partner", "label": "Does somebody come with you?", "type": "yes-no"},
        {"name": "twins", "label": "How many babies?", "type": "number", "required": "yes"},
    ]
    screens = run(tmp_path, questions=asks)
    typed = {"question__due": "March", "question__partner": "yes", "question__twins": "2"}
    form = screens.book(**typed).follow("See or change what we keep about you")
    shown = dict(form.fields("Save"))
    missing = form.fill(question__due="", question__partner="no", question__twins="").press("Save")
    missing.fill(question__twins="1").press("Save")
    with database.read(screens.engine) as connection:
        kept = connection.execute(sa.select(tables.person.c.answers)).scalar_one()

    assert {name: shown[name] for name in shown if name.startswith("question")} == {
        "question-due": "March",
        "question-partner": "yes",
        "question-twins": "2",
    }
    assert missing.problems == [("#question-twins", "Answer the question: How many babies?")]
    assert kept == {"partner": "No", "twins": "1"}


def test_a_question_that_was_not_asked_need_not_be_answered(tmp_path) -> None:
    """Who mends its address is not held up by what a programme asks since."""
    screens = run(tmp_path)
    own = screens.book()
    screens.directory = made.directory(questions=[{"name": "n", "label": "N?", "required": "yes"}])
    form = own.follow("See or change what we keep about you")

    assert form.press("Save").heading == "Your place is booked"


def test_the_safe_time_of_a_request_can_be_changed(tmp_path) -> None:
    """It may not be safe any more. What is asked for stays as it was."""
    screens = run(tmp_path, way="request")
    own = screens.book(
        "/request/bump?who=family", contact_by="call", phone="07700 900123",
        safe_time="Mornings", district="preston",
    )  # fmt: skip
    form = own.follow("See or change what we keep about you")
    shown = dict(form.fields("Save"))["safe_time"]
    form.fill(safe_time="Evenings").press("Save")
    with database.read(screens.engine) as connection:
        kept = connection.execute(sa.select(tables.person.c.answers)).scalar_one()

    assert shown == "Mornings"
    assert kept == {"safe-time": "Evenings", "where": "Preston"}


def test_a_family_deletes_its_details(screens) -> None:
    """S52: asked first; then nothing personal is left, and the page says so."""
    own = screens.book(access="A ramp")
    ask = own.follow("Delete what we keep about you")
    done = ask.press("Yes, delete them")

    assert "also ends your booking" in ask
    assert done.heading == "Your booking is cancelled"
    assert "Your details are deleted" in done
    assert (screens.count("person"), screens.count("need")) == (0, 0)
    assert screens.open(f"{own.path}/details").heading == "Your details are deleted"
    assert screens.open(f"{own.path}/change").status == 409


@pytest.mark.parametrize(
    ("part", "button"),
    [("cancel", "Yes, cancel it"), ("change", "Save"), ("details", "Save")],
)
def test_a_foreign_token_changes_nothing(screens, part: str, button: str) -> None:
    """S42: the screen again with a new token, which then works."""
    own = screens.book()
    form = screens.open(f"{own.path}/{part}")
    before = rows(screens)
    screens.visitor()
    refused = form.press(button)

    assert refused.status == 400
    assert refused.title.startswith("Error: ")
    assert rows(screens) == before
    assert refused.press(button).status == 200


def test_a_foreign_token_takes_no_offer(tmp_path) -> None:
    """The own page again, with a button that works."""
    screens = run(tmp_path, {"places": "1"})
    first = screens.book()
    second = screens.visitor().book(email="b@example.org")
    first.follow("Cancel your booking").press("Yes, cancel it")
    offered = screens.open(second.path)
    screens.visitor()
    refused = offered.press("Take the place")

    assert (refused.status, refused.heading) == (400, "A place is free for you")
    assert refused.press("Take the place").heading == "Your place is booked"


def test_a_booking_that_has_ended_cannot_be_changed(screens) -> None:
    """Each screen says so, or shows how it stands."""
    own = screens.book()
    change = own.follow("Change who is coming")
    own.follow("Cancel your booking").press("Yes, cancel it")

    assert change.fill(people="3").press("Save").status == 409
    assert screens.open(f"{own.path}/cancel").status == 303
    assert screens.send(f"{own.path}/accept", {"step": "check"}).status == 409


@pytest.mark.parametrize(
    ("status", "yes"), [("confirmed", "Yes, cancel it"), ("waiting", "Yes, leave the list")]
)
def test_what_is_over_is_not_given_up_any_more(tmp_path, status, yes) -> None:
    """The page says that it is over: who came stays on the register, and nothing is sent."""
    screens = run(tmp_path, {"places": "1", "sessions": "1"})
    own = screens.book()
    if status == "waiting":
        own = screens.visitor().book(email="b@example.org")
    ask = screens.open(f"{own.path}/cancel")
    screens.now = datetime(2027, 1, 12, 12, 5, tzinfo=UTC)
    before = screens.stored()
    over = ask.press(yes)
    with database.read(screens.engine) as connection:
        kept = connection.execute(sa.select(tables.booking.c.status)).scalars().all()

    assert over.heading == "This is over"
    assert "Come on the day" not in over
    assert "Cancel your booking" not in over
    assert "number 1" not in over
    assert screens.open(f"{own.path}/change").status == 409
    assert kept[-1] == status
    assert screens.stored() == before


def test_a_database_that_breaks_off_while_cancelling(screens) -> None:
    """503 with the button again; pressed later, it is done."""
    ask = screens.book().follow("Cancel your booking")
    with screens.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE message RENAME TO away")
    broken = ask.press("Yes, cancel it")
    with screens.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO message")

    assert (broken.status, broken.heading) == (503, "We cannot do this just now")
    assert broken.press("Try again").heading == "Your booking is cancelled"


def test_a_database_that_is_away_when_details_are_sent(screens) -> None:
    """503 with the button again, and with all that was typed."""
    form = screens.book().follow("See or change what we keep about you")
    with screens.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE booking RENAME TO away")
    broken = form.fill(notes="I bring a\nfriend").press("Save")
    with screens.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO booking")
    saved = broken.press("Try again")

    assert (broken.status, broken.heading) == (503, "We cannot do this just now")
    assert saved.heading == "Your place is booked"
    assert "I bring a\nfriend" in screens.open(f"{saved.path}/details").html


# --- the private calendar -------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["", "/calendar.ics", "/cancel"])
def test_nothing_behind_a_link_is_listed_by_search_engines(screens, part) -> None:
    """Every answer below /bookings/ says so to robots, a wrong link's too."""
    own = screens.book()

    for path in (own.path, "/bookings/wrong"):
        assert screens.open(path + part).answer.headers["X-Robots-Tag"] == "noindex"


def test_the_private_calendar_follows_the_booking(screens) -> None:
    """Offered by webcal and as an address to copy; a moved date is the same entry, moved."""
    own = screens.book()
    webcal = own.main.one("a", where=lambda one: one["href"].startswith("webcal:"))["href"]
    address, again = (one.text for one in own.main.all("code"))
    assert address == again

    def entries():
        answer = screens.open(f"{own.path}/calendar.ics").answer
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"
        read = icalendar.Calendar.from_ical(answer.data)
        return {str(one["uid"]): one for one in read.walk("VEVENT")}

    first = entries()
    screens.directory = made.directory(
        {"changes": [{"date": "2027-01-19", "moved_to": "2027-01-20 13:00-15:00"}]}
    )
    second = entries()
    screens.open(own.path).follow("Cancel your booking").press("Yes, cancel it")
    third = entries()

    assert address == f"https://families.example{own.path}/calendar.ics"
    assert webcal == address.replace("https:", "webcal:")
    assert len(first) == 6
    assert first.keys() == second.keys() == third.keys()
    assert [u for u in first if first[u].start != second[u].start] == [
        u for u in first if "2027-01-19" in u
    ]
    assert {str(one["status"]) for one in third.values()} == {"CANCELLED"}


def test_the_address_is_that_of_the_live_part(tmp_path) -> None:
    """Where bookings stand on a host of their own, the calendar does too."""
    screens = run(tmp_path)
    site = screens.directory.site
    screens.directory.__dict__["site"] = site.model_copy(
        update={"booking_address": "https://book.example/"}
    )

    assert screens.book().main.all("code")[0].text.startswith("https://book.example/bookings/")


# --- a sensitive programme ------------------------------------------------------------------------


def asked(tmp_path, **given) -> tuple[Screens, object]:
    """A run of a sensitive programme, and the own page of a family that has a place in it."""
    screens = run(tmp_path, {}, sensitive=True, **given)
    series = screens.directory.private_series[0]
    family = bookings.Family("Amina Khan", email="amina@example.org", contact_by="email")
    given = {"secret": screens.settings.secret, "now": screens.now}
    made_one = bookings.book(screens.engine, series, family, key="k" * 20, **given)
    bookings.confirm(
        screens.engine, screens.directory, made_one.id, now=screens.now, actor="staff:1"
    )
    return screens, screens.open(f"/bookings/{made_one.link}")


def test_the_own_page_of_a_sensitive_programme_is_neutral(tmp_path) -> None:
    """Neither its name nor a place; days and times, and a calendar, only when asked for."""
    _, own = asked(tmp_path)
    shown = [
        part
        for part in own.main.all("p", "h1", "h2", "li", "dd")
        if not any(one.tag == "details" for one in part.ancestors)
    ]
    text = " ".join(part.text for part in shown)

    assert own.title.startswith("Your booking")
    for words in ("Time together", "Bump", "Riverbank", "River Street", "Preston", "Amina"):
        assert words not in own.words
    assert "January" not in text
    assert "calendar" not in text.lower()
    assert [one.text for one in own.main.all("summary")] == [
        "Show the days and times",
        "Put it in my calendar",
    ]
    assert "webcal:" not in own.html


def test_the_calendar_of_a_sensitive_programme_says_appointment(tmp_path) -> None:
    """Only for who asks for it, and neutral then."""
    screens, own = asked(tmp_path)
    answer = screens.open(f"{own.path}/calendar.ics").answer

    assert b"SUMMARY:Appointment" in answer.data
    for words in (b"Time together", b"Riverbank", b"LOCATION"):
        assert words not in answer.data


def test_numbers_of_a_sensitive_booking_are_not_shown(tmp_path) -> None:
    """Who comes to one is talked about, not typed."""
    screens, own = asked(tmp_path)

    assert "Change who is coming" not in own
    assert screens.open(f"{own.path}/change").status == 409
    details = own.follow("See or change what we keep about you")
    assert {
        one.get("autocomplete") for one in details.main.all("input") if one.get("id") in FAMILY
    } == {"off", ""}


def test_the_questions_of_a_sensitive_programme_are_not_shown_again(tmp_path) -> None:
    """They would tell what it is about. When it is safe to ring can be set right."""
    _, own = asked(tmp_path, questions=[{"name": "safe", "label": "Do you feel safe?"}])
    details = own.follow("See or change what we keep about you")

    assert "Do you feel safe?" not in details.html
    assert "When is a good and safe time to reach you?" in details


# --- what staff say -------------------------------------------------------------------------------


def test_words_of_staff_reach_who_wanted_no_messages(tmp_path) -> None:
    """A word to everybody of a session, and the words of a no, stand on the own page."""
    screens = run(tmp_path)
    own = screens.book(contact_by="none", safe_to_contact="no")
    (session, *_) = screens.directory.series[0].all_sessions
    words = "Bring wellies <b>&</b> a coat"
    group = group_messages.of_session(session)
    group_messages.send(
        screens.engine, group, words, key="everybody", now=screens.now, actor="staff:1"
    )
    told = screens.open(own.path)
    screens.now = session.ends
    over = screens.open(own.path)

    with database.read(screens.engine) as connection:
        states = connection.execute(sa.select(tables.message.c.state)).scalars().all()
    assert states == ["ring"]  # no message is sent: staff say it
    assert f"A message from us {words}" in told
    assert "wellies" not in over


def test_words_about_a_sensitive_programme_are_folded_away(tmp_path) -> None:
    """Nobody reads them over a shoulder: they are opened by who wants to."""
    screens, own = asked(tmp_path)
    (session, *_) = screens.directory.private_series[0].all_sessions
    group = group_messages.of_session(session)
    group_messages.send(
        screens.engine, group, "Side door", key="sensitive", now=screens.now, actor="staff:1"
    )
    details = screens.open(own.path).main.all("details")

    assert ["Side door" in one.text for one in details][:1] == [True]


# --- a postponed date -----------------------------------------------------------------------------

PUT_OFF = {"date": "2027-01-12", "postponed": "The boiler is broken"}


@pytest.mark.parametrize("days", [0, 30], ids=["before its day", "after its day"])
def test_a_place_at_a_postponed_date_waits_for_its_new_date(tmp_path, days) -> None:
    """The family keeps its place and is told not to set out, also when the old day is past."""
    screens = run(tmp_path, {"repeats": "once"})
    own = screens.book()
    screens.directory = made.directory({"repeats": "once", "changes": [PUT_OFF]})
    retention.follow_dates(screens.engine, screens.directory)
    screens.now += timedelta(days=days)
    page = screens.open(own.path)
    calendar = screens.open(f"{own.path}/calendar.ics").answer.data

    assert page.heading == "Your place is booked"
    assert "Do not set out There is no new date yet. You keep your place." in page
    assert "Postponed The boiler is broken. We do not know the new date yet." in page
    assert "We will tell you the new date." in page
    assert "Come on the day" not in page
    assert b"STATUS:TENTATIVE" in calendar
    assert b"SUMMARY:POSTPONED: " in calendar


def test_a_booking_with_other_dates_names_the_postponed_one(tmp_path) -> None:
    """The next date that is held stands first in the notice."""
    screens = run(tmp_path)
    own = screens.book()
    screens.directory = made.directory({"changes": [PUT_OFF]})
    page = screens.open(own.path)

    assert "Tuesday 12 January 2027 is postponed. Your next date is Tuesday 19 Jan" in page


def test_a_postponed_date_cannot_be_booked_and_its_course_can(tmp_path) -> None:
    """The page of a date says why; the page of a course names the postponed date."""
    dates = run(tmp_path / "dates", {"book": "session", "changes": [PUT_OFF]})
    course = run(tmp_path / "course", {"changes": [PUT_OFF]})
    refused = dates.open("/book/riverbank/bump?session=2027-01-12")
    offered = course.open("/book/riverbank/bump")

    assert refused.heading == "This is postponed"
    assert "The boiler is broken. We do not know the new date yet." in refused
    assert offered.heading == "Book a place"
    assert "12 January: postponed, with no new date yet" in offered


def test_a_discreet_page_says_that_it_is_postponed(tmp_path) -> None:
    """The family must not set out, and the page names neither the group nor the reason (S4)."""
    screens, own = asked(tmp_path)
    run_of = {"sessions": "1", "changes": [PUT_OFF]}
    screens.directory = made.directory(run_of, sensitive=True)
    page = screens.open(own.path)

    assert "It is postponed: do not set out. You keep your place." in page
    assert "boiler" not in page
    assert "Time together" not in page
