"""The words for a request: every state with every decision, for the family and for staff."""

import itertools
from dataclasses import fields

import pytest

from portal.bookings.case_rows import SupportCase
from portal.bookings.case_words import NEXT_STEPS, REASONS, where
from portal.database.tables import CASE_STATES, CLOSE_REASONS
from portal.database.tables import NEXT_STEPS as STEPS
from portal.directory.need_levels import NEEDS_OTHERS, who_helps
from tests.support import made
from tests.support.levels import LEVELS

_EMPTY = dict.fromkeys((field.name for field in fields(SupportCase)), "")


def case(**given) -> SupportCase:
    moments = dict.fromkeys(("triaged", "allocated", "contacted", "reviewed", "closed"))
    known = {"id": 1, "booking_id": 1, "level": None, "worker_id": None, "version": 1}
    values = _EMPTY | moments | known | {"received": made.NOW, "changed": made.NOW}
    return SupportCase(**values | {"series": "riverbank/first"} | given)


def every_case():
    """Each combination of what the words follow from."""
    series = ("riverbank/first", "programme:requests-for-support")
    levels, workers, contacts = (None, 1, 2, 3, 4), ("", "Ann Ford"), (None, made.NOW)
    for state, level, worker, contacted, asked in itertools.product(
        CASE_STATES, levels, workers, contacts, series
    ):
        ends = CLOSE_REASONS if state == "closed" else ("",)
        for step, reason in itertools.product(STEPS, ends):
            yield case(
                state=state, level=level, next_step=step, worker=worker, contacted=contacted,
                close_reason=reason, series=asked,
            )  # fmt: skip


def test_the_words_agree_with_the_decision() -> None:
    """Whatever staff decide, the family reads the same: no day or worker where others help, who
    helps wherever we do not, and no group, worker or silence that is not so."""
    seen = 0
    for one in every_case():
        row, said = where(one), where(one).said + where(one).title
        seen += 1
        high = one.level in (3, 4)
        assert row.title, one
        assert row.staff, one
        if one.state == "triage":
            assert row.elsewhere == high, one
            assert (row.promise == "contact") == (one.contacted is None and not high), one
            assert not high or "worker" not in said, one
        if one.state in ("closed", "declined") or one.needs_worker:
            assert row.promise == "", one
        if one.close_reason in NEEDS_OTHERS:
            assert row.elsewhere, one
        if one.contacted is not None:
            assert row.promise != "contact", one
            assert "could not" not in said or one.state == "declined", one
            assert "could not reach" not in row.staff, one
        if not one.for_group:
            assert "that you asked for" not in said, one
        if one.needs_worker:
            assert "have a worker" not in said, one
    assert seen > 1000


def test_the_tables_of_words_are_whole() -> None:
    """Each next step and each reason of the database has its words."""
    assert set(NEXT_STEPS) == set(STEPS) - {""}
    assert set(REASONS) == set(CLOSE_REASONS) - {""}


@pytest.mark.parametrize(("level", "number"), [(None, 3), (1, 3), (2, 3), (3, 3), (4, 4)])
def test_who_helps_is_of_the_level_or_of_the_first_above_ours(level, number) -> None:
    """A family that needs more than we give gets the numbers of its level, if it has one."""
    assert who_helps(LEVELS, level) == LEVELS[number - 1].ring
    assert who_helps(LEVELS[:2], level) == ""
