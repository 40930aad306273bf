"""Every shipped series goes through every kind of edit, and subscribers see each change.

In each round every series has an edit of another kind, and that of the round before is taken back.
Rounds reach the machine that builds in every way: committed, not committed, or merged; in a whole
copy, or in a shallow one. Half of the series carry `updated:`, which no edit touches.
"""

import re
import shutil
from itertools import product

import pytest

from portal import content
from portal.content.cache import FileCache
from portal.feeds import calendars
from portal.feeds.calendar_entries import uid_of
from portal.web.site import leaks, published_calendars
from portal.web.site.published_calendars import PublishedCalendars
from tests.support.paths import ROOT
from tests.support.shipped import DAY
from tests.web.site.test_edit_cycle import Repository, entries

pytestmark = [pytest.mark.slow, pytest.mark.long]

WAYS = "committed", "uncommitted", "merged"
COPIES = "whole", "shallow"
# Each way with each copy, and each copy after the other.
ROUNDS = [*product(COPIES, WAYS), ("whole", "committed")]

KINDS = "cancel", "move", "venue", "withdraw", "close"
# Programmes become sensitive in one round of each way, in place of an edit that another round has.
SENSITIVE_ROUNDS = 0, 1, 5
DATED = {
    "cancel": "    cancelled: Snow\n",
    "move": "    moved_to: {day} 17:05-18:20\n",
    "venue": "    venue:\n      name: Hall of {name}\n",
}


class Content:
    """The shipped content as it was, and what each round makes of its files."""

    def __init__(self, root):
        self.root = root
        for path in root.glob("centres/*/*/*.md"):
            text = path.read_text()
            # Two groups that are moved to one time may meet: that is not what is tried here.
            text = re.sub(r"^room: .*\n", "", text, flags=re.M)
            if path.name != "index.md" and len(path.stem) % 2:
                text = re.sub(r"^updated: .*\n", "", text, flags=re.M)
            path.write_text(text)
        self.memory = FileCache()
        self.directory = content.load(root, today=DAY, memory=self.memory)
        paths = [*root.glob("centres/*/*/*.md"), *root.glob("programmes/*.md")]
        self.texts = {path.relative_to(root).as_posix(): path.read_text() for path in paths}

    def edited(self, number):
        """The files that differ from the first ones in a round, and each series' kind of edit."""
        texts, kinds = {}, {}
        sensitive = set()
        asked = {page.ask for page in self.directory.help_pages}  # stays open to all
        programmes = [
            one for one in self.directory.programmes if not one.sensitive and one.slug not in asked
        ]
        for place, programme in enumerate(programmes):
            if number == SENSITIVE_ROUNDS[place % len(SENSITIVE_ROUNDS)]:
                sensitive.add(programme)
                self._add(texts, programme, "sensitive: yes\n")
                for noun in (programme, *self.directory.series_of(programme)):
                    self._request(texts, noun)
        for place, centre in enumerate(self.directory.centres):
            kind = KINDS[(place + number) % len(KINDS)]
            if kind == "close":
                text = self.texts[centre.source]
                text = re.sub(r"^status: .*\n", "", text, flags=re.M)
                texts[centre.source] = text.replace("---\n", "---\nstatus: closed\n", 1)
            for series in self.directory.series_at(centre):
                if series.withdrawn:
                    continue
                kinds[series.identity] = "sensitive" if series.programme in sensitive else kind
                if kind == "withdraw":
                    self._add(texts, series, "withdrawn: Too few families came\n")
                elif kind in DATED:
                    self._change(texts, series, DATED[kind])
        return texts, kinds

    def _request(self, texts, noun):
        """A place in a sensitive programme cannot be booked online, nor one in its creche."""
        text = texts.get(noun.source, self.texts[noun.source])
        text = re.sub("^creche_.*\n", "", text, flags=re.M)
        texts[noun.source] = re.sub("^booking: .*$", "booking: request", text, flags=re.M)

    def _change(self, texts, series, lines):
        day = self.day_of(series)
        if day is None:
            return
        block = f"  - date: {day}\n{lines.format(day=day, name=series.slug)}"
        text = texts.get(series.source, self.texts[series.source])
        if "\nchanges:\n" in text:
            texts[series.source] = text.replace("\nchanges:\n", f"\nchanges:\n{block}")
        else:
            self._add(texts, series, f"changes:\n{block}")

    def _add(self, texts, noun, lines):
        text = texts.get(noun.source, self.texts[noun.source])
        head, body = text.removeprefix("---\n").split("---\n", 1)
        texts[noun.source] = f"---\n{head}{lines}---\n{body}"

    def day_of(self, series):
        """The first date to come that has no change."""
        taken = {one.date_ for one in series.changes}
        dates = (one.planned for one in series.all_sessions if one.planned > DAY)
        return next((day for day in dates if day not in taken), None)


class County(Repository):
    """The shipped content under git, and the copy that is worked in or built from."""

    def __init__(self, root, folder):
        super().__init__(root)
        self.folder, self.edited = folder, {}

    def write(self, root, texts, first):
        """Make a copy say these texts, and what the others said at first."""
        for source in self.edited.keys() | texts.keys():
            self.save(root / source, texts.get(source, first[source]))

    def copy(self, kind):
        """The whole copy, or a shallow one with the last commit, as those who build update it."""
        if kind == "whole":
            return self.root
        if not self.folder.exists():
            return self.clone(self.folder, "--depth", "1")
        words = ["fetch", "-q", "--depth", "1", "origin", "main"]
        for command in (words, ["reset", "-q", "--hard", "FETCH_HEAD"]):
            self.git(*command, root=self.folder)
        return self.folder


class Subscribers:
    """All that subscribers have had: addresses, and each entry's last words and stamps."""

    def __init__(self, folder, memory):
        self.out, self.var = folder / "out", folder / "var"
        self.out.mkdir()
        self.memory = memory
        self.known, self.times = {}, {}
        self.private = 0  # series withheld at first

    def publish(self, root):
        """Publish as a build does; the UIDs of the entries whose words have changed."""
        directory = content.load(root, today=DAY, memory=self.memory)
        before = published_calendars.read(self.out, self.var)
        stamps, _ = published_calendars.hold(directory, before)
        makers = dict(calendars.files(directory))
        gone = before.addresses - makers.keys()
        former = calendars.former_files(directory, sorted(gone))
        over = {one for one in gone if one[-14:-4] < DAY.isoformat() and one[-14:-12] == "20"}
        assert gone - over == former.keys() - over
        if len(directory.private_series) > self.private:
            # Most of them are the same empty calendar.
            for data, path in {make(): path for path, make in former.items()}.items():
                assert leaks.leaks(directory, path, data) == []
        addresses = frozenset(makers.keys() | former.keys())
        published_calendars.keep(self.var, PublishedCalendars(stamps, addresses))
        for series in (*directory.series, *directory.private_series):
            assert series.changed >= self.times.get(series.identity, series.changed)
            self.times[series.identity] = series.changed
        (self.out / "calendar.ics").write_bytes(makers["/calendar.ics"]())
        # All series, and what the calendars of closed centres say besides.
        closed = calendars.closed_for_good(directory)
        feeds = ["/calendar.ics", *(f"{centre.path}calendar.ics" for centre in closed)]
        return directory, {uid for path in feeds for uid in self._read(makers[path]())}

    def _read(self, data):
        for uid, (words, now) in entries(data).items():
            was_words, was = self.known.setdefault(uid, (None, now))
            differs = was_words is not None and was_words != words
            rises = [
                new > old if differs else new >= old for new, old in zip(now, was, strict=True)
            ]
            assert all(rises), uid
            # A run that is written date by date, or no longer so, has other UIDs.
            if was_words != words:
                yield uid
            self.known[uid] = words, now


def test_every_edit_of_every_series_raises_its_revision(tmp_path):
    """SEQUENCE and LAST-MODIFIED rise with every change of an entry and never fall, and every
    address that was published still answers."""
    root = tmp_path / "root"
    for name in ("content", "centres", "programmes"):
        shutil.copytree(ROOT / name, root / name)
    first = Content(root)
    county = County(root, tmp_path / "shallow")
    subscribers = Subscribers(tmp_path, first.memory)
    subscribers.publish(root)
    subscribers.private = len(first.directory.private_series)
    met = set()
    for number, (copy, way) in enumerate(ROUNDS):
        texts, kinds = first.edited(number)
        county.later()
        if way == "uncommitted":
            place = county.copy(copy)
            county.write(place, texts, first.texts)
            directory, changed = subscribers.publish(place)
        if way == "merged":
            # Written first, merged last: meanwhile a later edit has been published.
            county.git("checkout", "-q", "-b", "branch")
        if way != "uncommitted" or copy == "shallow":
            county.write(root, texts, first.texts)
        county.edited = texts
        if way != "uncommitted":
            county.commit()
        if way == "merged":
            county.git("checkout", "-q", "main")
            county.later()
            terms = root / "content/terms.yaml"
            county.save(terms, terms.read_text() + "# checked again\n")
            county.commit()
            if copy == "whole":
                assert not subscribers.publish(root)[1]
            county.merge()
        if way != "uncommitted":
            directory, changed = subscribers.publish(county.copy(copy))
        else:
            county.later()
            county.commit()
        met |= seen(directory, changed, kinds)
    county.later()
    site = root / "content/site.yaml"
    county.save(site, site.read_text() + "phone: 01632 960100\n")
    county.commit()
    directory, changed = subscribers.publish(root)
    dated = [one for one in first.directory.series if not one.withdrawn and first.day_of(one)]
    wanted = {(one.identity, kind) for one in dated for kind in (*KINDS, "sensitive")}
    # A group elsewhere meets while its centre is closed.
    wanted -= {(one.identity, "close") for one in dated if not one.at_centre}
    some = {pair for pair in wanted if pair[1] == "sensitive"}  # one round of each programme

    # The number to ring is in every entry of a series whose programme and centre have none.
    assert len(seen(directory, changed, kinds)) > 100
    assert len(dated) > 200
    assert sorted(wanted - some - met) == []
    assert len(some & met) > 200


def seen(directory, changed, kinds):
    """The series whose entries changed, or are gone because their programme is sensitive, each with
    its kind of edit."""
    uids = {re.sub(r"^\d{4}-\d\d-\d\d\.", "", uid) for uid in changed}
    public = {one.identity for one in directory.series if uid_of(one, directory.site) in uids}
    withheld = {one.identity for one in directory.private_series}
    return {(one, kinds[one]) for one in public | withheld if one in kinds}
