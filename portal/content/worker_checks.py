"""Checks of what professionals are shown: the worker of a centre, its schools, and the form.

A school must find one centre, so no two may serve it. A worker is known by a role or a first name:
a full name on a public page would let anybody look up the person behind it (S93).
"""

from __future__ import annotations

import re

from portal.content.front_matter import Written
from portal.content.sources import Tree
from portal.content.yaml_reader import Place
from portal.directory import Centre
from portal.directory.values import near


def check_workers(tree: Tree) -> None:
    """Reports workers that nobody can find, schools with two centres, and a form that is none."""
    _check_form(tree)
    taken: dict[str, tuple[str, int]] = {}
    for folder in tree.centres:
        if folder.centre and folder.centre.noun:
            _check_contact(folder.centre.written, folder.centre.noun)
            _check_serves(folder.centre.written, folder.centre.noun, taken)


def _check_contact(written: Written, centre: Centre) -> None:
    contact = centre.contact
    if contact is None:
        return
    if not contact.name:
        words = "nobody can tell whom to ask for. Add 'role', such as 'Family support worker'."
        written.wrong(("contact",), f"'contact': {words}")
    local = (contact.email or "").partition("@")[0]
    if contact.first_name and _names_in(local, contact.first_name):
        written.wrong(
            ("contact", "email"),
            f"'email': '{contact.email}' has the worker's full name in it. "
            "Write a shared address, such as that of the centre, or remove the first name.",
        )


def _names_in(local: str, first_name: str) -> bool:
    """Whether the part of an address before '@' is this first name with another name."""
    parts = [part for part in re.split(r"[._-]", local.casefold()) if part]
    return len(parts) > 1 and _key(first_name) in parts


def _check_serves(written: Written, centre: Centre, taken: dict[str, tuple[str, int]]) -> None:
    for number, school in enumerate(centre.serves):
        place: Place = ("serves", number)
        line, _ = written.at(place)
        first = taken.setdefault(_key(school), (written.path, line))
        if first == (written.path, line):
            continue
        path, other = first
        words = f"'{school}' is also served by {path}:{other}. Remove one of the two. If they are "
        words += "two schools of the same name, write the town of each after its name."
        if path == written.path:
            words = f"'{school}' is already on line {other}. Remove one of the two."
        written.wrong(place, f"'serves': {words}")


def _key(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _check_form(tree: Tree) -> None:
    if tree.site is None or tree.site.support_programme is None:
        return
    slug = tree.site.support_programme
    programmes = {one.slug: one.noun for one in tree.programmes}
    programme = programmes.get(slug)
    if slug not in programmes:
        words = f"there is no programme '{slug}'.{near(slug, programmes)} "
        words += "Write the name of a file of programmes/, without '.md'."
    elif programme is None:
        return
    elif programme.sensitive:
        words = f"'{slug}' is sensitive, so no page may link it with a centre. Choose another one."
    elif programme.booking not in ("request", "referral"):
        words = f"nobody can ask for '{slug}'. Choose one with 'booking: request' or 'referral'."
    else:
        return
    tree.written["content/site.yaml"].wrong(("support_programme",), f"'support_programme': {words}")
