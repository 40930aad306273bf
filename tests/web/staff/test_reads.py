"""Reading about a family is logged, on whichever page or file it was read."""

from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from portal import bookings, database
from portal.bookings import Family, group_messages
from portal.database import tables
from portal.database.audit import forget_old
from portal.database.tables import audit, read_of
from tests.support import made
from tests.support.staffed import Staffed
from tests.web.staff.test_access import asked, routes

NAME = "Quillfeather"
NAMES = tuple(f"{NAME} {number}" for number in range(3))
FIRST = {
    "series": "bump",
    "planned": "2027-01-12",
    "number": "1",
}
# Pages and files that show a family; the guard would pass without a word if it found none of them.
SHOW = {
    "/staff/bookings",
    "/staff/bookings/<reference>",
    "/staff/bookings/<reference>/cancel",
    "/staff/bookings/<reference>/change",
    "/staff/bookings/<reference>/delete",
    "/staff/bookings/<reference>/details",
    "/staff/export/<centre>/<series>.csv",
    "/staff/notice/<centre>",
    "/staff/notice/<centre>/<series>",
    "/staff/notice/<centre>/<series>/<planned>",
    "/staff/notice-waiting/<centre>/<series>",
    "/staff/notices/<centre>/<int(max=2147483647):number>",
    "/staff/register/<centre>/<series>/<planned>",
    "/staff/requests",
    "/staff/requests/<reference>",
    "/staff/requests/<reference>/plan",
    "/staff/requests/<reference>/scores",
    "/staff/ring",
    "/staff/waiting/<centre>/<series>",
}


@pytest.fixture
def place(tmp_path):
    return Staffed(tmp_path, made.directory({"places": "1"}, {"booking": "request"}))


@pytest.fixture
def families(place):
    """One with a place who gets no message, one who waits, and one with a request."""
    found = []
    for number, at in enumerate((0, 0, 1)):
        who = Family(NAMES[number], phone=f"01772 12345{number}", contact_by="call")
        series = place.directory.series[at]
        given = {"key": f"a key of sixteen signs {number}", "secret": place.secret}
        found.append(bookings.book(place.engine, series, who, now=place.now, **given))
    series = place.directory.series[0]
    group = group_messages.of_session(series.all_sessions[0])
    given = {"key": "another key of signs", "now": place.now, "actor": "staff:1"}
    group_messages.send(place.engine, group, "Bring a towel", **given)
    return found


def reads(place, booking_id):
    """How many lines of the log say that this family was read about."""
    lines = select(audit.c.id).outerjoin(read_of, read_of.c.audit_id == audit.c.id)
    mine = (audit.c.booking_id == booking_id) | (read_of.c.booking_id == booking_id)
    with database.read(place.engine) as connection:
        return connection.execute(
            select(func.count()).select_from(lines.where(mine).subquery())
        ).scalar_one()


@pytest.mark.slow
def test_each_page_that_shows_a_family_is_a_read_of_it(place, families):
    """S69: each GET of the route map whose answer names a family adds a line of the log for it."""
    browser, shown = place.signed_in("administrator"), set()
    for path, method, rule in routes(place.app):
        if method != "GET":
            continue
        before = [reads(place, one.id) for one in families]
        # A page of the desk shows a request, and the others a booking.
        about = families[2] if path.startswith("/staff/requests/") else families[0]
        text = answer(browser, rule, method, about.reference)
        for one, name, number in zip(families, NAMES, before, strict=True):
            if name in text:
                shown.add(path)
                assert reads(place, one.id) == number + 1, path

    assert shown >= SHOW, SHOW - shown


def answer(browser, rule, method, reference):
    """The text of an address about this family, a search for it among them."""
    if rule.rule == "/staff/bookings":
        return browser.client.get(f"/staff/bookings?q={NAME}").text
    return asked(browser, rule, method, reference=reference, **FIRST).text


def test_a_register_of_many_takes_two_statements(place):
    """S69: the families of a page are written together, not one by one."""
    said = []
    event.listen(place.engine, "before_cursor_execute", lambda _c, _cur, sql, *_: said.append(sql))
    families = range(1, 36)
    database.log_reading(place.engine, "read register", families, now=place.now, actor="staff:1")

    assert [sql.split()[0] for sql in said if "INSERT" in sql] == ["INSERT", "INSERT"]
    assert place.count("read_of") == 35


def test_what_was_read_goes_with_its_line(place, families):
    """S51: after twelve months neither the line nor the families it leads to are kept."""
    place.signed_in().open("/staff/register/riverbank/bump/2027-01-12")
    assert place.count("read_of") == 1
    forget_old(place.engine, place.now + tables.KEPT_FOR)
    assert place.count("read_of") == 1
    forget_old(place.engine, place.now + tables.KEPT_FOR + timedelta(seconds=1))

    assert place.count("read_of") == 0
