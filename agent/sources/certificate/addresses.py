"""The addresses that a host's name has: an endpoint may be several servers, and each has a certificate of its own."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")  # what is found at an address

# More than a name of an endpoint has; a name that answers with hundreds must not start as many threads.
MOST = 16
# Of the time that there is: an address that gives no answer must not keep back what the others have shown.
_SHARE = 0.75


def addresses_of(host: str, port: int) -> list[tuple[str, int]]:
    """Return the addresses that a name has; raise OSError where it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((str(address[0]), port) for *_, address in found))[:MOST]


def at_each(
    addresses: Sequence[tuple[str, int]], look: Callable[[tuple[str, int]], T], patience: float
) -> dict[tuple[str, int], T]:
    """Look at all addresses side by side; return what was found at those that can be reached.

    Raises what `look` raised where none can be, and where one that can be has no TLS.
    """
    if len(addresses) == 1:
        return {addresses[0]: look(addresses[0])}
    found: dict[tuple[str, int], T | OSError] = {}

    def one(address: tuple[str, int]) -> None:
        try:
            found[address] = look(address)
        except OSError as error:
            found[address] = error

    threads = [threading.Thread(target=one, args=[address], daemon=True) for address in addresses]
    end = time.monotonic() + _SHARE * patience
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    late = OSError(f"no answer within {_SHARE * patience:g} s")
    answers = {address: found.get(address, late) for address in addresses}
    reached = {address: answer for address, answer in answers.items() if not isinstance(answer, OSError)}
    faults = [answer for answer in answers.values() if isinstance(answer, OSError)]
    for fault in faults:
        if not reached or isinstance(fault, ssl.SSLError):
            raise fault
    return reached
