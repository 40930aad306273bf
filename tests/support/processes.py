"""Processes of their own for races, kills and commands, without the time to import the portal.

All of them are forked from one server process, which has imported the portal and runs no thread.
"""

import multiprocessing
import multiprocessing.reduction
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.support.paths import ROOT

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["tests.support.preloaded"])


def portal(*arguments: str, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command line, as `python -m portal` does, with this folder and environment."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = start(*arguments, cwd=cwd, env=env, outputs=(out.fileno(), err.fileno()))
        process.join(60)
        assert process.exitcode is not None, f"portal {arguments} did not end in a minute"
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(arguments, process.exitcode, out.read(), err.read())


def start(
    *arguments: str,
    env: dict[str, str],
    outputs: tuple[int, int],
    cwd: Path = ROOT,
    first: Callable[[], object] | None = None,
) -> BaseProcess:
    """Start the command line in a process group of its own, which has the number of the process.

    `first` is called in the new process before the command.
    """
    given = [multiprocessing.reduction.DupFd(output) for output in outputs]
    process = FORKED.Process(target=_run, args=(arguments, str(cwd), env, given, first))
    process.start()
    return process


def _run(arguments, cwd, env, outputs, first) -> None:
    os.setsid()
    for number, file in enumerate(outputs, 1):
        os.dup2(file.detach(), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["portal", *arguments]
    from tests.support import forked

    forked.fork_builds()
    if first:
        first()
    from portal.commands import main

    main()
