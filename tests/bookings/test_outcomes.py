"""What a professional sees of a family that agreed, and when nothing is shown (S88)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from portal import bookings, database
from portal.bookings import Referrer, outcomes, personal_data
from portal.database import tables
from portal.database.references import outcome_link_of
from tests.bookings.test_booking import SECRET, book
from tests.support import made
from tests.support.made import NOW

JO = Referrer("Jo Bell", "Midwife", "NHS", "jo@nhs.example", None, "Alone", "Talks", True)
DIRECTORY = made.directory({"booking": "referral"})
DATES = [session.anchor for session in DIRECTORY.series[0].all_sessions]
AFTER = datetime(2027, 3, 1, tzinfo=UTC)


def referred(engine, referrer=JO, *, place: bool = True):
    made_booking = book(engine, DIRECTORY, referrer=referrer, actor="professional")
    if place:
        bookings.confirm(engine, DIRECTORY, made_booking.id, now=NOW, actor="staff:1")
    return made_booking


def link(engine, booking) -> str:
    with database.read(engine) as connection:
        query = sa.select(tables.referral).where(tables.referral.c.booking_id == booking.id)
        row = connection.execute(query).one()
    if row.outcome_hash is None:
        return ""
    return outcome_link_of(SECRET, row.outcome_nonce, row.outcome_hash)


def mark(engine, booking, *marks) -> None:
    rows = [
        {"booking_id": booking.id, "planned": date, "mark": said, "version": 1, "changed": NOW}
        for date, said in zip(DATES, marks, strict=False)
    ]
    database.write(engine, lambda c: c.execute(tables.attendance.insert(), rows))


def state(engine, where, now=AFTER, directory=DIRECTORY):
    found = outcomes.find(engine, directory, where, now=now)
    return found and found.state


@pytest.mark.parametrize(
    ("marks", "now", "said"),
    [
        ((), NOW, "not yet"),
        (("absent", "came"), NOW, "came"),
        (("absent",), NOW, "not yet"),
        (("absent",) * len(DATES), AFTER, "did not come"),
        (("absent",), AFTER, "not yet"),
    ],
)
def test_each_state_is_what_a_register_says(sqlite, marks, now, said) -> None:
    """A page says "came" or "did not come" only if registers say so, and otherwise "not yet"."""
    booking = referred(sqlite)
    if marks:
        mark(sqlite, booking, *marks)

    assert state(sqlite, link(sqlite, booking), now) == said


def test_a_family_without_a_place_did_not_come(engine) -> None:
    """A request that was declined ends as "did not come", without a reason."""
    booking = referred(engine, place=False)
    where = link(engine, booking)
    assert state(engine, where, NOW) == "not yet"
    bookings.decline(engine, booking.id, now=NOW, actor="staff:1", reason="")

    assert state(engine, where, NOW) == "did not come"


def with_case(engine, booking, **values) -> None:
    """The case of a request, as far as these columns say."""
    row = {
        "booking_id": booking.id, "footprint": "preston", "centre": "riverbank", "state": "new",
        "received": NOW, "version": 0, "changed": NOW, **values,
    }  # fmt: skip

    def work(connection) -> None:
        table = tables.support_case
        connection.execute(table.delete().where(table.c.booking_id == booking.id))
        connection.execute(table.insert().values(**row))

    database.write(engine, work)


ENDED = datetime(2027, 2, 8, tzinfo=UTC)
MET = {"contacted": NOW, "worker_id": 1}
PLANNED = {**MET, "starts": "2027-02-01"}
CLOSED = {"state": "closed", "closed": ENDED}


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({}, "not yet"),
        ({"state": "triage", "level": 2}, "not yet"),
        ({"state": "allocated", **MET}, "not yet"),
        ({"state": "working", **PLANNED}, "came"),
        ({"state": "allocated", **MET, "starts": "2027-03-02"}, "not yet"),
        ({"state": "allocated", "worker_id": 1, "starts": "2027-02-01"}, "not yet"),
        ({**CLOSED, **PLANNED, "close_reason": "up"}, "came"),
        ({**CLOSED, **MET, "starts": "2027-02-09", "close_reason": "stopped"}, "did not come"),
        ({**CLOSED, "close_reason": "unreached"}, "did not come"),
        ({**CLOSED, "close_reason": "stopped"}, "did not come"),
        ({**CLOSED, "close_reason": "level"}, "not yet"),
        ({**CLOSED, "close_reason": "group"}, "not yet"),
        ({**CLOSED, **MET, "close_reason": "up"}, "not yet"),
    ],
)
def test_without_a_group_each_state_is_what_the_work_with_the_family_says(
    sqlite, case, said
) -> None:
    """A family came once a worker is in touch with it and its plan has begun; it did not come if it
    stopped or was not reached before; other reasons for an end are never said."""
    programme = made.directory({"booking": "referral"}, way="referral").programmes[0]
    given = {"key": "asked", "secret": SECRET, "now": NOW, "district": "preston"}
    asked = bookings.ask(
        sqlite, programme, bookings.Family("A"), centre="riverbank", referrer=JO, **given
    )
    with_case(sqlite, asked, **case)

    assert state(sqlite, link(sqlite, asked)) == said


def test_a_place_is_worth_more_than_its_case(sqlite) -> None:
    """The register says if a family came that was given the place that it asked for."""
    booking = referred(sqlite)
    with_case(sqlite, booking, **CLOSED, close_reason="place")
    where = link(sqlite, booking)

    assert state(sqlite, where) == "not yet"
    mark(sqlite, booking, "came")
    assert state(sqlite, where) == "came"


def test_without_consent_there_is_no_link(engine) -> None:
    """Neither without the tick, nor for a sensitive programme, with dates or without."""
    plain = referred(engine, replace(JO, outcome=False))
    private = made.directory({"booking": "referral"}, sensitive=True)
    hidden = book(engine, private, referrer=JO, actor="professional")
    given = {"key": "asked", "secret": SECRET, "now": NOW}
    programme = private.programmes[0]
    asked = bookings.ask(engine, programme, bookings.Family("A"), referrer=JO, **given)

    assert [link(engine, booking) for booking in (plain, hidden, asked)] == ["", "", ""]
    assert outcomes.shown_to(engine, plain.id, now=NOW) == ""


def test_a_link_ends(engine) -> None:
    """After six months, when the family stops it, when its details are erased, and when the group
    becomes sensitive or leaves the content; a family's own link opens nothing here."""
    booking, stopped, erased = referred(engine), referred(engine), referred(engine)
    links = [link(engine, one) for one in (booking, stopped, erased)]
    outcomes.stop(engine, stopped.id, now=NOW)
    database.write(engine, lambda c: personal_data.erase_personal_data(c, [erased.id]))
    sensitive = made.directory({"booking": "referral"}, sensitive=True)
    programme = made.directory(way="referral").programmes[0]
    given = {"key": "as such", "secret": SECRET, "now": NOW}
    asked = link(
        engine, bookings.ask(engine, programme, bookings.Family("A"), referrer=JO, **given)
    )
    gone = made.directory().model_copy(update={"programmes": ()})

    assert [state(engine, asked, NOW, at) for at in (DIRECTORY, sensitive, gone)] == [
        "not yet", None, None
    ]  # fmt: skip
    assert [state(engine, one, NOW) for one in links] == ["not yet", None, None]
    assert state(engine, links[0], NOW + timedelta(days=182)) == "not yet"
    assert state(engine, links[0], NOW + timedelta(days=183)) is None
    assert state(engine, links[0], NOW, sensitive) is None
    assert state(engine, booking.link, NOW) is None
    assert outcomes.shown_to(engine, booking.id, now=NOW) == "Jo Bell, Midwife"
    assert outcomes.shown_to(engine, stopped.id, now=NOW) == ""
