"""Where the repository and the files of the tests are."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
SAMPLE = TESTS / "sample"
BROKEN = TESTS / "broken"
EXPECTED = TESTS / "expected"
