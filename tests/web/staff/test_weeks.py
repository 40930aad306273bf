"""The week of a centre, answered by a link without a sign-in."""

import shutil
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from portal import content, database
from portal.database.references import new_week_link
from portal.database.tables import week_link
from portal.editing import publishing
from portal.staff import week_post, weeks
from portal.web.site.app import create_site
from tests.support import made
from tests.support.paths import ROOT
from tests.support.staffed import Staffed

RIGHT, OFF = "All of it is right", "Something is off"
FILE = "centres/preston/riverbank/index.md"
ELSEWHERE = "The site is built on another machine"


@pytest.fixture
def place(tmp_path):
    """A machine that does not build, in the week of the first session."""
    place = Staffed(tmp_path, made.directory(), root=ROOT, roles="web,post")
    place.now = made.NOW + timedelta(days=7)
    return place


def asked(place, **given):
    """Ask one worker, by email; the address of the link."""
    place.staff(**given)
    weeks.ask(place.engine, place.directory, place.settings, now=place.now)
    week_post.send_due(
        place.engine, place.directory, place.settings, now=place.now, claimant="test"
    )
    return links(place)[-1]


def links(place):
    query = sa.select(week_link.c.nonce).order_by(week_link.c.id)
    with database.read(place.engine) as connection:
        nonces = connection.execute(query).scalars()
        return [f"/staff/week/{new_week_link(place.secret, bytes(one))}" for one in nonces]


def test_opening_a_link_changes_nothing(place):
    """S80: a mail scanner opens every link of an email, and nothing is ticked by it."""
    address = asked(place)
    for path in (address, f"{address}/off"):
        assert place.stranger().open(path).status == 200
        assert place.stranger().client.head(path).status_code == 200

    assert "week right" not in [action for _, action in place.log()]
    assert place.count("week_report") == 0
    assert RIGHT in place.stranger().open(address).html


def test_one_button_says_that_all_is_right(place):
    """The page thanks, says whether families see it, and takes no second answer."""
    address = asked(place)
    screen = place.stranger().open(address)
    done = screen.press(RIGHT)
    again = screen.press(RIGHT)

    assert screen.heading == "The week of Riverbank"
    assert "10am to midday Bump, Birth and Beyond" in screen
    assert "You said at 9am on Monday 11 January 2027 that all is right." in done
    assert f"The page of the centre does not say so. {ELSEWHERE}" in done
    assert RIGHT not in done.html
    assert done.words == again.words
    assert [did for _, did in place.log()].count("week right") == 1
    assert place.stranger().open(f"{address}/off").status == 303


def test_the_page_of_the_centre_says_so(tmp_path, sample_root, directory):
    """Where the site is built, the answer is in the file, and then on the page, with its day."""
    root = shutil.copytree(sample_root, tmp_path / "root")
    place = Staffed(tmp_path, directory, root=root)
    place.now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    address = asked(place)
    done = place.stranger().open(address).press(RIGHT)

    assert "\nchecked: 2026-11-23\n" in (root / FILE).read_text()
    assert "The page of the centre says so in a few minutes." in done
    place.directory = content.load(root, today=place.now.date())
    assert "Families see on the page of the centre that it was checked." in (
        place.stranger().open(address)
    )
    built = create_site(place.directory).test_client().get("/centres/riverbank/").text
    assert "We last checked this page on Monday 23 November 2026." in built


def test_a_week_that_has_changed_is_asked_about_again(place):
    """S80: an answer to what is no longer true does not count."""
    address = asked(place)
    screen = place.stranger().open(address)
    place.directory = made.directory({"time": "13:00-15:00"})
    changed = screen.press(RIGHT)

    assert changed.status == 409
    assert "The week has changed since you opened this page" in changed
    assert "1pm to 3pm" in changed
    assert "The week has changed since the email was sent." in place.stranger().open(address)
    assert "week right" not in [action for _, action in place.log()]
    assert "that all is right" in changed.press(RIGHT)


def test_a_week_that_is_being_changed_is_not_ticked(tmp_path, sample_root, directory):
    """S80: a change that is on disk and not yet on the site has not been checked."""
    root = shutil.copytree(sample_root, tmp_path / "root")
    place = Staffed(tmp_path, directory, root=root)
    place.now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    screen = place.stranger().open(asked(place))
    file = root / FILE
    file.write_text(file.read_text().replace("phone: 01632 960123", "phone: 01632 960124"))
    answer = screen.press(RIGHT)

    assert answer.status == 409
    assert "Look at it again in a few minutes" in answer
    assert "checked: 2026-11-05" in file.read_text()
    assert "week right" not in [action for _, action in place.log()]


def test_a_file_that_goes_meanwhile_does_not_lose_the_answer(
    tmp_path, sample_root, directory, monkeypatch
):
    """The answer is kept and the page says why families do not see it, also if the file of the
    centre is deleted or renamed while it is being checked."""
    root = shutil.copytree(sample_root, tmp_path / "root")
    place = Staffed(tmp_path, directory, root=root)
    place.now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    screen = place.stranger().open(asked(place))
    check = publishing.check

    def check_and_delete(*given, **named):
        found = check(*given, **named)
        (root / FILE).unlink(missing_ok=True)
        return found

    monkeypatch.setattr(publishing, "check", check_and_delete)
    done = screen.press(RIGHT)

    assert "The page of the centre does not say so." in done
    assert "week right" in [action for _, action in place.log()]


def test_content_with_mistakes_does_not_lose_the_answer(tmp_path, sample_root, directory):
    """The answer is kept, and the page says why families do not see it."""
    root = shutil.copytree(sample_root, tmp_path / "root")
    place = Staffed(tmp_path, directory, root=root)
    place.now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    screen = place.stranger().open(asked(place))
    (root / FILE).write_text((root / FILE).read_text().replace("kind:", "kinds:"))
    done = screen.press(RIGHT)

    assert "The page of the centre does not say so. The content has mistakes" in done
    assert "week right" in [action for _, action in place.log()]


def test_a_colleague_sees_who_has_answered(place):
    """One answer is enough for a centre; the others can still say what is off."""
    place.staff(title="Ann Hill")
    asked(place, title="Jo Lane")
    first, second = links(place)
    place.stranger().open(first).press(RIGHT)
    screen = place.stranger().open(second)

    assert "Ann Hill said on Monday 11 January 2027 that all is right." in screen
    assert RIGHT not in screen.html
    assert "Thank you" in screen.follow(OFF).fill(words="The phone is cut off").press("Tell them")


def test_what_is_off_stands_on_today_until_it_is_closed(place):
    """Staff and manager of the centre see it, with a link to its pages; readers close nothing."""
    address = asked(place, title="Sam Brook")
    form = place.stranger().open(address).follow(OFF)
    empty = form.press("Tell them")
    key = "riverbank/bump/2027-01-12/2027-01-12"
    done = form.fill(words="The hall is locked", sessions=[key]).press("Tell them")

    assert empty.problems == [("Write what is off", "#words")] or empty.status == 422
    assert "that something is off" in done
    for role in ("worker", "editor", "manager", "reader"):
        today = place.signed_in(role).open("/staff/")
        assert "The hall is locked" in today
        assert "Tuesday 12 January, 10am to midday, Bump, Birth and Beyond" in today
        assert "Sam Brook said so at 9am on Monday 11 January 2027" in today
        assert ("It is right now" in today.html) == (role != "reader")
        pages = '<b><a href="/staff/content/riverbank">Riverbank</a></b>'
        assert (pages in today.html) == (role != "reader")
    others = place.signed_in("worker", centres=["elsewhere"])
    assert "The hall is locked" not in others.open("/staff/")
    refused = others.send("/staff/weeks/1/close", {"csrf_token": others.token})
    assert refused.status == 403
    closed = place.signed_in("editor").open("/staff/").press("It is right now: Riverbank, report 1")
    assert "The hall is locked" not in closed
    assert "close report" in [action for _, action in place.log()]


def test_what_is_off_stays_on_today_when_the_centre_is_renamed(place):
    """A report is open until somebody closes it, under whatever name its centre has by then."""
    form = place.stranger().open(asked(place)).follow(OFF)
    form.fill(words="The hall is locked").press("Tell them")
    place.directory = made.directory()
    place.directory.centres[0].link(slug="lakeside", aliases=("riverbank",))
    today = place.signed_in("editor", centres=["lakeside"]).open("/staff/")

    assert "The hall is locked" in today
    assert '<a href="/staff/content/lakeside">' in today.html
    assert "The hall is locked" not in today.press("It is right now: Riverbank, report 1")


def test_the_manager_sees_what_nobody_has_checked(place):
    """Overdue weeks are on Today of the manager from the day after, and on nobody else's."""
    asked(place)
    words = "Nobody has said yet whether this week is right at Riverbank"
    manager = place.signed_in("manager")
    assert words not in manager.open("/staff/")
    place.now += timedelta(days=1)
    manager = place.signed_in("manager")

    assert words in manager.open("/staff/")
    assert words not in place.signed_in("worker").open("/staff/")
    place.stranger().open(links(place)[0]).press(RIGHT)
    today = manager.open("/staff/")
    assert words not in today
    assert f"This week is right at Riverbank, and their pages do not say so. {ELSEWHERE}" in today


def test_a_centre_without_staff_is_said_to_the_manager(place):
    """A centre that nobody can check is named with what to do; an invitation that was not used is
    no account in use."""
    weeks.ask(place.engine, place.directory, place.settings, now=place.now)
    today = place.signed_in("manager").open("/staff/")

    words = (
        "Nobody was asked this Monday whether the week is right at Riverbank: no worker or editor "
        "had an account there that was in use. An invitation counts once it is used"
    )
    assert words in today


def test_a_link_that_is_wrong_or_over_says_what_to_do(place):
    """S80: one and the same page, whatever is wrong with the link."""
    address = asked(place)
    wrong = [place.stranger().open(f"/staff/week/wrong{end}") for end in ("", "/off")]
    place.now += timedelta(days=7)
    over = [place.stranger().open(f"{address}{end}") for end in ("", "/off")]

    assert {one.status for one in (*wrong, *over)} == {404}
    assert len({one.words for one in (*wrong, *over)}) == 1
    assert "This link no longer works" in over[0]


def test_the_form_of_another_browser_is_shown_again(place):
    """S42: an answer needs the token of its own browser."""
    address = asked(place)
    fields = place.stranger().open(address).fields(RIGHT)
    answer = place.stranger().send(address, dict(fields))

    assert answer.status == 400
    assert RIGHT in answer.html
    assert "week right" not in [action for _, action in place.log()]


def test_pages_without_a_sign_in_show_nothing_of_a_family(place):
    """S80: neither the week nor its form holds more than the public pages do."""
    place.directory = made.directory(sensitive=True)
    address = asked(place)
    for path in (address, f"{address}/off"):
        screen = place.stranger().open(path)
        assert "Time together" not in screen.html
        assert "12 January" not in screen.html
