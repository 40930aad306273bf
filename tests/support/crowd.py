"""Families at the door of a served portal: real forms over HTTP, as fast as they can be pressed.

For the tests of kills and for the benchmark of bookings.
"""

import hmac
import http.client
import json
import os
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from base64 import urlsafe_b64decode
from contextlib import closing, suppress
from datetime import date, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from urllib.parse import urlencode

from portal.directory.values import WEEKDAYS
from tests.support import processes

PATH = "/book/riverbank/crowd"
# Forms refuse a machine's haste.
PATIENCE = 3.2
# Between two families of one browser. Without it the places are gone before the first kill, and
# then one refusal follows the other as fast as the processor can.
PAUSE = 0.1
# Known here, so that one opened form can be signed for many keys: see `_stamp`.
SECRET = "the secret of a crowd at the door"


def content_with_a_course(folder: Path, sample: Path, places: int) -> Path:
    """A copy of the sample with a course that begins in a month, whatever day it is."""
    root = folder / "root"
    shutil.copytree(sample, root)
    first = date.today() + timedelta(days=30)
    (root / "centres/preston/riverbank/crowd.md").write_text(
        "---\n"
        "programme: infant-feeding-support\n"
        "title: Crowded course\n"
        "booking: book\n"
        "place_for: family\n"
        f"day: {WEEKDAYS[first.weekday()]}\n"
        f"starts: {first.isoformat()}\n"
        "time: 10:00-12:00\n"
        "repeats: once\n"
        "bank_holidays: run\n"
        f"places: {places}\n"
        "---\n",
        encoding="utf-8",
    )
    return root


def environment(root: Path, folder: Path, **more: str) -> dict[str, str]:
    """Settings of a served portal that counts who presses how often, and holds nobody back."""
    return {
        "PORTAL_ROOT": str(root),
        "PORTAL_OUT": str(folder / "build"),
        "PORTAL_VAR": str(folder / "var"),
        "PORTAL_SECRET_KEY": SECRET,
        "PORTAL_BOOKINGS_PER_ADDRESS": "1000000",
        "PORTAL_BOOKINGS_PER_CONTACT": "1000000",
        "PORTAL_BOOKINGS_PER_SERIES": "1000000",
        "PORTAL_MESSAGE_SENDER": "families@families.example",
        **more,
    }


class Browser:
    """One family's browser: a connection that is kept, a cookie, and a form that was opened."""

    def __init__(self, port: int, path: str = PATH) -> None:
        self.port = port
        self.path = path
        self.connection: http.client.HTTPConnection | None = None
        self.cookie = ""
        self.hidden: dict[str, str] = {}

    def open_form(self) -> None:
        """Get the form, with its cookie, its token and the moment at which it was opened."""
        status, headers, body = self._ask("GET", self.path)
        assert status == 200, (status, body[:300])
        cookie = headers["Set-Cookie"]
        self.cookie = cookie.partition(";")[0] if cookie else self.cookie
        fields = re.findall(r'<input[^>]*type="hidden"[^>]*>', body)
        for field in fields:
            name = re.search(r'name="([^"]*)"', field)
            value = re.search(r'value="([^"]*)"', field)
            self.hidden[name[1]] = value[1] if value else ""

    def confirm(self, key: str, number: int, **more: str) -> tuple[int, str]:
        """Press the last button. Returns the status, and where it leads ('' for nowhere)."""
        body = urlencode(self.answers(key, number) | more)
        status, headers, _ = self._ask("POST", self.path, body)
        return status, headers["Location"] or ""

    def answers(self, key: str, number: int) -> dict[str, str]:
        """What the last button sends for this family."""
        return {
            **self.hidden,
            "key": key,
            "started": self._stamp(key),
            "step": "confirm",
            "name": f"Parent {number}",
            "email": f"parent{number}@example.org",
            "phone": "",
            "contact_by": "email",
            "safe_to_contact": "yes",
            "people": "2",
            "subject": "",
        }

    def _stamp(self, key: str) -> str:
        """The stamp of a form with this key, as the portal makes it for this browser's cookie."""
        payload = self.cookie.partition("=")[2].partition(".")[0]
        token = json.loads(urlsafe_b64decode(f"{payload}=="))["csrf_token"]
        began = self.hidden["started"].partition(".")[0]
        words = f"form:{began}:{key}:{token}"
        return f"{began}.{hmac.digest(SECRET.encode(), words.encode(), 'sha256').hex()[:32]}"

    def status_of(self, path: str) -> int:
        return self._ask("GET", path)[0]

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()

    def _ask(
        self, method: str, path: str, body: str | None = None
    ) -> tuple[int, http.client.HTTPMessage, str]:
        headers = {"Cookie": self.cookie} if self.cookie else {}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        except BaseException:
            self.connection.close()
            self.connection = None
            raise


def key() -> str:
    return secrets.token_urlsafe(16)


def wait_until_healthy(
    port: int, seconds: float = 180, process: BaseProcess | None = None
) -> float:
    """Wait until the server says that content and database are there; how long it took."""
    began = time.monotonic()
    while True:
        asking = Browser(port)
        try:
            if asking.status_of("/health") == 200:
                return time.monotonic() - began
        except (OSError, http.client.HTTPException):
            pass
        finally:
            asking.close()
        assert time.monotonic() - began < seconds, "the server did not come up"
        assert process is None or process.is_alive(), "the server ended by itself"
        time.sleep(0.02)


def _is_taken(port: int) -> bool:
    with closing(socket.socket()) as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


class Killable:
    """`portal serve` with all its processes in a group of their own, so that all die at once."""

    def __init__(self, folder: Path, root: Path, port: int, **settings: str) -> None:
        self.port = port
        self.environ = os.environ | environment(root, folder, **settings)
        self.log = (folder / "log").open("ab")
        self.process: BaseProcess | None = None

    def start(self) -> None:
        self.process = self.run("serve", "--no-build", "--port", str(self.port))
        wait_until_healthy(self.port, process=self.process)

    def run(self, *words: str) -> BaseProcess:
        """Start a command of the portal that writes into the log."""
        outputs = self.log.fileno(), self.log.fileno()
        return processes.start(*words, env=self.environ, outputs=outputs)

    def kill(self) -> None:
        """Kill all its processes; returns when none of them holds the port any more."""
        with suppress(ProcessLookupError):  # it may have ended by itself
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.join()
        until = time.monotonic() + 30
        while _is_taken(self.port):
            assert time.monotonic() < until, "a process outlives the killed server"
            time.sleep(0.01)

    def kill_worker(self) -> None:
        """Kill the process that sends messages; the server starts another."""
        group = ["-g", str(self.process.pid), "-x", "portal-messages"]
        killed = subprocess.run(["pkill", "-KILL", *group], check=False)
        assert killed.returncode == 0, "no process sends messages"

    def kill_build(self) -> None:
        """Kill a build at work; the published site stays."""
        longest = 3.0
        while True:
            building = self.run("build", "--full")
            building.join(random.uniform(0.3, longest))
            building.kill()
            building.join()
            if building.exitcode == -signal.SIGKILL:
                break
            longest /= 2  # it had ended: this machine is quicker
