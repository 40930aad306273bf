"""An independent comparison of all outputs with the content files.

It shares no code with the portal, only the file formats: `files` reads the content, `words` says
its facts in English, and the modules beside them read each kind of output. `Comparison` in
`comparing` lists every disagreement.
"""
