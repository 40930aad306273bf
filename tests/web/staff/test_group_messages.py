"""Staff write to a group, a waiting list and a centre."""

import shutil

import pytest

from portal import bookings
from portal.bookings import Family, group_messages
from tests.support import made
from tests.support.paths import ROOT
from tests.support.staffed import Staffed

COURSE = "/staff/notice/riverbank/bump"
CENTRE = "/staff/notice/riverbank"
KEYS = (f"group-messages-{number}" for number in range(1000))


@pytest.fixture
def place(tmp_path):
    """Two places and three families: one by email, one by call, and one that waits."""
    shutil.copytree(ROOT / "content/messages", tmp_path / "content/messages")
    place = Staffed(tmp_path, made.directory({"places": "2"}))
    for who in (
        Family("Ann Able", "ann@example.org", contact_by="email", safe_to_contact=True),
        Family("Carol Call", phone="01772 900124", contact_by="call"),
        Family("Will Wait", "will@example.org", contact_by="email", safe_to_contact=True),
    ):
        bookings.book(
            place.engine, place.directory.series[0], who, key=next(KEYS), secret=place.secret,
            now=place.now,
        )  # fmt: skip
    return place


def test_words_are_seen_as_they_will_be_read_before_they_are_sent(place):
    """The preview has the email and the text message, how many get it, and whom to ring."""
    form = place.signed_in().open(COURSE)
    preview = form.fill(words="Bring wellies").press("See how it looks")

    assert place.count("notice") == 0
    assert "1 family will get it" in preview
    assert "Carol Call" in preview
    assert "About your booking" in preview
    assert "This is about your place at Bump, Birth and Beyond, Tuesday 12 January" in preview
    assert "Bring wellies" in preview
    assert "There is news about your booking. Read it here:" in preview


def test_a_message_is_found_when_the_centre_is_renamed(place):
    """What was sent to a group or a centre is listed and opens under the centre's new name."""
    manager = place.signed_in("manager")
    for path, words in ((COURSE, "Bring wellies"), (CENTRE, "We have paint")):
        manager.open(path).fill(words=words).press("See how it looks").press("Send it")
    place.directory = made.directory({"places": "2"})
    place.directory.centres[0].link(slug="lakeside", aliases=("riverbank",))
    form = manager.open("/staff/notice/lakeside/bump")

    for number, words in ((1, "Bring wellies"), (2, "We have paint")):
        assert f'"/staff/notices/lakeside/{number}"' in form.html
        assert words in manager.open(f"/staff/notices/lakeside/{number}")


def test_words_that_cannot_be_sent_yet_are_not_lost(place, monkeypatch):
    """A message over the limit of an hour stays in its form, with what to do."""
    monkeypatch.setattr(group_messages, "MOST_AN_HOUR", 0)
    preview = place.signed_in().open(COURSE).fill(words="Bring boots").press("See how it looks")
    refused = preview.press("Send it")

    assert refused.status == 429
    assert "Wait, and send it then" in refused
    assert "Bring boots" in refused.html
    assert "1 family will get it" in refused.press("See how it looks")
    assert place.count("notice") == 0


def test_the_words_can_be_changed_after_the_preview(place):
    """Nothing typed is lost, and nothing is sent."""
    preview = place.signed_in().open(COURSE).fill(words="Bring boots").press("See how it looks")
    again = preview.press("Change the words")

    assert "Bring boots" in again.html
    assert place.count("notice") == 0


def test_what_came_of_a_message_is_shown_for_each_family(place):
    """After sending, on the register, and later: who got it and who is to be rung."""
    worker = place.signed_in()
    sent = (
        worker.open(COURSE).fill(words="Bring wellies").press("See how it looks").press("Send it")
    )
    register = worker.open("/staff/register/riverbank/bump/2027-01-12")

    assert "Families who get a message: 1. Staff must tell: 1." in sent
    assert "Ann Able</bdi></a><p>Waits to go out</p>" in sent.html
    assert "Carol Call</bdi></a><p>Cannot be sent, staff must tell them</p>" in sent.html
    assert "Bring wellies" in register
    (link,) = (one for one in register.main.all("a") if one.text.startswith("Who got it"))
    assert "Carol Call" in worker.open(link["href"])
    assert "“Bring wellies”" in worker.open("/staff/ring")


def test_a_form_that_is_sent_twice_sends_once(place):
    """A second press shows the same message."""
    worker = place.signed_in()
    fields = {
        "csrf_token": worker.token,
        "words": "Bring wellies",
        "step": "send",
        "key": "k" * 32,
    }
    answers = [worker.send(COURSE, fields) for _ in range(2)]

    assert place.count("notice") == 1
    assert [one.status for one in answers] == [303, 303]
    assert len({one.answer.headers["Location"] for one in answers}) == 1


def test_families_who_wait_are_written_to_by_themselves(place):
    """From their list, which shows what was written; the others read nothing of it."""
    worker = place.signed_in()
    queue = worker.open("/staff/waiting/riverbank/bump")
    form = queue.follow("Tell everybody who waits")
    sent = form.fill(words="We look for a room").press("See how it looks").press("Send it")

    assert "Families who get a message: 1. Staff must tell: 0." in sent
    assert "Will Wait" in sent
    assert "We look for a room" in worker.open("/staff/waiting/riverbank/bump")
    assert "We look for a room" not in worker.open("/staff/register/riverbank/bump/2027-01-12")


@pytest.mark.parametrize(
    ("role", "footprint", "status"),
    [
        ("worker", "preston", 403),
        ("manager", "preston", 200),
        ("manager", "burnley-pendle", 403),
        ("administrator", "preston", 200),
    ],
)
def test_managers_alone_write_to_a_whole_centre(place, role, footprint, status):
    """A worker writes to a group of the centre at most; nobody to another centre."""
    assert place.signed_in(role, footprint=footprint).open(CENTRE).status == status


def test_other_centres_neither_write_nor_read(place):
    """Neither the form nor what came of a message opens for staff of another centre."""
    group = group_messages.of_series(place.directory.series[0])
    made_ = group_messages.send(
        place.engine, group, "Bring wellies", key="x" * 32, now=place.now, actor="staff:1"
    )
    other = place.signed_in(centres=["elsewhere"])
    paths = (COURSE, "/staff/notice-waiting/riverbank/bump", f"/staff/notices/riverbank/{made_.id}")

    assert [other.open(path).status for path in paths] == [403] * 3
    assert other.open(f"/staff/notices/elsewhere/{made_.id}").status == 403


def test_too_many_messages_are_refused_in_words(place):
    """The page says what to do; the message is not sent."""
    group = group_messages.of_series(place.directory.series[0])
    worker = place.signed_in()
    for number in range(group_messages.MOST_AN_HOUR):
        group_messages.send(
            place.engine, group, f"Words {number}", key=f"{number}", now=place.now,
            actor=worker.staff.actor,
        )  # fmt: skip
    preview = worker.open(COURSE).fill(words="One more").press("See how it looks")
    refused = preview.press("Send it")

    assert refused.status == 429
    assert "Wait, and send it then" in refused
