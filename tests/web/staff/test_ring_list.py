"""Families that no message reaches: listed, rung, and never counted as told."""

from dataclasses import replace

import pytest

from portal import bookings, database
from portal.bookings import (
    Family,
    Referrer,
    casework,
    content_changes,
    personal_data,
    retention,
    support,
)
from portal.content.message_texts import KINDS, NOT_RUNG, TO_PROFESSIONAL, TO_RING
from portal.database import generations, tables
from portal.directory.fields import SAFE_TIME
from tests.bookings.test_booking import KEYS
from tests.support import made, sender
from tests.support.staffed import Staffed

RING = "/staff/ring"
REGISTER = "/staff/register/riverbank/bump/2027-01-12"
FIELDS = {"book": "session"}
OFF = {**FIELDS, "changes": [{"date": "2027-01-12", "cancelled": "The boiler is broken"}]}
MOVED = {**FIELDS, "changes": [{"date": "2027-01-12", "moved_to": "2027-01-13 13:00-15:00"}]}
MORNINGS = {SAFE_TIME: "Weekday mornings"}
BY_EMAIL = Family("Ellen Email", "ellen@example.org", None, "email", True)
BY_CALL = Family("Carol Call", None, "01772 900111", "call", False, answers=MORNINGS)
QUIET = Family("Quinn Quiet", "quinn@example.org", "01772 900222", "none", False)
UNSAFE = Family("Una Unsafe", "una@example.org", "01772 900333", "email", False)


@pytest.fixture
def place(tmp_path):
    return Staffed(tmp_path, made.directory(FIELDS))


def book(place, *families, planned="2027-01-12"):
    run = (*place.directory.series, *place.directory.private_series)[0]
    session = next((one for one in run.all_sessions if one.anchor == planned), None)
    given = {"secret": place.secret, "now": place.now, "session": session}
    return [bookings.book(place.engine, run, who, key=next(KEYS), **given) for who in families]


def edit(place, fields, **given):
    """Publish the content with these fields, and let the worker's round announce it."""
    place.wait(minutes=1)
    place.directory = made.directory(fields, **given)
    content_changes.announce_changes(place.engine, place.directory, now=place.now)


def deliver(place, *, state="sent", trouble=None):
    """The outcome of a round of deliveries."""
    values = {"state": state, "trouble": trouble}
    values |= {"sent": place.now} if state == "sent" else {}
    owed = tables.message.update().where(tables.message.c.state == "owed").values(**values)
    database.write(place.engine, lambda connection: connection.execute(owed))


@pytest.mark.parametrize(
    ("fields", "news"),
    [
        (OFF, "Tuesday 12 January 2027, 10am to midday, is cancelled. The boiler is broken."),
        (
            MOVED,
            "Tuesday 12 January 2027, 10am to midday, is now on "
            "Wednesday 13 January 2027, 1pm to 3pm",
        ),
    ],
)
def test_who_gets_no_message_is_to_be_rung(place, fields, news):
    """A family that chose a call is listed with its number, its safe time and what to say."""
    ellen, carol = book(place, BY_EMAIL, BY_CALL)
    edit(place, fields)
    deliver(place)
    worker = place.signed_in()
    screen = worker.open(RING)

    assert "1 family to ring" in worker.open("/staff/")
    assert "To ring: 1" in worker.open("/staff/messages")
    assert "Carol Call" in screen
    assert "By phone call, leave no message, Weekday mornings: 01772 900111" in screen
    assert news in screen
    assert "Ellen" not in screen
    assert ("staff:1", "read ring list") in place.log()
    assert worker.open(f"/staff/bookings/{carol.reference}").words.count("staff must tell") == 1
    assert ellen.reference not in screen


def test_a_tick_says_who_and_when(place):
    """Who rang a family, and when, is shown on the register and kept in the log; twice is once."""
    (carol,) = book(place, BY_CALL)
    edit(place, OFF)
    worker = place.signed_in()
    screen = worker.open(RING)
    place.wait(minutes=5)
    done, again = (screen.press("They know now: Carol Call") for _ in range(2))

    assert "No family waits to be rung" in done
    assert "Nothing had to be done" in again
    assert place.log().count((worker.staff.actor, "ring")) == 1
    assert "Told by phone or in person by Sam Brook, 9:06am" in worker.open(REGISTER)
    assert "family to ring" not in worker.open("/staff/")
    back = done.press("I had not reached them")
    assert "Carol Call" in back
    assert (worker.staff.actor, "not rung") in place.log()
    assert seen(place, carol).status == "confirmed"


def seen(place, one):
    return casework.case_of(place.engine, one.reference, lambda _: True)


def test_a_tick_is_of_what_was_read(place):
    """News that came after the page was opened stays to be told."""
    book(place, BY_CALL)
    edit(place, MOVED)
    screen = place.signed_in().open(RING)
    edit(place, OFF)
    after = screen.press("They know now: Carol Call")

    assert "is cancelled. The boiler is broken" in after
    assert "Wednesday 13 January" in after  # the day that the family knows


def test_a_cancelled_register_says_of_each_family_whether_it_knows(place):
    """Told, not told yet, to ring or not to be contacted: each by name, and counted as such."""
    book(place, BY_EMAIL, replace(BY_EMAIL, name="Fay Failed", email="fay@example.org"))
    book(place, BY_CALL, QUIET, UNSAFE)
    edit(place, OFF)
    worker = place.signed_in()
    before = worker.open(REGISTER)
    deliver(place)
    fay = tables.message.c.booking_id == 2
    lost = tables.message.update().where(fay, tables.message.c.kind == "cancelled-by-us")
    lost = lost.values(state="failed", trouble="The mailbox is full.", sent=None)
    database.write(place.engine, lambda connection: connection.execute(lost))
    after = worker.open(REGISTER)

    assert before.words.count("Cancelled") == 1
    assert "have been told" not in before
    assert "2 not told yet, 1 to ring, 2 not to be contacted" in before
    assert "1 told, 2 to ring, 2 not to be contacted" in after
    for family in (BY_EMAIL, BY_CALL, QUIET, UNSAFE):
        assert family.name in after
    assert "01772 900111" in after
    assert "01772 900222" not in after.html
    assert "01772 900333" not in after.html


def test_after_the_session_nobody_is_said_to_be_told(place):
    """A family that nobody rang in time was not told; the list no longer asks to ring it."""
    book(place, BY_CALL)
    edit(place, OFF)
    place.wait(days=9)
    worker = place.signed_in()

    assert "1 not told" in worker.open(REGISTER)
    assert "No family waits to be rung" in worker.open(RING)


def test_do_not_contact_is_shown_as_such(place):
    """S5: no number of a family that wants no contact, or that no message is safe for."""
    book(place, QUIET, UNSAFE)
    edit(place, OFF)
    screen = place.signed_in().open(RING)

    assert screen.words.index("Do not contact these families") < screen.words.index("Quinn Quiet")
    assert "01772 900222" not in screen.html
    assert "01772 900333" not in screen.html
    assert "Send nothing" in screen
    assert "2 families not to be contacted" in place.signed_in().open("/staff/")


def test_an_email_that_is_refused_becomes_a_call(place):
    """A message that failed lists its family with the number that it gave, and says why."""
    book(place, replace(BY_EMAIL, phone="01772 900444"), replace(BY_EMAIL, name="No Number"))
    edit(place, OFF)
    deliver(place, state="failed", trouble="The mailbox does not exist.")
    screen = place.signed_in().open(RING)

    assert "The mailbox does not exist." in screen
    assert "01772 900444" in screen
    assert "There is no phone number" in screen


def test_who_takes_the_wish_back_is_to_be_rung(place):
    """A family that chooses a call after its message was queued is rung, and not forgotten."""
    (ellen,) = book(place, BY_EMAIL)
    edit(place, OFF)
    called = replace(BY_EMAIL, contact_by="call", phone="01772 900555")
    personal_data.correct(
        place.engine, place.directory, ellen.id, called, secret=place.secret, now=place.now
    )
    sender.send(place.engine, place.settings, place.directory, now=place.now, claimant="test")
    assert "01772 900555" in place.signed_in().open(RING)


def test_a_change_that_is_undone_needs_no_call(place):
    """A date that is held as the family knows it again leaves the list."""
    book(place, BY_CALL)
    edit(place, MOVED)
    edit(place, FIELDS)

    assert "No family waits to be rung" in place.signed_in().open(RING)


def test_a_booking_of_a_cancelled_date_has_no_place(place):
    """Neither the booking nor the list of bookings says "Has a place" of a cancelled date."""
    (carol,) = book(place, BY_CALL)
    worker = place.signed_in()
    assert "Has a place" in worker.open(f"/staff/bookings/{carol.reference}")
    edit(place, OFF)
    booking = worker.open(f"/staff/bookings/{carol.reference}")
    found = worker.open("/staff/bookings?q=carol")

    assert "Cancelled by us" in booking
    assert "Has a place" not in booking
    assert "Cancelled by us" in found
    assert "Has a place" not in found


def test_a_sensitive_group_is_marked_on_the_list(tmp_path):
    """S4: who rings is warned not to name a sensitive group to anybody but the family."""
    place = Staffed(tmp_path, made.directory(sensitive=True))
    family = BY_CALL
    (asked,) = book(place, family, planned="")
    bookings.confirm(
        place.engine, place.directory, asked.id, now=place.now, actor=place.staff().actor
    )
    screen = place.signed_in().open(RING)

    assert "They have a place" in screen
    assert "Sensitive Name the group to nobody but the family itself" in screen


def test_the_professional_is_rung_for_a_family_not_to_be_contacted(tmp_path):
    """Where the professional asked to be contacted instead, it is their number that is shown."""
    place = Staffed(tmp_path, made.directory({}, way="request"))
    midwife = Referrer("Jo Bell", "midwife", "Royal Preston", None, "01772 900666")
    bookings.ask(
        place.engine, place.directory.programmes[0], QUIET, key=next(KEYS), referrer=midwife,
        secret=place.secret, now=place.now,
    )  # fmt: skip
    (case,) = support.queue(place.engine)
    bookings.decline(
        place.engine, case.booking_id, reason="We are full", now=place.now, actor="operator"
    )
    screen = place.signed_in("administrator").open(RING)

    assert "Contact Jo Bell, midwife, Royal Preston 01772 900666" in screen
    assert "01772 900222" not in screen.html


def test_a_cancelled_register_names_the_professional_to_tell(tmp_path):
    """Where a professional is the contact of a family, the register says to tell the professional,
    by name and organisation, and counts the family as one to ring, as the list does."""
    place = Staffed(tmp_path, made.directory(FIELDS, way="request"))
    midwife = Referrer("Jo Bell", "midwife", "Royal Preston", "jo@example.org", "01772 900666")
    run = place.directory.series[0]
    bookings.book(
        place.engine, run, QUIET, key=next(KEYS), referrer=midwife, secret=place.secret,
        now=place.now, session=run.all_sessions[0],
    )  # fmt: skip
    (case,) = support.queue(place.engine)
    bookings.confirm(
        place.engine, place.directory, case.booking_id, now=place.now, actor="operator"
    )
    edit(place, OFF, way="request")
    register = place.signed_in().open(REGISTER)

    assert "To tell: Jo Bell, Royal Preston, the professional who is their contact" in register
    assert "Nobody is expected: 1 to ring" in register
    assert "not to be contacted" not in register
    assert "01772 900222" not in register.html


def test_a_notice_counts_those_that_it_does_not_reach(place):
    """After a notice the register says how many get it and how many are to be rung."""
    book(place, BY_EMAIL, BY_CALL, QUIET)
    worker = place.signed_in()
    done = worker.open("/staff/notice/riverbank/bump/2027-01-12")
    done = done.fill(words="Bring wellies").press("See how it looks").press("Send it")

    assert "Families who get a message: 1. Staff must tell: 2." in done
    assert "“Bring wellies”" in done.follow("See whom to ring")


def test_other_centres_neither_see_nor_tick(place):
    """Staff of another centre see nothing of the list, and their tick is refused."""
    (carol,) = book(place, BY_CALL)
    edit(place, OFF)
    other = place.signed_in(centres=["elsewhere"])

    assert "Carol" not in other.open(RING)
    path = f"{RING}/{carol.reference}"
    assert other.send(path, {"csrf_token": other.token, "last": "99"}).status == 403


def test_what_is_to_be_told_is_forgotten_with_the_family(place):
    """S51: a family that is deleted leaves the list, and its copy of data says what was to tell."""
    (carol,) = book(place, BY_CALL)
    edit(place, OFF)
    kept = retention.kept(place.engine, carol.reference, lambda _: True)
    personal_data.erase(place.engine, place.directory, carol.id, now=place.now)

    assert any("staff must tell" in words for label, words in kept if label == "Message")
    assert "No family waits to be rung" in place.signed_in().open(RING)
    with database.read(place.engine) as connection:
        states = connection.execute(tables.message.select()).all()
    assert {(row.state, str(row.about)) for row in states if row.kind != "reminder"} == {
        ("dropped", "{}")
    }


def test_each_kind_of_message_says_whether_to_ring():
    """A new kind of message decides what happens to a family that it cannot be sent to."""
    assert set(TO_RING) | set(NOT_RUNG) | set(TO_PROFESSIONAL) == set(KINDS)
    assert not set(TO_RING) & set(NOT_RUNG)


def test_the_soonest_session_comes_first(place):
    """The soonest session first: who would come tomorrow is rung today."""
    book(place, replace(BY_CALL, name="Later"), planned="2027-01-19")
    book(place, replace(BY_CALL, name="Sooner"))
    changes = [{"date": f"2027-01-{day}", "cancelled": "Snow"} for day in (12, 19)]
    edit(place, {**FIELDS, "changes": changes})
    screen = place.signed_in().open(RING)

    assert screen.words.index("Sooner") < screen.words.index("Later")


def test_older_content_never_says_that_nobody_is_to_be_rung(place):
    """Where the content here is not the newest published one, the list says that it is not whole,
    and neither Today nor Messages shows a number of families that would be too small."""
    book(place, BY_CALL)
    older = place.directory
    edit(place, OFF)
    generations.publish(
        place.engine, "the newest edition", {}, {}, built=place.now, now=place.now, publisher="test"
    )
    place.directory = older
    worker = place.signed_in()
    paths = (RING, "/staff/", "/staff/messages")
    screen, today, messages = (worker.open(path) for path in paths)
    place.directory = older.model_copy(update={"edition": "the newest edition"})

    assert "No family waits to be rung" not in screen
    assert "This machine has older content than what is published" in screen
    assert "The list of families to ring cannot be shown whole" in today
    assert "To ring: 0" not in messages
    assert "cannot be shown whole" not in worker.open(RING)


def two_dates(place):
    """Two bookings of one family, and one of another with the same phone, all cancelled by us."""
    carols = [*book(place, BY_CALL), *book(place, BY_CALL, planned="2027-01-19")]
    other = book(place, replace(BY_CALL, name="Olive Other"))
    changes = [{"date": f"2027-01-{day}", "cancelled": "Snow"} for day in (12, 19)]
    edit(place, {**FIELDS, "changes": changes})
    return carols, other


def test_several_bookings_of_a_family_are_one_call(place):
    """A family is listed and counted once, with all its dates; one tick marks all of them, and
    taking it back brings all of them back, and nothing of another family."""
    carols, _ = two_dates(place)
    worker = place.signed_in()
    screen = worker.open(RING)
    done = screen.press("They know now: Carol Call")
    rung = place.log().count((worker.staff.actor, "ring"))
    left = worker.open("/staff/")
    olive = worker.open(RING).press("They know now: Olive Other")
    back = done.press("I had not reached them")

    assert screen.words.count("Carol Call") == 2  # the name, and the words of its button
    assert screen.words.index("12 January") < screen.words.index("19 January")
    assert screen.words.index("19 January") < screen.words.index("Olive Other")
    assert f"/staff/bookings/{carols[1].reference}" in screen.html
    assert rung == 2
    assert "1 family to ring" in left
    assert "Carol Call" not in olive
    assert "12 January" in back
    assert "19 January" in back
    assert "Olive Other" not in back


def test_another_safe_way_is_another_call(place):
    """S5: bookings of one contact stay apart where the family gave another way or time for one."""
    book(place, BY_CALL, replace(BY_CALL, contact_by="none"))
    book(place, replace(BY_CALL, answers={}), planned="2027-01-19")
    changes = [{"date": f"2027-01-{day}", "cancelled": "Snow"} for day in (12, 19)]
    edit(place, {**FIELDS, "changes": changes})
    worker = place.signed_in()

    assert worker.open(RING).words.count("They know now: Carol Call") == 3
    assert "2 families to ring" in worker.open("/staff/")
    assert "1 family not to be contacted" in worker.open("/staff/")


LATER = {"changes": [{"date": "2027-01-12", "postponed": "The boiler is broken"}]}


def test_a_postponed_date_is_rung_about_once_now_and_once_with_its_new_date(place):
    """The register says who knows; the list has what to say, each time."""
    book(place, BY_EMAIL, BY_CALL)
    edit(place, LATER)
    worker = place.signed_in()
    register, first = worker.open(REGISTER), worker.open(RING)
    first.press(f"They know now: {BY_CALL.name}")
    rung = worker.open(RING)
    edit(place, {"changes": [{**LATER["changes"][0], "moved_to": "2027-01-14"}]})
    then = worker.open(RING)

    assert "Postponed The boiler is broken. We do not know the new date yet." in register
    assert "Nobody is expected: 1 not told yet, 1 to ring" in register
    assert "Save the register" not in register
    assert "is postponed. The boiler is broken. They keep their place. No new date yet." in first
    assert BY_CALL.name not in rung
    assert "The date that was postponed is now on Thursday 14 January 2027, 10am" in then


def test_today_shows_a_postponed_date_as_such(place):
    """Nobody looks for families on a day on which nothing is held."""
    edit(place, LATER)
    today = place.signed_in().open("/staff/?day=2027-01-12")

    assert "Postponed The boiler is broken" in today
