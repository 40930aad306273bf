"""Records what of the content each file of the site is made from, at run time.

While a build watches the nouns, each read of one of their fields is noted in the `Reads` of
whatever is being made. A value that is made once and used by several files carries its own `Reads`
to each of them: `remembered` stands for `functools.cached_property`, `remembers` for `lru_cache`,
and `once` for a dictionary (`once_with` also compares what is given). Any other cache of something
made from nouns would hide reads from its second user, and a file could then be skipped although it
has changed.

Nothing is watched outside a build: there `remembered` is as quick as `cached_property`. All of this
is in one file because each part notes reads in the same global, which must cost nearly nothing.
"""

from __future__ import annotations

from abc import ABCMeta
from array import array
from collections import defaultdict
from collections.abc import (
    Callable,
    Collection,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
    Set,
)
from contextlib import contextmanager
from functools import lru_cache, wraps
from threading import Lock, get_ident
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

ValueT = TypeVar("ValueT")
ArgumentsT = ParamSpec("ArgumentsT")

FIELDS = 256  # numbers for the fields of one noun
# Fields, addresses with whether they have a file, and parts. The numbers are in order and `packed`:
# a county has millions, which took most of the memory of a build as objects of Python.
Node = tuple[bytes, tuple[tuple[str, bool], ...], bytes]
UNKNOWN = 0  # the number of a noun that was not there when the watch began

_NUMBER = "\0number"  # in the __dict__ of a noun
_KEPT = "\0kept "  # before the name of a remembered value


def packed(numbers: Iterable[int]) -> bytes:
    """Numbers in four bytes each, as this machine writes them."""
    return array("I", numbers).tobytes()


def unpacked(data: bytes) -> array[int]:
    """The numbers that were `packed`."""
    return array("I", data)


class Reads:
    """What was read to make one thing: fields of nouns by number, and the reads of its parts."""

    __slots__ = ("_fields", "_packed", "asked", "node", "parts")

    def __init__(self, node: int | None = None) -> None:
        """With `node`, all that the node of this number of the last build stands for."""
        self.node = node
        self._fields: set[int] = set()
        self._packed: bytes | None = None
        self.parts: set[Reads] | tuple[Reads, ...] = set()
        # Addresses, and whether they have a file.
        self.asked: set[tuple[str, bool]] | tuple[tuple[str, bool], ...] = set()

    @property
    def fields(self) -> Set[int]:
        """The fields that were read for this alone, without its parts."""
        return self._fields if self._packed is None else {*unpacked(self._packed)}

    def end(self) -> None:
        """Keep what was noted in a fifth of the memory. Nothing more can be noted."""
        if self._packed is None:
            self._packed = packed(sorted(self._fields))
            del self._fields
            self.parts, self.asked = tuple(self.parts), tuple(sorted(self.asked))

    def whole(self) -> tuple[set[int], set[tuple[str, bool]]]:
        """The fields and addresses that were read for this and all its parts."""
        fields: set[int] = set()
        asked: set[tuple[str, bool]] = set()
        seen: set[Reads] = set()
        waiting = [self]
        while waiting:
            reads = waiting.pop()
            if reads not in seen:
                seen.add(reads)
                fields |= reads.fields
                asked.update(reads.asked)
                waiting += reads.parts
        return fields, asked


class Graph:
    """Many `Reads` as plain values, each once. The parts of a node come before it.

    The first numbers are those of the nodes of the last build; `nodes` are those behind them.
    """

    def __init__(self, earlier: Sequence[Node] = ()) -> None:
        self._first = len(earlier)
        self.nodes: list[Node] = []
        self._before = earlier
        self._number: dict[Node, int] = {}
        self._of: dict[Reads, int] = {}
        self._handed_over = 0

    def add(self, reads: Reads) -> int:
        """The number of the node for what was read."""
        if reads.node is not None:
            return reads.node
        known = self._of
        number = known.get(reads)
        if number is None:
            reads.end()
            parts = {known[part] if part in known else self.add(part) for part in reads.parts}
            node = cast("Node", (reads._packed, reads.asked, packed(sorted(parts))))
            number = known[reads] = self._add(node)
        return number

    def hand_over(self) -> list[Node]:
        """The nodes that were added since the last call, for the `join` of another graph."""
        nodes = self.nodes[self._handed_over :]
        self._handed_over = len(self.nodes)
        return nodes

    def join(self, nodes: Iterable[Node], here: array[int]) -> None:
        """Add the next nodes that another graph hands over, which began with the same ones.

        `here` are the numbers here of all its nodes so far, in their order. The numbers of these
        nodes are added to it: see `number_here`.
        """
        for fields, asked, parts in nodes:
            parts_here = {self.number_here(part, here) for part in unpacked(parts)}
            here.append(self._add((fields, asked, packed(sorted(parts_here)))))

    def number_here(self, number: int, here: array[int]) -> int:
        """The number of a node of the other graph in this one, after `join`."""
        return number if number < self._first else here[number - self._first]

    def _add(self, node: Node) -> int:
        if not self._number:
            self._number = {one: number for number, one in enumerate(self._before)}
        fresh = self._first + len(self.nodes)
        number = self._number.setdefault(node, fresh)
        if number == fresh:
            self.nodes.append(node)
        return number


def tidied(nodes: Sequence[Node], wanted: Iterable[int]) -> tuple[list[Node], dict[int, int]]:
    """The wanted nodes with all their parts, each once, and their numbers there by those here."""
    needed = set(wanted)
    for number in range(len(nodes) - 1, -1, -1):
        if number in needed:
            needed.update(unpacked(nodes[number][2]))
    graph = Graph()
    there: dict[int, int] = {}
    for number in sorted(needed):
        fields, asked, parts = nodes[number]
        parts_there = packed(sorted({there[part] for part in unpacked(parts)}))
        there[number] = graph._add((fields, asked, parts_there))
    return graph.nodes, there


_now: Reads | None = None  # None: nothing is watched
_thread = 0  # the only thread that is watched; 0 for all
# What was read for a value, with the dictionary and the key under which it is kept.
_Entry = tuple[Reads, MutableMapping[Any, Any], Hashable]
_kept_here: _Kept | None = None  # where a `Resident` notes them
# These note a field, a part and an address. They are replaced together with `_now`.
_add: Callable[[int], object] = int
_use: Callable[[Reads], object] = id
_ask: Callable[[tuple[str, bool]], object] = id


def _switch(reads: Reads | None) -> Reads | None:
    global _now, _add, _use, _ask
    before, _now = _now, reads
    if reads is None:
        _add, _use, _ask = int, id, id
    else:
        _add = reads._fields.add
        _use = cast("set[Reads]", reads.parts).add
        _ask = cast("set[tuple[str, bool]]", reads.asked).add
    return before


def _watches() -> bool:
    """Whether this thread is watched."""
    return _now is not None and (not _thread or _thread == get_ident())


@contextmanager
def reading() -> Iterator[Reads]:
    """Note what is read in this block, and only there. Without a watch, nothing is noted."""
    reads = Reads()
    if not _watches():
        yield reads
        return
    before = _switch(reads)
    try:
        yield reads
    finally:
        _switch(before)
        if _kept_here is None:
            reads.end()
        else:
            _kept_here.append((reads, {}, ""))


def depend_on(reads: Reads) -> None:
    """Note that what is being made depends on all that was noted in another block."""
    if _now is not None and _watches():
        _use(reads)


def note(reads: Reads) -> None:
    """Note that what is being made depends on all that was read for something else."""
    if _now is not None:
        _use(reads)


class Addresses:
    """The addresses of files. A page that asks whether one is among them depends on the answer."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._addresses = frozenset(addresses)

    def differ(self, other: Addresses) -> Set[str]:
        """The addresses that only one of the two has."""
        return self._addresses ^ other._addresses

    def __contains__(self, address: str) -> bool:
        answer = address in self._addresses
        if _now is not None and _watches():
            _ask((address, answer))
        return answer


def _make(
    kept: MutableMapping[Any, Any], key: Hashable, make: Callable[[], ValueT]
) -> tuple[ValueT, Reads]:
    """Make a value, and keep it with what was read for it."""
    reads = Reads()
    before = _switch(reads)
    try:
        found = kept[key] = make(), reads
    finally:
        _switch(before)
    if _kept_here is None:
        reads.end()
    else:
        _kept_here.append((reads, kept, key))
    return found


# --- values that are made once --------------------------------------------------------------------


class remembered(Generic[ValueT]):
    """A property that is computed once for each object."""

    def __init__(self, make: Callable[[Any], ValueT]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        self._kept = _KEPT + name

    @overload
    def __get__(self, thing: None, owner: type) -> remembered[ValueT]: ...
    @overload
    def __get__(self, thing: object, owner: type) -> ValueT: ...
    def __get__(self, thing: object, owner: type) -> remembered[ValueT] | ValueT:
        if thing is None:
            return self
        values = thing.__dict__
        if _now is None or not _watches():
            # From now on Python finds the value itself, without asking here.
            value = values[self._name] = self._make(thing)
            return value
        kept = values.get(self._kept)
        if kept is None:
            kept = _make(values, self._kept, lambda: self._make(thing))
        _use(kept[1])
        return cast("ValueT", kept[0])


def forget(thing: ValueT) -> ValueT:
    """Drop all `remembered` values of a thing that was copied with them."""
    values = thing.__dict__
    for name in _remembered_by(type(thing)):
        values.pop(name, None)
        values.pop(_KEPT + name, None)
    return thing


def once(
    kept: MutableMapping[Any, Any], key: Hashable, make: Callable[..., ValueT], *given: Any
) -> ValueT:
    """`make(*given)`, kept in this dictionary under `key`. The dictionary is for this alone."""
    found: tuple[ValueT, Reads | None] | None = kept.get(key)
    if _now is None or not _watches():
        if found is None:
            found = kept[key] = make(*given), None
        return found[0]
    if found is None or found[1] is None:  # made before the watch: nobody knows from what
        found = _make(kept, key, lambda: make(*given))
    _use(cast("Reads", found[1]))
    return found[0]


def once_with(
    kept: MutableMapping[Any, Any],
    key: Hashable,
    given: tuple[Any, ...],
    make: Callable[..., ValueT],
) -> ValueT:
    """As `once`, while `given` is equal to what it was at the last call for this key.

    So a value is not made again where something else that it needs was made again, but is the same.
    """
    last: tuple[tuple[Any, ...], dict[str, Any]] | None = kept.get(key)
    if last is None or last[0] != given:
        if last is not None and "" in last[1] and _kept_here is not None and _watches():
            _kept_here.replaced(last[1][""][1])
        last = kept[key] = given, {}
    return once(last[1], "", make, *given)


def between_edits(
    kept: MutableMapping[Any, Any], key: Hashable, make: Callable[..., ValueT], *given: Any
) -> ValueT:
    """As `once` where a `Resident` keeps what it can. Otherwise `make(*given)` is not kept.

    For the parts of something that is made once in a build, and again after each edit.
    """
    return make(*given) if _kept_here is None else once(kept, key, make, *given)


class LastingValues:
    """Values that a build keeps for the next one, each with what it was made from.

    `known` are those of the last build that would be the same now, with the number of the node.
    """

    def __init__(self) -> None:
        self.known: Mapping[str, tuple[Any, int]] = {}
        self._used: dict[str, tuple[Any, int]] = {}
        self._made: dict[str, tuple[Any, Reads]] = {}

    def take(self, key: str) -> tuple[Any, Reads] | None:
        """A value of the last build; None if it has to be made."""
        known = self.known.get(key)
        if known is None:
            return None
        self._used[key] = known
        return known[0], Reads(known[1])

    def put(self, key: str, value: object, reads: Reads) -> None:
        """Keep a value that was made."""
        self._made[key] = value, reads

    def numbered(self, graph: Graph) -> dict[str, tuple[Any, int]]:
        """All that was taken or made in this build, for the `known` of the next one."""
        made = {key: (value, graph.add(reads)) for key, (value, reads) in self._made.items()}
        return self._used | made


_lasting: LastingValues | None = None


@contextmanager
def between_builds() -> Iterator[LastingValues]:
    """Keep in this block what is made by `from_last_build`."""
    global _lasting
    _lasting = LastingValues()
    try:
        yield _lasting
    finally:
        _lasting = None


def from_last_build(
    key: str,
    make: Callable[[], ValueT],
    pack: Callable[[ValueT], object],
    unpack: Callable[[Any], ValueT],
) -> ValueT:
    """`make()`, or the equal value of the last build.

    `pack` turns it into plain values of Python, such as `marshal` writes, and `unpack` back again.
    The key says which value it is, and all that `make` uses without reading it from a noun.
    """
    if _lasting is None or not _watches():
        return make()
    taken = _lasting.take(key)
    if taken is not None:
        _use(taken[1])
        return unpack(taken[0])
    with reading() as reads:
        value = make()
    _lasting.put(key, pack(value), reads)
    _use(reads)
    return value


def remembers(
    most: int,
) -> Callable[[Callable[ArgumentsT, ValueT]], Callable[ArgumentsT, ValueT]]:
    """A decorator: the function keeps its last results, for so many different arguments."""

    def declare(make: Callable[ArgumentsT, ValueT]) -> Callable[ArgumentsT, ValueT]:
        @lru_cache(maxsize=most)
        def kept(*_given: Any, **_named: Any) -> dict[str, Any]:
            return {}

        @wraps(make)
        def asked(*given: ArgumentsT.args, **named: ArgumentsT.kwargs) -> ValueT:
            if _kept_here is not None and _watches():
                # Apart, so that what other threads ask for puts nothing out of its place.
                results = _kept_here.results(make, given, tuple(named.items()))
            else:
                results = kept(*cast("Any", given), **cast("Any", named))
            return once(results, "", lambda: make(*given, **named))

        return asked

    return declare


# --- the watch ------------------------------------------------------------------------------------


def fields_of(kind: type) -> tuple[str, ...]:
    """The fields of a class of nouns: those that editors write, and those that are linked."""
    names = {*kind.model_fields, "model_fields_set"}  # type: ignore[attr-defined]  # of pydantic
    for base in kind.__mro__:
        if not base.__module__.startswith("pydantic"):
            declared = vars(base).get("__annotations__", {})
            names |= {name for name, said in declared.items() if str(said).startswith("ClassVar")}
    found = tuple(sorted(names - {"model_config"}))
    if len(found) > FIELDS:
        raise ValueError(f"{kind.__name__} has more than {FIELDS} fields.")
    return found


_MISSING = object()
_ONE_WATCH = Lock()  # of the classes of nouns


def _watched(name: str, number: int, default: object) -> property:
    def get(noun: Any) -> Any:
        # A page reads hundreds of fields: subscripts are twice as fast as `dict.get`.
        values = noun.__dict__
        try:
            _add(values[_NUMBER] + number)
            return values[name]
        except KeyError:  # a noun without a number, or a value that the class has
            _add(values.get(_NUMBER, UNKNOWN) + number)
            value = values.get(name, default)
            if value is _MISSING:
                raise AttributeError(name) from None
            return value

    return property(get)


def _watched_set(number: int) -> property:
    def get(noun: Any) -> Any:
        _add(noun.__dict__.get(_NUMBER, UNKNOWN) + number)
        return noun.__pydantic_fields_set__

    return property(get)


@contextmanager
def watch(nouns: Mapping[int, object]) -> Iterator[Reads]:
    """Watch these nouns, by their numbers (multiples of FIELDS, not UNKNOWN), in this block.

    Only one watch can be open. What is read outside any `reading` is in the `Reads` it gives.
    """
    if _now is not None:
        raise RuntimeError("The nouns are watched already.")
    _number(nouns)
    outside = Reads()
    try:
        with _watched_kinds({type(noun): fields_of(type(noun)) for noun in nouns.values()}):
            _switch(outside)
            yield outside
    finally:
        for noun in nouns.values():
            values = noun.__dict__
            for name in [name for name in values if name.startswith("\0")]:
                del values[name]


def _number(nouns: Mapping[int, Any]) -> None:
    remembered_by = {kind: _remembered_by(kind) for kind in {type(one) for one in nouns.values()}}
    for number, noun in nouns.items():
        values = noun.__dict__
        values[_NUMBER] = number
        for name in remembered_by[type(noun)]:
            values.pop(name, None)  # made before the watch: nobody knows from what


@contextmanager
def _watched_kinds(kinds: Mapping[type, Sequence[str]]) -> Iterator[None]:
    """Puts properties in the place of the fields of these classes. Ends with nothing watched."""
    before: list[tuple[type, str, object]] = []
    try:
        for kind, names in kinds.items():
            for number, name in enumerate(names):
                own = vars(kind).get(name, _MISSING)
                default = getattr(kind, name, _MISSING)
                before.append((kind, name, own))
                given = (
                    _watched_set(number)
                    if name == "model_fields_set"
                    else _watched(name, number, default)
                )
                setattr(kind, name, given)
        yield
    finally:
        _switch(None)
        for kind, name, own in reversed(before):
            if own is _MISSING:
                delattr(kind, name)
            else:
                setattr(kind, name, own)


def _watched_kind(kind: type, names: Set[str]) -> type:
    """A class of nouns whose fields of these names are watched. Other nouns of the kind are not, so
    that nothing has to be put in place, and taken away again, around each page."""
    fields: dict[str, Any] = {}
    for number, name in enumerate(fields_of(kind)):
        if name == "model_fields_set" and name in names:
            fields[name] = _watched_set(number)
        elif name in names:
            fields[name] = _watched(name, number, getattr(kind, name, _MISSING))
    about = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    # Without what pydantic does for a class of its own: it would take the properties for fields.
    return ABCMeta.__new__(
        cast("type[ABCMeta]", type(kind)), kind.__name__, (kind,), about | fields
    )


class Resident:
    """What is made from nouns in one process, kept while some of the nouns are edited.

    `edited` are those nouns, each with the names of the fields that may be edited. Everything else
    must stay as it is. Whatever uses one of the nouns is in a `making` block, so that what it reads
    is noted. After an edit, each kept value that has read an edited field is dropped, and so is
    what was made with that value.
    """

    def __init__(self, edited: Iterable[tuple[object, Collection[str]]]) -> None:
        nouns: dict[int, object] = {}
        kinds: dict[tuple[type, frozenset[str]], type] = {}
        self._names: dict[type, tuple[str, ...]] = {}
        for number, (noun, may_change) in enumerate(edited, 1):
            nouns[number * FIELDS] = noun
            kind = type(noun), frozenset(may_change)
            if kind not in kinds:
                kinds[kind] = _watched_kind(*kind)
                self._names[kinds[kind]] = fields_of(kind[0])
            object.__setattr__(noun, "__class__", kinds[kind])
        _number(nouns)
        self._kept = _Kept()

    @contextmanager
    def making(self) -> Iterator[None]:
        """Note what is read in this block. One thread at a time, which may not nest it."""
        global _thread, _kept_here
        with _ONE_WATCH:
            _thread, _kept_here = get_ident(), self._kept
            _switch(Reads())
            try:
                yield
            finally:
                _switch(None)
                _thread, _kept_here = 0, None

    def edit(self, noun: Any, values: Mapping[str, object]) -> None:
        """Put other values into fields of a noun, and drop what was made from them.

        `model_fields_set` is a field as well. Call it in a `making` block.
        """
        first, names = noun.__dict__[_NUMBER], self._names[type(noun)]
        given = dict(values)
        if "model_fields_set" in given:
            object.__setattr__(noun, "__pydantic_fields_set__", given.pop("model_fields_set"))
        noun.__dict__.update(given)
        self._kept.drop(first // FIELDS, {first + names.index(name) for name in values})

    def readdress(self, addresses: Set[str]) -> None:
        """Drop what asked whether one of these addresses has a file."""
        if addresses:
            self._kept.drop(0, frozenset(), addresses)


class _Kept:
    """Kept values, each after all that it was made with.

    Most are made from one noun alone, and are not looked at when another noun is edited. Others are
    found by what they use, so that an edit costs as much as it drops.
    """

    def __init__(self) -> None:
        self._of_one: dict[int, list[_Entry]] = defaultdict(list)
        self._noun: dict[Reads, int] = {}  # of what is made from one noun; 0: from none
        # What is made from several, with the nouns and parts that it uses, and its users by those.
        self._of_more: dict[Reads, tuple[_Entry, tuple[int | Reads, ...]]] = {}
        self._users: dict[int | Reads, set[Reads]] = defaultdict(set)
        self._asking: set[Reads] = set()  # those of them that asked about addresses
        self._results: dict[Hashable, dict[str, Any]] = {}

    def results(self, *asked: Hashable) -> dict[str, Any]:
        """Where the result of a function that `remembers` is kept, by what it was asked."""
        return self._results.setdefault(asked, {})

    def append(self, entry: _Entry) -> None:
        reads = entry[0]
        nouns = {field // FIELDS for field in reads.fields}
        nouns.update(self._noun.get(part, -1) for part in reads.parts)
        nouns.discard(0)
        if reads.asked or -1 in nouns or len(nouns) > 1:
            used: tuple[int | Reads, ...] = (
                *{field // FIELDS for field in reads.fields},
                *reads.parts,
            )
            self._of_more[reads] = entry, used
            for one in used:
                self._users[one].add(reads)
            if reads.asked:
                self._asking.add(reads)
            return
        noun = self._noun[reads] = next(iter(nouns), 0)
        self._of_one[noun].append(entry)

    def drop(self, noun: int, changed: Set[int], addresses: Set[str] = frozenset()) -> None:
        gone: set[Reads] = set()
        for reads, kept, key in self._of_one[noun]:
            if not changed.isdisjoint(reads.fields) or not gone.isdisjoint(reads.parts):
                gone.add(reads)
                kept.pop(key, None)
        self._of_one[noun] = [entry for entry in self._of_one[noun] if entry[0] not in gone]
        waiting = [*gone]
        waiting += (one for one in self._users[noun] if not changed.isdisjoint(one.fields))
        if addresses:
            waiting += (
                one for one in self._asking if any(asked in addresses for asked, _ in one.asked)
            )
        while waiting:
            reads = waiting.pop()
            self._noun.pop(reads, None)
            waiting += self._users.pop(reads, ())
            self._forget(reads)

    def replaced(self, reads: Reads) -> None:
        """Note that nobody can ask for a value any more, so that it goes if nothing uses it."""
        if not self._users.get(reads):
            self._forget(reads)

    def _forget(self, reads: Reads) -> None:
        if reads in self._of_more:
            (_, kept, key), used = self._of_more.pop(reads)
            kept.pop(key, None)
            self._asking.discard(reads)
            for one in used:
                if one in self._users:
                    self._users[one].discard(reads)


def _remembered_by(kind: type) -> tuple[str, ...]:
    found = {
        name
        for base in kind.__mro__
        for name, value in vars(base).items()
        if isinstance(value, remembered)
    }
    return tuple(found)
