"""Addresses of visitors: one spelling each, and whose word for them counts."""

import pytest

from portal.web.visitors import NOT_BELIEVED, behind_proxies, unwrapped


@pytest.mark.parametrize(
    ("address", "spelling"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:1234", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("[::ffff:192.0.2.7]:1234", "192.0.2.7"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ('"[2001:db8::1]:443"', "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("unknown", ""),
        ("", ""),
        ("192.0.2.7:1234:5", ""),
    ],
)
def test_an_address_has_one_spelling(address, spelling):
    """S41: however the system or a proxy writes it, a visitor is one visitor."""
    assert unwrapped(address) == spelling


class Seen:
    """An application that remembers the environ of the last request."""

    def __init__(self, proxies):
        self.environ = {}
        self.app = behind_proxies(self, proxies)

    def __call__(self, environ, start):
        self.environ = environ
        return []

    def ask(self, peer, **headers):
        environ = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        self.app({"REMOTE_ADDR": peer, "wsgi.url_scheme": "http", **environ}, None)
        return self.environ["REMOTE_ADDR"]


@pytest.mark.parametrize(
    ("proxies", "peer", "said", "visitor"),
    [
        (0, "::ffff:192.0.2.7", "9.9.9.9", "192.0.2.7"),
        (0, "::ffff:127.0.0.1", None, "127.0.0.1"),
        (1, "127.0.0.1", "9.9.9.9:1234", "9.9.9.9"),
        (1, "127.0.0.1", "8.8.8.8, ::ffff:9.9.9.9", "9.9.9.9"),
        (2, "127.0.0.1", "8.8.8.8, 9.9.9.9", "8.8.8.8"),
        (2, "127.0.0.1", "9.9.9.9", "127.0.0.1"),
        (1, "::ffff:10.0.0.1", "unknown", "10.0.0.1"),
        (1, "::ffff:10.0.0.1", None, "10.0.0.1"),
    ],
)
def test_a_visitor_has_one_spelling_from_the_proxy_too(proxies, peer, said, visitor):
    """S41: so many forwarded addresses are believed as there are proxies of our own, unwrapped."""
    assert Seen(proxies).ask(peer, **({"x_forwarded_for": said} if said else {})) == visitor


def test_a_proxy_that_is_not_set_is_noticed(caplog):
    """Forwarded addresses that arrive and are not believed are logged once, and pages know it."""
    seen = Seen(0)
    seen.ask("127.0.0.1")
    assert not seen.environ[NOT_BELIEVED]
    for _ in range(3):
        seen.ask("::ffff:10.0.0.1", x_forwarded_for="192.0.2.7")
    seen.ask("127.0.0.1")

    assert seen.environ[NOT_BELIEVED]
    assert caplog.text.count("PORTAL_PROXIES") == 1


def test_a_stranger_does_not_seem_to_be_a_proxy(caplog):
    """A header that a stranger sends is no sign of a proxy, unless every request has it."""
    seen = Seen(0)
    for _ in range(4):
        for _ in range(40):
            seen.ask("9.9.9.9", x_forwarded_for="192.0.2.7")
        seen.ask("9.9.9.8")
    assert not seen.environ[NOT_BELIEVED]

    for _ in range(60):
        seen.ask("9.9.9.9", x_forwarded_for="192.0.2.7")
    assert seen.environ[NOT_BELIEVED]
    assert caplog.text.count("PORTAL_PROXIES") == 1


def test_a_set_proxy_is_not_complained_about(caplog):
    """With PORTAL_PROXIES set there is nothing to notice."""
    seen = Seen(1)
    seen.ask("127.0.0.1", x_forwarded_for="192.0.2.7")

    assert NOT_BELIEVED not in seen.environ
    assert not caplog.text
