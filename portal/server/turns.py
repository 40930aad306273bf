"""Live answers one after another in each process, in the order of their coming."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


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
