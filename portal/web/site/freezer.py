"""Writes each page to a file, using Frozen-Flask with a faster way to request pages.

Frozen-Flask requests each page with a test client, which costs more than making the page. Its
addresses and file names are kept; the application is asked for each page directly, and whatever is
not a page comes straight from what makes it. A file that is the same as in the last site becomes a
hard link to the old file: it keeps its time, so that caches and `rsync` see only what has changed.

This is also the last check that protects sensitive programmes: a file that says where or when one
of them meets is never written (S3).
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from os.path import splitext
from pathlib import Path
from traceback import extract_tb
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import brotli
import flask_frozen
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException
from werkzeug.test import create_environ

from portal.dependencies import Graph, Node, reading
from portal.web.frozen_files import TWINS, media_type
from portal.web.site.atomic_folder import MARKER, BuildError, ours
from portal.web.site.costs import Costs
from portal.web.site.last_site import LastSite, State, state_of

if TYPE_CHECKING:
    from flask import Flask, Response

# Called with the address and content of a file; returns what it reveals of sensitive programmes.
Leaks = Callable[[str, bytes], list[str]]

# What Frozen-Flask would cut (`?`, `#`), unquote (`%`) or write outside its folder (`..`).
_ADDRESS = re.compile(r"/([A-Za-z0-9_][A-Za-z0-9._~-]*/)*([A-Za-z0-9_][A-Za-z0-9._~-]*)?")

_PACKED_ALREADY = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".pdf")
_WORTH_PACKING = 500  # bytes; for smaller files the headers outweigh the saving
_GZIP_LEVEL = 6
# A few files that most visitors fetch and that seldom change: compressed as much as possible.
_FOR_EVERYBODY = ("static/", "search/")
_BROTLI_QUALITY = 6  # 9 takes thirteen times as long, and saves less than one part in a hundred


class Made(NamedTuple):
    """A file of the site with its compressed twins, and the node of what it was made from."""

    name: str
    digest: bytes
    endpoint: str  # '' if it is not a page
    states: tuple[State, ...]
    reads: int


@dataclass
class Tally:
    """What is known of the files written. Workers send theirs to the parent to add up."""

    written: int = 0
    unchanged: int = 0
    endpoints: set[str] = field(default_factory=set)
    made: dict[str, Made] = field(default_factory=dict)  # by address
    nodes: list[Node] = field(default_factory=list)  # those of a worker, for `add`
    costs: Costs = field(default_factory=Costs)
    kept: int = 0  # of the unchanged files, those that were not made again

    def add(self, other: Tally, graph: Graph, here: array[int]) -> None:
        """Add the next tally of a worker, whose nodes join this graph. `here` is for that alone:
        see `Graph.join`."""
        self.written += other.written
        self.unchanged += other.unchanged
        self.endpoints |= other.endpoints
        self.costs.add(other.costs)
        self.kept += other.kept
        graph.join(other.nodes, here)
        for address, one in other.made.items():
            self.made[address] = one._replace(reads=graph.number_here(one.reads, here))

    def digests(self) -> dict[str, bytes]:
        """The digest of each file, by its name."""
        return {one.name: one.digest for one in self.made.values()}


class Freezer(flask_frozen.Freezer):  # type: ignore[misc]  # it has no types
    """Writes the pages of `app` into the folder `new`, reusing unchanged files of `old`."""

    def __init__(
        self,
        app: Flask,
        new: Path,
        *,
        old: Path | None,
        last: LastSite | None = None,
        left: Set[str] = frozenset(),
        compress: bool,
        leaks: Leaks,
        makers: Mapping[str, Callable[[], bytes]] = MappingProxyType({}),
        earlier: Sequence[Node] = (),
    ) -> None:
        """Compressed twins are taken from `last` if their file is the same, and made if not.

        The files named `left` are in the new folder already, as the last build left them.

        `makers` make the content of addresses that are not pages, without a request. `earlier` are
        the nodes of the last build.
        """
        super().__init__(
            app, with_static_files=False, with_no_argument_rules=False, log_url_for=False
        )
        app.config["FREEZER_DESTINATION"] = str(new)
        # The folder is new, and other workers write to it too.
        app.config["FREEZER_REMOVE_EXTRA_FILES"] = False
        app.config["PROPAGATE_EXCEPTIONS"] = True
        self.register_generator(lambda: iter(self._addresses))
        self._addresses: list[str] = []
        self._new, self._old, self._last, self._left = new, old, last, left
        # An equal file is taken over with its mode and owner, so these must not be others. All
        # files of a build have those of its marker.
        self._rights: tuple[int, int] | None = None
        if old is not None and ours(old):
            stat = (old / MARKER).stat()
            self._rights = stat.st_mode, stat.st_uid
        self._compress = compress
        self._leaks = leaks
        self._makers = makers
        self._environ = create_environ("/", app.config["FREEZER_BASE_URL"])
        self._addressed = app.url_map.bind_to_environ(self._environ)
        self._media_type_of_text = app.response_class("").content_type
        self._endpoint = ""
        self._folders: set[str] = set()
        self._earlier = earlier
        self.start_counting()

    def start_counting(self) -> None:
        """Begin a tally of what this process does from now on."""
        self.tally, self.graph = Tally(), Graph(self._earlier)

    def hand_over(self) -> Tally:
        """What was counted since the start or the last call: see `Tally.add`."""
        tally, self.tally = self.tally, Tally()
        tally.nodes = self.graph.hand_over()
        return tally

    @property
    def root(self) -> Path:
        """The new folder. Frozen-Flask asks for it at each page, and would make the path again."""
        return self._new

    def write(self, addresses: Iterable[str]) -> Iterator[str]:
        """Write a file for each address, and yield the address. Raises BuildError.

        Frozen-Flask is asked for pages alone: for most other files it costs more than they do.
        """
        every = [check_address(address) for address in addresses]
        with self.app.request_context(self._environ):
            for made_directly, some in groupby(every, self._makers.__contains__):
                if made_directly:
                    for address in some:
                        self._write(address)
                        yield address
                else:
                    self._addresses = list(some)
                    for page in self.freeze_yield():
                        yield page.url

    def _check_endpoints(self, seen: set[str]) -> None:
        """Disabled: it knows endpoints only by name; `build.py` checks those that answered."""

    def _build_one(self, url: str, _last_modified: object = None) -> Path:
        return self._new / self._write(url)

    def _write(self, url: str) -> str:
        """Write the file of an address, and return its name."""
        name: str = self.urlpath_to_filepath(url)
        self._endpoint = ""
        with reading() as reads:
            content = self._content(url, name)
        spent = self.tally.costs.spent
        suffix = splitext(name)[1]  # noqa: PTH122 - as in `state_of`
        kind = f"pages: {self._endpoint}" if self._endpoint else f"files: {suffix}"
        spent(kind, url)
        leaks = self._leaks(url, content)
        if leaks:
            raise BuildError(" ".join(leaks))
        spent("looking for leaks", url)
        self._make_folder_of(name)
        names = [name]
        same = self._same(name, content)
        if same:
            _link(f"{self._old}/{name}", f"{self._new}/{name}")
        else:
            try:
                with open(f"{self._new}/{name}", "xb") as file:  # noqa: PTH123 - as in `state_of`
                    file.write(content)
            except (FileExistsError, IsADirectoryError) as error:
                raise BuildError(f"Two addresses want one file: {name}.") from error
        spent("writing")
        if self._compress and suffix not in _PACKED_ALREADY and len(content) >= _WORTH_PACKING:
            names += self._pack(name, content, same)
            spent("compressing", url)
        digest = sha256(content).digest()
        self.tally.unchanged += same
        self.tally.written += not same
        states = tuple(state_of(self._new, one) for one in names)
        node = self.graph.add(reads)
        self.tally.made[url] = Made(name, digest, self._endpoint, states, node)
        return name

    def link(self, made: Mapping[str, Made]) -> Iterator[str]:
        """Take these files from the old site as they are, and yield the address of each.

        A file that is not as the last build left it is left out.
        """
        taken: dict[str, Made] = {}
        if self._old is None:
            return
        for address, one in made.items():
            if missing := [state for state in one.states if state[0] not in self._left]:
                if not self._is_as_left(missing):
                    self._remove({state[0] for state in one.states} & self._left)
                    continue
                linked = True
                for name, *_ in missing:
                    self._make_folder_of(name)
                    linked &= _link(f"{self._old}/{name}", f"{self._new}/{name}")
                if not linked:
                    states = tuple(state_of(self._new, name) for name, *_ in one.states)
                    one = one._replace(states=states)
            taken[address] = one
            yield address
        self.tally.unchanged += len(taken)
        self.tally.kept += len(taken)
        self.tally.endpoints |= {one.endpoint for one in taken.values()} - {""}
        self.tally.made |= taken
        self.tally.costs.spent("keeping files of the last site")

    def _make_folder_of(self, name: str) -> None:
        folder = name.rpartition("/")[0]
        if folder not in self._folders:
            os.makedirs(f"{self._new}/{folder}", exist_ok=True)  # noqa: PTH103 - as in `state_of`
            self._folders.add(folder)

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            (self._new / name).unlink()

    def _is_as_left(self, states: Iterable[State]) -> bool:
        try:
            return all(state_of(self._old, state[0]) == state for state in states)
        except OSError:
            return False

    def _content(self, url: str, name: str) -> bytes:
        maker = self._makers.get(url)
        try:
            if maker is not None:
                return maker()
            answer = self._answer(url)
            if type(answer) is str and media_type(name) == self._media_type_of_text:
                return answer.encode()  # as a response holds it, which takes ten times as long
            response: Response = self.app.make_response(answer)
            content: bytes = response.get_data()
        except Exception as error:
            place = extract_tb(error.__traceback__)[-1]
            raise BuildError(
                f"{url} could not be made: {type(error).__name__}: {error} "
                f"({Path(place.filename).name}, line {place.lineno})."
            ) from error
        if response.status_code != 200:
            raise BuildError(f"{url} could not be made: it answers {response.status}.")
        if response.mimetype != media_type(name).partition(";")[0]:
            raise BuildError(
                f"{url} says that it is {response.content_type}, but a file of that name is sent "
                f"as {media_type(name)}. See MEDIA_TYPES in portal/web/frozen_files.py."
            )
        return content

    def _answer(self, url: str) -> Any:
        """What the application answers to a request for an address, inside `write`.

        One request context serves all of them: making one for each costs as much as a small page.
        What the application does after a request is left out: it sets headers, and a file has none.
        """
        request = self.app.request_class({**self._environ, "PATH_INFO": url})
        try:
            rule, arguments = self._addressed.match(url, "GET", return_rule=True)
            request.url_rule, request.view_args = rule, dict(arguments)
            self._endpoint = rule.endpoint
            self.tally.endpoints.add(rule.endpoint)
        except HTTPException as error:
            request.routing_exception = error
        request_ctx.request = request
        try:
            return self.app.dispatch_request()
        except HTTPException as error:
            return self.app.handle_user_exception(error)

    def _same(self, name: str, content: bytes) -> bool:
        if self._old is None:
            return False
        try:
            with (self._old / name).open("rb") as file:
                stat = os.fstat(file.fileno())
                return (
                    stat.st_size == len(content)
                    and file.read() == content
                    and self._rights in (None, (stat.st_mode, stat.st_uid))
                )
        except OSError:
            return False

    def _pack(self, name: str, content: bytes, same: bool) -> Iterator[str]:
        """Write the compressed twins that are worth it, and yield their names."""
        for coding, ending in TWINS.items():
            if same and self._last and self._last.has(name + ending):
                _link(f"{self._old}/{name}{ending}", f"{self._new}/{name}{ending}")
                yield name + ending
                continue
            if coding == "br":
                # A window larger than the file gains nothing and takes ten times as long.
                window = min(22, max(16, len(content).bit_length()))
                quality = 11 if name.startswith(_FOR_EVERYBODY) else _BROTLI_QUALITY
                packed = brotli.compress(
                    content, quality=quality, mode=brotli.MODE_TEXT, lgwin=window
                )
            else:
                packed = gzip.compress(content, _GZIP_LEVEL, mtime=0)
            if len(packed) < len(content):
                if self._same(name + ending, packed):
                    _link(f"{self._old}/{name}{ending}", f"{self._new}/{name}{ending}")
                else:
                    (self._new / (name + ending)).write_bytes(packed)
                yield name + ending


def check_address(address: str) -> str:
    """Return the address if it can be the name of a file. Raises BuildError if not."""
    if not _ADDRESS.fullmatch(address):
        raise BuildError(f"{address!r} cannot be an address of the site, so nothing was written.")
    return address


def _link(old: str, new: str) -> bool:
    """Put a file of the old site into the new one; whether it is the same file, and no copy."""
    try:
        os.link(old, new)
    except FileExistsError as error:
        raise BuildError(f"Two addresses want one file: {Path(new).name}.") from error
    except OSError:  # a file system without hard links
        shutil.copy2(old, new)
        return False
    return True
