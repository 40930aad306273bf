"""The production server: the frozen files and the live pages on one address, and its worker.

`app` makes the WSGI application and starts the server; `worker` delivers messages beside it.
"""
