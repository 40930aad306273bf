"""What a page or message promises is kept by something: a page, a message, a queue or a setting."""

import ast
import importlib
import re
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from portal.bookings import complaints
from portal.content.message_texts import KINDS
from portal.database.tables import KEPT_FOR, ROLES
from portal.panel.gaps import Gap
from portal.settings import Settings
from portal.staff.accounts import Staff
from portal.web.live import my_booking
from portal.web.live.app import create_desk
from portal.web.site.app import addresses, create_site
from tests.support.databases import new_sqlite
from tests.support.markup import parsed
from tests.support.shipped import ROOT

pytestmark = pytest.mark.slow

REQUESTS = "portal.web.staff.desk:queue"  # the queue in which staff answer requests

# Sentences in which we promise to tell, write, ring, answer and the like, each with what keeps it:
# a kind of message, or the function behind the queue or page where staff or the family find it.
# A promise that nothing keeps yet is not made.
PROMISES = {
    # Where a family waits for an answer: the queue of requests, and the messages that answer it.
    "one of our workers will read it": REQUESTS,
    "One of our workers will read your request": REQUESTS,
    "A worker will read what you write and answer you": "request-confirmed",
    "A worker will read your request and answer you": "request-declined",
    "We will read it by": REQUESTS,
    "We will get in touch with the family": "request-confirmed",
    "We will get in touch only in the way": "request-confirmed",
    "get in touch in the way you chose": "request-confirmed",
    "We will talk with you first, and get in touch in the way you": "request-confirmed",
    # Where staff talk with the family before it gets a place: the same queue.
    "We tell you where to meet only once we have spoken": REQUESTS,
    "We tell you where and when": REQUESTS,
    "We read each one and work out who can help you best": REQUESTS,
    "We tell you who needs help near you": REQUESTS,
    "we will tell you ourselves": REQUESTS,
    "We will tell you": REQUESTS,
    "or will tell you when we speak": REQUESTS,
    # What the service's own workers do when a family rings or comes, without the portal.
    "We get in touch again once your baby is born": REQUESTS,
    "We get in touch and help you find another": REQUESTS,
    "we can tell you more and put you in touch": REQUESTS,
    # How to join a board: its button opens a request, and the queue has it.
    "We tell you which one when you ask": REQUESTS,
    "We tell you where when you ask": REQUESTS,
    "a worker will talk with you first": REQUESTS,
    # The waiting list.
    "We will write to you when a place is free": "offered",
    "we will write to you and say how long": "offered",
    # A message when the next group opens, and the one before it with the link to stop.
    "when a group opens": "portal.bookings.wishes:notify",
    "when one opens": "portal.bookings.wishes:notify",
    "when the next one opens": "portal.bookings.wishes:notify",
    "when a group with no place left on any date has one again": "portal.bookings.wishes:notify",
    "We will send you a message": "portal.bookings.wishes:notify",
    "We send you a message now": "portal.bookings.wishes:make",
    "We send an email to the address that you gave": "portal.bookings.wishes:make",
    "We send a text message to the number that you gave": "portal.bookings.wishes:make",
    "Where we send the message": "portal.bookings.wishes:make",
    # A practitioner's form: its answer, and the day of the meeting, by email and on a page.
    "The manager of the area reads": "portal.panel.decisions:answer_alone",
    "There the manager of the area reads": "portal.panel.decisions:answer_alone",
    "reads your form and answers": "portal.panel.decisions:answer_alone",
    "reads it and answers you by email": "portal.panel.decisions:answer_alone",
    "we send you the day": "portal.panel.gaps:follow_meetings",
    "We send you the day by email": "portal.panel.gaps:follow_meetings",
    # Complaints about data: staff's list, by the day on which the answer is due.
    "We answer within": "portal.web.staff.complaints:waiting",
    "We look into it, and answer you within": "portal.web.staff.complaints:waiting",
    # A creche place that a family waited for.
    "When they are yours, your own page says so, and we get in touch": "creche-place",
    # Changes.
    "If you have booked, we send you an email or a text": "moved",
    "Staff ring you": "portal.bookings.registers:safe_way",
    "tell you about changes": "moved",
    "tell you the new date": "moved",
    "tell you as soon as we do": "moved",
}
_PROMISE = re.compile(
    r"\b(?:we|workers?|staff|somebody|managers?|panel)(?: will| can| then| soon| also)*"
    r" (?:tell|answer|reply|write|ring|email|text|get in touch|let you know|read|send) (?!with\b)"
    r"[^.?!\n]*",
    re.I,
)
# "We send no messages", "we cannot tell you", "We do not answer" promise nothing.
_NO_PROMISE = re.compile(
    r"\b(?:cannot|do not|not|never|no|nothing)\b|\bwe write down\b|\bwe write in\b", re.I
)


@cache
def texts() -> dict[str, str]:
    """All that families and professionals read from us, each on one line."""
    found = {}
    for folder in ("content/pages", "content/messages", "content/boards", "programmes"):
        for path in sorted((ROOT / folder).glob("*.md")):
            found[path.relative_to(ROOT).as_posix()] = path.read_text("utf-8")
    for path in sorted((ROOT / "portal/templates").rglob("*.html")):
        if path.parent.name != "staff":
            found[path.relative_to(ROOT).as_posix()] = path.read_text("utf-8")
    for path in sorted((ROOT / "portal/web/live").rglob("*.py")):
        found[path.relative_to(ROOT).as_posix()] = strings_of(path)
    headings = re.compile(r"^#+ .*$", re.M)
    return {name: " ".join(headings.sub("", text).split()) for name, text in found.items()}


def strings_of(path: Path) -> str:
    """The strings of a module that are not its documentation."""
    tree = ast.parse(path.read_text("utf-8"))
    documented = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    strings = (
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documented
    )
    return ".\n".join(strings)


def promised() -> set[tuple[str, str]]:
    found = set()
    for name, text in texts().items():
        for sentence in re.split(r"(?<=[.?!:])\s|<[^>]*>", text):
            for match in _PROMISE.finditer(sentence):
                if not _NO_PROMISE.search(match[0]) and "may we" not in sentence:
                    found.add((name, sentence))
    return found


def test_what_we_say_that_we_will_do_is_kept_by_something():
    """Each "we tell you", "we answer" and the like names what keeps it, in the table above."""
    unkept = [
        (name, sentence)
        for name, sentence in sorted(promised())
        if not any(words in sentence for words in PROMISES)
    ]

    assert len(promised()) > 10
    assert unkept == []


def test_what_keeps_a_promise_exists():
    """A kind of message that is sent, or a function of the portal."""
    for keeper in sorted(set(PROMISES.values())):
        module, _, name = keeper.partition(":")
        assert keeper in KINDS or hasattr(importlib.import_module(module), name), keeper


# What a family's own page says that we announce, by the state of its booking.
ANNOUNCED = {
    "confirmed": ("moved", "postponed", "cancelled-by-us"),
    "waiting": ("offered", "waiting-ended"),
    "too late": ("waiting-ended",),
    "offered": ("lapsed", "cancelled-by-us"),
    "requested": ("request-confirmed", "request-declined"),
    "helped": ("support-worker", "support-closed"),
}


def test_a_page_promises_news_of_what_is_announced_alone():
    """It names what we tell of, in each state: the cost or what to bring may change unannounced."""
    sweeping = [
        (name, sentence)
        for name, text in texts().items()
        for sentence in re.split(r"(?<=[.?!])\s|<[^>]*>", text)
        if re.search(r"\b(?:some|any)thing (?:else )?changes", sentence)
        and re.search(r"\bwe\b", sentence, re.I)
    ]

    assert sweeping == []
    assert set(my_booking._ANNOUNCED) == set(ANNOUNCED)
    assert {kind for kinds in ANNOUNCED.values() for kind in kinds} <= set(KINDS)


def test_no_entry_of_the_table_is_out_of_date():
    """A promise that is no longer made leaves the table too."""
    everything = " ".join(texts().values())

    assert [words for words in PROMISES if words not in everything] == []


# "Anonymous" in these forms means the family: they ask who the professional is.
_NAMELESS = re.compile(r"\b(?:anonym\w*|unnamed|without (?:a|your|any) name)\b", re.I)


def test_no_form_is_called_anonymous_that_asks_for_a_name():
    """Only the family of the Gap in Service form is unnamed, so a text that says so names it."""
    said = [
        (name, sentence)
        for name, text in texts().items()
        for sentence in re.split(r"(?<=[.?!])\s|<[^>]*>", text)
        if _NAMELESS.search(sentence)
    ]

    assert {"name", "email"} <= {field.name for field in fields(Gap)}
    assert _NAMELESS.search("The form is anonymous.")
    assert [one for one in said if "family" not in one[1]] == []


# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_address_in_a_text_answers(shipped_directory, tmp_path):
    """Linked or printed between backticks, it opens: a page, a file, or a page of the live part."""
    settings = Settings(root=ROOT, out=tmp_path / "build", var=tmp_path / "var")
    new_sqlite(settings.var / "portal.db")
    listed = set(addresses(shipped_directory))
    desk = create_desk(lambda: shipped_directory, settings).test_client()
    found, dead = set(), set()
    for folder in ("content", "programmes", "centres"):
        for path in sorted((ROOT / folder).rglob("*.md")):
            text = path.read_text("utf-8")
            for linked, printed in re.findall(r"\]\((/[^)\s#]*)|`(/[^`<>…*{}\s]*)`", text):
                found.add((path.relative_to(ROOT).as_posix(), linked or printed))
    for name, address in sorted(found):
        if address.partition("?")[0] not in listed and desk.get(address).status_code >= 400:
            dead.add((name, address))

    assert len(found) > 50
    assert dead == set()


# --- the privacy page -----------------------------------------------------------------------------


def privacy(directory, **periods) -> str:
    settings = Settings(**periods)
    site = create_site(directory, periods=settings.periods).test_client()
    return (
        parsed(site.get("/privacy/").text.removeprefix("<!DOCTYPE html>").strip()).one("main").text
    )


def test_the_privacy_page_says_what_the_settings_say(shipped_directory):
    """How long data is kept comes from the settings that the deletion uses."""
    usual = privacy(shipped_directory)
    other = privacy(shipped_directory, keep_days=45, keep_needs_days=1, keep_case_days=60)

    assert "30 days after your last session" in usual
    assert "7 days after your last session" in usual
    assert "45 days after your last session" in other
    assert "1 day after your last session" in other
    assert "60 days after our work on it ends" in other
    assert "30 days after" not in other
    assert "{" not in usual
    assert f"We answer within {complaints.DAYS} days." in usual
    assert ("12 months" in usual) == (KEPT_FOR.days == 365)


def test_the_privacy_page_says_who_sees_a_booking(shipped_directory):
    """Each role of an account, with what it sees in fact."""
    said = {
        "worker": "Workers see the bookings of the centres where they work.",
        "manager": "Managers see the bookings of all centres in their part of the county",
        "administrator": "Administrators see the bookings of all centres.",
        "reader": "Readers see what workers see, and cannot change anything.",
        "editor": "Editors change our pages, and see no bookings.",
        "panel": "Members of a Resource Panel see what professionals tell us is missing, and no b",
    }
    page = privacy(shipped_directory)
    sees = {
        "worker": Staff(1, "", "", "worker", frozenset({"riverbank"})),
        "manager": Staff(2, "", "", "manager", footprint="preston"),
        "administrator": Staff(3, "", "", "administrator"),
        "reader": Staff(4, "", "", "reader", frozenset({"riverbank"})),
        "editor": Staff(5, "", "", "editor", frozenset({"riverbank"})),
        "panel": Staff(6, "", "", "panel", panels=frozenset({"preston"})),
    }
    centres = {role: one.centres_in(shipped_directory) for role, one in sees.items()}
    preston = {
        one.slug
        for one in shipped_directory.centres
        if shipped_directory.footprint_of(one).slug == "preston"
    }

    assert set(said) == set(ROLES)
    assert [words for words in said.values() if words not in page] == []
    assert centres["worker"] == centres["reader"] == {"riverbank"}
    assert centres["editor"] == centres["panel"] == frozenset()
    assert not sees["reader"].may("change families")
    assert centres["manager"] == preston
    assert centres["administrator"] == {one.slug for one in shipped_directory.centres}
    assert "A professional who asked for you sees only what they sent us." in page


def test_no_page_promises_fewer_cookies_than_the_portal_sets() -> None:
    """The first cookie comes with a form, before anything is booked: each page that says until when
    there are none says so."""
    said = re.compile(r"\b(?:no|without) cookies? until (.{12})")
    until = {(name, words) for name, text in texts().items() for words in said.findall(text)}

    assert {words for _, words in until} == {"you open a f"}
    assert len({name for name, _ in until}) == 2
