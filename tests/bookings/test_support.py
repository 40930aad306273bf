"""The request desk: a case from its request to its end, on both databases."""

import csv
import io
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from portal import bookings, database
from portal.bookings import personal_data, places, retention, support
from portal.bookings.case_days import CaseDays
from portal.bookings.case_table import csv_of_cases
from portal.bookings.locking import NotPossible
from portal.database import audit, tables
from portal.settings import load_settings
from portal.staff import accounts
from tests.bookings.test_booking import SECRET, book, family, owed, status
from tests.server.test_rounds import ROOT
from tests.support import made
from tests.support.made import NOW
from tests.support.staffed import make_staff

DIRECTORY = made.directory(
    {"booking": "request"}, {"title": "Second", "booking": "book"}, way="request"
)


def request(engine: Engine, number: int = 0, **given) -> support.SupportCase:
    """A request for the first group, as the desk sees it."""
    own = book(engine, DIRECTORY, family(number), footprint="preston", **given)
    return read(engine, own.id)


def read(engine: Engine, booking_id: int) -> support.SupportCase:
    case = support.case_of(engine, booking_id)
    assert case is not None
    return case


def triage(engine: Engine, case: support.SupportCase, **given) -> support.SupportCase:
    options = {"level": 2, "next_step": "support", "seen": case.version} | given
    support.triage(engine, case.id, now=NOW, actor="staff:1", **options)
    return read(engine, case.booking_id)


def allocate(engine: Engine, case: support.SupportCase, worker, **given) -> support.SupportCase:
    options = {"seen": case.version, "actor": "staff:1"} | given
    support.allocate(engine, case.id, worker.id, now=NOW, **options)
    return read(engine, case.booking_id)


def test_each_request_is_a_case_of_its_footprint(engine: Engine) -> None:
    """A request for a group and one for a programme are in the queue; a booking is not."""
    case = request(engine)
    programme = bookings.ask(
        engine, DIRECTORY.programmes[0], family(1), key="k" * 16, secret=SECRET, now=NOW,
        district="preston", footprint="preston",
    )  # fmt: skip
    place = book(engine, DIRECTORY, family(2), series=DIRECTORY.series[1])

    assert [one.booking_id for one in support.queue(engine, ["preston"])] == [
        case.booking_id,
        programme.id,
    ]
    assert (case.state, case.centre, case.way) == ("new", "riverbank", "request")
    assert support.queue(engine, ["elsewhere"]) == []
    assert support.case_of(engine, place.id) is None


def test_cases_of_no_footprint_find_theirs_in_the_content(engine: Engine) -> None:
    """What an upgrade left without a footprint is placed by its centre or district; what has none
    stays with the administrators."""
    own = book(engine, DIRECTORY, family())
    ask = {"secret": SECRET, "now": NOW}
    programme = DIRECTORY.programmes[0]
    there = bookings.ask(engine, programme, family(1), key="1" * 16, district="preston", **ask)
    nowhere = bookings.ask(engine, programme, family(2), key="2" * 16, **ask)
    with engine.begin() as connection:
        connection.execute(tables.support_case.update().values(centre=""))

    assert support.place_cases(engine, DIRECTORY) == 2
    assert support.place_cases(engine, DIRECTORY) == 0
    assert (read(engine, own.id).footprint, read(engine, own.id).centre) == ("preston", "riverbank")
    assert read(engine, there.id).footprint == "preston"
    assert read(engine, nowhere.id).footprint == ""


def test_a_case_goes_from_triage_to_a_worker_and_ends(engine: Engine) -> None:
    """Each step is noted once, the family hears of its worker and of the end, and the log names
    no reason of the family."""
    worker = make_staff(engine, title="Ann Ford")
    case = triage(engine, request(engine))
    case = allocate(engine, case, worker, lead=("Health visitor", "Burnley Health Centre"))
    assert allocate(engine, case, worker, seen=0, lead=(case.lead_role, case.lead_organisation))
    support.contacted(engine, case.id, seen=case.version, now=NOW, actor="staff:1")
    case = read(engine, case.booking_id)
    assert (case.state, case.worker, case.level) == ("allocated", "Ann Ford", 2)
    assert case.contacted is not None
    assert status(engine, bookings.get(engine, case.booking_id, SECRET)) == "requested"

    for _ in range(2):
        support.close(engine, case.id, "done", seen=case.version, now=NOW, actor="staff:1")
    ended = bookings.get(engine, case.booking_id, SECRET)

    assert (ended.status, ended.was) == ("cancelled", "requested")
    assert read(engine, case.booking_id).close_reason == "done"
    messages = owed(engine, case.booking_id)
    assert messages.count("support-worker") == messages.count("support-closed") == 1
    actions = [line.action for line in audit.log(engine)]
    assert [actions.count(one) for one in ("triage", "allocate", "close case")] == [1, 1, 1]


def test_triage_can_give_the_worker_at_once(engine: Engine) -> None:
    """One screen decides the level, the step and the worker, in one transaction."""
    worker = make_staff(engine)
    case = triage(engine, request(engine), worker_id=worker.id)

    assert (case.state, case.worker_id, case.triaged) == ("allocated", worker.id, case.allocated)


def test_a_family_that_others_help_gets_no_worker_of_ours(engine: Engine) -> None:
    """Neither triage nor allocation gives a worker at a level that is not ours."""
    worker = make_staff(engine)
    case = request(engine)
    with pytest.raises(NotPossible, match="Others help"):
        triage(engine, case, level=3)
    case = triage(engine, case, level=4, next_step="other")
    with pytest.raises(NotPossible, match="Others help"):
        allocate(engine, case, worker)

    assert read(engine, case.booking_id).worker_id is None


def test_an_old_form_changes_nothing(engine: Engine) -> None:
    """S89: a form that was opened before somebody else's change is refused with what is so now."""
    ann, ben = make_staff(engine, title="Ann Ford"), make_staff(engine, title="Ben Shah")
    case = triage(engine, request(engine))
    allocate(engine, case, ann)
    with pytest.raises(support.Changed, match="Ann Ford is the family's worker now"):
        allocate(engine, case, ben)
    with pytest.raises(NotPossible):
        support.close(engine, case.id, "done", seen=case.version, now=NOW, actor="staff:1")

    assert read(engine, case.booking_id).worker == "Ann Ford"


def test_two_managers_at_once_give_one_worker(engine: Engine, monkeypatch) -> None:
    """S89: both look before either decides; one worker has the family, the other reads her name."""
    workers = [make_staff(engine, title=title) for title in ("Ann Ford", "Ben Shah")]
    case = triage(engine, request(engine))
    both = threading.Barrier(2)
    refused: list[str] = []

    def give(worker) -> None:
        seen = read(engine, case.booking_id).version
        both.wait()  # both have looked, and neither has decided
        try:
            allocate(engine, case, worker, seen=seen)
        except NotPossible as error:
            refused.append(str(error))

    threads = [threading.Thread(target=give, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    worker = read(engine, case.booking_id).worker
    assert worker in ("Ann Ford", "Ben Shah")
    assert refused == [f"{worker} is the family's worker now."]
    assert owed(engine, case.booking_id).count("support-worker") == 1


def test_a_removed_worker_is_given_no_family_and_leaves_hers(engine: Engine) -> None:
    """Her families need a worker; nobody can be allocated to an account that was removed."""
    worker, other = make_staff(engine, title="Ann Ford"), make_staff(engine)
    case = allocate(engine, triage(engine, request(engine)), worker)
    assert support.families_of(engine)[worker.id] == 1
    accounts.remove(engine, worker.id, now=NOW, actor="operator")
    case = read(engine, case.booking_id)

    assert case.needs_worker
    assert support.words_for_staff(case) == "Needs a worker"
    with pytest.raises(NotPossible, match="account was removed"):
        allocate(engine, triage(engine, request(engine, 1)), worker)
    assert allocate(engine, case, other).worker == "Sam Brook"


@pytest.mark.parametrize(
    ("how", "state", "reason"),
    [
        ("confirm", "closed", "place"),
        ("decline", "declined", ""),
        ("cancel", "closed", "stopped"),
        ("erase", "closed", "erased"),
    ],
)
def test_a_case_ends_with_its_request(engine: Engine, how: str, state: str, reason: str) -> None:
    """Whatever ends the request ends the case in the same transaction, with the reason."""
    case = allocate(engine, triage(engine, request(engine)), make_staff(engine))
    given = {"now": NOW}
    if how == "confirm":
        bookings.confirm(engine, DIRECTORY, case.booking_id, actor="staff:1", **given)
    elif how == "decline":
        bookings.decline(engine, case.booking_id, reason="Full.", actor="staff:1", **given)
    elif how == "cancel":
        bookings.cancel(engine, DIRECTORY, case.booking_id, **given)
    else:
        personal_data.erase(engine, DIRECTORY, case.booking_id, **given)
    case = read(engine, case.booking_id)

    assert (case.state, case.close_reason, case.closed is not None) == (state, reason, True)
    assert support.queue(engine) == []


def test_a_request_that_the_family_took_back_by_mistake_is_where_it_was(engine: Engine) -> None:
    """Its worker has it again; what staff closed for another reason stays closed."""
    case = allocate(engine, triage(engine, request(engine)), make_staff(engine))
    bookings.cancel(engine, DIRECTORY, case.booking_id, now=NOW)
    bookings.restore(engine, DIRECTORY, case.booking_id, now=NOW)
    case = read(engine, case.booking_id)
    assert (case.state, case.close_reason, case.closed) == ("allocated", "", None)

    support.close(engine, case.id, "done", seen=case.version, now=NOW, actor="staff:1")
    assert not bookings.restorable(engine, DIRECTORY, case.booking_id, now=NOW)
    with pytest.raises(NotPossible):
        bookings.restore(engine, DIRECTORY, case.booking_id, now=NOW)


def test_a_place_in_another_group_ends_the_case_or_neither_happens(engine: Engine) -> None:
    """One press books the family's own details and closes the case; an old form books nothing."""
    case = triage(engine, request(engine), next_step="group")
    known = bookings.family_of(engine, case.booking_id)
    group = DIRECTORY.series[1]
    options = {"secret": SECRET, "now": NOW, "actor": "staff:1"}
    with pytest.raises(support.Changed):
        support.book_group(engine, case.id, group, known, key="old", seen=0, **options)
    with database.read(engine) as connection:
        assert connection.scalar(sa.select(sa.func.count(tables.booking.c.id))) == 1

    made_ = [
        support.book_group(engine, case.id, group, known, key="a", seen=case.version, **options)
        for _ in range(2)
    ]

    assert {one.id for one in made_} == {made_[0].id}
    assert made_[0].status == "confirmed"
    assert owed(engine, made_[0].id) == ["confirmation", "reminder"]
    assert "support-closed" not in owed(engine, case.booking_id)
    assert read(engine, case.booking_id).close_reason == "group"


def test_a_family_that_is_being_helped_is_found_by_its_link(engine: Engine) -> None:
    """The page of an open request goes on after the dates of the group that was asked for, and says
    for a month that it has ended."""
    case = request(engine)
    link = bookings.get(engine, case.booking_id, SECRET).link

    late = NOW + timedelta(days=200)
    assert bookings.find(engine, link, secret=SECRET, now=late) is not None
    support.close(engine, case.id, "unreached", seen=0, now=late, actor="staff:1")
    shown = [
        bookings.find(engine, link, secret=SECRET, now=late + timedelta(days=days)) is not None
        for days in (30, 40)
    ]
    assert shown == [True, False]


def test_a_family_is_kept_as_long_as_a_worker_helps_it_and_its_days_after(
    engine: Engine, tmp_path
) -> None:
    """S91: neither the dates of the group nor half a year erase a family that is being helped; the
    days of the setting after the end do, and the case stays as numbers."""
    settings = load_settings(root=ROOT, var=tmp_path, secret_key=SECRET, keep_case_days=10)
    lead = ("Health visitor", "Burnley")
    case = allocate(engine, triage(engine, request(engine)), make_staff(engine), lead=lead)
    late = NOW + timedelta(days=250)
    retention.forget(engine, DIRECTORY, settings, now=late)
    assert bookings.family_of(engine, case.booking_id) is not None

    support.close(engine, case.id, "done", seen=case.version, now=late, actor="staff:1")
    kept = []
    for days in (9, 10):
        retention.forget(engine, DIRECTORY, settings, now=late + timedelta(days=days))
        kept.append(bookings.family_of(engine, case.booking_id) is not None)
    case = read(engine, case.booking_id)

    assert kept == [True, False]
    assert (case.state, case.close_reason, case.lead_role) == ("closed", "done", "")


def test_a_request_apart_from_its_case_is_found(engine: Engine) -> None:
    """`portal bookings verify` says where a request goes on and its case does not."""
    case = request(engine)
    before = places.verify(engine)
    ended = tables.support_case.update().values(state="closed", close_reason="done")
    database.write(engine, lambda connection: connection.execute(ended))

    assert before == []
    assert places.verify(engine) == [f"{case.reference}: requested, but its case is closed."]


def test_all_requests_are_a_table_that_names_nobody(engine: Engine) -> None:
    """Ended ones too, with the state, the days and why they ended."""
    case = request(engine)
    bookings.decline(engine, case.booking_id, reason="Full", now=NOW, actor="staff:1")
    request(engine, 1)
    days = CaseDays.of(DIRECTORY, load_settings(root=ROOT), NOW)
    text = csv_of_cases(support.all_cases(engine), DIRECTORY, days).decode("utf-8-sig")
    ended, new = csv.DictReader(io.StringIO(text))

    assert (ended["Reference"], ended["Ended"]) == (case.reference, "2027-01-04")
    assert (new["Asked for"], new["Received"]) == (DIRECTORY.series[0].name, "2027-01-04")
    assert family(0).name not in text


def test_what_is_kept_of_a_case_is_shown_on_request(engine: Engine) -> None:
    """S52: a family that asks reads the state of its request, its worker and the days."""
    case = allocate(engine, triage(engine, request(engine)), make_staff(engine, title="Ann Ford"))
    kept = dict(retention.kept(engine, case.reference, lambda _: True) or ())

    assert kept["Work on the request"] == "Has a worker"
    assert (kept["Worker"], kept["Level of need"]) == ("Ann Ford", "2")
    assert kept["Worker chosen"] == "Monday 4 January 2027"
