"""PgBouncer in transaction mode: each transaction may get another connection of the server."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

SETTINGS = """\
[databases]
* = host={server}
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 3
server_login_retry = 1
logfile = {folder}/log
"""


def program() -> str:
    """The path of PgBouncer. Skips the test where it is not installed; fails with CI=true."""
    found = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if found is None:
        words = "PgBouncer is not installed (Debian: apt-get install pgbouncer)"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    return found


@contextmanager
def pooled(address: str) -> Iterator[str]:
    """The same database through a PgBouncer with three connections to it.

    `address` names the folder of the server's socket, as the throw-away clusters do.
    """
    command = [program(), "-q", "pooler.ini"]
    server = parse_qs(urlsplit(address).query).get("host", [""])[0]
    if not server.startswith("/"):
        pytest.skip("PgBouncer is tried in front of a server on this machine's socket")
    folder = Path(tempfile.mkdtemp(prefix="portal-pooler-", dir="/tmp"))
    (folder / "pooler.ini").write_text(SETTINGS.format(server=server, folder=folder))
    (folder / "users").write_text('"portal" ""\n')
    if os.geteuid() == 0:  # it refuses to run as root
        shutil.chown(folder, "postgres")
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]
    process = subprocess.Popen(command, cwd=folder)
    try:
        until = time.monotonic() + 20
        while not (folder / ".s.PGSQL.6432").exists():
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until, "PgBouncer did not start"
            time.sleep(0.02)
        yield address.replace(f"host={server}", f"host={folder}&port=6432")
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)
