"""The pages about calendars list each public one."""


def test_calendars_pages(pages):
    """Each public calendar is listed with its address to copy; withheld ones are not."""
    lists = "".join(html for path, html in pages.items() if path.startswith("/calendars/"))

    for noun in ("", "/centres/riverbank", "/ages/toddlers", "/programmes/play-sessions"):
        assert f"https://families.example{noun}/calendar.ics</code>" in lists
        assert f"webcal://families.example{noun}/calendar.ics" in lists
    assert "group-for-women" not in lists
