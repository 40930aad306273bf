"""The editors' preview: the site as the files on disk would make it, loaded again at each save.

`watching` reads the content at each save, `app` shows its pages with a note for the editor.
"""
