"""The day's work of staff, as somebody signed in does it without scripts."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from markupsafe import Markup

from portal import bookings, database
from portal.bookings import Family, Referrer, casework, content_changes, registers
from portal.bookings.registers import Mark, WalkIns
from portal.database import tables
from portal.web import filters
from portal.web.visitors import NOT_BELIEVED
from tests.bookings.test_booking import KEYS, family
from tests.support import made
from tests.support.staffed import Staffed

REGISTER = "/staff/register/riverbank/bump/2027-01-12"
HOSTILE = "<script>alert(1)</script> =1+1 {{ 7*7 }} O'Neill"
MIDWIFE = Referrer("Jo Bell", "midwife", "Royal Preston", "jo@nhs.example", None)


@pytest.fixture
def run(tmp_path):
    """The pages for staff of a directory with these series."""

    def run(*fields, **given):
        return Staffed(tmp_path, made.directory(*fields, **given))

    return run


def book(place, who, number: int = 0, **given):
    every = (*place.directory.series, *place.directory.private_series)
    options = {"key": next(KEYS), "secret": place.secret, "now": place.now} | given
    return bookings.book(place.engine, every[number], who, **options)


def seen(place, reference: str):
    return casework.case_of(place.engine, reference, lambda _: True)


def test_pages_of_a_sample_year_say_so(run):
    """Numbers that are invented are not read as those of real families (S110)."""
    place = run()
    worker = place.signed_in("worker", centres=["riverbank"])
    assert "Invented numbers" not in worker.client.get("/staff/").text
    with database.read(place.engine) as connection:
        connection.execute(tables.sample_year.insert().values(id=1, seed=7, made=place.now))
        connection.commit()
    for path in ("/staff/", REGISTER, "/staff/account"):
        assert "Invented numbers: this database holds a sample year" in worker.client.get(path).text
    assert "Invented numbers" not in place.stranger().client.get("/staff/sign-in").text


# --- today --------------------------------------------------------------------------------------


def test_today_shows_the_sessions_of_ones_centres(run):
    """Booked, places and waiting, what is cancelled or moved, and the way to each register."""
    place = run(
        {"places": "2"},
        {
            "title": "Cancelled group",
            "changes": [{"date": "2027-01-12", "cancelled": "The boiler is broken"}],
        },
        {
            "title": "Moved group",
            "changes": [{"date": "2027-01-12", "moved_to": "2027-01-13 13:00-15:00"}],
        },
    )
    for number in range(3):
        book(place, family(number))
    worker = place.signed_in()
    screen = worker.open("/staff/?day=2027-01-12")
    first = screen.follow("Bump, Birth and Beyond")
    moved = worker.open("/staff/?day=2027-01-13")

    assert "2 families booked of 2, 1 waiting" in screen
    assert "Cancelled The boiler is broken" in screen
    assert "Moved to Wednesday 13 January, 1pm to 3pm" in screen
    assert first.heading == "Bump, Birth and Beyond"
    assert "Moved group" in moved
    assert "1 waiting list with families on it" in screen


def test_today_lists_changed_dates_as_the_public_pages_do(run):
    """A moved date is listed on its old day at the time planned for it, changed dates read as in
    public lists, and a change is said once."""
    moved = {"date": "2027-01-12", "moved_to": "2027-01-13 09:00-10:00", "venue": {"name": "Barn"}}
    place = run(
        {"title": "Late group", "time": "13:00-14:00"},
        {"title": "Moved group", "changes": [moved]},
        {
            "title": "Other hours",
            "changes": [{"date": "2027-01-12", "moved_to": "2027-01-12 15:00-16:00"}],
        },
        {"title": "Noted group", "changes": [{"date": "2027-01-12", "note": "Bring boots"}]},
    )
    directory = place.directory
    start, end = datetime(2027, 1, 12, tzinfo=UTC), datetime(2027, 1, 13, tzinfo=UTC)
    listed = directory.sessions_between(start, end)
    screen = place.signed_in().open("/staff/?day=2027-01-12")
    rows = screen.main.one("ul", where=lambda one: one.has("day"))
    said = [one.text for one in rows.all("li")]

    assert len(said) == len(listed) == 4
    for words, session in zip(said, listed, strict=True):
        assert words.startswith(f"{session.times.words} {session.series.name}")
        assert Markup(filters.change(session)).striptags() in words
    assert "Moved to Wednesday 13 January, 9am to 10am. Other place Barn." in said[0]
    assert said[3].count("Moved") == 1


def test_today_says_that_a_proxy_is_not_set(run):
    """Where forwarded addresses arrive and are not believed, the first page says what to set."""
    place = run({})
    worker = place.signed_in()
    assert "PORTAL_PROXIES" not in worker.open("/staff/").html

    within = place.app.wsgi_app
    place.app.wsgi_app = lambda environ, start: within({**environ, NOT_BELIEVED: True}, start)

    assert "PORTAL_PROXIES" in worker.open("/staff/").html


def test_today_says_where_more_is_booked_than_there_is_room_for(run):
    """Places that an editor lowered below what is held, on whatever day: a link to the bookings,
    for the centre's staff alone, and until it fits again or is over."""
    series = {"title": "Cook together"}, {"title": "Swim", "book": "session"}
    place = run(*({**one, "places": "3"} for one in series))
    coming = place.directory.series[1].sessions[2]
    booked = [book(place, family(n)) for n in range(3)]
    for number in range(2):
        book(place, family(number), 1, session=coming)
    before = place.signed_in().open("/staff/")
    place.directory = made.directory(*({**one, "places": "1"} for one in series))
    content_changes.open_places(place.engine, place.directory, now=place.now)
    worker, screen = place.signed_in(), place.signed_in().open("/staff/")
    stranger = place.signed_in(centres=["elsewhere"]).open("/staff/")

    assert "more is booked" not in before
    assert "Cook together: more is booked than there is room for. 3 places are taken" in screen
    assert "Swim, Tuesday 26 January 2027: more is booked than there is room for. 2 pl" in screen
    assert "and there is 1" in screen
    assert "more is booked" not in stranger
    assert "Parent 2" in screen.follow("Cook together")
    assert screen.follow("Swim").path.endswith("/2027-01-26")
    for one in booked[1:]:
        bookings.cancel(place.engine, place.directory, one.id, now=place.now)
    assert "Cook together" not in worker.open("/staff/")
    place.now = coming.ends
    assert "more is booked" not in place.signed_in().open("/staff/")


def test_places_are_compared_with_places(run):
    """Where each person takes a place, a list counts the places held, not the families."""
    place = run({"place_for": "person", "places": "8"})
    for number, people in enumerate((5, 3)):
        book(place, family(number, people=people))
    book(place, family(3, people=2))
    worker = place.signed_in()

    assert "2 families booked, 8 of 8 places taken, 1 waiting" in worker.open(
        "/staff/?day=2027-01-12"
    )
    assert "2 booked 8 of 8 places taken 8 people" in worker.open(REGISTER)


def test_a_day_without_sessions_leads_to_the_next(run):
    """Nobody looks through a calendar day by day."""
    worker = run().signed_in()
    screen = worker.open("/staff/")

    assert "There is nothing on at your centre on this day" in screen
    assert "Bump" in screen.follow("Tuesday 12 January 2027")
    assert worker.open("/staff/?day=nonsense").status == 200
    assert worker.open("/staff/?day=0001-01-01").status == 200


# --- the register -------------------------------------------------------------------------------


def test_one_button_saves_the_register(run):
    """Marks and walk-ins are kept, and shown again."""
    place = run()
    one, two = (book(place, family(n)) for n in range(2))
    screen = place.signed_in().open(REGISTER)
    screen.fill(**{f"mark-{one.id}": "came", f"mark-{two.id}": "apologies", "families": "2"})
    saved = screen.press("Save the register")

    assert "All marks have been saved" in saved
    kept = dict(saved.fields("Save the register"))
    assert (kept[f"mark-{one.id}"], kept[f"mark-{two.id}"]) == ("came", "apologies")
    assert kept["families"] == "2"


def test_two_workers_at_once_lose_nothing(run):
    """Different families merge; where two differ, the second is told and may choose again."""
    place = run()
    one, two = (book(place, family(n)) for n in range(2))
    first, second = place.signed_in().open(REGISTER), place.signed_in().open(REGISTER)
    first.fill(**{f"mark-{one.id}": "came"}).press("Save the register")
    second.fill(**{f"mark-{one.id}": "absent", f"mark-{two.id}": "came"})
    told = second.press("Save the register")
    again = told.fill(**{f"mark-{one.id}": "absent"}).press("Save the register")

    assert told.status == 409
    assert [where for where, _ in told.problems] == [f"#mark-{one.id}"]
    assert "Parent 0: somebody else marked “Came” in the meantime, you “Did not come”" in told
    kept = dict(again.fields("Save the register"))
    assert (kept[f"mark-{one.id}"], kept[f"mark-{two.id}"]) == ("absent", "came")


@pytest.mark.parametrize("typed", ["-1", "1000", "two", "1.5", "9" * 400])
def test_a_number_that_is_none_keeps_what_was_marked(run, typed):
    """The page comes back with every mark as it was chosen, and nothing is saved."""
    place = run()
    one = book(place, family())
    screen = place.signed_in().open(REGISTER)
    again = screen.fill(**{f"mark-{one.id}": "came", "children": typed}).press("Save the register")

    assert again.status == 422
    assert again.title.startswith("Error: ")
    assert dict(again.fields("Save the register"))[f"mark-{one.id}"] == "came"
    assert place.count("attendance") == 0


def test_a_foreign_token_saves_nothing(run):
    """S42: the page comes back with what was chosen."""
    place = run()
    one = book(place, family())
    worker = place.signed_in()
    fields = dict(worker.open(REGISTER).fields("Save the register"))
    fields |= {"csrf_token": "foreign", f"mark-{one.id}": "came"}
    answer = worker.send(REGISTER, fields)

    assert answer.status == 400
    assert place.count("attendance") == 0
    assert dict(answer.fields("Save the register"))[f"mark-{one.id}"] == "came"


def test_the_register_says_what_one_must_know(run):
    """Notes are flagged; the safe way stands before the number; none stands that is not wanted."""
    place = run(questions=[{"name": "midwife", "label": "Who is your midwife?"}])
    ring = Family(
        "Amina",
        phone="07700 900123",
        contact_by="text",
        safe_to_contact=True,
        children=("2 years",),
        access="A ramp",
        language="Urdu",
        notes="Comes late",
        answers={"midwife": "Jo"},
    )
    silent = Family("Beth", phone="07700 900456")
    noted = book(place, ring)
    book(place, silent)
    casework.remark(place.engine, noted.id, "Twins", seen="", now=place.now, actor="staff:1")
    screen = place.signed_in().open(REGISTER)

    for words in (
        "By text message 07700 900123", "2 years", "Needs: A ramp", "Language: Urdu",
        "Comes late", "Who is your midwife? Jo", "Staff: Twins", "Do not contact",
    ):  # fmt: skip
        assert words in screen
    assert "07700 900456" not in screen.html


def test_staff_see_why_a_professional_asks(run):
    """S88: the page of a request says why, what was tried and if the professional may see more."""
    place = run({"booking": "referral"})
    why = {"why": f"Alone {HOSTILE}", "tried": "Home visits", "outcome": True}
    asked = book(place, family(), referrer=replace(MIDWIFE, **why))
    worker = place.signed_in()
    listed, screen = (
        worker.open("/staff/requests"),
        worker.open(f"/staff/bookings/{asked.reference}"),
    )

    assert f"Why: Alone {HOSTILE}" in listed
    for words in ("Why they ask Alone", "What was tried Home visits", "Yes. The family agreed on"):
        assert words in screen
    assert "<script>alert" not in listed.html + screen.html


def test_hostile_names_are_words(run):
    """S17, S26: nothing that a family typed runs on a page or in a spreadsheet."""
    place = run({"booking": "referral"})
    who = Family(HOSTILE, notes=HOSTILE, answers={"x": HOSTILE})
    asked = book(place, who, referrer=Referrer(HOSTILE, HOSTILE, HOSTILE, None, None))
    worker = place.signed_in()
    pages = [worker.open("/staff/requests"), worker.open(f"/staff/bookings/{asked.reference}")]
    bookings.confirm(place.engine, place.directory, asked.id, now=place.now, actor="staff:1")
    pages += [worker.open(REGISTER), worker.open("/staff/bookings?q=script")]
    data = worker.client.get("/staff/export/riverbank/bump.csv").data

    for one in pages:
        assert HOSTILE in one.words
        assert "<script>alert" not in one.html
    cells = [cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))) for cell in row]
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))]


def test_an_export_is_a_file_of_one_session_or_all(run):
    """Its name says what it is; who took it is noted."""
    place = run()
    book(place, family())
    worker = place.signed_in()
    one = worker.client.get("/staff/export/riverbank/bump.csv?session=2027-01-12")
    every = worker.client.get("/staff/export/riverbank/bump.csv")

    assert one.headers["Content-Disposition"] == (
        'attachment; filename="register-riverbank-bump-2027-01-12.csv"'
    )
    assert (one.text.count("2027-"), every.text.count("2027-")) == (1, 6)
    assert one.headers["Cache-Control"] == "no-store"
    assert "Has a place" in one.text
    assert [did for _, did in place.log()].count("export register") == 2


def test_a_word_to_everybody(run):
    """Staff see who gets no message before they send; each family has it on its own page."""
    place = run()
    told = book(place, family(1))
    book(place, Family("Ring Me", phone="01772 123456", contact_by="call"))
    worker = place.signed_in()
    asking = worker.open("/staff/notice/riverbank/bump/2027-01-12")
    empty = asking.press("See how it looks")
    sent = asking.fill(words="Bring wellies").press("See how it looks").press("Send it")

    assert "1 family will get it" in asking
    assert "Ring Me" in asking
    assert (empty.status, place.count("notice")) == (422, 1)
    assert "Families who get a message: 1. Staff must tell: 1." in sent
    assert "Bring wellies" in sent
    assert place.count("message") == 4  # confirmation, reminder, notice, and what is to be told
    assert seen(place, told.reference).status == "confirmed"


def test_a_cancelled_session_expects_nobody(run):
    """There is nothing to mark, and nobody to tell twice."""
    place = run({"changes": [{"date": "2027-01-12", "cancelled": "Snow"}]})
    book(place, family())
    worker = place.signed_in()
    screen = worker.open(REGISTER)

    assert "Nobody is expected" in screen
    assert "Save the register" not in screen
    fields = {"csrf_token": worker.token, "families": "1"}
    assert worker.send(REGISTER, fields).status == 409
    assert worker.open("/staff/notice/riverbank/bump/2027-01-12").status == 409


# --- requests and waiting lists -----------------------------------------------------------------


def test_a_request_is_answered(run):
    """It shows who asked, and the consent; yes gives a place, no sends the words."""
    place = run({"booking": "referral"})
    yes, no = (book(place, family(n), referrer=MIDWIFE) for n in range(2))
    worker = place.signed_in()
    listed = worker.open("/staff/requests")
    confirmed = listed.follow("Parent 0").press("Say yes")
    asking = worker.open(f"/staff/bookings/{no.reference}/decline")
    empty = asking.press("Send this answer")
    declined = asking.fill(reason="Ask the school").press("Send this answer")

    assert "Asked by Jo Bell, midwife, Royal Preston" in listed
    assert "The family agreed on Monday 4 January 2027" in listed
    assert "They have a place" in confirmed
    assert empty.status == 422
    assert "Ask the school" in declined
    assert seen(place, yes.reference).status == "confirmed"
    assert (seen(place, no.reference).status, seen(place, no.reference).reason) == (
        "declined",
        "Ask the school",
    )
    assert "No request waits" in worker.open("/staff/requests")


def test_a_full_group_takes_no_request(run):
    """Saying yes to one too many is refused in words, and changes nothing."""
    place = run({"booking": "request", "places": "1"})
    first, second = (book(place, family(n)) for n in range(2))
    worker = place.signed_in()
    worker.open(f"/staff/bookings/{first.reference}").press("Say yes")
    refused = worker.open(f"/staff/bookings/{second.reference}").press("Say yes")

    assert (refused.status, refused.heading) == (409, "There are not enough places")
    assert seen(place, second.reference).status == "requested"


def test_the_waiting_list_is_worked_through(run):
    """An offer shows when it lapses; turned down on the phone, the next family has it."""
    place = run({"places": "1"})
    first, second, third = (book(place, family(n)) for n in range(3))
    bookings.cancel(place.engine, place.directory, first.id, now=place.now)
    worker = place.signed_in()
    screen = worker.open("/staff/waiting").follow("Bump, Birth and Beyond")
    after = screen.press(f"Offer it to the next family instead of {'Parent 1'}")
    listed = worker.open("/staff/waiting/riverbank/bump")
    taken = listed.press("They take it: Parent 2")

    assert "The place is kept until" in screen
    assert "The next family is offered the place" in after
    assert "They have a place" in taken
    states = [seen(place, one.reference).status for one in (second, third)]
    assert states == ["lapsed", "confirmed"]


# --- bookings -----------------------------------------------------------------------------------


def test_a_booking_is_found_and_set_right(run):
    """By name, phone or reference; numbers, details, note, cancel: each is noted."""
    place = run()
    booked = book(place, Family("Amina Khan", phone="07700 900123"))
    worker = place.signed_in()
    found = worker.open("/staff/bookings?q=900123").follow("Amina Khan")
    by_reference = worker.open(f"/staff/bookings?q={booked.reference.lower()}")
    changed = worker.open(f"/staff/bookings/{booked.reference}/change")
    changed = changed.fill(people="4").press("Save")
    details = worker.open(f"/staff/bookings/{booked.reference}/details")
    details.fill(name="Amina O'Neill", contact_by="text", safe_to_contact="yes").press("Save")
    worker.open(f"/staff/bookings/{booked.reference}").fill(remark="Twins").press("Save the note")
    cancel = worker.open(f"/staff/bookings/{booked.reference}/cancel")
    unsure, silent = cancel.press("Cancel it"), cancel.fill(who="us").press("Cancel it")
    cancelled = cancel.fill(who="family").press("Cancel it")

    assert found.heading == "Amina Khan"
    assert by_reference.status == 303
    assert "4 people" in changed
    assert (unsure.status, silent.status) == (422, 422)
    assert "Cancelled" in cancelled
    now = seen(place, booked.reference)
    assert (now.name, now.people, now.remark, now.status) == (
        "Amina O'Neill", 4, "Twins", "cancelled",
    )  # fmt: skip
    noted = [did for who, did in place.log() if who == worker.staff.actor]
    assert {"change", "correct", "remark", "cancel", "read booking"} <= set(noted)


def test_what_became_of_a_booking_is_in_plain_words(run):
    """Its messages and its line in a register and in a file say nothing as the tables keep it."""
    place = run()
    booked = book(place, family(1))
    off = {"changes": [{"date": "2027-01-19", "cancelled": "Snow"}]}
    place.directory = made.directory(off)
    content_changes.announce_changes(place.engine, place.directory, now=place.now)
    worker = place.signed_in()
    marked = worker.open(REGISTER)
    marked.fill(**{f"mark-{booked.id}": "came"}).press("Save the register")
    bookings.cancel(place.engine, place.directory, booked.id, now=place.now)
    page, after = worker.open(f"/staff/bookings/{booked.reference}"), worker.open(REGISTER)

    assert "“A session or a place is cancelled”: waits to go out, 9" in page
    assert "“Your session is soon”: not needed any more" in page
    assert "“You have a place”" in page
    assert "1 person. Cancelled" in after
    for code in ("cancelled-by-us", "Cancelled by us", "owed", "dropped"):
        assert code not in page


def test_another_centres_family_is_not_there(run):
    """Not found by any word, and its address says the same as one that does not exist."""
    place = run()
    booked = book(place, Family("Amina Khan"))
    other = place.signed_in(centres=["harbour"])
    for where in ("", "/decline", "/cancel", "/change", "/details", "/delete"):
        there = other.open(f"/staff/bookings/{booked.reference}{where}")
        nowhere = other.open(f"/staff/bookings/AAAA-AAAA{where}")

        assert (there.status, nowhere.status) == (403, 403)
        assert there.words == nowhere.words
    assert "0 bookings found" in other.open("/staff/bookings?q=amina")
    for where in ("confirm", "give", "move-on", "link", "note"):
        fields = {"csrf_token": other.token}
        path = f"/staff/bookings/{booked.reference}/{where}"
        assert other.send(path, fields).status == 403


def test_a_family_books_on_the_phone(run):
    """The same rules about places; the reference to read out; the form again books once."""
    place = run({"places": "1"})
    worker = place.signed_in()
    form = worker.open("/staff/book/riverbank/bump")
    empty = form.press("Book")
    form.fill(
        name="Amina Khan",
        phone="01772 123456",
        contact_by="call",
        safe_to_contact="no",
        people="3",
    )
    made_ = form.press("Book")
    again = form.press("Book")
    full = worker.open("/staff/book/riverbank/bump")
    full.fill(
        name="Beth", phone="07700 900123", contact_by="none", safe_to_contact="no", people="1"
    )
    waits = full.press("Join the waiting list")

    assert empty.status == 422
    assert "Has a place" in made_
    assert again.path == made_.path
    assert "Number 1 on the list" in waits
    assert place.count("booking") == 2
    assert "book" in [did for who, did in place.log() if who == worker.staff.actor]


def test_staff_book_after_booking_has_closed(run):
    """The form on the site closes, the phone does not."""
    place = run({"closes": "2027-01-02"})
    screen = place.signed_in().open("/staff/book/riverbank/bump")
    screen.fill(name="Amina", phone="01772 123456", contact_by="none", safe_to_contact="no")
    booked = screen.fill(people="1").press("Book")

    assert "Has a place" in booked


def test_a_date_is_booked_on_the_phone(run):
    """Where each date is booked by itself, one is chosen first."""
    place = run({"book": "session"})
    worker = place.signed_in()
    choose = worker.open("/staff/book/riverbank/bump")
    form = choose.follow("Tuesday 19 January 2027")
    form.fill(name="Amina", phone="07700 900123", contact_by="none", safe_to_contact="no")
    booked = form.fill(people="1").press("Book")

    assert booked.heading == "Amina"
    assert "Tuesday 19 January 2027" in booked
    assert "1 booked" in worker.open("/staff/register/riverbank/bump/2027-01-19")
    assert "0 booked" in worker.open(REGISTER)


def test_the_link_is_sent_the_safe_way_or_not_at_all(run):
    """S23: staff never see it; who wanted no messages gets none, whoever asks."""
    place = run()
    safe, silent = book(place, family(1)), book(place, Family("Silent", email="x@example.org"))
    worker = place.signed_in()
    sent = worker.open(f"/staff/bookings/{safe.reference}").press("Send their private link again")
    screen = worker.open(f"/staff/bookings/{silent.reference}")
    refused = screen.press("Send their private link again")

    assert "The link is on its way" in sent
    assert (refused.status, refused.heading) == (409, "The link cannot be sent")
    assert safe.link not in sent.html
    assert silent.link not in screen.html


def test_a_note_written_meanwhile_is_not_lost(run):
    """The second worker sees the first one's words beside the own ones."""
    place = run()
    booked = book(place, Family("Amina"))
    path = f"/staff/bookings/{booked.reference}"
    first, second = place.signed_in().open(path), place.signed_in().open(path)
    first.fill(remark="Twins").press("Save the note")
    told = second.fill(remark="Nuts").press("Save the note")
    kept = told.fill(remark="Twins. Nuts").press("Save the note")

    assert told.status == 409
    assert "Somebody wrote “Twins” in the meantime" in told
    assert kept.status == 200
    assert seen(place, booked.reference).remark == "Twins. Nuts"


def test_a_family_is_deleted_on_request(run):
    """S52: one button, asked once more; the place goes to the next family."""
    place = run({"places": "1"})
    first, second = (book(place, family(n)) for n in range(2))
    screen = place.signed_in().open(f"/staff/bookings/{first.reference}/delete")
    deleted = screen.press("Delete")

    assert "The details are deleted" in deleted
    assert "Parent 0" not in deleted.html
    assert seen(place, second.reference).status == "offered"


# --- counts -------------------------------------------------------------------------------------


def test_counts_hide_small_numbers_from_others(run):
    """The table of all centres gives a group of 3 families away to nobody, also not by its sum over
    dates; a centre's own view has all numbers.
    """
    place = run()
    ids = [book(place, family(n)).id for n in range(3)]
    session = place.directory.series[0].all_sessions[0]
    registers.save(
        place.engine,
        session.series,
        session,
        [Mark(ids[0], "came", "expected", 0)],
        WalkIns(7, 8, 9),
        now=place.now,
        actor="staff:1",
    )
    worker = place.signed_in()
    every = worker.open("/staff/counts?month=2027-01")
    own = every.follow("Riverbank")
    other = place.signed_in(centres=["harbour"])
    readers = [other, worker, *(place.signed_in(role) for role in ("manager", "administrator"))]
    files = {one.client.get("/staff/counts.csv?month=2027-01").text for one in readers}
    [file] = files

    assert "Riverbank 3 36 under 5 each 0 under 5 each 5" in every.words
    assert "All 3 36 under 5 each 0 under 5 each 5" in every.words
    assert "Bump, Birth and Beyond 3 36 9 0 1 7" in own.words
    assert "Riverbank" in other.open("/staff/counts?month=2027-01")
    assert other.open("/staff/counts/riverbank").status == 403
    assert '"Riverbank","3","36","under 5 each","0","under 5 each","5"' in file
    assert worker.open("/staff/counts?month=0001-01").status == 200
    assert worker.open("/staff/counts?month=9999-12").status == 200


def test_the_numbers_outlive_the_families(run):
    """A manager counts last winter; nobody is named in it."""
    place = run()
    book(place, family())
    place.wait(days=365)
    screen = place.signed_in().open("/staff/counts/riverbank?month=2027-01")

    assert "36 3 0 0 0" in screen.words
    assert place.now - made.NOW == timedelta(days=365)
