"""The production server: the frozen site and the live pages at one address, and the worker.

`app` makes the WSGI application, `serve` runs it, and `worker` does the background work: offers,
messages and deletions.
"""
