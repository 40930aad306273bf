"""A folder as the last site, with its files as they are now."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from portal.web.site.last_site import LastSite, state_of


def last_site(folder: Path, names: Iterable[str]) -> LastSite:
    """The last site, with a record of the files of these names."""
    names = [*names]
    states = {name: state_of(folder, name) for name in names}
    digests = {name: sha256((folder / name).read_bytes()).digest() for name in names}
    return LastSite(folder, states, digests)
