"""Builds of a server as forks of it, which need not import all that the server has imported.

`tests/server/test_app.py` has a server that starts its first build as it does in service.
"""

import os
import signal
import subprocess
import sys

from portal import commands
from portal.server import serve


class ForkedCommand:
    """A command of the portal in a fork of this process: what a server needs of a `Popen`."""

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        self._code: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            _run(command, env)

    def poll(self) -> int | None:
        return self._ended(os.WNOHANG)

    def wait(self) -> int:
        while (code := self._ended(0)) is None:
            pass
        return code

    def terminate(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)

    def _ended(self, options: int) -> int | None:
        if self._code is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code


def _run(command: list[str], env: dict[str, str]) -> None:
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # as in a process that was started
        os.environ.clear()
        os.environ.update(env)
        sys.argv = ["portal", *command[3:]]
        commands.main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class _Forked:
    Popen = ForkedCommand


class _StartedOnce:
    @staticmethod
    def Popen(command: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
        fork_builds()
        return subprocess.Popen(command, env=env)


def fork_builds() -> None:
    """In a process of a test: let its server fork the builds that it starts."""
    serve.subprocess = _Forked


def start_first_build() -> None:
    """Let it start its first build as in service, in a new interpreter, and fork the others."""
    serve.subprocess = _StartedOnce
