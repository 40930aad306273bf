"""Helps centre staff write content: drafts, next term's copies, schemas and the preview.

`drafts` writes a valid file, `next_term` copies a series into the next term, `schema` writes the
manual of fields and the files for completion, `preview` rebuilds and reloads on save.
"""
