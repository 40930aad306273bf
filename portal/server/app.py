"""The portal for a WSGI server: the frozen site in front, the live pages and the staff behind it.

`create_app()` is what any WSGI server takes; `serve` runs it by Granian, which carries slow readers
without holding a Python thread for each, and stops cleanly. Where no site has been built yet, every
page says so, calmly.

The live pages use the directory that the published site was made of. When another site takes its
place, the content is read again, aside, while the last directory still answers; content that has
become wrong since changes nothing.
"""

from __future__ import annotations

import codecs
import logging
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response
from werkzeug.wsgi import get_host

from portal import content, errors
from portal.directory import Directory
from portal.directory.values import LONDON
from portal.errors import PortalError
from portal.settings import Settings, load_settings
from portal.web.frozen_files import Files
from portal.web.headers import HEADERS, STRICT_TRANSPORT
from portal.web.live.app import create_desk, plain_page
from portal.web.site.build_state import MARKER, published_day
from portal.web.staff.screens import create_staff

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

# Each request asks for this codec, and so does whoever opens a connection. Python reads it in when
# it is first asked for; a worker that is forked while a thread does so keeps half of it for ever,
# and every live page of that worker fails with "unknown encoding: idna".
codecs.lookup("idna")

_LOOK_EVERY = 1.0  # seconds between two looks for a new site
_TRY_EVERY = 5.0  # seconds between two readings while there is nothing to answer with
_FIRST_READING = 10.0  # seconds that a visitor waits for the content to be read at the start
_THREADS = 32
_BEHIND = 5  # how far post yields the processor to answers, in steps of `nice`
_LOOK_AFTER = 10  # seconds between two looks after builds and post: what cannot start must not spin
_GRACE = 5  # seconds that open answers have when the server stops
_PATIENCE = 0.5  # seconds that a live answer waits for those before it


def create_app(settings: Settings | None = None) -> WSGIApplication:
    """The whole portal as one WSGI application; its settings are the environment's by default."""
    settings = settings or load_settings()
    published = Published(settings)
    published.start()
    return behind_proxies(Portal(settings, published), settings.proxies)


def behind_proxies(app: WSGIApplication, proxies: int) -> WSGIApplication:
    """The application as it is behind so many proxies of our own, whose word is believed.

    They say who asks and whether by https. Without them, anybody could say so.
    """
    return ProxyFix(app, x_for=proxies, x_proto=proxies) if proxies else app


class Portal:
    """Files of the site first, then live pages; the same headers on all, and no answer without."""

    def __init__(self, settings: Settings, published: Published) -> None:
        self._hosts = settings.trusted_hosts
        self._marker = settings.out / MARKER
        self._files = Files(settings.out)
        self._published = published
        self._desk = create_desk(published, settings)
        self._staff = create_staff(published, settings, beside=self._desk.extensions["live"])
        self._turns = Turns(_PATIENCE)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start = _with_headers(environ, start)
        try:
            return self._answer(environ, start)
        except Exception as error:
            log.error("Fault outside of any page: %s", errors.told(error))
            return _page(environ, start, 500, "Sorry, something went wrong", _ONCE_MORE)

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if self._hosts:
            try:
                get_host(environ, self._hosts)
            except SecurityError:
                return _page(environ, start, 400, "We do not know this address", _ONCE_MORE)
        found = self._files(environ, start)
        if found is not None:
            return found
        if not self._marker.exists() and environ["PATH_INFO"] != "/health":
            # Where a system cannot swap two folders in one step, there is none for a moment.
            time.sleep(0.05)
            found = self._files(environ, start)
            if found is not None:
                return found
            if not self._marker.exists():
                return _page(environ, start, 503, "The site is being built", _IN_A_MINUTE)
        self._published.wait(_FIRST_READING)
        live = self._staff if f"{environ['PATH_INFO']}/".startswith("/staff/") else self._desk
        with self._turns.one():
            return live(environ, start)


class Turns:
    """Live answers are made one after another in each process, in the order in which they came.

    The threads of a process share one interpreter. Two that work at once only take it from each
    other, and the one that holds the database keeps all others waiting meanwhile: a booking then
    costs nearly twice the processor's time. Who has been patient for so many seconds goes on all
    the same: whoever is before it must be waiting for something slow, and files of the site and
    other pages shall not wait with it.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._guard = threading.Lock()
        self._taken = False
        self._queue: deque[threading.Lock] = deque()

    @contextmanager
    def one(self) -> Iterator[None]:
        """One turn, for as long as the `with` lasts."""
        mine = self._come()
        try:
            yield
        finally:
            if mine:
                self._pass_on()

    @property
    def free(self) -> bool:
        """Whether nobody has the turn."""
        return not self._taken

    def _come(self) -> bool:
        """Wait for the turn; False where it did not come in time."""
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            waiting = threading.Lock()
            waiting.acquire()
            self._queue.append(waiting)
        if waiting.acquire(timeout=self._patience):
            return True
        with self._guard:
            if waiting in self._queue:
                self._queue.remove(waiting)
                return False
        return True  # it came at the last moment

    def _pass_on(self) -> None:
        with self._guard:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._taken = False


_IN_A_MINUTE = "It will be here in a minute."
_ONCE_MORE = "Go back to the page you came from, and try again."


def _page(
    environ: WSGIEnvironment, start: StartResponse, status: int, title: str, words: str
) -> Iterable[bytes]:
    answer = Response(plain_page(title, words), status, content_type="text/html; charset=utf-8")
    if status == 503:
        answer.retry_after = 5
    return answer(environ, start)


def _with_headers(environ: WSGIEnvironment, start: StartResponse) -> StartResponse:
    def starting(
        status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        given = {name.lower() for name, _ in headers}
        extra = {**HEADERS, "Cache-Control": "no-store", "Server": "portal"}
        if environ["wsgi.url_scheme"] == "https":
            extra["Strict-Transport-Security"] = STRICT_TRANSPORT
        headers = [*headers, *((n, v) for n, v in extra.items() if n.lower() not in given)]
        return start(status, headers, exc_info) if exc_info else start(status, headers)

    return starting


class Published:
    """The directory of the site that is published now."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._directory: Directory | None = None
        self._made_of: tuple[int, int] | None = None
        self._looked = 0.0
        self._tried = 0.0
        self._read_once = threading.Event()
        self._reading = threading.Lock()

    def __call__(self) -> Directory | None:
        """The directory, or None while there is none. Quick: reading happens aside."""
        if time.monotonic() - self._looked > _LOOK_EVERY:
            self._looked = time.monotonic()
            if self._marker() != self._made_of or self._must_try_again():
                self.start()
        return self._directory

    def start(self) -> None:
        """Read the content, aside."""
        threading.Thread(target=self.renew, name="reading content", daemon=True).start()

    def wait(self, seconds: float) -> None:
        """Wait until the content has been read for the first time, well or not."""
        self._read_once.wait(seconds)

    def renew(self) -> None:
        """Read the content, if it is not being read already. On mistakes, keep what there is."""
        if not self._reading.acquire(blocking=False):
            return
        try:
            self._made_of, self._tried = self._marker(), time.monotonic()
            today = published_day(self._settings.out) or datetime.now(LONDON).date()
            weeks = self._settings.horizon_weeks
            self._directory = content.load(
                self._settings.root,
                today=today,
                horizon_weeks=weeks,
                postcodes=self._settings.postcodes,
            )
        except PortalError:
            log.error("The content has mistakes: `portal check` lists them. Live pages stay as is.")
        except Exception:
            log.exception("The content could not be read. Live pages stay as they are.")
        finally:
            self._reading.release()
            self._read_once.set()

    def _must_try_again(self) -> bool:
        """Whether nothing could be read yet, and the content may have been mended meanwhile."""
        return self._directory is None and time.monotonic() - self._tried > _TRY_EVERY

    def _marker(self) -> tuple[int, int] | None:
        try:
            stat = (self._settings.out / MARKER).stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_mtime_ns


# --- serving --------------------------------------------------------------------------------------


def serve(settings: Settings, *, build: bool, say: Callable[[str], None]) -> None:
    """Serve the portal until interrupted; with `build`, build it now and after every midnight.

    Raises PortalError where it cannot start.
    """
    _check_free(settings.host, settings.port)
    first = _Builds(settings) if build else None
    if first:
        first.begin()
    # Meanwhile: what the server's processes share is imported once, before they are forked.
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server import Server

    if first and not first.ended_well():
        if not (settings.out / MARKER).is_file():
            raise PortalError("There is no site to serve yet. Mend the content, and start again.")
        say("The site as it was last built is served.")
    server = Server(
        "portal.wsgi",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=_THREADS,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        websockets=False,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=_GRACE,
    )
    stopping = threading.Event()
    rounds = _Rounds(settings)
    rounds.keep()
    server.on_startup(
        threading.Thread(
            target=_beside, args=(settings, first, rounds, stopping, say), daemon=True
        ).start
    )
    try:
        loader = partial(_in_worker, settings, _Cores(settings.workers))
        server.serve(target_loader=loader, wrap_loader=False)
    finally:
        stopping.set()
        if first:
            first.end()
        rounds.end()


def _in_worker(settings: Settings, cores: _Cores) -> WSGIApplication:
    if sys.platform == "linux":
        # A worker whose server was killed must not go on answering in its place.
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    cores.settle()
    return create_app(settings)


class _Cores:
    """A core of its own for each worker, where there is one worker for each core.

    A worker's threads hand one interpreter to each other. Where they may roam, each wakes on the
    core that is idle at that moment, and waits there for what the other core still holds: two
    workers on two cores made a third fewer bookings a second so. With cores to spare they roam: to
    choose among those is the system's business, which sees what else the machine does.
    """

    def __init__(self, workers: int) -> None:
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self._cores = cores if len(cores) == workers else []
        # By core, which process has it; 0 for none. Written by the workers.
        self._holders = multiprocessing.Array("i", len(self._cores))

    def settle(self) -> None:
        """Give this process the core of a worker that is gone, or one that none has had."""
        with self._holders.get_lock():
            for number, core in enumerate(self._cores):
                if not _lives(self._holders[number]):
                    self._holders[number] = os.getpid()
                    os.sched_setaffinity(0, {core})
                    return


def _lives(process: int) -> bool:
    if not process:
        return False
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True


def _beside(
    settings: Settings,
    builds: _Builds | None,
    rounds: _Rounds,
    stopping: threading.Event,
    say: Callable[[str], None],
) -> None:
    """What the first process does while its workers answer."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    while not stopping.wait(0.02):
        try:
            socket.create_connection((host, settings.port), 1).close()
        except OSError:
            continue
        break
    shown = f"[{host}]" if ":" in host else host
    say(f"Open http://{shown}:{settings.port}/")
    tried = datetime.now(LONDON).date()
    while not stopping.wait(_LOOK_AFTER):
        rounds.keep()
        today = datetime.now(LONDON).date()
        if builds and today != tried and not builds.running:
            tried = today
            builds.begin()


class _Builds:
    """Builds in a process of their own, so that a fault or a long one cannot touch the server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def begin(self) -> None:
        """Start a build; what it says goes where we say things."""
        self._process = _child(self._settings, "build", "--compress")

    def ended_well(self) -> bool:
        """Wait for its end."""
        return self._process is not None and self._process.wait() == 0

    def end(self) -> None:
        if self._process and self.running:
            self._process.terminate()
            self._process.wait()


class _Rounds:
    """Post and the clock of bookings, in a process of their own that is replaced when it ends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._over = False
        self._changing = threading.Lock()

    def keep(self) -> None:
        """Start it, where it does not run."""
        with self._changing:
            if self._over or (self._process and self._process.poll() is None):
                return
            if self._process:
                log.error("The process that sends messages ended. Another one is started.")
            self._process = _child(
                self._settings, "messages", "send", "--watch", "--beside", str(os.getpid())
            )
            # Families who wait for an answer come first: a letter costs more than a booking.
            os.setpriority(os.PRIO_PROCESS, self._process.pid, _BEHIND)

    def end(self) -> None:
        """End it for good."""
        with self._changing:
            self._over = True
            if self._process:
                self._process.terminate()
                self._process.wait()


def _child(settings: Settings, *words: str) -> subprocess.Popen[bytes]:
    """A command of ours in a process of its own; what it says goes where we say things."""
    given = settings.model_dump(
        mode="json", include={"root", "out", "var", "base_address", "horizon_weeks"}
    )
    environ = os.environ | {
        f"PORTAL_{n.upper()}": str(v) for n, v in given.items() if v is not None
    }
    return subprocess.Popen([sys.executable, "-m", "portal", *words], env=environ)  # noqa: S603


def _check_free(host: str, port: int) -> None:
    # Granian shares its port with whoever asks: two servers would answer in turn.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortalError(
                f"Port {port} of {host} cannot be used: {error.strerror}. "
                "Stop the program that uses it, or choose another with --port."
            ) from error
