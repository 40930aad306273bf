"""The email that asks whether the week of a centre is right."""

import email
import email.policy
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal import database
from portal.database.references import new_week_link
from portal.database.tables import week_link
from portal.directory.centre_week import week_of
from portal.messages import channels
from portal.messages.channels import Undelivered
from portal.settings import load_settings
from portal.staff import week_post, weeks
from tests.support import made
from tests.support.paths import ROOT
from tests.support.staffed import make_staff

SECRET = "a secret of thirty-two characters"
NOW = made.NOW + timedelta(days=7)  # the week of the first session


@pytest.fixture
def settings(tmp_path):
    return load_settings(
        root=ROOT, var=tmp_path, secret_key=SECRET, message_sender="families@families.example"
    )


def send(engine, settings, directory, now=NOW):
    weeks.ask(engine, directory, settings, now=now)
    return week_post.send_due(engine, directory, settings, now=now, claimant="a")


def link(engine):
    with database.read(engine) as connection:
        return connection.execute(sa.select(week_link)).one()


def test_the_email_shows_the_week_and_its_two_links(engine, settings, tmp_path):
    """It says what families see, and how to answer; the digest of what it shows is kept."""
    staff = make_staff(engine, title="Sam Brook")
    directory = made.directory(centre={"title": "Riverbank & Sons"})
    sent = send(engine, settings, directory)
    (file,) = tmp_path.rglob("*.eml")
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    plain = message.get_body(("plain",)).get_content().replace("\r\n", "\n")
    html = message.get_body(("html",)).get_content().replace("\r\n", "\n")
    token = new_week_link(SECRET, bytes(link(engine).nonce))
    address = f"https://families.example/staff/week/{token}"

    assert sent == 1
    assert (message["To"], message["Subject"]) == (staff.name, "Is this week right?")
    assert f"All of it is right: {address}\n" in plain
    assert f"Something is off: {address}/off\n" in plain
    assert "Tuesday 12 January 2027\n10am to midday, Bump, Birth and Beyond\n" in plain
    assert f'<a href="{address}/off">' in html
    assert "Riverbank &amp; Sons" in html
    assert "Tuesday 12 January 2027<br>\n10am to midday" in html
    assert link(engine).digest == week_of(directory, directory.centres[0], NOW.date()).digest


def test_a_link_asked_for_before_a_new_secret_still_works(engine, settings, tmp_path):
    """S22: an email that waits while the secret changes brings a link that opens its week."""
    make_staff(engine)
    directory = made.directory()
    weeks.ask(engine, directory, settings, now=NOW)
    given = {"secret_key": "a later secret of thirty-two letters", "old_secret_keys": [SECRET]}
    later = load_settings(**settings.model_dump(exclude={"secret_key", "old_secret_keys"}) | given)
    week_post.send_due(engine, directory, later, now=NOW, claimant="a")
    (file,) = tmp_path.rglob("*.eml")
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    plain = message.get_body(("plain",)).get_content()
    token = re.findall(r"/staff/week/([\w-]{43})", plain)[0]

    assert weeks.asked_by(engine, directory, token, now=NOW) is not None


class Broken:
    """A mail server that refuses."""

    def __init__(self, *, permanent=False):
        self.permanent = permanent

    def send(self, letter):
        raise Undelivered("The mail server cannot be reached.", permanent=self.permanent)

    def sent_before(self, _letter):
        return None


def test_an_email_that_fails_is_tried_again_and_then_said(engine, settings, monkeypatch):
    """A mail server that is away gets its hours; then the manager sees that no email went."""
    make_staff(engine)
    settings = settings.model_copy(update={"message_retry_hours": 2, "message_retry_minutes": 60})
    monkeypatch.setattr(channels, "opened", lambda *_: {"email": Broken()})
    directory, now = made.directory(), NOW
    assert send(engine, settings, directory, now) == 0
    assert link(engine).state == "owed"
    while link(engine).state == "owed":
        assert link(engine).tries < 10
        now += timedelta(minutes=60)
        week_post.send_due(engine, directory, settings, now=now, claimant="a")

    assert link(engine).trouble == "The mail server cannot be reached."
    assert now - NOW >= timedelta(hours=2)
    late = weeks.of_this_week(engine, bool, now=NOW + timedelta(days=1))
    assert late.not_sent == late.overdue == ("riverbank",)


def test_a_refusal_for_good_is_not_tried_again(engine, settings, monkeypatch):
    """An address that there is not stays wrong."""
    make_staff(engine)
    monkeypatch.setattr(channels, "opened", lambda *_: {"email": Broken(permanent=True)})
    send(engine, settings, made.directory())

    assert (link(engine).state, link(engine).tries) == ("failed", 1)


def test_an_email_left_by_a_crash_is_sent(engine, settings, tmp_path):
    """A worker that was killed while sending leaves the email to the next one, after a while."""
    make_staff(engine)
    directory = made.directory()
    weeks.ask(engine, directory, settings, now=NOW)
    left = {"state": "sending", "claimed": NOW, "claimant": "dead", "tries": 1}
    database.write(engine, lambda c: c.execute(week_link.update().values(**left)))
    sent = [
        week_post.send_due(engine, directory, settings, now=NOW + later, claimant="a")
        for later in (timedelta(minutes=14), timedelta(minutes=15))
    ]

    assert sent == [0, 1]
    assert len([*tmp_path.rglob("*.eml")]) == 1
