"""What a build remembers of the site that it made, in one file in `var/`.

The record of a county has a hundred thousand parts, and an edit changes few of them. So a build
adds to the file what differs from the record that it read there; the whole is written only if it
has to be, or after many additions. Each part of the file begins with a digest of all up to its end:
a file that is damaged, cut off, or written by two builds at once is no record at all.
"""

from __future__ import annotations

import hashlib
import marshal
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

from portal import private_files
from portal.dependencies import Node, tidied
from portal.web.site.freezer import Made

FILE = "built-files.bin"
# Increase this when the record has another form.
_FORM = 7
_SEAL = hashlib.sha256().digest_size
_SIZE = 8  # bytes of the size of a part
_MOST_PARTS = 40

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")

Digests = tuple[bytes, ...]  # of the fields of a noun, in the order of `fields_of`
# Of a noun: a key of the files that it was made from (empty: not known), and digests by field.
Described = tuple[bytes, Digests]


class Record(NamedTuple):
    """What is remembered."""

    out: str
    marker: list[int]  # the state of the marker in the public folder
    fixed: str  # a digest of all that must be equal as a whole
    site: int  # the node of what every file depends on
    numbers: dict[str, int]  # of the nouns, by key
    nouns: dict[int, Described]
    entries: dict[int, tuple[bytes, str]]  # of series: the key of their files, and a digest
    makers: dict[str, bytes]  # what tells the maker of each address from others
    values: dict[str, tuple[Any, int]]  # of `LastingValues`
    made: dict[str, Made]
    nodes: list[Node]


_SINGLE = 4  # the fields before those that have an entry for each noun or file


@dataclass(frozen=True, slots=True)
class Last:
    """The record of the last build, and where in the file the next part goes."""

    record: Record
    path: Path
    state: tuple[int, int]  # inode and size of the file
    seal: bytes
    parts: int
    nodes: int  # in the first part

    def takes(self, record: Record) -> bool:
        """Whether to add a record to the file rather than to write it again."""
        return self.parts < _MOST_PARTS and len(record.nodes) < 2 * self.nodes


def read(var: Path) -> Last | None:
    """The record of the last build; None if there is none that can be used."""
    path = var / FILE
    try:
        with path.open("rb") as file:
            state = _state(file)
            parts = [*_parts(memoryview(file.read()))]
        said = [marshal.loads(data) for _, data in parts]  # noqa: S302 - ours, and not damaged
        if not said or any(form != _FORM for form, *_ in said):
            return None
        _, single, kept, nodes = said[0]
        first = len(nodes)
        for _, single, differences, more in said[1:]:  # noqa: B007 - the last one counts
            for one, (changed, gone) in zip(kept, differences, strict=True):
                one.update(changed)
                for key in gone:
                    del one[key]
            nodes += more
        *others, made = kept
        files = dict(zip(made, map(Made._make, made.values()), strict=True))
        record = Record._make((*single, *others, files, nodes))
        return Last(record, path, state, parts[-1][0], len(parts), first)
    except (OSError, ValueError, EOFError, TypeError, KeyError):
        return None


def write(var: Path, record: Record, last: Last | None) -> None:
    """Remember a site that has just been published.

    `last` is the record whose nodes those of this one begin with; None if there is none.
    Raises OSError if it cannot be written.
    """
    if last is not None:
        if last.takes(record) and _add(record, last):
            return
        used = (
            *(one.reads for one in record.made.values()),
            *(at for _, at in record.values.values()),
        )
        nodes, there = tidied(record.nodes, [record.site, *used])
        made = {path: one._replace(reads=there[one.reads]) for path, one in record.made.items()}
        values = {key: (value, there[at]) for key, (value, at) in record.values.items()}
        record = record._replace(site=there[record.site], values=values, made=made, nodes=nodes)
    every = (*record[_SINGLE:-2], _plain(record.made))
    data = marshal.dumps((_FORM, record[:_SINGLE], every, record.nodes))
    private_files.write_file(var / FILE, _sealed(b"", data))


def _add(record: Record, last: Last) -> bool:
    """Add what differs to the file; False if it is not the one that was read."""
    old = last.record
    pairs: Iterator[tuple[Any, Any]] = zip(old[_SINGLE:-2], record[_SINGLE:-2], strict=True)
    changed, gone = _difference(old.made, record.made)
    every = [*(_difference(*pair) for pair in pairs), (_plain(changed), gone)]
    data = marshal.dumps((_FORM, record[:_SINGLE], every, record.nodes[len(old.nodes) :]))
    with last.path.open("r+b") as file:
        if _state(file) != last.state:
            return False
        file.seek(0, os.SEEK_END)
        file.write(_sealed(last.seal, data))
        file.flush()
        os.fsync(file.fileno())
    return True


def _state(file: IO[bytes]) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_ino, status.st_size


def _difference(
    old: Mapping[KeyT, ValueT], new: Mapping[KeyT, ValueT]
) -> tuple[dict[KeyT, ValueT], list[KeyT]]:
    """What is new or has another value, and the keys that are gone."""
    changed = {key: value for key, value in new.items() if key not in old or old[key] != value}
    return changed, [key for key in old if key not in new]


def _plain(made: Mapping[str, Made]) -> dict[str, Any]:
    """For marshal, which writes no named tuples."""
    return {path: tuple(one) for path, one in made.items()}


def _sealed(before: bytes, data: bytes) -> bytes:
    """A part of the file: `before` is the seal of the part before it."""
    return hashlib.sha256(before + data).digest() + len(data).to_bytes(_SIZE) + data


def _parts(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """The seal and content of each part. Raises ValueError if one is not whole."""
    at, seal = 0, b""
    while at < len(data):
        starts = at + _SEAL + _SIZE
        ends = starts + int.from_bytes(data[at + _SEAL : starts])
        part = data[starts:ends]
        digest = hashlib.sha256(seal)
        digest.update(part)
        if len(part) != ends - starts or digest.digest() != bytes(data[at : at + _SEAL]):
            raise ValueError("A part of the record is damaged.")
        seal, at = digest.digest(), ends
        yield seal, part
