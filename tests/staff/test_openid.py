"""Signing in by a provider: what is right comes in, and whatever is wrong does not (S31)."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from portal.settings import SettingsError, load_settings
from portal.staff.openid import OpenId, OpenIdError, safe_address
from tests.support.browser import serving
from tests.support.provider import CLIENT, SECRET, follow, providing

BACK = "https://families.example/staff/council/back"
NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def running():
    with providing() as provider:
        provider.now = NOW.timestamp
        yield provider


@pytest.fixture
def provider(running):
    """As it is at first."""
    kept = dict(vars(running))
    yield running
    for name, value in kept.items():
        setattr(running, name, value)
    running.claims, running.metadata, running.codes = {}, {}, {}


@pytest.fixture
def portal(provider):
    return OpenId(provider.issuer, CLIENT, SECRET)


def sign_in(portal, **changed):
    address, begun = portal.begin(BACK)
    return portal.finish(begun, follow(address) | changed, redirect=BACK, now=NOW)


def test_the_verified_address_comes_back(portal, provider):
    """Code, PKCE, exact redirect, nonce and state: all as the provider demands them."""
    assert sign_in(portal) == "sam@example.org"


def test_addresses_and_keys_are_read_once(portal, provider):
    """And again when the provider signs with a key that we do not know."""
    provider.asked.clear()
    sign_in(portal)
    sign_in(portal)
    before = provider.asked.count("/keys")
    provider.new_key("two")

    assert sign_in(portal) == "sam@example.org"
    assert (before, provider.asked.count("/keys")) == (1, 2)
    assert provider.asked.count("/.well-known/openid-configuration") == 1


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": int(NOW.timestamp()) - 61},
        {"exp": None},
        {"iat": int(NOW.timestamp()) + 600},
        {"sub": None},
        {"at_hash": "wrong"},
    ],
)
def test_tokens_that_are_not_for_us_now_are_refused(portal, provider, claims):
    """Wrong nonce, audience, issuer or time; or one of them left out."""
    provider.claims = claims

    with pytest.raises(OpenIdError, match="ID token is not right"):
        sign_in(portal)


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"email": None},
    ],
)
def test_an_unverified_address_is_nobodys(portal, provider, claims):
    """Else anybody could call herself by it at the provider."""
    provider.claims = claims

    with pytest.raises(OpenIdError, match="not verified"):
        sign_in(portal)


def test_other_signatures_are_refused(portal, provider):
    """Another key under the same name, a shared secret, or none at all."""
    from joserfc.jwk import OctKey, RSAKey

    right = provider.key
    for algorithm, key in (
        ("RS256", RSAKey.generate_key(2048, {"kid": "one"})),
        ("HS256", OctKey.import_key({"kty": "oct", "k": right.as_dict()["n"], "kid": "one"})),
        ("none", None),
    ):
        provider.algorithm, provider.signs_with = algorithm, key
        with pytest.raises(OpenIdError, match="ID token is not right"):
            sign_in(portal)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"state": "another"}, "another sign-in"),
        ({"state": ""}, "another sign-in"),
        ({"state": "é"}, "another sign-in"),
        ({"iss": "https://evil.example"}, "another provider"),
        ({"error": "access_denied"}, "refused"),
        ({"code": ""}, "refused"),
        ({"code": "made up"}, "did not take the code"),
    ],
)
def test_answers_that_are_not_to_us_are_refused(portal, provider, changed, words):
    """Before or after the provider is asked."""
    with pytest.raises(OpenIdError, match=words):
        sign_in(portal, **changed)


def test_a_code_counts_for_the_browser_that_asked(portal, provider):
    """PKCE: a code that was stolen on its way is worth nothing; a used one neither."""
    address, begun = portal.begin(BACK)
    answer = follow(address)
    with pytest.raises(OpenIdError, match="did not take"):
        portal.finish(replace(begun, verifier="x" * 43), answer, redirect=BACK, now=NOW)

    address, begun = portal.begin(BACK)
    answer = follow(address)
    with pytest.raises(OpenIdError, match="did not take"):
        portal.finish(begun, answer, redirect=f"{BACK}/x", now=NOW)

    address, begun = portal.begin(BACK)
    answer = follow(address)
    assert portal.finish(begun, answer, redirect=BACK, now=NOW)
    with pytest.raises(OpenIdError, match="did not take"):
        portal.finish(begun, answer, redirect=BACK, now=NOW)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": None},
        {"authorization_endpoint": "http://evil.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_provider_that_is_another_is_not_asked(portal, provider, metadata):
    """Its own name, and addresses by https."""
    provider.metadata = metadata

    with pytest.raises(OpenIdError):
        portal.begin(BACK)


@pytest.mark.parametrize("name", ["token_endpoint", "jwks_uri"])
def test_secrets_travel_by_https_alone(portal, provider, name):
    """A provider that names an open way gets neither code nor secret."""
    provider.metadata = {name: "http://evil.example/x"}

    with pytest.raises(OpenIdError, match=name):
        sign_in(portal)


def test_a_provider_that_is_away(provider):
    """It is said, and at the next try it is asked again."""
    with pytest.raises(OpenIdError, match="cannot be reached"):
        OpenId("http://127.0.0.1:9", CLIENT, SECRET).begin(BACK)

    def broken(environ, start):
        start("500 Broken", [])
        return [b""]

    with serving(broken) as address, pytest.raises(OpenIdError, match="did not say"):
        OpenId(address, CLIENT, SECRET).begin(BACK)


def test_an_answer_without_a_token(portal, provider, monkeypatch):
    """Neither a fault nor a sign-in."""
    monkeypatch.setattr(provider, "_sign", lambda claims: None)

    with pytest.raises(OpenIdError, match="no ID token"):
        sign_in(portal)


def test_which_addresses_are_safe():
    """By https, or within this machine."""
    assert safe_address("https://login.example/x")
    assert safe_address("http://127.0.0.1:8000/x")
    assert not any(map(safe_address, ["http://login.example", "ftp://127.0.0.1", "//x", ""]))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"oidc_issuer": "http://login.example"}, "start it with https://"),
        ({"oidc_issuer": "https://login.example"}, "PORTAL_OIDC_CLIENT_ID"),
        (
            {"oidc_issuer": "https://login.example", "oidc_client_id": "portal"},
            "PORTAL_OIDC_CLIENT_SECRET",
        ),
    ],
)
def test_half_a_setting_is_refused(given, words):
    """At the start, with what is missing."""
    with pytest.raises(SettingsError, match=words):
        load_settings(**given)


def test_time_is_handed_in(portal, provider):
    """Nothing here reads a clock: what counts is the moment that the caller says it is."""
    provider.now = time.time
    with pytest.raises(OpenIdError, match="ID token is not right"):
        sign_in(portal)
