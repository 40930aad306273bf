"""Doubts about addresses: postcodes that do not exist or lie elsewhere, and points on the map.

What is known depends on the tables. `content/outcodes.csv` has every postcode district and sector
of the county with its districts, so that a sector that is not there is outside, or does not exist.
Exact postcodes are known only where somebody has imported them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from portal.content.gazetteer import Gazetteer, outcode_of, sector_of
from portal.content.yaml_reader import Place
from portal.directory import Centre, Directory, OutreachVenue
from portal.directory.values import Position, distance

FindPostcode = Callable[[str], Position | None]

# Miles. Sectors in the country are wide, and an exact postcode is known to about 100 metres.
_FAR_FROM_SECTOR, _FAR_FROM_POSTCODE, _FAR_FROM_TOWN, _FAR_FROM_DISTRICT = 6.0, 1.0, 8.0, 5.0
_FAR_FROM_CENTRE, _OVER_THE_BORDER = 10.0, 2.0  # of the middle of an area
_NEVER_LAST = frozenset("CIKMOV")


class Places:
    """The places of a Directory, asked whether an address fits them."""

    def __init__(self, directory: Directory, find_postcode: FindPostcode | None) -> None:
        self._find_postcode = find_postcode
        self._gazetteer = Gazetteer(directory.settlements, directory.postcode_areas)
        self._areas = {area.code: area for area in directory.postcode_areas}
        self._sectors: dict[str, list[str]] = defaultdict(list)
        for code in self._areas:
            outcode, _, sector = code.partition(" ")
            self._sectors[outcode] += [code] if sector else []
        self._councils = {
            code: one.council for one in directory.neighbours for code in one.outcodes
        }
        self._titles = {district.slug: district.title for district in directory.districts}
        self._settled: dict[str, list[Position]] = defaultdict(list)
        for settlement in directory.settlements:
            if settlement.district:
                self._settled[settlement.district.slug].append(settlement.position)

    def doubts_about(
        self, place: Place, where: Centre | OutreachVenue, district: str
    ) -> Iterator[tuple[Place, str]]:
        """Each doubt about an address in a district, with its place in the file."""
        if where.postcode:
            words = self._of_postcode(where.postcode, district)
            words = words or self._of_distance(where.postcode, where)
            if words:
                yield (*place, "postcode"), words
        if where.location and (words := self._of_location(where.location, where, district)):
            yield (*place, "location"), words

    def doubts_about_area(
        self, place: Place, area: OutreachVenue, centre: Centre
    ) -> Iterator[tuple[Place, str]]:
        """Whether workers from a centre go about in an area, which has no address to compare."""
        towns = self._gazetteer.settlements_named(area.town) if area.town else ()
        here = [one for one in towns if one.district and one.district.slug == centre.district]
        middle = area.location or next((one.position for one in here), None)
        if not area.area or not middle:
            return
        field = "location" if area.location else "town"
        if area.location and (nearest := self._across_the_border(middle, centre.district)):
            yield (
                (*place, field),
                f"this is in {nearest}, and the centre is in "
                f"{self._titles.get(centre.district, centre.district)}. {_CHECK}",
            )
        miles = distance(middle, centre.position) if centre.position else 0
        if miles > _FAR_FROM_CENTRE:
            yield (
                (*place, field),
                f"the middle of this area is {miles:.0f} miles from {centre.title}. Check it, or "
                "move the file to a nearer centre.",
            )

    def _across_the_border(self, middle: Position, district: str) -> str:
        """The nearest place, if it is in another district and the centre's own is far from it."""
        nearest = min(
            (distance(middle, at), slug != district, slug)
            for slug, settled in self._settled.items()
            for at in settled
        )
        own = min((distance(middle, at) for at in self._settled[district]), default=0.0)
        elsewhere = nearest[1] and own > nearest[0] + _OVER_THE_BORDER
        return self._titles.get(nearest[2], nearest[2]) if elsewhere else ""

    # --- postcodes -------------------------------------------------------------------------

    def _of_postcode(self, postcode: str, district: str) -> str:
        outcode, sector = outcode_of(postcode), sector_of(postcode)
        if misread := self._misread(postcode):
            return misread
        if self._find_postcode and self._find_postcode(postcode):
            area = self._areas.get(sector)
        elif outcode not in self._areas:
            return self._outside(postcode, outcode)
        elif self._sectors[outcode] and sector not in self._areas:
            return (
                f"there is no '{sector}' in this county, so '{postcode}' cannot be right. {_CHECK}"
            )
        elif self._find_postcode:
            return f"'{postcode}' is not among the imported postcodes. {_CHECK}"
        else:
            area = self._areas.get(sector) or self._areas[outcode]
        if area is None:
            return self._outside(postcode, outcode)
        titles = [one.title for one in area.districts]
        if titles and district not in [one.slug for one in area.districts]:
            return (
                f"'{postcode}' is in {' or '.join(titles)}, and the centre is in "
                f"{self._titles.get(district, district)}. {_CHECK}"
            )
        return ""

    def _misread(self, postcode: str) -> str:
        """A letter O or I where a figure belongs, or letters that no postcode ends with."""
        outcode = outcode_of(postcode)
        right = with_figures(outcode)
        if outcode not in self._areas and right != outcode and right in self._areas:
            what = "O, and not the figure 0" if "O" in outcode[-1:] else "I, and not the figure 1"
            return f"this has the letter {what}. Write '{right}{postcode[len(outcode) :]}'."
        if never := next((letter for letter in postcode[-2:] if letter in _NEVER_LAST), ""):
            return f"a postcode never ends with the letter {never}. {_CHECK}"
        return ""

    def _outside(self, postcode: str, outcode: str) -> str:
        if council := self._councils.get(outcode):
            return f"'{postcode}' is outside the county, at {council}. {_CHECK}"
        return f"'{postcode}' is not a postcode of this county. {_CHECK}"

    def _of_distance(self, postcode: str, where: Centre | OutreachVenue) -> str:
        """Whether a postcode is far from the town beside it."""
        at = self._position(postcode)
        towns = self._gazetteer.settlements_named(where.town) if where.town else ()
        if not at or not towns:
            return ""
        miles = min(distance(at, town.position) for town in towns)
        if miles <= _FAR_FROM_TOWN:
            return ""
        return f"'{postcode}' is {miles:.0f} miles from {where.town}. Correct one of them."

    def _position(self, postcode: str) -> Position | None:
        exact = self._find_postcode(postcode) if self._find_postcode else None
        return exact or self._gazetteer.of_postcode(postcode)

    # --- points ----------------------------------------------------------------------------

    def _of_location(self, location: Position, where: Centre | OutreachVenue, district: str) -> str:
        at = self._position(where.postcode) if where.postcode else None
        towns = self._gazetteer.settlements_named(where.town) if where.town else ()
        homes = self._settled[district]
        if at:
            most = _FAR_FROM_POSTCODE if at.precision == "postcode" else _FAR_FROM_SECTOR
            miles, what = distance(location, at), f"the postcode {where.postcode}"
        elif towns:
            most = _FAR_FROM_TOWN
            miles, what = min(distance(location, one.position) for one in towns), str(where.town)
        elif homes:
            most = _FAR_FROM_DISTRICT
            miles = min(distance(location, one) for one in homes)
            what = f"the nearest place in {self._titles.get(district, district)}"
        else:
            return ""
        return (
            f"this is {miles:.0f} miles from {what}. Correct one of them." if miles > most else ""
        )


def with_figures(outcode: str) -> str:
    """An outcode with 0 and 1 for letters O and I that stand where a figure belongs."""
    letters = 2 if outcode[1:2].isalpha() else 1
    return outcode[:letters] + outcode[letters:].replace("O", "0").replace("I", "1")


_CHECK = "Check it, and correct it."
