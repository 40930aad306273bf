"""Drafts of the content: kept for a person and a centre, whoever else changes the same file."""

from datetime import timedelta

import pytest

from portal.database import audit
from portal.editing import content_drafts
from portal.editing.content_drafts import DraftError, DraftFile
from tests.support import made
from tests.support.staffed import make_staff

CENTRE = "riverbank"
PATH = "centres/preston/riverbank/bump-spring.md"
NOW = made.NOW


def put(engine, staff, after, *, before=b"as it was", path=PATH, now=NOW, **given):
    files = [DraftFile(path, before, after)]
    content_drafts.put(engine, staff.id, CENTRE, files, now=now, **given)


def mine(engine, staff):
    return content_drafts.open_draft(engine, staff.id, CENTRE)


@pytest.fixture
def sam(engine):
    return make_staff(engine)


def test_a_draft_keeps_what_its_files_were_first(engine, sam) -> None:
    """A file of a draft is compared with what it was when the change began, however often saved."""
    put(engine, sam, b"first")
    put(engine, sam, b"second", before=b"on the disk by now")
    found = mine(engine, sam)

    assert found.files == {PATH: DraftFile(PATH, b"as it was", b"second")}
    assert (found.state, found.author, found.email) == ("draft", sam.title, sam.name)
    put(engine, sam, b"third", before=b"on the disk by now", rebase=True)
    assert mine(engine, sam).files[PATH].before == b"on the disk by now"


def test_what_is_as_it_was_is_no_draft(engine, sam) -> None:
    """A file that is changed back leaves the draft, and a draft without files is deleted."""
    put(engine, sam, b"first")
    put(engine, sam, b"as it was")

    assert mine(engine, sam) is None


def test_two_people_have_drafts_of_one_file(engine, sam) -> None:
    """A draft belongs to one person: a colleague's draft of the same file stays as it is."""
    ada = make_staff(engine, title="Ada")
    put(engine, sam, b"of Sam")
    put(engine, ada, b"of Ada")
    content_drafts.take_out(engine, ada.id, CENTRE, PATH, now=NOW)

    assert mine(engine, ada) is None
    assert mine(engine, sam).files[PATH].after == b"of Sam"
    assert [one.author for one in content_drafts.open_drafts(engine, [CENTRE])] == ["Sam Brook"]
    assert content_drafts.open_drafts(engine, ["harbour"]) == []


def test_a_draft_under_review_stays_as_it_is(engine, sam) -> None:
    """S78: what a manager looks at is not changed meanwhile: it is published as seen, or not."""
    put(engine, sam, b"first")
    before = mine(engine, sam)
    assert content_drafts.send(engine, before, now=NOW + timedelta(minutes=1))
    assert content_drafts.waiting(engine, [CENTRE]) == 1
    with pytest.raises(DraftError, match="Take them back first"):
        put(engine, sam, b"second")

    seen = mine(engine, sam)
    assert not content_drafts.published(engine, before, now=NOW, actor=sam.actor)
    assert content_drafts.take_back(engine, seen, now=NOW + timedelta(minutes=2))
    actor = make_staff(engine, "manager").actor
    late = NOW + timedelta(minutes=3)
    assert not content_drafts.send_back(engine, seen, "Not yet", now=late, actor=actor)
    assert content_drafts.send(engine, mine(engine, sam), now=late)
    again = mine(engine, sam)
    assert content_drafts.send_back(engine, again, "Which room?", now=late, actor=actor)
    assert (mine(engine, sam).state, mine(engine, sam).words) == ("back", "Which room?")
    put(engine, sam, b"second")


def test_what_is_published_is_open_no_more(engine, sam) -> None:
    """A published draft is over: the next change begins another, and each deed is in the log."""
    put(engine, sam, b"first")
    put(engine, sam, b"picture", path="centres/preston/riverbank/front.jpg", before=None)
    found = mine(engine, sam)
    assert content_drafts.published(engine, found, now=NOW, actor=sam.actor)
    assert mine(engine, sam) is None
    assert content_drafts.draft(engine, found.id).state == "published"
    put(engine, sam, b"other")
    content_drafts.drop(engine, sam.id, CENTRE, now=NOW)
    lines = [
        (one.series, one.action, one.detail.get("file"))
        for one in reversed(audit.log(engine, centres=[CENTRE]))
        if one.action.startswith("content")
    ]

    assert lines == [
        ("riverbank/bump-spring", "content-edit", "bump-spring.md"),
        ("riverbank/", "content-edit", "front.jpg"),
        ("riverbank/bump-spring", "content-publish", "bump-spring.md"),
        ("riverbank/", "content-publish", "front.jpg"),
        ("riverbank/bump-spring", "content-edit", "bump-spring.md"),
        ("riverbank/", "content-drop", None),
    ]


def test_drafts_that_nobody_changes_are_deleted(engine, sam) -> None:
    """A draft is kept for 90 days after its last change, and then deleted."""
    put(engine, sam, b"first")
    until = mine(engine, sam).until
    kept = content_drafts.forget_old(engine, until - timedelta(seconds=1))

    assert (kept, content_drafts.forget_old(engine, until)) == (0, 1)
    assert mine(engine, sam) is None


def test_a_draft_has_an_end(engine, sam) -> None:
    """A draft holds a whole centre's term and not more, so that it can be looked at."""
    files = [
        DraftFile(f"centres/preston/riverbank/g{number}.md", None, b"x")
        for number in range(content_drafts.MOST_FILES + 1)
    ]
    with pytest.raises(DraftError, match="Publish some"):
        content_drafts.put(engine, sam.id, CENTRE, files, now=NOW)
    assert mine(engine, sam) is None
