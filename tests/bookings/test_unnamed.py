"""Words that could show who a family is, as people in Britain write them."""

from datetime import date

import pytest

from portal.bookings import unnamed

TODAY = date(2026, 12, 1)
OWN = ("Zara Ahmed", "Will Young", "May O'Neill", "Jane Preston", "Jo Smith-Kaur")

NAMING = {
    "a date of birth": (
        "She was born on 3/4/2019",
        "born 3rd of April 2019",
        "Born: 03.04.19",
        "his dob is 3 April 2019",
        "DOB 030419",
        "D.O.B. 03-04-2019",
        "date of birth: 2019-04-03",
        "her birthday is on 3 April",
        "Baby born April 3rd, 2026",
        "born in March 2019",
        "The youngest (3/4/2019) sleeps badly",
        "Moved here on 14 June 1988",
        "3/4/19 boy",
    ),
    "a postcode": (
        "lives in BB18 5AA",
        "bb185aa",
        "We moved to PR1 8RJ.",
        "M1 1AE",
        "EC1A 1BB",
        "Near LA1-1AA, by the park",
        "BB9\n7TZ",
    ),
    "a phone number": (
        "Ring 07700 900123",
        "07700900123",
        "+44 7700 900123",
        "+44 (0)1282 428200",
        "0044 1282 428200",
        "(01282) 428200",
        "0800-1111-222",
        "077 00 90 01 23",
        "01282.428.200",
        "call 428200",
        "Text her on 428 2001",
    ),
    "an email address": ("zed@example.org", "Write to z.a+x@mail.example.co.uk.", "me @ here.org"),
    "a name": (
        "Mr Khan to call",
        "Mrs. Khan",
        "mrs khan helps",
        "MRS KHAN",
        "Mr K and Mrs Y",
        "Ask Miss Brown",
        "Miss Brown says yes",
        "her teacher miss Brown",
        "Ms Kaur",
        "Dr Patel at the surgery",
        "Mr O’Neill",
        "Mr and Mrs Ali",
        "My son Liam sleeps alone",
        "her little brother Tom",
        "a girl called Mia",
        "our Nan Jean has them",
        "Zara goes to bed at 8pm",
        "zara goes to bed",
        "Take ZARA to school",
        "Zara's bedtime",
        "The Ahmed family",
        "Ask Will to help",
        "Let May choose a book",
        "for jane preston",
        "Jo rings school",
        "O'Neill",
    ),
    "an address": ("We live at 14 Albert Street", "22a Long Causeway Road", "12, Park Rd"),
    "an NHS number": (
        "NHS 485 777 3456",
        "NHS number 485 777 3456",
        "His number is 4857773456.",
        "number: 485-777-3456",
    ),
    "a National Insurance number": ("QQ 12 34 56 C", "NI number QQ123456C"),
}
HARMLESS = (
    "",
    "Read Mr Men books at bedtime",
    "Little Miss Sunshine books",
    "Mrs",
    "the Mr and the Mrs",
    "We will be here for 12 weeks",
    "Go to SureStart in Nelson",
    "Drive on the M25 motorway",
    "Turn off the M6 3rd exit",
    "Meet at 10.30 - 12.00, 14 January 2027",
    "By 12/1/2027",
    "from 09.00-10.30 10.45",
    "01-02-2027 to 03-02-2027",
    "Miss fewer days of school",
    "Miss Monday sessions only when ill",
    "I miss Nan",
    "A nurse for MS comes on Friday",
    "Mum has MS Society meetings",
    "See the Dr",
    "See the dr on Monday",
    "dr appointment",
    "born at 32 weeks",
    "born 12 weeks early",
    "Since the baby was born in March we are tired",
    "We do not know the dob",
    "a birthday party in May",
    "birthday party on Saturday",
    "Children aged 3 4 5 6 7 8 9 10",
    "Save £100000",
    "Save £1,250.50 by spring",
    "24/7",
    "1/2 hour of reading",
    "50/50 with her dad",
    "Year 6 SATs, KS2 3rd term",
    "Aged 3, 7 and 11",
    "B1 2pm",
    "Meet @ 10.30",
    "Text us twice a week",
    "Call 3 people",
    "We will read more",
    "Will the bus come?",
    "We start in May and end by May 2027",
    "May I have help?",
    "A trip to Preston",
    "Baby Massage with the baby",
    "Ask for Child Benefit and Universal Credit",
    "her mum English lessons",
    "Get 15 hours a week of nursery",
    "Since 2019",
    "Level 3, needs 2 to 1",
    "The A56 and 6 Trees Park",
)


def kinds(text):
    return [one.what for one in unnamed.findings(text, OWN, TODAY)]


@pytest.mark.parametrize("what", NAMING)
def test_what_names_somebody_is_found(what):
    """Each way to write a name, a number or a date of birth is found, as what it is (S92)."""
    assert {text: kinds(text) for text in NAMING[what] if what not in kinds(text)} == {}


@pytest.mark.parametrize("what", ["an NHS number", "a National Insurance number", "a phone number"])
def test_a_number_is_called_what_it_is(what):
    """A number has one kind: that of an NHS number is never called a phone number."""
    assert {text: kinds(text) for text in NAMING[what] if kinds(text) != [what]} == {}


def test_advice_fits_everybody_who_writes():
    """Members of a panel, workers and families read it: it is neither one's own child, nor in
    details that only some of them can see."""
    advice = [one.advice for texts in NAMING.values() for one in unnamed.findings("\n".join(texts))]

    assert advice
    assert [words for words in advice if "my son" in words or "details" in words] == []


def test_everyday_words_are_not_held_back():
    """Words that only look like a name, a number or a date of birth are let through."""
    assert {text: kinds(text) for text in HARMLESS if kinds(text)} == {}


def test_the_sentence_to_change_is_shown():
    """A finding quotes the words and the sentence they are in, and says what to write."""
    text = "We read each night. Ring Mrs. Khan on 07700 900123 then. All is well."
    first, second = unnamed.findings(text)
    assert (first.what, first.excerpt) == ("a name", "Ring Mrs. Khan on 07700 900123 then.")
    assert "“Mrs. Khan”" in first.advice
    assert "the teacher" in first.advice
    assert (second.what, "“07700 900123”" in second.advice) == ("a phone number", True)
    long = unnamed.findings(f"{'so we go on and on ' * 20}and see Mr Khan {'again ' * 60}")
    assert "see Mr Khan" in long[0].excerpt
    assert len(long[0].excerpt) < 170


def test_a_refusal_is_one_message():
    """The message beside a field names the words; it repeats the sentence only of a longer text."""
    assert unnamed.refusal("Sleep in our own beds") == ""
    assert unnamed.refusal("See Mr Khan") == (
        "This has a name in it. Take out “Mr Khan”. "
        "Write who it is without a name, such as “the mother” or “the teacher”."
    )
    assert unnamed.refusal("We try. See Mr Khan.").endswith("Change: “See Mr Khan.”")


def test_without_a_day_only_words_make_a_date_of_birth():
    """Without today's date, a date that no word calls a birth date is let through."""
    assert unnamed.findings("Moved here on 14 June 1988") == []
    assert unnamed.findings("born 14 June 1988")
