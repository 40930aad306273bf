"""The pictures that chats and social networks show beside a link to a page: one for each district.

They are drawn here, so that nothing is asked of another site, with the typeface that Pillow brings,
so that every machine draws the same. A page of a sensitive programme has the plain picture of the
service, which says nothing of the page (S87).
"""

from __future__ import annotations

import hashlib
import io
import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import pairwise

import PIL
from PIL import Image, ImageColor, ImageDraw, ImageFont

from portal.dependencies import remembered
from portal.directory import Directory, District
from portal.web.site.county_map import CountyMap
from portal.web.site.last_site import LastSite

SIZE = (1200, 630)
# Increase this when the same words should give another picture.
_FORM = "2"
_FINER = 2  # drawn larger than it is, and then made smaller, for smooth edges
_BAND, _LAND, _HERE, _WORDS = "#8f1a3e", "#a8335a", "#fdeff2", "#ffffff"
# A picture is drawn in shades of grey, and each shade then gets its colour from a palette of 16:
# that takes a tenth of the time of finding the best colours. Edges have the colours between.
_SHADES = {_BAND: 0, _LAND: 2, _HERE: 14, _WORDS: 15}
_STEP = 17  # of grey, from one shade to the next: 15 * 17 is white
_TAGLINE = "Groups and help for families"

_Point = tuple[float, float]
# A petal of the rose in the header, as four curves: each has two points of control and an end.
_START: _Point = (32, 31)
_CURVES: tuple[tuple[_Point, _Point, _Point], ...] = (
    ((22, 25), (17, 13), (24, 6)),
    ((28, 2), (32, 4), (32, 7)),
    ((32, 4), (36, 2), (40, 6)),
    ((47, 13), (42, 25), (32, 31)),
)
_MIDDLE: _Point = (32, 33)


class Cards:
    """The pictures of one Directory. `earlier` has those of the last site."""

    def __init__(
        self, directory: Directory, drawn: CountyMap, earlier: LastSite | None = None
    ) -> None:
        self._site = directory.site
        self._directory = directory
        self._map = drawn
        self._earlier = earlier

    @remembered
    def _districts(self) -> Mapping[str, District]:
        return {one.slug: one for one in self._directory.districts}

    @remembered
    def paths(self) -> Mapping[str, str]:
        """The address of each district's picture, by its slug; '' has the plain one."""
        return {slug: self._path(slug) for slug in ("", *self._districts)}

    @remembered
    def files(self) -> Mapping[str, Callable[[], bytes]]:
        """What makes each picture, by its address."""
        return {path: partial(self._made, path, slug) for slug, path in self.paths.items()}

    def _path(self, slug: str) -> str:
        district = self._districts.get(slug)
        made_of = (
            _FORM, PIL.__version__, self._site.name, self._site.area, self._map.path,
            district.title if district else "",
        )  # fmt: skip
        digest = hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:10]
        return f"/static/cards/{slug or 'service'}.{digest}.png"

    def _made(self, path: str, slug: str) -> bytes:
        kept = self._earlier.read(path[1:]) if self._earlier else None
        if kept is not None:
            return kept
        return self._drawn(self._districts.get(slug))

    def _drawn(self, district: District | None) -> bytes:
        picture = self._empty.copy()
        pen = ImageDraw.Draw(picture)
        if district:
            self._draw_district(pen, district, _HERE)
        if district:
            _write(pen, 64, 200, [f"{self._site.name}, {self._site.area}"], 30, 620)
            bottom = _write(pen, 64, 330, [district.title], 78, 600)
        else:
            bottom = _write(pen, 64, 210, [self._site.name, self._site.area], 66, 640)
        _write(pen, 64, bottom + 30, [_TAGLINE], 38, 640)
        small = picture.reduce(_FINER).point([round(grey / _STEP) for grey in range(256)])
        small.putpalette(_palette())
        file = io.BytesIO()
        # The pictures are plain areas: looking for runs alone is the fastest, and as small as any.
        small.save(file, "PNG", compress_type=zlib.Z_RLE)
        return file.getvalue()

    @remembered
    def _empty(self) -> Image.Image:
        """What all pictures have in common: the rose, and the county with no district marked."""
        picture = Image.new("L", (SIZE[0] * _FINER, SIZE[1] * _FINER), _grey(_BAND))
        pen = ImageDraw.Draw(picture)
        for petal in _petals(64, 60, 1.6):
            pen.polygon(petal, fill=_grey(_WORDS))
        for district in self._districts.values():
            self._draw_district(pen, district, _LAND)
        return picture

    def _draw_district(self, pen: ImageDraw.ImageDraw, district: District, colour: str) -> None:
        width, height = self._map.size
        scale = (SIZE[1] - 80) / max(height, 1)
        left = SIZE[0] - 56 - width * scale
        for ring in self._map.rings(district):
            points = [_fine(left + x * scale, 40 + y * scale) for x, y in ring]
            pen.polygon(points, fill=_grey(colour), outline=_grey(_BAND), width=2 * _FINER)


def _grey(colour: str) -> int:
    return _SHADES[colour] * _STEP


def _palette() -> list[int]:
    """The colours of the shades: red, green and blue of each."""
    colours: list[int] = []
    for (dark, first), (light, last) in pairwise(_SHADES.items()):
        for shade in range(first, last):
            part = (shade - first) / (last - first)
            ends = zip(ImageColor.getrgb(dark), ImageColor.getrgb(light), strict=True)
            colours += [round(start + (end - start) * part) for start, end in ends]
    return [*colours, *ImageColor.getrgb(_WORDS)]


def _fine(x: float, y: float) -> _Point:
    return x * _FINER, y * _FINER


def _write(
    pen: ImageDraw.ImageDraw, x: int, y: int, lines: list[str], size: int, width: int
) -> int:
    """Write lines that are broken where they are too long; returns where they end."""
    font = ImageFont.load_default(size * _FINER)
    for line in lines:
        for part in _broken(pen, line, font, width * _FINER):
            pen.text(_fine(x, y), part, fill=_grey(_WORDS), font=font)
            y += round(size * 1.2)
    return y


def _broken(
    pen: ImageDraw.ImageDraw,
    line: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    width: int,
) -> Iterator[str]:
    words = line.split()
    part = words[0] if words else ""
    for word in words[1:]:
        longer = f"{part} {word}"
        if pen.textlength(longer, font=font) > width:
            yield part
            part = word
        else:
            part = longer
    yield part


def _petals(left: float, top: float, scale: float) -> Iterator[list[_Point]]:
    """The petals of the rose as outlines."""
    petal = [_START]
    for first, second, end in _CURVES:
        start = petal[-1]
        petal += [_on_curve(start, first, second, end, step / 12) for step in range(1, 13)]
    for number in range(5):
        turn = math.radians(72 * number)
        yield [
            _fine(left + x * scale, top + y * scale)
            for x, y in (_turned(point, turn) for point in petal)
        ]


def _on_curve(start: _Point, first: _Point, second: _Point, end: _Point, at: float) -> _Point:
    rest = 1 - at
    weights = (rest**3, 3 * rest**2 * at, 3 * rest * at**2, at**3)
    points = (start, first, second, end)
    return (
        sum(weight * point[0] for weight, point in zip(weights, points, strict=True)),
        sum(weight * point[1] for weight, point in zip(weights, points, strict=True)),
    )


def _turned(point: _Point, turn: float) -> _Point:
    x, y = point[0] - _MIDDLE[0], point[1] - _MIDDLE[1]
    return (
        _MIDDLE[0] + x * math.cos(turn) - y * math.sin(turn),
        _MIDDLE[1] + x * math.sin(turn) + y * math.cos(turn),
    )
