"""Free loopback ports: nothing that already runs is disturbed, and nothing that starts meanwhile takes them.

They lie below the range from which the kernel chooses for connections and for whoever binds port 0: from that range
any program's next connection can take a port between its being found free and its being listened on.
"""

import random
import socket
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST = 20_000  # browsers refuse some ports below
ENOUGH = 1_000
HIGHEST = 60_999  # where the kernel's range begins too low to leave enough below it

_given: set[int] = set()


def free(count: int) -> list[int]:
    """Return `count` different ports that nothing listens on now, over TCP and UDP, none of them returned before.

    Raises OSError where all are taken.
    """
    with ExitStack() as held:
        ports = list(islice((port for port in _candidates() if _bound(held, port)), count))
    if len(ports) < count:
        raise OSError(f"no {count} ports of 127.0.0.1 are free")
    _given.update(ports)
    return ports


def free_port() -> int:
    """Return one port that nothing listens on now, over TCP and UDP."""
    return free(1)[0]


def _candidates() -> list[int]:
    """Return the ports to try, in random order: other processes look for ports too."""
    kernels = int(RANGE.read_text("ascii").split()[0])
    end = kernels if kernels >= LOWEST + ENOUGH else HIGHEST + 1
    left = [port for port in range(LOWEST, end) if port not in _given]
    return random.sample(left, len(left))


def _bound(held: ExitStack, port: int) -> bool:
    try:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            held.enter_context(socket.socket(socket.AF_INET, kind)).bind(("127.0.0.1", port))
    except OSError:
        return False
    return True
