"""The colours of the style sheet: what each is for, and whether people can tell them apart."""

import colorsys
import re
from itertools import pairwise
from pathlib import Path

import pytest

from portal.web.assets import PACKAGE

SHEET = (PACKAGE / "static/site.css").read_text("utf-8")
SCHEMES = ("light", "dark", "print")
# What is written in a colour, and what it is written on.
WORDS = {
    "ink": ("paper", "card", "blush", "moss", "straw"),
    "soft": ("paper", "card", "blush", "moss"),
    "link": ("paper", "card", "blush", "moss", "straw"),
    "hover": ("paper", "card", "blush", "moss", "straw"),
    "action": ("paper", "card", "blush", "moss"),
    "error": ("paper", "card", "blush"),
    "deep": ("blush", "card"),
    "leaf": ("moss",),
    "gold": ("straw",),
    "on": ("action", "hover", "error"),
    "paper": ("ink",),
    "card": ("brand", "ink"),
    "pale": ("band", "plum"),
}
# Edges of fields and of what can be pressed, and drawings that carry meaning.
PARTS = {
    "edge": ("paper", "card", "blush"),
    "action": ("paper", "card", "blush", "moss"),
    "brand": ("paper", "card"),
    "error": ("paper", "card"),
}


def variables(block):
    return dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6});", block))


def colours(scheme):
    """The colours of a scheme; dark and print replace those of the light one."""
    blocks = re.findall(r":root \{(.*?)\}", SHEET, re.S)
    light, dark, paper = map(variables, blocks)
    return {**light, **{"light": {}, "dark": dark, "print": paper}[scheme]}


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def hue(colour):
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return 360 * colorsys.rgb_to_hls(red, green, blue)[0]


def too_faint(scheme, pairs, least):
    named = colours(scheme)
    return [
        f"{front} on {back}: {contrast(named[front], named[back]):.2f}"
        for front, backs in pairs.items()
        for back in backs
        if contrast(named[front], named[back]) < least
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read(scheme):
    """Words have a contrast of at least 4.5 to 1 with what they are written on."""
    assert too_faint(scheme, WORDS, 4.5) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_parts_can_be_seen(scheme):
    """Fields, buttons and drawings have a contrast of at least 3 to 1 with what is around them."""
    assert too_faint(scheme, PARTS, 3) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_colour_has_one_meaning(scheme):
    """The brand, links and buttons, and errors have hues that differ by more than 20 degrees."""
    brand, link, action, error = (
        hue(colours(scheme)[name]) for name in ("brand", "link", "action", "error")
    )

    for one, other in ((brand, error), (link, error), (action, error), (brand, action)):
        assert 20 < abs(one - other) % 360 < 340
    rule = re.search(r"^\.error \{(.*?)\}", SHEET, re.M)[1]
    assert "var(--error)" in rule
    assert "var(--brand)" not in re.search(r"^\.button \{(.*?)\}", SHEET, re.M | re.S)[1]


def test_paper_is_black_on_white():
    """On paper every colour is black, white or a grey that parts lines."""
    assert set(colours("print").values()) <= {"#fff", "#000", "#999"}


@pytest.mark.parametrize("sheet", ["site.css", "staff.css"])
def test_every_colour_is_declared(sheet):
    """A rule uses no variable that the sheet does not have."""
    used = set(re.findall(r"var\(--(\w+)", (Path(PACKAGE) / "static" / sheet).read_text("utf-8")))

    assert used - set(re.findall(r"--(\w+):", SHEET)) == set()


def test_the_browser_has_the_colour_of_the_header():
    """The frame that a phone draws around a page has the colour of the header, in both schemes."""
    base = (PACKAGE / "templates/_base.html").read_text("utf-8")
    said = re.findall(r'"theme-color" content="(#\w+)" media="\(prefers-color-scheme: (\w+)', base)

    assert {scheme: colour for colour, scheme in said} == {
        scheme: colours(scheme)["band"] for scheme in ("light", "dark")
    }


@pytest.mark.parametrize("scheme", SCHEMES)
def test_words_on_shades_can_be_read(scheme):
    """The word of a cell of coverage can be read on its shade, also on the darkest; and shades
    differ from each other, although no meaning hangs on them alone."""
    sheet = (PACKAGE / "static/figures.css").read_text("utf-8")
    named = colours(scheme)
    mixes = re.findall(r"color-mix\(in srgb, var\(--(\w+)\) (\d+)%, var\(--(\w+)\)\)", sheet)
    shades = [named["card"]]
    for front, share, back in mixes:
        parts = [
            [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
            for colour in (whole(named[front]), whole(named[back]))
        ]
        mixed = [
            round(one + (other - one) * (1 - int(share) / 100))
            for one, other in zip(*parts, strict=True)
        ]
        shades.append("#" + "".join(f"{part:02x}" for part in mixed))

    assert len(shades) == 5
    assert [shade for shade in shades if contrast(whole(named["ink"]), shade) < 4.5] == []
    assert all(contrast(one, other) > 1.1 for one, other in pairwise(shades))


def whole(colour):
    return colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])
