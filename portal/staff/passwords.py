"""Staff passwords: how they are stored, and which are refused.

Argon2id with 19 MiB, 2 passes and 1 lane, by a library. Length is what counts: 15 characters or
more, of any kind, with no rules about capitals or digits. Passwords that attackers try first are
refused: common passwords, sequences of names and words, keyboard runs, and the names of the person
and the service. zxcvbn recognises these, with lists made from stolen passwords.

An unknown name takes the same time as a wrong password, because a hash is always compared (S33).
Only a few hashes are computed at once, since each takes 19 MiB.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 15
LONGEST = 128
EASY = 10.0  # a password that takes fewer than 10^10 guesses by zxcvbn's estimate is too easy
# Long, but well known to attackers.
FAMOUS = (
    "correcthorsebatterystaple",
    "maytheforcebewithyou",
    "onceuponatime",
    "thequickbrownfox",
    "tobeornottobe",
    "twinkletwinklelittlestar",
)
_ESTIMATED = 72  # characters: the estimate is slow for more, and these are enough

_hasher = PasswordHasher(
    time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)
_slots = BoundedSemaphore(4)


def hashed(password: str) -> str:
    """The hash of a password."""
    with _slots:
        return _hasher.hash(_normal(password))


def fits(password: str, kept: str | None) -> bool:
    """Whether the password matches the stored hash. Takes as long if there is none."""
    try:
        with _slots:
            _hasher.verify(kept or _dummy_hash(), _normal(password))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def outdated(kept: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(kept)


def wrong(password: str, *, names: Iterable[str] = ()) -> str:
    """What is wrong with a new password, as advice; '' if it is good.

    `names` are those of the person and the service, which attackers try first.
    """
    text = _normal(password)
    if not text:
        return "Enter a password"
    if len(text) < SHORTEST:
        return f"Use {SHORTEST} characters or more: four words make a good password"
    if len(text) > LONGEST:
        return f"Use {LONGEST} characters or fewer"
    known = [word for name in names for word in (name, *name.replace("@", " ").split())]
    known = [_bare(word) for word in known if len(_bare(word)) > 3]
    if any(name in _bare(text) for name in known):
        return "Leave your own name and the name of the service out of the password"
    famous = any(phrase in _bare(text) for phrase in FAMOUS)
    if famous or _guesses(text[:_ESTIMATED]) < EASY:
        return "This password is too easy to guess. Use four words that have nothing in common"
    return ""


def _guesses(text: str) -> float:
    from zxcvbn import zxcvbn  # imported here: its lists load slowly and are seldom needed

    # It fails on line breaks and other unprintable characters, which nobody types.
    typed = "".join(sign if sign.isprintable() else " " for sign in text)
    try:
        return float(zxcvbn(typed, max_length=_ESTIMATED)["guesses_log10"])
    except ValueError:  # if it fails, refuse the password
        return 0.0


@cache
def _dummy_hash() -> str:
    return _hasher.hash("the password of nobody at all")


def _normal(password: str) -> str:
    """The same characters, however a keyboard produces them."""
    return unicodedata.normalize("NFKC", password)


def _bare(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())
