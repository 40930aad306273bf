"""S5: who says that no message is safe is told at once what that means, and offered a safe way."""

import pytest
import sqlalchemy as sa

from portal import bookings, database
from portal.database import tables
from tests.support import made
from tests.support.screens import FAMILY, Screens

BUMP = "/book/riverbank/bump"
UNSAFE = {**FAMILY, "safe_to_contact": "no"}


def forms(tmp_path, way: str) -> tuple[Screens, str]:
    if way == "book":
        return Screens(tmp_path), BUMP
    directory = made.directory({"booking": "request"}, way="request")
    return Screens(tmp_path, directory), "/request/bump?series=riverbank/bump&who=family"


@pytest.mark.parametrize("way", ["book", "request"])
@pytest.mark.parametrize("by", ["email", "text"])
def test_no_message_is_safe_means_no_news(tmp_path, way: str, by: str) -> None:
    """Beside the question already, and on a screen before the answers are checked."""
    screens, path = forms(tmp_path, way)
    form = screens.open(path)
    answers = {**UNSAFE, "contact_by": by, "phone": "07700 900123"}
    told = form.fill(**answers).press("Continue")

    assert "If you say no, we send no email and no text message" in form
    assert told.heading == "We will not leave you a message"
    assert "If a date is cancelled or moved, we cannot tell you." in told
    assert screens.count() == 0


@pytest.mark.parametrize("way", ["book", "request"])
def test_a_safe_time_to_be_rung_is_offered_and_reaches_staff(tmp_path, way: str) -> None:
    """Back to the form with all answers kept: a phone call, and the time that is safe."""
    screens, path = forms(tmp_path, way)
    told = screens.open(path).fill(**UNSAFE).press("Continue")
    form = told.press("Give a safe time to ring you")
    shown = dict(form.fields("Continue"))
    form.fill(contact_by="call", phone="01772 900123", safe_time="Weekday mornings")
    check = form.press("Continue")
    own = check.press("Confirm booking" if way == "book" else "Send")
    family = bookings.family_of(screens.engine, 1)

    assert shown["name"] == "Amina Khan"
    assert "Staff ring you at the time that you gave, and leave no message." in check
    assert "ring you at the time that you gave." in own
    assert (family.contact_by, family.answers["safe-time"]) == ("call", "Weekday mornings")
    assert screens.count("message") == 0


@pytest.mark.parametrize("way", ["book", "request"])
def test_a_family_may_go_on_and_look_at_its_own_page(tmp_path, way: str) -> None:
    """Its choice: nothing is sent, and each page says so again."""
    screens, path = forms(tmp_path, way)
    told = screens.open(path).fill(**UNSAFE).press("Continue")
    check = told.press("Continue. I will look at my own page")
    own = check.press("Confirm booking" if way == "book" else "Send")

    assert "we cannot tell you if a date is cancelled or moved" in check
    assert "We will not get in touch with you" in own
    assert own.follow("Tell us when").fill(safe_time="Mornings").press("Save").status == 200
    assert bookings.family_of(screens.engine, 1).answers["safe-time"] == "Mornings"


@pytest.mark.parametrize("by", ["none", "call"])
def test_who_chose_a_way_that_fits_is_not_stopped(tmp_path, by: str) -> None:
    """'Do not contact me' and a phone call need no second question."""
    screens = Screens(tmp_path)
    form = screens.open(BUMP).fill(**{**UNSAFE, "contact_by": by, "phone": "01772 900123"})

    assert form.press("Continue").heading == "Check your answers"


def test_a_professional_reads_it_of_the_family(tmp_path) -> None:
    """The words are about them, and not about the worker."""
    screens = Screens(tmp_path, made.directory(sensitive=True))
    form = screens.open("/request/bump?who=professional")
    form.fill(
        worker_name="Sam Hill", worker_role="Midwife", organisation="NHS",
        worker_email="sam@example.org", consent="yes", name="Amina Khan",
        email="a@example.org", contact_by="email", safe_to_contact="no",
    )  # fmt: skip
    told = form.press("Continue")

    assert told.heading == "We will not leave them a message"
    assert "Continue without contact" in told


def test_how_long_details_are_kept_is_what_the_settings_say(tmp_path) -> None:
    """The page of answers to check follows PORTAL_KEEP_DAYS and PORTAL_KEEP_NEEDS_DAYS."""
    screens = Screens(tmp_path, keep_days=45, keep_needs_days=3)
    check = screens.open(BUMP).fill(**FAMILY).press("Continue")

    assert "We delete it 45 days after the last session ends." in check
    assert "deleted after 3 days" in check


def full_texts(screens) -> list[bool]:
    with database.read(screens.engine) as connection:
        return list(connection.execute(sa.select(tables.person.c.full_texts)).scalars())


def test_only_the_family_says_that_texts_may_say_more(tmp_path) -> None:
    """S86: the box is empty until the family ticks it, stays as the family leaves it on its own
    page, and is asked neither of a professional nor for a sensitive programme."""
    screens = Screens(tmp_path / "open")
    texts = {"contact_by": "text", "phone": "07700 900123"}
    screens.book(**texts)
    assert full_texts(screens) == [False]

    own = screens.visitor().book(**texts, full_texts="yes")
    assert full_texts(screens) == [False, True]
    form = own.follow("See or change what we keep about you")
    assert ("full_texts", "yes") in form.fields("Save")
    form.fill(full_texts=[]).press("Save")
    assert full_texts(screens) == [False, False]

    asked = Screens(tmp_path / "asked", made.directory({"booking": "request"}, way="request"))
    question = "What may our text messages say?"
    assert question in asked.open("/request/bump?series=riverbank/bump&who=family")
    assert question not in asked.open("/request/bump?series=riverbank/bump&who=professional")
    private = Screens(tmp_path / "private", made.directory(sensitive=True, way="request"))
    assert question not in private.open("/request/bump?who=family")
