"""How long coverage and reach take: the shipped content and as many postcodes as Lancashire has.

    python -m benchmarks.bench_coverage [--imported]

The postcodes are scattered around the middles of their sectors, or those that `portal postcodes
import` has put into var/. Every share is compared with a slow count of all sessions and postcodes.
The limit is 5 seconds of processor time, in a process that has read the content already.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import date

from portal import content
from portal.coverage.cells import PARTS, Coverage
from portal.coverage.reach import MILES, Reach
from portal.directory import AGE_BANDS
from portal.settings import load_settings
from tests.support import slow_reach
from tests.support.paths import ROOT

DAY = date(2026, 11, 23)
LIMIT = 5.0


def main() -> int:
    """Count everything once, and say whether it is right and keeps the limit."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--imported", action="store_true")
    directory = content.load(ROOT, today=DAY)
    if arguments.parse_args().imported:
        data = load_settings(root=ROOT).postcode_districts.read_bytes()
    else:
        data = slow_reach.scattered(directory)
    directory = directory.model_copy(update={"postcode_districts": data})

    before = time.process_time()
    coverage = Coverage.of(directory)
    cells = len(coverage.cells)
    counted = time.process_time()
    reach = Reach.of(directory, coverage)
    keys = [
        (d, b, p, m) for d in directory.districts for b in AGE_BANDS for p in PARTS for m in MILES
    ]
    shares = {(d.slug, b.slug, p, m): reach.share(d, b, p, m) for d, b, p, m in keys}
    towns = sum(len(reach.without(*key)) for key in keys)
    ended = time.process_time()
    slow = slow_reach.counted(directory)
    wrong = [
        key for key, share in shares.items() if not slow[key][0] <= (share or 0) <= slow[key][1]
    ]

    points = sum(reach.points(district) for district in directory.districts)
    print(
        f"{points:,} postcodes, {len(directory.series)} series, {cells} cells, "
        f"{len(shares):,} shares, {towns:,} towns without: {ended - before:.2f} s of processor "
        f"time, {counted - before:.2f} s of it cells (limit {LIMIT:.0f} s); "
        f"the slow count took {time.process_time() - ended:.1f} s, and {len(wrong)} shares differ"
    )
    return 0 if ended - before <= LIMIT and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
