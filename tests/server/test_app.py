"""The portal as a browser meets it: one address, the same headers, and never half a page."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import brotli
import pytest
from werkzeug.test import Client

from portal.directory.addresses import LIVE, LIVE_PAGES
from portal.editing import publishing
from portal.editing.checked import write_checked
from portal.server.app import create_app
from portal.settings import load_settings
from portal.web.headers import HEADERS
from portal.web.site import build
from portal.web.site.build_state import MARKER, write_marker
from portal.web.staff import access, date_publishing
from portal.web.staff.content.publish import effects_of
from tests.support import figures, forked, processes, slow
from tests.support.databases import new_sqlite
from tests.support.long_forms import LONG
from tests.support.ports import free_port

pytestmark = pytest.mark.slow


class Server:
    """`portal serve` in a process of its own; `first` is called there before the command."""

    def __init__(self, root, *options, first=None, **environ):
        self.settings = load_settings(root=root / "root", out=root / "build", var=root / "var")
        self.port = free_port()
        out, into = os.pipe()
        self.out = os.fdopen(out)
        self.process = processes.start(
            *("serve", "--port", str(self.port), *options),
            env={
                **os.environ,
                "PORTAL_ROOT": str(self.settings.root),
                "PORTAL_OUT": str(self.settings.out),
                "PORTAL_VAR": str(self.settings.var),
                **environ,
            },
            outputs=(into, into),
            first=first,
        )
        os.close(into)
        self.said = []
        self.ready = threading.Event()
        self.reader = threading.Thread(target=self._hear, daemon=True)
        self.reader.start()
        self.ready.wait(300)

    def _hear(self):
        with self.out:
            for line in self.out:
                self.said.append(line)
                if line.startswith("Open "):
                    self.opened = self.said[:]
                    self.ready.set()
        self.ready.set()  # it has ended without

    def ask(self, path, method="GET", **headers):
        """The status, the headers and the body of one answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=named)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def stop(self):
        processes.interrupt(self.process)
        self.reader.join(120)
        if self.reader.is_alive():  # it hangs, which must not hold up the other tests
            os.killpg(self.process.pid, signal.SIGKILL)
            pytest.fail("The server did not stop in two minutes.")
        self.process.join(20)
        return self.process.exitcode

    def processes(self, *options):
        """The numbers of those of its living processes that `pgrep` finds with these options."""
        group = ["pgrep", "-g", str(self.process.pid), "--runstates", "D,R,S", *options]
        found = subprocess.run(group, capture_output=True, check=False)
        return set(map(int, found.stdout.split()))

    def answering(self):
        return self.processes("-x", "portal-answers")

    def sending(self):
        return self.processes("-x", "portal-messages")


@pytest.fixture(scope="module")
def server(tmp_path_factory, sample_root):
    root = tmp_path_factory.mktemp("served")
    shutil.copytree(sample_root, root / "root")
    server = Server(root, first=forked.start_first_build)
    yield server
    assert server.stop() == 0
    assert "Traceback" not in "".join(server.said)


def test_the_address_to_open_is_said(server):
    """The last line before serving is the address, and it answers."""
    status, _, body = server.ask("/")

    assert server.opened[-1] == f"Open http://127.0.0.1:{server.port}/\n"
    assert status == 200
    assert b"</html>" in body


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 200),
        ("/", "HEAD", 200),
        ("/calendar.ics", "GET", 200),
        ("/centres", "GET", 301),
        ("/centres/", "POST", 405),
        ("/nowhere", "GET", 404),
        ("/.portal-build.json", "GET", 404),
        ("/%2e%2e/var/build-state.json", "GET", 404),
        ("/health", "GET", 200),
        ("/health", "HEAD", 200),
        ("/book/riverbank/play-monday", "GET", 200),
        ("/leave", "POST", 405),
        ("/leave", "GET", 303),
        ("/gap", "DELETE", 405),
    ],
)
def test_every_answer_carries_the_headers(server, path, method, status):
    """Frozen or live, found or not: the same rules for the browser, and no banner (S40)."""
    found, headers, _ = server.ask(path, method)

    assert found == status
    for name, value in HEADERS.items():
        open_to_partners = path.endswith(".ics") and name == "Cross-Origin-Resource-Policy"
        assert headers.get_all(name) == ["cross-origin" if open_to_partners else value]
    assert headers["Server"] == "portal"
    assert headers["Cache-Control"]
    assert "Strict-Transport-Security" not in headers
    assert not re.search(r"uvicorn|werkzeug|python|flask", str(headers), re.IGNORECASE)


def test_live_pages_are_not_kept(server):
    """What depends on who asks is not stored (S8)."""
    for path in ("/health", "/gap", "/book/riverbank/play-monday", "/nowhere"):
        assert server.ask(path)[1]["Cache-Control"] == "no-store"


def test_unknown_pages_show_the_site_s_own(server):
    """404 with the page that was frozen for it."""
    status, _, body = server.ask("/no/such/page/")

    assert status == 404
    assert body == (server.settings.out / "404.html").read_bytes()


def test_pages_travel_packed(server):
    """The twins of the build are what is sent."""
    _, headers, body = server.ask("/", Accept_Encoding="gzip, br")

    assert headers["Content-Encoding"] == "br"
    assert brotli.decompress(body) == (server.settings.out / "index.html").read_bytes()


def test_who_has_a_calendar_is_not_sent_it_again(server):
    """A subscriber's next visit costs 304 and no body, with the headers of every answer."""
    tag = server.ask("/calendar.ics")[1]["ETag"]

    status, headers, body = server.ask("/calendar.ics", If_None_Match=tag)

    assert (status, body) == (304, b"")
    assert headers["Cache-Control"] == "public, max-age=3600"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_publish_is_built_and_shown_without_a_restart(server):
    """The server builds when a publish asks for it: the next request gets the new page, and live
    pages follow."""
    path = "centres/preston/riverbank/play-monday.md"
    words, digest = publishing.read(server.settings.root, path)
    edit = publishing.Edit(path, words.replace("time: 9:30", "time: 9:45"), digest)
    author, now = publishing.Author("Sam", "sam@lancashire.example"), datetime.now(UTC)
    publishing.publish(server.settings, None, [edit], author=author, summary="Later", now=now)

    assert publishing.state(server.settings, now=now) == "building"
    assert until(lambda: publishing.state(server.settings) == "published")
    assert b"9:45am" in server.ask("/sessions/riverbank/play-monday/")[2]
    assert until(lambda: b"9:45am" in server.ask("/book/riverbank/play-monday")[2])
    (server.settings.root / path).write_text(words)


def test_mistakes_leave_live_pages_as_they_are(server):
    """Content that becomes wrong after a build changes neither part."""
    build.build(server.settings, today=date.today(), full=True)
    assert until(lambda: server.ask("/health")[0] == 200)
    series = server.settings.root / "centres/preston/riverbank/play-monday.md"
    words, heard = series.read_text(), len(server.said)
    series.write_text(words.replace("programme:", "program:"))
    (server.settings.out / MARKER).touch()  # as if another machine had built meanwhile
    answers = set()

    def found():
        answers.add(server.ask("/book/riverbank/play-monday")[0])
        return any("Live pages stay as is." in line for line in server.said[heard:])

    try:
        assert until(found)
        answers |= {server.ask("/book/riverbank/play-monday")[0] for _ in range(5)}
    finally:
        series.write_text(words)
    assert answers == {200}
    assert server.ask("/health")[0] == 200


def test_no_answer_is_cut_while_sites_change_places(server):
    """During builds, each answer is whole: as long as it says, and one page or the other."""
    stop, answers = threading.Event(), []

    def read():
        while not stop.wait(0.005):  # some 100 answers for each build, which needs the cores too
            answers.append(server.ask("/whats-on/", Accept_Encoding="br"))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    pages = set()
    try:
        for days in (1, 0, 2):
            today = date.today() + timedelta(days=days)
            build.build(server.settings, today=today, compress=days == 0)
            pages.add((server.settings.out / "whats-on/index.html").read_bytes())
    finally:
        stop.set()
        for reader in readers:
            reader.join()

    assert len(answers) > 10
    for status, headers, body in answers:
        assert status == 200
        assert int(headers["Content-Length"]) == len(body)
        page = brotli.decompress(body) if headers["Content-Encoding"] == "br" else body
        assert page.rstrip().endswith(b"</html>")


def test_redirects_stay_on_this_site_whatever_host_is_named(server):
    """S41: a redirect of ours holds no host: while no hosts are trusted, it would be the
    visitor's."""
    named = [*LIVE, *LIVE_PAGES, "/book/riverbank/play-monday", "/centres", "/centres/index.html"]
    asked = {way for path in named for way in (path, f"{path}/", f"/{path}", path + "//x")}
    asked |= {"//evil.example//staff", "///evil.example/", "/staff//evil.example", "/staff"}
    redirects = 0
    for path in asked:
        for host in ("evil.example", "EVIL.example:80", "evil.example:8000"):
            where = server.ask(path, Host=host)[1]["Location"] or ""
            assert not where.startswith(("//", "/\\"))
            assert not where.lower().startswith(("http://evil", "https://evil"))
            redirects += where.startswith("/")

    assert redirects > 10


def test_a_proxy_that_is_not_set_is_said_by_health(server):
    """Forwarded addresses that arrive and are not believed are said to who looks at /health."""
    _, _, body = server.ask("/health", X_Forwarded_For="192.0.2.7")

    assert b"PORTAL_PROXIES" in body


SLOW = 400 if LONG else 60  # more than the server has threads
WATCHED = 30 if LONG else 0.5  # seconds, once all are there


def test_slow_senders_and_readers_stop_nobody(server, without_a_site):
    """S27: with many that send a header or a body, or read an answer, a byte a second, from the
    first of their connections on, a page, a form and /health are answered within a second (and as
    much longer as a server without slow visitors needs on this machine at the same time)."""
    form = "/book/riverbank/play-monday"
    big = server.settings.out / "static/big.txt"
    big.write_bytes(b"x" * 4_000_000)
    longest, idle = dict.fromkeys(("/", form, "/health"), 0.0), {"/health": 0.0}
    measure(server, dict(longest))  # what only the first answer costs
    try:
        with slow.visitors(server.port, form, "/static/big.txt", SLOW) as visitors:
            until = float("inf")
            while time.monotonic() < until:
                measure(server, longest)
                measure(without_a_site, idle)
                if visitors.all_there:
                    until = min(until, time.monotonic() + WATCHED)
    finally:
        big.unlink()
    late = [path for path, took in longest.items() if took > 1 + max(idle.values())]
    figures.record(
        slow_connections=3 * SLOW,
        slowest_answer_in_ms=round(1000 * max(longest.values())),
        late=len(late),
    )

    assert late == [], (longest, idle)


def measure(server, longest):
    """Ask for each path, and keep the longest time that it took, in seconds."""
    for path in longest:
        began = time.monotonic()
        assert server.ask(path)[0] == 200
        longest[path] = max(longest[path], time.monotonic() - began)


def until(true, seconds=60):
    """Whether it becomes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.1)  # what is asked may be a process of its own each time
    return False


@pytest.fixture(scope="module")
def without_a_site(tmp_path_factory, sample_root):
    """A server of one worker that has no site to serve."""
    root = tmp_path_factory.mktemp("without")
    shutil.copytree(sample_root, root / "root")
    new_sqlite(root / "var/portal.db")
    server = Server(root, "--no-build", PORTAL_WORKERS="1")
    yield server
    server.stop()


class TestStartAndStop:
    """Starting, stopping and being killed."""

    @pytest.fixture
    def root(self, tmp_path, sample_root):
        shutil.copytree(sample_root, tmp_path / "root")
        new_sqlite(tmp_path / "var/portal.db")
        return tmp_path

    def test_it_stops_when_asked(self, root):
        """Ctrl-C ends it well, at once, with no process left and no traceback."""
        server = Server(root, "--no-build")

        status = server.stop()

        assert status == 0
        assert "Traceback" not in "".join(server.said)
        assert server.processes() == set()

    def test_it_stops_when_asked_while_it_starts(self, root):
        """A process that is asked to stop just as it has started ends without a traceback."""
        asked_at_once = """
import os, signal, uvicorn
startup = uvicorn.Server.startup
async def then_ask(server, sockets=None):
    await startup(server, sockets)
    os.kill(os.getpid(), signal.SIGTERM)
uvicorn.Server.startup = then_ask
"""
        server = Server(root, "--no-build", first=partial(exec, asked_at_once, {}))

        # The line of the log about a process that ended shows that one was asked.
        assert until(lambda: any("is being started again" in line for line in server.said))
        server.stop()

        assert "Traceback" not in "".join(server.said)
        assert server.processes() == set()

    @pytest.mark.parametrize(
        "ask",
        [
            "os.kill(os.getpid(), signal.SIGTERM)",
            "os.kill(os.getpid(), signal.SIGINT)",
            "os.killpg(0, signal.SIGINT)",  # as a terminal does
        ],
    )
    def test_it_stops_when_asked_while_it_builds(self, root, ask):
        """So does the first build, which nobody waits for any longer."""
        asked_at_once = f"""
import os, signal
from portal.server import serve
start = serve._Builds.start
def then_ask(builds):
    start(builds)
    {ask}
serve._Builds.start = then_ask
"""
        server = Server(root, first=partial(exec, asked_at_once, {}))

        assert server.stop() == 0
        assert "Traceback" not in "".join(server.said)
        assert server.processes() == set()

    def test_a_second_ctrl_c_stops_no_less(self, root):
        """The process that sends messages does not stay when somebody presses Ctrl-C twice."""
        asked_again = """
import os, signal
from portal.server.processes import Processes
stop = Processes.stop
def ask_again(processes, seconds):
    os.kill(os.getpid(), signal.SIGINT)
    stop(processes, seconds)
Processes.stop = ask_again
"""
        server = Server(root, "--no-build", first=partial(exec, asked_again, {}))

        assert server.stop() == 0
        assert server.processes() == set()

    def test_ctrl_c_in_a_terminal_starts_nothing_again(self, root):
        """There it reaches all processes, so those that answer may end before the first one."""
        asked_together = """
import os, signal
from portal.server import processes
processes._AGAIN_AFTER = 0
def ask_all(answering, seconds):
    os.killpg(0, signal.SIGINT)
    for process in answering._running:
        process.join()
wait = processes.Processes.wait
def once_it_answers(answering, seconds):
    (ask_all if seconds == 0.1 else wait)(answering, seconds)
processes.Processes.wait = once_it_answers
"""
        first = partial(exec, asked_together, {})
        server = Server(root, "--no-build", first=first, PORTAL_WORKERS="1")

        assert server.stop() == 0
        assert "started again" not in "".join(server.said)

    def test_a_process_hears_that_it_must_stop_in_its_first_moment(self, root):
        """Before it has set its own handlers. Another one is started, which answers."""
        asked_first = """
import os, signal
from multiprocessing.process import BaseProcess
run = BaseProcess.run
def ask(process):
    if process.name.endswith(":1"):
        os.kill(os.getpid(), signal.SIGTERM)
    run(process)
BaseProcess.run = ask
"""
        first = partial(exec, asked_first, {})
        server = Server(
            root, "--no-build", first=first, PORTAL_WORKERS="1", PORTAL_ROLES="web,build"
        )

        assert any("is being started again" in line for line in server.opened)
        assert server.stop() == 0

    @pytest.mark.kills
    def test_no_process_starts_after_its_server_was_killed(self, root):
        """One that was just forked could not yet ask to hear of the end of the first process."""
        killed_first = """
import os, signal, time
from multiprocessing.process import BaseProcess
run = BaseProcess.run
def kill(process):
    parent = os.getppid()
    os.kill(parent, signal.SIGKILL)
    while os.getppid() == parent:
        time.sleep(0.01)
    run(process)
BaseProcess.run = kill
"""
        first = partial(exec, killed_first, {})
        # It hears the end of what they say, so all have ended.
        server = Server(root, "--no-build", first=first, PORTAL_ROLES="web,build")

        assert server.stop() == -signal.SIGKILL
        assert server.processes() == set()

    @pytest.mark.kills
    def test_a_killed_worker_is_replaced(self, root):
        """When a worker dies, another answers within seconds (S60)."""
        server = Server(root, "--no-build")
        try:
            (worker,) = server.answering()
            os.kill(worker, signal.SIGKILL)

            assert until(lambda: server.answering() - {worker} and self.answers(server))
        finally:
            server.stop()

    @pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="Cores are given on Linux.")
    def test_each_worker_has_a_core_of_its_own(self, root, without_a_site):
        """So has the one that comes in place of one that died; without one for each, they roam."""
        every = sorted(os.sched_getaffinity(0))
        two = every[:2]
        if len(two) < 2:
            pytest.skip("This machine has one core.")
        first = partial(os.sched_setaffinity, 0, two)
        server = Server(root, "--no-build", first=first, PORTAL_WORKERS="2")

        def cores(of):
            return sorted(sorted(all_threads(worker)) for worker in of.answering())

        def all_threads(process):
            found = set()
            with suppress(
                ProcessLookupError, FileNotFoundError
            ):  # a thread, or all, ends meanwhile
                for thread in Path(f"/proc/{process}/task").iterdir():
                    found |= os.sched_getaffinity(int(thread.name))
            return found

        try:
            assert until(lambda: cores(server) == [[core] for core in two])
            killed = max(server.answering())
            os.kill(killed, signal.SIGKILL)
            assert until(lambda: killed not in server.processes())
            assert until(lambda: cores(server) == [[core] for core in two])
            assert cores(without_a_site) == [every]
        finally:
            server.stop()

    @pytest.mark.kills
    def test_a_killed_process_of_messages_is_replaced(self, root):
        """Messages and lapses go on: when their process dies, another one takes its place."""
        soon = "from portal.server import serve; serve._CHECK_EVERY = 0.1"
        server = Server(root, "--no-build", first=partial(exec, soon, {}))
        try:
            assert until(server.sending)
            (first,) = server.sending()
            os.kill(first, signal.SIGKILL)

            assert until(lambda: server.sending() - {first})
        finally:
            server.stop()
        assert until(lambda: not server.sending())

    @pytest.mark.kills
    def test_no_worker_outlives_a_killed_server(self, root):
        """A server that was killed leaves nobody who answers or sends in its place."""
        server = Server(root, "--no-build")

        server.process.kill()
        server.stop()

        assert until(lambda: server.processes() == set())

    def answers(self, server):
        try:
            return server.ask("/")[0]
        except OSError:
            return None

    def test_without_a_site_it_says_so(self, without_a_site):
        """Before the first build, pages say that the site is being built; health answers."""
        status, headers, body = without_a_site.ask("/centres/")

        assert status == 503
        assert b"The site is being built" in body
        assert headers["Retry-After"]
        assert headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
        assert without_a_site.ask("/health")[0] == 200

    def test_a_port_that_is_taken_is_said(self, root):
        """Two servers never share a port: the second says what to do."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            found = processes.portal("serve", "--port", str(port), cwd=root, env=dict(os.environ))

        assert found.returncode == 1
        assert f"Port {port}" in found.stderr
        assert "--port" in found.stderr

    def test_mistakes_do_not_take_the_site_down(self, root):
        """With a site from before, it is served; without one, the mistakes are all there is."""
        centre = root / "root/centres/preston/riverbank/index.md"
        words = centre.read_text()
        centre.write_text(words.replace("district:", "distrct:"))
        first = Server(root)
        assert first.stop() == 1
        centre.write_text(words)
        build.build(first.settings, today=date.today())
        centre.write_text(words.replace("district:", "distrct:"))

        server = Server(root)
        try:
            assert any("riverbank/index.md:" in line for line in first.said)
            assert any("riverbank/index.md:" in line for line in server.said)
            assert server.ask("/")[0] == 200
        finally:
            server.stop()


@pytest.fixture(scope="module")
def built_once(tmp_path_factory, sample_root):
    """The settings of a site that is built and served by nobody: copy it."""
    folder = tmp_path_factory.mktemp("built")
    settings = load_settings(root=sample_root, out=folder / "build", var=folder / "var")
    build.build(settings, today=date.today())
    return settings


class TestInProcess:
    """What a request from outside cannot show."""

    @pytest.fixture
    def built(self, built_once, tmp_path):
        out = shutil.copytree(built_once.out, tmp_path / "build")
        return built_once.model_copy(update={"out": out, "var": tmp_path / "var"})

    def test_content_that_was_wrong_at_the_start_is_read_again(self, built, tmp_path, monkeypatch):
        """Once it is mended the live pages answer, without a build or a restart."""
        monkeypatch.setattr("portal.server.published._TRY_EVERY", 0.1)
        root = shutil.copytree(built.root, tmp_path / "root")
        centre = root / "centres/preston/riverbank/index.md"
        words = centre.read_text()
        centre.write_text(words.replace("district:", "distrct:"))
        client = Client(create_app(built.model_copy(update={"root": root})))
        assert client.get("/gap").status_code == 503

        centre.write_text(words)

        assert until(lambda: client.get("/gap").status_code == 200)

    def test_browsers_are_told_to_stay_on_https(self, built):
        """Over https alone, every answer says so for a year."""
        client = Client(create_app(built))

        for path in ("/", "/gap", "/nowhere"):
            secure = client.get(path, base_url="https://families.example").headers
            assert secure["Strict-Transport-Security"].startswith("max-age=31536000")
            assert "Strict-Transport-Security" not in client.get(path).headers

    def test_only_known_hosts_are_answered(self, built):
        """With hosts named, another name gets 400 from both parts (S41)."""
        settings = built.model_copy(update={"trusted_hosts": ("families.example",)})
        client = Client(create_app(settings))

        for path in ("/", "/gap"):
            known = client.get(path, base_url="https://families.example")
            other = client.get(path, base_url="https://evil.example")
            assert (known.status_code, other.status_code) == (200, 400)
            assert "evil" not in other.text
            assert other.headers["X-Content-Type-Options"] == "nosniff"

    def test_a_fault_beside_the_pages_is_calm_too(self, built, caplog):
        """Even where no page was reached, the answer is a page with the usual headers."""
        client = Client(create_app(built))
        (built.out / "index.html").unlink()
        (built.out / "index.html").symlink_to("index.html")  # a file that cannot be opened

        answer = client.get("/")

        assert answer.status_code == 500
        assert "something went wrong" in answer.text
        assert answer.headers["Content-Security-Policy"]
        assert "Fault outside of any page: OSError" in caplog.text
        assert str(built.out) not in caplog.text


def test_nothing_that_every_request_needs_is_read_in_while_workers_are_forked():
    """A worker that was forked in the middle of it failed at every live page, for good."""
    asked = "import portal.wsgi, sys; print('encodings.idna' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert said.stdout == "True\n"


def test_a_page_that_reads_the_whole_content_keeps_nobody_waiting(tmp_path, sample_root):
    """It neither waits for the turn of the other pages nor holds it."""
    (tmp_path / "build").mkdir()
    write_marker(tmp_path / "build", date(2026, 11, 23), "", {})
    app = create_app(load_settings(root=sample_root, out=tmp_path / "build", var=tmp_path / "var"))
    app._queue = None  # a page that asks it for a turn answers 500
    statuses = {path: Client(app).get(path).status_code for path in _reading_all()}

    assert statuses == dict.fromkeys(statuses, 403)  # they ask to come by https


def _reading_all() -> set[str]:
    """How the addresses of staff pages begin that check an edit against the whole content."""
    reads = (publishing, date_publishing.go_on, write_checked, effects_of)
    rules = set()
    for view, route in access.routes.items():
        names = vars(sys.modules[view.__module__]).values()
        if any(one is read for one in names for read in reads):
            rules.add(route.rule.partition("<")[0])
    assert {"/staff/content/", "/staff/change/", "/staff/closed/", "/staff/week/"} <= rules
    return rules - {"/staff/weeks/"}  # closes a report, and reads no content
