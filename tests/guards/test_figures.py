"""The last line of `make assurance`."""

from collections import Counter
from types import SimpleNamespace

import pytest

from tests.support import figures


def test_the_last_line_names_what_must_be_zero():
    """What was done comes first, then each figure that must be zero and was counted, and how many
    tests failed."""
    total = Counter({"kills": 20, "hostile_requests": 1200, "lost": 0, "oversold": 1})

    assert figures.words(total, 2) == (
        "Assurance: 20 kills, 1,200 hostile requests: 0 lost, 1 oversold, 2 failed"
    )


@pytest.mark.parametrize(("lost", "status"), [(0, 0), (1, 1)])
def test_figures_of_all_processes_are_summed_and_judged(monkeypatch, lost, status):
    """What one process lost ends the whole run with an error, though each of its tests passed."""
    for name in ("_RECORDED", "_TOTAL"):
        monkeypatch.setattr(figures, name, Counter())
    for number in (lost, 0):
        sent = {}
        figures._RECORDED.clear()
        figures.record(kills=3, lost=number)
        figures.pytest_sessionfinish(SimpleNamespace(config=SimpleNamespace(workeroutput=sent)))
        figures.pytest_testnodedown(SimpleNamespace(workeroutput=sent))
    figures._RECORDED.clear()
    run = SimpleNamespace(config=SimpleNamespace(), exitstatus=pytest.ExitCode.OK)
    figures.pytest_sessionfinish(run)

    assert run.exitstatus == status
    assert figures.words(figures._TOTAL, 0) == f"Assurance: 6 kills: {lost} lost, 0 failed"
