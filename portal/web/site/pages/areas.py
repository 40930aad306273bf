"""Pages of areas: a footprint with its districts, and a district by itself."""

from __future__ import annotations

from collections.abc import Sequence

from portal.directory import District, Footprint
from portal.web.layout import Head
from portal.web.site.pages.browsing import part_of
from portal.web.site.pages.context import ROWS, Context
from portal.web.site.pages.registry import page


@page("/footprints/<slug:slug>/", lambda directory: directory.footprints)
def footprint(context: Context, footprint: Footprint) -> str:
    """A footprint: its centres by district, and this week's sessions."""
    return _area(context, footprint, footprint.title, footprint.districts, ())


@page("/districts/<slug:slug>/", lambda directory: directory.districts)
def district(context: Context, district: District) -> str:
    """A district: its centres, and this week's sessions."""
    above = context.directory.footprint_of(district)
    return _area(
        context, district, f"{district.title} district", (district,), ((above.path, above.title),)
    )


def _area(
    context: Context,
    area: Footprint | District,
    title: str,
    districts: Sequence[District],
    crumbs: tuple[tuple[str, str], ...],
) -> str:
    series = context.directory.series_in(area)
    everywhere = [(one, context.directory.centres_in(one)) for one in districts]
    centres = [(one, [c for c in those if not c.given_up]) for one, those in everywhere]
    numbers = {one: at for at, one in enumerate((c for _, those in centres for c in those), 1)}
    head = Head(
        title=title,
        path=area.path,
        section="/centres/",
        summary=f"Family centres and groups in {title}, and what is on there this week.",
        crumbs=crumbs,
        district=area if isinstance(area, District) else None,
    )
    board = context.directory.board_of(area) if isinstance(area, District) else None
    return context.render(
        "area.html",
        head,
        area=area,
        part=part_of(area),
        near=districts[0].title if len(districts) == 1 else "",
        among=[(one.title, one.title) for one in districts],
        view=context.map.area(districts, numbers),
        numbers=numbers,
        districts=centres,
        given_up=[one for _, those in everywhere for one in those if one.given_up],
        programmes=context.running_programmes(series),
        board=board,
        meeting=board.next_meeting(context.today) if board else None,
        days=context.rows.days(context.week_of(series), ROWS),
    )
