"""Real servers for tests of channels: a mail server, and one that answers as GOV.UK Notify does."""

import itertools
import json
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager, suppress
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.support.ports import free_port


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that nobody signed, and its key."""
    made, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", str(key),
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", str(made),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return made, key


class Mailbox:
    """What a mail server took, and how it answers: `says` maps a command to its answer."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []
        self.says: dict[str, str] = {}
        self.on_data = lambda: None

    async def handle_MAIL(self, server, session, envelope, address, options):
        if answer := self.says.get("MAIL"):
            return answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if answer := self.says.get("RCPT"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if answer := self.says.get("DATA"):
            return answer
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        self.on_data()
        return "250 taken"

    async def handle_QUIT(self, server, session, envelope):
        return self.says.get("QUIT", "221 Bye")

    def messages(self):
        """What came, parsed. No property: the server looks at each of those for every caller."""
        return [message_from_bytes(content, policy=default) for _, _, content in self.taken]


@contextmanager
def mail_server(port: int | None = None, **options):
    """A mailbox, and the port on which a real mail server fills it."""
    mailbox = Mailbox()
    port = port or free_port()
    controller = Controller(
        mailbox, hostname="127.0.0.1", port=port, server_hostname="mail.example", **options
    )
    controller.start()
    try:
        yield mailbox, port
    finally:
        controller.stop()


@contextmanager
def hanging_mail_server(after: bytes, trickle: bytes = b""):
    """A mail server that sends these words to every client, and then nothing more.

    With `trickle` it then sends these bytes one by one, over and over, until the client leaves.
    """
    ending = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        threads, taken = [], []

        def speak(connection: socket.socket) -> None:
            with suppress(OSError):
                connection.sendall(after)
                for number in itertools.count() if trickle else ():
                    if ending.wait(0.02):
                        return
                    place = number % len(trickle)
                    connection.sendall(trickle[place : place + 1])

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    taken.append(connection)
                    threads.append(threading.Thread(target=speak, args=(connection,)))
                    threads[-1].start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield server.getsockname()[1]
        finally:
            ending.set()
            server.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for thread in threads:
                thread.join()
            for connection in taken:
                connection.close()


def tls(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """What a server needs to speak TLS, and the file of the certificate to trust."""
    made, key = certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made, key)
    return context, made


def signs_in(name: str, password: str):
    """An authenticator that knows one person."""

    def check(server, session, envelope, mechanism, given):
        right = given == LoginPassword(name.encode(), password.encode())
        return AuthResult(success=right, handled=False)

    return check


class NotifyDesk:
    """What the stand-in for GOV.UK Notify took, and how it answers next."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict]] = []
        self.known: dict[str, dict] = {}
        self.answers: list[tuple[int, dict | str]] = []
        self.asked: list[str] = []
        self.lose_answer = False


def error(status: int, kind: str, words: str) -> tuple[int, dict]:
    """An error as Notify writes it."""
    return status, {"status_code": status, "errors": [{"error": kind, "message": words}]}


@contextmanager
def notify_server():
    """A desk, and the address at which it answers as Notify's documentation says."""
    desk = NotifyDesk()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *words) -> None:
            pass

        def reply(self, status: int, body: dict | str) -> None:
            data = (json.dumps(body) if isinstance(body, dict) else body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["Authorization"].startswith("Bearer ")
            if desk.answers:
                self.reply(*desk.answers.pop(0))
                return
            number = f"740e5834-3a29-46b4-9a6f-{len(desk.taken):012}"
            desk.taken.append((self.path, given))
            desk.known[given["reference"]] = {
                "id": number,
                "reference": given["reference"],
                "status": "created",
            }
            if desk.lose_answer:
                desk.lose_answer = False
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.reply(201, {"id": number, "reference": given["reference"], "content": {}})

        def do_GET(self) -> None:
            if desk.answers:
                self.reply(*desk.answers.pop(0))
                return
            asked = parse_qs(urlsplit(self.path).query)["reference"][0]
            desk.asked.append(asked)
            found = [desk.known[asked]] if asked in desk.known else []
            self.reply(200, {"notifications": found, "links": {"current": self.path}})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield desk, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
