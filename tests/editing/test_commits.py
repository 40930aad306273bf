"""A commit of a publish holds its own paths, and the history of a file can be put back."""

import os
import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from portal.content.history import Changes
from portal.editing import publishing
from portal.editing.publishing import Author, Edit, EditingError
from portal.settings import load_settings

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 10, tzinfo=UTC)
AUTHOR = Author("Sam Cole", "sam@lancashire.example")
SPRING = "centres/preston/riverbank/bump-spring.md"
MONDAY = "centres/preston/riverbank/play-monday.md"
NEW = "centres/preston/riverbank/play-fridays.md"
ABOUT = "content/site.yaml"
FRIDAYS = "---\nprogramme: play-sessions\nday: Friday\nstarts: 2027-01-08\ntime: 9:30-11:00\n---\n"


class Checkout:
    """The sample in a git checkout, below its top folder."""

    def __init__(self, folder, sample_root):
        self.top = folder / "checkout"
        root = shutil.copytree(sample_root, self.top / "county")
        self.settings = load_settings(
            root=root, out=folder / "build", var=folder / "var", content_commit=True
        )
        self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "first")

    def git(self, *words):
        environment = {name: text for name, text in os.environ.items() if name[:4] != "GIT_"}
        environment |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        dated = {f"GIT_{who}_DATE": "2026-11-01T09:00:00Z" for who in ("AUTHOR", "COMMITTER")}
        named = ["-c", "user.name=Editor", "-c", "user.email=editor@example.org"]
        done = subprocess.run(
            ["git", *named, *words],
            cwd=self.top,
            env={**environment, **dated},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def edit(self, path, old, new):
        text, digest = publishing.read(self.settings.root, path)
        assert old in text
        return Edit(path, text.replace(old, new), digest)

    def publish(self, *edits, author=AUTHOR, summary="Change the room", now=NOW):
        return publishing.publish(
            self.settings, None, edits, author=author, summary=summary, now=now
        )


@pytest.fixture
def checkout(tmp_path, sample_root):
    return Checkout(tmp_path, sample_root)


def test_a_commit_holds_its_paths_and_its_author(checkout, monkeypatch):
    """What else is edited, staged or new in the checkout stays as it is, whatever git's variables
    and hooks say."""
    hooks = checkout.top / ".git/hooks"
    for name in ("pre-commit", "commit-msg", "post-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {checkout.top}/hooked\nexit 1\n")
        (hooks / name).chmod(0o755)
    checkout.git("config", "commit.gpgSign", "true")
    root = checkout.settings.root
    (root / ABOUT).write_text((root / ABOUT).read_text() + "# staged\n")
    checkout.git("add", "-A")
    (root / ABOUT).write_text((root / ABOUT).read_text() + "# edited\n")
    (root / "notes.txt").write_text("not ours")
    _, digest = publishing.read(root, MONDAY)
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    published = checkout.publish(
        checkout.edit(SPRING, "Willow Room", "Oak Room"),
        Edit(NEW, FRIDAYS, None),
        Edit(MONDAY, None, digest),
        author=Author("Zoë <Zed>\n'Mc' O'Neill", "zoe@lancashire.example"),
        summary="#1: \u201cFridays\u201d, $(touch hooked)\r\n\r\nMore\0words\ud800",
    )

    assert published.warning == ""
    assert checkout.git("rev-parse", "HEAD") == published.commit
    assert checkout.git("-c", "core.quotePath=no", "show", "--format=%an|%cE|%aI%n%B",
                        "--name-status", "HEAD").split("\n") == [
        "Zoë Zed 'Mc' O'Neill|zoe@lancashire.example|2026-11-23T09:00:00+00:00",
        "#1: \u201cFridays\u201d, $(touch hooked)", "", "More words?", "", "",
        f"M\tcounty/{SPRING}", f"A\tcounty/{NEW}", f"D\tcounty/{MONDAY}",
    ]  # fmt: skip
    assert checkout.git("status", "--porcelain").split("\n") == [
        f"MM county/{ABOUT}", "?? county/notes.txt",
    ]  # fmt: skip
    assert not (checkout.top / "hooked").exists()


def test_a_publish_raises_the_time_of_change(checkout):
    """Calendars take an entry for newer by it, whether it is committed or not."""
    before = Changes(checkout.settings.root).of(SPRING)
    checkout.publish(checkout.edit(SPRING, "Willow Room", "Oak Room"))
    committed = Changes(checkout.settings.root).of(SPRING)
    checkout.settings = checkout.settings.model_copy(update={"content_commit": False})
    checkout.publish(checkout.edit(SPRING, "Oak Room", "Elm Room"), now=LATER)

    assert before < committed == NOW
    assert Changes(checkout.settings.root).of(SPRING) == LATER


def test_an_earlier_version_is_put_back_like_any_edit(checkout):
    """The history names who changed a file, when and why; an older text is one of its edits."""
    first, _ = publishing.read(checkout.settings.root, SPRING)
    checkout.publish(checkout.edit(SPRING, "Willow Room", "Oak Room"))
    root = checkout.settings.root
    newest, oldest = publishing.history(root, SPRING)
    text = publishing.version(root, SPRING, oldest.commit)
    _, digest = publishing.read(root, SPRING)
    checkout.publish(Edit(SPRING, text, digest), summary="Put back", now=LATER)

    assert (newest.author, newest.when, newest.summary) == ("Sam Cole", NOW, "Change the room")
    assert (root / SPRING).read_text() == text == first
    assert [version.summary for version in publishing.history(root, SPRING)] == [
        "Put back", "Change the room", "first",
    ]  # fmt: skip


def test_only_a_commit_of_the_file_is_read(checkout):
    """Anything but the name of a commit that has the file is refused in words."""
    for commit in ("", "HEAD", "--output=x", "0" * 40, "main:county", "a" * 39 + "\n", "é" * 40):
        with pytest.raises(EditingError, match="no such version"):
            publishing.version(checkout.settings.root, SPRING, commit)


def test_a_commit_that_fails_does_not_lose_the_publish(checkout, caplog):
    """The files are published and a build is asked for; the log and the page say what is left."""
    (checkout.top / ".git/MERGE_HEAD").write_text(checkout.git("rev-parse", "HEAD"))
    published = checkout.publish(checkout.edit(SPRING, "Willow Room", "Oak Room"))

    assert "Oak Room" in (checkout.settings.root / SPRING).read_text()
    assert publishing.state(checkout.settings) == "building"
    assert published.commit == ""
    assert "not committed in git (fatal: cannot do a partial commit during a merge" in (
        published.warning
    )
    assert "published and not committed" in caplog.text


def test_without_a_checkout_there_is_no_history(tmp_path, sample_root):
    """A folder without git has no versions, and a commit that was asked for is missed in words."""
    root = shutil.copytree(sample_root, tmp_path / "root")
    settings = load_settings(
        root=root, out=tmp_path / "build", var=tmp_path / "var", content_commit=True
    )
    text, digest = publishing.read(root, SPRING)
    published = publishing.publish(
        settings, None, [Edit(SPRING, text.replace("Willow", "Oak"), digest)],
        author=AUTHOR, summary="", now=NOW,
    )  # fmt: skip

    assert publishing.history(root, SPRING) == []
    assert "the content is not in a git checkout" in published.warning


def test_odd_names_are_committed_too(checkout):
    """A name or summary of which git takes nothing has words in its place."""
    published = checkout.publish(
        checkout.edit(SPRING, "Willow Room", "Oak Room"), author=Author("<>", ""), summary="\r\n"
    )

    assert published.warning == ""
    newest = publishing.history(checkout.settings.root, SPRING)[0]
    assert (newest.author, newest.summary) == ("A member of staff", "Change content")
