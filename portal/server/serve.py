"""`portal serve`: runs the production server, with site builds and the worker beside it.

Each server process is pinned to a core of its own if there are as many cores as processes.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from portal.directory.values import LONDON
from portal.errors import PortalError
from portal.server.app import create_app
from portal.settings import Settings
from portal.web.site.build_state import MARKER

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger(__name__)

_THREADS = 32
_NICE = 5  # the worker's `nice` value: answers to families have priority over messages
_CHECK_EVERY = 10  # seconds between checks of builds and worker: one that fails must not spin
_GRACE = 5  # seconds that open requests have to finish when the server stops


def serve(settings: Settings, *, build: bool, say: Callable[[str], None]) -> None:
    """Serve the portal until interrupted; with `build`, build it now and after every midnight.

    `settings.roles` may leave out building, and the process that sends messages.
    Raises PortalError if it cannot start.
    """
    if "web" not in settings.roles:
        raise PortalError(
            "PORTAL_ROLES leaves out web, so there is nothing to serve here. "
            "`portal messages send --watch` sends messages, `portal build` builds."
        )
    _check_free(settings.host, settings.port)
    builds = _Builds(settings) if build and "build" in settings.roles else None
    if builds:
        builds.start()
    # While it builds, import what the server's processes share, before they are forked.
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server import Server

    if builds and not builds.succeeded():
        if not (settings.out / MARKER).is_file():
            raise PortalError("There is no site to serve yet. Correct the content and start again.")
        say("The build failed. The last site that was built is served.")
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
    worker = _Worker(settings) if "post" in settings.roles else None
    if worker:
        worker.keep_running()
    server.on_startup(
        threading.Thread(
            target=_supervise, args=(settings, builds, worker, stopping, say), daemon=True
        ).start
    )
    try:
        loader = partial(_load_app, settings, _Cores(settings.workers))
        server.serve(target_loader=loader, wrap_loader=False)
    finally:
        stopping.set()
        if builds:
            builds.stop()
        if worker:
            worker.stop()


def _load_app(settings: Settings, cores: _Cores) -> WSGIApplication:
    if sys.platform == "linux":
        # A server process must not outlive the first process: it would go on answering.
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    cores.pin()
    return create_app(settings)


class _Cores:
    """Pins each server process to a core of its own, if there are as many cores as processes.

    The threads of a process hand one interpreter to each other. Unpinned, each thread wakes on
    whichever core is idle and waits there for the thread on the other core: two processes on two
    cores made a third fewer bookings a second that way. With cores to spare nothing is pinned: the
    operating system chooses better, because it sees what else the machine is doing.
    """

    def __init__(self, workers: int) -> None:
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self._cores = cores if len(cores) == workers else []
        # The process that holds each core, or 0. Written by the server processes.
        self._holders = multiprocessing.Array("i", len(self._cores))

    def pin(self) -> None:
        """Pin this process to a core that is unused, or whose process has ended."""
        with self._holders.get_lock():
            for number, core in enumerate(self._cores):
                if not _is_alive(self._holders[number]):
                    self._holders[number] = os.getpid()
                    os.sched_setaffinity(0, {core})
                    return


def _is_alive(process: int) -> bool:
    if not process:
        return False
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True


def _supervise(
    settings: Settings,
    builds: _Builds | None,
    worker: _Worker | None,
    stopping: threading.Event,
    say: Callable[[str], None],
) -> None:
    """In the first process: say when the server answers, keep the worker running, build daily."""
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
    while not stopping.wait(_CHECK_EVERY):
        if worker:
            worker.keep_running()
        today = datetime.now(LONDON).date()
        if builds and today != tried and not builds.running:
            tried = today
            builds.start()


class _Builds:
    """Builds the site in a separate process, so that a bad build cannot harm the server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start a build, which writes to our standard output."""
        self._process = _child(self._settings, "build", "--compress")

    def succeeded(self) -> bool:
        """Wait for the build to end; whether it succeeded."""
        return self._process is not None and self._process.wait() == 0

    def stop(self) -> None:
        if self._process and self.running:
            self._process.terminate()
            self._process.wait()


class _Worker:
    """The process that sends messages and moves bookings on; started again when it ends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._changing = threading.Lock()

    def keep_running(self) -> None:
        """Start the worker if it is not running."""
        with self._changing:
            if self._stopped or (self._process and self._process.poll() is None):
                return
            if self._process:
                log.error("The process that sends messages ended. It is being started again.")
            self._process = _child(
                self._settings, "messages", "send", "--watch", "--beside", str(os.getpid())
            )
            # Families waiting for an answer come first: a letter costs more than a booking.
            os.setpriority(os.PRIO_PROCESS, self._process.pid, _NICE)

    def stop(self) -> None:
        """Stop the worker for good."""
        with self._changing:
            self._stopped = True
            if self._process:
                self._process.terminate()
                self._process.wait()


def _child(settings: Settings, *words: str) -> subprocess.Popen[bytes]:
    """Run a portal command in a separate process that writes to our standard output."""
    given = settings.model_dump(
        mode="json", include={"root", "out", "var", "base_address", "horizon_weeks"}
    )
    environ = os.environ | {
        f"PORTAL_{n.upper()}": str(v) for n, v in given.items() if v is not None
    }
    return subprocess.Popen([sys.executable, "-m", "portal", *words], env=environ)  # noqa: S603


def _check_free(host: str, port: int) -> None:
    # Granian opens its port for sharing: two servers would both start and take requests at random.
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
