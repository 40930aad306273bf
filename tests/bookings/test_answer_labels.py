"""Labels of answers: staff, and a family that asks for its data, read words and no bare names."""

import csv
import io
import re
from pathlib import Path

import pytest

import portal
from portal import bookings
from portal.bookings import Family, registers, retention
from portal.bookings.answer_labels import label_of
from tests.support import made
from tests.support.staffed import Staffed

# The portal's own answers, one to a question, and one to a question that the file asked once.
ANSWERS = {"safe-time": "Mornings", "where": "Preston", "midwife": "Jo", "support": "Signing"}
LABELS = {
    "safe-time": "When it is safe to ring",
    "where": "Where they would like to go",
    "midwife": "Who is your midwife?",
    "support": "An earlier question (support)",
}


@pytest.fixture
def place(tmp_path):
    question = {"name": "midwife", "label": "Who is your midwife?"}
    return Staffed(tmp_path, made.directory(questions=[question]))


def test_answers_have_words_wherever_they_are_shown(place):
    """The page of a booking, the register on the screen and on paper, its file, and all that is
    kept of a family."""
    series = place.directory.series[0]
    family = Family("Amina", phone="07700900123", contact_by="call", answers=ANSWERS)
    given = {"key": "a key of sixteen signs", "secret": place.secret, "now": place.now}
    booking = bookings.book(place.engine, series, family, **given)
    worker = place.signed_in()
    page = worker.open(f"/staff/bookings/{booking.reference}").html
    register = worker.open(f"/staff/register/{series.identity}/2027-01-12").html
    dates = series.all_sessions[:1]
    file = registers.export(place.engine, series, dates, now=place.now, actor="operator")
    header, row = csv.reader(io.StringIO(file.decode("utf-8-sig")))
    kept = retention.kept(place.engine, booking.reference, lambda _: True, place.directory)
    words = {LABELS[name]: said for name, said in ANSWERS.items()}

    assert dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page)).items() >= words.items()
    assert {label.rstrip(":") for label in re.findall(r"<p><b>([^<]+)</b>", register)} == set(words)
    assert dict(zip(header, row, strict=True)).items() >= words.items()
    assert dict(kept).items() >= words.items()


def test_without_the_content_there_are_words_too():
    """A programme may have left the content."""
    assert label_of("where", None) == LABELS["where"]
    assert label_of("help-wanted", None) == "An earlier question (help wanted)"


def test_no_label_falls_back_to_its_own_name():
    """Where words for a name are missing there are plainer words, never the name: in the pages of
    staff, the rules of bookings, and the log."""
    folder = Path(portal.__file__).parent
    files = [
        *(folder / "templates/staff").glob("*.html"),
        *(folder / "web/staff").glob("*.py"),
        *(folder / "bookings").glob("*.py"),
        folder / "database/audit.py",
    ]
    bare = re.compile(r"\.get\(([\w.]+), \1\)")

    assert len(files) > 60
    assert [file.name for file in files if bare.search(file.read_text("utf-8"))] == []
