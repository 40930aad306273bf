"""What is read of nouns while something is made is noted, also through values that are kept."""

import pickle
import threading
import weakref
from array import array
from contextlib import suppress

import pytest

from portal.dependencies import (
    FIELDS,
    Addresses,
    Graph,
    Reads,
    Resident,
    between_builds,
    between_edits,
    fields_of,
    from_last_build,
    note,
    once,
    once_with,
    packed,
    reading,
    remembered,
    remembers,
    tidied,
    unpacked,
    watch,
)
from portal.directory.models import LONG_AGO, News, Noun


class Room(Noun):
    name: str
    size: int = 1

    @remembered
    def label(self) -> str:
        """Its name in capitals."""
        return self.name.upper()


def number(noun_number, field, kind=Room):
    return noun_number + fields_of(kind).index(field)


@pytest.fixture
def room():
    return Room(name="Hall")


@remembers(2)
def doubled(room):
    return room.size * 2


def test_a_read_of_a_field_is_noted_where_it_happens(room):
    """Each block notes its own reads, and blocks within blocks do not share theirs."""
    with watch({FIELDS: room}) as outside:
        with reading() as outer:
            assert room.size == 1
            with reading() as inner:
                assert room.name == "Hall"
        assert room.size == 1

    assert inner.fields == {number(FIELDS, "name")}
    assert outer.fields == outside.fields == {number(FIELDS, "size")}


def test_kept_values_bring_their_reads_to_every_user(room):
    """The second user of a value depends on what it was made from, as the first does."""
    kept = {}
    with watch({FIELDS: room}):
        for make in (
            lambda: room.label,
            lambda: doubled(room),
            lambda: once(kept, "name", lambda: room.name),
        ):
            with reading() as first:
                value = make()
            with reading() as second:
                assert make() == value

            assert first.whole() == second.whole()
            assert second.whole()[0] in ({number(FIELDS, "name")}, {number(FIELDS, "size")})


def test_what_was_kept_before_the_watch_is_made_again(room):
    """Nobody knows what such a value was made from."""
    kept = {}
    assert (room.label, doubled(room), once(kept, 1, lambda: room.name)) == ("HALL", 2, "Hall")
    with watch({FIELDS: room}), reading() as reads:
        assert (room.label, doubled(room), once(kept, 1, lambda: room.name)) == ("HALL", 2, "Hall")

    assert reads.whole()[0] == {number(FIELDS, "name"), number(FIELDS, "size")}


def test_after_the_watch_nouns_are_as_they_were(room):
    """Nothing is left of it on the class or on the noun, also after an error."""
    before = dict(vars(Room)), dict(vars(room))
    with suppress(KeyError), watch({FIELDS: room}):
        assert room.label == "HALL"
        raise KeyError

    assert (dict(vars(Room)), dict(vars(room))) == before
    assert room.name == "Hall"
    assert (room.label, vars(room)["label"]) == ("HALL", "HALL")


def test_facts_that_are_linked_are_fields_too():
    """They are noted whether they are linked or have their value from the class."""
    news = News(title="New", summary="It is.", date="2026-11-20").link(slug="new")
    with watch({FIELDS: news}), reading() as reads:
        assert (news.slug, news.changed, "title" in news.model_fields_set) == (
            "new",
            LONG_AGO,
            True,
        )
        assert not hasattr(news, "source")

    names = {"slug", "changed", "model_fields_set", "source"}
    assert reads.fields == {number(FIELDS, name, News) for name in names}


def test_a_noun_that_is_not_watched_is_unknown(room):
    """Whatever reads it can never be skipped: its reads have the numbers of unknown nouns."""
    with watch({FIELDS: room}), reading() as reads:
        assert Room(name="Loft").name == "Loft"

    assert reads.fields == {number(0, "name")}


def test_whether_an_address_has_a_file_is_noted_with_the_answer(room):
    """A page that links to a file only if it exists depends on that."""
    addresses = Addresses(["/a", "/b"])
    with watch({FIELDS: room}), reading() as reads:
        assert "/a" in addresses
        assert "/c" not in addresses

    assert reads.asked == (("/a", True), ("/c", False))


def test_a_graph_holds_each_node_once_with_its_parts_before_it():
    """Reads of several processes become one graph, which says the same as they did."""
    hall, loft = Room(name="Hall"), Room(name="Loft")
    with watch({FIELDS: hall, 2 * FIELDS: loft}):
        with reading() as part:
            assert (hall.name, hall.size) == ("Hall", 1)
        users = []
        for _ in range(2):
            with reading() as user:
                note(part)
                assert loft.name == "Loft"
            users.append(user)
    one, other = users
    its_part = packed(sorted((number(FIELDS, "name"), number(FIELDS, "size")))), (), b""
    its_own = packed([number(2 * FIELDS, "name")])
    graph = Graph()

    assert graph.add(one) == graph.add(other) == 1
    assert graph.nodes == [its_part, (its_own, (), packed([0]))]
    joined, here = Graph(), array("I")
    joined._add((packed([9]), (), b""))
    joined.join(pickle.loads(pickle.dumps(graph.hand_over())), here)
    assert [joined.number_here(number, here) for number in (0, 1)] == [1, 2]
    assert joined.nodes[1:] == [its_part, (its_own, (), packed([1]))]
    assert (joined.add(one), len(joined.nodes)) == (2, 3)

    with watch({FIELDS: hall, 2 * FIELDS: loft}), reading() as third:
        note(one)
        assert hall.size == 1
    number_there = graph.add(third)
    joined.join(graph.hand_over(), here)
    *_, parts = joined.nodes[joined.number_here(number_there, here)]
    assert (parts, graph.hand_over()) == (packed([2]), [])


def test_the_reads_of_an_earlier_build_are_noted_again(room):
    """What is taken from it depends on the same fields and addresses, part by part."""
    addresses = Addresses(["/a/"])
    with watch({FIELDS: room}):
        with reading() as before:
            assert room.label
            assert "/b/" not in addresses
        graph = Graph()
        number_there = graph.add(before)
        with reading() as after:
            note(Reads(number_there))
            assert room.name

    earlier = len(graph.nodes)
    next_graph, in_worker = Graph(graph.nodes), Graph(graph.nodes)
    assert next_graph.add(Reads(number_there)) == number_there
    number = in_worker.add(after)
    here = array("I")
    next_graph.join(in_worker.hand_over(), here)
    assert next_graph.number_here(number_there, here) == number_there
    (fields, asked, parts) = next_graph.nodes[next_graph.number_here(number, here) - earlier]
    assert (len(unpacked(fields)), asked, parts) == (1, (), packed([number_there]))


def test_nodes_are_tidied():
    """Those that no file needs go, and equal ones become one; what is left says the same."""
    nodes = [
        (packed([1]), (), b""),
        (packed([2]), (), b""),
        (packed([1]), (), b""),
        (packed([3]), (("/a/", True),), packed([0, 2])),
        (packed([4]), (), packed([1])),
    ]

    tidy, there = tidied(nodes, [3, 2])

    assert tidy == [(packed([1]), (), b""), (packed([3]), (("/a/", True),), packed([0]))]
    assert (there[2], there[3]) == (0, 1)


def test_a_value_of_the_last_build_stands_for_what_it_was_made_from(room):
    """It is not made again, and what uses it depends on the node of that build."""

    def build(known, earlier=()):
        graph, made = Graph(earlier), []

        def make():
            made.append(room.name)
            return [room.name, room.size]

        with watch({FIELDS: room}), between_builds() as lasting:
            lasting.known = known
            with reading() as reads:
                value = from_last_build("room", make, tuple, list)
            return value, made, lasting.numbered(graph), graph.add(reads), graph

    value, made, kept, first_user, graph = build({})
    assert (value, made) == (["Hall", 1], ["Hall"])
    packed, node = kept["room"]
    assert packed == ("Hall", 1)
    assert len(unpacked(graph.nodes[node][0])) == 2

    nodes = graph.nodes
    value, made, kept, user, graph = build(kept, nodes)
    assert (value, made, kept) == (["Hall", 1], [], {"room": (("Hall", 1), node)})
    assert (user, graph.nodes) == (first_user, [])
    assert node in unpacked(nodes[user][2])

    assert build({})[1] == ["Hall"]  # what is not known is made
    assert from_last_build("room", lambda: "outside", str, str) == "outside"


# --- between edits -------------------------------------------------------------------------------


class Plan:
    """What is made of two rooms, by what is declared to `portal.dependencies`."""

    def __init__(self, *rooms):
        self.rooms, self.made, self.kept = rooms, [], {}
        self.resident = Resident([(room, fields_of(Room)) for room in rooms])

    def _label(self, number):
        self.made.append(number)
        return f"{self.rooms[number].label} {self.rooms[number].size}"

    def _sign(self):
        self.made.append("sign")
        return " and ".join(once(self.kept, one, self._label, one) for one in (0, 1))

    def sign(self):
        with self.resident.making():
            return once(self.kept, "sign", self._sign)

    def edit(self, number, **values):
        with self.resident.making():
            self.resident.edit(self.rooms[number], values)


def test_an_edit_drops_what_was_made_from_it_and_keeps_the_rest():
    """A value that has read the field is made again, with all that was made of it."""
    plan = Plan(Room(name="Hall"), Room(name="Attic", size=2))
    assert plan.sign() == "HALL 1 and ATTIC 2"
    plan.edit(0, name="Barn")

    assert plan.sign() == "BARN 1 and ATTIC 2"
    assert plan.made == ["sign", 0, 1, "sign", 0]
    assert plan.sign() == "BARN 1 and ATTIC 2"
    assert plan.made == ["sign", 0, 1, "sign", 0]
    plan.edit(1, size=3)
    assert plan.sign() == "BARN 1 and ATTIC 3"
    assert plan.made[5:] == ["sign", 1]


def test_an_address_that_comes_drops_what_asked_for_it():
    """So does one that goes; other addresses drop nothing."""
    plan = Plan(Room(name="Hall"))
    files = Addresses(["/a/"])
    with plan.resident.making():
        assert once(plan.kept, "page", lambda: "/a/" in files)
    with plan.resident.making():
        plan.resident.readdress(files.differ(Addresses(["/a/", "/b/"])))
        assert "page" in plan.kept
        plan.resident.readdress(files.differ(Addresses([])))
        assert "page" not in plan.kept


def test_another_thread_is_not_watched_meanwhile():
    """What a thread beside reads is no part of what is made, and it finds classes as they were
    after the block."""
    plan, beside = Plan(Room(name="Hall")), Room(name="Shed")
    seen = []
    with plan.resident.making():
        thread = threading.Thread(target=lambda: seen.append(beside.label))
        thread.start()
        thread.join()
        assert "\0kept label" not in vars(beside)

    assert seen == ["SHED"]
    assert "label" in vars(beside)
    assert not isinstance(vars(Room).get("name"), property)


def test_results_are_kept_apart_from_those_of_others():
    """However many other nouns a function is asked about outside, its result is made once."""
    plan, made = Plan(Room(name="Hall")), []

    @remembers(1)
    def size(room):
        made.append(room.name)
        return room.size

    with plan.resident.making():
        assert size(plan.rooms[0]) == 1
    assert size(Room(name="Shed")) == size(Room(name="Barn")) == 1
    with plan.resident.making():
        assert size(plan.rooms[0]) == 1
    assert made == ["Hall", "Shed", "Barn"]
    plan.edit(0, size=2)
    with plan.resident.making():
        assert size(plan.rooms[0]) == 2


def test_a_value_is_kept_while_it_is_made_of_the_same():
    """Other things that are given make it again, and so does an edit of what it has read."""
    plan, kept, made = Plan(Room(name="Hall")), {}, []

    def sign(*words):
        made.append(words)
        return f"{plan.rooms[0].name}: {', '.join(words)}"

    def said(*words):
        with plan.resident.making():
            return once_with(kept, "sign", words, sign)

    assert said("open") == said("open") == "Hall: open"
    assert said("open", "warm") == "Hall: open, warm"
    assert said("open") == "Hall: open"
    assert made == [("open",), ("open", "warm"), ("open",)]
    plan.edit(0, name="Barn")
    assert said("open") == "Barn: open"
    assert once_with(kept, "sign", ("open",), sign) == "Barn: open"
    assert len(made) == 4


def test_a_value_of_several_nouns_goes_when_another_takes_its_place():
    """A preview is edited for hours, and would otherwise keep what was made before each edit."""
    plan, kept = Plan(Room(name="Hall"), Room(name="Attic")), {}

    class Sign:
        def __init__(self, words):
            self.words = words, *(room.name for room in plan.rooms)

    def made(words):
        with plan.resident.making():
            return weakref.ref(once_with(kept, "sign", (words,), Sign))

    first = made("open")
    assert first().words == ("open", "Hall", "Attic")
    second = made("closed")
    assert first() is None
    assert second().words == ("closed", "Hall", "Attic")
    plan.edit(1, name="Loft")
    assert second() is None
    assert made("closed")().words == ("closed", "Hall", "Loft")


def test_parts_of_a_list_are_kept_between_edits_alone():
    """In a build each is made once, so nothing would be gained by keeping them."""
    plan, kept = Plan(Room(name="Hall")), {}
    assert between_edits(kept, "a", lambda: 1) == 1
    assert kept == {}
    with plan.resident.making():
        assert between_edits(kept, "a", lambda: 2) == 2
        assert between_edits(kept, "a", lambda: 3) == 2
