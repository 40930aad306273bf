"""The figures of `make assurance`: tests that count record them, and the last line sums them up.

Each test process of pytest-xdist sends its own with its last report. A figure that must be zero and
is not ends the run with an error, even if every test passed.
"""

from collections import Counter

import pytest

from tests.support.long_forms import LONG

_RECORDED: Counter[str] = Counter()
_TOTAL: Counter[str] = Counter()

# What must be zero. Where no test counted one, it is left out.
ZEROS = ("lost", "doubled", "oversold", "untrue", "errors", "leaks", "kept", "accepted", "late")


def record(**numbers: int) -> None:
    """Add to the figures of this run."""
    _RECORDED.update(numbers)


def words(total: Counter[str], failed: int) -> str:
    """The last line: what was done, then what must be zero."""
    done = [f"{total[name]:,} {name.replace('_', ' ')}" for name in total if name not in ZEROS]
    zeros = [f"{total[name]} {name}" for name in ZEROS if name in total]
    return f"Assurance: {', '.join(done)}: {', '.join([*zeros, f'{failed} failed'])}"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the figures of a test process to the process that started it, or judge all of them."""
    sent = getattr(session.config, "workeroutput", None)
    if sent is not None:
        sent["figures"] = dict(_RECORDED)
        return
    _TOTAL.update(_RECORDED)
    if any(_TOTAL[name] for name in ZEROS) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Add the figures of a test process that has ended."""
    _TOTAL.update(getattr(node, "workeroutput", {}).get("figures", {}))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Write the last line, after the summary of pytest."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if LONG and reporter and not hasattr(config, "workerinput"):
        failed = len(reporter.stats.get("failed", ())) + len(reporter.stats.get("error", ()))
        reporter.write_line(words(_TOTAL, failed))
