"""Answers live requests one at a time in each process, in order of arrival."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class RequestQueue:
    """Answers live requests one at a time in each process, in order of arrival.

    The threads of a process share one interpreter. Two threads working at once only compete for
    it, while the one that holds the database lock keeps all the others waiting: a booking then
    costs nearly twice the processor time. A request that has waited `max_wait` seconds goes ahead
    anyway: the request in front must be waiting for something slow, and files of the site and
    other pages should not wait with it.
    """

    def __init__(self, max_wait: float) -> None:
        self._max_wait = max_wait
        self._guard = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and keep it for as long as the `with` lasts."""
        acquired = self._acquire()
        try:
            yield
        finally:
            if acquired:
                self._release()

    @property
    def free(self) -> bool:
        """Whether no request has the turn."""
        return not self._taken

    def _acquire(self) -> bool:
        """Wait for the turn; False if it did not come within `max_wait`."""
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            ticket = threading.Lock()
            ticket.acquire()
            self._waiting.append(ticket)
        if ticket.acquire(timeout=self._max_wait):
            return True
        with self._guard:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                return False
        return True  # the turn came just after the wait ended

    def _release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False
