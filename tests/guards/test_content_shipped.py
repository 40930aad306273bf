"""What the service promises to ship: real centres, programmes and a year of sessions."""

import csv
import re
import subprocess
import sys
from collections import Counter
from datetime import date, time, timedelta

import pytest

from portal import content
from portal.bookings.wish_runs import nearest_out_of_reach
from portal.content.school_calendar import school_calendar
from portal.directory.addresses import HELP
from portal.directory.values import WEEKDAYS
from portal.directory.vocabularies import NEEDS, OFFERS, PRIVATE_NEEDS
from portal.finder.postcodes import exact_finder
from tests.support.screens import Screens
from tests.support.shipped import DAY, ROOT, programmes, sensitive_programmes, written

pytestmark = pytest.mark.slow

NOON, FIVE = time(12), time(17)


@pytest.fixture(scope="module")
def coming(shipped_directory):
    """All public sessions from DAY to the horizon."""
    return [
        session
        for series in shipped_directory.series
        for session in series.sessions
        if session.day >= DAY
    ]


@pytest.mark.slow
def test_check_finds_no_mistake():
    """`portal check` finds no mistake in what we ship, on the day on which it is run.

    What is out of date on that day comes before as a warning, such as a consultation that closed.
    """
    command = [sys.executable, "-m", "portal", "--root", str(ROOT), "check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-3].startswith("No mistakes.")


def test_nothing_is_in_doubt(shipped_directory):
    """On the day for which it was written, nothing in the content is hardly meant."""
    exact = exact_finder(shipped_directory.postcodes)

    assert [*content.doubts(shipped_directory, exact), *content.hard_messages(ROOT)] == []


def test_nothing_is_worth_a_look(shipped_directory):
    """On the day for which it was written, the content has nothing that `check` would warn of."""
    found = [str(problem) for problem in content.warnings(shipped_directory)]

    assert [words for words in found if "this site is a demonstration" not in words] == []


def test_areas(shipped_directory):
    """All five footprints and twelve districts are there, each district with its ONS code."""
    codes = [district.code for district in shipped_directory.districts]

    assert len(shipped_directory.footprints) == 5
    assert len(set(codes)) == 12
    assert all(re.fullmatch(r"E07000\d{3}", code) for code in codes)


def test_centres(shipped_directory):
    """At least 60 centres are there, three or more in each district, each with its source."""
    everywhere = Counter(centre.district for centre in shipped_directory.centres)
    few = {one.slug: everywhere[one.slug] for one in shipped_directory.districts}

    assert len(shipped_directory.centres) >= 60
    assert {slug: number for slug, number in few.items() if number < 3} == {}
    assert [one.source for one in shipped_directory.centres if not one.sources] == []
    assert [one.source for one in shipped_directory.centres if one.position is None] == []


def test_opening_hours_do_not_follow_private_groups(shipped_directory):
    """No day of a centre begins or ends with a private group: its hours would give the time."""
    for series in shipped_directory.private_series:
        hours = series.centre.opening_hours or {}
        for clock in hours.get(WEEKDAYS[series.starts.weekday()], ()):
            assert series.time.starts != clock.starts, series.source
            assert series.time.ends != clock.ends, series.source


def test_no_centre_is_half_invented(shipped_directory):
    """Where no source says where a door is, the centre's point is that of its postcode or town."""
    exact = [one.source for one in shipped_directory.centres if one.location and not one.postcode]

    assert exact == []


def test_programmes(shipped_directory):
    """All 51 programmes are there, under the eight areas of the offer, with what a family asks."""
    found = shipped_directory.programmes

    assert len(found) >= 51
    assert set(OFFERS) == {one.offer for one in found}
    assert set(NEEDS) == {need for one in found for need in one.needs}
    assert {1, 2, 3, 4, 5} == {number for one in found for number in one.outcomes}
    assert {"drop-in", "book", "request", "referral"} == {one.booking for one in found}
    assert [one.source for one in found if not one.sources or not one.body.strip()] == []
    assert [one.source for one in found if one.level is None and one.kind != "information"] == []


def test_sensitive_programmes(shipped_directory):
    """Programmes on abuse, self-harm and the like are marked, and their names say nothing of it."""
    withheld = sensitive_programmes()
    telling = re.compile(
        r"abus|violen|freedom|harm|suicid|exploit|conflict|lgbt|gay|trans\b|addict|drug|alcohol",
        re.I,
    )

    assert len(withheld) >= 6
    assert [
        one.path
        for one in withheld.values()
        if telling.search(f"{one.slug} {one.fields['title']} {one.fields['summary']}")
    ] == []
    assert shipped_directory.private_series
    assert set() == set(withheld) & {one.programme.slug for one in shipped_directory.series}


def test_series(shipped_directory):
    """At least 180 series meet in the present and the next two school terms."""
    running = [one for one in shipped_directory.series if any(s.day >= DAY for s in one.sessions)]

    assert len(shipped_directory.series) >= 180
    assert len(running) >= 150
    assert [one.source for one in shipped_directory.series if not one.all_sessions] == []


def test_series_in_every_district(shipped_directory, coming):
    """Every district has something on in the morning, the afternoon and the evening of a month."""
    month = [s for s in coming if s.day < DAY + timedelta(days=28) and not s.cancelled]
    parts = {
        district.slug: {
            "morning"
            if s.starts.time() < NOON
            else "afternoon"
            if s.starts.time() < FIVE
            else "evening"
            for s in month
            if s.series.centre.district == district.slug
        }
        for district in shipped_directory.districts
    }

    assert {slug: said for slug, said in parts.items() if len(said) < 2} == {}
    assert {"morning", "afternoon", "evening"} == set().union(*parts.values())


def test_every_weekday(coming):
    """Something meets on every day of the week, weekends too, in each of the three half terms."""
    terms = (
        (DAY, date(2026, 12, 19)),
        (date(2027, 1, 5), date(2027, 2, 13)),
        (date(2027, 2, 22), date(2027, 3, 26)),
    )
    for first, last in terms:
        days = Counter(s.starts.strftime("%A") for s in coming if first <= s.day <= last)

        assert set(WEEKDAYS) == set(days), f"{first} to {last}"


def test_kinds_of_series(shipped_directory, coming):
    """There are drop-ins, courses, outreach venues, and each way of repeating and of booking."""
    found = shipped_directory.series

    assert {"weekly", "fortnightly", "monthly", "once"} <= {one.repeats for one in found}
    assert {"drop-in", "book", "request"} <= {one.booking for one in found}
    assert any(one.is_course for one in found)
    assert any(one.ongoing and one.term_time_only for one in found)
    assert any(not one.at_centre for one in found)
    assert any(one.language != "en" for one in found)


def test_changes(coming):
    """Some coming sessions are cancelled, postponed, moved to another day or time, or elsewhere."""
    assert any(session.cancelled for session in coming)
    assert any(session.postponed for session in coming)
    assert any(session.moved and session.day != session.planned for session in coming)
    assert any(session.moved and session.day == session.planned for session in coming)
    assert any(session.moved_venue for session in coming)
    assert any(session.note and session.state == "on" for session in coming)


def test_nothing_meets_on_bank_holidays(shipped_directory, coming):
    """No session is planned on a bank holiday or a closure day, unless its file says so."""
    # Those of England up to the end of the school year, from gov.uk.
    holidays = {
        date(2026, 12, 25),
        date(2026, 12, 28),
        date(2027, 1, 1),
        date(2027, 3, 26),
        date(2027, 3, 29),
        date(2027, 5, 3),
        date(2027, 5, 31),
    }

    assert [
        f"{s.series.source}: {s.day}"
        for s in coming
        if s.day in holidays and not s.cancelled and s.series.bank_holidays != "run"
    ] == []


def test_places(shipped_directory):
    """Places and postcode areas of the whole county are known, with the licences' lines shown."""
    for name in ("places", "outcodes"):
        with (ROOT / f"content/{name}.csv").open(encoding="utf-8", newline="") as file:
            assert len(list(csv.reader(file))) > 50

    assert len(shipped_directory.settlements) >= 250
    assert len(shipped_directory.postcode_areas) >= 200
    lines = " ".join(shipped_directory.site.attribution)
    assert all(
        words in lines for words in ("OS data", "Royal Mail", "National Statistics", "GeoNames")
    )


def test_the_about_page_says_where_the_maps_come_from(shipped_directory):
    """The page about the service has the lines that the licences of the boundaries demand."""
    about = next(page for page in shipped_directory.pages if page.slug == "about")

    assert shipped_directory.outline.attribution
    assert [one for one in shipped_directory.outline.attribution if one not in about.html] == []


def test_pages_and_news(shipped_directory):
    """The pages that a public service owes its readers are there, and news with its sources."""
    owed = {
        "about",
        "accessibility",
        "contact",
        "cookies",
        "early-help",
        "family-safeguarding",
        "feedback",
        "privacy",
        "professionals",
        "stay-safe-online",
        "urgent-help",
    }

    assert set() == owed - {page.slug for page in shipped_directory.pages}
    assert len(shipped_directory.news) >= 4
    assert [one.source for one in shipped_directory.news if not one.sources] == []


def test_every_need_has_its_page(shipped_directory):
    """Each priority group of the service plan has a page in a family's words, or the private one.

    Six to eight of them are doors of the home page.
    """
    pages = shipped_directory.help_pages
    public = {page.need for page in pages if not page.private}

    assert public == NEEDS.keys() - PRIVATE_NEEDS.keys()
    assert [page.slug for page in pages if page.private] == ["talk"]
    assert 6 <= len(shipped_directory.doors) <= 8
    assert shipped_directory.talk in shipped_directory.doors
    assert [page.source for page in pages if not (page.ask and page.sources)] == []
    assert [page.source for page in pages if len(page.also) < 3] == []


def test_two_presses_lead_to_somebody(shipped, shipped_directory, tmp_path):
    """From the home page, two presses open a form that offers the need: ticked, unless private."""
    live = Screens(tmp_path, shipped_directory)

    def pressed(path):
        return {link["href"] for link in shipped.documents[path].all("a")}

    home, listed = pressed("/"), pressed(HELP)
    assert HELP in home

    wrong = []
    for need in NEEDS:
        page = shipped_directory.help_with(need)
        near = pressed(page.path) if page.path in home else listed
        form = live.open(page.ask_path).main
        offered = form.all("input", where=lambda one: one.get("name") == "topics")
        ticked = {one["value"] for one in offered if "checked" in one}
        if page.ask_path not in near or need not in {one["value"] for one in offered}:
            wrong.append(f"{need}: no form")
        if ticked != ({need} if need not in PRIVATE_NEEDS else set()):
            wrong.append(f"{need}: {ticked} is ticked")

    assert wrong == []


def _sentences(text):
    """The sentences of Markdown prose; lists, headings and tables are not held to a length."""
    for block in re.split(r"\n\s*\n", text):
        words = " ".join(
            line for line in block.splitlines() if not re.match(r"\s*([-*|#>]|\d+\.)", line)
        )
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", words)
        yield from re.split(r"(?<=[.!?:])\**\s+", words)


def test_plain_words():
    """Sentences are short: 15 words on average, and hardly one of over 25."""
    lengths = []
    for folder in ("content/pages", "content/news", "content/help", "programmes", "centres"):
        for one in written(folder):
            for sentence in _sentences(one.body):
                lengths.append((len(sentence.split()), one.path, sentence))
            if summary := one.fields.get("summary"):
                lengths.append((len(summary.split()), one.path, summary))
    lengths = [one for one in lengths if one[0] > 2]
    long = [one for one in lengths if one[0] > 25]

    assert sum(one[0] for one in lengths) / len(lengths) <= 15
    assert len(long) <= 0.05 * len(lengths), sorted(long)[-10:]


def test_programmes_are_those_of_the_plan():
    """A programme's file is named for its slug, and says where its facts come from."""
    for slug, one in programmes().items():
        assert one.fields.get("sources"), slug


@pytest.mark.parametrize("page", ["urgent-help", "stay-safe-online", "contact"])
def test_help_is_where_one_looks(shipped_directory, page):
    """Pages on which somebody in fear looks for help lead to each programme of ours for them."""
    [text] = [one for one in shipped_directory.pages if one.slug == page]
    ours = [one for one in shipped_directory.programmes if "domestic-abuse" in one.needs]
    ours = [one for one in ours if one.sensitive]

    assert len(ours) >= 2
    assert [one.path for one in ours if f'href="{one.path}"' not in text.html] == []


def test_each_town_is_within_reach_of_a_message(shipped_directory) -> None:
    """Tell me when says "Enter a town in Lancashire", so it accepts each town there."""
    programmes = [programme for programme in shipped_directory.programmes if programme.can_tell]
    towns = [one for one in shipped_directory.settlements if one.district and one.kind == "town"]

    assert programmes
    assert towns
    assert [
        (programme.slug, town.name)
        for programme in programmes
        for town in towns
        if nearest_out_of_reach(town.position, programme, shipped_directory)
    ] == []


def test_every_centre_says_whether_it_is_in_use(shipped_directory):
    """Each centre has what its last source says of the building, with the year."""
    silent = [
        one.source for one in shipped_directory.centres if not (one.in_use and one.in_use.year)
    ]
    everywhere = {one.given_up for one in shipped_directory.centres}

    assert silent == []
    assert everywhere == {True, False}


def test_no_group_meets_in_a_building_that_was_given_up(shipped_directory):
    """A series belongs to a centre in use; where a district has none, it meets elsewhere."""
    every = (*shipped_directory.series, *shipped_directory.private_series)
    in_use = {one.district for one in shipped_directory.centres if not one.given_up}
    inside = [
        f"{series.source}: {session.day}"
        for series in every
        for session in series.all_sessions
        if session.venue.centre and session.venue.centre.given_up
    ]

    assert inside == []
    assert [s.source for s in every if s.centre.given_up and s.centre.district in in_use] == []
    assert len(in_use) >= 8


def test_the_mix_is_near_that_of_the_plan(shipped_directory):
    """About 20 % of the series are universal and 80 % targeted, as the service plan has it, and in
    no district is it the reverse."""
    every = (*shipped_directory.series, *shipped_directory.private_series)
    targeted = Counter(one.centre.district for one in every if one.programme.level == "targeted")
    number = Counter(one.centre.district for one in every)

    assert 0.75 <= targeted.total() / number.total() <= 0.85
    assert [slug for slug in number if targeted[slug] / number[slug] < 0.6] == []


def test_evenings_and_weekends_in_every_district(shipped_directory, coming):
    """Every district has groups on weekday evenings, at weekends and in the school holidays."""
    calendar = school_calendar(shipped_directory.terms)
    parts = {one.slug: set() for one in shipped_directory.districts}
    for session in coming:
        if session.off:
            continue
        weekend = session.day.weekday() > 4
        kind = "weekend" if weekend else "evening" if session.starts.time() >= FIVE else "day"
        parts[session.series.centre.district].add(kind)
        if not weekend and not calendar.in_term(session.day):
            parts[session.series.centre.district].add("holidays")

    assert [slug for slug, said in parts.items() if len(said) < 4] == []
