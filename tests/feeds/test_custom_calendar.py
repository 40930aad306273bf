"""A calendar of one's own making, as an address says it."""

import pytest

from portal.feeds import custom_calendar
from portal.feeds.custom_calendar import ChoiceError


def read(directory, query):
    pairs = [tuple(part.partition("=")[::2]) for part in query.split("&") if part]
    return custom_calendar.read(directory, pairs)


def identities(directory, query):
    return {one.identity for one in custom_calendar.series_of(directory, read(directory, query))}


def test_nothing_chosen_is_everything(directory):
    """Without a choice all public groups are in it, and its address needs no query."""
    chosen = read(directory, "district=&age=")

    assert directory.series == custom_calendar.series_of(directory, chosen)
    assert chosen.query == ""


def test_values_of_one_name_are_alternatives_and_names_are_joined(directory):
    """Two districts give both; a district and an age give what is there for that age."""
    either = identities(directory, "district=preston&district=pendle")
    preston, pendle = (
        identities(directory, "district=preston"),
        identities(directory, "district=pendle"),
    )
    toddlers = identities(directory, "age=toddlers")

    assert either == preston | pendle
    assert preston
    assert pendle
    assert identities(directory, "district=preston&age=toddlers") == preston & toddlers


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("programme=baby-massage", lambda one: one.programme.slug == "baby-massage"),
        ("booking=drop-in", lambda one: one.booking == "drop-in"),
        ("day=monday", lambda one: one.repeats == "daily" or one.starts.weekday() == 0),
        ("need=send", lambda one: "send" in one.programme.needs),
    ],
)
def test_each_question_chooses(directory, query, fits):
    """A group is in it where what was asked for is so, and only there."""
    assert {one.identity for one in directory.series if fits(one)} == identities(directory, query)


def test_one_wish_has_one_address(directory):
    """Order and repeats do not matter: the same wish is one address."""
    first = read(directory, "age=toddlers&district=preston&district=pendle&district=preston")
    second = read(directory, "district=pendle&district=preston&age=toddlers")

    assert first == second
    assert hash(first) == hash(second)
    assert first.query == "?district=preston&district=pendle&age=toddlers"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("district=prestn", "'prestn' is not a district that we know. Did you mean 'preston'?"),
        ("day=someday", "'someday' is not a day of the week that we know."),
        ("age=9", "'9' is not an age group that we know. Choose an age group from the list."),
        ("distrct=preston", "'distrct' is nothing to choose by. Did you mean 'district'?"),
        ("need=" + "x" * 500, f"'{'x' * 40}…' is not a need that we know."),
    ],
)
def test_what_we_do_not_know_is_refused_in_words(directory, query, words):
    """A wrong word is said, with the one that was meant: a filter is never left out quietly."""
    with pytest.raises(ChoiceError) as refused:
        read(directory, query)

    assert words in str(refused.value)
    assert len(str(refused.value)) < 300


def test_all_mistakes_are_told_at_once(directory):
    """Two wrong words are two problems, each with its question."""
    with pytest.raises(ChoiceError) as refused:
        read(directory, "district=nowhere&age=toddlers&day=never")

    assert [name for name, _ in refused.value.problems] == ["district", "day"]


def test_a_sensitive_programme_is_known_and_holds_nothing(directory):
    """Its dates leave the phones that follow it; no name says it, and no form offers it (S3)."""
    (sensitive, *_) = [one for one in directory.programmes if one.sensitive]
    chosen = read(directory, f"programme={sensitive.slug}")

    assert custom_calendar.series_of(directory, chosen) == ()
    assert sensitive.title not in custom_calendar.name_of(directory, chosen)
    assert sensitive.slug not in {
        value for value, _ in custom_calendar.options(directory, "programme")
    }


def test_an_old_name_of_a_programme_still_chooses_it(directory):
    """An address once given stays: a renamed programme is found by its old name."""
    renamed = [one for one in directory.programmes if one.aliases and not one.sensitive]
    for programme in renamed:
        assert read(directory, f"programme={programme.aliases[0]}") == read(
            directory, f"programme={programme.slug}"
        )


def test_its_name_says_what_it_is_and_no_need(directory):
    """A list of calendars shows the name to whoever looks at the phone: it says no need."""
    named = custom_calendar.name_of(
        directory, read(directory, "district=preston&age=toddlers&day=monday")
    )
    need = custom_calendar.name_of(directory, read(directory, "need=send&need=domestic-abuse"))
    long = custom_calendar.name_of(
        directory, read(directory, "&".join(f"district={one.slug}" for one in directory.districts))
    )

    assert named == "Groups in Preston: Toddlers, 1 and 2; Monday"
    assert need == f"Groups in {directory.site.area}"
    assert long == f"My choice of groups in {directory.site.area}"


def test_forms_offer_what_is_known(directory):
    """Every answer that a form offers is taken."""
    for question, answers in custom_calendar.form(directory):
        for value, words in answers:
            assert words
            assert (value,) == read(directory, f"{question.name}={value}").values(question.name)


def test_more_values_than_there_are_choices_are_refused(directory):
    """An address with more than 120 values is refused: part of it would be another calendar."""
    most = "&".join(["district=preston"] * custom_calendar.MOST_VALUES)

    assert read(directory, most).values("district") == ("preston",)
    with pytest.raises(ChoiceError, match="more than 120"):
        read(directory, f"{most}&age=toddlers")


def test_a_shared_address_says_no_need(directory):
    """The query that a diary shows leaves the need out, and keeps everything else."""
    chosen = read(directory, "need=send&district=preston")

    assert chosen.query == "?district=preston&need=send"
    assert chosen.shared_query == "?district=preston"
    assert chosen.private
    assert not read(directory, "district=preston").private
