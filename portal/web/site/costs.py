"""Where the processor time of a build goes: `portal build --profile`.

Each process counts the time since its last mark for what it has just done, so the sum is all the
time that the processes used. The marks cost less than a hundredth of a build, so they are always
on.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class _Row:
    number: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    which: str = ""


class Costs:
    """Seconds of processor time by what they were spent on."""

    def __init__(self, since: float | None = None) -> None:
        """`since` is 0.0 to count all that this process has done before."""
        self._last = time.process_time() if since is None else since
        self._rows: dict[str, _Row] = {}

    def spent(self, what: str, which: str = "") -> None:
        """Count the time since the last mark for this."""
        now = time.process_time()
        seconds, self._last = now - self._last, now
        row = self._rows.setdefault(what, _Row())
        row.number += 1
        row.seconds += seconds
        if seconds > row.slowest:
            row.slowest, row.which = seconds, which

    def skip(self) -> None:
        """Leave out the time since the last mark: it is counted elsewhere."""
        self._last = time.process_time()

    def add(self, other: Costs) -> None:
        """Add what another process counted."""
        for what, row in other._rows.items():
            mine = self._rows.setdefault(what, _Row())
            mine.number += row.number
            mine.seconds += row.seconds
            if row.slowest > mine.slowest:
                mine.slowest, mine.which = row.slowest, row.which

    def lines(self) -> Iterator[str]:
        """A table: seconds, how often, and the slowest of them in milliseconds."""
        total = sum(row.seconds for row in self._rows.values())
        yield f"{'seconds':>9}{'number':>9}{'slowest':>12}"
        for what, row in sorted(self._rows.items(), key=lambda one: -one[1].seconds):
            slowest = f"{row.slowest * 1000:9.1f} ms" if row.which else ""
            line = f"{row.seconds:9.3f}{row.number:9,}{slowest:>12}  {what}"
            yield f"{line} ({row.which})" if row.which and row.number > 1 else line
        yield f"{total:9.3f}{'':21}  all, of processor time"
