"""Codes of an app, and recovery codes."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from portal.staff import second_factors
from portal.staff.second_factors import STEP

NOW = datetime(2027, 1, 4, 9, 0, 10, tzinfo=UTC)
SECRET = "a secret of thirty-two characters"
NONCE = b"0123456789abcdef"
KEY = second_factors.key_of(SECRET, NONCE)
PRESENT = int(NOW.timestamp()) // STEP


def code(seconds: int = 0) -> str:
    return pyotp.TOTP(KEY).at(NOW + timedelta(seconds=seconds))


def test_a_key_is_made_of_secret_and_row() -> None:
    """A copy of the database alone makes no codes; the same two always make the same key."""
    assert second_factors.key_of(SECRET, NONCE) == KEY
    assert second_factors.key_of(SECRET + "x", NONCE) != KEY
    assert second_factors.key_of(SECRET, NONCE[::-1]) != KEY
    assert len(KEY) == 32  # 160 bits, without signs that fill up


@pytest.mark.parametrize(("seconds", "step"), [(-60, None), (-30, -1), (0, 0), (30, 1), (60, None)])
def test_clocks_may_differ_by_one_step(seconds, step) -> None:
    """The code before and the next one are taken, no other."""
    found = second_factors.step_of(KEY, code(seconds), now=NOW, last=None)

    assert found == (None if step is None else PRESENT + step)


def test_a_used_step_and_those_before_it_are_over() -> None:
    """S31: a code works once."""
    assert second_factors.step_of(KEY, code(), now=NOW, last=PRESENT) is None
    assert second_factors.step_of(KEY, code(-30), now=NOW, last=PRESENT) is None
    assert second_factors.step_of(KEY, code(30), now=NOW, last=PRESENT) == PRESENT + 1


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "0" * 400, "１２３４５６", None])
def test_what_is_no_code_is_none(typed) -> None:
    """Whatever is typed."""
    typed = code()[:5] if typed is None else typed

    assert second_factors.step_of(KEY, typed, now=NOW, last=None) is None


def test_a_code_may_be_typed_in_two_parts() -> None:
    """Apps show it so."""
    typed = f" {code()[:3]} {code()[3:]} "

    assert second_factors.step_of(KEY, typed, now=NOW, last=None) == PRESENT


def test_the_code_to_scan_names_person_and_service() -> None:
    """The app shows which account it is for."""
    address = second_factors.address_of(KEY, name="sam@example.org", service="Family Wellbeing")
    read = pyotp.parse_uri(address)

    assert (read.name, read.issuer) == ("sam@example.org", "Family Wellbeing")
    assert read.at(NOW) == code()


def test_recovery_codes_are_ten_and_easy_to_read() -> None:
    """S31: no letter that is mistaken for another; 50 bits each."""
    codes = second_factors.new_recovery_codes()

    assert len(set(codes)) == 10
    assert not set("".join(codes)) & set("ilo01IO")
    assert all(second_factors.is_recovery_code(one) for one in codes)
    assert not second_factors.is_recovery_code("123456")


def test_a_recovery_code_is_kept_as_a_hash_of_its_own_account() -> None:
    """Capitals, dashes and spaces do not matter; another account has another hash."""
    one = second_factors.recovery_hash(SECRET, 7, "abcde-fghjk")

    assert one == second_factors.recovery_hash(SECRET, 7, " ABCDE fghjk ")
    assert one != second_factors.recovery_hash(SECRET, 8, "abcde-fghjk")
    assert b"abcde" not in one
