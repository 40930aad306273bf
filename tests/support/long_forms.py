"""Whether tests that try their luck in many rounds take the long form (`make assurance`).

The ordinary run takes fewer rounds, enough to fail where the rule is broken.
"""

import os
import time
from collections.abc import Iterator

LONG = os.environ.get("PORTAL_TESTS_LONG") == "1"


def rounds(number: int, seconds: float) -> Iterator[int]:
    """So many rounds of a random test; in the long form as many as there is time for."""
    until, done = time.monotonic() + seconds, 0
    while time.monotonic() < until if LONG else done < number:
        yield done
        done += 1
