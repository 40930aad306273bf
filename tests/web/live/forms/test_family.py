"""What a live form takes, and what it says to all the rest."""

import pytest
from flask import Flask, g
from werkzeug.datastructures import MultiDict

from portal.database.references import contact_hash
from portal.messages.channels.base import Letter, one_address
from portal.web.live.forms.answers import Children, Email, Name, Phone, months_of
from portal.web.live.forms.family import BookForm, book_form
from portal.web.live.forms.gap import GapForm
from portal.web.live.forms.request import ask_form
from tests.support import made
from tests.support.made import NOW

GOOD = {
    "name": "Amina Khan",
    "email": "amina@example.org",
    "contact_by": "email",
    "safe_to_contact": "yes",
    "people": "2",
}


@pytest.fixture(autouse=True)
def asked():
    """A request whose token has been looked at already."""
    app = Flask("forms")
    app.secret_key = "a secret of thirty-two characters"
    with app.test_request_context(method="POST"):
        g.csrf_valid = True
        yield


def filled(*pairs, **answers) -> BookForm:
    """A booking form as it was sent; `pairs` come after the answers, so that a name can repeat."""
    sent = MultiDict([*{**GOOD, **answers}.items(), *pairs])
    form = book_form(made.directory({"ages": "1-4 years"}).series[0], sent)
    form.validate()
    return form


def wrong(*pairs, **answers) -> dict[str, str]:
    """Where the mistakes are, and what is said of each."""
    return dict(filled(*pairs, **answers).problems())


def test_five_answers_are_enough() -> None:
    """A family that gives the five compulsory answers has a form without a mistake."""
    form = filled()

    assert form.problems() == []
    assert sum(bool(one.missing) for one in form.answers()) + 1 == 5  # email or phone is the fifth
    family = form.family()
    assert (family.name, family.people, family.safe_to_contact) == ("Amina Khan", 2, True)


def test_what_a_form_says_stays_out_of_the_next_one() -> None:
    """A day in the label of one family's form is not in that of the next family."""
    series = made.directory({"creche": "yes", "creche_places": "2", "creche_ages": "1-4 years"})
    form = book_form(series.series[0], MultiDict(GOOD))
    before = form.creche_ages.plain_words, form.creche_ages.hint, form.creche.hint
    form.tell_of_creche(NOW.date(), 2)
    assert form.creche_ages.plain_words != before[0]

    after = book_form(series.series[0], MultiDict(GOOD))
    assert (after.creche_ages.plain_words, after.creche_ages.hint, after.creche.hint) == before


def test_each_missing_answer_says_what_to_do() -> None:
    """Imperative, without blame: what to enter or to choose."""
    empty = dict.fromkeys(GOOD, "")

    assert wrong(**empty) == {
        "name": "Enter your full name",
        "email": "Enter your email address or your phone number",
        "contact_by": "Choose how we may contact you",
        "safe_to_contact": "Say if it is safe to leave you a message",
        "people": "Enter how many people will come",
    }
    for words in wrong(**empty).values():
        assert not {"please", "sorry", "invalid", "required"} & set(words.lower().split())


@pytest.mark.parametrize(
    "name",
    [
        "Amina Khan",
        "Siân O’Neill-Przybyłowska",
        "D'Arcy O'Neill",
        "محمد علی",
        "ਗੁਰਪ੍ਰੀਤ ਕੌਰ",
        "অনন্যা",
        "李小龍",
        "Zoë 🙂",
        "X",
        "می‌خواهم",  # with a sign that joins nothing and is right here
        "\u0915\u093c" * 40,  # as long as a name may be
    ],
)
def test_real_names_in_any_script_are_right(name: str) -> None:
    """S25: apostrophes, hyphens and every script are accepted, and kept as they were written."""
    form = filled(name=f"  {name} ")

    assert form.problems() == []
    assert form.family().name == name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("   ", "Enter your full name"),
        ("\u200b\u200d\u2060", "Enter your full name"),
        ("\u3164\u115f", "Enter your full name"),
        ("\u2800", "Enter your full name"),
        ("12345", "Write your full name in letters"),
        ("...", "Write your full name in letters"),
        ("Amina\x00", "Write your full name again, without hidden characters"),
        ("Amina\x1b[31m", "Write your full name again, without hidden characters"),
        ("Amina\nKhan", "Write your full name again, without hidden characters"),
        ("Amina\x85", "Write your full name again, without hidden characters"),
        ("\u202eanimA", "Write your full name again, without hidden characters"),
        ("A" * 81, "Shorten your full name to 80 characters"),
        ("\u0958" * 41, "Shorten your full name to 80 characters"),  # it is kept as two signs
    ],
)
def test_what_is_no_name_is_refused(name: str, words: str) -> None:
    """S25: hidden signs, names that nobody can see, and names that are too long."""
    assert wrong(name=name) == {"name": words}


def test_what_is_shown_again_holds_no_hidden_sign() -> None:
    """The form is filled in again with what was typed, made harmless to a page."""
    form = filled(name="Amina\x00 \x1bKhan", notes="first\r\nsecond\x00")

    assert form.name.shown == "Amina Khan"
    assert form.notes.shown == "first\nsecond"


@pytest.mark.parametrize(
    "email",
    [
        "amina@example.org",
        "a.b+c@mail.example.co.uk",
        "o'neill@example.org",
        "x@xn--bcher-kva.example",
    ],
)
def test_email_addresses_that_are_right(email: str) -> None:
    """What people really have, an apostrophe included."""
    assert wrong(email=email) == {}


@pytest.mark.parametrize(
    ("name", "copied", "kept"),
    [
        ("phone", "\u202a07700 900123\u202c", "07700 900123"),  # from a telephone's contacts
        ("phone", "\u2068+48 601 234 567\u2069", "+48 601 234 567"),
        ("phone", "07700 \u200e900123", "07700 900123"),
        ("phone", "07700\u00ad 900123", "07700 900123"),
        ("email", "amina@example.org\u200b", "amina@example.org"),
        ("email", "\ufeffamina@example.org", "amina@example.org"),
    ],
)
def test_marks_that_come_along_when_a_contact_is_copied_are_left_out(
    name: str, copied: str, kept: str
) -> None:
    """Nobody who is told that they are wrong could see them, or take them away."""
    form = filled(**{name: copied})

    assert form.problems() == []
    assert getattr(form.family(), name) == kept
    assert form.answer(name).shown == kept


@pytest.mark.parametrize(
    "email",
    [
        "amina",
        "amina@example",
        "amina@@example.org",
        "amina@example.org,b@example.org",
        "amina@example.org;b@example.org",
        "amina@example.org b@example.org",
        "Amina <amina@example.org>",
        "amina@example..org",
        ".amina@example.org",
        "amina@-example.org",
        f"{'a' * 65}@example.org",
        "amina@exämple.org",
        '"a b"@example.org',
    ],
)
def test_anything_but_one_email_address_is_refused(email: str) -> None:
    """S26: a second address would be a second reader."""
    assert wrong(email=email) == {"email": "Enter your email address like name@example.org"}


@pytest.mark.parametrize(
    "phone",
    [
        "07700 900123",
        "07700-900-123",
        "(01772) 900123",
        "+44 7700 900123",
        "0048 601 234 567",
        "+48 601 234 567",
        "٠٧٧٠٠٩٠٠١٢٣",
    ],
)
def test_phone_numbers_that_are_right(phone: str) -> None:
    """Of this country, of others with their code, in figures of any script."""
    form = filled(phone=phone, contact_by="none")

    assert form.problems() == []
    assert form.family().phone.isascii()


@pytest.mark.parametrize(
    ("phone", "dialled"),
    [
        *((f"07700{dash}900{dash}123", "07700900123") for dash in "-\u2010\u2011\u2012–—―"),
        ("07700.900.123", "07700900123"),
        ("(07700) 900 123", "07700900123"),
        ("07700\u00a0900123", "07700900123"),
        ("+44 7700 900123", "07700900123"),
        ("+44 (0)7700 900123", "07700900123"),
        ("0044 7700–900123", "07700900123"),
        ("0044 (0) 7700 900 123", "07700900123"),
        ("44 7700 900123", "07700900123"),
        ("447700900123", "07700900123"),
        ("7700 900123", "07700900123"),
        ("O7700 9OO123", "07700900123"),
        ("07700,900,123", "07700900123"),
        ("Mob: 07700 900123", "07700900123"),
        ("+48 601-234-567", "+48601234567"),
        ("0048 601234567", "+48601234567"),
        ("٠٧٧٠٠–٩٠٠١٢٣", "07700900123"),
    ],
)
def test_a_text_goes_to_every_number_that_the_form_takes(phone: str, dialled: str) -> None:
    """What is taken here must not fail for good when the text is sent; the contact is one."""
    form = filled(phone=phone, contact_by="text")

    assert form.problems() == []
    kept = form.family().phone
    letter = Letter("text", kept, "Hello.", "0123456789abcdef", NOW)
    assert one_address(letter) == dialled
    assert contact_hash("secret", kept) == contact_hash("secret", dialled)
    at_home = dialled.replace("+44", "0").replace("0044", "0")
    assert contact_hash("secret", kept) == contact_hash("secret", at_home)


def test_a_house_is_sent_no_text_however_its_number_is_written() -> None:
    """The zero in brackets does not make a mobile of it."""
    assert set(wrong(phone="+44 (0)1772 900123", contact_by="text")) == {"phone"}


@pytest.mark.parametrize("phone", ["0770", "call me", "07700 900123 or 5", "0" * 31, "999", "+"])
def test_what_is_no_phone_number_is_refused(phone: str) -> None:
    """One number that can be rung."""
    assert set(wrong(phone=phone)) == {"phone"}


@pytest.mark.parametrize(
    ("phone", "said"),
    [
        ("07700 90012", "again: a mobile number has 11 figures, like 07700 900123"),
        ("07700 9001234", "again: a mobile number has 11 figures, like 07700 900123"),
        ("+44 7700 90012", "again: a mobile number has 11 figures, like 07700 900123"),
        ("01772 53253", "again, with all its figures, like 01772 532536"),
        ("532536", "with its area code, like 01772 532536"),
        ("+48 601 234 56", "again, with the code of its country, like +48 601 234 567"),
        ("ask my mum", "like 07700 900123"),
    ],
)
def test_a_number_that_cannot_be_rung_says_what_to_write(phone: str, said: str) -> None:
    """No text could reach a number that lacks a figure, so it is refused when it is typed."""
    assert wrong(phone=phone, contact_by="text") == {"phone": f"Enter your phone number {said}"}


@pytest.mark.parametrize("missing", range(1, 11))
def test_a_mobile_number_with_any_figure_missing_is_refused(missing: int) -> None:
    """A confirmation could never arrive."""
    whole = "07911123456"

    assert set(wrong(phone=whole[:missing] + whole[missing + 1 :], contact_by="text")) == {"phone"}


def test_an_extension_is_kept() -> None:
    """A school's number may have one; a text cannot go to it."""
    form = filled(phone="01772 532536 x12", contact_by="none")

    assert form.family().phone == "01772 532536 ext. 12"
    assert set(wrong(phone="07700 900123 ext 4", contact_by="text")) == {"phone"}


@pytest.mark.parametrize(
    ("answers", "where"),
    [
        ({"contact_by": "email", "email": "", "phone": "07700 900123"}, "email"),
        ({"contact_by": "text", "phone": ""}, "phone"),
        ({"contact_by": "text", "phone": "01772 900123"}, "phone"),
        ({"contact_by": "none", "email": "", "phone": ""}, "email"),
    ],
)
def test_the_way_of_contact_needs_its_address(answers: dict, where: str) -> None:
    """Who wants a text gives a mobile; who wants an email gives an address."""
    assert list(wrong(**answers)) == [where]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("contact_by", "pigeon"),
        ("safe_to_contact", "maybe"),
        ("people", "0"),
        ("people", "11"),
        ("people", "two"),
        ("people", "-1"),
        ("people", "1.5"),
        ("people", "9999999999"),
        ("children-1-age", "99"),
        ("children-1-age", "two"),
    ],
)
def test_values_outside_their_list_are_refused(name: str, value: str) -> None:
    """S25: what the form did not offer is not kept."""
    assert list(wrong(**{name: value})) == [name]


@pytest.mark.parametrize("name", ["name", "email", "contact_by", "people", "notes", "access"])
def test_an_answer_given_twice_is_refused(name: str) -> None:
    """S25: which of the two is meant is not guessed."""
    given = GOOD.get(name, "x")

    assert list(wrong((name, "Another"), **{name: given})) == [name]


def test_answers_that_were_not_asked_for_are_let_go() -> None:
    """S25: fields are taken by name; others are ignored, and so are those of other forms."""
    form = filled(("status", "confirmed"), ("places", "99"), ("worker_name", "x"), ("a b", "c"))

    assert form.problems() == []
    assert "places" not in dict(form.carried())


def test_ages_are_numbers_of_years_or_months() -> None:
    """Ages, never dates of birth; an empty row is no child, and rows close up."""
    form = filled(
        ("children-1-age", ""),
        ("children-1-unit", "years"),
        ("children-2-age", "٧"),
        ("children-2-unit", "months"),
        ("children-3-age", "1"),
        ("children-3-unit", "years"),
        ("children-4-age", "03"),
        ("children-4-unit", "years"),
    )

    assert form.family().children == ("7 months", "1 year", "3 years")
    assert [pair for pair in form.carried() if "children-1" in pair[0]] == [
        ("children-1-age", "٧"),
        ("children-1-unit", "months"),
    ]
    assert list(months_of(form.children.ages)) == [(7, 8), (12, 24), (36, 48)]


@pytest.mark.parametrize(
    "pairs",
    [
        [("children-2-age", "37"), ("children-2-unit", "months")],
        [("children-2-age", "2"), ("children-2-unit", "weeks")],
        [("children-2-age", "2"), ("children-2-age", "3")],
        [("children-2-age", "2\x00"), ("children-2-unit", "years")],
    ],
)
def test_a_wrong_age_is_named_by_its_child(pairs: list) -> None:
    """The message stands beside the row, and the summary leads there."""
    found = wrong(("children-1-age", "2"), ("children-1-unit", "years"), *pairs)

    assert list(found) == ["children-2-age"]
    assert "child 2" in found["children-2-age"]


def test_no_more_rows_than_ten() -> None:
    """However many children are sent or added."""
    form = filled(*((f"children-{number}-age", "2") for number in range(1, 40)))
    form.children.add()

    assert (len(form.children.rows), form.children.asked) == (Children.MOST, Children.MOST)
    assert form.children.full


def test_the_questions_of_a_programme_are_asked() -> None:
    """Typed, with their own words; a choice that is not offered is refused."""
    directory = made.directory(
        questions=[
            {"name": "due", "label": "When is your baby due?"},
            {"name": "partner", "label": "Will you bring somebody?", "type": "yes-no"},
            {"name": "weeks", "label": "How many weeks?", "type": "number", "required": "yes"},
            {"name": "colour", "label": "Which?", "type": "choice", "options": ["Red", "Blue"]},
        ]
    )
    answers = {
        "question-due": "March",
        "question-partner": "no",
        "question-weeks": "12",
        "question-colour": "Blue",
    }
    form = book_form(directory.series[0], MultiDict({**GOOD, **answers}))
    form.validate()
    bad = book_form(directory.series[0], MultiDict({**GOOD, "question-colour": "Green"}))
    bad.validate()

    assert form.problems() == []
    assert form.family().answers == {
        "due": "March",
        "partner": "No",
        "weeks": "12",
        "colour": "Blue",
    }
    assert dict(bad.problems()) == {
        "question-weeks": "Answer the question: How many weeks?",
        "question-colour": "Choose the answer to “Which?” from the list",
    }


def test_places_for_persons_are_six_at_most() -> None:
    """S27: and never more than the group has."""
    for places, most in (("12", 6), ("4", 4)):
        series = made.directory({"places": places, "place_for": "person"}).series[0]
        form = book_form(series, MultiDict({**GOOD, "people": str(most + 1)}))
        form.validate()

        assert list(dict(form.problems())) == ["people"]


def test_a_pregnancy_course_asks_no_ages() -> None:
    """Nothing is asked that is not needed."""
    assert not book_form(made.directory().series[0]).asks_ages
    assert book_form(made.directory({"ages": "0-4 years"}).series[0]).asks_ages
    assert book_form(made.directory({"creche": "yes"}).series[0]).asks_ages


def test_a_professional_says_who_they_are_and_that_the_family_agrees() -> None:
    """Without consent nothing is taken; the family's own answers are asked for in their words."""
    programme = made.directory(way="referral").programmes[0]
    form = ask_form(programme, "professional", formdata=MultiDict({"people": "2"}))
    form.validate()

    assert dict(form.problems()) == {
        "worker_name": "Enter your full name",
        "worker_role": "Enter your role, such as health visitor",
        "organisation": "Enter the name of your organisation",
        "worker_email": "Enter your email address or your phone number",
        "consent": "Ask the family first, then tick the box to say that they agree",
        "name": "Enter the full name of the parent or young person",
        "email": "Enter the family’s email address or the family’s phone number",
        "contact_by": "Choose how we may contact them",
        "safe_to_contact": "Say if it is safe to leave them a message",
    }


def test_a_sensitive_programme_asks_only_for_a_first_talk() -> None:
    """No numbers, no ages, no run to choose, and the browser offers nothing that it knows."""
    programme = made.directory(sensitive=True).programmes[0]
    form = ask_form(programme, "family", formdata=MultiDict({**GOOD, "contact_by": "call"}))
    form.validate()
    names = [one.name for one in form.answers()]

    assert names == [
        "name", "email", "phone", "contact_by", "safe_to_contact", "safe_time",
        "access", "language", "notes",
    ]  # fmt: skip
    assert {form.answer(name).autocomplete for name in ("name", "email", "phone")} == {"off"}
    assert list(dict(form.problems())) == ["phone"]  # to be rung, one gives a number
    assert form.family().people == 1


def test_a_gap_names_any_sum() -> None:
    """A sum above what a panel can spend is accepted, in whole pounds; the form says the limit."""
    good = {
        "district": "preston",
        "theme": "transport",
        "needs": "send",
        "level": "2",
        "caf": "yes",
        "wanted": "A car seat",
        "tried": "The usual",
        "name": "Jo Bell",
        "organisation": "A school",
        "email": "jo@school.example",
    }

    def found(**given):
        form = GapForm(formdata=MultiDict({**good, **given}))
        limit = "A panel can spend up to £500."
        form.offer([("preston", "Preston")], ["Universal", "Universal Plus"], limit, NOW.date())
        form.validate()
        return form

    assert dict(found().problems()) == {}
    assert found(pounds="£1,200").gap().pounds == 1200
    assert found().gap().pounds is None
    assert list(dict(found(pounds="12.50").problems())) == ["pounds"]
    assert "£500" in found().pounds.hint
    assert list(dict(found(needs="gold", district="york").problems())) == ["district", "needs"]


def test_fields_know_what_browsers_want() -> None:
    """Email, phone and name carry autocomplete; a child's age never does."""
    form = filled()

    assert [form.answer(name).autocomplete for name in ("name", "email", "phone")] == [
        "name",
        "email",
        "tel",
    ]
    assert form.children.autocomplete == ""
    assert (type(form.name), type(form.email), type(form.phone)) == (Name, Email, Phone)
