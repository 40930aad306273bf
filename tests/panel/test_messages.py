"""The messages of a panel: true when they are sent, with the day as a file, and no family."""

import email
import email.policy
from datetime import timedelta

import icalendar
import pytest

from portal import database
from portal.database import tables
from portal.database.references import gap_link_of
from portal.messages import channels
from portal.messages.channels import Undelivered
from portal.panel import gaps, messages
from portal.panel.decisions import Proposal, answer_alone
from portal.settings import load_settings
from tests.panel.test_decisions import decide, spend
from tests.panel.test_gaps import MANAGER, SECRET, sent, with_panel
from tests.support import made
from tests.support.made import NOW
from tests.support.paths import ROOT


@pytest.fixture
def settings(tmp_path):
    sender = "families@families.example"
    return load_settings(root=ROOT, var=tmp_path, secret_key=SECRET, message_sender=sender)


@pytest.fixture
def post(sqlite, settings, tmp_path):
    """Sends what is due, and returns the new emails: each as the message and its plain words."""
    seen = set()

    def run(directory=None, now=NOW):
        given = {"now": now, "claimant": "a"}
        messages.send_due(sqlite, directory or with_panel(), settings, **given)
        found = []
        for file in sorted(tmp_path.rglob("*.eml")):
            if file not in seen:
                seen.add(file)
                letter = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
                plain = letter.get_body(("plain",)).get_content().replace("\r\n", "\n")
                found.append((letter, plain))
        return found

    return run


def event_of(letter):
    (file,) = [part for part in letter.walk() if part.get_content_type() == "text/calendar"]
    (event,) = icalendar.Calendar.from_ical(file.get_content()).walk("VEVENT")
    return event


def test_the_first_message_has_the_day_and_its_calendar_file(sqlite, post) -> None:
    """S94: the panel, the day, the page and an entry that a later message replaces."""
    one = sent(sqlite)
    ((letter, plain),) = post()
    link = gap_link_of(SECRET, one.link_nonce, one.link_hash)
    event = event_of(letter)
    moved = with_panel(changes=[{"date": "2027-02-01", "moved_to": "2027-02-03"}])
    gaps.follow_meetings(sqlite, moved, now=NOW)
    ((later, said),) = post(moved)

    assert (letter["To"], letter["Subject"]) == ("jo@x.example", "We have your form")
    assert "Preston Resource Panel on Monday 1 February 2027, 1:30pm to 3:30pm" in plain
    assert f"https://families.example/gap/{link}" in plain
    assert "has no Resource Panel" not in plain
    assert "Wednesday 3 February 2027" in said
    assert "On another day than usual: it was moved from Monday 1 February 2027" in said
    assert event_of(later)["UID"] == event["UID"]
    assert event_of(later)["SEQUENCE"] > event["SEQUENCE"]
    assert "jo" not in str(event).lower()


def test_without_a_panel_the_manager_is_named_and_no_day(sqlite, post) -> None:
    """A message promises no meeting where there is none."""
    alone = made.directory()
    one = sent(sqlite, alone)
    ((letter, plain),) = post(alone)
    met = Proposal("met", "See this", link="/programmes/bump/")
    answer_alone(sqlite, alone, one.id, met, seen=0, by=MANAGER, now=NOW)
    ((_, answer),) = post(alone)

    assert "Preston has no Resource Panel. The manager for Preston reads your form" in plain
    assert "meeting" not in plain
    assert not [part for part in letter.walk() if part.get_content_type() == "text/calendar"]
    assert "https://families.example/programmes/bump/" in answer
    assert "> See this" in answer or "See this" in answer


def test_the_answer_says_what_is_spent(sqlite, post) -> None:
    one = sent(sqlite)
    decide(sqlite, one.id, spend(100))
    plain = next(
        words for letter, words in post() if letter["Subject"] == "The answer to your form"
    )

    assert "Yes. We will pay up to £100 for A car seat. Provider: A shop." in plain


def test_what_is_not_true_any_more_is_not_sent(sqlite, post) -> None:
    """A question that was answered, a day of a decided form, and anybody who was forgotten."""
    asked, other, gone = (sent(sqlite, key=key) for key in ("asked", "other", "gone"))
    post()
    decide(sqlite, asked.id, Proposal("more", "Which size?"))
    gaps.reply(sqlite, with_panel(), asked.id, "Size 2", seen=2, now=NOW)
    database.write(sqlite, lambda c: gaps.queue(c, other.id, "gap-agenda", NOW))
    decide(sqlite, other.id, Proposal("escalate", "Too large for us"))
    database.write(sqlite, lambda c: gaps.queue(c, gone.id, "gap-agenda", NOW))
    gaps.erase(sqlite, gone, now=NOW, actor="command")
    subjects = sorted(letter["Subject"] for letter, _ in post())

    assert subjects == ["The answer to your form", "The day of the meeting"]


def test_failed_messages_are_listed_and_sent_again(sqlite, post, monkeypatch) -> None:
    """Staff of the panel see what was not delivered, and why, and try it again."""

    class Broken:
        def send(self, _letter):
            raise Undelivered("There is no such mailbox.", permanent=True)

        def sent_before(self, _letter):
            return None

    one = sent(sqlite)
    with monkeypatch.context() as patched:
        patched.setattr(channels, "opened", lambda *_: {"email": Broken()})
        post()
    (failed,) = messages.failed(sqlite, "preston")

    assert (failed.reference, failed.trouble) == (one.reference, "There is no such mailbox.")
    assert messages.failed(sqlite, "chorley") == []
    assert messages.try_again(sqlite, "preston", now=NOW) == 1
    assert len(post(now=NOW + timedelta(minutes=1))) == 1
    with database.read(sqlite) as connection:
        states = connection.execute(tables.panel_message.select()).all()
    assert [row.state for row in states] == ["sent"]


def test_a_form_that_is_passed_on_says_who_has_it(sqlite, post) -> None:
    """The email names who gets the form next and who answers until then, not only that it went."""
    one = sent(sqlite)
    decide(sqlite, one.id, Proposal("escalate", "Too large for us"))
    plain = next(
        words for letter, words in post() if letter["Subject"] == "The answer to your form"
    )
    words = " ".join(plain.split())

    assert gaps.with_id(sqlite, one.id).issue_id is not None
    assert "It is on the list of themes for the" in words
    assert "Members of the Preston Resource Panel take it there" in words
