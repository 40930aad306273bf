"""The pass with which a browser on this machine may open the pages for staff over plain http.

A proxy on this machine that forwards nothing looks just like a browser here: its visitors come from
a loopback address too. So being here is not enough. The pass is made from the portal's secret, and
only a command of the portal prints it. Somebody who can run that command can read the secret too.
"""

from __future__ import annotations

import hmac

from portal.settings import Settings

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def is_served(settings: Settings) -> bool:
    """Whether the portal is there for others too, so that staff sign in by https alone."""
    return bool(settings.proxies) or any(host not in LOOPBACK for host in settings.trusted_hosts)


def pass_of(secret: str) -> str:
    """The pass of the portal with this secret."""
    return hmac.new(secret.encode(), b"staff on this machine", "sha256").hexdigest()


def is_pass(secret: str, given: str) -> bool:
    """Whether this is the pass."""
    return hmac.compare_digest(pass_of(secret).encode(), given.encode())


def link(settings: Settings, invitation: str = "") -> str:
    """The link that brings the pass into a browser, and then leads to an invitation or to sign-in.

    It works while `portal serve` runs with these settings.
    """
    host = settings.host if settings.host in LOOPBACK else "127.0.0.1"
    shown = f"[{host}]" if ":" in host else host
    asked = f"?invitation={invitation}" if invitation else ""
    return f"http://{shown}:{settings.port}/staff/here/{pass_of(settings.secret)}{asked}"
