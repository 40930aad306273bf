"""The finder's rules in Python, on the sample. That the browser has the same is tried in
`web/test_find.py`."""

import string
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.directory.state import state_of
from portal.directory.values import LONDON
from portal.finder import Finder, index
from portal.finder.postcode_import import Placed
from portal.finder.postcodes import pack
from portal.finder.query import read_age
from portal.finder.texts import CHOICES, WORDS
from tests.support import made

NOW = datetime(2026, 11, 23, 8, tzinfo=LONDON)  # a Monday, before anything has begun


@pytest.fixture(scope="module")
def finder(directory):
    return Finder(*index.tables(directory), pack([Placed("BB9 7BA", 53.8379, -2.2140)]))


@pytest.fixture(scope="module")
def ask(finder):
    def ask(query="", now=NOW):
        return finder.ask(parse_qs(query), now)

    return ask


def names(answer):
    return [result.name for result in answer.results]


def words(answer):
    return [one.words for one in answer.mistakes]


# --- which, and in which order --------------------------------------------------------------------


def test_without_a_place_soonest_first(ask):
    """Every public series that still meets is there once, with its next date and how many more."""
    answer = ask()

    assert answer.heading == "12 groups"
    assert names(answer)[:3] == ["Play Sessions", "Play Sessions", "Bump, Birth and Beyond"]
    first = answer.results[0]
    assert (first.when, first.more) == ("Monday 23 November, 9:30am to 11am", "16 more dates")
    assert answer.results[7].more == ""


def test_a_changed_date_says_how_it_changed(ask):
    """The row of a date that moved says from when, and that of one held elsewhere says so."""

    def feeding(day):
        now = datetime(2026, 12, day, 8, tzinfo=LONDON)
        (row,) = ask("programme=infant-feeding-support&day=wednesday&day=thursday", now).results
        return row.when.partition(",")[0], row.change

    assert feeding(1) == ("Wednesday 2 December", "Other place.")
    assert feeding(9) == ("Thursday 10 December", "Moved from Wednesday 9 December.")
    assert feeding(11) == ("Wednesday 16 December", "")


def test_places_of_a_moved_date_are_those_of_its_planned_day(finder):
    """A moved date without a place is left out, although bookings know it by its planned day."""
    now = datetime(2026, 12, 9, 8, tzinfo=LONDON)
    full = frozenset({("weavers-yard/feeding-wednesday", "2026-12-09")})
    query = parse_qs("programme=infant-feeding-support&room=yes")
    (row,) = finder.ask(query, now, full).results

    assert row.when.startswith("Wednesday 16 December")


def test_nearest_then_soonest(ask):
    """Where distances are the same as shown, the sooner comes first."""
    answer = ask("near=Preston&miles=any")
    shown = [result.where.rpartition(", ")[2] for result in answer.results]

    assert shown[:5] == ["0.5 miles"] * 5
    assert [result.when.split(",")[0] for result in answer.results[:5]] == [
        "Monday 23 November",
        "Tuesday 24 November",
        "Thursday 26 November",
        "Saturday 12 December",
        "Tuesday 12 January",
    ]


def test_soonest_by_choice(ask):
    """The same list may be ordered by time."""
    nearest, soonest = ask("near=Nelson&miles=any"), ask("near=Nelson&miles=any&order=soonest")

    assert names(nearest) != names(soonest)
    assert sorted(names(nearest)) == sorted(names(soonest))
    assert soonest.results[0].when.startswith("Monday 23 November")


def test_results_say_all_in_order(ask):
    """A row says name, day and time, venue and miles, ages, cost, way to a place, access."""
    row = ask("near=Preston&language=ur").results[0]

    assert row.path == "/sessions/riverbank/play-urdu/"
    assert row.name == "Play Sessions in Urdu"
    assert row.when == "Thursday 26 November, 1:30pm to 3pm"
    assert row.where == "Riverbank Centre, Preston, 0.5 miles"
    assert (row.ages, row.cost) == ("Birth to 4 years (up to 7 with SEND).", "Free.")
    assert (row.tag, row.state) == ("drop-in", "Drop in")
    assert row.spoken == "In Urdu."
    assert row.access == (
        ("step-free", "Step-free entrance."),
        ("accessible-toilet", "Accessible toilet."),
        ("baby-changing", "Baby changing."),
    )


def test_what_has_passed_is_gone(ask):
    """A session shows until it ends, by the clock in London, and then the next one does."""
    during = ask("near=Preston", datetime(2026, 11, 23, 10, 59, tzinfo=LONDON))
    after = ask("near=Preston", datetime(2026, 11, 23, 11, tzinfo=UTC))

    assert during.results[0].when.startswith("Monday 23 November")
    assert after.results[0].when.startswith("Tuesday 24 November")
    mondays = [row for row in after.results if row.path.endswith("/play-monday/")]
    assert mondays[0].when.startswith("Monday 11 January")


def test_naive_times_are_refused(ask):
    """A moment without a zone would be an hour out for half of the year."""
    with pytest.raises(ValueError, match="time zone"):
        ask("", datetime(2026, 11, 23, 8))


def test_dates_left_out(ask):
    """Cancelled dates, exceptions, holidays and withdrawn runs are no results."""
    assert ask("programme=baby-massage&near=Bacup&miles=1").total == 0
    later = ask("near=Preston&day=monday", datetime(2026, 11, 24, 8, tzinfo=LONDON))
    # 30 November is left out, 7 December the centre is closed, 14 December is cancelled, and then
    # there is no school.
    assert later.results[0].when == "Monday 11 January, 9:30am to 11am"


def test_a_date_somewhere_else(ask):
    """A session is where it is held that time, not where its series usually is."""
    on = datetime(2026, 12, 1, 8, tzinfo=LONDON)
    row = ask("programme=infant-feeding-support", on).results[0]

    assert (row.when, row.where) == (
        "Wednesday 2 December, 11:30am to 1:30pm",
        "Nelson Library",
    )
    moved = ask("programme=infant-feeding-support&day=thursday", on)
    assert moved.results[0].when == "Thursday 10 December, 11:30am to 1:30pm"


def test_sensitive_series_are_in_no_answer(ask, directory):
    """No question brings up a series of a sensitive programme (S3)."""
    private = {series.path for series in directory.private_series}

    assert private
    assert not private & {row.path for row in ask("show=1000").results}
    assert words(ask("programme=group-for-women")) == ["Choose from the list: programmes."]


# --- filters --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("day=saturday", {"First Aid for Babies", "Saturday Club"}),
        ("day=weekend", {"First Aid for Babies", "Saturday Club"}),
        ("day=monday&day=saturday&age=3", {"Play Sessions", "Saturday Club", "Half-term Fun"}),
        ("part=evening", {"Bump, Birth and Beyond", "Youth Club"}),
        (
            "part=afternoon&day=thursday",
            {"Play Sessions in Urdu"},
        ),
        ("term=holidays&near=Bacup&miles=1", {"Half-term Fun", "Saturday Club"}),
        ("booking=request", {"Baby Massage"}),
        ("language=ur", {"Play Sessions in Urdu"}),
        ("access=quiet-room", {"Youth Club"}),
        ("access=quiet-room&access=step-free", set()),
        ("welcome=quiet", {"Saturday Club"}),
        ("welcome=quiet&welcome=dads", {"Saturday Club"}),
        ("welcome=quiet&welcome=siblings", set()),
        ("welcome=dads&near=Nelson&miles=1", {"Infant Feeding Support", "Play Sessions"}),
        ("welcome=siblings&near=Preston&miles=5", {"Play Sessions", "Play Sessions in Urdu"}),
        ("offer=young-people", {"Youth Club"}),
        ("programme=bump-birth-and-beyond&free=yes&day=saturday", {"First Aid for Babies"}),
        ("age=15", {"Youth Club"}),
        ("age=24", set()),
        ("age=24&need=send", set()),
        ("age=expecting&booking=drop-in", {"Infant Feeding Support"}),
        ("age=8+weeks&booking=request", {"Baby Massage"}),
        ("age=6&need=send&near=Preston&miles=5", {"Play Sessions", "Play Sessions in Urdu"}),
        ("age=6&near=Preston&miles=5", set()),
        ("age=2&age=15&together=yes", set()),
        ("age=2&age=4&together=yes&cost=x&near=Bacup&miles=1", {"Half-term Fun", "Saturday Club"}),
    ],
)
def test_each_filter(ask, query, expected):
    """Days, times, terms, ways, languages, facilities, offers and ages each leave what fits."""
    assert set(names(ask(query + "&show=40"))) == expected


@pytest.mark.parametrize(
    ("when", "now", "days"),
    [
        ("today", NOW, {"Monday 23 November"}),
        ("tomorrow", NOW, {"Tuesday 24 November"}),
        ("weekend", NOW + timedelta(days=15), {"Saturday 12 December"}),
        ("weekend", datetime(2026, 12, 12, 8, tzinfo=LONDON), {"Saturday 12 December"}),
        ("weekend", datetime(2026, 12, 13, 8, tzinfo=LONDON), set()),
        (
            "next-week",
            datetime(2026, 12, 6, 8, tzinfo=LONDON),
            {f"{day} December" for day in ("Tuesday 8", "Thursday 10", "Friday 11", "Saturday 12")},
        ),
    ],
)
def test_days_are_those_of_now_in_london(ask, when, now, days):
    """'Today', 'this weekend' and so on count from the day in London, and the weekend ends."""
    shown = {row.when.partition(",")[0] for row in ask(f"on={when}&show=40", now).results}

    assert shown == days


@pytest.mark.parametrize(("when", "hour"), [("today", 23), ("tomorrow", 22)])
def test_a_day_begins_at_midnight_in_london(directory, when, hour):
    """In summer a new day begins in London an hour before it does in UTC."""
    table, places = index.tables(directory)
    summer = Finder({**table, "first": "2027-06-07"}, places)
    answer = summer.ask({"on": [when]}, datetime(2027, 6, 6, hour, 30, tzinfo=UTC))

    assert {row.when.partition(",")[0] for row in answer.results} == {"Monday 7 June"}


def test_free(ask):
    """'Free' leaves out all that has a price."""
    assert "Saturday Club" in names(ask())
    assert {row.cost for row in ask("free=yes").results} == {"Free."}


def test_several_children(ask):
    """With several children, what suits one of them is shown; or only what suits all."""
    either = ask("age=2&age=15")
    assert {"Youth Club", "Play Sessions"} <= set(names(either))
    assert either.heading.endswith(" for ages 2 and 15")
    assert ask("age=2&age=15&together=yes").total == 0


def test_how_far(ask):
    """Within five miles, where nothing else is said; the chip that says so can be taken away."""
    near = ask("near=Preston")
    anywhere = ask("near=Preston&miles=any")

    assert 0 < near.total < anywhere.total == 12
    assert "Within 5 miles" in [one.words for one in near.chosen]


def test_a_whole_district(ask):
    """A district is searched as a whole, however far its ends are."""
    answer = ask("near=Pendle")

    assert answer.heading == "3 groups in Pendle"
    assert {"Infant Feeding Support", "Baby Massage", "Play Sessions"} == set(names(answer))


# --- words ----------------------------------------------------------------------------------------


def test_distances_are_honest(ask):
    """Tenths of a mile only where both ends are known; else whole miles, and 'about'."""
    assert ask("near=Preston").results[0].where.endswith(", 0.5 miles")
    assert ask("near=PR1").results[0].where.endswith(", less than a mile")
    assert {row.where for row in ask("near=Fleetwood&age=14").results} == {
        "Harbour Young People's Centre, Fleetwood, less than a mile"
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "12 groups"),
        ("near=pr1+8rj&day=thursday&part=afternoon", "1 group near PR1 8"),
        ("near=Chorley&miles=1", "No groups near Chorley"),
        ("age=1-2", "7 groups for ages 1 to 2"),
        ("age=2", "6 groups for age 2"),
        ("age=2,4", "6 groups for ages 2 and 4"),
        ("age=toddlers", "7 groups for toddlers"),
        ("age=2,8+months", "8 groups for 2 children: 2 years, 8 months"),
        ("near=Pendle&age=expecting", "1 group in Pendle for pregnancy"),
        # The list goes on with groups that are further away.
        ("near=Nelson&programme=play-sessions", "1 group near Nelson"),
        ("near=Nelson&programme=play-sessions&miles=20", "4 groups near Nelson"),
    ],
)
def test_the_heading_counts(ask, query, expected):
    """How many, near what, for whom; what is too far away to be near is not counted as near."""
    assert ask(query).heading == expected


def test_each_filter_can_be_taken_away(ask):
    """Every filter that is on has a link to the same question without it."""
    answer = ask("near=Preston&age=2,4&day=monday&free=yes&miles=10")

    assert [one.words for one in answer.chosen] == [
        "Near Preston",
        "Within 10 miles",
        "2 years",
        "4 years",
        "Free",
        "Monday",
    ]
    for one in answer.chosen:
        assert ask(one.query).total >= answer.total
    assert answer.chosen[2].query == "near=Preston&age=4&free=yes&day=monday&miles=10"


def test_chips_are_one_press(ask):
    """Each chip leads to the same question with its filter, or without it where it is on."""
    answer = ask("near=Preston&age=2&on=tomorrow")

    assert answer.heading == "1 group tomorrow for age 2, none within 5 miles of Preston"
    assert [(chip.words, chip.query, chip.on) for chip in answer.chips] == [
        ("Today", "near=Preston&age=2&on=today", False),
        ("Tomorrow", "near=Preston&age=2", True),
        ("This weekend", "near=Preston&age=2&on=weekend", False),
        ("Next week", "near=Preston&age=2&on=next-week", False),
        ("Has places", "near=Preston&age=2&room=yes&on=tomorrow", False),
    ]
    assert "Tomorrow" not in [link.words for link in answer.chosen]


@pytest.mark.parametrize(
    ("query", "summary"),
    [
        ("near=Preston&age=2&on=today", "Near Preston, age 2"),
        ("near=Pendle&miles=3", "In Pendle"),
        (
            "near=Preston&miles=10&free=yes&day=monday",
            "Near Preston, Within 10 miles, Free, Monday",
        ),
        ("age=toddlers", "Toddlers"),
        ("room=yes&term=term", "In term time"),
        ("show=20", "All groups"),
    ],
)
def test_the_question_in_one_line(ask, query, summary):
    """The folded form says all that is asked, but for what the chips show."""
    assert ask(query).summary == summary


def test_nothing_found_says_what_to_leave_out(ask):
    """Each filter that would bring something, if it were left out, is a link that counts it."""
    answer = ask("near=Bacup&miles=3&age=2&day=wednesday&part=evening")

    assert answer.total == 0
    assert answer.loosened
    for one in answer.loosened:
        assert one.words.split()[0] == str(ask(one.query).total)


def test_good_for_is_said_and_can_be_left_out(ask):
    """What a group must be good for is a filter like the others: with links to remove each value,
    with the number that there would be without it, and a mistake for an unknown value."""
    answer = ask("welcome=quiet&welcome=siblings")
    wrong = ask("welcome=cats")

    assert [one.words for one in answer.chosen] == [
        "Peace and quiet",
        "Bringing brothers and sisters",
    ]
    assert [one.query for one in answer.chosen] == ["welcome=siblings", "welcome=quiet"]
    assert [one.words for one in answer.loosened] == [
        f"{ask('').total} that may not be good for everything you chose"
    ]
    assert words(wrong) == ["Choose from the list: what it is good for."]


def test_nothing_found_at_all(ask):
    """Where no single filter is to blame, all of them are offered to go."""
    answer = ask("age=24&day=sunday&language=pl")

    assert [one.words for one in answer.loosened] == ["12 without any of your choices"]


def test_more_rows(finder, directory):
    """Twenty at a time, and a link for the next twenty."""
    table, places = index.tables(directory)
    # As if each series were three.
    table = {
        **table,
        "counts": [number * 3 for number in table["counts"]],
        "slugs": " ".join(slug for slug in table["slugs"].split(" ") for _ in range(3)),
        **{
            name: [value for value in table[name] for _ in range(3)]
            for name in (
                "name",
                "programme",
                "age",
                "cost",
                "way",
                "welcome",
                "state",
                "language",
                "time",
                "run",
            )
        },
        "venue": [value for step in table["venue"] for value in (step, 0, 0)],
        "extra": {str(int(n) * 3 + m): e for n, e in table["extra"].items() for m in range(3)},
    }
    answer = Finder(table, places).ask({}, NOW)

    assert (answer.total, len(answer.results)) == (36, 20)
    assert answer.further == ("Show 16 more", "show=40")
    assert len(Finder(table, places).ask({"show": ["40"]}, NOW).results) == 36


# --- where ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "near", ["BB9 7BA", "bb97ba", " Bb9  7bA ", "BB9-7BA", "BB9 7BA.", "BB9 7ZZ", "BB9 7"]
)
def test_postcodes_however_they_are_typed(ask, near):
    """Any spacing, any case; one that is not known by itself is placed by its sector."""
    assert ask(f"near={near}").asked.near == "BB9 7"


@pytest.mark.parametrize(
    ("near", "expected"),
    [
        ("BB9", "BB9"),
        ("st annes", "St Anne's"),
        ("SAINT ANNE’S", "St Anne's"),
        ("knott end on sea", "Knott End-on-Sea"),
        ("warton (fylde)", "Warton (Fylde)"),
        ("Warton, Lancaster", "Warton (Lancaster)"),
        ("riverbank", "Riverbank Centre"),
        ("weavers yard", "Weavers' Yard Children's Centre"),
        ("ribble valley", "Ribble Valley"),
        ("\u202ebacup\u200b", "Bacup"),
        ("Riverbank Children's Centre", "Riverbank Centre"),
        ("the riverbank", "Riverbank Centre"),
        ("Bacup, Lancashire", "Bacup"),
        ("bacup lancs, uk", "Bacup"),
        ("Bacup, Rossendale", "Bacup"),
        ("St Annes on Sea", "St Anne's"),
        ("Knott End", "Knott End-on-Sea"),
        ("Chorley town centre", "Chorley"),
        ("Poulton", "Poulton-le-Fylde"),
    ],
)
def test_places_however_they_are_typed(ask, near, expected):
    """Towns, districts and centres, with or without apostrophes and capitals."""
    assert ask(f"near={near}").asked.near == expected


@pytest.mark.parametrize(
    ("near", "meant"),
    [
        ("Accringtn", ("Accrington",)),
        ("Accrignton", ("Accrington",)),
        ("Warton", ("Warton (Lancaster)", "Warton (Fylde)")),
        ("Clith", ("Clitheroe",)),
        ("Skelmersdlae", ("Skelmersdale",)),
        ("Manchestr", ("Manchester",)),
        ("xq", ()),
    ],
)
def test_did_you_mean(ask, near, meant):
    """A name with a slip in it, or one that several places share, is asked about."""
    answer = ask(f"near={near}")

    assert answer.mistakes[0].meant == meant
    assert answer.asked.near == near
    for one in meant:
        assert not ask(f"near={one}").mistakes


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("near=ZZ9+1AA", WORDS["e-postcode"]),
        ("near=SW1A+1AA", WORDS["e-outside"]),
        ("near=BT1+1AA", WORDS["e-outside"]),
        ("near=12345", WORDS["e-half"]),
        ("near=%21%21", WORDS["e-empty"]),
        ("near=" + "x" * 101, WORDS["e-long"]),
        ("age=40", WORDS["e-old"]),
        ("age=-3", WORDS["e-age"]),
        ("age=soon", WORDS["e-age"]),
        ("age=1,2,3,4,5,6,7,8,9", WORDS["e-ages"]),
        ("miles=3", "Enter a place, to look within 3 miles of it."),
        ("miles=4&near=Bacup", "Choose from the list: how far."),
        ("day=blursday", "Choose from the list: days."),
        ("term=term&term=holidays", WORDS["e-both"]),
        ("free=perhaps", "Choose from the list: free or not."),
    ],
)
def test_mistakes_are_sentences(ask, query, expected):
    """Unknown, foreign or half postcodes, wrong ages, contradictions: each says what to do."""
    answer = ask(query)

    assert words(answer) == [expected]
    assert (answer.total, answer.results, answer.heading) == (0, (), "")


@pytest.mark.parametrize(
    ("near", "key", "council"),
    [
        ("Blackburn", "Blackburn", "Blackburn with Darwen Borough Council"),
        ("M1 1AE", "M1 1", "Manchester City Council"),
        ("M1", "M1", "Manchester City Council"),
        ("Manchester, UK", "Manchester", "Manchester City Council"),
        ("southport", "Southport", "Sefton Council"),
    ],
)
def test_a_place_outside_the_county(ask, near, key, council):
    """It says whose area it is as far as is known, and lists the nearest groups with the warning
    that distances are rough; it never asks for the spelling."""
    answer = ask(f"near={near}")

    assert answer.mistakes == ()
    assert answer.asked.near == key
    assert answer.notes == (
        f"{key} is in another council’s area, as far as we know: {council}. Ask them what is on "
        "near you, or find your council at gov.uk/find-local-council.",
        "These are our nearest groups. "
        f"The distances are rough: we do not know exactly where {key} is.",
    )
    assert answer.results


def test_outside_without_anything_near(ask):
    """Nothing is promised below the note where there is nothing."""
    assert ask("near=Blackburn&miles=1").notes == (
        "Blackburn is in another council’s area, as far as we know: Blackburn with Darwen Borough "
        "Council. Ask them what is on near you, or find your council at "
        "gov.uk/find-local-council.",
    )


def test_little_nearby(ask):
    """Where little is near, and nobody said how far, the search goes on, and says so."""
    near = ask("near=Rawtenstall&miles=5").total
    answer = ask("near=Rawtenstall")

    assert near < 5 <= answer.total
    assert answer.notes[0].startswith(f"Only {near} groups are within 5 miles, so we looked ")
    assert ask("near=Rawtenstall&miles=5").notes == ()
    assert "miles" not in answer.asked.address


def test_enough_nearby(ask):
    """Where there is enough near, the search goes no further, and has nothing to explain."""
    answer = ask("near=Preston")

    assert answer.total >= 5
    assert answer.notes == ()
    assert "Within 5 miles" in [one.words for one in answer.chosen]


def test_a_search_that_went_everywhere(ask):
    """Nothing near and nothing anywhere: no filter by distance is left to take away."""
    answer = ask("near=Rawtenstall&age=24&day=sunday&language=pl")

    assert answer.notes == ("Nothing is within 5 miles, so we looked further, at any distance.",)
    assert not [one.words for one in answer.chosen if one.words.startswith("Within")]


def test_answers_are_kept(ask):
    """A mistake in one field leaves what was said in the others."""
    asked = ask("near=Accringtn&age=2&day=monday&free=yes").asked

    assert asked.near == "Accringtn"
    assert [age.key for age in asked.ages] == ["2"]
    assert (asked.several("day"), asked.free) == (("monday",), True)


def test_the_address_never_holds_a_postcode(ask):
    """What can be shared says the sector; links of the answer do too."""
    answer = ask("near=BB9+7BA&age=2")
    links = [one.query for one in (*answer.chosen, *answer.loosened)]

    assert answer.asked.address == "near=BB9+7&age=2"
    assert not [query for query in links if "7BA" in query.upper()]


hostile = st.text(
    alphabet=st.one_of(
        st.sampled_from(string.printable + "½–’“\u00a0\u202e\u200b{}<>"), st.characters()
    ),
    max_size=120,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [*CHOICES, "near", "age", "miles", "order", "show", "free", "together", "room"]
        ),
        st.lists(hostile, max_size=3),
        max_size=5,
    )
)
def test_nothing_is_thrown(finder, fields):
    """Whatever comes in, there is an answer or a sentence."""
    answer = finder.ask(fields, NOW)

    assert answer.heading or answer.mistakes
    assert all(one.words for one in answer.mistakes)


# --- ages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("2", (24, 36)),
        ("2 years old", (24, 36)),
        ("0", (0, 12)),
        ("8 months", (8, 9)),
        ("8m", (8, 9)),
        ("6 weeks", (1, 2)),
        ("2.5", (30, 31)),
        ("2½ yrs", (30, 31)),
        ("1 year 6 months", (18, 19)),
        ("1-2", (12, 36)),
        ("1 to 2 years", (12, 36)),
        ("3–6 months", (3, 7)),
        ("Expecting", (-9, 0)),
        ("pre-school", (36, 60)),
        ("Toddler", (12, 36)),
    ],
)
def test_ages_however_they_are_said(text, months):
    """Years where no unit is given; months, weeks, ranges, and words."""
    age = read_age(text)

    assert age
    assert (age.first, age.end) == months
    assert read_age(age.key) == age


@pytest.mark.parametrize("text", ["", "-1", "two", "2-1", "1e3", "٢", "2 parsecs", "constructor"])
def test_what_is_no_age(text):
    """Anything else is not guessed at."""
    assert read_age(text) is None


# --- the state of each row ------------------------------------------------------------------------

RUNS = {
    "open": {"title": "Open", "repeats": "weekly"},
    "later": {"title": "Later", "opens": "2027-01-05 09:00"},
    "closed": {"title": "Closed", "closes": "2027-01-03"},
    "begun": {"title": "Begun", "starts": "2026-12-29", "bank_holidays": "run"},
    "drop": {"title": "Drop", "booking": "drop-in"},
    "referral": {"title": "Referral", "booking": "referral"},
}


@pytest.fixture(scope="module")
def in_states():
    directory = made.directory(*RUNS.values())
    finder = Finder(*index.tables(directory))
    return lambda query, now=made.NOW, full=frozenset(): finder.ask(
        parse_qs(query, keep_blank_values=True), now, full
    )


def test_a_row_says_the_state_and_not_the_way(in_states):
    """A row says what can be done now: what has closed, not opened or begun is not 'Book'."""
    said = {row.name: row.state for row in in_states("").results}

    assert said == {
        "Open": "Book a place",
        "Later": "Book from 5 January, 9am",
        "Closed": "Booking has closed",
        "Begun": "Started: ask us",
        "Drop": "Drop in",
        "Referral": "Through a professional",
    }


def test_the_state_of_a_row_changes_at_its_moment(in_states):
    """The index is made for a week, and answers with the state at the minute of the question."""

    def later(hour, minute):
        now = datetime(2027, 1, 5, hour, minute, tzinfo=LONDON)
        return next(row.state for row in in_states("", now).results if row.name == "Later")

    assert (later(8, 59), later(9, 0)) == ("Book from 5 January, 9am", "Book a place")


def test_only_what_has_places(in_states):
    """'Has places' leaves what a family can book, ask for or come to now, and nothing full."""
    full = frozenset({("riverbank/bump", "")})

    assert {row.name for row in in_states("room=yes").results} == {"Open", "Drop"}
    assert {row.name for row in in_states("room=yes", full=full).results} == {"Drop"}
    assert [chip.words for chip in in_states("room=yes").chips if chip.on] == ["Has places"]


def test_every_state_agrees_with_the_booking_page(in_states):
    """The finder's states are those of `portal.directory.state`, at any moment of the week."""
    directory = made.directory(*RUNS.values())
    for hours in range(0, 24 * 12, 7):
        now = made.NOW + timedelta(hours=hours)
        for row in in_states("", now).results:
            series = directory.find_series(row.path.removeprefix("/sessions/").strip("/"))
            assert row.state == state_of(series, None, now).words, (row.name, now)
