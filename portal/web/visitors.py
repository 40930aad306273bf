"""Who asks: the address of a visitor, in one spelling, for limits and for pages of staff.

Addresses are brought into one spelling here, where they enter (S41): listening on `::`, the system
writes an IPv4 visitor as `::ffff:192.0.2.7`, and some proxies add a port. Forwarded addresses are
believed only from the number of proxies that is set. Where some arrive and none is believed, all
visitors would share the proxy's allowance: the log, `/health` and the staff's first page say so.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

# The environ key that is true once forwarded addresses have arrived that are not believed.
NOT_BELIEVED = "portal.forwarded_not_believed"
SET_PROXIES = (
    "A proxy in front forwards the addresses of visitors, and they are not believed: all visitors "
    "behind it share the limits of one. Set PORTAL_PROXIES to the number of your own proxies."
)

_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")
# Requests in a row with a forwarded address that show a proxy of ours with a public address.
_IN_A_ROW = 50

_BRACKETED = re.compile(r"\[([^\]]*)\](?::\d*)?")
_WITH_PORT = re.compile(r"([0-9.]+):\d*")


@lru_cache(maxsize=1024)  # a visitor asks several times
def unwrapped(address: str) -> str:
    """The one spelling of an address, without port, brackets or zone; '' if it is none.

    An IPv4 address inside an IPv6 one (`::ffff:192.0.2.7`) is that IPv4 address.
    """
    bare = address.strip().strip('"')
    if match := _BRACKETED.fullmatch(bare) or _WITH_PORT.fullmatch(bare):
        bare = match[1]
    try:
        found = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)


def behind_proxies(app: WSGIApplication, proxies: int) -> WSGIApplication:
    """Trust X-Forwarded-For and X-Forwarded-Proto from this many proxies of our own.

    With 0 proxies the headers are ignored: any client could send them.
    """
    return _Believing(app, proxies) if proxies else _Watching(app)


def forwarded(values: Iterable[str], proxies: int) -> str:
    """The address that the outermost of our proxies saw, from the values of X-Forwarded-For.

    '' if they name fewer addresses, or something else than an address.
    """
    chain = ",".join(values).split(",")
    return unwrapped(chain[-proxies]) if len(chain) >= proxies else ""


class _Believing:
    """Believes our own proxies; what they do not say stays as the system sees it."""

    def __init__(self, app: WSGIApplication, proxies: int) -> None:
        self._app = ProxyFix(app, x_for=0, x_proto=proxies)
        self._proxies = proxies

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        given = environ.get("HTTP_X_FORWARDED_FOR", "")
        visitor = forwarded([given], self._proxies) or unwrapped(environ.get("REMOTE_ADDR", ""))
        environ["REMOTE_ADDR"] = visitor
        return self._app(environ, start)


class _Watching:
    """Believes nobody, and notices when a proxy forwards addresses all the same.

    A stranger may send such a header too. So it counts from this machine or a private network,
    where strangers do not ask from, or when every one of many requests has it.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._in_a_row = 0
        self._noticed = False

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        environ["REMOTE_ADDR"] = unwrapped(environ.get("REMOTE_ADDR", ""))
        if not self._noticed:
            self._look(environ)
        environ[NOT_BELIEVED] = self._noticed
        return self._app(environ, start)

    def _look(self, environ: WSGIEnvironment) -> None:
        if not any(name in environ for name in _FORWARDED):
            self._in_a_row = 0
            return
        self._in_a_row += 1
        peer = environ["REMOTE_ADDR"]
        if not peer or ipaddress.ip_address(peer).is_private or self._in_a_row >= _IN_A_ROW:
            self._noticed = True
            log.warning("%s", SET_PROXIES)
