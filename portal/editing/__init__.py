"""Helps centre staff write content: drafts, next term's copies, schemas and the preview.

`drafts` writes a valid file, `next_term` copies a series into the next term, `schema` writes the
manual of fields and what editors complete with, `preview` rebuilds and reloads on save.
"""
