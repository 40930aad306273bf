"""Signing in with the council's account, if the settings name a provider.

The state between leaving and returning is in a signed cookie for ten minutes, so that the answer
counts only in the browser that asked; the cookie is deleted with the answer. No account is ever
made here: council staff without an account do not work with these families.
"""

from __future__ import annotations

import logging

from flask import current_app, redirect, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response as Answered

from portal.settings import Settings, SettingsError
from portal.staff import accounts, kept_forms, sign_in, tries
from portal.staff.openid import Begun, OpenId, OpenIdError, missing
from portal.web.live.context import live
from portal.web.staff import cookie
from portal.web.staff.access import ANYBODY, now, staff_route
from portal.web.staff.screens import KEPT, SIGN_IN, explain, onward

COUNCIL = "/staff/council"
BACK = f"{COUNCIL}/back"
_KEPT = "council"
_SECONDS = 600
_log = logging.getLogger(__name__)


def provider_of(settings: Settings) -> OpenId | None:
    """The provider that the settings name. Raises SettingsError if its library is missing."""
    if settings.oidc_issuer is None:
        return None
    if words := missing():
        raise SettingsError(words)
    secret = settings.oidc_client_secret
    assert settings.oidc_client_id is not None  # noqa: S101  the settings see to it
    assert secret is not None  # noqa: S101
    return OpenId(settings.oidc_issuer, settings.oidc_client_id, secret.get_secret_value())


def start_path() -> str:
    """The address that leads to the council's sign-in; '' where there is none."""
    return COUNCIL if current_app.config["provider"] else ""


@staff_route(COUNCIL, may=ANYBODY)
def leave() -> Answered:
    """Go to the provider."""
    provider = _provider()
    if provider is None:
        return redirect(SIGN_IN, 303)
    try:
        address, begun = provider.begin(live().address(BACK))
    except OpenIdError as error:
        return _not_done(error)
    asked = request.args.get("next", "")
    kept = {**begun.fields(), "next": asked if onward(asked) == asked else ""}
    answer = redirect(address, 303)
    answer.set_cookie(
        _cookie_name(),
        _signer().dumps(kept),
        max_age=_SECONDS,
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return answer


@staff_route(BACK, may=ANYBODY)
def back() -> Answered:
    """Come back from the provider."""
    answer = _back()
    answer.delete_cookie(
        _cookie_name(), secure=request.is_secure, httponly=True, samesite="Lax", path="/"
    )
    return answer


def _back() -> Answered:
    provider = _provider()
    if provider is None:
        return redirect(SIGN_IN, 303)
    try:
        kept = _signer().loads(request.cookies.get(_cookie_name(), ""), max_age=_SECONDS)
        begun = Begun(kept["state"], kept["nonce"], kept["verifier"])
    except (BadSignature, KeyError, TypeError):
        return _not_done(OpenIdError("the browser did not bring what it was given"))
    found = live()
    try:
        email = provider.finish(
            begun, request.args.to_dict(), redirect=found.address(BACK), now=now()
        )
    except OpenIdError as error:
        return _not_done(error)
    with found.database() as engine:
        account = accounts.find(engine, email)
        if account is None or account.removed:
            tries.log_council_failure(engine, found.secret, now=now())
            return explain(
                "You have no account here",
                "The council knows you, and this service does not yet. Ask your manager to add "
                "you, with the email address of your council account.",
                status=403,
                back=SIGN_IN,
            )
        token = sign_in.begin(
            engine,
            account.staff.id,
            now=now(),
            whole=True,
            way="council",
            device=cookie.keep_device(),
        )
        work = kept_forms.of(engine, account.staff.id, now=now())
    cookie.hold(token)
    return redirect(KEPT if work else onward(kept.get("next")), 303)


def _not_done(error: OpenIdError) -> Answered:
    _log.warning("A sign-in by the council's account was refused: %s", error)
    with live().database() as engine:
        tries.log_council_failure(engine, live().secret, now=now())
    return explain(
        "You are not signed in",
        "We could not sign you in by your council account. Go back, and try again.",
        "If it happens again, tell the people who run this service.",
        status=403,
        back=SIGN_IN,
    )


def _provider() -> OpenId | None:
    found: OpenId | None = current_app.config["provider"]
    return found


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(live().secret, salt="staff-council")


def _cookie_name() -> str:
    return f"__Host-portal-{_KEPT}" if request.is_secure else f"portal-{_KEPT}"
