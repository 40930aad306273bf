"""Keeps the result of reading each content file, for programs that read them often.

A preview reads the whole county at each save, and hardly ever more than one file is another. A
file is known by what the system says of it (times, size, inode), looked at before it is read.
A build or check is a process of its own: for it the readings are kept in files, and a content file
is known by the digest of what is in it (`KeptReadings`).
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import signal
import stat
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast
from zlib import crc32
from zoneinfo import ZoneInfo

from portal import private_files
from portal.content import prose
from portal.content.front_matter import LARGEST_FILE, Problem, Written
from portal.content.sources import Row
from portal.directory import TextFile
from portal.directory.models import Fields

MadeT = TypeVar("MadeT")


class Asked(NamedTuple):
    """All that decides what the reading of a Markdown file says, but for what is in it."""

    path: str
    name: str  # the path from the root
    model: type[TextFile]
    images_at: str
    translates: bool


class Reading(NamedTuple):
    """What reading a Markdown file by itself gave."""

    digest: bytes  # of what is in the file; empty if it could not be read
    written: Written
    noun: Any  # None in a translation, and with mistakes
    prose: prose.Prose


Read = Callable[[Asked], Reading]


class FileCache:
    """Readings and tables by their paths, kept as long as this object.

    What is handed out is a copy each time: to cross-check files is to add mistakes to them, and to
    link nouns is to write into them, and neither may be met again in the next reading.
    """

    def __init__(self) -> None:
        self._readings: dict[str, tuple[object, Asked, Reading]] = {}
        self._rows: dict[str, tuple[object, list[Row]]] = {}
        self._pictures: dict[str, tuple[object, str]] = {}
        self._made: dict[str, tuple[bytes, object]] = {}

    def readings(
        self,
        asked: Sequence[Asked],
        read: Read,
        digests: Mapping[str, bytes],  # noqa: ARG002 - the state of a file says enough here
    ) -> list[Reading]:
        """The readings of these files. One is read again if it has changed. `digests` has the
        digest of what is in a file, by path from the root, where it is known."""
        return [self._reading(one, read) for one in asked]

    def _reading(self, asked: Asked, read: Read) -> Reading:
        state, known = _state_of(asked.path), self._readings.get(asked.path)
        if known is None or known[:2] != (state, asked):
            # The state from before the reading: a change meanwhile is seen next time.
            known = state, asked, read(asked)
            self._readings[asked.path] = known
        found = known[2]
        written = replace(found.written, problems=list(found.written.problems))
        noun = found.noun.model_copy() if found.noun else None
        return found._replace(written=written, noun=noun)

    def rows(self, path: str, read: Callable[[], list[Row]], problems: list[Problem]) -> list[Row]:
        """The rows of a table. They are kept where reading it added no problem."""
        state, before = _state_of(path), len(problems)
        known = self._rows.get(path)
        if known is None or known[0] != state:
            known = state, read()
            if len(problems) == before:
                self._rows[path] = known
        return known[1]

    def picture(self, path: str, look: Callable[[], str]) -> str:
        """What is wrong with a picture, which is looked at again if its file has changed."""
        state, known = _state_of(path), self._pictures.get(path)
        if known is None or known[0] != state:
            known = self._pictures[path] = (state, look())
        return known[1]

    def made(self, what: str, key: bytes, make: Callable[[], MadeT]) -> MadeT:
        """What `make` gives, kept under a name for as long as the key stays the same. Nobody may
        change it."""
        known = self._made.get(what)
        if known is None or known[0] != key:
            known = self._made[what] = key, make()
        return cast(MadeT, known[1])


def _state_of(path: str) -> object:
    try:
        stat = os.stat(path)  # noqa: PTH116 - hundreds of files, and paths are slow to make
    except OSError:
        return None
    # The inode and its time of change tell when an older file takes a name.
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino


def cores() -> int:
    """How many processors this process may use."""
    may = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return may or 1


# --- between processes ---------------------------------------------------------------------------

_PARTS = 16  # after a change of one file, only its part is written again
_WORTH_FORKING = 200  # files for each worker


class KeptReadings(FileCache):
    """The readings of the last build or check, in files of ours. What is missing is read by
    worker processes, if it is much.

    A part that is damaged, foreign or of another version of the portal is passed over, and written
    again. Parts are replaced whole, so that two builds at once do not spoil them.
    """

    def __init__(self, var: Path, jobs: int | None = None) -> None:
        """`var` is the folder of what the portal keeps, `jobs` how many workers there may be."""
        super().__init__()
        self._folder = var / "readings"
        self._jobs = cores() if jobs is None else jobs
        # Of what is in each file that was read, by path from the root.
        self.digests: Mapping[str, bytes] = {}

    def readings(
        self, asked: Sequence[Asked], read: Read, digests: Mapping[str, bytes]
    ) -> list[Reading]:
        """The readings of these files. Not copies: they are used once."""
        parts = [self._part(number) for number in range(_PARTS)]
        found: dict[Asked, Reading] = {}
        missing: list[Asked] = []
        for one in asked:
            kept = parts[_part_of(one)].get(one)
            now = digests.get(one.name)
            if kept is not None and kept.digest == (now or _digest_of(one.path)):
                found[one] = kept
            else:
                missing.append(one)
        found.update(zip(missing, self._read(missing, read), strict=True))
        # Before anybody adds to them.
        fresh: list[dict[Asked, Reading]] = [{} for _ in parts]
        for one in asked:
            if found[one].digest:
                fresh[_part_of(one)][one] = found[one]
        self.digests = {**digests, **{one.name: found[one].digest for one in asked}}
        changed = {_part_of(one) for one in missing}
        for number, part in enumerate(fresh):
            if number in changed or part.keys() != parts[number].keys():
                self._write(f"{number:02}", part)
        return [found[one] for one in asked]

    def made(self, what: str, key: bytes, make: Callable[[], MadeT]) -> MadeT:
        known = self._load(what)
        if not isinstance(known, tuple) or known[0] != key:
            known = key, make()
            self._write(what, known)
        return cast(MadeT, known[1])

    def _part(self, number: int) -> dict[Asked, Reading]:
        part = self._load(f"{number:02}")
        return part if isinstance(part, dict) else {}

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.readings"

    def _write(self, name: str, thing: object) -> None:
        data = _dumped(thing)
        with suppress(OSError):  # then the next run reads them again
            private_files.write_file(self._path(name), _seal(data) + data)

    def _load(self, name: str) -> Any:
        """What was written under this name; None if that cannot be trusted, or is not there."""
        try:
            with self._path(name).open("rb") as file:
                status = os.fstat(file.fileno())
                data = file.read()
        except OSError:
            return None
        # Nobody else can have written it. So it holds what we wrote ourselves, if it is whole.
        if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
            return None
        if data[:_SEAL] != _seal(data[_SEAL:]):
            return None
        try:
            return _loaded(data[_SEAL:])
        except (pickle.UnpicklingError, AttributeError, EOFError, ImportError, IndexError):
            return None

    def _read(self, missing: Sequence[Asked], read: Read) -> Iterable[Reading]:
        jobs = min(self._jobs, len(missing) // _WORTH_FORKING)
        if jobs < 2:
            return list(map(read, missing))
        from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
        from multiprocessing import get_context

        shares = [missing[at : at + 50] for at in range(0, len(missing), 50)]
        try:
            with ProcessPoolExecutor(jobs, get_context("fork"), _end_with_parent) as workers:
                parts = list(workers.map(partial(_read_share, read), shares))
        except BrokenExecutor:  # something has ended a worker
            return list(map(read, missing))
        # From our own workers, by our own pipes.
        return [reading for part in parts for reading in pickle.loads(part)]  # noqa: S301


def _end_with_parent() -> None:
    """In a worker: otherwise it would wait for ever for the next share of a parent that is dead."""
    import threading
    from multiprocessing import parent_process

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C and stops us

    def end() -> None:
        if parent := parent_process():
            parent.join()
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()


def _read_share(read: Read, share: Sequence[Asked]) -> bytes:
    return _dumped([read(one) for one in share])


def _part_of(asked: Asked) -> int:
    return crc32(os.fsencode(asked.path)) % _PARTS


def _digest_of(path: str) -> bytes:
    try:
        with open(path, "rb", 0) as file:  # noqa: PTH123 - thousands of files
            return digest(file.read(LARGEST_FILE + 1))
    except OSError:
        return b""


def digest(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()


def key_of(paths: Iterable[str], digests: Mapping[str, bytes]) -> bytes:
    """A key for what is made of these files; empty if the digest of one is not known."""
    whole = [(path, digests.get(path, b"")) for path in paths]
    return digest(repr(whole).encode()) if all(one for _, one in whole) else b""


# --- bytes ---------------------------------------------------------------------------------------

_SEAL = hashlib.sha256().digest_size


def _seal(data: bytes) -> bytes:
    """What stands before the data of this version, so that no other is taken for it."""
    return hashlib.sha256(_version() + data).digest()


@cache
def _version() -> bytes:
    """A digest of the code that reads, the libraries that it uses, and Python's version."""
    package = Path(__file__).parents[1]
    code = sorted([*package.glob("content/*.py"), *package.glob("directory/*.py")])
    # Installing, removing or upgrading a library changes the folder that contains it.
    libraries = [Path(path).stat().st_mtime_ns for path in sys.path if path.endswith("-packages")]
    whole = hashlib.sha256(repr((sys.version, libraries)).encode())
    for file in code:
        whole.update(file.name.encode() + digest(file.read_bytes()))
    return whole.digest()


class _Pickler(pickle.Pickler):
    """Writes of a noun what its file gives, and not the many fields that it leaves out."""

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, Fields):
            given = {name: getattr(thing, name) for name in thing.model_fields_set}
            return _noun, (type(thing), given)
        if isinstance(thing, ZoneInfo):  # it would be written as a name and `getattr`
            return ZoneInfo, (thing.key,)
        if "__setstate__" in vars(type(thing)) and hasattr(thing, "__dataclass_fields__"):
            # A frozen dataclass with slots: much slower to put together again in its own way.
            return type(thing), tuple(getattr(thing, one.name) for one in fields(thing))
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    """Reads readings alone: a name of anything else is refused."""

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name)
        ours = module.startswith(("portal.content.", "portal.directory."))
        if (ours and isinstance(found, type)) or (module, name) in _ALLOWED:
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a reading")


_ALLOWED = {
    (__name__, "_noun"),
    ("portal.content.front_matter", "packed_values"),
    ("datetime", "date"),
    ("datetime", "datetime"),
    ("datetime", "time"),
    ("zoneinfo", "ZoneInfo"),
}


def _noun(model: type[Fields], given: dict[str, Any]) -> Fields:
    """A noun again, of the fields that were given. They were checked when it was first made."""
    made = model.__new__(model)
    put = object.__setattr__
    put(made, "__dict__", _defaults(model) | given)
    put(made, "__pydantic_fields_set__", set(given))
    put(made, "__pydantic_extra__", None)
    put(made, "__pydantic_private__", None)
    return made


@cache
def _defaults(model: type[Fields]) -> dict[str, Any]:
    # A field without a default has always been given; its place keeps the order of the fields.
    return {name: info.default for name, info in model.model_fields.items()}


def _dumped(thing: object) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer, pickle.HIGHEST_PROTOCOL).dump(thing)
    return buffer.getvalue()


def _loaded(data: bytes) -> Any:
    return _Unpickler(io.BytesIO(data)).load()
