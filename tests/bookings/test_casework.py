"""What staff do with bookings, on both databases."""

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from portal import bookings, database
from portal.bookings import (
    Family,
    Full,
    Referrer,
    casework,
    group_messages,
    personal_data,
    places,
    waiting_list,
)
from portal.bookings.bookable_rows import prepared
from portal.bookings.locking import NotPossible
from portal.database import tables
from portal.messages.letters import letter_of
from portal.messages.outbox import Owed
from portal.settings import load_settings
from tests.bookings.test_booking import SECRET, book, family, owed, status
from tests.server.test_rounds import ROOT
from tests.support import made
from tests.support.made import NOW

STAFF = "staff:7"


def everywhere(_identity: str) -> bool:
    return True


def names(found) -> list[str]:
    return [one.name for one in found]


def reason(engine: Engine, booking) -> str:
    return personal_data.answer_of(engine, booking.id)


FOUND = [
    ("amina", ["Amina Khan"]),
    ("KHAN ami", ["Amina Khan"]),
    ("zoe", ["Zoë O’Neill"]),
    ("o'neill", ["Zoë O’Neill"]),
    ("ONEILL", ["Zoë O’Neill"]),
    ("strasse", ["Jürgen Straße"]),
    ("پروین", ["پروین اختر"]),
    ("07700 900 123", ["Amina Khan"]),
    ("+44 7700 900123", ["Amina Khan"]),
    ("0044 7700 900123", ["Amina Khan"]),
    ("900123", ["Amina Khan"]),
    ("٩٠٠١٢٣", ["Amina Khan"]),
    ("zoe@EXAMPLE.org", ["Zoë O’Neill"]),
    ("zoe@", []),
    ("12", []),
    ("", []),
    ("%", []),
    ("nobody", []),
]


def test_a_family_is_found_however_it_is_typed(engine: Engine) -> None:
    """Case, accents, apostrophes, and the country's code make no difference, on either database."""
    directory = made.directory()
    for who in (
        Family("Amina Khan", phone="07700 900123"),
        Family("Zoë O’Neill", email="zoe@example.org"),
        Family("Jürgen Straße"),
        Family("پروین اختر"),
    ):
        book(engine, directory, who)

    found = [(asked, names(casework.find(engine, asked, everywhere))) for asked, _ in FOUND]

    assert found == FOUND


def test_a_reference_finds_in_any_spelling(engine: Engine) -> None:
    """Read out on the phone, with or without its hyphen, in small letters."""
    made_ = book(engine, made.directory(), Family("Amina"))
    typed = made_.reference.replace("-", " ").lower()

    assert names(casework.find(engine, typed, everywhere)) == ["Amina"]
    assert casework.case_of(engine, typed, everywhere).id == made_.id
    assert casework.case_of(engine, "AAAA-AAAA", everywhere) is None


def test_what_staff_may_not_see_is_not_there(engine: Engine) -> None:
    """S30: another centre's family is not found by any of the ways to find one."""
    directory = made.directory({"booking": "request"})
    asked = book(engine, directory, Family("Amina", email="a@example.org"))

    def nowhere(identity: str) -> bool:
        return not identity.startswith("riverbank/")

    assert casework.find(engine, "amina", nowhere) == []
    assert casework.case_of(engine, asked.reference, nowhere) is None
    seen = casework.case_of(engine, asked.reference, everywhere)
    assert casework.with_same_contact(engine, seen, SECRET, nowhere) == []


def test_requests_say_who_asked_and_with_what_consent(engine: Engine) -> None:
    """A request has the professional and the moment of the family's consent."""
    directory = made.directory({"booking": "referral"})
    midwife = Referrer("Jo Bell", "midwife", "Royal Preston", "jo@nhs.example", None)
    asked = book(engine, directory, Family("First"), referrer=midwife)
    found = casework.case_of(engine, asked.reference, everywhere)

    assert (found.name, found.referrer, found.consented) == ("First", midwife, NOW)


def test_words_of_a_no_are_kept_for_the_family(engine: Engine) -> None:
    """Who wanted no messages reads on the own page why; deleting the family deletes the words."""
    directory = made.directory({"booking": "request"})
    asked = book(engine, directory, Family("Amina"))
    bookings.decline(engine, asked.id, reason="Come to Tuesdays instead", now=NOW, actor=STAFF)

    assert reason(engine, asked) == "Come to Tuesdays instead"
    personal_data.erase(engine, directory, asked.id, now=NOW)
    assert reason(engine, asked) == ""


def test_staff_cancel_for_a_family_that_rings(engine: Engine) -> None:
    """What the family wished is told as its own wish; what we call off as ours, with the reason."""
    directory = made.directory()
    rang, off = (book(engine, directory, family(n)) for n in range(2))
    bookings.cancel(engine, directory, rang.id, now=NOW, actor=STAFF, wished=True)
    bookings.cancel(engine, directory, off.id, now=NOW, actor=STAFF, reason="No leader")

    assert owed(engine, rang.id)[-1] == "cancelled-by-you"
    assert owed(engine, off.id)[-1] == "cancelled-by-us"
    assert (reason(engine, rang), reason(engine, off)) == ("", "No leader")


def test_a_note_is_not_written_over(engine: Engine) -> None:
    """Two workers who note something else at once: the second sees the first one's words."""
    booked = book(engine, made.directory(), Family("Amina"))

    def noted(words: str, seen: str) -> None:
        casework.remark(engine, booked.id, words, seen=seen, now=NOW, actor=STAFF)

    noted("Twins", "")
    noted("Twins", "")
    with pytest.raises(casework.EditConflict) as told:
        noted("Allergic to nuts", "")
    noted("Twins, allergic to nuts", told.value.current)

    seen = casework.case_of(engine, booked.reference, everywhere)
    assert (told.value.current, seen.remark) == ("Twins", "Twins, allergic to nuts")


def test_nothing_is_noted_of_a_forgotten_family(engine: Engine) -> None:
    """What would be written could not be deleted with the family any more."""
    directory = made.directory()
    booked = book(engine, directory, Family("Amina"))
    personal_data.erase(engine, directory, booked.id, now=NOW)

    with pytest.raises(NotPossible):
        casework.remark(engine, booked.id, "Twins", seen="", now=NOW, actor=STAFF)


def test_the_link_goes_only_the_way_that_was_chosen(engine: Engine) -> None:
    """Once, by the chosen channel; not to a family that wants no messages, even if it rings."""
    directory = made.directory()
    safe = book(engine, directory, family(1))
    silent = book(engine, directory, Family("Silent", email="x@example.org"))
    sent = [
        casework.send_link(engine, one.id, now=NOW, actor=STAFF) for one in (safe, safe, silent)
    ]

    assert sent == [True, True, False]
    assert owed(engine, safe.id).count("link") == 1
    assert owed(engine, silent.id) == []


def test_a_notice_reaches_everybody_in_their_way(engine: Engine, tmp_path) -> None:
    """Holders of a place are told; who chose no messages is named to staff, to be rung."""
    directory = made.directory({"places": "3"})
    session = directory.series[0].all_sessions[0]
    told, silent, offered = (
        book(engine, directory, family(1)),
        book(engine, directory, Family("Silent", phone="07700 900123", contact_by="call")),
        book(engine, directory, family(3)),
    )
    book(engine, directory, family(4))  # waits
    group = group_messages.of_session(session)
    reached = group_messages.reach(engine, group, now=NOW)
    words = "Bring wellies: we go outside"
    sent = [
        group_messages.send(engine, group, words, key=key, now=NOW, actor=STAFF)
        for key in ("first", "first", "the same words")
    ]

    assert (reached.notified, names(reached.others)) == (2, ["Silent"])
    assert [(one.notified, one.to_ring) for one in sent] == [(2, 1)] * 3
    assert len({one.id for one in sent}) == 1
    assert [owed(engine, one.id).count("notice") for one in (told, silent, offered)] == [1, 0, 1]
    assert group_messages.words_for(engine, silent.id, ["riverbank/bump"], ["2027-01-12"]) == [
        words
    ]
    letter = written(engine, directory, told.id, "notice", tmp_path)
    assert words in letter.plain
    assert letter.subject == "About your booking"


def test_a_notice_of_a_sensitive_programme_says_nothing(engine: Engine, tmp_path) -> None:
    """S4: the letter holds the link alone; the words stand behind it."""
    directory = made.directory(sensitive=True)
    asked = book(engine, directory, family(1))
    bookings.confirm(engine, directory, asked.id, now=NOW, actor=STAFF)
    session = directory.private_series[0].all_sessions[0]
    group = group_messages.of_session(session)
    group_messages.send(engine, group, "Use the side door", key="side", now=NOW, actor=STAFF)
    letter = written(engine, directory, asked.id, "notice", tmp_path)

    assert "side door" not in letter.plain + letter.html
    assert "/bookings/" in letter.plain


def written(engine: Engine, directory, booking_id: int, kind: str, folder):
    """The letter that is owed of a kind."""
    with database.read(engine) as connection:
        row = connection.execute(
            sa.select(tables.message).where(
                tables.message.c.booking_id == booking_id, tables.message.c.kind == kind
            )
        ).one()
        return letter_of(
            connection,
            Owed(row.id, row.booking_id, row.kind, row.about, row.created),
            directory=directory,
            settings=load_settings(root=ROOT, var=folder, secret_key=SECRET),
            now=NOW,
        )


def test_the_list_is_in_order_and_staff_move_it_on(engine: Engine) -> None:
    """An offer that is turned down on the phone goes to the next at once."""
    directory = made.directory({"places": "1"})
    first, second, third = (book(engine, directory, family(n)) for n in range(3))
    bookings.cancel(engine, directory, first.id, now=NOW)
    before = casework.queue(engine, directory.series[0], "")
    for _ in range(2):
        waiting_list.move_on(engine, directory, second.id, now=NOW, actor=STAFF)
    after = casework.queue(engine, directory.series[0], "")

    assert [(one.id, one.status) for one in before] == [
        (second.id, "offered"),
        (third.id, "waiting"),
    ]
    assert [(one.id, one.status) for one in after] == [(third.id, "offered")]
    assert casework.queues(engine, everywhere) == [("riverbank/bump", "", 0, 1)]
    assert places.verify(engine) == []


def test_staff_give_a_place_on_the_phone(engine: Engine) -> None:
    """Offered or waiting, while there is room; never one place too many."""
    directory = made.directory({"places": "1"})
    first, second, third = (book(engine, directory, family(n)) for n in range(3))
    with pytest.raises(Full):
        bookings.give(engine, directory, third.id, now=NOW, actor=STAFF)
    bookings.cancel(engine, directory, first.id, now=NOW)
    for _ in range(2):
        bookings.give(engine, directory, second.id, now=NOW, actor=STAFF)
    more = made.directory({"places": "2"})
    database.write(engine, lambda c: prepared(c, more.series[0], "", NOW) and None)
    bookings.give(engine, more, third.id, now=NOW, actor=STAFF)

    assert [status(engine, one) for one in (second, third)] == ["confirmed", "confirmed"]
    assert "confirmation" in owed(engine, third.id)
    assert places.verify(engine) == []
    with pytest.raises(NotPossible):
        bookings.give(engine, directory, first.id, now=NOW, actor=STAFF)


def test_bookings_with_the_same_contact_are_seen_together(engine: Engine) -> None:
    """One family may have booked several groups: all of it is shown when it asks (S52)."""
    directory = made.directory({}, {})
    one, other = (book(engine, directory, family(1), series=series) for series in directory.series)
    book(engine, directory, family(2))
    seen = casework.case_of(engine, one.reference, everywhere)
    same = casework.with_same_contact(engine, seen, SECRET, everywhere)

    assert [case.id for case in same] == [other.id]
