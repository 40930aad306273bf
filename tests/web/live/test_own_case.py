"""The family's own page says where its request is, in plain words, and promises what is kept."""

import pytest

from portal import bookings
from portal.bookings import Family, support
from portal.staff import accounts
from tests.support import made
from tests.support.levels import LEVELS
from tests.support.screens import Screens
from tests.support.staffed import make_staff


@pytest.fixture
def screens(tmp_path):
    directory = made.directory({"booking": "request"}, way="request")
    return Screens(tmp_path, with_levels(directory))


def with_levels(directory):
    site = directory.site.model_copy(update={"levels": LEVELS})
    return directory.model_copy(update={"site": site})


def ask(screens, **given):
    options = {"email": "amina@example.org", "contact_by": "email", "safe_to_contact": True} | given
    secret = screens.desk.extensions["live"].secret
    return bookings.book(
        screens.engine, screens.directory.series[0], Family("Amina Khan", **options),
        key="a key of a form", secret=secret, now=screens.now,
    )  # fmt: skip


def decide(screens, own, step="support", worker=None, lead=("", ""), level=2):
    case = support.case_of(screens.engine, own.id)
    support.triage(
        screens.engine, case.id, level=level, next_step=step, seen=case.version, now=screens.now,
        actor="staff:1", worker_id=worker.id if worker else None, lead=lead,
    )  # fmt: skip


def end(screens, own, reason, words=""):
    case = support.case_of(screens.engine, own.id)
    support.close(
        screens.engine, case.id, reason, seen=case.version, now=screens.now, actor="staff:1",
        words=words,
    )  # fmt: skip


def page(screens, own):
    return screens.open(f"/bookings/{own.link}")


def test_a_new_request_says_when_it_is_read(screens):
    """The day of the setting, in working days; once it has passed, that we are late."""
    own = ask(screens)
    assert "We will read it by Thursday 7 January 2027" in page(screens, own)
    screens.wait(days=4)
    late = page(screens, own)

    assert "We wanted to read it by Thursday 7 January 2027, and we are late" in late
    assert "We will read it by" not in late


def test_a_family_reads_who_its_worker_is(screens):
    """Her first name, her centre, who else helps, and by when she gets in touch; a worker who has
    left is not named."""
    own = ask(screens)
    worker = make_staff(screens.engine, title="Ann Ford")
    decide(screens, own, worker=worker, lead=("Health visitor", "Burnley Health Centre"))
    said = page(screens, own)
    assert said.heading == "You have a worker"
    assert "Your worker is Ann at Riverbank" in said
    assert "Ford" not in said
    assert "If you get another worker, or when our work on your request ends" in said
    assert "12 January" not in said
    assert "Who else helps you: Health visitor, Burnley Health Centre" in said
    assert "A worker will get in touch with you by Monday 18 January 2027" in said

    accounts.remove(screens.engine, worker.id, now=screens.now, actor="operator")
    after = page(screens, own)
    assert "We are choosing another worker for you" in after
    assert "This page names them by Thursday 7 January 2027" in after
    assert "Ann" not in after
    assert "your worker?" not in after
    screens.wait(days=4)
    assert "This page names them by" not in page(screens, own)


@pytest.mark.parametrize(
    ("contact", "said"),
    [
        (None, "Ring 01772 111111."),
        ({"first_name": "Ann", "phone": "01772 222222", "days": ["Monday", "Tuesday"]},
         "Ring 01772 222222. They are there on these days: Monday and Tuesday."),
        ({"first_name": "Sam", "phone": "01772 222222", "days": ["Monday"]}, "Ring 01772 111111."),
    ],
)  # fmt: skip
def test_a_family_can_reach_its_worker(tmp_path, contact, said):
    """The number and days of the centre's contact if that is its worker, or the centre's number."""
    centre = {"contact": contact} if contact else {}
    found = made.directory({"booking": "request"}, way="request", centre=centre)
    screens = Screens(tmp_path, found)
    own = ask(screens)
    decide(screens, own, worker=make_staff(screens.engine, title="Ann Ford"))

    assert f"Do you have a question for your worker? {said}" in page(screens, own)


def test_what_is_next_is_said_after_the_first_contact(screens):
    """Once the worker has spoken with the family, its page says that a plan is next."""
    own = ask(screens)
    decide(screens, own, worker=make_staff(screens.engine, title="Ann Ford"))
    case = support.case_of(screens.engine, own.id)
    given = {"seen": case.version, "now": screens.now, "actor": "staff:1"}
    support.contacted(screens.engine, case.id, **given)

    assert "You and your worker make a plan next." in page(screens, own)


def test_contact_is_promised_only_where_it_is_safe(screens):
    """S5: a family that wants none is promised none; nor is one that has heard from us already."""
    own = ask(screens, contact_by="none", safe_to_contact=False)
    decide(screens, own)

    assert "We are choosing a worker for you" in page(screens, own)
    assert "get in touch with you by" not in page(screens, own)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("done", "Our work on your request has ended: we have done what we planned together"),
        ("unreached", "we tried to reach you and could not"),
        ("level", "others can give it. Children's services: 0300 123 6720"),
    ],
)
def test_the_end_is_said_with_its_reason(screens, reason, said):
    """What staff wrote is shown too, the request is not called taken back, and cannot be reopened
    by the family."""
    own = ask(screens)
    end(screens, own, reason, "Come to our coffee morning.")
    shown = page(screens, own)

    assert shown.heading == "Your request has ended"
    assert said in shown
    assert "Come to our coffee morning." in shown
    assert "You can ask again with what you told us" not in shown


@pytest.mark.parametrize(("level", "number"), [(3, "03001236720"), (4, "03001236723")])
def test_a_family_that_needs_more_reads_who_helps(screens, level, number):
    """At the levels of others, and after an end for that reason: whom to ring, as a link, and where
    urgent help is, and no worker or day of ours."""
    own = ask(screens)
    decide(screens, own, step="other", level=level)
    open_page = page(screens, own)
    end(screens, own, "level")
    for shown in (open_page, page(screens, own)):
        links = [one["href"] for one in shown.main.all("a") if "href" in one.attributes]
        assert f"tel:{number}" in links
        assert "tel:999" in links
        assert "get in touch with you by" not in shown
    assert "Others can help you better than we can" in open_page


def test_a_family_that_was_reached_is_not_called_unreached(screens):
    """After a first contact the page says that we have lost touch."""
    own = ask(screens)
    decide(screens, own)
    case = support.case_of(screens.engine, own.id)
    support.contacted(screens.engine, case.id, seen=case.version, now=screens.now, actor="staff:1")
    end(screens, own, "unreached")

    assert "we have lost touch with you" in page(screens, own)
    assert "could not" not in page(screens, own)


def test_a_sensitive_request_stays_discreet(tmp_path):
    """S3: neither the title nor the open part of the page says that there is a worker."""
    screens = Screens(tmp_path, with_levels(made.directory(sensitive=True)))
    secret = screens.desk.extensions["live"].secret
    family = Family("Amina Khan", email="a@example.org", contact_by="email", safe_to_contact=True)
    own = bookings.ask(
        screens.engine, screens.directory.programmes[0], family, key="a key of a form",
        secret=secret, now=screens.now,
    )  # fmt: skip
    decide(screens, own, step="", level=3)
    high = page(screens, own)
    assert "Children's services" in " ".join(one.text for one in high.main.all("details"))
    assert high.words.count("Children's services") == 1
    assert high.heading == "We have your request"

    decide(screens, own, worker=make_staff(screens.engine, title="Ann Ford"))
    said = page(screens, own)
    folded = " ".join(one.text for one in said.main.all("details"))

    assert said.heading == "We have your request"
    assert "Your worker is Ann." in folded
    assert "worker" not in said.title
