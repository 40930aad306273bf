"""What tells families how to reach us gives a way that exists, by the one rule for it."""

import re
from datetime import datetime, time

import pytest

from portal.directory.contact import contact_about
from portal.directory.values import LONDON
from portal.settings import Settings
from portal.web.live.app import create_desk
from tests.guards.test_promises import strings_of, texts
from tests.support.databases import new_sqlite
from tests.support.markup import parsed
from tests.support.paths import ROOT
from tests.support.ringing import without_number
from tests.support.shipped import DAY

pytestmark = pytest.mark.slow

# Where words for families are made in code.
CODE = ("bookings", "content", "directory", "feeds", "finder", "messages", "web/live", "web/site")

_INLINE = re.compile(r"</?(?:a|b|bdi|strong|span)\b[^>]*>")
_BLOCKS = re.compile(r"<[^>]*>|\{%[^%]*%\}")


def test_nothing_asks_families_to_ring_without_a_number():
    """Fixed words say "ask us": only the rule for it knows whether there is a number to ring."""
    found = dict(texts())
    for folder in CODE:
        for path in (ROOT / "portal" / folder).rglob("*.py"):
            found[path.relative_to(ROOT).as_posix()] = strings_of(path)
    for path in (ROOT / "portal/web").glob("*.py"):
        found[path.relative_to(ROOT).as_posix()] = strings_of(path)
    for path in (ROOT / "portal/static").glob("*.js"):
        found[path.relative_to(ROOT).as_posix()] = path.read_text("utf-8")
    wrong = [
        (name, sentence)
        for name, text in sorted(found.items())
        for sentence in without_number(_BLOCKS.sub("\n", _INLINE.sub("", text)))
    ]

    assert len(found) > 150
    assert wrong == []


@pytest.mark.slow
def test_every_screen_about_a_series_says_how_to_reach_us(shipped_directory, tmp_path):
    """Each shows the number, email address or page of the rule, and no number that is a sample."""
    directory = shipped_directory
    settings = Settings(root=ROOT, out=tmp_path / "build", var=tmp_path / "var")
    new_sqlite(settings.var / "portal.db")
    noon = datetime.combine(DAY, time(12), LONDON)
    desk = create_desk(lambda: directory, settings, clock=lambda: noon).test_client()
    things = {series.booking_path: series for series in directory.series}
    things |= {f"/request/{one.slug}?who=family": one for one in directory.programmes}
    things |= {one.tell_path: one for one in directory.programmes if one.can_tell}
    wrong, ways = [], set()
    for path, thing in things.items():
        answer = desk.get(path)
        if answer.status_code == 303:
            continue  # its programme is asked for, and has a screen of its own
        main = parsed(answer.text.removeprefix("<!DOCTYPE html>").strip()).one("main")
        contact = contact_about(thing, directory.site)
        ways.add(contact.way)
        given = contact.to if contact.way != "page" else "See how to reach us"
        if given not in main.text or "01632 960" in main.text or without_number(main.text):
            wrong.append(path)

    assert len(things) > 250
    assert "page" in ways
    assert wrong == []
