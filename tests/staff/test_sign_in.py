"""Signing in, on both databases: what opens, how often one may try, and how long it lasts."""

import threading
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import Engine

from portal import database
from portal.database import audit, tables
from portal.staff import accounts, sign_in, tries
from portal.staff.accounts import Staff
from portal.staff.tries import Wait
from tests.support.made import NOW
from tests.support.staffed import PASSWORD, key, make_staff

SECRET = "a secret of thirty-two characters"
HERE = "192.0.2.1"


@pytest.fixture
def sam(engine: Engine) -> Staff:
    return make_staff(engine, name="sam@example.org")


def password(engine, name="sam@example.org", typed=PASSWORD, address=HERE, now=NOW, **given):
    return sign_in.check_password(engine, SECRET, name, typed, address=address, now=now, **given)


def code_of(staff: Staff, now=NOW) -> str:
    return pyotp.TOTP(key(SECRET, staff)).at(now)


def code(engine, staff, typed, address=HERE, now=NOW):
    return sign_in.check_code(engine, SECRET, staff.id, typed, address=address, now=now)


# --- passwords


def test_the_right_name_and_password_open(engine: Engine, sam) -> None:
    """The name is an email address, whatever its capitals."""
    assert password(engine) == sam
    assert password(engine, " Sam@Example.ORG") == sam


def test_all_that_is_wrong_is_wrong_alike(engine: Engine, sam) -> None:
    """S33: a wrong name, a wrong password, a phone that is not set up, one who left."""
    accounts.add(engine, name="new@example.org", title="N", role="administrator", now=NOW)
    invited = accounts.add(
        engine, name="half@example.org", title="H", role="administrator", now=NOW
    )
    accounts.welcome(engine, invited[1], PASSWORD, now=NOW)
    gone = make_staff(engine, name="gone@example.org")
    accounts.remove(engine, gone.id, now=NOW)
    tried = [
        password(engine, typed="otter kettle marble summer"),
        *(password(engine, name) for name in ("nobody@example.org", "", "x" * 900)),
        *(password(engine, f"{name}@example.org") for name in ("new", "half", "gone")),
    ]

    assert tried == [None] * 7


def test_an_unknown_name_costs_the_same_work(engine: Engine, sam, monkeypatch) -> None:
    """S33: a password is compared in any case, so that time says nothing."""
    compared = []
    from portal.staff import passwords

    fits = passwords.fits
    monkeypatch.setattr(passwords, "fits", lambda *given: compared.append(given) or fits(*given))
    password(engine, "nobody@example.org")
    password(engine, typed="wrong")

    assert [bool(kept) for _, kept in compared] == [False, True]


def wrong(engine, times: int, address=HERE, now=NOW, **given) -> None:
    for number in range(times):
        moment = now + timedelta(seconds=number)
        assert password(engine, typed="wrong", address=address, now=moment, **given) is None


def test_ten_tries_in_a_quarter_of_an_hour(engine: Engine, sam) -> None:
    """S33: the eleventh waits, with the right password too, until the first is 15 minutes old."""
    wrong(engine, 10)
    later = NOW + timedelta(minutes=10)
    with pytest.raises(Wait) as refused:
        password(engine, now=later)

    assert refused.value.seconds == 5 * 60
    assert password(engine, now=NOW + timedelta(minutes=15)) == sam


def test_pressing_on_puts_nothing_off(engine: Engine, sam) -> None:
    """A refused attempt does not count: somebody who keeps on trying does not keep a lock up."""
    wrong(engine, 10)
    for minute in range(1, 15):
        with pytest.raises(Wait):
            password(engine, typed="wrong", now=NOW + timedelta(minutes=minute))

    assert password(engine, now=NOW + timedelta(minutes=15)) == sam


def test_tries_from_elsewhere_lock_nobody_out(engine: Engine, sam) -> None:
    """An attacker's attempts on an account do not count for the networks of its owner."""
    for network in range(4):
        wrong(engine, 10, address=f"198.51.100.{network}")
        with pytest.raises(Wait):
            password(engine, address=f"198.51.100.{network}", now=NOW + timedelta(minutes=1))

    assert password(engine, now=NOW + timedelta(minutes=1)) == sam


def test_a_known_device_has_its_own_allowance(engine: Engine, sam) -> None:
    """S33: however many strangers try, from its own network too, a device that signed in before can
    sign in with password and code; and it may not try for ever itself."""
    device = "d" * 43
    sign_in.begin(engine, sam.id, now=NOW, whole=True, device=device)
    for network in range(8):
        for number in range(10):
            moment = NOW + timedelta(seconds=number)
            try:
                password(engine, typed="wrong", address=f"198.51.100.{network}", now=moment)
                code(engine, sam, "000000", address=HERE, now=moment)
            except Wait:
                break
    later = NOW + timedelta(minutes=1)
    with pytest.raises(Wait):
        code(engine, sam, code_of(sam, later), now=later)
    given = {"address": HERE, "device": device, "now": later}

    assert password(engine, now=later, device=device) == sam
    assert sign_in.check_code(engine, SECRET, sam.id, code_of(sam, later), **given)
    wrong(engine, 10, now=later, device=device)
    with pytest.raises(Wait):
        password(engine, now=later, device=device)


def test_a_device_is_known_for_its_own_account(engine: Engine, sam) -> None:
    """A colleague's device, one made up and one not used for 90 days count as strangers."""
    other = make_staff(engine)
    sign_in.begin(engine, other.id, now=NOW, whole=True, device="d" * 43)
    sign_in.begin(engine, sam.id, now=NOW, whole=True, device="e" * 43)
    wrong(engine, 10)
    with pytest.raises(Wait):
        password(engine, device="d" * 43)
    with pytest.raises(Wait):
        password(engine, device="made up")
    late = NOW + timedelta(days=91)
    wrong(engine, 10, now=late)
    with pytest.raises(Wait):
        password(engine, device="e" * 43, now=late)


def test_names_that_do_not_exist_wait_too(engine: Engine) -> None:
    """Else the pause would say who works here."""
    wrong(engine, 10, name="nobody@example.org")
    with pytest.raises(Wait):
        password(engine, "Nobody@example.org")


def test_twenty_tries_from_one_network(engine: Engine, sam) -> None:
    """S33: whatever names are tried; all long addresses of one subscriber are one network."""
    for number in range(20):
        password(engine, f"name{number}@example.org", address=f"2001:db8::{number:x}")
    with pytest.raises(Wait):
        password(engine, address="2001:db8::ffff:2")
    assert password(engine, address="2001:db8:0:1::1") == sam


def test_typing_errors_of_a_whole_day_lock_no_office(engine: Engine, sam) -> None:
    """Twenty typing errors over six hours are no attack: each counts for 15 minutes."""
    for number in range(40):
        later = NOW + timedelta(minutes=9 * number)
        assert password(engine, f"name{number}@example.org", now=later) is None

    assert password(engine, now=later) == sam


def test_failures_and_locks_are_in_the_log(engine: Engine, sam) -> None:
    """Each wrong password or code, and the beginning of each lock, with whose account it is; many
    unknown names do not fill the log."""
    wrong(engine, 10)
    for _ in range(3):
        with pytest.raises(Wait):
            password(engine)
    code(engine, sam, "000000", address="192.0.2.7")
    for number in range(30):
        password(engine, f"name{number}@example.org", address=f"198.51.100.{number}")
    lines = [(one.actor, one.action, one.detail) for one in reversed(audit.log(engine))][1:]
    whose = {"staff": sam.id}

    assert lines == [
        *[("stranger", "sign-in-failed", whose)] * 10,
        ("stranger", "sign-in-locked", whose),
        ("stranger", "code-failed", whose),
        *[("stranger", "unknown-name", {})] * 20,
    ]


def test_a_lock_is_seen_and_lifted(engine: Engine, sam) -> None:
    """Of a person and of a network, with how many were refused; lifted, it is over at once."""
    wrong(engine, 10)
    for number in range(10):
        password(engine, f"name{number}@example.org")
    with pytest.raises(Wait):
        password(engine)
    with pytest.raises(Wait):
        password(engine, "other@example.org")
    held = tries.locks(engine, now=NOW)
    seen = {(one.staff_id, one.network): one.refused for one in held}
    lifted = tries.lift(engine, [one.key for one in held], now=NOW, actor="staff:9")

    assert seen == {(sam.id, ""): 1, (None, HERE): 2}
    assert lifted == 2
    assert password(engine) == sam
    assert tries.locks(engine, now=NOW) == []
    assert {one.action for one in audit.log(engine)[:2]} == {"sign-in-unlock", "network-unlock"}


def test_many_at_once_get_no_more_than_the_allowance(engine: Engine, sam) -> None:
    """Twenty wrong passwords at the same moment: ten are compared."""
    refused: list[bool] = []

    def one() -> None:
        try:
            refused.append(password(engine, typed="wrong") is not None)
        except Wait:
            refused.append(True)

    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(refused) == [False] * 10 + [True] * 10


def test_an_asker_without_an_address_is_one_network(engine: Engine, sam) -> None:
    """As behind a socket of the machine: it signs in, and its tries are counted together."""
    assert password(engine, address="") == sam


def test_what_goes_well_is_no_try(engine: Engine, sam) -> None:
    """Else who signs in often would wait."""
    for _ in range(12):
        assert password(engine) == sam


def test_weak_hashes_are_made_anew(engine: Engine, sam) -> None:
    """When the numbers are raised, each account follows at its next sign-in."""
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    database.write(engine, lambda c: c.execute(tables.staff.update().values(password=weak)))
    password(engine)
    with database.read(engine) as connection:
        kept = connection.execute(tables.staff.select()).one().password

    assert kept != weak
    assert password(engine) == sam


# --- codes


def test_a_code_works_once(engine: Engine, sam) -> None:
    """S31: the same code again is wrong, and so is the one before it."""
    before, present = code_of(sam, NOW - timedelta(seconds=30)), code_of(sam)
    tried = [code(engine, sam, one) for one in (present, present, before)]

    assert tried == [True, False, False]


def test_two_with_one_code_at_once(engine: Engine, sam) -> None:
    """One of them is in."""
    present = code_of(sam)
    answers: list[bool] = []
    threads = [
        threading.Thread(target=lambda: answers.append(code(engine, sam, present)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [False] * 5 + [True]


def test_a_recovery_code_works_once(engine: Engine, sam) -> None:
    """S31: however it is typed; for its own account alone; using one is written into the log."""
    other = make_staff(engine)
    first, *_ = sign_in.new_recovery_codes(engine, SECRET, sam.id, now=NOW)
    tried = [
        code(engine, staff, typed)
        for staff, typed in ((other, first), (sam, first.upper()), (sam, first))
    ]

    assert tried == [False, True, False]
    assert accounts.account(engine, sam.id).recovery_codes == 9
    assert "recovery-code" in [one.action for one in audit.log(engine)]


def test_codes_are_tried_ten_times(engine: Engine, sam) -> None:
    """A thief with the password cannot try all codes."""
    for number in range(10):
        assert not code(engine, sam, "000000", address=f"192.0.2.{number}")
    with pytest.raises(Wait):
        code(engine, sam, code_of(sam), address="192.0.2.99")


def new_phone(now=NOW) -> tuple[str, str]:
    """The seal of a new key, and what the phone shows."""
    seal = sign_in.new_factor(SECRET, b"visit", now=now)
    key_shown = sign_in.factor_key(SECRET, seal, b"visit", now=now)
    return seal, pyotp.TOTP(key_shown).at(now)


def confirm(engine, number, seal, typed, now=NOW, visit=b"visit"):
    given = {"address": HERE, "now": now}
    return sign_in.confirm_factor(engine, SECRET, number, seal, visit, typed, **given)


def test_another_phone_takes_over(engine: Engine, sam) -> None:
    """Once its code proves that it works: old codes, recovery codes and sessions are over."""
    old, *_ = sign_in.new_recovery_codes(engine, SECRET, sam.id, now=NOW)
    visit = sign_in.begin(engine, sam.id, now=NOW, whole=True)
    seal, typed = new_phone()
    refused = confirm(engine, sam.id, seal, code_of(sam))
    still = sign_in.visit(engine, visit, now=NOW)
    codes = confirm(engine, sam.id, seal, typed)

    assert (refused, len(codes)) == ((), 10)
    assert still
    assert sign_in.visit(engine, visit, now=NOW) is None
    assert not code(engine, sam, typed)
    assert not code(engine, sam, old)
    assert not code(engine, sam, code_of(sam, NOW + timedelta(seconds=30)))
    assert code(engine, sam, codes[0])


def test_a_new_key_is_another_one_each_time_and_for_ten_minutes(engine: Engine, sam) -> None:
    """A key that somebody saw before, or in another session, or a while ago, becomes no factor."""
    seal, typed = new_phone()
    late = NOW + timedelta(minutes=10)

    assert new_phone()[1] != typed
    assert confirm(engine, sam.id, seal, typed, visit=b"another") == ()
    assert confirm(engine, sam.id, f"{seal[:-1]}x", typed) == ()
    assert sign_in.factor_key(SECRET, seal, b"visit", now=late) is None
    assert sign_in.factor_key(SECRET, "", b"visit", now=NOW) is None


def test_a_phone_comes_after_a_password(engine: Engine) -> None:
    """Seeing the QR code alone gives nobody an account."""
    number, _ = accounts.add(engine, name="n@example.org", title="N", role="administrator", now=NOW)
    seal, typed = new_phone()

    assert confirm(engine, number, seal, typed) == ()
    assert not sign_in.check_code(engine, SECRET, number, typed, address=HERE, now=NOW)


# --- visits


def test_a_visit_ends_when_nobody_presses(engine: Engine, sam) -> None:
    """S32: 30 minutes after the last request; each request restarts the time."""
    token = sign_in.begin(engine, sam.id, now=NOW, whole=True)
    first = sign_in.visit(engine, token, now=NOW + timedelta(minutes=29))
    second = sign_in.visit(engine, token, now=NOW + timedelta(minutes=58))
    third = sign_in.visit(engine, token, now=NOW + timedelta(minutes=88))

    assert first.staff == second.staff == sam
    assert third is None


def test_a_visit_ends_after_eight_hours(engine: Engine, sam) -> None:
    """S32: however busy."""
    token = sign_in.begin(engine, sam.id, now=NOW, whole=True)
    found = [
        sign_in.visit(engine, token, now=NOW + timedelta(minutes=20 * step))
        for step in range(1, 25)
    ]

    assert [bool(one) for one in found] == [True] * 23 + [False]


def test_half_a_sign_in_lasts_ten_minutes(engine: Engine, sam) -> None:
    """Between the password and the code."""
    token = sign_in.begin(engine, sam.id, now=NOW, whole=False)

    assert not sign_in.visit(engine, token, now=NOW + timedelta(minutes=9)).whole
    assert sign_in.visit(engine, token, now=NOW + timedelta(minutes=10)) is None


def test_each_visit_has_a_token_of_its_own(engine: Engine, sam) -> None:
    """S32: signing out ends one of them at once, and a made-up token is nobody."""
    one = sign_in.begin(engine, sam.id, now=NOW, whole=True)
    two = sign_in.begin(engine, sam.id, now=NOW, whole=True)
    sign_in.end(engine, sign_in.visit(engine, one, now=NOW), now=NOW)

    assert one != two
    assert sign_in.visit(engine, one, now=NOW) is None
    assert sign_in.visit(engine, two, now=NOW).staff == sam
    assert sign_in.visit(engine, "", now=NOW) is None
    assert [line.action for line in audit.log(engine)[:3]] == ["sign-out", "sign-in", "sign-in"]


@pytest.mark.parametrize(
    "end",
    [
        lambda engine, sam: sign_in.set_password(engine, sam.id, "four other words 12", now=NOW),
        lambda engine, sam: sign_in.end_everywhere(engine, sam.id, now=NOW),
        lambda engine, sam: accounts.remove(engine, sam.id, now=NOW),
        lambda engine, sam: accounts.reset(engine, sam.id, now=NOW),
    ],
    ids=["password", "everywhere", "remove", "reset"],
)
def test_what_ends_all_visits(engine: Engine, sam, end) -> None:
    """S32: a new password, signing out everywhere, a removal, a new invitation."""
    tokens = [sign_in.begin(engine, sam.id, now=NOW, whole=whole) for whole in (True, False)]
    other = make_staff(engine)
    stays = sign_in.begin(engine, other.id, now=NOW, whole=True)
    end(engine, sam)

    assert [sign_in.visit(engine, token, now=NOW) for token in tokens] == [None, None]
    assert sign_in.visit(engine, stays, now=NOW)


def test_a_new_password_opens_and_the_old_one_does_not(engine: Engine, sam) -> None:
    """At once."""
    sign_in.set_password(engine, sam.id, "four other words 12", now=NOW)

    assert password(engine) is None
    assert password(engine, typed="four other words 12") == sam
