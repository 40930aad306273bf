"""The second factor: codes of an app (TOTP), and recovery codes on paper.

No key is kept: it is made of the portal's secret and a random number in the account's row, so that
a copy of the database alone opens nothing. Codes of one step before and after are taken, because
clocks differ; the step that was used last is kept by the caller, so that a code works once.

Recovery codes hold 50 random bits, without letters that are mistaken for others; only their keyed
hashes are kept.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime

import pyotp

STEP = 30  # seconds
RECOVERY_CODES = 10
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"


def new_nonce() -> bytes:
    """The random number of a new key."""
    return secrets.token_bytes(16)


def key_of(secret: str, nonce: bytes) -> str:
    """The key that the app holds, in the letters and figures in which one types it."""
    made = hmac.new(secret.encode(), b"second-factor:" + nonce, "sha256").digest()
    return base64.b32encode(made[:20]).decode()


def address_of(key: str, *, name: str, service: str) -> str:
    """What the code to scan holds."""
    return pyotp.TOTP(key, interval=STEP).provisioning_uri(name=name, issuer_name=service)


def step_of(key: str, code: str, *, now: datetime, last: int | None) -> int | None:
    """The time step that a code stands for; None where it is wrong, too old or was used."""
    present = int(now.timestamp()) // STEP
    codes = pyotp.HOTP(key)
    found = None
    for step in (present - 1, present, present + 1):
        same = hmac.compare_digest(codes.at(step), _typed(code))
        if same and (last is None or step > last):
            found = step
    return found


def new_recovery_codes() -> tuple[str, ...]:
    """Fresh ones, to be shown once."""
    return tuple(f"{_part()}-{_part()}" for _ in range(RECOVERY_CODES))


def recovery_hash(secret: str, staff_id: int, code: str) -> bytes:
    """What is kept of one. Spaces, dashes and capitals do not matter."""
    text = f"recovery:{staff_id}:{_typed(code)}"
    return hmac.new(secret.encode(), text.encode(), "sha256").digest()


def is_recovery_code(code: str) -> bool:
    """Whether it has the form of one, and not of a code of the app."""
    return len(_typed(code)) == 10


def _part() -> str:
    return "".join(secrets.choice(_SIGNS) for _ in range(5))


def _typed(code: str) -> str:
    return "".join(sign for sign in code.lower() if sign.isascii() and sign.isalnum())
