"""`portal serve`: runs the production server, with site builds and the worker beside it."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from multiprocessing.context import ForkProcess
from types import FrameType
from typing import Any

from portal.directory.values import LONDON
from portal.editing import build_requests
from portal.errors import PortalError
from portal.server.app import create_app
from portal.server.processes import Processes, fork
from portal.server.worker import Watch
from portal.settings import Settings
from portal.web.site.build_state import MARKER

log = logging.getLogger(__name__)

# Threads that answer. Live pages cannot take those of files and of `/health`.
_THREADS = {"live": 28, "files": 4, "health": 1}
_CHECK_EVERY = 10  # seconds between checks of builds and worker: one that fails must not spin
_ROUND_EVERY = 5  # seconds between the worker's rounds
_GRACE = 5  # seconds that open requests have to finish when the server stops
_BACKLOG = 1024  # connections that wait to be accepted
_ACCEPTED_AT_ONCE = 32  # of them, before others are answered


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
    listening = _bound(settings.host, settings.port)
    builds = _Builds(settings) if build and "build" in settings.roles else None
    worker = _Worker(settings, listening) if "post" in settings.roles else None
    answering = Processes(settings.workers, partial(_answer, settings, listening))
    # From before the first build until all has stopped. Otherwise a SIGTERM would leave the build
    # running, and a second Ctrl-C would leave the process that sends messages.
    with _until_asked_to_stop() as stopping:
        try:
            _finish_publishing(settings)
            if builds:
                builds.start()
            # While it builds, import what the server's processes share, before they are forked.
            from portal.server import connections, reading  # noqa: F401

            if builds and not builds.succeeded(stopping) and not stopping():
                if not (settings.out / MARKER).is_file():
                    raise PortalError(
                        "There is no site to serve yet. Correct the content and start again."
                    )
                say("The build failed. The last site that was built is served.")
            if not stopping():
                _keep_serving(settings, builds, worker, answering, stopping, say)
        finally:
            answering.stop(_GRACE + 1)
            if builds:
                builds.stop()
            if worker:
                worker.stop()


def _keep_serving(
    settings: Settings,
    builds: _Builds | None,
    worker: _Worker | None,
    answering: Processes,
    stopping: Callable[[], bool],
    say: Callable[[str], None],
) -> None:
    """Start the processes, and those that ended again, and build when it is time."""
    if worker:
        worker.keep_running()
    answering.keep_running()
    address = _first_answer(settings, answering, stopping)
    if not stopping():
        say(f"Open {address}")
    checked, tried = time.monotonic(), datetime.now(LONDON).date()
    while not stopping():
        answering.wait(0.1)
        if stopping():
            break  # Ctrl-C reaches the other processes too: one that ended was asked as well
        answering.keep_running()
        if builds:
            builds.answer_request()
        if time.monotonic() - checked < _CHECK_EVERY:
            continue
        checked = time.monotonic()
        if worker:
            worker.keep_running()
        today = datetime.now(LONDON).date()
        if builds and today != tried and not builds.running:
            tried = today
            builds.start()


def _finish_publishing(settings: Settings) -> None:
    """Make the edits, or undo them, that a killed server was publishing."""
    folder = settings.var / "publishing"
    if not [*folder.glob("*.json"), *folder.glob("trial-*")]:
        return  # nothing was left; the import would hold up the first build
    from portal.editing import publishing

    try:
        publishing.recover(settings)
    except PortalError as error:
        log.error("%s", error)


def _answer(settings: Settings, listening: socket.socket) -> None:
    """In a process of the server: answer requests until SIGTERM."""
    import uvicorn

    from portal.server.connections import Connection, Connections
    from portal.server.reading import Reading

    connections = Connections(settings.connections_per_network, settings.proxies)
    protocol: Any = partial(Connection, connections)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            # Asyncio takes one number for both: how many may wait, and how many it accepts at once.
            # Here, because a server that is asked to stop closes the socket right after it started.
            listening.listen(_BACKLOG)

    server = Server(
        uvicorn.Config(
            Reading(create_app(settings, after_reading=_spare_collections), _THREADS),
            loop="asyncio",
            http=protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level=logging.CRITICAL,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=_ACCEPTED_AT_ONCE,
            timeout_graceful_shutdown=_GRACE,
        )
    )

    async def run() -> None:
        watching = asyncio.create_task(connections.watch())
        await server.serve(sockets=[listening])
        watching.cancel()

    asyncio.run(run())


def _spare_collections() -> None:
    """Leave what lives as long as the content out of later garbage collections.

    To look through all of it takes a fifth of a second, in which nobody is answered.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


@contextmanager
def _until_asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Take Ctrl-C and SIGTERM as a wish to stop; gives a function that says whether one came."""
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _first_answer(settings: Settings, answering: Processes, stopping: Callable[[], bool]) -> str:
    """Wait until the server takes connections; the address to open."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    while not stopping():
        try:
            socket.create_connection((host, settings.port), 1).close()
        except OSError:
            answering.wait(0.02)
            if not stopping():
                answering.keep_running()
            continue
        break
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{settings.port}/"


class _Builds:
    """Builds the site in a separate process, so that a bad build cannot harm the server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._answered: object = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start a build, which writes to our standard output."""
        given = self._settings.model_dump(
            mode="json", include={"root", "out", "var", "base_address", "horizon_weeks"}
        )
        environ = os.environ | {
            f"PORTAL_{n.upper()}": str(v) for n, v in given.items() if v is not None
        }
        command = [sys.executable, "-m", "portal", "build", "--compress"]
        self._process = subprocess.Popen(command, env=environ)  # noqa: S603

    def answer_request(self) -> None:
        """Build if somebody has asked for it, as soon as no other build is running.

        A build takes the request itself. One that ended before it could is not started again.
        """
        var = self._settings.var
        request = build_requests.asked(var)
        if request is None or self.running:
            return
        if request == self._answered:
            build_requests.give_up(var)
            return
        self._answered = request
        self.start()

    def succeeded(self, stopping: Callable[[], bool]) -> bool:
        """Wait for the build to end, or until `stopping`; whether it succeeded."""
        while self.running and not stopping():
            time.sleep(0.02)
        return self._process is not None and self._process.poll() == 0

    def stop(self) -> None:
        if self._process and self.running:
            self._process.terminate()
            self._process.wait()


class _Worker:
    """The process that sends messages and moves bookings on; started again when it ends.

    It is forked, because a new interpreter would import all that this process has imported.
    """

    def __init__(self, settings: Settings, listening: socket.socket) -> None:
        self._work = partial(_send_messages, settings, listening, os.getpid())
        self._process: ForkProcess | None = None

    def keep_running(self) -> None:
        """Start the worker if it is not running."""
        if self._process and self._process.is_alive():
            return
        if self._process:
            log.error("The process that sends messages ended. It is being started again.")
        self._process = fork("portal-messages", self._work)

    def stop(self) -> None:
        """Stop the worker for good, when it has sent the message that it is sending."""
        if self._process:
            self._process.terminate()
            self._process.join()


def _send_messages(settings: Settings, listening: socket.socket, server: int) -> None:
    """In the process of the worker: run rounds until SIGTERM, or until the server has ended."""
    listening.close()  # else the port stays taken while the last message of a dead server is sent
    watch = Watch(settings, now=lambda: datetime.now(UTC))
    watch.go_on(_ROUND_EVERY, beside=server)


def _bound(host: str, port: int) -> socket.socket:
    """A socket that has the port. On `::` it takes IPv4 visitors too."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once (TCP_NODELAY) only where the protocol is named.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if host == "::":
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise PortalError(
            f"Port {port} of {host} cannot be used: {error.strerror}. "
            "Stop the program that uses it, or choose another with --port."
        ) from error
    return bound
