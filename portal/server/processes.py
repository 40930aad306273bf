"""The server's processes: forked from one that answers nothing itself, and replaced when they end.

Each is pinned to a core of its own if there are as many cores as processes. Their threads hand one
interpreter to each other: unpinned, each thread wakes on whichever core is idle and waits there for
the thread on the other core, and two processes on two cores made a third fewer bookings a second.
With cores to spare nothing is pinned: the operating system chooses better, because it sees what
else the machine is doing.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess

log = logging.getLogger(__name__)

_AGAIN_AFTER = 1.0  # seconds from one start of a process to the next: one that fails must not spin
_ASKING = (signal.SIGINT, signal.SIGTERM)  # the signals that ask a process to stop


class Processes:
    """So many processes that do the same work."""

    def __init__(self, number: int, work: Callable[[], None]) -> None:
        self._work = work
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self._cores = cores if len(cores) == number else [None] * number
        self._running: list[ForkProcess | None] = [None] * number
        self._started = [0.0] * number

    def keep_running(self) -> None:
        """Start those that do not run."""
        for place, process in enumerate(self._running):
            now = time.monotonic()
            if (process and process.is_alive()) or now - self._started[place] < _AGAIN_AFTER:
                continue
            if process:
                log.error("A process of the server ended. It is being started again.")
            started = fork("portal-answers", partial(_on_core, self._cores[place], self._work))
            self._running[place], self._started[place] = started, now

    def wait(self, seconds: float) -> None:
        """Wait until one of them ends, or so long."""
        running = [one.sentinel for one in self._running if one and one.is_alive()]
        if running:
            wait(running, seconds)
        else:
            time.sleep(seconds)

    def stop(self, seconds: float) -> None:
        """Ask all to stop, and end those that have not after so many seconds."""
        running = [one for one in self._running if one]
        for process in running:
            process.terminate()
        until = time.monotonic() + seconds
        for process in running:
            process.join(max(0, until - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()


def _on_core(core: int | None, work: Callable[[], None]) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})
    work()


def fork(name: str, work: Callable[[], None]) -> ForkProcess:
    """Start `work` in a process forked from this one, which SIGTERM ends from its first moment on.

    It ends with this one, too. `ps -o comm` shows its `name`, of up to 15 bytes.
    """
    process = multiprocessing.get_context("fork").Process(
        target=_begin, args=(name, os.getpid(), work)
    )
    # The new process has our handlers until it sets its own. They would only note a SIGTERM.
    held = signal.pthread_sigmask(signal.SIG_BLOCK, _ASKING)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
    return process


def _begin(name: str, parent: int, work: Callable[[], None]) -> None:
    """In the new process: set it up, and work."""
    # Ctrl-C reaches every process of a terminal; the first one says when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ASKING)
    if sys.platform == "linux":
        import ctypes

        prctl = ctypes.CDLL(None).prctl
        # It must not outlive the first process: it would go on answering.
        prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        prctl(15, name.encode())  # PR_SET_NAME
    if os.getppid() != parent:
        return  # the first process ended before we could ask to hear of it
    work()
