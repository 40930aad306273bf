"""Connections over real sockets, in front of a small application: what each may hold, how long."""

import asyncio
import http.client
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial

import pytest
import uvicorn

from portal.server import connections, reading
from portal.server.connections import Connection, Connections
from portal.server.reading import LONGEST_BODY, Reading
from portal.web.headers import HEADERS

pytestmark = pytest.mark.slow

BIG = 8 * 1024 * 1024


def echo(environ, start):
    """Answers what it was asked; `/staff/wait` waits until it is let go, `/big` is much to read."""
    path = environ["PATH_INFO"]
    body = environ["wsgi.input"].read()
    if path == "/staff/wait":
        environ_waiting.wait(20)
    if path == "/staff/fault":
        raise RuntimeError
    seen = {name: value for name, value in environ.items() if name.isupper()}
    words = b"x" * BIG if path == "/big" else repr((seen, len(body))).encode()
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(words)))])
    return [words]


environ_waiting = threading.Event()


@contextmanager
def answering(*, per_network=0, proxies=0, app=echo, threads=None):
    """A server in this process; gives its port."""
    ready, over = threading.Event(), []
    port = []

    async def run():
        every = Connections(per_network, proxies)
        config = uvicorn.Config(
            Reading(app, threads or {"live": 2, "files": 1, "health": 1}),
            http=partial(Connection, every),
            ws="none",
            lifespan="off",
            log_config=None,
            server_header=False,
        )
        config.load()
        state = uvicorn.server.ServerState()
        loop = asyncio.get_running_loop()
        made = partial(Connection, every, config=config, server_state=state, app_state={})
        server = await loop.create_server(made, "127.0.0.1", 0)
        port.append(server.sockets[0].getsockname()[1])
        watching = asyncio.create_task(every.watch())
        ready.set()
        while not over:
            await asyncio.sleep(0.01)
        watching.cancel()
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        await asyncio.sleep(0.02)

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield port[0]
    finally:
        over.append(True)
        environ_waiting.set()
        thread.join(10)
        environ_waiting.clear()


@pytest.fixture(scope="module")
def port():
    """A server without limits on networks, which all tests that change no limit share."""
    with answering() as port:
        yield port


opened = []


@pytest.fixture(autouse=True)
def closed_afterwards():
    """Closes every socket of a test, also those that a failure or a refusal left open."""
    yield
    while opened:
        opened.pop().close()


def connect(port, first=b""):
    made = socket.create_connection(("127.0.0.1", port), timeout=10)
    opened.append(made)
    made.sendall(first)
    return made


def heard(connection):
    """All that comes until the other side closes."""
    parts = []
    with suppress(ConnectionError):
        while data := connection.recv(65536):
            parts.append(data)
    connection.close()
    return b"".join(parts)


def ask(port, path="/", method="GET", body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        named = {name.replace("__", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def get(path="/", **headers):
    lines = "".join(f"{name.replace('__', '-')}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode()


HEADER = b"GET / HTTP/1.1\r\nHost: x\r\n"
BODY = b"POST /gap HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"


@pytest.mark.parametrize(("sent", "answer"), [(HEADER, b""), (b"", b""), (BODY, b"408")])
def test_each_phase_of_a_request_has_its_time(port, monkeypatch, sent, answer):
    """S27: the time is for the whole header or body: a byte now and then does not extend it."""
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.3)
    monkeypatch.setattr(reading, "BODY_SECONDS", 0.3)
    slow, until = connect(port, sent), time.monotonic() + 8
    said, closed = b"", False
    try:
        while not closed and time.monotonic() < until:
            slow.settimeout(0.1)
            with suppress(TimeoutError):
                data = slow.recv(65536)
                said, closed = said + data, not data
            if sent and not said:
                slow.sendall(b"a")
    except ConnectionError:
        closed = True
    slow.close()

    assert closed  # else each byte had extended it, or it had as long as in service
    assert said[9:12] == answer


def test_an_answer_has_its_time_to_be_read(port, monkeypatch):
    """S27: a reader of a byte now and then is closed; the time grows with the answer."""
    monkeypatch.setattr(connections, "_READ_SECONDS", 0.2)
    slow = connect(port, get("/big"))
    patient = connect(port, get("/big"))
    assert slow.recv(1)
    time.sleep(1.5)
    assert len(heard(patient)) > 100  # 8 MB have half an hour

    monkeypatch.setattr(connections, "_READ_BYTES_A_SECOND", 1e9)
    time.sleep(1.2)
    assert len(heard(slow)) < BIG


def test_too_much_that_waits_to_be_read_is_dropped(monkeypatch):
    """S27: what waits to be read in all is limited; the reader that began first is closed."""
    monkeypatch.setattr(connections, "_MOST_UNREAD", BIG * 3 // 2)
    with answering() as port:
        first = connect(port, get("/big"))
        first.recv(1)
        second = connect(port, get("/big", Connection="close"))
        second.recv(1)
        time.sleep(1.3)

        assert len(heard(second)) > BIG
        assert len(heard(first)) < BIG


def test_a_reader_who_sends_more_requests_has_no_more_time(port, monkeypatch):
    """S27: a request that waits behind an answer does not keep its slow reader."""
    monkeypatch.setattr(connections, "_READ_SECONDS", 0.2)
    monkeypatch.setattr(connections, "_READ_BYTES_A_SECOND", 1e9)
    slow = connect(port, get("/big") + get("/big"))
    assert slow.recv(1)
    time.sleep(1.5)

    assert len(heard(slow)) < BIG


def test_requests_without_waiting_for_answers_are_limited(port):
    """S27: thousands of requests in one piece cost no more than a few, and stop nobody else."""
    made = connect(port, get("/a") * 5000)

    assert heard(made).count(b"HTTP/1.1 200") < 20
    assert ask(port)[0] == 200


def test_readers_of_one_file_share_its_bytes(monkeypatch):
    """S27: what waits to be read is counted once for all who read it: none of them is closed."""
    monkeypatch.setattr(connections, "_MOST_UNREAD", BIG * 3 // 2)
    whole = b"x" * BIG

    def one_file(_environ, start):
        start("200 OK", [("Content-Length", str(BIG))])
        return [whole]

    with answering(app=one_file) as port:
        readers = [connect(port, get(Connection="close")) for _ in range(3)]
        for reader in readers:
            assert reader.recv(1)
        time.sleep(1.3)

        assert all(len(heard(reader)) > BIG for reader in readers)


def test_a_server_that_was_late_closes_nobody_for_it(monkeypatch):
    """S27: a busy machine may keep the server from reading what a visitor has sent in time."""
    monkeypatch.setattr(connections, "_LOOK_EVERY", 0.05)
    looks = []

    async def stall():
        every = Connections(0, 0)
        every.close_late = looks.append
        watching = asyncio.create_task(every.watch())
        await asyncio.sleep(0.01)
        stalled = time.monotonic()
        time.sleep(0.3)
        while not looks:
            await asyncio.sleep(0)
        watching.cancel()
        return stalled

    # In a thread of its own: a browser of another test may keep an event loop in this one.
    with ThreadPoolExecutor(1) as pool:
        stalled = pool.submit(lambda: asyncio.run(stall())).result()

    assert looks[0] < stalled + 0.1


def test_slow_bodies_take_no_thread(port):
    """S27: more senders than threads, and every kind of page is still answered."""
    slow = [connect(port, BODY) for _ in range(10)]

    for path in ("/", "/gap", "/health"):
        assert ask(port, path)[0] == 200
    slow[0].sendall(b"123456789")
    assert slow[0].recv(100).startswith(b"HTTP/1.1 200")
    for one in slow:
        one.close()


def test_slow_pages_keep_no_file_waiting():
    """S27: when every thread of the live pages is busy, files and /health have theirs."""
    with answering() as port:
        busy = [connect(port, get("/staff/wait")) for _ in range(5)]

        assert ask(port, "/centres/")[0] == ask(port, "/health")[0] == 200
        environ_waiting.set()
        for one in busy:
            assert one.recv(100).startswith(b"HTTP/1.1 200")
            one.close()


def test_a_network_with_too_many_connections_loses_the_oldest_that_waits():
    """S27: the slow ones of a network go first; its quick visitors are answered, and so are other
    networks' slow ones."""
    with answering(per_network=3, proxies=1) as port:
        post = b"POST /gap HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: %s\r\nContent-Length: 9\r\n\r\n"
        slow = [connect(port, post % b"192.0.2.7") for _ in range(3)]
        other = connect(port, post % b"192.0.2.8")
        assert ask(port, "/")[0] == 200  # the proxy itself has no limit
        time.sleep(0.1)

        assert ask(port, X__Forwarded__For="192.0.2.7")[0] == 200

        assert heard(slow[0]) == b""
        for one in (*slow[1:], other):
            one.sendall(b"123456789")
            assert one.recv(100).startswith(b"HTTP/1.1 200")
            one.close()


def test_who_names_no_visitor_is_one(monkeypatch):
    """S27: where proxies are believed, a connection that does not come through one counts to its
    own network: leaving out the header avoids no limit. On this machine there is none."""
    with answering(per_network=2, proxies=1) as port:
        here = [connect(port, BODY) for _ in range(3)]
        time.sleep(0.1)
        # Everything that a test can connect from is this machine.
        monkeypatch.setattr(connections, "unwrapped", lambda _: "192.0.2.7")
        slow = [connect(port, BODY) for _ in range(2)]
        time.sleep(0.1)

        assert ask(port)[0] == 200
        assert heard(slow[0]) == b""
        for one in (*here, slow[1]):
            one.sendall(b"123456789")
            assert one.recv(100).startswith(b"HTTP/1.1 200")


def test_a_network_whose_connections_are_all_being_answered_gets_no_more():
    """S27: nothing that is being answered is broken off for a newcomer."""
    with answering(per_network=2, proxies=1) as port:
        asked = get("/staff/wait", X__Forwarded__For="192.0.2.7")
        busy = [connect(port, asked) for _ in range(2)]
        time.sleep(0.1)

        assert heard(connect(port, asked)) == b""
        assert ask(port, X__Forwarded__For="192.0.2.8")[0] == 200
        environ_waiting.set()
        for one in busy:
            assert one.recv(100).startswith(b"HTTP/1.1 200")
            one.close()


def test_connections_in_all_are_limited(monkeypatch):
    """S27: before the system refuses to open more, the oldest of the largest network is closed."""
    monkeypatch.setattr(connections, "_allowed_connections", lambda: 3)
    with answering() as port:
        slow = [connect(port, HEADER) for _ in range(3)]
        time.sleep(0.1)

        assert ask(port)[0] == 200
        assert heard(slow[0]) == b""
        for one in slow:
            one.close()


def test_long_headers_are_refused(port):
    """S27: a header without an end fills no memory."""
    endless = connect(port, HEADER)
    sent_whole = False
    with suppress(ConnectionError):  # closed while we were sending
        for _ in range(100):
            endless.sendall(b"X-More: %s\r\n" % (b"a" * 10_000))
        sent_whole = True
    said = heard(endless)

    assert said.startswith(b"HTTP/1.1 400") or (not said and not sent_whole)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("path", "method", "length", "whole"),
    [
        ("/staff/content/riverbank/photo", "POST", 3_000_000, True),
        ("/staff/content/riverbank/photo", "PUT", 300_000, False),
        ("/staff/contents", "POST", 300_000, False),
    ],
)
def test_only_staff_send_photos(port, path, method, length, whole, chunked):
    """S27: longer bodies are read where staff send photos, up to 8 MB, and nowhere else."""
    body = iter([b"a" * length]) if chunked else b"a" * length
    _, got = eval(ask(port, path, method, body)[2])

    assert got == (length if whole else 0)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("length", [0, LONGEST_BODY, LONGEST_BODY + 1, 300_000, 2_000_000])
def test_bodies_are_whole_or_refused_by_length(port, length, chunked):
    """S27: the application gets a whole body of 64 KB at most; of a longer one it gets the length
    alone, and refuses it."""
    sent = iter([b"a" * length]) if chunked else b"a" * length
    try:
        _, headers, body = ask(port, "/gap", "POST", sent)
    except ConnectionError:
        assert length > reading._MOST_READ  # closed while we were sending
        return
    seen, got = eval(body)

    assert got == (length if length <= LONGEST_BODY else 0)
    if length > LONGEST_BODY:
        assert int(seen["CONTENT_LENGTH"]) > LONGEST_BODY
        assert headers["Connection"] == "close"
    else:
        assert int(seen.get("CONTENT_LENGTH") or 0) == length


def test_names_with_underscores_are_left_out(port):
    """S41: `X_Forwarded_For` would count as the header that our proxy sets, in any order."""
    for pair in (
        ("X_Forwarded_For", "X__Forwarded__For"),
        ("X__Forwarded__For", "X_Forwarded_For"),
    ):
        values = {name: "9.9.9.9" if "__" not in name else "1.2.3.4" for name in pair}
        seen, _ = eval(ask(port, **values)[2])
        assert seen["HTTP_X_FORWARDED_FOR"] == "1.2.3.4"


@pytest.mark.parametrize(
    "asked",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(port, asked):
    """S40: 400 with the headers of every answer, and the connection is closed."""
    said = heard(connect(port, asked)).lower()

    assert said.startswith(b"http/1.1 400")
    for name in HEADERS:
        assert f"\r\n{name.lower()}:".encode() in said


def test_one_connection_carries_many_requests(port):
    """Answers come in the order of the requests, also of those sent without waiting."""
    made = connect(port, get("/a") + get("/b") + get("/c", Connection="close"))

    said = heard(made)
    places = [said.index(f"'PATH_INFO': '{path}'".encode()) for path in ("/a", "/b", "/c")]

    assert places == sorted(places)
    assert said.count(b"HTTP/1.1 200") == 3


def test_an_application_that_fails_closes_nothing_else(port):
    """A fault outside the application's own pages is 500, and the next request is answered."""
    assert ask(port, "/staff/fault")[0] == 500
    assert ask(port, "/gap")[0] == 200
