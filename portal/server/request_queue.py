"""Answers live requests one at a time in each process, in order of arrival.

What they write is committed together: a request that has come to its transaction lets
those behind it come to theirs, and one of them then does all of them in one commit. Where nobody
waits behind it, a request does its own at once. So many families who press at once share the time
that the disk takes, which each commit would take again.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from portal.database.engine import Part, commit, committed_by

_MOST_PASSED = 15  # requests that may come before a transaction that waits for them


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
        # Those whose transaction waits for others, and how many have come before them since.
        self._aside: dict[threading.Lock, Part] = {}
        self._passed = 0
        self._done: deque[threading.Lock] = deque()  # whose transaction another one has done
        self._own = threading.local()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and keep it for as long as the `with` lasts."""
        self._own.turn = self._acquire()
        try:
            with committed_by(self._together):
                yield
        finally:
            if self._own.turn:
                with self._guard:
                    self._pass_on()

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
            ticket = _ticket()
            self._waiting.append(ticket)
        if ticket.acquire(timeout=self._max_wait):
            return True
        with self._guard:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                return False
        return True  # the turn came just after the wait ended

    def _pass_on(self) -> None:
        """Give the turn to the next, with the guard held."""
        if self._done:
            self._done.popleft().release()
        elif self._waiting and not (self._aside and self._passed >= _MOST_PASSED):
            self._passed = self._passed + 1 if self._aside else 0
            self._waiting.popleft().release()
        elif self._aside:
            next(iter(self._aside)).release()
        else:
            self._taken = False

    def _together(self, part: Part) -> None:
        """Have this part committed, with those of the requests behind this one."""
        if not self._own.turn:
            commit([part])
            return
        ticket = _ticket()
        with self._guard:
            self._aside[ticket] = part
            self._pass_on()
        self._wait_aside(ticket)
        if part.done:
            return
        if not self._own.turn:
            commit([part])
            return
        with self._guard:
            parts = [*self._aside.values()]
            others = [one for one in self._aside if one is not ticket]
            self._aside.clear()
            self._passed = 0
        commit(parts)
        with self._guard:
            self._done.extend(others)

    def _wait_aside(self, ticket: threading.Lock) -> None:
        """Wait for the turn, or until another request has done our part.

        If neither comes within `max_wait`, go on without the turn.
        """
        while not ticket.acquire(timeout=self._max_wait):
            with self._guard:
                if ticket.acquire(blocking=False):
                    return
                if ticket in self._done:
                    self._done.remove(ticket)
                elif ticket in self._aside:
                    del self._aside[ticket]
                else:
                    continue  # another request is doing it just now
                self._own.turn = False
                return


def _ticket() -> threading.Lock:
    """A lock that is released when its owner has the turn."""
    ticket = threading.Lock()
    ticket.acquire()
    return ticket
