"""What staff see of consultations: the public numbers, and nothing more."""

from portal.bookings import consultations
from portal.staff.roles import ROLES, may
from tests.support.boards import ASKED, with_board
from tests.support.staffed import Staffed


def test_staff_see_what_everybody_sees(tmp_path):
    """S108: page and file have whole groups alone; an option with few answers is hidden."""
    place = Staffed(tmp_path, with_board(consultation=ASKED))
    admin = place.signed_in("administrator")
    (board,) = place.directory.boards
    assert "Fewer than 5 people had answered" in admin.open("/staff/consultations")

    for number in range(22):
        consultations.answer(
            place.engine,
            board,
            board.consultation,
            {"when": "Sunday" if number < 3 else "Neither", "what": "Children", "how": "On foot"},
            age_band="",
            district="preston",
            key=f"a key {number}",
            now=place.now,
        )
    place.wait(days=1)
    for role in (one for one in ROLES if may(one, "see demand")):
        person = place.signed_in(role, name=f"{role}@example.org", centres=["riverbank"])
        page, file = (person.client.get(f"/staff/consultations{end}").text for end in ("", ".csv"))
        assert "22 or more people had answered" in page
        assert '"Which day?","Saturday","0","22"' in file
        assert '"Which day?","Sunday","Hidden","22"' in file
        assert '"Which day?","Neither","Hidden","22"' in file
        assert '"For whom?","Children","22","22"' in file
        assert '"Where people live","Preston","22","22"' in file
