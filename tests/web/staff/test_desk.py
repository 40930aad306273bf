"""The request desk in a browser without scripts: queue, triage, worker, first contact, end."""

import pytest

from portal import bookings
from portal.bookings import Family, Referrer, personal_data, support
from portal.staff import accounts
from tests.support import made
from tests.support.levels import LEVELS
from tests.support.staffed import Staffed

TEACHER = Referrer("Jo Bell", "teacher", "Bacup School", "jo@school.example", None, why="No sleep")


@pytest.fixture
def place(tmp_path):
    return Staffed(tmp_path, directory())


def directory(**play):
    """A group to ask for, and one to book, which may be given `play`."""
    found = made.directory(
        {"booking": "request"},
        {"title": "Play", "booking": "book", "ages": "2 years to 4 years", **play},
        way="request",
        other_centres=["hilltop"],
    )
    site = found.site.model_copy(update={"levels": LEVELS})
    return found.model_copy(update={"site": site})


def ask(place, number=0, *, centre="", programme=False, **given):
    """A family that asks for the first group, or for its programme as such."""
    options = {"contact_by": "call", "safe_to_contact": True, "phone": f"01772 12345{number}"}
    children = given.pop("children", ("3 years",))
    family = Family(f"Family {number}", children=children, **options)
    given = {"key": f"key of a form {number}", "secret": place.secret, "now": place.now} | given
    if programme:
        found = place.directory.programmes[0]
        return bookings.ask(place.engine, found, family, district="preston", centre=centre, **given)
    return bookings.book(place.engine, place.directory.series[0], family, **given)


def case(place, own):
    return support.case_of(place.engine, own.id)


def triaged(place, own, step="support", level=2, **given):
    found = case(place, own)
    support.triage(
        place.engine, found.id, level=level, next_step=step, seen=found.version,
        now=place.now, actor="staff:1", **given,
    )  # fmt: skip
    return case(place, own)


def path(own, verb=""):
    return f"/staff/requests/{own.reference}{verb and '/'}{verb}"


def test_the_queue_says_how_long_each_waits_and_what_is_due(place):
    """Each request shows its due day in working days; the overdue ones come first, in words."""
    old = ask(place, 1)
    place.wait(days=8)
    ask(place, 2)
    screen = place.signed_in().open("/staff/requests")
    text = screen.words

    assert text.index("Family 1") < text.index("Family 2")
    assert "8 days ago" in text
    assert "Today" in text
    assert "Overdue. Read it by Thursday 7 January 2027: 3 working days late" in text
    assert "Read it by Friday 15 January 2027" in text
    assert "Preston: 2 requests without a worker" in text
    assert old.reference in screen.html


def test_an_empty_desk_says_so(place):
    """Nobody waits, and there is no file to save."""
    text = place.signed_in("manager").open("/staff/requests").words

    assert "No request waits for an answer" in text
    assert "as a file" not in text


def test_triage_on_one_screen_gives_the_family_a_worker(place):
    """A manager chooses level, family support and a worker of the centre with her open count."""
    ann = place.staff(title="Ann Ford")
    place.staff(title="Ben Shah", centres=["hilltop"])
    own = ask(place, 1, referrer=TEACHER)
    manager = place.signed_in("manager")
    screen = manager.open(path(own))
    assert "Ann Ford, no family now" in screen.words
    assert "Ben Shah" not in screen.words
    assert "At level 3, the family needs others. Ring Children's services" in screen.words

    screen.fill(level="2", next_step="support", worker=str(ann.id)).press("Save your decision")
    after = manager.open(path(own))

    assert case(place, own).worker == "Ann Ford"
    assert "Has a worker" in after.words
    assert "Ann Ford, 1 family now" in after.words
    assert (manager.staff.actor, "allocate") in place.log()


def test_a_family_is_handed_over_to_anybody_of_the_footprint(place):
    """Giving a family to a worker takes nobody from the list for the next one, which says who has
    it; the centre on the family's page is that of its worker."""
    ann, ben = place.staff(title="Ann Ford"), place.staff(title="Ben Shah", centres=["hilltop"])
    group = ask(place, 2)
    triaged(place, group, worker_id=ben.id, centre="hilltop")
    support.place_cases(place.engine, place.directory)
    assert case(place, group).centre == "hilltop"

    own = ask(place, 1, programme=True)
    triaged(place, own)
    manager = place.signed_in("manager")
    listed = "Ann Ford, no family now Ben Shah, 1 family now"
    before = manager.open(path(own))
    assert listed in before.words
    before.fill(worker=str(ann.id)).press("Give the family to this worker")
    after = manager.open(path(own))
    assert "Ann Ford, 1 family now, has this family Ben Shah, 1 family now" in after.words
    assert case(place, own).centre == "riverbank"
    after.fill(worker=str(ben.id)).press("Give the family to this worker")

    assert (case(place, own).worker, case(place, own).centre) == ("Ben Shah", "hilltop")


def test_a_form_with_mistakes_is_shown_again_with_its_answers(place):
    """422 with the summary; what was chosen and typed is still there, and nothing has changed."""
    own = ask(place)
    screen = place.signed_in("manager").open(path(own))
    again = screen.fill(level="1", lead_role="Health visitor").press("Save your decision")

    assert again.status == 422
    assert "Choose what comes next" in again.words
    assert "Enter where the lead professional works" in again.words
    assert 'value="Health visitor"' in again.html
    assert case(place, own).state == "new"


def test_a_high_level_says_whom_to_ring_and_closes_with_that_reason(place):
    """Levels 3 and 4 are not ours: the page says whom to ring and what the family reads, which is
    never that a worker gets in touch, and one press closes the request."""
    own = ask(place)
    worker = place.signed_in()
    worker.open(path(own)).fill(level="3").press("Save your decision")
    screen = worker.open(path(own))
    assert "0300 123 6720" in screen.words
    saved = worker.open(f"{path(own)}?done=triaged").words
    assert "now says: “We have read your request. Others can help you better" in saved
    assert "Say no" not in saved
    screen.press("They know now: close the request")

    assert case(place, own).close_reason == "level"
    assert "Closed: needs more help than we give" in worker.open(path(own)).words


def test_a_level_that_is_not_ours_has_no_worker_of_ours(place):
    """A next step that does not go with the level is refused in words, never dropped in silence."""
    own = ask(place)
    screen = place.signed_in("manager").open(path(own))
    again = screen.fill(level="3", next_step="support").press("Save your decision")

    assert again.status == 422
    assert "Others help at level 3: choose “Another service helps”" in again.words
    again.fill(next_step="other").press("Save your decision")
    assert (case(place, own).level, case(place, own).next_step) == (3, "other")


@pytest.mark.parametrize(("reason", "levels"), [("other", LEVELS), ("level", LEVELS[:2])])
def test_who_helps_instead_is_never_left_out(place, reason, levels):
    """Where the family's page does not say by itself who helps, staff must, to close a request."""
    site = place.directory.site.model_copy(update={"levels": levels})
    place.directory = place.directory.model_copy(update={"site": site})
    own = ask(place)
    again = place.signed_in().open(path(own)).fill(reason=reason).press("Close the request")

    assert again.status == 422
    assert "Say who can help the family, and how to reach them" in again.words
    again.fill(words="Ring Home-Start.").press("Close the request")
    assert case(place, own).close_reason == reason


def test_a_group_near_the_family_is_booked_in_one_press(place):
    """The family's own details book it; the request is closed, and a second press books nothing."""
    own = ask(place)
    triaged(place, own, "group", level=1)
    worker = place.signed_in()
    screen = worker.open(path(own))
    assert "Play" in screen.words
    button = next(one.text for one in screen.main.all("button") if "Book it" in one.text)
    answers = [screen.press(button) for _ in range(2)]

    assert all("Booked" in one and "Has a place" in one for one in answers)
    assert place.count("booking") == 2
    assert case(place, own).close_reason == "group"


def test_a_group_is_booked_in_one_press_only_soon_and_for_the_right_age(place):
    """One press ends the request, so the group starts within weeks, and somebody has said that the
    family has a child of its age."""
    own = ask(place, children=())
    triaged(place, own, "group", level=1)
    worker = place.signed_in()
    screen = worker.open(path(own))
    button = next(one.text for one in screen.main.all("button") if "Book it" in one.text)
    asked = screen.press(button)
    assert (asked.status, place.count("booking")) == (422, 1)
    assert "Do they have a child of the right age?" in asked.words

    now, place.directory = place.directory, directory(starts="2027-04-13")
    assert "in the next 6 weeks" in worker.open(path(own)).words
    assert screen.fill(fits="yes").press(button).status == 409
    assert (case(place, own).state, place.count("booking")) == ("triage", 1)

    place.directory = now
    worker.open(path(own)).fill(fits="yes").press(button)
    assert case(place, own).close_reason == "group"


def test_a_worker_takes_a_family_herself_and_no_other_worker(place):
    """She can choose herself alone; another one's number is no choice of hers."""
    other = place.staff(title="Ben Shah")
    own = ask(place)
    triaged(place, own)
    worker = place.signed_in(title="Ann Ford")
    screen = worker.open(path(own))
    assert "Ben Shah" not in screen.words
    assert screen.fill(worker=str(other.id)).press("I help this family").status == 422
    screen.fill(worker=str(worker.staff.id)).press("I help this family")
    worker.open(path(own)).press("I have spoken with the family")
    found = case(place, own)

    assert (found.worker, found.contacted) == ("Ann Ford", place.now)
    assert "Your families" in worker.open("/staff/requests").words


def test_the_second_manager_reads_who_has_the_family(place):
    """S89: a form opened before somebody else's decision is refused with the name."""
    ann, ben = place.staff(title="Ann Ford"), place.staff(title="Ben Shah")
    own = ask(place)
    triaged(place, own)
    screens = [place.signed_in("manager").open(path(own)) for _ in range(2)]
    first, second = (
        screen.fill(worker=str(worker.id)).press("Give the family to this worker")
        for screen, worker in zip(screens, (ann, ben), strict=True)
    )

    assert (first.status, second.status) == (200, 409)
    assert "Ann Ford is the family's worker now" in second.words.replace("’", "'")


def test_an_old_form_is_old_before_it_is_wrong(place):
    """S89: a choice that has gone since the form was opened is no mistake of its sender; each form
    says what somebody else has done."""
    ann, gone = place.staff(title="Ann Ford"), place.staff(title="Ben Shah")
    own = ask(place)
    triaged(place, own)
    manager = place.signed_in("manager")
    screens = [manager.open(path(own)) for _ in range(3)]
    seen = case(place, own).version
    support.allocate(
        place.engine, case(place, own).id, ann.id, seen=seen, now=place.now, actor="staff:1"
    )
    accounts.remove(place.engine, gone.id, now=place.now, actor="operator")
    answers = [
        screens[0].fill(worker=str(gone.id)).press("Give the family to this worker"),
        screens[1].fill(level="", next_step="").press("Save your decision"),
        screens[2].fill(reason="level").press("Close the request"),
    ]

    assert [one.status for one in answers] == [409] * 3
    assert all("Ann Ford is the family" in one.words for one in answers)


def test_who_sees_a_request(place):
    """S90: the workers of its centre until one has it, then she alone; managers of the footprint
    throughout; a worker of another centre and a manager elsewhere never."""
    own = ask(place, 1)
    whole = ask(place, 2, programme=True)
    with_centre = ask(place, 3, programme=True, centre="riverbank")
    ann, ben = place.signed_in(title="Ann Ford"), place.signed_in(title="Ben Shah")
    elsewhere = place.signed_in(centres=["hilltop"])
    manager = place.signed_in("manager")
    other_manager = place.signed_in("manager", footprint="burnley")

    def sees(browser):
        listed = browser.open("/staff/requests").words
        found = []
        for number, one in ((1, own), (2, whole), (3, with_centre)):
            opened = browser.client.get(path(one)).status_code == 200
            booking = browser.client.get(f"/staff/bookings/{one.reference}").status_code == 200
            assert opened == booking == (f"Family {number}" in listed)
            found += [number] if opened else []
        return found

    assert sees(ann) == sees(ben) == [1, 3]
    assert sees(manager) == [1, 2, 3]
    assert sees(elsewhere) == sees(other_manager) == []
    triaged(place, own, worker_id=ann.staff.id)
    assert (sees(ann), sees(ben), sees(manager)) == ([1, 3], [3], [1, 2, 3])
    assert "Family 1" not in ben.open("/staff/bookings?q=family").words


def test_a_reader_changes_nothing(place):
    """A reader sees the request without a button, and every form is refused."""
    own = ask(place)
    reader = place.signed_in("reader")
    screen = reader.open(path(own))
    data = {"csrf_token": reader.token, "seen": "0"}
    answers = [
        reader.client.post(path(own, verb), data=data).status_code
        for verb in ("triage", "allocate", "contacted", "close", "book")
    ]

    assert "Save your decision" not in screen.words
    assert answers == [403] * 5


def test_the_families_of_a_removed_worker_come_first(place):
    """The accounts page says how many families she has; then each is first and needs a worker."""
    ann = place.staff(title="Ann Ford")
    place.wait(days=-3)
    ask(place, 1)
    place.wait(days=3)
    own = ask(place, 2)
    triaged(place, own, worker_id=ann.id)
    manager = place.signed_in("manager")
    assert "1 family has this worker" in manager.open("/staff/accounts").words
    accounts.remove(place.engine, ann.id, now=place.now, actor="operator")
    text = manager.open("/staff/requests").words

    assert text.index("Family 2") < text.index("Family 1")
    assert "Needs a worker" in text
    assert "1 family needs a worker" in manager.open("/staff/").words
    assert "The worker of this family has left" in manager.open(path(own)).words


def test_a_family_erased_in_the_middle(place):
    """The worker's page says that the details are deleted and the request has ended; the form that
    she had open changes nothing."""
    worker = place.signed_in()
    own = ask(place)
    triaged(place, own, worker_id=worker.staff.id)
    screen = worker.open(path(own))
    personal_data.erase(place.engine, place.directory, own.id, now=place.now)
    answer = screen.press("I have spoken with the family")
    text = worker.open(path(own)).words

    assert answer.status == 409
    assert "Closed: the details were deleted" in text
    assert "Nothing says who the family was" in text
    assert "Close the request" not in text


def test_closing_says_something_to_the_family(place):
    """The reason and the words are kept for the family's page, and the log has neither."""
    worker = place.signed_in()
    own = ask(place)
    triaged(place, own, worker_id=worker.staff.id)
    screen = worker.open(path(own))
    screen.fill(reason="done", words="Ring us any time.").press("Close the request")

    assert case(place, own).close_reason == "done"
    assert personal_data.answer_of(place.engine, own.id) == "Ring us any time."
    assert "Ring us" not in place.signed_in("administrator").open("/staff/log").words


def test_the_first_page_counts_what_waits(place):
    """New, overdue, without a worker, and yours: each with a link to the desk."""
    worker = place.signed_in()
    for number in (1, 2):
        ask(place, number)
    own = ask(place, 3)
    triaged(place, own, worker_id=worker.staff.id)
    triaged(place, ask(place, 4))
    place.wait(days=8)
    worker.become(worker.staff)
    text = worker.open("/staff/").words

    assert "2 new requests wait for an answer" in text
    assert "2 requests are overdue" in text
    assert "1 family needs a worker" in text
    assert "1 family has you as worker" in text


def test_the_file_names_no_family(place):
    """States and days of the requests that this person sees, and nothing that names a family."""
    ask(place, 1, referrer=TEACHER)
    place.wait(days=1)
    worker = place.signed_in()
    data = worker.client.get("/staff/requests.csv").get_data(as_text=True)

    assert "New" in data
    assert "2027-01-04" in data
    assert not any(planted in data for planted in ("Family 1", "123451", "Jo Bell", "No sleep"))
    assert (worker.staff.actor, "export requests") in place.log()
