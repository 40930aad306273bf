"""Several machines over one database: which of them tells families what, and when."""

import gc
import os
import shutil
import threading
from datetime import UTC, datetime, timedelta

import icalendar
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from werkzeug.test import Client

from portal import bookings, content, database
from portal.bookings import Family
from portal.commands import main
from portal.database import generations, tables
from portal.database.generations import OutOfDate
from portal.errors import PortalError
from portal.feeds.calendar_entries import uid_of
from portal.server import readers, serve
from portal.server.app import create_app
from portal.server.published import Published, read_published
from portal.server.publishing import given_out, given_out_here
from portal.server.readers import Reader
from portal.server.worker import Watch
from portal.settings import SettingsError, load_settings
from portal.web.live.app import create_desk
from portal.web.live.context import Away
from portal.web.site import published_calendars
from portal.web.site.build_state import MARKER, write_marker
from tests.support.databases import new_sqlite

pytestmark = pytest.mark.slow

SECRET = "a secret of thirty-two characters"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SERIES = "centres/preston/riverbank/bump-spring.md"


class Machine:
    """A checkout with its own site, over a database that others use too."""

    def __init__(self, folder, sample_root, database_address, **settings):
        root = shutil.copytree(sample_root, folder / "root")
        self.settings = load_settings(
            root=root,
            out=folder / "build",
            var=folder / "var",
            database_url=database_address,
            secret_key=SECRET,
            message_sender="families@families.example",
            **settings,
        )
        self.watch = Watch(self.settings, now=lambda: NOW)

    def write(self, old, new):
        """Write something else into the file of the series."""
        file = self.settings.root / SERIES
        file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")

    def build(self, minute):
        """What the portal looks at of a build: the marker of a site made at this minute, and the
        record of its calendar entries."""
        self.settings.out.mkdir(exist_ok=True)
        given = self.settings
        directory = self.read()
        others = given_out(self.watch._engine, directory.edition)
        known = published_calendars.of_site(given.out, given.var, others)
        stamps, _ = published_calendars.hold(directory, known)
        record = published_calendars.PublishedCalendars(stamps, frozenset())
        published_calendars.keep(given.var, record)
        write_marker(self.settings.out, NOW.date(), directory.edition, {})
        at = NOW.timestamp() + 60 * minute
        os.utime(self.settings.out / MARKER, (at, at))
        return self

    def read(self):
        return content.load(self.settings.root, today=NOW.date())

    def letters(self):
        return len(list(self.settings.var.rglob("*.eml")))

    def portal(self, *words):
        given = self.settings
        environ = {f"PORTAL_{name.upper()}": str(getattr(given, name)) for name in ("out", "var")}
        environ["PORTAL_DATABASE_URL"] = given.database_address
        environ["PORTAL_ROLES"] = ",".join(given.roles)
        environ["PORTAL_LEAFLETS"] = "no"
        return CliRunner().invoke(main, ["--root", str(given.root), *words], env=environ)


def machines_over(folder, sample_root, address):
    """One machine with the content as it was, and one where a date was called off since."""
    old = Machine(folder / "old", sample_root, address)
    new = Machine(folder / "new", sample_root, address)
    new.write("changes:\n", "changes:\n  - date: 2027-01-19\n    cancelled: Snow\n")
    yield old.build(1), new.build(2)
    old.watch._engine.dispose()
    new.watch._engine.dispose()


@pytest.fixture
def machines(tmp_path, sample_root, database_address):
    """Two machines over one database, once of each kind."""
    yield from machines_over(tmp_path, sample_root, database_address)


@pytest.fixture
def local_machines(tmp_path, sample_root):
    """Two machines, where the kind of the database makes no difference."""
    yield from machines_over(tmp_path, sample_root, new_sqlite(tmp_path / "portal.db"))


def book(engine, machine):
    family = Family("Ana", email="ana@example.org", contact_by="email", safe_to_contact=True)
    series = machine.read().find_series("riverbank/bump-spring")
    return bookings.book(engine, series, family, key="one", secret=SECRET, now=NOW)


def kinds(engine):
    with database.read(engine) as connection:
        query = sa.select(tables.message.c.kind).order_by(tables.message.c.id)
        return [kind for kind in connection.execute(query).scalars() if kind != "reminder"]


def test_two_checkouts_tell_families_once(machines, engine, caplog):
    """Six rounds of an old folder and of the present one: one letter about the change (S66)."""
    old, new = machines
    old.watch.once()
    book(engine, old)
    rounds = [machine.watch.once().announced for machine in (new, old) * 3]

    assert rounds == [1, 0, 0, 0, 0, 0]
    assert kinds(engine) == ["confirmation", "cancelled-by-us"]
    assert (old.letters(), new.letters()) == (0, 2)  # by what is true now
    assert caplog.text.count("published before, as generation 1") == 1  # not at each round


def test_an_old_folder_that_was_never_published_tells_nothing(machines, engine, caplog):
    """A site that was built before the newest one does not take its place by being found."""
    old, new = machines
    new.watch.once()
    book(engine, new)

    assert old.watch.once().delivered.sent == 0
    assert "built before the newest" in caplog.text


def test_going_back_tells_families_again(machines, engine):
    """`portal publish --back` is how older content becomes the newest again; nothing else does.
    The calendars of families take its entries, because their revision numbers rise again."""
    old, new = machines
    old.watch.once()
    booking = book(engine, old)
    new.watch.once()
    refused = old.portal("publish")
    (off, number), _ = own_entries(new, booking), old.build(1)
    said = old.portal("publish", "--back")
    on, later = own_entries(old, booking)
    rounds = [new.watch.once().announced, old.watch.once().announced]

    assert (refused.exit_code, said.exit_code) == (1, 0)
    assert on != off
    assert later > number
    assert "portal publish --back" in refused.stderr
    assert said.stdout == "Generation 3 is published.\n"
    assert rounds == [0, 1]  # the date is on again
    assert kinds(engine) == ["confirmation", "cancelled-by-us", "moved"]


def test_published_content_that_lost_bookings_is_named_in_the_log(local_machines, caplog):
    """A machine that builds without the database cannot refuse it; families still get messages."""
    old, new = local_machines
    old.watch.once()
    book(old.watch._engine, old)
    new.write("room:", "book: session\nroom:")
    sent = new.build(3).watch.once().delivered.sent

    assert f"{SERIES}:1:1: families have booked the whole of it" in caplog.text
    assert sent == 2  # the confirmation, and the date that is off


def own_entries(machine, booking):
    """The private calendar of a booking, as this machine answers with it: times by entry, and the
    lowest revision number."""
    directory = read_published(machine.settings, NOW.date(), machine.watch._engine)
    desk = create_desk(lambda: directory, machine.settings, clock=lambda: NOW)
    answer = desk.test_client().get(f"/bookings/{booking.link}/calendar.ics")
    desk.extensions["live"]._reach().dispose()
    events = icalendar.Calendar.from_ical(answer.data).walk("VEVENT")
    assert answer.headers["Cache-Control"] == "no-store"
    assert not {"ETag", "Last-Modified"} & set(answer.headers.keys())
    said = {str(event["uid"]): (event.start, str(event["status"])) for event in events}
    return said, min(int(event["sequence"]) for event in events)


def test_revisions_of_a_private_calendar_rise_with_its_dates(machines, engine):
    """A date that is called off has a higher revision number than before, though its file is older;
    a machine without a record of its own gives the same, and an old folder raises nothing."""
    old, new = machines
    # The files of the new content are older than those of the published one, as after a checkout.
    early = NOW.timestamp() - 10**8
    os.utime(new.settings.root / SERIES, (early, early))
    old.watch.once()
    booking = book(engine, old)
    new.build(2).watch.once()
    answers = [own_entries(old, booking)]
    old.build(1)  # an old folder that goes on does not raise its numbers
    assert own_entries(old, booking) == answers[0]
    answers.append(own_entries(new, booking))
    (new.settings.var / published_calendars.FILE).unlink()
    elsewhere = own_entries(new, booking)

    (on, first), (off, second) = answers
    assert on != off
    assert first < second
    assert elsewhere == (off, second)


def test_older_content_still_deletes_by_date(machines, engine):
    """S51: data whose time is over is deleted by whichever machine goes on, by the dates that were
    published last."""
    old, new = machines
    old.watch.once()
    new.watch.once()
    series = book(engine, new) and new.read().find_series("riverbank/bump-spring")
    end = max(session.ends for session in series.all_sessions)
    days = timedelta(days=old.settings.keep_days)
    found = []
    for late in (end + days - timedelta(days=1), end + days):
        watch = Watch(old.settings, now=lambda late=late: late)
        found.append(watch.once(daily=True))
        watch._engine.dispose()

    assert [one.forgotten.families for one in found] == [0, 1]
    assert [one.delivered.sent for one in found] == [0, 0]


def test_ends_follow_the_dates_that_are_published(machines, engine):
    """A publication moves the ends by which families are deleted: no later round is needed, which
    a machine with older content could not make."""
    old, new = machines
    old.watch.once()
    booking = book(engine, old)
    moved = "date: 2027-02-23\n    moved_to: 2027-04-20 10:00-12:00\n"
    new.write("date: 2027-02-23\n", moved)
    new.build(3).portal("publish")

    with database.read(engine) as connection:
        query = sa.select(tables.booking.c.ends).where(tables.booking.c.id == booking.id)
        assert connection.execute(query).scalar_one().month == 4


def test_what_was_not_built_is_not_published(local_machines):
    """Files edited after the build are nobody's news until the next build."""
    _, new = local_machines
    new.write("places: 10", "places: 3")

    found = new.portal("publish")

    assert found.exit_code == 1
    assert "The content has changed since the site was built." in found.stderr


def test_a_build_publishes_what_it_built(tmp_path, sample_root):
    """After `portal build` the content is the newest; a trial into another folder is not."""
    address = f"sqlite:///{tmp_path / 'one.db'}"
    machine = Machine(tmp_path / "one", sample_root, address)
    assert machine.portal("build", "--out", str(tmp_path / "trial")).exit_code == 0
    engine = database.connect(address)
    assert "generation" not in sa.inspect(engine).get_table_names()
    found = machine.portal("build")

    with database.read(engine) as connection:
        (edition,) = connection.execute(sa.select(tables.generation.c.edition)).scalars()
    engine.dispose()
    assert (found.exit_code, found.stderr) == (0, "")
    assert edition == machine.read().edition


def test_a_machine_without_the_role_publishes_and_sends_nothing(local_machines):
    """`PORTAL_ROLES=web` answers pages, and leaves building and sending to another machine."""
    _, new = local_machines
    new.settings = new.settings.model_copy(update={"roles": ("web",)})
    sent = new.portal("messages", "send")
    new.portal("build")
    with database.read(new.watch._engine) as connection:
        assert not connection.execute(sa.select(tables.generation)).all()

    assert sent.exit_code == 1
    assert "PORTAL_ROLES leaves out post" in sent.stderr
    with pytest.raises(PortalError, match="PORTAL_ROLES leaves out web"):
        serve.serve(new.settings.model_copy(update={"roles": ("post",)}), build=False, say=print)


@pytest.mark.parametrize(
    ("written", "found"),
    [("web", ("web",)), ("web, post", ("web", "post")), (None, ("web", "post", "build"))],
)
def test_roles_are_written_with_commas(monkeypatch, written, found):
    """One machine has all three roles unless it says otherwise."""
    if written:
        monkeypatch.setenv("PORTAL_ROLES", written)

    assert load_settings().roles == found


@pytest.mark.parametrize("written", ["", ",", "web,mail"])
def test_unknown_roles_are_refused(monkeypatch, written):
    """A role that nobody has, or none at all, is refused at the start."""
    monkeypatch.setenv("PORTAL_ROLES", written)

    with pytest.raises(SettingsError, match="PORTAL_ROLES"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "written", "word"),
    [
        ("PORTAL_ROLES", "Web,post", "web"),
        ("PORTAL_CONTENT_REVIEW", "EDITOR", "editor"),
        ("PORTAL_SMTP_TLS", "StartTLS", "starttls"),
    ],
)
def test_a_known_word_in_capitals_gets_a_hint(monkeypatch, name, written, word):
    """A word that is right but for its capitals is refused with the word to write."""
    monkeypatch.setenv(name, written)

    with pytest.raises(SettingsError, match=rf"{name}='.*Write it in small letters: {word}\."):
        load_settings()


def test_published_entries_are_read_the_same_way_by_builds_and_live_pages(tmp_path):
    """Without a database no stamps are known, and none is made by asking; with one they are."""
    settings = load_settings(var=tmp_path / "var", secret_key=SECRET)
    without = given_out_here(settings, "edition")
    made = settings.var.exists()
    new_sqlite(tmp_path / "var" / "portal.db")

    assert (without, made) == (None, False)
    assert given_out_here(settings, "edition") == {}


def test_health_says_whether_the_content_is_the_newest(local_machines, caplog):
    """Operators see from outside which machine has older content; the log says it once."""
    old, new = local_machines
    old.watch.once()
    new.watch.once()
    said = []
    for machine in local_machines:
        directory = machine.read()
        desk = create_desk(lambda it=directory: it, machine.settings, clock=lambda: NOW)
        answers = [desk.test_client().get("/health") for _ in range(2)]
        assert {answer.status_code for answer in answers} == {200}
        said += {answer.json["generation"] for answer in answers}

    assert said == ["generation 1, older than generation 2", "generation 2, the newest"]
    assert caplog.text.count("It tells and offers families nothing.") == 1


def test_messages_wait_for_every_page_of_the_machine(machines, engine):
    """No page says that a date is on after the letter that calls it off has gone out."""
    old, new = machines
    old.watch.once()
    book(engine, old)
    slow = Reader(new.settings.var)
    slow.has_read(old.read().edition)
    waiting = new.watch.once()
    slow.has_read(new.read().edition)
    told = new.watch.once()
    slow.has_read("")
    slow.close()

    assert (waiting.announced, waiting.delivered.sent) == (0, 0)
    assert (told.announced, told.delivered.sent) == (1, 2)


def test_messages_do_not_wait_for_ever(local_machines, monkeypatch, caplog):
    """A process that cannot read the new content holds up messages for a minute only."""
    old, new = local_machines
    stuck = Reader(new.settings.var)
    stuck.has_read(old.read().edition)
    monkeypatch.setattr("portal.server.worker._WAIT_FOR_READERS", 0)
    new.watch.once()
    new.watch.once()
    stuck.close()

    assert caplog.text.count("still answer with other content") == 1


def test_the_file_of_a_dead_process_holds_nobody_up(tmp_path):
    """What a killed process left is removed, and does not count."""
    reader = Reader(tmp_path)
    reader.has_read("one")
    assert [readers.behind(tmp_path, edition) for edition in ("one", "two")] == [0, 1]
    reader.close()

    assert readers.behind(tmp_path, "two") == 0
    assert not list((tmp_path / "readers").iterdir())


def test_new_content_is_read_by_the_clock(local_machines):
    """Long after a publication, the first answer is already made from the new content."""
    _, new = local_machines
    published = Published(new.settings)
    published.start()
    published.wait(10)
    first = published().edition
    new.write("places: 10", "places: 3")
    new.build(3)
    published.wait(10, latest=True)  # nobody has asked for the directory meanwhile

    assert published().edition != first
    assert published().edition == new.read().edition


def test_content_that_is_being_replaced_is_read_again(local_machines, monkeypatch, caplog):
    """Files that are just being copied look like mistakes: only what fails twice is called so, and
    then it is left alone until the next build."""
    _, new = local_machines
    published = Published(new.settings)
    published.look()
    first = published().edition
    monkeypatch.setattr("portal.server.published._TRY_EVERY", 0)
    new.write("programme: bump", "program: bump")
    os.utime(new.settings.out / MARKER, (1, 1))
    published.look()
    assert caplog.text == ""
    assert published().edition == first
    new.write("program: bump", "room: Blue Room\nprogramme: bump")
    new.write("room: Willow Room\n", "")
    published.look()
    assert published().edition == new.read().edition != first

    new.write("programme: bump", "program: bump")
    os.utime(new.settings.out / MARKER, (2, 2))
    for _ in range(3):
        published.look()
    assert caplog.text.count("The content has mistakes") == 1


def test_a_round_reads_again_what_changed_while_it_was_read(local_machines):
    """Content without an edition is of no generation: the next round reads it whole."""
    _, new = local_machines
    new.watch.once()
    torn = new.watch._directory.model_copy(update={"edition": ""})
    new.watch._directory = torn
    new.watch.once()

    assert new.watch._directory.edition == new.read().edition


def test_stamps_are_asked_for_when_the_database_is_back(tmp_path, sample_root, monkeypatch):
    """A process that read the content without its database gives entries the stamps of other
    machines once it can ask for them."""
    monkeypatch.setattr("portal.server.published._TRY_EVERY", 0)
    file = tmp_path / "portal.db"
    file.touch()
    machine = Machine(tmp_path / "one", sample_root, f"sqlite:///{file}").build(1)
    published = Published(machine.settings)
    published.look()
    published.look()
    series = published().find_series("riverbank/bump-spring")
    uid = uid_of(series, published().site)
    stamp = published_calendars.of_site(machine.settings.out, machine.settings.var).stamps[uid]
    machine.watch._engine.dispose()
    new_sqlite(file)
    entries = {uid: (stamp.changed + timedelta(days=1), stamp.digest)}
    given = {"built": NOW, "now": NOW, "publisher": "ana@two"}
    generations.publish(machine.watch._engine, published().edition, {}, entries, **given)
    published.look()
    machine.watch._engine.dispose()

    changed = published().find_series("riverbank/bump-spring").changed
    assert changed == stamp.changed + timedelta(days=1)


def test_an_application_that_is_dropped_stops_looking(local_machines):
    """Its thread ends, and its file is given up."""
    _, new = local_machines
    before = threading.active_count()
    app = create_app(new.settings)
    assert Client(app).get("/health").json["content"] == "loaded"
    assert readers.behind(new.settings.var, "another") == 1
    del app
    gc.collect()  # the application and what finds its visitors hold each other

    for _ in range(100):
        if threading.active_count() <= before and not readers.behind(new.settings.var, "another"):
            return
        threading.Event().wait(0.05)
    pytest.fail("the thread goes on")


def test_a_form_refused_by_older_content_can_be_sent_again(local_machines, caplog):
    """The page is the one for a database that is away: it keeps the answers and the key (S63)."""
    old, _ = local_machines
    directory = old.read()
    desk = create_desk(lambda: directory, old.settings, clock=lambda: NOW)
    with pytest.raises(Away), desk.extensions["live"].database():
        raise OutOfDate("the newest published content has another rule for the series.")

    assert "refused by older content" in caplog.text
