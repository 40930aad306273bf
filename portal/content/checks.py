"""Checks across files, such as names used twice and references to things that do not exist.

Each function adds mistakes to the files they are in. A file that has mistakes of its own still
counts as being there, so that one slip is not reported again by everything that refers to it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from portal.content import area_checks, phone_numbers
from portal.content.board_checks import check_boards
from portal.content.creche_checks import check_creche, check_creche_of_programme
from portal.content.date_checks import mistakes
from portal.content.double_checks import check_double_of, check_doubles
from portal.content.front_matter import Problem, Written, one_line
from portal.content.gazetteer import Gazetteer
from portal.content.help_checks import check_help_pages
from portal.content.panel_checks import check_panel
from portal.content.resource_checks import check_resources, check_resources_of
from portal.content.school_calendar import school_calendar
from portal.content.sources import CentreFolder, Text, Tree
from portal.content.worker_checks import check_workers
from portal.content.yaml_reader import Place
from portal.directory import (
    Board,
    Centre,
    Closure,
    Footprint,
    OutreachVenue,
    Programme,
    Series,
    Settlement,
    TextFile,
)
from portal.directory.addresses import RESERVED
from portal.directory.fields import SAFE_TIME, TOPICS, WHERE
from portal.directory.schedule import SchoolCalendar
from portal.directory.values import Position, near, slugify

# First parts of addresses that belong to something else than a page. `calendars` is a page whose
# text the site completes.
_BOOKABLE = ("book", "request")


def check(tree: Tree) -> None:
    """Applies every rule that needs more than one file, except those about the map and links."""
    _check_areas(tree)
    _check_terms(tree)
    _check_centres(tree)
    _check_programmes(tree)
    _check_series(tree)
    _check_pages(tree)
    check_help_pages(tree)
    check_boards(tree)
    for text in tree.boards:
        if text.noun:
            _check_sample(text.written, text.noun)
    check_workers(tree)
    _check_phones(tree)


# --- areas and terms -----------------------------------------------------------------------------


def _check_areas(tree: Tree) -> None:
    if tree.footprints is None:
        return
    written = tree.written["content/footprints.yaml"]
    taken: dict[tuple[str, str], Place] = {}

    def claim(what: str, name: str, place: Place) -> None:
        first = taken.setdefault((what, name), place)
        if first is not place:
            line, _ = written.at(first)
            written.wrong(place, f"'{name}' is already used on line {line}. Change one of them.")

    for number, footprint in enumerate(tree.footprints.footprints):
        here: Place = ("footprints", number)
        claim("footprint", footprint.slug, (*here, "slug"))
        if not footprint.districts:
            written.wrong(
                (*here, "districts"), "'districts': the list is empty. Add at least one district."
            )
        for index, district in enumerate(footprint.districts):
            there: Place = (*here, "districts", index)
            claim("district", district.slug, (*there, "slug"))
            claim("code", district.code, (*there, "code"))
            if not re.fullmatch(r"E0[6-9]\d{6}", district.code, re.ASCII):
                written.wrong(
                    (*there, "code"),
                    f"'code': '{district.code}' is not a district's code. "
                    "Write its Office for National Statistics code, like E07000117.",
                )
            if not district.position.near_county:
                at = f"{district.latitude}, {district.longitude}"
                words = f"{at} is not in or near Lancashire. Correct the two."
                written.wrong((*there, "latitude"), f"'latitude', 'longitude': {words}")
            if district.panel:
                check_panel(written, (*there, "panel"), district.panel, tree.terms)


def _check_terms(tree: Tree) -> None:
    if tree.terms is None:
        return
    written = tree.written["content/terms.yaml"]
    before: date | None = None
    for number, term in enumerate(tree.terms.terms):
        here: Place = ("terms", number)
        if term.last < term.first:
            written.wrong(
                (*here, "last"), "'last': it is before 'first'. Correct one of the dates."
            )
        if before and term.first <= before:
            written.wrong(
                (*here, "first"),
                "'first': this is not after the last day of the previous term. "
                "Correct the date, or put the terms in order.",
            )
        before = max(before or term.last, term.last)
    _check_closures(written, tree.terms.closures)


def _check_closures(written: Written, closures: Iterable[Closure]) -> None:
    for number, closure in enumerate(closures):
        here: Place = ("closures", number)
        if closure.date_ and (closure.from_ or closure.until):
            written.wrong(
                here, "'date' cannot be used with 'from' or 'until'. Remove one or the other."
            )
        elif not closure.date_ and not (closure.from_ and closure.until):
            written.wrong(here, "the days are missing. Add 'date', or 'from' and 'until'.")
        elif closure.last < closure.first:
            written.wrong(
                (*here, "until"), "'until': it is before 'from'. Correct one of the dates."
            )


# --- phone numbers -------------------------------------------------------------------------------

# Numbers that are shorter than others, such as 111 and 116 123.
_SHORT_NUMBER = re.compile(r"1[0-9]{2}|116[0-9]{3}|999")
_PHONE_FAULTS: Mapping[phone_numbers.Fault, str] = {
    "mobile": "is not a mobile number: they have 11 figures. Correct it.",
    "figures": "has too few figures, too many, or an area code that is not in use. Correct it.",
    "area code": "has no area code. Write it like 01772 532536.",
    "country": "is not a number of that country. Correct it, or its code.",
    "unclear": "is not a UK phone number. Write it like 01772 532536.",
}


def _check_phones(tree: Tree) -> None:
    """Families ring these numbers, so each must be one that can be rung."""
    if tree.site:
        _check_phone(tree.written["content/site.yaml"], tree.site.phone)
    centres = [folder.centre for folder in tree.centres if folder.centre]
    texts: list[Text[Programme] | Text[Centre]] = [*tree.programmes, *centres]
    for text in texts:
        if text.noun:
            _check_phone(text.written, text.noun.phone)
            if isinstance(text.noun, Centre) and text.noun.contact:
                _check_phone(text.written, text.noun.contact.phone, ("contact",))


def _check_phone(written: Written, phone: str | None, within: Place = ()) -> None:
    if not phone or _SHORT_NUMBER.fullmatch(phone.replace(" ", "")):
        return
    number = phone_numbers.read(phone)
    if not isinstance(number, phone_numbers.PhoneNumber):
        written.wrong((*within, "phone"), f"'phone': '{phone}' {_PHONE_FAULTS[number]}")


# --- centres and programmes ----------------------------------------------------------------------


def _check_centres(tree: Tree) -> None:
    footprints = {one.slug: one for one in tree.footprints.footprints} if tree.footprints else {}
    taken: dict[str, str] = {}
    unknown: set[str] = set()
    districts = [one for footprint in footprints.values() for one in footprint.districts]
    titles = {slugify(one.title): one.slug for one in districts}
    for folder in tree.centres:
        if folder.centre:
            _name_it(folder.centre.written, "district", titles, "district")
        first = taken.setdefault(folder.slug, folder.path)
        if first != folder.path:
            words = f"'{folder.slug}' is already used by {first}, and no two centres in the county "
            tree.problems.append(
                Problem(
                    f"{folder.path}/index.md",
                    1,
                    1,
                    f"{words}may share a name. Rename one of the folders.",
                )
            )
        if footprints and folder.footprint not in footprints | dict.fromkeys(unknown):
            unknown.add(folder.footprint)
            path = f"{folder.path}/index.md"
            words = f"'{folder.footprint}' is not a footprint.{near(folder.footprint, footprints)}"
            tree.problems.append(
                Problem(path, 1, 1, f"{words} Rename the folder. Known: {', '.join(footprints)}.")
            )
        if folder.centre and folder.centre.noun:
            _check_centre(folder, folder.centre.written, folder.centre.noun, footprints)
    written = [folder.centre for folder in tree.centres if folder.centre]
    _check_aliases(written, set(taken))
    _check_also(written)


def _check_centre(
    folder: CentreFolder, written: Written, centre: Centre, footprints: Mapping[str, Footprint]
) -> None:
    home = {
        district.slug: footprint
        for footprint in footprints.values()
        for district in footprint.districts
    }
    if home and centre.district not in home:
        written.wrong(
            ("district",),
            f"'district': '{centre.district}' is not a district.{near(centre.district, home)} "
            f"Known: {', '.join(home)}.",
        )
    elif home and folder.footprint in footprints and home[centre.district].slug != folder.footprint:
        right = home[centre.district].slug
        written.wrong(
            ("district",),
            f"'district': {centre.district} is in the footprint {right}, but this file is in "
            f"{folder.footprint}. Move the folder to centres/{right}/, or correct the district.",
        )
    _check_sample(written, centre)
    _check_photo(written, centre, folder.images)
    notice = centre.notice
    if notice and notice.from_ and notice.until and notice.until < notice.from_:
        written.wrong(
            ("notice", "until"), "'until': it is before 'from'. Correct one of the dates."
        )
    _check_closures(written, centre.closures)


def _name_it(written: Written, field: str, titles: Mapping[str, str], what: str) -> None:
    """Names what is meant where somebody wrote a title: 'Baby Massage' for 'baby-massage'.

    The reader of one file does not know the others, and has said only that it cannot be a name.
    """
    said = (written.fields or {}).get(field)
    if not isinstance(said, str) or said in titles.values():
        return
    slug = titles.get(slugify(said)) or next((s for s in titles.values() if s == slugify(said)), "")
    words = f"there is no {what} '{said}'.{near(slugify(said), titles.values())}"
    words += " Write the name that it has in addresses."
    if slug:
        words = f"'{said}' is not the name of a {what} in addresses. Write '{slug}'."
    at = written.at((field,))
    for number, problem in enumerate(written.problems):
        if (problem.line, problem.column) == at and problem.words.startswith(f"'{field}': "):
            written.problems[number] = replace(problem, words=one_line(f"'{field}': {words}"))


def _check_programmes(tree: Tree) -> None:
    for text in tree.programmes:
        programme = text.noun
        if not programme:
            continue
        _check_sample(text.written, programme)
        _check_photo(text.written, programme, tree.programme_images)
        if programme.sensitive:
            _check_sensitive(text.written, programme.booking)
        check_creche_of_programme(text.written, programme)
        names = Counter(question.name for question in programme.questions)
        for number, question in enumerate(programme.questions):
            here: Place = ("questions", number)
            if names[question.name] > 1:
                text.written.wrong(
                    (*here, "name"),
                    f"'name': '{question.name}' is used by two questions. Rename one of them.",
                )
            if question.name in (SAFE_TIME, WHERE, TOPICS):
                text.written.wrong(
                    (*here, "name"),
                    f"'name': the portal keeps its own answers as '{question.name}'. "
                    "Give this question another name.",
                )
            if question.type == "choice" and len(question.options) < 2:
                text.written.wrong(
                    here, "'options': a choice needs at least two answers. Write them as a list."
                )
            elif question.type != "choice" and question.options:
                text.written.wrong(
                    (*here, "options"),
                    "'options': only a choice has options. Write 'type: choice', or remove them.",
                )
    _check_aliases(tree.programmes, {text.slug for text in tree.programmes})
    _check_also(tree.programmes)


def _check_sensitive(written: Written, booking: str | None) -> None:
    if booking in ("request", "referral"):
        return
    words = "places in a sensitive programme cannot be booked online."
    if booking == "drop-in":
        words = (
            "the venue and times of a sensitive programme are withheld, so families cannot drop in."
        )
    written.wrong(("booking",), f"'booking': {words} Write 'request' or 'referral'.")


def _check_photo(
    written: Written, noun: Centre | Programme | Series, images: Mapping[str, Path]
) -> None:
    """A photo is a picture beside the file, with words for those who do not see it."""
    if noun.photo and noun.photo not in images:
        known = near(noun.photo, images)
        written.wrong(
            ("photo",),
            f"'photo': there is no picture '{noun.photo}' beside this file.{known} "
            "Add it there, or correct the name.",
        )
    if noun.photo and not noun.photo_alt:
        written.wrong(("photo",), "'photo_alt' is missing. Describe what the photo shows.")


def _check_sample(written: Written, noun: Board | Centre | Programme) -> None:
    """A mark for a fact that the file does not give would hide a slip in the name."""
    given = [
        info.alias or name
        for name, info in type(noun).model_fields.items()
        if name in noun.model_fields_set and name != "sample"
    ]
    for number, name in enumerate(noun.sample):
        if name not in given:
            written.wrong(
                ("sample", number),
                f"'sample': this file has no '{name}'.{near(name, given)} "
                "Write the name of a field of this file.",
            )


def _check_also(texts: Iterable[Text[TextFile]]) -> None:
    """Other words for a thing: one that says nothing, or its own name, helps no search.

    Two things may have the same word: then both are shown.
    """
    for text in texts:
        title = slugify(getattr(text.noun, "title", ""))
        seen: set[str] = set()
        for number, word in enumerate(getattr(text.noun, "also", ())):
            key = slugify(word)
            if not key:
                words = "says nothing that can be searched for. Remove it."
            elif key == title:
                words = "is its own name. Remove it."
            elif key in seen:
                words = "is given twice. Remove one."
            else:
                seen.add(key)
                continue
            text.written.wrong(("also", number), f"'also': '{word}' {words}")


def _check_aliases(texts: Iterable[Text[TextFile]], living: set[str]) -> None:
    """Old names are still addresses: each must be unique, and not a name in use now."""
    taken: dict[str, str] = {}
    for text in texts:
        for number, alias in enumerate(getattr(text.noun, "aliases", ())):
            place: Place = ("aliases", number)
            first = taken.setdefault(alias, text.written.path)
            if "/" in alias:
                words = "is not a single name. Write it without '/'."
            elif alias in living:
                words = "is still in use as a name. Remove it."
            elif first != text.written.path:
                words = f"is also an old name in {first}. Remove one of them."
            else:
                continue
            text.written.wrong(place, f"'aliases': '{alias}' {words}")


def _check_pages(tree: Tree) -> None:
    for text in tree.pages:
        if text.slug in RESERVED and text.slug != "calendars":
            words = f"the address /{text.slug}/ belongs to another part of the site."
            text.written.wrong((), f"{words} Give the file another name.")
        for number, alias in enumerate(text.noun.aliases if text.noun else ()):
            if alias in RESERVED:
                words = f"'{alias}' belongs to another part of the site. Remove it."
                text.written.wrong(("aliases", number), f"'aliases': {words}")
    _check_aliases(tree.pages, {text.slug for text in tree.pages})
    _check_aliases(tree.news, {text.slug for text in tree.news})
    _check_aliases(tree.help_pages, {text.slug for text in tree.help_pages})
    _check_aliases(tree.boards, {text.slug for text in tree.boards})


# --- series --------------------------------------------------------------------------------------


def _check_series(tree: Tree) -> None:
    programmes = {text.slug: text.noun for text in tree.programmes}
    titles = {slugify(one.title): slug for slug, one in programmes.items() if one}
    # With wrong terms, half of all dates would seem wrong too.
    known = tree.terms and not tree.written["content/terms.yaml"].problems
    calendar = school_calendar(tree.terms) if tree.terms and known else None
    for folder in tree.centres:
        for text in folder.series:
            if text.noun:
                _check_one(folder, text.written, text.noun, programmes, titles, calendar)
            else:
                _name_it(text.written, "programme", titles, "programme")
    _check_identities(tree)
    check_doubles(tree, calendar)
    check_resources(tree, calendar)


def check_changed(
    tree: Tree,
    folder: CentreFolder,
    text: Text[Series],
    others: Sequence[tuple[CentreFolder, Text[Series]]],
) -> None:
    """Applies to one series what `check` applies to it, in a tree that has no mistakes otherwise.

    Its old names must be those that it had in that tree. `others` are the series of which
    `double_checks.may_clash` or `resource_checks.may_clash` says that it may clash with them, as
    they are before they are linked. A clash is noted in one of the two files, as by `check`.
    """
    if text.noun is None or tree.terms is None:
        return
    calendar = school_calendar(tree.terms)
    programmes = {one.slug: one.noun for one in tree.programmes}
    _check_one(folder, text.written, text.noun, programmes, {}, calendar)
    check_double_of(tree, folder, text, others, calendar)
    check_resources_of(tree, folder, text, others, calendar)


def _check_one(
    folder: CentreFolder,
    written: Written,
    series: Series,
    programmes: Mapping[str, Programme | None],
    titles: Mapping[str, str],
    calendar: SchoolCalendar | None,
) -> None:
    """What is wrong with a series, whatever other series there are. `titles` help to guess."""
    _check_photo(written, series, folder.images)
    slug = series.programme_slug
    if slug not in programmes:
        likely = f" Did you mean '{titles[slug]}'?" if slug in titles else ""
        written.wrong(
            ("programme",),
            f"'programme': there is no programme '{slug}'."
            f"{likely or near(slug, programmes)} "
            f"Write the name of a file of programmes/, without '.md'.",
        )
    elif programme := programmes[slug]:
        _check_booking(written, series, programme)
        area_checks.check_areas(written, series, series.booking or programme.booking)
        check_creche(written, series, programme)
    if calendar:
        for place, words in mistakes(series, calendar):
            names = [step for step in place if isinstance(step, str)]
            written.wrong(place, f"'{names[-1]}': {words}" if names else words)


def _check_booking(written: Written, series: Series, programme: Programme) -> None:
    booking = series.booking or programme.booking
    if programme.sensitive and series.booking:
        _check_sensitive(written, series.booking)
    if booking == "book" and (series.places or programme.places) is None:
        written.wrong(
            ("booking",),
            "'places' is missing. Write the number, so that the portal knows when it is full.",
        )
    if booking in _BOOKABLE:
        return
    remedy = "Remove the line. If families are to book, write 'booking: book'"
    remedy += "." if series.places or programme.places else " and 'places'."
    what = "this is drop-in" if booking == "drop-in" else "a professional makes the referral"
    for name, given in (
        ("opens", series.opens is not None),
        ("closes", series.closes is not None),
        ("book", series.book == "session"),
    ):
        if given:
            written.wrong(
                (name,),
                f"'{name}': {what}, so families do not book. {remedy}",
            )


def _check_identities(tree: Tree) -> None:
    """Identities, old ones included, must be unique: bookings and calendars keep them."""
    taken = {
        f"{folder.slug}/{text.slug}": text.written.path
        for folder in tree.centres
        for text in folder.series
    }
    living = set(taken)
    for folder in tree.centres:
        for text in folder.series:
            for number, alias in enumerate(text.noun.aliases if text.noun else ()):
                identity = alias if "/" in alias else f"{folder.slug}/{alias}"
                first = taken.setdefault(identity, text.written.path)
                if identity in living:
                    words = "is the name of a current series. Remove it."
                elif first != text.written.path:
                    words = f"is also an old name in {first}. Remove one of them."
                else:
                    continue
                text.written.wrong(("aliases", number), f"'aliases': '{identity}' {words}")


# --- places on the map ---------------------------------------------------------------------------


def find_position(
    gazetteer: Gazetteer, where: Centre | OutreachVenue, district: str
) -> Position | None:
    """The position of its door, postcode sector or town, the first that is known; else None."""
    if where.location:
        return where.location
    if where.postcode and (found := gazetteer.of_postcode(where.postcode)):
        return found
    town = find_town(gazetteer, where.town, district)
    if town is None:
        return None
    # The middle of a town is no door, however well it is known: no pin may show it as one.
    known = town.position.precision == "point"
    return replace(town.position, precision="town") if known else town.position


def find_town(gazetteer: Gazetteer, name: str | None, district: str) -> Settlement | None:
    """The place of that name in a district, or one whose district is not known."""
    named = gazetteer.settlements_named(name) if name else ()
    here = [one for one in named if one.district and one.district.slug == district]
    return next(iter(here + [one for one in named if one.district is None]), None)


def check_towns(tree: Tree, gazetteer: Gazetteer) -> None:
    """Reports towns that are not in the gazetteer: their centres would be missing from maps."""
    for folder in tree.centres:
        text = folder.centre
        if not text or not text.noun:
            continue
        district = text.noun.district
        _check_town(text.written, (), text.noun, district, gazetteer)
        for series in folder.series:
            if series.noun:
                check_towns_of(series.written, series.noun, district, gazetteer)


def check_towns_of(written: Written, series: Series, district: str, gazetteer: Gazetteer) -> None:
    """The same of the venues of one series, whose centre is in this district."""
    if series.venue_fields:
        _check_town(written, ("venue",), series.venue_fields, district, gazetteer)
    for number, change in enumerate(series.changes):
        if change.venue:
            place: Place = ("changes", number, "venue")
            _check_town(written, place, change.venue, district, gazetteer)


def _check_town(
    written: Written,
    place: Place,
    where: Centre | OutreachVenue,
    district: str,
    gazetteer: Gazetteer,
) -> None:
    if where.location or where.postcode or not where.town:
        return
    if find_town(gazetteer, where.town, district):
        return
    elsewhere = [
        one.district.title for one in gazetteer.settlements_named(where.town) if one.district
    ]
    if elsewhere:
        words = f"{where.town} is in {' and '.join(elsewhere)}, not in this centre's district."
    else:
        words = f"'{where.town}' is not in content/places.csv."
        if found := gazetteer.suggest(where.town):
            words += f" Did you mean '{found[0]}'?"
    written.wrong((*place, "town"), f"'town': {words} Correct it, or add 'postcode' or 'location'.")
