"""Who is asked each Monday whether the week of a centre is right, and what the answers do."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from portal import database
from portal.database.references import new_week_link
from portal.database.tables import week, week_link, week_report
from portal.settings import load_settings
from portal.staff import accounts, week_post, weeks
from tests.support import made
from tests.support.made import NOW
from tests.support.paths import ROOT
from tests.support.staffed import make_staff

SECRET = "a secret of thirty-two characters"
FRIDAY = NOW + timedelta(days=4)


@pytest.fixture
def settings(tmp_path):
    return load_settings(
        root=ROOT, var=tmp_path, secret_key=SECRET, message_sender="families@families.example"
    )


def ask(engine, settings, now=NOW, directory=None):
    return weeks.ask(engine, directory or made.directory(), settings, now=now)


def rows(engine, table):
    with database.read(engine) as connection:
        return connection.execute(sa.select(table)).all()


def asked_by(engine, now=NOW, directory=None):
    """Whom the only link asks."""
    (link,) = rows(engine, week_link)
    token = new_week_link(SECRET, bytes(link.nonce))
    return weeks.asked_by(engine, directory or made.directory(), token, now=now)


def emails(folder):
    return sorted(folder.rglob("*.eml"))


# --- asking ---------------------------------------------------------------------------------------


def test_workers_and_editors_of_the_centre_are_asked(engine, settings):
    """S80: who is named for a centre and changes its pages; nobody else gets a link."""
    worker, editor = make_staff(engine), make_staff(engine, "editor")
    make_staff(engine, "reader")
    make_staff(engine, "manager", centres=())
    make_staff(engine, "administrator", centres=())
    make_staff(engine, centres=["elsewhere"])
    gone = make_staff(engine)
    accounts.remove(engine, gone.id, now=NOW)
    accounts.add(
        engine, name="new@example.org", title="New", role="worker", centres=["riverbank"], now=NOW
    )

    assert ask(engine, settings) == 2
    assert {one.staff_id for one in rows(engine, week_link)} == {worker.id, editor.id}


def test_a_week_is_sent_from_the_hour_of_its_first_working_day(engine, settings):
    """On Monday at the hour of the settings by London's clocks, or after a bank holiday."""
    make_staff(engine)
    expected = {
        datetime(2027, 1, 4, 7, 59, tzinfo=UTC): 0,  # before the hour
        datetime(2027, 1, 4, 8, 0, tzinfo=UTC): 1,
        datetime(2027, 1, 15, 8, 0, tzinfo=UTC): 1,  # the server was away until Friday
        datetime(2027, 1, 23, 8, 0, tzinfo=UTC): 0,  # a Saturday
        datetime(2027, 5, 3, 12, 0, tzinfo=UTC): 0,  # a bank holiday
        datetime(2027, 5, 4, 6, 59, tzinfo=UTC): 0,  # in summer the clocks are ahead
        datetime(2027, 5, 4, 7, 0, tzinfo=UTC): 1,
    }

    assert {now: ask(engine, settings, now) for now in expected} == expected


def test_weeks_can_be_left_out(engine, settings):
    """Without an hour, or without email, nobody is asked and nobody is late."""
    make_staff(engine)
    for given in ({"week_hour": -1}, {"email_channel": "none"}):
        assert ask(engine, settings.model_copy(update=given)) == 0

    assert weeks.of_this_week(engine, bool, now=FRIDAY) == weeks.Weeks()


def test_a_closed_centre_is_not_asked(engine, settings):
    """Nobody is there to look, and there is nothing to look at."""
    make_staff(engine)
    closed = made.directory(centre={"status": "closed from 2026-12-01 until 2027-02-01"})

    assert ask(engine, settings, directory=closed) == 0
    assert rows(engine, week) == []


def test_however_many_workers_run_each_person_gets_one_email(engine, settings, tmp_path):
    """Rounds at the same time ask each centre once, and send each email once."""
    directory = made.directory()
    for _ in range(3):
        make_staff(engine)
    barrier = threading.Barrier(3)

    def round_of(name):
        barrier.wait()
        weeks.ask(engine, directory, settings, now=NOW)
        week_post.send_due(engine, directory, settings, now=NOW, claimant=name)

    threads = [threading.Thread(target=round_of, args=(name,)) for name in "abc"]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    week_post.send_due(engine, directory, settings, now=NOW, claimant="d")

    assert len(emails(tmp_path)) == 3
    assert {(one.state, one.tries) for one in rows(engine, week_link)} == {("sent", 1)}
    assert ask(engine, settings, NOW + timedelta(hours=3)) == 0
    assert ask(engine, settings, NOW + timedelta(days=7)) == 3


# --- the links ------------------------------------------------------------------------------------


def test_a_link_is_good_for_one_answer(engine, settings):
    """S80: the first answer uses the link up, whichever it was, and the log says whose it was."""
    staff = make_staff(engine)
    ask(engine, settings)
    asked = asked_by(engine)
    ticks = [weeks.tick(engine, asked, trouble="", now=NOW) for _ in range(2)]

    assert ticks == [True, False]
    assert not weeks.report(engine, asked, (), "The phone", now=NOW)
    assert rows(engine, week_report) == []
    found = asked_by(engine)
    assert (found.answer, found.used, found.ticked) == ("right", NOW, NOW)
    assert found.ticked_by == staff.title
    lines = [(one.actor, one.action, one.series) for one in database.audit.log(engine)]
    assert lines[0] == (staff.actor, "week right", "riverbank/")


def test_two_answers_at_once_leave_what_the_first_one_did(engine, settings):
    """S80: the file was written by the first answer, so the second one's trouble is not said."""
    for _ in range(2):
        make_staff(engine)
    ask(engine, settings)
    tokens = [new_week_link(SECRET, bytes(one.nonce)) for one in rows(engine, week_link)]
    # Both read the page before either answered.
    both = [weeks.asked_by(engine, made.directory(), one, now=NOW) for one in tokens]
    for asked, trouble in zip(both, ("", "Somebody has changed the file."), strict=True):
        weeks.tick(engine, asked, trouble=trouble, now=NOW)

    (found,) = rows(engine, week)
    assert (found.ticked_by, found.trouble) == (both[0].staff.id, "")


def test_a_link_ends_with_its_week_and_with_the_account(engine, settings):
    """S80: a link that is wrong, over, or of somebody who has left opens nothing."""
    staff = make_staff(engine)
    ask(engine, settings)
    sunday = datetime(2027, 1, 10, 23, 59, tzinfo=UTC)

    assert asked_by(engine, sunday) is not None
    assert asked_by(engine, sunday + timedelta(minutes=1)) is None
    assert weeks.asked_by(engine, made.directory(), "wrong", now=NOW) is None
    elsewhere = {"title": staff.title, "role": "worker", "centres": ["elsewhere"], "now": NOW}
    accounts.change(engine, staff.id, **elsewhere)
    assert asked_by(engine) is None
    accounts.change(engine, staff.id, **elsewhere | {"role": "reader", "centres": ["riverbank"]})
    assert asked_by(engine) is None
    accounts.remove(engine, staff.id, now=NOW)
    assert asked_by(engine) is None


def test_the_tables_alone_open_no_link(engine, settings):
    """S80: a link is made from the secret too, and is kept as a hash."""
    make_staff(engine)
    ask(engine, settings)
    (link,) = rows(engine, week_link)
    token = new_week_link(SECRET, bytes(link.nonce))

    assert token.encode() not in bytes(link.link_hash) + bytes(link.nonce)
    other = new_week_link("another secret of thirty-two letters", bytes(link.nonce))
    assert weeks.asked_by(engine, made.directory(), other, now=NOW) is None


# --- what managers see ----------------------------------------------------------------------------


def test_a_week_is_overdue_from_the_day_after(engine, settings):
    """What nobody has answered stands on the list of the manager; an answer takes it away."""
    make_staff(engine)
    ask(engine, settings)
    tomorrow = NOW + timedelta(days=1)

    assert weeks.of_this_week(engine, bool, now=NOW) == weeks.Weeks()
    assert weeks.of_this_week(engine, bool, now=tomorrow).overdue == ("riverbank",)
    assert weeks.of_this_week(engine, lambda _: False, now=tomorrow) == weeks.Weeks()
    weeks.report(engine, asked_by(engine), ["Tuesday"], "The hall is locked", now=tomorrow)
    assert weeks.of_this_week(engine, bool, now=tomorrow).overdue == ()
    assert weeks.of_this_week(engine, bool, now=NOW + timedelta(days=7)) == weeks.Weeks()


def test_a_centre_that_nobody_looks_after_is_named(engine, settings):
    """A centre without an account is not silently left out."""
    ask(engine, settings)

    assert weeks.of_this_week(engine, bool, now=NOW).nobody == ("riverbank",)


def test_a_report_is_open_until_it_is_closed(engine, settings):
    """It stays, however old; closing it twice does no harm, and then it is deleted in time."""
    staff = make_staff(engine)
    ask(engine, settings)
    weeks.report(engine, asked_by(engine), ["Tuesday"], "The hall is locked", now=NOW)
    year = NOW + timedelta(days=365)
    weeks.forget(engine, now=year)
    (report,) = weeks.open_reports(engine, bool)

    assert (report.by, report.sessions, report.words) == (
        staff.title,
        ("Tuesday",),
        "The hall is locked",
    )
    assert weeks.open_reports(engine, lambda _: False) == []
    closed = [weeks.close_report(engine, report.id, now=year, by=staff) for _ in range(2)]
    assert closed == [True, False]
    assert weeks.open_reports(engine, bool) == []
    weeks.forget(engine, now=year + timedelta(days=29))
    assert len(rows(engine, week_report)) == 1
    weeks.forget(engine, now=year + timedelta(days=30))
    assert [rows(engine, table) for table in (week, week_link, week_report)] == [[], [], []]
