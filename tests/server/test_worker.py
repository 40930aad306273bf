"""Rounds beside the server, in a process that ends with its starter, or when asked."""

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def watching(tmp_path, sample_root):
    """Starts `portal messages send --watch` with more options."""
    started = []

    def start(*options):
        process = subprocess.Popen(
            [sys.executable, "-m", "portal", "messages", "send", "--watch", *options],
            env={
                **os.environ,
                "PORTAL_ROOT": str(sample_root),
                "PORTAL_OUT": str(tmp_path / "build"),
                "PORTAL_VAR": str(tmp_path / "var"),
            },
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_it_ends_with_whoever_started_it(watching):
    """Had its starter died before it could look, it would go on for ever beside nobody."""
    assert watching("--beside", "1").wait(60) == 0


def test_it_goes_on_until_asked_to_end(watching):
    """Beside a living process it makes rounds, and ends well at SIGTERM."""
    process = watching("--beside", str(os.getpid()), "--every", "1")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(4)
    process.send_signal(signal.SIGTERM)

    # Before its own handler is set, the system's ends it.
    assert process.wait(60) in (0, -signal.SIGTERM)
