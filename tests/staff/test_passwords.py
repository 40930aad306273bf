"""Passwords of staff: what is kept of them, and which are refused."""

import time

import pytest

from portal.staff import passwords

GOOD = "otter kettle marble winter"
NAMES = ("sam.brook@example.org", "Sam Brook", "Family Wellbeing", "Lancashire")


@pytest.fixture(autouse=True)
def whole_work(little_work, monkeypatch):
    """Hash as in service."""
    monkeypatch.setattr(passwords, "_hasher", little_work)


def test_what_is_kept_opens_for_its_password_alone() -> None:
    """S31: Argon2id with 19 MiB, 2 passes and 1 lane; each time with another salt."""
    kept = passwords.hashed(GOOD)

    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert kept != passwords.hashed(GOOD)
    assert passwords.fits(GOOD, kept)
    assert not passwords.fits(GOOD + " ", kept)
    assert not passwords.outdated(kept)


def test_where_nothing_is_kept_nothing_fits() -> None:
    """A stranger's try costs the same work, and fails; so does a row that is broken."""
    assert not passwords.fits("the password of nobody at all", None)
    assert not passwords.fits(GOOD, "not a hash")


def test_weaker_numbers_are_noticed() -> None:
    """An older hash is renewed at the next sign-in."""
    from argon2 import PasswordHasher

    assert passwords.outdated(PasswordHasher(time_cost=1, memory_cost=8192).hash(GOOD))


def test_one_password_however_a_keyboard_writes_it() -> None:
    """An é of one sign and one of two are the same."""
    kept = passwords.hashed("caf\u00e9 kettle marble winter")

    assert passwords.fits("cafe\u0301 kettle marble winter", kept)


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "my dog is called Rex",
        "x7Kq9vLm2TfRw4Z",
        "مرتبان ازرق قطار غيمة",
        "łódka wiśnia zamek pióro",
        "a b c d e f g h 9 # ~ z",
    ],
)
def test_long_ones_are_kept_whatever_they_are_made_of(password) -> None:
    """S31: no rules about capitals, figures or signs; any script, and spaces."""
    assert passwords.wrong(password, names=NAMES) == ""


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "Password12345678!",
        "qwertyuiop123456",
        "aaaaaaaaaaaaaaaaaaaa",
        "123456789012345678",
        "liverpoolfootballclub",
        "iloveyouverymuch",
        "summerholiday2026",
        "letmeinletmeinletmein",
        "Correct Horse Battery Staple",
        "The quick brown fox!",
    ],
)
def test_common_ones_are_refused(password) -> None:
    """S31: what would be tried first."""
    assert "too easy to guess" in passwords.wrong(password, names=NAMES)


@pytest.mark.parametrize(
    "password",
    [
        "sam brook kettle marble",
        "kettle Marble BROOK winter",
        "FamilyWellbeing kettle",
        "kettle in Lancashire 12",
        "sam.brook@example.org 1",
    ],
)
def test_names_are_refused(password) -> None:
    """S31: neither one's own name nor the service's."""
    assert passwords.wrong(password, names=NAMES).startswith("Leave your own name")


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("", "Enter a password"),
        ("otter kettle 1", "Use 15 characters or more: four words make a good password"),
        ("otter " * 22, "Use 128 characters or fewer"),
    ],
)
def test_short_and_endless_ones_are_refused(password, words) -> None:
    """S31: 15 characters or more; an end, so that nobody sends a book."""
    assert passwords.wrong(password) == words


def test_strange_signs_are_no_fault() -> None:
    """Line ends, control signs, other scripts' figures: there is an answer to all of them."""
    strange = "9o1\t29\n\n٢٢ \x00ﷺ½😀\u200d12/03/1999\u0301ſßİ"
    for start in range(len(strange)):
        passwords.wrong(strange[start:] + strange)


def test_a_fault_of_the_estimate_lets_nothing_through(monkeypatch) -> None:
    """It is another's code."""
    import zxcvbn

    def broken(*_, **__):
        raise ValueError("on purpose")

    monkeypatch.setattr(zxcvbn, "zxcvbn", broken)

    assert "too easy" in passwords.wrong(GOOD)


def test_looking_at_a_new_password_takes_no_time() -> None:
    """The estimate looks at the beginning alone: a hostile one cannot keep us busy."""
    passwords.wrong(GOOD)
    began = time.process_time()
    passwords.wrong("a1b2" * 32)

    assert time.process_time() - began < 2
