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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple, TypeVar

from portal import private_files
from portal.dependencies import Node, tidied
from portal.web.site.freezer import Made

FILE = "built-files.bin"
# Increase this when the record has another form.
_FORM = 7
_SEAL = hashlib.sha256().digest_size
_SIZE = 8  # bytes of the size of a part
_MOST_PARTS = 40
_AT_ONCE = 4096  # files or nodes that are written at once, to hold less of the record twice

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
    values: dict[str, tuple[Any, int]]  # of `LastingValues`
    makers: dict[str, bytes]  # what tells the maker of each address from others
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
        kept: list[dict[Any, Any]] = [{} for _ in Record._fields[_SINGLE:-1]]
        nodes: list[Node] = []
        first = None
        for _, frames in parts:
            single = marshal.loads(next(frames, b""))  # noqa: S302 - ours, and not damaged
            for frame in frames:
                differences, more = marshal.loads(frame)  # noqa: S302
                for one, (changed, gone) in zip(kept, differences, strict=True):
                    one.update(changed)
                    for key in gone:
                        del one[key]
                nodes += more
            first = len(nodes) if first is None else first
        if first is None:
            return None
        made = kept[-1]
        for address, plain in made.items():
            made[address] = Made._make(plain)
        record = Record._make((*single, *kept, nodes))
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
    with private_files.replaced_file(var / FILE) as file:
        _write_part(file, b"", record, _whole(record))


def _add(record: Record, last: Last) -> bool:
    """Add what differs to the file; False if it is not the one that was read."""
    old = last.record
    pairs: Iterator[tuple[Any, Any]] = zip(old[_SINGLE:-2], record[_SINGLE:-2], strict=True)
    changed, gone = _difference(old.made, record.made)
    every = [*(_difference(*pair) for pair in pairs), (_plain(changed), gone)]
    with last.path.open("r+b") as file:
        if _state(file) != last.state:
            return False
        file.seek(0, os.SEEK_END)
        _write_part(file, last.seal, record, [(every, record.nodes[len(old.nodes) :])])
        file.flush()
        os.fsync(file.fileno())
    return True


# What is new or has another value, and the keys that are gone, of each dictionary of a record; and
# further nodes.
_Frame = tuple[Sequence[tuple[Mapping[Any, Any], Sequence[Any]]], Sequence[Node]]


def _whole(record: Record) -> Iterator[_Frame]:
    """A record as differences from one of nothing, so many files or nodes at once that what is
    written next is never large."""
    none: tuple[Mapping[Any, Any], Sequence[Any]] = {}, ()
    others: Sequence[Any] = record[_SINGLE:-3]
    makers, made = record.makers, record.made
    before = [none for _ in others]
    yield [*((one, ()) for one in others), none, none], ()
    addresses = [*dict.fromkeys((*makers, *made))]
    # A maker and its file together: what both say, such as their address, is written once.
    for some in _slices(addresses):
        makers_of = {one: makers[one] for one in some if one in makers}
        files = _plain({one: made[one] for one in some if one in made})
        yield [*before, (makers_of, ()), (files, ())], ()
    for nodes in _slices(record.nodes):
        yield [*before, none, none], nodes


def _slices(every: Sequence[ValueT]) -> Iterator[Sequence[ValueT]]:
    return (every[at : at + _AT_ONCE] for at in range(0, len(every), _AT_ONCE))


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


def _write_part(file: BinaryIO, before: bytes, record: Record, frames: Iterable[_Frame]) -> None:
    """Write a part at the end of the file: its seal, its size, and frames, each with its size.

    `before` is the seal of the part before it.
    """
    starts, size, digest = file.tell(), 0, _digest_after(before)
    file.write(bytes(_SEAL + _SIZE))
    every: Iterator[Any] = chain([record[:_SINGLE]], frames)
    for frame in every:
        data = marshal.dumps(frame)
        for piece in (len(data).to_bytes(_SIZE), data):
            digest.update(piece)
            size += file.write(piece)
    file.seek(starts)
    file.write(digest.digest() + size.to_bytes(_SIZE))
    file.seek(0, os.SEEK_END)


def _parts(data: memoryview) -> Iterator[tuple[bytes, Iterator[memoryview]]]:
    """The seal and the frames of each part. Raises ValueError if one is not whole."""
    at, seal = 0, b""
    while at < len(data):
        starts = at + _SEAL + _SIZE
        ends = starts + int.from_bytes(data[at + _SEAL : starts])
        part = data[starts:ends]
        digest = _digest_after(seal)
        digest.update(part)
        if len(part) != ends - starts or digest.digest() != bytes(data[at : at + _SEAL]):
            raise ValueError("A part of the record is damaged.")
        seal, at = digest.digest(), ends
        yield seal, _frames(part)


def _digest_after(seal: bytes) -> hashlib._Hash:
    """Starts the digest that seals the next part, given the seal of the part before it.

    The form of the record is in it, so that a file of another form counts as damaged.
    """
    return hashlib.sha256(b"%d" % _FORM + seal)


def _frames(part: memoryview) -> Iterator[memoryview]:
    at = 0
    while at < len(part):
        starts = at + _SIZE
        at = starts + int.from_bytes(part[at:starts])
        yield part[starts:at]
