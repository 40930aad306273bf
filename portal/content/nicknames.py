"""The field that is meant by a name that is none: `price` for `cost`, `phone number` for `phone`.

A name may stand for several fields. Then the value decides: `when: Tuesday` means `day`, and
`when: 10:00-12:00` means `time`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

_NAMES: Mapping[str, str] = {
    "cost": "price prices fee fees charge charges costs how_much entry",
    "time": "times when hours start_time start_and_end clock session_time",
    "day": "weekday weekdays days when day_of_week on",
    "starts": "start start_date starting begins first first_date first_session date from when",
    "until": "end ends end_date ending finish finishes last last_date last_session to",
    "repeats": "repeat frequency how_often recurs recurrence recurring every pattern",
    "sessions": "number_of_sessions weeks number_of_weeks how_many length duration count",
    "session_length": "length duration how_long",
    "term_time_only": "term_time termtime term_only",
    "bank_holidays": "bank_holiday holidays public_holidays",
    "except": "exceptions exclude excluding excluded skip not_on no_session closed_on dates_off",
    "withdrawn": "cancelled canceled cancelled_because off",
    "cancelled": "canceled cancel reason off why",
    "moved_to": "moved move new_date rescheduled to postponed_to",
    "note": "notes comment comments remark info",
    "text": "note notes message words",
    "places": "place spaces capacity max maximum max_places number_of_places room_for limit",
    "booking": "how_to_book bookable booking_required booked access",
    "book": "book_by booking_unit",
    "waiting_list": "waitlist wait_list waiting",
    "opens": "booking_opens open_from bookings_open",
    "closes": "booking_closes bookings_close closing",
    "venue": "venue_name where place location hall building held_at",
    "area": "around neighbourhood patch",
    "meet": "meeting_point meeting_place meet_at",
    "room": "room_name where",
    "language": "languages spoken",
    "leader": "leaders worker staff tutor run_by led_by facilitator contact",
    "ages": "age age_range age_group age_groups for aged children",
    "audience": "for who who_for who_can_come eligibility suitable_for",
    "send_to": "send send_age upper_age",
    "bring": "what_to_bring please_bring bring_with_you to_bring",
    "creche": "childcare nursery",
    "expect": "what_to_expect what_happens on_the_day",
    "first_time": "first_visit new_families first_session when_you_arrive arriving",
    "who_meets_you": "met_by who_meets greeted_by welcome_by host",
    "siblings": "brothers_and_sisters brothers sisters sibling other_children",
    "siblings_note": "about_siblings brothers_and_sisters_note",
    "dads": "dad fathers father partners_welcome men",
    "quiet": "calm low_noise sensory quiet_session",
    "buggy": "buggies pram prams pushchair pushchairs",
    "parking": "car_park car_parking where_to_park",
    "programme": "program programmes group course activity",
    "contact": "link_worker your_worker worker contact_person",
    "serves": "schools school settings works_with",
    "title": "name heading headline centre_name group_name",
    "summary": "description about intro introduction short_description",
    "kind": "type category sort",
    "level": "need level_of_need",
    "needs": "priority priority_groups",
    "signed": "signed_by signed_off agreed agreed_by",
    "delivered_with": "partner partners with delivered_by",
    "district": "borough council area local_authority",
    "town": "city village place locality",
    "address": "street street_address road address_line",
    "postcode": "post_code zip zipcode zip_code",
    "location": "coordinates position latlong lat_long gps map geo",
    "phone": "telephone tel phone_number telephone_number mobile contact_number number contact",
    "email": "e_mail mail email_address contact contact_email",
    "opening_hours": "hours opening opening_times open_hours open times open_times when",
    "facilities": "facility amenities access",
    "transport": "travel directions buses bus getting_there how_to_get_there public_transport",
    "photo": "image picture photograph img",
    "photo_alt": "alt alt_text image_alt photo_description caption",
    "notice": "notices alert message announcement",
    "status": "state open closed",
    "closures": "closed closed_on closing_days closed_dates closure",
    "sources": "source reference references from_where",
    "checked": "last_checked checked_on verified reviewed",
    "updated": "last_updated update changed modified updated_on",
    "aliases": "alias old_name old_names renamed_from was formerly",
    "also": "also_known_as also_called known_as nickname synonyms keywords",
    "label": "question",
    "options": "answers choices values",
    "required": "needed mandatory compulsory",
    "hint": "help explanation",
}  # fmt: skip
_BY_NAME: dict[str, list[str]] = {}
for _field, _others in _NAMES.items():
    for _other in _others.split():
        _BY_NAME.setdefault(_other, []).append(_field)


def meant(name: str, value: object, fields: Mapping[str, FieldInfo], given: object) -> str:
    """The words to follow the mistake: 'Did you mean ...', or nothing where no field is near.

    A field that the file gives already (`given`) is hardly meant.
    """
    taken = given if isinstance(given, dict) else {}
    likely = list(dict.fromkeys(_likely(name, fields)))
    free = [field for field in likely if field not in taken or field == name] or likely
    fitting = [field for field in free if _fits(fields[field], value)]
    field = next(iter(fitting + free), "")
    if not field:
        return ""
    block = _block_in(fields[field].annotation)
    if block and not isinstance(value, dict | list):
        return _as_block(field, block, str(value), fields[field].annotation)
    return f" Did you mean '{field}'?"


def fitting(name: str, value: object, fields: Mapping[str, FieldInfo]) -> str:
    """'Did you mean ...' of the field by that name that can take the value; '' without such one."""
    fields_for_it = (field for field in _likely(name, fields) if _fits(fields[field], value))
    field = next(fields_for_it, "")
    return f" Did you mean '{field}'?" if field else ""


def _as_block(field: str, block: type[BaseModel], value: str, annotation: Any) -> str:
    """What to write where a line of words belongs into a block of fields."""
    named = _named(block)
    needed = [name for name, info in named.items() if info.is_required()]
    needed = needed or [name for name in named if name == "name"]  # a building has one
    if _is_list(annotation) or len(needed) != 1 or re.search(r"[:#'\"]|^\W", value):
        inside = ", ".join(named)
        return f" It may belong into '{field}', a block with the fields {inside}."
    inside = f"{needed[0]}: {value}"
    return f" Write '{field}:', and on the line below it, set in by two spaces, '{inside}'."


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is tuple or any(map(_is_list, get_args(annotation)))


def _likely(name: str, fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    plain = "_".join(name.lower().replace("-", " ").replace("_", " ").split())
    if plain in fields:
        yield plain
    yield from (field for field in _BY_NAME.get(plain, ()) if field in fields)
    yield from get_close_matches(plain, list(fields), n=1, cutoff=0.6)


def _fits(info: FieldInfo, value: object) -> bool:
    """Whether a field of this type can take the value, or a block of such fields can."""
    form: Any = info.annotation
    for part in info.metadata:
        form = Annotated[form, part]
    try:
        TypeAdapter(form).validate_python(value)
    except ValidationError:
        return False
    return True


def _block_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_block_in, get_args(annotation))), None)


def _named(block: type[BaseModel]) -> dict[str, FieldInfo]:
    return {info.alias or name: info for name, info in block.model_fields.items()}
