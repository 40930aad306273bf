"""Booking references, private links, and the hashes that are stored of keys, links and contacts.

What it hides: a link is made from the secret and a random number stored with the booking, so that
a copy of the database alone opens no family's page; contacts are compared by a keyed hash.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable

from portal.directory.values import phone_figures
from portal.private_files import every_secret

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without those that are misheard or misread


def digest_of(text: str) -> bytes:
    """The stored hash of a key or a link."""
    return hashlib.sha256(text.encode()).digest()


def _keyed(secret: str, purpose: str, data: bytes) -> bytes:
    return hmac.digest(secret.encode(), purpose.encode() + b"\0" + data, "sha256")


def new_link(secret: str, nonce: bytes) -> str:
    """The unguessable part of a family's link, 43 characters, of 128 random bits."""
    return urlsafe_b64encode(_keyed(secret, "link", nonce)).decode().rstrip("=")


def link_of(secret: str, nonce: bytes, link_hash: bytes) -> str:
    """The link of a booking, made with the secret of its time: the family has it already (S23)."""
    return _link_with(link_hash, (new_link(one, nonce) for one in every_secret(secret)))


def new_week_link(secret: str, nonce: bytes) -> str:
    """The unguessable part of a link to the week of a centre. It is never that of a family."""
    return urlsafe_b64encode(_keyed(secret, "week", nonce)).decode().rstrip("=")


def week_link_of(secret: str, nonce: bytes, link_hash: bytes) -> str:
    """The link to a week, made with the secret of its time: its hash is stored already (S22)."""
    return _link_with(link_hash, (new_week_link(one, nonce) for one in every_secret(secret)))


def new_wish_link(secret: str, nonce: bytes) -> str:
    """The unguessable part of a family's link to its wish. It is never that of a booking."""
    return urlsafe_b64encode(_keyed(secret, "wish", nonce)).decode().rstrip("=")


def wish_link_of(secret: str, nonce: bytes, link_hash: bytes) -> str:
    """The link to a wish, made with the secret of its time: its hash is stored already (S22)."""
    return _link_with(link_hash, (new_wish_link(one, nonce) for one in every_secret(secret)))


def new_outcome_link(secret: str, nonce: bytes) -> str:
    """The unguessable part of a professional's link. It is never that of a family (S88)."""
    return urlsafe_b64encode(_keyed(secret, "outcome", nonce)).decode().rstrip("=")


def outcome_link_of(secret: str, nonce: bytes, link_hash: bytes) -> str:
    """The link of a professional, made with the secret of its time: its hash is stored already."""
    return _link_with(link_hash, (new_outcome_link(one, nonce) for one in every_secret(secret)))


def new_gap_link(secret: str, nonce: bytes) -> str:
    """The unguessable part of a practitioner's link to a Gap in Service form (S23)."""
    return urlsafe_b64encode(_keyed(secret, "gap", nonce)).decode().rstrip("=")


def gap_link_of(secret: str, nonce: bytes, link_hash: bytes) -> str:
    """The link of a practitioner, made with the secret of its time: its hash is stored already."""
    return _link_with(link_hash, (new_gap_link(one, nonce) for one in every_secret(secret)))


def _link_with(link_hash: bytes, links: Iterable[str]) -> str:
    """The link with this hash; the first one if none has it."""
    every = list(links)
    return next((link for link in every if _same(link, link_hash)), every[0])


def belongs_to(secret: str, nonce: bytes, link_hash: bytes) -> bool:
    """Whether a booking's link was made with this secret, or one before it."""
    return _same(link_of(secret, nonce, link_hash), link_hash)


def _same(link: str, link_hash: bytes) -> bool:
    return hmac.compare_digest(digest_of(link), link_hash)


def contact_hashes(secret: str, contact: str) -> list[bytes]:
    """The hashes under which a contact may be stored, by the secret in use and those before it."""
    return [contact_hash(one, contact) for one in every_secret(secret)]


def contact_hash(secret: str, contact: str) -> bytes:
    """The keyed hash of an email address or phone number, however it is typed."""
    plain = contact.strip().lower()
    if "@" not in plain:
        plain = re.sub(r"^(\+44|0044)", "0", phone_figures(plain))
    return _keyed(secret, "contact", plain.encode())


def new_reference() -> str:
    """Eight characters to read out, like K7QM-2XRT. They give access to nothing."""
    number = secrets.randbelow(
        len(ALPHABET) ** 8
    )  # drawn once: quicker than one character at a time
    letters = ""
    for _ in range(8):
        number, sign = divmod(number, len(ALPHABET))
        letters += ALPHABET[sign]
    return f"{letters[:4]}-{letters[4:]}"
