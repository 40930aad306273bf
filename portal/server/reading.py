"""Hands a request to the WSGI application once its whole body is there.

No thread waits for a sender or a reader: the body is read before a thread is taken, in one time for
the whole of it, and the answer is handed back whole, then sent as fast as it is read (S27). Files
and `/health` have threads of their own, so that slow pages never keep them waiting.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from portal.directory.addresses import LIVE, UPLOADED, UPLOADS
from portal.server.connections import BODY_SECONDS
from portal.web.headers import HEADERS

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment
    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, HTTPScope

LONGEST_BODY = 64 * 1024
# A photo that staff send. So many are read at once in each process, whatever is sent.
_UPLOADS_AT_ONCE = 2
# What is longer is refused, but read to its end up to here: a browser that is still sending does
# not see the answer.
_MOST_READ = 1024 * 1024
_PIECE = 32 * 1024  # bytes of an answer that are sent at once

_HEALTH = "/health"


class TooSlow(Exception):
    """The body did not come in its time."""


class Gone(Exception):
    """The visitor has gone away."""


@dataclass(slots=True)
class Answer:
    """A whole answer; `rest` is how much of its body has not been handed to the connection."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    rest: int = field(init=False)

    def __post_init__(self) -> None:
        self.rest = len(self.body)


class Reading:
    """An ASGI application around a WSGI one."""

    def __init__(self, app: WSGIApplication, threads: Mapping[str, int]) -> None:
        """`threads`: how many answer "live" pages, "files", and "health"."""
        self._app = app
        self._uploads = asyncio.Semaphore(_UPLOADS_AT_ONCE)
        self._threads: dict[str, Executor] = {
            name: ThreadPoolExecutor(number, name) for name, number in threads.items()
        }

    async def __call__(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        try:
            environ = environ_of(scope)
            body, longest, length = await self._body(environ, receive)
        except Gone:
            return
        except TooSlow:
            answer = _refusal(408, b"This request took too long to arrive. Try again.\n")
        except ValueError:
            answer = _refusal(400, b"We could not read that. Try again.\n")
        else:
            environ["wsgi.input"] = BytesIO(body)
            if length:
                environ["CONTENT_LENGTH"] = str(length)
            threads = self._threads[_lane(environ["PATH_INFO"])]
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(threads, _answer, self._app, environ)
            if length > longest:
                answer.headers.append(_CLOSE)
        scope["state"]["connection"].begin_answer(answer)
        await _send(answer, send)

    async def _body(
        self, environ: WSGIEnvironment, receive: ASGIReceiveCallable
    ) -> tuple[bytes, int, int]:
        """The body, how long it may be, and how long it is."""
        declared = int(environ.get("CONTENT_LENGTH") or 0)
        upload = environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].startswith(UPLOADS)
        short = "CONTENT_LENGTH" in environ and declared <= LONGEST_BODY
        if not upload or short:
            body, length = await _body(receive, declared, LONGEST_BODY)
            return body, LONGEST_BODY, length
        async with self._uploads:
            body, length = await _body(receive, declared, UPLOADED)
            return body, UPLOADED, length


async def _send(answer: Answer, send: ASGISendCallable) -> None:
    """Send an answer piece by piece. `send` waits while the reader is slow."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    more = True
    while more:
        at = len(answer.body) - answer.rest
        piece = answer.body[at : at + _PIECE]
        answer.rest -= len(piece)
        more = answer.rest > 0
        await send({"type": "http.response.body", "body": piece, "more_body": more})


_CLOSE = (b"connection", b"close")


def _lane(path: str) -> str:
    if path == _HEALTH:
        return "health"
    return "live" if path.startswith(LIVE) or f"{path}/" in LIVE else "files"


async def _body(receive: ASGIReceiveCallable, declared: int, longest: int) -> tuple[bytes, int]:
    """The body, and how long it is; b"" and its length if it is longer than `longest`.

    Raises TooSlow or Gone.
    """
    parts, length = [], 0
    most = max(longest, _MOST_READ)
    if declared > most:
        return b"", declared
    try:
        async with asyncio.timeout(BODY_SECONDS):
            more = True
            while more and length <= most:
                message = await receive()
                if message["type"] != "http.request":
                    raise Gone
                length += len(message["body"])
                if length <= longest:
                    parts.append(message["body"])
                more = message["more_body"]
    except TimeoutError:
        raise TooSlow from None
    length = max(length, declared)
    return (b"".join(parts), length) if length <= longest else (b"", length)


def environ_of(scope: HTTPScope) -> WSGIEnvironment:
    """The WSGI environ of a request, without its body.

    Raises ValueError for two hosts. Names with underscores are left out: in an environ,
    `X_Forwarded_For` would be the header that our proxy sets (S41).
    """
    server, client = scope["server"] or ("", 0), scope["client"] or ("", 0)
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,  # whole, also where it came in chunks,
    }
    for raw, value in scope["headers"]:
        name = raw.decode("latin-1")
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{key}"
        text = value.decode("latin-1")
        if key not in environ:
            environ[key] = text
        elif key in ("HTTP_HOST", "CONTENT_LENGTH", "CONTENT_TYPE"):
            raise ValueError(key)
        else:
            environ[key] += (";" if key == "HTTP_COOKIE" else ",") + text
    return environ


def _answer(app: WSGIApplication, environ: WSGIEnvironment) -> Answer:
    """In a thread: the whole answer of the application."""
    begun: list[tuple[str, list[tuple[str, str]]]] = []
    parts: list[bytes] = []

    def start(
        status: str, headers: list[tuple[str, str]], _exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        begun.append((status, headers))
        return parts.append

    found: Iterable[bytes] = app(environ, start)
    try:
        parts.extend(found)
    finally:
        if close := getattr(found, "close", None):
            close()
    status, headers = begun[-1]
    body = b"".join(parts)
    code = int(status.split(" ", 1)[0])
    names = {name.lower() for name, _ in headers}
    sent = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    if (
        "content-length" not in names
        and environ["REQUEST_METHOD"] != "HEAD"
        and code not in (204, 304)
    ):
        sent.append((b"content-length", str(len(body)).encode()))
    return Answer(code, sent, body)


def _refusal(status: int, words: bytes) -> Answer:
    headers = {
        **HEADERS,
        "Server": "portal",
        "Cache-Control": "no-store",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(words)),
        "Connection": "close",
    }
    return Answer(status, [(n.encode(), v.encode()) for n, v in headers.items()], words)
