"""`portal secret change`: another secret, while links and phones of before still work."""

import os
import re
from email import message_from_bytes
from email.policy import default

import pyotp
import pytest
from click.testing import CliRunner

from portal import bookings, messages
from portal.bookings import Family, casework
from portal.commands import main
from portal.database import backup
from portal.settings import OLD_SECRETS, Settings, SettingsError, load_settings
from portal.staff import sign_in
from tests.support.paths import ROOT
from tests.support.screens import Screens
from tests.support.staffed import Staffed, key

POST = {"root": ROOT, "message_sender": "families@families.example"}
AMINA = Family("Amina Khan", "amina@example.org", contact_by="email", safe_to_contact=True)


def change(settings: Settings, monkeypatch) -> str:
    """Run the command as the operator does, and return what it prints."""
    monkeypatch.setenv("PORTAL_VAR", str(settings.var))
    done = CliRunner().invoke(main, ["--root", str(settings.root), "secret", "change"])
    assert done.exit_code == 0, done.output
    return done.output


def letters(settings: Settings) -> str:
    files = (settings.var / "outbox").glob("*")
    found = [message_from_bytes(file.read_bytes(), policy=default) for file in files]
    return "".join(one.get_body(("plain",)).get_content() for one in found)


def test_a_family_keeps_its_link(tmp_path, monkeypatch):
    """S22: a link given before two changes of the secret opens the family's page, its buttons work,
    and a message that is sent afterwards brings the same link; no secret is printed."""
    screens = Screens(tmp_path, **POST)
    before = screens.settings.secret
    link = screens.book().path
    said = change(screens.settings, monkeypatch) + change(screens.settings, monkeypatch)
    after = screens.settings.secret
    again = Screens(tmp_path, screens.directory, **POST)
    again.now = screens.now
    page = again.open(link)
    given = {"now": again.now, "claimant": "test"}
    sent = messages.send_due(again.engine, again.directory, again.settings, **given)
    found = set(re.findall(r"/bookings/[\w-]{43}", letters(again.settings)))
    linked = set(re.findall(r"/bookings/[\w-]{43}", page.html))
    again.open(f"{link}/cancel").press("Yes, cancel it")

    assert before != after
    assert (before in after.earlier, len(after.earlier)) == (True, 2)
    assert (page.status, sent.sent, found, linked) == (200, 1, {link}, {link})
    assert "cancelled" in again.open(link).heading.lower()
    assert not [one for one in (before, after, *after.earlier) if one in said]
    assert (again.settings.var / OLD_SECRETS).stat().st_mode & 0o777 == 0o600


def test_without_the_old_secret_the_link_is_another(tmp_path, monkeypatch):
    """The test above can fail: it is the old secret that is read."""
    screens = Screens(tmp_path)
    link = screens.book().path
    change(screens.settings, monkeypatch)
    secrets = screens.settings.secret
    own = bookings.get(screens.engine, 1, secrets)
    lost = bookings.get(screens.engine, 1, str(secrets))

    assert f"/bookings/{own.link}" == link
    assert lost.link != own.link
    assert backup.secret_matches(screens.engine, secrets)
    assert not backup.secret_matches(screens.engine, str(secrets))


def test_staff_keep_their_phones_and_recovery_codes(tmp_path, monkeypatch):
    """S31: a code of a phone that was set up before, once, and a code on paper, once."""
    place = Staffed(tmp_path)
    staff = place.staff()
    paper = sign_in.new_recovery_codes(place.engine, place.secret, staff.id, now=place.now)[0]
    code = pyotp.TOTP(key(place.secret, staff)).at(place.now)
    change(place.settings, monkeypatch)
    given = {"address": "192.0.2.1", "now": place.now}
    after = place.settings.secret
    asked = (code, code, paper, paper)
    right = [sign_in.check_code(place.engine, after, staff.id, one, **given) for one in asked]

    assert right == [True, False, True, False]


def test_bookings_of_one_contact_are_found_together(tmp_path, monkeypatch):
    """S52: those made before the change and after it."""
    place = Staffed(tmp_path)
    series = place.directory.series[0]
    made = [bookings.book(place.engine, series, AMINA, **_given(place, place.secret, "before"))]
    change(place.settings, monkeypatch)
    secret = place.settings.secret
    made.append(bookings.book(place.engine, series, AMINA, **_given(place, secret, "after")))
    after = casework.case_of(place.engine, made[1].reference, lambda _: True)
    found = casework.with_same_contact(place.engine, after, secret, lambda _: True)

    assert [one.reference for one in found] == [made[0].reference]


def _given(place, secret: str, word: str) -> dict:
    return {"key": f"a key that is made {word}", "secret": secret, "now": place.now}


def test_a_secret_of_the_environment_is_not_changed(tmp_path, monkeypatch):
    """The command says what to do; the settings then read the old one, and hide it."""
    monkeypatch.setenv("PORTAL_SECRET_KEY", "x" * 32)
    with pytest.raises(SettingsError, match="PORTAL_OLD_SECRET_KEYS"):
        load_settings(var=tmp_path).change_secret()
    monkeypatch.setenv("PORTAL_SECRET_KEY", "y" * 32)
    monkeypatch.setenv("PORTAL_OLD_SECRET_KEYS", '["' + "x" * 32 + '"]')
    secret = load_settings(var=tmp_path).secret

    assert (secret, secret.earlier) == ("y" * 32, ("x" * 32,))
    monkeypatch.setenv("PORTAL_OLD_SECRET_KEYS", '["short"]')
    with pytest.raises(SettingsError, match="32 characters") as refused:
        load_settings(var=tmp_path)
    assert "short" not in str(refused.value)


def test_a_change_that_is_interrupted_loses_nothing(tmp_path, monkeypatch):
    """S60: the old secret is kept before the new one is written."""
    settings = load_settings(var=tmp_path / "var")
    before = settings.secret
    replace = os.replace

    def broken(_self, target):
        if target.name == "secret":
            raise OSError(28, "No space left on device")
        replace(_self, target)

    monkeypatch.setattr("pathlib.Path.replace", broken)
    with pytest.raises(SettingsError, match="It is unchanged"):
        settings.change_secret()

    assert settings.secret == before
