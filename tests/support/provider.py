"""A provider of OpenID Connect for tests: a real server that signs, and that can be told to lie."""

import base64
import hashlib
import json
import secrets
import time
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.wrappers import Request, Response

from tests.support.browser import serving

CLIENT, SECRET = "portal", "a secret between two servers"


class Provider:
    """It lets everybody in as `email`. What a test changes, the next answer holds."""

    def __init__(self) -> None:
        self.issuer = ""
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.signs_with = self.key
        self.email = "sam@example.org"
        self.claims: dict[str, object] = {}  # instead of what is right; None leaves one out
        self.metadata: dict[str, object] = {}
        self.algorithm = "RS256"
        self.now = time.time
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []

    def new_key(self, kid: str) -> None:
        """From now on it signs with another key."""
        self.key = self.signs_with = RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})

    def __call__(self, environ, start):
        request = Request(environ)
        self.asked.append(request.path)
        views = {
            "/.well-known/openid-configuration": self._metadata,
            "/authorize": self._authorize,
            "/token": self._token,
            "/keys": self._keys,
        }
        return views[request.path](request)(environ, start)

    def _metadata(self, _request) -> Response:
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        return _json({**said, **self.metadata})

    def _keys(self, _request) -> Response:
        return _json({"keys": [self.key.as_dict(private=False)]})

    def _authorize(self, request) -> Response:
        asked = request.args.to_dict()
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        answer = urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
        return Response(status=302, headers={"Location": f"{asked['redirect_uri']}?{answer}"})

    def _token(self, request) -> Response:
        asked = self.codes.pop(request.form["code"], None)
        verifier = request.form["code_verifier"].encode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).rstrip(b"=")
        right = (
            asked is not None
            and (request.authorization.username, request.authorization.password) == (CLIENT, SECRET)
            and asked["code_challenge_method"] == "S256"
            and asked["code_challenge"] == challenge.decode()
            and asked["redirect_uri"] == request.form["redirect_uri"]
            and asked["response_type"] == "code"
            and "openid" in asked["scope"].split()
        )
        if not right:
            return _json({"error": "invalid_grant"}, 400)
        moment = int(self.now())
        claims = {
            "iss": self.issuer,
            "sub": "4711",
            "aud": CLIENT,
            "iat": moment,
            "exp": moment + 300,
            "nonce": asked["nonce"],
            "email": self.email,
            "email_verified": True,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        token = {"access_token": "opaque", "token_type": "Bearer", "id_token": self._sign(claims)}
        return _json(token)

    def _sign(self, claims) -> str:
        if self.algorithm == "none":
            parts = ({"alg": "none", "typ": "JWT"}, claims)
            return (
                ".".join(
                    base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode()
                    for one in parts
                )
                + "."
            )
        header = {"alg": self.algorithm, "kid": self.signs_with.kid}
        return jwt.encode(header, claims, self.signs_with, algorithms=[self.algorithm])


@contextmanager
def providing():
    """A provider at work."""
    provider = Provider()
    with serving(provider) as provider.issuer:
        yield provider


def follow(address: str) -> dict[str, str]:
    """What the provider sends back with a browser that goes to this address."""
    import requests

    answer = requests.get(address, allow_redirects=False, timeout=10)
    return dict(parse_qsl(answer.headers["Location"].partition("?")[2]))


def _json(value, status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")
