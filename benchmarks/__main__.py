"""Run every benchmark of this folder, each in a process of its own: `make bench`."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main() -> int:
    chosen = sys.argv[1:]
    worst = 0
    for path in sorted(FOLDER.glob("bench_*.py")):
        if chosen and path.stem.removeprefix("bench_") not in chosen:
            continue
        print(f"\n## {path.stem.removeprefix('bench_')}", flush=True)
        worst |= subprocess.run(
            [sys.executable, "-m", f"benchmarks.{path.stem}"], cwd=FOLDER.parent, check=False
        ).returncode
    return worst


if __name__ == "__main__":
    sys.exit(main())
