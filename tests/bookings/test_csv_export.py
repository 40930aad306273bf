"""What families typed, opened in a spreadsheet."""

import csv
import io

import pytest

from portal.bookings.csv_export import csv_of, phone, safe

HOSTILE = (
    "=1+1",
    "+44 7700 900123",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "  =1+1",
    "\u00a0=1+1",
    "＝1+1",
    "﹦1+1",
    "＠SUM(A1)",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\u2066=1+1",
    "|calc",
    '=HYPERLINK("https://evil.example","Amina")',
)


@pytest.mark.parametrize("typed", HOSTILE)
def test_nothing_that_was_typed_is_run(typed):
    """S26: a cell that a spreadsheet could take for a formula begins with a quote mark."""
    shown = safe(typed).strip()

    assert shown.startswith("'")


@pytest.mark.parametrize("separator", [";", "\t", "\n", "|", ","])
def test_no_cell_begins_in_the_middle_of_another(separator):
    """Where a reader splits at another sign than ours, what follows is text too."""
    assert f"{separator} '=1+1" in safe(f"Amina{separator} =1+1")


@pytest.mark.parametrize(
    "typed", ["Amina Khan", "O'Neill", "Zoë-Mae", "پروین اختر", "2 years, 7 months", "10:30", ""]
)
def test_ordinary_words_stay(typed):
    """Names in any script, apostrophes and hyphens are written as they were typed."""
    assert safe(typed) == typed


def test_the_file_is_read_back():
    """Commas, quotes and line breaks inside a cell survive; numbers of ours are numbers."""
    rows = [["Khan, Amina", 'says "hello"', -3], ["line\nbreak", None, 2]]

    data = csv_of(["Name", "Notes", "People"], rows)

    assert data.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert read == [
        ["Name", "Notes", "People"],
        ["Khan, Amina", 'says "hello"', "-3"],
        ["line\nbreak", "", "2"],
    ]


def test_a_phone_number_keeps_its_first_figure():
    """Figures alone would be taken for a number, and lose the 0."""
    assert phone("07700900123") == "07700 900123"
    assert phone("+44 7700 900123") == "+44 7700 900123"
    assert phone(None) == ""
