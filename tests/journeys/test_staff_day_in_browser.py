"""A worker's day in a real browser on the real server, with scripts and without, on a phone and at
a desk: the register, requests, the waiting list, a booking on the phone, a file, a word to all.
"""

import csv
import io
import itertools
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader

from portal import bookings
from portal.bookings import Family, Referrer, casework, contacts, group_messages, registers
from portal.bookings.registers import Mark
from portal.database import write
from portal.directory.addresses import report_path
from portal.directory.fields import SAFE_TIME
from portal.editing import build_requests
from portal.reports import records
from portal.server.worker import Watch
from portal.web.site import build
from portal.web.site.app import create_site
from tests.journeys.test_staff_sign_in_in_browser import Office, Worker
from tests.support.browser import NARROW, WIDE, follow, serving, visiting
from tests.support.reports import cube_of, with_reports
from tests.support.staffed import sign_in_browser
from tests.support.viewer import html_of, viewing

pytestmark = pytest.mark.browser

COURSE, DAY = "riverbank/bump-spring", "2027-01-12"
CHANGE = f"/staff/change/{COURSE}/2027-02-09"
REGISTER = f"/staff/register/{COURSE}/{DAY}"
LONELY = "mill-brow/half-term"  # which no other test books
MIDWIFE = Referrer("Jo Bell", "midwife", "Royal Preston", "jo@nhs.example", "01772 123456")
LONG = "Comes late because of the school run, so save a mat near the door for both. " * 4
CONTACTS = "/staff/contacts/riverbank/street/2026-11-23"
STREET = """---
programme: play-sessions
title: Play in the park
starts: 2026-11-23
time: 16:00-18:00
repeats: once
ages: 5-16 years
venue:
  area: around Preston's parks
  town: Preston
---
"""
KEYS = (f"day in a browser {number}" for number in itertools.count())


@pytest.fixture(scope="module")
def office(tmp_path_factory, sample_root, today):
    folder = tmp_path_factory.mktemp("office")
    root = shutil.copytree(sample_root, folder / "root")
    (root / "centres/preston/riverbank/street.md").write_text(STREET, encoding="utf-8")
    return Office(folder, root, today)


@pytest.fixture(scope="module")
def address(office):
    with serving(office.app) as address:
        yield address


def series(office, identity: str):
    return office.app._published().find_series(identity)


def book(office, identity: str = COURSE, who: Family | None = None, run=None, **given):
    return bookings.book(
        office.engine,
        run or series(office, identity),
        who,
        key=next(KEYS),
        secret=office.live.secret,
        now=office.now,
        **given,
    )


def family(name: str, **fields) -> Family:
    given = {
        "email": f"{name.split()[0].lower()}@example.org",
        "phone": "07700 900123",
        "contact_by": "text",
        "safe_to_contact": True,
        "people": 2,
        "children": ("2 years",),
    }
    return Family(name, **{**given, **fields})


@pytest.fixture
def day(office):
    """A fresh day: families on a course, a full course with a list, and two requests."""
    names = {
        name: f"{name} {next(KEYS).split()[-1]}"
        for name in ("Amina", "Beth", "First", "Second", "Waits", "Asks", "Hopes")
    }
    for name in ("Amina", "Beth"):
        book(office, COURSE, family(names[name], notes=LONG), actor="staff:1")
    for name in ("First", "Second", "Waits"):
        book(office, "riverbank/first-aid", family(names[name]))
    asked = "weavers-yard/group-january"
    for name in ("Asks", "Hopes"):
        book(office, asked, family(names[name]), referrer=MIDWIFE)
    yield names
    everything = casework.find(office.engine, "@", lambda _: True)
    assert everything == []  # a sign alone finds nobody
    for name in names.values():
        for case in casework.find(office.engine, name, lambda _: True):
            bookings.cancel(
                office.engine, office.app._published(), case.id, now=office.now, actor="staff:1"
            )


def choose(page, question: str, words: str) -> None:
    page.get_by_role("group", name=question).locator("label").get_by_text(words, exact=True).click()


@pytest.mark.parametrize(
    ("scripts", "size"),
    [(True, WIDE), (False, NARROW)],
    ids=["desk", "phone without scripts"],
)
def test_a_day_at_work(chromium, address, office, day, scripts, size) -> None:
    """Every journey ends well, nothing is asked of another host, no page says that it failed."""
    with visiting(chromium, address, scripts=scripts, size=size) as visitor:
        sign_in_browser(visitor.context, address, office.app._staff, role="administrator")
        worker = Worker(visitor, office)
        page = worker.page

        # The register: one mark, who came without a booking, one button.
        worker.go(f"/staff/?day={DAY}").follow("Bump, Birth and Beyond")
        row = page.locator("tr", has_text=day["Amina"])
        row.get_by_label("Came", exact=True).check()
        worker.fill(Families="2").press("Save the register")
        assert "All marks have been saved" in worker.words
        assert page.locator("tr", has_text=day["Amina"]).get_by_label("Came").is_checked()
        with page.expect_download() as waiting:
            page.get_by_text("Save as a file").click()
        data = Path(waiting.value.path()).read_text("utf-8-sig")
        marks = {row["Name"]: row[DAY] for row in csv.DictReader(io.StringIO(data))}
        assert (marks[day["Amina"]], marks[day["Beth"]]) == ("Came", "Expected")

        # A booking on the phone.
        worker.follow("Take a booking")
        caller = f"Caller {next(KEYS).split()[-1]}"
        worker.fill(Full_name=caller, Phone_number="01772 123456")
        choose(page, "How may we contact you?", "By phone call")
        choose(page, "Is it safe to leave you a message?", "No")
        page.get_by_label("How many people will come?").fill("2")
        choose(page, "Will somebody come with you?", "Yes")
        worker.press("Book")
        assert worker.heading == caller
        worker.follow("Cancel the booking")
        choose(page, "Who wants it cancelled?", "The family")
        worker.press("Cancel it")
        assert "Cancelled" in worker.words

        # Requests: one yes, one no with words.
        worker.go("/staff/requests").follow(day["Asks"]).press("Say yes")
        assert "They have a place" in worker.words
        worker.go("/staff/requests").follow(day["Hopes"]).follow("Say no")
        page.get_by_label("What do you want to tell the family?").fill("Ask the school")
        worker.press("Send this answer")
        assert "Ask the school" in worker.words

        # Somebody rings and cancels: the place goes to who waits, and they take it.
        worker.go("/staff/bookings").fill(**{"Name, phone number or reference": day["First"]})
        worker.press("Find").follow(day["First"]).follow("Cancel the booking")
        choose(page, "Who wants it cancelled?", "The family")
        worker.press("Cancel it").go("/staff/waiting").follow("First Aid for Babies")
        assert "The place is kept until" in worker.words
        follow(page.locator("main button", has_text="They take it").first)
        assert "They have a place" in worker.words

        # A word to everybody.
        worker.go(REGISTER).follow("Tell everybody")
        page.get_by_label("What do you want to say?").fill(f"Bring wellies ({size}, {scripts})")
        worker.press("See how it looks").press("Send it")
        assert "Your message is on its way" in worker.words

        assert visitor.foreign == []
        assert visitor.faults == []


def _screens(worker: Worker, office, day):
    """Each screen of the day's work in turn, by its name, with its mistakes."""
    page = worker.page
    booked = casework.find(office.engine, day["Amina"], lambda _: True)[0]
    asked = casework.find(office.engine, day["Asks"], lambda _: True)[0]
    for name, fields in {
        "Rings": {
            "contact_by": "call",
            "safe_to_contact": False,
            "answers": {SAFE_TIME: "Mornings"},
        },
        "Quiet": {"contact_by": "none"},
    }.items():
        day[name] = f"{name} {next(KEYS).split()[-1]}"
        book(office, COURSE, family(day[name], **fields))
    write(office.engine, lambda c: records.keep(c, office.app._published(), office.now))
    first = series(office, COURSE).all_sessions[0]
    notice = {"now": office.now, "actor": "staff:1"}
    group = group_messages.of_session(first)
    sent = group_messages.send(office.engine, group, "Bring wellies", key="wellies", **notice)
    for name, path in {
        "today": "/staff/",
        "whom to ring": "/staff/ring",
        "a day": f"/staff/?day={DAY}",
        "register": REGISTER,
        "register of a drop-in": "/staff/register/riverbank/play-monday/2026-11-30",
        "register of a cancelled date": "/staff/register/riverbank/play-monday/2026-12-14",
        "tell everybody": f"/staff/notice/{COURSE}/{DAY}",
        "who got a message": f"/staff/notices/{sent.centre}/{sent.id}",
        "dates of a group": f"/staff/change/{COURSE}",
        "requests": "/staff/requests",
        "waiting lists": "/staff/waiting",
        "a waiting list": "/staff/waiting/riverbank/first-aid",
        "find": "/staff/bookings",
        "found": "/staff/bookings?q=a",
        "a booking": f"/staff/bookings/{booked.reference}",
        "a request": f"/staff/bookings/{asked.reference}",
        "say no": f"/staff/bookings/{asked.reference}/decline",
        "cancel": f"/staff/bookings/{booked.reference}/cancel",
        "change": f"/staff/bookings/{booked.reference}/change",
        "details": f"/staff/bookings/{booked.reference}/details",
        "delete": f"/staff/bookings/{booked.reference}/delete",
        "take a booking": f"/staff/book/{COURSE}",
        "counts": "/staff/counts?month=2026-11",
        "counts of a centre": "/staff/counts/riverbank?month=2026-11",
        "contacts": CONTACTS,
        "reports": "/staff/reports",
        "a report": "/staff/reports/2026-Q4/district-preston",
    }.items():
        worker.go(path)
        yield name
    worker.go(f"/staff/notice/{COURSE}/{DAY}")
    page.get_by_label("What do you want to say?").fill("Bring wellies")
    worker.press("See how it looks")
    yield "a message before it is sent"
    worker.go(CHANGE)
    yield "cancel a date"
    worker.fill(**{"Why is it cancelled?": "Snow"}).press("Continue")
    yield "a date before it is cancelled"
    worker.go(f"{CHANGE}?do=move").press("Continue")
    yield "move a date, with a mistake"
    worker.go("/staff/closed/riverbank/2027-01-11")
    yield "close a centre for a day"
    worker.go(f"/staff/bookings/{booked.reference}/cancel").press("Cancel it")
    yield "cancel, with mistakes"
    worker.go(f"/staff/book/{COURSE}").press("Book")
    yield "take a booking, with mistakes"
    worker.go(REGISTER).fill(Children="many").press("Save the register")
    yield "register, with a mistake"
    worker.go(REGISTER)
    page.locator("tr", has_text=day["Amina"]).get_by_label("Came", exact=True).check()
    session = series(office, COURSE).all_sessions[0]
    marks = [Mark(booked.id, "absent", "expected", 0)]
    registers.save(office.engine, session.series, session, marks, now=office.now, actor="staff:1")
    worker.press("Save the register")
    assert "somebody else marked" in worker.words
    yield "register, where two differ"


def _public_report(office) -> str:
    """The public page of a quarter, of which the sample has none."""
    found = office.app._published()
    quarters = ("2026-Q4", "2026-Q3", "2026-Q2")
    cubes = [cube_of(found, quarter, first=at) for at, quarter in enumerate(quarters, 7)]
    site = create_site(with_reports(found, *cubes)).test_client()
    return site.get(report_path("2026-Q4", "district:preston")).text


def test_every_screen_is_fit_for_all(
    chromium, unpainted, address, office, day, check_html, tmp_path
) -> None:
    """axe finds nothing at 320 and 1280 px, light and dark; nothing scrolls sideways, all can be
    hit with a thumb; and the HTML is right."""
    faults, folder = [], tmp_path / "pages"
    folder.mkdir()
    with visiting(chromium, address) as visitor, viewing(unpainted, address) as viewer:
        sign_in_browser(visitor.context, address, office.app._staff, role="administrator")
        worker = Worker(visitor, office)
        for number, name in enumerate(_screens(worker, office, day)):
            page = worker.page
            shown = html_of(page)
            faults += [f"{name} {one}" for one in viewer.unfit(shown)]
            answer = visitor.context.request.get(page.url) if "mistake" not in name else None
            html = answer.text() if answer and answer.ok else ""
            (folder / f"{number}.html").write_text(html or shown, encoding="utf-8")
        public = _public_report(office)
        faults += [f"the public report {one}" for one in viewer.unfit(public)]
        (folder / "public.html").write_text(public, encoding="utf-8")

    assert faults == []
    check_html(folder)


def test_a_date_is_cancelled_on_a_phone(chromium, address, office, today) -> None:
    """From Today to the letter in a family's post and the list of those to ring, at 320 px without
    scripts; the file then holds what an editor would have written (S76)."""
    ways = {"Ellen": "email", "Carol": "call"}
    made = [
        book(office, COURSE, family(name, contact_by=way, phone="01772 900111"))
        for name, way in ways.items()
    ]
    file = office.settings.root / series(office, COURSE).source
    before = file.read_text("utf-8")
    with visiting(chromium, address, scripts=False, size=NARROW) as visitor:
        sign_in_browser(visitor.context, address, office.app._staff)
        worker = Worker(visitor, office)
        worker.go("/staff/?day=2027-02-09")
        follow(worker.page.locator("main li a", has_text="Cancel or move").first)
        worker.fill(**{"Why is it cancelled?": "The road is closed by snow"}).press("Continue")
        assert "1 family to ring" in worker.words
        assert "Part of your booking is off" in worker.words
        assert file.read_text("utf-8") == before
        worker.press("Cancel it and tell the families")
        assert "The change is being published" in worker.words

        with build_requests.answering(office.settings.var):
            build.build(office.settings, today=today)
        Watch(office.settings, office.clock).once(wait=True)
        office.app._published.wait(30, latest=True)
        worker.go("/staff/register/riverbank/bump-spring/2027-02-09?changed=cancel")
        assert "The change is published" in worker.words
        assert "The road is closed by snow" in worker.words
        assert "01772 900111" in worker.words
        worker.follow("See whom to ring, and what to say")
        assert "Tuesday 9 February 2027, 10am to midday, is cancelled" in worker.words
        assert visitor.faults == []
    for one in made:
        bookings.cancel(
            office.engine, office.app._published(), one.id, now=office.now, actor="staff:1"
        )
    letters = [one.read_text("utf-8") for one in office.settings.var.glob("outbox/*.eml")]

    assert any("The road is closed by snow" in one for one in letters)
    assert file.read_text("utf-8") == before.replace(
        "  - date: 2027-02-23\n",
        "  - date: 2027-02-09\n    cancelled: The road is closed by snow\n  - date: 2027-02-23\n",
    )


def needy(number: int) -> Family:
    """A family with needs of which each word is its own, and too many for a few lines."""
    words = " ".join(f"n{number}w{count}" for count in range(60))
    return family(
        f"Agnieszka {number:02}",
        access=f"Allergic to nuts {words} end of needs {number}.",
        notes=f"Only her aunt {number} may collect her.",
    )


def test_the_register_prints_every_word(chromium, address, office) -> None:
    """Needs, allergies and who may collect a child are on paper whole and in order, however many;
    a short list is on one side."""
    run = series(office, LONELY)
    session = run.all_sessions[0]
    roomy = run.model_copy(update={"places": 200})  # what the places are is another matter
    sides, cut, shown = {}, [], ""
    made: list = []
    with visiting(chromium, address) as visitor:
        sign_in_browser(visitor.context, address, office.app._staff, role="administrator")
        page = visitor.page
        page.emulate_media(media="print")
        for families in (3, 12, 35):
            fresh = [needy(number) for number in range(len(made), families)]
            made += [book(office, run=roomy, who=who) for who in fresh]
            page.goto(f"/staff/register/{LONELY}/{session.anchor}")
            shown = page.locator("main").inner_text()
            printed = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
            sides[families] = len(printed)
            text = "".join("".join(one.extract_text() for one in printed).split())
            whole = [needy(number) for number in range(families)]
            cut += [who.name for who in whole if "".join(who.access.split()) not in text]
            cut += [who.name for who in whole if "".join(who.notes.split()) not in text]
            names = page.locator("form.register tbody th bdi").all_inner_texts()
            assert names == [who.name for who in whole]
    for one in made:
        bookings.cancel(
            office.engine, office.app._published(), one.id, now=office.now, actor="staff:1"
        )

    assert cut == []
    assert sides[3] == 1
    assert sides[35] < 10
    assert "Save the register" not in shown
    assert "shred it" in shown


def test_a_visit_warns_before_it_ends_and_marks_save_themselves(
    chromium, address, office, day
) -> None:
    """Two minutes before the end the page says so, and one press goes on; a mark is saved a moment
    after it was made, beside what a colleague marked meanwhile."""
    booked = {
        name: casework.find(office.engine, day[name], lambda _: True)[0].id
        for name in ("Amina", "Beth")
    }
    session = series(office, COURSE).all_sessions[0]
    with visiting(chromium, address) as visitor:
        sign_in_browser(visitor.context, address, office.app._staff, role="administrator")
        worker = Worker(visitor, office)
        page = worker.page
        page.clock.install()
        worker.go(REGISTER)
        warning, state = page.locator("[data-signout]"), page.locator("[data-saved]")
        page.clock.fast_forward("27:50")
        before = warning.is_visible()
        page.clock.fast_forward("00:20")
        warned = warning.inner_text()
        page.get_by_role("button", name="Stay signed in").click()
        warning.wait_for(state="hidden")
        marks = [Mark(booked["Beth"], "absent", "expected", 0)]
        given = {"now": office.now, "actor": "staff:1"}
        registers.save(office.engine, session.series, session, marks, **given)
        amina = page.locator("tr", has_text=day["Amina"])
        for mark in ("Came", "Sent apologies"):
            amina.get_by_label(mark, exact=True).check()
            page.clock.fast_forward("00:02")
            state.get_by_text("Saved.").wait_for()
        beth = page.locator("tr", has_text=day["Beth"]).get_by_label("Did not come")
        shown = beth.is_checked()
        faults = visitor.faults
    found = registers.of(office.engine, session.series, session, **given)
    marked = {line.booking_id: line.mark for line in found.lines}

    assert not before
    assert "You will be signed out in 2 minutes." in warned
    assert (marked[booked["Amina"]], marked[booked["Beth"]]) == ("apologies", "absent")
    assert shown
    assert faults == []


def test_contacts_are_counted_on_a_phone_without_signal(chromium, address, office) -> None:
    """Presses are counted at once and saved a moment later; without a signal the page says that
    they are not saved, and saves them once, with those since, when there is one again (S99). The
    numbers stay on one line, and the header leaves the screen to them."""
    session = series(office, "riverbank/street").all_sessions[0]
    primary = contacts.counter_named("young:primary-school")
    with visiting(chromium, address, size=NARROW) as visitor:
        sign_in_browser(visitor.context, address, office.app._staff, role="administrator")
        worker = Worker(visitor, office)
        page = worker.page
        page.clock.install()
        worker.go(CONTACTS)
        more = page.get_by_role("button", name="one more: Primary school")
        below = more.bounding_box()["y"] > page.viewport_size["height"] / 3
        state, save = page.locator("[data-saved]"), page.get_by_role("button", name="Save now")
        for _ in range(3):
            more.click()
        page.get_by_role("button", name="one less: Primary school").click()
        page.clock.fast_forward("00:02")
        state.get_by_text("Saved.").wait_for()
        saved = contacts.of(office.engine, session).of(primary)
        visitor.context.set_offline(True)
        more.click()
        page.clock.fast_forward("00:02")
        state.get_by_text("Not saved yet").wait_for()
        offered = save.is_visible()
        more.click()
        contacts.add(
            office.engine,
            session,
            {primary: 10},
            key="a colleague's own key",
            now=office.now,
            actor="staff:1",
        )
        visitor.context.set_offline(False)
        page.clock.fast_forward("00:06")
        state.get_by_text("Saved.").wait_for()
        page.clock.fast_forward("00:01")
        page.locator("output", has_text="14").first.wait_for()
        heights = page.evaluate(
            "[...document.querySelectorAll('.tallies li output')].map((one) => one.offsetHeight)"
        )
        header = page.locator("header").bounding_box()["height"]
        page.get_by_role("button", name="Menu").click()
        opened = page.get_by_role("link", name="Your account").is_visible()

    assert below
    assert saved == 2
    assert offered
    assert max(heights) < 48  # one line, also from 10 on
    assert header < 100  # the links are behind a button
    assert opened
    assert contacts.of(office.engine, session).of(primary) == 14


def test_a_page_left_open_is_closed(chromium, address, office) -> None:
    """After half an hour a press leads to the sign-in, and nothing is saved before (S32)."""
    with visiting(chromium, address, scripts=False) as visitor:
        sign_in_browser(visitor.context, address, office.app._staff, role="administrator")
        worker = Worker(visitor, office).go(REGISTER)
        office.now += timedelta(minutes=31)
        worker.fill(Families="9").press("Save the register")

        assert worker.heading == "Sign in"
        assert "What you sent is kept for an hour" in worker.words
    session = series(office, COURSE).all_sessions[0]
    register = registers.of(office.engine, session.series, session, now=office.now, actor="staff:1")
    assert register.walk_ins.families != 9
