"""Gap in Service forms: kept once, on an agenda, with the manager, answered, and forgotten."""

import threading
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from portal import database
from portal.bookings.locking import NotPossible
from portal.database import tables
from portal.database.rate_limits import Allowance, Limit, TooOften
from portal.database.references import gap_link_of
from portal.directory.values import LONDON
from portal.panel import gaps
from portal.panel.decisions import Proposal, agree, answer_alone, propose
from portal.panel.gaps import Gap
from portal.panel.meetings import last_day, meeting_for
from portal.staff.accounts import Staff
from tests.support import made
from tests.support.made import NOW

SECRET = "a secret of thirty-two characters"
FORM = Gap(
    "preston", ("send",), "a car seat", "the usual", 120, "Jo Bell", "School", "jo@x.example",
    level=2, caf=True, families=3, theme="car-seats", attends="Deputy head",
)  # fmt: skip
MEMBERS = [
    Staff(n, f"m{n}@x.org", f"M {n}", "panel", panels=frozenset({"preston"})) for n in (1, 2)
]
MANAGER = Staff(3, "g@x.org", "G", "manager", footprint="preston")


def with_panel(**fields):
    return made.directory(panel={**made.PANEL, **fields})


def sent(engine, directory=None, now=NOW, key="g"):
    directory = directory or with_panel()
    reference = gaps.report(engine, FORM, directory, key=key, secret=SECRET, now=now)
    return gaps.with_reference(engine, reference)


def queued(engine):
    """The kinds of the messages that are owed, in their order."""
    owed = select(tables.panel_message.c.kind).where(tables.panel_message.c.state == "owed")
    with database.read(engine) as connection:
        return list(connection.execute(owed.order_by(tables.panel_message.c.id)).scalars())


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


def test_a_form_is_kept_once_and_comes_to_the_next_meeting(engine: Engine) -> None:
    """A form sent twice is one; it comes to the first meeting that is a week away or more."""
    one = sent(engine)

    assert sent(engine).id == one.id
    assert (one.panel, one.meeting, one.state) == ("preston", "2027-02-01", "open")
    assert (one.families, one.caf, one.level, one.theme) == (3, True, 2, "car-seats")
    assert queued(engine) == ["gap-received"]


def test_a_form_sent_twice_at_once_is_kept_once(engine: Engine) -> None:
    """Presses of one button that arrive together give one reference, and take of a limit once."""
    directory, keys = with_panel(), [f"gap-{number}" for number in range(5)]
    limit = Limit("contact", "j@x.org", per_hour=1, burst=len(keys))
    given = {"secret": SECRET, "now": NOW, "allowance": Allowance(SECRET, [limit])}
    ready, found = threading.Barrier(4), []

    def press() -> None:
        for key in keys:
            ready.wait(20)
            found.append((key, gaps.report(engine, FORM, directory, key=key, **given)))

    threads = [threading.Thread(target=press) for _ in range(ready.parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(found), len(set(found))) == (4 * len(keys), len(keys))
    assert len(queued(engine)) == len(keys)
    with pytest.raises(TooOften):
        gaps.report(engine, FORM, directory, key="another", **given)


def test_the_last_day_for_an_agenda_is_a_week_before_it() -> None:
    """S94: the day that a form must come by is the day that decides to which meeting it comes."""
    panel = with_panel().districts[0].panel
    last = last_day(meeting_for(panel, NOW))

    assert last == date(2027, 1, 25)
    assert meeting_for(panel, at("2027-01-25T23:59")).name == "2027-02-01"
    assert meeting_for(panel, at("2027-01-26T00:00")).name == "2027-03-01"


def test_only_the_right_link_opens_a_form(sqlite: Engine) -> None:
    """S23: the link is not in the database, and nothing else opens the form."""
    one = sent(sqlite)
    link = gap_link_of(SECRET, one.link_nonce, one.link_hash)

    assert gaps.find(sqlite, link).id == one.id
    assert gaps.find(sqlite, link[:-1]) is None
    assert gaps.find(sqlite, one.reference) is None


def test_an_undecided_form_comes_to_the_next_meeting(sqlite: Engine) -> None:
    """What a meeting leaves open is on the next agenda, and the practitioner gets the day."""
    one, directory = sent(sqlite), with_panel()
    assert gaps.follow_meetings(sqlite, directory, now=at("2027-02-02T09:00")) == 0

    assert gaps.follow_meetings(sqlite, directory, now=at("2027-02-04T09:00")) == 1
    assert gaps.follow_meetings(sqlite, directory, now=at("2027-02-04T09:00")) == 0
    assert gaps.with_id(sqlite, one.id).meeting == "2027-03-01"
    assert queued(sqlite) == ["gap-received", "gap-agenda"]


def test_a_meeting_that_moves_is_told_once(sqlite: Engine) -> None:
    """Another day in the content is a message, and the form keeps its meeting."""
    one = sent(sqlite)
    moved = with_panel(changes=[{"date": "2027-02-01", "moved_to": "2027-02-03"}])

    assert gaps.follow_meetings(sqlite, moved, now=NOW) == 1
    assert gaps.follow_meetings(sqlite, moved, now=NOW) == 0
    assert gaps.with_id(sqlite, one.id).meeting == "2027-02-01"
    assert queued(sqlite) == ["gap-received", "gap-agenda"]


def test_a_panel_that_goes_leaves_its_forms_to_the_manager(sqlite: Engine) -> None:
    """Open forms go to the manager, what members proposed is dropped, and back with a new panel."""
    one, alone = sent(sqlite), made.directory()
    given = {"seen": one.version, "by": MEMBERS[0], "now": NOW}
    propose(sqlite, with_panel(), one.id, Proposal("met", "See this"), **given)

    assert gaps.follow_meetings(sqlite, alone, now=NOW) == 1
    left = gaps.with_id(sqlite, one.id)
    assert (left.panel, left.meeting) == ("", "")
    assert queued(sqlite)[-1] == "gap-manager"
    with pytest.raises(NotPossible):
        agree(sqlite, alone, one.id, seen=left.version, by=MEMBERS[1], now=NOW)

    assert gaps.follow_meetings(sqlite, with_panel(), now=NOW) == 1
    back = gaps.with_id(sqlite, one.id).version
    with pytest.raises(NotPossible, match="Nothing is proposed"):
        agree(sqlite, with_panel(), one.id, seen=back, by=MEMBERS[1], now=NOW)


def test_the_answer_to_a_question_brings_a_form_back(sqlite: Engine) -> None:
    """What the panel asked is answered once; then the form is on the next agenda."""
    alone = made.directory()
    one = sent(sqlite, alone)
    given = {"seen": one.version, "by": MANAGER, "now": NOW}
    answer_alone(sqlite, alone, one.id, Proposal("more", "Which size?"), **given)
    asked = gaps.with_id(sqlite, one.id)
    with pytest.raises(NotPossible):
        gaps.reply(sqlite, alone, one.id, "Size 2", seen=one.version, now=NOW)

    gaps.reply(sqlite, alone, one.id, "Size 2", seen=asked.version, now=NOW)

    back = gaps.with_id(sqlite, one.id)
    assert (asked.state, back.state, back.reply) == ("more", "open", "Size 2")
    with pytest.raises(NotPossible):
        gaps.reply(sqlite, alone, one.id, "Size 2", seen=back.version, now=NOW)


def test_a_practitioner_is_forgotten_after_the_decision(sqlite: Engine) -> None:
    """S96: name, email and link go some days after the decision; the need and the money stay."""
    directory = with_panel()
    one, other = sent(sqlite), sent(sqlite, key="open")
    spend = Proposal("spend", "Yes", pounds=120, what_for="A car seat", provider="A shop")
    propose(sqlite, directory, one.id, spend, seen=0, by=MEMBERS[0], now=NOW)
    agree(sqlite, directory, one.id, seen=1, by=MEMBERS[1], now=NOW)

    def forget(after):
        return database.write(sqlite, lambda c: gaps.forget(c, NOW + after, 30))

    assert forget(timedelta(days=29)) == 0
    assert (forget(timedelta(days=30)), forget(timedelta(days=31))) == (1, 0)
    gone, kept = gaps.with_id(sqlite, one.id), gaps.with_id(sqlite, other.id)
    assert (gone.name, gone.email, gone.attends, gone.link_hash) == ("", "", "", None)
    assert (gone.families, gone.theme, gone.state, kept.name) == (
        3,
        "car-seats",
        "spent",
        "Jo Bell",
    )
    assert forget(gaps.UNANSWERED) == 1
    assert queued(sqlite) == []
    with database.read(sqlite) as connection:
        assert connection.execute(select(tables.panel_year.c.spent)).scalar_one() == 120


def test_somebody_can_be_erased_on_request(sqlite: Engine) -> None:
    """S96: what names the practitioner is deleted at once, and the log says so."""
    one = sent(sqlite)
    said = dict(gaps.kept(one))
    gaps.erase(sqlite, one, now=NOW, actor="command")

    assert (said["Name"], said["Email"]) == ("Jo Bell", "jo@x.example")
    assert "Name" not in dict(gaps.kept(gaps.with_id(sqlite, one.id)))


def test_a_practitioner_takes_an_open_form_back(sqlite: Engine) -> None:
    """A form that is withdrawn is on no agenda, what was proposed is dropped, and who sent it is
    forgotten at once, also after a question."""
    one, asked, directory = sent(sqlite), sent(sqlite, key="asked"), with_panel()
    question, late = Proposal("more", "Which?"), Proposal("no", "No")
    propose(sqlite, directory, asked.id, question, seen=0, by=MEMBERS[0], now=NOW)
    agree(sqlite, directory, asked.id, seen=1, by=MEMBERS[1], now=NOW)
    propose(sqlite, directory, one.id, late, seen=0, by=MEMBERS[0], now=NOW)
    with pytest.raises(NotPossible):
        gaps.withdraw(sqlite, one.id, seen=0, now=NOW)
    gaps.withdraw(sqlite, one.id, seen=1, now=NOW)
    gaps.withdraw(sqlite, one.id, seen=1, now=NOW)
    gaps.withdraw(sqlite, asked.id, seen=2, now=NOW)

    assert gaps.agenda(sqlite, "preston", one.meeting) == []
    assert gaps.in_district_of(sqlite, "preston") == []
    with pytest.raises(NotPossible):
        agree(sqlite, directory, one.id, seen=2, by=MEMBERS[1], now=NOW)
    assert database.write(sqlite, lambda c: gaps.forget(c, NOW, 30)) == 2


def test_a_form_that_has_its_answer_is_not_withdrawn(sqlite: Engine) -> None:
    alone = made.directory()
    one = sent(sqlite, alone)
    given = {"seen": 0, "by": MANAGER, "now": NOW}
    answer_alone(sqlite, alone, one.id, Proposal("no", "There is none"), **given)

    with pytest.raises(NotPossible, match="has its answer"):
        gaps.withdraw(sqlite, one.id, seen=1, now=NOW)
    assert gaps.with_id(sqlite, one.id).state == "no"
    assert queued(sqlite)[-1] == "gap-answer"
