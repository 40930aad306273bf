"""Ports of this machine that nobody else takes between being chosen and being used."""

import socket


def free_port() -> int:
    """A port that is this test process's own until it ends: nobody answers there but its servers.

    The socket that found it stays bound, so that the system gives the port to nobody else. It does
    not listen: connections are refused until a server listens, and one that sets SO_REUSEADDR or
    SO_REUSEPORT, as servers do, may.
    """
    found = socket.socket()
    found.bind(("127.0.0.1", 0))
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        found.setsockopt(socket.SOL_SOCKET, option, 1)
    port = int(found.getsockname()[1])
    found.detach()  # open until this process ends
    return port
