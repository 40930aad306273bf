"""Processes of their own for races, kills and commands, without the time to import the portal.

All of them are forked from one server process, which has imported the portal and runs no thread.
"""

import multiprocessing
import multiprocessing.reduction
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(
    ["tests.support.race", "tests.support.sender", "portal.commands", "portal.web.site.app"]
)


def portal(*arguments: str, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command line, as `python -m portal` does, with this folder and environment."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        outputs = [multiprocessing.reduction.DupFd(file.fileno()) for file in (out, err)]
        process = FORKED.Process(target=_run, args=(arguments, str(cwd), env, outputs))
        process.start()
        process.join(60)
        assert process.exitcode is not None, f"portal {arguments} did not end in a minute"
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(arguments, process.exitcode, out.read(), err.read())


def _run(arguments, cwd, env, outputs) -> None:
    for number, file in enumerate(outputs, 1):
        os.dup2(file.detach(), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["portal", *arguments]
    from portal.commands import main

    main()
