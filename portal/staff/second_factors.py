"""The second factor: codes from an app (TOTP), and recovery codes on paper.

No key is stored: it is derived from the portal's secret and a random number in the account's row,
so that a copy of the database alone gives no access. Codes of one step before and after are
accepted, because clocks differ; the caller stores the last step used, so that a code works once.

Recovery codes hold about 50 random bits, without characters that look alike; only their keyed
hashes are stored.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from datetime import datetime, timedelta

import pyotp

STEP = 30  # seconds
RECOVERY_CODES = 10
SEALED_FOR = timedelta(minutes=10)  # from the password to the first code of a new phone
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"


def new_nonce() -> bytes:
    """The random number for a new key."""
    return secrets.token_bytes(16)


def key_of(secret: str, nonce: bytes) -> str:
    """The app's key, in the letters and digits (base 32) that people type."""
    made = hmac.new(secret.encode(), b"second-factor:" + nonce, "sha256").digest()
    return base64.b32encode(made[:20]).decode()


def sealed(secret: str, nonce: bytes, bound: bytes, now: datetime) -> str:
    """A new key's nonce, for the form that confirms the key: it works only with the same `bound`.

    A form has it only if the password was given, so the key need not be stored before that.
    """
    begun = int(now.timestamp())
    return f"{begun}.{nonce.hex()}.{_seal(secret, begun, nonce, bound)}"


def opened(secret: str, seal: str, bound: bytes, now: datetime) -> bytes | None:
    """The nonce of a seal; None if the seal is wrong, bound to something else, or too old."""
    match = re.fullmatch(r"([0-9]{1,12})\.([0-9a-f]{32})\.([0-9a-f]{64})", seal)
    if match is None:
        return None
    begun, nonce = int(match[1]), bytes.fromhex(match[2])
    right = hmac.compare_digest(_seal(secret, begun, nonce, bound), match[3])
    fresh = 0 <= now.timestamp() - begun < SEALED_FOR.total_seconds()
    return nonce if right and fresh else None


def _seal(secret: str, begun: int, nonce: bytes, bound: bytes) -> str:
    words = b"new-factor:%d:" % begun + nonce + bound
    return hmac.digest(secret.encode(), words, "sha256").hex()


def address_of(key: str, *, name: str, service: str) -> str:
    """The address inside the QR code to scan."""
    return pyotp.TOTP(key, interval=STEP).provisioning_uri(name=name, issuer_name=service)


def step_of(key: str, code: str, *, now: datetime, last: int | None) -> int | None:
    """The time step of a code; None if it is wrong, expired or already used."""
    present = int(now.timestamp()) // STEP
    codes = pyotp.HOTP(key)
    found = None
    for step in (present - 1, present, present + 1):
        same = hmac.compare_digest(codes.at(step), _typed(code))
        if same and (last is None or step > last):
            found = step
    return found


def new_recovery_codes() -> tuple[str, ...]:
    """New recovery codes, to be shown once."""
    return tuple(f"{_part()}-{_part()}" for _ in range(RECOVERY_CODES))


def recovery_hash(secret: str, staff_id: int, code: str) -> bytes:
    """The stored hash of a recovery code. Spaces, dashes and capitals do not matter."""
    text = f"recovery:{staff_id}:{_typed(code)}"
    return hmac.new(secret.encode(), text.encode(), "sha256").digest()


def is_recovery_code(code: str) -> bool:
    """Whether the code has the form of a recovery code, not of an app's code."""
    return len(_typed(code)) == 10


def _part() -> str:
    return "".join(secrets.choice(_SIGNS) for _ in range(5))


def _typed(code: str) -> str:
    return "".join(sign for sign in code.lower() if sign.isascii() and sign.isalnum())
