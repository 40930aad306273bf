"""Thematic issues: the third gap raises one, it goes up and never back, and counts stay safe."""

import random
import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from portal import database
from portal.bookings.disclosure import SMALLEST, safe
from portal.bookings.locking import NotPossible
from portal.database import audit, tables
from portal.panel import themes
from tests.support.made import NOW
from tests.support.panels import put_gap, report_gap, take_up

DAY = NOW.date()
NAMES = themes.body_names(None) | {"panel": "Pendle Resource Panel"}


def raised(engine):
    for _ in range(3):
        number = report_gap(engine)
    return themes.issue_of(engine, number)


def close(engine, issue, now=NOW):
    given = {"answer": "The nursery takes them", "now": now, "actor": "staff:1"}
    given["seen"] = issue.version
    themes.close(engine, issue.id, **given)
    return themes.issue_of(engine, issue.id)


def test_the_third_gap_of_a_theme_raises_an_issue(engine) -> None:
    """Two gaps raise nothing, the third raises one issue with all three, the fourth joins it."""
    found = [report_gap(engine) for _ in range(4)]
    [issue] = themes.issues(engine, "pendle")

    assert found == [None, None, issue.id, issue.id]
    assert (issue.state, issue.theme, issue.gaps) == ("panel", "childcare", 4)
    assert [(one.body, one.day) for one in issue.steps] == [("panel", DAY)]
    assert [one.action for one in audit.log(engine)] == ["raise theme"]


@pytest.mark.parametrize(
    "other",
    [
        {"panel": "burnley"},
        {"theme": "transport"},
        {"state": "met"},
        {"state": "spent"},
        {"created": NOW.replace(year=2026)},
    ],
)
def test_what_does_not_count_towards_a_theme(engine, other) -> None:
    """Gaps of another district or theme, gaps that are met, and those of a year ago do not."""
    database.write(engine, lambda c: put_gap(c, **other))
    report_gap(engine)

    assert report_gap(engine) is None
    assert report_gap(engine, state="escalated") is not None


def test_a_gap_without_theme_or_panel_raises_nothing(engine) -> None:
    """An older form has no theme, and a district may have no panel."""
    assert {report_gap(engine, "") for _ in range(3)} == {None}
    assert {report_gap(engine, panel="") for _ in range(3)} == {None}


def test_a_year_before_the_leap_day() -> None:
    """12 months before 29 February is 28 February."""
    leap = datetime(2028, 2, 29, 9, tzinfo=UTC)

    assert themes._year_before(leap) == datetime(2027, 2, 28, 9, tzinfo=UTC)


def test_a_closed_issue_does_not_count_its_gaps_again(engine) -> None:
    """After the answer it takes three new gaps to raise the theme again."""
    first = close(engine, raised(engine))

    assert [report_gap(engine), report_gap(engine)] == [None, None]
    assert report_gap(engine) != first.id
    assert [one.state for one in themes.issues(engine, "pendle")] == ["panel", "closed"]


def test_many_gaps_at_once_raise_one_issue(engine) -> None:
    """Whichever is third, there is one issue, and every gap is part of it."""
    together = threading.Barrier(6)

    def work() -> None:
        together.wait(30)
        report_gap(engine)

    race(work, 6)
    [issue] = themes.issues(engine, "pendle")

    assert issue.gaps == 6


def race(work, number):
    threads = [threading.Thread(target=work) for _ in range(number)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


@pytest.mark.postgres
@pytest.mark.parametrize(("guarded", "number"), [(True, 1), (False, 0)])
def test_two_gaps_that_do_not_see_each_other(
    postgres_address, monkeypatch, guarded, number
) -> None:
    """S65: the second and third gap at the same moment raise one issue, and none without the
    lock, so this test can fail."""
    engine = database.connect(postgres_address)
    report_gap(engine)
    before, after = threading.Barrier(2), threading.Barrier(2)
    if not guarded:
        monkeypatch.setattr(themes, "_lock", lambda *_: None)

    def both(connection):
        put_gap(connection)
        before.wait(30)
        themes.gather(connection, "pendle", "childcare", now=NOW, actor="professional")
        if not guarded:
            after.wait(30)

    race(lambda: database.write(engine, both), 2)
    found = themes.issues(engine, "pendle")
    engine.dispose()

    assert len(found) == number


def test_an_issue_goes_up_with_each_answer(engine) -> None:
    """The panel's answer goes with it to the Sub Group, then to the Board; there it ends."""
    issue = take_up(engine, raised(engine))
    assert (issue.state, issue.above) == ("sub-group", "board")
    issue = take_up(engine, issue, answer="No money here", owner="Head of early help")

    assert [(one.body, one.answer, one.owner) for one in issue.steps] == [
        ("panel", "We have no crèche", ""),
        ("sub-group", "No money here", "Chair"),
        ("board", "", "Head of early help"),
    ]
    with pytest.raises(NotPossible, match="The Board is the last step"):
        take_up(engine, issue)
    assert close(engine, issue).state == "closed"


def test_an_issue_never_goes_back(engine) -> None:
    """A form of an earlier step, or of a closed issue, changes nothing; a day cannot go back."""
    first = raised(engine)
    second = take_up(engine, first)
    with pytest.raises(NotPossible, match="Somebody else has changed"):
        take_up(engine, first, owner="Somebody")
    with pytest.raises(NotPossible, match="cannot begin before"):
        take_up(engine, second, day=DAY - timedelta(days=1))
    closed = close(engine, second)
    with pytest.raises(NotPossible, match="has closed"):
        take_up(engine, closed, owner="Somebody")
    with pytest.raises(NotPossible, match="not there"):
        themes.close(engine, 99, answer="x", seen=0, now=NOW, actor="staff:1")

    assert themes.issue_of(engine, first.id) == closed
    assert close(engine, second) == closed  # sent twice
    assert [one.action for one in audit.log(engine)] == [
        "close theme", "send theme up", "propose theme", "raise theme",
    ]  # fmt: skip


def test_a_body_answers_once_it_has_the_theme(engine) -> None:
    """Its answer is not written before its day, whether the theme goes on or is closed."""
    later = DAY + timedelta(days=8)
    issue = take_up(engine, raised(engine), day=later)
    with pytest.raises(NotPossible, match="only goes there on Tuesday 12 January 2027"):
        take_up(engine, issue, day=later)
    with pytest.raises(NotPossible, match="only goes there"):
        close(engine, issue)

    assert take_up(engine, issue, day=later, now=NOW + timedelta(days=8)).state == "board"


def read_of(issue, passed_on=False):
    return themes.words_for(issue, NAMES, DAY, passed_on=passed_on)


def test_what_the_practitioner_reads(engine) -> None:
    """The page of a gap names the body that has its theme, claims nothing of other families, and
    says nothing once it is closed."""
    issue = raised(engine)

    assert read_of(issue) == "It is part of a theme that the Pendle Resource Panel has."
    later = take_up(engine, issue, day=DAY + timedelta(days=1))
    assert "that goes to the Sub Group on Tuesday 5 January 2027" in read_of(later)
    assert read_of(close(engine, later, NOW + timedelta(days=1))) == ""
    assert read_of(None) == ""


def test_a_gap_that_is_passed_on_is_never_nowhere(engine) -> None:
    """It raises a theme alone, joins one that is open, and does so after an earlier one is closed;
    its practitioner reads who has it and who answers, and the panel lists it until the answer."""

    def pass_on(theme="transport", number=None):
        def work(connection):
            one = number or put_gap(connection, theme, state="escalated")
            given = {"now": NOW, "actor": "staff:1", "passed_on": one}
            return one, themes.gather(connection, "pendle", theme, **given)

        return database.write(engine, work)

    first, number = pass_on()
    assert pass_on()[1] == number
    assert pass_on("")[1] != number
    issue = themes.issue_of(engine, number)
    assert (issue.theme, issue.gaps) == ("transport", 2)
    assert [one.theme for _, one in themes.passed_on(engine, "pendle")] == [
        "transport", "transport", "other",
    ]  # fmt: skip
    assert themes.passed_on(engine, "burnley") == []
    said = read_of(issue, passed_on=True)
    assert "list of themes for the Sub Group, which does not have it yet" in said
    issue = take_up(engine, issue)
    said = read_of(issue, passed_on=True)
    assert said.endswith("that the Sub Group has. Who answers for it there: Chair.")
    closed = close(engine, issue)
    assert "The answer: The nursery takes them" in read_of(closed, passed_on=True)
    assert len(themes.passed_on(engine, "pendle")) == 1
    assert pass_on(number=first)[1] != number


# --- counts ---------------------------------------------------------------------------------------


def test_counts_of_quarters_that_are_over(engine) -> None:
    """S97: gaps of this quarter are not counted yet, nor those of another panel."""

    def fill(connection) -> None:
        for created in (datetime(2026, 11, 2, tzinfo=UTC), NOW):
            for _ in range(6):
                put_gap(connection, needs=("send", "young-carers"), created=created)
        for _ in range(9):
            put_gap(connection, panel="burnley", created=datetime(2026, 11, 2, tzinfo=UTC))
        # Ten to midnight of the last day before, in summer time.
        put_gap(connection, created=datetime(2025, 12, 31, 23, 50, tzinfo=UTC))

    database.write(engine, fill)
    known = {"themes": {"childcare": "Childcare"}, "needs": {"send": "SEND", "health": "Health"}}
    found = themes.counts(engine, "pendle", today=DAY, **known)
    lines = themes.csv(found).decode("utf-8-sig").splitlines()

    assert found.quarters == ("2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4")
    assert [one.words for one in found.themes[0].figures] == ["under 5 each"] * 3 + ["5"]
    assert [(one.name, one.sum.words, one.shows) for one in found.needs] == [
        ("SEND", "5+", True), ("Health", "under 5 each", False),
    ]  # fmt: skip
    assert lines[0].startswith('"","Name","January to March 2026"')
    assert lines[1].endswith('"under 5","5","5+"')
    assert len(lines) == 4


THEMES, NEEDS = tuple("abcdefghijkl"), tuple("nopqrstuvwxyz")
QUARTER = "2026-Q4"


def page_of(gaps):
    """All that the page and its file show, for gaps of one quarter by their kind."""
    known = [{name: name for name in names} for names in (THEMES, NEEDS)]
    found = themes.counted([(QUARTER, *one) for one in gaps.elements()], [QUARTER], *known)
    return [line.figures[0] for line in (*found.themes, *found.needs)]


def other_worlds(gaps, kind):
    """Worlds without any gap of a kind: these have another theme, or are not there; and maybe
    there are as many of its theme with another need instead."""
    theme, needs = kind
    without = Counter({one: number for one, number in gaps.items() if one != kind})
    number = gaps[kind]
    for other in (None, *THEMES):
        moved = Counter({(other, needs): number}) if other not in (None, theme) else Counter()
        yield without + moved
        for need in NEEDS:
            if (need,) != needs:
                yield without + moved + Counter({(theme, (need,)): number})


def recognised(gaps):
    """Kinds of one to four gaps without which no other world looks the same."""
    shown = page_of(gaps)
    for kind, number in gaps.items():
        if number < SMALLEST and not any(page_of(w) == shown for w in other_worlds(gaps, kind)):
            yield kind


def random_gaps(seed):
    """Up to 30 gaps of a quarter, of many themes or of few."""
    chance = random.Random(seed)
    some, needs = THEMES[: chance.choice((1, 2, 5, 12))], NEEDS[: chance.choice((1, 2, 4, 13))]

    def kind():
        own = chance.sample(needs, chance.randint(1, min(3, len(needs))))
        return chance.choice(some), tuple(sorted(own))

    return Counter(kind() for _ in range(chance.choice((1, 2, 4, 8, 15, 30))))


def test_no_single_gap_can_be_recognised() -> None:
    """S97: for any gaps the page looks the same without those of a kind that are fewer than 5."""
    for seed in range(60):
        assert list(recognised(random_gaps(seed))) == [], seed


def test_large_numbers_would_tell(monkeypatch) -> None:
    """S97: four gaps of each theme with one need look like more themes than there are, because
    the number beside the need ends at 40."""
    gaps = Counter({(theme, ("n",)): 4 for theme in THEMES})
    assert list(recognised(gaps)) == []

    monkeypatch.setattr(themes, "LARGEST", 100)
    assert next(recognised(gaps), None) is not None


def test_noughts_beside_hidden_numbers_would_tell(monkeypatch) -> None:
    """S65: with noughts shown, the kind of a single gap is known; so the test above can fail."""
    monkeypatch.setattr(themes, "from_five", safe)

    assert list(recognised(Counter({("a", ("n",)): 1}))) != []


def test_the_sum_of_quarters_says_nothing_more() -> None:
    """S97: the sum of a line adds what is shown, so no quarter can be worked out from it."""
    chance = random.Random(97)
    for _ in range(200):
        numbers = [chance.randint(0, 12) for _ in range(4)]
        figures = tuple(themes.from_five(one) for one in numbers)
        line = themes.Counted("x", figures)

        assert line.sum.number == sum(one.number for one in figures)
        assert all(one.number == 0 for one, n in zip(figures, numbers, strict=True) if n < SMALLEST)


def test_dates_in_the_table(engine) -> None:
    """The day of a step is kept as a day, in London."""
    late = datetime(2027, 7, 1, 23, 30, tzinfo=UTC)
    for _ in range(3):
        number = report_gap(engine, now=late)

    assert themes.issue_of(engine, number).steps[0].day == date(2027, 7, 2)
    with database.read(engine) as connection:
        assert connection.execute(sa.select(tables.theme_step.c.day)).scalars().all() == [
            "2027-07-02"
        ]
