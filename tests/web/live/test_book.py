"""A family books: form, check, confirm, and whatever stands against it."""

import base64
import json
import re
import unicodedata
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from portal import database
from portal.bookings import places
from portal.database import tables
from tests.support import made
from tests.support.screens import FAMILY, Screens

BUMP = "/book/riverbank/bump"
OFF = [{"date": "2027-01-12", "cancelled": "The leader is ill"}]


@pytest.fixture
def screens(tmp_path):
    return Screens(tmp_path)


def run(tmp_path, *fields, **given) -> Screens:
    """The screens for one series with these fields."""
    settings = {name: given.pop(name) for name in list(given) if name.startswith("bookings_")}
    return Screens(tmp_path, made.directory(*fields, **given), **settings)


@pytest.fixture
def on_both(tmp_path, database_address):
    """The screens over a database of each kind."""
    screens = Screens(tmp_path, database_url=database_address)
    yield screens
    screens.engine.dispose()


# --- the way to a place ---------------------------------------------------------------------------


def test_from_the_form_to_the_booked_place(screens) -> None:
    """Three screens after the series page, one heading and one way on each; 303 to the own page."""
    form = screens.open(BUMP)
    check = form.fill(**FAMILY, notes="We come\nby bus").press("Continue")
    answer = check.press("Confirm booking", follow=False)
    own = screens.open(answer.answer.headers["Location"])

    assert (form.heading, check.heading) == ("Book a place", "Check your answers")
    assert (answer.status, own.heading) == (303, "Your place is booked")
    assert re.fullmatch(r"/bookings/[\w-]{43}", answer.answer.headers["Location"])
    assert screens.stored() == {"booking": 1, "person": 1, "gap": 0, "message": 2}
    with database.read(screens.engine) as connection:
        row = connection.execute(sa.select(tables.person)).one()
    assert (row.name, row.notes) == ("Amina Khan", "We come\nby bus")


def test_nothing_is_written_before_the_family_confirms(screens) -> None:
    """Looking at the form and checking the answers cost no row."""
    screens.open(BUMP).fill(**FAMILY).press("Continue")

    assert set(screens.stored().values()) == {0}
    assert screens.count("bucket") == 0


def test_no_cookie_before_a_form(screens) -> None:
    """Pages without a form set none; the form's own is of this host, and scripts cannot read it."""
    for path in ("/availability.json", "/request/bump", "/book/riverbank/none", "/health"):
        assert "Set-Cookie" not in screens.open(path).answer.headers
    plain = screens.open(BUMP).answer.headers["Set-Cookie"]
    secure = screens.visitor().open(BUMP, base_url="https://localhost").answer.headers["Set-Cookie"]

    assert plain.startswith("form=")
    assert secure.startswith("__Host-form=")
    for cookie in (plain, secure):
        assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
        assert "Max-Age" not in cookie
        assert "Expires" not in cookie
    assert "Secure" in secure
    assert "Secure" not in plain


def test_a_journey_over_https(screens) -> None:
    """Booking works behind https without a Referer, which some browsers never send."""
    secure = {"base_url": "https://localhost"}
    form = screens.open(BUMP, **secure).fill(**FAMILY)
    fields = dict(form.fields("Continue"))
    screens.wait(seconds=9)
    answer = screens.send(BUMP, {**fields, "step": "confirm"}, **secure)

    assert answer.status == 303


def test_leaving_empties_the_cookie_of_the_form(screens) -> None:
    """S1: the exit ends what was begun, over https too; the cookie says only that it was pressed,
    and goes when the browser closes."""
    secure = {"base_url": "https://localhost"}
    screens.open(BUMP, **secure)
    changed = screens.open("/leave", **secure).answer.headers["Set-Cookie"]
    held = changed.partition(";")[0].removeprefix("__Host-form=").split(".")[0]

    assert json.loads(base64.urlsafe_b64decode(held + "=" * (-len(held) % 4))) == {"left": True}
    assert "Secure" in changed
    assert "Expires" not in changed


def test_answers_travel_inside_the_form(screens) -> None:
    """No answer is in the cookie or in an address, and the check screen carries all of them."""
    check = screens.open(BUMP).fill(**FAMILY, access="A ramp").press("Continue")
    cookie = screens.client.get_cookie("form").value
    fields = dict(check.fields("Confirm booking"))

    assert "Amina" not in cookie
    assert {name: fields[name] for name in FAMILY} == FAMILY
    assert fields["access"] == "A ramp"


def test_change_goes_back_to_the_answer_and_loses_nothing(screens) -> None:
    """Each answer has a Change that leads to its field; Back keeps all answers as well."""
    check = screens.open(BUMP).fill(**FAMILY, phone="07700 900123").press("Continue")
    button = next(
        one for one in check.main.all("button") if one.get("formaction").endswith("#phone")
    )
    form = screens.send(BUMP, dict(check.fields(button.text)))
    back = check.press("Back")

    for screen in (form, back):
        assert (screen.status, screen.heading) == (200, "Book a place")
        sent = dict(screen.fields("Continue"))
        assert {**FAMILY, "phone": "07700 900123"}.items() <= sent.items()


def test_another_child_without_a_script(tmp_path) -> None:
    """A button adds a row and keeps what was typed; it stops at ten."""
    screens = run(tmp_path, {"ages": "0-4 years"})
    form = screens.open(BUMP).fill(**FAMILY, children__1__age="3")
    for _ in range(7):
        form = form.press("Add another child")
    fields = dict(form.fields("Continue"))

    assert (fields["name"], fields["children-1-age"]) == ("Amina Khan", "3")
    assert "children-10-age" in fields
    assert "Add another child" not in form
    assert "3 years" in form.press("Continue")


def test_enter_goes_on_and_adds_no_child(tmp_path) -> None:
    """The first button of the form, which Enter presses, is the one that goes on."""
    form = run(tmp_path, {"ages": "0-4 years"}).open(BUMP).main.one("form")

    assert [button["value"] for button in form.all("button")] == ["check", "add", "check"]


def test_mistakes_are_summed_up_above_the_heading(screens) -> None:
    """422, 'Error:' in the title; each line leads to its field and repeats its words."""
    screen = screens.open(BUMP).fill(notes="By bus", people="0").press("Continue")
    ids = {element["id"] for element in screen.main if "id" in element}

    assert screen.status == 422
    assert screen.title.startswith("Error: Book a place")
    assert screen.html.index("There is a problem") < screen.html.index("<h1>")
    assert {link.removeprefix("#"): words for link, words in screen.problems} == screen.beside
    assert {link.removeprefix("#") for link, _ in screen.problems} <= ids
    assert ("notes", "By bus") in screen.fields("Continue")
    assert ("people", "0") in screen.fields("Continue")


def test_the_questions_of_the_programme(tmp_path) -> None:
    """Asked with the other things we should know, and kept by their names."""
    screens = run(tmp_path, questions=[{"name": "due", "label": "When is your baby due?"}])
    screens.book(question__due="March")
    with database.read(screens.engine) as connection:
        kept = connection.execute(sa.select(tables.person.c.answers)).scalar_one()

    assert kept == {"due": "March"}


# --- once, and only once --------------------------------------------------------------------------


def test_a_lost_answer_and_the_same_form_again(screens) -> None:
    """S22: pressing again after the answer was lost shows the same booking, however late."""
    check = screens.open(BUMP).fill(**FAMILY).press("Continue")
    first = check.press("Confirm booking", follow=False).answer.headers["Location"]
    again = check.press("Confirm booking", follow=False).answer.headers["Location"]
    screens.now = datetime(2027, 1, 12, 11, tzinfo=UTC)  # the course has begun: booking is closed
    late = check.press("Confirm booking", follow=False).answer.headers["Location"]

    assert first == again == late
    assert screens.count() == 1


def test_a_lost_answer_a_closed_run_and_a_database_that_is_away(screens) -> None:
    """Pressing again later shows what was booked: the page has all that it needs for it."""
    check = screens.open(BUMP).fill(**FAMILY).press("Continue")
    first = check.press("Confirm booking")
    screens.now = datetime(2027, 1, 12, 11, tzinfo=UTC)
    with screens.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE booking RENAME TO away")
    broken = check.press("Confirm booking")
    with screens.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO booking")

    assert broken.status == 503
    assert broken.press("Try again").path == first.path


@pytest.mark.parametrize(
    ("then", "now"),
    [({"place_for": "person"}, {"places": "2"}), ({"ages": "0-4 years"}, {"ages": "5-7 years"})],
)
def test_a_lost_answer_and_a_form_that_is_not_taken_any_more(tmp_path, then, now) -> None:
    """S22: what was booked is shown, though the content would not take these answers now."""
    screens = run(tmp_path, then)
    more = {"children__1__age": "2"} if "ages" in then else {}
    check = screens.open(BUMP).fill(**{**FAMILY, "people": "3"}, **more).press("Continue")
    first = check.press("Confirm booking")
    screens.directory = made.directory({**then, **now})

    assert check.press("Confirm booking").path == first.path


def test_a_lost_answer_and_a_lost_cookie(screens) -> None:
    """The browser was closed meanwhile: nobody is told that nothing has been sent, and the page
    does not show the private link."""
    check = screens.open(BUMP).fill(**FAMILY).press("Continue")
    first = check.press("Confirm booking")
    screens.visitor()
    again = check.press("Confirm booking")

    assert (again.status, again.heading) == (409, "You have sent this form already")
    assert first.path not in again.html
    assert "Use the link in our message to you" in again
    assert screens.count() == 1


def test_a_key_alone_opens_nothing(screens) -> None:
    """S23: with somebody else's key, in a browser of one's own, with a token and a time that are
    right there, and after booking has closed, nobody comes to the private link."""
    check = screens.open(BUMP).fill(**FAMILY).press("Continue")
    theirs = dict(check.fields("Confirm booking"))
    path = check.press("Confirm booking").path
    own = dict(screens.visitor().open(BUMP).fill(**FAMILY).fields("Continue"))
    stolen = {**own, "key": theirs["key"], "step": "confirm"}
    tried = [stolen, {**stolen, "started": theirs["started"]}, {**stolen, "csrf_token": ""}]
    tried.append({"step": "confirm", "key": theirs["key"]})
    screens.wait(seconds=9)
    for now in (screens.now, datetime(2027, 1, 12, 11, tzinfo=UTC)):
        screens.now = now
        for fields in tried:
            answer = screens.send(BUMP, fields)
            assert answer.status in (400, 409)
            assert path not in answer.html
            assert "Location" not in answer.answer.headers
    assert screens.count() == 1


def test_a_form_of_another_group_is_not_taken_for_this_one(tmp_path) -> None:
    """S22: nobody is left to think that a second group is booked: the page says that it is not,
    leads to what was sent, and keeps the answers for a new form."""
    screens = run(tmp_path, {}, {"title": "Cook together"})
    other = screens.directory.series[1].booking_path
    check = screens.open(BUMP).fill(**FAMILY).press("Continue")
    first = check.press("Confirm booking")
    fields = dict(check.fields("Confirm booking"))
    said = screens.send(other, fields)
    own = said.follow("See what happens next")
    booked = said.press("Send as a new form").press("Confirm booking")
    screens.now = datetime(2027, 1, 12, 11, tzinfo=UTC)
    late = screens.send(other, fields)

    assert (said.status, said.heading) == (409, "You have sent this form already")
    assert own.path == first.path
    assert booked.path != first.path
    assert "Cook together" in booked
    assert (late.status, "Nothing more was booked" in late) == (409, True)
    assert screens.count() == 2


def test_a_form_grows_too_old(screens) -> None:
    """A page that was open for more than a day is shown again, with its answers and a new key."""
    form = screens.open(BUMP).fill(**FAMILY)
    before = dict(form.fields("Continue"))
    late = form.press("Continue", seconds=25 * 3600)
    after = dict(late.fields("Continue"))

    assert (late.status, "open for more than a day" in late) == (400, True)
    assert after["name"] == "Amina Khan"
    assert after["key"] != before["key"]
    assert late.press("Continue").heading == "Check your answers"


def test_back_after_booking_and_other_answers(screens) -> None:
    """Some browsers keep the form all the same. Nobody is left to think that they count."""
    form = screens.open(BUMP).fill(**FAMILY)
    own = form.press("Continue").press("Confirm booking")
    said = form.fill(people="5", email="b@example.org").press("Continue")
    stands = said.follow("See what happens next")
    other = said.press("Send as a new form").press("Confirm booking")

    assert (said.status, said.heading) == (409, "You have sent this form already")
    assert stands.path == own.path
    assert "How many of you 2" in stands
    assert "How many of you 5" in other
    assert screens.count() == 2


def test_back_after_booking_shows_a_fresh_form(screens) -> None:
    """The form page is not kept by the browser, and has a key of its own each time."""
    first, second = screens.open(BUMP), screens.open(BUMP)

    assert first.answer.headers["Cache-Control"] == "no-store"
    assert dict(first.fields("Continue"))["key"] != dict(second.fields("Continue"))["key"]


def test_two_windows_for_the_last_place(tmp_path) -> None:
    """The second is not booked, is told so, and joins the waiting list without typing again."""
    screens = run(tmp_path, {"places": "1"})
    windows = [screens.open(BUMP).fill(**FAMILY).press("Continue") for _ in range(2)]
    first, second = (window.press("Confirm booking") for window in windows)

    assert first.heading == "Your place is booked"
    assert (second.status, second.heading) == (409, "Every place is taken")
    assert screens.count() == 1
    own = second.press("Join the waiting list")
    assert own.heading == "You are on the waiting list"
    assert "You are number 1 on the list" in own


def test_a_second_booking_is_not_given_away(screens) -> None:
    """S6: booking with another's email shows what everybody sees, and nothing of the first."""
    first = screens.book()
    stranger = screens.visitor().book(name="A Stranger")

    assert stranger.heading == first.heading
    assert "Amina" not in stranger.html
    assert len(stranger.words) == len(first.words)


# --- full -----------------------------------------------------------------------------------------


def test_a_full_group_says_so_from_the_start(tmp_path) -> None:
    """The same screens join the waiting list, in its words, and name what has room."""
    screens = run(tmp_path, {"places": "1"}, {"places": "5", "title": "Afternoon group"})
    assert "1 place left" in screens.open(BUMP)
    screens.book()
    form = screens.visitor().open(BUMP)
    check = form.fill(**FAMILY).press("Continue")

    assert form.heading == "Join the waiting list"
    assert "Every place is taken" in form
    own = check.press("Join the waiting list")
    assert own.heading == "You are on the waiting list"
    for screen in (form, own):
        assert "5 places left" in screen
        assert screen.follow("Afternoon group").path == "/sessions/riverbank/bump-1/"


def test_full_between_form_and_check(tmp_path) -> None:
    """Who fills in a form meanwhile hears it before the check, and goes on by one button."""
    screens = run(tmp_path, {"places": "1"}, {"places": "1", "time": "13:00-15:00"})
    form, family = screens.open(BUMP).fill(**FAMILY), screens.client
    screens.visitor().book()
    screens.wait(seconds=6)
    screens.client = family
    stopped = form.press("Continue")

    assert (stopped.status, stopped.heading) == (409, "Every place is taken")
    assert "/sessions/riverbank/bump-1/" in [a["href"] for a in stopped.main.all("a")]
    assert stopped.press("Join the waiting list").heading == "Check your answers"


def test_full_without_a_waiting_list(tmp_path) -> None:
    """It says so at once, and offers what has room."""
    other = {"places": "5", "time": "13:00-15:00"}
    screens = run(tmp_path, {"places": "1", "waiting_list": "no"}, other)
    check = screens.open(BUMP).fill(**FAMILY).press("Continue")
    screens.book()
    screens.wait(seconds=6)
    page, pressed = screens.open(BUMP), check.press("Confirm booking")

    for screen in (page, pressed):
        assert (screen.status, screen.heading) == (409, "Every place is taken")
        assert "Join the waiting list" not in screen
        assert "5 places left" in screen
    assert screens.count() == 1


def test_not_enough_places_for_a_party(tmp_path) -> None:
    """A party of three takes three or none; it may come as two, or wait as three."""
    screens = run(tmp_path, {"places": "2", "place_for": "person"}, {"places": "9"})
    screens.directory.series[0].link(places=3)
    screens.book(people="1")
    stopped = screens.visitor().open(BUMP).fill(**{**FAMILY, "people": "3"}).press("Continue")

    assert (stopped.status, stopped.heading) == (409, "There are not enough places")
    assert "There are 2 places left, and you want 3" in stopped
    smaller = stopped.press("Change your answers").fill(people="2").press("Continue")
    assert smaller.press("Confirm booking").heading == "Your place is booked"


# --- what stands against it -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "now", "heading", "words"),
    [
        ({"opens": "2027-01-05 09:00"}, None, "You cannot book yet", "9am on Tuesday 5 January"),
        ({"closes": "2027-01-03"}, None, "Booking has closed", "Ask us"),
        ({}, datetime(2027, 1, 12, 11, tzinfo=UTC), "This has started", "Ask us"),
        ({}, datetime(2027, 6, 1, tzinfo=UTC), "This is over", "no more dates"),
        ({"withdrawn": "The leader has left"}, None, "This is cancelled", "The leader has left."),
        ({"repeats": "once", "changes": OFF}, None, "This is cancelled", "The leader is ill."),
        ({"repeats": "once"}, datetime(2027, 1, 12, 11, tzinfo=UTC), "This has started", "Ask us"),
        ({"repeats": "once"}, datetime(2027, 1, 12, 13, tzinfo=UTC), "This is over", "no more"),
        ({"booking": "drop-in"}, None, "Just come", "You do not need to book"),
        (
            {"booking": "referral"},
            None,
            "A professional needs to ask for this place",
            "health visitor",
        ),
    ],
)
def test_each_reason_has_a_page_of_its_own(tmp_path, fields, now, heading, words) -> None:
    """It explains, gives the phone number, and nothing can be booked past it."""
    open_one = run(tmp_path / "open")
    fresh = open_one.open(BUMP).fill(**FAMILY)
    screens = run(tmp_path, fields)
    screens.now = now or screens.now
    page = screens.open(BUMP)
    pressed = screens.send(BUMP, {**dict(fresh.fields("Continue")), "step": "confirm"})

    assert (page.status, page.heading) == (200, heading)
    assert words in page
    assert "01772 111111" in page
    assert (pressed.status, pressed.heading) == (409, heading)
    assert screens.count() == 0


def test_it_closes_while_the_form_is_filled_in(tmp_path) -> None:
    """The rules decide when the button is pressed, not when the form was shown."""
    screens = run(tmp_path, {"closes": "2027-01-04 09:05"})
    check = screens.open(BUMP).fill(**FAMILY).press("Continue")
    closed = check.press("Confirm booking", seconds=600)

    assert (closed.status, closed.heading) == (409, "Booking has closed")
    assert screens.count() == 0


def test_a_request_leads_to_its_form(tmp_path) -> None:
    """303 to the form that asks for a place, with this one chosen."""
    screens = run(tmp_path, {"booking": "request"})
    answer = screens.open(BUMP).answer

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/request/bump?series=riverbank/bump"


@pytest.mark.parametrize(
    "path",
    [
        "/book/riverbank/none",
        "/book/none/bump",
        "/book/riverbank/bump/",
        "/book/riverbank/Bump",
        "/book/riverbank/bump%00",
        "/book/riverbank",
    ],
)
def test_what_is_not_there(screens, path: str) -> None:
    """404, for looking and for sending."""
    assert screens.open(path).status == 404
    assert screens.send(path, FAMILY).status == 404


def test_a_sensitive_run_is_like_none(tmp_path) -> None:
    """S3: the same answer as for one that does not exist, for looking and for sending."""
    screens = run(tmp_path, {}, sensitive=True)

    for send in (screens.open, lambda path: screens.send(path, FAMILY)):
        found, none = send(BUMP), send("/book/riverbank/none")
        assert (found.status, found.html) == (none.status, none.html)
    assert screens.open("/availability.json").answer.json == {"series": {}}


def test_an_old_name_leads_to_the_new_one(tmp_path) -> None:
    """An address once published stays."""
    screens = run(tmp_path, {"aliases": ["old-bump", "old-centre/bump"]})

    for old in ("/book/riverbank/old-bump", "/book/old-centre/bump"):
        answer = screens.open(old).answer
        assert (answer.status_code, answer.headers["Location"]) == (301, BUMP)
    dated = screens.open("/book/riverbank/old-bump?session=2027-01-12").answer
    assert dated.headers["Location"] == f"{BUMP}?session=2027-01-12"


def renamed(screens) -> None:
    """The series gets another name, and keeps its old one as an alias."""
    screens.directory = made.directory({"book": "session", "aliases": ["bump"]})
    screens.directory.series[0].link(slug="new-bump")


def test_a_series_that_is_renamed_while_its_form_is_filled_in(tmp_path) -> None:
    """The answers go along to the new address, and so does the date; what was booked is shown."""
    screens = run(tmp_path, {"book": "session"})
    form = screens.open(f"{BUMP}?session=2027-01-19").fill(**FAMILY)
    renamed(screens)
    moved = form.press("Continue")
    check = screens.send(moved.answer.headers["Location"], dict(form.fields("Continue")))
    own = check.press("Confirm booking")

    there = "/book/riverbank/new-bump?session=2027-01-19"
    assert (moved.status, moved.answer.headers["Location"]) == (308, there)
    assert (check.heading, own.heading) == ("Check your answers", "Your place is booked")
    assert "Tuesday 19 January 2027" in own


def test_a_lost_answer_survives_a_new_name(tmp_path) -> None:
    """S22: who sends the form again under the old name comes to what it booked."""
    screens = run(tmp_path, {"book": "session"})
    check = screens.open(f"{BUMP}?session=2027-01-19").fill(**FAMILY).press("Continue")
    sent = [check.press("Confirm booking", follow=False)]
    renamed(screens)
    sent.append(check.press("Confirm booking", follow=False))

    assert [one.status for one in sent] == [303, 303]
    assert sent[0].answer.headers["Location"] == sent[1].answer.headers["Location"]
    assert screens.count() == 1


def test_children_of_another_age(tmp_path) -> None:
    """No mistake of the family's: a page that explains, and offers what is for that age."""
    toddlers = {"ages": "1-2 years", "title": "Toddler time"}
    older = {"ages": "5-10 years", "title": "After school", "time": "16:00-17:00"}
    screens = run(tmp_path, toddlers, older)
    form = screens.open(BUMP).fill(**FAMILY, children__1__age="7")
    page = form.press("Continue")

    assert (page.status, page.heading) == (200, "This group is for another age")
    assert page.problems == []
    assert "Ages 1 to 2 years" in page
    assert page.follow("After school").path == "/sessions/riverbank/bump-1/"
    back = page.press("Change your answers")
    assert dict(back.fields("Continue"))["children-1-age"] == "7"
    back.typed = {}
    both = back.fill(children__2__age="2").press("Continue")
    assert both.heading == "Check your answers"  # a brother of another age may come along


# --- one session ----------------------------------------------------------------------------------


def test_a_session_is_chosen_first(tmp_path) -> None:
    """Where each date is booked by itself, the page lists those that can be, with places left."""
    off = [{"date": "2027-01-19", "cancelled": "The leader is ill"}]
    screens = run(tmp_path, {"book": "session", "places": "1", "changes": off})
    choose = screens.open(BUMP)
    form = choose.follow("Tuesday 12 January 2027")
    own = form.fill(**FAMILY).press("Continue").press("Confirm booking")
    screens.wait(seconds=6)

    assert choose.heading == "Choose a date"
    assert "19 January" not in choose
    assert "Tuesday 12 January 2027" in form
    booked, moving, _ = own.words.partition("Move to another date")
    assert moving
    assert set(re.findall("[0-9]+ January 2027", booked)) == {"12 January 2027"}
    assert "Full: join the waiting list" in screens.open(BUMP)


def test_the_form_says_when_a_course_runs(tmp_path) -> None:
    """Two courses at one centre are told apart by their dates, and changed dates are said at once,
    on the form, on the answers to check, and where a booking is refused."""
    moved = [{"date": "2027-01-19", "moved_to": "2027-01-20 13:00-15:00"}]
    screens = run(tmp_path, {"changes": moved}, {"starts": "2027-03-02", "opens": "2027-02-01"})
    form, refused = screens.open(BUMP), screens.open(f"{BUMP}-1")
    check = form.fill(**FAMILY).press("Continue")

    for screen in (form, check):
        assert "6 sessions, from 12 January to 16 February 2027." in screen
        assert "19 January: moved to Wednesday 20 January, 1pm to 3pm." in screen
    assert refused.heading == "You cannot book yet"
    assert "Bump, Birth and Beyond" in refused
    assert "6 sessions, from 2 March to 6 April 2027." in refused


def test_the_form_says_when_an_ongoing_group_meets_next(tmp_path) -> None:
    """A group without an end has a next date, and the form says it."""
    form = run(tmp_path, {"repeats": "weekly"}).open(BUMP)

    assert "Starts 12 January." in form


def test_every_date_that_can_be_booked_is_listed(tmp_path) -> None:
    """A date whose link works is on the page to choose from: of a course all, however many."""
    screens = run(tmp_path, {"book": "session", "sessions": "40"})
    choose = screens.open(BUMP)
    listed = [one["href"] for one in choose.main.all("a") if "session=" in one.get("href", "")]

    assert len(listed) == 40
    assert "Later dates: 28" in choose
    assert "nearer the time" not in choose
    assert screens.open(listed[-1]).heading == "Book a place"


def test_dates_past_the_horizon_are_booked_later(tmp_path) -> None:
    """A group that goes on takes bookings up to the last date that is shown, and says so."""
    screens = run(tmp_path, {"book": "session", "repeats": "weekly"})
    choose, later = screens.open(BUMP), screens.open(f"{BUMP}?session=2027-07-13")

    assert "2027-07-13" not in choose.html
    assert "You can book dates after these nearer the time." in choose
    assert (later.status, later.heading) == (200, "You cannot book this date yet")
    assert later.follow("Choose a date").heading == "Choose a date"


@pytest.mark.parametrize("session", ["2027-01-13", "nonsense", "2027-99-99", "", "%00"])
def test_an_unknown_date_is_not_there(tmp_path, session: str) -> None:
    """404, whatever it says."""
    screens = run(tmp_path, {"book": "session"})

    assert screens.open(f"{BUMP}?session={session}").status == 404


def test_a_cancelled_or_past_date_cannot_be_booked(tmp_path) -> None:
    """Each says why."""
    off = [{"date": "2027-01-19", "cancelled": "The leader is ill"}]
    screens = run(tmp_path, {"book": "session", "changes": off})
    screens.now = datetime(2027, 1, 13, tzinfo=UTC)

    assert "The leader is ill." in screens.open(f"{BUMP}?session=2027-01-19")
    assert screens.open(f"{BUMP}?session=2027-01-12").heading == "This date is over"


@pytest.mark.parametrize("date", ["2027-01-12", "2027-01-19", "2027-01-26"])
def test_a_date_that_cannot_be_booked_leads_to_the_others(tmp_path, date: str) -> None:
    """A refusal of one date, over, cancelled or full, never speaks for the series: it leads to the
    dates that can be booked."""
    off = [{"date": "2027-01-19", "cancelled": "The leader is ill"}]
    fields = {"book": "session", "places": "1", "waiting_list": "no", "changes": off}
    screens = run(tmp_path, fields)
    screens.book(f"{BUMP}?session=2027-01-26")
    screens.now = datetime(2027, 1, 13, tzinfo=UTC)
    refused = screens.open(f"{BUMP}?session={date}")
    choose = refused.follow("Choose another date")

    assert "no more dates" not in refused
    assert choose.heading == "Choose a date"
    assert "2 February 2027" in choose


def test_the_last_date_says_that_there_are_no_more(tmp_path) -> None:
    """Where no other date can be booked, the page of a past date offers none."""
    screens = run(tmp_path, {"book": "session", "sessions": "1"})
    screens.now = datetime(2027, 1, 13, tzinfo=UTC)
    over = screens.open(f"{BUMP}?session=2027-01-12")

    assert "There are no more dates to book." in over
    assert "Choose another date" not in over


def test_a_date_means_nothing_where_the_whole_run_is_booked(screens) -> None:
    """An old link to a date books the course."""
    screens.book(f"{BUMP}?session=2027-01-19")
    with database.read(screens.engine) as connection:
        planned = connection.execute(sa.select(tables.bookable.c.planned)).scalar_one()

    assert planned == ""


# --- tokens, machines, limits ---------------------------------------------------------------------


def test_a_foreign_or_missing_token(screens) -> None:
    """S42: 400, the form filled in again with a new token, and nothing stored; then it goes on."""
    form = screens.open(BUMP).fill(**FAMILY)
    fields = dict(form.fields("Continue"))
    foreign = dict(Screens.visitor(screens).open(BUMP).fields("Continue"))["csrf_token"]
    screens.wait(seconds=9)
    for given in (None, "", "x" * 60, fields["csrf_token"]):
        sent = {**fields, "step": "confirm"}
        sent.pop("csrf_token")
        screen = screens.send(BUMP, sent if given is None else {**sent, "csrf_token": given})
        assert screen.status == 400
        assert screen.heading == "Book a place"
        assert ("name", "Amina Khan") in screen.fields("Continue")
    assert screens.count() == 0
    assert foreign != fields["csrf_token"]
    assert screen.press("Continue").press("Confirm booking").heading == "Your place is booked"


def test_a_machine_is_asked_again_calmly(screens) -> None:
    """Sooner than three seconds, or with the box that nobody sees: the form again."""
    form = screens.open(BUMP).fill(**FAMILY)
    quick = form.press("Continue", seconds=2)
    trapped = form.fill(subject="cheap pills").press("Continue")

    for screen in (quick, trapped):
        assert screen.status == 422
        assert "That was very quick" in screen
        assert ("name", "Amina Khan") in screen.fields("Continue")
    assert quick.press("Continue").heading == "Check your answers"


@pytest.mark.parametrize(
    "forged",
    [
        {"started": "0.00000000000000000000000000000000"},
        {"started": ""},
        {"started": "١٢.x"},
        {"key": ""},
        {"key": "short"},
        {"key": "a" * 65},
        {"key": "x" * 20 + "\x00"},
    ],
)
def test_a_forged_beginning_is_made_anew(screens, forged: dict) -> None:
    """Neither a key nor a moment of one's own is taken; the next press goes on."""
    fields = dict(screens.open(BUMP).fill(**FAMILY).fields("Continue"))
    screens.wait(seconds=9)
    screen = screens.send(BUMP, {**fields, **forged, "step": "confirm"})

    assert (screen.status, screens.count()) == (400, 0)
    assert screen.press("Continue").heading == "Check your answers"


def test_one_contact_may_not_book_for_ever(tmp_path) -> None:
    """S27: 429 with Retry-After and a phone number, answers kept; later it goes on."""
    screens = run(tmp_path, {"places": "50"}, bookings_per_contact=2)
    for _ in range(2):
        screens.visitor().book(email="AMINA@example.org ")
    stopped = screens.visitor().book()
    other = screens.visitor().book(email="somebody@example.org")

    assert stopped.status == 429
    assert int(stopped.answer.headers["Retry-After"]) > 60
    assert "01772 111111" in stopped
    assert other.heading == "Your place is booked"
    screens.wait(hours=1)
    assert stopped.press("Try again").status == 400  # of another browser by now
    assert screens.count() == 3


def test_who_waits_long_enough_books_with_the_answers_kept(tmp_path) -> None:
    """The button of the page that stopped a family books for it, once there is time again."""
    screens = run(tmp_path, bookings_per_series=1)
    screens.book()
    stopped = screens.book(email="b@example.org")
    booked = stopped.press("Try again", seconds=3601)

    assert stopped.status == 429
    assert booked.heading == "Your place is booked"


def test_a_limit_never_hides_what_is_booked(tmp_path) -> None:
    """S22 goes before S27: the same form again shows its booking, however often it is pressed."""
    screens = run(tmp_path, bookings_per_contact=1)
    check = screens.open(BUMP).fill(**FAMILY).press("Continue")

    assert {check.press("Confirm booking").status for _ in range(4)} == {200}
    assert screens.count() == 1


def test_a_whole_library_behind_one_address(tmp_path) -> None:
    """Sixty an hour from one network; 0 sets no limit."""
    screens = run(tmp_path / "one", {"places": "50"}, bookings_per_address=3)
    statuses = [screens.book(email=f"parent{n}@example.org").status for n in range(5)]
    free = run(tmp_path / "two", {"places": "50"}, bookings_per_address=0, bookings_per_series=0)

    assert statuses == [200, 200, 200, 429, 429]
    assert {free.book(email=f"parent{n}@example.org").status for n in range(5)} == {200}


# --- the database ---------------------------------------------------------------------------------


def test_without_a_database_one_is_told_to_ring(tmp_path) -> None:
    """S63: 503 and a phone number, never a blank page; health says so."""
    folder = tmp_path / "var"
    folder.mkdir()
    (folder / "portal.db").write_bytes(b"This is no database, and it is long enough. " * 40)
    screens = Screens(tmp_path)
    page, health = screens.open(BUMP), screens.open("/health")

    assert page.status == 503
    assert "Ring us" in page
    assert "01772 111111" in page
    assert page.answer.headers["Retry-After"] == "60"
    assert (health.status, health.answer.json["database"]) == (503, "not reached")
    assert screens.open("/availability.json").status == 503


def test_a_database_that_breaks_off_loses_no_answer(screens) -> None:
    """The booking stands or is plainly refused; pressing the button later books once."""
    check = screens.open(BUMP).fill(**FAMILY).press("Continue")
    engine = screens.engine
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE booking RENAME TO away")
    broken = check.press("Confirm booking")
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO booking")
    booked = broken.press("Try again")

    assert (broken.status, broken.heading) == (503, "We cannot do this just now")
    assert "01772 111111" in broken
    assert booked.heading == "Your place is booked"
    assert screens.count() == 1


def test_a_database_that_comes_late_is_migrated_then(tmp_path, monkeypatch) -> None:
    """The server starts without it, and needs no restart when it is there."""
    folder = tmp_path / "var"
    folder.mkdir()
    (folder / "portal.db").mkdir()  # a folder stands where the file should be
    screens = Screens(tmp_path)
    assert screens.open(BUMP).status == 503
    (folder / "portal.db").rmdir()
    live = screens.desk.extensions["live"]
    live._failed = float("-inf")  # as if two seconds had gone by

    assert screens.open(BUMP).status == 200
    assert screens.book().heading == "Your place is booked"


@pytest.mark.parametrize("sign", ["\u0958", "\u09dc", "\u0a33", "\ufb2c"])
def test_names_that_grow_when_they_are_composed_are_kept_or_refused(on_both, sign) -> None:
    """Letters of Hindi, Bengali and Gurmukhi are kept as two signs or more, within what fits."""
    long = on_both.open("/book/riverbank/bump").fill(**FAMILY | {"name": sign * 80})
    long = long.press("Continue")
    longest = 80 // len(unicodedata.normalize("NFC", sign))
    booked = long.fill(name=sign * longest).press("Continue").press("Confirm booking")

    assert long.problems == [("#name", "Shorten your full name to 80 characters")]
    assert booked.heading == "Your place is booked"


@pytest.mark.parametrize("broken", ["booking", "details"])
def test_a_broken_constraint_puts_nothing_typed_into_the_log(on_both, caplog, broken) -> None:
    """S43: what the database says of a row that it refuses holds the row; the log holds none."""
    screens = on_both
    typed = {
        "email": "bilal@example.org",
        "phone": "07700 900456",
        "access": "A ramp",
        "notes": "By bus",
    }
    own = screens.book()
    if broken == "details":
        own = screens.visitor().book(**typed | {"name": "Bilal Shah"})
    with database.read(screens.engine) as connection:
        connection.exec_driver_sql("CREATE UNIQUE INDEX one_of_each ON person (name)")
    try:
        screens.desk.config["PROPAGATE_EXCEPTIONS"] = False
        if broken == "booking":
            refused = screens.visitor().book(**typed)
        else:
            refused = own.follow("See or change what we keep about you")
            refused = refused.fill(name="Amina Khan").press("Save")
    finally:
        with database.read(screens.engine) as connection:
            connection.exec_driver_sql("DROP INDEX one_of_each")

    assert (refused.status, "It is our fault" in refused) == (500, True)
    assert "IntegrityError" in caplog.text
    assert "in write" in caplog.text
    logged = caplog.text.lower()
    for words in ("amina", "bilal", "900456", "ramp", "bus", "already exists"):
        assert words not in logged


# --- places left ----------------------------------------------------------------------------------


@pytest.mark.parametrize("book", ["series", "session"])
@pytest.mark.parametrize(
    ("place_for", "said"),
    [
        ("family", "One place is for the whole family."),
        ("person", "Each person needs a place."),
    ],
)
def test_places_say_for_whom_they_are(tmp_path, book: str, place_for: str, said: str) -> None:
    """Beside the places left, the page says whether one is for a family or for each person."""
    assert said in run(tmp_path, {"book": book, "place_for": place_for}).open(BUMP)


def test_places_left_for_scripts(tmp_path) -> None:
    """Of what can be booked now, by series or by session; briefly kept, and never personal."""
    screens = run(
        tmp_path,
        {"places": "3"},
        {"places": "2", "book": "session", "waiting_list": "no", "place_for": "person"},
        {"booking": "request"},
        {"booking": "drop-in"},
        {"withdrawn": "No leader"},
        {"repeats": "once", "changes": OFF},
        {"opens": "2027-01-05 09:00"},
    )
    screens.book()
    screens.wait(seconds=6)
    answer = screens.open("/availability.json").answer
    series = answer.json["series"]

    assert answer.headers["Cache-Control"] == "public, max-age=10"
    assert "Set-Cookie" not in answer.headers
    assert list(series) == ["riverbank/bump", "riverbank/bump-1"]
    assert series["riverbank/bump"] == {
        "left": 2,
        "place": "One place is for the whole family.",
        "says": {"": "Only 2 places left"},
        "wait": True,
    }
    assert series["riverbank/bump-1"]["sessions"]["2027-01-12"] == 2
    assert series["riverbank/bump-1"]["wait"] is False
    assert series["riverbank/bump-1"]["place"] == "Each person needs a place."


def test_places_left_are_counted_once_in_a_few_seconds(screens) -> None:
    """However many ask; then anew, and at once when the content is new."""
    seen = [screens.open("/availability.json").answer.json]
    screens.book()
    screens.wait(seconds=4)
    seen.append(screens.open("/availability.json").answer.json)
    screens.wait(seconds=2)
    seen.append(screens.open("/availability.json").answer.json)
    screens.directory = made.directory({"places": "20"})
    seen.append(screens.open("/availability.json").answer.json)

    assert [one["series"]["riverbank/bump"]["left"] for one in seen] == [12, 12, 11, 19]


def test_the_sums_agree(screens) -> None:
    """After all screens have been used, what is held is what is booked."""
    for number in range(3):
        screens.visitor().book(email=f"parent{number}@example.org")

    assert places.verify(screens.engine) == []


@pytest.mark.parametrize(
    "fields", [{"closes": "2027-01-02"}, {"booking": "drop-in"}, {"places": "1"}, {}]
)
def test_a_programme_that_only_asks_for_the_head_is_answered_alike(tmp_path, fields) -> None:
    """Who looks whether a link works learns the same as who opens it."""
    screens = run(tmp_path, {"waiting_list": "no", **fields})
    if "places" in fields:
        screens.book()

    assert screens.client.head(BUMP).status_code == screens.client.get(BUMP).status_code


def test_a_browser_that_keeps_no_cookie(screens) -> None:
    """It would come to the same page again and again: the words say what to do."""
    form = screens.open(BUMP).fill(**FAMILY)
    screens.visitor()
    first = form.press("Continue")
    screens.visitor()
    again = first.press("Continue")

    assert (first.status, again.status) == (400, 400)
    assert "allow cookies for this site, or ask us" in again
    assert again.press("Continue").heading == "Check your answers"


def test_the_finder_leaves_out_what_is_full(tmp_path) -> None:
    """Asked for what has places, it lists a group until its last place is taken."""
    screens = run(tmp_path, {"places": "1"})
    before = screens.open("/find/results?room=yes")
    screens.book()
    screens.wait(seconds=6)
    after = screens.open("/find/results?room=yes")

    assert "/sessions/riverbank/bump/" in before.answer.text
    assert "/sessions/riverbank/bump/" not in after.answer.text
    assert "/sessions/riverbank/bump/" in screens.open("/find/results?show=20").answer.text
