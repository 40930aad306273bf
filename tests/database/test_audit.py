"""Every code in the tables has a label in plain English, new codes included."""

import ast
import re
import typing

import pytest
import sqlalchemy as sa

from portal import database
from portal.content import message_texts
from portal.database import audit, tables
from tests.support.made import NOW
from tests.support.paths import ROOT

PORTAL = ROOT / "portal"


def states_of(table: sa.Table, name: str) -> set[str]:
    """The values that the constraint of this name allows."""
    [check] = [one for one in table.constraints if str(one.name).endswith(f"_{name}")]
    return set(re.findall(r"'([^']+)'", str(check.sqltext)))


def test_each_set_is_whole():
    """The declared codes are exactly those that have labels."""
    assert set(audit.STATES) == states_of(tables.booking, "status") == set(tables.STATUSES)
    assert set(audit.MESSAGES) == set(message_texts.KINDS)
    assert set(audit.DELIVERY) == states_of(tables.message, "state")
    assert set(audit.ACTIONS) == set(typing.get_args(audit.AuditAction))


def test_words_are_words():
    """Not the code itself, which means something only to its author."""
    for said in (audit.STATES, audit.MESSAGES, audit.ACTIONS, audit.ACTORS):
        assert [code for code, words in said.items() if not words or words == code] == []


@pytest.mark.parametrize(
    ("actor", "action"),
    [("family", "dance"), ("robot", "book"), ("staff:x", "book"), ("family", "")],
)
def test_nothing_without_words_is_written(engine, actor, action):
    """A line without a label is not written to the log."""
    with pytest.raises(ValueError, match="words"):
        database.write(engine, lambda c: database.note(c, NOW, actor, action))


def test_the_log_can_be_asked_for_anything(engine):
    """An action of no version, and one that no database could hold, is an empty answer."""
    database.write(engine, lambda c: database.note(c, NOW, "family", "book"))

    assert audit.log(engine, actions=("\0", "dance")) == []
    assert len(audit.log(engine, actions=("\0", "book"))) == 1


def test_an_action_without_words_is_found_before_it_is_done():
    """The types say so too: each call is checked against `AuditAction`, variables and all."""
    assert typing.get_type_hints(database.note)["action"] == audit.AuditAction


def test_every_action_and_message_in_the_code_is_known():
    """Every literal in a call that writes the log or a message, even in code that no test runs."""
    actions, kinds = set(), set()
    # note(connection, now, actor, action); log_reading(engine, action);
    # notify and enqueue(connection, booking_id, kind)
    places = {"note": 3, "note_reading": 3, "log_reading": 1, "notify": 2, "enqueue": 2}
    for call in calls(*places):
        at = places[call.func.id]
        for argument in call.args[at : at + 1]:
            found = {one.value for one in ast.walk(argument) if isinstance(one, ast.Constant)}
            (kinds if call.func.id in ("notify", "enqueue") else actions).update(found)

    assert {"end waiting", "sign-in", "save register", "search"} <= actions
    assert {"confirmation", "waiting-ended"} <= kinds
    assert actions - set(audit.ACTIONS) == set()
    assert kinds - set(audit.MESSAGES) == set()


def test_all_reading_is_asked_for_together():
    """Each action that says which families were shown is among those of "All reading"."""
    shows = {
        argument.value
        for call in calls("note_reading", "log_reading", "_log")
        for argument in call.args
        if isinstance(argument, ast.Constant)
    }

    assert {"search", "read booking", "read register", "export register"} <= shows
    assert shows <= set(audit.READING)


def test_groups_of_actions_do_not_overlap():
    """An action belongs to one group at most."""
    groups = [*audit.READING, *audit.SIGNING_IN, *audit.OF_ACCOUNTS]

    assert len(groups) == len(set(groups))


def calls(*names: str) -> list[ast.Call]:
    texts = [path.read_text("utf-8") for path in PORTAL.rglob("*.py")]
    calling = re.compile(rf"\b(?:{'|'.join(names)})\s*\(")  # taking a module apart is slow
    return [
        node
        for text in texts
        if calling.search(text)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
    ]
