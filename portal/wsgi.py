"""The application for any WSGI server: `portal.wsgi:create_app()`."""

from portal.server.app import create_app

__all__ = ["create_app"]
