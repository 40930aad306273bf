"""Staff cancel and move dates in a browser, and the files say it as an editor would."""

import re
import shutil
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from portal import bookings, content, database
from portal.bookings import Family, content_changes
from portal.database.tables import booking, message
from portal.editing import build_requests
from portal.messages import change_previews, letters
from portal.messages.outbox import Owed
from tests.bookings.test_booking import KEYS
from tests.support.staffed import Staffed

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)  # a Monday
SPRING = "centres/preston/riverbank/bump-spring.md"
CENTRE = "centres/preston/riverbank/index.md"
MONDAY = "centres/preston/riverbank/play-monday.md"
CANCEL = "Cancel it and tell the families"
BACK = "Hold it as planned and tell the families"
CHANGE = "/staff/change/riverbank/bump-spring/2027-01-26"
REGISTER = "/staff/register/riverbank/bump-spring/2027-01-26"
CLOSED = "/staff/closed/riverbank/2027-01-11"  # a Monday
BY_EMAIL = Family("Ellen Email", "ellen@example.org", None, "email", True)
BY_TEXT = Family("Tess Text", None, "07700 900123", "text", True)
BY_CALL = Family("Carol Call", None, "01772 900111", "call", False)
QUIET = Family("Quinn Quiet", "quinn@example.org", None, "none", False)


class Office(Staffed):
    def text(self, path: str) -> str:
        return (self.settings.root / path).read_text("utf-8")

    def write(self, path: str, old: str, new: str) -> None:
        """What somebody does with an editor meanwhile."""
        text = self.text(path)
        assert old in text
        (self.settings.root / path).write_text(text.replace(old, new, 1), "utf-8")

    def book(self, *families, series="riverbank/bump-spring"):
        run = self.directory.find_series(series)
        for who in families:
            bookings.book(self.engine, run, who, key=next(KEYS), secret=self.secret, now=self.now)

    def build(self):
        """What the server and the worker do after a publish."""
        with build_requests.answering(self.settings.var):
            today = self.now.date()
            self.directory = content.load(self.settings.root, today=today)
        content_changes.announce_changes(self.engine, self.directory, now=self.now)


@pytest.fixture
def office(tmp_path, sample_root, directory):
    root = shutil.copytree(sample_root, tmp_path / "root")
    found = Office(tmp_path, directory, root=root)
    found.now = NOW
    return found


def test_a_date_is_cancelled_from_its_register(office):
    """The page says first what families read and how they hear; then the file says it (S76)."""
    office.book(BY_EMAIL, BY_TEXT, BY_CALL, QUIET)
    worker = office.signed_in()
    before = office.text(SPRING)
    form = worker.open(REGISTER).follow("Cancel or move this date")
    check = form.fill(reason="Snow: nobody can get in").press("Continue")

    assert "Cancelled Snow: nobody can get in" in check
    assert "1 family by email" in check
    assert "1 family by text message" in check
    assert "1 family to ring" in check
    assert "1 family not to be contacted" in check
    assert "Part of your booking is off" in check
    assert "on Tuesday 26 January 2027" in check
    assert "(the private link of each family)" in check
    assert office.text(SPRING) == before

    done = check.press(CANCEL)
    assert office.text(SPRING) == before.replace(
        "changes:\n", "changes:\n  - date: 2027-01-26\n    cancelled: 'Snow: nobody can get in'\n"
    )
    assert "The change is being published" in done
    office.build()
    after = worker.open(f"{REGISTER}?changed=cancel")
    assert "The change is published" in after
    assert "Cancelled Snow: nobody can get in" in after
    assert after.words.index("01772 900111") < after.words.index("Ellen Email")  # to ring: first
    assert (worker.staff.actor, "change date") in office.log()


def test_the_message_is_the_one_that_families_get(office):
    """What staff read before is, word for word, the letter that is sent; its link is not shown."""
    office.book(BY_EMAIL)
    check = office.signed_in().open(CHANGE).fill(reason="Snow").press("Continue")
    check.press(CANCEL)
    office.build()
    with database.read(office.engine) as connection:
        row = connection.execute(select(message).where(message.c.kind == "cancelled-by-us")).one()
        letter = letters.letter_of(
            connection,
            Owed(row.id, row.booking_id, row.kind, row.about, row.created),
            directory=office.directory,
            settings=office.settings,
            now=office.now,
        )
        own = connection.execute(select(booking.c.reference)).scalar_one()
    link = re.search(r"https://\S+/bookings/\S+", letter.plain)[0]
    sent = letter.plain.replace(link, change_previews.LINK).replace("Hello Ellen", "Hello")
    sent = sent.replace(own, change_previews.REFERENCE)

    assert " ".join(sent.split()) in check
    assert letter.subject in check
    assert link not in check.html


def test_a_date_is_moved_and_taken_back(office):
    """Day, time and building are written as an editor would, and taking it back leaves nothing."""
    office.book(BY_EMAIL)
    worker, before = office.signed_in(), office.text(SPRING)
    form = worker.open(f"{CHANGE}?do=move")
    form.fill(day="27 January 2027", time="13:00-15:00", name="Village Hall", postcode="pr1 8rj")
    check = form.fill(reason="The hall is a polling station").press("Continue")

    assert "Wednesday 27 January 2027, 1pm to 3pm" in check
    assert "Moved from Tuesday 26 January" in check
    assert "Other place Village Hall" in check
    assert "1 family by email" in check
    check.press("Move it and tell the families")
    assert office.text(SPRING) == before.replace(
        "changes:\n",
        "changes:\n"
        "  - date: 2027-01-26\n"
        "    moved_to: 2027-01-27 13:00-15:00\n"
        "    venue:\n"
        "      name: Village Hall\n"
        "      postcode: PR1 8RJ\n"
        "    note: The hall is a polling station\n",
    )
    office.build()
    form = worker.open(REGISTER).follow("Change this date again")
    assert "it is on Wednesday 27 January 2027, 1pm to 3pm, at Village Hall" in form
    again = form.follow("Hold it as planned").press("Continue")
    assert "It is on as planned" in again
    again.press("Hold it as planned and tell the families")
    assert office.text(SPRING) == before


def test_a_date_is_moved_to_an_area(office):
    """A booked date can be held in an area if the form says where to meet, and not without."""
    worker = office.signed_in()
    form = worker.open(f"{CHANGE}?do=move")
    wrong = form.fill(area="around Preston's parks", town="Preston").press("Continue")
    check = wrong.fill(meet="the bandstand").press("Continue")

    assert wrong.status == 422
    assert "families book a place, so they must know where to find you" in wrong
    assert "Other place Around Preston's parks, meet at the bandstand" in check


@pytest.mark.parametrize(
    ("action", "answers", "field", "words"),
    [
        ("cancel", {"reason": ""}, "reason", "Write why it is cancelled"),
        ("cancel", {"reason": "yes"}, "reason", "'yes' is not a reason"),
        ("move", {"day": "31/2/2027"}, "day", "Enter a day of the calendar"),
        ("move", {"time": "1pm"}, "time", "Write both times, like 10:00-12:00"),
        ("move", {"time": "15:00-13:00"}, "time", "Swap the times"),
        ("move", {}, "day", "This is when and where it is planned"),
        ("move", {"town": "Preston"}, "name", "Enter the name of the building"),
        ("move", {"name": "Hall", "postcode": "PR1"}, "postcode", "PR1"),
        ("move", {"day": "27/1/2028"}, "", "more than six months from its planned date"),
        ("move", {"day": "19/1/2027"}, "", "the session planned on Tuesday 19 January 2027"),
    ],
)
def test_the_checks_of_the_files_are_said_beside_the_answer(office, action, answers, field, words):
    """What the content would refuse is refused with the same words, and nothing is written."""
    before = office.text(SPRING)
    screen = office.signed_in().open(f"{CHANGE}?do={action}").fill(**answers).press("Continue")

    assert screen.status == 422
    assert screen.title.startswith("Error: ")
    assert any(words in said for _, said in screen.problems)
    if field:
        assert words in screen.beside[field]
    assert office.text(SPRING) == before


def test_a_clash_with_another_group_is_told(office):
    """A date moved into a room that is taken is refused, and the words name the other group."""
    office.write(SPRING, "room: Willow Room", "room: Hall")
    form = office.signed_in().open(f"{CHANGE}?do=move")
    screen = form.fill(day="25/1/2027", time="9:00-10:00").press("Continue")

    assert screen.status == 422
    assert "is in the same room then: Monday 25 January 2027" in screen
    assert ".md" not in screen.words
    assert "'room'" not in screen.words


def test_nobody_has_booked(office):
    """No message is shown that goes to nobody; a date that moved before can be opened again."""
    worker = office.signed_in(centres=["weavers-yard"])
    for planned, words in (("2026-12-02", "at Nelson Library"), ("2026-12-09", "10 December 2026")):
        form = worker.open(f"/staff/change/weavers-yard/feeding-wednesday/{planned}")
        assert words in form
        check = form.fill(reason="Snow").press("Continue")
        assert "Nobody has booked, so nobody is told" in check
        assert "What they read" not in check


def test_a_session_that_starts_soon(office):
    """A message may come too late for families on their way: the page says to ring them."""
    office.now = datetime(2027, 1, 26, 8, 50, tzinfo=UTC)
    check = office.signed_in().open(CHANGE).fill(reason="Snow").press("Continue")

    assert "A message may come too late. Ring the families as well" in check
    assert REGISTER in check.html


def test_a_closure_day_is_told(office):
    """A date moved to a bank holiday is allowed, and the page says what day it is."""
    form = office.signed_in().open(f"{CHANGE.replace('01-26', '02-23')}?do=move")
    check = form.fill(day="26/3/2027").press("Continue")

    assert "Friday 26 March 2027 is a closure day: Good Friday" in check


def test_two_people_at_once_lose_nothing(office):
    """The second one sees what the first one did to the same date; another date is no conflict."""
    first, second = office.signed_in(), office.signed_in(title="Jo Hill")
    other = second.open(CHANGE.replace("01-26", "01-19")).fill(reason="Ice").press("Continue")
    late = second.open(CHANGE).fill(reason="Ice on the road").press("Continue")
    first.open(CHANGE).fill(reason="Snow").press("Continue").press(CANCEL)
    clash = late.press(CANCEL)

    assert clash.status == 409
    assert "Somebody else has changed this in the meantime" in clash
    assert "The file says that it is cancelled: Snow" in clash
    assert "Ice on the road" in clash.html
    assert "Ice" not in office.text(SPRING)
    back = [one.open(f"{CHANGE}?do=back").press("Continue") for one in (first, second)]
    back[0].press(BACK)
    assert "cancelled: Snow" not in office.text(SPRING)
    same = back[1].press(BACK)  # both decided the same
    assert (same.status, same.path) == (200, f"{REGISTER}?changed=back")
    first.open(CHANGE).fill(reason="Snow").press("Continue").press(CANCEL)
    other.press(CANCEL)
    assert "2027-01-19\n    cancelled: Ice\n  - date: 2027-01-26\n    cancelled: Snow" in (
        office.text(SPRING)
    )
    clash.press("Continue").press(CANCEL)
    assert "cancelled: Ice on the road" in office.text(SPRING)


def test_nobody_is_booked_on_a_date_that_is_off(office):
    """The register of a cancelled date offers no booking, and its form says why there is none."""
    worker, path = office.signed_in(), "/staff/book/riverbank/play-monday?session=2027-01-11"
    register = "/staff/register/riverbank/play-monday/2027-01-11"
    office.write(MONDAY, "day: Monday\n", "day: Monday\nbook: session\nbooking: book\nplaces: 5\n")
    office.build()
    assert "Take a booking" in worker.open(register)
    assert worker.open(path).heading == "Take a booking"
    change = "  - date: 2027-01-11\n    cancelled: Snow\n"
    office.write(MONDAY, "changes:\n", f"changes:\n{change}")
    office.build()

    refused = worker.open(path)
    assert (refused.status, refused.heading) == (409, "This can no longer be booked")
    assert "Take a booking" not in worker.open(register)


def test_what_cannot_be_changed_any_more(office):
    """A date that is over, or that the file leaves out by now, is refused with words."""
    worker = office.signed_in()
    past = worker.open("/staff/change/riverbank/play-monday/2026-11-16")
    assert (past.status, past.heading) == (409, "This date is over")
    assert worker.open("/staff/change/riverbank/bump-spring/2027-01-27").status == 403
    assert worker.open("/staff/change/riverbank/bump-winter/2027-01-26").status == 200  # old name
    elsewhere = office.signed_in(centres=["mill-brow"])
    gone = elsewhere.open("/staff/change/mill-brow/massage-spring/2027-01-11")
    assert (gone.status, gone.heading) == (409, "This group has ended")

    check = worker.open(CHANGE).fill(reason="Snow").press("Continue")
    office.write(SPRING, "sessions: 6\n", "sessions: 6\nexcept: [2027-01-26]\n")
    edited = office.text(SPRING)
    refused = check.press(CANCEL)
    assert refused.status == 422
    assert "Tuesday 26 January 2027 is also in 'except'" in refused
    assert office.text(SPRING) == edited


def test_a_mistake_in_another_file_is_said_and_loses_no_cancellation(office):
    """The page says that families are not told, and what to do; the cancellation is written down,
    and goes out as soon as the other mistake is corrected. A move waits (S76)."""
    office.book(BY_EMAIL)
    worker = office.signed_in()
    office.write(MONDAY, "day: Monday", "day: Tuesday")
    screen = worker.open(CHANGE).fill(reason="Snow").press("Continue")

    assert screen.status == 409
    assert "So no family is told by the portal" in screen
    assert f"{MONDAY}, line 3" in screen
    assert "cancelled: Snow" not in office.text(SPRING)
    done = screen.press("Write it down all the same")
    assert "so no family is told until they are corrected" in done
    assert "the messages go out" not in done
    assert "cancelled: Snow" in office.text(SPRING)
    with pytest.raises(content.ContentError):
        office.build()
    assert "nobody is told of a change" in worker.open(REGISTER)
    office.write(MONDAY, "day: Tuesday", "day: Monday")
    office.build()
    assert "1 not told yet" in worker.open(REGISTER)

    office.write(MONDAY, "day: Monday", "day: Tuesday")
    move = worker.open(f"{CHANGE.replace('01-26', '01-19')}?do=move").fill(day="20/1/2027")
    waits = move.press("Continue")
    assert "Your change is not written down" in waits
    assert "Write it down" not in waits.html


def test_a_machine_that_does_not_build_says_where_to_go(office):
    """Nothing is asked that cannot be kept."""
    office.app.extensions["live"].settings = office.settings.model_copy(update={"roles": ("live",)})
    screen = office.signed_in().open(CHANGE)

    assert screen.status == 409
    assert "the machine that builds the site" in screen
    assert "Continue" not in screen


def test_an_editor_sees_no_number_of_families(office):
    """S30: who changes pages alone may cancel a date, and learns nothing about bookings."""
    office.book(BY_EMAIL, BY_CALL)
    editor = office.signed_in("editor")
    links = editor.open("/staff/content/riverbank").main.all("a")
    path = "/staff/change/riverbank/bump-spring"
    assert path in [one["href"] for one in links]
    listed = editor.open(path)
    assert "Wednesday 3 February 2027" in listed
    form = listed.follow("Tuesday 26 January 2027")
    check = form.fill(reason="Snow").press("Continue")

    assert "Families who booked get a message in the way that each chose" in check
    assert not re.search(r"\d+ famil", check.words)
    done = check.press(CANCEL)
    assert "The change is being published" in done
    assert "cancelled: Snow" in office.text(SPRING)
    reader = office.signed_in("reader", centres=["riverbank"])
    assert "/staff/change/" not in reader.open(REGISTER).html
    assert "/staff/closed/" not in reader.open("/staff/?day=2027-01-26").html


def test_a_whole_centre_is_closed_for_a_day(office):
    """One page for a centre and a day: its file says that it is closed, which cancels what meets
    there, and opening it again leaves no trace (S76)."""
    worker, before, monday = office.signed_in(), office.text(CENTRE), office.text(MONDAY)
    form = worker.open("/staff/?day=2027-01-11").follow("Cancel what is on at Riverbank Centre")
    check = form.fill(reason="The centre is closed because of snow").press("Continue")

    assert check.heading == "Cancel 1 on Monday 11 January 2027?"
    assert "Cancelled The centre is closed because of snow" in check
    done = check.press("Cancel and tell the families")
    assert "The change is being published" in done
    closure = "  - date: 2027-01-11\n    reason: The centre is closed because of snow\n"
    assert closure in office.text(CENTRE)
    assert office.text(MONDAY) == monday
    office.build()
    single = worker.open("/staff/register/riverbank/play-monday/2027-01-11")
    assert "Cancelled The centre is closed because of snow" in single
    again = single.follow("Change this date again").follow("Change it for the centre")
    again.press("Continue").press("Open and tell the families")
    assert office.text(CENTRE) == before


def test_some_of_a_day_are_cancelled(office):
    """Where the centre stays open, each series that is ticked says it, all files or none."""
    text = office.text(MONDAY)
    late = MONDAY.replace("play-monday", "play-late")
    copy = text.replace("9:30-11:00", "13:00-14:00").replace("room: Hall", "room: Den")
    (office.settings.root / late).write_text(copy)
    office.build()
    worker, before = office.signed_in(), office.text(CENTRE)
    form = worker.open(CLOSED)
    one = ["play-monday.2027-01-11"]
    wrong = form.fill(sessions=one, reason="Ice").press("Continue")
    assert "Tick all that meets in the centre" in wrong.beside["shut"]
    both = [*one, "play-late.2027-01-11"]
    check = wrong.fill(sessions=both, shut="").press("Continue")
    assert check.words.count("Cancelled Ice") == 2
    check.press("Cancel and tell the families")
    for path in (MONDAY, late):
        assert "  - date: 2027-01-11\n    cancelled: Ice\n" in office.text(path)
    assert office.text(CENTRE) == before
    office.build()
    assert worker.open(CLOSED).heading == "There is nothing to cancel"


def test_nothing_is_ticked_or_somebody_was_quicker(office):
    """The page of a day asks again where nothing is ticked, or where a date was changed."""
    worker = office.signed_in()
    none = worker.open(CLOSED).fill(sessions=[], shut="", reason="Snow").press("Continue")
    assert none.beside["sessions"] == "Tick what is cancelled"
    late = worker.open(CLOSED).fill(reason="Snow").press("Continue")
    path = "/staff/change/riverbank/play-monday/2027-01-11"
    worker.open(path).fill(reason="Ice").press("Continue").press(CANCEL)
    before = office.text(CENTRE)
    clash = late.press("Cancel and tell the families")

    assert clash.status == 409
    assert office.text(CENTRE) == before


def test_a_button_that_is_pressed_twice_has_worked(office):
    """The second press of a button leads where the first did: nobody else has changed anything."""
    worker = office.signed_in()
    presses = [
        (worker.open(CHANGE).fill(reason="Snow"), CANCEL),
        (worker.open(CLOSED).fill(reason="Ice"), "Cancel and tell the families"),
    ]
    for form, button in presses:
        check = form.press("Continue")
        first, second = check.press(button), check.press(button)
        assert (second.path, second.status) == (first.path, 200)
    office.build()
    for path, button in ((f"{CHANGE}?do=back", BACK), (CLOSED, "Open and tell the families")):
        check = worker.open(path).press("Continue")
        first, second = check.press(button), check.press(button)
        assert (second.path, second.status) == (first.path, 200)


def test_a_date_is_postponed_and_gets_its_new_day(office):
    """Families are told now and once more with the new day; the file holds what is true alone."""
    office.book(BY_EMAIL, BY_CALL)
    worker, before = office.signed_in(), office.text(SPRING)
    check = worker.open(f"{CHANGE}?do=postpone").fill(reason="Snow").press("Continue")
    assert "Postponed Snow" in check
    assert "1 family by email" in check
    check.press("Postpone it and tell the families")
    assert "  - date: 2027-01-26\n    postponed: Snow\n" in office.text(SPRING)
    office.build()
    assert "Postponed Snow" in worker.open(f"{REGISTER}?changed=postpone")

    again = worker.open(REGISTER).follow("Change this date again").follow("Move this date")
    assert "The file says that it is postponed: Snow" in again
    check = again.fill(day="28/1/2027").press("Continue")
    assert "Thursday 28 January 2027, 10am to midday" in check
    check.press("Move it and tell the families")
    assert office.text(SPRING) == before.replace(
        "changes:\n", "changes:\n  - date: 2027-01-26\n    moved_to: 2027-01-28\n"
    )


def test_of_a_sensitive_group_the_message_says_nothing(office):
    """S4: what staff read is the discreet message, and the site shows neither where nor when."""
    group = "weavers-yard/group-january"
    worker = office.signed_in("editor", centres=["weavers-yard"])
    check = worker.open(f"/staff/change/{group}/2027-01-21").fill(reason="Ill").press("Continue")
    name = office.directory.find_series(group).name

    assert "The site shows neither where nor when" in check
    letter = " ".join(one.text for one in check.main.all("blockquote"))
    assert change_previews.LINK in letter
    assert name not in letter
    assert "January" not in letter
