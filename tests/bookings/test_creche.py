"""Creche places: booked with the parent's place, both or neither, with a list of their own."""

import itertools
import queue
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine

from portal import bookings, database
from portal.bookings import (
    CrecheFull,
    Family,
    content_changes,
    creche,
    locking,
    personal_data,
    places,
    waiting_list,
)
from portal.database import tables
from tests.support import made
from tests.support.long_forms import LONG
from tests.support.made import NOW

SECRET = "a secret of thirty-two characters"
KEYS = (f"creche-{number}" for number in itertools.count())
WITH_CRECHE = {"creche": "yes", "creche_places": "3", "creche_ages": "1-4 years"}


def directory(places_of_creche: int | None = 3, **fields):
    given = {**WITH_CRECHE, "places": "4", **fields}
    if places_of_creche is None:
        given = {key: value for key, value in given.items() if not key.startswith("creche")}
    else:
        given["creche_places"] = str(places_of_creche)
    return made.directory(given)


def book(engine: Engine, there, *ages: str, **options) -> bookings.Booking:
    key = next(KEYS)
    who = Family(
        key, email=f"{key}@example.org", contact_by="email", safe_to_contact=True, creche=ages
    )
    options = {"key": key, "secret": SECRET, "now": NOW, **options}
    return bookings.book(engine, there.series[0], who, **options)


def state(engine: Engine, booking: bookings.Booking) -> str:
    place = creche.place_of(engine, booking.id)
    return place.state if place else ""


def kinds(engine: Engine, booking: bookings.Booking) -> list[str]:
    query = sa.select(tables.message.c.kind).where(tables.message.c.booking_id == booking.id)
    with database.read(engine) as connection:
        return list(connection.execute(query.order_by(tables.message.c.id)).scalars())


def test_children_get_their_places_with_their_parent_or_nobody_does(engine: Engine) -> None:
    """A family gets its place and those of its children together, or nothing at all (S98)."""
    there = directory()
    first = book(engine, there, "1 year", "3 years")

    with pytest.raises(CrecheFull):
        book(engine, there, "2 years", "2 years")

    assert state(engine, first) == "held"
    assert places.left(engine, there.series[0]) == 3
    assert creche.left(engine, there.series[0], "") == 1
    assert places.verify(engine) == []


def test_a_family_that_waits_for_the_creche_keeps_its_own_place(engine: Engine) -> None:
    """Who waits for the creche has a place in the group; a freed place is its own at once (S98)."""
    there = directory(1)
    first = book(engine, there, "1 year")
    second = book(engine, there, "2 years", creche_wait=True)
    third = book(engine, there, "3 years", creche_wait=True)

    assert second.status == third.status == "confirmed"
    assert creche.place_of(engine, third.id).position == 2
    bookings.cancel(engine, there, first.id, now=NOW)

    assert [state(engine, one) for one in (first, second, third)] == ["", "held", "waiting"]
    assert kinds(engine, second)[-1] == "creche-place"
    assert places.verify(engine) == []


def test_nobody_passes_a_family_that_waits_for_the_creche(engine: Engine) -> None:
    """While a family waits for the creche, a new one does not get the last place before it."""
    there = directory(3)
    book(engine, there, "1 year", "1 year")
    waits = book(engine, there, "2 years", "2 years", creche_wait=True)

    with pytest.raises(CrecheFull):
        book(engine, there, "3 years")

    assert state(engine, waits) == "waiting"


def test_free_places_are_kept_for_a_larger_family_that_was_passed_twice(engine: Engine) -> None:
    """Two smaller families go before it, each with a place given up by itself; the next two places
    are its own, although others wait who need one."""
    there = directory(4, places="12")
    ann = book(engine, there, *["1 year"] * 4)
    cat = book(engine, there, "2 years", "3 years", creche_wait=True)
    eve, fay, gil = (book(engine, there, "2 years", creche_wait=True) for _ in range(3))
    held = []
    for left in (3, 2, 1, 0):
        bookings.change(engine, there, ann.id, 1, now=NOW, in_creche=("1 year",) * left)
        held.append([state(engine, one) == "held" for one in (cat, eve, fay, gil)])

    assert held == [
        [False, True, False, False],
        [False, True, True, False],
        [False, True, True, False],
        [True, True, True, False],
    ]
    assert places.verify(engine) == []


def test_the_news_of_a_creche_place_waits_for_the_morning(engine: Engine) -> None:
    """A creche place that becomes free at night is given at once, and the message comes at 8:00."""
    there = directory(1)
    first = book(engine, there, "1 year")
    second = book(engine, there, "2 years", creche_wait=True)
    night = NOW.replace(hour=23)
    bookings.change(engine, there, first.id, 1, now=night, in_creche=())
    with database.read(engine) as connection:
        due = connection.execute(
            sa.select(tables.message.c.due).where(tables.message.c.kind == "creche-place")
        ).scalar_one()

    assert state(engine, second) == "held"
    assert due == NOW.replace(hour=8) + timedelta(days=1)


def test_a_waiting_family_gets_the_creche_with_its_place_in_the_group(engine: Engine) -> None:
    """Children of a family on the group's list take their places when it is offered one; if the
    offer lapses, they go to the next family."""
    there = directory(1, places="1")
    first = book(engine, there, "1 year")
    second, third = book(engine, there, "2 years"), book(engine, there, "3 years")

    assert [state(engine, one) for one in (second, third)] == ["asked", "asked"]
    bookings.cancel(engine, there, first.id, now=NOW)
    assert [state(engine, one) for one in (second, third)] == ["held", "asked"]
    waiting_list.lapse(engine, there, now=NOW + timedelta(days=4))

    assert [state(engine, one) for one in (second, third)] == ["", "held"]
    assert places.verify(engine) == []


def test_other_numbers_free_creche_places_or_need_them(engine: Engine) -> None:
    """Fewer children free places for those who wait; more that do not fit change nothing."""
    there = directory(3)
    first = book(engine, there, "1 year", "2 years")
    second = book(engine, there, "2 years", "2 years", creche_wait=True)
    with pytest.raises(CrecheFull):
        bookings.change(engine, there, first.id, 1, now=NOW, in_creche=("1 year",) * 3)
    assert creche.place_of(engine, first.id).ages == ("1 year", "2 years")
    bookings.change(engine, there, first.id, 1, now=NOW, in_creche=("1 year",))

    assert creche.place_of(engine, first.id).children == 1
    assert state(engine, second) == "held"
    assert places.verify(engine) == []


@pytest.mark.parametrize("taken", [False, True])
def test_a_cancellation_that_is_taken_back_has_the_creche_again(engine: Engine, taken) -> None:
    """Who takes back its cancellation has its creche place again, or waits for it if it is gone."""
    there = directory(1)
    first = book(engine, there, "1 year")
    bookings.cancel(engine, there, first.id, now=NOW)
    if taken:
        book(engine, there, "2 years")
    bookings.restore(engine, there, first.id, now=NOW)

    assert state(engine, first) == ("waiting" if taken else "held")
    assert places.verify(engine) == []


def test_a_move_takes_both_places_or_neither(engine: Engine) -> None:
    """A family moves with its children, or keeps all that it has."""
    fields = {**WITH_CRECHE, "creche_places": "1"}
    there = made.directory({**fields}, {**fields, "starts": "2027-01-13"})
    one, other = there.series
    mine = book(engine, there, "1 year")
    full = bookings.book(
        engine, other, Family("B", creche=("2 years",)), key="b" * 20, secret=SECRET, now=NOW
    )
    who = bookings.family_of(engine, mine.id)
    move = {"key": "m" * 20, "secret": SECRET, "now": NOW}
    with pytest.raises(CrecheFull):
        bookings.move(engine, there, mine.id, other, who, **move)
    assert (places.left(engine, one), state(engine, mine)) == (11, "held")
    bookings.cancel(engine, there, full.id, now=NOW)
    moved = bookings.move(engine, there, mine.id, other, who, **move)

    assert [state(engine, one) for one in (mine, moved)] == ["", "held"]
    assert places.verify(engine) == []


def test_a_request_takes_its_creche_place_when_staff_confirm_it(engine: Engine) -> None:
    """A request holds nothing in the creche; confirmed, it has its place or waits for it."""
    there = directory(1, booking="request")
    first, second = book(engine, there, "1 year"), book(engine, there, "2 years")
    assert [state(engine, one) for one in (first, second)] == ["asked", "asked"]
    for one in (second, first):
        bookings.confirm(engine, there, one.id, now=NOW, actor="staff:1")

    assert [state(engine, one) for one in (first, second)] == ["waiting", "held"]
    assert places.verify(engine) == []


def test_more_creche_places_go_to_those_who_wait(engine: Engine) -> None:
    """More places in the content are given in order; fewer take none away from anybody."""
    there = directory(1)
    first, second = book(engine, there, "1 year"), book(engine, there, "2 years", creche_wait=True)
    content_changes.open_places(engine, directory(2), now=NOW)
    assert [state(engine, one) for one in (first, second)] == ["held", "held"]
    content_changes.open_places(engine, directory(1), now=NOW)

    assert [state(engine, one) for one in (first, second)] == ["held", "held"]
    assert places.verify(engine) == []


def test_families_hear_of_a_creche_that_is_closed(engine: Engine) -> None:
    """A creche that is taken out of the content ends every place in it, and each family hears."""
    there, without = directory(1), directory(None)
    first, second = book(engine, there, "1 year"), book(engine, there, "2 years", creche_wait=True)
    content_changes.open_places(engine, without, now=NOW)

    assert [state(engine, one) for one in (first, second)] == ["", ""]
    assert [kinds(engine, one)[-1] for one in (first, second)] == ["creche-closed"] * 2
    assert places.verify(engine) == []


def test_erased_children_leave_no_age(engine: Engine) -> None:
    """Erasing a family frees its creche places, and keeps no age of a child."""
    there = directory(1)
    first, second = book(engine, there, "1 year"), book(engine, there, "2 years", creche_wait=True)
    personal_data.erase(engine, there, first.id, now=NOW)
    with database.read(engine) as connection:
        ages = connection.execute(
            sa.select(tables.creche_place.c.ages).where(
                tables.creche_place.c.booking_id == first.id
            )
        ).scalar_one()

    assert ages == []
    assert state(engine, second) == "held"


def test_the_database_itself_does_not_overfill_a_creche(engine: Engine) -> None:
    """A script that writes past the rules cannot hold more creche places than are allowed (S98)."""
    book(engine, directory(1), "1 year")
    with pytest.raises(sa.exc.IntegrityError):
        database.write(engine, lambda c: c.execute(tables.creche.update().values(held=2)))


def test_wrong_sums_of_a_creche_are_found(engine: Engine) -> None:
    """The nightly check names a creche whose sums do not agree with its bookings."""
    book(engine, directory(2), "1 year")
    database.write(engine, lambda c: c.execute(tables.creche.update().values(held=2, waiting=1)))

    assert places.verify(engine) == [
        "riverbank/bump, creche: 2 held, but bookings hold 1.",
        "riverbank/bump, creche: 1 waiting, but 0 wait.",
    ]


# --- races ----------------------------------------------------------------------------------------

FAMILIES = 12


def _at_once(work) -> list:
    """What `work` returns for each family, all of them at the same moment."""
    together, answers = threading.Barrier(FAMILIES), queue.Queue()

    def run(number: int) -> None:
        together.wait(60)
        answers.put(work(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(FAMILIES)]
    for thread in threads:
        thread.start()
    return [answers.get(timeout=60) for _ in threads]


def test_many_families_at_once_get_exactly_the_creche_places_there_are(engine: Engine) -> None:
    """Twelve families with one child each at the same moment: three get a creche place and their
    own, and the others have nothing (S98)."""
    there = directory(3, places="12")

    def work(number: int) -> bool:
        try:
            return bool(book(engine, there, "2 years", key=f"family-number-{number:04}"))
        except CrecheFull:
            return False

    assert sorted(_at_once(work)) == [False] * 9 + [True] * 3
    assert places.left(engine, there.series[0]) == 9
    assert places.verify(engine) == []


def test_without_the_guard_a_creche_is_overfilled(engine: Engine) -> None:
    """The same race by somebody who looks first and writes later gives too many places, so the
    race above can fail."""
    there = directory(3, places="12")
    families = [book(engine, there).id for _ in range(FAMILIES)]
    looked = threading.Barrier(FAMILIES)
    count = sa.select(sa.func.count()).select_from(tables.creche_place)

    def work(number: int) -> bool:
        with database.read(engine) as connection:
            free = connection.execute(count).scalar_one() < 3
        looked.wait(60)
        values = {"booking_id": families[number], "children": 1, "ages": [], "passed": 0}
        insert = tables.creche_place.insert().values(**values, state="held")
        if free:
            database.write(engine, lambda c: c.execute(insert))
        return free

    assert sum(_at_once(work)) > 3


# --- the state machine ----------------------------------------------------------------------------

AGES = ("1 year", "2 years", "3 years")


class Creche(RuleBasedStateMachine):
    """Book, change, cancel, take back, accept, lapse and other numbers, against a simple model."""

    engine: Engine
    made_here = Bundle("bookings")

    def __init__(self) -> None:
        super().__init__()
        database.write(self.engine, _empty)
        self.now, self.room = NOW, 3
        self.there = self._directory()
        self.before: dict[int, sa.Row] = {}

    def _directory(self):
        return directory(self.room, places="4", sessions="20")

    @initialize(target=made_here, children=st.lists(st.integers(0, 2), min_size=5, max_size=7))
    def begin(self, children: list[int]):
        return multiple(*(self._booked(number, wait=True) for number in children))

    @rule(target=made_here, children=st.integers(0, 3), wait=st.booleans())
    def book(self, children: int, wait: bool):
        try:
            return self._booked(children, wait=wait)
        except CrecheFull:
            return multiple()

    def _booked(self, children: int, *, wait: bool) -> int:
        wait = wait and children <= self.room
        return book(self.engine, self.there, *AGES[:children], creche_wait=wait, now=self.now).id

    @rule(which=made_here)
    def cancel(self, which: int) -> None:
        bookings.cancel(self.engine, self.there, which, now=self.now)

    @rule(which=made_here)
    def take_back(self, which: int) -> None:
        self._tried(bookings.restore, which)

    @rule(which=made_here)
    def accept(self, which: int) -> None:
        self._tried(bookings.accept, which)

    @rule(which=made_here)
    def give(self, which: int) -> None:
        self._tried(bookings.give, which, actor="staff:1")

    @rule(which=made_here, children=st.integers(0, 3), wait=st.booleans())
    def change(self, which: int, children: int, wait: bool) -> None:
        self._tried(bookings.change, which, 1, in_creche=AGES[:children], creche_wait=wait)

    def _tried(self, verb, which: int, *values, **options) -> None:
        try:
            verb(self.engine, self.there, which, *values, now=self.now, **options)
        except (bookings.Full, locking.NotPossible):
            assert self._rows() == self.before  # what is refused changes nothing

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        if self.now + timedelta(hours=hours) < NOW + timedelta(days=6):
            self.now += timedelta(hours=hours)
            waiting_list.lapse(self.engine, self.there, now=self.now)

    @rule()
    def the_clock_looks(self) -> None:
        """After a round, every family that may have a free place by the rules has it."""
        waiting_list.offer_everywhere(self.engine, self.there, now=self.now)
        rows = sorted(self._rows().values(), key=lambda row: row.number or 0)
        held = sum(row.children for row in rows if row.state == "held")
        for row in (row for row in rows if row.state == "waiting"):
            if row.children <= self.room:
                assert held + row.children > self.room
                if row.passed >= creche.MOST_PASSED:
                    break

    @rule(room=st.integers(1, 4))
    def staff_change_the_places(self, room: int) -> None:
        self.room = room
        self.there = self._directory()
        content_changes.open_places(self.engine, self.there, now=self.now)

    def _rows(self) -> dict[int, sa.Row]:
        columns = tables.booking.c.status, *tables.creche_place.c
        query = sa.select(*columns).join(tables.booking)
        with database.read(self.engine) as connection:
            return {row.booking_id: row for row in connection.execute(query)}

    @invariant()
    def the_model_agrees(self) -> None:
        """Sums agree; children have a place only with their parent; nobody is passed by a smaller
        family more than twice, or by one that fits no better; no place is left lying."""
        assert places.verify(self.engine) == []
        rows = self._rows()
        held = sum(row.children for row in rows.values() if row.state == "held")
        waiting = sorted(
            (row for row in rows.values() if row.state == "waiting"), key=lambda row: row.number
        )
        for row in rows.values():
            holds = row.status in tables.HOLDING
            assert (row.state in ("held", "waiting")) == (holds and row.state != "ended")
            assert (row.number is not None) == (row.state in ("asked", "waiting"))
            was = self.before.get(row.booking_id)
            if row.state == "held" and was is not None and was.state == "waiting":
                ahead = [one for one in waiting if one.number < was.number]
                for one in ahead:
                    assert one.children > row.children
                    assert one.passed <= creche.MOST_PASSED
        first = next((row for row in waiting if row.children <= self.room), None)
        assert first is None or held + first.children > self.room
        self.before = rows


def _empty(connection) -> None:
    # In the order of their references, the last first.
    for table in reversed(tables.metadata.sorted_tables):
        connection.execute(table.delete())


@pytest.mark.slow
def test_any_order_of_verbs_keeps_a_creche_true(engine: Engine) -> None:
    """Whatever families and staff do in whatever order, a creche is neither overfilled nor left
    empty while a family waits, and is served in order."""
    machine = type("Machine", (Creche,), {"engine": engine})
    examples = 100 if LONG else 8 if engine.dialect.name == "sqlite" else 2
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            phases=[Phase.generate, Phase.shrink] if LONG else [Phase.generate],
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
