"""Editors cancel, move and withdraw groups, and close centres; subscribers see every change.

These tests try, on the sample, what a build may lack: its history, the public folder, the record.
`test_all_edits` makes every kind of edit to every shipped series.
"""

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from portal import content
from portal.feeds import calendars
from portal.settings import load_settings
from portal.web.site import build, leaks, published_calendars

pytestmark = pytest.mark.slow

SENSITIVE = "programmes/baby-massage.md"
BEGUN = datetime(2026, 11, 20, 12, tzinfo=UTC)


# --- a repository ---------------------------------------------------------------------------------


class Repository:
    """Content under git; every act takes place an hour after the one before."""

    def __init__(self, root):
        self.root, self.now = root, BEGUN
        self.git("init", "-q", "-b", "main")
        self.commit()

    def git(self, *words, root=None):
        stamp = self.now.isoformat()
        environment = {name: text for name, text in os.environ.items() if name[:4] != "GIT_"}
        environment |= {"GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp}
        environment |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        named = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *named, *words], cwd=root or self.root, env=environment, check=True)

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "edit")

    def save(self, path, text):
        path.write_text(text)
        os.utime(path, (self.now.timestamp(), self.now.timestamp()))

    def later(self):
        self.now += timedelta(hours=1)

    def edit(self, change):
        """Commit an edit; `change` writes the files."""
        self.later()
        change(self)
        self.commit()

    def merge(self):
        self.later()
        self.git("merge", "-q", "--no-ff", "--no-edit", "branch")
        self.git("branch", "-q", "-d", "branch")

    def clone(self, folder, *options):
        words = ["clone", "-q", *options, f"file://{self.root}", str(folder)]
        subprocess.run(["git", *words], check=True, env={**os.environ, "GIT_DIR": f"{folder}/.git"})
        return folder


@pytest.fixture
def repository(tmp_path, sample_root):
    """The sample, in which every second series has `updated:` and the others do not."""
    root = shutil.copytree(sample_root, tmp_path / "root")
    paths = sorted(root.glob("centres/*/*/*.md"))
    series = [path for path in paths if "\nprogramme:" in path.read_text()]
    for number, path in enumerate(series):
        path.write_text(re.sub(r"^updated: .*\n", "", path.read_text(), flags=re.M))
        if number % 2:
            add(path, "updated: 2026-11-01\n", save=path.write_text)
    return Repository(root)


# --- edits ----------------------------------------------------------------------------------------


def add(path, lines, save):
    """Write lines at the end of the fields of a file."""
    head, body = path.read_text().removeprefix("---\n").split("---\n", 1)
    save(f"---\n{head}{lines}---\n{body}")


def of_dates(lines):
    """An edit of one date of each series: the first to come that has no change yet."""

    def change(repository):
        directory = content.load(repository.root, today=BEGUN.date())
        for series in (*directory.series, *directory.private_series):
            taken = {one.date_ for one in series.changes}
            dates = [one.planned for one in series.all_sessions if one.planned > directory.today]
            day = next((day for day in dates if day not in taken), None)
            if day is None:
                continue
            path = repository.root / series.source
            block = f"  - date: {day}\n{lines.format(day=day)}"
            text = path.read_text()
            if "changes:\n" in text:
                repository.save(path, text.replace("changes:\n", f"changes:\n{block}"))
            else:
                add(path, f"changes:\n{block}", lambda text, path=path: repository.save(path, text))

    return change


def become_sensitive(repository):
    news = repository.root / "content/news/winter-programme.md"
    series = "/sessions/weavers-yard/massage-january/"
    repository.save(news, news.read_text().replace(series, "/programmes/baby-massage/"))
    for page in sorted((repository.root / "content/help").glob("*.md")):
        text = page.read_text()
        if "ask: baby-massage\n" in text:  # the form of a sensitive programme is not a help page's
            repository.save(page, text.replace("ask: baby-massage\n", ""))
    path = repository.root / SENSITIVE
    add(path, "sensitive: yes\n", lambda text: repository.save(path, text))


EDITS = {
    "cancel": of_dates("    cancelled: Snow\n"),
    "move": of_dates("    moved_to: {day} 17:00-18:30\n"),
}


# --- what subscribers have ------------------------------------------------------------------------


class Subscriber:
    """What was published, build by build, by the same steps as those of `build`."""

    def __init__(self, folder, today):
        self.out, self.var, self.today = folder / "out", folder / "var", today
        self.files, self.warning = {}, ""

    def publish(self, root):
        directory = content.load(root, today=self.today)
        before = published_calendars.read(self.out if self.out.exists() else None, self.var)
        stamps, earlier = published_calendars.hold(directory, before)
        self.warning = published_calendars.warning(directory, earlier)
        makers = dict(calendars.files(directory))
        gone = sorted(before.addresses - makers.keys())
        makers |= calendars.former_files(directory, gone)
        self.files = {path: make() for path, make in makers.items()}
        shutil.rmtree(self.out, ignore_errors=True)
        for path, data in self.files.items():
            assert leaks.leaks(directory, path, data) == []
            file = self.out / path[1:]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        published = published_calendars.PublishedCalendars(stamps, frozenset(self.files))
        published_calendars.keep(self.var, published)
        return self.files


STAMPS = re.compile(r"^(?:DTSTAMP|LAST-MODIFIED|SEQUENCE):.*\r\n", re.M)
NAMED = re.compile(
    r"^(UID|RECURRENCE-ID|SEQUENCE|LAST-MODIFIED|DTSTAMP)(?:;[^:\r]*)?:(.*)\r$", re.M
)


def entries(data):
    """By UID: the words of its entries by original date, and their revision and time of change."""
    found = {}
    text = data.replace(b"\r\n ", b"").decode()
    for entry in re.findall(r"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", text, re.S):
        words = STAMPS.sub("", entry)
        value = dict(NAMED.findall(entry))
        dates, stamps = found.setdefault(value["UID"], ({}, set()))
        dates[value.get("RECURRENCE-ID", "")] = words
        stamps.add((int(value["SEQUENCE"]), value["LAST-MODIFIED"], value["DTSTAMP"]))
    for _, stamps in found.values():
        assert len(stamps) == 1
    return {uid: (dates, stamps.pop()) for uid, (dates, stamps) in found.items()}


def same_or_later(before, after):
    """Compare two publications: no address goes, nothing falls, and what changed rises.

    Returns how many entries changed.
    """
    changed = 0
    assert before.keys() - after.keys() == set()
    for path in before:
        old, new = entries(before[path]), entries(after[path])
        for uid in old.keys() & new.keys():
            (words, was), (now_words, now) = old[uid], new[uid]
            assert [n >= w for n, w in zip(now, was, strict=True)] == [True] * 3, (path, uid)
            if words != now_words:
                assert [n > w for n, w in zip(now, was, strict=True)] == [True] * 3, (path, uid)
                changed += 1
    return changed


def test_a_copy_without_a_history_keeps_what_is_published(repository, tmp_path, today):
    """A copy whose files seem older than what is published changes no stamp, and a warning says
    so; an edit there rises all the same."""
    subscriber = Subscriber(tmp_path, today)
    repository.edit(EDITS["cancel"])
    before = subscriber.publish(repository.root)
    copy = shutil.copytree(
        repository.root, tmp_path / "copy", ignore=shutil.ignore_patterns(".git")
    )
    for path in copy.rglob("*"):
        os.utime(path, (BEGUN.timestamp() - 10**6, BEGUN.timestamp() - 10**6))

    assert subscriber.publish(copy) == before
    assert "The entries keep the times of change that calendars already have." in subscriber.warning
    old = repository.root, repository.now
    repository.root, repository.now = copy, BEGUN - timedelta(days=10)
    EDITS["move"](repository)
    repository.root, repository.now = old
    after = subscriber.publish(copy)
    assert same_or_later(before, after) > 0
    assert subscriber.publish(repository.root).keys() == after.keys()


def test_two_edits_within_a_minute_are_no_reason_to_warn(repository, tmp_path, today):
    """The second gets a time ahead of its file, so that calendars take it; later builds keep it."""
    subscriber = Subscriber(tmp_path, today)
    before = subscriber.publish(repository.root)
    repository.edit(EDITS["cancel"])
    middle = subscriber.publish(repository.root)
    repository.now += timedelta(seconds=1)
    EDITS["move"](repository)
    after = subscriber.publish(repository.root)

    assert same_or_later(before, middle) > 0
    assert same_or_later(middle, after) > 0
    assert subscriber.publish(repository.root) == after
    assert subscriber.warning == ""


@pytest.mark.parametrize("lost", ["out", "var"])
def test_either_memory_is_enough(repository, lost, tmp_path, today):
    """The public folder or the record in var/ may be lost: stamps and addresses stay."""
    subscriber = Subscriber(tmp_path, today)
    repository.edit(EDITS["cancel"])
    before = subscriber.publish(repository.root)
    shutil.rmtree(tmp_path / lost)
    repository.git("reset", "-q", "--hard", "HEAD~1")
    become_sensitive(repository)

    after = subscriber.publish(repository.root)

    assert same_or_later(before, after) > 0
    assert subscriber.warning


def test_a_programme_that_becomes_sensitive_empties_its_calendars(repository, tmp_path, today):
    """Its feed, its series and their dates answer an empty calendar that names nothing (S3)."""
    subscriber = Subscriber(tmp_path, today)
    before = subscriber.publish(repository.root)
    repository.edit(become_sensitive)
    after = subscriber.publish(repository.root)
    own = [path for path in before if "massage" in path]
    kinds = {path.rpartition("/")[2] for path in own}

    assert "/programmes/baby-massage/calendar.ics" in own
    assert len(kinds) > 2
    for path in own:
        assert b"BEGIN:VEVENT" in before[path]
        assert b"BEGIN:VEVENT" not in after[path]
        assert b"BEGIN:VTIMEZONE" in after[path]
        assert b"assage" not in after[path]
    assert len({after[path] for path in own}) == 2  # one for feeds, one for downloads


def test_a_build_keeps_stamps_and_addresses(repository, tmp_path, today):
    """The command's own build, from a whole clone and then a shallow one, keeps both promises."""
    settings = load_settings(root=repository.root, out=tmp_path / "out", var=tmp_path / "var")

    def files():
        paths = settings.out.rglob("*.ics")
        return {path.relative_to(settings.out).as_posix(): path.read_bytes() for path in paths}

    repository.edit(EDITS["cancel"])
    build.build(settings, today=today)
    before = files()
    repository.edit(become_sensitive)
    shallow = repository.clone(tmp_path / "shallow", "--depth", "1")
    build.build(settings.model_copy(update={"root": shallow}), today=today)
    middle = files()
    built = build.build(settings, today=today)

    assert same_or_later(before, middle) == 0
    assert same_or_later(middle, files()) == 0
    assert files() == middle
    assert built.warning == ""
    assert b"BEGIN:VEVENT" not in middle["programmes/baby-massage/calendar.ics"]
