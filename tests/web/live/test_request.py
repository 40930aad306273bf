"""Asking for a place: families, professionals, and practitioners with a gap."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from portal import bookings, database
from portal.bookings import personal_data
from portal.database import tables
from portal.database.references import outcome_link_of
from tests.support import made
from tests.support.screens import FAMILY, Screens

ASK = "/request/bump"
WORKER = {
    "worker_name": "Jo Bell",
    "worker_role": "Midwife",
    "organisation": "Royal Preston",
    "worker_email": "jo@nhs.example",
    "consent": "yes",
}
GAP = {
    "district": "preston",
    "theme": "car-seats",
    "needs": ["send", "homeless"],
    "caf": "yes",
    "wanted": "A car seat",
    "tried": "The usual things",
    "pounds": "120",
    "name": "Jo Bell",
    "organisation": "A school",
    "email": "jo@school.example",
}


def run(tmp_path, *fields, **given) -> Screens:
    settings = {name: given.pop(name) for name in list(given) if name.startswith("bookings_")}
    return Screens(tmp_path, made.directory(*fields, **given), **settings)


@pytest.fixture
def screens(tmp_path):
    return run(tmp_path, {}, {"time": "13:00-15:00", "places": None}, way="request")


def kept(screens, table: str = "person"):
    with database.read(screens.engine) as connection:
        return connection.execute(sa.select(tables.metadata.tables[table])).one()


# --- a family -------------------------------------------------------------------------------------


def test_who_asks_comes_first(screens) -> None:
    """A choice of two links, without a cookie; a run that was chosen stays chosen."""
    choice = screens.open(f"{ASK}?series=riverbank/bump-1")
    family = choice.follow("For me or my family")

    assert choice.heading == "Ask for a place"
    assert "Set-Cookie" not in choice.answer.headers
    assert dict(family.fields("Continue"))["series"] == "riverbank/bump-1"


def test_a_family_asks_for_a_run(screens) -> None:
    """Form, check, sent: a request that staff answer, with the safe time and the way chosen."""
    form = screens.open(f"{ASK}?series=riverbank/bump").follow("For me or my family")
    answers = {**FAMILY, "contact_by": "call", "phone": "01772 900123", "safe_time": "Mornings"}
    check = form.fill(**answers).press("Continue")
    own = check.press("Send")

    assert "Preston: Tuesdays, 10am to midday, Riverbank" in check
    assert own.heading == "We have your request"
    assert "we will ring you" in own
    assert "You do not have a place yet" in own
    assert (kept(screens).contact_by, kept(screens).answers) == ("call", {"safe-time": "Mornings"})
    assert kept(screens, "bookable").series == "riverbank/bump"
    own.follow("Take back your request").press("Yes, take it back")
    assert kept(screens, "booking").status == "cancelled"


def test_a_family_asks_for_the_programme_as_such(screens) -> None:
    """Without choosing a run the request is kept too, with where the family would like to go."""
    own = screens.book(f"{ASK}?who=family", district="preston")

    assert own.heading == "We have your request"
    assert "Bump, Birth and Beyond" in own
    assert kept(screens, "bookable").series == "programme:bump@preston"
    assert kept(screens).answers == {"where": "Preston"}
    assert screens.open(f"{own.path}/calendar.ics").status == 404
    changed = own.follow("Change who is coming").fill(people="3").press("Save")
    assert changed.heading == "We have your request"


def test_a_lost_answer_makes_no_second_request(screens) -> None:
    """S22 for requests: the same form again shows the same one."""
    check = screens.open(f"{ASK}?who=family").fill(**FAMILY).press("Continue")
    sent = [check.press("Send", follow=False).answer.headers["Location"] for _ in range(2)]

    assert sent[0] == sent[1]
    assert screens.count() == 1


def test_a_lost_answer_and_a_run_that_has_closed(tmp_path) -> None:
    """The request is shown, though that run cannot be chosen any more."""
    screens = run(tmp_path, {"closes": "2027-01-06"}, {"starts": "2027-02-02"}, way="request")
    form = screens.open(f"{ASK}?who=family").fill(**FAMILY, series="riverbank/bump")
    check = form.press("Continue")
    first = check.press("Send")
    screens.wait(days=4)

    assert check.press("Send").path == first.path
    assert screens.count() == 1


@pytest.mark.parametrize("who", ["family", "professional"])
def test_back_after_asking_and_other_answers(screens, who) -> None:
    """They are not in what was sent, and may be sent as another request. The private link stays
    the family's."""
    worker = WORKER if who == "professional" else {}
    form = screens.open(f"{ASK}?who={who}").fill(**FAMILY, **worker)
    sent = form.press("Continue").press("Send")
    said = form.fill(name="Basma Khan").press("Continue")

    assert (said.status, said.heading) == (409, "You have sent this form already")
    assert said.follow("See what happens next").path == sent.path
    assert ("/bookings/" in said.html) == (who == "family")
    said.press("Send as a new form").press("Send")
    assert screens.count() == 2


def test_a_request_is_answered_on_its_page(screens) -> None:
    """Yes shows the dates, no shows what else may help."""
    yes = screens.book(f"{ASK}?who=family&series=riverbank/bump")
    no = screens.visitor().book(f"{ASK}?who=family", email="b@example.org")
    given = {"now": screens.now, "actor": "staff:1"}
    bookings.confirm(screens.engine, screens.directory, 1, **given)
    bookings.decline(screens.engine, 2, reason="It is full.", **given)

    assert screens.open(yes.path).heading == "You have a place"
    assert "Tuesday 12 January 2027" in screens.open(yes.path)
    assert screens.open(no.path).heading == "We cannot offer you a place"
    assert "You do not have to manage alone" in screens.open(no.path)
    assert "It is full." in screens.open(no.path)


def test_another_age_is_no_mistake(tmp_path) -> None:
    """The page explains; who asks all the same is heard."""
    screens = run(tmp_path, {"ages": "1-2 years"}, way="request")
    form = screens.open(f"{ASK}?who=family&series=riverbank/bump")
    page = form.fill(**FAMILY, children__1__age="9").press("Continue")

    assert (page.status, page.heading) == (200, "This is for a different age")
    own = page.press("Ask anyway").press("Send")
    assert own.heading == "We have your request"
    assert kept(screens).children == ["9 years"]


def test_a_district_without_a_run_is_no_mistake(tmp_path) -> None:
    """The nearest runs are offered with the answers kept, and one may ask for the district."""
    screens = run(tmp_path, way="request")
    place = screens.directory.footprints[0]
    other = place.districts[0].model_copy(update={"slug": "pendle", "title": "Pendle"})
    footprint = place.model_copy(update={"districts": (*place.districts, other)})
    screens.directory.__dict__["footprints"] = (footprint,)
    form = screens.open(f"{ASK}?who=family").fill(**FAMILY, district="pendle")
    page = form.press("Continue")

    assert (page.status, page.heading) == (200, "It is not running in Pendle at the moment")
    near = page.press(
        "Ask for Preston: Tuesdays, 10am to midday, Riverbank, "
        "6 sessions, from 12 January to 16 February 2027"
    )
    assert near.heading == "Check your answers"
    assert dict(near.fields("Send"))["series"] == "riverbank/bump"
    own = page.press("Ask for Pendle").press("Send")
    assert own.heading == "We have your request"
    assert kept(screens).answers == {"where": "Pendle"}


@pytest.mark.parametrize(
    ("fields", "given", "heading"),
    [
        ({}, {}, "You can book this yourself"),
        ({"booking": "drop-in"}, {"way": "drop-in"}, "Just come"),
    ],
)
def test_what_is_not_asked_for(tmp_path, fields, given, heading) -> None:
    """A programme that one books, or just comes to, says so and leads there."""
    screens = run(tmp_path, fields, **given)
    page = screens.open(ASK)
    sent = screens.send(ASK, {**FAMILY, "step": "confirm"})

    assert (page.status, page.heading) == (200, heading)
    assert "/sessions/riverbank/bump/" in [link["href"] for link in page.main.all("a")]
    assert (sent.status, screens.count()) == (409, 0)


def test_a_run_that_is_asked_for_in_a_programme_that_is_not(tmp_path) -> None:
    """Only that run can be chosen, and one has to be."""
    screens = run(tmp_path, {"booking": "request"}, {})
    form = screens.open(f"{ASK}?who=family").fill(**FAMILY)
    missing = form.press("Continue")

    assert missing.problems == [("#series", "Choose a group")]
    own = missing.fill(series="riverbank/bump").press("Continue").press("Send")
    assert own.heading == "We have your request"


@pytest.mark.parametrize("series", ["riverbank/none", "none/bump", "nonsense", "%00"])
def test_an_unknown_run_is_not_there(screens, series: str) -> None:
    """404, as for an unknown programme."""
    assert screens.open(f"{ASK}?series={series}").status == 404
    assert screens.open("/request/none").status == 404


def test_a_run_that_is_over(tmp_path) -> None:
    """It says so, and one can still ask for another one."""
    screens = run(tmp_path, {"withdrawn": "The leader has left"}, {}, way="request")
    page = screens.open(f"{ASK}?series=riverbank/bump")

    assert "The leader has left." in page
    assert page.follow("Ask for another group").heading == "Ask for a place"
    screens.now = datetime(2027, 6, 1, tzinfo=UTC)
    assert "no more dates" in screens.open(f"{ASK}?series=riverbank/bump-1")


OFF = [{"date": "2027-01-12", "cancelled": "The leader is ill"}]


@pytest.mark.parametrize(
    ("fields", "heading", "said"),
    [
        ({"opens": "2027-01-05 09:00"}, "You cannot ask yet", "9am on Tuesday 5 January 2027"),
        (
            {"closes": "2027-01-03"},
            "You can no longer ask for a place",
            "Ask us what else there is.",
        ),
        ({"repeats": "once", "changes": OFF}, "This group is no longer running", "leader is ill."),
    ],
)
def test_asking_has_its_time(tmp_path, fields, heading, said) -> None:
    """Before it opens, after it closes and once it is off, a page says so and nothing is asked."""
    form = run(tmp_path / "open", {}, way="request").open(f"{ASK}?who=family&series=riverbank/bump")
    sent = dict(form.fill(**FAMILY).fields("Continue"))
    screens = run(tmp_path, fields, {"time": "13:00-15:00"}, way="request")
    path = f"{ASK}?who=family&series=riverbank/bump"
    page = screens.open(path)
    pressed = screens.send(path, {**sent, "step": "confirm"})

    assert (page.status, page.heading) == (200, heading)
    assert said in page
    assert "01772 111111" in page
    assert (pressed.status, pressed.heading) == (409, heading)
    other = page.follow("Ask for another group")
    assert "10am to midday" not in other
    assert "1pm to 3pm" in other
    assert screens.count() == 0
    screens.now = datetime(2027, 1, 5, 9, tzinfo=UTC)
    assert (screens.open(path).heading == "Ask for a place") == ("opens" in fields)


@pytest.mark.parametrize(
    ("fields", "heading", "said"),
    [
        (
            {"booking": "request", "opens": "2027-01-05 09:00"},
            "You cannot ask yet",
            "You can ask from 9am on Tuesday 5 January 2027. Come back to this page then.",
        ),
        (
            {"booking": "request", "closes": "2027-01-03"},
            "You can no longer ask for a place",
            "It is too late to ask online. Ask us.",
        ),
        (
            {"booking": "request", "repeats": "once", "changes": OFF},
            "This is not running at the moment",
            "The leader is ill. Ask us",
        ),
        (
            {"booking": "request", "starts": "2026-11-03", "sessions": "2"},
            "This is not running at the moment",
            "It has no more dates. Ask us",
        ),
        (
            {"opens": "2027-01-05 09:00"},
            "You cannot book yet",
            "You can book from 9am on Tuesday 5 January 2027. Come back to its page then.",
        ),
        ({"closes": "2027-01-03"}, "Booking has closed", "It is too late to book online. Ask us."),
        (
            {"withdrawn": "The leader has left"},
            "This is not running at the moment",
            "The leader has left.",
        ),
        (
            {"booking": "drop-in", "withdrawn": "The hall is shut"},
            "This is not running at the moment",
            "The hall is shut.",
        ),
    ],
    ids=["not yet", "closed", "off", "past", "book yet", "book closed", "book off", "drop-in off"],
)
def test_a_programme_of_which_nothing_is_open(tmp_path, fields, heading, said) -> None:
    """Nobody is sent to book, to come or to ask where there is nothing to be had: what is true, the
    centre's number, and where a form that is sent all the same ends."""
    screens = run(tmp_path, fields)
    page = screens.open(ASK)
    sent = screens.send(f"{ASK}?who=family", {**FAMILY, "step": "confirm"})

    assert (page.status, page.heading) == (200, heading)
    assert said in page
    assert "Ring us on 01772 111111" in page
    for words in ("yourself", "Come along", "Ask for another group"):
        assert words not in page
    assert (sent.status, sent.heading, screens.count()) == (409, heading, 0)
    # The page of the one run does not send in a circle either.
    one = screens.open(f"{ASK}?series=riverbank/bump")
    assert "Ask for another group" not in one.html


def test_what_opens_next_is_named_first(tmp_path) -> None:
    """Of several runs, with when each of them opens; what is closed does not stand in its way."""
    screens = run(
        tmp_path,
        {"booking": "request", "closes": "2027-01-03"},
        {"booking": "request", "opens": "2027-01-06 09:00"},
        {"booking": "request", "opens": "2027-01-05 09:00"},
    )
    page = screens.open(ASK)
    links = [link["href"] for link in page.main.all("a") if "/sessions/" in link["href"]]

    assert "You can ask from 9am on Tuesday 5 January 2027." in page
    assert links == [f"/sessions/riverbank/{slug}/" for slug in ("bump-2", "bump-1")]
    assert "from 9am on Wednesday 6 January 2027" in page
    screens.now = datetime(2027, 1, 5, 9, tzinfo=UTC)
    assert screens.open(ASK).heading == "Ask for a place"


def test_where_every_place_is_taken(tmp_path) -> None:
    """Without a waiting list it is full; with one it can be booked, and its form says the rest."""
    screens = run(tmp_path, {"places": "1", "waiting_list": "no"})
    before = screens.open(ASK)
    screens.book("/book/riverbank/bump")
    screens.wait(minutes=1)
    full = screens.open(ASK)
    waits = run(tmp_path / "waits", {"places": "1"})
    waits.book("/book/riverbank/bump")
    waits.wait(minutes=1)

    assert before.heading == "You can book this yourself"
    assert (full.heading, "Ring us on 01772 111111" in full) == ("Every place is taken", True)
    assert waits.open(ASK).heading == "You can book this yourself"


def test_only_what_can_be_had_is_offered(tmp_path) -> None:
    """A run that is closed is not among those that one can book."""
    screens = run(tmp_path, {"closes": "2027-01-03"}, {"time": "13:00-15:00"})
    page = screens.open(ASK)
    links = [link["href"] for link in page.main.all("a") if "/sessions/" in link["href"]]

    assert page.heading == "You can book this yourself"
    assert links == ["/sessions/riverbank/bump-1/"]


def test_a_run_that_is_booked_leads_to_its_form(tmp_path) -> None:
    """303 to where one books it."""
    screens = run(tmp_path, {"booking": "book"}, {}, way="request")
    answer = screens.open(f"{ASK}?series=riverbank/bump").answer

    assert (answer.status_code, answer.headers["Location"]) == (303, "/book/riverbank/bump")


# --- a professional -------------------------------------------------------------------------------


def test_a_professional_asks_with_consent(tmp_path) -> None:
    """Name, role, organisation and consent are kept, and a message is owed to them."""
    screens = run(tmp_path, way="referral")
    choice = screens.open(f"{ASK}?series=riverbank/bump")
    form = choice.follow("For a family that I work with")
    missing = form.fill(**FAMILY, **{**WORKER, "consent": []}).press("Continue")
    thanks = missing.fill(consent="yes").press("Continue").press("Send")

    assert missing.problems == [
        (
            "#consent",
            "Ask the family first, then tick the box to say that they agree. Is a child in danger? "
            "Do not wait for this form. Ring 999",
        )
    ]
    assert thanks.heading == "Thank you. We have your request"
    row = kept(screens, "referral")
    assert (row.name, row.organisation, row.consent) == ("Jo Bell", "Royal Preston", True)
    assert row.consented.astimezone(UTC).date() == screens.now.date()
    assert kept(screens, "booking").way == "referral"
    with database.read(screens.engine) as connection:
        owed = connection.execute(sa.select(tables.message.c.kind)).scalars().all()
    assert owed == ["professional-received", "request-received"]
    assert personal_data.referrer_of(screens.engine, 1).role == "Midwife"


@pytest.mark.parametrize("way", ["referral", "request"])
def test_a_professional_never_gets_the_private_link(tmp_path, way) -> None:
    """It is the family's own. A professional gets a reference, which opens nothing; the same key
    gives the same one again, and gives no link by any other form either."""
    screens = run(tmp_path, {}, {"booking": "book"}, way=way)
    form = screens.open(f"{ASK}?who=professional").fill(**FAMILY, **WORKER, series="riverbank/bump")
    check = form.press("Continue")
    sent = [check.press("Send", follow=False) for _ in range(2)]
    fields = dict(check.fields("Send"))
    sent.append(screens.send(f"{ASK}?who=family&series=riverbank/bump", fields))
    elsewhere = screens.send("/book/riverbank/bump-1", fields)
    row = kept(screens, "booking")
    thanks = screens.open(sent[0].answer.headers["Location"])

    assert thanks.path == f"{ASK}?who=professional&reference={row.reference}"
    assert {one.answer.headers["Location"] for one in sent} == {thanks.path}
    assert (elsewhere.status, "/bookings/" in elsewhere.html) == (409, False)
    assert elsewhere.follow("See what happens next").path == thanks.path
    assert row.reference in thanks
    assert "only in the way that you chose for them" in thanks
    assert "/bookings/" not in thanks.html
    assert "private link" not in check
    assert thanks.follow("Ask for a place for another family").heading == (
        "Ask for a place for a family"
    )
    assert screens.open(f"{ASK}?who=professional&reference=x").status == 404
    assert screens.count() == 1


def test_a_professional_sees_if_the_family_came(tmp_path) -> None:
    """S88: with the family's consent, a private page says only "not yet", and the family ends it on
    its own page."""
    screens = run(tmp_path, way="referral")
    form = screens.open(f"{ASK}?who=professional&centre=riverbank")
    chosen = dict(form.fields("Continue"))["series"]
    worker = {**WORKER, "worker_email": "", "worker_phone": "01772 900456"}
    told = {"why": "Alone all day", "tried": "Home visits", "outcome": "yes"}
    refused = form.fill(**FAMILY, **worker, **told, series="").press("Continue")
    check = refused.fill(worker_email="jo@nhs.example", series="riverbank/bump").press("Continue")
    thanks = check.press("Send")
    row = kept(screens, "referral")
    secret = screens.settings.secret
    where = f"/outcome/{outcome_link_of(secret, row.outcome_nonce, row.outcome_hash)}"
    page = screens.open(where)
    own = f"/bookings/{bookings.get(screens.engine, 1, secret).link}"
    seen = screens.open(own)
    stopped = seen.follow("Stop showing them if you came").press("Stop showing it")

    assert chosen == "riverbank/bump"
    assert [anchor for anchor, _ in refused.problems] == ["#worker_email"]
    assert "Alone all day" in check
    assert "a private link to a page that shows it" in thanks
    assert (row.why, row.tried) == ("Alone all day", "Home visits")
    assert (page.heading, "Not yet." in page) == ("Did the family come?", True)
    assert not any(word in page.html for word in ("Amina", "Bump", "Riverbank", row.name))
    assert page.answer.headers["Cache-Control"] == "no-store"
    assert page.answer.headers["X-Robots-Tag"] == "noindex"
    assert "Jo Bell, Midwife, asked for you." in seen
    assert "Who can see if you came" not in stopped
    assert screens.open(where).status == 404


def test_no_outcome_is_offered_where_none_is_known(tmp_path) -> None:
    """S88: a family's own form and a sensitive programme do not ask for it; an answer that is sent
    all the same is dropped. Without a group, the form says what "came" means."""
    sensitive = Screens(tmp_path / "1", made.directory(way="referral", sensitive=True))
    page = sensitive.open(f"{ASK}?who=professional")
    alone = run(tmp_path / "2", {"withdrawn": "The worker is ill"}, way="referral")
    who = {name: said for name, said in FAMILY.items() if name != "people"}
    family = run(tmp_path / "3", {}, way="request").open(f"{ASK}?who=family")
    fields = {
        **dict(page.fill(**who, **WORKER).press("Continue").fields("Send")),
        "why": "x",
        "outcome": "yes",
    }
    sensitive.send(f"{ASK}?who=professional", fields)
    row = kept(sensitive, "referral")

    for screen in (page, family):
        assert "see if they came" not in screen
    assert "“came” means that a worker is in touch" in alone.open(f"{ASK}?who=professional")
    assert "Why do you ask for them?" not in page
    assert (row.why, row.outcome_hash) == ("", None)


def test_a_family_cannot_refer_itself(tmp_path) -> None:
    """It is told who can, and how to ring us; sending anyway changes nothing."""
    screens = run(tmp_path, way="referral")
    page = screens.open(f"{ASK}?who=family&series=riverbank/bump")
    sent = screens.send(f"{ASK}?who=family", {**FAMILY, "step": "confirm"})

    assert page.heading == "A professional needs to ask for this place"
    assert page.follow("I work with a family").heading == "Ask for a place for a family"
    assert (sent.status, screens.count()) == (409, 0)


def test_a_professional_asks_for_the_programme_as_such(tmp_path) -> None:
    """Also where it has no run at all, as with a worker of one's own."""
    screens = run(tmp_path, {"withdrawn": "The worker is ill"}, way="referral")
    form = screens.open(f"{ASK}?who=professional").fill(**FAMILY, **WORKER)
    thanks = form.press("Continue").press("Send")

    assert "series" not in dict(form.fields("Continue"))
    assert thanks.heading == "Thank you. We have your request"
    assert kept(screens, "bookable").series == "programme:bump"


# --- a centre that is asked for support -----------------------------------------------------------

SUPPORT = {"service": {"support_programme": "bump"}, "other_centres": ["lakeside"]}
AT_LAKESIDE = f"{ASK}?who=professional&centre=lakeside"


def test_a_professional_refers_a_family_to_a_centre(tmp_path) -> None:
    """The centre is named on each screen and asked for in place of a district, and the request is
    for its workers; an old name of it does, and an unknown one asks for the district."""
    screens = run(tmp_path, {"withdrawn": "The worker is ill"}, way="request", **SUPPORT)
    screens.directory.centres[1].link(aliases=("waterside",))
    choice = screens.open(f"{ASK}?centre=lakeside")
    form = choice.follow("For a family that I work with")
    check = form.fill(**FAMILY, **WORKER, outcome="yes").press("Continue")
    thanks = check.press("Send")
    old = screens.open(f"{ASK}?who=professional&centre=waterside")
    unknown = screens.open(f"{ASK}?who=professional&centre=nowhere")

    for screen in (choice, form, check, old):
        assert "Your request goes to Lakeside." in screen
    assert "district" not in dict(form.fields("Continue"))
    assert thanks.heading == "Thank you. We have your request"
    another = thanks.follow("Ask for a place for another family")
    assert "Your request goes to Lakeside." in another
    assert kept(screens, "bookable").series == "programme:bump/lakeside@preston"
    assert kept(screens).answers["where"] == "Lakeside"
    case = kept(screens, "support_case")
    assert (case.state, case.footprint, case.centre) == ("new", "preston", "lakeside")
    assert kept(screens, "referral").outcome_hash is not None
    assert "district" in dict(unknown.fields("Continue"))
    assert "Your request goes to" not in unknown


def test_a_sensitive_programme_is_asked_at_no_centre(tmp_path) -> None:
    """S93: of a sensitive programme no screen, no request and no answer has the centre of the
    address, even if the site names it for support."""
    screens = run(tmp_path, way="request", sensitive=True, **SUPPORT)
    form = screens.open(AT_LAKESIDE)
    who = {name: said for name, said in FAMILY.items() if name != "people"}
    check = form.fill(**who, **WORKER).press("Continue")
    check.press("Send")

    assert not any("Lakeside" in screen.html for screen in (form, check))
    assert not any("lakeside" in screen.html for screen in (form, check))
    assert kept(screens, "bookable").series == "programme:bump"
    assert kept(screens).answers == {}


# --- a sensitive programme ------------------------------------------------------------------------


def test_a_sensitive_programme_is_asked_for_discreetly(tmp_path) -> None:
    """S3: neutral titles, no venue, time or run, and the exit on every screen."""
    screens = run(tmp_path, {}, sensitive=True)
    choice = screens.open(ASK)
    form = choice.follow("For me or my family")
    typed = {"name": "Amina", "email": "a@example.org", "contact_by": "none"}
    check = form.fill(**typed, safe_to_contact="no").press("Continue")
    own = check.press("Send")

    for screen in (choice, form, check, own):
        assert screen.title.split(" – ")[0] in (
            "Ask us to get in touch",
            "Check your answers",
            "Your request",
        )
        assert screen.html.count('href="/leave"') == 2
        for words in ("Riverbank", "River Street", "12 January", "10am"):
            assert words not in screen.words
    assert "Time together" not in own
    assert kept(screens, "bookable").series == "programme:bump"
    assert screens.count("message") == 0
    assert screens.open(f"{ASK}?series=riverbank/bump").status == 404
    sent = screens.send(f"{ASK}?who=family&series=riverbank/bump", {"step": "confirm"})
    assert sent.status == 404


# --- ways of contact ------------------------------------------------------------------------------

MAIL = {"smtp_host": "mail.example.org", "email_channel": "email"}
NOTIFY = {"notify_api_key": "k", "notify_text_template": "t", "text_channel": "notify"}


@pytest.mark.parametrize(
    ("settings", "ways"),
    [
        ({}, {"email", "text"}),  # nothing is sent: things are being tried out
        (MAIL, {"email"}),
        (MAIL | NOTIFY, {"email", "text"}),
        (NOTIFY, {"text"}),
        ({"text_channel": "none"}, {"email"}),
        (NOTIFY | {"email_channel": "none"}, {"text"}),
        ({"email_channel": "none", "text_channel": "none"}, set()),
    ],
)
def test_only_what_reaches_a_family_is_offered(tmp_path, settings, ways) -> None:
    """No form offers a way of contact whose messages stay with us; nor takes one."""
    content = made.directory({}, {"booking": "request"})
    screens = Screens(tmp_path, content, **settings)
    asked = f"{ASK}?series=riverbank/bump-1"
    for path, others, button in (
        ("/book/riverbank/bump", {"none", "call"}, "Continue"),
        (f"{asked}&who=family", {"none", "call"}, "Continue"),
        (f"{asked}&who=professional", {"none", "call"}, "Continue"),
    ):
        form = screens.open(path)
        radios = form.main.all("input", where=lambda one: one.get("name") == "contact_by")
        assert {one["value"] for one in radios} == ways | others
        for way in {"email", "text"} - ways:
            fields = {**dict(form.fields(button)), **FAMILY, "contact_by": way}
            refused = screens.send(path, {**fields, "phone": "07700 900123"})
            assert "#contact_by" in [where for where, _ in refused.problems]


# --- limits and faults ----------------------------------------------------------------------------


def test_requests_are_limited_as_bookings_are(tmp_path) -> None:
    """429, answers kept; the same form again shows what it made."""
    screens = run(tmp_path, way="request", bookings_per_contact=1)
    check = screens.open(f"{ASK}?who=family").fill(**FAMILY).press("Continue")
    first, again = check.press("Send"), check.press("Send")
    stopped = screens.book(f"{ASK}?who=family")

    assert (first.status, again.status, stopped.status) == (200, 200, 429)
    assert stopped.press("Try again", seconds=3601).heading == "We have your request"


def test_a_database_that_breaks_off(screens) -> None:
    """503 with the answers and the key; pressed later, it is one request."""
    check = screens.open(f"{ASK}?who=family").fill(**FAMILY).press("Continue")
    with screens.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE booking RENAME TO away")
    broken = check.press("Send")
    with screens.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO booking")

    assert broken.status == 503
    assert broken.press("Try again").heading == "We have your request"
    assert screens.count() == 1
