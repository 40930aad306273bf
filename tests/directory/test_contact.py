"""One rule says how families reach us about a series, a programme or a centre."""

import pytest

from portal.directory.contact import contact_about
from tests.support import made

NONE = {"phone": None}
EMAIL = {"email": "us@families.example"}


@pytest.mark.parametrize(
    ("service", "centre", "words"),
    [
        ({}, {}, "ring us on 01772 111111"),
        ({}, NONE, "ring us on 01772 000000"),
        ({}, {"sample": ["phone"]}, "ring us on 01772 000000"),
        (NONE | EMAIL, {}, "ring us on 01772 111111"),
        (NONE | EMAIL, NONE, "write to us at us@families.example"),
        (NONE | EMAIL, NONE | {"email": "bank@x.example"}, "write to us at bank@x.example"),
        (
            NONE | EMAIL,
            NONE | {"email": "bank@x.example", "sample": ["email"]},
            "write to us at us@families.example",
        ),
        (NONE, NONE, "see how to reach us at https://families.example/contact/"),
    ],
)
def test_families_get_a_number_else_an_address_else_the_page(service, centre, words):
    """The centre's comes before the service's, and a sample is never given."""
    directory = made.directory(service=service, centre=centre)

    assert contact_about(directory.series[0], directory.site).words == words


def test_the_programmes_own_number_comes_first():
    """A programme with its own number is reached there, unless the number is a sample."""
    directory = made.directory()
    series = directory.series[0]
    own = series.programme.model_copy(update={"phone": "01772 222222"}).link(slug="bump")
    sample = own.model_copy(update={"sample": ("phone",)}).link(slug="bump")

    assert contact_about(own, directory.site).to == "01772 222222"
    assert contact_about(sample, directory.site).to == "01772 000000"


def test_a_sensitive_series_never_leads_to_its_centre():
    """S3: the centre's number would tell where the group meets."""
    directory = made.directory(sensitive=True, service=NONE | EMAIL)
    contact = contact_about(directory.private_series[0], directory.site)

    assert contact.ways == ("us@families.example",)
