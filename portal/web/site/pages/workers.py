"""Find your worker: whom professionals ask at a centre, and the form that refers a family to it.

One page lists the districts, and each district has a page, so that none grows with the county.
"""

from __future__ import annotations

from portal.directory import District
from portal.directory.addresses import YOUR_WORKER
from portal.web.layout import Head
from portal.web.site.pages.context import Context
from portal.web.site.pages.registry import page

_PROFESSIONALS = "professionals"
_TITLE = "Find your worker"


@page(YOUR_WORKER)
def workers(context: Context) -> str:
    """The districts, and in how many of their centres a worker can be asked for."""
    directory = context.directory
    head = Head(
        title=_TITLE,
        path=YOUR_WORKER,
        section=f"/{_PROFESSIONALS}/",
        summary="For schools and other professionals: whom to ask at a family centre.",
        crumbs=_above(context),
    )
    return context.render(
        "workers.html",
        head,
        areas=[
            (footprint, [(one, _named_in(context, one)) for one in footprint.districts])
            for footprint in directory.footprints
        ],
        support=directory.support_programme,
    )


@page(
    f"{YOUR_WORKER}<slug:slug>/",
    lambda directory: directory.districts_with_workers,
    "workers_path",
)
def district_workers(context: Context, district: District) -> str:
    """The centres of a district: first those that name their worker."""
    centres = context.directory.centres_in(district)
    head = Head(
        title=f"Find your worker in {district.title}",
        path=district.workers_path,
        section=f"/{_PROFESSIONALS}/",
        summary=f"For professionals: whom to ask at the family centres in {district.title}.",
        crumbs=(*_above(context), (YOUR_WORKER, _TITLE)),
    )
    return context.render(
        "district_workers.html",
        head,
        district=district,
        named=[centre for centre in centres if centre.contact],
        others=[one for one in centres if not (one.contact or one.given_up)],
        support=context.directory.support_programme,
    )


def _above(context: Context) -> tuple[tuple[str, str], ...]:
    text = context.directory.page(_PROFESSIONALS)
    return ((text.path, text.title),) if text else ()


def _named_in(context: Context, district: District) -> int:
    return sum(bool(centre.contact) for centre in context.directory.centres_in(district))
