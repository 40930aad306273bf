"""The words of messages, filled in."""

import re

import html5lib
import pytest

from portal.content import message_texts
from portal.content.message_texts import load_words
from portal.messages.rendering import dates_words, fill, first_name
from tests.support import made
from tests.support.paths import ROOT
from tests.support.ringing import without_number

FACTS = {
    "first_name": "Amina",
    "link": "https://families.example/bookings/abc?x=1&y=2",
    "reference": "ABCD-EFGH",
    "service": "Family Wellbeing",
    "contact": "01772 000000",
    "phone": "01772 000000",
    "series": "Bump, Birth and Beyond",
    "programme": "Bump, Birth and Beyond",
    "dates": "Tuesday 12 January 2027",
    "day": "Tuesday 12 January 2027",
    "time": "10am to midday",
    "venue": "Riverbank, Preston",
    "bring": "A blanket",
    "reason": "The boiler is broken",
    "until": "5pm on Monday 4 January 2027",
    "position": "2",
    "was": "Tuesday 12 January 2027, 10am to midday",
    "now": "Wednesday 13 January 2027, 10am to midday",
    "was_venue": "Old Library",
    "still": "Tuesday 19 January 2027",
    "words": "Bring wellies: we go outside",
    "review_day": "Monday 22 February 2027",
}


@pytest.mark.parametrize("kind", message_texts.WORDINGS)
@pytest.mark.parametrize("discreet", [False, True])
def test_nothing_is_left_to_fill_in(kind, discreet):
    """Whatever is known is put in; no bracket reaches a family."""
    words = fill(load_words(ROOT, kind), FACTS, discreet=discreet)

    for said in (words.subject, words.text, words.plain, words.html):
        assert not re.search(r"[{}]", said)
    # The link is the family's own: a professional must not be able to cancel with it.
    family = kind not in message_texts.TO_PROFESSIONAL
    assert (FACTS["link"] in words.plain) == family
    assert (FACTS["link"] in words.text) == family


@pytest.mark.parametrize(
    ("way", "to", "words"),
    [
        ("phone", "01772 000000", "ring us on 01772 000000."),
        ("email", "us@families.example", "write to us at us@families.example."),
        (
            "page",
            "https://x.example/contact/",
            "see how to reach us at https://x.example/contact/.",
        ),
    ],
)
def test_every_letter_about_a_booking_says_how_to_reach_us(way, to, words):
    """It gives the number, or else the address or the page, which the email links."""
    facts = FACTS | {"contact": to, "phone": ""}
    for kind in set(message_texts.WORDINGS) - {"link"}:
        said = fill(load_words(ROOT, kind), facts, discreet=False, way=way)

        assert words in said.plain, kind
        assert without_number(said.plain) == [], kind
        assert (f'<a href="{to}">' in said.html) == (way == "page"), kind


@pytest.mark.parametrize("kind", message_texts.WORDINGS)
def test_discreet_words_tell_nothing(kind):
    """S4: subject and text never name the group, its place or its time; discreet words neither."""
    words = load_words(ROOT, kind)
    open_ = fill(words, FACTS, discreet=False)
    discreet = fill(words, FACTS, discreet=True)

    telling = (
        "Bump",
        "Riverbank",
        "Library",
        "12 January",
        "19 January",
        "10am",
        "boiler",
        "22 February",
    )
    said = [open_.subject, open_.text]
    said += [discreet.subject, discreet.text, discreet.plain, discreet.html]
    assert [word for word in telling for text in said if word in text] == []


@pytest.mark.parametrize("kind", message_texts.WORDINGS)
def test_the_html_is_whole_and_asks_nobody_for_anything(kind):
    """It parses without a mistake, and no picture, style sheet or script is fetched (S7)."""
    words = fill(load_words(ROOT, kind), FACTS, discreet=False)
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    page = parser.parse(words.html)

    fetched = [e.tag for e in page.iter() if e.tag in ("img", "link", "script", "style", "iframe")]
    links = [e.get("href") for e in page.iter("a")]
    assert fetched == []
    assert set(links) == ({FACTS["link"]} if kind not in message_texts.TO_PROFESSIONAL else set())
    assert page.findtext(".//title") == words.subject


def test_what_is_unknown_leaves_no_gap():
    """A line that names something empty goes, and so does a sentence; a greeting does without."""
    facts = FACTS | {"bring": "", "phone": "", "first_name": ""}
    words = fill(load_words(ROOT, "confirmation"), facts, discreet=False)

    assert words.plain.startswith("Hello\n\nYour place is booked")
    assert words.text.startswith("Hello. Your booking")
    for said in (words.plain, words.html):
        assert "bring" not in said
        assert "ring us" not in said
    assert "- Where: Riverbank, Preston\n- Your reference" in words.plain


def test_a_value_is_never_markup():
    """What staff or families typed is shown as typed: not as HTML, not as Markdown, not again."""
    facts = FACTS | {"reason": "<script>alert(1)</script> **now** [x](https://eve.example) {link}"}
    words = fill(load_words(ROOT, "cancelled-by-us"), facts, discreet=False)
    page = html5lib.parse(words.html, namespaceHTMLElements=False)

    shown = "".join(page.itertext())
    assert facts["reason"] in shown
    assert facts["reason"] in words.plain
    assert [e.get("href") for e in page.iter("a")] == [FACTS["link"]]
    assert not list(page.iter("script"))


def test_paragraphs_are_one_line_each():
    """Mail programs break lines to the width of the screen; a phone's is small."""
    words = fill(load_words(ROOT, "confirmation"), FACTS, discreet=False)

    assert "as soon as you can. Then another family can have your place.\n" in words.plain


@pytest.mark.parametrize(
    ("name", "greeted"),
    [
        ("Amina Khan", "Amina"),
        ("  Zoë  O'Neill ", "Zoë"),
        ("Anne-Marie d’Arcy", "Anne-Marie"),
        ("زینب بی بی", "زینب"),
        ("می\u200cنا کریمی", "می\u200cنا"),
        ("Łucja", "Łucja"),
        ("Mrs Khan", ""),
        ("Dr. Amina Khan", "Amina"),
        ("https://eve.example/prize", ""),
        ("eve.example Khan", ""),
        ("<b>Amina</b>", ""),
        ("0800123456", ""),
        ("-'-", ""),
        ("Am\u202eina", ""),
        ("x" * 31, ""),
        ("", ""),
        ("{link}", ""),
    ],
)
def test_only_a_name_is_greeted(name, greeted):
    """A stranger cannot have us mail a link, or anything but a name, to somebody else."""
    assert first_name(name) == greeted


def dates(**fields) -> str:
    series = made.directory(fields).series[0]
    return dates_words(series, [s for s in series.all_sessions if not s.cancelled])


def test_one_date_is_written_in_full():
    """'Tuesday 12 January 2027'."""
    assert dates(repeats="once") == "Tuesday 12 January 2027"


def test_a_course_lists_its_dates():
    """Weekday once, year once; holidays left out, cancelled dates left out."""
    found = dates(
        sessions="6",
        term_time_only="yes",
        changes=[
            {"date": "2027-01-19", "cancelled": "Snow"},
            {"date": "2027-02-02", "moved_to": "2027-02-03 13:00-15:00"},
        ],
    )

    assert found == (
        "Tuesday 12 January, 26 January, Wednesday 3 February (1pm to 3pm), "
        "9 February and 23 February 2027"
    )


def test_a_list_over_new_year_says_both_years():
    """The year is given with the last date of each year."""
    found = dates(starts="2026-12-22", sessions="3")

    assert found == "Tuesday 22 December, 29 December 2026 and 5 January 2027"


def test_of_a_long_run_the_pattern_is_said():
    """Nobody reads thirty dates."""
    ongoing = dates(repeats="weekly", sessions=None)
    ends = dates(repeats="weekly", until="2027-05-25", sessions=None)

    assert ongoing == "Tuesdays, from Tuesday 12 January 2027"
    assert ends == "Tuesdays, from Tuesday 12 January 2027 to Tuesday 25 May 2027"


def test_no_dates_no_words():
    """Where nothing is left, the line is left out of the message."""
    assert dates_words(made.directory().series[0], []) == ""
