"""Finds sessions near a place, by age, day and much else: the twin of `static/find.js`.

Both answer from the tables that `index` writes, with the words of `texts`. `Finder` answers one
query; `postcodes` and `postcode_import` hold exact postcodes where they were imported.
"""

from portal.finder.search import Answer, Finder

__all__ = ["Answer", "Finder"]
