"""What the live screens stand on: their cookie, their proxies, what is offered instead."""

import pytest
from werkzeug.test import Client

from portal.settings import SettingsError, load_settings
from portal.web.live.alternatives import fits, instead
from portal.web.visitors import behind_proxies
from tests.support import made
from tests.support.screens import Screens

BUMP = "/book/riverbank/bump"


def test_only_our_own_proxies_are_believed(tmp_path) -> None:
    """S41: who asks, and by https, is what the proxies say that we set; else it is what we see."""
    desk = Screens(tmp_path).desk
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7"}
    cookies = [
        Client(behind_proxies(desk, proxies)).get(BUMP, headers=said).headers["Set-Cookie"]
        for proxies in (0, 1)
    ]

    assert [cookie.partition("=")[0] for cookie in cookies] == ["form", "__Host-form"]


def test_each_network_has_its_own_limit_behind_a_proxy(tmp_path) -> None:
    """Else one busy library would shut out the county. One subscriber's long addresses are many."""
    screens = Screens(tmp_path, made.directory({"places": "50"}), bookings_per_address=1)
    screens.desk.wsgi_app = behind_proxies(screens.desk.wsgi_app, 1)
    statuses = []
    networks = ("198.51.100.7", "198.51.100.7", "198.51.100.8", "2001:db8::1", "2001:db8::2:1")
    for number, network in enumerate(networks):
        check = (
            screens.visitor()
            .open(BUMP)
            .fill(
                name="Amina",
                email=f"p{number}@example.org",
                contact_by="none",
                safe_to_contact="no",
                people="1",
            )
        )
        fields = dict(check.fields("Continue")) | {"step": "confirm"}
        screens.wait(seconds=9)
        given = {"headers": {"X-Forwarded-For": network}}
        statuses.append(screens.send(BUMP, fields, **given).status)

    assert statuses == [303, 429, 303, 303, 429]


def test_a_secret_is_made_once_and_kept(tmp_path) -> None:
    """S22: links and tokens outlive a restart; nobody else on the machine can read it."""
    first = load_settings(var=tmp_path / "var")
    again = load_settings(var=tmp_path / "var")
    kept = tmp_path / "var" / "secret"

    assert first.secret == again.secret == kept.read_text()
    assert len(first.secret) >= 32
    assert kept.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in kept.parent.iterdir()] == ["secret"]
    kept.chmod(0o644)  # as a copy from a backup may be
    assert load_settings(var=tmp_path / "var").secret == first.secret
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_secret_of_ones_own(tmp_path) -> None:
    """It comes before the kept one; a short one is refused, and never shown."""
    own = load_settings(var=tmp_path, secret_key="x" * 32)

    assert own.secret == "x" * 32
    with pytest.raises(SettingsError) as refused:
        load_settings(secret_key="too short")
    assert "32 characters" in str(refused.value)
    assert "too short" not in str(refused.value)


def test_a_secret_that_cannot_be_kept(tmp_path) -> None:
    """The operator is told what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="PORTAL_SECRET_KEY"):
        _ = load_settings(var=tmp_path / "file").secret
    (tmp_path / "secret").write_text("cut")
    with pytest.raises(SettingsError, match="too short"):
        _ = load_settings(var=tmp_path).secret


@pytest.mark.parametrize(
    ("ranges", "children", "expected"),
    [
        ("1-2 years", [], True),
        ("1-2 years", ["2 years"], True),
        ("1-2 years", ["3 years"], False),
        ("1-2 years", ["3 years", "1 year"], True),
        ("6-12 months", ["5 months"], False),
        ("6-12 months", ["0 years"], True),
        ("pregnancy", ["9 years"], True),
    ],
)
def test_which_children_a_run_is_for(ranges, children, expected) -> None:
    """One child that fits is enough; where nothing is known, nobody is turned away."""
    assert fits(made.directory({"ages": ranges}).series[0], children) is expected


def test_what_is_offered_instead() -> None:
    """The same programme first, only what has room and suits, four at most."""
    directory = made.directory(
        {"ages": "1-2 years"},
        {"ages": "1-2 years", "title": "Full"},
        {"ages": "1-2 years", "title": "Room"},
        {"ages": "5-10 years", "title": "Older", "booking": "drop-in"},
        {"ages": "1-2 years", "title": "Off", "withdrawn": "No leader"},
        *({"ages": "1-2 years", "title": f"More {n}"} for n in range(5)),
    )
    left = {(one.identity, ""): 3 for one in directory.series if one.booking == "book"}
    left["riverbank/bump-1", ""] = 0
    series = directory.series[0]
    same = instead(directory, series, left, made.NOW, ages=["2 years"])
    older = instead(directory, series, left, made.NOW, ages=["7 years"], same=False)

    assert [one.name for one in same] == ["Room", "More 0", "More 1", "More 2"]
    assert same[0].words == (
        "Tuesdays, 10am to midday, next on Tuesday 12 January, at Riverbank, Preston, "
        "3 places left, each for a whole family"
    )
    assert [(one.name, one.words.endswith("just come")) for one in older] == [("Older", True)]
