"""`portal serve`: site and live pages by a production server, with builds and rounds beside it.

Each worker process has a core of its own where there is one for each.
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


_BEHIND = 5  # how far post yields the processor to answers, in steps of `nice`


_LOOK_AFTER = 10  # seconds between two looks after builds and post: what cannot start must not spin


_GRACE = 5  # seconds that open answers have when the server stops


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
