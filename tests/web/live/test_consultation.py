"""Consultations: choices alone, once for each form, while they are open; and counts of blocks."""

from datetime import UTC, datetime, timedelta

import pytest

from portal import database
from portal.bookings import consultations
from portal.database import tables
from tests.support.boards import ASKED, with_board
from tests.support.screens import Screens

PATH = "/consultations/weekends"
SEND = "Send your answers"
CHOICES = {"question-when": "Saturday", "question-what": "Teenagers", "question-how": "By bus"}


@pytest.fixture
def screens(tmp_path):
    return Screens(tmp_path, with_board(consultation=ASKED), bookings_per_address=1000)


def rows(screens):
    with database.read(screens.engine) as connection:
        return connection.execute(tables.consultation_answer.select()).all()


def answered(screens, number, **choices):
    """So many people answer on this day; what is not given is as in CHOICES."""
    for count in range(number):
        consultations.answer(
            screens.engine,
            screens.directory.boards[0],
            screens.directory.boards[0].consultation,
            {name.removeprefix("question-"): said for name, said in CHOICES.items()} | choices,
            age_band="",
            district="",
            key=f"{choices}{count}{len(rows(screens))}",
            now=screens.now,
        )


def test_anybody_answers_and_nothing_stored_names_anybody(screens):
    """S107: a row holds choices, the day and a hash; pressing twice is one answer."""
    form = screens.open(PATH).fill(**CHOICES, age="young-adults", district="preston")
    first, again = form.press(SEND), form.press(SEND)
    (row,) = rows(screens)

    assert first.heading == again.heading == "Thank you. We have your answers"
    assert row.answers == {"when": "Saturday", "what": "Teenagers", "how": "By bus"}
    assert (row.age_band, row.district) == ("young-adults", "preston")
    assert row.created == datetime(2027, 1, 4, tzinfo=UTC), "the day, and no time of day"
    assert {*row._mapping} == {
        "id", "key_hash", "board", "consultation", "district", "age_band", "answers", "extra",
        "created",
    }  # fmt: skip
    assert len(form.main.all("textarea")) == 0
    texts = form.main.all("input", where=lambda one: one.get("type", "text") == "text")
    assert [one.get("name") for one in texts] == ["subject"], "a box for machines alone"


def test_the_thanks_say_when_the_board_meets_after_the_last_day(screens):
    """The page says where answers are read, and names the first meeting after the last day."""
    thanks = screens.open(PATH).fill(**CHOICES).press(SEND)

    assert "Fewer than 5 people had answered by the end of yesterday" in thanks
    assert "next meeting after that is on Monday 1 February 2027, 5:30pm to 7pm" in thanks


def test_a_question_without_an_answer_or_with_another_one_is_refused(screens):
    """Every question needs one of its options; age and district need no answer."""
    empty = screens.open(PATH).press(SEND)
    fields = dict(screens.open(PATH).fill(**CHOICES).fields(SEND))
    screens.wait(seconds=10)
    wrong = screens.send(PATH, fields | {"question-when": "Jo Bell", "district": "nowhere"})

    assert empty.status == wrong.status == 422
    assert empty.beside["question-when"] == "Choose an answer to “Which day?”"
    assert {"question-when", "district"} == {*wrong.beside}
    assert rows(screens) == []


def test_it_takes_answers_from_its_first_to_its_last_day_alone(screens):
    """Also when it closes while the form is open; an unknown one is not found."""
    form = screens.open(PATH).fill(**CHOICES)
    screens.now = datetime(2027, 2, 1, 0, 5, tzinfo=UTC)
    late = form.press(SEND)

    assert (late.status, late.heading) == (409, "You can no longer answer")
    assert "We have not taken your answers" in late
    assert screens.open(PATH).status == 200
    assert SEND not in screens.open(PATH)
    screens.now = datetime(2027, 1, 3, 12, tzinfo=UTC)
    early = screens.open(PATH)
    assert early.heading == "You cannot answer yet"
    assert "opens on Monday 4 January 2027" in early
    assert screens.open(f"{PATH}/answers").heading == "You cannot answer yet"
    assert screens.open("/consultations/other").status == 404
    assert rows(screens) == []


def test_many_forms_from_one_address_wait(tmp_path):
    """A network has an allowance for a day, this machine too; what was chosen is kept. After the
    first few of a day its answers fill no group (S108)."""
    screens = Screens(tmp_path, with_board(consultation=ASKED), answers_per_address=5)
    for _ in range(5):
        screens.open(PATH).fill(**CHOICES).press(SEND)
    refused = screens.open(PATH).fill(**CHOICES).press(SEND)

    assert (refused.status, refused.heading) == (429, "Wait a little, and try again")
    assert [row.extra for row in rows(screens)] == [False] * 3 + [True] * 2
    screens.wait(hours=5)
    assert refused.press("Try again").heading == "Thank you. We have your answers"
    screens.wait(hours=19)
    screens.open(PATH).fill(**CHOICES).press(SEND)
    assert [row.extra for row in rows(screens)][5:] == [True, False], "a new day"


def test_everybody_reads_whole_groups_on_the_next_day(screens):
    """S108: four answers show nothing, five their number, twenty the options that are safe; and
    what people send today changes nothing today."""
    answers = f"{PATH}/answers"
    answered(screens, 4)
    screens.wait(days=1)
    assert "Fewer than 5 people had answered by the end of yesterday." in screens.open(answers)
    answered(screens, 14)
    assert "Fewer than 5 people had answered by the end of yesterday." in screens.open(answers)
    screens.wait(days=1)
    assert "15 or more people had answered" in screens.open(answers)
    assert "too few answers to show numbers" in screens.open(answers)
    answered(screens, 2, when="Neither")
    screens.wait(days=1)
    shown = screens.open(answers)
    assert "20 or more people had answered by the end of yesterday" in shown
    assert "somebody who answers on many days or from many places can learn more" in shown
    when, what, _ = consultations.results(
        screens.engine,
        screens.directory,
        screens.directory.boards[0].consultation,
        screens.now.date(),
    ).questions
    assert [(said, one.number, one.partial) for said, one in when.rows] == [
        ("Saturday", 0, True), ("Sunday", 0, True), ("Neither", 0, True),
    ]  # fmt: skip
    assert [(said, one.number, one.partial) for said, one in what.rows] == [
        ("Children", 0, False), ("Teenagers", 20, False),
    ]  # fmt: skip


def test_answers_are_deleted_together_a_year_after_the_last(screens):
    """S108: no part of them goes before, because fewer answers would shift the blocks."""
    answered(screens, 2)
    screens.wait(days=300)
    answered(screens, 1, when="Sunday")
    last = screens.now

    def forget(now):
        return database.write(screens.engine, lambda c: consultations.forget(c, now))

    assert forget(last + timedelta(days=364)) == 0
    assert forget(last + timedelta(days=365)) == 3


def test_the_last_day_ends_at_midnight_in_london(tmp_path):
    """In summer that is an hour before the end of the day in UTC."""
    summer = {**ASKED, "opens": "2027-06-01", "closes": "2027-06-30"}
    screens = Screens(tmp_path, with_board(consultation=summer))
    screens.now = datetime(2027, 6, 30, 22, 50, tzinfo=UTC)
    assert screens.open(PATH).heading == "What should we open at the weekend?"
    screens.wait(minutes=15)
    assert screens.open(PATH).heading == "You can no longer answer"
