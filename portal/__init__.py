"""The portal of a county's family centres: one set of dated sessions, many ways to reach it.

`docs/architecture.md` describes each package. A package may import those below it:

    commands
    server
    web
    editing
    bookings, staff, panel
    messages
    database, feeds
    content, finder, settings
    directory
    errors
"""

__version__ = "0.1.0"
