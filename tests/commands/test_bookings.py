"""The commands about what is booked, as whoever runs the portal types them."""

import csv
import io
import re
import shutil
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from click.testing import CliRunner

from portal import bookings, database
from portal.bookings import Family, complaints, wishes
from portal.bookings.wishes import Wanted
from portal.commands import main
from portal.database import tables
from tests.support.databases import new_sqlite

SECRET = "a secret of thirty-two characters"
SERIES = "riverbank/bump-spring"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def portal(tmp_path, sample_root, monkeypatch):
    """Runs a command in this process, on a database of its own."""
    for name, value in (
        ("ROOT", str(sample_root)),
        ("VAR", str(tmp_path / "var")),
        ("SECRET_KEY", SECRET),
    ):
        monkeypatch.setenv(f"PORTAL_{name}", value)

    def portal(*arguments, **given):
        return CliRunner().invoke(main, ["bookings", *map(str, arguments)], **given)

    return portal


@pytest.fixture
def booked(tmp_path, directory):
    """Two bookings of one family, in a database that the commands find."""
    engine = database.connect(new_sqlite(tmp_path / "var" / "portal.db"))
    who = Family("=Amina", email="amina@example.org", contact_by="email", safe_to_contact=True)
    made = [
        bookings.book(
            engine,
            directory.find_series(series),
            who,
            key=series,
            secret=SECRET,
            now=NOW,
        )
        for series in (SERIES, "riverbank/first-aid")
    ]
    engine.dispose()
    return made


@pytest.fixture
def losing(booked, tmp_path, sample_root):
    """Content that has lost a booked series, and books another one by single dates."""
    root = shutil.copytree(sample_root, tmp_path / "root")
    one = root / f"centres/preston/{SERIES}.md"
    one.write_text(one.read_text().replace("room:", "book: session\nroom:"))
    (root / "centres/preston/riverbank/first-aid.md").unlink()
    engine = database.connect(f"sqlite:///{tmp_path / 'var' / 'portal.db'}")
    alive = tables.booking.update().values(ends=None)  # whatever the day of this test
    database.write(engine, lambda connection: connection.execute(alive))
    engine.dispose()
    return root


@pytest.mark.parametrize("command", ["check", "build"])
def test_content_that_loses_bookings_is_refused(losing, tmp_path, command):
    """Neither `portal check` nor `portal build` accepts content that loses what families have
    booked, or has its places booked again."""
    environ = {"PORTAL_VAR": str(tmp_path / "var"), "PORTAL_SECRET_KEY": SECRET}
    out = tmp_path / "site"
    arguments = ["build", "--out", str(out)] if command == "build" else [command]
    found = CliRunner().invoke(main, ["--root", str(losing), *arguments], env=environ)

    gone, again = found.stdout.splitlines()
    assert found.exit_code == 1
    assert not out.exists()
    assert gone.startswith("centres/preston/riverbank/first-aid.md:1:1: families have booked this")
    assert again.startswith("centres/preston/riverbank/bump-spring.md:1:1: families have booked")
    assert "Write 'book: series'" in again


def test_content_is_not_compared_with_a_database_that_is_away(losing, tmp_path):
    """Where the database cannot be reached, the command says that bookings were not checked."""
    environ = {"PORTAL_DATABASE_URL": f"sqlite:///{tmp_path}"}
    found = CliRunner().invoke(main, ["--root", str(losing), "check"], env=environ)

    assert "The database cannot be reached, so bookings are not checked." in found.stderr
    assert found.exit_code == 0


def test_a_register_is_exported_once(portal, booked, tmp_path):
    """Into a file for its owner alone, never over another one; cells are text."""
    out = tmp_path / "register.csv"
    first, second = (portal("export", SERIES, "--out", out) for _ in range(2))
    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8-sig"))))
    day = list(rows[0])[-1]
    printed = portal("export", SERIES, "--session", day)

    assert (first.exit_code, second.exit_code) == (0, 1)
    assert "already exists" in second.output
    assert out.stat().st_mode & 0o777 == 0o600
    assert [row["Name"] for row in rows] == ["'=Amina"]
    days = re.findall(r"\d{4}-\d\d-\d\d", printed.output.splitlines()[0])
    assert days == [day]


def test_requests_are_exported_without_names(portal, booked, tmp_path):
    """All of them, into a file or on the screen."""
    out = tmp_path / "requests.csv"
    written, printed = portal("export", "--requests", "--out", out), portal("export", "--requests")

    assert written.output == f"Written to {out}. It names no family.\n"
    assert printed.output.lstrip("\ufeff").splitlines() == out.read_text("utf-8-sig").splitlines()
    assert "Why it ended" in printed.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("export", "riverbank/nothing"), "There is no series"),
        (("export", SERIES, "--session", "2027-01-13"), "no session"),
        (("show", "AAAA-AAAA"), "There is no booking"),
        (("erase", "AAAA-AAAA", "--yes"), "There is no booking"),
        (("backup", "nowhere/backup.gz"), "cannot be written"),
    ],
)
def test_what_is_not_there_is_said_in_words(portal, booked, arguments, words):
    """One line, and the exit status of a mistake; never a traceback."""
    said = portal(*arguments)

    assert said.exit_code == 1
    assert words in said.output
    assert said.output.count("\n") == 1


def test_one_family_is_shown_and_erased(portal, booked):
    """S52: an access request, and a request to be deleted, are one command each."""
    first, other = booked
    shown = portal("show", first.reference.lower())
    asked = portal("erase", first.reference, input="n\n")
    erased = portal("erase", first.reference, "--all", "--yes")
    after = portal("show", first.reference)

    assert "amina@example.org" in shown.output
    assert f"another booking: {other.reference}" in shown.output
    assert asked.exit_code == 1
    assert erased.output == f"Deleted: {first.reference}, {other.reference}.\n"
    assert "amina" not in after.output.lower()
    assert portal("verify").output == "Everything adds up.\n"


def complain(engine, phone, words, *, days_ago, answered=False):
    """A complaint by the family of `booked`, as its form stores it."""
    now = datetime.now(UTC) - timedelta(days=days_ago)
    contact = {
        "name": "Amina", "email": "AMINA@example.org", "phone": phone, "contact_by": "email",
        "safe_to_contact": True, "safe_time": "",
    }  # fmt: skip
    reference = complaints.complain(engine, contact, words, key=words, now=now)
    if answered:
        number = complaints.with_reference(engine, reference).id
        assert complaints.answered(engine, number, now=now, actor="command")
    return reference


def test_complaints_are_shown_and_erased_with_the_family(portal, booked, tmp_path):
    """S52: what a family complained about is in what is shown to it, and goes when it is answered.

    A complaint that waits stays until somebody deletes it by its own reference.
    """
    first, _ = booked
    engine = database.connect(f"sqlite:///{tmp_path / 'var' / 'portal.db'}")
    old = complain(engine, None, "You rang at night.", days_ago=40, answered=True)
    new = complain(engine, "01772 900999", "You wrote to my sister.", days_ago=2)
    engine.dispose()
    shown, alone = portal("show", first.reference), portal("show", new)
    erased = portal("erase", first.reference, "--all", "--yes")
    left = portal("show", new)
    gone = [portal("erase", new, "--yes"), portal("show", new), portal("show", old)]

    assert f"Complaint about data: {old}" in shown.output
    assert "What was wrong: You rang at night." in shown.output
    assert "Answered: Not yet. Due by" in alone.output
    assert "Name: Amina" in alone.output
    assert old in erased.output.partition("\n")[0]
    assert f"Complaint {new} is not answered yet, so it stays." in erased.output
    assert "You wrote to my sister." in left.output
    assert [one.exit_code for one in gone] == [0, 1, 1]


def test_wishes_are_shown_and_erased_with_the_family(portal, booked, tmp_path):
    """S52: a wish for a message is part of what is kept of a family."""
    first, _ = booked
    engine = database.connect(f"sqlite:///{tmp_path / 'var' / 'portal.db'}")
    place = {"near": "PR1 8", "latitude": 53.76, "longitude": -2.7, "district": "preston"}
    contacts = ["amina@example.org", "other@example.org"]
    for number, email in enumerate(contacts):
        given = {"key": f"a key of a form {number}", "secret": SECRET, "now": datetime.now(UTC)}
        wishes.make(engine, Wanted("bump-birth-and-beyond", **place, email=email), **given)
    theirs, others = (wishes.with_contacts(engine, [one], SECRET)[0] for one in contacts)
    engine.dispose()
    shown, alone = portal("show", first.reference), portal("show", others.reference)
    erased = portal("erase", first.reference, "--all", "--yes")
    gone = [portal("erase", others.reference, "--yes"), portal("show", others.reference)]

    assert f"Reference: {theirs.reference}" in shown.output
    assert "Email: other@example.org" in alone.output
    assert theirs.reference in erased.output
    assert [one.exit_code for one in gone] == [0, 1]


def test_forgetting_says_what_it_did(portal, booked):
    """By the clock of the machine; a second time there is nothing left to forget."""
    first, second = portal("forget"), portal("forget")

    assert first.exit_code == 0
    assert second.output.startswith("0 families, 0 notes of what they need, 0 letters")


def test_backed_up_and_restored(portal, booked, tmp_path, monkeypatch):
    """Into an empty database, or in the place of another with --replace; a wrong secret is told."""
    # A restore deletes what has had its time, so this must not depend on the day of the test.
    monkeypatch.setattr(import_module("portal.commands.bookings"), "_now", lambda: NOW)
    file = tmp_path / "backup.gz"
    saved = portal("backup", file)
    refused = portal("restore", file)
    replaced = portal("restore", file, "--replace")
    monkeypatch.setenv("PORTAL_VAR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PORTAL_SECRET_KEY", "another secret of thirty-two signs")
    moved = portal("restore", file)

    assert saved.exit_code == 0
    assert "It holds personal data" in saved.output
    assert (refused.exit_code, "not empty" in refused.output) == (1, True)
    assert "Everything adds up." in replaced.output
    assert "The secret is not" not in replaced.output
    assert "The secret is not" in moved.output
    assert "amina@example.org" in portal("show", booked[0].reference).output
