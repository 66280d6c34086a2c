"""Free loopback ports: the kernel names them, so nothing that already runs is disturbed."""

import socket
from contextlib import ExitStack


def free(count: int) -> list[int]:
    """Return `count` different ports that nothing listens on now, over TCP and UDP."""
    with ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            # All are held until the last is found, or the kernel could name one twice.
            tcp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            udp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports.append(port)
    return ports


def free_port() -> int:
    """Return one port that nothing listens on now, over TCP and UDP."""
    return free(1)[0]
