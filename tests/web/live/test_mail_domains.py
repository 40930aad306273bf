"""A domain of an email address that is hardly meant is asked about once, in every form."""

import pytest

from portal.web.live.forms.answers import MAIL_DOMAINS, meant_domain
from tests.support.screens import FAMILY, Screens

TELL = {"near": "riverbank", "safe_to_contact": "yes"}
FORMS = [
    ("/book/riverbank/bump", FAMILY, "Confirm booking"),
    ("/tell/bump", TELL, "Tell me when"),
]


@pytest.mark.parametrize(("path", "answers", "button"), FORMS)
def test_a_slip_in_the_domain_is_asked_about_once(tmp_path, path, answers, button) -> None:
    """The form asks once; the same address sent again is accepted, and another slip is asked about
    again."""
    screens = Screens(tmp_path)
    first = screens.open(path).fill(**answers | {"email": "amina@gmial.com"}).press("Continue")
    other = first.fill(email="amina@hotmial.com").press("Continue")
    check = other.press("Continue")
    back = check.press("Back").press("Continue")

    assert first.status == 422
    assert first.beside["email"] == (
        "Did you mean gmail.com? Correct your email address, or press the button again to keep it"
    )
    assert first.problems == [("#email", first.beside["email"])]
    assert "Did you mean hotmail.com?" in other
    assert check.heading == back.heading == "Check your answers"
    assert back.press(button).status == 200


def test_a_kept_address_is_not_asked_about_again(tmp_path) -> None:
    """A family that changes other details of its booking is not asked about its address."""
    screens = Screens(tmp_path)
    form = screens.open("/book/riverbank/bump").fill(**FAMILY | {"email": "amina@gmial.com"})
    own = form.press("Continue").press("Continue").press("Confirm booking")
    changed = (
        own.follow("See or change what we keep about you").fill(name="Amina Begum").press("Save")
    )

    assert changed.heading == own.heading


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("GMAIL.CON", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("hotmial.co.uk", "hotmail.co.uk"),
        ("yahooo.com", "yahoo.com"),
        ("yaho.co.uk", "yahoo.co.uk"),
        ("outlok.com", "outlook.com"),
        ("iclod.com", "icloud.com"),
        ("mail.com", ""),
        ("email.com", ""),
        ("ymail.com", ""),
        ("example.org", ""),
        ("lancashire.gov.uk", ""),
        *((domain, "") for domain in MAIL_DOMAINS),
    ],
)
def test_the_domain_that_is_meant(domain, meant) -> None:
    """One slip away from a common domain, unless it is a domain that people have."""
    assert meant_domain(f"amina@{domain}") == meant
