"""The socket of a web server, bound before anything else begins."""

import socket

# Seconds that a connection is kept for the next request, longer than scrapes are apart: where it is closed at that very
# moment, vmagent waits two seconds before it asks again (1.79.5, doRequestWithPossibleRetry).
KEEP_ALIVE = 65


def listening(host: str, port: int, backlog: int) -> socket.socket:
    """Return a socket that listens; raise OSError where it may not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=backlog)
    except OSError as error:
        raise OSError(f"listen: {error}") from None
    # asyncio sets it only on sockets that it made itself. Without it, every answer on a connection that is kept waits
    # forty milliseconds for an acknowledgement; connections inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
