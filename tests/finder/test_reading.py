"""What is typed into the one box, in Python; `web/test_finder_page.py` does it in the browser.

The sample's programmes get other words here, so that the tables hold some of each kind.
"""

import json
from datetime import datetime
from urllib.parse import parse_qs

import pytest

from portal.directory.values import LONDON
from portal.finder import Finder, index
from portal.finder.topics import digest, stem

NOW = datetime(2026, 11, 23, 8, tzinfo=LONDON)  # a Monday, before anything has begun
ALSO = {
    "baby-massage": ("massage for wind", "colic"),
    "play-sessions": ("toddlers", "mums and tots", "sleep"),
    "one-to-one-family-support": ("sleep", "help at home"),
    "group-for-women": ("not safe at home", "hits me"),
}


@pytest.fixture(scope="module")
def worded(directory):
    """The sample with other words for its programmes, a centre and a town."""
    programmes = tuple(
        one.model_copy(update={"also": ALSO.get(one.slug, ())}) for one in directory.programmes
    )
    return directory.model_copy(update={"programmes": programmes})


@pytest.fixture(scope="module")
def tables(worded):
    return index.tables(worded)


@pytest.fixture(scope="module")
def ask(tables):
    finder = Finder(*tables)
    return lambda query: finder.ask(parse_qs(query), NOW)


def doors(answer):
    return [door.path for door in answer.doors]


def test_other_words_find_a_programme(ask):
    """An `also` of a programme leads to its page and its groups."""
    answer = ask("near=help+with+colic")

    assert doors(answer) == ["/programmes/baby-massage/"]
    assert {row.name for row in answer.results} == {"Baby Massage"}
    assert answer.heading.endswith("matching “colic”")


def test_words_are_shown_as_they_were_typed(ask):
    """Short forms such as "st" serve to compare names alone: no reader sees them."""
    left_out, unknown = ask("near=colic+street+xyzzy"), ask("near=Saint+Colicc")

    assert left_out.notes[0] == "We could not use “street xyzzy”, so we left it out."
    assert "“Saint Colicc”" in unknown.mistakes[0].words


def test_one_word_of_two_programmes_shows_both(ask):
    """Two programmes may have the same word; the one with groups comes first."""
    assert doors(ask("near=my+baby+won't+sleep")) == [
        "/programmes/play-sessions/",
        "/programmes/one-to-one-family-support/",
    ]


def test_a_topic_and_a_place_are_one_question(ask):
    """Words and a place make one question, whose address has both and is read alike again."""
    answer = ask("near=colic+Preston&miles=any")

    assert answer.asked.address == "near=Preston&topic=colic&miles=any"
    again = ask(answer.asked.address)
    assert (again.heading, again.results) == (answer.heading, answer.results)
    assert again.asked.box == "colic Preston"


def test_every_phrase_is_read_alike_from_its_own_address(tables):
    """What stands in an address as a topic means the same topic, alone and with a place."""
    finder = Finder(*tables)
    for row in tables[1]["topics"]:
        for phrase in (row[1], *row[5]):
            first = finder._box.read(phrase)
            both = finder._box.read(f"{first.topic.words} Bacup")
            assert finder._box.read(first.topic.words).topic == first.topic == both.topic, phrase
            assert both.place.key == "Bacup"


def test_a_private_matter_is_answered_by_its_page_alone(ask):
    """Words of a private matter, anywhere in the text, give a page and nothing of the question."""
    for text in ("not+safe+at+home", "He+hits+me,+Bacup", "group+for+women", "he+hit+me&age=2"):
        answer = ask(f"near={text}")
        assert answer.private
        assert answer.asked.address == "show=20"
        assert (answer.heading, answer.results, answer.doors) == ("", (), ())


def test_words_of_a_private_matter_are_not_readable_in_the_tables(tables):
    """The public tables have them as digests alone (S82)."""
    text = json.dumps(tables).lower()

    for phrase in ALSO["group-for-women"]:
        assert phrase not in text
        assert digest(" ".join(map(stem, phrase.split()))) in tables[1]["private"][1]
    assert "massage for wind" in text


def test_unknown_words_are_met_with_the_nearest_and_a_way_to_ask(ask):
    """A slip gives the likeliest names; nonsense gives none; both say how to ask us."""
    (slip,) = ask("near=colik").mistakes
    (nonsense,) = ask("near=qqqq+zzzz").mistakes
    (both,) = ask("near=colic+Bacpu").mistakes

    assert (slip.meant, slip.ask) == (("colic",), True)
    assert (nonsense.meant, nonsense.ask) == ((), True)
    assert "spelling" not in nonsense.words
    assert both.meant == ("colic Bacup",)


def test_words_that_are_left_out_are_said(ask):
    """A question that is known in part is answered, with a note of what was not used."""
    answer = ask("near=colic+xyzzy+Preston")

    assert answer.notes[0] == "We could not use “xyzzy”, so we left it out."
    assert answer.asked.near == "Preston"


def test_nothing_found_says_how_far_the_next_one_is(ask):
    """Nothing for a topic: its page, the next one whatever else was chosen, and where to leave a
    wish to hear of it; not for a programme that has no such wishes."""
    answer = ask("near=colic+Preston&age=2&day=sunday")

    assert answer.total == 0
    assert answer.next.startswith("The next one is ")
    assert " miles away, on " in answer.next
    assert [door.path for door in answer.tell] == ["/tell/baby-massage?near=Preston&age=2"]
    assert doors(answer) == ["/programmes/baby-massage/"]
    support = ask("near=help+at+home")
    assert support.next == "No dates are planned. Read above how to get this help."
    assert support.tell == ()


def test_a_centre_leads_to_its_page(ask):
    """A centre's name shows its page above what is near it."""
    assert doors(ask("near=Riverbank")) == ["/centres/riverbank/"]


def test_words_that_name_a_filter_set_it(ask, worded):
    """What a venue has, and what a group is good for, can be typed beside a place and a topic."""
    held = {key for one in worded.series if one.venue.centre for key in one.venue.centre.facilities}
    answer = ask("near=wheelchair+Preston")
    both = ask("near=play+sessions+step+free+Preston")

    assert "step-free" in held
    assert answer.asked.address == "near=Preston&access=step-free"
    assert "Step-free entrance" in [link.words for link in answer.chosen]
    assert both.asked.several("access") == ("step-free",)
    assert both.asked.topic
    assert both.asked.near == "Preston"
    assert not ask("near=changing+place+Preston").asked.several("access")
