"""Finds sessions near a place, by age, day and other filters: the counterpart of `static/find.js`.

Both answer from the tables that `index` writes, in the wording of `texts`. `Finder` answers one
query; `postcode_import` reads exact postcodes and `postcodes` stores them.
"""

from portal.finder.search import Answer, Finder

__all__ = ["Answer", "Finder"]
