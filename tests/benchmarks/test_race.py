"""What a command costs: its own processor time and memory, and those of the workers it forks."""

import os
import subprocess
import sys

import pytest

from benchmarks.bench_race import Edited, cost_of
from benchmarks.synthetic import DAY
from portal import content
from portal.directory.values import clock_words

SIZE = 64 << 20
WORK = f"""
import os, time
if os.fork() == 0:
    held = bytearray(os.urandom(1024)) * ({SIZE} // 1024)
    while time.process_time() < 0.3:
        pass
    os._exit(0)
os.wait()
"""


def test_the_work_and_the_memory_of_a_forked_worker_count(tmp_path):
    cost = cost_of([sys.executable, "-S", "-c", WORK], tmp_path, os.environ)

    assert cost.memory > SIZE
    assert cost.processor >= 0.3
    assert cost.wall >= 0.3


def test_the_memory_of_this_process_does_not_count(tmp_path):
    held = bytearray(b"x") * SIZE
    cost = cost_of([sys.executable, "-S", "-c", "pass"], tmp_path, os.environ)

    assert cost.memory < len(held)


def test_a_command_that_fails_is_no_figure(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        cost_of([sys.executable, "-S", "-c", "raise SystemExit(3)"], tmp_path, os.environ)


def test_each_edit_gives_the_series_another_end_and_no_mistake(county, tmp_path):
    path = Edited(county).path
    before = path.read_bytes()
    try:
        edited, ends = Edited(county), []
        for _ in range(3):
            words = edited.edit()
            directory = content.load(county, today=DAY)
            series = directory.find_series(f"{path.parent.name}/{path.stem}")
            ends.append(words)
            assert clock_words(series.time.ends) == words
        assert len({*ends}) == 3
    finally:
        path.write_bytes(before)
