"""The queue of live requests: one after another, and their transactions in one commit."""

import threading
import time
from contextvars import ContextVar

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from portal import database
from portal.database.engine import Part, commit
from portal.database.prepared import Prepared
from portal.database.tables import generation
from portal.server.request_queue import RequestQueue
from tests.support import made


def test_live_answers_come_one_after_another_in_order():
    """Threads of a process do not take the interpreter from each other; nobody is passed."""
    queue, order, at_once = RequestQueue(max_wait=300), [], []
    inside = 0

    def answer(number):
        nonlocal inside
        with queue.turn():
            inside += 1
            at_once.append(inside)
            order.append(number)
            time.sleep(0.01)
            inside -= 1

    threads = [threading.Thread(target=answer, args=(number,)) for number in range(8)]
    with queue.turn():
        for number, thread in enumerate(threads):
            thread.start()
            while len(queue._waiting) <= number:  # so that they come in this order
                time.sleep(0.001)
    for thread in threads:
        thread.join()

    assert order == list(range(8))
    assert set(at_once) == {1}


def test_who_was_patient_goes_on_beside_a_slow_one():
    """Where one answer waits for something slow, the others wait for it no longer than so."""
    queue, slow, ended = RequestQueue(max_wait=0.05), threading.Event(), []

    def wait_for_long():
        with queue.turn():
            slow.wait(20)
        ended.append("slow")

    first = threading.Thread(target=wait_for_long)
    first.start()
    while queue.free:
        time.sleep(0.001)
    for number in range(2):
        with queue.turn():
            ended.append(number)
    slow.set()
    first.join()
    with queue.turn():
        ended.append("after")

    assert ended == [0, 1, "slow", "after"]
    assert queue.free


def put(number, words="", note=lambda: None):
    """The work that writes a row with this number."""

    def work(connection):
        row = {"number": number, "edition": words, "built": made.NOW, "published": made.NOW}
        connection.execute(sa.insert(generation), row | {"publisher": "test"})
        note()
        if number < 0:
            raise ValueError(number)
        return number

    return work


def rows(engine):
    with database.read(engine) as connection:
        return connection.execute(sa.select(generation)).all()


def in_turns(queue, *requests, queued=lambda: None, after=lambda: None):
    """Begin these requests while another has the turn, so that they wait in this order.

    `queued` is called when all of them wait, `after` when the first has had the turn.
    """
    ends = {}

    def ask(place, request):
        try:
            with queue.turn():
                ends[place] = request()
        except Exception as error:
            ends[place] = error

    threads = [threading.Thread(target=ask, args=one) for one in enumerate(requests)]
    with queue.turn():
        for number, thread in enumerate(threads):
            thread.start()
            while len(queue._waiting) <= number:
                time.sleep(0.001)
        queued()
    after()
    for thread in threads:
        thread.join()
    assert queue.free
    return [ends[place] for place in range(len(requests))]


def test_what_waits_is_written_in_one_commit_in_order(engine):
    """Each answer comes after that commit; each piece of work sees the request it belongs to."""
    queue, asked, seen, commits = RequestQueue(max_wait=300), ContextVar("asked"), [], []
    event.listen(engine, "commit", lambda _: commits.append(len(seen)))

    def request(number):
        def answer():
            asked.set(number)
            work = put(number, note=lambda: seen.append(asked.get()))
            return database.write(engine, work), len(commits)

        return answer

    ends = in_turns(queue, *map(request, [5, 3, 8, 1]))

    assert seen == [5, 3, 8, 1]
    assert commits == [4]
    assert ends == [(5, 1), (3, 1), (8, 1), (1, 1)]
    assert sorted(row.number for row in rows(engine)) == [1, 3, 5, 8]


def test_what_fails_fails_alone(engine):
    """It leaves nothing in the database, and takes nothing from those beside it."""
    queue = RequestQueue(max_wait=300)
    twice = put(4)  # breaks the key of the row before it

    works = [put(2), put(-1), put(4), twice, put(6)]
    ends = in_turns(queue, *[lambda work=work: database.write(engine, work) for work in works])

    assert [type(end) for end in ends] == [int, ValueError, int, sa.exc.IntegrityError, int]
    assert sorted(row.number for row in rows(engine)) == [2, 4, 6]


def test_where_the_disk_is_full_nobody_is_told_that_it_is_written(sqlite):
    """Whatever the database undoes at that moment: an answer says what is there."""

    def limit(connection, _record):
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages + 12}").close()

    event.listen(sqlite, "connect", limit)
    sqlite.dispose()
    queue = RequestQueue(max_wait=300)
    works = [put(number, "x" * 9000) for number in range(1, 12)]

    ends = in_turns(queue, *[lambda work=work: database.write(sqlite, work) for work in works])
    there = sorted(row.number for row in rows(sqlite))

    assert sorted(end for end in ends if isinstance(end, int)) == there
    assert any(isinstance(end, sa.exc.OperationalError) for end in ends)


def test_what_is_written_waits_for_some_of_those_behind_it_alone(engine):
    """However many ask for pages without a pause, a booking is not kept from its commit."""
    queue, order = RequestQueue(max_wait=300), []

    def writes():
        database.write(engine, put(1))
        order.append("written")

    in_turns(queue, writes, *[lambda: order.append("read")] * 40)

    assert order == ["read"] * 15 + ["written"] + ["read"] * 25


@pytest.mark.parametrize("first", ["alone", "for others"])
def test_a_transaction_waits_for_a_slow_request_no_longer_than_so(engine, first):
    """It is done beside it, once: by its own request, or by another that was as patient."""
    queue, slow = RequestQueue(max_wait=300), threading.Event()
    number = 1 if first == "alone" else 3
    written = []

    def writes(own):
        written.append(database.write(engine, put(own)))

    def hurry():
        queue._max_wait = 0.05  # only now: the threads may take longer to begin

    def let_go():
        while len(written) < number:
            time.sleep(0.001)
        slow.set()

    requests = [lambda own=own: writes(own) for own in range(number)]
    in_turns(queue, *requests, lambda: slow.wait(20), queued=hurry, after=let_go)

    assert sorted(written) == sorted(row.number for row in rows(engine)) == [*range(number)]


@pytest.mark.postgres
@pytest.mark.parametrize("beside", ["together", "by itself"])
def test_two_that_lock_the_same_rows_in_another_order_do_not_wait_for_each_other(
    postgres_address, beside
):
    """PostgreSQL ends a circle of waiting only after a second, and then one must begin again."""
    engine = database.connect(postgres_address)
    for number in (1, 2):
        database.write(engine, put(number))
    runs, begun = [], {1: threading.Event(), 2: threading.Event()}

    def change(number, first):
        def work(connection):
            runs.append((number, first))
            row = generation.update().where(generation.c.number == number)
            connection.execute(row.values(edition=str(first)))
            if number == first:
                begun[first].set()
                begun[3 - first].wait(0.5)  # the other has locked its first row, or waits for ours

        return work

    def go(first, alone):
        works = [change(first, first), change(3 - first, first)]
        if alone:
            database.write(engine, lambda connection: [work(connection) for work in works])
            return
        parts = [Part(engine, work) for work in works]
        commit(parts)
        assert [part.error for part in parts] == [None, None]

    threads = [
        threading.Thread(target=go, args=(1, False)),
        threading.Thread(target=go, args=(2, beside == "by itself")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()

    assert sorted(runs) == [(1, 1), (1, 2), (2, 1), (2, 2)]


@pytest.mark.postgres
def test_what_fails_in_the_commit_fails_alone(postgres_address):
    """PostgreSQL may find a mistake only there; then nobody knows whose it is."""
    engine = database.connect(postgres_address)
    with engine.begin() as connection:
        for statement in (
            """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN IF NEW.number = 2 THEN RAISE 'two'; END IF; RETURN NULL; END $$""",
            """CREATE CONSTRAINT TRIGGER refused AFTER INSERT ON generation
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()""",
        ):
            connection.execute(sa.text(statement))
    try:
        parts = [Part(engine, put(number)) for number in (1, 2, 3)]
        commit(parts)
        numbers = sorted(row.number for row in rows(engine))
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text("DROP FUNCTION refuse() CASCADE"))
        engine.dispose()

    assert [part.done for part in parts] == [True] * 3
    assert [part.error is None for part in parts] == [True, False, True]
    assert numbers == [1, 3]


@pytest.mark.postgres
def test_a_long_transaction_of_somebody_else_keeps_no_group_waiting(postgres_address):
    """As a publication of the content: bookings of other rows are written meanwhile."""
    engine = database.connect(postgres_address)
    begun, ends = threading.Event(), threading.Event()

    def long(connection):
        put(1)(connection)
        begun.set()
        assert ends.wait(20)

    writing = threading.Thread(target=database.write, args=(engine, long))
    writing.start()
    assert begun.wait(20)
    parts = [Part(engine, put(number)) for number in (2, 3)]
    commit(parts)
    seen = sorted(row.number for row in rows(engine))
    ends.set()
    writing.join()
    numbers = sorted(row.number for row in rows(engine))
    engine.dispose()

    assert [(part.done, part.error) for part in parts] == [(True, None), (True, None)]
    assert seen == [2, 3]
    assert numbers == [1, 2, 3]


def test_a_mistake_that_nobody_asked_about_fails_alone(engine):
    """PostgreSQL tells of it late, but before the work that follows it in the same commit."""
    insert = Prepared(generation.insert(), generation.c.keys())

    def unasked(number):
        row = {"number": number, "edition": "", "built": made.NOW, "published": made.NOW}
        return lambda connection: insert.execute(connection, **row, publisher="test")

    parts = [Part(engine, unasked(number)) for number in (7, 7, 8)]
    commit(parts)

    assert [type(part.error) for part in parts] == [type(None), sa.exc.IntegrityError, type(None)]
    assert sorted(row.number for row in rows(engine)) == [7, 8]


@pytest.mark.postgres
def test_a_connection_lost_in_one_part_is_a_fault_of_the_database_for_all(postgres_address):
    """Every family hears that it may press again, and nothing is written."""
    engine = database.connect(postgres_address)

    def lose(connection):
        number = connection.execute(sa.select(sa.func.pg_backend_pid())).scalar()
        with database.read(beside) as elsewhere:
            elsewhere.execute(sa.select(sa.func.pg_terminate_backend(number, 5000)))
        connection.execute(sa.select(generation)).all()

    beside = database.connect(postgres_address)
    parts = [Part(engine, work) for work in (put(1), lose, put(2))]
    commit(parts)
    beside.dispose()

    assert [type(part.error) for part in parts] == [sa.exc.OperationalError] * 3
    assert rows(engine) == []
    engine.dispose()
