"""Codes to scan lead to the pages where one subscribes."""

from xml.etree import ElementTree

import segno

from portal.feeds import qr_codes
from portal.feeds.calendars import facets


def test_each_calendar_of_groups_has_a_code(directory):
    """There is one beside each calendar that one can subscribe to, and it is a small file."""
    files = qr_codes.files(directory)

    assert {facet.path.replace(".ics", ".svg") for facet in facets(directory)} == set(files)
    for make in files.values():
        data = make()
        assert len(data) < 4000
        assert ElementTree.fromstring(data).tag == "{http://www.w3.org/2000/svg}svg"
        assert data == make()


def test_a_code_leads_to_the_calendar_s_page(directory):
    """It holds the page's address, not the calendar's: Android does nothing with `webcal:`."""
    code = qr_codes.files(directory)["/centres/riverbank/calendar.svg"]()
    address = f"{directory.site.base_address}/centres/riverbank/#calendar"

    assert qr_codes.drawn(address) == code
    assert qr_codes.drawn(address + "x") != code


def test_codes_are_as_sure_as_paper_needs(directory):
    """Codes mend themselves after small stains: level M or better, and never a micro code."""
    for address in ("https://families.example/centres/a/", "https://families.example/" + "x" * 200):
        made = qr_codes._code(address)

        assert made.error in ("M", "Q", "H")
        assert not made.is_micro
        assert segno.make(address, error="m", micro=False).version == made.version


def test_a_code_in_a_page_has_no_style(directory):
    """It stands in the page under its rules: no style, no script, nothing from elsewhere."""
    drawn = qr_codes.in_page("https://families.example/centres/riverbank/")

    assert drawn.startswith("<svg ")
    assert "style" not in drawn
    assert "http" not in drawn
