"""Serves the frozen site: a file of build/ for each address, with headers for caches.

Each response opens its file by name and takes its length and ETag from the bytes that were read. So
when a new site replaces the folder (`atomic_folder.py`), it is served from the next request on
without a restart, and a response in progress is never cut short or mixed. The bytes of files that
were read last are kept: visitors who read the same file slowly share them (S27).

ETags are made from the content and differ for each encoding: the same page has the same ETag on
every machine that built it, and a proxy never takes the compressed form for the plain one. The
compressed copies that `build --compress` makes (`.br`, `.gz`) are sent to clients that accept them.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from os.path import splitext
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.datastructures import Accept
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import http_date, quote_etag
from werkzeug.wrappers import Request, Response

from portal.web.headers import HEADERS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# The media type of each kind of file that the site may hold. The operating system's own table is
# not used, because it differs between machines. `freezer.py` refuses a page with another type.
MEDIA_TYPES: Mapping[str, str] = {
    "": "text/plain; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".ics": "text/calendar; charset=utf-8",
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".webmanifest": "application/manifest+json",
    ".xml": "application/xml",
    ".atom": "application/atom+xml",
    ".txt": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".ico": "image/x-icon",
    ".pdf": "application/pdf",
}

# The encodings of the compressed copies, in order of preference.
TWINS: Mapping[str, str] = {"br": ".br", "gzip": ".gz"}

# A part of an address that can be a file. Names that start with a dot are excluded, and so are the
# marker and `..`.
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._~-]{0,199}")
_LONGEST = 1000
# A file whose name holds a digest of its content never changes.
_HASHED = re.compile(r"/(static|search)/.*[.-][0-9a-f]{8,64}\.[a-z0-9]+")

_MOST_KEPT = 32 * 1024 * 1024  # bytes of files that are kept, in each process
# A file that changed less than this before it was read may change again with the same time.
_SETTLED = 0.1  # seconds

_PAGE_AGE = "public, max-age=300"
_FEED_AGE = "public, max-age=3600"
_FOR_EVER = "public, max-age=31536000, immutable"


def media_type(name: str) -> str:
    """The media type of a file, by its extension."""
    ending = splitext(name)[1]  # noqa: PTH122 - once a page, and a path takes ten times as long
    return MEDIA_TYPES.get(ending.lower(), "application/octet-stream")


def file_headers(path: str) -> dict[str, str]:
    """The headers of the file at this address, in addition to those of every response."""
    headers = {"Cache-Control": _PAGE_AGE}
    if _HASHED.fullmatch(path):
        headers["Cache-Control"] = _FOR_EVER
    if path == "/find/":
        # The finder may ask the phone for its position, which stays on the phone.
        policy = HEADERS["Permissions-Policy"]
        headers["Permissions-Policy"] = policy.replace("geolocation=()", "geolocation=(self)")
    if path.endswith((".ics", ".atom")):
        headers["Cache-Control"] = _FEED_AGE
    if path.endswith((".ics", ".atom")) or path.startswith(("/openreferral/", "/embed/", "/data/")):
        # For partners: other sites may read and show these.
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if path.startswith("/panels/"):
        headers["X-Robots-Tag"] = "noindex"  # for practitioners: families do not look for it
    if path.startswith("/embed/"):
        policy = HEADERS["Content-Security-Policy"]
        headers["Content-Security-Policy"] = policy.replace(
            "frame-ancestors 'none'", "frame-ancestors *"
        )
    return headers


@dataclass(frozen=True, slots=True)
class _File:
    data: bytes
    tag: str
    changed: float  # seconds since 1970


@dataclass(frozen=True, slots=True)
class _Content:
    file: _File
    coding: str | None
    codings: bool  # whether there are compressed copies


class Files:
    """A WSGI application for the files of one folder; returns None for anything else."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder.absolute())
        self._kept = _KeptFiles()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes] | None:
        """The response with a file of the site; None if there is no such file."""
        request = Request(environ)
        name = self._name(request.path)
        if name is None:
            return None
        content = self._read(name, request.accept_encodings)
        if content is None:
            if not os.path.isfile(f"{self._folder}/{name}/index.html"):  # noqa: PTH113
                return None
            return _moved(request, request.path + "/")(environ, start)
        if request.method not in ("GET", "HEAD"):
            words = "Go back to the page you came from, and try again.\n"
            return Response(words, 405, {"Allow": "GET, HEAD"})(environ, start)
        if request.path.endswith("/index.html"):
            return _moved(request, request.path.removesuffix("index.html"))(environ, start)
        return _answer(request, name, content, start)

    def page(self, name: str) -> bytes | None:
        """The bytes of one file of the site, such as '404.html'."""
        content = self._read(name, Accept())
        return content.file.data if content else None

    @staticmethod
    def _name(path: str) -> str | None:
        """The name in the folder for an address; None if the address may not be a file."""
        name = path[1:] + ("index.html" if path.endswith("/") else "")
        if len(name) > _LONGEST or name.endswith(tuple(TWINS.values())):
            return None
        return name if all(map(_PART.fullmatch, name.split("/"))) else None

    def _read(self, name: str, accepted: Accept) -> _Content | None:
        # Strings, which are faster than `Path`: every address of a live page is looked up here.
        path = f"{self._folder}/{name}"
        try:
            os.stat(path)  # noqa: PTH116
        except (FileNotFoundError, NotADirectoryError):
            return None
        wanted = [coding for coding in TWINS if accepted[coding] > 0]
        for coding in sorted(wanted, key=lambda coding: -accepted[coding]):
            found = self._kept.read(path + TWINS[coding])
            if found:
                return _Content(found, coding, codings=True)
        found = self._kept.read(path)
        if not found:
            return None
        codings = any(os.path.exists(path + ending) for ending in TWINS.values())  # noqa: PTH110
        return _Content(found, None, codings)


class _KeptFiles:
    """The files that were read last, as they are now."""

    def __init__(self) -> None:
        self._files: OrderedDict[tuple[int, ...], _File] = OrderedDict()
        self._size = 0
        self._guard = threading.Lock()

    def read(self, path: str) -> _File | None:
        """The file; None if there is none."""
        try:
            with open(path, "rb") as file:  # noqa: PTH123
                state = os.fstat(file.fileno())
                version = state.st_dev, state.st_ino, state.st_ctime_ns, state.st_size
                with self._guard:
                    if kept := self._files.get(version):
                        self._files.move_to_end(version)
                        return kept
                data = file.read()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        tag = quote_etag(blake2b(data, digest_size=16).hexdigest())
        found = _File(data, tag, state.st_mtime)
        if time.time() - state.st_ctime > _SETTLED:
            self._keep(version, found)
        return found

    def _keep(self, version: tuple[int, ...], file: _File) -> None:
        with self._guard:
            if version not in self._files:
                self._files[version] = file
                self._size += len(file.data)
            while self._size > _MOST_KEPT:
                self._size -= len(self._files.popitem(last=False)[1].data)


def _moved(request: Request, path: str) -> Response:
    query = request.query_string.decode("latin-1")
    address = f"{path}?{query}" if query else path
    return Response("", 301, {"Location": address, "Cache-Control": _PAGE_AGE})


def _answer(
    request: Request, name: str, content: _Content, start: StartResponse
) -> Iterable[bytes]:
    headers = {
        "Content-Type": media_type(name),
        "ETag": content.file.tag,
        "Last-Modified": http_date(content.file.changed),
        **file_headers(request.path),
    }
    if content.coding:
        headers["Content-Encoding"] = content.coding
    if content.codings:
        headers["Vary"] = "Accept-Encoding"
    response = Response(content.file.data, headers=headers)
    length = len(content.file.data)
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=length)
    except RequestedRangeNotSatisfiable:
        response = Response("", 416, {"Content-Range": f"bytes */{length}"})
    body, status, sent = response.get_wsgi_response(request.environ)
    start(status, sent)
    # A list is sent in one piece; a server would send an iterator in chunks.
    return list(body)
