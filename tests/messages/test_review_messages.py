"""The message before a review of a plan."""

from datetime import timedelta

import pytest

from portal.bookings import support_plans
from tests.support import cases
from tests.support.made import NOW
from tests.support.post import SECRET, Post

WEEKS_ON = NOW + timedelta(days=43)  # 16 February 2027, a week before the first review


def planned(sqlite, folder, *, sensitive=False):
    directory = cases.directory(sensitive=sensitive)
    post = Post(sqlite, folder, directory)
    _, number = cases.allocated(sqlite, directory, secret=SECRET)
    post.came()
    cases.planned(sqlite, directory, number)
    return post, number


def test_the_message_names_the_day_of_the_review(sqlite, tmp_path):
    """A family is reminded of its review some days before, with the day and the private link, and
    only once."""
    post, _ = planned(sqlite, tmp_path)
    assert post.came() == []
    (letter,) = post.came(WEEKS_ON)

    assert "Monday 22 February 2027" in letter.plain
    assert "/bookings/" in letter.plain
    assert "sleep" not in letter.plain  # nothing of the goals
    assert letter.subject == "Your request"
    assert post.came(WEEKS_ON + timedelta(days=1)) == []


def test_the_message_of_a_sensitive_request_says_no_day(sqlite, tmp_path):
    """The message about a sensitive programme is discreet: no day, no plan (S4)."""
    post, _ = planned(sqlite, tmp_path, sensitive=True)
    (letter,) = post.came(WEEKS_ON)

    assert [word for word in ("February", "plan", "review", "worker") if word in letter.plain] == []


@pytest.mark.parametrize("change", ["held", "moved", "ended"])
def test_a_message_that_is_no_longer_true_is_not_sent(sqlite, tmp_path, change):
    """A review that was held, is on another day by now, or whose case has ended sends nothing, even
    if its message is still queued."""
    post, number = planned(sqlite, tmp_path)
    values = {
        "held": {"first_reviewed": NOW},
        "moved": {"first_review": "2027-03-01"},
        "ended": {"state": "closed"},
    }[change]
    cases.change(sqlite, number, **values)

    assert post.came(WEEKS_ON) == []
    assert ("support-review", "dropped") in post.states()


def test_the_message_follows_the_plan(sqlite, tmp_path):
    """When the start moves, the family is reminded of the new day and of no other."""
    post, number = planned(sqlite, tmp_path)
    later = cases.START + timedelta(days=7)
    cases.planned(sqlite, post.directory, number, starts=later)
    assert support_plans.plan_of(sqlite, number).first_review.isoformat() == "2027-03-01"
    assert post.came(WEEKS_ON) == []
    (letter,) = post.came(WEEKS_ON + timedelta(days=7))
    assert "Monday 1 March 2027" in letter.plain
