"""The accounts page: what administrators and managers can do, and not to themselves."""

import re

import pytest

from portal.staff import accounts, sign_in, tries
from tests.support import made
from tests.support.staffed import Staffed

ACCOUNTS = "/staff/accounts"


@pytest.fixture
def place(tmp_path, directory):
    return Staffed(tmp_path, directory)


@pytest.fixture
def ada(place):
    return place.signed_in("administrator", title="Ada Moss", name="ada@example.org")


def token_on(screen):
    return re.search(r"/staff/welcome/([\w-]+)", screen.html)[1]


def test_an_account_is_made_and_its_invitation_shown_once(place, ada):
    """The link works; the list shows who was invited; the log says by whom."""
    screen = ada.open(ACCOUNTS).follow("Make an account")
    screen = screen.fill(
        name="sam@example.org", title="Sam Brook", role="worker", centres=["riverbank", "harbour"]
    ).press("Make the account")
    found = accounts.invited(place.engine, token_on(screen), now=place.now)

    assert screen.heading == "Send this invitation"
    assert found.staff.centres == {"riverbank", "harbour"}
    assert "Invited Sam Brook Worker at" in ada.open(ACCOUNTS)
    assert place.log()[-1] == (ada.staff.actor, "account-add")


@pytest.mark.parametrize(
    ("given", "where", "words"),
    [
        ({"name": ""}, "name", "Enter the email address"),
        ({"name": "sam"}, "name", "like name@example.org"),
        ({"name": "ada@example.org"}, "name", "has an account already"),
        ({"title": " "}, "title", "Enter the person’s name"),
        ({"role": ""}, "role", "Choose what this person can see"),
        ({"centres": []}, "centres", "Choose the centres of the worker"),
        ({"role": "manager"}, "footprint", "Choose the footprint of the manager"),
        ({"role": "panel"}, "panels", "Choose the Resource Panels of the panel member"),
        ({"panels": ["nowhere"]}, "panels", "from the list"),
        ({"centres": ["nowhere"]}, "centres", "from the list"),
        ({"footprint": "nowhere"}, "footprint", "from the list"),
    ],
)
def test_what_is_missing_is_said_beside_its_field(place, ada, given, where, words):
    """And nothing is made."""
    whole = {"name": "sam@example.org", "title": "Sam", "role": "worker", "centres": ["riverbank"]}
    fields = {"csrf_token": ada.token, "footprint": "", **whole, **given}
    screen = ada.send(f"{ACCOUNTS}/new", fields)

    assert screen.status == 422
    assert words in screen.beside[where]
    assert len(accounts.everyone(place.engine)) == 1


def test_a_role_is_changed(place, ada):
    """The person is signed out, and what the form showed was hers."""
    sam = place.signed_in(title="Sam Brook")
    screen = ada.open(ACCOUNTS).follow("Sam Brook")
    shown = dict(screen.fields("Save"))
    screen = screen.fill(role="manager", footprint="preston").press("Save")

    assert (shown["title"], shown["role"], shown["centres"]) == (
        "Sam Brook",
        "worker",
        "riverbank",
    )
    assert "The account is changed" in screen
    assert "Manager of Preston" in screen
    assert sam.open("/staff/account").status == 303


def test_a_renamed_centre_stays_ticked(tmp_path):
    """Saving the form of an account takes away no centre that only has another name by now."""
    place = Staffed(tmp_path, made.directory(other_centres=["harbour"]))
    sam = place.staff(centres=["riverbank", "harbour"])
    place.directory = made.directory(other_centres=["harbour"])
    place.directory.centres[0].link(slug="lakeside", aliases=("riverbank",))
    ada = place.signed_in("administrator")
    ada.open(f"{ACCOUNTS}/{sam.id}").fill(title="Sam Hill").press("Save")
    found = accounts.account(place.engine, sam.id).staff

    assert found.title == "Sam Hill"
    assert found.works_in(place.directory) == {"lakeside", "harbour"}


def test_a_panel_member_is_made(place, ada):
    """The account has districts and no centre, and the log says which."""
    screen = ada.open(f"{ACCOUNTS}/new").fill(
        name="pat@example.org", title="Pat Hill", role="panel", panels=["preston"]
    )
    token = token_on(screen.press("Make the account"))
    found = accounts.invited(place.engine, token, now=place.now).staff

    assert (found.role, found.centres, found.panels) == ("panel", frozenset(), {"preston"})
    assert "Panel member, Resource Panel of" in ada.open(ACCOUNTS)
    assert "as panel member, Resource Panel of Preston" in ada.open("/staff/log")


def test_a_worker_joins_and_leaves_a_panel(place, ada):
    """A change of panels signs the person out, as any change of access does."""
    sam = place.signed_in(title="Sam Brook")
    path = f"{ACCOUNTS}/{sam.staff.id}"
    ada.open(path).fill(panels=["preston"]).press("Save")
    joined = accounts.account(place.engine, sam.staff.id).staff
    assert (joined.role, joined.panels, joined.centres) == ("worker", {"preston"}, {"riverbank"})
    assert sam.open("/staff/account").status == 303
    assert "and on the Resource Panel of" in ada.open(ACCOUNTS)

    sam.become(joined)
    assert "Your Resource Panels" in sam.open("/staff/account")
    ada.open(path).fill(panels=[]).press("Save")
    assert accounts.account(place.engine, sam.staff.id).staff.panels == frozenset()
    assert sam.open("/staff/account").status == 303


def test_managers_give_the_panels_of_their_footprint(place, ada):
    """S30: no other panel is on their form or taken from it, and who sits elsewhere too is for an
    administrator."""
    other = place.signed_in("manager", footprint="burnley-pendle", title="Cora Hill")
    manager = place.signed_in("manager", footprint="preston", title="Pia Moor")
    new = {"name": "pat@example.org", "title": "Pat Hill", "role": "panel", "panels": ["preston"]}
    refused = other.send(f"{ACCOUNTS}/new", {"csrf_token": other.token, **new})
    assert refused.status == 422
    assert "No district here has a Resource Panel" in refused
    manager.open(f"{ACCOUNTS}/new").fill(**new).press("Make the account")
    pat = accounts.find(place.engine, "pat@example.org").staff
    worker = place.staff(centres=["riverbank"], panels=["pendle"])

    assert pat.panels == {"preston"}
    assert manager.open(f"{ACCOUNTS}/{pat.id}").status == 200
    assert other.open(f"{ACCOUNTS}/{pat.id}").status == 403
    assert manager.open(f"{ACCOUNTS}/{worker.id}").status == 403
    assert ada.open(f"{ACCOUNTS}/{worker.id}").status == 200


def test_a_mistake_changes_nothing(place, ada):
    """The form comes back with what was typed."""
    sam = place.staff(title="Sam Brook")
    screen = ada.open(f"{ACCOUNTS}/{sam.id}").fill(title="").press("Save")

    assert (screen.status, screen.beside["title"]) == (422, "Enter the person’s name")
    assert accounts.account(place.engine, sam.id).staff == sam


def test_reset_and_remove(place, ada):
    """Both sign the person out; the one shows a new invitation, the other leaves the name."""
    sam = place.signed_in(title="Sam Brook")
    reset = ada.open(f"{ACCOUNTS}/{sam.staff.id}").press("Reset the account")
    invited = accounts.invited(place.engine, token_on(reset), now=place.now)
    removed = ada.open(f"{ACCOUNTS}/{sam.staff.id}").press("Remove the account")

    assert invited.staff.id == sam.staff.id
    assert sam.open("/staff/account").status == 303
    assert "The account is removed" in removed
    assert "Left Sam Brook" in removed
    assert ada.open(f"{ACCOUNTS}/{sam.staff.id}").status == 403


def test_nobody_shuts_herself_out(place, ada):
    """One administrator always stays; there is no link, and the address refuses."""
    me = f"{ACCOUNTS}/{ada.staff.id}"

    assert me not in ada.open(ACCOUNTS).html
    assert ada.open(me).status == 403
    for part in ("", "/reset", "/remove"):
        assert ada.send(f"{me}{part}", {"csrf_token": ada.token}).status == 403
    assert ada.open(ACCOUNTS).status == 200


@pytest.fixture
def mia(place):
    """A manager of Preston. Riverbank is there, and Harbour is not."""
    return place.signed_in("manager", title="Mia Reed", name="mia@example.org")


def test_a_manager_makes_and_looks_after_accounts_of_her_footprint(place, mia):
    """S30: workers, editors and readers, of the centres or the footprint that are hers."""
    screen = mia.open(ACCOUNTS).follow("Make an account")
    given = {"name": "eve@example.org", "title": "Eve Lane", "role": "editor"}
    made = screen.fill(**given, centres=["riverbank"]).press("Make the account")
    token_on(made)
    screen = mia.open(ACCOUNTS).follow("Eve Lane")
    changed = screen.fill(role="reader", centres=[], footprint="preston").press("Save")
    reset = mia.open(ACCOUNTS).follow("Eve Lane").press("Reset the account")
    eve = accounts.find(place.engine, "eve@example.org").staff
    token_on(reset)
    removed = mia.open(ACCOUNTS).follow("Eve Lane").press("Remove the account")

    assert "Reader of Preston" in changed
    assert (eve.role, eve.centres, eve.footprint) == ("reader", frozenset(), "preston")
    assert "Left Eve Lane" in removed
    actions = ["account-add", "account-change", "account-reset", "account-remove"]
    assert place.log()[-4:] == [(mia.staff.actor, one) for one in actions]


def test_a_manager_sees_no_account_beyond_her_footprint(place, mia):
    """S30: of administrators, other managers, herself, and people who also work elsewhere she gets
    no name and no page, whatever she sends; and the form offers nothing that is not hers to give.
    """
    beyond = [
        place.staff("administrator", title="Beyond A"),
        place.staff("manager", title="Beyond B"),
        place.staff("manager", title="Beyond C", footprint="burnley-pendle"),
        place.staff("worker", title="Beyond D", centres=["riverbank", "harbour"]),
        place.staff("editor", title="Beyond E", centres=["riverbank", "gone"]),
        place.staff("reader", title="Beyond F", footprint="burnley-pendle", centres=[]),
        mia.staff,
    ]
    hers = place.staff("worker", title="Sam Brook")
    listed = mia.open(ACCOUNTS)
    form = mia.open(f"{ACCOUNTS}/new").html
    fields = {"csrf_token": mia.token, "title": "X", "role": "worker", "centres": ["riverbank"]}
    before = accounts.everyone(place.engine)

    taken = {**fields, "name": beyond[0].name, "footprint": ""}
    assert "Ask an administrator" in mia.send(f"{ACCOUNTS}/new", taken).beside["name"]
    assert "Sam Brook" in listed
    assert "Beyond" not in listed
    assert "Sign-ins that are stopped" not in listed
    for one in beyond:
        for part in ("", "/reset", "/remove"):
            assert mia.send(f"{ACCOUNTS}/{one.id}{part}", fields).status == 403
        assert mia.open(f"{ACCOUNTS}/{one.id}").status == 403
    for wrong in (
        {"role": "administrator"},
        {"role": "manager", "footprint": "preston"},
        {"centres": ["riverbank", "harbour"]},
        {"role": "reader", "centres": [], "footprint": "burnley-pendle"},
    ):
        named = {**fields, "name": "new@example.org", "footprint": "", **wrong}
        assert mia.send(f"{ACCOUNTS}/new", named).status == 422
        assert mia.send(f"{ACCOUNTS}/{hers.id}", {**named, "name": ""}).status == 422
    assert accounts.everyone(place.engine) == before
    assert 'value="riverbank"' in form
    for word in ("harbour", "administrator", "burnley-pendle", 'value="manager"'):
        assert word not in form


def test_a_reader_has_centres_or_a_footprint(place, ada):
    """Neither, or both at once, is said beside the field."""
    fields = {"csrf_token": ada.token, "name": "r@example.org", "title": "R", "role": "reader"}
    for given in ({}, {"centres": ["riverbank"], "footprint": "preston"}):
        screen = ada.send(f"{ACCOUNTS}/new", {"footprint": "", **fields, **given})

        assert (screen.status, len(accounts.everyone(place.engine))) == (422, 1)
        assert "Choose the centres of the reader, or else a footprint" in screen.beside["centres"]


def test_how_accounts_stand_is_said(place, ada):
    """Who never came, and whose invitation is over."""
    place.staff(title="Bea Lake")
    accounts.add(
        place.engine,
        name="cy@example.org",
        title="Cy Hill",
        role="worker",
        centres=["gone"],
        now=place.now,
    )
    place.wait(days=4)
    ada.become(ada.staff)
    screen = ada.open(ACCOUNTS)

    assert "Has not signed in yet Bea Lake Worker at Riverbank" in screen
    assert "The invitation has expired Cy Hill Worker at no centre that there is" in screen
    assert "Last signed in on Friday 8 January 2027 Ada Moss Administrator" in screen
    assert sign_in.visit(place.engine, "", now=place.now) is None


def test_a_lock_is_seen_and_lifted(place, ada):
    """S33: an administrator sees whose sign-in is stopped and until when, and lets them try."""
    sam = place.staff(name="sam@example.org", title="Sam Brook")
    given = {"address": "198.51.100.7", "now": place.now}
    for _ in range(10):
        sign_in.check_password(place.engine, place.secret, sam.name, "wrong", **given)
    before = ada.open(ACCOUNTS)
    with pytest.raises(tries.Wait):
        sign_in.check_password(place.engine, place.secret, sam.name, "wrong", **given)
    screen = ada.open(ACCOUNTS)
    after = screen.press("Let them try again")

    assert "Sign-ins that are stopped" not in before
    assert "Stopped Sam Brook until 9:15am, 1 more try refused" in screen
    assert "The lock is lifted" in after
    assert "Stopped" not in after
    assert place.log()[-2:] == [("stranger", "sign-in-locked"), (ada.staff.actor, "sign-in-unlock")]
    assert "let Sam Brook try to sign in again" in ada.open("/staff/log")
