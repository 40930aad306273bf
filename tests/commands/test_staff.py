"""`portal staff`: accounts at the keyboard of the server."""

import re
from datetime import timedelta

import pytest
from click.testing import CliRunner

from portal import database
from portal.commands import main
from portal.commands.staffing import Staffing
from portal.content import ContentError
from portal.settings import Settings
from portal.staff import accounts
from portal.staff.accounts import AccountError
from tests.support.databases import new_sqlite
from tests.support.made import NOW


@pytest.fixture
def settings(tmp_path, sample_root):
    new_sqlite(tmp_path / "var" / "portal.db")
    return Settings(root=sample_root, var=tmp_path / "var")


@pytest.fixture
def office(settings):
    return Staffing(settings, NOW)


def add(
    office,
    name="sam@example.org",
    role="worker",
    centres=("riverbank",),
    footprint=None,
    panels=(),
):
    return list(office.add(name, "Sam Brook", role, centres, footprint, panels))


def token_in(lines):
    return re.search(r"/staff/welcome/(\S+)", "\n".join(lines))[1]


def test_an_invitation_is_printed_once(office, settings):
    """The link opens the account's first page; nothing that opens anything is kept."""
    lines = add(office)
    engine = database.connect(settings.database_address)
    found = accounts.invited(engine, token_in(lines), now=NOW)

    assert lines[0] == "sam@example.org now has an account."
    assert lines[2].startswith("  https://")
    assert found.staff.title == "Sam Brook"
    assert "72 hours" in lines[1]
    assert lines[4].startswith("  http://127.0.0.1:8000/staff/here/")
    assert lines[4].endswith(f"?invitation={token_in(lines)}")
    assert lines[4].startswith(list(office.here())[1])


def test_the_link_stands_where_the_portal_does(settings):
    """Whoever sets the address gets it alone."""
    office = Staffing(settings.model_copy(update={"base_address": "https://f.example"}), NOW)

    lines = add(office)

    assert lines[2:] == [f"  https://f.example/staff/welcome/{token_in(lines)}"]


def test_no_link_is_given_that_would_open_nothing(settings):
    """S41: behind a proxy, pages for staff open by https alone."""
    office = Staffing(settings.model_copy(update={"proxies": 1, "base_address": None}), NOW)

    assert not any("on this machine" in line for line in add(office))
    with pytest.raises(AccountError, match="by https alone"):
        list(office.here())


def test_mistakes_in_the_content_are_met_before_an_account_is_changed(office, settings, tmp_path):
    """Nothing is made or shut by a command that could not print the link of its invitation."""
    add(office)
    before = accounts.everyone(database.connect(settings.database_address))
    (tmp_path / "elsewhere").mkdir()
    lost = Staffing(settings.model_copy(update={"root": tmp_path / "elsewhere"}), NOW)

    for lines in (
        lost.reset("sam@example.org"),
        lost.add("ada@example.org", "Ada Hill", "administrator", (), None),
        lost.change("sam@example.org", None, "editor", ("riverbank",), None),
        lost.change("sam@example.org", None, None, (), None, ("pendle",)),
    ):
        with pytest.raises(ContentError):
            next(lines)

    assert accounts.everyone(database.connect(settings.database_address)) == before


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"centres": ["riverbnk"]}, "There is no centre 'riverbnk'. Did you mean 'riverbank'?"),
        ({"role": "manager", "centres": (), "footprint": "prestn"}, "Did you mean 'preston'?"),
        ({"centres": ()}, "A worker needs one centre or more."),
        ({"role": "manager"}, "A manager needs a footprint."),
        ({"name": "sam"}, "is not an email address"),
        ({"role": "panel", "centres": ()}, "A panel member needs one panel or more."),
        ({"role": "panel", "panels": ["prestn"]}, "no district 'prestn'. Did you mean 'preston'?"),
        ({"role": "panel", "panels": ["pendle"]}, "Pendle has no Resource Panel. Write `panel:`"),
    ],
)
def test_mistakes_are_said_with_their_remedy(office, settings, given, words):
    """And nothing is made."""
    with pytest.raises(AccountError) as refused:
        add(office, **given)

    assert words in str(refused.value)
    assert list(office.listed()) == [
        "There are no accounts yet. Add the first administrator: portal staff add --help"
    ]


def test_everybody_is_listed_with_how_it_stands(settings):
    """Who can sign in, who was invited, whose invitation is over, who left."""
    office = Staffing(settings, NOW)
    add(office)
    add(office, "ada@example.org", "manager", (), "preston")
    add(office, "joy@example.org", "administrator", ())
    list(office.remove("ada@example.org"))
    later = list(Staffing(settings, NOW + timedelta(days=4)).listed())

    assert list(office.listed()) == [
        "sam@example.org  Sam Brook, worker at riverbank: "
        "invited, until Thursday 7 January 2027, 9am",
        "joy@example.org  Sam Brook, administrator: invited, until Thursday 7 January 2027, 9am",
        "ada@example.org  Sam Brook, manager of preston: removed on Monday 4 January 2027, 9am",
    ]
    assert later[0].endswith("the invitation has expired: reset makes a new one")


def test_resetting_prints_another_invitation(office, settings):
    """The one of before opens nothing any more."""
    first = token_in(add(office))
    lines = list(office.reset("SAM@example.org"))
    engine = database.connect(settings.database_address)

    assert "signed out everywhere" in lines[0]
    assert accounts.invited(engine, first, now=NOW) is None
    assert accounts.invited(engine, token_in(lines), now=NOW)


def test_what_is_not_given_stays(office, settings):
    """A new role alone, a new centre alone."""
    add(office)
    list(office.change("sam@example.org", None, None, ["harbour"], None))
    moved = next(office.listed())
    lines = list(office.change("sam@example.org", "Sam Lake", "administrator", (), None))

    assert "Sam Brook, worker at harbour" in moved
    assert lines == ["sam@example.org is administrator now."]
    with pytest.raises(AccountError, match="no centre"):
        list(office.change("sam@example.org", None, "worker", ["nowhere"], None))


def test_who_sits_on_a_panel_is_listed(office):
    """A panel member has districts, a worker a panel beside her centres; other changes leave it."""
    add(office, "pat@example.org", "panel", (), None, ["preston"])
    listed = next(office.listed())
    add(office, panels=["preston"])
    steps = [
        office.change("sam@example.org", "Sam Lake", None, (), None),
        office.change("sam@example.org", None, "panel", (), None),
        office.change("sam@example.org", None, "worker", ["harbour"], None, ()),
    ]

    assert "panel member of preston: invited" in listed
    assert [next(one) for one in steps] == [
        "sam@example.org is worker at riverbank, on the panel of preston now.",
        "sam@example.org is panel member of preston now.",
        "sam@example.org is worker at harbour now.",
    ]


def test_panels_are_given_or_taken():
    """`--panel` and `--no-panel` together are refused before anything is changed."""
    given = ["staff", "change", "sam@example.org", "--panel", "preston", "--no-panel"]
    answer = CliRunner().invoke(main, given)

    assert answer.exit_code == 2
    assert "not both" in answer.output


def test_a_reader_moves_between_centres_and_a_footprint(office):
    """Places that are given replace those of before, so that an account never has both kinds."""
    add(office, role="editor")
    steps = [
        office.change("sam@example.org", None, "reader", ["harbour"], None),
        office.change("sam@example.org", None, None, [], "preston"),
        office.change("sam@example.org", None, "editor", ["riverbank"], None),
    ]

    assert [line for step in steps for line in step] == [
        "sam@example.org is reader at harbour now.",
        "sam@example.org is reader of preston now.",
        "sam@example.org is editor at riverbank now.",
    ]


def test_unknown_names_are_said(office):
    """With the one that was meant; who was removed is unknown too."""
    add(office)
    for verb in (office.reset, office.remove):
        with pytest.raises(AccountError, match=r"Did you mean 'sam@example\.org'"):
            list(verb("sem@example.org"))
    list(office.remove("sam@example.org"))
    with pytest.raises(AccountError, match="There is no account"):
        list(office.remove("sam@example.org"))


def test_the_commands_say_what_became_of_it(settings, monkeypatch):
    """From the keyboard: words and an exit status, never a traceback."""
    monkeypatch.setenv("PORTAL_VAR", str(settings.var))

    def run(*words):
        done = CliRunner().invoke(main, ["--root", str(settings.root), "staff", *words])
        return done.exit_code, done.output

    sam = "sam@example.org"
    added = run("add", sam, "--name", "Sam", "--role", "worker", "--centre", "riverbank")
    twice = run("add", sam, "--name", "Sam", "--role", "worker", "--centre", "riverbank")
    changed = run("change", sam, "--role", "manager", "--footprint", "preston")
    listed = run("list")
    reset = run("reset", sam)
    removed = run("remove", sam)

    assert added[0] == 0
    assert "/staff/welcome/" in added[1]
    assert twice == (1, "sam@example.org has an account already: reset or change it.\n")
    assert changed == (0, "sam@example.org is manager of preston now.\n")
    assert "manager of preston: invited" in listed[1]
    assert (reset[0], removed[0]) == (0, 0)
    assert run("add", sam, "--name", "Sam")[0] == 2
