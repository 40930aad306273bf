"""Which channels there are, and which the settings chose."""

import pytest

from portal.messages import channels
from portal.messages.channels.folder import Folder
from portal.settings import Settings, SettingsError, load_settings
from tests.support import made

SITE = made.directory().site


def test_out_of_the_box_everything_goes_into_the_folder():
    """Trying the portal out sends nothing to anybody."""
    opened = channels.opened(load_settings(), SITE)

    assert {way: type(channel) for way, channel in opened.items()} == {
        "email": Folder,
        "text": Folder,
    }


def test_a_way_may_be_closed():
    """Where no text messages are sent, there is no channel for them."""
    opened = channels.opened(load_settings(text_channel="none"), SITE)

    assert list(opened) == ["email"]


def test_every_channel_can_be_chosen():
    """A channel that no setting names would never be used."""
    chosen = set()
    for field in ("email_channel", "text_channel"):
        chosen |= set(Settings.model_fields[field].annotation.__args__)

    assert chosen == {*channels.CHANNELS, "none"}


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"email_channel": "email"}, "PORTAL_SMTP_HOST"),
        ({"text_channel": "notify"}, "PORTAL_NOTIFY_API_KEY"),
        ({"email_channel": "notify", "notify_api_key": "x"}, "PORTAL_NOTIFY_EMAIL_TEMPLATE"),
        (
            {"email_channel": "email", "smtp_host": "x", "smtp_password": "geheim"},
            "PORTAL_SMTP_USER",
        ),
        (
            {
                "email_channel": "email",
                "smtp_host": "x",
                "smtp_user": "portal",
                "smtp_password": "geheim",
                "smtp_tls": "none",
            },
            "PORTAL_SMTP_TLS",
        ),
    ],
)
def test_half_a_channel_is_refused_at_the_start(given, missing):
    """The remedy names the setting to add, and no secret is printed."""
    with pytest.raises(SettingsError, match=missing) as caught:
        load_settings(**given)

    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("name", ["smtp_password", "notify_api_key", "database_url", "secret_key"])
def test_a_secret_that_is_wrong_is_not_printed(name):
    """S41: the message names the setting, never what it was set to."""
    with pytest.raises(SettingsError, match=rf"PORTAL_{name.upper()}=\(hidden\)"):
        load_settings(**{name: 12345})
