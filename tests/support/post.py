"""Books, sends what is owed into a folder, and reads the letters that came."""

import itertools
from email import message_from_bytes
from email.policy import default
from functools import cache

import icalendar
import sqlalchemy as sa
from pydantic import SecretStr

from portal import bookings, database, messages
from portal.bookings import Family
from portal.database import tables
from portal.settings import load_settings
from tests.support.made import NOW
from tests.support.paths import ROOT
from tests.support.ringing import without_number

SECRET = "a secret of thirty-two characters"
# The library parses a header each time somebody asks for it, and a reader of parts asks often.
READ_ONCE = default.clone(header_factory=cache(default.header_factory))
KEYS = (f"letters-{number}" for number in itertools.count())
AMINA = Family(
    "Amina Khan",
    email="amina@example.org",
    phone="07700 900123",
    contact_by="email",
    safe_to_contact=True,
    people=3,
    children=("2 years",),
    access="wheelchair",
    notes="Please be kind",
)


class Post:
    """A database, a directory, and what came out of the outbox."""

    def __init__(self, engine, folder, directory) -> None:
        self.engine = engine
        self.directory = directory
        self.settings = load_settings(
            root=ROOT, var=folder, message_sender="families@families.example"
        )
        self.outbox = folder / "outbox"
        self.seen: set[str] = set()

    @property
    def series(self):
        return (*self.directory.series, *self.directory.private_series)[0]

    def book(self, family=AMINA, **given) -> bookings.Booking:
        options = {"key": next(KEYS), "secret": SECRET, "now": NOW} | given
        return bookings.book(self.engine, self.series, family, **options)

    def send(self, now=NOW, **settings) -> messages.Sent:
        return messages.send_due(
            self.engine,
            self.directory,
            self.settings.model_copy(update={"secret_key": SecretStr(SECRET)} | settings),
            now=now,
            claimant="test",
        )

    def came(self, now=NOW, **settings):
        """The letters of one round, the oldest first."""
        self.send(now, **settings)
        fresh = [f for f in self.outbox.glob("*") if f.name not in self.seen]
        self.seen |= {found.name for found in fresh}
        with database.read(self.engine) as connection:
            order = list(
                connection.execute(
                    sa.select(tables.message.c.receipt).order_by(tables.message.c.id)
                ).scalars()
            )
        fresh.sort(key=lambda found: order.index(found.name))
        return [Came(found) for found in fresh]

    def states(self) -> list[tuple[str, str]]:
        with database.read(self.engine) as connection:
            rows = connection.execute(
                sa.select(tables.message.c.kind, tables.message.c.state).order_by(
                    tables.message.c.id
                )
            )
            return [tuple(row) for row in rows]

    def enqueue(self, booking, kind, **about) -> None:
        database.write(
            self.engine,
            lambda c: messages.enqueue(c, booking.id, kind, now=NOW, due=NOW, about=about),
        )


class Came:
    """A letter as it came."""

    def __init__(self, path) -> None:
        self.raw = path.read_bytes()
        self.text = path.suffix == ".txt"
        if self.text:
            self.plain = self.raw.decode()
            assert without_number(self.plain) == []
            return
        mail = message_from_bytes(self.raw, policy=READ_ONCE)
        self.subject, self.to = mail["Subject"], mail["To"]
        self.plain = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
        assert without_number(self.plain) == []
        self.html = mail.get_body(("html",)).get_content()
        self.calendars = [icalendar.Calendar.from_ical(a.get_content()) for a in _files(mail)]
        self.everything = "\n".join(
            [
                *map(str, mail.items()),
                *(part.get_content() for part in mail.walk() if not part.is_multipart()),
            ]
        )


def _files(mail):
    return list(mail.iter_attachments())
