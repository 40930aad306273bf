"""The portal of a county's family centres: one set of dated sessions, many ways to reach it.

The root of the exceptions lives here so that every floor can raise and catch it:

    PortalError
    +- content.ContentError     mistakes in the content, all of them
    +- freeze.BuildError        the site could not be written
    +- settings.SettingsError   a setting that cannot be used
"""

__version__ = "0.1.0"


class PortalError(Exception):
    """Anything that this package refuses on purpose, in words that a person can act on."""
