"""Passwords of staff: how they are kept, and which are refused.

Argon2id with 19 MiB, 2 passes and 1 lane, by a library. Long is what counts: 15 characters or
more, of any kind, with no rules about capitals or figures. What would be tried first is refused:
common passwords, names and words in a row, runs of keys, and the names of the person and the
service. Which those are is known to zxcvbn, whose lists come from passwords that were stolen.

A name that does not exist costs the same time as a wrong password, because something is always
compared (S33). Few are worked out at once: each takes 19 MiB.
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
EASY = 10.0  # what needs fewer than 10^10 guesses by zxcvbn's count is too easy
# Long, and known to everybody who guesses.
FAMOUS = (
    "correcthorsebatterystaple",
    "maytheforcebewithyou",
    "onceuponatime",
    "thequickbrownfox",
    "tobeornottobe",
    "twinkletwinklelittlestar",
)
_ESTIMATED = 72  # characters: the estimate takes long for more, and these decide

_hasher = PasswordHasher(
    time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)
_turns = BoundedSemaphore(4)


def hashed(password: str) -> str:
    """What is kept of a password."""
    with _turns:
        return _hasher.hash(_normal(password))


def fits(password: str, kept: str | None) -> bool:
    """Whether it is the password that was kept. Takes its time where nothing was kept, too."""
    try:
        with _turns:
            _hasher.verify(kept or _nobodys(), _normal(password))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def outdated(kept: str) -> bool:
    """Whether it was kept by weaker numbers than today's."""
    return _hasher.check_needs_rehash(kept)


def wrong(password: str, *, names: Iterable[str] = ()) -> str:
    """What to do about a new password; '' where it can be kept.

    `names` are those of the person and the service: they are what a stranger tries first.
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
    from zxcvbn import zxcvbn  # its lists take a while to read, and are seldom needed

    # It stumbles over line ends and the like, which nobody types.
    typed = "".join(sign if sign.isprintable() else " " for sign in text)
    try:
        return float(zxcvbn(typed, max_length=_ESTIMATED)["guesses_log10"])
    except ValueError:  # a fault of it must not let anything through
        return 0.0


@cache
def _nobodys() -> str:
    return _hasher.hash("the password of nobody at all")


def _normal(password: str) -> str:
    """The same signs, however a keyboard makes them."""
    return unicodedata.normalize("NFKC", password)


def _bare(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())
