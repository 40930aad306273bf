"""The manuals are true: every command in them runs, in order, in a copy of the sample content.

A block ```console holds commands after `$ `, what is typed into them after `> `, and what they say,
line by line, with … for whatever varies. A block ```diff is an edit of the file that it names.
"""

import os
import re
import shutil
from datetime import UTC, datetime

import click
import pytest
from click.testing import CliRunner

from portal import bookings, content, database
from portal.commands import main
from portal.database import tables
from portal.settings import Settings
from tests.support import processes
from tests.support.paths import ROOT
from tests.support.ports import free_port

DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [path for path in DOCS if "```console" in path.read_text("utf-8")]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Shown as they are configured, not typed.
FILES = {"markdown", "ini", "nginx", "html"}


@pytest.fixture
def place(tmp_path, sample_root):
    """A copy of the sample, and a family that has booked there with the manuals' reference."""
    root = shutil.copytree(sample_root, tmp_path / "root")
    settings = Settings(root=root, out=root / "build", var=root / "var")
    engine = database.connect(settings.database_address)
    database.migrate(engine)
    now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    directory = content.load(root, today=now.date())
    series = directory.find_series("riverbank/bump-spring")
    family = bookings.Family("Parent", email="parent@example.org")
    made = bookings.book(engine, series, family, key="key", secret="s" * 40, now=now)
    with engine.begin() as connection:
        connection.execute(
            tables.booking.update()
            .where(tables.booking.c.id == made.id)
            .values(reference="ABCD-2345")
        )
    engine.dispose()
    return root


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_command_runs(page, place, monkeypatch):
    """In the order of the page, each says what the page says that it says.

    After each, everything under var/ is for the portal's own account alone (S67).
    """
    monkeypatch.chdir(place)
    ran = 0
    for kind, block in BLOCK.findall(page.read_text("utf-8")):
        if kind == "diff":
            apply(block, place)
        elif kind == "console":
            for command, typed, said in commands(block):
                run(command, typed, said, place)
                assert open_to_others(place / "var") == []
                ran += 1
        else:
            assert kind in FILES, f"{page.name}: nobody tries a block of {kind}"

    assert ran


def open_to_others(folder):
    """What other accounts of the machine may open in a folder, with its mode."""
    return [
        f"{path.name} {path.stat().st_mode & 0o777:o}"
        for path in (folder, *folder.rglob("*"))
        if path.stat().st_mode & 0o077
    ]


def commands(block):
    """(command, what is typed, what it says) of a block."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *lines = part.rstrip("\n").split("\n")
        typed = [line[1:].strip() for line in lines if line.startswith(">")]
        yield command, typed, [line for line in lines if not line.startswith(">")]


def apply(block, place):
    name, *lines = block.rstrip("\n").split("\n")
    old = "".join(f"{line[1:]}\n" for line in lines if line.startswith("-"))
    new = "".join(f"{line[1:]}\n" for line in lines if line.startswith("+"))
    file = place / name
    text = file.read_text("utf-8")
    assert text.count(old) == 1, (name, old, text)
    file.write_text(text.replace(old, new), encoding="utf-8")


def run(command, typed, said, place):
    words = re.findall(r'"[^"]*"|\S+', command)
    assert words[0] == "portal", f"no test runs {command!r}"
    words = [word.strip('"') for word in words[1:]]
    if words[0] in ("serve", "preview"):
        serve([*words, "--port", str(free_port())], said, place)
        return
    # The command itself, without the second that a new Python takes to start.
    done = CliRunner().invoke(main, words, input="".join(f"{line}\n" for line in typed))
    wrong = any(re.match(r"\S+:\d+:\d+: ", line) for line in said)
    assert done.exit_code == (1 if wrong else 0), (command, done.output)
    output = re.sub(r"^> ", "", done.stdout, flags=re.MULTILINE)
    assert fits(said, output.split("\n")), (command, said, done.stdout)


def serve(words, said, place):
    """A command that goes on until it is interrupted, and says where it is to be opened."""
    heard = []
    with processes.saying(*words, cwd=place, env=dict(os.environ)) as lines:
        while not fits(said, heard):
            line = lines.get(timeout=60)
            assert line is not None, (said, heard)
            heard.append(line)


def fits(said, lines):
    """Whether the lines of the page come in this order; … stands for anything."""
    rest = iter(lines)
    for line in said:
        pattern = re.compile(".*".join(map(re.escape, line.split("…"))))
        if not any(pattern.fullmatch(one) for one in rest):
            return False
    return True


def known():
    """Every command there is, as it is typed."""

    def walk(command, name):
        yield name
        if isinstance(command, click.Group):
            context = click.Context(command)
            for inner in command.list_commands(context):
                yield from walk(command.get_command(context, inner), f"{name} {inner}")

    return {*walk(main, "portal")}


@pytest.mark.parametrize("page", [*DOCS, ROOT / "README.md"], ids=lambda path: path.stem)
def test_commands_that_are_mentioned_are_there(page):
    """In running text too: a command that is gone is mentioned nowhere."""
    names = known()
    for words in re.findall(r"`(?:\.venv/bin/)?(portal [a-z][^`]*)`", page.read_text("utf-8")):
        parts = words.split()
        longest = max(
            (
                " ".join(parts[:number])
                for number in range(1, 4)
                if " ".join(parts[:number]) in names
            ),
            key=len,
        )

        assert longest != "portal", words


@pytest.mark.parametrize("page", DOCS, ids=lambda path: path.stem)
def test_pictures_and_files_that_are_mentioned_are_there(page):
    """Links lead somewhere; pictures say what they show, and are small."""
    text = page.read_text("utf-8")
    for words, target in re.findall(r"\[([^\]]*)\]\(([^)]+)\)", text):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
        assert words
    for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text):
        assert (page.parent / target).stat().st_size <= 60_000


def test_every_setting_is_documented():
    """Whoever runs the service finds each setting on one page."""
    text = (ROOT / "docs/settings.md").read_text("utf-8")

    assert [name for name in Settings.model_fields if f"`PORTAL_{name.upper()}`" not in text] == []


def test_addresses_that_are_mentioned_are_there():
    """What partners are told to open is a kind of address that stays."""
    text = (ROOT / "docs/partners.md").read_text("utf-8")
    lines = (ROOT / "tests/guards/route-list.txt").read_text("utf-8").splitlines()
    kinds = {line.split()[1] for line in lines if line.strip() and not line.startswith("#")}
    named = {re.sub(r"<\w+>", "<slug>", one) for one in re.findall(r"`(/[^`]*)`", text)}

    assert len(named) > 10
    assert named - kinds == {"/gap"}  # a live page


@pytest.mark.parametrize("page", [*DOCS, ROOT / "README.md"], ids=lambda path: path.stem)
def test_settings_that_are_mentioned_are_there(page):
    """A setting that is gone is mentioned nowhere. `PORTAL_TESTS_LONG` is for tests alone."""
    named = {*re.findall(r"PORTAL_([A-Z]+(?:_[A-Z]+)*)\b(?!_)", page.read_text("utf-8"))}

    assert named - {"TESTS_LONG"} <= {name.upper() for name in Settings.model_fields}
