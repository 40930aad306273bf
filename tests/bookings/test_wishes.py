"""The life of a wish to hear when a programme starts again; on both databases."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from portal import bookings, database
from portal.bookings import personal_data, retention, wish_messages, wishes
from portal.bookings.wishes import Wanted
from portal.database import journal, rate_limits, tables
from portal.database.rate_limits import Allowance, Limit
from portal.database.references import new_wish_link
from portal.server import worker
from portal.settings import load_settings
from tests.bookings.test_booking import SECRET, book, family
from tests.support import made
from tests.support.paths import ROOT

NOW = made.NOW
DAY = timedelta(days=1)
PRESTON = {"near": "PR1 8", "latitude": 53.76, "longitude": -2.70, "district": "preston"}
LATER = {"opens": "2027-01-05 09:00"}  # not yet open when a wish is made


@pytest.fixture
def settings(tmp_path):
    """Letters go into a folder."""
    return load_settings(
        root=ROOT, var=tmp_path, secret_key=SECRET, message_sender="families@families.example"
    )


def wanted(number=0, **given):
    return Wanted(**{"programme": "bump", "email": f"{number}@example.org", **PRESTON, **given})


def wish(engine, directory=None, *, now=NOW, key="a key of sixteen signs", **given):
    """A wish made as its form does: it waits for no run of this directory that has a place."""
    had, asked = (), wanted(**given)
    if directory is not None:
        runs = wishes.to_be_had(engine, directory, directory.programmes[0], asked, now=now)
        had = [run.identity for run in runs]
    key = f"{key} {asked.contact}"
    wishes.make(engine, asked, key=key, secret=SECRET, now=now, had=had)


def rows(engine: Engine, table=tables.wish):
    with database.read(engine) as connection:
        return connection.execute(sa.select(table).order_by(sa.text("1"))).all()


def kinds(engine):
    """The messages that were queued and are not dropped."""
    found = rows(engine, tables.wish_message)
    return [one.kind for one in found if one.state != "dropped"]


def own(engine, number=0):
    return wishes.find(engine, new_wish_link(SECRET, bytes(rows(engine)[number].link_nonce)))


def notified(engine, directory, now=NOW):
    return wishes.notify(engine, directory, now=now)


def test_a_run_that_opens_brings_one_message(engine: Engine) -> None:
    """Also by the time alone, where the content says when booking opens; then the family is asked,
    and hears of that run no more."""
    directory = made.directory(LATER)
    wish(engine, directory)
    opens = NOW + DAY
    told = [notified(engine, directory, now) for now in (NOW, opens, opens, opens + DAY)]
    wishes.go_on(engine, own(engine), (), now=opens + DAY)

    assert told == [0, 1, 0, 0]
    assert notified(engine, directory, opens + 2 * DAY) == 0
    assert [one.kind for one in rows(engine, tables.wish_message)] == [wishes.MADE, wishes.OPEN]


def test_who_does_not_go_on_hears_nothing_more(engine: Engine) -> None:
    """The next run brings a message only to a family that has said that it is still looking."""
    both = made.directory(LATER, {**LATER, "opens": "2027-01-08 09:00"})
    for number in range(2):
        wish(engine, both, email=f"{number}@example.org")
    first = notified(engine, both, NOW + DAY)
    wishes.go_on(engine, own(engine), (), now=NOW + DAY)

    assert (first, notified(engine, both, NOW + 5 * DAY)) == (2, 1)
    assert [one.state for one in rows(engine)] == ["asked", "asked"]


def test_many_runs_at_once_are_one_message(engine: Engine, settings, tmp_path) -> None:
    """It names up to three of them, and links the rest."""
    wish(engine)
    directory = made.directory({}, {}, {}, {})
    now = NOW + timedelta(minutes=1)
    worker.once(engine, directory, settings, now=now, claimant="a")
    letters = [file.read_text("utf-8") for file in sorted(tmp_path.rglob("*.eml"))]
    told = [one for one in letters if "This is open now" in one]

    assert kinds(engine) == [wishes.MADE, wishes.OPEN]
    assert (len(letters), len(told)) == (2, 1)
    assert told[0].count("https://families.example/sessions/riverbank/bump") >= 3
    assert "There are more: https://families.example/programmes/bump/" in told[0]
    assert "Subject: You asked us to tell you" in told[0]
    assert "/tell/own/" in told[0]


def test_a_run_that_had_a_place_does_not_count_but_a_full_one_does(engine: Engine) -> None:
    """Runs that could be had when the wish was made are known to the family; one that was full
    counts once it has a place again."""
    directory = made.directory({}, {"places": "1"})
    full = book(engine, directory, family(1), series=directory.series[1])
    wish(engine, directory)
    before = notified(engine, directory)
    bookings.cancel(engine, directory, full.id, now=NOW)

    assert (before, notified(engine, directory)) == (0, 1)
    [message] = [one for one in rows(engine, tables.wish_message) if one.kind == wishes.OPEN]
    assert message.runs == ["riverbank/bump-1"]


def test_one_full_date_does_not_count_while_others_have_places(engine: Engine) -> None:
    """What the form says: of a group booked by the date, a place on one date that was full sends
    nothing while there were places on others."""
    directory = made.directory({"places": "1", "book": "session"})
    series = directory.series[0]
    full = book(engine, directory, family(1), session=series.sessions[0])
    wish(engine, directory)
    bookings.cancel(engine, directory, full.id, now=NOW)

    assert notified(engine, directory) == 0


def test_a_text_waits_for_the_morning(engine: Engine) -> None:
    """A phone is heard at night; an email is not, and goes at once."""
    wish(engine, email=None, phone="07700 900123")
    wish(engine, email="0@example.org")
    night = NOW.replace(hour=22)
    notified(engine, made.directory(), night)
    due = [one.due for one in rows(engine, tables.wish_message) if one.kind == wishes.OPEN]

    assert due == [(night + DAY).replace(hour=8), night]


def test_a_place_that_is_gone_again_is_not_announced(engine: Engine, settings, tmp_path) -> None:
    """A message is true when it is sent; otherwise the family waits on for the next place."""
    wish(engine)
    directory = made.directory({"places": "1"})
    notified(engine, directory)
    one = book(engine, directory, family(1))
    wish_messages.send_due(engine, directory, settings, now=NOW, claimant="a")
    letters = [file.read_text("utf-8") for file in tmp_path.rglob("*.eml")]
    bookings.cancel(engine, directory, one.id, now=NOW)

    assert not any("This is open now" in one for one in letters)
    assert [one.state for one in rows(engine)] == ["open"]
    assert notified(engine, directory) == 1


def test_two_workers_at_once_queue_and_send_one_message(engine: Engine, settings, tmp_path) -> None:
    """Two rounds at the same moment: each wish gets its message once."""
    for number in range(8):
        wish(engine, email=f"{number}@example.org")
    directory, start = made.directory(), threading.Barrier(2)

    def run(name):
        start.wait()
        worker.once(engine, directory, settings, now=NOW, claimant=name)

    workers = [threading.Thread(target=run, args=(name,)) for name in "ab"]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    worker.once(engine, directory, settings, now=NOW, claimant="c")
    sent = [one for one in rows(engine, tables.wish_message) if one.state == "sent"]

    assert [one.kind for one in sent].count(wishes.OPEN) == 8
    assert {one.tries for one in sent} == {1}
    assert len(list(tmp_path.rglob("*.eml"))) == 16


def test_content_that_is_not_the_newest_tells_nobody(engine: Engine, settings) -> None:
    """S66: a machine with older content neither queues nor sends."""
    wish(engine)
    made_by_others = {"number": 2, "edition": "newer", "built": NOW, "published": NOW}
    insert = tables.generation.insert().values(**made_by_others, publisher="b")
    database.write(engine, lambda connection: connection.execute(insert))
    directory = made.directory()

    assert notified(engine, directory) == 0
    assert wish_messages.send_due(engine, directory, settings, now=NOW, claimant="a") == 0
    assert [one.state for one in rows(engine)] == ["open"]


def test_a_programme_that_becomes_sensitive_sends_nothing(
    engine: Engine, settings, tmp_path
) -> None:
    """S84: its wishes are deleted with what they hold, also where a message was queued already."""
    directory = made.directory()
    wish(engine)
    notified(engine, directory)
    withheld = made.directory(sensitive=True)
    wish_messages.send_due(engine, withheld, settings, now=NOW, claimant="a")
    after_sending = list(tmp_path.rglob("*.eml"))
    worker.once(engine, withheld, settings, now=NOW, claimant="a")

    assert after_sending == list(tmp_path.rglob("*.eml")) == []
    assert rows(engine) == rows(engine, tables.wish_message) == rows(engine, tables.wish_run) == []


def test_the_same_person_has_one_wish_for_a_programme(engine: Engine) -> None:
    """It is changed, and its link stays; a second press of one form stores nothing."""
    wish(engine, ages=("2",))
    first = own(engine)
    wish(engine, ages=("2",))
    wish(engine, key="another key of the form", ages=("3",), email="0@EXAMPLE.org")
    wish(engine, key="another programme's form", programme="other")

    assert [(one.programme, one.ages) for one in rows(engine)] == [("bump", ["3"]), ("other", [])]
    assert own(engine).reference == first.reference
    assert kinds(engine) == [wishes.MADE] * 2


def test_a_refused_wish_is_not_stored(engine: Engine) -> None:
    """S27: what is over the limit takes nothing."""
    given = {"secret": SECRET, "now": NOW}
    allowance = Allowance(SECRET, [Limit("contact", "0@example.org", per_hour=1, burst=1)])
    wishes.make(engine, wanted(0), key="a key of the form 0", allowance=allowance, **given)
    with pytest.raises(rate_limits.TooOften):
        wishes.make(engine, wanted(1), key="a key of the form 1", allowance=allowance, **given)

    assert [one.email for one in rows(engine)] == ["0@example.org"]


def test_stopping_erases_what_was_kept(engine: Engine) -> None:
    """S83: the link still says that it is over, and a restored backup is put right by reference."""
    wish(engine, phone="07700 900123")
    found = own(engine)
    for _ in range(2):
        wishes.stop(engine, found, now=NOW)
    [row] = rows(engine)
    with database.read(engine) as connection:
        lines = journal.lines(connection, NOW - DAY)

    assert (row.email, row.phone, row.near, row.ages, row.contact_hash) == (
        None,
        None,
        "",
        [],
        None,
    )
    assert own(engine).state == "ended"
    assert [(line.action, line.reference) for line in lines] == [("erase wish", found.reference)]
    assert kinds(engine) == []
    assert notified(engine, made.directory()) == 0


def test_what_came_back_with_a_backup_is_ended_again(engine: Engine) -> None:
    """S5: a family that has stopped hears nothing because an older backup was restored."""
    wish(engine)
    reference = own(engine).reference
    done = database.write(engine, lambda c: wishes.erase_again(c, [reference, "ABCD-2345"], NOW))

    assert done == 1
    assert notified(engine, made.directory()) == 0


def test_a_family_that_deletes_its_booking_deletes_its_wishes(engine: Engine) -> None:
    """S52: by either contact; those of others stay."""
    directory = made.directory()
    booking = book(engine, directory, family(1))
    with database.read(engine) as connection:
        person = connection.execute(sa.select(tables.person)).one()
    wish(engine, email=person.email)
    wish(engine, email="other@example.org", key="another key of a form")
    personal_data.erase(engine, directory, booking.id, now=NOW)

    assert [one.email for one in rows(engine)] == [None, "other@example.org"]


def test_wishes_end_by_date(engine: Engine, settings) -> None:
    """After a year, or 60 days after a message without an answer; 30 days later the row goes."""
    directory = made.directory()
    wish(engine, email="told@example.org")
    notified(engine, directory)
    wish(engine, directory, email="waits@example.org", key="another key of a form")
    left = []
    for days in (89, 90, 394, 395):
        retention.forget(engine, directory, settings, now=NOW + days * DAY)
        left.append(len(rows(engine)))

    assert left == [2, 1, 1, 0]
    assert not own_waits(engine, directory)


def own_waits(engine, directory):
    """Whether a wish of a year ago still waits."""
    wish(engine)
    return own(engine).waits(NOW + 365 * DAY) or notified(engine, directory, NOW + 365 * DAY)


def test_what_is_kept_is_found_by_contact(engine: Engine) -> None:
    """S52: for a family that asks what we hold."""
    wish(engine, ages=("2", "pregnancy"))
    [found] = wishes.with_contacts(engine, ["0@example.org", None], SECRET)
    said = dict(wishes.kept(found))

    assert said["Near"] == "PR1 8"
    assert said["Ages"] == "2, pregnancy"
    assert said["Email"] == "0@example.org"
    assert wishes.with_reference(engine, found.reference.lower()) == found


def test_demand_counts_those_who_wait(engine: Engine) -> None:
    """By programme and district; nobody who has been told, or has stopped."""
    for number in range(3):
        wish(engine, email=f"{number}@example.org")
    wishes.stop(engine, own(engine), now=NOW)
    with database.read(engine) as connection:
        found = wishes.demand(connection, NOW)

    assert found == {("bump", "preston"): 2}
