"""Structured data for pages: JSON-LD in the vocabulary of schema.org.

It holds nothing that the page does not show, and no fact marked as a sample. A position is given
only if it is exact, not the centre of a town, and a sensitive programme has no data at all: a
machine that reads its page learns no more than the neutral title.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from portal.directory import Centre, Programme, Series, Session, Site, Venue
from portal.directory.state import Phase
from portal.directory.values import LONDON
from portal.directory.vocabularies import FACILITIES
from portal.web import filters

Data = dict[str, Any]

_CONTEXT = "https://schema.org"
_STATUS = {
    "on": "https://schema.org/EventScheduled",
    "cancelled": "https://schema.org/EventCancelled",
    "postponed": "https://schema.org/EventPostponed",
    "moved": "https://schema.org/EventRescheduled",
}


def of_series(
    series: Series, sessions: tuple[Session, ...], site: Site, phase: Phase
) -> Data | None:
    """An event for each session that the page lists, with an offer if it can be booked.

    `phase` is the series' state on the day of the page.
    """
    if not sessions or series.programme.sensitive:
        return None
    page = site.base_address + series.path
    ages = series.ages or ()
    usual = _place(series.venue) | {"@id": f"{page}#venue"}
    organizer = _organizer(site) | {"@id": f"{site.base_address}/#service"}
    kind = "Event" if ages and all(one.pregnancy for one in ages) else "ChildrensEvent"
    common: Data = {
        "@type": kind,
        "name": series.name,
        "description": series.programme.summary,
        "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
        "organizer": {"@id": organizer["@id"]},
        "inLanguage": series.language,
    }
    if series.cost and not series.is_sample("cost"):
        common["isAccessibleForFree"] = filters.is_free(series)
    offer = _offer(series, page, phase)
    events = []
    for session in sessions:
        event = common | {
            "url": f"{page}#{session.anchor}",
            "startDate": session.starts.isoformat(timespec="minutes"),
            "endDate": session.ends.isoformat(timespec="minutes"),
            "eventStatus": _STATUS["moved" if session.moved else "on"],
            "location": {"@id": usual["@id"]},
        }
        if offer and not session.off:
            event["offers"] = {"@id": offer["@id"]}
        if session.off:
            event["eventStatus"] = _STATUS[session.state]
        elif session.moved:
            planned = datetime.combine(session.planned, series.time.starts, LONDON)
            event["previousStartDate"] = planned.isoformat(timespec="minutes")
        if session.moved_venue:
            event["location"] = _place(session.venue)
        events.append(event)
    return {
        "@context": _CONTEXT,
        "@graph": [organizer, usual, *([offer] if offer else ()), *events],
    }


def _offer(series: Series, page: str, phase: Phase) -> Data | None:
    """What can be booked, and from when until when; None if nothing can be booked.

    It says nothing of places left: only the booking pages know them.
    """
    opens, ends = phase.state.opens, phase.ends
    if phase.state.kind == "not yet" and phase.state.way == "book":
        ends = series.booking_ends
    elif phase.state.kind != "open":
        return None
    offer: Data = {"@type": "Offer", "@id": f"{page}#offer", "url": page}
    for name, moment in (("availabilityStarts", opens), ("availabilityEnds", ends)):
        if moment:
            offer[name] = moment.astimezone(LONDON).isoformat(timespec="minutes")
    if filters.is_free(series) and not series.is_sample("cost"):
        offer |= {"price": "0", "priceCurrency": "GBP"}
    return offer


def of_centre(centre: Centre, site: Site) -> Data:
    """The building, with its hours and facilities."""
    place = _place(centre.venue) | {
        "@context": _CONTEXT,
        "@id": site.base_address + centre.path,
        "url": site.base_address + centre.path,
    }
    if centre.contact_phone:
        place["telephone"] = centre.contact_phone
    if centre.opening_hours and not centre.is_sample("opening_hours"):
        place["openingHoursSpecification"] = [
            {
                "@type": "OpeningHoursSpecification",
                "dayOfWeek": day,
                "opens": span.starts.isoformat("minutes"),
                "closes": span.ends.isoformat("minutes"),
            }
            for day, spans in centre.opening_hours.items()
            for span in spans
        ]
    if centre.facilities and not centre.is_sample("facilities"):
        place["amenityFeature"] = [
            {"@type": "LocationFeatureSpecification", "name": FACILITIES[name], "value": True}
            for name in centre.facilities
        ]
    return place


def of_programme(programme: Programme, site: Site) -> Data | None:
    """The programme as a service of the council, and how to reach it."""
    if programme.sensitive:
        return None
    channel: Data = {
        "@type": "ServiceChannel",
        "serviceUrl": site.base_address + programme.path,
    }
    if phone := programme.contact_phone or site.phone:
        channel["servicePhone"] = {"@type": "ContactPoint", "telephone": phone}
    service: Data = {
        "@context": _CONTEXT,
        "@type": "GovernmentService",
        "name": programme.title,
        "description": programme.summary,
        "url": site.base_address + programme.path,
        "provider": _organizer(site),
        "areaServed": {"@type": "AdministrativeArea", "name": site.area},
        "availableChannel": channel,
    }
    if programme.audience:
        service["audience"] = {"@type": "Audience", "audienceType": programme.audience}
    return service


def _organizer(site: Site) -> Data:
    return {
        "@type": "GovernmentOrganization",
        "name": site.name,
        "url": f"{site.base_address}/",
    }


def _place(venue: Venue) -> Data:
    address: Data = {"@type": "PostalAddress", "addressCountry": "GB"}
    for name, value in (
        ("streetAddress", None if venue.is_area else venue.address),
        ("addressLocality", venue.town),
        ("postalCode", venue.postcode),
    ):
        if value:
            address[name] = value
    place: Data = {"@type": "Place", "name": venue.name, "address": address}
    if venue.is_area and venue.address:
        place["description"] = filters.capital(venue.address)
    if venue.position and venue.position.exact:
        place["geo"] = {
            "@type": "GeoCoordinates",
            "latitude": venue.position.latitude,
            "longitude": venue.position.longitude,
        }
    return place
