"""The drawn marks: one small sprite, from which every page takes what it needs."""

import gzip
import re
from xml.etree import ElementTree

from portal.directory.vocabularies import FACILITIES, OFFERS
from portal.web.assets import mark_paths, static_files
from portal.web.templating import environment

OTHERS = """
    dads quiet siblings buggy bus parking first-time who clock pin people pound share heart phone
"""


def sprite():
    return static_files()["marks.svg"]


def test_every_mark_is_drawn():
    """Each area of the offer, each facility and each other fact of a session has one drawing."""
    wanted = [
        *(f"offer-{key}" for key in OFFERS),
        *(f"access-{key}" for key in FACILITIES),
        *OTHERS.split(),
    ]
    drawings = list(ElementTree.fromstring(sprite().content))

    assert sorted(one.get("id") for one in drawings) == sorted(wanted)
    assert {one.tag.rpartition("}")[2] for one in drawings} == {"path"}


def test_the_sprite_is_small():
    """All marks together are at most 4 KB compressed, and are kept by browsers for a year."""
    assert len(gzip.compress(sprite().content, 6)) <= 4096
    assert re.fullmatch(r"/static/marks\.[0-9a-f]{10}\.svg", sprite().path)


def test_a_mark_is_read_out_once():
    """A mark is hidden from screen readers; its words, where it has some, are text beside it."""
    macros = environment().get_template("_macros.html").module
    use = f'<use href="{sprite().path}#clock"/>'

    assert use in macros.mark("clock")
    assert 'aria-hidden="true"' in macros.mark("clock")
    assert "<span" not in macros.mark("clock")
    assert '<span class="hidden">At 10am</span>' in macros.mark("clock", "At 10am")


def test_a_drawing_is_that_of_the_sprite():
    """The page whose script copies drawings has the same ones as all others."""
    macros = environment().get_template("_macros.html").module
    drawings = {one.get("id"): one.get("d") for one in ElementTree.fromstring(sprite().content)}

    assert mark_paths() == drawings
    for name, path in drawings.items():
        assert f'<path d="{path}"/>' in macros.drawing(name)
