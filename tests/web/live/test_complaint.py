"""Complaints about data: a form for anybody, acknowledged at once, and never lost or doubled."""

from datetime import timedelta

import pytest

from portal import database
from portal.bookings import complaints
from portal.database import tables
from tests.support.screens import Screens

ANSWERS = {
    "words": "You wrote to my old address in May.",
    "name": "Amina Khan",
    "email": "amina@example.org",
    "contact_by": "email",
    "safe_to_contact": "yes",
}


@pytest.fixture
def screens(tmp_path):
    return Screens(tmp_path)


def test_a_complaint_is_acknowledged_with_the_time_to_answer(screens) -> None:
    """With a reference, which opens nothing; pressing twice is one complaint of its district."""
    form = screens.open("/complaint").fill(**ANSWERS, district="preston")
    sent, again = form.press("Send"), form.press("Send")
    [one] = complaints.waiting_complaints(screens.engine)

    assert sent.heading == "We have your complaint"
    assert sent.path == again.path == f"/complaint?reference={one.reference}"
    assert "We answer within 30 days" in sent
    assert (one.words, one.email) == (ANSWERS["words"], ANSWERS["email"])
    assert one.district == "preston"
    assert one.due == screens.now.date() + timedelta(days=30)
    assert ANSWERS["words"] not in screens.visitor().open(sent.path)


def test_what_is_missing_or_could_not_be_answered_is_said(screens) -> None:
    """A complaint needs words, and a way that is safe."""
    empty = screens.open("/complaint").press("Send")
    unsafe = screens.open("/complaint").fill(**{**ANSWERS, "safe_to_contact": "no"}).press("Send")

    assert empty.status == unsafe.status == 422
    assert empty.beside["words"] == "Write what was wrong"
    assert unsafe.beside["contact_by"].startswith("Choose a phone call")
    assert screens.count("complaint") == 0


def test_no_message_is_needed_to_be_rung_at_a_safe_time(screens) -> None:
    """S5: staff read the safe time."""
    answers = {**ANSWERS, "contact_by": "call", "safe_to_contact": "no"}
    screens.open("/complaint").fill(
        **answers, phone="01772 900123", safe_time="Weekday mornings"
    ).press("Send")
    [one] = complaints.waiting_complaints(screens.engine)

    assert (one.contact_by, one.safe_to_contact, one.safe_time) == (
        "call", False, "Weekday mornings",
    )  # fmt: skip


def test_nothing_is_stored_without_the_token_of_this_browser(screens) -> None:
    """S42: the answers come back with a new token."""
    fields = dict(screens.open("/complaint").fill(**ANSWERS).fields("Send"))
    answer = screens.visitor().send("/complaint", fields)

    assert answer.status == 400
    assert screens.count("complaint") == 0


def test_an_answered_complaint_is_deleted_after_half_a_year(screens) -> None:
    """And not before; one that waits for an answer stays."""
    screens.open("/complaint").fill(**ANSWERS).press("Send")
    screens.visitor().open("/complaint").fill(**ANSWERS).press("Send")
    first, second = complaints.waiting_complaints(screens.engine)
    complaints.answered(screens.engine, first.id, now=screens.now, actor="staff:1")

    def left(days: int) -> list[int]:
        late = screens.now + timedelta(days=days)
        database.write(screens.engine, lambda c: complaints.forget_complaints(c, late))
        with database.read(screens.engine) as connection:
            return list(connection.execute(tables.complaint.select()).scalars())

    assert left(182) == [first.id, second.id]
    assert left(184) == [second.id]
