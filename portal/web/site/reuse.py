"""Says which files of the last site are still the same, from what each was made from.

A build keeps a record in `var/`: the fields that each file was made from (`portal.dependencies`),
and a digest of every field of every noun. The next build compares the fields, and makes again the
files that read one that differs, and those whose maker is another or is given something else. All
others are taken from the old site as they are.

A file that is skipped although it would differ is worse than a slow build. So everything that is no
field must be equal as a whole, or the whole site is made: settings, package, libraries, pictures,
what must not be said of sensitive programmes, and the record itself.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import pickle
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import date, datetime
from functools import partial
from operator import attrgetter
from pathlib import Path
from types import FunctionType, MappingProxyType, MethodType, NoneType
from typing import Any, cast

from portal.dependencies import FIELDS, UNKNOWN, Graph, LastingValues, Node, fields_of, unpacked
from portal.directory import Directory
from portal.directory.models import Fields, Series, Session, TextFile, Venue
from portal.directory.outline import Outline
from portal.directory.quarterly import Cube
from portal.directory.values import TimeRange
from portal.feeds.calendar_entries import uid_of
from portal.feeds.calendars import Calendars
from portal.web.site import record
from portal.web.site.app import Site
from portal.web.site.cards import Cards
from portal.web.site.county_map import CountyMap
from portal.web.site.freezer import Made
from portal.web.site.leaflets import Leaflets
from portal.web.site.leaks import withheld_words
from portal.web.site.photos import Photos
from portal.web.site.published_calendars import Stamp
from portal.web.site.record import Described, Record

# Never compared: they are large or differ with each edit. What reads one is always made again.
_UNCOMPARED = frozenset({"written", "lines", "edition"})

_TABLE = re.compile(r"content/[^/]+")

# These make files of one Directory: what they hold of it is read, and noted, when they are called.
_OF_DIRECTORY = (Calendars, Cards, CountyMap, Leaflets, Photos)


class Reuse:
    """Compares a Directory with the one that the last site was made from.

    `fixed` says all that must be equal for any file to be kept, `marker` the state of the old
    site's marker; without that nothing is kept. `digests` are those of the content files by their
    path from the root, where they are known. `nouns` are to be watched while files are made,
    `states` and `digests` are
    those of the files of the last site, for `LastSite`.
    """

    def __init__(
        self,
        directory: Directory,
        *,
        var: Path,
        out: Path,
        fixed: str,
        marker: list[int] | None,
        digests: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        self._var, self._out = var, str(out.resolve())
        self._directory = directory
        # Files that are kept were checked for the same words when they were made.
        words = repr(withheld_words(directory))
        self._fixed = hashlib.sha256(f"{fixed}\0{words}".encode()).hexdigest()
        self._read = record.read(var)
        last = self._read.record if self._read else None
        # Of the site that is there, whatever it was made from.
        here = last if last and marker and (last.out, last.marker) == (self._out, marker) else None
        made = here.made.values() if here else ()
        self.digests = {one.name: one.digest for one in made}
        self.states = {state[0]: state for one in made for state in one.states}
        self._last = here if here and here.fixed == self._fixed else None
        known = self._last.numbers if self._last else {}
        free = max(known.values(), default=0)
        self._numbers: dict[str, int] = {}
        self.nouns: dict[int, Any] = {}
        for key, noun in _nouns(directory):
            number = known.get(key)
            if number is None:
                number = free = free + FIELDS
            self._numbers[key] = number
            self.nouns[number] = noun
        self._names = {kind: fields_of(kind) for kind in set(map(type, self.nouns.values()))}
        numbers = {id(noun): number for number, noun in self.nouns.items()}
        self._files = {numbers[id(one)]: key for one, key in _file_keys(directory, digests)}
        self._number = numbers
        self._described: dict[int, Described] = {}
        self._describer = _Describer(numbers)
        self._changed: Set[int] = frozenset()
        self._perhaps: Set[int] = frozenset()  # nodes that may have read what differs
        self._makers: dict[str, bytes] = {}

    def entries(self, series: Series) -> str:
        """The digest of the calendar entries of a series, if the files that they are made from are
        the same as in the last build; otherwise ''."""
        number = self._number[id(series)]
        key, digest = self._last.entries.get(number, (b"", "")) if self._last else (b"", "")
        return digest if key and key == self._files.get(number) else ""

    @property
    def earlier(self) -> Sequence[Node]:
        """The nodes of the last build, to which kept files and values refer."""
        return self._last.nodes if self._last else ()

    def values(self) -> Mapping[str, tuple[Any, int]]:
        """The `LastingValues` of the last build that would be the same now.

        Call it once nothing is linked to the nouns any more.
        """
        if self._last is None:
            return {}
        self._describe_nouns()
        self._changed = self._changed_fields(self._last)
        # What asks whether an address has a file is made again: the files are not listed yet.
        self._perhaps = dirty = self._dirty(range(len(self._last.nodes)), None)
        return {key: kept for key, kept in self._last.values.items() if kept[1] not in dirty}

    def unchanged(self, site: Site) -> Mapping[str, Made]:
        """The files of the last site that would be the same now, by address.

        Call it after `values`. Where there is nothing to compare with, call `describe` while
        workers make the files.
        """
        if self._last is None:
            return {}
        self.describe(site)
        return self._compare(self._last)

    def describe(self, site: Site) -> None:
        """Make the digests that the next build will compare."""
        if not self._makers:
            self._describe_nouns()
            makers = site.makers()
            self._makers = {address: self._describer.maker(maker) for address, maker in makers}

    def _describe_nouns(self) -> None:
        if self._described:
            return
        describe = self._describer
        known = self._last.nouns if self._last else {}
        for number, noun in self.nouns.items():
            self._described[number] = self._describe(noun, number, known.get(number), describe)
        if Series in self._names:
            at = self._names[Series].index("all_sessions")
            describe.know_sessions(
                {
                    number: self._described[number][1][at]
                    for number, noun in self.nouns.items()
                    if type(noun) is Series
                }
            )

    def _compare(self, last: Record) -> Mapping[str, Made]:
        makers = self._makers
        # Now it is known which addresses have files: no other nodes can be dirty than before.
        dirty = self._dirty(sorted(self._perhaps), makers.keys())
        if last.site in dirty:
            return {}
        return {
            address: made
            for address, made in last.made.items()
            if made.reads not in dirty and makers.get(address) == last.makers[address]
        }

    def _dirty(self, numbers: Iterable[int], addresses: Set[str] | None) -> Set[int]:
        """Which of these nodes have read what differs now. `addresses` are those that have files,
        None if that is not known."""
        nodes, changed = self.earlier, self._changed
        dirty: set[int] = set()
        for number in numbers:
            fields, asked, parts = nodes[number]
            if (
                not changed.isdisjoint(unpacked(fields))
                or (parts and not dirty.isdisjoint(unpacked(parts)))
                or (asked and (addresses is None or _differs(asked, addresses)))
            ):
                dirty.add(number)
        return dirty

    def _describe(
        self, noun: Any, number: int, old: Described | None, describe: _Describer
    ) -> Described:
        key = self._files.get(number, b"")
        if key:
            # The only field of a series that more than its files decides: commits and calendars.
            key = describe.digest((key, noun.__dict__["changed"]))
            if old and old[0] == key:
                return old
        names = self._names[type(noun)]
        return key, tuple([describe.digest(_value(noun, name)) for name in names])

    def _changed_fields(self, last: Record) -> set[int]:
        """The numbers of the fields that differ from the last build, or that are not compared."""
        found = set(range(FIELDS))  # those of nouns that were not known
        for number, old in last.nouns.items():
            new = self._described.get(number)
            if new is None:
                found.update(range(number, number + FIELDS))
            elif new is not old and new[1] != old[1]:
                pairs = zip(old[1], new[1], strict=True)
                found.update(number + at for at, (one, other) in enumerate(pairs) if one != other)
        uncompared = {
            kind: [at for at, name in enumerate(names) if name in _UNCOMPARED]
            for kind, names in self._names.items()
        }
        for number, noun in self.nouns.items():
            found.update(number + at for at in uncompared[type(noun)])
        return found

    def keep(
        self,
        site: Site,
        made: dict[str, Made],
        graph: Graph,
        values: LastingValues,
        marker: list[int],
        stamps: Mapping[str, Stamp],
    ) -> None:
        """Remember the site that has just been published, with the stamps of its calendars.

        `made` are its files by address, `graph` what they were made from. Call `describe` before.
        """
        shared = graph.add(site.reads)
        directory = self._directory
        entries: dict[int, tuple[bytes, str]] = {}
        for series in (*directory.series, *directory.private_series):
            number, stamp = self._number[id(series)], stamps.get(uid_of(series, directory.site))
            if stamp and number in self._files:
                entries[number] = self._files[number], stamp.digest
        lasting = values.numbered(graph)
        record.write(
            self._var,
            record.Record(
                self._out, marker, self._fixed, shared, self._numbers, self._described, entries,
                lasting, self._makers, made, [*self.earlier, *graph.nodes],
            ),
            self._read if self._last else None,
        )  # fmt: skip


def _differs(asked: Iterable[tuple[str, bool]], addresses: Set[str]) -> bool:
    return any((address in addresses) != answer for address, answer in asked)


def _nouns(directory: Directory) -> Iterator[tuple[str, Any]]:
    """Every noun that a page may read, with a key that stays."""
    yield from (("directory", directory), ("site", directory.site), ("terms", directory.terms))
    kinds: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("footprint", directory.footprints),
        ("district", directory.districts),
        ("centre", directory.centres),
        ("programme", directory.programmes),
        ("series", (*directory.series, *directory.private_series)),
        ("page", directory.pages),
        ("news", directory.news),
        ("help", directory.help_pages),
        ("board", directory.boards),
    )
    for kind, nouns in kinds:
        for noun in nouns:
            key = f"{kind} {noun.identity if kind == 'series' else noun.slug}"
            yield key, noun
            if isinstance(noun, TextFile):
                for language, translation in noun.translations.items():
                    yield f"{key} in {language}", translation


def _file_keys(
    directory: Directory, digests: Mapping[str, bytes]
) -> Iterator[tuple[Series, bytes]]:
    """A key for each series and translation of one: where it is equal, so are all fields that
    linking gives it but `changed`, and its calendar entries but for their stamps.

    They are made from its own file, those of its centre and programme, the tables in content/, and
    the day. Nothing is given where a digest is missing.
    """
    tables = sorted((name, digests[name]) for name in digests if _TABLE.fullmatch(name))
    days = directory.today, directory.horizon, directory.feed_until
    shared = repr((*days, tables))
    said: dict[TextFile, str] = {}

    def files_of(noun: TextFile) -> str:
        names = [one.source for one in (noun, *noun.translations.values())]
        found = [(name, digests.get(name, b"")) for name in names]
        return repr(found) if all(digest for _, digest in found) else ""

    for noun in (*directory.centres, *directory.programmes):
        said[noun] = files_of(noun)
    for series in (*directory.series, *directory.private_series):
        own = files_of(series), said[series.centre], said[series.programme]
        if all(own):
            key = hashlib.blake2b("\0".join((shared, *own)).encode(), digest_size=12).digest()
            for one in (series, *series.translations.values()):
                yield cast("Series", one), key


# --- digests of values ----------------------------------------------------------------------------


_MISSING = "\0missing"


def _value(noun: Any, name: str) -> object:
    if name == "model_fields_set":
        return sorted(noun.__pydantic_fields_set__)
    return None if name in _UNCOMPARED else noun.__dict__.get(name, _MISSING)


class _Describer:
    """Digests of values. A noun within a value counts as itself: its fields are compared apart."""

    def __init__(self, numbers: Mapping[int, int]) -> None:
        """`numbers` are those of the nouns, by their `id`."""
        self._file = io.BytesIO()
        self._pickler = _Pickler(self._file, numbers)
        self._numbers = numbers
        # Digests of functions and methods, by the `id` of what they are; and that itself, so that
        # nothing else gets its `id`.
        self._functions: dict[tuple[int, int], tuple[object, bytes]] = {}

    def know_sessions(self, digests: Mapping[int, bytes]) -> None:
        """Describe a session from now on by its day and the digest of all sessions of its series.

        `digests` are those, by the number of the series. Tens of thousands of files are made from
        one session each.
        """
        self._pickler.sessions = digests

    def digest(self, value: object) -> bytes:
        """The same for equal values. It may differ for equal values too; then files are made."""
        kind = type(value)
        if kind is str:
            data = b"'" + cast("str", value).encode("utf-8", "surrogatepass")
        elif not value and kind in _EMPTY:
            return _EMPTY[kind]
        else:
            self._file.seek(0)
            self._file.truncate()
            self._pickler.dump(self._pickler.plain(value))
            data = self._file.getvalue()
        return hashlib.blake2b(data, digest_size=12).digest()

    def maker(self, maker: Any) -> bytes:
        """As `digest`, in a fifth of its time for the makers of files, of which there are many."""
        return hashlib.blake2b(self._named(maker), digest_size=12).digest()

    def _named(self, thing: Any) -> bytes:
        """What tells a part of a maker from others: a letter, and bytes of a known number."""
        kind = type(thing)
        if kind is partial and not thing.keywords:
            return b"(%b%b)" % (self._named(thing.func), b"".join(map(self._named, thing.args)))
        if kind is tuple:
            return b"[%b]" % b"".join(map(self._named, thing))
        if kind is Session:
            series = self._numbers.get(id(thing.series), UNKNOWN)
            if digest := self._pickler.sessions.get(series):
                moved = b"-" if thing.moved_to is None else b"+"
                return b"s%b%b%b%b" % (_number(series), thing.anchor.encode(), moved, digest)
        number = self._numbers.get(id(thing))
        if number is not None:
            return b"n" + _number(number)
        if kind is MethodType:
            key = id(thing.__self__), id(thing.__func__)
        elif kind is FunctionType:
            key = id(thing), 0
        else:
            return b"d" + self.digest(thing)
        known = self._functions.get(key)
        if known is None:
            known = self._functions[key] = thing, b"f" + self.digest(thing)
        return known[1]


def _number(number: int) -> bytes:
    return number.to_bytes(8)


# Most fields of most nouns are empty. No pickle begins like one of these names.
_EMPTY = {
    kind: hashlib.blake2b(kind.__name__.encode(), digest_size=12).digest()
    for kind in (NoneType, bool, tuple, frozenset, dict, list)
}
_SESSION = attrgetter(*(one.name for one in dataclasses.fields(Session)))


class _Pickler(pickle.Pickler):
    """Writes values so that equal ones give equal bytes, in any process."""

    def __init__(self, file: io.BytesIO, numbers: Mapping[int, int]) -> None:
        super().__init__(file, 5)
        # Otherwise the bytes would tell which equal objects are one, which differs by process.
        self.fast = True
        self._numbers = numbers
        self.sessions: Mapping[int, bytes] = {}
        # A venue is in every session of a series, a cube in many pages: each is described once.
        self._known: dict[int, tuple[Venue | Cube, bytes]] = {}

    def reducer_override(self, value: Any) -> Any:
        said = self.plain(value)
        return NotImplemented if said is value else (_described, (said,))

    def plain(self, value: Any) -> Any:
        """A value in plain values of Python; itself, if pickle knows what to write of it.

        Whatever is left for `reducer_override` costs several times as much, so the sessions of a
        series and the makers of files are made plain with all that is in them.
        """
        # The commonest come first. No value of the content can hold a \0.
        kind = type(value)
        if kind is tuple:
            return tuple(map(self.plain, value)) if value else value
        if kind is str or kind is bool or value is None:
            return value
        if kind is Session:
            series = self._numbers.get(id(value.series), UNKNOWN)
            if digest := self.sessions.get(series):
                return "\0session", series, value.anchor, value.moved_to is None, digest
            parts = _SESSION(value)
            # The others are plain already, as a rule.
            return "\0session", *map(self.plain, parts[:5]), *parts[5:]
        if kind is datetime:
            return "\0time", value.isoformat(), str(value.tzinfo), value.fold
        if kind is date:
            return "\0day", value.isoformat()
        if kind is TimeRange:
            return "\0times", value.starts.isoformat(), value.ends.isoformat()
        number = self._numbers.get(id(value))
        if number is not None:
            return "\0noun", number
        if kind is Venue or kind is Cube:
            return "\0once", self._once(value)
        if isinstance(value, Fields):
            values = {k: v for k, v in value.__dict__.items() if not k.startswith("\0")}
            return "\0fields", kind.__qualname__, values, sorted(value.__pydantic_fields_set__)
        if kind is Outline:  # without the rings that it keeps once they are drawn
            return "\0outline", value.arcs, value.districts, value.attribution
        if kind is MappingProxyType:
            return "\0mapping", dict(value)
        if isinstance(value, _OF_DIRECTORY):
            return "\0of the directory", kind.__qualname__
        if kind is partial:
            return "\0partial", self.plain(value.func), self.plain(value.args), value.keywords
        if kind is MethodType:
            return "\0method", self.plain(value.__self__), value.__func__.__qualname__
        if kind is FunctionType and value is not _described:
            cells = [cell.cell_contents for cell in value.__closure__ or ()]
            return "\0function", value.__module__, value.__qualname__, cells
        return value

    def _once(self, value: Venue | Cube) -> bytes:
        known = self._known.get(id(value))
        if known is None:
            file = io.BytesIO()
            parts = [getattr(value, one.name) for one in dataclasses.fields(value)]
            _Pickler(file, self._numbers).dump(parts)
            said = hashlib.blake2b(file.getvalue(), digest_size=12).digest()
            known = self._known[id(value)] = value, said
        return known[1]


def _described(*parts: object) -> Callable[..., object]:
    """Stands for a value in its bytes, which nobody reads again."""
    raise NotImplementedError(parts)
