"""Processes of their own for races, kills and commands, without the time to import the portal.

All of them are forked from one server process, which has imported the portal and runs no thread.
"""

import multiprocessing
import multiprocessing.reduction
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import Queue

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


@contextmanager
def saying(*arguments: str, cwd: Path, env: dict[str, str]) -> Iterator["Queue[str | None]"]:
    """The lines that a command says that goes on until it is interrupted; None when it has ended.

    It is interrupted at the end.
    """
    out, into = os.pipe()
    process = start(*arguments, cwd=cwd, env=env, outputs=(into, into), first=_heed_ctrl_c)
    os.close(into)
    lines: Queue[str | None] = Queue()

    def hear() -> None:
        with os.fdopen(out) as said:
            for line in said:
                lines.put(line.rstrip("\n"))
        lines.put(None)

    reader = threading.Thread(target=hear, daemon=True)
    reader.start()
    try:
        yield lines
    finally:
        interrupt(process)
        process.join(20)
        process.kill()
        reader.join(5)


def interrupt(process: BaseProcess) -> None:
    """Press Ctrl-C, unless it has ended.

    The server that forked it may have seen its end a moment before we hear of it.
    """
    if process.is_alive():
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGINT)


def _heed_ctrl_c() -> None:
    """Where the tests run in the background of a shell, it is ignored, also by children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
