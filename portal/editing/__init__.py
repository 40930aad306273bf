"""Helps centre staff write content files: new ones, changed ones and next term's copies.

`drafts` writes a valid file, `next_term` copies a series into the next term, `term_plan` plans a
whole centre in its next term, `schema` writes the manual of fields and the files for completion;
`file_forms` shows a file as a form, and
`content_drafts` keeps what somebody changes until it is published. It knows no pages: commands and
staff pages use it.
"""
