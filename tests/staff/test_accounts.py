"""Accounts of staff, on both databases: who may see what, invitations, and the log."""

from datetime import timedelta
from typing import get_args

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from portal import database
from portal.database import audit, tables
from portal.staff import accounts, roles, second_factors, sign_in
from portal.staff.accounts import AccountError, Staff
from tests.support.made import NOW
from tests.support.staffed import PASSWORD, make_staff

SECRET = "a secret of thirty-two characters"
WORKER = {"title": "Sam Brook", "role": "worker", "centres": ["riverbank"]}


def add(engine: Engine, name: str = "sam@example.org", **given) -> tuple[int, str]:
    return accounts.add(engine, name=name, now=NOW, **{**WORKER, **given})


def accept(engine: Engine, number: int, token: str) -> tuple[str, ...]:
    """Take an invitation all the way."""
    assert accounts.welcome(engine, token, PASSWORD, now=NOW)
    import pyotp

    visit = accounts.digest_of(token)
    seal = sign_in.new_factor(SECRET, visit, now=NOW)
    code = pyotp.TOTP(sign_in.factor_key(SECRET, seal, visit, now=NOW)).at(NOW)
    given = {"address": "192.0.2.1", "now": NOW}
    return sign_in.confirm_factor(engine, SECRET, number, seal, visit, code, **given)


def log(engine: Engine) -> list[tuple[str, str]]:
    return [(one.actor, one.action) for one in reversed(audit.log(engine))]


# --- who may see what


def test_a_worker_sees_her_own_centres(directory) -> None:
    """S30: and no other, and none that does not exist."""
    worker = Staff(1, "sam@example.org", "Sam", "worker", frozenset({"riverbank", "gone"}))

    assert worker.centres_in(directory) == {"riverbank"}
    assert worker.may_see("riverbank", directory)
    assert not worker.may_see("harbour", directory)
    assert not worker.may_see("gone", directory)


def test_members_sit_on_their_own_panels(directory) -> None:
    """S94: a member acts for the panels of the account, a manager for those of the footprint."""
    given = {"panels": frozenset({"preston", "gone"})}
    people = {
        "member": Staff(1, "m@example.org", "M", "panel", **given),
        "worker": Staff(2, "w@example.org", "W", "worker", frozenset({"riverbank"}), **given),
        "another worker": Staff(3, "o@example.org", "O", "worker", frozenset({"riverbank"})),
        "reader": Staff(4, "r@example.org", "R", "reader", footprint="preston", **given),
        "manager": Staff(5, "g@example.org", "G", "manager", footprint="preston"),
        "manager elsewhere": Staff(6, "h@example.org", "H", "manager", footprint="coast"),
        "administrator": Staff(7, "a@example.org", "A", "administrator"),
    }

    def sitting(district: str) -> set[str]:
        return {name for name, one in people.items() if one.sits_on(district, directory)}

    assert sitting("preston") == {"member", "worker", "manager", "administrator"}
    assert sitting("gone") == set()


def test_a_manager_sees_her_footprint(directory) -> None:
    """All centres of it, and no other."""
    manager = Staff(1, "m@example.org", "M", "manager", footprint="preston")
    preston = next(one for one in directory.footprints if one.slug == "preston")

    assert manager.centres_in(directory) == {one.slug for one in directory.centres_in(preston)}
    assert not manager.may_see("harbour", directory)


def test_an_administrator_sees_all_that_exist(directory) -> None:
    """Every centre, but nothing that is not there."""
    administrator = Staff(1, "a@example.org", "A", "administrator")

    assert administrator.centres_in(directory) == {one.slug for one in directory.centres}
    assert not administrator.may_see("nowhere", directory)


def of(role: str, centres=(), footprint: str | None = None, number: int = 2, panels=()) -> Staff:
    sits = frozenset(panels)
    return Staff(number, "x@example.org", "X", role, frozenset(centres), footprint, sits)


def test_an_editor_sees_no_family_and_a_reader_changes_nothing(directory) -> None:
    """S30: the one changes the pages of her centres alone, the other sees what a worker sees."""
    here, elsewhere = "riverbank", "harbour"
    people = {
        "worker": of("worker", [here]),
        "editor": of("editor", [here]),
        "reader": of("reader", [here]),
        "reader of a footprint": of("reader", footprint="preston"),
        "manager": of("manager", footprint="preston"),
        "administrator": of("administrator"),
    }
    sees = {name for name, one in people.items() if one.may_see(here, directory)}
    edits = {name for name, one in people.items() if one.may_edit(here, directory)}
    reach = {
        name
        for name, one in people.items()
        if one.may_see(elsewhere, directory) or one.may_edit(elsewhere, directory)
    }
    districts = {name for name, one in people.items() if one.may_see_district("preston", directory)}

    assert sees == set(people) - {"editor"}
    assert edits == {"worker", "editor", "manager", "administrator"}
    assert reach == {"administrator"}
    assert districts == {"manager", "administrator"}
    assert people["editor"].centres_in(directory) == frozenset()
    assert [one for one in people.values() if one.may_edit("nowhere", directory)] == []
    assert not people["reader"].may("change families")


def test_who_manages_which_account(directory) -> None:
    """S30: a manager those of three roles whose places are all hers, and never her own."""
    manager, administrator = (
        of("manager", footprint="preston", number=1),
        of("administrator", number=4),
    )
    hers = [of("worker", ["riverbank"]), of("editor", ["riverbank"]), of("reader", ["riverbank"])]
    hers += [of("reader", footprint="preston"), of("panel", panels=["preston"])]
    hers += [of("worker", ["riverbank"], panels=["preston"])]
    others = [
        of("worker", ["harbour"]),
        of("worker", ["riverbank", "harbour"]),
        of("worker", ["riverbank", "gone"]),
        of("worker"),
        of("reader", footprint="burnley-pendle"),
        of("panel"),
        of("panel", panels=["preston", "pendle"]),
        of("panel", panels=["gone"]),
        of("worker", ["riverbank"], panels=["pendle"]),
        of("manager", footprint="preston"),
        of("administrator", number=3),
        of("worker", ["riverbank"], number=1),  # the manager herself, had she another role
    ]

    assert all(manager.may_manage(one, directory) for one in hers)
    assert not any(manager.may_manage(one, directory) for one in others)
    assert all(administrator.may_manage(one, directory) for one in (*hers, *others))
    assert not administrator.may_manage(administrator, directory)
    assert not any(one.may_manage(other, directory) for one in hers for other in (*hers, *others))


def test_who_acts_is_compared_inside_the_transaction(engine: Engine, directory) -> None:
    """S30: an account that was given more since the page was opened is not reset by a manager."""
    manager = of("manager", footprint="preston", number=99)
    given = {"now": NOW, "allowed": lambda other: manager.may_manage(other, directory)}
    number, _ = add(engine)
    accounts.change(engine, number, title="Sam", role="administrator", now=NOW)
    place = {"title": "Sam", "role": "worker", "centres": ["riverbank"]}

    for act in (
        lambda: accounts.reset(engine, number, **given),
        lambda: accounts.remove(engine, number, **given),
        lambda: accounts.change(engine, number, **place, **given),
        lambda: accounts.add(
            engine, name="b@example.org", title="B", role="administrator", **given
        ),
    ):
        with pytest.raises(AccountError):
            act()
    assert accounts.account(engine, number).staff.role == "administrator"
    assert [one.staff.id for one in accounts.everyone(engine)] == [number]


def test_the_roles_of_the_table_are_those_that_are_declared() -> None:
    """The database refuses a role that has no row of permissions, and has a word for each."""
    assert set(tables.ROLES) == set(roles.ROLES) == set(roles.TITLES) == set(roles.DUTIES)
    assert set().union(*roles.PERMISSIONS.values()) == set(roles.ROLES)
    assert set(roles.PERMISSIONS) == set(get_args(roles.Permission))


def test_a_renamed_centre_keeps_its_workers(directory) -> None:
    """The account keeps the centre's old name until somebody changes it."""
    centre = directory.centre("harbour")
    old = Staff(1, "sam@example.org", "Sam", "worker", frozenset({"old-harbour"}))
    before = centre.aliases
    centre.link(aliases=("old-harbour",))
    try:
        assert old.may_see("harbour", directory)
    finally:
        centre.link(aliases=before)


# --- accounts


def test_an_account_begins_with_an_invitation(engine: Engine) -> None:
    """The link sets password and phone; then it opens nothing any more."""
    number, token = add(engine)
    before = accounts.account(engine, number).state(NOW)
    codes = accept(engine, number, token)
    found = accounts.find(engine, " SAM@example.org ")

    assert (before, found.state(NOW)) == ("invited", "ready")
    assert (len(codes), found.recovery_codes) == (10, 10)
    assert accounts.invited(engine, token, now=NOW) is None
    assert not accounts.welcome(engine, token, PASSWORD, now=NOW)
    assert log(engine) == [("operator", "account-add"), (f"staff:{number}", "second-factor")]


def test_an_invitation_ends_after_three_days(engine: Engine) -> None:
    """A wrong one never worked."""
    number, token = add(engine)
    late = NOW + timedelta(hours=72)

    assert accounts.invited(engine, token, now=late - timedelta(seconds=1)).staff.id == number
    assert accounts.invited(engine, token, now=late) is None
    assert accounts.invited(engine, token[:-1], now=NOW) is None
    assert accounts.invited(engine, "", now=NOW) is None
    assert accounts.account(engine, number).state(late) == "expired"


def test_the_table_holds_nothing_that_opens_a_door(engine: Engine) -> None:
    """Invitations, passwords, keys, codes and sessions are kept as hashes, or not at all."""
    number, token = add(engine)
    codes = accept(engine, number, token)
    _, second = add(engine, "second@example.org")
    visit = sign_in.begin(engine, number, now=NOW, whole=True)
    with database.read(engine) as connection:
        rows = [
            connection.execute(sa.select(table)).all()
            for table in (tables.staff, tables.staff_code, tables.staff_session)
        ]
        nonce = connection.execute(
            sa.select(tables.staff.c.factor).where(tables.staff.c.id == number)
        ).scalar_one()
    kept = repr(rows)

    key = second_factors.key_of(SECRET, nonce)
    for opener in (PASSWORD, token, second, visit, key, *codes):
        assert opener not in kept


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "sam"}, "not an email address"),
        ({"name": "a@b.org, c@d.org"}, "not an email address"),
        ({"name": f"{'a' * 65}@b.org"}, "not an email address"),
        ({"role": "king"}, "not a role"),
        ({"centres": []}, "needs one centre"),
        ({"role": "manager", "footprint": None}, "needs a footprint"),
        ({"role": "editor", "centres": []}, "An editor needs one centre"),
        ({"role": "reader", "centres": []}, "needs one centre or more, or a footprint"),
        ({"role": "reader", "footprint": "preston"}, "not both"),
        ({"title": "  "}, "Give the person's name"),
        ({"title": "x" * 81}, "Give the person's name"),
    ],
)
def test_accounts_that_make_no_sense_are_refused(engine: Engine, given, words) -> None:
    """In words that say what to do."""
    with pytest.raises(AccountError, match=words):
        add(engine, **given)


def test_one_account_an_address(engine: Engine) -> None:
    """Whatever its capitals; a removed one comes back with a new invitation and nothing else."""
    number, token = add(engine)
    accept(engine, number, token)
    with pytest.raises(AccountError, match="has an account already"):
        add(engine, "SAM@example.org")
    accounts.remove(engine, number, now=NOW)
    again, second = add(engine, title="Sam Lake")
    found = accounts.account(engine, again)

    assert again == number
    assert (found.staff.title, found.state(NOW), found.recovery_codes) == ("Sam Lake", "invited", 0)
    assert accounts.invited(engine, second, now=NOW)


def test_a_role_keeps_only_what_it_needs(engine: Engine) -> None:
    """A manager has no centres of her own, a worker no footprint."""
    number, _ = add(engine, role="manager", centres=["riverbank"], footprint="preston")
    manager = accounts.account(engine, number).staff
    change = {"title": "Sam", "role": "worker", "centres": ["harbour"], "footprint": "preston"}
    accounts.change(engine, number, **change, now=NOW)
    worker = accounts.account(engine, number).staff

    assert (manager.centres, manager.footprint) == (frozenset(), "preston")
    assert (worker.centres, worker.footprint) == (frozenset({"harbour"}), None)


def test_a_changed_role_ends_sessions_and_a_changed_name_does_not(engine: Engine) -> None:
    """S32: what she may see is never older than the page she looks at."""
    staff = make_staff(engine)
    token = sign_in.begin(engine, staff.id, now=NOW, whole=True)
    same = {"role": "worker", "centres": ["riverbank"]}
    accounts.change(engine, staff.id, title="Sam Lake", **same, now=NOW)
    named = sign_in.visit(engine, token, now=NOW)
    accounts.change(engine, staff.id, title="Sam Lake", role="administrator", now=NOW)

    assert named.staff.title == "Sam Lake"
    assert sign_in.visit(engine, token, now=NOW) is None


@pytest.mark.parametrize("end", [accounts.reset, accounts.remove])
def test_resetting_and_removing_shut_every_door(engine: Engine, end) -> None:
    """Password, phone, recovery codes and sessions of before open nothing."""
    number, token = add(engine)
    (code, *_) = accept(engine, number, token)
    visit = sign_in.begin(engine, number, now=NOW, whole=True)
    end(engine, number, now=NOW, actor="staff:9")
    given = {"address": "192.0.2.1", "now": NOW}

    assert sign_in.visit(engine, visit, now=NOW) is None
    assert not sign_in.check_password(engine, SECRET, "sam@example.org", PASSWORD, **given)
    assert accounts.account(engine, number).recovery_codes == 0
    assert ("staff:9", f"account-{end.__name__}") in log(engine)
    if end is accounts.reset:
        assert not sign_in.check_code(engine, SECRET, number, code, **given)


def test_whoever_is_not_there_cannot_be_changed(engine: Engine) -> None:
    """A removed account is like none."""
    staff = make_staff(engine)
    accounts.remove(engine, staff.id, now=NOW)
    for number in (staff.id, 999):
        with pytest.raises(AccountError, match="no such account"):
            accounts.remove(engine, number, now=NOW)
        with pytest.raises(AccountError, match="no such account"):
            sign_in.begin(engine, number, now=NOW, whole=True)
    assert accounts.account(engine, 999) is None


def test_accounts_are_listed_by_name_with_the_removed_last(engine: Engine) -> None:
    """As one reads down the page."""
    made = [make_staff(engine, title=title) for title in ("Zoe", "adam", "Bea")]
    accounts.remove(engine, made[1].id, now=NOW)

    assert [one.staff.title for one in accounts.everyone(engine)] == ["Bea", "Zoe", "adam"]


# --- the log


def write_lines(engine: Engine) -> None:
    def work(connection) -> None:
        for at, actor, did, series in (
            (NOW - timedelta(days=366), "family", "book", "riverbank/bump"),
            (NOW - timedelta(days=364), "staff:1", "read register", "riverbank/bump"),
            (NOW, "staff:2", "export", "riverbank-park/bump"),
            (NOW, "staff:1", "read register", "harbour/bump"),
            (NOW, "clock", "offer", None),
        ):
            database.note(connection, at, actor, did, None, series)

    database.write(engine, work)


def test_the_log_is_cut_down_to_centres_and_people(engine: Engine) -> None:
    """A manager reads what was done at her centres, newest first."""
    write_lines(engine)
    of_centre = audit.log(engine, centres={"riverbank"})
    of_person = audit.log(engine, staff_id=1)
    older = audit.log(engine, before=of_person[0].id, limit=2)

    assert [one.action for one in of_centre] == ["read register", "book"]
    assert [one.series for one in of_person] == ["harbour/bump", "riverbank/bump"]
    assert [one.action for one in older] == ["export", "read register"]
    assert audit.log(engine, centres=()) == []


def test_the_log_is_kept_for_twelve_months(engine: Engine) -> None:
    """After that its lines go, and those who left so long ago."""
    write_lines(engine)
    left, stays = make_staff(engine), make_staff(engine)
    accounts.remove(engine, left.id, now=NOW)
    assert audit.forget_old(engine, NOW) == 1
    assert audit.forget_old(engine, NOW) == 0
    lines = len(audit.log(engine))
    gone = audit.forget_old(engine, NOW + timedelta(days=366))

    assert gone == lines
    assert [one.staff for one in accounts.everyone(engine)] == [stays]


def test_what_is_over_goes_too(engine: Engine) -> None:
    """Sessions that ended, invitations that nobody took."""
    number, token = add(engine)
    accounts.welcome(engine, token, PASSWORD, now=NOW)
    staff = make_staff(engine)
    sign_in.begin(engine, staff.id, now=NOW, whole=True)
    audit.forget_old(engine, NOW + timedelta(hours=72))
    with database.read(engine) as connection:
        sessions = connection.execute(sa.select(tables.staff_session)).all()
        row = connection.execute(sa.select(tables.staff).where(tables.staff.c.id == number)).one()

    assert sessions == []
    assert (row.password, row.invitation_hash) == (None, None)
