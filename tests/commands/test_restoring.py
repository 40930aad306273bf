"""A backup that is restored brings back no family, person, role or password that ended since."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from portal import bookings, database, messages
from portal.bookings import Family, personal_data, retention
from portal.commands.restoring import Restoring
from portal.database import backup, journal, tables
from portal.database.backup import BackupError
from portal.database.journal import Journal, Line
from portal.server import readers
from portal.settings import Settings
from portal.staff import accounts, sign_in
from tests.support.databases import new_sqlite
from tests.support.made import NOW
from tests.support.staffed import PASSWORD, make_staff

pytestmark = pytest.mark.slow

SECRET = "a secret of thirty-two characters"
SERIES = "riverbank/bump-spring"
LATER = NOW + timedelta(days=1)


class Portal:
    """A portal with bookings and staff, a backup of them, and what has happened since."""

    def __init__(self, folder, root, directory, address) -> None:
        given = {"var": folder / "var", "root": root, "secret_key": SECRET}
        self.settings = Settings(**given, database_url=address)
        self.directory, self.file = directory, folder / "backup.gz"
        self.engine = database.connect(address)
        self.erased, self.corrected, self.stays = (
            self.book(name) for name in ("Amina", "Beth", "Cara")
        )
        names = ("gone", "moved", "changed", "codes", "same")
        self.staff = {name: make_staff(self.engine, name=f"{name}@example.org") for name in names}
        backup.save(self.engine, self.file, now=NOW)
        self.happen()

    def book(self, name: str) -> bookings.Booking:
        return bookings.book(
            self.engine,
            self.directory.find_series(SERIES),
            Family(name, email="a@example.org", contact_by="email", safe_to_contact=True),
            key=f"{name} of sixteen signs",
            secret=SECRET,
            now=NOW,
        )

    def happen(self) -> None:
        """What a day brings after the backup."""
        given = {"now": LATER}
        personal_data.erase(self.engine, self.directory, self.erased.id, **given)
        unsafe = Family("Beth", email="b@example.org", contact_by="none")
        personal_data.correct(
            self.engine, self.directory, self.corrected.id, unsafe, secret=SECRET, **given
        )
        number = {name: staff.id for name, staff in self.staff.items()}
        accounts.remove(self.engine, number["gone"], **given)
        accounts.change(
            self.engine,
            number["moved"],
            title="Moved",
            role="manager",
            footprint="preston",
            **given,
        )
        sign_in.set_password(self.engine, number["changed"], "four other words 12", **given)
        sign_in.new_recovery_codes(self.engine, SECRET, number["codes"], **given)

    def restore(self, *, replace=True, now=LATER) -> tuple[list[str], list[str]]:
        self.engine.dispose()  # as a service that has been stopped
        restoring = Restoring(self.settings, self.file, replace=replace, now=now)
        return list(restoring.lines()), restoring.troubles

    def names(self) -> set[str]:
        with database.read(self.engine) as connection:
            return set(connection.execute(sa.select(tables.person.c.name)).scalars())

    def account(self, name: str) -> accounts.Account:
        return accounts.find(self.engine, f"{name}@example.org")

    def opens(self, name: str, password: str = PASSWORD) -> bool:
        given = {"address": "192.0.2.1", "now": LATER}
        email = f"{name}@example.org"
        return sign_in.check_password(self.engine, SECRET, email, password, **given) is not None


@pytest.fixture
def portal(tmp_path, sample_root, directory, database_address):
    portal = Portal(tmp_path, sample_root, directory, database_address)
    yield portal
    portal.engine.dispose()


def assert_nothing_came_back(portal: Portal) -> None:
    assert portal.names() == {"Beth", "Cara"}
    assert bookings.get(portal.engine, portal.erased.id, SECRET).status == "cancelled"
    beth = bookings.family_of(portal.engine, portal.corrected.id)
    assert (beth.contact_by, beth.safe_to_contact) == ("none", False)
    assert portal.account("gone").removed
    moved = portal.account("moved").staff
    assert (moved.role, moved.footprint, moved.centres) == ("manager", "preston", frozenset())
    assert not portal.account("changed").ready
    opened = [name for name in portal.staff if portal.opens(name)]
    assert opened == ["moved", "codes", "same"]


def test_what_ended_since_the_backup_stays_ended(portal) -> None:
    """S51: erasures, removals, roles and passwords are done again, from the database that is
    replaced; the command says so, and nothing of it is lost for the next restore."""
    said, troubles = portal.restore()

    assert_nothing_came_back(portal)
    words = "\n".join(said)
    assert "Families erased since then, and erased again: 1." in words
    assert "changed their details since then, and get no message now: 1." in words
    assert "gone@example.org was removed since then, and is removed again." in words
    assert "moved@example.org has the role and places again" in words
    assert "`portal staff reset changed@example.org` makes a new invitation" in words
    assert "codes@example.org used or made recovery codes" in words
    assert "same@example.org" not in words
    assert troubles == []
    assert said[-1] == "Everything adds up."
    portal.restore()
    assert_nothing_came_back(portal)


def test_what_may_have_been_sent_since_is_not_sent_again(portal) -> None:
    """S62: a message that was due between the backup and the restore waits for staff, who see why;
    one that is due later goes out by itself."""
    with database.read(portal.engine) as connection:
        ids = sa.select(tables.message.c.id).where(tables.message.c.booking_id == portal.stays.id)
        confirmation, reminder = connection.execute(ids.order_by(tables.message.c.id)).scalars()
    said, _ = portal.restore()

    held = messages.about(portal.engine, confirmation).message
    later = messages.about(portal.engine, reminder).message
    listed = messages.listed(portal.engine, ("failed",), lambda _: True, since=LATER)
    claimed = messages.claim(portal.engine, now=LATER, claimant="a")
    assert (held.state, later.state) == ("failed", "owed")
    assert "backup" in held.trouble
    assert confirmation in [one.message.id for one in listed]
    assert claimed == []
    assert any(f"wait for staff: {len(listed)}." in line for line in said)
    assert messages.try_again(portal.engine, confirmation, now=LATER)


def test_a_service_that_runs_is_not_overwritten(portal):
    """S62: nothing is restored while another connection has the database open, or while a process
    of this machine answers pages; the refusal says what to do, and nothing is changed."""
    before = portal.names()
    with database.read(portal.engine) as connection:
        connection.execute(sa.text("SELECT 1"))
        with pytest.raises(BackupError, match="Stop it on every machine"):
            list(Restoring(portal.settings, portal.file, replace=True, now=LATER).lines())
    reader = readers.Reader(portal.settings.var)
    reader.has_read("edition")
    with pytest.raises(BackupError, match="Nothing was changed"):
        portal.restore()

    assert portal.names() == before
    reader.close()
    portal.restore()
    assert portal.names() == {"Beth", "Cara"}


@pytest.mark.parametrize("spoilt", [True, False], ids=["spoilt file", "service runs"])
def test_a_refused_restore_leaves_no_empty_database(small, tmp_path, spoilt):
    """A file of a database that was made for a refused restore is taken away again."""
    file = tmp_path / "new" / "portal.db"
    reader = readers.Reader(small.settings.var)
    if spoilt:
        small.file.write_bytes(b"no backup")
    else:
        reader.has_read("edition")
    small.settings = small.settings.model_copy(
        update={"database_url": SecretStr(f"sqlite:///{file}")}
    )
    with pytest.raises(BackupError):
        small.restore()
    reader.close()

    assert [*file.parent.iterdir()] == []


@pytest.fixture
def small(tmp_path, sample_root, directory):
    portal = Portal(tmp_path, sample_root, directory, new_sqlite(tmp_path / "portal.db"))
    yield portal
    portal.engine.dispose()


def test_the_file_beside_a_lost_database_is_enough(small, tmp_path) -> None:
    """S51: the worker has copied the references into a file, which holds nothing personal."""
    book = Journal(small.settings.var / journal.FILE)
    counts = [book.follow(small.engine, now=LATER) for _ in range(2)]
    text = (small.settings.var / journal.FILE).read_text()
    small.engine.dispose()
    address = f"sqlite:///{tmp_path / 'new.db'}"
    small.settings = Settings(
        var=small.settings.var,
        root=small.settings.root,
        secret_key=SECRET,
        database_url=address,
    )
    small.engine = database.connect(address)
    small.restore(replace=False)

    assert counts[1] == 0
    assert text.count("\n") == counts[0]
    assert "@" not in text
    assert "argon2" not in text
    assert (small.settings.var / journal.FILE).stat().st_mode & 0o777 == 0o600
    assert_nothing_came_back(small)


def test_what_was_deleted_by_date_is_deleted_again(small) -> None:
    """S51: the daily deletion runs before anybody sees the restored bookings."""
    late = NOW + timedelta(days=200)
    retention.forget(small.engine, small.directory, small.settings, now=late)
    said, _ = small.restore(now=late)

    assert small.names() == set()
    assert any(line.startswith("Deleted by date: 2 families") for line in said)


def test_a_restore_without_any_record_says_so(small, tmp_path) -> None:
    """The operator learns that deletions cannot be done again, and content that cannot be read
    does not stop a restore."""
    empty = f"sqlite:///{tmp_path / 'empty.db'}"
    small.settings = Settings(
        var=tmp_path / "other", root=tmp_path, secret_key=SECRET, database_url=empty
    )
    _, troubles = small.restore(replace=False)

    assert any("no record of deletions" in words for words in troubles)
    assert any("`portal bookings forget`" in words for words in troubles)


def test_a_restore_with_an_old_record_says_so(small, tmp_path) -> None:
    """S51: a copy of the record that ends before the backup was made cannot do again what ended
    after it; the newest copy, put in its place, does."""
    small.file = small.file.with_name("later.gz")
    Journal(small.settings.var / journal.FILE).follow(small.engine, now=LATER)
    backup.save(small.engine, small.file, now=LATER + timedelta(minutes=5))
    late = LATER + timedelta(minutes=10)
    personal_data.erase(small.engine, small.directory, small.stays.id, now=late)
    record = small.settings.var / journal.FILE
    Journal(record).follow(small.engine, now=late)
    newest = record.read_text()
    small.engine.dispose()
    small.settings = Settings(
        var=small.settings.var,
        root=small.settings.root,
        secret_key=SECRET,
        database_url=f"sqlite:///{tmp_path / 'new.db'}",
    )
    small.engine = database.connect(small.settings.database_address)
    record.write_text("".join(newest.splitlines(keepends=True)[:1]))
    _, old = small.restore(replace=False, now=late)
    back = small.names()
    record.write_text(newest)
    _, new = small.restore(now=late)

    assert any("is older than this backup" in words for words in old)
    assert "Cara" in back
    assert not any("is older than this backup" in words for words in new)
    assert "Cara" not in small.names()


def test_later_changes_win_and_old_ones_do_nothing(small) -> None:
    """A backup made after a change holds it: restoring that backup resets nobody."""
    small.file = small.file.with_name("later.gz")
    backup.save(small.engine, small.file, now=LATER + timedelta(minutes=1))
    Journal(small.settings.var / journal.FILE).follow(small.engine, now=LATER)
    said, _ = small.restore(now=LATER + timedelta(hours=1))

    assert small.opens("changed", "four other words 12")
    assert "makes a new invitation" not in "\n".join(said)


def test_the_file_of_deletions_survives_a_crash_and_is_pruned(tmp_path) -> None:
    """A line cut short spoils no other; lines older than the log are dropped."""
    file = tmp_path / journal.FILE
    old, new = (
        Line(NOW - timedelta(days=400), "erase", "ABCD-2345"),
        Line(NOW, "erase", "ABCD-2346"),
    )
    book = Journal(file)
    book.add([old])
    file.write_bytes(file.read_bytes() + b'{"at": "20')
    book.add([new])
    both = book.read()
    book.prune(NOW)

    assert both == [old, new]
    assert book.read() == [new]
    book.prune(NOW + timedelta(days=400))
    assert not file.exists()
