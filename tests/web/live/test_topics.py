"""'Ask us': what a family would like help with is kept only as it chose."""

import pytest
import sqlalchemy as sa

from portal import database
from portal.database import tables
from portal.directory.vocabularies import PRIVATE_NEEDS
from tests.support import made
from tests.support.screens import FAMILY, Screens

TOPICS = {"homeless": "You have no home", "school-attendance": "Your child misses school"}
ASKER = {name: said for name, said in FAMILY.items() if name != "people"}
ASK = "/request/bump?who=family"


def screens_of(tmp_path, topics, **given):
    directory = made.directory(way="request", **given)
    directory.programmes[0].link(topics=topics)
    return Screens(tmp_path, directory)


@pytest.fixture
def screens(tmp_path):
    return screens_of(tmp_path, TOPICS)


def kept(screens):
    with database.read(screens.engine) as connection:
        return connection.execute(sa.select(tables.person.c.answers)).scalar_one()


def ticked(screen):
    return [value for name, value in screen.fields("Continue") if name == "topics"]


def test_the_need_of_the_page_is_ticked(screens):
    """The form opens with the need of the help page ticked, and an unknown one ticks nothing."""
    assert ticked(screens.open(f"{ASK}&need=homeless")) == ["homeless"]
    assert ticked(screens.open(f"{ASK}&need=domestic-abuse")) == []
    assert ticked(screens.open(ASK)) == []


def test_what_is_ticked_is_kept_and_can_be_corrected(screens):
    """The request says what it is about, in words; its family can change that (S52)."""
    form = screens.open(f"{ASK}&need=homeless").fill(**ASKER)
    check = form.press("Continue")
    own = check.press("Send")

    assert form.heading == "Ask for support"
    assert "What would help?" in form
    assert "such as why you want to come" not in form
    assert "place yet" not in form
    assert "How many people will come" not in form
    assert "You have no home" in check
    assert kept(screens) == {"topics": "You have no home"}
    details = own.follow("See or change what we keep about you")
    details.fill(topics=["school-attendance"]).press("Save")
    assert kept(screens) == {"topics": "Your child misses school"}


def test_nothing_ticked_is_nothing_kept(screens):
    """A family does not have to say what it is about."""
    screens.open(f"{ASK}&need=homeless").fill(**ASKER, topics=[]).press("Continue").press("Send")

    assert kept(screens) == {}


def test_private_topics_stay_in_the_form(tmp_path):
    """The discreet form offers them itself: no address and no later page has one (S50, S81)."""
    screens = screens_of(tmp_path, PRIVATE_NEEDS, sensitive=True)
    form = screens.open(f"{ASK}&need=domestic-abuse")
    assert ticked(form) == []
    sent = form.fill(**ASKER, topics=["domestic-abuse"]).press("Continue")
    own = sent.press("Send")

    assert form.heading == "Ask us to get in touch"
    assert "need" not in form.form("Continue")[0]["action"]
    assert kept(screens) == {"topics": PRIVATE_NEEDS["domestic-abuse"]}
    assert PRIVATE_NEEDS["domestic-abuse"] not in own
    assert PRIVATE_NEEDS["domestic-abuse"] not in own.follow("See or change what we keep about you")
