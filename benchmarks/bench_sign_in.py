"""How long a sign-in takes, and whether its time tells a wrong name from a wrong password.

Run by `make bench`. Each press goes the whole way: form token, tries counted, password compared.
The check shall take 50 to 500 ms: long enough for whoever guesses, short enough for whoever knows.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.support.staffed import PASSWORD, Staffed

LEAST, MOST = 0.05, 0.5
DIFFERENCE = 0.15  # of the time: what differs by less is lost in the noise of a network
PRESSES = 30


def main(folder: Path) -> int:
    place = Staffed(folder)
    staff = place.staff(name="sam@example.org")
    stranger = place.stranger()
    fields = dict(stranger.open("/staff/sign-in").fields("Continue"))
    kinds = {
        "wrong name": {"name": "nobody@example.org", "password": PASSWORD},
        "wrong password": {"name": staff.name, "password": "otter kettle marble summer"},
        "right": {"name": staff.name, "password": PASSWORD},
    }
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(PRESSES):
        place.wait(minutes=16)  # the tries are over, so that each press is looked at
        for kind, typed in kinds.items():
            started = time.perf_counter()
            answer = stranger.client.post("/staff/sign-in", data={**fields, **typed})
            times[kind].append(time.perf_counter() - started)
            assert answer.status_code == (303 if kind == "right" else 422)
            if kind == "right":
                stranger = place.stranger()
                fields = dict(stranger.open("/staff/sign-in").fields("Continue"))
    medians = {kind: statistics.median(found) for kind, found in times.items()}
    for kind, median in medians.items():
        print(f"{kind}: {median * 1000:.0f} ms (limits {LEAST * 1000:.0f} to {MOST * 1000:.0f} ms)")
    name, password = medians["wrong name"], medians["wrong password"]
    apart = abs(name - password) / password
    print(f"wrong name and wrong password are {apart:.1%} apart (limit {DIFFERENCE:.0%})")
    within = all(LEAST <= median <= MOST for median in medians.values())
    return 0 if within and apart <= DIFFERENCE else 1


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(main(Path(folder)))
