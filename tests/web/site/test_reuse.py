"""Files of the last site are kept only where nothing that they were made from has changed."""

import dataclasses
import functools
import os
import random
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal import content
from portal.content import KeptReadings
from portal.content.cache import FileCache
from portal.dependencies import fields_of, reading, watch
from portal.directory import Series
from portal.feeds.calendar_entries import uid_of
from portal.settings import load_settings
from portal.web.site import build, published_calendars, reuse, rows
from portal.web.site.app import Site
from portal.web.site.build_state import names_in
from portal.web.site.published_calendars import PublishedCalendars
from tests.support.content_edits import Edits, with_field
from tests.support.long_forms import LONG

pytestmark = pytest.mark.slow

PACKAGES = "directory", "coverage", "feeds", "finder", "web/site"


class Readings:
    """What each address of the sample reads: all made in turn, or one made by itself."""

    def __init__(self, root, today, tmp_path):
        self.root, self.today, self.var = root, today, tmp_path
        self.memory = FileCache()

    def of(self, wanted=None):
        """The fields and addresses that each address reads, or only the `wanted` one."""
        directory = content.load(self.root, today=self.today, memory=self.memory)
        nouns = reuse.Reuse(
            directory, var=self.var, out=self.var, fixed="", marker=None
        ).nouns  # fmt: skip
        found = {}
        with watch(nouns):
            if wanted is None:
                published_calendars.hold(directory, PublishedCalendars())
            site = Site(directory)
            client, files = site.app().test_client(), site.files()
            for address in site.addresses() if wanted is None else [wanted]:
                with reading() as reads:
                    if address in files:
                        files[address]()
                    else:
                        client.get(address)
                found[address] = set().union(*reads.whole(), *site.reads.whole())
        return found

    def hidden(self, addresses):
        """The addresses that read less where others were made before them."""
        shared = self.of()
        return {one for one in addresses if self.of(one)[one] - shared[one]}


@pytest.fixture(scope="module")
def readings(sample_root, today, tmp_path_factory):
    return Readings(sample_root, today, tmp_path_factory.mktemp("readings"))


def test_no_cache_hides_what_a_file_is_made_from(readings, directory):
    """A file made after all others reads no less than when it is made by itself.

    A cache that is not declared to `portal.dependencies` gives its second user no reads.
    """
    site, kinds = Site(directory), {}
    for address, maker in site.makers():
        kind = maker[0] if isinstance(maker, tuple) else _kind(maker)
        kinds[kind] = address  # the last of its kind: most has been kept by then

    assert len(kinds) > 40
    assert readings.hidden(kinds.values()) == set()


def _kind(maker):
    while isinstance(maker, functools.partial):
        inner = [one for one in maker.args if callable(one) and not isinstance(one, type)]
        if not inner:
            return getattr(maker.func, "__qualname__", maker.func)
        maker = inner[0]
    return getattr(maker, "__qualname__", maker)


def test_a_cache_that_is_not_declared_is_found(readings, directory, monkeypatch):
    """The test above fails if rows of lists are kept in a dictionary as any other."""

    def undeclared(kept, key, make, *given):
        if key not in kept:
            kept[key] = make(*given)
        return kept[key]

    monkeypatch.setattr(rows, "once", undeclared)
    districts = [one.path for one in directory.districts if directory.series_in(one)]

    assert readings.hidden(districts[-3:])


def test_caches_of_a_build_are_declared():
    """In what makes the site, nothing else keeps what is made from nouns."""
    package = Path(reuse.__file__).parents[2]
    found = {
        f"{path.relative_to(package)}: {line.strip()}"
        for name in PACKAGES
        for path in sorted((package / name).rglob("*.py"))
        for line in path.read_text("utf-8").splitlines()
        if line.strip().startswith(("@cache", "@lru_cache", "@functools"))
    }

    assert found == ALLOWED


# Kept by values alone, for something that is no output, or outside a build.
ALLOWED = {
    "coverage/changes.py: @cached_property",  # compares two Directories, for editors
    "directory/centre_week.py: @cached_property",  # a week for staff
    "directory/measures.py: @cache",  # by a word
    "web/site/leaflets.py: @cache",  # whether a library is there
    "web/site/leaks.py: @lru_cache(maxsize=2)",  # a check
    "web/site/photos.py: @lru_cache(maxsize=1000)",  # by the state of a picture
    "web/site/photos.py: @lru_cache(maxsize=2)",
}


# --- what is kept --------------------------------------------------------------------------------


@pytest.fixture
def site(settings, today):
    """The sample as it was built, and a function that builds it again."""
    build.build(settings, today=today, jobs=1)
    return functools.partial(build.build, settings, today=today, jobs=1)


def test_one_word_makes_one_page_again(settings, site, series_file):
    """The words of a series are on its own page alone. Its entries have another time of change."""
    series_file.write_text(series_file.read_text("utf-8") + "\nBring a coat.\n", "utf-8")

    built = site()

    assert "Bring a coat" in page(settings, "sessions/riverbank/play-monday")
    assert built.kept > 0.85 * built.pages
    assert built.written < 60


def test_an_area_depends_on_the_sessions_of_its_own_groups(directory, tmp_path):
    """The page of a district is made again if a group of it meets at another time, and not because
    of a group elsewhere."""
    nouns = reuse.Reuse(directory, var=tmp_path, out=tmp_path, fixed="", marker=None).nouns
    first = {id(noun): number for number, noun in nouns.items()}
    at = fields_of(Series).index("all_sessions")
    districts = [one for one in directory.districts if directory.series_in(one)]
    with watch(nouns):
        client = Site(directory).app().test_client()
        for district in districts:
            own = set(directory.series_in(district))
            with reading() as reads:
                client.get(district.path)
            fields, _ = reads.whole()
            found = {one for one in directory.series if first[id(one)] + at in fields}

            assert found == own

    assert len(districts) > 1


def test_a_page_that_lists_a_new_file_is_made_again(settings, site, series_file):
    """Whether an address has a file is known only once all files are listed: pages that asked are
    looked at twice, and what joins them too."""
    folder = series_file.parent
    text = series_file.read_text("utf-8")
    planted = with_field(with_field(text, "title", "A planted group"), "alongside", "[play-monday]")
    (folder / "planted.md").write_text(planted, "utf-8")

    site()
    added = {name: (settings.out / name).read_bytes() for name in names_in(settings.out)}
    site(full=True)

    assert b"A planted group" in added["centres/riverbank/index.html"]
    assert added.keys() == {*names_in(settings.out)}
    assert all(
        (settings.out / name).read_bytes() == content
        for name, content in added.items()
        if not name.startswith(".")
    )


def test_calendars_are_joined_from_what_was_made_before(settings, site, series_file):
    """Entries taken from the last site are those of a whole build, and a later change is seen."""
    files = sorted(settings.root.glob("centres/preston/riverbank/[a-z]*-*.md"))
    others = [path for path in files if path != series_file and path.name.count(".") == 1]
    for number, path in enumerate((series_file, others[0], series_file)):
        move_to(path, f"Attic {number}")
        built = site()
        assert built.kept
    joined = (settings.out / "calendar.ics").read_bytes()

    site(full=True)

    assert joined.count(b"Attic 1") >= 1
    assert joined.count(b"Attic 2") >= 1
    assert (settings.out / "calendar.ics").read_bytes() == joined


def test_a_damaged_calendar_is_not_joined_from(settings, site, series_file):
    """Entries are taken only from a file that is as its build left it."""
    other = settings.out / "sessions/harbour/youth-friday/calendar.ics"
    other.write_bytes(other.read_bytes().replace(b"SUMMARY:", b"SUMMARY:Bad "))
    move_to(series_file, "Attic")

    site()

    everything = (settings.out / "calendar.ics").read_bytes()
    assert b"Attic" in everything
    assert b"Bad " not in everything
    assert b"Bad " not in other.read_bytes()


def test_the_site_before_the_last_is_begun_with(settings, site, series_file):
    """From the second edit on, files are there already; what else is there goes."""
    before = settings.out.with_name(f"{settings.out.name}.last")
    assert not before.exists()
    for number in range(3):
        move_to(series_file, f"Attic {number}")
        if before.exists():
            (before / "planted.html").write_text("planted")
            (before / "about/index.html").unlink()
            (before / "about/index.html").write_text("bad")
        about = (settings.out / "about/index.html").stat().st_ino
        site()

        assert f"Attic {number}" in page(settings, "sessions/riverbank/play-monday")
        assert (settings.out / "about/index.html").stat().st_ino == about
        assert not (settings.out / "planted.html").exists()

    assert (before / "about/index.html").stat().st_ino == about
    assert f"Attic {number - 1}" in (
        before / "sessions/riverbank/play-monday/index.html"
    ).read_text("utf-8")


def move_to(path, room):
    text = re.sub(r"^room:.*\n", "", path.read_text("utf-8"), flags=re.M)
    path.write_text(text.replace("---\n", f"---\nroom: {room}\n", 1), "utf-8")


def page(settings, name):
    return (settings.out / name / "index.html").read_text("utf-8")


def test_a_file_that_is_not_as_the_build_left_it_is_made_again(settings, site, series_file):
    """What somebody changed or removed in the public folder does not stay."""
    whole = page(settings, "about")
    (settings.out / "about/index.html").write_text("Something else", "utf-8")
    (settings.out / "contact/index.html").unlink()
    series_file.write_text(series_file.read_text("utf-8") + "\nBring a coat.\n", "utf-8")

    site()

    assert page(settings, "about") == whole
    assert "<h1" in page(settings, "contact")


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda _: b"", lambda data: data[::-1]])
def test_a_record_that_cannot_be_read_means_a_whole_build(settings, site, series_file, damage):
    """The site is the same then, and only slower to make."""
    record = settings.var / "built-files.bin"
    record.write_bytes(damage(record.read_bytes()))
    series_file.write_text(series_file.read_text("utf-8") + "\nBring a coat.\n", "utf-8")

    built = site()

    assert "Bring a coat" in page(settings, "sessions/riverbank/play-monday")
    assert built.kept == 0


def test_a_programme_that_becomes_sensitive_leaves_every_page(settings, site):
    """Files that are kept were checked for other words than must not be said now (S3)."""
    path = settings.root / "programmes/evening-youth-work.md"
    text = with_field(path.read_text("utf-8"), "sensitive", "yes")
    path.write_text(with_field(text, "booking", "request"), "utf-8")
    assert "youth-friday" in page(settings, "centres/harbour")

    site()

    assert not (settings.out / "sessions/harbour/youth-friday/index.html").exists()
    assert "youth-friday" not in page(settings, "centres/harbour")


@pytest.mark.usefixtures("site")
def test_another_setting_makes_pages_again(settings, today):
    """Settings are compared as a whole."""
    other = load_settings(
        root=settings.root,
        out=settings.out,
        var=settings.var,
        base_address="https://other.example",
    )

    build.build(other, today=today, jobs=1)

    assert "https://other.example/about/" in page(settings, "about")


# --- digests --------------------------------------------------------------------------------------


def _other(value):
    """Something else of about the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, datetime):
        return value.astimezone(UTC)  # the same moment, and other words
    return "Else" if value is None or isinstance(value, str) else None


@pytest.mark.parametrize("of", ["session", "venue"])
def test_a_digest_differs_by_each_field(directory, of):
    """What a session or a venue says is in the digest of its series, field by field."""
    session = next(
        one for series in directory.series for one in series.all_sessions if one.venue.centre
    )
    thing = session if of == "session" else session.venue
    describer = reuse._Describer({id(session.series): 256, id(session.venue.centre): 512})
    digests = {describer.digest((thing,))}
    for field in dataclasses.fields(thing):
        other = dataclasses.replace(thing, **{field.name: _other(getattr(thing, field.name))})
        digests.add(describer.digest((other,)))

    assert len(digests) == 1 + len(dataclasses.fields(thing))


def test_equal_content_gives_equal_digests(sample_root, today):
    """In the next build, which has read it again."""
    first, second = (content.load(sample_root, today=today) for _ in range(2))
    one, other = (
        [
            describer.digest([reuse._value(noun, name) for name in reuse.fields_of(type(noun))])
            for noun in nouns.values()
        ]
        for nouns in (
            reuse.Reuse(loaded, var=sample_root, out=sample_root, fixed="", marker=None).nouns
            for loaded in (first, second)
        )
        for describer in [reuse._Describer({id(noun): number for number, noun in nouns.items()})]
    )

    assert one == other


def test_making_the_site_changes_no_digest(sample_root, today):
    """What is described before the files are made is equal to what is described after them."""
    directory = content.load(sample_root, today=today)
    nouns = reuse.Reuse(
        directory, var=sample_root, out=sample_root, fixed="", marker=None
    ).nouns  # fmt: skip

    def digests():
        describer = reuse._Describer({id(noun): number for number, noun in nouns.items()})
        return {
            (number, name): describer.digest(reuse._value(noun, name))
            for number, noun in nouns.items()
            for name in reuse.fields_of(type(noun))
        }

    before = digests()
    site = Site(directory)
    client, files = site.app().test_client(), site.files()
    for address in site.addresses():
        if address in files:
            files[address]()
        else:
            client.get(address)

    assert digests() == before


def test_each_maker_has_a_digest_of_its_own(directory):
    """What is made for another noun, session or address, or in another way, differs. Where two
    addresses have equal makers, as old names have, the whole digests are equal too."""
    numbers = {id(noun): 256 * at for at, (_, noun) in enumerate(reuse._nouns(directory), 1)}
    describer = reuse._Describer(numbers)
    sessions = {
        numbers[id(one)]: describer.digest(one.all_sessions)
        for one in (*directory.series, *directory.private_series)
    }
    describer.know_sessions(sessions)
    makers = [maker for _, maker in Site(directory).makers()]

    quick = [describer.maker(one) for one in makers]
    whole = [describer.digest(one) for one in makers]

    assert len(makers) > 400
    assert len(set(quick)) == len(set(zip(quick, whole, strict=True))) == len(set(whole))


def test_a_session_that_differs_gives_its_files_another_maker(directory):
    """Its day, its new day, or anything that a session of its series says."""
    series = next(one for one in directory.series if len(one.all_sessions) > 1)
    one, other = series.all_sessions[:2]
    numbers = {id(series): 256}
    moved = dataclasses.replace(one, moved_to=other.day)
    found = set()
    for session, digest in ((one, b"1"), (other, b"1"), (moved, b"1"), (one, b"2")):
        describer = reuse._Describer(numbers)
        describer.know_sessions({256: digest})
        found.add(describer.maker(functools.partial(_kind, session)))

    assert len(found) == 4


# --- series whose files are the same --------------------------------------------------------------


class Known:
    """What was seen of the series of one content over time, by the key of their files."""

    def __init__(self, folder, sample_root):
        self.root = folder / "root"
        shutil.copytree(sample_root, self.root)
        self.var = folder / "var"
        self.numbers, self.seen = {}, {}
        self.same = 0

    def look(self, day):
        """Look at the content, and return the series that are not as their key says."""
        memory = KeptReadings(self.var, 1)
        directory = content.load(self.root, today=day, memory=memory)
        numbers = {
            id(noun): self.numbers.setdefault(key, 256 * len(self.numbers) + 256)
            for key, noun in reuse._nouns(directory)
        }
        describer = reuse._Describer(numbers)
        stamps, _ = published_calendars.hold(directory, PublishedCalendars())
        wrong = []
        for series, key in reuse._file_keys(directory, memory.digests):
            names = reuse.fields_of(type(series))
            fields = {name: describer.digest(reuse._value(series, name)) for name in names}
            changed = fields.pop("changed")
            said = fields, stamps[uid_of(series, directory.site)].digest
            before = self.seen.setdefault((numbers[id(series)], key), (changed, said))
            self.same += before[0] == changed
            if before[1] != said:
                wrong.append(series.identity)
        return wrong


@pytest.fixture
def known(tmp_path, sample_root):
    return Known(tmp_path, sample_root)


@pytest.mark.timeout(3600 if LONG else 120)
def test_a_series_is_decided_by_its_files(known, today):
    """Where the key of its files is the same, so are all its fields and its calendar entries."""
    edits = Edits(known.root, random.Random(os.environ.get("PORTAL_TESTS_SEED", "20")), today)
    known.look(today)
    for number in range(300 if LONG else 12):
        said = edits.random_edit()
        if number % 5 == 4:
            edits.day += timedelta(days=3)
        wrong = known.look(edits.day)
        assert not wrong, said

    assert known.same > 100  # else nothing has been compared


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("centres/preston/riverbank/play-monday.md", "time: 9:30-11:00", "time: 9:30-11:25"),
        ("centres/preston/riverbank/index.md", "title: ", "title: The "),
        ("content/site.yaml", "phone: 01632 960100", "phone: 01632 960555"),
        ("content/terms.yaml", "closures:\n", "closures:\n  - date: 2027-01-18\n    reason: Mud\n"),
    ],
)
def test_other_files_give_another_key(known, today, file, old, new):
    """Each file that a series is made from is in its key, so its entries are made again."""
    known.look(today)
    before = set(known.seen)
    path = known.root / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")

    wrong = known.look(today)

    number = known.numbers["series riverbank/play-monday"]
    assert not wrong
    assert {key for one, key in set(known.seen) - before if one == number}


def test_entries_read_no_other_files(known, today):
    """Calendar entries read their series, centre and programme, the tables, and the day alone."""
    memory = KeptReadings(known.var, 1)
    directory = content.load(known.root, today=today, memory=memory)
    nouns = reuse.Reuse(
        directory, var=known.var, out=known.var, fixed="", marker=None, digests=memory.digests
    ).nouns
    found = set()
    with watch(nouns):
        for series in (*directory.series, *directory.private_series):
            with reading() as reads:
                published_calendars.entries_digest(directory, series)
            own = {id(series), id(series.centre), id(series.programme), id(directory.site)}
            own |= {id(directory), id(directory.terms)}
            for field in reads.whole()[0]:
                noun = nouns[field - field % 256]
                name = reuse.fields_of(type(noun))[field % 256]
                if id(noun) not in own or noun is directory or name in LINKED:
                    found.add((type(noun).__name__, name))

    assert found <= {
        ("Directory", name) for name in ("site", "terms", "today", "horizon", "feed_until")
    }


LINKED = {"topics", "images", "translations"}  # made from other files too
