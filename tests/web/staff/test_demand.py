"""The page of what families wait for: for all roles, and with nothing of one family."""

from portal.bookings import wishes
from portal.bookings.wishes import Wanted
from portal.staff.roles import ROLES, may
from tests.support import made
from tests.support.staffed import Staffed

PLACE = {"near": "PR1 8", "latitude": 53.76, "longitude": -2.7, "district": "preston"}


def test_staff_see_numbers_and_nobody(tmp_path):
    """S83: each role that may see demand sees it for all districts; no contact, no place and no age
    is in it."""
    place = Staffed(tmp_path, made.directory())
    empty = place.signed_in("administrator").open("/staff/demand")
    for number in range(6):
        wanted = Wanted("bump", **PLACE, email=f"quillfeather{number}@example.org")
        given = {"key": f"a key of a form {number}", "secret": place.secret, "now": place.now}
        wishes.make(place.engine, wanted, **given)

    assert "Nobody waits at the moment" in empty
    for role in (one for one in ROLES if may(one, "see demand")):
        person = place.signed_in(role, name=f"{role}@example.org", centres=["riverbank"])
        page, file = (person.client.get(f"/staff/demand{end}").text for end in ("", ".csv"))
        assert "Bump, Birth and Beyond" in page
        assert '"Preston","5"' in file
        assert "quillfeather" not in page + file
        assert "PR1" not in page + file


def test_coverage_stands_beside_demand(tmp_path):
    """S101: each role that may see demand sees for each district what is missing and what families
    ask for, with nothing of one family; and the page says that searches are not recorded."""
    place = Staffed(tmp_path, made.directory())
    for number in range(6):
        wanted = Wanted("bump", **PLACE, email=f"quillfeather{number}@example.org")
        given = {"key": f"a key of a form {number}", "secret": place.secret, "now": place.now}
        wishes.make(place.engine, wanted, **given)

    for role in (one for one in ROLES if may(one, "see demand")):
        person = place.signed_in(role, name=f"{role}@example.org", centres=["riverbank"])
        page = person.open("/staff/coverage")
        # The group is for pregnancy, on weekdays and once in the holidays.
        assert "Preston 26 of 28 0 5 under 5 each under 5 each" in page
        assert "Preston 6 0 5" in page
        assert "We never record what families search for" in page
        assert "quillfeather" not in page.html
