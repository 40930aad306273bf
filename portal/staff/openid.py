"""Signing in with a council account: OpenID Connect, authorization code flow with PKCE (S31).

What it hides: the provider's addresses and keys, read once from its issuer and again when it signs
with an unknown key. Nothing that a browser sends decides where we send requests (S44). An answer is
accepted only if state, nonce, issuer, audience, time and signature are right, and the provider says
that it has verified the email address. The caller decides whose account that is, if anybody's.

Authlib implements the protocol; it comes with the extra `oidc`.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.util import find_spec
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from portal.errors import PortalError

ALGORITHMS = ["RS256", "PS256", "ES256"]
CLOCKS_DIFFER = 60  # seconds
_TIMEOUT = 10  # seconds for each request to the provider
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class OpenIdError(PortalError):
    """The sign-in failed; the message says why, without personal data."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What the browser keeps while it is at the provider."""

    state: str
    nonce: str
    verifier: str

    def fields(self) -> dict[str, str]:
        return asdict(self)


def missing() -> str:
    """What to install; '' if everything is installed."""
    if find_spec("authlib") and find_spec("requests"):
        return ""
    return "Signing in by OpenID Connect needs the extra 'oidc': pip install 'portal[oidc]'."


def safe_address(address: str) -> bool:
    """Whether secrets may be sent to this address: by https, or on this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


class OpenId:
    """One provider. Its addresses and keys are shared by all requests of a process."""

    def __init__(self, issuer: str, client_id: str, client_secret: str) -> None:
        self._issuer = issuer
        self._client = client_id, client_secret
        self._reading = Lock()
        self._metadata: dict[str, Any] | None = None
        self._keys: Any = None

    def begin(self, redirect: str) -> tuple[str, Begun]:
        """The provider's address to redirect to, and what the browser keeps meanwhile."""
        begun = Begun(*(secrets.token_urlsafe(32) for _ in range(3)))
        with self._session(redirect) as session:
            address, _ = session.create_authorization_url(
                self._address("authorization_endpoint"),
                state=begun.state,
                nonce=begun.nonce,
                code_verifier=begun.verifier,
            )
        return str(address), begun

    def finish(
        self, begun: Begun, answer: Mapping[str, str], *, redirect: str, now: datetime
    ) -> str:
        """The verified email address of the person who came back with this answer.

        Raises OpenIdError.
        """
        if not hmac.compare_digest(answer.get("state", "").encode(), begun.state.encode()):
            raise OpenIdError("the state is of another sign-in")
        if answer.get("iss", self._issuer) != self._issuer:
            raise OpenIdError("the answer is of another provider")
        if "error" in answer or not answer.get("code"):
            raise OpenIdError("the provider refused")
        token = self._exchange(begun, answer["code"], redirect)
        claims = self._claims(token, begun, now)
        email = claims.get("email")
        if claims.get("email_verified") is not True or not isinstance(email, str):
            raise OpenIdError("the provider has not verified the email address")
        return email

    def _exchange(self, begun: Begun, code: str, redirect: str) -> Mapping[str, Any]:
        from authlib.integrations.base_client import OAuthError
        from requests import RequestException

        try:
            with self._session(redirect) as session:
                token = session.fetch_token(
                    self._address("token_endpoint"),
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=begun.verifier,
                    timeout=_TIMEOUT,
                    allow_redirects=False,
                )
        except (OAuthError, RequestException, ValueError) as error:
            raise OpenIdError("the provider did not take the code") from error
        if not isinstance(token, Mapping) or not isinstance(token.get("id_token"), str):
            raise OpenIdError("the provider sent no ID token")
        return token

    def _claims(self, token: Mapping[str, Any], begun: Begun, now: datetime) -> Mapping[str, Any]:
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError

        options = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._client[0]},
        }
        known = {"nonce": begun.nonce, "client_id": self._client[0]}
        if token.get("access_token"):
            known["access_token"] = token["access_token"]
        try:
            try:
                read = jwt.decode(token["id_token"], self._key_set(), algorithms=ALGORITHMS)
            except (JoseError, ValueError):
                # The keys may have changed. A token that is wrong for another reason fails again.
                keys = self._key_set(refresh=True)
                read = jwt.decode(token["id_token"], keys, algorithms=ALGORITHMS)
            claims = CodeIDToken(read.claims, read.header, options, known)
            claims.validate(now=int(now.timestamp()), leeway=CLOCKS_DIFFER)
        except (JoseError, ValueError, TypeError) as error:
            raise OpenIdError(f"the ID token is not right: {type(error).__name__}") from error
        return dict(claims)

    # --- the provider ---

    def _session(self, redirect: str) -> Any:
        from authlib.integrations.requests_client import OAuth2Session

        return OAuth2Session(
            *self._client,
            scope="openid email",
            redirect_uri=redirect,
            code_challenge_method="S256",
        )

    def _address(self, name: str) -> str:
        with self._reading:
            if self._metadata is None:
                found = self._read(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
                if found.get("issuer") != self._issuer:
                    raise OpenIdError("the provider calls itself by another name")
                self._metadata = found
        address = self._metadata.get(name)
        if not isinstance(address, str) or not safe_address(address):
            raise OpenIdError(f"the provider has no {name} that may be asked")
        return address

    def _key_set(self, *, refresh: bool = False) -> Any:
        from joserfc.jwk import KeySet

        address = self._address("jwks_uri")
        if self._keys is None or refresh:
            self._keys = KeySet.import_key_set(self._read(address))  # type: ignore[arg-type]
        return self._keys

    def _read(self, address: str) -> dict[str, Any]:
        import requests

        try:
            answer = requests.get(address, timeout=_TIMEOUT, allow_redirects=False)
            found = answer.json() if answer.status_code == 200 else None
        except (requests.RequestException, ValueError) as error:
            raise OpenIdError("the provider cannot be reached") from error
        if not isinstance(found, dict):
            raise OpenIdError("the provider did not say what it is asked")
        return found
