"""Commands on a machine where the portal's own data cannot be written."""

import os
from contextlib import contextmanager
from datetime import UTC, datetime

import click
import pytest
from click.testing import CliRunner

from portal import database
from portal.commands import main, unwritable
from portal.database import backup
from tests.support.databases import new_sqlite

pytestmark = pytest.mark.slow

SECRET = "a secret of thirty-two characters"
# The arguments of every command that needs its own data.
NEED_DATA = {
    "bookings backup": ["backup.gz"],
    "bookings erase": ["ABCD-2345", "--yes"],
    "bookings export": ["riverbank/bump-spring"],
    "bookings forget": [],
    "bookings restore": ["saved.gz"],
    "bookings show": ["ABCD-2345"],
    "bookings verify": [],
    "demo": [],
    "messages send": [],
    "publish": [],
    "staff add": ["a@example.org", "--name", "A", "--role", "administrator"],
    "staff change": ["a@example.org", "--name", "B"],
    "staff list": [],
    "staff remove": ["a@example.org"],
    "staff reset": ["a@example.org"],
}
# These read and write content alone, or are tested with what else they need.
OTHERS = {"build", "check", "new", "next-term", "postcodes import", "preview", "schema"} | {
    "report coverage",
    "secret change",
    "serve",
    "staff here",
}


def named(group, before=""):
    for name, command in group.commands.items():
        if isinstance(command, click.Group) and command.commands:
            yield from named(command, f"{name} ")
        else:
            yield f"{before}{name}"


@pytest.fixture
def portal(tmp_path, sample_root, monkeypatch):
    """Runs a command in this process, without data so far."""
    monkeypatch.chdir(tmp_path)
    given = {"ROOT": sample_root, "VAR": tmp_path / "var", "SECRET_KEY": SECRET}
    for name, value in given.items():
        monkeypatch.setenv(f"PORTAL_{name}", str(value))

    return lambda *words: CliRunner().invoke(main, words)


def test_each_command_says_in_a_sentence_that_its_data_cannot_be_written(portal, tmp_path):
    """The folder, and the remedy with its setting: never a traceback, whatever the command."""
    engine = database.connect(new_sqlite(tmp_path / "full.db"))
    backup.save(engine, tmp_path / "saved.gz", now=datetime.now(UTC))
    engine.dispose()
    (tmp_path / "var").write_text("This is not a folder.")
    answers = {name: portal(*name.split(), *more) for name, more in NEED_DATA.items()}

    assert set(named(main)) == set(NEED_DATA) | OTHERS
    for name, answer in answers.items():
        assert answer.exit_code == 1, name
        assert answer.stderr == (
            f"{tmp_path / 'var'} is not a folder that this account can read and write. Give it and "
            "its files to this account, or let PORTAL_VAR name another.\n"
        ), name


@contextmanager
def another_account():
    """The rights of an account that owns nothing here; as they are for any but root."""
    if root := os.geteuid() == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_data_of_another_account_is_named(portal, tmp_path, monkeypatch):
    """A database that can be read but not written gets the same sentence, with its own setting."""
    file = tmp_path / "data" / "some.db"
    monkeypatch.setenv("PORTAL_DATABASE_URL", new_sqlite(file))
    assert portal("bookings", "verify").exit_code == 0  # all modules are imported now
    file.chmod(0o444)
    file.parent.chmod(0o555)
    with another_account():
        answer = portal("bookings", "verify")
    file.parent.chmod(0o755)

    assert answer.exit_code == 1
    assert answer.stderr.startswith(f"{file.parent} is not a folder that this account can read")
    assert "PORTAL_DATABASE_URL" in answer.stderr


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "No such file", "var/x"),
        PermissionError(13, "Permission denied", "/elsewhere/x"),
        BrokenPipeError(32, "Broken pipe"),
        ValueError("unable to open database file"),
    ],
)
def test_other_errors_are_not_explained_away(portal, error):
    """What has another reason keeps its own words."""
    assert unwritable.words_for(error, None) == ""
